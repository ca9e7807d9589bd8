//! What goes to standard output and standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use jiff::Zoned;

use crate::arguments::Arguments;

/// `http.server`'s first line.
pub(crate) fn first_line(addr: SocketAddr, is_secure: bool) -> String {
    let (host, port) = (addr.ip(), addr.port());
    let (protocol, scheme) = if is_secure { ("HTTPS", "https") } else { ("HTTP", "http") };
    format!("Serving {protocol} on {host} port {port} ({scheme}://{addr}/) ...\n")
}

/// `http.server`'s last line, which begins below the `^C` that a terminal shows.
pub(crate) const FAREWELL: &str = "\nKeyboard interrupt received, exiting.\n";

/// Now, as http.server logs it: local time.
pub(crate) fn log_time() -> impl Display {
    Zoned::now().strftime("%d/%b/%Y %H:%M:%S").to_string()
}

pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "fixture-server", &mut script);
    script
}

pub(crate) fn man_page() -> Vec<u8> {
    let mut page = Vec::new();
    // Writing to memory cannot fail.
    let _ = Man::new(Arguments::command()).render(&mut page);
    page
}

/// At once even into a pipe, because scripts wait for what comes.
pub(crate) fn to_stdout(text: &[u8]) {
    let mut stdout = io::stdout().lock();
    // A closed standard output is no reason not to serve.
    let _ = stdout.write_all(text).and_then(|()| stdout.flush());
}

/// Ends the program with what it was asked to print. Half of that, on a full disk, is an error; that nobody reads on, as
/// `head`, is none.
pub(crate) fn end_with(printed: io::Result<()>) -> ! {
    match printed.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            to_stderr(&format!("fixture-server: cannot write to standard output: {error}\n"));
            process::exit(1)
        }
        _ => process::exit(0),
    }
}

/// Writes in one go, so that the lines of answers given at the same time do not mix.
pub(crate) fn to_stderr(lines: &str) {
    // There is nowhere left to complain to.
    let _ = io::stderr().lock().write_all(lines.as_bytes());
}
