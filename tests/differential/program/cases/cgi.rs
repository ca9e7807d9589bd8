//! Section 9. Python's script reads from the connection itself and the connection stays after it (D7), so the sending
//! side ends after each request.

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for target in TARGETS {
        for method in ["GET", "HEAD", "POST"] {
            cases.push(of_many("9.1", request(method, target, "", "")));
        }
    }
    for script in SCRIPTS {
        for line in ["GET /cgi-bin/# HTTP/1.0", "HEAD /cgi-bin/# HTTP/1.1", "POST /cgi-bin/# HTTP/1.1"] {
            cases.push(Case::new("9.3", format!("{}\r\n\r\n", line.replace('#', script))).ends().with_cgi());
        }
    }
    for query in QUERIES {
        for script in ["arguments", "env"] {
            for method in ["GET", "POST"] {
                cases.push(of_many("9.4", request(method, &format!("/cgi-bin/{script}{query}"), "", "")));
            }
        }
    }
    for fields in FIELDS {
        cases.push(of_many("9.4", request("GET", "/cgi-bin/env?x=1", fields, "")));
        cases.push(of_many("9.4", request("POST", "/cgi-bin/env/extra", fields, "")));
    }
    bodies(&mut cases);
    around(&mut cases);
    cases
}

fn request(method: &str, target: &str, fields: &str, body: &str) -> Case {
    Case::new("9.3", format!("{method} {target} HTTP/1.1\r\n{fields}\r\n{body}")).ends().with_cgi()
}

/// One of many about what does not depend on the protocol.
fn of_many(section: &'static str, mut case: Case) -> Case {
    case.section = section;
    case
}

