//! Recorded requests without what varies from run to run.

mod raw;

use expect_test::expect;
use fixture_server::prelude::*;

use raw::{Raw, Test, client, exchange};

/// What came of one request, sent as it stands.
fn received(request: impl AsRef<[u8]>) -> Result<RecordedRequest, Box<dyn std::error::Error>> {
    let server = TestServer::empty();
    let mut raw = Raw::connect(&server)?;
    raw.send(request)?;
    raw.answer()?;
    Ok(server.received_one(any()))
}

#[test]
fn names_are_in_lower_case_and_sorted_and_repeated_ones_in_their_order() -> Test {
    let request = received("GET /b?a HTTP/1.1\r\nX-b: 2\r\nhost: test\r\nX-A: 1\r\nx-B: 1\r\n\r\n")?;
    expect![[r"
        GET /b?a
        host: test
        x-a: 1
        x-b: 2
        x-b: 1"]]
    .assert_eq(&request.snapshot().to_string());
    Ok(())
}

#[test]
fn host_and_port_are_replaced_wherever_they_stand() -> Test {
    let server = TestServer::empty();
    let (base, back) = (server.base_url(), server.base_url().replace(':', "%3A").replace('/', "%2F"));
    client()
        .post(format!("{base}/login?back={back}%2Fhome"))
        .header("Origin", &base)
        .send(format!("go to {base}/a"))?;

    let snapshot = server.requests()[0].snapshot().without_header("User-Agent").without_header("content-length");
    expect![[r"
        POST /login?back=http%3A%2F%2F[host]%2Fhome
        accept: */*
        host: [host]
        origin: http://[host]

        go to http://[host]/a"]]
    .assert_eq(&snapshot.to_string());
    let named = snapshot.host("api.test").without_header("accept");
    assert_eq!(
        named.to_string(),
        "POST /login?back=http%3A%2F%2Fapi.test%2Fhome\nhost: api.test\norigin: http://api.test\n\ngo to http://api.test/a"
    );
    Ok(())
}

#[test]
fn a_host_that_is_no_local_address_stays() -> Test {
    let request = received("GET / HTTP/1.1\r\nHost: api.example:80\r\nReferer: http://api.example:80/\r\n\r\n")?;
    assert_eq!(request.snapshot().to_string(), "GET /\nhost: api.example:80\nreferer: http://api.example:80/");
    Ok(())
}

#[test]
fn trailers_refusals_and_bytes_have_their_places() -> Test {
    let request = received(
        b"PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\x00\xff\r\n0\r\nX-Sum: 7\r\n\r\n",
    )?;
    expect![[r"
        PUT /
        host: test
        transfer-encoding: chunked
        (trailer) x-sum: 7

        (hex) 00ff"]]
    .assert_eq(&request.snapshot().to_string());

    let server = TestServer::empty();
    exchange(&server, "GET /a HTTP/1.1\r\nX: 1\r\n\r\n")?;
    let snapshot = server.requests()[0].snapshot();
    assert_eq!(snapshot.to_string(), "GET /a\n(refused: an HTTP/1.1 request needs a Host header field)");
    Ok(())
}

#[test]
fn the_same_request_to_two_servers_has_the_same_snapshot() -> Test {
    let servers = [TestServer::empty(), TestServer::empty()];
    for server in &servers {
        client().post(server.url("/a")).send(server.url("/b"))?;
    }
    let [one, other] = servers.each_ref().map(|server| server.requests()[0].snapshot());
    assert_eq!(one, other);
    assert_ne!(one.clone().host("another"), other);
    assert_ne!(one.without_header("user-agent"), other);
    Ok(())
}

#[cfg(feature = "json")]
#[test]
fn it_serialises_in_a_fixed_order_with_json_as_json() -> Test {
    let server = TestServer::empty();
    let json = json!({"b": [1, 2.5], "a": {"callback": server.url("/done")}});
    client()
        .post(server.url("/jobs"))
        .header("X-A", "1")
        .header("X-A", "2")
        .content_type("application/vnd.api+json; charset=utf-8")
        .send(json.to_string())?;
    let snapshot = server.requests()[0].snapshot().without_header("user-agent").without_header("content-length");
    expect![[r#"
        {
          "method": "POST",
          "target": "/jobs",
          "headers": {
            "accept": "*/*",
            "content-type": "application/vnd.api+json; charset=utf-8",
            "host": "[host]",
            "x-a": [
              "1",
              "2"
            ]
          },
          "body": {
            "a": {
              "callback": "http://[host]/done"
            },
            "b": [
              1,
              2.5
            ]
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&snapshot)?);
    Ok(())
}

#[cfg(feature = "json")]
#[test]
fn bytes_trailers_and_refusals_serialise() -> Test {
    let request = received(
        b"PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\x00\xff\r\n0\r\nX-Sum: 7\r\n\r\n",
    )?;
    assert_eq!(
        serde_json::to_string(&request)?,
        r#"{"method":"PUT","target":"/","headers":{"host":"test","transfer-encoding":"chunked"},"body":{"hex":"00ff"},"trailers":{"x-sum":"7"}}"#
    );
    let request =
        received("PUT / HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{no}")?;
    let value = serde_json::to_value(&request)?;
    assert_eq!(value["body"], "{no}", "what is no JSON is text");

    let server = TestServer::empty();
    exchange(&server, "GET /a HTTP/1.1\r\nX: 1\r\n\r\n")?;
    assert_eq!(serde_json::to_value(server.requests())?[0]["refusal"].as_str(), server.requests()[0].refusal());
    Ok(())
}
