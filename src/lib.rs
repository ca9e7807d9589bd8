//! An HTTP server for test suites: serves a directory like Python's http.server, answers closures, records every request.
//!
//! A [`TestServer`] listens on a free port of 127.0.0.1 from the moment it exists until it is dropped. It needs no async
//! runtime and there is nothing to await: it works the same in `#[test]` and in `#[tokio::test]`, and servers of tests
//! that run in parallel never see each other.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let server = TestServer::start("fixtures/site");
//! let page = ureq::get(server.url("/hello.txt")).call()?.body_mut().read_to_string()?;
//! assert_eq!(page, "Hello, fixture!\n");
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! # Tour
//!
//! ## A directory
//!
//! [`start`](TestServer::start) takes a path or a reference to a `TempDir`. Files, index pages, listings, redirects, dates,
//! content types and error pages are those of Python's http.server. Nothing is cached: edits show at once.
//! [`empty`](TestServer::empty) has no directory, [`builder`](TestServer::builder) has the options of a server, and
//! [`Directory`] those of a directory. [Coming from `python -m http.server`](coming_from_python) has the whole of it: class by
//! class, CGI, the program, and where it differs.
//!
//! ## Handlers
//!
//! [`on`](TestServer::on) answers a method and a path with a closure. Whatever is [a response](IntoResponse) can be returned.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let server = TestServer::empty();
//! server.on("GET", "/users/{id}", |request| format!("user {}", request.param("id")));
//! server.on("POST", "/users", |request| (201, [("Location", "/users/7")], request.body_text()));
//! server.on("GET", "/job", |request| if request.hit() < 3 { 503 } else { 200 }); // busy twice, then done
//! server.on("PUT", "/sum", |request| -> HandlerResult<_> {
//!     let number: i64 = request.body_text().parse()?; // an error answers 500 and fails the test
//!     Ok((number + 1).to_string())
//! });
//!
//! let mut answer = ureq::put(server.url("/sum")).send("41")?;
//! assert_eq!(answer.body_mut().read_to_string()?, "42");
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! A [`Response`] sends its header fields exactly as given. The [`Rule`] that `on` returns counts and finds the requests it
//! answered, can be [removed](Rule::remove), or [scoped](Rule::scoped) to a block.
//!
//! ## The journal
//!
//! Every request is recorded, whatever became of it. One [`Pattern`] finds, counts and asserts.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let server = TestServer::empty();
//! server.on("POST", "/login", |_| 204);
//! ureq::post(server.url("/login?from=app")).header("X-Trace", "7").send("ada")?;
//!
//! server.assert_received(post("/login"), 1);
//! server.assert_received(any().path("/admin/{*rest}"), 0);
//! let request = &server.received(post("/login"))[0];
//! assert_eq!((request.query("from"), request.header("x-trace")), (Some("app"), Some("7")));
//! assert!(request.raw_head().starts_with(b"POST /login?from=app HTTP/1.1\r\n"));
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! ## Misbehaviour
//!
//! A [`Fault`] is a response too, and [`Response::raw`] sends any bytes at all. [`stop`](TestServer::stop) and
//! [`restart`](TestServer::restart) let the whole service go away and come back on its port.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let server = TestServer::empty();
//! server.on("GET", "/", |request| match request.hit() {
//!     1 => Fault::Reset.into_response(),
//!     2 => Response::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntoo short"),
//!     _ => Response::text("fine"),
//! });
//! assert!(ureq::get(server.url("/")).call().is_err());
//! assert!(ureq::get(server.url("/")).call()?.body_mut().read_to_string().is_err());
//! assert!(ureq::get(server.url("/")).call().is_ok());
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! ## Verification
//!
//! A handler that panics or returns an error answers 500, and is a failure of the test: [`verify`](TestServer::verify) and
//! the end of the server panic with all failures, each with the line of its rule.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let server = TestServer::empty();
//! server.on("GET", "/", |request| -> u16 { panic!("unexpected {}", request.target()) });
//! assert!(ureq::get(server.url("/")).call().is_err());
//!
//! let report = server.try_verify().unwrap_err().to_string();
//! assert!(report.contains("the handler of GET / panicked: unexpected /"));
//! ```
//!
//! # What can be relied on
//!
//! **Who answers.** The newest rule that fits, then older ones, then the directory. If nothing does, the answer is 404: with
//! a directory the page of http.server, or its `501 Unsupported method` for anything but GET and HEAD, without one a
//! text that names the nearest rules. A rule fits if the method is the same and every segment of the path is, after
//! percent-decoding; an encoded slash stays inside its segment. The query is not compared. A rule for GET does not answer HEAD.
//!
//! **How handlers run.** In parallel, also with themselves, and outside every lock. They may block for as long as they like
//! without holding up other connections or other servers, and may send requests to their own server.
//!
//! **What is recorded, and when.** Every request, in order of arrival: answered by a rule, by the directory, by nothing, or
//! refused because it was malformed, too large or too slow. It is in the journal when its handler runs, and before the first
//! byte of its response is sent. Once a client has read the whole response, [how it ended](RecordedRequest::ended) and
//! [how much was sent](RecordedRequest::bytes_sent) are there too. The journal keeps everything unless the builder limits it.
//!
//! **What a drop does.** It closes the port and every connection. Then it panics if something failed that
//! [`verify`](TestServer::verify) has not reported; during a panic it prints the report instead. It does not wait for
//! handlers that still run: what they do afterwards is lost.
//!
//! **What panics.** Misuse, at the author's line: a bad path, method, header field, status, address or range. What depends on
//! the machine has a `try_` twin. What a client sends never panics anything.
//!
//! **What is refused.** Requests that two parties could read in two ways (RFC 9112, section 11.2): conflicting lengths, a
//! length with chunked, folded fields, a blank before a colon. They get 400 and the connection closes. Limits are options
//! of the [`Builder`].
//!
//! # Pitfalls
//!
//! * Clients read `HTTP_PROXY` and may send requests for 127.0.0.1 there: set `NO_PROXY=127.0.0.1,localhost,[::1]`.
//! * A `TempDir` must live as long as the server: pass `&dir`.
//! * `let _ = TestServer::empty()` drops the server at once; `let _server = ..` keeps it.
//! * Handlers and log closures run on threads that all tests of a process share. What they print belongs to the test that
//!   started the threads, and is often lost: use `--nocapture` or cargo-nextest, or send log events through a channel.
//! * What a handler returns cannot borrow from the request: `request.param("id").to_owned()`.
//! * A handler that owns its own server (`Arc<TestServer>`) keeps it from ever being dropped, and so verified: capture
//!   `server.base_url()` instead.
//! * A server in a `static` is never dropped, and so never verified: call [`verify`](TestServer::verify).
//! * A client that keeps connections may try one that the server closed at [`stop`](TestServer::stop); most try again by themselves.
//!
//! # Features
//!
//! * `json` (default): [`Response::json`], [`Request::json`], `serde_json::Value` as an answer, `json!` in the prelude.
//! * `cli`: the program `fixture-server`. Nothing in the library needs it.
//! * `full`: every feature of the library.
//!
//! The crate needs Rust 1.85.
#![forbid(unsafe_code)]

