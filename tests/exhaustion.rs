//! What the system has no more of: descriptors, threads. It costs the request concerned, nothing else, and when there are
//! some again everything goes on. Each test runs in a process of its own, whose limits a shell has lowered.
#![cfg(target_os = "linux")] // counts descriptors, threads and time in /proc

mod census;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use fixture_server::prelude::*;
use socket2::{Domain, Socket, Type};

use census::{GET, ask, connect, descriptors, eventually, expect_answer, in_a_child, patient, threads};

/// Opens files until no more can be opened.
fn take_all_descriptors() -> Vec<File> {
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(24), "{error}");
                return taken;
            }
        }
    }
}

/// Tells the processor time of this process, also when no file can be opened any more.
struct Processor(File);

impl Processor {
    fn open() -> Processor {
        Processor(File::open("/proc/self/stat").unwrap())
    }

    fn time(&self) -> Duration {
        let mut stat = [0; 1000];
        let length = self.0.read_at(&mut stat, 0).unwrap();
        let stat = String::from_utf8_lossy(&stat[..length]).into_owned();
        // Behind the name, which may hold anything, `utime` and `stime` are the 12th and 13th field, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        ms(ticks * 10)
    }

    /// Who waits in vain does not keep it busy meanwhile.
    #[track_caller]
    fn assert_quiet(&self) {
        let before = self.time();
        thread::sleep(ms(300));
        let busy = self.time().saturating_sub(before);
        assert!(busy < ms(150), "{busy:?} in 300 ms");
    }
}

