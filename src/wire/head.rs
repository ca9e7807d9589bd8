//! The head of a request: `httparse` reads it, what it lets pass is checked here, and its framing is decided.

use std::mem::MaybeUninit;

use crate::message::field::has_token;
use crate::message::request::{Head, Span, Version};
use crate::message::target::Target;

use super::refusal::Refusal;
use super::{Exchange, Limits};

/// The most header fields a request may have.
pub(crate) const MAX_FIELDS: usize = 1_000;

/// Room for the fields of nearly every request; the rest pays for a second look.
const USUAL_FIELDS: usize = 48;

/// A complete head, and what follows from it.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) head: Head,
    pub(crate) length: usize,
    pub(crate) framing: Framing,
    pub(crate) exchange: Exchange,
    pub(crate) expects_continue: bool,
}

/// How the body is delimited (RFC 9112, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
}

/// The head at the beginning of the input; `None` if it is not complete.
pub(crate) fn parse(input: &[u8], limits: &Limits) -> Result<Option<Parsed>, Refusal> {
    let mut room = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
    match parse_into(input, limits, &mut room) {
        Err(Refusal::TooManyFields) => {
            let mut room = vec![MaybeUninit::uninit(); limits.fields.min(MAX_FIELDS)];
            parse_into(input, limits, &mut room)
        }
        settled => settled,
    }
}

fn parse_into<'i>(
    input: &'i [u8],
    limits: &Limits,
    room: &mut [MaybeUninit<httparse::Header<'i>>],
) -> Result<Option<Parsed>, Refusal> {
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(input, room) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return too_long(input, limits).map_or(Ok(None), Err),
        Err(error) => return Err(diagnose(input, error, limits)),
    };
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version) else {
        return Err(Refusal::RequestLine);
    };
    if target.len() > limits.target {
        return Err(Refusal::TargetTooLong);
    }
    if length > limits.head {
        return Err(Refusal::HeadTooLarge);
    }
    if request.headers.len() > limits.fields {
        return Err(Refusal::TooManyFields);
    }
    let version = if minor == 0 { Version::Http10 } else { Version::Http11 };
    check_form(method, target)?;

    let offset = |part: &[u8]| part.as_ptr() as usize - input.as_ptr() as usize;
    let range = |part: &[u8]| {
        let start = offset(part);
        narrow(start)..narrow(start + part.len())
    };
    let mut deciding = Deciding::default();
    let mut fields = Vec::with_capacity(request.headers.len());
    for header in request.headers.iter() {
        deciding.look_at(header.name, header.value)?;
        fields.push(Span { name: range(header.name.as_bytes()), value: range(header.value) });
    }
    let framing = deciding.framing(version)?;
    let exchange = Exchange {
        persistent: if version == Version::Http11 { !deciding.close } else { deciding.keep_alive && !deciding.close },
        http11: version == Version::Http11,
        head_only: method == "HEAD",
    };
    let head = Head {
        method: range(method.as_bytes()),
        target: range(target.as_bytes()),
        parts: Target::locate(target.as_bytes(), offset(target.as_bytes())),
        fields: fields.into_boxed_slice(),
        raw: input[..length].to_vec().into_boxed_slice(),
    };
    let expects_continue = deciding.expects_continue && version == Version::Http11;
    Ok(Some(Parsed { head, length, framing, exchange, expects_continue }))
}

fn narrow(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// What an incomplete head may not exceed.
fn too_long(input: &[u8], limits: &Limits) -> Option<Refusal> {
    // Method, blanks and version beside a target of the full length.
    const BESIDE_TARGET: usize = 64;
    if input.len() <= limits.head.min(limits.target) {
        return None;
    }
    let first_line = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    if first_line > limits.target + BESIDE_TARGET {
        return Some(Refusal::TargetTooLong);
    }
    (first_line < input.len() && input.len() > limits.head).then_some(Refusal::HeadTooLarge)
}

/// The form of the target must be one that the method takes (RFC 9112, section 3.2).
fn check_form(method: &str, target: &str) -> Result<(), Refusal> {
    let fits = match target.as_bytes() {
        [b'/', ..] => method != "CONNECT",
        b"*" => method == "OPTIONS",
        other if method == "CONNECT" => {
            let port = other.iter().rposition(|&byte| byte == b':').map(|colon| &other[colon + 1..]);
            port.is_some_and(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit)) && !other.contains(&b'/')
        }
        other => Target::locate(other, 0).path.start > 0,
    };
    if fits { Ok(()) } else { Err(Refusal::Target) }
}

/// What the fields say about framing and connection, gathered in one pass.
#[derive(Default)]
struct Deciding {
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
    coded: bool,
    close: bool,
    keep_alive: bool,
    expects_continue: bool,
}

