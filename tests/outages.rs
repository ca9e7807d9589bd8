//! What goes wrong for a whole server, for a while, as clients see it.

mod raw;

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fixture_server::prelude::*;
use fixture_server::{Ended, Route};
use rstest::rstest;
#[cfg(target_os = "linux")]
use socket2::{Domain, Socket, Type};

use raw::{LIMIT, Raw, Test, client, get_bytes, get_text};

/// How a connection ends for a client that has sent something: by an error, or orderly after these bytes.
fn end_of(raw: &mut Raw) -> Result<Vec<u8>, ErrorKind> {
    raw.rest().map_err(|error| error.kind())
}

fn hello() -> TestServer {
    let server = TestServer::empty();
    server.on("GET", "/", |_| "hello");
    server.on("PUT", "/", Request::body_text);
    server
}

fn refused(server: &TestServer) -> bool {
    TcpStream::connect(server.addr()).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

const PUT: &str = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";

#[rstest]
#[case::head(Stage::RequestHead(5), "PUT /", "")]
#[case::body(Stage::RequestBody(3), PUT, "abc")]
#[case::answer(Stage::BeforeHead, PUT, "abcde")]
fn a_request_meets_the_fault_and_is_recorded_as_far_as_it_came(
    #[case] stage: Stage,
    #[case] head: &str,
    #[case] body: &str,
) -> Test {
    for (fault, end) in [
        (Fault::Reset, Err(ErrorKind::ConnectionReset)),
        (Fault::Close, Ok(vec![])),
        (Fault::HalfClose, Ok(vec![])),
        (Fault::garbage("?!"), Ok(b"?!".to_vec())),
    ] {
        let server = hello();
        let rule = server.on("PUT", "/", |_| 204);
        let _outage = server.fault(fault.clone().at(stage));
        let mut raw = Raw::connect(&server)?;
        raw.send(format!("{PUT}abcde"))?;
        assert_eq!(end_of(&mut raw), end, "{fault:?}");
        let request = &server.requests()[0];
        assert_eq!((request.raw_head(), &*request.body_text()), (head.as_bytes(), body), "{fault:?}");
        assert_eq!((request.route(), request.ended()), (Route::Fault, Some(Ended::Fault)), "{fault:?}");
        assert_eq!((request.response_status(), request.rule().is_none(), rule.hits()), (None, true, 0));
        server.verify();
    }
    Ok(())
}

#[test]
fn a_stalled_client_waits_until_it_gives_up() -> Test {
    let server = hello();
    let _outage = server.fault(Fault::Stall);
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    server.wait_for(get("/"), 1, LIMIT);
    raw.stream.set_read_timeout(Some(ms(20)))?;
    let error = raw.stream.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    Ok(())
}

#[rstest]
#[case::reset(Fault::Reset, Err(ErrorKind::ConnectionReset))]
#[case::close(Fault::Close, Ok(vec![]))]
#[case::half_close(Fault::HalfClose, Ok(vec![]))]
#[case::garbage(Fault::garbage("?!"), Ok(b"?!".to_vec()))]
fn a_connection_meets_the_fault_as_it_is_accepted(
    #[case] fault: Fault,
    #[case] end: Result<Vec<u8>, ErrorKind>,
) -> Test {
    let server = hello();
    {
        let _outage = server.fault(fault.at(Stage::Accept));
        // A reset may come while the client is still connecting.
        let met = Raw::connect(&server).map_err(|error| error.kind()).and_then(|mut raw| end_of(&mut raw));
        assert_eq!(met, end);
    }
    server.assert_connections(1);
    assert_eq!((get_text(&server, "/")?.0, server.requests().len()), (200, 1));
    Ok(())
}

#[test]
fn an_orderly_close_at_accepting_does_not_become_a_reset_for_who_sends_a_request() -> Test {
    let server = hello();
    let _outage = server.fault(Fault::Close.at(Stage::Accept));
    for _ in 0..50 {
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes("/"))?;
        assert_eq!(end_of(&mut raw), Ok(vec![]));
    }
    assert_eq!(server.requests().len(), 0);
    Ok(())
}

