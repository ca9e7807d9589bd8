//! The options of a served directory and of error pages, as clients see them.

mod raw;

use std::fs;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use fixture_server::{FailureKind, prelude::*};
use rstest::rstest;
use tempfile::TempDir;

use raw::{Answer, Raw, Test, exchange, get_bytes, get_text};

/// A folder with files of these names, each with its name as content.
fn folder(names: &[&str]) -> TempDir {
    let temp = tempfile::tempdir().expect("a temporary directory");
    for name in names {
        let path = temp.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, name).expect("the file is written");
    }
    temp
}

fn get(server: &TestServer, path: &str) -> io::Result<Answer> {
    exchange(server, get_bytes(path))
}

fn head(server: &TestServer, path: &str) -> io::Result<Answer> {
    exchange(server, get_bytes(path).replacen("GET", "HEAD", 1))
}

/// The names of the fields, in order.
fn names(answer: &Answer) -> Vec<&str> {
    answer.fields().into_iter().filter_map(|line| line.split(": ").next()).collect()
}

#[rstest]
#[case::the_first_that_is_there(&["a.html", "b.html"], "b.html")]
#[case::in_their_order(&["c.html", "b.html"], "c.html")]
#[case::a_folder_is_passed_over(&["sub", "b.html"], "b.html")]
fn index_pages_are_those_that_were_given(#[case] pages: &[&str], #[case] expected: &str) -> Test {
    let temp = folder(&["index.html", "b.html", "c.html", "sub/x"]);
    let server = TestServer::start(Directory::new(&temp).index_pages(pages.iter().copied()));
    assert_eq!(get_text(&server, "/")?, (200, expected.to_owned()));
    Ok(())
}

#[test]
fn without_index_pages_every_folder_is_listed() -> Test {
    let temp = folder(&["index.html", "index.htm"]);
    let server = TestServer::start(Directory::new(&temp).index_pages([""; 0]));
    assert!(get_text(&server, "/")?.1.contains("<li><a href=\"index.html\">index.html</a></li>"));
    Ok(())
}

#[test]
fn without_listing_a_folder_is_404_unless_it_has_an_index_page() -> Test {
    let temp = folder(&["sub/x", "with/index.html"]);
    let site = Directory::new(&temp).listing(false).listing_page(|_: &_| -> String { panic!("never asked") });
    let server = TestServer::start(site);
    for target in ["/", "/sub/"] {
        let answer = get(&server, target)?;
        assert!(answer.head.starts_with("HTTP/1.1 404 No permission to list directory\r\n"), "{}", answer.head);
    }
    assert_eq!(get(&server, "/sub")?.status(), 301);
    assert_eq!(get_text(&server, "/with/")?, (200, "with/index.html".to_owned()));
    Ok(())
}

