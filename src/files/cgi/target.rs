//! From a request target to the name of a script (section 9.1), and from a name to a file (section 7).

use std::path::{Path, PathBuf};

use super::super::decode::{Invalid, decode_runs};
use super::super::resolve::path_below;
use crate::message::field::latin1;

/// A target after decoding and normalising.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Collapsed {
    /// All segments but the last, a slash before each.
    pub(super) head: String,
    /// The last segment, which may be empty, and the query with its `?` if that is not empty.
    pub(super) tail: String,
}

impl Collapsed {
    /// Whether the last segment is somewhere below `dir`, which is empty or begins with a slash.
    pub(super) fn is_below(&self, dir: &str) -> bool {
        self.head.strip_prefix(dir).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }
}

/// `None` if the target climbs above the root on its way.
pub(super) fn collapse(target: &[u8]) -> Option<Collapsed> {
    let (path, query) = match target.iter().position(|&byte| byte == b'?') {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (target, &[][..]),
    };
    let path = decode_runs(path, Invalid::IsReplaced).unwrap_or_default();
    let path = String::from_utf8_lossy(&path);
    let (before, last) = path.rsplit_once('/').unwrap_or(("", &path));
    let mut head = String::with_capacity(before.len() + 1);
    for segment in before.split('/') {
        match segment {
            "" | "." => {}
            ".." => remove_last(&mut head)?,
            segment => {
                head.push('/');
                head.push_str(segment);
            }
        }
    }
    let mut tail = match last {
        ".." => {
            remove_last(&mut head)?;
            String::new()
        }
        "." => String::new(),
        last => last.to_owned(),
    };
    if !query.is_empty() {
        tail.push('?');
        tail.push_str(&latin1(query));
    }
    Some(Collapsed { head, tail })
}

fn remove_last(head: &mut String) -> Option<()> {
    head.truncate(head.rfind('/')?);
    Some(())
}

/// The file that a name stands for, which is decoded for that once more; with a slash at the end if the name has one.
/// `None` if no file can have the name.
pub(super) fn file_of(root: &Path, name: &str) -> Option<PathBuf> {
    let name = name.split(['?', '#']).next().unwrap_or_default();
    let decoded = decode_text(name, Invalid::Fails).or_else(|| decode_text(name, Invalid::IsReplaced))?;
    let mut path = path_below(root, &decoded)?.into_os_string();
    let has_slash = path.as_encoded_bytes().ends_with(b"/");
    if decoded.ends_with(b"/") {
        if !has_slash {
            path.push("/");
        }
    } else if has_slash {
        // It is that of the served directory, as given; parts have none at the end.
        return Some(PathBuf::from(path).components().collect());
    }
    Some(PathBuf::from(path))
}

