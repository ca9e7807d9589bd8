//! Plans that wait, and plans that go slowly.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::message::dice::dice;

use super::{Plan, Step};

impl Plan {
    /// Waits before the head.
    pub(super) fn delayed(mut self, time: Duration) -> Plan {
        self.steps.insert(self.before_head(), Step::Wait(time));
        self
    }

    /// Waits between head and body, or behind the head of a response without a body.
    pub(super) fn delayed_body(mut self, time: Duration) -> Plan {
        let place = self.in_body(0);
        self.steps.insert(place, Step::Wait(time));
        self
    }

    /// Waits between chunks, whether their borders are sent or not.
    pub(super) fn paused(mut self, time: Duration) -> Plan {
        let mut is_first = true;
        let mut at = 0;
        while at < self.steps.len() {
            // Two pieces side by side are chunks for a client that knows no chunks. Those of one chunk have between them what
            // they were cut for.
            let begins_chunk = match (&self.steps[at], self.steps.get(at + 1)) {
                (Step::Framing(_), Some(Step::Bytes(_) | Step::Source { .. })) => !std::mem::take(&mut is_first),
                (Step::Bytes(_), _) => at > 0 && matches!(self.steps[at - 1], Step::Bytes(_)),
                _ => false,
            };
            if begins_chunk {
                self.steps.insert(at, Step::Wait(time));
                at += 1;
            }
            if let Step::Source { pause, .. } = &mut self.steps[at] {
                *pause = Some(pause.unwrap_or_default().saturating_add(time));
            }
            at += 1;
        }
        self
    }

    /// Sends so many bytes of the body in a second; of several paces the slowest.
    pub(super) fn throttled(mut self, pace: NonZeroUsize) -> Plan {
        self.pace = Some(self.pace.map_or(pace, |other| other.min(pace)));
        self
    }

    /// Makes each wait longer by a random time. The pauses of one source are all longer by the same.
    pub(super) fn jittered(mut self, up_to: Duration, seed: u64) -> Plan {
        let mut number = 0;
        for step in &mut self.steps {
            if let Step::Wait(time) | Step::Source { pause: Some(time), .. } = step {
                *time = time.saturating_add(share(up_to, dice(seed, number)));
                number += 1;
            }
        }
        self
    }
}

/// As much of a time as the draw is of the largest one.
fn share(time: Duration, draw: u64) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    // 32 bits of the draw, for a time takes up to 94.
    let nanos = time.as_nanos() * u128::from(draw >> 32) / u128::from(u32::MAX);
    Duration::new(u64::try_from(nanos / SECOND).unwrap_or(u64::MAX), u32::try_from(nanos % SECOND).unwrap_or(0))
}
