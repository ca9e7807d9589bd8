//! From a request to its answer: who is asked when, and what is sent.

use std::io;
use std::time::SystemTime;

use bytes::Bytes;

use crate::message::delivery::{Arrival, Ended};
use crate::message::fault::Fault;
use crate::message::request::Request;
use crate::plan::{End, Plan, Step};
use crate::wire::decoder;
use crate::wire::encode;
use crate::wire::refusal::Refusal;
use crate::wire::{Dialect, Exchange};

use super::super::sending::{Progress, Sending};
use super::super::{Answer, Extent, Hands, Incoming};
use super::inbox::{Flow, Inflow};
use super::{Connection, Scratch, TURNS, body_begins};

/// What an answer goes out with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framed {
    pub(super) exchange: Exchange,
    pub(super) refused: bool,
    pub(super) arrived: SystemTime,
    /// The client is given leave to send its body, right before the answer.
    pub(super) gives_leave: bool,
}

impl Connection {
    /// Acts on what the decoder found, and sends what comes of it.
    pub(super) fn act(&mut self, step: decoder::Step, scratch: &mut Scratch, hands: &Hands<'_>) -> Progress {
        if self.ambush.is_some() {
            return self.spring(step, scratch, hands);
        }
        match step {
            decoder::Step::Request(request, exchange) => self.answer(request, exchange, None, false, scratch, hands),
            decoder::Step::Refused { request, refusal, exchange } => {
                self.may_have_more = true;
                self.answer(request, exchange, Some(refusal), false, scratch, hands)
            }
            decoder::Step::Head { request, exchange, expects_continue } => {
                (self.arrived, self.due, self.body_progress) = body_begins();
                self.decide(request, exchange, expects_continue, scratch, hands)
            }
            decoder::Step::NeedMore => Progress::Done(End::Keep),
            decoder::Step::HangUp => {
                self.may_have_more = true;
                Progress::Done(End::Close)
            }
        }
    }

    /// Whether a request is answered now that its head is there, or its body is read first.
    fn decide(
        &mut self,
        mut request: Request,
        exchange: Exchange,
        expects_continue: bool,
        scratch: &mut Scratch,
        hands: &Hands<'_>,
    ) -> Progress {
        let settings = &self.port.settings;
        let (dialect, asks_for_leave) = (settings.reading.dialect, settings.asks_for_leave);
        let arrived = self.arrival();
        let framed = Framed { exchange, refused: false, arrived, gives_leave: false };
        let is_asked = !self.goes_unanswered();
        if is_asked && expects_continue && asks_for_leave {
            request = match self.ask(request, Met::Nothing, Extent::AwaitsLeave, arrived, hands) {
                Some(Answer::ReadOn(request)) => request,
                Some(Answer::Reply(mut reply)) => {
                    // Whether the body comes all the same cannot be known.
                    reply.response.close = true;
                    self.may_have_more = true;
                    return self.reply(reply, framed, scratch, hands);
                }
                Some(Answer::Later(_) | Answer::Ambush { .. }) | None => return Progress::Gone,
            };
        }
        if is_asked && (dialect == Dialect::HttpServer || self.port.service.wants_heads()) {
            let announced = self.decoder.announced();
            request = match self.ask(request, Met::Nothing, Extent::Head { announced }, arrived, hands) {
                Some(Answer::ReadOn(request)) => request,
                Some(Answer::Later(later)) => {
                    return self.begin_streaming(
                        later,
                        Framed { gives_leave: expects_continue, ..framed },
                        scratch,
                        hands,
                    );
                }
                Some(Answer::Ambush { after, reply }) => {
                    let framed = Framed { gives_leave: expects_continue, ..framed };
                    return self.lie_in_wait(after, reply, framed, scratch, hands);
                }
                Some(Answer::Reply(mut reply)) => {
                    match reply.sink.take() {
                        Some(mut sink) => {
                            sink.wake_with((hands.wake)());
                            self.inflow = Some(Box::new(Inflow::new(sink, announced)));
                            self.decoder.hand_over();
                            // What has come already is told of by no event. Whether the client is gone shows soon enough.
                            let _ = self.take_in(scratch);
                        }
                        None => self.decoder.pass_over(),
                    }
                    return self.reply(reply, Framed { gives_leave: expects_continue, ..framed }, scratch, hands);
                }
                None => return Progress::Gone,
            };
        }
        let step = self.decoder.collect(request, exchange, &self.port.settings.reading.limits);
        match self.met(step, &[]) {
            decoder::Step::NeedMore if expects_continue => {
                let interim = Plan::one(leave(), End::Keep);
                self.send(Sending::new(interim, None, Ended::KeptOpen), scratch, hands)
            }
            decoder::Step::Request(request, exchange) => {
                self.answer(request, exchange, None, expects_continue, scratch, hands)
            }
            step => self.act(step, scratch, hands),
        }
    }

