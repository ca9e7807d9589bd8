//! Plans that wait, go slowly, stand at gates, or end in unusual ways; and requests that are read slowly.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use bytes::Bytes;
use rstest::rstest;

use super::super::connection::Fate;
use super::super::slots::Heard;
use super::super::*;
use super::stage::{HANDS, Read, Stage, bytes};
use crate::gate::Gate;
use crate::message::body::Source;
use crate::message::delivery::Ended;
use crate::message::into_response::IntoResponse;
use crate::plan::{End, Left, Plan, Step};

const GET: &str = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";

/// Long enough to be seen, short enough to be waited out.
const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn head(text: &'static str) -> Step {
    Step::Head(text.into())
}

fn framing(text: &'static str) -> Step {
    Step::Framing(Bytes::from_static(text.as_bytes()))
}

fn body(text: &'static str) -> Step {
    Step::Bytes(Bytes::from_static(text.as_bytes()))
}

fn interim(text: &'static str) -> Step {
    Step::Interim(Bytes::from_static(text.as_bytes()))
}

/// What happened to a source.
#[derive(Debug, Default)]
struct Seen {
    reads: AtomicUsize,
    works: AtomicUsize,
    closes: AtomicUsize,
    wakes: AtomicUsize,
}

/// Gives one piece for each read, as chunks: what stands in brackets is framing.
#[derive(Debug, Default)]
struct Chunks {
    pieces: VecDeque<&'static str>,
    last: String,
    seen: Arc<Seen>,
    fails: bool,
    has_work: bool,
}

impl Source for Chunks {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.seen.reads.fetch_add(1, SeqCst);
        while self.pieces.front().is_some_and(|piece| piece.is_empty()) {
            self.pieces.pop_front();
        }
        let Some(piece) = self.pieces.front_mut() else {
            return if self.fails { Err(io::ErrorKind::Other.into()) } else { Ok(0) };
        };
        let length = piece.len().min(buf.len());
        buf[..length].copy_from_slice(&piece.as_bytes()[..length]);
        self.last = piece[..length].to_owned();
        *piece = &piece[length..];
        Ok(length)
    }
    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = usize::try_from(bytes).unwrap();
        let again = self.last[self.last.len() - bytes..].to_owned();
        let rest = self.pieces.pop_front().unwrap_or_default();
        self.pieces.push_front(Box::leak(format!("{again}{rest}").into_boxed_str()));
        Ok(())
    }
    fn wake_with(&mut self, _: Wake) {
        self.seen.wakes.fetch_add(1, SeqCst);
    }
    fn work(&mut self) -> Option<Task> {
        let seen = self.seen.clone();
        self.has_work.then(|| -> Task {
            Box::new(move || {
                seen.works.fetch_add(1, SeqCst);
            })
        })
    }
    fn body_of(&self, consumed: usize) -> usize {
        self.last[..consumed].bytes().filter(u8::is_ascii_lowercase).count()
    }
    fn ends_chunk(&self) -> bool {
        self.pieces.front().is_none_or(|piece| piece.is_empty())
    }
    fn client_closed(&mut self) {
        self.seen.closes.fetch_add(1, SeqCst);
    }
}

fn chunks(pieces: impl IntoIterator<Item = &'static str>) -> (Chunks, Arc<Seen>) {
    let chunks = Chunks { pieces: pieces.into_iter().collect(), has_work: true, ..Chunks::default() };
    let seen = chunks.seen.clone();
    (chunks, seen)
}

fn source(source: Chunks, left: Left, pause: Option<Duration>) -> Step {
    Step::Source { source: Box::new(source), left, pause }
}

fn until(fate: Fate) -> Instant {
    let Fate::Wait { until, writes: false } = fate else { panic!("{fate:?}") };
    until
}

#[test]
fn a_wait_begins_when_it_is_reached_and_looking_changes_nothing() {
    let mut stage = Stage::planned(Plan::new([Step::Wait(30 * MS), head("answer")], End::Keep), []);
    let begin = Instant::now();
    let first = stage.run();
    assert!(until(first) >= begin + 30 * MS);
    assert_eq!((stage.run(), stage.got().as_str()), (first, ""));
    assert_eq!(stage.connection.expire(&mut stage.scratch, &HANDS), first, "it was not yet up");
    stage.run_out();
    assert_eq!((stage.got().as_str(), stage.outcomes()), ("answer", vec![(6, Some(Ended::KeptOpen))]));
    assert!(Instant::now() >= until(first));
}

