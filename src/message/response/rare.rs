//! What few responses have: a reason of their own, faults, shapes, interim responses, a failure.

use bytes::Bytes;
use http::StatusCode;

use crate::message::error::ErrorNote;
use crate::message::fault_at::FaultAt;
use crate::message::field_block::FieldBlock;
use crate::message::shape::Shape;

use super::Response;

#[derive(Debug, Clone, Default)]
pub(crate) struct Rare {
    /// In place of the standard phrase.
    pub(in crate::message) reason: Option<Bytes>,
    /// Names of fields that the server must not add.
    pub(super) omitted: Vec<Bytes>,
    /// Instead of everything else.
    fault: Option<FaultAt>,
    /// Why this response fails the test, if it does.
    failure: Option<Failing>,
    /// In place of the whole status line, without its line end.
    pub(in crate::message) status_line: Option<Bytes>,
    /// Interim responses that go first, complete.
    pub(in crate::message) interims: Vec<Bytes>,
    /// Fields behind the last chunk.
    pub(in crate::message) trailers: FieldBlock,
    /// What it does beside being sent.
    pub(in crate::message) shapes: Vec<Shape>,
    /// The status says that there is no answer, and stays whatever a tuple around it says.
    is_settled: bool,
    /// An error whose page is still to be made.
    pub(in crate::message) error: Option<ErrorNote>,
    /// What the page of an error says.
    pub(in crate::message) error_message: Option<String>,
}

/// How a response fails the test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failing {
    /// The handler returned this error.
    Error(String),
    /// A sequence had nothing left for this hit.
    Exhausted(String),
}

impl Response {
    pub(in crate::message) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether it has anything of this file: a quick look, for the many that have not.
    pub(crate) fn is_rare(&self) -> bool {
        self.rare.is_some()
    }

    pub(crate) fn reason_phrase(&self) -> Option<&[u8]> {
        self.rare.as_ref()?.reason.as_deref()
    }

    pub(crate) fn stands_for(&self) -> Option<&FaultAt> {
        self.rare.as_ref()?.fault.as_ref()
    }

    pub(crate) fn given_status_line(&self) -> Option<&[u8]> {
        self.rare.as_ref()?.status_line.as_deref()
    }

    pub(crate) fn interims(&self) -> &[Bytes] {
        self.rare.as_ref().map_or(&[], |rare| &rare.interims)
    }

    pub(crate) fn trailers(&self) -> Option<&FieldBlock> {
        self.rare.as_ref().map(|rare| &rare.trailers)
    }

    /// Whether it is sent and no more: nothing goes wrong, nothing waits, nothing goes ahead of it.
    pub(crate) fn is_plain(&self) -> bool {
        self.rare.as_ref().is_none_or(|rare| rare.shapes.is_empty() && rare.fault.is_none() && rare.interims.is_empty())
    }

    /// What it does beside being sent, to be changed; `None` if that is nothing.
    pub(crate) fn shapes_mut(&mut self) -> Option<&mut Vec<Shape>> {
        self.rare.as_mut().map(|rare| &mut rare.shapes).filter(|shapes| !shapes.is_empty())
    }

    pub(crate) fn take_failure(&mut self) -> Option<Failing> {
        self.rare.as_mut()?.failure.take()
    }

    /// What stands for a fault: that happens, and nothing of a response is sent.
    pub(crate) fn with_fault(fault: impl Into<FaultAt>) -> Response {
        let mut response = Response::with_status(StatusCode::OK, Bytes::new());
        response.rare().fault = Some(fault.into());
        response
    }

    /// A response that fails the test, and says why.
    pub(crate) fn failing(reason: Failing) -> Response {
        let (Failing::Error(text) | Failing::Exhausted(text)) = &reason;
        let mut response = Response::text(text.as_str()).with_code(StatusCode::INTERNAL_SERVER_ERROR);
        response.rare().failure = Some(reason);
        response.settled()
    }

    /// Keeps its status in a tuple with another one.
    pub(crate) fn settled(mut self) -> Response {
        self.rare().is_settled = true;
        self
    }

    /// The status of a tuple, unless what stands beside it is no answer: `(201, Err(..))` is 500 and not 201.
    pub(crate) fn with_tuple_status(self, status: StatusCode) -> Response {
        if self.rare.as_ref().is_some_and(|rare| rare.is_settled) { self } else { self.with_code(status) }
    }

    pub(crate) fn omits(&self, name: &str) -> bool {
        self.rare
            .as_ref()
            .is_some_and(|rare| rare.omitted.iter().any(|found| found.eq_ignore_ascii_case(name.as_bytes())))
    }
}
