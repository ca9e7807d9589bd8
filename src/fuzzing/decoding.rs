//! Bytes to requests: heads in both dialects, chunked bodies, and what the two dialects must agree on.

use std::fmt::Write as _;

use super::{choice, cut};
use crate::message::request::{Request, Version};
use crate::wire::decoder::{Decoder, Step};
use crate::wire::recent::Recent;
use crate::wire::{Dialect, Limits, Reading};

/// Small, so that they are reached.
fn limits() -> Limits {
    Limits { head: 600, fields: 20, target: 100, body: 200 }
}

fn readings() -> [Reading; 3] {
    let of = |dialect, protocol| Reading { dialect, protocol, limits: limits() };
    [
        of(Dialect::Rfc9112, Version::Http11),
        of(Dialect::HttpServer, Version::Http11),
        of(Dialect::HttpServer, Version::Http10),
    ]
}

/// What was read of a connection whose bytes came in pieces: each request in a line, the last line a refusal if there was one.
type Seen = Vec<String>;

fn read<'i>(
    pieces: impl IntoIterator<Item = &'i [u8]>,
    reading: &Reading,
    recent: &mut Recent,
) -> (Seen, Vec<Request>) {
    let (mut decoder, mut seen, mut requests) = (Decoder::default(), Seen::new(), Vec::new());
    let mut inbox = Vec::new();
    for piece in pieces {
        inbox.extend_from_slice(piece);
        loop {
            let (used, step) = decoder.feed(&inbox, reading, recent);
            assert!(used <= inbox.len(), "more than there is: {step:?}");
            assert!(used > 0 || matches!(step, Step::NeedMore | Step::Refused { .. }), "of no bytes: {step:?}");
            inbox.drain(..used);
            if let Some((kept, _)) = decoder.body_so_far() {
                assert!(kept.len() <= reading.limits.body, "a body of {} bytes is kept", kept.len());
            }
            match take(step, &mut decoder, reading, &mut seen, &mut requests) {
                Some(true) => {}
                Some(false) => break,
                None => return (seen, requests),
            }
        }
        // What waits for more is bounded.
        let most = if reading.dialect == Dialect::Rfc9112 { reading.limits.head.max(20 << 10) } else { 20 << 20 };
        assert!(inbox.len() <= most + piece.len(), "{} bytes wait", inbox.len());
    }
    if let Some(step) = decoder.end(&inbox, reading) {
        take(step, &mut decoder, reading, &mut seen, &mut requests);
        if let Some(step) = decoder.end(b"", reading) {
            take(step, &mut decoder, reading, &mut seen, &mut requests);
        }
    }
    (seen, requests)
}

/// Whether there may be another request already; `None` if nothing more is read.
fn take(
    step: Step,
    decoder: &mut Decoder,
    reading: &Reading,
    seen: &mut Seen,
    requests: &mut Vec<Request>,
) -> Option<bool> {
    let (is_head, step) = match step {
        Step::Head { request, exchange, .. } => (true, decoder.collect(request, exchange, &reading.limits)),
        step => (false, step),
    };
    match step {
        Step::NeedMore => Some(is_head),
        Step::Head { .. } => panic!("a head twice: {step:?}"),
        Step::HangUp => {
            seen.push("hang up".to_owned());
            None
        }
        Step::Request(request, exchange) => {
            seen.push(format!("{} {exchange:?}", described(&request)));
            requests.push(request);
            Some(true)
        }
        Step::Refused { request, refusal, exchange } => {
            // How much of it is there depends on when it is refused; what it is refused for does not.
            seen.push(format!("{refusal:?} {} {:?}", exchange.head_only, request.body()));
            None
        }
    }
}

fn described(request: &Request) -> String {
    let head = request.head();
    let mut text = format!("{} {}", head.method().escape_ascii(), head.target().escape_ascii());
    for (name, value) in head.fields() {
        let _ = write!(text, " | {}: {}", name.escape_ascii(), value.escape_ascii());
    }
    let _ = write!(text, " | {:?} {:?}", request.body().escape_ascii().to_string(), request.chunked());
    text
}

/// All of it at once, byte by byte, and in two pieces.
fn read_in_every_way(input: &[u8], place: usize, reading: &Reading) -> (Seen, Vec<Request>) {
    let mut recent = Recent::default();
    let whole = read([input], reading, &mut recent);
    assert_eq!(whole.0, read([input], reading, &mut recent).0, "what is known makes a difference");
    assert_eq!(whole.0, read(input.chunks(1), reading, &mut recent).0, "it matters that bytes come one by one");
    assert_eq!(whole.0, read(cut(input, place), reading, &mut recent).0, "it matters where the bytes are cut");
    whole
}

