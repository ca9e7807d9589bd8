//! From a request to what is to be answered (sections 6 to 8 of the semantics): decides, and renders nothing.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::Served;
use super::conditional::IfModifiedSince;
use super::decode::{percent_decode, push_name, title_bytes};
use super::listing::Listing;
use crate::hook::HookPanic;
use crate::message::date::LAST_SECOND;
use crate::message::field::text_of;

/// What of a request decides about the answer.
pub(super) struct Asked<'a> {
    pub(super) method: &'a [u8],
    /// As sent.
    pub(super) target: &'a [u8],
    /// The value of the first field of a name, in any case.
    pub(super) field: &'a dyn Fn(&str) -> Option<&'a [u8]>,
}

/// What is to be answered.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The content of a regular file.
    Found(Found),
    /// The client's copy of the file is good.
    NotModified,
    /// A directory was asked for without the slash at the end.
    Redirect { location: Vec<u8> },
    /// A directory without an index file.
    Listing(Listing),
    /// There is no such file, or none that may be read.
    NotFound,
    /// A directory that may not be read.
    Unlistable,
    /// The served directory itself is no longer there.
    Vanished,
    /// Neither `GET` nor `HEAD`.
    Unsupported,
}

/// A regular file that is open.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// Its size when it was opened.
    pub(super) length: u64,
    /// Seconds since the epoch, rounded down, where the platform knows.
    pub(super) modified: Option<i64>,
}

/// Decides. A file that could be sent is open afterwards, so that nothing can go wrong any more before its head is
/// on the way. Fails if a closure of the author's does.
pub(super) fn resolve(served: &Served, asked: &Asked<'_>) -> Result<Outcome, HookPanic> {
    if !matches!(asked.method, b"GET" | b"HEAD") {
        return Ok(Outcome::Unsupported);
    }
    let target = Target::new(asked.target);
    let Some((path, wants_directory)) = translate(served, &target)? else {
        return Ok(not_found(served));
    };
    if leaves(served, &path) {
        return Ok(not_found(served));
    }
    let Ok(metadata) = fs::metadata(&path) else {
        return Ok(not_found(served));
    };
    if metadata.is_dir() {
        if !target.ends_in_slash() {
            return Ok(Outcome::Redirect { location: target.with_slash() });
        }
        return Ok(index(served, asked, &target, path));
    }
    if wants_directory || !metadata.is_file() {
        return Ok(not_found(served));
    }
    Ok(file(served, asked, path))
}

/// The path that a target names, and whether only a directory will do. `None` if no file can have the name.
fn translate(served: &Served, target: &Target<'_>) -> Result<Option<(PathBuf, bool)>, HookPanic> {
    if let Some(hook) = &served.options.translate_path {
        if let Some(path) = hook.call(|translate| translate(&text_of(target.whole)))? {
            return Ok(Some((served.root.join(path), false)));
        }
    }
    let decoded = percent_decode(target.path);
    Ok(path_below(&served.root, &decoded).map(|path| (path, decoded.ends_with(b"/"))))
}

/// Whether a symbolic link leads out of the directory, and must not. What cannot be followed to its end counts as outside.
pub(super) fn leaves(served: &Served, path: &Path) -> bool {
    // A path elsewhere comes from the author, not from a link.
    if served.options.follows_links || !path.starts_with(&served.root) {
        return false;
    }
    match (fs::canonicalize(&served.root), fs::canonicalize(path)) {
        (Ok(root), Ok(path)) => !path.starts_with(root),
        _ => true,
    }
}

/// Opens a regular file, and only that: whatever else has the name is refused without being waited for or read.
pub(super) fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
    // Opening a FIFO or a device has effects of its own, hence the look at the name first.
    if !fs::metadata(path)?.is_file() {
        return Err(not_regular());
    }
    open_checked(path)
}

/// Opens what was a regular file a moment ago, and is checked to be one still.
pub(super) fn open_checked(path: &Path) -> io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, O_NONBLOCK);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(not_regular()) }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

fn index(served: &Served, asked: &Asked<'_>, target: &Target<'_>, mut path: PathBuf) -> Outcome {
    for name in &served.options.index_pages {
        path.push(name);
        if fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            return if leaves(served, &path) { not_found(served) } else { file(served, asked, path) };
        }
        path.pop();
    }
    if !served.options.lists {
        return Outcome::Unlistable;
    }
    match Listing::read(&path, title_bytes(percent_decode(target.path))) {
        Ok(listing) => Outcome::Listing(listing),
        Err(_) if served.has_vanished() => Outcome::Vanished,
        Err(_) => Outcome::Unlistable,
    }
}

/// The answer about a name that was a regular file a moment ago.
fn file(served: &Served, asked: &Asked<'_>, path: PathBuf) -> Outcome {
    let Ok((file, metadata)) = open_checked(&path) else {
        return not_found(served);
    };
    let modified = modification_time(&metadata);
    // `If-None-Match` takes precedence (RFC 9110, section 13.1.3), and without entity tags nothing matches.
    let since = (asked.field)("if-modified-since").filter(|_| (asked.field)("if-none-match").is_none());
    let since = since.and_then(IfModifiedSince::parse);
    if since.zip(modified).is_some_and(|(since, modified)| since.is_unmodified(modified)) {
        return Outcome::NotModified;
    }
    Outcome::Found(Found { file, path, length: metadata.len(), modified })
}

fn not_found(served: &Served) -> Outcome {
    if served.has_vanished() { Outcome::Vanished } else { Outcome::NotFound }
}

