//! One connection: reads requests, has them answered, carries out the plans of the answers.

mod exchange;
mod inbox;

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};

use crate::message::delivery::{Client, Ended};
use crate::plan::End;
use crate::wire::Dialect;
use crate::wire::date::DateLine;
use crate::wire::decoder::{self, Decoder};
use crate::wire::refusal::Refusal;

use super::sending::{Progress, Sending};
use super::slots::Heard;
use super::transport::SharedTransport;
use super::{FOREVER, Hands, Port};

use inbox::{Inbox, Inflow};

/// What a thread lends to the connection it serves, so that idle connections hold no buffers.
#[derive(Debug)]
pub(super) struct Scratch {
    buffer: Vec<u8>,
    date: DateLine,
}

/// A read takes a head and a body of 64 KiB at once; a write takes as much of a file.
const BUFFER: usize = 128 << 10;

/// Requests answered in one go before other connections have their turn.
const TURNS: usize = 16;

/// An answer of so many bytes is with the client's system as soon as it was written.
const SHORT_ANSWER: u64 = 32 << 10;

/// A connection that ends early is read on for so long and so far, so that a reset does not overtake the answer.
const LINGER_TIME: Duration = Duration::from_secs(5);
const LINGER_BYTES: u64 = 64 << 20;

/// So many bytes of a body buy it another `read_timeout`; fewer do not, so that trickling gains nothing.
const BODY_PROGRESS: usize = 64 << 10;

