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
//! One suite, step by step: the tests of a client that logs in to a shop, reads its catalogue and places orders.
//!
//! ## 1. Serve what the client reads
//!
//! [`start`](TestServer::start) takes a path or a reference to a `TempDir`. Files, index pages, listings, redirects, dates,
//! content types and error pages are those of Python's http.server. Nothing is cached: edits show at once.
//! [`empty`](TestServer::empty) has no directory, [`builder`](TestServer::builder) has the options of a server, and
//! [`Directory`] those of a directory. [Coming from `python -m http.server`](coming_from_python) has the whole of it.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let shop = TestServer::start("fixtures/api");
//! let catalogue = ureq::get(shop.url("/users.json")).call()?;
//! assert_eq!(catalogue.headers()["content-type"], "application/json");
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! ## 2. Answer with closures
//!
//! [`on`](TestServer::on) answers a method and a path. Whatever is [a response](IntoResponse) can be returned; closures run in
//! parallel and may block. [`Request::hit`] counts, so that simple state needs no lock.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let shop = TestServer::empty();
//! shop.on("GET", "/orders/{id}", |request| format!("order {}", request.param("id")));
//! shop.on("POST", "/orders", |request| (201, [("Location", "/orders/7")], request.body_text()));
//! shop.on("GET", "/job", |request| if request.hit() < 3 { 503 } else { 200 }); // busy twice, then done
//! shop.on("PUT", "/sum", |request| -> HandlerResult<_> {
//!     let number: i64 = request.body_text().parse()?; // an error answers 500 and fails the test
//!     Ok((number + 1).to_string())
//! });
//!
//! let mut answer = ureq::put(shop.url("/sum")).send("41")?;
//! assert_eq!(answer.body_mut().read_to_string()?, "42");
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! ## 3. Say which requests, and how many
//!
//! [`when`](TestServer::when) takes a [`Pattern`]: a method and a path, refined by query, header fields, cookies, credentials,
//! and the body as text, JSON, form or parts. Wherever a value is compared, a plain value means equal, and [`contains`],
//! [`one_of`], [`gt`], [`absent`] and their like mean what they say (`regex` and `part` with features of these names). [`expect`](When::expect) is a promise that the end of the
//! server checks; [`limit`](When::limit) lets an older rule take over.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let shop = TestServer::empty();
//! shop.when(post("/login").form("user", "ada").header("accept", contains("json")))
//!     .named("login")
//!     .expect(1)
//!     .respond([("Set-Cookie", "sid=1")]);
//! shop.when(get("/orders").cookie("sid", "1").query("page", absent())).respond("[]");
//! shop.when(get("/orders")).limit(1).respond((503, "try again")); // the newest rule comes first
//!
//! ureq::post(shop.url("/login")).header("Accept", "application/json").send_form([("user", "ada")])?;
//! let orders = || ureq::get(shop.url("/orders")).header("Cookie", "sid=1").call();
//! assert!(orders().is_err());
//! assert_eq!(orders()?.body_mut().read_to_string()?, "[]");
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! JSON is compared as a whole, in part, or at one place:
//!
#![cfg_attr(feature = "json", doc = "```")]
#![cfg_attr(not(feature = "json"), doc = "```ignore")]
//! use fixture_server::prelude::*;
//!
//! let shop = TestServer::empty();
//! let order = post("/orders").json_partial(json!({ "customer": { "name": "ada" } })).json_path("/items/0/count", ge(1));
//! shop.when(&order).respond(201);
//!
//! ureq::post(shop.url("/orders")).send(r#"{"customer": {"name": "ada", "id": 7}, "items": [{"sku": "x", "count": 2}]}"#)?;
//! shop.assert_received(order, 1); // the same pattern asserts
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! ## 4. Ask what happened
//!
//! Every request is recorded before its answer leaves, whatever became of it. The same patterns find, count, order and
//! assert. A [`RecordedRequest`] has everything: the bytes of the head, the chunks, the connection, who answered, how it ended.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let shop = TestServer::empty();
//! let login = shop.on("POST", "/login", |_| 204);
//! shop.on("GET", "/orders", |_| "[]");
//! ureq::post(shop.url("/login?from=app")).header("X-Trace", "7").send("ada")?;
//! ureq::get(shop.url("/orders")).call()?;
//!
//! shop.assert_received(post("/login").query("from", one_of(["app", "web"])), 1);
//! shop.assert_received(any().path("/admin/{*rest}"), 0);
//! shop.assert_order([post("/login"), get("/orders")]);
//! assert_eq!(login.hits(), 1);
//!
//! let request = shop.received_one(post("/login"));
//! assert_eq!((request.query("from"), request.header("x-trace")), (Some("app"), Some("7")));
//! assert!(request.raw_head().starts_with(b"POST /login?from=app HTTP/1.1\r\n"));
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! ## 5. Wait for what comes later
//!
//! A client that works in the background sends when it likes. [`wait_for`](TestServer::wait_for) blocks until it has;
//! [`next_request`](TestServer::next_request) takes one request after the other, blocking or as a future of any executor. Neither polls.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let shop = TestServer::empty();
//! shop.on("POST", "/webhook", |_| 204);
//! let url = shop.url("/webhook");
//! let client = std::thread::spawn(move || ureq::post(url).send("paid"));
//!
//! let webhook = shop.next_request(post("/webhook")).wait(secs(5)); // or `.within(secs(5)).await?`
//! assert_eq!(webhook.body(), b"paid");
//! # client.join().unwrap()?;
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! ## 6. Make it fail
//!
//! A [`Fault`] is a response too, alone or as one answer of a [`sequence`]. A response may break off
//! ([`cut_after`](Response::cut_after)), wait ([`delay`](Response::delay)), go slowly ([`throttle`](Response::throttle)) or stand at a [`Gate`]
//! until the test opens it. [`TestServer::fault`] strikes whatever is asked, for a while. [`stop`](TestServer::stop) and
//! [`restart`](TestServer::restart) let the whole service go away and come back on its port. The page
//! [Make it fail](make_it_fail) has the list of what clients must survive.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let shop = TestServer::empty();
//! let cut = Response::text("hello").cut_after(2, Fault::Reset); // 2 bytes of the body, then a reset
//! shop.when(get("/")).respond(sequence([503]).then(cut).then("fine"));
//! assert!(ureq::get(shop.url("/")).call().is_err());
//! assert!(ureq::get(shop.url("/")).call()?.body_mut().read_to_string().is_err());
//! assert!(ureq::get(shop.url("/")).call().is_ok());
//!
//! let gate = Gate::new();
//! shop.when(get("/held")).respond(Response::text("at last").hold(&gate));
//! let url = shop.url("/held");
//! let client = std::thread::spawn(move || ureq::get(url).call());
//! gate.wait_held(1, secs(5)); // the request stands there, unanswered
//! gate.open();
//! # client.join().unwrap()?;
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! ## 7. Read why
//!
//! An unmet promise, a panic in a closure, in [strict](Builder::strict) mode a request that nothing answers: [`verify`](TestServer::verify)
//! and the end of the server panic with all of them at once, each with the line of its rule, and with what was nearest.
//! The 404 of a request that nothing answers says the same in its body.
//!
//! ```
//! use fixture_server::prelude::*;
//!
//! let shop = TestServer::empty();
//! shop.when(post("/login").header("accept", contains("json"))).named("login").expect(1).respond(204);
//! let _ = ureq::post(shop.url("/login")).header("Accept", "text/html").send("ada");
//!
//! let report = shop.try_verify().unwrap_err().to_string();
//! assert!(report.contains(r#"header accept: expected text containing "json", got "text/html""#));
//! ```
//!
//! ```text
//! the test server has 1 failure
//!
//!   expected "login" (POST /login, header accept: text containing "json") exactly once, but it never came
//!     declared at tests/shop.rs:6:6
//!
//!   the only request differs in 1 of 3 parts:
//!     POST /login 404
//!     ✓ method
//!     ✓ path
//!     ✗ header accept: expected text containing "json", got "text/html"
//!
//! received, in order:
//!   #1 POST /login 404
//! ```
//!
//! ## 8. Speak HTTPS
//!
//! With the feature `tls` a server speaks HTTPS with nothing prepared: [the page about it](https).
//!
#![cfg_attr(feature = "_tls", doc = "```")]
#![cfg_attr(not(feature = "_tls"), doc = "```ignore")]
//! use fixture_server::prelude::*;
//! use ureq::tls::{Certificate, RootCerts, TlsConfig};
//!
//! let shop = TestServer::builder().dir("fixtures/api").tls().start();
//! let ca = Certificate::from_pem(shop.ca_pem().as_bytes())?;
//! let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[ca]));
//! # let tls = tls.unversioned_rustls_crypto_provider(shop.client_config().crypto_provider().clone());
//! let client = ureq::Agent::config_builder().tls_config(tls.build()).build().new_agent();
//!
//! assert!(client.get(shop.url("/users.json")).call().is_ok());
//! assert_eq!(shop.requests()[0].tls().unwrap().alpn(), None); // ureq offers no protocol
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! # What can be relied on
//!
//! **Who answers.** The newest rule that fits, then older ones, then the directory. If nothing does, the answer is 404: with
//! a directory the page of http.server, or its `501 Unsupported method` for anything but GET and HEAD, without one a
//! text that explains the nearest rule part by part. A rule fits if every part of its pattern does: the method is the same, every segment of
//! the path is, after percent-decoding (an encoded slash stays inside its segment), and so on in the order in which they
//! were written. The query is compared only where the pattern names it. A rule for GET does not answer HEAD. A rule with a
//! [`limit`](When::limit) fits no more once that is reached; of a hundred requests at once it answers exactly so many.
//!
//! **Values that come more than once.** Of repeated query keys, header fields, cookies and form fields at least one has to fit;
//! for [`not`] there is one and none may fit; for [`absent`] there is none. Header fields are not split at commas.
//!
//! **How handlers run.** In parallel, also with themselves, and outside every lock, as closures in patterns do. They may block for as
//! long as they like without holding up other connections or other servers, and may send requests to their own server. A
//! closure in a pattern is asked at most once while a rule is sought for a request, and only if every part before it fits; a
//! report may ask again.
//!
//! **What is recorded, and when.** Every request, in order of arrival: answered by a rule, by the directory, by nothing, or
//! refused because it was malformed, too large or too slow. It is in the journal when its handler runs, and before the first
//! byte of its response is sent. Once a client has read the whole response, [how it ended](RecordedRequest::ended) and
//! [how much was sent](RecordedRequest::bytes_sent) are there too. The journal keeps everything unless the builder limits it.
//!
//! **What is verified.** That promises are kept, also those of rules that were removed; that no handler and no other closure
//! panicked, that no handler and no stream returned an error, and no sequence ran out; in strict mode that every request met a rule or a file. What has happened
//! is told once; a promise at each `verify` as long as it is broken. The drop repeats neither, unless a count has changed. [`clear_requests`](TestServer::clear_requests) begins
//! anew: promises that were kept have to be kept again.
//!
//! **What a drop does.** It closes the port and every connection. Then it verifies, and panics with what was not told yet;
//! during a panic it prints the report instead, and which requests met nothing. It waits up to a quarter of a second for
//! answers that are under way; what handlers do after that is lost.
//!
//! **What panics.** Misuse, at the author's line: a bad path, method, header field, status, address or range. What depends on
//! the machine has a `try_` twin. What a client sends never panics anything.
//!
//! **What is refused.** Requests that two parties could read in two ways (RFC 9112, section 11.2): conflicting lengths, a
//! length with chunked, folded fields, a blank before a colon; and what is beyond a [limit](limits). The connection closes.
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
//! * Promises, rules and counts belong to one server. A server for each test costs microseconds: share none.
//! * A client that keeps connections may try one that the server closed at [`stop`](TestServer::stop); most try again by themselves.
//!
//! # More pages
//!
//! * [Make it fail](make_it_fail): what clients must survive, each with the line that provokes it
//! * [HTTPS](https): whom to trust, names, client certificates, what goes wrong on purpose (feature `tls`)
//! * [Limits](limits): how much of everything, what happens beyond it, and how to change it
//! * [`python -m http.server`](coming_from_python), class by class
//! * [wiremock, httpmock, mockito or httptest](coming_from_mock_crates): tables of equivalents, and what behaves differently
//!
//! # Features
//!
//! * `json` (default): `Response::json`, `Request::json`, `Pattern::json` and its like, `serde_json::Value` as an answer, `json!` in the
//!   prelude. Implies `serde`.
//! * `serde`: recorded requests serialise, for snapshots.
//! * `regex`: `regex("..")` wherever a value is compared.
//! * `multipart`: `Pattern::multipart`.
//! * `diff`: texts that differ are shown as `diff -u` shows them; without it, the first line that differs.
//! * `tls`: HTTPS, without a C compiler. `tls-ring`: the same for any processor, with one.
//! * `cli`: the program `fixture-server`. Nothing in the library needs it.
//! * `full`: every feature of the library but `tls-ring`.
//!
//! The crate needs Rust 1.85; with `tls` 1.89 and with `tls-ring` 1.88, because of their libraries.
#![forbid(unsafe_code)]

