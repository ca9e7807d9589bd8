//! What widely used clients make of faults: the exit codes of curl, the errors of reqwest.

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use fixture_server::prelude::*;
use reqwest::blocking::Client;

/// Each fault, and what clients see of it.
struct Case {
    what: &'static str,
    response: fn() -> Response,
    /// Any of these exit codes of curl.
    curl: &'static [i32],
    reqwest: fn(&reqwest::Error) -> bool,
}

fn hello() -> Response {
    Response::text("hello")
}

const CASES: &[Case] = &[
    Case { what: "reset", response: || Fault::Reset.into_response(), curl: &[56], reqwest: has_kind_reset },
    Case { what: "close", response: || Fault::Close.into_response(), curl: &[52], reqwest: reqwest::Error::is_request },
    Case {
        what: "half-close",
        response: || Fault::HalfClose.into_response(),
        curl: &[52],
        reqwest: reqwest::Error::is_request,
    },
    Case { what: "stall", response: || Fault::Stall.into_response(), curl: &[28], reqwest: reqwest::Error::is_timeout },
    Case {
        what: "garbage",
        response: || Fault::garbage("SSH-2.0-OpenSSH_9.6\r\n").into_response(),
        curl: &[1],
        reqwest: reqwest::Error::is_request,
    },
    Case {
        what: "a delay beyond the timeout",
        response: || hello().delay(secs(60)),
        curl: &[28],
        reqwest: reqwest::Error::is_timeout,
    },
    Case {
        what: "a body that stops",
        response: || hello().cut_after(2, Fault::Stall),
        curl: &[28],
        reqwest: |error| error.is_timeout() || error.is_body() || error.is_decode(),
    },
    Case {
        what: "a body cut by a close",
        response: || hello().cut_after(2, Fault::Close),
        curl: &[18],
        reqwest: is_of_body,
    },
    Case {
        what: "a body cut by a reset",
        response: || hello().cut_after(2, Fault::Reset),
        curl: &[56],
        reqwest: is_of_body,
    },
    Case {
        what: "a length that is too large",
        response: || hello().content_length(9),
        curl: &[18],
        reqwest: is_of_body,
    },
    Case {
        what: "a bad chunk size",
        response: || hello().fault(Fault::BadChunkSize.at(Stage::Body(2))),
        curl: &[56],
        reqwest: is_of_body,
    },
    Case {
        what: "no last chunk",
        response: || hello().fault(Fault::NoLastChunk),
        curl: &[18, 56],
        reqwest: is_of_body,
    },
];

fn is_of_body(error: &reqwest::Error) -> bool {
    error.is_body() || error.is_decode()
}

fn has_kind_reset(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[test]
fn reqwest_sees_each_fault_for_what_it_is() {
    let server = TestServer::empty();
    let client = Client::builder().no_proxy().timeout(Duration::from_millis(500)).build().unwrap();
    for Case { what, response, reqwest, .. } in CASES {
        let _rule = server.when(get("/")).respond(response()).scoped();
        let error = client.get(server.url("/")).send().and_then(reqwest::blocking::Response::bytes).expect_err(what);
        assert!(reqwest(&error), "{what}: {error:?}");
    }
}

/// The exit code of curl and what it complains of; `None` where it is not installed.
fn curl(server: &TestServer, data: Option<&str>) -> Option<(i32, String)> {
    let mut command = Command::new("curl");
    command.args(["-q", "-sS", "--noproxy", "*", "--max-time", "1"]).arg(server.url("/"));
    command.args(data.into_iter().flat_map(|data| ["--data", data])).stdin(Stdio::null());
    match command.output() {
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            Some((output.status.code().unwrap_or_default(), complaint))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => panic!("curl: {error}"),
    }
}

#[track_caller]
fn assert_curl(server: &TestServer, data: Option<&str>, what: &str, codes: &[i32]) {
    if let Some((code, complaint)) = curl(server, data) {
        assert!(codes.contains(&code), "{what}: {code}, {complaint}");
    }
}

#[test]
fn curl_exits_with_the_code_of_each_fault() {
    let server = TestServer::empty();
    for Case { what, response, curl, .. } in CASES {
        let _rule = server.when(get("/")).respond(response()).scoped();
        assert_curl(&server, None, what, curl);
    }
}

/// What reqwest and curl do not take alike.
#[test]
fn curl_exits_with_the_code_of_each_odd_answer() {
    let server = TestServer::empty();
    let cases: [(&str, Response, &[i32]); 9] = [
        ("a status line of one's own", hello().status_line("HTTP/1.1 2000 OK"), &[1, 8]),
        ("a head that breaks off", hello().fault(Fault::Close.at(Stage::Head(20))), &[0, 8, 52, 56]),
        ("a body that is longer than it says", hello().content_length(2), &[0]),
        ("two lengths", hello().content_length(5).append_header("Content-Length", 6), &[8, 18]),
        ("a reset after the answer", hello().fault(Fault::Reset.at(Stage::After)), &[0]),
        ("a slow body", hello().delay_body(secs(2)), &[28]),
        ("a trickle", hello().throttle(1), &[28]),
        ("an interim response", hello().informational(103, &[("Link", "</a.css>; rel=preload")]), &[0]),
        ("an answer that ends its connection", hello().close(), &[0]),
    ];
    for (what, response, codes) in cases {
        let _rule = server.when(get("/")).respond(response).scoped();
        assert_curl(&server, None, what, codes);
    }
}

#[test]
fn curl_exits_with_the_code_of_what_befalls_connections_and_uploads() {
    let server = TestServer::empty();
    server.when(any()).respond("hello");
    for _ in 0..10 {
        let _down = server.fault(Fault::Reset.at(Stage::Accept));
        assert_curl(&server, None, "a reset as it is connected", &[7, 56]);
    }
    for _ in 0..10 {
        let _down = server.fault(Fault::Close.at(Stage::Accept));
        assert_curl(&server, None, "a close as it is connected", &[52]);
    }
    {
        let _full = server.refuse_connections();
        assert_curl(&server, None, "no new connections", &[7]);
    }
    let upload = "x".repeat(100_000);
    server.when(post("/")).respond(Fault::Reset.at(Stage::RequestBody(100)));
    assert_curl(&server, Some(&upload), "an upload that is reset", &[55, 56]);
    server.when(post("/")).respond(Fault::Stall.at(Stage::RequestBody(0)));
    assert_curl(&server, Some(&upload), "an upload that nobody reads", &[28]);
    server.stop();
    assert_curl(&server, None, "nobody listens", &[7]);

    let slow = TestServer::builder().throttle_requests(1_000).start();
    slow.when(post("/")).respond("hello");
    assert_curl(&slow, Some("short"), "a slow reader of little", &[0]);
    assert_curl(&slow, Some(&upload), "a slow reader", &[28]);
}

/// What works as well as ever, in unusual ways.
#[test]
fn clients_take_chunks_trailers_and_interim_responses() {
    let server = TestServer::empty();
    let odd = Response::text("").chunks(["he", "l", "lo"]).trailer("X-Sum", "5").pause(ms(1));
    server.when(get("/")).respond(odd.informational(103, &[("Link", "</a.css>; rel=preload")]).delay(ms(1)));
    let client = Client::builder().no_proxy().build().unwrap();
    for _ in 0..2 {
        assert_eq!(client.get(server.url("/")).send().unwrap().text().unwrap(), "hello");
    }
    server.assert_connections(1);
}
