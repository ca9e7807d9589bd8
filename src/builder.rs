//! Options of a server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::Location;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{FOREVER, Settings};
use crate::files::ErrorPages;
#[cfg(unix)]
use crate::files::cgi::Cgi;
use crate::files::directory::{Directory, IntoDir};
use crate::hook::Hook;
use crate::journal::JournalLimits;
use crate::log::LogEvent;
use crate::message::convert::{IntoStatus, convert};
use crate::message::request::Version;
use crate::message::target::MAX_HEAD;
use crate::server::TestServer;
use crate::site::Manners;
use crate::start_error::StartError;

/// Options of a server: [`TestServer::builder`]. The page [Limits](crate::limits) has every bound and its default.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::builder()
///     .dir("fixtures/site")
///     .bind("[::1]:0")
///     .max_body(16 * MIB)
///     .start();
/// assert!(server.url("/").starts_with("http://[::1]:"));
/// ```
#[must_use = "a builder does nothing until `.start()` or `.try_start()`"]
#[derive(Debug)]
pub struct Builder {
    pub(crate) dir: Option<Directory>,
    pub(crate) pages: ErrorPages,
    pub(crate) bind: Bind,
    pub(crate) settings: Settings,
    /// Time limits were asked for.
    pub(crate) is_timed: bool,
    pub(crate) journal: JournalLimits,
    pub(crate) manners: Manners,
    pub(crate) transcript: bool,
    #[cfg(feature = "_tls")]
    pub(crate) tls: Option<crate::tls::options::Tls>,
    #[cfg(unix)]
    pub(crate) cgi: Option<Cgi>,
}

/// Where a server listens.
#[derive(Debug, Clone)]
pub(crate) enum Bind {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
}

