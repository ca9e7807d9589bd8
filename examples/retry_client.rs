//! Drives a small client that retries through what a broken peer can do to it: each branch of its error handling is reached.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use fixture_server::prelude::*;

/// The client under test: how one attempt went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Nobody listens.
    Refused,
    /// The connection broke before there was an answer.
    Broken,
    /// No answer in time.
    TimedOut,
    /// The answer is not HTTP.
    NotHttp,
    /// The answer began, and its body is not whole.
    Incomplete,
    /// The answer is an error of the server.
    Status(u16),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Error for Trouble {}

struct Client {
    agent: ureq::Agent,
    attempts: u32,
}

impl Client {
    fn new(attempts: u32) -> Client {
        let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_millis(300))).proxy(None);
        // Connections are not kept, so that each attempt meets what was prepared for it.
        let config = config.max_idle_connections(0);
        Client { agent: config.build().into(), attempts }
    }

    fn get(&self, url: &str) -> Result<String, Trouble> {
        self.retry(|| self.agent.get(url).call())
    }

    fn put(&self, url: &str, body: &[u8]) -> Result<String, Trouble> {
        self.retry(|| self.agent.put(url).send(body))
    }

    /// Tries as often as it may: the text, or the trouble of the last attempt.
    fn retry(&self, send: impl Fn() -> Result<Answer, ureq::Error>) -> Result<String, Trouble> {
        let mut last = Trouble::Refused;
        for _ in 0..self.attempts {
            match send().map_err(|error| before_the_body(&error)).and_then(read) {
                Ok(text) => return Ok(text),
                // What the client did wrong is not made right by repeating it.
                Err(Trouble::Status(code)) if code < 500 => return Err(Trouble::Status(code)),
                Err(trouble) => last = trouble,
            }
        }
        Err(last)
    }
}

type Answer = http::Response<ureq::Body>;

fn read(mut answer: Answer) -> Result<String, Trouble> {
    answer.body_mut().read_to_string().map_err(|error| match error {
        ureq::Error::Timeout(_) => Trouble::TimedOut,
        _ => Trouble::Incomplete,
    })
}

