//! How a response goes wrong on purpose.

use bytes::Bytes;

use super::fault_at::FaultAt;

/// How to misbehave. Alone it is an answer too, so that handlers return it and rules and [sequences](crate::sequence) respond
/// with it: it then happens in place of the response, and not a byte of one is sent.
///
/// | when | how to say it |
/// | --- | --- |
/// | in place of a response | `server.on("GET", "/", \|_\| Fault::Reset)`, `server.when(..).respond(Fault::Reset)` |
/// | while the request's body arrives | `server.when(..).respond(Fault::Reset.at(Stage::RequestBody(100)))` |
/// | within or after a response | `Response::text("..").fault(Fault::Reset.at(Stage::Body(2)))`, [`cut_after`](crate::Response::cut_after) |
/// | whatever is asked, or as clients connect | [`server.fault(Fault::Reset.at(..))`](crate::TestServer::fault) |
///
/// Each ends the connection, and the request is recorded as [`Ended::Fault`](crate::Ended::Fault).
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.on("GET", "/gone", |_| Fault::Close);
/// assert!(ureq::get(server.url("/gone")).call().is_err());
/// ```
#[doc(alias = "SocketPolicy")]
#[doc(alias = "SocketEffect")]
#[must_use = "a fault happens only if a handler returns it, a rule responds with it, or `server.fault(..)` is given it"]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A TCP reset (RST). What was sent before it, the client reads; the next read or write fails with "connection reset". On a
    /// Unix socket, which knows no resets, a close.
    #[doc(alias = "CONNECTION_RESET_BY_PEER")]
    #[doc(alias = "ResetStreamAtStart")]
    Reset,
    /// An orderly close (FIN): after what was sent before it the client reads the end of the connection.
    #[doc(alias = "EMPTY_RESPONSE")]
    #[doc(alias = "DisconnectAtStart")]
    #[doc(alias = "DisconnectAfterRequest")]
    #[doc(alias = "drop_connection")]
    Close,
    /// Closes the sending side alone. The client reads the end of the connection, while it may go on sending: that is read and
    /// thrown away until it closes too.
    #[doc(alias = "ShutdownOutputAtEnd")]
    HalfClose,
    /// Sends nothing more and reads nothing more, so that the client waits, also one that uploads more than buffers hold. The
    /// connection stays until the client ends it or the server stops.
    #[doc(alias = "NoResponse")]
    #[doc(alias = "StallSocketAtStart")]
    Stall,
    /// These bytes, then a close. Clients tell that they are no HTTP, or no chunk, or take them for a part of the body.
    #[doc(alias = "RANDOM_DATA_THEN_CLOSE")]
    Garbage(Bytes),
    /// A chunk size that is no number, `ZZ`, then a close: the client fails to read the body. A body that is not chunked becomes
    /// chunked for it. [`Stage::Body`] chooses the place among the bytes of the body; without one it is the first. In the
    /// head, after the response, and where there is no body (HEAD, 204, 304) it is garbage like other bytes. RFC 9112, section 7.1.
    #[doc(alias = "MALFORMED_RESPONSE_CHUNK")]
    BadChunkSize,
    /// A chunked body without its last chunk and trailers, then a close: the client has all of the body, but for the sign that
    /// this is all. A body that is not chunked becomes chunked for it. Alone it is an empty one. In the head, after the response, and where there is no body it is a
    /// [close](Fault::Close). RFC 9112, section 8.
    NoLastChunk,
}

/// When a fault happens: [`Fault::at`]. A number counts bytes; a place beyond the end is the end, so that a fault always
/// happens.
///
/// ```
/// # use fixture_server::prelude::*;
/// use std::io::{Read, Write};
///
/// let server = TestServer::empty();
/// server.on("GET", "/", |_| Response::text("hello").fault(Fault::Close.at(Stage::Body(2))));
///
/// let mut client = std::net::TcpStream::connect(server.addr())?;
/// client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert!(answer.contains("\r\nContent-Length: 5\r\n"));
/// assert!(answer.ends_with("\r\n\r\nhe"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// As the connection is accepted, before anything is read. Only for [`TestServer::fault`](crate::TestServer::fault).
    Accept,
    /// After so many bytes of the request's head, at the latest when it is complete. Only for
    /// [`TestServer::fault`](crate::TestServer::fault): no rule knows the request yet.
    RequestHead(usize),
    /// After so many bytes of the request's body, at the latest when it is complete. For [`TestServer::fault`](crate::TestServer::fault)
    /// and rules that respond with the fault alone. A rule that looks at the body itself can only be chosen when that is complete.
    RequestBody(usize),
    /// In place of the response's head, which is the default.
    BeforeHead,
    /// After so many bytes of the response's head, status line included. Interim responses do not count.
    Head(usize),
    /// After so many bytes of the response's body. Framing does not count.
    Body(usize),
    /// After the response, where the connection would otherwise stay open or close in order.
    After,
}

impl Fault {
    /// [`Fault::Garbage`] of anything that is bytes.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Fault::garbage(b"\x00\xff not HTTP"));
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    #[doc(alias = "RandomDataThenClose")]
    #[doc(alias = "withResponseBytes")]
    pub fn garbage(bytes: impl AsRef<[u8]>) -> Fault {
        Fault::Garbage(Bytes::copy_from_slice(bytes.as_ref()))
    }

    /// At this moment instead of in place of the head. [`Stage`] says who takes which.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::text("hello").fault(Fault::Reset.at(Stage::Head(20))));
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    pub fn at(self, stage: Stage) -> FaultAt {
        FaultAt::from(self).at(stage)
    }

    /// For every nth request only: `every(2)` strikes the requests 2, 4, 6. Said of a rule's answer, the rule answers those alone
    /// and leaves the others to older rules. [`clear_requests`](crate::TestServer::clear_requests) lets the count begin anew.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "up");
    /// server.when(get("/")).respond(Fault::Reset.every(2));
    ///
    /// assert!(ureq::get(server.url("/")).call().is_ok());
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub fn every(self, nth: usize) -> FaultAt {
        FaultAt::from(self).every(nth)
    }

    /// For a share of the requests, 0.0 (none) to 1.0 (all). Which, the seed decides: with the same seed they are the same again,
    /// and a failing test prints it. Said of a rule's answer, the rule answers those alone and leaves the others to older rules.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "up");
    /// server.when(get("/")).respond(Fault::Close.share(0.5, 42));
    ///
    /// let outcomes: Vec<bool> = (0..6).map(|_| ureq::get(server.url("/")).call().is_ok()).collect();
    /// server.clear_requests();
    /// let again: Vec<bool> = (0..6).map(|_| ureq::get(server.url("/")).call().is_ok()).collect();
    /// assert_eq!(outcomes, again);
    /// ```
    ///
    /// # Panics
    ///
    /// If the share is NaN or not within 0.0 to 1.0.
    #[track_caller]
    pub fn share(self, share: f64, seed: u64) -> FaultAt {
        FaultAt::from(self).share(share, seed)
    }

    /// As it is written in a test, the bytes of garbage left out.
    pub(super) fn in_code(&self) -> String {
        match self {
            Fault::Garbage(_) => "Fault::garbage(..)".to_owned(),
            other => format!("Fault::{other:?}"),
        }
    }
}
