//! What fits what, and how it reads.

use std::panic::{UnwindSafe, catch_unwind};

use super::*;
use crate::message::request::Request;
use http::StatusCode;
use rstest::rstest;

fn of(value: impl IntoMatcher) -> Matcher {
    value.into_matcher()
}

fn request(path: &str) -> Request {
    Request::from(http::Request::get(path).body(()).unwrap())
}

fn fits(matcher: &Matcher, found: Found<'_>) -> bool {
    matcher.accepts(&[found])
}

fn fits_path(matcher: Matcher, path: &str) -> bool {
    let request = request(path);
    fits(&matcher.for_path(), Found::Path(&RequestPath::of(&request)))
}

#[track_caller]
fn message_of<T>(mistake: impl FnOnce() -> T + UnwindSafe) -> String {
    match catch_unwind(mistake) {
        Ok(_) => panic!("it is accepted"),
        Err(panic) => match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
        },
    }
}

#[rstest]
#[case::text(of("ada"), "ada", "Ada")]
#[case::empty_text(of(""), "", " ")]
#[case::bytes(of(b"ada"), "ada", "adam")]
#[case::a_number(of(2), "2", "02")]
#[case::a_negative_number(of(-1), "-1", "1")]
#[case::a_float(of(1.5), "1.5", "1.50")]
#[case::a_whole_float(of(10.0), "10.0", "1e1")]
#[case::a_status(of(StatusCode::NOT_FOUND), "404", "404 Not Found")]
#[case::a_bool(of(true), "true", "True")]
#[case::the_other_bool(of(false), "false", "")]
#[case::a_char(of('x'), "x", "xx")]
#[case::a_part(contains("b"), "abc", "ac")]
#[case::a_long_part(contains("bcd"), "abcbcd", "abcbc")]
#[case::the_empty_part(not(contains("b")), "", "b")]
#[case::a_start(starts_with("ab"), "abc", "cab")]
#[case::an_end(ends_with("bc"), "abc", "bcd")]
#[case::a_closure(of(|text: &str| text.len() == 2), "ab", "a")]
#[case::a_named_closure(matching("two letters", |text| text.len() == 2), "ab", "a")]
#[case::not_this(not("a"), "b", "a")]
#[case::neither_this_nor_that(not(one_of(["a", "b"])), "c", "b")]
#[case::one_of_these(one_of([of("a"), of(2)]), "2", "b")]
#[case::greater(gt(1), "1.5", "1")]
#[case::greater_or_equal(ge(1), "1.0", "0.9")]
#[case::less(lt(1), "-1e9", "1")]
#[case::less_or_equal(le(u64::MAX), "18446744073709551615", "18446744073709551616")]
#[case::not_a_number_as_json_writes_them(gt(1), "2", " 2")]
#[case::nan(ge(f64::NEG_INFINITY), "0", "NaN")]
fn text_fits_or_does_not(#[case] matcher: Matcher, #[case] yes: &str, #[case] no: &str) {
    for found in [Found::Text(yes), Found::Field(yes.as_bytes()), Found::Body(yes.as_bytes())] {
        assert!(fits(&matcher, found), "{matcher} and {found:?}");
    }
    for found in [Found::Text(no), Found::Field(no.as_bytes()), Found::Body(no.as_bytes())] {
        assert!(!fits(&matcher, found), "{matcher} and {found:?}");
    }
}

