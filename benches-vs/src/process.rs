//! Processes that are measured: what they cost, where they run.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// How the programs were built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Release,
    Dev,
}

impl Profile {
    /// This program, built in that profile.
    pub(crate) fn program(self) -> io::Result<PathBuf> {
        let own = std::env::current_exe()?;
        let target = own.parent().and_then(Path::parent).ok_or_else(|| io::Error::other("no target directory"))?;
        let name = own.file_name().unwrap_or_default();
        Ok(target.join(if self == Profile::Release { "release" } else { "debug" }).join(name))
    }
}

/// A server in a process of its own; it ends when this is dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Served {
    /// Starts this program as `serve NAME SCENARIO` on the first core, if there are two and `taskset` is there.
    pub(crate) fn start(profile: Profile, name: &str, scenario: &str) -> io::Result<Served> {
        let mut command = pinned(&profile.program()?, 0);
        command.args(["serve", name, scenario]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        BufReader::new(output).read_line(&mut line)?;
        let Ok(addr) = line.trim().parse() else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::other(format!("{name} did not start for {scenario}")));
        };
        Ok(Served { child, addr })
    }

    /// One that is started by another command, and listens there.
    pub(crate) fn of(child: Child, addr: SocketAddr) -> Served {
        Served { child, addr }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command, to run on one core where that can be had.
pub(crate) fn pinned(program: &Path, core: usize) -> Command {
    if !has_two_cores() || find("taskset").is_none() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

/// Puts this process, the client, on the second core.
pub(crate) fn pin_self() {
    if has_two_cores() && find("taskset").is_some() {
        let id = std::process::id().to_string();
        let _ = Command::new("taskset").args(["-a", "-c", "-p", "1", &id]).stdout(Stdio::null()).status();
    }
}

/// Lets it run anywhere again.
pub(crate) fn unpin_self() {
    if has_two_cores() && find("taskset").is_some() {
        let (id, cores) = (std::process::id().to_string(), format!("0-{}", cores() - 1));
        let _ = Command::new("taskset").args(["-a", "-c", "-p", &cores, &id]).stdout(Stdio::null()).status();
    }
}

fn has_two_cores() -> bool {
    cores() > 1
}

/// How many cores the machine has, whatever this process may use at the moment.
pub(crate) fn cores() -> usize {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines().filter(|line| line.starts_with("processor")).count().max(1)
}

/// Where a program is, if it is on the path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let extra = [PathBuf::from("/usr/sbin")];
    std::env::split_paths(&path).chain(extra).map(|directory| directory.join(program)).find(|path| path.is_file())
}

/// Seconds of CPU that a process has taken so far; with that of the children it has waited for, if `with_children`.
pub(crate) fn cpu_seconds(id: u32, with_children: bool) -> f64 {
    /// Linux tells it in hundredths of a second, whatever its own clock.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name of the process may hold blanks; what follows it does not.
    let fields: Vec<f64> = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    let last = if with_children { 14 } else { 12 };
    fields.get(11..=last).unwrap_or_default().iter().sum::<f64>() / TICKS
}

/// A number of `/proc/ID/status`, as `VmRSS` (KiB) or `Threads`.
pub(crate) fn status_of(id: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// How many files this process may have open.
pub(crate) fn most_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    line.split_whitespace().nth(3).and_then(|soft| soft.parse().ok()).unwrap_or(1_024)
}
