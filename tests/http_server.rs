//! A server that speaks as Python's http.server, with handlers beside the directory, and the hooks of its classes.

mod raw;

use std::io::Read;
use std::net::Shutdown;
use std::sync::mpsc;
use std::time::{Duration, UNIX_EPOCH};

use fixture_server::{FailureKind, Protocol, Route, prelude::*};
use rstest::rstest;

use raw::{Raw, Test, client, exchange, get_bytes, get_text};

const EXPECT: &str = "PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";

fn site() -> TestServer {
    TestServer::builder().dir("fixtures/site").http_server().start()
}

fn handlers() -> TestServer {
    TestServer::builder().http_server().start()
}

#[test]
fn a_handler_gets_the_whole_body() -> Test {
    let server = site();
    server.on("POST", "/echo", Request::body_text);
    let mut answer = client().post(server.url("/echo")).send("hello")?;
    assert_eq!(answer.body_mut().read_to_string()?, "hello");
    assert_eq!(server.received(post("/echo"))[0].body(), b"hello");
    let chunked =
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(exchange(&server, chunked)?.text(), "hello");
    assert_eq!(server.received(post("/echo"))[1].chunk_sizes(), Some(&[5][..]));
    Ok(())
}

#[test]
fn what_no_handler_answers_is_refused_before_its_body_has_come() -> Test {
    let server = site();
    let mut raw = Raw::connect(&server)?;
    raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")?;
    let answer = raw.answer()?;
    assert!(answer.head.starts_with("HTTP/1.1 501 Unsupported method ('POST')\r\nServer: "), "{}", answer.head);
    assert_eq!(raw.rest()?, b"");
    let request = &server.requests()[0];
    assert_eq!((request.method(), request.body(), request.route()), ("POST", &b""[..], Route::Directory));
    Ok(())
}

#[test]
fn a_refusal_arrives_although_the_body_is_still_being_sent() -> Test {
    let server = site();
    let mut raw = Raw::connect(&server)?;
    raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n")?;
    raw.send(vec![b'x'; 4 << 20])?;
    assert_eq!(raw.answer()?.status(), 501);
    Ok(())
}

#[test]
fn the_body_of_a_get_is_not_the_next_request() -> Test {
    let server = site();
    let mut raw = Raw::connect(&server)?;
    raw.send("GET /hello.txt HTTP/1.1\r\nContent-Length: 26\r\n\r\n")?;
    assert_eq!(raw.answer()?.text(), "Hello, fixture!\n");
    raw.send("GET /secret HTTP/1.1\r\n\r\nab")?;
    raw.send("GET /hello.txt HTTP/1.1\r\n\r\n")?;
    assert_eq!(raw.answer()?.text(), "Hello, fixture!\n");
    assert_eq!(server.requests().len(), 2);
    Ok(())
}

#[rstest]
#[case::of_no_handler("GET", "/hello.txt", "501 Unsupported method ('GET')")]
#[case::in_another_case("brew", "/pot", "501 Unsupported method ('brew')")]
#[case::that_a_handler_has("BREW", "/pot", "418 I'm a teapot")]
fn without_a_directory_a_method_is_known_by_its_handlers(
    #[case] method: &str,
    #[case] path: &str,
    #[case] expected: &str,
) -> Test {
    let server = handlers();
    server.on("BREW", "/pot", |_| 418);
    let answer = exchange(&server, format!("{method} {path} HTTP/1.0\r\n\r\n"))?;
    assert_eq!(answer.head.lines().next(), Some(&*format!("HTTP/1.1 {expected}")));
    Ok(())
}

#[test]
fn a_miss_of_a_method_that_handlers_have_names_the_nearest() -> Test {
    let server = handlers();
    server.on("GET", "/users/{id}", |_| 200);
    let (status, text) = get_text(&server, "/user/7")?;
    assert_eq!(status, 404);
    assert!(text.contains("GET /users/{id}"), "{text}");
    Ok(())
}

#[test]
fn answers_of_handlers_begin_with_server_and_date() -> Test {
    let server = handlers();
    server.on("GET", "/", |_| (200, [("X-Mine", "1")], "hi"));
    let answer = exchange(&server, get_bytes("/"))?;
    let names: Vec<_> = answer.fields().into_iter().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(names, ["Server", "Date", "Content-Type", "X-Mine", "Content-Length"]);
    Ok(())
}

