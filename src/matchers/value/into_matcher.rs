//! What can stand where a value is compared.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;

use crate::matchers::number::{IntoNumber, Number};
use crate::message::convert::convert;

use super::{Literal, Matcher, Test};

/// A value or a matcher. Plain values mean equal: text, bytes, numbers, `bool`, JSON. A closure with an annotated
/// parameter (`|v: &str| ..`) does as well; `matching("what", |v| ..)` needs no annotation and has a name in reports.
///
/// What a plain value is equal to:
///
/// | value | in text: query, header, cookie, form, body | in JSON: `json_path` |
/// | --- | --- | --- |
/// | `&str`, `String`, `char` | this text; in a path a template (`"/users/{id}"`) | a string, never a number: `"5"` is not `5` |
/// | `&[u8]`, `Vec<u8>`, `Bytes` | these bytes | nothing: it panics, as bytes are not JSON |
/// | integers, floats, `StatusCode` | how they are written: `2` is `2` and not `02`; `10.0` is `10` or `10.0` | a number of this value: `10` is `10.0`; nothing is rounded |
/// | `bool` | `true` or `false` | the same |
/// | `json!(..)` | text that is this JSON document; a string also as it stands | the same document: numbers by value, members in any order |
///
/// A header field is compared as the bytes that were sent, and as text: UTF-8, or else Latin-1.
///
/// # Panics
///
/// A number that is NaN panics at the caller's line: nothing is equal to it.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("POST", "/?page=2").with_header("x-done", "true").with_body(r#"{"age": 36.0}"#);
/// assert!(any().query("page", 2).header("x-done", true).check(&request).fits());
/// # #[cfg(feature = "json")]
/// assert!(any().json_path("/age", 36).check(&request).fits());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with a part of a request",
    label = "not a value or a matcher",
    note = "pass text, bytes, a number, `json!(..)`, or `contains`, `starts_with`, `regex`, `present()`, `absent()`, `one_of`, `gt` ...",
    note = "a closure goes into `matching(\"what it wants\", |value| ..)`"
)]
pub trait IntoMatcher {
    /// The matcher.
    fn into_matcher(self) -> Matcher;
}

fn text(text: impl Into<String>) -> Matcher {
    Matcher::new(Test::Equal(Literal::Text(text.into())))
}

fn octets(bytes: impl Into<Bytes>) -> Matcher {
    Matcher::new(Test::Equal(Literal::Bytes(bytes.into())))
}

#[track_caller]
fn number(number: Number) -> Matcher {
    assert!(
        !number.is_nan(),
        "nothing is equal to NaN: to compare with the text write \"NaN\", to take numbers only `matching(..)`"
    );
    Matcher::new(Test::Equal(Literal::Number(number)))
}

convert!(IntoMatcher::into_matcher -> Matcher;
    Matcher => |matcher| matcher,
    &Matcher => |matcher| matcher.clone(),
    &str => |value| text(value),
    String => |value| text(value),
    &String => |value| text(value.as_str()),
    Cow<'_, str> => |value| text(value),
    char => |value| text(value),
    bool => |value| Matcher::new(Test::Equal(Literal::Bool(value))),
    &[u8] => |value| octets(Bytes::copy_from_slice(value)),
    Vec<u8> => |value| octets(value),
    &Vec<u8> => |value| octets(value.clone()),
    Bytes => |value| octets(value),
    StatusCode => |value| value.as_u16().into_matcher(),
);

#[cfg(feature = "json")]
convert!(IntoMatcher::into_matcher -> Matcher;
    serde_json::Value => |value| Matcher::new(Test::Equal(Literal::Json(value))),
    &serde_json::Value => |value| Matcher::new(Test::Equal(Literal::Json(value.clone()))),
);

macro_rules! numbers {
    ($($T:ty),+) => { convert!(IntoMatcher::into_matcher -> Matcher; $($T => |value| number(value.into_number())),+); };
}

numbers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64);

#[diagnostic::do_not_recommend]
impl<const N: usize> IntoMatcher for &[u8; N] {
    fn into_matcher(self) -> Matcher {
        octets(Bytes::copy_from_slice(self))
    }
}

#[diagnostic::do_not_recommend]
impl<F> IntoMatcher for F
where
    F: Fn(&str) -> bool + Send + Sync + 'static,
{
    fn into_matcher(self) -> Matcher {
        Matcher::new(Test::Closure { what: None, check: Box::new(self) })
    }
}
