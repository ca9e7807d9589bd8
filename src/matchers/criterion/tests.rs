//! Which requests fit a criterion, and how a report says why others do not.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use rstest::rstest;

use super::super::pattern::{all_of, any, any_of, get, method, post};
use super::super::subject::Memo;
use super::super::value::{absent, contains, ends_with, equals, gt, not, one_of, present, starts_with};
use super::*;

fn request(target: &str, fields: &[(&str, &[u8])], body: &[u8]) -> Request {
    let mut request = http::Request::builder().method("POST").uri(target);
    for (name, value) in fields {
        request = request.header(*name, http::HeaderValue::from_bytes(value).unwrap());
    }
    Request::from(request.body(body).unwrap())
}

/// What the last part of a pattern comes to.
fn told(pattern: &Pattern, request: &Request) -> String {
    let verdict = pattern.check(request);
    assert_eq!(verdict.fits(), pattern.fits(request), "{pattern}");
    verdict.parts().last().unwrap().to_string()
}

#[rstest]
#[case::equal(any().query("page", 2), "/?page=2", "✓ query page")]
#[case::decoded(any().query("q", "a b&c"), "/?q=a+b%26c", "✓ query q")]
#[case::its_name_too(any().query("a b=&?", "1"), "/?a+b%3d%26?=1", "✓ query \"a b=&?\"")]
#[case::not_utf8(any().query("q", "\u{fffd}"), "/?q=%ff", "✓ query q")]
#[case::without_a_value(any().query("q", ""), "/?q", "✓ query q")]
#[case::one_of_several(any().query("tag", "b"), "/?tag=a&tag=b&x=1", "✓ query tag")]
#[case::present(any().query("tag", present()), "/?tag", "✓ query tag")]
#[case::absent(any().query("tag", absent()), "/?tags=1", "✓ query tag")]
#[case::absent_or(any().query("tag", one_of([absent(), contains("x")])), "/", "✓ query tag")]
#[case::more_than_a_few(any().query("n", 6), "/?n=1&n=2&n=3&n=4&n=5&n=6", "✓ query n")]
#[case::another(any().query("page", 2), "/?page=02", "✗ query page: expected 2, got \"02\"")]
#[case::several_others(any().query("tag", "c"), "/?tag=a&tag=b", "✗ query tag: expected \"c\", got \"a\" and \"b\"")]
#[case::there(any().query("page", absent()), "/?page=2", "✗ query page: expected nothing, got \"2\"")]
#[case::one_is_it(any().query("tag", not("a")), "/?tag=a&tag=b", "✗ query tag: expected anything but \"a\", got \"a\" and \"b\"")]
#[case::case_of_the_name(any().query("Page", 2), "/?page=2", "✗ query Page: expected 2, got nothing; the query has page")]
#[case::names_once(any().query("c", "1"), "/?b=1&a=2&b=3", "✗ query c: expected \"1\", got nothing; the query has b, a")]
#[case::no_query(any().query("c", "1"), "/", "✗ query c: expected \"1\", got nothing; there is no query")]
#[case::an_empty_query(any().query("c", "1"), "/?", "✗ query c: expected \"1\", got nothing; the query is empty")]
#[case::many(any().query("n", 0), "/?n=1&n=2&n=3&n=4&n=5&n=6&n=7&n=8&n=9",
    "✗ query n: expected 0, got \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", … (9 in all)")]
#[case::many_names(any().query("n", 0), "/?a&b&c&d&e&f&g&h&i&j&k&l&m&o",
    "✗ query n: expected 0, got nothing; the query has a, b, c, d, e, f, g, h, i, j, k, l, …")]
fn a_query_parameter(#[case] pattern: Pattern, #[case] target: &str, #[case] expected: &str) {
    assert_eq!(told(&pattern, &request(target, &[], b"")), expected);
}

