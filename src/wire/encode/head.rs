//! The head of a response: status line and fields.

use http::StatusCode;

use crate::message::request::Version;
use crate::message::response::Response;

use super::super::Dialect;
use super::Circumstances;
use super::framing::{Coding, Framing, is_bodiless};

pub(super) fn status_line(head: &mut HeadWriter, response: &Response, protocol: Version) {
    if let Some(line) = response.given_status_line() {
        head.put(line);
        return head.put(b"\r\n");
    }
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
pub(super) fn server_and_date(head: &mut HeadWriter, response: &Response, circumstances: Circumstances<'_>) {
    if !response.omits("server") {
        head.put(circumstances.server_line);
    }
    if !response.omits("date") {
        head.put(circumstances.date_line.as_bytes());
    }
}

/// The author's fields, then those that are missing.
pub(super) fn mock_fields(
    head: &mut HeadWriter,
    response: &Response,
    length: Option<u64>,
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
    let adds_length =
        if has_length || is_bodiless(response.status, circumstances.exchange) || response.omits("content-length") {
            None
        } else {
            length
        };
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
    if let Some(length) = adds_length {
        head.put(b"Content-Length: ");
        head.put_number(length);
        head.put(b"\r\n");
    }
    head.coding(response, framing);
    if adds_connection && framing.closes {
        head.put(b"Connection: close\r\n");
    } else if adds_connection && !circumstances.exchange.http11 {
        // A client of HTTP/1.0 closes unless it is told that the connection stays.
        head.put(b"Connection: keep-alive\r\n");
    }
}

/// Puts a head together. `Vec::extend_from_slice` does the same, at three times the cost where nothing is optimised.
#[derive(Debug, Default)]
pub(crate) struct HeadWriter {
    bytes: Vec<u8>,
    length: usize,
}

impl HeadWriter {
    /// Room for what stands in every head, and so much more.
    pub(super) fn with_room(more: usize) -> HeadWriter {
        HeadWriter { bytes: vec![0; 256 + more], length: 0 }
    }

    /// Begins anew, in the room that is there.
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
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

    /// How the body is coded, if the author did not say.
    pub(super) fn coding(&mut self, response: &Response, framing: Framing) {
        if framing.adds_coding {
            self.put(b"Transfer-Encoding: chunked\r\n");
        }
        if !framing.has_trailers || response.omits("trailer") || response.fields.get("trailer").is_some() {
            return;
        }
        let Some(trailers) = response.trailers() else { return };
        let mut names: Vec<&[u8]> = Vec::new();
        for (name, _) in trailers.iter() {
            if !names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        self.put(b"Trailer: ");
        self.put(&names.join(&b", "[..]));
        self.put(b"\r\n");
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }
}
