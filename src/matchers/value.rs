//! What a value has to be.

mod compare;
mod constructors;
mod into_matcher;
mod show;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::{CONTROLS, percent_encode};

use super::difference::{Details, as_text, byte_differences, text_differences};
#[cfg(feature = "json")]
use super::json::{self, Extent};
use super::number::Number;
use super::path::{PathTemplate, RequestPath};

pub(super) use compare::text as text_of_found;
#[cfg(feature = "regex")]
pub use constructors::regex;
pub use constructors::{
    absent, contains, ends_with, equals, ge, gt, le, lt, matching, not, one_of, present, starts_with,
};
pub use into_matcher::IntoMatcher;

/// What a value has to be: of a header field, a query parameter, a member of a JSON body.
///
/// Made of a plain value ([`IntoMatcher`]), or by [`contains`], [`starts_with`], [`ends_with`], `regex`, [`present`],
/// [`absent`], [`not`], [`one_of`], [`gt`], [`ge`], [`lt`], [`le`] or [`matching`]. Cheap to clone; a reference does everywhere.
///
/// Of several values (a repeated query parameter), at least one has to fit. For [`not`] there has to be a value, and none may
/// be what it excludes; for [`absent`] there has to be none.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let some_tag = one_of(["a", "b"]);
/// let request = Request::new("GET", "/?tag=x&tag=b");
/// assert!(any().query("tag", &some_tag).check(&request).fits());
/// assert!(!any().query("tag", not(&some_tag)).check(&request).fits());
/// assert!(any().query("page", absent()).check(&request).fits());
/// ```
#[must_use = "a matcher does nothing by itself: give it to `.header(..)`, `.query(..)`, `.body(..)` ..."]
#[derive(Clone)]
pub struct Matcher {
    test: Arc<Test>,
}

pub(crate) enum Test {
    Equal(Literal),
    Contains(Bytes),
    StartsWith(Bytes),
    EndsWith(Bytes),
    #[cfg(feature = "regex")]
    Regex(regex_lite::Regex),
    Present,
    Absent,
    Not(Matcher),
    OneOf(Vec<Matcher>),
    Compare(Comparator, Number),
    Closure {
        what: Option<String>,
        check: Box<dyn Fn(&str) -> bool + Send + Sync>,
    },
    /// A plain string where a path is compared.
    Path(PathTemplate),
}

