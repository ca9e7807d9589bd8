//! The server, as tests see it.

use std::fmt;
use std::net::SocketAddr;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::builder::{Bind, Builder};
use crate::engine::transport::{self, Listener};
use crate::engine::{Listening, Settings};
#[cfg(unix)]
use crate::files::cgi::Gateway;
use crate::files::directory::{Directory, IntoDir};
use crate::files::{self, Beyond, Served};
use crate::journal::{Journal, Ledger};
use crate::message::convert::checked_path;
use crate::report::colour::for_people;
use crate::report::{Report, panic_or_print, print};
use crate::site::Site;
use crate::start_error::StartError;
use crate::wire::Dialect;

use at::{At, is_dual_stack, reachable};

mod at;
mod connections;
pub(crate) mod faults;
mod received;
mod registering;
mod serving;
#[cfg(feature = "_tls")]
pub(crate) mod tls;
mod verifying;
mod waiting;

/// An HTTP server for one test. Methods take `&self`. Dropping it closes the port and every connection, then
/// [verifies](TestServer::verify): it panics with every failure, or prints them if the test is panicking already. Then it prints
/// too which requests met neither a rule nor a file, and why: clients often drop the 404 that says so.
///
/// Threads are shared by all servers of the process and belong to none of them; it works the same with and without an
/// async runtime.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::start("fixtures/site");
/// server.on("POST", "/api/users", |request| (201, request.body_text()));
///
/// let page = ureq::get(server.url("/hello.txt")).call()?.body_mut().read_to_string()?;
/// assert_eq!(page, "Hello, fixture!\n");
/// ureq::post(server.url("/api/users")).send("Ada")?;
///
/// server.assert_received(post("/api/users"), 1);
/// # Ok::<(), ureq::Error>(())
/// ```
#[must_use = "the server stops as soon as it is dropped: bind it to a name, `let server = ...` (and not to `_`)"]
pub struct TestServer {
    site: Arc<Site>,
    settings: Settings,
    at: At,
    life: Mutex<Life>,
    #[cfg(feature = "_tls")]
    tls: tls::Side,
}

enum Life {
    Listening {
        port: Listening,
    },
    /// The socket holds the port while nothing listens on it; without it another process may take it.
    Stopped {
        reserved: Option<socket2::Socket>,
    },
}

impl TestServer {
    /// Serves a directory on a free port of 127.0.0.1, as Python's http.server serves it: a path, or a [`Directory`] with
    /// options. When this returns, connections are accepted.
    ///
    /// # Panics
    ///
    /// At the caller's line with path and reason, if the directory cannot be read.
    #[track_caller]
    pub fn start(dir: impl IntoDir) -> TestServer {
        Builder::new().dir(dir).start()
    }

    /// [`start`](TestServer::start) as a `Result`.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read, or no port can be had.
    pub fn try_start(dir: impl IntoDir) -> Result<TestServer, StartError> {
        Builder::new().dir(dir).try_start()
    }

    /// A server without a directory: only handlers.
    ///
    /// # Panics
    ///
    /// If no port can be had.
    #[track_caller]
    pub fn empty() -> TestServer {
        Builder::new().start()
    }

    /// A server with options.
    pub fn builder() -> Builder {
        Builder::new()
    }

