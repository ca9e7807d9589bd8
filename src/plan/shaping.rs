//! What the author wished for, applied to a plan.

use crate::message::fault::{Fault, Stage};
use crate::message::shape::Shape;

use super::Plan;
use super::breaking::Place;

impl Plan {
    /// Applies each wish, in order: at one place, what was said first happens first. But what a fault ends is ended, so of
    /// several faults the one that comes first in the response strikes, behind all else that happens at its place. And
    /// jitter concerns every wait, those of later wishes too.
    pub(crate) fn shaped(mut self, shapes: &[Shape]) -> Plan {
        for shape in shapes {
            self = match shape {
                Shape::Delay(time) => self.delayed(*time),
                Shape::DelayBody(time) => self.delayed_body(*time),
                Shape::Pause(time) => self.paused(*time),
                Shape::Throttle(pace) => self.throttled(*pace),
                Shape::Hold(gate) => self.held(gate.clone()),
                Shape::HoldBody(bytes, gate) => self.held_in_body(*bytes, gate.clone()),
                Shape::Jitter { .. } | Shape::FaultAt(_) | Shape::Break(..) => self,
            };
        }
        if let Some((stage, fault)) = first_fault(shapes) {
            self = self.broken(stage, fault);
        }
        for shape in shapes {
            if let Shape::Jitter { up_to, seed } = shape {
                self = self.jittered(*up_to, *seed);
            }
        }
        self
    }
}

/// If these wishes break the framing of chunks, the body is sent in chunks, and this is where: behind so many bytes of it,
/// and so a chunk has to end there.
pub(crate) fn broken_chunks(shapes: &[Shape]) -> Option<u64> {
    let (stage, fault) = first_fault(shapes)?;
    match (Place::of(stage, fault), fault) {
        (Place::Body(bytes), Fault::BadChunkSize | Fault::NoLastChunk) => Some(bytes),
        _ => None,
    }
}

/// The fault that comes first in the response.
fn first_fault(shapes: &[Shape]) -> Option<(Stage, &Fault)> {
    let faults = shapes.iter().filter_map(|shape| match shape {
        Shape::Break(stage, fault) => Some((*stage, fault)),
        // One that nobody has decided on strikes.
        Shape::FaultAt(fault) => Some((fault.stage, &fault.fault)),
        _ => None,
    });
    faults.min_by_key(|(stage, fault)| Place::of(*stage, fault))
}
