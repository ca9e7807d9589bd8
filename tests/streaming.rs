//! Bodies in motion: responses that closures write while they are sent, and requests whose handlers read while they arrive.

mod raw;

use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use fixture_server::{BodyReader, Ended, prelude::*};
use rstest::rstest;
use socket2::SockRef;

use raw::{LIMIT, Raw, Test, client, eventually, exchange, get_bytes};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// The head of a POST to `/up` with these fields.
fn post_head(fields: &str) -> String {
    format!("POST /up HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n")
}

fn chunked_head() -> String {
    post_head("Transfer-Encoding: chunked")
}

/// Chunks as they stand on the wire; without the last, if there is none.
fn wire(chunks: &[&str], is_whole: bool) -> String {
    let framed: Vec<String> = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
    framed.concat() + if is_whole { "0\r\n\r\n" } else { "" }
}

/// What comes on a connection until the server closes it.
fn body_of(server: &TestServer) -> io::Result<String> {
    Ok(exchange(server, get_bytes("/"))?.text())
}

/// Reads so many bytes.
fn take(raw: &mut Raw, length: usize) -> io::Result<String> {
    let mut bytes = vec![0; length];
    raw.stream.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a head, and nothing of what follows it.
fn take_head(raw: &mut Raw) -> io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head += &take(raw, 1)?;
    }
    Ok(head)
}

fn reset(raw: Raw) -> io::Result<()> {
    SockRef::from(&raw.stream).set_linger(Some(Duration::ZERO))?;
    drop(raw);
    Ok(())
}

/// All chunks, one after the other, with bars between them.
fn echoed(body: &mut BodyReader) -> io::Result<String> {
    let mut chunks = Vec::new();
    while let Some(chunk) = body.next_chunk()? {
        chunks.push(String::from_utf8_lossy(&chunk).into_owned());
    }
    Ok(chunks.join("|"))
}

fn echoing() -> TestServer {
    let server = TestServer::empty();
    server.on_streaming("POST", "/up", |_, body| -> HandlerResult<_> { Ok(echoed(body)?) });
    server
}

/// A server whose handler tells of what reading the body came to.
fn telling(server: &TestServer) -> mpsc::Receiver<io::Result<String>> {
    let (tell, told) = mpsc::channel();
    server.on_streaming("POST", "/up", move |_, body| -> HandlerResult<_> {
        let mut got = String::new();
        let result = body.read_to_string(&mut got);
        let passed_on = result.as_ref().map(|_| ()).map_err(io::Error::kind);
        tell.send(result.map(|_| got.clone())).ok();
        passed_on.map_err(io::Error::from)?;
        Ok(got)
    });
    told
}

fn ended(server: &TestServer) -> Option<Ended> {
    server.requests().first().and_then(RecordedRequest::ended)
}

// Responses.

#[rstest]
#[case::stream(
    Response::stream(|out| {
        out.write_all("one")?;
        out.write_all("")?;
        write!(out, "{}-two", 2)?;
        io::Write::write_all(out, b"three")
    }),
    &["one", "2-two", "three"]
)]
#[case::nothing(Response::stream(|_| Ok(())), &[])]
#[case::sse(Response::sse(|out| { out.data("a\nb")?; out.comment("")?; out.send(Event::new("c").id(1)) }), &["data: a\ndata: b\n\n", ":\n\n", "id: 1\ndata: c\n\n"])]
#[case::chunks(Response::new(200).chunks(["hel", "l", "o"]), &["hel", "l", "o"])]
fn chunks_on_the_wire_are_what_was_written(#[case] response: Response, #[case] chunks: &[&str]) -> Test {
    let server = TestServer::empty();
    server.when(get("/")).respond(response);
    assert_eq!(body_of(&server)?, wire(chunks, true));
    Ok(())
}

#[test]
fn a_piece_that_is_longer_than_a_chunk_becomes_several() -> Test {
    let server = TestServer::empty();
    server.when(get("/")).respond(Response::stream(|out| out.write_all(vec![b'x'; (64 << 10) + 1])));
    let (first, second) = ("x".repeat(64 << 10), "x");
    assert_eq!(body_of(&server)?, wire(&[&first, second], true));
    Ok(())
}

#[rstest]
#[case::http_1_0("GET / HTTP/1.0\r\n\r\n", Response::stream(|out| { out.write_all("a")?; out.write_all("b") }))]
#[case::chunks_for_http_1_0("GET / HTTP/1.0\r\n\r\n", Response::new(200).chunks(["a", "b"]))]
#[case::length_of_the_authors(GET, Response::stream(|out| { out.write_all("a")?; out.write_all("b") }).content_length(2))]
#[case::wrong_length_of_the_authors(GET, Response::stream(|out| { out.write_all("a")?; out.write_all("b") }).content_length(5))]
fn who_is_not_sent_chunks_reads_to_the_end_of_the_connection(
    #[case] request: &str,
    #[case] response: Response,
) -> Test {
    let server = TestServer::empty();
    server.when(get("/")).respond(response);
    let answer = exchange(&server, request)?;
    assert_eq!((answer.text().as_str(), answer.field("transfer-encoding")), ("ab", None));
    Ok(())
}

