//! Every wish, and every fault, as what it makes of a plan.

use std::collections::VecDeque;
use std::fmt::Write;
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use rstest::rstest;

use super::{End, Left, Plan, Step, broken_chunks};
use crate::gate::Gate;
use crate::message::body::Source;
use crate::message::fault::{Fault, Stage};
use crate::message::fault_at::FaultAt;
use crate::message::shape::Shape;

/// A plan as text: `HEAD|hello, wait 50ms, {from a source}, reset`. Steps that send something and follow one another have
/// `|` between them.
pub(crate) fn shown(plan: Plan) -> String {
    let mut text = String::new();
    let mut was_sent = false;
    for step in plan.steps {
        let sent = match step {
            Step::Interim(bytes) | Step::Framing(bytes) | Step::Bytes(bytes) => Ok(bytes.escape_ascii().to_string()),
            Step::Head(bytes) => Ok(bytes.escape_ascii().to_string()),
            Step::Source { mut source, left, pause } => {
                let sent = read_out(&mut *source, left, 5).escape_ascii().to_string();
                Ok(format!("{{{sent}{}}}", pause.map_or(String::new(), |pause| format!(" pause {pause:?}"))))
            }
            Step::Wait(time) => Err(format!("wait {time:?}")),
            Step::Hold(_) => Err("hold".to_owned()),
        };
        if !text.is_empty() {
            text += if was_sent && sent.is_ok() { "|" } else { ", " };
        }
        was_sent = sent.is_ok();
        text += &sent.unwrap_or_else(|step| step);
    }
    if !text.is_empty() {
        text += ", ";
    }
    if let Some(pace) = plan.pace {
        write!(text, "{pace} a second, ").unwrap();
    }
    text += match plan.end {
        End::Keep => "keep",
        End::Close => "close",
        End::Reset => "reset",
        End::HalfClose => "half-close",
        End::Stall => "stall",
    };
    assert!(plan.faulty || matches!(plan.end, End::Keep | End::Close), "{text}: no fault, but it ends so");
    text
}

/// Reads a source as far as a step sends it, in reads of this size, as the engine does.
pub(crate) fn read_out(source: &mut dyn Source, left: Left, room: usize) -> Vec<u8> {
    let mut sent = Vec::new();
    let mut body_left = match left {
        Left::Exactly(bytes) | Left::AtMost(bytes) => bytes,
        Left::All => u64::MAX,
    };
    let mut buffer = vec![0; room];
    loop {
        let most = if body_left == 0 { source.chunk_end_left() as u64 } else { body_left };
        let most = usize::try_from(most).unwrap_or(room).min(room);
        let got = if most == 0 { 0 } else { source.read(&mut buffer[..most]).unwrap() };
        if got == 0 {
            assert!(body_left == 0 || !matches!(left, Left::Exactly(_)), "{body_left} bytes are missing");
            return sent;
        }
        body_left -= source.body_of(got) as u64;
        sent.extend_from_slice(&buffer[..got]);
    }
}

/// Gives its pieces one by one, each in as many reads as it takes.
#[derive(Debug)]
pub(crate) struct Pieces {
    left: VecDeque<Bytes>,
    last: Bytes,
    /// Bytes of the last piece that were read.
    taken: usize,
}

impl Pieces {
    pub(crate) fn of(pieces: &[&'static str]) -> Box<dyn Source> {
        let left = pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect();
        Box::new(Pieces { left, last: Bytes::new(), taken: 0 })
    }
}

impl Source for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.last.len() {
            (self.last, self.taken) = (self.left.pop_front().unwrap_or_default(), 0);
        }
        let rest = &self.last[self.taken..];
        let got = rest.len().min(buf.len());
        buf[..got].copy_from_slice(&rest[..got]);
        self.taken += got;
        Ok(got)
    }
    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        self.taken -= usize::try_from(bytes).unwrap();
        Ok(())
    }
}

/// A gate that is closed.
pub(crate) fn gate() -> Gate {
    Gate::new()
}

fn head() -> Step {
    Step::Head(b"HEAD".to_vec())
}

fn bytes(text: &'static str) -> Step {
    Step::Bytes(Bytes::from_static(text.as_bytes()))
}

fn framing(text: &'static str) -> Step {
    Step::Framing(Bytes::from_static(text.as_bytes()))
}

