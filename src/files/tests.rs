//! The tables of sections 7 to 8 and 15 of the semantics, against a real directory.

use std::fs::{File, FileTimes};
use std::io::Read;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rstest::rstest;
use tempfile::TempDir;

use super::*;
use crate::message::body::Body;

/// 2 January 2024, 03:04:05 UTC.
const MOMENT: u64 = 1_704_164_645;

/// A directory with something of everything.
fn site() -> (TempDir, Served) {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("root");
    let files: &[(&str, &str)] = &[
        ("a.txt", "a"),
        ("name with space.txt", "space"),
        ("100%.txt", "percent"),
        ("%41.txt", "not decoded twice"),
        ("a+b.txt", "plus"),
        ("semi;colon", "semicolon"),
        ("漢.txt", "kanji"),
        ("\u{e9}.txt", "latin"),
        ("\u{fffd}.txt", "replacement"),
        (".hidden", "hidden"),
        ("sub/b.txt", "b"),
        ("sub/deep/c.txt", "c"),
        ("name with space/d.txt", "d"),
        ("both/index.html", "html"),
        ("both/index.htm", "htm"),
        ("htm/index.htm", "htm"),
        ("upper/INDEX.TXT", "no index"),
        ("dir-index/index.html/x", "x"),
        ("dir-index/index.htm", "htm"),
        ("example.test/x", "x"),
        ("../outside.txt", "outside"),
    ];
    for (name, content) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::symlink;

        fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xE9.bin")), "byte").unwrap();
        fs::write(root.join("back\\slash"), "backslash").unwrap();
        fs::create_dir(root.join("./\\host")).unwrap();
        fs::create_dir_all(root.join("http:/host")).unwrap();
        fs::write(root.join("http:/host/a.txt"), "absolute").unwrap();
        symlink("a.txt", root.join("link.html")).unwrap();
        symlink("sub", root.join("to-sub")).unwrap();
        symlink("../outside.txt", root.join("out.txt")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        symlink("circle", root.join("circle")).unwrap();
        drop(std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap());
        symlink("/dev/zero", root.join("device")).unwrap();
    }
    let directory = served(root);
    (temp, directory)
}

/// A directory without options.
fn served(root: PathBuf) -> Served {
    Served::new(root, Options::default(), Beyond::MimeGuess)
}

fn ask(directory: &Served, method: &str, target: &[u8], fields: &[(&str, &str)]) -> Outcome {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.to_owned(), value.as_bytes())).collect();
    let field = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    resolve::resolve(directory, &Asked { method: method.as_bytes(), target, field: &field }).unwrap()
}

/// An outcome in one line: a file as its type and content.
fn line(outcome: Outcome) -> String {
    match outcome {
        Outcome::Found(mut found) => {
            let mut content = String::new();
            found.file.read_to_string(&mut content).unwrap();
            assert_eq!(content.len() as u64, found.length);
            format!("{}: {content}", types::content_type(&found.path, Beyond::MimeGuess))
        }
        Outcome::NotModified => "not modified".to_owned(),
        Outcome::Redirect { location } => format!("to {}", location.escape_ascii()),
        Outcome::Listing(listing) => format!("listing {}", listing.title.escape_ascii()),
        Outcome::NotFound => "not found".to_owned(),
        Outcome::Unlistable => "unlistable".to_owned(),
        Outcome::Vanished => "vanished".to_owned(),
        Outcome::Unsupported => "unsupported".to_owned(),
    }
}

