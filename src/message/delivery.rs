//! What becomes of a response on its way to the client.

use std::net::SocketAddr;
use std::time::SystemTime;

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The response was sent and the connection stays open.
    KeptOpen,
    /// The response was sent and the server closed the connection. If its body could not be had whole (a file that shrank, a
    /// reader that failed, a script that was killed), it was closed behind what there was.
    ClosedByServer,
    /// The client closed or reset the connection before the response was complete.
    ClientGone,
    /// A [`Fault`](crate::Fault) ended it.
    Fault,
    /// The request was refused: it was malformed, too large, or too slow.
    Refused,
    /// The server was stopped or dropped meanwhile.
    ServerStopped,
}

/// A connection, as far as requests tell of it.
#[derive(Debug)]
pub(crate) struct Client {
    /// Counted from 1 for each server.
    pub(crate) number: usize,
    /// `None` on a Unix socket.
    pub(crate) peer: Option<SocketAddr>,
}

/// When and as which request of its connection one arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// Counted from 1 for each connection.
    pub(crate) number: usize,
    /// When the head was complete.
    pub(crate) at: SystemTime,
}

/// Is told how far the response of one exchange got.
pub(crate) trait Receipt: Send + Sync + std::fmt::Debug {
    /// So many bytes were handed to the system, head included; `ended` once nothing more will be sent.
    fn sent(&self, bytes: u64, ended: Option<Ended>);
}
