//! The table of the page "Make it fail": each of its lines as it stands there, and what a plain socket sees of it.

mod raw;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use fixture_server::prelude::*;
use rstest::rstest;

use raw::{LIMIT, get_bytes};

const PAGE: &str = include_str!("../src/make_it_fail.md");

/// A client that has waited so long takes it that it is blocked.
const PATIENCE: Duration = Duration::from_millis(60);

type Client<'c> = &'c mut dyn FnMut(&TestServer);

/// A line of the page, and what lets a client meet a server that it was run on.
struct Row {
    line: &'static str,
    meet: fn(Client<'_>),
}

macro_rules! row {
    ($server:ident, $($line:tt)*) => {
        Row {
            line: stringify!($($line)*),
            meet: |client| {
                let $server = TestServer::empty();
                let _ = &$server; // some lines make their own
                $($line)*
                client(&$server);
            },
        }
    };
}

impl Row {
    /// What this client gets of the server while the line is in force. The page must have the line.
    #[track_caller]
    fn seen_by<T>(&self, client: impl Fn(&TestServer) -> T) -> T {
        let without_blanks = |text: &str| text.replace(char::is_whitespace, "");
        let line = without_blanks(self.line.trim_end_matches(';'));
        let on_page = without_blanks(PAGE);
        assert!(
            on_page.contains(&format!("`{line}`")) || on_page.contains(&format!("`{line};`")),
            "not on the page: {}",
            self.line
        );
        let mut seen = None;
        (self.meet)(&mut |server| seen = Some(client(server)));
        seen.expect("the client is called")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// There is no connection.
    Refused,
    Closed,
    Reset,
    /// `write` blocks.
    NotRead,
    /// `read` blocks.
    NotAnswered,
}

fn end_of(kind: ErrorKind, blocked: End) -> End {
    match kind {
        ErrorKind::ConnectionRefused => End::Refused,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => End::Reset,
        ErrorKind::WouldBlock | ErrorKind::TimedOut => blocked,
        kind => panic!("{kind:?}"),
    }
}

/// Sends all of it and reads to the end: the text, without the fields that are of no interest, and the end.
fn exchange(server: &TestServer, request: &str, patience: Duration) -> (String, End) {
    let mut stream = match TcpStream::connect(server.addr()) {
        Ok(stream) => stream,
        Err(error) => return (String::new(), end_of(error.kind(), End::NotAnswered)),
    };
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.set_write_timeout(Some(patience)).unwrap();
    if let Err(error) = stream.write_all(request.as_bytes()) {
        return (String::new(), end_of(error.kind(), End::NotRead));
    }
    let mut bytes = Vec::new();
    let end =
        stream.read_to_end(&mut bytes).map_or_else(|error| end_of(error.kind(), End::NotAnswered), |_| End::Closed);
    let mut text = String::from_utf8(bytes).unwrap().replace("Content-Type: text/plain; charset=utf-8\r\n", "");
    while let Some(start) = text.find("Date: ") {
        let length = text[start..].find("\r\n").expect("a whole field") + 2;
        text.replace_range(start..start + length, "");
    }
    (text, end)
}

fn upload(length: usize) -> String {
    format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length))
}

#[rstest]
#[case::nobody_listens(row!(server, server.stop();), "", End::Refused)]
#[case::new_connections_are_refused(row!(server, let _full = server.refuse_connections();), "", End::Refused)]
#[case::reset_as_it_is_connected(row!(server, let _down = server.fault(Fault::Reset.at(Stage::Accept));), "", End::Reset)]
#[case::closed_as_it_is_connected(row!(server, let _down = server.fault(Fault::Close.at(Stage::Accept));), "", End::Closed)]
#[case::reset(row!(server, server.when(get("/")).respond(Fault::Reset);), "", End::Reset)]
#[case::close(row!(server, server.when(get("/")).respond(Fault::Close);), "", End::Closed)]
#[case::not_http(
    row!(server, server.when(get("/")).respond(Fault::garbage("SSH-2.0-OpenSSH_9.6\r\n"));),
    "SSH-2.0-OpenSSH_9.6\r\n", End::Closed
)]
#[case::status_line(
    row!(server, server.when(get("/")).respond(Response::text("hi").status_line("HTTP/1.1 2000 OK"));),
    "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", End::Closed
)]
#[case::head_breaks_off(
    row!(server, server.when(get("/")).respond(Response::text("hi").fault(Fault::Close.at(Stage::Head(20))));),
    "HTTP/1.1 200 OK\r\nCon", End::Closed
)]
#[case::body_breaks_off(
    row!(server, server.when(get("/")).respond(Response::text("hello").cut_after(2, Fault::Close));),
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhe", End::Closed
)]
#[case::body_is_reset(
    row!(server, server.when(get("/")).respond(Response::text("hello").cut_after(2, Fault::Reset));),
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhe", End::Reset
)]
#[case::body_is_longer(
    row!(server, server.when(get("/")).respond(Response::text("hello").content_length(2));),
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhello", End::Closed
)]
#[case::body_is_shorter(
    row!(server, server.when(get("/")).respond(Response::text("hello").content_length(9));),
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhello", End::Closed
)]
#[case::two_lengths(
    row!(server,
        server.when(get("/")).respond(Response::text("hello").content_length(5).append_header("Content-Length", 6));
    ),
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello", End::Closed
)]
#[case::bad_chunk_size(
    row!(server,
        server.when(get("/")).respond(Response::text("hello").fault(Fault::BadChunkSize.at(Stage::Body(2))));
    ),
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhe\r\nZZ\r\n", End::Closed
)]
#[case::no_last_chunk(
    row!(server, server.when(get("/")).respond(Response::text("hello").fault(Fault::NoLastChunk));),
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n", End::Closed
)]
#[case::reset_afterwards(
    row!(server, server.when(get("/")).respond(Response::text("hello").fault(Fault::Reset.at(Stage::After)));),
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", End::Reset
)]
#[case::interim_response(
    row!(server,
        server.when(get("/")).respond(Response::text("hi").informational(103, &[("Link", "</a.css>; rel=preload")]));
    ),
    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n\
     HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
    End::Closed
)]
fn an_answer_goes_wrong(#[case] row: Row, #[case] text: &str, #[case] end: End) {
    assert_eq!(row.seen_by(|server| exchange(server, &get_bytes("/"), LIMIT)), (text.to_owned(), end));
}

