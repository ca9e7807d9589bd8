use std::net::SocketAddr;

use httptest::matchers::request;
use httptest::responders::status_code;
use httptest::{Expectation, Server, ServerBuilder};

pub(crate) struct Httptest;

impl super::Contestant for Httptest {
    const DEPENDENCIES: &'static str = "httptest = \"=VERSION\"\n";
    const SUITE: &'static str = r#"
use httptest::{Expectation, Server, matchers::request, responders::status_code};

fn run() {
    let server = Server::run();
    for (path, body) in [("/a", "alpha"), ("/b", "beta"), ("/c", "gamma")] {
        let answer = status_code(200).body(body);
        server.expect(Expectation::matching(request::method_path("GET", path)).respond_with(answer));
    }
    check(server.url_str("").trim_end_matches('/'));
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
    type Server = Server;

    fn start() -> Server {
        // By default it prefers ::1; all are measured on 127.0.0.1.
        ServerBuilder::new().bind_addr(([127, 0, 0, 1], 0).into()).run().expect("a server")
    }

    fn addr(server: &Server) -> SocketAddr {
        server.addr()
    }

    fn mock(server: &mut Server, method: &str, path: &str, body: Vec<u8>) {
        let matching = request::method_path(method.to_owned(), path.to_owned());
        server.expect(Expectation::matching(matching).times(..).respond_with(status_code(200).body(body)));
    }
}
