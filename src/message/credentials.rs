//! Who a client says it is: the `Authorization` field (RFC 9110, section 11.6.2) with its schemes Basic and Bearer.

use super::field::{latin1, text_of};
use super::request::Request;

impl Request {
    /// The token of `Authorization: Bearer ..` (RFC 6750, section 2.1).
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = scheme_and_rest(self.header("authorization")?.as_bytes());
        let token = scheme.eq_ignore_ascii_case(b"bearer").then_some(token?)?;
        std::str::from_utf8(token).ok()
    }

    /// User and password of `Authorization: Basic ..` (RFC 7617), read as UTF-8 or else as Latin-1. The password may hold
    /// colons. `None` if there is no such field, or what it holds cannot be decoded.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |request| match request.basic_auth() {
    ///     Some((user, password)) if password == "secret" => (200, format!("hello {user}")),
    ///     _ => (401, "who are you?".to_owned()),
    /// });
    /// let authorization = "Basic YWRhOnNlY3JldA=="; // ada:secret
    /// let mut answer = ureq::get(server.url("/")).header("authorization", authorization).call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "hello ada");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn basic_auth(&self) -> Option<(String, String)> {
        let (scheme, credentials) = scheme_and_rest(self.field("authorization")?);
        let credentials = scheme.eq_ignore_ascii_case(b"basic").then_some(credentials?)?;
        let decoded = base64_decoded(credentials)?;
        let colon = decoded.iter().position(|&byte| byte == b':')?;
        // As one text, so that user and password are read in the same way.
        let is_utf8 = std::str::from_utf8(&decoded).is_ok();
        let text = |part: &[u8]| if is_utf8 { text_of(part).into_owned() } else { latin1(part) };
        Some((text(&decoded[..colon]), text(&decoded[colon + 1..])))
    }
}

/// The scheme of an `Authorization` field, and what follows it.
pub(crate) fn scheme_and_rest(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    match value.iter().position(|&byte| byte == b' ') {
        Some(blank) => (&value[..blank], Some(value[blank + 1..].trim_ascii())),
        None => (value, None),
    }
}

/// As lenient as Python: what is not of the alphabet is passed over, and after the padding nothing counts. `None` if the
/// padding is missing.
pub(crate) fn base64_decoded(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    let (mut bits, mut digits, mut padding) = (0u32, 0, 0);
    for &byte in encoded {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if digits >= 2 => {
                padding += 1;
                if digits + padding >= 4 {
                    return Some(decoded);
                }
                continue;
            }
            _ => continue,
        };
        padding = 0;
        bits = bits << 6 | u32::from(digit);
        digits = (digits + 1) % 4;
        // Of the bits of this digit and the one before it, those that make up a byte.
        let unused = match digits {
            2 => 4,
            3 => 2,
            0 => 0,
            _ => continue,
        };
        decoded.push((bits >> unused & 0xFF) as u8);
    }
    (digits == 0).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn request(authorization: &[u8]) -> Request {
        let value = http::HeaderValue::from_bytes(authorization).unwrap();
        Request::from(http::Request::builder().header("authorization", value).body(()).unwrap())
    }

    #[rstest]
    #[case::usual(b"Bearer abc", Some("abc"))]
    #[case::whatever_the_case_of_the_scheme(b"bEARER abc", Some("abc"))]
    #[case::blanks_around(b"Bearer   abc", Some("abc"))]
    #[case::another_scheme(b"Basic abc", None)]
    #[case::no_token(b"Bearer", None)]
    fn a_bearer_token_is_found(#[case] authorization: &[u8], #[case] expected: Option<&str>) {
        assert_eq!(request(authorization).bearer(), expected);
    }

    #[rstest]
    #[case::usual(b"Basic YWRhOnNlY3JldA==", Some(("ada", "secret")))]
    #[case::whatever_the_case_of_the_scheme(b"bASIC YWRhOg==", Some(("ada", "")))]
    #[case::colons_in_the_password(b"Basic YTpiOmM=", Some(("a", "b:c")))]
    #[case::no_user(b"Basic OnNlY3JldA==", Some(("", "secret")))]
    #[case::utf8(b"Basic w6k6w6k=", Some(("\u{e9}", "\u{e9}")))]
    #[case::latin1(b"Basic w6k66Q==", Some(("\u{c3}\u{a9}", "\u{e9}")))]
    #[case::no_colon(b"Basic YWRh", None)]
    #[case::no_base64(b"Basic !", None)]
    #[case::no_credentials(b"Basic", None)]
    #[case::another_scheme(b"Bearer YWRhOg==", None)]
    #[case::not_ascii(b"Basic \xe4\xff", None)]
    fn basic_credentials_are_decoded(#[case] authorization: &[u8], #[case] expected: Option<(&str, &str)>) {
        let expected = expected.map(|(user, password)| (user.to_owned(), password.to_owned()));
        assert_eq!(request(authorization).basic_auth(), expected);
    }
}
