//! Assertions on how many requests came.

use expect_test::expect;
use fixture_server::RecordedConnection;
use fixture_server::prelude::*;

use crate::{assert_told, comparable, get_of, panic_of, send};

#[test]
fn what_never_came_is_told_with_what_was_nearest() {
    let server = TestServer::empty();
    get_of(&server, "/hello.txt");
    send(&server, "POST", "/login", &[("Accept", "text/html")], b"");
    get_of(&server, "/favicon.ico");
    assert_told(
        || server.assert_received(post("/login").header("accept", contains("json")), 1),
        &expect![[r#"
            expected POST /login, header accept: text containing "json" exactly once, but it never came

            the nearest of 3 requests is #2, which differs in 1 of 3 parts:
              POST /login 404
              ✓ method
              ✓ path
              ✗ header accept: expected text containing "json", got "text/html"

            received, in order:
              #1 GET /hello.txt 404
              #2 POST /login 404
              #3 GET /favicon.ico 404"#]],
    );
}

#[test]
fn nothing_at_all_came() {
    let server = TestServer::empty();
    assert_told(
        || server.assert_received(get("/a"), 1..),
        &expect![[r#"
            expected GET /a at least once, but it never came

            no request was received"#]],
    );
}

#[test]
fn a_single_request_is_not_the_nearest_of_one() {
    let server = TestServer::empty();
    get_of(&server, "/b");
    assert_told(
        || server.assert_received(get("/a"), 1),
        &expect![[r#"
            expected GET /a exactly once, but it never came

            the only request differs in 1 of 2 parts:
              GET /b 404
              ✓ method
              ✗ path: expected /a, got /b

            received, in order:
              #1 GET /b 404"#]],
    );
}

#[test]
fn of_too_few_those_that_came_are_marked_and_the_nearest_of_the_others_is_told() {
    let server = TestServer::empty();
    server.on("PUT", "/doc", |_| 204);
    send(&server, "PUT", "/doc", &[("If-Match", "1")], b"");
    get_of(&server, "/");
    send(&server, "PUT", "/doc", &[("If-Match", "0")], b"");
    assert_told(
        || server.assert_received(put("/doc").header("if-match", "1"), 2),
        &expect![[r#"
            expected PUT /doc, header if-match: "1" exactly twice, but it came once

            the nearest of the 2 others is #3, which differs in 1 of 3 parts:
              PUT /doc 204
              ✓ method
              ✓ path
              ✗ header if-match: expected "1", got "0"

            received, in order (→ fits):
            → #1 PUT /doc 204
              #2 GET / 404
              #3 PUT /doc 204"#]],
    );
}

#[test]
fn of_too_many_those_that_fit_are_marked() {
    let server = TestServer::empty();
    for target in ["/a", "/b", "/a?again", "/a"] {
        get_of(&server, target);
    }
    assert_told(
        || server.assert_received(get("/a"), ..=1),
        &expect![[r#"
            expected GET /a at most once, but it came 3 times

            received, in order (→ fits):
            → #1 GET /a 404
              #2 GET /b 404
            → #3 GET /a?again 404
            → #4 GET /a 404"#]],
    );
}

#[test]
fn what_should_never_come_came() {
    let server = TestServer::empty();
    get_of(&server, "/admin");
    assert_told(
        || server.assert_received(any().path("/admin"), 0),
        &expect![[r#"
            expected no request /admin, but it came once

            received, in order (→ fits):
            → #1 GET /admin 404"#]],
    );
}

#[test]
fn the_one_that_should_have_come_did_not() {
    let server = TestServer::empty();
    send(&server, "POST", "/users", &[], b"");
    assert_told(
        || drop(server.received_one(put("/users"))),
        &expect![[r#"
            expected PUT /users exactly once, but it never came

            the only request differs in 1 of 2 parts:
              POST /users 404
              ✗ method: expected PUT, got POST
              ✓ path

            received, in order:
              #1 POST /users 404"#]],
    );
}

#[test]
fn the_one_that_should_have_come_came_twice() {
    let server = TestServer::empty();
    get_of(&server, "/a");
    get_of(&server, "/a");
    assert_told(
        || drop(server.received_one(get("/a"))),
        &expect![[r#"
            expected GET /a exactly once, but it came twice

            received, in order (→ fits):
            → #1 GET /a 404
            → #2 GET /a 404"#]],
    );
}

#[test]
fn a_rule_that_answered_too_little_is_named_with_its_line() {
    let server = TestServer::empty();
    let login = server.when(post("/login").form("user", "ada")).named("login").respond(204);
    crate::post_of(&server, "/login", "application/x-www-form-urlencoded", "user=bob");
    assert_told(
        || login.assert_hits(1),
        &expect![[r#"
            expected "login" (POST /login, form user: "ada") exactly once, but it never came
              declared at tests/reports/counted.rs:LINE

            the only request differs in 1 of 3 parts:
              POST /login 404
              ✓ method
              ✓ path
              ✗ form user: expected "ada", got "bob"

            received, in order:
              #1 POST /login 404"#]],
    );
}

#[test]
fn more_is_asked_of_a_rule_than_its_limit() {
    let server = TestServer::empty();
    let rule = server.when(get("/a")).limit(1).respond(200);
    get_of(&server, "/a");
    get_of(&server, "/a");
    assert_told(
        || rule.assert_hits(2),
        &expect![[r#"
            expected GET /a exactly twice, but its limit is 1 request
              declared at tests/reports/counted.rs:LINE

            1 more request fits it:
              #2 was answered by no rule

            received, in order (→ fits):
            → #1 GET /a 200
            → #2 GET /a 404"#]],
    );
}

#[test]
fn connections_are_counted() {
    let server = TestServer::empty();
    for _ in 0..3 {
        get_of(&server, "/");
    }
    let told = panic_of(|| server.assert_connections(1));
    let told = server
        .connections()
        .iter()
        .filter_map(RecordedConnection::peer)
        .fold(comparable(&told), |told, peer| told.replace(&format!("{peer},"), "127.0.0.1:PORT,"));
    expect![[r#"
        expected exactly one connection, but 3 were opened

        connections, in order:
          #1 127.0.0.1:PORT, 1 request, closed by the server
          #2 127.0.0.1:PORT, 1 request, closed by the server
          #3 127.0.0.1:PORT, 1 request, closed by the server"#]]
    .assert_eq(&told);
}

#[test]
fn nothing_is_known_of_what_a_dropped_server_received() {
    let server = TestServer::empty();
    let rule = server.on("GET", "/a", |_| 200);
    get_of(&server, "/a");
    drop(server);
    assert_told(
        || rule.assert_hits(2),
        &expect![[r#"
        expected GET /a exactly twice, but it came once
          declared at tests/reports/counted.rs:LINE

        note: the server was dropped, and its journal with it"#]],
    );
}

#[test]
fn no_connection_was_opened() {
    let server = TestServer::empty();
    assert_told(|| server.assert_connections(2..), &expect!["expected at least 2 connections, but none was opened"]);
}