#[rstest]
#[case::file("/a.txt", "text/plain: a")]
#[case::no_leading_slash("a.txt", "text/plain: a")]
#[case::query_and_fragment("/a.txt?x#y", "text/plain: a")]
#[case::fragment_and_query("/a.txt#y?x", "text/plain: a")]
#[case::nested("/sub/deep/c.txt", "text/plain: c")]
#[case::hidden("/.hidden", "application/octet-stream: hidden")]
#[case::escaped_space("/name%20with%20space.txt", "text/plain: space")]
#[case::raw_space("/name with space.txt", "text/plain: space")]
#[case::lone_percent("/100%.txt", "text/plain: percent")]
#[case::escaped_percent("/100%25.txt", "text/plain: percent")]
#[case::decoded_once("/%2541.txt", "text/plain: not decoded twice")]
#[case::plus_stays("/a+b.txt", "text/plain: plus")]
#[case::semicolon("/semi;colon", "application/octet-stream: semicolon")]
#[case::utf_8("/%e6%BC%a2.txt", "text/plain: kanji")]
#[case::raw_utf_8_is_mojibake("/漢.txt", "not found")]
#[case::latin_1_escaped("/%C3%A9.txt", "text/plain: latin")]
#[case::invalid_is_replaced("/%E9.txt", "text/plain: replacement")]
#[case::escaped_slash("/sub%2Fb.txt", "text/plain: b")]
#[case::dots("/./sub/../sub/./b.txt", "text/plain: b")]
#[case::escaped_dots("/%2e/sub/%2E%2e/a.txt", "text/plain: a")]
#[case::above_the_root("/../../a.txt", "text/plain: a")]
#[case::outside("/../outside.txt", "not found")]
#[case::outside_escaped("/%2e%2e/outside.txt", "not found")]
#[case::outside_escaped_slash("/..%2foutside.txt", "not found")]
#[case::parent_is_lexical("/nowhere/../a.txt", "text/plain: a")]
#[case::file_dot("/a.txt/.", "text/plain: a")]
#[case::file_parent("/sub/b.txt/..", "to /sub/b.txt/../")]
#[case::file_slash("/a.txt/", "not found")]
#[case::file_escaped_slash("/a.txt%2f", "not found")]
#[case::file_as_directory("/a.txt/b", "not found")]
#[case::missing("/missing", "not found")]
#[case::missing_slash("/missing/", "not found")]
#[case::nul("/a.txt%00", "not found")]
#[case::nul_raw("/a.txt\0", "not found")]
#[case::nul_taken_away("/x%00/../a.txt", "text/plain: a")]
#[case::other_surrogate("/%ED%A0%80", "not found")]
#[case::absolute_form_elsewhere("http://elsewhere/a.txt", "not found")]
#[case::root("/", "listing /")]
#[case::listing("/sub/", "listing /sub/")]
#[case::listing_escaped_slash("/sub%2f", "listing /sub/")]
#[case::listing_escaped_upper_slash("/sub%2F", "listing /sub/")]
#[case::listing_of_dots("/sub/../sub/deep/", "listing /sub/../sub/deep/")]
#[case::listing_query("/sub/?a/b#c", "listing /sub/")]
#[case::leading_slashes("///sub/", "listing /sub/")]
#[case::parent_of_the_root("/../", "listing /../")]
#[case::index_html_first("/both/", "text/html: html")]
#[case::index_htm("/htm/", "text/html: htm")]
#[case::directory_index_passed_over("/dir-index/", "text/html: htm")]
#[case::other_index_names("/upper/", "listing /upper/")]
fn a_target_leads_to(#[case] target: &str, #[case] expected: &str) {
    let (_temp, directory) = site();
    assert_eq!(line(ask(&directory, "GET", target.as_bytes(), &[])), expected);
    assert_eq!(line(ask(&directory, "HEAD", target.as_bytes(), &[])), expected);
}

#[cfg(unix)]
#[rstest]
#[case::not_utf_8("/%ED%B3%A9.bin", "application/octet-stream: byte")]
#[case::not_utf_8_by_its_byte("/%E9.bin", "not found")]
#[case::absolute_form("http://host/a.txt", "text/plain: absolute")]
#[case::backslash("/back\\slash", "application/octet-stream: backslash")]
#[case::link("/link.html", "text/html: a")]
#[case::link_out("/out.txt", "text/plain: outside")]
#[case::link_to_directory("/to-sub/", "listing /to-sub/")]
#[case::link_without_slash("/to-sub", "to /to-sub/")]
#[case::parent_of_a_link("/to-sub/../a.txt", "text/plain: a")]
#[case::dangling("/dangling", "not found")]
#[case::circle("/circle", "not found")]
#[case::socket("/socket", "not found")]
#[case::device("/device", "not found")]
#[case::backslash_host("/\\host", "to /%5Chost/")]
#[case::backslash_host_and_parents("/\\host/../sub/..", "to /%5Chost/../sub/../")]
#[case::backslash_slash("\\/host/../..", "to %5C/host/../../")]
#[case::two_backslashes("\\\\host/..", "to %5C%5Chost/../")]
fn a_target_leads_on_unix_to(#[case] target: &str, #[case] expected: &str) {
    let (_temp, directory) = site();
    assert_eq!(line(ask(&directory, "GET", target.as_bytes(), &[])), expected);
}

