//! What the engine sees of a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use crate::engine::{Answer, Incoming, Service};
use crate::message::delivery::Client;
use crate::outage::Outage;
use crate::site::Site;

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
