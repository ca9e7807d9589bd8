//! Many at once, and clients and handlers that take their time: everybody is served, and nothing is left behind.
#![cfg(target_os = "linux")] // counts descriptors and threads in /proc

mod census;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use fixture_server::prelude::*;
use rstest::rstest;

use census::{
    FEW_THREADS, GET, alone, as_many_as_possible, ask, connect, descriptors, eventually, expect_answer, in_a_child,
    threads,
};

/// Each goes on when all of them have begun: no handler waits for a thread that another one has.
#[test]
fn a_thousand_handlers_that_block_at_once_all_run() {
    let _alone = alone();
    let server = TestServer::empty();
    let crowd = as_many_as_possible(1_000);
    let together = Arc::new(Barrier::new(crowd));
    server.on("GET", "/", move |_| {
        together.wait();
    });
    server.on("GET", "/other", |_| ());
    let clients: Vec<TcpStream> = (0..crowd).map(|_| connect(&server)).collect();
    for (number, mut client) in clients.iter().enumerate() {
        if number == crowd / 2 {
            let mut other = connect(&server);
            other.write_all(b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            expect_answer(&other);
        }
        client.write_all(GET).unwrap();
    }
    clients.iter().for_each(expect_answer);
}

#[test]
fn a_thousand_servers_started_and_dropped_by_sixteen_threads_leave_nothing_behind() {
    let _alone = alone();
    let before = descriptors();
    thread::scope(|scope| {
        for number in 0..16 {
            scope.spawn(move || {
                for round in 0..63 {
                    let server = TestServer::empty();
                    server.on("GET", "/", |_| ());
                    let clients = [connect(&server), connect(&server)];
                    // Dropped without a word to anybody, with an open connection, or with a request under way.
                    match (number + round) % 3 {
                        0 => {}
                        1 => ask(&clients[0]),
                        _ => (&clients[0]).write_all(GET).unwrap(),
                    }
                    drop(server);
                    drop(clients);
                }
            });
        }
    });
    eventually("the descriptors are back", || descriptors() <= before);
    eventually("few threads are left", || threads() <= FEW_THREADS);
}

#[test]
fn clients_that_send_no_more_get_their_answers() {
    let _alone = alone();
    let before = descriptors();
    let server = TestServer::empty();
    let gate = Gate::new();
    let held = gate.clone();
    server.on("GET", "/", move |_| Response::new(200).hold(&held));
    let clients: Vec<TcpStream> = (0..as_many_as_possible(500)).map(|_| connect(&server)).collect();
    for mut client in &clients {
        client.write_all(&GET.repeat(2)).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
    }
    gate.wait_held(clients.len(), secs(20));
    gate.open();
    for mut client in &clients {
        let mut answers = String::new();
        client.read_to_string(&mut answers).unwrap();
        assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answers}");
    }
    drop(clients);
    eventually("nobody but the listener is left", || descriptors() <= before + 1);
}

/// What comes, however little at a time, does not put the end off.
#[rstest]
#[case::a_head("GET / HTTP/1.1\r\nHost: a\r\nX: ", "HTTP/1.1 408 ")]
#[case::a_request_line("GET /", "HTTP/1.1 408 ")]
#[case::a_body("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", "HTTP/1.1 408 ")]
#[case::chunks("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n", "HTTP/1.1 408 ")]
fn trickling_gains_no_time(#[case] begin: &str, #[case] expected: &str) {
    let _alone = alone();
    // Long enough for the first bytes to come before the connection counts as idle, whatever else the machine does.
    let server = TestServer::builder().read_timeout(ms(300)).start();
    let mut client = connect(&server);
    let (began, mut answer) = (Instant::now(), Vec::new());
    client.write_all(begin.as_bytes()).unwrap();
    client.set_read_timeout(Some(ms(3))).unwrap();
    loop {
        assert!(began.elapsed() < secs(20), "it goes on for ever");
        // Nobody takes it any more once the server has closed.
        let _ = client.write_all(b"x");
        let mut buffer = [0; 1000];
        match client.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if !answer.is_empty() && error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(began.elapsed() >= ms(290), "{:?}", began.elapsed());
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with(expected), "{answer}");
}

