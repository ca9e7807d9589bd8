//! What was received: `received_requests` of wiremock, `takeRequest` of `MockWebServer`, the request journal of `WireMock`.

use fixture_server::{Route, prelude::*};

use crate::asking::{ask, ask_with, body, line, said, sent, statuses, tells};

#[test]
fn requests_are_kept_in_order_of_arrival() {
    let server = TestServer::empty();
    server.when(get("/a")).respond(204);
    for path in ["/a", "/b", "/a?c"] {
        ask(&server, &format!("GET {path}"));
    }
    let shown: Vec<String> = server.requests().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["GET /a 204", "GET /b 404", "GET /a?c 204"]);
}

#[test]
fn a_record_has_everything_that_was_sent() {
    let server = TestServer::empty();
    ask_with(&server, sent("POST /a%20b?c=d+e", &["X-One: 1", "x-one: 2", "Cookie: f=g"], "hello"));
    let request = &server.requests()[0];
    assert_eq!((request.method(), request.target(), request.path()), ("POST", "/a%20b?c=d+e", "/a b"));
    assert_eq!((request.query("c"), request.raw_query()), (Some("d e"), Some("c=d+e")));
    assert_eq!((request.header("X-ONE"), request.cookie("f")), (Some("1"), Some("g")));
    let ones: Vec<(&str, &str)> = request.headers()[2..4].iter().map(|field| (field.name(), field.value())).collect();
    assert_eq!(ones, [("X-One", "1"), ("x-one", "2")]);
    assert_eq!((request.body(), request.body_text().as_str()), (b"hello".as_slice(), "hello"));
    assert_eq!(request.request_line(), "POST /a%20b?c=d+e HTTP/1.1");
}

