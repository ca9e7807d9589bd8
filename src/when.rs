//! A rule in the making.

use std::fmt;
use std::sync::Arc;

use crate::handler::Handler;
use crate::matchers::pattern::Pattern;
use crate::matchers::times::IntoTimes;
use crate::message::fault::Stage;
use crate::message::fault_at::FaultAt;
use crate::message::into_response::HandlerReturn;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::rule::Rule;
use crate::rules::{Answering, Declaration};
use crate::sequence::{Responder, assert_final};
use crate::site::Site;
use crate::site::seeds::SHARE;

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

    /// Registers the rule with an answer that is the same each time, [a response](crate::IntoResponse) or a
    /// [`Fault`](crate::Fault), or with answers [one after the other](crate::sequence). Closures go to
    /// [`respond_with`](When::respond_with).
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
    /// A fault alone happens in place of the response, or [while the body of the request arrives](crate::Stage::RequestBody). With
    /// [`every`](crate::Fault::every) or [`share`](crate::Fault::share) the rule answers those requests only that the fault strikes:
    /// the others go on to older rules, and are no hits of this one. A [`limit`](When::limit) counts those that it strikes.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "up");
    /// let outage = server.when(get("/")).limit(1).respond(Fault::Close.every(2));
    ///
    /// let is_up: Vec<bool> = (0..5).map(|_| ureq::get(server.url("/")).call().is_ok()).collect();
    /// assert_eq!(is_up, [true, false, true, true, true]);
    /// outage.assert_hits(1);
    /// ```
    ///
    /// # Panics
    ///
    /// If the answer is none: a status out of range, an interim one (100 to 199 but 101; [`Response::informational`](crate::Response::informational) sends one
    /// ahead), a header field that cannot be sent, a fault that happens before there is a rule or within a response. If the rule
    /// promises more requests than its limit lets it answer. If the server was dropped.
    #[doc(alias = "then")]
    #[doc(alias = "reply")]
    #[doc(alias = "respond_with")]
    #[doc(alias = "with_status")]
    #[track_caller]
    pub fn respond(self, answer: impl Responder) -> Rule {
        let sequence = answer.into_sequence();
        let Some(response) = sequence.only().cloned() else {
            return self
                .register(Answering::Handler(Arc::new(move |request: &Request| sequence.answer(request.hit()))));
        };
        assert_final(&response);
        match response.stands_for().cloned() {
            Some(fault) => self.respond_with_fault(fault),
            None => self.register(Answering::Handler(Arc::new(move |_request: &Request| response.clone()))),
        }
    }

    #[track_caller]
    fn respond_with_fault(mut self, fault: FaultAt) -> Rule {
        let (shown, belongs) = (fault.in_code(), fault.belongs());
        let FaultAt { fault, stage, chance } = fault;
        let answering = match (stage, belongs) {
            (Stage::RequestBody(bytes), _) => Answering::InBody { after: bytes as u64, fault },
            (_, Some(why)) => panic!("a rule cannot answer with {shown}, {why}"),
            (_, None) => {
                let response = Response::with_fault(fault);
                Answering::Handler(Arc::new(move |_request: &Request| response.clone()))
            }
        };
        if let Some(seed) = chance.seed() {
            self.site.note_seed(SHARE, seed);
        }
        self.declared.chance = chance;
        self.register(answering)
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
        self.register(Answering::Handler(Arc::new(move |request: &Request| handler(request).into_return())))
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
        self.register(Answering::Handler(Arc::new(move |request: &Request| handler.handle(request))))
    }

    #[track_caller]
    fn register(self, handler: Answering) -> Rule {
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
