//! CGI as the `CGIHTTPRequestHandler` of Python 3.14 has it (section 9 of the semantics): this file has the options and
//! decides in what order things are looked at.
//!
//! `target` makes a name of a request target, `script` a file of a name, `environment` says what a script is told, `run`
//! runs it. Nothing here ever starts a shell.

mod environment;
mod gateway;
mod host;
mod interface;
mod pipe;
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

use crate::message::request::Request;

pub(crate) use gateway::Gateway;
pub(crate) use host::fully_qualified;
pub(crate) use interface::Stdin;
pub(crate) use process::Scripts;
pub(crate) use script::Script;

/// Runs programs of the served directory as CGI scripts (RFC 3875), as `python -m http.server --cgi` does.
///
/// Whatever is executable in a CGI directory can be run by everyone who can reach the server.
#[derive(Debug, Clone)]
pub struct Cgi {
    /// Each as its segments with a slash before each, so that `/` is empty.
    dirs: Vec<String>,
    env: Vec<(OsString, OsString)>,
    /// By extension, in lower case and without its dot.
    interpreters: Vec<(String, OsString)>,
    time_limit: Duration,
    user: CgiUser,
}

/// The user that CGI scripts run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CgiUser {
    /// `nobody` if the server runs as root and may change the user, else the user of the server.
    #[default]
    Nobody,
    /// The user of the server, even if that is root.
    Server,
    /// The user of this number. A script whose user cannot be changed to it is not run.
    Uid(u32),
}

impl Cgi {
    /// Runs scripts in these directories, which are paths of requests: `/cgi-bin` is the directory `cgi-bin` in the served one.
    ///
    /// # Panics
    ///
    /// If a directory does not begin with `/`.
    #[track_caller]
    #[must_use]
    pub fn new(dirs: impl IntoIterator<Item = impl Into<String>>) -> Cgi {
        let mut normalised = Vec::new();
        // A loop, for a closure would hide the caller's line.
        for dir in dirs {
            let dir = dir.into();
            assert!(dir.starts_with('/'), "a CGI directory is the path of a request, so write \"/{dir}\", not {dir:?}");
            normalised.push(dir.split('/').filter(|segment| !segment.is_empty()).fold(
                String::new(),
                |mut path, segment| {
                    path.push('/');
                    path.push_str(segment);
                    path
                },
            ));
        }
        // The shortest that fits is the directory of a script.
        normalised.sort_by_key(String::len);
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

    /// Runs scripts of this extension as `program script`, with the arguments after that; they need not be executable
    /// then. The program is looked up in `PATH` if it has no slash.
    #[must_use]
    pub fn interpreter(mut self, extension: impl AsRef<str>, program: impl Into<OsString>) -> Cgi {
        let extension = extension.as_ref();
        let extension = extension.strip_prefix('.').unwrap_or(extension).to_lowercase();
        self.interpreters.retain(|(known, _)| *known != extension);
        self.interpreters.push((extension, program.into()));
        self
    }

    /// How long a script may run before it is killed; 300 seconds if not set.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Cgi {
        self.time_limit = limit;
        self
    }

    /// Runs scripts as this user.
    #[must_use]
    pub fn run_as(mut self, user: CgiUser) -> Cgi {
        self.user = user;
        self
    }

    /// What a request means: a script that can be started, a refusal, or nothing that CGI knows of. Section 9.1 and 9.2.
    pub(crate) fn find(&self, request: &Request, around: &Around<'_>) -> Found {
        let method = request.method();
        if !matches!(method, "GET" | "HEAD" | "POST") {
            return Found::NotCgi;
        }
        let Some(collapsed) = target::collapse(request.raw_target()) else {
            return Found::error(404, "File not found");
        };
        let Some(dir) = self.dirs.iter().find(|dir| collapsed.is_below(dir)) else {
            return match method {
                "POST" => Found::error(501, "Can only POST to CGI scripts"),
                _ => Found::NotCgi,
            };
        };
        script::find(self, request, around, &script::Located::new(dir, &collapsed, around.root))
    }

    /// The program that runs scripts of this name, if it is not the script itself.
    fn interpreter_of(&self, name: &str) -> Option<&OsString> {
        let extension = Path::new(name).extension()?.to_str()?.to_lowercase();
        self.interpreters.iter().find(|(known, _)| *known == extension).map(|(_, program)| program)
    }
}

impl Default for Cgi {
    /// Runs scripts in `/cgi-bin` and `/htbin`.
    fn default() -> Cgi {
        Cgi::new(["/cgi-bin", "/htbin"])
    }
}

impl From<&str> for Cgi {
    #[track_caller]
    fn from(dir: &str) -> Cgi {
        Cgi::new([dir])
    }
}

impl<const N: usize> From<[&str; N]> for Cgi {
    #[track_caller]
    fn from(dirs: [&str; N]) -> Cgi {
        Cgi::new(dirs)
    }
}

impl From<&[&str]> for Cgi {
    #[track_caller]
    fn from(dirs: &[&str]) -> Cgi {
        Cgi::new(dirs.iter().copied())
    }
}

impl From<Vec<String>> for Cgi {
    #[track_caller]
    fn from(dirs: Vec<String>) -> Cgi {
        Cgi::new(dirs)
    }
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
pub(crate) struct Around<'a> {
    /// The served directory.
    pub(crate) root: &'a Path,
    pub(crate) host: &'a Host,
    /// None of a Unix socket.
    pub(crate) client: Option<SocketAddr>,
    pub(crate) scripts: &'a Scripts,
}

/// What a request turned out to be.
#[derive(Debug)]
pub(crate) enum Found {
    /// To be answered as if there were no CGI.
    NotCgi,
    /// An error response with this message.
    Error { status: u16, message: String },
    /// To be answered with `200 Script output follows` and the output.
    Script(Script),
}

impl Found {
    fn error(status: u16, message: impl Into<String>) -> Found {
        Found::Error { status, message: message.into() }
    }
}
