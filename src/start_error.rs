//! Why a server could not be started.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why a server could not be started: the path or address and the system's reason; `Debug` prints the same text as
/// `Display`, because `unwrap` prints `Debug`.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let error = TestServer::try_start("no/such/directory").unwrap_err();
/// assert!(error.to_string().starts_with("cannot serve the directory no/such/directory"));
/// ```
pub struct StartError {
    what: What,
    source: io::Error,
}

enum What {
    Directory {
        given: PathBuf,
        absolute: Option<PathBuf>,
    },
    Listen(SocketAddr),
    #[cfg_attr(not(unix), expect(dead_code, reason = "Unix sockets are of Unix"))]
    ListenUnix(PathBuf),
    Engine,
    #[cfg(feature = "_tls")]
    Tls,
}

impl StartError {
    pub(crate) fn directory(given: &Path, source: io::Error) -> StartError {
        let absolute = std::path::absolute(given).ok().filter(|_| given.is_relative());
        StartError { what: What::Directory { given: given.to_owned(), absolute }, source }
    }

    pub(crate) fn listen(addr: SocketAddr, source: io::Error) -> StartError {
        StartError { what: What::Listen(addr), source }
    }

    #[cfg(unix)]
    pub(crate) fn listen_unix(path: &Path, source: io::Error) -> StartError {
        StartError { what: What::ListenUnix(path.to_owned()), source }
    }

    pub(crate) fn engine(source: io::Error) -> StartError {
        StartError { what: What::Engine, source }
    }

    #[cfg(feature = "_tls")]
    pub(crate) fn tls(source: io::Error) -> StartError {
        StartError { what: What::Tls, source }
    }

    /// The system's error; of the kind `InvalidData` if a certificate or a key that was given is of no use.
    #[must_use]
    pub fn io_error(&self) -> &io::Error {
        &self.source
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = &self.source;
        match &self.what {
            What::Directory { given, absolute } => {
                write!(f, "cannot serve the directory {}: {source}", given.display())?;
                if let Some(absolute) = absolute {
                    write!(
                        f,
                        " (looked for {}; a relative path begins at the current directory, which in `cargo test` is \
                         that of the package)",
                        absolute.display()
                    )?;
                }
                Ok(())
            }
            What::Listen(addr) => {
                write!(f, "cannot listen on {addr}: {source}")?;
                match source.kind() {
                    io::ErrorKind::AddrInUse => f.write_str(" (port 0 lets the system choose a free one)"),
                    io::ErrorKind::AddrNotAvailable => f.write_str(" (this machine does not have that address)"),
                    _ => Ok(()),
                }
            }
            What::ListenUnix(path) => {
                write!(f, "cannot listen on the Unix socket {}: {source}", path.display())?;
                match source.kind() {
                    io::ErrorKind::AddrInUse => {
                        f.write_str(" (the file exists already: remove it or take another name)")
                    }
                    _ => Ok(()),
                }
            }
            What::Engine => write!(f, "cannot start the threads of the server: {source}"),
            #[cfg(feature = "_tls")]
            What::Tls => write!(f, "cannot speak TLS: {source}"),
        }
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> io::Error {
        io::Error::new(error.source.kind(), error)
    }
}
