//! How texts of reports are put together: paragraphs, counts, and what a client sent made harmless.

use std::borrow::Cow;

use crate::matchers::times::{Times, times};

/// Paragraphs with an empty line between them.
#[derive(Debug)]
pub(super) struct Paragraphs(String);

impl Paragraphs {
    pub(super) fn new(first: String) -> Paragraphs {
        Paragraphs(first)
    }

    /// Adds one, unless there is nothing to say.
    pub(super) fn add(&mut self, paragraph: impl Into<Option<String>>) {
        if let Some(paragraph) = paragraph.into() {
            self.0.push_str("\n\n");
            self.0.push_str(&paragraph);
        }
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// `1 request`, `2 requests`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// How often something came, as the end of `expected .., but it ..`.
pub(super) fn came(count: usize) -> String {
    match count {
        0 => "never came".to_owned(),
        _ => format!("came {}", times(count)),
    }
}

/// How often something should have come, as the beginning of `expected .., but it ..`; `shown` is a pattern or a rule.
pub(super) fn expected(shown: &str, times: Times) -> String {
    if times.allow(0) && !times.allow(1) {
        let shown = shown.strip_prefix("any request").or_else(|| shown.strip_prefix("any method ")).unwrap_or(shown);
        let blank = if shown.is_empty() || shown.starts_with(',') { "" } else { " " };
        return format!("expected no request{blank}{shown}");
    }
    format!("expected {shown} {times}")
}

/// Every line but the first begins with so many blanks more.
pub(super) fn indented(text: &str, blanks: usize) -> String {
    let mut done = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            done.push('\n');
            if !line.is_empty() {
                done.extend(std::iter::repeat_n(' ', blanks));
            }
        }
        done.push_str(line);
    }
    done
}

/// Without characters that would move the cursor, paint, or turn the direction of what follows; line ends and tabs stay.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut done = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_harmful(char) { done.extend(char.escape_default()) } else { done.push(char) }
    }
    Cow::Owned(done)
}

fn is_harmful(char: char) -> bool {
    let turns = matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (char.is_control() && !matches!(char, '\n' | '\t')) || turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matchers::times::IntoTimes as _;
    use rstest::rstest;

    #[rstest]
    #[case::plain("GET /a\n  ✓ path", "GET /a\n  ✓ path")]
    #[case::a_colour("\x1b[31mred", "\\u{1b}[31mred")]
    #[case::c1("\u{9b}31m", "\\u{9b}31m")]
    #[case::a_carriage_return("a\rb", "a\\rb")]
    #[case::the_other_direction("a\u{202e}b", "a\\u{202e}b")]
    fn what_a_client_sent_is_made_harmless(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(harmless(text), expected);
    }

    #[rstest]
    #[case::a_pattern("POST /x", 1, "expected POST /x exactly once")]
    #[case::none("POST /x", 0, "expected no request POST /x")]
    #[case::none_of_any_method("any method /x", 0, "expected no request /x")]
    #[case::none_at_all("any request", 0, "expected no request")]
    #[case::none_with_that("any request, query a: \"1\"", 0, "expected no request, query a: \"1\"")]
    fn what_should_not_come_reads_otherwise(#[case] shown: &str, #[case] count: usize, #[case] text: &str) {
        assert_eq!(expected(shown, count.into_times()), text);
    }

    #[test]
    fn empty_lines_stay_empty() {
        assert_eq!(indented("a\n\n  b\n", 2), "a\n\n    b\n");
    }
}
