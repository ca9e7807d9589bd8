//! Which content type a file name has (section 10 of the semantics).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::page::checked_type;
use super::type_table::BY_EXTENSION;
use crate::hook::{Hook, HookPanic};

/// What is asked about an extension that http.server's own table does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// Nothing: the answer is exactly http.server's.
    Nothing,
    /// `mime_guess`, which knows some thousand more.
    MimeGuess,
}

/// Says the type of a file, or leaves it to the usual way.
pub(super) type GuessType = dyn Fn(&Path) -> Option<String> + Send + Sync;

/// What an author said about the content types of a directory.
#[derive(Debug, Clone, Default)]
pub(super) struct OwnTypes {
    /// By extension, with its dot; empty where there is none.
    by_extension: BTreeMap<String, String>,
    /// In place of `application/octet-stream`.
    default: Option<String>,
    guess: Option<Hook<GuessType>>,
}

impl OwnTypes {
    #[track_caller]
    pub(super) fn set(&mut self, extension: &str, content_type: String) {
        self.by_extension.insert(checked_extension(extension), checked_type(content_type));
    }

    #[track_caller]
    pub(super) fn set_default(&mut self, content_type: String) {
        self.default = Some(checked_type(content_type));
    }

    pub(super) fn set_guess(&mut self, guess: Hook<GuessType>) {
        self.guess = Some(guess);
    }

    /// Whether a closure is asked.
    pub(super) fn are_guessed(&self) -> bool {
        self.guess.is_some()
    }

    /// The content type of a file of this name; nothing is read.
    pub(super) fn of(&self, path: &Path, beyond: Beyond) -> Result<Cow<'static, str>, HookPanic> {
        if let Some(guess) = &self.guess {
            // A type that cannot be sent is a mistake of the closure, and so is reported like a panic in it.
            if let Some(guessed) = guess.call(|guess| guess(path).map(|guessed| checked_type(guessed)))? {
                return Ok(Cow::Owned(guessed));
            }
        }
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        if let Some(own) = self.by_extension(name) {
            return Ok(Cow::Owned(own.clone()));
        }
        Ok(match (by_name(name, beyond), &self.default) {
            (Some(known), _) => Cow::Borrowed(known),
            (None, Some(default)) => Cow::Owned(default.clone()),
            (None, None) => Cow::Borrowed(DEFAULT),
        })
    }

    /// Steps 1 and 2, as far as the map of overrides is the author's.
    fn by_extension(&self, name: &[u8]) -> Option<&String> {
        if self.by_extension.is_empty() {
            return None;
        }
        let at = split_extension(name).map_or(name.len(), |(stem, _)| stem.len());
        let extension = std::str::from_utf8(&name[at..]).ok()?;
        let exact = self.by_extension.get(extension);
        // Of the map's own entries this alone is in upper case, and so comes before what `.z` may be.
        if exact.is_some() || extension == ".Z" { exact } else { self.by_extension.get(&extension.to_lowercase()) }
    }
}

/// An extension with its dot, empty where there is none; panics at the caller's line if no name can have it.
#[track_caller]
pub(super) fn checked_extension(extension: &str) -> String {
    let bare = extension.strip_prefix('.').unwrap_or(extension);
    if let Some((_, last)) = bare.rsplit_once('.') {
        panic!(
            "no file has the extension {extension:?}, for an extension begins at the last dot of a name: write {:?}",
            format!(".{last}")
        );
    }
    assert!(!bare.contains('/'), "{extension:?} is not an extension: write one such as \".txt\"");
    let dot = if extension.starts_with('.') || extension.is_empty() { "" } else { "." };
    format!("{dot}{extension}")
}

/// The content type of a file of this name; nothing is read. No `charset` is ever part of it.
pub(super) fn content_type(path: &Path, beyond: Beyond) -> &'static str {
    // All that is compared below is ASCII, which this encoding keeps on every platform.
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    by_name(name, beyond).unwrap_or(DEFAULT)
}

