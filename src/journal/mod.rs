//! The journal: every request that arrived, and what became of it.

mod authority;
mod connections;
mod record;
mod recorded;
mod snapshot;
mod transcript;
mod waiting;

use std::collections::VecDeque;
use std::ptr;
use std::sync::Arc;
use std::task::Waker;

use parking_lot::{Mutex, MutexGuard};

use crate::hook::{caught, drop_each};
use crate::message::request::Content;

#[cfg(feature = "_tls")]
pub(crate) use connections::FailedHandshakes;
pub(crate) use connections::Ledger;
pub use connections::RecordedConnection;
pub use record::Route;
pub(crate) use record::{Delivery, Record};
pub use recorded::RecordedRequest;
pub(crate) use recorded::shown_target;
pub use snapshot::RequestSnapshot;
pub use transcript::Transcript;
pub(crate) use waiting::Place;
use waiting::{Waiters, wake};

/// How much the journal keeps; `None` for everything.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct JournalLimits {
    pub(crate) requests: Option<usize>,
    pub(crate) bytes: Option<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    limits: JournalLimits,
    kept: Mutex<Kept>,
}

/// Records have a position, counted from 0 since the server started, which is never given twice: whoever follows the journal
/// goes by it. People are told numbers, which begin at 1 and anew when the journal is cleared.
#[derive(Debug, Default)]
struct Kept {
    records: VecDeque<Arc<Record>>,
    bytes: usize,
    /// The position of the first of the records.
    first: usize,
    /// The position of the record that had number 1, or will.
    begin: usize,
    dropped: usize,
    /// Records before this position were claimed when somebody looked, and what is claimed stays so.
    claimed: usize,
    waiters: Waiters,
    /// How many bodies have come after their records.
    completions: usize,
    /// The server is gone, and nobody asks any more.
    closed: bool,
}

/// Everything that the journal keeps, at one moment.
#[derive(Debug)]
pub(crate) struct Excerpt {
    pub(crate) requests: Vec<RecordedRequest>,
    /// The position of the first of them.
    pub(crate) first: usize,
    /// The number of the first of them, for people.
    pub(crate) number: usize,
    /// How many the test has taken out.
    pub(crate) drained: usize,
    pub(crate) closed: bool,
}

/// What has come since somebody looked.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) requests: Vec<RecordedRequest>,
    /// The position of the first of them.
    pub(crate) first: usize,
    /// How many bodies had come after their records.
    pub(crate) completions: usize,
    pub(crate) closed: bool,
}

impl Kept {
    /// The position of the next record to come.
    fn end(&self) -> usize {
        self.first + self.records.len()
    }

    /// Takes all records out.
    fn take(&mut self) -> VecDeque<Arc<Record>> {
        self.first = self.end();
        self.bytes = 0;
        std::mem::take(&mut self.records)
    }

    /// The same, and numbers begin anew.
    fn begin_anew(&mut self) -> VecDeque<Arc<Record>> {
        let records = self.take();
        self.begin = self.first;
        self.dropped = 0;
        records
    }
}

impl Journal {
    pub(crate) fn new(limits: JournalLimits) -> Journal {
        Journal { limits, kept: Mutex::default() }
    }

    /// Writes a record down; the oldest make way where there is a limit.
    pub(crate) fn add(&self, record: Arc<Record>) {
        let mut kept = self.kept.lock();
        if kept.closed {
            return;
        }
        if self.limits.bytes.is_some() {
            kept.bytes += record.weight();
        }
        kept.records.push_back(record);
        self.tell(kept);
    }

    /// The body has come, of a request that was written down before.
    pub(crate) fn complete(&self, record: &Record, content: Content) {
        let length = content.bytes.len();
        let mut kept = self.kept.lock();
        if !record.request.complete(content) || kept.closed {
            return;
        }
        kept.completions += 1;
        // It may have had to make way.
        if self.limits.bytes.is_some() && kept.records.iter().any(|other| ptr::eq(&raw const **other, record)) {
            kept.bytes += length;
        }
        self.tell(kept);
    }

