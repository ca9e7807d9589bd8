//! Clients for the tests: one that sends and shows bytes as they are, and one that takes every status for an answer.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fixture_server::TestServer;

/// What tests return.
pub(crate) type Test = Result<(), Box<dyn Error>>;

/// Far longer than anything takes: a test that would hang fails instead.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// An ordinary client, for which every status is an answer, redirects too. Proxies of the environment are none of its affair.
pub(crate) fn client() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(LIMIT))
        .proxy(None)
        .build()
        .into()
}

/// GET of a path: status and text.
pub(crate) fn get_text(server: &TestServer, path: &str) -> Result<(u16, String), ureq::Error> {
    let mut answer = client().get(server.url(path)).call()?;
    Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
}

/// A response as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Status line and fields, without the empty line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Bytes of all of it.
    pub(crate) length: usize,
}

impl Answer {
    fn of(bytes: &[u8]) -> io::Result<Answer> {
        let end = head_end(bytes).ok_or_else(|| broken("no head", bytes))?;
        let head = String::from_utf8_lossy(&bytes[..end - 4]).into_owned();
        Ok(Answer { head, body: bytes[end..].to_vec(), length: bytes.len() })
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    /// The lines of the head but the first.
    pub(crate) fn fields(&self) -> Vec<&str> {
        self.head.split("\r\n").skip(1).collect()
    }

    /// The value of the first field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut pairs = self.head.split("\r\n").filter_map(|line| line.split_once(": "));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One connection, byte by byte.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    pub(crate) fn connect(server: &TestServer) -> io::Result<Raw> {
        let stream = TcpStream::connect(server.addr())?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(Raw { stream, unread: Vec::new() })
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Everything to the end of the connection.
    pub(crate) fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = std::mem::take(&mut self.unread);
        self.stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// One response with a `Content-Length`, or none and no body.
    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        let mut wanted = None;
        loop {
            if wanted.is_none() {
                if let Some(end) = head_end(&self.unread) {
                    let length = Answer::of(&self.unread[..end])?.field("content-length").and_then(|l| l.parse().ok());
                    wanted = Some(end + length.unwrap_or(0));
                }
            }
            match wanted {
                Some(wanted) if self.unread.len() >= wanted => {
                    let rest = self.unread.split_off(wanted);
                    return Answer::of(&std::mem::replace(&mut self.unread, rest));
                }
                _ => {}
            }
            let mut buffer = [0; 16 << 10];
            match self.stream.read(&mut buffer)? {
                0 => return Err(broken("the connection ended inside the response", &self.unread)),
                length => self.unread.extend_from_slice(&buffer[..length]),
            }
        }
    }
}

/// What comes for these bytes until the server closes.
pub(crate) fn exchange(server: &TestServer, bytes: impl AsRef<[u8]>) -> io::Result<Answer> {
    let mut raw = Raw::connect(server)?;
    raw.send(bytes)?;
    Answer::of(&raw.rest()?)
}

/// A GET that asks for the connection to be closed.
pub(crate) fn get_bytes(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
}

/// Waits for what no call waits for, such as that the server noticed a client's end.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "in vain: {what}");
        std::thread::yield_now();
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn broken(what: &str, bytes: &[u8]) -> io::Error {
    io::Error::other(format!("{what}: {:?}", String::from_utf8_lossy(bytes)))
}
