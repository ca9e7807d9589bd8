//! Which request or which rule is nearest, and how it differs, part by part.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::hook::caught;
use crate::journal::RecordedRequest;
use crate::matchers::nearness::Nearness;
use crate::matchers::pattern::Pattern;
use crate::matchers::subject::Subject;
use crate::matchers::verdict::{Outcome, Verdict};
use crate::message::request::Request;
use crate::order::sort_by_key;
use crate::rules::RuleCore;

use super::Evidence;
use super::hints::{Asking, hints};
use super::listing::line;
use super::text::{counted, harmless};

/// Only so many of the newest requests are candidates: looking at a million would keep the test waiting.
const CANDIDATES: usize = 1_000;

/// So many of them, the nearest without closures, are judged part by part.
const JUDGED: usize = 16;

/// How a request fits a pattern, closures of the author's included.
pub(super) enum Judged {
    Told(Verdict),
    /// A closure panicked with this message.
    Panicked(Nearness, String),
}

impl Judged {
    /// Panics of closures are caught: a failure is being told already, and this may run while a server answers.
    pub(super) fn of(pattern: &Pattern, subject: &Subject<'_>) -> Judged {
        caught(|| pattern.verdict(subject)).map_or_else(
            // Everything before the closure fits, or it would not have been asked.
            |message| Judged::Panicked(Nearness { fitting: usize::MAX, ..pattern.nearness(subject) }, message),
            Judged::Told,
        )
    }

    pub(super) fn nearness(&self) -> Nearness {
        match self {
            Judged::Told(verdict) => verdict.nearness,
            Judged::Panicked(nearness, _) => *nearness,
        }
    }

    pub(super) fn fits(&self) -> bool {
        matches!(self, Judged::Told(verdict) if verdict.fits())
    }

    /// What differs, by name.
    pub(super) fn differing(&self) -> Vec<&str> {
        match self {
            Judged::Told(verdict) => {
                let differing = verdict.parts.iter().filter(|part| part.outcome == Outcome::Differs);
                differing.map(|part| part.what.as_str()).collect()
            }
            Judged::Panicked(..) => vec!["the closure panicked"],
        }
    }

    /// `differs in 1 of 3 parts`.
    pub(super) fn summary(&self) -> String {
        match self {
            Judged::Told(verdict) => {
                format!("differs in {} of {}", self.differing().len(), counted(verdict.parts.len(), "part"))
            }
            Judged::Panicked(..) => "could not be judged".to_owned(),
        }
    }

    /// A line for each part, then what may help; each line begins with a line end.
    pub(super) fn lines(&self, request: &Request, asking: Asking) -> String {
        let mut text = String::new();
        match self {
            Judged::Told(verdict) => {
                let verdict_text = verdict.to_string();
                let shown = harmless(verdict_text.trim_end_matches('\n'));
                if !shown.is_empty() {
                    text.extend(["\n", &*shown]);
                }
                for hint in hints(verdict, request, asking) {
                    let _ = write!(text, "\n  hint: {}", harmless(&hint));
                }
            }
            Judged::Panicked(_, message) => {
                let _ = write!(text, "\n  ✗ the closure panicked: {}", harmless(message));
            }
        }
        text
    }
}

/// Which requests a text chooses the nearest from.
#[derive(Clone, Copy)]
pub(super) enum Among<'a> {
    All,
    /// All but these, in ascending order, which fit.
    Others(&'a [usize]),
    /// Those behind this position.
    After(usize),
}

impl Among<'_> {
    fn holds(self, at: usize) -> bool {
        match self {
            Among::All => true,
            Among::Others(fitting) => fitting.binary_search(&at).is_err(),
            Among::After(position) => at > position,
        }
    }
}

/// The nearest request and how it differs; nothing if there is none to choose from.
pub(super) fn nearest_request(pattern: &Pattern, among: Among<'_>, evidence: &Evidence) -> Option<String> {
    let positions: Vec<usize> = (0..evidence.recorded.len()).filter(|&at| among.holds(at)).collect();
    let newest = positions.iter().rev().take(CANDIDATES).copied();
    // What could not be read as a request is near to nothing.
    let mut candidates: Vec<usize> = newest.filter(|&at| !evidence.recorded[at].method().is_empty()).collect();
    // Of equally near ones the first is told: rather what no rule answered, then the newest.
    sort_by_key(&mut candidates, |&at| evidence.recorded[at].record().rule.is_some());
    let candidates = preselected(candidates, |&at| (pattern, evidence.subject(at)));
    let judged = candidates.into_iter().map(|at| (Judged::of(pattern, &evidence.subject(at)), at));
    let (judged, at) = judged.min_by_key(|(judged, _)| Reverse(judged.nearness()))?;
    if !judged.nearness().related {
        return None;
    }
    let request = &evidence.recorded[at];
    let number = evidence.first + at;
    let count = match positions.len() {
        count if count > CANDIDATES => format!("newest {CANDIDATES}"),
        count => count.to_string(),
    };
    let which = match (among, positions.len()) {
        (Among::All, 1) => "the only request".to_owned(),
        (Among::All, _) => format!("the nearest of {count} requests is #{number}, which"),
        (Among::Others(_), 1) => format!("the only other request, #{number},"),
        (Among::Others(_), _) => format!("the nearest of the {count} others is #{number}, which"),
        (Among::After(after), 1) => format!("the only request after #{}, #{number},", evidence.first + after),
        (Among::After(after), _) => {
            format!("the nearest of the {count} requests after #{} is #{number}, which", evidence.first + after)
        }
    };
    Some(format!("{which} {}", differing(&judged, request)))
}

