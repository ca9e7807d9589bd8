//! Paths of rules and patterns: literal, `{name}` for one segment, `{*name}` for the rest.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use percent_encoding::percent_decode_str;

use crate::message::convert::checked_path;
use crate::message::request::Request;

use super::alike::{MOST, distance};

/// What the names of a template stand for in one request.
pub(crate) type Params = Vec<(String, String)>;

/// A path to compare with.
#[derive(Debug, Clone)]
pub(crate) struct PathTemplate {
    /// As the author wrote it.
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// No placeholder: the key of the path.
    Literal(String),
    Segments(Vec<Segment>),
}

/// One segment of a template.
#[derive(Debug, Clone)]
pub(crate) enum Segment {
    /// Key of the segment.
    Literal(String),
    Name(String),
    Rest(String),
}

impl PathTemplate {
    /// Panics at the caller's line if the text is no path.
    #[track_caller]
    pub(crate) fn parse(text: &str) -> PathTemplate {
        if text == "*" || is_plain(text) {
            return PathTemplate { text: text.to_owned(), kind: Kind::Literal(text.to_owned()) };
        }
        let relative = &checked_path(text)[1..];
        if let Some((path, query)) = text.split_once('?') {
            panic!(
                "the path {text:?} holds a query, but a path is compared without it: write {path:?}{}",
                query_advice(path, query)
            );
        }
        assert!(
            !text.contains('#'),
            "the path {text:?} holds a fragment, which clients never send: leave out what begins with `#`"
        );
        let mut segments = Vec::new();
        let mut names = Vec::new();
        let parts: Vec<&str> = relative.split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            let segment = parse_segment(text, part);
            if let Segment::Name(name) | Segment::Rest(name) = &segment {
                assert!(
                    !names.contains(name),
                    "the path {text:?} has `{{{name}}}` twice: give each placeholder a name of its own"
                );
                names.push(name.clone());
            }
            assert!(
                !matches!(segment, Segment::Rest(_)) || at + 1 == parts.len(),
                "the path {text:?} goes on after `{part}`, which stands for everything to the end: put it last"
            );
            segments.push(segment);
        }
        let kind = if names.is_empty() { Kind::Literal(key(text).into_owned()) } else { Kind::Segments(segments) };
        PathTemplate { text: text.to_owned(), kind }
    }

    /// As the author wrote it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The key of the only path that fits, if there is only one.
    pub(crate) fn literal(&self) -> Option<&str> {
        match &self.kind {
            Kind::Literal(key) => Some(key),
            Kind::Segments(_) => None,
        }
    }

    /// What it consists of, for an index of rules; `None` if it has no placeholder: see [`literal`](PathTemplate::literal).
    pub(crate) fn segments(&self) -> Option<&[Segment]> {
        match &self.kind {
            Kind::Literal(_) => None,
            Kind::Segments(segments) => Some(segments),
        }
    }

    pub(crate) fn fits(&self, path: &RequestPath<'_>) -> bool {
        self.walk(path, &mut |_, _| ())
    }

    /// What the names stand for; `None` if the path does not fit.
    pub(crate) fn params(&self, path: &RequestPath<'_>) -> Option<Params> {
        let mut params = Vec::new();
        self.walk(path, &mut |name, part| params.push((name.to_owned(), unkey(part)))).then_some(params)
    }

    /// Whether the path fits; tells what each name stands for on the way.
    fn walk(&self, path: &RequestPath<'_>, named: &mut dyn FnMut(&str, &str)) -> bool {
        let segments = match &self.kind {
            Kind::Literal(key) => return **key == *path.key,
            Kind::Segments(segments) => segments,
        };
        let Some(mut rest) = path.key.strip_prefix('/') else { return false };
        let mut at = 0;
        while at < segments.len() {
            let segment = &segments[at];
            at += 1;
            let is_last = at == segments.len();
            if let Segment::Rest(name) = segment {
                named(name, rest);
                return true;
            }
            let (part, after) = match rest.split_once('/') {
                Some((part, after)) if !is_last => (part, after),
                None if is_last => (rest, ""),
                _ => return false,
            };
            match segment {
                Segment::Literal(literal) if literal != part => return false,
                Segment::Name(_) if part.is_empty() => return false,
                Segment::Name(name) => named(name, part),
                _ => (),
            }
            rest = after;
        }
        true
    }

    /// Whether a path may have been meant: a segment is the same, or half of the text.
    pub(crate) fn is_related(&self, path: &RequestPath<'_>) -> bool {
        let (text, key) = (self.text(), &*path.key);
        if self.agreeing(path).next() == Some(true) {
            return true;
        }
        let is_known = |segment: &str| !segment.is_empty() && text.split('/').any(|wanted| wanted == segment);
        key.split('/').any(is_known) || distance(text, key) * 2 <= text.len().max(key.len()).min(MOST)
    }

    /// How many segments agree, and how many before any that does not: which of several paths is nearest. Of two that differ in
    /// length only the leading ones count.
    pub(crate) fn nearness(&self, path: &RequestPath<'_>) -> (usize, usize) {
        let count = |path: &str| path.bytes().filter(|byte| *byte == b'/').count();
        let leading = self.agreeing(path).take_while(|agrees| *agrees).count();
        let is_as_long = count(&self.text) == count(&path.key);
        (if is_as_long { self.agreeing(path).filter(|agrees| *agrees).count() } else { leading }, leading)
    }

    /// Segment by segment, as long as both have one.
    fn agreeing<'a>(&'a self, path: &'a RequestPath<'_>) -> impl Iterator<Item = bool> + 'a {
        let (wanted, got) = (self.text.split('/').skip(1), path.key.split('/').skip(1));
        wanted.zip(got).map(|(wanted, got)| wanted.starts_with('{') || *key(wanted) == *got)
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether nothing in a path asks for a closer look. Most paths are plain, and each test registers some.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && !matches!(bytes[at], b'{' | b'}' | b'?' | b'#' | b'%') {
        at += 1;
    }
    at == bytes.len() && bytes.first() == Some(&b'/')
}

