//! What a connection tells of itself: requests, where they end on the tape, who closed it.

use std::sync::atomic::Ordering::Relaxed;

use crate::message::delivery::{ClosedBy, Ended};
use crate::plan::End;

use super::super::Extent;
use super::Connection;

impl Connection {
    /// A request is about to be answered, or to be looked at before that.
    pub(super) fn note_asked(&self, extent: Extent) {
        self.client.requests.store(self.requests + 1, Relaxed);
        let Some(tape) = &self.client.tape else { return };
        match extent {
            Extent::Complete => tape.end_request(self.inbox.unread().len(), 0),
            Extent::Head { announced } if announced > 0 => tape.end_request(self.inbox.unread().len(), announced),
            Extent::Head { .. } | Extent::AwaitsLeave => {}
        }
    }

    /// Everything of an answer was sent: before the client can see what follows.
    pub(super) fn note_sent(&self, end: End, is_answer: bool, ended: Ended) {
        if end == End::Keep {
            if let (Some(tape), true) = (&self.client.tape, is_answer) {
                tape.end_exchange(self.inbox.unread().len());
            }
            return;
        }
        if let Some(tape) = &self.client.tape {
            tape.is_last_exchange();
        }
        // A connection that stalls is closed by somebody else.
        if end != End::Stall {
            self.client.close(if ended == Ended::Fault { ClosedBy::Fault } else { ClosedBy::Server });
        }
    }

    /// Who ends a connection when nobody has said so: the client has closed or reset it, unless the server was stopped.
    pub(super) fn who_left(&self) -> ClosedBy {
        if self.port.stopped.load(Relaxed) { ClosedBy::ServerStopped } else { ClosedBy::Client }
    }

    /// The connection goes.
    pub(super) fn note_gone(&self) {
        self.client.close(self.who_left());
    }
}
