//! What a server answers with: closures, handlers, rules.

use std::sync::Arc;

use crate::handler::Handler;
use crate::matchers::pattern::{IntoPattern, Pattern, any};
use crate::message::convert::IntoMethod;
use crate::message::into_response::HandlerReturn;
use crate::message::request::Request;
use crate::rule::Rule;
use crate::rules::{Answering, Declaration};
use crate::stream::BodyReader;
use crate::when::When;

use super::TestServer;

impl TestServer {
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
    /// server.on("GET", "/users/{id}", |request| format!("user {}", request.param("id")));
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
    /// If the method is no token, or `"ANY"` or `"*"`; if the path does not begin with `/`, holds a query, or has a malformed placeholder.
    #[track_caller]
    pub fn on<F, R>(&self, method: impl IntoMethod, path: impl AsRef<str>, handler: F) -> Rule
    where
        F: Fn(&Request) -> R + Send + Sync + 'static,
        R: HandlerReturn,
    {
        let pattern = Pattern::on(method.into_method(), path.as_ref());
        let handler = Answering::Handler(Arc::new(move |request: &Request| handler(request).into_return()));
        Rule::new(self.site.register(Declaration::of(pattern), handler))
    }

    /// [`on`](TestServer::on) for handlers that read the body of the request while it arrives: the handler runs as soon as the head is
    /// there, on a thread of its own, and reads the body from its second parameter. It may answer before the body is over; the
    /// answer goes out at once, what is left of the body is thrown away, and the connection ends.
    ///
    /// The request that the handler gets has no body. The one in the journal has all that has come, once the body is
    /// over: until then patterns that look at the body do not fit it. A client that waits for leave to send its body (100 Continue)
    /// gets it at once. [`max_body`](crate::Builder::max_body) and [`read_timeout`](crate::Builder::read_timeout) are as ever, and the
    /// reader says so. An error of the reader that the handler passes on is no failure of the test: the client gets 400, if
    /// it is still there.
    ///
    /// If a newer rule for the same path looks at the body, the body is read before anybody is chosen; the handler then reads
    /// what is there.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on_streaming("POST", "/upload", |_, body| -> HandlerResult<_> {
    ///     let mut chunks = 0;
    ///     while body.next_chunk()?.is_some() {
    ///         chunks += 1;
    ///     }
    ///     Ok(format!("{chunks} chunks"))
    /// });
    /// server.on_streaming("POST", "/too-large", |request, _| match request.header("content-length") {
    ///     Some(_) => 413, // before the first byte of the body
    ///     None => 411,
    /// });
    /// let chunked = ureq::SendBody::from_owned_reader(std::io::Cursor::new("hello"));
    /// let mut answer = ureq::post(server.url("/upload")).send(chunked)?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "1 chunks");
    /// assert!(matches!(ureq::post(server.url("/too-large")).send("hello"), Err(ureq::Error::StatusCode(413))));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`on`](TestServer::on).
    #[track_caller]
    pub fn on_streaming<F, R>(&self, method: impl IntoMethod, path: impl AsRef<str>, handler: F) -> Rule
    where
        F: Fn(&Request, &mut BodyReader) -> R + Send + Sync + 'static,
        R: HandlerReturn,
    {
        let pattern = Pattern::on(method.into_method(), path.as_ref());
        let handler = Answering::Streaming(Arc::new(move |request: &Request, body: &mut BodyReader| {
            handler(request, body).into_return()
        }));
        Rule::new(self.site.register(Declaration::of(pattern), handler))
    }

    /// Answers every request with a handler of one's own, ahead of all older rules and the directory.
    /// [`when(..).handler(..)`](When::handler) restricts it to a pattern. A closure that answers every request is
    /// [`when(any()).respond_with(..)`](When::respond_with).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # use fixture_server::Handler;
    /// struct Down;
    ///
    /// impl Handler for Down {
    ///     fn handle(&self, _request: &Request) -> Response {
    ///         Response::new(503)
    ///     }
    /// }
    ///
    /// let server = TestServer::start("fixtures/site");
    /// let outage = server.handler(Down);
    /// assert!(ureq::get(server.url("/hello.txt")).call().is_err());
    /// outage.remove();
    /// assert!(ureq::get(server.url("/hello.txt")).call().is_ok());
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    pub fn handler(&self, handler: impl Handler) -> Rule {
        When::new(self.site.clone(), any()).handler(handler)
    }

    /// Begins a rule for the requests that fit a [pattern](Pattern); nothing is registered before
    /// [`respond`](When::respond), [`respond_with`](When::respond_with) or [`handler`](When::handler).
    ///
    /// The newest rule that fits answers, then older ones, then the directory. Age is counted from registering. A closure in a
    /// pattern that panics answers 500 and fails the test.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/users/{id}")).respond((404, "nobody"));
    /// server.when(get("/users/7")).expect(1).respond("Ada");
    ///
    /// assert_eq!(ureq::get(server.url("/users/7")).call()?.body_mut().read_to_string()?, "Ada");
    /// assert!(ureq::get(server.url("/users/8")).call().is_err());
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "mock")]
    #[doc(alias = "given")]
    #[doc(alias = "expect_request")]
    #[track_caller]
    pub fn when(&self, pattern: impl IntoPattern) -> When {
        When::new(self.site.clone(), pattern.into_pattern())
    }

    /// Takes every rule out, as [`Rule::remove`] does one: the directory answers, or nothing. What was recorded stays, and so do promises,
    /// which are still checked.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "hello");
    /// server.remove_rules();
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    #[doc(alias = "reset")]
    pub fn remove_rules(&self) {
        self.site.rules.remove_all();
    }
}
