//! Sections 2.1 to 2.5 and 6.

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    blanks(&mut cases);
    versions(&mut cases);
    words(&mut cases);
    lengths(&mut cases);
    methods(&mut cases);
    cases
}

/// Each kind of white space, and what looks like one: at the start, between the words, at the end, in the target.
fn blanks(cases: &mut Vec<Case>) {
    let blanks = [
        " ",
        "  ",
        "\t",
        "\u{b}",
        "\u{c}",
        "\r",
        "\u{1c}",
        "\u{1d}",
        "\u{1e}",
        "\u{1f}",
        "\u{85}",
        "\u{a0}",
        " \t\u{a0} ",
    ];
    let not_blanks = [
        "\0", "\u{1}", "\u{8}", "\u{e}", "\u{1b}", "\u{7f}", "\u{80}", "\u{84}", "\u{86}", "\u{9f}", "\u{ad}", "\u{ff}",
    ];
    for char in blanks.iter().chain(&not_blanks) {
        for line in [
            format!("{char}GET /hello.txt HTTP/1.1"),
            format!("GET{char}/hello.txt HTTP/1.1"),
            format!("GET /hello.txt HTTP/1.1{char}"),
            format!("GET /hello.txt HTTP/{char}1.1"),
        ] {
            cases.push(Case::new("2", format!("{line}\r\n\r\n")).early());
        }
    }
    for char in blanks.iter().chain(&not_blanks).filter(|char| **char != "\0") {
        // Of two words, which are enough for HTTP/0.9, if it is no blank; of one that NUL is in, see the differences.
        let two = Case::new("2", format!("GET /hello.txt{char}HTTP/1.1\r\n\r\n"));
        cases.push(if blanks.contains(char) { two.early() } else { two });
        cases.push(Case::new("2", format!("GET /hel{char}lo.txt HTTP/1.1\r\n\r\n")).early());
    }
    for line in ["\r\n", "\n", "   \r\n", "\t\u{a0}\u{85}\n", "\r\r\n"] {
        // Nothing is answered, and what follows is dropped.
        cases.push(Case::new("2.1", line));
        cases.push(Case::new("2.1", format!("{line}GET /hello.txt HTTP/1.1\r\n\r\n")));
        cases.push(Case::new("2.1", format!("GET /hello.txt HTTP/1.1\r\n\r\n{line}GET /hello.txt HTTP/1.1\r\n\r\n")));
    }
    for end in ["\n\n", "\r\n\n", "\n\r\n", "\r\r\n\r\n"] {
        cases.push(Case::new("2", format!("GET /hello.txt HTTP/1.1{end}")));
    }
    for start in ["", "GET", "GET /hello.txt", "GET /hello.txt HTTP/1.1", "GET /hello.txt HTTP/1.1\r", "  ", "x y z"] {
        cases.push(Case::new("2.1", start).ends().early());
    }
}

fn versions(cases: &mut Vec<Case>) {
    let versions = [
        // Fine.
        "HTTP/1.0",
        "HTTP/1.1",
        "HTTP/0001.000",
        "HTTP/0001.001",
        "HTTP/1.10",
        "HTTP/1.2",
        "HTTP/1.01",
        "HTTP/1.9",
        "HTTP/0.8",
        "HTTP/0.10",
        "HTTP/0.09",
        "HTTP/0.9",
        "HTTP/00.9",
        "HTTP/0.0",
        "HTTP/0.9999999999",
        "HTTP/1.0000000001",
        "HTTP/0000000001.1",
        // Too new.
        "HTTP/2.0",
        "HTTP/2",
        "HTTP/002.0",
        "HTTP/2.1",
        "HTTP/3.0",
        "HTTP/10.0",
        "HTTP/9999999999.9999999999",
        // Not understood.
        "http/1.1",
        "Http/1.1",
        "HTTP",
        "HTTP/",
        "HTTP/.",
        "HTTP/1",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/1.1.1",
        "HTTP/1..1",
        "HTTP//1.1",
        "HTTP/1.1/",
        "HTTP/1,1",
        "HTTP/a.b",
        "HTTP/1.x",
        "HTTP/-1.1",
        "HTTP/1.-1",
        "HTTP/+1.1",
        "HTTP/1_0.1",
        "HTTP/1.1_",
        "HTTP/11111111111.1",
        "HTTP/1.00000000000",
        "HTTP/1.\u{b2}",
        "HTTP/\u{b9}.1",
        "HTTP/1.\u{bd}",
        "HTTPS/1.1",
        "XHTTP/1.1",
        "FTP/1.1",
        "1.1",
        "foo",
        "'",
        "\"",
        "'\"",
        "\\",
        "it's",
        "\u{e9}",
        "\u{ff}",
        "\u{7f}",
        "\u{1}",
        "\u{ad}",
        "\u{80}",
        "<&>",
        "%41",
        "%r",
        "HTTP/1.1;x",
        "RTSP/1.0",
    ];
    for version in versions {
        cases.push(Case::new("2.2", format!("GET /hello.txt {version}\r\n\r\n")).early());
        cases.push(Case::new("2.2", format!("HEAD /none {version}\r\nConnection: keep-alive\r\n\r\n")).early());
    }
    // The version is judged before the number of words.
    for version in ["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/0.9", "foo"] {
        for words in ["GET /a b", "GET /a b c", "GET /a HTTP/1.1", "a b c d e f"] {
            cases.push(Case::new("2.2", format!("{words} {version}\r\n\r\n")).early());
        }
    }
}

