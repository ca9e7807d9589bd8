//! Answers of the program to bytes, as they were recorded in `fixtures/http_server`: what http.server of Python 3.15
//! answers, and in a form that shows every byte. No Python is needed; `differential` asks one the same, where there is one.
//!
//! To add an entry, write `-- HTTP/1.1`, the request and `=>` into a file; the answers of all entries are written by
//!
//! ```text
//! cargo test --features cli --test recorded -- --ignored
//! ```
//!
//! and are worth what the look at them is worth that the writer takes. The format is told in `format.rs`.
#![cfg(all(unix, feature = "cli"))]

mod format;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use format::{Entry, all, preface};

#[test]
fn the_program_answers_what_was_recorded() {
    let programs = Programs::start();
    let mut differences = Vec::new();
    let mut count = 0;
    for (path, entries) in all() {
        for entry in entries {
            count += 1;
            let actual = programs.answer(&entry);
            if actual != entry.answer {
                let (path, protocol, request) = (path.display(), &entry.protocol, &entry.request_text);
                let (actual, expected) = (actual.join("\n"), entry.answer.join("\n"));
                differences
                    .push(format!("{path}, {protocol}\n{request}=> expected\n{expected}\n=> actual\n{actual}\n"));
            }
        }
    }
    assert!(differences.is_empty(), "{} of {count} answers differ:\n\n{}", differences.len(), differences.join("\n"));
    assert!(count > 100, "{count} entries");
}

/// What is recorded is then what the program answers, right or wrong: look at what changes.
#[test]
#[ignore = "writes the files"]
fn record_the_answers() {
    let programs = Programs::start();
    for (path, entries) in all() {
        let text = fs::read_to_string(&path).expect("text");
        let mut recorded = preface(&text).trim_end().to_owned();
        recorded.push('\n');
        for entry in entries {
            let remark = if entry.remark.is_empty() { String::new() } else { format!(" ({})", entry.remark) };
            let answer = programs.answer(&entry).join("\n");
            let end = if answer.is_empty() { "" } else { "\n" };
            let Entry { protocol, request_text, .. } = entry;
            let _ = write!(recorded, "\n-- {protocol}{remark}\n{request_text}=>\n{answer}{end}");
        }
        fs::write(&path, recorded).expect("the file is written");
    }
}

/// The program with each protocol; both end with this value.
struct Programs {
    children: Vec<(&'static str, SocketAddr, Child)>,
}

impl Programs {
    fn start() -> Programs {
        let mut programs = Programs { children: Vec::new() };
        for protocol in ["HTTP/1.0", "HTTP/1.1"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_fixture-server"));
            command.args(["0", "--bind", "127.0.0.1", "--directory", "fixtures/site", "--protocol", protocol]);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = command.spawn().expect("the program runs");
            let mut first_line = String::new();
            let stdout = child.stdout.take().expect("a pipe");
            BufReader::new(stdout).read_line(&mut first_line).expect("a line");
            let port = first_line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
            let addr = SocketAddr::from(([127, 0, 0, 1], port.expect("a port")));
            programs.children.push((protocol, addr, child));
        }
        programs
    }

    fn answer(&self, entry: &Entry) -> Vec<String> {
        let found = self.children.iter().find(|(protocol, ..)| *protocol == entry.protocol);
        let (_, addr, _) = found.expect("HTTP/1.0 or HTTP/1.1");
        let stream = TcpStream::connect(addr).expect("a connection");
        // Against hanging only.
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        // The server may have closed before all was written.
        let _ = (&stream).write_all(&entry.request);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = (&stream).read_to_end(&mut answer);
        answer.split_inclusive(|&byte| byte == b'\n').map(|line| escaped(&settled(line))).collect()
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        for (_, _, child) in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A line without what is never the same.
fn settled(line: &[u8]) -> Vec<u8> {
    let changing = [&b"Server: "[..], b"Date: ", b"Last-Modified: "];
    match changing.iter().find(|name| line.starts_with(name)) {
        Some(name) if line.ends_with(b"\r\n") && line.len() > name.len() + 2 => [name, &b"*\r\n"[..]].concat(),
        _ => line.to_vec(),
    }
}

fn escaped(line: &[u8]) -> String {
    let mut text = String::new();
    for &byte in line {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(byte)),
            other => {
                let _ = write!(text, "\\x{other:02x}");
            }
        }
    }
    text
}