#[rstest]
#[case::never(row!(server, server.when(get("/")).respond(Fault::Stall);), "")]
#[case::late(row!(server, server.when(get("/")).respond(Response::text("hello").delay(secs(2)));), "")]
#[case::body_late(
    row!(server, server.when(get("/")).respond(Response::text("hello").delay_body(secs(2)));),
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
)]
#[case::trickle(
    row!(server, server.when(get("/")).respond(Response::text("hello").throttle(1));),
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nh"
)]
fn an_answer_is_waited_for(#[case] row: Row, #[case] text: &str) {
    let expected = (text.to_owned(), End::NotAnswered);
    assert_eq!(row.seen_by(|server| exchange(server, &get_bytes("/"), PATIENCE)), expected);
}

#[test]
fn an_upload_is_reset() {
    let row = row!(server, server.when(post("/")).respond(Fault::Reset.at(Stage::RequestBody(100))););
    for length in [200, 8 << 20] {
        assert_eq!(row.seen_by(|server| exchange(server, &upload(length), LIMIT)), (String::new(), End::Reset));
    }
}

#[rstest]
#[case::never(row!(server, server.when(post("/")).respond(Fault::Stall.at(Stage::RequestBody(0)));))]
#[case::slowly(row!(server, let server = TestServer::builder().throttle_requests(1_000).start();))]
fn an_upload_is_not_read(#[case] row: Row) {
    let more_than_buffers_hold = upload(32 << 20);
    let seen = row.seen_by(|server| exchange(server, &more_than_buffers_hold, PATIENCE));
    assert_eq!(seen, (String::new(), End::NotRead));
    let seen = row.seen_by(|server| exchange(server, &upload(10_000), PATIENCE));
    assert_eq!(seen, (String::new(), End::NotAnswered), "a small one is in the buffers");
}

#[test]
fn requests_go_wrong_in_turn() {
    let outcomes = |row: Row, requests: usize| {
        row.seen_by(|server| {
            let client = raw::client();
            let statuses =
                (0..requests).map(|_| client.get(server.url("/")).call().map_or(0, |answer| answer.status().as_u16()));
            statuses.collect::<Vec<_>>()
        })
    };
    let busy = row!(server, server.when(get("/")).respond(sequence([503, 503]).then("fine").then_repeat_last()););
    assert_eq!(outcomes(busy, 4), [503, 503, 200, 200]);
    let third = row!(server, server.when(get("/")).respond(Response::text("fine").fault(Fault::Reset.every(3))););
    assert_eq!(outcomes(third, 6), [200, 200, 0, 200, 200, 0]);
    let by_chance = || {
        let row =
            row!(server, server.when(get("/")).respond(Response::text("fine").fault(Fault::Reset.share(0.1, 42))););
        outcomes(row, 40)
    };
    let first = by_chance();
    let struck = first.iter().filter(|status| **status == 0).count();
    assert!((1..=12).contains(&struck), "{struck} of 40");
    assert_eq!(by_chance(), first);
}

#[rstest]
#[case::after_two(row!(server, let server = TestServer::builder().max_requests_per_connection(2).start();), 404, [false, true])]
#[case::at_once(row!(server, server.when(get("/")).respond(Response::text("hi").close());), 200, [true, true])]
fn connections_end(#[case] row: Row, #[case] status: u16, #[case] closes: [bool; 2]) {
    let (seen, connections) = row.seen_by(|server| {
        let client = raw::client();
        let seen = [(); 2].map(|()| {
            let mut answer = client.get(server.url("/")).call().unwrap();
            answer.body_mut().read_to_string().unwrap();
            (answer.status().as_u16(), answer.headers().get("connection").is_some_and(|value| value == "close"))
        });
        (seen, server.connections().len())
    });
    assert_eq!(seen, closes.map(|closes| (status, closes)));
    assert_eq!(connections, if closes[0] { 2 } else { 1 });
}
