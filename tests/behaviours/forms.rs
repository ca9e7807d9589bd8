//! Forms: the `form_urlencoded_tuple_*` tables of httpmock, `UrlEncoded` of mockito, `url_decoded` of httptest, `withFormParam` of
//! `WireMock`.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, ask_with, body, typed};

const FORM: &str = "application/x-www-form-urlencoded";

#[rstest]
#[case::equal("user=ada", post("/").form("user", "ada"), true)]
#[case::another_value("user=bob", post("/").form("user", "ada"), false)]
#[case::another_name("name=ada", post("/").form("user", "ada"), false)]
#[case::names_are_case_sensitive("User=ada", post("/").form("user", "ada"), false)]
#[case::a_plus_is_a_blank("name=Peter+Griffin", post("/").form("name", "Peter Griffin"), true)]
#[case::so_is_percent_20("name=Peter%20Griffin", post("/").form("name", "Peter Griffin"), true)]
#[case::utf_8("name=J%C3%B6rg", post("/").form("name", "Jörg"), true)]
#[case::an_encoded_name("na%6De=x", post("/").form("name", "x"), true)]
#[case::an_encoded_ampersand("a=b%26c%3Dd", post("/").form("a", "b&c=d"), true)]
#[case::a_number("n=7", post("/").form("n", 7), true)]
#[case::any_order("b=2&a=1", post("/").form("a", 1).form("b", 2), true)]
#[case::all_have_to_fit("b=2&a=3", post("/").form("a", 1).form("b", 2), false)]
#[case::repeated_the_first("t=a&t=b", post("/").form("t", "a"), true)]
#[case::repeated_the_second("t=a&t=b", post("/").form("t", "b"), true)]
#[case::repeated_none_of_them("t=a&t=b", post("/").form("t", not("b")), false)]
#[case::there("a=", post("/").form("a", present()), true)]
#[case::not_there("a=", post("/").form("b", present()), false)]
#[case::absent("a=", post("/").form("b", absent()), true)]
#[case::not_absent("a=", post("/").form("a", absent()), false)]
#[case::contains("a=hello", post("/").form("a", contains("ell")), true)]
#[case::starts_with("a=hello", post("/").form("a", starts_with("ell")), false)]
#[case::ends_with("a=hello", post("/").form("a", ends_with("llo")), true)]
#[case::greater("a=10", post("/").form("a", gt(9)), true)]
fn a_field_of_a_form_is_found_decoded(#[case] sent: &str, #[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, typed(FORM, sent)), fits);
}

#[test]
fn parameters_of_the_content_type_do_not_matter() {
    let pattern = post("/").form("user", "ada");
    assert!(answers(&pattern, typed("application/x-www-form-urlencoded; charset=UTF-8", "user=ada")));
    assert!(answers(&pattern, typed("Application/X-WWW-Form-Urlencoded", "user=ada")));
}

#[test]
fn what_is_not_sent_as_a_form_is_none() {
    let pattern = post("/").form("user", "ada");
    assert!(!answers(&pattern, typed("text/plain", "user=ada")));
    assert!(!answers(&pattern, body("user=ada")));
}

#[test]
fn a_form_and_the_query_are_two_things() {
    let pattern = post("/").form("a", 1);
    assert!(!answers(&pattern, crate::asking::sent("POST /?a=1", &[format!("Content-Type: {FORM}")], "b=2")));
}

#[test]
fn handlers_read_the_fields_of_a_form() {
    let server = TestServer::empty();
    server.when(post("/")).respond_with(|request| request.form("name").map(str::to_owned));
    assert_eq!(ask_with(&server, typed(FORM, "name=Ada+L.")).text(), "Ada L.");
    assert_eq!(ask_with(&server, typed(FORM, "other=1")).status(), 404);
}
