//! The seeds of what was left to chance, for the reader of a test that fails.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use parking_lot::Mutex;

use super::Site;

/// What [`FaultAt::share`](crate::FaultAt::share) is called in notes.
pub(crate) const SHARE: &str = "share";

/// What [`Response::jitter`](crate::Response::jitter) is called.
pub(crate) const JITTER: &str = "jitter";

/// A handler that takes another seed for each request would bury them all.
const TOLD: usize = 8;

/// Of more it is not worth knowing how many.
const COUNTED: usize = 1_000;

/// The seeds that were used, each with what for.
#[derive(Debug, Default)]
pub(super) struct Seeds(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    first: Vec<(&'static str, u64)>,
    others: HashSet<(&'static str, u64)>,
}

impl Seeds {
    fn note(&self, what: &'static str, seed: u64) {
        let Known { first, others } = &mut *self.0.lock();
        if first.contains(&(what, seed)) {
            return;
        }
        if first.len() < TOLD {
            first.push((what, seed));
        } else if others.len() < COUNTED {
            others.insert((what, seed));
        }
    }

    /// `None` if nothing was left to chance.
    fn told(&self) -> Option<String> {
        let Known { first, others } = &*self.0.lock();
        let told: Vec<String> = first.iter().map(|(what, seed)| format!("{what} with seed {seed}")).collect();
        let mut text = told.join(", ");
        let more = if others.len() < COUNTED { "" } else { "at least " };
        if !others.is_empty() {
            let _ = write!(text, ", and {more}{} more", others.len());
        }
        (!told.is_empty()).then_some(text)
    }
}

impl Site {
    /// Remembers what decides by chance, so that a failing test tells how to have the same again.
    pub(crate) fn note_seed(&self, what: &'static str, seed: u64) {
        self.seeds.note(what, seed);
    }

    pub(super) fn seeds(&self) -> Option<String> {
        self.seeds.told().map(|told| format!("random choices: {told}"))
    }

    /// During a panic of which the server reports nothing: the seeds, which may well matter.
    pub(crate) fn seeds_during_panic(&self, server: &dyn fmt::Display) -> Option<String> {
        Some(format!("while this test panics: random choices of the server at {server}: {}", self.seeds.told()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_seed_is_told_once_with_what_it_is_for() {
        let seeds = Seeds::default();
        assert_eq!(seeds.told(), None);
        for (what, seed) in [(JITTER, 42), (SHARE, 7), (JITTER, 42), (SHARE, 42)] {
            seeds.note(what, seed);
        }
        let expected = "jitter with seed 42, share with seed 7, share with seed 42";
        assert_eq!(seeds.told().as_deref(), Some(expected));
    }

    #[test]
    fn of_many_seeds_the_first_are_told_and_the_others_counted_so_far_as_it_matters() {
        let told = |count| {
            let seeds = Seeds::default();
            (0..count).for_each(|seed| seeds.note(JITTER, seed));
            seeds.told().unwrap_or_default()
        };
        assert!(told(8).ends_with("jitter with seed 6, jitter with seed 7"));
        assert!(told(10).ends_with("jitter with seed 7, and 2 more"));
        assert!(told(5_000).ends_with("jitter with seed 7, and at least 1000 more"));
    }
}
