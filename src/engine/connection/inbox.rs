//! What has arrived and waits to be used, and who takes the body of a request as it arrives.

use std::io;

use crate::message::body::Sink;

/// What was read and not used yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
}

impl Inbox {
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn advance(&mut self, used: usize) {
        self.start += used;
        if self.start >= self.bytes.len() {
            // An idle connection holds no buffer.
            *self = Inbox::default();
        }
    }
}

/// The body of a request that is being answered already.
#[derive(Debug)]
pub(super) struct Inflow {
    sink: Box<dyn Sink>,
    /// So many bytes of the body are still to come.
    left: u64,
    last: Flow,
}

/// How far an inflow got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Everything that is there was taken.
    Dry,
    /// There is no room for now.
    Full,
    /// No more is to come, or nobody wants more.
    Over,
}

impl Inflow {
    pub(super) fn new(sink: Box<dyn Sink>, left: u64) -> Inflow {
        Inflow { sink, left, last: Flow::Dry }
    }

    /// Whether it waits for the client.
    pub(super) fn is_dry(&self) -> bool {
        self.last == Flow::Dry
    }

    pub(super) fn is_incomplete(&self) -> bool {
        self.left > 0
    }

    /// Passes on as much of the inbox as there is room for.
    pub(super) fn take_from(&mut self, inbox: &mut Inbox) -> Flow {
        self.last = self.pass_on(inbox);
        self.last
    }

    fn pass_on(&mut self, inbox: &mut Inbox) -> Flow {
        while self.left > 0 {
            let unread = inbox.unread();
            let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(unread.len());
            if wanted == 0 {
                return Flow::Dry;
            }
            match self.sink.write(&unread[..wanted]) {
                Ok(taken) => {
                    self.left -= taken as u64;
                    inbox.advance(taken);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Flow::Full,
                Err(_) => return Flow::Over,
            }
        }
        Flow::Over
    }
}
