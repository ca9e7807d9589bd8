//! The mock servers, each behind the same few calls of its own public API.

mod httpmock;
mod httptest;
mod mockito;
mod ours;
mod wiremock;

use std::net::SocketAddr;
use std::path::Path;

/// A mock server library.
pub(crate) trait Contestant {
    /// What goes into the `[dev-dependencies]` of a crate that uses it, with `VERSION` where that of this run belongs.
    const DEPENDENCIES: &'static str;
    /// A function `run`, which starts a server with three mocks and hands its URL to `check`, and a macro `case` that makes a test
    /// of it.
    const SUITE: &'static str;
    type Server;

    /// Starts a server in the way that its documentation shows first.
    fn start() -> Self::Server;
    /// Starts one that is not taken from a pool.
    fn start_own() -> Self::Server {
        Self::start()
    }
    fn addr(server: &Self::Server) -> SocketAddr;
    /// `method path` answers 200 with the body, any number of times.
    fn mock(server: &mut Self::Server, method: &str, path: &str, body: Vec<u8>);
    /// Whether, of mocks that fit, the one that was declared first is looked at first.
    const OLDEST_FIRST: bool;
    /// Serves the files below a directory, where the library can.
    fn serve_files(_directory: &Path) -> Option<Self::Server> {
        None
    }
    fn stop(server: Self::Server) {
        drop(server);
    }
}

/// What is done with a contestant whose name is known only now.
pub(crate) trait Act {
    type Output;
    fn act<C: Contestant>(self) -> Self::Output;
}

/// Ours first; the others are the peers.
pub(crate) const NAMES: [&str; 5] = ["fixture-server", "wiremock", "mockito", "httpmock", "httptest"];

pub(crate) const OURS: &str = NAMES[0];

/// `None` if there is no such contestant.
pub(crate) fn with<A: Act>(name: &str, act: A) -> Option<A::Output> {
    Some(match name {
        "fixture-server" => act.act::<ours::Ours>(),
        "wiremock" => act.act::<wiremock::Wiremock>(),
        "mockito" => act.act::<mockito::Mockito>(),
        "httpmock" => act.act::<httpmock::Httpmock>(),
        "httptest" => act.act::<httptest::Httptest>(),
        _ => return None,
    })
}

/// The lines for its manifest, and the suite.
pub(crate) struct Sources;

impl Act for Sources {
    type Output = (&'static str, &'static str);
    fn act<C: Contestant>(self) -> Self::Output {
        (C::DEPENDENCIES, C::SUITE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct AskOnce;

    impl Act for AskOnce {
        type Output = ();
        fn act<C: Contestant>(self) {
            let mut server = C::start();
            C::mock(&mut server, "GET", "/hello", b"hello".to_vec());
            assert_eq!(crate::load::get(C::addr(&server), "/hello").unwrap(), b"hello");
            C::stop(server);
        }
    }

    #[test]
    fn each_answers_what_it_was_told() {
        for name in NAMES {
            assert!(with(name, AskOnce).is_some());
        }
        assert!(with("nobody", AskOnce).is_none());
    }
}