#[rstest]
#[case::equal(any().header("x-token", "abc"), "✓ header x-token")]
#[case::in_any_case(any().header("ACCEPT", contains("html")), "✓ header ACCEPT")]
#[case::one_of_several(any().header("x-a", "2"), "✓ header x-a")]
#[case::commas_are_kept(any().header("accept", "text/html, */*"), "✓ header accept")]
#[case::utf8(any().header("x-utf8", "\u{e9}"), "✓ header x-utf8")]
#[case::latin1(any().header("x-latin", "\u{e9}"), "✓ header x-latin")]
#[case::its_bytes(any().header("x-latin", b"\xe9"), "✓ header x-latin")]
#[case::absent(any().header("cookie", absent()), "✓ header cookie")]
#[case::another(any().header("accept", contains("json")),
    "✗ header accept: expected text containing \"json\", got \"text/html, */*\"")]
#[case::commas_are_not_split(any().header("accept", "*/*"), "✗ header accept: expected \"*/*\", got \"text/html, */*\"")]
#[case::missing(any().header("x-tokens", "abc"),
    "✗ header x-tokens: expected \"abc\", got nothing; the request has accept, x-token, x-a, x-utf8, x-latin")]
fn a_header_field(#[case] pattern: Pattern, #[case] expected: &str) {
    let fields: [(&str, &[u8]); 6] = [
        ("accept", b"text/html, */*"),
        ("x-token", b"abc"),
        ("x-a", b"1"),
        ("x-a", b"2"),
        ("x-utf8", "\u{e9}".as_bytes()),
        ("x-latin", b"\xe9"),
    ];
    assert_eq!(told(&pattern, &request("/", &fields, b"")), expected);
}

#[test]
fn a_request_may_have_no_header_fields_and_no_cookies() {
    let request = request("/", &[], b"");
    let expected = "✗ header a: expected \"1\", got nothing; the request has no header fields";
    assert_eq!(told(&any().header("a", "1"), &request), expected);
    let expected = "✗ cookie a: expected \"1\", got nothing; the request has no cookies";
    assert_eq!(told(&any().cookie("a", "1"), &request), expected);
}

#[rstest]
#[case::equal(any().cookie("sid", "1"), "✓ cookie sid")]
#[case::of_a_second_field(any().cookie("lang", "de"), "✓ cookie lang")]
#[case::one_of_several(any().cookie("sid", "2"), "✓ cookie sid")]
#[case::as_sent(any().cookie("raw", "\"a%20b\""), "✓ cookie raw")]
#[case::without_a_value(any().cookie("flag", absent()), "✓ cookie flag")]
#[case::another(any().cookie("sid", "3"), "✗ cookie sid: expected \"3\", got \"1\" and \"2\"")]
#[case::case_of_the_name(any().cookie("SID", "1"),
    "✗ cookie SID: expected \"1\", got nothing; the request has the cookies sid, raw, lang")]
fn a_cookie(#[case] pattern: Pattern, #[case] expected: &str) {
    let fields: [(&str, &[u8]); 2] = [("cookie", b"sid=1; raw=\"a%20b\";flag"), ("cookie", b"lang=de; sid=2")];
    assert_eq!(told(&pattern, &request("/", &fields, b"")), expected);
}

#[rstest]
#[case::equal(any().basic_auth("ada", "x:y"), b"Basic YWRhOng6eQ==", "✓ basic auth")]
#[case::any_password(any().basic_auth("ada", present()), b"basic YWRhOng6eQ==", "✓ basic auth")]
#[case::another_password(any().basic_auth("ada", "x"), b"Basic YWRhOng6eQ==",
    "✗ basic auth: expected \"ada\" with the password \"x\", got \"ada\" with the password \"x:y\"")]
#[case::another_scheme(any().basic_auth("ada", "x"), b"Bearer abc",
    "✗ basic auth: expected \"ada\" with the password \"x\", got the scheme Bearer")]
#[case::not_decodable(any().basic_auth("ada", "x"), b"Basic YW",
    "✗ basic auth: expected \"ada\" with the password \"x\", got Basic credentials that cannot be decoded")]
#[case::bearer(any().bearer("abc"), b"bearer abc", "✓ bearer")]
#[case::another_token(any().bearer("abc"), b"Bearer abd", "✗ bearer: expected \"abc\", got \"abd\"")]
#[case::no_bearer(any().bearer("abc"), b"Basic YWRhOg==", "✗ bearer: expected \"abc\", got the scheme Basic")]
fn credentials(#[case] pattern: Pattern, #[case] authorization: &[u8], #[case] expected: &str) {
    assert_eq!(told(&pattern, &request("/", &[("authorization", authorization)], b"")), expected);
}

