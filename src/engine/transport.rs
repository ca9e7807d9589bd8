//! What carries bytes: TCP, Unix sockets, and in tests a script.

use std::fmt::Debug;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use mio::event::Source;
#[cfg(target_os = "linux")]
use mio::{Events, Poll};
use mio::{Interest, Registry, Token};
use parking_lot::Mutex;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::message::body::Handle;
use crate::message::delivery::ClosedBy;

/// One connection's bytes, never blocking.
pub(crate) trait Transport: Send + Debug {
    /// 0 at the end of what the client sends.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
    /// Writes the slices, and has the system send so many bytes behind them, at least one, which stand in a file from `at` on.
    /// How much of it all was sent; an error that is not about waiting means that the bytes have to be read and written. So
    /// does 0, at the end of the file.
    fn write_file(&mut self, _: &[IoSlice<'_>], _: Handle<'_>, _at: u64, _length: usize) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()>;
    /// Tells the client that nothing more will come, where there is a way beside the close that follows; `by` whom that is.
    fn farewell(&mut self, _by: ClosedBy) {}
    fn standing(&self) -> Standing {
        Standing::Open
    }
    /// Whether the next read gives something, be it the end, whatever the poller says.
    fn has_more(&self) -> bool {
        false
    }
    /// Whether it has something to send that no write asked for, and waits until the client takes it.
    fn owes(&self) -> bool {
        false
    }
    /// Makes the close that follows a reset, where there is such a thing.
    fn prepare_reset(&mut self);
    /// Whether all that was written has left for the client, and, if `surely`, has nearly all arrived. If not, the transport
    /// becomes writable once it has; nothing more is to be written.
    fn has_departed(&mut self, surely: bool) -> bool;
    /// The address by which the client has reached us.
    #[cfg(feature = "_tls")]
    fn local_address(&self) -> Option<std::net::IpAddr> {
        None
    }
    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()>;
    fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()>;
}

/// What a transport is about before a request can have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Open,
    /// It takes up with the client.
    Handshaking,
    /// It leaves the client waiting, for as long as that likes.
    Stalled,
}

/// A transport in the hands of its connection, and within reach of whoever stops the server. The lock is held for one
/// system call at a time, and for what TLS has to work out around it.
pub(crate) type SharedTransport = Arc<Mutex<dyn Transport>>;

#[derive(Debug)]
struct Tcp(mio::net::TcpStream);

#[cfg(unix)]
#[derive(Debug)]
struct Unix(mio::net::UnixStream);

macro_rules! transport {
    ($Name:ident, $prepare_reset:expr, $has_departed:expr) => {
        impl Transport for $Name {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.0.read(buf)
            }
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.write(bytes)
            }
            fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                self.0.write_vectored(slices)
            }
            #[cfg(target_os = "linux")]
            fn write_file(
                &mut self,
                slices: &[IoSlice<'_>],
                file: Handle<'_>,
                at: u64,
                length: usize,
            ) -> io::Result<usize> {
                write_file(&SockRef::from(&self.0), slices, file, at, length)
            }
            fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
                self.0.shutdown(how)
            }
            fn prepare_reset(&mut self) {
                let prepare: fn(&mut $Name) = $prepare_reset;
                prepare(self);
            }
            fn has_departed(&mut self, surely: bool) -> bool {
                let has_departed: fn(&mut $Name, bool) -> bool = $has_departed;
                has_departed(self, surely)
            }
            #[cfg(feature = "_tls")]
            fn local_address(&self) -> Option<std::net::IpAddr> {
                Some(SockRef::from(&self.0).local_addr().ok()?.as_socket()?.ip())
            }
            fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
                self.0.register(registry, token, interest)
            }
            fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
                self.0.reregister(registry, token, interest)
            }
        }
    };
}

transport!(
    Tcp,
    |tcp| {
        // Without it the close is an ordinary one; there is nobody to tell.
        let _ = SockRef::from(&tcp.0).set_linger(Some(Duration::ZERO));
    },
    // If it cannot be known, it is not waited for.
    |tcp, surely| departed(&SockRef::from(&tcp.0), surely).unwrap_or(true)
);

// What was written is with the other process, and there are no resets.
#[cfg(unix)]
transport!(Unix, |_| (), |_, _| true);

#[cfg(target_os = "linux")]
fn write_file(socket: &Socket, slices: &[IoSlice<'_>], file: Handle<'_>, at: u64, length: usize) -> io::Result<usize> {
    /// `MSG_MORE` and `MSG_NOSIGNAL` of `<linux/socket.h>`: what follows at once goes out in the same segments.
    const FLAGS: i32 = 0x8000 | 0x4000;
    // Before anything is sent: an error says that nothing was.
    let at = usize::try_from(at).map_err(io::Error::other)?;
    let ahead: usize = slices.iter().map(|slice| slice.len()).sum();
    let written = match slices {
        [] => 0,
        [slice] => socket.send_with_flags(slice, FLAGS)?,
        slices => socket.send_vectored_with_flags(slices, FLAGS)?,
    };
    if written < ahead {
        return Ok(written);
    }
    // It has no such flags. That a client which is gone raises no SIGPIPE is what Rust programs begin with.
    match socket.sendfile(&file, at, NonZeroUsize::new(length)) {
        Ok(more) => Ok(written + more),
        // It comes again at the next attempt.
        Err(_) if written > 0 => Ok(written),
        Err(error) => Err(error),
    }
}

/// Linux lets a socket count as writable when hardly anything waits in it, and a poller, but nothing else, tells.
#[cfg(target_os = "linux")]
fn departed(socket: &Socket, surely: bool) -> io::Result<bool> {
    socket.set_tcp_notsent_lowat(1)?;
    if surely {
        // The system makes it as small as it can: less than any segment of a long answer takes.
        socket.set_send_buffer_size(1)?;
    }
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1));
    let mut stream = mio::net::TcpStream::from_std(socket.try_clone()?.into());
    poll.registry().register(&mut stream, Token(0), Interest::WRITABLE)?;
    poll.poll(&mut events, Some(Duration::ZERO))?;
    Ok(!events.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn departed(_: &Socket, _: bool) -> io::Result<bool> {
    Ok(true)
}

/// Where connections come from.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(mio::net::TcpListener),
    #[cfg(unix)]
    Unix(mio::net::UnixListener),
}

