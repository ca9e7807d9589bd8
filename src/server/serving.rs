//! What the engine sees of a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use crate::engine::{Answer, Incoming, Service};
use crate::message::delivery::Client;
use crate::outage::Outage;
use crate::site::Site;

#[cfg(any(test, fuzzing))]
impl super::TestServer {
    /// What a client gets that sends these pieces and then no more, without a socket.
    pub(crate) fn converse(&self, pieces: &[&[u8]]) -> Vec<u8> {
        crate::engine::in_memory::converse(self.site.clone(), &self.settings, pieces)
    }
}

impl Service for Site {
    fn answer(&self, incoming: Incoming) -> Answer {
        Site::answer(self, incoming)
    }

    fn wants_heads(&self) -> bool {
        self.wants_heads.load(Relaxed)
    }

    fn accepted(&self, peer: Option<SocketAddr>, opened: SystemTime) -> Arc<Client> {
        self.ledger.add(peer, opened)
    }

    fn outage(&self) -> Option<&Outage> {
        Some(&self.outage)
    }
}
