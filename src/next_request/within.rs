//! A future with a timeout, without a runtime that would keep the time.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::journal::RecordedRequest;
use crate::report::Report;

use super::search::{Bell, Gone, deadline};
use super::{NextRequest, timeout_report};

/// [`NextRequest`] with a timeout: [`NextRequest::within`].
///
/// # Panics
///
/// When it is polled and no thread can be started to keep the time.
///
/// ```
/// use fixture_server::prelude::*;
///
/// async fn told(server: &TestServer) -> Result<String, Report> {
///     let request = server.next_request(post("/webhook")).within(secs(5)).await?;
///     Ok(request.body_text())
/// }
/// ```
#[must_use = "futures do nothing unless awaited: `server.next_request(..).within(..).await`"]
pub struct NextWithin {
    next: NextRequest,
    timeout: Duration,
    began: Instant,
    deadline: Option<Instant>,
    alarm: Option<Alarm>,
    location: &'static Location<'static>,
}

impl NextWithin {
    pub(super) fn new(next: NextRequest, timeout: Duration, location: &'static Location<'static>) -> NextWithin {
        NextWithin { next, timeout, began: Instant::now(), deadline: deadline(timeout), alarm: None, location }
    }

    fn give_up(&mut self) -> Result<RecordedRequest, Report> {
        self.alarm = None;
        let waited = self.timeout.min(self.began.elapsed());
        self.next.last_look(waited).map_err(|text| timeout_report(text, self.location))
    }
}

impl Future for NextWithin {
    type Output = Result<RecordedRequest, Report>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let within = self.get_mut();
        match within.next.poll_found(context.waker()) {
            Poll::Ready(Ok(request)) => return Poll::Ready(Ok(request)),
            Poll::Ready(Err(Gone)) => return Poll::Ready(within.give_up()),
            Poll::Pending => {}
        }
        let Some(deadline) = within.deadline else { return Poll::Pending };
        match &within.alarm {
            Some(alarm) => alarm.set(context.waker()),
            None => match Alarm::start(deadline, context.waker()) {
                Ok(alarm) => within.alarm = Some(alarm),
                Err(error) => panic!("cannot start the thread that keeps the time of a `within`: {error}"),
            },
        }
        // After the alarm was set, which could go off meanwhile.
        if Instant::now() < deadline { Poll::Pending } else { Poll::Ready(within.give_up()) }
    }
}

// Locks are never poisoned, and nothing of it can be seen half-changed.
impl UnwindSafe for NextWithin {}
impl RefUnwindSafe for NextWithin {}

impl fmt::Debug for NextWithin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NextWithin({:?}, {:?})", self.next, self.timeout)
    }
}

/// A thread that wakes a task at a moment, and ends before if nobody waits for that any more.
struct Alarm {
    shared: Arc<Shared>,
}

struct Shared {
    waker: Mutex<Waker>,
    cancelled: Bell,
}

impl Alarm {
    fn start(at: Instant, waker: &Waker) -> io::Result<Alarm> {
        let shared = Arc::new(Shared { waker: Mutex::new(waker.clone()), cancelled: Bell::default() });
        let of_thread = shared.clone();
        thread::Builder::new().name("fixture-server timeout".to_owned()).spawn(move || {
            if !of_thread.cancelled.wait(Some(at)) {
                // It goes off once, and whoever polls later sees that the time is over.
                let waker = std::mem::replace(&mut *of_thread.waker.lock(), Waker::noop().clone());
                waker.wake();
            }
        })?;
        Ok(Alarm { shared })
    }

    /// Another task polls now, perhaps.
    fn set(&self, waker: &Waker) {
        // A waker is code of an executor's, which is not run under the lock.
        let waker = waker.clone();
        let before = std::mem::replace(&mut *self.shared.waker.lock(), waker);
        drop(before);
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.shared.cancelled.ring();
    }
}
