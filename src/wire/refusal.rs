//! Why a request is not answered but refused.

use std::fmt;

use http::StatusCode;

use crate::message::field::latin1;
use crate::message::quoted::quoted;
use crate::message::request::Request;
use crate::message::response::Response;

use super::http_server::Words;

/// The reasons to refuse a request. Each has its golden requests in `wire/tests.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The first bytes are a TLS handshake.
    TlsHandshake,
    /// The request line is not `METHOD TARGET HTTP/x.y` (RFC 9112, section 3).
    RequestLine,
    /// The target is in none of the four forms, or in one that the method does not take (section 3.2).
    Target,
    /// The target is longer than the limit.
    TargetTooLong,
    /// A version other than HTTP/1.x.
    Version,
    /// A line begins with a blank: a folded field (section 5.2).
    FoldedField,
    /// A blank between name and colon (section 5.1).
    BlankBeforeColon,
    /// CR without LF (section 2.2).
    BareCr,
    /// The name of a field is no token.
    FieldName,
    /// The value of a field holds a control character.
    FieldValue,
    /// The head is longer than the limit.
    HeadTooLarge,
    /// More fields than the limit.
    TooManyFields,
    /// An HTTP/1.1 request without `Host` (section 3.2).
    NoHost,
    /// More than one `Host`, or one that is no host.
    BadHost,
    /// `Content-Length` is not a number, or two of them differ (section 6.3).
    BadLength,
    /// `Content-Length` beside `Transfer-Encoding` (section 6.1).
    LengthAndChunked,
    /// `Transfer-Encoding` in an HTTP/1.0 request (section 6.1).
    ChunkedInHttp10,
    /// `chunked` is not the last coding, or there twice (section 6.3).
    NotChunkedLast,
    /// A transfer coding other than `chunked`.
    UnknownCoding,
    /// A chunk size that is no number, or a chunk of another size (section 7.1).
    BadChunk,
    /// More chunks, longer chunk lines or more trailers than anybody sends in earnest.
    ChunkedOverhead,
    /// A trailer that is no field.
    BadTrailer,
    /// The body is longer than the limit.
    BodyTooLarge,
    /// The connection ended inside the head.
    HeadCutShort,
    /// The connection ended inside the body.
    BodyCutShort,
    /// The head or the body did not come in time.
    TooSlow,
    /// http.server: the last of three or more words is no version.
    VersionWord,
    /// http.server: a version of 2.0 or later.
    LaterVersion,
    /// http.server: one word, or more than three.
    WordCount,
    /// http.server: two words, as in HTTP/0.9, and the first is not `GET`.
    OldMethod,
    /// http.server: the request line is longer than 64 KiB.
    LineTooLong,
    /// http.server: a line of the fields is longer than 64 KiB.
    FieldLineTooLong,
    /// http.server: more than 100 lines of fields.
    TooManyFieldLines,
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Refusal::TargetTooLong | Refusal::LineTooLong => StatusCode::URI_TOO_LONG,
            Refusal::Version | Refusal::LaterVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Refusal::HeadTooLarge | Refusal::TooManyFields | Refusal::FieldLineTooLong | Refusal::TooManyFieldLines => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            Refusal::UnknownCoding => StatusCode::NOT_IMPLEMENTED,
            Refusal::BodyTooLarge | Refusal::ChunkedOverhead => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Refusal::TlsHandshake => {
                "a TLS handshake, where plain HTTP is spoken: use an http:// URL, or start the server with `.tls()`"
            }
            Refusal::RequestLine => "the request line is not `METHOD TARGET HTTP/1.1`",
            Refusal::Target => {
                "the request target is neither a path, nor a URL, nor `*` with OPTIONS, nor `host:port` with CONNECT"
            }
            Refusal::TargetTooLong => "the request target is longer than the limit",
            Refusal::Version => "the version is not one of HTTP/1",
            Refusal::FoldedField => "a header field is folded: its second line begins with a blank",
            Refusal::BlankBeforeColon => "a header field has a blank before its colon",
            Refusal::BareCr => "the head holds a CR without LF",
            Refusal::FieldName => "the name of a header field is no token",
            Refusal::FieldValue => "the value of a header field holds a control character",
            Refusal::HeadTooLarge => "the head is larger than the limit",
            Refusal::TooManyFields => "the head has more header fields than the limit",
            Refusal::NoHost => "an HTTP/1.1 request needs a Host header field",
            Refusal::BadHost => "the Host header field is there twice, or is no host",
            Refusal::BadLength => "Content-Length is no number, or two of them differ",
            Refusal::LengthAndChunked => "Content-Length and Transfer-Encoding are both there",
            Refusal::ChunkedInHttp10 => "Transfer-Encoding in an HTTP/1.0 request",
            Refusal::NotChunkedLast => "Transfer-Encoding does not end in a single `chunked`",
            Refusal::UnknownCoding => "Transfer-Encoding has a coding other than `chunked`",
            Refusal::BadChunk => "a chunk has no valid size, or does not end where its size says",
            Refusal::ChunkedOverhead => {
                "the chunked body has too many chunks, too long a chunk line or too large a trailer section"
            }
            Refusal::BadTrailer => "a trailer field is malformed",
            Refusal::BodyTooLarge => "the body is larger than the limit (`.max_body(bytes)` of the builder)",
            Refusal::HeadCutShort => "the connection ended inside the head",
            Refusal::BodyCutShort => "the connection ended inside the body",
            Refusal::TooSlow => "the request did not arrive in time (`.read_timeout(time)` of the builder)",
            Refusal::VersionWord => "the last word of the request line is no version",
            Refusal::LaterVersion => "the version is 2.0 or later",
            Refusal::WordCount => "the request line has neither two nor three words",
            Refusal::OldMethod => "the request line has no version, and its method is not GET",
            Refusal::LineTooLong => "the request line is longer than 65536 bytes",
            Refusal::FieldLineTooLong => "a line of the header fields is longer than 65536 bytes",
            Refusal::TooManyFieldLines => "the header fields have more than 100 lines",
        }
    }
}

