//! The journal by itself.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Wake;
use std::time::UNIX_EPOCH;

use rstest::rstest;

use super::*;
use crate::message::delivery::Arrival;
use crate::message::request::Request;

fn record(path: &str) -> Arc<Record> {
    routed(path, Route::Nothing, None)
}

fn routed(path: &str, route: Route, status: Option<u16>) -> Arc<Record> {
    let request: Request = http::Request::builder().uri(path).body(()).unwrap().into();
    let arrival = Arrival { number: 1, at: UNIX_EPOCH };
    let delivery = Delivery::default();
    if let Some(status) = status {
        delivery.set_status(http::StatusCode::from_u16(status).unwrap());
    }
    Arc::new(Record { request, refusal: None, arrival, route, rule: None, delivery })
}

fn add(journal: &Journal, paths: &[&str]) {
    for path in paths {
        journal.add(record(path));
    }
}

fn paths(requests: &[RecordedRequest]) -> Vec<&str> {
    requests.iter().map(|request| request.target()).collect()
}

/// Counts how often it is woken.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Counter>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A waker, and what counts its calls.
fn counted() -> (Waker, Arc<Counter>) {
    let counter = Arc::new(Counter::default());
    (counter.clone().into(), counter)
}

#[test]
fn a_record_is_small() {
    assert!(size_of::<Record>() <= 72, "{} bytes, and every request has one", size_of::<Record>());
}

#[test]
fn numbers_go_on_when_records_make_way_or_are_drained_and_begin_anew_when_all_is_forgotten() {
    let journal = Journal::new(JournalLimits { requests: Some(2), bytes: None });
    add(&journal, &["/1", "/2", "/3"]);
    let excerpt = journal.excerpt();
    assert_eq!((paths(&excerpt.requests), excerpt.number, excerpt.drained), (vec!["/2", "/3"], 2, 0));

    assert_eq!(paths(&journal.drain()), ["/2", "/3"]);
    add(&journal, &["/4"]);
    let excerpt = journal.excerpt();
    assert_eq!((paths(&excerpt.requests), excerpt.number, excerpt.drained), (vec!["/4"], 4, 2));
    assert_eq!((journal.dropped(), journal.end()), (1, 4));

    journal.clear();
    add(&journal, &["/5"]);
    let excerpt = journal.excerpt();
    assert_eq!((paths(&excerpt.requests), excerpt.number, excerpt.drained), (vec!["/5"], 1, 0));
    assert_eq!((journal.dropped(), journal.end()), (0, 5), "whoever follows it goes on");
}

#[test]
fn what_is_drained_counts_towards_no_limit() {
    let journal = Journal::new(JournalLimits { requests: None, bytes: Some(60) });
    for path in ["/1", "/2", "/3"] {
        add(&journal, &[path]);
        assert_eq!(paths(&journal.drain()), [path]);
    }
    add(&journal, &["/4", "/5"]);
    assert_eq!((paths(&journal.all()), journal.dropped()), (vec!["/4", "/5"], 0));
}

#[test]
fn news_are_what_is_still_there_from_a_position_on() {
    let journal = Journal::new(JournalLimits { requests: Some(3), bytes: None });
    add(&journal, &["/0", "/1", "/2", "/3"]);
    for (position, most, first, expected) in [
        (0, 9, 1, &["/1", "/2", "/3"][..]),
        (0, 2, 1, &["/1", "/2"]),
        (2, 9, 2, &["/2", "/3"]),
        (4, 9, 4, &[]),
        (7, 9, 7, &[]),
    ] {
        let news = journal.since(position, most);
        assert_eq!((paths(&news.requests), news.first), (expected.to_vec(), first), "from {position}");
    }
}

#[test]
fn who_waits_is_woken_once_by_what_comes() {
    let journal = Journal::default();
    let (waker, counter) = counted();
    let mut place = None;
    assert!(journal.watch(0, None, &mut place, waker.clone()));
    assert!(journal.watch(0, None, &mut place, waker.clone()), "looking again takes no second place");
    add(&journal, &["/1", "/2"]);
    assert_eq!(counter.0.load(Relaxed), 1);
    assert!(!journal.watch(1, None, &mut place, waker.clone()), "there is one already");
    assert!(journal.watch(2, None, &mut place, waker));
    add(&journal, &["/3"]);
    assert_eq!(counter.0.load(Relaxed), 2);
}

