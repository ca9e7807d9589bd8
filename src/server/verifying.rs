//! Whether everything went as it should have.

use crate::matchers::subject::{Memo, Subject};
use crate::message::request::Request;
use crate::report::Report;
use crate::report::colour::for_people;
use crate::report::misses::Explanation;

use super::TestServer;

impl TestServer {
    /// Panics with every failure, all at once: panics and errors of handlers and streams, panics of other closures,
    /// [sequences](crate::sequence) that ran out, [promises](crate::When::expect) that are not kept, in [strict](crate::Builder::strict) mode requests that met nothing.
    /// Dropping the server does the same, so that most tests need no call of it.
    ///
    /// What has happened is reported once, and a promise each time as long as it is broken; the drop repeats neither, unless
    /// more requests have come that break the promise. It waits up to a quarter of a second for answers that are under way.
    ///
    /// ```should_panic
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(post("/login")).expect(1).respond(204);
    /// server.verify(); // panics: nobody logged in
    /// ```
    ///
    /// # Panics
    ///
    /// If there is a failure; the text is that of the [`Report`].
    #[track_caller]
    pub fn verify(&self) {
        if let Err(report) = self.try_verify() {
            panic!("{}", for_people(report.to_string()));
        }
    }

    /// [`verify`](TestServer::verify) as a `Result`: `Ok` once every promise is kept and nothing has failed since the last call.
    ///
    /// ```
    /// # use fixture_server::{FailureKind, prelude::*};
    /// let server = TestServer::empty();
    /// let login = server.when(post("/login")).expect(1).respond(204);
    ///
    /// let report = server.try_verify().unwrap_err();
    /// let failure = &report.failures()[0];
    /// assert_eq!((failure.kind(), failure.location()), (FailureKind::Expectation, login.location()));
    /// assert!(server.try_verify().is_err(), "nobody has logged in yet");
    ///
    /// ureq::post(server.url("/login")).send("ada")?;
    /// assert!(server.try_verify().is_ok());
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is a failure.
    pub fn try_verify(&self) -> Result<(), Report> {
        self.site.report()
    }

    /// What would answer this request if it came next, and why the other rules would not. Nothing is sent, recorded or counted; closures in
    /// patterns are asked.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("POST", "/login", |_| 204);
    ///
    /// let request = Request::new("GET", "/login");
    /// let explanation = server.explain(&request);
    /// assert!(explanation.rule().is_none());
    /// assert!(explanation.to_string().contains("expected POST, got GET"));
    /// ```
    #[must_use]
    pub fn explain(&self, request: &Request) -> Explanation {
        let memo = Memo::default();
        Explanation::new(&Subject::new(request, &memo), &self.site.rules.all(), self.site.directory.is_some())
    }
}
