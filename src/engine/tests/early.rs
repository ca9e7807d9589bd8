//! Answers that are given before the body of the request has come, and answers that are made while they are sent.

use std::collections::VecDeque;
use std::io;

use super::stage::{HANDS, Read, Stage, bytes};
use std::net::Shutdown;
use std::sync::atomic::Ordering::SeqCst;

use super::super::connection::Fate;
use super::super::slots::Heard;
use super::super::*;
use crate::message::body::{Sink, Source};
use crate::message::delivery::Ended;
use crate::message::into_response::IntoResponse;
use crate::wake::Wake;

const POST: &str = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const EXPECT: &str = "POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
const NEXT: &str = "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
const LEAVE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

fn hello(_: &Request, extent: Extent) -> Option<(Response, Option<Box<dyn Sink>>)> {
    (extent != Extent::AwaitsLeave).then(|| ("hello".into_response(), None))
}

/// What a source gives next, and what was put into a sink.
#[derive(Debug, Default)]
struct Script {
    gives: Mutex<VecDeque<&'static str>>,
    ended: AtomicBool,
    taken: Mutex<Vec<u8>>,
    room: AtomicUsize,
    wakes: Mutex<usize>,
    sink_is_gone: AtomicBool,
}

#[derive(Debug)]
struct Pipe(Arc<Script>);

impl Source for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.gives.lock().pop_front() {
            Some(text) => {
                buf[..text.len()].copy_from_slice(text.as_bytes());
                Ok(text.len())
            }
            None if self.0.ended.load(SeqCst) => Ok(0),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn step_back(&mut self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn wake_with(&mut self, _: Wake) {
        *self.0.wakes.lock() += 1;
    }
}

impl Sink for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = self.0.taken.lock();
        let length = bytes.len().min(self.0.room.load(SeqCst).saturating_sub(taken.len()));
        if length == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        taken.extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn wake_with(&mut self, _: Wake) {
        *self.0.wakes.lock() += 1;
    }
}

/// Says when the sink is dropped, which the source is not told apart from.
#[derive(Debug)]
struct SinkEnd(Pipe);

impl Sink for SinkEnd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Sink::write(&mut self.0, bytes)
    }

    fn wake_with(&mut self, wake: Wake) {
        Sink::wake_with(&mut self.0, wake);
    }
}

impl Drop for SinkEnd {
    fn drop(&mut self) {
        self.0.0.sink_is_gone.store(true, SeqCst);
    }
}

/// A stage whose requests are answered by a script.
fn scripted(reads: impl IntoIterator<Item = Read>, room: usize) -> (Stage, Arc<Script>) {
    let script = Arc::new(Script { room: AtomicUsize::new(room), ..Script::default() });
    let answering = script.clone();
    let stage = Stage::http_server(reads, move |_, extent| {
        let source = Box::new(Pipe(answering.clone()));
        let sink: Box<dyn Sink> = Box::new(SinkEnd(Pipe(answering.clone())));
        let response =
            Response::new(200).without_header("date").without_header("transfer-encoding").with_source(source, None);
        (extent != Extent::AwaitsLeave).then_some((response, Some(sink)))
    });
    (stage, script)
}

#[test]
fn a_request_is_answered_before_its_body_which_is_passed_over() {
    let mut stage = Stage::http_server([bytes(POST), Read::Pause, bytes("body!"), bytes(NEXT)], hello);
    stage.run();
    assert_eq!(stage.statuses(), [200]);
    stage.run_all();
    assert_eq!(stage.statuses(), [200, 200]);
    assert_eq!(stage.asked(), ["/1 \"\" Head { announced: 5 }", "/2 \"\" Complete"]);
}

#[test]
fn a_body_that_is_wanted_is_read_first() {
    let answer =
        |request: &Request, extent| (extent == Extent::Complete).then(|| (request.body_text().into_response(), None));
    let mut stage = Stage::http_server([bytes(POST), Read::Pause, bytes("body!"), bytes(NEXT)], answer);
    stage.run();
    assert_eq!(stage.got(), "");
    stage.run_all();
    assert!(stage.got().contains("\r\n\r\nbody!"), "{}", stage.got());
    assert_eq!(stage.statuses(), [200, 200]);
}

