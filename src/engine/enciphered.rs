//! A transport whose bytes are enciphered on their way through another.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use mio::{Interest, Registry, Token};
use parking_lot::Mutex;

use crate::message::delivery::{Client, ClosedBy};
use crate::tls::session::{PIECE, Session};
use crate::tls::shown::Shown;

use super::Securing;
use super::transport::{SharedTransport, Standing, Transport};

#[derive(Debug)]
struct Enciphered {
    carrier: SharedTransport,
    session: Session,
    /// The sending side is to be closed as soon as everything has left.
    is_closing: bool,
}

impl Enciphered {
    /// Closes the sending side, unless a farewell waits for the client to take more.
    fn close(&mut self) -> io::Result<()> {
        let mut carrier = self.carrier.lock();
        self.is_closing = !self.session.flush(&mut Carrier(&mut *carrier));
        if self.is_closing { Ok(()) } else { carrier.shutdown(Shutdown::Write) }
    }
}

impl Securing for Shown {
    fn secured(
        self: Arc<Self>,
        carrier: SharedTransport,
        client: &Arc<Client>,
        before_work: Box<dyn Fn() + Send>,
    ) -> SharedTransport {
        let address = if self.is_bound_anywhere() { carrier.lock().local_address() } else { None };
        let session = Session::new(self, client.clone(), address, before_work);
        Arc::new(Mutex::new(Enciphered { carrier, session, is_closing: false }))
    }
}

/// A transport as a session sees it.
struct Carrier<'a>(&'a mut dyn Transport);

impl Read for Carrier<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Carrier<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Enciphered {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.is_closing {
            self.close()?;
        }
        let mut carrier = self.carrier.lock();
        let read = self.session.read(&mut Carrier(&mut *carrier), buf);
        if self.session.wants_reset() {
            carrier.prepare_reset();
        }
        read
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.session.write(&mut Carrier(&mut *self.carrier.lock()), bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        // Head and body in one record, as in one segment without TLS; but a long body is not copied for it.
        let mut together = Vec::new();
        for slice in slices {
            let room = PIECE - together.len();
            together.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        let mut written = self.write(&together)?;
        if written < together.len() {
            return Ok(written);
        }
        for slice in slices {
            let rest = &slice[together.len().min(slice.len())..];
            together.drain(..together.len().min(slice.len()));
            if rest.is_empty() {
                continue;
            }
            // An error is told by the next call, if it lasts.
            let more = self.write(rest).unwrap_or(0);
            written += more;
            if more < rest.len() {
                break;
            }
        }
        Ok(written)
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Write {
            return self.carrier.lock().shutdown(how);
        }
        self.farewell(ClosedBy::Server);
        self.close()
    }

    fn farewell(&mut self, by: ClosedBy) {
        self.session.finish(&mut Carrier(&mut *self.carrier.lock()), by);
    }

    fn prepare_reset(&mut self) {
        self.session.leave_silently();
        self.carrier.lock().prepare_reset();
    }

    fn has_departed(&mut self, surely: bool) -> bool {
        self.carrier.lock().has_departed(surely)
    }

    fn standing(&self) -> Standing {
        match &self.session {
            session if session.is_stalled() => Standing::Stalled,
            session if session.is_handshaking() => Standing::Handshaking,
            _ => Standing::Open,
        }
    }

    fn has_more(&self) -> bool {
        self.session.has_more()
    }

    fn owes(&self) -> bool {
        self.session.owes()
    }

    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        self.carrier.lock().register(registry, token, interest)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        self.carrier.lock().reregister(registry, token, interest)
    }
}