/// A plain value, which means equal.
#[derive(Debug, Clone)]
pub(crate) enum Literal {
    Text(String),
    Bytes(Bytes),
    Number(Number),
    Bool(bool),
    #[cfg(feature = "json")]
    Json(serde_json::Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparator {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A value of a request that a matcher looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'a> {
    /// Decoded text: a query parameter, a cookie, a form field, a token.
    Text(&'a str),
    /// A header field as sent: text if it is UTF-8, else Latin-1.
    Field(&'a [u8]),
    /// A body, or the content of a part.
    Body(&'a [u8]),
    Path(&'a RequestPath<'a>),
    #[cfg(feature = "json")]
    Json(&'a serde_json::Value),
}

impl Matcher {
    pub(crate) fn new(test: Test) -> Matcher {
        Matcher { test: Arc::new(test) }
    }

    pub(crate) fn test(&self) -> &Test {
        &self.test
    }

    /// The same where paths are compared: a plain string is a template, also within `not` and `one_of`. Panics at the caller's
    /// line if it is no path.
    #[track_caller]
    pub(crate) fn for_path(self) -> Matcher {
        match self.test() {
            Test::Equal(Literal::Text(text)) => Matcher::new(Test::Path(PathTemplate::parse(text))),
            Test::Equal(Literal::Bytes(bytes)) => {
                let text =
                    std::str::from_utf8(bytes).map_or_else(|_| percent_encode(bytes, CONTROLS).into(), Cow::from);
                panic!("a path is text, and these are bytes: write {text:?}");
            }
            Test::Equal(_) => panic!(
                "a path is text, and {self} is not: write a string, \"/users/7\", or a template, \"/users/{{id}}\""
            ),
            Test::Not(inner) => Matcher::new(Test::Not(inner.clone().for_path())),
            Test::OneOf(matchers) => {
                let mut paths = Vec::with_capacity(matchers.len());
                // A closure would lose the caller's line.
                for matcher in matchers {
                    paths.push(matcher.clone().for_path());
                }
                Matcher::new(Test::OneOf(paths))
            }
            _ => self,
        }
    }

    /// The same where JSON is compared. Panics at the caller's line if it is something that no JSON is.
    #[cfg(feature = "json")]
    #[track_caller]
    pub(crate) fn for_json(self) -> Matcher {
        match self.test() {
            Test::Equal(Literal::Bytes(bytes)) => {
                let string = std::str::from_utf8(bytes).map(|text| format!(", or {text:?} for a string"));
                panic!("bytes are not JSON: write json!({:?}) for an array{}", &bytes[..], string.unwrap_or_default());
            }
            Test::Not(inner) => drop(inner.clone().for_json()),
            Test::OneOf(matchers) => {
                // A closure would lose the caller's line.
                for matcher in matchers {
                    drop(matcher.clone().for_json());
                }
            }
            _ => (),
        }
        self
    }

    /// The plain texts in it, also within `not` and `one_of`.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self.test() {
            Test::Equal(Literal::Text(text)) => vec![text],
            Test::Not(inner) => inner.texts(),
            Test::OneOf(matchers) => matchers.iter().flat_map(Matcher::texts).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether these values fit: none for what is absent. Of several, one has to; for `not`, none may.
    pub(crate) fn accepts(&self, found: &[Found<'_>]) -> bool {
        match &*self.test {
            Test::Present => !found.is_empty(),
            Test::Absent => found.is_empty(),
            Test::Not(inner) => !found.is_empty() && !inner.accepts(found),
            Test::OneOf(matchers) => {
                let mut at = 0;
                while at < matchers.len() && !matchers[at].accepts(found) {
                    at += 1;
                }
                at < matchers.len()
            }
            test => {
                let mut at = 0;
                while at < found.len() && !compare::fits(test, found[at]) {
                    at += 1;
                }
                at < found.len()
            }
        }
    }

    /// Whether a closure of the author's takes part.
    pub(crate) fn asks_author(&self) -> bool {
        match &*self.test {
            Test::Closure { .. } => true,
            Test::Not(inner) => inner.asks_author(),
            Test::OneOf(matchers) => matchers.iter().any(Matcher::asks_author),
            _ => false,
        }
    }

    /// Whether it fits everything that is there, so that its opposite fits nothing.
    fn takes_everything(&self) -> bool {
        match &*self.test {
            Test::Present => true,
            Test::Contains(part) | Test::StartsWith(part) | Test::EndsWith(part) => part.is_empty(),
            Test::Not(inner) => matches!(inner.test(), Test::Absent),
            Test::OneOf(matchers) => matchers.iter().any(Matcher::takes_everything),
            _ => false,
        }
    }

    /// Where a value differs, if it takes more than "expected this, got that".
    pub(crate) fn details(&self, found: &Found<'_>) -> Option<Details> {
        let Test::Equal(literal) = self.test() else {
            return None;
        };
        match literal {
            Literal::Text(expected) => match found {
                Found::Body(actual) => differences(expected.as_bytes(), actual),
                #[cfg(feature = "json")]
                Found::Json(actual) => text_differences(expected, actual.as_str()?),
                _ => text_differences(expected, &compare::text(*found)),
            },
            Literal::Bytes(expected) => differences(expected, compare::bytes(*found)?),
            Literal::Number(_) | Literal::Bool(_) => None,
            #[cfg(feature = "json")]
            Literal::Json(expected) => match found {
                Found::Json(actual) => members(expected, actual),
                _ => members(expected, &serde_json::from_str(&compare::text(*found)).ok()?),
            },
        }
    }
}

fn differences(expected: &[u8], actual: &[u8]) -> Option<Details> {
    match (as_text(expected), as_text(actual)) {
        (Some(expected), Some(actual)) => text_differences(expected, actual),
        _ => byte_differences(expected, actual),
    }
}

/// Differences below the root; of the root itself both values say it all.
#[cfg(feature = "json")]
fn members(expected: &serde_json::Value, actual: &serde_json::Value) -> Option<Details> {
    let nested = (expected.is_object() && actual.is_object()) || (expected.is_array() && actual.is_array());
    if nested { json::differences(expected, actual, Extent::Equal) } else { None }
}
