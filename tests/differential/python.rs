//! Python's http.server as a process.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::raw::exchange;
use crate::requests::Case;
use crate::site::Site;

/// Python's server, which ends with this value.
pub(crate) struct Python {
    child: Child,
    pub(crate) addr: SocketAddr,
    log: PathBuf,
}

impl Python {
    /// `None`, and a word about it, where there is no Python that can do HTTP/1.1.
    pub(crate) fn start(site: &Site) -> Option<Python> {
        let log = site.temp.path().join("python.log");
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--protocol", "HTTP/1.1", "--directory"]);
        // Names of files are UTF-8 wherever this runs, and pages are in the encoding of names.
        command.arg(site.root()).env("PYTHONUTF8", "1").stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(File::create(&log).expect("a log"));
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                skip(&format!("python3 cannot be run: {error}"));
                return None;
            }
        };
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let mut python = Python { child, addr: SocketAddr::from(([127, 0, 0, 1], 0)), log };
        let mut started = String::new();
        // Ends at the end of the pipe at the latest, and so with Python.
        BufReader::new(stdout).read_line(&mut started).expect("a line in UTF-8");
        let port = started.split(" port ").nth(1).and_then(|rest| rest.split(' ').next());
        let Some(port) = port.and_then(|port| port.parse().ok()) else {
            let complaints = python.complaints();
            // `--protocol` came with 3.11.
            assert!(complaints.contains("--protocol"), "http.server did not start: {started:?} {complaints}");
            skip("python3 is older than 3.11");
            return None;
        };
        python.addr.set_port(port);
        Some(python)
    }

    pub(crate) fn complaints(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        // What it logs about each request is in its answer.
        let is_request = |line: &&str| line.starts_with("127.0.0.1 - - [");
        log.lines().filter(|line| !is_request(line)).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn version(&self) -> String {
        let answer = exchange(self.addr, &Case::one("HEAD", "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n"));
        answer.replies.first().and_then(|reply| reply.field("Server")).unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Past the test harness, which keeps to itself what passing tests print.
fn skip(why: &str) {
    let _ = writeln!(io::stderr(), "\n*** NOT COMPARED with Python's http.server: {why} ***\n");
}
