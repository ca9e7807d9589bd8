//! The rules of a server, and which of them answers a request: the newest that fits.

use std::any::Any;
use std::cmp::Ordering;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

use crate::matchers::path::{Params, RequestPath};
use crate::matchers::pattern::Pattern;
use crate::message::request::Request;
use crate::message::response::Response;

/// A handler, its result turned into a response already.
pub(crate) type SharedHandler = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

/// Which requests a rule answers, and how.
pub(crate) struct RuleCore {
    pub(crate) pattern: Pattern,
    /// Taken out when the rule is removed or its server dropped: what a closure holds must not live on in the handles and
    /// records of the rule.
    pub(crate) handler: Mutex<Option<SharedHandler>>,
    /// Where it was declared.
    pub(crate) location: &'static Location<'static>,
    pub(crate) hits: AtomicUsize,
    /// What its handle needs of the server it belongs to; that module lies above this one.
    pub(crate) home: Weak<dyn Any + Send + Sync>,
}

impl fmt::Debug for RuleCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (declared at {})", self.pattern, self.location)
    }
}

/// A rule that fits a request.
pub(crate) struct Selected {
    pub(crate) rule: Arc<RuleCore>,
    pub(crate) handler: SharedHandler,
    pub(crate) params: Option<Params>,
    pub(crate) hit: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Rules {
    index: RwLock<Index>,
}

/// Rules by their path, so that one of a thousand is found as fast as one alone.
#[derive(Debug, Default)]
struct Index {
    /// Rules for one path each, sorted by the key of the path. Where nothing is optimised, ten comparisons of a search
    /// among a thousand cost less than one hash.
    literal: Vec<OnePath>,
    /// All others, oldest first.
    general: Vec<Ranked>,
    next_rank: u64,
}

#[derive(Debug)]
struct OnePath {
    key: Box<str>,
    /// Oldest first.
    rules: Vec<Ranked>,
}

impl Index {
    /// Where the rules for a path are, or would be.
    fn find(&self, key: &str) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.literal.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match (*self.literal[middle].key).cmp(key) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }
}

/// A rule with its age: the higher, the newer.
#[derive(Debug, Clone)]
struct Ranked {
    rank: u64,
    rule: Arc<RuleCore>,
}

impl Rules {
    pub(crate) fn add(&self, rule: Arc<RuleCore>) {
        let mut index = self.index.write();
        index.next_rank += 1;
        let ranked = Ranked { rank: index.next_rank, rule };
        match ranked.rule.pattern.literal_path() {
            Some(path) => {
                let place = index.find(path).unwrap_or_else(|place| {
                    index.literal.insert(place, OnePath { key: path.into(), rules: Vec::new() });
                    place
                });
                index.literal[place].rules.push(ranked.clone());
            }
            None => index.general.push(ranked),
        }
    }

    pub(crate) fn remove(&self, rule: &Arc<RuleCore>) {
        self.take_out(rule);
        // After the rule is out of the index, so that nobody finds it without; and with no lock held, because it is user
        // code that is dropped.
        let handler = rule.handler.lock().take();
        drop(handler);
    }

    fn take_out(&self, rule: &Arc<RuleCore>) {
        let mut index = self.index.write();
        let keep = |ranked: &Ranked| !Arc::ptr_eq(&ranked.rule, rule);
        index.general.retain(keep);
        if let Some(path) = rule.pattern.literal_path() {
            if let Ok(place) = index.find(path) {
                index.literal[place].rules.retain(keep);
                if index.literal[place].rules.is_empty() {
                    index.literal.remove(place);
                }
            }
        }
    }

    /// Whether there is a rule that fits; counts nothing.
    pub(crate) fn any_fits(&self, request: &Request) -> bool {
        let path = RequestPath::of(request);
        let index = self.index.read();
        let literal = index.find(&path.key).map_or(&[][..], |place| &index.literal[place].rules);
        literal.iter().any(|ranked| ranked.rule.pattern.fits_method(request))
            || index
                .general
                .iter()
                .any(|Ranked { rule, .. }| rule.pattern.fits_method(request) && rule.pattern.params(&path).is_some())
    }

