//! What HTTP does, HTTPS does too.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Instant;

use fixture_server::prelude::*;
use fixture_server::rustls::{ClientConfig, Stream};
use rstest::rstest;

use super::secure::{Secure, connect, exchange, fetch};

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

fn client(server: &TestServer) -> Secure {
    connect(server, server.client_config(), "localhost").unwrap()
}

/// So many bytes of the answer, or all up to the blank line and the body by its length.
fn answer(client: &mut Secure) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.split_once("Content-Length: ").map_or("0", |(_, rest)| rest.split_once('\r').unwrap().0);
    let mut body = vec![0; length.parse().unwrap()];
    client.read_exact(&mut body)?;
    Ok(String::from_utf8(body).unwrap())
}

#[test]
fn files_rules_and_the_journal() -> io::Result<()> {
    let server = TestServer::builder().dir("fixtures/site").tls().start();
    assert!(server.url("/a").starts_with("https://127.0.0.1:") && server.url("/a").ends_with("/a"));
    server.on("GET", "/users/{id}", |request| format!("user {}", request.param("id")));
    assert_eq!(fetch(&server, "/hello.txt")?, "Hello, fixture!\n");
    assert_eq!(fetch(&server, "/users/7")?, "user 7");
    server.assert_order([get("/hello.txt"), get("/users/7")]);
    let request = server.received_one(get("/users/7"));
    assert_eq!((request.ended(), request.connection()), (Some(Ended::ClosedByServer), 2));
    Ok(())
}

#[test]
fn a_connection_is_kept_and_requests_in_a_row_are_answered_in_order() -> io::Result<()> {
    let server = TestServer::builder().tls().start();
    server.on("GET", "/{name}", |request| request.param("name").to_owned());
    let mut client = client(&server);
    let names: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    let requests: Vec<String> = names.iter().map(|name| GET.replacen('/', &format!("/{name}"), 1)).collect();
    client.write_all(requests.concat().as_bytes())?;
    for name in &names {
        assert_eq!(answer(&mut client)?, *name);
    }
    server.assert_connections(1);
    Ok(())
}

/// More than all buffers hold, both ways; the client does not take its time, and then it does.
#[rstest]
#[case::at_once(0)]
#[case::slowly(20)]
fn large_bodies_go_both_ways(#[case] pauses: u64) -> io::Result<()> {
    const LENGTH: usize = 6 * MIB + 7;
    let server = TestServer::builder().tls().start();
    let body: Vec<u8> = (0..LENGTH).map(|at| (at ^ (at >> 8) ^ (at >> 16)).to_le_bytes()[0]).collect();
    server.on("PUT", "/", |request| request.body().to_vec());
    let mut client = client(&server);
    client.write_all(
        format!("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: {LENGTH}\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    client.write_all(&body)?;
    let (mut got, mut piece) = (Vec::new(), vec![0; 256 << 10]);
    for turn in 0.. {
        if turn < pauses {
            thread::sleep(ms(2));
        }
        match client.read(&mut piece)? {
            0 => break,
            length => got.extend_from_slice(&piece[..length]),
        }
    }
    assert!(got.ends_with(&body), "{} bytes", got.len());
    assert_eq!(server.requests()[0].bytes_sent(), got.len() as u64);
    Ok(())
}

#[test]
fn a_large_file_arrives_as_it_is() -> io::Result<()> {
    let temp = tempfile::tempdir()?;
    let content: Vec<u8> = (0..3 * MIB).map(|at| (at >> 10).to_le_bytes()[0]).collect();
    std::fs::write(temp.path().join("a.bin"), &content)?;
    let server = TestServer::builder().dir(&temp).tls().start();
    let answer = exchange(client(&server), "GET /a.bin HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
    assert!(answer.ends_with(&content));
    Ok(())
}

#[test]
fn gates_delays_streams_and_events() -> io::Result<()> {
    let server = TestServer::builder().tls().start();
    let gate = Gate::new();
    server.when(get("/held")).respond(Response::text("held").hold(&gate));
    server.when(get("/late")).respond(Response::text("late").delay(ms(20)).throttle(1_000));
    server.on("GET", "/stream", |_| {
        Response::stream(|out| {
            out.write_all(b"first")?;
            out.write_all(b"second")
        })
    });
    server.on("GET", "/events", |_| Response::sse(|events| events.send(Event::new("one"))));
    thread::scope(|scope| -> io::Result<()> {
        let held = scope.spawn(|| fetch(&server, "/held"));
        gate.wait_held(1, secs(20));
        assert_eq!(fetch(&server, "/late")?, "late");
        assert!(fetch(&server, "/stream")?.contains("second"));
        assert!(fetch(&server, "/events")?.contains("data: one"));
        gate.open();
        assert_eq!(held.join().unwrap()?, "held");
        Ok(())
    })
}

#[rstest]
#[case::reset(Fault::Reset, Some(io::ErrorKind::ConnectionReset))]
#[case::close(Fault::Close, None)]
#[case::half_close(Fault::HalfClose, None)]
fn a_response_that_is_cut(#[case] fault: Fault, #[case] expected: Option<io::ErrorKind>) -> io::Result<()> {
    let server = TestServer::builder().tls().start();
    server.when(get("/")).respond(Response::text("hello").fault(fault.at(Stage::Body(2))));
    let mut client = client(&server);
    client.write_all(GET.as_bytes())?;
    let mut answer = Vec::new();
    let ended = client.read_to_end(&mut answer);
    assert!(answer.ends_with(b"\r\n\r\nhe"), "{:?}", String::from_utf8_lossy(&answer));
    assert_eq!(ended.err().map(|error| error.kind()), expected);
    drop(client);
    assert_eq!(server.requests()[0].ended(), Some(Ended::Fault));
    Ok(())
}

#[test]
fn a_stop_ends_connections_and_a_restart_takes_new_ones() -> io::Result<()> {
    let server = TestServer::builder().tls().start();
    server.on("GET", "/", |_| "hello");
    let mut client = client(&server);
    client.write_all(GET.as_bytes())?;
    assert_eq!(answer(&mut client)?, "hello");
    server.stop();
    // With or without a farewell: it is over.
    assert!(!matches!(client.read(&mut [0]), Ok(1..)));
    assert!(fetch(&server, "/").is_err());
    server.restart();
    assert_eq!(fetch(&server, "/")?, "hello");
    Ok(())
}

#[test]
fn a_transcript_shows_what_was_said_and_not_what_crossed() -> io::Result<()> {
    let server = TestServer::builder().transcript(true).tls().start();
    server.on("GET", "/", |_| "hello");
    fetch(&server, "/")?;
    let transcript = server.requests()[0].transcript().unwrap();
    assert!(transcript.received().starts_with(b"GET / HTTP/1.1\r\n"));
    assert!(transcript.sent().ends_with(b"\r\n\r\nhello"));
    Ok(())
}

#[test]
fn many_clients_at_once() {
    let server = TestServer::builder().dir("fixtures/site").tls().start();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(fetch(&server, "/hello.txt").unwrap(), "Hello, fixture!\n");
                }
            });
        }
    });
    server.assert_connections(160);
}

