//! Faults that strike before there is an answer: as a connection is accepted, in the head of a request, in its body.
//!
//! What a request meets is drawn once, from its first byte on and before it is complete. Where it is struck it ends, for the
//! decoder: what has come is asked about as a complete request, and the fault stands in place of its answer.

use crate::message::delivery::{Ended, Receipt};
use crate::message::fault::{Fault, Stage};
use crate::message::request::{Content, Head, Request};
use crate::outage::Outage;
use crate::plan::{End, Plan};
use crate::wire::decoder::Step;
use crate::wire::refusal::Refusal;

use super::super::sending::{Progress, Sending};
use super::super::{Hands, Reply};
use super::exchange::{Framed, leave};
use super::{Connection, Scratch};

/// An answer that is given in the middle of the request's body.
#[derive(Debug)]
pub(super) struct Ambush {
    /// After so many bytes of the body, or at its end.
    after: u64,
    reply: Reply,
    framed: Framed,
}

impl Connection {
    /// What the connection meets as it is accepted; it happens when the connection is first served.
    pub(in crate::engine) fn strike_at_once(&mut self, fault: &Fault) {
        // A request is most likely on its way, and must not turn a close into a reset.
        self.may_have_more = true;
        self.sending = Some(Box::new(Sending::new(Plan::fault(fault), None, Ended::Fault)));
    }

    /// What becomes of what the decoder said, `rest` being the input that it left.
    pub(super) fn met(&mut self, step: Step, rest: &[u8]) -> Step {
        if self.meets_nothing() { step } else { self.struck(step, rest) }
    }

    /// Nothing goes wrong with the request that arrives, as nearly always.
    pub(super) fn meets_nothing(&self) -> bool {
        self.strike.is_none()
            && self.ambush.is_none()
            && (self.is_drawn || self.port.service.outage().is_none_or(Outage::is_over))
    }

    pub(super) fn struck(&mut self, step: Step, rest: &[u8]) -> Step {
        let has_begun = match step {
            Step::NeedMore => self.decoder.is_amid(rest),
            Step::HangUp => false,
            Step::Head { .. } | Step::Request(..) | Step::Refused { .. } => true,
        };
        if !has_begun {
            return step;
        }
        if let Some(ambush) = &self.ambush {
            return self.decoder.cut_body(step, ambush.after);
        }
        if !std::mem::replace(&mut self.is_drawn, true) {
            self.strike = self.port.service.outage().and_then(Outage::on_request).map(Box::new);
        }
        match self.strike.as_ref().map(|strike| strike.stage) {
            Some(Stage::RequestHead(after)) => self.decoder.cut_head(step, rest, after),
            Some(Stage::RequestBody(after)) => self.decoder.cut_body(step, after as u64),
            _ => step,
        }
    }

    /// Whether the request that arrives will have no answer: then nobody needs to be asked for one.
    pub(super) fn goes_unanswered(&self) -> bool {
        self.strike.as_ref().is_some_and(|strike| precedes_answer(strike.stage))
    }

    /// What stands in place of the answer to a request that has arrived, if something does.
    pub(super) fn instead_of_answer(&mut self) -> Option<Fault> {
        let strike = self.strike.take_if(|strike| precedes_answer(strike.stage))?;
        self.may_have_more |= self.decoder.is_over();
        Some(strike.fault)
    }

    /// Lets the body come, and replies in the middle of it.
    pub(super) fn lie_in_wait(
        &mut self,
        after: u64,
        reply: Reply,
        mut framed: Framed,
        scratch: &mut Scratch,
        hands: &Hands<'_>,
    ) -> Progress {
        let exchange = framed.exchange;
        let gives_leave = std::mem::take(&mut framed.gives_leave);
        self.ambush = Some(Box::new(Ambush { after, reply, framed }));
        // It stands for the request, which was written down and is gone.
        let nameless = Request::of_parts(Head::default(), Content::default());
        let step = self.decoder.collect(nameless, exchange, &self.port.settings.reading.limits);
        match self.met(step, &[]) {
            Step::NeedMore if gives_leave => {
                let interim = Plan::one(leave(), End::Keep);
                self.send(Sending::new(interim, None, Ended::KeptOpen), scratch, hands)
            }
            Step::NeedMore => Progress::Done(End::Keep),
            step => {
                if let Some(ambush) = &mut self.ambush {
                    ambush.framed.gives_leave = gives_leave;
                }
                self.spring(step, scratch, hands)
            }
        }
    }

    /// The place in the body is reached, or its end, be it a bad one: the answer that waits goes out.
    pub(super) fn spring(&mut self, step: Step, scratch: &mut Scratch, hands: &Hands<'_>) -> Progress {
        let Some(ambush) = self.ambush.take() else { return Progress::Gone };
        let Ambush { reply, framed, .. } = *ambush;
        tell_of_body(&*reply.receipt, step);
        self.may_have_more |= self.decoder.is_over();
        self.reply(reply, framed, scratch, hands)
    }

    /// The connection ends: whoever waits for the body learns how much came.
    pub(super) fn leave_ambush(&mut self) {
        let Some(ambush) = self.ambush.take() else { return };
        if let Some(step) = self.decoder.give_up(&[], Refusal::BodyCutShort) {
            tell_of_body(&*ambush.reply.receipt, step);
        }
        ambush.reply.receipt.sent(0, Some(self.why_gone()));
    }
}

fn precedes_answer(stage: Stage) -> bool {
    matches!(stage, Stage::RequestHead(_) | Stage::RequestBody(_) | Stage::BeforeHead)
}

fn tell_of_body(receipt: &dyn Receipt, step: Step) {
    if let Step::Request(request, _) | Step::Refused { request, .. } = step {
        receipt.received(request.into_content());
    }
}
