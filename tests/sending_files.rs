//! Files as they come out, whatever their size and whatever happens to them: nothing of what a file held before may come again.

mod raw;

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime};

use fixture_server::prelude::*;
use rstest::rstest;
use tempfile::TempDir;

use raw::{Raw, Test, exchange, get_bytes};

const KIB: usize = 1 << 10;

/// A request behind which the connection stays open.
const KEPT_OPEN: &str = "GET /a.bin HTTP/1.1\r\nHost: test\r\n\r\n";

/// Bytes of which no two neighbouring pages are alike.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)).to_le_bytes()[0]).collect()
}

fn folder_with(name: &str, content: impl AsRef<[u8]>) -> io::Result<TempDir> {
    let temp = tempfile::tempdir()?;
    fs::write(temp.path().join(name), content)?;
    Ok(temp)
}

fn body(server: &TestServer, target: &str) -> io::Result<Vec<u8>> {
    let answer = exchange(server, get_bytes(target))?;
    assert_eq!(answer.field("content-length"), Some(answer.body.len().to_string().as_str()));
    Ok(answer.body)
}

fn text(server: &TestServer, target: &str) -> io::Result<(u16, String)> {
    let answer = exchange(server, get_bytes(target))?;
    Ok((answer.status(), if answer.status() == 200 { answer.text() } else { String::new() }))
}

/// Where the way in which a file is sent changes, and right beside.
#[rstest]
fn a_file_of_any_size_comes_whole(
    #[values(0, 1, 16 * KIB, 32 * KIB, 128 * KIB, 132 * KIB, 256 * KIB, 388 * KIB, 1024 * KIB, 5000 * KIB)]
    about: usize,
    #[values(-300, -1, 0, 1)] more: isize,
) -> Test {
    let expected = content(about.saturating_add_signed(more));
    let temp = folder_with("a.bin", &expected)?;
    let server = TestServer::start(&temp);
    assert!(body(&server, "/a.bin")? == expected);
    // A connection goes on where the file ended.
    let mut client = Raw::connect(&server)?;
    for _ in 0..2 {
        client.send(KEPT_OPEN)?;
        assert!(client.answer()?.body == expected);
    }
    Ok(())
}

/// Heads shorter than a write, longer than the last one may be, and longer than any.
#[rstest]
fn a_file_follows_a_head_of_any_length(
    #[values(100 * KIB, 131 * KIB, 140 * KIB, 255 * KIB, 300 * KIB)] head: usize,
    #[values(40 * KIB, 64 * KIB, 1_000 * KIB)] length: usize,
) -> Test {
    let expected = content(length);
    let temp = folder_with("a.bin", &expected)?;
    let path = temp.path().join("a.bin");
    let server = TestServer::empty();
    server.on("GET", "/a.bin", move |_| Response::file(&path).header("X-Long", "x".repeat(head)));
    let answer = exchange(&server, get_bytes("/a.bin"))?;
    assert!(answer.body == expected && answer.field("x-long").is_some_and(|value| value.len() == head));
    assert_eq!(server.requests()[0].ended(), Some(Ended::ClosedByServer));
    Ok(())
}

#[test]
fn a_client_that_takes_its_time_gets_a_large_file_whole() -> Test {
    let expected = content(20_000 * KIB);
    let temp = folder_with("a.bin", &expected)?;
    let server = TestServer::start(&temp);
    let mut client = std::net::TcpStream::connect(server.addr())?;
    client.set_read_timeout(Some(secs(20)))?;
    client.write_all(get_bytes("/a.bin").as_bytes())?;
    // Now it cannot take any more.
    raw::eventually("the request is known", || !server.requests().is_empty());
    let (mut got, mut piece) = (Vec::new(), vec![0; 77_777]);
    loop {
        match client.read(&mut piece)? {
            0 => break,
            length => got.extend_from_slice(&piece[..length]),
        }
    }
    assert!(got.ends_with(&expected));
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_large_file_comes_whole_over_a_unix_socket() -> Test {
    let expected = content(3_000 * KIB);
    let temp = folder_with("a.bin", &expected)?;
    let place = tempfile::tempdir()?;
    let path = place.path().join("socket");
    let _server = TestServer::builder().dir(&temp).bind_unix(&path).start();
    let mut client = std::os::unix::net::UnixStream::connect(&path)?;
    client.write_all(get_bytes("/a.bin").replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1).as_bytes())?;
    let mut got = Vec::new();
    client.read_to_end(&mut got)?;
    assert!(got.ends_with(&expected));
    Ok(())
}

