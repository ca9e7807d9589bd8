//! Requests whose handler reads the body while it arrives, and answers when it likes.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::message::body::ChunkSink;
use crate::message::delivery::{Ended, Receipt};
use crate::message::request::{Content, Head, Request};
use crate::plan::{End, Plan};
use crate::wire::decoder::Step;
use crate::wire::refusal::Refusal;

use super::super::sending::{Progress, Sending};
use super::super::{Hands, Later, Reply};
use super::exchange::{Framed, leave};
use super::{Connection, Received, Scratch, TURNS};

/// A handler that is at work on a request whose body is arriving.
#[derive(Debug)]
pub(super) struct Streaming {
    framed: Framed,
    receipt: Arc<dyn Receipt>,
    /// Where the handler leaves its answer.
    answer: Arc<Mutex<Option<Reply>>>,
    /// `None` once all was passed on, or nobody wants more.
    sink: Option<Box<dyn ChunkSink>>,
    /// What has come of the body, once it has ended.
    ended: Option<Content>,
    /// Why it ended too early.
    broken: Option<Refusal>,
    /// So many bytes of it were passed on.
    passed: usize,
    /// The chunk they end in, and where that ends in the body.
    chunk: usize,
    chunk_end: usize,
    /// There is no room for more.
    is_full: bool,
}

impl Streaming {
    /// Passes on as much of the body as there is room for.
    fn pass_on(&mut self, bytes: &[u8], sizes: Option<&[usize]>) {
        self.is_full = false;
        while let Some(sink) = &mut self.sink {
            if let Some(sizes) = sizes {
                while self.passed >= self.chunk_end && self.chunk < sizes.len() {
                    self.chunk_end = self.chunk_end.saturating_add(sizes[self.chunk]);
                    self.chunk += 1;
                }
            }
            let end = if sizes.is_some() { self.chunk_end.min(bytes.len()) } else { bytes.len() };
            if self.passed >= end {
                return;
            }
            match sink.write(&bytes[self.passed..end], sizes.is_none() || end == self.chunk_end) {
                Ok(taken) => self.passed += taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_full = true;
                    return;
                }
                // The handler wants no more.
                Err(_) => self.sink = None,
            }
        }
    }

    /// After everything was passed on: says how the body ended.
    fn end_sink(&mut self) {
        let Some(mut sink) = self.sink.take() else { return };
        sink.end(self.broken.map(|refusal| {
            let kind = match refusal {
                Refusal::BodyCutShort => io::ErrorKind::UnexpectedEof,
                Refusal::TooSlow => io::ErrorKind::TimedOut,
                _ => io::ErrorKind::InvalidData,
            };
            io::Error::new(kind, refusal.text())
        }));
    }
}

impl Connection {
    /// Has the handler run on a thread of its own, and lets the body flow to it. A client that waits for leave gets it at once.
    pub(super) fn begin_streaming(
        &mut self,
        later: Later,
        mut framed: Framed,
        scratch: &mut Scratch,
        hands: &Hands<'_>,
    ) -> Progress {
        let Later { handler, mut sink, receipt } = later;
        let exchange = framed.exchange;
        let gives_leave = std::mem::take(&mut framed.gives_leave);
        sink.wake_with((hands.wake)());
        let answer = Arc::new(Mutex::new(None));
        let (place, wake) = (answer.clone(), (hands.wake)());
        (hands.run)(self.port.in_lifeline(Box::new(move || {
            let reply = handler();
            *place.lock() = Some(reply);
            wake();
        })));
        self.streaming = Some(Box::new(Streaming {
            framed,
            receipt,
            answer,
            sink: Some(sink),
            ended: None,
            broken: None,
            passed: 0,
            chunk: 0,
            chunk_end: 0,
            is_full: false,
        }));
        // It stands for the request, which was written down and is gone.
        let nameless = Request::of_parts(Head::default(), Content::default());
        let step = self.decoder.collect(nameless, exchange, &self.port.settings.reading.limits);
        self.note_body(step);
        // Nobody is asked for a body that is too large.
        let is_awaited = self.streaming.as_ref().is_some_and(|streaming| streaming.ended.is_none());
        if gives_leave && is_awaited {
            let interim = Plan::one(leave(), End::Keep);
            return self.send(Sending::new(interim, None, Ended::KeptOpen), scratch, hands);
        }
        Progress::Done(End::Keep)
    }

