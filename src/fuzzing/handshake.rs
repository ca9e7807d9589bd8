//! Connections to a server that speaks TLS, by clients that mostly do not.

use std::sync::{Arc, LazyLock};
use std::time::UNIX_EPOCH;

use super::{choice, cut};
use crate::message::delivery::{Client, ClosedBy};
use crate::tls::options::Tls;
use crate::tls::session::Session;
use crate::tls::session::in_memory::InMemory;
use crate::tls::shown::Shown;

/// More turns than any input needs.
const TURNS: usize = 10_000;

static KINDS: LazyLock<[Arc<Shown>; 4]> = LazyLock::new(|| {
    let shown = |tls, as_http_server| Shown::new(tls, None, as_http_server).expect("it can speak TLS");
    [
        shown(Tls::new(), false),
        shown(Tls::new(), true),
        shown(Tls::new().require_client_certificate(), false),
        shown(Tls::new().accept_plain_http(), false),
    ]
});

/// Any bytes in place of a handshake: nothing of them is read as HTTP unless plain HTTP is spoken too, and then all of them are; the client
/// gets records of TLS or an answer in the clear; and it ends.
pub fn handshake(data: &[u8]) {
    let (kind, input) = choice(data);
    let (place, input) = choice(input);
    let shown = &KINDS[kind % KINDS.len()];
    let client = Arc::new(Client::new(1, None, UNIX_EPOCH, None));
    let mut session = Session::new(shown.clone(), client.clone(), None, Box::new(|| ()));
    let mut carrier =
        InMemory { sent: cut(input, place).map(<[u8]>::to_vec).into(), is_finished: true, ..InMemory::new() };
    carrier.sent.retain(|piece| !piece.is_empty());

    let (mut read, mut buf, mut is_over) = (Vec::new(), [0; 512], false);
    let ended = (0..TURNS).any(|_| match session.read(&mut carrier, &mut buf) {
        Ok(0) => true,
        // What comes after an error is no more than that something came.
        Ok(length) => {
            if !is_over {
                read.extend_from_slice(&buf[..length]);
            }
            false
        }
        Err(_) => {
            is_over = true;
            false
        }
    });
    assert!(ended, "it goes on for ever");
    session.finish(&mut carrier, ClosedBy::Server);

    let is_plain = shown.takes_plain_http() && input.first().is_some_and(|first| *first != 22);
    assert_eq!(read, if is_plain { input } else { &[] }, "{:?}", client.tls());
    let mut got = &carrier.got[..];
    while let [20..=23, 3, 1..=4, high, low, rest @ ..] = got {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        assert!(length <= rest.len(), "half a record: {}", carrier.got.escape_ascii());
        got = &rest[length..];
    }
    assert!(got.is_empty() || got.starts_with(b"HTTP/1.1 400 Bad Request\r\nDate: "), "{}", carrier.got.escape_ascii());
}
