//! Places in a plan.
//!
//! A place in the body is told by the bytes of the body before it. At the border of two chunks it lies behind the line end
//! of the one and before the size of the other: what stops there leaves whole chunks. At the end of a body it lies before
//! the last chunk.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::message::body::Source;
use crate::wake::{Task, Wake};

use super::{Left, Plan, Step};

/// What ends a chunk.
const CHUNK_END: &[u8] = b"\r\n";

impl Plan {
    /// Where the head is, if the plan has one.
    pub(super) fn head(&self) -> Option<usize> {
        self.steps.iter().position(|step| matches!(step, Step::Head(_)))
    }

    /// Before the head, behind what else happens there; of a plan without a head, before all that it sends.
    pub(super) fn before_head(&self) -> usize {
        self.head().unwrap_or_else(|| self.skip_from(0, |step| is_stop(step) || matches!(step, Step::Interim(_))))
    }

    /// Behind so many bytes of the body, or at its end, and behind what else happens there. Cuts a step in two if the
    /// place is inside of it.
    pub(super) fn in_body(&mut self, bytes: u64) -> usize {
        let start = self.head().map_or_else(|| self.before_head(), |head| head + 1);
        let (mut left, mut end) = (bytes, start);
        for at in start..self.steps.len() {
            if left == 0 {
                break;
            }
            let Some(length) = self.steps[at].body_length() else { continue };
            end = at + 1;
            if length > left {
                if let Some(step) = self.steps.remove(at) {
                    let (first, second) = step.cut(left);
                    self.steps.insert(at, second);
                    self.steps.insert(at, first);
                }
                return end;
            }
            left -= length;
        }
        self.skip_from(end, |step| is_stop(step) || matches!(step, Step::Framing(bytes) if bytes == CHUNK_END))
    }

    fn skip_from(&self, mut at: usize, is_skipped: impl Fn(&Step) -> bool) -> usize {
        while self.steps.get(at).is_some_and(&is_skipped) {
            at += 1;
        }
        at
    }
}

impl Step {
    /// How many bytes of the body it sends, at most; `None` if it sends none.
    pub(crate) fn body_length(&self) -> Option<u64> {
        match self {
            Step::Bytes(bytes) => Some(bytes.len() as u64),
            Step::Source { left: Left::Exactly(bytes) | Left::AtMost(bytes), .. } => Some(*bytes),
            Step::Source { left: Left::All, .. } => Some(u64::MAX),
            Step::Interim(_) | Step::Head(_) | Step::Framing(_) | Step::Wait(_) | Step::Hold(_) => None,
        }
    }

    /// A step of the body in two: the first sends so many bytes of it, fewer than there are.
    pub(crate) fn cut(self, at: u64) -> (Step, Step) {
        match self {
            Step::Bytes(mut bytes) => {
                let first = bytes.split_to(usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len()));
                (Step::Bytes(first), Step::Bytes(bytes))
            }
            Step::Source { source, left, pause } => {
                let (left, rest) = match left {
                    Left::Exactly(bytes) => (Left::Exactly(at), Left::Exactly(bytes - at)),
                    Left::AtMost(bytes) => (Left::AtMost(at), Left::AtMost(bytes - at)),
                    Left::All => (Left::AtMost(at), Left::All),
                };
                let whole = Arc::new(Mutex::new(source));
                let part = |left| Step::Source { source: Box::new(Part { whole: whole.clone() }), left, pause };
                (part(left), part(rest))
            }
            step => (step, Step::Framing(Bytes::new())),
        }
    }
}

/// Whether something happens there that sends nothing.
fn is_stop(step: &Step) -> bool {
    matches!(step, Step::Wait(_) | Step::Hold(_))
}

/// A source that several steps read from, one after the other.
#[derive(Debug)]
struct Part {
    whole: Arc<Mutex<Box<dyn Source>>>,
}

impl Source for Part {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.whole.lock().read(buf)
    }

    fn step_back(&mut self, bytes: u64) -> io::Result<()> {
        self.whole.lock().step_back(bytes)
    }

    fn wake_with(&mut self, wake: Wake) {
        self.whole.lock().wake_with(wake);
    }

    fn runs_user_code(&self) -> bool {
        self.whole.lock().runs_user_code()
    }

    fn work(&mut self) -> Option<Task> {
        self.whole.lock().work()
    }

    fn body_of(&self, consumed: usize) -> usize {
        self.whole.lock().body_of(consumed)
    }

    fn ends_chunk(&self) -> bool {
        self.whole.lock().ends_chunk()
    }

    fn chunk_end_left(&self) -> usize {
        self.whole.lock().chunk_end_left()
    }

    fn client_closed(&mut self) {
        self.whole.lock().client_closed();
    }
}
