//! Answers: `ResponseTemplate` of wiremock, `then` of httpmock, `with_*` of mockito, the responders of httptest, `MockResponse` of
//! `MockWebServer`.

use std::sync::Mutex;

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{ask, ask_with, body, line, sent, statuses};

#[rstest]
#[case::a_usual_one(200, "HTTP/1.1 200 OK")]
#[case::created(201, "HTTP/1.1 201 Created")]
#[case::a_clients_error(418, "HTTP/1.1 418 ")]
#[case::a_servers_error(503, "HTTP/1.1 503 Service Unavailable")]
#[case::one_without_a_name(599, "HTTP/1.1 599 ")]
fn a_number_is_a_status(#[case] status: u16, #[case] status_line: &str) {
    let server = TestServer::empty();
    server.when(get("/")).respond(status);
    let head = ask(&server, "GET /").head;
    assert!(head.starts_with(status_line), "{head}");
}

#[test]
fn without_a_body_the_length_is_nought() {
    let server = TestServer::empty();
    server.when(get("/")).respond(200);
    let answer = ask(&server, "GET /");
    assert_eq!((answer.field("content-length"), answer.body.len()), (Some("0"), 0));
}

#[test]
fn a_body_arrives_byte_for_byte() {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let server = TestServer::empty();
    server.when(get("/")).respond(bytes.clone());
    assert_eq!(ask(&server, "GET /").body, bytes);
}