#[rstest]
#[case::plain("/sub", "/sub/")]
#[case::query_and_fragment("/sub?x=1&y=a/b#f", "/sub/?x=1&y=a/b#f")]
#[case::empty_query("/sub?", "/sub/")]
#[case::empty_fragment("/sub#", "/sub/")]
#[case::both_empty("/sub?#", "/sub/")]
#[case::empty_query_before_fragment("/sub?#f", "/sub/#f")]
#[case::two_question_marks("/sub??", "/sub/??")]
#[case::two_hashes("/sub?q##", "/sub/?q##")]
#[case::question_mark_in_fragment("/sub#f?x", "/sub/#f?x")]
#[case::leading_slashes("//sub", "/sub/")]
#[case::host("//example.test/../sub", "/example.test/../sub/")]
#[case::not_normalised("/a/../sub", "/a/../sub/")]
#[case::not_decoded("/name%20with%20space", "/name%20with%20space/")]
#[case::parent("/..", "/../")]
#[case::dot("/sub/.", "/sub/./")]
#[case::escaped_dot("/sub/%2e", "/sub/%2e/")]
#[case::no_leading_slash("sub", "sub/")]
#[case::empty_path("?q", "/?q")]
#[case::empty("", "/")]
#[case::slash_in_the_query_only("/sub?/", "/sub/?/")]
fn a_directory_without_slash_is_redirected(#[case] target: &str, #[case] location: &str) {
    let (_temp, directory) = site();
    let fields = [("if-modified-since", "Fri, 31 Dec 9999 23:59:59 GMT")];
    assert_eq!(line(ask(&directory, "GET", target.as_bytes(), &fields)), format!("to {location}"));
}

#[test]
fn a_location_keeps_raw_bytes() {
    let (_temp, directory) = site();
    fs::create_dir(directory.root().join("\u{e9}")).unwrap();
    assert_eq!(line(ask(&directory, "GET", b"/\xE9?\xFF", &[])), "to /\\xe9/?\\xff");
}

#[rstest]
#[case::same(&[("if-modified-since", "Tue, 02 Jan 2024 03:04:05 GMT")], "not modified")]
#[case::future(&[("if-modified-since", "Fri, 31 Dec 9999 23:59:59 GMT")], "not modified")]
#[case::earlier(&[("if-modified-since", "Tue, 02 Jan 2024 03:04:04 GMT")], "text/plain: a")]
#[case::other_zone(&[("if-modified-since", "Tue, 02 Jan 2025 03:04:05 +0100")], "text/plain: a")]
#[case::bad(&[("if-modified-since", "yesterday")], "text/plain: a")]
#[case::empty_tag(&[("if-modified-since", "Tue, 02 Jan 2024 03:04:05 GMT"), ("if-none-match", "")], "text/plain: a")]
#[case::others(&[("if-unmodified-since", "Tue, 02 Jan 2020 03:04:05 GMT"), ("range", "bytes=0-0")], "text/plain: a")]
fn a_file_is_conditional(#[case] fields: &[(&str, &str)], #[case] expected: &str) {
    let (_temp, directory) = site();
    // A fraction of a second later: it must not count.
    let modified = UNIX_EPOCH + Duration::from_millis(MOMENT * 1000 + 900);
    set_modified(&directory.root().join("a.txt"), modified);
    assert_eq!(line(ask(&directory, "GET", b"/a.txt", fields)), expected);
}

