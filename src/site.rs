//! What one server answers with: rules first, then the directory, then a miss. Everything is written down before it is sent.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::StatusCode;

use crate::engine::{Answer, Extent, Incoming, Reply};
use crate::failures::Failures;
use crate::files::cgi::{Exit, Found, Gateway, Stdin};
use crate::files::{self, ErrorPages, Served};
use crate::hook::{Hook, caught};
use crate::journal::{Delivery, Journal, Record, RecordedRequest, Route, shown_target};
use crate::log::LogEvent;
use crate::message::body::Body;
use crate::message::fault::Fault;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::report::{Failure, FailureKind, Report};
use crate::rules::{RuleCore, Rules, Selected, SharedHandler};
use crate::wire::Dialect;
use crate::wire::refusal::Refusal;

/// The state of a server that outlives its port.
pub(crate) struct Site {
    pub(crate) rules: Rules,
    pub(crate) journal: Journal,
    pub(crate) directory: Option<Served>,
    pages: ErrorPages,
    manners: Manners,
    failures: Arc<Failures>,
}

/// How a site answers.
#[derive(Debug, Default)]
pub(crate) struct Manners {
    pub(crate) dialect: Dialect,
    /// Is told of each answer.
    pub(crate) log: Option<Hook<LogFn>>,
    /// Is asked before a client gets leave to send a body, and may answer instead.
    pub(crate) on_expect: Option<Hook<OnExpectFn>>,
    /// Runs scripts of the directory.
    pub(crate) gateway: Option<Gateway>,
    /// Tells the time of `Date`.
    pub(crate) clock: Option<Hook<ClockFn>>,
}

pub(crate) type LogFn = dyn Fn(&LogEvent) + Send + Sync;
pub(crate) type OnExpectFn = dyn Fn(&Request) -> Option<Response> + Send + Sync;
pub(crate) type ClockFn = dyn Fn() -> SystemTime + Send + Sync;

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let directory = self.directory.as_ref().map(Served::root);
        f.debug_struct("Site").field("directory", &directory).finish_non_exhaustive()
    }
}

impl Site {
    pub(crate) fn new(directory: Option<Served>, pages: ErrorPages, journal: Journal, manners: Manners) -> Site {
        Site { rules: Rules::default(), journal, directory, pages, manners, failures: Arc::default() }
    }

    pub(crate) fn answer(&self, mut incoming: Incoming) -> Answer {
        match incoming.extent {
            Extent::AwaitsLeave => {
                incoming.request.set_client(incoming.client.clone());
                match self.instead_of_leave(&incoming.request) {
                    Some(response) => Answer::Reply(self.reply(incoming, Some(response))),
                    None => Answer::ReadOn(incoming.request),
                }
            }
            // A handler gets the whole of a request.
            Extent::Head { .. } if self.rules.any_fits(&incoming.request) => Answer::ReadOn(incoming.request),
            Extent::Head { .. } | Extent::Complete => Answer::Reply(self.reply(incoming, None)),
        }
    }

    fn reply(&self, incoming: Incoming, given: Option<Response>) -> Reply {
        let Incoming { mut request, refusal, client, arrival, extent } = incoming;
        let may_match = refusal.is_none() && given.is_none();
        let selected = if may_match { self.rules.select(&request) } else { None };
        let route = match (&given, &refusal, &selected, &self.directory) {
            (Some(_), ..) => Route::OnExpect,
            (None, Some(_), ..) => Route::Refused,
            (None, None, Some(_), _) => Route::Rule,
            (None, None, None, Some(_)) => Route::Directory,
            (None, None, None, None) => Route::Nothing,
        };
        let (rule, handler, params, hit) = match selected {
            Some(Selected { rule, handler, params, hit }) => (Some(rule), Some(handler), params, hit),
            None => (None, None, None, 0),
        };
        request.set_client(client);
        if hit > 0 {
            request.set_match(params, hit);
        }
        let record = Arc::new(Record {
            request,
            refusal: refusal.map(|refusal| Box::new(refusal.text())),
            arrival,
            route,
            rule,
            delivery: Delivery::default(),
        });
        // Before a handler runs, and so before anything can be seen by the client.
        self.journal.add(record.clone());

        let mut script = None;
        let response = match (given, refusal, &handler, &self.directory) {
            (Some(given), ..) => given,
            (None, Some(refusal), ..) => self.refuse(refusal, &record.request),
            (None, None, Some(handler), _) => self.handle(handler, &record),
            (None, None, None, Some(directory)) => match self.find_script(&record.request, directory) {
                Found::NotCgi => directory.answer(&record.request, &self.pages),
                Found::Error { status, message, explanation } => {
                    self.pages.error(status, message.as_deref(), explanation.as_deref())
                }
                Found::Script(found) => {
                    script = Some(found);
                    Response::of_script()
                }
            },
            (None, None, None, None) => self.miss(&record.request),
        };
        let mut response = self.pages.finish(response);
        if let Body::File(_) = response.body {
            response = self.open_file(response, &record);
        }
        if let Some(reason) = response.take_failure() {
            self.fail(FailureKind::HandlerError, &record, &format!("returned an error: {reason}"));
        }
        if response.stands_for().is_none() && !response.is_raw() {
            record.delivery.set_status(response.status);
        }
        if self.manners.log.is_some() {
            self.log(&record, &response);
        }
        let date = self.manners.clock.as_ref().and_then(|clock| {
            let told = clock.call(|clock| clock());
            told.map_err(|panic| self.failures.add_panic(&record.request, &panic)).ok()
        });
        let mut sink = None;
        if let Some(script) = script {
            // Only now, so that its end is logged after its beginning.
            let running = script.start(stdin_of(&record.request, extent), self.on_exit(&record));
            (response, sink) = (response.with_source(running.output, None), running.input);
        }
        Reply { response, receipt: record, sink, date }
    }