    /// Passes on what has come of the body, and replies if the handler has answered.
    pub(super) fn go_on_streaming(&mut self, scratch: &mut Scratch, hands: &Hands<'_>) -> Progress {
        for _ in 0..TURNS {
            let Some(streaming) = &mut self.streaming else { return Progress::Done(End::Keep) };
            let reply = streaming.answer.lock().take();
            if let Some(reply) = reply {
                return self.reply_to_stream(reply, scratch, hands);
            }
            let Some(content) = streaming.ended.take() else {
                if let Some((bytes, sizes)) = self.decoder.body_so_far() {
                    streaming.pass_on(bytes, sizes);
                }
                if streaming.is_full {
                    return Progress::Waiting;
                }
                match self.receive_once(scratch) {
                    Received::Step(step) => self.note_body(step),
                    Received::Nothing => return Progress::Waiting,
                    Received::Gone => return Progress::Gone,
                    Received::Unreadable => {
                        self.leave_streaming();
                        self.linger();
                        return Progress::Done(End::Keep);
                    }
                    Received::End => {
                        let inbox = std::mem::take(&mut self.inbox);
                        let step = self.decoder.end(inbox.unread(), &self.port.settings.reading);
                        self.note_body(step.unwrap_or(Step::HangUp));
                    }
                }
                continue;
            };
            streaming.pass_on(&content.bytes, content.chunked.as_ref().map(|chunked| &*chunked.sizes));
            streaming.ended = Some(content);
            if streaming.is_full {
                return Progress::Waiting;
            }
            streaming.end_sink();
            // All of it was passed on; what comes next waits for the answer.
            let is_answered = self.streaming.as_ref().is_some_and(|streaming| streaming.answer.lock().is_some());
            if !is_answered {
                return Progress::Waiting;
            }
        }
        Progress::Paused
    }

    /// Looks at what is there already, or reads once: more would be in memory while nobody wants it.
    fn receive_once(&mut self, scratch: &mut Scratch) -> Received {
        if !self.inbox.unread().is_empty() {
            let inbox = std::mem::take(&mut self.inbox);
            let (used, step) = self.decode(inbox.unread(), &mut scratch.recent);
            self.inbox = inbox;
            self.inbox.advance(used);
            if used > 0 || !matches!(step, Step::NeedMore) {
                return Received::Step(step);
            }
        }
        if !self.at_end && !self.drained {
            match self.read_more(scratch) {
                Ok(0) => {}
                Ok(length) => {
                    self.body_progress += length;
                    self.inbox.push(&scratch.buffer[..length]);
                    // A read may stop short of what is there, as at an urgent byte.
                    self.drained = false;
                    return Received::Step(Step::NeedMore);
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Received::Unreadable,
                Err(_) => return Received::Gone,
            }
        }
        if self.at_end { Received::End } else { Received::Nothing }
    }

    /// What the decoder says of the body, if it ends with that.
    fn note_body(&mut self, step: Step) {
        let (content, broken) = match step {
            Step::Request(request, _) => (request.into_content(), None),
            Step::Refused { request, refusal, .. } => (request.into_content(), Some(refusal)),
            Step::HangUp => (Content::default(), Some(Refusal::BodyCutShort)),
            Step::NeedMore | Step::Head { .. } => return,
        };
        self.may_have_more |= broken.is_some();
        let Some(streaming) = &mut self.streaming else { return };
        streaming.receipt.received(content.clone());
        (streaming.ended, streaming.broken) = (Some(content), broken);
    }

    /// The body takes too long: whoever reads it learns so. Whether there is such a body.
    pub(super) fn give_up_streaming(&mut self) -> bool {
        if self.has_streamed() {
            return false;
        }
        self.inbox = super::Inbox::default();
        let step = self.decoder.give_up(&[], Refusal::TooSlow);
        self.note_body(step.unwrap_or(Step::HangUp));
        self.due = None;
        true
    }

    /// The handler has answered. If the body is not complete, what is left of it is thrown away, and the connection ends.
    fn reply_to_stream(&mut self, mut reply: Reply, scratch: &mut Scratch, hands: &Hands<'_>) -> Progress {
        // A body that is there belongs to the request, whoever was faster.
        for _ in 0..TURNS {
            if self.has_streamed() {
                break;
            }
            match self.receive_once(scratch) {
                Received::Step(step) => self.note_body(step),
                Received::Nothing | Received::End | Received::Gone | Received::Unreadable => break,
            }
        }
        if !self.has_streamed() {
            let step = self.decoder.give_up(&[], Refusal::BodyCutShort);
            self.note_body(step.unwrap_or(Step::HangUp));
        }
        // The time was for the body.
        self.due = None;
        let Some(streaming) = self.streaming.take() else { return Progress::Gone };
        reply.response.close |= streaming.broken.is_some();
        self.reply(reply, streaming.framed, scratch, hands)
    }

    /// Whether the body has come to an end.
    fn has_streamed(&self) -> bool {
        self.streaming.as_ref().is_none_or(|streaming| streaming.ended.is_some())
    }

    /// The connection ends: whoever waits for the body learns how much came.
    pub(super) fn leave_streaming(&mut self) {
        if !self.has_streamed() {
            let step = self.decoder.give_up(&[], Refusal::BodyCutShort);
            self.note_body(step.unwrap_or(Step::HangUp));
        }
        let Some(mut streaming) = self.streaming.take() else { return };
        let why = self.why_gone();
        streaming.receipt.sent(0, Some(why));
        if why == Ended::ClientGone {
            // As far as there is room for what has come: nobody will read it to its end anyway.
            if let Some(content) = streaming.ended.take() {
                streaming.pass_on(&content.bytes, content.chunked.as_ref().map(|chunked| &*chunked.sizes));
            }
            if streaming.is_full {
                streaming.broken = Some(Refusal::BodyCutShort);
            }
            streaming.end_sink();
        }
    }

    /// Whether the client is asked for more of a body that is streamed.
    pub(super) fn awaits_more_to_stream(&self) -> bool {
        self.streaming.as_ref().is_some_and(|streaming| streaming.ended.is_none() && !streaming.is_full)
    }
}
