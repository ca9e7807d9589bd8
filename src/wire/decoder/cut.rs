//! Requests that end before their end, because something goes wrong on purpose.

use crate::message::request::{Content, Request};
use crate::wire::Dialect;

use super::{Decoder, State, Step, exchange_of_part, unparsed};

impl Decoder {
    /// Ends a request in its head: after so many bytes, but not before the first, or where the head ends. `step` is what the
    /// decoder said last, `rest` the input that it left. What was cut is a request with what it has up to there; without a
    /// cut the step stays what it was.
    pub(crate) fn cut_head(&mut self, step: Step, rest: &[u8], after: usize) -> Step {
        match step {
            Step::NeedMore => match std::mem::take(&mut self.state) {
                State::Head => {
                    let head = self.head_so_far(rest);
                    if !self.is_amid(rest) || head.len() < after.max(1) {
                        return Step::NeedMore;
                    }
                    let head = &head[..after.min(head.len())];
                    let exchange = exchange_of_part(head);
                    let request = Request::of_parts(unparsed(head), Content::default());
                    (self.state, self.outline, self.reader) = (State::Over, None, None);
                    Step::Request(request, exchange)
                }
                // The head was there before it was known that it would be cut.
                State::Body(pending) => {
                    self.state = State::Over;
                    Step::Request(with_head_cut(pending.request, after), pending.exchange)
                }
                state => {
                    self.state = state;
                    Step::NeedMore
                }
            },
            Step::Head { request, exchange, .. } | Step::Request(request, exchange) => {
                self.state = State::Over;
                Step::Request(with_head_cut(request, after), exchange)
            }
            // However it was cut into pieces: with smaller ones it would have ended before it was found to be bad.
            Step::Refused { request, exchange, .. } if request.head().raw.len() >= after.max(1) => {
                Step::Request(with_head_cut(request, after), exchange)
            }
            Step::Refused { .. } | Step::HangUp => step,
        }
    }

    /// The same in the body of a request: after so many bytes of it, decoded, or where it ends.
    pub(crate) fn cut_body(&mut self, step: Step, after: u64) -> Step {
        match step {
            Step::NeedMore => match std::mem::take(&mut self.state) {
                State::Body(pending) if pending.body.collected() as u64 >= after => {
                    self.state = State::Over;
                    Step::Request(
                        pending.request.with_content(content_cut(pending.body.finish(), after)),
                        pending.exchange,
                    )
                }
                state => {
                    self.state = state;
                    Step::NeedMore
                }
            },
            Step::Request(request, exchange) => Step::Request(with_body_cut(request, after), exchange),
            Step::Refused { request, exchange, .. } if after > 0 && request.body().len() as u64 >= after => {
                Step::Request(with_body_cut(request, after), exchange)
            }
            Step::Head { .. } | Step::Refused { .. } | Step::HangUp => step,
        }
    }

    /// Whether nothing that follows can be understood.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// What has come of a head, without the empty lines before it.
    fn head_so_far<'i>(&self, rest: &'i [u8]) -> &'i [u8] {
        match &self.outline {
            Some(outline) if self.dialect == Dialect::Rfc9112 => outline.head(rest),
            _ => rest,
        }
    }
}

fn with_head_cut(request: Request, after: usize) -> Request {
    match request.head().raw.get(..after) {
        Some(part) if part.len() < request.head().raw.len() => Request::of_parts(unparsed(part), Content::default()),
        _ => request.with_content(Content::default()),
    }
}

fn with_body_cut(request: Request, after: u64) -> Request {
    if request.body().len() as u64 >= after {
        let content = Content { bytes: request.body_bytes(), chunked: request.chunked().cloned().map(Box::new) };
        request.with_content(content_cut(content, after))
    } else {
        request
    }
}

/// What had come when so many bytes had come: chunks that had begun, and no trailers, which follow the last byte.
fn content_cut(mut content: Content, after: u64) -> Content {
    content.bytes.truncate(usize::try_from(after).unwrap_or(usize::MAX));
    if let Some(chunked) = &mut content.chunked {
        let mut before = 0_u64;
        chunked.sizes.retain(|&size| {
            let has_begun = before < after;
            before = before.saturating_add(size as u64);
            has_begun
        });
        chunked.trailers.clear();
    }
    content
}
