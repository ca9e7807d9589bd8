//! Queries: `query_param*` of wiremock and httpmock, mockito's `match_query`, httptest's `url_decoded`, the multi-values of
//! `WireMock`.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, line};

fn q(pattern: Pattern, query: &str) -> bool {
    answers(pattern, line(&format!("GET /?{query}")))
}

#[rstest]
#[case::equal("a=1", any().query("a", "1"), true)]
#[case::another_value("a=2", any().query("a", "1"), false)]
#[case::another_name("b=1", any().query("a", "1"), false)]
#[case::names_are_case_sensitive("A=1", any().query("a", "1"), false)]
#[case::values_are_case_sensitive("a=X", any().query("a", "x"), false)]
#[case::only_a_part_of_the_value("a=123", any().query("a", "1"), false)]
#[case::others_do_not_matter("b=2&a=1&c=3", any().query("a", "1"), true)]
#[case::neither_does_the_order("b=2&a=1", any().query("a", "1").query("b", "2"), true)]
#[case::all_have_to_fit("a=1&b=3", any().query("a", "1").query("b", "2"), false)]
#[case::a_number("page=2", any().query("page", 2), true)]
#[case::a_number_as_it_is_written("page=02", any().query("page", 2), false)]
#[case::a_fraction("x=1.5", any().query("x", 1.5), true)]
#[case::a_bool("on=true", any().query("on", true), true)]
#[case::another_bool("on=1", any().query("on", true), false)]
fn a_parameter_equals_a_value(#[case] query: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(q(pattern, query), fits);
}

#[rstest]
#[case::there("a=1", any().query("a", present()), true)]
#[case::there_without_a_value("a", any().query("a", present()), true)]
#[case::there_and_empty("a=", any().query("a", present()), true)]
#[case::not_there("b=1", any().query("a", present()), false)]
#[case::wanted_absent("b=1", any().query("a", absent()), true)]
#[case::wanted_absent_without_any_query("", any().query("a", absent()), true)]
#[case::wanted_absent_but_there("a=1", any().query("a", absent()), false)]
#[case::wanted_absent_but_there_and_empty("a=", any().query("a", absent()), false)]
#[case::an_empty_value("a=", any().query("a", ""), true)]
#[case::no_value_is_an_empty_one("a", any().query("a", ""), true)]
#[case::absent_or_one("", any().query("a", one_of([absent(), contains("x")])), true)]
#[case::absent_or_the_other("a=xy", any().query("a", one_of([absent(), contains("x")])), true)]
#[case::neither_absent_nor_the_other("a=yz", any().query("a", one_of([absent(), contains("x")])), false)]
fn a_parameter_is_there_or_not(#[case] query: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(q(pattern, query), fits);
}

#[rstest]
#[case::utf_8("name=Mot%C3%B6rhead", any().query("name", "Mot\u{f6}rhead"), true)]
#[case::a_plus_is_a_blank("q=so+it+goes", any().query("q", "so it goes"), true)]
#[case::so_is_percent_20("q=so%20it%20goes", any().query("q", "so it goes"), true)]
#[case::an_encoded_plus("q=1%2B1", any().query("q", "1+1"), true)]
#[case::the_author_writes_it_decoded("q=a%20b", any().query("q", "a%20b"), false)]
#[case::an_encoded_ampersand_does_not_separate("q=a%26b", any().query("q", "a&b"), true)]
#[case::an_encoded_equals_sign("q=a%3Db", any().query("q", "a=b"), true)]
#[case::a_plain_equals_sign_in_the_value("q=a=b", any().query("q", "a=b"), true)]
#[case::names_are_decoded_too("num+ber=o+ne", any().query("num ber", "o ne"), true)]
#[case::brackets("ids%5B%5D=1", any().query("ids[]", 1), true)]
#[case::broken_utf_8_is_replaced("q=a%FF", any().query("q", "a\u{fffd}"), true)]
#[case::a_lonely_percent_sign_stays("q=100%", any().query("q", "100%"), true)]
fn names_and_values_are_decoded(#[case] query: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(q(pattern, query), fits);
}

