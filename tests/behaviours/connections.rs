//! Connections: the sequence numbers of `MockWebServer`, keep-alive of mockito and wiremock, bodies that go unread.

use fixture_server::prelude::*;

use crate::raw::{Raw, Test};

#[test]
fn a_connection_is_used_again() -> Test {
    let server = TestServer::empty();
    server.when(get("/{n}")).respond_with(|request| request.param("n").to_owned());
    let mut raw = Raw::connect(&server)?;
    for n in ["1", "2", "3"] {
        raw.send(format!("GET /{n} HTTP/1.1\r\nHost: test\r\n\r\n"))?;
        assert_eq!(raw.answer()?.text(), n);
    }
    server.assert_connections(1);
    Ok(())
}

#[test]
fn requests_are_numbered_on_their_connection() -> Test {
    let server = TestServer::empty();
    let (mut one, mut other) = (Raw::connect(&server)?, Raw::connect(&server)?);
    for raw in [&mut one, &mut other] {
        for _ in 0..2 {
            raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")?;
            raw.answer()?;
        }
    }
    let numbers: Vec<usize> = server.requests().iter().map(RecordedRequest::number_on_connection).collect();
    assert_eq!(numbers, [1, 2, 1, 2]);
    let requests = server.requests();
    assert_eq!(requests[0].connection(), requests[1].connection());
    assert_ne!(requests[0].connection(), requests[2].connection());
    Ok(())
}

#[test]
fn a_body_that_no_rule_wanted_is_out_of_the_way_of_the_next_request() -> Test {
    let server = TestServer::empty();
    server.when(get("/")).respond("next");
    let mut raw = Raw::connect(&server)?;
    raw.send("POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")?;
    assert_eq!(raw.answer()?.status(), 404);
    raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")?;
    assert_eq!(raw.answer()?.text(), "next");
    Ok(())
}

#[test]
fn pipelined_requests_are_judged_one_by_one() -> Test {
    let server = TestServer::empty();
    server.when(get("/")).respond("older");
    server.when(get("/")).limit(1).respond("newer");
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n".repeat(3))?;
    let texts = [raw.answer()?.text(), raw.answer()?.text(), raw.answer()?.text()];
    assert_eq!(texts, ["newer", "older", "older"]);
    Ok(())
}

#[test]
fn how_many_connections_came_is_asserted() {
    let server = TestServer::empty();
    for _ in 0..2 {
        crate::asking::ask(&server, "GET /");
    }
    server.assert_connections(2);
    server.assert_connections(1..);
    crate::asking::tells(&crate::asking::said(|| server.assert_connections(1)), &["exactly", "2"]);
}

#[test]
fn an_ordinary_client_gets_along_with_it() -> Test {
    let server = TestServer::empty();
    server
        .when(post("/users").header("content-type", starts_with("text/plain")).body("Ada"))
        .expect(2)
        .respond((201, "made"));
    let client = crate::raw::client();
    for _ in 0..2 {
        let mut answer = client.post(server.url("/users")).content_type("text/plain").send("Ada")?;
        assert_eq!((answer.status().as_u16(), answer.body_mut().read_to_string()?.as_str()), (201, "made"));
    }
    server.verify();
    Ok(())
}
