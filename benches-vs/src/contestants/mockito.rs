use std::net::SocketAddr;

use mockito::{Server, ServerGuard, ServerOpts};

pub(crate) struct Mockito;

/// One of its pool, or one of our own, which it never stops.
pub(crate) enum Either {
    Pooled(ServerGuard),
    Own(Server),
}

impl super::Contestant for Mockito {
    const DEPENDENCIES: &'static str = "mockito = \"=VERSION\"\n";
    const SUITE: &'static str = r#"
fn run() {
    let mut server = mockito::Server::new();
    for (path, body) in [("/a", "alpha"), ("/b", "beta"), ("/c", "gamma")] {
        server.mock("GET", path).with_body(body).create();
    }
    check(&server.url());
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
    type Server = Either;

    fn start() -> Either {
        Either::Pooled(Server::new())
    }

    fn start_own() -> Either {
        Either::Own(Server::new_with_opts(ServerOpts::default()))
    }

    fn addr(server: &Either) -> SocketAddr {
        match server {
            Either::Pooled(server) => server.socket_address(),
            Either::Own(server) => server.socket_address(),
        }
    }

    fn mock(server: &mut Either, method: &str, path: &str, body: Vec<u8>) {
        let server = match server {
            Either::Pooled(server) => &mut **server,
            Either::Own(server) => server,
        };
        server.mock(method, path).with_body(body).create();
    }
}
