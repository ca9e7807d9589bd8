//! Answers one after the other, over sockets: each goes to one request, however many come at once.

mod raw;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Barrier;
use std::thread;

use fixture_server::prelude::*;
use fixture_server::{
    BodyReader, BodyWriter, FailureKind, FaultAt, FaultGuard, RecordedConnection, RefusalGuard, Sequence, Transcript,
};
use rstest::rstest;

use raw::{Test, get_text};

/// The texts of as many GETs, and whether each was an answer at all.
fn told(server: &TestServer, path: &str, count: usize) -> Vec<String> {
    (0..count).map(|_| get_text(server, path).map_or("(nothing)".to_owned(), |(_, text)| text)).collect()
}

#[rstest]
#[case::repeats_the_last(sequence(["a", "b"]).then_repeat_last(), ["a", "b", "b", "b", "b"])]
#[case::begins_again(sequence(["a", "b"]).cycle(), ["a", "b", "a", "b", "a"])]
#[case::of_many_kinds(sequence([(503, "busy")]).then(Fault::Reset).then("ok").then_repeat_last(), ["busy", "(nothing)", "ok", "ok", "ok"])]
#[case::every_third_is_a_fault(sequence(["a", "b"]).then(Fault::Close).cycle(), ["a", "b", "(nothing)", "a", "b"])]
fn a_sequence_answers_in_order(#[case] answers: Sequence, #[case] expected: [&str; 5]) {
    let server = TestServer::empty();
    server.when(get("/")).respond(answers);
    assert_eq!(told(&server, "/", 5), expected);
}

#[test]
fn each_answer_goes_to_one_request_however_many_come_at_once() -> Test {
    const REQUESTS: usize = 50;
    let server = TestServer::empty();
    server.when(get("/")).expect(REQUESTS).respond(sequence((0..REQUESTS).map(|number| number.to_string())));
    let barrier = Barrier::new(REQUESTS);
    let ask = || {
        barrier.wait();
        get_text(&server, "/").map(|(_, text)| text)
    };
    let mut answers = thread::scope(|scope| {
        let clients: Vec<_> = (0..REQUESTS).map(|_| scope.spawn(ask)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect::<Result<Vec<String>, _>>()
    })?;
    answers.sort_by_key(|text| text.parse::<usize>().ok());
    assert_eq!(answers, (0..REQUESTS).map(|number| number.to_string()).collect::<Vec<_>>());
    server.verify();
    Ok(())
}

#[test]
fn a_sequence_that_ran_out_fails_the_test_at_the_line_of_the_rule_and_counts_the_hit() -> Test {
    let server = TestServer::empty();
    let rule = server.when(get("/flaky")).respond(sequence(["a", "b"]));
    assert_eq!(told(&server, "/flaky", 2), ["a", "b"]);
    server.verify();

    let text = "the sequence of GET /flaky has 2 answers, and was asked for more: add `.then_repeat_last()` or `.cycle()` if more \
                may come\n";
    assert_eq!(get_text(&server, "/flaky")?, (500, text.to_owned()));
    let report = server.try_verify().unwrap_err();
    let failure = &report.failures()[0];
    assert_eq!((failure.kind(), failure.location()), (FailureKind::SequenceExhausted, rule.location()));
    assert_eq!(failure.request().map(|request| request.path()), Some("/flaky"));
    rule.assert_hits(3);
    Ok(())
}

#[test]
fn rules_take_over_where_a_limit_ends_before_the_sequence_does() {
    let server = TestServer::empty();
    server.when(get("/")).respond("older");
    server.when(get("/")).limit(2).respond(sequence(["a", "b"]));
    assert_eq!(told(&server, "/", 4), ["a", "b", "older", "older"]);
}

#[test]
fn a_sequence_begins_anew_when_requests_are_forgotten() {
    let server = TestServer::empty();
    server.when(get("/")).respond(sequence(["a", "b", "c"]));
    assert_eq!(told(&server, "/", 2), ["a", "b"]);
    server.clear_requests();
    assert_eq!(told(&server, "/", 3), ["a", "b", "c"]);
}

#[test]
fn rules_with_the_same_sequence_count_for_themselves() {
    let server = TestServer::empty();
    let answers = sequence(["a", "b"]).cycle();
    server.when(get("/one")).respond(answers.clone());
    server.when(get("/other")).respond(answers);
    assert_eq!(told(&server, "/one", 3), ["a", "b", "a"]);
    assert_eq!(told(&server, "/other", 1), ["a"]);
}

#[test]
fn a_rule_whose_fault_strikes_some_requests_leaves_the_others_to_older_rules() {
    let server = TestServer::empty();
    server.on("GET", "/", |_| "up");
    let fault = server.when(get("/")).limit(2).respond(Fault::Close.every(2));
    assert_eq!(told(&server, "/", 6), ["up", "(nothing)", "up", "(nothing)", "up", "up"]);
    fault.assert_hits(2);
    server.clear_requests();
    assert_eq!(told(&server, "/", 3), ["up", "(nothing)", "up"]);
}

#[test]
fn a_share_is_the_same_again_with_the_same_seed() {
    let outcomes = |seed| {
        let server = TestServer::empty();
        server.on("GET", "/", |_| "up");
        server.when(get("/")).respond(Fault::Close.share(0.5, seed));
        told(&server, "/", 20)
    };
    assert_eq!(outcomes(1), outcomes(1));
    assert_ne!(outcomes(1), outcomes(2));
}

#[test]
fn two_rules_with_faults_strike_independently() {
    let server = TestServer::empty();
    server.on("GET", "/", |_| "up");
    let (older, newer) =
        (server.when(get("/")).respond(Fault::Close.every(2)), server.when(get("/")).respond(Fault::Reset.every(3)));
    // The newer one strikes 3 and 6; of the others, which are 1, 2, 4, 5, the older one strikes each second.
    assert_eq!(told(&server, "/", 6), ["up", "(nothing)", "(nothing)", "up", "(nothing)", "(nothing)"]);
    assert_eq!((older.hits(), newer.hits()), (2, 2));
}

#[test]
fn guards_and_answers_are_shown_as_they_are_written() {
    let server = TestServer::empty();
    let shown = format!("{:?}", server.fault(Fault::Reset.at(Stage::Body(3)).every(2)));
    assert_eq!(shown, "FaultGuard(Fault::Reset.at(Stage::Body(3)).every(2))");
    assert_eq!(format!("{:?}", server.refuse_connections()), "RefusalGuard { .. }");
    let rule = server.when(get("/")).named("flaky").respond(Fault::Close.every(2));
    let expected = format!("Rule(\"flaky\" (GET /, every 2nd request) (declared at {}), 0 hits)", rule.location());
    assert_eq!(format!("{rule:?}"), expected);
}

#[test]
fn what_a_test_holds_may_cross_threads_and_panics() {
    fn held<T: Send + Sync + UnwindSafe + RefUnwindSafe + 'static>() {}
    fn moved<T: Send>() {}
    held::<Gate>();
    held::<Response>();
    held::<Sequence>();
    held::<FaultAt>();
    held::<FaultGuard>();
    held::<RefusalGuard>();
    held::<RecordedConnection>();
    held::<Transcript>();
    held::<Event>();
    moved::<BodyWriter>();
    moved::<BodyReader>();
}