#[rstest]
#[case::basic(any().basic_auth("ada", "x"), "✗ basic auth: expected \"ada\" with the password \"x\", got nothing")]
#[case::no_basic(any().basic_auth(absent(), absent()), "✓ basic auth")]
#[case::bearer(any().bearer("abc"), "✗ bearer: expected \"abc\", got nothing")]
#[case::no_bearer(any().bearer(absent()), "✓ bearer")]
fn no_credentials(#[case] pattern: Pattern, #[case] expected: &str) {
    assert_eq!(told(&pattern, &request("/", &[], b"")), expected);
}

#[rstest]
#[case::text(any().body("caf\u{e9}"), "caf\u{e9}".as_bytes(), "✓ body")]
#[case::bytes(any().body(b"\xff\0"), b"\xff\0", "✓ body")]
#[case::part_of_it(any().body(contains("af")), b"caf\xe9", "✓ body")]
#[case::empty(any().body(""), b"", "✓ body")]
#[case::empty_is_none(any().body(absent()), b"", "✓ body")]
#[case::empty_is_not_something(any().body(not("x")), b"", "✓ body")]
#[case::empty_or(any().body(one_of([absent(), contains("x")])), b"", "✓ body")]
#[case::present(any().body(present()), b"x", "✓ body")]
#[case::another(any().body("ada"), b"bob", "✗ body: expected \"ada\", got \"bob\"")]
#[case::none(any().body("ada"), b"", "✗ body: expected \"ada\", got nothing")]
#[case::not_present(any().body(present()), b"", "✗ body: expected anything, got nothing")]
#[case::there(any().body(absent()), b"x", "✗ body: expected nothing, got \"x\"")]
fn a_body(#[case] pattern: Pattern, #[case] body: &[u8], #[case] expected: &str) {
    assert_eq!(told(&pattern, &request("/", &[], body)), expected);
}

#[test]
fn a_body_of_several_lines_is_told_by_line() {
    let told = told(&any().body("one\ntwo\nthree\n"), &request("/", &[], b"one\ntwo\n3\n"));
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "✗ body differs in line 3:");
    assert!(lines.contains(&"    - three") && lines.contains(&"    + 3"), "{told}");
}

const FORM: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded");

#[rstest]
#[case::equal(any().form("user", "ada l"), FORM, "✓ form user")]
#[case::one_of_several(any().form("tag", "b"), FORM, "✓ form tag")]
#[case::absent(any().form("x", absent()), FORM, "✓ form x")]
#[case::another(any().form("user", "bob"), FORM, "✗ form user: expected \"bob\", got \"ada l\"")]
#[case::missing(any().form("name", "bob"), FORM, "✗ form name: expected \"bob\", got nothing; the form has user, tag")]
#[case::another_type(any().form("x", absent()), ("content-type", b"application/json; a=b".as_slice()),
    "✗ form x: the body is application/json, not application/x-www-form-urlencoded")]
#[case::no_type(any().form("x", absent()), ("a", b"b".as_slice()),
    "✗ form x: the body has no content type, so it is not application/x-www-form-urlencoded")]
fn a_form(#[case] pattern: Pattern, #[case] kind: (&str, &[u8]), #[case] expected: &str) {
    assert_eq!(told(&pattern, &request("/", &[kind], b"user=ada+l&tag=a&tag=b")), expected);
}

#[rstest]
#[case::template(any().path("/users/{id}"), "✓ path")]
#[case::matcher(any().path(starts_with("/users")), "✓ path")]
#[case::both(any().path("/users/{id}").path(ends_with("7")), "✓ path")]
#[case::not_that(any().path(not("/admin/{*rest}")), "✓ path")]
#[case::one_of(any().path(one_of(["/a", "/users/{id}"])), "✓ path")]
#[case::another(any().path("/users/{id}/posts"), "✗ path: expected /users/{id}/posts, got /users/7")]
fn a_path(#[case] pattern: Pattern, #[case] expected: &str) {
    assert_eq!(told(&pattern, &request("/users/7", &[], b"")), expected);
}

