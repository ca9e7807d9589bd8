//! How a response goes wrong on purpose, and what goes before it.

use bytes::Bytes;
use http::StatusCode;

use crate::message::convert::{IntoFieldValue, IntoStatus, checked_bytes, checked_name};
use crate::message::fault::{Fault, Stage};
use crate::message::fault_at::FaultAt;
use crate::message::field_block::FieldBlock;
use crate::message::shape::Shape;

use super::Response;

impl Response {
    /// Sends so many bytes of the body, then this instead of the rest: `fault(fault.at(Stage::Body(bytes)))`. Framing does not
    /// count; a place beyond the end is the end, before the last chunk of a chunked body; without a body (HEAD, 204, 304) it is
    /// behind the head. For some requests only, write that with [`every`](FaultAt::every) or [`share`](FaultAt::share).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::text("hello").cut_after(2, Fault::Close));
    /// let mut answer = ureq::get(server.url("/")).call()?;
    /// assert!(answer.body_mut().read_to_string().is_err());
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "DisconnectDuringResponseBody")]
    #[doc(alias = "truncate")]
    pub fn cut_after(self, bytes: usize, fault: Fault) -> Response {
        self.shaped(Shape::FaultAt(fault.at(Stage::Body(bytes))))
    }

    /// Misbehaves at a moment of this response: [`Stage::Head`], [`Stage::Body`], [`Stage::After`], or in place of the head, which is
    /// the default. [`every`](FaultAt::every) and [`share`](FaultAt::share) go by [`Request::hit`](crate::Request::hit), and spare the
    /// other requests, which get the response as it is; the answers of [`on_expect`](crate::Builder::on_expect) are hits of no rule, and
    /// one with such a fault fails the test. Of several that strike, the one that comes first in the response ends it.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/")).respond(Response::text("hello").fault(Fault::Reset.at(Stage::Head(9)).every(2)));
    /// assert!(ureq::get(server.url("/")).call().is_ok());
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    ///
    /// # Panics
    ///
    /// If that moment is before any response: [`Stage::Accept`], [`Stage::RequestHead`], [`Stage::RequestBody`].
    #[track_caller]
    pub fn fault(self, fault: impl Into<FaultAt>) -> Response {
        let fault = fault.into();
        if let Stage::Accept | Stage::RequestHead(_) | Stage::RequestBody(_) = fault.stage {
            let why = fault.belongs().unwrap_or_default();
            panic!("a response cannot bring about {}, {why}", fault.in_code());
        }
        self.shaped(Shape::FaultAt(fault))
    }

    /// Announces a length, true or not: `header("Content-Length", bytes)`. If it is not the true one, the whole body is sent all the
    /// same, and the connection closes. RFC 9110, section 8.6.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::text("hello").content_length(999));
    /// let mut answer = ureq::get(server.url("/")).call()?;
    /// assert!(answer.body_mut().read_to_string().is_err(), "994 bytes are missing");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    pub fn content_length(self, bytes: u64) -> Response {
        self.header("Content-Length", bytes)
    }

    /// The whole status line, in place of version, status and reason; header fields and body stay. The server adds the line end.
    /// How the body is framed still goes by the [status](Response::status). RFC 9112, section 4.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # use std::io::{Read, Write};
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| Response::text("hello").close().status_line("HTTP/9.9 20 Well"));
    /// let mut client = std::net::TcpStream::connect(server.addr())?;
    /// client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert!(answer.starts_with("HTTP/9.9 20 Well\r\nContent-Type: "));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If it holds CR, LF or NUL.
    #[track_caller]
    pub fn status_line(mut self, line: impl AsRef<[u8]>) -> Response {
        self.rare().status_line = Some(checked_bytes("the status line", Bytes::copy_from_slice(line.as_ref())));
        self
    }

    /// Sends an interim response first, before any [delay](Response::delay) or [gate](Response::hold) of this one: 103 with links,
    /// say, or 100 and 102. Said several times, in that order. RFC 9110, section 15.2.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// # use std::io::{Read, Write};
    /// let server = TestServer::empty();
    /// let hints = [("Link", "</a.css>; rel=preload")];
    /// server.on("GET", "/", move |_| Response::text("hello").close().informational(103, &hints));
    /// let mut client = std::net::TcpStream::connect(server.addr())?;
    /// client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert!(answer.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the status is not interim (100 to 199 but 101); if a name is no token, or a value holds CR, LF or NUL.
    #[doc(alias = "early_hints")]
    #[doc(alias = "addInformationalResponse")]
    #[track_caller]
    pub fn informational(mut self, status: impl IntoStatus, headers: &[(&str, &str)]) -> Response {
        let status = status.into_status();
        assert!(
            status != StatusCode::SWITCHING_PROTOCOLS,
            "101 ends HTTP on its connection, so that no response can follow it: send it alone, `Response::new(101)`"
        );
        assert!(
            status.is_informational(),
            "{0} is not an interim status, which goes before the response: pass one from 100 to 199, or write `.status({0})` for \
             the response itself",
            status.as_u16()
        );
        let mut fields = FieldBlock::default();
        for (name, value) in headers {
            fields.push(checked_name(name), &value.into_field_value());
        }
        let reason = status.canonical_reason().unwrap_or_default();
        let line = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16());
        self.rare().interims.push([line.as_bytes(), fields.as_bytes(), b"\r\n"].concat().into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interim_responses_are_complete_and_in_order() {
        let response = Response::new(200).informational(103, &[("link", "a"), ("Link", "b")]).informational(199, &[]);
        let expected: [&[u8]; 2] =
            [b"HTTP/1.1 103 Early Hints\r\nlink: a\r\nLink: b\r\n\r\n", b"HTTP/1.1 199 \r\n\r\n"];
        assert_eq!(response.interims(), expected);
    }

    #[test]
    fn a_cut_is_a_fault_in_the_body() {
        let shapes = |mut response: Response| format!("{:?}", response.shapes_mut());
        let fault = Response::new(200).fault(Fault::Reset.at(Stage::Body(3)));
        assert_eq!(shapes(Response::new(200).cut_after(3, Fault::Reset)), shapes(fault));
    }
}
