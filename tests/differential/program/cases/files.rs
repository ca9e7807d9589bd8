//! Sections 7 and 10: targets, redirects, listings, content types.

use super::Case;
use crate::requests::TARGETS;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut get_and_head = |target: &str| {
        for method in ["GET", "HEAD"] {
            let case = Case::new("7", format!("{method} {target} HTTP/1.1\r\n\r\n"));
            // With CGI that is an error of its own (D3).
            cases.push(if climbs_above_root(target) { case.without_cgi() } else { case });
        }
    };
    TARGETS.iter().chain(MORE_TARGETS).for_each(|target| get_and_head(target));
    for name in TYPED {
        get_and_head(&format!("/types/{name}"));
    }
    for (folder, names) in LINKED {
        names.iter().for_each(|name| get_and_head(&format!("{folder}{name}")));
    }
    get_and_head(&format!("/{}", "n".repeat(300)));
    get_and_head(&format!("/{}", "n/".repeat(5_000)));
    get_and_head(&format!("/hello.txt?{}", "q".repeat(10_000)));
    get_and_head(&format!("/nested?{}", "q".repeat(10_000)));
    get_and_head(&format!("{}/hello.txt", "/nested/..".repeat(500)));
    for field in [
        "Range: bytes=0-3",
        "If-Range: \"x\"",
        "If-Match: \"x\"",
        "If-Unmodified-Since: Tue, 02 Jan 2001 03:04:05 GMT",
        "Accept: image/png",
        "Accept-Encoding: gzip",
        "Accept-Language: de",
        "Cookie: a=b\r\nCookie: c=d",
        "Authorization: Basic eDp5",
        "TE: trailers",
        "Upgrade: websocket\r\nConnection: Upgrade",
        "Origin: http://test",
        "Content-Type: text/plain",
    ] {
        for target in ["/hello.txt", "/nested", "/no-index/", "/none"] {
            cases.push(Case::new("7", format!("GET {target} HTTP/1.1\r\n{field}\r\n\r\n")));
        }
    }
    for target in ["/%2f", "/nested%2f", "/nested%2F", "/no-index%2F?x", "/nested%2fone%2f"] {
        // An encoded slash at the end was none: directories were redirected, files served.
        cases.push(Case::get("7", target).since(14, ["200 OK", "200 OK, 200 OK"]));
    }
    for target in ["/%E9/../no-index/", "/%ED%B3%A9%FF/../no-index/"] {
        // Until some 3.11 a title that is not UTF-8 became the path on disk.
        cases.push(Case::get("7", target).since(12, ["200 OK", "200 OK, 200 OK"]));
    }
    // Too much for the buffers on the way: a server that closes with a request unread may lose the rest of an answer.
    cases.push(Case::get("7", "/large.bin").ends());
    cases.push(Case::get("7", "/hello.txt%2f").since(14, ["404 File not found"; 2]));
    cases.push(Case::get("7", "/with-index%2F").since(14, ["200 OK", "200 OK, 200 OK"]));
    cases
}

