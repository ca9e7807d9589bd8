//! A test that fails because its client got a 404, whose body the client drops: the end of the server tells what it said.

use std::process::Command;

use fixture_server::prelude::*;

use crate::asking::{ask, ask_with, sent, tells};

/// Set in the process in which the test is to fail.
const FAILING: &str = "FIXTURE_SERVER_FAILING_TEST";

/// What a test prints that panics: the one that calls this, run again in a process of its own.
fn printed(test: &str, panics: fn()) -> String {
    if std::env::var_os(FAILING).is_some() {
        panics();
    }
    let this = std::env::current_exe().expect("this test is a program");
    let output = Command::new(this)
        .args(["--exact", &format!("panicking::{test}"), "--nocapture"])
        .env(FAILING, "1")
        .env("NO_COLOR", "1")
        .output()
        .expect("it can be run");
    assert!(!output.status.success(), "it did not panic");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_met_nothing_is_told_with_the_nearest_rule() {
    let text = printed("what_met_nothing_is_told_with_the_nearest_rule", || {
        let server = TestServer::empty();
        server.on("POST", "/login", |_| 204);
        server.on("GET", "/", |_| "hello");
        ask(&server, "GET /");
        ureq::get(server.url("/login")).call().unwrap();
    });
    tells(
        &text,
        &[
            "StatusCode(404)",
            "while this test panics: of the requests to 127.0.0.1:",
            ", 1 met no rule and no file\n\nno rule answers GET /login\n\nthe nearest of 2 rules is POST /login",
            "✗ method: expected POST, got GET",
        ],
    );
    assert!(!text.contains("the test server has"), "{text}");
}

#[test]
fn of_several_the_first_is_told_behind_the_report() {
    let text = printed("of_several_the_first_is_told_behind_the_report", || {
        let server = TestServer::empty();
        server.when(get("/a")).expect(1).respond(204);
        ask(&server, "GET /b");
        ask(&server, "GET /c");
        panic!("the test's own");
    });
    tells(&text, &["the test's own", ", 2 met no rule and no file; the first of them:\n\nno rule answers GET /b\n"]);
    tells(&text, &["the test's own", "the test server has 1 failure"]);
    assert!(!text.contains("no rule answers GET /c"), "{text}");
}

#[test]
fn a_directory_that_has_no_such_file_is_named() {
    let text = printed("a_directory_that_has_no_such_file_is_named", || {
        let server = TestServer::start("fixtures/site");
        ureq::get(server.url("/missing")).call().unwrap();
    });
    tells(&text, &["while this test panics", "no rule answers GET /missing", "nor does the directory", "404"]);
}

#[test]
fn a_closure_that_panics_does_not_end_the_process() {
    let text = printed("a_closure_that_panics_does_not_end_the_process", || {
        let server = TestServer::empty();
        ask(&server, "GET /a");
        server.when(get("/a").matching("broken", |_| panic!("not even wrong"))).respond(200);
        panic!("the test's own");
    });
    tells(&text, &["while this test panics", "no rule answers GET /a", "not even wrong"]);
}

#[test]
fn where_all_was_answered_nothing_is_told() {
    let text = printed("where_all_was_answered_nothing_is_told", || {
        let server = TestServer::start("fixtures/site");
        server.on("GET", "/rule", |_| 404);
        ask(&server, "GET /hello.txt");
        ask(&server, "GET /rule");
        panic!("the test's own");
    });
    tells(&text, &["the test's own"]);
    assert!(!text.contains("while this test panics"), "{text}");
}

#[test]
fn what_strict_mode_tells_is_not_told_twice() {
    let text = printed("what_strict_mode_tells_is_not_told_twice", || {
        let server = TestServer::builder().strict(true).start();
        ask(&server, "GET /a");
        panic!("the test's own");
    });
    tells(&text, &["the test's own", "the test server has 1 failure", "no rule answers GET /a"]);
    assert!(!text.contains("while this test panics"), "{text}");
}

#[test]
fn a_request_that_was_refused_is_told_with_the_reason() {
    let text = printed("a_request_that_was_refused_is_told_with_the_reason", || {
        let server = TestServer::empty();
        ask_with(&server, sent("GET /", &["Host: twice"], ""));
        panic!("the test's own");
    });
    tells(&text, &["while this test panics", "because it was refused: "]);
}

#[test]
fn seeds_are_told_so_that_the_same_can_happen_again() {
    let text = printed("seeds_are_told_so_that_the_same_can_happen_again", || {
        let server = TestServer::empty();
        server.when(get("/")).respond(Fault::Close.share(0.0, 42));
        panic!("the test's own");
    });
    tells(
        &text,
        &[
            "the test's own",
            "while this test panics: random choices of the server at 127.0.0.1:",
            ": share with seed 42",
        ],
    );
}

#[test]
fn seeds_are_told_once_if_there_is_a_report() {
    let text = printed("seeds_are_told_once_if_there_is_a_report", || {
        let server = TestServer::empty();
        server.when(get("/")).expect(1).respond(Fault::Close.share(0.0, 42));
        panic!("the test's own");
    });
    tells(&text, &["the test server has 1 failure", "note: random choices: share with seed 42"]);
    assert_eq!(text.matches("with seed 42").count(), 1, "{text}");
}
