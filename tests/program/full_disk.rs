//! A disk that is full, as far as the program writes: its log, its first line, and what it prints on request.
//! `/dev/full` takes nothing.

use std::fs::{self, File, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;

use crate::child::{PATIENCE, Program, get, request};

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// A program that can tell nobody where it listens.
struct Mute {
    child: Child,
    addr: SocketAddr,
}

impl Mute {
    fn start(options: &[&str], prepare: impl FnOnce(&mut Command)) -> Mute {
        let mut command = Program::command(["0", "-b", "127.0.0.1"].iter().chain(options));
        command.stdin(Stdio::null());
        prepare(&mut command);
        let mut program = Mute { child: command.spawn().unwrap(), addr: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let begun = Instant::now();
        let port = loop {
            if let Some(port) = listens_at(program.child.id()) {
                break port;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not listen");
            thread::sleep(Duration::from_millis(1));
        };
        program.addr.set_port(port);
        program
    }
}

/// The port at which a process listens, as the system knows it.
fn listens_at(process: u32) -> Option<u16> {
    let table = fs::read_to_string(format!("/proc/{process}/net/tcp")).ok()?;
    let files = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    let own: Vec<String> = links.map(|link| link.to_string_lossy().into_owned()).collect();
    table.lines().find_map(|line| {
        // The local address, the remote one, the state, and further on the number of the socket.
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_listening = *fields.get(3)? == "0A" && own.contains(&format!("socket:[{}]", fields.get(9)?));
        u16::from_str_radix(fields[1].rsplit_once(':')?.1, 16).ok().filter(|_| is_listening)
    })
}

impl Drop for Mute {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[rstest]
#[case::http_server(&["-d", "fixtures/site"])]
#[case::kept_connections(&["-d", "fixtures/site", "-p", "HTTP/1.1"])]
#[case::strict(&["-d", "fixtures/site", "--strict"])]
fn requests_are_answered_though_the_log_cannot_be_written(#[case] options: &[&str]) {
    let mut program = Mute::start(options, |command| {
        command.stdout(full()).stderr(full());
    });
    for _ in 0..20 {
        let closing = "GET /hello.txt HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
        let answer = request(program.addr, closing);
        assert!(answer.contains(" 200 OK\r\n") && answer.ends_with("Hello, fixture!\n"), "{answer}");
        assert!(get(program.addr, "/none").contains(" 404 File not found\r\n"));
        assert!(request(program.addr, "nonsense / NONSENSE/1\r\n\r\n").contains(" 400 "));
    }
    assert!(program.child.try_wait().unwrap().is_none(), "it runs on");
}

/// What a script writes into its log goes the same way, and what it cannot write is its own affair.
#[test]
fn scripts_run_though_the_log_cannot_be_written() {
    let site = crate::effects::site_with_script(
        "printf 'Content-Type: text/plain\\n\\n'; (echo log >&2) 2>/dev/null; echo x >/dev/full 2>/dev/null; echo done; exit 1",
    );
    let program = Mute::start(&["--cgi", "-d", site.path().to_str().unwrap()], |command| {
        command.stdout(full()).stderr(full());
    });
    for _ in 0..3 {
        let answer = get(program.addr, "/cgi-bin/script.sh");
        assert!(answer.starts_with("HTTP/1.0 200 ") && answer.ends_with("done\n"), "{answer}");
    }
}

/// As an interactive user would wish: it goes on to serve, and ends as ever.
#[test]
fn an_interrupt_ends_it_though_the_farewell_cannot_be_written() {
    let mut program = Mute::start(&["-d", "fixtures/site"], |command| {
        command.stdout(full()).stderr(full());
    });
    let process = program.child.id();
    if interrupts_are(process, "SigIgn:") {
        eprintln!("skipped: SIGINT is ignored");
        return;
    }
    let begun = Instant::now();
    // It listens before it can say farewell, and cannot say when that is.
    while !interrupts_are(process, "SigCgt:") {
        assert!(begun.elapsed() < PATIENCE, "it waits for no interrupt");
        thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap().success());
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
}

/// Whether they are among the signals that the process ignores, or catches.
fn interrupts_are(process: u32, which: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let signals = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix(which)?.trim(), 16).ok());
    signals.is_some_and(|signals| signals & 0b10 != 0)
}

/// A script that redirects it must not go on with half of it.
#[rstest]
#[case::completions(&["--completions", "bash"])]
#[case::man_page(&["--man"])]
#[case::help(&["--help"])]
#[case::version(&["--version"])]
fn what_was_asked_for_and_cannot_be_written_is_an_error(#[case] arguments: &[&str]) {
    let output = Program::command(arguments).stdin(Stdio::null()).stdout(full()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("fixture-server: cannot write to standard output: No space left"), "{message}");
}

/// Nobody is left to tell, but the status tells all the same.
#[test]
fn a_port_in_use_is_an_error_though_nothing_can_be_written() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = Program::command([&port, "-b", "127.0.0.1"]);
    let status = command.stdin(Stdio::null()).stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
}
