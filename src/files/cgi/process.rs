//! The processes of a server's scripts: who may end them, and how one says that it ended.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// The scripts of a server. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripts {
    processes: Arc<Mutex<Vec<Weak<Process>>>>,
}

impl Scripts {
    /// Kills every script that runs or was asked for, and waits for none. Their exit codes are told as usual.
    pub(crate) fn kill_all(&self) {
        // The lock is not held meanwhile: who keeps a script might want it.
        let processes: Vec<Arc<Process>> = self.processes.lock().iter().filter_map(Weak::upgrade).collect();
        for process in processes {
            process.kill();
        }
    }

    /// A place for a process that is about to be started, so that it can be killed before.
    pub(super) fn add(&self) -> Arc<Process> {
        let process = Arc::new(Process::default());
        let mut processes = self.processes.lock();
        processes.retain(|process| process.strong_count() > 0);
        processes.push(Arc::downgrade(&process));
        process
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
    is_killed: bool,
}

impl Process {
    pub(super) fn is_killed(&self) -> bool {
        self.state.lock().is_killed
    }

    pub(super) fn began(&self, child: Child) {
        let mut state = self.state.lock();
        state.child = Some(child);
        if state.is_killed {
            state.end();
        }
    }

    pub(super) fn kill(&self) {
        let mut state = self.state.lock();
        state.is_killed = true;
        state.end();
    }

    /// The exit code, once there is one; the process is waited for then.
    pub(super) fn exit_code(&self) -> Option<i32> {
        match self.state.lock().child.as_mut()?.try_wait() {
            Ok(status) => status.map(exit_code),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            // Somebody else in this process waits for whatever ends, and was told instead.
            Err(_) => Some(0),
        }
    }
}

impl State {
    fn end(&mut self) {
        if let Some(child) = &mut self.child {
            // It fails for what ended by itself.
            let _ = child.kill();
        }
    }
}

/// Of a process that could not be executed, as shells have it.
pub(super) const NOT_EXECUTED: i32 = 127;

/// Of a process that was killed.
pub(super) const KILLED: i32 = -9;

/// The exit status, or the number of the signal that ended it, negative.
fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(NOT_EXECUTED)
}
