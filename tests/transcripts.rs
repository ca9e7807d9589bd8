//! Transcripts: every byte in both directions, by exchange and by segment, as people read them.

use std::io::{Read, Write};

use fixture_server::prelude::*;
use fixture_server::{Builder, Direction, Transcript};
use raw::{Raw, Test, eventually, exchange, get_bytes};

mod raw;

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

fn taped() -> Builder {
    TestServer::builder().transcript(true)
}

#[track_caller]
fn transcript(server: &TestServer, at: usize) -> Transcript {
    server.requests()[at].transcript().expect("it was asked for")
}

/// What is shown, with the same times in every run: `T` for that since the connection was accepted, and none in `Date`.
fn shown(transcript: &Transcript) -> String {
    let mut lines = Vec::new();
    for line in transcript.to_string().lines() {
        let timed = (line.starts_with('>') || line.starts_with('<')).then(|| line.split_once(" s  +")).flatten();
        let line = match timed {
            Some((time, rest)) => format!("{} T  +{rest}", &time[..1]),
            None => line.to_owned(),
        };
        lines.push(match line.split_once("Date: ") {
            Some((before, _)) => format!("{}Date: (now)␍␊", before.trim_start()),
            None => line.trim_start().to_owned(),
        });
    }
    lines.join("\n")
}

