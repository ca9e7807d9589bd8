//! Costs that a test feels: starting and dropping servers, requests over kept connections, files, bodies, many rules.

mod support;

use std::fs;
use std::io;

use fixture_server::prelude::*;

use support::{Bench, Client, Outcome, get, post};

fn main() -> Outcome {
    let bench = Bench::from_arguments();
    life_of_a_server(&bench)?;
    kept_connections(&bench)?;
    files_and_bodies(&bench)?;
    many_rules(&bench)
}

/// Nothing is kept, so that a long run measures the same as a short one.
fn server() -> TestServer {
    TestServer::builder().journal_limit(0).start()
}

fn life_of_a_server(bench: &Bench) -> Outcome {
    bench.run("start and drop", 1, || {
        drop(TestServer::empty());
        Ok(())
    })?;
    bench.run("start, first request and drop", 1, || {
        let server = TestServer::empty();
        server.on("GET", "/", |_| "hello");
        Client::connect(&server, get("/")).map(drop)
    })?;
    bench.run("start and drop of 200 servers at once, each", 200, || {
        let servers: Vec<TestServer> = (0..200).map(|_| TestServer::empty()).collect();
        drop(servers);
        Ok(())
    })
}

fn kept_connections(bench: &Bench) -> Outcome {
    let server = server();
    server.on("GET", "/", |_| "hello");
    let mut client = Client::connect(&server, get("/"))?;
    bench.run("request, 1 connection", 1, || client.exchange())?;
    let mut clients = (0..32).map(|_| Client::connect(&server, get("/"))).collect::<io::Result<Vec<Client>>>()?;
    bench.run("request, 32 connections in turn", 32, || {
        clients.iter_mut().try_for_each(Client::send)?;
        clients.iter_mut().try_for_each(Client::receive)
    })
}

fn files_and_bodies(bench: &Bench) -> Outcome {
    let dir = tempfile::tempdir()?;
    fs::write(dir.path().join("1k.bin"), [7; 1 << 10])?;
    fs::write(dir.path().join("64k.bin"), vec![7; 64 << 10])?;
    let server = TestServer::builder().dir(&dir).journal_limit(0).start();
    server.on("POST", "/", |_| ());
    server.on("GET", "/handler", |_| vec![7_u8; 64 << 10]);

    for (name, request) in [
        ("file of 1 KiB", get("/1k.bin")),
        ("file of 64 KiB", get("/64k.bin")),
        ("64 KiB of a handler", get("/handler")),
        ("POST of 64 KiB", post("/", &"x".repeat(64 << 10))),
    ] {
        let mut client = Client::connect(&server, request)?;
        bench.run(name, 1, || client.exchange())?;
    }
    Ok(())
}

fn many_rules(bench: &Bench) -> Outcome {
    for (name, count, template) in [
        ("1 rule", 1, false),
        ("1,000 rules, the oldest fits", 1_000, false),
        ("1 rule with a placeholder", 1, true),
        ("1,000 rules with placeholders, the oldest fits", 1_000, true),
    ] {
        let server = server();
        for number in 0..count {
            let end = if template { "{id}" } else { "7" };
            server.on("GET", format!("/rule{number}/{end}"), |_| "hello");
        }
        let mut client = Client::connect(&server, get("/rule0/7"))?;
        bench.run(name, 1, || client.exchange())?;
    }
    Ok(())
}
