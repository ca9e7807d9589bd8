//! Closures that are given to a server, beside handlers.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A closure of the user's, and where it was given: a panic in it is reported there.
pub(crate) struct Hook<F: ?Sized> {
    pub(crate) call: Arc<F>,
    pub(crate) location: &'static Location<'static>,
}

impl<F: ?Sized> Hook<F> {
    #[track_caller]
    pub(crate) fn new(call: Arc<F>) -> Hook<F> {
        Hook { call, location: Location::caller() }
    }
}

impl<F: ?Sized> Clone for Hook<F> {
    fn clone(&self) -> Hook<F> {
        Hook { call: self.call.clone(), location: self.location }
    }
}

impl<F: ?Sized> fmt::Debug for Hook<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(given at {})", self.location)
    }
}
