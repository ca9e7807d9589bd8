//! Responses that wait, go slowly or break off, as clients see them; and requests that are read slowly.
//!
//! Times have lower bounds only; upper ones are there against hanging.

mod raw;

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fixture_server::{Ended, prelude::*};

use raw::{LIMIT, Raw, Test, eventually, exchange, get_bytes};

#[test]
fn what_is_delayed_comes_in_its_order() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::text("body").delay(ms(30)).delay_body(ms(30)));
    let mut raw = Raw::connect(&server)?;
    let begin = Instant::now();
    raw.send(get_bytes("/"))?;
    let mut buffer = [0; 1_000];
    let length = raw.stream.read(&mut buffer)?;
    assert!(begin.elapsed() >= ms(30), "{:?}", begin.elapsed());
    assert!(buffer[..length].ends_with(b"\r\n\r\n"), "the head comes alone");
    assert_eq!(raw.rest()?, b"body");
    assert!(begin.elapsed() >= ms(60), "{:?}", begin.elapsed());
    Ok(())
}

#[test]
fn a_throttled_body_takes_its_time() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::bytes(vec![b'x'; 2_000]).throttle(20_000));
    let begin = Instant::now();
    assert_eq!(exchange(&server, get_bytes("/"))?.body, [b'x'; 2_000]);
    assert!(begin.elapsed() >= ms(89), "{:?}", begin.elapsed());
    Ok(())
}

#[test]
fn who_resets_while_the_response_waits_is_recorded_as_gone() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::text("late").delay(Duration::from_secs(600)));
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    server.wait_for(any(), 1, LIMIT);
    socket2::SockRef::from(&raw.stream).set_linger(Some(Duration::ZERO))?;
    drop(raw);
    eventually("the record says so", || server.requests()[0].ended() == Some(Ended::ClientGone));
    Ok(())
}

#[test]
fn who_only_sends_no_more_gets_the_delayed_response() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::text("late").delay(ms(20)));
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    raw.stream.shutdown(std::net::Shutdown::Write)?;
    assert_eq!(raw.answer()?.text(), "late");
    Ok(())
}

#[test]
fn a_slow_reader_gets_every_byte_before_the_reset() -> Test {
    const LENGTH: usize = 1 << 20;
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::bytes(vec![b'x'; 2 * LENGTH]).cut_after(LENGTH, Fault::Reset));
    for turn in 0..50 {
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes("/"))?;
        let (got, error) = read_slowly(&mut raw.stream, turn);
        assert_eq!(error, ErrorKind::ConnectionReset, "turn {turn}");
        let head = got.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
        assert_eq!(got.len() - head, LENGTH, "turn {turn}");
    }
    Ok(())
}

#[test]
fn a_reset_spares_the_answers_before_it_that_are_still_under_way() -> Test {
    const LENGTH: usize = 1 << 20;
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::bytes(vec![b'x'; LENGTH]));
    server.on("GET", "/reset", |_| Fault::Reset);
    for turn in 0..10 {
        let mut raw = Raw::connect(&server)?;
        raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")?;
        eventually("it was answered", || {
            server.requests().last().is_some_and(|last| last.bytes_sent() > LENGTH as u64)
        });
        raw.send(get_bytes("/reset"))?;
        let (got, error) = read_slowly(&mut raw.stream, turn);
        assert_eq!(error, ErrorKind::ConnectionReset, "turn {turn}");
        assert!(got.len() > LENGTH, "turn {turn}: {}", got.len());
        server.clear_requests();
    }
    Ok(())
}

/// Everything until reading fails, in bites of a size that differs from turn to turn.
fn read_slowly(stream: &mut TcpStream, turn: usize) -> (Vec<u8>, ErrorKind) {
    let (mut got, mut buffer) = (Vec::new(), vec![0; 1_000 + 977 * turn]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (got, ErrorKind::UnexpectedEof),
            Ok(length) => got.extend_from_slice(&buffer[..length]),
            Err(error) => return (got, error.kind()),
        }
        if got.len() % 7 == 0 {
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_stalled_server_takes_no_upload() -> Test {
    let server = TestServer::empty();
    server.on("PUT", "/", |_| Fault::Stall);
    let mut raw = Raw::connect(&server)?;
    raw.send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n")?;
    server.wait_for(any(), 1, LIMIT);
    raw.stream.set_write_timeout(Some(ms(200)))?;
    let sent = (0..1_000).map(|_| raw.send(vec![0; 64 << 10])).find_map(Result::err);
    assert!(matches!(sent.map(|error| error.kind()), Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)));
    Ok(())
}

#[test]
fn requests_are_read_at_the_pace_of_the_builder() -> Test {
    let server = TestServer::builder().throttle_requests(20_000).start();
    server.on("PUT", "/", |request: &Request| Ok::<_, std::io::Error>(request.body().len().to_string()));
    for _ in 0..2 {
        let begin = Instant::now();
        let head = "PUT / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 2000\r\n\r\n";
        let answer = exchange(&server, [head.as_bytes(), &[b'x'; 2_000]].concat())?;
        assert_eq!(answer.text(), "2000");
        assert!(begin.elapsed() >= ms(89), "{:?}", begin.elapsed());
        server.stop();
        server.restart();
    }
    Ok(())
}

#[test]
fn a_connection_ends_with_the_last_request_it_may_have() -> Test {
    let server = TestServer::builder().max_requests_per_connection(2).start();
    server.on("GET", "/", |_| "hello");
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n".repeat(3))?;
    let (first, second) = (raw.answer()?, raw.answer()?);
    assert_eq!((first.field("connection"), second.field("connection")), (None, Some("close")));
    assert_eq!(raw.rest()?, b"");
    assert_eq!(server.requests().len(), 2);
    Ok(())
}
