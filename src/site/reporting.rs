//! What a site tells: to the log as it answers, to the test when it is asked.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::files::cgi::Exit;
use crate::hook::caught;
#[cfg(feature = "_tls")]
use crate::journal::FailedHandshakes;
use crate::journal::{Excerpt, Record, RecordedRequest, shown_target};
use crate::log::LogEvent;
use crate::matchers::subject::{Memo, Subject};
use crate::message::response::Response;
use crate::report::{Evidence, Failure, FailureKind, Report, SHOWN_FAILURES, misses, promises};
use crate::rules::RuleCore;
use crate::wire::Dialect;

use super::Site;

impl Site {
    /// Tells the author's closure of an answer.
    pub(super) fn log(&self, record: &Arc<Record>, response: &Response) {
        let Some(log) = &self.manners.log else { return };
        let message = match &record.refusal {
            Some(refusal) if self.manners.dialect == Dialect::Rfc9112 => Some((**refusal).to_owned()),
            // Of what http.server has no answer to.
            Some(_) if response.stands_for().is_some() => {
                Some("Request timed out: TimeoutError('timed out')".to_owned())
            }
            _ => response.error_message().map(str::to_owned),
        };
        let event = LogEvent::answered(RecordedRequest::new(record.clone()), message);
        if let Err(panic) = log.call(|log| log(&event)) {
            self.failures.add_panic(record, &panic);
        }
    }

    /// Logs the end of a script that failed.
    pub(super) fn on_exit(&self, record: &Arc<Record>) -> Box<dyn FnOnce(Exit) + Send> {
        let Some(log) = self.manners.log.clone() else { return Box::new(|_| ()) };
        let (record, failures) = (record.clone(), self.failures.clone());
        Box::new(move |Exit { code, error }| {
            if code != 0 {
                let event = LogEvent::script_failed(RecordedRequest::new(record.clone()), code, error);
                if let Err(panic) = log.call(|log| log(&event)) {
                    failures.add_panic(&record, &panic);
                }
            }
        })
    }

    /// Notes a failure of what answers: a handler, or the closure that was asked for leave.
    pub(super) fn fail(&self, kind: FailureKind, record: &Arc<Record>, what: &str) {
        if let Some((who, location)) = self.culprit(record) {
            self.failures.add(kind, record, &format!("{who} {what}"), location);
        }
    }

    /// Who answered, and where that was declared.
    pub(super) fn culprit(&self, record: &Record) -> Option<(String, &'static Location<'static>)> {
        match (record.rule.as_deref(), &self.manners.on_expect) {
            (Some(rule), _) => Some((format!("the handler of {}", rule.shown()), rule.location)),
            (None, Some(hook)) => Some(("the closure of `on_expect`".to_owned(), hook.location())),
            // Nothing else answers with what can fail.
            (None, None) => None,
        }
    }

    /// In strict mode: a request that met neither a rule nor a file is a failure, with the reason as it is now, which may be
    /// known.
    pub(super) fn demand_match(&self, record: &Arc<Record>, memo: &Memo, why: Option<String>) {
        let Some(location) = self.manners.strict else { return };
        if !record.is_unmatched() || !self.failures.count_unmatched(location) {
            return;
        }
        let request = RecordedRequest::new(record.clone());
        let text = why.unwrap_or_else(|| self.why_it_met_nothing(&request, memo));
        self.failures.push(Failure::new(FailureKind::Unmatched, text, location).caused_by(request));
    }

    /// During a panic: the requests that met neither a rule nor a file, of which the test may have seen no more than a status.
    /// `None` if there are none, and in strict mode, which tells them anyway.
    pub(crate) fn unmatched_during_panic(&self, server: &dyn fmt::Display) -> Option<String> {
        if self.manners.strict.is_some() {
            return None;
        }
        let requests = self.journal.all();
        let mut unmatched = requests.iter().filter(|request| request.record().is_unmatched());
        let first = unmatched.next()?;
        let (count, which) = match 1 + unmatched.count() {
            1 => (1, ""),
            count => (count, "; the first of them:"),
        };
        let why = self.why_it_met_nothing(first, &Memo::default());
        Some(format!(
            "while this test panics: of the requests to {server}, {count} met no rule and no file{which}\n\n{}",
            why.trim_end()
        ))
    }

    fn why_it_met_nothing(&self, request: &RecordedRequest, memo: &Memo) -> String {
        let record = request.record();
        match (&record.refusal, &self.directory) {
            (Some(refusal), _) => {
                format!("a request met no rule, because it was refused: {refusal}\n  the request: {request}")
            }
            (None, None) => self.why_unmatched(&Subject::new(&record.request, memo)),
            (None, Some(directory)) => {
                let why = self.why_unmatched(&Subject::new(&record.request, memo));
                let status = record.delivery.status().map(|status| status.to_string()).unwrap_or_default();
                format!("{}\n\nnor does the directory {}: {status}", why.trim_end(), directory.root().display())
            }
        }
    }

    /// Why no rule answers. Closures of the author's may take part, and a panic in one must not end the thread that answers.
    pub(super) fn why_unmatched(&self, subject: &Subject<'_>) -> String {
        caught(|| misses::miss(subject, &self.rules.all())).unwrap_or_else(|message| {
            let request = subject.request;
            format!(
                "no rule answers {} {}; saying why panicked: {message}",
                request.method(),
                shown_target(request.target())
            )
        })
    }

    /// What a failure can point to now.
    pub(crate) fn evidence(&self) -> Evidence {
        self.evidence_of(self.journal.excerpt())
    }