#[rstest]
#[case::http_1_0(Protocol::Http10, "HTTP/1.0", false)]
#[case::http_1_1(Protocol::Http11, "HTTP/1.1", true)]
fn the_protocol_decides_whether_connections_stay(
    #[case] protocol: Protocol,
    #[case] version: &str,
    #[case] stays: bool,
) -> Test {
    let server = TestServer::builder().dir("fixtures/site").http_server().protocol(protocol).start();
    let mut raw = Raw::connect(&server)?;
    raw.send("GET /hello.txt HTTP/1.1\r\n\r\nGET /hello.txt HTTP/1.1\r\nConnection: close\r\n\r\n")?;
    let answers = String::from_utf8(raw.rest()?)?;
    assert_eq!(answers.matches(&format!("{version} 200 OK\r\n")).count(), if stays { 2 } else { 1 });
    Ok(())
}

#[test]
fn a_handler_keeps_a_connection_by_saying_so() -> Test {
    let server = TestServer::builder().http_server().protocol(Protocol::Http10).start();
    server.on("GET", "/", |_| Response::text("hi").header("Connection", "keep-alive"));
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n")?;
    assert_eq!((raw.answer()?.text(), raw.answer()?.text()), ("hi".to_owned(), "hi".to_owned()));
    Ok(())
}

#[test]
fn a_request_that_cannot_be_read_is_recorded_with_the_reason() -> Test {
    let server = site();
    let answer = exchange(&server, "GET /a b HTTP/1.1\r\n\r\n")?;
    assert_eq!(answer.head.lines().next(), Some("HTTP/1.1 400 Bad request syntax ('GET /a b HTTP/1.1')"));
    let request = &server.requests()[0];
    assert_eq!((request.route(), request.request_line()), (Route::Refused, "GET /a b HTTP/1.1".to_owned()));
    assert!(request.refusal().is_some());
    Ok(())
}

#[test]
fn what_has_begun_when_the_client_closes_is_answered() -> Test {
    let server = site();
    let mut raw = Raw::connect(&server)?;
    raw.send("GET /hello.txt HTTP/1.1\r\nHost: a")?;
    raw.stream.shutdown(Shutdown::Write)?;
    assert_eq!(raw.answer()?.text(), "Hello, fixture!\n");
    assert_eq!(server.requests()[0].header("host"), Some("a"));
    Ok(())
}

#[test]
fn a_body_that_a_handler_waits_for_and_never_gets_is_refused() -> Test {
    let server = handlers();
    server.on("POST", "/", |_| 200);
    let mut raw = Raw::connect(&server)?;
    raw.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nshort")?;
    raw.stream.shutdown(Shutdown::Write)?;
    assert_eq!(raw.answer()?.status(), 400);
    assert_eq!(server.requests()[0].body(), b"short");
    Ok(())
}

#[test]
fn a_body_beyond_the_limit_is_refused_in_http_servers_words() -> Test {
    let server = TestServer::builder().http_server().max_body(4).start();
    server.on("POST", "/", |_| 200);
    let answer = exchange(&server, "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")?;
    assert_eq!((answer.status(), answer.field("Content-Type")), (413, Some("text/html;charset=utf-8")));
    Ok(())
}

#[test]
fn a_time_limit_ends_a_connection_in_silence() -> Test {
    let (sender, events) = mpsc::channel();
    let server = TestServer::builder()
        .dir("fixtures/site")
        .http_server()
        .read_timeout(ms(100))
        .log(move |event| sender.send(event.lines()).expect("the test listens"))
        .start();
    let mut raw = Raw::connect(&server)?;
    raw.send("GET /hello.txt HTTP")?;
    assert_eq!(raw.rest()?, b"");
    let request = &server.requests()[0];
    assert_eq!((request.raw_head(), request.response_status()), (&b"GET /hello.txt HTTP"[..], None));
    assert!(request.refusal().is_some_and(|reason| reason.contains("in time")));
    assert_eq!(events.try_iter().collect::<Vec<_>>(), [["Request timed out: TimeoutError('timed out')"]]);
    Ok(())
}

#[test]
fn content_types_are_those_of_http_servers_table_alone() -> Test {
    let temp = tempfile::tempdir()?;
    std::fs::write(temp.path().join("a.ics"), "")?;
    let kind = |server: &TestServer| {
        client().get(server.url("/a.ics")).call().map(|answer| answer.headers()["content-type"].clone())
    };
    assert_eq!(kind(&TestServer::start(&temp))?, "text/calendar");
    let server = TestServer::builder().dir(&temp).http_server().start();
    assert_eq!(kind(&server)?, "application/octet-stream");
    Ok(())
}

