//! What a response does beside being sent: it waits, goes slowly, stands at gates, breaks off.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::gate::Gate;

use super::fault::{Fault, Stage};
use super::fault_at::FaultAt;

/// One wish of the author's. Several apply in the order in which they were said; where they concern the same place of a
/// response, what was said first happens first.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Wait before the head.
    Delay(Duration),
    /// Wait between head and body.
    DelayBody(Duration),
    /// Wait between chunks.
    Pause(Duration),
    /// So many bytes of the body in a second.
    Throttle(NonZeroUsize),
    /// Stand at a gate before the head.
    Hold(Gate),
    /// The same after so many bytes of the body.
    HoldBody(u64, Gate),
    /// Add a random time, up to this, to each wait.
    Jitter { up_to: Duration, seed: u64 },
    /// Misbehave, if it strikes this request.
    FaultAt(FaultAt),
    /// Misbehave, for certain: what [`Shape::FaultAt`] becomes once it is known which request is answered.
    Break(Stage, Fault),
}