/// The version in a server's status lines: [`Builder::protocol`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// `HTTP/1.0`: each connection ends with its response, as http.server does by default.
    Http10,
    /// `HTTP/1.1`: connections stay open.
    Http11,
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder {
            dir: None,
            pages: ErrorPages::default(),
            bind: Bind::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)),
            settings: Settings::default(),
            is_timed: false,
            journal: JournalLimits::default(),
            manners: Manners::default(),
            transcript: false,
            #[cfg(feature = "_tls")]
            tls: None,
            #[cfg(unix)]
            cgi: None,
        }
    }

    /// Serves this directory where no rule fits: a path, or a [`Directory`] with options. Default: none.
    pub fn dir(mut self, dir: impl IntoDir) -> Builder {
        self.dir = Some(dir.into_dir());
        self
    }

    /// The address to listen on. Default: `127.0.0.1:0`, a free port. The IPv6 wildcard `::` takes IPv4 connections too.
    ///
    /// # Panics
    ///
    /// If a text is no address.
    #[track_caller]
    pub fn bind(mut self, addr: impl IntoAddr) -> Builder {
        self.bind = Bind::Tcp(addr.into_addr());
        self
    }

    /// Listens on a Unix socket instead. Its file must not exist; it is removed when the server stops.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # use std::io::{Read, Write};
    /// let dir = tempfile::tempdir()?;
    /// let server = TestServer::builder().bind_unix(dir.path().join("api.sock")).start();
    /// server.on("GET", "/", |_| "hello");
    ///
    /// let mut client = std::os::unix::net::UnixStream::connect(server.socket_path().unwrap())?;
    /// client.write_all(b"GET / HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n")?;
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert!(answer.ends_with("hello"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(unix)]
    pub fn bind_unix(mut self, path: impl AsRef<Path>) -> Builder {
        self.bind = Bind::Unix(path.as_ref().to_owned());
        self
    }

    /// Whether a request that meets no rule and no file fails the test. Default: `false`. Such requests are answered as ever;
    /// each is a failure of the kind [`Unmatched`](crate::FailureKind::Unmatched) that says why no rule fitted, at the line of
    /// this call.
    ///
    /// Where there is a directory, a request met no file if the directory answers 404, 405 or 501. A request that is refused,
    /// because it is malformed for example, counts too. Nothing is excepted: browsers ask for `/favicon.ico` by themselves, and
    /// `server.on("GET", "/favicon.ico", |_| 404)` lets them.
    ///
    /// ```
    /// # use fixture_server::{FailureKind, prelude::*};
    /// let server = TestServer::builder().strict(true).start();
    /// server.on("POST", "/login", |_| 204);
    /// assert!(ureq::get(server.url("/login")).call().is_err());
    ///
    /// let report = server.try_verify().unwrap_err();
    /// assert_eq!(report.failures()[0].kind(), FailureKind::Unmatched);
    /// assert!(report.to_string().contains("no rule answers GET /login"));
    /// ```
    #[doc(alias = "assert_all_matched")]
    #[doc(alias = "unmatched")]
    #[track_caller]
    pub fn strict(mut self, on: bool) -> Builder {
        let here = Location::caller();
        self.manners.strict = on.then_some(here);
        self
    }

    /// The largest request body in bytes; a larger one is refused with 413. Default: 256 MiB.
    pub fn max_body(mut self, bytes: usize) -> Builder {
        self.settings.reading.limits.body = bytes;
        self
    }

    /// The largest head of a request in bytes, its request line included; a larger one is refused with 431. Default: 64 KiB;
    /// at most: 1 GiB.
    pub fn max_head(mut self, bytes: usize) -> Builder {
        self.settings.reading.limits.head = bytes.min(MAX_HEAD);
        self
    }

    /// The most header fields of a request; more are refused with 431. Default, and at most: 1,000.
    pub fn max_fields(mut self, fields: usize) -> Builder {
        self.settings.reading.limits.fields = fields;
        self
    }

    /// The longest request target in bytes; a longer one is refused with 414. Default: 64 KiB; at most: 1 GiB.
    pub fn max_target(mut self, bytes: usize) -> Builder {
        self.settings.reading.limits.target = bytes.min(MAX_HEAD);
        self
    }

    /// How many requests the journal keeps: the newest. Default: all. Reports say when it dropped some. With 0 nothing can be asked
    /// or asserted of what came: for `received`, `assert_received`, `wait_for` and their like nothing ever does. Counts of rules and
    /// promises go on.
    pub fn journal_limit(mut self, requests: usize) -> Builder {
        self.journal.requests = Some(requests);
        self
    }

    /// How many bytes of heads and bodies the journal keeps: those of the newest requests. Default: all. Reports say when
    /// it dropped some.
    pub fn journal_bytes(mut self, bytes: usize) -> Builder {
        self.journal.bytes = Some(bytes);
        self
    }

    /// How long a head may take in all, how long a body may take for each 64 KiB, and how long a connection may be idle.
    /// A head or body that takes longer is refused with 408. Default: 30 s, and 300 s for idle connections; with
    /// [`http_server`](Builder::http_server) nothing is timed out by default.
    ///
    /// # Panics
    ///
    /// If the time is zero.
    #[track_caller]
    pub fn read_timeout(mut self, time: Duration) -> Builder {
        assert!(
            !time.is_zero(),
            "a read timeout of zero would refuse every request: pass a longer one, such as `secs(5)`"
        );
        self.settings.read_timeout = time.min(FOREVER);
        self.settings.idle_timeout = time.min(FOREVER);
        self.is_timed = true;
        self
    }

    /// Whether connections stay open after a response. Default: `true`.
    pub fn keep_alive(mut self, on: bool) -> Builder {
        self.settings.keep_alive = on;
        self
    }

    /// The version in status lines. Default: HTTP/1.1.
    pub fn protocol(mut self, protocol: Protocol) -> Builder {
        self.settings.reading.protocol = match protocol {
            Protocol::Http10 => Version::Http10,
            Protocol::Http11 => Version::Http11,
        };
        self
    }

    /// Tells a closure of each request as it is answered, before the response is sent. It runs on the thread that
    /// answers and holds the response up. Default: silence.
    #[track_caller]
    pub fn log(mut self, sink: impl Fn(&LogEvent) + Send + Sync + 'static) -> Builder {
        self.manners.log = Some(Hook::new("log", Arc::new(sink)));
        self
    }

    /// The page of errors: of the directory, of [`Response::error`](crate::Response::error), and with
    /// [`http_server`](Builder::http_server) of refused requests. What else goes wrong is told in plain text: that no rule fits,
    /// that a handler failed, and without `http_server` why a request is refused. `{code}`, `{message}` and
    /// `{explain}` stand for the status and the two texts, in which `&`, `<` and `>` are escaped; other braces stay. Default:
    /// the page of http.server. There it is `error_message_format`.
    ///
    /// # Panics
    ///
    /// If it has the placeholders of Python, `%(code)d` and the like.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder()
    ///     .dir("fixtures/site")
    ///     .error_page("error {code}: {message}\n")
    ///     .error_content_type("text/plain")
    ///     .start();
    /// # let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    /// let mut answer = client.get(server.url("/missing")).call()?;
    /// assert_eq!(answer.headers()["content-type"], "text/plain");
    /// assert_eq!(answer.body_mut().read_to_string()?, "error 404: File not found\n");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "error_message_format")]
    #[track_caller]
    pub fn error_page(mut self, template: impl Into<String>) -> Builder {
        let template = template.into();
        assert!(
            !["%(code)", "%(message)", "%(explain)"].iter().any(|python| template.contains(python)),
            "`%(code)d` is how Python writes it: the placeholders of an error page are {{code}}, {{message}} and {{explain}}"
        );
        self.pages.set_template(template);
        self
    }

    /// The content type of error pages. Default: `text/html;charset=utf-8`. http.server: `error_content_type`.
    ///
    /// # Panics
    ///
    /// If it has no `/` or holds CR, LF or NUL.
    #[track_caller]
    pub fn error_content_type(mut self, content_type: impl Into<String>) -> Builder {
        self.pages.set_content_type(content_type.into());
        self
    }

    /// What a status is called in answers of the directory and in [`Response::error`](crate::Response::error): the reason
    /// phrase where there is no special message, and the explanation on the page of an error. Default: the table of
    /// http.server. There it is `responses`.
    ///
    /// # Panics
    ///
    /// If the status is out of range, or the phrase holds CR, LF or NUL.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().status_text(418, "Short and Stout", "Tip me over").start();
    /// server.on("GET", "/", |_| Response::error(418));
    /// # let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    /// let page = client.get(server.url("/")).call()?.body_mut().read_to_string()?;
    /// assert!(page.contains("<p>Message: Short and Stout.</p>"));
    /// assert!(page.contains("418 - Tip me over."));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "responses")]
    #[track_caller]
    pub fn status_text(
        mut self,
        status: impl IntoStatus,
        phrase: impl Into<String>,
        explanation: impl Into<String>,
    ) -> Builder {
        self.pages.set_wording(status.into_status(), phrase.into(), explanation.into());
        self
    }

    /// Starts the server. When this returns, connections are accepted.
    ///
    /// # Panics
    ///
    /// At the caller's line with path or address and the system's reason, if the directory cannot be served or the address
    /// cannot be listened on.
    #[track_caller]
    pub fn start(self) -> TestServer {
        match self.try_start() {
            Ok(server) => server,
            Err(error) => panic!("{error}"),
        }
    }

    /// [`start`](Builder::start) as a `Result`.
    ///
    /// # Errors
    ///
    /// If the directory cannot be served or the address cannot be listened on.
    #[track_caller]
    pub fn try_start(self) -> Result<TestServer, StartError> {
        TestServer::from_builder(self)
    }
}

