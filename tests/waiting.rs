//! What is still to come: blocking, as futures, and as silence.

mod raw;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use fixture_server::{FailureKind, NextRequest, prelude::*};
use rstest::rstest;

use raw::{LIMIT, Test, client, get_text};

/// Too long to be waited for: where it is given, something must end the waiting before.
const LONG: Duration = LIMIT;

fn send(server: &TestServer, paths: &[&str]) -> Test {
    paths.iter().try_for_each(|path| Ok(get_text(server, path).map(drop)?))
}

/// Sends from a thread of its own, each time it is told to: as often as there are paths.
fn client_thread(server: &TestServer, told: Receiver<()>, paths: &'static [&'static str]) -> JoinHandle<()> {
    let urls: Vec<String> = paths.iter().map(|path| server.url(path)).collect();
    thread::spawn(move || {
        for url in urls {
            told.recv().unwrap();
            client().get(url).call().unwrap();
        }
    })
}

/// A pattern for one path that tells each time it is asked.
fn telling(path: &str) -> (Pattern, Receiver<()>) {
    let (sender, told) = channel();
    let pattern = any().matching("is told of", {
        let path = path.to_owned();
        move |request| {
            let _ = sender.send(());
            request.path() == path
        }
    });
    (pattern, told)
}

fn targets(requests: &[RecordedRequest]) -> Vec<&str> {
    requests.iter().map(|request| request.target()).collect()
}

/// The text with which something panics.
fn failure(action: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(action)).err();
    let text = payload.and_then(|payload| payload.downcast::<String>().ok());
    text.map_or_else(|| "no failure".to_owned(), |text| *text)
}

/// Wakes a thread, and counts how often.
struct Executor {
    thread: Thread,
    wake_ups: AtomicUsize,
}

impl Executor {
    fn here() -> Arc<Executor> {
        Arc::new(Executor { thread: thread::current(), wake_ups: AtomicUsize::new(0) })
    }

    fn wake_ups(&self) -> usize {
        self.wake_ups.load(Relaxed)
    }
}

impl Wake for Executor {
    fn wake(self: Arc<Executor>) {
        self.wake_ups.fetch_add(1, Relaxed);
        self.thread.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Executor::here());
    let mut future = pin!(future);
    let begin = Instant::now();
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => {
                assert!(begin.elapsed() < LONG, "nothing woke the future");
                thread::park_timeout(LONG);
            }
        }
    }
}

fn poll<T>(future: &mut (impl Future<Output = T> + Unpin), executor: &Arc<Executor>) -> Poll<T> {
    Pin::new(future).poll(&mut Context::from_waker(&executor.clone().into()))
}

fn target(polled: Poll<RecordedRequest>) -> Option<String> {
    match polled {
        Poll::Ready(request) => Some(request.target().to_owned()),
        Poll::Pending => None,
    }
}

#[test]
fn what_came_before_is_not_waited_for() -> Test {
    let server = TestServer::empty();
    send(&server, &["/a?1", "/b", "/a?2", "/a?3"])?;
    assert_eq!(targets(&server.wait_for(get("/a"), 2, Duration::ZERO)), ["/a?1", "/a?2", "/a?3"], "all that fit");
    assert_eq!(targets(&server.wait_for(get("/a"), 0, LONG)), ["/a?1", "/a?2", "/a?3"]);
    assert!(server.wait_for(get("/never"), 0, LONG).is_empty());
    Ok(())
}

#[test]
fn what_comes_meanwhile_ends_the_waiting() -> Test {
    let server = TestServer::empty();
    let (pattern, told) = telling("/a");
    send(&server, &["/other", "/a?0"])?;
    // Whenever the pattern was asked about one request, another is sent.
    let sending = client_thread(&server, told, &["/b", "/a?1", "/c", "/a?2"]);
    let found = server.wait_for(pattern, 3, LONG);
    assert_eq!(targets(&found), ["/a?0", "/a?1", "/a?2"]);
    sending.join().unwrap();
    Ok(())
}

