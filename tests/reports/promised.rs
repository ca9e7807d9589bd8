//! Promises of rules that were not kept.

use expect_test::expect;
use fixture_server::prelude::*;

use crate::{assert_reported, get_of, send};

#[test]
fn a_promise_whose_request_came_to_another_path() {
    let server = TestServer::empty();
    server.when(post("/login")).named("login").expect(1).respond(204);
    send(&server, "POST", "/Login", &[], b"");
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure

              expected "login" (POST /login) exactly once, but it never came
                declared at tests/reports/promised.rs:LINE

              the only request differs in 1 of 2 parts:
                POST /Login 404
                ✓ method
                ✗ path: expected /login, got /Login
                hint: the paths differ only in upper and lower case

            received, in order:
              #1 POST /Login 404"#]],
    );
}

#[test]
fn a_promise_without_any_request() {
    let server = TestServer::empty();
    server.when(get("/a")).expect(2..).respond(200);
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure, and received no request

              expected GET /a at least twice, but it never came
                declared at tests/reports/promised.rs:LINE"#]],
    );
}

#[test]
fn a_promise_of_less() {
    let server = TestServer::empty();
    server.when(get("/a")).expect(..=1).respond(200);
    for target in ["/a", "/b", "/a"] {
        get_of(&server, target);
    }
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure

              expected GET /a at most once, but it came twice
                declared at tests/reports/promised.rs:LINE

            received, in order (→ fits):
            → #1 GET /a 200
              #2 GET /b 404
            → #3 GET /a 200"#]],
    );
}

#[test]
fn a_promise_whose_requests_another_rule_answered() {
    let server = TestServer::empty();
    server.when(get("/a")).expect(1).respond(200);
    server.on("GET", "/{any}", |_| 204);
    get_of(&server, "/a");
    get_of(&server, "/a");
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure

              expected GET /a exactly once, but another rule answered
                declared at tests/reports/promised.rs:LINE

              2 requests fit it:
                #1, #2 were answered by GET /{any} (declared at tests/reports/promised.rs:LINE)
                hint: of the rules that fit, the newest answers

            received, in order (→ fits):
            → #1 GET /a 204
            → #2 GET /a 204"#]],
    );
}

#[test]
fn a_promise_whose_request_came_too_early() {
    let server = TestServer::empty();
    get_of(&server, "/a");
    server.when(get("/a")).expect(1).respond(200);
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure

              expected GET /a exactly once, but it came only while the rule was not there
                declared at tests/reports/promised.rs:LINE

              1 request fits it:
                #1 was answered by no rule, so this one was not declared yet, or removed already

            received, in order (→ fits):
            → #1 GET /a 404"#]],
    );
}

#[test]
fn a_promise_of_which_another_rule_took_a_part() {
    let server = TestServer::empty();
    server.when(get("/{name}")).named("any file").expect(2).respond(200);
    get_of(&server, "/a");
    server.on("GET", "/b", |_| 204);
    get_of(&server, "/b");
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure

              expected "any file" (GET /{name}) exactly twice, but it came once
                declared at tests/reports/promised.rs:LINE

              1 more request fits it:
                #2 was answered by GET /b (declared at tests/reports/promised.rs:LINE)
                hint: of the rules that fit, the newest answers

            received, in order (→ fits):
            → #1 GET /a 200
            → #2 GET /b 204"#]],
    );
}

#[test]
fn several_promises_share_one_list() {
    let server = TestServer::empty();
    server.when(get("/a")).expect(1).respond(200);
    server.when(get("/b")).expect(2).respond(200);
    get_of(&server, "/b");
    get_of(&server, "/a/");
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 2 failures

              1. expected GET /a exactly once, but it never came
                   declared at tests/reports/promised.rs:LINE

                 the nearest of 2 requests is #2, which differs in 1 of 2 parts:
                   GET /a/ 404
                   ✓ method
                   ✗ path: expected /a, got /a/
                   hint: the paths differ only in the slash at their end

              2. expected GET /b exactly twice, but it came once
                   declared at tests/reports/promised.rs:LINE

            received, in order:
              #1 GET /b 200
              #2 GET /a/ 404"#]],
    );
}

#[test]
fn a_closure_that_panics_does_not_hide_the_promise() {
    let server = TestServer::empty();
    server.when(get("/a").matching("is even", |_| panic!("odd"))).expect(1).respond(200);
    get_of(&server, "/a");
    let report = server.try_verify().unwrap_err().to_string();
    assert!(report.contains("exactly once, but it never came"), "{report}");
    assert!(report.contains("✗ the closure panicked: odd"), "{report}");
}

#[test]
fn a_promise_whose_requests_were_refused() {
    let server = TestServer::builder().max_body(10).start();
    server.when(post("/a")).expect(1).respond(200);
    send(&server, "POST", "/a", &[], &[b'x'; 20]);
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 1 failure

          expected POST /a exactly once, but it was refused
            declared at tests/reports/promised.rs:LINE

          1 request fits it:
            #1 was refused

        received, in order (→ fits):
        → #1 POST /a 413 (refused: the body is larger than the limit (`.max_body(bytes)` of the builder))"#]],
    );
}

#[test]
fn a_promise_that_nothing_comes() {
    let server = TestServer::empty();
    server.when(post("/a")).named("old").expect(0).respond(200);
    send(&server, "POST", "/a", &[], b"");
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 1 failure

          expected no request "old" (POST /a), but it came once
            declared at tests/reports/promised.rs:LINE

        received, in order (→ fits):
        → #1 POST /a 200"#]],
    );
}