    /// Has a complete request answered, or a refused one written down.
    fn answer(
        &mut self,
        request: Request,
        exchange: Exchange,
        refusal: Option<Refusal>,
        gives_leave: bool,
        scratch: &mut Scratch,
        hands: &Hands<'_>,
    ) -> Progress {
        let arrived = self.arrival();
        let met = match refusal {
            Some(refusal) => Met::Refusal(refusal),
            None if self.strike.is_none() => Met::Nothing,
            None => self.instead_of_answer().map_or(Met::Nothing, Met::Fault),
        };
        match self.ask(request, met, Extent::Complete, arrived, hands) {
            Some(Answer::Reply(reply)) => {
                self.reply(reply, Framed { exchange, refused: refusal.is_some(), arrived, gives_leave }, scratch, hands)
            }
            // There is nothing more to read; or the server was stopped.
            Some(Answer::ReadOn(_) | Answer::Later(_) | Answer::Ambush { .. }) | None => Progress::Gone,
        }
    }

    /// `None` if the server was stopped.
    fn ask(
        &mut self,
        request: Request,
        met: Met,
        extent: Extent,
        arrived: SystemTime,
        hands: &Hands<'_>,
    ) -> Option<Answer> {
        // Also if the request is refused: a log may be listening.
        (hands.before_user_code)();
        self.note_asked(extent);
        let arrival = Arrival { number: self.requests + 1, at: arrived };
        let (refusal, fault) = match met {
            Met::Nothing => (None, None),
            Met::Refusal(refusal) => (Some(refusal), None),
            Met::Fault(fault) => (None, Some(fault)),
        };
        let incoming = Incoming { request, refusal, client: self.client.clone(), arrival, extent, fault };
        let answer = self.port.unless_stopped(|| self.port.service.answer(incoming))?;
        if !matches!(answer, Answer::ReadOn(_)) {
            self.requests += 1;
            (self.arrived, self.due) = (None, None);
            // An outage that begins now comes too late for it.
            self.is_drawn = true;
        }
        Some(answer)
    }

    /// Passes on what has come of the body of the request that is being answered. An error means that the client is gone.
    pub(super) fn take_in(&mut self, scratch: &mut Scratch) -> io::Result<()> {
        self.takes_more = false;
        let Some(mut inflow) = self.inflow.take() else { return Ok(()) };
        for _ in 0..TURNS {
            match inflow.take_from(&mut self.inbox) {
                Flow::Over => {
                    self.may_have_more |= inflow.is_incomplete();
                    return Ok(());
                }
                // Whoever takes the body learns that it ends here.
                Flow::Dry if self.at_end => return Ok(()),
                Flow::Dry if !self.drained => {
                    let fresh = self.read_more(scratch)?;
                    self.inbox.push(&scratch.buffer[..fresh]);
                    self.body_progress += fresh;
                    // A read may stop short of what is there, as at an urgent byte.
                    self.drained &= fresh == 0;
                }
                Flow::Dry | Flow::Full => {
                    self.inflow = Some(inflow);
                    return Ok(());
                }
            }
        }
        (self.inflow, self.takes_more) = (Some(inflow), true);
        Ok(())
    }
}

/// What stands in the way of an answer.
enum Met {
    Nothing,
    Refusal(Refusal),
    Fault(Fault),
}

pub(super) fn leave() -> Step {
    Step::Interim(Bytes::from_static(encode::CONTINUE))
}
