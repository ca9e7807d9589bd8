//! A queue of bytes between a thread that may wait and a connection that may not.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::wake::{Sleeper, Wake};

/// So much may be on its way; whoever puts in more waits, as long as there is somebody to wait for.
pub(crate) const ROOM: usize = 64 << 10;

#[derive(Default)]
pub(crate) struct Pipe {
    state: Mutex<State>,
    /// Tells the thread; the connection has its `Wake`.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    /// Nothing more will be put in.
    is_complete: bool,
    /// Nobody takes anything out any more.
    is_unwanted: bool,
    connection: Sleeper,
}

impl State {
    fn add(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(ROOM.saturating_sub(self.bytes.len()));
        // Writing to memory takes all and does not fail.
        self.bytes.write(&bytes[..count]).unwrap_or(0)
    }
}

impl Pipe {
    /// For the connection, before anything else.
    pub(crate) fn wake_with(&self, wake: Wake) {
        self.state.lock().connection.wake_with(wake);
    }

    /// For the connection; 0 is the end.
    pub(crate) fn try_take(&self, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state.lock();
        if state.bytes.is_empty() && !state.is_complete {
            state.connection.sleep();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = state.bytes.read(buf)?;
        drop(state);
        self.changed.notify_all();
        Ok(count)
    }

    /// For the connection.
    pub(crate) fn try_put(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state.lock();
        if state.is_unwanted {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let count = state.add(bytes);
        if count == 0 && !bytes.is_empty() {
            state.connection.sleep();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        drop(state);
        self.changed.notify_all();
        Ok(count)
    }

    /// For the thread, which waits; 0 is the end.
    pub(crate) fn take(&self, buf: &mut [u8]) -> usize {
        let mut state = self.state.lock();
        while state.bytes.is_empty() && !state.is_complete && !state.is_unwanted {
            self.changed.wait(&mut state);
        }
        if state.is_unwanted {
            return 0;
        }
        let count = state.bytes.read(buf).unwrap_or(0);
        self.tell(state);
        count
    }

    /// For the thread, which waits for room, but not for longer than this. `None` if nobody wants anything any more.
    pub(crate) fn put(&self, bytes: &[u8], patience: Duration) -> Option<usize> {
        let mut state = self.state.lock();
        if state.bytes.len() >= ROOM && !state.is_unwanted {
            self.changed.wait_for(&mut state, patience);
        }
        if state.is_unwanted {
            return None;
        }
        let count = state.add(bytes);
        self.tell(state);
        Some(count)
    }

    /// For the thread: puts in all, whether there is room or not. `false` if nobody wants it any more.
    pub(crate) fn put_all(&self, bytes: &[u8]) -> bool {
        let mut state = self.state.lock();
        if state.is_unwanted {
            return false;
        }
        state.bytes.extend(bytes);
        self.tell(state);
        true
    }

    /// Nothing more will be put in.
    pub(crate) fn complete(&self) {
        let mut state = self.state.lock();
        state.is_complete = true;
        self.tell(state);
    }

    /// Nothing more will be taken out.
    pub(crate) fn abandon(&self) {
        let mut state = self.state.lock();
        state.is_unwanted = true;
        state.bytes = VecDeque::new();
        self.tell(state);
    }

    pub(crate) fn is_unwanted(&self) -> bool {
        self.state.lock().is_unwanted
    }

    /// Tells both sides that something changed.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        let is_last = state.is_complete || state.is_unwanted;
        let wake = state.connection.rouse(is_last);
        drop(state);
        self.changed.notify_all();
        if let Some(wake) = wake {
            wake();
        }
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Pipe")
            .field("bytes", &state.bytes.len())
            .field("is_complete", &state.is_complete)
            .field("is_unwanted", &state.is_unwanted)
            .finish_non_exhaustive()
    }
}
