//! What carries bytes: TCP, Unix sockets, and in tests a script.

use std::fmt::Debug;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use parking_lot::Mutex;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// One connection's bytes, never blocking.
pub(crate) trait Transport: Send + Debug {
    /// 0 at the end of what the client sends.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()>;
    /// Makes the close that follows a reset, where there is such a thing.
    fn prepare_reset(&mut self);
    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()>;
    fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()>;
}

/// A transport in the hands of its connection, and within reach of whoever stops the server. The lock is held for one
/// system call at a time.
pub(crate) type SharedTransport = Arc<Mutex<dyn Transport>>;

#[derive(Debug)]
struct Tcp(mio::net::TcpStream);

#[cfg(unix)]
#[derive(Debug)]
struct Unix(mio::net::UnixStream);

macro_rules! transport {
    ($Name:ident, $prepare_reset:expr) => {
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
            fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
                self.0.shutdown(how)
            }
            fn prepare_reset(&mut self) {
                let prepare: fn(&mut $Name) = $prepare_reset;
                prepare(self);
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

transport!(Tcp, |tcp| {
    // Without it the close is an ordinary one; there is nobody to tell.
    let _ = SockRef::from(&tcp.0).set_linger(Some(Duration::ZERO));
});

#[cfg(unix)]
transport!(Unix, |_| ());

/// Where connections come from.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(mio::net::TcpListener),
    #[cfg(unix)]
    Unix(mio::net::UnixListener),
}

/// Connections that may wait for being accepted.
const BACKLOG: i32 = 4096;

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
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // The port of a server that just stopped may be taken again; on Windows the option means something else.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if addr.is_ipv6() {
        socket.set_only_v6(!dual_stack)?;
    }
    socket.set_tcp_nodelay(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}
