//! What goes wrong in user code while requests are answered, gathered for the report.

use std::any::Any;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use parking_lot::Mutex;

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

    /// Runs user code. A panic in it is a failure of `who`, and its message is returned.
    pub(crate) fn guard<T>(
        &self,
        who: &str,
        request: &Request,
        location: &'static Location<'static>,
        code: impl FnOnce() -> T,
    ) -> Result<T, String> {
        catch_unwind(AssertUnwindSafe(code)).map_err(|payload| {
            let message = panic_message(&*payload);
            self.add(FailureKind::Panicked, request, &format!("{who} panicked: {message}"), location);
            message
        })
    }

    pub(crate) fn take(&self) -> Vec<Failure> {
        std::mem::take(&mut *self.list.lock())
    }
}

/// What a panic said.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "(a panic without a text)".to_owned(),
    }
}
