//! What the journal keeps of each request, and when.

mod raw;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use bytes::Bytes;
use fixture_server::{Ended, Route, prelude::*};
use rstest::rstest;

use raw::{Raw, Test, client, eventually, exchange, get_bytes, get_text};

#[test]
fn everything_is_recorded_in_order_of_arrival() -> Test {
    let server = TestServer::start("fixtures/site");
    let rule = server.on("GET", "/rule", |_| 201);
    for path in ["/hello.txt", "/rule", "/none", "/nested"] {
        get_text(&server, path)?;
    }
    exchange(&server, "nonsense\r\n\r\n")?;

    let requests = server.requests();
    let shown: Vec<String> = requests.iter().map(ToString::to_string).collect();
    let expected = [
        "GET /hello.txt 200",
        "GET /rule 201",
        "GET /none 404",
        "GET /nested 301",
        "\"nonsense\" 400 (refused: the request line is not `METHOD TARGET HTTP/1.1`)",
    ];
    assert_eq!(shown, expected);
    let routes: Vec<Route> = requests.iter().map(RecordedRequest::route).collect();
    assert_eq!(routes, [Route::Directory, Route::Rule, Route::Directory, Route::Directory, Route::Refused]);
    assert!(requests.is_sorted_by_key(RecordedRequest::arrived));
    assert_eq!(requests[1].rule().map(|found| found.location()), Some(rule.location()));
    assert!(requests[0].rule().is_none());
    Ok(())
}

#[test]
fn a_miss_without_a_directory_is_recorded_as_such() -> Test {
    let server = TestServer::empty();
    assert_eq!(get_text(&server, "/")?.0, 404);
    assert_eq!(server.requests()[0].route(), Route::Nothing);
    Ok(())
}

#[test]
fn a_request_is_kept_byte_for_byte() -> Test {
    let server = TestServer::empty();
    let head = b"POST /a%20b?q=1&q=a+b HTTP/1.1\r\nhOsT: test\r\nX-Twice:  1 \r\nx-twice: 2\r\nLatin: \xe9\r\n\
                 Connection: close\r\nContent-Length: 5\r\n\r\n";
    let (before, answer) = (SystemTime::now(), exchange(&server, [&head[..], b"\x00a\r\nb"].concat())?);
    assert_eq!(answer.status(), 404);

    let request = &server.requests()[0];
    assert_eq!(request.raw_head(), head);
    assert_eq!(request.body(), b"\x00a\r\nb");
    assert_eq!((request.method(), request.target(), request.path()), ("POST", "/a%20b?q=1&q=a+b", "/a b"));
    assert_eq!((request.raw_query(), request.query("q"), request.query("r")), (Some("q=1&q=a+b"), Some("1"), None));
    assert_eq!(request.query_all("q"), ["1", "a b"]);
    let fields: Vec<_> = request.headers().iter().map(|field| (field.name(), field.value())).collect();
    let expected = [
        ("hOsT", "test"),
        ("X-Twice", "1"),
        ("x-twice", "2"),
        ("Latin", "é"),
        ("Connection", "close"),
        ("Content-Length", "5"),
    ];
    assert_eq!(fields, expected);
    assert_eq!(request.headers()[3].value_bytes(), b"\xe9");
    assert_eq!(request.header("X-TWICE"), Some("1"));
    assert_eq!((request.chunk_sizes(), request.trailers()), (None, &[][..]));
    assert!((before..=SystemTime::now()).contains(&request.arrived()));
    Ok(())
}

