//! What a thread does with one event: accept a connection, serve it, put it back or give it up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Interest, Token};

use crate::outage::Outage;
use crate::wake::Task;

use super::connection::{self, Connection, Fate, Registered, Scratch};
use super::crew::{Crew, Guard, Job, Polling, State};
use super::slots::{Heard, Tenant};
use super::taped::taped;
use super::transport::{BACKLOG, Listener, SharedTransport};
use super::{Hands, Port};

/// When accepting failed for want of descriptors, it is tried again after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

impl Crew {
    pub(super) fn serve(&'static self, job: Job, scratch: &mut Scratch) -> Guard<'static> {
        match job {
            Job::Run(task) => {
                // It may block for long: somebody else is to poll, and to take what waits, before it begins.
                self.leave_to_others();
                task();
                self.state.lock()
            }
            Job::Accept { token, port } => self.accept(token, port, scratch),
            Job::Serve { token, mut connection, heard, expired } => {
                let seat = SeatGuard { crew: self, token };
                let hands = Hands {
                    before_user_code: &|| self.pass_on(),
                    wake: &|| Arc::new(move || self.wake(token)),
                    run: &|task| self.run(task),
                };
                // What was heard comes first, and the time that is up is found to be up again.
                let fate = if expired && heard == Heard::Nothing {
                    connection.expire(scratch, &hands)
                } else {
                    connection.run(heard, scratch, &hands)
                };
                std::mem::forget(seat);
                self.settle(token, connection, fate)
            }
        }
    }

    /// Takes one connection and serves it at once: its request is often there already.
    fn accept(&'static self, token: usize, port: Arc<Port>, scratch: &mut Scratch) -> Guard<'static> {
        let accepted = port.listener.lock().as_ref().map(Listener::accept);
        let (transport, peer) = match accepted {
            Some(Ok(accepted)) => accepted,
            failed => {
                // It may be the last to hold the server, whose state holds what users gave it: not under our lock.
                drop(port);
                let mut state = self.state.lock();
                if state.slots.end_accepting(token) {
                    self.queue(&mut state, token);
                }
                if let Some(Err(error)) = failed {
                    self.retry_accepting(&mut state, token, error.kind());
                }
                return state;
            }
        };
        let mut state = self.state.lock();
        state.slots.end_accepting(token);
        // There may be more: whoever is free next looks.
        self.queue(&mut state, token);
        let seat = state.slots.add_connection(token, transport.clone());
        drop(state);
        let Some(seat) = seat else {
            // The server was stopped meanwhile.
            drop((transport, port));
            return self.state.lock();
        };
        let connection = self.welcome(port, transport, peer);
        self.serve(Job::Serve { token: seat, connection, heard: Heard::Nothing, expired: false }, scratch)
    }

    /// A connection that was accepted, and what it meets already.
    fn welcome(
        &'static self,
        port: Arc<Port>,
        transport: SharedTransport,
        peer: Option<SocketAddr>,
    ) -> Box<Connection> {
        let client = port.service.accepted(peer, connection::now());
        let transport = match &port.settings.securing {
            None => transport,
            Some(securing) => securing.clone().secured(transport, &client, Box::new(|| self.leave_to_another())),
        };
        let transport = taped(transport, &client);
        let fault = port.service.outage().and_then(Outage::on_accept);
        let mut connection = Box::new(Connection::new(port, transport, client));
        if let Some(fault) = fault {
            connection.strike_at_once(&fault);
        }
        connection
    }

    /// Takes the connections that wait at a listener which is about to go; others serve them.
    pub(super) fn accept_last(&'static self, token: usize, port: &Arc<Port>, listener: &Listener) {
        for _ in 0..BACKLOG {
            let (transport, peer) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(_) => return,
            };
            let Some(seat) = self.state.lock().slots.add_connection(token, transport.clone()) else { return };
            let connection = self.welcome(port.clone(), transport, peer);
            drop(self.settle(seat, connection, Fate::Yield));
        }
    }

    /// Has something run on a thread that has nothing else to do: this one, when it is done here, or whoever comes first.
    fn run(&'static self, task: Task) {
        let mut state = self.state.lock();
        state.tasks.push_back(task);
        self.call_a_hand(state);
    }

    fn retry_accepting(&self, state: &mut State, token: usize, error: io::ErrorKind) {
        match error {
            io::ErrorKind::WouldBlock => {}
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted => {
                self.queue(state, token);
            }
            // Most likely out of descriptors. No event will come for what waits already, so a timer does; one is enough.
            _ => {
                if let Some(Tenant::Listener { retries, .. }) = state.slots.get(token) {
                    if !std::mem::replace(retries, true) {
                        self.arm(state, Instant::now() + ACCEPT_PAUSE, token);
                    }
                }
            }
        }
    }

    /// Queues a token from outside the poll. If somebody sleeps in it, nobody else may come to look: this thread is perhaps
    /// about to run a handler that blocks.
    fn queue(&self, state: &mut State, token: usize) {
        state.ready.push_back(token);
        if state.polling.is_on() {
            // Failing to wake it costs time only.
            let _ = self.waker.wake();
        }
    }

    /// Has a connection looked at again; called from any thread.
    fn wake(&self, token: usize) {
        let mut state = self.state.lock();
        state.notice(token, Heard::Nothing);
        if state.polling.is_on() {
            // Failing to wake it costs time only.
            let _ = self.waker.wake();
        }
    }

    /// Puts a connection back, or gives it up.
    fn settle(&self, token: usize, mut connection: Box<Connection>, fate: Fate) -> Guard<'_> {
        let (until, writes) = match fate {
            Fate::Wait { until, writes } => (Some(until), writes),
            Fate::Yield => (None, false),
            Fate::Close => return self.close(token, connection),
        };
        if fate != Fate::Yield && self.register(token, &mut connection, writes).is_err() {
            return self.close(token, connection);
        }
        let mut state = self.state.lock();
        let Some(seat) = state.slots.seat(token) else {
            // The server was stopped meanwhile.
            drop(state);
            drop(connection);
            return self.state.lock();
        };
        seat.resting = Some(connection);
        seat.deadline = until;
        // The timer goes off at the deadline or before; a later deadline is noticed then.
        let is_armed = match (seat.armed, until) {
            (Some(armed), Some(until)) => armed <= until,
            (_, None) => true,
            (None, _) => false,
        };
        if seat.again || fate == Fate::Yield {
            seat.again = false;
            seat.queued = true;
            self.queue(&mut state, token);
        }
        if !is_armed {
            self.set_timer(&mut state, token);
        }
        state
    }