impl Scratch {
    pub(super) fn new() -> Scratch {
        Scratch { buffer: vec![0; BUFFER], date: DateLine::default() }
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
    /// There is more to take in than one turn takes.
    takes_more: bool,
    phase: Phase,
    requests: usize,
    /// When the head of the request whose body is arriving was complete.
    arrived: Option<SystemTime>,
    /// When the current head or body must have arrived.
    due: Option<Instant>,
    body_progress: usize,
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
    /// A fault keeps the connection open and silent.
    Stalled,
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
    pub(super) fn new(port: Arc<Port>, transport: SharedTransport, client: Client) -> Connection {
        Connection {
            port,
            transport,
            client: Arc::new(client),
            decoder: Decoder::default(),
            inbox: Inbox::default(),
            sending: None,
            inflow: None,
            takes_more: false,
            phase: Phase::Open,
            requests: 0,
            arrived: None,
            due: None,
            body_progress: 0,
            drained: false,
            hung_up: false,
            at_end: false,
            may_have_more: false,
            unconfirmed: 0,
            blocked: None,
            registered: Registered::Nothing,
        }
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
        self.hung_up |= heard != Heard::Nothing;
        if heard == Heard::Gone && self.sending.is_some() {
            // What is sent may have nothing to send for long, and so would not notice.
            return Fate::Close;
        }
        for _ in 0..TURNS {
            let progress = if self.sending.is_some() {
                if self.take_in(scratch).is_err() {
                    return Fate::Close;
                }
                self.resume(scratch, hands)
            } else if !matches!(self.phase, Phase::Open) {
                return self.discard(scratch);
            } else {
                match self.receive(scratch) {
                    Received::Step(step) => self.act(step, scratch, hands),
                    Received::Nothing => return self.wait(false),
                    Received::Gone => return Fate::Close,
                    Received::End => {
                        let inbox = std::mem::take(&mut self.inbox);
                        match self.decoder.end(inbox.unread(), &self.port.settings.reading) {
                            Some(step) => self.act(step, scratch, hands),
                            None => return Fate::Close,
                        }
                    }
                }
            };
            match progress {
                Progress::Done(End::Keep) => {}
                // What has come already is told of by no event.
                Progress::Blocked | Progress::Waiting if self.takes_more => return Fate::Yield,
                Progress::Blocked => return self.wait(true),
                Progress::Waiting => return self.wait(false),
                Progress::Paused => return Fate::Yield,
                Progress::Gone => return Fate::Close,
                Progress::Done(End::Close) if self.can_close(scratch) => return Fate::Close,
                Progress::Done(End::Close) => self.linger(),
                Progress::Done(End::Reset) => {
                    self.transport.lock().prepare_reset();
                    return Fate::Close;
                }
                Progress::Done(End::HalfClose) => {
                    let _ = self.transport.lock().shutdown(Shutdown::Write);
                    self.phase = Phase::Stalled;
                }
                Progress::Done(End::Stall) => self.phase = Phase::Stalled,
            }
        }
        Fate::Yield
    }

    /// Whether a close now cannot become a reset, which would overtake the answer: nothing that the client sent is left
    /// unread, and if something comes yet, the answer is short enough to be there already.
    fn can_close(&self, scratch: &mut Scratch) -> bool {
        if self.at_end {
            return true;
        }
        if self.may_have_more
            || self.decoder.is_in_body()
            || !self.inbox.unread().is_empty()
            || self.unconfirmed > SHORT_ANSWER
        {
            return false;
        }
        // More may have come while the handler ran.
        let read = self.transport.lock().read(&mut scratch.buffer);
        match read {
            Ok(length) => length == 0,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }

    /// The time of the connection is up.
    pub(super) fn expire(&mut self, scratch: &mut Scratch, hands: &Hands<'_>) -> Fate {
        if self.inflow.is_some() && self.blocked.is_none() {
            // Whoever takes the body learns that this was all, and may answer yet.
            self.inflow = None;
            (self.may_have_more, self.due) = (true, None);
            return self.run(Heard::Nothing, scratch, hands);
        }
        if self.sending.is_none() && self.phase == Phase::Open {
            let inbox = std::mem::take(&mut self.inbox);
            if let Some(step) = self.decoder.give_up(inbox.unread(), Refusal::TooSlow) {
                return match self.act(step, scratch, hands) {
                    Progress::Gone => Fate::Close,
                    Progress::Blocked => self.wait(true),
                    Progress::Waiting => self.wait(false),
                    Progress::Paused => Fate::Yield,
                    Progress::Done(_) => {
                        self.linger();
                        self.discard(scratch)
                    }
                };
            }
        }
        Fate::Close
    }

    /// Reads until there is something to do.
    fn receive(&mut self, scratch: &mut Scratch) -> Received {
        if !self.inbox.unread().is_empty() {
            let inbox = std::mem::take(&mut self.inbox);
            let (used, step) = self.decode(inbox.unread());
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
                let (used, step) = self.decode(fresh);
                self.inbox.push(&fresh[used..]);
                step
            } else {
                let mut inbox = std::mem::take(&mut self.inbox);
                inbox.push(fresh);
                let (used, step) = self.decode(inbox.unread());
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
        loop {
            let read = self.transport.lock().read(&mut scratch.buffer);
            match read {
                Ok(0) => self.at_end = true,
                Ok(length) => {
                    // An edge-triggered poller of Linux tells of whatever comes after a short read; unless the end came with it.
                    self.drained = cfg!(target_os = "linux") && length < scratch.buffer.len() && !self.hung_up;
                    return Ok(length);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
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
    fn decode(&mut self, input: &[u8]) -> (usize, decoder::Step) {
        let reading = &self.port.settings.reading;
        let (used, step) = self.decoder.feed(input, reading);
        let (request, exchange) = match step {
            // Nobody has to be asked about nearly every head.
            decoder::Step::Head { request, exchange, expects_continue: false }
                if reading.dialect == Dialect::Rfc9112 =>
            {
                (request, exchange)
            }
            step => return (used, step),
        };
        (self.arrived, self.due, self.body_progress) = body_begins();
        let step = self.decoder.collect(request, exchange, &reading.limits);
        if !matches!(step, decoder::Step::NeedMore) {
            return (used, step);
        }
        let (more, step) = self.decoder.feed(&input[used..], reading);
        (used + more, step)
    }

    fn resume(&mut self, scratch: &mut Scratch, hands: &Hands<'_>) -> Progress {
        let Some(sending) = self.sending.take() else { return Progress::Done(End::Keep) };
        if sending.runs_user_code() {
            (hands.before_user_code)();
        }
        self.send(*sending, scratch)
    }

    /// Carries out a plan until it is done or the client takes no more; what is left is kept for later.
    fn send(&mut self, mut sending: Sending, scratch: &mut Scratch) -> Progress {
        let progress = if sending.runs_user_code() {
            let proceed = || sending.proceed(&self.transport, &mut scratch.buffer);
            self.port.unless_stopped(proceed).unwrap_or(Progress::Gone)
        } else {
            sending.proceed(&self.transport, &mut scratch.buffer)
        };
        if progress != Progress::Blocked {
            self.blocked = None;
        }
        match progress {
            Progress::Done(_) => {
                self.unconfirmed += sending.sent();
                self.may_have_more |= self.inflow.take().is_some();
            }
            Progress::Blocked | Progress::Waiting | Progress::Paused => self.sending = Some(Box::new(sending)),
            Progress::Gone => sending.report(Some(self.why_gone())),
        }
        progress
    }

    fn why_gone(&self) -> Ended {
        if self.port.stopped.load(Relaxed) { Ended::ServerStopped } else { Ended::ClientGone }
    }

    fn linger(&mut self) {
        let _ = self.transport.lock().shutdown(Shutdown::Write);
        self.phase = Phase::Lingering { left: LINGER_BYTES, until: Instant::now() + LINGER_TIME };
        self.inbox = Inbox::default();
    }

    /// Throws away what comes until the client closes.
    fn discard(&mut self, scratch: &mut Scratch) -> Fate {
        for _ in 0..TURNS {
            let read = self.transport.lock().read(&mut scratch.buffer);
            match read {
                Ok(0) => return Fate::Close,
                Ok(length) => {
                    if let Phase::Lingering { left, .. } = &mut self.phase {
                        *left = left.saturating_sub(length as u64);
                        if *left == 0 {
                            return Fate::Close;
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return self.wait(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Fate::Close,
            }
        }
        Fate::Yield
    }

    fn wait(&mut self, writes: bool) -> Fate {
        let now = Instant::now();
        let settings = &self.port.settings;
        let until = match self.phase {
            Phase::Lingering { until, .. } => until,
            Phase::Stalled => now + settings.idle_timeout.max(Duration::from_secs(3600)),
            // What the answer is made from says when it goes on, and knows how long that may take; unless it is the client's
            // turn.
            Phase::Open if !writes && self.sending.is_some() => match &self.inflow {
                Some(inflow) if inflow.is_dry() => self.body_deadline(now),
                _ => now + FOREVER,
            },
            Phase::Open if writes => {
                // A client that takes nothing gains no time by sending something.
                let sent = self.sending.as_ref().map_or(0, |sending| sending.sent());
                match self.blocked {
                    Some((before, until)) if before == sent => until,
                    _ => self.blocked.insert((sent, now + settings.idle_timeout)).1,
                }
            }
            Phase::Open if self.decoder.is_in_body() => self.body_deadline(now),
            Phase::Open if !self.inbox.unread().is_empty() => *self.due.get_or_insert(now + settings.read_timeout),
            Phase::Open => now + settings.idle_timeout,
        };
        Fate::Wait { until, writes }
    }

    /// Until when more of a body must have come.
    fn body_deadline(&mut self, now: Instant) -> Instant {
        if self.body_progress >= BODY_PROGRESS {
            self.body_progress = 0;
            self.due = None;
        }
        *self.due.get_or_insert(now + self.port.settings.read_timeout)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(sending) = &self.sending {
            sending.report(Some(self.why_gone()));
        }
    }
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
}
