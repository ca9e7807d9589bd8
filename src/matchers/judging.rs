//! How a request is judged: fits or not on the way to an answer, part by part where somebody wants to know why.

use std::cmp::Reverse;

use crate::message::request::Request;

use super::comparing::shown_name;
use super::criterion::{Criterion, Kind};
use super::path::{Params, PathTemplate, RequestPath};
use super::pattern::Pattern;
use super::subject::Subject;
use super::value::Found;
use super::verdict::{Comparison, Outcome, Verdict};

impl Pattern {
    pub(crate) fn accepts(&self, subject: &Subject<'_>) -> bool {
        self.fits_method(subject.request) && self.fits_path(&subject.path) && self.fits_rest(subject)
    }

    pub(crate) fn fits_method(&self, request: &Request) -> bool {
        match &self.parts.method {
            Some(method) => method.as_str().as_bytes() == request.head().method(),
            None => true,
        }
    }

    /// Whether the template fits, if there is one.
    pub(crate) fn fits_path(&self, path: &RequestPath<'_>) -> bool {
        match &self.parts.path {
            Some(template) => template.fits(path),
            None => true,
        }
    }

    /// Whether it asks for nothing but method and path.
    pub(crate) fn is_plain(&self) -> bool {
        self.parts.more.is_empty()
    }

    /// Whether everything fits but method and path, which are not looked at.
    pub(crate) fn fits_rest(&self, subject: &Subject<'_>) -> bool {
        match self.with_params(subject) {
            Some((request, template)) => self.fits_more(&Subject::with_params(&request, subject.memo, template)),
            None => self.fits_more(subject),
        }
    }

    fn fits_more(&self, subject: &Subject<'_>) -> bool {
        let mut at = 0;
        while at < self.parts.more.len() {
            if !self.parts.more[at].fits(subject) {
                return false;
            }
            at += 1;
        }
        true
    }

    /// The request as closures in this pattern see it: `param` tells what its placeholders stand for. `None` if that makes no
    /// difference.
    fn with_params(&self, subject: &Subject<'_>) -> Option<(Request, &PathTemplate)> {
        let template = self.parts.path.as_ref().filter(|template| template.segments().is_some())?;
        if !self.asks_author() {
            return None;
        }
        let mut request = subject.request.clone();
        request.set_match(Some(template.params(&subject.path)?), request.hit());
        Some((request, template))
    }

    /// Whether everything fits that the head alone can tell, without a closure being asked; method and path are not looked at.
    pub(crate) fn head_may_fit(&self, subject: &Subject<'_>) -> bool {
        let mut told = self.parts.more.iter().filter(|criterion| !criterion.needs_body() && !criterion.asks_author());
        told.all(|criterion| criterion.fits(subject))
    }

    /// Whether a closure of the author's takes part.
    pub(crate) fn asks_author(&self) -> bool {
        self.parts.more.iter().any(Criterion::asks_author)
    }

    pub(crate) fn needs_body(&self) -> bool {
        self.parts.more.iter().any(Criterion::needs_body)
    }

    /// What the names of the path stand for in a request that fits. A pattern without a path of its own has those of the first
    /// of its alternatives that fits.
    pub(crate) fn params_of(&self, subject: &Subject<'_>) -> Params {
        if let Some(template) = &self.parts.path {
            return template.params(&subject.path).unwrap_or_default();
        }
        let mut at = 0;
        while at < self.parts.more.len() {
            if let Kind::AnyOf(patterns) = &*self.parts.more[at].kind {
                let fitting = patterns.iter().find(|pattern| pattern.accepts(subject));
                return fitting.map(|pattern| pattern.params_of(subject)).unwrap_or_default();
            }
            at += 1;
        }
        Vec::new()
    }

    /// Judges a request part by part. A closure is asked only where everything before it fits.
    pub(crate) fn verdict(&self, subject: &Subject<'_>) -> Verdict {
        let mut parts = Vec::new();
        let outcome = |fits: bool| if fits { Outcome::Fits } else { Outcome::Differs };
        if let Some(method) = &self.parts.method {
            let mut part = Comparison::new("method", method.as_str());
            part.actual = Some(shown_name(subject.request.method()).into_owned());
            part.outcome = outcome(self.fits_method(subject.request));
            parts.push(part);
        }
        if let Some(template) = &self.parts.path {
            let mut part = Comparison::new("path", template.to_string());
            part.actual = Some(Found::Path(&subject.path).to_string()).filter(|path| !path.is_empty());
            part.outcome = outcome(template.fits(&subject.path));
            parts.push(part);
        }
        let mut ask = parts.iter().all(Comparison::fits);
        let request = self.with_params(subject);
        let with_params =
            request.as_ref().map(|(request, template)| Subject::with_params(request, subject.memo, template));
        for criterion in &self.parts.more {
            let part = criterion.compare(with_params.as_ref().unwrap_or(subject), ask);
            ask &= part.fits();
            parts.push(part);
        }
        let mut nearness = self.nearness(subject);
        nearness.fitting = parts.iter().filter(|part| part.fits()).count();
        nearness.apart = Reverse(self.apart(subject));
        Verdict { parts, nearness }
    }
}
