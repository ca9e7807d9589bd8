//! Bodies in pieces: chunks, streams, events.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;

use crate::message::body::Body;
use crate::message::convert::{IntoFieldValue, checked_name};
use crate::message::field_block::FieldBlock;
use crate::stream::{BodyWriter, EventWriter};

use super::Response;

const EVENTS: FieldBlock = FieldBlock::preset("Content-Type: text/event-stream\r\n");

impl Response {
    /// 200, with a body that a closure writes while it is sent, piece by piece: each piece is a chunk, and leaves at once. The
    /// closure runs once for each time that the response is sent, on a thread of its own, when it is the body's turn; not at all
    /// for HEAD, or where a fault takes its place. It may block, and must not end before it has written everything.
    ///
    /// Clients of HTTP/1.0 know no chunks: for them the body ends with the connection, and so it does if the response has a
    /// `Content-Length` or a `Transfer-Encoding` of its own.
    ///
    /// An error that the closure returns breaks the body off, and fails the test; so does a panic. An error of the writer says
    /// that the client has gone, or that the server was stopped: passed on with `?` it is no failure.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let gate = Gate::new();
    /// let held = gate.clone();
    /// server.when(get("/news")).respond(Response::stream(move |out| {
    ///     out.write_all("first ")?;
    ///     held.wait(); // until the test has seen the first
    ///     out.write_all("second")
    /// }));
    /// let mut answer = ureq::get(server.url("/news")).call()?;
    /// gate.open();
    /// assert_eq!(answer.body_mut().read_to_string()?, "first second");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "with_chunked_body")]
    pub fn stream<F>(write: F) -> Response
    where
        F: Fn(&mut BodyWriter) -> io::Result<()> + Send + Sync + 'static,
    {
        Response { body: Body::Stream(Arc::new(write)), ..Response::with_status(StatusCode::OK, Bytes::new()) }
    }

    /// 200, `text/event-stream`, written event by event by a closure (server-sent events: the HTML standard, section 9.2). All
    /// that is said of [`stream`](Response::stream) is true of it.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/events")).respond(Response::sse(|events| {
    ///     for percent in [50, 100] {
    ///         events.send(Event::new(percent.to_string()).name("progress"))?;
    ///     }
    ///     events.data("done")
    /// }));
    /// let text = ureq::get(server.url("/events")).call()?.body_mut().read_to_string()?;
    /// assert_eq!(text, "event: progress\ndata: 50\n\nevent: progress\ndata: 100\n\ndata: done\n\n");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "event_stream")]
    pub fn sse<F>(write: F) -> Response
    where
        F: Fn(&mut EventWriter<'_>) -> io::Result<()> + Send + Sync + 'static,
    {
        Response { fields: EVENTS, ..Response::stream(move |out| write(&mut EventWriter::new(out))) }
    }

    /// Sends exactly these chunks as the body (RFC 9112, section 7.1), with `Transfer-Encoding: chunked`. Status and header
    /// fields stay. For a client of HTTP/1.0 they are joined.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// use std::io::{Read, Write};
    ///
    /// let server = TestServer::empty();
    /// server.when(get("/")).respond(Response::new(200).chunks(["hel", "lo"]).close());
    /// let mut client = std::net::TcpStream::connect(server.addr())?;
    /// client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert!(answer.ends_with("\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If one of them is empty: it would end the body.
    #[doc(alias = "chunkedBody")]
    #[doc(alias = "setChunkedBody")]
    #[track_caller]
    pub fn chunks(mut self, chunks: impl IntoIterator<Item: AsRef<[u8]>>) -> Response {
        let mut all = Vec::new();
        for chunk in chunks {
            let chunk = chunk.as_ref();
            assert!(
                !chunk.is_empty(),
                "chunk {} is empty, and an empty chunk ends the body: leave it out, or send the bytes with `Response::raw`",
                all.len() + 1
            );
            all.push(Bytes::copy_from_slice(chunk));
        }
        self.body = Body::Chunks(all.into());
        self
    }

    /// Adds a field behind the body (RFC 9110, section 6.5), whatever is there already. The body is sent in chunks, and `Trailer`
    /// announces it, unless that is set or [left out](Response::without_header). Not sent to clients of HTTP/1.0, nor where there is no
    /// body: an answer to HEAD announces it only, 204 and 304 leave it out.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// use std::io::{Read, Write};
    ///
    /// let server = TestServer::empty();
    /// server.when(get("/")).respond(Response::text("hi").trailer("X-Sum", 2).close());
    /// let mut client = std::net::TcpStream::connect(server.addr())?;
    /// client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert!(answer.contains("\r\nTrailer: X-Sum\r\n"));
    /// assert!(answer.ends_with("\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 2\r\n\r\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the name is no token, or the value holds CR, LF or NUL.
    #[doc(alias = "setTrailers")]
    #[track_caller]
    pub fn trailer(mut self, name: impl AsRef<str>, value: impl IntoFieldValue) -> Response {
        let value = value.into_field_value();
        self.rare().trailers.push(checked_name(name.as_ref()), &value);
        self
    }
}