    fn find_script(&self, request: &Request, directory: &Served) -> Found {
        let by_rfc_9112 = self.manners.dialect == Dialect::Rfc9112;
        let gateway = self.manners.gateway.as_ref();
        gateway.map_or(Found::NotCgi, |gateway| gateway.find(request, directory, by_rfc_9112))
    }

    /// Logs the end of a script that failed.
    fn on_exit(&self, record: &Arc<Record>) -> Box<dyn FnOnce(Exit) + Send> {
        let Some(log) = self.manners.log.clone() else { return Box::new(|_| ()) };
        let (record, failures) = (record.clone(), self.failures.clone());
        Box::new(move |Exit { code, error }| {
            if code != 0 {
                let event = LogEvent::script_failed(RecordedRequest::new(record.clone()), code, error);
                if let Err(panic) = log.call(|log| log(&event)) {
                    failures.add_panic(&record.request, &panic);
                }
            }
        })
    }

    /// The final answer to a client that waits for leave to send its body, if it does not get that.
    fn instead_of_leave(&self, request: &Request) -> Option<Response> {
        let hook = self.manners.on_expect.as_ref()?;
        hook.call(|decide| decide(request)).unwrap_or_else(|panic| {
            self.failures.add_panic(request, &panic);
            Some(failed(&format!("{}\n", panic.text)))
        })
    }

    /// The answer to what is no request, or too much of one.
    fn refuse(&self, refusal: Refusal, request: &Request) -> Response {
        match self.manners.dialect {
            Dialect::Rfc9112 => refusal.response(),
            Dialect::HttpServer if refusal == Refusal::TooSlow => Response::with_fault(Fault::Close),
            Dialect::HttpServer => {
                let (message, explanation) = refusal.http_server_wording(request);
                self.pages.error(refusal.status().as_u16(), Some(&message), explanation)
            }
        }
    }

    /// Runs the handler of the rule, outside every lock.
    fn handle(&self, handler: &SharedHandler, record: &Arc<Record>) -> Response {
        let Some(rule) = record.rule.as_deref() else { return Response::new(StatusCode::INTERNAL_SERVER_ERROR) };
        caught(|| handler(&record.request)).unwrap_or_else(|message| {
            self.fail(FailureKind::Panicked, record, &format!("panicked: {message}"));
            failed(&format!("the handler of {} panicked: {message}\n", rule.pattern))
        })
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

    /// Nothing answers: a 404 that helps to see why.
    fn miss(&self, request: &Request) -> Response {
        /// More would bury the ones that matter.
        const SHOWN: usize = 5;
        let asked = format!("no rule answers {} {}\n", request.method(), shown_target(request.target()));
        let mut rules = self.rules.all();
        if self.manners.dialect == Dialect::HttpServer && !rules.iter().any(|rule| rule.pattern.fits_method(request)) {
            return self.pages.unsupported(request.head().method());
        }
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

    fn log(&self, record: &Arc<Record>, response: &Response) {
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
            self.failures.add_panic(&record.request, &panic);
        }
    }

    /// Notes a failure of what answers: a handler, or the closure that was asked for leave.
    fn fail(&self, kind: FailureKind, record: &Record, what: &str) {
        let (who, location) = match (record.rule.as_deref(), &self.manners.on_expect) {
            (Some(RuleCore { pattern, location, .. }), _) => (format!("the handler of {pattern}"), *location),
            (None, Some(hook)) => ("the closure of `on_expect`".to_owned(), hook.location()),
            // Nothing else answers with what can fail.
            (None, None) => return,
        };
        self.failures.add(kind, &record.request, &format!("{who} {what}"), location);
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
        let mut failures = self.failures.take();
        let panics = self.directory.as_ref().map(Served::take_panics).unwrap_or_default();
        failures
            .extend(panics.into_iter().map(|panic| Failure::new(FailureKind::Panicked, panic.text, panic.location)));
        Report::new(failures, self.notes()).map_or(Ok(()), Err)
    }

    /// The connections are about to close: how scripts take that is not told.
    pub(crate) fn hush_scripts(&self) {
        if let Some(gateway) = &self.manners.gateway {
            gateway.hush();
        }
    }

    /// Ends the scripts that run.
    pub(crate) fn end_scripts(&self) {
        if let Some(gateway) = &self.manners.gateway {
            gateway.end_scripts();
        }
    }

    /// The server is gone: what rules and requests hold goes with it.
    pub(crate) fn close(&self) {
        if let Some(gateway) = &self.manners.gateway {
            gateway.close();
        }
        self.rules.clear();
        self.journal.close();
    }

    pub(crate) fn clear_requests(&self) {
        self.journal.clear();
        self.rules.forget_hits();
    }
}

/// What the script that answers can read.
fn stdin_of(request: &Request, extent: Extent) -> Stdin {
    match extent {
        Extent::Head { announced: 0 } => Stdin::Nothing,
        Extent::Head { announced } => Stdin::Stream(announced),
        Extent::Complete if !request.body().is_empty() => Stdin::Bytes(request.body_bytes()),
        Extent::Complete | Extent::AwaitsLeave => Stdin::Nothing,
    }
}

/// The answer where user code panicked.
fn failed(text: &str) -> Response {
    Response::text(text).with_code(StatusCode::INTERNAL_SERVER_ERROR)
}
