//! Gates: what holds responses and handlers until the test lets them go.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::wake::Wake;

mod lifeline;

pub(crate) use lifeline::Lifeline;

/// Holds responses until the test opens it. Clones are the same gate.
///
/// A response stands at it by [`Response::hold`](crate::Response::hold) or [`hold_body`](crate::Response::hold_body), which costs
/// no thread; a handler or a stream closure by [`wait`](Gate::wait). Each stands there on its own connection: requests that
/// come one after the other on one connection stand there one after the other. When a server is stopped or dropped, nothing
/// of it stays at a gate. A client that closes its connection while its response is held stands there on: it may have
/// closed its sending side alone, and still want the answer. One that resets it does not.
///
/// A gate in a `static` is a `LazyLock<Gate>`, made with `Gate::new`.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let (server, gate) = (TestServer::empty(), Gate::new());
/// let held = gate.clone();
/// server.on("GET", "/slow", move |_| held.wait());
/// let url = server.url("/slow");
/// let client = std::thread::spawn(move || ureq::get(url).call());
///
/// gate.wait_held(1, secs(5)); // the request has come, and has no answer yet
/// gate.open();
/// client.join().unwrap()?;
/// # Ok::<(), ureq::Error>(())
/// ```
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Opens by itself when so many stand at it.
    barrier: Option<NonZeroUsize>,
    state: Mutex<State>,
    /// Somebody came, or was let go: for threads, in handlers as in tests.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_open: bool,
    /// Who stands at it, by when they came. A thread has no wake.
    standing: BTreeMap<u64, Option<Wake>>,
    /// Tests that wait for so many to stand here, and whether it came to that: it may be over before they look.
    watching: BTreeMap<u64, (usize, bool)>,
    /// Counts who came; 0 is nobody.
    last: u64,
}

impl State {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// A response that stands at a gate; dropping it, it stands there no more.
pub(crate) struct Place {
    gate: Arc<Inner>,
    /// 0 if it may go since it came.
    number: u64,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Gate {
        Gate { inner: Arc::default() }
    }

    /// A closed gate that opens by itself as soon as so many stand at it, and then stays open. After
    /// [`close`](Gate::close) it does the same again.
    ///
    /// # Panics
    ///
    /// If it is to open for nobody.
    ///
    /// ```
    /// use fixture_server::prelude::*;
    ///
    /// let (server, both) = (TestServer::empty(), Gate::barrier(2));
    /// server.on("GET", "/", move |_| both.wait());
    /// let url = server.url("/");
    /// let clients = [(); 2].map(|()| { let url = url.clone(); std::thread::spawn(move || ureq::get(url).call()) });
    /// for client in clients {
    ///     client.join().unwrap()?; // one alone would never have been answered
    /// }
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn barrier(requests: usize) -> Gate {
        let barrier = NonZeroUsize::new(requests);
        assert!(
            barrier.is_some(),
            "a barrier of 0 would open before anybody came: say how many requests are to meet there, `Gate::barrier(2)`; \
             a gate that is open is a `Gate::new()` with `open()`"
        );
        Gate { inner: Arc::new(Inner { barrier, ..Inner::default() }) }
    }

    /// Lets go whoever stands at it, and whoever comes later, until [`close`](Gate::close).
    pub fn open(&self) {
        self.inner.open(self.inner.state.lock());
    }

    /// Holds whoever comes from now on. Who was let go stays let go, also if nothing of it was sent yet.
    pub fn close(&self) {
        self.inner.state.lock().is_open = false;
    }

    /// In a handler or a stream closure: blocks until the gate is open, or the server is stopped or dropped; at once if that
    /// has happened already. On any other thread, until the gate is open.
    ///
    /// It blocks the thread that runs the handler, while [`Response::hold`](crate::Response::hold) blocks none.
    pub fn wait(&self) {
        lifeline::with_current(|lifeline| {
            if let Some(lifeline) = lifeline {
                lifeline.may_hold(&self.inner);
            }
            let Some(number) = self.inner.enter(None) else { return };
            let mut state = self.inner.state.lock();
            while state.standing.contains_key(&number) {
                if lifeline.is_some_and(Lifeline::is_cut) {
                    state.standing.remove(&number);
                    break;
                }
                self.inner.changed.wait(&mut state);
            }
        });
    }

    /// How many stand at it now: responses, and handlers and stream closures inside [`wait`](Gate::wait).
    #[must_use]
    pub fn held(&self) -> usize {
        self.inner.state.lock().standing.len()
    }

