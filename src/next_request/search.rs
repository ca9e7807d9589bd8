//! Following the journal with a pattern: each request is judged once, as it comes; again, if its body comes later.

use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::journal::{Excerpt, Place, RecordedRequest};
use crate::matchers::pattern::Pattern;
use crate::matchers::subject::{Memo, Subject};
use crate::order::sort_by_key;
use crate::report::Evidence;
use crate::site::Site;

/// So many records are taken at a time, so that whoever looks for one does not take all.
const BATCH: usize = 64;

/// Looks for requests that fit, from the oldest that the journal keeps to those that are still to come.
pub(crate) struct Search {
    site: Arc<Site>,
    pattern: Pattern,
    /// The position of the first record that was not judged yet.
    next: usize,
    /// Records whose bodies have not come, and which do not fit without, with their positions.
    late: Vec<(usize, RecordedRequest)>,
    /// How many bodies had come late when those were judged.
    completions: usize,
    place: Option<Place>,
    /// The lock is never contended: a search is shared between threads by name only, and memos cannot be.
    judged: Mutex<Vec<Judged>>,
}

/// What a search knows of one record.
struct Judged {
    position: usize,
    memo: Memo,
    fits: bool,
}

/// The server was dropped, and nothing will come.
#[derive(Debug)]
pub(crate) struct Gone;

impl Search {
    pub(crate) fn new(site: Arc<Site>, pattern: Pattern) -> Search {
        Search { site, pattern, next: 0, late: Vec::new(), completions: 0, place: None, judged: Mutex::default() }
    }

    /// A search that looks at what is still to come only.
    pub(crate) fn of_new(site: Arc<Site>, pattern: Pattern) -> Search {
        let mut search = Search::new(site, pattern);
        search.next = search.site.journal.end();
        search
    }

    pub(crate) fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Passes over requests that a `next_request` has returned, so that one in a loop does not judge all of them again.
    pub(super) fn skip_claimed(&mut self) {
        self.next = self.next.max(self.site.journal.unclaimed());
    }

    /// The next that fits, of those that are there. `accept` has the last word.
    pub(super) fn find(&mut self, accept: impl Fn(&RecordedRequest) -> bool) -> Option<RecordedRequest> {
        loop {
            let news = self.site.journal.since(self.next, BATCH);
            (self.next, self.completions) = (news.first, news.completions);
            let mut late = std::mem::take(&mut self.late).into_iter();
            while let Some((position, request)) = late.next() {
                if !request.record().delivery.is_claimed() && self.judge(position, &request) && accept(&request) {
                    self.late.extend(late);
                    return Some(request);
                }
            }
            if news.requests.is_empty() {
                return None;
            }
            for (position, request) in (news.first..).zip(news.requests) {
                self.next = position + 1;
                if !request.record().delivery.is_claimed() && self.judge(position, &request) && accept(&request) {
                    return Some(request);
                }
            }
        }
    }

    /// All that fit of those that have come since the last call, with their positions.
    pub(crate) fn find_all(&mut self) -> Vec<(usize, RecordedRequest)> {
        let news = self.site.journal.since(self.next, usize::MAX);
        (self.next, self.completions) = (news.first, news.completions);
        let mut fitting = std::mem::take(&mut self.late);
        fitting.extend((news.first..).zip(news.requests));
        fitting.retain(|(position, request)| self.judge(*position, request));
        fitting
    }

    fn judge(&mut self, position: usize, request: &RecordedRequest) -> bool {
        self.next = self.next.max(position + 1);
        // Asked first: the body may come meanwhile.
        let is_late = request.awaits_body();
        let memo = Memo::default();
        // What a body has to be, or must not be, is not asked of one that has not come.
        let fits = !(is_late && self.pattern.needs_body()) && self.pattern.accepts(&Subject::new(request, &memo));
        if is_late && !fits {
            self.late.push((position, request.clone()));
        } else {
            self.judged.get_mut().push(Judged { position, memo, fits });
        }
        fits
    }

    /// Whether there is a request that was not judged yet; if not, the waker is woken when there is.
    pub(super) fn poll_news(&mut self, waker: &Waker) -> Poll<Result<(), Gone>> {
        let completions = (!self.late.is_empty()).then_some(self.completions);
        if self.site.journal.watch(self.next, completions, &mut self.place, waker.clone()) {
            return Poll::Pending;
        }
        let closed = self.site.journal.since(self.next, 0).closed;
        Poll::Ready(if closed { Err(Gone) } else { Ok(()) })
    }

    /// Blocks until there is a request that was not judged yet: `false` at the deadline, or if none will come.
    pub(crate) fn wait_for_news(&mut self, bell: &Arc<Bell>, deadline: Option<Instant>) -> bool {
        let waker = Waker::from(bell.clone());
        loop {
            // Where something comes all the time, nothing else would end this.
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return false;
            }
            match self.poll_news(&waker) {
                Poll::Ready(Ok(())) => return true,
                Poll::Pending if bell.wait(deadline) => {}
                Poll::Pending | Poll::Ready(Err(Gone)) => return false,
            }
        }
    }

    /// What there is to show for a search that failed, with the places in it of what fits. The evidence is of this moment, and
    /// something may have come since the last look: what fits of that is given too, and the search may not have failed at all.
    pub(crate) fn evidence(&mut self) -> (Evidence, Vec<usize>, Vec<(usize, RecordedRequest)>) {
        let excerpt = self.site.journal.excerpt();
        let first = excerpt.first;
        let mut more = std::mem::take(&mut self.late);
        let news = (first..).zip(excerpt.requests.iter().cloned());
        more.extend(news.skip(self.next.saturating_sub(first)));
        more.retain(|(position, request)| self.judge(*position, request));
        let (evidence, fitting) = self.evidence_of(excerpt);
        (evidence, fitting, more)
    }

    fn evidence_of(&mut self, excerpt: Excerpt) -> (Evidence, Vec<usize>) {
        let first = excerpt.first;
        let mut evidence = self.site.evidence_of(excerpt);
        let mut fitting = Vec::new();
        for Judged { position, memo, fits } in self.judged.get_mut().drain(..) {
            // What was judged may have had to make way.
            let Some(at) = position.checked_sub(first).filter(|at| *at < evidence.recorded.len()) else { continue };
            evidence.remember(at, memo);
            if fits {
                fitting.push(at);
            }
        }
        sort_by_key(&mut fitting, |at| *at);
        (evidence, fitting)
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.site.journal.unwatch(place);
        }
    }
}

/// Wakes a thread that waits, as a waker wakes a task. Not `park`, whose wake-ups the test may use for itself.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    /// Blocks until it rings; `false` if it does not before the deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        let mut rung = self.rung.lock();
        while !std::mem::take(&mut *rung) {
            match deadline {
                Some(deadline) if self.changed.wait_until(&mut rung, deadline).timed_out() => {
                    return std::mem::take(&mut *rung);
                }
                Some(_) => {}
                None => self.changed.wait(&mut rung),
            }
        }
        true
    }

    pub(crate) fn ring(&self) {
        *self.rung.lock() = true;
        self.changed.notify_all();
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Bell>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Bell>) {
        self.ring();
    }
}

/// When a time from now is over; `None` for one beyond what a clock can tell.
pub(crate) fn deadline(time: Duration) -> Option<Instant> {
    Instant::now().checked_add(time)
}
