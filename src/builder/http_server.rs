//! The options that make a server behave as Python's http.server does, and those of its classes.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::engine::FOREVER;
#[cfg(unix)]
use crate::files::cgi::Cgi;
use crate::hook::Hook;
use crate::message::convert::checked_bytes;
use crate::message::into_response::IntoResponse;
use crate::message::request::Request;
use crate::wire::Dialect;

use super::Builder;

impl Builder {
    /// Speaks as Python's http.server does, to the letter: how requests are read and refused, when connections stay open,
    /// what error pages say. Without it requests are read by RFC 9112. What a directory answers is http.server's in both.
    ///
    /// Other than without it:
    ///
    /// * Whatever no rule answers is answered as soon as its head is there. Its body is read and thrown away, and is not
    ///   in the journal.
    /// * Without a directory a method that no rule has is `501 Unsupported method`; a path that no rule has is the 404 that
    ///   names the nearest rules, as without it.
    /// * Answers begin with `Server` and `Date`, those of handlers too.
    /// * Nothing is timed out, unless [`read_timeout`](Builder::read_timeout) is set; then the connection closes in silence.
    /// * The limits of http.server hold: request lines and header lines of 65,536 bytes, and 100 header lines.
    ///   [`max_body`](Builder::max_body) holds for what handlers get.
    /// * Content types are those of http.server's table and no others.
    ///
    /// The status lines are those of HTTP/1.1, and connections stay open, unless [`protocol`](Builder::protocol) says
    /// otherwise; `python -m http.server` says HTTP/1.0.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    /// use std::io::{Read, Write};
    ///
    /// let server = TestServer::builder().dir("fixtures/site").http_server().start();
    /// let mut client = std::net::TcpStream::connect(server.addr())?;
    /// client.write_all(b"GET /hello.txt\r\n")?; // HTTP/0.9: the body and nothing else
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert_eq!(answer, "Hello, fixture!\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn http_server(mut self) -> Builder {
        self.settings.reading.dialect = Dialect::HttpServer;
        if !self.is_timed {
            (self.settings.read_timeout, self.settings.idle_timeout) = (FOREVER, FOREVER);
        }
        self
    }

    /// The value of the field `Server` in answers of the directory, in errors and in answers of CGI scripts, and with
    /// [`http_server`](Builder::http_server) in those of handlers; `""` for none. Default: name and version of this crate.
    /// It is `server_version` and `sys_version` of http.server.
    ///
    /// # Panics
    ///
    /// If it holds CR, LF or NUL.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().dir("fixtures/site").server_header("Apache/2.4.1").start();
    /// assert_eq!(ureq::get(server.url("/hello.txt")).call()?.headers()["server"], "Apache/2.4.1");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "server_version")]
    #[doc(alias = "version_string")]
    #[track_caller]
    pub fn server_header(mut self, value: impl Into<String>) -> Builder {
        let value = checked_bytes("the value of `Server`", Bytes::from(value.into()));
        let line = if value.is_empty() { Vec::new() } else { [b"Server: ", &*value, b"\r\n"].concat() };
        self.settings.server_line = Cow::Owned(line);
        self
    }

    /// Runs the programs in these directories of the served one as CGI scripts: the paths of requests below which they are
    /// asked for, or a [`Cgi`] with options. Default: none. It is `CGIHTTPRequestHandler` of http.server, Unix only.
    ///
    /// A script answers `200 Script output follows`; what it writes is the rest of the response, header fields first. The
    /// connection closes after it. With [`http_server`](Builder::http_server) a script reads the body as it arrives, and the
    /// body is not in the journal; without it the body is read first and is in memory while the script runs, up to
    /// [`max_body`](Builder::max_body), and the answer to `HEAD` ends after the header fields.
    ///
    /// Whoever reaches the server can run every executable of these directories.
    ///
    /// # Panics
    ///
    /// If a directory does not begin with `/`, or no request can be for a script in it. [`start`](Builder::start) panics if no directory is served.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # use std::{fs, os::unix::fs::PermissionsExt};
    /// let site = tempfile::tempdir()?;
    /// fs::create_dir(site.path().join("cgi-bin"))?;
    /// fs::write(site.path().join("cgi-bin/who"), "#!/bin/sh\necho 'Content-Type: text/plain'\necho\necho $QUERY_STRING\n")?;
    /// // A script must be executable; and if root runs the server, scripts run as `nobody`, who must be able to get there.
    /// for path in ["", "cgi-bin", "cgi-bin/who"] {
    ///     fs::set_permissions(site.path().join(path), fs::Permissions::from_mode(0o755))?;
    /// }
    ///
    /// let server = TestServer::builder().dir(&site).cgi(["/cgi-bin"]).start();
    /// let mut answer = ureq::get(server.url("/cgi-bin/who?name=ada")).call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "name=ada\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(unix)]
    #[doc(alias = "CGIHTTPRequestHandler")]
    #[doc(alias = "cgi_directories")]
    #[track_caller]
    pub fn cgi(mut self, cgi: impl Into<Cgi>) -> Builder {
        self.cgi = Some(cgi.into());
        self
    }

    /// Tells the time of the field `Date`, for answers that can be compared byte by byte; called once for each answer.
    /// Default: the system's clock. It is `date_time_string` of http.server. A panic in it fails the test.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let server = TestServer::builder().clock(|| UNIX_EPOCH + Duration::from_secs(784_111_777)).start();
    /// server.on("GET", "/", |_| "hello");
    /// assert_eq!(ureq::get(server.url("/")).call()?.headers()["date"], "Sun, 06 Nov 1994 08:49:37 GMT");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "date_time_string")]
    #[track_caller]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Builder {
        self.manners.clock = Some(Hook::new("clock", Arc::new(clock)));
        self
    }

    /// Decides what a client gets that waits for leave to send its body (`Expect: 100-continue`; RFC 9110, section 10.1.1):
    /// `None` for `100 Continue`, or a final answer, after which the connection closes. Default: always `None`. It is
    /// `handle_expect_100` of http.server. A panic in it answers 500 and fails the test. By RFC 9112 it is not asked if the
    /// body has come already, or there is none; with [`http_server`](Builder::http_server) it is asked about every such field,
    /// as there.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # use std::io::{Read, Write};
    /// let server = TestServer::builder()
    ///     .on_expect(|request| (request.path() != "/upload").then_some((417, "not here")))
    ///     .start();
    ///
    /// let mut client = std::net::TcpStream::connect(server.addr())?;
    /// client.write_all(b"PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")?;
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert!(answer.starts_with("HTTP/1.1 417 Expectation Failed\r\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "handle_expect_100")]
    #[track_caller]
    pub fn on_expect<R: IntoResponse>(
        mut self,
        decide: impl Fn(&Request) -> Option<R> + Send + Sync + 'static,
    ) -> Builder {
        let decide = move |request: &Request| decide(request).map(IntoResponse::into_response);
        self.manners.on_expect = Some(Hook::new("on_expect", Arc::new(decide)));
        self
    }
}
