//! Whether one value fits.

use std::borrow::Cow;
use std::cmp::Ordering;

#[cfg(feature = "json")]
use serde_json::Value;

use crate::message::field::text_of;

#[cfg(feature = "json")]
use crate::matchers::json::{Extent, agree};
use crate::matchers::number::Number;

use super::{Comparator, Found, Literal, Test};

pub(super) fn fits(test: &Test, found: Found<'_>) -> bool {
    match test {
        Test::Equal(literal) => equals(literal, found),
        Test::Contains(part) => any_reading(part, found, is_within),
        Test::StartsWith(part) => any_reading(part, found, <[u8]>::starts_with),
        Test::EndsWith(part) => any_reading(part, found, <[u8]>::ends_with),
        #[cfg(feature = "regex")]
        Test::Regex(regex) => regex.is_match(&text(found)),
        Test::Compare(comparator, number) => {
            let order = number_of(found).and_then(|found| found.compare(*number));
            order.is_some_and(|order| comparator.takes(order))
        }
        Test::Closure { check, .. } => check(&text(found)),
        Test::Path(template) => matches!(found, Found::Path(path) if template.fits(path)),
        // Those look at all values together: `Matcher::accepts`.
        Test::Present | Test::Absent | Test::Not(_) | Test::OneOf(_) => false,
    }
}

impl Comparator {
    fn takes(self, order: Ordering) -> bool {
        match self {
            Comparator::Greater => order == Ordering::Greater,
            Comparator::GreaterOrEqual => order != Ordering::Less,
            Comparator::Less => order == Ordering::Less,
            Comparator::LessOrEqual => order != Ordering::Greater,
        }
    }
}

fn equals(literal: &Literal, found: Found<'_>) -> bool {
    match found {
        Found::Text(actual) => equals_text(literal, actual),
        Found::Field(actual) => match literal {
            Literal::Bytes(expected) => **expected == *actual,
            Literal::Text(expected) => {
                // What is ASCII reads the same in both encodings.
                *expected.as_bytes() == *actual || (!expected.is_ascii() && is_latin1(expected, actual))
            }
            _ => equals_text(literal, &text_of(actual)),
        },
        Found::Body(actual) => match literal {
            Literal::Bytes(expected) => **expected == *actual,
            Literal::Text(expected) => *expected.as_bytes() == *actual,
            _ => std::str::from_utf8(actual).is_ok_and(|actual| equals_text(literal, actual)),
        },
        Found::Path(path) => equals_text(literal, &path.decoded()),
        #[cfg(feature = "json")]
        Found::Json(actual) => equals_json(literal, actual),
    }
}

fn equals_text(literal: &Literal, actual: &str) -> bool {
    match literal {
        Literal::Text(expected) => expected == actual,
        Literal::Bytes(expected) => **expected == *actual.as_bytes(),
        Literal::Number(expected) => expected.is_written(actual),
        Literal::Bool(expected) => actual == if *expected { "true" } else { "false" },
        #[cfg(feature = "json")]
        Literal::Json(expected) => {
            expected.as_str() == Some(actual)
                || serde_json::from_str(actual).is_ok_and(|actual| agree(expected, &actual, Extent::Equal))
        }
    }
}

#[cfg(feature = "json")]
fn equals_json(literal: &Literal, actual: &Value) -> bool {
    match (literal, actual) {
        (Literal::Text(expected), Value::String(actual)) => expected == actual,
        (Literal::Bytes(expected), Value::String(actual)) => **expected == *actual.as_bytes(),
        (Literal::Number(expected), Value::Number(actual)) => Number::of_json(actual).equals(*expected),
        (Literal::Bool(expected), Value::Bool(actual)) => expected == actual,
        (Literal::Json(expected), _) => agree(expected, actual, Extent::Equal),
        _ => false,
    }
}

/// Whether bytes that are not UTF-8 read as this text in Latin-1.
fn is_latin1(text: &str, bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err() && text.chars().eq(bytes.iter().map(|&byte| char::from(byte)))
}

/// Whether the bytes of a value, or those of the text that it is read as, have a part.
fn any_reading(part: &[u8], found: Found<'_>, has: fn(&[u8], &[u8]) -> bool) -> bool {
    match found {
        Found::Text(whole) => has(whole.as_bytes(), part),
        Found::Body(whole) => has(whole, part),
        Found::Field(whole) => has(whole, part) || (!part.is_ascii() && has(text_of(whole).as_bytes(), part)),
        Found::Path(path) => has(path.decoded().as_bytes(), part),
        #[cfg(feature = "json")]
        Found::Json(Value::String(whole)) => has(whole.as_bytes(), part),
        #[cfg(feature = "json")]
        Found::Json(value) => has(value.to_string().as_bytes(), part),
    }
}

fn is_within(whole: &[u8], part: &[u8]) -> bool {
    if let (Ok(whole), Ok(part)) = (std::str::from_utf8(whole), std::str::from_utf8(part)) {
        return whole.contains(part);
    }
    let (Some(&first), Some(last)) = (part.first(), whole.len().checked_sub(part.len())) else {
        return part.is_empty();
    };
    let mut at = 0;
    while at <= last {
        if whole[at] == first && whole[at..at + part.len()] == *part {
            return true;
        }
        at += 1;
    }
    false
}

/// What closures, expressions and reports read.
pub(in crate::matchers) fn text(found: Found<'_>) -> Cow<'_, str> {
    match found {
        Found::Text(text) => Cow::Borrowed(text),
        Found::Field(bytes) => text_of(bytes),
        Found::Body(bytes) => String::from_utf8_lossy(bytes),
        Found::Path(path) => path.decoded(),
        #[cfg(feature = "json")]
        Found::Json(Value::String(text)) => Cow::Borrowed(text),
        #[cfg(feature = "json")]
        Found::Json(value) => Cow::Owned(value.to_string()),
    }
}

/// What was sent, where that is known.
pub(super) fn bytes(found: Found<'_>) -> Option<&[u8]> {
    match found {
        Found::Text(text) => Some(text.as_bytes()),
        Found::Field(bytes) | Found::Body(bytes) => Some(bytes),
        Found::Path(_) => None,
        #[cfg(feature = "json")]
        Found::Json(value) => value.as_str().map(str::as_bytes),
    }
}

fn number_of(found: Found<'_>) -> Option<Number> {
    match found {
        Found::Text(text) => Number::parse(text),
        Found::Field(bytes) | Found::Body(bytes) => Number::parse(std::str::from_utf8(bytes).ok()?),
        Found::Path(_) => None,
        #[cfg(feature = "json")]
        Found::Json(Value::Number(number)) => Some(Number::of_json(number)),
        #[cfg(feature = "json")]
        Found::Json(_) => None,
    }
}
