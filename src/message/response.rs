//! A response as a handler builds it.

mod breaking;
mod rare;
mod streaming;
mod timing;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use parking_lot::Mutex;

use super::body::{Body, Source};
use super::convert::{IntoFieldValue, IntoStatus, checked_bytes, checked_name};
use super::field::Field;
use super::field_block::FieldBlock;

pub(crate) use rare::Failing;
use rare::Rare;

/// A response. Header fields go out exactly as given: order, spelling, duplicates. May be sent many times.
///
/// After them the server adds `Date`, `Content-Length` and, where the connection ends, `Connection: close`, each
/// unless it is there already or [left out](Response::without_header) on purpose.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |_| {
///     Response::text("hello").status(203).header("X-Request-ID", "7").append_header("Set-Cookie", "a=1")
/// });
/// let answer = ureq::get(server.url("/")).call()?;
/// assert_eq!(answer.status(), 203);
/// assert_eq!(answer.headers()["x-request-id"], "7");
/// # Ok::<(), ureq::Error>(())
/// ```
#[must_use = "a response is sent only if the handler returns it"]
#[derive(Clone)]
pub struct Response {
    pub(crate) status: StatusCode,
    pub(crate) style: Style,
    pub(crate) close: bool,
    pub(crate) fields: FieldBlock,
    pub(crate) body: Body,
    /// Apart, so that the others are cheap to hand around.
    pub(super) rare: Option<Box<Rare>>,
}

/// Who decides which fields a response has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// The author's fields, then what framing needs.
    Mock,
    /// `Server` and `Date`, then the given fields and no others: http.server's order.
    HttpServer,
    /// The same without the empty line after the head: the body is the rest of the head, and what follows it.
    Script,
    /// The body is the response, head included.
    Raw,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fault) = self.stands_for() {
            return write!(f, "Response({})", fault.in_code());
        }
        let fields: Vec<Field> = self.fields.iter().map(|(name, value)| Field::new(name, value)).collect();
        let mut shown = f.debug_struct("Response");
        shown.field("status", &self.status.as_u16()).field("headers", &fields);
        shown.field("body", &self.body);
        if let Some(rare) = self.rare.as_ref().filter(|rare| !rare.shapes.is_empty()) {
            shown.field("shapes", &rare.shapes);
        }
        shown.finish_non_exhaustive()
    }
}

const TEXT: FieldBlock = FieldBlock::preset("Content-Type: text/plain; charset=utf-8\r\n");
const HTML: FieldBlock = FieldBlock::preset("Content-Type: text/html; charset=utf-8\r\n");
#[cfg(feature = "json")]
const JSON: FieldBlock = FieldBlock::preset("Content-Type: application/json\r\n");
pub(crate) const OCTETS: FieldBlock = FieldBlock::preset("Content-Type: application/octet-stream\r\n");

impl Response {
    fn with_status(status: StatusCode, body: Bytes) -> Response {
        Response {
            status,
            style: Style::Mock,
            close: false,
            fields: FieldBlock::default(),
            body: Body::Bytes(body),
            rare: None,
        }
    }

    /// 200 with a line that says what the body is.
    pub(crate) fn typed(content_type: FieldBlock, body: Bytes) -> Response {
        Response { fields: content_type, ..Response::with_status(StatusCode::OK, body) }
    }

    /// An empty response with a status, 100 to 999; [`status`](Response::status) changes it later. An interim one (100 to 199) is
    /// sent as it is, and clients go on waiting; 204, 304 and interim ones are sent without a body, whatever they were given.
    ///
    /// # Panics
    ///
    /// If the status is out of range.
    #[track_caller]
    pub fn new(status: impl IntoStatus) -> Response {
        Response::with_status(status.into_status(), Bytes::new())
    }

    /// 200, `text/plain; charset=utf-8`.
    pub fn text(body: impl Into<String>) -> Response {
        Response::typed(TEXT, Bytes::from(body.into()))
    }

    /// The same of a text that is borrowed; in one step, because handlers return many.
    pub(crate) fn copied_text(body: &str) -> Response {
        Response::typed(TEXT, Bytes::copy_from_slice(body.as_bytes()))
    }

