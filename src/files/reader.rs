//! What a body is read from: the file itself, or what the author made of it.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::hook::{Hook, HookPanic, Origin, Panics};
use crate::message::body::{Handle, Source};

/// Wraps or replaces what is read while a file is sent.
pub(super) type WrapReader = dyn Fn(Box<dyn Read + Send>, &Path) -> Box<dyn Read + Send> + Send + Sync;

/// Reads a file piece by piece while it is sent, so that its size does not matter.
#[derive(Debug)]
pub(super) struct FileSource {
    file: File,
    /// How much of it was taken.
    at: u64,
}

impl FileSource {
    pub(super) fn new(file: File) -> FileSource {
        FileSource { file, at: 0 }
    }
}

impl Source for FileSource {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let length = read_at(&self.file, buf, self.at)?;
        self.at += length as u64;
        Ok(length)
    }

    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        self.at = self.at.checked_sub(bytes).ok_or_else(too_far_back)?;
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn handle(&self) -> Option<(Handle<'_>, u64)> {
        Some((std::os::fd::AsFd::as_fd(&self.file), self.at))
    }

    fn pass(&mut self, bytes: u64) {
        self.at += bytes;
    }
}

/// Reads the whole of a small file at once; `None` if that is not to be had in one read, as when the file has just shrunk.
pub(super) fn read_whole(file: &File, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    (read_at(file, &mut bytes, 0).ok()? == bytes.len()).then_some(bytes)
}

/// Where the platform has it, in one system call.
fn read_at(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buf, at);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buf, at);
    #[cfg(not(any(unix, windows)))]
    {
        let mut file = file;
        std::io::Seek::seek(&mut file, io::SeekFrom::Start(at))?;
        file.read(buf)
    }
}

fn too_far_back() -> io::Error {
    io::Error::other("more is given back than was read")
}

/// Reads what the author's closure made of a file. It cannot seek, hence the last piece is kept.
pub(super) struct WrappedSource {
    /// `None` once it failed.
    reader: Option<Box<dyn Read + Send>>,
    /// What was read last, and how much of it was taken.
    piece: Vec<u8>,
    taken: usize,
    path: PathBuf,
    origin: Origin,
    panics: Arc<Panics>,
}

/// The longest piece that is kept.
const PIECE: usize = 64 << 10;

impl WrappedSource {
    pub(super) fn new(
        hook: &Hook<WrapReader>,
        file: File,
        path: PathBuf,
        panics: Arc<Panics>,
    ) -> Result<WrappedSource, HookPanic> {
        let reader = hook.call(|wrap| wrap(Box::new(file), &path))?;
        Ok(WrappedSource { reader: Some(reader), piece: Vec::new(), taken: 0, path, origin: hook.origin(), panics })
    }

    /// Reads the next piece, `most` bytes at most.
    fn fill(&mut self, most: usize) -> io::Result<()> {
        let Some(mut reader) = self.reader.take() else {
            return Err(io::Error::other("the reader of this file has failed"));
        };
        // A piece of its own, because a reader may say that it wrote what it did not.
        self.piece.clear();
        self.piece.resize(most.min(PIECE), 0);
        self.taken = 0;
        let piece = &mut self.piece;
        let read = self.origin.catch(|| {
            loop {
                match reader.read(piece) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    read => return (reader, read),
                }
            }
        });
        match read {
            Ok((reader, Ok(read))) => {
                self.piece.truncate(read);
                self.reader = Some(reader);
                Ok(())
            }
            Ok((reader, Err(error))) => {
                self.piece.clear();
                self.let_go(reader);
                // Nobody would tell that it is worth while to go on.
                let would_block = error.kind() == ErrorKind::WouldBlock;
                Err(if would_block { io::Error::other("the reader of this file would block") } else { error })
            }
            Err(panic) => {
                self.piece.clear();
                self.note(panic);
                Err(io::Error::other("the reader of this file panicked"))
            }
        }
    }

    /// Drops a reader, which runs code of the author's too.
    fn let_go(&self, reader: Box<dyn Read + Send>) {
        if let Err(panic) = self.origin.catch(|| drop(reader)) {
            self.note(panic);
        }
    }

    fn note(&self, panic: HookPanic) {
        self.panics.add(panic.during(&format!("sending the file {}", self.path.display())));
    }
}

impl Source for WrappedSource {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() {
            self.fill(buf.len())?;
        }
        let rest = &self.piece[self.taken..];
        let length = rest.len().min(buf.len());
        buf[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }

    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        let back = usize::try_from(bytes).ok().and_then(|bytes| self.taken.checked_sub(bytes));
        self.taken = back.ok_or_else(too_far_back)?;
        Ok(())
    }

    fn runs_user_code(&self) -> bool {
        true
    }
}

impl Drop for WrappedSource {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.let_go(reader);
        }
    }
}

impl fmt::Debug for WrappedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedSource").field("path", &self.path).finish_non_exhaustive()
    }
}
