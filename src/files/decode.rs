//! From the path of a request target to text (section 7, steps 2, 4 and 5 of the semantics).
//!
//! Text is kept as generalised UTF-8: UTF-8 in which surrogate code points may occur, three bytes each. It stands
//! for Python's strings, where a surrogate U+DC80 to U+DCFF is a byte of a file name that is not UTF-8. Its byte
//! order is its code point order.

use std::borrow::Cow;

/// Decodes percent escapes, once. Each run of ASCII characters, escapes included, is UTF-8 of its own; if one is
/// not, all are decoded again with U+FFFD for what is invalid. A byte above 0x7F sent raw is the ISO-8859-1
/// character of the same number.
pub(super) fn percent_decode(path: &[u8]) -> Cow<'_, [u8]> {
    if path.is_ascii() && !path.contains(&b'%') {
        return Cow::Borrowed(path);
    }
    let decoded = decode_runs(path, Invalid::Fails).or_else(|| decode_runs(path, Invalid::IsReplaced));
    decoded.map_or(Cow::Borrowed(path), Cow::Owned)
}

/// Appends what a decoded path names: its segments, and in them surrogates U+DC80 to U+DCFF as their byte. `None` if
/// nothing can have that name: NUL and the other surrogates (differences D1 and D2).
pub(super) fn push_name(name: &mut Vec<u8>, decoded: &[u8]) -> Option<()> {
    let floor = name.len();
    push_segments(name, decoded);
    // Only now, for a segment that `..` took away may be anything.
    let appended = &name[floor..];
    if appended.contains(&0) {
        return None;
    }
    if appended.contains(&SURROGATE_LEAD) {
        let bytes = bytes_of_surrogates(appended, None)?;
        name.truncate(floor);
        name.extend_from_slice(&bytes);
    }
    Some(())
}

/// The decoded path as a page shows it: surrogates U+DC80 to U+DCFF become their byte, others U+FFFD (D2).
pub(super) fn title_bytes(decoded: Cow<'_, [u8]>) -> Vec<u8> {
    if decoded.contains(&SURROGATE_LEAD) {
        bytes_of_surrogates(&decoded, Some(REPLACEMENT)).unwrap_or_default()
    } else {
        decoded.into_owned()
    }
}

/// The surrogate that stands for a byte above 0x7F which is not UTF-8.
pub(super) fn surrogate_of(byte: u8) -> [u8; 3] {
    [SURROGATE_LEAD, 0xB0 | (byte >> 6), 0x80 | (byte & 0x3F)]
}

/// Appends the segments of a path to `name`, a slash before each: lexically, so that `..` takes away the segment
/// before it and symbolic links play no part. Nothing that was in `name` before is ever taken away.
fn push_segments(name: &mut Vec<u8>, path: &[u8]) {
    let floor = name.len();
    let mut start = 0;
    while start <= path.len() {
        let mut end = start;
        while end < path.len() && path[end] != b'/' {
            end += 1;
        }
        match &path[start..end] {
            b"" | b"." => {}
            b".." => while name.len() > floor && name.pop() != Some(b'/') {},
            segment => {
                name.push(b'/');
                name.extend_from_slice(segment);
            }
        }
        start = end + 1;
    }
}

/// What becomes of a run that is not UTF-8.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Invalid {
    Fails,
    IsReplaced,
}

pub(super) fn decode_runs(path: &[u8], invalid: Invalid) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    let mut run_start = 0;
    let mut at = 0;
    while at < path.len() {
        let byte = path[at];
        if byte >= 0x80 {
            end_run(&mut out, run_start, invalid)?;
            out.extend_from_slice(&[0xC0 | (byte >> 6), 0x80 | (byte & 0x3F)]);
            run_start = out.len();
            at += 1;
        } else if let Some(escaped) = escape(&path[at..]) {
            out.push(escaped);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    end_run(&mut out, run_start, invalid)?;
    Some(out)
}

fn end_run(out: &mut Vec<u8>, start: usize, invalid: Invalid) -> Option<()> {
    let run = &out[start..];
    if invalid == Invalid::Fails {
        return is_generalised_utf8(run).then_some(());
    }
    if let Cow::Owned(replaced) = String::from_utf8_lossy(run) {
        out.truncate(start);
        out.extend_from_slice(replaced.as_bytes());
    }
    Some(())
}

fn is_generalised_utf8(mut bytes: &[u8]) -> bool {
    while let Err(error) = std::str::from_utf8(bytes) {
        bytes = &bytes[error.valid_up_to()..];
        if surrogate(bytes).is_none() {
            return false;
        }
        bytes = &bytes[3..];
    }
    true
}

/// Replaces each surrogate by its byte, or if it has none by `other`.
fn bytes_of_surrogates(text: &[u8], other: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match surrogate(&text[at..]) {
            None => {
                out.push(text[at]);
                at += 1;
            }
            Some(code_point) => {
                match u8::try_from(code_point.wrapping_sub(0xDC00)) {
                    Ok(byte @ 0x80..) => out.push(byte),
                    _ => out.extend_from_slice(other?),
                }
                at += 3;
            }
        }
    }
    Some(out)
}

/// The surrogate code point that `bytes` begin with.
fn surrogate(bytes: &[u8]) -> Option<u16> {
    match bytes {
        [SURROGATE_LEAD, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, ..] => {
            Some(0xD000 | u16::from(second & 0x3F) << 6 | u16::from(third & 0x3F))
        }
        _ => None,
    }
}

