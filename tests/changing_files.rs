//! Files that change while they are sent: a client never takes a part for the whole, and nobody else is concerned.
#![cfg(unix)] // elsewhere an open file keeps its name

mod raw;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use fixture_server::{Ended, prelude::*};
use rstest::rstest;
use tempfile::TempDir;

use raw::{LIMIT, Raw, Test, eventually, exchange, get_bytes, get_text};

/// More than buffers hold on the way.
const LENGTH: u64 = 24 << 20;

/// A folder with a large file, of zeros, and a small one.
fn site() -> io::Result<TempDir> {
    let temp = tempfile::tempdir()?;
    File::create(temp.path().join("large"))?.set_len(LENGTH)?;
    fs::write(temp.path().join("small"), "small")?;
    Ok(temp)
}

/// Everybody who can send a file.
fn servers(site: &Path) -> [TestServer; 4] {
    let read_by_author = |file: Box<dyn Read + Send>, _: &Path| file;
    let with_rule = TestServer::start(site);
    let path = site.join("large");
    with_rule.on("GET", "/large", move |_| Response::file(&path));
    [
        TestServer::start(site),
        TestServer::builder().dir(site).http_server().start(),
        TestServer::start(Directory::new(site).file_reader(read_by_author)),
        with_rule,
    ]
}

/// A client in the middle of the large file, which takes no more for now.
struct Reader {
    client: TcpStream,
    /// Bytes of the head, and of what came behind it.
    head: u64,
    body: u64,
}

impl Reader {
    fn begin(server: &TestServer) -> io::Result<Reader> {
        let mut client = TcpStream::connect(server.addr())?;
        client.set_read_timeout(Some(LIMIT))?;
        client.write_all(b"GET /large HTTP/1.1\r\nHost: test\r\n\r\n")?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        assert!(head.contains(&format!("\r\nContent-Length: {LENGTH}\r\n")), "{head}");
        eventually("the server waits", || server.requests().last().is_some_and(|request| request.bytes_sent() > 0));
        Ok(Reader { client, head: head.len() as u64, body: 0 })
    }

    /// Reads on to the end of the body, or to where it breaks off.
    fn rest(&mut self) -> io::Result<u64> {
        let mut buffer = vec![0; 1 << 20];
        while self.body < LENGTH {
            let most = buffer.len().min(usize::try_from(LENGTH - self.body).unwrap_or(usize::MAX));
            match self.client.read(&mut buffer[..most])? {
                0 => break,
                length => self.body += length as u64,
            }
        }
        Ok(self.body)
    }
}

fn resize(path: &Path, length: u64) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.set_len(length)
}

/// What it was when it was asked for is announced already, and cannot be sent any more.
#[rstest]
#[case::to_a_part(1 << 20)]
#[case::to_nothing(0)]
#[case::by_a_byte(LENGTH - 1)]
fn a_file_that_shrinks_breaks_off_its_body(#[case] length: u64) -> Test {
    let site = site()?;
    for server in servers(site.path()) {
        resize(&site.path().join("large"), LENGTH)?;
        let mut reader = Reader::begin(&server)?;
        resize(&site.path().join("large"), length)?;
        assert_eq!(get_text(&server, "/small")?, (200, "small".to_owned()));
        let body = reader.rest()?;
        assert!(body < LENGTH, "all of it came");
        assert_eq!(reader.client.read(&mut [0])?, 0, "the connection ends");
        eventually("it is recorded", || server.requests()[0].ended() == Some(Ended::ClosedByServer));
        assert_eq!(server.requests()[0].bytes_sent(), reader.head + body);
        assert_eq!(exchange(&server, get_bytes("/large"))?.body.len() as u64, length);
        server.verify();
    }
    Ok(())
}

/// What it does besides is nothing to those who asked for it before.
#[rstest]
#[case::grows(|path: &Path| resize(path, LENGTH + 1_000), 200, LENGTH + 1_000)]
#[case::vanishes(|path: &Path| fs::remove_file(path), 404, 0)]
#[case::is_written_anew_elsewhere(|path: &Path| replaced(path, |other| fs::write(other, "new")), 200, 3)]
#[case::becomes_a_folder(|path: &Path| replaced(path, |other| fs::create_dir(other)), 301, 0)]
#[case::becomes_a_link(|path: &Path| replaced(path, |other| symlink("small", other)), 200, 5)]
#[case::becomes_a_link_to_nothing(|path: &Path| replaced(path, |other| symlink("none", other)), 404, 0)]
#[case::becomes_a_link_to_itself(|path: &Path| replaced(path, |other| symlink("large", other)), 404, 0)]
#[case::becomes_a_fifo(|path: &Path| replaced(path, fifo), 404, 0)]
#[case::becomes_a_socket(|path: &Path| replaced(path, |other| UnixListener::bind(other).map(drop)), 404, 0)]
fn a_file_that_is_sent_stays_what_it_was(
    #[case] change: fn(&Path) -> io::Result<()>,
    #[case] status: u16,
    #[case] length: u64,
) -> Test {
    let site = site()?;
    let path = site.path().join("large");
    let [server, http_server, by_author, _] = servers(site.path());
    let servers = [server, http_server, by_author];
    let mut readers = Vec::new();
    for server in &servers {
        readers.push(Reader::begin(server)?);
    }
    change(&path)?;
    for (server, reader) in servers.iter().zip(&mut readers) {
        let answer = exchange(server, get_bytes("/large"))?;
        assert_eq!(answer.status(), status);
        assert!(status != 200 || answer.body.len() as u64 == length, "{} bytes", answer.body.len());
        assert_eq!(get_text(server, "/small")?, (200, "small".to_owned()));
        assert_eq!(reader.rest()?, LENGTH);
        server.verify();
    }
    // The next request is read where it begins: nothing follows the body.
    let client = &mut readers[0].client;
    client.write_all(get_bytes("/small").as_bytes())?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nsmall"), "{answer}");
    Ok(())
}

