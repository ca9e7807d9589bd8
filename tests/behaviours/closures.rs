//! Closures of the author: `is_true` and `is_false` of httpmock, `match_request` of mockito, closures and `Match` of wiremock, `fn` of
//! httptest, custom matchers of `WireMock`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use fixture_server::{FailureKind, prelude::*};

use crate::asking::{answers, ask, ask_with, body, fields, line, tells};

/// A closure that counts how often it is asked.
fn counting(answer: bool) -> (Arc<AtomicUsize>, impl Fn(&Request) -> bool + Send + Sync + 'static) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let check = move |_: &Request| {
        count.fetch_add(1, SeqCst);
        answer
    };
    (asked, check)
}

#[test]
fn a_closure_looks_at_the_whole_request() {
    assert!(answers(any().matching("path", |request| request.path().ends_with("Test")), line("GET /thisIsMyTest")));
    assert!(!answers(any().matching("path", |request| request.path().ends_with("Test")), line("GET /thisIsNot")));
    assert!(answers(any().matching("header", |request| request.header("x-test").is_some()), fields(&["X-Test: 1"])));
    assert!(answers(any().matching("body", |request| request.body_text().contains("hello")), body("hello!")));
    assert!(!answers(any().matching("body", |request| request.body_text().contains("hello")), body("bye")));
}

#[test]
fn a_closure_that_says_yes_is_asked_once_for_a_request() {
    let (asked, check) = counting(true);
    let server = TestServer::empty();
    server.when(any().matching("yes", check)).respond(204);
    assert_eq!(ask(&server, "GET /").status(), 204);
    assert_eq!(asked.load(SeqCst), 1);
}

#[test]
fn a_closure_that_says_no_is_asked_once_for_a_request() {
    let (asked, check) = counting(false);
    let server = TestServer::empty();
    server.when(any().matching("no", check)).respond(204);
    tells(&ask(&server, "GET /").text(), &["no: the closure said no"]);
    assert_eq!(asked.load(SeqCst), 1);
}

#[test]
fn a_closure_is_not_asked_if_something_before_it_differs() {
    let (asked, check) = counting(true);
    let server = TestServer::empty();
    server.when(get("/a").header("x-token", "1").matching("counted", check)).respond(204);
    let requests = [line("POST /a"), line("GET /b"), sent_to_a("X-Token: 2")];
    for request in requests {
        assert_eq!(ask_with(&server, request).status(), 404);
    }
    assert_eq!(asked.load(SeqCst), 0);
    assert_eq!(ask_with(&server, sent_to_a("X-Token: 1")).status(), 204);
    assert_eq!(asked.load(SeqCst), 1);
}

fn sent_to_a(field: &str) -> Vec<u8> {
    crate::asking::sent("GET /a", &[field], "")
}

#[test]
fn an_older_rule_answers_when_the_closure_of_a_newer_one_says_no() {
    let server = TestServer::empty();
    server.when(any()).respond("older");
    server
        .when(any().matching("even", |request| request.query("n").is_some_and(|n| n.ends_with('2'))))
        .respond("newer");
    assert_eq!(ask(&server, "GET /?n=2").text(), "newer");
    assert_eq!(ask(&server, "GET /?n=3").text(), "older");
}

#[test]
fn a_closure_for_a_value_sees_it_decoded() {
    assert!(answers(any().query("q", matching("a blank", |q| q == "a b")), line("GET /?q=a+b")));
    assert!(answers(any().query("q", |q: &str| q == "a b"), line("GET /?q=a%20b")));
}

#[test]
fn a_closure_that_panics_answers_500_and_is_a_failure() {
    let server = TestServer::empty();
    server.when(get("/").matching("odd", |_| panic!("no idea"))).respond(204);
    let answer = ask(&server, "GET /");
    assert_eq!(answer.status(), 500);
    tells(&answer.text(), &["no idea"]);
    let report = server.try_verify().unwrap_err();
    assert_eq!(report.failures()[0].kind(), FailureKind::Panicked);
    tells(&report.to_string(), &["no idea"]);
}

#[test]
fn a_closure_may_ask_its_own_server() {
    let server = Arc::new(TestServer::empty());
    let other = Arc::downgrade(&server);
    server
        .when(any().matching("the first", move |_| other.upgrade().is_some_and(|it| it.requests().is_empty())))
        .respond(204);
    assert_eq!(ask(&server, "GET /").status(), 204);
    assert_eq!(ask(&server, "GET /").status(), 404);
}