/// The byte that the escape at the beginning of `bytes` stands for.
fn escape(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'%', high, low, ..] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The first byte of every surrogate, and of U+D000 to U+D7FF.
const SURROGATE_LEAD: u8 = 0xED;

/// U+FFFD.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain(b"/a+b/c.txt", b"/a+b/c.txt")]
    #[case::either_case(b"/%4a%4A%2e", b"/JJ.")]
    #[case::once_only(b"/%2541", b"/%41")]
    #[case::not_an_escape(b"/%/%4/%zz/%4g%", b"/%/%4/%zz/%4g%")]
    #[case::utf_8(b"/%E6%BC%A2", "/漢".as_bytes())]
    #[case::surrogate(b"/%ED%B3%A9", b"/\xED\xB3\xA9")]
    #[case::surrogate_pair_stays_two(b"%ED%A0%80%ED%B0%80", b"\xED\xA0\x80\xED\xB0\x80")]
    #[case::invalid(b"/%E9x", "/\u{fffd}x".as_bytes())]
    #[case::truncated(b"/%E6%BCx", "/\u{fffd}x".as_bytes())]
    #[case::one_invalid_run_replaces_in_all(b"%ED%B3%A9/%E9", "\u{fffd}\u{fffd}\u{fffd}/\u{fffd}".as_bytes())]
    #[case::raw_is_latin_1(b"/\xE9\xFF\x80", "/\u{e9}\u{ff}\u{80}".as_bytes())]
    #[case::raw_ends_a_run(b"%C3\xA9", "\u{fffd}\u{a9}".as_bytes())]
    #[case::a_good_run_beside_a_replaced_one(b"%C3%A9\xA9%C3", "\u{e9}\u{a9}\u{fffd}".as_bytes())]
    #[case::overlong(b"%C0%AF", "\u{fffd}\u{fffd}".as_bytes())]
    #[case::nul(b"/a%00", b"/a\0")]
    #[case::empty(b"", b"")]
    fn escapes_are_decoded(#[case] path: &[u8], #[case] expected: &[u8]) {
        assert_eq!(percent_decode(path).as_ref(), expected);
    }

    #[rstest]
    #[case::plain(b"/a", Some(b"/srv/a".as_slice()))]
    #[case::byte(b"/%ED%B3%A9", Some(b"/srv/\xE9".as_slice()))]
    #[case::first_byte(b"%ED%B2%80", Some(b"/srv/\x80".as_slice()))]
    #[case::last_byte(b"%ED%B3%BF", Some(b"/srv/\xFF".as_slice()))]
    #[case::hangul_is_no_surrogate(b"%ED%95%9C", Some("/srv/한".as_bytes()))]
    #[case::before_the_bytes(b"%ED%B1%BF", None)]
    #[case::ascii_surrogate(b"%ED%B0%AF", None)]
    #[case::after_the_bytes(b"%ED%B4%80", None)]
    #[case::high_surrogate(b"%ED%A0%80", None)]
    #[case::nul_escaped(b"/a%00", None)]
    #[case::nul_raw(b"/a\0", None)]
    #[case::taken_away(b"/%00/../%ED%A0%80/../a", Some(b"/srv/a".as_slice()))]
    fn a_name_is_made_of_bytes(#[case] path: &[u8], #[case] expected: Option<&[u8]>) {
        let mut name = b"/srv".to_vec();
        let named = push_name(&mut name, &percent_decode(path));
        assert_eq!(named.map(|()| name.as_slice()), expected);
    }

    #[rstest]
    #[case::byte(b"/%ED%B3%A9", b"/\xE9")]
    #[case::other_surrogate(b"/%ED%A0%80", "/\u{fffd}".as_bytes())]
    #[case::hangul("/%ED%95%9C".as_bytes(), "/한".as_bytes())]
    #[case::not_normalised(b"/a//../%2e/", b"/a//.././")]
    #[case::nul(b"/%00", b"/\0")]
    fn a_title_shows_the_path(#[case] path: &[u8], #[case] expected: &[u8]) {
        assert_eq!(title_bytes(percent_decode(path)), expected);
    }

    #[rstest]
    #[case::plain("/a/b", "/a/b")]
    #[case::no_leading_slash("a/b", "/a/b")]
    #[case::root("/", "")]
    #[case::empty("", "")]
    #[case::empty_segments("//a///b//", "/a/b")]
    #[case::dots("/./a/./b/.", "/a/b")]
    #[case::parent("/a/../b", "/b")]
    #[case::parent_at_the_end("/a/b/..", "/a")]
    #[case::never_above_the_root("/../../a/../../../b", "/b")]
    #[case::only_parents("/a/b/../../..", "")]
    #[case::three_dots_are_a_name("/.../..a/.b", "/.../..a/.b")]
    #[case::backslash_is_ordinary("/a\\..\\b", "/a\\..\\b")]
    fn segments_are_normalised(#[case] path: &str, #[case] expected: &str) {
        let mut name = b"/srv/x".to_vec();
        push_segments(&mut name, path.as_bytes());
        assert_eq!(String::from_utf8(name), Ok(format!("/srv/x{expected}")));
    }

    #[test]
    fn a_byte_goes_to_its_surrogate_and_back() {
        for byte in 0x80..=0xFF {
            let text = surrogate_of(byte);
            assert_eq!(surrogate(&text), Some(0xDC00 + u16::from(byte)));
            assert_eq!(bytes_of_surrogates(&text, None), Some(vec![byte]));
        }
    }
}