/// The status of the answer to a GET, and what follows its head as far as it came along.
fn get(mut client: &TcpStream, target: &str) -> String {
    write!(client, "GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut buffer = [0; 4096];
    let length = client.read(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[test]
fn without_descriptors_open_connections_are_served_and_new_ones_as_soon_as_there_are_some() {
    let test = "without_descriptors_open_connections_are_served_and_new_ones_as_soon_as_there_are_some";
    if !in_a_child(test, "ulimit -n 120;", |_| ()) {
        return;
    }
    let (processor, server) = (Processor::open(), TestServer::start("fixtures/site"));
    server.on("GET", "/", |_| ());
    let open: Vec<TcpStream> = (0..10).map(|_| connect(&server)).collect();
    open.iter().for_each(ask);
    let before = descriptors();
    for (round, asking) in open[..3].iter().enumerate() {
        // Sockets that are to connect later have their descriptors already.
        let sockets: Vec<Socket> = (0..20).map(|_| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap()).collect();
        let taken = take_all_descriptors();
        // The system answers them in place of the server.
        for socket in &sockets {
            socket.connect(&server.addr().into()).unwrap();
        }
        let waiting: Vec<TcpStream> = sockets.into_iter().map(|socket| patient(socket.into())).collect();
        for mut client in &waiting {
            client.write_all(GET).unwrap();
        }
        open[3..].iter().for_each(ask);
        let error = TestServer::try_start("fixtures/site").map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("os error 24"), "{error}");

        processor.assert_quiet();
        // A file that cannot be opened is not found, as http.server has it.
        assert!(get(asking, "/hello.txt").starts_with("HTTP/1.1 404 "));
        open[3..].iter().for_each(ask);

        drop(taken);
        waiting.iter().for_each(expect_answer);
        assert!(get(&connect(&server), "/hello.txt").ends_with("Hello, fixture!\n"));
        drop(TestServer::start("fixtures/site"));
        drop(waiting);
        // Without the end that an error page closes.
        eventually("the descriptors are back", || descriptors() < before - round);
    }
}

#[test]
fn the_first_server_of_a_process_without_descriptors_says_so_and_the_next_one_starts() {
    let test = "the_first_server_of_a_process_without_descriptors_says_so_and_the_next_one_starts";
    if !in_a_child(test, "ulimit -n 50;", |_| ()) {
        return;
    }
    let mut taken = take_all_descriptors();
    // The listener and what the engine needs: each time one more of them can be had.
    for spare in 0.. {
        match TestServer::try_start("fixtures/site") {
            Ok(server) => {
                drop(taken);
                server.on("GET", "/", |_| ());
                ask(&connect(&server));
                break;
            }
            Err(error) => assert!(error.to_string().contains("os error 24"), "{error}"),
        }
        assert!(spare < 20, "it does not start");
        drop(taken.pop());
    }
}

/// Whoever is stopped has its port again, though nothing could hold it meanwhile.
#[test]
fn a_server_may_be_stopped_restarted_and_dropped_without_descriptors() {
    let test = "a_server_may_be_stopped_restarted_and_dropped_without_descriptors";
    if !in_a_child(test, "ulimit -n 50;", |_| ()) {
        return;
    }
    let before = {
        drop(TestServer::empty());
        descriptors()
    };
    let server = TestServer::empty();
    server.on("GET", "/", |_| ());
    let addr = server.addr();
    ask(&connect(&server));
    let taken = take_all_descriptors();
    server.stop();
    server.restart();
    drop(taken);
    assert_eq!(server.addr(), addr);
    ask(&connect(&server));
    let taken = take_all_descriptors();
    drop(server);
    drop(taken);
    assert!(TcpStream::connect(addr).is_err());
    eventually("the descriptors are back", || descriptors() <= before);
}

/// It needs some for its input and output.
#[test]
fn a_script_that_cannot_be_run_for_want_of_descriptors_costs_its_answer_only() {
    let test = "a_script_that_cannot_be_run_for_want_of_descriptors_costs_its_answer_only";
    if !in_a_child(test, "ulimit -n 60;", |_| ()) {
        return;
    }
    let site = tempfile::tempdir().unwrap();
    let script = site.path().join("cgi-bin/script");
    fs::create_dir(site.path().join("cgi-bin")).unwrap();
    fs::write(&script, "#!/bin/sh\nprintf 'A: b\\r\\n\\r\\nran'\n").unwrap();
    for path in [site.path(), &site.path().join("cgi-bin"), &script] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let server = TestServer::builder().dir(&site).cgi(["/cgi-bin"]).start();
    server.on("GET", "/", |_| ());
    let run = |client: TcpStream| {
        (&client).write_all(b"GET /cgi-bin/script HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        (&client).read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(run(connect(&server)).ends_with("ran"));
    let other = connect(&server);
    ask(&other);
    // All of them, or all but so many: it may fail at each that it opens.
    for spare in 0..8 {
        let client = connect(&server);
        ask(&client);
        let mut taken = take_all_descriptors();
        taken.truncate(taken.len() - spare);
        let answer = run(client);
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["200", "404", "500"].contains(&status), "with {spare} to spare: {answer}");
        ask(&other);
        drop(taken);
        assert!(run(connect(&server)).ends_with("ran"), "with {spare} to spare");
    }
    server.verify();
}

/// Threads that are wanted and cannot be had. `ulimit -u` binds no administrator, but there is no room for more than a few
/// if each is to have a stack that large.
#[test]
fn without_threads_what_blocks_is_waited_for_and_then_everything_goes_on() {
    let test = "without_threads_what_blocks_is_waited_for_and_then_everything_goes_on";
    let words = "ulimit -v 4000000 || exit 1; export MALLOC_ARENA_MAX=1 RUST_MIN_STACK=400000000;";
    if !in_a_child(test, words, |_| ()) {
        return;
    }
    let room = thread::Builder::new().stack_size(4_000_000_000).spawn(|| ());
    assert!(room.is_err(), "the limit does not hold");
    let (processor, server) = (Processor::open(), TestServer::empty());
    let (entered, entries) = mpsc::channel();
    let (go_on, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    server.on("GET", "/", |_| ());
    server.on("GET", "/blocked", move |_| {
        let _ = entered.send(());
        drop(gate.lock().map(|gate| gate.recv()));
    });
    for _ in 0..2 {
        let clients: Vec<TcpStream> = (0..30).map(|_| connect(&server)).collect();
        for mut client in &clients {
            client.write_all(b"GET /blocked HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        }
        // As many as there are threads for are in it, and none may be left for others.
        entries.recv_timeout(secs(20)).unwrap();
        let others = connect(&server);
        (&others).write_all(GET).unwrap();
        processor.assert_quiet();
        assert!(threads() < 12, "{} threads", threads());
        for _ in &clients {
            go_on.send(()).unwrap();
        }
        clients.iter().for_each(expect_answer);
        assert_eq!(entries.try_iter().count(), clients.len() - 1);
        expect_answer(&others);
        ask(&connect(&server));
    }
}
