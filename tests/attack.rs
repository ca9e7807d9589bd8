//! Clients that mean harm, or merely come in crowds: others are served meanwhile, and nothing is left behind.
#![cfg(target_os = "linux")] // counts descriptors and threads in /proc

mod census;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use bytes::Bytes;
use fixture_server::prelude::*;
use socket2::{Domain, SockRef, Socket, Type};

use census::{
    FEW_THREADS, GET, LITTLE_MEMORY, alone, as_many_as_possible, ask, connect, descriptors, eventually, expect_answer,
    memory, patient, threads,
};

fn echo() -> TestServer {
    let server = TestServer::empty();
    server.when(any()).respond_with(Request::body_text);
    server
}

#[test]
fn slow_clients_keep_nobody_waiting() {
    const LARGE: usize = 4 << 20;
    let _alone = alone();
    let before = descriptors();
    let server = echo();
    let large = Bytes::from(vec![b'x'; LARGE]);
    server.on("GET", "/large", move |_| large.clone());

    let share = as_many_as_possible(700);
    let heads: Vec<TcpStream> = (0..share * 5 / 7).map(|_| connect(&server)).collect();
    for mut stream in &heads {
        stream.write_all(&GET[..20]).unwrap();
    }
    let bodies: Vec<TcpStream> = (0..share / 7).map(|_| connect(&server)).collect();
    let put = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
    for mut stream in &bodies {
        stream.write_all(put).unwrap();
    }
    let readers: Vec<TcpStream> = (0..share / 7)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            // A small window, so that the server really has to wait.
            socket.set_recv_buffer_size(4096).unwrap();
            socket.connect(&server.addr().into()).unwrap();
            let mut stream = patient(socket.into());
            stream.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
            stream
        })
        .collect();

    let keeping = connect(&server);
    for round in 0..300 {
        ask(&keeping);
        if round % 3 == 0 {
            ask(&connect(&server));
        }
        if let Some(mut body) = bodies.get(round) {
            body.write_all(b"x").unwrap();
        }
    }
    eventually("the answers to slow readers are under way", || server.received(get("/large")).len() == readers.len());
    assert!(server.received(get("/large")).iter().all(|request| request.ended().is_none()));
    // Some help out whenever a large answer takes a while to hand over; none is bound to a client.
    assert!(threads() < share / 2, "{} threads", threads());

    // Who was slow gets an answer all the same.
    for mut stream in &heads {
        stream.write_all(&GET[20..]).unwrap();
        expect_answer(stream);
    }
    for mut reader in readers.iter().take(5) {
        let mut answer = Vec::new();
        reader.read_to_end(&mut answer).unwrap();
        assert!(answer.len() > LARGE && answer.ends_with(b"xxxx"));
    }
    drop((heads, bodies, readers, keeping));
    drop(server);
    eventually("the descriptors are back", || descriptors() <= before);
}

/// Begins to connect, and waits for nothing.
fn begin_to_connect(server: &TestServer) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_nonblocking(true).unwrap();
    // Not an error: it is under way.
    let _ = socket.connect(&server.addr().into());
    socket.set_nonblocking(false).unwrap();
    patient(socket.into())
}

#[test]
fn five_thousand_connections_at_once_are_accepted_and_cost_no_threads_and_little_memory() {
    let _alone = alone();
    let before = (descriptors(), memory());
    let server = echo();
    let crowd: Vec<TcpStream> = (0..as_many_as_possible(5_000)).map(|_| begin_to_connect(&server)).collect();
    // They are idle; somebody else is served.
    ask(&connect(&server));
    eventually("all are accepted", || server.connections().len() == crowd.len() + 1);
    eventually("few threads are left", || threads() <= FEW_THREADS);
    let more = memory().saturating_sub(before.1);
    assert!(more < LITTLE_MEMORY, "{more} bytes");

    // Each of them is alive, and stays so.
    crowd.iter().for_each(ask);
    ask(&connect(&server));
    crowd.iter().step_by(10).for_each(ask);

    drop(server);
    for mut stream in &crowd {
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "not closed");
    }
    drop(crowd);
    eventually("the descriptors are back", || descriptors() <= before.0);
}

#[test]
fn a_burst_of_a_thousand_connections_with_a_request_each_is_answered() {
    let _alone = alone();
    let before = descriptors();
    let server = echo();
    let burst: Vec<TcpStream> = (0..as_many_as_possible(1_000)).map(|_| begin_to_connect(&server)).collect();
    for mut stream in &burst {
        stream.write_all(GET).unwrap();
    }
    burst.iter().for_each(expect_answer);
    assert_eq!(server.requests().len(), burst.len());
    drop((burst, server));
    eventually("the descriptors are back", || descriptors() <= before);
}