    #[track_caller]
    pub(crate) fn from_builder(builder: Builder) -> Result<TestServer, StartError> {
        #[cfg(unix)]
        assert!(
            builder.cgi.is_none() || builder.dir.is_some(),
            "CGI scripts lie in the served directory, and there is none: name one with `.dir(..)`"
        );
        #[cfg(unix)]
        let cgi = builder.cgi.clone();
        #[cfg(feature = "_tls")]
        let mut builder = builder;
        #[cfg(feature = "_tls")]
        let tls = tls::Side::new(&mut builder)?;
        let Builder { dir, pages, bind, mut settings, journal, mut manners, transcript, .. } = builder;
        manners.dialect = settings.reading.dialect;
        settings.asks_for_leave = manners.on_expect.is_some();
        // To the letter is to the letter: http.server knows no types beyond its table.
        let beyond = match manners.dialect {
            Dialect::Rfc9112 => Beyond::MimeGuess,
            Dialect::HttpServer => Beyond::Nothing,
        };
        let open =
            |dir: Directory| Served::open(&dir, beyond).map_err(|error| StartError::directory(dir.path(), error));
        let served = dir.map(open).transpose()?;
        let (listener, at) = match bind {
            Bind::Tcp(addr) => {
                let failed = |error| StartError::listen(addr, error);
                let listener = Listener::tcp(addr, is_dual_stack(addr)).map_err(failed)?;
                let at = At::Tcp(listener.addr().unwrap_or(addr));
                (listener, at)
            }
            #[cfg(unix)]
            Bind::Unix(path) => {
                let path = std::path::absolute(&path).unwrap_or(path);
                let listener = Listener::unix(&path).map_err(|error| StartError::listen_unix(&path, error))?;
                (listener, At::Unix(path))
            }
        };
        #[cfg(unix)]
        {
            manners.gateway = cgi.map(|cgi| Gateway::new(cgi, at.host(&settings)));
        }
        let (journal, ledger) = (Journal::new(journal), Ledger::new(transcript, journal.requests));
        let site = Arc::new_cyclic(|me| Site::new(me.clone(), served, pages, journal, ledger, manners));
        let port = Listening::start(listener, settings.clone(), site.clone()).map_err(StartError::engine)?;
        let life = Mutex::new(Life::Listening { port });
        Ok(TestServer {
            site,
            settings,
            at,
            life,
            #[cfg(feature = "_tls")]
            tls,
        })
    }

    /// The absolute URL of a path, query included: `http://127.0.0.1:PORT/a?b=c`. The host is numeric; of a server that is
    /// bound to a wildcard it is the loopback address, of one on a Unix socket it is `localhost`. Nothing is encoded: the path
    /// stands in the URL as it is given, `/a%20b` for a blank.
    ///
    /// # Panics
    ///
    /// If the path does not begin with `/`.
    #[track_caller]
    #[must_use]
    pub fn url(&self, path: impl AsRef<str>) -> String {
        self.base_url() + checked_path(path.as_ref())
    }

    /// The URL without a path and without a slash at its end, for clients that take a base URL: `http://127.0.0.1:PORT`.
    #[doc(alias = "uri")]
    #[must_use]
    pub fn base_url(&self) -> String {
        let scheme = if self.settings.securing.is_some() { "https" } else { "http" };
        match &self.at {
            At::Tcp(addr) => format!("{scheme}://{}", reachable(*addr)),
            #[cfg(unix)]
            At::Unix(_) => format!("{scheme}://localhost"),
        }
    }