#[test]
fn a_client_that_sends_byte_by_byte_is_served() -> io::Result<()> {
    /// Sends each byte by itself.
    struct Trickling(TcpStream);

    impl Read for Trickling {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read(buf)
        }
    }

    impl Write for Trickling {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(&bytes[..1])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let server = TestServer::builder().tls().start();
    server.on("GET", "/", |_| "hello");
    let (mut connection, stream) = client(&server).into_parts();
    stream.set_nodelay(true)?;
    let mut stream = Trickling(stream);
    let mut client = Stream::new(&mut connection, &mut stream);
    client.write_all(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    assert!(answer.ends_with("hello"), "{answer}");
    Ok(())
}

/// With its request, in one segment, and its socket stays open.
#[test]
fn a_client_that_says_farewell_with_its_request_gets_the_answer_and_the_end() -> io::Result<()> {
    let server = TestServer::builder().tls().start();
    server.on("GET", "/", |_| "hello");
    let (mut connection, mut stream) = client(&server).into_parts();
    connection.complete_io(&mut stream)?;
    connection.writer().write_all(GET.as_bytes())?;
    connection.send_close_notify();
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes)?;
    stream.write_all(&bytes)?;
    let mut answer = Vec::new();
    Stream::new(&mut connection, &mut stream).read_to_end(&mut answer)?;
    assert!(answer.ends_with(b"hello"));
    Ok(())
}

#[test]
fn idle_connections_end_in_time_with_a_farewell() -> io::Result<()> {
    let server = TestServer::builder().read_timeout(ms(300)).tls().start();
    server.on("GET", "/", |_| "hello");
    let mut client = client(&server);
    client.write_all(GET.as_bytes())?;
    assert_eq!(answer(&mut client)?, "hello");
    let began = Instant::now();
    // An end without `close_notify` would be an error.
    assert_eq!(client.read(&mut [0])?, 0);
    assert!(began.elapsed() < secs(20));
    Ok(())
}

#[test]
fn records_with_nothing_in_them_gain_no_time() -> io::Result<()> {
    let server = TestServer::builder().read_timeout(ms(300)).tls().start();
    server.on("GET", "/", |_| "hello");
    let mut client = client(&server);
    client.write_all(GET.as_bytes())?;
    assert_eq!(answer(&mut client)?, "hello");
    client.sock.set_read_timeout(Some(ms(20)))?;
    let began = Instant::now();
    loop {
        client.conn.refresh_traffic_keys().map_err(io::Error::other)?;
        match client.read(&mut [0]) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            ended => {
                assert!(!matches!(ended, Ok(1..)));
                return Ok(());
            }
        }
        assert!(began.elapsed() < secs(20), "it goes on for ever");
    }
}

#[test]
fn the_configuration_for_clients_can_be_used_again() -> io::Result<()> {
    let (one, other) = (TestServer::builder().tls().start(), TestServer::builder().tls().start());
    let config: ClientConfig = one.client_config();
    for server in [&one, &other] {
        server.on("GET", "/", |_| "hello");
        let answer = exchange(connect(server, config.clone(), "localhost")?, "GET / HTTP/1.0\r\n\r\n")?;
        assert!(answer.ends_with(b"hello"));
    }
    Ok(())
}
