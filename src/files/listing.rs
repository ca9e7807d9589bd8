//! The page that lists a directory (section 7.2 of the semantics).

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::decode::surrogate_of;
use super::page::push_escaped;
use crate::message::convert::convert;
use crate::message::response::{Response, Style};
use crate::order::sort_by;

/// What a directory without an index page holds: [`Directory::listing_page`](super::directory::Directory::listing_page) makes
/// a page of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Listing {
    /// The decoded path, in UTF-8 but for bytes that are not.
    pub(super) title: Vec<u8>,
    entries: Vec<ListingEntry>,
}

/// One name in a [`Listing`].
#[derive(PartialEq, Eq)]
pub struct ListingEntry {
    /// The bytes of the name.
    name: Vec<u8>,
    /// Links followed.
    is_dir: bool,
    is_link: bool,
}

impl Listing {
    /// The path that was asked for, percent-decoded but otherwise as sent: `/docs/`. It is not escaped for HTML.
    #[must_use]
    pub fn path(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.title)
    }

    /// The names in the directory, hidden ones too, in the order of http.server: that of their lower case.
    #[must_use]
    pub fn entries(&self) -> &[ListingEntry] {
        &self.entries
    }

    /// Reads the whole directory, without `.` and `..`.
    pub(super) fn read(directory: &Path, title: Vec<u8>) -> io::Result<Listing> {
        let mut entries = Vec::new();
        for found in fs::read_dir(directory)? {
            let found = found?;
            // What vanished since the directory was read is still listed, as a file.
            let kind = found.file_type().ok();
            let is_link = kind.is_some_and(|kind| kind.is_symlink());
            let is_dir = match kind {
                Some(kind) if !kind.is_symlink() => kind.is_dir(),
                _ => fs::metadata(found.path()).is_ok_and(|target| target.is_dir()),
            };
            entries.push(ListingEntry { name: name_bytes(&found.file_name()), is_dir, is_link });
        }
        let keys: Vec<_> = entries.iter().map(|entry| order(&entry.name)).collect();
        let mut entries: Vec<(ListingEntry, _)> = entries.into_iter().zip(keys).collect();
        sort_by(&mut entries, |one, other| one.1.cmp(&other.1));
        let entries = entries.into_iter().map(|(entry, _)| entry).collect();
        Ok(Listing { title, entries })
    }

    /// The page, in UTF-8 but for the bytes of names that are not.
    pub(super) fn page(&self) -> Vec<u8> {
        let title = &self.title;
        let mut page = Vec::with_capacity(512 + 2 * title.len() + 64 * self.entries.len());
        page.extend_from_slice(BEFORE_TITLE);
        push_escaped(&mut page, title);
        page.extend_from_slice(BEFORE_HEADING);
        push_escaped(&mut page, title);
        page.extend_from_slice(BEFORE_ENTRIES);
        for entry in &self.entries {
            entry.push_to(&mut page);
        }
        page.extend_from_slice(AFTER_ENTRIES);
        page
    }
}

impl ListingEntry {
    /// The name; bytes that are not UTF-8 are replaced. It is not escaped for HTML.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.name)
    }

    /// A reference to it from the path of the listing, percent-encoded, with a slash at its end if it is a directory:
    /// `read%20me.txt`, `docs/`. It can stand in an attribute as it is.
    #[must_use]
    pub fn href(&self) -> String {
        let mut href = Vec::new();
        self.push_href(&mut href);
        String::from_utf8_lossy(&href).into_owned()
    }

    /// Whether it is a directory, or a link to one.
    #[must_use]
    pub fn is_dir(&self) -> bool {
        self.is_dir
    }

    /// Whether it is a symbolic link.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.is_link
    }

    fn push_href(&self, page: &mut Vec<u8>) {
        push_link(page, &self.name);
        if self.is_dir {
            page.push(b'/');
        }
    }

    fn push_to(&self, page: &mut Vec<u8>) {
        page.extend_from_slice(b"<li><a href=\"");
        self.push_href(page);
        page.extend_from_slice(b"\">");
        push_escaped(page, &self.name);
        if self.is_link {
            page.push(b'@');
        } else if self.is_dir {
            page.push(b'/');
        }
        page.extend_from_slice(b"</a></li>\n");
    }
}