#[test]
fn an_index_file_is_conditional_and_a_listing_is_not() {
    let (_temp, directory) = site();
    let fields = [("if-modified-since", "Fri, 31 Dec 9999 23:59:59 GMT")];
    assert_eq!(line(ask(&directory, "GET", b"/both/", &fields)), "not modified");
    assert_eq!(line(ask(&directory, "GET", b"/sub/", &fields)), "listing /sub/");
}

#[test]
fn a_file_from_before_the_epoch_is_served() {
    let (_temp, directory) = site();
    set_modified(&directory.root().join("a.txt"), UNIX_EPOCH - Duration::from_millis(1500));
    let Outcome::Found(found) = ask(&directory, "GET", b"/a.txt", &[]) else { panic!("not found") };
    assert_eq!(found.modified, Some(-2));
}

#[rstest]
#[case("POST")]
#[case("get")]
#[case("OPTIONS")]
#[case("")]
fn other_methods_are_unsupported(#[case] method: &str) {
    let (_temp, directory) = site();
    assert_eq!(line(ask(&directory, method, b"/a.txt", &[])), "unsupported");
    assert_eq!(line(ask(&directory, method, b"/missing", &[])), "unsupported");
}

#[test]
fn a_vanished_root_is_told_from_a_missing_file() {
    let (temp, directory) = site();
    assert_eq!(line(ask(&directory, "GET", b"/missing", &[])), "not found");
    fs::rename(directory.root(), temp.path().join("moved")).unwrap();
    for target in [b"/a.txt".as_slice(), b"/", b"/%00", b""] {
        assert_eq!(line(ask(&directory, "GET", target, &[])), "vanished");
    }
    fs::write(directory.root(), "a file now").unwrap();
    assert_eq!(line(ask(&directory, "GET", b"/", &[])), "vanished");
    fs::remove_file(directory.root()).unwrap();
    fs::rename(temp.path().join("moved"), directory.root()).unwrap();
    assert_eq!(line(ask(&directory, "GET", b"/a.txt", &[])), "text/plain: a");
}

#[test]
fn a_root_that_never_was_has_not_vanished() {
    let temp = tempfile::tempdir().unwrap();
    let directory = served(temp.path().join("to come"));
    assert_eq!(line(ask(&directory, "GET", b"/", &[])), "not found");
    fs::create_dir(directory.root()).unwrap();
    assert_eq!(line(ask(&directory, "GET", b"/", &[])), "listing /");
}

#[test]
fn the_explanation_of_a_vanished_root_names_it() {
    let directory = served(PathBuf::from("/no/<such>&place"));
    let asked = Asked { method: b"GET", target: b"/", field: &|_| None };
    let sent = sent(rendered(&directory, Outcome::Vanished, &asked));
    let expected = "404 - The served directory /no/&lt;such&gt;&amp;place has vanished since the server started.";
    assert!(sent.starts_with("404 File not found\r\n") && sent.contains(expected), "{sent}");
}

#[cfg(unix)]
#[test]
fn the_root_may_be_given_in_any_form() {
    let (temp, _) = site();
    for form in ["root", "root/", "root//", "./root/../root"] {
        let directory = served(temp.path().join(form));
        assert_eq!(line(ask(&directory, "GET", b"/a.txt", &[])), "text/plain: a", "{form}");
        assert_eq!(line(ask(&directory, "GET", b"/..", &[])), "to /../", "{form}");
        assert_eq!(line(ask(&directory, "GET", b"/../outside.txt", &[])), "not found", "{form}");
    }
    let everything = served(PathBuf::from("/"));
    assert_eq!(line(ask(&everything, "GET", b"/", &[])), "listing /");
    assert_eq!(line(ask(&everything, "GET", b"/tmp/../tmp/..", &[])), "to /tmp/../tmp/../");
    let here = served(PathBuf::new());
    assert_eq!(line(ask(&here, "GET", b"/etc/passwd", &[])), "not found");
}

#[cfg(unix)]
#[test]
fn names_that_are_too_long_are_not_found() {
    let (_temp, directory) = site();
    assert_eq!(line(ask(&directory, "GET", "a".repeat(300).as_bytes(), &[])), "not found");
    assert_eq!(line(ask(&directory, "GET", "a/".repeat(30_000).as_bytes(), &[])), "not found");
}

