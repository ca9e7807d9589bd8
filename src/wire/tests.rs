//! Requests in, responses out, without a socket: what is accepted, what is refused, and that no cut of the bytes matters.

mod encoding;
mod golden;
mod http_server;
mod http_server_encoding;
mod http_server_exchange;
mod http_server_noise;
mod limits;
mod noise;
mod refused;
mod shaped;

use std::fmt::Write;

use super::decoder::{Decoder, Step};
use super::recent::Recent;
use super::refusal::Refusal;
use super::{Dialect, Exchange, Limits, Reading};
use crate::message::request::Request;

fn reading(limits: &Limits) -> Reading {
    Reading { limits: limits.clone(), ..Reading::default() }
}

/// What becomes of a connection whose bytes have all come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    /// It stays open, silent.
    Open,
    /// The client closes its side.
    Closed,
    /// Its time runs out.
    Slow,
}

/// Reads bytes as a connection does: keeps what was not used, and offers it again with what comes next. Each request is
/// a line of what came out, a refusal is the last of them.
fn read<'i>(pieces: impl IntoIterator<Item = &'i [u8]>, limits: &Limits, afterwards: Afterwards) -> Vec<String> {
    read_as(pieces, &reading(limits), afterwards)
}

fn read_as<'i>(pieces: impl IntoIterator<Item = &'i [u8]>, reading: &Reading, afterwards: Afterwards) -> Vec<String> {
    let mut reader = Reader { decoder: Decoder::default(), recent: Recent::default(), reading, seen: Vec::new() };
    let mut inbox = Vec::new();
    for piece in pieces {
        inbox.extend_from_slice(piece);
        loop {
            let (used, step) = reader.decoder.feed(&inbox, reading, &mut reader.recent);
            assert!(used > 0 || matches!(step, Step::NeedMore | Step::Refused { .. }), "of no bytes: {step:?}");
            if reading.dialect == Dialect::HttpServer {
                assert_kept_as_sent(&step, &inbox[..used]);
            }
            inbox.drain(..used);
            match reader.take(step) {
                Next::More => break,
                Next::Again => {}
                Next::Nothing => return reader.seen,
                Next::Over => {
                    let (used, step) = reader.decoder.feed(&inbox, reading, &mut reader.recent);
                    assert!(used == inbox.len() && matches!(step, Step::NeedMore), "read on after {:?}", reader.seen);
                    assert!(reader.decoder.give_up(&inbox, Refusal::TooSlow).is_none(), "twice: {:?}", reader.seen);
                    return reader.seen;
                }
            }
        }
    }
    let step = match afterwards {
        Afterwards::Open => None,
        Afterwards::Closed => reader.decoder.end(&inbox, reading),
        Afterwards::Slow => reader.decoder.give_up(&inbox, Refusal::TooSlow),
    };
    if let Some(step) = step {
        reader.take(step);
        // Nothing comes of a body that was announced.
        if let Some(step) = reader.decoder.end(b"", reading) {
            reader.take(step);
        }
    }
    reader.seen
}

/// A head that is handed out is what was used of the input, and nothing else.
#[track_caller]
fn assert_kept_as_sent(step: &Step, used: &[u8]) {
    match step {
        Step::Head { request, .. } => assert_eq!(&*request.head().raw, used),
        // Its body may have come before.
        Step::Request(request, _) if request.body().is_empty() && request.chunked().is_none() => {
            assert!(used.ends_with(&request.head().raw));
        }
        _ => {}
    }
}

struct Reader<'r> {
    decoder: Decoder,
    recent: Recent,
    reading: &'r Reading,
    seen: Vec<String>,
}

enum Next {
    /// What is there is used up.
    More,
    /// There may be another request.
    Again,
    /// The server closes after its answer.
    Nothing,
    /// The decoder reads no further.
    Over,
}

