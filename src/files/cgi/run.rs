//! Runs a script (section 9.3): a thread keeps it, which starts it, passes its output on, and waits for its end.

#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::environment::OPTIONAL;
use super::head_end::HeadEnd;
use super::interface::{Exit, Input, Output, Running, Stdin};
use super::process::{NOT_EXECUTED, Process};
use super::program::{interpreter_of, is_program};
use super::script::Script;
use super::user::{Become, may_be_about_users};
use crate::pipe::{Pipe, ROOM};

/// How often a script is looked at that does nothing: for its end, its time, and whether anybody still wants its output.
const TICK: Duration = Duration::from_millis(100);

/// More than a socket holds, and so than the output of a script that has ended. A process that it left behind may go on
/// writing, and is not waited for.
const LEFT_BEHIND: usize = 16 << 20;

impl Script {
    /// Starts the script, or lets it end at once with 127 if that is not possible. `on_exit` is told how it ended, once, but
    /// not if it ended with its server; from another thread, but for want of one also before this returns.
    pub(crate) fn start(self, body: Stdin, on_exit: Box<dyn FnOnce(Exit) + Send>) -> Running {
        let output = Arc::new(Pipe::default());
        let (body, input) = match body {
            Stdin::Bytes(bytes) if !bytes.is_empty() => (Some(Body::Bytes(bytes)), None),
            Stdin::Stream(length) if length > 0 => {
                let pipe = Arc::new(Pipe::default());
                (Some(Body::Stream(Arc::clone(&pipe))), Some((pipe, length)))
            }
            _ => (None, None),
        };
        let process = self.scripts.add();
        let ending = Ending {
            on_exit: Some(on_exit),
            error: Some(format!("cannot run {}: there is no thread for it", self.file.display())),
            process: Arc::clone(&process),
            output: Arc::clone(&output),
            input: input.as_ref().map(|(pipe, _)| Arc::clone(pipe)),
            feeding: None,
        };
        let deadline = Instant::now().checked_add(self.time_limit);
        let head_end = self.is_head_only.then(HeadEnd::default);
        let keeper = Keeper { process, script: self, body, deadline, head_end, ending };
        // Without a thread the keeper is dropped, and so the script has ended.
        drop(thread::Builder::new().name("cgi".to_owned()).spawn(move || keeper.run()));
        Running {
            output: Box::new(Output::new(output)),
            input: input.map(|(pipe, length)| Box::new(Input::new(pipe, length)) as _),
        }
    }

    /// A command that is not yet connected to anything.
    fn command(&self) -> Command {
        let mut command = Command::new(self.interpreter.as_deref().unwrap_or(self.file.as_os_str()));
        if self.interpreter.is_some() {
            command.arg(&self.file);
        } else {
            command.arg0(&self.called);
        }
        for name in OPTIONAL {
            command.env_remove(name);
        }
        command.args(&self.argument).envs(self.environment());
        // A group of its own, so that what it starts can be killed with it.
        command.process_group(0);
        command
    }

    fn spawn(&self, process: &Process, stdin: Option<&UnixStream>, stdout: &UnixStream) -> io::Result<()> {
        if self.interpreter.is_none() && !is_program(&self.file) {
            return Err(io::Error::other("the system has no idea how to execute this"));
        }
        let handle = |socket: &UnixStream| socket.try_clone().map(|socket| Stdio::from(OwnedFd::from(socket)));
        let mut user = self.user;
        let mut pause = Duration::from_millis(1);
        loop {
            let mut command = self.command();
            command.stdin(stdin.map_or_else(|| Ok(Stdio::null()), handle)?).stdout(handle(stdout)?);
            if let Become::IfAllowed(uid) | Become::Always(uid) = user {
                command.uid(uid);
            }
            match process.start(&mut command) {
                Err(error) if user.gives_way(&error) => user = Become::Same,
                // A script that was written a moment ago seems to be open for writing in every process that is being
                // started just then.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && pause < TICK => {
                    thread::sleep(pause);
                    pause *= 2;
                }
                started => return started,
            }
        }
    }

    /// For people.
    fn cannot_run(&self, error: &io::Error) -> String {
        let file = self.file.display();
        let what = match (&self.interpreter, self.user) {
            (_, Become::IfAllowed(uid) | Become::Always(uid)) if may_be_about_users(error) => {
                format!("{file} as the user {uid}")
            }
            (Some(program), _) => format!("{} for {file}", Path::new(program).display()),
            // What was not found is hardly the file itself.
            (None, _) if error.kind() == io::ErrorKind::NotFound => match interpreter_of(&self.file) {
                Some(interpreter) => format!("{file}, whose interpreter is {}", interpreter.display()),
                None => file.to_string(),
            },
            (None, _) => file.to_string(),
        };
        format!("cannot run {what}: {error}")
    }
}

/// What a script is to find on its standard input.
enum Body {
    Bytes(Bytes),
    Stream(Arc<Pipe>),
}