#[test]
fn the_page_of_a_listing_has_the_usual_fields() -> Test {
    let temp = folder(&["b c.txt", "A/x"]);
    let site = Directory::new(&temp).listing_page(|listing| {
        let line = |entry: &fixture_server::ListingEntry| {
            format!("{}={},{},{} ", entry.name(), entry.href(), entry.is_dir(), entry.is_link())
        };
        format!("{} {}", listing.path(), listing.entries().iter().map(line).collect::<String>())
    });
    let server = TestServer::start(site.header("X-A", "1"));
    let answer = get(&server, "/A/../%2e/?q")?;
    assert_eq!(answer.text(), "/A/.././ A=A/,true,false b c.txt=b%20c.txt,false,false ");
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"), "{}", answer.head);
    assert_eq!(names(&answer), ["Server", "Date", "Content-type", "Content-Length", "X-A"]);
    assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"));
    let of_head = head(&server, "/A/../%2e/?q")?;
    assert_eq!((of_head.field("content-length"), of_head.text()), (answer.field("content-length"), String::new()));
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_listing_knows_links_and_names_that_are_not_text() -> Test {
    use std::os::unix::ffi::OsStrExt;
    let temp = folder(&["sub/x"]);
    std::os::unix::fs::symlink("sub", temp.path().join("to-sub"))?;
    fs::write(temp.path().join(std::ffi::OsStr::from_bytes(b"\xE9")), "")?;
    let server = TestServer::start(Directory::new(&temp).listing_page(|listing| format!("{:?}", listing.entries())));
    assert_eq!(get_text(&server, "/")?.1, r#"["sub/", "to-sub/" (link), "%ED%B3%A9"]"#);
    Ok(())
}

#[rstest]
#[case::bytes(Directory::new("fixtures").listing_page(|_| b"\xff".to_vec()), 200, "text/html; charset=utf-8", b"\xff")]
#[case::str(Directory::new("fixtures").listing_page(|_| "page"), 200, "text/html; charset=utf-8", b"page")]
#[case::response(Directory::new("fixtures").listing_page(|_| Response::text("a").status(203)), 203, "text/plain; charset=utf-8", b"a")]
#[case::file(Directory::new("fixtures").listing_page(|_| Response::file("fixtures/site/hello.txt")), 200, "text/plain", b"Hello, fixture!\n")]
fn a_listing_may_be_anything(
    #[case] site: Directory,
    #[case] status: u16,
    #[case] content_type: &str,
    #[case] body: &[u8],
) -> Test {
    let server = TestServer::start(site);
    let answer = get(&server, "/")?;
    assert_eq!((answer.status(), answer.field("content-type")), (status, Some(content_type)));
    assert_eq!(answer.body, body);
    Ok(())
}

#[test]
fn a_response_in_place_of_a_listing_is_sent_as_it_stands() -> Test {
    let site = |page: fn() -> Response| Directory::new("fixtures").header("X-A", "1").listing_page(move |_| page());
    let server = TestServer::start(site(|| Response::text("a").header("X-B", "2")));
    assert_eq!(names(&get(&server, "/")?), ["Content-Type", "X-B", "Date", "Content-Length", "Connection"]);
    let server = TestServer::start(site(|| Response::error(403)));
    let answer = get(&server, "/")?;
    assert_eq!(names(&answer), ["Server", "Date", "Connection", "Content-Type", "Content-Length"]);
    assert!(answer.head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{}", answer.head);
    Ok(())
}

#[rstest]
#[case::own("/a.rs", "text/x-rust")]
#[case::own_in_lower_case("/A.RS", "text/x-rust")]
#[case::own_before_the_table("/a.html", "text/html; charset=utf-8")]
#[case::guessed("/guess.html", "x/guessed")]
#[case::table("/a.css", "text/css")]
#[case::default("/a.nobody-knows", "x/default")]
#[case::own_without_extension("/README", "x/readme")]
fn content_types_are_those_of_the_author_first(#[case] target: &str, #[case] expected: &str) -> Test {
    let temp = folder(&["a.rs", "A.RS", "a.html", "guess.html", "a.css", "a.nobody-knows", "README"]);
    let site = Directory::new(&temp)
        .content_type("rs", "text/x-rust")
        .content_type(".html", "text/html; charset=utf-8")
        .content_type("", "x/readme")
        .default_content_type("x/default")
        .guess_type(|path| path.ends_with("guess.html").then(|| "x/guessed".to_owned()));
    let server = TestServer::start(site);
    assert_eq!(get(&server, target)?.field("content-type"), Some(expected));
    Ok(())
}

#[rstest]
#[case::below("/v2/a.txt", 200, "a.txt")]
#[case::its_own_names_too("/a.txt", 200, "a.txt")]
#[case::elsewhere("/else/b.txt", 200, "else/b.txt")]
#[case::with_parents("/parents", 200, "else/b.txt")]
#[case::leading_slashes_are_one("///else/b.txt", 200, "else/b.txt")]
#[case::query_is_seen("/query?a%20b", 200, "a.txt")]
#[case::query_is_not_cut("/query", 404, "File not found")]
#[case::folder_elsewhere("/else/", 200, "href=\"b.txt\"")]
#[case::file_with_a_slash("/slash", 404, "File not found")]
#[case::nul("/nul", 404, "File not found")]
fn a_target_may_be_translated(#[case] target: &str, #[case] status: u16, #[case] text: &str) -> Test {
    let temp = folder(&["site/a.txt", "else/b.txt"]);
    let outside = temp.path().to_owned();
    let site =
        Directory::new(temp.path().join("site")).follow_links(false).translate_path(move |target| match target {
            "/query?a%20b" => Some("a.txt".into()),
            "/parents" => Some(outside.join("else/sub/../b.txt")),
            "/slash" => Some("a.txt/".into()),
            "/nul" => Some("a\0".into()),
            _ if target.starts_with("/else/") => Some(outside.join(&target[1..])),
            _ => Some(target.strip_prefix("/v2/")?.into()),
        });
    fs::create_dir(temp.path().join("else/sub"))?;
    let server = TestServer::start(site);
    let (found, body) = get_text(&server, target)?;
    assert_eq!(found, status, "{body}");
    assert!(body.contains(text), "{body}");
    Ok(())
}

#[test]
fn a_translated_folder_is_redirected_by_its_target() -> Test {
    let temp = folder(&["sub/x"]);
    let server = TestServer::start(Directory::new(&temp).translate_path(|_| Some("sub".into())));
    assert_eq!(get(&server, "/alias?q")?.field("location"), Some("/alias/?q"));
    assert_eq!(get_text(&server, "/alias/")?.0, 200);
    Ok(())
}

#[cfg(unix)]
#[rstest]
#[case::no_link("/a.txt", true, true)]
#[case::missing("/missing", false, false)]
#[case::link_inside("/sub/inside.txt", true, true)]
#[case::folder_inside("/to-sub/", true, true)]
#[case::below_a_folder_inside("/to-sub/b.txt", true, true)]
#[case::chain_inside("/chain-inside", true, true)]
#[case::out_and_back("/out-and-back", true, true)]
#[case::file_outside("/out.txt", true, false)]
#[case::folder_outside("/out/", true, false)]
#[case::folder_outside_without_slash("/out", true, false)]
#[case::below_a_folder_outside("/out/secret.txt", true, false)]
#[case::chain_outside("/chain-out", true, false)]
#[case::index_page_outside("/indexed/", true, false)]
#[case::folder_whose_name_begins_alike("/alike/x", true, false)]
#[case::root("/", true, true)]
fn links_that_lead_outside_are_refused(#[case] target: &str, #[case] followed: bool, #[case] inside: bool) -> Test {
    use std::os::unix::fs::symlink;
    let temp = folder(&["site/a.txt", "site/sub/b.txt", "site/indexed/index.htm", "outside/secret.txt", "site-2/x"]);
    let site = temp.path().join("site");
    for (to, from) in [
        ("../a.txt", "sub/inside.txt"),
        ("sub", "to-sub"),
        ("to-sub/inside.txt", "chain-inside"),
        ("../outside/secret.txt", "out.txt"),
        ("../outside", "out"),
        ("out.txt", "chain-out"),
        ("../back", "out-and-back"),
        ("../../outside/secret.txt", "indexed/index.html"),
        ("../site-2", "alike"),
    ] {
        symlink(to, site.join(from))?;
    }
    symlink("site/a.txt", temp.path().join("back"))?;
    symlink("site", temp.path().join("linked-root"))?;
    let refused = |server: &TestServer| -> io::Result<bool> {
        let answer = get(server, target)?;
        Ok(answer.head.starts_with("HTTP/1.1 404 File not found\r\n"))
    };
    for root in ["site", "linked-root", "linked-root/", "site/sub/.."] {
        let root = temp.path().join(root);
        assert_eq!(refused(&TestServer::start(&root))?, !followed, "{}", root.display());
        let strict = TestServer::start(Directory::new(&root).follow_links(false));
        assert_eq!(refused(&strict)?, !inside, "{}", root.display());
        assert!(get_text(&strict, "/")?.1.contains("<a href=\"out.txt\">out.txt@</a>"), "listings show all");
    }
    Ok(())
}

#[test]
fn own_fields_come_last_and_only_where_nothing_of_that_name_is() -> Test {
    let temp = folder(&["a.txt", "sub/x"]);
    let mut site = Directory::new(&temp);
    for name in ["X-A", "content-TYPE", "Content-Length", "SERVER", "date", "Last-Modified", "x-a", "X-A"] {
        site = site.header(name, "own");
    }
    let server = TestServer::start(site);
    server.on("GET", "/rule", |_| "text");
    for ask in [get, head] {
        let file = ask(&server, "/a.txt")?;
        let expected = ["Server", "Date", "Content-type", "Content-Length", "Last-Modified", "X-A", "x-a", "X-A"];
        assert_eq!(names(&file), expected);
        assert_ne!(file.field("last-modified"), Some("own"));
        let listing = ask(&server, "/sub/")?;
        let expected = ["Server", "Date", "Content-type", "Content-Length", "X-A", "Last-Modified", "x-a", "X-A"];
        assert_eq!(names(&listing), expected);
    }
    assert_eq!(names(&get(&server, "/sub")?), ["Server", "Date", "Location", "Content-Length"]);
    assert_eq!(names(&get(&server, "/missing")?), ["Server", "Date", "Connection", "Content-Type", "Content-Length"]);
    let future = "GET /a.txt HTTP/1.1\r\nHost: test\r\nConnection: close\r\nIf-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT\r\n\r\n";
    assert_eq!(names(&exchange(&server, future)?), ["Server", "Date"]);
    assert_eq!(get(&server, "/rule")?.field("x-a"), None);
    Ok(())
}

type Reader = Box<dyn Read + Send>;

/// Gives each read what a closure says.
struct Reads<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for Reads<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (self.0)(buf)
    }
}

fn reads(read: impl FnMut(&mut [u8]) -> io::Result<usize> + Send + 'static) -> Reader {
    Box::new(Reads(read))
}

/// Lets closures of these types be inferred.
fn by(wrap: fn(Reader) -> Reader) -> fn(Reader) -> Reader {
    wrap
}

/// The content of `a` (ten bytes) by a reader of the author's, as far as it comes.
#[rstest]
#[case::as_it_is(by(|file| file), "0123456789")]
#[case::truncated(by(|file| Box::new(file.take(4))), "0123")]
#[case::corrupted(by(|file| Box::new(io::Cursor::new("xxx").chain(file))), "xxx0123456")]
#[case::replaced(by(|_| Box::new(io::Cursor::new("another body"))), "another bo")]
#[case::nothing(by(|_| Box::new(io::empty())), "")]
#[case::by_the_byte(by(|mut file| reads(move |buf| file.read(&mut buf[..1]))), "0123456789")]
#[case::endless(by(|_| Box::new(io::repeat(b'x'))), "xxxxxxxxxx")]
#[case::broken(by(|file| Box::new(file.take(2).chain(reads(|_| Err(io::Error::other("no")))))), "01")]
#[case::would_block(by(|file| Box::new(file.take(2).chain(reads(|_| Err(io::ErrorKind::WouldBlock.into()))))), "01")]
#[case::more_than_there_is_room(by(|_| reads(|buf| Ok(buf.len() + 1))), "\0\0\0\0\0\0\0\0\0\0")]
fn a_file_is_read_by_the_authors_reader(#[case] wrap: fn(Reader) -> Reader, #[case] expected: &str) -> Test {
    let temp = folder(&[]);
    fs::write(temp.path().join("a"), "0123456789")?;
    let server = TestServer::start(Directory::new(&temp).file_reader(move |file, _| wrap(file)));
    let answer = get(&server, "/a")?;
    assert_eq!((answer.field("content-length"), answer.text()), (Some("10"), expected.to_owned()));
    assert_eq!(head(&server, "/a")?.field("content-length"), Some("10"));
    Ok(())
}

#[test]
fn an_interrupted_reader_goes_on_and_a_whole_file_keeps_the_connection() -> Test {
    let temp = folder(&["index.html"]);
    let site = Directory::new(&temp).file_reader(|mut file, _| {
        let mut calls = 0;
        reads(move |buf| {
            calls += 1;
            if calls % 2 == 1 { Err(io::ErrorKind::Interrupted.into()) } else { file.read(&mut buf[..1]) }
        })
    });
    let server = TestServer::start(site);
    let mut raw = Raw::connect(&server)?;
    for _ in 0..2 {
        raw.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")?;
        assert_eq!(raw.answer()?.text(), "index.html");
    }
    Ok(())
}

#[test]
fn a_reader_is_told_the_path_and_asked_for_files_that_are_sent_alone() -> Test {
    let temp = folder(&["sub/index.html", "sub/a.txt"]);
    let asked: Arc<Mutex<Vec<PathBuf>>> = Arc::default();
    let notes = asked.clone();
    let server = TestServer::start(Directory::new(&temp).file_reader(move |file, path| {
        notes.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        file
    }));
    for target in ["/sub/", "/sub", "/missing", "/", "/sub/a.txt"] {
        get(&server, target)?;
    }
    head(&server, "/sub/a.txt")?;
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(asked, ["sub/index.html", "sub/a.txt"].map(|name| temp.path().join(name)));
    Ok(())
}

#[test]
fn a_reader_that_cannot_seek_serves_a_client_that_is_slow() -> Test {
    let temp = folder(&[]);
    let content: Vec<u8> = (0..8_000_000_u32).map(|number| (number % 251) as u8).collect();
    fs::write(temp.path().join("large"), &content)?;
    let server = TestServer::start(Directory::new(&temp).file_reader(|mut file, _| {
        let mut size = 0;
        reads(move |buf| {
            size = size % 50_000 + 997;
            let most = size.min(buf.len());
            file.read(&mut buf[..most])
        })
    }));
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/large"))?;
    // Told when the client takes no more for now: a piece was read that did not go out whole.
    raw::eventually("the sender is held up", || server.requests().first().is_some_and(|get| get.bytes_sent() > 0));
    let mut received = Vec::new();
    let mut buffer = vec![0; 300_000];
    loop {
        match raw.stream.read(&mut buffer)? {
            0 => break,
            length => received.extend_from_slice(&buffer[..length]),
        }
    }
    assert!(received.ends_with(&content), "the bytes are those of the file");
    Ok(())
}

#[test]
fn a_reader_that_takes_its_time_holds_nobody_up() -> Test {
    let temp = folder(&["slow.txt", "quick.txt"]);
    let gate = Arc::new(std::sync::Barrier::new(2));
    let held = gate.clone();
    let server = TestServer::start(Directory::new(&temp).file_reader(move |file, path| {
        if !path.ends_with("slow.txt") {
            return file;
        }
        let (held, mut file) = (held.clone(), file);
        let mut waited = false;
        reads(move |buf| {
            if !std::mem::replace(&mut waited, true) {
                held.wait();
            }
            file.read(buf)
        })
    }));
    let mut slow = Raw::connect(&server)?;
    slow.send(get_bytes("/slow.txt"))?;
    assert_eq!(get_text(&server, "/quick.txt")?.1, "quick.txt");
    gate.wait();
    assert_eq!(slow.answer()?.text(), "slow.txt");
    Ok(())
}

/// A reader whose end panics.
struct Bomb;

impl Read for Bomb {
    fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("boom");
    }
}

