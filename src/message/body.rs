//! What a response carries after its head.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

/// What a body is read from while it is sent.
pub(crate) trait Source: Send + std::fmt::Debug {
    /// Reads the next bytes; 0 at the end.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;
    /// The last `bytes` read were not sent: they will be read again.
    fn step_back(&mut self, bytes: u64) -> io::Result<()>;
}

/// A body of a response.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Bytes in memory, shared.
    Bytes(Bytes),
    /// Something opened already, for one sending: whoever sends it takes it out.
    Opened { source: Arc<Mutex<Option<Box<dyn Source>>>>, length: u64 },
    /// A file that is opened when the response is sent.
    File(PathBuf),
}
