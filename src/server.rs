//! The server, as tests see it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::Mutex;

use crate::builder::{Bind, Builder};
use crate::engine::transport::{self, Listener};
use crate::engine::{Listening, Service, Settings};
#[cfg(unix)]
use crate::files::cgi::{Gateway, Host, fully_qualified};
use crate::files::directory::{Directory, IntoDir};
use crate::files::{self, Beyond, Served};
use crate::handler::Handler;
use crate::journal::{Journal, RecordedRequest};
use crate::matchers::path::PathTemplate;
use crate::matchers::pattern::{IntoPattern, Pattern, any};
use crate::matchers::times::IntoTimes;
use crate::message::convert::IntoMethod;
use crate::message::into_response::HandlerReturn;
use crate::message::request::Request;
#[cfg(unix)]
use crate::message::request::Version;
use crate::report::{Report, not_received};
use crate::rule::Rule;
use crate::rules::{RuleCore, SharedHandler};
use crate::site::Site;
use crate::start_error::StartError;
use crate::wire::Dialect;

/// An HTTP server for one test. Methods take `&self`; dropping it verifies, then closes the port and every connection.
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
    service: Service,
    at: At,
    accepted: Arc<AtomicUsize>,
    life: Mutex<Life>,
}

/// Where a server listens, or did and will again.
#[derive(Debug, Clone)]
enum At {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

#[cfg(unix)]
impl At {
    /// What CGI scripts are told.
    fn host(&self, settings: &Settings) -> Host {
        let line = String::from_utf8_lossy(&settings.server_line).into_owned();
        let (name, port) = match self {
            At::Tcp(addr) => (fully_qualified(addr.ip()), addr.port()),
            At::Unix(_) => ("localhost".to_owned(), 0),
        };
        let protocol = match settings.reading.protocol {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        };
        Host { software: line.trim_start_matches("Server:").trim().to_owned(), name, port, protocol }
    }
}

enum Life {
    Listening {
        _port: Listening,
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
        let Builder { dir, pages, bind, mut settings, journal, mut manners, .. } = builder;
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
        let site = Arc::new(Site::new(served, pages, Journal::new(journal), manners));
        let answering = site.clone();
        let service: Service = Arc::new(move |incoming| answering.answer(incoming));
        let accepted = Arc::new(AtomicUsize::new(0));
        let port = Listening::start(listener, settings.clone(), service.clone(), accepted.clone())
            .map_err(StartError::engine)?;
        let life = Mutex::new(Life::Listening { _port: port });
        Ok(TestServer { site, settings, service, at, accepted, life })
    }

    /// The absolute URL of a path, query included: `http://127.0.0.1:PORT/a?b=c`. The host is numeric; of a server that is
    /// bound to a wildcard it is the loopback address, of one on a Unix socket it is `localhost`.
    ///
    /// # Panics
    ///
    /// If the path does not begin with `/`.
    #[track_caller]
    #[must_use]
    pub fn url(&self, path: impl AsRef<str>) -> String {
        let path = path.as_ref();
        assert!(path.starts_with('/'), "the path {path:?} must begin with `/`: write {:?}", format!("/{path}"));
        self.base_url() + path
    }

    /// The URL without a path and without a slash at its end, for clients that take a base URL: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        match &self.at {
            At::Tcp(addr) => format!("http://{}", reachable(*addr)),
            #[cfg(unix)]
            At::Unix(_) => "http://localhost".to_owned(),
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

    /// Answers a method and a path with a closure, at once and for as long as the server lives. The newest rule that fits
    /// answers, then older ones, then the directory.
    ///
    /// `{name}` stands for one segment of the path, `{*name}` for the rest; [`Request::param`] tells what came. Paths are
    /// compared segment by segment after percent-decoding, without the query. The closure returns whatever is
    /// [a response](crate::IntoResponse), runs in parallel with itself, and may block. If it panics the client gets 500
    /// and the test fails.
    ///
    /// What it returns must be its own, not borrowed from the request: `request.param("id").to_owned()`,
    /// `request.body_text()`, or `request.body_bytes()`, which copies nothing. A fixed answer is a closure too:
    /// `|_| "hello"`. A closure that is bound to a name first needs its parameter annotated: `|request: &Request| ..`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/users/{id}", |request| json!({ "id": request.param("id") }));
    /// server.on("GET", "/files/{*path}", |request| request.param("path").to_owned());
    /// server.on(Method::DELETE, "/users/{id}", |_| 204);
    ///
    /// let mut answer = ureq::get(server.url("/files/a/b%20c.txt")).call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "a/b c.txt");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the method is no token, the path does not begin with `/`, holds a query, or has a malformed placeholder.
    #[track_caller]
    pub fn on<F, R>(&self, method: impl IntoMethod, path: impl AsRef<str>, handler: F) -> Rule
    where
        F: Fn(&Request) -> R + Send + Sync + 'static,
        R: HandlerReturn,
    {
        let pattern = Pattern::new(Some(method.into_method()), Some(PathTemplate::parse(path.as_ref())));
        self.add_rule(pattern, Arc::new(move |request: &Request| handler(request).into_return()))
    }

