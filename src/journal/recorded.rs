//! A recorded request, as tests see it.

use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::StatusCode;

use crate::message::delivery::Ended;
use crate::message::field::Field;
use crate::message::request::{Request, shown_body};

use super::record::{Record, Route};
use super::transcript::Transcript;

/// A request in the journal, with what became of it; dereferences to [`Request`]. Clones are the same record.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("POST", "/api", |_| (201, "made"));
/// ureq::post(server.url("/api?dry=1")).header("X-Id", "7").send("{}")?;
///
/// let request = &server.requests()[0];
/// assert_eq!((request.method(), request.path(), request.query("dry")), ("POST", "/api", Some("1")));
/// assert_eq!(request.header("x-id"), Some("7"));
/// assert_eq!(request.body(), b"{}");
/// assert_eq!(request.response_status(), Some(StatusCode::CREATED));
/// assert!(request.raw_head().starts_with(b"POST /api?dry=1 HTTP/1.1\r\n"));
/// # Ok::<(), ureq::Error>(())
/// ```
#[derive(Clone)]
pub struct RecordedRequest {
    record: Arc<Record>,
}

impl RecordedRequest {
    pub(crate) fn new(record: Arc<Record>) -> RecordedRequest {
        RecordedRequest { record }
    }

    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// The bytes of the head as sent: request line, header fields and empty line, with their line ends.
    /// Of a request that could not be parsed: what came of it, 64 KiB at most.
    #[must_use]
    pub fn raw_head(&self) -> &[u8] {
        &self.head().raw
    }

    /// Why it was refused, if it was: malformed, too large or too slow.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.record.refusal.as_deref().copied()
    }

    /// The sizes of its chunks in bytes and in order, without the last, empty one; `None` if it was not chunked.
    #[must_use]
    pub fn chunk_sizes(&self) -> Option<&[usize]> {
        self.chunked().map(|chunked| &*chunked.sizes)
    }

    /// Its trailers, if it was chunked and had some.
    #[must_use]
    pub fn trailers(&self) -> &[Field] {
        self.chunked().map(|chunked| &*chunked.trailers).unwrap_or_default()
    }

    /// The connection it came on, counted from 1 for each server.
    #[must_use]
    pub fn connection(&self) -> usize {
        self.client().map_or(0, |client| client.number)
    }

    /// Its number among the requests of its connection, from 1.
    #[must_use]
    pub fn number_on_connection(&self) -> usize {
        self.record.arrival.number
    }

    /// When its head was complete.
    #[must_use]
    pub fn arrived(&self) -> SystemTime {
        self.record.arrival.at
    }

    /// Who answered it.
    #[must_use]
    pub fn route(&self) -> Route {
        self.record.route
    }

    /// The status it was answered with; `None` while it is not answered, and if a fault or `Response::raw` answered.
    #[must_use]
    pub fn response_status(&self) -> Option<StatusCode> {
        self.record.delivery.status()
    }

    /// How it ended; `None` while it is still under way. Once a client has read the whole response, this is set.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        self.record.delivery.ended()
    }

    /// Every byte that crossed the wire for it so far, in both directions, with times; `None` without
    /// [`Builder::transcript`](crate::Builder::transcript). Once a client has read the whole response, all of it is there. What the
    /// client sent before its time, as requests in a row, belongs to the next exchange; what still comes on a connection that ends belongs to the last.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().transcript(true).start();
    /// server.on("GET", "/", |_| "hello");
    /// ureq::get(server.url("/")).call()?;
    ///
    /// let transcript = server.requests()[0].transcript().unwrap();
    /// assert!(transcript.sent().ends_with(b"\r\n\r\nhello"));
    /// assert!(transcript.to_string().contains("GET / HTTP/1.1␍␊"));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn transcript(&self) -> Option<Transcript> {
        let client = self.client()?;
        let number = self.record.arrival.number;
        // Before the tape is looked at, so that it is not told of an end whose bytes are missing.
        let end = self.shown_end();
        let tape = client.tape.as_ref()?;
        Some(Transcript::new(client.number, number, tape.of_exchange(number), end))
    }

    /// How it ended, for people.
    fn shown_end(&self) -> String {
        match self.ended() {
            None => "still under way".to_owned(),
            Some(Ended::KeptOpen) => "the connection stays open".to_owned(),
            Some(Ended::ClosedByServer) => "the server closes the connection".to_owned(),
            Some(Ended::ClientGone) => "the client was gone before the response was complete".to_owned(),
            Some(Ended::Fault) => "a fault ended it".to_owned(),
            Some(Ended::Refused) => format!("the request was refused: {}", self.refusal().unwrap_or_default()),
            Some(Ended::ServerStopped) => "the server was stopped".to_owned(),
        }
    }

    /// How many bytes of the response were handed to the system, head and chunk framing included, interim responses not.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.record.delivery.sent()
    }
}

// Nothing of it can be seen half-changed, and a test that panicked may well look at what was received.
impl UnwindSafe for RecordedRequest {}
impl RefUnwindSafe for RecordedRequest {}

impl Deref for RecordedRequest {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.record.request
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedRequest")
            .field("method", &self.method())
            .field("target", &self.target())
            .field("headers", &self.headers())
            .field("body", &shown_body(self.body()))
            .field("route", &self.route())
            .field("refusal", &self.refusal())
            .field("response_status", &self.response_status())
            .field("ended", &self.ended())
            .field("connection", &self.connection())
            .finish_non_exhaustive()
    }
}

/// A target as a line can hold it.
pub(crate) fn shown_target(target: &str) -> String {
    const SHOWN: usize = 200;
    match target.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}.. ({} bytes)", &target[..end], target.len()),
        None => target.to_owned(),
    }
}

/// One line, as reports show it: `POST /api 201`.
impl fmt::Display for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.method().is_empty() {
            let first_line = self.raw_head().split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
            let shown: String = String::from_utf8_lossy(first_line).chars().take(80).collect();
            write!(f, "{shown:?}")?;
        } else {
            write!(f, "{} {}", self.method(), shown_target(self.target()))?;
        }
        if let Some(status) = self.response_status() {
            write!(f, " {}", status.as_str())?;
        }
        match (self.refusal(), self.ended()) {
            (Some(refusal), _) => write!(f, " (refused: {refusal})"),
            (None, Some(Ended::Fault)) => f.write_str(" (fault)"),
            (None, Some(Ended::ClientGone)) => f.write_str(" (client gone)"),
            _ => Ok(()),
        }
    }
}

impl From<&RecordedRequest> for http::Request<Bytes> {
    /// The request in the types of `http`. What does not fit them, as a target that is no URI, is left at its default.
    fn from(recorded: &RecordedRequest) -> http::Request<Bytes> {
        let mut request = http::Request::new(recorded.body_bytes());
        if let Ok(method) = http::Method::from_bytes(recorded.head().method()) {
            *request.method_mut() = method;
        }
        if let Ok(uri) = http::Uri::try_from(recorded.head().target()) {
            *request.uri_mut() = uri;
        }
        for (name, value) in recorded.head().fields() {
            let (name, value) = (http::HeaderName::from_bytes(name), http::HeaderValue::from_bytes(value));
            if let (Ok(name), Ok(value)) = (name, value) {
                // `append` panics beyond what a map holds, which the limit on fields keeps far away.
                request.headers_mut().append(name, value);
            }
        }
        request
    }
}
