//! reqwest on tokio. The server is used as in tests without a runtime: nothing of it is awaited.

use std::convert::Infallible;
use std::io::Write;

use fixture_server::prelude::*;
use fixture_server_interop::{Check, LARGE, LargeFile, Payload, SMALL, Service};
use futures_util::stream;
use reqwest::{Body, Client, Response as Answer};

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn streamed(length: usize) -> Body {
    Body::wrap_stream(stream::iter(Payload::new(length).map(Ok::<_, Infallible>)))
}

async fn check(mut answer: Answer) -> usize {
    let mut check = Check::default();
    while let Some(piece) = answer.chunk().await.unwrap() {
        check.write_all(&piece).unwrap();
    }
    check.length()
}

#[tokio::test]
async fn get_and_head_agree() {
    let service = Service::new();
    let url = service.server.url("/hello.txt");
    let (get, head) = (client().get(&url).send().await.unwrap(), client().head(&url).send().await.unwrap());
    for name in ["content-type", "content-length", "last-modified", "server"] {
        assert!(get.headers().contains_key(name), "{name}");
        assert_eq!(get.headers().get(name), head.headers().get(name));
    }
    assert_eq!(get.text().await.unwrap(), "Hello, fixture!\n");
    assert_eq!(head.text().await.unwrap(), "");
}

#[tokio::test]
async fn connections_are_used_again() {
    let service = Service::new();
    let client = client();
    for path in ["/hello.txt", "/nested/", "/payload", "/moved"] {
        client.get(service.server.url(path)).send().await.unwrap().bytes().await.unwrap();
    }
    client.post(service.server.url("/upload")).body("text").send().await.unwrap().text().await.unwrap();
    // The redirect is a request more.
    assert_eq!(service.connections(), (1..=6).map(|number| (1, number)).collect::<Vec<_>>());
}

#[tokio::test]
async fn redirects_are_followed() {
    let service = Service::new();
    let client = client();
    for (from, to) in [("/nested?a=b&c=%20", "/nested/?a=b&c=%20"), ("/moved", "/hello.txt?from=moved")] {
        let answer = client.get(service.server.url(from)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.url().as_str(), service.server.url(to));
    }
}

#[tokio::test]
async fn a_chunked_upload_arrives() {
    let service = Service::new();
    let answer = client().post(service.server.url("/upload")).body(streamed(SMALL)).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), SMALL.to_string());
    let sizes = Payload::new(SMALL).map(|piece| piece.len()).collect::<Vec<_>>();
    assert_eq!(service.upload(SMALL).chunk_sizes().unwrap(), sizes, "each piece is a chunk");
}

#[tokio::test]
async fn one_mebibyte_goes_both_ways() {
    let service = Service::new();
    let upload = client().put(service.server.url("/upload")).body(Payload::new(SMALL).whole());
    assert_eq!(upload.send().await.unwrap().text().await.unwrap(), SMALL.to_string());
    assert_eq!(service.upload(SMALL).header("content-length"), Some("1048576"));

    let answer = client().get(service.server.url("/payload")).send().await.unwrap();
    assert_eq!(check(answer).await, SMALL);
}

#[tokio::test]
async fn a_hundred_mebibytes_are_downloaded() {
    let file = LargeFile::new(LARGE).unwrap();
    let server = file.serve();
    let answer = client().get(server.url("/large.bin")).send().await.unwrap();
    assert_eq!(answer.content_length(), Some(LARGE as u64));
    assert_eq!(check(answer).await, LARGE);
}

#[tokio::test]
async fn a_hundred_mebibytes_are_uploaded_in_chunks() {
    let service = Service::new();
    let answer = client().post(service.server.url("/upload")).body(streamed(LARGE)).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), LARGE.to_string());
    assert!(service.upload(LARGE).chunk_sizes().is_some());
}

/// On one thread, as `#[tokio::test]` has it: a server that needed the test's runtime would never answer.
#[tokio::test]
async fn a_handler_may_block_while_the_test_goes_on() {
    let server = TestServer::empty();
    server.on("GET", "/slow", |_| std::thread::sleep(ms(100)));
    server.on("GET", "/quick", |_| "quick");
    let client = client();
    let slow = tokio::spawn(client.get(server.url("/slow")).send());
    for _ in 0..10 {
        let answer = client.get(server.url("/quick")).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "quick");
    }
    assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    server.assert_received(get("/quick"), 10);
    server.assert_received(get("/slow"), 1);
}
