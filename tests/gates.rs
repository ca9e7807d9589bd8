//! Gates through real sockets: what is held, who is let go, and what becomes of it when servers and clients go.

use std::cell::Cell;
use std::io::Read;
use std::panic::{self, UnwindSafe, catch_unwind};
use std::sync::Once;
use std::thread;
use std::time::Duration;

use fixture_server::Ended;
use fixture_server::prelude::*;
use raw::{LIMIT, Raw, Test, eventually, get_text};
use socket2::SockRef;

mod raw;

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// A server whose handler waits at the gate before it answers.
fn waiting_at(gate: &Gate) -> TestServer {
    let (server, gate) = (TestServer::empty(), gate.clone());
    server.on("GET", "/{*rest}", move |_| {
        gate.wait();
        "let go"
    });
    server
}

#[test]
fn a_handler_waits_until_the_gate_is_open() -> Test {
    let gate = Gate::new();
    let server = waiting_at(&gate);
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    assert_eq!((gate.held(), server.requests()[0].ended()), (1, None));
    gate.open();
    assert_eq!(raw.answer()?.text(), "let go");
    assert_eq!(get_text(&server, "/")?, (200, "let go".to_owned()), "it stays open");
    Ok(())
}

#[test]
fn a_gate_that_was_closed_again_holds_the_next() -> Test {
    let gate = Gate::new();
    let server = waiting_at(&gate);
    gate.open();
    get_text(&server, "/")?;
    gate.close();
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    gate.open();
    assert_eq!(raw.answer()?.status(), 200);
    Ok(())
}

#[test]
fn handlers_that_wait_do_not_hold_up_others() -> Test {
    let gate = Gate::new();
    let server = waiting_at(&gate);
    server.on("GET", "/other", |_| "quick");
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut raw = Raw::connect(&server)?;
        raw.send(GET)?;
        waiting.push(raw);
    }
    gate.wait_held(20, LIMIT);
    assert_eq!(get_text(&server, "/other")?.1, "quick");
    gate.open();
    for raw in &mut waiting {
        assert_eq!(raw.answer()?.text(), "let go");
    }
    Ok(())
}

#[test]
fn a_barrier_lets_so_many_go_together() -> Test {
    let gate = Gate::barrier(3);
    let server = waiting_at(&gate);
    let mut raws = [Raw::connect(&server)?, Raw::connect(&server)?, Raw::connect(&server)?];
    for raw in &mut raws[..2] {
        raw.send(GET)?;
    }
    gate.wait_held(2, LIMIT);
    assert!(server.requests().iter().all(|request| request.ended().is_none()));
    raws[2].send(GET)?;
    for raw in &mut raws {
        assert_eq!(raw.answer()?.text(), "let go");
    }
    Ok(())
}

#[test]
fn a_handler_that_waits_goes_on_when_its_server_is_dropped() -> Test {
    let (gate, went_on) = (Gate::new(), Gate::barrier(2));
    let server = TestServer::empty();
    let (held, telling) = (gate.clone(), went_on.clone());
    server.on("GET", "/", move |_| {
        held.wait();
        // A gate holds nobody whose server is gone: this one neither.
        held.wait();
        telling.open();
    });
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    drop(server);
    went_on.wait();
    assert_eq!((gate.held(), raw.rest()?.len()), (0, 0));
    Ok(())
}

#[test]
fn a_handler_that_waits_goes_on_when_its_server_is_stopped_and_the_next_waits_again() -> Test {
    let gate = Gate::new();
    let server = waiting_at(&gate);
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    server.stop();
    eventually("nobody is held", || gate.held() == 0);
    server.restart();
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    gate.open();
    assert_eq!(raw.answer()?.text(), "let go");
    Ok(())
}

#[test]
fn the_end_of_another_server_lets_nobody_go() -> Test {
    let gate = Gate::new();
    let (server, other) = (waiting_at(&gate), waiting_at(&gate));
    let (mut raw, mut gone) = (Raw::connect(&server)?, Raw::connect(&other)?);
    raw.send(GET)?;
    gone.send(GET)?;
    gate.wait_held(2, LIMIT);
    drop(other);
    eventually("one is held", || gate.held() == 1);
    gate.open();
    assert_eq!(raw.answer()?.text(), "let go");
    Ok(())
}

/// The line of this file at which something panics; 0 if elsewhere, or if it does not.
fn line_of(mistake: impl FnOnce() + UnwindSafe) -> u32 {
    thread_local! {
        static LINE: Cell<u32> = const { Cell::new(0) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            LINE.set(info.location().filter(|at| at.file() == file!()).map_or(0, panic::Location::line));
            usual(info);
        }));
    });
    LINE.set(0);
    let _ = catch_unwind(mistake);
    LINE.get()
}

