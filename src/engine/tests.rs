//! Connections that read from a script and write into memory: no sockets, no threads, no waiting.

mod ambushes;
mod early;
mod room;
#[cfg(feature = "_tls")]
mod secured;
mod stage;
mod streaming;
mod strikes;
mod waiting;

use std::io;
use std::net::Shutdown;
use std::time::Instant;

use rstest::rstest;

use super::connection::Fate;
use super::slots::Heard;
use super::*;
use crate::message::body::Source;
use crate::message::delivery::Ended;
use crate::message::fault::Fault;
use crate::message::into_response::IntoResponse;
use stage::{HANDS, Read, Stage, bytes};

const GET: &str = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
const PUT: &str = "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const EXPECT: &str = "PUT /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";

fn waits(fate: Fate) -> bool {
    matches!(fate, Fate::Wait { writes: false, .. })
}

#[test]
fn head_and_small_body_leave_in_one_write_and_the_connection_stays() {
    let mut stage = Stage::hello([bytes(GET)]);
    assert!(waits(stage.run()));
    assert_eq!((stage.statuses(), stage.peer.lock().writes), (vec![200], 1));
    assert!(stage.got().ends_with("\r\n\r\nhello"));
    assert_eq!(stage.asked(), ["1 /1 \"\" after 0"]);
    assert_eq!(stage.outcomes(), [(stage.got().len() as u64, Some(Ended::KeptOpen))]);
    assert!(stage.peer.lock().shutdowns.is_empty());
}

#[test]
fn a_request_may_come_in_any_pieces() {
    for size in 1..=PUT.len() {
        let request = format!("{PUT}abcde{GET}");
        let mut stage = Stage::hello(request.as_bytes().chunks(size).map(|piece| Read::Bytes(piece.to_vec())));
        assert!(waits(stage.run_all()), "by {size}");
        assert_eq!(stage.statuses(), [200, 200], "by {size}");
        assert!(stage.asked()[0].starts_with("1 /1 \"abcde\""), "by {size}: {:?}", stage.asked());
    }
}

#[test]
fn who_waits_for_leave_to_send_a_body_gets_it() {
    let mut stage = Stage::hello([bytes(EXPECT), Read::Pause, bytes("abcde")]);
    assert!(waits(stage.run()));
    assert_eq!((stage.got().as_str(), stage.asked().len()), ("HTTP/1.1 100 Continue\r\n\r\n", 0));
    assert!(waits(stage.run_all()));
    assert_eq!((stage.statuses(), stage.asked()), (vec![100, 200], vec!["1 /1 \"abcde\" after 25".to_owned()]));
    // The interim response is no part of the answer.
    assert_eq!(stage.outcomes(), [(stage.got().len() as u64 - 25, Some(Ended::KeptOpen))]);
}

#[rstest]
#[case::all_of_it("abcde")]
#[case::a_part_of_it("a")]
fn who_sends_the_body_along_does_not_wait_for_leave(#[case] along: &str) {
    let mut stage = Stage::hello([bytes(&format!("{EXPECT}{along}")), Read::Pause, bytes(&"abcde"[along.len()..])]);
    stage.run_all();
    assert_eq!(stage.statuses(), [200]);
}

#[test]
fn leave_is_not_given_for_a_body_that_is_refused() {
    let head = EXPECT.replace(": 5", ": 1001");
    let mut stage = Stage::hello([bytes(&head), Read::Pause, Read::End]);
    stage.run_all();
    assert_eq!(stage.statuses(), [413]);
}

#[test]
fn pipelined_requests_are_answered_in_order_good_ones_before_a_bad_one() {
    let mut stage = Stage::hello([bytes(&format!("{GET}{PUT}abcde{GET}GET  /bad HTTP/1.1\r\n\r\n{GET}")), Read::End]);
    assert_eq!(stage.run_all(), Fate::Close);
    assert_eq!(stage.statuses(), [200, 200, 200, 400]);
    let asked = stage.asked();
    let beginnings = ["1 /1 \"\"", "2 /1 \"abcde\"", "3 /1 \"\"", "4 "];
    assert!(asked.len() == 4 && asked.iter().zip(beginnings).all(|(line, start)| line.starts_with(start)), "{asked:?}");
    assert_eq!(stage.outcomes()[3].1, Some(Ended::Refused));
}

#[test]
fn a_connection_with_very_many_requests_lets_others_go_first() {
    let mut stage = Stage::hello([bytes(&GET.repeat(1_000))]);
    assert_eq!(stage.run(), Fate::Yield);
    let first = stage.asked().len();
    assert!((1..1_000).contains(&first), "{first} requests in one go");
    assert!(waits(stage.run_all()));
    assert_eq!(stage.statuses(), [200; 1_000]);
}

