//! Which of several rules answers: `tests/priority.rs` of wiremock, the same endpoint with different responses in mockito, stub
//! priority of `WireMock`, the order of expectations in httptest. Here the newest that fits wins; there is no number to give.

use fixture_server::{Route, prelude::*};

use crate::asking::{ask, statuses};

#[test]
fn of_two_rules_for_the_same_the_newer_answers() {
    let server = TestServer::empty();
    let older = server.when(get("/")).respond("older");
    let newer = server.when(get("/")).respond("newer");
    assert_eq!(ask(&server, "GET /").text(), "newer");
    assert_eq!((older.hits(), newer.hits()), (0, 1));
}

#[test]
fn a_newer_rule_for_everything_hides_an_older_one_for_a_path() {
    let server = TestServer::empty();
    server.when(get("/a")).respond("one path");
    server.when(any()).respond("everything");
    assert_eq!(ask(&server, "GET /a").text(), "everything");
}

#[test]
fn a_general_rule_first_and_special_ones_after_it_read_as_default_and_exceptions() {
    let server = TestServer::empty();
    server.when(any()).respond(404);
    server.when(get("/users/{id}")).respond("somebody");
    server.when(get("/users/7")).respond("ada");
    assert_eq!(ask(&server, "GET /users/7").text(), "ada");
    assert_eq!(ask(&server, "GET /users/8").text(), "somebody");
    assert_eq!(ask(&server, "GET /").status(), 404);
}

#[test]
fn rules_of_on_and_of_when_are_of_one_kind() {
    let server = TestServer::empty();
    server.when(get("/a")).respond("when");
    server.on("GET", "/a", |_| "on");
    server.on("GET", "/b", |_| "on");
    server.when(get("/b")).respond("when");
    assert_eq!(ask(&server, "GET /a").text(), "on");
    assert_eq!(ask(&server, "GET /b").text(), "when");
}

#[test]
fn a_rule_may_be_added_while_the_server_is_used() {
    let server = TestServer::empty();
    assert_eq!(ask(&server, "GET /").status(), 404);
    server.when(get("/")).respond(204);
    assert_eq!(ask(&server, "GET /").status(), 204);
}

#[test]
fn a_rule_comes_before_the_file_of_the_same_path() {
    let server = TestServer::start("fixtures/site");
    let file = ask(&server, "GET /hello.txt").text();
    let rule = server.when(get("/hello.txt")).respond("not the file");
    assert_eq!(ask(&server, "GET /hello.txt").text(), "not the file");
    rule.remove();
    assert_eq!(ask(&server, "GET /hello.txt").text(), file);
    let routes: Vec<Route> = server.requests().iter().map(RecordedRequest::route).collect();
    assert_eq!(routes, [Route::Directory, Route::Rule, Route::Directory]);
}

#[test]
fn different_answers_for_the_same_request_are_declared_last_one_first() {
    let server = TestServer::empty();
    server.when(get("/")).respond(500);
    server.when(get("/")).limit(1).respond(404);
    server.when(get("/")).limit(1).respond(200);
    assert_eq!(statuses(&server, "GET /", 5), [200, 404, 500, 500, 500]);
}

#[test]
fn different_answers_for_the_same_request_may_also_come_from_one_rule() {
    let server = TestServer::empty();
    server.when(get("/")).respond_with(|request| [200_u16, 404, 500][(request.hit() - 1).min(2)]);
    assert_eq!(statuses(&server, "GET /", 5), [200, 404, 500, 500, 500]);
}
