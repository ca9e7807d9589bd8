//! How near a request is to a pattern that it does not fit: which one a report shows.

use std::cmp::Reverse;

use super::alike::{MOST, apart, distance};
use super::criterion::{Criterion, Kind};
#[cfg(feature = "json")]
use super::json::{self, Extent};
use super::pattern::Pattern;
use super::subject::Subject;
use super::value::{Found, Literal, Matcher, Test, text_of_found};

/// A value that is missing, or cannot be compared, is further away than any that differs.
const FAR: usize = 1_000_000;

/// How near a request is to a pattern; the greater, the nearer. A path that fits means more than any that does not, then
/// how much of the path agrees and whether the method does, then where, then how many parts fit, then how alike the paths are as text,
/// then how little the other parts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Nearness {
    pub(crate) path_fits: bool,
    pub(crate) agreeing: usize,
    /// Segments that agree before any that does not.
    pub(crate) leading: usize,
    pub(crate) fitting: usize,
    pub(crate) alike: usize,
    /// Costs more than the others: [`Pattern::apart`].
    pub(crate) apart: Reverse<usize>,
    /// Whether the paths have anything to do with each other. What differs elsewhere is worth telling only then.
    pub(crate) related: bool,
}

impl Pattern {
    /// How near a request is, as far as that is known without a closure being asked; how little differs is left out.
    pub(crate) fn nearness(&self, subject: &Subject<'_>) -> Nearness {
        let (path, method) = (&subject.path, self.fits_method(subject.request));
        let has_alternatives = self.parts.more.iter().any(|criterion| matches!(&*criterion.kind, Kind::AnyOf(_)));
        // Of several alternatives each has a method of its own.
        let method_counts = method && (self.parts.method.is_some() || !has_alternatives);
        let agreeing = usize::from(method_counts);
        let mut nearness = Nearness { path_fits: true, agreeing, alike: MOST, related: true, ..Nearness::default() };
        nearness.fitting = usize::from(method && self.parts.method.is_some());
        if let Some(template) = &self.parts.path {
            nearness.path_fits = template.fits(path);
            nearness.fitting += usize::from(nearness.path_fits);
            let (all, leading) = template.nearness(path);
            (nearness.agreeing, nearness.leading) = (agreeing + all, leading);
            if !nearness.path_fits {
                nearness.alike -= distance(template.text(), &path.key);
                nearness.related = template.is_related(path);
            }
        }
        for criterion in &self.parts.more {
            let fits = !criterion.asks_author() && criterion.fits(subject);
            nearness.fitting += usize::from(fits);
            match &*criterion.kind {
                Kind::Path(matcher) if !criterion.asks_author() && !fits => {
                    (nearness.path_fits, nearness.alike) = (false, 0);
                    nearness.related = match (matcher.test(), &self.parts.path) {
                        (Test::Path(template), _) => template.is_related(path),
                        (_, template) => template.is_some() && nearness.related,
                    };
                }
                Kind::AnyOf(patterns) => {
                    let best = patterns.iter().map(|pattern| pattern.nearness(subject)).max().unwrap_or_default();
                    nearness.path_fits &= best.path_fits;
                    nearness.agreeing += best.agreeing;
                    nearness.leading += best.leading;
                    nearness.alike = nearness.alike.min(best.alike);
                    nearness.related &= best.related;
                }
                _ => (),
            }
        }
        nearness
    }

    /// How much differs besides method and path, of all parts together; what a closure decides is left out.
    pub(crate) fn apart(&self, subject: &Subject<'_>) -> usize {
        let differing = self.differing(subject);
        differing.fold(0, |sum, criterion| criterion.kind.apart(subject).saturating_add(sum))
    }

    fn differing<'a>(&'a self, subject: &'a Subject<'_>) -> impl Iterator<Item = &'a Criterion> {
        self.parts.more.iter().filter(|criterion| !criterion.asks_author() && !criterion.fits(subject))
    }
}

