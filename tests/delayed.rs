//! A thousand responses that wait. Alone in its process, because it counts the threads in it.

mod raw;

use std::time::{Duration, Instant};

use fixture_server::prelude::*;

use raw::{Raw, Test, get_bytes};

/// Threads that serve.
#[cfg(target_os = "linux")]
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("a list of threads");
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "fixture-server").count()
}

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
    assert!((1..=64).contains(&threads()), "{} threads", threads());
    for mut client in clients {
        assert_eq!(client.answer()?.text(), "late");
    }
    let took = begin.elapsed();
    assert!(took >= ms(1_000) && took < Duration::from_secs(10), "{took:?}");
    Ok(())
}
