//! Every byte of a connection, in both directions, with times: kept on request.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};

/// Who sent a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The client, to us.
    Received,
    /// The server, to the client.
    Sent,
}

/// What crossed in one read or write. How a client's writes become reads is up to the network: what it wrote at once may come
/// in several, and what it wrote in several at once.
///
/// ```
/// use fixture_server::{Direction, prelude::*};
///
/// let server = TestServer::builder().transcript(true).start();
/// server.on("GET", "/", |_| "hello");
/// ureq::get(server.url("/")).call()?;
///
/// let transcript = server.requests()[0].transcript().expect("it was asked for");
/// let last = transcript.segments().last().expect("something was sent");
/// assert_eq!(last.direction, Direction::Sent);
/// assert!(last.bytes.ends_with(b"hello"));
/// # Ok::<(), ureq::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Segment {
    /// Who sent it.
    pub direction: Direction,
    /// Time since the connection was accepted.
    pub at: Duration,
    /// The bytes.
    pub bytes: Bytes,
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} bytes at {:?}", self.direction, self.bytes.len(), self.at)
    }
}

/// What crossed one connection.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    segments: Vec<Segment>,
    crossed: Offsets,
    /// Where each exchange but the last ended.
    ends: Vec<Offsets>,
    /// Where the request of the last exchange ends, if that is known: it may lie ahead.
    request_ends: Option<u64>,
}

/// Bytes since the connection was accepted.
#[derive(Debug, Clone, Copy, Default)]
struct Offsets {
    received: u64,
    sent: u64,
}

/// A tape while something crosses: nobody can read it before that is written down.
#[derive(Debug)]
pub(crate) struct Recording<'t>(MutexGuard<'t, Kept>);

impl Recording<'_> {
    /// Bytes crossed, in one read or write.
    pub(crate) fn keep(&mut self, direction: Direction, at: Duration, bytes: Bytes) {
        let crossed = match direction {
            Direction::Received => &mut self.0.crossed.received,
            Direction::Sent => &mut self.0.crossed.sent,
        };
        *crossed += bytes.len() as u64;
        if !bytes.is_empty() {
            self.0.segments.push(Segment { direction, at, bytes });
        }
    }
}

// Nothing of it can be seen half-changed, and a test that panicked may well look at it.
impl UnwindSafe for Tape {}
impl RefUnwindSafe for Tape {}

