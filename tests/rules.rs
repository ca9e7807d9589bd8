//! Rules as tests see them: which one answers and how often, what they promise, and when a broken promise is told.

mod raw;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use fixture_server::{FailureKind, Handler, Route, prelude::*};
use rstest::rstest;

use raw::{LIMIT, Raw, Test, client, exchange, get_bytes, get_text};

/// Statuses and texts of as many GETs.
fn answers(server: &TestServer, path: &str, count: usize) -> Result<Vec<String>, ureq::Error> {
    (0..count).map(|_| Ok(get_text(server, path)?.1)).collect()
}

/// The text of a panic.
fn panic_of(mistake: impl FnOnce()) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(mistake)) else { return "it did not panic".to_owned() };
    let literal = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    literal.or_else(|| payload.downcast_ref().cloned()).unwrap_or_default()
}

/// Kind and line of each failure since the last report.
fn failures(server: &TestServer) -> Vec<(FailureKind, u32)> {
    let Err(report) = server.try_verify() else { return Vec::new() };
    report.failures().iter().map(|failure| (failure.kind(), failure.location().line())).collect()
}

struct Teapot;

impl Handler for Teapot {
    fn handle(&self, _request: &Request) -> Response {
        Response::new(418)
    }
}

#[test]
fn a_rule_answers_with_a_value_a_closure_or_a_handler() -> Test {
    let server = TestServer::empty();
    server.when(get("/value")).respond((201, "made"));
    server.when(get("/closure/{id}")).respond_with(|request| request.param("id").to_owned());
    server.when(get("/handler")).handler(Teapot);
    server.when(get("/fault")).respond(Fault::Reset);

    assert_eq!(get_text(&server, "/value")?, (201, "made".to_owned()));
    assert_eq!(get_text(&server, "/value")?, (201, "made".to_owned()));
    assert_eq!(get_text(&server, "/closure/a%20b")?, (200, "a b".to_owned()));
    assert_eq!(get_text(&server, "/handler")?.0, 418);
    assert!(get_text(&server, "/fault").is_err());
    Ok(())
}

#[test]
fn a_rule_that_has_no_answer_yet_answers_nothing() -> Test {
    let server = TestServer::empty();
    let begun = server.when(get("/"));
    assert_eq!(get_text(&server, "/")?.0, 404);
    begun.respond("now");
    assert_eq!(get_text(&server, "/")?.1, "now");
    Ok(())
}

#[test]
fn the_newest_rule_that_fits_answers_then_older_ones_then_the_directory() -> Test {
    let server = TestServer::start("fixtures/site");
    assert_eq!(get_text(&server, "/hello.txt")?.1, "Hello, fixture!\n");
    let older = server.when(any().path("/hello.txt")).respond("older");
    let newer = server.when(get("/{file}")).respond("newer");
    let unfitting = server.when(post("/{file}")).respond("another method");

    assert_eq!(get_text(&server, "/hello.txt")?.1, "newer");
    newer.remove();
    assert_eq!(get_text(&server, "/hello.txt")?.1, "older");
    older.remove();
    assert_eq!(get_text(&server, "/hello.txt")?.1, "Hello, fixture!\n");
    assert_eq!([older.hits(), newer.hits(), unfitting.hits()], [1, 1, 0]);
    Ok(())
}

#[test]
fn age_is_counted_from_registering() -> Test {
    let server = TestServer::empty();
    let begun_first = server.when(get("/"));
    server.when(get("/")).respond("registered first");
    begun_first.respond("registered last");
    assert_eq!(get_text(&server, "/")?.1, "registered last");
    Ok(())
}

#[test]
fn a_removed_rule_answers_no_more_and_keeps_its_count() -> Test {
    let server = TestServer::empty();
    let rule = server.on("GET", "/", |_| "up");
    get_text(&server, "/")?;
    rule.remove();
    rule.remove();
    assert_eq!(get_text(&server, "/")?.0, 404);
    server.clear_requests();
    assert_eq!(rule.hits(), 1);
    Ok(())
}

#[test]
fn a_limited_rule_makes_way_for_older_ones_and_counts_anew_after_a_clearing() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/job", |_| "done");
    let busy = server.when(get("/job")).limit(2).respond("busy");
    let down = server.when(get("/{any}")).limit(1).respond("down");

    for _ in 0..2 {
        assert_eq!(answers(&server, "/job", 5)?, ["down", "busy", "busy", "done", "done"]);
        assert_eq!((busy.hits(), down.hits()), (2, 1));
        server.clear_requests();
        assert_eq!((busy.hits(), down.hits()), (0, 0));
    }
    Ok(())
}

