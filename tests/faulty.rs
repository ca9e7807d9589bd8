//! Faults as a client sees them: the bytes that arrive, and how the connection ends.

mod raw;

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use fixture_server::{Ended, FaultAt, RecordedRequest, Responder, prelude::*};
use rstest::rstest;

use raw::{LIMIT, Raw, Test, eventually, get_text};

/// A client that has waited so long takes it that nothing more comes.
const PATIENCE: Duration = Duration::from_millis(60);

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// How a connection ended for its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
    /// It is still open.
    Silence,
}

/// Sends these bytes and reads until the connection ends as expected, or, where it is to stay open, until all that was awaited
/// is there and nothing follows.
fn seen(raw: &mut Raw, sent: impl AsRef<[u8]>, end: End, is_all: impl Fn(&str) -> bool) -> io::Result<(String, End)> {
    raw.send(sent)?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    let end = loop {
        let awaits_nothing = end == End::Silence && is_all(&String::from_utf8_lossy(&bytes));
        raw.stream.set_read_timeout(Some(if awaits_nothing { PATIENCE } else { LIMIT }))?;
        match raw.stream.read(&mut buffer) {
            Ok(0) => break End::Closed,
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break End::Reset,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break End::Silence,
            Err(error) => return Err(error),
        }
    };
    Ok((String::from_utf8_lossy(&bytes).into_owned(), end))
}

/// All that comes for a GET on its own connection, and how that ends.
#[track_caller]
fn assert_got(server: &TestServer, bytes: &str, end: End) {
    let got = Raw::connect(server).and_then(|mut raw| seen(&mut raw, GET, end, |text| text == bytes)).unwrap();
    assert_eq!(got, (bytes.to_owned(), end));
}

/// The same behind the head, which is told.
#[track_caller]
fn assert_body(server: &TestServer, body: &str, end: End) -> String {
    let is_all = |text: &str| text.split_once("\r\n\r\n").is_some_and(|(_, rest)| rest == body);
    let (text, ended) = Raw::connect(server).and_then(|mut raw| seen(&mut raw, GET, end, is_all)).unwrap();
    let (head, rest) = text.split_once("\r\n\r\n").expect("a head");
    assert_eq!((rest, ended), (body, end));
    head.to_owned()
}

/// A server whose one rule answers like this.
fn answering(answer: impl Responder) -> TestServer {
    let server = TestServer::empty();
    server.when(any()).respond(answer);
    server
}

#[rstest]
#[case::reset(Fault::Reset, "", End::Reset)]
#[case::close(Fault::Close, "", End::Closed)]
#[case::half_close(Fault::HalfClose, "", End::Closed)]
#[case::stall(Fault::Stall, "", End::Silence)]
#[case::garbage(Fault::garbage("no HTTP"), "no HTTP", End::Closed)]
fn a_fault_takes_the_place_of_a_response(#[case] fault: Fault, #[case] bytes: &str, #[case] end: End) {
    assert_got(&answering(fault.clone()), bytes, end);
    assert_got(&answering(Response::text("hello").fault(fault.clone())), bytes, end);
    let server = TestServer::empty();
    server.on("GET", "/", move |_| fault.clone());
    assert_got(&server, bytes, end);
}

#[rstest]
#[case::bad_chunk_size(Fault::BadChunkSize, "ZZ\r\n")]
#[case::no_last_chunk(Fault::NoLastChunk, "")]
fn a_fault_of_chunks_alone_is_that_of_an_empty_body(#[case] fault: Fault, #[case] body: &str) {
    let head = assert_body(&answering(fault), body, End::Closed);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("\r\nTransfer-Encoding: chunked") && !head.contains("Content-Length"), "{head}");
}

