//! Requests that are made and not received, for `check` and `explain`.

use fixture_server::prelude::*;
use rstest::rstest;

#[test]
fn a_request_is_made_of_a_method_and_a_target() {
    let request = Request::new("get", "/a%20b?c=d");
    assert_eq!((request.method(), request.target(), request.path()), ("GET", "/a%20b?c=d", "/a b"));
    assert_eq!((request.query("c"), request.body(), request.peer()), (Some("d"), &b""[..], None));
    assert_eq!(request.request_line(), "GET /a%20b?c=d HTTP/1.1");
    assert!(request.headers().is_empty());
}

#[test]
fn fields_stay_in_order_and_as_they_are_spelled() {
    let request =
        Request::new(Method::PUT, "/").with_header("X-B", "1").with_header("x-a", 2).with_header("X-B", " 3\t");
    let fields: Vec<String> =
        request.headers().iter().map(|field| format!("{}={}", field.name(), field.value())).collect();
    assert_eq!(fields, ["X-B=1", "x-a=2", "X-B=3"]);
    assert!(any().header("x-b", "3").header("x-a", 2).check(&request).fits());
}

#[test]
fn a_body_may_come_before_and_behind_the_fields() {
    let json = "application/json";
    let before = Request::new("POST", "/").with_body("[1]").with_header("Content-Type", json);
    let behind = Request::new("POST", "/").with_header("Content-Type", json).with_body(b"[1]");
    for request in [before, behind] {
        assert!(post("/").header("content-type", json).body("[1]").check(&request).fits());
    }
    assert_eq!(Request::new("POST", "/").with_body("one").with_body(vec![0xff]).body(), b"\xff");
}

#[rstest]
#[case::of_a_proxy("GET", "http://host/a?b", "/a")]
#[case::of_the_server_itself("OPTIONS", "*", "*")]
#[case::of_a_tunnel("CONNECT", "host:443", "host:443")]
fn a_target_may_have_every_form(#[case] method: &str, #[case] target: &str, #[case] path: &str) {
    let request = Request::new(method, target);
    assert_eq!((request.target(), request.path()), (target, path));
}

#[test]
fn rules_are_explained_to_it() {
    let server = TestServer::empty();
    server.when(post("/login").form("user", "ada")).named("login").respond(204);
    let login = Request::new("POST", "/login").with_header("Content-Type", "application/x-www-form-urlencoded");
    let rule = server.explain(&login.clone().with_body("user=ada")).rule();
    assert_eq!(rule.as_ref().and_then(Rule::name), Some("login"));
    assert!(server.explain(&login.with_body("user=bob")).rule().is_none());
}
