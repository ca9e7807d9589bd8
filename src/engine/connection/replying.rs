//! From a response to bytes on their way: at once where that is possible, by a plan where it is not.

use std::io::ErrorKind;
use std::sync::Arc;

use crate::message::delivery::{Ended, Receipt};
use crate::plan::{End, Plan, Step};
use crate::wire::encode::{self, Circumstances};

use super::super::sending::{Progress, Sending};
use super::super::{Hands, Reply};
use super::exchange::{Framed, leave};
use super::{Connection, Scratch};

impl Connection {
    pub(super) fn reply(&mut self, reply: Reply, framed: Framed, scratch: &mut Scratch, hands: &Hands<'_>) -> Progress {
        // Of this request nothing more will be met; what is refused is refused as ever.
        self.is_drawn = false;
        let strike = match &self.strike {
            None => None,
            Some(_) => self.strike.take().filter(|_| !framed.refused),
        };
        let settings = &self.port.settings;
        let circumstances = Circumstances {
            exchange: framed.exchange,
            dialect: settings.reading.dialect,
            server_line: &settings.server_line,
            protocol: settings.reading.protocol,
            keep_alive: match settings.max_requests {
                None => settings.keep_alive,
                Some(most) => settings.keep_alive && self.requests < most.get(),
            },
            date_line: scratch.date.at(reply.date.unwrap_or(framed.arrived)),
            strike: match &strike {
                None => None,
                Some(strike) => Some((strike.stage, &strike.fault)),
            },
        };
        if !framed.gives_leave {
            if let Some(end) = encode::whole(&reply.response, circumstances, &mut scratch.writer) {
                return self.send_at_once(end, reply.receipt, framed.refused, scratch, hands);
            }
        }
        let plan = encode::plan(reply.response, circumstances);
        let ended = ended_by(plan.end, framed.refused, plan.faulty);
        let is_plain = plan.steps.len() == 1 && matches!(plan.steps.front(), Some(Step::Head(_)));
        let mut sending = Sending::new(plan, Some(reply.receipt), ended);
        if framed.gives_leave {
            sending.begin_with(leave());
        }
        if !is_plain || framed.gives_leave {
            sending.prepare();
            if sending.runs_user_code() {
                (hands.before_user_code)();
            }
        }
        self.send(sending, scratch, hands)
    }

    /// The usual case: the answer stands in the thread's buffer, goes out in one write, and the client takes all of it.
    fn send_at_once(
        &mut self,
        end: End,
        receipt: Arc<dyn Receipt>,
        refused: bool,
        scratch: &mut Scratch,
        hands: &Hands<'_>,
    ) -> Progress {
        let bytes = scratch.writer.as_bytes();
        let ended = ended_by(end, refused, false);
        // The journal must know how it ended before the client can: the bytes are counted before they go.
        receipt.sent(bytes.len() as u64, Some(ended));
        let written = match self.transport.lock().write(bytes) {
            Ok(written) => written,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
            Err(_) => {
                receipt.sent(0, Some(self.why_gone()));
                return Progress::Gone;
            }
        };
        if written == bytes.len() {
            self.blocked = None;
            self.unconfirmed += written as u64;
            self.note_sent(end, true, ended);
            self.may_have_more |= self.inflow.take().is_some();
            return Progress::Done(end);
        }
        let plan = Plan::one(Step::Head(bytes.to_vec()), end);
        let mut sending = Sending::new(plan, Some(receipt), ended);
        sending.has_sent(written);
        self.send(sending, scratch, hands)
    }
}

fn ended_by(end: End, refused: bool, faulty: bool) -> Ended {
    match end {
        _ if refused => Ended::Refused,
        _ if faulty => Ended::Fault,
        End::Keep => Ended::KeptOpen,
        _ => Ended::ClosedByServer,
    }
}