/// How to say the query of a path in a pattern.
fn query_advice(path: &str, query: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let refined: Vec<String> = pairs.map(|(name, value)| format!(".query({name:?}, {value:?})")).collect();
    if refined.is_empty() { String::new() } else { format!(", and in a pattern `get({path:?}){}`", refined.concat()) }
}

#[track_caller]
fn parse_segment(text: &str, part: &str) -> Segment {
    if !part.contains(['{', '}']) {
        return Segment::Literal(key(part).into_owned());
    }
    let inner = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
    let Some(inner) = inner.filter(|inner| !inner.contains(['{', '}'])) else {
        panic!(
            "the path {text:?} has a brace within the segment {part:?}: a placeholder is a whole segment, `/{{name}}/` \
             or `/{{*rest}}`; to compare with a brace write `%7B` and `%7D`"
        );
    };
    let (name, rest) = inner.strip_prefix('*').map_or((inner, false), |name| (name, true));
    assert!(!name.is_empty(), "the path {text:?} has a placeholder without a name: write `{{name}}` or `{{*rest}}`");
    if rest { Segment::Rest(name.to_owned()) } else { Segment::Name(name.to_owned()) }
}

/// The path of a request in the form in which paths are compared.
#[derive(Debug)]
pub(crate) struct RequestPath<'a> {
    pub(crate) key: Cow<'a, str>,
}

impl<'a> RequestPath<'a> {
    pub(crate) fn of(request: &'a Request) -> RequestPath<'a> {
        let key = match request.path_text() {
            Some(path) if request.has_plain_path() => path,
            Some(path) => key_of(path),
            None => Cow::Borrowed(""),
        };
        RequestPath { key }
    }

    /// With everything decoded: an encoded slash is no longer told from one that separates.
    pub(crate) fn decoded(&self) -> Cow<'_, str> {
        if self.key.contains('%') { Cow::Owned(unkey(&self.key)) } else { Cow::Borrowed(&self.key) }
    }
}

