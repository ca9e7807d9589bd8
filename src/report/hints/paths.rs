//! Paths that differ by a slip.

use std::borrow::Cow;

use crate::matchers::path::RequestPath;
use crate::message::request::Request;

/// What a path that does not fit a template differs in.
pub(super) fn of_path(template: &str, request: &Request) -> Option<String> {
    let path = RequestPath::of(request).key;
    if let Some(meant) = with_braces(template) {
        return fits(&meant, &path, str::eq).then(|| format!("a placeholder is written in braces: {meant:?}"));
    }
    if fits(template, &path, |one, other| one.to_lowercase() == other.to_lowercase()) {
        return Some("the paths differ only in upper and lower case".to_owned());
    }
    if let Some(hint) = of_slashes(template, &path) {
        return Some(hint.to_owned());
    }
    if let Some(hint) = of_beginning(template, &path) {
        return Some(hint);
    }
    let (before, _) = path.split_once('?')?;
    let hint = "the request has its `?` percent-encoded, so that no query begins there";
    fits(template, before, str::eq).then(|| hint.to_owned())
}

/// One of them has segments before all that the other has.
fn of_beginning(template: &str, path: &str) -> Option<String> {
    // Where a placeholder comes first, too much fits.
    let is_told = |template: &str| !template.trim_start_matches('/').is_empty() && !template.starts_with("/{");
    for (at, _) in template.match_indices('/').skip(1) {
        let (before, rest) = template.split_at(at);
        if is_told(rest) && !before.contains('{') && fits(rest, path, str::eq) {
            return Some(format!("the path lacks {before:?} at its beginning"));
        }
    }
    for (at, _) in path.match_indices('/').skip(1).filter(|_| is_told(template)) {
        let (before, rest) = path.split_at(at);
        if fits(template, rest, str::eq) {
            return Some(if rest.starts_with(before) {
                format!("the path repeats {before:?} at its beginning")
            } else {
                format!("the path has {before:?} before the one that is expected")
            });
        }
    }
    None
}

fn of_slashes(template: &str, path: &str) -> Option<&'static str> {
    let without_end = |path: &str| path.strip_suffix('/').unwrap_or(path).to_owned();
    let without_repeats = |path: &str| {
        let mut kept = String::with_capacity(path.len());
        for char in path.chars() {
            if char != '/' || !kept.ends_with('/') {
                kept.push(char);
            }
        }
        kept
    };
    let only_at_the_end = fits(&without_end(template), path, str::eq) || fits(template, &without_end(path), str::eq);
    if only_at_the_end {
        return Some("the paths differ only in the slash at their end");
    }
    let (template, path) = (without_repeats(template), without_repeats(path));
    if fits(&template, &path, str::eq) {
        return Some("the paths differ only in repeated slashes");
    }
    let hint = "the paths differ only in their slashes";
    fits(&without_end(&template), &without_end(&path), str::eq).then_some(hint)
}

/// The template as it was meant, if it uses the placeholders of someone else: `/users/:id`, `/users/<id>`, `/files/*`.
fn with_braces(template: &str) -> Option<String> {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_');
    let segments: Vec<&str> = template.split('/').collect();
    let mut changed = false;
    let mut meant = Vec::with_capacity(segments.len());
    for (at, segment) in segments.iter().enumerate() {
        let is_last = at + 1 == segments.len();
        let name = segment.strip_prefix(':');
        let name = name.or_else(|| segment.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')));
        let placeholder = match (name, *segment) {
            (Some(name), _) if is_name(name) => Some(format!("{{{name}}}")),
            (_, "*" | "**") if is_last => Some("{*rest}".to_owned()),
            (_, "*") => Some(format!("{{name{at}}}")),
            _ => None,
        };
        changed |= placeholder.is_some();
        meant.push(placeholder.map_or(Cow::Borrowed(*segment), Cow::Owned));
    }
    changed.then(|| meant.join("/"))
}

/// Whether a path fits a template, its segments compared by `same`.
fn fits(template: &str, path: &str, same: impl Fn(&str, &str) -> bool) -> bool {
    let (mut wanted, mut got) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), got.next()) {
            (None, None) => return true,
            (Some(wanted), Some(_)) if wanted.starts_with("{*") => return true,
            (Some(wanted), Some(got)) if wanted.starts_with('{') && !got.is_empty() => (),
            (Some(wanted), Some(got)) if same(wanted, got) => (),
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::a_colon("/users/:id/posts", Some("/users/{id}/posts"))]
    #[case::angle_brackets("/users/<id>", Some("/users/{id}"))]
    #[case::a_star_at_the_end("/files/*", Some("/files/{*rest}"))]
    #[case::a_star_within("/files/*/meta", Some("/files/{name2}/meta"))]
    #[case::braces("/users/{id}", None)]
    #[case::a_colon_within("/users/a:b", None)]
    fn placeholders_of_others_are_known(#[case] template: &str, #[case] meant: Option<&str>) {
        assert_eq!(with_braces(template).as_deref(), meant);
    }

    #[rstest]
    #[case::lacking("/api/v2/users/{id}", "/users/7", Some("the path lacks \"/api/v2\" at its beginning"))]
    #[case::repeated("/api/users", "/api/api/users", Some("the path repeats \"/api\" at its beginning"))]
    #[case::more("/users/{id}", "/api/v2/users/7", Some("the path has \"/api/v2\" before the one that is expected"))]
    #[case::a_placeholder_alone("/users/{id}", "/7", None)]
    #[case::a_placeholder_first("/{a}/b", "/x/a/b", None)]
    #[case::the_root("/users/", "/", None)]
    #[case::something_else("/api/users", "/api/user", None)]
    fn a_beginning_too_much_or_too_little_is_noticed(
        #[case] template: &str,
        #[case] path: &str,
        #[case] hint: Option<&str>,
    ) {
        assert_eq!(of_beginning(template, path).as_deref(), hint);
    }
}
