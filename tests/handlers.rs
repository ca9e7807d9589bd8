//! What handlers are asked and what they may answer, as clients see it.

mod raw;

use std::borrow::Cow;
use std::io::Read;
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Condvar, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use fixture_server::{Ended, FailureKind, Handler, prelude::*};
use rstest::rstest;

use raw::{LIMIT, Raw, Test, client, exchange, get_bytes, get_text};

const TEXT: &str = "text/plain; charset=utf-8";
const OCTETS: &str = "application/octet-stream";

#[rstest]
#[case::nothing(().into_response(), 200, None, "")]
#[case::status(404_u16.into_response(), 404, None, "")]
#[case::status_without_a_body(204_u16.into_response(), 204, None, "")]
#[case::status_code(StatusCode::IM_A_TEAPOT.into_response(), 418, None, "")]
#[case::str("a".into_response(), 200, Some(TEXT), "a")]
#[case::string(String::from("b").into_response(), 200, Some(TEXT), "b")]
#[case::string_by_reference((&String::from("c")).into_response(), 200, Some(TEXT), "c")]
#[case::cow(Cow::Borrowed("d").into_response(), 200, Some(TEXT), "d")]
#[case::slice((&b"e"[..]).into_response(), 200, Some(OCTETS), "e")]
#[case::array(b"f".into_response(), 200, Some(OCTETS), "f")]
#[case::vec(b"g".to_vec().into_response(), 200, Some(OCTETS), "g")]
#[case::bytes(Bytes::from_static(b"h").into_response(), 200, Some(OCTETS), "h")]
#[case::with_status((201, "i").into_response(), 201, Some(TEXT), "i")]
#[case::with_status_code((StatusCode::ACCEPTED, "j").into_response(), 202, Some(TEXT), "j")]
#[case::with_fields((202, [("Content-Type", "text/csv")], "k").into_response(), 202, Some("text/csv"), "k")]
#[case::with_code_and_fields((StatusCode::OK, [("A", 1)], "l").into_response(), 200, Some(TEXT), "l")]
#[case::fields_alone([("Content-Type", "x/y")].into_response(), 200, Some("x/y"), "")]
#[case::some(Some("m").into_response(), 200, Some(TEXT), "m")]
#[case::none(None::<u16>.into_response(), 404, Some(TEXT), "not found")]
#[case::none_beside_a_status((200, None::<u16>).into_response(), 404, Some(TEXT), "not found")]
#[case::none_beside_fields((200, [("A", "1")], None::<u16>).into_response(), 404, Some(TEXT), "not found")]
#[case::ok(Ok::<_, String>("n").into_response(), 200, Some(TEXT), "n")]
#[case::http_response(http::Response::new("o").into_response(), 200, None, "o")]
#[case::text(Response::text("p"), 200, Some(TEXT), "p")]
#[case::html(Response::html("<q>"), 200, Some("text/html; charset=utf-8"), "<q>")]
#[case::octets(Response::bytes(b"r"), 200, Some(OCTETS), "r")]
#[case::redirect(Response::redirect("/s"), 302, None, "")]
#[case::another_body(Response::text("t").status(410).body("u"), 410, Some(TEXT), "u")]
fn whatever_is_a_response_can_be_returned(
    #[case] response: Response,
    #[case] status: u16,
    #[case] content_type: Option<&str>,
    #[case] body: &str,
) -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", move |_| response.clone());

    let answer = exchange(&server, get_bytes("/"))?;
    assert_eq!((answer.status(), answer.field("content-type")), (status, content_type), "{answer:?}");
    assert_eq!(answer.text(), body);
    let length = body.len().to_string();
    assert_eq!(answer.field("content-length"), (status != 204).then_some(&*length), "{answer:?}");
    assert!(answer.field("date").is_some(), "{answer:?}");
    Ok(())
}

