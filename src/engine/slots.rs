//! Which token stands for which connection or listener.
//!
//! A token is a place and a generation; when a place is given up its generation moves on, and events or threads that
//! still hold the old token find nothing.

use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use super::Port;
use super::connection::Connection;
use super::transport::SharedTransport;

const PLACE_BITS: u32 = usize::BITS / 2;
const PLACE_MASK: usize = (1 << PLACE_BITS) - 1;

#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

#[derive(Debug)]
struct Slot {
    generation: usize,
    tenant: Option<Tenant>,
}

#[derive(Debug)]
pub(super) enum Tenant {
    Listener {
        port: Arc<Port>,
        /// The places of its connections.
        members: Vec<usize>,
    },
    Connection(Seat),
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Seat {
    /// `None` while a thread has taken it.
    pub(super) resting: Option<Box<Connection>>,
    /// With which the socket is shut down while a thread has taken the connection.
    transport: SharedTransport,
    /// Stands in the ready queue.
    pub(super) queued: bool,
    /// Something happened while it was taken: whoever puts it back must look again.
    pub(super) again: bool,
    /// The client closed its sending side.
    pub(super) hung_up: bool,
    /// Its deadline has passed.
    pub(super) expired: bool,
    /// When the connection has waited long enough.
    pub(super) deadline: Option<Instant>,
    /// When the timer of this place goes off, if it is set; at the deadline or before.
    pub(super) armed: Option<Instant>,
    listener: usize,
    /// Where among the members of its listener.
    position: usize,
}

impl Slots {
    pub(super) fn add_listener(&mut self, port: Arc<Port>) -> usize {
        self.add(Tenant::Listener { port, members: Vec::new() })
    }

    /// A place for a connection that its thread has taken; `None` if its listener is gone.
    pub(super) fn add_connection(&mut self, listener: usize, transport: SharedTransport) -> Option<usize> {
        self.get(listener)?;
        let seat = Seat {
            resting: None,
            transport,
            queued: false,
            again: false,
            hung_up: false,
            expired: false,
            deadline: None,
            armed: None,
            listener,
            position: 0,
        };
        let token = self.add(Tenant::Connection(seat));
        let mut place = 0;
        if let Some(Tenant::Listener { members, .. }) = self.get(listener) {
            place = members.len();
            members.push(token & PLACE_MASK);
        }
        if let Some(Tenant::Connection(seat)) = self.get(token) {
            seat.position = place;
        }
        Some(token)
    }

    pub(super) fn get(&mut self, token: usize) -> Option<&mut Tenant> {
        let slot = self.slots.get_mut(token & PLACE_MASK)?;
        if slot.generation == token >> PLACE_BITS { slot.tenant.as_mut() } else { None }
    }

    pub(super) fn seat(&mut self, token: usize) -> Option<&mut Seat> {
        match self.get(token)? {
            Tenant::Connection(seat) => Some(seat),
            Tenant::Listener { .. } => None,
        }
    }

    /// Gives up the place of a connection; returns when its timer would have gone off.
    pub(super) fn remove_connection(&mut self, token: usize) -> Option<Option<Instant>> {
        self.seat(token)?;
        let Some(Tenant::Connection(seat)) = self.clear(token & PLACE_MASK) else { return None };
        if let Some(Tenant::Listener { members, .. }) = self.get(seat.listener) {
            members.swap_remove(seat.position);
            if let Some(&moved) = members.get(seat.position) {
                if let Some(Tenant::Connection(other)) = self.slots[moved].tenant.as_mut() {
                    other.position = seat.position;
                }
            }
        }
        Some(seat.armed)
    }

    /// Gives up a listener and every connection of it: those at rest are returned, those that a thread has taken are
    /// shut down under its hands. Timers to disarm come along.
    pub(super) fn remove_listener(&mut self, token: usize) -> (Vec<Box<Connection>>, Vec<(Instant, usize)>) {
        let (mut resting, mut armed) = (Vec::new(), Vec::new());
        if self.get(token).is_none() {
            return (resting, armed);
        }
        let Some(Tenant::Listener { members, .. }) = self.clear(token & PLACE_MASK) else { return (resting, armed) };
        for place in members {
            let generation = self.slots[place].generation;
            let Some(Tenant::Connection(seat)) = self.clear(place) else { continue };
            if let Some(at) = seat.armed {
                armed.push((at, generation << PLACE_BITS | place));
            }
            match seat.resting {
                Some(connection) => resting.push(connection),
                // An error means that the client has closed it already.
                None => drop(seat.transport.lock().shutdown(Shutdown::Both)),
            }
        }
        (resting, armed)
    }

    fn add(&mut self, tenant: Tenant) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, tenant: None });
            self.slots.len() - 1
        });
        let slot = &mut self.slots[place];
        slot.tenant = Some(tenant);
        slot.generation << PLACE_BITS | place
    }

    fn clear(&mut self, place: usize) -> Option<Tenant> {
        let slot = &mut self.slots[place];
        let tenant = slot.tenant.take()?;
        slot.generation = (slot.generation + 1) & PLACE_MASK;
        self.free.push(place);
        Some(tenant)
    }
}
