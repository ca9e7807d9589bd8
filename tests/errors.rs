//! Mistakes of a test's author: each panics at the author's line, with a text that says what to do instead.

use std::cell::RefCell;
use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::Duration;

use fixture_server::prelude::*;
use rstest::rstest;

/// Where and how something panicked.
#[derive(Debug, Default, PartialEq)]
struct Caught {
    file: String,
    line: u32,
    text: String,
}

/// Runs a mistake; the hook sees the location, and is told apart by thread because tests run in parallel.
fn caught(mistake: impl FnOnce()) -> Caught {
    thread_local! {
        static LAST: RefCell<Option<Caught>> = const { RefCell::new(None) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let location = info.location().map(|at| (at.file().to_owned(), at.line()));
            let (file, line) = location.unwrap_or_default();
            let payload = info.payload();
            let literal = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = literal.or_else(|| payload.downcast_ref().cloned()).unwrap_or_default();
            LAST.set(Some(Caught { file, line, text }));
            usual(info);
        }));
    });
    LAST.take();
    match catch_unwind(AssertUnwindSafe(mistake)) {
        Ok(()) => Caught { text: "it did not panic".to_owned(), ..Caught::default() },
        Err(_) => LAST.take().unwrap_or_default(),
    }
}

#[track_caller]
fn assert_caught(mistake: impl FnOnce(), line: u32, text: &str) {
    assert_eq!(caught(mistake), Caught { file: file!().to_owned(), line, text: text.to_owned() });
}

#[track_caller]
fn on(method: &str, path: &str) {
    TestServer::empty().on(method, path, |_| ());
}

#[test]
fn a_directory_that_is_missing_is_named_with_where_it_was_looked_for() {
    let looked_for = std::env::current_dir().unwrap_or_default().join("no/such/dir");
    let text = format!(
        "cannot serve the directory no/such/dir: No such file or directory (os error 2) (looked for {}; a relative path \
         begins at the current directory, which in `cargo test` is that of the package)",
        looked_for.display()
    );
    assert_caught(|| drop(TestServer::start("no/such/dir")), line!(), &text);
    assert_caught(|| drop(TestServer::builder().dir("no/such/dir").start()), line!(), &text);
    assert_eq!(TestServer::try_start("no/such/dir").map_err(|error| error.to_string()).err(), Some(text));
}

#[test]
fn a_file_is_not_a_directory() {
    let file = std::path::absolute("fixtures/site/hello.txt").unwrap_or_default();
    let text = format!("cannot serve the directory {}: Not a directory (os error 20)", file.display());
    assert_caught(|| drop(TestServer::start(&file)), line!(), &text);
    let error = TestServer::try_start(&file).map_err(std::io::Error::from).err();
    assert_eq!(error.map(|error| error.kind()), Some(std::io::ErrorKind::NotADirectory));
}

#[test]
fn a_port_that_is_taken_is_named() -> std::io::Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let addr = taken.local_addr()?;
    let text = format!(
        "cannot listen on {addr}: Address already in use (os error 98) (port 0 lets the system choose a free one)"
    );
    assert_caught(|| drop(TestServer::builder().bind(addr).start()), line!(), &text);
    Ok(())
}

#[test]
fn an_address_of_another_machine_is_named() {
    let text = "cannot listen on 192.0.2.1:0: Cannot assign requested address (os error 99) (this machine does not have that address)";
    assert_caught(|| drop(TestServer::builder().bind("192.0.2.1:0").start()), line!(), text);
}

#[test]
#[cfg(unix)]
fn a_unix_socket_that_exists_is_named() -> std::io::Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("taken.sock");
    std::fs::write(&path, "")?;
    let text = format!(
        "cannot listen on the Unix socket {}: Address already in use (os error 98) (the file exists already: remove it or \
         take another name)",
        path.display()
    );
    assert_caught(|| drop(TestServer::builder().bind_unix(&path).start()), line!(), &text);
    assert!(path.exists(), "it belongs to somebody else");
    Ok(())
}

