//! The client: connections that ask one after the other, from one thread, so that it needs one core and no more.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What to ask, and how.
pub(crate) struct Load {
    pub(crate) request: Vec<u8>,
    pub(crate) connections: usize,
    /// Each request on a connection of its own.
    pub(crate) closes: bool,
    pub(crate) time: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) requests: usize,
    /// Answers other than 200, and connections that broke.
    pub(crate) errors: usize,
    pub(crate) seconds: f64,
    /// Microseconds from a request to its answer, of each.
    pub(crate) latencies: Vec<f64>,
}

/// One connection to a server.
pub(crate) struct Client {
    addr: SocketAddr,
    stream: TcpStream,
    /// The server said that it closes.
    is_closing: bool,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr) -> io::Result<Client> {
        Ok(Client { addr, stream: connected(addr)?, is_closing: false, buffer: vec![0; 64 << 10] })
    }

    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<()> {
        if self.is_closing {
            self.stream = connected(self.addr)?;
            self.is_closing = false;
        }
        self.stream.write_all(request)
    }

    /// Whether the server has neither closed the connection nor said that it will.
    pub(crate) fn is_open(&self) -> bool {
        if self.is_closing || self.stream.set_nonblocking(true).is_err() {
            return false;
        }
        let is_quiet = matches!(self.stream.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        self.stream.set_nonblocking(false).is_ok() && is_quiet
    }

    /// Reads an answer: its status and its body, of which no more than a buffer full is kept.
    pub(crate) fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let mut length = 0;
        let (status, head, mut left) = loop {
            let read = self.stream.read(&mut self.buffer[length..])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            length += read;
            let Some(end) = self.buffer[..length].windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
            let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            self.is_closing = field("connection:") == Some("close");
            let body: usize = field("content-length:").and_then(|value| value.parse().ok()).unwrap_or(0);
            let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
            break (status, end + 4, body.saturating_sub(length - end - 4));
        };
        let body = self.buffer[head..length].to_vec();
        while left > 0 {
            let room = left.min(self.buffer.len());
            let read = self.stream.read(&mut self.buffer[..room])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= read;
        }
        Ok((status, body))
    }
}

fn connected(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

/// A request without a body.
pub(crate) fn get_request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// A POST of so many bytes.
pub(crate) fn post_request(path: &str, length: usize) -> Vec<u8> {
    let mut request =
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    request.resize(request.len() + length, b'x');
    request
}

/// The body of one answer, on a connection of its own.
pub(crate) fn get(addr: SocketAddr, path: &str) -> io::Result<Vec<u8>> {
    let mut client = Client::connect(addr)?;
    client.send(&get_request(path))?;
    match client.answer()? {
        (200, body) => Ok(body),
        (status, _) => Err(io::Error::other(format!("{path} was answered with {status}"))),
    }
}

/// Asks until the time is up, on every connection before the answer of the first is read.
pub(crate) fn run(addr: SocketAddr, load: &Load) -> io::Result<Outcome> {
    let mut clients = (0..load.connections).map(|_| Client::connect(addr)).collect::<io::Result<Vec<_>>>()?;
    let mut outcome = Outcome::default();
    let begin = Instant::now();
    while begin.elapsed() < load.time {
        let mut asked = Vec::with_capacity(clients.len());
        for client in &mut clients {
            client.is_closing |= load.closes && outcome.requests > 0;
            asked.push((Instant::now(), client.send(&load.request)));
        }
        for (client, (since, sent)) in clients.iter_mut().zip(asked) {
            match sent.and_then(|()| client.answer()) {
                Ok((200, _)) => outcome.latencies.push(since.elapsed().as_secs_f64() * 1e6),
                Ok(_) => outcome.errors += 1,
                Err(_) => {
                    outcome.errors += 1;
                    client.is_closing = true;
                }
            }
            outcome.requests += 1;
        }
    }
    outcome.seconds = begin.elapsed().as_secs_f64();
    Ok(outcome)
}