#[test]
fn each_wait_comes_at_its_place_and_what_was_sent_is_known_meanwhile() {
    let steps = [
        interim("early "),
        Step::Wait(MS),
        head("head "),
        Step::Wait(MS),
        framing("4"),
        body("body"),
        framing("0"),
        Step::Wait(MS),
    ];
    let mut stage = Stage::planned(Plan::new(steps, End::Keep), []);
    for (got, sent) in [("early ", 0), ("early head ", 5), ("early head 4body0", 11)] {
        until(stage.run());
        assert_eq!((stage.got().as_str(), stage.outcomes()[0]), (got, (sent, None)));
        std::thread::sleep(MS);
    }
    stage.run();
    assert_eq!(stage.outcomes(), [(11, Some(Ended::KeptOpen))]);
    assert_eq!(stage.peer.lock().writes, 3, "what belongs together goes out together");
}

#[test]
fn the_outcome_is_known_before_the_last_bytes_go_also_after_a_wait() {
    let mut stage = Stage::planned(Plan::new([head("head"), Step::Wait(MS), body("body")], End::Keep), []);
    let outcomes = stage.told.clone();
    stage.peer.lock().on_write = Some(Box::new(move |bytes| {
        if bytes == b"body" {
            assert_eq!(*outcomes.outcomes.lock(), [(8, Some(Ended::KeptOpen))]);
        }
    }));
    stage.run_out();
    assert_eq!(stage.got(), "headbody");
}

#[test]
fn requests_that_come_meanwhile_are_answered_afterwards() {
    let plan = Plan::new([Step::Wait(5 * MS), head("HTTP/1.1 200 first")], End::Keep);
    let mut stage = Stage::planned(plan, [bytes(GET), bytes(GET)]);
    until(stage.run());
    assert_eq!((stage.asked().len(), stage.peer.lock().reads.len()), (1, 2), "they stay unread");
    stage.run_out();
    stage.run_all();
    assert_eq!(stage.statuses(), [200, 200, 200]);
}

#[test]
fn a_source_is_not_touched_before_its_time() {
    let (chunks, seen) = chunks(["ab", "cd"]);
    let steps = [head("head "), Step::Wait(5 * MS), source(chunks, Left::All, None)];
    let mut stage = Stage::planned(Plan::new(steps, End::Keep), []);
    until(stage.run());
    assert_eq!((seen.reads.load(SeqCst), seen.works.load(SeqCst), seen.wakes.load(SeqCst)), (0, 0, 0));
    stage.run_out();
    assert_eq!((stage.got().as_str(), seen.works.load(SeqCst), seen.wakes.load(SeqCst)), ("head abcd", 1, 1));
}

#[rstest]
#[case::bytes(|| vec![body("abcdefghijklmnopqrstuvwxyz")])]
#[case::in_pieces(|| vec![framing("<"), body("abcdefghijklm"), framing("><"), body("nopqrstuvwxyz"), framing(">")])]
#[case::a_source(|| vec![source(chunks(["abcdefghijklm", "nopqrstuvwxyz"]).0, Left::All, None)])]
#[case::a_framed_source(|| vec![source(chunks(["<abcdefghijklm>", "<nopqrstuvwxyz>"]).0, Left::All, None)])]
fn a_body_goes_at_its_pace_and_framing_is_free(#[case] steps: fn() -> Vec<Step>) {
    const RATE: u32 = 500;
    let steps = std::iter::once(head("HEAD ")).chain(steps());
    let plan = Plan { pace: NonZeroUsize::new(RATE as usize), ..Plan::new(steps, End::Keep) };
    let mut stage = Stage::planned(plan, []);
    let begin = Instant::now();
    let mut looks = 0;
    let mut fate = stage.run();
    loop {
        let got = stage.got().bytes().filter(u8::is_ascii_lowercase).count();
        let most = begin.elapsed().as_nanos() * u128::from(RATE) / 1_000_000_000 + 5;
        assert!(got as u128 <= most, "{got} of {most}");
        if got == 26 && stage.outcomes()[0].1.is_some() {
            break;
        }
        std::thread::sleep(until(fate).saturating_duration_since(Instant::now()).min(100 * MS));
        fate = stage.run();
        looks += 1;
        assert!(looks < 100, "it gets nowhere: {:?}", stage.got());
    }
    assert!(begin.elapsed() >= 42 * MS, "5 at once, 21 at 500 in a second: {:?}", begin.elapsed());
    assert!(stage.got().starts_with("HEAD "));
    assert_eq!(stage.outcomes()[0].0, stage.got().len() as u64);
}