#[rustfmt::skip] // a case a line, because its line is what is asserted
#[rstest]
#[case::translate_path(Directory::new("fixtures/site").translate_path(|_| panic!("boom")), line!(), "translate_path", "/", 500)]
#[case::guess_type(Directory::new("fixtures/site").guess_type(|_| panic!("{}", "boom")), line!(), "guess_type", "/hello.txt", 500)]
#[case::listing_page(Directory::new("fixtures/site").listing_page(|_: &_| -> String { panic!("boom") }), line!(), "listing_page", "/", 500)]
#[case::file_reader(Directory::new("fixtures/site").file_reader(|_, _| panic!("boom")), line!(), "file_reader", "/hello.txt", 500)]
#[case::read(Directory::new("fixtures/site").file_reader(|_, _| reads(|_| panic!("boom"))), line!(), "file_reader", "/hello.txt", 200)]
#[case::end_of_a_reader(Directory::new("fixtures/site").file_reader(|_, _| Box::new(Bomb)), line!(), "file_reader", "/hello.txt", 200)]
fn a_panic_in_a_closure_fails_the_test_where_it_was_given(
    #[case] site: Directory, #[case] line: u32, #[case] method: &str, #[case] target: &str, #[case] status: u16,
) -> Test {
    let server = TestServer::start(site);
    let answer = get(&server, target)?;
    assert_eq!(answer.status(), status);
    if status == 500 {
        assert!(answer.text().contains(&format!("500 - the closure of `{method}` panicked: boom.")), "{}", answer.text());
    }
    // What a reader does at its end comes after the last byte.
    raw::eventually("the panic is noted", || {
        server.try_verify().is_err_and(|report| {
            let failure = &report.failures()[0];
            assert_eq!((failure.location().file(), failure.location().line()), (file!(), line));
            assert_eq!(failure.kind(), FailureKind::Panicked);
            let text = report.to_string();
            let (what, doing) = if status == 500 { ("answering", "GET ") } else { ("sending", "the file ") };
            assert!(text.contains(&format!("the closure of `{method}` panicked: boom\n    while {what} {doing}")), "{text}");
            true
        })
    });
    assert_eq!(get(&server, "/missing")?.status(), if method == "translate_path" { 500 } else { 404 }, "it goes on");
    let _ = server.try_verify();
    Ok(())
}

