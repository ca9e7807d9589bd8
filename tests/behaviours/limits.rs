//! Rules that answer so many requests: `up_to_n_times` of wiremock and httpmock.

use std::thread;

use fixture_server::prelude::*;

use crate::asking::{ask, said, statuses, tells};

#[test]
fn after_its_limit_a_rule_leaves_the_rest_to_older_ones() {
    let server = TestServer::empty();
    let older = server.when(get("/health")).respond(200);
    let newer = server.when(get("/health")).limit(2).respond(503);
    assert_eq!(statuses(&server, "GET /health", 4), [503, 503, 200, 200]);
    assert_eq!((newer.hits(), older.hits()), (2, 2));
}

#[test]
fn after_its_limit_the_only_rule_leaves_a_miss() {
    let server = TestServer::empty();
    server.when(get("/health")).limit(1).respond(200);
    assert_eq!(statuses(&server, "GET /health", 2), [200, 404]);
    let miss = server.requests()[1].clone();
    assert!(miss.rule().is_none());
}

#[test]
fn the_miss_says_that_the_limit_is_reached() {
    let server = TestServer::empty();
    server.when(get("/health")).limit(1).respond(200);
    ask(&server, "GET /health");
    tells(&ask(&server, "GET /health").text(), &["GET /health", "limit", "1 request"]);
}

#[test]
fn requests_that_do_not_fit_use_nothing_up() {
    let server = TestServer::empty();
    server.when(get("/health")).limit(1).respond(200);
    ask(&server, "POST /health");
    ask(&server, "GET /other");
    assert_eq!(statuses(&server, "GET /health", 2), [200, 404]);
}

#[test]
fn limits_stack_up() {
    let server = TestServer::empty();
    server.when(get("/")).limit(1).respond(201);
    server.when(get("/")).limit(2).respond(202);
    assert_eq!(statuses(&server, "GET /", 4), [202, 202, 201, 404]);
}

#[test]
fn a_limit_of_nothing_is_a_mistake_of_the_author() {
    let server = TestServer::empty();
    tells(&said(|| drop(server.when(get("/")).limit(0))), &["0"]);
}

#[test]
fn a_limit_promises_nothing() {
    let server = TestServer::empty();
    server.when(get("/")).limit(3).respond(204);
    ask(&server, "GET /");
    server.verify();
}

#[test]
fn a_limit_and_a_promise_go_together() {
    let server = TestServer::empty();
    server.when(get("/")).respond(200);
    server.when(get("/")).limit(2).expect(2).respond(503);
    assert_eq!(statuses(&server, "GET /", 3), [503, 503, 200]);
    server.verify();
}

#[test]
fn a_limit_holds_to_the_request_when_many_come_at_once() {
    let server = TestServer::empty();
    let older = server.when(any()).respond(404);
    let newer = server.when(get("/")).limit(7).respond(200);
    let answered: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..10)
            .map(|_| scope.spawn(|| statuses(&server, "GET /", 10).into_iter().filter(|&status| status == 200).count()))
            .collect();
        clients.into_iter().map(|client| client.join().expect("a client does not panic")).sum()
    });
    assert_eq!((answered, newer.hits(), older.hits()), (7, 7, 93));
}

#[test]
fn clearing_lets_a_limit_begin_anew() {
    let server = TestServer::empty();
    server.when(get("/")).limit(1).respond(200);
    assert_eq!(statuses(&server, "GET /", 2), [200, 404]);
    server.clear_requests();
    assert_eq!(statuses(&server, "GET /", 2), [200, 404]);
}
