//! TLS between a connection and a client in memory.

use std::io::{ErrorKind, IoSlice, Read as _, Write as _};
use std::net::Shutdown;
use std::time::UNIX_EPOCH;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use super::super::transport::SharedTransport;
use super::super::*;
use super::stage::{Peer, Read};
use crate::tls::client::client_config;
use crate::tls::options::Tls;
use crate::tls::shown::Shown;

struct Pair {
    client: ClientConnection,
    peer: Arc<Mutex<Peer>>,
    transport: SharedTransport,
}

impl Pair {
    /// Both have finished the handshake.
    fn secured() -> Pair {
        let name = ServerName::try_from("localhost").unwrap();
        let client = ClientConnection::new(Arc::new(client_config(None).unwrap()), name).unwrap();
        let peer = Arc::new(Mutex::new(Peer::default()));
        let shown = Shown::new(Tls::new(), None, false).unwrap();
        let transport = shown.secured(peer.clone(), &Arc::new(Client::new(1, None, UNIX_EPOCH, None)), Box::new(|| ()));
        let mut pair = Pair { client, peer, transport };
        while pair.client.is_handshaking() || pair.client.wants_write() {
            pair.pass_on();
            let read = pair.transport.lock().read(&mut [0; 100]);
            assert_eq!(read.unwrap_err().kind(), ErrorKind::WouldBlock);
            pair.take_in();
        }
        pair
    }

    /// What the client has to say goes to the server.
    fn pass_on(&mut self) {
        let mut bytes = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut bytes).unwrap();
        }
        self.peer.lock().reads.push_back(Read::Bytes(bytes));
    }

    /// What the server has sent is read by the client.
    fn take_in(&mut self) {
        let got = std::mem::take(&mut self.peer.lock().got);
        let mut got = &got[..];
        while !got.is_empty() {
            self.client.read_tls(&mut got).unwrap();
            self.client.process_new_packets().unwrap();
        }
    }
}

#[test]
fn the_sending_side_is_closed_when_the_farewell_has_left() {
    let mut pair = Pair::secured();
    // So much as the record of the answer takes, and no byte more.
    let record = 5 + "hello".len() + 1 + 16;
    {
        let mut peer = pair.peer.lock();
        (peer.taken, peer.window) = (0, Some(record));
    }
    assert_eq!(pair.transport.lock().write(b"hello").unwrap(), 5);
    assert!(!pair.transport.lock().owes());
    pair.transport.lock().shutdown(Shutdown::Write).unwrap();
    assert!(pair.transport.lock().owes());
    assert_eq!(pair.peer.lock().shutdowns, []);

    pair.peer.lock().window = None;
    let read = pair.transport.lock().read(&mut [0]);
    assert_eq!(read.unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(!pair.transport.lock().owes());
    assert_eq!(pair.peer.lock().shutdowns, [Shutdown::Write]);
    pair.take_in();
    let mut answer = String::new();
    pair.client.reader().read_to_string(&mut answer).expect("an end, and no truncation");
    assert_eq!(answer, "hello");
}

/// No event of the poller will tell of it.
#[test]
fn an_end_that_came_with_the_last_bytes_is_read_next() {
    let mut pair = Pair::secured();
    pair.client.writer().write_all(b"hello").unwrap();
    pair.client.send_close_notify();
    pair.pass_on();
    assert!(!pair.transport.lock().has_more());
    assert_eq!(pair.transport.lock().read(&mut [0; 100]).unwrap(), 5);
    assert!(pair.transport.lock().has_more());
    assert_eq!(pair.transport.lock().read(&mut [0; 100]).unwrap(), 0);
}

/// Head and body, and bodies that are longer than what is enciphered at a time.
#[test]
fn pieces_arrive_in_their_order_however_long_they_are() {
    for lengths in [[3, 4, 5], [40_000, 0, 9], [10, 100_000, 70_000], [0, 0, 1]] {
        let mut pair = Pair::secured();
        let pieces: Vec<Vec<u8>> = lengths.iter().zip(b"abc").map(|(&length, &byte)| vec![byte; length]).collect();
        let expected = pieces.concat();
        let (mut sent, mut got) = (0, Vec::new());
        while sent < expected.len() {
            let mut skipped = sent;
            let rest: Vec<&[u8]> = pieces
                .iter()
                .map(|piece| {
                    let (skip, rest) = piece.split_at(skipped.min(piece.len()));
                    skipped -= skip.len();
                    rest
                })
                .collect();
            let slices: Vec<IoSlice<'_>> = rest.iter().map(|piece| IoSlice::new(piece)).collect();
            {
                let mut peer = pair.peer.lock();
                (peer.taken, peer.window) = (0, Some(30_000));
            }
            sent += match pair.transport.lock().write_vectored(&slices) {
                Ok(written) => written,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    0
                }
            };
            let records = std::mem::take(&mut pair.peer.lock().got);
            let mut records = &records[..];
            while !records.is_empty() {
                pair.client.read_tls(&mut records).unwrap();
                pair.client.process_new_packets().unwrap();
                // There is no end to read to yet.
                let _ = pair.client.reader().read_to_end(&mut got);
            }
            assert!(sent <= got.len());
        }
        assert_eq!(got, expected);
    }
}
