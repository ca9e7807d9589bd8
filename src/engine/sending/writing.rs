//! Steps that are bytes or give bytes: what goes out in one write, and what is left afterwards.

use std::io::{self, IoSlice};
use std::time::Instant;

use crate::message::delivery::Ended;
use crate::plan::{End, Left, Step};

use super::super::transport::SharedTransport;
use super::super::{FOREVER, Hands};
use super::{Pace, Progress, Reader, Sending, TURN, bytes_of};

/// Steps of bytes that go out in one write, at most; a piece of a source may follow them.
const TOGETHER: usize = 3;

/// The last write of a response is no longer than this, because the journal is told of the end before it is made: a write
/// that takes its time must not be it. Room for a piece of a file with its head.
const LAST_WRITE: usize = 132 << 10;

/// From so many bytes on, the system sends a file by itself. Of a shorter one the client gets what it held when it was sent,
/// even if it is overwritten while the client takes its time.
const BY_ITSELF: u64 = 32 << 10;

/// What goes out behind the bytes of a write.
#[derive(Clone, Copy)]
enum Piece<'a> {
    /// What was read of a source, or nothing.
    Read(&'a [u8]),
    /// So many bytes of a file, which nobody read.
    InFile(usize),
}

/// What a source had to give.
enum Given {
    /// So many bytes, with which it may be at its end.
    Piece { length: usize, is_last: bool },
    /// None for now.
    NoneYet,
    /// Not before then.
    NotBefore(Instant),
    /// It has given all, or cannot go on.
    Over,
}

impl Sending {
    /// Makes one write of what stands first. `None`: go on.
    pub(super) fn send_some(
        &mut self,
        transport: &SharedTransport,
        buffer: &mut [u8],
        hands: &Hands<'_>,
    ) -> Option<Progress> {
        let (mut lengths, mut together, mut offered, mut body) = ([0; TOGETHER], 0, 0, 0);
        let (mut allowed, mut stop, mut is_cut) = (u64::MAX, None, false);
        while together < TOGETHER {
            let Some(next) = self.plan.steps.get(together) else { break };
            if !is_bytes(next) {
                break;
            }
            let mut length = bytes_of(next).len() - if together == 0 { self.offset } else { 0 };
            if self.plan.pace.is_some() && matches!(next, Step::Bytes(_)) && length > 0 {
                match self.allowance(body) {
                    Ok(most) => {
                        is_cut = length as u64 > most;
                        length = length.min(usize::try_from(most).unwrap_or(usize::MAX));
                        body += length as u64;
                    }
                    Err(until) => {
                        stop = Some(Progress::Until(until));
                        break;
                    }
                }
            }
            lengths[together] = length;
            offered += length;
            together += 1;
            if is_cut {
                break;
            }
        }
        let mut is_last = together == self.plan.steps.len() && !is_cut;
        if stop.is_none() && !is_cut {
            if let Some((length, ends)) = self.in_file(together, offered) {
                let is_last = ends && together + 1 == self.plan.steps.len();
                return self.write(transport, lengths, together, Piece::InFile(length), offered + length, is_last);
            }
        }
        let mut piece = 0;
        if stop.is_none() && !is_cut && matches!(self.plan.steps.get(together), Some(Step::Source { .. })) {
            if self.plan.pace.is_some() {
                match self.allowance(body) {
                    Ok(most) => allowed = most,
                    Err(until) => stop = Some(Progress::Until(until)),
                }
            }
            if stop.is_none() {
                match self.read_source(together, allowed, buffer, hands) {
                    Given::Piece { length, is_last: last } => {
                        piece = length;
                        offered += length;
                        is_last = last && together + 1 == self.plan.steps.len();
                    }
                    Given::NoneYet => stop = Some(Progress::Waiting),
                    Given::NotBefore(until) => stop = Some(Progress::Until(until)),
                    Given::Over => return None,
                }
            }
        }
        if together == 0 && piece == 0 {
            // What is sent before a long silence is known during it.
            self.report(None);
            return stop;
        }
        self.write(transport, lengths, together, Piece::Read(&buffer[..piece]), offered, is_last)
    }

