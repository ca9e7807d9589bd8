//! The handle of a rule: `assert`, `assert_calls`, `calls`, `delete` of httpmock, `assert`, `matched`, `remove` of mockito, the
//! scoped mocks of wiremock.

use fixture_server::prelude::*;

use crate::asking::{ask, ask_with, body, said, statuses, tells};

#[test]
fn a_rule_counts_what_it_answers() {
    let server = TestServer::empty();
    let rule = server.when(get("/a")).respond(204);
    let other = server.when(get("/b")).respond(204);
    assert_eq!(rule.hits(), 0);
    statuses(&server, "GET /a", 3);
    ask(&server, "GET /c");
    assert_eq!((rule.hits(), other.hits()), (3, 0));
}

#[test]
fn a_rule_asserts_how_often_it_answered() {
    let server = TestServer::empty();
    let rule = server.when(get("/a")).respond(204);
    rule.assert_hits(0);
    statuses(&server, "GET /a", 2);
    rule.assert_hits(2);
    rule.assert_hits(1..);
    rule.assert_hits(..=2);
    tells(&said(|| rule.assert_hits(1)), &["GET /a", "exactly once", "2"]);
    tells(&said(|| rule.assert_hits(3..)), &["GET /a", "at least 3 times", "2"]);
}

#[test]
fn a_rule_has_the_requests_it_answered() {
    let server = TestServer::empty();
    let first = server.when(post("/").body(starts_with("a"))).respond(200);
    let second = server.when(post("/").body(starts_with("b"))).respond(200);
    for text in ["a1", "b1", "a2"] {
        ask_with(&server, body(text));
    }
    let texts = |rule: &Rule| rule.requests().iter().map(|request| request.body_text()).collect::<Vec<_>>();
    assert_eq!(texts(&first), ["a1", "a2"]);
    assert_eq!(texts(&second), ["b1"]);
}

#[test]
fn a_record_knows_the_rule_that_answered_it() {
    let server = TestServer::empty();
    server.when(get("/")).respond(204);
    statuses(&server, "GET /", 2);
    assert_eq!(server.requests()[0].rule().map(|rule| rule.hits()), Some(2));
}

#[test]
fn a_removed_rule_answers_no_more() {
    let server = TestServer::empty();
    let rule = server.when(get("/health")).respond(205);
    assert_eq!(ask(&server, "GET /health").status(), 205);
    rule.remove();
    assert_eq!(ask(&server, "GET /health").status(), 404);
    assert_eq!(rule.hits(), 1);
    rule.remove();
}

#[test]
fn removing_a_rule_uncovers_the_older_one() {
    let server = TestServer::empty();
    let older = server.when(get("/")).respond("older");
    let newer = server.when(get("/")).respond("newer");
    newer.remove();
    assert_eq!(ask(&server, "GET /").text(), "older");
    older.remove();
    assert_eq!(ask(&server, "GET /").status(), 404);
}

#[test]
fn a_used_up_rule_can_be_removed() {
    let server = TestServer::empty();
    let rule = server.when(get("/")).limit(1).respond(204);
    ask(&server, "GET /");
    rule.remove();
    assert_eq!(ask(&server, "GET /").status(), 404);
}

#[test]
fn dropping_a_handle_changes_nothing() {
    let server = TestServer::empty();
    drop(server.when(get("/")).respond(204));
    assert_eq!(ask(&server, "GET /").status(), 204);
}

#[test]
fn a_rule_that_got_no_answer_is_none() {
    let server = TestServer::empty();
    drop(server.when(get("/")).expect(1));
    assert_eq!(ask(&server, "GET /").status(), 404);
    server.verify();
}

#[test]
fn a_scoped_rule_lasts_as_long_as_its_guard() {
    let server = TestServer::empty();
    {
        let guard = server.when(get("/")).respond(204).scoped();
        assert_eq!(ask(&server, "GET /").status(), 204);
        assert_eq!((guard.hits(), guard.requests().len()), (1, 1));
    }
    assert_eq!(ask(&server, "GET /").status(), 404);
}

#[test]
fn a_handle_may_outlive_its_server() {
    let server = TestServer::empty();
    let rule = server.when(get("/")).respond(204);
    ask(&server, "GET /");
    drop(server);
    assert_eq!(rule.hits(), 1);
    rule.remove();
}

#[test]
fn handles_are_cloned_and_sent_to_other_threads() {
    let server = TestServer::empty();
    let rule = server.when(get("/")).respond(204);
    let clone = rule.clone();
    ask(&server, "GET /");
    assert_eq!(std::thread::spawn(move || clone.hits()).join().ok(), Some(1));
}
