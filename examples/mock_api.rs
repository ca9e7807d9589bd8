//! Shows a stand-in for a JSON API: path parameters, a 404 that is meant, a state machine, errors, a connection that breaks.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::collections::BTreeMap;
use std::error::Error;

use fixture_server::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let server = TestServer::empty();

    // `None` is a 404, so a lookup is all there is to write.
    let users = BTreeMap::from([("1", json!({ "id": 1, "name": "Ada" })), ("2", json!({ "id": 2, "name": "Grace" }))]);
    server.on("GET", "/users/{id}", move |request| users.get(request.param("id")).cloned());

    // A handler that uses `?`: an error answers 500 and fails the test, with the line of this rule in the message.
    server.on("POST", "/users", |request| -> HandlerResult<_> {
        let user: BTreeMap<String, String> = request.json()?;
        let name = user.get("name").ok_or("a user needs a name")?;
        Ok((201, [("Location", "/users/3")], json!({ "id": 3, "name": name })))
    });

    // `hit()` counts from 1: a job that is busy twice and then done, without a lock.
    let job = server.on("GET", "/jobs/7", |request| match request.hit() {
        1 | 2 => (503, [("Retry-After", "0")], json!({ "state": "busy" })),
        _ => (200, [("Retry-After", "0")], json!({ "state": "done" })),
    });

    // The newest rule that fits answers: an outage lasts as long as its guard.
    server.on("GET", "/health", |_| json!({ "up": true }));
    {
        let _outage = server.on("GET", "/health", |_| Fault::Reset).scoped();
        let error = ureq::get(server.url("/health")).call().err().ok_or("a reset is no response")?;
        println!("the client sees of a reset: {error}");
    }
    ureq::get(server.url("/health")).call()?;

    let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut ada = client.get(server.url("/users/1")).call()?;
    assert_eq!(ada.headers()["content-type"], "application/json");
    assert_eq!(ada.body_mut().read_to_string()?, r#"{"id":1,"name":"Ada"}"#);
    assert_eq!(client.get(server.url("/users/9")).call()?.status(), 404);

    let made = client.post(server.url("/users")).send(r#"{"name":"Hedy"}"#)?;
    assert_eq!((made.status().as_u16(), &made.headers()["location"]), (201, &"/users/3".parse()?));

    let mut states = Vec::new();
    while states.last() != Some(&200) {
        states.push(client.get(server.url("/jobs/7")).call()?.status().as_u16());
    }
    assert_eq!(states, [503, 503, 200]);
    job.assert_hits(3);

    // A body that is not what the handler reads: 500, and a failure that dropping the server would raise.
    assert_eq!(client.post(server.url("/users")).send("not JSON")?.status(), 500);
    let report = server.try_verify().err().ok_or("the error of the handler is a failure")?;
    assert!(report.to_string().contains("the handler of POST /users returned an error"));
    println!("{report}");
    Ok(())
}