    fn close(&self, token: usize, connection: Box<Connection>) -> Guard<'_> {
        drop(self.vacate(token));
        drop(connection);
        self.state.lock()
    }

    /// Gives up the place of a connection; another one may wait for it.
    fn vacate(&self, token: usize) -> Guard<'_> {
        let mut state = self.state.lock();
        let vacated = state.slots.remove_connection(token);
        if let Some(armed) = vacated.armed {
            state.timers.remove(armed, token);
        }
        if let Some(listener) = vacated.listener {
            self.queue(&mut state, listener);
        }
        state
    }

    /// Asks the poller for what the connection waits for, which is done late: many connections never wait.
    fn register(&self, token: usize, connection: &mut Connection, writes: bool) -> io::Result<()> {
        let transport: SharedTransport = match (*connection.registered(), writes) {
            (Registered::ReadsAndWrites, _) | (Registered::Reads, false) => return Ok(()),
            _ => connection.transport().clone(),
        };
        let (now, interest) = if writes {
            (Registered::ReadsAndWrites, Interest::READABLE | Interest::WRITABLE)
        } else {
            (Registered::Reads, Interest::READABLE)
        };
        let before = std::mem::replace(connection.registered(), now);
        let mut transport = transport.lock();
        if before == Registered::Nothing {
            transport.register(&self.registry, Token(token), interest)
        } else {
            transport.reregister(&self.registry, Token(token), interest)
        }
    }

    fn set_timer(&self, state: &mut State, token: usize) {
        let Some(seat) = state.slots.seat(token) else { return };
        let Some(until) = seat.deadline else { return };
        if let Some(before) = seat.armed.replace(until) {
            state.timers.remove(before, token);
        }
        self.arm(state, until, token);
    }

    fn arm(&self, state: &mut State, at: Instant, token: usize) {
        state.timers.add(at, token);
        let sleeps_longer = match state.polling {
            Polling::Until(until) => until.is_none_or(|until| at < until),
            Polling::No => false,
        };
        if sleeps_longer {
            // Failing to wake it costs punctuality only.
            let _ = self.waker.wake();
        }
    }
}

/// Gives up the place of a connection when serving it panics.
struct SeatGuard<'a> {
    crew: &'a Crew,
    token: usize,
}

impl Drop for SeatGuard<'_> {
    fn drop(&mut self) {
        drop(self.crew.vacate(self.token));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_wait_for_each_other_all_run_and_a_panic_is_no_matter() {
        const TASKS: usize = 300;
        let crew = Crew::get().unwrap();
        let together = Arc::new(std::sync::Barrier::new(TASKS + 1));
        for number in 0..2 * TASKS {
            let together = together.clone();
            crew.run(Box::new(move || {
                assert!(number % 2 == 0, "a panic on purpose");
                together.wait();
            }));
        }
        together.wait();
    }
}
