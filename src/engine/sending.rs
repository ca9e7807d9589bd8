//! Carries out the plan of one response, as far as the client takes it.

use std::io::{self, IoSlice};
use std::sync::Arc;

use crate::message::body::Wake;
use crate::message::delivery::{Ended, Receipt};
use crate::plan::{End, Plan, Step};

use super::transport::SharedTransport;

/// Steps of bytes that go out in one write, at most; a piece of a source may follow them.
const TOGETHER: usize = 3;

/// The last write of a response is no longer than this, because the journal is told of the end before it is made: a write
/// that takes its time must not be it. Room for a piece of a file with its head.
const LAST_WRITE: usize = 132 << 10;

/// So many bytes go out in one write, and in one turn, at most: a client that takes them as fast as they come must not
/// hold a thread for the whole of a large file.
const TURN: u64 = 256 << 10;

#[derive(Debug)]
pub(super) struct Sending {
    plan: Plan,
    /// How much of the first step was sent.
    offset: usize,
    sent: u64,
    receipt: Option<Arc<dyn Receipt>>,
    /// What the journal says when all of it was sent.
    ended: Ended,
    /// So many bytes of an interim response come first, which the journal does not count.
    ahead: u64,
    /// Going on may take any time.
    runs_user_code: bool,
}

/// How far a plan got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Done(End),
    /// The client takes no more for now.
    Blocked,
    /// The client would take more, but its source has none yet.
    Waiting,
    /// The client would take more, but others wait too.
    Paused,
    /// The connection is broken.
    Gone,
}

impl Sending {
    pub(super) fn new(plan: Plan, receipt: Option<Arc<dyn Receipt>>, ended: Ended) -> Sending {
        Sending { plan, offset: 0, sent: 0, receipt, ended, ahead: 0, runs_user_code: false }
    }

    /// An interim response goes out right before it.
    pub(super) fn begin_with(&mut self, interim: Step) {
        self.ahead = bytes_of(&interim).len() as u64;
        self.plan.steps.push_front(interim);
    }

    /// Looks at what it is made from: tells whom to wake once that goes on, for what has no length yet may have to wait.
    pub(super) fn prepare(&mut self, wake: &dyn Fn() -> Wake) {
        for step in &mut self.plan.steps {
            if let Step::Source { source, left } = step {
                self.runs_user_code |= source.runs_user_code();
                if left.is_none() {
                    source.wake_with(wake());
                }
            }
        }
    }

    /// Whether going on may take any time.
    pub(super) fn runs_user_code(&self) -> bool {
        self.runs_user_code
    }

    /// How many bytes went out.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Tells the journal how many bytes went out, and how it ended if it did.
    pub(super) fn report(&self, ended: Option<Ended>) {
        if let Some(receipt) = &self.receipt {
            receipt.sent(self.sent.saturating_sub(self.ahead), ended);
        }
    }

