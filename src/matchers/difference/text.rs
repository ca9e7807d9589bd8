//! Where two texts differ: by line, or by character within one long line.
//!
//! What one does not see is made visible: control characters are escaped (`\t`, `\r`), blanks at the end of a line are `·`,
//! and a line says so if the newline behind it is what is missing.

#[cfg(feature = "diff")]
use similar::DiffOp;

#[cfg(feature = "diff")]
use super::places;
use super::{Details, common_start, grouped};

/// Characters of two single lines up to which both are better shown in full.
const SHORT: usize = 60;

/// Bytes of a text up to which all lines are compared, and not only those up to the first that differs.
#[cfg(feature = "diff")]
const MOST_BYTES: usize = 64 * 1024;

/// The same for the lines of both texts.
#[cfg(feature = "diff")]
const MOST_LINES: usize = 4_000;

/// Lines that are shown.
#[cfg(feature = "diff")]
const MOST_SHOWN: usize = 40;

/// Lines around a place that differs.
#[cfg(feature = "diff")]
const LINES_AROUND: usize = 2;

/// Characters around the place where two long lines part.
const CHARACTERS_AROUND: usize = 20;

/// Characters of one among several lines that are shown.
const MOST_OF_A_LINE: usize = 160;

/// Where two texts of several lines differ, or two long ones; nothing if showing both says it all.
pub(crate) fn text_differences(expected: &str, actual: &str) -> Option<Details> {
    if expected == actual || expected.is_empty() || actual.is_empty() {
        return None;
    }
    if !has_several_lines(expected) && !has_several_lines(actual) {
        return (is_long(expected) && is_long(actual)).then(|| first_character(expected, actual));
    }
    #[cfg(feature = "diff")]
    if expected.len().max(actual.len()) <= MOST_BYTES {
        let (old, new) = (lines(expected), lines(actual));
        if old.len() + new.len() <= MOST_LINES {
            return Some(every_line(&old, &new));
        }
    }
    Some(first_line(expected, actual))
}

fn has_several_lines(text: &str) -> bool {
    text.find('\n').is_some_and(|at| at + 1 < text.len())
}

fn is_long(text: &str) -> bool {
    text.chars().nth(SHORT).is_some()
}

