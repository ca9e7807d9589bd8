//! One connection's TLS: what the client sends in, HTTP out, and back. It never blocks, and knows its carrier by reads and writes.

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use rustls::Error;
use rustls::server::{Accepted, Acceptor};

use crate::message::delivery::{Client, ClosedBy};
use crate::message::quoted::quoted;

use super::fault::TlsFault;
use super::shown::Shown;
use said::{HANDSHAKE_FAILURE, NO_TLS, Reason, TLS_ONLY, bad_request, hung_up, unfinished};
use secured::{Counted, Secured};

#[cfg(any(test, fuzzing))]
pub(crate) mod in_memory;
mod said;
mod secured;
#[cfg(test)]
mod tests;

/// So much is enciphered at a time: a few records.
pub(crate) const PIECE: usize = 32 << 10;

/// So many bytes without anything to read in them are no handshake and no record that anybody sends in earnest.
const MOST_IN_VAIN: usize = 256 << 10;

/// The first byte of a TLS connection: a record of the handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// The TLS of one connection.
pub(crate) struct Session {
    shown: Arc<Shown>,
    client: Arc<Client>,
    state: State,
    /// By which the client has reached us, if that decides what it is shown.
    address: Option<IpAddr>,
    /// What goes wrong on purpose.
    fault: Option<TlsFault>,
    /// The connection does not end with `close_notify`.
    leaves_silently: bool,
    wants_reset: bool,
    /// Called before the arithmetic of a handshake.
    before_work: Box<dyn Fn() + Send>,
}

enum State {
    /// The client's first message is not complete.
    Hello {
        acceptor: Box<Acceptor>,
        has_begun: bool,
    },
    Secured(Box<Secured>),
    /// It is not TLS; this was read already.
    Plain(Vec<u8>),
    /// The client waits for an answer that never comes.
    Stalled,
    /// Nothing is deciphered any more; `is_told` once a read has failed for that.
    Over {
        is_told: bool,
    },
    /// As if the client had sent nothing more.
    Ended,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(
        shown: Arc<Shown>,
        client: Arc<Client>,
        address: Option<IpAddr>,
        before_work: Box<dyn Fn() + Send>,
    ) -> Session {
        let state = State::Hello { acceptor: Box::default(), has_begun: false };
        Session { shown, client, state, address, fault: None, leaves_silently: false, wants_reset: false, before_work }
    }

