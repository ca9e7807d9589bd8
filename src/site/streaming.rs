//! Closures that write a body while it is sent, or read one while it arrives.

use std::sync::Arc;

use crate::hook::caught;
use crate::journal::Record;
use crate::message::body::Source;
use crate::message::request::{Content, Request};
use crate::message::response::{Failing, Response};
use crate::report::FailureKind;
use crate::rules::StreamingFn;
use crate::stream::{BodyReader, StreamFn, Written, written_by};

use super::Site;

impl Site {
    /// What the closure will write, once somebody reads it. A failure is noted before the body can be seen to end.
    pub(super) fn open_stream(&self, write: Arc<StreamFn>, record: &Arc<Record>) -> Box<dyn Source> {
        let (failures, culprit, record) = (self.failures.clone(), self.culprit(record), record.clone());
        written_by(move |mut writer, end| {
            let failure = match caught(|| write(&mut writer)).map(|returned| end.of(returned)) {
                Ok(Written::Whole | Written::Unwanted) => None,
                Ok(Written::Failed(error)) => {
                    Some((FailureKind::HandlerError, format!("returned an error from its stream: {error}")))
                }
                Err(message) => Some((FailureKind::Panicked, format!("panicked in its stream: {message}"))),
            };
            let is_whole = failure.is_none();
            if let (Some((kind, what)), Some((who, location))) = (failure, culprit) {
                failures.add(kind, &record, &format!("{who} {what}"), location);
            }
            end.end(is_whole);
        })
    }
}

/// Runs a handler that reads the body of its request: as it arrives, or the one that has come.
pub(super) fn read_by(handler: &StreamingFn, request: &Request, body: Option<BodyReader>) -> Response {
    let Some(mut body) = body else {
        let sizes = request.chunked().map(|chunked| &*chunked.sizes);
        let mut body = BodyReader::of_whole(request.body_bytes(), sizes);
        return handler(&request.clone().with_content(Content::default()), &mut body);
    };
    // A request of its own, so that nothing is remembered of a body that has not come.
    let response = handler(&request.clone().with_content(Content::default()), &mut body);
    if body.is_broken_off() { without_blame(response) } else { response }
}

/// An error that a handler passes on because the client broke off is the client's.
fn without_blame(mut response: Response) -> Response {
    match response.take_failure() {
        Some(Failing::Error(_)) => response.with_code(http::StatusCode::BAD_REQUEST),
        Some(other) => Response::failing(other),
        None => response,
    }
}
