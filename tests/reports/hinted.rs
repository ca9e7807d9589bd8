//! Slips that are made again and again are named below the parts of the nearest request.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::{comparable, panic_of, send};

const FORM: &str = "application/x-www-form-urlencoded";
#[cfg(feature = "json")]
const JSON: &str = "application/json";

/// Of a request with these fields and this body: the last line about it.
#[rstest]
#[case::an_element(
    post("/").header("accept-encoding", "gzip"), &[("Accept-Encoding", "br, gzip;q=0.5")], "",
    "a field is compared as a whole: contains(\"gzip\")"
)]
#[case::a_parameter(
    post("/").header("content-type", "text/html"), &[("Content-Type", "text/html; charset=utf-8")], "",
    "a field is compared as a whole: contains(\"text/html\")"
)]
#[case::case_of_a_field(
    post("/").header("x-user", "Ada"), &[("X-User", "ada")], "", "the values differ only in upper and lower case"
)]
#[case::the_old_prefix(
    post("/").header("request-id", "1"), &[("X-Request-Id", "1")], "",
    "the request has a header field \"X-Request-Id\", which is \"request-id\" written otherwise"
)]
#[case::a_cookie(
    post("/").cookie("session_id", "1"), &[("Cookie", "sessionId=1")], "",
    "the request has a cookie \"sessionId\", which is \"session_id\" written otherwise"
)]
#[case::a_field_of_a_form(
    post("/").form("userName", "1"), &[("Content-Type", FORM)], "user_name=1",
    "the request has a form field \"user_name\", which is \"userName\" written otherwise"
)]
#[case::a_compressed_text(
    post("/").body("hello"), &[("Content-Encoding", "gzip")], "\u{1f}...",
    "the body is compressed (Content-Encoding: gzip); patterns see it as it was sent"
)]
#[cfg_attr(feature = "json", case::compressed_json(
    post("/").json(json!({})), &[("Content-Encoding", "br")], "\u{1f}...",
    "the body is compressed (Content-Encoding: br); patterns see it as it was sent"
))]
#[cfg_attr(feature = "json", case::encoded_twice(
    post("/").json(json!({"a": 1})), &[("Content-Type", JSON)], r#""{\"a\":1}""#,
    "the body is JSON encoded twice: a string that holds JSON"
))]
#[cfg_attr(feature = "json", case::a_member_encoded_twice(
    post("/").json_path("/a", json!({"b": 1})), &[("Content-Type", JSON)], r#"{"a":"{\"b\":1}"}"#,
    "the value is JSON encoded twice: a string that holds JSON"
))]
#[cfg_attr(feature = "json", case::a_member_written_otherwise(
    post("/").json_path("/user/first_name", "ada"), &[("Content-Type", JSON)], r#"{"user":{"firstName":"ada"}}"#,
    "the request has a member \"firstName\", which is \"first_name\" written otherwise"
))]
fn a_slip_is_named(#[case] pattern: Pattern, #[case] fields: &[(&str, &str)], #[case] body: &str, #[case] hint: &str) {
    let server = TestServer::empty();
    send(&server, "POST", "/", fields, body.as_bytes());
    let text = comparable(&panic_of(|| server.assert_received(&pattern, 1)));
    assert!(text.contains(&format!("\n  hint: {hint}\n")), "{text}");
}

#[rstest]
#[case::a_longer_word(post("/").header("accept-encoding", "zip"), &[("Accept-Encoding", "gzip, br")], "")]
#[case::another_value(post("/").header("x-user", "ada"), &[("X-User", "bob")], "")]
#[case::not_compressed(post("/").body("hello"), &[("Content-Encoding", "identity")], "hallo")]
#[case::another_cookie(post("/").cookie("sid", "1"), &[("Cookie", "lang=de")], "")]
fn where_it_is_not_sure_nothing_is_guessed(
    #[case] pattern: Pattern,
    #[case] fields: &[(&str, &str)],
    #[case] body: &str,
) {
    let server = TestServer::empty();
    send(&server, "POST", "/", fields, body.as_bytes());
    let text = panic_of(|| server.assert_received(&pattern, 1));
    assert!(!text.contains("hint:"), "{text}");
}
