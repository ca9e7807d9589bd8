//! The body of a request, read while it arrives.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::message::body::ChunkSink;
use crate::wake::Wake;

use super::pieces::{Border, Piece, Pieces};

/// The body of a request, while it arrives: what a handler of [`on_streaming`](crate::TestServer::on_streaming) reads.
///
/// Reading waits for the client; while nothing is read, no more than 64 KiB are taken from the client ahead. As [`io::Read`] it gives
/// bytes, [`next_chunk`](BodyReader::next_chunk) keeps the chunks apart.
///
/// ```
/// use std::io::Read;
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on_streaming("POST", "/first-byte", |_, body| -> HandlerResult<_> {
///     let mut first = [0];
///     body.read_exact(&mut first)?;
///     Ok(first[0].to_string())
/// });
/// let mut answer = ureq::post(server.url("/first-byte")).send("A")?;
/// assert_eq!(answer.body_mut().read_to_string()?, "65");
/// # Ok::<(), ureq::Error>(())
/// ```
pub struct BodyReader {
    from: From,
    /// What was taken and is not read yet.
    rest: Option<Piece>,
}

enum From {
    /// As it arrives.
    Arriving(Arc<Pieces>),
    /// A body that was there already: what is left of it, and the sizes of chunks that are left, the next one last.
    Whole { bytes: Bytes, sizes: Option<Vec<usize>> },
}

impl BodyReader {
    /// One over a body that has come already.
    pub(crate) fn of_whole(bytes: Bytes, sizes: Option<&[usize]>) -> BodyReader {
        let sizes = sizes.map(|sizes| sizes.iter().rev().copied().collect());
        BodyReader { from: From::Whole { bytes, sizes }, rest: None }
    }

    /// The next chunk as the client cut it, whole; `None` at the end. Of a body that was not sent in chunks: whatever has come.
    /// What [`io::Read`] has left of a chunk is a chunk.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the client sends no more before the end, or has gone; `TimedOut` if it takes
    /// [too long](crate::Builder::read_timeout); `InvalidData` if what it sends is no body, or [too large](crate::Builder::max_body);
    /// `ConnectionAborted` if the server was stopped.
    pub fn next_chunk(&mut self) -> io::Result<Option<Bytes>> {
        let Some(first) = self.take()? else { return Ok(None) };
        if first.ends_chunk {
            return Ok(Some(first.bytes));
        }
        let mut chunk = Vec::from(first.bytes);
        while let Some(Piece { bytes, ends_chunk }) = self.take()? {
            chunk.extend_from_slice(&bytes);
            if ends_chunk {
                break;
            }
        }
        Ok(Some(Bytes::from(chunk)))
    }

    /// Whether the client broke off, or the server was stopped: what a handler says of that is not its fault.
    pub(crate) fn is_broken_off(&self) -> bool {
        match &self.from {
            From::Arriving(pieces) => pieces.is_broken_off(),
            From::Whole { .. } => false,
        }
    }

    fn take(&mut self) -> io::Result<Option<Piece>> {
        if let Some(rest) = self.rest.take() {
            return Ok(Some(rest));
        }
        match &mut self.from {
            From::Arriving(pieces) => pieces.take(),
            From::Whole { bytes, .. } if bytes.is_empty() => Ok(None),
            From::Whole { bytes, sizes } => {
                let size = sizes.as_mut().and_then(Vec::pop).unwrap_or(bytes.len());
                Ok(Some(Piece { bytes: bytes.split_to(size.min(bytes.len())), ends_chunk: true }))
            }
        }
    }
}

impl io::Read for BodyReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(mut piece) = self.take()? else { return Ok(0) };
            let count = piece.bytes.len().min(buf.len());
            buf[..count].copy_from_slice(&piece.bytes.split_to(count));
            if !piece.bytes.is_empty() {
                self.rest = Some(piece);
            }
            if count > 0 {
                return Ok(count);
            }
        }
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("BodyReader");
        match &self.from {
            From::Arriving(pieces) => shown.field("arriving", pieces),
            From::Whole { bytes, .. } => shown.field("bytes", &bytes.len()),
        };
        shown.finish_non_exhaustive()
    }
}

