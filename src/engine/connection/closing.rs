//! How a connection ends: so that the client gets all that was sent, or in a way that it must survive.

use std::io;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use crate::message::delivery::ClosedBy;
use crate::plan::End;

use super::super::slots::Heard;
use super::inbox::Inbox;
use super::{Connection, Fate, Phase, Scratch, TURNS};

/// An answer of so many bytes is with the client's system as soon as it was written.
const SHORT_ANSWER: u64 = 32 << 10;

/// Of so many bytes it is enough that they were sent; of more the client's system must have said that it has them.
const SURELY_TAKEN: u64 = 16 << 10;

/// A connection that ends early is read on for so long and so far, so that a reset does not overtake the answer.
const LINGER_TIME: Duration = Duration::from_secs(5);
const LINGER_BYTES: u64 = 64 << 20;

impl Connection {
    /// A plan was carried out. `None`: go on with what comes next.
    pub(super) fn finish(&mut self, end: End, scratch: &mut Scratch) -> Option<Fate> {
        match end {
            End::Keep => return None,
            End::Close if self.can_close(scratch) && self.has_said_farewell() => return Some(Fate::Close),
            End::Close => self.linger(),
            End::Reset => return Some(self.depart()),
            End::HalfClose => {
                let _ = self.transport.lock().shutdown(Shutdown::Write);
                self.phase = Phase::HalfClosed;
            }
            End::Stall => self.phase = Phase::Stalled,
        }
        self.inbox = Inbox::default();
        None
    }

    /// Goes on ending, as it began to.
    pub(super) fn end(&mut self, heard: Heard, scratch: &mut Scratch) -> Fate {
        match self.phase {
            Phase::Stalled if self.hung_up || self.at_end => Fate::Close,
            Phase::Stalled => self.wait(false),
            Phase::Departing { .. } if heard == Heard::Gone => Fate::Close,
            Phase::Departing { .. } if self.has_departed() => self.reset(),
            Phase::Departing { .. } => self.wait(true),
            Phase::Open | Phase::Lingering { .. } | Phase::HalfClosed => self.discard(scratch),
        }
    }

    /// Whether the client has got the last word already, where there is one.
    fn has_said_farewell(&self) -> bool {
        if self.port.settings.securing.is_none() {
            return true;
        }
        let mut transport = self.transport.lock();
        transport.farewell(ClosedBy::Server);
        !transport.owes()
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

    pub(super) fn linger(&mut self) {
        self.client.close(ClosedBy::Server);
        let _ = self.transport.lock().shutdown(Shutdown::Write);
        self.phase = Phase::Lingering { left: LINGER_BYTES, until: Instant::now() + LINGER_TIME };
    }

    /// Throws away what comes until the client closes.
    fn discard(&mut self, scratch: &mut Scratch) -> Fate {
        for _ in 0..TURNS {
            let read = self.transport.lock().read(&mut scratch.buffer);
            match read {
                Ok(0) if self.transport.lock().owes() => return self.wait(false),
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

    /// Resets the connection once everything that was sent has left: a reset throws away what waits in our system.
    fn depart(&mut self) -> Fate {
        if self.unconfirmed == 0 && !self.has_answered_before() || self.has_departed() {
            return self.reset();
        }
        self.phase = Phase::Departing { until: Instant::now() + self.port.settings.idle_timeout };
        self.wait(true)
    }

    fn has_departed(&self) -> bool {
        self.transport.lock().has_departed(self.has_answered_before() || self.unconfirmed > SURELY_TAKEN)
    }

    /// A client may ask again before it has taken the answers to what it asked before.
    fn has_answered_before(&self) -> bool {
        self.requests > 1
    }

    pub(super) fn reset(&mut self) -> Fate {
        self.transport.lock().prepare_reset();
        Fate::Close
    }
}
