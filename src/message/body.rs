//! What a response carries after its head.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

/// What a body is read from while it is sent.
pub(crate) trait Source: Send + std::fmt::Debug {
    /// Reads the next bytes; 0 at the end. `WouldBlock` if there are none yet: then the [`Wake`] is called once there are,
    /// or once the end is known.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;
    /// The last `bytes` read were not sent: they will be read again.
    fn step_back(&mut self, bytes: u64) -> io::Result<()>;
    /// Whom to tell that a read is worth while again; called before the first read of a source that may have to wait.
    fn wake_with(&mut self, _wake: Wake) {}
    /// Whether a read runs code of the user's, which may take any time.
    fn runs_user_code(&self) -> bool {
        false
    }
}

/// Takes the body of a request as it arrives. Dropped when there is no more of it.
pub(crate) trait Sink: Send + std::fmt::Debug {
    /// Takes some of the bytes, at least one. `WouldBlock` if there is no room: then the [`Wake`] is called once there is.
    /// Any other error means that nobody wants more.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Whom to tell that there is room again; called before the first write.
    fn wake_with(&mut self, wake: Wake);
}

/// Has a connection looked at again. May be called at any time, from any thread, and once too often.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// A body of a response.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Bytes in memory, shared.
    Bytes(Bytes),
    /// Something opened already, for one sending: whoever sends it takes it out. Without a length it ends where the source does.
    Opened { source: Arc<Mutex<Option<Box<dyn Source>>>>, length: Option<u64> },
    /// A file that is opened when the response is sent.
    File(PathBuf),
}
