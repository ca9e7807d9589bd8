//! How it ends.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::mpsc;

use rstest::rstest;

use crate::child::{Ended, PATIENCE, Program, connect, first_line, get};

const FAREWELL: &str = "\nKeyboard interrupt received, exiting.\n";

fn send(signal: &str, program: &Program) {
    assert!(Command::new("kill").args([signal, &program.child.id().to_string()]).status().unwrap().success());
}

/// What this process ignores, as one that a script has started with `&`, its children ignore as well, and no shell can
/// undo it.
fn interrupts_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let ignored = ignored.is_some_and(|signals| signals & 0b10 != 0);
    if ignored {
        eprintln!("skipped: SIGINT is ignored");
    }
    ignored
}

#[track_caller]
fn assert_farewell(ended: &Ended) {
    assert_eq!((ended.status.code(), ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), FAREWELL, ""));
}

#[test]
fn an_interrupt_ends_it_with_a_farewell() {
    if interrupts_are_ignored() {
        return;
    }
    for options in [&["0"][..], &["0", "-b", "127.0.0.1", "--strict"], &["0", "--quiet"]] {
        let program = Program::start(options);
        send("-INT", &program);
        assert_farewell(&program.end());
    }
}

#[cfg(feature = "_tls")]
#[test]
fn an_interrupt_needs_no_directory_for_temporary_files() {
    if interrupts_are_ignored() {
        return;
    }
    let mut command = Program::command(["0", "-b", "127.0.0.1", "--tls-cert", "tests/program/tls/both.pem"]);
    let program = Program::spawn(command.env("TMPDIR", "/no/such/directory"));
    send("-INT", &program);
    assert_farewell(&program.end());
}

#[cfg(feature = "_tls")]
#[test]
fn an_interrupt_leaves_no_certificate_behind() {
    if interrupts_are_ignored() {
        return;
    }
    let program = Program::start(["0", "-b", "127.0.0.1", "--tls-self-signed"]);
    let line = program.log_line();
    let file = line.split(" is in ").nth(1).and_then(|rest| rest.split(", as for").next()).expect(&line);
    assert!(fs::exists(file).unwrap());
    send("-INT", &program);
    assert_farewell(&program.end());
    assert!(!fs::exists(file).unwrap());
}

#[rstest]
#[case::silent("")]
#[case::in_the_middle_of_a_head("GET /hello.txt HTTP/1.1\r\nHos")]
fn an_interrupt_waits_for_no_request(#[case] sent: &str) {
    if interrupts_are_ignored() {
        return;
    }
    let program = Program::start(["0", "-b", "127.0.0.1"]);
    let mut stream = connect(program.addr());
    stream.write_all(sent.as_bytes()).unwrap();
    // Connections are accepted in turn.
    get(program.addr(), "/Cargo.toml");
    program.log_line();
    send("-INT", &program);
    assert_farewell(&program.end());
}

#[test]
fn an_interrupt_waits_for_no_connection_that_could_have_another_request() {
    if interrupts_are_ignored() {
        return;
    }
    let program = Program::start(["0", "-b", "127.0.0.1", "-p", "HTTP/1.1", "-d", "fixtures/site"]);
    let mut stream = BufReader::new(connect(program.addr()));
    stream.get_mut().write_all(b"GET /hello.txt HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    assert!(stream.by_ref().lines().map_while(Result::ok).any(|line| line == "Hello, fixture!"), "the answer ends");
    program.log_line();
    send("-INT", &program);
    assert_farewell(&program.end());
}

#[test]
fn an_interrupt_waits_for_no_response() {
    if interrupts_are_ignored() {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    // More than buffers hold.
    File::create(work.path().join("large")).unwrap().set_len(1 << 30).unwrap();
    let program = Program::start(["0", "-b", "127.0.0.1", "-d", work.path().to_str().unwrap()]);
    let mut stream = connect(program.addr());
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 1_000]).unwrap();
    program.log_line();
    send("-INT", &program);
    assert_farewell(&program.end());
}

/// The script ends when nobody takes its output any more.
#[test]
fn an_interrupt_waits_for_no_script() {
    if interrupts_are_ignored() {
        return;
    }
    let site = crate::effects::site_with_script("printf 'Content-Type: text/plain\\n\\n'; exec yes 2>/dev/null");
    let program = Program::start(["0", "-b", "127.0.0.1", "--cgi", "-d", site.path().to_str().unwrap()]);
    let mut stream = connect(program.addr());
    stream.write_all(b"GET /cgi-bin/script.sh HTTP/1.0\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 1_000]).unwrap();
    program.log_line();
    send("-INT", &program);
    assert_farewell(&program.end());
}

/// It would not notice that nobody reads its output any more, for it has none.
#[test]
fn an_interrupt_ends_silent_scripts() {
    if interrupts_are_ignored() {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    let fifo = work.path().join("fifo");
    assert!(Command::new("mkfifo").args(["-m", "666"]).arg(&fifo).status().unwrap().success());
    // Whoever runs the script has to reach it.
    assert!(Command::new("chmod").arg("755").arg(work.path()).status().unwrap().success());
    let site = crate::effects::site_with_script(&format!("(echo begun >&3; sleep 1000) 3>'{}'; :", fifo.display()));
    for path in [site.path().to_owned(), site.path().join("cgi-bin")] {
        assert!(Command::new("chmod").arg("755").arg(path).status().unwrap().success());
    }
    let program = Program::start(["0", "-b", "127.0.0.1", "--cgi", "-d", site.path().to_str().unwrap()]);
    let mut stream = connect(program.addr());
    stream.write_all(b"GET /cgi-bin/script.sh HTTP/1.0\r\n\r\n").unwrap();
    program.log_line();
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(File::open(fifo).unwrap()).lines();
        lines.map_while(Result::ok).chain(["gone".to_owned()]).for_each(|line| drop(sender.send(line)));
    });
    assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), "begun");
    send("-INT", &program);
    assert_farewell(&program.end());
    assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), "gone");
}

#[test]
fn with_print_url_the_url_stays_the_only_line() {
    if interrupts_are_ignored() {
        return;
    }
    let program = Program::start(["0", "--print-url"]);
    send("-INT", &program);
    let ended = program.end();
    assert_eq!((ended.status.code(), ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn a_request_to_terminate_ends_it_at_once() {
    let program = Program::start(["0"]);
    send("-TERM", &program);
    let ended = program.end();
    assert_eq!((ended.status.signal(), ended.stdout.as_str(), ended.stderr.as_str()), (Some(15), "", ""));
}

/// As http.server: a script that starts it with `&` goes on to be interrupted alone.
#[test]
fn an_interrupt_that_was_ignored_before_stays_ignored() {
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" INT; exec "$0" "$@""#, env!("CARGO_BIN_EXE_fixture-server")]);
    let program = Program::spawn(command.args(["0", "-b", "127.0.0.1", "-d", "fixtures/site"]));
    assert_eq!(program.first_line, first_line("127.0.0.1", "127.0.0.1", program.port));
    for _ in 0..20 {
        send("-INT", &program);
        assert!(get(program.addr(), "/hello.txt").ends_with("Hello, fixture!\n"));
    }
    let ended = program.kill();
    assert_eq!((ended.status.signal(), ended.stdout.as_str()), (Some(9), ""));
}