#[test]
fn for_ever_is_a_time_too() -> Test {
    let server = TestServer::empty();
    send(&server, &["/other"])?;
    let (pattern, told) = telling("/a");
    let sending = client_thread(&server, told, &["/a"]);
    assert_eq!(targets(&server.wait_for(pattern, 1, Duration::MAX)), ["/a"]);
    sending.join().unwrap();
    assert_eq!(server.next_request(get("/a")).wait(Duration::MAX).target(), "/a");
    assert!(block_on(server.next_request(get("/other")).within(Duration::MAX)).is_ok());
    Ok(())
}

#[test]
fn at_the_timeout_the_failure_says_what_was_awaited_and_what_came() -> Test {
    let server = TestServer::empty();
    send(&server, &["/a", "/b"])?;
    let text = failure(|| drop(server.wait_for(get("/a"), 2, ms(1))));
    for part in ["GET /a", "#1 GET /a 404", "#2 GET /b 404"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }

    let line = line!() + 1;
    let report = server.try_wait_for(get("/a"), 2, ms(1)).unwrap_err();
    let [failure] = report.failures() else { panic!("{report}") };
    assert_eq!((failure.kind(), failure.location().line()), (FailureKind::Timeout, line));
    assert!(report.to_string().contains("#2 GET /b 404"), "{report}");
    Ok(())
}

#[test]
fn a_closure_is_asked_once_for_each_request_however_long_it_takes() -> Test {
    let server = TestServer::empty();
    send(&server, &["/1", "/2", "/3"])?;
    let (pattern, told) = telling("/none");
    assert!(server.try_wait_for(pattern, 1, ms(20)).is_err());
    assert_eq!(told.try_iter().count(), 3, "and not again for the report");

    let (pattern, told) = telling("/none");
    assert!(catch_unwind(AssertUnwindSafe(|| server.assert_received(&pattern, 1))).is_err());
    assert_eq!(told.try_iter().count(), 3);
    Ok(())
}

#[test]
fn a_steady_stream_of_others_does_not_put_the_timeout_off() -> Test {
    let server = Arc::new(TestServer::empty());
    let (pattern, told) = telling("/none");
    send(&server, &["/first"])?;
    let url = server.url("/next");
    // Each question brings one more request, until nobody asks any more.
    let sending = thread::spawn(move || told.iter().for_each(|()| drop(client().get(&url).call())));
    assert!(server.try_wait_for(&pattern, 1, ms(50)).is_err());
    drop(pattern);
    sending.join().unwrap();
    Ok(())
}

#[test]
fn many_wait_at_once_and_all_are_served() {
    let server = TestServer::empty();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..8)
            .map(|number| {
                let server = &server;
                scope.spawn(move || server.wait_for(get(format!("/{}", number % 4)), 1, LONG).len())
            })
            .collect();
        send(&server, &["/0", "/1", "/2", "/3"]).unwrap();
        assert!(waiting.into_iter().all(|waiting| waiting.join().unwrap() == 1));
    });
}

#[test]
fn what_was_found_is_not_lost_when_the_journal_is_limited_or_drained() -> Test {
    let server = TestServer::builder().journal_limit(1).start();
    let (pattern, told) = telling("/a");
    send(&server, &["/a?0"])?;
    let sending = client_thread(&server, told, &["/a?1", "/b", "/a?2"]);
    assert_eq!(targets(&server.wait_for(pattern, 3, LONG)), ["/a?0", "/a?1", "/a?2"]);
    sending.join().unwrap();
    Ok(())
}

#[test]
fn silence_is_broken_by_what_comes_and_not_by_what_came() -> Test {
    let server = TestServer::empty();
    send(&server, &["/before"])?;
    server.assert_silence(Duration::ZERO);
    server.assert_silence(ms(5));

    let url = server.url("/noise");
    // Until it was heard, because it may well come before anybody listens.
    let (quiet, is_heard) = channel::<()>();
    let sending = thread::spawn(move || {
        while is_heard.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            client().get(&url).call().unwrap();
        }
    });
    let text = failure(|| server.assert_silence(LONG));
    drop(quiet);
    assert!(text.contains("GET /noise"), "{text}");
    sending.join().unwrap();
    Ok(())
}

