//! Plain data that every other module speaks of: requests, responses, header fields, bodies, faults.
//!
//! Nothing here reads a socket, a file or a clock.

pub(crate) mod body;
pub(crate) mod convert;
pub(crate) mod credentials;
pub(crate) mod date;
pub(crate) mod decoded;
pub(crate) mod delivery;
pub(crate) mod dice;
pub(crate) mod error;
pub(crate) mod fault;
pub(crate) mod fault_at;
pub(crate) mod field;
pub(crate) mod field_block;
pub(crate) mod into_response;
mod made;
pub(crate) mod quoted;
pub(crate) mod request;
mod request_line;
pub(crate) mod response;
pub(crate) mod shape;
pub(crate) mod tape;
pub(crate) mod target;
#[cfg(feature = "_tls")]
pub(crate) mod tls_failures;
#[cfg(feature = "_tls")]
pub(crate) mod tls_info;
