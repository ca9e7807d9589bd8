//! Which connections must be looked at when.

use std::collections::BTreeSet;
use std::time::Instant;

/// Points in time with the token they concern. A connection has one at most; it is set once and moved when it goes off,
/// not with every request.
#[derive(Debug, Default)]
pub(super) struct Timers {
    set: BTreeSet<(Instant, usize)>,
}

impl Timers {
    pub(super) fn add(&mut self, at: Instant, token: usize) {
        self.set.insert((at, token));
    }

    pub(super) fn remove(&mut self, at: Instant, token: usize) {
        self.set.remove(&(at, token));
    }

    /// When the next one goes off.
    pub(super) fn next(&self) -> Option<Instant> {
        self.set.first().map(|(at, _)| *at)
    }

    /// The token of one that has gone off by now.
    pub(super) fn pop(&mut self, now: Instant) -> Option<usize> {
        let first = *self.set.first()?;
        if first.0 > now {
            return None;
        }
        self.set.remove(&first);
        Some(first.1)
    }
}
