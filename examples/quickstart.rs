//! Shows the whole round in one file: serve a directory, answer a closure, assert what was received, print the journal.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;

use fixture_server::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    // A real server on a free port of 127.0.0.1; it accepts connections as soon as this returns.
    let server = TestServer::start("fixtures/site");

    // The directory, as Python's http.server serves it.
    let mut page = ureq::get(server.url("/hello.txt")).call()?;
    assert_eq!(page.headers()["content-type"], "text/plain");
    assert_eq!(page.body_mut().read_to_string()?, "Hello, fixture!\n");

    // A closure for a method and a path. It goes before the directory.
    let users = server.on("POST", "/api/users", |request| (201, format!("made {}", request.body_text())));
    let mut answer = ureq::post(server.url("/api/users?dry=1")).header("X-Request-ID", "7").send("Ada")?;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.body_mut().read_to_string()?, "made Ada");

    // What nothing answers is a 404, and is recorded like everything else.
    assert!(ureq::get(server.url("/missing.txt")).call().is_err());

    // What was received, asserted: the same pattern counts and finds.
    server.assert_received(post("/api/users"), 1);
    server.assert_received(any().path("/admin"), 0);
    users.assert_hits(1);
    let sent = &server.received(post("/api/users"))[0];
    assert_eq!((sent.query("dry"), sent.header("x-request-id")), (Some("1"), Some("7")));
    assert_eq!(sent.body(), b"Ada");

    println!("{} received, in order:", server.base_url());
    for (number, request) in (1..).zip(server.requests()) {
        println!("  #{number} {request}, {} bytes sent", request.bytes_sent());
    }

    // Dropping the server verifies it: if a handler had panicked or failed, the test would fail here.
    Ok(())
}