#[test]
fn there_is_a_pause_between_chunks_and_none_after_the_last() {
    let (chunks, seen) = chunks(["<ab>", "<cd>", "<>"]);
    let steps = [source(chunks, Left::All, Some(20 * MS)), framing("0")];
    let mut stage = Stage::planned(Plan::new(steps, End::Keep), []);
    let begin = Instant::now();
    let first = stage.run();
    assert!(until(first) >= begin + 20 * MS);
    assert_eq!((stage.run(), stage.got().as_str()), (first, "<ab>"));
    std::thread::sleep(20 * MS);
    stage.run();
    assert_eq!(stage.got(), "<ab><cd><>0", "what has no body is not waited for");
    assert_eq!(seen.works.load(SeqCst), 1);
}

#[rstest]
#[case::of_plain_bytes(["abc", "def"], 4, "abcd")]
#[case::of_framed_ones(["<abc>", "<def>"], 4, "<abc><d")]
#[case::all_of_them(["abc", "def"], 6, "abcdef")]
#[case::more_than_there_are(["abc", "def"], 9, "abcdef")]
#[case::none(["abc", "def"], 0, "")]
fn a_source_may_be_cut(#[case] pieces: [&'static str; 2], #[case] most: u64, #[case] expected: &str) {
    for pace in [None, NonZeroUsize::new(1_000)] {
        let (chunks, seen) = chunks(pieces);
        let plan = Plan::new([source(chunks, Left::AtMost(most), None)], End::Reset);
        let mut stage = Stage::planned(Plan { faulty: true, pace, ..plan }, []);
        assert_eq!((stage.run_out(), stage.got().as_str()), (Fate::Close, expected));
        assert_eq!(stage.outcomes(), [(expected.len() as u64, Some(Ended::Fault))]);
        assert!(stage.peer.lock().reset);
        assert_eq!(seen.works.load(SeqCst), usize::from(most > 0), "what is not sent is not made");
    }
}

#[test]
fn a_source_that_fails_breaks_the_body_off() {
    let (mut chunks, _) = chunks(["<ab>"]);
    chunks.fails = true;
    let mut stage = Stage::planned(Plan::new([source(chunks, Left::All, None), framing("0")], End::Keep), [Read::End]);
    assert_eq!((stage.run_out(), stage.got().as_str()), (Fate::Close, "<ab>"));
    assert_eq!(stage.outcomes(), [(4, Some(Ended::ClosedByServer))]);
}

#[test]
fn who_is_gone_is_noticed_while_the_answer_waits() {
    let mut stage = Stage::planned(Plan::new([Step::Wait(HOUR), head("answer")], End::Keep), []);
    until(stage.run());
    assert_eq!(stage.connection.run(Heard::Gone, &mut stage.scratch, &HANDS), Fate::Close);
    let told = stage.told.clone();
    drop(stage);
    assert_eq!(*told.outcomes.lock(), [(0, Some(Ended::ClientGone))]);
}

#[test]
fn who_sends_no_more_still_gets_the_answer_and_whoever_makes_it_is_told_once() {
    let (chunks, seen) = chunks(["ab"]);
    let steps = [Step::Wait(5 * MS), source(chunks, Left::All, None)];
    let mut stage = Stage::planned(Plan::new(steps, End::Keep), [Read::End]);
    let first = until(stage.run());
    for _ in 0..3 {
        let fate = stage.connection.run(Heard::ReadClosed, &mut stage.scratch, &HANDS);
        assert_eq!((until(fate), seen.closes.load(SeqCst)), (first, 1));
    }
    assert_eq!((stage.run_out(), stage.got().as_str()), (Fate::Close, "ab"));
    assert_eq!(seen.closes.load(SeqCst), 1);
}

