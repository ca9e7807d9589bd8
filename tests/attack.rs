//! Clients that mean harm, or merely come in crowds: others are served meanwhile, and nothing is left behind.
#![cfg(target_os = "linux")] // counts descriptors and threads in /proc

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use fixture_server::prelude::*;
use socket2::{Domain, SockRef, Socket, Type};

/// What belongs to the process is counted, so one test runs at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // The engine comes up with the first server and stays.
    drop(echo());
    guard
}

fn echo() -> TestServer {
    let server = TestServer::empty();
    server.when(any()).respond_with(Request::body_text);
    server
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Threads of the server; those of the test harness have other names.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim_end() == "fixture-server").count()
}

/// Asks again and again, since closing happens on other threads; gives up long after it must have.
#[track_caller]
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(
            start.elapsed() < secs(20),
            "not so after 20 s: {what}; {} descriptors, {} threads",
            descriptors(),
            threads()
        );
        std::thread::sleep(ms(2));
    }
}

/// A poller, somebody who stands by, and one or two who have just helped out.
const FEW_THREADS: usize = 4;

fn connect(server: &TestServer) -> TcpStream {
    let stream = TcpStream::connect(server.addr()).unwrap();
    // Only against hanging.
    stream.set_read_timeout(Some(secs(20))).unwrap();
    stream.set_write_timeout(Some(secs(20))).unwrap();
    stream
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Reads one answer without a body.
#[track_caller]
fn expect_answer(mut stream: &TcpStream) {
    let mut buffer = [0; 1024];
    let mut length = 0;
    while !buffer[..length].ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut buffer[length..]).expect("an answer");
        assert!(read > 0, "the end came before the answer");
        length += read;
    }
    assert!(buffer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{:?}", String::from_utf8_lossy(&buffer[..length]));
}

#[track_caller]
fn ask(mut stream: &TcpStream) {
    stream.write_all(GET).unwrap();
    expect_answer(stream);
}

/// As many connections as there are descriptors for, two for each: ours and the server's.
fn as_many_as_possible(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft = line.split_whitespace().nth(3).unwrap();
    let possible = soft.parse::<usize>().map_or(wanted, |soft| soft.saturating_sub(descriptors() + 64) / 2);
    if possible < wanted {
        eprintln!("ONLY {possible} CONNECTIONS INSTEAD OF {wanted}: no more than {soft} files may be open (ulimit -n)");
    }
    possible.min(wanted)
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
            let mut stream = TcpStream::from(socket);
            stream.set_read_timeout(Some(secs(20))).unwrap();
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
    assert!(threads() < share / 7, "{} threads", threads());

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

#[test]
fn a_crowd_of_idle_connections_stays_alive() {
    let _alone = alone();
    let before = descriptors();
    let server = echo();
    let crowd: Vec<TcpStream> = (0..as_many_as_possible(2_000)).map(|_| connect(&server)).collect();
    // Each is known to be accepted once it is answered.
    crowd.iter().for_each(ask);
    ask(&connect(&server));
    eventually("few threads are left", || threads() <= FEW_THREADS);
    crowd.iter().for_each(ask);

    drop(server);
    for mut stream in &crowd {
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "not closed");
    }
    drop(crowd);
    eventually("the descriptors are back", || descriptors() <= before);
}

#[test]
fn ten_thousand_resets_leave_nothing_behind() {
    let _alone = alone();
    let before = descriptors();
    let server = echo();
    let keeping = connect(&server);
    ask(&keeping);
    let with_server = descriptors();
    for number in 0..10_000_usize {
        let mut stream = connect(&server);
        SockRef::from(&stream).set_linger(Some(ms(0))).unwrap();
        // Before anything, within a head, or with an answer on its way.
        let length = [0, 10, GET.len()][number % 3];
        stream.write_all(&GET[..length]).unwrap();
        drop(stream);
        if number % 1_000 == 0 {
            ask(&keeping);
        }
    }
    ask(&keeping);
    eventually("the connections are closed", || descriptors() <= with_server);
    eventually("few threads are left", || threads() <= FEW_THREADS);
    drop(keeping);
    drop(server);
    eventually("the descriptors are back", || descriptors() <= before);
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
    }
    ask(&connect(&server));
    server.verify();
    drop(server);
    eventually("the descriptors are back", || descriptors() <= before);
    eventually("few threads are left", || threads() <= FEW_THREADS);
}