    /// The newest rule that fits; counts the hit.
    pub(crate) fn select(&self, request: &Request) -> Option<Selected> {
        let path = RequestPath::of(request);
        let index = self.index.read();
        let mut newest: Option<(&Ranked, Option<Params>)> = None;
        if let Ok(place) = index.find(&path.key) {
            let rules = &index.literal[place].rules;
            // Indices and not iterators: this runs for each request, and tests run without optimisation.
            let mut at = rules.len();
            while at > 0 && newest.is_none() {
                at -= 1;
                if rules[at].rule.pattern.fits_method(request) {
                    newest = Some((&rules[at], None));
                }
            }
        }
        let mut at = index.general.len();
        while at > 0 {
            at -= 1;
            let ranked = &index.general[at];
            if newest.as_ref().is_some_and(|(other, _)| other.rank > ranked.rank) {
                break;
            }
            if ranked.rule.pattern.fits_method(request) {
                if let Some(params) = ranked.rule.pattern.params(&path) {
                    newest = Some((ranked, Some(params)));
                    break;
                }
            }
        }
        let (ranked, params) = newest?;
        let rule = ranked.rule.clone();
        let handler = rule.handler.lock().clone()?;
        let hit = rule.hits.fetch_add(1, Relaxed) + 1;
        Some(Selected { rule, handler, params, hit })
    }

    /// All rules, newest first.
    pub(crate) fn all(&self) -> Vec<Arc<RuleCore>> {
        let index = self.index.read();
        let mut ranked: Vec<&Ranked> = index.literal.iter().flat_map(|one| &one.rules).chain(&index.general).collect();
        ranked.sort_by_key(|ranked| std::cmp::Reverse(ranked.rank));
        ranked.into_iter().map(|ranked| ranked.rule.clone()).collect()
    }

    /// Every rule goes, and with it what its closure holds.
    pub(crate) fn clear(&self) {
        let index = std::mem::take(&mut *self.index.write());
        for ranked in index.literal.iter().flat_map(|one| &one.rules).chain(&index.general) {
            let handler = ranked.rule.handler.lock().take();
            drop(handler);
        }
    }

    pub(crate) fn forget_hits(&self) {
        self.all().iter().for_each(|rule| rule.hits.store(0, Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matchers::pattern::{any, get, post};

    fn rules(patterns: &[Pattern]) -> (Rules, Vec<Arc<RuleCore>>) {
        let rules = Rules::default();
        let cores: Vec<Arc<RuleCore>> = patterns.iter().map(|pattern| Arc::new(core(pattern))).collect();
        for core in &cores {
            rules.add(core.clone());
        }
        (rules, cores)
    }

    fn core(pattern: &Pattern) -> RuleCore {
        RuleCore {
            pattern: pattern.clone(),
            handler: Mutex::new(Some(Arc::new(|_: &Request| Response::new(204)))),
            location: Location::caller(),
            hits: AtomicUsize::new(0),
            home: Weak::<()>::new(),
        }
    }

    /// The position of the rule that answers.
    fn answers(rules: &Rules, cores: &[Arc<RuleCore>], method: &str, path: &str) -> Option<usize> {
        let request = http::Request::builder().method(method).uri(path).body(()).unwrap();
        let selected = rules.select(&request.into())?;
        cores.iter().position(|core| Arc::ptr_eq(core, &selected.rule))
    }

    #[test]
    fn the_newest_rule_that_fits_wins_whatever_its_shape() {
        let patterns = [get("/a"), get("/{name}"), get("/a"), any(), post("/a"), get("/b/{*rest}")];
        let (rules, cores) = rules(&patterns);
        assert_eq!(answers(&rules, &cores, "GET", "/a"), Some(3));
        rules.remove(&cores[3]);
        assert_eq!(answers(&rules, &cores, "GET", "/a"), Some(2));
        assert_eq!(answers(&rules, &cores, "POST", "/a"), Some(4));
        rules.remove(&cores[2]);
        assert_eq!(answers(&rules, &cores, "GET", "/a"), Some(1));
        rules.remove(&cores[1]);
        assert_eq!(answers(&rules, &cores, "GET", "/a"), Some(0));
        rules.remove(&cores[0]);
        assert_eq!(answers(&rules, &cores, "GET", "/a"), None);
        assert_eq!(answers(&rules, &cores, "GET", "/b/c"), Some(5));
    }

    #[test]
    fn one_of_a_thousand_paths_is_found() {
        let patterns: Vec<Pattern> = (0..1000).map(|at| get(format!("/mock/{at}"))).collect();
        let (rules, cores) = rules(&patterns);
        for at in [0, 1, 499, 998, 999] {
            assert_eq!(answers(&rules, &cores, "GET", &format!("/mock/{at}")), Some(at));
        }
        assert_eq!(answers(&rules, &cores, "GET", "/mock/1000"), None);
    }

    #[test]
    fn hits_are_counted_from_one_and_can_be_forgotten() {
        let (rules, cores) = rules(&[get("/a")]);
        let request: Request = http::Request::builder().uri("/a").body(()).unwrap().into();
        assert_eq!(rules.select(&request).map(|selected| selected.hit), Some(1));
        assert_eq!(rules.select(&request).map(|selected| selected.hit), Some(2));
        rules.forget_hits();
        assert_eq!(cores[0].hits.load(Relaxed), 0);
    }
}
