//! JSON bodies: `body_json` and `body_partial_json` of wiremock, `json_body*` of httpmock, mockito's `Json` and `PartialJson`,
//! httptest's `json_decoded`, `matchingJsonPath` of `WireMock`.

use std::collections::BTreeMap;

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, body, line, tells};

#[rstest]
#[case::the_same(r#"{"a":1,"b":[true,null]}"#, json!({ "a": 1, "b": [true, null] }), true)]
#[case::another_order_of_members(r#"{"b":2,"a":1}"#, json!({ "a": 1, "b": 2 }), true)]
#[case::blanks_between(" { \"a\" :\n1 } ", json!({ "a": 1 }), true)]
#[case::an_escape(r#"{"a":"\u0041"}"#, json!({ "a": "A" }), true)]
#[case::another_value(r#"{"a":2}"#, json!({ "a": 1 }), false)]
#[case::another_type(r#"{"a":"1"}"#, json!({ "a": 1 }), false)]
#[case::a_member_more(r#"{"a":1,"b":2}"#, json!({ "a": 1 }), false)]
#[case::a_member_less(r#"{"a":1}"#, json!({ "a": 1, "b": 2 }), false)]
#[case::null_is_a_member(r#"{"a":1,"b":null}"#, json!({ "a": 1 }), false)]
#[case::another_order_of_elements("[2,1]", json!([1, 2]), false)]
#[case::an_element_more("[1,2,3]", json!([1, 2]), false)]
#[case::numbers_by_their_value("[10, 1e1, 10.0]", json!([10.0, 10, 10]), true)]
#[case::large_numbers_exactly("9007199254740993", json!(9_007_199_254_740_992_u64), false)]
#[case::a_text("\"hello\"", json!("hello"), true)]
#[case::a_text_that_is_not_json("hello", json!("hello"), false)]
#[case::null("null", json!(null), true)]
#[case::an_empty_object("{}", json!({}), true)]
#[case::an_object_is_no_array("{}", json!([]), false)]
#[case::broken_json(r#"{"a":1"#, json!({ "a": 1 }), false)]
#[case::two_documents(r#"{"a":1}{"a":1}"#, json!({ "a": 1 }), false)]
fn a_body_is_equal_json(#[case] sent: &str, #[case] expected: serde_json::Value, #[case] fits: bool) {
    assert_eq!(answers(post("/").json(expected), body(sent)), fits);
}

#[rstest]
#[case::a_member_of_several(r#"{"a":1,"b":2}"#, json!({ "a": 1 }), true)]
#[case::deep_down(r#"{"a":1,"b":2,"c":{"d":1,"e":2}}"#, json!({ "a": 1, "c": { "e": 2 } }), true)]
#[case::deep_down_and_different(r#"{"a":1,"c":{"d":1,"e":3}}"#, json!({ "a": 1, "c": { "e": 2 } }), false)]
#[case::a_member_is_missing(r#"{"b":2}"#, json!({ "a": 1 }), false)]
#[case::the_whole(r#"{"a":1}"#, json!({ "a": 1 }), true)]
#[case::nothing_asked_for(r#"{"a":1}"#, json!({}), true)]
#[case::arrays_have_the_same_length(r#"{"a":[1,2,3]}"#, json!({ "a": [1, 2] }), false)]
#[case::objects_in_arrays_may_have_more(r#"{"a":[{"x":1,"y":2}]}"#, json!({ "a": [{ "x": 1 }] }), true)]
#[case::null_has_to_be_there(r#"{"a":1}"#, json!({ "b": null }), false)]
#[case::null_is_null(r#"{"b":null,"c":1}"#, json!({ "b": null }), true)]
#[case::another_type(r#"{"a":{"b":1}}"#, json!({ "a": [] }), false)]
fn a_body_contains_json(#[case] sent: &str, #[case] expected: serde_json::Value, #[case] fits: bool) {
    assert_eq!(answers(post("/").json_partial(expected), body(sent)), fits);
}