    /// 200, `text/html; charset=utf-8`.
    pub fn html(body: impl Into<String>) -> Response {
        Response::typed(HTML, Bytes::from(body.into()))
    }

    /// 200, `application/json`; a value or a reference to one. A float that is NaN or infinite becomes `null`, as JSON has
    /// neither.
    ///
    /// # Panics
    ///
    /// If the value cannot be written as JSON (a map whose keys are no strings, say).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/users", |_| Response::json(["ada", "grace"]));
    /// let mut answer = ureq::get(server.url("/users")).call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, r#"["ada","grace"]"#);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[cfg(feature = "json")]
    #[track_caller]
    pub fn json(value: impl serde_core::Serialize) -> Response {
        match serde_json::to_vec(&value) {
            Ok(json) => Response::typed(JSON, Bytes::from(json)),
            Err(error) => panic!("this value cannot be written as JSON: {error}"),
        }
    }

    /// 200, `application/octet-stream`.
    pub fn bytes(body: impl AsRef<[u8]>) -> Response {
        Response::typed(OCTETS, Bytes::copy_from_slice(body.as_ref()))
    }

    /// 200, a file with the content type of its name. It is opened when the response is sent, and streamed: a file that
    /// cannot be opened then answers 500 and fails the test. A relative path is resolved now, against the current directory.
    ///
    /// # Panics
    ///
    /// If the current directory cannot be found out, for a relative path.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/manifest", |_| Response::file("Cargo.toml"));
    /// let answer = ureq::get(server.url("/manifest")).call()?;
    /// assert_eq!(answer.headers()["content-type"], "application/toml");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn file(path: impl AsRef<Path>) -> Response {
        let path = path.as_ref();
        match std::path::absolute(path) {
            Ok(path) => Response { body: Body::File(path), ..Response::new(200) },
            Err(error) => panic!("cannot tell where the file {} is: {error}", path.display()),
        }
    }

    /// 302 to a location, sent as given.
    ///
    /// # Panics
    ///
    /// If the location is empty, or holds CR, LF or NUL.
    #[track_caller]
    pub fn redirect(location: impl AsRef<str>) -> Response {
        let location = location.as_ref();
        assert!(!location.is_empty(), "a redirect leads somewhere: write a path such as \"/\", or a URL");
        Response::new(302).header("Location", location)
    }

    /// Exactly these bytes instead of a response, then the connection closes.
    ///
    /// Status, header fields, trailers and the like that are set on it are not sent. Waits, gates and faults happen: all of its
    /// bytes count as body, and a place in the head counts them too, from the first. [Interim responses](Response::informational)
    /// go first.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"));
    /// let mut answer = ureq::get(server.url("/")).call()?;
    /// assert!(answer.body_mut().read_to_string().is_err());
    /// # Ok::<(), ureq::Error>(())
    /// ```
    pub fn raw(bytes: impl AsRef<[u8]>) -> Response {
        let body = Bytes::copy_from_slice(bytes.as_ref());
        Response { style: Style::Raw, close: true, ..Response::with_status(StatusCode::OK, body) }
    }

    /// The status code, 100 to 999.
    ///
    /// # Panics
    ///
    /// If it is out of range.
    #[track_caller]
    pub fn status(mut self, status: impl IntoStatus) -> Response {
        self.status = status.into_status();
        self
    }

    /// The reason phrase, in place of the standard one.
    ///
    /// # Panics
    ///
    /// If it holds CR, LF or NUL.
    #[track_caller]
    pub fn reason(mut self, phrase: impl AsRef<str>) -> Response {
        self.rare().reason = Some(checked_bytes("the reason phrase", phrase.as_ref().to_owned().into()));
        self
    }

    /// Sets a header field, spelled as given. Every field of that name, in any case, makes way for it; it takes the
    /// place of the first.
    ///
    /// What the server would add by itself makes way too. A `Content-Length` goes out as given: if it is not the true one, the
    /// whole body follows all the same, and the connection closes. `Transfer-Encoding: chunked` is applied to the body.
    ///
    /// # Panics
    ///
    /// If the name is no token, or the value holds CR, LF or NUL.
    #[track_caller]
    pub fn header(mut self, name: impl AsRef<str>, value: impl IntoFieldValue) -> Response {
        let value = value.into_field_value();
        self.fields.set(checked_name(name.as_ref()), &value);
        self
    }

    /// Adds a header field, whatever is there already.
    ///
    /// # Panics
    ///
    /// If the name is no token, or the value holds CR, LF or NUL.
    #[track_caller]
    pub fn append_header(mut self, name: impl AsRef<str>, value: impl IntoFieldValue) -> Response {
        let value = value.into_field_value();
        self.fields.push(checked_name(name.as_ref()), &value);
        self
    }

    /// Leaves out a header field: one that is set, and one that the server would add (`Date`, `Content-Length`,
    /// `Connection`). Without `Content-Length` the response ends with the connection.
    ///
    /// # Panics
    ///
    /// If the name is no token.
    #[track_caller]
    pub fn without_header(mut self, name: impl AsRef<str>) -> Response {
        let name = checked_name(name.as_ref());
        self.fields.remove(name);
        self.rare().omitted.push(Bytes::copy_from_slice(name));
        self
    }

    /// The body; status and header fields stay.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Response {
        self.body = Body::Bytes(Bytes::copy_from_slice(body.as_ref()));
        self
    }

    /// Closes the connection after it, and says so with `Connection: close`. RFC 9112, section 9.6.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::text("hello").close());
    /// assert_eq!(ureq::get(server.url("/")).call()?.headers()["connection"], "close");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    pub fn close(mut self) -> Response {
        self.close = true;
        self
    }

    pub(crate) fn with_code(mut self, status: StatusCode) -> Response {
        self.status = status;
        self
    }

    /// A response in http.server's style: a status line with this reason (ISO-8859-1), `Server` and `Date`, then just
    /// the fields that are added here.
    pub(crate) fn plain(status: u16, reason: impl Into<Bytes>) -> Response {
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response { style: Style::HttpServer, ..Response::with_status(code, Bytes::new()) };
        response.rare().reason = Some(reason.into());
        response
    }

    /// What the output of a CGI script follows.
    pub(crate) fn of_script() -> Response {
        Response { style: Style::Script, ..Response::plain(200, "Script output follows") }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Response {
        self.fields.push(name.as_bytes(), value.as_ref());
        self
    }

    pub(crate) fn with_bytes(mut self, body: Bytes) -> Response {
        self.body = Body::Bytes(body);
        self
    }

    pub(crate) fn with_source(mut self, source: Box<dyn Source>, length: Option<u64>) -> Response {
        self.body = Body::Opened { source: Arc::new(Mutex::new(Some(source))), length };
        self
    }

    /// Whether its bytes are sent as they stand, so that nobody knows its status.
    pub(crate) fn is_raw(&self) -> bool {
        self.style == Style::Raw
    }
}

// It never changes once it is made, and its closures are run where their panics are caught.
impl UnwindSafe for Response {}
impl RefUnwindSafe for Response {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::message::fault::Fault;

    #[test]
    fn a_response_is_shown_as_people_read_it() {
        let shown = format!("{:?}", Response::text("hi").status(201).header("A", "b"));
        assert_eq!(
            shown,
            r#"Response { status: 201, headers: [Content-Type: text/plain; charset=utf-8, A: b], body: "hi", .. }"#
        );
        let shown = format!("{:?}", Response::new(204).delay(Duration::from_millis(5)).cut_after(0, Fault::Reset));
        let shapes = "[Delay(5ms), FaultAt(FaultAt { fault: Reset, stage: Body(0), chance: Always })]";
        assert_eq!(shown, format!(r#"Response {{ status: 204, headers: [], body: "", shapes: {shapes}, .. }}"#));
        assert_eq!(format!("{:?}", Response::with_fault(Fault::Reset.every(2))), "Response(Fault::Reset.every(2))");
    }
}
