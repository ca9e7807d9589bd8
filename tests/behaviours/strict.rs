//! Strict servers: httptest's, which fails the test for every request that fits no expectation; the unmatched requests of
//! `WireMock`.

use fixture_server::{FailureKind, prelude::*};

use crate::asking::{ask, said, tells};

fn strict() -> TestServer {
    TestServer::builder().strict(true).start()
}

#[test]
fn an_unmatched_request_fails_the_test() {
    let server = strict();
    server.when(get("/a")).respond(204);
    assert_eq!(ask(&server, "GET /b").status(), 404);
    let text = said(|| drop(server));
    tells(&text, &["1 failure", "no rule answers GET /b"]);
}

#[test]
fn each_unmatched_request_is_told() {
    let server = strict();
    ask(&server, "GET /a");
    ask(&server, "POST /b");
    let report = server.try_verify().unwrap_err();
    let kinds: Vec<FailureKind> = report.failures().iter().map(fixture_server::Failure::kind).collect();
    assert_eq!(kinds, [FailureKind::Unmatched, FailureKind::Unmatched]);
    tells(&report.to_string(), &["GET /a", "POST /b"]);
}

#[test]
fn what_a_rule_or_a_file_answers_is_matched() {
    let server = TestServer::builder().dir("fixtures/site").strict(true).start();
    server.when(get("/rule")).respond(404);
    ask(&server, "GET /rule");
    ask(&server, "GET /hello.txt");
    server.verify();
}

#[test]
fn a_request_beyond_a_limit_is_unmatched() {
    let server = strict();
    server.when(get("/")).limit(1).respond(204);
    ask(&server, "GET /");
    ask(&server, "GET /");
    tells(&said(|| server.verify()), &["no rule answers GET /", "limit"]);
}