#[test]
fn a_file_is_sent_with_its_fields() {
    let (_temp, directory) = site();
    set_modified(&directory.root().join("a.txt"), UNIX_EPOCH + Duration::from_secs(MOMENT));
    let fields = "Content-type: text/plain\r\nContent-Length: 1\r\nLast-Modified: Tue, 02 Jan 2024 03:04:05 GMT\r\n";
    assert_eq!(sent(get(&directory, b"/a.txt")), format!("200 OK\r\n{fields}\r\na"));
}

#[test]
fn a_listing_is_sent_with_its_fields() {
    let (_temp, directory) = site();
    let sent = sent(get(&directory, b"/sub/?q"));
    let (head, page) = sent.split_once("\r\n\r\n").unwrap();
    let length = page.len();
    assert_eq!(head, format!("200 OK\r\nContent-type: text/html; charset=utf-8\r\nContent-Length: {length}"));
    let entries = "<ul>\n<li><a href=\"b.txt\">b.txt</a></li>\n<li><a href=\"deep/\">deep/</a></li>\n</ul>\n";
    assert!(page.contains(entries) && page.contains("<h1>Directory listing for /sub/</h1>"), "{page}");
}

#[rstest]
#[case::redirect(b"/sub?q", "301 Moved Permanently\r\nLocation: /sub/?q\r\nContent-Length: 0\r\n\r\n")]
#[case::not_found(b"/missing", "404 File not found\r\nConnection: close\r\nContent-Type: text/html;charset=utf-8\r\n")]
fn an_answer_begins_with(#[case] target: &[u8], #[case] expected: &str) {
    let (_temp, directory) = site();
    let sent = sent(get(&directory, target));
    assert!(sent.starts_with(expected), "{sent}");
}

#[rstest]
#[case::not_modified(Outcome::NotModified, "304 Not Modified\r\n\r\n")]
#[case::unlistable(Outcome::Unlistable, "404 No permission to list directory\r\nConnection: close\r\n")]
#[case::unsupported(Outcome::Unsupported, "501 Unsupported method ('PUT')\r\nConnection: close\r\n")]
fn an_outcome_is_rendered(#[case] outcome: Outcome, #[case] expected: &str) {
    let directory = served(PathBuf::from("/"));
    let asked = Asked { method: b"PUT", target: b"/", field: &|_| None };
    let sent = sent(rendered(&directory, outcome, &asked));
    assert!(sent.starts_with(expected), "{sent}");
}

#[test]
fn an_opened_file_can_be_read_again() {
    let (_temp, directory) = site();
    fs::write(directory.root().join("ten.css"), "0123456789").unwrap();
    let (mut source, length, content_type) = open(&directory.root().join("ten.css")).unwrap();
    assert_eq!((length, content_type), (10, "text/css"));
    let mut buffer = [0; 4];
    assert_eq!(source.read(&mut buffer).unwrap(), 4);
    source.step_back(3).unwrap();
    assert_eq!(source.read(&mut buffer).unwrap(), 4);
    assert_eq!(&buffer, b"1234");
    assert!(source.step_back(6).is_err());
    assert!(source.step_back(u64::MAX).is_err());
}

/// A reader that gives as much as is wanted, and as it was wrapped no way back.
fn wrapped(file: File, panics: &Arc<Panics>) -> WrappedSource {
    let wrap: Arc<reader::WrapReader> = Arc::new(|file, _| file);
    WrappedSource::new(&crate::hook::Hook::new("file_reader", wrap), file, PathBuf::from("a"), panics.clone()).unwrap()
}