#[cfg(feature = "json")]
#[rstest]
#[case::value(json!({"a": 1}).into_response(), 200, r#"{"a":1}"#)]
#[case::value_by_reference((&json!([null])).into_response(), 200, "[null]")]
#[case::with_status((422, json!("no")).into_response(), 422, r#""no""#)]
#[case::typed(Response::json([1, 2]), 200, "[1,2]")]
fn json_can_be_returned(#[case] response: Response, #[case] status: u16, #[case] body: &str) -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", move |_| response.clone());

    let answer = exchange(&server, get_bytes("/"))?;
    assert_eq!((answer.status(), answer.field("content-type")), (status, Some("application/json")));
    assert_eq!(answer.text(), body);
    Ok(())
}

#[test]
fn closures_need_no_annotation() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/nothing", |_| ());
    server.on("GET", "/status", |_| 204);
    server.on("GET", "/borrowed", |request| request.path().to_owned());
    server.on("GET", "/optional", |request| request.query("q").map(str::to_owned));
    server.on("GET", "/fallible", |request| -> HandlerResult<_> { Ok(request.query("q").ok_or("no q")?.to_owned()) });
    server.on(Method::GET, "/fault", |_| Fault::Close);

    assert_eq!(get_text(&server, "/nothing")?, (200, String::new()));
    assert_eq!(get_text(&server, "/status")?, (204, String::new()));
    assert_eq!(get_text(&server, "/borrowed")?, (200, "/borrowed".to_owned()));
    assert_eq!(get_text(&server, "/optional?q=1")?, (200, "1".to_owned()));
    assert_eq!(get_text(&server, "/optional")?, (404, "not found".to_owned()));
    assert_eq!(get_text(&server, "/fallible?q=2")?, (200, "2".to_owned()));
    assert!(get_text(&server, "/fault").is_err());
    Ok(())
}

#[test]
fn fields_go_out_as_given_in_order_spelling_and_number() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| {
        Response::new(200)
            .header("x-Second", "1")
            .append_header("SET-cookie", "a=1")
            .append_header("Set-Cookie", "b=2")
            .header("empty", "")
            .header("latin", &b"\xe9"[..])
            .reason("Quite All Right")
            .without_header("date")
            .body("hi")
    });

    let answer = exchange(&server, get_bytes("/"))?;
    let expected = "HTTP/1.1 200 Quite All Right\r\nx-Second: 1\r\nSET-cookie: a=1\r\nSet-Cookie: b=2\r\nempty: \r\n\
                    latin: \u{fffd}\r\nContent-Length: 2\r\nConnection: close";
    assert_eq!(answer.head, expected);
    assert_eq!(answer.body, b"hi");
    Ok(())
}

#[test]
fn an_http_response_keeps_status_fields_and_body() -> Test {
    let server = TestServer::empty();
    let made = http::Response::builder().status(201).header("X-A", "1").header("X-A", "2").body(b"made".to_vec())?;
    server.on("POST", "/", move |_| made.clone());

    let mut answer = client().post(server.url("/")).send("")?;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers().get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(answer.body_mut().read_to_vec()?, b"made");
    Ok(())
}

