//! The rules of a server, and which of them answers a request: the newest that fits.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

use crate::hook::{caught, drop_each, go_on};
use crate::matchers::path::{Params, PathTemplate};
use crate::matchers::pattern::Pattern;
use crate::matchers::subject::Subject;
use crate::matchers::times::Times;
use crate::message::fault::Fault;
use crate::message::fault_at::Chance;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::stream::BodyReader;

pub(crate) use early::ByHead;
use index::{Index, Ranked};

mod early;
mod index;
#[cfg(test)]
mod tests;

/// What a rule answers with.
#[derive(Clone)]
pub(crate) enum Answering {
    /// A handler, its result turned into a response already.
    Handler(Arc<dyn Fn(&Request) -> Response + Send + Sync>),
    /// One that reads the body of the request itself.
    Streaming(Arc<StreamingFn>),
    /// A fault after so many bytes of the request's body, or at its end.
    InBody { after: u64, fault: Fault },
}

pub(crate) type StreamingFn = dyn Fn(&Request, &mut BodyReader) -> Response + Send + Sync;

/// What an author says of a rule, its answer aside.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) pattern: Pattern,
    pub(crate) location: &'static Location<'static>,
    pub(crate) name: Option<String>,
    pub(crate) promise: Option<Times>,
    pub(crate) limit: Option<usize>,
    /// Which of the requests that fit it answers; the others go to the next rule.
    pub(crate) chance: Chance,
}

impl Declaration {
    /// Declared where the caller stands.
    #[track_caller]
    pub(crate) fn of(pattern: Pattern) -> Declaration {
        Declaration {
            pattern,
            location: Location::caller(),
            name: None,
            promise: None,
            limit: None,
            chance: Chance::Always,
        }
    }
}

/// Which requests a rule answers, and how.
pub(crate) struct RuleCore {
    pub(crate) pattern: Pattern,
    /// What the author calls it in reports.
    pub(crate) name: Option<String>,
    pub(crate) promise: Option<Promise>,
    /// How many requests it answers before the next rule takes over.
    pub(crate) limit: Option<usize>,
    /// Taken out when the rule is removed or its server dropped: what a closure holds must not live on in the handles and
    /// records of the rule.
    pub(crate) handler: Mutex<Option<Answering>>,
    /// Where it was declared.
    pub(crate) location: &'static Location<'static>,
    pub(crate) hits: AtomicUsize,
    /// Which of the requests that fit it answers.
    chance: Chance,
    /// The requests that it could have answered, if its chance did not always let it.
    considered: AtomicUsize,
    /// Its age among the rules of its server, 0 before it is one: the higher, the newer.
    rank: AtomicU64,
    /// What its handle needs of the server it belongs to; that module lies above this one.
    pub(crate) home: Weak<dyn Any + Send + Sync>,
}

/// How many requests the author said would come.
#[derive(Debug)]
pub(crate) struct Promise {
    pub(crate) times: Times,
    /// The count that was reported last. The hits are looked at and forgotten under this lock, so that it is never an older one.
    told: Mutex<Option<usize>>,
}

impl RuleCore {
    pub(crate) fn new(declared: Declaration, handler: Answering, home: Weak<dyn Any + Send + Sync>) -> RuleCore {
        let Declaration { pattern, location, name, promise, limit, chance } = declared;
        RuleCore {
            pattern,
            name,
            promise: promise.map(|times| Promise { times, told: Mutex::default() }),
            limit,
            handler: Mutex::new(Some(handler)),
            location,
            hits: AtomicUsize::new(0),
            chance,
            considered: AtomicUsize::new(0),
            rank: AtomicU64::new(0),
            home,
        }
    }

