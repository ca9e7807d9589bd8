//! Responses as http.server frames them: what it begins with, what it leaves out, and when the connection stays.

use bytes::Bytes;
use rstest::rstest;

use super::encoding::{CLOSES, HEAD, KEEPS, OLD, OLD_KEEPS, Text, bytes_of, circumstances};
use crate::message::into_response::IntoResponse;
use crate::message::request::Version;
use crate::message::response::Response;
use crate::plan::End;
use crate::wire::encode::{self, Circumstances};
use crate::wire::{Dialect, Exchange};

const BARE: Exchange = Exchange { bare: true, ..CLOSES };

#[track_caller]
fn check(response: impl IntoResponse, protocol: Version, exchange: Exchange, expected: &str, end: End) {
    let circumstances = Circumstances { dialect: Dialect::HttpServer, protocol, ..circumstances(exchange) };
    let plan = encode::plan(response.into_response(), circumstances);
    assert_eq!(plan.end, end);
    assert_eq!(bytes_of(plan), expected);
}

#[test]
fn the_answer_of_a_handler_begins_with_server_and_date() {
    let text = "HTTP/1.1 200 OK\r\nServer: ours\r\nDate: today\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nhi";
    check("hi", Version::Http11, KEEPS, text, End::Keep);
    // It says nothing of a connection that ends by itself, nor of one that stays.
    check("hi", Version::Http11, CLOSES, text, End::Close);
    check("hi", Version::Http11, OLD_KEEPS, text, End::Keep);
    check("hi", Version::Http10, KEEPS, &text.replace("HTTP/1.1", "HTTP/1.0"), End::Close);
    check("hi", Version::Http11, HEAD, text.strip_suffix("hi").unwrap(), End::Keep);
}

#[test]
fn a_handler_has_the_last_word_on_server_and_date() {
    let own = Response::new(204).header("server", "mine").header("Date", "never");
    check(own, Version::Http11, KEEPS, "HTTP/1.1 204 No Content\r\nserver: mine\r\nDate: never\r\n\r\n", End::Keep);
    let without = Response::new(204).without_header("Server").without_header("Date");
    check(without, Version::Http11, KEEPS, "HTTP/1.1 204 No Content\r\n\r\n", End::Keep);
}

#[rstest]
#[case::closed(Response::new(204).close(), "Connection: close\r\n", End::Close)]
#[case::said_to_close(Response::new(204).header("Connection", "close"), "Connection: close\r\n", End::Close)]
#[case::said_to_stay(Response::new(204).header("Connection", "Keep-Alive"), "Connection: Keep-Alive\r\n", End::Keep)]
#[case::said_to_stay_but_closed(Response::new(204).header("Connection", "keep-alive").close(), "Connection: keep-alive\r\n", End::Close)]
fn a_handler_can_force_a_close_and_a_stay(#[case] response: Response, #[case] field: &str, #[case] end: End) {
    let exchange = if end == End::Keep { OLD } else { KEEPS };
    let protocol = if end == End::Keep { Version::Http10 } else { Version::Http11 };
    let start = if end == End::Keep { "HTTP/1.0" } else { "HTTP/1.1" };
    let expected = format!("{start} 204 No Content\r\nServer: ours\r\nDate: today\r\n{field}\r\n");
    check(response, protocol, exchange, &expected, end);
}

#[test]
fn by_rfc_9112_a_field_cannot_keep_what_ends() {
    let response = Response::new(204).header("Connection", "keep-alive");
    assert_eq!(encode::plan(response, circumstances(CLOSES)).end, End::Close);
}

#[rstest]
#[case::text("hi".into_response(), CLOSES, "hi")]
#[case::page(Response::plain(404, "No").with("Content-Length", "4").with_bytes(Bytes::from_static(b"page")), CLOSES, "page")]
#[case::source(Response::plain(200, "OK").with_source(Box::new(Text(b"hello")), Some(5)), CLOSES, "hello")]
#[case::head("hi".into_response(), HEAD, "")]
#[case::no_body(Response::plain(304, "Not Modified"), CLOSES, "")]
#[case::redirect(Response::plain(301, "Moved").with("Location", "/a/"), CLOSES, "")]
#[case::empty(Response::new(200), CLOSES, "")]
#[case::script(Response::of_script().with_source(Box::new(Text(b"A: b\n\nc")), None), CLOSES, "A: b\n\nc")]
#[case::script_for_head(Response::of_script().with_source(Box::new(Text(b"A: b\n\nc")), None), HEAD, "A: b\n\nc")]
fn http_0_9_gets_the_body_alone(#[case] response: Response, #[case] exchange: Exchange, #[case] expected: &str) {
    check(response, Version::Http11, Exchange { bare: true, ..exchange }, expected, End::Close);
}

#[test]
fn http_0_9_gets_raw_bytes_as_they_are() {
    check(Response::raw("HTTP/9.9 what\n"), Version::Http10, BARE, "HTTP/9.9 what\n", End::Close);
}

#[rstest]
#[case::keeps(KEEPS)]
#[case::head(HEAD)]
#[case::old(OLD)]
fn what_a_script_writes_goes_on_with_the_head(#[case] exchange: Exchange) {
    let script = Response::of_script().with_source(Box::new(Text(b"A: b\n\nc")), None);
    let expected = "HTTP/1.0 200 Script output follows\r\nServer: ours\r\nDate: today\r\nA: b\n\nc";
    check(script, Version::Http10, exchange, expected, End::Close);
}

#[test]
fn without_a_name_there_is_no_server_field() {
    let circumstances = Circumstances { server_line: b"", ..circumstances(KEEPS) };
    let plan = encode::plan(Response::plain(304, "So"), circumstances);
    assert_eq!(bytes_of(plan), "HTTP/1.1 304 So\r\nDate: today\r\n\r\n");
}