#[test]
fn a_limited_rule_makes_way_for_the_directory_and_for_the_miss() -> Test {
    let server = TestServer::start("fixtures/site");
    server.when(any()).limit(1).respond(503);
    assert_eq!(get_text(&server, "/hello.txt")?.0, 503);
    assert_eq!(get_text(&server, "/hello.txt")?.0, 200);

    let server = TestServer::empty();
    server.when(get("/")).limit(1).respond("once");
    assert_eq!(get_text(&server, "/")?.0, 200);
    assert_eq!(get_text(&server, "/")?.0, 404);
    Ok(())
}

#[test]
fn a_limit_of_one_answers_exactly_one_of_a_hundred_requests_at_once() {
    let server = TestServer::empty();
    server.on("GET", "/", |_| "others");
    let first = server.when(get("/")).limit(1).expect(1).respond("first");
    let firsts = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                if get_text(&server, "/").is_ok_and(|(_, text)| text == "first") {
                    firsts.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!((firsts.load(Relaxed), first.hits(), server.requests().len()), (1, 1, 100));
}

#[test]
fn what_is_said_twice_counts_as_said_last() -> Test {
    let server = TestServer::empty();
    let rule = server.when(get("/")).named("a").named("b").limit(9).limit(1).expect(7).expect(1).respond("once");
    assert_eq!(rule.name(), Some("b"));
    assert_eq!(get_text(&server, "/")?.0, 200);
    assert_eq!(get_text(&server, "/")?.0, 404);
    assert!(rule.is_met());
    Ok(())
}

#[rstest]
#[case::kept(2, true)]
#[case::too_few(1, false)]
#[case::too_many(3, false)]
fn a_promise_is_checked_by_verify(#[case] requests: usize, #[case] is_kept: bool) -> Test {
    let server = TestServer::empty();
    let (rule, line) = (server.when(get("/")).expect(2).respond("hello"), line!());
    answers(&server, "/", requests)?;
    assert_eq!(rule.is_met(), is_kept);
    let expected = if is_kept { vec![] } else { vec![(FailureKind::Expectation, line)] };
    assert_eq!(failures(&server), expected);
    Ok(())
}

#[test]
fn a_broken_promise_names_rule_times_and_line() {
    let server = TestServer::empty();
    let (rule, line) = (server.when(post("/login")).named("login").expect(1).respond(204), line!());
    assert_eq!(rule.location().line(), line);
    let report = server.try_verify().unwrap_err().to_string();
    assert!(report.contains("expected \"login\" (POST /login) exactly once, but it never came"), "{report}");
    assert!(report.contains(&format!("declared at tests/rules.rs:{line}:")), "{report}");
    assert!(report.contains("received no request"), "{report}");
}

#[test]
fn a_promise_may_still_be_kept_after_it_was_told_and_is_told_again_if_it_is_broken_anew() -> Test {
    let server = TestServer::empty();
    server.when(get("/")).expect(1).respond("hello");
    assert_eq!(failures(&server).len(), 1);
    get_text(&server, "/")?;
    assert_eq!(failures(&server), []);
    get_text(&server, "/")?;
    assert_eq!(failures(&server).len(), 1);
    server.clear_requests();
    assert_eq!(failures(&server).len(), 1, "after a clearing it counts from nothing");
    Ok(())
}

#[test]
fn a_broken_promise_is_told_by_each_verification_and_not_by_the_drop_again() -> Test {
    let server = TestServer::empty();
    server.when(get("/")).expect(0).respond("hello");
    get_text(&server, "/")?;
    for _ in 0..3 {
        assert_eq!(failures(&server).len(), 1);
    }
    assert_eq!(panic_of(|| drop(server)), "it did not panic");

    let server = TestServer::empty();
    server.when(get("/")).expect(0).respond("hello");
    get_text(&server, "/")?;
    assert_eq!(failures(&server).len(), 1);
    get_text(&server, "/")?;
    let text = panic_of(|| drop(server));
    assert!(text.contains("twice"), "{text}");
    Ok(())
}

#[test]
fn the_guard_does_not_repeat_what_was_told_and_checks_for_the_last_time() {
    let server = TestServer::empty();
    let guard = server.when(get("/")).expect(1).respond("hello").scoped();
    assert_eq!(failures(&server).len(), 1);
    assert_eq!(panic_of(|| drop(guard)), "it did not panic");
    assert_eq!(failures(&server), []);
}

#[test]
fn the_captures_of_a_pattern_go_with_its_guard_though_something_was_promised() {
    let held = Arc::new(());
    let inside = held.clone();
    let server = TestServer::empty();
    let asks = move |_: &Request| Arc::strong_count(&inside) > 0;
    drop(server.when(get("/").matching("holds something", asks)).expect(0).respond(204).scoped());
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_rule_cannot_be_declared_when_the_server_is_gone() {
    let server = TestServer::empty();
    let late = server.when(get("/")).expect(1);
    drop(server);
    let text = panic_of(|| drop(late.respond("hello")));
    assert!(text.starts_with("the server is gone, so a rule has nothing to answer"), "{text}");
}

#[test]
fn a_promise_is_checked_when_the_server_is_dropped() -> Test {
    let server = TestServer::empty();
    server.when(get("/kept")).expect(1).respond("hello");
    server.when(get("/never")).expect(0).respond("hello");
    server.when(get("/broken")).expect(2..).respond("hello");
    get_text(&server, "/kept")?;
    let text = panic_of(|| drop(server));
    assert!(text.starts_with("the test server has 1 failure"), "{text}");
    assert!(text.contains("GET /broken at least twice"), "{text}");
    Ok(())
}

#[test]
fn requests_that_a_newer_rule_took_do_not_keep_the_promise_of_an_older_one() -> Test {
    let server = TestServer::empty();
    let older = server.when(get("/a")).expect(1).respond("older");
    server.when(get("/{name}")).respond("newer");
    get_text(&server, "/a")?;
    assert!(!older.is_met());
    let report = server.try_verify().unwrap_err().to_string();
    assert!(report.contains("#1 was answered by GET /{name}"), "{report}");
    Ok(())
}

#[test]
fn removing_a_rule_does_not_take_its_promise_back() -> Test {
    let server = TestServer::empty();
    let (broken, line) = (server.when(get("/broken")).expect(1).respond("hello"), line!());
    let kept = server.when(get("/kept")).expect(1).respond("hello");
    get_text(&server, "/kept")?;
    broken.remove();
    kept.remove();
    server.clear_requests();
    assert_eq!(failures(&server), [(FailureKind::Expectation, line)]);
    Ok(())
}

#[test]
fn a_scoped_rule_ends_with_its_guard_and_so_does_its_promise() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| "up");
    {
        let outage = server.when(get("/")).expect(1).respond("down").scoped();
        assert_eq!(get_text(&server, "/")?.1, "down");
        assert!(outage.is_met());
    }
    assert_eq!(get_text(&server, "/")?.1, "up");

    let guard = server.when(get("/")).named("outage").expect(1).respond("down").scoped();
    let text = panic_of(|| drop(guard));
    assert!(text.starts_with("the test server has 1 failure\n\n  expected \"outage\" (GET /) exactly once"), "{text}");
    assert_eq!(get_text(&server, "/")?.1, "up", "the rule is gone nevertheless");
    assert_eq!(failures(&server), [], "a failure is told once");
    Ok(())
}

