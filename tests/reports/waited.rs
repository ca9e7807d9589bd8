//! Waiting for requests, and for there to be none.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use expect_test::expect;
use fixture_server::prelude::*;

use crate::raw::LIMIT;
use crate::{assert_told, comparable, get_of, panic_of, send};

#[test]
fn what_was_waited_for_did_not_come_in_time() {
    let server = TestServer::empty();
    send(&server, "POST", "/webhooks", &[], b"");
    assert_told(
        || drop(server.wait_for(post("/webhook"), 1, ms(5))),
        &expect![[r#"
            expected POST /webhook at least once within 5ms, but it never came

            the only request differs in 1 of 2 parts:
              POST /webhooks 404
              ✓ method
              ✗ path: expected /webhook, got /webhooks

            received, in order:
              #1 POST /webhooks 404"#]],
    );
}

#[test]
fn as_a_report_it_names_the_line_that_waited() {
    let server = TestServer::empty();
    get_of(&server, "/job");
    let report = server.try_wait_for(get("/job"), 2, ms(5)).unwrap_err();
    expect![[r#"
        the test server has 1 failure

          expected GET /job at least twice within 5ms, but it came once
            asserted at tests/reports/waited.rs:LINE

          received, in order (→ fits):
          → #1 GET /job 404"#]]
    .assert_eq(&comparable(&report.to_string()));
}

#[test]
fn what_came_was_returned_to_someone_else() {
    let server = TestServer::empty();
    get_of(&server, "/job");
    server.next_request(get("/job")).wait(LIMIT);
    assert_told(
        || drop(server.next_request(get("/job")).wait(ms(5))),
        &expect![[r#"
            expected GET /job at least once within 5ms, but what came was returned before

            received, in order (→ fits):
            → #1 GET /job 404

            note: 1 request that fits was returned before by `next_request`"#]],
    );
}

#[test]
fn silence_was_broken() {
    let server = TestServer::empty();
    get_of(&server, "/early");
    let is_over = AtomicBool::new(false);
    let text = thread::scope(|scope| {
        // One of them falls into the time of silence.
        scope.spawn(|| {
            while !is_over.load(Relaxed) {
                get_of(&server, "/late");
            }
        });
        let text = panic_of(|| server.assert_silence(LIMIT));
        is_over.store(true, Relaxed);
        text
    });
    assert!(text.starts_with("expected no request for 30s, but "), "{text}");
    assert!(text.contains("\n\nreceived, in order (→ came in that time):\n  #1 GET /early 404\n"), "{text}");
    assert!(comparable(&text).contains("\n→ #"), "{text}");
}