#[test]
fn trailers_follow_a_stream() -> Test {
    let server = TestServer::empty();
    server.when(get("/")).respond(Response::stream(|out| out.write_all("a")).trailer("X-Sum", 1));
    let answer = exchange(&server, get_bytes("/"))?;
    assert_eq!(answer.text(), "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");
    assert_eq!(answer.field("trailer"), Some("X-Sum"));
    Ok(())
}

#[test]
fn a_closure_runs_once_for_each_sending_and_not_for_head() -> Test {
    let server = TestServer::empty();
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = runs.clone();
    let response = Response::stream(move |out| write!(out, "{}", counting.fetch_add(1, SeqCst) + 1));
    server.when(method("GET", "/")).respond(response.clone());
    server.when(method("HEAD", "/")).respond(response);
    let agent = client();
    for run in 1..=3 {
        let head = agent.head(server.url("/")).call()?;
        assert_eq!(head.headers()["transfer-encoding"], "chunked");
        assert_eq!(agent.get(server.url("/")).call()?.body_mut().read_to_string()?, run.to_string());
    }
    assert_eq!(runs.load(SeqCst), 3);
    assert_eq!(server.requests().last().map(RecordedRequest::connection), Some(1), "a stream keeps the connection");
    assert_eq!(server.requests()[1].ended(), Some(Ended::KeptOpen));
    Ok(())
}

#[rstest]
#[case::no_content(204)]
#[case::not_modified(304)]
fn a_closure_does_not_run_where_there_is_no_body(#[case] code: u16) -> Test {
    let server = TestServer::empty();
    server.when(get("/")).respond(Response::stream(|_| panic!("it runs")).status(code));
    assert_eq!(exchange(&server, get_bytes("/"))?.text(), "");
    Ok(())
}

#[test]
fn requests_in_a_row_are_answered_in_a_row() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |request| {
        let hit = request.hit();
        Response::stream(move |out| write!(out, "{hit}"))
    });
    let mut raw = Raw::connect(&server)?;
    raw.send(format!("{GET}{GET}{}", get_bytes("/")))?;
    let got = String::from_utf8(raw.rest()?)?;
    let bodies: Vec<&str> = got.split("\r\n\r\n").filter(|part| part.starts_with("1\r\n")).collect();
    assert_eq!(bodies, ["1\r\n1\r\n0", "1\r\n2\r\n0", "1\r\n3\r\n0"]);
    Ok(())
}

#[test]
fn streams_flow_beside_each_other_and_each_piece_leaves_at_once() -> Test {
    let server = TestServer::empty();
    let gate = Gate::new();
    let held = gate.clone();
    server.when(get("/")).respond(Response::stream(move |out| {
        out.write_all("first")?;
        held.wait();
        out.write_all("second")
    }));
    let mut clients = [Raw::connect(&server)?, Raw::connect(&server)?];
    for raw in &mut clients {
        raw.send(GET)?;
        take_head(raw)?;
        assert_eq!(take(raw, 10)?, "5\r\nfirst\r\n");
    }
    gate.wait_held(2, LIMIT);
    gate.open();
    for raw in &mut clients {
        assert_eq!(take(raw, 16)?, "6\r\nsecond\r\n0\r\n\r\n");
    }
    Ok(())
}

