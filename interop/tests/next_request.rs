//! Requests awaited on tokio, whose tasks and timers meet futures that know nothing of them.

use fixture_server::FailureKind;
use fixture_server::prelude::*;
use reqwest::Client;
use tokio::time::timeout;

const LONG: std::time::Duration = secs(30);

/// Sends one after the other, as the code under test does in the background.
fn send(server: &TestServer, paths: &'static [&'static str]) -> tokio::task::JoinHandle<()> {
    let base = server.base_url();
    tokio::spawn(async move {
        let client = Client::builder().no_proxy().build().unwrap();
        for path in paths {
            client.post(format!("{base}{path}")).body("hello").send().await.unwrap();
        }
    })
}

/// On one thread: what blocked it would keep the client from ever sending.
#[tokio::test]
async fn a_request_is_awaited_on_the_thread_that_sends_it() {
    let server = TestServer::empty();
    let sending = send(&server, &["/other", "/webhook?1", "/webhook?2"]);
    for target in ["/webhook?1", "/webhook?2"] {
        let request = server.next_request(post("/webhook")).await;
        assert_eq!((request.target(), request.body()), (target, &b"hello"[..]));
    }
    sending.await.unwrap();
}

#[tokio::test]
async fn two_tasks_get_different_requests() {
    let server = TestServer::empty();
    let one = tokio::spawn(server.next_request(post("/webhook")));
    let other = tokio::spawn(server.next_request(post("/webhook")));
    let sending = send(&server, &["/webhook?1", "/webhook?2"]);
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let mut targets = [one.target(), other.target()];
    targets.sort_unstable();
    assert_eq!(targets, ["/webhook?1", "/webhook?2"]);
    sending.await.unwrap();
}

#[tokio::test]
async fn one_task_awaits_several() {
    let server = TestServer::empty();
    let sending = send(&server, &["/b", "/a"]);
    let (a, b) = tokio::join!(server.next_request(post("/a")), server.next_request(post("/b")));
    assert_eq!((a.target(), b.target()), ("/a", "/b"));
    sending.await.unwrap();
}

#[tokio::test]
async fn a_timeout_of_the_runtime_takes_nothing_away() {
    let server = TestServer::empty();
    assert!(timeout(ms(5), server.next_request(post("/webhook"))).await.is_err());
    send(&server, &["/webhook"]).await.unwrap();
    assert_eq!(timeout(LONG, server.next_request(post("/webhook"))).await.unwrap().target(), "/webhook");
}

#[tokio::test]
async fn select_drops_the_futures_that_lose() {
    let server = TestServer::empty();
    let sending = send(&server, &["/a"]);
    let winner = tokio::select! {
        request = server.next_request(post("/a")) => request,
        request = server.next_request(post("/never")) => request,
    };
    assert_eq!(winner.target(), "/a");
    sending.await.unwrap();
}

#[tokio::test]
async fn a_timeout_of_its_own_says_what_came() {
    let server = TestServer::empty();
    send(&server, &["/other"]).await.unwrap();
    let report = server.next_request(post("/webhook")).within(ms(5)).await.unwrap_err();
    assert_eq!(report.failures()[0].kind(), FailureKind::Timeout);
    assert!(report.to_string().contains("#1 POST /other 404"), "{report}");

    let sending = send(&server, &["/webhook"]);
    assert_eq!(server.next_request(post("/webhook")).within(LONG).await.unwrap().body(), b"hello");
    sending.await.unwrap();
}
