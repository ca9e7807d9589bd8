//! Answers one after the other.

use http::StatusCode;

use crate::message::fault_at::Chance;
use crate::message::into_response::IntoResponse;
use crate::message::response::{Failing, Response};

/// What [`respond`](crate::When::respond) takes: anything that is [a response](IntoResponse), a [`Fault`](crate::Fault), a
/// [`sequence`].
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.when(get("/a")).respond((201, "created"));
/// server.when(get("/b")).respond(Fault::Reset);
/// server.when(get("/c")).respond(sequence([503, 503]).then("ok").then_repeat_last());
/// # assert_eq!(ureq::get(server.url("/a")).call()?.status(), 201);
/// # Ok::<(), ureq::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer",
    label = "not a response, fault or sequence",
    note = "a response is a status (`204`, `StatusCode`), text, bytes, `json!(..)`, `Response`, `Fault`, `http::Response`, `(status, body)`, `(status, [(name, value)], body)`, an `Option` or a `Result` of these",
    note = "answers one after the other: `sequence([..])`",
    note = "a closure goes to `.respond_with(|request| ..)`, and is not `async`: it may block"
)]
pub trait Responder {
    /// The answers, one after the other.
    fn into_sequence(self) -> Sequence;
}

#[diagnostic::do_not_recommend]
impl<T: IntoResponse> Responder for T {
    #[track_caller]
    fn into_sequence(self) -> Sequence {
        Sequence { answers: vec![self.into_response()], then: Then::RepeatLast }
    }
}

impl Responder for Sequence {
    fn into_sequence(self) -> Sequence {
        self
    }
}

/// Answers one after the other, of one kind; [`then`](Sequence::then) adds others of any kind. The first request that the rule
/// answers gets the first one, and so on, exactly, however many requests come at once: it goes by
/// [`Request::hit`](crate::Request::hit). After the last one the test fails, unless [`then_repeat_last`](Sequence::then_repeat_last)
/// or [`cycle`](Sequence::cycle) is said. [`clear_requests`](crate::TestServer::clear_requests) begins anew.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.when(get("/flaky")).respond(sequence([503, 503]).then(Fault::Reset).then("ok"));
///
/// let ask = || ureq::get(server.url("/flaky")).call();
/// assert!(ask().is_err() && ask().is_err() && ask().is_err());
/// assert_eq!(ask()?.body_mut().read_to_string()?, "ok");
/// # Ok::<(), ureq::Error>(())
/// ```
///
/// # Panics
///
/// If there is no answer; if one cannot be sent as an answer of its own: an interim status (100 to 199 but 101), a
/// [`Fault`](crate::Fault) that is not in place of the response, or that spares some requests.
#[doc(alias = "scenario")]
#[doc(alias = "inScenario")]
#[doc(alias = "enqueue")]
#[track_caller]
pub fn sequence(answers: impl IntoIterator<Item: IntoResponse>) -> Sequence {
    let mut sequence = Sequence { answers: Vec::new(), then: Then::Fail };
    for answer in answers {
        sequence = sequence.then(answer);
    }
    assert!(
        !sequence.answers.is_empty(),
        "a sequence of no answers answers nothing: give it at least one, as in `sequence([503]).then(\"ok\")`"
    );
    sequence
}

/// Answers one after the other: what [`sequence`] makes, and [`respond`](crate::When::respond) takes.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// server.when(get("/")).respond(sequence(["a", "b"]).cycle());
/// let texts = (0..3).map(|_| ureq::get(server.url("/")).call()?.body_mut().read_to_string());
/// assert_eq!(texts.collect::<Result<String, _>>()?, "aba");
/// # Ok::<(), ureq::Error>(())
/// ```
#[must_use = "a sequence answers nothing until it is given to `.respond(..)`"]
#[derive(Debug, Clone)]
pub struct Sequence {
    answers: Vec<Response>,
    then: Then,
}

/// What follows the last answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Fail,
    RepeatLast,
    Cycle,
}

impl Sequence {
    /// The next answer, of any kind.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/")).respond(sequence([503]).then((200, [("X-Try", "2")], "ok")));
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// assert_eq!(ureq::get(server.url("/")).call()?.headers()["x-try"], "2");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If it cannot be sent as an answer of its own, as [`sequence`] says.
    #[track_caller]
    pub fn then(mut self, answer: impl IntoResponse) -> Sequence {
        let answer = answer.into_response();
        assert_final(&answer);
        if let Some(fault) = answer.stands_for() {
            let shown = fault.in_code();
            if let Some(why) = fault.belongs() {
                panic!("a sequence cannot answer with {shown}, {why}");
            }
            assert!(
                fault.chance == Chance::Always,
                "a sequence cannot answer with {shown}, as it says itself which request gets which answer: write \
                 `sequence([200, 200]).then(Fault::Reset).cycle()` for each third one"
            );
        }
        self.answers.push(answer);
        self
    }

