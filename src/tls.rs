//! TLS without sockets: certificates, what is shown to whom, and sessions as functions from bytes to bytes.

pub(crate) mod authority;
pub(crate) mod client;
pub(crate) mod fault;
mod identity;
pub(crate) mod options;
mod provider;
pub(crate) mod session;
pub(crate) mod shown;
