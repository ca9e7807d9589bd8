//! The processes of a server's scripts: who may end them, and how one says that it ended.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// The scripts of a server. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripts {
    list: Arc<Mutex<List>>,
}

#[derive(Debug, Default)]
struct List {
    processes: Vec<Weak<Process>>,
    /// None is started any more.
    is_closed: bool,
}

impl Scripts {
    /// From now on nobody is told how those end that run or were asked for.
    pub(crate) fn hush(&self) {
        drop(self.hushed());
    }

    fn hushed(&self) -> Vec<Arc<Process>> {
        // The lock is not held meanwhile: who keeps a script might want it.
        let processes: Vec<Arc<Process>> = self.list.lock().processes.iter().filter_map(Weak::upgrade).collect();
        for process in &processes {
            process.state.lock().is_dismissed = true;
        }
        processes
    }

    /// Kills every script that runs or was asked for, and waits for none. Nobody is told how they ended.
    pub(crate) fn dismiss(&self) {
        kill(&self.hushed());
    }

    /// The same, also for those to come.
    pub(crate) fn close(&self) {
        self.list.lock().is_closed = true;
        self.dismiss();
    }

    /// A place for a process that is about to be started, so that it can be killed before.
    pub(super) fn add(&self) -> Arc<Process> {
        let mut list = self.list.lock();
        let state = State { is_killed: list.is_closed, is_dismissed: list.is_closed, ..State::default() };
        let process = Arc::new(Process { state: Mutex::new(state) });
        list.processes.retain(|process| process.strong_count() > 0);
        list.processes.push(Arc::downgrade(&process));
        process
    }

    /// How many scripts have somebody who keeps them.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.list.lock().processes.iter().filter(|process| process.strong_count() > 0).count()
    }
}

/// One script, from before it is started.
#[derive(Debug, Default)]
pub(super) struct Process {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    child: Option<Child>,
    /// It is not to be started any more, or has been killed.
    is_killed: bool,
    /// Somebody is about to kill it. It is not waited for meanwhile, for then its number could become that of another.
    is_being_killed: bool,
    /// It was killed with its server.
    is_dismissed: bool,
}

impl Process {
    /// Starts it, unless it was killed before.
    pub(super) fn start(&self, command: &mut Command) -> io::Result<()> {
        // Locked all the while: who kills it finds it not begun or running, and nothing in between.
        let mut state = self.state.lock();
        if state.is_killed {
            return Err(io::Error::other("the server was stopped"));
        }
        state.child = Some(command.spawn()?);
        Ok(())
    }

    /// Kills it, with what it has started.
    pub(super) fn kill(self: &Arc<Process>) {
        kill(std::slice::from_ref(self));
    }

    pub(super) fn is_dismissed(&self) -> bool {
        self.state.lock().is_dismissed
    }

    /// The exit code, once there is one; the process is waited for then.
    pub(super) fn exit_code(&self) -> Option<i32> {
        let mut state = self.state.lock();
        if state.is_being_killed {
            return None;
        }
        match state.child.as_mut()?.try_wait() {
            Ok(status) => status.map(exit_code),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            // Somebody else in this process waits for whatever ends, and was told instead.
            Err(_) => Some(0),
        }
    }

    /// Its group, as the program `kill` is told of it, if it runs and nobody has killed it.
    fn doomed_group(&self) -> Option<String> {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.is_killed, true) {
            return None;
        }
        let child = state.child.as_mut()?;
        let group = matches!(child.try_wait(), Ok(None)).then(|| format!("-{}", child.id()))?;
        state.is_being_killed = true;
        Some(group)
    }

    fn kill_alone(&self) {
        let mut state = self.state.lock();
        if std::mem::take(&mut state.is_being_killed) {
            if let Some(child) = &mut state.child {
                // It fails for what ended by itself.
                let _ = child.kill();
            }
        }
    }
}

/// Kills scripts and what they have started: that is of the same group, if it did not leave it.
fn kill(processes: &[Arc<Process>]) {
    let groups: Vec<String> = processes.iter().filter_map(|process| process.doomed_group()).collect();
    if !groups.is_empty() {
        // The standard library cannot signal a group. Where this program is missing the scripts alone are killed.
        let mut command = Command::new("kill");
        command.args(["-KILL", "--"]).args(groups);
        let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
    for process in processes {
        process.kill_alone();
    }
}

/// Of a process that could not be executed, as shells have it.
pub(super) const NOT_EXECUTED: i32 = 127;

/// The exit status, or the number of the signal that ended it, negative.
fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(NOT_EXECUTED)
}
