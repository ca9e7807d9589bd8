//! A response as a list of steps. `wire` makes it, the engine carries it out and knows neither responses nor faults by name.
//!
//! Everything that an author can do to a response beside filling it in is a function from plan to plan: `timing` lets it
//! wait, `holding` stand at gates, `breaking` go wrong. `parts` finds the places in a plan.

mod breaking;
mod holding;
mod parts;
mod shaping;
mod timing;

pub(crate) use shaping::broken_chunks;

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;

use crate::gate::Gate;
use crate::message::body::Source;

/// What to do for one response, in order.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: VecDeque<Step>,
    pub(crate) end: End,
    /// Whether a fault made it, or part of it.
    pub(crate) faulty: bool,
    /// So many bytes of the body go out in a second.
    pub(crate) pace: Option<NonZeroUsize>,
}

/// One step of a plan.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send an interim response, which the journal does not count.
    Interim(Bytes),
    /// Send the head, and a small body with it in one write, if nothing is to happen between them.
    Head(Vec<u8>),
    /// Send what frames the body: sizes and ends of chunks, trailers; or what a fault puts in its place.
    Framing(Bytes),
    /// Send a part of the body, bytes that others hold too.
    Bytes(Bytes),
    /// Send as much of what the source gives.
    Source {
        source: Box<dyn Source>,
        left: Left,
        /// Wait for so long between its chunks.
        pause: Option<Duration>,
    },
    /// Wait for so long.
    Wait(Duration),
    /// Stand at a gate.
    Hold(Gate),
}

/// How much of a source is sent. Framing is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// If it gives less, the connection ends there.
    Exactly(u64),
    AtMost(u64),
    All,
}

/// What becomes of the connection after the last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The next request may come.
    Keep,
    /// Close, so that the client gets all that was sent.
    Close,
    /// A TCP reset.
    Reset,
    /// Close for sending, read on.
    HalfClose,
    /// Nothing more, and no close either.
    Stall,
}

impl Plan {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>, end: End) -> Plan {
        Plan { steps: steps.into_iter().collect(), end, faulty: false, pace: None }
    }

    pub(crate) fn one(step: Step, end: End) -> Plan {
        let mut steps = VecDeque::with_capacity(1);
        steps.push_back(step);
        Plan { steps, end, faulty: false, pace: None }
    }

    #[cfg(test)]
    pub(crate) fn nothing(end: End) -> Plan {
        Plan { steps: VecDeque::new(), end, faulty: false, pace: None }
    }
}

#[cfg(test)]
pub(crate) mod tests;