#[test]
fn of_two_paths_both_have_to_fit() {
    let pattern = any().path("/users/{id}").path(starts_with("/users/1"));
    assert!(pattern.fits(&request("/users/12", &[], b"")));
    assert!(!pattern.fits(&request("/users/2", &[], b"")));
    let verdict = pattern.check(&request("/users/2", &[], b"")).to_string();
    assert!(verdict.starts_with("  ✓ path\n  ✗ path: expected text starting with \"/users/1\", got "), "{verdict}");
}

#[test]
fn a_path_is_shown_in_one_line() {
    let shown = told(&get("/a"), &request("/b%0Ac%1b", &[], b""));
    assert_eq!(shown, "✗ path: expected /a, got /b\\nc\\u{1b}");
}

#[rstest]
#[case::closure_said_no(any().matching("has even id", |_| false), "✗ has even id: the closure said no")]
#[case::closure_said_yes(any().matching("has even id", |_| true), "✓ has even id")]
#[case::not_asked(get("/a").matching("has even id", |_| true), "· has even id: not asked, as something before it differs")]
#[case::value_not_asked(get("/a").query("q", |_: &str| true), "· query q: not asked, as something before it differs")]
#[case::not(any().not(post("/c")), "✗ not (POST /c): it fits")]
#[case::not_something_else(any().not(get("/c")), "✓ not (GET /c)")]
#[case::any_of(any_of([get("/c"), post("/c")]), "✓ any of 2")]
#[case::none_of(any_of([get("/a"), post("/b").body("x")]),
    "✗ any of 2:\n    GET /a: ✗ method: expected GET, got POST; ✗ path: expected /a, got /c\n    \
     POST /b, body: \"x\": ✗ path: expected /b, got /c; ✗ body: expected \"x\", got nothing")]
#[case::a_second_method(all_of([get("/c"), post("/c")]), "✗ method: expected GET, got POST")]
fn a_combination(#[case] pattern: Pattern, #[case] expected: &str) {
    let verdict = pattern.check(&request("/c", &[], b""));
    let shown: Vec<String> = verdict.parts().iter().map(ToString::to_string).collect();
    assert!(shown.iter().any(|part| part == expected), "{shown:#?}");
}

#[rstest]
#[case::a_query(any().query("page", absent()), "any request, query page: nothing")]
#[case::credentials(get("/a").basic_auth("ada", "x").bearer("t"),
    "GET /a, basic auth: \"ada\" with the password \"x\", bearer: \"t\"")]
#[case::a_header(post("/login").header("accept", contains("json")),
    "POST /login, header accept: text containing \"json\"")]
#[case::a_matcher_for_the_path(get(starts_with("/a")), "GET, path: text starting with \"/a\"")]
#[case::a_closure(any().path("/a").matching("has even id", |_| true), "any method /a, matching \"has even id\"")]
#[case::not(any().not(get("/a")), "any request, not (GET /a)")]
#[case::any_of(any_of([get("/a"), post("/b")]), "any of (GET /a | POST /b)")]
#[case::all_of(all_of([get("/a"), any().form("user", "ada")]), "GET /a, form user: \"ada\"")]
#[case::another_method(method("PURGE", "/{*key}").cookie("sid", 1), "PURGE /{*key}, cookie sid: 1")]
fn a_pattern_in_one_line(#[case] pattern: Pattern, #[case] expected: &str) {
    assert_eq!(pattern.to_string(), expected);
}

#[test]
fn a_long_value_is_cut_in_the_name_of_a_pattern() {
    let shown = any().body("\u{e9}".repeat(1000)).to_string();
    assert!(shown.ends_with('…') && shown.chars().count() < 120, "{shown}");
}

/// A closure that counts how often it is asked.
fn counted(says: bool) -> (Arc<AtomicUsize>, impl Fn(&Request) -> bool + Send + Sync + 'static) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    (asked, move |_: &Request| {
        count.fetch_add(1, SeqCst);
        says
    })
}

#[test]
fn a_closure_is_asked_once_whoever_wants_to_know() {
    let (asked, check) = counted(true);
    let pattern = any().matching("x", check);
    let combined = any_of([any().not(&pattern), all_of([&pattern, &get("/nowhere")]), pattern.clone()]);
    let (request, memo) = (request("/", &[], b""), Memo::default());
    let subject = Subject::new(&request, &memo);
    assert!(combined.accepts(&subject) && pattern.accepts(&subject) && combined.verdict(&subject).fits());
    assert_eq!(asked.load(SeqCst), 1);
}

