//! The connections of a server, open and closed.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use parking_lot::Mutex;

use crate::message::delivery::{Client, ClosedBy};
use crate::message::tape::Tape;
#[cfg(feature = "_tls")]
use crate::message::tls_failures::TlsFailures;
#[cfg(feature = "_tls")]
use crate::message::tls_info::TlsInfo;

/// The connections that a server has accepted.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    kept: Mutex<Kept>,
    tapes: bool,
    /// So many that are closed are kept, and whatever is open.
    limit: Option<usize>,
    #[cfg(feature = "_tls")]
    pub(crate) tls_failures: Arc<TlsFailures>,
}

/// TLS handshakes that failed, of those connections that are kept.
#[cfg(feature = "_tls")]
pub(crate) struct FailedHandshakes {
    pub(crate) on_purpose: usize,
    pub(crate) others: usize,
    /// Why the last of the others did.
    pub(crate) why: Option<String>,
}

#[derive(Debug, Default)]
struct Kept {
    clients: VecDeque<Arc<Client>>,
    count: usize,
    /// With so many it is time to look for some that can go.
    full_at: usize,
}

/// Looking for connections that can go is worth while for so many at least.
const FEW: usize = 64;

impl Kept {
    /// Keeps as many of the closed ones, the newest, and the others; returns the rest.
    fn limit(&mut self, most: usize) -> Vec<Arc<Client>> {
        let closed = self.clients.iter().filter(|client| client.closed().is_some()).count();
        let mut excess = closed.saturating_sub(most);
        let mut gone = Vec::with_capacity(excess);
        self.clients.retain(|client| {
            let goes = excess > 0 && client.closed().is_some();
            if goes {
                excess -= 1;
                gone.push(client.clone());
            }
            !goes
        });
        self.full_at = (2 * self.clients.len()).max(FEW);
        gone
    }
}

impl Ledger {
    /// One that keeps what crosses each connection, if so asked, and so many of those that are closed.
    pub(crate) fn new(tapes: bool, limit: Option<usize>) -> Ledger {
        Ledger {
            kept: Mutex::default(),
            tapes,
            limit,
            #[cfg(feature = "_tls")]
            tls_failures: Arc::default(),
        }
    }

    /// A connection was accepted.
    pub(crate) fn add(&self, peer: Option<SocketAddr>, opened: SystemTime) -> Arc<Client> {
        let tape = self.tapes.then(Box::<Tape>::default);
        let mut kept = self.kept.lock();
        kept.count += 1;
        let client = Client::new(kept.count, peer, opened, tape);
        #[cfg(feature = "_tls")]
        let client = client.telling(self.tls_failures.clone());
        let client = Arc::new(client);
        kept.clients.push_back(client.clone());
        let gone = match self.limit {
            Some(most) if kept.clients.len() > kept.full_at => kept.limit(most),
            _ => Vec::new(),
        };
        drop(kept);
        // A tape may be long.
        drop(gone);
        client
    }

    /// The server stops: whatever is open is about to be closed. Said before a client can see it.
    pub(crate) fn close(&self) {
        for client in &self.kept.lock().clients {
            client.close(ClosedBy::ServerStopped);
        }
    }

    /// How many were accepted.
    pub(crate) fn count(&self) -> usize {
        self.kept.lock().count
    }

    #[cfg(feature = "_tls")]
    pub(crate) fn failed_handshakes(&self) -> FailedHandshakes {
        let kept = self.kept.lock();
        let mut failed = FailedHandshakes { on_purpose: 0, others: 0, why: None };
        for failure in kept.clients.iter().filter_map(|client| client.tls()?.err()) {
            if failure.is_on_purpose {
                failed.on_purpose += 1;
            } else {
                failed.others += 1;
                failed.why = Some(failure.why.clone());
            }
        }
        failed
    }

    pub(crate) fn all(&self) -> Vec<RecordedConnection> {
        let mut kept = self.kept.lock();
        let gone = self.limit.map(|most| kept.limit(most));
        let all = kept.clients.iter().map(|client| RecordedConnection { client: client.clone() }).collect();
        drop(kept);
        drop(gone);
        all
    }
}

/// A connection of a server, open or closed. What it tells is as it is when it is asked. Clones are the same connection.
///
/// ```
/// use fixture_server::{ClosedBy, prelude::*};
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |_| "hello");
/// let client = ureq::agent();
/// for _ in 0..2 {
///     client.get(server.url("/")).call()?.body_mut().read_to_string()?;
/// }
/// let connection = &server.connections()[0];
/// assert_eq!((connection.number(), connection.requests(), connection.closed_by()), (1, 2, None));
///
/// server.stop();
/// assert_eq!(connection.closed_by(), Some(ClosedBy::ServerStopped));
/// # Ok::<(), ureq::Error>(())
/// ```
#[derive(Clone)]
pub struct RecordedConnection {
    client: Arc<Client>,
}