#[test]
fn a_guessed_type_that_cannot_be_sent_fails_the_test() -> Test {
    let site = Directory::new("fixtures/site").guess_type(|_| Some("text/html\r\nX: y".to_owned()));
    let server = TestServer::start(site);
    assert_eq!(get(&server, "/hello.txt")?.status(), 500);
    let report = server.try_verify().map_err(|report| report.to_string());
    assert!(report.is_err_and(|text| text.contains("the content type \"text/html\\r\\nX: y\" holds CR")));
    Ok(())
}

#[test]
fn options_are_shared_by_the_servers_of_a_clone() -> Test {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let site = Directory::new("fixtures/site").guess_type(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        None
    });
    for server in [TestServer::start(site.clone()), TestServer::start(site)] {
        assert_eq!(get(&server, "/hello.txt")?.field("content-type"), Some("text/plain"));
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    Ok(())
}

#[test]
fn a_directory_is_shown_with_the_lines_of_its_closures() {
    let site = Directory::new("site").header("A", "1").translate_path(|_| None);
    let shown = format!("{site:?}");
    assert!(shown.contains("\"A: 1\\r\\n\"") && shown.contains("tests/directory.rs"), "{shown}");
}

const TEMPLATE: &str = "{ {code} {{message}} {explain} {other} {code";

