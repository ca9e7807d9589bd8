//! The body of a request: a number of bytes, or chunks (RFC 9112, sections 6 and 7.1).

use bytes::Bytes;

use crate::message::field::Field;
use crate::message::request::{Chunked, Content};

use super::head::{Framing, behind_empty_line};
use super::refusal::Refusal;

/// A chunk size with its extensions, and the whole trailer section, in bytes.
const MAX_CHUNK_LINE: usize = 4 << 10;
const MAX_TRAILERS: usize = 16 << 10;
const MAX_TRAILER_FIELDS: usize = 128;

/// A size of this many digits does not overflow 64 bits.
const MAX_SIZE_DIGITS: usize = 16;

/// Chunks of one body. Far above what clients send, and below what would let sizes outweigh the body.
const MAX_CHUNKS: usize = 1 << 20;

/// Collects a body.
#[derive(Debug)]
pub(crate) struct BodyDecoder {
    bytes: Vec<u8>,
    limit: usize,
    /// Whether what arrives is wanted.
    keeps: bool,
    state: State,
    chunked: Option<Box<Chunked>>,
    /// How much of the trailer section is known not to hold its end.
    scanned: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes of the body are still to come.
    Length(u64),
    ChunkSize,
    ChunkData(u64),
    /// The line end after the data of a chunk.
    ChunkEnd,
    Trailers,
    Done,
}

impl BodyDecoder {
    pub(crate) fn new(framing: Framing, limit: usize) -> Result<BodyDecoder, Refusal> {
        match framing {
            Framing::Length(length) if length > limit as u64 => Err(Refusal::BodyTooLarge),
            _ => Ok(BodyDecoder { limit, keeps: true, ..BodyDecoder::discarding(framing) }),
        }
    }

