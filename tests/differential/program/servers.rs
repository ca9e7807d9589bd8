//! The servers as processes, and the Pythons that can be had.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// Against hanging only.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    Python(Python),
    /// The program `fixture-server`, at this path.
    Ours(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Python {
    pub(crate) path: PathBuf,
    /// The `11` of 3.11.7.
    pub(crate) minor: u32,
    pub(crate) version: String,
}

/// Whom a server runs as: one of another user is started by root only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    Myself,
    Nobody { uid: u32, gid: u32 },
}

impl Python {
    /// Every Python of 3.11 or later on the path, the usual one first, none twice. `--protocol` came with 3.11.
    pub(crate) fn all(user: User) -> Vec<Python> {
        // Looking for them takes its time.
        static OF_TESTS: OnceLock<Vec<Python>> = OnceLock::new();
        if user == User::Myself { OF_TESTS.get_or_init(|| Python::found(user)).clone() } else { Python::found(user) }
    }

    fn found(user: User) -> Vec<Python> {
        let names = ["python3".to_owned()].into_iter().chain((11..20).map(|minor| format!("python3.{minor}")));
        let path = env::var_os("PATH").unwrap_or_default();
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for name in names {
            for folder in env::split_paths(&path) {
                // One of each version is enough.
                let python = Python::at(&folder.join(&name), user).filter(|python| python.minor >= 11);
                found.extend(python.filter(|python| seen.insert(python.minor)));
            }
        }
        found
    }

    /// The interpreter itself, which may be behind a script that chooses one.
    fn at(path: &Path, user: User) -> Option<Python> {
        if !path.is_file() {
            return None;
        }
        let mut command = Command::new(path);
        command.args(["-c", "import sys; print(sys.executable, *sys.version_info[1:3], sep='\\n')"]);
        user.apply(&mut command);
        let output = command.stdin(Stdio::null()).current_dir("/").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let [path, minor, micro] = text.lines().collect::<Vec<_>>().try_into().ok()?;
        Some(Python { path: path.into(), minor: minor.parse().ok()?, version: format!("3.{minor}.{micro}") })
    }

    /// Removed with 3.15.
    pub(crate) fn has_cgi(&self) -> bool {
        self.minor < 15
    }
}

impl Program {
    pub(crate) fn has_cgi(&self) -> bool {
        if let Program::Python(python) = self { python.has_cgi() } else { true }
    }

    pub(crate) fn ours() -> Program {
        Program::Ours(env!("CARGO_BIN_EXE_fixture-server").into())
    }

    /// A copy of ours where any user can get at it, which a home directory is not.
    pub(crate) fn ours_within(folder: &Path) -> io::Result<Program> {
        let path = folder.join("fixture-server");
        // Not by this process: what it holds open for writing, were it for a moment, could not be run.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_fixture-server")).arg(&path).status()?;
        if !copied.success() {
            return Err(io::Error::other("the program cannot be copied"));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(Program::Ours(path))
    }

    /// The one thing that both get the same way: where names, times and pages depend on the environment, it is fixed.
    pub(crate) fn command(&self, user: User) -> Command {
        let mut command = match self {
            Program::Python(python) => {
                let mut command = Command::new(&python.path);
                // Unbuffered, because the start-up line is waited for (D17); warnings are no log.
                command.args(["-u", "-W", "ignore", "-m", "http.server"]);
                command
            }
            Program::Ours(path) => Command::new(path),
        };
        command.env_clear().envs(environment()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        user.apply(&mut command);
        command
    }

    /// For runs that end by themselves; one that does not is killed, and shows no exit code.
    pub(crate) fn run(&self, arguments: &[&str]) -> io::Result<Output> {
        let mut child = self.command(User::Myself).args(arguments).spawn()?;
        let start = Instant::now();
        while child.try_wait()?.is_none() {
            if start.elapsed() > PATIENCE {
                child.kill()?;
            }
            thread::sleep(Duration::from_millis(2));
        }
        child.wait_with_output()
    }
}

/// What both servers, and so their scripts, find in the environment.
fn environment() -> Vec<(&'static str, OsString)> {
    let path = env::var_os("PATH").unwrap_or_default();
    let fixed = [("PYTHONUTF8", "1"), ("LC_ALL", "C.UTF-8"), ("TZ", "<+14>-14"), ("INHERITED", "from the server")];
    fixed.into_iter().map(|(name, value)| (name, value.into())).chain([("PATH", path)]).collect()
}

impl User {
    pub(crate) fn is_root() -> bool {
        id(&["-u"]) == Some(0)
    }

    pub(crate) fn nobody() -> Option<User> {
        Some(User::Nobody { uid: id(&["-u", "nobody"])?, gid: id(&["-g", "nobody"])? })
    }

    pub(crate) fn shown(self) -> &'static str {
        if self == User::Myself { "as the user of the tests" } else { "as nobody" }
    }

    fn apply(self, command: &mut Command) {
        if let User::Nobody { uid, gid } = self {
            // Clears the further groups as well.
            command.uid(uid).gid(gid);
        }
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// A running server, which ends with this value.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) stdout: BufReader<ChildStdout>,
    pub(crate) first_line: String,
    pub(crate) addr: SocketAddr,
    log: PathBuf,
    /// How much of the log was read.
    logged: u64,
}

impl Server {
    /// `log` is the file for its standard error.
    pub(crate) fn start(mut command: Command, log: PathBuf) -> io::Result<Server> {
        let mut child = command.stderr(File::create(&log)?).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?);
        let mut first_line = String::new();
        // Ends at the end of the pipe at the latest, and so with the server.
        stdout.read_line(&mut first_line)?;
        let addr = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Server { child, stdout, first_line, addr, log, logged: 0 };
        let port = server.first_line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        let Some(port) = port else {
            let said = fs::read(&server.log)?;
            let message = String::from_utf8_lossy(&said).into_owned();
            return Err(io::Error::other(format!("{command:?} did not start: {:?} {message}", server.first_line)));
        };
        server.addr.set_port(port);
        Ok(server)
    }

    /// What was logged since the last call, as soon as it is at least so many lines; what is there if that takes too
    /// long.
    pub(crate) fn log_lines(&mut self, at_least: usize, patience: Duration) -> io::Result<Vec<String>> {
        let start = Instant::now();
        loop {
            let mut log = File::open(&self.log)?;
            log.seek(SeekFrom::Start(self.logged))?;
            let mut unread = Vec::new();
            log.read_to_end(&mut unread)?;
            let whole = unread.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let lines: Vec<_> = unread[..whole].split_inclusive(|&byte| byte == b'\n').collect();
            if lines.len() >= at_least || start.elapsed() > patience {
                let lines = lines.iter().map(|line| String::from_utf8_lossy(line).trim_end_matches('\n').to_owned());
                let lines = lines.collect();
                self.logged += whole as u64;
                return Ok(lines);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Past the test harness, which keeps to itself what passing tests print.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "\n*** {text} ***\n");
}