#[test]
fn a_record_knows_the_chunks_of_its_body() {
    let server = TestServer::empty();
    let mut request = sent("POST /", &["Transfer-Encoding: chunked"], "");
    request.extend_from_slice(b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
    ask_with(&server, request);
    let request = &server.requests()[0];
    assert_eq!((request.body_text().as_str(), request.chunk_sizes()), ("hello!", Some([5, 1].as_slice())));
}

#[test]
fn a_record_knows_what_it_was_answered() {
    let server = TestServer::empty();
    server.when(get("/")).respond((201, "made"));
    ask(&server, "GET /");
    ask(&server, "GET /none");
    let requests = server.requests();
    assert_eq!(requests[0].response_status(), Some(StatusCode::CREATED));
    assert_eq!((requests[0].route(), requests[1].route()), (Route::Rule, Route::Nothing));
}

#[test]
fn what_was_received_is_found_by_a_pattern() {
    let server = TestServer::empty();
    for text in ["one", "two", "three"] {
        ask_with(&server, body(text));
    }
    let found = server.received(post("/").body(starts_with("t")));
    assert_eq!(found.iter().map(|request| request.body_text()).collect::<Vec<_>>(), ["two", "three"]);
    assert!(server.received(get("/")).is_empty());
}

#[test]
fn requests_are_found_though_no_rule_was_there_for_them() {
    let server = TestServer::empty();
    ask(&server, "PUT /nowhere");
    server.assert_received(put("/nowhere"), 1);
}

#[test]
fn how_many_came_is_asserted_afterwards() {
    let server = TestServer::empty();
    statuses(&server, "GET /a", 2);
    server.assert_received(get("/a"), 2);
    server.assert_received(get("/a"), 1..);
    server.assert_received(get("/a"), ..=2);
    server.assert_received(get("/b"), 0);
    server.assert_received(any(), 2);
}

#[test]
fn an_assertion_that_fails_begins_with_what_was_expected() {
    let server = TestServer::empty();
    let text = said(|| server.assert_received(post("/login").header("accept", contains("json")), 1));
    let wanted = "expected POST /login, header accept: text containing \"json\" exactly once, but it never came";
    assert_eq!(text.lines().next(), Some(wanted));
}

#[test]
fn an_assertion_that_fails_shows_the_nearest_request() {
    let server = TestServer::empty();
    ask(&server, "GET /hello");
    ask(&server, "GET /users/7?page=2");
    let text = said(|| server.assert_received(get("/users/7").query("page", "3"), 1));
    tells(&text, &["nearest", "#2", "GET /users/7?page=2", "✓ path", "✗ query page: expected \"3\", got \"2\""]);
    tells(&text, &["#1 GET /hello 404", "#2 GET /users/7?page=2 404"]);
}

#[test]
fn too_many_are_told_with_their_number() {
    let server = TestServer::empty();
    statuses(&server, "GET /a", 3);
    let text = said(|| server.assert_received(get("/a"), ..=1));
    assert_eq!(text.lines().next(), Some("expected GET /a at most once, but it came 3 times"));
}

#[test]
fn the_one_request_is_handed_over() {
    let server = TestServer::empty();
    ask_with(&server, body("hello"));
    ask(&server, "GET /");
    assert_eq!(server.received_one(post("/")).body_text(), "hello");
}

#[test]
fn the_one_request_must_not_be_none_or_two() {
    let server = TestServer::empty();
    tells(&said(|| drop(server.received_one(get("/")))), &["GET /", "never came"]);
    statuses(&server, "GET /", 2);
    tells(&said(|| drop(server.received_one(get("/")))), &["GET /", "twice"]);
}

#[test]
fn clearing_forgets_requests_and_counts_and_keeps_rules() {
    let server = TestServer::empty();
    let rule = server.when(get("/")).respond(204);
    statuses(&server, "GET /", 2);
    server.clear_requests();
    assert!(server.requests().is_empty());
    assert_eq!(rule.hits(), 0);
    assert_eq!(ask(&server, "GET /").status(), 204);
    server.assert_received(get("/"), 1);
}

#[test]
fn draining_takes_the_requests_out() {
    let server = TestServer::empty();
    statuses(&server, "GET /a", 2);
    assert_eq!(server.drain().len(), 2);
    assert!(server.requests().is_empty());
    ask(&server, "GET /b");
    assert_eq!(server.drain()[0].path(), "/b");
}

#[test]
fn that_everything_was_matched_is_asserted() {
    let server = TestServer::start("fixtures/site");
    server.when(get("/rule")).respond(204);
    ask(&server, "GET /rule");
    ask(&server, "GET /hello.txt");
    server.assert_all_matched();
    ask(&server, "POST /rule");
    tells(&said(|| server.assert_all_matched()), &["POST /rule"]);
}

#[test]
fn what_is_malformed_is_kept_too() {
    let server = TestServer::empty();
    assert_eq!(ask_with(&server, "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n").status(), 400);
    let request = &server.requests()[0];
    assert_eq!(request.route(), Route::Refused);
    assert!(request.refusal().is_some());
}

#[test]
fn a_request_can_be_judged_without_being_sent() {
    let request: Request = http::Request::builder().uri("/a?b=c").header("x-d", "e").body("").map(Into::into).unwrap();
    assert!(get("/a").query("b", "c").header("x-d", "e").check(&request).fits());
    let verdict = post("/a").query("b", "d").check(&request);
    let parts: Vec<(&str, bool)> = verdict.parts().iter().map(|part| (part.what(), part.fits())).collect();
    assert_eq!(parts, [("method", false), ("path", true), ("query b", false)]);
    assert_eq!(verdict.parts()[2].actual(), Some("\"c\""));
}

#[test]
fn a_request_that_came_is_recorded_before_its_answer() {
    let server = std::sync::Arc::new(TestServer::empty());
    let own = std::sync::Arc::downgrade(&server);
    server.when(get("/")).respond_with(move |_| own.upgrade().map(|server| server.requests().len().to_string()));
    assert_eq!(ask_with(&server, line("GET /")).text(), "1");
}

#[test]
fn a_journal_that_keeps_nothing_finds_nothing() {
    let server = TestServer::builder().journal_limit(0).start();
    let rule = server.when(get("/")).expect(1).respond(204);
    ask(&server, "GET /");
    server.assert_received(any(), 0);
    assert!(server.try_wait_for(any(), 1, ms(1)).is_err());
    assert_eq!((server.requests().len(), rule.hits()), (0, 1));
    server.verify();
}
