//! Paths: wiremock's `path` and `path_regex`, httpmock's `path_*` tables, mockito's and httptest's `matches`, the templates of
//! `WireMock`.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, ask, line, said, tells};

#[rstest]
#[case::the_same(get("/hello"), "/hello", true)]
#[case::another(get("/hello"), "/hallo", false)]
#[case::only_its_beginning(get("/hello"), "/hello/world", false)]
#[case::only_its_end(get("/world"), "/hello/world", false)]
#[case::another_case(get("/Hello"), "/hello", false)]
#[case::a_slash_more(get("/hello"), "/hello/", false)]
#[case::a_slash_less(get("/hello/"), "/hello", false)]
#[case::a_doubled_slash(get("/a/b"), "/a//b", false)]
#[case::the_root(get("/"), "/", true)]
#[case::a_query_is_no_part_of_it(get("/hello"), "/hello?a=1", true)]
#[case::an_empty_query_neither(get("/hello"), "/hello?", true)]
fn a_plain_path_is_compared_as_a_whole(#[case] pattern: Pattern, #[case] target: &str, #[case] fits: bool) {
    assert_eq!(answers(pattern, line(&format!("GET {target}"))), fits);
}

#[rstest]
#[case::a_blank(get("/a b"), "/a%20b", true)]
#[case::written_encoded_by_the_author(get("/a%20b"), "/a%20b", true)]
#[case::lower_case_digits(get("/caf\u{e9}"), "/caf%c3%a9", true)]
#[case::encoded_without_need(get("/abc"), "/%61bc", true)]
#[case::a_plus_is_a_plus(get("/a+b"), "/a+b", true)]
#[case::a_plus_is_no_blank(get("/a b"), "/a+b", false)]
#[case::an_encoded_slash_does_not_separate(get("/a/b"), "/a%2Fb", false)]
#[case::an_encoded_slash_is_one(get("/a%2Fb"), "/a%2fb", true)]
#[case::an_encoded_question_mark(get("/a%3Fb"), "/a%3fb", true)]
fn paths_are_compared_decoded(#[case] pattern: Pattern, #[case] target: &str, #[case] fits: bool) {
    assert_eq!(answers(pattern, line(&format!("GET {target}"))), fits);
}

#[rstest]
#[case::a_name_stands_for_a_segment(get("/users/{id}"), "/users/7", true)]
#[case::but_not_for_none(get("/users/{id}"), "/users/", false)]
#[case::nor_for_two(get("/users/{id}"), "/users/7/posts", false)]
#[case::in_the_middle(get("/users/{id}/posts/{post}"), "/users/7/posts/8", true)]
#[case::the_rest_stands_for_many(get("/files/{*path}"), "/files/a/b/c", true)]
#[case::and_for_nothing(get("/files/{*path}"), "/files/", true)]
#[case::after_its_slash(get("/files/{*path}"), "/files", false)]
#[case::an_encoded_slash_stays_inside(get("/users/{id}"), "/users/a%2Fb", true)]
fn a_template_stands_for_segments(#[case] pattern: Pattern, #[case] target: &str, #[case] fits: bool) {
    assert_eq!(answers(pattern, line(&format!("GET {target}"))), fits);
}

#[test]
fn handlers_read_the_names_of_a_template_decoded() {
    let server = TestServer::empty();
    server
        .when(get("/users/{id}/{*rest}"))
        .respond_with(|request| format!("{} {}", request.param("id"), request.param("rest")));
    assert_eq!(ask(&server, "GET /users/a%20b/c/d").text(), "a b c/d");
}

#[rstest]
#[case::prefix(any().path(starts_with("/api/")), true)]
#[case::another_prefix(any().path(starts_with("/apx/")), false)]
#[case::suffix(any().path(ends_with(".json")), true)]
#[case::another_suffix(any().path(ends_with(".xml")), false)]
#[case::a_part(any().path(contains("v1")), true)]
#[case::another_part(any().path(contains("v2")), false)]
#[case::a_part_that_crosses_segments(any().path(contains("api/v1")), true)]
#[case::not_this_path(any().path(not("/api/v1/users.json")), false)]
#[case::not_that_path(any().path(not("/api/v1/users.xml")), true)]
#[case::not_this_prefix(any().path(not(starts_with("/api"))), false)]
#[case::one_of_two(any().path(one_of(["/a", "/api/v1/users.json"])), true)]
#[case::one_of_two_templates(any().path(one_of(["/a/{*rest}", "/api/v1/{file}"])), true)]
#[case::none_of_two(any().path(one_of(["/a", "/b"])), false)]
#[case::a_closure(any().path(matching("has three segments", |path| path.split('/').count() == 4)), true)]
#[case::a_method_and_a_prefix(get(starts_with("/api")), true)]
#[case::another_method_and_a_prefix(post(starts_with("/api")), false)]
#[case::both_of_two(get(starts_with("/api")).path(ends_with("json")), true)]
#[case::one_of_both_is_not_enough(get(starts_with("/api")).path(ends_with("xml")), false)]
fn paths_may_be_told_by_a_part_of_them(#[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, line("GET /api/v1/users.json")), fits);
}

#[cfg(feature = "regex")]
#[rstest]
#[case::whole(r"^/users/\d+$", "/users/42", true)]
#[case::not_a_number(r"^/users/\d+$", "/users/ada", false)]
#[case::somewhere(r"\d{2}", "/users/42/posts", true)]
#[case::anchored_at_the_beginning(r"^users", "/users", false)]
#[case::alternatives(r"^/(cats|dogs)$", "/dogs", true)]
#[case::of_the_decoded_path(r"^/a b$", "/a%20b", true)]
#[case::without_the_query(r"page", "/users?page=2", false)]
fn a_regular_expression_finds_its_place_in_a_path(#[case] expression: &str, #[case] target: &str, #[case] fits: bool) {
    assert_eq!(answers(get(regex(expression)), line(&format!("GET {target}"))), fits);
}

#[test]
fn a_query_in_a_path_is_refused_with_advice() {
    tells(&said(|| drop(get("/abcd?page=2"))), &["\"/abcd?page=2\"", "\"/abcd\""]);
}

#[test]
fn a_url_in_the_place_of_a_path_is_refused_with_advice() {
    tells(&said(|| drop(get("https://example.com/abcd"))), &["https://example.com/abcd", "\"/abcd\""]);
}

#[test]
fn a_path_without_its_slash_is_refused_with_advice() {
    tells(&said(|| drop(any().path("hello"))), &["\"hello\"", "\"/hello\""]);
}

#[test]
fn the_absolute_form_of_a_target_has_the_path_of_its_url() {
    assert!(answers(get("/a"), line("GET http://test/a?b=c")));
}
