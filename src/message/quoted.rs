//! A text of the client's as the messages of http.server show it.

use std::fmt::Write as _;

/// The text written like a Python string literal.
pub(crate) fn quoted(text: &str) -> String {
    let delimiter = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(delimiter);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            _ if character == delimiter => out.extend(['\\', character]),
            '\0'..='\x1f' | '\x7f'..='\u{a0}' | '\u{ad}' => push_escape(&mut out, 'x', 2, character),
            '\u{100}'..='\u{ffff}' if !is_printable(character) => push_escape(&mut out, 'u', 4, character),
            '\u{10000}'.. if !is_printable(character) => push_escape(&mut out, 'U', 8, character),
            _ => out.push(character),
        }
    }
    out.push(delimiter);
    out
}

/// Whether Python shows a character above U+00FF as itself. `str::escape_debug` decides by the same general
/// categories, and escapes combining characters at the beginning of a text only, hence the letter before it.
fn is_printable(character: char) -> bool {
    let mut text = String::from("a");
    text.push(character);
    text.escape_debug().eq(text.chars())
}

fn push_escape(out: &mut String, kind: char, width: usize, character: char) {
    // Writing to a string can not fail.
    let _ = write!(out, "\\{kind}{:0width$x}", u32::from(character));
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("POST", "'POST'")]
    #[case::empty("", "''")]
    #[case::apostrophe("it's", "\"it's\"")]
    #[case::quotation_mark("a\"b", "'a\"b'")]
    #[case::both("'\"", r#"'\'"'"#)]
    #[case::backslash(r"a\b", r"'a\\b'")]
    #[case::blanks("\t\n\r", r"'\t\n\r'")]
    #[case::control("\0\x1f\x7f\u{80}\u{a0}\u{ad}", r"'\x00\x1f\x7f\x80\xa0\xad'")]
    #[case::latin_1("\u{a1}\u{ac}\u{ae}\u{ff}", "'\u{a1}\u{ac}\u{ae}\u{ff}'")]
    #[case::printable("\u{416}\u{6f22}\u{1f980}", "'\u{416}\u{6f22}\u{1f980}'")]
    #[case::combining("e\u{301}", "'e\u{301}'")]
    #[case::not_printable("\u{200b}\u{2028}\u{e000}\u{e0001}", r"'\u200b\u2028\ue000\U000e0001'")]
    fn a_text_is_quoted_like_a_python_string(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(quoted(text), expected);
    }
}
