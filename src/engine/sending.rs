//! Carries out the plan of one response, as far as the client takes it.

mod pace;
mod writing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::gate::{Gate, Place};
use crate::message::delivery::{Ended, Receipt};
use crate::plan::{End, Plan, Step};

use super::transport::SharedTransport;
use super::{FOREVER, Hands};

pub(super) use pace::Pace;

/// So many bytes go out in one write, and in one turn, at most; what stands ahead of a file that the system sends comes on top.
/// A client that takes them as fast as they come must not hold a thread for the whole of a large file; but where each write
/// wakes a client for a little only, both lose their processor more often than they send.
const TURN: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Sending {
    plan: Plan,
    /// How much of the first step was sent.
    offset: usize,
    sent: u64,
    receipt: Option<Arc<dyn Receipt>>,
    /// What the journal says when all of it was sent.
    ended: Ended,
    /// So many bytes of interim responses come first, which the journal does not count.
    ahead: u64,
    /// Going on may take any time.
    runs_user_code: bool,
    /// The sources were told that the client has closed its end.
    knows_of_close: bool,
    /// The next source knows whom to wake, and its work was begun.
    source_is_begun: bool,
    reader: Reader,
    /// Until when to wait: at a step that waits, or between chunks.
    until: Option<Instant>,
    /// Where it stands at a gate.
    place: Option<Place>,
    /// How fast the body goes out, once it has begun.
    pace: Option<Pace>,
}

/// Who reads a file that is sent just as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The system, which sends it by itself.
    System,
    /// Whoever sends it, because the system cannot, or to learn what is wrong.
    Us,
}

/// How far a plan got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Done(End),
    /// The client takes no more for now.
    Blocked,
    /// The client would take more, but there is none yet: whoever has it wakes the connection.
    Waiting,
    /// The client would take more, but gets it only then.
    Until(Instant),
    /// The client would take more, but others wait too.
    Paused,
    /// The connection is broken.
    Gone,
}

impl Sending {
    pub(super) fn new(plan: Plan, receipt: Option<Arc<dyn Receipt>>, ended: Ended) -> Sending {
        Sending {
            plan,
            offset: 0,
            sent: 0,
            receipt,
            ended,
            ahead: 0,
            runs_user_code: false,
            knows_of_close: false,
            source_is_begun: false,
            reader: Reader::System,
            until: None,
            place: None,
            pace: None,
        }
    }

    /// An interim response goes out right before it.
    pub(super) fn begin_with(&mut self, interim: Step) {
        self.plan.steps.push_front(interim);
    }

    /// Looks at what it is made from: whether that may take any time, and what is not counted. A head alone needs none of it.
    pub(super) fn prepare(&mut self) {
        for step in &self.plan.steps {
            match step {
                Step::Source { source, .. } => self.runs_user_code |= source.runs_user_code(),
                Step::Interim(bytes) => self.ahead += bytes.len() as u64,
                _ => {}
            }
        }
    }

    /// Whether going on may take any time.
    pub(super) fn runs_user_code(&self) -> bool {
        self.runs_user_code
    }

    /// Whether it answers a request, and is not a word in between.
    pub(super) fn is_answer(&self) -> bool {
        self.receipt.is_some()
    }

    pub(super) fn ended(&self) -> Ended {
        self.ended
    }

    /// So many bytes of the first step went out before it was taken up.
    pub(super) fn has_sent(&mut self, bytes: usize) {
        self.offset += bytes;
        self.sent += bytes as u64;
    }

    /// How many bytes went out.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// The client sends nothing more, and most likely takes nothing more: whoever makes the body is told, once.
    pub(super) fn client_closed(&mut self) {
        if std::mem::replace(&mut self.knows_of_close, true) {
            return;
        }
        for step in &mut self.plan.steps {
            if let Step::Source { source, .. } = step {
                source.client_closed();
            }
        }
    }

    /// Tells the journal how many bytes went out, and how it ended if it did.
    pub(super) fn report(&self, ended: Option<Ended>) {
        if let Some(receipt) = &self.receipt {
            receipt.sent(self.sent.saturating_sub(self.ahead), ended);
        }
    }

    /// Goes on until the plan is done, the client takes no more, or it is not the time for more, or others should have their
    /// turn; `buffer` is for pieces of files.
    pub(super) fn proceed(&mut self, transport: &SharedTransport, buffer: &mut [u8], hands: &Hands<'_>) -> Progress {
        let turn_ends = self.sent + TURN;
        loop {
            if self.sent >= turn_ends {
                return Progress::Paused;
            }
            let stop = match self.plan.steps.front() {
                None => {
                    self.report(Some(self.ended));
                    return Progress::Done(self.plan.end);
                }
                Some(Step::Wait(time)) => {
                    let time = *time;
                    self.wait(time)
                }
                Some(Step::Hold(gate)) => {
                    let gate = gate.clone();
                    self.stand_at(&gate, hands)
                }
                Some(_) => self.send_some(transport, buffer, hands),
            };
            if let Some(progress) = stop {
                return progress;
            }
        }
    }

    /// The time begins when the step is reached. Looking again neither shortens nor prolongs it.
    fn wait(&mut self, time: Duration) -> Option<Progress> {
        let now = Instant::now();
        if self.until.is_none() {
            self.report(None);
        }
        let until = *self.until.get_or_insert(now + time.min(FOREVER));
        if now < until {
            return Some(Progress::Until(until));
        }
        self.until = None;
        self.plan.steps.pop_front();
        None
    }

    fn stand_at(&mut self, gate: &Gate, hands: &Hands<'_>) -> Option<Progress> {
        if self.place.is_none() {
            self.report(None);
        }
        let place = self.place.get_or_insert_with(|| gate.stand((hands.wake)()));
        if !place.may_go() {
            return Some(Progress::Waiting);
        }
        self.place = None;
        self.plan.steps.pop_front();
        None
    }
}

/// The bytes of a step that is nothing but bytes.
fn bytes_of(step: &Step) -> &[u8] {
    match step {
        Step::Head(head) => head,
        Step::Interim(bytes) | Step::Framing(bytes) | Step::Bytes(bytes) => bytes,
        Step::Source { .. } | Step::Wait(_) | Step::Hold(_) => &[],
    }
}
