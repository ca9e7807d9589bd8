//! Section 15: where the program differs on purpose. What Python does is not asked; some of it would never end.

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let (missing, ok) = (["404 File not found"; 2], ["200 OK", "200 OK, 200 OK"]);
    let get = |target: &str| Case::get("15", target);

    for target in ["/%00", "/hello.txt%00", "/nested/%00/", "/a%00b?x", "/\0", "/%00/../hello.txt\0"] {
        cases.push(get(target).never("D1", missing));
        cases.push(Case::new("15", format!("HEAD {target} HTTP/1.1\r\n\r\n")).never("D1", missing));
    }
    cases.push(Case::new("15", "GET /hello.txt\0HTTP/1.1\r\n\r\n").never("D1", ["bare <!DOCTYPE HTML>"; 2]));
    for target in ["/%ED%A0%80", "/%ED%A0%80/", "/bytes/%ED%BF%BF", "/%ED%B0%80", "/%ED%B1%BF", "/%ED%B4%80"] {
        cases.push(get(target).never("D2", missing));
    }
    cases.push(get("/%ED%A0%80/../no-index/").never("D2", ok));

    for target in [
        "/..",
        "/../hello.txt",
        "/a/../../hello.txt",
        "/../cgi-bin/hello",
        "/cgi-bin/../../x",
        "/cgi-bin/../..",
        "/%2e%2e/x",
    ] {
        for method in ["GET", "HEAD", "POST"] {
            let case = Case::new("15", format!("{method} {target} HTTP/1.1\r\n\r\n"));
            cases.push(case.with_cgi().never("D3", missing));
        }
    }
    // Python would block on the first, and read the second.
    for target in ["/fifo", "/device", "/fifo-in-folder/fifo"] {
        cases.push(get(target).never("D4", missing));
        cases.push(Case::new("15", format!("HEAD {target} HTTP/1.1\r\n\r\n")).never("D4", missing));
    }
    bodies(&mut cases);

    // After the output of a script the connection closes without being asked to.
    let output = ["200 Script output follows"; 2];
    for line in [
        "GET /cgi-bin/hello",
        "HEAD /cgi-bin/hello",
        "GET /cgi-bin/silent",
        "GET /cgi-bin/fails",
        "GET /cgi-bin/no-interpreter",
    ] {
        let request = format!("{line} HTTP/1.1\r\n\r\n");
        cases.push(Case::new("15", &request).with_cgi().closed_by_server().never("D7", output));
        cases.push(Case::new("15", request.repeat(2)).with_cgi().never("D7", output));
    }
    // Standard input ends with the body, not with the connection, and at once without one.
    for (fields, body) in
        [("Content-Length: 5\r\n", "hello"), ("Content-Length: 0\r\n", ""), ("", ""), ("Content-Length: x\r\n", "")]
    {
        for script in ["count-to-end", "echo-to-end"] {
            let request = format!("POST /cgi-bin/{script} HTTP/1.1\r\n{fields}\r\n{body}");
            cases.push(Case::new("9.3", request).with_cgi().closed_by_server().never("9.3", output));
        }
    }
    cases.push(
        Case::new("15", "GET /cgi-bin/hello HTTP/0.9\r\n\r\n")
            .with_cgi()
            .closed_by_server()
            .never("D8", ["bare Content-Type: text/plain\\r"; 2]),
    );
    cases.push(
        Case::new("15", "GET /cgi-bin/hello\r\n")
            .with_cgi()
            .closed_by_server()
            .never("D8", ["bare Content-Type: text/plain\\r"; 2]),
    );

    // Without a version there are no fields to wait for, since 3.14.
    cases.push(Case::new("2.3", "GET /hello.txt\r\n").closed_by_server().never("14", ["bare Hello, fixture!"; 2]));
    for target in ["/hello.txt", "/no-index/"] {
        let request = format!("GET {target} HTTP/0.9\r\nConnection: keep-alive\r\n\r\n");
        let bare = if target == "/hello.txt" { ["bare Hello, fixture!"; 2] } else { ["bare <!DOCTYPE HTML>"; 2] };
        cases.push(Case::new("15", request).never("D9", bare));
    }

    // A character that ISO-8859-1 does not have.
    for (target, outline) in [
        ("/cgi-bin/%E6%BC%A2", "404 No such CGI script (\\'/cgi-bin/?\\')"),
        ("/cgi-bin/%F0%9F%A6%80'", "404 No such CGI script (\\\"/cgi-bin/?\\'\\\")"),
        ("/cgi-bin/%FF", "404 No such CGI script (\\'/cgi-bin/?\\')"),
        ("/cgi-bin/folder/%C4%80x", "404 No such CGI script (\\'/cgi-bin/folder/?x\\')"),
    ] {
        cases.push(get(target).with_cgi().never("D12", [outline; 2]));
    }
    // What no environment can hold: Python drops the connection.
    let unheld = "GET /cgi-bin/env HTTP/1.1\r\nUser-Agent: a\0b\r\n\r\n";
    cases.push(Case::new("15", unheld).with_cgi().never("D13", output));
    cases
}

/// Bodies of GET and HEAD are read and dropped; for Python they are the next request.
fn bodies(cases: &mut Vec<Case>) {
    let ok = ["200 OK", "200 OK, 200 OK"];
    for method in ["GET", "HEAD"] {
        for (fields, body) in [
            ("Content-Length: 5", "hello".to_owned()),
            ("Content-Length: 100000", "x".repeat(100_000)),
            ("Content-Length: 29", "GET /none HTTP/1.1\r\nHost: x\r\n".to_owned()),
            ("Content-Length: 1", "\n".to_owned()),
            ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n".to_owned()),
            (
                "Transfer-Encoding: chunked",
                format!("1\r\nx\r\n4e20;ext=1\r\n{}\r\n0\r\nTrailer: x\r\n\r\n", "y".repeat(20_000)),
            ),
            ("transfer-encoding: Chunked", "0\r\n\r\n".to_owned()),
        ] {
            for target in ["/hello.txt", "/no-index/"] {
                let request = format!("{method} {target} HTTP/1.1\r\n{fields}\r\n\r\n{body}");
                cases.push(Case::new("15", request).never("D6", ok));
            }
        }
    }
    let redirect = ["301 Moved Permanently", "301 Moved Permanently, 200 OK"];
    cases.push(Case::new("15", "GET /nested HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").never("D6", redirect));
    let twice = "GET /hello.txt HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello".repeat(2);
    cases.push(Case::new("15", twice).never("D6", ["200 OK", "200 OK, 200 OK, 200 OK"]));
    let refused = "POST /hello.txt HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
    cases.push(Case::new("15", refused).without_cgi().never("D6", ["501 Unsupported method (\\'POST\\')"; 2]));
}
