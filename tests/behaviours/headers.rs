//! Header fields: `tests/request_header_matching.rs` of wiremock, the header tables of httpmock, mockito's `match_header`, httptest's
//! `request::headers`, the multi-values of `WireMock`.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, fields, said, tells};

#[rstest]
#[case::equal("Accept: text/html", any().header("accept", "text/html"), true)]
#[case::another_value("Accept: text/plain", any().header("accept", "text/html"), false)]
#[case::another_name("Content-Type: text/html", any().header("accept", "text/html"), false)]
#[case::the_case_of_the_name_does_not_matter("ACCEPT: text/html", any().header("aCCept", "text/html"), true)]
#[case::the_case_of_the_value_does("Accept: TEXT/html", any().header("accept", "text/html"), false)]
#[case::blanks_around_a_value_are_none_of_it("Accept:   text/html \t", any().header("accept", "text/html"), true)]
#[case::only_a_part("Accept: text/html;q=0.5", any().header("accept", "text/html"), false)]
#[case::a_number("X-Count: 3", any().header("x-count", 3), true)]
#[case::a_number_as_it_is_written("X-Count: 3.0", any().header("x-count", 3), false)]
#[case::utf_8("X-Name: J\u{f6}rg", any().header("x-name", "J\u{f6}rg"), true)]
fn a_field_equals_a_value(#[case] field: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, fields(&[field])), fits);
}

#[test]
fn a_field_that_is_not_utf_8_is_latin_1() {
    let request = fields(&[b"X-Name: J\xf6rg".as_slice()]);
    assert!(answers(any().header("x-name", "J\u{f6}rg"), &request));
    assert!(answers(any().header("x-name", contains("\u{f6}")), &request));
    assert!(!answers(any().header("x-name", "Jorg"), &request));
}

#[test]
fn a_field_may_be_compared_byte_for_byte() {
    let request = fields(&[b"X-Name: J\xf6rg".as_slice()]);
    assert!(answers(any().header("x-name", b"J\xf6rg"), &request));
    assert!(!answers(any().header("x-name", "J\u{f6}rg".as_bytes()), &request));
}

#[rstest]
#[case::there("X-Token: a", any().header("x-token", present()), true)]
#[case::there_and_empty("X-Token:", any().header("x-token", present()), true)]
#[case::not_there("X-Other: a", any().header("x-token", present()), false)]
#[case::wanted_absent("X-Other: a", any().header("x-token", absent()), true)]
#[case::wanted_absent_but_there("X-Token: a", any().header("x-token", absent()), false)]
#[case::wanted_absent_but_there_and_empty("X-Token:", any().header("x-token", absent()), false)]
#[case::an_empty_value("X-Token:", any().header("x-token", ""), true)]
#[case::not_this_value("X-Token: a", any().header("x-token", not("a")), false)]
#[case::not_that_value("X-Token: a", any().header("x-token", not("b")), true)]
#[case::not_asks_for_a_value("X-Other: a", any().header("x-token", not("b")), false)]
#[case::absent_or_something("X-Other: a", any().header("x-token", one_of([absent(), starts_with("a")])), true)]
#[case::something_or_absent("X-Token: ab", any().header("x-token", one_of([absent(), starts_with("a")])), true)]
#[case::neither("X-Token: b", any().header("x-token", one_of([absent(), starts_with("a")])), false)]
fn a_field_is_there_or_not(#[case] field: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, fields(&[field])), fits);
}

#[rstest]
#[case::all_fit(&["Hello: World", "Content-Type: a/b"], true)]
#[case::in_any_order(&["Content-Type: a/b", "Hello: World"], true)]
#[case::one_is_missing(&["Hello: World"], false)]
#[case::one_is_there_that_must_not_be(&["Hello: World", "Content-Type: a/b", "Authorization: x"], false)]
#[case::one_differs(&["Hello: You", "Content-Type: a/b"], false)]
fn several_fields_have_to_fit_all(#[case] sent: &[&str], #[case] fits: bool) {
    let pattern = any().header("hello", "World").header("content-type", present()).header("authorization", absent());
    assert_eq!(answers(pattern, fields(sent)), fits);
}

