//! The only sockets and threads of the crate, but for those of CGI scripts.
//!
//! One poller and a crew of threads serve every server of the process. The thread that is told of an event reads the
//! request, runs the handler and writes the answer itself; nothing is handed over on that path. See [`crew`] for what
//! happens when a handler blocks.
//!
//! The rest of the crate is one value here: a [`Service`]. It turns a request into a response; what crosses the wire, and
//! when, is this module's affair and that of `wire`.

pub(crate) mod connection;
pub(crate) mod crew;
pub(crate) mod door;
#[cfg(feature = "_tls")]
mod enciphered;
#[cfg(any(test, fuzzing))]
pub(crate) mod in_memory;
mod sending;
mod serve;
mod slots;
mod taped;
mod timers;
pub(crate) mod transport;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use crate::gate::Lifeline;
use crate::message::body::{ChunkSink, Sink};
use crate::message::delivery::{Arrival, Client, Receipt};
use crate::message::fault::Fault;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::outage::Outage;
use crate::wake::{Task, Wake};
use crate::wire::Reading;
use crate::wire::refusal::Refusal;

use door::Door;
use transport::{Listener, SharedTransport};

/// The rest of the crate, as the engine sees it. Runs on whichever thread read the request.
pub(crate) trait Service: Send + Sync {
    /// Answers a request, or asks for the rest of it. May block, must not panic.
    fn answer(&self, incoming: Incoming) -> Answer;

    /// Whether it wants to be asked when the head of a request is there. Without, heads are shown to it in the dialect of
    /// http.server only.
    fn wants_heads(&self) -> bool {
        false
    }

    /// A connection was accepted.
    fn accepted(&self, peer: Option<SocketAddr>, opened: SystemTime) -> Arc<Client>;

    /// What goes wrong for every request.
    fn outage(&self) -> Option<&Outage> {
        None
    }
}

/// A request with what is known about its arrival.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) request: Request,
    /// Why it is not to be answered, if so.
    pub(crate) refusal: Option<Refusal>,
    pub(crate) client: Arc<Client>,
    pub(crate) arrival: Arrival,
    pub(crate) extent: Extent,
    /// What happens to it in place of an answer, if so.
    pub(crate) fault: Option<Fault>,
}

/// How much of a request is there when its answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The head; the client waits for leave to send a body. Asked only if [`Settings::asks_for_leave`].
    AwaitsLeave,
    /// The head; a body follows, of so many bytes if they are counted. http.server answers then.
    Head { announced: u64 },
    /// All of it.
    Complete,
}

/// What to do about a request.
#[derive(Debug)]
pub(crate) enum Answer {
    Reply(Reply),
    /// Nothing yet: read on, and ask again.
    ReadOn(Request),
    /// The answer comes later, while the body arrives.
    Later(Later),
    /// This, in the middle of the body: after so many bytes, or at its end.
    Ambush {
        after: u64,
        reply: Reply,
    },
}

/// An answer that is made while the body of the request arrives.
pub(crate) struct Later {
    /// Runs the handler; to be run on a thread that has nothing else to do.
    pub(crate) handler: Box<dyn FnOnce() -> Reply + Send>,
    /// Takes the body. Chunks are kept apart.
    pub(crate) sink: Box<dyn ChunkSink>,
    /// Who is told of the whole body.
    pub(crate) receipt: Arc<dyn Receipt>,
}

impl std::fmt::Debug for Later {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Later").field("sink", &self.sink).field("receipt", &self.receipt).finish_non_exhaustive()
    }
}

/// A response, and who wants to know what becomes of it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) response: Response,
    pub(crate) receipt: Arc<dyn Receipt>,
    /// Who takes the body that follows the head.
    pub(crate) sink: Option<Box<dyn Sink>>,
    /// The time to say in `Date`; without one that of the request.
    pub(crate) date: Option<SystemTime>,
}

/// Enciphers what crosses a connection.
pub(crate) trait Securing: Send + Sync + std::fmt::Debug {
    /// A transport of what is said, over one of what crosses the wire. `before_work` is called before it occupies its thread for
    /// longer than a quick handler would.
    fn secured(
        self: Arc<Self>,
        carrier: SharedTransport,
        client: &Arc<Client>,
        before_work: Box<dyn Fn() + Send>,
    ) -> SharedTransport;
}

