//! What goes wrong while requests are answered, gathered for the report.

use std::panic::Location;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::hook::{HookPanic, Panics};
use crate::journal::{Record, RecordedRequest, shown_target};
use crate::report::{Failure, FailureKind};

/// So many requests of strict mode are told at length; of a client that asks for ever, the rest would only take memory.
const TOLD_UNMATCHED: usize = 100;

/// The failures that were not reported yet, in the order in which they happened.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    list: Mutex<Vec<Failure>>,
    unmatched: Mutex<Unmatched>,
    /// Where the directory puts down panics, if there is one; it knows no failures.
    panics: Option<Arc<Panics>>,
}

/// The requests of strict mode that met nothing, since the last report.
#[derive(Debug, Default)]
struct Unmatched {
    count: usize,
    /// Where strict mode was asked for.
    location: Option<&'static Location<'static>>,
}

impl Failures {
    /// Those of a server whose directory has panics of its own.
    pub(crate) fn beside(panics: Option<Arc<Panics>>) -> Failures {
        Failures { panics, ..Failures::default() }
    }

    pub(crate) fn push(&self, failure: Failure) {
        let mut list = self.list.lock();
        self.fetch(&mut list);
        list.push(failure);
    }

    /// What went wrong while a request was answered.
    pub(crate) fn add(
        &self,
        kind: FailureKind,
        record: &Arc<Record>,
        what: &str,
        location: &'static Location<'static>,
    ) {
        let request = RecordedRequest::new(record.clone());
        let text = format!("{what}\n  while answering {} {}", request.method(), shown_target(request.target()));
        self.push(Failure::new(kind, text, location).caused_by(request));
    }

    /// A closure beside the handlers panicked.
    pub(crate) fn add_panic(&self, record: &Arc<Record>, panic: &HookPanic) {
        self.add(FailureKind::Panicked, record, &panic.text, panic.location);
    }

    /// Counts a request that met nothing in strict mode: whether it is to be told at length.
    pub(crate) fn count_unmatched(&self, location: &'static Location<'static>) -> bool {
        let mut unmatched = self.unmatched.lock();
        unmatched.location = Some(location);
        unmatched.count += 1;
        unmatched.count <= TOLD_UNMATCHED
    }

    pub(crate) fn take(&self) -> Vec<Failure> {
        let mut list = self.list.lock();
        self.fetch(&mut list);
        let mut failures = std::mem::take(&mut *list);
        drop(list);
        let Unmatched { count, location } = std::mem::take(&mut *self.unmatched.lock());
        if let (Some(location), more @ 1..) = (location, count.saturating_sub(TOLD_UNMATCHED)) {
            let requests = if more == 1 { "request" } else { "requests" };
            let text = format!("{more} more {requests} met no rule; the first {TOLD_UNMATCHED} are told at length");
            failures.push(Failure::new(FailureKind::Unmatched, text, location));
        }
        failures
    }

    /// Brings over what the directory has put down: it happened before whatever comes next.
    fn fetch(&self, list: &mut Vec<Failure>) {
        let Some(panics) = &self.panics else { return };
        for HookPanic { text, location } in panics.take() {
            list.push(Failure::new(FailureKind::Panicked, text, location));
        }
    }
}