impl fmt::Debug for ListingEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_link { " (link)" } else { "" };
        write!(f, "{:?}{kind}", self.href())
    }
}

/// What a closure for [`Directory::listing_page`](super::directory::Directory::listing_page) may return: text or bytes, which are
/// sent as HTML with the usual header fields, or a [`Response`] that is sent as it stands.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the page of a listing",
    note = "return text, bytes, or a `Response`"
)]
pub trait IntoPage {
    /// The response.
    fn into_page(self) -> Response;
}

convert!(IntoPage::into_page -> Response;
    &str => |text| html(text.to_owned().into()),
    String => |text| html(text.into()),
    Vec<u8> => |bytes| html(bytes),
    Response => |response| response,
);

/// The page of a listing with its fields.
pub(super) fn html(page: Vec<u8>) -> Response {
    let mut response = Response::new(200);
    response.style = Style::HttpServer;
    response
        .with("Content-type", "text/html; charset=utf-8")
        .with("Content-Length", page.len().to_string())
        .with_bytes(Bytes::from(page))
}

/// Sorts by the name in lower case, then by the name. Both are generalised UTF-8, whose byte order is the code point
/// order that the page has.
fn order(name: &[u8]) -> (Vec<u8>, Vec<u8>) {
    if name.is_ascii() {
        return (name.to_ascii_lowercase(), name.to_owned());
    }
    let (mut lower, mut text) = (Vec::new(), Vec::new());
    for part in parts(name) {
        match part {
            Part::Text(part) => {
                lower.extend_from_slice(part.to_lowercase().as_bytes());
                text.extend_from_slice(part.as_bytes());
            }
            Part::Byte(surrogate) => {
                lower.extend_from_slice(&surrogate);
                text.extend_from_slice(&surrogate);
            }
        }
    }
    (lower, text)
}

/// Appends the name as a relative reference. A byte that is not UTF-8 is linked to by its surrogate, which is how a
/// request names it (section 7, step 5).
fn push_link(page: &mut Vec<u8>, name: &[u8]) {
    for part in parts(name) {
        let bytes = match &part {
            Part::Text(text) => text.as_bytes(),
            Part::Byte(surrogate) => surrogate.as_slice(),
        };
        for piece in percent_encode(bytes, ESCAPED) {
            page.extend_from_slice(piece.as_bytes());
        }
    }
}

/// A part of a name.
enum Part<'a> {
    /// The longest possible stretch of UTF-8.
    Text(&'a str),
    /// The surrogate of one byte that is not UTF-8.
    Byte([u8; 3]),
}

fn parts(name: &[u8]) -> impl Iterator<Item = Part<'_>> {
    name.utf8_chunks().flat_map(|chunk| {
        let text = Some(chunk.valid()).filter(|text| !text.is_empty()).map(Part::Text);
        text.into_iter().chain(chunk.invalid().iter().map(|&byte| Part::Byte(surrogate_of(byte))))
    })
}

#[cfg(unix)]
fn name_bytes(name: &OsStr) -> Vec<u8> {
    std::os::unix::ffi::OsStrExt::as_bytes(name).to_owned()
}

#[cfg(not(unix))]
fn name_bytes(name: &OsStr) -> Vec<u8> {
    name.to_string_lossy().into_owned().into_bytes()
}

/// Everything but ASCII letters, digits and `_.-~/`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');

