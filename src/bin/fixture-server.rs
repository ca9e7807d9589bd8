//! Serves a directory from the command line, as `python -m http.server` does.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::{Parser, ValueEnum};
use fixture_server::{LogEvent, Protocol, StartError, TestServer};
use jiff::Zoned;

// Of an option that is given twice the last one counts, as with Python's argparse.
/// Serves a directory over HTTP, as `python -m http.server` does, and logs each request on standard error.
#[derive(Debug, Parser)]
#[command(name = "fixture-server", version, args_override_self = true)]
struct Arguments {
    /// Port to listen on; 0 lets the system choose one
    #[arg(default_value_t = 8000)]
    port: u16,

    /// Name or address to listen on; without it all interfaces (`::` for IPv6 and IPv4)
    #[arg(short, long, value_name = "ADDRESS")]
    bind: Option<String>,

    /// Directory to serve; as long as it does not exist everything is 404
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,

    /// Version to answer with; HTTP/1.1 keeps connections open [default: HTTP/1.0, with --strict HTTP/1.1]
    #[arg(short, long, value_name = "VERSION")]
    protocol: Option<Version>,

    /// Speak HTTP/1.1 unless --protocol says otherwise; requests are read by the rules of RFC 9112 with and without it
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Version {
    #[value(name = "HTTP/1.0")]
    Http10,
    #[value(name = "HTTP/1.1")]
    Http11,
}

impl Arguments {
    fn protocol(&self) -> Protocol {
        match self.protocol.unwrap_or(if self.strict { Version::Http11 } else { Version::Http10 }) {
            Version::Http10 => Protocol::Http10,
            Version::Http11 => Protocol::Http11,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let server = match serve(&arguments) {
        Ok(server) => server,
        Err(message) => {
            to_stderr(&format!("fixture-server: {message}\n"));
            return ExitCode::FAILURE;
        }
    };
    announce(server.addr());
    loop {
        thread::park();
    }
}

fn serve(arguments: &Arguments) -> Result<TestServer, String> {
    let start = |addr| start(arguments, addr).map_err(|error| error.to_string());
    let port = arguments.port;
    let Some(name) = &arguments.bind else {
        // The first wildcard that the resolver offers, as http.server: on Linux that of IPv4.
        if cfg!(target_os = "linux") {
            return start(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
        }
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        return match self::start(arguments, everywhere) {
            Err(error) if lacks_ipv6(&error) => start(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
            settled => settled.map_err(|error| error.to_string()),
        };
    };
    let found = (name.as_str(), port).to_socket_addrs().and_then(|mut found| {
        found.next().ok_or_else(|| io::Error::new(ErrorKind::NotFound, "the name has no address"))
    });
    start(found.map_err(|error| format!("cannot listen on {name:?}: {error}"))?)
}

fn start(arguments: &Arguments, addr: SocketAddr) -> Result<TestServer, StartError> {
    TestServer::builder()
        .dir_unchecked(&arguments.directory)
        .bind(addr)
        .protocol(arguments.protocol())
        // Nobody asks what was received, and the program may run for months.
        .journal_limit(0)
        .log(|event| to_stderr(&log_lines(event, &Zoned::now())))
        .try_start()
}

/// Whether it may be for want of IPv6 that nothing could be bound: a port that is taken is taken with IPv4 as well.
fn lacks_ipv6(error: &StartError) -> bool {
    !matches!(error.io_error().kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied)
}

/// Tells where the server listens; at once even into a pipe, because scripts wait for this line.
fn announce(addr: SocketAddr) {
    let (host, port) = (addr.ip(), addr.port());
    let mut stdout = io::stdout().lock();
    // A closed standard output is no reason not to serve.
    let _ = writeln!(stdout, "Serving HTTP on {host} port {port} (http://{addr}/) ...").and_then(|()| stdout.flush());
}

/// What http.server logs about an answer.
fn log_lines(event: &LogEvent, time: &Zoned) -> String {
    let client = event.request().peer().map_or_else(|| "-".to_owned(), |peer| peer.ip().to_string());
    let time = time.strftime("%d/%b/%Y %H:%M:%S");
    event.lines().iter().map(|text| format!("{client} - - [{time}] {text}\n")).collect::<Vec<_>>().concat()
}

/// Writes in one go, so that the lines of answers given at the same time do not mix.
fn to_stderr(lines: &str) {
    // There is nowhere left to complain to.
    let _ = io::stderr().lock().write_all(lines.as_bytes());
}
