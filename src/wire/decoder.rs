//! From bytes to requests, one after the other.

use crate::message::field::is_token;
use crate::message::request::{Content, Head, Request};
use crate::message::target::{Target, position};

use super::body::BodyDecoder;
use super::head::{self, Framing, Outline, Parsed};
use super::http_server::{Found, HeadReader};
use super::recent::Recent;
use super::refusal::Refusal;
use super::{Dialect, Exchange, Limits, Reading};

mod cut;

/// Reads the requests of one connection.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    state: State,
    /// By which rules the input was read so far.
    dialect: Dialect,
    /// What is known of a head that did not come at once; boxed, since most connections never need it.
    outline: Option<Box<Outline>>,
    /// The same in the dialect of http.server.
    reader: Option<Box<HeadReader>>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Head,
    /// A head was handed out, and nobody has said yet what is to become of its body.
    Undecided(Framing),
    Body(Box<Pending>),
    /// The body of a request that was answered without it.
    Passing(Box<BodyDecoder>),
    /// A refusal ends the connection: what follows cannot be told apart from it.
    Over,
}

/// A request whose body is still arriving.
#[derive(Debug)]
struct Pending {
    request: Request,
    exchange: Exchange,
    body: BodyDecoder,
}

/// What the input amounts to.
#[derive(Debug)]
#[must_use]
pub(crate) enum Step {
    /// Nothing can be said before more comes.
    NeedMore,
    /// A head is complete and its body follows, or its client waits for leave to send it (`expects_continue`). What becomes
    /// of the body is said by [`Decoder::collect`] or [`Decoder::pass_over`] before anything more is fed.
    Head { request: Request, exchange: Exchange, expects_continue: bool },
    /// A request is complete.
    Request(Request, Exchange),
    /// The request is not to be answered, and nothing after it can be understood.
    Refused { request: Request, refusal: Refusal, exchange: Exchange },
    /// There is no request and no answer: the connection ends.
    HangUp,
}

impl Decoder {
    /// Looks at the input; returns how much of it was used, and what to do. Input that was not used is offered again,
    /// followed by more.
    pub(crate) fn feed(&mut self, input: &[u8], reading: &Reading, recent: &mut Recent) -> (usize, Step) {
        self.dialect = reading.dialect;
        match &mut self.state {
            State::Head => self.feed_head(input, reading, recent),
            State::Undecided(_) => (0, Step::NeedMore),
            State::Passing(body) => match body.feed(input) {
                Ok(used) if body.is_done() => {
                    self.state = State::Head;
                    let (more, step) = self.feed_head(&input[used..], reading, recent);
                    (used + more, step)
                }
                Ok(used) => (used, Step::NeedMore),
                // Where the next request begins cannot be known, and this one was answered.
                Err(_) => {
                    self.state = State::Over;
                    (input.len(), Step::HangUp)
                }
            },
            State::Body(pending) => match pending.body.feed(input) {
                Ok(used) if pending.body.is_done() => (used, self.complete()),
                Ok(used) => (used, Step::NeedMore),
                Err(refusal) => (0, self.refuse_pending(refusal)),
            },
            State::Over => (input.len(), Step::NeedMore),
        }
    }

    /// Follows a [`Step::Head`]: the request is wanted with its body. Says at once if that cannot be.
    pub(crate) fn collect(&mut self, request: Request, exchange: Exchange, limits: &Limits) -> Step {
        let State::Undecided(framing) = std::mem::take(&mut self.state) else { return Step::NeedMore };
        match BodyDecoder::new(framing, limits.body) {
            Ok(body) if body.is_done() => Step::Request(request, exchange),
            Ok(body) => {
                self.state = State::Body(Box::new(Pending { request, exchange, body }));
                Step::NeedMore
            }
            Err(refusal) => {
                self.state = State::Over;
                Step::Refused { request, refusal, exchange }
            }
        }
    }

    /// Follows a [`Step::Head`]: the request is answered without its body, which is dropped as it comes.
    pub(crate) fn pass_over(&mut self) {
        let State::Undecided(framing) = std::mem::take(&mut self.state) else { return };
        let body = BodyDecoder::discarding(framing);
        if !body.is_done() {
            self.state = State::Passing(Box::new(body));
        }
    }

    /// Follows a [`Step::Head`]: somebody else takes the body, and what follows it is not read.
    pub(crate) fn hand_over(&mut self) {
        self.state = State::Over;
    }

    /// After a [`Step::Head`]: how many bytes of a counted body are still to come.
    pub(crate) fn announced(&self) -> u64 {
        match self.state {
            State::Undecided(Framing::Length(length)) => length,
            _ => 0,
        }
    }

    /// The body that is arriving: what has come of it, decoded, and the sizes of its chunks, if it has chunks.
    pub(crate) fn body_so_far(&self) -> Option<(&[u8], Option<&[usize]>)> {
        match &self.state {
            State::Body(pending) => Some(pending.body.so_far()),
            _ => None,
        }
    }

    /// Whether a request has begun and is not complete.
    pub(crate) fn is_amid(&self, input: &[u8]) -> bool {
        match self.state {
            State::Head if self.dialect == Dialect::HttpServer => !input.is_empty(),
            State::Head => input.iter().any(|byte| !matches!(byte, b'\r' | b'\n')),
            State::Body(_) => true,
            State::Undecided(_) | State::Passing(_) | State::Over => false,
        }
    }

    /// Whether the body of a request is arriving.
    pub(crate) fn is_in_body(&self) -> bool {
        matches!(self.state, State::Body(_) | State::Passing(_))
    }