#[test]
fn who_waits_no_more_is_not_woken_nor_kept() {
    let journal = Journal::default();
    let (waker, counter) = counted();
    let (mut one, mut other) = (None, None);
    assert!(journal.watch(0, None, &mut one, waker.clone()) && journal.watch(0, None, &mut other, waker));
    for place in [one, other].into_iter().flatten() {
        journal.unwatch(place);
    }
    assert_eq!(Arc::strong_count(&counter), 1, "its wakers are gone");
    add(&journal, &["/1"]);
    assert_eq!(counter.0.load(Relaxed), 0);
}

#[test]
fn two_places_of_one_task_are_one_wake_up() {
    let journal = Journal::default();
    let (waker, counter) = counted();
    let (mut one, mut other) = (None, None);
    assert!(journal.watch(0, None, &mut one, waker.clone()) && journal.watch(0, None, &mut other, waker));
    add(&journal, &["/1"]);
    assert_eq!(counter.0.load(Relaxed), 1);
}

#[test]
fn clearing_does_not_wake_and_closing_does() {
    let journal = Journal::default();
    let (waker, counter) = counted();
    let mut place = None;
    assert!(journal.watch(0, None, &mut place, waker.clone()));
    journal.clear();
    assert_eq!(counter.0.load(Relaxed), 0);
    journal.close();
    assert_eq!(counter.0.load(Relaxed), 1);
    assert!(!journal.watch(0, None, &mut place, waker) && journal.since(0, 9).closed, "nothing will come");
    add(&journal, &["/1"]);
    assert!(journal.all().is_empty());
}

#[test]
fn a_waker_that_panics_harms_nobody() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Bomb>) {
            panic!("not mine");
        }
    }
    let journal = Journal::default();
    let (waker, counter) = counted();
    let (mut one, mut other) = (None, None);
    assert!(journal.watch(0, None, &mut one, Arc::new(Bomb).into()) && journal.watch(0, None, &mut other, waker));
    add(&journal, &["/1"]);
    assert_eq!(counter.0.load(Relaxed), 1);
}

#[test]
fn a_request_is_claimed_once() {
    let journal = Journal::default();
    add(&journal, &["/1", "/2"]);
    assert_eq!(journal.unclaimed(), 0);
    let requests = journal.all();
    assert!(requests[0].record().delivery.claim());
    assert!(!requests[0].record().delivery.claim());
    assert_eq!(journal.unclaimed(), 1);
    assert!(requests[1].record().delivery.claim());
    assert_eq!(journal.unclaimed(), 2);
}

#[rstest]
#[case::nothing(Route::Nothing, Some(404), true)]
#[case::refused(Route::Refused, Some(400), true)]
#[case::no_such_file(Route::Directory, Some(404), true)]
#[case::no_such_method(Route::Directory, Some(501), true)]
#[case::not_allowed(Route::Directory, Some(405), true)]
#[case::a_file(Route::Directory, Some(200), false)]
#[case::a_redirect(Route::Directory, Some(301), false)]
#[case::under_way(Route::Directory, None, false)]
#[case::a_handler_that_says_404(Route::Rule, Some(404), false)]
#[case::on_expect(Route::OnExpect, Some(417), false)]
fn unmatched_is_what_nothing_was_there_for(#[case] route: Route, #[case] status: Option<u16>, #[case] unmatched: bool) {
    assert_eq!(routed("/", route, status).is_unmatched(), unmatched);
}

#[test]
fn a_body_that_comes_late_counts_and_is_told_of_to_who_knows_of_fewer() {
    let journal = Journal::new(JournalLimits { requests: None, bytes: Some(200) });
    let late = |path| {
        let record = Arc::into_inner(record(path)).unwrap();
        Arc::new(Record { request: record.request.without_content(), ..record })
    };
    let (first, second) = (late("/1"), late("/2"));
    journal.add(first.clone());
    journal.add(second.clone());
    let content = || Content { bytes: bytes::Bytes::from(vec![b'x'; 150]), chunked: None };

    let (waker, woken) = counted();
    assert!(journal.watch(2, Some(0), &mut None, waker.clone()));
    journal.complete(&second, content());
    assert_eq!((woken.0.load(Relaxed), second.request.body().len()), (1, 150));
    assert!(!journal.watch(2, Some(0), &mut None, waker.clone()), "there is news");
    assert!(journal.watch(2, Some(1), &mut None, waker.clone()));
    assert!(journal.watch(2, None, &mut None, waker));

    journal.complete(&second, content());
    assert_eq!(journal.since(0, 9).completions, 1, "a body comes once");
    journal.complete(&first, content());
    assert_eq!(paths(&journal.all()), ["/2"], "the oldest makes way");
    assert_eq!(journal.since(0, 9).completions, 2);
}