    /// Reads what the client has to say over HTTP. 0 at its end; an error of the kind `InvalidData` if nothing can be read any more:
    /// what reads give after that is to be thrown away.
    pub(crate) fn read(&mut self, carrier: &mut (impl Read + Write), buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.state {
                State::Hello { .. } => self.hear_hello(carrier)?,
                State::Secured(_) => return self.decipher(carrier, buf),
                State::Plain(read) if read.is_empty() => return carrier.read(buf),
                State::Plain(read) => {
                    let length = read.len().min(buf.len());
                    buf[..length].copy_from_slice(&read[..length]);
                    read.drain(..length);
                    // Less than was asked for means that there is no more.
                    return Ok(length + carrier.read(&mut buf[length..]).unwrap_or(0));
                }
                // What comes is left where it is.
                State::Stalled => return Err(io::ErrorKind::WouldBlock.into()),
                State::Over { is_told: true } => {
                    let length = carrier.read(buf)?;
                    buf[..length].fill(0);
                    return Ok(length);
                }
                State::Over { is_told } => {
                    *is_told = true;
                    return Err(io::ErrorKind::InvalidData.into());
                }
                State::Ended => return Ok(0),
            }
        }
    }

    /// Enciphers and sends. What counts as written has left for the carrier entirely; after less, the same bytes are to come again.
    pub(crate) fn write(&mut self, carrier: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        let secured = match &mut self.state {
            State::Secured(secured) => secured,
            // In the clear on purpose, or because nothing has been agreed upon yet.
            State::Plain(_) | State::Hello { .. } => return carrier.write(bytes),
            State::Stalled | State::Over { .. } | State::Ended => return Err(io::ErrorKind::BrokenPipe.into()),
        };
        let mut written = 0;
        loop {
            match secured.flush(carrier) {
                Ok(true) => {}
                // The next call tells why.
                _ if written > 0 => return Ok(written),
                Ok(false) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(error) => return Err(error),
            }
            let paid = secured.owed.min(bytes.len() - written);
            secured.owed -= paid;
            written += paid;
            if written == bytes.len() {
                return Ok(written);
            }
            let piece = &bytes[written..];
            secured.owed = secured.connection.writer().write(&piece[..piece.len().min(PIECE)])?;
        }
    }

    /// Nothing more will be written, because of this side.
    pub(crate) fn finish(&mut self, carrier: &mut impl Write, by: ClosedBy) {
        match &mut self.state {
            State::Hello { has_begun: true, .. } => self.note(&unfinished(), Some(by)),
            State::Secured(secured) if secured.is_handshaking => self.note(&unfinished(), Some(by)),
            State::Secured(secured) if !self.leaves_silently => {
                self.leaves_silently = true;
                secured.connection.send_close_notify();
                // What the client does not take now is left to who asks whether something is owed.
                let _ = secured.flush(carrier);
            }
            _ => {}
        }
    }

    /// Sends what is still to be sent. Whether all has left, or never will.
    pub(crate) fn flush(&mut self, carrier: &mut impl Write) -> bool {
        let State::Secured(secured) = &mut self.state else { return true };
        secured.flush(carrier).unwrap_or(true)
    }

    /// It will end without a word.
    pub(crate) fn leave_silently(&mut self) {
        self.leaves_silently = true;
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        match &self.state {
            State::Hello { .. } => true,
            State::Secured(secured) => secured.is_handshaking,
            _ => false,
        }
    }

    pub(crate) fn is_stalled(&self) -> bool {
        matches!(self.state, State::Stalled)
    }

    /// Whether the next read gives something without the carrier.
    pub(crate) fn has_more(&self) -> bool {
        match &self.state {
            State::Secured(secured) => secured.is_at_end,
            State::Over { is_told } => !is_told,
            State::Ended => true,
            State::Hello { .. } | State::Plain(_) | State::Stalled => false,
        }
    }

    /// Whether something waits for the carrier that no write asks for: a part of the handshake.
    pub(crate) fn owes(&self) -> bool {
        matches!(&self.state, State::Secured(secured) if secured.connection.wants_write())
    }

    /// Whether the connection is to be reset; said once.
    pub(crate) fn wants_reset(&mut self) -> bool {
        std::mem::take(&mut self.wants_reset)
    }

    fn hear_hello(&mut self, carrier: &mut (impl Read + Write)) -> io::Result<()> {
        let State::Hello { acceptor, has_begun } = &mut self.state else { return Ok(()) };
        let mut piece = [0; 4 << 10];
        let length = carrier.read(&mut piece)?;
        let mut rest = &piece[..length];
        let Some(&first) = rest.first() else {
            if *has_begun {
                self.note(&"the client closed the connection in its first message".into(), Some(ClosedBy::Client));
            }
            self.state = State::Ended;
            return Ok(());
        };
        if !std::mem::replace(has_begun, true) && first != HANDSHAKE {
            self.hear_no_tls(carrier, rest);
            return Ok(());
        }
        while !rest.is_empty() {
            if let Err(error) = acceptor.read_tls(&mut rest) {
                self.fail(carrier, &error.to_string().into(), &[]);
                return Ok(());
            }
            match acceptor.accept() {
                Ok(None) => {}
                Ok(Some(accepted)) => {
                    self.greet(carrier, accepted, rest);
                    return Ok(());
                }
                Err((error, mut alert)) => {
                    let mut farewell = Vec::new();
                    let _ = alert.write_all(&mut farewell);
                    self.fail(carrier, &Reason::of(&error, &[]), &farewell);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The client does not speak TLS.
    fn hear_no_tls(&mut self, carrier: &mut impl Write, bytes: &[u8]) {
        if self.shown.takes_plain_http() {
            self.state = State::Plain(bytes.to_vec());
            return;
        }
        let shown = quoted(&String::from_utf8_lossy(&bytes[..bytes.len().min(24)]));
        let answer = if bytes[0].is_ascii_uppercase() && self.shown.answers_plain_http() {
            bad_request(TLS_ONLY, self.client.opened)
        } else {
            String::new()
        };
        self.fail(carrier, &format!("the client does not speak TLS: it sent {shown}").into(), answer.as_bytes());
    }

    /// The client's first message is complete; `rest` follows it.
    fn greet(&mut self, carrier: &mut (impl Read + Write), accepted: Accepted, rest: &[u8]) {
        self.fault = self.shown.fault();
        match self.fault {
            Some(TlsFault::HandshakeFailure) => {
                let why = "the server sent the alert HandshakeFailure".into();
                return self.fail_by(ClosedBy::Fault, carrier, &why, HANDSHAKE_FAILURE);
            }
            Some(TlsFault::NoTls) => {
                let (why, answer) =
                    ("the server answered in the clear".into(), bad_request(NO_TLS, self.client.opened));
                return self.fail_by(ClosedBy::Fault, carrier, &why, answer.as_bytes());
            }
            Some(fault @ (TlsFault::Close | TlsFault::Reset)) => {
                self.note(&"the server ended the connection".into(), Some(ClosedBy::Fault));
                self.wants_reset = fault == TlsFault::Reset;
                self.state = State::Ended;
                return;
            }
            Some(TlsFault::Stall) => {
                self.note(&"the server did not answer".into(), None);
                self.state = State::Stalled;
                return;
            }
            Some(TlsFault::NoCloseNotify) => self.leaves_silently = true,
            _ => {}
        }
        let hello = accepted.client_hello();
        let offered = hello.alpn().into_iter().flatten();
        let alpn_offered: Vec<String> = offered.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        (self.before_work)();
        let config = match self.shown.choose(&hello, self.address, self.fault) {
            Ok(config) => config,
            Err(why) => return self.fail(carrier, &why.into(), HANDSHAKE_FAILURE),
        };
        match accepted.into_connection(config) {
            Ok(connection) => {
                let mut secured = Box::new(Secured::new(connection, alpn_offered));
                let fed = secured.feed(rest);
                self.state = State::Secured(secured);
                self.make_progress(carrier, fed);
            }
            Err((error, mut alert)) => {
                let mut farewell = Vec::new();
                let _ = alert.write_all(&mut farewell);
                self.fail(carrier, &Reason::of(&error, &alpn_offered), &farewell);
            }
        }
    }

    /// Something has come: answers to it go out, and what was agreed upon is written down before any request is read.
    fn make_progress(&mut self, carrier: &mut impl Write, fed: Result<(), Error>) {
        let State::Secured(secured) = &mut self.state else { return };
        // Before the client can know it: in TLS 1.2 the last word is ours.
        if secured.is_handshaking && !secured.connection.is_handshaking() {
            secured.is_handshaking = false;
            self.client.tls_agreed(secured.info());
        }
        if let Err(error) = fed {
            // The alert goes out when it is known why.
            let mut farewell = Vec::new();
            while secured.connection.wants_write() && secured.connection.write_tls(&mut farewell).is_ok() {}
            let by = if matches!(error, Error::AlertReceived(_)) { ClosedBy::Client } else { ClosedBy::Server };
            return self.fail_by(by, carrier, &Reason::of(&error, &[]), &farewell);
        }
        // Whether it can be sent shows when there is more to say.
        let _ = secured.flush(carrier);
    }

    fn decipher(&mut self, carrier: &mut (impl Read + Write), buf: &mut [u8]) -> io::Result<usize> {
        let (mut filled, mut is_drained) = (0, false);
        while let State::Secured(secured) = &mut self.state {
            match secured.connection.reader().read(&mut buf[filled..]) {
                Ok(length) if length > 0 => {
                    filled += length;
                    secured.in_vain = 0;
                    if filled == buf.len() {
                        break;
                    }
                    continue;
                }
                // The end, with or without `close_notify`: HTTP knows by itself where messages end.
                Ok(_) => {
                    secured.is_at_end = true;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    secured.is_at_end = true;
                    if secured.is_handshaking {
                        self.note(&hung_up(), Some(ClosedBy::Client));
                    }
                    break;
                }
                Err(_) if secured.in_vain > MOST_IN_VAIN => {
                    self.fail(carrier, &"the client sends records without anything in them".into(), &[]);
                    break;
                }
                Err(_) => {}
            }
            if filled > 0 && is_drained {
                break;
            }
            if secured.connection.wants_write() {
                let _ = secured.flush(carrier);
            }
            let mut counted = Counted { carrier, is_short: false };
            match secured.connection.read_tls(&mut counted) {
                Ok(length) => {
                    is_drained = counted.is_short;
                    secured.in_vain += length;
                }
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
            let fed = secured.connection.process_new_packets().map(|_| ());
            self.make_progress(carrier, fed);
        }
        match self.state {
            State::Over { .. } if filled == 0 => self.read(carrier, buf),
            _ => Ok(filled),
        }
    }

    /// The handshake has failed, if it was not complete. Whoever was said to have closed the connection before has.
    fn note(&self, why: &Reason, closed_by: Option<ClosedBy>) {
        let closed_by = self.client.closed().or(closed_by);
        self.client.tls_failed(why.told(self.fault, self.shown.shows_ours(), closed_by));
    }

    /// Nothing can be read any more, for this reason; the client gets these bytes as they are.
    fn fail(&mut self, carrier: &mut impl Write, why: &Reason, farewell: &[u8]) {
        self.fail_by(ClosedBy::Server, carrier, why, farewell);
    }

    fn fail_by(&mut self, by: ClosedBy, carrier: &mut impl Write, why: &Reason, farewell: &[u8]) {
        // Before the client can see it.
        self.note(why, Some(by));
        self.client.close(by);
        // There is room for a few bytes, or nobody who reads.
        let _ = carrier.write(farewell);
        self.state = State::Over { is_told: false };
    }
}