#[test]
fn nothing_is_read_of_a_connection_that_stalls_as_it_is_accepted() -> Test {
    let server = hello();
    let _outage = server.fault(Fault::Stall.at(Stage::Accept));
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    raw.stream.set_read_timeout(Some(ms(20)))?;
    assert!(raw.stream.read(&mut [0; 1]).is_err());
    assert_eq!(server.requests().len(), 0);
    Ok(())
}

#[test]
fn every_third_connection_is_reset() {
    let server = hello();
    let _outage = server.fault(Fault::Reset.at(Stage::Accept).every(3));
    let met: Vec<bool> = (0..6).map(|_| get_text(&server, "/").is_err()).collect();
    assert_eq!(met, [false, false, true, false, false, true]);
}

#[test]
fn every_second_request_of_a_connection_is_struck() -> Test {
    let server = hello();
    let _outage = server.fault(Fault::Close.every(2));
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    assert_eq!(raw.answer()?.status(), 200);
    raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    assert_eq!(end_of(&mut raw), Ok(vec![]));
    let routes: Vec<Route> = server.requests().iter().map(RecordedRequest::route).collect();
    assert_eq!(routes, [Route::Rule, Route::Fault]);
    Ok(())
}

#[test]
fn a_connection_that_is_open_meets_an_outage_that_begins_later() -> Test {
    let server = hello();
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    assert_eq!(raw.answer()?.status(), 200);
    let _outage = server.fault(Fault::Reset);
    raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    assert_eq!(end_of(&mut raw), Err(ErrorKind::ConnectionReset));
    Ok(())
}

#[test]
fn a_client_that_tries_again_gets_its_answer_when_the_outage_ends() {
    let server = hello();
    let mut outage = Some(server.fault(Fault::Reset));
    let mut tries = 0;
    let status = loop {
        tries += 1;
        match client().get(server.url("/")).call() {
            Ok(answer) => break answer.status().as_u16(),
            Err(_) if tries == 3 => outage = None,
            Err(_) => assert!(outage.is_some(), "in vain"),
        }
    };
    assert_eq!((status, tries, server.requests().len()), (200, 4, 4));
}

#[test]
fn the_newest_of_several_outages_wins_and_the_older_one_is_back_after_it() -> Test {
    let server = hello();
    let meet = || -> io::Result<_> {
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes("/"))?;
        Ok(end_of(&mut raw).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let _older = server.fault(Fault::garbage("older"));
    {
        let _newer = server.fault(Fault::garbage("newer"));
        assert_eq!(meet()?, Ok("newer".to_owned()));
    }
    assert_eq!(meet()?, Ok("older".to_owned()));
    Ok(())
}

#[rstest]
#[case::before_the_first_chunk(0, "", &[])]
#[case::in_the_second_chunk(5, "abcde", &[4, 4])]
#[case::beyond_the_end(1_000, "abcdefgh", &[4, 4])]
fn a_chunked_upload_is_cut(#[case] after: usize, #[case] body: &str, #[case] chunks: &[usize]) -> Test {
    let server = hello();
    let _outage = server.fault(Fault::Reset.at(Stage::RequestBody(after)));
    let mut raw = Raw::connect(&server)?;
    raw.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nefgh\r\n0\r\n\r\n")?;
    assert_eq!(end_of(&mut raw), Err(ErrorKind::ConnectionReset));
    let request = &server.requests()[0];
    assert_eq!((&*request.body_text(), request.chunk_sizes()), (body, Some(chunks)));
    Ok(())
}

#[test]
fn a_large_upload_is_reset_while_it_is_sent() -> Test {
    let server = hello();
    let _outage = server.fault(Fault::Reset.at(Stage::RequestBody(100_000)));
    let mut raw = Raw::connect(&server)?;
    raw.send(format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 64 * MIB))?;
    let piece = vec![b'x'; 1 << 20];
    let failed = (0..64).map(|_| raw.stream.write_all(&piece)).find_map(Result::err);
    let kind = failed.map(|error| error.kind());
    assert!(matches!(kind, Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)), "{kind:?}");
    assert_eq!(server.requests()[0].body().len(), 100_000);
    Ok(())
}

