//! Where the header fields of a script's output end.

/// Finds the first empty line of what comes in pieces. The first piece follows a line end: that of the last field which
/// the server has added.
#[derive(Debug, Default)]
pub(super) struct HeadEnd {
    at: At,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    LineStart,
    /// After a CR with which the line begins.
    AfterCr,
    InLine,
    /// After the empty line.
    End,
}

impl HeadEnd {
    /// As much of the next piece as is up to the empty line, that included.
    pub(super) fn of<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        for (number, &byte) in piece.iter().enumerate() {
            self.at = match (self.at, byte) {
                (At::End, _) => return &piece[..number],
                (At::LineStart | At::AfterCr, b'\n') => At::End,
                (At::LineStart, b'\r') => At::AfterCr,
                (At::InLine, b'\n') => At::LineStart,
                _ => At::InLine,
            };
        }
        piece
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::lf("a: b\n\nc", "a: b\n\n")]
    #[case::crlf("a: b\r\nc: d\r\n\r\ne\r\n\r\n", "a: b\r\nc: d\r\n\r\n")]
    #[case::mixed("a: b\r\n\nc", "a: b\r\n\n")]
    #[case::at_once("\nc", "\n")]
    #[case::at_once_with_cr("\r\nc", "\r\n")]
    #[case::nothing_after("a: b\n\n", "a: b\n\n")]
    #[case::none("a: b\nc: d\n", "a: b\nc: d\n")]
    #[case::cr_alone("a\r\rb\n\rc\n \n", "a\r\rb\n\rc\n \n")]
    #[case::two_crs("a\n\r\r\n\nb", "a\n\r\r\n\n")]
    #[case::nothing("", "")]
    fn the_head_ends_with_the_first_empty_line(#[case] output: &str, #[case] expected: &str) {
        for size in 1..=output.len().max(1) {
            let mut end = HeadEnd::default();
            let head: Vec<u8> = output.as_bytes().chunks(size).flat_map(|piece| end.of(piece).to_vec()).collect();
            assert_eq!(String::from_utf8(head).unwrap(), expected, "in pieces of {size}");
        }
    }
}