#[test]
fn a_closure_for_a_value_is_asked_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let pattern = any().query("q", move |value: &str| {
        count.fetch_add(1, SeqCst);
        value == "2"
    });
    assert!(!pattern.check(&request("/?q=1", &[], b"")).fits());
    assert_eq!(asked.load(SeqCst), 1);
}

#[rstest]
#[case::after_the_method(false, |pattern: Pattern| all_of([get("/"), pattern]))]
#[case::after_the_path(false, |pattern: Pattern| all_of([post("/a"), pattern]))]
#[case::after_what_differs(false, |pattern: Pattern| all_of([any().query("q", "1"), pattern]))]
#[case::before_what_differs(true, |pattern: Pattern| pattern.query("q", "1"))]
#[case::within_not(false, |pattern: Pattern| all_of([any().query("q", "1"), any().not(pattern)]))]
#[case::within_any_of(false, |pattern: Pattern| all_of([any().query("q", "1"), any_of([pattern])]))]
fn a_closure_is_asked_only_if_everything_before_it_fits(
    #[case] expected: bool,
    #[case] around: fn(Pattern) -> Pattern,
) {
    let (asked, check) = counted(true);
    let pattern = around(any().matching("x", check));
    let request = request("/", &[], b"");
    let (memo, before) = (Memo::default(), asked.load(SeqCst));
    let subject = Subject::new(&request, &memo);
    assert!(!pattern.accepts(&subject) && !pattern.verdict(&subject).fits());
    assert_eq!(asked.load(SeqCst) - before, usize::from(expected));
}

#[rstest]
#[case::head(any().query("a", 1).header("b", 1).cookie("c", 1).bearer("d"), false, false)]
#[case::body(any().body("x"), false, true)]
#[case::form(any().form("a", 1), false, true)]
#[case::closure(any().matching("x", |_| true), true, true)]
#[case::closure_for_a_value(any().header("a", |_: &str| true), true, false)]
#[case::inner_closure(any().not(any_of([get("/"), any().header("a", |_: &str| true)])), true, false)]
#[case::inner_body(any_of([get("/"), any().not(any().body("x"))]), false, true)]
fn what_a_pattern_needs_is_known(#[case] pattern: Pattern, #[case] asks: bool, #[case] body: bool) {
    assert_eq!((pattern.asks_author(), pattern.needs_body()), (asks, body));
}

#[test]
fn parameters_are_those_of_the_first_alternative_that_fits() {
    let request = request("/b/7", &[], b"");
    let memo = Memo::default();
    let subject = Subject::new(&request, &memo);
    let params = |pattern: Pattern| pattern.params_of(&subject);
    let id = |value: &str| vec![("id".to_owned(), value.to_owned())];
    assert_eq!(params(any_of([post("/a/{id}"), post("/b/{id}"), post("/{*id}")])), id("7"));
    assert_eq!(params(any_of([any_of([post("/{*id}")]), post("/b/{id}")])), id("b/7"));
    assert_eq!(params(all_of([any_of([post("/b/{id}")]), any().path("/{*rest}")])), [("rest".into(), "b/7".into())]);
    assert_eq!(params(any()), []);
}

#[test]
fn the_nearest_pattern_is_the_one_that_was_meant() {
    let request = request("/users/7", &[], b"");
    let memo = Memo::default();
    let subject = Subject::new(&request, &memo);
    let patterns = [
        post("/users/{id}").header("x", "1"),
        get("/users/{id}"),
        post("/users/{id}/posts"),
        post("/users/8"),
        post("/user/7"),
        post("/people/7"),
    ];
    for pair in patterns.windows(2) {
        let [near, far] = pair else { unreachable!() };
        assert!(near.nearness(&subject) > far.nearness(&subject), "{near} is nearer than {far}");
        assert!(near.verdict(&subject).nearness > far.verdict(&subject).nearness, "{near} is nearer than {far}");
    }
    let together = any_of([get("/nowhere"), post("/users/8")]);
    assert_eq!(together.nearness(&subject).agreeing, post("/users/8").nearness(&subject).agreeing);
    assert!(!together.nearness(&subject).path_fits);
    assert!(!any().path(contains("x")).nearness(&subject).path_fits);
}