#[rstest]
#[case::reset(Fault::Reset, "", End::Reset)]
#[case::close(Fault::Close, "", End::Closed)]
#[case::half_close(Fault::HalfClose, "", End::Closed)]
#[case::stall(Fault::Stall, "", End::Silence)]
#[case::garbage(Fault::garbage("XY"), "XY", End::Closed)]
fn a_fault_happens_at_its_moment_of_a_response(#[case] fault: Fault, #[case] more: &str, #[case] end: End) {
    let at = |stage| answering(Response::text("hello").fault(fault.clone().at(stage)));
    assert_got(&at(Stage::Head(0)), more, end);
    assert_got(&at(Stage::Head(9)), &format!("HTTP/1.1 {more}"), end);
    assert_body(&at(Stage::Head(100_000)), more, end);
    assert_body(&at(Stage::Body(0)), more, end);
    assert_body(&at(Stage::Body(2)), &format!("he{more}"), end);
    assert_body(&at(Stage::Body(100)), &format!("hello{more}"), end);
    assert_body(&at(Stage::After), &format!("hello{more}"), end);
}

#[rstest]
#[case::bad_size(Fault::BadChunkSize.at(Stage::Body(2)), "2\r\nhe\r\nZZ\r\n")]
#[case::bad_size_instead_of_the_body(Fault::BadChunkSize.into(), "ZZ\r\n")]
#[case::no_last_chunk(Fault::NoLastChunk.into(), "5\r\nhello\r\n")]
#[case::no_last_chunk_in_the_middle(Fault::NoLastChunk.at(Stage::Body(2)), "2\r\nhe\r\n")]
fn a_body_is_chunked_for_a_fault_of_chunks(#[case] fault: FaultAt, #[case] expected: &str) {
    let head = assert_body(&answering(Response::text("hello").fault(fault)), expected, End::Closed);
    assert!(head.contains("\r\nTransfer-Encoding: chunked") && !head.contains("Content-Length"), "{head}");
}

#[test]
fn a_cut_is_a_fault_in_the_body() {
    assert_body(&answering(Response::text("hello").cut_after(3, Fault::Reset)), "hel", End::Reset);
}

#[test]
fn of_several_faults_the_one_that_comes_first_in_the_response_ends_it() {
    let response = Response::text("hello").fault(Fault::Reset.at(Stage::After)).cut_after(1, Fault::garbage("XY"));
    assert_body(&answering(response), "hXY", End::Closed);
}

#[test]
fn a_fault_of_a_response_spares_the_requests_that_it_does_not_strike() {
    let server = answering(Response::text("hello").fault(Fault::Reset.at(Stage::Body(2)).every(3)));
    let outcomes = (0..6).map(|_| get_text(&server, "/").is_ok()).collect::<Vec<_>>();
    assert_eq!(outcomes, [true, true, false, true, true, false]);
    eventually("all have ended", || server.requests().iter().all(|request| request.ended().is_some()));
    assert_eq!(server.requests().iter().filter(|request| request.ended() == Some(Ended::Fault)).count(), 2);
}

#[test]
fn a_fault_is_recorded_with_what_was_sent_before_it() {
    let server = TestServer::empty();
    server.when(get("/alone")).respond(Fault::Close);
    server.when(get("/cut")).respond(Response::text("hello").cut_after(2, Fault::Close));
    let lengths = ["/alone", "/cut"].map(|path| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        Raw::connect(&server)
            .and_then(|mut raw| seen(&mut raw, request, End::Closed, |_| true))
            .map_or(0, |(bytes, _)| bytes.len() as u64)
    });
    eventually("both have ended", || server.requests().iter().all(|request| request.ended() == Some(Ended::Fault)));
    let requests = server.requests();
    let statuses: Vec<Option<u16>> =
        requests.iter().map(|request| request.response_status().map(|status| status.as_u16())).collect();
    assert_eq!(statuses, [None, Some(200)]);
    assert_eq!(requests.iter().map(RecordedRequest::bytes_sent).collect::<Vec<_>>(), lengths);
    assert_eq!(lengths[0], 0);
}

#[test]
fn after_a_half_close_the_client_may_go_on_sending() -> Test {
    let server = answering(Fault::HalfClose);
    let mut raw = Raw::connect(&server)?;
    assert_eq!(seen(&mut raw, GET, End::Closed, |_| true)?, (String::new(), End::Closed));
    for _ in 0..64 {
        raw.send(vec![b'x'; 64 << 10])?;
    }
    raw.stream.shutdown(Shutdown::Write)?;
    eventually("the request has ended", || server.requests()[0].ended() == Some(Ended::Fault));
    assert_eq!(server.requests().len(), 1, "what came later was no request");
    Ok(())
}