#[test]
fn a_client_that_has_closed_its_side_gets_its_answer() {
    for heard in [Heard::Nothing, Heard::ReadClosed] {
        let mut stage = Stage::hello([bytes(&format!("{GET}{GET}")), Read::End]);
        let mut fate = stage.connection.run(heard, &mut stage.scratch, &HANDS);
        if heard == Heard::Nothing {
            fate = stage.run_all();
        }
        assert_eq!((fate, stage.statuses()), (Fate::Close, vec![200, 200]));
        assert_eq!(stage.outcomes()[1].1, Some(Ended::KeptOpen));
    }
}

#[rstest]
#[case::in_the_request_line("GET /1 HT", "400", "HeadCutShort")]
#[case::in_the_fields("GET /1 HTTP/1.1\r\nHost: a\r\n", "400", "HeadCutShort")]
#[case::before_the_body(PUT, "400", "BodyCutShort")]
#[case::in_the_body("PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "400", "BodyCutShort")]
fn an_end_before_its_time_is_answered_and_recorded(#[case] sent: &str, #[case] status: &str, #[case] why: &str) {
    let mut stage = Stage::hello([bytes(sent), Read::End]);
    assert_eq!(stage.run_all(), Fate::Close);
    assert!(stage.got().starts_with(&format!("HTTP/1.1 {status} ")), "{}", stage.got());
    assert!(stage.asked().len() == 1 && stage.asked()[0].ends_with(why), "{:?}", stage.asked());
    assert_eq!(stage.outcomes(), [(stage.got().len() as u64, Some(Ended::Refused))]);
}

#[rstest]
#[case::at_once("")]
#[case::after_an_empty_line("\r\n")]
#[case::after_a_request(GET)]
fn an_end_between_requests_is_no_refusal(#[case] sent: &str) {
    let reads = [bytes(sent), Read::End].into_iter().filter(|read| !matches!(read, Read::Bytes(b) if b.is_empty()));
    let mut stage = Stage::hello(reads);
    assert_eq!(stage.run_all(), Fate::Close);
    assert_eq!(stage.asked().len(), usize::from(sent == GET));
}

#[test]
fn a_refusal_in_the_middle_of_an_upload_closes_only_when_the_client_has() {
    for body in ["x", ""] {
        let head = PUT.replace(": 5", ": 9000");
        let rest = [Read::Pause, Read::Bytes(vec![b'x'; 200_000]), Read::Pause, bytes("more"), Read::Pause];
        let mut stage = Stage::hello([bytes(&format!("{head}{body}"))].into_iter().chain(rest));
        assert!(waits(stage.run()));
        assert_eq!((stage.statuses(), stage.peer.lock().shutdowns.as_slice()), (vec![413], &[Shutdown::Write][..]));
        assert!(waits(stage.run_all()));
        stage.peer.lock().reads.push_back(Read::End);
        assert_eq!(stage.run(), Fate::Close);
        // What came afterwards was read, and not as a request.
        assert_eq!((stage.asked().len(), stage.statuses()), (1, vec![413]));
    }
}

#[test]
fn what_follows_a_last_answer_is_thrown_away_so_that_no_reset_overtakes_it() {
    let last = GET.replace("Host", "Connection: close\r\nHost");
    let mut stage = Stage::hello([bytes(&format!("{last}{GET}")), Read::Pause]);
    assert!(waits(stage.run()));
    assert_eq!(stage.peer.lock().shutdowns, [Shutdown::Write]);
    stage.peer.lock().reads.push_back(Read::End);
    assert_eq!((stage.run_all(), stage.statuses()), (Fate::Close, vec![200]));
    assert_eq!(stage.outcomes()[0].1, Some(Ended::ClosedByServer));
}

#[rstest]
#[case::a_head("GET /1 HT", 408)]
#[case::a_body(PUT, 408)]
fn what_takes_too_long_is_answered(#[case] sent: &str, #[case] status: u16) {
    let mut stage = Stage::hello([bytes(sent)]);
    let Fate::Wait { until, .. } = stage.run() else { panic!("closed") };
    assert!(until <= Instant::now() + Settings::default().read_timeout);
    assert!(waits(stage.connection.expire(&mut stage.scratch, &HANDS)));
    assert_eq!((stage.statuses(), stage.peer.lock().shutdowns.as_slice()), (vec![status], &[Shutdown::Write][..]));
    assert!(stage.asked()[0].ends_with("TooSlow"), "{:?}", stage.asked());
    // And who does not close then either is not waited for twice.
    assert_eq!(stage.connection.expire(&mut stage.scratch, &HANDS), Fate::Close);
}

