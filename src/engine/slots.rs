//! Which token stands for which connection or listener.
//!
//! A token is a place and a generation; when a place is given up its generation moves on, and events or threads that
//! still hold the old token find nothing.

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
        /// Accepting failed, and a timer is set to try again.
        retries: bool,
        /// Threads that are about to accept a connection.
        accepting: usize,
        /// Nobody looked what waits, because there was no room for it.
        is_full: bool,
    },
    Connection(Seat),
}

/// What the poller says of the client's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Heard {
    #[default]
    Nothing,
    /// It sends no more.
    ReadClosed,
    /// It takes no more either.
    Gone,
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
    /// What the poller said of the client's end since the connection was last looked at.
    pub(super) heard: Heard,
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

/// What a connection leaves behind.
#[derive(Debug, Default)]
pub(super) struct Vacated {
    /// When its timer would have gone off.
    pub(super) armed: Option<Instant>,
    /// The listener that has room again.
    pub(super) listener: Option<usize>,
}

/// What a listener leaves behind.
#[derive(Debug, Default)]
pub(super) struct Removed {
    #[expect(clippy::vec_box, reason = "they are boxed already, and are only dropped")]
    pub(super) resting: Vec<Box<Connection>>,
    /// The sockets of connections that threads have taken.
    pub(super) taken: Vec<SharedTransport>,
    /// Timers to disarm.
    pub(super) armed: Vec<(Instant, usize)>,
}

impl Slots {
    pub(super) fn add_listener(&mut self, port: Arc<Port>) -> usize {
        self.add(Tenant::Listener { port, members: Vec::new(), retries: false, accepting: 0, is_full: false })
    }

    /// Who accepts for a listener, if there is room for one more; to be followed by [`end_accepting`](Self::end_accepting).
    pub(super) fn begin_accepting(&mut self, token: usize) -> Option<Arc<Port>> {
        let Tenant::Listener { port, members, accepting, is_full, .. } = self.get(token)? else { return None };
        *is_full = members.len() + *accepting >= port.settings.max_connections;
        if *is_full {
            return None;
        }
        *accepting += 1;
        Some(port.clone())
    }

    /// The connection is about to get its place, or there was none: whether somebody was turned away meanwhile, and has to look
    /// again.
    pub(super) fn end_accepting(&mut self, token: usize) -> bool {
        let Some(Tenant::Listener { accepting, is_full, .. }) = self.get(token) else { return false };
        *accepting -= 1;
        std::mem::take(is_full)
    }

    /// A place for a connection that its thread has taken; `None` if its listener is gone.
    pub(super) fn add_connection(&mut self, listener: usize, transport: SharedTransport) -> Option<usize> {
        self.get(listener)?;
        let seat = Seat {
            resting: None,
            transport,
            queued: false,
            again: false,
            heard: Heard::Nothing,
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

    /// Gives up the place of a connection.
    pub(super) fn remove_connection(&mut self, token: usize) -> Vacated {
        let Some(_) = self.seat(token) else { return Vacated::default() };
        let Some(Tenant::Connection(seat)) = self.clear(token & PLACE_MASK) else { return Vacated::default() };
        let mut vacated = Vacated { armed: seat.armed, listener: None };
        if let Some(Tenant::Listener { members, is_full, .. }) = self.get(seat.listener) {
            if std::mem::take(is_full) {
                vacated.listener = Some(seat.listener);
            }
            members.swap_remove(seat.position);
            if let Some(&moved) = members.get(seat.position) {
                if let Some(Tenant::Connection(other)) = self.slots[moved].tenant.as_mut() {
                    other.position = seat.position;
                }
            }
        }
        vacated
    }

    /// Gives up a listener and every connection of it.
    pub(super) fn remove_listener(&mut self, token: usize) -> Removed {
        let mut removed = Removed::default();
        if self.get(token).is_none() {
            return removed;
        }
        let Some(Tenant::Listener { members, .. }) = self.clear(token & PLACE_MASK) else { return removed };
        for place in members {
            let generation = self.slots[place].generation;
            let Some(Tenant::Connection(seat)) = self.clear(place) else { continue };
            if let Some(at) = seat.armed {
                removed.armed.push((at, generation << PLACE_BITS | place));
            }
            match seat.resting {
                Some(connection) => removed.resting.push(connection),
                None => removed.taken.push(seat.transport),
            }
        }
        removed
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