/// Heads, and whatever follows them, in both dialects: the same is read however the bytes come, and no request is more than
/// what was sent.
pub fn head(data: &[u8]) {
    let (place, input) = choice(data);
    for reading in readings() {
        let (_, requests) = read_in_every_way(input, place, &reading);
        let mut total = 0;
        for request in &requests {
            let head = request.head();
            total += head.raw.len() + request.body().len();
            assert!(input.windows(head.raw.len().max(1)).any(|part| *part == *head.raw), "a head that was not sent");
            if reading.dialect == Dialect::Rfc9112 {
                assert!(!head.method().is_empty() && head.raw.starts_with(head.method()));
                assert!(head.raw.len() <= reading.limits.head && head.fields.len() <= reading.limits.fields);
                assert!(head.target().len() <= reading.limits.target);
                for (name, value) in head.fields() {
                    assert!(crate::message::field::is_token(name), "{:?}", name.escape_ascii().to_string());
                    assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
                }
            }
        }
        assert!(total <= input.len(), "{total} bytes of requests from {}", input.len());
    }
}

/// Chunked bodies: the same is read however the bytes come; a plain reader of chunks gets the same body from what was accepted.
pub fn chunked(data: &[u8]) {
    let (place, body) = choice(data);
    let head = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let input = [head, body].concat();
    let [reading, ..] = readings();
    let (_, requests) = read_in_every_way(&input, place, &reading);
    let Some(request) = requests.first() else { return };
    let Some(chunked) = request.chunked() else { panic!("a chunked body without chunks: {request:?}") };
    assert_eq!(chunked.sizes.iter().sum::<usize>(), request.body().len());
    assert!(!chunked.sizes.contains(&0));
    let (plain, sizes) = plainly(body);
    assert_eq!((plain.as_slice(), &sizes), (request.body(), &chunked.sizes));
}

/// Chunks as the grammar has them, with no eye on mistakes.
fn plainly(mut input: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut body, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let line_end = input.iter().position(|&byte| byte == b'\n').expect("a size has its line");
        let line = String::from_utf8_lossy(&input[..line_end]);
        let digits: String = line.chars().take_while(char::is_ascii_hexdigit).collect();
        let size = usize::from_str_radix(&digits, 16).expect("a size is a number");
        input = &input[line_end + 1..];
        if size == 0 {
            return (body, sizes);
        }
        body.extend_from_slice(&input[..size]);
        sizes.push(size);
        input = &input[size..];
        input = input.strip_prefix(b"\r\n").or_else(|| input.strip_prefix(b"\n")).expect("a chunk has its line end");
    }
}

/// Well-formed requests, which both dialects read alike.
pub fn dialects(data: &[u8]) {
    let (method, data) = choice(data);
    let (length, data) = choice(data);
    let (target, data) = data.split_at((length % 40).min(data.len()));
    let (fields, body) = data.split_at(data.len().min(60));
    let printable = |bytes: &[u8]| -> String { bytes.iter().map(|byte| char::from(b'!' + byte % 94)).collect() };
    let method = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "X-OWN"][method % 7];
    let mut input = format!("{method} /{} HTTP/1.1\r\nHost: a\r\n", printable(target));
    for field in fields.chunks(12) {
        let (name, value) = field.split_at(field.len().min(4));
        let name: String = name.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
        let _ = write!(input, "X-{name}: {}\r\n", printable(value));
    }
    if !body.is_empty() {
        let _ = write!(input, "Content-Length: {}\r\n", body.len());
    }
    input += "\r\n";
    let input = [input.as_bytes(), body].concat();
    let large = Limits { head: 64 << 10, fields: 100, target: 64 << 10, body: 1 << 20 };
    let [strict, lenient, _] = readings().map(|reading| Reading { limits: large.clone(), ..reading });
    let (strictly, leniently) =
        (read([&*input], &strict, &mut Recent::default()), read([&*input], &lenient, &mut Recent::default()));
    assert_eq!(strictly.1.len(), 1, "a well-formed request is refused: {:?}", strictly.0);
    assert_eq!(strictly.0, leniently.0);
}