#[rstest]
#[case::equal(of("a"), &["b", "a"], &["b", "c"])]
#[case::present(present(), &[""], &[])]
#[case::absent(absent(), &[], &[""])]
#[case::not_absent(not(absent()), &["a"], &[])]
#[case::for_not_there_has_to_be_one(not("a"), &["b"], &[])]
#[case::for_not_none_may_fit(not("a"), &["b", "c"], &["b", "a"])]
#[case::twice_not(not(not("a")), &["b", "a"], &["b"])]
#[case::absent_or_something(one_of([absent(), contains("x")]), &[], &["a"])]
#[case::something_or_absent(one_of([absent(), contains("x")]), &["a", "x"], &["a"])]
#[case::absent_or_not_that(one_of([absent(), not("x")]), &[], &["x"])]
#[case::one_value_fits_both_bounds_or_two_do(one_of([gt(5), lt(1)]), &["3", "0"], &["3"])]
fn of_several_values_one_has_to_fit(#[case] matcher: Matcher, #[case] yes: &[&str], #[case] no: &[&str]) {
    let found = |values: &[&'static str]| values.iter().map(|value| Found::Text(value)).collect::<Vec<_>>();
    let (yes, no): (Vec<&'static str>, Vec<&'static str>) = (leak(yes), leak(no));
    assert!(matcher.accepts(&found(&yes)), "{matcher} and {yes:?}");
    assert!(!matcher.accepts(&found(&no)), "{matcher} and {no:?}");
}

fn leak(values: &[&str]) -> Vec<&'static str> {
    values.iter().map(|value| &*value.to_string().leak()).collect()
}

#[test]
fn a_field_is_read_as_utf8_or_else_as_latin1_and_also_as_it_was_sent() {
    let (latin1, utf8) = (Found::Field(b"caf\xe9!"), Found::Field("café!".as_bytes()));
    for matcher in [of("café!"), contains("fé"), starts_with("café"), ends_with("é!"), not("cafe!")] {
        assert!(fits(&matcher, latin1) && fits(&matcher, utf8), "{matcher}");
    }
    assert!(fits(&of(b"caf\xe9!"), latin1) && !fits(&of(b"caf\xe9!"), utf8));
    assert!(fits(&contains(b"\xe9"), latin1));
    assert!(!fits(&of("cafÃ©!"), utf8));
    assert!(fits(&of(|text: &str| text == "café!"), latin1));
}

#[test]
fn a_body_is_compared_byte_for_byte() {
    let body = Found::Body(b"\x00\xffabc");
    assert!(fits(&of(b"\x00\xffabc"), body));
    assert!(!fits(&of("abc"), body) && !fits(&of(1), body) && !fits(&gt(0), body));
    assert!(fits(&contains("ab"), body) && fits(&contains(b"\xffa"), body));
    assert!(fits(&of(|text: &str| text == "\0\u{fffd}abc"), body));
}

#[rstest]
#[case::a_template(of("/users/{id}"), "/users/7", "/users")]
#[case::within_not(not("/users/{id}"), "/users", "/users/7")]
#[case::within_one_of(one_of(["/a", "/b/{*rest}"]), "/b/c/d", "/c")]
#[case::text(starts_with("/a b"), "/a%20b/c", "/a%2520b")]
#[case::an_encoded_slash(of(|path: &str| path == "/a/b%"), "/a%2Fb%25", "/a%252Fb%25")]
#[case::an_encoded_slash_in_a_template(of("/a%2Fb"), "/a%2fb", "/a/b")]
#[case::no_number(not(gt(5)), "/7", "")]
fn a_path_fits_or_does_not(#[case] matcher: Matcher, #[case] yes: &str, #[case] no: &str) {
    assert!(fits_path(matcher.clone(), yes), "{matcher} and {yes}");
    assert!(no.is_empty() || !fits_path(matcher.clone(), no), "{matcher} and {no}");
}