/// Connections that may wait for being accepted.
pub(super) const BACKLOG: i32 = 4096;

/// What connections may hold that nobody has read, if requests are read slowly.
const SMALLEST_BUFFER: usize = 4 << 10;
const LARGEST_BUFFER: usize = 64 << 10;

impl Listener {
    /// Listens on an address; `dual_stack` lets an IPv6 wildcard take IPv4 connections too.
    pub(crate) fn tcp(addr: SocketAddr, dual_stack: bool) -> io::Result<Listener> {
        let socket = bound(addr, dual_stack)?;
        Listener::listening(socket)
    }

    /// Listens on a socket that was bound before.
    pub(crate) fn listening(socket: Socket) -> io::Result<Listener> {
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(Listener::Tcp(mio::net::TcpListener::from_std(socket.into())))
    }

    #[cfg(unix)]
    pub(crate) fn unix(path: &std::path::Path) -> io::Result<Listener> {
        mio::net::UnixListener::bind(path).map(Listener::Unix)
    }

    /// The bound address; `None` on a Unix socket.
    pub(crate) fn addr(&self) -> Option<SocketAddr> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Listener::Unix(_) => None,
        }
    }

    pub(super) fn accept(&self) -> io::Result<(SharedTransport, Option<SocketAddr>)> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // Linux hands the option of the listener down to what it accepts.
                #[cfg(not(target_os = "linux"))]
                let _ = stream.set_nodelay(true);
                Ok((Arc::new(Mutex::new(Tcp(stream))), Some(peer)))
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                Ok((Arc::new(Mutex::new(Unix(stream))), None))
            }
        }
    }

    /// What is accepted from now on takes in little before it is read, so that clients feel how slowly that happens.
    pub(super) fn take_little(&self, bytes_per_second: NonZeroUsize) {
        if let Listener::Tcp(listener) = self {
            let tenth = (bytes_per_second.get() / 10).clamp(SMALLEST_BUFFER, LARGEST_BUFFER);
            // Without it the beginning of a request only seems to be taken fast.
            let _ = SockRef::from(listener).set_recv_buffer_size(tenth);
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Listener::Tcp(listener) => listener.register(registry, token, Interest::READABLE),
            #[cfg(unix)]
            Listener::Unix(listener) => listener.register(registry, token, Interest::READABLE),
        }
    }
}

/// A TCP socket that holds an address and does not listen yet: connections to it are refused.
pub(crate) fn bound(addr: SocketAddr, dual_stack: bool) -> io::Result<Socket> {
    let socket = unbound(addr, dual_stack)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

/// A TCP socket that could be bound to an address.
pub(super) fn unbound(addr: SocketAddr, dual_stack: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // The port of a server that just stopped may be taken again; on Windows the option means something else.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if addr.is_ipv6() {
        socket.set_only_v6(!dual_stack)?;
    }
    socket.set_tcp_nodelay(true)?;
    Ok(socket)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_has_departed_survives_a_reset() {
        const LENGTH: usize = 1 << 20;
        let listener = Listener::tcp(([127, 0, 0, 1], 0).into(), false).unwrap();
        for turn in 0..50 {
            let mut client = std::net::TcpStream::connect(listener.addr().unwrap()).unwrap();
            let (transport, _) = loop {
                match listener.accept() {
                    Ok(accepted) => break accepted,
                    Err(_) => std::thread::yield_now(),
                }
            };
            let server = std::thread::spawn(move || {
                let (mut left, bytes) = (LENGTH, vec![b'x'; LENGTH]);
                while left > 0 {
                    match transport.lock().write(&bytes[..left]) {
                        Ok(written) => left -= written,
                        Err(_) => std::thread::yield_now(),
                    }
                }
                while !transport.lock().has_departed(true) {
                    std::thread::yield_now();
                }
                transport.lock().prepare_reset();
            });
            let (mut got, mut buffer) = (0, vec![0; 1_000 + 977 * turn]);
            let error = loop {
                match client.read(&mut buffer) {
                    Ok(0) => panic!("no reset, turn {turn}"),
                    Ok(length) => got += length,
                    Err(error) => break error.kind(),
                }
            };
            assert_eq!((got, error), (LENGTH, io::ErrorKind::ConnectionReset), "turn {turn}");
            server.join().unwrap();
        }
    }
}
