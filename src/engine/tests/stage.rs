//! A client in memory: a script of what a connection reads, and a record of what it writes.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::Shutdown;

use super::super::connection::{Connection, Fate, Scratch};
use super::super::slots::Heard;
use super::super::transport::{SharedTransport, Transport};
use super::super::*;
use crate::message::body::Sink;
use crate::message::delivery::Ended;
use crate::message::into_response::IntoResponse;
use crate::wire::Dialect;
use mio::{Interest, Registry, Token};

/// What a read meets.
#[derive(Debug, Clone)]
pub(super) enum Read {
    Bytes(Vec<u8>),
    /// Nothing until the next event.
    Pause,
    End,
    Fails(io::ErrorKind),
}

pub(super) fn bytes(text: &str) -> Read {
    Read::Bytes(text.as_bytes().to_vec())
}

/// The client: what it sends, how much it takes, and what it got.
#[derive(Debug, Default)]
pub(super) struct Peer {
    pub(super) reads: VecDeque<Read>,
    /// The most that one write takes.
    pub(super) write_size: Option<usize>,
    /// The most that is taken before the next event.
    pub(super) window: Option<usize>,
    pub(super) taken: usize,
    pub(super) write_errors: VecDeque<io::ErrorKind>,
    pub(super) got: Vec<u8>,
    pub(super) writes: usize,
    pub(super) shutdowns: Vec<Shutdown>,
    pub(super) reset: bool,
}

impl Peer {
    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(kind) = self.write_errors.pop_front() {
            return Err(kind.into());
        }
        let room = self.window.map_or(usize::MAX, |window| window - self.taken);
        let taken = bytes.len().min(room).min(self.write_size.unwrap_or(usize::MAX));
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.writes += 1;
        self.taken += taken;
        self.got.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }
}

impl Transport for Peer {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.reads.pop_front() {
            Some(Read::Bytes(mut bytes)) => {
                let length = bytes.len().min(buf.len());
                buf[..length].copy_from_slice(&bytes[..length]);
                if length < bytes.len() {
                    self.reads.push_front(Read::Bytes(bytes.split_off(length)));
                }
                Ok(length)
            }
            Some(Read::Fails(kind)) => Err(kind.into()),
            Some(Read::End) => {
                self.reads.push_front(Read::End);
                Ok(0)
            }
            Some(Read::Pause) | None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let together: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        self.take(&together)
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.shutdowns.push(how);
        Ok(())
    }

    fn prepare_reset(&mut self) {
        self.reset = true;
    }

    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }
}

/// What the journal would have been told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) asked: Mutex<Vec<String>>,
    /// Of each answer: the bytes sent, and how it ended.
    pub(super) outcomes: Mutex<Vec<(u64, Option<Ended>)>>,
}

#[derive(Debug)]
struct Line {
    told: Arc<Told>,
    number: usize,
}

impl Receipt for Line {
    fn sent(&self, bytes: u64, ended: Option<Ended>) {
        self.told.outcomes.lock()[self.number] = (bytes, ended);
    }
}

/// A thread that has nothing else to do, and that nobody has to wake.
pub(super) const HANDS: Hands<'static> = Hands { before_user_code: &|| (), wake: &|| Arc::new(|| ()) };

/// A connection under test.
pub(super) struct Stage {
    pub(super) peer: Arc<Mutex<Peer>>,
    pub(super) told: Arc<Told>,
    pub(super) connection: Connection,
    pub(super) scratch: Scratch,
}

