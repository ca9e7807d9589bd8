//! What a handler may return.

use std::borrow::Cow;
use std::fmt::Display;

use bytes::Bytes;
use http::StatusCode;

use super::convert::{IntoBody, IntoFieldValue, IntoStatus, checked_name, convert};
use super::fault::Fault;
use super::fault_at::FaultAt;
use super::field_block::FieldBlock;
use super::response::{Failing, OCTETS, Response};

/// What a handler may return and a rule may respond with.
///
/// A response that ends with its head loses its body, while its fields stay: 204, 304, and an interim one (100 to 199).
/// Behind an interim one clients wait for another; [`respond`](crate::When::respond) refuses it, a handler may send it, and
/// [`Response::informational`] sends it ahead of a final one.
///
/// A [`Fault`] happens in place of the response. With a moment or a chance ([`FaultAt`]) it is no answer of a handler, which is
/// asked when the request is complete and answers for this one alone: the client gets 500 and the test fails. Faults within a
/// response are [`Response::fault`]; before it, a rule [responds](crate::When::respond) with the fault alone, or the whole server
/// [has it](crate::TestServer::fault).
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("DELETE", "/a", |_| 204);
/// server.on("GET", "/b", |_| "text");
/// server.on("GET", "/c", |_| (201, [("Location", "/c/1")], "created"));
/// server.on("GET", "/d", |request| request.query("x").map(str::to_owned)); // `None` answers 404
/// server.on("GET", "/e", |_| Fault::Reset);
/// # assert_eq!(ureq::get(server.url("/c")).call()?.headers()["location"], "/c/1");
/// # Ok::<(), ureq::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    label = "cannot be sent as a response",
    note = "a response is a status (`204`, `StatusCode`), text, bytes, `json!(..)`, `Response`, `Fault`, `http::Response`, `(status, body)`, `(status, [(name, value)], body)`, an `Option` or a `Result` of these",
    note = "other types that serialise: `Response::json(&value)`",
    note = "a closure goes to `.respond_with(|request| ..)`, and is not `async`: it may block"
)]
pub trait IntoResponse {
    /// The response.
    fn into_response(self) -> Response;
}

convert!(IntoResponse::into_response -> Response;
    Response => |response| response,
    () => |_nothing| Response::new(200),
    u16 => |code| Response::new(code),
    StatusCode => |status| Response::new(status),
    &str => |text| Response::copied_text(text),
    String => |text| Response::text(text),
    &String => |text| Response::copied_text(text),
    Cow<'static, str> => |text| Response::text(text),
    &[u8] => |bytes| Response::bytes(bytes),
    Vec<u8> => |bytes| octets(Bytes::from(bytes)),
    Bytes => |bytes| octets(bytes),
    Fault => |fault| Response::with_fault(fault),
    FaultAt => |fault| Response::with_fault(fault),
);

#[cfg(feature = "json")]
convert!(IntoResponse::into_response -> Response;
    serde_json::Value => |value| Response::json(&value),
    &serde_json::Value => |value| Response::json(value),
);

fn octets(bytes: Bytes) -> Response {
    Response::typed(OCTETS, bytes)
}

#[diagnostic::do_not_recommend]
impl<const N: usize> IntoResponse for &[u8; N] {
    fn into_response(self) -> Response {
        Response::bytes(self)
    }
}

impl<T: IntoResponse> IntoResponse for (u16, T) {
    #[track_caller]
    fn into_response(self) -> Response {
        let status = self.0.into_status();
        self.1.into_response().with_tuple_status(status)
    }
}

impl<T: IntoResponse> IntoResponse for (StatusCode, T) {
    fn into_response(self) -> Response {
        self.1.into_response().with_tuple_status(self.0)
    }
}

#[diagnostic::do_not_recommend]
impl<N: AsRef<str>, V: IntoFieldValue, const LEN: usize> IntoResponse for [(N, V); LEN] {
    #[track_caller]
    fn into_response(self) -> Response {
        with_fields(Response::new(200), self)
    }
}

impl<N: AsRef<str>, V: IntoFieldValue, T: IntoResponse, const LEN: usize> IntoResponse for (u16, [(N, V); LEN], T) {
    #[track_caller]
    fn into_response(self) -> Response {
        let status = self.0.into_status();
        with_fields(self.2.into_response(), self.1).with_tuple_status(status)
    }
}

