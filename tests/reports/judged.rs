//! The parts of the nearest request: what was expected of each, and what came.

use expect_test::{Expect, expect};
use fixture_server::prelude::*;

use crate::{comparable, get_of, panic_of, post_of, send};

/// Of the report on a pattern that should have been met: the part lines.
#[track_caller]
fn assert_parts(server: &TestServer, pattern: &Pattern, expected: &Expect) {
    let text = comparable(&panic_of(|| server.assert_received(pattern, 1)));
    let parts = text.lines().skip(4).take_while(|line| !line.is_empty());
    let parts: Vec<&str> = parts.map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    expected.assert_eq(&parts.join("\n"));
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[test]
fn a_path_that_is_longer_than_the_one_that_came() {
    let server = TestServer::empty();
    get_of(&server, "/users/7");
    assert_parts(
        &server,
        &get("/users/{id}/posts"),
        &expect![[r#"
            ✓ method
            ✗ path: expected /users/{id}/posts, got /users/7"#]],
    );
}

#[test]
fn a_query_parameter_with_another_value_one_too_many_and_one_too_few() {
    let server = TestServer::empty();
    get_of(&server, "/list?tag=a&tag=b&page=2");
    assert_parts(
        &server,
        &get("/list").query("tag", "c").query("page", absent()).query("sort", "name"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ query tag: expected "c", got "a" and "b"
            ✗ query page: expected nothing, got "2"
            ✗ query sort: expected "name", got nothing; the query has tag, page"#]],
    );
}

#[test]
fn a_header_field_that_is_not_there() {
    let server = TestServer::empty();
    get_of(&server, "/");
    assert_parts(
        &server,
        &get("/").header("x-token", "a"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ header x-token: expected "a", got nothing; the request has Host, Connection"#]],
    );
}

#[test]
fn a_header_field_whose_name_has_a_slip() {
    let server = TestServer::empty();
    send(&server, "GET", "/", &[("X-Tokn", "a")], b"");
    assert_parts(
        &server,
        &get("/").header("x-token", "a"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ header x-token: expected "a", got nothing; the request has Host, X-Tokn, Connection
            hint: the request has a header field "X-Tokn", one letter away from "x-token""#]],
    );
}

#[test]
fn a_cookie_with_another_value() {
    let server = TestServer::empty();
    send(&server, "GET", "/", &[("Cookie", "theme=dark; sid=2")], b"");
    assert_parts(
        &server,
        &get("/").cookie("sid", "1"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ cookie sid: expected "1", got "2""#]],
    );
}

#[test]
fn credentials_of_someone_else() {
    let server = TestServer::empty();
    send(&server, "GET", "/", &[("Authorization", "Basic YWRhOnk=")], b"");
    assert_parts(
        &server,
        &get("/").basic_auth("ada", "x"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ basic auth: expected "ada" with the password "x", got "ada" with the password "y""#]],
    );
}

#[test]
fn no_token_where_one_is_wanted() {
    let server = TestServer::empty();
    get_of(&server, "/");
    assert_parts(
        &server,
        &get("/").bearer("t"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ bearer: expected "t", got nothing"#]],
    );
}

#[test]
fn a_body_of_one_line() {
    let server = TestServer::empty();
    post_of(&server, "/", "text/plain", "hello");
    assert_parts(
        &server,
        &post("/").body("hallo"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ body: expected "hallo", got "hello""#]],
    );
}

#[cfg(feature = "diff")]
#[test]
fn a_body_of_several_lines_is_compared_line_by_line() {
    let server = TestServer::empty();
    post_of(&server, "/", "text/plain", "one\ntwo\n3\nfour\n");
    assert_parts(
        &server,
        &post("/").body("one\ntwo\nthree\nfour\n"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ body differs in line 3:
                  one
                  two
                - three
                + 3
                  four"#]],
    );
}

#[test]
fn a_body_of_bytes_is_compared_byte_by_byte() {
    let server = TestServer::empty();
    post_of(&server, "/", "application/octet-stream", b"\x00\xff\x00\xffhello?");
    assert_parts(
        &server,
        &post("/").body(b"\x00\xff\x00\xffhello!"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ body differs at offset 9 of 10 bytes:
                expected … ff 00 ff 68 65 6c 6c 6f 21  "...hello!"
                got      … ff 00 ff 68 65 6c 6c 6f 3f  "...hello?""#]],
    );
}

#[cfg(feature = "json")]
#[test]
fn json_is_compared_member_by_member() {
    let server = TestServer::empty();
    post_of(&server, "/users", JSON, r#"{"user":{"name":"bob"},"extra":true}"#);
    assert_parts(
        &server,
        &post("/users").json(json!({"user": {"name": "ada"}, "age": 36})),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ json differs in 3 places:
                /age: expected 36, got nothing
                /user/name: expected "ada", got "bob"
                /extra: expected nothing, got true"#]],
    );
}

#[cfg(feature = "json")]
#[test]
fn a_json_number_that_came_as_text() {
    let server = TestServer::empty();
    post_of(&server, "/users", JSON, r#"{"age":"36"}"#);
    assert_parts(
        &server,
        &post("/users").json_partial(json!({"age": 36})),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ json differs in 1 place:
                /age: expected 36, got "36" (text)"#]],
    );
}

#[cfg(feature = "json")]
#[test]
fn a_member_that_came_as_text() {
    let server = TestServer::empty();
    post_of(&server, "/users", JSON, r#"{"age":"36"}"#);
    assert_parts(
        &server,
        &post("/users").json_path("/age", 36),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ json /age: expected 36, got "36"
            hint: the request has the string "36" where the number 36 is expected"#]],
    );
}

#[cfg(feature = "json")]
#[test]
fn a_body_that_is_no_json() {
    let server = TestServer::empty();
    post_of(&server, "/users", JSON, "hello");
    assert_parts(
        &server,
        &post("/users").json(json!({})),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ json: the body is not JSON (expected value at line 1 column 1): "hello""#]],
    );
}

#[cfg(feature = "json")]
#[test]
fn a_form_where_json_is_wanted() {
    let server = TestServer::empty();
    post_of(&server, "/users", FORM, "age=36");
    assert_parts(
        &server,
        &post("/users").json(json!({"age": 36})),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ json: the body is not JSON (expected value at line 1 column 1): "age=36"
            hint: the request has a form; `.form("..", ..)` looks into it"#]],
    );
}

#[cfg(feature = "json")]
#[test]
fn one_member_of_a_json_body() {
    let server = TestServer::empty();
    post_of(&server, "/users", JSON, r#"{"user":{"age":28}}"#);
    assert_parts(
        &server,
        &post("/users").json_path("/user/age", gt(30)).json_path("/user/name", "ada"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ json /user/age: expected a number > 30, got 28
            ✗ json /user/name: expected "ada", got nothing; /user has age"#]],
    );
}

#[test]
fn json_where_a_form_is_wanted() {
    let server = TestServer::empty();
    post_of(&server, "/login", JSON, r#"{"user":"ada"}"#);
    assert_parts(
        &server,
        &post("/login").form("user", "ada"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ form user: the body is application/json, not application/x-www-form-urlencoded
            hint: the request has JSON; `.json(..)` and `.json_path("/..", ..)` look into it"#]],
    );
}

#[test]
fn a_field_of_a_form() {
    let server = TestServer::empty();
    post_of(&server, "/login", FORM, "user=bob&remember=on");
    assert_parts(
        &server,
        &post("/login").form("user", "ada"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ form user: expected "ada", got "bob""#]],
    );
}

#[cfg(feature = "multipart")]
#[test]
fn a_part_of_a_multipart_body() {
    let server = TestServer::empty();
    let body = "--B\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"you.png\"\r\n\r\nPNG\r\n--B--\r\n";
    post_of(&server, "/upload", "multipart/form-data; boundary=B", body);
    assert_parts(
        &server,
        &post("/upload").multipart(part("avatar").file_name("me.png")),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ part avatar differs in file name:
                file name: expected "me.png", got "you.png""#]],
    );
}

#[test]
fn a_closure_that_says_no() {
    let server = TestServer::empty();
    get_of(&server, "/users/7");
    assert_parts(
        &server,
        &get("/users/{id}").matching("has even id", |request| request.path().ends_with(['0', '2', '4', '6', '8'])),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ has even id: the closure said no"#]],
    );
}

#[test]
fn a_closure_is_not_asked_where_something_before_it_differs() {
    let server = TestServer::empty();
    get_of(&server, "/users/7");
    assert_parts(
        &server,
        &get("/users/{id}").query("full", present()).matching("has even id", |_| panic!("not to be asked")),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ query full: expected anything, got nothing; there is no query
            · has even id: not asked, as something before it differs"#]],
    );
}

#[test]
fn what_should_not_fit_does() {
    let server = TestServer::empty();
    get_of(&server, "/a");
    assert_parts(
        &server,
        &any().not(get("/a")),
        &expect![[r#"
            ✗ not (GET /a): it fits"#]],
    );
}

#[test]
fn neither_of_two_fits() {
    let server = TestServer::empty();
    get_of(&server, "/c");
    assert_parts(
        &server,
        &any_of([get("/a"), post("/b")]),
        &expect![[r#"
            ✗ any of 2:
                GET /a: ✗ path: expected /a, got /c
                POST /b: ✗ method: expected POST, got GET; ✗ path: expected /b, got /c"#]],
    );
}

#[test]
fn long_values_are_cut() {
    let server = TestServer::empty();
    post_of(&server, "/", "text/plain", "b".repeat(5_000));
    assert_parts(
        &server,
        &post("/").body("a"),
        &expect![[r#"
            ✓ method
            ✓ path
            ✗ body: expected "a", got "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…" (5,000 bytes)"#]],
    );
}

#[test]
fn what_a_client_sends_cannot_paint_the_terminal() {
    let server = TestServer::empty();
    send(&server, "GET", "/%1b%5b31m", &[("X-Evil", "\u{85}\u{9b}31m\u{202e}")], b"");
    let text = panic_of(|| server.assert_received(get("/a").header("x-evil", "good"), 1));
    assert!(!crate::without_colour(&text).contains(['\u{1b}', '\u{85}', '\u{9b}', '\u{202e}']), "{text:?}");
}
