use std::net::SocketAddr;
use std::path::Path;

use fixture_server::TestServer;

pub(crate) struct Ours;

impl super::Contestant for Ours {
    const DEPENDENCIES: &'static str = "fixture-server = { path = \"PATH\" }\n";
    const SUITE: &'static str = r#"
fn run() {
    let server = fixture_server::TestServer::empty();
    for (path, body) in [("/a", "alpha"), ("/b", "beta"), ("/c", "gamma")] {
        server.on("GET", path, move |_| body);
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
    const OLDEST_FIRST: bool = false;
    type Server = TestServer;

    fn start() -> TestServer {
        TestServer::empty()
    }

    fn addr(server: &TestServer) -> SocketAddr {
        server.addr()
    }

    fn mock(server: &mut TestServer, method: &str, path: &str, body: Vec<u8>) {
        server.when(fixture_server::method(method, path)).respond(body);
    }

    fn serve_files(directory: &Path) -> Option<TestServer> {
        Some(TestServer::start(directory))
    }
}