/// How a request of the list differs.
pub(super) fn differing_request(pattern: &Pattern, at: usize, evidence: &Evidence) -> String {
    let judged = Judged::of(pattern, &evidence.subject(at));
    format!("#{} {}", evidence.first + at, differing(&judged, &evidence.recorded[at]))
}

fn differing(judged: &Judged, request: &RecordedRequest) -> String {
    format!("{}:\n  {}{}", judged.summary(), line(request), judged.lines(request, Asking::Assertion))
}

/// A rule, and how a request fits it.
pub(super) struct JudgedRule {
    pub(super) rule: Arc<RuleCore>,
    pub(super) judged: Judged,
    is_used_up: bool,
    /// Which requests alone it answers, if this is none of them.
    spared: Option<String>,
}

impl JudgedRule {
    /// One that did not answer.
    pub(super) fn of(rule: &Arc<RuleCore>, subject: &Subject<'_>) -> JudgedRule {
        let judged = JudgedRule::answering(rule, subject);
        let spared = if judged.judged.fits() { rule.shown_chance() } else { None };
        JudgedRule { spared, ..judged }
    }

    /// One that would.
    pub(super) fn answering(rule: &Arc<RuleCore>, subject: &Subject<'_>) -> JudgedRule {
        let judged = Judged::of(&rule.pattern, subject);
        JudgedRule { rule: rule.clone(), judged, is_used_up: rule.is_used_up(), spared: None }
    }

    /// `which differs in 1 of 3 parts`.
    pub(super) fn summary(&self) -> String {
        match (self.judged.fits(), self.is_used_up, &self.spared) {
            (true, true, _) => "is used up".to_owned(),
            (true, false, Some(_)) => "spares some requests".to_owned(),
            (true, false, None) => "fits by now".to_owned(),
            (false, ..) => self.judged.summary(),
        }
    }

    /// Where it was declared, and a line for each part.
    pub(super) fn lines(&self, request: &Request) -> String {
        let mut text = format!("\n  declared at {}{}", self.rule.location, self.judged.lines(request, Asking::Rule));
        if let (true, Some(limit)) = (self.is_used_up, self.rule.limit) {
            let _ = write!(text, "\n  ✗ limit: it has answered {}, which is all it may", counted(limit, "request"));
        }
        if let Some(which) = &self.spared {
            let _ = write!(text, "\n  ✗ chance: it answers only {which}");
        }
        text
    }

    /// In one line: what differs.
    pub(super) fn in_short(&self) -> String {
        let mut differing = self.judged.differing();
        if self.is_used_up {
            differing.push("limit");
        }
        if self.spared.is_some() {
            differing.push("chance");
        }
        let marks = if differing.is_empty() { "✓".to_owned() } else { format!("✗ {}", differing.join(", ")) };
        harmless(&format!("{:?}: {marks}", self.rule)).into_owned()
    }
}

/// The rules that are nearest to a request, nearest first; of equally near ones the newest. `rules` are newest first.
pub(super) fn nearest_rules(subject: &Subject<'_>, rules: &[Arc<RuleCore>]) -> Vec<JudgedRule> {
    let candidates =
        preselected(rules.iter().collect(), |rule| (&rule.pattern, Subject::new(subject.request, subject.memo)));
    let mut judged: Vec<JudgedRule> = candidates.into_iter().map(|rule| JudgedRule::of(rule, subject)).collect();
    sort_by_key(&mut judged, |one| Reverse(one.judged.nearness()));
    judged
}

/// Those that may be the nearest, as far as that is known without closures. Of equally near ones the first stay.
fn preselected<'a, T>(candidates: Vec<T>, pair: impl Fn(&T) -> (&'a Pattern, Subject<'a>)) -> Vec<T> {
    if candidates.len() <= JUDGED {
        return candidates;
    }
    let nearness = |candidate: T| {
        let (pattern, subject) = pair(&candidate);
        (pattern.nearness(&subject), candidate)
    };
    let mut ranked: Vec<(Nearness, T)> = candidates.into_iter().map(nearness).collect();
    sort_by_key(&mut ranked, |(nearness, _)| Reverse(*nearness));
    // How much differs costs more to tell, and matters where the line is drawn.
    let last = ranked[JUDGED - 1].0;
    for (nearness, candidate) in ranked.iter_mut().filter(|(nearness, _)| *nearness == last) {
        let (pattern, subject) = pair(candidate);
        nearness.apart = Reverse(pattern.apart(&subject));
    }
    sort_by_key(&mut ranked, |(nearness, _)| Reverse(*nearness));
    ranked.truncate(JUDGED);
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}
