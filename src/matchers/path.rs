//! Paths of rules and patterns: literal, `{name}` for one segment, `{*name}` for the rest.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;

use crate::message::request::Request;

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

#[derive(Debug, Clone)]
enum Segment {
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
        if let Some((_, rest)) = text.split_once("://") {
            let path = rest.find('/').map_or("/", |slash| &rest[slash..]);
            assert!(text.starts_with('/'), "{text:?} is a URL, but a path is wanted: write {path:?}");
        }
        let Some(relative) = text.strip_prefix('/') else {
            panic!("the path {text:?} must begin with `/`: write {:?}", format!("/{text}"));
        };
        if let Some((path, query)) = text.split_once('?') {
            panic!(
                "the path {text:?} holds a query, but a path is compared without it: write {path:?} and look at the \
                 query in the handler, with `request.query(..)` or `request.raw_query()` (it would be {query:?})"
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

    /// The key of the only path that fits, if there is only one.
    pub(crate) fn literal(&self) -> Option<&str> {
        match &self.kind {
            Kind::Literal(key) => Some(key),
            Kind::Segments(_) => None,
        }
    }

    pub(crate) fn fits(&self, path: &RequestPath<'_>) -> bool {
        self.params(path).is_some()
    }

    /// What the names stand for; `None` if the path does not fit.
    pub(crate) fn params(&self, path: &RequestPath<'_>) -> Option<Params> {
        let segments = match &self.kind {
            Kind::Literal(key) => return (**key == *path.key).then(Vec::new),
            Kind::Segments(segments) => segments,
        };
        let mut rest = path.key.strip_prefix('/')?;
        let mut params = Vec::new();
        for (at, segment) in segments.iter().enumerate() {
            let is_last = at + 1 == segments.len();
            if let Segment::Rest(name) = segment {
                params.push((name.clone(), unkey(rest)));
                return Some(params);
            }
            let (part, after) = match rest.split_once('/') {
                Some((part, after)) if !is_last => (part, after),
                None if is_last => (rest, ""),
                _ => return None,
            };
            match segment {
                Segment::Literal(literal) if literal != part => return None,
                Segment::Name(_) if part.is_empty() => return None,
                Segment::Name(name) => params.push((name.clone(), unkey(part))),
                _ => {}
            }
            rest = after;
        }
        Some(params)
    }

    /// How many leading segments agree: which of several paths is nearest.
    pub(crate) fn nearness(&self, path: &RequestPath<'_>) -> usize {
        let wanted = self.text.split('/').skip(1);
        let got = path.key.split('/').skip(1);
        wanted.zip(got).take_while(|(wanted, got)| wanted.starts_with('{') || *key(wanted) == **got).count()
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
    let decoded = path
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().replace('%', "%25").replace('/', "%2F"));
    Cow::Owned(decoded.collect::<Vec<String>>().join("/"))
}

/// What a part of a key means.
fn unkey(part: &str) -> String {
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
    #[case::asterisk("*", "*")]
    fn a_literal_path_fits_what_means_the_same(#[case] template: &str, #[case] path: &str) {
        assert_eq!(params(template, path), Some(Vec::new()));
    }

    #[rstest]
    #[case::another_case("/a", "/A")]
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

    #[rstest]
    #[case::without_a_slash("a/b", "must begin with `/`: write \"/a/b\"")]
    #[case::with_a_query("/a?b=c", "compared without it: write \"/a\"")]
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
