//! Where a server listens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[cfg(unix)]
use crate::engine::Settings;
#[cfg(unix)]
use crate::files::cgi::{Host, fully_qualified};
#[cfg(unix)]
use crate::message::request::Version;
use crate::start_error::StartError;

/// Where a server listens, or did and will again.
#[derive(Debug, Clone)]
pub(super) enum At {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Tcp(addr) => reachable(*addr).fmt(f),
            #[cfg(unix)]
            At::Unix(path) => path.display().fmt(f),
        }
    }
}

impl At {
    pub(super) fn failed(&self, error: std::io::Error) -> StartError {
        match self {
            At::Tcp(addr) => StartError::listen(*addr, error),
            #[cfg(unix)]
            At::Unix(path) => StartError::listen_unix(path, error),
        }
    }
}

#[cfg(unix)]
impl At {
    /// What CGI scripts are told.
    pub(super) fn host(&self, settings: &Settings) -> Host {
        let line = String::from_utf8_lossy(&settings.server_line).into_owned();
        let (name, port) = match self {
            At::Tcp(addr) => (fully_qualified(addr.ip()), addr.port()),
            At::Unix(_) => ("localhost".to_owned(), 0),
        };
        let protocol = match settings.reading.protocol {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        };
        Host { software: line.trim_start_matches("Server:").trim().to_owned(), name, port, protocol }
    }
}

/// `::` alone stands for all addresses, those of IPv4 too.
pub(super) fn is_dual_stack(addr: SocketAddr) -> bool {
    addr.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
}

/// A wildcard is no address to connect to.
pub(super) fn reachable(addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), addr.port()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), addr.port()),
        _ => addr,
    }
}
