//! How one request is answered.

use std::sync::Arc;

use http::StatusCode;

use crate::engine::{Answer, Extent, Incoming, Reply};
use crate::files::Served;
use crate::files::cgi::{Found, Stdin};
use crate::hook::{HookPanic, caught};
use crate::journal::{Delivery, Record, Route};
use crate::matchers::subject::{Memo, Subject};
use crate::message::body::Body;
use crate::message::fault::Fault;
use crate::message::request::Request;
use crate::message::response::{Response, Style};
use crate::report::FailureKind;
use crate::rules::{Answering, MatcherPanic, RuleCore, Selected};
use crate::stream::BodyReader;
use crate::wire::Dialect;
use crate::wire::refusal::Refusal;

use super::Site;
use super::streaming::read_by;

/// An answer that was found before rules were judged, or while they were.
pub(super) struct Given {
    route: Route,
    response: Response,
    /// Why it is the answer, if a closure of the author's failed.
    panic: Option<HookPanic>,
}

/// A request that was written down, and who will answer it.
pub(super) struct Begun {
    pub(super) record: Arc<Record>,
    given: Option<Given>,
    refusal: Option<Refusal>,
    pub(super) handler: Option<Answering>,
    memo: Memo,
    extent: Extent,
}

impl Given {
    fn failure(route: Route, panic: HookPanic) -> Given {
        Given { route, response: failed(&format!("{}\n", panic.text)), panic: Some(panic) }
    }

    /// What goes wrong for the whole server.
    fn fault(fault: Fault) -> Given {
        Given { route: Route::Fault, response: Response::with_fault(fault), panic: None }
    }
}

impl Site {
    pub(crate) fn answer(&self, mut incoming: Incoming) -> Answer {
        // Until the last failure is noted.
        let _answering = self.under_way.begin();
        match incoming.extent {
            Extent::AwaitsLeave => {
                incoming.request.set_client(incoming.client.clone());
                match self.instead_of_leave(&incoming.request) {
                    Some(given) => Answer::Reply(self.reply(incoming, Some(given))),
                    None => Answer::ReadOn(incoming.request),
                }
            }
            Extent::Head { .. } => self.answer_head(incoming),
            Extent::Complete => {
                let given = incoming.fault.take().map(Given::fault);
                Answer::Reply(self.reply(incoming, given))
            }
        }
    }

    pub(super) fn reply(&self, incoming: Incoming, given: Option<Given>) -> Reply {
        let begun = self.begin(incoming, given, None);
        self.conclude(begun, None)
    }

    /// Chooses who answers, unless that is settled, and writes the request down: before a handler runs, and so before
    /// anything can be seen by the client.
    pub(super) fn begin(&self, incoming: Incoming, mut given: Option<Given>, mut selected: Option<Selected>) -> Begun {
        let Incoming { mut request, refusal, client, arrival, extent, fault: _ } = incoming;
        request.set_client(client);
        let memo = Memo::default();
        if refusal.is_none() && given.is_none() && selected.is_none() {
            let asked_down_to = request.take_asked_down_to();
            match self.rules.select(&Subject::new(&request, &memo), asked_down_to) {
                Ok(rule) => selected = rule,
                Err(panic) => given = Some(Given::failure(Route::Nothing, panic_in_pattern(&panic))),
            }
        }
        let route = match (&given, &refusal, &selected, &self.directory) {
            (Some(given), ..) => given.route,
            (None, Some(_), ..) => Route::Refused,
            (None, None, Some(_), _) => Route::Rule,
            (None, None, None, Some(_)) => Route::Directory,
            (None, None, None, None) => Route::Nothing,
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
            arrival,
            route,
            rule,
            delivery: Delivery::default(),
        });
        self.journal.add(record.clone());
        if let Some(panic) = given.as_ref().and_then(|given| given.panic.as_ref()) {
            self.failures.add_panic(&record, panic);
        }
        Begun { record, given, refusal, handler, memo, extent }
    }

    /// Makes the answer to what was begun; `body` is what a handler reads that wants the body as it arrives.
    pub(super) fn conclude(&self, begun: Begun, body: Option<BodyReader>) -> Reply {
        let Begun { record, given, refusal, handler, memo, extent } = begun;
        let may_be_unmatched = given.is_none();
        let (mut script, mut why_missed) = (None, None);
        let response = match (given, refusal, &handler, &self.directory) {
            (Some(given), ..) => given.response,
            (None, Some(refusal), ..) => self.refuse(refusal, &record.request),
            (None, None, Some(handler), _) => self.handle(handler, &record, body),
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
            (None, None, None, None) => self.miss(&Subject::new(&record.request, &memo), &mut why_missed),
        };
        let is_finished =
            !response.is_rare() && response.style == Style::Mock && matches!(response.body, Body::Bytes(_));
        let mut response = if is_finished { response } else { self.finish(response, &record) };
        if response.stands_for().is_none() && !response.is_raw() {
            record.delivery.set_status(response.status);
        }
        if self.manners.strict.is_some() && may_be_unmatched {
            self.demand_match(&record, &memo, why_missed);
        }
        if self.manners.log.is_some() {
            self.log(&record, &response);
        }
        let date = self.manners.clock.as_ref().and_then(|clock| {
            let told = clock.call(|clock| clock());
            told.map_err(|panic| self.failures.add_panic(&record, &panic)).ok()
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

    /// The final answer to a client that waits for leave to send its body, if it does not get that.
    fn instead_of_leave(&self, request: &Request) -> Option<Given> {
        let hook = self.manners.on_expect.as_ref()?;
        match hook.call(|decide| decide(request)) {
            Ok(response) => Some(Given { route: Route::OnExpect, response: response?, panic: None }),
            Err(panic) => Some(Given::failure(Route::OnExpect, panic)),
        }
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
    fn handle(&self, handler: &Answering, record: &Arc<Record>, body: Option<BodyReader>) -> Response {
        let Some(rule) = record.rule.as_deref() else { return Response::new(StatusCode::INTERNAL_SERVER_ERROR) };
        let answered = match handler {
            Answering::Handler(handler) => caught(|| handler(&record.request)),
            Answering::Streaming(handler) => caught(|| read_by(&**handler, &record.request, body)),
            // All of the body has come: the place is reached.
            Answering::InBody { fault, .. } => return Response::with_fault(fault.clone()),
        };
        answered.unwrap_or_else(|message| {
            self.fail(FailureKind::Panicked, record, &format!("panicked: {message}"));
            failed(&format!("the handler of {} panicked: {message}\n", rule.shown()))
        })
    }

    /// Nothing answers: a 404 that helps to see why. Strict mode tells the same again.
    fn miss(&self, subject: &Subject<'_>, why: &mut Option<String>) -> Response {
        let fits_method = |rule: &Arc<RuleCore>| rule.pattern.fits_method(subject.request);
        if self.manners.dialect == Dialect::HttpServer && !self.rules.all().iter().any(fits_method) {
            return self.pages.unsupported(subject.request.head().method());
        }
        let text = self.why_unmatched(subject);
        if self.manners.strict.is_some() {
            *why = Some(text.clone());
        }
        Response::text(text + "\n").with_code(StatusCode::NOT_FOUND)
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

/// Nobody knows which rule fits.
fn panic_in_pattern(panic: &MatcherPanic) -> HookPanic {
    let MatcherPanic { rule, message } = panic;
    let text = format!("a closure in the pattern of {} panicked: {message}", rule.shown());
    HookPanic { text, location: rule.location }
}
