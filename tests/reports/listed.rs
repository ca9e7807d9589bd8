//! The list of what was received, and the notes below it.

use std::fmt::Write as _;

use expect_test::expect;
use fixture_server::prelude::*;

use crate::{assert_told, get_of, panic_of, raw};

#[test]
fn of_many_requests_the_newest_are_listed_and_those_that_fit() {
    let server = TestServer::empty();
    let mut connection = raw::Raw::connect(&server).unwrap();
    for at in 0..100 {
        let target = if at == 7 { "/a".to_owned() } else { format!("/b{}", at + 1) };
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n")).unwrap();
        connection.answer().unwrap();
    }
    let text = panic_of(|| server.assert_received(get("/a"), 0));
    let mut expected = String::from(
        "expected no request GET /a, but it came once\n\nreceived, in order (→ fits):\n  (7 earlier requests are not shown)\n\
         → #8 GET /a 404\n  (63 requests are not shown)",
    );
    for number in 72..=100 {
        let _ = write!(expected, "\n  #{number} GET /b{number} 404");
    }
    assert_eq!(crate::comparable(&text), expected);
}

#[test]
fn a_malformed_request_is_listed_with_what_is_wrong_with_it() {
    let server = TestServer::empty();
    let _ = raw::exchange(&server, "GET /a b\x07 HTTP/1.1\r\n\r\n");
    get_of(&server, "/b");
    assert_told(
        || server.assert_received(get("/a"), 1),
        &expect![[r#"
            expected GET /a exactly once, but it never came

            the nearest of 2 requests is #2, which differs in 1 of 2 parts:
              GET /b 404
              ✓ method
              ✗ path: expected /a, got /b

            received, in order:
              #1 "GET /a b\u{7} HTTP/1.1" 400 (refused: the request line is not `METHOD TARGET HTTP/1.1`)
              #2 GET /b 404"#]],
    );
}

#[test]
fn a_long_target_is_cut() {
    let server = TestServer::empty();
    get_of(&server, &format!("/{}", "x".repeat(500)));
    let text = panic_of(|| server.assert_received(any(), 0));
    let line = text.lines().last().unwrap();
    assert!(line.ends_with("xxx.. (501 bytes) 404") && line.len() < 250, "{line}");
}

#[test]
fn a_journal_that_forgot_requests_says_so_and_keeps_their_numbers() {
    let server = TestServer::builder().journal_limit(2).start();
    for target in ["/a", "/b", "/c"] {
        get_of(&server, target);
    }
    assert_told(
        || server.assert_received(get("/a"), 1),
        &expect![[r#"
            expected GET /a exactly once, but it never came

            the nearest of 2 requests is #3, which differs in 1 of 2 parts:
              GET /c 404
              ✓ method
              ✗ path: expected /a, got /c

            received, in order:
              #2 GET /b 404
              #3 GET /c 404

            note: the journal is limited and has dropped the oldest of its requests, 1 in all (`.journal_limit(..)`, `.journal_bytes(..)` of the builder)"#]],
    );
}

#[test]
fn what_met_nothing_is_marked() {
    let server = TestServer::empty();
    server.on("GET", "/users/{id}", |_| "Ada");
    get_of(&server, "/users/7");
    get_of(&server, "/user/7");
    assert_told(
        || server.assert_all_matched(),
        &expect![[r#"
            expected every request to meet a rule or a file, but GET /user/7 did not

            the only rule is GET /users/{id}, which differs in 1 of 2 parts:
              declared at tests/reports/listed.rs:LINE
              ✓ method
              ✗ path: expected /users/{id}, got /user/7

            received, in order (→ met nothing):
              #1 GET /users/7 200
            → #2 GET /user/7 404"#]],
    );
}

#[test]
fn what_came_again_and_again_takes_one_line() {
    let server = TestServer::empty();
    let mut connection = raw::Raw::connect(&server).unwrap();
    let mut send = |target: &str| {
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n")).unwrap();
        connection.answer().unwrap();
    };
    (0..5).for_each(|_| send("/old"));
    (0..1_200).for_each(|_| send("/health"));
    for target in ["/b", "/b", "/a", "/a", "/a", "/health"] {
        send(target);
    }
    assert_told(
        || server.assert_received(get("/a"), 0),
        &expect![[r#"
        expected no request GET /a, but it came 3 times

        received, in order (→ fits):
          #1 to #5 GET /old 404
          #6 to #1205 GET /health 404
          #1206 GET /b 404
          #1207 GET /b 404
        → #1208 to #1210 GET /a 404
          #1211 GET /health 404"#]],
    );
    assert_told(
        || server.assert_received(get("/old"), 0),
        &expect![[r#"
        expected no request GET /old, but it came 5 times

        received, in order (→ fits):
        → #1 to #5 GET /old 404
          #6 to #1205 GET /health 404
          #1206 GET /b 404
          #1207 GET /b 404
          #1208 to #1210 GET /a 404
          #1211 GET /health 404"#]],
    );
}
