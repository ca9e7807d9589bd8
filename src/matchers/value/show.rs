//! How matchers and values read in reports.

use std::fmt;

use crate::matchers::difference::{as_text, cut, hex, one_line, shown_bytes, shown_text};
#[cfg(feature = "json")]
use crate::matchers::json::shown_json;
use crate::message::field::text_of;

use super::{Comparator, Found, Literal, Matcher, Test};

/// Characters that are shown of what has no quotes.
const MOST: usize = 200;

/// What is expected, as a noun: `"ada"`, `text containing "json"`, `nothing`.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.test() {
            Test::Equal(literal) => write!(f, "{literal}"),
            Test::Contains(bytes) => part(f, "containing", bytes),
            Test::StartsWith(bytes) => part(f, "starting with", bytes),
            Test::EndsWith(bytes) => part(f, "ending with", bytes),
            #[cfg(feature = "regex")]
            Test::Regex(regex) => write!(f, "text matching /{}/", one_line(regex.as_str())),
            Test::Present => f.write_str("anything"),
            Test::Absent => f.write_str("nothing"),
            Test::Not(inner) if matches!(inner.test(), Test::Absent) => f.write_str("anything"),
            Test::Not(inner) => write!(f, "anything but {inner}"),
            Test::OneOf(matchers) => {
                for (at, matcher) in matchers.iter().enumerate() {
                    write!(f, "{}{matcher}", if at == 0 { "one of " } else { ", " })?;
                }
                Ok(())
            }
            Test::Compare(comparator, number) => write!(f, "a number {comparator} {number}"),
            Test::Closure { what: Some(what), .. } => f.write_str(&one_line(what)),
            Test::Closure { what: None, .. } => f.write_str("what a closure accepts"),
            Test::Path(template) => write!(f, "{template}"),
        }
    }
}

fn part(f: &mut fmt::Formatter<'_>, where_it_is: &str, bytes: &[u8]) -> fmt::Result {
    match as_text(bytes) {
        Some(text) => write!(f, "text {where_it_is} {}", shown_text(text)),
        None => write!(f, "bytes {where_it_is} {}", hex(bytes)),
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matcher({self})")
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Text(text) => f.write_str(&shown_text(text)),
            Literal::Bytes(bytes) => f.write_str(&shown_bytes(bytes)),
            Literal::Number(number) => write!(f, "{number}"),
            Literal::Bool(bool) => write!(f, "{bool}"),
            #[cfg(feature = "json")]
            Literal::Json(value) => f.write_str(&shown_json(value, MOST)),
        }
    }
}

impl fmt::Display for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
        })
    }
}

/// The value as reports show it: quoted, cut if it is long.
impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Found::Text(text) => shown_text(text),
            Found::Field(bytes) => shown_text(&text_of(bytes)),
            Found::Body(bytes) => shown_bytes(bytes),
            // As a template would have to be written.
            Found::Path(path) if path.key.trim() == path.key => one_line(&cut(&path.key, MOST)),
            Found::Path(path) => shown_text(&path.key),
            #[cfg(feature = "json")]
            Found::Json(value) => shown_json(value, MOST),
        })
    }
}
