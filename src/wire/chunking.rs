//! A body that has no length yet, in chunks (RFC 9112, section 7.1).

use std::io;

use crate::message::body::Source;
use crate::wake::{Task, Wake};

/// The longest chunk; what was written in a longer piece becomes several.
const LONGEST: usize = 64 << 10;

/// Room for the size of the longest chunk, with its line end.
const SIZE_LINE: usize = 7;

const LINE_END: &[u8] = b"\r\n";

/// Sends each piece that a source gives as one chunk. A read never goes beyond a chunk. It ends where the source does: the
/// last chunk is not part of it.
#[derive(Debug)]
pub(super) struct Chunking {
    source: Box<dyn Source>,
    /// How many bytes may go into chunks until one has to end.
    until_border: Option<u64>,
    /// The present chunk, framed, at the end of these bytes. Empty while there is none: a source may be silent for long.
    chunk: Vec<u8>,
    /// Where its body begins.
    body: usize,
    /// How far it was read, and where the last read began.
    taken: usize,
    last: usize,
}

impl Chunking {
    /// A chunk ends behind so many bytes, if there is a border.
    pub(super) fn new(source: Box<dyn Source>, border: Option<u64>) -> Chunking {
        let until_border = border.filter(|border| *border > 0);
        Chunking { source, until_border, chunk: Vec::new(), body: 0, taken: 0, last: 0 }
    }

    /// `false` at the end.
    fn next_chunk(&mut self) -> io::Result<bool> {
        // Given back first: there may be nothing to read, and nobody knows for how long.
        self.chunk = Vec::new();
        (self.body, self.taken, self.last) = (0, 0, 0);
        let most = self.until_border.map_or(LONGEST, |most| usize::try_from(most).unwrap_or(LONGEST).min(LONGEST));
        let mut chunk = vec![0; SIZE_LINE + most + LINE_END.len()];
        let got = self.source.read(&mut chunk[SIZE_LINE..][..most])?;
        if got == 0 {
            return Ok(false);
        }
        if let Some(left) = self.until_border {
            self.until_border = Some(left - got as u64).filter(|left| *left > 0);
        }
        let size = format!("{got:x}\r\n");
        let start = SIZE_LINE - size.len();
        chunk[start..SIZE_LINE].copy_from_slice(size.as_bytes());
        chunk.truncate(SIZE_LINE + got);
        chunk.extend_from_slice(LINE_END);
        (self.body, self.taken, self.last) = (SIZE_LINE, start, start);
        self.chunk = chunk;
        Ok(true)
    }

    fn body_end(&self) -> usize {
        self.chunk.len().saturating_sub(LINE_END.len())
    }
}

impl Source for Chunking {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() && !self.next_chunk()? {
            return Ok(0);
        }
        let end = self.chunk.len().min(self.taken + buf.len());
        let piece = &self.chunk[self.taken..end];
        buf[..piece.len()].copy_from_slice(piece);
        (self.last, self.taken) = (self.taken, end);
        Ok(end - self.last)
    }

    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        let back = usize::try_from(bytes).ok().filter(|back| *back <= self.taken - self.last);
        let back = back.ok_or_else(|| io::Error::other("more is given back than was read"))?;
        self.taken -= back;
        Ok(())
    }

    fn wake_with(&mut self, wake: Wake) {
        self.source.wake_with(wake);
    }

    fn runs_user_code(&self) -> bool {
        self.source.runs_user_code()
    }

    fn work(&mut self) -> Option<Task> {
        self.source.work()
    }

    fn body_of(&self, consumed: usize) -> usize {
        let (from, to) = (self.last.max(self.body), (self.last + consumed).min(self.body_end()));
        to.saturating_sub(from)
    }

    fn ends_chunk(&self) -> bool {
        !self.chunk.is_empty() && self.taken == self.chunk.len()
    }

    fn chunk_end_left(&self) -> usize {
        let left = self.chunk.len() - self.taken;
        if left <= LINE_END.len() { left } else { 0 }
    }

    fn client_closed(&mut self) {
        self.source.client_closed();
    }
}

#[cfg(test)]
mod tests;
