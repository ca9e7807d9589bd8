//! One failure.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::journal::RecordedRequest;

/// One failure: what happened, and where its cause was declared.
///
/// ```
/// use fixture_server::{FailureKind, prelude::*};
///
/// let server = TestServer::empty();
/// let login = server.when(post("/login")).expect(1).respond(204);
///
/// let report = server.try_verify().unwrap_err();
/// let failure = &report.failures()[0];
/// assert_eq!(failure.kind(), FailureKind::Expectation);
/// assert_eq!(failure.location(), login.location());
/// assert_eq!(failure.text(), "expected POST /login exactly once, but it never came");
/// ```
#[derive(Debug, Clone)]
pub struct Failure {
    kind: FailureKind,
    text: String,
    location: &'static Location<'static>,
    request: Option<RecordedRequest>,
    list: Option<Arc<List>>,
}

/// What was received, with marks on what the failure is about and without.
#[derive(Debug)]
pub(super) struct List {
    pub(super) marked: String,
    pub(super) plain: String,
    /// Nothing was received.
    pub(super) is_empty: bool,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, text: String, location: &'static Location<'static>) -> Failure {
        Failure { kind, text, location, request: None, list: None }
    }

    /// Notes which request it was that failed.
    pub(crate) fn caused_by(mut self, request: RecordedRequest) -> Failure {
        self.request = Some(request);
        self
    }

    pub(super) fn with_list(mut self, list: List) -> Failure {
        self.list = Some(Arc::new(list));
        self
    }

    pub(super) fn list(&self) -> Option<&List> {
        self.list.as_deref()
    }

    /// What kind it is.
    ///
    /// ```
    /// # use fixture_server::{FailureKind, prelude::*};
    /// let server = TestServer::empty();
    /// let report = server.try_wait_for(get("/late"), 1, ms(5)).unwrap_err();
    /// assert_eq!(report.failures()[0].kind(), FailureKind::Timeout);
    /// ```
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Where its cause stands: the rule, the closure that the server was given, `strict(true)`, the call that waited.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/")).expect(1).respond(200);
    /// assert_eq!(server.try_verify().unwrap_err().failures()[0].location().file(), file!());
    /// ```
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// What happened, without the location; the first line is the whole story.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/")).expect(2..).respond(200);
    /// assert_eq!(server.try_verify().unwrap_err().failures()[0].text(), "expected GET / at least twice, but it never came");
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The request at which it happened; `None` of what concerns many or none, as a promise.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/{name}", |_| panic!("not this one"));
    /// let _ = ureq::get(server.url("/a")).call();
    ///
    /// let report = server.try_verify().unwrap_err();
    /// assert_eq!(report.failures()[0].request().map(|request| request.path()), Some("/a"));
    /// ```
    #[must_use]
    pub fn request(&self) -> Option<&RecordedRequest> {
        self.request.as_ref()
    }
}

/// The text, with the location below its first paragraph; what a closure said stays in one piece.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, at) = (
            match self.kind {
                FailureKind::Expectation
                | FailureKind::Panicked
                | FailureKind::HandlerError
                | FailureKind::SequenceExhausted => "declared at",
                FailureKind::Unmatched => "strict mode was asked for at",
                FailureKind::Timeout => "asserted at",
            },
            self.location,
        );
        let is_quoted = matches!(self.kind, FailureKind::Panicked | FailureKind::HandlerError);
        match self.text.split_once("\n\n").filter(|_| !is_quoted) {
            Some((head, rest)) => write!(f, "{head}\n  {what} {at}\n\n{rest}"),
            None => write!(f, "{}\n  {what} {at}", self.text),
        }
    }
}

/// The kinds of failures: what a test that expects one can look at.
///
/// ```
/// use fixture_server::{FailureKind, prelude::*};
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |_| Err::<(), _>("no disk"));
/// let _ = ureq::get(server.url("/")).call();
///
/// let report = server.try_verify().unwrap_err();
/// match report.failures()[0].kind() {
///     FailureKind::HandlerError => assert!(report.to_string().contains("returned an error: no disk")),
///     other => panic!("{other:?}: {report}"),
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A promise was not kept: too few or too many requests.
    Expectation,
    /// In strict mode, a request met no rule and no file.
    Unmatched,
    /// A handler panicked, or a closure in a pattern, or another closure that a server was given.
    Panicked,
    /// A handler returned an error, or a [`FaultAt`](crate::FaultAt) that a handler cannot bring about, or a file that it wanted to
    /// send could not be opened.
    HandlerError,
    /// A [`sequence`](crate::sequence) of answers ran out.
    SequenceExhausted,
    /// An awaited request did not come.
    Timeout,
}