    /// `"login" (POST /login)`, or the pattern alone; with what it answers of that, unless it is all.
    pub(crate) fn shown(&self) -> String {
        match (&self.name, self.chance.shown()) {
            (Some(name), Some(which)) => format!("{name:?} ({}, {which})", self.pattern),
            (Some(name), None) => format!("{name:?} ({})", self.pattern),
            (None, Some(which)) => format!("{} ({which})", self.pattern),
            (None, None) => self.pattern.to_string(),
        }
    }

    /// Which of the requests that fit it answers, for people; `None` if it is all of them.
    pub(crate) fn shown_chance(&self) -> Option<String> {
        self.chance.shown()
    }

    /// Whether its chance would spare the next request.
    pub(crate) fn spares_next(&self) -> bool {
        !self.chance.strikes(self.considered.load(Relaxed) + 1)
    }

    /// The count of its hits, if it breaks a promise; who asks tells.
    pub(crate) fn broken(&self) -> Option<usize> {
        self.broken_and_told().map(|(hits, _)| hits)
    }

    /// The same, if nobody was told of that count yet.
    pub(crate) fn newly_broken(&self) -> Option<usize> {
        self.broken_and_told().filter(|(hits, told)| *told != Some(*hits)).map(|(hits, _)| hits)
    }

    /// Hits that break a promise, and which were told last.
    fn broken_and_told(&self) -> Option<(usize, Option<usize>)> {
        let promise = self.promise.as_ref()?;
        let mut told = promise.told.lock();
        let hits = self.hits.load(Relaxed);
        (!promise.times.allow(hits)).then(|| (hits, told.replace(hits)))
    }

    /// Its count begins anew.
    fn forget_hits(&self) {
        let told = self.promise.as_ref().map(|promise| promise.told.lock());
        self.hits.store(0, Relaxed);
        self.considered.store(0, Relaxed);
        if let Some(mut told) = told {
            *told = None;
        }
    }

    /// Counts a hit, unless its chance spares this request or its limit is reached: the number of the hit. To be asked once for
    /// each request.
    fn claim(&self) -> Option<usize> {
        if !matches!(self.chance, Chance::Always) && !self.chance.strikes(self.considered.fetch_add(1, Relaxed) + 1) {
            return None;
        }
        let Some(limit) = self.limit else { return Some(self.hits.fetch_add(1, Relaxed) + 1) };
        let claimed = self.hits.fetch_update(Relaxed, Relaxed, |hits| (hits < limit).then_some(hits + 1));
        claimed.ok().map(|before| before + 1)
    }

    /// Whether it answered as many requests as it may.
    pub(crate) fn is_used_up(&self) -> bool {
        self.limit.is_some_and(|limit| self.hits.load(Relaxed) >= limit)
    }
}

impl fmt::Debug for RuleCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (declared at {})", self.shown(), self.location)
    }
}

/// A closure in a pattern panicked.
#[derive(Debug)]
pub(crate) struct MatcherPanic {
    pub(crate) rule: Arc<RuleCore>,
    pub(crate) message: String,
}

/// A rule that fits a request.
pub(crate) struct Selected {
    pub(crate) rule: Arc<RuleCore>,
    pub(crate) handler: Answering,
    pub(crate) params: Option<Params>,
    pub(crate) hit: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Rules {
    index: RwLock<Index>,
    /// The rules with a promise, by rank. Those that were removed stay, because what was promised is still checked, unless a
    /// guard has done that.
    promised: Mutex<Vec<Arc<RuleCore>>>,
}

impl Rules {
    pub(crate) fn add(&self, rule: Arc<RuleCore>) {
        let mut index = self.index.write();
        index.add(rule.clone());
        if rule.promise.is_some() {
            // Under the lock that gives the rank, so that the list is in order.
            self.promised.lock().push(rule);
        }
    }

    pub(crate) fn remove(&self, rule: &Arc<RuleCore>) {
        self.index.write().remove(rule);
        // After the rule is out of the index, so that nobody finds it without; and with no lock held, because it is user
        // code that is dropped.
        let handler = rule.handler.lock().take();
        drop_each(handler);
    }

