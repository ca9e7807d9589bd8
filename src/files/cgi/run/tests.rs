//! Section 9.3 of the semantics, with real scripts.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use rstest::rstest;

use super::super::tests::Site;
use super::super::{Cgi, CgiUser};
use super::*;
use crate::message::body::{Sink, Source};
use crate::wake::Wake;

/// A script that was started, as a connection sees it.
struct Started {
    output: Box<dyn Source>,
    input: Option<Box<dyn Sink>>,
    wakes: Receiver<()>,
    exits: Receiver<Exit>,
    /// What was read and not yet asked for.
    read: VecDeque<u8>,
}

fn wake() -> (Wake, Receiver<()>) {
    let (sender, wakes) = channel();
    let sender = parking_lot::Mutex::new(sender);
    let wake = move || {
        let _ = sender.lock().send(());
    };
    (Arc::new(wake), wakes)
}

fn start(script: Script, body: Stdin) -> Started {
    let (exit, exits) = channel();
    let Running { mut output, mut input } = script.start(body, Box::new(move |ended| exit.send(ended).unwrap()));
    let (wake, wakes) = wake();
    output.wake_with(Arc::clone(&wake));
    if let Some(input) = &mut input {
        input.wake_with(wake);
    }
    Started { output, input, wakes, exits, read: VecDeque::new() }
}

impl Started {
    /// Waits for a piece; empty at the end.
    fn piece(&mut self, most: usize) -> Vec<u8> {
        let mut piece = vec![0; most];
        loop {
            match self.output.read(&mut piece) {
                Ok(count) => {
                    piece.truncate(count);
                    return piece;
                }
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            self.wakes.recv().unwrap();
        }
    }

    fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.iter().position(|&byte| byte == b'\n') {
                let line = self.read.drain(..=end).collect();
                return String::from_utf8(line).unwrap();
            }
            let piece = self.piece(1000);
            assert!(!piece.is_empty(), "the output ended in the middle of a line");
            self.read.extend(piece);
        }
    }

    /// Writes all, waiting for room; `false` if it is not wanted.
    fn write(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            match self.input.as_mut().unwrap().write(bytes) {
                Ok(count) => {
                    assert!(count > 0);
                    bytes = &bytes[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wakes.recv().unwrap(),
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
                    return false;
                }
            }
        }
        true
    }

    /// The rest of the output, and the exit code, which is told before the end can be seen.
    fn end(mut self) -> (String, i32) {
        let mut all: Vec<u8> = self.read.drain(..).collect();
        loop {
            let piece = self.piece(1 << 16);
            if piece.is_empty() {
                break;
            }
            all.extend(piece);
        }
        assert!(self.piece(1).is_empty(), "an end is the end");
        (String::from_utf8(all).unwrap(), self.exits.try_recv().unwrap().code)
    }
}

/// A script of the shell in a site of its own.
fn shell(content: &str) -> Site {
    let site = Site::new();
    site.add("cgi-bin/x", &format!("#!/bin/sh\n{content}\n"), 0o755);
    site
}

fn run(content: &str, body: Stdin) -> (String, i32) {
    start(shell(content).script(&Cgi::default(), "/cgi-bin/x?a=b"), body).end()
}

#[rstest]
#[case::good("echo out", "out\n", 0)]
#[case::bad("echo out; exit 3", "out\n", 3)]
#[case::nothing("", "", 0)]
#[case::killed("echo out; kill -9 $$", "out\n", -9)]
#[case::terminated("kill -TERM $$", "", -15)]
#[case::closed_before_the_end("exec >&-; sleep 0.1; exit 4", "", 4)]
fn a_script_has_output_and_an_exit_code(#[case] content: &str, #[case] output: &str, #[case] code: i32) {
    assert_eq!(run(content, Stdin::Nothing), (output.to_owned(), code));
}

#[rstest]
#[case::no_interpreter("#!/nowhere/sh\necho out\n")]
#[case::not_for_a_shell("echo out\n")]
#[case::empty("")]
fn what_cannot_be_executed_ends_with_127(#[case] content: &str) {
    let site = Site::new();
    site.add("cgi-bin/x", content, 0o755);
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Stream(1 << 20));
    assert!(!started.write(&vec![0; 1 << 20]));
    assert!(started.piece(1).is_empty());
    let Exit { code, error } = started.exits.recv().unwrap();
    let expected = format!("cannot run {}/cgi-bin/x", site.root().display());
    assert!(code == 127 && error.as_ref().is_some_and(|error| error.starts_with(&expected)), "{error:?}");
}

