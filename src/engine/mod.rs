//! The only sockets and threads of the crate.
//!
//! One poller and a crew of threads serve every server of the process. The thread that is told of an event reads the
//! request, runs the handler and writes the answer itself; nothing is handed over on that path. See [`crew`] for what
//! happens when a handler blocks.
//!
//! The rest of the crate is one value here: a [`Service`]. It turns a request into a response; what crosses the wire, and
//! when, is this module's affair and that of `wire`.

pub(crate) mod connection;
pub(crate) mod crew;
mod sending;
mod serve;
mod slots;
mod timers;
pub(crate) mod transport;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use parking_lot::Mutex;

use crate::message::delivery::{Arrival, Client, Receipt};
use crate::message::request::{Request, Version};
use crate::message::response::Response;
use crate::wire::Limits;
use crate::wire::refusal::Refusal;

use transport::Listener;

/// Answers requests. Runs on whichever thread read the request, may block, must not panic.
pub(crate) type Service = Arc<dyn Fn(Incoming) -> Answer + Send + Sync>;

/// A request with what is known about its arrival.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) request: Request,
    /// Why it is not to be answered, if so.
    pub(crate) refusal: Option<Refusal>,
    pub(crate) client: Arc<Client>,
    pub(crate) arrival: Arrival,
}

/// A response, and who wants to know what becomes of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    pub(crate) receipt: Arc<dyn Receipt>,
}

/// How the connections of one server are treated.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) protocol: Version,
    pub(crate) keep_alive: bool,
    /// A head must be complete, and a body must make progress, within this.
    pub(crate) read_timeout: Duration,
    /// A connection may be idle, and a client may take nothing of its answer, for this long.
    pub(crate) idle_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            limits: Limits::default(),
            protocol: Version::Http11,
            keep_alive: true,
            read_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
        }
    }
}

/// A listening server, as its connections see it.
pub(crate) struct Port {
    service: Service,
    settings: Settings,
    /// `None` once the server is stopped.
    listener: Mutex<Option<Listener>>,
    stopped: AtomicBool,
    /// Requests that the service is answering right now, and may be for long.
    answering: AtomicUsize,
    /// Connections accepted so far, over all ports of the server.
    accepted: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Port").field("listener", &self.listener).finish_non_exhaustive()
    }
}

/// A server that listens. Dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct Listening {
    port: Arc<Port>,
    token: usize,
}

impl Listening {
    /// Serves what comes to the listener, from before this returns.
    pub(crate) fn start(
        listener: Listener,
        settings: Settings,
        service: Service,
        accepted: Arc<AtomicUsize>,
    ) -> std::io::Result<Listening> {
        let port = Arc::new(Port {
            service,
            settings,
            listener: Mutex::new(Some(listener)),
            stopped: AtomicBool::new(false),
            answering: AtomicUsize::new(0),
            accepted,
        });
        let token = crew::Crew::get()?.add(&port)?;
        Ok(Listening { port, token })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Ok(crew) = crew::Crew::get() {
            crew.remove(self.token, &self.port);
        }
    }
}