    /// A promise was checked for the last time.
    pub(crate) fn forget_promise(&self, rule: &RuleCore) {
        let rank = rule.rank.load(Relaxed);
        let mut promised = self.promised.lock();
        let place = promised.binary_search_by_key(&rank, |rule| rule.rank.load(Relaxed));
        let forgotten = place.map(|place| promised.remove(place));
        drop(promised);
        drop(forgotten);
    }

    /// Takes every rule out; promises stay.
    pub(crate) fn remove_all(&self) {
        let index = self.index.write().take();
        let rules: Vec<Arc<RuleCore>> = index.all().iter().map(|ranked| ranked.rule.clone()).collect();
        drop(index);
        let handlers = caught(|| drop_each(rules.iter().map(|rule| rule.handler.lock().take())));
        // Patterns hold closures too.
        let patterns = caught(|| drop_each(rules));
        go_on(handlers.and(patterns));
    }

    /// The newest rule that fits, of those below a rank; counts the hit.
    pub(crate) fn select(
        &self,
        subject: &Subject<'_>,
        asked_down_to: Option<usize>,
    ) -> Result<Option<Selected>, MatcherPanic> {
        let mut below = asked_down_to.map_or(u64::MAX, |rank| rank as u64);
        while let Some(Ranked { rank, rule }) = self.newest_below(below, subject) {
            below = rank;
            // No lock is held here: closures of the author's may be asked.
            let fits = rule.pattern.is_plain()
                || match caught(|| rule.pattern.fits_rest(subject)) {
                    Ok(fits) => fits,
                    Err(message) => return Err(MatcherPanic { rule, message }),
                };
            if !fits {
                continue;
            }
            // Without a handler if it was removed meanwhile; used up if others were faster, or it spares this one.
            let Some(handler) = rule.handler.lock().clone() else { continue };
            let Some(hit) = rule.claim() else { continue };
            return Ok(Some(Rules::selected(rule, handler, hit, subject)));
        }
        Ok(None)
    }

    fn selected(rule: Arc<RuleCore>, handler: Answering, hit: usize, subject: &Subject<'_>) -> Selected {
        let has_names = rule.pattern.template().and_then(PathTemplate::literal).is_none();
        let params = has_names.then(|| rule.pattern.params_of(subject));
        Selected { rule, handler, params, hit }
    }

    /// The next rule to judge.
    fn newest_below(&self, rank: u64, subject: &Subject<'_>) -> Option<Ranked> {
        self.index.read().newest_below(rank, subject.request, &subject.path).cloned()
    }

    /// All rules, newest first.
    pub(crate) fn all(&self) -> Vec<Arc<RuleCore>> {
        self.index.read().all().iter().rev().map(|ranked| ranked.rule.clone()).collect()
    }

    /// The rules whose promise is broken by so many hits, in order of their age; who asks tells.
    pub(crate) fn broken(&self) -> Vec<(Arc<RuleCore>, usize)> {
        let promised = self.promised.lock();
        promised.iter().filter_map(|rule| Some((rule.clone(), rule.broken()?))).collect()
    }

    /// The same of those of which nobody was told with that count yet.
    pub(crate) fn newly_broken(&self) -> Vec<(Arc<RuleCore>, usize)> {
        let promised = self.promised.lock();
        promised.iter().filter_map(|rule| Some((rule.clone(), rule.newly_broken()?))).collect()
    }

    /// Every rule goes, and with it what its closure holds.
    pub(crate) fn clear(&self) {
        let removed = caught(|| self.remove_all());
        let promised = std::mem::take(&mut *self.promised.lock());
        let forgotten = caught(|| drop_each(promised));
        go_on(removed.and(forgotten));
    }

    /// Counts begin anew, but for those of rules that were removed: nothing is added to them any more.
    pub(crate) fn forget_hits(&self) {
        for Ranked { rule, .. } in self.index.read().all() {
            rule.forget_hits();
        }
    }
}
