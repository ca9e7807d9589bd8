//! From start to drop: ports, connections, threads, and what a drop reports.

mod raw;

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use fixture_server::prelude::*;
use rstest::rstest;

use raw::{LIMIT, Raw, Test, client, get_bytes, get_text};

#[test]
fn a_server_may_be_shared_and_sent_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<TestServer>();
    shared::<Rule>();
    shared::<RecordedRequest>();
    shared::<Request>();
    shared::<Response>();
    shared::<Report>();
    shared::<Pattern>();
}

#[test]
fn the_port_accepts_as_soon_as_start_returns() -> Test {
    for _ in 0..100 {
        let server = TestServer::start("fixtures/site");
        drop(TcpStream::connect(server.addr())?);
    }
    Ok(())
}

#[test]
fn urls_are_numeric_and_absolute() {
    let server = TestServer::empty();
    let port = server.port();
    assert_eq!(server.addr(), SocketAddr::from(([127, 0, 0, 1], port)));
    assert_eq!(server.base_url(), format!("http://127.0.0.1:{port}"));
    assert_eq!(server.url("/a?b=c"), format!("http://127.0.0.1:{port}/a?b=c"));
    assert_eq!(server.url(String::from("/")), format!("http://127.0.0.1:{port}/"));
    assert_eq!(server.socket_path(), None);
}

#[test]
fn a_wildcard_is_reached_over_the_loopback_address() -> Test {
    let server = TestServer::builder().bind("0.0.0.0:0").start();
    server.on("GET", "/", |_| "hello");
    assert!(server.url("/").starts_with("http://127.0.0.1:"), "{}", server.url("/"));
    assert_eq!(get_text(&server, "/")?.1, "hello");
    Ok(())
}

/// The result of reading from a connection that the server should have ended.
fn read_end(raw: &mut Raw) -> io::Result<usize> {
    raw.stream.read(&mut [0; 100])
}

#[test]
fn dropping_closes_the_port_and_every_idle_connection() -> Test {
    let server = TestServer::start("fixtures/site");
    let addr = server.addr();
    // One that never sent anything, one that was answered, one in the middle of a head.
    let mut silent = Raw::connect(&server)?;
    let mut answered = Raw::connect(&server)?;
    answered.send("GET /hello.txt HTTP/1.1\r\nHost: test\r\n\r\n")?;
    assert_eq!(answered.answer()?.status(), 200);
    let mut halfway = Raw::connect(&server)?;
    halfway.send("GET /hello.txt HTTP/1.1\r\nHost: test\r\n\r\nGET / HT")?;
    assert_eq!(halfway.answer()?.status(), 200);
    drop(server);

    let refused = TcpStream::connect(addr).err().ok_or("somebody listens")?;
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(read_end(&mut answered)?, 0);
    // Nobody read what these sent, or nobody ever accepted them: a reset is an end as well.
    for raw in [&mut silent, &mut halfway] {
        assert_eq!(read_end(raw).unwrap_or(0), 0);
    }
    Ok(())
}

#[test]
fn a_stopped_server_refuses_and_comes_back_on_the_same_port() -> Test {
    let server = TestServer::start("fixtures/site");
    let rule = server.on("GET", "/rule", |_| "rule");
    let (addr, url) = (server.addr(), server.url("/rule"));
    for round in 1..=3 {
        let mut idle = Raw::connect(&server)?;
        idle.send("GET /rule HTTP/1.1\r\nHost: test\r\n\r\n")?;
        assert_eq!(idle.answer()?.text(), "rule");
        server.stop();
        server.stop();
        assert_eq!(read_end(&mut idle)?, 0);
        let refused = TcpStream::connect(addr).err().ok_or("somebody listens")?;
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

        server.restart();
        server.restart();
        assert_eq!((server.addr(), server.url("/rule")), (addr, url.clone()));
        assert_eq!(get_text(&server, "/hello.txt")?.0, 200);
        // Rules, counts and journal stay.
        rule.assert_hits(round);
        assert_eq!(server.requests().len(), 2 * round);
    }
    Ok(())
}

#[test]
fn a_server_may_be_dropped_while_it_is_stopped() {
    let server = TestServer::empty();
    server.stop();
    let addr = server.addr();
    drop(server);
    assert!(TcpStream::connect(addr).is_err());
}

#[test]
fn servers_in_parallel_never_see_each_other() -> Test {
    thread::scope(|scope| {
        let tests: Vec<_> = (0..8).map(|number| scope.spawn(move || one_of_many(number))).collect();
        for test in tests {
            test.join().map_err(|_| "a test panicked")??;
        }
        Ok(())
    })
}

