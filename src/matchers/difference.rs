//! How values are shown, and where two of them differ: text by line, bytes by offset.

mod text;

use std::borrow::Cow;
use std::fmt::Write;

#[cfg(feature = "json")]
pub(crate) use text::parting;
pub(crate) use text::text_differences;

/// Where two values differ, for a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Details {
    /// What follows the name of the part: `differs in line 3`.
    pub(crate) summary: String,
    /// The places themselves.
    pub(crate) lines: Vec<String>,
}

/// Characters of a value that are shown.
const MOST_OF_A_VALUE: usize = 200;

/// Bytes that are shown of what is no text.
const MOST_BYTES: usize = 16;

/// Bytes that both have before the first that differs.
const BYTES_BEFORE: usize = 8;

/// Text as a report shows it: quoted, and cut with a note if it is long.
pub(crate) fn shown_text(text: &str) -> String {
    match cut(text, MOST_OF_A_VALUE) {
        Cow::Borrowed(text) => format!("{text:?}"),
        Cow::Owned(start) => format!("{start:?} ({})", size(text.len())),
    }
}

/// Bytes as a report shows them: as text if they are text.
pub(crate) fn shown_bytes(bytes: &[u8]) -> String {
    match as_text(bytes) {
        Some(text) => shown_text(text),
        None => format!("{} {}", size(bytes.len()), hex(bytes)),
    }
}

/// Bytes in hexadecimal, cut if there are many.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = digits(&bytes[..bytes.len().min(MOST_BYTES)]);
    if bytes.len() > MOST_BYTES {
        digits.push_str(" …");
    }
    digits
}

/// Bytes that mean something as text. NUL is in UTF-8 as well, but not in what people call text.
pub(crate) fn as_text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|_| !bytes.contains(&0))
}

/// The first so many characters; `…` stands for the rest.
pub(crate) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// What is shown without quotes must not end the line or reach the terminal as a command.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() {
            line.extend(char.escape_debug());
        } else {
            line.push(char);
        }
    }
    line
}

/// `1 place`, `3 places`.
#[cfg(any(feature = "diff", feature = "json"))]
pub(crate) fn places(count: usize) -> String {
    if count == 1 { "1 place".to_owned() } else { format!("{} places", grouped(count)) }
}

/// `1 byte`, `5,000 bytes`.
pub(crate) fn size(bytes: usize) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{} bytes", grouped(bytes)) }
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn digits(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 3);
    for (at, byte) in bytes.iter().enumerate() {
        let blank = if at == 0 { "" } else { " " };
        // Writing into a string does not fail.
        let _ = write!(digits, "{blank}{byte:02x}");
    }
    digits
}

/// How many bytes two values have in common at their beginning.
pub(crate) fn common_start(one: &[u8], other: &[u8]) -> usize {
    const STRIDE: usize = 4096;
    let most = one.len().min(other.len());
    let mut at = 0;
    while at + STRIDE <= most && one[at..at + STRIDE] == other[at..at + STRIDE] {
        at += STRIDE;
    }
    while at < most && one[at] == other[at] {
        at += 1;
    }
    at
}

/// Where two values differ that are not both text; nothing if they do not. Offsets begin at 0.
pub(crate) fn byte_differences(expected: &[u8], actual: &[u8]) -> Option<Details> {
    if expected == actual {
        return None;
    }
    let at = common_start(expected, actual);
    let sizes = if expected.len() == actual.len() {
        format!("of {}", size(expected.len()))
    } else {
        format!("(expected {}, got {})", size(expected.len()), grouped(actual.len()))
    };
    let (expected, actual) = (Window::of(expected, at), Window::of(actual, at));
    let width = expected.hex.chars().count().max(actual.hex.chars().count());
    Some(Details {
        summary: format!("differs at offset {} {sizes}", grouped(at)),
        lines: vec![expected.line("expected", width), actual.line("got     ", width)],
    })
}

/// The surroundings of the first byte that differs.
struct Window {
    hex: String,
    /// With a point for each byte that cannot be printed.
    text: String,
}

