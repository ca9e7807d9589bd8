//! Waiting for one request at a time.

pub(crate) mod search;
pub(crate) mod within;

use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::journal::RecordedRequest;
use crate::matchers::pattern::Pattern;
use crate::report::assertions::timed_out;
use crate::report::colour::for_people;
use crate::report::{Failure, FailureKind, Report};
use crate::site::Site;

use search::{Bell, Gone, Search, deadline};
use within::NextWithin;

/// The oldest request that fits and that no other `next_request` has returned: a future for any executor, or
/// [`wait`](NextRequest::wait) without one.
///
/// Requests that came before count, as long as the journal has them. Each is returned once: two that wait at the same time get
/// two different requests. Nothing is taken before it is returned, so a future can be dropped half-way, as `select!` does it.
/// The future has no timeout of its own: [`within`](NextRequest::within) gives it one.
///
/// # Panics
///
/// As a future, when the server is dropped before the request comes.
///
/// ```
/// use fixture_server::prelude::*;
///
/// # // What an executor is for this purpose.
/// # fn block_on<T>(future: impl Future<Output = T>) -> T {
/// #     struct Unpark(std::thread::Thread);
/// #     impl std::task::Wake for Unpark {
/// #         fn wake(self: std::sync::Arc<Self>) { self.0.unpark() }
/// #     }
/// #     let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
/// #     let mut future = std::pin::pin!(future);
/// #     loop {
/// #         match future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
/// #             std::task::Poll::Ready(value) => return value,
/// #             std::task::Poll::Pending => std::thread::park(),
/// #         }
/// #     }
/// # }
/// # block_on(async {
/// let server = TestServer::empty();
/// let hook = server.url("/webhook");
/// std::thread::spawn(move || { // the service that is tested
///     let _ = ureq::post(&hook).send("first");
///     let _ = ureq::post(&hook).send("second");
/// });
/// assert_eq!(server.next_request(post("/webhook")).await.body_text(), "first");
/// assert_eq!(server.next_request(post("/webhook")).await.body_text(), "second");
/// # });
/// ```
#[must_use = "nothing is awaited until `.await`, `.wait(..)` or `.try_wait(..)`"]
pub struct NextRequest {
    search: Search,
    began: bool,
}

impl NextRequest {
    pub(crate) fn new(site: Arc<Site>, pattern: Pattern) -> NextRequest {
        NextRequest { search: Search::new(site, pattern), began: false }
    }

    /// Blocks until it comes.
    ///
    /// # Panics
    ///
    /// At the timeout, or when the server is dropped, with what came instead.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::empty();
    /// ureq::post(server.url("/webhook")).send("hello").ok();
    /// assert_eq!(server.next_request(post("/webhook")).wait(secs(5)).body(), b"hello");
    /// ```
    #[track_caller]
    pub fn wait(self, timeout: Duration) -> RecordedRequest {
        match self.waited(timeout) {
            Ok(request) => request,
            Err(text) => panic!("{}", for_people(text)),
        }
    }

    /// [`wait`](NextRequest::wait) as a `Result`.
    ///
    /// # Errors
    ///
    /// At the timeout, or when the server is dropped: one failure of the kind [`Timeout`](FailureKind::Timeout).
    ///
    /// ```
    /// # use fixture_server::{FailureKind, prelude::*};
    /// let server = TestServer::empty();
    /// let report = server.next_request(post("/webhook")).try_wait(ms(1)).unwrap_err();
    /// assert_eq!(report.failures()[0].kind(), FailureKind::Timeout);
    /// assert_eq!(report.failures()[0].location().file(), file!());
    /// ```
    #[track_caller]
    pub fn try_wait(self, timeout: Duration) -> Result<RecordedRequest, Report> {
        let location = Location::caller();
        self.waited(timeout).map_err(|text| timeout_report(text, location))
    }

    /// The same as a future that gives up: with a report, as [`try_wait`](NextRequest::try_wait) does it. The time runs from now.
    ///
    /// Futures of the standard library know no time, so a thread keeps it: from the first poll until the future is dropped.
    /// The timeout of your runtime (`tokio::time::timeout`) takes none, but cannot say what came instead.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// async fn webhook_is_called(server: &TestServer) -> Result<(), Report> {
    ///     let request = server.next_request(post("/webhook")).within(secs(5)).await?;
    ///     assert_eq!(request.body(), b"hello");
    ///     Ok(())
    /// }
    /// ```
    #[track_caller]
    pub fn within(self, timeout: Duration) -> NextWithin {
        NextWithin::new(self, timeout, Location::caller())
    }

    fn waited(mut self, timeout: Duration) -> Result<RecordedRequest, String> {
        let (began, deadline) = (Instant::now(), deadline(timeout));
        let bell = Arc::new(Bell::default());
        loop {
            if let Some(request) = self.found() {
                return Ok(request);
            }
            if !self.search.wait_for_news(&bell, deadline) {
                return self.last_look(timeout.min(began.elapsed()));
            }
        }
    }

    fn found(&mut self) -> Option<RecordedRequest> {
        if !std::mem::replace(&mut self.began, true) {
            self.search.skip_claimed();
        }
        self.search.find(|request| request.record().delivery.claim())
    }

    fn poll_found(&mut self, waker: &Waker) -> Poll<Result<RecordedRequest, Gone>> {
        loop {
            if let Some(request) = self.found() {
                return Poll::Ready(Ok(request));
            }
            match self.search.poll_news(waker) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(gone)) => return Poll::Ready(Err(gone)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The request after all, or why there is none.
    fn last_look(&mut self, waited: Duration) -> Result<RecordedRequest, String> {
        let (mut evidence, fitting, more) = self.search.evidence();
        if let Some((_, request)) = more.into_iter().find(|(_, request)| request.record().delivery.claim()) {
            return Ok(request);
        }
        let pattern = self.search.pattern();
        let returned = |at: &usize| {
            evidence.recorded[*at].record().delivery.is_claimed() && pattern.accepts(&evidence.subject(*at))
        };
        match (0..evidence.recorded.len()).filter(returned).count() {
            0 => {}
            1 => evidence.notes.push("1 request that fits was returned before by `next_request`".to_owned()),
            count => evidence.notes.push(format!("{count} requests that fit were returned before by `next_request`")),
        }
        // Whatever fits was returned to others.
        let fitting: Vec<usize> =
            fitting.into_iter().filter(|at| !evidence.recorded[*at].record().delivery.is_claimed()).collect();
        Err(timed_out(self.search.pattern(), 1, &fitting, waited, &evidence))
    }
}

/// A report of one failure: what was awaited did not come.
pub(crate) fn timeout_report(text: String, location: &'static Location<'static>) -> Report {
    Report::one(Failure::new(FailureKind::Timeout, text, location))
}

impl Future for NextRequest {
    type Output = RecordedRequest;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<RecordedRequest> {
        self.poll_found(context.waker()).map(|found| match found {
            Ok(request) => request,
            Err(Gone) => panic!(
                "the server was dropped, so {} can never come: keep the server until what waits for it is done",
                self.search.pattern()
            ),
        })
    }
}

// Locks are never poisoned, and nothing of it can be seen half-changed.
impl UnwindSafe for NextRequest {}
impl RefUnwindSafe for NextRequest {}

impl fmt::Debug for NextRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NextRequest({})", self.search.pattern())
    }
}