#[rstest]
#[case::no_pattern(|| any_of(Vec::<Pattern>::new()), "give `any_of` at least one")]
#[case::header_name(|| any().header("a b", "1"), "\"a b\" is not a header name")]
#[case::cookie_name(|| any().cookie("sid=1", "1"), "\"sid=1\" is not a cookie name")]
#[case::scheme_of_a_bearer(|| any().bearer("Bearer abc"), "leave the scheme out and write `.bearer(\"abc\")`")]
#[case::query_in_a_path(|| get("/a?b=c"), "`get(\"/a\").query(\"b\", \"c\")`")]
fn a_mistake_of_the_author_is_named_with_a_way_out(#[case] mistake: fn() -> Pattern, #[case] advice: &str) {
    let panic = catch_unwind(mistake).unwrap_err();
    let text =
        panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string());
    assert!(text.contains(advice), "{text}");
}

#[test]
fn nothing_a_client_sends_panics() {
    const ALPHABET: &[u8] = b"=&;%+a0\xff\x80\" []{},:/\x01-\r\n";
    let patterns = [
        any().query("a", "b").query("", gt(1)),
        any().header("cookie", "x").cookie("a", "b"),
        any().basic_auth("a", "b").bearer("c"),
        any().body("x").form("a", "b"),
        any().path("/{a}/{*rest}").path(contains("x")),
    ];
    #[cfg(feature = "json")]
    let json = [any().json(1), any().json_partial([1]), any().json_path("/0", 1)];
    #[cfg(not(feature = "json"))]
    let json: [Pattern; 0] = [];
    let mut noise = 1_u64;
    let mut next = |below: usize| {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        usize::try_from(noise % 1_000_000).unwrap() % below
    };
    let mut bytes = |most| -> Vec<u8> { (0..next(most)).map(|_| ALPHABET[next(ALPHABET.len())]).collect() };
    for _ in 0..300 {
        let line: Vec<u8> = bytes(30).into_iter().filter(|byte| *byte >= b' ').collect();
        let target = format!("/{}", String::from_utf8_lossy(&line).replace([' ', '\u{fffd}', '"', '{', '}'], "%"));
        let fields: [(&str, &[u8]); 3] = [("cookie", &line), FORM, ("authorization", &[b"Basic ", &*line].concat())];
        let request = request(&target, &fields, &bytes(60));
        for pattern in patterns.iter().chain(&json) {
            let _ = pattern.check(&request).to_string();
        }
    }
}

