//! The request line as it was sent; nothing of it is kept beside the head.

use super::field::latin1;
use super::request::{Head, Request};

impl Request {
    /// The first line as sent, without its line end; each byte is the character of the same number (ISO-8859-1).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let request = Request::new("GET", "/a%20b?c");
    /// assert_eq!(request.request_line(), "GET /a%20b?c HTTP/1.1");
    /// ```
    #[must_use]
    pub fn request_line(&self) -> String {
        let line = first_line(self.head());
        let trailing = line.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        latin1(&line[..line.len() - trailing])
    }

    /// The version as sent, `HTTP/1.1`; `HTTP/0.9` of a request that names none, as `GET /` does. Empty if the request
    /// could not be parsed that far.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let request = Request::new("GET", "/");
    /// assert_eq!(request.version(), "HTTP/1.1");
    /// ```
    #[must_use]
    pub fn version(&self) -> &str {
        let head = self.head();
        let target_end = head.target.end as usize;
        if target_end == 0 {
            return "";
        }
        let behind_target = first_line(head).get(target_end..).unwrap_or_default();
        // Of blanks, line ends and whatever else separates words nothing is graphic, and of a version everything is.
        let mut words = behind_target.split(|byte| !byte.is_ascii_graphic()).filter(|word| !word.is_empty());
        match words.next() {
            Some(version) => std::str::from_utf8(version).unwrap_or_default(),
            None => "HTTP/0.9",
        }
    }
}

/// Up to and with the first LF.
fn first_line(head: &Head) -> &[u8] {
    head.raw.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::request::Content;
    use super::*;

    /// A request whose target is the `/` in it.
    fn request(raw: &[u8]) -> Request {
        let at = raw.iter().position(|&byte| byte == b'/').unwrap_or_default();
        let at = u32::try_from(at).unwrap();
        let target = if at == 0 { 0..0 } else { at..at + 1 };
        Request::of_parts(Head { raw: raw.into(), target, ..Head::default() }, Content::default())
    }

    #[rstest]
    #[case::usual(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1", "HTTP/1.1")]
    #[case::blanks_around(
        b" GET\t/ \x0b\xa0 HTTP/1.0 \x85\r\r\n\r\n",
        " GET\t/ \u{b}\u{a0} HTTP/1.0 \u{85}",
        "HTTP/1.0"
    )]
    #[case::no_version(b"GET /\n", "GET /", "HTTP/0.9")]
    #[case::no_line_end(b"GET / HTTP/1.1", "GET / HTTP/1.1", "HTTP/1.1")]
    #[case::not_parsed(b"GET\xe9\n\n", "GET\u{e9}", "")]
    #[case::nothing(b"", "", "")]
    fn line_and_version_are_as_sent(#[case] raw: &[u8], #[case] line: &str, #[case] version: &str) {
        let request = request(raw);
        assert_eq!((&*request.request_line(), request.version()), (line, version));
    }
}
