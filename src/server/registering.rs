//! What a server answers with: closures, handlers, rules.

use std::sync::Arc;

use crate::handler::Handler;
use crate::matchers::pattern::{IntoPattern, Pattern, any};
use crate::message::convert::IntoMethod;
use crate::message::into_response::HandlerReturn;
use crate::message::request::Request;
use crate::rule::Rule;
use crate::rules::Declaration;
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
    /// If the method is no token, or `"ANY"` or `"*"`; if the path does not begin with `/`, holds a query, or has a malformed placeholder.
    #[track_caller]
    pub fn on<F, R>(&self, method: impl IntoMethod, path: impl AsRef<str>, handler: F) -> Rule
    where
        F: Fn(&Request) -> R + Send + Sync + 'static,
        R: HandlerReturn,
    {
        let pattern = Pattern::on(method.into_method(), path.as_ref());
        let handler = Arc::new(move |request: &Request| handler(request).into_return());
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
