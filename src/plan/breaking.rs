//! Plans that go wrong.

use bytes::Bytes;

use crate::message::fault::{Fault, Stage};

use super::{End, Plan, Step};

/// In place of the size of a chunk.
const BAD_SIZE: &[u8] = b"ZZ\r\n";

/// Before a body that is wrong, where there is no response that it belongs to.
const CHUNKED_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

/// Where a plan ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    BeforeHead,
    Head(usize),
    Body(u64),
    After,
}

impl Place {
    /// Faults of chunks stand in the body unless it was said otherwise.
    pub(super) fn of(stage: Stage, fault: &Fault) -> Place {
        match (stage, fault) {
            (Stage::Head(bytes), _) => Place::Head(bytes),
            (Stage::Body(bytes), _) => Place::Body(bytes as u64),
            (Stage::After, _) => Place::After,
            // What strikes before there is a response takes its place.
            (_, Fault::BadChunkSize) => Place::Body(0),
            (_, Fault::NoLastChunk) => Place::Body(u64::MAX),
            _ => Place::BeforeHead,
        }
    }
}

impl Plan {
    /// The plan of a fault that stands in place of a response.
    pub(crate) fn fault(fault: &Fault) -> Plan {
        let head = matches!(fault, Fault::BadChunkSize | Fault::NoLastChunk).then(|| Step::Head(CHUNKED_HEAD.to_vec()));
        Plan::new(head, End::Close).ended_by(fault)
    }

    /// Goes wrong at a moment of the response: nothing of it comes behind that. A place that it does not reach is its end.
    pub(crate) fn broken(mut self, stage: Stage, fault: &Fault) -> Plan {
        match Place::of(stage, fault) {
            Place::BeforeHead => self.steps.truncate(self.before_head()),
            Place::Head(bytes) => match self.head() {
                Some(at) => {
                    self.steps.truncate(at + 1);
                    if let Some(Step::Head(head)) = self.steps.back_mut() {
                        head.truncate(bytes);
                    }
                    if bytes == 0 {
                        self.steps.pop_back();
                    }
                }
                // What is sent as it stands begins with its head.
                None => self.cut_behind(bytes as u64),
            },
            Place::Body(bytes) => self.cut_behind(bytes),
            Place::After => {}
        }
        self.ended_by(fault)
    }

    fn cut_behind(&mut self, bytes: u64) {
        let place = self.in_body(bytes);
        self.steps.truncate(place);
    }

    fn ended_by(mut self, fault: &Fault) -> Plan {
        let (garbage, end) = match fault {
            Fault::Reset => (None, End::Reset),
            Fault::Close | Fault::NoLastChunk => (None, End::Close),
            Fault::HalfClose => (None, End::HalfClose),
            Fault::Stall => (None, End::Stall),
            Fault::Garbage(bytes) => (Some(bytes.clone()), End::Close),
            Fault::BadChunkSize => (Some(Bytes::from_static(BAD_SIZE)), End::Close),
        };
        self.steps.extend(garbage.map(Step::Framing));
        Plan { end, faulty: true, ..self }
    }
}
