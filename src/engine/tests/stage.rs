//! A client in memory: a script of what a connection reads, and a record of what it writes.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::time::Instant;

use super::super::connection::{Connection, Fate, Scratch};
use super::super::slots::Heard;
use super::super::transport::{SharedTransport, Transport};
use super::super::*;
use crate::message::body::Sink;
use crate::message::delivery::Ended;
use crate::message::into_response::IntoResponse;
use crate::message::request::Content;
use crate::plan::Plan;
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

/// Looks on while something is written.
type OnWrite = Box<dyn Fn(&[u8]) + Send>;

/// The client: what it sends, how much it takes, and what it got.
#[derive(Default)]
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
    pub(super) on_write: Option<OnWrite>,
    /// What was written has not left.
    pub(super) keeps_waiting: bool,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer").field("reads", &self.reads).field("got", &self.got).finish_non_exhaustive()
    }
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
        if let Some(on_write) = &self.on_write {
            on_write(&bytes[..taken]);
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

    fn has_departed(&mut self, _: bool) -> bool {
        !self.keeps_waiting
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
    /// Bodies that were told of after their requests.
    pub(super) contents: Mutex<Vec<(usize, Content)>>,
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

    fn received(&self, content: Content) {
        self.told.contents.lock().push((self.number, content));
    }
}

/// A service that answers, and no more.
struct Answers<F>(F);

impl<F: Fn(Incoming) -> Answer + Send + Sync> Service for Answers<F> {
    fn answer(&self, incoming: Incoming) -> Answer {
        (self.0)(incoming)
    }

    fn accepted(&self, peer: Option<SocketAddr>, opened: SystemTime) -> Arc<Client> {
        Arc::new(Client::new(1, peer, opened, None))
    }
}

/// A server that nobody asks anything.
pub(super) fn unasked(settings: Settings) -> Arc<Port> {
    Arc::new(Port::new(Arc::new(Answers(|incoming| panic!("{incoming:?}"))), settings, None))
}

/// A thread that has nothing else to do, and that nobody has to wake.
pub(super) const HANDS: Hands<'static> =
    Hands { before_user_code: &|| (), wake: &|| Arc::new(|| ()), run: &|task| task() };

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
        let mut settings = Settings::default();
        settings.reading.limits.body = 1_000;
        Stage::set(settings, reads, respond)
    }

    pub(super) fn set(
        settings: Settings,
        reads: impl IntoIterator<Item = Read>,
        respond: impl Fn() -> Response + Send + Sync + 'static,
    ) -> Stage {
        let peer = Arc::new(Mutex::new(Peer { reads: reads.into_iter().collect(), ..Peer::default() }));
        let told = Arc::new(Told::default());
        let (seen, telling) = (peer.clone(), told.clone());
        let service = Arc::new(Answers(move |incoming: Incoming| {
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
        }));
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
        let service = Arc::new(Answers(move |incoming: Incoming| {
            let Incoming { request, extent, .. } = incoming;
            let mut asked = telling.asked.lock();
            asked.push(format!("{} {:?} {extent:?}", request.target(), request.body_text()));
            let Some((response, sink)) = answer(&request, extent) else { return Answer::ReadOn(request) };
            let mut outcomes = telling.outcomes.lock();
            outcomes.push((0, None));
            let receipt = Arc::new(Line { told: telling.clone(), number: outcomes.len() - 1 });
            Answer::Reply(Reply { response, receipt, sink, date: None })
        }));
        let mut settings = Settings { asks_for_leave: true, ..Settings::default() };
        settings.reading.dialect = Dialect::HttpServer;
        Stage::with(peer, told, settings, service)
    }

    /// A connection that carries out this plan before anything else.
    pub(super) fn planned(plan: Plan, reads: impl IntoIterator<Item = Read>) -> Stage {
        let mut stage = Stage::hello(reads);
        stage.told.outcomes.lock().push((0, None));
        // What the answers to requests are told of comes behind it.
        stage.told.asked.lock().push("a plan".to_owned());
        let receipt = Arc::new(Line { told: stage.told.clone(), number: 0 });
        stage.connection.begin(plan, receipt);
        stage
    }

    pub(super) fn with(
        peer: Arc<Mutex<Peer>>,
        told: Arc<Told>,
        settings: Settings,
        service: Arc<dyn Service>,
    ) -> Stage {
        let port = Arc::new(Port::new(service, settings, None));
        let transport: SharedTransport = peer.clone();
        let connection = Connection::new(port, transport, Arc::new(Client::new(1, None, SystemTime::UNIX_EPOCH, None)));
        Stage { peer, told, connection, scratch: Scratch::new() }
    }

    pub(super) fn hello(reads: impl IntoIterator<Item = Read>) -> Stage {
        Stage::new(reads, || "hello".into_response())
    }

    /// Events until nothing is waited for but the client; what it waits for is waited out.
    #[track_caller]
    pub(super) fn run_out(&mut self) -> Fate {
        for _ in 0..100_000 {
            let fate = self.run();
            let Fate::Wait { until, writes: false } = fate else {
                if fate == Fate::Close {
                    return fate;
                }
                continue;
            };
            let time = until.saturating_duration_since(Instant::now());
            if time > Duration::from_secs(1) {
                return fate;
            }
            std::thread::sleep(time);
        }
        panic!("the connection gets nowhere");
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