/// Puts something else in the place of a file, at once.
fn replaced(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let other = path.with_extension("other");
    make(&other)?;
    if other.is_dir() {
        fs::remove_file(path)?;
    }
    fs::rename(other, path)
}

fn fifo(path: &Path) -> io::Result<()> {
    let made = Command::new("mkfifo").arg(path).status()?;
    assert!(made.success(), "{made}");
    Ok(())
}

/// While many ask, it is now this and now that: each answer is one of them, or none.
#[test]
fn whatever_a_name_stands_for_each_answer_is_whole() -> Test {
    let site = tempfile::tempdir()?;
    let path = site.path().join("name");
    fs::write(&path, "a".repeat(10_000))?;
    fs::write(site.path().join("target"), "t".repeat(20_000))?;
    let server = TestServer::start(&site);
    let server = &server;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| -> Test {
        let asking: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| -> io::Result<usize> {
                    let mut whole = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        let answer = exchange(server, get_bytes("/name"))?;
                        let length = answer.field("content-length").and_then(|length| length.parse().ok());
                        assert_eq!(Some(answer.body.len()), length, "{}", answer.head);
                        assert!([200, 301, 404].contains(&answer.status()), "{}", answer.head);
                        whole += usize::from(answer.status() == 200);
                    }
                    Ok(whole)
                })
            })
            .collect();
        for round in 0..100 {
            let other = path.with_extension("other");
            match round % 5 {
                0 => fifo(&other)?,
                1 => symlink("target", &other)?,
                2 => symlink("other", &other)?,
                3 => fs::write(&other, "a".repeat(10_000))?,
                _ => fs::write(&other, "b".repeat(1_000))?,
            }
            fs::rename(other, &path)?;
            if round % 7 == 0 {
                fs::remove_file(&path)?;
                fs::create_dir(&path)?;
                fs::remove_dir(&path)?;
            }
        }
        is_over.store(true, Ordering::Relaxed);
        for asking in asking {
            assert!(asking.join().map_err(|_| "a client panicked")?? > 0);
        }
        Ok(())
    })?;
    server.verify();
    Ok(())
}

#[test]
fn a_file_that_cannot_be_read_is_not_found() -> Test {
    let site = site()?;
    let secret = site.path().join("secret");
    fs::write(&secret, "secret")?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000))?;
    if File::open(&secret).is_ok() {
        eprintln!("SKIPPED IN PART: nothing is unreadable to an administrator");
        fs::remove_file(&secret)?;
    }
    let server = TestServer::start(&site);
    let answer = exchange(&server, get_bytes("/secret"))?;
    assert_eq!((answer.status(), answer.text().contains("secret\n")), (404, false));
    assert_eq!(get_text(&server, "/small")?.0, 200);
    Ok(())
}

/// As a disk that fails: reading ends in an error at the first byte, or after a megabyte.
#[rstest]
#[case::at_once(0)]
#[case::in_the_middle(1 << 20)]
fn a_file_that_fails_while_it_is_sent_breaks_off_its_body(#[case] good: usize) -> Test {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let length = buf.len().min(self.0);
            self.0 -= length;
            if length > 0 { Ok(length) } else { Err(io::Error::other("the disk is broken")) }
        }
    }
    let site = site()?;
    let failing = move |file: Box<dyn Read + Send>, path: &Path| -> Box<dyn Read + Send> {
        if path.ends_with("large") { Box::new(Failing(good)) } else { file }
    };
    let server = TestServer::start(Directory::new(&site).file_reader(failing));
    let mut raw = Raw::connect(&server)?;
    raw.send("GET /large HTTP/1.1\r\nHost: test\r\n\r\n")?;
    let got = raw.rest()?;
    assert!(got.starts_with(b"HTTP/1.1 200 OK\r\n") && got.len() >= good && got.len() < good + 1_000, "{}", got.len());
    assert_eq!(server.requests()[0].ended(), Some(Ended::ClosedByServer));
    assert_eq!(get_text(&server, "/small")?, (200, "small".to_owned()));
    Ok(())
}
