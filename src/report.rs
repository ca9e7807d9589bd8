//! Failures, and how they are told.

use std::fmt;
use std::panic::Location;

use crate::journal::RecordedRequest;

/// A handler that fails for each request of a loop would bury everything else.
const SHOWN_FAILURES: usize = 20;

/// Every failure of a server; `Debug` prints the same text as `Display`, because `unwrap` and `-> Result` print `Debug`.
///
/// ```
/// use fixture_server::{FailureKind, prelude::*};
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |_| panic!("not this one"));
/// let _ = ureq::get(server.url("/")).call();
///
/// let report = server.try_verify().unwrap_err();
/// assert_eq!(report.failures()[0].kind(), FailureKind::Panicked);
/// assert!(report.to_string().contains("not this one"));
/// ```
#[derive(Clone)]
pub struct Report {
    failures: Vec<Failure>,
    notes: Vec<String>,
}

impl Report {
    /// `None` if there is nothing to report; notes alone are nothing.
    pub(crate) fn new(failures: Vec<Failure>, notes: Vec<String>) -> Option<Report> {
        (!failures.is_empty()).then_some(Report { failures, notes })
    }

    /// The failures in the order in which they happened, at least one.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failures.len() {
            1 => f.write_str("the test server has 1 failure")?,
            count => write!(f, "the test server has {count} failures")?,
        }
        for failure in self.failures.iter().take(SHOWN_FAILURES) {
            write!(f, "\n\n  {}", indented(&failure.to_string()))?;
        }
        let more = self.failures.len().saturating_sub(SHOWN_FAILURES);
        if more > 0 {
            write!(f, "\n\n  and {more} more, which `failures()` of the report has")?;
        }
        write_notes(f, &self.notes)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Report {}

/// One failure; `Display` says what happened and where its cause was declared.
#[derive(Debug, Clone)]
pub struct Failure {
    kind: FailureKind,
    text: String,
    location: &'static Location<'static>,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, text: String, location: &'static Location<'static>) -> Failure {
        Failure { kind, text, location }
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Where the rule was declared, or the closure of another kind was given.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  declared at {}", self.text, self.location)
    }
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A handler panicked, or another closure that a server was given.
    Panicked,
    /// A handler returned an error, or a file that it wanted to send could not be opened.
    HandlerError,
}

/// Why an assertion on what was received does not hold: what was expected, what came instead, and the journal.
pub(crate) fn not_received(expected: &str, instead: &str, recorded: &[RecordedRequest], notes: &[String]) -> String {
    let mut text = format!("expected {expected}, but {instead}");
    // Writing to a string cannot fail.
    let _ = write_received(&mut text, recorded).and_then(|()| write_notes(&mut text, notes));
    text
}

/// More lines than this hide what matters; the newest say most.
const SHOWN_REQUESTS: usize = 30;

fn write_received(f: &mut dyn fmt::Write, recorded: &[RecordedRequest]) -> fmt::Result {
    if recorded.is_empty() {
        return f.write_str("\n\nno request was received");
    }
    f.write_str("\n\nreceived, in order:")?;
    let skipped = recorded.len().saturating_sub(SHOWN_REQUESTS);
    if skipped > 0 {
        write!(f, "\n  ({skipped} earlier requests are not shown)")?;
    }
    for (at, request) in recorded.iter().enumerate().skip(skipped) {
        write!(f, "\n  #{} {request}", at + 1)?;
    }
    Ok(())
}

fn write_notes(f: &mut dyn fmt::Write, notes: &[String]) -> fmt::Result {
    notes.iter().try_for_each(|note| write!(f, "\n\nnote: {note}"))
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}
