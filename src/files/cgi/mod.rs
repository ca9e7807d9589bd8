//! CGI as the `CGIHTTPRequestHandler` of Python 3.14 has it (section 9 of the semantics): this file has the options and
//! decides in what order things are looked at.
//!
//! `target` makes a name of a request target, `script` a file of a name, `environment` says what a script is told, `run`
//! runs it. Nothing here starts a shell, unless a script is a program of one.

mod environment;
mod gateway;
mod head_end;
mod host;
mod interface;
mod process;
mod program;
mod run;
mod script;
mod target;
mod user;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::Served;
use super::types::{checked_extension, split_extension};
use crate::hook::HookPanic;
use crate::message::request::Request;
use crate::order::sort_by_key;

pub(crate) use gateway::Gateway;
pub(crate) use host::fully_qualified;
pub(crate) use interface::{Exit, Stdin};
use process::Scripts;
pub(crate) use script::Script;

/// Runs programs of the served directory as CGI scripts (RFC 3875), as `python -m http.server --cgi` does.
///
/// The status is always 200: `Status` is a header field like any other. What a script writes to standard error goes to that
/// of the process. [`Cgi::default`] has the directories of `--cgi`: `/cgi-bin` and `/htbin`.
///
/// Whatever is executable in a CGI directory can be run by everyone who can reach the server. Scripts are found as files are,
/// by [`Directory::translate_path`](crate::Directory::translate_path) and
/// [`Directory::follow_links`](crate::Directory::follow_links).
///
/// A script that is killed, because of its [time limit](Cgi::time_limit) or because the server is stopped or dropped, takes
/// along what it has started, unless that has left its process group. For this the program `kill` must be in the `PATH`. The
/// group of a script is its own, so Ctrl-C at a terminal does not reach it.
///
/// With [`Builder::http_server`](crate::Builder::http_server) a script reads the body of its request as it arrives. Without
/// it, by RFC 9112, the body is in memory while the script runs, up to [`Builder::max_body`](crate::Builder::max_body); and
/// of the answer to `HEAD` nothing is sent after the header fields, though the script runs to its end.
#[derive(Debug, Clone)]
pub struct Cgi {
    /// Each as its segments with a slash before each, so that `/` is empty.
    dirs: Vec<String>,
    env: Vec<(OsString, OsString)>,
    /// By extension, in lower case and with its dot; empty for names without one.
    interpreters: Vec<(String, OsString)>,
    time_limit: Duration,
    user: CgiUser,
}

/// The user that CGI scripts run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CgiUser {
    /// `nobody` if the server runs as root and may change the user, else the user of the server. As with http.server the
    /// group stays that of the server, and so may be root's; here the supplementary groups are given up.
    #[default]
    Nobody,
    /// The user of the server, even if that is root.
    Server,
    /// The user of this number. A script whose user cannot be changed to it is not run. The group stays that of the server.
    Uid(u32),
}

