//! Runs the program, and talks to it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Against hanging only.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The running program, which ends with this value.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) first_line: String,
    pub(crate) port: u16,
    stdout: Receiver<String>,
    log: Receiver<String>,
}

/// What a run that is over has left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Without what was read before.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn command(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fixture-server"));
        command.args(arguments);
        command
    }

    #[track_caller]
    pub(crate) fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Program {
        Program::spawn(&mut Program::command(arguments))
    }

    #[track_caller]
    pub(crate) fn spawn(command: &mut Command) -> Program {
        let mut program = Program::spawn_unannounced(command);
        program.first_line = program.stdout.recv_timeout(PATIENCE).unwrap_or_default();
        // Both kinds of first lines have a URL that ends with the port.
        let port = program.first_line.rsplit(':').next().and_then(|rest| rest.split('/').next()?.parse().ok());
        match port {
            Some(port) => program.port = port,
            None => panic!("it did not start: {:?} {}", program.first_line, rest_of(&program.log)),
        }
        program
    }

    /// Does not wait for a first line.
    fn spawn_unannounced(command: &mut Command) -> Program {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = lines_of(child.stdout.take().unwrap());
        let log = lines_of(child.stderr.take().unwrap());
        Program { child, first_line: String::new(), port: 0, stdout, log }
    }

    /// For runs that end by themselves.
    #[track_caller]
    pub(crate) fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ended {
        Program::spawn_unannounced(&mut Program::command(arguments)).end()
    }

    /// Where to reach it: the loopback address of what it is bound to.
    pub(crate) fn addr(&self) -> SocketAddr {
        let is_ipv6 = self.first_line.contains("://[");
        if is_ipv6 { (Ipv6Addr::LOCALHOST, self.port).into() } else { (Ipv4Addr::LOCALHOST, self.port).into() }
    }

    #[track_caller]
    pub(crate) fn log_line(&self) -> String {
        let line = self.log.recv_timeout(PATIENCE).expect("a line in the log");
        line.strip_suffix('\n').expect("a whole line").to_owned()
    }

    #[track_caller]
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.end()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let (stdout, stderr) = (rest_of(&self.stdout), rest_of(&self.log));
        Ended { status: self.child.wait().unwrap(), stdout, stderr }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines, with their ends, as they come.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    let mut stream = BufReader::new(stream);
    thread::spawn(move || {
        loop {
            let mut line = String::new();
            match stream.read_line(&mut line) {
                Ok(1..) if sender.send(line).is_ok() => {}
                _ => break,
            }
        }
    });
    lines
}

#[track_caller]
fn rest_of(lines: &Receiver<String>) -> String {
    let mut rest = String::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => rest += &line,
            Err(RecvTimeoutError::Disconnected) => return rest,
            Err(RecvTimeoutError::Timeout) => panic!("it did not end; so far: {rest}"),
        }
    }
}

pub(crate) fn first_line(host: &str, url_host: &str, port: u16) -> String {
    format!("Serving HTTP on {host} port {port} (http://{url_host}:{port}/) ...\n")
}

pub(crate) fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

pub(crate) fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The answer up to the end of the connection.
#[track_caller]
pub(crate) fn request(addr: SocketAddr, request: &str) -> String {
    let mut stream = connect(addr);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[track_caller]
pub(crate) fn get(addr: SocketAddr, target: &str) -> String {
    request(addr, &format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))
}