#[test]
fn a_text_arrives_as_utf_8_with_its_type() {
    let server = TestServer::empty();
    server.when(get("/")).respond("Motörhead");
    let answer = ask(&server, "GET /");
    assert_eq!(answer.text(), "Motörhead");
    assert_eq!(answer.field("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.field("content-length"), Some("10"));
}

#[cfg(feature = "json")]
#[test]
fn json_arrives_with_its_type() {
    let server = TestServer::empty();
    server.when(get("/")).respond((201, json!({ "foo": "bar", "baz": [1, 2, 3] })));
    let answer = ask(&server, "GET /");
    assert_eq!((answer.status(), answer.field("content-type")), (201, Some("application/json")));
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap(),
        json!({ "baz": [1, 2, 3], "foo": "bar" })
    );
}

#[test]
fn header_fields_go_out_in_order_spelled_and_repeated_as_given() {
    let server = TestServer::empty();
    let response = Response::new(200).header("X-b", "1").header("x-A", "2").append_header("X-B", "3");
    server.when(get("/")).respond(response.clone());
    let answer = ask(&server, "GET /");
    let given: Vec<&str> = answer.fields().into_iter().filter(|field| field.starts_with(['x', 'X'])).collect();
    assert_eq!(given, ["X-b: 1", "x-A: 2", "X-B: 3"]);
}

#[test]
fn a_field_given_again_replaces_the_first() {
    let server = TestServer::empty();
    server.when(get("/")).respond(Response::new(200).header("x-a", "1").header("X-A", "2"));
    let answer = ask(&server, "GET /");
    assert_eq!(answer.fields().iter().filter(|field| field.to_lowercase().starts_with("x-a")).count(), 1);
    assert_eq!(answer.field("x-a"), Some("2"));
}

#[test]
fn a_file_is_an_answer() {
    let server = TestServer::empty();
    server.when(get("/")).respond(Response::file("fixtures/site/hello.txt"));
    assert_eq!(ask(&server, "GET /").text(), "Hello, fixture!\n");
}

#[test]
fn a_redirect_is_an_answer() {
    let server = TestServer::empty();
    server.when(get("/old")).respond(Response::redirect("/new"));
    let answer = ask(&server, "GET /old");
    assert_eq!((answer.status() / 100, answer.field("location")), (3, Some("/new")));
}

#[test]
fn the_answer_to_head_has_the_length_and_no_body() {
    let server = TestServer::empty();
    server.when(head("/")).respond("hello");
    let answer = ask(&server, "HEAD /");
    assert_eq!((answer.field("content-length"), answer.body.len()), (Some("5"), 0));
}

#[test]
fn a_fixed_answer_is_the_same_each_time() {
    let server = TestServer::empty();
    server.when(get("/")).respond((202, "again"));
    assert_eq!(statuses(&server, "GET /", 3), [202, 202, 202]);
}

#[test]
fn an_answer_may_be_made_of_the_request() {
    let server = TestServer::empty();
    server.when(post("/echo")).respond_with(|request| {
        let status: u16 = request.query("status").and_then(|status| status.parse().ok()).unwrap_or(200);
        Response::bytes(request.body()).status(status).header("X-Path", request.path())
    });
    let answer = ask_with(&server, sent::<&str>("POST /echo?status=202", &[], "hello"));
    assert_eq!((answer.status(), answer.text().as_str(), answer.field("x-path")), (202, "hello", Some("/echo")));
}

#[test]
fn an_answer_may_count_without_a_lock() {
    let server = TestServer::empty();
    server.when(get("/")).respond_with(|request| 200 + u16::try_from(request.hit()).unwrap_or(0));
    assert_eq!(statuses(&server, "GET /", 3), [201, 202, 203]);
}

#[test]
fn an_answer_may_keep_state_of_its_own() {
    let server = TestServer::empty();
    let seen = Mutex::new(Vec::new());
    server.when(post("/")).respond_with(move |request| {
        let mut seen = seen.lock().unwrap();
        seen.push(request.body_text());
        seen.join(",")
    });
    ask_with(&server, body("a"));
    assert_eq!(ask_with(&server, body("b")).text(), "a,b");
}

#[test]
fn answers_may_alternate() {
    let server = TestServer::empty();
    server.when(get("/")).expect(4).respond_with(|request| if request.hit() % 2 == 1 { 200 } else { 404 });
    assert_eq!(statuses(&server, "GET /", 4), [200, 404, 200, 404]);
}

#[test]
fn types_of_the_http_crate_are_answers() {
    let server = TestServer::empty();
    server
        .when(get("/"))
        .respond_with(|_| http::Response::builder().status(207).header("x-a", "b").body("hi").unwrap());
    let answer = ask(&server, "GET /");
    assert_eq!((answer.status(), answer.field("x-a"), answer.text().as_str()), (207, Some("b"), "hi"));
}

#[test]
fn what_a_handler_panics_with_is_a_500_and_fails_the_test() {
    let server = TestServer::empty();
    server.when(get("/")).respond_with(|_| panic!("no such user"));
    let answer = ask(&server, "GET /");
    assert_eq!(answer.status(), 500);
    crate::asking::tells(&crate::asking::said(|| server.verify()), &["GET / panicked: no such user", file!()]);
}

#[test]
fn a_broken_connection_is_an_answer() {
    let server = TestServer::empty();
    server.when(get("/")).respond(Fault::Close);
    assert!(crate::raw::exchange(&server, line("GET /")).is_err());
    server.assert_received(get("/"), 1);
}

#[rstest]
#[case::no_content(204)]
#[case::not_modified(304)]
fn a_status_that_has_no_body_drops_the_one_that_was_given(#[case] status: u16) {
    let server = TestServer::empty();
    server.when(get("/")).respond((status, "text"));
    let answer = ask(&server, "GET /");
    assert_eq!((answer.status(), answer.text()), (status, String::new()));
    assert_eq!(answer.field("content-type"), Some("text/plain; charset=utf-8"));
}

#[test]
fn a_length_of_the_authors_is_sent_and_so_is_the_whole_body() {
    let server = TestServer::empty();
    server.when(get("/")).respond(Response::text("hello").header("Content-Length", 3));
    let answer = ask(&server, "GET /");
    assert_eq!((answer.field("content-length"), answer.text().as_str()), (Some("3"), "hello"));
}

#[test]
fn only_a_handler_sends_an_interim_status_alone() {
    let server = TestServer::empty();
    server.when(get("/")).respond_with(|_| 103);
    assert_eq!(ask(&server, "GET /").status(), 103);
    server.when(get("/")).respond(101);
    assert_eq!(ask(&server, "GET /").status(), 101);
    server.when(get("/")).respond(Response::raw("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"));
    assert_eq!(ask(&server, "GET /").status(), 103);
}