#[test]
fn a_guard_that_outlives_its_server_is_silent() {
    let server = TestServer::empty();
    let guard = server.when(get("/")).expect(1).respond("hello").scoped();
    let text = panic_of(|| drop(server));
    assert!(text.contains("GET / exactly once"), "{text}");
    assert_eq!(panic_of(|| drop(guard)), "it did not panic");
}

#[test]
fn during_a_panic_nothing_panics_a_second_time() {
    // A second panic would end the process.
    let text = panic_of(|| {
        let server = TestServer::empty();
        let _guard = server.when(get("/guarded")).expect(1).respond("hello").scoped();
        server.when(get("/")).expect(1).respond("hello");
        panic!("the first");
    });
    assert_eq!(text, "the first");
}

#[test]
fn a_server_within_a_handler_is_checked_with_the_server_around_it() {
    let backend = TestServer::empty();
    backend.when(get("/")).named("inner").expect(1).respond("hello");
    let server = TestServer::empty();
    server.when(get("/")).named("outer").expect(1).respond_with(move |_| Response::redirect(backend.url("/")));
    // Of two reports one is printed.
    let text = panic_of(|| drop(server));
    assert!(text.contains("\"inner\" (GET /) exactly once"), "{text}");
}

#[test]
fn all_failures_are_reported_at_once_as_they_happened_then_promises_as_they_were_declared() -> Test {
    let server = TestServer::builder().strict(true).start();
    let strict = line!() - 1;
    server.when(get("/a")).expect(1).respond("hello");
    server.on("GET", "/panic", |_| panic!("oh"));
    server.on("GET", "/error", |_| Err::<(), _>("no"));
    server.when(get("/b")).expect(1).respond("hello");
    server.when(get("/closure").matching("broken", |_| panic!("dear"))).respond(200);
    for path in ["/error", "/missing", "/closure", "/panic"] {
        get_text(&server, path)?;
    }
    let expected = [
        (FailureKind::HandlerError, strict + 4),
        (FailureKind::Unmatched, strict),
        (FailureKind::Panicked, strict + 6),
        (FailureKind::Panicked, strict + 3),
        (FailureKind::Expectation, strict + 2),
        (FailureKind::Expectation, strict + 5),
    ];
    let report = server.try_verify().unwrap_err();
    assert!(report.to_string().starts_with("the test server has 6 failures\n"), "{report}");
    let found: Vec<(FailureKind, u32)> =
        report.failures().iter().map(|failure| (failure.kind(), failure.location().line())).collect();
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn panics_of_a_directory_keep_their_place_among_others() -> Test {
    let directory = Directory::new("fixtures/site").guess_type(|_| panic!("in the directory"));
    let server = TestServer::builder().dir(directory).start();
    server.on("GET", "/first", |_| panic!("first"));
    server.on("GET", "/last", |_| panic!("last"));
    for path in ["/first", "/hello.txt", "/last"] {
        assert_eq!(get_text(&server, path)?.0, 500);
    }
    let report = server.try_verify().unwrap_err();
    let texts: Vec<String> = report.failures().iter().map(ToString::to_string).collect();
    for (text, expected) in texts.iter().zip(["panicked: first", "in the directory", "panicked: last"]) {
        assert!(text.contains(expected), "{texts:?}");
    }
    Ok(())
}

#[test]
fn the_handler_of_a_named_rule_is_told_by_its_name() -> Test {
    let server = TestServer::empty();
    server.when(get("/")).named("start page").respond_with(|_| -> u16 { panic!("oh") });
    assert_eq!(get_text(&server, "/")?, (500, "the handler of \"start page\" (GET /) panicked: oh\n".to_owned()));
    let report = server.try_verify().unwrap_err().to_string();
    assert!(report.contains("the handler of \"start page\" (GET /) panicked: oh"), "{report}");
    Ok(())
}

#[test]
fn a_closure_in_a_pattern_that_panics_answers_500_and_fails_the_test() -> Test {
    let server = TestServer::builder().dir("fixtures/site").strict(true).start();
    server.on("GET", "/{file}", |_| "older");
    let line = line!() + 1;
    server.when(get("/hello.txt").matching("is even", |_| panic!("not even wrong"))).respond("newer");

    let (status, text) = get_text(&server, "/hello.txt")?;
    let expected = "a closure in the pattern of GET /hello.txt, matching \"is even\" panicked: not even wrong\n";
    assert_eq!((status, &*text), (500, expected));
    assert_eq!(server.requests()[0].route(), Route::Nothing);
    assert_eq!(failures(&server), [(FailureKind::Panicked, line)], "and it is not unmatched besides");
    assert_eq!(get_text(&server, "/other")?.1, "older");
    Ok(())
}

#[test]
fn a_closure_in_a_pattern_is_asked_once_for_each_request() -> Test {
    let server = TestServer::empty();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let odd = get("/").matching("every other", move |_| counted.fetch_add(1, Relaxed) % 2 == 0);
    server.when(odd).respond("odd");
    assert_eq!(get_text(&server, "/")?.1, "odd");
    assert_eq!(get_text(&server, "/")?.0, 404);
    assert_eq!(asked.load(Relaxed), 2, "the miss knows what it said");
    Ok(())
}

#[test]
fn a_closure_in_a_pattern_may_use_the_server() -> Test {
    let server = Arc::new(TestServer::empty());
    let weak = Arc::downgrade(&server);
    let pattern = get("/").matching("adds a rule", move |_| {
        if let Some(server) = weak.upgrade() {
            server.on("GET", "/added", |_| "added");
        }
        true
    });
    server.when(pattern).respond("hello");
    assert_eq!(get_text(&server, "/")?.1, "hello");
    assert_eq!(get_text(&server, "/added")?.1, "added");
    Ok(())
}

#[test]
fn in_strict_mode_what_meets_no_rule_fails_the_test_at_the_line_of_strict() -> Test {
    let server = TestServer::builder().strict(true).start();
    let line = line!() - 1;
    server.on("POST", "/login", |_| 204);
    let (status, body) = get_text(&server, "/login")?;
    assert_eq!(status, 404);
    assert!(body.starts_with("no rule answers GET /login"), "{body}");

    let report = server.try_verify().unwrap_err();
    let failure = &report.failures()[0];
    assert_eq!((failure.kind(), failure.location().line()), (FailureKind::Unmatched, line));
    assert!(failure.to_string().contains("no rule answers GET /login"), "{failure}");
    assert_eq!(failures(&server), []);
    Ok(())
}

#[test]
fn in_strict_mode_a_request_that_was_waited_for_is_a_failure_at_once() -> Test {
    let server = TestServer::builder().strict(true).start();
    for number in 0..100 {
        server.on("POST", format!("/resource/{number}"), |_| 204);
    }
    for _ in 0..100 {
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes("/resource/1"))?;
        server.next_request(any()).wait(LIMIT);
        assert_eq!(failures(&server).len(), 1);
    }
    Ok(())
}