#[test]
fn an_error_of_a_handler_is_that_of_send_error() -> Test {
    let server = handlers();
    server.on("GET", "/", |_| Response::error_with(404, "No \u{416}", "<gone>"));
    let answer = exchange(&server, "GET / HTTP/1.1\r\n\r\n")?;
    assert_eq!(answer.head.lines().next(), Some("HTTP/1.1 404 No ?"));
    assert_eq!(answer.field("Connection"), Some("close"));
    assert!(answer.text().contains("<p>Message: No \u{416}.</p>"), "{}", answer.text());
    assert!(answer.text().contains("404 - &lt;gone&gt;."), "{}", answer.text());
    Ok(())
}

#[test]
fn the_log_tells_messages_of_errors_wherever_they_come_from() {
    let (sender, events) = mpsc::channel();
    let server = TestServer::builder()
        .dir("fixtures/site")
        .http_server()
        .log(move |event| sender.send(event.lines()).expect("the test listens"))
        .start();
    server.on("GET", "/tea", |_| Response::error_with(418, "No tea", ""));
    server.on("GET", "/plain", |_| 404);
    for line in ["GET /tea HTTP/1.0", "GET /plain HTTP/1.0", "GET /nothing HTTP/1.0", "GET /", "what", "\u{1b}[2J /\\"]
    {
        exchange(&server, format!("{line}\r\n\r\n")).ok();
    }
    let logged: Vec<Vec<String>> = events.try_iter().collect();
    assert_eq!(
        logged,
        [
            vec!["code 418, message No tea", "\"GET /tea HTTP/1.0\" 418 -"],
            vec!["\"GET /plain HTTP/1.0\" 404 -"],
            vec!["code 404, message File not found", "\"GET /nothing HTTP/1.0\" 404 -"],
            vec!["\"GET /\" 200 -"],
            vec!["code 400, message Bad request syntax ('what')", "\"what\" 400 -"],
            vec!["code 400, message Bad HTTP/0.9 request type ('\\\\x1b[2J')", "\"\\x1b[2J /\\\\\" 400 -"],
        ]
    );
}

#[test]
fn a_request_tells_its_line_its_version_and_its_client() -> Test {
    let server = handlers();
    server.on("GET", "/{*path}", |request| {
        format!("{} | {} | {}", request.request_line(), request.version(), request.peer().is_some())
    });
    assert_eq!(exchange(&server, "GET  /a  HTTP/1.0\r\n\r\n")?.text(), "GET  /a  HTTP/1.0 | HTTP/1.0 | true");
    let peer = server.requests()[0].peer().expect("it came over TCP");
    assert!(peer.ip().is_loopback());
    Ok(())
}

/// In both dialects, with the builder's method between them.
fn both(options: impl Fn(fixture_server::Builder) -> fixture_server::Builder) -> [TestServer; 2] {
    [options(TestServer::builder()).start(), options(TestServer::builder()).http_server().start()]
}

#[test]
fn who_waits_for_leave_gets_it_or_a_final_answer() -> Test {
    for server in both(|builder| builder.on_expect(|request| (request.path() != "/a").then_some((417, "no")))) {
        server.on("PUT", "/{*path}", Request::body_text);
        let mut raw = Raw::connect(&server)?;
        raw.send(EXPECT)?;
        assert_eq!(raw.answer()?.head, "HTTP/1.1 100 Continue");
        raw.send("hello")?;
        assert_eq!(raw.answer()?.text(), "hello");
        raw.send(EXPECT.replace("/a", "/b"))?;
        let refused = raw.answer()?;
        assert_eq!((refused.status(), refused.text()), (417, "no".to_owned()));
        assert_eq!(raw.rest()?, b"");
        let requests = server.requests();
        assert_eq!((requests.len(), requests[1].route(), requests[1].number_on_connection()), (2, Route::OnExpect, 2));
    }
    Ok(())
}

#[test]
fn what_fails_in_place_of_leave_fails_the_test() -> Test {
    let file = |builder: fixture_server::Builder| builder.on_expect(|_| Some(Response::file("/nonexistent")));
    let error = |builder: fixture_server::Builder| builder.on_expect(|_| Some(Err::<u16, _>("broken")));
    for (server, reason) in both(file)
        .into_iter()
        .map(|server| (server, "cannot send the file /nonexistent"))
        .chain(both(error).into_iter().map(|server| (server, "returned an error: broken")))
    {
        assert_eq!(exchange(&server, EXPECT)?.status(), 500);
        let report = server.try_verify().expect_err("it failed").to_string();
        assert!(report.contains(&format!("the closure of `on_expect` {reason}")), "{report}");
    }
    Ok(())
}

