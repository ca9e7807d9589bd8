//! Several servers: `multi_server_test` of httpmock, `test_running_multiple_servers` of mockito, the pools of wiremock, mockito,
//! httpmock and httptest, which this crate does without.

use std::collections::HashSet;
use std::net::TcpStream;
use std::thread;

use fixture_server::prelude::*;

use crate::asking::{ask, statuses};

#[test]
fn a_server_listens_from_the_moment_it_exists() {
    let server = TestServer::empty();
    assert!(TcpStream::connect(server.addr()).is_ok());
}

#[test]
fn a_server_that_is_gone_refuses_connections() {
    let server = TestServer::empty();
    let address = server.addr();
    drop(server);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn servers_know_nothing_of_each_other() {
    let servers: Vec<TestServer> = (0..3).map(|_| TestServer::empty()).collect();
    for (number, server) in servers.iter().enumerate().rev() {
        server.when(get("/")).respond(number.to_string());
    }
    for (number, server) in servers.iter().enumerate() {
        assert_eq!(ask(server, "GET /").text(), number.to_string());
        server.assert_received(any(), 1);
    }
}

#[test]
fn servers_that_live_at_once_have_ports_of_their_own() {
    let servers: Vec<TestServer> = (0..100).map(|_| TestServer::empty()).collect();
    let ports: HashSet<u16> = servers.iter().map(TestServer::port).collect();
    assert_eq!(ports.len(), 100);
}

#[test]
fn a_new_server_knows_nothing_of_the_rules_of_old_ones() {
    for _ in 0..50 {
        let server = TestServer::empty();
        assert_eq!(ask(&server, "GET /old").status(), 404);
        server.when(get("/old")).respond(204);
        assert_eq!(ask(&server, "GET /old").status(), 204);
    }
}

#[test]
fn servers_in_many_threads_do_not_disturb_each_other() {
    thread::scope(|scope| {
        for number in 0..8_u16 {
            scope.spawn(move || {
                for _ in 0..5 {
                    let server = TestServer::empty();
                    server.when(get("/")).expect(3).respond(200 + number);
                    assert_eq!(statuses(&server, "GET /", 3), [200 + number; 3]);
                }
            });
        }
    });
}

#[test]
fn a_broken_promise_of_one_server_is_not_told_by_another() {
    let (one, other) = (TestServer::empty(), TestServer::empty());
    one.when(get("/")).expect(1).respond(204);
    other.verify();
    assert!(one.try_verify().is_err());
}

#[test]
fn a_server_can_be_used_from_many_threads() {
    let server = TestServer::empty();
    let rule = server.when(get("/{n}")).respond(204);
    thread::scope(|scope| {
        for thread in 0..8 {
            let server = &server;
            scope.spawn(move || statuses(server, &format!("GET /{thread}"), 10));
        }
    });
    rule.assert_hits(80);
    for thread in 0..8 {
        server.assert_received(get(format!("/{thread}")), 10);
    }
}

#[test]
fn a_rule_may_be_declared_in_another_thread() {
    let server = TestServer::empty();
    thread::scope(|scope| {
        scope.spawn(|| server.when(get("/")).respond(204));
    });
    assert_eq!(ask(&server, "GET /").status(), 204);
}
