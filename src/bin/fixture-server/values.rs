//! Which texts are ports, names and values of header fields.

use http::HeaderName;

/// What Python's `int` takes for a number, in ASCII digits: blanks around it, a sign, underscores between digits.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    let trimmed = text.trim();
    let (is_negative, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let groups_are_digits =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    if !groups_are_digits {
        return Err("a port is a number from 0 to 65535".to_owned());
    }
    let digits = digits.replace('_', "");
    let significant = digits.trim_start_matches('0');
    match if significant.is_empty() { Ok(0) } else { significant.parse() } {
        Ok(port) if port == 0 || !is_negative => Ok(port),
        _ => Err("it is not between 0 and 65535".to_owned()),
    }
}

pub(crate) fn field_name(text: &str) -> Result<(), String> {
    if HeaderName::from_bytes(text.as_bytes()).is_ok() {
        return Ok(());
    }
    Err(format!("{text:?} is not the name of a header field, which has letters, digits and !#$%&'*+-.^_`|~ only"))
}

pub(crate) fn field_value(text: &str) -> Result<(), String> {
    match text.chars().find(|char| matches!(char, '\r' | '\n' | '\0')) {
        Some(char) => Err(format!("the value of a header field cannot have {char:?} in it")),
        None => latin1(text).map(drop),
    }
}

/// A value as it is sent: heads are in ISO-8859-1.
pub(crate) fn latin1(text: &str) -> Result<Vec<u8>, String> {
    let byte = |char: char| {
        u8::try_from(u32::from(char))
            .map_err(|_| format!("{char:?} has no place in a header field, which is ISO-8859-1"))
    };
    text.chars().map(byte).collect()
}

/// http.server takes any text; the library calls it misuse.
pub(crate) fn content_type(text: &str) -> Result<(), String> {
    match text {
        _ if !text.contains('/') => Err("a content type has a slash, as text/plain".to_owned()),
        _ if !text.is_ascii() => Err("a content type is ASCII".to_owned()),
        _ => field_value(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_what_python_takes_for_a_number() {
        for (text, wanted) in [
            ("8000", 8000),
            ("65535", 65535),
            ("0", 0),
            (" 8000", 8000),
            ("8000\n", 8000),
            ("\u{a0}8000", 8000),
            ("+8000", 8000),
            ("8_000", 8000),
            ("000000008000", 8000),
            ("0_0", 0),
            ("-0", 0),
            ("-00", 0),
        ] {
            assert_eq!(port(text), Ok(wanted), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_port_is_refused() {
        let texts = [
            "",
            " ",
            "+",
            "-",
            "_0",
            "0_",
            "8__0",
            "+ 80",
            "++80",
            "+-80",
            "0x50",
            "1e3",
            "80.0",
            "eighty",
            "-1",
            "-8_0",
            "65536",
            "131072",
            "99999999999999999999999",
            "80 80",
            "٣",
        ];
        for text in texts {
            assert!(port(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn header_fields_cannot_hold_line_ends() {
        assert!(field_name("X-A").is_ok() && field_value("a: b\tü").is_ok() && field_value("").is_ok());
        for name in ["", "X A", "X:", "X\n", "Ü"] {
            assert!(field_name(name).is_err(), "{name:?}");
        }
        assert_eq!(latin1("caf\u{e9}").as_deref(), Ok(&b"caf\xe9"[..]));
        assert!(field_value("\u{20ac}").is_err() && content_type("text/\u{e9}").is_err());
        for value in ["a\r", "a\nb", "\r\nX: y", "\0"] {
            assert!(field_value(value).is_err(), "{value:?}");
            assert!(content_type(&format!("a/b{value}")).is_err(), "{value:?}");
        }
    }
}
