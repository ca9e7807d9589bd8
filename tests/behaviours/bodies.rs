//! Bodies: the body tables of httpmock, `body_string*` and `body_bytes` of wiremock, mockito's `match_body`, httptest's
//! `request::body`.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, ask_with, body, line, sent};

#[rstest]
#[case::equal("hello", post("/").body("hello"), true)]
#[case::another("world", post("/").body("hello"), false)]
#[case::case_matters("Hello", post("/").body("hello"), false)]
#[case::a_line_end_more("hello\n", post("/").body("hello"), false)]
#[case::utf_8("Motörhead 金属", post("/").body("Motörhead 金属"), true)]
#[case::bytes_of_a_text("hello", post("/").body(b"hello"), true)]
#[case::a_number("42", post("/").body(42), true)]
#[case::not("hello", post("/").body(not("hello")), false)]
#[case::not_that("hello", post("/").body(not("world")), true)]
#[case::contains("hello world", post("/").body(contains("lo wo")), true)]
#[case::contains_not("hello world", post("/").body(contains("low")), false)]
#[case::contains_over_lines("one\ntwo\nthree", post("/").body(contains("e\ntwo\nt")), true)]
#[case::does_not_contain("hello", post("/").body(not(contains("ell"))), false)]
#[case::starts_with("hello", post("/").body(starts_with("he")), true)]
#[case::starts_with_not("hello", post("/").body(starts_with("lo")), false)]
#[case::ends_with("hello", post("/").body(ends_with("lo")), true)]
#[case::ends_with_not("hello", post("/").body(ends_with("he")), false)]
#[case::one_of("b", post("/").body(one_of(["a", "b"])), true)]
#[case::a_closure("hello", post("/").body(matching("five letters", |text| text.len() == 5)), true)]
#[case::several("hello world", post("/").body(starts_with("hello")).body(ends_with("world")), true)]
#[case::one_of_several_differs("hello world", post("/").body(starts_with("hello")).body(ends_with("word")), false)]
fn a_body_is_compared_as_text(#[case] sent: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, body(sent)), fits);
}

#[rstest]
#[case::equal(any().body(b"\x00\xff\xfe\r\n"), true)]
#[case::as_a_vector(any().body(vec![0, 0xff, 0xfe, b'\r', b'\n']), true)]
#[case::one_byte_differs(any().body(b"\x00\xff\xfd\r\n"), false)]
#[case::one_byte_more(any().body(b"\x00\xff\xfe\r\n\x00"), false)]
#[case::contains(any().body(contains(b"\xff\xfe")), true)]
#[case::starts_with(any().body(starts_with(b"\x00\xff")), true)]
#[case::ends_with(any().body(ends_with(b"\xfe\n")), false)]
fn a_body_that_is_no_text_is_compared_byte_for_byte(#[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, body(b"\x00\xff\xfe\r\n")), fits);
}

#[test]
fn a_body_that_is_not_utf_8_is_no_text_that_looks_like_it() {
    assert!(!answers(any().body("a\u{fffd}"), body(b"a\xff")));
}

#[test]
fn without_a_pattern_for_it_any_body_fits() {
    assert!(answers(post("/"), body("anything")));
    assert!(answers(post("/"), line("POST /")));
}

#[test]
fn no_body_is_an_empty_one() {
    assert!(answers(post("/").body(""), line("POST /")));
    assert!(answers(post("/").body(""), sent("POST /", &["Content-Length: 0"], "")));
    assert!(!answers(post("/").body(""), body("x")));
}

#[test]
fn a_chunked_body_is_compared_as_a_whole() {
    let chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let mut request = sent("POST /", &["Transfer-Encoding: chunked"], "");
    request.extend_from_slice(chunks.as_bytes());
    assert!(answers(post("/").body("hello world"), request));
}

#[cfg(feature = "regex")]
#[rstest]
#[case::somewhere("hello 42 world", r"\d+", true)]
#[case::nowhere("hello world", r"\d+", false)]
#[case::anchored("hello", r"^h.*o$", true)]
#[case::over_lines("one\ntwo", r"(?s)one.two", true)]
#[case::any_case("HELLO", r"(?i)hello", true)]
fn a_body_fits_a_regular_expression(#[case] sent: &str, #[case] expression: &str, #[case] fits: bool) {
    assert_eq!(answers(post("/").body(regex(expression)), body(sent)), fits);
}

#[test]
fn a_large_body_is_compared_to_its_last_byte() {
    let large = "ä".repeat(500_000);
    assert!(answers(post("/").body(large.as_str()), body(&large)));
    assert!(!answers(post("/").body(large.as_str()), body(format!("{}a", &large[..large.len() - 2]))));
}

#[test]
fn two_rules_on_one_path_are_told_apart_by_their_body() {
    let server = TestServer::empty();
    server.when(post("/").body(contains("ping"))).respond("pong");
    server.when(post("/").body(contains("marco"))).respond("polo");
    assert_eq!(ask_with(&server, body("ping!")).text(), "pong");
    assert_eq!(ask_with(&server, body("marco!")).text(), "polo");
}

#[test]
fn bytes_may_be_borrowed() {
    let bytes = vec![0, 0xff];
    assert!(answers(post("/").body(&bytes), body(&bytes)));
    assert!(!answers(post("/").body(&bytes), body("x")));
}