#[test]
fn a_chunked_body_is_kept_decoded_with_its_chunks_and_trailers() -> Test {
    let server = TestServer::empty();
    server.on("PUT", "/", Request::body_text);
    let mut raw = Raw::connect(&server)?;
    raw.send("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    raw.send("5;name=value\r\nhello\r\n1\r\n,\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 7\r\nx-sum: 8\r\n\r\n")?;
    assert_eq!(raw.answer()?.text(), "hello,0123456789");

    let request = &server.requests()[0];
    assert_eq!(request.body(), b"hello,0123456789");
    assert_eq!(request.chunk_sizes(), Some(&[5, 1, 10][..]));
    let trailers: Vec<_> = request.trailers().iter().map(|field| (field.name(), field.value())).collect();
    assert_eq!(trailers, [("X-Sum", "7"), ("x-sum", "8")]);
    assert!(request.raw_head().ends_with(b"Transfer-Encoding: chunked\r\n\r\n"));
    Ok(())
}

#[test]
fn connections_are_counted_and_requests_on_them_too() -> Test {
    let server = TestServer::empty();
    let mut connections = [Raw::connect(&server)?, Raw::connect(&server)?];
    let get = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    for at in [0, 1, 0] {
        connections[at].send(get)?;
        connections[at].answer()?;
    }
    // Two in one write.
    let [first, mut second] = connections;
    second.send([get, get].concat())?;
    second.answer()?;
    second.answer()?;

    let requests = server.requests();
    let places: Vec<_> = requests.iter().map(|r| (r.connection(), r.number_on_connection())).collect();
    assert_eq!(places, [(1, 1), (2, 1), (1, 2), (2, 2), (2, 3)]);
    let peers: Vec<_> = requests.iter().map(|request| request.peer()).collect();
    let (first, second) = (first.stream.local_addr()?, second.stream.local_addr()?);
    assert_eq!(peers, [first, second, first, second, second].map(Some));
    Ok(())
}

#[test]
fn a_handler_finds_its_own_request_in_the_journal() -> Test {
    let server = Arc::new(TestServer::empty());
    let itself = Arc::downgrade(&server);
    server.on("GET", "/", move |_| {
        let seen = Weak::upgrade(&itself).map(|server| server.requests());
        let seen = seen.into_iter().flatten().map(|request| (request.to_string(), request.response_status()));
        format!("{:?}", seen.collect::<Vec<_>>())
    });
    assert_eq!(get_text(&server, "/")?.1, r#"[("GET /", None)]"#);
    Ok(())
}

#[rstest]
#[case::file("GET /hello.txt HTTP/1.1\r\nHost: test\r\n\r\n")]
#[case::listing("GET /no-index/ HTTP/1.1\r\nHost: test\r\n\r\n")]
#[case::miss("GET /none HTTP/1.1\r\nHost: test\r\n\r\n")]
#[case::unsupported("POST / HTTP/1.1\r\nHost: test\r\n\r\n")]
#[case::handler("GET /rule HTTP/1.1\r\nHost: test\r\n\r\n")]
#[case::malformed("GET HTTP/1.1\r\n\r\n")]
fn a_request_is_recorded_before_the_first_byte_of_its_response(#[case] request: &str) -> Test {
    use std::io::Read;

    let server = TestServer::start("fixtures/site");
    server.on("GET", "/rule", |_| "x".repeat(100_000));
    for round in 1..=20 {
        let mut raw = Raw::connect(&server)?;
        raw.send(request)?;
        raw.stream.read_exact(&mut [0])?;
        assert_eq!(server.requests().len(), round);
    }
    Ok(())
}

#[rstest]
#[case::file("/hello.txt", 200)]
#[case::large_file("/big", 200)]
#[case::redirect("/nested", 301)]
#[case::listing("/no-index/", 200)]
#[case::miss("/none", 404)]
#[case::small("/small", 200)]
#[case::large("/large", 200)]
#[case::without_a_length("/endless", 200)]
#[case::chunked("/chunked", 200)]
#[case::empty("/empty", 204)]
#[case::raw("/raw", 0)]
fn bytes_sent_are_the_bytes_that_arrive(#[case] path: &str, #[case] status: u16) -> Test {
    let dir = tempfile::tempdir()?;
    let big = dir.path().join("big.bin");
    std::fs::write(&big, vec![7; 300_000])?;
    let server = TestServer::start("fixtures/site");
    server.on("GET", "/big", move |_| Response::file(&big));
    server.on("GET", "/small", |_| "small");
    server.on("GET", "/large", |_| vec![1; 2_000_000]);
    server.on("GET", "/endless", |_| Response::text("x".repeat(70_000)).without_header("content-length"));
    server.on("GET", "/chunked", |_| Response::text("x".repeat(70_000)).header("Transfer-Encoding", "chunked"));
    server.on("GET", "/empty", |_| 204);
    server.on("GET", "/raw", |_| Response::raw("HTTP/1.1 299 Raw\r\n\r\nraw"));

    let answer = exchange(&server, get_bytes(path))?;
    let request = &server.requests()[0];
    assert_eq!(request.bytes_sent(), answer.length as u64, "{}", answer.head);
    assert_eq!(request.response_status().map_or(0, |status| status.as_u16()), status);
    assert_eq!(request.ended(), Some(Ended::ClosedByServer));

    // HEAD has the same head, and nothing else.
    let answer = exchange(&server, get_bytes("/hello.txt").replacen("GET", "HEAD", 1))?;
    assert_eq!(server.requests()[1].bytes_sent(), answer.length as u64);
    assert!(answer.body.is_empty());
    Ok(())
}

#[test]
fn how_an_exchange_ended_is_known_once_the_response_was_read() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| "x".repeat(200_000));
    let mut raw = Raw::connect(&server)?;
    for _ in 0..50 {
        raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")?;
        raw.answer()?;
        assert_eq!(server.requests().last().and_then(RecordedRequest::ended), Some(Ended::KeptOpen));
    }
    raw.send(get_bytes("/"))?;
    raw.answer()?;
    assert_eq!(server.requests().last().and_then(RecordedRequest::ended), Some(Ended::ClosedByServer));
    Ok(())
}

