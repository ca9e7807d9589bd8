//! One connection: reads requests, has them answered, carries out the plans of the answers.

mod closing;
mod exchange;
mod inbox;
mod noting;
mod replying;
mod streaming;
mod strikes;
mod waiting;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime};

use crate::message::delivery::{Client, Ended};
use crate::outage::Strike;
use crate::plan::End;
use crate::wire::Dialect;
use crate::wire::date::DateLine;
use crate::wire::decoder::{self, Decoder};
use crate::wire::encode::HeadWriter;
use crate::wire::recent::Recent;

use super::sending::{Pace, Progress, Sending};
use super::slots::Heard;
use super::transport::{SharedTransport, Standing};
use super::{Hands, Port};

use inbox::{Inbox, Inflow};
use streaming::Streaming;
use strikes::Ambush;

/// What a thread lends to the connection it serves, so that idle connections hold no buffers.
#[derive(Debug)]
pub(super) struct Scratch {
    buffer: Vec<u8>,
    recent: Recent,
    date: DateLine,
    /// Where answers are put together.
    writer: HeadWriter,
}

/// A read takes a head and a body of 64 KiB at once; a write takes as much of a file.
const BUFFER: usize = 128 << 10;

/// Requests answered in one go before other connections have their turn.
const TURNS: usize = 16;

impl Scratch {
    pub(super) fn new() -> Scratch {
        Scratch {
            buffer: vec![0; BUFFER],
            recent: Recent::default(),
            date: DateLine::default(),
            writer: HeadWriter::default(),
        }
    }
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four facts about the client's side, in any combination")]
pub(super) struct Connection {
    port: Arc<Port>,
    transport: SharedTransport,
    client: Arc<Client>,
    decoder: Decoder,
    inbox: Inbox,
    sending: Option<Box<Sending>>,
    /// Takes the body of the request that is being answered.
    inflow: Option<Box<Inflow>>,
    /// A handler reads the body of its request while it arrives.
    streaming: Option<Box<Streaming>>,
    /// An answer waits for its place in the body of the request.
    ambush: Option<Box<Ambush>>,
    /// What the request that is arriving will meet; drawn once, when it begins.
    strike: Option<Box<Strike>>,
    is_drawn: bool,
    /// There is more to take in than one turn takes.
    takes_more: bool,
    phase: Phase,
    requests: usize,
    /// When the head of the request whose body is arriving was complete.
    arrived: Option<SystemTime>,
    /// When the current head or body must have arrived.
    due: Option<Instant>,
    body_progress: usize,
    /// Until when something must have come, since there was nothing to do.
    idle_until: Option<Instant>,
    /// What the transport was about when the connection last began to wait.
    standing: Standing,
    /// Everything that has arrived was read.
    drained: bool,
    /// The poller said that the client closed its sending side.
    hung_up: bool,
    /// The client sends nothing more.
    at_end: bool,
    /// More of a request that was answered may be on its way, and nobody can tell where it ends.
    may_have_more: bool,
    /// Bytes of answers since the client last asked for something, and so may not have them yet.
    unconfirmed: u64,
    /// How much of an answer was sent when the client last took no more, and until when it must take some.
    blocked: Option<(u64, Instant)>,
    /// When to go on, whatever the client does.
    alarm: Option<Instant>,
    /// How fast is read, if not as fast as it comes; from the first byte on.
    pace: Option<Box<Pace>>,
    registered: Registered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Our side is closed; what still comes is thrown away.
    Lingering {
        left: u64,
        until: Instant,
    },
    /// Our sending side is closed; what still comes is thrown away, for as long as the client likes.
    HalfClosed,
    /// Nothing is sent and nothing is read.
    Stalled,
    /// A reset follows once all that was sent has left.
    Departing {
        until: Instant,
    },
}

/// What the poller was asked to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registered {
    Nothing,
    Reads,
    ReadsAndWrites,
}

/// What to do with a connection that was served for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Wait for the client, until then.
    Wait {
        until: Instant,
        writes: bool,
    },
    /// There is more to do; let others go first.
    Yield,
    Close,
}

impl Connection {
    pub(super) fn new(port: Arc<Port>, transport: SharedTransport, client: Arc<Client>) -> Connection {
        Connection {
            port,
            transport,
            client,
            decoder: Decoder::default(),
            inbox: Inbox::default(),
            sending: None,
            inflow: None,
            streaming: None,
            ambush: None,
            strike: None,
            is_drawn: false,
            takes_more: false,
            phase: Phase::Open,
            requests: 0,
            arrived: None,
            due: None,
            body_progress: 0,
            idle_until: None,
            standing: Standing::Open,
            drained: false,
            hung_up: false,
            at_end: false,
            may_have_more: false,
            unconfirmed: 0,
            blocked: None,
            alarm: None,
            pace: None,
            registered: Registered::Nothing,
        }
    }

