//! The bytes of one exchange, as people read them.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::message::tape::{Direction, Segment};

/// What crossed the wire in one exchange, and when: every byte, also those of interim responses, of faults, and of what a client
/// sent too much. [`RecordedRequest::transcript`](crate::RecordedRequest::transcript) has it.
///
/// `Display` shows it as people read it. A line begins with `>` for what the client sent or `<` for what the server sent, the
/// time since the connection was accepted, and the offset of its first byte among those of the exchange that went the same
/// way. A line without them goes on with the segment above it. Ends of lines are shown as `␍␊`, bytes that are no text as `\x00`, a backslash
/// as `\\`; of a segment the first 2 KiB are shown. The last line says how the exchange ended.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::builder().transcript(true).start();
/// server.on("POST", "/pay", |_| 204);
/// ureq::post(server.url("/pay")).send("7 EUR")?;
///
/// let transcript = server.requests()[0].transcript().expect("it was asked for");
/// assert!(transcript.received().starts_with(b"POST /pay HTTP/1.1\r\n"));
/// assert!(transcript.sent().starts_with(b"HTTP/1.1 204 No Content\r\n"));
/// println!("{transcript}");
/// # assert!(transcript.to_string().contains("POST /pay HTTP/1.1␍␊\n"));
/// # Ok::<(), ureq::Error>(())
/// ```
///
/// ```text
/// connection 1, request 1
/// > 0.000 s  +0      POST /pay HTTP/1.1␍␊
///                    content-length: 5␍␊
///                    ␍␊
/// > 0.001 s  +41     7 EUR
/// < 0.001 s  +0      HTTP/1.1 204 No Content␍␊
///                    Date: Thu, 01 Jan 2026 00:00:00 GMT␍␊
///                    ␍␊
/// = the connection stays open
/// ```
#[derive(Clone)]
pub struct Transcript {
    connection: usize,
    number: usize,
    segments: Vec<Segment>,
    end: String,
}

/// Of a segment so many bytes are shown.
const SHOWN: usize = 2 << 10;

impl Transcript {
    /// That of the request of this number on this connection; `end` says how it ended.
    pub(super) fn new(connection: usize, number: usize, segments: Vec<Segment>, end: String) -> Transcript {
        Transcript { connection, number, segments, end }
    }

    /// The segments in the order in which they crossed, one for each read or write of the server. Where a read took in the end of
    /// one request and the beginning of another, each has its part.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// All bytes from the client, in order.
    #[must_use]
    pub fn received(&self) -> Vec<u8> {
        self.bytes(Direction::Received)
    }

    /// All bytes to the client, in order: what the server handed to its system, be it that the client took them or not.
    #[must_use]
    pub fn sent(&self) -> Vec<u8> {
        self.bytes(Direction::Sent)
    }

    fn bytes(&self, direction: Direction) -> Vec<u8> {
        let segments = self.segments.iter().filter(|segment| segment.direction == direction);
        segments.flat_map(|segment| &segment.bytes).copied().collect()
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "connection {}, request {}", self.connection, self.number)?;
        let (mut received, mut sent) = (0, 0);
        for Segment { direction, at, bytes } in &self.segments {
            let (arrow, offset) = match direction {
                Direction::Received => ('>', &mut received),
                Direction::Sent => ('<', &mut sent),
            };
            let label = format!("{arrow} {}  +{offset:<6} ", seconds(*at));
            *offset += bytes.len();
            let (shown, hidden) = bytes.split_at(bytes.len().min(SHOWN));
            let mut begin = label.as_str();
            let blank = " ".repeat(label.len());
            for line in shown.split_inclusive(|byte| *byte == b'\n') {
                writeln!(f, "{begin}{}", visible(line))?;
                begin = &blank;
            }
            if !hidden.is_empty() {
                writeln!(f, "{blank}.. ({} bytes more)", hidden.len())?;
            }
        }
        write!(f, "= {}", self.end)
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript")
            .field("connection", &self.connection)
            .field("request", &self.number)
            .field("segments", &self.segments)
            .finish_non_exhaustive()
    }
}

/// In milliseconds, rounded down.
fn seconds(time: Duration) -> String {
    format!("{}.{:03} s", time.as_secs(), time.subsec_millis())
}