/// More than the buffers of both ends hold.
const MUCH: usize = 64 << 20;

#[test]
fn a_client_that_leaves_early_is_noticed() -> Test {
    use std::io::Read;

    let server = TestServer::empty();
    server.on("GET", "/", |_| vec![0; MUCH]);
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    raw.stream.read_exact(&mut [0; 100])?;
    drop(raw);

    let request = &server.requests()[0];
    eventually("it ended", || request.ended().is_some());
    assert_eq!(request.ended(), Some(Ended::ClientGone), "and nothing else before that");
    assert!(request.bytes_sent() < MUCH as u64, "{} bytes", request.bytes_sent());
    assert_eq!(request.to_string(), "GET / 200 (client gone)");
    Ok(())
}

#[test]
fn a_response_that_a_stop_cuts_short_is_recorded_as_such() -> Test {
    use std::io::Read;

    let server = TestServer::empty();
    server.on("GET", "/", |_| vec![0; MUCH]);
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/"))?;
    raw.stream.read_exact(&mut [0; 100])?;
    server.stop();

    let request = &server.requests()[0];
    eventually("it ended", || request.ended().is_some());
    assert_eq!(request.ended(), Some(Ended::ServerStopped), "and nothing else before that");
    Ok(())
}

#[rstest]
#[case::no_request_line(b"nonsense\r\n\r\n", "", 400, "request line")]
#[case::tls(b"\x16\x03\x01\x00\xa5\x01", "", 400, "TLS")]
#[case::no_host(b"GET /a HTTP/1.1\r\nX: 1\r\n\r\n", "GET", 400, "Host")]
#[case::bad_field(b"GET /a HTTP/1.1\r\nHost: x\r\nb d: 1\r\n\r\n", "GET", 400, "header field")]
#[case::version(b"GET /a HTTP/2.0\r\nHost: x\r\n\r\n", "GET", 505, "version")]
#[case::two_lengths(
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "POST",
    400,
    "Content-Length"
)]
#[case::unknown_coding(b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "POST", 501, "coding")]
#[case::too_large(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n", "POST", 413, "larger")]
fn what_cannot_be_parsed_is_recorded_with_its_bytes_and_the_reason(
    #[case] bytes: &[u8],
    #[case] method: &str,
    #[case] status: u16,
    #[case] reason: &str,
) -> Test {
    let server = TestServer::builder().max_body(1_000).start();
    server.when(any()).respond_with(|_| "never asked");
    let answer = exchange(&server, bytes)?;
    assert_eq!(answer.status(), status, "{answer:?}");
    assert_eq!(answer.field("connection"), Some("close"));

    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!((request.route(), request.ended()), (Route::Refused, Some(Ended::Refused)));
    assert_eq!(request.response_status().map(|status| status.as_u16()), Some(status));
    assert_eq!((request.raw_head(), request.method()), (bytes, method));
    let refusal = request.refusal().ok_or("no reason")?;
    assert!(refusal.contains(reason), "{refusal}");
    assert!(answer.text().contains(refusal), "{answer:?}");
    assert!(request.to_string().ends_with(&format!(" {status} (refused: {refusal})")), "{request}");
    assert_eq!((request.bytes_sent(), request.hit()), (answer.length as u64, 0));
    Ok(())
}

#[test]
fn a_body_that_ends_early_is_recorded_as_far_as_it_came() -> Test {
    let server = TestServer::empty();
    let mut raw = Raw::connect(&server)?;
    raw.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n1234")?;
    raw.stream.shutdown(std::net::Shutdown::Write)?;
    assert_eq!(raw.answer()?.status(), 400);

    let request = &server.requests()[0];
    assert_eq!((request.refusal(), request.body()), (Some("the connection ended inside the body"), &b"1234"[..]));
    Ok(())
}

