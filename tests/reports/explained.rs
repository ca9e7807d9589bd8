//! `TestServer::explain`: what would answer, and why.

use expect_test::{Expect, expect};
use fixture_server::prelude::*;

use crate::comparable;

#[track_caller]
fn assert_explained(server: &TestServer, method: &str, target: &str, expected: &Expect) -> Option<Rule> {
    let request: Request = http::Request::builder().method(method).uri(target).body(()).unwrap().into();
    let explanation = server.explain(&request);
    expected.assert_eq(&comparable(&explanation.to_string()));
    explanation.rule()
}

#[test]
fn a_rule_answers_and_newer_ones_do_not() {
    let server = TestServer::empty();
    let user = server.when(get("/users/{id}")).named("a user").respond(200);
    server.when(get("/users/{id}").query("full", present())).respond(200);
    server.when(post("/users")).respond(200);
    let rule = assert_explained(
        &server,
        "GET",
        "/users/7",
        &expect![[r#"
            GET /users/7 is answered by "a user" (GET /users/{id})
              declared at tests/reports/explained.rs:LINE
              ✓ method
              ✓ path

            newer rules do not:
              GET /users/{id}, query full: anything (declared at tests/reports/explained.rs:LINE): ✗ query full
              POST /users (declared at tests/reports/explained.rs:LINE): ✗ method, path"#]],
    );
    assert_eq!(rule.map(|rule| rule.location()), Some(user.location()));
    assert!(server.requests().is_empty());
}

#[test]
fn an_older_rule_takes_over_from_one_that_is_used_up() {
    let server = TestServer::empty();
    server.on("GET", "/flaky", |_| 200);
    server.when(get("/flaky")).limit(1).respond(503);
    crate::get_of(&server, "/flaky");
    assert_explained(
        &server,
        "GET",
        "/flaky",
        &expect![[r#"
            GET /flaky is answered by GET /flaky
              declared at tests/reports/explained.rs:LINE
              ✓ method
              ✓ path

            newer rules do not:
              GET /flaky (declared at tests/reports/explained.rs:LINE): ✗ limit"#]],
    );
}

#[test]
fn the_directory_answers() {
    let server = TestServer::start("fixtures/site");
    server.on("POST", "/hello.txt", |_| 204);
    let rule = assert_explained(
        &server,
        "GET",
        "/hello.txt",
        &expect![[r#"
            GET /hello.txt is answered by the directory

            the only rule is POST /hello.txt, which differs in 1 of 2 parts:
              declared at tests/reports/explained.rs:LINE
              ✗ method: expected POST, got GET
              ✓ path"#]],
    );
    assert!(rule.is_none());
}

#[test]
fn nothing_answers() {
    let server = TestServer::empty();
    server.on("GET", "/a", |_| 200);
    let rule = assert_explained(
        &server,
        "GET",
        "/b",
        &expect![[r#"
            no rule answers GET /b

            the only rule is GET /a, which differs in 1 of 2 parts:
              declared at tests/reports/explained.rs:LINE
              ✓ method
              ✗ path: expected /a, got /b"#]],
    );
    assert!(rule.is_none());
}

#[test]
fn a_closure_panics() {
    let server = TestServer::empty();
    server.on("GET", "/a", |_| 200);
    server.when(get("/a").matching("is even", |_| panic!("odd"))).respond(200);
    let rule = assert_explained(
        &server,
        "GET",
        "/a",
        &expect![[r#"
            GET /a is answered with 500, because a closure of GET /a, matching "is even" panicked: odd
              declared at tests/reports/explained.rs:LINE"#]],
    );
    assert!(rule.is_none());
}

#[test]
fn a_rule_answers_in_its_turn() {
    let server = TestServer::empty();
    server.on("GET", "/", |_| 200);
    server.when(get("/")).respond(Fault::Close.every(2));
    assert_explained(
        &server,
        "GET",
        "/",
        &expect![[r#"
        GET / is answered by GET /
          declared at tests/reports/explained.rs:LINE
          ✓ method
          ✓ path

        newer rules do not:
          GET / (every 2nd request) (declared at tests/reports/explained.rs:LINE): ✗ chance"#]],
    );
    crate::get_of(&server, "/");
    assert_explained(
        &server,
        "GET",
        "/",
        &expect![[r#"
        GET / is answered by GET / (every 2nd request)
          declared at tests/reports/explained.rs:LINE
          ✓ method
          ✓ path"#]],
    );
}
