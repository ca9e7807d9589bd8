//! How a response goes wrong on purpose.

use bytes::Bytes;

/// How to misbehave: sent in place of a response.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("GET", "/gone", |_| Fault::Close);
/// assert!(ureq::get(server.url("/gone")).call().is_err());
/// ```
#[must_use = "a fault happens only if a handler returns it"]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A TCP reset: the client's next read fails with "connection reset". On a Unix socket, which knows no resets, a close.
    Reset,
    /// An orderly close, before a single byte.
    Close,
    /// Closes the sending side only and goes on reading.
    HalfClose,
    /// Says nothing, and keeps the connection open until the client goes or the server stops.
    Stall,
    /// These bytes instead of a response, then a close.
    Garbage(Bytes),
}

impl Fault {
    /// [`Fault::Garbage`] of anything that is bytes.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Fault::garbage(b"\x00\xff not HTTP"));
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    pub fn garbage(bytes: impl AsRef<[u8]>) -> Fault {
        Fault::Garbage(Bytes::copy_from_slice(bytes.as_ref()))
    }
}
