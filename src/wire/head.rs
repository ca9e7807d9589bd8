//! The head of a request: `httparse` reads it, what it lets pass is checked here, and its framing is decided.

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::sync::Arc;

use crate::message::field::{has_token, is_token};
use crate::message::request::{Head, Span, Version};
use crate::message::target::{Target, position};

use super::refusal::Refusal;
use super::{Exchange, Limits};

/// The most header fields a request may have.
pub(crate) const MAX_FIELDS: usize = 1_000;

/// Room for the fields of nearly every request; the rest pays for a second look.
const USUAL_FIELDS: usize = 48;

/// A complete head, and what follows from it.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    pub(crate) head: Arc<Head>,
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

/// The head at the beginning of the input, if all of it is there, is well-formed and is far from every limit. That is
/// nearly every request; what to think of any other input is for [`judge`].
pub(crate) fn parse_at_once(input: &[u8], limits: &Limits) -> Result<Option<Parsed>, Refusal> {
    let mut room = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(input, &mut room) {
        Ok(httparse::Status::Complete(length)) if length <= limits.head.min(limits.target) => {
            accept(&request, input, length, limits).map(Some)
        }
        _ => Ok(None),
    }
}

/// Where the lines of a head lie, as far as it has come. Each byte is looked at once, however slowly they trickle in.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    scanned: usize,
    /// Behind the empty lines that may precede a request (RFC 9112, section 2.2).
    start: usize,
    /// Something other than an empty line has begun at `start`.
    has_begun: bool,
    /// The request line was found to be well-formed.
    line_is_good: bool,
    /// Where the digit of a minor version is that is later than 1.1, and is read as if it were.
    minor_version: Option<usize>,
    /// Behind the line end of the request line.
    line_end: Option<usize>,
    /// Behind the empty line that ends the head.
    end: Option<usize>,
}

impl Outline {
    /// Looks at what is new of the input.
    pub(crate) fn extend(&mut self, input: &[u8]) {
        while !self.has_begun {
            match input[self.start..] {
                [b'\n', ..] => self.start += 1,
                [b'\r', b'\n', ..] => self.start += 2,
                [] | [b'\r'] => return,
                _ => (self.has_begun, self.scanned) = (true, self.start),
            }
        }
        if self.line_end.is_none() {
            let Some(length) = input[self.scanned..].iter().position(|&byte| byte == b'\n') else {
                self.scanned = input.len();
                return;
            };
            self.scanned += length;
            self.line_end = Some(self.scanned + 1);
        }
        if self.end.is_none() {
            self.end = behind_empty_line(input, &mut self.scanned);
        }
    }

    /// As much of the head as has come, without the empty lines before it.
    pub(crate) fn head<'i>(&self, input: &'i [u8]) -> &'i [u8] {
        &input[self.start..self.end.unwrap_or(input.len())]
    }
}

/// Where the first empty line ends that follows another line. What was scanned in vain is not scanned again.
pub(super) fn behind_empty_line(input: &[u8], scanned: &mut usize) -> Option<usize> {
    while let Some(length) = input[*scanned..].iter().position(|&byte| byte == b'\n') {
        // If what follows is not known yet, this line end is looked at again.
        *scanned += length;
        let next = *scanned + 1;
        match input[next..] {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            [] | [b'\r'] => return None,
            _ => *scanned = next,
        }
    }
    *scanned = input.len();
    None
}