impl Reader<'_> {
    fn take(&mut self, step: Step) -> Next {
        let is_http_server = self.reading.dialect == Dialect::HttpServer;
        let (is_head, step) = match step {
            Step::Head { request, exchange, expects_continue } => {
                // By the RFC it depends on what has come of the body.
                if is_http_server && expects_continue {
                    self.seen.push("100 Continue".to_owned());
                }
                (true, self.decoder.collect(request, exchange, &self.reading.limits))
            }
            step => (false, step),
        };
        match step {
            // What came along with the head belongs to the body already.
            Step::NeedMore if is_head => Next::Again,
            Step::NeedMore => Next::More,
            Step::Head { .. } => panic!("a head twice: {step:?}"),
            Step::HangUp => {
                assert!(is_http_server, "not of this dialect: {step:?}");
                self.seen.push("hang up".to_owned());
                Next::Over
            }
            Step::Request(request, exchange) => {
                self.seen.push(match self.reading.dialect {
                    Dialect::Rfc9112 => describe(&request, exchange),
                    Dialect::HttpServer => http_server::describe(&request, exchange),
                });
                // Of the other dialect all is looked at that was pipelined.
                if is_http_server && !exchange.persistent { Next::Nothing } else { Next::Again }
            }
            Step::Refused { request, refusal, exchange } => {
                self.seen.push(match self.reading.dialect {
                    Dialect::Rfc9112 => describe_refused(refusal, &request, exchange),
                    Dialect::HttpServer => http_server::describe_refused(refusal, &request, exchange),
                });
                Next::Over
            }
        }
    }
}

/// `GET /a 1.1 keep | Host: x | "body" | chunks [4] | trailers X: y`
fn describe(request: &Request, exchange: Exchange) -> String {
    let mut text = format!("{} {}", request.method(), request.target().as_bytes().escape_ascii());
    text += if exchange.http11 { " 1.1" } else { " 1.0" };
    text += if exchange.persistent { " keep" } else { " close" };
    assert_eq!(exchange.head_only, request.method() == "HEAD");
    for (name, value) in request.head().fields() {
        write!(text, " | {}: {}", name.escape_ascii(), value.escape_ascii()).unwrap();
    }
    write!(text, " | \"{}\"", request.body().escape_ascii()).unwrap();
    if let Some(chunked) = request.chunked() {
        write!(text, " | chunks {:?}", chunked.sizes).unwrap();
        for field in &chunked.trailers {
            write!(text, " | trailer {}: {}", field.name(), field.value_bytes().escape_ascii()).unwrap();
        }
    }
    text
}

/// How much of a refused head is there depends on when it is refused, its body does not.
fn describe_refused(refusal: Refusal, request: &Request, exchange: Exchange) -> String {
    let method = if exchange.head_only { "HEAD " } else { "" };
    format!("{method}{refusal:?} {} {:?}", refusal.status().as_str(), request.body().escape_ascii().to_string())
}

/// Beyond this, only some of the cuts are tried, the same ones each time.
const ALL_CUTS: usize = 1_500;

/// Reads the input whole, in every two pieces and byte by byte; all must give the same, which is returned.
#[track_caller]
fn check(name: &str, input: &[u8], limits: &Limits, afterwards: Afterwards) -> Vec<String> {
    check_as(name, input, &reading(limits), afterwards)
}

#[track_caller]
fn check_as(name: &str, input: &[u8], reading: &Reading, afterwards: Afterwards) -> Vec<String> {
    let whole = read_as([input], reading, afterwards);
    let step = if input.len() <= ALL_CUTS { 1 } else { input.len() / 150 };
    for at in (1..input.len()).step_by(step) {
        let (first, second) = input.split_at(at);
        assert_eq!(read_as([first, second], reading, afterwards), whole, "{name}, cut at byte {at}");
    }
    assert_eq!(read_as(input.chunks(1), reading, afterwards), whole, "{name}, byte by byte");
    assert_eq!(read_as(input.chunks(7), reading, afterwards), whole, "{name}, in sevens");
    whole
}

/// Small enough for examples that fit on a line.
fn tight() -> Limits {
    Limits { head: 200, fields: 4, target: 32, body: 16 }
}
