//! Section 3. Whether a field was understood shows in the status: a condition that holds gives 304.

use std::fmt::Write;

use super::Case;

const FUTURE: &str = "If-Modified-Since: Tue, 02 Jan 2999 03:04:05 GMT\r\n";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    lines(&mut cases);
    folds(&mut cases);
    limits(&mut cases);
    ends(&mut cases);
    cases
}

fn asked(fields: &str) -> Case {
    Case::new("3", format!("GET /dated.txt HTTP/1.1\r\n{fields}\r\n"))
}

/// A script that tells its environment, in which some fields appear.
fn told(fields: &str) -> Case {
    Case::new("3", format!("GET /cgi-bin/env HTTP/1.1\r\n{fields}\r\n")).ends().with_cgi()
}

/// Lines that a condition follows or comes before: they count, are passed over, or end the header block.
fn lines(cases: &mut Vec<Case>) {
    let lines = [
        "X: y",
        "X:y",
        "X:",
        "X: ",
        "X:\t\t",
        ":",
        ": x",
        ":x: y",
        "::",
        "X::",
        "X:: y",
        "X: y:z",
        "no colon",
        "nocolon",
        "X : y",
        "X\t: y",
        "X y: z",
        " X: y",
        "\tX: y",
        " ",
        "\t",
        "X\u{e9}: y",
        "\u{e9}: y",
        "X: \u{e9}\u{ff}",
        "X: \u{85}\u{a0}",
        "X\u{a0}: y",
        "X\0: y",
        "X: \0y",
        "X\u{1}: y",
        "X\u{7f}: y",
        "X\u{80}: y",
        "!#$%&'*+-.^_`|~: y",
        "\"(),/;<=>?@[\\]{}\": y",
        "GET /x HTTP/1.1",
        "From x",
        "From x: y",
        ">From x: y",
        "From : x",
        "X\u{c}: y",
        "X: \u{b}y",
        "X: \u{1c}\u{1d}\u{1e}y",
        "If-None-Match",
        "If-None-Match:",
        "If-None-Match: x",
        " If-None-Match: x",
        "If-None-Match : x",
        "if-none-match: x",
        "IF-NONE-MATCH: x",
        "If-Modified-Since: x",
        "If-Modified-Since:",
    ];
    for line in lines {
        for end in ["\r\n", "\n"] {
            cases.push(asked(&format!("{line}{end}{FUTURE}")));
        }
        cases.push(asked(&format!("{FUTURE}{line}\r\n")));
        cases.push(asked(&format!("A: b\r\n{line}\r\n{FUTURE}")));
        cases.push(told(&format!("{line}\r\nUser-Agent: seen\r\n")));
    }
    for name in ["if-modified-since", "IF-MODIFIED-SINCE", "iF-mOdIfIeD-sInCe"] {
        cases.push(asked(&FUTURE.replace("If-Modified-Since", name)));
    }
    for value in [
        "a",
        "a ",
        " a\t",
        "\ta b",
        "\u{e9}",
        "\u{80}\u{ff}",
        "\"",
        "a:b",
        "=?utf-8?q?x?=",
        "\\",
        "%41",
        "'",
        "a\u{1}b",
    ] {
        cases.push(told(&format!("User-Agent:{value}\r\n")));
        cases.push(told(&format!("User-Agent: {value}\nReferer: {value}\r\n")));
    }
    // Of several the first counts.
    cases.push(asked(&format!("{FUTURE}If-Modified-Since: x\r\n")));
    cases.push(asked(&format!("If-Modified-Since: x\r\n{FUTURE}")));
    cases.push(told("User-Agent: first\r\nuser-agent: second\r\nReferer:\r\nReferer: second\r\n"));
    for host in ["Host:", "Host: a\r\nHost: b", "Host: \u{e9}", "Host: a b/c"] {
        cases.push(asked(&format!("{host}\r\n")));
    }
}

fn folds(cases: &mut Vec<Case>) {
    for folded in [
        "User-Agent: a\r\n b\r\n",
        "User-Agent: a\r\n\tb\r\n",
        "User-Agent: a\n  b  \n",
        "User-Agent: a \r\n b\r\n c\r\n",
        "User-Agent: a\r\n \r\n b\r\n",
        "User-Agent: a\r\n :b\r\n",
        "User-Agent: a\r\n b: c\r\nReferer: d\r\n",
        " b\r\nUser-Agent: a\r\n",
        "\tb\r\n c\r\nUser-Agent: a\r\n",
        ":x\r\n b\r\nUser-Agent: a\r\n",
        "X: y\r\n:z\r\n b\r\nUser-Agent: a\r\n",
        "User-Agent: a\r\n:z\r\n b\r\nReferer: d\r\n",
    ] {
        cases.push(told(folded));
        cases.push(asked(&format!("{folded}{FUTURE}")));
        cases.push(asked(&format!("{FUTURE}{folded}")));
    }
    // A date may be folded where it has blanks; the name of a zone cannot be told from what follows it.
    cases.push(asked("If-Modified-Since: Tue, 02 Jan\r\n 2999 03:04:05 GMT\r\n"));
    cases.push(asked("If-Modified-Since: Tue, 02 Jan\n\t2999 03:04:05 GMT\n"));
    cases.push(asked("If-Modified-Since: Tue, 02 Jan 2999 03:04:05 GMT\r\n x\r\n"));
    cases.push(asked("If-Modified-Since: Tue, 02 Jan 29\r\n99 03:04:05 GMT\r\n"));
    // A value whose first line is empty kept the line break in front.
    let stays = "200 OK, 200 OK";
    cases.push(
        Case::new("3", "GET /hello.txt HTTP/1.1\r\nConnection:\r\n close\r\n\r\n").since(14, ["200 OK", "200 OK"]),
    );
    cases.push(
        Case::new("3", "GET /hello.txt HTTP/1.1\r\nConnection: \t \n\tclose\r\n\r\n").since(14, ["200 OK", "200 OK"]),
    );
    cases.push(
        Case::new("3", "GET /hello.txt HTTP/1.0\r\nConnection:\r\n keep-alive\r\n\r\n").since(14, ["200 OK", stays]),
    );
    cases.push(Case::new("3", "GET /hello.txt HTTP/1.1\r\nConnection: close\r\n x\r\n\r\n"));
    cases
        .push(Case::new("3", "GET /hello.txt HTTP/1.1\r\nConnection: close\r\n \r\n\r\n").since(14, ["200 OK", stays]));
}