    /// After the last answer each request gets 500, and the test fails at the line of the rule, with
    /// [`FailureKind::SequenceExhausted`](crate::FailureKind::SequenceExhausted). This is the default. Such a request is a hit too.
    ///
    /// ```
    /// # use fixture_server::{FailureKind, prelude::*};
    /// let server = TestServer::empty();
    /// server.when(get("/")).respond(sequence(["once"]).then_fail());
    /// assert!(ureq::get(server.url("/")).call().is_ok());
    /// assert!(ureq::get(server.url("/")).call().is_err());
    ///
    /// let report = server.try_verify().unwrap_err();
    /// assert_eq!(report.failures()[0].kind(), FailureKind::SequenceExhausted);
    /// ```
    pub fn then_fail(self) -> Sequence {
        Sequence { then: Then::Fail, ..self }
    }

    /// After the last answer: the last one again, for as long as requests come.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/job")).respond(sequence(["queued", "done"]).then_repeat_last());
    /// let texts: Result<Vec<_>, _> =
    ///     (0..3).map(|_| ureq::get(server.url("/job")).call()?.body_mut().read_to_string()).collect();
    /// assert_eq!(texts?, ["queued", "done", "done"]);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    pub fn then_repeat_last(self) -> Sequence {
        Sequence { then: Then::RepeatLast, ..self }
    }

    /// After the last answer: the first one again, and so on.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/")).respond(sequence([200]).then(Fault::Reset).cycle());
    /// let is_up: Vec<bool> = (0..4).map(|_| ureq::get(server.url("/")).call().is_ok()).collect();
    /// assert_eq!(is_up, [true, false, true, false]);
    /// ```
    pub fn cycle(self) -> Sequence {
        Sequence { then: Then::Cycle, ..self }
    }

    /// The answer, if it is the same each time.
    pub(crate) fn only(&self) -> Option<&Response> {
        match (self.answers.as_slice(), self.then) {
            ([answer], Then::RepeatLast | Then::Cycle) => Some(answer),
            _ => None,
        }
    }

    /// The answer to the request of this number, counted from 1.
    pub(crate) fn answer(&self, hit: usize) -> Response {
        let count = self.answers.len();
        let at = match (hit.saturating_sub(1), self.then) {
            (at, _) if at < count => at,
            (at, Then::Cycle) => at % count,
            (_, Then::RepeatLast) => count - 1,
            (_, Then::Fail) => {
                let answers = if count == 1 { "1 answer".to_owned() } else { format!("{count} answers") };
                return Response::failing(Failing::Exhausted(format!(
                    "has {answers}, and was asked for more: add `.then_repeat_last()` or `.cycle()` if more may come"
                )));
            }
        };
        self.answers[at].clone()
    }
}

/// Panics at the author's line if a client would wait for another response behind this one.
#[track_caller]
pub(crate) fn assert_final(answer: &Response) {
    let status = answer.status;
    assert!(
        !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS || answer.is_raw(),
        "{0} is an interim status, after which a client waits for the answer itself: respond with that, and send this one first \
         with `.informational({0}, &[..])`",
        status.as_u16()
    );
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::message::fault::Fault;

    #[rstest]
    #[case::fail(Sequence::then_fail, [200, 201, 202, 500, 500, 500, 500])]
    #[case::repeat_last(Sequence::then_repeat_last, [200, 201, 202, 202, 202, 202, 202])]
    #[case::cycle(Sequence::cycle, [200, 201, 202, 200, 201, 202, 200])]
    fn answers_come_in_order_and_then_what_was_said(
        #[case] then: fn(Sequence) -> Sequence,
        #[case] expected: [u16; 7],
    ) {
        let sequence = then(sequence([200_u16, 201]).then(202));
        let statuses: Vec<u16> = (1..=7).map(|hit| sequence.answer(hit).status.as_u16()).collect();
        assert_eq!(statuses, expected);
    }

    #[test]
    fn a_sequence_fails_in_the_end_unless_it_is_told_otherwise() {
        let expected =
            "has 2 answers, and was asked for more: add `.then_repeat_last()` or `.cycle()` if more may come";
        let failure = sequence(["a", "b"]).answer(3).take_failure();
        assert_eq!(failure, Some(Failing::Exhausted(expected.to_owned())));
        assert_eq!(sequence(["a", "b"]).answer(2).take_failure(), None);
    }

    #[test]
    fn one_answer_that_comes_for_ever_is_no_sequence() {
        assert!(Fault::Reset.into_sequence().only().is_some());
        assert!(sequence(["a"]).cycle().only().is_some());
        assert!(sequence(["a"]).only().is_none());
        assert!(sequence(["a", "b"]).cycle().only().is_none());
    }
}