impl Window {
    fn of(bytes: &[u8], at: usize) -> Window {
        let from = at.saturating_sub(BYTES_BEFORE);
        let to = bytes.len().min(at + MOST_BYTES);
        let shown = &bytes[from..to];
        let before = if from > 0 { "… " } else { "" };
        let after = if to < bytes.len() { " …" } else { "" };
        let printable = |&byte: &u8| if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' };
        Window { hex: format!("{before}{}{after}", digits(shown)), text: shown.iter().map(printable).collect() }
    }

    fn line(&self, who: &str, width: usize) -> String {
        if self.text.is_empty() {
            return format!("{who} nothing");
        }
        format!("{who} {:width$}  \"{}\"", self.hex, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::text(b"ada", r#""ada""#)]
    #[case::empty(b"", r#""""#)]
    #[case::lines(b"a\nb\t\"c\"\x1b", r#""a\nb\t\"c\"\u{1b}""#)]
    #[case::bytes(b"\x00\xffhe", "4 bytes 00 ff 68 65")]
    #[case::a_byte(b"\xff", "1 byte ff")]
    #[case::nul_is_no_text(b"a\0", "2 bytes 61 00")]
    #[case::many_bytes(&[0; 1234], "1,234 bytes 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 …")]
    fn bytes_are_shown_as_text_if_they_are(#[case] bytes: &[u8], #[case] shown: &str) {
        assert_eq!(shown_bytes(bytes), shown);
    }

    #[test]
    fn long_text_is_cut_between_two_characters() {
        assert_eq!(shown_text(&"é".repeat(200)), format!("\"{}\"", "é".repeat(200)));
        assert_eq!(shown_text(&"é".repeat(2500)), format!("\"{}…\" (5,000 bytes)", "é".repeat(200)));
        assert_eq!(cut("abc", 2), "ab…");
        assert_eq!(cut("ab", 2), "ab");
    }

    #[rstest]
    #[case(0, "0 bytes")]
    #[case(999, "999 bytes")]
    #[case(1000, "1,000 bytes")]
    #[case(1_234_567, "1,234,567 bytes")]
    fn long_numbers_are_grouped(#[case] bytes: usize, #[case] shown: &str) {
        assert_eq!(size(bytes), shown);
    }

    #[rstest]
    #[case::same_length(
        b"\xffabc", b"\xffabd", "differs at offset 3 of 4 bytes",
        [r#"expected ff 61 62 63  ".abc""#, r#"got      ff 61 62 64  ".abd""#]
    )]
    #[case::longer(
        b"\xff", b"\xff\x00", "differs at offset 1 (expected 1 byte, got 2)",
        [r#"expected ff     ".""#, r#"got      ff 00  "..""#]
    )]
    #[case::context(
        b"\x00123456789hello!", b"\x00123456789hello?", "differs at offset 15 of 16 bytes",
        [r#"expected … 37 38 39 68 65 6c 6c 6f 21  "789hello!""#, r#"got      … 37 38 39 68 65 6c 6c 6f 3f  "789hello?""#]
    )]
    #[case::nothing(b"\xff", b"", "differs at offset 0 (expected 1 byte, got 0)", [r#"expected ff  ".""#, "got      nothing"])]
    fn bytes_differ_at_an_offset(
        #[case] expected: &[u8],
        #[case] actual: &[u8],
        #[case] summary: &str,
        #[case] lines: [&str; 2],
    ) {
        let details = byte_differences(expected, actual).unwrap();
        assert_eq!(details.summary, summary);
        assert_eq!(details.lines, lines);
    }

    #[test]
    fn what_is_far_in_is_found_and_cut() {
        let mut actual = vec![0_u8; 100_000];
        actual[50_000] = 1;
        let details = byte_differences(&vec![0; 100_000], &actual).unwrap();
        assert_eq!(details.summary, "differs at offset 50,000 of 100,000 bytes");
        assert!(details.lines[1].starts_with("got      … 00 00 00 00 00 00 00 00 01 00 "), "{}", details.lines[1]);
        assert!(details.lines[1].contains(" 00 …  \""), "{}", details.lines[1]);
        assert_eq!(byte_differences(&actual, &actual), None);
    }
}
