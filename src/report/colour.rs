//! Colour for reports that a person reads on a terminal.

use std::env;
use std::ffi::OsStr;
use std::io::{IsTerminal, stderr, stdout};

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// So far behind the mark of a part begin its details.
const DETAILS: usize = 4;

/// The text for a panic: with colour if it goes to a terminal, and `NO_COLOR` does not forbid it. A panic is written to standard
/// error, but a test harness that captures it writes it to standard output later.
pub(crate) fn for_people(text: String) -> String {
    let (no_color, term) = (env::var_os("NO_COLOR"), env::var_os("TERM"));
    let is_terminal = stderr().is_terminal() && stdout().is_terminal();
    if wanted(is_terminal, no_color.as_deref(), term.as_deref()) { painted(&text) } else { text }
}

/// See <https://no-color.org>: an empty variable counts as none.
fn wanted(is_terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

/// Marks and differences only: the first line stays as it is, for `should_panic(expected = ..)`.
fn painted(text: &str) -> String {
    let mut done = String::with_capacity(text.len() + 256);
    // Where the lines of a difference have their sign; those that both sides have go on behind it.
    let mut signs_at = None;
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            done.push('\n');
        }
        let rest = line.trim_start_matches(' ');
        let indent = line.len() - rest.len();
        let is_difference = signs_at == Some(indent);
        let (colour, end) = match rest.chars().next() {
            Some(mark @ ('✓' | '→')) if at > 0 => (GREEN, indent + mark.len_utf8()),
            Some(mark @ '✗') if at > 0 => {
                signs_at = Some(indent + DETAILS);
                (RED, indent + mark.len_utf8())
            }
            Some('-') if is_difference => (RED, line.len()),
            Some('+') if is_difference => (GREEN, line.len()),
            _ => ("", 0),
        };
        if colour.is_empty() {
            done.push_str(line);
        } else {
            done.extend([&line[..indent], colour, &line[indent..end], PLAIN, &line[end..]]);
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::a_terminal(true, None, Some("xterm"), true)]
    #[case::a_terminal_without_a_name(true, None, None, true)]
    #[case::an_empty_variable(true, Some(""), None, true)]
    #[case::a_pipe(false, None, Some("xterm"), false)]
    #[case::forbidden(true, Some("1"), Some("xterm"), false)]
    #[case::one_that_shows_no_colour(true, None, Some("dumb"), false)]
    fn colour_is_for_terminals_unless_it_is_unwanted(
        #[case] is_terminal: bool,
        #[case] no_color: Option<&str>,
        #[case] term: Option<&str>,
        #[case] expected: bool,
    ) {
        assert_eq!(wanted(is_terminal, no_color.map(OsStr::new), term.map(OsStr::new)), expected);
    }

    #[rstest]
    #[case::what_fits("a\n  ✓ path", "a\n  \x1b[32m✓\x1b[0m path")]
    #[case::what_differs("a\n     ✗ path", "a\n     \x1b[31m✗\x1b[0m path")]
    #[case::what_is_pointed_at("a\n→ #1 GET /", "a\n\x1b[32m→\x1b[0m #1 GET /")]
    #[case::a_line_that_is_missing("a\n  ✗ b\n      - two", "a\n  \x1b[31m✗\x1b[0m b\n      \x1b[31m- two\x1b[0m")]
    #[case::a_line_too_many("a\n  ✗ b\n      + 2", "a\n  \x1b[31m✗\x1b[0m b\n      \x1b[32m+ 2\x1b[0m")]
    #[case::a_line_of_both_sides("a\n  ✗ b\n        - c", "a\n  \x1b[31m✗\x1b[0m b\n        - c")]
    #[case::the_first_line("✗ a", "✗ a")]
    #[case::a_dash_that_is_no_difference("a\n  - b", "a\n  - b")]
    #[case::a_mark_within_a_line("a\n  b ✗ c\n", "a\n  b ✗ c\n")]
    fn marks_and_differences_are_painted(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(painted(text), expected);
    }
}