impl Refusal {
    /// The answer: its reason as text, then the connection closes.
    pub(crate) fn response(self) -> Response {
        let status = self.status();
        let phrase = status.canonical_reason().unwrap_or_default();
        Response::text(format!("{} {phrase}: {self}\n", status.as_str())).with_code(status).close()
    }

    /// The message and the explanation that http.server has for a refused request; without the latter the usual one of
    /// the status. What http.server never refuses has the reason for its message.
    pub(crate) fn http_server_wording(self, request: &Request) -> (String, Option<&'static str>) {
        let line = &*request.head().raw;
        let words = Words::of(line.split(|&byte| byte == b'\n').next().unwrap_or_default());
        let message = match self {
            Refusal::VersionWord => format!("Bad request version ({})", quoted(&latin1(words.last(line)))),
            Refusal::LaterVersion => {
                let version = words.last(line);
                format!("Invalid HTTP version ({})", latin1(version.strip_prefix(b"HTTP/").unwrap_or(version)))
            }
            Refusal::WordCount => format!("Bad request syntax ({})", quoted(&request.request_line())),
            Refusal::OldMethod => format!("Bad HTTP/0.9 request type ({})", quoted(&latin1(words.first(line)))),
            Refusal::LineTooLong => "URI Too Long".to_owned(),
            Refusal::FieldLineTooLong => "Line too long".to_owned(),
            Refusal::TooManyFieldLines => "Too many headers".to_owned(),
            _ => self.text().to_owned(),
        };
        let explanation = match self {
            Refusal::FieldLineTooLong => Some("got more than 65536 bytes when reading header line"),
            Refusal::TooManyFieldLines => Some("got more than 100 headers"),
            _ => None,
        };
        (message, explanation)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