#[test]
fn a_wrapped_file_can_be_read_again_as_far_as_the_last_piece() {
    let (_temp, directory) = site();
    let path = directory.root().join("ten");
    fs::write(&path, "0123456789").unwrap();
    let mut source = wrapped(File::open(&path).unwrap(), &Arc::default());
    assert!(source.runs_user_code());
    let mut buffer = [0; 4];
    assert!(source.step_back(1).is_err(), "nothing was read yet");
    assert_eq!(source.read(&mut buffer).unwrap(), 4);
    source.step_back(3).unwrap();
    assert_eq!(source.read(&mut buffer[..2]).unwrap(), 2);
    assert_eq!(&buffer[..2], b"12");
    source.step_back(1).unwrap();
    assert_eq!(source.read(&mut buffer).unwrap(), 2, "a piece is not mixed with the next");
    assert_eq!(&buffer[..2], b"23");
    assert_eq!(source.read(&mut buffer).unwrap(), 4);
    assert_eq!(&buffer, b"4567");
    assert!(source.step_back(5).is_err());
    assert!(source.step_back(u64::MAX).is_err());
    source.step_back(4).unwrap();
    let mut rest = String::new();
    while let Ok(read @ 1..) = source.read(&mut buffer) {
        rest.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    assert_eq!(rest, "456789");
}

#[test]
fn a_wrapped_folder_fails_and_stays_failed() {
    let panics = Arc::default();
    let mut source = wrapped(File::open("/").unwrap(), &panics);
    let mut buffer = [0; 4];
    assert!(source.read(&mut buffer).is_err());
    assert!(source.read(&mut buffer).is_err());
    assert!(panics.take().is_empty(), "it is no panic");
}

#[rstest]
#[case::nothing(Beyond::Nothing, "application/octet-stream")]
#[case::mime_guess(Beyond::MimeGuess, "text/calendar")]
fn types_beyond_the_table_are_asked_for_or_not(#[case] beyond: Beyond, #[case] expected: &str) {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("a.ics"), "x").unwrap();
    let directory = Served::open(&Directory::new(&temp), beyond).unwrap();
    assert_eq!(get(&directory, b"/a.ics").fields.get("content-type"), Some(expected.as_bytes()));
}

#[rstest]
#[case::directory("sub")]
#[case::missing("missing")]
#[cfg_attr(unix, case::device("device"))]
#[cfg_attr(unix, case::socket("socket"))]
fn only_regular_files_are_opened(#[case] name: &str) {
    let (_temp, directory) = site();
    assert!(open(&directory.root().join(name)).is_err());
}

#[cfg(unix)]
#[test]
fn a_fifo_is_refused_without_waiting() {
    let (_temp, directory) = site();
    let fifo = directory.root().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert_eq!(line(ask(&directory, "GET", b"/fifo", &[])), "not found");
    assert!(open(&fifo).is_err());
    // As if it had taken the place of a file between the look at the name and the opening.
    #[cfg(target_os = "linux")]
    assert!(resolve::open_checked(&fifo).is_err());
}

fn get(directory: &Served, target: &[u8]) -> Response {
    let asked = Asked { method: b"GET", target, field: &|_| None };
    rendered(directory, resolve::resolve(directory, &asked).unwrap(), &asked)
}

fn rendered(directory: &Served, outcome: Outcome, asked: &Asked<'_>) -> Response {
    directory.render(outcome, asked, &ErrorPages::default()).unwrap()
}

/// A response in the order in which it is sent, bytes beyond ASCII escaped. `Server` and `Date` are not this module's.
pub(super) fn sent(response: Response) -> String {
    let mut bytes = format!("{} ", response.status.as_u16()).into_bytes();
    bytes.extend_from_slice(response.reason_phrase().unwrap());
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(response.fields.as_bytes());
    bytes.extend_from_slice(b"\r\n");
    match response.body {
        Body::Chunks(_) | Body::Stream(_) => unreachable!(),
        Body::Bytes(body) => bytes.extend_from_slice(&body),
        Body::Opened { source, length } => {
            let length = length.expect("files have a length");
            let mut source = source.lock().take().unwrap();
            let start = bytes.len();
            bytes.resize(start + usize::try_from(length).unwrap(), 0);
            assert_eq!(source.read(&mut bytes[start..]).unwrap() as u64, length);
        }
        Body::File(path) => panic!("{} is not open", path.display()),
    }
    bytes
        .iter()
        .map(|byte| if byte.is_ascii() { char::from(*byte).to_string() } else { format!("\\x{byte:02x}") })
        .collect()
}

fn set_modified(path: &Path, time: SystemTime) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}
