//! What a criterion expects, what came instead, and how that is said.

use std::borrow::Cow;

use crate::message::credentials::scheme_and_rest;
use crate::message::decoded::cookie_pairs;
use crate::message::field::text_of;

use super::criterion::{Criterion, Kind};
#[cfg(feature = "json")]
use super::difference::as_text;
use super::difference::{cut, one_line};
#[cfg(feature = "json")]
use super::json;
use super::pattern::Pattern;
use super::subject::{Several, Subject};
use super::value::{Found, Matcher};
use super::verdict::{Comparison, Outcome, Verdict};

impl Criterion {
    /// Whether it fits, with reasons. `ask` says whether closures may be asked: every part before this one fits.
    pub(crate) fn compare(&self, subject: &Subject<'_>, ask: bool) -> Comparison {
        let mut comparison = Comparison::new(self.kind.what(), self.kind.expected());
        if self.asks_author() && !ask {
            comparison.outcome = Outcome::NotAsked;
            return comparison;
        }
        if !self.fits(subject) {
            comparison.outcome = Outcome::Differs;
        }
        self.kind.tell(subject, &mut comparison);
        comparison
    }
}

impl Kind {
    pub(super) fn what(&self) -> String {
        match self {
            Kind::Method(_) => "method".to_owned(),
            Kind::Path(_) => "path".to_owned(),
            Kind::Query(name, _) => format!("query {}", shown_name(name)),
            Kind::RawQuery(_) => "raw query".to_owned(),
            Kind::Header(name, _) => format!("header {name}"),
            Kind::Cookie(name, _) => format!("cookie {name}"),
            Kind::BasicAuth(..) => "basic auth".to_owned(),
            Kind::Bearer(_) => "bearer".to_owned(),
            Kind::Body(_) => "body".to_owned(),
            #[cfg(feature = "json")]
            Kind::Json(..) => "json".to_owned(),
            #[cfg(feature = "json")]
            Kind::JsonPath(pointer, _) => one_line(format!("json {pointer}").trim_end()),
            Kind::Form(name, _) => format!("form {}", shown_name(name)),
            #[cfg(feature = "multipart")]
            Kind::Multipart(part) => format!("part {}", shown_name(&part.name)),
            Kind::Matching(what, _) => one_line(what),
            Kind::Not(pattern) => format!("not ({pattern})"),
            Kind::AnyOf(patterns) => format!("any of {}", patterns.len()),
        }
    }

    pub(super) fn expected(&self) -> String {
        match self {
            Kind::Method(method) => method.to_string(),
            Kind::BasicAuth(user, password) => format!("{user} with the password {password}"),
            #[cfg(feature = "json")]
            Kind::Json(value, json::Extent::Equal) => shown_json(value),
            #[cfg(feature = "json")]
            Kind::Json(value, json::Extent::Partial) => format!("JSON containing {}", shown_json(value)),
            #[cfg(feature = "multipart")]
            Kind::Multipart(part) => part.expected(),
            Kind::Matching(..) => "yes".to_owned(),
            Kind::Not(pattern) => format!("anything but {pattern}"),
            Kind::AnyOf(patterns) => patterns.iter().map(Pattern::to_string).collect::<Vec<_>>().join(" | "),
            kind => kind.matcher().map(Matcher::to_string).unwrap_or_default(),
        }
    }

