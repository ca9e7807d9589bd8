//! Sessions with a client in memory, however the bytes come and go.

use std::io::ErrorKind;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::UNIX_EPOCH;

use rstest::rstest;
use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use crate::message::tls_info::TlsVersion;
use crate::tls::client::client_config;
use crate::tls::options::Tls;

use super::in_memory::InMemory;
use super::*;

struct Pair {
    client: ClientConnection,
    /// How often the server was about to work something out.
    worked: Arc<AtomicUsize>,
    server: Session,
    carrier: InMemory,
    /// What the client sends comes in pieces of this length.
    pieces: usize,
    /// What of the server's the client has seen, and what it could read of it.
    seen: usize,
    got: Vec<u8>,
}

impl Pair {
    fn new(tls: Tls, pieces: usize) -> Pair {
        let config = Arc::new(client_config(None).unwrap());
        let client = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
        let shown = Shown::new(tls, None, false).unwrap();
        let worked = Arc::new(AtomicUsize::new(0));
        let count = worked.clone();
        let before_work = Box::new(move || {
            count.fetch_add(1, Relaxed);
        });
        let server = Session::new(shown, Arc::new(Client::new(1, None, UNIX_EPOCH, None)), None, before_work);
        Pair { client, worked, server, carrier: InMemory::new(), pieces, seen: 0, got: Vec::new() }
    }

    /// What either has to say goes to the other, until neither has; what the server has read by then.
    fn settle(&mut self) -> Vec<u8> {
        let (mut read, mut buf) = (Vec::new(), [0; 100]);
        loop {
            let mut bytes = Vec::new();
            while self.client.wants_write() {
                self.client.write_tls(&mut bytes).unwrap();
            }
            self.carrier.send(&bytes, self.pieces);
            loop {
                match self.server.read(&mut self.carrier, &mut buf) {
                    Ok(0) => return read,
                    Ok(length) => read.extend_from_slice(&buf[..length]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}: {:?}", self.server.client.tls()),
                }
            }
            let mut answer = &self.carrier.got[self.seen..];
            if answer.is_empty() && bytes.is_empty() {
                return read;
            }
            while !answer.is_empty() {
                self.client.read_tls(&mut answer).unwrap();
                self.client.process_new_packets().unwrap();
                // Its end, or nothing more for now.
                let _ = self.client.reader().read_to_end(&mut self.got);
            }
            self.seen = self.carrier.got.len();
        }
    }

    /// What the client has got and can read.
    fn got(&mut self) -> &[u8] {
        self.settle();
        &self.got
    }
}

#[rstest]
fn it_does_not_matter_how_the_bytes_come(
    #[values(1, 2, 3, 5, 16, 100, 4_096, usize::MAX)] pieces: usize,
    #[values(TlsVersion::Tls12, TlsVersion::Tls13)] version: TlsVersion,
) {
    let mut pair = Pair::new(Tls::new().only(version), pieces);
    assert!(pair.server.is_handshaking());
    assert_eq!(pair.settle(), b"");
    assert!(!pair.server.is_handshaking() && pair.server.client.tls().unwrap().is_ok());
    assert_eq!(pair.worked.load(Relaxed), 1);
    let request = b"GET / HTTP/1.1\r\n\r\n".repeat(50);
    pair.client.writer().write_all(&request).unwrap();
    assert_eq!(pair.settle(), request);
    assert_eq!(pair.server.write(&mut pair.carrier, b"hello").unwrap(), 5);
    assert_eq!(pair.got(), b"hello");
    pair.client.send_close_notify();
    pair.settle();
    assert_eq!(pair.server.read(&mut pair.carrier, &mut [0]).unwrap(), 0);
    assert_eq!(pair.worked.load(Relaxed), 1, "only the handshake is work");
}

/// What counts as written has left; what has not is sent once and not twice.
#[rstest]
fn a_carrier_that_takes_little_at_a_time_gets_all_of_it_once(
    #[values(1, 2, 7, 100, 1_000, 16_384, 40_000)] room: usize,
    #[values(1, 10, 1_000, 100_000)] length: usize,
) {
    let mut pair = Pair::new(Tls::new(), usize::MAX);
    pair.settle();
    let message: Vec<u8> = (0..length).map(|at| (at % 251).to_le_bytes()[0]).collect();
    let (mut left, mut refused) = (&message[..], 0);
    while !left.is_empty() {
        pair.carrier.room = room;
        match pair.server.write(&mut pair.carrier, left) {
            Ok(written) => {
                assert!(written > 0);
                left = &left[written..];
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                refused += 1;
            }
        }
        assert!(pair.server.owes() || left.is_empty() || room > 100);
        assert!(refused <= length / room * 2 + 100, "{refused} times in vain");
    }
    assert!(!pair.server.owes(), "all that was written has left");
    pair.carrier.room = usize::MAX;
    assert_eq!(pair.got(), message);
}

