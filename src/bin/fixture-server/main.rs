//! Serves a directory from the command line, as `python -m http.server` does.

mod arguments;
mod output;
#[cfg_attr(not(feature = "_tls"), path = "no_tls.rs")]
mod tls;
mod values;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::thread;

use fixture_server::{Builder, Cgi, Directory, StartError, TestServer};

use arguments::Arguments;
use output::{to_stderr, to_stdout};
use tls::Security;

fn main() -> ExitCode {
    let arguments = Arguments::from_command_line();
    if let Some(shell) = arguments.completions {
        output::end_with(io::stdout().write_all(&output::completions(shell)));
    }
    if arguments.man {
        output::end_with(io::stdout().write_all(&output::man_page()));
    }
    let started = serve(&arguments).and_then(|server| Ok((ca_of(&server, &arguments)?, Arc::new(server))));
    let (ca, server) = match started {
        Ok(started) => started,
        Err(message) => {
            to_stderr(&format!("fixture-server: {message}\n"));
            return ExitCode::FAILURE;
        }
    };
    if let Some(ca) = &ca {
        to_stderr(&format!("the certificate of the CA is in {}, as for curl --cacert\n", ca.display()));
    }
    say_farewell_to_interrupts(&arguments, Arc::clone(&server), ca);
    let first = if arguments.print_url {
        server.url("/") + "\n"
    } else {
        output::first_line(server.addr(), arguments.wants_tls())
    };
    to_stdout(first.as_bytes());
    loop {
        thread::park();
    }
}

/// Not before there is a server: what is interrupted earlier has nothing to end in good order.
fn say_farewell_to_interrupts(arguments: &Arguments, server: Arc<TestServer>, ca: Option<PathBuf>) {
    // With --print-url the URL is all that standard output holds.
    let farewell = if arguments.print_url { "" } else { output::FAREWELL };
    // `try_` leaves it ignored where it is: in what a script starts with `&`. Its error says no more than that.
    let _ = ctrlc::try_set_handler(move || {
        to_stdout(farewell.as_bytes());
        // A terminal interrupts this process alone: each script has a group of its own.
        server.stop();
        if let Some(ca) = &ca {
            let _ = fs::remove_file(ca);
        }
        // Waits for no connection and no script, as http.server.
        process::exit(0);
    });
}

/// Where the certificate of the CA lies, if there is one that clients have to be told of.
fn ca_of(server: &TestServer, arguments: &Arguments) -> Result<Option<PathBuf>, String> {
    let file = arguments.tls_self_signed.then(|| tls::ca_file(server).map(Path::to_owned));
    file.transpose().map_err(|error| error.to_string())
}

fn serve(arguments: &Arguments) -> Result<TestServer, String> {
    let security = Security::of(arguments)?;
    let start = |addr| start(arguments, &security, addr).map_err(|error| security.explained(&error));
    let port = arguments.port;
    let Some(name) = &arguments.bind else {
        // The first wildcard that the resolver offers, as http.server: on Linux that of IPv4.
        if cfg!(target_os = "linux") {
            return start(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
        }
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        return match self::start(arguments, &security, everywhere) {
            Err(error) if lacks_ipv6(&error) => start(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
            settled => settled.map_err(|error| security.explained(&error)),
        };
    };
    let found = (name.as_str(), port).to_socket_addrs().and_then(|mut found| {
        found.next().ok_or_else(|| io::Error::new(ErrorKind::NotFound, "the name has no address"))
    });
    start(found.map_err(|error| format!("cannot listen on {name:?}: {error}"))?)
}

fn start(arguments: &Arguments, security: &Security, addr: SocketAddr) -> Result<TestServer, StartError> {
    let mut directory =
        Directory::new(arguments.directory()).may_be_missing().default_content_type(&arguments.content_type);
    for (name, value) in arguments.fields() {
        // Checked already.
        directory = directory.header(name, values::latin1(value).unwrap_or_default());
    }
    let mut builder = security.builder().dir(directory).bind(addr);
    if !arguments.strict {
        builder = builder.http_server();
    }
    if arguments.cgi {
        builder = with_scripts(builder);
    }
    if !arguments.quiet {
        builder = builder.log(|event| to_stderr(&event.log_lines(output::log_time())));
    }
    // Nobody asks what was received, and the program may run for months.
    builder.protocol(arguments.protocol()).journal_limit(0).try_start()
}

#[cfg(unix)]
fn with_scripts(builder: Builder) -> Builder {
    builder.cgi(Cgi::default())
}

#[cfg(not(unix))]
fn with_scripts(builder: Builder) -> Builder {
    to_stderr("fixture-server: --cgi does nothing here, scripts are programs of Unix\n");
    builder
}

/// Whether it may be for want of IPv6 that nothing could be bound: a port that is taken is taken with IPv4 as well.
fn lacks_ipv6(error: &StartError) -> bool {
    !matches!(error.io_error().kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied)
}