#[test]
fn a_script_that_went_away_cannot_be_executed() {
    let site = shell("echo out");
    let script = site.script(&Cgi::default(), "/cgi-bin/x");
    std::fs::remove_file(&script.file).unwrap();
    assert_eq!(start(script, Stdin::Nothing).end(), (String::new(), 127));
}

#[test]
fn an_interpreter_that_is_not_there_is_named() {
    let site = Site::new();
    site.add("cgi-bin/x.txt", "echo", 0o644);
    let cgi = Cgi::default().interpreter("txt", "no-such-program");
    let started = start(site.script(&cgi, "/cgi-bin/x.txt"), Stdin::Nothing);
    let error = started.exits.recv().unwrap().error.unwrap();
    let expected = format!("cannot run no-such-program for {}/cgi-bin/x.txt: ", site.root().display());
    assert!(error.starts_with(&expected), "{error}");
}

#[rstest]
#[case::none("/cgi-bin/x", "1 []\n")]
#[case::words("/cgi-bin/x?a+b%20c", "1 [a b%20c]\n")]
#[case::no_pattern("/cgi-bin/x?*;$(date)", "1 [*;$(date)]\n")]
#[case::form("/cgi-bin/x?a=b", "0 []\n")]
fn a_query_is_an_argument(#[case] target: &str, #[case] expected: &str) {
    let site = shell(r#"echo "$# [$1]""#);
    assert_eq!(start(site.script(&Cgi::default(), target), Stdin::Nothing).end(), (expected.to_owned(), 0));
}

#[test]
fn a_script_has_the_environment_of_its_request_and_of_the_server() {
    let site = shell("echo \"$QUERY_STRING ${REMOTE_USER-none} $MORE ${PATH:+path}\"; pwd");
    let cgi = Cgi::default().env("MORE", "a").env("MORE", "b");
    let (output, code) = start(site.script(&cgi, "/cgi-bin/x?a=b"), Stdin::Nothing).end();
    let here = std::env::current_dir().unwrap();
    assert_eq!((output, code), (format!("a=b none b path\n{}\n", here.display()), 0));
}

#[test]
fn an_interpreter_is_given_the_script() {
    let site = Site::new();
    site.add("cgi-bin/x.txt", "echo \"$0 $1\"", 0o644);
    let cgi = Cgi::default().interpreter("txt", "sh");
    let (output, code) = start(site.script(&cgi, "/cgi-bin/x.txt?a"), Stdin::Nothing).end();
    assert_eq!((output, code), (format!("{}/cgi-bin/x.txt a\n", site.root().display()), 0));
}

#[test]
fn output_comes_as_it_is_made_and_input_as_it_arrives() {
    let site = shell("echo one; read line; echo \"got $line\"; cat");
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Stream(9));
    assert_eq!(started.line(), "one\n");
    assert!(started.write(b"go\nr"));
    assert_eq!(started.line(), "got go\n");
    assert!(started.write(b"e"));
    assert!(started.write(b"s"));
    assert!(!started.write(b"t 12345"), "more than was announced");
    assert_eq!(started.end(), ("rest 1".to_owned(), 0));
}

#[test]
fn input_ends_where_the_body_does() {
    let site = shell("cat; echo end");
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Stream(1000));
    assert!(started.write(b"part "));
    started.input = None;
    assert_eq!(started.end(), ("part end\n".to_owned(), 0));
}

#[rstest]
#[case::nothing(Stdin::Nothing, "0")]
#[case::empty(Stdin::Bytes(Bytes::new()), "0")]
#[case::no_stream(Stdin::Stream(0), "0")]
#[case::bytes(Stdin::Bytes(Bytes::from(vec![b'a'; 5_000_000])), "5000000")]
fn a_body_is_all_that_can_be_read(#[case] body: Stdin, #[case] expected: &str) {
    let (output, code) = run("cat | wc -c", body);
    assert_eq!((output.trim(), code), (expected, 0));
}

