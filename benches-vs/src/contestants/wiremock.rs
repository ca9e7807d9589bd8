use std::future::Future;
use std::net::SocketAddr;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) struct Wiremock;

fn block<F: Future>(future: F) -> F::Output {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));
    RUNTIME.block_on(future)
}

impl super::Contestant for Wiremock {
    const DEPENDENCIES: &'static str =
        "wiremock = \"=VERSION\"\ntokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n";
    const SUITE: &'static str = r#"
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn run() {
    let server = MockServer::start().await;
    for (at, body) in [("/a", "alpha"), ("/b", "beta"), ("/c", "gamma")] {
        let response = ResponseTemplate::new(200).set_body_string(body);
        Mock::given(method("GET")).and(path(at)).respond_with(response).mount(&server).await;
    }
    check(&server.uri());
}
macro_rules! case {
    ($name:ident) => {
        #[tokio::test]
        async fn $name() {
            run().await
        }
    };
}
"#;
    const OLDEST_FIRST: bool = true;
    type Server = MockServer;

    fn start() -> MockServer {
        block(MockServer::start())
    }

    fn start_own() -> MockServer {
        block(MockServer::builder().start())
    }

    fn addr(server: &MockServer) -> SocketAddr {
        *server.address()
    }

    fn mock(server: &mut MockServer, of: &str, at: &str, body: Vec<u8>) {
        let response = ResponseTemplate::new(200).set_body_bytes(body);
        block(Mock::given(method(of)).and(path(at)).respond_with(response).mount(server));
    }

    fn stop(server: MockServer) {
        // It goes back to its pool, for which it needs a runtime.
        block(async move { drop(server) });
    }
}