    /// Sends until the plan is done, the client takes no more, or others should have their turn; `buffer` is for pieces of files.
    pub(super) fn proceed(&mut self, transport: &SharedTransport, buffer: &mut [u8]) -> Progress {
        if matches!(self.plan.steps.front(), Some(Step::Head(_))) && self.plan.steps.len() == 1 {
            if let Some(progress) = self.send_whole(transport) {
                return progress;
            }
        }
        let turn_ends = self.sent + TURN;
        loop {
            if self.sent >= turn_ends {
                return Progress::Paused;
            }
            let steps = &mut self.plan.steps;
            if steps.is_empty() {
                self.report(Some(self.ended));
                return Progress::Done(self.plan.end);
            }
            let mut together = 0;
            while together < TOGETHER && steps.get(together).is_some_and(|step| !is_source(step)) {
                together += 1;
            }
            let mut piece: &[u8] = &[];
            let mut is_last = together == steps.len();
            if let Some(Step::Source { source, left }) = steps.get_mut(together) {
                let wanted = left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
                let wanted = wanted.min(buffer.len());
                let read = if wanted == 0 { Ok(0) } else { source.read(&mut buffer[..wanted]) };
                let got = *read.as_ref().unwrap_or(&0);
                if read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                    if together == 0 {
                        return Progress::Waiting;
                    }
                } else if got == 0 {
                    if left.is_some_and(|left| left > 0) {
                        // The file shrank or cannot be read. The client must not take what it got for all of it.
                        (self.plan.end, self.ended) = (End::Close, Ended::ClosedByServer);
                        steps.truncate(together);
                    } else {
                        steps.remove(together);
                    }
                    continue;
                }
                piece = &buffer[..got];
                is_last = *left == Some(got as u64) && together + 1 == steps.len();
            }

            let (mut parts, mut count, mut offered) = ([&[][..]; TOGETHER + 1], 0, 0);
            for at in 0..together {
                parts[count] = &bytes_of(&self.plan.steps[at])[if at == 0 { self.offset } else { 0 }..];
                offered += parts[count].len();
                count += 1;
            }
            if !piece.is_empty() {
                parts[count] = piece;
                offered += piece.len();
                count += 1;
            }
            let most = usize::try_from(TURN).unwrap_or(usize::MAX);
            if is_last && offered > LAST_WRITE || offered > most {
                is_last = false;
                let mut kept_back = LAST_WRITE.max(offered.saturating_sub(most));
                offered -= kept_back;
                while kept_back > 0 {
                    let part = parts[count - 1];
                    let kept = kept_back.min(part.len());
                    parts[count - 1] = &part[..part.len() - kept];
                    kept_back -= kept;
                    count -= usize::from(kept == part.len());
                }
            }
            // The journal must know how it ended before the client can: the last bytes are counted before they go.
            if let (true, Some(receipt)) = (is_last, &self.receipt) {
                receipt.sent((self.sent + offered as u64).saturating_sub(self.ahead), Some(self.ended));
            }
            let written = match count {
                _ if offered == 0 => Ok(0),
                1 => transport.lock().write(parts[0]),
                _ => transport.lock().write_vectored(&parts.map(IoSlice::new)[..count]),
            };
            match written {
                Ok(0) if offered > 0 => return Progress::Gone,
                Ok(written) => {
                    if self.advance(written, together, piece.len()).is_err() {
                        (self.plan.end, self.ended) = (End::Close, Ended::ClosedByServer);
                        self.plan.steps.clear();
                    }
                    if is_last && written < offered {
                        self.report(None);
                    }
                }
                Err(error) => {
                    if self.advance(0, together, piece.len()).is_err() {
                        return Progress::Gone;
                    }
                    match error.kind() {
                        io::ErrorKind::WouldBlock => {
                            self.report(None);
                            return Progress::Blocked;
                        }
                        io::ErrorKind::Interrupted => {}
                        _ => return Progress::Gone,
                    }
                }
            }
        }
    }

    /// The usual case, without the bookkeeping of the others: one step, and the client takes all of it at once.
    fn send_whole(&mut self, transport: &SharedTransport) -> Option<Progress> {
        let Some(Step::Head(bytes)) = self.plan.steps.front() else { return None };
        let bytes = &bytes[self.offset..];
        // The journal must know how it ended before the client can: the bytes are counted before they go.
        if let Some(receipt) = &self.receipt {
            receipt.sent((self.sent + bytes.len() as u64).saturating_sub(self.ahead), Some(self.ended));
        }
        let Ok(written) = transport.lock().write(bytes) else {
            // The general case will meet the error again, and knows what to do.
            self.report(None);
            return None;
        };
        let all = written == bytes.len();
        self.offset += written;
        self.sent += written as u64;
        if all {
            return Some(Progress::Done(self.plan.end));
        }
        self.report(None);
        None
    }

    /// Takes what was written off the plan; what was read of a source and not written goes back.
    fn advance(&mut self, mut written: usize, together: usize, piece: usize) -> io::Result<()> {
        self.sent += written as u64;
        for _ in 0..together {
            let Some(first) = self.plan.steps.front() else { break };
            let left = bytes_of(first).len() - self.offset;
            if written < left {
                self.offset += written;
                return self.give_back(piece);
            }
            written -= left;
            self.offset = 0;
            self.plan.steps.pop_front();
        }
        if piece == 0 {
            return Ok(());
        }
        if let Some(Step::Source { left: Some(left), .. }) = self.plan.steps.front_mut() {
            *left -= written as u64;
            if *left == 0 {
                self.plan.steps.pop_front();
                return Ok(());
            }
        }
        self.give_back(piece - written)
    }

    fn give_back(&mut self, bytes: usize) -> io::Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        match self.plan.steps.iter_mut().find(|step| is_source(step)) {
            Some(Step::Source { source, .. }) => source.step_back(bytes as u64),
            _ => Ok(()),
        }
    }
}

fn is_source(step: &Step) -> bool {
    matches!(step, Step::Source { .. })
}

fn bytes_of(step: &Step) -> &[u8] {
    match step {
        Step::Head(head) => head,
        Step::Bytes(bytes) => bytes,
        Step::Source { .. } => &[],
    }
}