#[test]
fn a_gate_holds_what_comes_behind_it() {
    let gate = Gate::new();
    let (chunks, seen) = chunks(["ab"]);
    let steps = [head("head "), Step::Hold(gate.clone()), source(chunks, Left::All, None)];
    let mut stage = Stage::planned(Plan::new(steps, End::Keep), []);
    for _ in 0..3 {
        assert!(until(stage.run()) > Instant::now() + HOUR);
        assert_eq!((stage.got().as_str(), gate.held(), seen.works.load(SeqCst)), ("head ", 1, 0));
    }
    gate.open();
    stage.run();
    assert_eq!((stage.got().as_str(), gate.held()), ("head ab", 0));
}

#[test]
fn who_goes_stands_at_no_gate() {
    let gate = Gate::new();
    let mut stage = Stage::planned(Plan::new([Step::Hold(gate.clone()), head("answer")], End::Keep), []);
    stage.run();
    assert_eq!(gate.held(), 1);
    assert_eq!(stage.connection.run(Heard::Gone, &mut stage.scratch, &HANDS), Fate::Close);
    drop(stage);
    assert_eq!(gate.held(), 0);
}

#[test]
fn a_stalled_connection_reads_nothing_and_ends_with_the_client() {
    for heard in [Heard::ReadClosed, Heard::Gone] {
        let plan = Plan { faulty: true, ..Plan::new([head("part")], End::Stall) };
        let mut stage = Stage::planned(plan, [bytes(GET)]);
        for _ in 0..3 {
            assert!(until(stage.run()) > Instant::now() + HOUR);
        }
        assert_eq!(stage.peer.lock().reads.len(), 1);
        assert_eq!(stage.got(), "part");
        assert_eq!(stage.connection.run(heard, &mut stage.scratch, &HANDS), Fate::Close);
        assert_eq!(stage.outcomes(), [(4, Some(Ended::Fault))]);
    }
}

#[test]
fn a_reset_waits_until_everything_has_left() {
    let plan = || Plan { faulty: true, ..Plan::new([head("part")], End::Reset) };
    for comes_true in [true, false] {
        let mut stage = Stage::planned(plan(), [bytes(GET)]);
        stage.peer.lock().keeps_waiting = true;
        for _ in 0..3 {
            let Fate::Wait { writes: true, .. } = stage.run() else { panic!("closed") };
            assert!(!stage.peer.lock().reset);
        }
        let fate = if comes_true {
            stage.peer.lock().keeps_waiting = false;
            stage.run()
        } else {
            stage.connection.expire(&mut stage.scratch, &HANDS)
        };
        assert_eq!((fate, stage.got().as_str()), (Fate::Close, "part"));
        assert!(stage.peer.lock().reset);
    }

    let mut stage = Stage::planned(Plan { faulty: true, ..Plan::nothing(End::Reset) }, []);
    stage.peer.lock().keeps_waiting = true;
    assert_eq!((stage.run(), stage.peer.lock().reset), (Fate::Close, true), "there is nothing to wait for");
}

#[test]
fn a_throttled_request_is_read_in_portions_and_in_its_time() {
    let settings = Settings { pace: NonZeroUsize::new(1_000), read_timeout: Duration::ZERO, ..Settings::default() };
    let mut stage = Stage::set(settings, [bytes(GET)], || "hello".into_response());
    let begin = Instant::now();
    let fate = stage.run();
    assert!(until(fate) <= Instant::now() + 10 * MS);
    let Some(Read::Bytes(rest)) = stage.peer.lock().reads.front().cloned() else { panic!("all was read") };
    assert_eq!(rest, GET.as_bytes()[10..], "a portion is what 10 ms are worth");
    while stage.asked().is_empty() {
        std::thread::sleep(MS);
        stage.connection.expire(&mut stage.scratch, &HANDS);
    }
    assert_eq!(stage.statuses(), [200], "it is not the client that is slow");
    assert!(begin.elapsed() >= 17 * MS);
}

#[test]
fn after_so_many_requests_a_connection_ends() {
    let settings = Settings { max_requests: NonZeroUsize::new(2), ..Settings::default() };
    let mut stage = Stage::set(settings, [bytes(&GET.repeat(3)), Read::End], || "hello".into_response());
    assert_eq!(stage.run_all(), Fate::Close);
    assert_eq!((stage.statuses(), stage.asked().len()), (vec![200, 200], 2));
    let got = stage.got();
    let (first, second) = got.split_at(got.len() / 2 - 10);
    assert!(!first.contains("Connection: close") && second.contains("Connection: close"), "{got}");
}