/// The text with which something panics.
fn failure(action: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(action)).err();
    let text = payload.and_then(|payload| payload.downcast::<String>().ok());
    text.map_or_else(|| "no failure".to_owned(), |text| *text)
}

#[test]
fn an_assertion_that_fails_lists_what_came() -> Test {
    let server = TestServer::empty();
    assert_eq!(
        failure(|| server.assert_received(post("/api"), 1)),
        "expected POST /api exactly once, but it never came\n\nno request was received"
    );
    get_text(&server, "/api")?;
    client().post(server.url("/api?x")).send("")?;
    client().post(server.url("/api")).send("")?;
    assert_eq!(
        failure(|| server.assert_received(post("/api"), ..=1)),
        "expected POST /api at most once, but it came twice\n\n\
         received, in order (→ fits):\n  #1 GET /api 404\n→ #2 POST /api?x 404\n→ #3 POST /api 404"
    );
    Ok(())
}

#[test]
fn a_long_list_is_cut_at_its_beginning_and_says_so() -> Test {
    let server = TestServer::empty();
    for number in 1..=40 {
        get_text(&server, &format!("/{number}"))?;
    }
    let text = failure(|| server.assert_received(get("/"), 1));
    assert!(text.contains("(10 earlier requests are not shown)\n  #11 GET /11 404\n"), "{text}");
    assert!(text.ends_with("#40 GET /40 404"), "{text}");
    Ok(())
}

#[test]
fn a_limited_journal_keeps_the_newest_and_says_what_it_dropped() -> Test {
    let server = TestServer::builder().journal_limit(2).start();
    for number in 1..=5 {
        get_text(&server, &format!("/{number}"))?;
    }
    let paths: Vec<String> = server.requests().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(paths, ["/4", "/5"]);
    let text = failure(|| server.assert_received(get("/1"), 1));
    assert!(
        text.contains("\n\nnote: the journal is limited and has dropped the oldest of its requests, 3 in all"),
        "{text}"
    );

    server.clear_requests();
    get_text(&server, "/6")?;
    let text = failure(|| server.assert_received(get("/1"), 1));
    assert!(!text.contains("note:"), "{text}");
    Ok(())
}

#[test]
fn what_a_record_held_last_may_use_the_server_when_it_goes() -> Test {
    struct Asks(Weak<TestServer>);
    impl Drop for Asks {
        fn drop(&mut self) {
            if let Some(server) = self.0.upgrade() {
                let _ = server.requests();
                panic!("and may panic");
            }
        }
    }
    let server = Arc::new(TestServer::builder().journal_limit(1).start());
    let asks = Asks(Arc::downgrade(&server));
    let pattern = get("/a").matching("asks when it goes", move |_| asks.0.strong_count() > 0);
    let rule = server.when(pattern).respond("hello");
    get_text(&server, "/a")?;
    rule.remove();
    drop(rule);
    assert_eq!(get_text(&server, "/b")?.0, 404);
    assert_eq!(server.requests().len(), 1);
    Ok(())
}

#[test]
fn a_journal_limited_in_bytes_keeps_what_fits() -> Test {
    let server = TestServer::builder().journal_bytes(25_000).start();
    for number in 1..=5 {
        client().post(server.url(format!("/{number}"))).send(&[0; 10_000][..])?;
    }
    let paths: Vec<String> = server.requests().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(paths, ["/4", "/5"]);
    let text = failure(|| server.assert_received(post("/1"), 1));
    assert!(text.contains("dropped the oldest of its requests, 3 in all"), "{text}");
    Ok(())
}

#[test]
fn clearing_forgets_records_and_counts_but_not_rules() -> Test {
    let server = TestServer::empty();
    let rule = server.on("GET", "/", |request| request.hit().to_string());
    assert_eq!(get_text(&server, "/")?.1, "1");
    assert_eq!(get_text(&server, "/")?.1, "2");
    let kept = server.requests();
    server.clear_requests();
    assert_eq!((server.requests().len(), rule.hits(), rule.requests().len()), (0, 0, 0));

    assert_eq!(get_text(&server, "/")?.1, "1");
    rule.assert_hits(1);
    assert_eq!((kept.len(), kept[1].hit()), (2, 2));
    Ok(())
}

