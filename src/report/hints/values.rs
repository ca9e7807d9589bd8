//! Values and names that differ by a slip.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::matchers::verdict::Comparison;
use crate::message::decoded::cookie_pairs;
use crate::message::field::text_of;
use crate::message::request::Request;

/// A name this short is one letter away from too many others.
const SHORTEST_NAME: usize = 3;

/// What a value that is no path differs in.
pub(super) fn of_value(part: &Comparison, request: &Request) -> Option<String> {
    let (kind, name) = part.what.split_once(' ').unwrap_or((&part.what, ""));
    let is_missing = part.actual.is_none() && part.expected != "nothing";
    match kind {
        "header" if is_missing => {
            let names = request.headers().iter().map(crate::message::field::Field::name);
            of_name("header field", name, names.map(Cow::Borrowed))
        }
        "header" => of_element(part, name, request).or_else(|| of_case(part)),
        "query" if is_missing => of_name("query parameter", name, firsts(request.query_pairs())),
        "query" => of_encoding(part, name, request.query_pairs()).or_else(|| of_case(part)),
        "cookie" if is_missing => {
            let fields = request.head().fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"cookie"));
            let names = fields.flat_map(|(_, value)| cookie_pairs(value)).map(|(name, _)| text_of(name));
            of_name("cookie", name, names)
        }
        "form" if !request.is_form() => {
            let is_json = matches!(request.body().trim_ascii().first(), Some(b'{' | b'['));
            let hint = "the request has JSON; `.json(..)` and `.json_path(\"/..\", ..)` look into it";
            is_json.then(|| hint.to_owned())
        }
        "form" if is_missing => of_name("form field", name, firsts(request.form_pairs())),
        "form" => of_encoding(part, name, request.form_pairs()).or_else(|| of_case(part)),
        "json" => of_compression(request).or_else(|| of_json(part, name, is_missing, request)),
        "body" if part.expected.starts_with(['"', 't']) => of_compression(request).or_else(|| of_case(part)),
        "cookie" | "bearer" => of_case(part),
        _ => None,
    }
}

fn firsts(pairs: &[(String, String)]) -> impl Iterator<Item = Cow<'_, str>> {
    pairs.iter().map(|(name, _)| Cow::Borrowed(name.as_str()))
}

/// The text that is expected, if it is a plain one that is shown as it is.
fn plain(shown: &str) -> Option<&str> {
    let text = shown.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains(['"', '\\']) && !text.ends_with('…')).then_some(text)
}

fn of_name<'a>(what: &str, name: &str, found: impl Iterator<Item = Cow<'a, str>>) -> Option<String> {
    // Names of header fields have no case.
    let same_case = |text: &str| if what == "header field" { text.to_ascii_lowercase() } else { text.to_owned() };
    let mut near = None;
    for found in found {
        if found != name && is_written_otherwise(&found, name) {
            return Some(format!("the request has a {what} {found:?}, which is {name:?} written otherwise"));
        }
        if near.is_none() && is_near(&same_case(&found), &same_case(name)) {
            near = Some(format!("the request has a {what} {found:?}, one letter away from {name:?}"));
        }
    }
    near
}

/// Whether two names are the same but for their case, `-`, `_` and an `X-` before them.
fn is_written_otherwise(one: &str, other: &str) -> bool {
    let bare = |name: &str| {
        let name = name.to_lowercase();
        let name = name.strip_prefix("x-").unwrap_or(&name);
        name.chars().filter(|char| !matches!(char, '-' | '_')).collect::<String>()
    };
    let (one, other) = (bare(one), bare(other));
    one == other && !one.is_empty()
}

/// The field has what is expected, and more.
fn of_element(part: &Comparison, name: &str, request: &Request) -> Option<String> {
    let expected = plain(&part.expected).filter(|expected| !expected.is_empty())?;
    let mut values = request.head().fields().filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()));
    let has = values.any(|(_, value)| {
        let value = text_of(value);
        value.split(',').any(|element| {
            let element = element.trim();
            element == expected || element.split(';').next().is_some_and(|bare| bare.trim() == expected)
        })
    });
    has.then(|| format!("a field is compared as a whole: contains({expected:?})"))
}

fn of_case(part: &Comparison) -> Option<String> {
    let (expected, actual) = (plain(&part.expected)?, plain(part.actual.as_deref()?)?);
    let is_case = expected != actual && expected.to_lowercase() == actual.to_lowercase();
    is_case.then(|| "the values differ only in upper and lower case".to_owned())
}

/// What is expected is written as a client would send it.
fn of_encoding(part: &Comparison, name: &str, pairs: &[(String, String)]) -> Option<String> {
    let expected = plain(&part.expected).filter(|expected| expected.contains(['%', '+']))?;
    let blanks = expected.replace('+', " ");
    let decoded = percent_decode_str(&blanks).decode_utf8().ok()?;
    let came = pairs.iter().any(|(found, value)| found == name && *value == decoded);
    came.then(|| format!("values are compared decoded: write {decoded:?}"))
}

