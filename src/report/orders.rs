//! Why requests did not come in the order that was expected.

use std::fmt::Write as _;

use crate::matchers::pattern::Pattern;

use super::Evidence;
use super::assertions::{FITS, end};
use super::listing::{line, notes, numbers};
use super::nearest::{Among, differing_request, nearest_request};
use super::text::{Paragraphs, counted, harmless};

/// Requests should have come in this order; `found` are the positions of those for the first patterns, up to the one that
/// did not come.
pub(crate) fn out_of_order(patterns: &[Pattern], found: &[usize], evidence: &Evidence) -> String {
    let Some(missing) = patterns.get(found.len()) else { return "the order is as expected".to_owned() };
    let last = found.last().copied();
    let before = (0..last.map_or(0, |last| last + 1)).rev().find(|&at| missing.accepts(&evidence.subject(at)));
    let after = found.len().checked_sub(1).and_then(|at| patterns.get(at));
    let after = after.map_or_else(String::new, |after| format!(" after {after}"));
    let instead = match (before, last) {
        (Some(at), Some(last)) if at == last => "it never came again",
        (Some(_), _) => "it came only before",
        (None, _) => "it never came",
    };
    let mut text = Paragraphs::new(format!("expected {missing}{after}, but {instead}"));
    text.add(row(patterns, found, before.filter(|&at| Some(at) != last), evidence));
    if before.is_none() {
        text.add(nearest_request(missing, last.map_or(Among::All, Among::After), evidence));
    }
    end(text, evidence, found, FITS)
}

/// The expected row, and what stands for each of its members.
fn row(patterns: &[Pattern], found: &[usize], before: Option<usize>, evidence: &Evidence) -> String {
    let mut text = "expected, in this order:".to_owned();
    // What comes long before the gap is of no interest, nor what comes long after.
    let from = found.len().saturating_sub(SHOWN_AROUND);
    if from > 0 {
        let _ = write!(text, "\n  ({} not shown)", are(from, "pattern"));
    }
    for (at, pattern) in patterns.iter().enumerate().skip(from).take(2 * SHOWN_AROUND) {
        let _ = match found.get(at) {
            Some(position) => write!(text, "\n  ✓ {pattern} is #{}", evidence.first + position),
            None if at > found.len() => write!(text, "\n  · {pattern}"),
            None => match before {
                Some(position) => {
                    write!(text, "\n  ✗ {pattern} is only #{}, which came before", evidence.first + position)
                }
                None => write!(text, "\n  ✗ {pattern}"),
            },
        };
    }
    let more = patterns.len().saturating_sub(from + 2 * SHOWN_AROUND);
    if more > 0 {
        let _ = write!(text, "\n  ({} not shown)", are(more, "pattern"));
    }
    text
}

/// Lines on either side of where a row breaks.
const SHOWN_AROUND: usize = 15;

/// So many requests beyond the last that was expected take one line.
const FOLDED: usize = 3;

/// Exactly these requests should have come, in this order.
pub(crate) fn not_exactly(patterns: &[Pattern], evidence: &Evidence) -> String {
    let recorded = &evidence.recorded;
    let pairs = patterns.iter().take(recorded.len()).enumerate();
    let fits: Vec<bool> = pairs.map(|(at, pattern)| pattern.accepts(&evidence.subject(at))).collect();
    let first = fits.iter().position(|fits| !fits).unwrap_or(fits.len());
    let mut text = match (patterns.get(first), recorded.get(first)) {
        (Some(pattern), Some(request)) => {
            let came = format!("{} {}", request.method(), request.target());
            let mut text = Paragraphs::new(format!(
                "expected {pattern} as request {} of {}, but {} came",
                first + 1,
                patterns.len(),
                harmless(&came)
            ));
            text.add(differing_request(pattern, first, evidence));
            text
        }
        (Some(pattern), None) => Paragraphs::new(format!(
            "expected exactly {}, but {} came: {pattern} did not",
            counted(patterns.len(), "request"),
            recorded.len()
        )),
        (None, request) => {
            let beyond = request.map(|request| format!("{} {}", request.method(), request.target()));
            Paragraphs::new(format!(
                "expected exactly {}, but {} came: the first beyond is {}",
                counted(patterns.len(), "request"),
                recorded.len(),
                harmless(&beyond.unwrap_or_default())
            ))
        }
    };
    text.add(comparison(patterns, &fits, first, evidence));
    text.add(notes(&evidence.notes));
    text.finish()
}

/// What came against what was expected, line by line.
fn comparison(patterns: &[Pattern], fits: &[bool], first: usize, evidence: &Evidence) -> String {
    let mut text = "received, in order, against what was expected:".to_owned();
    let count = patterns.len().max(evidence.recorded.len());
    let from = first.saturating_sub(SHOWN_AROUND);
    if from > 0 {
        let _ = write!(text, "\n  ({} not shown)", are(from, "request"));
    }
    let last = evidence.recorded.len().saturating_sub(1);
    let mut shown_to = from;
    for at in (from..count).take(2 * SHOWN_AROUND) {
        shown_to = at + 1;
        if at >= patterns.len() && count - at >= FOLDED {
            let (numbers, more) = (numbers(evidence, at, last), counted(count - at, "request"));
            let _ = write!(text, "\n  ✗ {numbers}: {more} more than expected");
            shown_to = count;
            break;
        }
        let mark = if fits.get(at).is_some_and(|fits| *fits) { '✓' } else { '✗' };
        let _ = match evidence.recorded.get(at) {
            Some(request) => write!(text, "\n  {mark} #{} {}", evidence.first + at, line(request)),
            None => write!(text, "\n  {mark} nothing"),
        };
        let _ = match patterns.get(at) {
            _ if mark == '✓' => Ok(()),
            Some(pattern) => write!(text, ": expected {pattern}"),
            None => write!(text, ": expected nothing more"),
        };
    }
    let more = count - shown_to;
    if more > 0 {
        let _ = write!(text, "\n  ({} not shown)", are(more, "request"));
    }
    text
}

fn are(count: usize, what: &str) -> String {
    format!("{} {}", counted(count, what), if count == 1 { "is" } else { "are" })
}