#[rstest]
#[case::a_member("/user/name", "ada", true)]
#[case::another_value("/user/name", "bob", false)]
#[case::a_number("/user/age", 36, true)]
#[case::a_number_by_its_value("/user/age", 36.0, true)]
#[case::a_text_is_no_number("/user/age", "36", false)]
#[case::a_number_is_no_text("/user/zip", 1234, false)]
#[case::a_bool("/user/admin", true, true)]
#[case::an_element("/tags/1", "b", true)]
#[case::beyond_the_end("/tags/2", "c", false)]
#[case::an_escaped_slash("/a~1b", 1, true)]
#[case::an_escaped_tilde("/m~0n", 2, true)]
#[case::a_part_of_the_document("/tags", json!(["a", "b"]), true)]
#[case::null("/user/boss", json!(null), true)]
fn a_pointer_finds_a_value(#[case] pointer: &str, #[case] value: impl fixture_server::IntoMatcher, #[case] fits: bool) {
    assert_eq!(answers(post("/").json_path(pointer, value), body(DOCUMENT)), fits);
}

const DOCUMENT: &str = r#"{
    "user": { "name": "ada", "age": 36, "zip": "1234", "admin": true, "boss": null },
    "tags": ["a", "b"], "a/b": 1, "m~n": 2
}"#;

#[rstest]
#[case::greater("/user/age", gt(30), true)]
#[case::not_greater("/user/age", gt(36), false)]
#[case::at_most("/user/age", le(36), true)]
#[case::a_text_is_no_number("/user/zip", gt(1), false)]
#[case::contains("/user/name", contains("d"), true)]
#[case::starts_with("/user/name", starts_with("d"), false)]
#[case::there("/user/name", present(), true)]
#[case::null_is_there("/user/boss", present(), true)]
#[case::not_there("/user/mail", present(), false)]
#[case::absent("/user/mail", absent(), true)]
#[case::not_absent("/user/name", absent(), false)]
#[case::below_what_is_no_object("/user/name/first", absent(), true)]
#[case::not_this_one("/user/name", not("bob"), true)]
#[case::one_of("/user/name", one_of(["ada", "bob"]), true)]
#[case::a_closure("/user/name", matching("three letters", |name| name.len() == 3), true)]
#[case::the_whole("", present(), true)]
fn a_value_at_a_pointer_may_be_told_by_a_matcher(
    #[case] pointer: &str,
    #[case] matcher: fixture_server::Matcher,
    #[case] fits: bool,
) {
    assert_eq!(answers(post("/").json_path(pointer, matcher), body(DOCUMENT)), fits);
}

#[test]
fn whatever_serialises_can_be_compared_with() {
    let expected = BTreeMap::from([("a", 1), ("b", 2)]);
    assert!(answers(post("/").json(&expected), body(r#"{"b":2,"a":1}"#)));
    assert!(!answers(post("/").json(&expected), body(r#"{"b":2,"a":3}"#)));
    assert!(answers(post("/").json_partial([1, 2]), body("[1,2]")));
}

#[test]
fn the_content_type_of_json_is_not_looked_at() {
    assert!(answers(post("/").json(json!([1])), crate::asking::typed("text/plain", "[1]")));
}

#[test]
fn a_request_without_a_body_has_no_json() {
    assert!(!answers(post("/").json(json!({})), line("POST /")));
    assert!(!answers(post("/").json_path("/a", present()), line("POST /")));
}

#[test]
fn a_typed_body_is_for_closures() {
    let pattern = post("/").matching("three numbers", |request| request.json::<[i64; 3]>().is_ok());
    assert!(answers(&pattern, body("[1, 2, 3]")));
    assert!(!answers(&pattern, body("[1, 2]")));
}

#[test]
fn every_place_that_differs_is_told_with_its_pointer() {
    let server = TestServer::empty();
    let expected = post("/").json(json!({ "user": { "name": "ada" }, "age": 36 }));
    server.when(&expected).respond(200);
    let miss = crate::asking::ask_with(&server, body(r#"{"user":{"name":"bob"},"extra":true}"#));
    assert_eq!(miss.status(), 404);
    let text = miss.text();
    tells(&text, &["/user/name: expected \"ada\", got \"bob\""]);
    tells(&text, &["/age: expected 36, got nothing"]);
    tells(&text, &["/extra: expected nothing, got true"]);
}

#[test]
fn a_pointer_in_another_notation_is_refused_with_advice() {
    tells(&crate::asking::said(|| drop(any().json_path("$.user.age", 1))), &["\"$.user.age\"", "/user/age"]);
    tells(&crate::asking::said(|| drop(any().json_path("user.age", 1))), &["\"user.age\"", "/user/age"]);
}
