//! The threads of the process and the one poller they share.
//!
//! Any thread of the crew may poll, one at a time; events it pulls go to a queue that all threads share. A thread takes
//! an event, serves the connection to the end (reading, handler, writing) and comes back for the next, so that a quick
//! handler costs no wake-up of another thread.
//!
//! A handler may block for as long as it likes. One thread stands by: as long as there is traffic it looks once in a
//! millisecond whether anybody polls or takes events; if for two ticks nobody does, it takes over and another one
//! stands by. For a while after that, threads see to it that somebody else polls *before* they run a handler, so that a
//! thousand blocking handlers need not wait for a tick each. They do so always before the arithmetic of
//! a TLS handshake, but bring up no more threads for it than there are processors for. Threads that find nothing to do leave after some seconds.
//! Without traffic nobody ticks.

mod calling;

use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Registry, Token, Waker};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::wake::Task;

use super::Port;
use super::connection::{Connection, Scratch};
use super::slots::{Heard, Seat, Slots, Tenant};
use super::timers::Timers;
use super::transport::Listener;

const WAKE: Token = Token(usize::MAX);

/// After so many events somebody polls even if there are more: connections that always have something to do come back to
/// the end of the queue, and must not keep others from getting into it.
const JOBS: u32 = 16;

/// So many events go before a task that waits too: a crowd of tasks, each of which needs a thread, must not keep events waiting.
const AHEAD_OF_TASKS: u32 = 8;

/// What a system can be asked to wait is limited; waking up once in a while costs nothing.
const LONGEST_POLL: Duration = Duration::from_secs(3600);

/// How often the standby thread looks.
const TICK: Duration = Duration::from_millis(1);

/// So many ticks without progress, one after the other, mean that a handler blocks. After one alone it may be that the
/// whole process was not given a processor for a while.
const STUCK_TICKS: u32 = 2;

/// The same where no thread runs user code: most likely one was not given a processor, though it may be a slow disk.
const LOST_TICKS: u32 = 10;

/// How many threads run user code for a connection. Tasks do not count: they see to a successor first. There is one crew in a process.
pub(super) static IN_USER_CODE: AtomicUsize = AtomicUsize::new(0);

/// After so many ticks without traffic it sleeps until there is some.
const QUIET_TICKS: u32 = 60;

/// For so long after a handler blocked, polling is passed on before each.
const PASSING: Duration = Duration::from_millis(50);

/// A thread that has nothing to do for so long leaves.
const IDLE: Duration = Duration::from_secs(3);

/// With so many others idle, a thread leaves at once, one in so long: calls go round among the idle, and would keep all of
/// them from ever leaving by themselves.
const SPARE: usize = 4;
const DEPARTURES: Duration = Duration::from_millis(30);

/// No more threads than these, however many handlers block: then the next request waits for one of them.
const MOST_THREADS: usize = 4_096;

pub(crate) struct Crew {
    pub(super) registry: Registry,
    /// Ends the sleep of the polling thread.
    pub(super) waker: Waker,
    pub(super) state: Mutex<State>,
    idle: Condvar,
    standby: Condvar,
    /// Handlers have blocked lately, or nobody stands by: before a handler runs there is something to see to.
    wary: AtomicBool,
}

pub(super) struct State {
    /// Away while a thread polls.
    poller: Option<Box<Poller>>,
    pub(super) polling: Polling,
    pub(super) slots: Slots,
    pub(super) ready: VecDeque<usize>,
    /// What may take any time, and waits for a thread that has nothing else to do.
    pub(super) tasks: VecDeque<Task>,
    /// Events that were taken while tasks waited, since the last task.
    ahead_of_tasks: u32,
    pub(super) timers: Timers,
    idle_threads: usize,
    /// When the next thread may leave because there are enough without it.
    next_departure: Option<Instant>,
    /// Threads that were called and have not come yet. One is enough: calling for each event would bring up a crowd
    /// where they have to wait for a processor.
    coming: usize,
    /// All there are, with those that are about to come.
    pub(super) threads: usize,
    has_standby: bool,
    standby_sleeps: bool,
    /// Counts the events that were taken: whether it moves tells whether anybody works.
    beats: u64,
    /// Events that were taken since somebody polled.
    jobs_since_poll: u32,
    passing_until: Option<Instant>,
}

/// Whether a thread waits for events, and until when at most.
#[derive(Clone, Copy)]
pub(super) enum Polling {
    No,
    Until(Option<Instant>),
}

impl Polling {
    pub(super) fn is_on(self) -> bool {
        matches!(self, Polling::Until(_))
    }
}

struct Poller {
    poll: Poll,
    events: Events,
}

/// What a thread has taken upon itself.
pub(super) enum Job {
    Accept { token: usize, port: Arc<Port> },
    Serve { token: usize, connection: Box<Connection>, heard: Heard, expired: bool },
    Run(Task),
}

pub(super) type Guard<'a> = MutexGuard<'a, State>;