#[test]
fn a_head_request_gets_the_head_of_the_answer_alone() -> Test {
    let server = TestServer::empty();
    server.on("HEAD", "/", |_| "five!");

    let answer = exchange(&server, "HEAD / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
    assert_eq!((answer.status(), answer.field("content-length"), &*answer.body), (200, Some("5"), &b""[..]));
    Ok(())
}

#[rstest]
#[case::one_segment("/users/{id}", "/users/7", "id", "7")]
#[case::amid_literals("/a/{b}/c", "/a/x/c", "b", "x")]
#[case::decoded("/users/{id}", "/users/a%20b%2Bc+d", "id", "a b+c+d")]
#[case::encoded_slash_stays_inside("/users/{id}", "/users/a%2Fb", "id", "a/b")]
#[case::encoded_percent("/users/{id}", "/users/100%25", "id", "100%")]
#[case::encoded_percent_before_a_slash_code("/users/{id}", "/users/%252F", "id", "%2F")]
#[case::beyond_ascii("/users/{id}", "/users/%E6%BC%A2", "id", "漢")]
#[case::query_is_apart("/users/{id}", "/users/7?id=8", "id", "7")]
#[case::rest("/files/{*path}", "/files/a/b.txt", "path", "a/b.txt")]
#[case::rest_decoded("/files/{*path}", "/files/a%20b/c%2Fd", "path", "a b/c/d")]
#[case::empty_rest("/files/{*path}", "/files/", "path", "")]
#[case::rest_of_all("/{*path}", "/", "path", "")]
#[case::literal_is_decoded_too("/a b/{c}", "/a%20b/1", "c", "1")]
#[case::literal_may_be_encoded("/a%20b/{c}", "/a%20b/1", "c", "1")]
fn placeholders_stand_for_segments(
    #[case] template: &str,
    #[case] target: &str,
    #[case] name: &'static str,
    #[case] value: &str,
) -> Test {
    let server = TestServer::empty();
    server.on("GET", template, move |request| request.param(name).to_owned());

    let answer = exchange(&server, get_bytes(target))?;
    assert_eq!((answer.status(), answer.text()), (200, value.to_owned()));
    Ok(())
}

#[rstest]
#[case::longer("/users/{id}", "/users/7/8")]
#[case::shorter("/users/{id}", "/users")]
#[case::empty_segment("/users/{id}", "/users/")]
#[case::slash_at_the_end("/users", "/users/")]
#[case::another_case("/users", "/Users")]
#[case::encoded_slash("/a/b", "/a%2Fb")]
#[case::rest_needs_its_slash("/files/{*path}", "/files")]
fn a_path_that_differs_is_another(#[case] template: &str, #[case] target: &str) -> Test {
    let server = TestServer::empty();
    server.on("GET", template, |_| "it");
    assert_eq!(exchange(&server, get_bytes(target))?.status(), 404);
    Ok(())
}

#[rstest]
#[case::in_any_case("get", "GET", 200)]
#[case::clients_are_taken_literally("GET", "get", 404)]
#[case::own_method("PURGE", "PURGE", 200)]
#[case::another_method("POST", "GET", 404)]
fn a_method_must_be_the_same(#[case] rule: &str, #[case] request: &str, #[case] status: u16) -> Test {
    let server = TestServer::empty();
    server.on(rule, "/", |_| ());
    let answer = exchange(&server, format!("{request} / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"))?;
    assert_eq!(answer.status(), status, "{answer:?}");
    Ok(())
}

#[test]
fn a_miss_names_the_nearest_rules_and_where_they_were_declared() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/users/{id}/posts", |_| ());
    let line = line!() - 1;
    server.on("GET", "/health", |_| ());

    let (status, text) = get_text(&server, "/users/7/post")?;
    assert_eq!(status, 404);
    assert!(text.starts_with("no rule answers GET /users/7/post\n"), "{text}");
    assert!(text.contains("the nearest of 2 rules is GET /users/{id}/posts"), "{text}");
    let declared = text.lines().find(|told| told.contains("declared at")).ok_or("no rule is named")?;
    assert!(declared.contains(&format!("{}:{line}:", file!())), "{text}");
    Ok(())
}

#[test]
fn the_newest_rule_that_fits_answers() -> Test {
    struct Catch;

    impl Handler for Catch {
        fn handle(&self, request: &Request) -> Response {
            Response::text(format!("caught {}", request.path()))
        }
    }

    let server = TestServer::empty();
    let answer = |path: &str| get_text(&server, path).map(|(_, text)| text);
    server.on("GET", "/a/b", |_| "literal");
    assert_eq!(answer("/a/b")?, "literal");
    let template = server.on("GET", "/a/{x}", |_| "template");
    assert_eq!(answer("/a/b")?, "template");
    server.on("GET", "/a/b", |_| "newer literal");
    assert_eq!(answer("/a/b")?, "newer literal");
    assert_eq!(answer("/a/c")?, "template");
    let everything = server.handler(Catch);
    assert_eq!(answer("/a/b")?, "caught /a/b");
    server.on("POST", "/a/b", |_| "not for GET");
    assert_eq!(answer("/a/b")?, "caught /a/b");

    everything.remove();
    assert_eq!(answer("/a/b")?, "newer literal");
    template.remove();
    assert_eq!(get_text(&server, "/a/c")?.0, 404);
    Ok(())
}