    /// Says what came, and how it differs if it does.
    fn tell(&self, subject: &Subject<'_>, comparison: &mut Comparison) {
        let request = subject.request;
        match self {
            Kind::Method(_) => comparison.actual = Some(shown_name(request.method()).into_owned()),
            Kind::Path(matcher) => {
                tell_values(matcher, &Some(Found::Path(&subject.path)).into(), comparison, String::new);
            }
            Kind::Query(name, matcher) => {
                tell_values(matcher, &subject.query(name), comparison, || match request.query_bytes() {
                    Some(_) => listed("the query has", "the query is empty", firsts(request.query_pairs())),
                    None => "there is no query".to_owned(),
                });
            }
            Kind::RawQuery(matcher) => tell_values(matcher, &subject.raw_query(), comparison, String::new),
            Kind::Header(name, matcher) => tell_values(matcher, &subject.fields(name), comparison, || {
                let names = request.head().fields().map(|(name, _)| text_of(name));
                listed("the request has", "the request has no header fields", names)
            }),
            Kind::Cookie(name, matcher) => tell_values(matcher, &subject.cookies(name), comparison, || {
                let fields = request.head().fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"cookie"));
                let names = fields.flat_map(|(_, value)| cookie_pairs(value)).map(|(name, _)| text_of(name));
                listed("the request has the cookies", "the request has no cookies", names)
            }),
            Kind::BasicAuth(..) => match (request.basic_auth(), scheme_of(subject)) {
                (Some((user, password)), _) => {
                    let shown = |text: &str| Found::Text(text).to_string();
                    comparison.actual = Some(format!("{} with the password {}", shown(&user), shown(&password)));
                }
                (None, Some(scheme)) if scheme.eq_ignore_ascii_case("basic") => {
                    comparison.actual = Some("Basic credentials that cannot be decoded".to_owned());
                }
                (None, scheme) => comparison.actual = scheme.map(|scheme| format!("the scheme {scheme}")),
            },
            Kind::Bearer(matcher) => {
                let found = subject.bearer();
                tell_values(matcher, &found, comparison, String::new);
                if found.as_slice().is_empty() {
                    comparison.actual = scheme_of(subject).map(|scheme| format!("the scheme {scheme}"));
                }
            }
            Kind::Body(matcher) => {
                let body = request.body();
                let is_none = body.is_empty() && (!comparison.fits() || matcher.accepts(&[]));
                let body = (!is_none).then_some(Found::Body(body));
                tell_values(matcher, &body.into(), comparison, String::new);
            }
            #[cfg(feature = "json")]
            Kind::Json(expected, extent) => {
                if let Some(actual) = json_of(subject, comparison) {
                    comparison.actual = Some(shown_json(actual));
                    if !comparison.fits() {
                        comparison.differs(json::differences(expected, actual, *extent));
                    }
                }
            }
            #[cfg(feature = "json")]
            Kind::JsonPath(pointer, matcher) => {
                if let Some(document) = json_of(subject, comparison) {
                    let found = document.pointer(pointer).map(Found::Json).into();
                    tell_values(matcher, &found, comparison, || members_near(document, pointer));
                }
            }
            Kind::Form(..) if !request.is_form() => {
                const FORM: &str = "application/x-www-form-urlencoded";
                comparison.summary = Some(match request.field("content-type") {
                    Some(kind) => format!("the body is {}, not {FORM}", media_type(&text_of(kind))),
                    None => format!("the body has no content type, so it is not {FORM}"),
                });
            }
            Kind::Form(name, matcher) => tell_values(matcher, &subject.form(name), comparison, || {
                listed("the form has", "the form is empty", firsts(request.form_pairs()))
            }),
            #[cfg(feature = "multipart")]
            Kind::Multipart(part) => match subject.parts() {
                Ok(parts) => part.tell(parts, comparison),
                Err(reason) => comparison.summary = Some(reason.to_owned()),
            },
            Kind::Matching(..) if comparison.fits() => comparison.actual = Some("yes".to_owned()),
            Kind::Matching(..) => {
                comparison.actual = Some("no".to_owned());
                comparison.summary = Some("the closure said no".to_owned());
            }
            Kind::Not(_) if comparison.fits() => (),
            Kind::Not(_) => comparison.summary = Some("it fits".to_owned()),
            Kind::AnyOf(_) if comparison.fits() => (),
            Kind::AnyOf(patterns) => {
                comparison.summary = Some(String::new());
                comparison.alternatives = patterns.iter().map(|pattern| pattern.verdict(subject)).collect();
                let judged = patterns.iter().zip(&comparison.alternatives);
                comparison.details = judged.flat_map(|(pattern, verdict)| alternative(pattern, verdict)).collect();
            }
        }
    }
}

/// Says which values came; `others` says what came instead, if there are none.
pub(super) fn tell_values(
    matcher: &Matcher,
    found: &Several<'_>,
    comparison: &mut Comparison,
    others: impl FnOnce() -> String,
) {
    let found = found.as_slice();
    comparison.actual = shown_values(found);
    match found {
        _ if comparison.fits() => (),
        [] => {
            let others = others();
            if !others.is_empty() {
                comparison.summary = Some(format!("expected {}, got nothing; {others}", comparison.expected));
            }
        }
        [one] => comparison.differs(matcher.details(one)),
        _ => (),
    }
}

