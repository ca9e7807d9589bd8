//! Failures, and how they are told: what was expected and what came in the first line, then what was nearest, then the list.

pub(crate) mod assertions;
pub(crate) mod colour;
mod failure;
mod hints;
mod listing;
pub(crate) mod misses;
mod nearest;
mod orders;
pub(crate) mod promises;
mod text;

use std::collections::HashMap;
use std::fmt;
use std::slice;

use crate::hook::caught;
use crate::journal::RecordedRequest;
use crate::matchers::subject::{Memo, Subject};
use crate::matchers::times::times;

use failure::List;
pub use failure::{Failure, FailureKind};
use text::{counted, indented};

/// A handler that fails for each request of a loop would bury everything else.
pub(crate) const SHOWN_FAILURES: usize = 20;

/// Every failure of a server, at least one; `Debug` prints the same text as `Display`, because `unwrap` and `-> Result` print
/// `Debug`.
///
/// The text names each failure with the line of its cause, and ends with what was received if a failure is about that. It has
/// no colour; the panics of [`verify`](crate::TestServer::verify) and of assertions do on a terminal, unless `NO_COLOR` is set.
///
/// ```
/// use fixture_server::{FailureKind, prelude::*};
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |_| panic!("not this one"));
/// let _ = ureq::get(server.url("/")).call();
///
/// let report = server.try_verify().unwrap_err();
/// for failure in &report {
///     assert_eq!(failure.kind(), FailureKind::Panicked);
/// }
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

    pub(crate) fn one(failure: Failure) -> Report {
        Report { failures: vec![failure], notes: Vec::new() }
    }

    /// The failures in the order in which they happened, then promises that were not kept; at least one.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/a")).expect(1).respond(200);
    /// server.when(get("/b")).expect(1).respond(200);
    /// assert_eq!(server.try_verify().unwrap_err().failures().len(), 2);
    /// ```
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The same one by one; `for failure in &report` does too.
    ///
    /// ```
    /// # use fixture_server::{FailureKind, prelude::*};
    /// let server = TestServer::empty();
    /// server.when(get("/a")).expect(1).respond(200);
    /// let report = server.try_verify().unwrap_err();
    /// assert!(report.iter().all(|failure| failure.kind() == FailureKind::Expectation));
    /// ```
    pub fn iter(&self) -> slice::Iter<'_, Failure> {
        self.failures.iter()
    }

    /// What was received, if a failure is about that.
    fn list(&self) -> Option<&List> {
        self.failures.iter().filter_map(Failure::list).next_back()
    }

    /// The texts of the failures, and how often there is each.
    fn folded(&self) -> Vec<(String, usize)> {
        let mut folded: Vec<(String, usize)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for failure in &self.failures {
            let text = failure.to_string();
            let at = *known.entry(text.clone()).or_insert(folded.len());
            if at == folded.len() {
                folded.push((text, 0));
            }
            folded[at].1 += 1;
        }
        folded
    }
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Failure;
    type IntoIter = slice::Iter<'a, Failure>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the test server has {}", counted(self.failures.len(), "failure"))?;
        let list = self.list();
        if list.is_some_and(|list| list.is_empty) {
            f.write_str(", and received no request")?;
        }
        let folded = self.folded();
        for (number, (text, count)) in (1..).zip(folded.iter().take(SHOWN_FAILURES)) {
            let before = if folded.len() == 1 { "  ".to_owned() } else { format!("  {number}. ") };
            let (head, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
            let times = if *count == 1 { String::new() } else { format!(" ({})", times(*count)) };
            write!(f, "\n\n{before}{head}{times}{}", indented(rest, before.len()))?;
        }
        let more: usize = folded.iter().skip(SHOWN_FAILURES).map(|(_, count)| count).sum();
        if more > 0 {
            write!(f, "\n\n  and {more} more, which `failures()` of the report has")?;
        }
        if let Some(list) = list.filter(|list| !list.is_empty) {
            // Marks would be those of one failure, so that several have none.
            let is_about_one = self.failures.iter().filter_map(Failure::list).nth(1).is_none();
            write!(f, "\n\n{}", if is_about_one { &list.marked } else { &list.plain })?;
        }
        listing::notes(&self.notes).map_or(Ok(()), |notes| write!(f, "\n\n{notes}"))
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Report {}

/// Fails the test, or prints the report if the test is panicking already: a second panic would abort the process and hide the
/// first.
pub(crate) fn panic_or_print(report: &Report) {
    let text = colour::for_people(report.to_string());
    if std::thread::panicking() {
        print(&text);
    } else {
        panic!("{text}");
    }
}

/// Prints where libtest captures it; nothing happens if standard error is closed.
#[expect(clippy::print_stderr, reason = "for the reader of a test that is failing already")]
pub(crate) fn print(text: &str) {
    let _ = caught(|| eprintln!("{text}"));
}

/// What a failure can point to: the journal at that moment.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) recorded: Vec<RecordedRequest>,
    /// The number of the first of them: 1, unless older ones were dropped or drained.
    pub(crate) first: usize,
    pub(crate) notes: Vec<String>,
    /// What comparing each of them has found out already, so that a closure is asked once.
    pub(crate) memos: Vec<Memo>,
    /// The journal went with its server: that it has nothing says nothing.
    pub(crate) is_gone: bool,
}

impl Evidence {
    pub(crate) fn new(recorded: Vec<RecordedRequest>, first: usize, notes: Vec<String>) -> Evidence {
        let memos = recorded.iter().map(|_| Memo::default()).collect();
        Evidence { recorded, first, notes, memos, is_gone: false }
    }

    /// One of what was recorded, to be compared with a pattern.
    pub(crate) fn subject(&self, at: usize) -> Subject<'_> {
        Subject::new(&self.recorded[at], &self.memos[at])
    }

    /// Remembers what was found out before there was evidence.
    pub(crate) fn remember(&mut self, at: usize, memo: Memo) {
        self.memos[at] = memo;
    }
}
