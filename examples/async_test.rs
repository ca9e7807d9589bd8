//! Shows that nothing changes in an async test: the server is started, used and dropped inside a future, without an `await`.
//!
//! Any runtime will do, for none is used by the server: `#[tokio::test]` and the like work as this `block_on` does.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;
use std::pin::{Pin, pin};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use fixture_server::prelude::*;

type Outcome = Result<String, ureq::Error>;

/// What would stand under `#[tokio::test]`.
async fn two_requests_are_answered_at_the_same_time() -> Result<(), Box<dyn Error>> {
    let server = TestServer::start("fixtures/site");
    // Handlers are plain closures and may block: these wait until both requests are there.
    let both = Barrier::new(2);
    server.on("GET", "/meet/{name}", move |request| {
        both.wait();
        format!("hello {}", request.param("name"))
    });

    let (ada, grace) = (fetch(server.url("/meet/ada")), fetch(server.url("/meet/grace")));
    assert_eq!((ada.await?, grace.await?), ("hello ada".to_owned(), "hello grace".to_owned()));
    assert_eq!(fetch(server.url("/hello.txt")).await?, "Hello, fixture!\n");

    server.assert_received(get("/meet/{name}"), 2);
    for request in server.requests() {
        println!("{request}");
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    block_on(two_requests_are_answered_at_the_same_time())
}

/// A request that is under way, in place of an async client: a blocking one on a thread of its own.
struct Fetch {
    shared: Arc<Mutex<(Option<Outcome>, Option<Waker>)>>,
}

fn fetch(url: String) -> Fetch {
    let shared = Arc::new(Mutex::new((None, None)));
    let fetch = Fetch { shared: Arc::clone(&shared) };
    thread::spawn(move || {
        let outcome = ureq::get(url).call().and_then(|mut answer| answer.body_mut().read_to_string());
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = Some(outcome);
        if let Some(waker) = state.1.take() {
            Waker::wake(waker);
        }
    });
    fetch
}

impl Future for Fetch {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut state = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = state.0.take() {
            return Poll::Ready(outcome);
        }
        state.1 = Some(context.waker().clone());
        Poll::Pending
    }
}

/// The smallest runtime: polls the future, and sleeps until it is worth polling again.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