impl Tape {
    pub(crate) fn record(&self) -> Recording<'_> {
        Recording(self.kept.lock())
    }

    /// The request of the current exchange is known: of what was received so far, the last `unused` bytes are no part of it, and
    /// `ahead` more bytes are.
    pub(crate) fn end_request(&self, unused: usize, ahead: u64) {
        let mut kept = self.kept.lock();
        kept.request_ends = Some((kept.crossed.received - unused as u64).saturating_add(ahead));
    }

    /// An exchange is over, and another may follow: of what was received so far, the last `unused` bytes belong to that.
    pub(crate) fn end_exchange(&self, unused: usize) {
        let mut kept = self.kept.lock();
        let Offsets { received, sent } = kept.crossed;
        let used = received - unused as u64;
        // What is still to come of a body that is passed over belongs to its request.
        let received = kept.request_ends.take().map_or(used, |ends| ends.max(used));
        kept.ends.push(Offsets { received, sent });
    }

    /// No other exchange follows: whatever still crosses belongs to this one.
    pub(crate) fn is_last_exchange(&self) {
        self.kept.lock().request_ends = None;
    }

    /// What belongs to the exchange of this number, counted from 1.
    pub(crate) fn of_exchange(&self, number: usize) -> Vec<Segment> {
        let kept = self.kept.lock();
        let before = number.saturating_sub(1);
        let begin = match before.checked_sub(1).map(|last| kept.ends.get(last)) {
            None => Offsets::default(),
            Some(Some(ends)) => *ends,
            Some(None) => return Vec::new(),
        };
        let end = kept
            .ends
            .get(before)
            .copied()
            .unwrap_or(Offsets { received: kept.request_ends.unwrap_or(u64::MAX), sent: u64::MAX });
        let (mut segments, mut at) = (Vec::new(), Offsets::default());
        for segment in &kept.segments {
            let (at, begin, end) = match segment.direction {
                Direction::Received => (&mut at.received, begin.received, end.received),
                Direction::Sent => (&mut at.sent, begin.sent, end.sent),
            };
            let first = *at;
            *at += segment.bytes.len() as u64;
            let within = |offset: u64| usize::try_from(offset.clamp(first, *at) - first).unwrap_or(usize::MAX);
            let (from, to) = (within(begin), within(end));
            if from < to {
                segments.push(Segment { bytes: segment.bytes.slice(from..to), ..segment.clone() });
            }
        }
        segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line is a segment: its direction and its bytes.
    fn keep(tape: &Tape, lines: &[&str]) {
        for line in lines {
            let direction = if line.starts_with('>') { Direction::Received } else { Direction::Sent };
            tape.record().keep(direction, Duration::ZERO, Bytes::copy_from_slice(&line.as_bytes()[1..]));
        }
    }

    fn exchange(tape: &Tape, number: usize) -> Vec<String> {
        let arrow = |direction| if direction == Direction::Received { '>' } else { '<' };
        let shown =
            |segment: Segment| format!("{}{}", arrow(segment.direction), String::from_utf8_lossy(&segment.bytes));
        tape.of_exchange(number).into_iter().map(shown).collect()
    }

    #[test]
    fn exchanges_that_follow_each_other_are_apart() {
        let tape = Tape::default();
        keep(&tape, &[">ask", ">ed", "<answered"]);
        tape.end_exchange(0);
        keep(&tape, &[">again", "<so", "<be it"]);
        assert_eq!(exchange(&tape, 1), [">ask", ">ed", "<answered"]);
        assert_eq!(exchange(&tape, 2), [">again", "<so", "<be it"]);
        assert!(exchange(&tape, 3).is_empty());
    }

    #[test]
    fn what_came_in_one_read_is_cut_where_requests_end() {
        let tape = Tape::default();
        keep(&tape, &[">onetwothr"]);
        tape.end_request(6, 0);
        assert_eq!(exchange(&tape, 1), [">one"]);
        keep(&tape, &["<1"]);
        tape.end_exchange(6);
        tape.end_request(3, 0);
        keep(&tape, &["<2"]);
        tape.end_exchange(3);
        keep(&tape, &[">ee", "<3"]);
        assert_eq!(exchange(&tape, 1), [">one", "<1"]);
        assert_eq!(exchange(&tape, 2), [">two", "<2"]);
        assert_eq!(exchange(&tape, 3), [">thr", ">ee", "<3"]);
    }

    #[test]
    fn a_body_that_comes_after_its_answer_belongs_to_its_request() {
        let tape = Tape::default();
        keep(&tape, &[">head|bo"]);
        tape.end_request(2, 4);
        keep(&tape, &["<no"]);
        tape.end_exchange(2);
        keep(&tape, &[">dynext", "<yes"]);
        assert_eq!(exchange(&tape, 1), [">head|bo", "<no", ">dy"]);
        assert_eq!(exchange(&tape, 2), [">next", "<yes"]);
    }

    #[test]
    fn a_body_that_is_longer_than_was_known_belongs_to_its_request() {
        let tape = Tape::default();
        keep(&tape, &[">head"]);
        tape.end_request(0, 0);
        keep(&tape, &[">chunks", "<done"]);
        tape.end_exchange(0);
        assert_eq!(exchange(&tape, 1), [">head", ">chunks", "<done"]);
    }

    #[test]
    fn whatever_comes_last_belongs_to_the_last() {
        let tape = Tape::default();
        keep(&tape, &[">bad and more"]);
        tape.end_request(9, 0);
        keep(&tape, &["<400"]);
        tape.is_last_exchange();
        keep(&tape, &[">and more"]);
        assert_eq!(exchange(&tape, 1), [">bad and more", "<400", ">and more"]);
    }
}
