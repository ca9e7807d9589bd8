//! What the benches share: a timer and a client that costs next to nothing.
#![allow(dead_code, reason = "each bench uses a part of it")]
#![expect(clippy::print_stdout, reason = "the results of a bench are its output")]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fixture_server::TestServer;

/// What benches return.
pub(crate) type Outcome = io::Result<()>;

/// Samples of one measurement; the median is told.
const SAMPLES: usize = 11;

/// How long one sample takes, about.
const SAMPLE_TIME: Duration = Duration::from_millis(60);

/// Runs measurements and prints a line for each.
pub(crate) struct Bench {
    filter: Option<String>,
    /// `cargo bench` says so; `cargo test --benches` only wants to see that they run.
    measures: bool,
}

impl Bench {
    pub(crate) fn from_arguments() -> Bench {
        let (flags, names): (Vec<String>, Vec<String>) =
            std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
        Bench { filter: names.into_iter().next(), measures: flags.iter().any(|flag| flag == "--bench") }
    }

    /// Measures something that is done `each` times per call.
    pub(crate) fn run(&self, name: &str, each: u32, mut action: impl FnMut() -> Outcome) -> Outcome {
        if self.filter.as_ref().is_some_and(|filter| !name.contains(filter.as_str())) {
            return Ok(());
        }
        action()?;
        if !self.measures {
            println!("{name}: runs");
            return Ok(());
        }
        let mut calls = 1;
        while time(calls, &mut action)? < SAMPLE_TIME / 2 {
            calls *= 2;
        }
        let mut samples = Vec::new();
        for _ in 0..SAMPLES {
            samples.push(time(calls, &mut action)? / (calls * each));
        }
        samples.sort();
        let median = samples[SAMPLES / 2];
        let per_second = 1.0 / median.as_secs_f64();
        println!("{name:<52} {median:>12.2?}  {per_second:>10.0}/s  (fastest {:.2?})", samples[0]);
        Ok(())
    }
}

fn time(calls: u32, action: &mut impl FnMut() -> Outcome) -> io::Result<Duration> {
    let start = Instant::now();
    for _ in 0..calls {
        action()?;
    }
    Ok(start.elapsed())
}

/// A connection on which the same request is sent again and again.
pub(crate) struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    /// Bytes of each response; all are of the same length.
    length: usize,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, sends the request once and learns how long its response is.
    pub(crate) fn connect(server: &TestServer, request: Vec<u8>) -> io::Result<Client> {
        let stream = TcpStream::connect(server.addr())?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut client = Client { stream, request, length: 0, buffer: Vec::new() };
        client.send()?;
        client.length = client.first_response()?;
        client.buffer.resize(client.length, 0);
        Ok(client)
    }

    /// Reads the one response that is under way; returns its length.
    fn first_response(&mut self) -> io::Result<usize> {
        let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 << 10]);
        let mut wanted = None;
        while wanted.is_none_or(|wanted| bytes.len() < wanted) {
            let length = self.stream.read(&mut piece)?;
            bytes.extend_from_slice(&piece[..length]);
            let text = String::from_utf8_lossy(&bytes);
            if length == 0 || !text.starts_with("HTTP/1.1 200 ") {
                return Err(io::Error::other(format!("not what is to be measured: {text}")));
            }
            if let Some(end) = text.find("\r\n\r\n") {
                let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
                wanted = Some(end + 4 + length.unwrap_or(0));
            }
        }
        Ok(bytes.len())
    }

    pub(crate) fn send(&mut self) -> Outcome {
        self.stream.write_all(&self.request)
    }

    pub(crate) fn receive(&mut self) -> Outcome {
        self.stream.read_exact(&mut self.buffer)
    }

    pub(crate) fn exchange(&mut self) -> Outcome {
        self.send()?;
        self.receive()
    }

    /// So many requests in one write, then all of their responses.
    pub(crate) fn pipelined(mut self, count: usize) -> Client {
        self.request = self.request.repeat(count);
        self.buffer.resize(self.length * count, 0);
        self
    }
}

/// A GET without a body.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").into_bytes()
}

/// A request with a body of a known length.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
