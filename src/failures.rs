//! What goes wrong in user code while requests are answered, gathered for the report.

use std::panic::Location;

use parking_lot::Mutex;

use crate::hook::HookPanic;
use crate::journal::shown_target;
use crate::message::request::Request;
use crate::report::{Failure, FailureKind};

/// The failures that were not reported yet.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    list: Mutex<Vec<Failure>>,
}

impl Failures {
    pub(crate) fn add(&self, kind: FailureKind, request: &Request, what: &str, location: &'static Location<'static>) {
        let text = format!("{what}\n  while answering {} {}", request.method(), shown_target(request.target()));
        self.list.lock().push(Failure::new(kind, text, location));
    }

    /// A closure beside the handlers panicked.
    pub(crate) fn add_panic(&self, request: &Request, panic: &HookPanic) {
        self.add(FailureKind::Panicked, request, &panic.text, panic.location);
    }

    pub(crate) fn take(&self) -> Vec<Failure> {
        std::mem::take(&mut *self.list.lock())
    }
}
