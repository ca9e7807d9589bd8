//! HTTP/1.1 without sockets: functions from bytes to values and back. Every split of the same input gives the same answer.
//!
//! ```text
//!            bytes ──> Decoder ──> Request + Exchange ──> (an answer) ──> encode ──> Plan
//! ```
//!
//! [`Decoder::feed`](decoder::Decoder::feed) says how many bytes it used and what it makes of them. What it used is never
//! offered again; what it left is the beginning of the next input. It reads no clock, opens nothing and never blocks.
//!
//! What is refused, and why, is the list of [`Refusal`](refusal::Refusal): strict where leniency lets two parties read
//! the same bytes as different requests (RFC 9112, section 11.2), tolerant where the RFC allows it: bare LF line ends,
//! empty lines before a request, equal repeated lengths, bytes outside ASCII in targets and values.
//!
//! That is one [`Dialect`]; the other one reads what Python's http.server reads as Python's http.server reads it.

pub(crate) mod body;
mod chunking;
pub(crate) mod date;
pub(crate) mod decoder;
pub(crate) mod encode;
pub(crate) mod head;
mod http_server;
pub(crate) mod recent;
pub(crate) mod refusal;

#[cfg(test)]
mod tests;

use crate::message::request::Version;

/// By which rules requests are read and answers are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Dialect {
    /// RFC 9112, strict where leniency lets two parties read different requests.
    #[default]
    Rfc9112,
    /// Python's http.server, to the letter; of the limits only that of bodies applies, for it has its own.
    HttpServer,
}

/// How the bytes of a client are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    pub(crate) dialect: Dialect,
    /// The version of status lines; http.server keeps connections only if it and the client say HTTP/1.1.
    pub(crate) protocol: Version,
    pub(crate) limits: Limits,
}

/// How much of everything is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of a head, request line included.
    pub(crate) head: usize,
    /// Header fields of a request; [`head::MAX_FIELDS`] at most.
    pub(crate) fields: usize,
    /// Bytes of a request target.
    pub(crate) target: usize,
    /// Bytes of a request body.
    pub(crate) body: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { head: 64 << 10, fields: head::MAX_FIELDS, target: 64 << 10, body: 256 << 20 }
    }
}

/// What the head of a request decides about the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts about a request, in any combination")]
pub(crate) struct Exchange {
    /// The client takes another response on this connection.
    pub(crate) persistent: bool,
    /// The client speaks HTTP/1.1: it knows chunks, and keeps connections unless told otherwise.
    pub(crate) http11: bool,
    /// The response has no body, whatever its fields say.
    pub(crate) head_only: bool,
    /// The client asks for a tunnel: a 2xx has neither body nor length (RFC 9110, section 9.3.6).
    pub(crate) tunnels: bool,
    /// The client speaks HTTP/0.9: it gets the body alone.
    pub(crate) bare: bool,
}
