//! Shows the pattern language: which requests a rule answers, how many were promised, what came in which order, and what a
//! failing test says.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;
use std::thread;

use fixture_server::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let server = TestServer::empty();
    let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();

    // Exactly one login is promised; the end of the server checks it.
    server
        .when(post("/login").form("user", "ada").header("accept", contains("json")))
        .named("login")
        .expect(1)
        .respond([("Set-Cookie", "sid=1")]);

    // The newest rule comes first: one 503, then the older rule takes over.
    let orders = get("/orders").cookie("sid", "1").query("page", one_of([absent(), ge(1)]));
    server.when(&orders).respond("[]");
    server.when(&orders).limit(1).respond((503, "try again"));

    // JSON in part and at one place; whatever else the document has does not matter.
    let big_order =
        post("/orders").json_partial(json!({ "customer": { "name": "ada" } })).json_path("/items/0/count", gt(100));
    server.when(&big_order).respond_with(|request| (202, format!("order {} waits for approval", request.hit())));

    client.post(server.url("/login")).header("Accept", "application/json").send_form([("user", "ada")])?;
    for status in [503, 200] {
        assert_eq!(client.get(server.url("/orders?page=2")).header("Cookie", "sid=1").call()?.status(), status);
    }

    // What a background client sends is waited for, without a sleep.
    let url = server.url("/orders");
    let background = client.clone();
    let sender = thread::spawn(move || {
        background.post(url).send(r#"{"customer":{"name":"ada","vip":true},"items":[{"sku":"nut","count":500}]}"#)
    });
    let order = server.next_request(&big_order).wait(secs(5));
    println!("the background client ordered {}", order.body_text());
    assert_eq!(sender.join().map_err(|_| "the sender panicked")??.status(), 202);

    // The same patterns assert.
    server.assert_order([post("/login"), orders, big_order]);
    server.assert_received(any().path("/admin/{*rest}"), 0);
    server.verify();

    // A promise that is not kept: the report shows the request that was nearest, and what of it differs.
    server.when(put("/orders/{id}").json(json!({ "state": "paid", "cents": 1250 }))).expect(1).respond(204);
    let missed = client.put(server.url("/orders/7")).send(r#"{"state":"payed","cents":1250}"#)?;
    println!("\n-- what the client got, {}:\n{}", missed.status(), missed.into_body().read_to_string()?);
    let report = server.try_verify().err().ok_or("the promise was not kept")?;
    println!("-- what the test says:\n{report}");
    assert!(report.to_string().contains(r#"/state: expected "paid", got "payed""#));
    Ok(())
}
