//! Waiting for requests: `takeRequest` of `MockWebServer`, `wait_until_satisfied` of wiremock's guards.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use fixture_server::{FailureKind, prelude::*};

use crate::asking::{ask, ask_with, body, said, tells};
use crate::raw::LIMIT;

/// The smallest of executors.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn requests_are_taken_in_order_of_arrival() {
    let server = TestServer::empty();
    for text in ["one", "two"] {
        ask_with(&server, body(text));
    }
    assert_eq!(server.next_request(any()).wait(LIMIT).body_text(), "one");
    assert_eq!(server.next_request(any()).wait(LIMIT).body_text(), "two");
}

#[test]
fn what_was_taken_is_still_in_the_journal() {
    let server = TestServer::empty();
    ask(&server, "GET /");
    let _request = server.next_request(any()).wait(LIMIT);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn only_what_fits_is_taken() {
    let server = TestServer::empty();
    for request in ["GET /a", "GET /b", "GET /a?second"] {
        ask(&server, request);
    }
    assert_eq!(server.next_request(get("/b")).wait(LIMIT).path(), "/b");
    assert_eq!(server.next_request(get("/a")).wait(LIMIT).target(), "/a");
    assert_eq!(server.next_request(get("/a")).wait(LIMIT).target(), "/a?second");
}

#[test]
fn a_request_that_does_not_come_is_waited_for_until_the_timeout() {
    let server = TestServer::empty();
    ask(&server, "GET /a");
    let report = server.next_request(get("/b")).try_wait(ms(5)).unwrap_err();
    assert_eq!(report.failures()[0].kind(), FailureKind::Timeout);
    tells(&report.to_string(), &["GET /b", "#1 GET /a"]);
    tells(&said(|| drop(server.next_request(get("/b")).wait(ms(5)))), &["GET /b"]);
}

#[test]
fn a_request_may_come_while_it_is_waited_for() {
    let server = TestServer::empty();
    thread::scope(|scope| {
        scope.spawn(|| ask(&server, "POST /webhook"));
        assert_eq!(server.next_request(post("/webhook")).wait(LIMIT).path(), "/webhook");
    });
}

#[test]
fn a_request_may_be_awaited_on_any_executor() {
    let server = TestServer::empty();
    ask(&server, "GET /early");
    assert_eq!(block_on(server.next_request(any())).path(), "/early");
    thread::scope(|scope| {
        scope.spawn(|| ask(&server, "GET /late"));
        assert_eq!(block_on(server.next_request(any())).path(), "/late");
    });
}

#[test]
fn as_many_as_wanted_are_waited_for() {
    let server = TestServer::empty();
    thread::scope(|scope| {
        for n in 0..3 {
            let server = &server;
            scope.spawn(move || ask(server, &format!("GET /{n}")));
        }
        assert!(server.wait_for(get("/{n}"), 3, LIMIT).len() >= 3);
    });
}

#[test]
fn waiting_ends_at_once_when_everything_has_come() {
    let server = TestServer::empty();
    ask(&server, "GET /");
    assert_eq!(server.wait_for(get("/"), 1, LIMIT).len(), 1);
}

#[test]
fn waiting_in_vain_says_what_came_instead() {
    let server = TestServer::empty();
    ask(&server, "GET /other");
    let report = server.try_wait_for(get("/"), 2, ms(5)).unwrap_err();
    assert_eq!(report.failures()[0].kind(), FailureKind::Timeout);
    tells(&report.to_string(), &["GET /", "#1 GET /other"]);
    tells(&said(|| drop(server.wait_for(get("/"), 2, ms(5)))), &["GET /"]);
}

#[test]
fn silence_is_asserted() {
    let server = TestServer::empty();
    ask(&server, "GET /before");
    server.assert_silence(ms(5));
    thread::scope(|scope| {
        let listening = scope.spawn(|| said(|| server.assert_silence(LIMIT)));
        while !listening.is_finished() {
            ask(&server, "GET /noise");
        }
        tells(&listening.join().expect("it said something"), &["GET /noise"]);
    });
}

#[test]
fn for_nothing_nobody_waits() {
    assert!(TestServer::empty().wait_for(any(), 0, std::time::Duration::MAX).is_empty());
}