impl Stage {
    pub(super) fn new(
        reads: impl IntoIterator<Item = Read>,
        respond: impl Fn() -> Response + Send + Sync + 'static,
    ) -> Stage {
        let peer = Arc::new(Mutex::new(Peer { reads: reads.into_iter().collect(), ..Peer::default() }));
        let told = Arc::new(Told::default());
        let (seen, telling) = (peer.clone(), told.clone());
        let service: Service = Arc::new(move |incoming: Incoming| {
            let Incoming { request, refusal, arrival, .. } = incoming;
            let sent = seen.lock().got.len();
            let line = format!("{} {} {:?} after {sent}", arrival.number, request.target(), request.body_text());
            let mut asked = telling.asked.lock();
            asked.push(refusal.map_or(line.clone(), |refusal| format!("{line}: {refusal:?}")));
            telling.outcomes.lock().push((0, None));
            let receipt = Arc::new(Line { told: telling.clone(), number: asked.len() - 1 });
            Answer::Reply(Reply {
                response: refusal.map_or_else(&respond, Refusal::response),
                receipt,
                sink: None,
                date: None,
            })
        });
        let mut settings = Settings::default();
        settings.reading.limits.body = 1_000;
        Stage::with(peer, told, settings, service)
    }

    /// A connection of http.server, whose requests are answered when their head is there, by what this returns.
    pub(super) fn http_server(
        reads: impl IntoIterator<Item = Read>,
        answer: impl Fn(&Request, Extent) -> Option<(Response, Option<Box<dyn Sink>>)> + Send + Sync + 'static,
    ) -> Stage {
        let peer = Arc::new(Mutex::new(Peer { reads: reads.into_iter().collect(), ..Peer::default() }));
        let told = Arc::new(Told::default());
        let telling = told.clone();
        let service: Service = Arc::new(move |incoming: Incoming| {
            let Incoming { request, extent, .. } = incoming;
            let mut asked = telling.asked.lock();
            asked.push(format!("{} {:?} {extent:?}", request.target(), request.body_text()));
            let Some((response, sink)) = answer(&request, extent) else { return Answer::ReadOn(request) };
            let mut outcomes = telling.outcomes.lock();
            outcomes.push((0, None));
            let receipt = Arc::new(Line { told: telling.clone(), number: outcomes.len() - 1 });
            Answer::Reply(Reply { response, receipt, sink, date: None })
        });
        let mut settings = Settings { asks_for_leave: true, ..Settings::default() };
        settings.reading.dialect = Dialect::HttpServer;
        Stage::with(peer, told, settings, service)
    }

    fn with(peer: Arc<Mutex<Peer>>, told: Arc<Told>, settings: Settings, service: Service) -> Stage {
        let port = Arc::new(Port {
            service,
            settings,
            listener: Mutex::new(None),
            stopped: AtomicBool::default(),
            answering: AtomicUsize::default(),
            accepted: Arc::default(),
        });
        let transport: SharedTransport = peer.clone();
        let connection = Connection::new(port, transport, Client { number: 1, peer: None });
        Stage { peer, told, connection, scratch: Scratch::new() }
    }

    pub(super) fn hello(reads: impl IntoIterator<Item = Read>) -> Stage {
        Stage::new(reads, || "hello".into_response())
    }

    /// One event.
    pub(super) fn run(&mut self) -> Fate {
        self.peer.lock().taken = 0;
        self.connection.run(Heard::Nothing, &mut self.scratch, &HANDS)
    }

    /// Events until the script is over and everything was taken, or the connection is done with.
    #[track_caller]
    pub(super) fn run_all(&mut self) -> Fate {
        for _ in 0..100_000 {
            let fate = self.run();
            match fate {
                Fate::Close => return fate,
                Fate::Wait { writes: false, .. } if self.peer.lock().reads.is_empty() => return fate,
                Fate::Wait { .. } | Fate::Yield => {}
            }
        }
        panic!("the connection gets nowhere");
    }

    /// What was sent, with the same time in every `Date`: the clock goes on while a test compares.
    pub(super) fn got(&self) -> String {
        let mut got = String::from_utf8_lossy(&self.peer.lock().got).into_owned();
        let times: Vec<usize> = got.match_indices(" GMT\r\n").map(|(at, _)| at).collect();
        for at in times {
            got.replace_range(at - 8..at, "00:00:00");
        }
        got
    }

    /// The status codes of what was sent, in order.
    pub(super) fn statuses(&self) -> Vec<u16> {
        self.got().split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.told.asked.lock().clone()
    }

    pub(super) fn outcomes(&self) -> Vec<(u64, Option<Ended>)> {
        self.told.outcomes.lock().clone()
    }
}