/// `"a", "b" and "c"`.
pub(super) fn shown_values(found: &[Found<'_>]) -> Option<String> {
    const MOST: usize = 8;
    let (last, before) = found.split_last()?;
    if found.len() > MOST {
        let shown: Vec<String> = found[..MOST].iter().map(Found::to_string).collect();
        return Some(format!("{}, … ({} in all)", shown.join(", "), found.len()));
    }
    let before: Vec<String> = before.iter().map(Found::to_string).collect();
    Some(if before.is_empty() { last.to_string() } else { format!("{} and {last}", before.join(", ")) })
}

/// Names of what is there, each once.
pub(super) fn listed<'a>(there: &str, empty: &str, names: impl Iterator<Item = Cow<'a, str>>) -> String {
    const MOST: usize = 12;
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        let name = shown_name(&name).into_owned();
        if shown.contains(&name) {
            continue;
        }
        if shown.len() == MOST {
            shown.push("…".to_owned());
            break;
        }
        shown.push(name);
    }
    if shown.is_empty() { empty.to_owned() } else { format!("{there} {}", shown.join(", ")) }
}

fn firsts(pairs: &[(String, String)]) -> impl Iterator<Item = Cow<'_, str>> {
    pairs.iter().map(|(name, _)| Cow::Borrowed(name.as_str()))
}

/// A name as it is, unless that would hide where it ends.
pub(super) fn shown_name(name: &str) -> Cow<'_, str> {
    let is_plain = |char: char| !char.is_control() && !char.is_whitespace() && !matches!(char, '"' | ',' | ';');
    if !name.is_empty() && name.len() <= 80 && name.chars().all(is_plain) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(cut(&format!("{name:?}"), 80).into_owned())
}

/// A content type without its parameters.
pub(super) fn media_type(content_type: &str) -> Cow<'_, str> {
    shown_name(content_type.split(';').next().unwrap_or_default().trim())
}

fn scheme_of(subject: &Subject<'_>) -> Option<String> {
    let (scheme, _) = scheme_and_rest(subject.request.field("authorization")?);
    Some(shown_name(&text_of(scheme)).into_owned())
}

#[cfg(feature = "json")]
fn shown_json(value: &serde_json::Value) -> String {
    Found::Json(value).to_string()
}

/// The body as JSON; says so if it is none.
#[cfg(feature = "json")]
fn json_of<'a>(subject: &Subject<'a>, comparison: &mut Comparison) -> Option<&'a serde_json::Value> {
    match subject.json() {
        Ok(value) => Some(value),
        Err(_) if subject.request.body().is_empty() => {
            comparison.summary = Some("the body is empty".to_owned());
            None
        }
        Err(error) => {
            let body = subject.request.body();
            comparison.summary = Some(format!("the body is not JSON ({error}): {}", start_of(body)));
            comparison.actual = Some(Found::Body(body).to_string());
            None
        }
    }
}

/// Enough of a body to see what it is.
#[cfg(feature = "json")]
fn start_of(body: &[u8]) -> String {
    const MOST: usize = 80;
    match as_text(body) {
        Some(text) => format!("{:?}", cut(text, MOST)),
        None => Found::Body(body).to_string(),
    }
}

/// What there is where a pointer finds nothing: the members of the last object on its way.
#[cfg(feature = "json")]
fn members_near(document: &serde_json::Value, pointer: &str) -> String {
    let mut way = pointer;
    while let Some(slash) = way.rfind('/') {
        way = &way[..slash];
        let Some(found) = document.pointer(way) else { continue };
        let place = if way.is_empty() { Cow::Borrowed("the document") } else { cut(way, 80) };
        return match found {
            serde_json::Value::Object(members) => {
                let names = members.keys().map(|name| Cow::Borrowed(name.as_str()));
                listed(&format!("{place} has"), &format!("{place} has no members"), names)
            }
            serde_json::Value::Array(elements) => format!("{place} is an array of {}", elements.len()),
            other => format!("{place} is {}", shown_json(other)),
        };
    }
    String::new()
}

/// Why one of several patterns does not fit: its parts that differ, in a line.
fn alternative(pattern: &Pattern, verdict: &Verdict) -> Vec<String> {
    let differs: Vec<&Comparison> = verdict.parts.iter().filter(|part| part.outcome == Outcome::Differs).collect();
    let line: Vec<String> = differs.iter().map(|part| part.headline()).collect();
    let mut lines = vec![format!("{pattern}: {}", line.join("; "))];
    lines.extend(differs.iter().flat_map(|part| &part.details).map(|detail| format!("  {detail}")));
    lines
}
