//! Connections: how many, what came on each, and who closed it.

use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::SystemTime;

use fixture_server::prelude::*;
use fixture_server::{ClosedBy, RecordedConnection};
use raw::{Raw, Test, client, eventually, exchange, get_bytes};
use rstest::rstest;

mod raw;

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

fn greeting() -> TestServer {
    let server = TestServer::empty();
    server.on("GET", "/", |_| "hello");
    server
}

#[track_caller]
fn only(server: &TestServer) -> RecordedConnection {
    let connections = server.connections();
    assert_eq!(connections.len(), 1, "{connections:?}");
    connections[0].clone()
}

/// What a client that closes leaves is noticed a moment later.
#[track_caller]
fn assert_closed_by_the_client(server: &TestServer) {
    let connection = only(server);
    eventually("the client is gone", || connection.closed_by().is_some());
    assert_eq!(connection.closed_by(), Some(ClosedBy::Client));
}

#[test]
fn requests_are_counted_on_each() -> Test {
    let server = greeting();
    let (mut one, mut other) = (Raw::connect(&server)?, Raw::connect(&server)?);
    for _ in 0..3 {
        one.send(GET)?;
        one.answer()?;
    }
    other.send(GET)?;
    other.answer()?;
    let seen: Vec<_> = server.connections().iter().map(|one| (one.number(), one.requests(), one.closed_by())).collect();
    assert_eq!(seen, [(1, 3, None), (2, 1, None)]);
    Ok(())
}

#[test]
fn a_client_that_keeps_its_connection_uses_it_again() -> Test {
    let server = greeting();
    let client = client();
    for _ in 0..3 {
        client.get(server.url("/")).call()?.body_mut().read_to_string()?;
    }
    assert_eq!((only(&server).requests(), only(&server).closed_by()), (3, None));
    Ok(())
}

#[test]
fn a_request_that_is_under_way_counts() -> Test {
    let (server, gate) = (TestServer::empty(), Gate::new());
    let held = gate.clone();
    server.on("GET", "/", move |_| held.wait());
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, raw::LIMIT);
    assert_eq!(only(&server).requests(), 1);
    gate.open();
    raw.answer()?;
    Ok(())
}

#[test]
fn a_connection_knows_who_and_when() -> Test {
    let before = SystemTime::now();
    let server = greeting();
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    raw.answer()?;
    let (connection, request) = (only(&server), server.requests().remove(0));
    assert_eq!(connection.peer(), Some(raw.stream.local_addr()?));
    assert_eq!((connection.peer(), connection.number()), (request.peer(), request.connection()));
    assert!(before <= connection.opened() && connection.opened() <= request.arrived());
    Ok(())
}

#[rstest]
#[case::as_the_client_asked(TestServer::builder(), get_bytes("/"))]
#[case::always(TestServer::builder().keep_alive(false), GET.to_owned())]
#[case::after_so_many(TestServer::builder().max_requests_per_connection(2), GET.repeat(2))]
#[case::after_a_refusal(TestServer::builder(), "GET / HTTP/1.1\r\nbroken\r\n\r\n".to_owned())]
#[case::after_a_slow_head(TestServer::builder().read_timeout(ms(20)), "GET / HT".to_owned())]
fn the_server_closes(#[case] builder: fixture_server::Builder, #[case] request: String) -> Test {
    let server = builder.start();
    server.on("GET", "/", |_| "hello");
    exchange(&server, request)?;
    assert_eq!(only(&server).closed_by(), Some(ClosedBy::Server));
    Ok(())
}

#[test]
fn one_request_a_connection_without_keep_alive() -> Test {
    let server = TestServer::builder().keep_alive(false).start();
    server.on("GET", "/", |_| "hello");
    let client = client();
    for _ in 0..3 {
        client.get(server.url("/")).call()?.body_mut().read_to_string()?;
    }
    let requests: Vec<usize> = server.connections().iter().map(RecordedConnection::requests).collect();
    assert_eq!(requests, [1, 1, 1]);
    server.assert_connections(3);
    Ok(())
}

#[test]
fn a_connection_ends_after_so_many_requests() -> Test {
    let server = TestServer::builder().max_requests_per_connection(2).start();
    server.on("GET", "/", |_| "hello");
    let mut raw = Raw::connect(&server)?;
    raw.send(GET.repeat(3))?;
    let answers = [raw.answer()?, raw.answer()?];
    assert_eq!([answers[0].field("connection"), answers[1].field("connection")], [None, Some("close")]);
    assert!(raw.rest()?.is_empty());
    assert_eq!((only(&server).requests(), server.requests().len()), (2, 2));
    Ok(())
}

#[test]
fn the_client_closes_between_requests() -> Test {
    let server = greeting();
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    raw.answer()?;
    assert_eq!(only(&server).closed_by(), None);
    drop(raw);
    assert_closed_by_the_client(&server);
    Ok(())
}