#[rstest]
#[case::the_first(any().header("cache-control", "no-cache"), true)]
#[case::a_later_one(any().header("cache-control", "no-store"), true)]
#[case::both(any().header("cache-control", "no-cache").header("cache-control", "no-store"), true)]
#[case::one_that_is_missing(any().header("cache-control", "no-cache").header("cache-control", "public"), false)]
#[case::parts_do_not_add_up(any().header("cache-control", "no-cache, no-store"), false)]
#[case::not_means_none_of_them(any().header("cache-control", not("no-store")), false)]
#[case::not_what_none_of_them_is(any().header("cache-control", not("public")), true)]
fn of_repeated_fields_at_least_one_fits(#[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, fields(&["Cache-Control: no-cache", "Cache-Control: no-store"])), fits);
}

#[rstest]
#[case::the_whole(any().header("cache-control", "no-cache, no-store"), true)]
#[case::an_element_is_not_the_value(any().header("cache-control", "no-cache"), false)]
#[case::but_a_part_of_it(any().header("cache-control", contains("no-store")), true)]
fn commas_do_not_split_a_field(#[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, fields(&["Cache-Control: no-cache, no-store"])), fits);
}

#[rstest]
#[case::contains(any().header("authorization", contains("123")), true)]
#[case::contains_not(any().header("authorization", contains("321")), false)]
#[case::starts_with(any().header("authorization", starts_with("token ")), true)]
#[case::starts_with_not(any().header("authorization", starts_with("Token ")), false)]
#[case::ends_with(any().header("authorization", ends_with("456789")), true)]
#[case::ends_with_not(any().header("authorization", ends_with("45678")), false)]
#[case::one_of(any().header("authorization", one_of(["token 1", "token 123456789"])), true)]
#[case::a_closure(any().header("authorization", matching("two words", |v| v.split(' ').count() == 2)), true)]
#[case::a_closure_that_says_no(any().header("authorization", matching("a word", |v| !v.contains(' '))), false)]
fn a_field_may_be_told_by_a_part_of_it(#[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, fields(&["Authorization: token 123456789"])), fits);
}

#[cfg(feature = "regex")]
#[rstest]
#[case::one_value(&["Accept: application/json"], true)]
#[case::one_of_two_values(&["Accept: text/html", "Accept: application/vnd.api+json"], true)]
#[case::no_value_fits(&["Accept: text/html", "Accept: text/plain"], false)]
#[case::no_value_at_all(&["Content-Type: application/json"], false)]
fn a_field_fits_a_regular_expression(#[case] sent: &[&str], #[case] fits: bool) {
    assert_eq!(answers(any().header("accept", regex(r"^application/(\w+[.+])*json$")), fields(sent)), fits);
}

#[test]
fn how_many_fields_there_are_is_for_closures() {
    let two = any().matching("two x-custom-*", |request| {
        let custom =
            request.headers().iter().filter(|field| field.name().to_ascii_lowercase().starts_with("x-custom-"));
        custom.count() == 2
    });
    assert!(answers(&two, fields(&["x-custom-1: a", "X-Custom-2: b"])));
    assert!(!answers(&two, fields(&["x-custom-1: a"])));
}

#[test]
fn fields_of_the_request_itself_can_be_asked_for() {
    assert!(answers(any().header("host", "test"), fields::<&str>(&[])));
    assert!(answers(any().header("connection", "close"), fields::<&str>(&[])));
}

#[test]
fn a_name_that_no_field_can_have_is_a_mistake_of_the_author() {
    tells(&said(|| drop(any().header("X Token", "a"))), &["\"X Token\""]);
}
