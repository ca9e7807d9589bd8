//! The error responses of http.server and their page (sections 1 and 13 of its semantics).

use bytes::Bytes;

use crate::message::quoted::quoted;
use crate::message::response::Response;

/// The error response of http.server. Without a message it says the phrase of the status, without an explanation
/// the usual one. Neither has to be escaped.
pub(crate) fn error(status: u16, message: Option<&str>, explain: Option<&str>) -> Response {
    let (phrase, explanation) = wording(status);
    let reason = message.map_or(Bytes::from_static(phrase.as_bytes()), reason);
    let response = Response::plain(status, reason).with("Connection", "close");
    if is_bodiless(status) {
        return response;
    }
    let page = error_page(status, message.unwrap_or(phrase), explain.unwrap_or(explanation));
    response
        .with("Content-Type", "text/html;charset=utf-8")
        .with("Content-Length", page.len().to_string())
        .with_bytes(Bytes::from(page))
}

/// The answer to a method that nothing serves: `501 Unsupported method ('POST')`.
pub(crate) fn unsupported(method: &str) -> Response {
    error(501, Some(&format!("Unsupported method ({})", quoted(method))), None)
}

/// Appends `text` with `&`, `<` and `>` as character references; quotes stay as they are, for the pages have no
/// such text inside attributes.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            _ => out.push(byte),
        }
    }
}

fn error_page(status: u16, message: &str, explain: &str) -> Vec<u8> {
    let mut page = Vec::with_capacity(PAGE_START.len() + message.len() + explain.len() + 160);
    page.extend_from_slice(PAGE_START.as_bytes());
    page.extend_from_slice(format!("        <p>Error code: {status}</p>\n        <p>Message: ").as_bytes());
    push_escaped(&mut page, message.as_bytes());
    page.extend_from_slice(format!(".</p>\n        <p>Error code explanation: {status} - ").as_bytes());
    push_escaped(&mut page, explain.as_bytes());
    page.extend_from_slice(b".</p>\n    </body>\n</html>\n");
    page
}

/// Whether an error of this status has neither a body nor fields about one (RFC 9110, sections 6.4.1 and 15.3.6).
fn is_bodiless(status: u16) -> bool {
    status < 200 || matches!(status, 204 | 205 | 304)
}

/// The message as the status line has it: ISO-8859-1, and what does not fit there as `?` (difference D12). A line
/// end can not be in it, whoever made the message.
fn reason(message: &str) -> Bytes {
    let byte = |character| match character {
        '\r' | '\n' => b' ',
        _ => u8::try_from(u32::from(character)).unwrap_or(b'?'),
    };
    message.chars().map(byte).collect()
}

/// The phrase and the explanation of a status (section 13).
fn wording(status: u16) -> (&'static str, &'static str) {
    let found = WORDINGS.binary_search_by_key(&status, |&(known, ..)| known);
    found.map_or(("???", "???"), |at| (WORDINGS[at].1, WORDINGS[at].2))
}

const PAGE_START: &str = r#"<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <style type="text/css">
            :root {
                color-scheme: light dark;
            }
        </style>
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
"#;