/// How the connections of one server are treated.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) reading: Reading,
    pub(crate) keep_alive: bool,
    /// The service is asked before a client gets leave to send its body.
    pub(crate) asks_for_leave: bool,
    /// The field `Server` with its line end, or nothing.
    pub(crate) server_line: Cow<'static, [u8]>,
    /// A head must be complete, and a body must make progress, within this.
    pub(crate) read_timeout: Duration,
    /// A connection may be idle, and a client may take nothing of its answer, for this long.
    pub(crate) idle_timeout: Duration,
    /// So many connections at a time; more wait until one of these ends.
    pub(crate) max_connections: usize,
    /// A connection ends after so many requests.
    pub(crate) max_requests: Option<NonZeroUsize>,
    /// So many bytes of requests are read in a second, from each connection.
    pub(crate) pace: Option<NonZeroUsize>,
    pub(crate) securing: Option<Arc<dyn Securing>>,
}

/// Beyond what anybody waits for, and within what the clock can tell: a later deadline would be a panic in the wrong place.
pub(crate) const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The name and version of the crate.
const SERVER_LINE: &[u8] = concat!("Server: fixture-server/", env!("CARGO_PKG_VERSION"), "\r\n").as_bytes();

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            reading: Reading::default(),
            keep_alive: true,
            asks_for_leave: false,
            server_line: Cow::Borrowed(SERVER_LINE),
            read_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
            max_connections: 16_384,
            max_requests: None,
            pace: None,
            securing: None,
        }
    }
}

/// What a thread offers to the connection that it serves.
pub(crate) struct Hands<'a> {
    /// To be called before anything that may take any time.
    pub(crate) before_user_code: &'a dyn Fn(),
    /// Makes what has the connection looked at again.
    pub(crate) wake: &'a dyn Fn() -> Wake,
    /// Has something run on a thread that has nothing else to do, as soon as there is one.
    pub(crate) run: &'a dyn Fn(Task),
}

/// A listening server, as its connections see it.
pub(crate) struct Port {
    service: Arc<dyn Service>,
    settings: Settings,
    /// `None` once the server is stopped.
    listener: Mutex<Option<Listener>>,
    stopped: AtomicBool,
    /// Requests that user code is answering right now, and may be for long.
    answering: AtomicUsize,
    /// Cut when the server is stopped.
    lifeline: Arc<Lifeline>,
}

impl Port {
    fn new(service: Arc<dyn Service>, settings: Settings, listener: Option<Listener>) -> Port {
        Port {
            service,
            settings,
            listener: Mutex::new(listener),
            stopped: AtomicBool::new(false),
            answering: AtomicUsize::new(0),
            lifeline: Arc::default(),
        }
    }

    /// Runs what may take any time, unless the server was stopped.
    fn unless_stopped<T>(&self, run: impl FnOnce() -> T) -> Option<T> {
        // Whoever stops the server looks at the count after it has set the flag, and this thread the other way round: so
        // either the socket of what blocks is shut down, or it is not run.
        self.answering.fetch_add(1, SeqCst);
        crew::IN_USER_CODE.fetch_add(1, Relaxed);
        let result = if self.stopped.load(SeqCst) { None } else { Some(self.lifeline.run(run)) };
        crew::IN_USER_CODE.fetch_sub(1, Relaxed);
        self.answering.fetch_sub(1, SeqCst);
        result
    }

    /// The same task, but nothing holds it at gates once the server is stopped: for whatever runs elsewhere.
    pub(crate) fn in_lifeline(&self, task: Task) -> Task {
        let lifeline = self.lifeline.clone();
        Box::new(move || lifeline.run(task))
    }
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Port").field("listener", &self.listener).finish_non_exhaustive()
    }
}

/// A server that listens. Dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct Listening {
    door: Arc<Door>,
}

impl Listening {
    /// Serves what comes to the listener, from before this returns.
    pub(crate) fn start(
        listener: Listener,
        settings: Settings,
        service: Arc<dyn Service>,
    ) -> std::io::Result<Listening> {
        if let Some(pace) = settings.pace {
            listener.take_little(pace);
        }
        let port = Arc::new(Port::new(service, settings, Some(listener)));
        let token = crew::Crew::get()?.add(&port)?;
        Ok(Listening { door: Arc::new(Door::new(port, token)) })
    }

    pub(crate) fn door(&self) -> &Arc<Door> {
        &self.door
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.door.remove();
    }
}