/// What reaches the script's standard input: all, less or more than was announced.
fn bodies(cases: &mut Vec<Case>) {
    for method in ["GET", "HEAD", "POST"] {
        for (script, sizes) in [
            ("echo", &[0, 1, 5, 1_000, 65_536, 200_000][..]),
            ("count", &[0, 1, 5, 1_000]),
            ("count-to-end", &[0, 1, 5, 1_000, 200_000]),
            // Python drops byte by byte what a script leaves.
            ("hello", &[0, 1, 5, 1_000, 20_000]),
            ("fails", &[0, 5, 1_000]),
        ] {
            for &size in sizes {
                let body = "0123456789".repeat(size / 10 + 1).split_at(size).0.to_owned();
                let length = format!("Content-Length: {size}\r\n");
                cases.push(request(method, &format!("/cgi-bin/{script}"), &length, &body));
            }
        }
        // The script waits for what does not come, until the end.
        cases.push(request(method, "/cgi-bin/echo", "Content-Length: 10\r\n", "12345"));
        cases.push(request(method, "/cgi-bin/count-to-end", "Content-Length: 10\r\n", "12345"));
        cases.push(request(method, "/cgi-bin/echo", "Content-Length: 100000\r\n", &"x".repeat(99_999)));
        cases.push(request(method, "/cgi-bin/echo", "Content-Length: 5\r\n", "1234567890"));
        cases.push(request(method, "/cgi-bin/hello", "Content-Length: 5\r\n", "1234567890"));
        cases.push(request(method, "/cgi-bin/echo", "Content-Length: 3\r\n", "\0\u{ff}\n"));
        cases.push(request(method, "/cgi-bin/part", "Content-Length: 9\r\n", "123456789"));
        cases.push(request(method, "/cgi-bin/count-to-end", "", ""));
        cases.push(request(method, "/cgi-bin/count-to-end", "Content-Length: 0\r\n", ""));
    }
    for length in
        ["x", "-1", "+5", "5x", "5, 5", "", "0x5", "99999999999999999999", "5\r\nContent-Length: 6", "\u{b2}", "1_0"]
    {
        cases.push(request("POST", "/cgi-bin/env", &format!("Content-Length: {length}\r\n"), ""));
        cases.push(request("POST", "/cgi-bin/hello", &format!("Content-Length: {length}\r\n"), "hello"));
    }
    cases.push(request("POST", "/cgi-bin/env", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"));
    cases.push(request("POST", "/cgi-bin/echo", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"));
    cases.push(request("GET", "/cgi-bin/none", "Expect: 100-continue\r\n", ""));
    cases.push(request("POST", "/none", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"));
}

/// Protocols, other methods, and requests before and after.
fn around(cases: &mut Vec<Case>) {
    for version in ["HTTP/1.0", "HTTP/1.2", "HTTP/0.8"] {
        for connection in ["", "Connection: close\r\n", "Connection: keep-alive\r\n"] {
            let text = format!("GET /cgi-bin/hello {version}\r\n{connection}\r\n");
            cases.push(Case::new("9", text).ends().with_cgi());
        }
    }
    for method in ["PUT", "DELETE", "OPTIONS", "get", "PATCH"] {
        for target in ["/cgi-bin/hello", "/hello.txt", "/cgi-bin/none"] {
            cases.push(request(method, target, "", ""));
        }
    }
    for target in ["/hello.txt", "/", "/nested", "/none", "/cgi-bin", "/sub/cgi-bin/hello", "/cgi-bin/../hello.txt"] {
        for length in ["", "Content-Length: 0\r\n", "Content-Length: 5\r\n"] {
            cases.push(request("POST", target, length, if length.contains('5') { "hello" } else { "" }));
        }
    }
    // Since 3.14 a script in answer to HTTP/0.9 raises; what is right is what was before (D8).
    for script in ["hello", "silent", "none", "env", "fails", "folder", "plain"] {
        for line in
            ["GET # HTTP/0.9\r\n\r\n", "POST # HTTP/0.9\r\n\r\n", "HEAD # HTTP/0.9\r\n\r\n", "GET #\r\n", "GET #?x\r\n"]
        {
            let text = line.replace('#', &format!("/cgi-bin/{script}"));
            cases.push(Case::new("9", text).ends().with_cgi());
        }
    }
    let kept = "GET /hello.txt HTTP/1.1\r\n\r\n";
    let asked = "GET /cgi-bin/hello HTTP/1.1\r\n\r\n";
    cases.push(Case::new("9", format!("{kept}{asked}")).ends().with_cgi());
    cases.push(Case::new("9", format!("HEAD /nested HTTP/1.1\r\n\r\n{kept}{asked}")).ends().with_cgi());
    cases.push(Case::new("9", "GET /cgi-bin/hello HTTP/1.1\r\nX: y").ends().with_cgi());
    cases.push(Case::new("9", "GET /cgi-bin/hello HTTP/1.1").ends().with_cgi());
    cases.push(Case::get("9", "/cgi-bin/none").with_cgi());
    cases.push(Case::get("9", "/cgi-bin/").with_cgi());
    // Without CGI scripts are files.
    for target in
        ["/cgi-bin/hello", "/cgi-bin/", "/cgi-bin/folder", "/htbin/hello?x", "/cgi-bin/plain", "/cgi-bin/none"]
    {
        for method in ["GET", "HEAD", "POST"] {
            cases.push(Case::new("9", format!("{method} {target} HTTP/1.1\r\n\r\n")).without_cgi());
        }
    }
}

/// Which are scripts, which script that is, and what is left of the path.
#[rustfmt::skip] // a topic a paragraph
const TARGETS: &[&str] = &[
    "/cgi-bin/env", "//cgi-bin///env", "/./cgi-bin/env", "/a/../cgi-bin/env", "/cgi%2dbin/env", "/cgi-bin%2Fenv", "cgi-bin/env", "/htbin/env",
    "/nested/../htbin/./env", "/cgi-bin/./env", "/cgi-bin/folder/../env", "/cgi-bin/none/../env", "/%63gi-bin/env", "/cgi-bin//env", "/cgi-bin/%65nv",
    "/cgi-bin", "/cgi-bin?x", "/cgi-bin/", "/cgi-bin/?x", "/cgi-bin/.", "/cgi-bin/..", "/cgi-bin/./", "/cgi-bin/folder", "/cgi-bin/folder/", "/cgi-bin/folder/.",
    "/cgi-bin/folder/..", "/cgi-bin/folder/inner", "/cgi-bin/folder/inner/x/y", "/cgi-bin/folder/deeper/inner", "/cgi-bin/folder/deeper/", "/cgi-bin/folder/none/x",
    "/cgi-bin/../hello.txt", "/cgi-bin/../cgi-bin/env", "/sub/cgi-bin/env", "/sub/../cgi-bin/env", "/cgi-bin2/env", "/cgi-bin.txt", "/CGI-BIN/env", "/cgi-bin#/env",
    "/cgi-bin/env#fragment", "/cgi-bin/env?x#fragment", "/cgi-bin/#env", "/hello.txt", "/nested", "/", "/none", "hello.txt", "/no-index/?x",
    "/cgi-bin/env/", "/cgi-bin/env/extra", "/cgi-bin/env/extra/", "/cgi-bin/env/extra/more?x=1", "/cgi-bin/env//extra", "/cgi-bin/env/../env/x", "/cgi-bin/env/./x",
    "/cgi-bin/env/%65xtra", "/cgi-bin/env/%2565xtra", "/cgi-bin/env/a%20b+c", "/cgi-bin/env/%C3%A9", "/cgi-bin/env/%E9", "/cgi-bin/env/%FF%FE", "/cgi-bin/env/\u{e9}",
    "/cgi-bin/env/%E6%BC%A2", "/cgi-bin/env/x%3Fy", "/cgi-bin/env/x%3Fy?z", "/cgi-bin/env%3Fy?z", "/cgi-bin/env%3Fy", "/cgi-bin/env%2Fextra", "/cgi-bin/env/x%23y",
    "/cgi-bin/env/extra%2F", "/cgi-bin/env/hello.txt", "/cgi-bin/env/nested", "/cgi-bin/env/a/../b", "/cgi-bin/env/.", "/cgi-bin/env/..", "/cgi-bin/env/x/.",
    "/cgi-bin/env/%2e%2e/x", "/cgi-bin/env/%252e%252e/x", "/cgi-bin/env/x%0Ay", "/cgi-bin/env/%7f", "/cgi-bin/env/\\x",
    "/cgi-bin/a%20b", "/cgi-bin/a%2520b", "/cgi-bin/a+b", "/cgi-bin/%C3%BCn%C3%AF", "/cgi-bin/\u{fc}n\u{ef}", "/cgi-bin/it's", "/cgi-bin/it%27s", "/cgi-bin/x=y",
    "/cgi-bin/none", "/cgi-bin/none/x", "/cgi-bin/none?x", "/cgi-bin/none'", "/cgi-bin/none%22'", "/cgi-bin/none%0A", "/cgi-bin/none%5C", "/cgi-bin/none%7F", "/cgi-bin/none%C3%A9",
    "/cgi-bin/none%3Cb%3E&amp;", "/cgi-bin/none%00", "/cgi-bin/none%2500", "/cgi-bin/none%09", "/cgi-bin/none%C2%AD", "/cgi-bin/none%C2%85",
    "/cgi-bin/plain", "/cgi-bin/plain.py", "/cgi-bin/plain/x", "/cgi-bin/script.py", "/cgi-bin/script.PY", "/cgi-bin/link", "/cgi-bin/link-to-folder", "/cgi-bin/link-to-folder/inner",
    "/cgi-bin/dangling", "/cgi-bin/outside", "/cgi-bin/.hidden", "/cgi-bin/..dots", "/htbin/", "/htbin", "/htbin/none", "/cgi-bin/owner-only", "/cgi-bin/unreadable", "/cgi-bin/locked/x",
    "/cgi-bin/locked", "/cgi-bin/env;x", "/cgi-bin/env&x", "/cgi-bin/env%20", "/cgi-bin/%20env", "/%2Fcgi-bin/env", "/cgi-bin%2f%2fenv", "/cgi-bin%2f..%2fcgi-bin%2fenv",
    "/cgi-bin/env/x?y?z", "/cgi-bin/folder?x/y", "/cgi-bin/folder/?x/y", "/cgi-bin/folder/inner?x/y", "/cgi-bin/none?/../../x", "/cgi-bin/folder/deeper/../inner/x",
];

/// Scripts for what they print, and how they end.
#[rustfmt::skip] // many short names
const SCRIPTS: &[&str] = &[
    "hello", "silent", "no-blank", "no-fields", "line-feeds", "status", "redirect", "redirect-elsewhere", "own-status-line", "own-length", "own-server", "bytes", "large",
    "only-blank", "errors", "errors-and-fails", "fails", "fails-255", "killed", "terminated", "fails-silently", "no-interpreter", "no-shebang", "empty", "bad-format",
    "working-directory", "who", "closes-output", "name", "slow",
];

#[rustfmt::skip] // many short queries
const QUERIES: &[&str] = &[
    "", "?", "?x", "?x+y", "?x%20y", "?+", "?++x++", "?x=1", "?=", "?x%3D1", "?x=1&y=2", "?x&y", "?x;y", "?'x'", "?\"x\"", "?$HOME", "?`id`", "?*", "?-n", "?--help",
    "?\\", "?\u{e9}\u{ff}", "?%E9", "?x?y", "??", "?#", "?x#y", "?a/b/../c", "?/", "?%", "?%00", "?\u{1}", "?\u{7f}", "/x+y?a+b", "?<script>", "?|ls", "?x=\u{e9}",
];

/// Fields that reach the script, and some that do not.
#[rustfmt::skip] // many short fields
const FIELDS: &[&str] = &[
    "Host: test\r\nX-Other: y\r\nProxy: evil\r\nCookie2: x\r\nAccept-Language: de\r\nRange: bytes=0-1\r\n",
    "Accept: a\r\n", "Accept: a/b;q=1, c/d\r\nAccept: e/f\r\nACCEPT:\r\naccept: g\r\n", "Accept:\r\n", "Accept: a\r\n b\r\n",
    "Cookie: a=b\r\n", "Cookie: a=b\r\nCookie: c=d\r\ncookie: e\r\n", "Cookie:\r\nCookie: c=d\r\n", "Cookie:\r\n", "Cookie: a\r\nCookie:\r\nCookie: b\r\n",
    "User-Agent: x y/z (a; b)\r\nUser-Agent: second\r\n", "User-Agent:\r\n", "User-Agent: \u{e9}\u{80}\u{ff}\r\n", "User-Agent: trailing \t\r\n",
    "Referer: http://test/x?y#z\r\n", "Referer:\r\nReferer: x\r\n", "Referrer: x\r\n",
    "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type:\r\n", "Content-Type: x\r\nContent-Type: y\r\n", "content-type: TEXT/Plain; Charset=x\r\n", "Content-Type: nonsense\r\n",
    "Content-Length: 0\r\n", "Content-Length: 000\r\n", "Content-Length: 0 \r\n",
    "Authorization: Basic dXNlcjpwYXNz\r\n", "Authorization: bAsIc dXNlcjpwYXNz\r\n", "Authorization: Basic  dXNlcjpwYXNz \r\n", "Authorization: Basic dXNlcg==\r\n",
    "Authorization: Basic dXNlcjpwYTpzcw==\r\n", "Authorization: Basic Og==\r\n", "Authorization: Basic OnBhc3M=\r\n", "Authorization: Basic dXNlcjo=\r\n", "Authorization: Basic w6k6eA==\r\n",
    "Authorization: Basic dXNlcjpwYXNz=\r\n", "Authorization: Basic dXNlcjpwYXN\r\n", "Authorization: Basic !!!!\r\n", "Authorization: Basic dXNl!cjpwYXNz\r\n", "Authorization: Basic \u{e9}\r\n",
    "Authorization: Basic\r\n", "Authorization: Basic a b\r\n", "Authorization:\r\n", "Authorization: Bearer token\r\n", "Authorization: Digest a=b,c=d\r\n", "Authorization: \u{e9} x\r\n",
    "Authorization: Bearer x\r\nAuthorization: Basic dXNlcjpwYXNz\r\n", "Authorization: Basic ZGF2aWQ6bWF4\r\n", "Authorization: Basic dXNlcjpwYXNz====\r\n", "Authorization: Basic d\r\n",
    "Authorization: Basic dX=NlcjpwYXNz\r\n", "Authorization: Basic dXNlcjpwYXNz====dXNlcjpwYXNz\r\n",
    "Connection: close\r\n", "Connection: keep-alive\r\n", "If-Modified-Since: Tue, 02 Jan 2999 03:04:05 GMT\r\n", "Expect: 100-continue\r\n", "no colon\r\nUser-Agent: x\r\n",
];
