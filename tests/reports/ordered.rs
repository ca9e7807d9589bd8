//! Assertions on the order in which requests came.

use expect_test::expect;
use fixture_server::prelude::*;

use crate::{assert_told, get_of, send};

#[test]
fn the_wrong_way_round() {
    let server = TestServer::empty();
    send(&server, "POST", "/b", &[], b"");
    get_of(&server, "/a");
    assert_told(
        || server.assert_order([get("/a"), post("/b"), get("/c")]),
        &expect![[r#"
            expected POST /b after GET /a, but it came only before

            expected, in this order:
              ✓ GET /a is #2
              ✗ POST /b is only #1, which came before
              · GET /c

            received, in order (→ fits):
              #1 POST /b 404
            → #2 GET /a 404"#]],
    );
}

#[test]
fn one_of_a_row_is_missing() {
    let server = TestServer::empty();
    for target in ["/a", "/x", "/b2"] {
        get_of(&server, target);
    }
    assert_told(
        || server.assert_order([get("/a"), get("/b")]),
        &expect![[r#"
            expected GET /b after GET /a, but it never came

            expected, in this order:
              ✓ GET /a is #1
              ✗ GET /b

            the nearest of the 2 requests after #1 is #3, which differs in 1 of 2 parts:
              GET /b2 404
              ✓ method
              ✗ path: expected /b, got /b2

            received, in order (→ fits):
            → #1 GET /a 404
              #2 GET /x 404
              #3 GET /b2 404"#]],
    );
}

#[test]
fn the_same_request_cannot_stand_for_two() {
    let server = TestServer::empty();
    get_of(&server, "/a");
    assert_told(
        || server.assert_order([get("/a"), get("/a")]),
        &expect![[r#"
            expected GET /a after GET /a, but it never came again

            expected, in this order:
              ✓ GET /a is #1
              ✗ GET /a

            received, in order (→ fits):
            → #1 GET /a 404"#]],
    );
}

#[test]
fn another_request_than_the_one_in_the_row() {
    let server = TestServer::empty();
    get_of(&server, "/a");
    send(&server, "POST", "/b", &[("X-Id", "8")], b"");
    get_of(&server, "/d");
    assert_told(
        || server.assert_exact_order([get("/a"), post("/b").header("x-id", "7"), get("/c"), get("/d")]),
        &expect![[r#"
            expected POST /b, header x-id: "7" as request 2 of 4, but POST /b came

            #2 differs in 1 of 3 parts:
              POST /b 404
              ✓ method
              ✓ path
              ✗ header x-id: expected "7", got "8"

            received, in order, against what was expected:
              ✓ #1 GET /a 404
              ✗ #2 POST /b 404: expected POST /b, header x-id: "7"
              ✗ #3 GET /d 404: expected GET /c
              ✗ nothing: expected GET /d"#]],
    );
}

#[test]
fn more_than_the_exact_row() {
    let server = TestServer::empty();
    get_of(&server, "/a");
    get_of(&server, "/favicon.ico");
    assert_told(
        || server.assert_exact_order([get("/a")]),
        &expect![[r#"
            expected exactly 1 request, but 2 came: the first beyond is GET /favicon.ico

            received, in order, against what was expected:
              ✓ #1 GET /a 404
              ✗ #2 GET /favicon.ico 404: expected nothing more"#]],
    );
}

#[test]
fn fewer_than_the_exact_row() {
    let server = TestServer::empty();
    get_of(&server, "/a");
    assert_told(
        || server.assert_exact_order([get("/a"), delete("/a")]),
        &expect![[r#"
            expected exactly 2 requests, but 1 came: DELETE /a did not

            received, in order, against what was expected:
              ✓ #1 GET /a 404
              ✗ nothing: expected DELETE /a"#]],
    );
}

#[test]
fn many_more_than_the_exact_row() {
    let server = TestServer::empty();
    (0..12).for_each(|at| drop(get_of(&server, &format!("/{at}"))));
    assert_told(
        || server.assert_exact_order([get("/0")]),
        &expect![[r#"
        expected exactly 1 request, but 12 came: the first beyond is GET /1

        received, in order, against what was expected:
          ✓ #1 GET /0 404
          ✗ #2 to #12: 11 requests more than expected"#]],
    );
}
