//! A carrier without sockets.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

/// What a client sends, in pieces, and what it gets.
#[derive(Debug, Default)]
pub(crate) struct InMemory {
    pub(crate) sent: VecDeque<Vec<u8>>,
    /// Nothing comes after what was sent.
    pub(crate) is_finished: bool,
    pub(crate) got: Vec<u8>,
    /// So many bytes are taken before others have to wait.
    pub(crate) room: usize,
}

impl InMemory {
    pub(crate) fn new() -> InMemory {
        InMemory { room: usize::MAX, ..InMemory::default() }
    }

    /// Sends this in pieces of that length.
    pub(crate) fn send(&mut self, bytes: &[u8], length: usize) {
        self.sent.extend(bytes.chunks(length).map(<[u8]>::to_vec));
    }
}

impl Read for InMemory {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.sent.front_mut() else {
            return if self.is_finished { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        };
        let length = piece.len().min(buf.len());
        buf[..length].copy_from_slice(&piece[..length]);
        piece.drain(..length);
        if piece.is_empty() {
            self.sent.pop_front();
        }
        Ok(length)
    }
}

impl Write for InMemory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(self.room);
        if length == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room -= length;
        self.got.extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
