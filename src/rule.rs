//! The handle of a registered rule.

use std::fmt;
use std::ops::Deref;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::journal::RecordedRequest;
use crate::matchers::times::IntoTimes;
use crate::report::assertions::hits_otherwise;
use crate::report::colour::for_people;
use crate::report::misses::Explanation;
use crate::report::{Evidence, panic_or_print};
use crate::rules::RuleCore;
use crate::site::Site;

/// A registered rule: what [`TestServer::on`](crate::TestServer::on) and [`When`](crate::When) return. Dropping it changes
/// nothing. It may outlive the server: its count stays, while its closure and its requests go with the server.
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

    /// How many requests it answered. [`clear_requests`](crate::TestServer::clear_requests) lets it begin anew, unless the rule
    /// was removed before.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let hello = server.on("GET", "/", |_| "hello");
    /// ureq::get(server.url("/")).call()?;
    /// assert_eq!(hello.hits(), 1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[doc(alias = "calls")]
    #[must_use]
    pub fn hits(&self) -> usize {
        self.core.hits.load(Relaxed)
    }

    /// What the author called it: [`When::named`](crate::When::named).
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/")).named("start page").respond("hello");
    /// ureq::get(server.url("/")).call()?;
    /// let rule = server.requests()[0].rule().unwrap();
    /// assert_eq!(rule.name(), Some("start page"));
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.core.name.as_deref()
    }

    /// Whether its promise is kept so far: that of [`When::expect`](crate::When::expect). A rule without one has nothing to
    /// break. Nothing is reported; `verify` and drop do that.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let webhook = server.when(post("/webhook")).expect(1..).respond(204);
    /// assert!(!webhook.is_met());
    /// ureq::post(server.url("/webhook")).send("{}")?;
    /// assert!(webhook.is_met());
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.core.promise.as_ref().is_none_or(|promise| promise.times.allow(self.hits()))
    }

    /// The requests it answered that the journal still has, in order; none once the server is dropped.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let users = server.on("GET", "/users/{id}", |_| "Ada");
    /// ureq::get(server.url("/users/7")).call()?;
    /// assert_eq!(users.requests()[0].param("id"), "7");
    /// # Ok::<(), ureq::Error>(())
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        let Some(site) = self.site() else { return Vec::new() };
        let mut requests = site.journal.all();
        requests.retain(|request| request.record().rule.as_ref().is_some_and(|rule| Arc::ptr_eq(rule, &self.core)));
        requests
    }

    /// Where it was declared: the line of `on` or `when`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let rule = server.on("GET", "/", |_| "hello");
    /// assert_eq!(rule.location().line(), line!() - 1);
    /// ```
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.core.location
    }

    /// Asserts that it answered so many requests: `1`, `2..`, `..=3`, `1..=4`.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let hello = server.on("GET", "/", |_| "hello");
    /// ureq::get(server.url("/")).call()?;
    /// hello.assert_hits(1);
    /// # Ok::<(), ureq::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If it answered fewer or more, with what came instead.
    #[doc(alias = "assert_calls")]
    #[doc(alias = "assert")]
    #[track_caller]
    pub fn assert_hits(&self, times: impl IntoTimes) {
        let (times, hits) = (times.into_times(), self.hits());
        if times.allow(hits) {
            return;
        }
        panic!("{}", for_people(hits_otherwise(&self.core, times, hits, &self.evidence())));
    }

    fn evidence(&self) -> Evidence {
        self.site().map_or_else(
            || Evidence {
                notes: vec!["the server was dropped, and its journal with it".to_owned()],
                is_gone: true,
                ..Evidence::default()
            },
            |site| site.evidence(),
        )
    }

    /// Takes the rule out: it answers no more. What was recorded stays, its count is final, and a promise is still checked.
    /// Nothing happens if it was removed before.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// let rule = server.on("GET", "/", |_| "hello");
    /// rule.remove();
    /// assert!(ureq::get(server.url("/")).call().is_err());
    /// ```
    pub fn remove(&self) {
        if let Some(site) = self.site() {
            site.rules.remove(&self.core);
        }
    }

    /// A guard that removes the rule when it is dropped, and panics then if a promise of the rule was not kept.
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
    #[doc(alias = "mount_as_scoped")]
    pub fn scoped(self) -> RuleGuard {
        RuleGuard { rule: self }
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

/// Removes a rule when dropped; dereferences to its [`Rule`]. If its promise ([`When::expect`](crate::When::expect)) was not
/// kept, dropping the guard panics with the report, unless [`verify`](crate::TestServer::verify) told it; during a panic it prints
/// it. It waits up to a quarter of a second for answers that are under way, if there is a promise.
///
/// ```should_panic
/// use fixture_server::prelude::*;
///
/// let server = TestServer::empty();
/// {
///     let _login = server.when(post("/login")).expect(1).respond(204).scoped();
/// } // panics: nobody logged in
/// ```
#[must_use = "the rule is removed as soon as the guard is dropped: bind it, `let _login = ...` (and not to `_`)"]
#[derive(Debug)]
pub struct RuleGuard {
    rule: Rule,
}

impl Deref for RuleGuard {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        &self.rule
    }
}

impl Drop for RuleGuard {
    fn drop(&mut self) {
        self.rule.remove();
        // Of a server that is gone everything was told when it went.
        let Some(site) = self.rule.site() else { return };
        let kept = site.report_promise_at_the_end(&self.rule.core);
        // It may be all that holds the site by now, and what that holds is user code.
        drop(site);
        if let Err(report) = kept {
            panic_or_print(&report);
        }
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

impl Explanation {
    /// The rule that would answer, if any.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// server.when(get("/")).named("start page").respond("hello");
    /// let request = Request::new("GET", "/");
    /// assert_eq!(server.explain(&request).rule().unwrap().name(), Some("start page"));
    /// ```
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        self.rule.clone().map(Rule::new)
    }
}
