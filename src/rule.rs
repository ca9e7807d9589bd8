//! The handle of a registered rule.

use std::fmt;
use std::ops::Deref;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::journal::RecordedRequest;
use crate::matchers::times::IntoTimes;
use crate::report::not_received;
use crate::rules::RuleCore;
use crate::site::Site;

/// A registered rule. Dropping it changes nothing. It may outlive the server: its count stays, while its closure and its
/// requests go with the server.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// let login = server.on("POST", "/login", |_| 204);
/// ureq::post(server.url("/login")).send("ada")?;
///
/// login.assert_hits(1);
/// assert_eq!(login.requests()[0].body_text(), "ada");
/// login.remove();
/// assert!(ureq::post(server.url("/login")).send("ada").is_err());
/// # Ok::<(), ureq::Error>(())
/// ```
#[derive(Clone)]
pub struct Rule {
    core: Arc<RuleCore>,
}

impl Rule {
    pub(crate) fn new(core: Arc<RuleCore>) -> Rule {
        Rule { core }
    }

    /// `None` once the server is dropped.
    fn site(&self) -> Option<Arc<Site>> {
        self.core.home.upgrade()?.downcast().ok()
    }

    /// How many requests it answered.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.core.hits.load(Relaxed)
    }

    /// The requests it answered that the journal still has, in order; none once the server is dropped.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        let Some(site) = self.site() else { return Vec::new() };
        let mut requests = site.journal.all();
        requests.retain(|request| request.record().rule.as_ref().is_some_and(|rule| Arc::ptr_eq(rule, &self.core)));
        requests
    }

    /// Where it was declared.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.core.location
    }

    /// Panics unless it answered so many requests.
    ///
    /// # Panics
    ///
    /// If it answered fewer or more, with a list of what was received.
    #[track_caller]
    pub fn assert_hits(&self, times: impl IntoTimes) {
        let (times, hits) = (times.into_times(), self.hits());
        if times.allow(hits) {
            return;
        }
        let RuleCore { pattern, location, .. } = &*self.core;
        let expected = format!("the rule {pattern} (declared at {location}) to answer {times}");
        let instead = match hits {
            0 => "it answered nothing".to_owned(),
            1 => "it answered once".to_owned(),
            count => format!("it answered {count} times"),
        };
        let (recorded, notes) = match self.site() {
            Some(site) => (site.journal.all(), site.notes()),
            None => (Vec::new(), vec!["the server was dropped, and its journal with it".to_owned()]),
        };
        panic!("{}", not_received(&expected, &instead, &recorded, &notes));
    }

    /// Takes the rule out: it answers no more. What was recorded stays.
    pub fn remove(&self) {
        if let Some(site) = self.site() {
            site.rules.remove(&self.core);
        }
    }

    /// A guard that removes the rule when it is dropped.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "up");
    /// {
    ///     let _outage = server.on("GET", "/", |_| 503).scoped();
    ///     assert!(ureq::get(server.url("/")).call().is_err());
    /// }
    /// assert!(ureq::get(server.url("/")).call().is_ok());
    /// ```
    pub fn scoped(self) -> RouteGuard {
        RouteGuard { rule: self }
    }
}

// Locks are never poisoned, and a test that panicked may well look at its rules.
impl UnwindSafe for Rule {}
impl RefUnwindSafe for Rule {}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({:?}, {} hits)", self.core, self.hits())
    }
}

/// Removes a rule when dropped; dereferences to its [`Rule`].
#[must_use = "the rule is removed as soon as the guard is dropped: bind it, `let _login = ...` (and not to `_`)"]
#[derive(Debug)]
pub struct RouteGuard {
    rule: Rule,
}

impl Deref for RouteGuard {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        &self.rule
    }
}

impl Drop for RouteGuard {
    fn drop(&mut self) {
        self.rule.remove();
    }
}

impl RecordedRequest {
    /// The rule that answered it, if one did.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.on("GET", "/", |_| "hello");
    /// ureq::get(server.url("/")).call()?;
    /// assert_eq!(server.requests()[0].rule().map(|rule| rule.hits()), Some(1));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        self.record().rule.clone().map(Rule::new)
    }
}