    /// Answers every request with a handler of one's own, ahead of all older rules and the directory.
    #[track_caller]
    pub fn handler(&self, handler: impl Handler) -> Rule {
        self.add_rule(any(), Arc::new(move |request: &Request| handler.handle(request)))
    }

    #[track_caller]
    fn add_rule(&self, pattern: Pattern, handler: SharedHandler) -> Rule {
        let home: Arc<Site> = self.site.clone();
        let core = Arc::new(RuleCore {
            pattern,
            handler: Mutex::new(Some(handler)),
            location: Location::caller(),
            hits: AtomicUsize::new(0),
            home: Arc::downgrade(&home) as _,
        });
        self.site.rules.add(core.clone());
        Rule::new(core)
    }

    /// Everything that arrived, in order: what rules and files answered, what nothing answered, what was malformed.
    /// A request is in here before the first byte of its response is sent.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.site.journal.all()
    }

    /// The recorded requests that fit a pattern, in order of arrival.
    #[must_use]
    pub fn received(&self, pattern: impl IntoPattern) -> Vec<RecordedRequest> {
        let pattern = pattern.into_pattern();
        let mut requests = self.requests();
        requests.retain(|request| pattern.fits(request));
        requests
    }

    /// Asserts that so many recorded requests fit: `1`, `2..`, `..=3`, `1..=4`.
    ///
    /// # Panics
    ///
    /// If fewer or more fit, with a list of what was received.
    #[track_caller]
    pub fn assert_received(&self, pattern: impl IntoPattern, times: impl IntoTimes) {
        let (pattern, times) = (pattern.into_pattern(), times.into_times());
        let recorded = self.requests();
        let fitting = recorded.iter().filter(|request| pattern.fits(request)).count();
        if times.allow(fitting) {
            return;
        }
        let instead = match fitting {
            0 => "it never came".to_owned(),
            1 => "it came once".to_owned(),
            count => format!("it came {count} times"),
        };
        panic!("{}", not_received(&format!("{pattern} {times}"), &instead, &recorded, &self.site.notes()));
    }

    /// Forgets recorded requests and counts: [`Rule::hits`] and [`Request::hit`] begin anew. Rules and the directory stay.
    pub fn clear_requests(&self) {
        self.site.clear_requests();
    }

    /// Panics with every failure since the last call, all at once: panics and errors of handlers. Dropping the server
    /// does the same.
    ///
    /// # Panics
    ///
    /// If there is a failure; the text is that of the [`Report`].
    #[track_caller]
    pub fn verify(&self) {
        if let Err(report) = self.try_verify() {
            panic!("{report}");
        }
    }

    /// [`verify`](TestServer::verify) as a `Result`. A failure is reported once: dropping the server does not repeat it.
    ///
    /// # Errors
    ///
    /// If there is a failure.
    pub fn try_verify(&self) -> Result<(), Report> {
        self.site.report()
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
        // With the connections goes what users gave them, which may do anything.
        drop(listening);
        self.site.end_scripts();
        #[cfg(unix)]
        if let At::Unix(path) = &self.at {
            files::remove_socket(path);
        }
        true
    }

    /// Listens again on the same port after [`stop`](TestServer::stop). Nothing happens if it listens already.
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
        let Life::Stopped { reserved } = &mut *life else { return Ok(()) };
        let listener = match &self.at {
            At::Tcp(addr) => {
                let socket = reserved.take().map_or_else(|| transport::bound(*addr, is_dual_stack(*addr)), Ok);
                socket.and_then(Listener::listening).map_err(|error| StartError::listen(*addr, error))?
            }
            #[cfg(unix)]
            At::Unix(path) => Listener::unix(path).map_err(|error| StartError::listen_unix(path, error))?,
        };
        let port = Listening::start(listener, self.settings.clone(), self.service.clone(), self.accepted.clone())
            .map_err(StartError::engine)?;
        *life = Life::Listening { _port: port };
        Ok(())
    }
}

impl Drop for TestServer {
    /// Stops, forgets rules and requests, then reports what failed: by a panic, or on standard error if the test is panicking already.
    #[expect(clippy::print_stderr, reason = "a second panic would abort the process and hide the first")]
    fn drop(&mut self) {
        self.close();
        let verified = self.site.report();
        // A thread that has just answered may hold the site for a moment longer.
        self.site.close();
        if let Err(report) = verified {
            if std::thread::panicking() {
                eprintln!("{report}");
            } else {
                panic!("{report}");
            }
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

/// `::` alone stands for all addresses, those of IPv4 too.
fn is_dual_stack(addr: SocketAddr) -> bool {
    addr.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
}

/// A wildcard is no address to connect to.
fn reachable(addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), addr.port()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), addr.port()),
        _ => addr,
    }
}
