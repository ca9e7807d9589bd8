//! What crosses the wire, end to end: raw bytes to a server and back.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use fixture_server::prelude::*;
use fixture_server::{Ended, Protocol, Route};
use rstest::rstest;

/// A client that sends exactly what it is told to.
struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// One answer, split where it must be.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Client {
    fn connect(server: &TestServer) -> Client {
        let stream = TcpStream::connect(server.addr()).unwrap();
        // Only against hanging.
        stream.set_read_timeout(Some(secs(20))).unwrap();
        stream.set_write_timeout(Some(secs(20))).unwrap();
        Client { stream, unread: Vec::new() }
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Client {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Reads more; whether there was more.
    fn read_on(&mut self) -> bool {
        let mut buffer = [0; 16 << 10];
        let length = self.stream.read(&mut buffer).expect("an answer, or an orderly end");
        self.unread.extend_from_slice(&buffer[..length]);
        length > 0
    }

    /// The next answer without its body.
    #[track_caller]
    fn head(&mut self) -> Answer {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.read_on(), "the end came before an answer: {:?}", String::from_utf8_lossy(&self.unread));
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        assert!(status < 200 || head.contains("\r\nDate: "), "no Date in {head:?}");
        Answer { status, head, body: Vec::new() }
    }

    /// The next answer with its body, which has a length.
    #[track_caller]
    fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        let length = answer.field("Content-Length").map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            assert!(self.read_on(), "the end came within a body");
        }
        answer.body = self.unread.drain(..length).collect();
        answer
    }

    /// Nothing more comes, and the end is no reset.
    #[track_caller]
    fn expect_end(&mut self) {
        assert!(self.unread.is_empty() && !self.read_on(), "more: {:?}", String::from_utf8_lossy(&self.unread));
    }

    /// The connection is good for another request.
    #[track_caller]
    fn expect_alive(&mut self) {
        assert!(self.unread.is_empty());
        self.send("GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(self.answer().text(), "GET /alive ");
        self.expect_end();
    }
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Answers everything with what it was asked.
fn echo(server: TestServer) -> TestServer {
    server
        .when(any())
        .respond_with(|request| format!("{} {} {}", request.method(), request.path(), request.body_text()));
    server
}

#[rstest]
#[case::http_1_1("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
#[case::http_1_1_that_closes("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", false)]
#[case::http_1_0("GET / HTTP/1.0\r\n\r\n", false)]
#[case::http_1_0_that_keeps_alive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true)]
#[case::with_empty_lines_before("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
#[case::with_bare_lf("GET / HTTP/1.1\nHost: a\n\n", true)]
fn a_connection_stays_open_if_the_client_wants_it(#[case] request: &str, #[case] stays: bool) {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    client.send(request);
    let answer = client.answer();
    assert_eq!((answer.status, answer.text().as_str()), (200, "GET / "));
    assert_eq!(answer.field("Connection") == Some("close"), !stays);
    if stays {
        client.expect_alive();
    } else {
        client.expect_end();
    }
    let ended = if stays { Ended::KeptOpen } else { Ended::ClosedByServer };
    assert_eq!(server.requests()[0].ended(), Some(ended));
}

#[rstest]
#[case::without_keep_alive(TestServer::builder().keep_alive(false), "HTTP/1.1")]
#[case::of_http_1_0(TestServer::builder().protocol(Protocol::Http10), "HTTP/1.0")]
fn a_server_that_closes_says_so(#[case] builder: fixture_server::Builder, #[case] version: &str) {
    let server = echo(builder.start());
    let mut client = Client::connect(&server);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    let answer = client.answer();
    assert!(answer.head.starts_with(version), "{}", answer.head);
    assert_eq!(answer.field("Connection"), Some("close"));
    client.expect_end();
}

#[rstest]
#[case::counted("Content-Length: 5\r\n\r\nhello", None)]
#[case::chunked("Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n", Some(&[2, 3][..]))]
fn a_body_is_decoded_and_the_connection_goes_on_behind_it(#[case] rest: &str, #[case] sizes: Option<&[usize]>) {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    client.send(format!("POST /p HTTP/1.1\r\nHost: a\r\n{rest}"));
    assert_eq!(client.answer().text(), "POST /p hello");
    client.expect_alive();
    let request = &server.requests()[0];
    assert_eq!((request.body(), request.chunk_sizes()), (&b"hello"[..], sizes));
    assert_eq!(request.trailers().len(), usize::from(sizes.is_some()));
}

#[test]
fn to_head_only_the_head_is_sent() {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    client.send("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.head();
    assert_eq!((answer.status, answer.field("Content-Length")), (200, Some("8")));
    client.expect_alive();
}

#[rstest]
#[case::absolute_form("GET http://a:80/x%20y?q HTTP/1.1\r\nHost: a:80\r\n\r\n", "GET /x y ")]
#[case::absolute_form_without_a_path("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "GET / ")]
#[case::asterisk_form("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * ")]
fn every_form_of_target_is_understood(#[case] request: &str, #[case] expected: &str) {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    client.send(request);
    assert_eq!(client.answer().text(), expected);
    client.expect_alive();
}

#[test]
fn statuses_without_a_body_leave_the_connection_in_order() {
    let server = echo(TestServer::empty());
    server.on("GET", "/204", |_| (204, "nothing of this"));
    server.on("GET", "/304", |_| (304, "nor of this"));
    let mut client = Client::connect(&server);
    for status in [204, 304] {
        client.send(format!("GET /{status} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let answer = client.head();
        assert_eq!((answer.status, answer.field("Content-Length")), (status, None));
    }
    client.expect_alive();
}

#[test]
fn a_client_that_waits_for_leave_is_told_to_go_on() {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(client.head().status, 100);
    // It is not asked before its body is there.
    assert!(server.requests().is_empty());
    client.send("ok");
    assert_eq!(client.answer().text(), "PUT / ok");
    client.expect_alive();
}

#[test]
fn a_client_that_waits_for_leave_is_refused_before_it_sends_too_much() {
    let server = echo(TestServer::builder().max_body(10).start());
    let mut client = Client::connect(&server);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    assert_eq!(client.answer().status, 413);
    client.stream.shutdown(Shutdown::Write).unwrap();
    client.expect_end();
}

#[test]
fn a_thousand_pipelined_requests_are_answered_in_order() {
    let server = TestServer::empty();
    server.on("GET", "/{n}", |request| request.param("n").to_owned());
    let mut client = Client::connect(&server);
    let requests: Vec<String> = (0..1_000).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    client.send(requests.concat());
    for n in 0..1_000 {
        assert_eq!(client.answer().text(), n.to_string());
    }
    let requests = server.requests();
    assert!(requests.iter().enumerate().all(|(n, request)| request.number_on_connection() == n + 1));
    assert_eq!(requests.len(), 1_000);
}

#[test]
fn good_requests_before_a_bad_one_are_answered() {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    let good = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
    client.send(format!("{good}GET /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(client.answer().text(), "GET /1 ");
    assert_eq!(client.answer().text(), "PUT /2 x");
    assert_eq!(client.answer().status, 400);
    client.stream.shutdown(Shutdown::Write).unwrap();
    client.expect_end();
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_client_that_closes_its_side_gets_all_its_answers() {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20));
    client.stream.shutdown(Shutdown::Write).unwrap();
    for _ in 0..20 {
        assert_eq!(client.answer().text(), "GET /1 ");
    }
    client.expect_end();
}

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

#[rstest]
#[case::a_bad_request_line("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line")]
#[case::an_unknown_version("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "the version is not one")]
#[case::no_host("GET / HTTP/1.1\r\n\r\n", 400, "Host")]
#[case::two_hosts("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "Host")]
#[case::a_folded_field("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400, "folded")]
#[case::a_blank_before_a_colon("GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n", 400, "colon")]
#[case::a_bare_cr("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, "CR")]
#[case::two_lengths(
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    400,
    "Content-Length"
)]
#[case::length_and_chunks(
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
    "both"
)]
#[case::chunked_not_last("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, x\r\n\r\n", 400, "chunked")]
#[case::another_coding("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "coding")]
#[case::chunks_of_http_1_0("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "HTTP/1.0")]
#[case::a_bad_chunk("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "chunk")]
#[case::a_bad_trailer("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n:\r\n\r\n", 400, "trailer")]
#[case::a_tls_handshake("\x16\x03\x01\x02\x00\x01\x00\x01", 400, "TLS")]
#[case::a_body_announced_too_large("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413, "max_body")]
#[case::chunks_too_large("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", 413, "max_body")]
fn a_bad_request_is_refused_recorded_and_never_followed_by_another(
    #[case] request: &str,
    #[case] status: u16,
    #[case] why: &str,
) {
    let server = echo(TestServer::builder().max_body(100).start());
    let mut client = Client::connect(&server);
    client.send(format!("{request}{SMUGGLED}"));
    let answer = client.answer();
    assert_eq!((answer.status, answer.field("Connection")), (status, Some("close")));
    assert!(answer.text().contains(why), "{}", answer.text());
    client.stream.shutdown(Shutdown::Write).unwrap();
    client.expect_end();

    let requests = server.requests();
    let [recorded] = &requests[..] else { panic!("{requests:?}") };
    assert!(recorded.refusal().is_some_and(|refusal| refusal.contains(why)), "{recorded:?}");
    assert_eq!(recorded.response_status().map(|status| status.as_u16()), Some(status));
    assert_eq!((recorded.route(), recorded.ended()), (Route::Refused, Some(Ended::Refused)));
    // As much of the head as there is, byte for byte.
    let head = request.find("\r\n\r\n").map_or(request.len(), |at| at + 4);
    assert!(recorded.raw_head().starts_with(&request.as_bytes()[..head]), "{:?}", recorded.raw_head());
    server.verify();
}

#[test]
fn heads_and_targets_over_their_limits_are_refused() {
    let server = echo(TestServer::empty());
    let field = format!("X: {}\r\n", "x".repeat(1_000));
    let many = "X: y\r\n".repeat(1_000);
    for (head, status) in [
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(64 << 10)), 414),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", field.repeat(70)), 431),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431),
    ] {
        let mut client = Client::connect(&server);
        client.send(head);
        assert_eq!(client.answer().status, status);
        client.stream.shutdown(Shutdown::Write).unwrap();
        client.expect_end();
    }
    let mut client = Client::connect(&server);
    client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(999)));
    assert_eq!(client.answer().status, 200);
    client.expect_alive();
}