#[rustfmt::skip] // a case a line, because its line is what is asserted
#[rstest]
#[case::method_of_two_words(|| on("GE T", "/"), line!(), r#""GE T" is not a request method: a method is one word without blanks, such as "GET""#)]
#[case::empty_method(|| on("", "/"), line!(), r#"an empty string is not a request method: pass one such as "GET""#)]
#[case::path_without_a_slash(|| on("GET", "users"), line!(), r#"the path "users" must begin with `/`: write "/users""#)]
#[case::empty_path(|| on("GET", ""), line!(), r#"the path "" must begin with `/`: write "/""#)]
#[case::query(|| on("GET", "/a?b=c"), line!(), r#"the path "/a?b=c" holds a query, but a path is compared without it: write "/a", and in a pattern `get("/a").query("b", "c")`"#)]
#[case::fragment(|| on("GET", "/a#b"), line!(), r#"the path "/a#b" holds a fragment, which clients never send: leave out what begins with `#`"#)]
#[case::brace_within_a_segment(|| on("GET", "/a{b}"), line!(), r#"the path "/a{b}" has a brace within the segment "a{b}": a placeholder is a whole segment, `/{name}/` or `/{*rest}`; to compare with a brace write `%7B` and `%7D`"#)]
#[case::open_brace(|| on("GET", "/{a"), line!(), r#"the path "/{a" has a brace within the segment "{a": a placeholder is a whole segment, `/{name}/` or `/{*rest}`; to compare with a brace write `%7B` and `%7D`"#)]
#[case::limit_of_nothing(|| drop(TestServer::empty().when(any()).limit(0)), line!(), "a rule with `limit(0)` answers nothing: leave it out, or promise that no request comes with `.expect(0)`")]
#[case::promise_beyond_the_limit(|| drop(TestServer::empty().when(any()).limit(1).expect(2).respond(200)), line!(), "a rule that answers 1 at most cannot be expected exactly twice: raise `.limit(1)`, or leave it out")]
#[case::no_name(|| on("GET", "/{}"), line!(), r#"the path "/{}" has a placeholder without a name: write `{name}` or `{*rest}`"#)]
#[case::rest_without_a_name(|| on("GET", "/{*}"), line!(), r#"the path "/{*}" has a placeholder without a name: write `{name}` or `{*rest}`"#)]
#[case::same_name_twice(|| on("GET", "/{a}/{a}"), line!(), r#"the path "/{a}/{a}" has `{a}` twice: give each placeholder a name of its own"#)]
#[case::rest_that_is_not_last(|| on("GET", "/{*a}/b"), line!(), r#"the path "/{*a}/b" goes on after `{*a}`, which stands for everything to the end: put it last"#)]
#[case::pattern_without_a_slash(|| drop(get("users")), line!(), r#"the path "users" must begin with `/`: write "/users""#)]
#[case::pattern_with_a_query(|| drop(any().path("/a?b")), line!(), r#"the path "/a?b" holds a query, but a path is compared without it: write "/a", and in a pattern `get("/a").query("b", "")`"#)]
#[case::pattern_with_a_bad_header_name(|| drop(any().header("accept: a", 1)), line!(), r#""accept: a" is not a header name: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2); the value is the second argument, `.header("accept", contains("json"))`"#)]
#[case::pattern_with_a_bad_cookie_name(|| drop(any().cookie("sid=1", 1)), line!(), r#""sid=1" is not a cookie name: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2); the value is the second argument, `.cookie("sid", "1")`"#)]
#[case::bearer_with_its_scheme(|| drop(any().bearer("Bearer abc")), line!(), r#"the bearer token "Bearer abc" has a blank in it, which no token has: leave the scheme out and write `.bearer("abc")`"#)]
#[case::any_of_nothing(|| drop(any_of(Vec::<Pattern>::new())), line!(), "no request fits any of no patterns: give `any_of` at least one, or write `any()`")]
#[cfg_attr(feature = "json", case::json_in_a_string(|| drop(any().json("{}")), line!(), r#""{}" is a string that holds a JSON document, and a body would have to be that string in quotes: pass `json!(..)` to compare the document, or write `.body(..)` to compare the text"#))]
#[cfg_attr(feature = "json", case::json_path_in_another_language(|| drop(any().json_path("$.a[0].b", 1)), line!(), r#""$.a[0].b" is not a JSON pointer (RFC 6901), which begins with `/`: write "/a/0/b""#))]
#[cfg_attr(feature = "json", case::tilde_in_a_pointer(|| drop(any().json_path("/a~b", 1)), line!(), "the JSON pointer \"/a~b\" has a `~` that stands for nothing: write `~0` for `~` and `~1` for `/`"))]
#[case::pattern_with_a_bad_method(|| drop(method("a/b", "/")), line!(), r#""a/b" is not a request method: a method is one word without blanks, such as "GET""#)]
#[case::url_without_a_slash(|| drop(TestServer::empty().url("a")), line!(), r#"the path "a" must begin with `/`: write "/a""#)]
#[case::header_with_line_ends(|| drop(Response::new(200).header("X-A", "1\r\nSet-Cookie: a")), line!(), r#"the header value "1\r\nSet-Cookie: a" holds CR, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::appended_header_with_a_line_end(|| drop(Response::new(200).append_header("X-A", "1\n")), line!(), r#"the header value "1\n" holds LF, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::header_with_nul(|| drop(Response::new(200).header("X-A", &b"\0"[..])), line!(), r#"the header value "\0" holds NUL, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::header_in_an_array(|| drop((200, [("X-A", "\r")], "").into_response()), line!(), r#"the header value "\r" holds CR, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::reason_with_a_line_end(|| drop(Response::new(200).reason("a\nb")), line!(), r#"the reason phrase "a\nb" holds LF, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::redirect_with_a_line_end(|| drop(Response::redirect("/a\r\n")), line!(), r#"the header value "/a\r\n" holds CR, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::header_name(|| drop(Response::new(200).header("X A", "")), line!(), r#""X A" is not a header name: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2); to send it on purpose use `Response::raw`"#)]
#[case::empty_header_name(|| drop(Response::new(200).append_header("", "")), line!(), "a header name cannot be empty")]
#[case::left_out_header_name(|| drop(Response::new(200).without_header("a:")), line!(), r#""a:" is not a header name: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2); to send it on purpose use `Response::raw`"#)]
#[case::status_too_small(|| drop(Response::new(99)), line!(), "99 is not a status code: pass one from 100 to 999, or send anything else with `Response::raw`")]
#[case::status_too_large(|| drop(Response::text("").status(1000)), line!(), "1000 is not a status code: pass one from 100 to 999, or send anything else with `Response::raw`")]
#[case::status_in_a_tuple(|| drop((0, "").into_response()), line!(), "0 is not a status code: pass one from 100 to 999, or send anything else with `Response::raw`")]
#[case::no_address(|| drop(TestServer::builder().bind("localhost:0")), line!(), r#""localhost:0" is not an address to listen on: write an IP address and a port, such as "127.0.0.1:0" or "[::1]:0" (names are not looked up)"#)]
#[case::address_without_a_port(|| drop(TestServer::builder().bind("127.0.0.1")), line!(), r#"the address "127.0.0.1" lacks a port: write "127.0.0.1:0" for a free one"#)]
#[case::ipv6_address_without_a_port(|| drop(TestServer::builder().bind("::1")), line!(), r#"the address "::1" lacks a port: write "[::1]:0" for a free one"#)]
#[case::timeout_of_zero(|| drop(TestServer::builder().read_timeout(Duration::ZERO)), line!(), "a read timeout of zero would refuse every request: pass a longer one, such as `secs(5)`")]
#[case::empty_range(|| TestServer::empty().assert_received(any(), 3..3), line!(), "the range 3..3 holds no count; for none write `0`")]
#[case::empty_range_of_hits(|| TestServer::empty().on("GET", "/", |_| ()).assert_hits(..0), line!(), "the range ..0 holds no count; for none write `0`")]
#[case::failed_assertion(|| TestServer::empty().assert_received(get("/a"), 2..), line!(), "expected GET /a at least twice, but it never came\n\nno request was received")]
#[case::a_path_for_a_method(|| drop(TestServer::empty().on("/a", "GET", |_| ())), line!(), r#""/a" is not a request method, but looks like a path: the method comes first, as in ("GET", "/a")"#)]
#[case::a_url_for_a_path(|| drop(get("http://127.0.0.1:80/a")), line!(), r#""http://127.0.0.1:80/a" is a URL, but a path is wanted: write "/a""#)]
#[case::a_range_that_is_the_wrong_way_round(|| drop(TestServer::empty().when(any()).expect(RangeInclusive::new(3, 2))), line!(), "the range 3..=2 holds no count; for none write `0`")]
#[case::any_method(|| on("ANY", "/users"), line!(), r#""ANY" is not a request method: for requests of every method write `when(any().path("/users")).respond_with(..)`"#)]
#[case::any_method_as_a_star(|| on("*", "/users"), line!(), r#""*" is not a request method: for requests of every method write `when(any().path("/users")).respond_with(..)`"#)]
#[case::a_pattern_of_any_method(|| drop(method("any", "/")), line!(), r#""any" is not a request method: for requests of every method write `when(any().path("/users")).respond_with(..)`"#)]
#[case::a_path_of_bytes(|| drop(get(b"/a")), line!(), r#"a path is text, and these are bytes: write "/a""#)]
#[case::a_path_of_bytes_that_are_no_text(|| drop(get(one_of([&b"/\xff"[..]]))), line!(), r#"a path is text, and these are bytes: write "/%FF""#)]
#[case::a_url_for_the_path_of_a_url(|| drop(TestServer::empty().url("http://127.0.0.1:80/a?b")), line!(), r#""http://127.0.0.1:80/a?b" is a URL, but a path is wanted: write "/a?b""#)]
#[case::query_with_its_question_mark(|| drop(any().query("?a", 1)), line!(), r#"the query parameter "?a" begins with `?`, which only separates path and query: write "a""#)]
#[case::raw_query_with_its_question_mark(|| drop(any().raw_query(not("?a=1"))), line!(), r#"the query "?a=1" begins with `?`, which only separates path and query: write "a=1""#)]
#[case::pattern_with_a_line_end_in_a_field(|| drop(any().header("x-a", "1\r\n")), line!(), r#"the value "1\r\n" of the header field x-a holds CR, which no request has: write "1""#)]
#[case::pattern_with_nul_in_a_field(|| drop(any().header("x-a", "a\0b")), line!(), r#"the value "a\0b" of the header field x-a holds NUL, which no request has: write "ab""#)]
#[case::pattern_with_a_blank_around_a_field(|| drop(any().header("x-a", one_of(["1", " 2"]))), line!(), r#"the value " 2" of the header field x-a has blanks around it, which no request has: write "2""#)]
#[case::user_with_a_colon(|| drop(any().basic_auth("ada:secret", present())), line!(), r#"the user "ada:secret" has a colon, which no user has, as it ends there: write `.basic_auth("ada", "secret")`"#)]
#[case::empty_bearer(|| drop(any().bearer("")), line!(), "no bearer token is empty: for requests without one write `.bearer(absent())`, for those with one `.bearer(present())`")]
#[case::redirect_to_nowhere(|| drop(Response::redirect("")), line!(), r#"a redirect leads somewhere: write a path such as "/", or a URL"#)]
#[case::interim_status(|| drop(TestServer::empty().when(any()).respond(103)), line!(), "103 is an interim status, after which a client waits for the answer itself: respond with that, and send this one first with `.informational(103, &[..])`")]
#[case::interim_status_in_a_sequence(|| drop(sequence([200, 103])), line!(), "103 is an interim status, after which a client waits for the answer itself: respond with that, and send this one first with `.informational(103, &[..])`")]
#[case::interim_status_later_in_a_sequence(|| drop(sequence([200]).then(Response::new(102))), line!(), "102 is an interim status, after which a client waits for the answer itself: respond with that, and send this one first with `.informational(102, &[..])`")]
#[case::sequence_of_nothing(|| drop(sequence(Vec::<u16>::new())), line!(), "a sequence of no answers answers nothing: give it at least one, as in `sequence([503]).then(\"ok\")`")]
#[case::status_in_a_sequence(|| drop(sequence([200, 99])), line!(), "99 is not a status code: pass one from 100 to 999, or send anything else with `Response::raw`")]
#[case::status_later_in_a_sequence(|| drop(sequence([200]).then((1000, "a"))), line!(), "1000 is not a status code: pass one from 100 to 999, or send anything else with `Response::raw`")]
#[case::fault_of_some_requests_in_a_sequence(|| drop(sequence([Fault::Reset.every(3)])), line!(), "a sequence cannot answer with Fault::Reset.every(3), as it says itself which request gets which answer: write `sequence([200, 200]).then(Fault::Reset).cycle()` for each third one")]
#[case::fault_in_a_body_in_a_sequence(|| drop(sequence([200]).then(Fault::Reset.at(Stage::RequestBody(9)))), line!(), "a sequence cannot answer with Fault::Reset.at(Stage::RequestBody(9)), which happens before the request is complete: write `server.when(..).respond(Fault::Reset.at(Stage::RequestBody(9)))`")]
#[case::fault_on_accepting_as_an_answer(|| drop(TestServer::empty().when(any()).respond(Fault::Reset.at(Stage::Accept))), line!(), "a rule cannot answer with Fault::Reset.at(Stage::Accept), which happens before there is a rule: write `server.fault(Fault::Reset.at(Stage::Accept))`")]
#[case::fault_in_a_head_as_an_answer(|| drop(TestServer::empty().when(any()).respond(Fault::Stall.at(Stage::RequestHead(5)).every(2))), line!(), "a rule cannot answer with Fault::Stall.at(Stage::RequestHead(5)).every(2), which happens before there is a rule: write `server.fault(Fault::Stall.at(Stage::RequestHead(5)).every(2))`")]
#[case::fault_of_a_response_as_an_answer(|| drop(TestServer::empty().when(any()).respond(Fault::garbage("x").at(Stage::Body(5)))), line!(), r#"a rule cannot answer with Fault::garbage(..).at(Stage::Body(5)), which happens in a response, but there is none: write `Response::text("..").fault(Fault::garbage(..).at(Stage::Body(5)))`"#)]
#[case::fault_after_a_response_as_an_answer(|| drop(TestServer::empty().when(any()).respond(Fault::Close.share(0.5, 7).at(Stage::After))), line!(), r#"a rule cannot answer with Fault::Close.at(Stage::After).share(0.5, 7), which happens in a response, but there is none: write `Response::text("..").fault(Fault::Close.at(Stage::After).share(0.5, 7))`"#)]
#[case::fault_on_accepting_in_a_response(|| drop(Response::new(200).fault(Fault::Reset.at(Stage::Accept))), line!(), "a response cannot bring about Fault::Reset.at(Stage::Accept), which happens before there is a rule: write `server.fault(Fault::Reset.at(Stage::Accept))`")]
#[case::fault_in_a_request_in_a_response(|| drop(Response::new(200).fault(Fault::Reset.at(Stage::RequestHead(1)))), line!(), "a response cannot bring about Fault::Reset.at(Stage::RequestHead(1)), which happens before there is a rule: write `server.fault(Fault::Reset.at(Stage::RequestHead(1)))`")]
#[case::fault_in_an_upload_in_a_response(|| drop(Response::new(200).fault(Fault::Stall.at(Stage::RequestBody(1)))), line!(), "a response cannot bring about Fault::Stall.at(Stage::RequestBody(1)), which happens before the request is complete: write `server.when(..).respond(Fault::Stall.at(Stage::RequestBody(1)))`")]
#[case::fault_of_every_no_request(|| drop(Fault::Reset.every(0)), line!(), "a fault with `every(0)` never strikes: write `every(1)` for each request, or leave the fault out")]
#[case::fault_of_every_no_request_at_a_stage(|| drop(Fault::Reset.at(Stage::After).every(0)), line!(), "a fault with `every(0)` never strikes: write `every(1)` for each request, or leave the fault out")]
#[case::share_in_percent(|| drop(Fault::Reset.share(10.0, 1)), line!(), "10 is not a share of requests: pass one from 0.0 (none) to 1.0 (all), such as 0.1 for one in ten")]
#[case::share_below_none(|| drop(Fault::Reset.at(Stage::After).share(-0.1, 1)), line!(), "-0.1 is not a share of requests: pass one from 0.0 (none) to 1.0 (all), such as 0.1 for one in ten")]
#[case::share_that_is_no_number(|| drop(Fault::Reset.share(f64::NAN, 1)), line!(), "NaN is not a share of requests: pass one from 0.0 (none) to 1.0 (all), such as 0.1 for one in ten")]
#[case::throttle_of_nothing(|| drop(Response::new(200).throttle(0)), line!(), "a response with `throttle(0)` would never be sent: pass bytes a second, or hold it back with `.hold(&gate)`")]
#[case::status_line_with_its_end(|| drop(Response::new(200).status_line("HTTP/1.1 200 OK\r\n")), line!(), r#"the status line "HTTP/1.1 200 OK\r\n" holds CR, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::status_line_of_two_lines(|| drop(Response::new(200).status_line(b"a\nb")), line!(), r#"the status line "a\nb" holds LF, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::final_status_sent_ahead(|| drop(Response::new(200).informational(204, &[])), line!(), "204 is not an interim status, which goes before the response: pass one from 100 to 199, or write `.status(204)` for the response itself")]
#[case::switching_protocols_sent_ahead(|| drop(Response::new(200).informational(101, &[])), line!(), "101 ends HTTP on its connection, so that no response can follow it: send it alone, `Response::new(101)`")]
#[case::interim_header_with_a_line_end(|| drop(Response::new(200).informational(103, &[("link", "a\r\n")])), line!(), r#"the header value "a\r\n" holds CR, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::interim_header_name(|| drop(Response::new(200).informational(103, &[("a b", "")])), line!(), r#""a b" is not a header name: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2); to send it on purpose use `Response::raw`"#)]
#[case::empty_chunk(|| drop(Response::new(200).chunks(["a", ""])), line!(), "chunk 2 is empty, and an empty chunk ends the body: leave it out, or send the bytes with `Response::raw`")]
#[case::trailer_name(|| drop(Response::new(200).trailer("a b", 1)), line!(), r#""a b" is not a header name: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2); to send it on purpose use `Response::raw`"#)]
#[case::trailer_with_a_line_end(|| drop(Response::new(200).trailer("a", "1\r\n")), line!(), r#"the header value "1\r\n" holds CR, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
#[case::event_of_two_names(|| drop(Event::new("").name("a\nb")), line!(), r#"the name "a\nb" of an event holds a line break, which would begin another field: leave it out"#)]
#[case::event_with_an_id_of_two_lines(|| drop(Event::new("").id("a\rb")), line!(), r#"the id "a\rb" of an event holds a line break, which would begin another field: leave it out"#)]
#[case::event_with_nul_in_its_id(|| drop(Event::new("").id('\0')), line!(), r#"the id "\0" of an event holds NUL, and clients ignore it: leave that out"#)]
#[case::barrier_for_nobody(|| drop(Gate::barrier(0)), line!(), "a barrier of 0 would open before anybody came: say how many requests are to meet there, `Gate::barrier(2)`; a gate that is open is a `Gate::new()` with `open()`")]
#[case::nobody_at_the_gate(|| Gate::new().wait_held(1, Duration::ZERO), line!(), "expected 1 request to stand at the gate within 0ns, but nothing did\n  has the request been sent, by a thread of its own? and does its answer stand at this gate: `.hold(&gate)`, or `gate.wait()` in its handler?")]
#[case::connections_without_requests(|| drop(TestServer::builder().max_requests_per_connection(0)), line!(), "a server with `max_requests_per_connection(0)` would answer nothing: pass 1 for connections that end with their first answer, or refuse connections with `server.refuse_connections()`")]
#[case::requests_that_are_never_read(|| drop(TestServer::builder().throttle_requests(0)), line!(), "a server with `throttle_requests(0)` would never read a request: pass bytes a second, or answer nobody with `server.fault(Fault::Stall)`")]
#[case::no_connection(|| TestServer::empty().assert_connections(2..), line!(), "expected at least 2 connections, but none was opened")]
#[cfg_attr(feature = "json", case::bytes_for_json(|| drop(any().json_path("/a", b"ada")), line!(), r#"bytes are not JSON: write json!([97, 100, 97]) for an array, or "ada" for a string"#))]
#[cfg_attr(feature = "json", case::bytes_for_json_among_others(|| drop(any().json_path("/a", one_of([vec![1, 0xff]]))), line!(), "bytes are not JSON: write json!([1, 255]) for an array"))]
#[case::made_without_a_slash(|| drop(Request::new("GET", "users")), line!(), r#"the path "users" must begin with `/`: write "/users""#)]
#[case::made_without_a_target(|| drop(Request::new("CONNECT", "")), line!(), r#"a request needs a target: for `CONNECT` write "host:443""#)]
#[case::made_with_a_blank(|| drop(Request::new("GET", "/a b\t")), line!(), r#"the target "/a b\t" has a blank or a control character, which no request line can hold: write "/a%20b%09""#)]
#[case::made_with_a_fragment(|| drop(Request::new("GET", "/a#b")), line!(), r#"the target "/a#b" holds a fragment, which clients never send: leave out what begins with `#`"#)]
#[case::made_with_a_bad_method(|| drop(Request::new("G T", "/")), line!(), r#""G T" is not a request method: a method is one word without blanks, such as "GET""#)]
#[case::made_with_a_bad_name(|| drop(Request::new("GET", "/").with_header("a:", 1)), line!(), r#""a:" is not a header name: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.6.2); the value is the second argument"#)]
#[case::made_with_a_line_end(|| drop(Request::new("GET", "/").with_header("a", "1\n")), line!(), r#"the header value "1\n" holds LF, which would end the line early: remove it, or send the bytes on purpose with `Response::raw`"#)]
fn a_mistake_panics_at_the_authors_line_and_says_what_to_do(#[case] mistake: fn(), #[case] line: u32, #[case] text: &str) {
    assert_caught(mistake, line, text);
}

#[test]
fn verification_fails_at_the_line_that_asks_for_it() {
    let server = TestServer::empty();
    let rule = server.on("GET", "/", |_| Err::<u16, _>("no luck"));
    let _ = ureq::Agent::config_builder().proxy(None).build().new_agent().get(server.url("/")).call();
    let text = format!(
        "the test server has 1 failure\n\n  the handler of GET / returned an error: no luck\n    while answering GET /\n    \
         declared at {}",
        rule.location()
    );
    assert_caught(|| server.verify(), line!(), &text);
}