impl Cgi {
    /// Runs scripts in these directories, which are paths of requests: `/cgi-bin` is the directory `cgi-bin` in the served one.
    ///
    /// # Panics
    ///
    /// If a directory does not begin with `/`, or no request can be for a script in it.
    ///
    /// ```
    /// # use fixture_server::{Cgi, prelude::*};
    /// use std::{fs, os::unix::fs::PermissionsExt};
    ///
    /// let site = tempfile::tempdir()?;
    /// let script = site.path().join("tools/hello");
    /// fs::create_dir(site.path().join("tools"))?;
    /// fs::write(&script, "#!/bin/sh\necho 'Content-Type: text/plain'\necho\necho hello\n")?;
    /// // Everyone may enter and execute: the server of a root runs scripts as `nobody`.
    /// for path in [site.path(), &script] {
    ///     fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    /// }
    /// # fs::set_permissions(site.path().join("tools"), fs::Permissions::from_mode(0o755))?;
    /// let server = TestServer::builder().dir(&site).cgi(Cgi::new(["/tools"])).start();
    /// let mut answer = ureq::get(server.url("/tools/hello")).call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "hello\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn new(dirs: impl IntoIterator<Item = impl Into<String>>) -> Cgi {
        // A loop, for a closure would hide the caller's line.
        let mut normalised = Vec::new();
        for dir in dirs {
            normalised.push(checked_dir(&dir.into()));
        }
        // The shortest that fits is the directory of a script.
        sort_by_key(&mut normalised, String::len);
        Cgi {
            dirs: normalised,
            env: Vec::new(),
            interpreters: Vec::new(),
            time_limit: Duration::from_secs(300),
            user: CgiUser::default(),
        }
    }

    /// Sets a variable in the environment of each script, in place of one that it has already.
    ///
    /// # Panics
    ///
    /// If no variable can have this name or this value.
    ///
    /// ```
    /// # use fixture_server::{Cgi, prelude::*};
    /// let cgi = Cgi::default().env("DATABASE", "/tmp/test.db").env("SERVER_NAME", "example.com");
    /// let server = TestServer::builder().dir("fixtures/site").cgi(cgi).start();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Cgi {
        let (name, value) = (name.into(), value.into());
        let name_bytes = name.as_encoded_bytes();
        let is_name = !name_bytes.is_empty() && !name_bytes.contains(&b'=') && !name_bytes.contains(&0);
        assert!(is_name, "the name of a variable is not empty and has neither `=` nor NUL in it, unlike {name:?}");
        assert!(!value.as_encoded_bytes().contains(&0), "the value of a variable has no NUL in it, unlike {value:?}");
        self.env.push((name, value));
        self
    }

    /// Runs scripts of this extension, written with or without its dot and compared in lower case, as `program script`, with
    /// the arguments after that; they need not be executable then. `""` is for names without one. The program is looked up in
    /// `PATH` if it has no slash.
    ///
    /// # Panics
    ///
    /// If no name can have the extension, or no program the name.
    ///
    /// ```
    /// # use fixture_server::{Cgi, prelude::*};
    /// # use std::{fs, os::unix::fs::PermissionsExt};
    /// let site = tempfile::tempdir()?;
    /// fs::create_dir(site.path().join("cgi-bin"))?;
    /// fs::write(site.path().join("cgi-bin/hello.sh"), "echo 'Content-Type: text/plain'; echo; echo hello")?;
    /// # for path in [site.path().to_owned(), site.path().join("cgi-bin"), site.path().join("cgi-bin/hello.sh")] {
    /// #     fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    /// # }
    /// let server = TestServer::builder().dir(&site).cgi(Cgi::default().interpreter("sh", "sh")).start();
    /// let mut answer = ureq::get(server.url("/cgi-bin/hello.sh")).call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "hello\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn interpreter(mut self, extension: impl AsRef<str>, program: impl Into<OsString>) -> Cgi {
        let (extension, program) = (checked_extension(extension.as_ref()).to_lowercase(), program.into());
        let is_program = !program.is_empty() && !program.as_encoded_bytes().contains(&0);
        assert!(is_program, "{program:?} is not a program: write a name or a path, such as \"python3\"");
        self.interpreters.retain(|(known, _)| *known != extension);
        self.interpreters.push((extension, program));
        self
    }

    /// How long a script may run before it is killed; 300 seconds if not set.
    ///
    /// # Panics
    ///
    /// If the time is zero.
    ///
    /// ```
    /// # use fixture_server::{Cgi, prelude::*};
    /// let server = TestServer::builder().dir("fixtures/site").cgi(Cgi::default().time_limit(secs(5))).start();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Cgi {
        assert!(!limit.is_zero(), "a time limit of zero would kill every script: pass a longer one, such as `secs(5)`");
        self.time_limit = limit;
        self
    }

    /// Runs scripts as this user.
    ///
    /// ```
    /// # use fixture_server::{Cgi, prelude::*};
    /// use fixture_server::CgiUser;
    ///
    /// let server = TestServer::builder().dir("fixtures/site").cgi(Cgi::default().run_as(CgiUser::Server)).start();
    /// ```
    #[must_use]
    pub fn run_as(mut self, user: CgiUser) -> Cgi {
        self.user = user;
        self
    }

    /// What a request means: a script that can be started, a refusal, or nothing that CGI knows of. Section 9.1 and 9.2.
    /// Fails if a closure of the author's does.
    fn find(&self, request: &Request, around: &Around<'_>) -> Result<Found, HookPanic> {
        let method = request.method();
        if !matches!(method, "GET" | "HEAD" | "POST") {
            return Ok(Found::NotCgi);
        }
        let Some(collapsed) = target::collapse(request.raw_target()) else {
            return Ok(Found::error(404, "File not found"));
        };
        let Some(dir) = self.dirs.iter().find(|dir| collapsed.is_below(dir)) else {
            return Ok(match method {
                "POST" => Found::error(501, "Can only POST to CGI scripts"),
                _ => Found::NotCgi,
            });
        };
        script::find(self, request, around, &script::Located::new(dir, &collapsed, around.served)?)
    }

    /// The program that runs a script, if it is not the script itself.
    fn interpreter_of(&self, file: &Path) -> Option<&OsString> {
        let name = file.file_name()?.as_encoded_bytes();
        let at = split_extension(name).map_or(name.len(), |(stem, _)| stem.len());
        let extension = std::str::from_utf8(&name[at..]).ok()?.to_lowercase();
        self.interpreters.iter().find(|(known, _)| *known == extension).map(|(_, program)| program)
    }
}

