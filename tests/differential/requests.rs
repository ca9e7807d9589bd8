//! What both servers are asked.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::SocketAddr;

use crate::raw::exchange;

/// Bytes to send at once, and the methods of the answers to expect.
pub(crate) struct Case {
    pub(crate) methods: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Case {
    pub(crate) fn one(method: &str, text: &str) -> Case {
        // As ISO-8859-1, so that any byte can be written down.
        let bytes = text.chars().map(|char| u8::try_from(u32::from(char)).expect("one byte")).collect();
        Case { methods: vec![method.to_owned()], bytes }
    }
}

/// What both servers are asked for with GET and HEAD.
pub(crate) fn targets(ours: SocketAddr) -> Vec<String> {
    let mut targets: Vec<String> = TARGETS.iter().map(|&target| target.to_owned()).collect();
    // A name longer than the system takes, and targets longer than most.
    targets.push(format!("/{}", "n".repeat(300)));
    targets.push(format!("/{}", "n/".repeat(5_000)));
    targets.push(format!("/hello.txt?{}", "q".repeat(10_000)));
    targets.push(format!("/nested?{}", "q".repeat(10_000)));
    // Whatever the listings link to.
    let mut links = BTreeSet::new();
    for folder in ["/", "/names/", "/bytes/", "/links/", "/assets/", "/no-index/"] {
        let request = format!("GET {folder} HTTP/1.1\r\nHost: test\r\n\r\n");
        let listing = exchange(ours, &Case::one("GET", &request)).replies.remove(0).body;
        let page = String::from_utf8_lossy(&listing).into_owned();
        let found = page.split("<a href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        links.extend(found.map(|link| format!("{folder}{link}")));
    }
    assert!(links.len() > 40, "the listings link to all entries: {links:?}");
    targets.extend(links);
    targets
}

/// Requests that are more than a method and a target.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut one = |method: &str, text: &str| cases.push(Case::one(method, text));

    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "Get", "HEADS", "X-Y.Z~!", "it's"] {
        for target in ["/hello.txt", "/nested/", "/no-such-file"] {
            one(method, &format!("{method} {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
        }
    }
    one("OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n");
    one("CONNECT", "CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n");
    one("POST", "POST /hello.txt HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
    one("POST", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
    one("PUT", "PUT /new HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");

    // How long a connection lives.
    for method in ["GET", "HEAD"] {
        for target in ["/hello.txt", "/nested", "/no-index/", "/no-such-file"] {
            for version in ["HTTP/1.1", "HTTP/1.0"] {
                for connection in ["", "close", "Close", "keep-alive", "Keep-Alive", "upgrade", "x"] {
                    let field =
                        if connection.is_empty() { String::new() } else { format!("Connection: {connection}\r\n") };
                    one(method, &format!("{method} {target} {version}\r\nHost: test\r\n{field}\r\n"));
                }
            }
        }
    }
    one("GET", "GET /hello.txt HTTP/1.0\r\n\r\n");
    one("GET", "GET /hello.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    one("GET", "GET /dated.txt HTTP/1.0\r\nIf-Modified-Since: Tue, 02 Jan 2024 03:04:05 GMT\r\n\r\n");

    // Fields that are not looked at, and odd but allowed spelling.
    for fields in [
        "Range: bytes=0-3",
        "If-Match: \"x\"",
        "If-Unmodified-Since: Tue, 02 Jan 2001 03:04:05 GMT",
        "Accept: image/png;q=0.1",
        "Accept-Encoding: gzip, br",
        "X-Empty:",
        "X-Blank:   \t ",
        "x-lower:value",
        "X-High: \u{e4}\u{f6}",
        "!#$%&'*+-.^_`|~: token",
        "Cookie: a=b\r\nCookie: c=d",
        "Expect: something-else",
    ] {
        one("GET", &format!("GET /hello.txt HTTP/1.1\r\nHost: test\r\n{fields}\r\n\r\n"));
    }
    let mut many = String::new();
    for number in 0..90 {
        let _ = write!(many, "X-{number}: {number}\r\n");
    }
    one("GET", &format!("GET /hello.txt HTTP/1.1\r\nHost: test\r\n{many}\r\n"));
    one("GET", &format!("GET /hello.txt HTTP/1.1\r\nHost: test\r\nX-Long: {}\r\n\r\n", "x".repeat(30_000)));

    for since in DATES {
        for target in ["/dated.txt", "/dated-index/", "/no-index/", "/nested", "/no-such-file"] {
            // What the date says about the file is one matter; that only files have one is another.
            if target == "/dated.txt" || since.ends_with("2024 03:04:05 GMT") {
                let field = format!("If-Modified-Since: {since}\r\n");
                one("GET", &format!("GET {target} HTTP/1.1\r\nHost: test\r\n{field}\r\n"));
                one("HEAD", &format!("HEAD {target} HTTP/1.1\r\nHost: test\r\n{field}\r\n"));
            }
        }
    }
    let since = "If-Modified-Since: Tue, 02 Jan 2024 03:04:05 GMT\r\n";
    let sooner = "If-Modified-Since: Tue, 02 Jan 2001 03:04:05 GMT\r\n";
    for fields in [
        format!("{since}If-None-Match: \"x\"\r\n"),
        format!("If-None-Match:\r\n{since}"),
        format!("{since}{sooner}"),
        format!("{sooner}{since}"),
        format!("{since}Connection: close\r\n"),
        since.to_lowercase(),
    ] {
        one("GET", &format!("GET /dated.txt HTTP/1.1\r\nHost: test\r\n{fields}\r\n"));
    }

    // Several requests in one packet.
    let request = |line: &str| format!("{line} HTTP/1.1\r\nHost: test\r\n\r\n");
    let mut pipelined = |methods: &[&str], lines: &[&str]| {
        let bytes = lines.iter().map(|line| request(line)).collect::<String>();
        cases.push(Case {
            methods: methods.iter().map(|&method| method.to_owned()).collect(),
            bytes: bytes.into_bytes(),
        });
    };
    pipelined(&["GET", "GET"], &["GET /hello.txt", "GET /empty.txt"]);
    pipelined(&["GET", "HEAD", "GET"], &["GET /nested", "HEAD /no-index/", "GET /hello.txt"]);
    pipelined(&["HEAD", "HEAD", "GET"], &["HEAD /hello.txt", "HEAD /nested", "GET /assets/all-bytes.bin"]);
    // What follows an error is dropped.
    pipelined(&["GET", "GET"], &["GET /hello.txt", "GET /no-such-file", "GET /hello.txt"]);
    pipelined(&["POST"], &["POST /hello.txt", "GET /hello.txt"]);
    pipelined(&["GET"; 40], &["GET /hello.txt"; 40]);
    cases
}

/// Requests that are answered differently on purpose, and the status lines here: RFC 9112 is followed where http.server
/// does not follow it, and section 15 of the semantics.
pub(crate) fn on_purpose() -> Vec<(Case, Vec<&'static str>)> {
    let ok = "HTTP/1.1 200 OK\r\n";
    let one = |text: &str| Case::one("GET", text);
    let body = Case {
        methods: vec!["GET".to_owned(); 2],
        bytes: b"GET /hello.txt HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello".repeat(2),
    };
    vec![
        // A URL as the target is that of its path (RFC 9112, section 3.2.2); for Python it is the name of a file.
        (one("GET http://test/hello.txt HTTP/1.1\r\nHost: test\r\n\r\n"), vec![ok]),
        // `Connection` is a list (RFC 9110, section 7.6.1), of which Python knows only single members.
        (one("GET /hello.txt HTTP/1.1\r\nHost: test\r\nConnection: close, TE\r\n\r\n"), vec![ok]),
        (one("GET /hello.txt HTTP/1.1\r\nHost: test\r\nConnection: TE\r\nConnection: close\r\n\r\n"), vec![ok]),
        (one("GET /hello.txt HTTP/1.0\r\nConnection: keep-alive, TE\r\n\r\n"), vec![ok]),
        // D1: Python drops the connection.
        (one("GET /%00 HTTP/1.1\r\nHost: test\r\n\r\n"), vec!["HTTP/1.1 404 File not found\r\n"]),
        // D6: Python takes the body for a request.
        (body, vec![ok, ok]),
    ]
}

/// Whatever a path may look like.
pub(crate) const TARGETS: &[&str] = &[
    // Files.
    "/hello.txt",
    "/hello.txt?query=1",
    "/hello.txt?",
    "/hello.txt#fragment",
    "/hello.txt#fragment?query",
    "/empty.txt",
    "/LICENSE",
    "/.hidden",
    "/..dots",
    "/assets/all-bytes.bin",
    "/assets/UPPER.CSS",
    "/dated.txt",
    // Missing ones.
    "/no-such-file",
    "/no-such-folder/",
    "/no-such-folder/file.txt",
    "/hello.txt/",
    "/hello.txt/x",
    "/HELLO.TXT",
    "/empty.txt/?x",
    // Spelling.
    "/%68ello.txt",
    "/hello%2etxt",
    "/hello%2Etxt",
    "/hello%252etxt",
    "/name%20with%20spaces.txt",
    "/name+with+spaces.txt",
    "/100%25.txt",
    "/100%.txt",
    "/50%2525%20off.txt",
    "/50%25%20off.txt",
    "/%23hash.txt",
    "/a&b;c=d+e.txt",
    "/a%26b%3Bc%3Dd%2Be.txt",
    "/it's%20quoted.txt",
    "/%E6%BC%A2%E5%AD%97.txt",
    "/%e6%bc%a2%e5%ad%97.txt",
    "/%C3%9Cn%C3%AFc%C3%B6d%C3%A9.txt",
    "/%F0%9F%A6%80.md",
    "/%DCn.txt",
    "/hello.txt%",
    "/hello.txt%2",
    "/%zz",
    "/%",
    "/nested%2Fone%2Ftwo%2Fpage.html",
    "/nested%2fone/two%2fpage.html",
    "/hello.txt%20",
    "/hello.txt%09",
    "/hello%0A.txt",
    "/%5Chost",
    "/names/back%5Cslash.txt",
    "/names/line%0Aend.txt",
    // Dots.
    "/./hello.txt",
    "/../hello.txt",
    "/../../../../etc/passwd",
    "/%2e%2e/%2E%2E/etc/passwd",
    "/nested/../hello.txt",
    "/nested/%2e%2e/hello.txt",
    "/no-such-folder/../hello.txt",
    "/hello.txt/../hello.txt",
    "/hello.txt/.",
    "/hello.txt/..",
    "/nested/.",
    "/nested/./",
    "/nested/%2e",
    "/nested/%2e/",
    "/nested/one/..",
    "/nested/one/../",
    "/..",
    "/../",
    "/.",
    "/./",
    "/.../",
    // Slashes.
    "//hello.txt",
    "///hello.txt",
    "//nested",
    "////nested?x",
    "//nested/",
    "//example.test/../nested",
    "/nested//one//two/page.html",
    "/nested//",
    "/%2Fnested/",
    // Directories.
    "/",
    "/?",
    "/?x=1",
    "/nested",
    "/nested?x=1&y=a/b",
    "/nested?x=%20%3F",
    "/nested?",
    "/nested?#",
    "/nested#",
    "/nested#fragment",
    "/nested?x#fragment",
    "/nested#fragment?x",
    "/nested?x?y",
    "/nested/",
    "/nested/?x=1",
    "/nested/one/two/",
    "/no-index",
    "/no-index/",
    "/no-index/?sort=name#top",
    "/no-index/sub%20folder",
    "/no-index/sub%20folder/",
    "/with-index",
    "/with-index/",
    "/with-index/?x",
    "/with-index/index.html",
    "/old-index/",
    "/with-both/",
    "/index-is-a-folder/",
    "/index-is-a-folder/index.html",
    "/index-is-a-folder/index.html/",
    "/empty-folder",
    "/empty-folder/",
    "/assets/",
    "/names/",
    "/bytes/",
    "/dangling-index/",
    "/linked-index/",
    // Links, and what may not be read.
    "/links/",
    "/links/file.txt",
    "/links/folder",
    "/links/folder/",
    "/links/folder/one/two/page.html",
    "/links/outside.txt",
    "/links/dangling",
    "/links/circle",
    "/links/folder/../file.txt",
    "/locked.txt",
    "/locked-folder",
    "/locked-folder/",
    "/locked-folder/x",
    // A name that is not UTF-8 is asked for by its surrogate.
    "/bytes/%ED%B3%A9.bin",
    "/bytes/%E9.bin",
];

/// Dates in every form that http.server reads, and many that it does not; equal, sooner and later ones.
pub(crate) const DATES: &[&str] = &[
    "Tue, 02 Jan 2024 03:04:05 GMT",
    "Tue, 02 Jan 2024 03:04:04 GMT",
    "Tue, 02 Jan 2024 03:04:06 GMT",
    "Tue, 02 Jan 2001 03:04:05 GMT",
    "Tue, 02 Jan 2999 03:04:05 GMT",
    "Fri, 02 Jan 2024 03:04:05 GMT",
    "Tuesday, 02-Jan-24 03:04:05 GMT",
    "Tuesday, 02-Jan-24 03:04:04 GMT",
    "Tue Jan  2 03:04:05 2024",
    "Tue Jan  2 03:04:04 2024",
    "2 January 2024 03:04:05",
    "02 Jan 2024 03:04:05 GMT",
    "Tue, 2 Jan 2024 03:04:05 GMT",
    "tue, 02 jan 2024 03:04:05 gmt",
    "Tue, Jan 02 2024 03:04:05 GMT",
    "Tue, 02 Jan 2024 03:04 GMT",
    "Tue, 02 Jan 2024 03:05 GMT",
    "Tue, 02 Jan 2024 03.04.05 GMT",
    "Tue, 02 Jan 2024 03:04:05 UTC",
    "Tue, 02 Jan 2024 03:04:05 UT",
    "Tue, 02 Jan 2024 03:04:05 Z",
    "Tue, 02 Jan 2024 03:04:05 XYZ",
    "Tue, 02 Jan 2024 03:04:05 +0000",
    "Tue, 02 Jan 2024 03:04:05 -0000",
    "Tue, 02 Jan 2024 04:04:05 +0100",
    "Tue, 02 Jan 2024 03:04:05 +0100",
    "Mon, 01 Jan 2024 22:04:05 EST",
    "Tue, 02 Jan 2024 03:04:05 PDT",
    "Tue, 02 Jan 2024 03:04:05+0000",
    "Tue, 02 Jan 2024 03:04:05 GMT; length=5",
    "Tue, 02 Jan 24 03:04:05 GMT",
    "Tue, 02 Jan 70 03:04:05 GMT",
    "Tue, 02 Jan 68 03:04:05 GMT",
    "Wed, 31 Feb 2024 03:04:05 GMT",
    "Tue, 02 Jan 2024 24:04:05 GMT",
    "Tue, 02 Jan 2024 03:04:60 GMT",
    "Tue, 00 Jan 2024 03:04:05 GMT",
    "Tue, 02 Jan 2024 03:04:05.5 GMT",
    "Tue, 02 Foo 2024 03:04:05 GMT",
    "Tue, 02 Jan 2024",
    "2024-01-02T03:04:05Z",
    "1704164645",
    "yesterday",
    ",",
    "",
    "Tue, 02 Jan 99999 03:04:05 GMT",
    "Tue, 02 Jan 0 03:04:05 GMT",
    "Tue, 02 Jan 2024 -3:04:05 GMT",
    "Tue, 02 Jan 2024 03:04:05 GMT GMT",
    "Tue,02 Jan 2024 03:04:05 GMT",
];