    /// The bound address.
    ///
    /// # Panics
    ///
    /// On a Unix socket, which has a [`socket_path`](TestServer::socket_path).
    #[track_caller]
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        match &self.at {
            At::Tcp(addr) => *addr,
            #[cfg(unix)]
            At::Unix(path) => {
                panic!("a server on the Unix socket {} has no address: use `socket_path()`", path.display())
            }
        }
    }

    /// The bound port.
    ///
    /// # Panics
    ///
    /// On a Unix socket, which has a [`socket_path`](TestServer::socket_path).
    #[track_caller]
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addr().port()
    }

    /// The path of the Unix socket, if it is bound to one.
    #[must_use]
    pub fn socket_path(&self) -> Option<&Path> {
        match &self.at {
            At::Tcp(_) => None,
            #[cfg(unix)]
            At::Unix(path) => Some(path),
        }
    }

    /// Closes the port and every connection; clients are refused, as if the service had gone away. Port number, rules and
    /// journal stay. Nothing happens if it is stopped already.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "hello");
    /// server.stop();
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// server.restart();
    /// assert!(ureq::get(server.url("/")).call().is_ok());
    /// ```
    pub fn stop(&self) {
        if !self.close() {
            return;
        }
        if let At::Tcp(addr) = &self.at {
            let mut life = self.life.lock();
            // Unless it was restarted meanwhile.
            if let Life::Stopped { reserved } = &mut *life {
                *reserved = transport::bound(*addr, is_dual_stack(*addr)).ok();
            }
        }
    }

    /// Whether it was listening.
    fn close(&self) -> bool {
        let mut life = self.life.lock();
        if let Life::Stopped { .. } = *life {
            return false;
        }
        let listening = std::mem::replace(&mut *life, Life::Stopped { reserved: None });
        drop(life);
        self.site.hush_scripts();
        self.site.ledger.close();
        // With the connections goes what users gave them, which may do anything.
        drop(listening);
        self.site.end_scripts();
        #[cfg(unix)]
        if let At::Unix(path) = &self.at {
            files::remove_socket(path);
        }
        true
    }

    /// Listens again on the same port after [`stop`](TestServer::stop), or in spite of
    /// [`refuse_connections`](TestServer::refuse_connections). Nothing happens if it listens already.
    ///
    /// # Panics
    ///
    /// If the address was taken meanwhile.
    #[track_caller]
    pub fn restart(&self) {
        if let Err(error) = self.try_restart() {
            panic!("{error}");
        }
    }

    /// [`restart`](TestServer::restart) as a `Result`.
    ///
    /// # Errors
    ///
    /// If the address was taken meanwhile.
    pub fn try_restart(&self) -> Result<(), StartError> {
        let mut life = self.life.lock();
        let reserved = match &mut *life {
            Life::Listening { port } => return port.door().open().map_err(|error| self.at.failed(error)),
            Life::Stopped { reserved } => reserved,
        };
        let listener = match &self.at {
            At::Tcp(addr) => {
                let socket = reserved.take().map_or_else(|| transport::bound(*addr, is_dual_stack(*addr)), Ok);
                socket.and_then(Listener::listening)
            }
            #[cfg(unix)]
            At::Unix(path) => Listener::unix(path),
        };
        let listener = listener.map_err(|error| self.at.failed(error))?;
        let port = Listening::start(listener, self.settings.clone(), self.site.clone()).map_err(StartError::engine)?;
        *life = Life::Listening { port };
        Ok(())
    }
}

impl Drop for TestServer {
    /// Stops, forgets rules and requests, then reports what failed and which promises were not kept: by a panic, or on standard
    /// error if the test is panicking already. Then the requests that nothing answered may well be why, and are told as well, and
    /// so are the seeds of what was left to chance.
    /// A broken promise that [`verify`](TestServer::verify) has told is not told again, unless more requests have come. It waits
    /// up to a quarter of a second for answers that are under way; a handler that does not end by then is named on standard error,
    /// which is no failure: it may block on purpose.
    fn drop(&mut self) {
        self.close();
        let told = ToldAtTheEnd(self.site.report_at_the_end());
        if let Some(text) = self.site.unended() {
            print(&for_people(text));
        }
        if std::thread::panicking() {
            let unmatched = self.site.unmatched_during_panic(&self.at);
            // A report has the seeds among its notes.
            let seeds = told.0.is_ok().then(|| self.site.seeds_during_panic(&self.at)).flatten();
            for text in unmatched.into_iter().chain(seeds) {
                print(&for_people(text));
            }
        }
        // A thread that has just answered may hold the site for a moment longer.
        self.site.close();
    }
}

/// Told even if what handlers hold panics when it goes, such as another server.
struct ToldAtTheEnd(Result<(), Report>);

impl Drop for ToldAtTheEnd {
    fn drop(&mut self) {
        if let Err(report) = &self.0 {
            panic_or_print(report);
        }
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listening = matches!(*self.life.lock(), Life::Listening { .. });
        f.debug_struct("TestServer")
            .field("at", &self.at)
            .field("listening", &listening)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

// Locks are never poisoned, and a test that panicked may well look at what its server received.
impl UnwindSafe for TestServer {}
impl RefUnwindSafe for TestServer {}