mod http_server;
#[cfg(feature = "_tls")]
mod tls;
mod wire;

/// An address to bind: `"[::1]:0"`, `SocketAddr`, `(ip, port)`, or a port of 127.0.0.1.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an address to bind",
    note = "pass `\"127.0.0.1:0\"`, a `SocketAddr`, `(ip, port)` or a port; Unix sockets have `.bind_unix(path)`"
)]
pub trait IntoAddr {
    /// The address; panics at the caller's line if the text is none.
    fn into_addr(self) -> SocketAddr;
}

convert!(IntoAddr::into_addr -> SocketAddr;
    &str => |text| addr_of(text),
    String => |text| addr_of(&text),
    SocketAddr => |addr| addr,
    (IpAddr, u16) => |addr| SocketAddr::from(addr),
    (Ipv4Addr, u16) => |addr| SocketAddr::from(addr),
    (Ipv6Addr, u16) => |addr| SocketAddr::from(addr),
    u16 => |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
);

#[track_caller]
fn addr_of(text: &str) -> SocketAddr {
    if let Ok(addr) = text.parse() {
        return addr;
    }
    if text.parse::<IpAddr>().is_ok() {
        let addr = if text.contains(':') { format!("[{text}]:0") } else { format!("{text}:0") };
        panic!("the address {text:?} lacks a port: write {addr:?} for a free one");
    }
    panic!(
        "{text:?} is not an address to listen on: write an IP address and a port, such as \"127.0.0.1:0\" or \"[::1]:0\" \
         (names are not looked up)"
    );
}