#[rstest]
#[case::of_the_directory(
    "/missing<",
    "404 File not found",
    "{ 404 {File not found} Nothing matches the given URI {other} {code"
)]
#[case::placeholders_in_values(
    "/braces",
    "400 {explain}{code}",
    "{ 400 {{explain}{code}} a &lt;b&gt; &amp; \"c\" {other} {code"
)]
#[case::own_words("/teapot", "418 Short and Stout", "{ 418 {Short and Stout} Tip me over {other} {code")]
#[case::own_message("/own", "418 Full", "{ 418 {Full} Tip me over {other} {code")]
#[case::unknown("/unknown", "599 ???", "{ 599 {???} ??? {other} {code")]
fn an_error_page_is_made_of_a_template(#[case] target: &str, #[case] line: &str, #[case] page: &str) -> Test {
    let server = TestServer::builder()
        .dir("fixtures/site")
        .error_page(TEMPLATE)
        .error_content_type("x/y")
        .status_text(418, "Short and Stout", "Tip me over")
        .start();
    server.on("GET", "/braces", |_| Response::error_with(400, "{explain}{code}", "a <b> & \"c\""));
    server.on("GET", "/teapot", |_| Response::error(418));
    server.on("GET", "/own", |_| Response::error_with(418, "Full", ""));
    server.on("GET", "/unknown", |_| Response::error(599));
    let answer = get(&server, target)?;
    assert!(answer.head.starts_with(&format!("HTTP/1.1 {line}\r\n")), "{}", answer.head);
    assert_eq!((answer.text().as_str(), answer.field("content-type")), (page, Some("x/y")));
    Ok(())
}

