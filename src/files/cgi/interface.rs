//! What a connection has of a running script: its output, and where the body of the request goes.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::message::body::{Sink, Source};
use crate::pipe::Pipe;
use crate::wake::Wake;

/// What a script can read.
#[derive(Debug)]
pub(crate) enum Stdin {
    Nothing,
    Bytes(Bytes),
    /// So many bytes, which will come; fewer if the [`Sink`] is dropped before.
    Stream(u64),
}

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exit {
    /// Its status, or the number of the signal that ended it, negative; 127 also if it could not be run.
    pub(crate) code: i32,
    /// Why it could not be run.
    pub(crate) error: Option<String>,
}

/// A script that was started.
#[derive(Debug)]
pub(crate) struct Running {
    /// Ends after the script, and after whoever is told its exit code has been.
    pub(crate) output: Box<dyn Source>,
    /// For [`Stdin::Stream`], unless that is of no bytes.
    pub(crate) input: Option<Box<dyn Sink>>,
}

/// Drop it, and the script has nobody to write to.
#[derive(Debug)]
pub(super) struct Output {
    pipe: Arc<Pipe>,
    /// What was read last, for it may be wanted again.
    piece: Vec<u8>,
    at: usize,
}

impl Output {
    pub(super) fn new(pipe: Arc<Pipe>) -> Output {
        Output { pipe, piece: Vec::new(), at: 0 }
    }
}

impl Source for Output {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let again = &self.piece[self.at..];
        if !again.is_empty() {
            let count = again.len().min(buf.len());
            buf[..count].copy_from_slice(&again[..count]);
            self.at += count;
            return Ok(count);
        }
        let count = self.pipe.try_take(buf)?;
        if count > 0 {
            self.piece.clear();
            self.piece.extend_from_slice(&buf[..count]);
            self.at = count;
        }
        Ok(count)
    }

    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        let at = usize::try_from(bytes).ok().and_then(|bytes| self.at.checked_sub(bytes));
        self.at = at.ok_or_else(|| io::Error::other("not so much was read at once"))?;
        Ok(())
    }

    fn wake_with(&mut self, wake: Wake) {
        self.pipe.wake_with(wake);
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.pipe.abandon();
    }
}

/// Drop it, and the script finds the end of its input.
#[derive(Debug)]
pub(super) struct Input {
    pipe: Arc<Pipe>,
    left: u64,
}

impl Input {
    pub(super) fn new(pipe: Arc<Pipe>, length: u64) -> Input {
        Input { pipe, left: length }
    }
}

impl Sink for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        if wanted == 0 {
            return if bytes.is_empty() { Ok(0) } else { Err(io::ErrorKind::BrokenPipe.into()) };
        }
        let count = self.pipe.try_put(&bytes[..wanted])?;
        self.left -= count as u64;
        if self.left == 0 {
            self.pipe.complete();
        }
        Ok(count)
    }

    fn wake_with(&mut self, wake: Wake) {
        self.pipe.wake_with(wake);
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.pipe.complete();
    }
}
