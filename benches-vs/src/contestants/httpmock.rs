use std::net::SocketAddr;

use httpmock::{Method, MockServer};

pub(crate) struct Httpmock;

impl super::Contestant for Httpmock {
    const DEPENDENCIES: &'static str = "httpmock = \"=VERSION\"\n";
    const SUITE: &'static str = r#"
use httpmock::prelude::*;

fn run() {
    let server = MockServer::start();
    for (path, body) in [("/a", "alpha"), ("/b", "beta"), ("/c", "gamma")] {
        server.mock(|when, then| {
            when.method(GET).path(path);
            then.status(200).body(body);
        });
    }
    check(&server.base_url());
}
macro_rules! case {
    ($name:ident) => {
        #[test]
        fn $name() {
            run()
        }
    };
}
"#;
    const OLDEST_FIRST: bool = true;
    type Server = MockServer;

    fn start() -> MockServer {
        MockServer::start()
    }

    fn addr(server: &MockServer) -> SocketAddr {
        *server.address()
    }

    fn mock(server: &mut MockServer, method: &str, path: &str, body: Vec<u8>) {
        server.mock(|when, then| {
            when.method(Method::from(method)).path(path);
            then.status(200).body(body);
        });
    }
}