#[rustfmt::skip] // a case a line, because its line is what is asserted
#[test]
fn mistakes_are_told_at_the_line_of_the_test() {
    let gate = Gate::new();
    assert_eq!(line_of(|| gate.wait_held(1, ms(1))), line!());
    assert_eq!(line_of(|| drop(Gate::barrier(0))), line!());
}

#[test]
fn a_held_response_sends_nothing_until_it_is_let_go() -> Test {
    let (server, gate) = (TestServer::empty(), Gate::new());
    server.when(get("/")).respond(Response::text("late").hold(&gate));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    assert_eq!(server.requests()[0].bytes_sent(), 0);
    gate.open();
    assert_eq!(raw.answer()?.text(), "late");
    Ok(())
}

#[test]
fn a_held_body_sends_so_many_bytes_of_it_before() -> Test {
    let (server, gate) = (TestServer::empty(), Gate::new());
    server.when(get("/")).respond(Response::text("firstsecond").hold_body(5, &gate));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    let mut before = Vec::new();
    while !before.ends_with(b"first") {
        let mut byte = [0];
        assert_eq!(raw.stream.read(&mut byte)?, 1);
        before.push(byte[0]);
    }
    gate.open();
    let mut after = [0; 6];
    raw.stream.read_exact(&mut after)?;
    assert_eq!(&after, b"second");
    Ok(())
}

#[test]
fn hundreds_of_held_responses_need_no_hundreds_of_threads() -> Test {
    let (server, gate) = (TestServer::empty(), Gate::new());
    server.when(get("/")).respond(Response::text("late").hold(&gate));
    let mut raws = Vec::new();
    for _ in 0..300 {
        let mut raw = Raw::connect(&server)?;
        raw.send(GET)?;
        raws.push(raw);
    }
    gate.wait_held(300, LIMIT);
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let threads = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap_or_default().trim();
        // Other tests of this process have theirs.
        assert!(threads.parse::<usize>()? < 100, "{threads} threads");
    }
    gate.open();
    for raw in &mut raws {
        assert_eq!(raw.answer()?.status(), 200);
    }
    Ok(())
}

#[test]
fn a_held_response_goes_with_its_server() -> Test {
    let (server, gate) = (TestServer::empty(), Gate::new());
    server.when(get("/")).respond(Response::text("never").hold(&gate));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    let request = server.requests().remove(0);
    drop(server);
    // The thread that has brought it to the gate may not have let go of it yet.
    eventually("nobody is held", || gate.held() == 0);
    assert_eq!((raw.rest()?.len(), request.ended()), (0, Some(Ended::ServerStopped)));
    Ok(())
}

#[test]
fn a_held_response_goes_with_its_client() -> Test {
    let (server, gate) = (TestServer::empty(), Gate::new());
    server.when(get("/")).respond(Response::text("never").hold(&gate));
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, LIMIT);
    // By a reset: one that only closes might still take the answer.
    SockRef::from(&raw.stream).set_linger(Some(Duration::ZERO))?;
    drop(raw);
    eventually("nobody is held", || gate.held() == 0);
    assert_eq!(server.requests()[0].ended(), Some(Ended::ClientGone));
    Ok(())
}

#[test]
fn responses_and_handlers_meet_at_one_barrier() -> Test {
    let (server, gate) = (TestServer::empty(), Gate::barrier(2));
    let waiting = gate.clone();
    server.when(get("/held")).respond(Response::text("held").hold(&gate));
    server.on("GET", "/waiting", move |_| {
        waiting.wait();
        "waited"
    });
    let url = server.url("/held");
    let held = thread::spawn(move || ureq::get(url).call()?.body_mut().read_to_string());
    gate.wait_held(1, LIMIT);
    assert_eq!(get_text(&server, "/waiting")?.1, "waited");
    assert_eq!(held.join().unwrap()?, "held");
    Ok(())
}

#[test]
fn an_interim_response_is_not_held() -> Test {
    let (server, gate) = (TestServer::empty(), Gate::new());
    server.when(put("/")).respond(Response::text("late").hold(&gate));
    let mut raw = Raw::connect(&server)?;
    raw.send("PUT / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")?;
    assert_eq!(raw.answer()?.status(), 100);
    raw.send("hi")?;
    gate.wait_held(1, LIMIT);
    gate.open();
    assert_eq!(raw.answer()?.text(), "late");
    Ok(())
}