mod builder;
mod engine;
mod failures;
mod files;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod handler;
mod hook;
mod journal;
mod log;
mod matchers;
mod message;
mod next_request;
mod order;
mod outage;
mod pipe;
mod plan;
mod report;
mod rule;
mod rules;
mod sequence;
mod server;
mod site;
mod start_error;
mod stream;
#[cfg(feature = "_tls")]
mod tls;
mod wake;
mod when;
mod wire;

use std::time::Duration;

pub use builder::{Builder, IntoAddr, Protocol};
#[cfg(unix)]
pub use files::cgi::{Cgi, CgiUser};
pub use files::directory::{Directory, IntoDir};
pub use files::listing::{IntoPage, Listing, ListingEntry};
pub use gate::Gate;
pub use handler::Handler;
pub use http::{Method, StatusCode};
pub use journal::{RecordedConnection, RecordedRequest, RequestSnapshot, Route, Transcript};
pub use log::LogEvent;
#[cfg(feature = "multipart")]
pub use matchers::multipart::{PartPattern, part};
pub use matchers::number::{IntoNumber, Number};
pub use matchers::pattern::{
    IntoPattern, Pattern, all_of, any, any_of, delete, get, head, method, options, patch, post, put,
};
pub use matchers::times::{IntoTimes, Times};
#[cfg(feature = "regex")]
pub use matchers::value::regex;
pub use matchers::value::{
    IntoMatcher, Matcher, absent, contains, ends_with, equals, ge, gt, le, lt, matching, not, one_of, present,
    starts_with,
};
pub use matchers::verdict::{Comparison, Verdict};
pub use message::convert::{IntoBody, IntoFieldValue, IntoMethod, IntoStatus};
pub use message::delivery::{ClosedBy, Ended};
pub use message::fault::{Fault, Stage};
pub use message::fault_at::FaultAt;
pub use message::field::Field;
pub use message::into_response::{HandlerReturn, IntoResponse};
pub use message::request::Request;
pub use message::response::Response;
pub use message::tape::{Direction, Segment};
#[cfg(feature = "_tls")]
pub use message::tls_info::{ClientIdentity, TlsInfo, TlsVersion};
pub use next_request::NextRequest;
pub use next_request::within::NextWithin;
pub use report::misses::Explanation;
pub use report::{Failure, FailureKind, Report};
pub use rule::{Rule, RuleGuard};
#[cfg(feature = "_tls")]
pub use rustls;
pub use sequence::{Responder, Sequence, sequence};
pub use server::TestServer;
pub use server::faults::{FaultGuard, RefusalGuard};
#[cfg(feature = "_tls")]
pub use server::tls::failures::TlsFaultGuard;
pub use start_error::StartError;
pub use stream::{BodyReader, BodyWriter, Event, EventWriter};
#[cfg(feature = "_tls")]
pub use tls::client::ClientCertificate;
#[cfg(feature = "_tls")]
pub use tls::fault::TlsFault;
#[cfg(feature = "_tls")]
pub use tls::options::Tls;
pub use when::When;