impl Crew {
    /// The crew of this process; the first call brings it up.
    pub(crate) fn get() -> io::Result<&'static Crew> {
        static CREW: Mutex<Option<&'static Crew>> = Mutex::new(None);
        let mut slot = CREW.lock();
        if let Some(crew) = *slot {
            return Ok(crew);
        }
        let poll = Poll::new()?;
        let crew: &'static Crew = Box::leak(Box::new(Crew {
            registry: poll.registry().try_clone()?,
            waker: Waker::new(poll.registry(), WAKE)?,
            state: Mutex::new(State {
                poller: Some(Box::new(Poller { poll, events: Events::with_capacity(256) })),
                polling: Polling::No,
                slots: Slots::default(),
                ready: VecDeque::new(),
                tasks: VecDeque::new(),
                ahead_of_tasks: 0,
                timers: Timers::default(),
                idle_threads: 0,
                next_departure: None,
                coming: 2,
                threads: 2,
                has_standby: false,
                standby_sleeps: false,
                beats: 0,
                jobs_since_poll: 0,
                passing_until: None,
            }),
            idle: Condvar::new(),
            standby: Condvar::new(),
            wary: AtomicBool::new(true),
        }));
        // One to poll, one to stand by.
        crew.spawn()?;
        crew.spawn()?;
        *slot = Some(crew);
        Ok(crew)
    }

    /// Begins to serve a port; returns the token with which it ends.
    pub(super) fn add(&self, port: &Arc<Port>) -> io::Result<usize> {
        let token = self.state.lock().slots.add_listener(port.clone());
        let registered = match port.listener.lock().as_mut() {
            Some(listener) => self.attend(token, listener),
            None => Ok(()),
        };
        if registered.is_err() {
            self.state.lock().slots.remove_listener(token);
        }
        registered.map(|()| token)
    }

    /// Accepts what comes to a listener from now on.
    pub(super) fn attend(&self, token: usize, listener: &mut Listener) -> io::Result<()> {
        listener.register(&self.registry, Token(token))
    }

    /// Closes a port and every connection of it.
    pub(super) fn remove(&self, token: usize, port: &Port) {
        port.stopped.store(true, SeqCst);
        drop(port.listener.lock().take());
        let mut state = self.state.lock();
        let removed = state.slots.remove_listener(token);
        for (at, token) in removed.armed {
            state.timers.remove(at, token);
        }
        // Closing takes system calls, which nobody else should wait for.
        drop(state);
        // A thread that is not in a handler will find its place gone and close the connection itself.
        if port.answering.load(SeqCst) > 0 {
            for transport in removed.taken {
                // An error means that the client has closed it already.
                let _ = transport.lock().shutdown(Shutdown::Both);
            }
        }
        // Only now, so that no client gets the answer of a handler that goes on because of this.
        port.lifeline.cut();
        drop(removed.resting);
    }

    fn spawn(&'static self) -> io::Result<()> {
        std::thread::Builder::new().name("fixture-server".to_owned()).spawn(|| self.work()).map(drop)
    }

    fn work(&'static self) {
        let mut scratch = Scratch::new();
        let mut state = self.state.lock();
        state.coming = state.coming.saturating_sub(1);
        drop(state);
        // A bug of ours costs the connection that met it, not a thread of everybody's.
        while catch_unwind(AssertUnwindSafe(|| self.work_on(&mut scratch))).is_err() {}
        self.state.lock().threads -= 1;
    }

    /// Returns when the thread is no longer needed.
    fn work_on(&'static self, scratch: &mut Scratch) {
        let mut state = self.state.lock();
        loop {
            if state.jobs_since_poll >= JOBS && state.poller.is_some() {
                state = self.poll(state);
            } else if let Some(job) = state.next_job() {
                drop(state);
                state = self.serve(job, scratch);
            } else if state.poller.is_some() {
                state = self.poll(state);
            } else {
                match self.rest(state) {
                    Some(guard) => state = guard,
                    None => return,
                }
            }
        }
    }

    /// Waits for events and queues them; does not wait if there is something to do already.
    fn poll<'a>(&'a self, mut state: Guard<'a>) -> Guard<'a> {
        let Some(mut poller) = state.poller.take() else { return state };
        state.jobs_since_poll = 0;
        let is_idle = state.ready.is_empty() && state.tasks.is_empty();
        let until = if is_idle { state.timers.next() } else { Some(Instant::now()) };
        state.polling = Polling::Until(until);
        drop(state);
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()).min(LONGEST_POLL));
        let waited = poller.poll.poll(&mut poller.events, timeout);
        let mut state = self.state.lock();
        state.polling = Polling::No;
        if waited.is_ok() {
            for event in &poller.events {
                let heard = match event.is_read_closed() {
                    _ if event.is_error() || event.is_write_closed() => Heard::Gone,
                    true => Heard::ReadClosed,
                    false => Heard::Nothing,
                };
                state.notice(event.token().0, heard);
            }
        }
        if until.is_some_and(|until| until <= Instant::now()) {
            state.fire_timers();
        }
        state.poller = Some(poller);
        if state.standby_sleeps && !(state.ready.is_empty() && state.tasks.is_empty()) {
            self.standby.notify_one();
        }
        state
    }

    /// Nothing to do, and somebody else polls. `None`: this thread may leave.
    fn rest(&'static self, mut state: Guard<'static>) -> Option<Guard<'static>> {
        if !state.has_standby {
            self.stand_by(&mut state);
            // Whoever stands by next is to be there before this thread blocks.
            self.call_a_hand(state);
            return Some(self.state.lock());
        }
        if state.idle_threads >= SPARE && state.next_departure.is_none_or(|next| next <= Instant::now()) {
            state.next_departure = Some(Instant::now() + DEPARTURES);
            return None;
        }
        state.idle_threads += 1;
        let timed_out = self.idle.wait_for(&mut state, IDLE).timed_out();
        state.idle_threads -= 1;
        let was_called = state.coming > 0;
        state.coming = state.coming.saturating_sub(1);
        let has_work = !state.ready.is_empty() || !state.tasks.is_empty();
        let needed = was_called || !state.has_standby || state.poller.is_some() || has_work;
        (needed || !timed_out).then_some(state)
    }

    /// Returns when this thread is needed: nobody polls, and nobody has taken an event for a whole tick.
    fn stand_by(&self, state: &mut Guard<'_>) {
        state.has_standby = true;
        self.wary.store(state.passing_until.is_some(), Relaxed);
        let (mut seen, mut quiet, mut stuck) = (state.beats, 0, 0);
        loop {
            if quiet < QUIET_TICKS {
                self.standby.wait_for(state, TICK);
            } else {
                state.standby_sleeps = true;
                self.standby.wait(state);
                state.standby_sleeps = false;
                quiet = 0;
                seen = state.beats;
                continue;
            }
            if state.passing_until.is_some_and(|until| until <= Instant::now()) {
                state.passing_until = None;
                self.wary.store(false, Relaxed);
            }
            if state.polling.is_on() {
                (quiet, stuck) = (quiet + 1, 0);
            } else if state.beats == seen {
                (quiet, stuck) = (0, stuck + 1);
                let is_in_user_code = IN_USER_CODE.load(Relaxed) > 0;
                if stuck >= if is_in_user_code { STUCK_TICKS } else { LOST_TICKS } {
                    break;
                }
            } else {
                (quiet, stuck) = (0, 0);
            }
            seen = state.beats;
        }
        state.has_standby = false;
        state.passing_until = Some(Instant::now() + PASSING);
        self.wary.store(true, Relaxed);
    }
}

