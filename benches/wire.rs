//! Costs of parsing and encoding: heads, bodies, responses. Requests are pipelined, so that system calls weigh little.

mod support;

use fixture_server::prelude::*;

use support::{Bench, Client, Outcome, get, post};

/// Requests in one write.
const PIPELINED: usize = 64;

fn main() -> Outcome {
    let bench = Bench::from_arguments();
    let server = TestServer::builder().journal_limit(0).start();
    server.on("GET", "/", |_| ());
    server.on("POST", "/", |_| ());
    server.on("GET", "/fields", |_| {
        (0..40).fold(Response::new(200), |response, number| response.append_header(format!("X-Field-{number}"), number))
    });

    let pipelined = |name: &str, request: Vec<u8>| -> Outcome {
        let mut client = Client::connect(&server, request)?.pipelined(PIPELINED);
        bench.run(name, 64, || client.exchange())
    };
    pipelined("head, 1 field", get("/"))?;
    pipelined("head, 10 fields, as a browser sends", with_fields(10))?;
    pipelined("head, 100 fields", with_fields(100))?;
    pipelined("head, target of 4 KiB", get(&format!("/?{}", "q".repeat(4 << 10))))?;
    pipelined("response, 40 fields", get("/fields"))?;
    pipelined("body, 1 KiB by length", post("/", &"x".repeat(1 << 10)))?;
    pipelined("body, 1 KiB in 4 chunks", chunked(4, 256))?;

    let alone = |name: &str, request: Vec<u8>| -> Outcome {
        let mut client = Client::connect(&server, request)?;
        bench.run(name, 1, || client.exchange())
    };
    alone("body, 64 KiB by length", post("/", &"x".repeat(64 << 10)))?;
    alone("body, 64 KiB in 64 chunks", chunked(64, 1 << 10))?;
    alone("body, 64 KiB in 4,096 chunks", chunked(4_096, 16))
}

fn with_fields(count: usize) -> Vec<u8> {
    let fields: Vec<String> =
        (1..count).map(|number| format!("X-Field-{number}: some value of usual length\r\n")).collect();
    format!("GET / HTTP/1.1\r\nHost: test\r\n{}\r\n", fields.concat()).into_bytes()
}

fn chunked(count: usize, size: usize) -> Vec<u8> {
    let chunk = format!("{size:x}\r\n{}\r\n", "x".repeat(size));
    let chunks = chunk.repeat(count);
    format!("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n").into_bytes()
}