#[test]
fn own_phrases_are_those_of_the_directory_too() -> Test {
    let temp = folder(&["a.txt", "sub/x"]);
    let server = TestServer::builder()
        .dir(&temp)
        .status_text(200, "Fine", "")
        .status_text(301, "Gone there \u{e9}\u{416}", "")
        .status_text(304, "", "")
        .status_text(404, "Nowhere", "Lost")
        .start();
    server.on("GET", "/rule", |_| "a");
    let first = |target: &str| -> io::Result<Vec<u8>> {
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes(target).replace("Host:", "If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT\r\nHost:"))?;
        Ok(raw.rest()?.split(|&byte| byte == b'\r').next().unwrap_or_default().to_owned())
    };
    assert_eq!(first("/sub/")?, b"HTTP/1.1 200 Fine");
    assert_eq!(first("/sub")?, b"HTTP/1.1 301 Gone there \xe9?");
    assert_eq!(first("/a.txt")?, b"HTTP/1.1 304 ");
    assert_eq!(first("/missing")?, b"HTTP/1.1 404 File not found");
    assert_eq!(first("/rule")?, b"HTTP/1.1 200 OK");
    assert!(get_text(&server, "/missing")?.1.contains("404 - Lost."));
    Ok(())
}

#[rstest]
#[case::plain(|| Response::error(404), "404 Not Found", &["Connection", "Content-Type", "Content-Length"])]
#[case::tuple(|| (200, Response::error(410)).into_response(), "410 Gone", &["Connection", "Content-Type", "Content-Length"])]
#[case::fields_of_a_tuple(|| (200, [("A", "b")], Response::error(410)).into_response(), "410 Gone", &["Connection", "Content-Type", "Content-Length", "A"])]
#[case::status_later(|| Response::error(404).status(410), "410 Gone", &["Connection", "Content-Type", "Content-Length"])]
#[case::reason(|| Response::error(404).reason("No"), "404 No", &["Connection", "Content-Type", "Content-Length"])]
#[case::own_fields(|| Response::error(401).header("WWW-Authenticate", "Basic").header("content-type", "x/y"), "401 Unauthorized", &["Connection", "Content-Length", "WWW-Authenticate", "content-type"])]
#[case::left_out(|| Response::error(404).without_header("Connection").without_header("server").without_header("Content-Type"), "404 Not Found", &["Content-Length"])]
#[case::no_content(|| Response::error(204), "204 No Content", &["Connection"])]
#[case::reset_content(|| Response::error(205).body("x"), "205 Reset Content", &["Connection"])]
#[case::not_modified(|| Response::error(304), "304 Not Modified", &["Connection"])]
#[case::message_beyond_latin_1(|| Response::error_with(404, "a\u{416}", ""), "404 a?", &["Connection", "Content-Type", "Content-Length"])]
#[case::line_ends(|| Response::error_with(404, "a\r\nB: c", ""), "404 a  B: c", &["Connection", "Content-Type", "Content-Length"])]
fn an_error_of_a_handler_is_one_of_http_server(
    #[case] error: fn() -> Response,
    #[case] line: &str,
    #[case] fields: &[&str],
) -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", move |_| error());
    server.on("HEAD", "/", move |_| error());
    let answer = get(&server, "/")?;
    assert!(answer.head.starts_with(&format!("HTTP/1.1 {line}\r\n")), "{}", answer.head);
    let found: Vec<&str> = names(&answer).into_iter().filter(|name| !matches!(*name, "Server" | "Date")).collect();
    assert_eq!(found, fields);
    assert_eq!(answer.text().starts_with("<!DOCTYPE HTML>"), fields.contains(&"Content-Length"));
    let of_head = head(&server, "/")?;
    assert_eq!((of_head.field("content-length"), of_head.text()), (answer.field("content-length"), String::new()));
    Ok(())
}