impl Body {
    /// Feeds a script until it has all, or wants no more.
    fn feed(self, mut socket: &UnixStream) {
        match self {
            Body::Bytes(bytes) => drop(socket.write_all(&bytes)),
            Body::Stream(pipe) => {
                let mut piece = vec![0; ROOM];
                loop {
                    let count = pipe.take(&mut piece);
                    if count == 0 || socket.write_all(&piece[..count]).is_err() {
                        break;
                    }
                }
                pipe.abandon();
            }
        }
        let _ = socket.shutdown(Shutdown::Write);
    }
}

struct Keeper {
    script: Script,
    process: Arc<Process>,
    body: Option<Body>,
    deadline: Option<Instant>,
    /// Where the output ends for the client, if not with the script.
    head_end: Option<HeadEnd>,
    ending: Ending,
}

impl Keeper {
    fn run(mut self) {
        let mut stdout = match self.begin() {
            Ok(stdout) => Some(stdout),
            Err(error) => {
                self.ending.error = Some(self.script.cannot_run(&error));
                return;
            }
        };
        let mut piece = vec![0; ROOM];
        let mut pause = Duration::from_millis(1);
        while !self.has_exited() {
            let Some(socket) = &mut stdout else {
                // It has closed its output, which mostly means that it is about to end.
                thread::sleep(pause);
                pause = (pause * 2).min(TICK);
                continue;
            };
            match socket.read(&mut piece) {
                Ok(count) if count > 0 && self.pass_on(&piece[..count]) => {}
                Err(error) if is_no_end(&error) && !self.ending.output.is_unwanted() => {}
                // Closed, so that the script cannot write into the void for ever.
                _ => stdout = None,
            }
        }
        // What is left is put where the client can fetch it, however slowly: nobody waits for that.
        let Some(mut socket) = stdout else { return };
        if socket.set_nonblocking(true).is_err() {
            return;
        }
        let mut passed = 0;
        while passed < LEFT_BEHIND {
            match socket.read(&mut piece) {
                Ok(count) if count > 0 && self.pass_on(&piece[..count]) => passed += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => break,
            }
        }
    }

    /// Starts the process, and the thread that feeds it; our end of its standard output.
    fn begin(&mut self) -> io::Result<UnixStream> {
        let (ours, stdout) = UnixStream::pair()?;
        ours.set_read_timeout(Some(TICK))?;
        let mut stdin = None;
        if let Some(body) = self.body.take() {
            let (ours, theirs) = UnixStream::pair()?;
            let socket = Arc::new(ours);
            self.ending.feeding = Some(Arc::clone(&socket));
            thread::Builder::new().name("cgi body".to_owned()).spawn(move || body.feed(&socket))?;
            stdin = Some(theirs);
        }
        self.script.spawn(&self.process, stdin.as_ref(), &stdout)?;
        Ok(ours)
    }

    /// Passes output on, as fast as it is wanted, but after the end of the script at once; `false` if it is not wanted at
    /// all.
    fn pass_on(&mut self, piece: &[u8]) -> bool {
        // What follows the head of an answer to `HEAD` is thrown away, so that the script gets to its end as with `GET`.
        let mut piece = self.head_end.as_mut().map_or(piece, |head_end| head_end.of(piece));
        while !piece.is_empty() {
            if self.ending.is_told() {
                return self.ending.output.put_all(piece);
            }
            match self.ending.output.put(piece, TICK) {
                // Its end and its time do not depend on how fast a client reads.
                Some(0) => drop(self.has_exited()),
                Some(count) => piece = &piece[count..],
                None => return false,
            }
        }
        !self.ending.output.is_unwanted()
    }

    /// Whether the process has ended, which is told at once; one whose time is up is killed.
    fn has_exited(&mut self) -> bool {
        if self.ending.is_told() {
            return true;
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            self.process.kill();
        }
        match self.process.exit_code() {
            Some(code) => {
                self.ending.tell(Exit { code, error: None });
                true
            }
            None => false,
        }
    }
}

fn is_no_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

/// Tells everyone that the script has ended, however its keeper did.
struct Ending {
    on_exit: Option<Box<dyn FnOnce(Exit) + Send>>,
    /// Why it could not be run, which is told if nothing else was.
    error: Option<String>,
    process: Arc<Process>,
    output: Arc<Pipe>,
    input: Option<Arc<Pipe>>,
    /// Our end of the standard input, on which the other thread may wait.
    feeding: Option<Arc<UnixStream>>,
}

impl Ending {
    fn is_told(&self) -> bool {
        self.on_exit.is_none()
    }

    fn tell(&mut self, exit: Exit) {
        let Some(on_exit) = self.on_exit.take() else { return };
        // A process that the script left behind may have its input still.
        if let Some(socket) = self.feeding.take() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        if let Some(input) = &self.input {
            input.abandon();
        }
        // Whatever it does, the output must come to an end.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            // Who stops a server knows what becomes of its scripts, and may have nothing left to tell others with.
            if self.process.is_dismissed() { drop(on_exit) } else { on_exit(exit) }
        }));
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let error = self.error.take();
        self.tell(Exit { code: NOT_EXECUTED, error });
        self.output.complete();
    }
}
