//! Promises: `expect` of wiremock and mockito, `times` of httptest, what happens when they are not kept, and what is said then.

use std::ops::RangeFull;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fixture_server::{FailureKind, IntoTimes, prelude::*};
use rstest::rstest;

use crate::asking::{ask, said, statuses, tells};

/// Whether a promise is kept by so many requests.
fn is_kept(times: impl IntoTimes, requests: usize) -> bool {
    let server = TestServer::empty();
    server.when(get("/")).expect(times).respond(204);
    statuses(&server, "GET /", requests);
    server.try_verify().is_ok()
}

#[rstest]
#[case::exactly(2, &[2], &[0, 1, 3])]
#[case::never(0, &[0], &[1])]
#[case::at_least(1.., &[1, 3], &[0])]
#[case::at_most(..=2, &[0, 2], &[3])]
#[case::fewer_than(..2, &[0, 1], &[2])]
#[case::between(1..=2, &[1, 2], &[0, 3])]
#[case::from_and_below(1..3, &[1, 2], &[0, 3])]
#[case::any_number(RangeFull, &[0, 3], &[])]
fn a_promise_is_a_count_or_a_range(
    #[case] times: impl IntoTimes + Clone,
    #[case] kept: &[usize],
    #[case] broken: &[usize],
) {
    for &requests in kept {
        assert!(is_kept(times.clone(), requests), "{requests} requests");
    }
    for &requests in broken {
        assert!(!is_kept(times.clone(), requests), "{requests} requests");
    }
}

#[test]
fn a_rule_without_a_promise_may_answer_nothing() {
    let server = TestServer::empty();
    server.when(get("/")).respond(204);
    server.verify();
}

#[test]
fn a_promise_that_is_not_kept_fails_at_the_end_of_the_server() {
    let server = TestServer::empty();
    server.when(get("/")).expect(1..).named("health check").respond(204);
    let text = said(|| drop(server));
    tells(&text, &["1 failure", "\"health check\" (GET /) at least once", "never came", file!()]);
}

#[test]
fn a_promise_that_is_kept_says_nothing_at_the_end_of_the_server() {
    let server = TestServer::empty();
    server.when(get("/")).expect(1).respond(204);
    ask(&server, "GET /");
}

#[test]
fn verifying_early_fails_early_and_once() {
    let server = TestServer::empty();
    server.when(get("/")).expect(1).respond(204);
    tells(&said(|| server.verify()), &["GET / exactly once"]);
    // And the end of the server is silent about it.
}

#[test]
fn a_promise_that_was_broken_can_be_looked_at() {
    let server = TestServer::empty();
    server.when(get("/")).expect(1).respond(204);
    let report = server.try_verify().unwrap_err();
    assert_eq!(report.failures().len(), 1);
    assert_eq!(report.failures()[0].kind(), FailureKind::Expectation);
    assert!(report.failures()[0].location().file().ends_with("expectations.rs"));
}

#[test]
fn every_broken_promise_is_told_at_once() {
    let server = TestServer::empty();
    server.when(get("/a")).expect(1).respond(204);
    server.when(get("/b")).expect(2..).respond(204);
    server.when(get("/c")).expect(1).respond(204);
    ask(&server, "GET /c");
    let text = said(|| server.verify());
    tells(&text, &["2 failures", "GET /a exactly once", "GET /b at least twice"]);
    assert!(!text.contains("expected GET /c"), "{text}");
}

#[test]
fn too_many_requests_break_a_promise_though_they_are_answered() {
    let server = TestServer::empty();
    server.when(get("/")).expect(1).respond(204);
    assert_eq!(statuses(&server, "GET /", 3), [204, 204, 204]);
    tells(&said(|| server.verify()), &["GET / exactly once", "3 times"]);
}

#[test]
fn without_any_request_the_report_says_that_none_came() {
    let server = TestServer::empty();
    server.when(get("/")).expect(1).respond(204);
    tells(&said(|| server.verify()), &["never came"]);
    assert!(server.requests().is_empty());
}

#[test]
fn the_report_shows_the_nearest_request_part_by_part() {
    let server = TestServer::empty();
    server.when(post("/login").header("accept", contains("json"))).expect(1).respond(204);
    ask(&server, "GET /other");
    crate::asking::ask_with(&server, crate::asking::sent("POST /login", &["Accept: text/html"], ""));
    let text = said(|| server.verify());
    tells(&text, &["POST /login", "nearest", "#2", "✓ method", "✓ path", "✗ header accept"]);
    tells(&text, &["expected text containing \"json\", got \"text/html\""]);
    tells(&text, &["#1 GET /other 404", "#2 POST /login 404"]);
}

#[test]
fn a_promise_counts_what_its_rule_answers_and_not_what_fits() {
    let server = TestServer::empty();
    server.when(get("/a")).expect(1).respond("older");
    server.when(any()).respond("newer");
    ask(&server, "GET /a");
    tells(&said(|| server.verify()), &["GET /a exactly once", "any request (declared at"]);
}

#[test]
fn a_test_that_panics_already_keeps_its_own_message() {
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let server = TestServer::empty();
        server.when(get("/")).expect(1).respond(204);
        panic!("the test's own trouble");
    }));
    let payload = panic.err().and_then(|payload| payload.downcast::<&str>().ok());
    assert_eq!(payload.as_deref(), Some(&"the test's own trouble"));
}

#[test]
fn a_scoped_promise_is_checked_at_the_end_of_its_scope() {
    let server = TestServer::empty();
    let guard = server.when(get("/")).expect(1).respond(204).scoped();
    tells(&said(|| drop(guard)), &["GET / exactly once"]);
    assert_eq!(ask(&server, "GET /").status(), 404);
    server.verify();
}

#[test]
fn a_scoped_promise_that_is_kept_ends_quietly() {
    let server = TestServer::empty();
    {
        let _guard = server.when(get("/")).expect(1).respond(204).scoped();
        ask(&server, "GET /");
    }
    assert_eq!(ask(&server, "GET /").status(), 404);
}

#[test]
fn a_promise_outlives_the_removal_of_its_rule() {
    let server = TestServer::empty();
    let rule = server.when(get("/")).expect(2).respond(204);
    ask(&server, "GET /");
    rule.remove();
    tells(&said(|| server.verify()), &["GET / exactly twice"]);
}

#[test]
fn clearing_begins_a_promise_anew() {
    let server = TestServer::empty();
    server.when(get("/")).expect(1).respond(204);
    ask(&server, "GET /");
    server.clear_requests();
    ask(&server, "GET /");
    server.verify();
}

#[test]
fn an_empty_range_is_a_mistake_of_the_author() {
    #[expect(clippy::reversed_empty_ranges, reason = "the mistake under test")]
    let mistake = || drop(TestServer::empty().when(any()).expect(3..=2));
    tells(&said(mistake), &["no count"]);
}