/// As the path is read with CGI, where `#` is nothing special.
fn climbs_above_root(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default().to_lowercase().replace("%2e", ".").replace("%2f", "/");
    let mut depth = 0;
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

#[rustfmt::skip] // a topic a line
const MORE_TARGETS: &[&str] = &[
    // Not absolute.
    "hello.txt", "nested", "nested/", "./hello.txt", "../hello.txt", ".", "..", "?", "?q", "#", "#f", "?#", "%2Fhello.txt", "%",
    "*", "nested?x#y", "no-index/?x", "http://test/hello.txt", "http://test/", "https://x/nested", "test:80", "http:/nested",
    // Parts of a redirect.
    "/nested?x=1&y=a/b#f", "/nested#f?x", "/nested?#f", "/nested?x#", "/nested??", "/nested?x?y#z#w", "/nested##", "/nested#?",
    "/nested;x", "/nested?a;b", "/nested?%zz", "/nested?\u{e9}\u{ff}", "/nested#\u{e4}", "/nested?\"'<>\\^`{|}", "/nested?a[b]=c",
    "/nested?//x", "/nested?http://x/", "/a/../nested", "/./nested", "/nested/one?", "/nested//one", "/nested/one/two/../two",
    "/no-index/sub%20folder", "/no%2Dindex", "/%6Eested", "/n%65sted?%6e", "/nested/.?x", "/nested/..?x#y", "/..?x", "/.?x", "/./..",
    "/dir%20x", "/with%3Acolon:x", "/with:colon", "with:colon", "/[brackets]", "/semi;colon", "/semi;colon?x", "/at@sign", "/plus+sign",
    "/plus%2Bsign", "/http:/folder", "http://folder", "/back%5Cslash", "/back\\slash", "/high-\u{e9}", "/high-%C3%A9", "/high-%E9",
    // Escapes and what is no text.
    "/%68%65%6C%6c%6f%2E%74%78%74", "/%2e/hello.txt", "/%2e%2e/hello.txt", "/nested%2f%2e%2e%2fhello.txt", "/%E6%BC", "/%E6%BC%A2", "/%E6%BC%A2%E5%AD%97.txt%ff", "/%FF", "/%C3", "/%c3%28", "/%F0%9F%A6%80.md",
    "/%F0%9F%A6", "/%C0%AF", "/%E0%80%AF", "/%F8%88%80%80%80", "/%F4%90%80%80", "/\u{e6}\u{bc}\u{a2}\u{e5}\u{ad}\u{97}.txt",
    "/\u{c3}\u{a9}", "/%C3\u{a9}", "/\u{c3}%A9", "/%ED%B3%A9", "/bytes/%ED%B3%A9.bin?%E9", "/bytes/mixed%20%C3%A9%ED%B3%BF%ED%B2%80.txt",
    "/bytes/mixed%20%C3%A9%FF%80.txt", "/bytes/%ed%b3%a9.bin", "/%u0041", "/%4", "/%4x", "/%%34%31", "/%2541", "/%25", "/a%20", "/%20",
    "/%09", "/%0a", "/%0D%0AX:y", "/%7f", "/%01", "/\u{1}", "/\u{7f}", "/\u{ad}", "/+", "/&amp;", "/<b>",
    // Titles of listings.
    "/no-index/?<b>", "/no-index/#&", "/names/../no-index/", "/./no-index/", "/no-index//", "/no%2dindex/", "/no-index/./",
    "/%22/../no-index/", "/%3Cb%3E&amp;%22'/../no-index/", "/\u{e9}/../no-index/", "/%C3%A9/../no-index/", 
    "/%0A/../no-index/", "/%E6%BC%A2/../no-index/", "/%25/../no-index/", "/+/../no-index/", "/%ED%B3%A9/../no-index/",
    "/\u{1}/../no-index/", "/%1b/../no-index/", "/?%E6%BC%A2", "/no-index/?a#b",
    // Listings of awkward entries, folders in folders.
    "/names/", "/bytes/", "/links/", "/sorted/", "/sorted?x", "/deep/", "/deep/a/b/c/d/", "/deep/a/../a/b/../../",
    "/cgi-bin/../hello.txt", "/cgi-bin/..", "/sub/cgi-bin/hello", "/sub/cgi-bin/", "/sub/cgi-bin", "/cgi-bin", "/cgi-bin?x", "/htbin", "/cgi-binary",
    "/cgi-bin.txt", "/CGI-BIN/hello", "/nested/../sub/cgi-bin/hello",
    // Files that are no files, indexes that are none.
    "/socket", "/socket/", "/loop", "/loop/", "/loop/x", "/loop/loop/hello.txt", "/to-root", "/to-root/", "/links/circle/", "/links/dangling/",
    "/dangling-index", "/linked-index", "/linked-index/index.htm", "/with-both?x", "/INDEX/", "/INDEX", "/index-htm-folder/", "/fifo-index/",
    "/unreadable-index/", "/hello.txt/.", "/hello.txt/..", "/hello.txt/./", "/hello.txt/../", "/hello.txt//", "/hello.txt?/", "/hello.txt#/",
    "/hello.txt/?x", "/nested/?/", "/nested?/", "/nested#/", "/nested?x/", "/hello.txt/%2e", "/hello.txt%2fx",
];

/// Files of the folder `types`: types that are the same in all versions and on most systems, and how they are found.
#[rustfmt::skip] // many short names
pub(crate) const TYPED: &[&str] = &[
    "x.json", "x.webmanifest", "x.doc", "x.bin", "x.so", "x.pdf", "x.ps", "x.eps", "x.xls", "x.ppt", "x.wasm", "x.cpio", "x.dvi",
    "x.latex", "x.nc", "x.tar", "x.man", "x.zip", "x.au", "x.mp3", "x.aiff", "x.bmp", "x.gif", "x.jpg", "x.jpe", "x.jpeg", "x.png",
    "x.svg", "x.tiff", "x.tif", "x.ico", "x.pnm", "x.xbm", "x.eml", "x.css", "x.csv", "x.html", "x.htm", "x.txt", "x.rtx", "x.tsv", "x.py",
    "x.etx", "x.mp4", "x.mpeg", "x.mpg", "x.mov", "x.qt", "x.webm", "x.movie",
    "x", "x.", ".html", "..txt", "...css", ".x.css", "x.HTML", "x.Css", "x.gz", "x.GZ", "x.Gz", "x.Z", "x.z", "x.bz2", "x.BZ2", "x.xz", "x.XZ",
    "x.tar.gz", "x.tgz", "x.TGZ", "x.taz", "x.tz", "x.tbz2", "x.txz", "x.svgz", "x.SVGZ", "x.html.gz", "x.html.br", "x.HTML.br", "x.br",
    "x.html.BR", "x.tar.bz2", "x.css.xz", "x.tar.Z", "x.unknown-extension", "x.css.unknown-extension", "x.css ", "x css", "x.css.", "css",
    "x.css.css", "x.png.html", "x.\u{fc}", ".gz", ".br", "x.gz.br", "x.br.gz", "x.html.br.br",
];

/// Entries whose names need care in links, as a listing writes them.
#[rustfmt::skip] // a folder a line
const LINKED: &[(&str, &[&str])] = &[
    ("/names/", &["%3Cb%3E%26amp%3B.txt", "%22double%22.txt", "line%0Aend.txt", "back%5Cslash.txt", "~tilde_-.txt", "%2541.txt",
        "%F0%9F%A6%80.txt", "%C3%84pfel", "%C3%9F", "%C4%B0", "tab%09", "%20", "%3Fx%23y"]),
    ("/bytes/", &["%ED%B3%A9.bin", "mixed%20%C3%A9%ED%B3%BF%ED%B2%80.txt", "%F0%9F%A6%80", "z"]),
    ("/", &["%23hash.txt", "100%25.txt", "50%2525%20off.txt", "a%26b%3Bc%3Dd%2Be.txt", "it%27s%20quoted.txt", "with%3Acolon/", "%5Bbrackets%5D/"]),
];