mod builder;
mod engine;
mod failures;
mod files;
mod handler;
mod hook;
mod journal;
mod log;
mod matchers;
mod message;
mod plan;
mod report;
mod rule;
mod rules;
mod server;
mod site;
mod start_error;
mod wire;

use std::time::Duration;

pub use builder::{Builder, IntoAddr, Protocol};
#[cfg(unix)]
pub use files::cgi::{Cgi, CgiUser};
pub use files::directory::{Directory, IntoDir};
pub use files::listing::{IntoPage, Listing, ListingEntry};
pub use handler::Handler;
pub use http::{Method, StatusCode};
pub use journal::{RecordedRequest, Route};
pub use log::LogEvent;
pub use matchers::pattern::{IntoPattern, Pattern, any, delete, get, head, method, options, patch, post, put};
pub use matchers::times::{IntoTimes, Times};
pub use message::convert::{IntoBody, IntoFieldValue, IntoMethod, IntoStatus};
pub use message::delivery::Ended;
pub use message::fault::Fault;
pub use message::field::Field;
pub use message::into_response::{HandlerReturn, IntoResponse};
pub use message::request::Request;
pub use message::response::Response;
pub use report::{Failure, FailureKind, Report};
pub use rule::{RouteGuard, Rule};
pub use server::TestServer;
pub use start_error::StartError;

#[doc = include_str!("coming_from_python.md")]
pub mod coming_from_python {}

/// What a test file imports.
pub mod prelude {
    #[cfg(unix)]
    pub use crate::{Cgi, CgiUser};
    pub use crate::{
        Directory, Fault, HandlerResult, IntoResponse, MIB, Method, Pattern, Protocol, RecordedRequest, Report,
        Request, Response, Rule, StatusCode, TestServer, any, delete, get, head, method, ms, options, patch, post, put,
        secs,
    };
    #[cfg(feature = "json")]
    pub use serde_json::json;
}

/// One mebibyte, for limits: `16 * MIB`.
pub const MIB: usize = 1 << 20;

/// `Duration::from_millis`, short enough for tests.
#[must_use]
pub const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// `Duration::from_secs`, short enough for tests.
#[must_use]
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What a handler that uses `?` returns: `|request| -> HandlerResult { .. }`. An error answers 500 and fails the test.
pub type HandlerResult<T = Response> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The code of the README is tested too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
