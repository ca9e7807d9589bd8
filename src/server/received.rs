//! What happened: the journal asked, and asserted on.

use crate::journal::RecordedRequest;
use crate::matchers::pattern::{IntoPattern, Pattern};
use crate::matchers::times::{IntoTimes, Times};
use crate::report::Evidence;
use crate::report::assertions::{not_exactly, out_of_order, received_otherwise, unmatched};
use crate::report::colour::for_people;

use super::TestServer;

impl TestServer {
    /// Everything that arrived, in order: what rules and files answered, what nothing answered, what was malformed.
    /// A request is in here before the first byte of its response is sent.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/a?b=c")).call().ok();
    /// assert_eq!(server.requests()[0].to_string(), "GET /a?b=c 404");
    /// ```
    #[doc(alias = "received_requests")]
    #[doc(alias = "take_request")]
    #[doc(alias = "recorded_requests")]
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.site.journal.all()
    }

    /// The recorded requests that fit a pattern, in order of arrival.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/users/7")).call().ok();
    /// ureq::post(server.url("/users")).send("Ada").ok();
    /// let posts = server.received(post("/users"));
    /// assert_eq!((posts.len(), posts[0].body_text().as_str()), (1, "Ada"));
    /// ```
    #[must_use]
    pub fn received(&self, pattern: impl IntoPattern) -> Vec<RecordedRequest> {
        let pattern = pattern.into_pattern();
        let mut requests = self.requests();
        requests.retain(|request| pattern.fits(request));
        requests
    }

    /// The one recorded request that fits.
    ///
    /// # Panics
    ///
    /// If there is none or more than one, with what came instead.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::post(server.url("/users")).send("Ada").ok();
    /// assert_eq!(server.received_one(post("/users")).body(), b"Ada");
    /// ```
    #[track_caller]
    pub fn received_one(&self, pattern: impl IntoPattern) -> RecordedRequest {
        let (evidence, fitting) = self.counted(&pattern.into_pattern(), 1.into_times());
        evidence.recorded[fitting[0]].clone()
    }

    /// Asserts that so many recorded requests fit: `1`, `2..`, `..=3`, `1..=4`.
    ///
    /// # Panics
    ///
    /// If fewer or more fit, with what came instead.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/a")).call().ok();
    /// server.assert_received(get("/a"), 1);
    /// server.assert_received(any(), 1..);
    /// server.assert_received(any().path("/admin/{*rest}"), 0);
    /// ```
    #[track_caller]
    pub fn assert_received(&self, pattern: impl IntoPattern, times: impl IntoTimes) {
        self.counted(&pattern.into_pattern(), times.into_times());
    }

    /// The journal, and where in it are the requests that fit: as many as there should be.
    #[track_caller]
    fn counted(&self, pattern: &Pattern, times: Times) -> (Evidence, Vec<usize>) {
        let evidence = self.site.evidence();
        let fits = |at: &usize| pattern.accepts(&evidence.subject(*at));
        let fitting: Vec<usize> = (0..evidence.recorded.len()).filter(fits).collect();
        assert!(times.allow(fitting.len()), "{}", for_people(received_otherwise(pattern, times, &fitting, &evidence)));
        (evidence, fitting)
    }

    /// Asserts that requests that fit came in this order; others may lie between, before and behind. Of no patterns that always
    /// holds; that nothing came is `assert_exact_order` of none, or `assert_received(any(), 0)`.
    ///
    /// # Panics
    ///
    /// If they did not, with the first that is missing behind those before it.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// for path in ["/login", "/style.css", "/account"] {
    ///     ureq::get(server.url(path)).call().ok();
    /// }
    /// server.assert_order([get("/login"), get("/account")]);
    /// ```
    #[track_caller]
    pub fn assert_order(&self, patterns: impl IntoIterator<Item: IntoPattern>) {
        let patterns: Vec<Pattern> = patterns.into_iter().map(IntoPattern::into_pattern).collect();
        let evidence = self.site.evidence();
        let mut found = Vec::with_capacity(patterns.len());
        for at in 0..evidence.recorded.len() {
            // The first that fits leaves most to the patterns that follow.
            match patterns.get(found.len()) {
                Some(pattern) if pattern.accepts(&evidence.subject(at)) => found.push(at),
                Some(_) => {}
                None => return,
            }
        }
        assert!(found.len() == patterns.len(), "{}", for_people(out_of_order(&patterns, &found, &evidence)));
    }

    /// Asserts that exactly these requests came, in this order: all that the journal has.
    ///
    /// # Panics
    ///
    /// If others came, or in another order, with what came.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/login")).call().ok();
    /// ureq::get(server.url("/account")).call().ok();
    /// server.assert_exact_order([get("/login"), get("/account")]);
    /// ```
    #[track_caller]
    pub fn assert_exact_order(&self, patterns: impl IntoIterator<Item: IntoPattern>) {
        let patterns: Vec<Pattern> = patterns.into_iter().map(IntoPattern::into_pattern).collect();
        let evidence = self.site.evidence();
        let mut pairs = patterns.iter().enumerate();
        let exactly = patterns.len() == evidence.recorded.len()
            && pairs.all(|(at, pattern)| pattern.accepts(&evidence.subject(at)));
        assert!(exactly, "{}", for_people(not_exactly(&patterns, &evidence)));
    }

    /// Asserts that every request met a rule or a file: none fell through to the 404 of the server, none found nothing in the
    /// directory (404, 405 or 501 of its own), none was refused. What a handler answers, 404 too, is an answer.
    ///
    /// # Panics
    ///
    /// If one did not, with the reason that was found when it came.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/users/{id}", |_| 404);
    /// ureq::get(server.url("/users/7")).call().ok();
    /// server.assert_all_matched();
    /// ```
    #[track_caller]
    pub fn assert_all_matched(&self) {
        let evidence = self.site.evidence();
        let is_unmatched = |at: &usize| evidence.recorded[*at].record().is_unmatched();
        let which: Vec<usize> = (0..evidence.recorded.len()).filter(is_unmatched).collect();
        assert!(which.is_empty(), "{}", for_people(unmatched(&which, &self.site.rules.all(), &evidence)));
    }

    /// Takes the recorded requests out of the journal, in order of arrival: what comes later is looked at by itself, and
    /// nothing finds or counts these any more. Counts of rules and the numbers in reports go on.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/login")).call().ok();
    /// assert_eq!(server.drain().len(), 1);
    ///
    /// ureq::get(server.url("/account")).call().ok();
    /// server.assert_exact_order([get("/account")]);
    /// ```
    #[must_use = "the requests are in the journal no more; to forget them, and what rules have counted, use `clear_requests()`"]
    pub fn drain(&self) -> Vec<RecordedRequest> {
        self.site.journal.drain()
    }

    /// Forgets recorded requests and counts: [`Rule::hits`](crate::Rule::hits), [`Request::hit`](crate::Request::hit) and
    /// the numbers in reports begin anew. Rules and the directory stay; what goes by counts begins anew: [limits](crate::When::limit),
    /// [promises](crate::When::expect), [sequences](crate::sequence), [`every`](crate::Fault::every) and [`share`](crate::Fault::share) of rules
    /// and responses, [`jitter`](crate::Response::jitter). [Connections](TestServer::connections) stay, and a
    /// [fault of the server](TestServer::fault) goes on counting.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/warm-up")).call().ok();
    /// server.clear_requests();
    /// assert!(server.requests().is_empty());
    /// ```
    #[doc(alias = "reset_requests")]
    pub fn clear_requests(&self) {
        self.site.clear_requests();
    }
}