/// At most 100 lines, each at most 65536 bytes long with its end.
fn limits(cases: &mut Vec<Case>) {
    let (ok, many) = (["200 OK", "200 OK, 200 OK"], ["431 Too many headers"; 2]);
    let fields = |count: usize| {
        (0..count).fold(String::new(), |mut lines, number| {
            let _ = write!(lines, "X-{number}: y\r\n");
            lines
        })
    };
    for method in ["GET", "HEAD", "POST", "it's"] {
        let asked = |fields: &str| Case::new("3", format!("{method} /hello.txt HTTP/1.1\r\n{fields}\r\n"));
        for count in [98, 99, 101, 102, 150, 1_000] {
            cases.push(asked(&fields(count)));
        }
        // Continuation lines and those after the end of the block count as well.
        cases.push(asked(&format!("X: y\r\n{}", " z\r\n".repeat(98))));
        cases.push(asked(&format!("X: y\r\n{}", " z\r\n".repeat(100))));
        cases.push(asked(&format!("no colon\r\n{}", fields(98))));
        cases.push(asked(&format!("no colon\r\n{}", fields(100))));
        cases.push(asked(&format!("X: {}\r\n", "x".repeat(65_537))));
        cases.push(asked(&format!("no colon\r\nX: {}\r\n", "x".repeat(65_537))));
    }
    cases.push(Case::new("3", format!("GET /hello.txt HTTP/1.1\r\n{}\r\n", fields(100))).since(15, ok));
    cases.push(Case::new("3", format!("GET /hello.txt HTTP/1.1\r\nX: y\r\n{}\r\n", " z\r\n".repeat(99))).since(15, ok));
    cases.push(Case::new("3", format!("GET /hello.txt HTTP/1.1\r\n{}", fields(99))).ends());
    cases.push(Case::new("3", format!("GET /hello.txt HTTP/1.1\r\n{}", fields(101))).ends().since(14, many));
    for length in [65_534, 65_535, 65_536, 65_537, 65_538, 80_000] {
        for end in ["\r\n", "\n"] {
            let line = format!("X: {}{end}", "x".repeat(length - 3 - end.len()));
            cases.push(asked(&format!("{line}{FUTURE}")));
            cases.push(asked(&format!("{FUTURE}{line}")));
        }
        cases.push(Case::new("3", format!("GET /dated.txt HTTP/1.1\r\n{FUTURE}X: {}", "x".repeat(length - 3))).ends());
        cases.push(asked(&format!("X: y\r\n {}\r\n{FUTURE}", "x".repeat(length - 3))));
    }
    // Larger than any buffer, but no line is too long and there are not too many.
    let large = format!("X: {}\r\n", "x".repeat(60_000)).repeat(8);
    cases.push(asked(&format!("{large}{FUTURE}")));
    // A refusal comes before anything else about the request, and is bare after HTTP/0.9.
    let too_many = fields(101);
    for line in [
        "GET /none HTTP/1.0",
        "GET /nested HTTP/0.9",
        "HEAD / HTTP/0.9",
        "FOO / HTTP/1.1",
        "GET /cgi-bin/none HTTP/1.1",
    ] {
        cases.push(Case::new("3", format!("{line}\r\nExpect: 100-continue\r\n{too_many}\r\n")));
        cases.push(Case::new("3", format!("{line}\r\nX: {}\r\n\r\n", "x".repeat(70_000))));
    }
}

/// The end of input inside the header block is the end of the block.
fn ends(cases: &mut Vec<Case>) {
    for method in ["GET", "HEAD", "POST"] {
        for fields in [
            "",
            "X",
            "X:",
            "X: y",
            "X: y\r",
            "X: y\r\n",
            "If-None-Match",
            "If-None-Match:",
            "If-None-Match: x\r\n ",
            "\r",
        ] {
            cases.push(Case::new("3", format!("{method} /dated.txt HTTP/1.1\r\n{FUTURE}{fields}")).ends());
        }
    }
    for fields in ["Connection: close", "Connection: close\r\n", "Expect: 100-continue", "Expect: 100-continue\r\n"] {
        cases.push(Case::new("3", format!("GET /hello.txt HTTP/1.1\r\n{fields}")).ends());
    }
    for end in ["\r\n\n", "\n\r\n", "\n\n", "\r\n\r\n"] {
        cases.push(Case::new("3", format!("GET /dated.txt HTTP/1.1\r\nX: y\r\n{}{end}", FUTURE.trim_end())));
    }
}