    /// In the test: blocks until at least so many stand at it at the same time; responses, and handlers and stream closures inside
    /// [`wait`](Gate::wait).
    ///
    /// ```
    /// use fixture_server::prelude::*;
    ///
    /// let (server, gate) = (TestServer::empty(), Gate::new());
    /// let held = gate.clone();
    /// server.on("GET", "/", move |_| held.wait());
    /// let url = server.url("/");
    /// let client = std::thread::spawn(move || ureq::get(url).call());
    /// gate.wait_held(1, secs(5));
    /// drop(server); // whoever stands there goes with its server
    /// assert!(client.join().unwrap().is_err());
    /// ```
    ///
    /// # Panics
    ///
    /// If that does not happen in time.
    #[track_caller]
    pub fn wait_held(&self, requests: usize, timeout: Duration) {
        if let Err((standing, is_open)) = self.inner.watch(requests, timeout) {
            let were = match standing {
                0 => "nothing did".to_owned(),
                1 => "1 did".to_owned(),
                _ => format!("{standing} did"),
            };
            let wanted = if requests == 1 { "1 request".to_owned() } else { format!("{requests} requests") };
            let advice = self.advice(requests, standing, is_open);
            panic!("expected {wanted} to stand at the gate within {timeout:?}, but {were}\n  {advice}");
        }
    }

    /// Why too few stand there, most likely.
    fn advice(&self, wanted: usize, standing: usize, is_open: bool) -> String {
        match self.inner.barrier {
            Some(barrier) if is_open => format!(
                "it is a barrier of {barrier}, and open since as many stood at it: nobody is held until `close()`; to be sure \
                 that all came, wait for their answers"
            ),
            Some(barrier) if barrier.get() < wanted => {
                format!("it is a barrier of {barrier}, which opens before {wanted} stand at it")
            }
            _ if is_open => "the gate is open and holds nobody: a new one is closed, and `close()` closes it again".to_owned(),
            _ if standing == 0 => "has the request been sent, by a thread of its own? and does its answer stand at this gate: \
                                   `.hold(&gate)`, or `gate.wait()` in its handler?"
                .to_owned(),
            _ => "have the others been sent, each on a thread and a connection of its own? on one connection they stand here \
                  one after the other"
                .to_owned(),
        }
    }

    /// A response stands at it from now on, and is woken when it may go.
    pub(crate) fn stand(&self, wake: Wake) -> Place {
        Place { gate: self.inner.clone(), number: self.inner.enter(Some(wake)).unwrap_or(0) }
    }
}

impl Inner {
    /// Somebody comes; `None` if the gate is open, be it because of this one.
    fn enter(&self, wake: Option<Wake>) -> Option<u64> {
        let mut state = self.state.lock();
        if state.is_open {
            return None;
        }
        let number = state.next();
        let count = state.standing.len() + 1;
        for (wanted, was_reached) in state.watching.values_mut() {
            *was_reached |= count >= *wanted;
        }
        if self.barrier.is_some_and(|barrier| count >= barrier.get()) {
            self.open(state);
            return None;
        }
        state.standing.insert(number, wake);
        let is_watched = !state.watching.is_empty();
        drop(state);
        if is_watched {
            self.changed.notify_all();
        }
        Some(number)
    }

    fn open(&self, mut state: MutexGuard<'_, State>) {
        state.is_open = true;
        let let_go = std::mem::take(&mut state.standing);
        drop(state);
        self.changed.notify_all();
        // In the order in which they came.
        for wake in let_go.into_values().flatten() {
            wake();
        }
    }

    /// `Err` with how many stand there, and whether it is open, if so many did not in time.
    fn watch(&self, wanted: usize, timeout: Duration) -> Result<(), (usize, bool)> {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.state.lock();
        if state.standing.len() >= wanted {
            return Ok(());
        }
        let number = state.next();
        state.watching.insert(number, (wanted, false));
        let was_reached = loop {
            let in_time = if let Some(deadline) = deadline {
                !self.changed.wait_until(&mut state, deadline).timed_out()
            } else {
                self.changed.wait(&mut state);
                true
            };
            let was_reached = state.watching.get(&number).is_some_and(|(_, was_reached)| *was_reached);
            if was_reached || !in_time {
                break was_reached;
            }
        };
        state.watching.remove(&number);
        if was_reached { Ok(()) } else { Err((state.standing.len(), state.is_open)) }
    }

    /// Has threads that wait here look again.
    fn look_again(&self) {
        // Who has looked under the lock and does not wait yet would miss it.
        drop(self.state.lock());
        self.changed.notify_all();
    }
}

impl Place {
    pub(crate) fn may_go(&self) -> bool {
        self.number == 0 || !self.gate.state.lock().standing.contains_key(&self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.number > 0 {
            let wake = self.gate.state.lock().standing.remove(&self.number);
            // What it holds may be dropped with it, which is not for under the lock.
            drop(wake);
        }
    }
}

impl Default for Gate {
    fn default() -> Gate {
        Gate::new()
    }
}

// Nothing of it can be seen half-changed, and a test that panicked may well go on with it.
impl UnwindSafe for Gate {}
impl RefUnwindSafe for Gate {}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.inner.state.lock();
        let (is_open, held) = (state.is_open, state.standing.len());
        drop(state);
        let mut shown = f.debug_struct("Gate");
        shown.field("open", &is_open).field("held", &held);
        if let Some(barrier) = self.inner.barrier {
            shown.field("barrier", &barrier);
        }
        shown.finish()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("may_go", &self.may_go()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
