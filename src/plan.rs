//! A response as a list of steps. `wire` makes it, the engine carries it out and knows neither responses nor faults by name.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::message::body::Source;
use crate::message::fault::Fault;

/// What to do for one response, in order.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: VecDeque<Step>,
    pub(crate) end: End,
    /// Whether a [`Fault`] made it.
    pub(crate) faulty: bool,
}

/// One step of a plan.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send the head, and a small body with it in one write.
    Head(Vec<u8>),
    /// Send bytes that others hold too.
    Bytes(Bytes),
    /// Send exactly `left` bytes of what the source gives; if it gives fewer, the connection ends. Without a number: all
    /// that it gives.
    Source { source: Box<dyn Source>, left: Option<u64> },
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
        Plan { steps: steps.into_iter().collect(), end, faulty: false }
    }

    pub(crate) fn one(step: Step, end: End) -> Plan {
        let mut steps = VecDeque::with_capacity(1);
        steps.push_back(step);
        Plan { steps, end, faulty: false }
    }

    pub(crate) fn nothing(end: End) -> Plan {
        Plan { steps: VecDeque::new(), end, faulty: false }
    }

    /// The plan of a fault that stands in place of a response.
    pub(crate) fn fault(fault: &Fault) -> Plan {
        let (bytes, end) = match fault {
            Fault::Reset => (None, End::Reset),
            Fault::Close => (None, End::Close),
            Fault::HalfClose => (None, End::HalfClose),
            Fault::Stall => (None, End::Stall),
            Fault::Garbage(bytes) => (Some(Step::Bytes(bytes.clone())), End::Close),
        };
        Plan { faulty: true, ..Plan::new(bytes, end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_sends_nothing_but_its_garbage_and_says_how_the_connection_ends() {
        for (fault, steps, end) in [
            (Fault::Reset, 0, End::Reset),
            (Fault::Close, 0, End::Close),
            (Fault::HalfClose, 0, End::HalfClose),
            (Fault::Stall, 0, End::Stall),
            (Fault::garbage("?!"), 1, End::Close),
        ] {
            let plan = Plan::fault(&fault);
            assert_eq!((plan.steps.len(), plan.end, plan.faulty), (steps, end, true), "{fault:?}");
        }
    }
}
