//! The error responses of http.server and their page (sections 1 and 13 of its semantics).

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;

use super::statuses::wording;
use crate::message::body::Body;
use crate::message::convert::checked_bytes;
use crate::message::error::ErrorNote;
use crate::message::field::latin1;
use crate::message::quoted::quoted;
use crate::message::response::{Response, Style};

/// The errors of one server: their page, its content type, and what each status is called.
#[derive(Debug, Clone)]
pub(crate) struct ErrorPages {
    /// With `{code}`, `{message}` and `{explain}`.
    template: Cow<'static, str>,
    content_type: Cow<'static, str>,
    /// Phrases and explanations in place of the usual ones.
    own: BTreeMap<u16, (String, String)>,
}

impl Default for ErrorPages {
    fn default() -> ErrorPages {
        ErrorPages { template: Cow::Borrowed(PAGE), content_type: Cow::Borrowed(CONTENT_TYPE), own: BTreeMap::new() }
    }
}

impl ErrorPages {
    pub(crate) fn set_template(&mut self, template: String) {
        self.template = Cow::Owned(template);
    }

    #[track_caller]
    pub(crate) fn set_content_type(&mut self, content_type: String) {
        self.content_type = Cow::Owned(checked_type(content_type));
    }

    #[track_caller]
    pub(crate) fn set_wording(&mut self, status: StatusCode, phrase: String, explanation: String) {
        checked_bytes("the phrase", Bytes::copy_from_slice(phrase.as_bytes()));
        self.own.insert(status.as_u16(), (phrase, explanation));
    }

    /// The error response of http.server. Without a message it says the phrase of the status, without an explanation
    /// the usual one. Neither has to be escaped.
    pub(crate) fn error(&self, status: u16, message: Option<&str>, explain: Option<&str>) -> Response {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let note = ErrorNote { message: message.map(str::to_owned), explanation: explain.map(str::to_owned) };
        self.finish(Response::noted(status, note))
    }

    /// The answer to a method that nothing serves: `501 Unsupported method ('POST')`.
    pub(crate) fn unsupported(&self, method: &[u8]) -> Response {
        self.error(501, Some(&format!("Unsupported method ({})", quoted(&latin1(method)))), None)
    }

    /// A response in http.server's style with the phrase of its status.
    pub(super) fn plain(&self, status: u16) -> Response {
        Response::plain(status, self.phrase(status))
    }

    /// Makes the page of an error that has none yet. A response in http.server's style gets the phrase of its status, if it
    /// has no reason of its own; every other stays as it is.
    pub(crate) fn finish(&self, mut response: Response) -> Response {
        if response.style != Style::HttpServer {
            return response;
        }
        match response.take_error() {
            Some(note) => self.with_page(response, note),
            None if response.reason_phrase().is_none() => {
                response.set_reason(self.phrase(response.status.as_u16()));
                response
            }
            None => response,
        }
    }

    fn phrase(&self, status: u16) -> Bytes {
        let own = self.own.get(&status).map(|(phrase, _)| reason(phrase));
        own.unwrap_or_else(|| Bytes::from_static(wording(status).0.as_bytes()))
    }

    fn with_page(&self, mut response: Response, note: ErrorNote) -> Response {
        let ErrorNote { message, explanation } = note;
        let status = response.status.as_u16();
        let (phrase, usual) = match self.own.get(&status) {
            Some((phrase, explanation)) => (phrase.as_str(), explanation.as_str()),
            None => wording(status),
        };
        let message = message.unwrap_or_else(|| phrase.to_owned());
        if response.reason_phrase().is_none() {
            response.set_reason(reason(&message));
        }
        let own_fields = std::mem::take(&mut response.fields);
        let is_added = |response: &Response, name| own_fields.get(name).is_none() && !response.omits(name);
        if is_added(&response, "connection") {
            response.fields.push(b"Connection", b"close");
        }
        if is_bodiless(status) {
            response.body = Body::Bytes(Bytes::new());
        } else if let Body::Bytes(body) = &mut response.body {
            if body.is_empty() {
                *body = Bytes::from(self.page(status, &message, explanation.as_deref().unwrap_or(usual)));
            }
            let length = body.len().to_string();
            if is_added(&response, "content-type") {
                response.fields.push(b"Content-Type", self.content_type.as_bytes());
            }
            if is_added(&response, "content-length") {
                response.fields.push(b"Content-Length", length.as_bytes());
            }
        }
        own_fields.iter().for_each(|(name, value)| response.fields.push(name, value));
        response.set_error_message(message);
        response
    }

    fn page(&self, status: u16, message: &str, explain: &str) -> Vec<u8> {
        let mut page = Vec::with_capacity(self.template.len() + message.len() + explain.len() + 16);
        let mut rest = self.template.as_ref();
        while let Some(at) = rest.find('{') {
            let (before, placeholder) = rest.split_at(at);
            page.extend_from_slice(before.as_bytes());
            rest = if let Some(after) = placeholder.strip_prefix("{code}") {
                page.extend_from_slice(status.to_string().as_bytes());
                after
            } else if let Some(after) = placeholder.strip_prefix("{message}") {
                push_escaped(&mut page, message.as_bytes());
                after
            } else if let Some(after) = placeholder.strip_prefix("{explain}") {
                push_escaped(&mut page, explain.as_bytes());
                after
            } else {
                page.push(b'{');
                &placeholder[1..]
            };
        }
        page.extend_from_slice(rest.as_bytes());
        page
    }
}

