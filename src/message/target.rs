//! The request target (RFC 9112, section 3.2): its form, its path, its query.

use std::ops::Range;

/// Where path and query lie in a request target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Target {
    /// The path alone, still percent-encoded.
    pub(crate) path: Range<u32>,
    /// Where the query ends, which begins behind the `?` that ends the path; 0 if there is none.
    query_end: u32,
    /// The path holds neither `%` nor a byte outside ASCII, and so is its own decoding.
    pub(crate) plain: bool,
}

impl Target {
    /// Finds path and query of a target that lies at `start` of the head.
    pub(crate) fn locate(target: &[u8], start: usize) -> Target {
        let skipped = if target.first() == Some(&b'/') { 0 } else { authority_end(target) };
        Target::behind(skipped, target, start)
    }

    /// The same for a target that is path and query whatever it looks like: `http://host/a` names a directory `http:`.
    pub(crate) fn whole(target: &[u8], start: usize) -> Target {
        Target::behind(0, target, start)
    }

    fn behind(skipped: usize, target: &[u8], start: usize) -> Target {
        let (mut end, mut query_end, mut plain) = (target.len(), 0, true);
        // An index and not an iterator: this runs for each request, and tests run without optimisation.
        let mut at = skipped;
        while at < target.len() {
            let byte = target[at];
            if byte == b'?' || byte == b'#' {
                end = at;
                if byte == b'?' {
                    query_end = position(start + fragment_start(target, at + 1));
                }
                break;
            }
            if byte == b'%' || byte >= 0x80 {
                plain = false;
            }
            at += 1;
        }
        Target { path: position(start + skipped)..position(start + end), query_end, plain }
    }

    /// The query alone, without its `?`.
    pub(crate) fn query(&self) -> Option<Range<u32>> {
        (self.query_end > 0).then_some(self.path.end + 1..self.query_end)
    }
}

/// A position in a head, which [`MAX_HEAD`] keeps within 32 bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a checked conversion costs 50 instructions in tests, for each part"
)]
pub(crate) fn position(at: usize) -> u32 {
    at as u32
}

/// The most bytes that a head can be allowed to have.
pub(crate) const MAX_HEAD: usize = 1 << 30;

/// Where the path of an absolute-form (`http://host/path`) begins; 0 for every other form.
fn authority_end(target: &[u8]) -> usize {
    let Some(scheme) = target.windows(3).position(|three| three == b"://") else { return 0 };
    let is_scheme = scheme > 0
        && target[0].is_ascii_alphabetic()
        && target[..scheme].iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    if !is_scheme {
        return 0;
    }
    let authority = scheme + 3;
    let length = target[authority..].iter().position(|byte| b"/?#".contains(byte));
    length.map_or(target.len(), |length| authority + length)
}

fn fragment_start(target: &[u8], from: usize) -> usize {
    target[from..].iter().position(|&byte| byte == b'#').map_or(target.len(), |length| from + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::origin_form("/a/b", "/a/b", None, true)]
    #[case::with_a_query("/a?b=c?d", "/a", Some("b=c?d"), true)]
    #[case::with_an_empty_query("/a?", "/a", Some(""), true)]
    #[case::encoded("/a%20b", "/a%20b", None, false)]
    #[case::query_may_be_encoded("/a?x=%20", "/a", Some("x=%20"), true)]
    #[case::absolute_form("http://host:80/a?q", "/a", Some("q"), true)]
    #[case::absolute_form_without_a_path("http://host", "", None, true)]
    #[case::absolute_form_with_a_query_only("http://host?q", "", Some("q"), true)]
    #[case::asterisk("*", "*", None, true)]
    #[case::authority("host:443", "host:443", None, true)]
    #[case::colons_in_a_path("/a://b", "/a://b", None, true)]
    #[case::fragment("/a?b#c", "/a", Some("b"), true)]
    fn path_and_query_are_found(
        #[case] target: &str,
        #[case] path: &str,
        #[case] query: Option<&str>,
        #[case] plain: bool,
    ) {
        let found = Target::locate(target.as_bytes(), 0);
        let text = |range: &Range<u32>| &target[range.start as usize..range.end as usize];
        assert_eq!(text(&found.path), path);
        assert_eq!(found.query().as_ref().map(text), query);
        assert_eq!(found.plain, plain);
    }

    #[rstest]
    #[case::a_url("http://host/a?q", "http://host/a", Some("q"))]
    #[case::a_url_without_a_path("http://host", "http://host", None)]
    #[case::no_slash("a.txt", "a.txt", None)]
    #[case::a_query_alone("?q#f", "", Some("q"))]
    #[case::a_fragment_alone("#f?q", "", None)]
    fn a_whole_target_is_path_and_query(#[case] target: &str, #[case] path: &str, #[case] query: Option<&str>) {
        let head = format!("GET {target}");
        let found = Target::whole(target.as_bytes(), 4);
        let text = |range: &Range<u32>| &head[range.start as usize..range.end as usize];
        assert_eq!(text(&found.path), path);
        assert_eq!(found.query().as_ref().map(text), query);
    }
}
