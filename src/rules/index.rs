//! Rules by their path, so that one of a thousand is found as fast as one alone.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::matchers::path::{PathTemplate, RequestPath, Segment};
use crate::message::request::Request;

use super::RuleCore;

/// A rule with its age: the higher, the newer.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    pub(super) rank: u64,
    pub(super) rule: Arc<RuleCore>,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    /// Every rule, oldest first.
    all: Vec<Ranked>,
    /// Rules for one path each, oldest first, sorted by the key of the path.
    literal: Vec<(Box<str>, Vec<Ranked>)>,
    templates: Node,
    /// Rules whose path is compared in another way, or not at all.
    others: Vec<Ranked>,
    next_rank: u64,
}

/// What templates have in common up to a slash, and how they go on. A path is followed no deeper than templates go.
#[derive(Debug, Default)]
struct Node {
    /// Sorted by the key of the segment.
    literal: Vec<(Box<str>, Node)>,
    /// Whatever stands in the segment, if anything does.
    name: Option<Box<Node>>,
    /// Rules that end here, oldest first.
    ends: Vec<Ranked>,
    /// Rules for whatever follows the slash, oldest first.
    rests: Vec<Ranked>,
}

/// Where a key is in a sorted list, or would be. Where nothing is optimised, ten comparisons of a search among a thousand cost
/// less than one hash.
fn find<T>(sorted: &[(Box<str>, T)], key: &str) -> Result<usize, usize> {
    let (mut low, mut high) = (0, sorted.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match (*sorted[middle].0).cmp(key) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Ok(middle),
        }
    }
    Err(low)
}

/// Takes a rule out of a list, if it is there.
fn take_out(rules: &mut Vec<Ranked>, rank: u64) {
    if let Ok(place) = rules.binary_search_by_key(&rank, |ranked| ranked.rank) {
        rules.remove(place);
    }
}

/// The newest rule found so far.
struct Search<'i, 'r> {
    request: &'r Request,
    /// Only older rules than this are looked for.
    below: u64,
    newest: Option<&'i Ranked>,
    /// The rank of the newest, 0 for none.
    above: u64,
}

impl Index {
    pub(super) fn add(&mut self, rule: Arc<RuleCore>) {
        self.next_rank += 1;
        rule.rank.store(self.next_rank, Relaxed);
        let ranked = Ranked { rank: self.next_rank, rule };
        self.all.push(ranked.clone());
        let rule = ranked.rule.clone();
        let template = rule.pattern.template();
        match (template.and_then(PathTemplate::literal), template.and_then(PathTemplate::segments)) {
            (Some(path), _) => {
                let place = find(&self.literal, path).unwrap_or_else(|place| {
                    self.literal.insert(place, (path.into(), Vec::new()));
                    place
                });
                self.literal[place].1.push(ranked);
            }
            (None, Some(segments)) => self.templates.add(segments, ranked),
            (None, None) => self.others.push(ranked),
        }
    }

    /// Everything goes; ranks go on, so that who is on the way through the rules meets none twice.
    pub(super) fn take(&mut self) -> Index {
        let next_rank = self.next_rank;
        std::mem::replace(self, Index { next_rank, ..Index::default() })
    }

    pub(super) fn remove(&mut self, rule: &RuleCore) {
        let rank = rule.rank.load(Relaxed);
        take_out(&mut self.all, rank);
        let template = rule.pattern.template();
        match (template.and_then(PathTemplate::literal), template.and_then(PathTemplate::segments)) {
            (Some(path), _) => {
                if let Ok(place) = find(&self.literal, path) {
                    take_out(&mut self.literal[place].1, rank);
                    if self.literal[place].1.is_empty() {
                        self.literal.remove(place);
                    }
                }
            }
            (None, Some(segments)) => self.templates.remove(segments, rank),
            (None, None) => take_out(&mut self.others, rank),
        }
    }

    /// Every rule, oldest first.
    pub(super) fn all(&self) -> &[Ranked] {
        &self.all
    }

    /// The newest rule of a lower rank that fits by method and path and is not used up.
    pub(super) fn newest_below(&self, rank: u64, request: &Request, path: &RequestPath<'_>) -> Option<&Ranked> {
        let mut search = Search { request, below: rank, newest: None, above: 0 };
        if let Ok(place) = find(&self.literal, &path.key) {
            search.among(&self.literal[place].1);
        }
        if !self.templates.is_empty() {
            if let Some(segments) = path.key.strip_prefix('/') {
                self.templates.search(Some(segments), &mut search);
            }
        }
        if !self.others.is_empty() {
            search.among(&self.others);
        }
        search.newest
    }
}

impl Node {
    fn add(&mut self, segments: &[Segment], ranked: Ranked) {
        let Some((segment, after)) = segments.split_first() else {
            self.ends.push(ranked);
            return;
        };
        match segment {
            Segment::Literal(key) => {
                let place = find(&self.literal, key).unwrap_or_else(|place| {
                    self.literal.insert(place, (key.as_str().into(), Node::default()));
                    place
                });
                self.literal[place].1.add(after, ranked);
            }
            Segment::Name(_) => self.name.get_or_insert_default().add(after, ranked),
            Segment::Rest(_) => self.rests.push(ranked),
        }
    }

    fn remove(&mut self, segments: &[Segment], rank: u64) {
        let Some((segment, after)) = segments.split_first() else {
            take_out(&mut self.ends, rank);
            return;
        };
        match segment {
            Segment::Literal(key) => {
                if let Ok(place) = find(&self.literal, key) {
                    self.literal[place].1.remove(after, rank);
                    if self.literal[place].1.is_empty() {
                        self.literal.remove(place);
                    }
                }
            }
            Segment::Name(_) => {
                if let Some(node) = &mut self.name {
                    node.remove(after, rank);
                    if node.is_empty() {
                        self.name = None;
                    }
                }
            }
            Segment::Rest(_) => take_out(&mut self.rests, rank),
        }
    }

    fn is_empty(&self) -> bool {
        self.name.is_none() && self.literal.is_empty() && self.rests.is_empty() && self.ends.is_empty()
    }

    /// `left` is what follows the last slash; `None` where the path has ended.
    fn search<'i>(&'i self, left: Option<&str>, search: &mut Search<'i, '_>) {
        let Some(left) = left else { return search.among(&self.ends) };
        search.among(&self.rests);
        if self.name.is_none() && self.literal.is_empty() {
            return;
        }
        let (part, after) = match left.split_once('/') {
            Some((part, after)) => (part, Some(after)),
            None => (left, None),
        };
        if let Ok(place) = find(&self.literal, part) {
            self.literal[place].1.search(after, search);
        }
        match &self.name {
            Some(node) if !part.is_empty() => node.search(after, search),
            _ => {}
        }
    }
}

impl<'i> Search<'i, '_> {
    /// Looks at rules for the same path, oldest first.
    fn among(&mut self, rules: &'i [Ranked]) {
        let mut at = rules.len();
        if at > 0 && rules[at - 1].rank >= self.below {
            at = rules.partition_point(|ranked| ranked.rank < self.below);
        }
        // An index and not an iterator: this runs for each request, and tests run without optimisation.
        while at > 0 {
            at -= 1;
            let ranked = &rules[at];
            if ranked.rank < self.above {
                return;
            }
            if ranked.rule.pattern.fits_method(self.request) && !ranked.rule.is_used_up() {
                (self.newest, self.above) = (Some(ranked), ranked.rank);
                return;
            }
        }
    }
}
