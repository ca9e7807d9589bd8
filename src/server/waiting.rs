//! What is still to happen: the journal waited for.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::journal::RecordedRequest;
use crate::matchers::pattern::{IntoPattern, Pattern, any};
use crate::next_request::search::{Bell, Search, deadline};
use crate::next_request::{NextRequest, timeout_report};
use crate::order::sort_by_key;
use crate::report::Report;
use crate::report::assertions::{silence_broken, timed_out};
use crate::report::colour::for_people;

use super::TestServer;

impl TestServer {
    /// Waits until at least `count` recorded requests fit, and returns all that fit, in order of arrival. Those that came before
    /// count too. A `Duration::MAX` waits for ever; for a count of 0 it does not wait at all: that nothing comes is
    /// [`assert_silence`](TestServer::assert_silence).
    ///
    /// # Panics
    ///
    /// At the timeout, with what came instead.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let hook = server.url("/webhook");
    /// std::thread::spawn(move || ureq::post(&hook).send("done")); // the service that is tested
    ///
    /// let calls = server.wait_for(post("/webhook"), 1, secs(5));
    /// assert_eq!(calls[0].body(), b"done");
    /// ```
    #[track_caller]
    pub fn wait_for(&self, pattern: impl IntoPattern, count: usize, timeout: Duration) -> Vec<RecordedRequest> {
        match self.awaited(pattern.into_pattern(), count, timeout) {
            Ok(requests) => requests,
            Err(text) => panic!("{}", for_people(text)),
        }
    }

    /// [`wait_for`](TestServer::wait_for) as a `Result`.
    ///
    /// # Errors
    ///
    /// At the timeout: one failure of the kind [`Timeout`](crate::FailureKind::Timeout).
    ///
    /// ```
    /// # use fixture_server::{FailureKind, prelude::*};
    /// let server = TestServer::empty();
    /// let report = server.try_wait_for(post("/webhook"), 1, ms(1)).unwrap_err();
    /// assert_eq!(report.failures()[0].kind(), FailureKind::Timeout);
    /// assert_eq!(report.failures()[0].location().file(), file!());
    /// ```
    #[track_caller]
    pub fn try_wait_for(
        &self,
        pattern: impl IntoPattern,
        count: usize,
        timeout: Duration,
    ) -> Result<Vec<RecordedRequest>, Report> {
        let location = Location::caller();
        self.awaited(pattern.into_pattern(), count, timeout).map_err(|text| timeout_report(text, location))
    }

    fn awaited(&self, pattern: Pattern, count: usize, timeout: Duration) -> Result<Vec<RecordedRequest>, String> {
        let deadline = deadline(timeout);
        let bell = Arc::new(Bell::default());
        let mut search = Search::new(self.site.clone(), pattern);
        let mut found = search.find_all();
        while found.len() < count {
            if search.wait_for_news(&bell, deadline) {
                found.append(&mut search.find_all());
                continue;
            }
            let (evidence, fitting, mut more) = search.evidence();
            found.append(&mut more);
            if found.len() < count {
                return Err(timed_out(search.pattern(), count, &fitting, timeout, &evidence));
            }
        }
        // Bodies may come in another order than their requests.
        sort_by_key(&mut found, |(position, _)| *position);
        Ok(found.into_iter().map(|(_, request)| request).collect())
    }

    /// Asserts that no request arrives for a time, whatever it is; what is in the journal already does not count. Takes that
    /// time if all is well.
    ///
    /// # Panics
    ///
    /// As soon as one arrives.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::get(server.url("/")).call().ok();
    /// server.assert_silence(ms(20)); // nothing is sent in the background
    /// ```
    #[track_caller]
    pub fn assert_silence(&self, time: Duration) {
        let deadline = deadline(time);
        let mut search = Search::of_new(self.site.clone(), any());
        // Also where the limit of the journal leaves nothing of it.
        let has_come = search.wait_for_news(&Arc::new(Bell::default()), deadline);
        let (evidence, fitting, _) = search.evidence();
        let is_silent = !has_come && fitting.is_empty();
        assert!(is_silent, "{}", for_people(silence_broken(time, &fitting, &evidence)));
    }

    /// The oldest request that fits and that no earlier `next_request` returned: one that came before the call counts. To be
    /// awaited by any executor, or waited for without one.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// for text in ["one", "two"] {
    ///     ureq::post(server.url("/webhook")).send(text).ok();
    /// }
    /// assert_eq!(server.next_request(post("/webhook")).wait(secs(5)).body(), b"one");
    /// assert_eq!(server.next_request(post("/webhook")).wait(secs(5)).body(), b"two");
    /// ```
    #[doc(alias = "takeRequest")]
    #[doc(alias = "take_request")]
    #[doc(alias = "wait_for_request")]
    pub fn next_request(&self, pattern: impl IntoPattern) -> NextRequest {
        NextRequest::new(self.site.clone(), pattern.into_pattern())
    }
}
