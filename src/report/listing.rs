//! The list of what was received, and the notes below it.

use std::fmt::Write as _;

use crate::journal::RecordedRequest;

use super::Evidence;
use super::text::{counted, harmless};

/// More lines than this hide what matters.
const SHOWN: usize = 30;

/// Requests that are looked at: reading all of a million would keep the test waiting.
const LOOKED_AT: usize = 2_000;

/// So many of those that are pointed at are listed however old they are; the newest say most of the others.
const SHOWN_MARKED: usize = 15;

/// What was received, in order. What is marked gets an arrow, which the heading explains with `meaning`.
pub(super) fn received(evidence: &Evidence, marked: &[usize], meaning: &str) -> String {
    let count = evidence.recorded.len();
    if count == 0 {
        // Numbers begin anew only where nothing was taken out.
        let is_all = evidence.first <= 1;
        return if is_all { "no request was received" } else { "no other request was received" }.to_owned();
    }
    let mut text = "received, in order".to_owned();
    if !marked.is_empty() {
        let _ = write!(text, " (→ {meaning})");
    }
    text.push(':');
    let rows = rows(count, marked, |at| line(&evidence.recorded[at]));
    let mut next = 0;
    for row in shown(rows, marked.len()) {
        push_hidden(&mut text, row.from - next, next == 0);
        let arrow = if row.is_marked { '→' } else { ' ' };
        let _ = write!(text, "\n{arrow} {}", numbers(evidence, row.from, row.to));
        let _ = write!(text, " {}", row.line);
        next = row.to + 1;
    }
    push_hidden(&mut text, count - next, next == 0);
    text
}

/// `#7`, or `#7 to #19`.
pub(super) fn numbers(evidence: &Evidence, from: usize, to: usize) -> String {
    let (first, last) = (evidence.first + from, evidence.first + to);
    if from == to { format!("#{first}") } else { format!("#{first} to #{last}") }
}

/// A line of the list: one request, or several in a row that read the same.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    from: usize,
    to: usize,
    line: String,
    is_marked: bool,
}

/// What may be listed: all of the newest, and of the older the newest that are marked. `marked` is in ascending order.
fn rows(count: usize, marked: &[usize], line: impl Fn(usize) -> String) -> Vec<Row> {
    let looked_at = count.saturating_sub(LOOKED_AT);
    let older = &marked[..marked.partition_point(|&at| at < looked_at)];
    let older = older[older.len().saturating_sub(LOOKED_AT)..].iter().copied();
    let mut rows: Vec<Row> = Vec::new();
    // Where a run of those begins that read the same.
    let mut run = 0;
    for at in older.chain(looked_at..count) {
        let row = Row { from: at, to: at, line: line(at), is_marked: marked.binary_search(&at).is_ok() };
        let goes_on = rows
            .last()
            .is_some_and(|last| last.to + 1 == at && last.is_marked == row.is_marked && last.line == row.line);
        if !goes_on {
            run = rows.len();
        }
        rows.push(row);
        // Two lines are no more to read than one that stands for both.
        if rows.len() - run >= 3 || (goes_on && rows[run].from < rows[run].to) {
            rows[run].to = at;
            rows.truncate(run + 1);
        }
    }
    rows
}

/// One request in one line.
pub(super) fn line(request: &RecordedRequest) -> String {
    harmless(&request.to_string()).into_owned()
}

/// What a reader should know besides, a paragraph each.
pub(super) fn notes(notes: &[String]) -> Option<String> {
    let notes: Vec<String> = notes.iter().map(|note| format!("note: {note}")).collect();
    (!notes.is_empty()).then(|| notes.join("\n\n"))
}

/// Marked ones, then the newest.
fn shown(mut rows: Vec<Row>, marked: usize) -> Vec<Row> {
    let mut room = SHOWN.saturating_sub(rows.iter().filter(|row| row.is_marked).count().min(SHOWN_MARKED));
    let mut room_for_marked = if marked == 0 { 0 } else { SHOWN_MARKED };
    rows.reverse();
    rows.retain(|row| {
        // The newest of those that are marked: a request too many is more often the last than the first.
        let rooms = if row.is_marked && room_for_marked > 0 { &mut room_for_marked } else { &mut room };
        let is_shown = *rooms > 0;
        *rooms = rooms.saturating_sub(1);
        is_shown
    });
    rows.reverse();
    rows
}

/// Says how many were left out.
fn push_hidden(text: &mut String, count: usize, at_the_beginning: bool) {
    let which = if at_the_beginning { "earlier request" } else { "request" };
    let are = if count == 1 { "is" } else { "are" };
    if count > 0 {
        let _ = write!(text, "\n  ({} {are} not shown)", counted(count, which));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(count: usize, marked: &[usize]) -> Vec<usize> {
        let rows = rows(count, marked, |at| at.to_string());
        shown(rows, marked.len()).into_iter().map(|row| row.from).collect()
    }

    #[test]
    fn the_newest_are_listed_and_those_that_are_marked() {
        assert_eq!(positions(3, &[1]), [0, 1, 2]);
        assert_eq!(positions(100, &[]), (70..100).collect::<Vec<_>>());
        assert_eq!(positions(100, &[4]), std::iter::once(4).chain(71..100).collect::<Vec<_>>());
        let all: Vec<usize> = (0..100).collect();
        assert_eq!(positions(100, &all), (70..100).collect::<Vec<_>>());
    }

    #[test]
    fn old_ones_are_listed_if_they_are_marked() {
        let expected = std::iter::once(4).chain(9_971..10_000);
        assert_eq!(positions(10_000, &[4]), expected.collect::<Vec<_>>());
    }

    #[test]
    fn three_in_a_row_that_read_the_same_are_one_line() {
        let text = "aabbbaaaac";
        let folded = |marked: &[usize]| {
            let rows = rows(text.len(), marked, |at| text[at..=at].to_owned());
            rows.iter().map(|row| (row.from, row.to)).collect::<Vec<_>>()
        };
        assert_eq!(folded(&[]), [(0, 0), (1, 1), (2, 4), (5, 8), (9, 9)]);
        assert_eq!(folded(&[3, 5]), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (9, 9)]);
    }
}
