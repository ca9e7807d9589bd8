//! Which answers are under way: a test may know of a request before the answer to it has failed.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// So long a report waits for answers that are under way. A request is written down before its handler runs, so a test that
/// waits for it may ask how things went while that handler is about to panic: milliseconds, even on a busy machine. No longer,
/// because a handler may block for as long as the test runs, on purpose, and each test with such a one would wait in vain.
const PATIENCE: Duration = Duration::from_millis(250);

thread_local! {
    /// For which site this thread answers, by its place in memory; 0 for none. A thread answers one request at a time.
    static ANSWERS_FOR: Cell<usize> = const { Cell::new(0) };
}

/// The answers of one site that are under way.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    answers: AtomicUsize,
    /// How many threads wait for them, so that an answer need not take the lock where nobody does.
    waiting: AtomicUsize,
    lock: Mutex<()>,
    ended: Condvar,
}

/// One answer is under way until this is dropped.
pub(super) struct Answering<'s> {
    under_way: &'s UnderWay,
    before: usize,
}

impl UnderWay {
    pub(super) fn begin(&self) -> Answering<'_> {
        self.announce();
        Answering { under_way: self, before: ANSWERS_FOR.replace(self.place()) }
    }

    /// Another thread will begin an answer, or has it under way; until [`withdraw`](Self::withdraw).
    pub(super) fn announce(&self) {
        self.answers.fetch_add(1, SeqCst);
    }

    pub(super) fn withdraw(&self) {
        self.answers.fetch_sub(1, SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            // Nobody is between looking and waiting while this is held.
            drop(self.lock.lock());
            self.ended.notify_all();
        }
    }

    /// Waits until nothing is under way but what this thread answers itself, though not for ever.
    pub(super) fn settle(&self) {
        let own = self.own();
        if self.answers.load(SeqCst) <= own {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        // Before the number is looked at again: an answer that ends either is not counted any more, or sees that somebody waits.
        self.waiting.fetch_add(1, SeqCst);
        let mut lock = self.lock.lock();
        while self.answers.load(SeqCst) > own {
            if self.ended.wait_until(&mut lock, deadline).timed_out() {
                break;
            }
        }
        drop(lock);
        self.waiting.fetch_sub(1, SeqCst);
    }

    /// Whether something is under way but what this thread answers itself.
    pub(super) fn is_anything(&self) -> bool {
        self.answers.load(SeqCst) > self.own()
    }

    /// A handler may verify its server, or drop it.
    fn own(&self) -> usize {
        usize::from(ANSWERS_FOR.get() == self.place())
    }

    fn place(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        ANSWERS_FOR.set(self.before);
        self.under_way.withdraw();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn nobody_waits_where_nothing_is_under_way_but_the_own_answer() {
        const ROUNDS: u32 = 100;
        let under_way = UnderWay::default();
        let began = Instant::now();
        for _ in 0..ROUNDS {
            under_way.settle();
            let answering = under_way.begin();
            under_way.settle();
            drop(answering);
        }
        // Generous, for a busy machine: waiting each time would take twice as long.
        assert!(began.elapsed() < PATIENCE * ROUNDS / 2);
    }

    #[test]
    fn the_answer_of_another_thread_is_waited_for() {
        for _ in 0..1_000 {
            let under_way = UnderWay::default();
            let (begun, told) = mpsc::channel();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let answering = under_way.begin();
                    begun.send(()).unwrap();
                    drop(answering);
                });
                told.recv().unwrap();
                under_way.settle();
                assert_eq!(under_way.answers.load(SeqCst), 0);
            });
        }
    }

    #[test]
    fn an_answer_that_was_announced_is_waited_for() {
        let under_way = UnderWay::default();
        under_way.announce();
        thread::scope(|scope| {
            scope.spawn(|| {
                let answering = under_way.begin();
                under_way.withdraw();
                drop(answering);
            });
            under_way.settle();
            assert_eq!(under_way.answers.load(SeqCst), 0);
        });
    }

    #[test]
    fn an_answer_that_takes_for_ever_is_not_waited_for() {
        let (under_way, of_another) = (UnderWay::default(), UnderWay::default());
        let _answering = under_way.begin();
        let _innermost = of_another.begin();
        let began = Instant::now();
        under_way.settle();
        assert!(began.elapsed() >= PATIENCE && under_way.is_anything());
    }
}
