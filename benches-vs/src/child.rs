//! What runs in the process that is measured.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use crate::contestants::{Act, Contestant, with};
use crate::load;
use crate::process::status_of;

/// Starts a server for a scenario, says where it is, and serves until it is killed.
pub(crate) struct Serve<'a>(pub(crate) &'a str);

impl Act for Serve<'_> {
    type Output = Option<()>;

    fn act<C: Contestant>(self) -> Option<()> {
        let (scenario, argument) = self.0.split_once(':').unwrap_or((self.0, ""));
        if scenario == "files" {
            serve_on::<C>(C::serve_files(Path::new(argument))?);
            return Some(());
        }
        let mut server = C::start();
        match scenario {
            "hello" => C::mock(&mut server, "GET", "/hello", b"hello".to_vec()),
            "large" => C::mock(&mut server, "GET", "/hello", vec![b'x'; 1 << 20]),
            "post" => C::mock(&mut server, "POST", "/hello", b"ok".to_vec()),
            "many" => {
                let others = argument.parse::<usize>().ok()?.saturating_sub(1);
                // The one that is asked for is the last that is looked at.
                if !C::OLDEST_FIRST {
                    C::mock(&mut server, "GET", "/hello", b"hello".to_vec());
                }
                (0..others).for_each(|number| C::mock(&mut server, "GET", &format!("/mock/{number}"), b"no".to_vec()));
                if C::OLDEST_FIRST {
                    C::mock(&mut server, "GET", "/hello", b"hello".to_vec());
                }
            }
            _ => return None,
        }
        serve_on::<C>(server);
        Some(())
    }
}

fn serve_on<C: Contestant>(server: C::Server) {
    say(&C::addr(&server).to_string());
    // Whoever started it kills it, or goes.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    C::stop(server);
}

fn say(line: &str) {
    let mut output = io::stdout();
    let _ = writeln!(output, "{line}");
    let _ = output.flush();
}

/// Starts a server, has one request answered, and drops it, so many times: median and 99th percentile of the whole in
/// microseconds.
pub(crate) struct Cycles {
    pub(crate) count: usize,
    /// With a server of its own each time, and none of a pool.
    pub(crate) own: bool,
}

impl Act for Cycles {
    type Output = ();

    fn act<C: Contestant>(self) {
        let mut times = Vec::new();
        for number in 0..self.count + 10 {
            let begin = Instant::now();
            let mut server = if self.own { C::start_own() } else { C::start() };
            C::mock(&mut server, "GET", "/hello", b"hello".to_vec());
            let body = load::get(C::addr(&server), "/hello").expect("an answer");
            assert_eq!(body, b"hello");
            C::stop(server);
            if number >= 10 {
                times.push(begin.elapsed().as_secs_f64() * 1e6);
            }
        }
        times.sort_by(f64::total_cmp);
        say(&format!("{} {}", times[times.len() / 2], times[times.len() * 99 / 100]));
    }
}

/// So many servers alive at once, each asked once: milliseconds, threads, KiB.
pub(crate) struct Alive(pub(crate) usize);

impl Act for Alive {
    type Output = ();

    fn act<C: Contestant>(self) {
        let own = std::process::id();
        let before = status_of(own, "VmRSS");
        let begin = Instant::now();
        // Pools end long before that number.
        let mut servers: Vec<C::Server> = (0..self.0).map(|_| C::start_own()).collect();
        for server in &mut servers {
            C::mock(server, "GET", "/hello", b"hello".to_vec());
        }
        for server in &servers {
            let addr: SocketAddr = C::addr(server);
            assert_eq!(load::get(addr, "/hello").expect("an answer"), b"hello");
        }
        let time = begin.elapsed().as_secs_f64() * 1e3;
        say(&format!("{time} {} {}", status_of(own, "Threads"), status_of(own, "VmRSS") - before));
        std::process::exit(0); // Stopping hundreds of servers is not measured, and takes long.
    }
}

/// What the command line of a child asks for; `None` if it is none.
pub(crate) fn run(arguments: &[&str]) -> Option<()> {
    match arguments {
        ["serve", name, scenario] => with(name, Serve(scenario))?,
        ["cycles", name, count, own] => with(name, Cycles { count: count.parse().ok()?, own: *own == "own" }),
        ["alive", name, count] => with(name, Alive(count.parse().ok()?)),
        _ => None,
    }
}