/// What the input amounts to, however it was cut into pieces: `None` until more is there.
///
/// A refusal waits until the line it is about is there: the request line is judged when it is complete, the fields when
/// all of them are. What cannot become a request, or a head within its limits, is refused at once.
pub(crate) fn judge(input: &[u8], outline: &mut Outline, limits: &Limits) -> Result<Option<Parsed>, Refusal> {
    outline.extend(input);
    let start = outline.start;
    if start > limits.head {
        return Err(Refusal::HeadTooLarge);
    }
    match input[start..] {
        _ if !outline.has_begun => return Ok(None),
        [0x16] => return Ok(None),
        [0x16, 0x03, ..] => return Err(Refusal::TlsHandshake),
        [b'\r', ..] => return Err(Refusal::BareCr),
        [first, ..] if !is_token(&[first]) => return Err(Refusal::RequestLine),
        _ => {}
    }
    let line_length = outline.line_end.unwrap_or(input.len()) - start;
    if line_length > limits.target.saturating_add(BESIDE_TARGET) {
        return Err(Refusal::TargetTooLong);
    }
    let Some(line_end) = outline.line_end else { return Ok(None) };
    if !outline.line_is_good {
        outline.minor_version = later_minor_version(&input[start..line_end]).map(|at| start + at);
        match outline.minor_version {
            Some(at) => check_request_line(&[&input[start..at], b"1", &input[at + 1..line_end]].concat(), limits)?,
            None => check_request_line(&input[start..line_end], limits)?,
        }
        outline.line_is_good = true;
    }
    if outline.end.unwrap_or(input.len()) > limits.head {
        return Err(Refusal::HeadTooLarge);
    }
    let Some(end) = outline.end else { return Ok(None) };

    let as_sent = &input[..end];
    let read_as = match outline.minor_version {
        Some(at) => Cow::Owned([&as_sent[..at], b"1", &as_sent[at + 1..]].concat()),
        None => Cow::Borrowed(as_sent),
    };
    let head = &*read_as;
    let mut room = vec![MaybeUninit::uninit(); limits.fields.min(MAX_FIELDS)];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(head, &mut room) {
        Ok(httparse::Status::Complete(length)) => {
            let mut parsed = accept(&request, head, length, limits)?;
            if outline.minor_version.is_some() {
                Arc::make_mut(&mut parsed.head).raw = as_sent[start..length].into();
            }
            Ok(Some(parsed))
        }
        // It would see no end where there is one: the two would not agree on where the next request begins.
        Ok(httparse::Status::Partial) => Err(Refusal::BareCr),
        Err(error) => Err(diagnose_fields(&head[line_end..], error)),
    }
}

/// Room for method, blanks and version beside a target of the full length.
const BESIDE_TARGET: usize = 64;

/// Where a request line has the digit of a minor version that is later than 1.1, which is to be treated as 1.1
/// (RFC 9110, section 2.5) and which the parser does not know.
fn later_minor_version(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line {
        [.., b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9'] => Some(line.len() - 1),
        _ => None,
    }
}

fn check_request_line(line: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let mut request = httparse::Request::new(&mut []);
    match request.parse(line) {
        Ok(_) if request.path.is_some_and(|target| target.len() > limits.target) => Err(Refusal::TargetTooLong),
        Ok(_) => Ok(()),
        Err(httparse::Error::Version) => Err(diagnose_version(line)),
        Err(_) => {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            Err(if line.contains(&b'\r') { Refusal::BareCr } else { Refusal::RequestLine })
        }
    }
}

/// Checks what the parser lets pass, and decides what follows from the fields.
fn accept(
    request: &httparse::Request<'_, '_>,
    input: &[u8],
    length: usize,
    limits: &Limits,
) -> Result<Parsed, Refusal> {
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version) else {
        return Err(Refusal::RequestLine);
    };
    if request.headers.len() > limits.fields {
        return Err(Refusal::TooManyFields);
    }
    let version = if minor == 0 { Version::Http10 } else { Version::Http11 };
    check_form(method, target)?;

    // Empty lines before the request are none of it.
    let base = method.as_ptr() as usize;
    let start = base - input.as_ptr() as usize;
    let range = |part: &[u8]| {
        let start = part.as_ptr() as usize - base;
        position(start)..position(start + part.len())
    };
    let mut deciding = Deciding::default();
    let mut fields = Vec::with_capacity(request.headers.len());
    let mut at = 0;
    while at < request.headers.len() {
        let header = request.headers[at];
        deciding.look_at(header.name, header.value)?;
        fields.push(Span { name: range(header.name.as_bytes()), value: range(header.value) });
        at += 1;
    }
    let framing = deciding.framing(version)?;
    let exchange = Exchange {
        persistent: if version == Version::Http11 { !deciding.close } else { deciding.keep_alive && !deciding.close },
        http11: version == Version::Http11,
        head_only: method == "HEAD",
        tunnels: method == "CONNECT",
        bare: false,
    };
    let head = Head {
        method: range(method.as_bytes()),
        target: range(target.as_bytes()),
        parts: Target::locate(target.as_bytes(), target.as_ptr() as usize - base),
        fields: fields.into_boxed_slice(),
        raw: input[start..length].to_vec().into_boxed_slice(),
    };
    let expects_continue = deciding.expects_continue && version == Version::Http11;
    Ok(Parsed { head: Arc::new(head), length, framing, exchange, expects_continue })
}

