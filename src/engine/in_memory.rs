//! A connection whose client is a list of bytes: the engine without a socket, for fuzzing.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;

use mio::{Interest, Registry, Token};
use parking_lot::Mutex;

use super::connection::{self, Connection, Fate, Scratch};
use super::slots::Heard;
use super::transport::Transport;
use super::{Hands, Port, Service, Settings};

/// The client. Each piece comes by itself, and after the last one it sends no more.
#[derive(Debug)]
struct Client {
    pieces: VecDeque<Vec<u8>>,
    /// The current piece was read.
    is_dry: bool,
    got: Vec<u8>,
}

impl Transport for Client {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.is_dry {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let Some(piece) = self.pieces.front_mut() else { return Ok(0) };
        let length = piece.len().min(buf.len());
        buf[..length].copy_from_slice(&piece[..length]);
        piece.drain(..length);
        if piece.is_empty() {
            self.pieces.pop_front();
            self.is_dry = !self.pieces.is_empty();
        }
        Ok(length)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.got.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        slices.iter().try_fold(0, |written, slice| Ok(written + self.write(slice)?))
    }

    fn shutdown(&mut self, _: Shutdown) -> io::Result<()> {
        Ok(())
    }

    fn prepare_reset(&mut self) {}

    fn has_departed(&mut self, _: bool) -> bool {
        true
    }

    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }
}

/// What a client gets that sends these pieces, one after the other, and then no more. Panics if the connection neither goes on
/// nor ends; nothing may be served that waits.
pub(crate) fn converse(service: Arc<dyn Service>, settings: &Settings, pieces: &[&[u8]]) -> Vec<u8> {
    let told = service.accepted(None, connection::now());
    let port = Port::new(service, settings.clone(), None);
    let pieces: VecDeque<Vec<u8>> =
        pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| piece.to_vec()).collect();
    let (mut left, most) = (pieces.len(), 1_000 + pieces.iter().map(Vec::len).sum::<usize>());
    let client = Arc::new(Mutex::new(Client { pieces, is_dry: false, got: Vec::new() }));
    let mut connection = Connection::new(Arc::new(port), client.clone(), told);
    let mut scratch = Scratch::new();
    let hands = Hands { before_user_code: &|| (), wake: &|| Arc::new(|| ()), run: &|task| task() };
    for _ in 0..most {
        match connection.run(Heard::Nothing, &mut scratch, &hands) {
            Fate::Close => return std::mem::take(&mut client.lock().got),
            Fate::Yield => {}
            Fate::Wait { .. } => {
                let mut client = client.lock();
                client.is_dry = false;
                // The end of what it sends must end the connection.
                assert!(
                    client.pieces.len() < left || left > 0,
                    "the connection waits for a client that has sent all: {client:?}"
                );
                left = left.saturating_sub(1);
            }
        }
    }
    panic!("the connection never ends: {:?}", client.lock());
}