#[test]
fn rules_go_before_the_directory_and_give_way_to_it() -> Test {
    let server = TestServer::start("fixtures/site");
    let answer = || get_text(&server, "/hello.txt");
    assert_eq!(answer()?, (200, "Hello, fixture!\n".to_owned()));
    let outer = server.on("GET", "/hello.txt", |_| (503, "outer"));
    {
        let inner = server.on("GET", "/hello.txt", |_| (503, "inner")).scoped();
        assert_eq!(answer()?, (503, "inner".to_owned()));
        inner.assert_hits(1);
    }
    assert_eq!(answer()?, (503, "outer".to_owned()));
    outer.remove();
    outer.remove();
    assert_eq!(answer()?, (200, "Hello, fixture!\n".to_owned()));
    outer.assert_hits(1);
    Ok(())
}

#[test]
fn an_error_of_a_handler_answers_500_and_fails_the_test_with_its_text_and_line() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/sum/{n}", |request| request.param("n").parse::<u8>().map(|n| n.to_string()));
    let line = line!() - 1;

    assert_eq!(get_text(&server, "/sum/12")?, (200, "12".to_owned()));
    assert_eq!(server.try_verify().ok(), Some(()));
    assert_eq!(get_text(&server, "/sum/x?y")?, (500, "invalid digit found in string".to_owned()));

    let report = server.try_verify().err().ok_or("no failure")?;
    let [failure] = report.failures() else { return Err(format!("{report}").into()) };
    assert_eq!(failure.kind(), FailureKind::HandlerError);
    assert_eq!((failure.location().file(), failure.location().line()), (file!(), line));
    let expected = format!(
        "the test server has 1 failure\n\n  \
         the handler of GET /sum/{{n}} returned an error: invalid digit found in string\n    \
         while answering GET /sum/x?y\n    \
         declared at {}",
        failure.location()
    );
    assert_eq!(report.to_string(), expected);
    Ok(())
}

#[rstest]
#[case::of_a_literal(|_: &Request| -> u16 { panic!("boom") }, "boom")]
#[case::of_a_format(|request: &Request| -> u16 { panic!("boom {}", request.path()) }, "boom /")]
#[case::without_a_text(|_: &Request| -> u16 { std::panic::panic_any(7) }, "(a panic without a text)")]
#[case::of_the_crate(
    |request: &Request| u16::from(request.param("id").is_empty()),
    "the path of the rule that answers has no `{id}`, nor any other parameter"
)]
fn a_panic_of_a_handler_answers_500_and_fails_the_test_with_its_message_and_line(
    #[case] handler: fn(&Request) -> u16,
    #[case] message: &str,
) -> Test {
    let server = TestServer::empty();
    let rule = server.on("GET", "/", handler);
    let line = line!() - 1;

    let (status, text) = get_text(&server, "/")?;
    assert_eq!((status, text), (500, format!("the handler of GET / panicked: {message}\n")));
    // The connection, the rule and the server live on.
    assert_eq!(get_text(&server, "/")?.0, 500);
    rule.assert_hits(2);

    let report = server.try_verify().err().ok_or("no failure")?;
    let [failure, _] = report.failures() else { return Err(format!("{report}").into()) };
    assert_eq!(failure.kind(), FailureKind::Panicked);
    assert_eq!((failure.location().file(), failure.location().line()), (file!(), line));
    let expected =
        format!("the handler of GET / panicked: {message}\n  while answering GET /\n  declared at {}", rule.location());
    assert_eq!(failure.to_string(), expected);
    Ok(())
}

