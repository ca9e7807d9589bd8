//! The rules of a server, and which of them answers a request: the newest that fits.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::panic::Location;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};

use parking_lot::RwLock;

use crate::matchers::path::{Params, RequestPath};
use crate::matchers::pattern::Pattern;
use crate::message::request::Request;
use crate::message::response::Response;

/// A handler, its result turned into a response already.
pub(crate) type BoxedHandler = Box<dyn Fn(&Request) -> Response + Send + Sync>;

/// Which requests a rule answers, and how.
pub(crate) struct RuleCore {
    pub(crate) pattern: Pattern,
    pub(crate) handler: BoxedHandler,
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
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) rule: Arc<RuleCore>,
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
    /// Rules for one path each, oldest first, by the key of the path.
    literal: HashMap<Box<str>, Vec<Ranked>, BuildHasherDefault<PathHasher>>,
    /// All others, oldest first.
    general: Vec<Ranked>,
    next_rank: u64,
}

/// FNV-1a: the keys are the author's, so nobody makes them collide, and it is cheap where nothing is optimised.
#[derive(Debug, Default)]
struct PathHasher(u64);

impl Hasher for PathHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            self.0 = (self.0 ^ u64::from(bytes[at])).wrapping_mul(0x100_0000_01b3);
            at += 1;
        }
    }

    fn finish(&self) -> u64 {
        // The table takes the place from the low bits and a check from the high ones.
        self.0 ^ self.0 << 32
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
            Some(path) => index.literal.entry(path.into()).or_default().push(ranked.clone()),
            None => index.general.push(ranked),
        }
    }

    pub(crate) fn remove(&self, rule: &Arc<RuleCore>) {
        let mut index = self.index.write();
        let keep = |ranked: &Ranked| !Arc::ptr_eq(&ranked.rule, rule);
        index.general.retain(keep);
        if let Some(path) = rule.pattern.literal_path() {
            if let Some(rules) = index.literal.get_mut(path) {
                rules.retain(keep);
                if rules.is_empty() {
                    index.literal.remove(path);
                }
            }
        }
    }

    /// The newest rule that fits; counts the hit.
    pub(crate) fn select(&self, request: &Request) -> Option<Selected> {
        let path = RequestPath::of(request);
        let index = self.index.read();
        let mut newest: Option<(&Ranked, Option<Params>)> = None;
        if let Some(rules) = index.literal.get(&*path.key) {
            newest =
                rules.iter().rev().find(|ranked| ranked.rule.pattern.fits_method(request)).map(|rule| (rule, None));
        }
        for ranked in index.general.iter().rev() {
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
        let hit = rule.hits.fetch_add(1, Relaxed) + 1;
        Some(Selected { rule, params, hit })
    }

    /// All rules, newest first.
    pub(crate) fn all(&self) -> Vec<Arc<RuleCore>> {
        let index = self.index.read();
        let mut ranked: Vec<&Ranked> = index.literal.values().flatten().chain(&index.general).collect();
        ranked.sort_by_key(|ranked| std::cmp::Reverse(ranked.rank));
        ranked.into_iter().map(|ranked| ranked.rule.clone()).collect()
    }

    pub(crate) fn forget_hits(&self) {
        self.all().iter().for_each(|rule| rule.hits.store(0, Relaxed));
    }
}