#[test]
fn strict_mode_demands_no_rule_for_what_meets_an_outage() {
    let server = TestServer::builder().strict(true).start();
    let _outage = server.fault(Fault::Close);
    assert!(get_text(&server, "/nowhere").is_err());
    server.verify();
    server.assert_all_matched();
}

#[test]
fn what_strikes_in_the_answer_lets_the_rule_answer() -> Test {
    let server = hello();
    let rule = server.on("GET", "/", |_| "hello");
    let _outage = server.fault(Fault::Reset.at(Stage::Body(2)));
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    assert_eq!(end_of(&mut raw), Err(ErrorKind::ConnectionReset));
    let request = &server.requests()[0];
    assert_eq!((rule.hits(), request.route(), request.ended()), (1, Route::Rule, Some(Ended::Fault)));
    Ok(())
}

#[test]
fn a_server_that_is_http_server_meets_outages_too() -> Test {
    let server = TestServer::builder().dir("fixtures/site").http_server().start();
    let outage = server.fault(Fault::Reset);
    assert!(get_text(&server, "/hello.txt").is_err());
    assert_eq!(server.requests()[0].route(), Route::Fault);
    drop(outage);
    assert_eq!(get_text(&server, "/hello.txt")?.0, 200);
    Ok(())
}

#[test]
fn an_outage_ends_with_a_panic_of_the_test_and_its_guard_may_outlive_the_server() -> Test {
    let server = hello();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _outage = server.fault(Fault::Reset);
        let _refusal = server.refuse_connections();
        panic!("on purpose");
    }));
    assert!(panic.is_err());
    assert_eq!(get_text(&server, "/")?.0, 200);
    let guards = (server.fault(Fault::Reset), server.refuse_connections());
    drop(server);
    drop(guards);
    Ok(())
}

#[test]
fn new_connections_are_refused_and_open_ones_are_served() -> Test {
    let server = hello();
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    assert_eq!(raw.answer()?.status(), 200);
    for _ in 0..3 {
        let refusal = server.refuse_connections();
        assert!(refused(&server));
        raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
        assert_eq!(raw.answer()?.status(), 200);
        drop(refusal);
        assert_eq!(get_text(&server, "/")?.0, 200);
    }
    server.assert_connections(4);
    Ok(())
}