impl Kind {
    fn apart(&self, subject: &Subject<'_>) -> usize {
        match self {
            Kind::Method(_) | Kind::Matching(..) => 0,
            Kind::Path(matcher) => matcher.apart(&[Found::Path(&subject.path)]),
            Kind::Query(name, matcher) => matcher.apart(subject.query(name).as_slice()),
            Kind::RawQuery(matcher) => matcher.apart(subject.raw_query().as_slice()),
            Kind::Header(name, matcher) => matcher.apart(subject.fields(name).as_slice()),
            Kind::Cookie(name, matcher) => matcher.apart(subject.cookies(name).as_slice()),
            Kind::BasicAuth(user, password) => match subject.request.basic_auth() {
                Some((sent_user, sent_password)) => {
                    user.apart(&[Found::Text(&sent_user)]) + password.apart(&[Found::Text(&sent_password)])
                }
                None => FAR,
            },
            Kind::Bearer(matcher) => matcher.apart(subject.bearer().as_slice()),
            Kind::Body(_) if subject.request.body().is_empty() => FAR,
            Kind::Body(matcher) => matcher.apart(&[Found::Body(subject.request.body())]),
            #[cfg(feature = "json")]
            Kind::Json(expected, extent) => {
                subject.json().map_or(FAR, |actual| json::weight(expected, actual, *extent).min(FAR))
            }
            #[cfg(feature = "json")]
            Kind::JsonPath(pointer, matcher) => {
                let found = subject.json().ok().and_then(|document| document.pointer(pointer));
                found.map_or(FAR, |found| matcher.apart(&[Found::Json(found)]))
            }
            Kind::Form(..) if !subject.request.is_form() => FAR,
            Kind::Form(name, matcher) => matcher.apart(subject.form(name).as_slice()),
            #[cfg(feature = "multipart")]
            Kind::Multipart(part) => subject.parts().ok().and_then(|parts| part.apart(parts)).unwrap_or(FAR),
            Kind::Not(_) => 1,
            Kind::AnyOf(patterns) => {
                let whole = |pattern: &Pattern| {
                    let head = !pattern.fits_method(subject.request) || !pattern.fits_path(&subject.path);
                    let differing = pattern.differing(subject).count() + usize::from(head);
                    pattern.apart(subject).saturating_add(differing * FAR)
                };
                patterns.iter().map(whole).min().unwrap_or(FAR)
            }
        }
    }
}

impl Matcher {
    /// How little would have to be changed in one of the values to make it fit.
    pub(super) fn apart(&self, found: &[Found<'_>]) -> usize {
        match self.test() {
            Test::Absent => found.len(),
            _ if found.is_empty() => FAR,
            Test::Equal(literal) => found.iter().map(|found| literal.apart(*found)).min().unwrap_or(FAR),
            Test::OneOf(matchers) => matchers.iter().map(|matcher| matcher.apart(found)).min().unwrap_or(FAR),
            _ => 1,
        }
    }
}

impl Literal {
    fn apart(&self, found: Found<'_>) -> usize {
        let to = |expected: &[u8]| apart(expected, text_of_found(found).as_bytes()).min(FAR);
        match (self, found) {
            (Literal::Text(expected), Found::Body(actual)) => apart(expected.as_bytes(), actual).min(FAR),
            (Literal::Bytes(expected), Found::Body(actual)) => apart(expected, actual).min(FAR),
            (Literal::Text(expected), _) => to(expected.as_bytes()),
            (Literal::Bytes(expected), _) => to(expected),
            (Literal::Number(_) | Literal::Bool(_), _) => to(self.to_string().as_bytes()),
            #[cfg(feature = "json")]
            (Literal::Json(expected), Found::Json(actual)) => json::weight(expected, actual, Extent::Equal).min(FAR),
            #[cfg(feature = "json")]
            (Literal::Json(expected), _) => serde_json::from_str(&text_of_found(found))
                .map_or(FAR, |actual| json::weight(expected, &actual, Extent::Equal).min(FAR)),
        }
    }
}
