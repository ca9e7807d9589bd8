//! From a response to a plan: status line, fields, framing (RFC 9112, sections 4 to 7).

mod framing;
mod head;

use bytes::Bytes;

use crate::message::body::Body;
use crate::message::fault::{Fault, Stage};
use crate::message::request::Version;
use crate::message::response::{Response, Style};
use crate::message::shape::Shape;
use crate::plan::{End, Plan, Step, broken_chunks};

use super::{Dialect, Exchange};
use framing::{Coding, Content, Framing, Measure, is_bodiless};
pub(crate) use head::HeadWriter;
use head::{mock_fields, server_and_date, status_line};

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
    /// What goes wrong beside what the response itself wishes for.
    pub(crate) strike: Option<(Stage, &'a Fault)>,
}

/// The plan of a response, its wishes applied. A file must have been opened before: one that was not is sent as nothing.
pub(crate) fn plan(mut response: Response, circumstances: Circumstances<'_>) -> Plan {
    if response.is_plain() && circumstances.strike.is_none() {
        return simple(response, circumstances, false, None);
    }
    let mut shapes = response.shapes_mut().map(std::mem::take).unwrap_or_default();
    if let Some((stage, fault)) = circumstances.strike {
        shapes.push(Shape::Break(stage, fault.clone()));
    }
    if let Some(fault) = response.stands_for() {
        return Plan::fault(&fault.fault).shaped(&shapes);
    }
    let mut interims = Vec::new();
    // Clients of HTTP/1.0 do not know them (RFC 9110, section 15.2).
    if circumstances.exchange.http11 && !circumstances.exchange.bare {
        interims.extend(response.interims().iter().cloned().map(Step::Interim));
    }
    let mut plan = simple(response, circumstances, !shapes.is_empty(), broken_chunks(&shapes)).shaped(&shapes);
    for interim in interims.into_iter().rev() {
        plan.steps.push_front(interim);
    }
    plan
}

/// The plan of a response without its wishes. `is_apart`: head and body are separate steps. `border`: the body is sent in
/// chunks, whatever the client knows, and behind so many bytes one of them ends.
fn simple(mut response: Response, circumstances: Circumstances<'_>, is_apart: bool, border: Option<u64>) -> Plan {
    let body = match std::mem::replace(&mut response.body, Body::Bytes(Bytes::new())) {
        Body::Bytes(bytes) => Content::Bytes(bytes),
        Body::Opened { source, length } => match source.lock().take() {
            Some(source) => Content::Source(source, length),
            None => Content::Bytes(Bytes::new()),
        },
        Body::Chunks(chunks) => Content::Chunks(chunks),
        // Whoever opens it makes it a source.
        Body::File(_) | Body::Stream(_) => Content::Bytes(Bytes::new()),
    };
    if response.style == Style::Raw {
        return Plan::new(body.into_steps(), End::Close);
    }

    if circumstances.exchange.bare {
        // HEAD does not suppress what a script writes.
        let sends_body = response.style == Style::Script
            || !is_bodiless(response.status, circumstances.exchange) && !circumstances.exchange.head_only;
        return Plan::new(if sends_body { body.into_steps() } else { Vec::new() }, End::Close);
    }
    if response.style == Style::Script {
        let mut head = HeadWriter::with_room(0);
        status_line(&mut head, &response, circumstances.protocol);
        server_and_date(&mut head, &response, circumstances);
        return with_head(head, body.into_steps(), End::Close);
    }

    if border.is_some() && response.style == Style::HttpServer {
        // It is the server's own, and would be no wish of anybody's.
        response.fields.remove(b"content-length");
    }
    let measure = body.measure();
    let framing = Framing::decide(&response, measure, circumstances, border.is_some());
    let small_body = match &body {
        Content::Bytes(bytes)
            if framing.sends_body && framing.coding != Coding::Chunked && bytes.len() <= SMALL_BODY && !is_apart =>
        {
            Some(bytes)
        }
        _ => None,
    };
    let room = response.fields.as_bytes().len() + small_body.map_or(0, Bytes::len);
    let mut head = HeadWriter::with_room(room);
    put_head(&mut head, &response, measure, framing, circumstances);

    let end = if framing.closes { End::Close } else { End::Keep };
    if let Some(bytes) = small_body {
        head.put(bytes);
    } else if framing.sends_body {
        let steps = match framing.coding {
            Coding::Chunked => body.into_chunks(border, &framing::last_chunk(&response)),
            Coding::Absent | Coding::Opaque => body.into_steps(),
        };
        return with_head(head, steps, end);
    }
    Plan::one(Step::Head(head.finish()), end)
}

/// The response in one piece, if it is a plain one with a small body, as nearly all are: head and body stand in the writer
/// afterwards.
pub(crate) fn whole(response: &Response, circumstances: Circumstances<'_>, writer: &mut HeadWriter) -> Option<End> {
    let Body::Bytes(bytes) = &response.body else { return None };
    let is_odd = !response.is_plain()
        || matches!(response.style, Style::Script | Style::Raw)
        || circumstances.strike.is_some()
        || circumstances.exchange.bare
        || bytes.len() > SMALL_BODY
        || response.fields.as_bytes().len() > SMALL_BODY;
    if is_odd {
        return None;
    }
    let measure = Measure { length: Some(bytes.len() as u64), in_chunks: false };
    let framing = Framing::decide(response, measure, circumstances, false);
    if framing.coding == Coding::Chunked {
        return None;
    }
    writer.clear();
    put_head(writer, response, measure, framing, circumstances);
    if framing.sends_body {
        writer.put(bytes);
    }
    Some(if framing.closes { End::Close } else { End::Keep })
}

/// Status line and fields, up to the empty line.
fn put_head(
    head: &mut HeadWriter,
    response: &Response,
    body: Measure,
    framing: Framing,
    circumstances: Circumstances<'_>,
) {
    status_line(head, response, circumstances.protocol);
    if response.style == Style::HttpServer {
        server_and_date(head, response, circumstances);
        head.put(response.fields.as_bytes());
        head.coding(response, framing);
    } else {
        mock_fields(head, response, body.length, framing, circumstances);
    }
    head.put(b"\r\n");
}

fn with_head(head: HeadWriter, body: Vec<Step>, end: End) -> Plan {
    Plan::new(std::iter::once(Step::Head(head.finish())).chain(body), end)
}
