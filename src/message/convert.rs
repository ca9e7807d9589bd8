//! The conversions that let users pass what they have: methods, statuses, bodies, field values.

use bytes::Bytes;
use http::{Method, StatusCode};

use super::field::is_token;

/// Implements a conversion trait for plain types.
macro_rules! convert {
    ($Trait:ident :: $method:ident -> $Out:ty; $($T:ty => |$value:ident| $body:expr),+ $(,)?) => {
        $(#[diagnostic::do_not_recommend]
        impl $Trait for $T {
            #[track_caller]
            fn $method(self) -> $Out {
                let $value = self;
                $body
            }
        })+
    };
}
pub(crate) use convert;

/// A request method: `"GET"` or [`Method::GET`]. Text is read without regard to case for the methods of RFC 9110
/// (`"get"` means `GET`) and as it stands for every other.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request method",
    note = "pass a string such as `\"GET\"` or a `Method`"
)]
pub trait IntoMethod {
    /// The method; panics at the caller's line if the text is no token, or is `"ANY"` or `"*"`, which do not stand for every
    /// method: [`any()`](crate::any()) does. `Method::from_bytes` makes any token a method.
    fn into_method(self) -> Method;
}

convert!(IntoMethod::into_method -> Method;
    &str => |text| method_of(text),
    String => |text| method_of(&text),
    &String => |text| method_of(text),
    Method => |method| method,
    &Method => |method| method.clone(),
);

#[track_caller]
fn method_of(text: &str) -> Method {
    for known in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"] {
        if known.eq_ignore_ascii_case(text) {
            // Each of them is a token.
            return Method::from_bytes(known.as_bytes()).unwrap_or_default();
        }
    }
    assert!(!text.is_empty(), "an empty string is not a request method: pass one such as \"GET\"");
    assert!(
        text != "*" && !text.eq_ignore_ascii_case("any"),
        "{text:?} is not a request method: for requests of every method write \
         `when(any().path(\"/users\")).respond_with(..)`"
    );
    let Ok(method) = Method::from_bytes(text.as_bytes()) else {
        assert!(
            !text.starts_with('/'),
            "{text:?} is not a request method, but looks like a path: the method comes first, as in (\"GET\", {text:?})"
        );
        panic!("{text:?} is not a request method: a method is one word without blanks, such as \"GET\"");
    };
    method
}

/// A status code: `404` or [`StatusCode::NOT_FOUND`].
#[diagnostic::on_unimplemented(message = "`{Self}` is not a status code", note = "pass a `u16` or a `StatusCode`")]
pub trait IntoStatus {
    /// The code, 100 to 999; panics at the caller's line if it is out of range.
    fn into_status(self) -> StatusCode;
}

convert!(IntoStatus::into_status -> StatusCode;
    u16 => |code| status_of(code),
    StatusCode => |status| status,
);

#[track_caller]
fn status_of(code: u16) -> StatusCode {
    let Ok(status) = StatusCode::from_u16(code) else {
        panic!("{code} is not a status code: pass one from 100 to 999, or send anything else with `Response::raw`");
    };
    status
}

/// The body of an `http::Response` or `http::Request`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a body",
    note = "a body is `()`, `&str`, `String`, `&[u8]`, `Vec<u8>` or `Bytes`"
)]
pub trait IntoBody {
    /// The bytes.
    fn into_body(self) -> Bytes;
}

convert!(IntoBody::into_body -> Bytes;
    () => |_nothing| Bytes::new(),
    &str => |text| Bytes::copy_from_slice(text.as_bytes()),
    String => |text| Bytes::from(text),
    &[u8] => |bytes| Bytes::copy_from_slice(bytes),
    Vec<u8> => |bytes| Bytes::from(bytes),
    Bytes => |bytes| bytes,
);

#[diagnostic::do_not_recommend]
impl<const N: usize> IntoBody for &[u8; N] {
    fn into_body(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

/// The value of a header field: text, bytes, a whole number.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the value of a header field",
    note = "pass text, bytes or a whole number"
)]
pub trait IntoFieldValue {
    /// The bytes as they will be sent; panics at the caller's line if they hold CR, LF or NUL.
    fn into_field_value(self) -> Bytes;
}

convert!(IntoFieldValue::into_field_value -> Bytes;
    &str => |text| checked_value(Bytes::copy_from_slice(text.as_bytes())),
    String => |text| checked_value(Bytes::from(text)),
    &String => |text| checked_value(Bytes::copy_from_slice(text.as_bytes())),
    &[u8] => |bytes| checked_value(Bytes::copy_from_slice(bytes)),
    Vec<u8> => |bytes| checked_value(Bytes::from(bytes)),
    Bytes => |bytes| checked_value(bytes),
    http::HeaderValue => |value| Bytes::copy_from_slice(value.as_bytes()),
    &http::HeaderValue => |value| Bytes::copy_from_slice(value.as_bytes()),
);

macro_rules! whole_numbers {
    ($($T:ty),+) => { convert!(IntoFieldValue::into_field_value -> Bytes; $($T => |number| Bytes::from(number.to_string())),+); };
}

whole_numbers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

#[track_caller]
fn checked_value(value: Bytes) -> Bytes {
    checked_bytes("the header value", value)
}

/// Bytes that can stand in a line of a head; panics at the caller's line if they would end it.
#[track_caller]
pub(crate) fn checked_bytes(what: &str, value: Bytes) -> Bytes {
    if let Some(byte) = value.iter().find(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        let shown = String::from_utf8_lossy(&value);
        let name = match byte {
            b'\r' => "CR",
            b'\n' => "LF",
            _ => "NUL",
        };
        panic!(
            "{what} {shown:?} holds {name}, which would end the line early: \
             remove it, or send the bytes on purpose with `Response::raw`"
        );
    }
    value
}

/// A path, maybe with a query; panics at the caller's line if it is none.
#[track_caller]
pub(crate) fn checked_path(path: &str) -> &str {
    if path.starts_with('/') {
        return path;
    }
    if let Some((_, rest)) = path.split_once("://") {
        let path_alone = rest.find('/').map_or("/", |slash| &rest[slash..]);
        panic!("{path:?} is a URL, but a path is wanted: write {path_alone:?}");
    }
    panic!("the path {path:?} must begin with `/`: write {:?}", format!("/{path}"));
}

/// The name of a header field as its bytes; panics at the caller's line if it is none.
#[track_caller]
pub(crate) fn checked_name(name: &str) -> &[u8] {
    if is_token(name.as_bytes()) {
        return name.as_bytes();
    }
    assert!(!name.is_empty(), "a header name cannot be empty");
    panic!(
        "{name:?} is not a header name: names are letters, digits and !#$%&'*+-.^_`|~ \
         (RFC 9110, section 5.6.2); to send it on purpose use `Response::raw`"
    );
}
