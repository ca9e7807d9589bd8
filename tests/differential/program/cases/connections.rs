//! Sections 4 and 5.

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let values = [
        None,
        Some(""),
        Some("close"),
        Some("Close"),
        Some("CLOSE"),
        Some("keep-alive"),
        Some("Keep-Alive"),
        Some("KEEP-ALIVE"),
        Some("keep-alive2"),
        Some("upgrade"),
        Some("x"),
        Some("close, TE"),
        Some("TE, close"),
        Some("keep-alive, TE"),
        Some("close;"),
        Some("closed"),
        Some("keepalive"),
        Some("close\r\nConnection: keep-alive"),
        Some("keep-alive\r\nConnection: close"),
        Some("x\r\nConnection: close"),
        Some("\u{e9}"),
    ];
    for version in ["HTTP/0.8", "HTTP/1.0", "HTTP/1.1", "HTTP/1.2"] {
        for value in values {
            let field = value.map_or_else(String::new, |value| format!("Connection: {value}\r\n"));
            for line in ["GET /hello.txt", "HEAD /hello.txt"] {
                cases.push(Case::new("4", format!("{line} {version}\r\n{field}\r\n")));
            }
            if value.is_none_or(|value| ["close", "keep-alive"].contains(&value)) {
                for line in [
                    "GET /nested",
                    "HEAD /nested",
                    "GET /no-index/",
                    "GET /none",
                    "HEAD /none",
                    "POST /",
                    "GET /empty.txt",
                ] {
                    cases.push(Case::new("4", format!("{line} {version}\r\n{field}\r\n")));
                }
                let since = "If-Modified-Since: Tue, 02 Jan 2999 03:04:05 GMT\r\n";
                cases.push(Case::new("4", format!("GET /dated.txt {version}\r\n{since}{field}\r\n")));
            }
        }
    }
    pipelined(&mut cases);
    expectations(&mut cases);
    cases
}

fn pipelined(cases: &mut Vec<Case>) {
    for lines in [
        &["GET /hello.txt", "GET /empty.txt"][..],
        &["GET /nested", "HEAD /no-index/", "GET /hello.txt"],
        &["HEAD /hello.txt", "HEAD /nested", "GET /assets/all-bytes.bin"],
        &["GET /hello.txt", "GET /none", "GET /hello.txt"],
        &["POST /hello.txt", "GET /hello.txt"],
        &["GET /hello.txt", "it's /", "GET /hello.txt"],
        &["GET /hello.txt"; 40],
        &["GET /nested"; 100],
        &["HEAD /none", "HEAD /none"],
    ] {
        for version in ["HTTP/1.1", "HTTP/1.0\r\nConnection: keep-alive"] {
            let requests = lines.iter().map(|line| format!("{line} {version}\r\n\r\n")).collect::<Vec<_>>();
            cases.push(Case::new("4", requests.concat()));
        }
    }
    let good = "GET /hello.txt HTTP/1.1\r\n\r\n";
    // A later request is refused like a first one.
    for bad in [
        "x\r\n\r\n",
        "GET /hello.txt HTTP/2.0\r\n\r\n",
        "GET /hello.txt foo\r\n\r\n",
        "HEAD /hello.txt\r\n\r\n",
        "\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
        "  \r\n",
    ] {
        cases.push(Case::new("4", format!("{good}{bad}{good}")).early());
    }
    cases.push(Case::new("4", format!("{good}GET /hello.txt\r\n\r\n{good}")));
    cases.push(Case::new("4", format!("{good}GET /hello.txt HTTP/0.9\r\n\r\n{good}")));
    cases.push(Case::new("4", format!("{good}GET /hello.txt HTTP/1.0\r\n\r\n{good}")));
    cases.push(Case::new("4", good).ends());
    cases.push(Case::new("4", format!("{good}GET /empty.txt HTTP/1.1\r\nX: y")).ends());
    cases.push(Case::new("4", format!("{good}GET /empty.txt")).ends());
}

fn expectations(cases: &mut Vec<Case>) {
    let values = [
        "100-continue",
        "100-Continue",
        "100-CONTINUE",
        "100-continue, x",
        "x, 100-continue",
        "x",
        "",
        "100",
        "100-continue;x",
        "x\r\nExpect: 100-continue",
        "100-continue\r\nExpect: x",
        "100-continue\r\nConnection: close",
        "417",
    ];
    for value in values {
        for version in ["HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/0.9", "HTTP/1.10", "HTTP/0001.001"] {
            cases.push(Case::new("5", format!("GET /hello.txt {version}\r\nExpect: {value}\r\n\r\n")));
        }
        for line in
            ["HEAD /hello.txt", "GET /none", "POST /hello.txt", "FOO /", "GET /nested", "HEAD /none", "GET /no-index/"]
        {
            cases.push(Case::new("5", format!("{line} HTTP/1.1\r\nExpect: {value}\r\n\r\n")));
        }
    }
    let expecting = "GET /hello.txt HTTP/1.1\r\nExpect: 100-continue\r\n\r\n";
    cases.push(Case::new("5", expecting.repeat(3)));
    let since = "If-Modified-Since: Tue, 02 Jan 2999 03:04:05 GMT\r\n";
    cases.push(Case::new("5", format!("GET /dated.txt HTTP/1.1\r\nExpect: 100-continue\r\n{since}\r\n")));
}
