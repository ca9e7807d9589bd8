//! A queue of pieces between a thread that may wait and a connection that may not. Pieces keep their borders.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::wake::{Sleeper, Wake};

/// While so much is on its way, whoever puts in more waits.
pub(super) const ROOM: usize = 64 << 10;

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// A chunk ends with it.
    pub(super) ends_chunk: bool,
}

/// Where a chunk ends in bytes that are put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Border {
    /// Behind them.
    None,
    /// With the last of them.
    End,
    /// There are no chunks: what is taken at once is one.
    Anywhere,
}

#[derive(Default)]
pub(super) struct Pieces {
    state: Mutex<State>,
    /// Tells the thread; the connection has its `Wake`.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<Piece>,
    /// Bytes of all of them.
    length: usize,
    /// Nothing more will be put in, and why, if that was not all.
    end: Option<Result<(), Breakoff>>,
    /// Nobody takes anything out any more.
    is_unwanted: bool,
    /// The client has closed its end.
    is_closed: bool,
    connection: Sleeper,
}

/// Why a body breaks off.
#[derive(Debug, Clone)]
pub(super) struct Breakoff {
    kind: io::ErrorKind,
    text: String,
}

impl From<io::Error> for Breakoff {
    fn from(error: io::Error) -> Breakoff {
        Breakoff { kind: error.kind(), text: error.to_string() }
    }
}

impl From<&Breakoff> for io::Error {
    fn from(why: &Breakoff) -> io::Error {
        io::Error::new(why.kind, why.text.clone())
    }
}

impl State {
    fn pop(&mut self) -> Option<Piece> {
        let piece = self.pieces.pop_front()?;
        self.length -= piece.bytes.len();
        Some(piece)
    }

    fn push(&mut self, piece: Piece) {
        self.length += piece.bytes.len();
        self.pieces.push_back(piece);
    }
}

impl Pieces {
    /// For the connection, before anything else.
    pub(super) fn wake_with(&self, wake: Wake) {
        self.state.lock().connection.wake_with(wake);
    }

    /// For the connection: the next piece, `None` at the end, `WouldBlock` if there is none yet.
    pub(super) fn try_take(&self) -> io::Result<Option<Piece>> {
        let mut state = self.state.lock();
        let Some(piece) = state.pop() else {
            return match &state.end {
                Some(Ok(())) => Ok(None),
                Some(Err(why)) => Err(why.into()),
                None => {
                    state.connection.sleep();
                    Err(io::ErrorKind::WouldBlock.into())
                }
            };
        };
        drop(state);
        self.changed.notify_all();
        Ok(Some(piece))
    }