#[test]
fn a_server_that_keeps_no_connections_is_not_overruled() -> Test {
    let server = TestServer::builder().http_server().keep_alive(false).start();
    server.on("GET", "/", |_| Response::text("hi").header("Connection", "keep-alive"));
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")?;
    assert_eq!(String::from_utf8(raw.rest()?)?.matches("HTTP/1.1 200").count(), 1);
    Ok(())
}

#[test]
fn who_decides_about_leave_may_keep_the_request() -> Test {
    for server in both(|builder| {
        let kept = std::sync::Mutex::new(Vec::new());
        builder.on_expect(move |request| -> Option<u16> {
            assert!(request.peer().is_some());
            kept.lock().expect("no panic").push(request.clone());
            None
        })
    }) {
        server.on("PUT", "/{name}", |request| format!("{} {}", request.param("name"), request.body_text()));
        let mut raw = Raw::connect(&server)?;
        raw.send(EXPECT)?;
        assert_eq!(raw.answer()?.status(), 100);
        raw.send("hello")?;
        assert_eq!(raw.answer()?.text(), "a hello");
        assert!(server.requests()[0].peer().is_some());
    }
    Ok(())
}

#[test]
fn leave_is_given_before_a_method_is_refused() -> Test {
    let server = site();
    let mut raw = Raw::connect(&server)?;
    raw.send(EXPECT)?;
    let answer = String::from_utf8(raw.rest()?)?;
    assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 501 Unsupported method ('PUT')\r\n"), "{answer}");
    Ok(())
}

#[test]
fn a_clock_and_a_name_make_answers_the_same_every_time() -> Test {
    let options = |builder: fixture_server::Builder| {
        builder.dir("fixtures/site").clock(|| UNIX_EPOCH + Duration::from_secs(784_111_777)).server_header("S/1")
    };
    for server in both(options) {
        let answer = exchange(&server, get_bytes("/nothing"))?;
        assert_eq!(answer.fields()[..2], ["Server: S/1", "Date: Sun, 06 Nov 1994 08:49:37 GMT"]);
    }
    let server = TestServer::builder().dir("fixtures/site").server_header("").start();
    assert_eq!(exchange(&server, get_bytes("/nothing"))?.field("server"), None);
    Ok(())
}

#[rstest]
#[case::clock("clock", 200, |builder: fixture_server::Builder| builder.clock(|| panic!("oops")))]
#[case::log("log", 200, |builder: fixture_server::Builder| builder.log(|_| panic!("oops")))]
#[case::on_expect("on_expect", 500, |builder: fixture_server::Builder| builder.on_expect(|_| -> Option<u16> { panic!("oops") }))]
fn a_panic_in_a_closure_of_the_builder_fails_the_test_at_its_line(
    #[case] method: &str,
    #[case] status: u16,
    #[case] option: fn(fixture_server::Builder) -> fixture_server::Builder,
) -> Test {
    let server = option(TestServer::builder()).start();
    server.on("PUT", "/a", |_| 200);
    let mut raw = Raw::connect(&server)?;
    raw.send(EXPECT)?;
    let mut answer = raw.answer()?;
    if answer.status() == 100 {
        raw.send("hello")?;
        answer = raw.answer()?;
    }
    assert_eq!(answer.status(), status);
    let report = server.try_verify().expect_err("the closure panicked");
    let failure = &report.failures()[0];
    assert_eq!((failure.kind(), failure.location().file()), (FailureKind::Panicked, file!()));
    let text = failure.to_string();
    assert!(text.starts_with(&format!("the closure of `{method}` panicked: oops")), "{text}");
    assert!(text.contains("while answering PUT /a"), "{text}");
    Ok(())
}

#[test]
fn an_answer_of_http_0_9_is_the_file_alone() -> Test {
    let server = site();
    let mut raw = Raw::connect(&server)?;
    raw.send("GET /hello.txt\r\n")?;
    let mut answer = String::new();
    raw.stream.read_to_string(&mut answer)?;
    assert_eq!(answer, "Hello, fixture!\n");
    assert_eq!(server.requests()[0].version(), "HTTP/0.9");
    Ok(())
}