    /// Has a plan carried out by the next run.
    #[cfg(test)]
    pub(super) fn begin(&mut self, plan: crate::plan::Plan, receipt: Arc<dyn crate::message::delivery::Receipt>) {
        let ended = if plan.faulty { Ended::Fault } else { Ended::KeptOpen };
        let mut sending = Sending::new(plan, Some(receipt), ended);
        sending.prepare();
        self.sending = Some(Box::new(sending));
    }

    pub(super) fn transport(&self) -> &SharedTransport {
        &self.transport
    }

    pub(super) fn registered(&mut self) -> &mut Registered {
        &mut self.registered
    }

    /// Serves the connection as far as it goes without waiting.
    pub(super) fn run(&mut self, heard: Heard, scratch: &mut Scratch, hands: &Hands<'_>) -> Fate {
        self.drained = false;
        self.alarm = None;
        self.hung_up |= !matches!(heard, Heard::Nothing);
        if matches!(heard, Heard::Gone) && (self.sending.is_some() || self.streaming.is_some()) {
            // What is sent may have nothing to send for long, and so would not notice.
            return Fate::Close;
        }
        let mut turns = 0;
        while turns < TURNS {
            turns += 1;
            let progress = if self.sending.is_some() {
                if self.take_in(scratch).is_err() {
                    return Fate::Close;
                }
                self.resume(scratch, hands)
            } else if self.streaming.is_some() {
                self.go_on_streaming(scratch, hands)
            } else if !matches!(self.phase, Phase::Open) {
                return self.end(heard, scratch);
            } else {
                match self.receive(scratch) {
                    Received::Step(step) => self.act(step, scratch, hands),
                    Received::Nothing if self.leaves_waiting() => {
                        self.phase = Phase::Stalled;
                        continue;
                    }
                    Received::Nothing => return self.wait(false),
                    Received::Gone => return Fate::Close,
                    Received::Unreadable => {
                        self.linger();
                        continue;
                    }
                    Received::End => {
                        let inbox = std::mem::take(&mut self.inbox);
                        let step = self.decoder.end(inbox.unread(), &self.port.settings.reading);
                        match step.map(|step| self.met(step, &[])) {
                            Some(step) => self.act(step, scratch, hands),
                            None => return Fate::Close,
                        }
                    }
                }
            };
            if let Some(fate) = self.follow(progress, scratch) {
                return fate;
            }
        }
        Fate::Yield
    }

    /// What comes of a plan that got so far. `None`: go on.
    fn follow(&mut self, progress: Progress, scratch: &mut Scratch) -> Option<Fate> {
        match progress {
            Progress::Done(end) => self.finish(end, scratch),
            // What has come already is told of by no event.
            Progress::Blocked | Progress::Waiting | Progress::Until(_) if self.takes_more => Some(Fate::Yield),
            Progress::Blocked => Some(self.wait(true)),
            Progress::Waiting => Some(self.wait(false)),
            Progress::Until(then) => {
                self.set_alarm(then);
                Some(self.wait(false))
            }
            Progress::Paused => Some(Fate::Yield),
            Progress::Gone => Some(Fate::Close),
        }
    }

    /// Reads until there is something to do.
    fn receive(&mut self, scratch: &mut Scratch) -> Received {
        if !self.inbox.unread().is_empty() {
            let inbox = std::mem::take(&mut self.inbox);
            let (used, step) = self.decode(inbox.unread(), &mut scratch.recent);
            self.inbox = inbox;
            self.inbox.advance(used);
            if !matches!(step, decoder::Step::NeedMore) {
                return Received::Step(step);
            }
        }
        loop {
            if self.at_end {
                return Received::End;
            }
            if self.drained {
                return Received::Nothing;
            }
            let length = match self.read_more(scratch) {
                Ok(0) => continue,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Received::Unreadable,
                Err(_) => return Received::Gone,
            };
            if self.decoder.is_in_body() {
                self.body_progress += length;
            }
            if self.inbox.unread().is_empty() {
                self.unconfirmed = 0;
            }
            let fresh = &scratch.buffer[..length];
            let step = if self.inbox.unread().is_empty() {
                let (used, step) = self.decode(fresh, &mut scratch.recent);
                self.inbox.push(&fresh[used..]);
                step
            } else {
                let mut inbox = std::mem::take(&mut self.inbox);
                inbox.push(fresh);
                let (used, step) = self.decode(inbox.unread(), &mut scratch.recent);
                self.inbox = inbox;
                self.inbox.advance(used);
                step
            };
            if !matches!(step, decoder::Step::NeedMore) {
                return Received::Step(step);
            }
            // A read may stop short of what is there, as at an urgent byte. In the middle of a request that matters.
            self.drained = false;
        }
    }

