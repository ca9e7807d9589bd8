//! reqwest without an async runtime of the test's own.

use std::io;

use fixture_server::prelude::*;
use fixture_server_interop::{Check, LARGE, LargeFile, Payload, SMALL, Service};
use reqwest::blocking::{Body, Client};

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

#[test]
fn get_and_head_agree() {
    let service = Service::new();
    let url = service.server.url("/hello.txt");
    let (get, head) = (client().get(&url).send().unwrap(), client().head(&url).send().unwrap());
    for name in ["content-type", "content-length", "last-modified", "server"] {
        assert!(get.headers().contains_key(name), "{name}");
        assert_eq!(get.headers().get(name), head.headers().get(name));
    }
    assert_eq!(get.text().unwrap(), "Hello, fixture!\n");
    assert_eq!(head.text().unwrap(), "");
    assert_eq!(client().get(service.server.url("/none")).send().unwrap().status(), 404);
}

#[test]
fn connections_are_used_again() {
    let service = Service::new();
    let client = client();
    for path in ["/hello.txt", "/nested/", "/payload", "/moved"] {
        client.get(service.server.url(path)).send().unwrap().bytes().unwrap();
    }
    client.head(service.server.url("/hello.txt")).send().unwrap();
    client.post(service.server.url("/upload")).body("text").send().unwrap().text().unwrap();
    // The redirect is a request more.
    assert_eq!(service.connections(), (1..=7).map(|number| (1, number)).collect::<Vec<_>>());
}

#[test]
fn redirects_are_followed() {
    let service = Service::new();
    let client = client();
    for (from, to) in [("/nested?a=b&c=%20", "/nested/?a=b&c=%20"), ("/moved", "/hello.txt?from=moved")] {
        let answer = client.get(service.server.url(from)).send().unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.url().as_str(), service.server.url(to));
    }
}

#[test]
fn a_chunked_upload_arrives() {
    let service = Service::new();
    let body = Body::new(Payload::new(SMALL).reader());
    let answer = client().post(service.server.url("/upload")).body(body).send().unwrap();
    assert_eq!(answer.text().unwrap(), SMALL.to_string());
    let upload = service.upload(SMALL);
    assert_eq!(upload.chunk_sizes().unwrap().iter().sum::<usize>(), SMALL);
    assert_eq!(upload.header("content-length"), None);
}

#[test]
fn one_mebibyte_goes_both_ways() {
    let service = Service::new();
    let body = Body::sized(Payload::new(SMALL).reader(), SMALL as u64);
    let answer = client().put(service.server.url("/upload")).body(body).send().unwrap();
    assert_eq!(answer.text().unwrap(), SMALL.to_string());
    assert_eq!(service.upload(SMALL).chunk_sizes(), None);

    let mut answer = client().get(service.server.url("/payload")).send().unwrap();
    let mut check = Check::default();
    io::copy(&mut answer, &mut check).unwrap();
    assert_eq!(check.length(), SMALL);
}

#[test]
fn a_hundred_mebibytes_are_downloaded() {
    let file = LargeFile::new(LARGE).unwrap();
    let server = file.serve();
    let mut answer = client().get(server.url("/large.bin")).send().unwrap();
    assert_eq!(answer.content_length(), Some(LARGE as u64));
    let mut check = Check::default();
    io::copy(&mut answer, &mut check).unwrap();
    assert_eq!(check.length(), LARGE);
}

#[test]
fn a_hundred_mebibytes_are_uploaded() {
    let service = Service::new();
    let body = Body::sized(Payload::new(LARGE).reader(), LARGE as u64);
    let answer = client().post(service.server.url("/upload")).body(body).send().unwrap();
    assert_eq!(answer.text().unwrap(), LARGE.to_string());
    assert_eq!(service.upload(LARGE).header("content-length"), Some("104857600"));
}

#[test]
fn a_server_that_restarted_is_reached_with_the_same_client() {
    let service = Service::new();
    let client = client();
    let fetch = || client.get(service.server.url("/hello.txt")).send();
    fetch().unwrap().bytes().unwrap();
    service.server.stop();
    assert!(fetch().unwrap_err().is_connect());
    service.server.restart();
    assert_eq!(fetch().unwrap().text().unwrap(), "Hello, fixture!\n");
    service.server.assert_received(get("/hello.txt"), 2);
}