#[test]
fn nothing_in_the_clear_is_read_after_the_handshake() {
    let mut pair = Pair::new(Tls::new(), usize::MAX);
    pair.settle();
    pair.carrier.send(b"GET / HTTP/1.1\r\n\r\n", usize::MAX);
    let error = pair.server.read(&mut pair.carrier, &mut [0; 100]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    // Told once; what is read to be thrown away has nothing of what came.
    pair.carrier.send(b"GET / HTTP/1.1\r\n\r\n", usize::MAX);
    let mut buf = [1; 18];
    assert_eq!((pair.server.read(&mut pair.carrier, &mut buf).unwrap(), buf), (18, [0; 18]));
    assert_eq!(pair.server.write(&mut pair.carrier, b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_farewell_is_said_once() {
    let mut pair = Pair::new(Tls::new(), usize::MAX);
    pair.settle();
    pair.server.finish(&mut pair.carrier, ClosedBy::Server);
    let length = pair.carrier.got.len();
    pair.server.finish(&mut pair.carrier, ClosedBy::Server);
    assert_eq!(pair.carrier.got.len(), length);
    pair.settle();
    assert_eq!(pair.client.reader().read(&mut [0]).unwrap(), 0, "the client sees the end");
}

#[test]
fn records_without_anything_in_them_are_read_for_a_while_only() {
    let mut pair = Pair::new(Tls::new(), usize::MAX);
    pair.settle();
    let mut sent = 0;
    let error = loop {
        // New keys, and nothing that they are for.
        pair.client.refresh_traffic_keys().unwrap();
        let mut bytes = Vec::new();
        pair.client.write_tls(&mut bytes).unwrap();
        sent += bytes.len();
        assert!(sent < 2 * MOST_IN_VAIN, "it goes on for ever");
        pair.carrier.send(&bytes, usize::MAX);
        match pair.server.read(&mut pair.carrier, &mut [0]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => break other.unwrap_err(),
        }
    };
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[test]
fn so_are_those_that_rustls_would_read_for_ever() {
    let mut pair = Pair::new(Tls::new(), usize::MAX);
    pair.settle();
    let State::Secured(secured) = &mut pair.server.state else { panic!("it is not secured") };
    secured.in_vain = MOST_IN_VAIN;
    pair.client.writer().write_all(b"a record that has something in it").unwrap();
    assert_eq!(pair.settle(), b"a record that has something in it");
    let State::Secured(secured) = &mut pair.server.state else { panic!("it is not secured") };
    secured.in_vain = MOST_IN_VAIN;
    pair.client.refresh_traffic_keys().unwrap();
    let mut bytes = Vec::new();
    pair.client.write_tls(&mut bytes).unwrap();
    pair.carrier.send(&bytes, usize::MAX);
    let error = pair.server.read(&mut pair.carrier, &mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[test]
fn a_handshake_counts_though_what_follows_it_is_broken() {
    let mut pair = Pair::new(Tls::new(), usize::MAX);
    let turn = |pair: &mut Pair| {
        let mut bytes = Vec::new();
        pair.client.write_tls(&mut bytes).unwrap();
        bytes
    };
    let hello = turn(&mut pair);
    pair.carrier.send(&hello, usize::MAX);
    assert!(pair.server.read(&mut pair.carrier, &mut [0]).is_err());
    let mut answer = &pair.carrier.got[..];
    pair.client.read_tls(&mut answer).unwrap();
    pair.client.process_new_packets().unwrap();
    let last = [turn(&mut pair), turn(&mut pair), b"\x17\x03\x03\x00\x1612345678901234567890xx".to_vec()].concat();
    pair.carrier.send(&last, usize::MAX);
    let error = pair.server.read(&mut pair.carrier, &mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(pair.server.client.tls().unwrap().is_ok());
}

#[test]
fn a_client_that_is_left_waiting_may_send_what_it_likes() {
    let mut pair = Pair::new(Tls::new(), usize::MAX);
    pair.server.shown.break_with(TlsFault::Stall);
    assert_eq!(pair.settle(), b"");
    pair.carrier.send(&[7; 10_000], usize::MAX);
    assert!(pair.server.is_stalled());
    assert_eq!(pair.server.read(&mut pair.carrier, &mut [0; 100]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(pair.carrier.sent.len(), 1, "it is not read");
}

/// Whoever waits for the failure sees with it who has ended the connection.
#[rstest]
#[case::hung_up(b"\x16\x03\x01", None, ClosedBy::Client)]
#[case::lost_patience(b"\x16\x03\x01", Some(ClosedBy::ServerStopped), ClosedBy::ServerStopped)]
#[case::no_tls(b"GET / HTTP/1.1\r\n\r\n", None, ClosedBy::Server)]
fn a_failure_tells_who_ended_it(#[case] sent: &[u8], #[case] left_by: Option<ClosedBy>, #[case] told: ClosedBy) {
    let mut pair = Pair::new(Tls::new(), usize::MAX);
    pair.carrier.send(sent, usize::MAX);
    pair.carrier.is_finished = left_by.is_none();
    let _ = pair.server.read(&mut pair.carrier, &mut [0]);
    if let Some(by) = left_by {
        pair.server.finish(&mut pair.carrier, by);
    }
    let failure = pair.server.client.tls().unwrap().unwrap_err();
    assert_eq!((failure.closed_by, pair.server.client.closed()), (Some(told), Some(told)), "{failure:?}");
}

#[rstest]
#[case(TlsFault::Close, Some(ClosedBy::Fault))]
#[case(TlsFault::Reset, Some(ClosedBy::Fault))]
#[case(TlsFault::NoTls, Some(ClosedBy::Fault))]
#[case(TlsFault::HandshakeFailure, Some(ClosedBy::Fault))]
#[case(TlsFault::Stall, None)]
fn so_does_one_on_purpose(#[case] fault: TlsFault, #[case] told: Option<ClosedBy>) {
    let mut pair = Pair::new(Tls::new(), usize::MAX);
    pair.server.shown.break_with(fault);
    let mut hello = Vec::new();
    pair.client.write_tls(&mut hello).unwrap();
    pair.carrier.send(&hello, usize::MAX);
    let _ = pair.server.read(&mut pair.carrier, &mut [0]);
    let failure = pair.server.client.tls().unwrap().unwrap_err();
    assert_eq!((failure.closed_by, pair.server.client.closed()), (told, told), "{failure:?}");
    assert_eq!(pair.worked.load(Relaxed), 0);
}