    /// Reads once: how many bytes came; 0 if there are none for now, or no more at all.
    fn read_more(&mut self, scratch: &mut Scratch) -> io::Result<usize> {
        let Some(room) = self.readable(scratch.buffer.len()) else {
            self.drained = true;
            return Ok(0);
        };
        loop {
            let mut transport = self.transport.lock();
            let read = if room == scratch.buffer.len() {
                transport.read(&mut scratch.buffer)
            } else {
                transport.read(&mut scratch.buffer[..room])
            };
            let has_more = transport.has_more();
            drop(transport);
            match read {
                Ok(0) => self.at_end = true,
                Ok(length) => {
                    // An edge-triggered poller of Linux tells of whatever comes after a short read; unless the end came with it.
                    self.drained = cfg!(target_os = "linux") && length < room && !self.hung_up && !has_more;
                    self.has_read(length, length < room);
                    return Ok(length);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.has_read(0, true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            self.drained = true;
            return Ok(0);
        }
    }

    /// When the request arrived that is looked at.
    fn arrival(&self) -> SystemTime {
        self.arrived.unwrap_or_else(SystemTime::now)
    }

    /// Feeds the decoder until it has something to act on.
    fn decode(&mut self, input: &[u8], recent: &mut Recent) -> (usize, decoder::Step) {
        let reading = &self.port.settings.reading;
        let (used, mut step) = self.decoder.feed(input, reading, recent);
        // Asked once: an outage that begins in between is as good as one that begins a little later.
        let meets_nothing = self.meets_nothing();
        if !meets_nothing {
            step = self.struck(step, &input[used..]);
        }
        let reading = &self.port.settings.reading;
        let (request, exchange) = match step {
            // Nobody has to be asked about nearly every head.
            decoder::Step::Head { request, exchange, expects_continue: false }
                if reading.dialect == Dialect::Rfc9112 && !self.port.service.wants_heads() =>
            {
                (request, exchange)
            }
            step => return (used, step),
        };
        (self.arrived, self.due, self.body_progress) = body_begins();
        let mut step = self.decoder.collect(request, exchange, &reading.limits);
        if !meets_nothing {
            step = self.struck(step, &[]);
        }
        if !matches!(step, decoder::Step::NeedMore) {
            return (used, step);
        }
        let (more, step) = self.decoder.feed(&input[used..], &self.port.settings.reading, recent);
        let used = used + more;
        (used, self.met(step, &input[used..]))
    }

    fn resume(&mut self, scratch: &mut Scratch, hands: &Hands<'_>) -> Progress {
        let Some(sending) = self.sending.take() else { return Progress::Done(End::Keep) };
        if sending.runs_user_code() {
            (hands.before_user_code)();
        }
        self.send(*sending, scratch, hands)
    }

    /// Carries out a plan until it is done or the client takes no more; what is left is kept for later.
    fn send(&mut self, mut sending: Sending, scratch: &mut Scratch, hands: &Hands<'_>) -> Progress {
        if self.hung_up || self.at_end {
            sending.client_closed();
        }
        // What runs for it goes on when the server stops.
        let run = |task| (hands.run)(self.port.in_lifeline(task));
        let hands = &Hands { run: &run, before_user_code: hands.before_user_code, wake: hands.wake };
        let progress = if sending.runs_user_code() {
            let proceed = || sending.proceed(&self.transport, &mut scratch.buffer, hands);
            self.port.unless_stopped(proceed).unwrap_or(Progress::Gone)
        } else {
            sending.proceed(&self.transport, &mut scratch.buffer, hands)
        };
        if !matches!(progress, Progress::Blocked) {
            self.blocked = None;
        }
        match progress {
            Progress::Done(end) => {
                self.note_sent(end, sending.is_answer(), sending.ended());
                self.unconfirmed += sending.sent();
                self.may_have_more |= self.inflow.take().is_some();
            }
            Progress::Blocked | Progress::Waiting | Progress::Until(_) | Progress::Paused => {
                self.sending = Some(Box::new(sending));
            }
            Progress::Gone => sending.report(Some(self.why_gone())),
        }
        progress
    }

    fn why_gone(&self) -> Ended {
        if self.port.stopped.load(Relaxed) { Ended::ServerStopped } else { Ended::ClientGone }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.leave_ambush();
        self.leave_streaming();
        if self.port.settings.securing.is_some() {
            self.transport.lock().farewell(self.who_left());
        }
        if let Some(sending) = &self.sending {
            sending.report(Some(self.why_gone()));
        }
        self.note_gone();
    }
}

/// The wall clock, which nothing else reads.
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

/// A head is complete: when that was, no deadline for the body yet, and no progress with it.
fn body_begins() -> (Option<SystemTime>, Option<Instant>, usize) {
    (Some(SystemTime::now()), None, 0)
}

enum Received {
    Step(decoder::Step),
    /// Everything was read, and more is needed.
    Nothing,
    /// The client sends no more.
    End,
    /// The connection is broken.
    Gone,
    /// What comes cannot be deciphered; the client was told so, where there is an alert for it.
    Unreadable,
}
