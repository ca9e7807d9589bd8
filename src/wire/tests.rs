//! Requests in, responses out, without a socket: what is accepted, what is refused, and that no cut of the bytes matters.

mod encoding;
mod golden;
mod limits;
mod noise;
mod refused;

use std::fmt::Write;

use super::decoder::{Decoder, Step};
use super::refusal::Refusal;
use super::{Exchange, Limits, Reading};
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
    let (mut decoder, mut inbox, mut seen) = (Decoder::default(), Vec::new(), Vec::new());
    let reading = &reading(limits);
    for piece in pieces {
        inbox.extend_from_slice(piece);
        loop {
            let (used, step) = decoder.feed(&inbox, reading);
            inbox.drain(..used);
            let (is_head, step) = match step {
                Step::Head { request, exchange, .. } => (true, decoder.collect(request, exchange, limits)),
                step => (false, step),
            };
            match step {
                // What came along with the head belongs to the body already.
                Step::NeedMore if is_head => assert!(used > 0, "a head of no bytes"),
                Step::NeedMore => break,
                Step::Head { .. } | Step::HangUp => panic!("not of this dialect: {step:?}"),
                Step::Request(request, exchange) => {
                    assert!(used > 0, "a request of no bytes");
                    seen.push(describe(&request, exchange));
                }
                Step::Refused { request, refusal, exchange } => {
                    seen.push(describe_refused(refusal, &request, exchange));
                    let (used, step) = decoder.feed(&inbox, reading);
                    assert!(used == inbox.len() && matches!(step, Step::NeedMore), "read on after {refusal:?}");
                    assert!(decoder.give_up(&inbox, Refusal::TooSlow).is_none(), "refused twice: {refusal:?}");
                    return seen;
                }
            }
        }
    }
    let reason = match afterwards {
        Afterwards::Open => return seen,
        Afterwards::Closed if decoder.is_in_body() => Refusal::BodyCutShort,
        Afterwards::Closed => Refusal::HeadCutShort,
        Afterwards::Slow => Refusal::TooSlow,
    };
    if let Some(Step::Refused { request, refusal, exchange }) = decoder.give_up(&inbox, reason) {
        seen.push(describe_refused(refusal, &request, exchange));
    }
    seen
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
    let whole = read([input], limits, afterwards);
    let step = if input.len() <= ALL_CUTS { 1 } else { input.len() / 150 };
    for at in (1..input.len()).step_by(step) {
        let (first, second) = input.split_at(at);
        assert_eq!(read([first, second], limits, afterwards), whole, "{name}, cut at byte {at}");
    }
    assert_eq!(read(input.chunks(1), limits, afterwards), whole, "{name}, byte by byte");
    assert_eq!(read(input.chunks(7), limits, afterwards), whole, "{name}, in sevens");
    whole
}

/// Small enough for examples that fit on a line.
fn tight() -> Limits {
    Limits { head: 200, fields: 4, target: 32, body: 16 }
}