/// Never later than what `Last-Modified` can say, so that a client which sends that back is up to date.
fn modification_time(metadata: &Metadata) -> Option<i64> {
    let seconds = match metadata.modified().ok()?.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(LAST_SECOND),
        Err(before) => {
            let before = before.duration();
            let whole = i64::try_from(before.as_secs()).unwrap_or(i64::MAX - 1);
            -whole - i64::from(before.subsec_nanos() > 0)
        }
    };
    Some(seconds.min(LAST_SECOND))
}

/// A request target.
struct Target<'a> {
    /// As sent, but for leading slashes: there is at most one.
    whole: &'a [u8],
    /// The path as sent, up to the first `?` or `#`.
    path: &'a [u8],
    /// What follows it.
    rest: &'a [u8],
}

impl<'a> Target<'a> {
    fn new(mut target: &'a [u8]) -> Target<'a> {
        // Section 2.5: else a redirect could go to `//host`.
        while target.starts_with(b"//") {
            target = &target[1..];
        }
        let mut end = 0;
        while end < target.len() && !matches!(target[end], b'?' | b'#') {
            end += 1;
        }
        let (path, rest) = target.split_at(end);
        Target { whole: target, path, rest }
    }

    fn ends_in_slash(&self) -> bool {
        self.path.ends_with(b"/") || self.path.ends_with(b"%2f") || self.path.ends_with(b"%2F")
    }

    /// The target with a slash after its path, otherwise as sent (section 7.1).
    fn with_slash(&self) -> Vec<u8> {
        let mut location = Vec::with_capacity(self.path.len() + self.rest.len() + 5);
        let mut path = self.path;
        // Browsers take `\` for `/`, so that two of either at the start name a host.
        if let [b'/' | b'\\', b'/' | b'\\', after @ ..] = path {
            for &byte in &path[..2] {
                location.extend_from_slice(if byte == b'\\' { b"%5C" } else { b"/" });
            }
            path = after;
        }
        location.extend_from_slice(path);
        location.push(b'/');
        // `#` comes first: a `?` after it belongs to the fragment. Empty ones are left out.
        let fragment_at = self.rest.iter().position(|&byte| byte == b'#').unwrap_or(self.rest.len());
        let (query, fragment) = self.rest.split_at(fragment_at);
        for part in [query, fragment] {
            if part.len() > 1 {
                location.extend_from_slice(part);
            }
        }
        // No line end can be in a target; in a field it would end the field.
        location.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        location
    }
}

/// Where a decoded path leads to (section 7, steps 4 and 5): always at or below `root`. `None` if no file can have the name.
/// The slash at its end is not kept.
#[cfg(unix)]
pub(super) fn path_below(root: &Path, decoded: &[u8]) -> Option<PathBuf> {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    let root_bytes = root.as_os_str().as_bytes();
    let mut name = Vec::with_capacity(root_bytes.len() + decoded.len() + 1 + "/index.html".len());
    name.extend_from_slice(root_bytes.strip_suffix(b"/").unwrap_or(root_bytes));
    let floor = name.len();
    push_name(&mut name, decoded)?;
    if name.len() == floor {
        return Some(root.to_owned());
    }
    Some(PathBuf::from(OsString::from_vec(name)))
}

#[cfg(not(unix))]
pub(super) fn path_below(root: &Path, decoded: &[u8]) -> Option<PathBuf> {
    let mut name = Vec::new();
    push_name(&mut name, decoded)?;
    let mut path = root.to_owned();
    // Bytes that are not UTF-8 name nothing here.
    for segment in String::from_utf8(name).ok()?.split('/').filter(|segment| !segment.is_empty()) {
        if !is_one_component(segment) {
            return None;
        }
        path.push(segment);
    }
    Some(path)
}

/// Whether a segment of a request can only be a name in a directory. On Windows `C:`, `C:x`, `a\..\b` and `\\host`
/// are no such names, but `Path::push` would follow them out of the served directory.
#[cfg(any(not(unix), test))]
fn is_one_component(segment: &str) -> bool {
    let mut components = Path::new(segment).components();
    let first = components.next();
    matches!(first, Some(std::path::Component::Normal(name)) if name == segment)
        && components.next().is_none()
        && !segment.contains(['\\', ':'])
}

/// Without it opening a FIFO, put in the place of a file after the look at its name, waits for a writer. The numbers
/// are those of `<fcntl.h>`; where they are not known the flag is left out, and the look has to do.
#[cfg(unix)]
const O_NONBLOCK: i32 = if cfg!(any(target_os = "linux", target_os = "android")) {
    if cfg!(any(target_arch = "mips", target_arch = "mips64", target_arch = "sparc", target_arch = "sparc64")) {
        0
    } else {
        0o4000
    }
} else if cfg!(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
)) {
    4
} else {
    0
};

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::name("a b.txt", true)]
    #[case::three_dots("...", true)]
    #[case::hidden(".a", true)]
    #[case::empty("", false)]
    #[case::dot(".", false)]
    #[case::parent("..", false)]
    #[case::two_names("a/b", false)]
    #[case::root("/", false)]
    #[case::drive("C:", false)]
    #[case::on_a_drive("C:x", false)]
    #[case::stream("a.txt:stream", false)]
    #[case::backslash("a\\..\\..\\b", false)]
    #[case::host("\\\\host\\share", false)]
    fn a_segment_is_one_component(#[case] segment: &str, #[case] expected: bool) {
        assert_eq!(is_one_component(segment), expected);
    }
}
