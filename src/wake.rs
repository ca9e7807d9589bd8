//! How a connection, which may not wait, works together with what it waits for.

use std::sync::Arc;

/// Has a connection looked at again. May be called at any time, from any thread, and once too often.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// What may take any time, and so runs on a thread that has nothing else to do meanwhile.
pub(crate) type Task = Box<dyn FnOnce() + Send>;