    /// The same of what was taken from the journal before.
    pub(crate) fn evidence_of(&self, excerpt: Excerpt) -> Evidence {
        let Excerpt { requests, number, drained, closed, .. } = excerpt;
        let mut notes = self.notes();
        if drained > 0 {
            let were = if drained == 1 { "request was" } else { "requests were" };
            notes.push(format!("{drained} {were} taken out of the journal before (`drain()`)"));
        }
        if closed {
            notes.push("the server was dropped, and its journal with it".to_owned());
        }
        Evidence { is_gone: closed, ..Evidence::new(requests, number, notes) }
    }

    /// What a reader of a failure should know besides.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(directory) = &self.directory {
            let vanished = directory.vanished();
            if vanished > 0 {
                let requests =
                    if vanished == 1 { "1 request was".to_owned() } else { format!("{vanished} requests were") };
                notes.push(format!(
                    "the served directory {} has vanished since the server started, and {requests} answered 404 for it; a \
                     `TempDir` must live longer than the server",
                    directory.root().display()
                ));
            }
        }
        let dropped = self.journal.dropped();
        if dropped > 0 {
            notes.push(format!(
                "the journal is limited and has dropped the oldest of its requests, {dropped} in all (`.journal_limit(..)`, \
                 `.journal_bytes(..)` of the builder)"
            ));
        }
        #[cfg(feature = "_tls")]
        notes.extend(self.failed_handshakes());
        notes.extend(self.seeds());
        notes
    }

    /// Why requests may not have come.
    #[cfg(feature = "_tls")]
    fn failed_handshakes(&self) -> Option<String> {
        let FailedHandshakes { on_purpose, others, why } = self.ledger.failed_handshakes();
        let purpose = match on_purpose {
            0 => String::new(),
            1 => "one more failed on purpose (`tls_fault`)".to_owned(),
            _ => format!("{on_purpose} more failed on purpose (`tls_fault`)"),
        };
        let told = match (others, why) {
            (1, Some(why)) => format!("a connection brought no request, because its TLS handshake failed: {why}"),
            (_, Some(why)) => {
                format!(
                    "{others} connections brought no request, because their TLS handshakes failed; the last one: {why}"
                )
            }
            (_, None) if on_purpose > 0 => return Some(format!("TLS handshakes: {}", purpose.replace(" more", ""))),
            (_, None) => return None,
        };
        Some(if on_purpose > 0 { format!("{told}; {purpose}") } else { told })
    }

    /// What went wrong: what happened and was not reported yet, in that order, then the promises that are broken now.
    pub(crate) fn report(&self) -> Result<(), Report> {
        self.under_way.settle();
        self.report_with(&self.rules.broken())
    }

    /// The same at the end, where a broken promise that was reported is not reported again.
    pub(crate) fn report_at_the_end(&self) -> Result<(), Report> {
        self.under_way.settle();
        self.report_with(&self.rules.newly_broken())
    }

    /// After the report at the end: the handlers that have not come to an end though they were waited for, because their threads
    /// go on and nothing else would tell.
    pub(crate) fn unended(&self) -> Option<String> {
        if !self.under_way.is_anything() {
            return None;
        }
        let requests = self.journal.all();
        let is_unended = |request: &&RecordedRequest| request.response_status().is_none() && request.ended().is_none();
        let mut unended =
            requests.iter().filter(is_unended).filter_map(|request| Some((request, request.record().rule.clone()?)));
        let (request, rule) = unended.next()?;
        let more = match unended.count() {
            0 => String::new(),
            count => format!(", and {count} more"),
        };
        let (shown, location) = (rule.shown(), rule.location);
        Some(format!(
            "note: the server was dropped while a handler was still at work, and its thread goes on: that of {shown} (declared \
             at {location}) has not answered {request}{more}"
        ))
    }

    fn report_with(&self, broken: &[(Arc<RuleCore>, usize)]) -> Result<(), Report> {
        let mut failures = self.failures.take();
        if !broken.is_empty() {
            let evidence = self.evidence();
            let (at_length, in_short) = broken.split_at(broken.len().min(SHOWN_FAILURES));
            failures.extend(at_length.iter().map(|(rule, hits)| broken_promise(rule, *hits, &evidence)));
            failures.extend(in_short.iter().map(|(rule, hits)| promises::broken_in_short(rule, *hits)));
        }
        Report::new(failures, self.notes()).map_or(Ok(()), Err)
    }

    /// That one rule, which was removed, did not keep its promise, if that was not reported yet; this was its last check.
    pub(crate) fn report_promise_at_the_end(&self, rule: &Arc<RuleCore>) -> Result<(), Report> {
        if rule.promise.is_none() {
            return Ok(());
        }
        self.under_way.settle();
        self.rules.forget_promise(rule);
        let Some(hits) = rule.newly_broken() else { return Ok(()) };
        let failure = broken_promise(rule, hits, &self.evidence());
        Report::new(vec![failure], self.notes()).map_or(Ok(()), Err)
    }
}

/// Closures of patterns take part in the text, and a report may be made during a panic, when a second one would end the process.
fn broken_promise(rule: &RuleCore, hits: usize, evidence: &Evidence) -> Failure {
    caught(|| promises::broken(rule, hits, evidence)).unwrap_or_else(|message| {
        let times = rule.promise.as_ref().map(|promise| promise.times.to_string()).unwrap_or_default();
        let text = format!("expected {} {times}, but it answered {hits}; saying why panicked: {message}", rule.shown());
        Failure::new(FailureKind::Expectation, text, rule.location)
    })
}
