//! Why a rule did not answer as many requests as its author said.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::hook::caught;
use crate::journal::Route;
use crate::matchers::times::Times;
use crate::rules::RuleCore;

use super::assertions::{FITS, end};
use super::failure::List;
use super::listing::received;
use super::nearest::{Among, nearest_request};
use super::text::{Paragraphs, came, counted, expected, harmless};
use super::{Evidence, Failure, FailureKind};

/// Numbers of requests in one line; the list has them all.
const SHOWN_NUMBERS: usize = 5;

/// Rules that answered instead.
const SHOWN_RULES: usize = 5;

/// A rule with a promise that its hits break.
pub(crate) fn broken(rule: &RuleCore, hits: usize, evidence: &Evidence) -> Failure {
    let times = rule.promise.as_ref().map(|promise| promise.times);
    let told = Told::of(rule, times, hits, evidence);
    let marked = received(evidence, &told.marked, FITS);
    let mut text = Paragraphs::new(told.head);
    text.add(told.why);
    Failure::new(FailureKind::Expectation, text.finish(), rule.location).with_list(List {
        marked,
        plain: received(evidence, &[], FITS),
        is_empty: evidence.recorded.is_empty() && evidence.first <= 1,
    })
}

/// The same without reasons: where many are broken, looking for those of each would take long, and nobody reads them.
pub(crate) fn broken_in_short(rule: &RuleCore, hits: usize) -> Failure {
    let times = rule.promise.as_ref().map(|promise| promise.times);
    Failure::new(FailureKind::Expectation, format!("{}, but it {}", head(rule, times), came(hits)), rule.location)
}

/// A rule should have answered so many requests.
pub(crate) fn hits_otherwise(rule: &RuleCore, times: Times, hits: usize, evidence: &Evidence) -> String {
    let told = Told::of(rule, Some(times), hits, evidence);
    let mut text = Paragraphs::new(format!("{}\n  declared at {}", told.head, rule.location));
    text.add(told.why);
    end(text, evidence, &told.marked, FITS)
}

struct Told {
    head: String,
    why: Option<String>,
    /// Positions of what fits.
    marked: Vec<usize>,
}

impl Told {
    fn of(rule: &RuleCore, times: Option<Times>, hits: usize, evidence: &Evidence) -> Told {
        let head = head(rule, times);
        let own = positions(evidence, |at| is(rule, evidence, at));
        if times.is_none_or(|times| hits >= times.least()) {
            return Told { head: format!("{head}, but it {}", came(hits)), why: None, marked: own };
        }
        // A panic of a closure is told where the nearest is.
        let fits = |at| caught(|| rule.pattern.accepts(&evidence.subject(at))).unwrap_or(false);
        let elsewhere = positions(evidence, |at| !is(rule, evidence, at) && fits(at));
        if elsewhere.is_empty() {
            let among = if own.is_empty() { Among::All } else { Among::Others(&own) };
            let why = nearest_request(&rule.pattern, among, evidence);
            return Told { head: format!("{head}, but it {}", came(hits)), why, marked: own };
        }
        let (instead, why) = elsewhere_answered(rule, hits, &elsewhere, evidence);
        let marked = positions(evidence, |at| is(rule, evidence, at) || elsewhere.binary_search(&at).is_ok());
        Told { head: format!("{head}, but {instead}"), why: Some(why), marked }
    }
}

fn head(rule: &RuleCore, times: Option<Times>) -> String {
    match times {
        Some(times) => expected(&rule.shown(), times),
        None => format!("expected {}", rule.shown()),
    }
}

/// Whether the rule answered it.
fn is(rule: &RuleCore, evidence: &Evidence, at: usize) -> bool {
    evidence.recorded[at].record().rule.as_deref().is_some_and(|answering| std::ptr::eq(answering, rule))
}

fn positions(evidence: &Evidence, holds: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..evidence.recorded.len()).filter(|&at| holds(at)).collect()
}

/// Requests fit the rule and were answered otherwise: in a few words, and at length.
fn elsewhere_answered(rule: &RuleCore, hits: usize, which: &[usize], evidence: &Evidence) -> (String, String) {
    let mut others: Vec<(&Arc<RuleCore>, Vec<usize>)> = Vec::new();
    let mut refused = Vec::new();
    let mut nobody = Vec::new();
    for &at in which {
        let record = evidence.recorded[at].record();
        match (&record.rule, record.route) {
            (Some(other), _) => match others.iter_mut().find(|(known, _)| Arc::ptr_eq(known, other)) {
                Some((_, numbers)) => numbers.push(at),
                None => others.push((other, vec![at])),
            },
            (None, Route::Refused) => refused.push(at),
            (None, _) => nobody.push(at),
        }
    }
    let used_up = rule.limit.filter(|limit| hits >= *limit);
    let instead = match (hits, others.len()) {
        _ if used_up.is_some() => format!("its limit is {}", counted(hits, "request")),
        (0, 0) if nobody.is_empty() => "it was refused".to_owned(),
        (0, 0) if refused.is_empty() => "it came only while the rule was not there".to_owned(),
        (0, 1) => "another rule answered".to_owned(),
        (0, 2..) => "other rules answered".to_owned(),
        _ => format!("it {}", came(hits)),
    };
    let more = if hits > 0 { "more " } else { "" };
    let mut why = match which.len() {
        1 => format!("1 {more}request fits it:"),
        count => format!("{count} {more}requests fit it:"),
    };
    for (other, answered) in others.iter().take(SHOWN_RULES) {
        let answering = harmless(&format!("{other:?}")).into_owned();
        let _ = write!(why, "\n  {} answered by {answering}", were(answered, evidence));
    }
    if others.len() > SHOWN_RULES {
        let _ = write!(why, "\n  and {} besides", counted(others.len() - SHOWN_RULES, "rule"));
    }
    if !refused.is_empty() {
        let _ = write!(why, "\n  {} refused", were(&refused, evidence));
    }
    if !nobody.is_empty() {
        let _ = write!(why, "\n  {} answered by no rule", were(&nobody, evidence));
        if used_up.is_none() {
            why.push_str(", so this one was not declared yet, or removed already");
        }
    }
    if !others.is_empty() && used_up.is_none() {
        why.push_str("\n  hint: of the rules that fit, the newest answers");
    }
    (instead, why)
}

/// `#1, #2 and 7 more were`.
fn were(which: &[usize], evidence: &Evidence) -> String {
    let numbers: Vec<String> = which.iter().take(SHOWN_NUMBERS).map(|at| format!("#{}", evidence.first + at)).collect();
    let more = which.len().saturating_sub(SHOWN_NUMBERS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more} {}", numbers.join(", "), if which.len() == 1 { "was" } else { "were" })
}