impl Drop for BodyReader {
    fn drop(&mut self) {
        if let From::Arriving(pieces) = &self.from {
            pieces.abandon();
        }
    }
}

/// A body that arrives: the end that a connection holds, and the one that a handler reads. One that is counted has no chunks.
pub(crate) fn arriving(is_counted: bool) -> (Box<dyn ChunkSink>, BodyReader) {
    let pieces = Arc::new(Pieces::default());
    let sink = Arriving { pieces: pieces.clone(), is_counted };
    (Box::new(sink), BodyReader { from: From::Arriving(pieces), rest: None })
}

/// The other end of a [`BodyReader`].
#[derive(Debug)]
struct Arriving {
    pieces: Arc<Pieces>,
    is_counted: bool,
}

impl ChunkSink for Arriving {
    fn write(&mut self, bytes: &[u8], ends_chunk: bool) -> io::Result<usize> {
        let border = match ends_chunk {
            _ if self.is_counted => Border::Anywhere,
            true => Border::End,
            false => Border::None,
        };
        self.pieces.try_put(bytes, border)
    }

    fn wake_with(&mut self, wake: Wake) {
        self.pieces.wake_with(wake);
    }

    fn end(&mut self, why: Option<io::Error>) {
        self.pieces.end(why.map(Into::into));
    }
}

impl Drop for Arriving {
    /// Whoever reads learns that there is no more, unless it was told before.
    fn drop(&mut self) {
        let why = io::Error::new(io::ErrorKind::ConnectionAborted, "the server was stopped, or the connection is gone");
        self.pieces.end(Some(why.into()));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn chunks_are_given_as_they_were_cut_and_bytes_as_they_are_wanted() {
        let (mut sink, mut reader) = arriving(false);
        assert_eq!(sink.write(b"he", false).unwrap(), 2);
        assert_eq!(sink.write(b"llo", true).unwrap(), 3);
        assert_eq!(sink.write(b"world", true).unwrap(), 5);
        sink.end(None);
        drop(sink);
        assert_eq!(reader.next_chunk().unwrap().unwrap(), "hello");
        let mut two = [0; 2];
        reader.read_exact(&mut two).unwrap();
        assert_eq!((&two, reader.next_chunk().unwrap().unwrap()), (b"wo", Bytes::from_static(b"rld")));
        assert_eq!(reader.next_chunk().unwrap(), None);
        assert_eq!(reader.read(&mut two).unwrap(), 0);
    }

    #[test]
    fn a_body_that_was_there_already_is_cut_in_the_same_way() {
        let mut reader = BodyReader::of_whole(Bytes::from_static(b"helloworld"), Some(&[5, 3, 2]));
        let mut chunks = Vec::new();
        while let Some(chunk) = reader.next_chunk().unwrap() {
            chunks.push(chunk);
        }
        assert_eq!(chunks, ["hello", "wor", "ld"]);
        let mut text = String::new();
        BodyReader::of_whole(Bytes::from_static(b"hello"), None).read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }

    #[test]
    fn a_body_without_chunks_is_given_as_it_came_even_if_there_was_not_room_for_all() {
        let (mut sink, mut reader) = arriving(true);
        let much = vec![b'x'; 100 << 10];
        let taken = sink.write(&much, true).unwrap();
        assert!(taken < much.len());
        assert_eq!(reader.next_chunk().unwrap().unwrap().len(), taken);
    }

    #[test]
    fn a_body_that_breaks_off_says_so_after_what_had_come() {
        let (mut sink, mut reader) = arriving(false);
        sink.write(b"he", false).unwrap();
        drop(sink);
        let mut got = Vec::new();
        assert_eq!(reader.read_to_end(&mut got).unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(got, b"he");
    }

    #[test]
    fn nobody_wants_the_rest_once_the_reader_is_gone() {
        let (mut sink, reader) = arriving(false);
        drop(reader);
        assert_eq!(sink.write(b"he", true).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