#[rstest]
#[case::an_announced_body("Content-Length: 1048576\r\n\r\n", 413)]
#[case::a_chunked_body("Transfer-Encoding: chunked\r\n\r\n100000\r\n", 413)]
#[case::a_bad_head("Content-Length: 1048576\r\nContent-Length: 1\r\n\r\n", 400)]
fn a_refusal_survives_an_upload_in_flight(#[case] rest: &str, #[case] status: u16) {
    let server = echo(TestServer::builder().max_body(1_000).start());
    for along in [0, 1 << 20] {
        let mut client = Client::connect(&server);
        // With the head alone the refusal is on its way before the upload is.
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{rest}{}", "x".repeat(along)));
        if along == 0 {
            assert!(client.read_on());
            client.send(vec![b'x'; 1 << 20]);
        }
        assert_eq!(client.answer().status, status);
        client.stream.shutdown(Shutdown::Write).unwrap();
        client.expect_end();
    }
    assert_eq!(server.requests().len(), 2);
}

#[rstest]
#[case::a_head("GET / HT", Some(408))]
#[case::a_body("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx", Some(408))]
#[case::nothing("", None)]
fn what_does_not_arrive_in_time_is_ended(#[case] sent: &str, #[case] status: Option<u16>) {
    let server = echo(TestServer::builder().read_timeout(ms(30)).start());
    let mut client = Client::connect(&server);
    client.send(sent);
    if let Some(status) = status {
        assert_eq!(client.answer().status, status);
    }
    client.expect_end();
    assert_eq!(server.requests().len(), usize::from(status.is_some()));
}