/// Bytes so that each can be told: text as it is, ends of lines as their symbols, and escapes for the rest.
fn visible(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\r' => shown.push('␍'),
                '\n' => shown.push('␊'),
                '\t' => shown.push_str("\\t"),
                '\\' => shown.push_str("\\\\"),
                // What would turn the direction of the text or is not seen at all, and the symbols of ends of lines themselves.
                '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '␍'
                | '␊' => {
                    escape(&mut shown, char.encode_utf8(&mut [0; 4]).as_bytes());
                }
                char if char.is_control() => escape(&mut shown, char.encode_utf8(&mut [0; 4]).as_bytes()),
                char => shown.push(char),
            }
        }
        escape(&mut shown, chunk.invalid());
    }
    shown
}

fn escape(shown: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to memory does not fail.
        let _ = write!(shown, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use rstest::rstest;

    fn segment(direction: Direction, at: u64, bytes: &[u8]) -> Segment {
        Segment { direction, at: Duration::from_micros(at), bytes: Bytes::copy_from_slice(bytes) }
    }

    fn shown(segments: Vec<Segment>) -> String {
        Transcript::new(3, 2, segments, "the connection stays open".to_owned()).to_string()
    }

    #[rstest]
    #[case::text("grün ✓".as_bytes(), "grün ✓")]
    #[case::ends_of_lines(b"a\r\n", "a␍␊")]
    #[case::a_lone_cr(b"a\rb", "a␍b")]
    #[case::a_tab(b"a\tb", "a\\tb")]
    #[case::a_backslash(b"\\x00", "\\\\x00")]
    #[case::nul_and_escape(b"\0\x1b[31m", "\\x00\\x1b[31m")]
    #[case::no_utf_8(b"\xff\xe4", "\\xff\\xe4")]
    #[case::half_a_character(b"\xe2\x9c", "\\xe2\\x9c")]
    #[case::c1("\u{9b}".as_bytes(), "\\xc2\\x9b")]
    #[case::the_other_direction("\u{202e}".as_bytes(), "\\xe2\\x80\\xae")]
    #[case::a_symbol_that_was_sent("␍".as_bytes(), "\\xe2\\x90\\x8d")]
    fn every_byte_can_be_told(#[case] bytes: &[u8], #[case] expected: &str) {
        assert_eq!(visible(bytes), expected);
    }

    #[test]
    fn a_line_of_text_is_a_line_and_segments_begin_with_time_and_offset() {
        let text = shown(vec![
            segment(Direction::Received, 999, b"GET / HT"),
            segment(Direction::Received, 1_000, b"TP/1.1\r\n\r\n"),
            segment(Direction::Sent, 12_345_678, b"ok"),
            segment(Direction::Sent, 12_345_678, b"ay\n"),
        ]);
        let lines = [
            "connection 3, request 2",
            "> 0.000 s  +0      GET / HT",
            "> 0.001 s  +8      TP/1.1␍␊",
            "                   ␍␊",
            "< 12.345 s  +0      ok",
            "< 12.345 s  +2      ay␊",
            "= the connection stays open",
        ];
        assert_eq!(text, lines.join("\n"));
    }

    #[test]
    fn a_long_segment_is_cut() {
        let text = shown(vec![
            segment(Direction::Sent, 0, &[b'x'; SHOWN]),
            segment(Direction::Sent, 0, &[b'y'; SHOWN + 7]),
            segment(Direction::Sent, 0, b"z"),
        ]);
        assert!(
            text.contains(&format!("+2048   {}\n                   .. (7 bytes more)\n", "y".repeat(SHOWN))),
            "{text}"
        );
        assert!(text.contains("+4103   z\n"), "{text}");
        assert_eq!(text.matches("more)").count(), 1);
    }

    #[test]
    fn bytes_are_those_of_one_direction() {
        let segments = vec![
            segment(Direction::Received, 0, b"a"),
            segment(Direction::Sent, 0, b"b"),
            segment(Direction::Received, 0, b"c"),
        ];
        let transcript = Transcript::new(1, 1, segments, String::new());
        assert_eq!((transcript.received(), transcript.sent()), (b"ac".to_vec(), b"b".to_vec()));
    }
}