#[test]
fn two_hundred_streams_at_once_all_end() -> Test {
    const STREAMS: usize = 200;
    let server = TestServer::empty();
    let together = Gate::barrier(STREAMS);
    server.when(get("/")).respond(Response::stream(move |out| {
        out.write_all("a")?;
        together.wait();
        out.write_all("b")
    }));
    let mut clients = Vec::new();
    for _ in 0..STREAMS {
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes("/"))?;
        clients.push(raw);
    }
    for mut raw in clients {
        assert!(raw.rest()?.ends_with(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"));
    }
    Ok(())
}

/// A stream of 64 MiB, in pieces of 16 KiB, and how much of it was written.
fn flood(server: &TestServer) -> Arc<AtomicUsize> {
    let written = Arc::new(AtomicUsize::new(0));
    let counting = written.clone();
    server.when(get("/")).respond(Response::stream(move |out| {
        for _ in 0..4 << 10 {
            out.write_all([b'x'; 16 << 10])?;
            counting.fetch_add(16 << 10, SeqCst);
        }
        Ok(())
    }));
    written
}

/// Waits until a number does not change any more.
fn settled(number: &AtomicUsize) -> usize {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let now = number.load(SeqCst);
        if now != last || now == 0 {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() > ms(100) {
            return now;
        }
        thread::yield_now();
    }
}

#[test]
fn a_closure_waits_for_a_client_that_does_not_read() -> Test {
    let server = TestServer::empty();
    let written = flood(&server);
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    let before = settled(&written);
    assert!(before < 32 << 20, "{before} bytes were written to nobody");
    let mut body = raw.rest()?;
    body.retain(|byte| *byte == b'x');
    assert_eq!(body.len(), 64 << 20);
    Ok(())
}

#[test]
fn a_closure_that_waits_for_its_client_learns_that_it_has_gone() -> Test {
    let server = TestServer::empty();
    let (tell, told) = mpsc::channel();
    server.when(get("/")).respond(Response::stream(move |out| {
        loop {
            if let Err(error) = out.write_all([b'x'; 16 << 10]) {
                tell.send((error.kind(), out.is_closed())).ok();
                return Err(error);
            }
        }
    }));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    take_head(&mut raw)?;
    reset(raw)?;
    assert_eq!(told.recv_timeout(LIMIT)?, (ErrorKind::BrokenPipe, true));
    eventually("the end is noted", || ended(&server) == Some(Ended::ClientGone));
    server.verify();
    Ok(())
}

#[test]
fn a_silent_closure_can_ask_whether_its_client_is_there() -> Test {
    let server = TestServer::empty();
    let (tell, told) = mpsc::channel();
    server.when(get("/")).respond(Response::stream(move |out| {
        let begun = Instant::now();
        while !out.is_closed() && begun.elapsed() < LIMIT {
            thread::sleep(ms(1));
        }
        tell.send(out.is_closed()).ok();
        out.write_all("bye")
    }));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    raw.stream.shutdown(Shutdown::Write)?;
    assert!(told.recv_timeout(LIMIT)?);
    assert!(raw.rest()?.ends_with(b"3\r\nbye\r\n0\r\n\r\n"), "who has only sent everything gets its answer");
    Ok(())
}

#[rstest]
#[case::error(|| Err(io::Error::other("no disk")), FailureKind::HandlerError, "the handler of GET / returned an error from its stream: no disk")]
#[case::panic(|| panic!("no disk"), FailureKind::Panicked, "the handler of GET / panicked in its stream: no disk")]
fn a_body_that_fails_breaks_off_and_fails_the_test(
    #[case] fail: fn() -> io::Result<()>,
    #[case] kind: FailureKind,
    #[case] text: &str,
) -> Test {
    let server = TestServer::empty();
    let line = line!() + 1;
    server.when(get("/")).respond(Response::stream(move |out| out.write_all("half").and_then(|()| fail())));
    assert_eq!(exchange(&server, GET)?.text(), wire(&["half"], false));
    let report = server.try_verify().expect_err("it failed");
    let failure = &report.failures()[0];
    assert_eq!((failure.kind(), failure.location().line()), (kind, line), "{report}");
    assert!(report.to_string().contains(text), "{report}");
    assert_eq!(ended(&server), Some(Ended::ClosedByServer));
    Ok(())
}

#[test]
fn a_server_that_is_dropped_closes_its_streams() -> Test {
    let server = TestServer::empty();
    let (tell, told) = mpsc::channel();
    let (begun, has_begun) = mpsc::channel();
    server.when(get("/")).respond(Response::stream(move |out| {
        begun.send(()).ok();
        while !out.is_closed() {
            thread::sleep(ms(1));
        }
        tell.send(out.write_all("x").map_err(|error| error.kind())).ok();
        Err(io::Error::other("nobody is told"))
    }));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    has_begun.recv_timeout(LIMIT)?;
    let dropping = Instant::now();
    drop(server);
    assert!(dropping.elapsed() < Duration::from_secs(5));
    assert_eq!(told.recv_timeout(LIMIT)?, Err(ErrorKind::BrokenPipe));
    raw.rest().ok();
    Ok(())
}

#[test]
fn a_closure_at_a_gate_goes_on_when_its_server_stops() -> Test {
    let server = TestServer::empty();
    let gate = Gate::new();
    let held = gate.clone();
    server.when(get("/")).respond(Response::stream(move |out| {
        held.wait();
        out.write_all("x")
    }));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    server.stop();
    eventually("nobody stands at the gate", || gate.held() == 0);
    // Its last word may have been faster than the end of its connection.
    eventually("the end is noted", || ended(&server).is_some());
    server.verify();
    Ok(())
}

fn abc() -> Response {
    Response::stream(|out| ["abc", "def"].into_iter().try_for_each(|piece| out.write_all(piece)))
}

#[rstest]
#[case::before_all(0, "")]
#[case::inside_a_chunk(2, "3\r\nab")]
#[case::at_a_border(3, "3\r\nabc\r\n")]
#[case::inside_another(5, "3\r\nabc\r\n3\r\nde")]
#[case::at_the_end(6, "3\r\nabc\r\n3\r\ndef\r\n")]
#[case::beyond_the_end(100, "3\r\nabc\r\n3\r\ndef\r\n")]
fn a_stream_is_cut_at_a_byte_of_its_body(#[case] bytes: usize, #[case] expected: &str) -> Test {
    let server = TestServer::empty();
    server.when(get("/")).respond(abc().cut_after(bytes, Fault::Close));
    assert_eq!(exchange(&server, GET)?.text(), expected);
    assert_eq!(ended(&server), Some(Ended::Fault));
    Ok(())
}

#[test]
fn a_closure_whose_stream_was_cut_learns_that_nobody_takes_more() -> Test {
    let server = TestServer::empty();
    let (tell, told) = mpsc::channel();
    server.when(get("/")).respond(
        Response::stream(move |out| {
            loop {
                if let Err(error) = out.write_all("abc") {
                    tell.send(error.kind()).ok();
                    return Err(error);
                }
            }
        })
        .cut_after(4, Fault::Reset),
    );
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    take_head(&mut raw)?;
    assert_eq!(take(&mut raw, 12)?, "3\r\nabc\r\n3\r\na");
    assert_eq!(raw.rest().expect_err("a reset").kind(), ErrorKind::ConnectionReset);
    assert_eq!(told.recv_timeout(LIMIT)?, ErrorKind::BrokenPipe);
    server.verify();
    Ok(())
}

#[rstest]
#[case::delay(abc().delay(ms(40)))]
#[case::delay_body(abc().delay_body(ms(40)))]
#[case::pause(abc().pause(ms(40)))]
#[case::throttle(abc().throttle(150))]
fn a_stream_takes_the_time_it_was_wished(#[case] response: Response) -> Test {
    let server = TestServer::empty();
    server.when(get("/")).respond(response.clone());
    let begun = Instant::now();
    let body = body_of(&server)?;
    // What goes slowly may end chunks earlier than they were written.
    let text: String = body.chars().filter(char::is_ascii_lowercase).collect();
    assert_eq!((text.as_str(), body.ends_with("0\r\n\r\n")), ("abcdef", true), "{body:?}");
    assert!(begun.elapsed() >= ms(20), "{:?}", begun.elapsed());
    Ok(())
}

#[test]
fn a_stream_is_held_before_its_head_and_inside_its_body() -> Test {
    let server = TestServer::empty();
    let (head, body) = (Gate::new(), Gate::new());
    server.when(get("/")).respond(abc().hold(&head).hold_body(4, &body));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    head.wait_held(1, LIMIT);
    head.open();
    body.wait_held(1, LIMIT);
    take_head(&mut raw)?;
    let before = take(&mut raw, 12)?;
    body.open();
    let after = take(&mut raw, 9);
    let all = before + &after?;
    assert!(all.starts_with("3\r\nabc\r\n") && all.ends_with("0\r\n\r\n"), "{all:?}");
    Ok(())
}

// Requests.

#[rstest]
#[case::chunks("Transfer-Encoding: chunked", "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n", "abc|d", Some(&[3, 1][..]))]
#[case::no_chunk("Transfer-Encoding: chunked", "0\r\n\r\n", "", Some(&[][..]))]
#[case::counted("Content-Length: 4", "abcd", "abcd", None)]
#[case::none("X: y", "", "", None)]
fn a_handler_sees_the_chunks_that_the_client_sent(
    #[case] fields: &str,
    #[case] body: &str,
    #[case] echo: &str,
    #[case] sizes: Option<&[usize]>,
) -> Test {
    let server = echoing();
    let mut raw = Raw::connect(&server)?;
    raw.send(post_head(fields) + body)?;
    assert_eq!(raw.answer()?.text(), echo);
    let recorded = &server.requests()[0];
    assert_eq!((recorded.chunk_sizes(), recorded.body_text()), (sizes, echo.replace('|', "")));
    // Byte by byte, on the same connection.
    raw.stream.set_nodelay(true)?;
    for byte in (post_head(fields) + body).as_bytes() {
        raw.send([*byte])?;
    }
    assert_eq!(raw.answer()?.text().replace('|', ""), echo.replace('|', ""));
    assert_eq!((server.requests()[1].connection(), server.requests()[1].chunk_sizes()), (1, sizes));
    server.verify();
    Ok(())
}

#[test]
fn a_handler_runs_before_the_body_has_come() -> Test {
    let server = TestServer::empty();
    let gate = Gate::new();
    let held = gate.clone();
    let rule = server.on_streaming("POST", "/up/{id}", move |request, body| -> HandlerResult<_> {
        assert_eq!((request.body(), request.hit(), request.param("id")), (&b""[..], 1, "7"));
        let first = body.next_chunk()?;
        held.wait();
        assert_eq!(request.body(), b"", "it is the reader's");
        Ok(format!("{first:?} {:?}", body.next_chunk()?))
    });
    let mut raw = Raw::connect(&server)?;
    raw.send(chunked_head().replace("/up", "/up/7") + "2\r\nab\r\n")?;
    gate.wait_held(1, LIMIT);
    let recorded = server.requests()[0].clone();
    assert_eq!((recorded.body(), recorded.ended(), rule.hits()), (&b""[..], None, 1));
    raw.send("1\r\nc\r\n0\r\nX-Sum: 3\r\n\r\n")?;
    gate.open();
    assert_eq!(raw.answer()?.text(), r#"Some(b"ab") Some(b"c")"#);
    assert_eq!((recorded.body(), recorded.chunk_sizes()), (&b"abc"[..], Some(&[2, 1][..])));
    assert_eq!((recorded.trailers()[0].name(), recorded.trailers()[0].value()), ("X-Sum", "3"));
    assert_eq!((recorded.param("id"), recorded.hit(), rule.hits()), ("7", 1, 1));
    assert_eq!(recorded.ended(), Some(Ended::KeptOpen));
    server.verify();
    Ok(())
}

#[test]
fn an_early_answer_reaches_a_client_that_is_still_sending() -> Test {
    let server = TestServer::empty();
    server.on_streaming("POST", "/up", |_, _| (413, "too much"));
    let mut raw = Raw::connect(&server)?;
    raw.send(post_head("Content-Length: 10000000"))?;
    for _ in 0..100 {
        raw.send(vec![b'x'; 100_000])?;
    }
    let answer = raw.answer()?;
    assert_eq!((answer.status(), answer.text().as_str(), answer.field("connection")), (413, "too much", Some("close")));
    assert_eq!(raw.rest()?, b"");
    let recorded = &server.requests()[0];
    assert!(recorded.body().len() < 10_000_000);
    assert_eq!(recorded.ended(), Some(Ended::ClosedByServer));
    server.verify();
    Ok(())
}

#[test]
fn an_early_answer_comes_while_the_client_waits_for_it() -> Test {
    let server = TestServer::empty();
    server.on_streaming("POST", "/up", |_, _| 403);
    let mut raw = Raw::connect(&server)?;
    raw.send(post_head("Content-Length: 10") + "half")?;
    assert_eq!(raw.answer()?.status(), 403);
    assert_eq!(raw.rest()?, b"");
    assert_eq!(server.requests()[0].body(), b"half");
    Ok(())
}

/// Whoever is faster, the handler or the thread that reads.
#[test]
fn a_body_that_is_there_keeps_the_connection_although_nobody_reads_it() -> Test {
    let server = TestServer::empty();
    server.on_streaming("POST", "/up", |_, _| 200);
    let mut raw = Raw::connect(&server)?;
    for number in 0..100 {
        raw.send(chunked_head() + "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n")?;
        assert_eq!(raw.answer()?.field("connection"), None);
        assert_eq!(server.requests()[number].body(), b"abc");
    }
    Ok(())
}

#[test]
fn requests_in_a_row_are_streamed_in_a_row() -> Test {
    let server = echoing();
    server.on("GET", "/", |_| "plain");
    let mut raw = Raw::connect(&server)?;
    let streamed = chunked_head() + "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";
    raw.send(format!("{streamed}{GET}{streamed}{}", post_head("Content-Length: 2") + "xy"))?;
    for expected in ["a|bc", "plain", "a|bc", "xy"] {
        assert_eq!(raw.answer()?.text(), expected);
    }
    assert!(server.requests().iter().all(|request| request.ended() == Some(Ended::KeptOpen)));
    Ok(())
}

#[test]
fn a_client_waits_for_a_handler_that_does_not_read() -> Test {
    const LENGTH: usize = 64 << 20;
    let server = TestServer::builder().max_body(2 * LENGTH).start();
    let gate = Gate::new();
    let held = gate.clone();
    server.on_streaming("POST", "/up", move |_, body| -> HandlerResult<_> {
        held.wait();
        let (mut length, mut longest) = (0, 0);
        while let Some(part) = body.next_chunk()? {
            length += part.len();
            longest = longest.max(part.len());
        }
        Ok(format!("{length} {}", longest <= 128 << 10))
    });
    let mut raw = Raw::connect(&server)?;
    raw.send(post_head(&format!("Content-Length: {LENGTH}")))?;
    let sent = AtomicUsize::new(0);
    let mut sending = Raw::connect(&server)?;
    sending.stream = raw.stream.try_clone()?;
    let answer = thread::scope(|scope| {
        let sender = scope.spawn(|| -> io::Result<()> {
            for _ in 0..LENGTH >> 14 {
                sending.send([b'x'; 1 << 14])?;
                sent.fetch_add(1 << 14, SeqCst);
            }
            Ok(())
        });
        let before = settled(&sent);
        assert!(before < 32 << 20, "{before} bytes were taken for nobody");
        gate.open();
        sender.join().expect("no panic")?;
        raw.answer()
    })?;
    assert_eq!(answer.text(), format!("{LENGTH} true"));
    Ok(())
}

#[rstest]
#[case::counted("Content-Length: 10", "half")]
#[case::in_a_chunk("Transfer-Encoding: chunked", "9\r\nhalf")]
#[case::between_chunks("Transfer-Encoding: chunked", "4\r\nhalf\r\n")]
fn a_client_that_stops_in_the_middle_is_no_failure(
    #[case] fields: &str,
    #[case] body: &str,
    #[values(true, false)] resets: bool,
) -> Test {
    let server = TestServer::empty();
    let told = telling(&server);
    let mut raw = Raw::connect(&server)?;
    raw.send(post_head(fields) + body)?;
    server.wait_for(post("/up"), 1, LIMIT);
    if resets {
        reset(raw)?;
    } else {
        raw.stream.shutdown(Shutdown::Write)?;
        assert_eq!(raw.answer()?.status(), 400);
        assert_eq!(raw.rest()?, b"");
    }
    let error = told.recv_timeout(LIMIT)?.expect_err("it is not whole");
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
    let outcome = if resets { Ended::ClientGone } else { Ended::ClosedByServer };
    eventually("the end is noted", || ended(&server) == Some(outcome));
    if !resets {
        assert_eq!(server.requests()[0].body(), b"half");
    }
    server.verify();
    Ok(())
}

#[rstest]
#[case::bad_chunk("Transfer-Encoding: chunked", "2\r\nab\r\nZ", ErrorKind::InvalidData)]
#[case::too_large_at_once("Content-Length: 1001", "", ErrorKind::InvalidData)]
#[case::too_large_in_the_end("Transfer-Encoding: chunked", "2\r\nab\r\n3e7\r\n", ErrorKind::InvalidData)]
#[case::too_slow("Content-Length: 5", "ab", ErrorKind::TimedOut)]
#[case::too_slow_chunk("Transfer-Encoding: chunked", "5\r\nab", ErrorKind::TimedOut)]
fn a_body_that_is_refused_is_an_error_of_the_reader(
    #[case] fields: &str,
    #[case] body: &str,
    #[case] kind: ErrorKind,
) -> Test {
    let server = TestServer::builder().read_timeout(ms(200)).max_body(1_000).start();
    let told = telling(&server);
    let mut raw = Raw::connect(&server)?;
    raw.send(post_head(fields) + body)?;
    assert_eq!(told.recv_timeout(LIMIT)?.expect_err("it is refused").kind(), kind);
    assert_eq!(raw.answer()?.status(), 400);
    assert_eq!(raw.rest()?, b"");
    server.verify();
    Ok(())
}

/// The time that a body has is not used up by a handler that does not read it.
#[test]
fn a_slow_handler_is_not_the_clients_fault() -> Test {
    let server = TestServer::builder().read_timeout(ms(400)).start();
    let gate = Gate::new();
    let held = gate.clone();
    server.on_streaming("POST", "/up", move |_, body| -> HandlerResult<_> {
        held.wait();
        Ok(echoed(body)?.len().to_string())
    });
    let mut raw = Raw::connect(&server)?;
    let length = 100 << 10;
    raw.send(post_head(&format!("Content-Length: {length}")))?;
    // The time of the body runs from here on.
    gate.wait_held(1, LIMIT);
    raw.send(vec![b'x'; length - 1])?;
    thread::sleep(ms(600));
    gate.open();
    thread::sleep(ms(50));
    raw.send("x")?;
    let text = raw.answer()?.text();
    assert!(text.parse::<usize>()? >= length, "{text}");
    // Nor does the next request have less time for that.
    raw.send("GET /no")?;
    thread::sleep(ms(50));
    raw.send("thing HTTP/1.1\r\nHost: a\r\n\r\n")?;
    assert_eq!(raw.answer()?.status(), 404);
    Ok(())
}

#[test]
fn who_waits_for_leave_gets_it_unless_the_body_is_too_large() -> Test {
    let server = TestServer::builder().max_body(100).start();
    let told = telling(&server);
    let mut raw = Raw::connect(&server)?;
    raw.send(post_head("Content-Length: 2\r\nExpect: 100-continue"))?;
    assert_eq!(take_head(&mut raw)?, "HTTP/1.1 100 Continue\r\n\r\n");
    raw.send("ab")?;
    assert_eq!(raw.answer()?.text(), "ab");
    assert_eq!(told.recv_timeout(LIMIT)??, "ab");
    raw.send(post_head("Content-Length: 101\r\nExpect: 100-continue"))?;
    assert_eq!(raw.answer()?.status(), 400);
    assert_eq!(raw.rest()?, b"");
    Ok(())
}

#[test]
fn a_newer_rule_that_wants_the_body_is_asked_when_it_is_there() -> Test {
    let server = TestServer::empty();
    let streaming = server.on_streaming("POST", "/up", |_, body| -> HandlerResult<_> { Ok(echoed(body)?) });
    let newer = server.when(post("/up").body(contains("x"))).respond("newer");
    let mut raw = Raw::connect(&server)?;
    for (body, expected) in [("1\r\na\r\n1\r\nb\r\n0\r\n\r\n", "a|b"), ("1\r\nx\r\n0\r\n\r\n", "newer")] {
        raw.send(chunked_head() + body)?;
        assert_eq!(raw.answer()?.text(), expected);
    }
    assert_eq!((streaming.hits(), newer.hits()), (1, 1));
    Ok(())
}

#[test]
fn the_dialect_of_http_server_streams_too() -> Test {
    let server = TestServer::builder().http_server().start();
    let told = telling(&server);
    let mut raw = Raw::connect(&server)?;
    raw.send(post_head("Content-Length: 4"))?;
    server.wait_for(post("/up"), 1, LIMIT);
    raw.send("abcd")?;
    assert_eq!(told.recv_timeout(LIMIT)??, "abcd");
    assert_eq!(raw.answer()?.text(), "abcd");
    assert_eq!(server.requests()[0].body(), b"abcd");
    Ok(())
}

#[test]
fn in_strict_mode_a_streamed_request_is_matched_and_others_are_not() -> Test {
    let server = TestServer::builder().strict(true).start();
    server.on_streaming("POST", "/up", |_, body| -> HandlerResult<_> { Ok(echoed(body)?) });
    assert_eq!(client().post(server.url("/up")).send("a")?.status(), 200);
    server.verify();
    assert_eq!(client().post(server.url("/other")).send("a")?.status(), 404);
    let report = server.try_verify().expect_err("it met nothing");
    assert!(report.to_string().contains("no rule answers POST /other"), "{report}");
    Ok(())
}

#[rstest]
#[case::error(|| Err("no disk".into()), FailureKind::HandlerError, "returned an error: no disk")]
#[case::panic(|| panic!("no disk"), FailureKind::Panicked, "panicked: no disk")]
fn a_handler_that_fails_in_the_middle_fails_the_test(
    #[case] fail: fn() -> HandlerResult<u16>,
    #[case] kind: FailureKind,
    #[case] text: &str,
) -> Test {
    let server = TestServer::empty();
    let line = line!() + 1;
    server.on_streaming("POST", "/up", move |_, body| {
        body.next_chunk().expect("a chunk");
        fail()
    });
    let mut raw = Raw::connect(&server)?;
    raw.send(chunked_head() + "1\r\na\r\n")?;
    // A report waits for a handler that has not begun.
    server.wait_for(post("/up"), 1, LIMIT);
    let report = server.try_verify().expect_err("it failed");
    let failure = &report.failures()[0];
    assert_eq!((failure.kind(), failure.location().line()), (kind, line), "{report}");
    assert!(report.to_string().contains(text), "{report}");
    assert_eq!(raw.answer()?.status(), 500);
    assert_eq!(raw.rest()?, b"");
    Ok(())
}

#[rstest]
#[case::for_the_body(false)]
#[case::at_a_gate(true)]
fn a_handler_that_waits_goes_on_when_its_server_goes(
    #[case] at_gate: bool,
    #[values(true, false)] drops: bool,
) -> Test {
    let server = TestServer::empty();
    let gate = Gate::new();
    let held = gate.clone();
    let (tell, told) = mpsc::channel();
    let (begun, has_begun) = mpsc::channel();
    server.on_streaming("POST", "/up", move |_, body| -> HandlerResult<_> {
        begun.send(()).ok();
        if at_gate {
            held.wait();
        }
        let result = echoed(body);
        tell.send(result.as_ref().map(|_| ()).map_err(io::Error::kind)).ok();
        Ok(result?)
    });
    let mut raw = Raw::connect(&server)?;
    raw.send(chunked_head() + "1\r\na\r\n")?;
    has_begun.recv_timeout(LIMIT)?;
    if at_gate {
        gate.wait_held(1, LIMIT);
    }
    let begun = Instant::now();
    if drops {
        drop(server);
    } else {
        server.stop();
        eventually("the end is noted", || ended(&server) == Some(Ended::ServerStopped));
        assert_eq!(server.requests()[0].body(), b"a");
        server.verify();
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(told.recv_timeout(LIMIT)?, Err(ErrorKind::ConnectionAborted));
    raw.rest().ok();
    Ok(())
}

#[test]
fn who_waits_for_a_body_is_told_when_it_is_there() -> Test {
    let server = TestServer::builder().max_body(1_000).start();
    let gate = Gate::new();
    let held = gate.clone();
    server.on_streaming("POST", "/up", move |_, body| -> HandlerResult<_> {
        held.wait();
        Ok(echoed(body)?)
    });
    let mut clients = [Raw::connect(&server)?, Raw::connect(&server)?];
    for (raw, number) in clients.iter_mut().zip(1..) {
        raw.send(post_head("Content-Length: 3\r\nContent-Type: application/x-www-form-urlencoded"))?;
        server.wait_for(post("/up"), number, LIMIT);
    }
    // What has not come neither fits nor differs.
    assert!(server.try_wait_for(post("/up").body("x=1"), 1, ms(1)).is_err());
    assert!(server.try_wait_for(post("/up").body(not("x=1")), 1, ms(1)).is_err());
    assert_eq!(server.requests()[0].form("x"), None);
    thread::scope(|scope| -> Test {
        let both = scope.spawn(|| server.wait_for(post("/up").body(starts_with("x=")), 2, LIMIT));
        let next = scope.spawn(|| server.next_request(post("/up").form("x", "1")).wait(LIMIT));
        let judged = scope.spawn(|| {
            server.wait_for(post("/up").matching("is the second", |request| request.body() == b"x=2"), 1, LIMIT)
        });
        gate.wait_held(2, LIMIT);
        // The second first.
        clients[1].send("x=2")?;
        assert_eq!(judged.join().expect("it came")[0].body(), b"x=2");
        clients[0].send("x=1")?;
        let bodies: Vec<String> = both.join().expect("both came").iter().map(|request| request.body_text()).collect();
        assert_eq!(bodies, ["x=1", "x=2"]);
        assert_eq!(next.join().expect("it came").form("x"), Some("1"));
        Ok(())
    })?;
    server.assert_silence(ms(1));
    gate.open();
    for raw in &mut clients {
        assert_eq!(raw.answer()?.status(), 200);
    }
    Ok(())
}

#[test]
fn a_body_that_comes_is_not_a_request_that_comes() -> Test {
    let server = echoing();
    let mut raw = Raw::connect(&server)?;
    raw.send(post_head("Content-Length: 1"))?;
    server.wait_for(post("/up"), 1, LIMIT);
    thread::scope(|scope| {
        let silent = scope.spawn(|| server.assert_silence(ms(100)));
        raw.send("a").and_then(|()| raw.answer()).map(|answer| assert_eq!(answer.text(), "a"))?;
        silent.join().expect("silence");
        Ok(())
    })
}

#[test]
fn the_limit_of_the_journal_counts_bodies_that_come_late() -> Test {
    let server = TestServer::builder().journal_bytes(3_000).start();
    server.on_streaming("POST", "/up", |_, body| -> HandlerResult<_> { Ok(echoed(body)?.len().to_string()) });
    let mut raw = Raw::connect(&server)?;
    for _ in 0..10 {
        raw.send(post_head("Content-Length: 1000") + &"x".repeat(1_000))?;
        assert!(raw.answer()?.status() == 200);
    }
    let kept = server.requests().len();
    assert_eq!(kept, 2, "more than 1000 bytes each");
    Ok(())
}

#[test]
fn every_second_request_is_struck_in_its_body_and_the_others_are_streamed() -> Test {
    let server = TestServer::empty();
    let streaming = server.on_streaming("POST", "/up", |_, body| -> HandlerResult<_> { Ok(echoed(body)?) });
    let fault = server.when(post("/up")).respond(Fault::Close.at(Stage::RequestBody(2)).every(2));
    for number in 1..=6 {
        let mut raw = Raw::connect(&server)?;
        raw.send(chunked_head() + "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n")?;
        if number % 2 == 0 {
            assert_eq!(raw.rest()?, b"", "{number}");
        } else {
            assert_eq!(raw.answer()?.text(), "a|bc", "{number}");
        }
    }
    assert_eq!((streaming.hits(), fault.hits()), (3, 3));
    let bodies: Vec<String> = server.requests().iter().map(|request| request.body_text()).collect();
    assert_eq!(bodies, ["abc", "ab", "abc", "ab", "abc", "ab"]);
    Ok(())
}

#[test]
fn a_fault_of_the_server_strikes_a_request_that_would_be_streamed() -> Test {
    let server = echoing();
    let outage = server.fault(Fault::Close.at(Stage::RequestBody(1)));
    let mut raw = Raw::connect(&server)?;
    raw.send(chunked_head() + "2\r\nab\r\n")?;
    assert_eq!(raw.rest()?, b"");
    assert_eq!((server.requests()[0].route(), server.requests()[0].body()), (Route::Fault, &b"a"[..]));
    drop(outage);
    let mut raw = Raw::connect(&server)?;
    raw.send(chunked_head() + "2\r\nab\r\n0\r\n\r\n")?;
    assert_eq!(raw.answer()?.text(), "ab");
    Ok(())
}

#[test]
fn what_is_read_goes_out_again_as_it_comes() -> Test {
    let server = TestServer::empty();
    server.on_streaming("POST", "/up", |_, body| -> HandlerResult<_> {
        let first = body.next_chunk()?.unwrap_or_default();
        let rest = echoed(body)?;
        Ok(Response::stream(move |out| {
            out.write_all(&first)?;
            out.write_all(&rest)
        }))
    });
    let sent = ureq::SendBody::from_owned_reader(io::Cursor::new("hello"));
    let mut answer = client().post(server.url("/up")).send(sent)?;
    assert_eq!(answer.body_mut().read_to_string()?, "hello");
    Ok(())
}

#[test]
fn forty_clients_are_streamed_at_once() -> Test {
    let server = echoing();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..40)
            .map(|number: usize| {
                let server = &server;
                scope.spawn(move || -> io::Result<()> {
                    let mut raw = Raw::connect(server)?;
                    for round in 0..5 {
                        let text = "x".repeat(number * 500 + round + 1);
                        raw.send(chunked_head())?;
                        raw.send(wire(&[&text, "end"], true))?;
                        assert_eq!(raw.answer()?.text(), format!("{text}|end"));
                    }
                    Ok(())
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| client.join().expect("no panic"))
    })?;
    server.verify();
    Ok(())
}
