//! Combined patterns: `all_of`, `any_of`, `not` of httptest, `AnyOf`, `AllOf`, `Missing` of mockito, `*_not` and `and` of httpmock,
//! `and`, `or`, `not` of `WireMock`.

use fixture_server::{IntoMatcher, prelude::*};
use rstest::rstest;

use crate::asking::{answers, fields, line, sent};

#[rstest]
#[case::the_first("GET /a", true)]
#[case::the_second("POST /b", true)]
#[case::a_mixture("POST /a", false)]
#[case::neither("GET /c", false)]
fn any_of_fits_if_one_of_them_does(#[case] request: &str, #[case] fits: bool) {
    assert_eq!(answers(any_of([get("/a"), post("/b")]), line(request)), fits);
}

#[rstest]
#[case::both(&["X-A: 1", "X-B: 2"], true)]
#[case::one(&["X-A: 1"], false)]
#[case::the_other(&["X-B: 2"], false)]
#[case::none(&[], false)]
fn all_of_fits_if_all_of_them_do(#[case] sent: &[&str], #[case] fits: bool) {
    assert_eq!(answers(all_of([any().header("x-a", 1), any().header("x-b", 2)]), fields(sent)), fits);
}

#[test]
fn all_of_two_methods_fits_nothing() {
    let both = all_of([get("/a"), post("/a")]);
    assert!(!answers(&both, line("GET /a")));
    assert!(!answers(&both, line("POST /a")));
}

#[test]
fn all_of_two_paths_wants_both() {
    let both = all_of([any().path("/a/{x}"), any().path("/{x}/b")]);
    assert!(answers(&both, line("GET /a/b")));
    assert!(!answers(&both, line("GET /a/c")));
}

#[rstest]
#[case::what_it_is_not("GET /a", false)]
#[case::anything_else("GET /b", true)]
#[case::another_method("POST /a", true)]
fn a_pattern_may_exclude_another(#[case] request: &str, #[case] fits: bool) {
    assert_eq!(answers(any().not(get("/a")), line(request)), fits);
}

#[test]
fn several_exclusions_all_hold() {
    let pattern = get("/{*rest}").not(any().path("/admin")).not(any().query("debug", present()));
    assert!(answers(&pattern, line("GET /home")));
    assert!(!answers(&pattern, line("GET /admin")));
    assert!(!answers(&pattern, line("GET /home?debug")));
}

#[test]
fn combinations_nest() {
    let pattern =
        any_of([all_of([get("/a"), any().query("x", 1)]), any().path("/b").not(any_of([put("/b"), post("/b")]))]);
    assert!(answers(&pattern, line("GET /a?x=1")));
    assert!(!answers(&pattern, line("GET /a?x=2")));
    assert!(answers(&pattern, line("DELETE /b")));
    assert!(!answers(&pattern, line("POST /b")));
}

#[test]
fn a_combination_can_be_refined_further() {
    let pattern = any_of([get("/a"), get("/b")]).header("x-token", "1");
    assert!(answers(&pattern, sent("GET /b", &["X-Token: 1"], "")));
    assert!(!answers(&pattern, line("GET /b")));
}

#[rstest]
#[case::the_first(&["Via: gin"], true)]
#[case::the_second(&["Via: bar"], true)]
#[case::neither(&["Via: foo"], false)]
#[case::missing_fits_too(&[], true)]
fn a_value_may_be_one_of_several_or_missing(#[case] sent: &[&str], #[case] fits: bool) {
    let pattern = any().header("via", one_of(["gin".into_matcher(), starts_with("b"), absent()]));
    assert_eq!(answers(pattern, fields(sent)), fits);
}

#[rstest]
#[case::neither(&["Via: foo"], true)]
#[case::one_of_them(&["Via: gin"], false)]
#[case::missing(&[], false)]
fn a_value_may_be_none_of_several(#[case] sent: &[&str], #[case] fits: bool) {
    assert_eq!(answers(any().header("via", not(one_of(["gin", "bar"]))), fields(sent)), fits);
}

#[test]
fn one_pattern_serves_many_rules_and_questions() {
    let pattern = get("/a").query("n", present());
    let servers = [TestServer::empty(), TestServer::empty()];
    for server in &servers {
        server.when(&pattern).expect(1).respond(204);
        crate::asking::ask(server, "GET /a?n=1");
        server.assert_received(&pattern, 1);
        server.verify();
    }
}
