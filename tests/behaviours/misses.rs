//! What nothing answers: 404 of wiremock and httpmock, 501 of mockito, 500 of httptest, the near misses of `WireMock`.

use fixture_server::prelude::*;

use crate::asking::{ask, ask_with, sent, tells};

#[test]
fn without_rules_everything_is_a_miss() {
    let server = TestServer::empty();
    let answer = ask(&server, "GET /");
    assert_eq!(answer.status(), 404);
    assert!(answer.field("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    tells(&answer.text(), &["GET /"]);
}

#[test]
fn a_miss_does_not_fail_the_test() {
    let server = TestServer::empty();
    ask(&server, "GET /");
    server.verify();
}

#[test]
fn a_miss_names_the_nearest_rule_and_what_differs() {
    let server = TestServer::empty();
    server.when(get("/users/{id}")).respond(200);
    server.when(post("/login").header("accept", contains("json"))).named("login").respond(204);
    let text = ask_with(&server, sent("POST /login", &["Accept: text/html"], "")).text();
    assert_eq!(text.lines().next(), Some("no rule answers POST /login"));
    tells(&text, &["nearest", "\"login\"", file!(), "✓ method", "✓ path", "✗ header accept", "GET /users/{id}"]);
}

#[test]
fn a_path_that_differs_is_told_with_both_paths() {
    let server = TestServer::empty();
    server.when(get("/users/{id}/posts")).respond(200);
    tells(&ask(&server, "GET /users/7").text(), &["✗ path: expected /users/{id}/posts, got /users/7"]);
}

#[test]
fn a_method_that_differs_is_told_with_both_methods() {
    let server = TestServer::empty();
    server.when(post("/users")).respond(200);
    tells(&ask(&server, "GET /users").text(), &["✗ method: expected POST, got GET", "✓ path"]);
}

#[test]
fn what_is_missing_is_told_as_nothing() {
    let server = TestServer::empty();
    server.when(get("/").header("x-token", "a")).respond(200);
    tells(&ask(&server, "GET /").text(), &["✗ header x-token: expected \"a\", got nothing", "Host"]);
}

#[test]
fn what_must_not_be_there_is_told_with_its_value() {
    let server = TestServer::empty();
    server.when(get("/").query("page", absent())).respond(200);
    tells(&ask(&server, "GET /?page=2").text(), &["✗ query page: expected nothing, got \"2\""]);
}

#[test]
fn of_repeated_values_all_are_told() {
    let server = TestServer::empty();
    server.when(get("/").query("tag", "c")).respond(200);
    tells(&ask(&server, "GET /?tag=a&tag=b").text(), &["✗ query tag: expected \"c\", got \"a\" and \"b\""]);
}

#[test]
fn a_template_in_another_notation_is_guessed_at() {
    let server = TestServer::empty();
    server.when(get("/users/:id")).respond(200);
    tells(&ask(&server, "GET /users/7").text(), &["hint", "/users/{id}"]);
}

#[test]
fn what_would_answer_can_be_asked_without_sending() {
    let server = TestServer::empty();
    let rule = server.when(get("/a")).respond(200);
    let request = |target: &str| -> Request { http::Request::get(target).body("").map(Into::into).unwrap() };
    assert!(server.explain(&request("/a")).rule().is_some());
    let miss = server.explain(&request("/b"));
    assert!(miss.rule().is_none());
    tells(&miss.to_string(), &["GET /a", "✗ path"]);
    assert_eq!((rule.hits(), server.requests().len()), (0, 0));
}
