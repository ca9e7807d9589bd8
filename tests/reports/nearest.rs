//! Which request, and which rule, a report calls the nearest.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::{get_of, panic_of, post_of, send};

/// The number of the request that is called the nearest.
#[track_caller]
fn nearest(server: &TestServer, pattern: &Pattern) -> usize {
    let text = panic_of(|| server.assert_received(pattern, 1));
    let (_, rest) = text.split_once(" is #").unwrap_or_else(|| panic!("{text}"));
    rest[..rest.find(',').unwrap()].parse().unwrap()
}

#[cfg(feature = "json")]
const JSON: &str = "application/json";

#[cfg(feature = "json")]
#[test]
fn of_two_rules_the_one_whose_json_differs_less() {
    let server = TestServer::empty();
    server.when(post("/rpc").json(json!({"id": 1, "method": "add", "params": [1, 2]}))).named("older").respond(200);
    server.when(post("/rpc").json(json!({"id": 2, "method": "sub", "params": [3, 4]}))).named("newer").respond(200);
    let (_, text) = post_of(&server, "/rpc", JSON, r#"{"id":1,"method":"add","params":[1,3]}"#);
    assert!(text.contains("the nearest of 2 rules is \"older\""), "{text}");
}

#[cfg(feature = "json")]
#[test]
fn of_two_requests_the_one_whose_json_differs_less() {
    let server = TestServer::empty();
    let document = |first: usize| {
        let members = (0..200).map(|at| (format!("m{at}"), json!(if at == 0 { first } else { at })));
        serde_json::Value::Object(members.collect())
    };
    post_of(&server, "/", JSON, document(7).to_string());
    post_of(&server, "/", JSON, "{}");
    post_of(&server, "/", JSON, "[]");
    post_of(&server, "/", JSON, "no json");
    assert_eq!(nearest(&server, &post("/").json(document(1))), 1);
    assert_eq!(nearest(&server, &post("/").json_path("/m0", 8)), 1);
}

#[rstest]
#[case::a_query(get("/").query("page", "overview"), &["/?page=overviewx", "/?page=2", "/?size=overview", "/"])]
#[case::a_second_value(get("/").query("page", "overview"), &["/?page=1&page=overvie", "/?page=2"])]
#[case::a_number(get("/").query("page", 1234), &["/?page=1235", "/?page=9"])]
#[case::one_of_several(get("/").query("page", one_of(["one", "overview"])), &["/?page=overvie", "/?page=zzz"])]
fn the_value_that_differs_less(#[case] pattern: Pattern, #[case] targets: &[&str]) {
    let server = TestServer::empty();
    for target in targets {
        get_of(&server, target);
    }
    assert_eq!(nearest(&server, &pattern), 1);
}

#[test]
fn the_header_field_that_differs_less() {
    let server = TestServer::empty();
    for value in ["Bearer abcdefgi", "Bearer x", "Basic abcdefgh"] {
        send(&server, "GET", "/", &[("Authorization", value)], b"");
    }
    assert_eq!(nearest(&server, &get("/").header("authorization", "Bearer abcdefgh")), 1);
}

#[test]
fn the_body_that_differs_less() {
    let server = TestServer::empty();
    let text = |middle: &str| format!("{}{middle}{}", "a\n".repeat(5_000), "b\n".repeat(5_000));
    post_of(&server, "/", "text/plain", text("x"));
    post_of(&server, "/", "text/plain", text(&"y".repeat(100)));
    post_of(&server, "/", "text/plain", "a\n");
    assert_eq!(nearest(&server, &post("/").body(text("z"))), 1);
}

#[test]
fn of_equally_near_ones_the_newest() {
    let server = TestServer::empty();
    get_of(&server, "/?page=3");
    get_of(&server, "/?page=4");
    assert_eq!(nearest(&server, &get("/").query("page", "2")), 2);
}

#[cfg(feature = "json")]
#[test]
fn all_requests_to_a_path_are_looked_at() {
    let server = TestServer::empty();
    for at in 1..=40 {
        let tenant = if at == 4 { "a" } else { "b" };
        let body = format!(r#"{{"at":{at}}}"#);
        let fields = [("X-Tenant", tenant), ("Content-Type", JSON)];
        send(&server, "POST", "/m", &fields, body.as_bytes());
    }
    assert_eq!(nearest(&server, &post("/m").header("x-tenant", "a").json(json!({"at": 0}))), 4);
    let asked = post("/m").header("x-tenant", "a").matching("signed", |_| false);
    assert_eq!(nearest(&server, &asked), 4);
    assert_eq!(nearest(&server, &post("/m").json(json!({"at": 3, "x": 1}))), 3);
    assert_eq!(nearest(&server, &post("/m").header("x-tenant", "b").json_path("/at", "14")), 14);
}

#[test]
fn all_rules_of_a_path_are_looked_at() {
    let server = TestServer::empty();
    for at in 0..40 {
        server.when(post("/m").query("tenant", format!("{at:08}")).body("x")).respond(200);
    }
    let (_, text) = post_of(&server, "/m?tenant=00000003", "text/plain", "y");
    assert!(text.contains("the nearest of 40 rules is POST /m, query tenant: \"00000003\""), "{text}");
    let (_, text) = post_of(&server, "/m?tenant=0000000x3", "text/plain", "x");
    assert!(text.contains("the nearest of 40 rules is POST /m, query tenant: \"00000003\""), "{text}");
}

#[test]
fn of_a_path_every_segment_counts() {
    let server = TestServer::empty();
    server.on("GET", "/api/resource7/item/{id}", |_| 200);
    get_of(&server, "/api/resources7/item/3/details");
    get_of(&server, "/api/resource7/item/7");
    assert_eq!(nearest(&server, &get("/api/resource7/item/3/details")), 1);
}

#[test]
fn of_equally_near_ones_what_no_rule_answered() {
    let server = TestServer::empty();
    server.on("GET", "/users/b", |_| 200);
    get_of(&server, "/users/c");
    get_of(&server, "/users/b");
    assert_eq!(nearest(&server, &get("/users/a")), 1);
}

#[cfg(feature = "json")]
#[test]
fn of_several_alternatives_the_nearest_counts() {
    let server = TestServer::empty();
    let pattern = any_of([post("/a").json(json!({"a": 1, "b": 2})), put("/a").body("x")]);
    for body in [r#"{"a":1,"b":3}"#, r#"{"a":3,"b":3}"#, "none"] {
        post_of(&server, "/a", JSON, body);
    }
    assert_eq!(nearest(&server, &pattern), 1);
}
