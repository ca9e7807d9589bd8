//! HTTPS: everything works as over plain HTTP, clients verify what they see, and what goes wrong is told on both sides.
#![cfg(feature = "_tls")]

mod certificates;
mod faults;
mod handshakes;
mod secure;
mod unchanged;