#[doc = include_str!("make_it_fail.md")]
pub mod make_it_fail {}

#[cfg_attr(feature = "_tls", doc = include_str!("https.md"))]
#[cfg_attr(not(feature = "_tls"), doc = "HTTPS takes the feature `tls`, and so does this page.")]
pub mod https {}

#[doc = include_str!("limits.md")]
pub mod limits {}

#[doc = include_str!("coming_from_python.md")]
pub mod coming_from_python {}

#[doc = include_str!("coming_from_mock_crates.md")]
pub mod coming_from_mock_crates {}

/// What a test file imports.
pub mod prelude {
    #[cfg(feature = "multipart")]
    pub use crate::part;
    #[cfg(feature = "regex")]
    pub use crate::regex;
    #[cfg(unix)]
    pub use crate::{Cgi, CgiUser};
    pub use crate::{
        ClosedBy, Directory, Ended, Event, FailureKind, Fault, FaultAt, Gate, HandlerResult, IntoResponse, MIB, Method,
        Pattern, Protocol, RecordedRequest, Report, Request, Response, Route, Rule, Stage, StatusCode, TestServer,
        absent, all_of, any, any_of, contains, delete, ends_with, equals, ge, get, gt, head, le, lt, matching, method,
        ms, not, one_of, options, patch, post, present, put, secs, sequence, starts_with,
    };
    #[cfg(feature = "_tls")]
    pub use crate::{Tls, TlsFault, TlsVersion};
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