/// Status, phrase and explanation; sorted for the binary search.
#[rustfmt::skip] // one status a line
static WORDINGS: &[(u16, &str, &str)] = &[
    (100, "Continue", "Request received, please continue"),
    (101, "Switching Protocols", "Switching to new protocol; obey Upgrade header"),
    (102, "Processing", "Server is processing the request"),
    (103, "Early Hints", "Headers sent to prepare for the response"),
    (200, "OK", "Request fulfilled, document follows"),
    (201, "Created", "Document created, URL follows"),
    (202, "Accepted", "Request accepted, processing continues off-line"),
    (203, "Non-Authoritative Information", "Request fulfilled from cache"),
    (204, "No Content", "Request fulfilled, nothing follows"),
    (205, "Reset Content", "Clear input form for further input"),
    (206, "Partial Content", "Partial content follows"),
    (207, "Multi-Status", "Response contains multiple statuses in the body"),
    (208, "Already Reported", "Operation has already been reported"),
    (226, "IM Used", "Request completed using instance manipulations"),
    (300, "Multiple Choices", "Object has several resources -- see URI list"),
    (301, "Moved Permanently", "Object moved permanently -- see URI list"),
    (302, "Found", "Object moved temporarily -- see URI list"),
    (303, "See Other", "Object moved -- see Method and URL list"),
    (304, "Not Modified", "Document has not changed since given time"),
    (305, "Use Proxy", "You must use proxy specified in Location to access this resource"),
    (307, "Temporary Redirect", "Object moved temporarily -- see URI list"),
    (308, "Permanent Redirect", "Object moved permanently -- see URI list"),
    (400, "Bad Request", "Bad request syntax or unsupported method"),
    (401, "Unauthorized", "No permission -- see authorization schemes"),
    (402, "Payment Required", "No payment -- see charging schemes"),
    (403, "Forbidden", "Request forbidden -- authorization will not help"),
    (404, "Not Found", "Nothing matches the given URI"),
    (405, "Method Not Allowed", "Specified method is invalid for this resource"),
    (406, "Not Acceptable", "URI not available in preferred format"),
    (407, "Proxy Authentication Required", "You must authenticate with this proxy before proceeding"),
    (408, "Request Timeout", "Request timed out; try again later"),
    (409, "Conflict", "Request conflict"),
    (410, "Gone", "URI no longer exists and has been permanently removed"),
    (411, "Length Required", "Client must specify Content-Length"),
    (412, "Precondition Failed", "Precondition in headers is false"),
    (413, "Content Too Large", "Content is too large"),
    (414, "URI Too Long", "URI is too long"),
    (415, "Unsupported Media Type", "Entity body in unsupported format"),
    (416, "Range Not Satisfiable", "Cannot satisfy request range"),
    (417, "Expectation Failed", "Expect condition could not be satisfied"),
    (418, "I'm a Teapot", "Server refuses to brew coffee because it is a teapot"),
    (421, "Misdirected Request", "Server is not able to produce a response"),
    (422, "Unprocessable Content", "Server is not able to process the contained instructions"),
    (423, "Locked", "Resource of a method is locked"),
    (424, "Failed Dependency", "Dependent action of the request failed"),
    (425, "Too Early", "Server refuses to process a request that might be replayed"),
    (426, "Upgrade Required", "Server refuses to perform the request using the current protocol"),
    (428, "Precondition Required", "The origin server requires the request to be conditional"),
    (429, "Too Many Requests", "The user has sent too many requests in a given amount of time (\"rate limiting\")"),
    (431, "Request Header Fields Too Large", "The server is unwilling to process the request because its header fields are too large"),
    (451, "Unavailable For Legal Reasons", "The server is denying access to the resource as a consequence of a legal demand"),
    (500, "Internal Server Error", "Server got itself in trouble"),
    (501, "Not Implemented", "Server does not support this operation"),
    (502, "Bad Gateway", "Invalid responses from another server/proxy"),
    (503, "Service Unavailable", "The server cannot process the request due to a high load"),
    (504, "Gateway Timeout", "The gateway server did not receive a timely response"),
    (505, "HTTP Version Not Supported", "Cannot fulfill request"),
    (506, "Variant Also Negotiates", "Server has an internal configuration error"),
    (507, "Insufficient Storage", "Server is not able to store the representation"),
    (508, "Loop Detected", "Server encountered an infinite loop while processing a request"),
    (510, "Not Extended", "Request does not meet the resource access policy"),
    (511, "Network Authentication Required", "The client needs to authenticate to gain network access"),
];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::sent;
    use super::*;

    #[test]
    fn the_statuses_are_sorted() {
        assert!(WORDINGS.is_sorted_by(|left, right| left.0 < right.0));
    }

    #[rstest]
    #[case::known(404, ("Not Found", "Nothing matches the given URI"))]
    #[case::first(100, ("Continue", "Request received, please continue"))]
    #[case::last(511, ("Network Authentication Required", "The client needs to authenticate to gain network access"))]
    #[case::unknown(299, ("???", "???"))]
    fn a_status_has_its_wording(#[case] status: u16, #[case] expected: (&str, &str)) {
        assert_eq!(wording(status), expected);
    }

    #[test]
    fn the_page_is_the_one_of_http_server() {
        let expected = "<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <meta charset=\"utf-8\">\n        \
            <style type=\"text/css\">\n            :root {\n                color-scheme: light dark;\n            \
            }\n        </style>\n        <title>Error response</title>\n    </head>\n    <body>\n        \
            <h1>Error response</h1>\n        <p>Error code: 404</p>\n        <p>Message: File &lt;\"é'&amp;&gt; not \
            found.</p>\n        <p>Error code explanation: 404 - Nothing matches.</p>\n    </body>\n</html>\n";
        let page = error_page(404, "File <\"é'&> not found", "Nothing matches");
        assert_eq!(String::from_utf8(page).as_deref(), Ok(expected));
    }

    #[rstest]
    #[case::interim(100, true)]
    #[case::no_content(204, true)]
    #[case::reset_content(205, true)]
    #[case::not_modified(304, true)]
    #[case::success(200, false)]
    #[case::partial_content(206, false)]
    #[case::not_found(404, false)]
    #[case::server_error(500, false)]
    fn some_errors_have_no_body(#[case] status: u16, #[case] bodiless: bool) {
        assert_eq!(is_bodiless(status), bodiless);
        let sent = sent(error(status, None, None));
        assert_eq!(sent.contains("\r\nConnection: close\r\n\r\n"), bodiless, "{sent}");
        assert_eq!(sent.contains("\r\nContent-Type: text/html;charset=utf-8\r\nContent-Length: "), !bodiless, "{sent}");
    }

    #[test]
    fn an_error_may_have_words_of_its_own() {
        let sent = sent(error(404, Some("gone \u{e9}\u{416}"), Some("look <elsewhere>")));
        assert!(sent.starts_with("404 gone \\xe9?\r\n"), "{sent}");
        assert!(sent.contains("<p>Message: gone \\xc3\\xa9\\xd0\\x96.</p>"), "{sent}");
        assert!(sent.contains("<p>Error code explanation: 404 - look &lt;elsewhere&gt;.</p>"), "{sent}");
    }

    #[test]
    fn an_unknown_status_has_question_marks() {
        let sent = sent(error(499, None, None));
        assert!(sent.starts_with("499 ???\r\n"), "{sent}");
        assert!(sent.contains("<p>Error code explanation: 499 - ???.</p>"), "{sent}");
    }

    #[rstest]
    #[case::ascii("File not found", b"File not found")]
    #[case::latin_1("d\u{e9}j\u{e0} \u{85}", b"d\xe9j\xe0 \x85")]
    #[case::beyond("\u{100}\u{1f980}", b"??")]
    #[case::line_ends("a\r\nX: b", b"a  X: b")]
    fn a_reason_is_latin_1_without_line_ends(#[case] message: &str, #[case] expected: &[u8]) {
        assert_eq!(reason(message), expected);
    }

    #[test]
    fn an_unsupported_method_is_named() {
        let sent = sent(unsupported("POST"));
        assert!(sent.starts_with("501 Unsupported method ('POST')\r\nConnection: close\r\n"), "{sent}");
        assert!(
            sent.contains("<p>Error code explanation: 501 - Server does not support this operation.</p>"),
            "{sent}"
        );
    }
}