impl Default for Cgi {
    /// Runs scripts in `/cgi-bin` and `/htbin`.
    fn default() -> Cgi {
        Cgi::new(["/cgi-bin", "/htbin"])
    }
}

/// A directory as its segments with a slash before each; panics at the caller's line if no script can be in it.
#[track_caller]
fn checked_dir(dir: &str) -> String {
    assert!(dir.starts_with('/'), "a CGI directory is the path of a request, so write \"/{dir}\", not {dir:?}");
    let path = dir.strip_suffix('/').unwrap_or(dir);
    // Targets are decoded and normalised before they are compared with it, and a script is found by its name.
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.contains(['%', '?', '#', '\0']);
    assert!(
        path.split('/').skip(1).all(is_segment),
        "no request is for a script in {dir:?}: write the directory without `.`, `..`, empty segments, `%`, `?`, `#` and \
         NUL, such as \"/cgi-bin\""
    );
    path.to_owned()
}

macro_rules! from_dirs {
    ($([$($generics:tt)*] $from:ty: |$dirs:ident| $list:expr;)*) => {$(
        impl<$($generics)*> From<$from> for Cgi {
            #[track_caller]
            fn from($dirs: $from) -> Cgi {
                Cgi::new($list)
            }
        }
    )*};
}

from_dirs! {
    [] &str: |dir| [dir];
    [] String: |dir| [dir];
    [] &[&str]: |dirs| dirs.iter().copied();
    [] Vec<&str>: |dirs| dirs;
    [] Vec<String>: |dirs| dirs;
    [const N: usize] [&str; N]: |dirs| dirs;
    [const N: usize] [String; N]: |dirs| dirs;
}

/// What a server tells its scripts about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// The value of its `Server` field.
    pub(crate) software: String,
    /// See [`fully_qualified`].
    pub(crate) name: String,
    pub(crate) port: u16,
    /// `HTTP/1.0` or `HTTP/1.1`, as it is configured.
    pub(crate) protocol: &'static str,
}

/// Where a request is answered.
#[derive(Debug, Clone, Copy)]
struct Around<'a> {
    served: &'a Served,
    host: &'a Host,
    /// None of a Unix socket.
    client: Option<SocketAddr>,
    scripts: &'a Scripts,
    /// Then the answer to `HEAD` has no body.
    by_rfc_9112: bool,
}

/// What a request turned out to be.
#[derive(Debug)]
pub(crate) enum Found {
    /// To be answered as if there were no CGI.
    NotCgi,
    /// An error response with this message and explanation, or the usual ones.
    Error { status: u16, message: Option<String>, explanation: Option<String> },
    /// To be answered with `200 Script output follows` and the output.
    Script(Script),
}

impl Found {
    fn error(status: u16, message: impl Into<String>) -> Found {
        Found::Error { status, message: Some(message.into()), explanation: None }
    }
}