fn plain() -> Plan {
    Plan::new([head(), bytes("hello")], End::Keep)
}

fn empty() -> Plan {
    Plan::new([head()], End::Keep)
}

fn chunked() -> Plan {
    let chunk = |size, text| [framing(size), bytes(text), framing("\r\n")];
    let chunks = [chunk("5\r\n", "hello"), chunk("3\r\n", "you")];
    Plan::new([head()].into_iter().chain(chunks.into_iter().flatten()).chain([framing("0\r\n\r\n")]), End::Keep)
}

fn file() -> Plan {
    let source = Pieces::of(&["hello", "you"]);
    Plan::new([head(), Step::Source { source, left: Left::Exactly(8), pause: None }], End::Keep)
}

fn streamed() -> Plan {
    let source = Pieces::of(&["hello", "you"]);
    Plan::new([head(), Step::Source { source, left: Left::All, pause: None }, framing("0\r\n\r\n")], End::Keep)
}

/// Bytes that are sent as they stand.
fn raw() -> Plan {
    Plan::new([bytes("HEAD hello")], End::Close)
}

fn with_interim() -> Plan {
    let mut plan = plain();
    plan.steps.push_front(Step::Interim(Bytes::from_static(b"100")));
    plan
}

const MS: fn(u64) -> Duration = Duration::from_millis;

fn delay(time: u64) -> Shape {
    Shape::Delay(MS(time))
}

fn delay_body(time: u64) -> Shape {
    Shape::DelayBody(MS(time))
}

fn pause(time: u64) -> Shape {
    Shape::Pause(MS(time))
}

fn throttle(pace: usize) -> Shape {
    Shape::Throttle(NonZeroUsize::new(pace).unwrap())
}

fn hold() -> Shape {
    Shape::Hold(gate())
}

fn hold_body(bytes: u64) -> Shape {
    Shape::HoldBody(bytes, gate())
}

fn fault(stage: Stage, fault: Fault) -> Shape {
    Shape::Break(stage, fault)
}

#[rstest]
#[case::delay(plain(), [delay(50)], "wait 50ms, HEAD|hello, keep")]
#[case::delay_before_raw_bytes(raw(), [delay(50)], "wait 50ms, HEAD hello, close")]
#[case::delay_behind_interim_responses(with_interim(), [delay(50)], "100, wait 50ms, HEAD|hello, keep")]
#[case::delay_body(plain(), [delay_body(5)], "HEAD, wait 5ms, hello, keep")]
#[case::delay_body_of_chunks(chunked(), [delay_body(5)], r"HEAD, wait 5ms, 5\r\n|hello|\r\n|3\r\n|you|\r\n|0\r\n\r\n, keep")]
#[case::delay_body_of_none(empty(), [delay_body(5)], "HEAD, wait 5ms, keep")]
#[case::pause(chunked(), [pause(5)], r"HEAD|5\r\n|hello|\r\n, wait 5ms, 3\r\n|you|\r\n|0\r\n\r\n, keep")]
#[case::pause_of_a_stream(streamed(), [pause(5)], r"HEAD|{helloyou pause 5ms}|0\r\n\r\n, keep")]
#[case::pause_of_chunks_without_borders(
    Plan::new([head(), bytes("a"), bytes("b"), bytes("c")], End::Close), [pause(5)], "HEAD|a, wait 5ms, b, wait 5ms, c, close"
)]
#[case::pause_where_there_are_no_chunks(plain(), [hold_body(2), pause(5)], "HEAD|he, hold, llo, keep")]
#[case::throttle(plain(), [throttle(10)], "HEAD|hello, 10 a second, keep")]
#[case::hold(plain(), [hold()], "hold, HEAD|hello, keep")]
#[case::hold_behind_interim_responses(with_interim(), [hold()], "100, hold, HEAD|hello, keep")]
#[case::hold_body(plain(), [hold_body(2)], "HEAD|he, hold, llo, keep")]
#[case::hold_body_at_its_start(chunked(), [hold_body(0)], r"HEAD, hold, 5\r\n|hello|\r\n|3\r\n|you|\r\n|0\r\n\r\n, keep")]
#[case::hold_body_between_chunks(chunked(), [hold_body(5)], r"HEAD|5\r\n|hello|\r\n, hold, 3\r\n|you|\r\n|0\r\n\r\n, keep")]
#[case::hold_body_in_a_chunk(chunked(), [hold_body(6)], r"HEAD|5\r\n|hello|\r\n|3\r\n|y, hold, ou|\r\n|0\r\n\r\n, keep")]
#[case::hold_body_at_its_end(chunked(), [hold_body(8)], r"HEAD|5\r\n|hello|\r\n|3\r\n|you|\r\n, hold, 0\r\n\r\n, keep")]
#[case::hold_body_beyond_its_end(chunked(), [hold_body(9)], r"HEAD|5\r\n|hello|\r\n|3\r\n|you|\r\n, hold, 0\r\n\r\n, keep")]
#[case::hold_body_of_a_file(file(), [hold_body(6)], "HEAD|{helloy}, hold, {ou}, keep")]
#[case::hold_body_of_a_stream(streamed(), [hold_body(6)], r"HEAD|{helloy}, hold, {ou}|0\r\n\r\n, keep")]
#[case::hold_body_beyond_a_stream(streamed(), [hold_body(99)], r"HEAD|{helloyou}, hold, {}|0\r\n\r\n, keep")]
#[case::hold_body_of_none(empty(), [hold_body(7)], "HEAD, hold, keep")]
fn a_wish_is_a_step_at_its_place<const N: usize>(
    #[case] plan: Plan,
    #[case] shapes: [Shape; N],
    #[case] expected: &str,
) {
    assert_eq!(shown(plan.shaped(&shapes)), expected);
}