impl Deciding {
    fn look_at(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal> {
        // By length first: most names are told apart by it, and no name is compared twice.
        match name.len() {
            4 if name.eq_ignore_ascii_case("host") => {
                self.hosts += 1;
                if self.hosts > 1 || !is_host(value) {
                    return Err(Refusal::BadHost);
                }
            }
            6 if name.eq_ignore_ascii_case("expect") => {
                self.expects_continue |= value.eq_ignore_ascii_case(b"100-continue");
            }
            10 if name.eq_ignore_ascii_case("connection") => {
                self.close |= has_token(value, "close");
                self.keep_alive |= has_token(value, "keep-alive");
            }
            14 if name.eq_ignore_ascii_case("content-length") => self.add_length(value)?,
            17 if name.eq_ignore_ascii_case("transfer-encoding") => self.add_codings(value)?,
            _ => {}
        }
        Ok(())
    }

    /// A list of equal numbers is one number (RFC 9112, section 6.3).
    fn add_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for member in value.split(|&byte| byte == b',') {
            let digits = member.trim_ascii();
            if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                return Err(Refusal::BadLength);
            }
            let digit = |sum: u64, byte: &u8| sum.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
            let number = digits.iter().fold(0, digit);
            if self.length.is_some_and(|length| length != number) {
                return Err(Refusal::BadLength);
            }
            self.length = Some(number);
        }
        Ok(())
    }

    fn add_codings(&mut self, value: &[u8]) -> Result<(), Refusal> {
        self.coded = true;
        for coding in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            if self.chunked {
                return Err(Refusal::NotChunkedLast);
            }
            if coding.eq_ignore_ascii_case(b"chunked") {
                self.chunked = true;
            } else if !coding.is_empty() {
                return Err(Refusal::UnknownCoding);
            }
        }
        Ok(())
    }

    fn framing(&self, version: Version) -> Result<Framing, Refusal> {
        if self.hosts == 0 && version == Version::Http11 {
            return Err(Refusal::NoHost);
        }
        if !self.coded {
            return Ok(Framing::Length(self.length.unwrap_or(0)));
        }
        if version == Version::Http10 {
            return Err(Refusal::ChunkedInHttp10);
        }
        if self.length.is_some() {
            return Err(Refusal::LengthAndChunked);
        }
        if self.chunked { Ok(Framing::Chunked) } else { Err(Refusal::NotChunkedLast) }
    }
}

/// `uri-host [ ":" port ]`, or nothing (RFC 9110, section 7.2).
fn is_host(value: &[u8]) -> bool {
    // A table and an index: this runs for each request, and tests run without optimisation.
    let mut at = 0;
    while at < value.len() && HOST_BYTES[value[at] as usize] {
        at += 1;
    }
    at == value.len()
}

const HOST_BYTES: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0_u8);
    let others = b".:-[]_~%!$&'()*+,;=";
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

/// Gives the parser's error its name; only refused requests pay for the second look.
fn diagnose(input: &[u8], error: httparse::Error, limits: &Limits) -> Refusal {
    if let Some(refusal) = too_long(input, limits) {
        return refusal;
    }
    match error {
        httparse::Error::TooManyHeaders => return Refusal::TooManyFields,
        httparse::Error::Version => return diagnose_version(input),
        _ => {}
    }
    if matches!(input, [0x16, 0x03, ..]) {
        return Refusal::TlsHandshake;
    }
    let mut lines = input.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let request_line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    if matches!(error, httparse::Error::Token | httparse::Error::Status) {
        return if request_line.contains(&b'\r') { Refusal::BareCr } else { Refusal::RequestLine };
    }
    for line in lines.take_while(|line| !line.is_empty()) {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Refusal::FoldedField;
        }
        if line.contains(&b'\r') {
            return Refusal::BareCr;
        }
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        if name.len() < line.len() && name.trim_ascii_end().len() < name.len() {
            return Refusal::BlankBeforeColon;
        }
    }
    match error {
        httparse::Error::HeaderValue => Refusal::FieldValue,
        httparse::Error::NewLine => Refusal::BareCr,
        _ => Refusal::FieldName,
    }
}

/// 505 for a version that exists or could, 400 for a request line that only looks like one.
fn diagnose_version(input: &[u8]) -> Refusal {
    let start = input.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    let line = input[start..].split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let version = line.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    match version.strip_prefix(b"HTTP/") {
        Some([major, b'.', minor]) if major.is_ascii_digit() && minor.is_ascii_digit() => Refusal::Version,
        _ => Refusal::RequestLine,
    }
}