#[test]
fn the_client_closes_in_the_middle_of_an_answer() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| vec![b'x'; 64 * MIB]);
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    std::io::Read::read_exact(&mut raw.stream, &mut [0; 100])?;
    drop(raw);
    assert_closed_by_the_client(&server);
    Ok(())
}

#[test]
fn the_client_closes_without_a_word() -> Test {
    let server = greeting();
    drop(Raw::connect(&server)?);
    eventually("it was accepted", || !server.connections().is_empty());
    assert_closed_by_the_client(&server);
    assert_eq!(only(&server).requests(), 0);
    Ok(())
}

#[test]
fn who_half_closes_and_gets_the_answer_has_closed() -> Test {
    let server = greeting();
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    raw.stream.shutdown(Shutdown::Write)?;
    raw.answer()?;
    assert_closed_by_the_client(&server);
    Ok(())
}

#[rstest]
#[case::reset(Fault::Reset)]
#[case::close(Fault::Close)]
#[case::half_close(Fault::HalfClose)]
#[case::garbage(Fault::garbage("?!"))]
fn a_fault_closes(#[case] fault: Fault) -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", move |_| fault.clone());
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    let _ = raw.rest();
    assert_eq!(only(&server).closed_by(), Some(ClosedBy::Fault));
    Ok(())
}

#[test]
fn who_gives_up_on_a_server_that_stalls_has_closed() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Fault::Stall);
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    eventually("the request came", || !server.requests().is_empty());
    drop(raw);
    assert_closed_by_the_client(&server);
    Ok(())
}

#[rstest]
#[case::stopped(false)]
#[case::in_a_handler(true)]
fn a_server_that_stops_closes(#[case] in_handler: bool) -> Test {
    let (server, gate) = (TestServer::empty(), Gate::new());
    let held = gate.clone();
    server.on("GET", "/", move |_| held.wait());
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    gate.wait_held(1, raw::LIMIT);
    if !in_handler {
        gate.open();
        raw.answer()?;
    }
    server.stop();
    raw.rest()?;
    assert_eq!(only(&server).closed_by(), Some(ClosedBy::ServerStopped));

    server.restart();
    gate.open();
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    raw.answer()?;
    let connections = server.connections();
    assert_eq!((connections[1].number(), connections[1].closed_by()), (2, None));
    Ok(())
}

#[test]
fn with_a_limit_on_the_journal_the_newest_are_kept_and_all_are_counted() -> Test {
    let server = TestServer::builder().journal_limit(2).start();
    server.on("GET", "/", |_| "hello");
    for _ in 0..100 {
        exchange(&server, get_bytes("/"))?;
    }
    let numbers: Vec<usize> = server.connections().iter().map(RecordedConnection::number).collect();
    assert_eq!(numbers, [99, 100]);
    server.assert_connections(100);
    Ok(())
}

#[test]
fn a_connection_outlives_its_server() -> Test {
    let server = greeting();
    let mut raw = Raw::connect(&server)?;
    raw.send(GET)?;
    raw.answer()?;
    let connection = only(&server);
    drop(server);
    let line = format!("#1 {}, 1 request, closed as the server stopped", raw.stream.local_addr()?);
    assert_eq!(connection.to_string(), line);
    Ok(())
}

#[test]
fn no_more_are_open_than_there_may_be_and_the_others_wait_their_turn() -> Test {
    const MOST: usize = 3;
    const CLIENTS: usize = 40;
    let server = TestServer::builder().max_connections(MOST).start();
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    {
        let (open, most) = (open.clone(), most.clone());
        server.on("GET", "/", move |_| {
            most.fetch_max(open.fetch_add(1, SeqCst) + 1, SeqCst);
            std::thread::sleep(ms(1)); // so that the others really are there at the same time
            open.fetch_sub(1, SeqCst);
            "hello"
        });
    }
    // All of them are connected before the first asks.
    let mut clients = (0..CLIENTS).map(|_| Raw::connect(&server)).collect::<Result<Vec<_>, _>>()?;
    for raw in &mut clients {
        raw.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
    }
    for mut raw in clients {
        assert_eq!(raw.answer()?.body, b"hello");
    }
    assert_eq!(server.connections().len(), CLIENTS);
    assert!((1..=MOST).contains(&most.load(SeqCst)), "{most:?} at once");
    Ok(())
}

#[test]
fn whoever_waits_for_room_comes_in_when_another_one_leaves() -> Test {
    let server = TestServer::builder().max_connections(1).start();
    server.on("GET", "/", |_| "hello");
    let mut first = Raw::connect(&server)?;
    first.send(GET)?;
    first.answer()?;
    let mut second = Raw::connect(&server)?;
    second.send(GET)?;
    server.assert_silence(ms(20));
    assert_eq!(server.connections().len(), 1);
    drop(first);
    assert_eq!(second.answer()?.body, b"hello");
    assert_eq!(server.connections().len(), 2);
    Ok(())
}

#[test]
#[should_panic(expected = "`max_connections(0)` would answer nobody")]
fn a_server_without_room_for_anybody_is_refused() {
    let _ = TestServer::builder().max_connections(0);
}