#[rstest]
#[case::delay_and_hold([delay(5), hold()], "wait 5ms, hold, HEAD|hello, keep")]
#[case::hold_and_delay([hold(), delay(5)], "hold, wait 5ms, HEAD|hello, keep")]
#[case::delays([delay(1), delay(2)], "wait 1ms, wait 2ms, HEAD|hello, keep")]
#[case::delays_of_head_and_body([delay_body(1), delay(2)], "wait 2ms, HEAD, wait 1ms, hello, keep")]
#[case::delay_body_and_hold_body([delay_body(1), hold_body(0), delay_body(2)], "HEAD, wait 1ms, hold, wait 2ms, hello, keep")]
#[case::gates_in_the_body([hold_body(4), hold_body(1), hold_body(4)], "HEAD|h, hold, ell, hold, hold, o, keep")]
#[case::paces([throttle(10), throttle(5)], "HEAD|hello, 5 a second, keep")]
fn at_one_place_things_happen_in_the_order_said<const N: usize>(#[case] shapes: [Shape; N], #[case] expected: &str) {
    assert_eq!(shown(plain().shaped(&shapes)), expected);
}

#[test]
fn pauses_add_up() {
    assert_eq!(
        shown(chunked().shaped(&[pause(1), pause(2)])),
        r"HEAD|5\r\n|hello|\r\n, wait 1ms, wait 2ms, 3\r\n|you|\r\n|0\r\n\r\n, keep"
    );
    assert_eq!(shown(streamed().shaped(&[pause(1), pause(2)])), r"HEAD|{helloyou pause 3ms}|0\r\n\r\n, keep");
}

fn waits(plan: &Plan) -> Vec<Duration> {
    let time = |step: &Step| match step {
        Step::Wait(time) | Step::Source { pause: Some(time), .. } => Some(*time),
        _ => None,
    };
    plan.steps.iter().filter_map(time).collect()
}

#[test]
fn jitter_makes_each_wait_longer_wherever_it_is_said() {
    let jitter = |seed| Shape::Jitter { up_to: MS(100), seed };
    let wishes = [delay(50), delay_body(0), pause(5)];
    for plan in [chunked, streamed] {
        let first = [&[jitter(7)][..], &wishes].concat();
        let waited = waits(&plan().shaped(&first));
        assert_eq!(waited, waits(&plan().shaped(&[&wishes[..], &[jitter(7)]].concat())));
        assert_ne!(waited, waits(&plan().shaped(&[&wishes[..], &[jitter(8)]].concat())));
        for (waited, wished) in waited.iter().zip([50, 0, 5]) {
            assert!((MS(wished)..=MS(wished + 100)).contains(waited), "{waited:?} instead of {wished} ms");
        }
        let extra: Vec<Duration> =
            waited.iter().zip([50, 0, 5]).map(|(waited, wished)| waited.saturating_sub(MS(wished))).collect();
        assert!(extra[0] != extra[1] && extra[1] != extra[2], "the same for all: {extra:?}");
    }
}