#[test]
fn a_large_body_goes_through_in_pieces() {
    let site = shell("cat | wc -c");
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Stream(5_000_000));
    let piece = vec![b'a'; 100_000];
    for _ in 0..50 {
        assert!(started.write(&piece));
    }
    let (output, code) = started.end();
    assert_eq!((output.trim(), code), ("5000000", 0));
}

#[rstest]
#[case::ends("echo out")]
#[case::goes_on("exec <&-; sleep 0.2; echo out")]
fn a_script_need_not_read(#[case] content: &str) {
    let large = Bytes::from(vec![0; 5_000_000]);
    assert_eq!(run(content, Stdin::Bytes(large.clone())), ("out\n".to_owned(), 0));
    let site = shell(content);
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Stream(5_000_000));
    assert!(!started.write(&large), "nobody takes the rest");
    assert_eq!(started.end(), ("out\n".to_owned(), 0));
}

#[test]
fn a_slow_reader_gets_all_of_a_large_output() {
    let site = shell("i=0; while [ $i -lt 4000 ]; do printf '%01000d' $i; i=$((i + 1)); done");
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Nothing);
    let mut all = Vec::new();
    loop {
        let piece = started.piece(999);
        // Half of it could not be sent.
        let sent = piece.len() / 2 + piece.len() % 2;
        started.output.step_back((piece.len() - sent) as u64).unwrap();
        all.extend_from_slice(&piece[..sent]);
        if piece.is_empty() {
            break;
        }
    }
    let expected: Vec<u8> = (0..4000).flat_map(|at| format!("{at:01000}").into_bytes()).collect();
    assert!(all == expected, "{} bytes", all.len());
    assert_eq!(started.exits.try_recv(), Ok(Exit { code: 0, error: None }));
}

#[test]
fn the_end_of_a_script_is_told_while_its_output_waits() {
    let site = shell("head -c 100000 /dev/zero; exit 5");
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Nothing);
    assert_eq!(started.exits.recv(), Ok(Exit { code: 5, error: None }));
    assert!(started.exits.recv().is_err(), "it is told once");
    // Though nobody reads, nobody keeps it any more.
    while site.scripts.count() > 0 {
        thread::yield_now();
    }
    let mut length = 0;
    loop {
        match started.piece(1 << 16).len() {
            0 => break,
            count => length += count,
        }
    }
    assert_eq!(length, 100_000);
}

#[test]
fn no_more_can_be_taken_back_than_was_read() {
    let site = shell("printf abc");
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Nothing);
    assert!(started.output.step_back(1).is_err());
    let first = started.piece(2);
    assert!(started.output.step_back(3).is_err());
    started.output.step_back(first.len() as u64).unwrap();
    assert_eq!(started.end(), ("abc".to_owned(), 0));
}

#[test]
fn a_script_without_a_client_is_ended_by_what_it_writes() {
    let site = shell("echo ready; while :; do echo more; done");
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Nothing);
    assert_eq!(started.line(), "ready\n");
    let Started { output, exits, .. } = started;
    drop(output);
    assert_ne!(exits.recv().unwrap().code, 0);
}

#[rstest]
#[case::silent("echo ready; exec sleep 1000")]
#[case::busy("echo ready; while :; do :; done")]
#[case::without_output("echo ready; exec >&-; exec sleep 1000")]
fn a_script_is_killed_when_its_time_is_up(#[case] content: &str) {
    let site = shell(content);
    let cgi = Cgi::default().time_limit(Duration::from_millis(200));
    let begun = Instant::now();
    let (output, code) = start(site.script(&cgi, "/cgi-bin/x"), Stdin::Nothing).end();
    // On a machine under load its time may be up before it said anything.
    assert!(output == "ready\n" || output.is_empty(), "{output}");
    assert_eq!(code, -9);
    assert!(begun.elapsed() < Duration::from_secs(100));
}

#[test]
fn a_script_that_nobody_reads_is_killed_when_its_time_is_up() {
    let site = shell("while :; do echo more; done");
    let cgi = Cgi::default().time_limit(Duration::from_millis(200));
    let started = start(site.script(&cgi, "/cgi-bin/x"), Stdin::Nothing);
    assert_eq!(started.exits.recv(), Ok(Exit { code: -9, error: None }));
}

#[test]
fn a_time_limit_may_be_as_long_as_one_likes() {
    let site = shell("echo out");
    let cgi = Cgi::default().time_limit(Duration::MAX);
    assert_eq!(start(site.script(&cgi, "/cgi-bin/x"), Stdin::Nothing).end(), ("out\n".to_owned(), 0));
}

