//! Closures of the author's, and what becomes of a panic in one: it ends neither the server nor the thread, and is told when
//! the server is verified.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::Arc;

use parking_lot::Mutex;

/// A closure, and where it was given.
pub(crate) struct Hook<F: ?Sized> {
    origin: Origin,
    run: Arc<F>,
}

/// The method that took a closure, and where it was called.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    method: &'static str,
    location: &'static Location<'static>,
}

/// A closure panicked.
#[derive(Debug)]
pub(crate) struct HookPanic {
    pub(crate) text: String,
    /// Where the closure was given.
    pub(crate) location: &'static Location<'static>,
}

/// The panics that nobody was told of yet.
#[derive(Debug, Default)]
pub(crate) struct Panics(Mutex<Vec<HookPanic>>);

impl<F: ?Sized> Hook<F> {
    #[track_caller]
    pub(crate) fn new(method: &'static str, run: Arc<F>) -> Hook<F> {
        Hook { origin: Origin { method, location: Location::caller() }, run }
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.origin.location
    }

    pub(crate) fn call<T>(&self, call: impl FnOnce(&F) -> T) -> Result<T, HookPanic> {
        self.origin.catch(|| call(&self.run))
    }
}

impl<F: ?Sized> Clone for Hook<F> {
    fn clone(&self) -> Hook<F> {
        Hook { origin: self.origin, run: self.run.clone() }
    }
}

impl<F: ?Sized> fmt::Debug for Hook<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.origin, f)
    }
}

impl Origin {
    pub(crate) fn catch<T>(self, run: impl FnOnce() -> T) -> Result<T, HookPanic> {
        caught(run).map_err(|message| {
            let text = format!("the closure of `{}` panicked: {message}", self.method);
            HookPanic { text, location: self.location }
        })
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(given at {})", self.location)
    }
}

impl HookPanic {
    /// Says what was being done.
    pub(crate) fn during(mut self, what: &str) -> HookPanic {
        self.text = format!("{}\n  while {what}", self.text);
        self
    }
}

impl Panics {
    pub(crate) fn add(&self, panic: HookPanic) {
        self.0.lock().push(panic);
    }

    pub(crate) fn take(&self) -> Vec<HookPanic> {
        std::mem::take(&mut *self.0.lock())
    }
}

/// Runs user code; what a panic in it said.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let message = panic_message(&*payload).to_owned();
        // What was thrown may panic in turn when it is dropped.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
        message
    })
}

/// Drops what users gave, each by itself: a panic of one, which may be the report of a server that it holds, keeps no other from
/// being dropped, and goes on when all are gone. During a panic a second one would end the process, so none goes on then.
pub(crate) fn drop_each<T>(given: impl IntoIterator<Item = T>) {
    let mut first = Ok(());
    for one in given {
        first = first.and(caught(|| drop(one)));
    }
    go_on(first);
}

/// Lets a panic go on that was caught, unless there is one already.
pub(crate) fn go_on(caught: Result<(), String>) {
    match caught {
        Err(message) if !std::thread::panicking() => resume_unwind(Box::new(message)),
        _ => {}
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(a panic without a text)")
}
