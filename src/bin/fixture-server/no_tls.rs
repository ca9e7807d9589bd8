//! The program without TLS.

use std::io;
use std::path::Path;

use fixture_server::{Builder, StartError, TestServer};

use crate::arguments::Arguments;

/// There is none.
pub(crate) struct Security;

impl Security {
    pub(crate) fn of(arguments: &Arguments) -> Result<Security, String> {
        if arguments.wants_tls() {
            return Err(
                "this build serves plain HTTP only: build it with the features `cli` and `tls` for HTTPS, `cargo install fixture-server --features cli,tls`".to_owned()
            );
        }
        Ok(Security)
    }

    #[expect(clippy::unused_self, reason = "as where there is TLS")]
    pub(crate) fn builder(&self) -> Builder {
        TestServer::builder()
    }

    #[expect(clippy::unused_self, reason = "as where there is TLS")]
    pub(crate) fn explained(&self, error: &StartError) -> String {
        error.to_string()
    }
}

/// There is no CA.
pub(crate) fn ca_file(_: &TestServer) -> io::Result<&Path> {
    Err(io::ErrorKind::Unsupported.into())
}
