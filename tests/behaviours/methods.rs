//! Methods: `method` of wiremock, httpmock and httptest, the first argument of mockito's `mock`.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, ask, line, said, tells};

#[rstest]
#[case::get(get("/"), "GET")]
#[case::post(post("/"), "POST")]
#[case::put(put("/"), "PUT")]
#[case::patch(patch("/"), "PATCH")]
#[case::delete(delete("/"), "DELETE")]
#[case::options(options("/"), "OPTIONS")]
#[case::head(head("/"), "HEAD")]
#[case::one_of_their_own(method("PURGE", "/"), "PURGE")]
#[case::the_type_of_the_http_crate(method(Method::TRACE, "/"), "TRACE")]
fn a_pattern_fits_its_method_and_no_other(#[case] pattern: Pattern, #[case] its: &str) {
    for sent in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PURGE", "TRACE"] {
        assert_eq!(answers(&pattern, line(&format!("{sent} /"))), sent == its, "{sent}");
    }
}

#[test]
fn the_author_may_write_a_method_in_lower_case() {
    assert!(answers(method("get", "/"), line("GET /")));
}

#[test]
fn a_client_that_sends_a_method_in_lower_case_sends_another_method() {
    assert!(!answers(get("/"), line("get /")));
    assert!(answers(any().path("/"), line("get /")));
}

#[test]
fn a_rule_for_get_does_not_answer_head() {
    assert!(!answers(get("/"), line("HEAD /")));
}

#[test]
fn every_method_fits_a_pattern_without_one() {
    for sent in ["GET", "POST", "BREW"] {
        assert!(answers(any(), line(&format!("{sent} /coffee"))), "{sent}");
    }
}

#[test]
fn one_path_answers_each_method_in_its_own_way() {
    let server = TestServer::empty();
    server.when(get("/doc")).respond("text");
    server.when(put("/doc")).respond(204);
    server.when(delete("/doc")).respond(410);
    assert_eq!(ask(&server, "GET /doc").text(), "text");
    assert_eq!(ask(&server, "PUT /doc").status(), 204);
    assert_eq!(ask(&server, "DELETE /doc").status(), 410);
}

#[test]
fn a_method_that_is_no_token_is_a_mistake_of_the_author() {
    let text = said(|| drop(method("GET /", "/")));
    tells(&text, &["\"GET /\""]);
}

#[test]
fn a_method_may_be_text_that_is_borrowed() {
    let purge = String::from("PURGE");
    let server = TestServer::empty();
    server.on(&purge, "/", |_| 204);
    server.when(method(&purge, "/a")).respond(205);
    assert_eq!((ask(&server, "PURGE /").status(), ask(&server, "PURGE /a").status()), (204, 205));
}

#[test]
fn what_is_refused_as_text_may_be_a_method_all_the_same() -> Result<(), http::method::InvalidMethod> {
    let server = TestServer::empty();
    server.on(Method::from_bytes(b"ANY")?, "/", |_| 204);
    assert_eq!((ask(&server, "ANY /").status(), ask(&server, "GET /").status()), (204, 404));
    Ok(())
}