/// However fast the changes come, and though the times of the file say that nothing happened.
#[rstest]
#[case::small(100)]
#[case::large(64 * KIB)]
fn a_file_that_changed_a_moment_ago_is_read_again(#[case] length: usize) -> Test {
    let temp = folder_with("a.bin", vec![b'x'; length])?;
    let path = temp.path().join("a.bin");
    let server = TestServer::start(&temp);
    let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    let mut file = OpenOptions::new().write(true).open(&path)?;
    for turn in 0..100_u8 {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&vec![turn; length])?;
        file.set_times(times)?;
        assert!(body(&server, "/a.bin")? == vec![turn; length], "turn {turn}");
    }
    Ok(())
}

#[test]
fn a_file_has_the_length_and_the_date_of_the_moment() -> Test {
    let temp = folder_with("a.txt", "one")?;
    let path = temp.path().join("a.txt");
    let server = TestServer::start(&temp);
    for (seconds, text) in [(0, "one"), (0, "three"), (1, "three"), (0, "three"), (1, ""), (2, "two")] {
        fs::write(&path, text)?;
        let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        OpenOptions::new().write(true).open(&path)?.set_times(times)?;
        for _ in 0..2 {
            let answer = exchange(&server, get_bytes("/a.txt"))?;
            let date = format!("Thu, 01 Jan 1970 00:00:0{seconds} GMT");
            assert_eq!(answer.field("last-modified"), Some(date.as_str()));
            assert_eq!(answer.field("content-length"), Some(text.len().to_string().as_str()));
            assert_eq!(answer.text(), text);
        }
    }
    Ok(())
}

#[test]
fn files_that_differ_in_their_names_alone_have_their_own_types() -> Test {
    let temp = tempfile::tempdir()?;
    let types =
        [("a.txt", "text/plain"), ("a.html", "text/html"), ("a.css", "text/css"), ("a", "application/octet-stream")];
    for (name, _) in types {
        fs::write(temp.path().join(name), "same")?;
        let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
        OpenOptions::new().write(true).open(temp.path().join(name))?.set_times(times)?;
    }
    let server = TestServer::start(&temp);
    for (name, expected) in types.iter().chain(&types) {
        assert_eq!(exchange(&server, get_bytes(&format!("/{name}")))?.field("content-type"), Some(*expected), "{name}");
    }
    Ok(())
}

