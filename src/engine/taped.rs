//! A transport whose bytes are kept as they cross.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use mio::{Interest, Registry, Token};
use parking_lot::Mutex;

use crate::message::delivery::{Client, ClosedBy};
use crate::message::tape::{Direction, Tape};

use super::transport::{SharedTransport, Standing, Transport};

/// What carries the bytes of this connection from now on.
pub(super) fn taped(transport: SharedTransport, client: &Arc<Client>) -> SharedTransport {
    if client.tape.is_none() {
        return transport;
    }
    Arc::new(Mutex::new(Taped { carrier: transport, client: client.clone(), accepted: Instant::now() }))
}

#[derive(Debug)]
struct Taped {
    carrier: SharedTransport,
    client: Arc<Client>,
    accepted: Instant,
}

impl Taped {
    fn tape(&self) -> Option<&Tape> {
        self.client.tape.as_deref()
    }

    /// Keeps the first bytes of these slices: as many as were written.
    fn write(
        &self,
        slices: &[IoSlice<'_>],
        write: impl FnOnce(&mut dyn Transport) -> io::Result<usize>,
    ) -> io::Result<usize> {
        // Who has read these bytes and asks for them waits until they are written down: a write never blocks.
        let mut recording = self.tape().map(Tape::record);
        let written = write(&mut *self.carrier.lock())?;
        if let Some(recording) = &mut recording {
            let (mut bytes, mut left) = (BytesMut::with_capacity(written), written);
            for slice in slices {
                let part = &slice[..left.min(slice.len())];
                bytes.extend_from_slice(part);
                left -= part.len();
            }
            recording.keep(Direction::Sent, self.accepted.elapsed(), bytes.freeze());
        }
        Ok(written)
    }
}

impl Transport for Taped {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let length = self.carrier.lock().read(buf)?;
        if let Some(tape) = self.tape() {
            let bytes = Bytes::copy_from_slice(&buf[..length]);
            tape.record().keep(Direction::Received, self.accepted.elapsed(), bytes);
        }
        Ok(length)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Taped::write(self, &[IoSlice::new(bytes)], |carrier| carrier.write(bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Taped::write(self, slices, |carrier| carrier.write_vectored(slices))
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.carrier.lock().shutdown(how)
    }

    fn farewell(&mut self, by: ClosedBy) {
        self.carrier.lock().farewell(by);
    }

    fn standing(&self) -> Standing {
        self.carrier.lock().standing()
    }

    fn has_more(&self) -> bool {
        self.carrier.lock().has_more()
    }

    fn owes(&self) -> bool {
        self.carrier.lock().owes()
    }

    fn prepare_reset(&mut self) {
        self.carrier.lock().prepare_reset();
    }

    fn has_departed(&mut self, surely: bool) -> bool {
        self.carrier.lock().has_departed(surely)
    }

    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        self.carrier.lock().register(registry, token, interest)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        self.carrier.lock().reregister(registry, token, interest)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    /// Reads `abc` and then nothing, takes three bytes and then no more.
    #[derive(Debug, Default)]
    struct Peer {
        was_read: bool,
        was_written: bool,
    }

    impl Transport for Peer {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.was_read, true) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            buf[..3].copy_from_slice(b"abc");
            Ok(3)
        }

        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.was_written, true) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(3)
        }

        fn write_vectored(&mut self, _: &[IoSlice<'_>]) -> io::Result<usize> {
            self.write(b"")
        }

        fn shutdown(&mut self, _: Shutdown) -> io::Result<()> {
            Ok(())
        }

        fn prepare_reset(&mut self) {}

        fn has_departed(&mut self, _: bool) -> bool {
            true
        }

        fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
            Ok(())
        }

        fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
            Ok(())
        }
    }

    fn client(tape: Option<Box<Tape>>) -> Arc<Client> {
        Arc::new(Client::new(1, None, SystemTime::UNIX_EPOCH, tape))
    }

    #[test]
    fn what_crossed_is_kept_and_what_failed_is_not() {
        let client = client(Some(Box::default()));
        let transport = taped(Arc::new(Mutex::new(Peer::default())), &client);
        let mut transport = transport.lock();
        let slices = [IoSlice::new(b"d"), IoSlice::new(b"efg")];
        for _ in 0..2 {
            let _ = transport.read(&mut [0; 10]);
            let _ = transport.write_vectored(&slices);
            let _ = transport.write(b"xyz");
        }
        let segments = client.tape.as_ref().unwrap().of_exchange(1);
        let kept: Vec<_> = segments.iter().map(|segment| (segment.direction, &segment.bytes[..])).collect();
        assert_eq!(kept, [(Direction::Received, &b"abc"[..]), (Direction::Sent, b"def")]);
    }

    #[test]
    fn without_a_tape_nothing_is_between() {
        let transport: SharedTransport = Arc::new(Mutex::new(Peer::default()));
        assert!(Arc::ptr_eq(&transport, &taped(transport.clone(), &client(None))));
    }
}
