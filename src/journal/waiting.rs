//! Who waits for requests: tasks and threads, each by its waker.

use std::task::Waker;

use crate::hook::caught;

/// Those who wait, under the lock of the journal: nobody can miss a record between looking and waiting.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    list: Vec<Waiter>,
    given: u64,
}

#[derive(Debug)]
pub(super) struct Waiter {
    place: Place,
    waker: Waker,
}

/// The place of one who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Waiters {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Puts a waker at a place, or at a new one: what was there before.
    pub(super) fn add(&mut self, place: &mut Option<Place>, waker: Waker) -> Option<Waker> {
        let place = *place.get_or_insert_with(|| {
            self.given += 1;
            Place(self.given)
        });
        if let Some(waiter) = self.list.iter_mut().find(|waiter| waiter.place == place) {
            return Some(std::mem::replace(&mut waiter.waker, waker));
        }
        self.list.push(Waiter { place, waker });
        None
    }

    pub(super) fn remove(&mut self, place: Place) -> Option<Waiter> {
        let at = self.list.iter().position(|waiter| waiter.place == place)?;
        Some(self.list.swap_remove(at))
    }

    /// All of them; who still wants to wait comes again.
    pub(super) fn take(&mut self) -> Vec<Waiter> {
        std::mem::take(&mut self.list)
    }
}

/// Wakes them, with no lock held: a waker is code of an executor's.
pub(super) fn wake(waiters: Vec<Waiter>) {
    let mut last: Option<Waker> = None;
    for Waiter { waker, .. } in waiters {
        // Several futures of one task, as `join!` has them, need to be woken only once.
        if last.as_ref().is_some_and(|last| last.will_wake(&waker)) {
            continue;
        }
        // A panic would end the exchange that happened to come now, and nobody would learn of it where it belongs.
        let _ = caught(|| waker.wake_by_ref());
        last = Some(waker);
    }
}
