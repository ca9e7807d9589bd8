//! Counts what the process has, for tests that want it back: descriptors, threads, memory. What is counted belongs to the
//! whole process, so such tests take turns, see [`alone`].
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::{env, fs};

use fixture_server::prelude::*;

/// One test of the process at a time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // The engine comes up with the first server and stays.
    drop(TestServer::empty());
    guard
}

/// Open files and sockets of the process.
pub(crate) fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Threads of the server; those of the test harness have other names.
pub(crate) fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim_end() == "fixture-server").count()
}

/// A poller, somebody who stands by, and one or two who have just helped out.
pub(crate) const FEW_THREADS: usize = 4;

/// Memory of the process, in bytes: the second number of `statm`, which counts pages.
pub(crate) fn memory() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * page_size()
}

/// As the system tells it of any mapping; 4 KiB if it does not.
fn page_size() -> usize {
    static SIZE: Mutex<Option<usize>> = Mutex::new(None);
    *SIZE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| {
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
        let kilobytes = smaps.lines().find_map(|line| line.strip_prefix("KernelPageSize:")?.trim().strip_suffix(" kB"));
        kilobytes.and_then(|number| number.trim().parse::<usize>().ok()).unwrap_or(4) << 10
    })
}

/// What the promises allow beyond what there was before.
pub(crate) const LITTLE_MEMORY: usize = 32 * MIB;

/// Asks again and again, since closing happens on other threads; gives up long after it must have.
#[track_caller]
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(
            start.elapsed() < secs(20),
            "not so after 20 s: {what}; {} descriptors, {} threads",
            descriptors(),
            threads()
        );
        std::thread::sleep(ms(2));
    }
}

/// So many connections as were wanted, or as there are descriptors for, two for each: ours and the server's.
pub(crate) fn as_many_as_possible(wanted: usize) -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft = line.split_whitespace().nth(3).unwrap();
    let possible = soft.parse::<usize>().map_or(wanted, |soft| soft.saturating_sub(descriptors() + 64) / 2);
    if possible < wanted {
        eprintln!("ONLY {possible} CONNECTIONS INSTEAD OF {wanted}: no more than {soft} files may be open (ulimit -n)");
    }
    possible.min(wanted)
}

/// Bounded against hanging only.
pub(crate) fn connect(server: &TestServer) -> TcpStream {
    patient(TcpStream::connect(server.addr()).unwrap())
}

/// A stream that gives up long after there must have been an answer.
pub(crate) fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(secs(20))).unwrap();
    stream.set_write_timeout(Some(secs(20))).unwrap();
    stream
}

pub(crate) const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Reads one answer without a body.
#[track_caller]
pub(crate) fn expect_answer(mut stream: &TcpStream) {
    let mut buffer = [0; 1024];
    let mut length = 0;
    while !buffer[..length].ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut buffer[length..]).expect("an answer");
        assert!(read > 0, "the end came before the answer");
        length += read;
    }
    assert!(buffer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{:?}", String::from_utf8_lossy(&buffer[..length]));
}

#[track_caller]
pub(crate) fn ask(mut stream: &TcpStream) {
    stream.write_all(GET).unwrap();
    expect_answer(stream);
}

/// Set in the process of [`in_a_child`].
const IN_CHILD: &str = "FIXTURE_SERVER_TEST_IN_CHILD";

/// Runs this test of this file once more, in a process of its own and behind these words of a shell, such as
/// `ulimit -n 100;`. Returns whether this is that process: then the test goes on, otherwise it is over. What the process
/// wrote is returned to the other one by a panic if it failed, and shown by `see` if not.
#[track_caller]
pub(crate) fn in_a_child(test: &str, words: &str, see: impl FnOnce(&str)) -> bool {
    if env::var_os(IN_CHILD).is_some() {
        return true;
    }
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{words} exec \"$0\" \"$@\"")]).arg(env::current_exe().unwrap());
    let output =
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(IN_CHILD, "1").output().unwrap();
    let written = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && written.contains("1 passed"), "in the child, {}:\n{written}", output.status);
    see(&written);
    false
}