    /// How many bytes of the body may go now, beside those that are about to.
    fn allowance(&mut self, about_to: u64) -> Result<u64, Instant> {
        let Some(rate) = self.plan.pace else { return Ok(u64::MAX) };
        let now = Instant::now();
        let mut pace = *self.pace.get_or_insert_with(|| Pace::begin(rate, now));
        pace.pass(about_to);
        pace.allows(now)
    }

    /// How much of the file at that step the system is to send behind so many bytes, if any, and whether that is all of it.
    fn in_file(&self, at: usize, ahead: usize) -> Option<(usize, bool)> {
        let Some(Step::Source { source, left: Left::Exactly(left), pause: None }) = self.plan.steps.get(at) else {
            return None;
        };
        if self.reader == Reader::Us || self.plan.pace.is_some() || *left < BY_ITSELF {
            return None;
        }
        source.handle()?;
        let (ahead, last_write) = (ahead as u64, LAST_WRITE as u64);
        let length = if ahead + *left <= last_write {
            *left
        } else if ahead >= last_write {
            return None;
        } else {
            // What stands ahead does not count: whole pages are sent with less work.
            TURN.min(*left - (last_write - ahead).min(*left - 1))
        };
        Some((usize::try_from(length).ok()?, length == *left))
    }

    fn read_source(&mut self, at: usize, allowed: u64, buffer: &mut [u8], hands: &Hands<'_>) -> Given {
        let Some(Step::Source { source, left, .. }) = self.plan.steps.get_mut(at) else { return Given::Over };
        let most = match left {
            // The body has its end here, but the chunk that holds it may not.
            Left::Exactly(0) | Left::AtMost(0) => match source.chunk_end_left() {
                0 => {
                    self.drop_source(at);
                    return Given::Over;
                }
                bytes => bytes as u64,
            },
            Left::Exactly(left) | Left::AtMost(left) => allowed.min(*left),
            Left::All => allowed,
        };
        if !std::mem::replace(&mut self.source_is_begun, true) {
            source.wake_with((hands.wake)());
            if let Some(task) = source.work() {
                (hands.run)(task);
            }
        }
        let wanted = usize::try_from(most).unwrap_or(usize::MAX).min(buffer.len());
        match source.read(&mut buffer[..wanted]) {
            Ok(0) if !matches!(left, Left::Exactly(_)) => self.drop_source(at),
            Ok(length) if length > 0 => {
                let body = source.body_of(length);
                if let Some(until) = self.until {
                    // Between chunks, unless there is none to come.
                    if body > 0 && Instant::now() < until {
                        if source.step_back(length as u64).is_ok() {
                            return Given::NotBefore(until);
                        }
                        self.break_off(at);
                        return Given::Over;
                    }
                    self.until = None;
                }
                let is_last = matches!(left, Left::Exactly(left) | Left::AtMost(left) if *left == body as u64)
                    && source.chunk_end_left() == 0;
                return Given::Piece { length, is_last };
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Given::NoneYet,
            // The file shrank, or it cannot be read. The client must not take what it got for all of it.
            _ => self.break_off(at),
        }
        Given::Over
    }

    fn drop_source(&mut self, at: usize) {
        self.plan.steps.remove(at);
        (self.source_is_begun, self.until) = (false, None);
    }

    /// The body ends before its time, and with it the connection; in the way that was planned, if it was to go wrong.
    fn break_off(&mut self, at: usize) {
        self.plan.steps.truncate(at);
        if !self.plan.faulty {
            (self.plan.end, self.ended) = (End::Close, Ended::ClosedByServer);
        }
    }

    /// Writes the first steps, as much of each as `lengths` says, and a piece of the source behind them.
    fn write(
        &mut self,
        transport: &SharedTransport,
        lengths: [usize; TOGETHER],
        together: usize,
        piece: Piece<'_>,
        mut offered: usize,
        mut is_last: bool,
    ) -> Option<Progress> {
        let (mut parts, mut count) = ([&[][..]; TOGETHER + 1], 0);
        while count < together {
            let from = if count == 0 { self.offset } else { 0 };
            parts[count] = &bytes_of(&self.plan.steps[count])[from..from + lengths[count]];
            count += 1;
        }
        let (read, in_file) = match piece {
            Piece::Read(read) => (read, 0),
            Piece::InFile(length) => (&[][..], length),
        };
        if !read.is_empty() {
            parts[count] = read;
            count += 1;
        }
        let most = usize::try_from(TURN).unwrap_or(usize::MAX);
        if in_file == 0 && (is_last && offered > LAST_WRITE || offered > most) {
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
            _ if in_file > 0 => self.write_file(transport, &parts.map(IoSlice::new)[..count], together, in_file),
            1 => transport.lock().write(parts[0]),
            _ => transport.lock().write_vectored(&parts.map(IoSlice::new)[..count]),
        };
        match written {
            Ok(0) if in_file > 0 => self.read_files(),
            Ok(0) if offered > 0 => return Some(Progress::Gone),
            Ok(written) => {
                if self.advance(written, together, piece).is_err() {
                    self.break_off(0);
                }
                if is_last && written < offered {
                    self.report(None);
                }
            }
            Err(error) => {
                if self.advance(0, together, piece).is_err() {
                    return Some(Progress::Gone);
                }
                match error.kind() {
                    io::ErrorKind::WouldBlock => {
                        self.report(None);
                        return Some(Progress::Blocked);
                    }
                    io::ErrorKind::Interrupted => {}
                    _ if in_file > 0 => self.read_files(),
                    _ => return Some(Progress::Gone),
                }
            }
        }
        None
    }

    fn write_file(
        &self,
        transport: &SharedTransport,
        ahead: &[IoSlice<'_>],
        step: usize,
        length: usize,
    ) -> io::Result<usize> {
        let handle = match self.plan.steps.get(step) {
            Some(Step::Source { source, .. }) => source.handle(),
            _ => None,
        };
        let Some((file, at)) = handle else { return Err(io::ErrorKind::Unsupported.into()) };
        transport.lock().write_file(ahead, file, at, length)
    }

    /// From now on files are read here: reading, or else writing, tells what is wrong.
    fn read_files(&mut self) {
        self.reader = Reader::Us;
        self.report(None);
    }

    /// Takes what was written off the plan; what was read of a source and not written goes back.
    fn advance(&mut self, mut written: usize, together: usize, piece: Piece<'_>) -> io::Result<()> {
        self.sent += written as u64;
        for _ in 0..together {
            let Some(first) = self.plan.steps.front() else { break };
            let left = bytes_of(first).len() - self.offset;
            if let (Some(pace), Step::Bytes(_)) = (&mut self.pace, first) {
                pace.pass(written.min(left) as u64);
            }
            if written < left {
                self.offset += written;
                return match piece {
                    Piece::Read(read) => self.give_back(read.len()),
                    Piece::InFile(_) => Ok(()),
                };
            }
            written -= left;
            self.offset = 0;
            self.plan.steps.pop_front();
        }
        if matches!(piece, Piece::Read([])) {
            return Ok(());
        }
        let Some(Step::Source { source, left, pause }) = self.plan.steps.front_mut() else { return Ok(()) };
        let body = source.body_of(written) as u64;
        if let Some(pace) = &mut self.pace {
            pace.pass(body);
        }
        let (mut ends_chunk, mut back) = (false, Ok(()));
        match piece {
            Piece::Read(read) if written < read.len() => back = source.step_back((read.len() - written) as u64),
            Piece::Read(_) => ends_chunk = source.ends_chunk(),
            Piece::InFile(_) => source.pass(written as u64),
        }
        if let (true, Some(pause)) = (ends_chunk, *pause) {
            self.until = Some(Instant::now() + pause.min(FOREVER));
        }
        if let Left::Exactly(left) | Left::AtMost(left) = left {
            *left = left.saturating_sub(body);
            if *left == 0 && source.chunk_end_left() == 0 {
                self.drop_source(0);
            }
        }
        back
    }

    fn give_back(&mut self, bytes: usize) -> io::Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        for step in &mut self.plan.steps {
            if let Step::Source { source, .. } = step {
                return source.step_back(bytes as u64);
            }
        }
        Ok(())
    }
}

fn is_bytes(step: &Step) -> bool {
    matches!(step, Step::Interim(_) | Step::Head(_) | Step::Framing(_) | Step::Bytes(_))
}
