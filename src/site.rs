//! What one server answers with: rules first, then the directory, then a miss. Everything is written down before it is sent.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use crate::failures::Failures;
use crate::files::cgi::Gateway;
use crate::files::{ErrorPages, Served};
use crate::hook::{Hook, caught, go_on};
use crate::journal::{Journal, Ledger};
use crate::log::LogEvent;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::outage::Outage;
use crate::rules::{Answering, Declaration, RuleCore, Rules};
use crate::wire::Dialect;

use seeds::Seeds;
use under_way::UnderWay;

mod answering;
mod early;
mod finishing;
mod reporting;
pub(crate) mod seeds;
mod streaming;
mod under_way;

/// The state of a server that outlives its port.
pub(crate) struct Site {
    /// Itself, for handlers that run beside the thread that asked for an answer.
    me: Weak<Site>,
    pub(crate) rules: Rules,
    pub(crate) journal: Journal,
    pub(crate) ledger: Ledger,
    pub(crate) outage: Outage,
    /// Some rule is chosen by the head of a request alone, before its body has come.
    pub(crate) wants_heads: AtomicBool,
    pub(crate) directory: Option<Served>,
    pages: ErrorPages,
    manners: Manners,
    failures: Arc<Failures>,
    under_way: UnderWay,
    seeds: Seeds,
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
    /// Where it was said that every request has to meet a rule or a file.
    pub(crate) strict: Option<&'static Location<'static>>,
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
    pub(crate) fn new(
        me: Weak<Site>,
        directory: Option<Served>,
        pages: ErrorPages,
        journal: Journal,
        ledger: Ledger,
        manners: Manners,
    ) -> Site {
        let failures = Arc::new(Failures::beside(directory.as_ref().map(Served::panics)));
        Site {
            me,
            rules: Rules::default(),
            journal,
            ledger,
            outage: Outage::default(),
            wants_heads: AtomicBool::new(false),
            directory,
            pages,
            manners,
            failures,
            under_way: UnderWay::default(),
            seeds: Seeds::default(),
        }
    }

    /// Adds a rule, the newest from now on.
    pub(crate) fn register(self: &Arc<Site>, declared: Declaration, handler: Answering) -> Arc<RuleCore> {
        if !matches!(handler, Answering::Handler(_)) {
            // Before anybody can know of the rule, so that its first request is asked about in time.
            self.wants_heads.store(true, Relaxed);
        }
        let site: Arc<dyn Any + Send + Sync> = self.clone();
        let rule = Arc::new(RuleCore::new(declared, handler, Arc::downgrade(&site)));
        self.rules.add(rule.clone());
        rule
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
        // Who waits for a request learns of it whatever users' values do when they go.
        let forgotten = caught(|| self.journal.close());
        let cleared = caught(|| self.rules.clear());
        go_on(forgotten.and(cleared));
    }

    pub(crate) fn clear_requests(&self) {
        self.journal.clear();
        self.rules.forget_hits();
    }
}
