//! What goes wrong for the whole server, for a while.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::engine::door::Holder;
use crate::files;
use crate::message::fault_at::FaultAt;
use crate::outage::InForce;
use crate::site::Site;
use crate::site::seeds::SHARE;

use super::{Life, TestServer};

impl TestServer {
    /// Misbehaves towards every request until the guard is dropped: an outage, whatever the rules say. A request that was not
    /// complete yet when the outage began meets it too.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    ///
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "hello");
    /// {
    ///     let _outage = server.fault(Fault::Reset);
    ///     assert!(ureq::get(server.url("/")).call().is_err());
    /// }
    /// assert!(ureq::get(server.url("/")).call().is_ok());
    /// assert_eq!(server.requests()[0].route(), Route::Fault);
    /// ```
    ///
    /// Without a stage it takes the place of the answer: no rule is chosen or counts a hit, no handler runs, and strict mode
    /// demands none. The request is in the journal, with [`Route::Fault`](crate::Route::Fault) and as much of it as had come.
    /// [`FaultAt::at`] chooses another moment:
    ///
    /// | [`Stage`](crate::Stage) | strikes |
    /// | --- | --- |
    /// | `Accept` | each new connection, before anything is read; no request is recorded |
    /// | `RequestHead(n)` | when `n` bytes of the head have come, or all of it: with 0, at the first byte |
    /// | `RequestBody(n)` | when `n` bytes of the body have come, or all of it; at once if there is none |
    /// | `BeforeHead` | when the request is complete |
    /// | `Head(n)`, `Body(n)`, `After` | in the answer, which is made as ever: rules count, handlers run |
    ///
    /// [`Fault::BadChunkSize`](crate::Fault::BadChunkSize) and [`Fault::NoLastChunk`](crate::Fault::NoLastChunk) concern the body of the
    /// answer, also without a stage: at its beginning, and at its end.
    ///
    /// A request that is malformed or too large before the fault strikes is refused as ever.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # use std::io::{Read, Write};
    /// # use std::net::TcpStream;
    /// let server = TestServer::empty();
    /// let _outage = server.fault(Fault::Close.at(Stage::RequestBody(3)));
    /// let mut upload = TcpStream::connect(server.addr())?;
    /// upload.write_all(b"PUT /doc HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabcdef")?;
    /// assert_eq!(upload.read(&mut [0; 100])?, 0);
    /// assert_eq!(server.requests()[0].body_text(), "abc");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// [`every`](FaultAt::every) and [`share`](FaultAt::share) spare the other requests. They go by the number of requests
    /// that have begun since the fault is in force, from 1; for `Accept` by that of connections.
    /// [`clear_requests`](TestServer::clear_requests) leaves that count alone.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "hello");
    /// let _flaky = server.fault(Fault::Close.every(3));
    /// let met: Vec<bool> = (0..6).map(|_| ureq::get(server.url("/")).call().is_ok()).collect();
    /// assert_eq!(met, [true, true, false, true, true, false]);
    ///
    /// let _lossy = server.fault(Fault::Reset.share(0.1, 7)); // one in ten, the same ones in each run
    /// ```
    ///
    /// Of several faults in force the newest that strikes a request wins; when it ends the older ones are back. The
    /// guard borrows nothing, and may outlive the server.
    #[doc(alias = "outage")]
    #[doc(alias = "withFault")]
    #[doc(alias = "socketPolicy")]
    pub fn fault(&self, fault: impl Into<FaultAt>) -> FaultGuard {
        let fault = fault.into();
        if let Some(seed) = fault.chance.seed() {
            self.site.note_seed(SHARE, seed);
        }
        let shown = fault.in_code();
        let in_force = self.site.outage.begin(fault);
        FaultGuard { site: self.site.clone(), in_force, shown }
    }

    /// Refuses new connections until the guard is dropped ("connection refused"); those that are open stay, and are served. The
    /// port is held meanwhile: the system gives it to nobody who asks for a free one. So is the path of a Unix socket.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    /// use std::io::ErrorKind;
    /// use std::net::TcpStream;
    ///
    /// let server = TestServer::empty();
    /// let refusal = server.refuse_connections();
    /// assert_eq!(TcpStream::connect(server.addr()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    /// drop(refusal);
    /// assert!(TcpStream::connect(server.addr()).is_ok());
    /// ```
    ///
    /// With several guards connections are refused until all are gone. [`stop`](TestServer::stop) and
    /// [`restart`](TestServer::restart) overrule them: a server that is restarted listens, and guards from before do nothing any
    /// more. While the server is stopped it refuses anyway, and a guard of that time does nothing either.
    ///
    /// Listening again takes no address that is not held already. Should the system refuse it all the same, new connections
    /// stay refused, since a drop cannot tell; [`restart`](TestServer::restart) tries again, and tells.
    #[doc(alias = "connection_refused")]
    pub fn refuse_connections(&self) -> RefusalGuard {
        let holder = match &*self.life.lock() {
            Life::Listening { port } => Some(port.door().hold_shut(files::remove_socket)),
            Life::Stopped { .. } => None,
        };
        RefusalGuard { _holder: holder }
    }
}

/// Misbehaves until dropped: [`TestServer::fault`].
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |_| "hello");
/// let outage = server.fault(Fault::Close);
/// assert!(ureq::get(server.url("/")).call().is_err());
/// drop(outage);
/// assert!(ureq::get(server.url("/")).call().is_ok());
/// ```
#[must_use = "the fault ends as soon as the guard is dropped: bind it, `let _outage = ...` (and not to `_`)"]
pub struct FaultGuard {
    site: Arc<Site>,
    in_force: Arc<InForce>,
    /// The fault as it is written in a test.
    shown: String,
}

impl fmt::Debug for FaultGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultGuard({})", self.shown)
    }
}

impl Drop for FaultGuard {
    fn drop(&mut self) {
        self.site.outage.end(&self.in_force);
    }
}

/// Refuses new connections until dropped: [`TestServer::refuse_connections`]. It borrows nothing, and may outlive the server.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |_| "hello");
/// let refusal = server.refuse_connections();
/// assert!(ureq::get(server.url("/")).call().is_err());
/// drop(refusal);
/// assert!(ureq::get(server.url("/")).call().is_ok());
/// ```
#[must_use = "connections are accepted again as soon as the guard is dropped: bind it, `let _refusal = ...` (and not to `_`)"]
pub struct RefusalGuard {
    /// `None` of a server that was stopped.
    _holder: Option<Holder>,
}

impl fmt::Debug for RefusalGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusalGuard").finish_non_exhaustive()
    }
}

// Locks are never poisoned, and a guard may well go because a test panics.
impl UnwindSafe for FaultGuard {}
impl RefUnwindSafe for FaultGuard {}
impl UnwindSafe for RefusalGuard {}
impl RefUnwindSafe for RefusalGuard {}