#[test]
fn handlers_run_in_parallel_with_themselves() -> Test {
    let server = TestServer::empty();
    let both = Barrier::new(2);
    server.on("GET", "/meet", move |_| {
        both.wait();
        "met"
    });

    thread::scope(|scope| {
        let other = scope.spawn(|| get_text(&server, "/meet").map_err(|error| error.to_string()));
        assert_eq!(get_text(&server, "/meet")?, (200, "met".to_owned()));
        assert_eq!(other.join().map_err(|_| "the other client panicked")??, (200, "met".to_owned()));
        Ok(())
    })
}

#[test]
fn a_handler_may_ask_its_own_server() -> Test {
    let server = TestServer::start("fixtures/site");
    let (outer, inner) = (server.url("/hello.txt"), server.url("/inner"));
    server.on("GET", "/inner", move |_| -> HandlerResult<_> {
        Ok(client().get(&outer).call()?.body_mut().read_to_string()?)
    });
    server.on("GET", "/outer", move |_| -> HandlerResult<_> {
        Ok(client().get(&inner).call()?.body_mut().read_to_string()?)
    });

    assert_eq!(get_text(&server, "/outer")?, (200, "Hello, fixture!\n".to_owned()));
    Ok(())
}

/// Holds handlers until it is opened.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<bool>, Condvar)>);

impl Door {
    fn wait(&self) {
        let open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.0.1.wait_while(open, |open| !*open));
    }

    fn open(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }
}

#[test]
fn blocked_handlers_hold_up_nobody_else() -> Test {
    const BLOCKED: usize = 32;
    let server = TestServer::start("fixtures/site");
    let other_server = TestServer::start("fixtures/site");
    let (door, (entered, entries)) = (Door::default(), mpsc::channel());
    let inside = door.clone();
    server.on("GET", "/blocked", move |_| {
        // Nobody listens any more if the test has failed already.
        let _ = entered.send(());
        inside.wait();
        "free"
    });

    let mut blocked = Vec::new();
    for _ in 0..BLOCKED {
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes("/blocked"))?;
        blocked.push(raw);
    }
    for _ in 0..BLOCKED {
        entries.recv_timeout(LIMIT)?;
    }
    for _ in 0..10 {
        assert_eq!(get_text(&other_server, "/hello.txt")?.0, 200);
        assert_eq!(get_text(&server, "/hello.txt")?.0, 200);
    }
    let third_server = TestServer::empty();
    third_server.on("GET", "/", |_| "hello");
    assert_eq!(get_text(&third_server, "/")?.0, 200);

    door.open();
    for mut raw in blocked {
        assert_eq!(raw.answer()?.text(), "free");
    }
    Ok(())
}

#[test]
fn a_file_is_sent_with_the_type_of_its_name_and_may_change_between_answers() -> Test {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("big.svg");
    let content: Vec<u8> = (0..600_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    std::fs::write(&path, &content)?;
    let server = TestServer::empty();
    let response = Response::file(&path).status(203).header("ETag", "\"1\"");
    server.on("GET", "/big", move |_| response.clone());

    for content in [&content[..], b"", b"short"] {
        std::fs::write(&path, content)?;
        let answer = exchange(&server, get_bytes("/big"))?;
        assert_eq!((answer.status(), answer.field("content-type")), (203, Some("image/svg+xml")), "{}", answer.head);
        assert_eq!(answer.field("etag"), Some("\"1\""));
        assert!(answer.body == content, "{} bytes instead of {}", answer.body.len(), content.len());
    }
    Ok(())
}

#[test]
fn a_file_that_is_missing_answers_500_and_fails_the_test() -> Test {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("none.txt");
    let server = TestServer::empty();
    let missing = path.clone();
    let rule = server.on("GET", "/", move |_| Response::file(&missing));

    let (status, text) = get_text(&server, "/")?;
    assert_eq!(status, 500);
    assert!(text.contains(&*path.to_string_lossy()), "{text}");
    let report = server.try_verify().err().ok_or("no failure")?;
    assert_eq!(report.failures()[0].kind(), FailureKind::HandlerError);
    assert_eq!(report.failures()[0].location(), rule.location());
    assert!(report.to_string().contains(&*path.to_string_lossy()), "{report}");
    Ok(())
}

#[test]
fn a_reset_is_a_reset() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Fault::Reset);
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    let error = raw.rest().err().ok_or("no error")?;
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_fault(&server);
    Ok(())
}