#[test]
fn trickling_does_not_extend_the_time_of_a_head_or_a_body() {
    for (begin, rest) in [("GET /", "1 HTTP/1.1\r\nHost"), (PUT, "abcd")] {
        let pieces = rest.bytes().map(|byte| Read::Bytes(vec![byte]));
        let mut stage = Stage::hello([bytes(begin)].into_iter().chain(pieces));
        let Fate::Wait { until, .. } = stage.run() else { panic!("closed") };
        let Fate::Wait { until: later, .. } = stage.run_all() else { panic!("closed") };
        assert_eq!(until, later);
    }
}

#[test]
fn an_idle_connection_ends_in_silence() {
    for sent in ["\r\n", GET] {
        let mut stage = Stage::hello([bytes(sent)]);
        stage.run();
        let got = stage.got();
        assert_eq!((stage.connection.expire(&mut stage.scratch, &HANDS), stage.got()), (Fate::Close, got));
    }
}

/// Gives a few bytes for each read, and takes back what was not sent.
#[derive(Debug)]
struct Morsels {
    bytes: Vec<u8>,
    at: usize,
}

impl Source for Morsels {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let length = buf.len().min(7).min(self.bytes.len() - self.at);
        buf[..length].copy_from_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        self.at -= usize::try_from(bytes).unwrap();
        Ok(())
    }
}

fn alphabet(length: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(length).collect()
}

fn from_source(length: usize) -> Response {
    Response::new(200).with_source(Box::new(Morsels { bytes: alphabet(length), at: 0 }), Some(length as u64))
}

#[rstest]
#[case::in_one_piece(|| Response::new(200).body(alphabet(60)))]
#[case::in_three_pieces(|| Response::new(200).header("Transfer-Encoding", "chunked").body(alphabet(60)))]
#[case::behind_an_empty_piece(|| Response::new(200).header("Transfer-Encoding", "chunked"))]
#[case::from_a_source(|| from_source(60))]
#[case::from_a_source_between_pieces(|| from_source(60).header("Transfer-Encoding", "chunked"))]
fn a_slow_reader_gets_every_byte_once(#[case] respond: fn() -> Response) {
    let mut whole = Stage::new([bytes(GET)], respond);
    assert!(waits(whole.run_all()));
    for size in 1..=whole.got().len() {
        for (write_size, window) in [(Some(size), None), (None, Some(size)), (Some(size), Some(size + 3))] {
            let mut stage = Stage::new([bytes(GET), Read::Pause, bytes(GET)], respond);
            (stage.peer.lock().write_size, stage.peer.lock().window) = (write_size, window);
            assert!(waits(stage.run_all()), "{write_size:?} {window:?}");
            assert_eq!(stage.got(), whole.got().repeat(2), "{write_size:?} {window:?}");
            let told = (whole.got().len() as u64, Some(Ended::KeptOpen));
            assert_eq!(stage.outcomes(), [told; 2], "{write_size:?} {window:?}");
        }
    }
}

#[rstest]
#[case::shared_bytes(|| Response::new(200).body(alphabet(300_000)))]
#[case::a_source(|| from_source(30_000))]
fn large_bodies_arrive_whole(#[case] respond: fn() -> Response) {
    for window in [997, 16_384, 131_072, 131_073] {
        let mut stage = Stage::new([bytes(GET)], respond);
        stage.peer.lock().window = Some(window);
        assert!(waits(stage.run_all()));
        let got = stage.peer.lock().got.clone();
        let head = got.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        assert!(got[head..] == alphabet(got.len() - head) && got.len() >= 30_000, "{window}");
    }
}

#[test]
fn a_client_that_takes_nothing_is_reported_when_the_connection_ends() {
    let mut stage = Stage::hello([bytes(GET)]);
    stage.peer.lock().window = Some(0);
    assert!(matches!(stage.run(), Fate::Wait { writes: true, .. }));
    assert_eq!(stage.outcomes(), [(0, None)]);
    assert_eq!(stage.connection.expire(&mut stage.scratch, &HANDS), Fate::Close);
    let told = stage.told.clone();
    drop(stage);
    assert_eq!(*told.outcomes.lock(), [(0, Some(Ended::ClientGone))]);
}

#[test]
fn a_source_that_gives_less_than_announced_closes_the_connection() {
    let short = || Response::new(200).with_source(Box::new(Morsels { bytes: alphabet(20), at: 0 }), Some(60));
    let mut stage = Stage::new([bytes(GET)], short);
    assert_eq!(stage.run_all(), Fate::Close);
    assert!(stage.got().contains("Content-Length: 60\r\n") && stage.got().ends_with("\r\n\r\nabcdefghijklmnopqrst"));
    assert_eq!(stage.outcomes()[0], (stage.got().len() as u64, Some(Ended::ClosedByServer)));
}

