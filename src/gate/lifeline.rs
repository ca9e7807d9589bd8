//! What user code hangs on while it runs for a server: when that stops, nothing holds it at gates any more.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

use parking_lot::Mutex;

use super::Inner;

thread_local! {
    /// That of the server for which this thread runs user code.
    static CURRENT: Cell<Option<Arc<Lifeline>>> = const { Cell::new(None) };
}

/// What ends when a server stops: handlers that wait at a gate go on.
#[derive(Default)]
pub(crate) struct Lifeline {
    is_cut: AtomicBool,
    /// Where its handlers have waited.
    gates: Mutex<Vec<Arc<Inner>>>,
}

/// Puts back what was there before, also if user code panics.
struct Before(Option<Arc<Lifeline>>);

impl Drop for Before {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

impl Lifeline {
    /// Runs user code that is to go on when the server stops.
    pub(crate) fn run<T>(self: &Arc<Lifeline>, code: impl FnOnce() -> T) -> T {
        let _before = Before(CURRENT.replace(Some(self.clone())));
        code()
    }

    /// The server stops.
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, SeqCst);
        let gates = std::mem::take(&mut *self.gates.lock());
        for gate in gates {
            gate.look_again();
        }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.load(SeqCst)
    }

    #[cfg(test)]
    pub(super) fn knows(&self) -> usize {
        self.gates.lock().len()
    }

    /// Code that runs is about to wait there. If the cut has taken the list already, that code sees the cut before it waits.
    pub(super) fn may_hold(&self, gate: &Arc<Inner>) {
        let mut gates = self.gates.lock();
        if !gates.iter().any(|known| Arc::ptr_eq(known, gate)) {
            // Of gates that were made for one request each, only those that somebody still has can be waited at.
            if gates.len() == gates.capacity() {
                gates.retain(|known| Arc::strong_count(known) > 1);
            }
            gates.push(gate.clone());
        }
    }
}

/// Runs this with the lifeline of the server for which this thread runs user code, if it does.
pub(super) fn with_current<T>(run: impl FnOnce(Option<&Lifeline>) -> T) -> T {
    let before = Before(CURRENT.take());
    let current = before.0.clone();
    drop(before);
    run(current.as_deref())
}

impl std::fmt::Debug for Lifeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lifeline").field("is_cut", &self.is_cut).finish_non_exhaustive()
    }
}
