//! Handshakes that fail: on purpose, and waited for.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::journal::RecordedConnection;
use crate::next_request::search::deadline;
use crate::next_request::timeout_report;
use crate::report::Report;
use crate::report::assertions::tls_errors_otherwise;
use crate::report::colour::for_people;
use crate::tls::fault::TlsFault;
use crate::tls::shown::Shown;

use super::TestServer;

impl TestServer {
    /// Waits until at least `count` connections have failed in their TLS handshake, and returns all of these that are kept, in the
    /// order in which they were accepted: that a client refused a certificate is known a moment after the client knows it. A
    /// `Duration::MAX` waits for ever.
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls().start();
    /// # let provider = server.client_config().crypto_provider().clone();
    /// # let tls = ureq::tls::TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    /// # let roots = ureq::tls::RootCerts::new_with_certs(&[]);
    /// # let client = ureq::Agent::config_builder().tls_config(tls.root_certs(roots).build()).build().new_agent();
    /// client.get(server.url("/")).call().unwrap_err(); // it does not trust the test CA
    ///
    /// let failed = server.wait_for_tls_errors(1, secs(5));
    /// println!("{}", failed[0].tls_error().unwrap()); // the client closed the connection in the handshake; some do so ..
    /// ```
    ///
    /// # Panics
    ///
    /// At the timeout, with the connections that there were.
    #[track_caller]
    pub fn wait_for_tls_errors(&self, count: usize, timeout: Duration) -> Vec<RecordedConnection> {
        match self.awaited_tls_errors(count, timeout) {
            Ok(failed) => failed,
            Err(text) => panic!("{}", for_people(text)),
        }
    }

    /// [`wait_for_tls_errors`](TestServer::wait_for_tls_errors) as a `Result`.
    ///
    /// # Errors
    ///
    /// At the timeout: one failure of the kind [`Timeout`](crate::FailureKind::Timeout).
    ///
    /// ```
    /// # use fixture_server::{FailureKind, prelude::*};
    /// let server = TestServer::builder().tls().start();
    /// let report = server.try_wait_for_tls_errors(1, ms(1)).unwrap_err();
    /// assert_eq!(report.failures()[0].kind(), FailureKind::Timeout);
    /// ```
    #[track_caller]
    pub fn try_wait_for_tls_errors(&self, count: usize, timeout: Duration) -> Result<Vec<RecordedConnection>, Report> {
        let location = Location::caller();
        self.awaited_tls_errors(count, timeout).map_err(|text| timeout_report(text, location))
    }

    fn awaited_tls_errors(&self, count: usize, timeout: Duration) -> Result<Vec<RecordedConnection>, String> {
        let ledger = &self.site.ledger;
        let failed = ledger.tls_failures.wait_for(count, deadline(timeout));
        let connections = ledger.all();
        if failed < count {
            return Err(tls_errors_otherwise(count, failed, timeout, &connections));
        }
        Ok(connections.into_iter().filter(|connection| connection.tls_error().is_some()).collect())
    }

    /// Misbehaves towards every client that connects until the guard is dropped. Connections that are secured already are
    /// left alone, but for the way they end. Of several faults in force the newest counts. Which faults there are, and what
    /// clients say of each: [`TlsFault`].
    ///
    /// ```
    /// # use fixture_server::prelude::*;
    /// let server = TestServer::builder().tls().start();
    /// # let provider = server.client_config().crypto_provider().clone();
    /// # let tls = ureq::tls::TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    /// # let ca = ureq::tls::Certificate::from_der(&server.ca_der()).to_owned();
    /// # let tls = tls.root_certs(ureq::tls::RootCerts::new_with_certs(&[ca])).build();
    /// # let client = ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).build().new_agent();
    /// let fault = server.tls_fault(TlsFault::Expired);
    /// let error = client.get(server.url("/")).call().unwrap_err(); // it trusts the test CA
    /// assert!(error.to_string().contains("certificate expired"));
    ///
    /// drop(fault);
    /// assert!(client.get(server.url("/")).call().is_ok());
    /// ```
    ///
    /// # Panics
    ///
    /// If the server speaks plain HTTP.
    #[track_caller]
    pub fn tls_fault(&self, fault: TlsFault) -> TlsFaultGuard {
        let Some(shown) = &self.tls.shown else {
            panic!(
                "a server that speaks plain HTTP has no TLS that could go wrong: start it with `TestServer::builder().tls()`"
            );
        };
        TlsFaultGuard { shown: shown.clone(), number: shown.break_with(fault), fault }
    }
}

/// TLS goes wrong until this is dropped: [`TestServer::tls_fault`]. It borrows nothing, and may outlive the server.
#[must_use = "the fault ends as soon as the guard is dropped: bind it, `let _fault = ...` (and not to `_`)"]
pub struct TlsFaultGuard {
    shown: Arc<Shown>,
    number: u64,
    fault: TlsFault,
}

impl fmt::Debug for TlsFaultGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsFaultGuard({:?})", self.fault)
    }
}

impl Drop for TlsFaultGuard {
    fn drop(&mut self) {
        self.shown.heal(self.number);
    }
}

// Locks are never poisoned, and a guard may well go because a test panics.
impl UnwindSafe for TlsFaultGuard {}
impl RefUnwindSafe for TlsFaultGuard {}