#[test]
fn each_request_is_returned_once_and_the_oldest_first() -> Test {
    let server = TestServer::empty();
    send(&server, &["/a?1", "/b", "/a?2", "/a?3"])?;
    let mut found: Vec<String> = Vec::new();
    for _ in 0..3 {
        found.push(server.next_request(get("/a")).try_wait(Duration::ZERO)?.target().to_owned());
    }
    assert_eq!(found, ["/a?1", "/a?2", "/a?3"]);
    let report = server.next_request(get("/a")).try_wait(ms(1)).unwrap_err().to_string();
    assert!(report.contains("3 requests that fit were returned before by `next_request`"), "{report}");
    assert_eq!(server.next_request(any()).wait(LONG).target(), "/b");
    assert_eq!(server.requests().len(), 4, "they stay in the journal");
    Ok(())
}

#[test]
fn next_requests_begin_anew_when_the_journal_does() -> Test {
    let server = TestServer::empty();
    send(&server, &["/a?1"])?;
    let next = server.next_request(get("/a"));
    server.clear_requests();
    assert!(server.next_request(get("/a")).try_wait(Duration::ZERO).is_err());
    send(&server, &["/a?2"])?;
    assert_eq!(next.wait(LONG).target(), "/a?2");
    assert_eq!(server.drain().len(), 1);
    assert!(server.next_request(get("/a")).try_wait(Duration::ZERO).is_err());
    Ok(())
}

#[test]
fn two_that_wait_at_once_get_different_requests() {
    let server = TestServer::empty();
    thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..4).map(|_| scope.spawn(|| server.next_request(get("/a")).wait(LONG).target().to_owned())).collect();
        send(&server, &["/a?1", "/a?2", "/a?3", "/a?4"]).unwrap();
        let mut found: Vec<String> = waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect();
        found.sort();
        assert_eq!(found, ["/a?1", "/a?2", "/a?3", "/a?4"]);
    });
}

#[test]
fn a_future_is_ready_when_the_request_comes() -> Test {
    let server = TestServer::empty();
    let (pattern, told) = telling("/a");
    send(&server, &["/other"])?;
    let sending = client_thread(&server, told, &["/b", "/a"]);
    assert_eq!(block_on(server.next_request(pattern)).target(), "/a");
    sending.join().unwrap();
    Ok(())
}

#[test]
fn a_future_is_woken_by_requests_and_by_nothing_else() -> Test {
    let server = TestServer::empty();
    let executor = Executor::here();
    let mut next = server.next_request(get("/a"));
    assert!(poll(&mut next, &executor).is_pending());
    assert!(poll(&mut next, &executor).is_pending());
    assert_eq!(executor.wake_ups(), 0);

    send(&server, &["/b", "/c"])?;
    assert_eq!(executor.wake_ups(), 1, "once, until it is polled again");
    assert!(poll(&mut next, &executor).is_pending());
    server.clear_requests();
    assert_eq!(executor.wake_ups(), 1);

    send(&server, &["/a?1"])?;
    assert_eq!(executor.wake_ups(), 2);
    assert_eq!(target(poll(&mut next, &executor)).as_deref(), Some("/a?1"));
    send(&server, &["/a?2"])?;
    assert_eq!(executor.wake_ups(), 2, "it waits no more");
    Ok(())
}

#[test]
fn the_waker_of_the_last_poll_is_woken() -> Test {
    let server = TestServer::empty();
    let (first, last) = (Executor::here(), Executor::here());
    let mut next = server.next_request(get("/a"));
    assert!(poll(&mut next, &first).is_pending());
    assert!(poll(&mut next, &last).is_pending());
    send(&server, &["/a"])?;
    assert_eq!((first.wake_ups(), last.wake_ups()), (0, 1));
    Ok(())
}

#[test]
fn a_future_that_is_dropped_half_way_takes_nothing_and_is_not_woken() -> Test {
    let server = TestServer::empty();
    let executor = Executor::here();
    let mut dropped = server.next_request(get("/a"));
    assert!(poll(&mut dropped, &executor).is_pending());
    let mut unpolled = server.next_request(get("/a"));
    drop(dropped);
    send(&server, &["/a"])?;
    assert_eq!((executor.wake_ups(), Arc::strong_count(&executor)), (0, 1));
    assert_eq!(target(poll(&mut unpolled, &executor)).as_deref(), Some("/a"));
    Ok(())
}

