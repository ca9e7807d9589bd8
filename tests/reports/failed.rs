//! What goes wrong while requests are answered.

use expect_test::expect;
use fixture_server::{FailureKind, prelude::*};

use crate::{assert_reported, assert_told, comparable, get_of, send};

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

#[test]
fn a_sequence_ran_out() {
    let server = TestServer::empty();
    server.when(get("/flaky")).named("flaky").respond(sequence(["a", "b"]));
    let _ = [(); 3].map(|()| get_of(&server, "/flaky"));
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 1 failure

          the sequence of "flaky" (GET /flaky) has 2 answers, and was asked for more: add `.then_repeat_last()` or `.cycle()` if more may come
            while answering GET /flaky
            declared at tests/reports/failed.rs:LINE"#]],
    );
}

#[test]
fn a_handler_returned_a_fault_that_strikes_some_requests() {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Fault::Reset.every(3));
    let (status, text) = get_of(&server, "/");
    assert_eq!(status, 500);
    assert!(text.starts_with("the handler returned Fault::Reset.every(3), "), "{text}");
    assert_reported(
        &server,
        &expect![[r#"
            the test server has 1 failure

              the handler of GET / returned Fault::Reset.every(3), but it answers this one request: write `if request.hit() % 3 == 0 { .. }` around Fault::Reset, or `server.when(..).respond(Fault::Reset.every(3))`
                while answering GET /
                declared at tests/reports/failed.rs:LINE"#]],
    );
}

#[test]
fn a_handler_returned_a_fault_of_another_moment() {
    let server = TestServer::empty();
    server.on("POST", "/a", |_| Fault::Reset.at(Stage::RequestBody(100)));
    server.on("POST", "/b", |_| Some((201, Fault::Stall.at(Stage::Body(5)))));
    send(&server, "POST", "/a", &[], b"a");
    send(&server, "POST", "/b", &[], b"a");
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 2 failures

          1. the handler of POST /a returned Fault::Reset.at(Stage::RequestBody(100)), which happens before the request is complete: write `server.when(..).respond(Fault::Reset.at(Stage::RequestBody(100)))`
               while answering POST /a
               declared at tests/reports/failed.rs:LINE

          2. the handler of POST /b returned Fault::Stall.at(Stage::Body(5)), which happens in a response, but there is none: write `Response::text("..").fault(Fault::Stall.at(Stage::Body(5)))`
               while answering POST /b
               declared at tests/reports/failed.rs:LINE"#]],
    );
}

#[test]
fn what_was_left_to_chance_can_be_had_again() {
    let server = TestServer::empty();
    server.when(get("/a")).respond(Fault::Close.share(0.0, 7));
    server.when(get("/b")).respond(Response::new(200).jitter(ms(1), 42));
    server.when(get("/c")).respond_with(|request| Response::new(200).jitter(ms(1), request.hit() as u64 + 100));
    server.when(get("/d")).respond(Response::new(200).fault(Fault::Close.at(Stage::After).share(0.0, 9)));
    for path in ["/a", "/b", "/b", "/c", "/c", "/c", "/c", "/c", "/c", "/d"] {
        get_of(&server, path);
    }
    server.when(get("/never")).expect(1).respond(200);
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 1 failure

          expected GET /never exactly once, but it never came
            declared at tests/reports/failed.rs:LINE

        received, in order:
          #1 GET /a 404
          #2 GET /b 200
          #3 GET /b 200
          #4 to #9 GET /c 200
          #10 GET /d 200

        note: random choices: share with seed 7, jitter with seed 42, jitter with seed 101, jitter with seed 102, jitter with seed 103, jitter with seed 104, jitter with seed 105, jitter with seed 106, and 1 more"#]],
    );
    assert_told(
        || server.assert_received(get("/e"), 1),
        &expect![[r#"
        expected GET /e exactly once, but it never came

        the nearest of 10 requests is #1, which differs in 1 of 2 parts:
          GET /a 404
          ✓ method
          ✗ path: expected /e, got /a

        received, in order:
          #1 GET /a 404
          #2 GET /b 200
          #3 GET /b 200
          #4 to #9 GET /c 200
          #10 GET /d 200

        note: random choices: share with seed 7, jitter with seed 42, jitter with seed 101, jitter with seed 102, jitter with seed 103, jitter with seed 104, jitter with seed 105, jitter with seed 106, and 1 more"#]],
    );
}

#[test]
fn a_closure_that_is_no_rule_cannot_strike_some_of_its_hits() {
    let server = TestServer::builder()
        .on_expect(|_| Some(Response::new(417).fault(Fault::Reset.at(Stage::Head(20)).every(2))))
        .start();
    let expects = [("Expect", "100-continue"), ("Content-Length", "5")];
    let (status, text) = send(&server, "PUT", "/", &expects, b"");
    assert_eq!(status, 500);
    assert!(text.starts_with("the closure of `on_expect` returned a response with Fault::Reset"), "{text}");
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 1 failure

          the closure of `on_expect` returned a response with Fault::Reset.at(Stage::Head(20)).every(2), which goes by the hits of a rule, and here is none: let the closure choose, and write `.fault(Fault::Reset.at(Stage::Head(20)))` on what is to be struck
            while answering PUT /
            declared at tests/reports/failed.rs:LINE"#]],
    );
}

#[test]
fn a_stream_fails() {
    let server = TestServer::empty();
    server.when(get("/error")).respond(Response::stream(|out| {
        out.write_all("half of")?;
        Err(std::io::Error::other("no luck"))
    }));
    server.when(get("/panic")).respond(Response::sse(|_| panic!("oops")));
    for path in ["/error", "/panic"] {
        let _ = ureq::get(server.url(path)).call().and_then(|mut answer| answer.body_mut().read_to_string());
    }
    assert_reported(
        &server,
        &expect![[r#"
        the test server has 2 failures

          1. the handler of GET /error returned an error from its stream: no luck
               while answering GET /error
               declared at tests/reports/failed.rs:LINE

          2. the handler of GET /panic panicked in its stream: oops
               while answering GET /panic
               declared at tests/reports/failed.rs:LINE"#]],
    );
}