#[test]
fn a_body_takes_the_place_of_the_page() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::error(404).body("short"));
    let answer = get(&server, "/")?;
    assert_eq!((answer.field("content-length"), answer.text()), (Some("5"), "short".to_owned()));
    Ok(())
}

#[test]
fn an_error_closes_the_connection() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::error(404));
    let answer = exchange(&server, "GET / HTTP/1.1\r\nHost: test\r\n\r\n".repeat(2))?;
    assert_eq!(answer.text().matches("</html>").count(), 1);
    Ok(())
}

#[test]
fn the_log_has_the_message_and_not_what_became_of_it() -> Test {
    let lines: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
    let notes = lines.clone();
    let server = TestServer::builder()
        .dir("fixtures/site")
        .log(move |event| notes.lock().unwrap_or_else(PoisonError::into_inner).push(event.lines()))
        .start();
    server.on("GET", "/rule", |_| Response::error_with(409, "\u{416} again", ""));
    server.on("GET", "/plain", |_| 500);
    for target in ["/missing", "/rule", "/plain"] {
        get(&server, target)?;
    }
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner).concat();
    let expected = [
        "code 404, message File not found",
        r#""GET /missing HTTP/1.1" 404 -"#,
        "code 409, message \u{416} again",
        r#""GET /rule HTTP/1.1" 409 -"#,
        r#""GET /plain HTTP/1.1" 500 -"#,
    ];
    assert_eq!(lines, expected);
    Ok(())
}