    /// Finds the end of a body that nobody wants, of whatever length.
    pub(crate) fn discarding(framing: Framing) -> BodyDecoder {
        let (state, chunked) = match framing {
            Framing::Length(0) => (State::Done, None),
            Framing::Length(length) => (State::Length(length), None),
            Framing::Chunked => (State::ChunkSize, Some(Box::default())),
        };
        BodyDecoder { bytes: Vec::new(), limit: usize::MAX, keeps: false, state, chunked, scanned: 0 }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many bytes of the body have come.
    pub(crate) fn collected(&self) -> usize {
        self.bytes.len()
    }

    /// What has come, and the sizes of the chunks that have begun.
    pub(crate) fn so_far(&self) -> (&[u8], Option<&[usize]>) {
        (&self.bytes, self.chunked.as_ref().map(|chunked| &*chunked.sizes))
    }

    pub(crate) fn finish(self) -> Content {
        Content { bytes: Bytes::from(self.bytes), chunked: self.chunked }
    }

    /// How many bytes of the input belong to the body; call it until [`is_done`](Self::is_done) or it uses nothing.
    pub(crate) fn feed(&mut self, input: &[u8]) -> Result<usize, Refusal> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            let step = match self.state {
                State::Done => return Ok(used),
                State::Length(left) => {
                    let taken = self.take(rest, left);
                    let left = left - taken as u64;
                    self.state = if left == 0 { State::Done } else { State::Length(left) };
                    taken
                }
                State::ChunkSize => self.chunk_size(rest)?,
                State::ChunkData(left) => {
                    let taken = self.take(rest, left);
                    let left = left - taken as u64;
                    self.state = if left == 0 { State::ChunkEnd } else { State::ChunkData(left) };
                    taken
                }
                State::ChunkEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        self.state = State::ChunkSize;
                        2
                    }
                    [] | [b'\r'] => 0,
                    _ => return Err(Refusal::BadChunk),
                },
                State::Trailers => self.trailers(rest)?,
            };
            if step == 0 {
                return Ok(used);
            }
            used += step;
        }
    }

    /// Room grows with what came, never with what was announced.
    fn take(&mut self, input: &[u8], left: u64) -> usize {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        if !self.keeps {
            return taken;
        }
        if self.bytes.capacity() - self.bytes.len() < taken {
            let doubled = taken.max(self.bytes.len());
            // What follows a chunk is not known; what follows a part of a counted body is.
            let known = if self.chunked.is_some() { u64::MAX } else { left };
            self.bytes.reserve_exact(usize::try_from(known).unwrap_or(usize::MAX).min(doubled));
        }
        self.bytes.extend_from_slice(&input[..taken]);
        taken
    }

    fn chunk_size(&mut self, input: &[u8]) -> Result<usize, Refusal> {
        // What can be said of the digits is said first, so that it is the same whether the line is complete or not.
        let digits = input.iter().take(MAX_SIZE_DIGITS + 1).take_while(|byte| byte.is_ascii_hexdigit()).count();
        match input.get(digits) {
            _ if digits > MAX_SIZE_DIGITS => return Err(Refusal::ChunkedOverhead),
            Some(b';' | b' ' | b'\t' | b'\r') if digits > 0 => {}
            Some(_) => return Err(Refusal::BadChunk),
            None => return Ok(0),
        }
        let Some(end) = input.iter().take(MAX_CHUNK_LINE).position(|&byte| byte == b'\n') else {
            return if input.len() >= MAX_CHUNK_LINE { Err(Refusal::ChunkedOverhead) } else { Ok(0) };
        };
        let line = input[..end].strip_suffix(b"\r").ok_or(Refusal::BadChunk)?;
        let size = parse_size(line, digits)?;
        let chunked = self.chunked.get_or_insert_default();
        if size == 0 {
            self.state = State::Trailers;
        } else {
            if size > (self.limit - self.bytes.len().min(self.limit)) as u64 {
                return Err(Refusal::BodyTooLarge);
            }
            if chunked.sizes.len() >= MAX_CHUNKS {
                return Err(Refusal::ChunkedOverhead);
            }
            if self.keeps {
                chunked.sizes.push(usize::try_from(size).unwrap_or(usize::MAX));
            }
            self.state = State::ChunkData(size);
        }
        Ok(end + 1)
    }

    fn trailers(&mut self, input: &[u8]) -> Result<usize, Refusal> {
        let Some(length) = section_end(input, &mut self.scanned) else {
            return if input.len() > MAX_TRAILERS { Err(Refusal::ChunkedOverhead) } else { Ok(0) };
        };
        if length > MAX_TRAILERS {
            return Err(Refusal::ChunkedOverhead);
        }
        let section = &input[..length];
        let mut room = [httparse::EMPTY_HEADER; MAX_TRAILER_FIELDS];
        match httparse::parse_headers(section, &mut room) {
            // Within chunks a bare LF ends no line, whatever it does in heads.
            Ok(httparse::Status::Complete((end, fields))) if end == length && !has_bare_lf(section) => {
                let trailers = fields.iter().map(|field| Field::new(field.name.as_bytes(), field.value)).collect();
                self.chunked.get_or_insert_default().trailers = trailers;
                self.state = State::Done;
                Ok(length)
            }
            Err(httparse::Error::TooManyHeaders) => Err(Refusal::ChunkedOverhead),
            _ => Err(Refusal::BadTrailer),
        }
    }
}

/// Where a trailer section ends, behind its empty line; without trailers that line is all of it.
fn section_end(input: &[u8], scanned: &mut usize) -> Option<usize> {
    match input {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => behind_empty_line(input, scanned),
    }
}

fn has_bare_lf(section: &[u8]) -> bool {
    section.split_inclusive(|&byte| byte == b'\n').any(|line| !line.ends_with(b"\r\n"))
}

/// `1*HEXDIG [ BWS ";" extensions ]`: so many digits and no sign, so that nobody else reads another number.
fn parse_size(line: &[u8], digits: usize) -> Result<u64, Refusal> {
    let (digits, extensions) = line.split_at(digits);
    let blanks = extensions.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let extensions = &extensions[blanks..];
    // A CR among them ends a line for some readers.
    let printable = extensions.iter().all(|&byte| byte == b'\t' || byte >= b' ' && byte != 0x7f);
    if !matches!(extensions.first(), None | Some(b';')) || !printable {
        return Err(Refusal::BadChunk);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| Refusal::BadChunk)?;
    u64::from_str_radix(digits, 16).map_err(|_| Refusal::BadChunk)
}
