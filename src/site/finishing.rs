//! From what a handler returned to what is sent: files and streams are opened, failures noted, faults decided on.

use std::sync::Arc;

use http::StatusCode;

use crate::files;
use crate::journal::Record;
use crate::message::body::Body;
use crate::message::dice::dice;
use crate::message::fault_at::{Chance, FaultAt};
use crate::message::response::{Failing, Response};
use crate::message::shape::Shape;
use crate::report::FailureKind;

use super::Site;
use super::seeds::{JITTER, SHARE};

impl Site {
    pub(super) fn finish(&self, response: Response, record: &Arc<Record>) -> Response {
        let mut response = self.pages.finish(response);
        if let Some(fault) = response.stands_for() {
            return match misuse(fault) {
                Some(advice) => self.misused(&advice, record),
                None => response,
            };
        }
        match &response.body {
            Body::File(_) => response = self.open_file(response, record),
            Body::Stream(write) => {
                let source = self.open_stream(write.clone(), record);
                response = response.with_source(source, None);
            }
            Body::Bytes(_) | Body::Opened { .. } | Body::Chunks(_) => {}
        }
        match response.take_failure() {
            Some(Failing::Error(text)) => {
                self.fail(FailureKind::HandlerError, record, &format!("returned an error: {text}"));
            }
            Some(Failing::Exhausted(text)) => response = self.exhausted(&text, response, record),
            None => {}
        }
        if let Some(shapes) = response.shapes_mut() {
            if let (None, Some(advice)) = (&record.rule, shapes.iter().find_map(goes_by_hits)) {
                return self.misused(&advice, record);
            }
            self.decide(shapes, record.request.hit());
        }
        response
    }

    /// Leaves nothing to chance.
    fn decide(&self, shapes: &mut Vec<Shape>, hit: usize) {
        // What is answered without a rule is no hit of one.
        let number = hit.max(1);
        shapes.retain_mut(|shape| match shape {
            Shape::FaultAt(FaultAt { fault, stage, chance }) => {
                if let Some(seed) = chance.seed() {
                    self.note_seed(SHARE, seed);
                }
                let strikes = chance.strikes(number);
                if strikes {
                    *shape = Shape::Break(*stage, fault.clone());
                }
                strikes
            }
            Shape::Jitter { seed, .. } => {
                self.note_seed(JITTER, *seed);
                *seed = dice(*seed, number as u64);
                true
            }
            _ => true,
        });
    }

    fn exhausted(&self, what: &str, response: Response, record: &Arc<Record>) -> Response {
        // Rules alone have sequences.
        let Some(rule) = record.rule.as_deref() else { return response };
        let text = format!("the sequence of {} {what}", rule.shown());
        self.failures.add(FailureKind::SequenceExhausted, record, &text, rule.location);
        response.with_bytes((text + "\n").into())
    }

    fn misused(&self, advice: &str, record: &Arc<Record>) -> Response {
        self.fail(FailureKind::HandlerError, record, &format!("returned {advice}"));
        let who = if record.rule.is_some() { "the handler" } else { "the closure of `on_expect`" };
        Response::text(format!("{who} returned {advice}\n")).with_code(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn open_file(&self, mut response: Response, record: &Arc<Record>) -> Response {
        let Body::File(path) = &response.body else { return response };
        match files::open(path) {
            Ok((source, length, content_type)) => {
                if response.fields.get("content-type").is_none() && !response.omits("content-type") {
                    response.fields.push(b"Content-Type", content_type.as_bytes());
                }
                response.with_source(source, Some(length))
            }
            Err(error) => {
                let reason = format!("cannot send the file {}: {error}", path.display());
                self.fail(FailureKind::HandlerError, record, &reason);
                Response::text(reason).with_code(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// A fault that strikes some hits of a rule, for an answer that is no hit of one.
fn goes_by_hits(shape: &Shape) -> Option<String> {
    let Shape::FaultAt(fault) = shape else { return None };
    let always = FaultAt { chance: Chance::Always, ..fault.clone() };
    (fault.chance != Chance::Always).then(|| {
        format!(
            "a response with {}, which goes by the hits of a rule, and here is none: let the closure choose, and write `.fault({})` \
             on what is to be struck",
            fault.in_code(),
            always.in_code()
        )
    })
}

/// Which fault it was, and where it belongs: a handler is asked when the request is complete, and answers for it alone.
fn misuse(fault: &FaultAt) -> Option<String> {
    let shown = fault.in_code();
    if let Some(why) = fault.belongs() {
        return Some(format!("{shown}, {why}"));
    }
    let by_hit = match fault.chance {
        Chance::Always => return None,
        Chance::Every(nth) => {
            format!(
                "`if request.hit() % {nth} == 0 {{ .. }}` around {}, or ",
                FaultAt::from(fault.fault.clone()).in_code()
            )
        }
        Chance::Share { .. } => String::new(),
    };
    Some(format!("{shown}, but it answers this one request: write {by_hit}`server.when(..).respond({shown})`"))
}
