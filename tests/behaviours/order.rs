//! Order: `takeRequest` of `MockWebServer`, and what users of the others write by hand over the list of received requests.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{ask, said, tells};

fn received(lines: &[&str]) -> TestServer {
    let server = TestServer::empty();
    for line in lines {
        ask(&server, line);
    }
    server
}

#[rstest]
#[case::as_it_came(&["GET /a", "GET /b", "GET /c"])]
#[case::with_others_between(&["GET /a", "GET /x", "GET /b", "POST /b", "GET /c"])]
#[case::with_others_around(&["GET /x", "GET /a", "GET /b", "GET /c", "GET /x"])]
#[case::after_a_false_start(&["GET /b", "GET /a", "GET /b", "GET /c"])]
fn others_may_lie_between_what_is_in_order(#[case] lines: &[&str]) {
    received(lines).assert_order([get("/a"), get("/b"), get("/c")]);
}

#[rstest]
#[case::the_other_way_round(&["GET /b", "GET /a"])]
#[case::one_is_missing(&["GET /a"])]
#[case::nothing_came(&[])]
fn what_is_not_in_order_fails(#[case] lines: &[&str]) {
    let server = received(lines);
    tells(&said(|| server.assert_order([get("/a"), get("/b")])), &["GET /b"]);
}

#[test]
fn the_same_twice_takes_two_requests() {
    received(&["GET /a", "GET /a"]).assert_order([get("/a"), get("/a")]);
    let server = received(&["GET /a"]);
    said(|| server.assert_order([get("/a"), get("/a")]));
}

#[test]
fn the_strict_form_allows_nothing_between() {
    received(&["GET /a", "GET /b"]).assert_exact_order([get("/a"), get("/b")]);
    let server = received(&["GET /a", "GET /x", "GET /b"]);
    tells(&said(|| server.assert_exact_order([get("/a"), get("/b")])), &["GET /x"]);
}

#[rstest]
#[case::one_more(&["GET /a", "GET /b", "GET /c"])]
#[case::one_less(&["GET /a"])]
#[case::the_other_way_round(&["GET /b", "GET /a"])]
fn the_strict_form_wants_exactly_these(#[case] lines: &[&str]) {
    let server = received(lines);
    said(|| server.assert_exact_order([get("/a"), get("/b")]));
}

#[test]
fn patterns_of_all_kinds_can_be_ordered() {
    let server = received(&["POST /login", "GET /users/7?page=2"]);
    server.assert_order([post("/login"), any().query("page", 2)]);
}

#[test]
fn of_no_patterns_the_order_always_holds() {
    let server = TestServer::empty();
    ask(&server, "GET /");
    server.assert_order(Vec::<Pattern>::new());
    said(|| server.assert_exact_order(Vec::<Pattern>::new()));
}