fn key_of(path: Cow<'_, str>) -> Cow<'_, str> {
    match path {
        Cow::Borrowed(path) => key(path),
        Cow::Owned(path) => Cow::Owned(key(&path).into_owned()),
    }
}

/// A path with every segment decoded, in which an encoded slash is not taken for one that separates.
fn key(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut key = String::with_capacity(path.len());
    for segment in path.split('/') {
        let decoded: Vec<u8> = percent_decode_str(segment).collect();
        for chunk in decoded.utf8_chunks() {
            key.push_str(&chunk.valid().replace('%', "%25").replace('/', "%2F"));
            // What is no text stays as it is: two such bytes are not the same.
            for byte in chunk.invalid() {
                // Writing to a string cannot fail.
                let _ = write!(key, "%{byte:02X}");
            }
        }
        key.push('/');
    }
    key.pop();
    Cow::Owned(key)
}

/// What a part of a key means.
fn unkey(part: &str) -> String {
    if !part.contains('%') {
        return part.to_owned();
    }
    part.replace("%2F", "/").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn params(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let path = RequestPath { key: key(path) };
        PathTemplate::parse(template).params(&path)
    }

    #[rstest]
    #[case::the_root("/", "/")]
    #[case::literal("/a/b", "/a/b")]
    #[case::a_slash_at_the_end("/a/", "/a/")]
    #[case::the_request_is_decoded("/a b", "/a%20b")]
    #[case::the_template_is_decoded("/a%20b", "/a%20b")]
    #[case::either_case_of_the_digits("/%c3%a9", "/%C3%A9")]
    #[case::an_encoded_slash("/a%2Fb", "/a%2fb")]
    #[case::an_encoded_percent_sign("/100%25", "/100%25")]
    #[case::bytes_that_are_no_text("/%ff%C3%A9", "/%FF%c3%a9")]
    #[case::asterisk("*", "*")]
    fn a_literal_path_fits_what_means_the_same(#[case] template: &str, #[case] path: &str) {
        assert_eq!(params(template, path), Some(Vec::new()));
    }

    #[rstest]
    #[case::another_case("/a", "/A")]
    #[case::other_bytes_that_are_no_text("/%ff", "/%fe")]
    #[case::a_slash_more("/a", "/a/")]
    #[case::a_slash_less("/a/", "/a")]
    #[case::an_encoded_slash_is_no_separator("/a/b", "/a%2Fb")]
    #[case::nor_the_other_way_round("/a%2Fb", "/a/b")]
    #[case::an_empty_segment("/users/{id}", "/users/")]
    #[case::a_segment_more("/users/{id}", "/users/1/x")]
    #[case::a_segment_less("/users/{id}/x", "/users/1")]
    #[case::another_segment("/users/{id}", "/people/1")]
    #[case::the_rest_begins_behind_a_slash("/files/{*rest}", "/files")]
    fn a_path_does_not_fit_what_means_something_else(#[case] template: &str, #[case] path: &str) {
        assert_eq!(params(template, path), None);
    }

    #[rstest]
    #[case::a_name("/users/{id}", "/users/7", &[("id", "7")])]
    #[case::two_names("/{a}/x/{b}", "/1/x/2", &[("a", "1"), ("b", "2")])]
    #[case::decoded_after_matching("/users/{id}", "/users/a%2Fb%20c%25", &[("id", "a/b c%")])]
    #[case::the_rest("/files/{*path}", "/files/a/b%20c", &[("path", "a/b c")])]
    #[case::an_empty_rest("/files/{*path}", "/files/", &[("path", "")])]
    #[case::a_name_before_the_rest("/{user}/{*path}", "/ada/a/b/", &[("user", "ada"), ("path", "a/b/")])]
    fn names_stand_for_what_came(#[case] template: &str, #[case] path: &str, #[case] expected: &[(&str, &str)]) {
        let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(params(template, path), Some(expected));
    }

    #[test]
    fn a_template_tells_its_segments_and_a_literal_path_none() {
        let template = PathTemplate::parse("/users/{id}/{*rest}");
        let shown: Vec<String> = template.segments().unwrap().iter().map(|segment| format!("{segment:?}")).collect();
        assert_eq!(shown, ["Literal(\"users\")", "Name(\"id\")", "Rest(\"rest\")"]);
        assert!(PathTemplate::parse("/users").segments().is_none());
    }

    #[rstest]
    #[case::without_a_slash("a/b", "must begin with `/`: write \"/a/b\"")]
    #[case::with_a_query(
        "/a?b=c&d=e+f",
        "write \"/a\", and in a pattern `get(\"/a\").query(\"b\", \"c\").query(\"d\", \"e f\")`"
    )]
    #[case::with_an_empty_query("/a?", "compared without it: write \"/a\"")]
    #[case::with_a_fragment("/a#b", "holds a fragment")]
    #[case::a_brace_within_a_segment("/a{id}", "a placeholder is a whole segment")]
    #[case::no_name("/{}", "a placeholder without a name")]
    #[case::no_name_of_the_rest("/{*}", "a placeholder without a name")]
    #[case::the_rest_not_last("/{*rest}/b", "goes on after `{*rest}`")]
    #[case::a_name_twice("/{a}/{a}", "has `{a}` twice")]
    fn a_mistake_in_a_path_is_named_with_a_way_out(#[case] template: &str, #[case] advice: &str) {
        let panic = std::panic::catch_unwind(|| PathTemplate::parse(template)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains(advice), "{text}");
        assert!(text.contains(template), "{text}");
    }
}