    /// The client sends no more: what is left of its requests, if it amounts to anything. It is acted on as if it came
    /// from [`feed`](Self::feed), and all of the input is used.
    pub(crate) fn end(&mut self, input: &[u8], reading: &Reading) -> Option<Step> {
        self.dialect = reading.dialect;
        if self.dialect == Dialect::HttpServer && matches!(self.state, State::Head) {
            if input.is_empty() {
                return None;
            }
            let (_, step) = self.feed_as_http_server(input, true, reading);
            if matches!(self.state, State::Head) {
                self.state = State::Over;
            }
            return Some(step);
        }
        self.refuse_rest(input, if self.is_in_body() { Refusal::BodyCutShort } else { Refusal::HeadCutShort })
    }

    /// Time is up: the refusal of what was left incomplete.
    pub(crate) fn give_up(&mut self, input: &[u8], refusal: Refusal) -> Option<Step> {
        self.refuse_rest(input, refusal)
    }

    fn refuse_rest(&mut self, input: &[u8], refusal: Refusal) -> Option<Step> {
        if !self.is_amid(input) {
            return None;
        }
        Some(if matches!(self.state, State::Body(_)) {
            self.refuse_pending(refusal)
        } else {
            self.refuse(input, refusal)
        })
    }

    fn feed_head(&mut self, input: &[u8], reading: &Reading, recent: &mut Recent) -> (usize, Step) {
        if input.is_empty() {
            return (0, Step::NeedMore);
        }
        if reading.dialect == Dialect::HttpServer {
            return self.feed_as_http_server(input, false, reading);
        }
        let mut parsed = match self.look_at(input, &reading.limits, recent) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return (0, Step::NeedMore),
            Err(refusal) => return (input.len(), self.refuse(input, refusal)),
        };
        self.outline = None;
        // Who sends the body without waiting needs no leave (RFC 9110, section 10.1.1).
        parsed.expects_continue &= parsed.framing != Framing::Length(0) && input.len() == parsed.length;
        self.hand_out(parsed)
    }

    fn feed_as_http_server(&mut self, input: &[u8], is_all: bool, reading: &Reading) -> (usize, Step) {
        let mut fresh = HeadReader::default();
        let reader = self.reader.as_deref_mut().unwrap_or(&mut fresh);
        match reader.read(input, is_all, reading.protocol) {
            Found::NeedMore => {
                self.reader.get_or_insert_with(|| Box::new(fresh));
                (0, Step::NeedMore)
            }
            Found::Head(parsed) => {
                self.reader = None;
                self.hand_out(parsed)
            }
            Found::Nothing => {
                self.state = State::Over;
                (input.len(), Step::HangUp)
            }
            Found::Refused(refusal, head, exchange) => {
                self.state = State::Over;
                (input.len(), Step::Refused { request: Request::of_parts(head, Content::default()), refusal, exchange })
            }
        }
    }

    fn hand_out(&mut self, parsed: Parsed) -> (usize, Step) {
        let Parsed { head, length, framing, exchange, expects_continue } = parsed;
        let request = Request::of_parts(head, Content::default());
        if framing == Framing::Length(0) && !expects_continue {
            return (length, Step::Request(request, exchange));
        }
        self.state = State::Undecided(framing);
        (length, Step::Head { request, exchange, expects_continue })
    }

    fn look_at(&mut self, input: &[u8], limits: &Limits, recent: &mut Recent) -> Result<Option<Parsed>, Refusal> {
        if self.outline.is_none() {
            if let Some(parsed) = recent.find(input, limits) {
                return Ok(Some(parsed));
            }
            if let Some(parsed) = head::parse_at_once(input, limits)? {
                recent.keep(&parsed, limits);
                return Ok(Some(parsed));
            }
        }
        head::judge(input, self.outline.get_or_insert_default(), limits)
    }

    fn complete(&mut self) -> Step {
        match std::mem::take(&mut self.state) {
            State::Body(pending) => {
                Step::Request(pending.request.with_content(pending.body.finish()), pending.exchange)
            }
            _ => Step::NeedMore,
        }
    }

    fn refuse_pending(&mut self, refusal: Refusal) -> Step {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Body(pending) => {
                let Pending { request, exchange, body } = *pending;
                Step::Refused { request: request.with_content(body.finish()), refusal, exchange }
            }
            _ => Step::NeedMore,
        }
    }

    fn refuse(&mut self, input: &[u8], refusal: Refusal) -> Step {
        self.state = State::Over;
        let mut outline = self.outline.take().unwrap_or_default();
        outline.extend(input);
        let head = outline.head(input);
        let exchange = exchange_of_part(head);
        Step::Refused { request: Request::of_parts(unparsed(head), Content::default()), refusal, exchange }
    }
}

/// So much of a head that cannot be parsed is kept.
const MAX_KEPT: usize = 64 << 10;

/// What can be said of the exchange that a part of a head begins.
fn exchange_of_part(head: &[u8]) -> Exchange {
    Exchange { persistent: false, http11: true, head_only: head.starts_with(b"HEAD "), tunnels: false, bare: false }
}

/// A head that cannot be parsed: its bytes, with method and target where they can be made out.
fn unparsed(head: &[u8]) -> Head {
    let raw: Box<[u8]> = head[..head.len().min(MAX_KEPT)].into();
    let line = raw.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let mut head = Head::default();
    if let [method, target, version] = words[..] {
        if is_token(method) && version.starts_with(b"HTTP/") {
            let (start, end) = (method.len() + 1, method.len() + 1 + target.len());
            head.method = 0..position(method.len());
            head.target = position(start)..position(end);
            head.parts = Target::locate(target, start);
        }
    }
    Head { raw, ..head }
}