fn one_of_many(number: usize) -> Result<(), String> {
    let server = TestServer::empty();
    let rule = server.on("GET", "/{n}", move |request| format!("{number}: {}", request.param("n")));
    for n in 0..20 {
        let (_, text) = get_text(&server, &format!("/{n}")).map_err(|error| error.to_string())?;
        assert_eq!(text, format!("{number}: {n}"));
    }
    assert_eq!(server.requests().len(), 20);
    rule.assert_hits(20);
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn two_hundred_servers_need_a_few_threads() -> Test {
    let servers: Vec<TestServer> = (0..200).map(|_| TestServer::start("fixtures/site")).collect();
    for server in &servers {
        assert_eq!(get_text(server, "/hello.txt")?.0, 200);
    }
    // Those of the other tests of this file are among them.
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    assert!(threads < 80, "{threads} threads");
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn dropped_servers_leave_no_descriptors() -> Test {
    let open = || std::fs::read_dir("/proc/self/fd").map(Iterator::count);
    let before = open()?;
    for _ in 0..300 {
        let server = TestServer::start("fixtures/site");
        let mut raw = Raw::connect(&server)?;
        raw.send("GET /hello.txt HTTP/1.1\r\nHost: test\r\n\r\n")?;
        raw.answer()?;
    }
    // Other tests have some open at the same time, the one with 200 servers above all; a leak would be 600.
    let after = open()?;
    assert!(after < before + 450, "{before} descriptors before, {after} after");
    Ok(())
}

#[rstest]
#[case::loopback("[::1]:0", "http://[::1]:")]
#[case::wildcard("[::]:0", "http://[::1]:")]
fn ipv6_is_spoken(#[case] addr: &str, #[case] url: &str) -> Test {
    let server = match TestServer::builder().dir("fixtures/site").bind(addr).try_start() {
        Ok(server) => server,
        // A machine without IPv6 has nothing to test here.
        Err(error) if error.io_error().kind() == io::ErrorKind::AddrNotAvailable => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    assert!(server.url("/").starts_with(url), "{}", server.url("/"));
    assert_eq!(get_text(&server, "/hello.txt")?.0, 200);
    assert!(server.requests()[0].peer().is_some_and(|peer| peer.is_ipv6()));
    if addr.starts_with("[::]") {
        // The wildcard takes IPv4 too.
        drop(TcpStream::connect(("127.0.0.1", server.port()))?);
    }
    Ok(())
}

#[cfg(unix)]
mod unix_sockets {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn ask(path: &std::path::Path) -> io::Result<String> {
        let mut stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.write_all(get_bytes("/hello.txt").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn a_unix_socket_is_served_and_its_file_removed() -> Test {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("test.sock");
        let server = TestServer::builder().dir("fixtures/site").bind_unix(&path).start();
        assert_eq!((server.socket_path(), server.url("/a").as_str()), (Some(&*path), "http://localhost/a"));
        assert!(ask(&path)?.ends_with("\r\n\r\nHello, fixture!\n"));
        assert_eq!((server.requests()[0].peer(), server.requests()[0].connection()), (None, 1));

        server.stop();
        assert!(!path.exists());
        assert!(ask(&path).is_err());
        server.restart();
        assert!(ask(&path)?.ends_with("\r\n\r\nHello, fixture!\n"));
        drop(server);
        assert!(!path.exists());
        Ok(())
    }

    #[test]
    fn a_reset_on_a_unix_socket_is_a_close() -> Test {
        let dir = tempfile::tempdir()?;
        let server = TestServer::builder().bind_unix(dir.path().join("test.sock")).start();
        server.on("GET", "/hello.txt", |_| Fault::Reset);
        let path = server.socket_path().ok_or("no path")?;
        assert_eq!(ask(path)?, "");
        Ok(())
    }
}

/// A server with failures of two handlers.
fn failed() -> Result<TestServer, ureq::Error> {
    let server = TestServer::empty();
    server.on("GET", "/panic", |_| panic!("the first"));
    server.on("GET", "/error", |_| Err::<u16, _>("the second"));
    assert_eq!(get_text(&server, "/panic")?.0, 500);
    assert_eq!(get_text(&server, "/error")?.0, 500);
    Ok(server)
}

/// The text with which something panics; `None` if it does not.
fn panic_text(action: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(action)).err()?;
    match payload.downcast::<String>() {
        Ok(text) => Some(*text),
        Err(payload) => payload.downcast::<&str>().ok().map(|text| (*text).to_owned()),
    }
}

#[test]
fn dropping_reports_all_failures_at_once() -> Test {
    let server = failed()?;
    let text = panic_text(|| drop(server)).ok_or("the drop said nothing")?;
    assert!(text.starts_with("the test server has 2 failures\n\n"), "{text}");
    assert!(text.contains("panicked: the first\n") && text.contains("returned an error: the second\n"), "{text}");
    Ok(())
}

#[test]
fn a_failure_is_reported_once() -> Test {
    let server = failed()?;
    assert_eq!(server.try_verify().err().map(|report| report.failures().len()), Some(2));
    assert!(server.try_verify().is_ok());
    server.verify();

    get_text(&server, "/error")?;
    let text = panic_text(|| server.verify()).ok_or("nothing was said")?;
    assert!(text.starts_with("the test server has 1 failure\n"), "{text}");
    assert_eq!(panic_text(|| drop(server)), None);
    Ok(())
}

#[test]
fn dropping_during_a_panic_does_not_hide_it() -> Test {
    let server = failed()?;
    let addr = server.addr();
    let text = panic_text(move || {
        let _server = server;
        panic!("the test's own");
    });
    assert_eq!(text.as_deref(), Some("the test's own"));
    assert!(TcpStream::connect(addr).is_err(), "the port is closed all the same");
    Ok(())
}

#[test]
fn a_server_may_be_dropped_by_another_thread() -> Test {
    let server = failed()?;
    let text = thread::spawn(move || panic_text(|| drop(server))).join().map_err(|_| "the thread panicked")?;
    assert!(text.ok_or("nothing was said")?.contains("2 failures"));
    Ok(())
}

#[test]
fn dropping_does_not_wait_for_ever_for_a_handler_that_blocks() -> Test {
    let (entered, entries) = std::sync::mpsc::channel();
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let server = TestServer::empty();
    server.on("GET", "/", move |_| {
        // Nobody listens any more if the test has failed already.
        let _ = entered.send(());
        // Ends when the test drops its end, at the latest.
        drop(gate.lock().map(|gate| gate.recv()));
    });
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    entries.recv_timeout(LIMIT)?;

    let began = std::time::Instant::now();
    drop(server);
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    assert_eq!(read_end(&mut raw).unwrap_or(0), 0);
    drop(release);
    Ok(())
}

#[test]
fn dropping_waits_for_a_handler_that_is_about_to_fail() -> Test {
    let (going_on, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let server = TestServer::empty();
    server.on("GET", "/", move |_| -> u16 {
        // Goes on once the client sees its connection closed, which is what a drop begins with.
        let _ = gate.lock().map(|gate| gate.recv());
        panic!("a little late");
    });
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    server.wait_for(get("/"), 1, LIMIT);

    let client = thread::spawn(move || {
        let _ = read_end(&mut raw);
        drop(going_on);
    });
    let text = panic_text(|| drop(server)).ok_or("the drop said nothing")?;
    assert!(text.contains("panicked: a little late"), "{text}");
    client.join().map_err(|_| "the client panicked")?;
    Ok(())
}

#[test]
fn a_handler_may_verify_its_server_without_waiting_for_itself() -> Test {
    let server = std::sync::Arc::new(TestServer::empty());
    let inside = std::sync::Arc::downgrade(&server);
    server.on("GET", "/", move |_| {
        let began = std::time::Instant::now();
        let Some(server) = inside.upgrade() else { return "gone".to_owned() };
        let verified = (0..100).all(|_| server.try_verify().is_ok());
        // Generous: to wait for itself each time would take twice as long.
        format!("{verified} {}", began.elapsed() < secs(12))
    });
    assert_eq!(get_text(&server, "/")?.1, "true true");
    Ok(())
}

/// A value that panics when it is dropped, as a server does that has failures.
struct Failing;

impl Drop for Failing {
    fn drop(&mut self) {
        panic!("{}", "dropped");
    }
}

#[test]
fn what_users_gave_may_panic_when_it_goes_and_nobody_waits_for_ever() -> Test {
    let server = TestServer::empty();
    for path in ["/a", "/b"] {
        let (in_pattern, in_handler) = (Failing, Failing);
        let holding = move |_: &Request| size_of_val(&in_pattern) == 0;
        server.when(get(path).matching("holds something", holding)).respond_with(move |_| {
            let _held = &in_handler;
            204
        });
    }
    let next = server.next_request(get("/never"));
    let waiting = thread::spawn(move || next.try_wait(LIMIT).err().map(|report| report.to_string()));
    assert_eq!(panic_text(|| drop(server)).as_deref(), Some("dropped"));
    let report = waiting.join().map_err(|_| "the thread panicked")?.ok_or("it came")?;
    assert!(report.contains("the server was dropped"), "{report}");
    Ok(())
}

#[test]
fn what_users_gave_may_panic_when_it_goes_during_a_panic() {
    let text = panic_text(|| {
        let held = Failing;
        let server = TestServer::empty();
        server.on("GET", "/", move |_| size_of_val(&held).to_string());
        panic!("the first");
    });
    assert_eq!(text.as_deref(), Some("the first"));
}

#[test]
fn a_directory_that_vanished_is_named_in_the_404_and_in_reports() -> Test {
    let dir = tempfile::tempdir()?;
    let path = dir.path().to_owned();
    std::fs::write(path.join("a.txt"), "a")?;
    let server = TestServer::start(&dir);
    assert_eq!(get_text(&server, "/a.txt")?.0, 200);
    let text = panic_text(|| server.assert_received(get("/b"), 1)).ok_or("no failure")?;
    assert!(!text.contains("note:"), "{text}");

    dir.close()?;
    let (status, page) = get_text(&server, "/a.txt")?;
    assert_eq!(status, 404);
    let sentence = format!("The served directory {} has vanished since the server started", path.display());
    assert!(page.contains(&sentence), "{page}");
    let text = panic_text(|| server.assert_received(get("/b"), 1)).ok_or("no failure")?;
    let note = format!("\n\nnote: the served directory {} has vanished since the server started", path.display());
    assert!(text.contains(&note), "{text}");
    Ok(())
}

#[test]
fn a_directory_may_be_given_in_many_ways() -> Test {
    let dir = tempfile::tempdir()?;
    std::fs::write(dir.path().join("a.txt"), "a")?;
    let path = dir.path().to_owned();
    let text = path.to_string_lossy().into_owned();
    let servers = [
        TestServer::start(&dir),
        TestServer::start(path.as_path()),
        TestServer::start(&path),
        TestServer::start(path.clone()),
        TestServer::start(text.as_str()),
        TestServer::start(&text),
        TestServer::start(text.clone()),
        TestServer::try_start(&dir)?,
        TestServer::builder().dir(&dir).start(),
        TestServer::start(Directory::new(&dir)),
        TestServer::builder().dir(Directory::new(&dir).may_be_missing()).try_start()?,
    ];
    for server in &servers {
        assert_eq!(get_text(server, "/a.txt")?, (200, "a".to_owned()));
    }
    Ok(())
}

#[test]
fn options_are_kept() -> Test {
    let server = TestServer::builder().keep_alive(false).max_head(2_000).max_fields(10).max_target(1_000).start();
    let get = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    assert_eq!(raw::exchange(&server, get)?.field("connection"), Some("close"));
    let long = format!("GET / HTTP/1.1\r\nHost: test\r\nX: {}\r\n\r\n", "x".repeat(2_000));
    assert_eq!(raw::exchange(&server, long)?.status(), 431);
    let many = format!("GET / HTTP/1.1\r\nHost: test\r\n{}\r\n", "X: 1\r\n".repeat(10));
    assert_eq!(raw::exchange(&server, many)?.status(), 431);
    assert_eq!(raw::exchange(&server, get_bytes(&format!("/{}", "x".repeat(1_000))))?.status(), 414);
    Ok(())
}

#[test]
fn a_request_that_does_not_arrive_in_time_is_refused() -> Test {
    let server = TestServer::builder().read_timeout(ms(50)).start();
    let answer = raw::exchange(&server, "GET / HTTP/1.1\r\nHost")?;
    assert_eq!(answer.status(), 408);
    let refusal = server.requests()[0].refusal().map(str::to_owned);
    assert_eq!(refusal.as_deref(), Some("the request did not arrive in time (`.read_timeout(time)` of the builder)"));
    // An idle connection is closed without a word.
    let mut idle = Raw::connect(&server)?;
    assert_eq!(idle.rest()?, b"");
    assert_eq!(server.requests().len(), 1);
    Ok(())
}

#[test]
fn a_shared_client_finds_a_new_server_on_each_port() -> Test {
    let client = client();
    for number in 0..50 {
        let server = TestServer::empty();
        server.on("GET", "/", move |_| number.to_string());
        let text = client.get(server.url("/")).call()?.body_mut().read_to_string()?;
        assert_eq!(text, number.to_string());
    }
    Ok(())
}

#[test]
fn what_a_closure_holds_is_released_with_the_server_even_if_a_rule_or_a_record_is_kept() {
    for _ in 0..200 {
        let held = std::sync::Arc::new(());
        let inside = held.clone();
        let server = TestServer::empty();
        let rule = server.on("GET", "/", move |_| std::sync::Arc::strong_count(&inside).to_string());
        assert!(ureq::get(server.url("/")).call().is_ok());
        let records = server.requests();
        drop(server);
        assert_eq!(std::sync::Arc::strong_count(&held), 1);
        assert_eq!((rule.hits(), rule.requests().len(), records.len()), (1, 0, 1));
    }
}
