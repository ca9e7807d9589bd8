//! For how long a connection waits, and what happens when it has waited long enough.

use std::time::Instant;

use crate::message::delivery::ClosedBy;
use crate::wire::refusal::Refusal;

use super::super::sending::Pace;
use super::super::slots::Heard;
use super::super::transport::Standing;
use super::super::{FOREVER, Hands};
use super::{Connection, Fate, Phase, Scratch};

/// So many bytes of a body buy it another `read_timeout`; fewer do not, so that trickling gains nothing.
const BODY_PROGRESS: usize = 64 << 10;

impl Connection {
    /// Waits for the client; for its taking more, if `writes`.
    pub(super) fn wait(&mut self, writes: bool) -> Fate {
        let now = Instant::now();
        let settings = &self.port.settings;
        let mut owes = false;
        if settings.securing.is_some() {
            let transport = self.transport.lock();
            let before = std::mem::replace(&mut self.standing, transport.standing());
            owes = transport.owes();
            if before != self.standing {
                // The time of the handshake is not that of what follows.
                self.idle_until = None;
            }
        }
        let until = match self.phase {
            Phase::Lingering { until, .. } | Phase::Departing { until } => until,
            Phase::HalfClosed | Phase::Stalled => now + FOREVER,
            // What the answer is made from says when it goes on, and knows how long that may take; unless it is the client's
            // turn.
            Phase::Open if !writes && self.sending.is_some() => match &self.inflow {
                Some(inflow) if inflow.is_dry() => self.body_deadline(now),
                _ => self.no_deadline(now),
            },
            Phase::Open if !writes && self.streaming.is_some() => {
                if self.awaits_more_to_stream() {
                    self.body_deadline(now)
                } else {
                    self.no_deadline(now)
                }
            }
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
            Phase::Open if self.standing == Standing::Handshaking => {
                *self.idle_until.get_or_insert(now + settings.read_timeout)
            }
            // Records with nothing in them gain no time.
            Phase::Open => *self.idle_until.get_or_insert(now + settings.idle_timeout),
        };
        let until = match self.alarm {
            None => until,
            Some(alarm) => alarm.min(until),
        };
        Fate::Wait { until, writes: writes || owes }
    }

    /// Has the connection go on then, whatever the client does.
    pub(super) fn set_alarm(&mut self, then: Instant) {
        self.alarm = Some(self.alarm.map_or(then, |alarm| alarm.min(then)));
    }

    /// The time of the connection is up.
    pub(in crate::engine) fn expire(&mut self, scratch: &mut Scratch, hands: &Hands<'_>) -> Fate {
        let body_is_due =
            (self.inflow.is_some() || self.streaming.is_some()) && self.due.is_some_and(|due| due <= Instant::now());
        if self.alarm.is_some() && !body_is_due {
            return self.run(Heard::Nothing, scratch, hands);
        }
        if self.inflow.is_some() && self.blocked.is_none() {
            // Whoever takes the body learns that this was all, and may answer yet.
            self.inflow = None;
            (self.may_have_more, self.due) = (true, None);
            return self.run(Heard::Nothing, scratch, hands);
        }
        if self.blocked.is_none() && self.give_up_streaming() {
            return self.run(Heard::Nothing, scratch, hands);
        }
        if let Phase::Departing { .. } = self.phase {
            return self.reset();
        }
        if self.sending.is_none() && self.phase == Phase::Open {
            let inbox = std::mem::take(&mut self.inbox);
            if let Some(step) = self.decoder.give_up(inbox.unread(), Refusal::TooSlow) {
                let progress = self.act(step, scratch, hands);
                return match self.follow(progress, scratch) {
                    Some(fate) => fate,
                    None => self.run(Heard::Nothing, scratch, hands),
                };
            }
        }
        if self.port.settings.securing.is_some() {
            self.transport.lock().farewell(ClosedBy::Server);
        }
        self.client.close(ClosedBy::Server);
        Fate::Close
    }

    /// Whether the client waits for a handshake that never goes on.
    pub(super) fn leaves_waiting(&self) -> bool {
        self.port.settings.securing.is_some() && self.transport.lock().standing() == Standing::Stalled
    }

    /// It is not the client's turn, and what it is given later does not get shorter by this.
    fn no_deadline(&mut self, now: Instant) -> Instant {
        self.due = None;
        now + FOREVER
    }

    /// Until when more of a body must have come.
    fn body_deadline(&mut self, now: Instant) -> Instant {
        if self.body_progress >= BODY_PROGRESS {
            self.body_progress = 0;
            self.due = None;
        }
        *self.due.get_or_insert(now + self.port.settings.read_timeout)
    }

    /// How much may be read now, if anything; if not, it goes on by itself when there is.
    pub(super) fn readable(&mut self, room: usize) -> Option<usize> {
        let Some(rate) = self.port.settings.pace else { return Some(room) };
        let now = Instant::now();
        let pace = self.pace.get_or_insert_with(|| Box::new(Pace::begin(rate, now)));
        match pace.allows(now) {
            Ok(most) => Some(room.min(usize::try_from(most).unwrap_or(usize::MAX))),
            Err(then) => {
                self.set_alarm(then);
                // It is not the client that is slow.
                self.due = None;
                None
            }
        }
    }

    /// So many bytes were read, and with them all that were there, if `is_all`.
    pub(super) fn has_read(&mut self, length: usize, is_all: bool) {
        if length > 0 {
            self.idle_until = None;
        }
        if let Some(pace) = &mut self.pace {
            pace.pass(length as u64);
            if is_all {
                pace.idle(Instant::now());
            }
        }
    }
}