#[test]
fn an_upload_that_breaks_off_is_answered_and_recorded() {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    client.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.answer().status, 400);
    client.expect_end();
    let request = &server.requests()[0];
    assert_eq!((request.body(), request.method()), (&b"half"[..], "PUT"));
    assert!(request.refusal().is_some_and(|refusal| refusal.contains("ended inside the body")));
}

#[test]
fn a_request_may_trickle_in_byte_by_byte() {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    client.stream.set_nodelay(true).unwrap();
    for byte in "PUT /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".bytes() {
        client.send([byte]);
    }
    assert_eq!(client.answer().text(), "PUT /slow ok");
    client.expect_alive();
}

#[test]
fn a_stopped_server_ends_its_connections() {
    let server = echo(TestServer::empty());
    let mut client = Client::connect(&server);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer();
    server.stop();
    match client.stream.read(&mut [0; 1]) {
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_that_arrive_while_the_handler_runs_do_not_cost_a_closing_connection_its_answer() {
    let server = TestServer::empty();
    let (arrived, wait) = std::sync::mpsc::channel();
    let wait = std::sync::Mutex::new(wait);
    server.on("GET", "/", move |_| {
        wait.lock().unwrap().recv().unwrap();
        vec![b'x'; 300_000]
    });
    let mut client = Client::connect(&server);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    while server.requests().is_empty() {
        std::thread::yield_now();
    }
    client.send("\r\n");
    arrived.send(()).unwrap();
    let mut answer = Vec::new();
    client.stream.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&vec![b'x'; 300_000]));
}

#[test]
fn a_timeout_beyond_what_the_clock_can_tell_is_no_timeout() {
    let server = TestServer::builder().read_timeout(std::time::Duration::MAX).start();
    server.on("GET", "/", |_| "hello");
    let mut client = Client::connect(&server);
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer().body, b"hello");
    }
}

#[test]
fn a_client_that_always_has_another_request_does_not_keep_others_waiting() {
    let server = TestServer::empty();
    server.on("GET", "/", |_| 204);
    let mut greedy = Client::connect(&server);
    let mut reading = greedy.stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        let requests = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
        // Until the server is gone.
        while greedy.stream.write_all(requests.as_bytes()).is_ok() {}
    });
    let reader = std::thread::spawn(move || while reading.read(&mut [0; 16 << 10]).is_ok_and(|length| length > 0) {});
    let mut other = Client::connect(&server);
    for _ in 0..20 {
        other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(other.head().status, 204);
    }
    drop(server);
    writer.join().unwrap();
    reader.join().unwrap();
}
