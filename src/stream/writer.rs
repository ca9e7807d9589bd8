//! The body of a response, written while it is sent.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::message::body::Source;
use crate::wake::{Task, Wake};

use super::pieces::{Piece, Pieces};

/// Where the closure of [`Response::stream`](crate::Response::stream) writes. What is written at once is one chunk on the wire, if the
/// client knows chunks, and leaves at once; more than 64 KiB become several.
///
/// Writing blocks while more than 64 KiB are on their way, because the client does not read. An error says that nobody
/// takes the body any more: pass it on with `?`, which is no failure of the test then.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.when(get("/count")).respond(Response::stream(|out| {
///     for number in 0..3 {
///         write!(out, "{number} ")?;
///     }
///     out.write_all("done")
/// }));
/// let mut answer = ureq::get(server.url("/count")).call()?;
/// assert_eq!(answer.body_mut().read_to_string()?, "0 1 2 done");
/// # Ok::<(), ureq::Error>(())
/// ```
#[derive(Debug)]
pub struct BodyWriter {
    pieces: Arc<Pieces>,
}

impl BodyWriter {
    /// Writes all of it, as one chunk of up to 64 KiB, or several; nothing if there is nothing to write, since an empty chunk would end the body.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the client has gone, or the server was stopped.
    pub fn write_all(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.put(Bytes::copy_from_slice(bytes.as_ref()))
    }

    /// Lets `write!(out, ..)` work without an import: the whole text is one chunk.
    ///
    /// # Errors
    ///
    /// As [`write_all`](BodyWriter::write_all).
    pub fn write_fmt(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
        self.put(Bytes::from(args.to_string()))
    }

    /// Whether the client has closed its end. One that has closed its sending side only may still read, so that writing goes on
    /// working; nearly all clients that do so have gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pieces.is_closed()
    }

    fn put(&mut self, bytes: Bytes) -> io::Result<()> {
        if bytes.is_empty() { Ok(()) } else { self.pieces.put(bytes) }
    }
}

impl io::Write for BodyWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        BodyWriter::write_all(self, buf).map(|()| buf.len())
    }

    /// Everything has left already.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a stream closure ended.
pub(crate) enum Written {
    Whole,
    /// Nobody takes the body any more, so that an error says nothing.
    Unwanted,
    Failed(io::Error),
}

/// The end of a stream closure: what is said of how it ended is known before the body can be seen to end.
pub(crate) struct StreamEnd {
    pieces: Arc<Pieces>,
}

impl StreamEnd {
    /// What has become of it, by what the closure returned.
    pub(crate) fn of(&self, returned: io::Result<()>) -> Written {
        match returned {
            Ok(()) => Written::Whole,
            Err(_) if self.pieces.is_unwanted() => Written::Unwanted,
            Err(error) => Written::Failed(error),
        }
    }

    /// The body ends here; it breaks off if it is not whole.
    pub(crate) fn end(self, is_whole: bool) {
        self.pieces.end((!is_whole).then(|| io::Error::other("the closure that writes the body failed").into()));
    }
}

/// What a closure writes, to be sent. `run` gets the writer and the end when somebody begins to read.
pub(crate) fn written_by(run: impl FnOnce(BodyWriter, StreamEnd) + Send + 'static) -> Box<dyn Source> {
    let pieces = Arc::new(Pieces::default());
    let (writer, end) = (BodyWriter { pieces: pieces.clone() }, StreamEnd { pieces: pieces.clone() });
    Box::new(Stream { pieces, work: Some(Box::new(move || run(writer, end))), piece: Bytes::new(), at: 0 })
}

/// The other end of a [`BodyWriter`].
struct Stream {
    pieces: Arc<Pieces>,
    work: Option<Task>,
    /// What was read last, for it may be wanted again.
    piece: Bytes,
    at: usize,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("pieces", &self.pieces).finish_non_exhaustive()
    }
}

impl Source for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            match self.pieces.try_take()? {
                Some(Piece { bytes, .. }) => (self.piece, self.at) = (bytes, 0),
                None => return Ok(0),
            }
        }
        let rest = &self.piece[self.at..];
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }

    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        let at = usize::try_from(bytes).ok().and_then(|bytes| self.at.checked_sub(bytes));
        self.at = at.ok_or_else(|| io::Error::other("not so much was read at once"))?;
        Ok(())
    }

    fn wake_with(&mut self, wake: Wake) {
        self.pieces.wake_with(wake);
    }

    fn work(&mut self) -> Option<Task> {
        self.work.take()
    }

    fn client_closed(&mut self) {
        self.pieces.close();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.pieces.abandon();
    }
}