#[cfg(feature = "json")]
mod json {
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::equal(any().json(json!({"b": 2, "a": 1.0})), r#"{"a": 1, "b": 2}"#, "✓ json")]
    #[case::partial(any().json_partial(json!({"a": {"b": 1}})), r#"{"a": {"b": 1, "c": 2}, "d": 3}"#, "✓ json")]
    #[case::a_string(any().json("ada"), "\"ada\"", "✓ json")]
    #[case::path(any().json_path("/user/age", gt(30)), r#"{"user": {"age": 36}}"#, "✓ json /user/age")]
    #[case::path_to_an_element(any().json_path("/0/a~1b", true), r#"[{"a/b": true}]"#, "✓ json /0/a~1b")]
    #[case::the_whole(any().json_path("", 1), "1", "✓ json")]
    #[case::path_to_nothing(any().json_path("/b", absent()), r#"{"a": 1}"#, "✓ json /b")]
    #[case::other_places(any().json(json!({"a": 1, "b": 2})), r#"{"a": 2, "c": 3}"#,
        "✗ json differs in 3 places:\n    /a: expected 1, got 2\n    /b: expected 2, got nothing\n    /c: expected nothing, got 3")]
    #[case::one_place(any().json_partial(json!({"a": 1})), r#"{"a": 2, "c": 3}"#,
        "✗ json differs in 1 place:\n    /a: expected 1, got 2")]
    #[case::not_json(any().json(1), "hello",
        "✗ json: the body is not JSON (expected value at line 1 column 1): \"hello\"")]
    #[case::no_body(any().json(1), "", "✗ json: the body is empty")]
    #[case::path_in_what_is_not_json(any().json_path("/a", absent()), "hello",
        "✗ json /a: the body is not JSON (expected value at line 1 column 1): \"hello\"")]
    #[case::another_value(any().json_path("/user/age", gt(30)), r#"{"user": {"age": 28}}"#,
        "✗ json /user/age: expected a number > 30, got 28")]
    #[case::another_member(any().json_path("/user/age", 36), r#"{"user": {"name": "ada", "mail": 1}}"#,
        "✗ json /user/age: expected 36, got nothing; /user has mail, name")]
    #[case::nothing_on_the_way(any().json_path("/user/age", 36), "{}",
        "✗ json /user/age: expected 36, got nothing; the document has no members")]
    #[case::an_array(any().json_path("/2", 36), "[1, 2]", "✗ json /2: expected 36, got nothing; the document is an array of 2")]
    #[case::no_object(any().json_path("/a/b", 36), r#"{"a": "x"}"#, "✗ json /a/b: expected 36, got nothing; /a is \"x\"")]
    fn a_document(#[case] pattern: Pattern, #[case] body: &str, #[case] expected: &str) {
        assert_eq!(told(&pattern, &request("/", &[], body.as_bytes())), expected);
    }

    #[rstest]
    #[case::json(any().json(json!({"a": 1})), "any request, json: {\"a\":1}")]
    #[case::partial(any().json_partial(json!({"a": 1})), "any request, json containing {\"a\":1}")]
    #[case::path(any().json_path("/user/age", 36), "any request, json /user/age: 36")]
    fn in_one_line(#[case] pattern: Pattern, #[case] expected: &str) {
        assert_eq!(pattern.to_string(), expected);
    }

    #[rstest]
    #[case::text_of_a_document(|| any().json("{\"a\": 1}"), "pass `json!(..)`")]
    #[case::not_serialisable(|| any().json(std::collections::HashMap::from([([1], 2)])), "cannot be written as JSON")]
    #[case::json_path(|| any().json_path("$.items[0].name", 1), "write \"/items/0/name\"")]
    #[case::dotted(|| any().json_path("a.b", 1), "write \"/a/b\"")]
    #[case::tilde(|| any().json_path("/a~b", 1), "write `~0` for `~`")]
    fn a_mistake_is_named_with_a_way_out(#[case] mistake: fn() -> Pattern, #[case] advice: &str) {
        let panic = catch_unwind(mistake).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains(advice), "{text}");
    }
}

#[cfg(feature = "multipart")]
mod multipart {
    use super::super::super::multipart::part;
    use super::*;

    const BODY: &str = "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHello\r\n\
        --x\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"me.png\"\r\nContent-Type: image/PNG\r\n\r\n\u{89}PNG\r\n\
        --x\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--x--\r\n";

    fn sent(kind: &str, body: &str) -> Request {
        request("/", &[("content-type", kind.as_bytes())], body.as_bytes())
    }