#[rstest]
#[case::close(Fault::Close, b"")]
#[case::half_close(Fault::HalfClose, b"")]
#[case::garbage(Fault::garbage(b"\x00\xff?"), b"\x00\xff?")]
fn an_orderly_end_comes_after_these_bytes(#[case] fault: Fault, #[case] bytes: &[u8]) -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", move |_| fault.clone());
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")?;
    assert_eq!(raw.rest()?, bytes);
    assert_fault(&server);
    Ok(())
}

#[test]
fn a_stall_says_nothing_until_the_server_stops() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Fault::Stall);
    server.on("GET", "/next", |_| "never reached on this connection");
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\nGET /next HTTP/1.1\r\nHost: test\r\n\r\n")?;
    raw::eventually("the request arrives", || {
        server.requests().first().is_some_and(|request| request.ended() == Some(Ended::Fault))
    });
    raw.stream.set_nonblocking(true)?;
    let error = raw.stream.read(&mut [0]).err().ok_or("there is something to read")?;
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    raw.stream.set_nonblocking(false)?;

    server.stop();
    assert_eq!(raw.stream.read(&mut [0]).unwrap_or(0), 0, "nothing was sent");
    assert_fault(&server);
    Ok(())
}

#[test]
fn raw_bytes_go_out_as_they_are() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::raw(b"HTTP/9.9 000\n:\r\r"));
    let mut raw = Raw::connect(&server)?;
    raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")?;
    assert_eq!(raw.rest()?, b"HTTP/9.9 000\n:\r\r");
    assert_eq!(server.requests()[0].response_status(), None);
    Ok(())
}

#[track_caller]
fn assert_fault(server: &TestServer) {
    let requests = server.requests();
    let ended: Vec<_> = requests.iter().map(|request| (request.response_status(), request.ended())).collect();
    assert_eq!(ended, [(None, Some(Ended::Fault))]);
}

#[test]
fn a_rule_that_did_not_answer_says_which_one_it_is() -> Test {
    let server = TestServer::empty();
    let older = server.on("GET", "/a", |_| "older");
    server.on("GET", "/a", |_| "newer");
    assert_eq!(get_text(&server, "/a")?, (200, "newer".to_owned()));
    let panic = std::panic::catch_unwind(|| older.assert_hits(1)).err().ok_or("no panic")?;
    let text = panic.downcast_ref::<String>().ok_or("no text")?;
    let told: Vec<&str> = text.lines().take(2).collect();
    let declared = format!("  declared at {}", older.location());
    assert_eq!(told, ["expected GET /a exactly once, but another rule answered", &declared]);
    Ok(())
}

#[test]
fn many_failures_do_not_bury_the_report() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/{n}", |_| Err::<(), _>("again"));
    for n in 0..25 {
        assert_eq!(get_text(&server, &format!("/{n}"))?.0, 500);
    }
    let report = server.try_verify().err().ok_or("no failure")?;
    assert_eq!(report.failures().len(), 25);
    let text = report.to_string();
    assert!(text.contains("answering GET /19\n") && !text.contains("answering GET /20\n"), "{text}");
    assert!(text.ends_with("and 5 more, which `failures()` of the report has"), "{text}");
    Ok(())
}