/// The form of the target must be one that the method takes (RFC 9112, section 3.2).
fn check_form(method: &str, target: &str) -> Result<(), Refusal> {
    let fits = match target.as_bytes() {
        [b'/', ..] => method != "CONNECT",
        b"*" => method == "OPTIONS",
        other if method == "CONNECT" => {
            let colon = other.iter().rposition(|&byte| byte == b':').unwrap_or(0);
            // Neither the host nor the port may be empty, and the port must be one (RFC 9110, section 9.3.6).
            colon > 0
                && is_host(other)
                && other[colon + 1..].iter().all(u8::is_ascii_digit)
                && std::str::from_utf8(&other[colon + 1..]).is_ok_and(|port| port.parse::<u16>().is_ok())
        }
        // An empty host must be refused (RFC 9110, section 4.2.1).
        other => {
            let path = Target::locate(other, 0).path.start as usize;
            path > 0 && !other[..path].ends_with(b"://")
        }
    };
    if fits { Ok(()) } else { Err(Refusal::Target) }
}

/// What the fields say about framing and connection, gathered in one pass.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "what the fields say, in any combination")]
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
        let codings = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
        // Empty members of a list mean nothing (RFC 9110, section 5.6.1.2).
        for coding in codings.filter(|coding| !coding.is_empty()) {
            if self.chunked {
                return Err(Refusal::NotChunkedLast);
            }
            if !coding.eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::UnknownCoding);
            }
            self.chunked = true;
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
    if value.first() == Some(&b'[') {
        at += 1;
        while at < value.len() && (HOST_BYTES[value[at] as usize] || value[at] == b':') {
            at += 1;
        }
        if at == value.len() || value[at] != b']' {
            return false;
        }
        at += 1;
    } else {
        while at < value.len() && HOST_BYTES[value[at] as usize] {
            at += 1;
        }
    }
    if at < value.len() && value[at] == b':' {
        at += 1;
        while at < value.len() && value[at].is_ascii_digit() {
            at += 1;
        }
    }
    at == value.len()
}

static HOST_BYTES: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0_u8);
    let others = b".-_~%!$&'()*+,;=";
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
fn diagnose_fields(fields: &[u8], error: httparse::Error) -> Refusal {
    if error == httparse::Error::TooManyHeaders {
        return Refusal::TooManyFields;
    }
    let lines = fields.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
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
        _ => Refusal::FieldName,
    }
}

/// 505 for a version that exists or could, 400 for a request line that only looks like one.
fn diagnose_version(line: &[u8]) -> Refusal {
    let line = line.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let mut words = line.split(|&byte| byte == b' ').skip(2);
    match (words.next().and_then(|version| version.strip_prefix(b"HTTP/")), words.next()) {
        (Some([major, b'.', minor]), None) if major.is_ascii_digit() && minor.is_ascii_digit() => Refusal::Version,
        _ => Refusal::RequestLine,
    }
}