#[test]
fn after_an_early_answer_that_closes_the_body_is_waited_for_and_thrown_away() {
    let close =
        |_: &Request, extent: Extent| (extent != Extent::AwaitsLeave).then(|| (Response::new(501).close(), None));
    let mut stage = Stage::http_server([bytes(POST), Read::Pause, bytes("body!"), bytes(NEXT), Read::End], close);
    assert!(matches!(stage.run(), Fate::Wait { .. }));
    assert_eq!(stage.peer.lock().shutdowns, [Shutdown::Write]);
    assert_eq!(stage.run_all(), Fate::Close);
    assert_eq!(stage.statuses(), [501]);
}

#[test]
fn who_asks_for_leave_gets_it_ahead_of_an_early_answer() {
    let mut stage = Stage::http_server([bytes(EXPECT)], hello);
    stage.run();
    assert!(stage.got().starts_with(&format!("{LEAVE}HTTP/1.1 200 OK")), "{}", stage.got());
    assert_eq!(stage.asked(), ["/1 \"\" AwaitsLeave", "/1 \"\" Head { announced: 5 }"]);
}

#[test]
fn leave_may_be_refused_with_an_answer_that_closes() {
    let refuse = |_: &Request, extent| (extent == Extent::AwaitsLeave).then(|| (Response::new(417), None));
    let mut stage = Stage::http_server([bytes(EXPECT), bytes("body!"), bytes(NEXT), Read::End], refuse);
    assert_eq!(stage.run_all(), Fate::Close);
    assert_eq!(stage.statuses(), [417]);
    assert!(stage.got().contains("Connection: close"));
}

#[test]
fn a_malformed_body_that_is_passed_over_ends_the_connection_in_silence() {
    let head = "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut stage = Stage::http_server([bytes(head), bytes("what\r\n"), bytes(NEXT), Read::End], hello);
    assert_eq!(stage.run_all(), Fate::Close);
    assert_eq!(stage.statuses(), [200]);
}

#[test]
fn an_answer_of_unknown_length_goes_out_as_it_is_made() {
    let (mut stage, script) = scripted([bytes("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")], 0);
    assert!(matches!(stage.run(), Fate::Wait { writes: false, .. }));
    let head = stage.got();
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    script.gives.lock().push_back("one ");
    assert!(matches!(stage.run(), Fate::Wait { writes: false, .. }));
    assert_eq!(stage.got(), format!("{head}one "));
    script.gives.lock().extend(["two ", "three"]);
    script.ended.store(true, SeqCst);
    assert_eq!(stage.run(), Fate::Close);
    assert_eq!(stage.got(), format!("{head}one two three"));
    let length = stage.got().len() as u64;
    assert_eq!(stage.outcomes(), [(length, Some(Ended::ClosedByServer))]);
}

#[test]
fn a_body_flows_in_while_the_answer_flows_out_and_no_faster_than_it_is_taken() {
    let (mut stage, script) = scripted([bytes(POST), bytes("bod"), bytes("y!rest")], 2);
    stage.run();
    assert_eq!(*script.wakes.lock(), 2, "source and sink know whom to wake");
    stage.run();
    assert_eq!(script.taken.lock().as_slice(), b"bo");
    script.room.store(3, SeqCst);
    stage.run();
    assert_eq!(script.taken.lock().as_slice(), b"bod");
    assert!(!script.sink_is_gone.load(SeqCst));
    script.room.store(100, SeqCst);
    script.gives.lock().push_back("out");
    stage.run();
    assert_eq!(script.taken.lock().as_slice(), b"body!");
    assert!(script.sink_is_gone.load(SeqCst), "it learns that this was all");
    assert!(stage.got().ends_with("out"));
}

#[test]
fn who_is_gone_is_not_waited_for_while_nothing_is_sent() {
    let (mut stage, _script) = scripted([bytes(NEXT)], 0);
    assert!(matches!(stage.run(), Fate::Wait { .. }));
    // Who has only sent everything is waited for.
    let mut heard = |heard| stage.connection.run(heard, &mut stage.scratch, &HANDS);
    assert!(matches!(heard(Heard::ReadClosed), Fate::Wait { .. }));
    assert_eq!(heard(Heard::Gone), Fate::Close);
}

#[test]
fn a_body_that_is_cut_short_ends_for_whoever_takes_it() {
    let (mut stage, script) = scripted([bytes(POST), bytes("bo"), Read::End], 100);
    for _ in 0..3 {
        let _ = stage.run();
    }
    assert_eq!(script.taken.lock().as_slice(), b"bo");
    assert!(script.sink_is_gone.load(SeqCst));
    script.ended.store(true, SeqCst);
    assert_eq!(stage.connection.run(Heard::Nothing, &mut stage.scratch, &HANDS), Fate::Close);
    assert_eq!(stage.statuses(), [200]);
}