fn before_the_body(error: &ureq::Error) -> Trouble {
    match error {
        ureq::Error::StatusCode(code) => Trouble::Status(*code),
        ureq::Error::Timeout(_) => Trouble::TimedOut,
        ureq::Error::ConnectionFailed => Trouble::Refused,
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => Trouble::Refused,
        ureq::Error::Io(_) => Trouble::Broken,
        _ => Trouble::NotHttp,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    each_trouble_is_told_apart()?;
    uploads_meet_trouble_too();
    what_passes_is_survived()?;
    an_outage_of_the_whole_server_is_survived()?;
    Ok(())
}

/// One attempt each: the client must know what happened to it.
fn each_trouble_is_told_apart() -> Result<(), Box<dyn Error>> {
    let hello = || Response::text("hello");
    let cases = [
        ("a reset instead of an answer", Fault::Reset.into_response(), Trouble::Broken),
        ("a close instead of an answer", Fault::Close.into_response(), Trouble::Broken),
        ("a half-close instead of one", Fault::HalfClose.into_response(), Trouble::Broken),
        ("a head that breaks off", hello().fault(Fault::Close.at(Stage::Head(20))), Trouble::Broken),
        ("no answer", Fault::Stall.into_response(), Trouble::TimedOut),
        ("an answer that comes too late", hello().delay(secs(60)), Trouble::TimedOut),
        ("a body that comes too late", hello().delay_body(secs(60)), Trouble::TimedOut),
        ("a trickle", hello().throttle(1), Trouble::TimedOut),
        ("another protocol", Fault::garbage("SSH-2.0-OpenSSH_9.6\r\n").into_response(), Trouble::NotHttp),
        ("a status of four digits", hello().status_line("HTTP/1.1 2000 OK"), Trouble::NotHttp),
        ("an impossible status", hello().status_line("HTTP/1.1 xyz OK"), Trouble::NotHttp),
        ("a body that is cut", hello().cut_after(2, Fault::Close), Trouble::Incomplete),
        ("a body that is reset", hello().cut_after(2, Fault::Reset), Trouble::Incomplete),
        ("two lengths", hello().content_length(5).append_header("Content-Length", 6), Trouble::NotHttp),
        ("a body shorter than it says", hello().content_length(9), Trouble::Incomplete),
        ("a bad chunk", hello().fault(Fault::BadChunkSize.at(Stage::Body(2))), Trouble::Incomplete),
        ("no last chunk", hello().fault(Fault::NoLastChunk), Trouble::Incomplete),
        ("an overloaded server", Response::new(503), Trouble::Status(503)),
        ("nothing of that name", Response::new(404), Trouble::Status(404)),
    ];

    let server = TestServer::builder().transcript(true).start();
    let client = Client::new(1);
    for (what, response, expected) in cases {
        let _rule = server.when(get("/")).respond(response).scoped();
        let seen = client.get(&server.url("/"));
        assert_eq!(seen, Err(expected), "{what}");
        println!("{what:32} {expected}");
    }

    server.stop();
    assert_eq!(client.get(&server.url("/")), Err(Trouble::Refused));
    println!("{:32} {}", "nobody listens", Trouble::Refused);

    let cut = server.requests().into_iter().find(|request| request.bytes_sent() > 0).ok_or("something was sent")?;
    println!("\nfor instance:\n{}", cut.transcript().ok_or("it was asked for")?);
    Ok(())
}

/// More than fits into the buffers of both sides.
const LARGE: usize = 16 * MIB;

/// One attempt each, of a client that sends something.
fn uploads_meet_trouble_too() {
    let (client, body) = (Client::new(1), vec![b'a'; LARGE]);
    let server = TestServer::empty();
    server.on_streaming("PUT", "/too-large", |_, _| 413); // before the first byte of the body
    for (path, fault, expected) in [
        ("/reset", Fault::Reset.at(Stage::RequestBody(100)), Trouble::Broken),
        ("/unread", Fault::Stall.at(Stage::RequestBody(0)), Trouble::TimedOut),
    ] {
        server.when(put(path)).respond(fault);
        assert_eq!(client.put(&server.url(path), &body), Err(expected), "{path}");
    }
    assert_eq!(client.put(&server.url("/too-large"), &body), Err(Trouble::Status(413)));

    let slow = TestServer::builder().throttle_requests(100_000).start(); // bytes per second
    assert_eq!(client.put(&slow.url("/"), &body), Err(Trouble::TimedOut));
}

/// Three attempts: two may fail, in whatever way.
fn what_passes_is_survived() -> Result<(), Box<dyn Error>> {
    let server = TestServer::empty();
    let client = Client::new(3);
    let flaky = server.when(get("/flaky")).respond(sequence([503]).then(Fault::Reset).then("fine"));
    assert_eq!(client.get(&server.url("/flaky"))?, "fine");
    flaky.assert_hits(3);

    // Each second request is reset: a retry is enough.
    server.when(get("/again")).respond(Response::text("whole"));
    let again = server.when(get("/again")).respond(Fault::Reset.every(2));
    for _ in 0..3 {
        assert_eq!(client.get(&server.url("/again"))?, "whole");
    }
    again.remove();

    // One in three, by chance, and by the same chance each time.
    {
        let _lossy = server.fault(Fault::Reset.share(0.3, 42));
        for _ in 0..10 {
            assert_eq!(client.get(&server.url("/again"))?, "whole");
        }
    }

    // What is odd and yet whole is no trouble at all.
    let hello = || Response::text("hello");
    for odd in [
        hello().delay(ms(5)).delay_body(ms(5)),
        hello().fault(Fault::Reset.at(Stage::After)),
        hello().informational(103, &[("Link", "</a.css>; rel=preload")]),
        hello().close(),
    ] {
        let odd = server.when(get("/odd")).respond(odd).scoped();
        assert_eq!(client.get(&server.url("/odd"))?, "hello");
        odd.assert_hits(1);
    }

    // Of a body that is longer than it says, no client can tell.
    server.when(get("/longer")).respond(hello().content_length(2));
    assert_eq!(client.get(&server.url("/longer"))?, "he");

    // Connections that end with their second answer are no trouble either.
    let tired = TestServer::builder().max_requests_per_connection(2).start();
    tired.on("GET", "/", |_| "hello");
    for _ in 0..5 {
        assert_eq!(client.get(&tired.url("/"))?, "hello");
    }

    // What is the client's fault is not tried again.
    let wrong = server.when(get("/wrong")).respond(400);
    assert_eq!(client.get(&server.url("/wrong")), Err(Trouble::Status(400)));
    wrong.assert_hits(1);
    Ok(())
}

/// The server is gone for a while, and the client gives up; then it comes back.
fn an_outage_of_the_whole_server_is_survived() -> Result<(), Box<dyn Error>> {
    let server = TestServer::start("fixtures/site");
    let client = Client::new(2);
    for fault in [Fault::Reset, Fault::Close] {
        for stage in [Stage::Accept, Stage::RequestHead(10), Stage::BeforeHead] {
            let _outage = server.fault(fault.clone().at(stage));
            assert_eq!(client.get(&server.url("/hello.txt")), Err(Trouble::Broken), "{fault:?} {stage:?}");
        }
    }
    {
        let _full = server.refuse_connections();
        assert_eq!(client.get(&server.url("/hello.txt")), Err(Trouble::Refused));
    }
    server.stop();
    assert_eq!(client.get(&server.url("/hello.txt")), Err(Trouble::Refused));
    server.restart();
    assert_eq!(client.get(&server.url("/hello.txt"))?, "Hello, fixture!\n");
    println!("connections: {}", server.connections().len());
    Ok(())
}
