//! Requests to the byte, whether a pattern fits them, and what a panic says.
#![allow(dead_code, reason = "some features need more of it than others")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use fixture_server::{IntoPattern, prelude::*};

use crate::raw::{Answer, exchange};

/// A request that ends its connection: `sent("GET /a", &["Accept: */*"], "")`. A length goes with a body that is not empty.
pub(crate) fn sent<F: AsRef<[u8]>>(line: &str, fields: &[F], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("{line} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n").into_bytes();
    for field in fields {
        bytes.extend_from_slice(field.as_ref());
        bytes.extend_from_slice(b"\r\n");
    }
    if !body.is_empty() {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// A request without anything special.
pub(crate) fn line(line: &str) -> Vec<u8> {
    sent::<&str>(line, &[], "")
}

/// A GET of `/` with header fields.
pub(crate) fn fields<F: AsRef<[u8]>>(fields: &[F]) -> Vec<u8> {
    sent("GET /", fields, "")
}

/// A POST to `/` with a body.
pub(crate) fn body(body: impl AsRef<[u8]>) -> Vec<u8> {
    sent::<&str>("POST /", &[], body)
}

/// A POST to `/` with a body of this content type.
pub(crate) fn typed(content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    sent("POST /", &[format!("Content-Type: {content_type}")], body)
}

/// The answer to a request without anything special: `ask(&server, "GET /a")`.
#[track_caller]
pub(crate) fn ask(server: &TestServer, request: &str) -> Answer {
    ask_with(server, line(request))
}

#[track_caller]
pub(crate) fn ask_with(server: &TestServer, request: impl AsRef<[u8]>) -> Answer {
    match exchange(server, request) {
        Ok(answer) => answer,
        Err(error) => panic!("no answer: {error}"),
    }
}

/// The statuses of as many requests.
#[track_caller]
pub(crate) fn statuses(server: &TestServer, request: &str, times: usize) -> Vec<u16> {
    (0..times).map(|_| ask(server, request).status()).collect()
}

/// Whether a rule with this pattern answers this request. What the journal finds and the verdict have to say the same.
#[track_caller]
pub(crate) fn answers(pattern: impl IntoPattern, request: impl AsRef<[u8]>) -> bool {
    let pattern = pattern.into_pattern();
    let server = TestServer::empty();
    let rule = server.when(&pattern).respond(200);
    let answered = match ask_with(&server, request).status() {
        200 => true,
        404 => false,
        other => panic!("{other} for {:?}", server.requests()),
    };
    let recorded = &server.requests()[0];
    let verdict = pattern.check(recorded);
    assert_eq!(verdict.fits(), answered, "the verdict says otherwise than the rule:\n{verdict}");
    assert_eq!(server.received(&pattern).len(), usize::from(answered), "the journal says otherwise than the rule");
    assert_eq!(rule.hits(), usize::from(answered));
    answered
}

/// What a panic says, without colours.
#[track_caller]
pub(crate) fn said(action: impl FnOnce()) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(action)) else { panic!("it did not panic") };
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let text = text.expect("a panic says something");
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

/// That a text holds all of these, in this order.
#[track_caller]
pub(crate) fn tells(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("{part:?} is missing, or at another place, in:\n{text}")
        };
        rest = after;
    }
}
