//! How a connection, which may not wait, works together with what it waits for.

use std::sync::Arc;

/// Has a connection looked at again. May be called at any time, from any thread, and once too often.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// What may take any time, and so runs on a thread that has nothing else to do meanwhile.
pub(crate) type Task = Box<dyn FnOnce() + Send>;

/// A connection that was told to wait, or may be.
#[derive(Default)]
pub(crate) struct Sleeper {
    wake: Option<Wake>,
    sleeps: bool,
}

impl Sleeper {
    pub(crate) fn wake_with(&mut self, wake: Wake) {
        self.wake = Some(wake);
    }

    /// The connection is told to wait.
    pub(crate) fn sleep(&mut self) {
        self.sleeps = true;
    }

    /// What to call, if it waits, once no lock is held. After the last time nothing is kept, for it may hold what holds this.
    pub(crate) fn rouse(&mut self, is_last: bool) -> Option<Wake> {
        let wake = if is_last { self.wake.take() } else { self.wake.clone() };
        wake.filter(|_| std::mem::take(&mut self.sleeps))
    }
}