#[test]
fn in_strict_mode_a_flood_of_requests_is_told_in_part_and_counted() -> Test {
    let server = TestServer::builder().strict(true).start();
    for _ in 0..103 {
        get_text(&server, "/")?;
    }
    let report = server.try_verify().unwrap_err();
    assert_eq!(report.failures().len(), 101);
    assert_eq!(report.failures()[100].text(), "3 more requests met no rule; the first 100 are told at length");
    get_text(&server, "/")?;
    assert_eq!(failures(&server).len(), 1, "each report counts anew");
    Ok(())
}

#[rstest]
#[case::a_file("GET", "/hello.txt", 200, false)]
#[case::a_redirect("GET", "/nested", 301, false)]
#[case::a_rule("GET", "/rule", 404, false)]
#[case::no_file("GET", "/missing", 404, true)]
#[case::no_favicon("GET", "/favicon.ico", 404, true)]
#[case::no_such_method("DELETE", "/hello.txt", 501, true)]
#[case::refused("GET", "/ HTTP/9.9\r\nX:", 505, true)]
fn in_strict_mode_a_file_is_met_if_the_directory_has_it(
    #[case] method: &str,
    #[case] target: &str,
    #[case] status: u16,
    #[case] fails: bool,
) -> Test {
    let server = TestServer::builder().dir("fixtures/site").strict(true).start();
    server.on("GET", "/rule", |_| 404);
    let answer = exchange(&server, get_bytes(target).replacen("GET", method, 1))?;
    assert_eq!(answer.status(), status, "{answer:?}");
    let report = server.try_verify();
    assert_eq!(report.is_err(), fails, "{report:?}");
    if let Err(report) = report {
        assert_eq!(report.failures()[0].kind(), FailureKind::Unmatched);
    }
    Ok(())
}

