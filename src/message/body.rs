//! What a response carries after its head.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::stream::StreamFn;
use crate::wake::{Task, Wake};

/// What the system reads from without help, where it can send that by itself.
#[cfg(target_os = "linux")]
pub(crate) type Handle<'a> = std::os::fd::BorrowedFd<'a>;
#[cfg(not(target_os = "linux"))]
pub(crate) type Handle<'a> = &'a std::convert::Infallible;

/// What a body is read from while it is sent.
pub(crate) trait Source: Send + std::fmt::Debug {
    /// Reads the next bytes; 0 at the end. `WouldBlock` if there are none yet: then the [`Wake`] is called once there are,
    /// or once the end is known.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;
    /// The last `bytes` read were not sent: they will be read again.
    fn step_back(&mut self, bytes: u64) -> io::Result<()>;
    /// Where the next bytes stand, and behind how many others, if they are sent just as they stand there.
    fn handle(&self) -> Option<(Handle<'_>, u64)> {
        None
    }
    /// The next `bytes` were sent from the [handle](Source::handle): they will not be read.
    fn pass(&mut self, _bytes: u64) {}
    /// Whom to tell that a read is worth while again; called before the first read of a source that may have to wait.
    fn wake_with(&mut self, _wake: Wake) {}
    /// Whether a read runs code of the user's, which may take any time.
    fn runs_user_code(&self) -> bool {
        false
    }
    /// Code of the user's that has to run for there to be something to read; asked for once, before the first read.
    fn work(&mut self) -> Option<Task> {
        None
    }
    /// Of the last read's first `consumed` bytes, how many belong to the body; the others are framing.
    fn body_of(&self, consumed: usize) -> usize {
        consumed
    }
    /// Whether the last read ended a chunk.
    fn ends_chunk(&self) -> bool {
        false
    }
    /// How many bytes follow the last read that only end its chunk: whoever stops there sends them too.
    fn chunk_end_left(&self) -> usize {
        0
    }
    /// The client has closed its end: it sends nothing more, and most likely takes nothing more.
    fn client_closed(&mut self) {}
}

/// Takes the body of a request as it arrives. Dropped when there is no more of it.
pub(crate) trait Sink: Send + std::fmt::Debug {
    /// Takes some of the bytes, at least one. `WouldBlock` if there is no room: then the [`Wake`] is called once there is.
    /// Any other error means that nobody wants more.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Whom to tell that there is room again; called before the first write.
    fn wake_with(&mut self, wake: Wake);
}

/// Takes the body of a request piece by piece, with the ends of its chunks. Dropped when there is no more of it.
pub(crate) trait ChunkSink: Send + std::fmt::Debug {
    /// Takes some of the bytes, at least one; `ends_chunk` says that the last of them is the last of a chunk. `WouldBlock` if
    /// there is no room: then the [`Wake`] is called once there is. Any other error means that nobody wants more.
    fn write(&mut self, bytes: &[u8], ends_chunk: bool) -> io::Result<usize>;
    /// Whom to tell that there is room again; called before the first write.
    fn wake_with(&mut self, wake: Wake);
    /// That was all of it, or it breaks off here, and why.
    fn end(&mut self, why: Option<io::Error>);
}

/// A body of a response.
#[derive(Clone)]
pub(crate) enum Body {
    /// Bytes in memory, shared.
    Bytes(Bytes),
    /// Something opened already, for one sending: whoever sends it takes it out. Without a length it ends where the source does.
    Opened { source: Arc<Mutex<Option<Box<dyn Source>>>>, length: Option<u64> },
    /// A file that is opened when the response is sent.
    File(PathBuf),
    /// Exactly these chunks.
    Chunks(Arc<[Bytes]>),
    /// Written by a closure while the response is sent.
    Stream(Arc<StreamFn>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Body::Bytes(bytes) => std::fmt::Debug::fmt(&super::request::shown_body(bytes), f),
            Body::Opened { length: Some(length), .. } => write!(f, "({length} bytes of a file)"),
            Body::Opened { length: None, .. } => f.write_str("(as it comes)"),
            Body::File(path) => std::fmt::Debug::fmt(path, f),
            Body::Chunks(chunks) => {
                f.debug_list().entries(chunks.iter().map(|chunk| super::request::shown_body(chunk))).finish()
            }
            Body::Stream(_) => f.write_str("(a stream)"),
        }
    }
}
