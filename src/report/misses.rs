//! What would answer a request, and why other rules would not: the body of a miss, and `TestServer::explain`.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::hook::caught;
use crate::journal::shown_target;
use crate::matchers::subject::Subject;
use crate::rules::RuleCore;

use super::nearest::{JudgedRule, nearest_rules};
use super::text::{Paragraphs, harmless};

/// More would bury the ones that matter.
const SHOWN_RULES: usize = 5;

/// What would answer a request, and why: [`TestServer::explain`](crate::TestServer::explain). `Display` tells the parts of the
/// rule that answers, or of the nearest one, with marks: `✓` fits, `✗` differs, `·` was not asked. The body of a 404 is the same text.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("GET", "/users/{id}", |_| "Ada");
///
/// let request = http::Request::post("/users/7").body("").unwrap().into();
/// let explanation = server.explain(&request);
/// assert!(explanation.rule().is_none());
/// assert!(explanation.to_string().contains("✗ method: expected GET, got POST"));
/// ```
#[derive(Clone)]
pub struct Explanation {
    pub(crate) rule: Option<Arc<RuleCore>>,
    text: String,
}

impl Explanation {
    /// Of what answers: a rule, the directory, or nothing. Closures in patterns are asked where everything before them fits, and
    /// their panics are told in the text. All rules, newest first.
    pub(crate) fn new(subject: &Subject<'_>, rules: &[Arc<RuleCore>], has_directory: bool) -> Explanation {
        let asked = asked(subject);
        match who_answers(subject, rules) {
            Who::Rule(at) => {
                let rule = rules[at].clone();
                let judged = JudgedRule::answering(&rule, subject);
                let shown = harmless(&rule.shown()).into_owned();
                let mut text =
                    Paragraphs::new(format!("{asked} is answered by {shown}{}", judged.lines(subject.request)));
                if at > 0 {
                    text.add(in_short("newer rules do not", &nearest_rules(subject, &rules[..at]), at));
                }
                Explanation { rule: Some(rule), text: text.finish() }
            }
            Who::Panicked(at, message) => {
                let (shown, message) = (rules[at].shown(), harmless(&message));
                let text = format!(
                    "{asked} is answered with 500, because a closure of {shown} panicked: {message}\n  declared at {}",
                    rules[at].location
                );
                Explanation { rule: None, text }
            }
            Who::Nobody if has_directory => {
                let mut text = Paragraphs::new(format!("{asked} is answered by the directory"));
                add_nearest(&mut text, subject, rules);
                Explanation { rule: None, text: text.finish() }
            }
            Who::Nobody => Explanation { rule: None, text: miss(subject, rules) },
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The body of the 404, and the text of the failure in strict mode: nothing answers.
pub(crate) fn miss(subject: &Subject<'_>, rules: &[Arc<RuleCore>]) -> String {
    let mut text = Paragraphs::new(format!("no rule answers {}", asked(subject)));
    add_nearest(&mut text, subject, rules);
    text.finish()
}

/// `POST /login`, as the client sent it.
pub(super) fn asked(subject: &Subject<'_>) -> String {
    let request = subject.request;
    harmless(&format!("{} {}", request.method(), shown_target(request.target()))).into_owned()
}

enum Who {
    /// By its position.
    Rule(usize),
    Panicked(usize, String),
    Nobody,
}

/// As the rules select, but counts nothing.
fn who_answers(subject: &Subject<'_>, rules: &[Arc<RuleCore>]) -> Who {
    for (at, rule) in rules.iter().enumerate() {
        if rule.is_used_up() || rule.spares_next() {
            continue;
        }
        match caught(|| rule.pattern.accepts(subject)) {
            Ok(true) => return Who::Rule(at),
            Ok(false) => (),
            Err(message) => return Who::Panicked(at, message),
        }
    }
    Who::Nobody
}

/// The nearest rule part by part, the others in short.
pub(super) fn add_nearest(text: &mut Paragraphs, subject: &Subject<'_>, rules: &[Arc<RuleCore>]) {
    let judged = nearest_rules(subject, rules);
    let Some((nearest, others)) = judged.split_first() else { return text.add("the server has no rules".to_owned()) };
    if !nearest.judged.nearness().related {
        let heading = if rules.len() == 1 { "the only rule is not near" } else { "no rule is near" };
        return text.add(in_short(heading, &judged, rules.len()));
    }
    let which = match rules.len() {
        1 => "the only rule".to_owned(),
        count => format!("the nearest of {count} rules"),
    };
    let shown = harmless(&nearest.rule.shown()).into_owned();
    text.add(format!("{which} is {shown}, which {}:{}", nearest.summary(), nearest.lines(subject.request)));
    text.add(in_short("the other rules", others, rules.len() - 1));
}

/// A line for each of the nearest of so many rules.
fn in_short(heading: &str, judged: &[JudgedRule], count: usize) -> Option<String> {
    if count == 0 {
        return None;
    }
    let nearest = if count > SHOWN_RULES { ", nearest first" } else { "" };
    let mut text = format!("{heading}{nearest}:");
    for one in judged.iter().take(SHOWN_RULES) {
        let _ = write!(text, "\n  {}", one.in_short());
    }
    if count > SHOWN_RULES {
        let _ = write!(text, "\n  and {} more", count - SHOWN_RULES);
    }
    Some(text)
}
