//! How threads call each other: before one of them is lost to a handler for a while, another has to be there.

use std::num::NonZeroUsize;
use std::sync::LazyLock;
use std::sync::atomic::Ordering::Relaxed;

use super::{Crew, Guard, MOST_THREADS};

/// One for each processor, one that stands by, and one that polls.
static ENOUGH_FOR_ARITHMETIC: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get) + 2);

impl Crew {
    /// Before a handler runs: if handlers have blocked lately, somebody else is to poll while it does; and somebody must
    /// stand by, or be on the way, in any case.
    pub(in crate::engine) fn pass_on(&'static self) {
        if !self.wary.load(Relaxed) {
            return;
        }
        let state = self.state.lock();
        if !state.has_standby || state.passing_until.is_some() && !state.polling.is_on() {
            self.call_a_hand(state);
        }
    }

    /// Before something that most likely blocks: somebody else is to poll and to take what waits, or is on the way.
    pub(in crate::engine) fn leave_to_others(&'static self) {
        let state = self.state.lock();
        let is_quiet = state.ready.is_empty() && state.tasks.is_empty();
        if !(is_quiet && state.has_standby && state.polling.is_on()) {
            self.call_a_hand(state);
        }
    }

    /// Before arithmetic that takes a while: somebody else is to poll, unless so many threads are at it that another one would
    /// only take its share of the processors.
    pub(in crate::engine) fn leave_to_another(&'static self) {
        let enough = *ENOUGH_FOR_ARITHMETIC;
        let state = self.state.lock();
        if state.idle_threads > 0 || state.threads < enough {
            drop(state);
            self.leave_to_others();
        }
    }

    /// Wakes an idle thread, or brings up another one; unless one is on its way.
    pub(in crate::engine) fn call_a_hand(&'static self, mut state: Guard<'_>) {
        if state.coming > 0 {
            return;
        }
        state.coming += 1;
        if state.idle_threads > 0 {
            self.idle.notify_one();
            return;
        }
        if state.threads >= MOST_THREADS {
            self.do_without(state);
            return;
        }
        state.threads += 1;
        drop(state);
        if self.spawn().is_err() {
            let mut state = self.state.lock();
            state.threads -= 1;
            self.do_without(state);
        }
    }

    /// Nobody comes: the standby takes over a little later instead, or a thread that comes back, or whoever sleeps in the poll.
    fn do_without(&self, mut state: Guard<'_>) {
        state.coming = state.coming.saturating_sub(1);
        if !state.tasks.is_empty() && state.polling.is_on() {
            let _ = self.waker.wake();
        }
    }
}
