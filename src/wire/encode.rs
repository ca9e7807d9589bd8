//! From a response to a plan: status line, fields, framing (RFC 9112, sections 4 to 7).

use bytes::Bytes;
use http::StatusCode;

use crate::message::body::Body;
use crate::message::field::has_token;
use crate::message::request::Version;
use crate::message::response::{Response, Style};
use crate::plan::{End, Plan, Step};

use super::{Dialect, Exchange};

/// What tells a client that waits for leave to send its body to go on (RFC 9110, section 15.2.1).
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A body of at most so many bytes is copied behind the head, and so goes out in the same write.
const SMALL_BODY: usize = 16 << 10;

/// What the encoder knows beside the response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) exchange: Exchange,
    pub(crate) dialect: Dialect,
    /// The version of status lines; with HTTP/1.0 each response is the last.
    pub(crate) protocol: Version,
    /// The server keeps connections.
    pub(crate) keep_alive: bool,
    /// The field `Server` with its line end, or nothing: what http.server names itself.
    pub(crate) server_line: &'a [u8],
    /// The field `Date` with its line end.
    pub(crate) date_line: &'a str,
}

/// The plan of a response. A file must have been opened before: one that was not is sent as nothing.
pub(crate) fn plan(mut response: Response, circumstances: Circumstances<'_>) -> Plan {
    if let Some(fault) = response.stands_for() {
        return Plan::fault(fault);
    }
    let body = match std::mem::replace(&mut response.body, Body::Bytes(Bytes::new())) {
        Body::Bytes(bytes) => Content::Bytes(bytes),
        Body::Opened { source, length } => match source.lock().take() {
            Some(source) => Content::Source(source, length),
            None => Content::Bytes(Bytes::new()),
        },
        Body::File(_) => Content::Bytes(Bytes::new()),
    };
    if response.style == Style::Raw {
        let Content::Bytes(bytes) = body else { return Plan::nothing(End::Close) };
        return Plan::one(Step::Bytes(bytes), End::Close);
    }

    if circumstances.exchange.bare {
        // HEAD does not suppress what a script writes.
        let sends_body = response.style == Style::Script
            || !is_bodiless(response.status, circumstances.exchange) && !circumstances.exchange.head_only;
        return Plan::new(sends_body.then(|| body.into_step()), End::Close);
    }
    if response.style == Style::Script {
        let mut head = HeadWriter::with_room(0);
        status_line(&mut head, &response, circumstances.protocol);
        server_and_date(&mut head, &response, circumstances);
        return Plan::new([Step::Head(head.finish()), body.into_step()], End::Close);
    }

    let framing = Framing::decide(&response, &body, circumstances);
    let small_body = match &body {
        Content::Bytes(bytes)
            if framing.sends_body && framing.coding != Coding::Chunked && bytes.len() <= SMALL_BODY =>
        {
            bytes.len()
        }
        _ => 0,
    };
    let mut head = HeadWriter::with_room(response.fields.as_bytes().len() + small_body);
    status_line(&mut head, &response, circumstances.protocol);
    if response.style == Style::HttpServer {
        server_and_date(&mut head, &response, circumstances);
        head.put(response.fields.as_bytes());
    } else {
        mock_fields(&mut head, &response, &body, framing, circumstances);
    }
    head.put(b"\r\n");

    let end = if framing.closes { End::Close } else { End::Keep };
    if !framing.sends_body {
        return Plan::one(Step::Head(head.finish()), end);
    }
    match body {
        body if framing.coding == Coding::Chunked => {
            // One chunk, whatever the length: it goes out under a length that is known.
            let (size, last): (_, &'static [u8]) = match body.length().unwrap_or_default() {
                0 => (String::new(), b"0\r\n\r\n"),
                length => (format!("{length:x}\r\n"), b"\r\n0\r\n\r\n"),
            };
            head.put(size.as_bytes());
            Plan::new([Step::Head(head.finish()), body.into_step(), Step::Bytes(Bytes::from_static(last))], end)
        }
        Content::Bytes(bytes) if bytes.len() <= SMALL_BODY => {
            head.put(&bytes);
            Plan::one(Step::Head(head.finish()), end)
        }
        body => Plan::new([Step::Head(head.finish()), body.into_step()], end),
    }
}

enum Content {
    Bytes(Bytes),
    Source(Box<dyn crate::message::body::Source>, Option<u64>),
}

impl Content {
    fn length(&self) -> Option<u64> {
        match self {
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Source(_, length) => *length,
        }
    }

    fn into_step(self) -> Step {
        match self {
            Content::Bytes(bytes) => Step::Bytes(bytes),
            Content::Source(source, left) => Step::Source { source, left },
        }
    }
}

#[derive(Clone, Copy)]
struct Framing {
    sends_body: bool,
    coding: Coding,
    closes: bool,
}

/// What the author's `Transfer-Encoding` asks for; beside one no length is added.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Absent,
    Chunked,
    /// One that is not applied, or one that the client does not know.
    Opaque,
}

