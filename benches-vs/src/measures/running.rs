//! Servers that run: starting, throughput, memory, idle connections.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Pace, Values, Workshop};
use crate::contestants::OURS;
use crate::load::{self, Client, Load, Outcome, get_request, post_request};
use crate::process::{Profile, Served, cpu_seconds, most_files, status_of};
use crate::table::Spread;

/// The numbers that a child of this program says.
fn told(profile: Profile, arguments: &[&str]) -> io::Result<Vec<f64>> {
    let mut command = std::process::Command::new(profile.program()?);
    let output = command.args(arguments).env("HTTPMOCK_MAX_SERVERS", "400").stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{arguments:?} ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).split_whitespace().filter_map(|word| word.parse().ok()).collect())
}

pub(super) fn start(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    let cycles = pace.cycles.to_string();
    let dev = told(Profile::Dev, &["cycles", name, &cycles, "usual"])?;
    let release = told(Profile::Release, &["cycles", name, &cycles, "usual"])?;
    let own = told(Profile::Release, &["cycles", name, &cycles, "own"])?;
    Ok(vec![dev.first().copied(), dev.get(1).copied(), release.first().copied(), own.first().copied()])
}

pub(super) fn alive(_: &Workshop, name: &str, _: Pace) -> io::Result<Values> {
    Ok(told(Profile::Dev, &["alive", name, "200"])?.into_iter().map(Some).collect())
}

/// Requests in a second, microseconds of CPU for each, and the 99th percentile of the latency; none of it if there were errors.
fn loaded(profile: Profile, name: &str, scenario: &str, load: &Load) -> io::Result<Values> {
    let served = Served::start(profile, name, scenario)?;
    // Caches and branches are warm, and threads are there, before anything counts.
    load::run(served.addr, &Load { time: load.time / 5, request: load.request.clone(), ..*load })?;
    let before = cpu_seconds(served.id(), false);
    let outcome = load::run(served.addr, load)?;
    let cpu = cpu_seconds(served.id(), false) - before;
    Ok(figures(outcome, cpu))
}

pub(super) fn figures(outcome: Outcome, cpu: f64) -> Values {
    if outcome.errors > 0 || outcome.requests == 0 {
        return vec![None; 3];
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let requests = outcome.requests as f64;
    let mut latencies = outcome.latencies;
    latencies.sort_by(f64::total_cmp);
    let p99 = latencies.get(latencies.len() * 99 / 100).copied();
    vec![Some(requests / outcome.seconds), Some(cpu / requests * 1e6), p99]
}

fn keep(connections: usize, pace: Pace) -> Load {
    Load { request: get_request("/hello"), connections, closes: false, time: pace.time }
}

pub(super) fn dev_32(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    loaded(Profile::Dev, name, "hello", &keep(32, pace))
}

pub(super) fn keep_1(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    loaded(Profile::Release, name, "hello", &keep(1, pace))
}

pub(super) fn keep_32(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    loaded(Profile::Release, name, "hello", &keep(32, pace))
}

pub(super) fn keep_256(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    loaded(Profile::Release, name, "hello", &keep(256, pace))
}

pub(super) fn close_32(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    let request = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_vec();
    loaded(Profile::Release, name, "hello", &Load { request, closes: true, ..keep(32, pace) })
}

pub(super) fn rules_100(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    loaded(Profile::Release, name, "many:100", &keep(32, pace))
}

pub(super) fn rules_1000(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    loaded(Profile::Release, name, "many:1000", &keep(32, pace))
}

pub(super) fn large(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    loaded(Profile::Release, name, "large", &keep(8, pace))
}

pub(super) fn upload(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    // What is recorded stays in memory: not for long.
    let time = pace.time.min(Duration::from_millis(500));
    let load = Load { request: post_request("/hello", 64 << 10), connections: 16, closes: false, time };
    loaded(Profile::Release, name, "post", &load)
}

/// Of those that record every request; the others keep a few or none.
pub(super) fn record(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    if ![OURS, "wiremock"].contains(&name) {
        return Ok(vec![None]);
    }
    let served = Served::start(Profile::Release, name, "hello")?;
    let mut client = Client::connect(served.addr)?;
    let mut ask = |count: usize| {
        (0..count).try_for_each(|_| client.send(&get_request("/hello")).and_then(|()| client.answer()).map(drop))
    };
    ask(1_000)?;
    let before = status_of(served.id(), "VmRSS");
    ask(pace.recorded)?;
    let grown = (status_of(served.id(), "VmRSS") - before) * 1024.0;
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    Ok(vec![Some(grown / pace.recorded as f64)])
}

pub(super) fn idle(_: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    const ASKED: usize = 200;
    let possible = most_files().saturating_sub(ASKED + 100);
    let count = pace.idle.min(possible);
    if count < pace.idle {
        eprintln!("only {count} idle connections: `ulimit -n` allows {} files", most_files());
    }
    let served = Served::start(Profile::Release, name, "hello")?;
    load::get(served.addr, "/hello")?;
    let before = status_of(served.id(), "VmRSS");
    let mut idle = Vec::with_capacity(count);
    for _ in 0..count {
        let mut client = Client::connect(served.addr)?;
        client.send(&get_request("/hello"))?;
        client.answer()?;
        idle.push(client);
    }
    let grown = status_of(served.id(), "VmRSS") - before;
    // Who keeps no connections has none that are idle.
    if !idle.iter().all(Client::is_open) {
        return Ok(vec![None; 3]);
    }
    let mut latencies = Vec::new();
    for _ in 0..ASKED {
        let begin = Instant::now();
        load::get(served.addr, "/hello")?;
        latencies.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let each = grown / count as f64;
    let median = Spread::of(latencies).map(|spread| spread.median);
    Ok(vec![Some(each), median, Some(status_of(served.id(), "Threads"))])
}
