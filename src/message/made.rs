//! Requests that were not received but made, to be judged by patterns and rules.

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::convert::{IntoBody, IntoFieldValue, IntoMethod, checked_path};
use super::field::is_token;
use super::request::{Content, Head, Request, Span};
use super::target::{Target, position};

/// A request without a server, for [`Pattern::check`](crate::Pattern::check) and [`TestServer::explain`](crate::TestServer::explain).
impl Request {
    /// A request as a client would send it: a method and a path with its query, percent-encoded. `http://host/path`, `*`, and
    /// `host:port` for `CONNECT` do too. It has the fields that are added, no others; an `http::Request` becomes one with `from`.
    ///
    /// # Panics
    ///
    /// If the method is no token, or no request can have such a target.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let request = Request::new("POST", "/login?from=app").with_header("Accept", "text/html").with_body("user=ada");
    /// let verdict = post("/login").query("from", "app").header("accept", contains("json")).check(&request);
    /// assert!(!verdict.fits());
    /// assert!(verdict.to_string().contains(r#"✗ header accept: expected text containing "json", got "text/html""#));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn new(method: impl IntoMethod, target: impl AsRef<str>) -> Request {
        let (method, target) = (method.into_method(), target.as_ref());
        check_target(method.as_str(), target);
        Request::of_parts(written(method.as_str(), target, &[]), Content::default())
    }

    /// The same request with one more header field, behind the others. Blanks around the value do not belong to it.
    ///
    /// # Panics
    ///
    /// If the name is no token, or the value holds CR, LF or NUL.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let request = Request::new("GET", "/").with_header("Cookie", "sid=1").with_header("X-Retry", 2);
    /// assert!(get("/").cookie("sid", "1").header("x-retry", 2).check(&request).fits());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn with_header(self, name: impl AsRef<str>, value: impl IntoFieldValue) -> Request {
        let (name, value) = (name.as_ref(), value.into_field_value());
        assert!(
            is_token(name.as_bytes()),
            "{name:?} is not a header name: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2); the \
             value is the second argument"
        );
        let mut fields: Vec<(&[u8], &[u8])> = self.head().fields().collect();
        fields.push((name.as_bytes(), &value));
        let head = written(self.method(), self.target(), &fields);
        Request::of_parts(head, Content { bytes: self.body_bytes(), chunked: None })
    }

    /// The same request with this body instead of the one it had. Neither `Content-Length` nor `Content-Type` is added.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let request = Request::new("POST", "/users").with_body("Ada");
    /// assert!(post("/users").body("Ada").check(&request).fits());
    /// ```
    #[must_use]
    pub fn with_body(self, body: impl AsRef<[u8]>) -> Request {
        self.with_content(Content { bytes: Bytes::copy_from_slice(body.as_ref()), chunked: None })
    }
}

impl<B: IntoBody> From<http::Request<B>> for Request {
    /// The request as a client would send it; names of fields are in lower case, as `http` keeps them.
    fn from(request: http::Request<B>) -> Request {
        let (parts, body) = request.into_parts();
        let fields: Vec<(&[u8], &[u8])> =
            parts.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect();
        let head = written(parts.method.as_str(), &parts.uri.to_string(), &fields);
        Request::of_parts(head, Content { bytes: body.into_body(), chunked: None })
    }
}

/// The head as it would be sent, and where its parts lie.
fn written(method: &str, target: &str, fields: &[(&[u8], &[u8])]) -> Head {
    let mut raw = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    let (start, end) = (method.len() + 1, method.len() + 1 + target.len());
    let mut spans = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        let name_start = raw.len();
        raw.extend_from_slice(name);
        let name = position(name_start)..position(raw.len());
        raw.extend_from_slice(b": ");
        let value_start = raw.len();
        raw.extend_from_slice(value.trim_ascii());
        spans.push(Span { name, value: position(value_start)..position(raw.len()) });
        raw.extend_from_slice(b"\r\n");
    }
    raw.extend_from_slice(b"\r\n");
    Head {
        method: 0..position(method.len()),
        target: position(start)..position(end),
        parts: Target::locate(target.as_bytes(), start),
        fields: spans.into_boxed_slice(),
        raw: raw.into_boxed_slice(),
    }
}

/// What would end the target, or the line.
const NOT_IN_A_LINE: &AsciiSet = &CONTROLS.add(b' ');

#[track_caller]
fn check_target(method: &str, target: &str) {
    let is_absolute = target.split_once("://").is_some_and(|(scheme, _)| is_token(scheme.as_bytes()));
    if target != "*" && !is_absolute && method != "CONNECT" {
        checked_path(target);
    }
    assert!(
        !target.contains(|sign: char| sign == ' ' || sign.is_ascii_control()),
        "the target {target:?} has a blank or a control character, which no request line can hold: write {:?}",
        utf8_percent_encode(target, NOT_IN_A_LINE).to_string()
    );
    assert!(
        !target.contains('#'),
        "the target {target:?} holds a fragment, which clients never send: leave out what begins with `#`"
    );
    assert!(!target.is_empty(), "a request needs a target: for `CONNECT` write \"host:443\"");
}
