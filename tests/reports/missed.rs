//! The body of the 404, where no rule answers.

use expect_test::{Expect, expect};
use fixture_server::prelude::*;
use rstest::rstest;

use crate::{comparable, get_of, send};

#[track_caller]
fn assert_missed((status, body): &(u16, String), expected: &Expect) {
    assert_eq!(*status, 404, "{body}");
    expected.assert_eq(comparable(body).trim_end());
}

#[test]
fn there_are_no_rules() {
    let server = TestServer::empty();
    assert_missed(
        &get_of(&server, "/a?b=c"),
        &expect![[r#"
            no rule answers GET /a?b=c

            the server has no rules"#]],
    );
}

#[test]
fn the_only_rule_differs() {
    let server = TestServer::empty();
    server.when(post("/login").header("accept", contains("json"))).named("login").respond(204);
    assert_missed(
        &send(&server, "POST", "/login", &[("Accept", "text/html")], b""),
        &expect![[r#"
            no rule answers POST /login

            the only rule is "login" (POST /login, header accept: text containing "json"), which differs in 1 of 3 parts:
              declared at tests/reports/missed.rs:LINE
              ✓ method
              ✓ path
              ✗ header accept: expected text containing "json", got "text/html""#]],
    );
}

#[test]
fn a_rule_that_has_nothing_to_do_with_it_is_told_in_a_line() {
    let server = TestServer::empty();
    server.on("POST", "/webhook", |_| 204);
    assert_missed(
        &get_of(&server, "/favicon.ico"),
        &expect![[r#"
        no rule answers GET /favicon.ico

        the only rule is not near:
          POST /webhook (declared at tests/reports/missed.rs:LINE): ✗ method, path"#]],
    );
    server.on("GET", "/", |_| 200);
    assert_missed(
        &get_of(&server, "/favicon.ico"),
        &expect![[r#"
        no rule answers GET /favicon.ico

        no rule is near:
          GET / (declared at tests/reports/missed.rs:LINE): ✗ path
          POST /webhook (declared at tests/reports/missed.rs:LINE): ✗ method, path"#]],
    );
}

#[test]
fn of_several_rules_the_nearest_is_told_part_by_part() {
    let server = TestServer::empty();
    server.on("GET", "/", |_| 200);
    server.on("GET", "/users/{id}/posts", |_| 200);
    server.on("POST", "/users", |_| 200);
    assert_missed(
        &get_of(&server, "/users/7/post"),
        &expect![[r#"
            no rule answers GET /users/7/post

            the nearest of 3 rules is GET /users/{id}/posts, which differs in 1 of 2 parts:
              declared at tests/reports/missed.rs:LINE
              ✓ method
              ✗ path: expected /users/{id}/posts, got /users/7/post

            the other rules:
              POST /users (declared at tests/reports/missed.rs:LINE): ✗ method, path
              GET / (declared at tests/reports/missed.rs:LINE): ✗ path"#]],
    );
}

#[test]
fn of_many_rules_a_few_are_told() {
    let server = TestServer::empty();
    for at in 0..50 {
        server.on("GET", format!("/rule/{at}"), |_| 200);
    }
    let (_, text) = get_of(&server, "/rule/x");
    assert!(text.contains("\n\nthe nearest of 50 rules is GET /rule/9, which"), "{text}");
    assert!(text.contains("\n\nthe other rules, nearest first:\n  GET /rule/8 (declared"), "{text}");
    assert!(text.trim_end().ends_with("\n  and 44 more"), "{text}");
}

#[test]
fn a_rule_has_answered_all_it_may() {
    let server = TestServer::empty();
    server.when(get("/once")).limit(1).respond(200);
    assert_eq!(get_of(&server, "/once").0, 200);
    assert_missed(
        &get_of(&server, "/once"),
        &expect![[r#"
            no rule answers GET /once

            the only rule is GET /once, which is used up:
              declared at tests/reports/missed.rs:LINE
              ✓ method
              ✓ path
              ✗ limit: it has answered 1 request, which is all it may"#]],
    );
}

#[test]
fn a_rule_answers_some_requests_only() {
    let server = TestServer::empty();
    server.when(get("/")).named("flaky").respond(Fault::Close.every(3));
    server.when(get("/other")).respond(Fault::Close.share(0.0, 7));
    assert_missed(
        &get_of(&server, "/"),
        &expect![[r#"
        no rule answers GET /

        the nearest of 2 rules is "flaky" (GET /, every 3rd request), which spares some requests:
          declared at tests/reports/missed.rs:LINE
          ✓ method
          ✓ path
          ✗ chance: it answers only every 3rd request

        the other rules:
          GET /other (a share of 0.0 of requests, by seed 7) (declared at tests/reports/missed.rs:LINE): ✗ path"#]],
    );
    assert_missed(
        &get_of(&server, "/other"),
        &expect![[r#"
        no rule answers GET /other

        the nearest of 2 rules is GET /other (a share of 0.0 of requests, by seed 7), which spares some requests:
          declared at tests/reports/missed.rs:LINE
          ✓ method
          ✓ path
          ✗ chance: it answers only a share of 0.0 of requests, by seed 7

        the other rules:
          "flaky" (GET /, every 3rd request) (declared at tests/reports/missed.rs:LINE): ✗ path"#]],
    );
}

#[rstest]
#[case::a_colon(get("/users/:id"), "GET /users/7", "a placeholder is written in braces: \"/users/{id}\"")]
#[case::angle_brackets(get("/users/<id>"), "GET /users/7", "a placeholder is written in braces: \"/users/{id}\"")]
#[case::a_star(get("/files/*"), "GET /files/a/b", "a placeholder is written in braces: \"/files/{*rest}\"")]
#[case::upper_case(get("/users"), "GET /Users", "the paths differ only in upper and lower case")]
#[case::a_slash_more(get("/users"), "GET /users/", "the paths differ only in the slash at their end")]
#[case::two_slashes(get("/users"), "GET //users", "the paths differ only in repeated slashes")]
#[case::slashes(get("/users"), "GET //users/", "the paths differ only in their slashes")]
#[case::two_slashes_at_the_end(get("/users"), "GET /users//", "the paths differ only in their slashes")]
#[case::two_slashes_before_the_end(get("/users/"), "GET /users//", "the paths differ only in the slash at their end")]
#[case::a_second_path(get("/{a}/{b}").path("/users/:id"), "GET /users/7", "a placeholder is written in braces: \"/users/{id}\"")]
#[case::an_alternative(
    any_of([get("/users/:id"), post("/other")]), "GET /users/7", "a placeholder is written in braces: \"/users/{id}\""
)]
#[case::an_encoded_query(
    get("/users"),
    "GET /users%3Fa=b",
    "the request has its `?` percent-encoded, so that no query begins there"
)]
#[case::head(get("/users"), "HEAD /users", "rules for GET do not answer HEAD: add one with head(\"/users\")")]
#[case::lower_case_method(get("/users"), "get /users", "methods are compared with their case: the request has \"get\"")]
#[case::a_beginning(get("/api/v2/users/{id}"), "GET /users/7", "the path lacks \"/api/v2\" at its beginning")]
#[case::query_written_otherwise(
    get("/a").query("pageSize", "1"),
    "GET /a?page_size=1",
    "the request has a query parameter \"page_size\", which is \"pageSize\" written otherwise"
)]
#[case::a_value_as_sent(get("/a").query("q", "a+b%21"), "GET /a?q=a+b!", "values are compared decoded: write \"a b!\"")]
#[case::case_of_a_value(get("/a").query("q", "Ada"), "GET /a?q=ada", "the values differ only in upper and lower case")]
#[case::query_name(get("/a").query("page", "1"), "GET /a?pages=1", "the request has a query parameter \"pages\", one letter away from \"page\"")]
fn a_slip_that_is_known_is_named(#[case] pattern: Pattern, #[case] line: &str, #[case] hint: &str) {
    let server = TestServer::empty();
    server.when(&pattern).respond(200);
    let request = http::Request::builder().method(line.split(' ').next().unwrap());
    let request: Request = request.uri(line.split(' ').nth(1).unwrap()).body(()).unwrap().into();
    let text = server.explain(&request).to_string();
    assert!(text.ends_with(&format!("\n  hint: {hint}")), "{text}");
}

#[rstest]
#[case::another_path(get("/users/:id"), "GET /posts/7")]
#[case::the_text_of_a_path(get("/files/{*p}").path(ends_with(".png")), "GET /files/a.jpg")]
#[case::another_segment(get("/users"), "GET /Users/7")]
#[case::a_short_name(get("/a").query("a", "1"), "GET /a?b=1")]
#[case::another_method(get("/a"), "POST /a")]
fn where_nothing_is_sure_nothing_is_guessed(#[case] pattern: Pattern, #[case] line: &str) {
    let server = TestServer::empty();
    server.when(&pattern).respond(200);
    let request = http::Request::builder().method(line.split(' ').next().unwrap());
    let request: Request = request.uri(line.split(' ').nth(1).unwrap()).body(()).unwrap().into();
    let text = server.explain(&request).to_string();
    assert!(!text.contains("hint:"), "{text}");
}