impl Framing {
    fn decide(response: &Response, body: &Content, circumstances: Circumstances<'_>) -> Framing {
        let Circumstances { exchange, dialect, protocol, keep_alive, .. } = circumstances;
        let bodiless = is_bodiless(response.status, exchange);
        let mut framing = Framing {
            sends_body: !bodiless && !exchange.head_only,
            coding: Coding::Absent,
            closes: response.close || !exchange.persistent || !keep_alive || protocol == Version::Http10,
        };
        let is_keeper = |value: &[u8]| dialect == Dialect::HttpServer && value.eq_ignore_ascii_case(b"keep-alive");
        // Only a response of the mock's style is given the length that it lacks, if it is known.
        let is_given_length =
            response.style == Style::Mock && !response.omits("content-length") && body.length().is_some();
        if response.fields.is_preset() {
            framing.closes |= framing.sends_body && !is_given_length;
            return framing;
        }
        // A length other than the true one was set on purpose; the next response would begin in the wrong place.
        let is_true = |value: &[u8]| std::str::from_utf8(value).is_ok_and(|text| text.parse().ok() == body.length());
        let (mut has_length, mut lies) = (false, false);
        for (name, value) in response.fields.iter() {
            // By length first, for tests run without optimisation.
            match name.len() {
                // http.server's handlers keep a connection by saying so.
                10 if name.eq_ignore_ascii_case(b"connection") && is_keeper(value) => {
                    framing.closes = response.close || !keep_alive;
                }
                10 if name.eq_ignore_ascii_case(b"connection") => framing.closes |= has_token(value, "close"),
                14 if name.eq_ignore_ascii_case(b"content-length") => {
                    (has_length, lies) = (true, lies || !is_true(value));
                }
                17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                    let is_chunked =
                        framing.coding == Coding::Chunked || has_token(value, "chunked") && exchange.http11;
                    framing.coding = if is_chunked { Coding::Chunked } else { Coding::Opaque };
                }
                _ => {}
            }
        }
        let delimited = match framing.coding {
            Coding::Absent => has_length || is_given_length,
            Coding::Chunked => true,
            Coding::Opaque => false,
        };
        framing.closes |= framing.sends_body && (lies || !delimited);
        framing
    }
}

/// 1xx, 204 and 304 end with their head, and so does a 2xx that opens a tunnel (RFC 9112, section 6.3).
fn is_bodiless(status: StatusCode, exchange: Exchange) -> bool {
    status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED
        || exchange.tunnels && status.is_success()
}

fn status_line(head: &mut HeadWriter, response: &Response, protocol: Version) {
    if response.status == StatusCode::OK && response.reason_phrase().is_none() && protocol == Version::Http11 {
        return head.put(b"HTTP/1.1 200 OK\r\n");
    }
    head.put(if protocol == Version::Http10 { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
    head.put(response.status.as_str().as_bytes());
    head.put(b" ");
    match response.reason_phrase() {
        Some(reason) => head.put(reason),
        None => head.put(response.status.canonical_reason().unwrap_or_default().as_bytes()),
    }
    head.put(b"\r\n");
}

/// What http.server's answers begin with.
fn server_and_date(head: &mut HeadWriter, response: &Response, circumstances: Circumstances<'_>) {
    if !response.omits("server") {
        head.put(circumstances.server_line);
    }
    if !response.omits("date") {
        head.put(circumstances.date_line.as_bytes());
    }
}

/// The author's fields, then those that are missing.
fn mock_fields(
    head: &mut HeadWriter,
    response: &Response,
    body: &Content,
    framing: Framing,
    circumstances: Circumstances<'_>,
) {
    let (mut has_date, mut has_length, mut has_connection) = (false, framing.coding != Coding::Absent, false);
    let mut has_server = false;
    if !response.fields.is_preset() {
        for (name, _) in response.fields.iter() {
            match name.len() {
                4 => has_date |= name.eq_ignore_ascii_case(b"date"),
                6 => has_server |= name.eq_ignore_ascii_case(b"server"),
                10 => has_connection |= name.eq_ignore_ascii_case(b"connection"),
                14 => has_length |= name.eq_ignore_ascii_case(b"content-length"),
                _ => {}
            }
        }
    }
    let is_http_server = circumstances.dialect == Dialect::HttpServer;
    let adds_server = is_http_server && !has_server && !response.omits("server");
    let adds_date = !has_date && !response.omits("date");
    let adds_length = !has_length
        && body.length().is_some()
        && !is_bodiless(response.status, circumstances.exchange)
        && !response.omits("content-length");
    // http.server says nothing of connections that end by themselves.
    let adds_connection = !has_connection && !response.omits("connection") && (!is_http_server || response.close);

    if adds_server {
        head.put(circumstances.server_line);
    }
    if adds_date && is_http_server {
        head.put(circumstances.date_line.as_bytes());
    }
    head.put(response.fields.as_bytes());
    if adds_date && !is_http_server {
        head.put(circumstances.date_line.as_bytes());
    }
    if adds_length {
        head.put(b"Content-Length: ");
        head.put_number(body.length().unwrap_or_default());
        head.put(b"\r\n");
    }
    if adds_connection && framing.closes {
        head.put(b"Connection: close\r\n");
    } else if adds_connection && !circumstances.exchange.http11 {
        // A client of HTTP/1.0 closes unless it is told that the connection stays.
        head.put(b"Connection: keep-alive\r\n");
    }
}

/// Puts a head together. `Vec::extend_from_slice` does the same, at three times the cost where nothing is optimised.
struct HeadWriter {
    bytes: Vec<u8>,
    length: usize,
}

impl HeadWriter {
    /// Room for what stands in every head, and so much more.
    fn with_room(more: usize) -> HeadWriter {
        HeadWriter { bytes: vec![0; 256 + more], length: 0 }
    }

    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if end > self.bytes.len() {
            self.bytes.resize(end + 256, 0);
        }
        self.bytes[self.length..end].copy_from_slice(bytes);
        self.length = end;
    }

    /// Without `format!`, which costs a microsecond where nothing is optimised.
    fn put_number(&mut self, mut number: u64) {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.put(&digits[at..]);
    }

    fn finish(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }
}