fn words(cases: &mut Vec<Case>) {
    let single = [
        "GET",
        "x",
        "HTTP/1.1",
        "  GET  ",
        "\tGET\t",
        "it's",
        "say\"",
        "it's\"",
        "back\\slash",
        "\u{e9}\u{ff}",
        "a\0b",
        "\u{1b}[31m",
        "<script>&amp;",
        "%s%d%r",
        "tab\u{7f}\u{80}\u{9f}\u{ad}",
        "/hello.txt",
        "\u{a0}x\u{a0}",
        "\u{85}x",
        "x\u{1c}",
    ];
    for line in single {
        cases.push(Case::new("2.3", format!("{line}\r\n\r\n")).early());
        cases.push(Case::new("2.3", format!("{line}\n")).early());
    }
    for first in ["HEAD", "POST", "get", "GET1", "it's", "\"x\"", "\\", "\u{e9}", "<a>", "HTTP/1.1"] {
        cases.push(Case::new("2.3", format!("{first} /hello.txt\r\n\r\n")).early());
    }
    // Up to 3.13 a request without a version is answered only when the header block it does not have has ended.
    let targets = [
        "/hello.txt",
        "/",
        "/nested",
        "/none",
        "/empty.txt",
        "hello.txt",
        "//nested",
        "/no-index/",
        "HTTP/1.1",
        "/a?b#c",
    ];
    for target in targets {
        cases.push(Case::new("2.3", format!("GET {target}\r\n")).ends());
        cases.push(Case::new("2.3", format!("  GET\t{target}  \n")).ends());
        cases.push(Case::new("2.3", format!("GET {target}\r\n\r\n")));
    }
    for method in ["GET", "HEAD", "POST", "PUT", "it's"] {
        for target in ["/hello.txt", "/nested", "/none", "/no-index/"] {
            for version in ["HTTP/0.9", "HTTP/0.09", "HTTP/0.8"] {
                cases.push(Case::new("2.3", format!("{method} {target} {version}\r\n\r\n")));
            }
        }
    }
    let future = "If-Modified-Since: Tue, 02 Jan 2999 03:04:05 GMT";
    cases.push(Case::new("2.3", format!("GET /dated.txt HTTP/0.9\r\n{future}\r\n\r\n")));
    cases.push(Case::new("2.3", "GET /dated.txt HTTP/0.9\r\nExpect: 100-continue\r\n\r\n"));
    for slashes in ["//", "///", "//////"] {
        for rest in ["hello.txt", "nested", "example.test/../nested", "nested/?x", "", "?x", "none"] {
            cases.push(Case::get("2.5", &format!("{slashes}{rest}")));
        }
    }
}

/// Around the longest line, which has 65536 bytes with its end.
fn lengths(cases: &mut Vec<Case>) {
    for length in [65_535, 65_536, 65_537, 65_538, 70_000] {
        let line = |end: &str| {
            let fixed = "GET /hello.txt? HTTP/1.1".len() + end.len();
            format!("GET /hello.txt?{} HTTP/1.1{end}", "q".repeat(length - fixed))
        };
        cases.push(Case::new("2.1", format!("{}\r\n", line("\r\n"))));
        cases.push(Case::new("2.1", format!("{}\r\n", line("\n"))));
        cases.push(Case::new("2.1", "x".repeat(length)).ends().early());
        cases.push(Case::new("2.1", format!("{}\r\n\r\n", " ".repeat(length))).early());
    }
    cases.push(Case::new("2.1", format!("HEAD /{} HTTP/1.1\r\n\r\n", "x".repeat(65_536))));
    cases.push(Case::new("2.1", format!("GET /hello.txt HTTP/1.1\r\n\r\nGET /{}", "x".repeat(65_600))));
}

fn methods(cases: &mut Vec<Case>) {
    let methods = [
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "get",
        "Get",
        "HEADS",
        "head",
        "X-Y.Z~!",
        "it's",
        "\"quoted\"",
        "'\"",
        "back\\slash",
        "\u{e9}t\u{e9}",
        "\u{7f}",
        "\u{1}",
        "\0",
        "<b>&",
        "%s",
        "send_head",
        "GET/",
        "PRI",
    ];
    for method in methods {
        for target in ["/hello.txt", "/none", "/cgi-bin/none", "*"] {
            cases.push(Case::new("6", format!("{method} {target} HTTP/1.1\r\n\r\n")));
        }
        cases.push(Case::new("6", format!("{method} /nested HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")));
    }
    cases.push(Case::new("6", format!("{} / HTTP/1.1\r\n\r\n", "M".repeat(5_000))));
    cases.push(Case::new("6", "POST /hello.txt HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"));
    cases.push(Case::new("6", "PUT /new HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
}