/// Makes so many connections with each of these servers, from a thread of its own.
fn churn(servers: &[TestServer], each: usize, connection: impl Fn(usize, TcpStream) + Sync) {
    let connection = &connection;
    thread::scope(|scope| {
        for server in servers {
            scope.spawn(move || (0..each).for_each(|number| connection(number, connect(server))));
        }
    });
}

/// With several servers, because connections that are over keep ports for a minute.
#[test]
fn twenty_thousand_short_connections_leave_nothing_behind() {
    let _alone = alone();
    let before = (descriptors(), memory());
    let servers: Vec<TestServer> = (0..4).map(|_| echo()).collect();
    let keeping = connect(&servers[0]);
    ask(&keeping);
    let with_servers = descriptors();
    churn(&servers, 5_000, |number, mut stream| {
        // Nothing said, or one request; then the client closes or the server.
        match number % 4 {
            0 => {}
            1 => stream.write_all(GET).unwrap(),
            2 => ask(&stream),
            _ => {
                stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
                assert!(stream.read_to_end(&mut Vec::new()).unwrap() > 0);
            }
        }
    });
    ask(&keeping);
    eventually("the connections are closed", || descriptors() <= with_servers);
    eventually("few threads are left", || threads() <= FEW_THREADS);
    // The records of 10,000 requests and more are in it.
    let more = memory().saturating_sub(before.1);
    assert!(more < LITTLE_MEMORY, "{more} bytes");
    drop((keeping, servers));
    eventually("the descriptors are back", || descriptors() <= before.0);
}

#[test]
fn ten_thousand_resets_leave_nothing_behind() {
    let _alone = alone();
    let before = (descriptors(), memory());
    let servers: Vec<TestServer> = (0..2).map(|_| echo()).collect();
    let keeping = connect(&servers[0]);
    ask(&keeping);
    let with_servers = descriptors();
    churn(&servers, 5_000, |number, mut stream| {
        SockRef::from(&stream).set_linger(Some(ms(0))).unwrap();
        // Before anything, within a head, or with an answer on its way.
        let length = [0, 10, GET.len()][number % 3];
        stream.write_all(&GET[..length]).unwrap();
    });
    ask(&keeping);
    eventually("the connections are closed", || descriptors() <= with_servers);
    eventually("few threads are left", || threads() <= FEW_THREADS);
    let more = memory().saturating_sub(before.1);
    assert!(more < LITTLE_MEMORY, "{more} bytes");
    drop((keeping, servers));
    eventually("the descriptors are back", || descriptors() <= before.0);
}

/// If there had to be room for them, there would be none.
#[test]
fn nothing_is_set_aside_for_lengths_that_are_only_announced() {
    let _alone = alone();
    let before = memory();
    let (by_rfc_9112, by_http_server) = (TestServer::builder(), TestServer::builder().http_server());
    for builder in [by_rfc_9112, by_http_server] {
        let server = builder.max_body(usize::MAX).start();
        server.when(any()).respond_with(Request::body_text);
        let announced =
            ["Content-Length: 1000000000000000\r\n\r\nfew", "Transfer-Encoding: chunked\r\n\r\n38D7EA4C68000\r\nfew"];
        let clients: Vec<TcpStream> = (0..as_many_as_possible(200)).map(|_| connect(&server)).collect();
        for (number, mut client) in clients.iter().enumerate() {
            let rest = announced[number % announced.len()];
            client.write_all(format!("PUT / HTTP/1.1\r\nHost: a\r\n{rest}").as_bytes()).unwrap();
        }
        ask(&connect(&server));
        eventually("all are read", || server.connections().len() == clients.len() + 1);
        for mut client in &clients {
            client.shutdown(Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).unwrap();
        }
    }
    let more = memory().saturating_sub(before);
    assert!(more < LITTLE_MEMORY, "{more} bytes");
}

#[test]
fn whatever_bytes_come_are_answered_with_a_status_and_a_date() {
    let _alone = alone();
    let before = descriptors();
    let server = echo();
    // Xorshift: the same bytes in each run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    for round in 0..1_000 {
        let length = usize::from(u16::from_le_bytes([next()[0], next()[1] & 0x0f]));
        let mut noise = Vec::new();
        if round % 2 == 1 {
            noise.extend_from_slice(&GET[..length % GET.len()]);
        }
        (0..length / 8).for_each(|_| noise.extend(next()));
        let mut stream = connect(&server);
        stream.write_all(&noise).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer);
        // Nothing was asked by nothing.
        let is_nothing = noise.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        assert!(is_nothing || text.starts_with("HTTP/1.1 ") && text.contains("\r\nDate: "), "{noise:?}: {text}");
        assert!(!text.contains("HTTP/1.1 500 "), "{noise:?}: {text}");
    }
    ask(&connect(&server));
    server.verify();
    drop(server);
    eventually("the descriptors are back", || descriptors() <= before);
    eventually("few threads are left", || threads() <= FEW_THREADS);
}
