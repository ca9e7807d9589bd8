//! How the end of a body is told: by its length, by chunks, or by the end of the connection (RFC 9112, section 6).

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;

use crate::message::body::Source;
use crate::message::field::has_token;
use crate::message::request::Version;
use crate::message::response::{Response, Style};
use crate::plan::{Left, Step};

use super::super::chunking::Chunking;
use super::super::{Dialect, Exchange};
use super::Circumstances;

/// A body that is about to be sent.
pub(super) enum Content {
    Bytes(Bytes),
    Chunks(Arc<[Bytes]>),
    Source(Box<dyn Source>, Option<u64>),
}

/// What its framing depends on.
#[derive(Clone, Copy)]
pub(super) struct Measure {
    /// `None` if nobody knows yet.
    pub(super) length: Option<u64>,
    /// The author gave it in chunks.
    pub(super) in_chunks: bool,
}

impl Content {
    pub(super) fn measure(&self) -> Measure {
        let length = match self {
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Chunks(chunks) => Some(chunks.iter().map(|chunk| chunk.len() as u64).sum()),
            Content::Source(_, length) => *length,
        };
        Measure { length, in_chunks: matches!(self, Content::Chunks(_)) }
    }

    /// Its steps as they are, without framing.
    pub(super) fn into_steps(self) -> Vec<Step> {
        match self {
            Content::Bytes(bytes) => vec![Step::Bytes(bytes)],
            // One that is empty would be the last.
            Content::Chunks(chunks) => {
                chunks.iter().filter(|chunk| !chunk.is_empty()).cloned().map(Step::Bytes).collect()
            }
            Content::Source(source, length) => {
                vec![Step::Source { source, left: length.map_or(Left::All, Left::Exactly), pause: None }]
            }
        }
    }

    /// Its steps in chunks, each step one, but that one ends at the border. What has no length yet is cut as it comes.
    pub(super) fn into_chunks(self, border: Option<u64>, last_chunk: &[u8]) -> Vec<Step> {
        let mut framed = Vec::new();
        let mut frame = |step: Step, length: u64| {
            if length > 0 {
                framed.push(Step::Framing(Bytes::from(format!("{length:x}\r\n"))));
                framed.push(step);
                framed.push(Step::Framing(Bytes::from_static(b"\r\n")));
            }
        };
        match self {
            Content::Source(source, None) => {
                let source = Box::new(Chunking::new(source, border));
                framed.push(Step::Source { source, left: Left::All, pause: None });
            }
            content => {
                let mut until_border = border.unwrap_or(0);
                for step in content.into_steps() {
                    let length = step.body_length().unwrap_or(0);
                    if (1..length).contains(&until_border) {
                        let (first, second) = step.cut(until_border);
                        frame(first, until_border);
                        frame(second, length - until_border);
                    } else {
                        frame(step, length);
                    }
                    until_border = until_border.saturating_sub(length);
                }
            }
        }
        framed.push(Step::Framing(Bytes::copy_from_slice(last_chunk)));
        framed
    }
}

/// The last chunk, with the trailers.
pub(super) fn last_chunk(response: &Response) -> Vec<u8> {
    let trailers = response.trailers().map_or(&[][..], |trailers| trailers.as_bytes());
    [b"0\r\n", trailers, b"\r\n"].concat()
}

fn has_trailers(response: &Response) -> bool {
    response.trailers().is_some_and(|trailers| !trailers.as_bytes().is_empty())
}

#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "what was decided, each by itself")]
pub(super) struct Framing {
    pub(super) sends_body: bool,
    pub(super) coding: Coding,
    /// The server says so, because the author did not.
    pub(super) adds_coding: bool,
    /// The fields `Trailer` and the trailers are sent.
    pub(super) has_trailers: bool,
    pub(super) closes: bool,
}

/// How the body is coded; beside a coding no length is added.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Absent,
    Chunked,
    /// One of the author's that is not applied, or one that the client does not know.
    Opaque,
}

impl Framing {
    /// `in_chunks`: a fault wants them.
    pub(super) fn decide(
        response: &Response,
        body: Measure,
        circumstances: Circumstances<'_>,
        in_chunks: bool,
    ) -> Framing {
        let Circumstances { exchange, dialect, protocol, keep_alive, .. } = circumstances;
        let bodiless = is_bodiless(response.status, exchange);
        let mut framing = Framing {
            sends_body: !bodiless && !exchange.head_only,
            coding: Coding::Absent,
            adds_coding: false,
            has_trailers: false,
            closes: response.close || !exchange.persistent || !keep_alive || protocol == Version::Http10,
        };
        let is_keeper = |value: &[u8]| dialect == Dialect::HttpServer && value.eq_ignore_ascii_case(b"keep-alive");
        // Only a response of the mock's style is given the length that it lacks, if it is known.
        let is_given_length =
            response.style == Style::Mock && !response.omits("content-length") && body.length.is_some();
        // A length other than the true one was set on purpose; the next response would begin in the wrong place.
        let is_true = |value: &[u8]| std::str::from_utf8(value).is_ok_and(|text| text.parse().ok() == body.length);
        let (mut has_length, mut lies) = (false, false);
        if !response.fields.is_preset() {
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
        }
        let mut delimited = matches!(framing.coding, Coding::Chunked);
        if !bodiless && framing.wants_chunks(response, body, circumstances, has_length) || in_chunks {
            framing.adds_coding = framing.coding == Coding::Absent && !bodiless && !response.omits("transfer-encoding");
            // Under a coding that says otherwise, too: the author wants both.
            framing.coding = Coding::Chunked;
            delimited |= framing.adds_coding;
        }
        if matches!(framing.coding, Coding::Absent) {
            delimited = has_length || is_given_length;
        }
        let is_chunked = matches!(framing.coding, Coding::Chunked);
        framing.has_trailers = is_chunked && !bodiless && has_trailers(response);
        // Who gets both a length and chunks may go by either (RFC 9112, section 6.1).
        let is_ambiguous = is_chunked && has_length;
        framing.closes |= framing.sends_body && (lies || is_ambiguous || !delimited);
        framing
    }

    /// Whether the body is sent in chunks although nothing goes wrong: the client has to know them.
    fn wants_chunks(
        self,
        response: &Response,
        body: Measure,
        circumstances: Circumstances<'_>,
        has_length: bool,
    ) -> bool {
        let is_wanted = match body {
            Measure { in_chunks: true, .. } => true,
            Measure { length: Some(_), .. } => has_trailers(response),
            Measure { length: None, .. } => {
                // Of a stream the author may say otherwise.
                let is_free = self.coding == Coding::Absent && !has_length && !response.omits("transfer-encoding");
                response.style == Style::Mock && is_free || has_trailers(response)
            }
        };
        is_wanted && circumstances.exchange.http11 && circumstances.protocol == Version::Http11
    }
}

/// 1xx, 204 and 304 end with their head, and so does a 2xx that opens a tunnel (RFC 9112, section 6.3).
pub(super) fn is_bodiless(status: StatusCode, exchange: Exchange) -> bool {
    // By its number: asking it what it is costs a microsecond where nothing is optimised.
    matches!(status.as_u16(), 100..=199 | 204 | 304) || exchange.tunnels && status.is_success()
}