#[test]
fn interruptions_are_no_matter() {
    let interrupted = io::ErrorKind::Interrupted;
    let mut stage = Stage::new([Read::Fails(interrupted), bytes(GET), Read::Fails(interrupted)], || from_source(60));
    stage.peer.lock().write_errors = [interrupted, interrupted].into();
    assert!(waits(stage.run_all()));
    assert!(stage.peer.lock().got.ends_with(&alphabet(60)));
}

#[test]
fn a_broken_connection_is_given_up_and_reported() {
    let broken = io::ErrorKind::ConnectionReset;
    let mut stage = Stage::hello([bytes("GET /"), Read::Fails(broken)]);
    assert_eq!((stage.run_all(), stage.asked().len()), (Fate::Close, 0));

    let mut stage = Stage::hello([bytes(GET)]);
    stage.peer.lock().write_errors = [broken, broken].into();
    assert_eq!((stage.run(), stage.outcomes()), (Fate::Close, vec![(0, Some(Ended::ClientGone))]));
}

#[test]
fn faults_end_the_connection_in_their_ways() {
    let mut stage = Stage::new([bytes(GET)], || Fault::Reset.into_response());
    assert_eq!((stage.run(), stage.got().as_str()), (Fate::Close, ""));
    assert!(stage.peer.lock().reset);

    let mut stage = Stage::new([bytes(GET)], || Fault::Close.into_response());
    assert_eq!((stage.run(), stage.got().as_str()), (Fate::Close, ""));
    assert!(!stage.peer.lock().reset);

    for (fault, shutdowns, unread) in [(Fault::Stall, &[][..], 1), (Fault::HalfClose, &[Shutdown::Write], 0)] {
        let mut stage = Stage::new([bytes(GET), Read::Pause, bytes(GET)], move || fault.clone().into_response());
        for _ in 0..5 {
            assert!(waits(stage.run()));
        }
        assert!(stage.peer.lock().reads.len() >= unread);
        assert_eq!((stage.got().as_str(), stage.asked().len()), ("", 1));
        assert_eq!(stage.peer.lock().shutdowns, shutdowns);
        assert_eq!(stage.outcomes(), [(0, Some(Ended::Fault))]);
        // Who reads sees the end, who does not is told of it.
        stage.peer.lock().reads.push_back(Read::End);
        assert_eq!(stage.connection.run(Heard::ReadClosed, &mut stage.scratch, &HANDS), Fate::Close);
    }
}

#[test]
fn a_client_that_takes_nothing_gains_no_time_by_sending() {
    let mut stage =
        Stage::new([bytes(GET), Read::Pause, bytes("x"), Read::Pause], || Response::new(200).body(alphabet(60)));
    stage.peer.lock().window = Some(10);
    stage.run();
    stage.peer.lock().window = Some(0);
    let (first, second) = (stage.run(), stage.run());
    assert!(matches!(first, Fate::Wait { writes: true, .. }));
    assert_eq!(first, second, "the deadline stays where it is");
}

#[test]
fn answers_that_the_client_may_not_have_yet_keep_the_connection_from_being_closed_at_once() {
    let closing = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut stage = Stage::new([bytes(&format!("{GET}{GET}{closing}"))], || Response::new(200).body(alphabet(15_000)));
    assert!(waits(stage.run()));
    assert_eq!(stage.peer.lock().shutdowns, [Shutdown::Write]);

    let mut stage = Stage::new([bytes(GET), bytes(GET), bytes(closing)], || Response::new(200).body(alphabet(15_000)));
    assert_eq!(stage.run_all(), Fate::Close, "who asks again has what was sent before");
}

#[test]
fn polling_is_passed_on_before_whatever_may_run_user_code() {
    for request in [GET, "no request\r\n"] {
        let (mut stage, calls) = (Stage::hello([bytes(request)]), std::cell::Cell::new(0));
        stage.connection.run(
            Heard::Nothing,
            &mut stage.scratch,
            &Hands { before_user_code: &|| calls.set(calls.get() + 1), ..HANDS },
        );
        assert_eq!(calls.get(), 1, "{request}");
    }
    let (mut stage, calls) = (Stage::hello([bytes("GET / HTT")]), std::cell::Cell::new(0));
    stage.run();
    stage.connection.expire(&mut stage.scratch, &Hands { before_user_code: &|| calls.set(calls.get() + 1), ..HANDS });
    assert_eq!((stage.statuses(), calls.get()), (vec![408], 1));
}