/// The line at which a mistake panics, and its text.
fn caught(mistake: fn()) -> (u32, String) {
    thread_local! {
        static LINE: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            LINE.set(info.location().filter(|at| at.file() == file!()).map_or(0, std::panic::Location::line));
            usual(info);
        }));
    });
    let Err(payload) = catch_unwind(AssertUnwindSafe(mistake)) else { return (0, "it did not panic".to_owned()) };
    let text = payload.downcast_ref::<String>().cloned();
    (LINE.get(), text.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default())
}

fn site() -> Directory {
    Directory::new("fixtures/site")
}

#[rustfmt::skip] // a case a line, because its line is what is asserted
#[rstest]
#[case::index_page_in_another_folder(|| drop(site().index_pages(["a", "b/c"])), line!(), "\"b/c\" is not the name of an index page: write a name in the directory that is asked for")]
#[case::empty_index_page(|| drop(site().index_pages([""])), line!(), "\"\" is not the name of an index page")]
#[case::no_type(|| drop(site().content_type("a", "html")), line!(), "\"html\" is not a content type: write type and subtype, such as \"text/html\"")]
#[case::type_with_a_line_end(|| drop(site().content_type("a", "a/b\n")), line!(), "the content type \"a/b\\n\" holds LF")]
#[case::two_extensions(|| drop(site().content_type("tar.gz", "a/b")), line!(), "no file has the extension \"tar.gz\", for an extension begins at the last dot of a name: write \".gz\"")]
#[case::path_for_an_extension(|| drop(site().content_type("a/b", "a/b")), line!(), "\"a/b\" is not an extension: write one such as \".txt\"")]
#[case::no_default_type(|| drop(site().default_content_type("")), line!(), "\"\" is not a content type")]
#[case::header_name(|| drop(site().header("a b", "")), line!(), "\"a b\" is not a header name")]
#[case::header_value(|| drop(site().header("a", "\r")), line!(), "the header value \"\\r\" holds CR")]
#[case::no_error_type(|| drop(TestServer::builder().error_content_type("json")), line!(), "\"json\" is not a content type")]
#[case::phrase(|| drop(TestServer::builder().status_text(404, "a\n", "")), line!(), "the phrase \"a\\n\" holds LF")]
#[case::status(|| drop(TestServer::builder().status_text(99, "", "")), line!(), "99 is not a status code")]
#[case::status_of_an_error(|| drop(Response::error(1000)), line!(), "1000 is not a status code")]
#[case::status_of_an_error_with_words(|| drop(Response::error_with(1, "", "")), line!(), "1 is not a status code")]
fn a_mistake_panics_at_the_authors_line_and_says_what_to_do(#[case] mistake: fn(), #[case] line: u32, #[case] text: &str) {
    let found = caught(mistake);
    assert_eq!(found.0, line, "{}", found.1);
    assert!(found.1.starts_with(text), "{}", found.1);
}

#[test]
fn a_missing_directory_with_options_is_named() {
    let error = TestServer::try_start(Directory::new(Path::new("no/such/dir")).listing(false))
        .map_err(|error| error.to_string());
    assert!(error.is_err_and(|text| text.starts_with("cannot serve the directory no/such/dir: ")));
    let server = TestServer::start(Directory::new("no/such/dir").may_be_missing());
    assert_eq!(get_text(&server, "/").map_err(|error| error.to_string()).map(|found| found.0), Ok(404));
}

#[rstest]
#[case::itself(".")]
#[case::above("..")]
#[case::a_path("a/b")]
#[case::nothing("")]
#[case::nul("a\0")]
#[should_panic(expected = "is not the name of an index page")]
fn an_index_page_is_one_name(#[case] name: &str) {
    let _ = Directory::new("fixtures/site").index_pages([name]);
}
