//! What one server answers with: rules first, then the directory, then a miss. Everything is written down before it is sent.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;

use http::StatusCode;
use parking_lot::Mutex;

use crate::engine::{Answer, Extent, Incoming, Reply};
use crate::files::{self, Directory};
use crate::journal::{Delivery, Journal, Record, RecordedRequest, Route, shown_target};
use crate::log::{LogEvent, LogSink};
use crate::message::body::Body;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::report::{Failure, FailureKind, Report};
use crate::rules::{RuleCore, Rules, Selected, SharedHandler};

/// The state of a server that outlives its port.
pub(crate) struct Site {
    pub(crate) rules: Rules,
    pub(crate) journal: Journal,
    pub(crate) directory: Option<Directory>,
    log: Option<Log>,
    failures: Mutex<Vec<Failure>>,
}

/// Who is told of each answer, and where that was asked for.
pub(crate) struct Log {
    pub(crate) sink: LogSink,
    pub(crate) location: &'static Location<'static>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log(asked for at {})", self.location)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let directory = self.directory.as_ref().map(Directory::root);
        f.debug_struct("Site").field("directory", &directory).finish_non_exhaustive()
    }
}

impl Site {
    pub(crate) fn new(directory: Option<Directory>, journal: Journal, log: Option<Log>) -> Site {
        Site { rules: Rules::default(), journal, directory, log, failures: Mutex::default() }
    }

    pub(crate) fn answer(&self, incoming: Incoming) -> Answer {
        let Incoming { mut request, refusal, client, arrival, extent } = incoming;
        if extent != Extent::Complete {
            return Answer::ReadOn(request);
        }
        let selected = if refusal.is_some() { None } else { self.rules.select(&request) };
        let route = match (&refusal, &selected, &self.directory) {
            (Some(_), ..) => Route::Refused,
            (None, Some(_), _) => Route::Rule,
            (None, None, Some(_)) => Route::Directory,
            (None, None, None) => Route::Nothing,
        };
        let (rule, handler, params, hit) = match selected {
            Some(Selected { rule, handler, params, hit }) => (Some(rule), Some(handler), params, hit),
            None => (None, None, None, 0),
        };
        if hit > 0 {
            request.set_match(params, hit);
        }
        let record = Arc::new(Record {
            request,
            refusal: refusal.map(|refusal| Box::new(refusal.text())),
            client,
            arrival,
            route,
            rule,
            delivery: Delivery::default(),
        });
        // Before a handler runs, and so before anything can be seen by the client.
        self.journal.add(record.clone());

        let mut response = match (&refusal, &handler, &self.directory) {
            (Some(refusal), ..) => refusal.response(),
            (None, Some(handler), _) => self.handle(handler, &record),
            (None, None, Some(directory)) => directory.answer(&record.request),
            (None, None, None) => self.miss(&record.request),
        };
        if let Body::File(_) = response.body {
            response = self.open_file(response, &record);
        }
        if let Some(reason) = response.take_failure() {
            self.fail_rule(FailureKind::HandlerError, &record, &format!("returned an error: {reason}"));
        }
        if response.stands_for().is_none() && !response.is_raw() {
            record.delivery.set_status(response.status);
        }
        if let Some(log) = &self.log {
            self.log(log, &record, &response);
        }
        Answer::Reply(Reply { response, receipt: record, sink: None, date: None })
    }

    /// Runs the handler of the rule, outside every lock.
    fn handle(&self, handler: &SharedHandler, record: &Arc<Record>) -> Response {
        match catch_unwind(AssertUnwindSafe(|| handler(&record.request))) {
            Ok(response) => response,
            Err(payload) => {
                let message = panic_message(&*payload);
                self.fail_rule(FailureKind::Panicked, record, &format!("panicked: {message}"));
                let pattern = record.rule.as_ref().map(|rule| rule.pattern.to_string()).unwrap_or_default();
                let text = format!("the handler of {pattern} panicked: {message}\n");
                Response::text(text).with_code(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
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
                self.fail_rule(FailureKind::HandlerError, record, &reason);
                Response::text(reason).with_code(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// Nothing answers: a 404 that helps to see why.
    fn miss(&self, request: &Request) -> Response {
        /// More would bury the ones that matter.
        const SHOWN: usize = 5;
        let asked = format!("no rule answers {} {}\n", request.method(), shown_target(request.target()));
        let mut rules = self.rules.all();
        // Stable, so that of equally near rules the newest comes first.
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.pattern.nearness(request)));
        let heading = match rules.len() {
            0 => "The server has no rules, and no directory.\n".to_owned(),
            count if count > SHOWN => format!("Its rules, the nearest of {count}:\n"),
            _ => "Its rules, nearest first:\n".to_owned(),
        };
        let line = |rule: &Arc<RuleCore>| {
            let method = if rule.pattern.fits_method(request) { "" } else { ", another method" };
            format!("  {}{method} (declared at {})\n", rule.pattern, rule.location)
        };
        let text: String =
            [asked, "\n".to_owned(), heading].into_iter().chain(rules.iter().take(SHOWN).map(line)).collect();
        Response::text(text).with_code(StatusCode::NOT_FOUND)
    }

    fn log(&self, log: &Log, record: &Arc<Record>, response: &Response) {
        let is_error = response.status.is_client_error() || response.status.is_server_error();
        let message = match &record.refusal {
            Some(refusal) => Some((**refusal).to_owned()),
            None if record.route == Route::Directory && is_error => {
                response.reason_phrase().map(crate::message::field::latin1)
            }
            None => None,
        };
        let event = LogEvent::new(RecordedRequest::new(record.clone()), message);
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (log.sink)(&event))) {
            let what = format!("the log callback panicked: {}", panic_message(&*payload));
            self.fail(FailureKind::Panicked, record, &what, log.location);
        }
    }

    /// Notes a failure of the handler that answers.
    fn fail_rule(&self, kind: FailureKind, record: &Record, what: &str) {
        if let Some(RuleCore { pattern, location, .. }) = record.rule.as_deref() {
            self.fail(kind, record, &format!("the handler of {pattern} {what}"), location);
        }
    }

    fn fail(&self, kind: FailureKind, record: &Record, what: &str, location: &'static Location<'static>) {
        let request = &record.request;
        let text = format!("{what}\n  while answering {} {}", request.method(), shown_target(request.target()));
        self.failures.lock().push(Failure::new(kind, text, location));
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
        notes
    }

    /// Every failure that was not reported yet.
    pub(crate) fn report(&self) -> Result<(), Report> {
        let failures = std::mem::take(&mut *self.failures.lock());
        Report::new(failures, self.notes()).map_or(Ok(()), Err)
    }

    /// The server is gone: what rules and requests hold goes with it.
    pub(crate) fn close(&self) {
        self.rules.clear();
        self.journal.close();
    }

    pub(crate) fn clear_requests(&self) {
        self.journal.clear();
        self.rules.forget_hits();
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "(a panic without a text)".to_owned(),
    }
}