fn by_name(name: &[u8], beyond: Beyond) -> Option<&'static str> {
    let (stem, extension) = split_extension(name)?;
    // 1 and 2: the overrides, so that a compressed file is not taken for what is inside.
    match extension {
        b"Z" => return Some(DEFAULT),
        b"gz" => return Some("application/gzip"),
        _ => {}
    }
    let mut buffer = [0; LONGEST];
    let lower = lower_case(extension, &mut buffer);
    match lower {
        Some("gz") => return Some("application/gzip"),
        Some("bz2") => return Some("application/x-bzip2"),
        Some("xz") => return Some("application/x-xz"),
        // 3, with 4 at once: what is left after the compression is taken away.
        Some("svgz") => return Some("image/svg+xml"),
        Some("tgz" | "taz" | "tz" | "tbz2" | "txz") => return Some("application/x-tar"),
        _ => {}
    }
    // 4: the compressions that are no override; case counts.
    if extension == b"br" {
        let (_, inner) = split_extension(stem)?;
        let mut buffer = [0; LONGEST];
        return by_extension(lower_case(inner, &mut buffer)?, beyond);
    }
    by_extension(lower?, beyond)
}

/// The part before the last dot, and the part after it; `None` if there is nothing but dots before it.
pub(super) fn split_extension(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut dot = name.len();
    loop {
        dot = dot.checked_sub(1)?;
        if name[dot] == b'.' {
            break;
        }
    }
    let stem = &name[..dot];
    let mut first = 0;
    while first < stem.len() && stem[first] == b'.' {
        first += 1;
    }
    (first < stem.len()).then_some((stem, &name[dot + 1..]))
}

/// The extension in lower case; `None` if it is too long or too strange for any table.
fn lower_case<'a>(extension: &[u8], buffer: &'a mut [u8; LONGEST]) -> Option<&'a str> {
    if extension.is_ascii() {
        let buffer = buffer.get_mut(..extension.len())?;
        buffer.copy_from_slice(extension);
        buffer.make_ascii_lowercase();
        return std::str::from_utf8(buffer).ok();
    }
    // Some characters beyond ASCII have ASCII ones as their lower case: U+212A, the Kelvin sign, is one.
    let lower = std::str::from_utf8(extension).ok()?.to_lowercase();
    let buffer = buffer.get_mut(..lower.len())?;
    buffer.copy_from_slice(lower.as_bytes());
    std::str::from_utf8(buffer).ok()
}

/// Steps 5 and 6.
fn by_extension(extension: &str, beyond: Beyond) -> Option<&'static str> {
    if let Ok(at) = BY_EXTENSION.binary_search_by(|(known, _)| (*known).cmp(extension)) {
        return Some(BY_EXTENSION[at].1);
    }
    match beyond {
        Beyond::Nothing => None,
        Beyond::MimeGuess => mime_guess::from_ext(extension).first_raw(),
    }
}

const DEFAULT: &str = "application/octet-stream";

