//! How fast bytes may cross the wire if they may not go as fast as they can.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// A clock that says how many bytes may have crossed by now: what the rate is worth since the first, and one portion. What
/// comes late is made up for, so that the whole takes the time it should.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Pace {
    /// Bytes in a second.
    rate: NonZeroUsize,
    began: Instant,
    passed: u64,
}

const NANOS: u128 = 1_000_000_000;

impl Pace {
    pub(in crate::engine) fn begin(rate: NonZeroUsize, now: Instant) -> Pace {
        Pace { rate, began: now, passed: 0 }
    }

    /// What 10 ms are worth; so much goes at a time.
    fn portion(&self) -> u64 {
        (self.rate.get() as u64 / 100).max(1)
    }

    /// How many bytes may cross now; if none, when some may.
    pub(in crate::engine) fn allows(&self, now: Instant) -> Result<u64, Instant> {
        let elapsed = now.saturating_duration_since(self.began).as_nanos();
        let due = elapsed.saturating_mul(self.rate.get() as u128) / NANOS;
        let most = u64::try_from(due).unwrap_or(u64::MAX).saturating_add(self.portion());
        match most.saturating_sub(self.passed) {
            0 => Err(self.began + self.worth(self.passed)),
            more => Ok(more),
        }
    }

    pub(in crate::engine) fn pass(&mut self, bytes: u64) {
        self.passed += bytes;
    }

    /// There is nothing to cross for now. Time that is not used is not kept for later.
    pub(in crate::engine) fn idle(&mut self, now: Instant) {
        let latest = now.checked_sub(self.worth(self.passed)).unwrap_or(self.began);
        self.began = self.began.max(latest);
    }

    /// How long so many bytes take; never less than they do.
    fn worth(&self, bytes: u64) -> Duration {
        let nanos = (u128::from(bytes) * NANOS).div_ceil(self.rate.get() as u128);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(super::FOREVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn pace(rate: usize) -> (Pace, impl Fn(u64) -> Instant) {
        let now = Instant::now();
        (Pace::begin(NonZeroUsize::new(rate).unwrap(), now), move |ms| now + Duration::from_millis(ms))
    }

    #[rstest]
    #[case::a_byte_in_a_second(1, 1, 1_000)]
    #[case::less_than_a_byte_in_10_ms(50, 1, 20)]
    #[case::what_10_ms_are_worth(100_000, 1_000, 10)]
    fn it_goes_by_portions(#[case] rate: usize, #[case] portion: u64, #[case] ms: u64) {
        let (mut pace, at) = pace(rate);
        for turn in 0..100 {
            assert_eq!(pace.allows(at(ms * turn)), Ok(portion), "turn {turn}");
            pace.pass(portion);
            assert_eq!(pace.allows(at(ms * turn)), Err(at(ms * (turn + 1))), "turn {turn}");
        }
    }

    #[test]
    fn who_comes_late_makes_up_for_it() {
        let (mut pace, at) = pace(1_000);
        pace.pass(10);
        assert_eq!(pace.allows(at(500)), Ok(500));
    }

    #[test]
    fn time_without_anything_to_send_is_lost() {
        let (mut pace, at) = pace(1_000);
        pace.pass(10);
        pace.idle(at(5_000));
        assert_eq!(pace.allows(at(5_000)), Ok(10));
        pace.pass(5);
        pace.idle(at(5_000));
        assert_eq!(pace.allows(at(5_000)), Ok(5), "nor is any won");
    }
}