#[test]
fn a_type_that_a_closure_guesses_is_guessed_each_time() -> Test {
    let temp = folder_with("a.txt", "a")?;
    let count = std::sync::atomic::AtomicUsize::new(0);
    let guess =
        move |_: &std::path::Path| Some(format!("own/{}", count.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
    let server = TestServer::start(Directory::new(&temp).guess_type(guess));
    for turn in 0..3 {
        assert_eq!(exchange(&server, get_bytes("/a.txt"))?.field("content-type"), Some(format!("own/{turn}").as_str()));
    }
    Ok(())
}

#[test]
fn a_file_that_was_replaced_removed_or_put_back_is_what_it_is_now() -> Test {
    let temp = folder_with("sub", "no folder")?;
    let path = temp.path().join("a.txt");
    let server = TestServer::start(&temp);
    for turn in 0..20 {
        let new = temp.path().join("new");
        fs::write(&new, format!("turn {turn:02}"))?;
        fs::rename(&new, &path)?;
        assert_eq!(text(&server, "/a.txt")?, (200, format!("turn {turn:02}")));
        fs::remove_file(&path)?;
        assert_eq!(text(&server, "/a.txt")?.0, 404);
        fs::create_dir(&path)?;
        assert_eq!(text(&server, "/a.txt")?.0, 301);
        fs::remove_dir(&path)?;
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_link_and_a_folder_on_the_way_are_followed_anew_each_time() -> Test {
    use std::os::unix::fs::symlink;

    let temp = tempfile::tempdir()?;
    let root = temp.path();
    for name in ["one", "two"] {
        fs::create_dir(root.join(name))?;
        fs::write(root.join(name).join("a.txt"), name)?;
    }
    let server = TestServer::start(&temp);
    for name in ["one", "two", "one", "two"] {
        symlink(name, root.join("new"))?;
        fs::rename(root.join("new"), root.join("link"))?;
        symlink(format!("{name}/a.txt"), root.join("new"))?;
        fs::rename(root.join("new"), root.join("a.txt"))?;
        assert_eq!(text(&server, "/link/a.txt")?, (200, name.to_owned()));
        assert_eq!(text(&server, "/a.txt")?, (200, name.to_owned()));
    }
    fs::rename(root.join("one"), root.join("three"))?;
    fs::rename(root.join("two"), root.join("one"))?;
    assert_eq!(text(&server, "/one/a.txt")?, (200, "two".to_owned()));
    Ok(())
}

/// The superuser may read everything.
#[cfg(unix)]
#[test]
fn permission_is_asked_for_each_time() -> Test {
    use std::os::unix::fs::PermissionsExt;

    let temp = folder_with("a.txt", "a")?;
    let path = temp.path().join("a.txt");
    let server = TestServer::start(&temp);
    for mode in [0o600, 0, 0o600, 0] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        let may_be_read = File::open(&path).is_ok();
        assert_eq!(text(&server, "/a.txt")?.0, if may_be_read { 200 } else { 404 });
    }
    Ok(())
}

/// The client must not take what it got for all of it.
#[rstest]
#[case::to_nothing(0)]
#[case::in_the_middle(12_000 * KIB + 1)]
fn a_file_that_shrinks_while_it_is_sent_breaks_off(#[case] left: usize) -> Test {
    let expected = content(30_000 * KIB);
    let temp = folder_with("a.bin", &expected)?;
    let server = TestServer::start(&temp);
    let mut client = std::net::TcpStream::connect(server.addr())?;
    client.set_read_timeout(Some(secs(20)))?;
    client.write_all(get_bytes("/a.bin").as_bytes())?;
    let mut first = [0; 1];
    client.read_exact(&mut first)?;
    OpenOptions::new().write(true).open(temp.path().join("a.bin"))?.set_len(left as u64)?;
    let mut got = Vec::new();
    client.read_to_end(&mut got)?;
    assert!(got.len() < expected.len());
    // The others are served as ever.
    fs::write(temp.path().join("b.txt"), "b")?;
    assert_eq!(text(&server, "/b.txt")?, (200, "b".to_owned()));
    raw::eventually("the journal knows that it broke off", || {
        server.requests().first().is_some_and(|request| request.ended() == Some(Ended::ClosedByServer))
    });
    Ok(())
}

#[test]
fn what_grows_while_it_is_sent_has_the_length_it_had() -> Test {
    let expected = content(10_000 * KIB);
    let temp = folder_with("a.bin", &expected)?;
    let server = TestServer::start(&temp);
    let mut client = Raw::connect(&server)?;
    client.send(KEPT_OPEN)?;
    OpenOptions::new().append(true).open(temp.path().join("a.bin"))?.write_all(&[0; 100])?;
    let answer = client.answer()?;
    assert!(matches!(answer.body.len() - expected.len(), 0 | 100));
    assert!(answer.body.starts_with(&expected));
    client.send(KEPT_OPEN)?;
    assert_eq!(client.answer()?.body.len(), expected.len() + 100);
    Ok(())
}

/// Also while the client has not taken it yet.
#[test]
fn a_small_answer_is_what_the_file_held_when_it_was_sent() -> Test {
    let before = content(30 * KIB);
    let temp = folder_with("a.bin", &before)?;
    let server = TestServer::start(&temp);
    let mut client = Raw::connect(&server)?;
    client.send(get_bytes("/a.bin"))?;
    raw::eventually("it is sent", || server.requests().first().is_some_and(|request| request.ended().is_some()));
    let mut file = OpenOptions::new().write(true).open(temp.path().join("a.bin"))?;
    file.write_all(&vec![b'x'; before.len()])?;
    assert!(client.answer()?.body == before);
    Ok(())
}