#[test]
fn jitter_of_any_time_is_at_most_that_time() {
    for up_to in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(1), Duration::MAX] {
        for seed in 0..50 {
            let plan = plain().shaped(&[delay(0), Shape::Jitter { up_to, seed }]);
            assert!(waits(&plan)[0] <= up_to, "{up_to:?}, {seed}");
        }
    }
    let longest = plain().shaped(&[Shape::Delay(Duration::MAX), Shape::Jitter { up_to: Duration::MAX, seed: 1 }]);
    assert_eq!(waits(&longest), [Duration::MAX]);
}

#[rstest]
#[case::reset(Fault::Reset, "", "reset")]
#[case::close(Fault::Close, "", "close")]
#[case::half_close(Fault::HalfClose, "", "half-close")]
#[case::stall(Fault::Stall, "", "stall")]
#[case::garbage(Fault::garbage("?!"), "?!", "close")]
#[case::bad_chunk_size(Fault::BadChunkSize, r"ZZ\r\n", "close")]
#[case::no_last_chunk(Fault::NoLastChunk, "", "close")]
fn a_fault_ends_the_plan_at_its_place(#[case] fault: Fault, #[case] garbage: &str, #[case] end: &str) {
    let stages = [
        (Stage::Head(0), ""),
        (Stage::Head(2), "HE"),
        (Stage::Head(4), "HEAD"),
        (Stage::Head(99), "HEAD"),
        (Stage::Body(0), "HEAD"),
        (Stage::Body(3), r"HEAD|5\r\n|hel"),
        (Stage::Body(5), r"HEAD|5\r\n|hello|\r\n"),
        (Stage::Body(8), r"HEAD|5\r\n|hello|\r\n|3\r\n|you|\r\n"),
        (Stage::Body(usize::MAX), r"HEAD|5\r\n|hello|\r\n|3\r\n|you|\r\n"),
        (Stage::After, r"HEAD|5\r\n|hello|\r\n|3\r\n|you|\r\n|0\r\n\r\n"),
    ];
    for (stage, sent) in stages {
        let border = if sent.is_empty() || garbage.is_empty() { "" } else { "|" };
        let behind = if sent.is_empty() && garbage.is_empty() { "" } else { ", " };
        let expected = format!("{sent}{border}{garbage}{behind}{end}");
        assert_eq!(shown(chunked().broken(stage, &fault)), expected, "{stage:?}");
    }
}

#[rstest]
#[case::before_the_head(Stage::BeforeHead)]
#[case::as_it_is_accepted(Stage::Accept)]
#[case::in_the_head_of_the_request(Stage::RequestHead(7))]
#[case::in_the_body_of_the_request(Stage::RequestBody(7))]
fn what_strikes_before_the_head_takes_the_place_of_all_of_it(#[case] stage: Stage) {
    let broken = |plan: Plan, fault| shown(plan.broken(stage, &fault));
    assert_eq!(broken(chunked(), Fault::Reset), "reset");
    assert_eq!(broken(raw(), Fault::garbage("?!")), "?!, close");
    assert_eq!(broken(with_interim(), Fault::Stall), "100, stall");
    // Those of chunks take the place of the body, or of its end.
    assert_eq!(broken(chunked(), Fault::BadChunkSize), r"HEAD|ZZ\r\n, close");
    assert_eq!(broken(chunked(), Fault::NoLastChunk), r"HEAD|5\r\n|hello|\r\n|3\r\n|you|\r\n, close");
}

#[rstest]
#[case::a_file(file(), Stage::Body(6), "HEAD|{helloy}, reset")]
#[case::a_whole_file(file(), Stage::Body(8), "HEAD|{helloyou}, reset")]
#[case::a_stream(streamed(), Stage::Body(6), "HEAD|{helloy}, reset")]
#[case::a_stream_before_it_runs(streamed(), Stage::Body(0), "HEAD, reset")]
#[case::behind_a_stream(streamed(), Stage::Body(99), "HEAD|{helloyou}, reset")]
#[case::after_a_stream(streamed(), Stage::After, r"HEAD|{helloyou}|0\r\n\r\n, reset")]
#[case::raw_bytes(raw(), Stage::Body(6), "HEAD h, reset")]
#[case::the_head_of_raw_bytes(raw(), Stage::Head(3), "HEA, reset")]
#[case::no_body(empty(), Stage::Body(7), "HEAD, reset")]
fn every_body_breaks_off_at_its_place(#[case] plan: Plan, #[case] stage: Stage, #[case] expected: &str) {
    assert_eq!(shown(plan.broken(stage, &Fault::Reset)), expected);
}