#[test]
fn drained_requests_are_looked_at_no_more_and_numbers_go_on() -> Test {
    let server = TestServer::empty();
    let rule = server.on("GET", "/{number}", |request| request.hit().to_string());
    for path in ["/1", "/2"] {
        get_text(&server, path)?;
    }
    assert_eq!(server.drain().iter().map(ToString::to_string).collect::<Vec<_>>(), ["GET /1 200", "GET /2 200"]);
    assert!(server.drain().is_empty());

    assert_eq!(get_text(&server, "/3")?.1, "3", "rules count on");
    server.assert_exact_order([get("/3")]);
    assert_eq!((rule.hits(), rule.requests().len()), (3, 1));
    let text = failure(|| server.assert_received(get("/1"), 1));
    assert!(text.contains("2 requests were taken out of the journal before"), "{text}");
    Ok(())
}

#[test]
fn the_only_request_that_fits_is_had_directly() -> Test {
    let server = TestServer::empty();
    for path in ["/a", "/b?1", "/b?2"] {
        get_text(&server, path)?;
    }
    assert_eq!(server.received_one(get("/a")).target(), "/a");
    for (pattern, text) in [(get("/b"), "GET /b exactly once"), (get("/none"), "GET /none exactly once")] {
        let failure = failure(|| drop(server.received_one(pattern)));
        assert!(failure.contains(text) && failure.contains("#3 GET /b?2 404"), "{failure}");
    }
    Ok(())
}

fn in_order(order: &[&str]) -> Vec<Pattern> {
    order.iter().map(|path| get(*path)).collect()
}

#[rstest]
#[case::nothing(&[], true)]
#[case::all(&["/a", "/b", "/a", "/c"], true)]
#[case::some(&["/a", "/c"], true)]
#[case::twice(&["/a", "/a"], true)]
#[case::the_first_that_fits_counts(&["/a", "/b", "/c"], true)]
#[case::not_in_this_order(&["/c", "/a"], false)]
#[case::too_often(&["/a", "/a", "/a"], false)]
#[case::not_there(&["/a", "/d"], false)]
fn requests_came_in_an_order_whatever_lies_between(#[case] order: &[&str], #[case] holds: bool) -> Test {
    let server = TestServer::empty();
    for path in ["/a", "/b", "/a", "/c"] {
        get_text(&server, path)?;
    }
    let text = failure(|| server.assert_order(in_order(order)));
    assert_eq!(text == "no failure", holds, "{text}");
    Ok(())
}

#[rstest]
#[case::these(&["/a", "/b"], true)]
#[case::templates(&["/{any}", "/{any}"], true)]
#[case::fewer(&["/a"], false)]
#[case::none(&[], false)]
#[case::more(&["/a", "/b", "/b"], false)]
#[case::the_other_way_round(&["/b", "/a"], false)]
fn exactly_these_requests_came(#[case] order: &[&str], #[case] holds: bool) -> Test {
    let server = TestServer::empty();
    for path in ["/a", "/b"] {
        get_text(&server, path)?;
    }
    let text = failure(|| server.assert_exact_order(in_order(order)));
    assert_eq!(text == "no failure", holds, "{text}");
    Ok(())
}

#[test]
fn nothing_is_an_exact_order_too() {
    TestServer::empty().assert_exact_order(in_order(&[]));
}

#[test]
fn a_closure_is_asked_once_for_each_request_and_assertion() -> Test {
    let server = TestServer::empty();
    for path in ["/1", "/2", "/3"] {
        get_text(&server, path)?;
    }
    let (sender, asked) = std::sync::mpsc::channel();
    let never = any().matching("never", move |_| sender.send(()).is_err());
    failure(|| server.assert_order([&never, &never]));
    assert_eq!(asked.try_iter().count(), 3);
    failure(|| server.assert_received(&never, 1));
    assert_eq!(asked.try_iter().count(), 3);
    Ok(())
}

#[rstest]
#[case::a_file("GET /hello.txt HTTP/1.1\r\nHost: test\r\n\r\n", true)]
#[case::a_redirect("GET /nested HTTP/1.1\r\nHost: test\r\n\r\n", true)]
#[case::a_handler("GET /rule HTTP/1.1\r\nHost: test\r\n\r\n", true)]
#[case::no_file("GET /none HTTP/1.1\r\nHost: test\r\n\r\n", false)]
#[case::no_method("PUT /hello.txt HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n", false)]
#[case::malformed("GET HTTP/1.1\r\n\r\n", false)]
fn every_request_met_a_rule_or_a_file(#[case] request: &str, #[case] holds: bool) -> Test {
    let server = TestServer::start("fixtures/site");
    server.on("GET", "/rule", |_| 404);
    server.assert_all_matched();
    let mut raw = Raw::connect(&server)?;
    raw.send(request)?;
    raw.answer()?;
    let text = failure(|| server.assert_all_matched());
    assert_eq!(text == "no failure", holds, "{text}");
    Ok(())
}

