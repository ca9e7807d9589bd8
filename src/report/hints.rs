//! Slips that are made again and again, where it is sure that it is one of them.

mod paths;
mod values;

use crate::matchers::verdict::{Comparison, Outcome, Verdict};
use crate::message::request::Request;

/// More than two guesses are none.
const SHOWN: usize = 2;

/// Who wants to know why a request does not fit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// A rule that does not answer.
    Rule,
    Assertion,
}

/// What may help the author, most likely first.
pub(super) fn hints(verdict: &Verdict, request: &Request, asking: Asking) -> Vec<String> {
    let mut hints = of_parts(verdict, request, asking);
    hints.dedup();
    hints.truncate(SHOWN);
    hints
}

fn of_parts(verdict: &Verdict, request: &Request, asking: Asking) -> Vec<String> {
    let mut hints = Vec::new();
    let is_path = |part: &&Comparison| part.what == "path";
    let path_fits = verdict.parts.iter().filter(is_path).all(Comparison::fits);
    for part in verdict.parts.iter().filter(|part| part.outcome == Outcome::Differs) {
        let hint = match part.what.as_str() {
            // Else it is no template, but what the text of a path has to be.
            "path" if part.expected.starts_with('/') => paths::of_path(&part.expected, request),
            "method" if path_fits => {
                let template = verdict.parts.iter().find(is_path).map(|part| part.expected.as_str());
                let path = template.filter(|template| template.starts_with('/')).unwrap_or(request.path());
                of_method(part, request, path, asking)
            }
            _ => values::of_value(part, request),
        };
        hints.extend(hint);
        hints.extend(part.alternatives.iter().flat_map(|alternative| of_parts(alternative, request, asking)));
    }
    hints
}

fn of_method(part: &Comparison, request: &Request, path: &str, asking: Asking) -> Option<String> {
    let method = request.method();
    if method == "HEAD" && part.expected == "GET" {
        return Some(match asking {
            Asking::Rule => format!("rules for GET do not answer HEAD: add one with head({path:?})"),
            Asking::Assertion => "GET does not stand for HEAD, which is a method of its own".to_owned(),
        });
    }
    let is_case = method.eq_ignore_ascii_case(&part.expected);
    is_case.then(|| format!("methods are compared with their case: the request has {method:?}"))
}
