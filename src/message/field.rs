//! One header field, as it was sent.

use std::borrow::Cow;
use std::fmt;

/// One header field (RFC 9110, section 5) as it was sent: spelling of the name and bytes of the value are kept.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |request: &Request| {
///     let host = &request.headers()[0];
///     (200, format!("{} is {}", host.name(), host.value()))
/// });
/// # let mut stream = std::net::TcpStream::connect(server.addr())?;
/// # use std::io::{Read, Write};
/// # stream.write_all(b"GET / HTTP/1.1\r\nhOsT: here\r\nConnection: close\r\n\r\n")?;
/// # let mut answer = String::new();
/// # stream.read_to_string(&mut answer)?;
/// # assert!(answer.ends_with("hOsT is here"), "{answer}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    name: String,
    text: String,
    /// Only where the value is not UTF-8, and `text` therefore is its Latin-1 reading.
    bytes: Option<Vec<u8>>,
}

impl Field {
    pub(crate) fn new(name: &[u8], value: &[u8]) -> Field {
        let (text, bytes) = match std::str::from_utf8(value) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (latin1(value), Some(value.to_vec())),
        };
        Field { name: text_of(name).into_owned(), text, bytes }
    }

    /// The name, spelled as sent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value as text: read as UTF-8, or as Latin-1 where it is not UTF-8. White space around it is removed.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.text
    }

    /// The value as sent, without the white space around it.
    #[must_use]
    pub fn value_bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(self.text.as_bytes())
    }
}

/// `Name: value`, as it was sent.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.text)
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Equal if the name is, in any case, and the value to the letter.
///
/// ```
/// # use fixture_server::prelude::*;
/// let server = TestServer::empty();
/// # server.on("GET", "/", |_| 200);
/// ureq::get(server.url("/")).header("X-Token", "abc").call()?;
/// assert!(server.requests()[0].headers().iter().any(|field| *field == ("x-token", "abc")));
/// # Ok::<(), ureq::Error>(())
/// ```
impl PartialEq<(&str, &str)> for Field {
    fn eq(&self, (name, value): &(&str, &str)) -> bool {
        self.name.eq_ignore_ascii_case(name) && self.text == *value
    }
}

/// Each byte as the character of the same number (ISO-8859-1), which is what a byte outside UTF-8 means in HTTP's history.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// Text as most people mean it: UTF-8, or else Latin-1.
pub(crate) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(latin1(bytes)),
    }
}

/// Whether a comma-separated field value has this token in it, in any case (RFC 9110, section 5.6.1).
pub(crate) fn has_token(value: &[u8], token: &str) -> bool {
    value.split(|&byte| byte == b',').any(|member| member.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// Whether these bytes are a token (RFC 9110, section 5.6.2): a method or the name of a field.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_utf8_is_read_as_latin1_and_kept_as_sent() {
        let field = Field::new(b"X", b"caf\xe9");
        assert_eq!((field.value(), field.value_bytes()), ("café", &b"caf\xe9"[..]));
    }

    #[test]
    fn a_field_is_compared_and_shown_as_name_and_value() {
        let field = Field::new(b"X-Token", b"abc");
        assert!(field == ("x-token", "abc") && field != ("x-token", "ABC") && field != ("token", "abc"));
        assert_eq!(field.to_string(), "X-Token: abc");
    }

    #[test]
    fn tokens_are_compared_whole_and_without_case() {
        assert!(has_token(b"keep-alive, Close", "close"));
        assert!(!has_token(b"closed", "close"));
        assert!(is_token(b"x-a") && !is_token(b"") && !is_token(b"a b") && !is_token(b"a:"));
    }
}