#[rstest]
#[case::output("sleep 1000 <&- 2>&- & echo $!")]
#[case::input("exec 3<&0; sleep 1000 <&3 2>&- & echo $!")]
fn what_a_script_leaves_behind_is_not_waited_for(#[case] content: &str) {
    let begun = Instant::now();
    let (output, code) = run(content, Stdin::Bytes(Bytes::from(vec![0; 5_000_000])));
    assert_eq!(code, 0);
    assert!(begun.elapsed() < Duration::from_secs(100));
    assert!(Command::new("kill").arg(output.trim()).status().unwrap().success());
}

#[test]
fn many_run_at_once_and_none_stays_a_zombie() {
    let site = shell("echo \"$$ $1\"");
    let start = |number| start(site.script(&Cgi::default(), &format!("/cgi-bin/x?{number}")), Stdin::Nothing);
    let started: Vec<Started> = (0..50).map(start).collect();
    for (number, started) in started.into_iter().enumerate() {
        let (output, code) = started.end();
        let (pid, argument) = output.trim().split_once(' ').unwrap();
        assert_eq!((argument, code), (number.to_string().as_str(), 0));
        let status = std::fs::read_to_string(Path::new("/proc").join(pid).join("status")).unwrap_or_default();
        let parent = format!("PPid:\t{}\n", std::process::id());
        assert!(!status.contains(&parent), "{status}");
    }
}

/// Whether a script has output and an end, of which nobody is told.
#[track_caller]
fn assert_dismissed(mut started: Started) {
    while !started.piece(100).is_empty() {}
    assert_eq!(started.exits.recv().ok(), None);
}

#[test]
fn all_scripts_can_be_ended() {
    let site = shell("echo ready; sleep 1000; echo in vain");
    let script = || site.script(&Cgi::default(), "/cgi-bin/x");
    let mut running: Vec<Started> = (0..3).map(|_| start(script(), Stdin::Nothing)).collect();
    for started in &mut running {
        assert_eq!(started.line(), "ready\n");
    }
    // These may not have begun yet.
    running.extend((0..3).map(|_| start(script(), Stdin::Stream(10))));
    site.scripts.dismiss();
    running.into_iter().for_each(assert_dismissed);
    // Those of later are none of these.
    let mut later = start(script(), Stdin::Nothing);
    assert_eq!(later.line(), "ready\n");
    site.scripts.close();
    assert_dismissed(later);
    // After the last of them there is none.
    assert_dismissed(start(script(), Stdin::Nothing));
}

#[test]
fn how_a_script_ends_is_not_told_once_its_connection_is_to_close() {
    let site = shell("echo ready; exec yes 2>/dev/null");
    let mut started = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Nothing);
    assert_eq!(started.line(), "ready\n");
    site.scripts.hush();
    let Started { output, exits, .. } = started;
    // Nobody takes its output any more.
    drop(output);
    assert_eq!(exits.recv().ok(), None);
}

#[test]
fn a_script_is_its_own_group() {
    let site = shell("echo $$; ps -o pgid= -p $$");
    let (output, _) = start(site.script(&Cgi::default(), "/cgi-bin/x"), Stdin::Nothing).end();
    let mut numbers = output.split_whitespace();
    assert_eq!(numbers.next(), numbers.next(), "{output}");
}

#[test]
fn root_runs_scripts_as_somebody_else() {
    let site = shell("id -u");
    let user = |cgi: &Cgi| {
        let (output, code) = start(site.script(cgi, "/cgi-bin/x"), Stdin::Nothing).end();
        (output.trim().parse::<u32>().ok(), code)
    };
    let (own, code) = user(&Cgi::default().run_as(CgiUser::Server));
    assert_eq!(code, 0);
    let own = own.unwrap();
    assert_eq!(user(&Cgi::default().run_as(CgiUser::Uid(own))), (Some(own), 0));
    // In some containers not even root can become another.
    let can_change = own == 0 && Command::new("true").uid(7).status().is_ok();
    let expected = if can_change { (Some(7), 0) } else { (None, 127) };
    assert_eq!(user(&Cgi::default().run_as(CgiUser::Uid(7))), expected);
    assert_eq!(user(&Cgi::default()).0 == Some(own), !can_change);
}
