//! One part of a pattern besides method and path: what it looks at, and what it wants there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::Method;

use crate::message::request::Request;

use super::difference::cut;
#[cfg(feature = "json")]
use super::json;
#[cfg(feature = "multipart")]
use super::multipart::PartPattern;
use super::pattern::Pattern;
use super::subject::Subject;
use super::value::{Found, Matcher, Test};

/// One part of a pattern.
#[derive(Clone)]
pub(crate) struct Criterion {
    /// Its own, so that a closure in it is asked once for each request.
    number: u64,
    asks_author: bool,
    needs_body: bool,
    pub(super) kind: Arc<Kind>,
}

pub(crate) type Check = dyn Fn(&Request) -> bool + Send + Sync;

pub(crate) enum Kind {
    /// A second method: where patterns are combined.
    Method(Method),
    /// A path that is no template, or a second one.
    Path(Matcher),
    Query(String, Matcher),
    /// All of the query, as sent.
    RawQuery(Matcher),
    Header(String, Matcher),
    Cookie(String, Matcher),
    BasicAuth(Matcher, Matcher),
    Bearer(Matcher),
    Body(Matcher),
    #[cfg(feature = "json")]
    Json(serde_json::Value, json::Extent),
    #[cfg(feature = "json")]
    JsonPath(String, Matcher),
    Form(String, Matcher),
    #[cfg(feature = "multipart")]
    Multipart(PartPattern),
    Matching(String, Box<Check>),
    Not(Pattern),
    AnyOf(Vec<Pattern>),
}

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Criterion {
    pub(crate) fn new(kind: Kind) -> Criterion {
        let (asks_author, needs_body) = (kind.asks_author(), kind.needs_body());
        Criterion { number: NEXT.fetch_add(1, Relaxed), asks_author, needs_body, kind: Arc::new(kind) }
    }

    /// Whether a closure of the author's takes part.
    pub(crate) fn asks_author(&self) -> bool {
        self.asks_author
    }

    /// Whether it cannot be judged by the head alone.
    pub(crate) fn needs_body(&self) -> bool {
        self.needs_body
    }

    /// A closure is asked once for each subject, whatever else is asked of it.
    pub(crate) fn fits(&self, subject: &Subject<'_>) -> bool {
        match &*self.kind {
            // Their inner criteria remember for themselves.
            kind @ (Kind::Not(_) | Kind::AnyOf(_)) => kind.holds(subject),
            kind if self.asks_author => subject.once(self.number, || kind.holds(subject)),
            kind => kind.holds(subject),
        }
    }
}

impl Kind {
    /// The matcher of what has one value to look at.
    pub(super) fn matcher(&self) -> Option<&Matcher> {
        match self {
            Kind::Path(matcher)
            | Kind::Query(_, matcher)
            | Kind::RawQuery(matcher)
            | Kind::Header(_, matcher)
            | Kind::Cookie(_, matcher)
            | Kind::Bearer(matcher)
            | Kind::Body(matcher)
            | Kind::Form(_, matcher) => Some(matcher),
            #[cfg(feature = "json")]
            Kind::JsonPath(_, matcher) => Some(matcher),
            _ => None,
        }
    }

    fn asks_author(&self) -> bool {
        match self {
            Kind::BasicAuth(user, password) => user.asks_author() || password.asks_author(),
            #[cfg(feature = "multipart")]
            Kind::Multipart(part) => part.asks_author(),
            Kind::Matching(..) => true,
            Kind::Not(pattern) => pattern.asks_author(),
            Kind::AnyOf(patterns) => patterns.iter().any(Pattern::asks_author),
            kind => kind.matcher().is_some_and(Matcher::asks_author),
        }
    }