    /// For the connection: as much as there is room for, at least one byte.
    pub(super) fn try_put(&self, bytes: &[u8], border: Border) -> io::Result<usize> {
        let mut state = self.state.lock();
        if state.is_unwanted {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let count = bytes.len().min(ROOM.saturating_sub(state.length));
        if count == 0 && !bytes.is_empty() {
            state.connection.sleep();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let ends_chunk = border == Border::Anywhere || border == Border::End && count == bytes.len();
        state.push(Piece { bytes: Bytes::copy_from_slice(&bytes[..count]), ends_chunk });
        drop(state);
        self.changed.notify_all();
        Ok(count)
    }

    /// For the connection: the client has closed its end.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
    }

    /// For the thread, which waits; `None` at the end.
    pub(super) fn take(&self) -> io::Result<Option<Piece>> {
        let mut state = self.state.lock();
        loop {
            if let Some(piece) = state.pop() {
                self.tell(state);
                return Ok(Some(piece));
            }
            match &state.end {
                Some(Ok(())) => return Ok(None),
                Some(Err(why)) => return Err(why.into()),
                None => self.changed.wait(&mut state),
            }
        }
    }

    /// For the thread, which waits for room. A piece is put in whole, so that it goes out as one.
    pub(super) fn put(&self, bytes: Bytes) -> io::Result<()> {
        let mut state = self.state.lock();
        while state.length >= ROOM && !state.is_unwanted {
            self.changed.wait(&mut state);
        }
        if state.is_unwanted {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the client has gone, or the server was stopped"));
        }
        state.push(Piece { bytes, ends_chunk: true });
        self.tell(state);
        Ok(())
    }

    /// Nothing more will be put in; why, if that was not all.
    pub(super) fn end(&self, why: Option<Breakoff>) {
        let mut state = self.state.lock();
        state.end.get_or_insert(why.map_or(Ok(()), Err));
        self.tell(state);
    }

    /// Nothing more will be taken out.
    pub(super) fn abandon(&self) {
        let mut state = self.state.lock();
        state.is_unwanted = true;
        state.length = 0;
        let pieces = std::mem::take(&mut state.pieces);
        self.tell(state);
        drop(pieces);
    }

    pub(super) fn is_unwanted(&self) -> bool {
        self.state.lock().is_unwanted
    }

    pub(super) fn is_closed(&self) -> bool {
        let state = self.state.lock();
        state.is_closed || state.is_unwanted
    }

    /// Whether it ended before all of it was put in.
    pub(super) fn is_broken_off(&self) -> bool {
        matches!(self.state.lock().end, Some(Err(_)))
    }

    /// Tells both sides that something changed.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        let is_last = state.end.is_some() || state.is_unwanted;
        let wake = state.connection.rouse(is_last);
        drop(state);
        self.changed.notify_all();
        if let Some(wake) = wake {
            wake();
        }
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Pieces")
            .field("bytes", &state.length)
            .field("end", &state.end)
            .field("is_unwanted", &state.is_unwanted)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::SeqCst;
    use std::thread;

    use super::*;

    fn piece(text: &'static str) -> Piece {
        Piece { bytes: Bytes::from_static(text.as_bytes()), ends_chunk: true }
    }

    fn kind<T: fmt::Debug>(result: io::Result<T>) -> io::ErrorKind {
        result.expect_err("nothing").kind()
    }

    #[test]
    fn pieces_keep_their_borders_and_end_with_what_the_writer_said() {
        let pieces = Pieces::default();
        pieces.put(Bytes::from_static(b"one")).unwrap();
        pieces.put(Bytes::from_static(b"two")).unwrap();
        pieces.end(Some(io::Error::other("no disk").into()));
        assert_eq!(pieces.try_take().unwrap(), Some(piece("one")));
        assert_eq!(pieces.take().unwrap(), Some(piece("two")));
        for _ in 0..2 {
            assert_eq!(pieces.try_take().expect_err("it broke off").to_string(), "no disk");
        }
        let complete = Pieces::default();
        complete.end(None);
        complete.end(Some(io::ErrorKind::TimedOut.into()).map(|error: io::Error| error.into()));
        assert_eq!(complete.take().unwrap(), None);
    }

    #[test]
    fn a_full_queue_takes_a_part_and_then_nothing_until_there_is_room() {
        let pieces = Pieces::default();
        let woken = Arc::new(AtomicUsize::new(0));
        let counting = woken.clone();
        pieces.wake_with(Arc::new(move || {
            counting.fetch_add(1, SeqCst);
        }));
        let much = vec![b'a'; ROOM + 10];
        assert_eq!(pieces.try_put(&much, Border::End).unwrap(), ROOM);
        assert_eq!(kind(pieces.try_put(&much[ROOM..], Border::End)), io::ErrorKind::WouldBlock);
        assert!(!pieces.take().unwrap().unwrap().ends_chunk);
        assert_eq!(woken.load(SeqCst), 1);
        assert_eq!(pieces.try_put(&much[ROOM..], Border::End).unwrap(), 10);
        assert!(pieces.take().unwrap().unwrap().ends_chunk);
        assert_eq!(woken.load(SeqCst), 1, "nobody was told to wait");
    }

    #[test]
    fn a_writer_waits_for_room_and_learns_that_nobody_wants_more() {
        for _ in 0..200 {
            let pieces = Pieces::default();
            thread::scope(|scope| {
                let writer = scope.spawn(|| {
                    let mut written = 0;
                    while pieces.put(Bytes::from(vec![0; ROOM / 2])).is_ok() {
                        written += 1;
                    }
                    written
                });
                for _ in 0..3 {
                    while pieces.try_take().is_err() {
                        thread::yield_now();
                    }
                }
                pieces.abandon();
                assert!((3..=5).contains(&writer.join().unwrap()));
            });
            assert!(pieces.is_unwanted() && pieces.is_closed());
        }
    }
}