const BEFORE_TITLE: &[u8] = b"<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <style type=\"text/css\">\n:root {\ncolor-scheme: light dark;\n}\n</style>\n<title>Directory listing for ";
const BEFORE_HEADING: &[u8] = b"</title>\n</head>\n<body>\n<h1>Directory listing for ";
const BEFORE_ENTRIES: &[u8] = b"</h1>\n<hr>\n<ul>\n";
const AFTER_ENTRIES: &[u8] = b"</ul>\n<hr>\n</body>\n</html>\n";

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn entry(name: &[u8], is_dir: bool, is_link: bool) -> ListingEntry {
        ListingEntry { name: name.to_owned(), is_dir, is_link }
    }

    #[test]
    fn an_empty_directory_has_the_page_of_http_server() {
        let expected = "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
            <style type=\"text/css\">\n:root {\ncolor-scheme: light dark;\n}\n</style>\n\
            <title>Directory listing for /a&amp;b&lt;\"'/</title>\n</head>\n<body>\n\
            <h1>Directory listing for /a&amp;b&lt;\"'/</h1>\n<hr>\n<ul>\n</ul>\n<hr>\n</body>\n</html>\n";
        let page = Listing { title: b"/a&b<\"'/".to_vec(), entries: Vec::new() }.page();
        assert_eq!(String::from_utf8(page).as_deref(), Ok(expected));
    }

    #[rstest]
    #[case::file(entry(b"a.txt", false, false), "a.txt", b"a.txt")]
    #[case::directory(entry(b"sub", true, false), "sub/", b"sub/")]
    #[case::link_to_directory(entry(b"sub", true, true), "sub/", b"sub@")]
    #[case::other_link(entry(b"a.txt", false, true), "a.txt", b"a.txt@")]
    #[case::markup(entry(b"<&>\"'", false, false), "%3C%26%3E%22%27", b"&lt;&amp;&gt;\"'")]
    #[case::unreserved(entry(b"aZ09_.-~", false, false), "aZ09_.-~", b"aZ09_.-~")]
    #[case::reserved(
        entry(b" %+:?#[]@!$()*,;=\\^`{|}", false, false),
        "%20%25%2B%3A%3F%23%5B%5D%40%21%24%28%29%2A%2C%3B%3D%5C%5E%60%7B%7C%7D",
        b" %+:?#[]@!$()*,;=\\^`{|}"
    )]
    #[case::control(entry(b"\n\x7f", false, false), "%0A%7F", b"\n\x7f")]
    #[case::utf_8(entry("漢é".as_bytes(), false, false), "%E6%BC%A2%C3%A9", "漢é".as_bytes())]
    #[case::not_utf_8(entry(b"a\xE9b\x80\xFF", false, false), "a%ED%B3%A9b%ED%B2%80%ED%B3%BF", b"a\xE9b\x80\xFF")]
    #[case::truncated(entry(b"\xE6\xBC", true, false), "%ED%B3%A6%ED%B2%BC/", b"\xE6\xBC/")]
    fn an_entry_is_linked_and_shown(#[case] entry: ListingEntry, #[case] href: &str, #[case] text: &[u8]) {
        let mut line = Vec::new();
        entry.push_to(&mut line);
        let expected = [b"<li><a href=\"", href.as_bytes(), b"\">", text, b"</a></li>\n"].concat();
        assert_eq!(line, expected, "{}", String::from_utf8_lossy(&line));
    }

    #[test]
    fn names_are_in_the_order_of_their_lower_case() {
        let sorted: [&[u8]; 14] = [
            b".hidden",
            b"10",
            b"9",
            b"_", // after the upper case letters, but before the lower case ones
            b"A",
            b"a",
            b"a_",
            b"B",
            "\u{c9}a".as_bytes(),
            "\u{e9}b".as_bytes(),
            "\u{d7ff}".as_bytes(),
            b"\x80",
            b"\xFF",
            "\u{e000}".as_bytes(),
        ];
        let mut names = sorted.to_vec();
        names.reverse();
        names.sort_by_cached_key(|name| order(name));
        assert_eq!(names, sorted);
    }

    #[test]
    fn kinds_are_read_from_the_directory() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        fs::create_dir(root.path().join("Sub"))?;
        fs::write(root.path().join(".hidden"), "")?;
        fs::write(root.path().join("empty"), "")?;
        let mut expected = vec![entry(b".hidden", false, false), entry(b"empty", false, false)];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("Sub", root.path().join("to-sub"))?;
            std::os::unix::fs::symlink("empty", root.path().join("to-empty"))?;
            std::os::unix::fs::symlink("nowhere", root.path().join("dangling"))?;
            expected.insert(1, entry(b"dangling", false, true));
            expected.push(entry(b"Sub", true, false));
            expected.push(entry(b"to-empty", false, true));
            expected.push(entry(b"to-sub", true, true));
        }
        #[cfg(not(unix))]
        expected.push(entry(b"Sub", true, false));
        assert_eq!(Listing::read(root.path(), Vec::new())?, Listing { title: Vec::new(), entries: expected });
        Ok(())
    }
}