#[test]
fn a_connection_that_was_opened_right_before_is_served() -> Test {
    for _ in 0..20 {
        let server = hello();
        let mut open: Vec<Raw> = (0..5).map(|_| Raw::connect(&server)).collect::<Result<_, _>>()?;
        let _refusal = server.refuse_connections();
        for raw in &mut open {
            raw.send(get_bytes("/"))?;
            assert_eq!(raw.answer()?.status(), 200);
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[rstest]
#[case::alone(0)]
#[case::beside_open_connections(3)]
fn nobody_else_can_take_the_port_meanwhile(#[case] connections: usize) -> Test {
    let server = hello();
    let mut open: Vec<Raw> = (0..connections).map(|_| Raw::connect(&server)).collect::<Result<_, _>>()?;
    let refusal = server.refuse_connections();
    let error = std::net::TcpListener::bind(server.addr()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    // Nor who would share it.
    for shares_address in [false, true] {
        let other = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        other.set_reuse_address(shares_address)?;
        other.set_reuse_port(true)?;
        assert_eq!(other.bind(&server.addr().into()).unwrap_err().kind(), ErrorKind::AddrInUse);
    }
    assert!(refused(&server));
    drop(refusal);
    assert_eq!(get_text(&server, "/")?.0, 200);
    for raw in &mut open {
        raw.send(get_bytes("/"))?;
        assert_eq!(raw.answer()?.status(), 200);
    }
    Ok(())
}

#[test]
fn nobody_who_asks_for_a_free_port_gets_that_of_the_server_meanwhile() {
    let server = hello();
    let _refusal = server.refuse_connections();
    let others: Vec<TestServer> = (0..200).map(|_| TestServer::empty()).collect();
    assert!(others.iter().all(|other| other.port() != server.port()));
}

#[rstest]
#[case::of_ipv4("0.0.0.0:0")]
#[case::of_ipv6("[::1]:0")]
#[case::of_both("[::]:0")]
fn other_addresses_are_held_too(#[case] address: &str) -> Test {
    let server = TestServer::builder().bind(address).start();
    server.on("GET", "/", |_| "hello");
    let refusal = server.refuse_connections();
    assert!(client().get(server.url("/")).call().is_err());
    drop(refusal);
    assert_eq!(get_text(&server, "/")?.0, 200);
    if !address.starts_with("[::1]") {
        assert!(TcpStream::connect(("127.0.0.1", server.port())).is_ok());
    }
    Ok(())
}

#[test]
fn with_two_guards_connections_are_refused_until_both_are_gone() -> Test {
    let server = hello();
    let (first, second) = (server.refuse_connections(), server.refuse_connections());
    drop(first);
    assert!(refused(&server));
    drop(second);
    assert_eq!(get_text(&server, "/")?.0, 200);
    Ok(())
}

#[test]
fn a_server_that_is_stopped_meanwhile_stays_stopped_and_restarts() -> Test {
    let server = hello();
    let refusal = server.refuse_connections();
    server.stop();
    drop(refusal);
    assert!(refused(&server));
    server.restart();
    assert_eq!(get_text(&server, "/")?.0, 200);
    Ok(())
}

#[rstest]
#[case::after_a_stop(true)]
#[case::at_once(false)]
fn a_restart_overrules_guards_from_before(#[case] stops: bool) -> Test {
    let server = hello();
    let old = server.refuse_connections();
    if stops {
        server.stop();
    }
    server.restart();
    assert_eq!(get_text(&server, "/")?.0, 200);
    let new = server.refuse_connections();
    drop(old);
    assert!(refused(&server));
    drop(new);
    assert_eq!(get_text(&server, "/")?.0, 200);
    Ok(())
}

#[test]
fn a_guard_of_a_stopped_server_does_nothing() -> Test {
    let server = hello();
    server.stop();
    let _refusal = server.refuse_connections();
    server.restart();
    assert_eq!(get_text(&server, "/")?.0, 200);
    Ok(())
}

#[test]
fn guards_come_and_go_on_many_threads() -> Test {
    let server = hello();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    drop(server.refuse_connections());
                }
            });
        }
        for _ in 0..10 {
            server.stop();
            server.restart();
        }
    });
    assert_eq!(get_text(&server, "/")?.0, 200);
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_unix_socket_refuses_and_holds_its_path() -> Test {
    use std::os::unix::net::{UnixListener, UnixStream};

    let dir = tempfile::tempdir()?;
    let path = dir.path().join("socket");
    let server = TestServer::builder().bind_unix(&path).start();
    server.on("GET", "/", |_| "hello");
    let mut open = UnixStream::connect(&path)?;
    let refusal = server.refuse_connections();
    assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert!(UnixListener::bind(&path).is_err());
    open.write_all(get_bytes("/").as_bytes())?;
    let mut answer = String::new();
    open.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 200"));
    drop(refusal);
    assert!(UnixStream::connect(&path).is_ok());
    let _refusal = server.refuse_connections();
    drop(server);
    assert!(!path.exists());
    Ok(())
}