    fn needs_body(&self) -> bool {
        match self {
            Kind::Method(_)
            | Kind::Path(_)
            | Kind::Query(..)
            | Kind::RawQuery(_)
            | Kind::Header(..)
            | Kind::Cookie(..)
            | Kind::BasicAuth(..)
            | Kind::Bearer(_) => false,
            #[cfg(feature = "json")]
            Kind::Json(..) | Kind::JsonPath(..) => true,
            #[cfg(feature = "multipart")]
            Kind::Multipart(_) => true,
            Kind::Body(_) | Kind::Form(..) | Kind::Matching(..) => true,
            Kind::Not(pattern) => pattern.needs_body(),
            Kind::AnyOf(patterns) => patterns.iter().any(Pattern::needs_body),
        }
    }

    fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Kind::Method(method) => method.as_str().as_bytes() == subject.request.head().method(),
            Kind::Path(matcher) => matcher.accepts(&[Found::Path(&subject.path)]),
            Kind::Query(name, matcher) => matcher.accepts(subject.query(name).as_slice()),
            Kind::RawQuery(matcher) => matcher.accepts(subject.raw_query().as_slice()),
            Kind::Header(name, matcher) => matcher.accepts(subject.fields(name).as_slice()),
            Kind::Cookie(name, matcher) => matcher.accepts(subject.cookies(name).as_slice()),
            Kind::BasicAuth(user, password) => match subject.request.basic_auth() {
                Some((sent_user, sent_password)) => {
                    user.accepts(&[Found::Text(&sent_user)]) && password.accepts(&[Found::Text(&sent_password)])
                }
                None => user.accepts(&[]) && password.accepts(&[]),
            },
            Kind::Bearer(matcher) => matcher.accepts(subject.bearer().as_slice()),
            Kind::Body(matcher) => body_fits(matcher, subject.request.body()),
            #[cfg(feature = "json")]
            Kind::Json(expected, extent) => subject.json().is_ok_and(|actual| json::agree(expected, actual, *extent)),
            #[cfg(feature = "json")]
            Kind::JsonPath(pointer, matcher) => subject.json().is_ok_and(|value| match value.pointer(pointer) {
                Some(member) => matcher.accepts(&[Found::Json(member)]),
                None => matcher.accepts(&[]),
            }),
            Kind::Form(name, matcher) => subject.request.is_form() && matcher.accepts(subject.form(name).as_slice()),
            #[cfg(feature = "multipart")]
            Kind::Multipart(part) => subject.parts().is_ok_and(|parts| parts.iter().any(|sent| part.fits(sent))),
            Kind::Matching(_, check) => check(subject.request),
            Kind::Not(pattern) => !pattern.accepts(subject),
            Kind::AnyOf(patterns) => patterns.iter().any(|pattern| pattern.accepts(subject)),
        }
    }
}

/// A body of no bytes is an empty text, and no body as well.
fn body_fits(matcher: &Matcher, body: &[u8]) -> bool {
    if body.is_empty() && (matcher.accepts(&[]) || asks_for_presence(matcher)) {
        return matcher.accepts(&[]);
    }
    matcher.accepts(&[Found::Body(body)])
}

fn asks_for_presence(matcher: &Matcher) -> bool {
    match matcher.test() {
        Test::Present | Test::Absent => true,
        Test::Not(inner) => asks_for_presence(inner),
        Test::OneOf(matchers) => matchers.iter().any(asks_for_presence),
        _ => false,
    }
}

/// As a part of the name of a pattern: `header accept: text containing "json"`.
impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 80;
        match &*self.kind {
            #[cfg(feature = "json")]
            Kind::Json(value, json::Extent::Partial) => write!(f, "json containing {}", json::shown_json(value, MOST)),
            #[cfg(feature = "multipart")]
            Kind::Multipart(part) => fmt::Display::fmt(part, f),
            Kind::Matching(what, _) => write!(f, "matching {what:?}"),
            Kind::Not(_) => f.write_str(&self.kind.what()),
            Kind::AnyOf(_) => write!(f, "any of ({})", self.kind.expected()),
            kind => write!(f, "{}: {}", kind.what(), cut(&kind.expected(), MOST)),
        }
    }
}

impl fmt::Debug for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Criterion({self})")
    }
}

#[cfg(test)]
mod tests;
