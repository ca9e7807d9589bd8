//! The connections of the server.

use crate::journal::RecordedConnection;
use crate::matchers::times::IntoTimes;
use crate::report::assertions::connections_otherwise;
use crate::report::colour::for_people;

use super::TestServer;

impl TestServer {
    /// Every connection, open or closed, in the order in which they were accepted since the server was started. They stay after
    /// [`clear_requests`](TestServer::clear_requests) and a [`restart`](TestServer::restart); with a
    /// [`journal_limit`](crate::Builder::journal_limit) those that are open and so many that are closed, the newest.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().keep_alive(false).start();
    /// server.on("GET", "/", |_| "hello");
    /// for _ in 0..2 {
    ///     ureq::get(server.url("/")).call()?.body_mut().read_to_string()?;
    /// }
    /// for connection in server.connections() {
    ///     println!("{connection}"); // #1 127.0.0.1:4711, 1 request, closed by the server
    ///     assert_eq!(connection.requests(), 1);
    /// }
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn connections(&self) -> Vec<RecordedConnection> {
        self.site.ledger.all()
    }

    /// Asserts how many connections were accepted since the server was started, those before a
    /// [`restart`](TestServer::restart) or [`clear_requests`](TestServer::clear_requests) too: whether a client keeps its
    /// connections. One on which a request was answered is counted; one that was only just opened may not be yet.
    ///
    /// # Panics
    ///
    /// If there were fewer or more, with a list of them: how many requests came on each, and who closed it.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "hello");
    /// let client = ureq::agent();
    /// for _ in 0..3 {
    ///     client.get(server.url("/")).call()?.body_mut().read_to_string()?;
    /// }
    /// server.assert_connections(1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "sequence_number")]
    #[doc(alias = "exchangeIndex")]
    #[track_caller]
    pub fn assert_connections(&self, times: impl IntoTimes) {
        let (times, count) = (times.into_times(), self.site.ledger.count());
        assert!(times.allow(count), "{}", for_people(connections_otherwise(times, count, &self.connections())));
    }
}
