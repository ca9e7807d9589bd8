//! What a reader of a failing test gets to see, word for word: the mistake has to stand in the first ten lines.
#![expect(clippy::needless_raw_string_hashes, reason = "as `UPDATE_EXPECT=1` writes them")]

mod counted;
mod explained;
mod failed;
mod hinted;
mod judged;
mod listed;
mod missed;
mod nearest;
mod ordered;
mod promised;
#[path = "../raw/mod.rs"]
mod raw;
mod waited;

use std::panic::{AssertUnwindSafe, catch_unwind};

use expect_test::Expect;
use fixture_server::prelude::*;

/// Sends a request with these header fields, besides `Host` and what its body and its end need; the status and the text of
/// the answer.
#[track_caller]
fn send(server: &TestServer, method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> (u16, String) {
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n").into_bytes();
    for (name, value) in fields {
        request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !body.is_empty() {
        request.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    request.extend_from_slice(b"Connection: close\r\n\r\n");
    request.extend_from_slice(body);
    let answer = raw::exchange(server, request).unwrap();
    (answer.status(), answer.text())
}

#[track_caller]
fn get_of(server: &TestServer, target: &str) -> (u16, String) {
    send(server, "GET", target, &[], b"")
}

/// Sends a body of this type.
#[track_caller]
fn post_of(server: &TestServer, target: &str, content_type: &str, body: impl AsRef<[u8]>) -> (u16, String) {
    send(server, "POST", target, &[("Content-Type", content_type)], body.as_ref())
}

/// What an assertion that does not hold panics with.
#[track_caller]
fn panic_of(run: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("the assertion holds");
    payload.downcast_ref::<String>().cloned().expect("a panic with a text")
}

#[track_caller]
fn assert_told(run: impl FnOnce(), expected: &Expect) {
    expected.assert_eq(&comparable(&panic_of(run)));
}

/// What verifying finds.
#[track_caller]
fn assert_reported(server: &TestServer, expected: &Expect) {
    expected.assert_eq(&comparable(&server.try_verify().unwrap_err().to_string()));
}

/// A text without what differs from run to run: colours, and the line in a file of these tests.
fn comparable(text: &str) -> String {
    without_lines(&without_colour(text))
}

fn without_colour(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |done, piece| done + piece.split_once('m').map_or(piece, |(_, rest)| rest))
}

fn without_lines(text: &str) -> String {
    let mut pieces = text.split(".rs:");
    let mut done = pieces.next().unwrap_or_default().replace("tests\\reports\\", "tests/reports/");
    for piece in pieces {
        let rest = piece.trim_start_matches(|char: char| char.is_ascii_digit() || char == ':');
        // The colon behind a place belongs to the sentence.
        let colon = if piece[..piece.len() - rest.len()].ends_with(':') { ":" } else { "" };
        done = done + ".rs:LINE" + colon + &rest.replace("tests\\reports\\", "tests/reports/");
    }
    done
}
