//! What goes wrong while requests are answered.

use expect_test::expect;
use fixture_server::{FailureKind, prelude::*};

use crate::{assert_reported, comparable, get_of, send};

#[test]
fn a_handler_panicked() {
    let server = TestServer::empty();
    server.on("GET", "/users/{id}", |_| -> u16 { panic!("no such user") });
    let (status, text) = get_of(&server, "/users/7");
    assert_eq!((status, text.trim_end()), (500, "the handler of GET /users/{id} panicked: no such user"));
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure

              the handler of GET /users/{id} panicked: no such user
                while answering GET /users/7
                declared at tests/reports/failed.rs:LINE"#]],
    );
}

#[test]
fn a_handler_returned_an_error() {
    let server = TestServer::empty();
    server.on("POST", "/sum", |request| -> HandlerResult<u16> { Ok(request.body_text().parse()?) });
    send(&server, "POST", "/sum", &[], b"many");
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure

              the handler of POST /sum returned an error: invalid digit found in string
                while answering POST /sum
                declared at tests/reports/failed.rs:LINE"#]],
    );
}

#[test]
fn a_closure_of_a_pattern_panicked() {
    let server = TestServer::empty();
    server.when(get("/a").matching("is even", |_| panic!("odd"))).respond(200);
    assert_eq!(get_of(&server, "/a").0, 500);
    let report = server.try_verify().unwrap_err();
    assert_eq!(report.failures()[0].kind(), FailureKind::Panicked);
    let text = comparable(&report.to_string());
    assert!(
        text.contains("panicked: odd\n    while answering GET /a\n    declared at tests/reports/failed.rs:LINE"),
        "{text}"
    );
}

#[test]
fn in_strict_mode_a_miss_is_a_failure() {
    let server = TestServer::builder().strict(true).start();
    server.when(post("/login").header("accept", contains("json"))).named("login").respond(204);
    send(&server, "POST", "/login", &[("Accept", "text/html")], b"");
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure

              no rule answers POST /login
                strict mode was asked for at tests/reports/failed.rs:LINE

              the only rule is "login" (POST /login, header accept: text containing "json"), which differs in 1 of 3 parts:
                declared at tests/reports/failed.rs:LINE
                ✓ method
                ✓ path
                ✗ header accept: expected text containing "json", got "text/html""#]],
    );
}

#[test]
fn failures_of_all_kinds_are_told_at_once() {
    let server = TestServer::empty();
    server.on("GET", "/panic", |_| -> u16 { panic!("first line\nsecond line") });
    server.when(get("/never")).expect(1).respond(200);
    get_of(&server, "/panic");
    let report = server.try_verify().unwrap_err();
    expect![[r#"
        the test server has 2 failures

          1. the handler of GET /panic panicked: first line
             second line
               while answering GET /panic
               declared at tests/reports/failed.rs:LINE

          2. expected GET /never exactly once, but it never came
               declared at tests/reports/failed.rs:LINE

        received, in order:
          #1 GET /panic 500"#]]
    .assert_eq(&comparable(&report.to_string()));

    let kinds: Vec<FailureKind> = report.iter().map(fixture_server::Failure::kind).collect();
    assert_eq!(kinds, [FailureKind::Panicked, FailureKind::Expectation]);
    assert!(report.failures()[1].text().starts_with("expected GET /never exactly once"));
    assert_eq!((&report).into_iter().count(), 2);
}

#[test]
fn a_handler_that_fails_each_time_does_not_bury_the_rest() {
    let server = TestServer::empty();
    server.on("GET", "/", |request| -> Result<u16, String> { Err(format!("no {}", request.hit())) });
    for _ in 0..25 {
        get_of(&server, "/");
    }
    let report = server.try_verify().unwrap_err();
    assert_eq!(report.failures().len(), 25);
    let text = report.to_string();
    assert!(text.contains("  20. the handler of GET / returned an error: no 20"), "{text}");
    assert!(text.ends_with("\n\n  and 5 more, which `failures()` of the report has"), "{text}");
}

#[test]
fn equal_failures_are_told_once() {
    let server = TestServer::empty();
    server.on("GET", "/", |_| -> u16 { panic!("no disk\nno network") });
    server.on("GET", "/a", |_| -> Result<u16, String> { Err("no disk".to_owned()) });
    for target in ["/", "/a", "/", "/a", "/"] {
        get_of(&server, target);
    }
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 5 failures

          1. the handler of GET / panicked: no disk (3 times)
             no network
               while answering GET /
               declared at tests/reports/failed.rs:LINE

          2. the handler of GET /a returned an error: no disk (twice)
               while answering GET /a
               declared at tests/reports/failed.rs:LINE"#]],
    );
    get_of(&server, "/a");
    get_of(&server, "/a");
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 2 failures

          the handler of GET /a returned an error: no disk (twice)
            while answering GET /a
            declared at tests/reports/failed.rs:LINE"#]],
    );
}

#[test]
fn of_many_promises_it_is_said_once_that_nothing_came() {
    let server = TestServer::empty();
    for at in 0..3 {
        server.when(get(format!("/{at}"))).expect(1).respond(200);
    }
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 3 failures, and received no request

          1. expected GET /0 exactly once, but it never came
               declared at tests/reports/failed.rs:LINE

          2. expected GET /1 exactly once, but it never came
               declared at tests/reports/failed.rs:LINE

          3. expected GET /2 exactly once, but it never came
               declared at tests/reports/failed.rs:LINE"#]],
    );
}
