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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timers_go_off_in_order_and_not_before_their_time() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        let later = |seconds| now + Duration::from_secs(seconds);
        timers.add(later(3), 7);
        timers.add(later(1), 8);
        timers.add(later(1), 9);
        timers.add(later(2), 6);
        timers.remove(later(2), 6);
        assert_eq!(timers.next(), Some(later(1)));
        assert_eq!((timers.pop(later(1)), timers.pop(later(1)), timers.pop(later(1))), (Some(8), Some(9), None));
        assert_eq!(timers.next(), Some(later(3)));
        assert_eq!((timers.pop(now), timers.pop(later(4)), timers.next()), (None, Some(7), None));
    }
}
