//! A session from the client's first message on.

use std::fmt::Write as _;
use std::io::{self, Read, Write};

use rustls::{Error, HandshakeKind, ProtocolVersion, ServerConnection};

use crate::message::tls_info::{TlsInfo, TlsVersion};

use super::super::identity::identity;

pub(super) struct Secured {
    pub(super) connection: ServerConnection,
    /// So many bytes were enciphered that the carrier has not taken, and that still count as not written.
    pub(super) owed: usize,
    pub(super) is_handshaking: bool,
    /// So many bytes have come since there was something to read.
    pub(super) in_vain: usize,
    /// Nothing more will be read from it.
    pub(super) is_at_end: bool,
    alpn_offered: Vec<String>,
}

impl Secured {
    pub(super) fn new(connection: ServerConnection, alpn_offered: Vec<String>) -> Secured {
        Secured { connection, owed: 0, is_handshaking: true, in_vain: 0, is_at_end: false, alpn_offered }
    }

    /// Has the connection take in bytes that were read already.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            self.connection.read_tls(&mut bytes).map_err(|error| Error::General(error.to_string()))?;
            self.connection.process_new_packets()?;
        }
        Ok(())
    }

    /// Whether everything that was enciphered has left.
    pub(super) fn flush(&mut self, carrier: &mut impl Write) -> io::Result<bool> {
        while self.connection.wants_write() {
            match self.connection.write_tls(carrier) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    pub(super) fn info(&self) -> TlsInfo {
        let connection = &self.connection;
        let mut cipher_suite = String::new();
        if let Some(suite) = connection.negotiated_cipher_suite() {
            let _ = write!(cipher_suite, "{:?}", suite.suite());
        }
        TlsInfo {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => TlsVersion::Tls12,
                _ => TlsVersion::Tls13,
            },
            cipher_suite,
            server_name: connection.server_name().map(str::to_owned),
            alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            alpn_offered: self.alpn_offered.clone(),
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            client: connection.peer_certificates().and_then(<[_]>::first).map(identity),
        }
    }
}

/// Notices whether a read took everything that was there.
pub(super) struct Counted<'a, C> {
    pub(super) carrier: &'a mut C,
    pub(super) is_short: bool,
}

impl<C: Read> Read for Counted<'_, C> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let length = self.carrier.read(buf)?;
        self.is_short = length < buf.len();
        Ok(length)
    }
}