#[test]
fn woken_and_then_dropped_it_leaves_the_request_to_others() -> Test {
    let server = TestServer::empty();
    let executor = Executor::here();
    let (mut one, mut other) = (server.next_request(get("/a")), server.next_request(get("/a")));
    assert!(poll(&mut one, &executor).is_pending() && poll(&mut other, &executor).is_pending());
    send(&server, &["/a"])?;
    drop(one);
    assert_eq!(target(poll(&mut other, &executor)).as_deref(), Some("/a"));
    Ok(())
}

/// What a test does with a `NextRequest` that outlives its server.
fn orphan() -> (NextRequest, Arc<Executor>) {
    let server = TestServer::empty();
    let executor = Executor::here();
    let mut next = server.next_request(get("/a"));
    assert!(poll(&mut next, &executor).is_pending());
    (next, executor)
}

#[test]
fn when_the_server_is_dropped_a_future_panics_instead_of_waiting_for_ever() {
    let (mut next, executor) = orphan();
    assert_eq!(executor.wake_ups(), 1);
    let text = failure(|| drop(poll(&mut next, &executor)));
    assert!(text.contains("the server was dropped, so GET /a can never come"), "{text}");
}

#[test]
fn when_the_server_is_dropped_waiting_fails_at_once() {
    let begin = Instant::now();
    let report = orphan().0.try_wait(Duration::MAX).unwrap_err().to_string();
    assert!(report.contains("the server was dropped"), "{report}");
    let report = block_on(orphan().0.within(LONG)).unwrap_err().to_string();
    assert!(report.contains("the server was dropped"), "{report}");
    assert!(begin.elapsed() < LONG);
}

#[test]
fn within_its_time_a_future_is_ready_when_the_request_comes() -> Test {
    let server = TestServer::empty();
    let (pattern, told) = telling("/a");
    send(&server, &["/other"])?;
    let sending = client_thread(&server, told, &["/b", "/a"]);
    assert_eq!(block_on(server.next_request(pattern).within(LONG))?.target(), "/a");
    sending.join().unwrap();
    Ok(())
}

#[rstest]
#[case::at_once(Duration::ZERO)]
#[case::after_a_while(ms(5))]
fn after_its_time_a_future_gives_a_report(#[case] timeout: Duration) -> Test {
    let server = TestServer::empty();
    send(&server, &["/b"])?;
    let line = line!() + 1;
    let report = block_on(server.next_request(get("/a")).within(timeout)).unwrap_err();
    let failure = &report.failures()[0];
    assert_eq!((failure.kind(), failure.location().line()), (FailureKind::Timeout, line));
    assert!(report.to_string().contains("#1 GET /b 404"), "{report}");
    Ok(())
}

#[test]
fn a_timeout_wakes_whoever_polled_last() {
    let server = TestServer::empty();
    let (first, last) = (Executor::here(), Executor::here());
    let mut next = server.next_request(get("/a")).within(ms(50));
    assert!(poll(&mut next, &first).is_pending());
    assert!(poll(&mut next, &last).is_pending());
    raw::eventually("it is woken", || last.wake_ups() > 0);
    assert_eq!(first.wake_ups(), 0);
    assert!(matches!(poll(&mut next, &last), Poll::Ready(Err(_))));
}

#[test]
fn a_stopped_server_may_come_back_to_who_waits() -> Test {
    let server = TestServer::empty();
    let executor = Executor::here();
    let mut next = server.next_request(get("/a"));
    assert!(poll(&mut next, &executor).is_pending());
    server.stop();
    assert!(poll(&mut next, &executor).is_pending());
    server.restart();
    send(&server, &["/a"])?;
    assert_eq!(target(poll(&mut next, &executor)).as_deref(), Some("/a"));
    Ok(())
}

#[test]
fn what_waits_can_be_sent_and_shared() {
    fn is_send_and_sync<T: Send + Sync + Unpin + 'static>(_: &T) {}
    let server = TestServer::empty();
    is_send_and_sync(&server.next_request(any()));
    is_send_and_sync(&server.next_request(any()).within(ms(1)));
}