    #[rstest]
    #[case::by_name(any().multipart("title"), "✓ part title")]
    #[case::empty(any().multipart(part("empty").body("")), "✓ part empty")]
    #[case::in_full(any().multipart(part("avatar").file_name("me.png").content_type("image/PNG").body(contains("PNG"))),
        "✓ part avatar")]
    #[case::no_file(any().multipart(part("title").file_name(absent())), "✓ part title")]
    #[case::missing(any().multipart("photo"), "✗ part photo: expected anything, got nothing; the parts are title, avatar, empty")]
    #[case::another_file(any().multipart(part("avatar").file_name("you.png").body(contains("PNG"))),
        "✗ part avatar differs in file name:\n    file name: expected \"you.png\", got \"me.png\"")]
    #[case::more_than_one_thing(any().multipart(part("title").file_name("a").body("b")),
        "✗ part title differs in file name and content:\n    file name: expected \"a\", got nothing\n    content: expected \"b\", got \"Hello\"")]
    #[case::closure(any().multipart(part("title").body(|_: &str| false)),
        "✗ part title differs in content:\n    content: expected what a closure accepts, got \"Hello\"")]
    fn a_part(#[case] pattern: Pattern, #[case] expected: &str) {
        assert_eq!(told(&pattern, &sent("multipart/form-data; boundary=x", BODY)), expected);
    }

    #[rstest]
    #[case::another_type("text/plain", "the body is text/plain, not multipart/form-data")]
    #[case::no_boundary("multipart/form-data", "the content type \"multipart/form-data\" has no boundary")]
    #[case::another_boundary(
        "multipart/form-data; boundary=y",
        "the body is not multipart/form-data as its content type says: "
    )]
    fn what_is_not_multipart_says_so(#[case] kind: &str, #[case] expected: &str) {
        let told = told(&any().multipart("title"), &sent(kind, BODY));
        assert!(told.starts_with(&format!("✗ part title: {expected}")), "{told}");
    }

    #[test]
    fn of_several_parts_by_one_name_one_has_to_fit() {
        let part_of = |text: &str| format!("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{text}\r\n");
        let request = sent("multipart/form-data; boundary=x", &format!("{}{}--x--", part_of("1"), part_of("2")));
        assert_eq!(told(&any().multipart(part("a").body("2")), &request), "✓ part a");
        let expected = "✗ part a differs in content:\n    #1 content: expected \"3\", got \"1\"\n    #2 content: expected \"3\", got \"2\"";
        assert_eq!(told(&any().multipart(part("a").body("3")), &request), expected);
    }

    #[test]
    fn wherever_a_body_ends_it_is_a_mismatch_and_no_panic() {
        for end in (0..BODY.len()).filter(|end| BODY.is_char_boundary(*end)) {
            let request = sent("multipart/form-data; boundary=x", &BODY[..end]);
            let fits = any().multipart("title").check(&request).fits();
            assert_eq!(fits, end >= BODY.len() - 2, "{end}");
        }
    }

    #[test]
    fn too_many_parts_are_refused() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n".repeat(1001) + "--x--";
        let told = told(&any().multipart("a"), &sent("multipart/form-data; boundary=x", &body));
        assert_eq!(told, "✗ part a: the body has more than 1000 parts");
    }

    #[test]
    fn in_one_line() {
        let pattern = any().multipart(part("avatar").file_name("me.png").body("x"));
        assert_eq!(pattern.to_string(), "any request, part avatar (file name: \"me.png\", content: \"x\")");
    }
}

#[test]
fn an_answer_holds_for_the_parameters_it_was_asked_with() {
    let even = any().matching("an even id", |request| request.param("id").parse::<u64>().is_ok_and(|id| id % 2 == 0));
    let both = any_of([even.clone().path("/{id}/{x}"), even.path("/{x}/{id}")]);
    assert!(both.check(&Request::new("GET", "/7/8")).fits());
    assert!(both.check(&Request::new("GET", "/8/7")).fits());
    assert!(!both.check(&Request::new("GET", "/7/7")).fits());
}

#[test]
fn an_empty_body_is_absent_within_one_of_too() {
    let pattern = any().body(not(one_of([absent(), equals("x")])));
    assert!(!pattern.check(&Request::new("POST", "/")).fits());
    assert!(!pattern.check(&Request::new("POST", "/").with_body("x")).fits());
    assert!(pattern.check(&Request::new("POST", "/").with_body("y")).fits());
}

#[test]
fn a_long_form_is_read_like_a_short_one() {
    let body = format!("{}user=ada", "a=1&".repeat(5_000));
    let form =
        Request::new("POST", "/").with_header("Content-Type", "application/x-www-form-urlencoded").with_body(body);
    assert!(any().form("user", "ada").check(&form).fits());
    assert!(any().form("a", "1").form("b", absent()).check(&form).fits());
}

#[cfg(feature = "multipart")]
#[test]
fn of_many_parts_that_differ_some_are_told() {
    let part = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno\r\n";
    let body = format!("{}--x--\r\n", part.repeat(50));
    let request = request("/", &[("Content-Type", b"multipart/form-data; boundary=x")], body.as_bytes());
    let told = told(&any().multipart(crate::part("a").body("yes")), &request);
    assert_eq!(told.lines().count(), 22, "{told}");
    assert!(told.ends_with("and 30 more"), "{told}");
}