/// The sizes of the segments of one direction.
fn sizes(transcript: &Transcript, direction: Direction) -> Vec<usize> {
    let segments = transcript.segments().iter().filter(|segment| segment.direction == direction);
    segments.map(|segment| segment.bytes.len()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_exchange_reads_as_it_went() -> Test {
    let server = taped().start();
    server.on("POST", "/pay", |_| (201, "paid\n"));
    let mut raw = Raw::connect(&server)?;
    raw.send("POST /pay HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\n5\t\\\0ÿ")?;
    raw.answer()?;
    let expected = "\
connection 1, request 1
> T  +0      POST /pay HTTP/1.1␍␊
Host: test␍␊
Content-Length: 6␍␊
␍␊
5\\t\\\\\\x00ÿ
< T  +0      HTTP/1.1 201 Created␍␊
Content-Type: text/plain; charset=utf-8␍␊
Date: (now)␍␊
Content-Length: 5␍␊
␍␊
paid␊
= the connection stays open";
    assert_eq!(shown(&transcript(&server, 0)), expected);
    Ok(())
}

#[test]
fn without_the_option_there_is_none() -> Test {
    let server = TestServer::empty();
    exchange(&server, get_bytes("/"))?;
    assert!(server.requests()[0].transcript().is_none());
    Ok(())
}

#[test]
fn requests_in_a_row_are_apart() -> Test {
    let server = taped().start();
    server.on("GET", "/{n}", |request| request.param("n").to_owned());
    let request = |n: usize| format!("GET /{n} HTTP/1.1\r\nHost: test\r\n\r\n");
    for _ in 0..50 {
        server.clear_requests();
        let mut raw = Raw::connect(&server)?;
        raw.send((1..=3).map(request).collect::<String>())?;
        for n in 1..=3 {
            let answer = raw.answer()?;
            let transcript = transcript(&server, n - 1);
            assert_eq!(text(&transcript.received()), request(n));
            assert_eq!((transcript.sent().len(), answer.text()), (answer.length, n.to_string()));
        }
    }
    Ok(())
}

#[test]
fn leave_to_send_a_body_belongs_to_its_exchange() -> Test {
    let server = taped().start();
    server.on("PUT", "/", |_| 204);
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    raw.answer()?;
    raw.send("PUT / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")?;
    assert_eq!(raw.answer()?.status(), 100);
    raw.send("hi")?;
    raw.answer()?;
    let second = transcript(&server, 1);
    let order: Vec<String> = second.segments().iter().map(|one| text(&one.bytes[..2])).collect();
    assert_eq!(order, ["PU", "HT", "hi", "HT"]);
    assert!(text(&second.sent()).starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n"));
    assert!(!text(&transcript(&server, 0).sent()).contains("100 Continue"));
    Ok(())
}

#[test]
fn an_upload_shows_how_it_came() -> Test {
    let server = taped().start();
    server.on("PUT", "/", |_| 204);
    let mut raw = Raw::connect(&server)?;
    let head = "PUT / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    raw.send(head)?;
    raw.answer()?;
    raw.send(body)?;
    raw.answer()?;
    let transcript = transcript(&server, 0);
    assert_eq!(text(&transcript.received()), [head, body].concat());
    assert_eq!(sizes(&transcript, Direction::Received), [head.len(), body.len()]);
    let times: Vec<_> = transcript.segments().iter().map(|segment| segment.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    Ok(())
}

#[test]
fn each_chunk_that_was_read_by_itself_is_a_segment() -> Test {
    let server = taped().start();
    let (tell, told) = std::sync::mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    server.on_streaming("PUT", "/", move |_, body| -> HandlerResult {
        while body.next_chunk()?.is_some() {
            tell.lock().unwrap().send(())?;
        }
        Ok(Response::new(204))
    });
    let mut raw = Raw::connect(&server)?;
    let pieces =
        ["PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "2\r\nde\r\n", "0\r\n\r\n"];
    for piece in &pieces[..2] {
        raw.send(piece)?;
        told.recv_timeout(raw::LIMIT)?;
    }
    raw.send(pieces[2])?;
    raw.answer()?;
    assert_eq!(sizes(&transcript(&server, 0), Direction::Received), pieces.map(str::len));
    Ok(())
}

#[test]
fn a_large_answer_is_there_to_the_last_byte() -> Test {
    let server = taped().start();
    server.on("GET", "/", |_| vec![b'x'; 3 * MIB]);
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    let answer = raw.answer()?;
    let transcript = transcript(&server, 0);
    assert_eq!((transcript.sent().len(), answer.body.len()), (answer.length, 3 * MIB));
    assert!(transcript.to_string().contains("bytes more)\n"));
    assert!(transcript.to_string().len() < 100_000);
    Ok(())
}

#[test]
fn the_bytes_of_a_fault_are_there() -> Test {
    let server = taped().start();
    server.on("GET", "/", |_| Fault::garbage(b"\x00\xff?!"));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    assert_eq!(raw.rest()?, b"\x00\xff?!");
    let transcript = transcript(&server, 0);
    assert_eq!(transcript.sent(), b"\x00\xff?!");
    assert!(shown(&transcript).ends_with("\n< T  +0      \\x00\\xff?!\n= a fault ended it"), "{transcript}");
    Ok(())
}

#[test]
fn what_was_refused_is_there_with_all_that_came() -> Test {
    let server = taped().start();
    let bytes = "GET / HTTP/1.1\r\nbroken\r\n\r\nand more";
    exchange(&server, bytes)?;
    let transcript = transcript(&server, 0);
    assert_eq!(text(&transcript.received()), bytes);
    assert!(text(&transcript.sent()).starts_with("HTTP/1.1 400 "));
    assert!(transcript.to_string().contains("\n= the request was refused: "), "{transcript}");
    Ok(())
}

#[test]
fn what_still_comes_on_a_connection_that_ends_belongs_to_the_last() -> Test {
    let server = taped().keep_alive(false).start();
    server.on("GET", "/", |_| "bye");
    exchange(&server, GET.repeat(2))?;
    assert_eq!(text(&transcript(&server, 0).received()), GET.repeat(2));
    Ok(())
}

#[test]
fn a_client_that_goes_leaves_what_it_sent() -> Test {
    let server = taped().start();
    server.on("GET", "/", |_| vec![b'x'; 64 * MIB]);
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    raw.stream.read_exact(&mut [0; 100])?;
    drop(raw);
    let request = server.requests().remove(0);
    eventually("it is noticed", || request.ended().is_some());
    let transcript = request.transcript().expect("it was asked for");
    assert_eq!(text(&transcript.received()), GET);
    assert_eq!(transcript.sent().len() as u64, request.bytes_sent());
    assert!(transcript.to_string().ends_with("= the client was gone before the response was complete"));
    Ok(())
}

#[test]
fn files_are_there_as_they_are_sent() -> Test {
    let server = taped().dir("fixtures/site").start();
    let answer = exchange(&server, get_bytes("/hello.txt"))?;
    let transcript = transcript(&server, 0);
    assert!(transcript.sent().ends_with(&answer.body));
    assert_eq!((transcript.sent().len(), answer.text().as_str()), (answer.length, "Hello, fixture!\n"));
    Ok(())
}

#[test]
fn in_the_dialect_of_http_server_requests_are_apart_too() -> Test {
    let server = taped().dir("fixtures/site").http_server().protocol(Protocol::Http11).start();
    let request = "POST /hello.txt HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n";
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    raw.answer()?;
    raw.send(format!("{request}body"))?;
    raw.rest()?;
    assert_eq!(text(&transcript(&server, 0).received()), GET);
    assert!(text(&transcript(&server, 1).received()).starts_with(request));
    Ok(())
}

#[test]
fn a_transcript_is_short_when_it_is_debugged() -> Test {
    let server = taped().start();
    exchange(&server, get_bytes("/"))?;
    let debugged = format!("{:?}", transcript(&server, 0));
    assert!(
        debugged.starts_with("Transcript { connection: 1, request: 1, segments: [Received 49 bytes at "),
        "{debugged}"
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn unix_sockets_have_transcripts_too() -> Test {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("socket");
    let server = taped().bind_unix(&path).start();
    server.on("GET", "/", |_| "hello");
    let mut stream = std::os::unix::net::UnixStream::connect(&path)?;
    stream.write_all(get_bytes("/").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let transcript = transcript(&server, 0);
    assert_eq!((text(&transcript.received()), transcript.sent()), (get_bytes("/"), answer));
    assert_eq!(server.connections()[0].to_string(), "#1, 1 request, closed by the server");
    Ok(())
}
