//! A rule in the making.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use crate::handler::Handler;
use crate::matchers::pattern::Pattern;
use crate::matchers::times::IntoTimes;
use crate::message::into_response::{HandlerReturn, IntoResponse};
use crate::message::request::Request;
use crate::rule::Rule;
use crate::rules::{Declaration, SharedHandler};
use crate::site::Site;

/// A rule that has no answer yet: [`TestServer::when`](crate::TestServer::when). It answers nothing before
/// [`respond`](When::respond), [`respond_with`](When::respond_with) or [`handler`](When::handler) registers it.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.when(get("/job")).named("done").respond("done");
/// server.when(get("/job")).named("busy").limit(2).expect(2).respond((503, "busy"));
///
/// assert!(ureq::get(server.url("/job")).call().is_err());
/// assert!(ureq::get(server.url("/job")).call().is_err());
/// assert_eq!(ureq::get(server.url("/job")).call()?.body_mut().read_to_string()?, "done");
/// # Ok::<(), ureq::Error>(())
/// ```
#[must_use = "a rule answers nothing until `.respond(..)`, `.respond_with(..)` or `.handler(..)` registers it"]
pub struct When {
    site: Arc<Site>,
    declared: Declaration,
}

impl When {
    #[track_caller]
    pub(crate) fn new(site: Arc<Site>, pattern: Pattern) -> When {
        When { site, declared: Declaration::of(pattern) }
    }

    /// Promises how many requests the rule will answer: `1`, `2..`, `..=3`, `1..=4`. Said twice, the last counts. Default: no
    /// promise.
    ///
    /// A promise that is not kept is a failure of the test, at the line of `when`. It is checked by
    /// [`verify`](crate::TestServer::verify) and [`try_verify`](crate::TestServer::try_verify), when the server is dropped, and
    /// when a [scoped](Rule::scoped) rule ends. Removing the rule does not take the promise back.
    ///
    /// ```
    /// # use fixture_server::{FailureKind, prelude::*};
    /// let server = TestServer::empty();
    /// server.when(post("/login")).expect(1).respond(204);
    ///
    /// let report = server.try_verify().unwrap_err();
    /// assert_eq!(report.failures()[0].kind(), FailureKind::Expectation);
    /// ureq::post(server.url("/login")).send("ada")?;
    /// server.verify();
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the range is empty.
    #[doc(alias = "times")]
    #[doc(alias = "expect_at_least")]
    #[doc(alias = "expect_at_most")]
    #[track_caller]
    pub fn expect(mut self, times: impl IntoTimes) -> When {
        self.declared.promise = Some(times.into_times());
        self
    }

    /// Answers so many requests; then older rules take over, the directory, or the miss. Exact however many requests come
    /// at once. Said twice, the last counts. Default: no limit. [`clear_requests`](crate::TestServer::clear_requests) lets it
    /// begin anew.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "up");
    /// server.when(get("/")).limit(1).respond(Fault::Reset);
    ///
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// assert!(ureq::get(server.url("/")).call().is_ok());
    /// ```
    ///
    /// # Panics
    ///
    /// If it is zero; and when the rule is registered, if its promise asks for more.
    #[doc(alias = "up_to_n_times")]
    #[track_caller]
    pub fn limit(mut self, requests: usize) -> When {
        assert!(
            requests > 0,
            "a rule with `limit(0)` answers nothing: leave it out, or promise that no request comes with `.expect(0)`"
        );
        self.declared.limit = Some(requests);
        self
    }

    /// What the rule is called in reports, before its pattern: `"login" (POST /login)`. Default: its pattern alone.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let login = server.when(post("/login")).named("login").respond(204);
    /// assert_eq!(login.name(), Some("login"));
    /// ```
    pub fn named(mut self, name: impl Into<String>) -> When {
        self.declared.name = Some(name.into());
        self
    }

    /// Registers the rule with an answer that is the same each time: [a response](IntoResponse) or a
    /// [`Fault`](crate::Fault). Closures go to [`respond_with`](When::respond_with).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(any().path("/old/{*rest}")).respond(Response::redirect("/new"));
    /// server.when(get("/new")).respond("moved here");
    ///
    /// let mut answer = ureq::get(server.url("/old/page")).call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "moved here");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the answer is none: a status out of range, an interim one (100 to 199 but 101), a header field that cannot be sent. If
    /// the rule promises more requests than its limit lets it answer. If the server was dropped.
    #[doc(alias = "then")]
    #[doc(alias = "reply")]
    #[doc(alias = "respond_with")]
    #[doc(alias = "with_status")]
    #[track_caller]
    pub fn respond(self, answer: impl IntoResponse) -> Rule {
        let response = answer.into_response();
        let status = response.status;
        assert!(
            !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS || response.is_raw(),
            "{} is an interim status, after which a client waits for the answer itself: respond with a final one, or send both \
             with `Response::raw`",
            status.as_u16()
        );
        self.register(Arc::new(move |_request: &Request| response.clone()))
    }

    /// Registers the rule with a closure, as [`TestServer::on`](crate::TestServer::on) takes it.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/users/{id}")).respond_with(|request| format!("user {}", request.param("id")));
    ///
    /// let mut answer = ureq::get(server.url("/users/7")).call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "user 7");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the rule promises more requests than its limit lets it answer. If the server was dropped.
    #[doc(alias = "reply_with")]
    #[track_caller]
    pub fn respond_with<F, R>(self, handler: F) -> Rule
    where
        F: Fn(&Request) -> R + Send + Sync + 'static,
        R: HandlerReturn,
    {
        self.register(Arc::new(move |request: &Request| handler(request).into_return()))
    }

    /// Registers the rule with a handler of one's own.
    ///
    /// ```
    /// # use fixture_server::{Handler, prelude::*};
    /// struct Echo;
    ///
    /// impl Handler for Echo {
    ///     fn handle(&self, request: &Request) -> Response {
    ///         Response::bytes(request.body())
    ///     }
    /// }
    ///
    /// let server = TestServer::empty();
    /// server.when(post("/echo")).handler(Echo);
    /// let mut answer = ureq::post(server.url("/echo")).send("hello")?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "hello");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the rule promises more requests than its limit lets it answer. If the server was dropped.
    #[track_caller]
    pub fn handler(self, handler: impl Handler) -> Rule {
        self.register(Arc::new(move |request: &Request| handler.handle(request)))
    }

    #[track_caller]
    fn register(self, handler: SharedHandler) -> Rule {
        assert!(
            !self.site.journal.is_closed(),
            "the server is gone, so a rule has nothing to answer: declare it while the server lives"
        );
        if let (Some(promise), Some(limit)) = (self.declared.promise, self.declared.limit) {
            assert!(
                promise.least() <= limit,
                "a rule that answers {limit} at most cannot be expected {promise}: raise `.limit({limit})`, or leave it out"
            );
        }
        Rule::new(self.site.register(self.declared, handler))
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "When({})", self.declared.pattern)
    }
}