#[rstest]
#[case::a_fault_in_the_middle([fault(Stage::Body(2), Fault::Reset), hold_body(3), hold_body(1)], "HEAD|h, hold, e, reset")]
#[case::a_fault_at_the_place_of_a_wait([fault(Stage::Body(2), Fault::Reset), hold_body(2)], "HEAD|he, hold, reset")]
#[case::a_fault_in_place_of_the_head([fault(Stage::BeforeHead, Fault::Close), delay(5)], "wait 5ms, close")]
#[case::a_fault_after_all([fault(Stage::After, Fault::Close), hold_body(5), delay(5)], "wait 5ms, HEAD|hello, hold, close")]
#[case::the_first_place([fault(Stage::After, Fault::Stall), fault(Stage::Body(3), Fault::Reset), fault(Stage::Body(4), Fault::Close)], "HEAD|hel, reset")]
#[case::the_first_said([fault(Stage::Head(1), Fault::Stall), fault(Stage::Head(1), Fault::Reset)], "H, stall")]
#[case::one_not_decided_on([Shape::FaultAt(FaultAt::from(Fault::Reset).at(Stage::Head(1)))], "H, reset")]
fn of_several_wishes_a_fault_has_the_last_word<const N: usize>(#[case] shapes: [Shape; N], #[case] expected: &str) {
    assert_eq!(shown(plain().shaped(&shapes)), expected);
}

#[rstest]
#[case::reset(Fault::Reset, "reset")]
#[case::close(Fault::Close, "close")]
#[case::half_close(Fault::HalfClose, "half-close")]
#[case::stall(Fault::Stall, "stall")]
#[case::garbage(Fault::garbage("?!"), "?!, close")]
#[case::bad_chunk_size(
    Fault::BadChunkSize,
    r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n|ZZ\r\n, close"
)]
#[case::no_last_chunk(
    Fault::NoLastChunk,
    r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n, close"
)]
fn a_fault_alone_sends_what_it_needs_and_says_how_the_connection_ends(#[case] fault: Fault, #[case] expected: &str) {
    assert_eq!(shown(Plan::fault(&fault)), expected);
    let delayed = format!("wait 5ms, {expected}");
    assert_eq!(shown(Plan::fault(&fault).shaped(&[delay(5)])), delayed);
}

#[test]
fn no_place_of_a_gate_changes_what_is_sent() {
    for plan in [plain, chunked, file, streamed, raw, empty, with_interim] {
        let sent = |plan: Plan| shown(plan).replace("hold", "").replace(['|', '{', '}', ',', ' '], "");
        let whole = sent(plan());
        for place in (0..12).chain([u64::MAX]) {
            assert_eq!(sent(plan().shaped(&[hold_body(place)])), whole, "at {place}");
            for other in 0..12 {
                let twice = plan().shaped(&[hold_body(place), hold_body(other)]);
                assert_eq!(sent(twice), whole, "at {place} and {other}");
            }
        }
    }
}

#[rstest]
#[case::bad_size(Stage::Body(3), Fault::BadChunkSize, Some(3))]
#[case::bad_size_of_no_place(Stage::BeforeHead, Fault::BadChunkSize, Some(0))]
#[case::no_end(Stage::Body(3), Fault::NoLastChunk, Some(3))]
#[case::no_end_of_no_place(Stage::BeforeHead, Fault::NoLastChunk, Some(u64::MAX))]
#[case::in_the_head(Stage::Head(3), Fault::BadChunkSize, None)]
#[case::after_all(Stage::After, Fault::NoLastChunk, None)]
#[case::another_fault(Stage::Body(3), Fault::Reset, None)]
fn faults_of_chunks_need_chunks(#[case] stage: Stage, #[case] kind: Fault, #[case] border: Option<u64>) {
    assert_eq!(broken_chunks(&[delay(5), fault(stage, kind.clone())]), border);
    // What never comes to be needs none.
    assert_eq!(broken_chunks(&[fault(stage, kind), fault(Stage::Head(0), Fault::Reset)]), None);
}