/// A content type; panics at the caller's line if it is none.
#[track_caller]
pub(super) fn checked_type(content_type: String) -> String {
    checked_bytes("the content type", Bytes::copy_from_slice(content_type.as_bytes()));
    assert!(
        content_type.contains('/'),
        "{content_type:?} is not a content type: write type and subtype, such as \"text/html\""
    );
    content_type
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

/// Whether an error of this status has neither a body nor fields about one (RFC 9110, sections 6.4.1 and 15.3.6).
fn is_bodiless(status: u16) -> bool {
    status < 200 || matches!(status, 204 | 205 | 304)
}

/// The message as the status line has it: ISO-8859-1, and what does not fit there as `?` (difference D12). A line
/// end can not be in it, nor NUL, whoever made the message.
fn reason(message: &str) -> Bytes {
    let byte = |character| match character {
        '\r' | '\n' | '\0' => b' ',
        _ => u8::try_from(u32::from(character)).unwrap_or(b'?'),
    };
    message.chars().map(byte).collect()
}

const CONTENT_TYPE: &str = "text/html;charset=utf-8";

const PAGE: &str = r#"<!DOCTYPE HTML>
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
        <p>Error code: {code}</p>
        <p>Message: {message}.</p>
        <p>Error code explanation: {code} - {explain}.</p>
    </body>
</html>
"#;

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::sent;
    use super::*;

    #[test]
    fn the_page_is_the_one_of_http_server() {
        let expected = "<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <meta charset=\"utf-8\">\n        \
            <style type=\"text/css\">\n            :root {\n                color-scheme: light dark;\n            \
            }\n        </style>\n        <title>Error response</title>\n    </head>\n    <body>\n        \
            <h1>Error response</h1>\n        <p>Error code: 404</p>\n        <p>Message: File &lt;\"é'&amp;&gt; not \
            found.</p>\n        <p>Error code explanation: 404 - Nothing matches.</p>\n    </body>\n</html>\n";
        let page = ErrorPages::default().page(404, "File <\"é'&> not found", "Nothing matches");
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
        let sent = sent(ErrorPages::default().error(status, None, None));
        assert_eq!(sent.contains("\r\nConnection: close\r\n\r\n"), bodiless, "{sent}");
        assert_eq!(sent.contains("\r\nContent-Type: text/html;charset=utf-8\r\nContent-Length: "), !bodiless, "{sent}");
    }

    #[test]
    fn an_error_may_have_words_of_its_own() {
        let sent = sent(ErrorPages::default().error(404, Some("gone \u{e9}\u{416}"), Some("look <elsewhere>")));
        assert!(sent.starts_with("404 gone \\xe9?\r\n"), "{sent}");
        assert!(sent.contains("<p>Message: gone \\xc3\\xa9\\xd0\\x96.</p>"), "{sent}");
        assert!(sent.contains("<p>Error code explanation: 404 - look &lt;elsewhere&gt;.</p>"), "{sent}");
    }

    #[test]
    fn an_unknown_status_has_question_marks() {
        let sent = sent(ErrorPages::default().error(499, None, None));
        assert!(sent.starts_with("499 ???\r\n"), "{sent}");
        assert!(sent.contains("<p>Error code explanation: 499 - ???.</p>"), "{sent}");
    }

    #[rstest]
    #[case::ascii("File not found", b"File not found")]
    #[case::latin_1("d\u{e9}j\u{e0} \u{85}", b"d\xe9j\xe0 \x85")]
    #[case::beyond("\u{100}\u{1f980}", b"??")]
    #[case::line_ends("a\r\nX: b\0", b"a  X: b ")]
    fn a_reason_is_latin_1_without_line_ends(#[case] message: &str, #[case] expected: &[u8]) {
        assert_eq!(reason(message), expected);
    }

    #[test]
    fn a_method_is_read_as_latin_1() {
        let sent = sent(ErrorPages::default().unsupported(b"\xc3\xa9\x80"));
        assert!(sent.starts_with("501 Unsupported method ('\\xc3\\xa9\\x80')\r\n"), "{sent}");
        assert!(sent.contains("<p>Message: Unsupported method ('\\xc3\\x83\\xc2\\xa9\\x80').</p>"), "{sent}");
    }

    #[test]
    fn an_unsupported_method_is_named() {
        let sent = sent(ErrorPages::default().unsupported(b"POST"));
        assert!(sent.starts_with("501 Unsupported method ('POST')\r\nConnection: close\r\n"), "{sent}");
        assert!(
            sent.contains("<p>Error code explanation: 501 - Server does not support this operation.</p>"),
            "{sent}"
        );
    }
}