/// Decodes percent escapes as people mean them, and with U+FFFD for what is not UTF-8.
pub(super) fn unescaped(text: &str) -> String {
    let decoded = decode_text(text, Invalid::IsReplaced).unwrap_or_default();
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Decodes the escapes of a text that was decoded before, and so may have any characters in it: these stay.
fn decode_text(text: &str, invalid: Invalid) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    for run in text.as_bytes().chunk_by(|left, right| left.is_ascii() == right.is_ascii()) {
        if run.is_ascii() {
            decoded.extend_from_slice(&decode_runs(run, invalid)?);
        } else {
            decoded.extend_from_slice(run);
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// What is expected is what Python's `_url_collapse_path` returns; without the second slash it has at the root.
    #[rstest]
    #[case::plain(b"/cgi-bin/x", Some("/cgi-bin/x"))]
    #[case::directory(b"/cgi-bin/", Some("/cgi-bin/"))]
    #[case::no_slash(b"/cgi-bin", Some("/cgi-bin"))]
    #[case::root(b"/", Some("/"))]
    #[case::empty(b"", Some("/"))]
    #[case::no_leading_slash(b"cgi-bin/x", Some("/cgi-bin/x"))]
    #[case::empty_segments(b"//cgi-bin///x", Some("/cgi-bin/x"))]
    #[case::dots(b"/./cgi-bin/./x", Some("/cgi-bin/x"))]
    #[case::parent(b"/a/../cgi-bin/x", Some("/cgi-bin/x"))]
    #[case::encoded(b"/cgi%2dbin%2Fx", Some("/cgi-bin/x"))]
    #[case::encoded_dots(b"/%2e/a/%2E%2e/b", Some("/b"))]
    #[case::last_is_dot(b"/a/.", Some("/a/"))]
    #[case::last_is_parent(b"/a/b/..", Some("/a/"))]
    #[case::back_to_the_root(b"/a/..", Some("/"))]
    #[case::query(b"/a/b?c=d/..", Some("/a/b?c=d/.."))]
    #[case::empty_query(b"/a/b?", Some("/a/b"))]
    #[case::query_in_a_query(b"/a?b?c", Some("/a?b?c"))]
    #[case::encoded_query(b"/a/b%3Fc?d", Some("/a/b?c?d"))]
    #[case::fragment(b"/a/b#c?d", Some("/a/b#c?d"))]
    #[case::three_dots(b"/.../x", Some("/.../x"))]
    #[case::once_only(b"/a/%252e%252e/x", Some("/a/%2e%2e/x"))]
    #[case::not_utf8(b"/a/%e9", Some("/a/\u{fffd}"))]
    #[case::utf8(b"/%e6%bc%a2/x", Some("/\u{6f22}/x"))]
    #[case::raw(b"/\xE9/x?\xE9", Some("/\u{e9}/x?\u{e9}"))]
    #[case::asterisk(b"*", Some("/*"))]
    #[case::above(b"/..", None)]
    #[case::above_in_between(b"/../a/b", None)]
    #[case::above_later(b"/a/../../a/b", None)]
    #[case::above_encoded(b"/%2e%2e%2fa", None)]
    #[case::above_at_the_end(b"/a/../..", None)]
    fn a_target_collapses(#[case] target: &[u8], #[case] expected: Option<&str>) {
        let collapsed = collapse(target).map(|collapsed| format!("{}/{}", collapsed.head, collapsed.tail));
        assert_eq!(collapsed.as_deref(), expected);
    }

    #[rstest]
    #[case::in_it("/cgi-bin/x", "/cgi-bin", true)]
    #[case::itself("/cgi-bin", "/cgi-bin", false)]
    #[case::with_a_slash("/cgi-bin/", "/cgi-bin", true)]
    #[case::deeper("/cgi-bin/a/b/c", "/cgi-bin", true)]
    #[case::longer_name("/cgi-bin2/x", "/cgi-bin", false)]
    #[case::only_at_the_root("/sub/cgi-bin/x", "/cgi-bin", false)]
    #[case::two_segments("/a/b/x", "/a/b", true)]
    #[case::only_one_of_two("/a/b", "/a/b", false)]
    #[case::other_case("/CGI-BIN/x", "/cgi-bin", false)]
    #[case::everything("/x", "", true)]
    fn a_script_is_in_a_directory(#[case] target: &str, #[case] dir: &str, #[case] expected: bool) {
        assert_eq!(collapse(target.as_bytes()).unwrap().is_below(dir), expected);
    }

    #[rstest]
    #[case::plain("/a/b", Some("/srv/a/b"))]
    #[case::nothing("", Some("/srv"))]
    #[case::slash("/", Some("/srv/"))]
    #[case::slash_at_the_end("/a/", Some("/srv/a/"))]
    #[case::encoded_slash_at_the_end("/a%2f", Some("/srv/a/"))]
    #[case::cut("/a?b#c", Some("/srv/a"))]
    #[case::cut_at_the_first("/a#b?c/d", Some("/srv/a"))]
    #[case::decoded("/a%20%3fb", Some("/srv/a ?b"))]
    #[case::never_above("/../%2e%2e/a", Some("/srv/a"))]
    #[case::characters_stay("/\u{e9}\u{6f22}%c3%a9", Some("/srv/\u{e9}\u{6f22}\u{e9}"))]
    #[case::one_bad_run_replaces_in_all("/%ed%b3%a9\u{e9}%e9", Some("/srv/\u{fffd}\u{fffd}\u{fffd}\u{e9}\u{fffd}"))]
    #[case::nul("/a%00", None)]
    #[case::surrogate("/%ed%a0%80", None)]
    fn a_name_means_a_file(#[case] name: &str, #[case] expected: Option<&str>) {
        for root in ["/srv", "/srv/"] {
            // Compared as text, for a path is the same with a slash at its end.
            let file = file_of(Path::new(root), name).map(|file| file.to_str().unwrap().to_owned());
            assert_eq!(file.as_deref(), expected);
        }
        assert_eq!(file_of(Path::new("/"), "").unwrap().to_str(), Some("/"));
    }

    #[test]
    fn a_name_may_mean_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let file = file_of(Path::new("/srv"), "/%ed%b3%a9").unwrap();
        assert_eq!(file.as_os_str().as_bytes(), b"/srv/\xE9");
    }

    #[test]
    fn a_text_is_decoded_once_more() {
        assert_eq!(unescaped("/%41%2541%e9\u{e9}%c3\u{a9}%"), "/A%41\u{fffd}\u{e9}\u{fffd}\u{a9}%");
    }
}
