//! Whole connections through the engine, without sockets: what goes out, what is written down, and which files are read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use parking_lot::Mutex;

use super::{choice, cut};
use crate::matchers::pattern::any;
use crate::message::request::Request;
use crate::server::TestServer;

/// One of each dialect, each for one input at a time.
static SERVERS: LazyLock<[Mutex<TestServer>; 2]> = LazyLock::new(|| {
    [false, true].map(|lenient| {
        let builder =
            TestServer::builder().dir(site()).journal_limit(100).clock(|| UNIX_EPOCH + Duration::from_secs(7));
        let builder = builder.max_head(2_000).max_body(2_000);
        let server = if lenient { builder.http_server().start() } else { builder.start() };
        server.when(any().path("/echo")).respond_with(Request::body_text);
        server.when(any().path("/{name}/{*rest}").query("x", "1")).respond(204);
        Mutex::new(server)
    })
});

fn site() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/site")
}

const LEAVE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// A connection of any bytes: each request that is written down gets one answer, whole and with a date, nothing else is sent,
/// nothing is read twice, and it does not matter how the bytes come.
pub fn exchange(data: &[u8]) {
    let (place, input) = choice(data);
    let server = SERVERS[0].lock();
    let answers = server.converse(&[input]);
    let requests = server.requests();
    server.clear_requests();
    let mut left = &answers[..];
    let mut sent = 0;
    for request in &requests {
        sent += request.raw_head().len() + request.body().len();
        while let Some(behind) = left.strip_prefix(LEAVE.as_bytes()) {
            left = behind;
        }
        // So much is understood of what is refused as well.
        let method = if request.raw_head().starts_with(b"HEAD ") { "HEAD" } else { request.method() };
        let (status, behind) = behind_answer(left, method);
        assert_eq!(request.response_status().map(|status| status.as_u16()), Some(status), "{request:?}");
        assert_eq!(request.bytes_sent(), (left.len() - behind.len()) as u64, "{request:?}");
        left = behind;
    }
    assert!(left.is_empty(), "beside the answers to {} requests: {}", requests.len(), left.escape_ascii());
    assert!(sent <= input.len(), "{sent} bytes of requests from {}", input.len());

    let without_leave = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(LEAVE, "");
    let in_pieces = server.converse(&cut(input, place));
    assert_eq!(without_leave(&in_pieces), without_leave(&answers), "it matters where the bytes are cut");
    server.clear_requests();
    drop(server);

    let server = SERVERS[1].lock();
    let answers = server.converse(&[input]);
    let in_pieces = server.converse(&cut(input, place));
    server.clear_requests();
    // What is answered as in HTTP/0.9 has no head.
    assert_eq!(without_leave(&in_pieces), without_leave(&answers), "it matters to http.server where the bytes are cut");
}

/// Checks the answer that stands first: its status, and what follows it.
#[track_caller]
fn behind_answer<'a>(bytes: &'a [u8], method: &str) -> (u16, &'a [u8]) {
    let shown = || bytes[..bytes.len().min(200)].escape_ascii();
    let Some(length) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        panic!("no answer to {method:?}: {}", shown());
    };
    let head = String::from_utf8_lossy(&bytes[..length + 2]);
    assert!(head.starts_with("HTTP/1.1 ") && head.contains("\r\nDate: "), "no head: {}", shown());
    let status: u16 = head[9..12].parse().expect("a status");
    let is_bodiless = method == "HEAD" || matches!(status, 204 | 304) || method == "CONNECT" && status / 100 == 2;
    let value = head.split("\r\nContent-Length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let body = if is_bodiless { 0 } else { value.expect("a length").parse::<usize>().expect("a number") };
    (status, &bytes[length + 4..][body..])
}

/// Every file below the served directory, by its content.
static CONTENTS: LazyLock<BTreeSet<Vec<u8>>> = LazyLock::new(|| {
    let (mut contents, mut left) = (BTreeSet::new(), vec![site()]);
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).expect("the fixtures") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { left.push(path) } else { contents.extend(fs::read(path).ok()) }
        }
    }
    contents
});

/// Any target of GET: what is served is a file below the directory or a listing, no redirect leads to another host, and no
/// mistake of the client's is one of the server's.
pub fn path(data: &[u8]) {
    let is_target = |byte: &u8| !matches!(byte, 0..=b' ' | 0x7f);
    let target: Vec<u8> = data.iter().copied().filter(is_target).collect();
    let input = [b"GET /", &*target, b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"].concat();
    for server in &*SERVERS {
        let server = server.lock();
        let answer = server.converse(&[&input]);
        server.clear_requests();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer with a head");
        let (head, body) = (String::from_utf8_lossy(&answer[..end]), &answer[end + 4..]);
        let status = head.split(' ').nth(1).expect("a status");
        assert!(matches!(status, "200" | "204" | "301" | "400" | "404" | "414" | "431"), "{head}");
        if let Some(location) = head.split("\r\nLocation: ").nth(1).and_then(|rest| rest.split("\r\n").next()) {
            assert!(!location.starts_with("//") && !location.starts_with("/\\"), "to another host: {location:?}");
            assert!(location.starts_with('/'), "{location:?}");
        }
        let is_listing = body.starts_with(b"<!DOCTYPE HTML>") && !head.contains("\r\nLast-Modified: ");
        let is_echo =
            target.starts_with(b"echo") || target.contains(&b'%') || target.windows(4).any(|four| four == b"echo");
        assert!(status != "200" || is_listing || CONTENTS.contains(body) || is_echo && body.is_empty(), "{head}");
    }
}