/// Nor does sending, for a client that takes nothing of its answer.
#[test]
fn a_reader_that_takes_nothing_is_ended() {
    let _alone = alone();
    let server = TestServer::builder().read_timeout(ms(100)).start();
    server.on("GET", "/", |_| vec![b'x'; 32 * MIB]);
    let mut client = connect(&server);
    client.write_all(GET).unwrap();
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < secs(20), "it goes on for ever");
        let connections = server.connections();
        if connections.first().is_some_and(|connection| connection.closed_by().is_some()) {
            break;
        }
        let _ = client.write_all(b"\r\n");
        thread::sleep(ms(3));
    }
    let mut body = Vec::new();
    let _ = client.read_to_end(&mut body);
    assert!(body.len() < 32 * MIB, "all of it came");
}

#[test]
fn a_clock_that_jumps_changes_dates_and_nothing_else() {
    let _alone = alone();
    // Forth and back, before 1970 and beyond what a date can say.
    let jumps = [784_111_777, 0, -1_000_000_000, 253_402_300_800, 784_111_777, 1 << 40, 784_111_776];
    let dates = [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Sun, 06 Nov 1994 08:49:36 GMT",
    ];
    let turn = Arc::new(AtomicUsize::new(0));
    let asked = turn.clone();
    let clock = move || {
        let seconds: i64 = jumps[asked.fetch_add(1, Ordering::Relaxed) % jumps.len()];
        let distance = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    };
    let server = TestServer::builder().clock(clock).read_timeout(ms(500)).start();
    server.on("GET", "/", |_| Response::new(200).delay(ms(5)));
    let mut client = connect(&server);
    for date in dates {
        client.write_all(GET).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains(&format!("\r\nDate: {date}\r\n")), "{answer}");
    }
    // Times are measured by another clock.
    client.write_all(&GET[..20]).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// In a process of its own, because a thread is lost for ever.
#[test]
fn a_handler_that_never_returns_does_not_keep_its_server_from_being_dropped() {
    let test = "a_handler_that_never_returns_does_not_keep_its_server_from_being_dropped";
    let is_named = |text: &str| {
        let location = text.lines().find_map(|line| line.strip_prefix("the rule is at ")).unwrap_or_default();
        let handler = format!("that of GET / (declared at {location}) has not answered GET /, and 2 more\n");
        let note =
            "note: the server was dropped while a handler was still at work, and its thread goes on: ".to_owned();
        assert!(text.contains(&(note + &handler)), "{text}");
    };
    if !in_a_child(test, "", is_named) {
        return;
    }
    let server = TestServer::empty();
    let (entered, entries) = mpsc::channel();
    let rule = server.on("GET", "/", move |_| {
        let _ = entered.send(());
        loop {
            thread::park();
        }
    });
    eprintln!("\nthe rule is at {}", rule.location());
    let mut clients: Vec<TcpStream> = (0..3).map(|_| connect(&server)).collect();
    for client in &mut clients {
        client.write_all(GET).unwrap();
        entries.recv_timeout(secs(20)).unwrap();
    }
    let addr = server.addr();
    let began = Instant::now();
    drop(server);
    assert!(began.elapsed() < secs(10), "{:?}", began.elapsed());
    assert!(TcpStream::connect(addr).is_err(), "the port is open");
    for client in &mut clients {
        assert_eq!(client.read(&mut [0; 1]).unwrap_or(0), 0, "not closed");
    }
    // Others are served by other threads.
    let server = TestServer::empty();
    server.on("GET", "/", |_| ());
    ask(&connect(&server));
}

/// More threads than processors would only take their time from each other.
#[cfg(feature = "_tls")]
#[test]
fn a_crowd_of_handshakes_takes_few_threads_and_others_are_served_meanwhile() {
    use fixture_server::rustls::ClientConnection;

    if !in_a_child("a_crowd_of_handshakes_takes_few_threads_and_others_are_served_meanwhile", "", |_| ()) {
        return;
    }
    let server = TestServer::builder().tls().start();
    let other = TestServer::empty();
    other.on("GET", "/", |_| ());
    let mut client = ClientConnection::new(Arc::new(server.client_config()), "localhost".try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();

    let clients: Vec<TcpStream> = (0..as_many_as_possible(300)).map(|_| connect(&server)).collect();
    for mut client in &clients {
        client.write_all(&hello).unwrap();
    }
    let (mut most, other) = (0, connect(&other));
    for mut client in &clients {
        ask(&other);
        client.read_exact(&mut [0; 100]).expect("its part of the handshake");
        most = most.max(threads());
    }
    let processors = thread::available_parallelism().unwrap().get();
    // Some come up because threads lose their processors to the others.
    assert!(most <= processors + 16, "{most} threads on {processors} processors");
}
