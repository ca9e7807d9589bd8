//! Why an assertion on what was received does not hold: what was expected, what came, what was nearest, and the journal.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::journal::RecordedConnection;
use crate::matchers::pattern::Pattern;
use crate::matchers::times::{IntoTimes as _, Times};
use crate::rules::RuleCore;

pub(crate) use super::orders::{not_exactly, out_of_order};
pub(crate) use super::promises::hits_otherwise;

use super::Evidence;
use super::listing::{line, notes, received};
use super::misses::{add_nearest, asked};
use super::nearest::{Among, nearest_request};
use super::text::{Paragraphs, came, counted, expected};

/// What an arrow in the list means.
pub(super) const FITS: &str = "fits";

/// So many requests should have fitted; `fitting` are the positions in the evidence of those that did.
pub(crate) fn received_otherwise(pattern: &Pattern, times: Times, fitting: &[usize], evidence: &Evidence) -> String {
    let expected = expected(&pattern.to_string(), times);
    counted_otherwise(&expected, pattern, fitting.len() < times.least(), fitting, evidence)
}

/// At least `wanted` requests should have come in time. What fits and is not in `fitting` was returned to someone else.
pub(crate) fn timed_out(
    pattern: &Pattern,
    wanted: usize,
    fitting: &[usize],
    time: Duration,
    evidence: &Evidence,
) -> String {
    let times = (wanted..).into_times();
    let expected = format!("expected {pattern} {times} within {time:?}");
    let fits = |at: usize| fitting.binary_search(&at).is_err() && pattern.accepts(&evidence.subject(at));
    let returned: Vec<usize> = (0..evidence.recorded.len()).filter(|&at| fits(at)).collect();
    if fitting.is_empty() && !returned.is_empty() {
        let text = Paragraphs::new(format!("{expected}, but what came was returned before"));
        return end(text, evidence, &returned, FITS);
    }
    counted_otherwise(&expected, pattern, true, fitting, evidence)
}

fn counted_otherwise(
    expected: &str,
    pattern: &Pattern,
    too_few: bool,
    fitting: &[usize],
    evidence: &Evidence,
) -> String {
    let mut text = Paragraphs::new(format!("{expected}, but it {}", came(fitting.len())));
    if too_few {
        let among = if fitting.is_empty() { Among::All } else { Among::Others(fitting) };
        text.add(nearest_request(pattern, among, evidence));
    }
    end(text, evidence, fitting, FITS)
}

/// Every request should have met a rule or a file; these did not. Of the first of them, what the rules of now say to it.
pub(crate) fn unmatched(which: &[usize], rules: &[Arc<RuleCore>], evidence: &Evidence) -> String {
    let first = which.first().copied().unwrap_or(0);
    let subject = evidence.subject(first);
    let who = match which.len() {
        1 => asked(&subject),
        count => count.to_string(),
    };
    let mut text = Paragraphs::new(format!("expected every request to meet a rule or a file, but {who} did not"));
    if which.len() > 1 {
        text.add(format!("the first of them is #{} {}", evidence.first + first, line(&evidence.recorded[first])));
    }
    // What was refused was never compared.
    if evidence.recorded[first].refusal().is_none() {
        add_nearest(&mut text, &subject, rules);
    }
    end(text, evidence, which, "met nothing")
}

/// Nothing should have come for a while, and these did.
pub(crate) fn silence_broken(time: Duration, which: &[usize], evidence: &Evidence) -> String {
    let text = Paragraphs::new(format!("expected no request for {time:?}, but {} came", which.len()));
    end(text, evidence, which, "came in that time")
}

/// More connections than this are not listed.
const SHOWN_CONNECTIONS: usize = 30;

/// Of handshakes that were to fail, too few did.
#[cfg(feature = "_tls")]
pub(crate) fn tls_errors_otherwise(
    wanted: usize,
    count: usize,
    time: Duration,
    connections: &[RecordedConnection],
) -> String {
    let did = match count {
        0 => "none did".to_owned(),
        1 => "one did".to_owned(),
        _ => format!("{count} did"),
    };
    let wanted = counted(wanted, "TLS handshake");
    let mut text = Paragraphs::new(format!("expected at least {wanted} to fail within {time:?}, but {did}"));
    text.add(listed(connections, connections.len()));
    text.finish()
}

/// So many connections should have been opened. These are known, the newest of `count`.
pub(crate) fn connections_otherwise(times: Times, count: usize, known: &[RecordedConnection]) -> String {
    let were = match count {
        0 => "none was".to_owned(),
        1 => "one was".to_owned(),
        _ => format!("{count} were"),
    };
    let mut text = Paragraphs::new(format!("expected {}, but {were} opened", times.of("connection")));
    text.add(listed(known, count));
    text.finish()
}

/// The newest of so many connections; `None` if there are none.
fn listed(known: &[RecordedConnection], count: usize) -> Option<String> {
    if known.is_empty() {
        return None;
    }
    let mut list = "connections, in order:".to_owned();
    let shown = &known[known.len().saturating_sub(SHOWN_CONNECTIONS)..];
    let hidden = count.saturating_sub(shown.len());
    if hidden > 0 {
        let are = if hidden == 1 { "is" } else { "are" };
        let _ = write!(list, "\n  ({} {are} not shown)", counted(hidden, "earlier connection"));
    }
    for connection in shown {
        let _ = write!(list, "\n  {connection}");
    }
    Some(list)
}

/// The list and the notes, which end each text.
pub(super) fn end(mut text: Paragraphs, evidence: &Evidence, marked: &[usize], meaning: &str) -> String {
    if !evidence.is_gone || !evidence.recorded.is_empty() {
        text.add(received(evidence, marked, meaning));
    }
    text.add(notes(&evidence.notes));
    text.finish()
}
