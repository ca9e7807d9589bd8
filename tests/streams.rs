//! Bodies that flow in while the answer is made, and answers that are made while they are sent.
#![cfg(unix)]

mod raw;

use std::fs;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use fixture_server::{Ended, prelude::*};
use rstest::rstest;
use socket2::SockRef;
use tempfile::TempDir;

use raw::{LIMIT, Raw, Test, eventually};

/// A folder with a script `cgi-bin/script` of these lines.
fn site(lines: &str) -> TempDir {
    let temp = tempfile::tempdir().expect("a temporary directory");
    let folder = temp.path().join("cgi-bin");
    let script = folder.join("script");
    fs::create_dir(&folder).expect("a folder");
    fs::write(&script, format!("#!/bin/sh\nprintf 'A: b\\r\\n\\r\\n'\n{lines}\n")).expect("a script");
    fs::write(temp.path().join("page.txt"), "page").expect("a file");
    for path in [temp.path(), &folder, &script] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    temp
}

fn serve(site: &TempDir) -> TestServer {
    TestServer::builder().dir(site).cgi(["/cgi-bin"]).http_server().start()
}

/// Asks for the script with a body of this length, and reads the head of its answer.
fn begin(server: &TestServer, length: usize) -> io::Result<Raw> {
    let mut raw = Raw::connect(server)?;
    raw.send(format!("POST /cgi-bin/script HTTP/1.1\r\nContent-Length: {length}\r\n\r\n"))?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        raw.stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(raw)
}

#[rstest]
#[case::in_one_packet(&["POST /cgi-bin/script HTTP/1.1\r\nContent-Length: 6\r\n\r\nfoobar"])]
#[case::in_two(&["POST /cgi-bin/script HTTP/1.1\r\nContent-Length: 6\r\n\r\n", "foobar"])]
#[case::in_the_middle_of_each(&["POST /cgi-bin/script HTTP/1.1\r\nContent-Le", "ngth: 6\r\n\r\nfoo", "bar"])]
fn head_and_body_come_as_they_like(#[case] packets: &[&str]) -> Test {
    let site = site("exec cat");
    let server = serve(&site);
    let mut raw = Raw::connect(&server)?;
    raw.stream.set_nodelay(true)?;
    for packet in packets {
        raw.send(packet)?;
        // So that they are read apart.
        raw::get_text(&server, "/page.txt")?;
    }
    assert!(raw.rest()?.ends_with(b"\r\n\r\nfoobar"));
    Ok(())
}

/// A read stops at an urgent byte, and nobody tells of what lies behind it.
#[test]
fn what_lies_behind_an_urgent_byte_is_read() -> Test {
    let site = site("exec wc -c");
    let server = serve(&site);
    for _ in 0..50 {
        let mut raw = begin(&server, 7)?;
        raw.send("aa")?;
        SockRef::from(&raw.stream).send_out_of_band(b"!")?;
        raw.send("bbbbb")?;
        assert_eq!(String::from_utf8(raw.rest()?)?.trim(), "7");
    }
    Ok(())
}

#[test]
fn more_than_one_turn_takes_is_taken_in_several() -> Test {
    let site = site("exec wc -c");
    let server = serve(&site);
    let mut raw = begin(&server, 32 << 20)?;
    raw.send(vec![b'x'; 32 << 20])?;
    assert_eq!(String::from_utf8(raw.rest()?)?.trim(), (32 << 20).to_string());
    Ok(())
}

#[test]
fn a_body_that_stays_away_ends_for_the_script_when_its_time_is_up() -> Test {
    let site = site("cat; echo end");
    let server = TestServer::builder().dir(&site).cgi(["/cgi-bin"]).http_server().read_timeout(ms(100)).start();
    let mut raw = begin(&server, 10)?;
    raw.send("half")?;
    assert_eq!(raw.rest()?, b"halfend\n");
    assert_eq!(server.requests()[0].ended(), Some(Ended::ClosedByServer));
    Ok(())
}

#[rstest]
#[case::that_sends_nothing(0)]
#[case::that_was_sending(10)]
fn a_client_that_is_gone_is_noticed_while_its_script_is_silent(#[case] length: usize) -> Test {
    let site = site("exec sleep 1000");
    let server = serve(&site);
    let raw = begin(&server, length)?;
    SockRef::from(&raw.stream).set_linger(Some(Duration::ZERO))?;
    drop(raw);
    eventually("the end is noticed", || server.requests()[0].ended() == Some(Ended::ClientGone));
    Ok(())
}

