//! A listening server that refuses new connections for a while. Those that are open stay, and are served.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use socket2::{SockRef, Socket};

use super::Port;
use super::crew::Crew;
#[cfg(target_os = "linux")]
use super::transport::unbound;
use super::transport::{Listener, bound};

/// Takes away what is at the path of a Unix socket: nobody can bind to one that is there.
type Vacate = fn(&Path);

/// Where new connections come in.
#[derive(Debug)]
pub(crate) struct Door {
    port: Arc<Port>,
    token: usize,
    /// `None` while it is open.
    shut: Mutex<Option<Shut>>,
}

/// A door that was shut.
#[derive(Debug)]
struct Shut {
    address: Address,
    /// Who keeps it shut. Without anybody it could not be opened again.
    holders: Vec<Arc<()>>,
}

/// An address at which nobody listens.
#[derive(Debug)]
enum Address {
    /// The socket holds it, so that nobody else can take it; without one, which is tried for again, it may be gone.
    Tcp { addr: SocketAddr, dual_stack: bool, reserved: Option<Socket> },
    /// What is left of the old socket holds the path, and has clients refused.
    #[cfg(unix)]
    Unix { path: PathBuf, vacate: Vacate },
}

/// Keeps a door shut until dropped, unless the server is stopped or restarted meanwhile.
#[derive(Debug)]
pub(crate) struct Holder {
    door: Weak<Door>,
    key: Arc<()>,
}

impl Door {
    pub(super) fn new(port: Arc<Port>, token: usize) -> Door {
        Door { port, token, shut: Mutex::new(None) }
    }

    /// Shuts it, if it is not shut already; `vacate` is for opening it again.
    pub(crate) fn hold_shut(self: &Arc<Door>, vacate: Vacate) -> Holder {
        let key = Arc::new(());
        let mut shut = self.shut.lock();
        if shut.is_none() {
            let listener = self.port.listener.lock().take();
            if let Some((listener, crew)) = listener.zip(Crew::get().ok()) {
                // For their clients they are open.
                crew.accept_last(self.token, &self.port, &listener);
                *shut = Address::left_by(listener, vacate).map(|address| Shut { address, holders: Vec::new() });
            }
        }
        if let Some(shut) = &mut *shut {
            shut.holders.push(key.clone());
        }
        Holder { door: Arc::downgrade(self), key }
    }

    /// Opens it whoever holds it. Nothing happens if it is open.
    pub(crate) fn open(&self) -> io::Result<()> {
        self.listen_again(&mut self.shut.lock())
    }

    fn let_go(&self, key: &Arc<()>) {
        let mut shut = self.shut.lock();
        let Some(holders) = shut.as_mut().map(|shut| &mut shut.holders) else { return };
        let before = holders.len();
        holders.retain(|other| !Arc::ptr_eq(other, key));
        if before > 0 && holders.is_empty() {
            // Whoever restarts the server tries again, and is told.
            let _ = self.listen_again(&mut shut);
        }
    }

    fn listen_again(&self, shut: &mut Option<Shut>) -> io::Result<()> {
        let Some(Shut { address, holders }) = shut else { return Ok(()) };
        holders.clear();
        let mut listening = self.port.listener.lock();
        // Whoever stops the server sets the flag before it looks for the listener.
        if !self.port.stopped.load(SeqCst) {
            let mut listener = address.listen()?;
            Crew::get()?.attend(self.token, &mut listener)?;
            *listening = Some(listener);
        }
        *shut = None;
        Ok(())
    }

    /// Closes port and connections for good.
    pub(super) fn remove(&self) {
        // The address must be free when this returns.
        drop(self.shut.lock().take());
        if let Ok(crew) = Crew::get() {
            crew.remove(self.token, &self.port);
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        if let Some(door) = self.door.upgrade() {
            door.let_go(&self.key);
        }
    }
}

impl Address {
    /// Where somebody listened; its clients are refused from now on.
    fn left_by(
        listener: Listener,
        #[cfg_attr(not(unix), expect(unused_variables, reason = "no paths"))] vacate: Vacate,
    ) -> Option<Address> {
        match &listener {
            Listener::Tcp(tcp) => {
                let addr = tcp.local_addr().ok()?;
                let dual_stack = addr.is_ipv6() && SockRef::from(tcp).only_v6().is_ok_and(|only| !only);
                let reserved = reserved_beside(tcp, addr, dual_stack).ok();
                drop(listener);
                let reserved = reserved.or_else(|| bound(addr, dual_stack).ok());
                #[cfg(target_os = "linux")]
                if let Some(reserved) = &reserved {
                    share_no_more(reserved, addr, dual_stack);
                }
                Some(Address::Tcp { addr, dual_stack, reserved })
            }
            #[cfg(unix)]
            Listener::Unix(unix) => {
                let addr = unix.local_addr().ok()?;
                addr.as_pathname().map(|path| Address::Unix { path: path.to_owned(), vacate })
            }
        }
    }

    fn listen(&mut self) -> io::Result<Listener> {
        match self {
            Address::Tcp { addr, dual_stack, reserved } => {
                let socket = reserved.take().map_or_else(|| bound(*addr, *dual_stack), Ok)?;
                // Connections that are open have the port too.
                #[cfg(target_os = "linux")]
                socket.set_reuse_address(true)?;
                Listener::listening(socket)
            }
            #[cfg(unix)]
            Address::Unix { path, vacate } => {
                vacate(path);
                Listener::unix(path)
            }
        }
    }
}

/// A socket that holds the port of a listener which is about to go: there is no moment at which others can take it.
#[cfg(target_os = "linux")]
fn reserved_beside(listener: &mio::net::TcpListener, addr: SocketAddr, dual_stack: bool) -> io::Result<Socket> {
    // Beside one that listens there can be another only if both agree on that, which they do for this moment.
    SockRef::from(listener).set_reuse_port(true)?;
    let socket = unbound(addr, dual_stack)?;
    socket.set_reuse_port(true)?;
    socket.bind(&addr.into())?;
    socket.set_reuse_port(false)?;
    Ok(socket)
}

/// Linux remembers of the port that it was shared, until somebody binds to it who does not want that. Errors mean that it is
/// held less tightly: against all but those who ask for this very port to share it.
#[cfg(target_os = "linux")]
fn share_no_more(reserved: &Socket, addr: SocketAddr, dual_stack: bool) {
    drop(bound(addr, dual_stack));
    let _ = reserved.set_reuse_address(false);
}

/// Elsewhere a port can be taken again only when nobody listens any more.
#[cfg(not(target_os = "linux"))]
fn reserved_beside(_: &mio::net::TcpListener, _: SocketAddr, _: bool) -> io::Result<Socket> {
    Err(io::ErrorKind::Unsupported.into())
}