impl<N: AsRef<str>, V: IntoFieldValue, T: IntoResponse, const LEN: usize> IntoResponse
    for (StatusCode, [(N, V); LEN], T)
{
    #[track_caller]
    fn into_response(self) -> Response {
        with_fields(self.2.into_response(), self.1).with_tuple_status(self.0)
    }
}

/// Adds the fields in order, duplicates kept; fields that the body brought make way for those of the same name.
#[track_caller]
fn with_fields<N: AsRef<str>, V: IntoFieldValue, const LEN: usize>(
    mut response: Response,
    fields: [(N, V); LEN],
) -> Response {
    let mut given = FieldBlock::default();
    for (name, value) in fields {
        given.push(checked_name(name.as_ref()), &value.into_field_value());
    }
    given.iter().for_each(|(name, _)| response.fields.remove(name));
    given.iter().for_each(|(name, value)| response.fields.push(name, value));
    response
}

impl<T: IntoResponse> IntoResponse for Option<T> {
    fn into_response(self) -> Response {
        let nothing = || Response::text("not found").with_code(StatusCode::NOT_FOUND).settled();
        self.map_or_else(nothing, T::into_response)
    }
}

impl<T: IntoResponse, E: Display> IntoResponse for Result<T, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(value) => value.into_response(),
            // The alternate form is where `anyhow` and its like tell the causes too.
            Err(error) => Response::failing(Failing::Error(format!("{error:#}"))),
        }
    }
}

impl<B: IntoBody> IntoResponse for http::Response<B> {
    fn into_response(self) -> Response {
        let (head, body) = self.into_parts();
        let mut response = Response::new(head.status);
        for (name, value) in &head.headers {
            response.fields.push(name.as_str().as_bytes(), value.as_bytes());
        }
        response.with_bytes(body.into_body())
    }
}

macro_rules! from_for_response {
    ($($T:ty),+) => { $(impl From<$T> for Response {
        #[track_caller]
        fn from(value: $T) -> Self {
            value.into_response()
        }
    })+ };
}

from_for_response!(u16, StatusCode, &str, String, Bytes, Fault, FaultAt);

#[cfg(feature = "json")]
from_for_response!(serde_json::Value);

impl<T: IntoResponse> From<(u16, T)> for Response {
    #[track_caller]
    fn from(value: (u16, T)) -> Self {
        value.into_response()
    }
}

impl<B: IntoBody> From<http::Response<B>> for Response {
    fn from(value: http::Response<B>) -> Self {
        value.into_response()
    }
}

/// What a handler closure may return: a response, or nothing because it panics (`|_| panic!("not this one")`).
///
/// Sealed. It is apart from [`IntoResponse`] because an impl for the never type there would forbid users their own impls.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    label = "cannot be sent as a response",
    note = "a handler returns a status (`204`, `StatusCode`), text, bytes, `json!(..)`, `Response`, `Fault`, `http::Response`, `(status, body)`, `(status, [(name, value)], body)`, an `Option` or a `Result` of these",
    note = "other types that serialise: `Response::json(&value)`",
    note = "answers one after the other: `server.when(..).respond(sequence([..]))`",
    note = "handlers are plain closures, not `async`: they may block"
)]
pub trait HandlerReturn: never::Sealed {
    /// The response.
    fn into_return(self) -> Response;
}

#[diagnostic::do_not_recommend]
impl<T: IntoResponse> HandlerReturn for T {
    fn into_return(self) -> Response {
        self.into_response()
    }
}

#[diagnostic::do_not_recommend]
impl HandlerReturn for never::Never {
    fn into_return(self) -> Response {
        self
    }
}

/// The never type by its stable name, and the seal of `HandlerReturn`.
mod never {
    pub trait Returns {
        type Type;
    }
    impl<T> Returns for fn() -> T {
        type Type = T;
    }
    #[expect(unreachable_pub, reason = "the seal must be nameable in the public bound and nowhere else")]
    pub type Never = <fn() -> ! as Returns>::Type;
    pub trait Sealed {}
    impl<T: super::IntoResponse> Sealed for T {}
    impl Sealed for Never {}
}