impl State {
    fn next_job(&mut self) -> Option<Job> {
        self.jobs_since_poll += 1;
        if !self.tasks.is_empty() {
            self.ahead_of_tasks += 1;
            if self.ahead_of_tasks > AHEAD_OF_TASKS {
                return self.next_task();
            }
        }
        while let Some(token) = self.ready.pop_front() {
            match self.slots.get(token) {
                None => {}
                Some(Tenant::Listener { .. }) => {
                    if let Some(port) = self.slots.begin_accepting(token) {
                        self.beats += 1;
                        return Some(Job::Accept { token, port });
                    }
                }
                Some(Tenant::Connection(seat)) => {
                    seat.queued = false;
                    if let Some(job) = seat.take(token) {
                        self.beats += 1;
                        return Some(job);
                    }
                }
            }
        }
        self.next_task()
    }

    fn next_task(&mut self) -> Option<Job> {
        let task = self.tasks.pop_front()?;
        self.ahead_of_tasks = 0;
        self.beats += 1;
        Some(Job::Run(task))
    }

    /// Something happened to this token.
    pub(super) fn notice(&mut self, token: usize, heard: Heard) {
        match self.slots.get(token) {
            None => return,
            Some(Tenant::Listener { .. }) => {}
            Some(Tenant::Connection(seat)) => {
                seat.heard = seat.heard.max(heard);
                if seat.resting.is_none() {
                    seat.again = true;
                    return;
                }
                if std::mem::replace(&mut seat.queued, true) {
                    return;
                }
            }
        }
        self.ready.push_back(token);
    }

    fn fire_timers(&mut self) {
        let now = Instant::now();
        while let Some(token) = self.timers.pop(now) {
            if let Some(Tenant::Listener { retries, .. }) = self.slots.get(token) {
                *retries = false;
            } else if let Some(seat) = self.slots.seat(token) {
                seat.armed = None;
                match seat.deadline {
                    Some(until) if until > now => {
                        seat.armed = Some(until);
                        self.timers.add(until, token);
                        continue;
                    }
                    // Something has come just in time: it is looked at first, and sets the next deadline.
                    Some(_) if seat.queued => continue,
                    Some(_) if seat.resting.is_some() => seat.expired = true,
                    // Whoever has taken it sets the next deadline.
                    _ => continue,
                }
            }
            self.notice(token, Heard::Nothing);
        }
    }
}

impl Seat {
    fn take(&mut self, token: usize) -> Option<Job> {
        let Some(connection) = self.resting.take() else {
            self.again = true;
            return None;
        };
        let heard = std::mem::take(&mut self.heard);
        let expired = std::mem::take(&mut self.expired);
        Some(Job::Serve { token, connection, heard, expired })
    }
}