/// The common beginning of two texts, in bytes: whole characters.
fn common_text(one: &str, other: &str) -> usize {
    let mut at = common_start(one.as_bytes(), other.as_bytes());
    // Before it both are the same, so a boundary of one is a boundary of the other.
    while !one.is_char_boundary(at) || !other.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Characters are counted from 1.
fn first_character(expected: &str, actual: &str) -> Details {
    let (at, expected, actual) = parted(expected, actual);
    Details {
        summary: format!("differs at character {at}"),
        lines: vec![format!("expected {expected}"), format!("got      {actual}")],
    }
}

/// At which character two long texts part, and both around it; nothing if one is short.
#[cfg(feature = "json")]
pub(crate) fn parting(expected: &str, actual: &str) -> Option<(String, String, String)> {
    (is_long(expected) && is_long(actual)).then(|| parted(expected, actual))
}

fn parted(expected: &str, actual: &str) -> (String, String, String) {
    let at = common_text(expected, actual);
    let shown = |text: &str| {
        let (before, window, after) = window(text, at, CHARACTERS_AROUND, CHARACTERS_AROUND);
        let quoted = format!("{window:?}");
        format!("\"{before}{}{after}\"", &quoted[1..quoted.len() - 1])
    };
    (grouped(expected[..at].chars().count() + 1), shown(expected), shown(actual))
}

/// So many characters before and after an offset, with `…` for what is left out on either side.
fn window(text: &str, at: usize, before: usize, after: usize) -> (&'static str, &str, &'static str) {
    let from = text[..at].char_indices().rev().take(before).last().map_or(at, |(from, _)| from);
    let to = text[at..].char_indices().nth(after).map_or(text.len(), |(length, _)| at + length);
    let mark = |left_out: bool| if left_out { "…" } else { "" };
    (mark(from > 0), &text[from..to], mark(to < text.len()))
}

/// The first line that differs, with the line before it.
fn first_line(expected: &str, actual: &str) -> Details {
    let at = common_text(expected, actual);
    let start = expected[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let show = Show { newline_at_end_differs: expected.ends_with('\n') != actual.ends_with('\n') };
    let mut shown = Vec::new();
    if start > 0 {
        let before = expected[..start - 1].rfind('\n').map_or(0, |newline| newline + 1);
        shown.push(show.line(' ', &expected[before..start], 0));
    }
    let (old, new) = (line_at(expected, start), line_at(actual, start));
    for (mark, line) in [('-', old), ('+', new)] {
        if !line.is_empty() {
            shown.push(show.line(mark, line, at - start));
        }
    }
    if expected[start + old.len()..] != actual[start + new.len()..] {
        shown.push("and more lines differ".to_owned());
    }
    let number = expected[..start].bytes().filter(|&byte| byte == b'\n').count() + 1;
    Details { summary: format!("differs in line {}", grouped(number)), lines: shown }
}

/// With its newline; empty at the end of the text.
fn line_at(text: &str, start: usize) -> &str {
    let rest = &text[start..];
    &rest[..rest.find('\n').map_or(rest.len(), |newline| newline + 1)]
}

struct Show {
    /// Then it is worth a note.
    newline_at_end_differs: bool,
}

impl Show {
    /// A long line is cut around the place where it parts from its counterpart.
    fn line(&self, mark: char, line: &str, parts_at: usize) -> String {
        let (text, has_newline) = line.strip_suffix('\n').map_or((line, false), |text| (text, true));
        let (before, text, after) = if text.chars().nth(MOST_OF_A_LINE).is_none() {
            ("", text, "")
        } else {
            let at = parts_at.min(text.len());
            window(text, at, CHARACTERS_AROUND, MOST_OF_A_LINE - CHARACTERS_AROUND)
        };
        let end = text.trim_end_matches(' ').len();
        let mut shown = format!("{mark} {before}");
        for char in text[..end].chars() {
            match char {
                '\\' | '"' | '\'' => shown.push(char),
                _ => shown.extend(char.escape_debug()),
            }
        }
        // What was cut off here is no end of a line.
        shown.extend(text[end..].chars().map(|blank| if after.is_empty() { '·' } else { blank }));
        shown.push_str(after);
        if self.newline_at_end_differs && !has_newline {
            shown.push_str(" (no newline at the end)");
        }
        shown.truncate(shown.trim_end_matches(' ').len());
        shown
    }
}

#[cfg(feature = "diff")]
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// All places that differ, as `diff -u` shows them: `-` was expected, `+` came.
#[cfg(feature = "diff")]
fn every_line(old: &[&str], new: &[&str]) -> Details {
    let ops = similar::capture_diff_slices(similar::Algorithm::Myers, old, new);
    let summary = summary(&ops);
    let ends = |lines: &[&str]| lines.last().is_some_and(|line| line.ends_with('\n'));
    let show = Show { newline_at_end_differs: ends(old) != ends(new) };
    let groups = similar::group_diff_ops(ops, LINES_AROUND);
    let mut shown = Vec::new();
    for group in &groups {
        if groups.len() > 1 {
            let first = group.first().map_or(0, |op| op.old_range().start);
            shown.push(format!("@@ line {} @@", grouped(first + 1)));
        }
        for op in group {
            show_op(&show, op, old, new, &mut shown);
        }
    }
    if shown.len() > MOST_SHOWN {
        let more = shown.len() - MOST_SHOWN;
        shown.truncate(MOST_SHOWN);
        shown.push(format!("and {} more {}", grouped(more), if more == 1 { "line" } else { "lines" }));
    }
    Details { summary, lines: shown }
}

#[cfg(feature = "diff")]
fn show_op(show: &Show, op: &DiffOp, old: &[&str], new: &[&str], shown: &mut Vec<String>) {
    let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
    if let DiffOp::Equal { .. } = op {
        shown.extend(old.iter().map(|line| show.line(' ', line, 0)));
        return;
    }
    let parts_at = |at: usize| match (old.get(at), new.get(at)) {
        (Some(one), Some(other)) => common_text(one, other),
        _ => 0,
    };
    shown.extend(old.iter().enumerate().map(|(at, line)| show.line('-', line, parts_at(at))));
    shown.extend(new.iter().enumerate().map(|(at, line)| show.line('+', line, parts_at(at))));
}

/// Lines are those of the expected text; of the other where lines were only added.
#[cfg(feature = "diff")]
fn summary(ops: &[DiffOp]) -> String {
    let changes: Vec<&DiffOp> = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. })).collect();
    let Some(first) = changes.first() else {
        return "differs".to_owned();
    };
    let range = if first.old_range().is_empty() { first.new_range() } else { first.old_range() };
    let (start, end) = (grouped(range.start + 1), grouped(range.end));
    match changes.len() {
        1 if range.len() == 1 => format!("differs in line {start}"),
        1 => format!("differs in lines {start} to {end}"),
        count => format!("differs in {}, first in line {start}", places(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn told(expected: &str, actual: &str) -> (String, Vec<String>) {
        let details = text_differences(expected, actual).unwrap();
        (details.summary, details.lines)
    }

    #[rstest]
    #[case::the_same("a\nb", "a\nb")]
    #[case::short("a", "b")]
    #[case::a_newline_at_the_end("a", "a\n")]
    #[case::nothing_came("a\nb", "")]
    #[case::one_is_short("a", &"b".repeat(100))]
    fn short_texts_are_better_shown_in_full(#[case] expected: &str, #[case] actual: &str) {
        assert_eq!(text_differences(expected, actual), None);
        assert_eq!(text_differences(actual, expected), None);
    }

    #[rstest]
    #[case::the_last("one\ntwo\nthree", "one\ntwo\n3", "line 3", &["  two", "- three", "+ 3"])]
    #[case::the_first("one\ntwo\n", "1\ntwo\n", "line 1", &["- one", "+ 1"])]
    #[case::a_missing_line("one\ntwo\n", "one\n", "line 2", &["  one", "- two"])]
    #[case::a_line_more("one\n", "one\ntwo\n", "line 2", &["  one", "+ two"])]
    #[case::several_lines("a\nb\nc\n", "a\nx\ny\n", "line 2", &["  a", "- b", "+ x", "and more lines differ"])]
    #[case::ends_of_lines("a\r\nb\n", "a\nb\n", "line 1", &["- a\\r", "+ a"])]
    #[case::blanks("a\nb  \n", "a\nb\t\n", "line 2", &["  a", "- b··", "+ b\\t"])]
    #[case::no_newline("a\nb\n", "a\nb", "line 2", &["  a", "- b", "+ b (no newline at the end)"])]
    #[case::an_empty_line("a\n\nb", "a\nb\nb", "line 2", &["  a", "-", "+ b"])]
    #[case::quotes_stay("a\n\"b\" 'c' \\", "a\n", "line 2", &["  a", "- \"b\" 'c' \\ (no newline at the end)"])]
    #[case::half_a_character("a\né", "a\nè", "line 2", &["  a", "- é", "+ è"])]
    fn the_first_line_that_differs_is_told(
        #[case] expected: &str,
        #[case] actual: &str,
        #[case] line: &str,
        #[case] lines: &[&str],
    ) {
        let details = first_line(expected, actual);
        assert_eq!(details.summary, format!("differs in {line}"));
        assert_eq!(details.lines, lines);
    }

    #[test]
    fn two_long_lines_part_at_a_character() {
        let (start, end) = ("é".repeat(70), "z".repeat(70));
        let (summary, lines) = told(&format!("{start}a{end}"), &format!("{start}\"{end}"));
        assert_eq!(summary, "differs at character 71");
        let around = |char: &str| format!("\"…{}{char}{}…\"", "é".repeat(20), "z".repeat(19));
        assert_eq!(lines, [format!("expected {}", around("a")), format!("got      {}", around("\\\""))]);

        let (summary, lines) = told(&start, &format!("{start}!"));
        assert_eq!(summary, "differs at character 71");
        assert_eq!(lines[0], format!("expected \"…{}\"", "é".repeat(20)));
        assert_eq!(lines[1], format!("got      \"…{}!\"", "é".repeat(20)));
    }

    #[test]
    fn a_long_line_among_others_is_cut_around_the_place() {
        let long = "x".repeat(1000);
        let (summary, lines) = told(&format!("a\n{long}1{long}\n"), &format!("a\n{long}2{long}\n"));
        assert_eq!(summary, "differs in line 2");
        let around = |char: char| format!("…{}{char}{}…", "x".repeat(20), "x".repeat(139));
        assert_eq!(lines, ["  a".to_owned(), format!("- {}", around('1')), format!("+ {}", around('2'))]);
    }

    #[test]
    fn large_texts_are_compared_up_to_the_first_difference() {
        let expected = "line\n".repeat(100_000);
        let actual = format!("{expected}other\n");
        let (summary, lines) = told(&expected, &actual);
        assert_eq!(summary, "differs in line 100,001");
        assert_eq!(lines, ["  line", "+ other"]);
    }

    #[cfg(feature = "diff")]
    #[rstest]
    #[case::one_place("one\ntwo\nthree", "one\ntwo\n3", "line 3", &["  one", "  two", "- three", "+ 3"])]
    #[case::in_a_row("a\nb\nc\nd\n", "a\nx\ny\nd\n", "lines 2 to 3", &["  a", "- b", "- c", "+ x", "+ y", "  d"])]
    #[case::added("a\nb\n", "a\nnew\nb\n", "line 2", &["  a", "+ new", "  b"])]
    #[case::near_each_other(
        "a\nb\nc\n", "x\nb\ny\n", "2 places, first in line 1", &["- a", "+ x", "  b", "- c", "+ y"]
    )]
    #[case::far_from_each_other(
        "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\n", "2 places, first in line 1",
        &["@@ line 1 @@", "- 1", "+ x", "  2", "  3", "@@ line 7 @@", "  7", "  8", "- 9"]
    )]
    fn every_place_that_differs_is_shown(
        #[case] expected: &str,
        #[case] actual: &str,
        #[case] summary: &str,
        #[case] lines: &[&str],
    ) {
        assert_eq!(
            told(expected, actual),
            (format!("differs in {summary}"), lines.iter().map(ToString::to_string).collect())
        );
    }

    #[cfg(feature = "diff")]
    #[test]
    fn many_lines_are_cut() {
        let (expected, actual) = ("old\n".repeat(30), "new\n".repeat(30));
        let (summary, lines) = told(&expected, &actual);
        assert_eq!(summary, "differs in lines 1 to 30");
        assert_eq!((lines.len(), &*lines[40]), (41, "and 20 more lines"));
    }
}