#[test]
fn a_client_that_has_only_sent_everything_gets_its_answer() -> Test {
    let site = site("cat; echo end");
    let server = serve(&site);
    let mut raw = begin(&server, 10)?;
    raw.send("half")?;
    raw.stream.shutdown(Shutdown::Write)?;
    assert_eq!(raw.rest()?, b"halfend\n");
    Ok(())
}

/// Its answer would be lost to a reset.
#[test]
fn who_still_sends_when_the_script_is_done_is_heard_out() -> Test {
    let site = site("echo done");
    let server = serve(&site);
    let mut raw = begin(&server, 1_000_000)?;
    let mut line = [0; 5];
    raw.stream.read_exact(&mut line)?;
    for _ in 0..100 {
        raw.send([b'x'; 10_000])?;
    }
    assert_eq!((&line, raw.rest()?), (b"done\n", Vec::new()));
    Ok(())
}

#[test]
fn leave_to_send_a_body_does_not_count_as_sent() -> Test {
    let site = site("exec cat");
    let server = serve(&site);
    let answer = |path: &str| -> io::Result<usize> {
        let mut raw = Raw::connect(&server)?;
        raw.send(format!("GET {path} HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"))?;
        raw.rest().map(|bytes| bytes.len() - "HTTP/1.1 100 Continue\r\n\r\n".len())
    };
    for (number, path) in ["/page.txt", "/cgi-bin/script"].into_iter().enumerate() {
        assert_eq!(answer(path)? as u64, server.requests()[number].bytes_sent(), "{path}");
    }
    Ok(())
}

/// Gives one byte at a time, and says each time that it was asked.
struct Drip(mpsc::Sender<()>, Arc<Mutex<mpsc::Receiver<()>>>);

impl Read for Drip {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let _ = self.0.send(());
        let _ = self.1.lock().expect("no panic").recv_timeout(LIMIT);
        buf[0] = b'x';
        Ok(1)
    }
}

#[test]
fn a_server_that_is_dropped_closes_although_a_reader_blocks() -> Test {
    let site = site("");
    let (asked, wait_asked) = mpsc::channel();
    let (go_on, going_on) = mpsc::channel();
    let going_on = Arc::new(Mutex::new(going_on));
    let drip = move |_: Box<dyn Read + Send>, _: &std::path::Path| -> Box<dyn Read + Send> {
        Box::new(Drip(asked.clone(), going_on.clone()))
    };
    let server = TestServer::start(Directory::new(&site).file_reader(drip));
    let mut raw = Raw::connect(&server)?;
    raw.send(raw::get_bytes("/page.txt"))?;
    wait_asked.recv_timeout(LIMIT)?;
    drop(server);
    let got = String::from_utf8(raw.rest()?)?;
    assert!(!got.contains('x') || !got.ends_with("xxxx"), "{got}");
    go_on.send(())?;
    Ok(())
}

/// Stops the server when it is dropped, as user code may.
struct Stopper(Arc<TestServer>, mpsc::Sender<()>);

impl Read for Stopper {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("nothing to read"))
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        let _ = format!("{:?}", self.0);
        self.0.stop();
        let _ = self.1.send(());
    }
}

#[test]
fn a_reader_may_stop_the_server_when_it_is_dropped() -> Test {
    let site = site("");
    let slot: Arc<Mutex<Option<Arc<TestServer>>>> = Arc::default();
    let (sender, dropped) = mpsc::channel();
    let filled = slot.clone();
    let wrap = move |_: Box<dyn Read + Send>, _: &std::path::Path| -> Box<dyn Read + Send> {
        let server = filled.lock().expect("no panic").clone().expect("the server has started");
        Box::new(Stopper(server, sender.clone()))
    };
    let server = Arc::new(TestServer::start(Directory::new(&site).file_reader(wrap)));
    *slot.lock().expect("no panic") = Some(server.clone());
    let mut raw = Raw::connect(&server)?;
    raw.send(raw::get_bytes("/page.txt"))?;
    dropped.recv_timeout(LIMIT)?;
    raw.rest().ok();
    // They hold each other.
    *slot.lock().expect("no panic") = None;
    Ok(())
}

#[test]
fn forty_clients_stream_both_ways_at_once() -> Test {
    let site = site("exec cat");
    let server = serve(&site);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..40_u8)
            .map(|number| {
                let server = &server;
                scope.spawn(move || -> io::Result<()> {
                    let mut raw = begin(server, 40_000)?;
                    for piece in 0..40 {
                        raw.send([number.wrapping_add(piece); 1_000])?;
                        let mut echo = [0; 1_000];
                        raw.stream.read_exact(&mut echo)?;
                        assert_eq!(echo, [number.wrapping_add(piece); 1_000]);
                    }
                    assert_eq!(raw.rest()?, b"");
                    Ok(())
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| client.join().expect("no panic"))
    })?;
    Ok(())
}
