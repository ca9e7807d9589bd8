//! Files of a directory, beside nginx: the libraries have no such thing.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::running::figures;
use super::{Pace, Values, Workshop};
use crate::load::{self, Load, get_request};
use crate::process::{Profile, Served, cpu_seconds, find, pinned};

/// The files, and on how many connections each is asked for.
const FILES: [(&str, usize, usize); 3] = [("1k", 1 << 10, 32), ("64k", 64 << 10, 32), ("100m", 100 << 20, 1)];

pub(super) fn files(workshop: &Workshop, name: &str, pace: Pace) -> io::Result<Values> {
    let directory = workshop.directory().join("files");
    fs::create_dir_all(&directory)?;
    for (file, length, _) in FILES {
        let path = directory.join(file);
        if !path.exists() {
            fs::write(&path, vec![b'x'; length])?;
        }
    }
    let served = if name == "nginx" {
        let Some(nginx) = find("nginx") else { return Ok(vec![None; FILES.len()]) };
        start_nginx(&nginx, &directory)?
    } else {
        Served::start(Profile::Release, name, &format!("files:{}", directory.display()))?
    };
    let mut values = Values::new();
    for (file, length, connections) in FILES {
        let request = get_request(&format!("/{file}"));
        let load = Load { request, connections, closes: false, time: pace.time };
        load::run(served.addr, &Load { time: load.time / 5, request: load.request.clone(), ..load })?;
        let before = cpu_seconds(served.id(), false);
        let outcome = load::run(served.addr, &load)?;
        let rate = figures(outcome, cpu_seconds(served.id(), false) - before)[0];
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let megabytes = length as f64 / 1e6;
        values.push(if length > 1 << 20 { rate.map(|rate| rate * megabytes) } else { rate });
    }
    Ok(values)
}

/// One worker, which is the process itself, with sendfile: nginx at its leanest.
fn start_nginx(nginx: &Path, directory: &Path) -> io::Result<Served> {
    // Somebody else may take the port before nginx does; then it does not come up, and the repetition fails.
    let addr: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let own = directory.with_file_name("nginx");
    fs::create_dir_all(&own)?;
    let temporary: Vec<String> = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {}/{kind};", own.display()))
        .collect();
    let text = format!(
        "daemon off; master_process off; worker_processes 1; pid {0}/pid; error_log {0}/log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; {2}\n\
         server {{ listen {addr}; root {1}; }} }}\n",
        own.display(),
        directory.display(),
        temporary.join(" ")
    );
    let configuration = own.join("nginx.conf");
    fs::write(&configuration, text)?;
    let mut command = pinned(nginx, 0);
    let child = command
        .arg("-c")
        .arg(&configuration)
        .arg("-p")
        .arg(&own)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let served = Served::of(child, addr);
    let begin = Instant::now();
    while TcpStream::connect(addr).is_err() {
        if begin.elapsed() > Duration::from_secs(10) {
            return Err(io::Error::other("nginx does not listen"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(served)
}
