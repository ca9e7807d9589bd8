//! A thousand responses that wait. Alone in its process, because it counts the threads in it.

#[cfg(target_os = "linux")]
mod census;
mod raw;

use std::time::{Duration, Instant};

use fixture_server::prelude::*;

use raw::{Raw, Test, get_bytes};

#[test]
fn a_thousand_delayed_responses_cost_timers_and_no_threads() -> Test {
    let server = TestServer::empty();
    server.on("GET", "/", |_| Response::text("late").delay(ms(1_000)));
    let begin = Instant::now();
    let mut clients: Vec<Raw> = Vec::new();
    for _ in 0..1_000 {
        let mut client = Raw::connect(&server)?;
        client.send(get_bytes("/"))?;
        clients.push(client);
    }
    // Less than ten on an idle machine; a busy one brings up more of them to take a thousand connections.
    #[cfg(target_os = "linux")]
    assert!((1..=250).contains(&census::threads()), "{} threads", census::threads());
    for mut client in clients {
        assert_eq!(client.answer()?.text(), "late");
    }
    let took = begin.elapsed();
    assert!(took >= ms(1_000) && took < Duration::from_secs(10), "{took:?}");
    Ok(())
}