#[test]
fn without_a_directory_a_miss_is_unmatched() -> Test {
    let server = TestServer::empty();
    get_text(&server, "/none")?;
    let text = failure(|| server.assert_all_matched());
    assert!(text.contains("GET /none"), "{text}");
    Ok(())
}

#[test]
fn connections_are_counted_over_the_life_of_the_server() -> Test {
    let server = TestServer::empty();
    server.assert_connections(0);
    let client = client();
    for _ in 0..3 {
        client.get(server.url("/")).call()?.body_mut().read_to_string()?;
    }
    server.assert_connections(1);
    server.clear_requests();
    server.stop();
    server.restart();
    get_text(&server, "/")?;
    server.assert_connections(2);
    let text = failure(|| server.assert_connections(3..));
    assert!(text.contains("at least 3") && text.contains('2'), "{text}");
    Ok(())
}

#[test]
fn a_rule_knows_its_requests() -> Test {
    let server = TestServer::empty();
    let users = server.on("GET", "/users/{id}", |_| ());
    let other = server.on("GET", "/other", |_| ());
    for path in ["/users/1", "/other", "/users/2", "/none"] {
        get_text(&server, path)?;
    }
    let params: Vec<String> = users.requests().iter().map(|request| request.param("id").to_owned()).collect();
    assert_eq!(params, ["1", "2"]);
    other.assert_hits(1);
    assert_eq!(server.received(any().path("/users/{any}")).len(), 2);
    let text = failure(|| other.assert_hits(2..));
    let declared = format!("  declared at {}", other.location());
    let told: Vec<&str> = text.lines().take(2).collect();
    assert_eq!(told, ["expected GET /other at least twice, but it came once", &declared]);
    drop(server);
    assert_eq!((users.hits(), users.requests().len()), (2, 0));
    Ok(())
}

#[test]
fn a_recorded_request_becomes_one_of_the_http_crate() -> Test {
    let server = TestServer::empty();
    client().put(server.url("/a?b")).header("X-A", "1").header("X-A", "2").send("body")?;

    let request = http::Request::<Bytes>::from(&server.requests()[0]);
    assert_eq!((request.method(), request.uri().to_string()), (&Method::PUT, "/a?b".to_owned()));
    assert_eq!(request.headers().get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(request.body(), "body");
    Ok(())
}

#[test]
fn forms_cookies_and_tokens_are_read() -> Test {
    let server = TestServer::empty();
    client()
        .post(server.url("/login"))
        .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        .header("Cookie", "a=1; sid=x=y")
        .header("Authorization", "bearer t0ken")
        .send("user=ada+l&pass=%26")?;

    let request = &server.requests()[0];
    assert_eq!((request.form("user"), request.form("pass"), request.form("none")), (Some("ada l"), Some("&"), None));
    assert_eq!((request.cookie("sid"), request.cookie("b"), request.bearer()), (Some("x=y"), None, Some("t0ken")));
    Ok(())
}

#[test]
fn the_log_is_told_of_every_answer() -> Test {
    let (sender, events) = std::sync::mpsc::channel();
    let server = TestServer::builder().dir("fixtures/site").log(move |event| drop(sender.send(event.clone()))).start();
    server.on("GET", "/fault", |_| Fault::Close);
    for path in ["/hello.txt", "/none", "/%1b\\"] {
        exchange(&server, get_bytes(path))?;
    }
    assert!(exchange(&server, get_bytes("/fault")).is_err());
    exchange(&server, "no\r\n\r\n")?;

    let events: Vec<_> = events.try_iter().map(|e| (e.to_string(), e.message().map(str::to_owned))).collect();
    let shown: Vec<_> = events.iter().map(|(line, message)| (line.as_str(), message.as_deref())).collect();
    let expected = [
        ("\"GET /hello.txt HTTP/1.1\" 200 -", None),
        ("\"GET /none HTTP/1.1\" 404 -", Some("File not found")),
        ("\"GET /%1b\\\\ HTTP/1.1\" 404 -", Some("File not found")),
        ("\"GET /fault HTTP/1.1\" - -", None),
        ("\"no\" 400 -", Some("the request line is not `METHOD TARGET HTTP/1.1`")),
    ];
    assert_eq!(shown, expected);
    Ok(())
}
