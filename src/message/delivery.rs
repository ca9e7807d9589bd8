//! What becomes of a response on its way to the client.

use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicUsize};
#[cfg(feature = "_tls")]
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use super::request::Content;
use super::tape::Tape;
#[cfg(feature = "_tls")]
use super::tls_failures::{TlsFailure, TlsFailures};
#[cfg(feature = "_tls")]
use super::tls_info::TlsInfo;

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
    pub(crate) opened: SystemTime,
    /// Everything that crosses it, if that was asked for.
    pub(crate) tape: Option<Box<Tape>>,
    /// Requests that were asked on it so far.
    pub(crate) requests: AtomicUsize,
    /// Who closed it; 0 while it is open.
    closed: AtomicU8,
    /// What became of its TLS handshake: what was agreed upon, or why nothing was.
    #[cfg(feature = "_tls")]
    tls: OnceLock<Box<Result<TlsInfo, TlsFailure>>>,
    /// Who else is told that it failed.
    #[cfg(feature = "_tls")]
    tls_failures: Option<Arc<TlsFailures>>,
}

/// Who closed a connection, by the end that a client gets to see: it says the first who closed their side for good.
///
/// ```
/// use fixture_server::{ClosedBy, prelude::*};
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |_| Fault::Reset);
/// ureq::get(server.url("/")).call().unwrap_err();
/// assert_eq!(server.connections()[0].closed_by(), Some(ClosedBy::Fault));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClosedBy {
    /// The client, or what lies between; also while the server was stalling on purpose.
    Client,
    /// The server: after an answer that was the last, after it refused a request, or because the client took too long.
    Server,
    /// A [`Fault`](crate::Fault); also one that closed the sending side only.
    Fault,
    /// The server was stopped or dropped.
    ServerStopped,
}

impl Client {
    pub(crate) fn new(number: usize, peer: Option<SocketAddr>, opened: SystemTime, tape: Option<Box<Tape>>) -> Client {
        Client {
            number,
            peer,
            opened,
            tape,
            requests: AtomicUsize::new(0),
            closed: AtomicU8::new(0),
            #[cfg(feature = "_tls")]
            tls: OnceLock::new(),
            #[cfg(feature = "_tls")]
            tls_failures: None,
        }
    }

    /// Whom a failing handshake is told.
    #[cfg(feature = "_tls")]
    pub(crate) fn telling(self, tls_failures: Arc<TlsFailures>) -> Client {
        Client { tls_failures: Some(tls_failures), ..self }
    }

    /// Notes who closed it; the first who says so is believed.
    pub(crate) fn close(&self, by: ClosedBy) {
        let number = match by {
            ClosedBy::Client => 1,
            ClosedBy::Server => 2,
            ClosedBy::Fault => 3,
            ClosedBy::ServerStopped => 4,
        };
        let _ = self.closed.compare_exchange(0, number, Relaxed, Relaxed);
    }

    /// Its TLS handshake is complete.
    #[cfg(feature = "_tls")]
    pub(crate) fn tls_agreed(&self, info: TlsInfo) {
        let _ = self.tls.set(Box::new(Ok(info)));
    }

    /// Its TLS handshake failed; the first reason is the one.
    #[cfg(feature = "_tls")]
    pub(crate) fn tls_failed(&self, failure: TlsFailure) {
        if self.tls.set(Box::new(Err(failure))).is_ok() {
            if let Some(failures) = &self.tls_failures {
                failures.add();
            }
        }
    }

    /// What was agreed upon in its TLS handshake, or why it failed; `None` without one, or while it lasts.
    #[cfg(feature = "_tls")]
    pub(crate) fn tls(&self) -> Option<Result<&TlsInfo, &TlsFailure>> {
        self.tls.get().map(|tls| (**tls).as_ref())
    }

    pub(crate) fn closed(&self) -> Option<ClosedBy> {
        #[cfg(feature = "_tls")]
        if let Some(Err(TlsFailure { closed_by: Some(by), .. })) = self.tls() {
            return Some(*by);
        }
        match self.closed.load(Relaxed) {
            1 => Some(ClosedBy::Client),
            2 => Some(ClosedBy::Server),
            3 => Some(ClosedBy::Fault),
            4 => Some(ClosedBy::ServerStopped),
            _ => None,
        }
    }
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
    /// The body of the request, of which only the head was known before: all of it, or as much as came.
    fn received(&self, content: Content);
}
