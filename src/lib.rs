//! An HTTP server for test suites: serves a directory like Python's http.server, answers closures, records every request.
#![forbid(unsafe_code)]

mod builder;
mod engine;
mod files;
mod handler;
mod journal;
mod log;
mod matchers;
mod message;
mod plan;
mod report;
mod rule;
mod rules;
mod server;
mod site;
mod start_error;
mod wire;

use std::time::Duration;

pub use builder::{Builder, IntoAddr, IntoDir, Protocol};
pub use handler::Handler;
pub use http::{Method, StatusCode};
pub use journal::{RecordedRequest, Route};
pub use log::LogEvent;
pub use matchers::pattern::{IntoPattern, Pattern, any, delete, get, head, method, options, patch, post, put};
pub use matchers::times::{IntoTimes, Times};
pub use message::convert::{IntoBody, IntoFieldValue, IntoMethod, IntoStatus};
pub use message::delivery::Ended;
pub use message::fault::Fault;
pub use message::field::Field;
pub use message::into_response::{HandlerReturn, IntoResponse};
pub use message::request::Request;
pub use message::response::Response;
pub use report::{Failure, FailureKind, Report};
pub use rule::{RouteGuard, Rule};
pub use server::TestServer;
pub use start_error::StartError;

/// What a test file imports.
pub mod prelude {
    pub use crate::{
        Fault, HandlerResult, IntoResponse, MIB, Method, Pattern, RecordedRequest, Report, Request, Response, Rule,
        StatusCode, TestServer, any, delete, get, head, method, ms, options, patch, post, put, secs,
    };
    #[cfg(feature = "json")]
    pub use serde_json::json;
}

/// One mebibyte, for limits: `16 * MIB`.
pub const MIB: usize = 1 << 20;

/// `Duration::from_millis`, short enough for tests.
#[must_use]
pub const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// `Duration::from_secs`, short enough for tests.
#[must_use]
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What a handler that uses `?` returns: `|request| -> HandlerResult { .. }`. An error answers 500 and fails the test.
pub type HandlerResult<T = Response> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