#[test]
fn a_mistake_is_named_with_a_way_out() {
    let told = [
        (message_of(|| of(5).for_path()), "a path is text, and 5 is not: write a string"),
        (message_of(|| of(b"/a").for_path()), "a path is text, and these are bytes: write \"/a\""),
        (message_of(|| one_of(["/a", "b"]).for_path()), "must begin with `/`: write \"/b\""),
        (
            message_of(|| not(present())),
            "and is not anything, which no value is: if it must not be there, write `absent()`",
        ),
        (message_of(|| not(not(absent()))), "write `absent()`"),
        (message_of(|| not(contains(""))), "and is not text containing \"\""),
        (message_of(|| one_of([""; 0])), "`one_of` without values fits nothing"),
        (message_of(|| gt(f64::NAN)), "`gt(NaN)` fits nothing"),
        (message_of(|| le(f32::NAN)), "`le(NaN)` fits nothing"),
        (message_of(|| of(f64::NAN)), "nothing is equal to NaN"),
        #[cfg(feature = "regex")]
        (message_of(|| regex("(")), "\"(\" is not a regular expression: "),
    ];
    for (message, expected) in told {
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn who_asks_a_closure_says_so() {
    assert!(of(|_: &str| true).asks_author());
    assert!(not(matching("x", |_| true)).asks_author());
    assert!(one_of([of("a"), matching("x", |_| true)]).asks_author());
    assert!(!one_of([of("a"), not("b")]).asks_author());
}

#[rstest]
#[case(of("ada"), r#""ada""#)]
#[case(of(36), "36")]
#[case(of(true), "true")]
#[case(of(b"\x00\xff"), "2 bytes 00 ff")]
#[case(contains("json"), r#"text containing "json""#)]
#[case(contains(b"\x00\xff"), "bytes containing 00 ff")]
#[case(starts_with("/a"), r#"text starting with "/a""#)]
#[case(ends_with(".png"), r#"text ending with ".png""#)]
#[case(present(), "anything")]
#[case(absent(), "nothing")]
#[case(not("x"), r#"anything but "x""#)]
#[case(not(absent()), "anything")]
#[case(one_of(["a", "b"]), r#"one of "a", "b""#)]
#[case(one_of([absent(), gt(5)]), "one of nothing, a number > 5")]
#[case(ge(5), "a number >= 5")]
#[case(lt(1.5), "a number < 1.5")]
#[case(le(-1), "a number <= -1")]
#[case(matching("a UUID", |_| true), "a UUID")]
#[case(of(|_: &str| true), "what a closure accepts")]
#[case(of("/users/{id}").for_path(), "/users/{id}")]
#[cfg_attr(feature = "regex", case(regex(r"^\d+$"), r"text matching /^\d+$/"))]
#[cfg_attr(feature = "json", case(of(serde_json::json!({"a": 1})), r#"{"a":1}"#))]
fn a_matcher_is_a_noun(#[case] matcher: Matcher, #[case] shown: &str) {
    assert_eq!(matcher.to_string(), shown);
}

#[test]
fn what_came_is_quoted() {
    let request = request("/a%2Fb%20c");
    let path = RequestPath::of(&request);
    assert_eq!(Found::Path(&path).to_string(), "/a%2Fb c");
    assert_eq!(Found::Path(&RequestPath::of(&self::request("/a%20"))).to_string(), "\"/a \"");
    assert_eq!(Found::Text("a\"b").to_string(), r#""a\"b""#);
    assert_eq!(Found::Field(b"caf\xe9").to_string(), "\"café\"");
    assert_eq!(Found::Body(b"\xff").to_string(), "1 byte ff");
    assert_eq!(Found::Body(b"ada").to_string(), "\"ada\"");
    #[cfg(feature = "json")]
    {
        let long = serde_json::json!(["x".repeat(500)]);
        assert_eq!(Found::Json(&long).to_string(), format!("[\"{}…", "x".repeat(198)));
    }
}

#[test]
fn details_are_given_where_both_values_do_not_say_it() {
    let summary = |matcher: Matcher, found: Found<'_>| matcher.details(&found).map(|details| details.summary);
    assert_eq!(summary(of("a"), Found::Text("b")), None);
    assert_eq!(summary(not("a\nb"), Found::Body(b"a\nb")), None);
    assert_eq!(summary(of("a\nb"), Found::Body(b"a\nc")).unwrap(), "differs in line 2");
    assert_eq!(summary(of(b"a\nb"), Found::Body(b"a\nc")).unwrap(), "differs in line 2");
    assert_eq!(summary(of("abc"), Found::Body(b"ab\xff")).unwrap(), "differs at offset 2 of 3 bytes");
    assert_eq!(
        summary(of(b"\xff"), Found::Field(b"\xff\xfe")).unwrap(),
        "differs at offset 1 (expected 1 byte, got 2)"
    );
}

#[cfg(feature = "regex")]
#[test]
fn an_expression_fits_somewhere() {
    assert!(fits(&regex("b+"), Found::Text("abbc")));
    assert!(!fits(&regex("^b+$"), Found::Text("abbc")));
}

#[cfg(feature = "json")]
mod json {
    use super::*;
    use serde_json::{Value, json};

    #[rstest]
    #[case::text(of("5"), json!("5"), json!(5))]
    #[case::a_number(of(10), json!(10.0), json!("10"))]
    #[case::no_rounding(of(9_007_199_254_740_993_i64), json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64))]
    #[case::a_bool(of(true), json!(true), json!("true"))]
    #[case::bytes(of(b"ab"), json!("ab"), json!(["ab"]))]
    #[case::json(of(json!({"a": [1]})), json!({"a": [1.0]}), json!({"a": [1], "b": 2}))]
    #[case::null_is_present(present(), json!(null), json!(null))]
    #[case::a_part_of_a_string(contains("\"b"), json!("a\"b"), json!("a"))]
    #[case::a_part_of_something_else(contains("\"b\":1"), json!({"a": 0, "b": 1}), json!({"b": "1"}))]
    #[case::the_start_of_a_string(starts_with("a"), json!("ab"), json!(["a"]))]
    #[case::a_closure(of(|text: &str| text == "[1]"), json!([1]), json!("1"))]
    #[case::greater(gt(30), json!(36), json!("36"))]
    #[case::not_a_number(not(gt(30)), json!("x"), json!(31))]
    fn a_value_fits_or_does_not(#[case] matcher: Matcher, #[case] yes: Value, #[case] no: Value) {
        assert!(fits(&matcher, Found::Json(&yes)), "{matcher} and {yes}");
        assert!(yes == no || !fits(&matcher, Found::Json(&no)), "{matcher} and {no}");
    }

    #[rstest]
    #[case::a_document(json!({"a": 1}), r#" { "a" : 1.0 } "#, r#"{"a": "1"}"#)]
    #[case::a_string_as_json(json!("ada"), r#""ada""#, "bob")]
    #[case::a_string_as_it_stands(json!("ada"), "ada", "adam")]
    #[case::a_number(json!(2), "2.0", "two")]
    fn text_is_equal_to_the_document_that_it_is(#[case] expected: Value, #[case] yes: &str, #[case] no: &str) {
        for found in [Found::Text(yes), Found::Field(yes.as_bytes()), Found::Body(yes.as_bytes())] {
            assert!(fits(&of(&expected), found), "{found:?}");
        }
        for found in [Found::Text(no), Found::Field(no.as_bytes()), Found::Body(no.as_bytes())] {
            assert!(!fits(&of(&expected), found), "{found:?}");
        }
    }

    #[test]
    fn members_that_differ_are_details_and_the_root_is_not() {
        let expected = of(json!({"a": 1}));
        let lines = |found: Found<'_>| expected.details(&found).map(|details| details.lines);
        assert_eq!(lines(Found::Json(&json!({"a": 2}))).unwrap(), ["/a: expected 1, got 2"]);
        assert_eq!(lines(Found::Text(r#"{"a":2}"#)).unwrap(), ["/a: expected 1, got 2"]);
        assert_eq!(lines(Found::Json(&json!([1]))), None);
        assert_eq!(lines(Found::Body(b"hello")), None);
    }
}