fn of_compression(request: &Request) -> Option<String> {
    let coding = request.header("content-encoding").map(str::trim).filter(|coding| {
        let codings = ["gzip", "x-gzip", "br", "deflate", "zstd", "compress"];
        codings.iter().any(|known| coding.eq_ignore_ascii_case(known))
    })?;
    Some(format!("the body is compressed (Content-Encoding: {coding}); patterns see it as it was sent"))
}

fn of_json(part: &Comparison, pointer: &str, is_missing: bool, request: &Request) -> Option<String> {
    if has_type(request, "application/x-www-form-urlencoded") {
        return Some("the request has a form; `.form(\"..\", ..)` looks into it".to_owned());
    }
    let actual = part.actual.as_deref();
    #[cfg(feature = "json")]
    {
        use serde_json::Value;

        let document = serde_json::from_slice::<Value>(request.body()).ok()?;
        let holds_json = |value: &Value| match value {
            Value::String(text) => {
                serde_json::from_str::<Value>(text).is_ok_and(|inner| inner.is_object() || inner.is_array())
            }
            _ => false,
        };
        if holds_json(&document) {
            return Some("the body is JSON encoded twice: a string that holds JSON".to_owned());
        }
        if part.expected.starts_with(['{', '[']) && document.pointer(pointer).is_some_and(holds_json) {
            return Some("the value is JSON encoded twice: a string that holds JSON".to_owned());
        }
        if let (true, Some((parent, name))) = (is_missing, pointer.rsplit_once('/')) {
            let members = document.pointer(parent)?.as_object()?;
            let name = name.replace("~1", "/").replace("~0", "~");
            return of_name("member", &name, members.keys().map(|name| Cow::Borrowed(name.as_str())));
        }
    }
    #[cfg(not(feature = "json"))]
    let _ = (pointer, is_missing);
    // Whole documents are told member by member, with their types.
    actual.and_then(|actual| of_type(&part.expected, actual)).or_else(|| of_case(part))
}

fn has_type(request: &Request, content_type: &str) -> bool {
    request.header("content-type").is_some_and(|value| value.to_ascii_lowercase().contains(content_type))
}

/// A number, `true` or `null` that stands in quotes on one side only.
fn of_type(expected: &str, actual: &str) -> Option<String> {
    let is_bare = |text: &str| matches!(text, "true" | "false" | "null") || text.parse::<f64>().is_ok();
    let in_quotes = |text: &str, bare: &str| text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) == Some(bare);
    let kind = |bare: &str| if bare.parse::<f64>().is_ok() { "number " } else { "literal " };
    if is_bare(expected) && in_quotes(actual, expected) {
        return Some(format!("the request has the string {actual} where the {}{expected} is expected", kind(expected)));
    }
    let is_slip = is_bare(actual) && in_quotes(expected, actual);
    is_slip.then(|| format!("the request has the {}{actual} where the string {expected} is expected", kind(actual)))
}

/// Whether two different names are one slip apart: a letter more, less, another one, or two that changed places.
fn is_near(one: &str, other: &str) -> bool {
    if one == other || one.len().min(other.len()) < SHORTEST_NAME {
        return false;
    }
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let start = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[start..], &other[start..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&one[..one.len() - end], &other[..other.len() - end]) {
        ([a, b], [c, d]) => a == d && b == c,
        (one, other) => one.len() <= 1 && other.len() <= 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::a_letter_less("x-tokn", "x-token", true)]
    #[case::a_letter_more("x-tokens", "x-token", true)]
    #[case::another_letter("x_token", "x-token", true)]
    #[case::two_that_changed_places("x-toekn", "x-token", true)]
    #[case::a_letter_repeated("pagge", "page", true)]
    #[case::the_same("page", "page", false)]
    #[case::two_letters("pages", "pa", false)]
    #[case::another_name("size", "page", false)]
    #[case::short_names("a", "b", false)]
    fn names_are_near_if_one_slip_lies_between(#[case] one: &str, #[case] other: &str, #[case] expected: bool) {
        assert_eq!((is_near(one, other), is_near(other, one)), (expected, expected));
    }

    #[rstest]
    #[case::a_number_as_text("36", "\"36\"", Some("the request has the string \"36\" where the number 36 is expected"))]
    #[case::text_as_a_number("\"36\"", "36", Some("the request has the number 36 where the string \"36\" is expected"))]
    #[case::a_bool_as_text(
        "true",
        "\"true\"",
        Some("the request has the string \"true\" where the literal true is expected")
    )]
    #[case::another_number("36", "\"37\"", None)]
    #[case::both_text("\"36\"", "\"36\"", None)]
    fn json_of_another_type_is_noticed(#[case] expected: &str, #[case] actual: &str, #[case] hint: Option<&str>) {
        assert_eq!(of_type(expected, actual).as_deref(), hint);
    }

    #[rstest]
    #[case::case("pageSize", "pagesize", true)]
    #[case::another_sign("page_size", "page-size", true)]
    #[case::both("pageSize", "page_size", true)]
    #[case::the_old_prefix("X-Request-Id", "request-id", true)]
    #[case::another_name("page", "pages", false)]
    #[case::nothing_left("_", "-", false)]
    fn names_may_be_written_otherwise(#[case] one: &str, #[case] other: &str, #[case] expected: bool) {
        assert_eq!((is_written_otherwise(one, other), is_written_otherwise(other, one)), (expected, expected));
    }
}