#[test]
fn in_strict_mode_the_page_of_the_directory_stays_as_it_is() -> Test {
    let strict = TestServer::builder().dir("fixtures/site").strict(true).start();
    let lenient = TestServer::start("fixtures/site");
    assert_eq!(get_text(&strict, "/missing")?, get_text(&lenient, "/missing")?);
    let report = strict.try_verify().unwrap_err().to_string();
    assert!(report.contains("no rule answers GET /missing"), "{report}");
    assert!(report.contains("nor does the directory"), "{report}");
    assert!(report.contains("404 Not Found"), "{report}");
    Ok(())
}

#[test]
fn in_strict_mode_a_refused_request_is_told_with_the_reason() -> Test {
    let server = TestServer::builder().strict(true).start();
    exchange(&server, "GET / HTTP/1.1\r\n\r\n")?;
    let request = &server.requests()[0];
    let report = server.try_verify().unwrap_err().to_string();
    let reason = request.refusal().unwrap_or_default();
    assert!(report.contains(&format!("met no rule, because it was refused: {reason}")), "{report}");
    Ok(())
}

#[test]
fn without_strict_mode_nothing_of_this_is_a_failure() -> Test {
    let server = TestServer::builder().strict(true).strict(false).start();
    assert_eq!(get_text(&server, "/missing")?.0, 404);
    server.verify();
    Ok(())
}

#[test]
fn a_recorded_request_names_the_rule_that_answered() -> Test {
    let server = TestServer::empty();
    server.when(get("/{name}")).named("any name").respond("hello");
    client().get(server.url("/ada")).call()?;
    let request = &server.requests()[0];
    assert_eq!(request.route(), Route::Rule);
    assert_eq!(request.rule().as_ref().and_then(Rule::name), Some("any name"));
    assert_eq!(request.param("name"), "ada");
    Ok(())
}