#[test]
fn where_a_server_stalls_an_upload_comes_to_a_stop() -> Test {
    /// More than buffers of any system hold.
    const MANY: usize = 1 << 10;
    let server = answering(Fault::Stall.at(Stage::RequestBody(10)));
    let mut raw = Raw::connect(&server)?;
    raw.send(b"PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n")?;
    raw.stream.set_write_timeout(Some(PATIENCE))?;
    let piece = vec![b'x'; 256 << 10];
    let stopped = (0..MANY).find_map(|_| raw.stream.write_all(&piece).err());
    let kind = stopped.map(|error| error.kind());
    assert!(matches!(kind, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{kind:?}");
    Ok(())
}

#[rstest]
#[case::reset(Fault::Reset, End::Reset)]
#[case::close(Fault::Close, End::Closed)]
#[case::stall(Fault::Stall, End::Silence)]
fn a_rule_strikes_while_the_body_of_a_request_arrives(#[case] fault: Fault, #[case] end: End) -> Test {
    let server = TestServer::empty();
    let rule = server.when(put("/")).respond(fault.at(Stage::RequestBody(10)));
    let mut raw = Raw::connect(&server)?;
    let unfinished = "PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n0123456789";
    assert_eq!(seen(&mut raw, unfinished, end, |_| true)?, (String::new(), end));
    drop(raw);
    eventually("the request has ended", || {
        server.requests().iter().any(|request| request.ended() == Some(Ended::Fault))
    });
    rule.assert_hits(1);
    Ok(())
}

#[test]
fn a_rule_that_strikes_in_a_body_answers_those_alone_that_it_strikes() -> Test {
    let server = TestServer::empty();
    server.on("PUT", "/", |_| "hello");
    let rule = server.when(put("/")).respond(Fault::Close.at(Stage::RequestBody(2)).every(2));
    let put = "PUT / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
    let bodies = (0..4).map(|_| {
        let (bytes, _) = seen(&mut Raw::connect(&server)?, put, End::Closed, |_| true)?;
        Ok(bytes.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()))
    });
    let hello = Some("hello".to_owned());
    assert_eq!(bodies.collect::<io::Result<Vec<_>>>()?, [hello.clone(), None, hello, None]);
    rule.assert_hits(2);
    Ok(())
}

#[test]
fn a_status_line_goes_out_as_given() -> Test {
    let server = answering(Response::text("hello").close().status_line(b"HTTP/9 \xff"));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    assert!(raw.rest()?.starts_with(b"HTTP/9 \xff\r\nContent-Type: text/plain"));
    Ok(())
}

#[rstest]
#[case::longer(999)]
#[case::shorter(2)]
fn an_announced_length_goes_out_as_given_and_the_whole_body_follows(#[case] announced: u64) {
    let head = assert_body(&answering(Response::text("hello").content_length(announced)), "hello", End::Closed);
    assert!(head.contains(&format!("\r\nContent-Length: {announced}")), "{head}");
}

#[test]
fn interim_responses_go_first_and_are_not_counted() -> Test {
    let response = Response::text("hello").close().informational(103, &[("Link", "</a>"), ("link", "</b>")]);
    let server = answering(response.informational(102, &[]));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    let bytes = String::from_utf8(raw.rest()?)?;
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
    let rest = bytes.strip_prefix(interim).unwrap_or_default();
    assert!(rest.starts_with("HTTP/1.1 200 OK\r\n") && rest.ends_with("hello"), "{bytes}");
    eventually("it has ended", || server.requests()[0].ended().is_some());
    assert_eq!(server.requests()[0].bytes_sent(), rest.len() as u64);
    Ok(())
}

#[test]
fn interim_responses_go_out_even_if_a_fault_takes_the_place_of_the_final_one() {
    let server = answering(Response::text("hello").informational(103, &[]).fault(Fault::Reset));
    assert_got(&server, "HTTP/1.1 103 Early Hints\r\n\r\n", End::Reset);
}