    /// There is news for who waits; the oldest records make way where there is a limit.
    fn tell(&self, mut kept: MutexGuard<'_, Kept>) {
        let JournalLimits { requests, bytes } = self.limits;
        let mut oldest = Vec::new();
        while requests.is_some_and(|most| kept.records.len() > most) || bytes.is_some_and(|most| kept.bytes > most) {
            let Some(record) = kept.records.pop_front() else { break };
            kept.bytes = kept.bytes.saturating_sub(record.weight());
            kept.first += 1;
            kept.dropped += 1;
            oldest.push(record);
        }
        if kept.waiters.is_empty() && oldest.is_empty() {
            return;
        }
        let waiters = kept.waiters.take();
        drop(kept);
        wake(waiters);
        // A record may be the last that holds a rule which was removed, and closures of its pattern whatever users gave them.
        let _ = caught(|| drop_each(oldest));
    }

    /// All records, in order of arrival.
    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.kept.lock().records.iter().cloned().map(RecordedRequest::new).collect()
    }

    /// The same, and what numbers they have.
    pub(crate) fn excerpt(&self) -> Excerpt {
        let kept = self.kept.lock();
        let gone = kept.first - kept.begin;
        Excerpt {
            requests: kept.records.iter().cloned().map(RecordedRequest::new).collect(),
            first: kept.first,
            number: gone + 1,
            drained: gone - kept.dropped,
            closed: kept.closed,
        }
    }

    /// How many records had to make way.
    pub(crate) fn dropped(&self) -> usize {
        self.kept.lock().dropped
    }

    /// The position of the next record to come.
    pub(crate) fn end(&self) -> usize {
        self.kept.lock().end()
    }

    /// The records from a position on, `most` of them at most.
    pub(crate) fn since(&self, position: usize, most: usize) -> News {
        let kept = self.kept.lock();
        let first = position.max(kept.first);
        let news = kept.records.range((first - kept.first).min(kept.records.len())..).take(most);
        News {
            requests: news.cloned().map(RecordedRequest::new).collect(),
            first,
            completions: kept.completions,
            closed: kept.closed,
        }
    }

    /// The position of the oldest record that no `next_request` has returned, or of the next to come.
    pub(crate) fn unclaimed(&self) -> usize {
        let mut kept = self.kept.lock();
        let known = kept.claimed.max(kept.first);
        let claimed = kept.records.range(known - kept.first..).take_while(|record| record.delivery.is_claimed());
        kept.claimed = known + claimed.count();
        kept.claimed
    }

    /// Has the waker woken, once, when there is a record at this position, or may be: `false` if there is one already, or none
    /// will come. The same for a body that comes after its record, for who has known of so many `completions`.
    pub(crate) fn watch(
        &self,
        position: usize,
        completions: Option<usize>,
        place: &mut Option<Place>,
        waker: Waker,
    ) -> bool {
        let mut kept = self.kept.lock();
        if kept.closed || kept.end() > position || completions.is_some_and(|known| kept.completions != known) {
            return false;
        }
        let replaced = kept.waiters.add(place, waker);
        drop(kept);
        // A waker is code of an executor's, which is not run under the lock.
        drop(replaced);
        true
    }

    /// Nobody waits at this place any more.
    pub(crate) fn unwatch(&self, place: Place) {
        let removed = self.kept.lock().waiters.remove(place);
        drop(removed);
    }

    /// Takes all records out.
    pub(crate) fn drain(&self) -> Vec<RecordedRequest> {
        let taken = self.kept.lock().take();
        taken.into_iter().map(RecordedRequest::new).collect()
    }

    /// Forgets everything, and what is still to come.
    pub(crate) fn close(&self) {
        let mut kept = self.kept.lock();
        kept.closed = true;
        let (forgotten, waiters) = (kept.begin_anew(), kept.waiters.take());
        drop(kept);
        wake(waiters);
        drop_each(forgotten);
    }

    /// Whether the server is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.kept.lock().closed
    }

    /// Forgets everything; the next record is the first again.
    pub(crate) fn clear(&self) {
        let mut kept = self.kept.lock();
        let forgotten = kept.begin_anew();
        drop(kept);
        // Freeing many records takes a while, during which requests can go on.
        drop_each(forgotten);
    }
}

#[cfg(test)]
mod tests;