#[rstest]
#[case::the_first_fits("tag=a&tag=b", any().query("tag", "a"), true)]
#[case::a_later_one_fits("tag=a&tag=b", any().query("tag", "b"), true)]
#[case::both_are_asked_for("tag=a&tag=b", any().query("tag", "a").query("tag", "b"), true)]
#[case::in_any_order("tag=b&tag=a", any().query("tag", "a").query("tag", "b"), true)]
#[case::one_of_them_is_missing("tag=a&tag=a", any().query("tag", "a").query("tag", "b"), false)]
#[case::none_fits("tag=a&tag=b", any().query("tag", "c"), false)]
#[case::not_means_none_of_them("tag=a&tag=b", any().query("tag", not("b")), false)]
#[case::not_one_that_is_not_there("tag=a&tag=b", any().query("tag", not("c")), true)]
#[case::not_asks_for_a_value("other=a", any().query("tag", not("c")), false)]
fn of_repeated_parameters_at_least_one_fits(#[case] query: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(q(pattern, query), fits);
}

#[rstest]
#[case::contains("q=hello+world", any().query("q", contains("lo wo")), true)]
#[case::contains_not("q=hello", any().query("q", contains("world")), false)]
#[case::starts_with("q=hello", any().query("q", starts_with("he")), true)]
#[case::starts_with_not("q=hello", any().query("q", starts_with("el")), false)]
#[case::ends_with("q=hello", any().query("q", ends_with("lo")), true)]
#[case::ends_with_not("q=hello", any().query("q", ends_with("ll")), false)]
#[case::a_prefix_that_ends_within_a_character("q=%C3%B6", any().query("q", starts_with(b"\xc3")), true)]
#[case::one_of("sort=asc", any().query("sort", one_of(["asc", "desc"])), true)]
#[case::one_of_not("sort=up", any().query("sort", one_of(["asc", "desc"])), false)]
#[case::greater("n=11", any().query("n", gt(10)), true)]
#[case::not_greater("n=10", any().query("n", gt(10)), false)]
#[case::at_least("n=10", any().query("n", ge(10)), true)]
#[case::less("n=9.5", any().query("n", lt(10)), true)]
#[case::at_most("n=10", any().query("n", le(10.0)), true)]
#[case::between("n=5", any().query("n", ge(1)).query("n", le(5)), true)]
#[case::below_zero("n=-3", any().query("n", lt(0)), true)]
#[case::what_is_no_number("n=ten", any().query("n", gt(1)), false)]
#[case::a_number_with_blanks("n=+11", any().query("n", gt(10)), false)]
#[case::a_closure("id=42", any().query("id", |id: &str| id.len() == 2), true)]
#[case::a_closure_that_says_no("id=421", any().query("id", |id: &str| id.len() == 2), false)]
fn a_parameter_may_be_told_by_a_part_of_it(#[case] query: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(q(pattern, query), fits);
}

#[cfg(feature = "regex")]
#[rstest]
#[case::digits("n=one+2", r"\w+ \d", true)]
#[case::anchored("n=one", r"^o.e$", true)]
#[case::no("n=two", r"^o", false)]
fn a_parameter_fits_a_regular_expression(#[case] query: &str, #[case] expression: &str, #[case] fits: bool) {
    assert_eq!(q(any().query("n", regex(expression)), query), fits);
}

#[test]
fn the_query_as_a_whole_is_there_for_closures() {
    let exactly = any().matching("the query a=1&b=2", |request| request.raw_query() == Some("a=1&b=2"));
    assert!(q(exactly.clone(), "a=1&b=2"));
    assert!(!q(exactly, "b=2&a=1"));
    let none = any().matching("no query", |request| request.raw_query().unwrap_or_default().is_empty());
    assert!(answers(&none, line("GET /?")));
    assert!(!answers(&none, line("GET /?a")));
}

#[test]
fn two_rules_on_one_path_are_told_apart_by_their_query() {
    let server = TestServer::empty();
    server.when(get("/translate").query("word", "hello")).respond("hola");
    server.when(get("/translate").query("word", "bye")).respond("adi\u{f3}s");
    assert_eq!(crate::asking::ask(&server, "GET /translate?word=hello").text(), "hola");
    assert_eq!(crate::asking::ask(&server, "GET /translate?word=bye").text(), "adi\u{f3}s");
    assert_eq!(crate::asking::ask(&server, "GET /translate?word=thanks").status(), 404);
}