impl RecordedConnection {
    /// Its number, counted from 1 for each server: that of [`RecordedRequest::connection`](crate::RecordedRequest::connection).
    #[must_use]
    pub fn number(&self) -> usize {
        self.client.number
    }

    /// The client's address; `None` on a Unix socket.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.client.peer
    }

    /// When it was accepted.
    #[must_use]
    pub fn opened(&self) -> SystemTime {
        self.client.opened
    }

    /// How many requests came on it so far, those that are under way and those that were refused included.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.client.requests.load(Relaxed)
    }

    /// Who closed it; `None` while it is open. Once a client has seen the end of the connection, this is set. That the client
    /// closed it is known a moment later.
    #[must_use]
    pub fn closed_by(&self) -> Option<ClosedBy> {
        self.client.closed()
    }

    /// What was agreed upon in its TLS handshake; `None` without TLS, and until the handshake is complete. An example: [`TlsInfo`].
    #[cfg(feature = "_tls")]
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.client.tls()?.ok()
    }

    /// Why its TLS handshake failed, if it did: what client or server found wrong, for people to read. What the server found wrong
    /// is here before the client can know it; that the client refused is known a moment later, for which
    /// [`wait_for_tls_errors`](crate::TestServer::wait_for_tls_errors) waits. The text may change.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls().start();
    /// ureq::get(format!("http://{}/", server.addr())).call().unwrap_err();
    /// let connection = &server.connections()[0];
    /// assert!(connection.tls_error().unwrap().starts_with("the client does not speak TLS"));
    /// ```
    #[cfg(feature = "_tls")]
    #[must_use]
    pub fn tls_error(&self) -> Option<&str> {
        self.client.tls()?.err().map(|failure| failure.why.as_str())
    }
}

impl fmt::Display for RecordedConnection {
    /// One line: `#1 127.0.0.1:4711, 3 requests, closed by the client`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.number())?;
        if let Some(peer) = self.peer() {
            write!(f, " {peer}")?;
        }
        match self.requests() {
            1 => f.write_str(", 1 request")?,
            requests => write!(f, ", {requests} requests")?,
        }
        #[cfg(feature = "_tls")]
        if let Some(why) = self.tls_error() {
            write!(f, ", TLS failed ({why})")?;
        }
        f.write_str(match self.closed_by() {
            None => ", open",
            Some(ClosedBy::Client) => ", closed by the client",
            Some(ClosedBy::Server) => ", closed by the server",
            Some(ClosedBy::Fault) => ", closed by a fault",
            Some(ClosedBy::ServerStopped) => ", closed as the server stopped",
        })
    }
}

impl fmt::Debug for RecordedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordedConnection({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(ledger: &Ledger) -> Arc<Client> {
        ledger.add(None, SystemTime::UNIX_EPOCH)
    }

    fn numbers(ledger: &Ledger) -> Vec<usize> {
        ledger.all().iter().map(RecordedConnection::number).collect()
    }

    #[test]
    fn without_a_limit_every_connection_is_kept() {
        let ledger = Ledger::new(false, None);
        for _ in 0..1_000 {
            open(&ledger).close(ClosedBy::Client);
        }
        assert_eq!((ledger.count(), numbers(&ledger).len()), (1_000, 1_000));
    }

    #[test]
    fn with_a_limit_the_newest_closed_ones_are_kept_and_all_that_are_open() {
        let ledger = Ledger::new(false, Some(2));
        let stays = open(&ledger);
        for _ in 0..1_000 {
            open(&ledger).close(ClosedBy::Client);
        }
        assert!(ledger.kept.lock().clients.len() <= 2 * FEW);
        assert_eq!((ledger.count(), numbers(&ledger)), (1_001, vec![1, 1_000, 1_001]));
        drop(stays);
    }

    #[test]
    fn the_first_who_closes_is_believed() {
        let ledger = Ledger::new(false, None);
        let (one, _other) = (open(&ledger), open(&ledger));
        one.close(ClosedBy::Fault);
        ledger.close();
        let closed: Vec<_> = ledger.all().iter().map(RecordedConnection::closed_by).collect();
        assert_eq!(closed, [Some(ClosedBy::Fault), Some(ClosedBy::ServerStopped)]);
    }

    #[test]
    fn a_connection_is_told_in_a_line() {
        let ledger = Ledger::new(false, None);
        let client = ledger.add(Some(([127, 0, 0, 1], 4711).into()), SystemTime::UNIX_EPOCH);
        let connection = &ledger.all()[0];
        assert_eq!(connection.to_string(), "#1 127.0.0.1:4711, 0 requests, open");
        client.requests.store(1, Relaxed);
        client.close(ClosedBy::Client);
        assert_eq!(connection.to_string(), "#1 127.0.0.1:4711, 1 request, closed by the client");
    }
}