/// Longer than any extension of either table.
const LONGEST: usize = 32;

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(BY_EXTENSION.is_sorted_by(|left, right| left.0 < right.0));
        assert!(BY_EXTENSION.iter().all(|(extension, _)| extension.len() <= LONGEST));
    }

    #[test]
    fn the_whole_table_is_found() {
        for (extension, expected) in BY_EXTENSION {
            let name = format!("x.{}", extension.to_uppercase());
            assert_eq!(content_type(Path::new(&name), Beyond::Nothing), *expected, "{name}");
        }
    }

    #[rstest]
    #[case::plain("/srv/a.html", "text/html")]
    #[case::upper("a.HtMl", "text/html")]
    #[case::several_dots("a.b.css", "text/css")]
    #[case::none("README", DEFAULT)]
    #[case::empty_extension("a.", DEFAULT)]
    #[case::hidden(".html", DEFAULT)]
    #[case::dots_only_before("..txt", DEFAULT)]
    #[case::hidden_with_extension(".a.txt", "text/plain")]
    #[case::dot_in_the_folder_only("a.html/b", DEFAULT)]
    #[case::gz("x.tar.gz", "application/gzip")]
    #[case::gz_of_html("x.html.gz", "application/gzip")]
    #[case::upper_gz("x.GZ", "application/gzip")]
    #[case::capital_z("x.tar.Z", DEFAULT)]
    #[case::small_z("x.txt.z", DEFAULT)]
    #[case::bz2("x.bz2", "application/x-bzip2")]
    #[case::upper_bz2("x.BZ2", "application/x-bzip2")]
    #[case::xz("x.Xz", "application/x-xz")]
    #[case::tgz("x.tgz", "application/x-tar")]
    #[case::taz("x.TAZ", "application/x-tar")]
    #[case::tz("x.tz", "application/x-tar")]
    #[case::tbz2("x.tbz2", "application/x-tar")]
    #[case::txz("x.txz", "application/x-tar")]
    #[case::svgz("x.SVGZ", "image/svg+xml")]
    #[case::br("x.html.br", "text/html")]
    #[case::br_of_upper("x.HTML.br", "text/html")]
    #[case::upper_br("x.html.BR", DEFAULT)]
    #[case::br_alone("x.br", DEFAULT)]
    #[case::br_of_hidden(".html.br", DEFAULT)]
    #[case::br_is_not_expanded_again("x.tgz.br", DEFAULT)]
    #[case::kelvin_sign("x.m\u{212a}v", "video/matroska")]
    #[case::beyond_ascii("x.htmł", DEFAULT)]
    #[case::too_long("x.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", DEFAULT)]
    #[case::not_in_the_table("x.ics", DEFAULT)]
    #[case::map("x.map", DEFAULT)]
    #[case::typescript("x.ts", DEFAULT)]
    fn http_server_knows_these(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(content_type(Path::new(name), Beyond::Nothing), expected);
    }

    #[rstest]
    #[case::calendar("x.ics", "text/calendar")]
    #[case::upper("x.ICS", "text/calendar")]
    #[case::source_map("x.map", "text/plain")]
    #[case::compressed("x.ics.br", "text/calendar")]
    #[case::the_table_comes_first("x.yaml", "application/yaml")]
    #[case::unknown("x.nobody-knows", DEFAULT)]
    #[case::none("README", DEFAULT)]
    fn mime_guess_knows_more(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(content_type(Path::new(name), Beyond::MimeGuess), expected);
    }

    fn own(types: &[(&str, &str)]) -> OwnTypes {
        let mut own = OwnTypes::default();
        for (extension, content_type) in types {
            own.set(extension, (*content_type).to_owned());
        }
        own
    }

    #[rstest]
    #[case::with_a_dot(".rs", "x.rs", "own/type")]
    #[case::without_a_dot("rs", "x.rs", "own/type")]
    #[case::in_lower_case("rs", "x.RS", "own/type")]
    #[case::upper_case_is_exact("RS", "x.rs", DEFAULT)]
    #[case::exact("RS", "x.RS", "own/type")]
    #[case::before_the_table("html", "x.html", "own/type")]
    #[case::before_the_overrides("gz", "x.tar.GZ", "own/type")]
    #[case::before_what_is_expanded("tgz", "x.tgz", "own/type")]
    #[case::never_for_what_is_inside("html", "x.html.gz", "application/gzip")]
    #[case::never_for_what_is_inside_br("html", "x.html.br", "text/html")]
    #[case::small_z("z", "x.z", "own/type")]
    #[case::capital_z_is_an_override("z", "x.Z", DEFAULT)]
    #[case::capital_z("Z", "x.Z", "own/type")]
    #[case::none("", "README", "own/type")]
    #[case::none_of_hidden("", ".html", "own/type")]
    #[case::empty(".", "x.", "own/type")]
    #[case::empty_is_not_none("", "x.", DEFAULT)]
    #[case::beyond_ascii("\u{142}", "x.\u{141}", "own/type")]
    fn own_types_come_first(#[case] extension: &str, #[case] name: &str, #[case] expected: &str) {
        let types = own(&[(extension, "own/type")]);
        assert_eq!(types.of(Path::new(name), Beyond::Nothing).unwrap(), expected);
    }

    #[rstest]
    #[case::unknown("x.nobody-knows", "own/default")]
    #[case::none("README", "own/default")]
    #[case::known("x.html", "text/html")]
    #[case::known_to_be_the_usual("x.bin", DEFAULT)]
    #[case::override_with_the_usual("x.Z", DEFAULT)]
    fn the_default_is_for_what_nobody_knows(#[case] name: &str, #[case] expected: &str) {
        let mut types = OwnTypes::default();
        types.set_default("own/default".to_owned());
        assert_eq!(types.of(Path::new(name), Beyond::Nothing).unwrap(), expected);
    }

    #[test]
    fn of_two_types_for_an_extension_the_later_counts() {
        let types = own(&[(".a", "x/first"), ("a", "x/second")]);
        assert_eq!(types.of(Path::new("x.a"), Beyond::Nothing).unwrap(), "x/second");
    }
}
