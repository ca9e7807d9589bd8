//! Which script a name means, and whether it can be run (section 9.2).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::{environment, without_nul};
use super::process::Scripts;
use super::target::{Collapsed, file_of, unescaped};
use super::user::{Become, Identity};
use super::{Around, Cgi, Found};
use crate::message::quoted::quoted;
use crate::message::request::Request;

/// The parts of a CGI target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Located {
    /// The last segment of the name; empty if the target ends with the directory.
    pub(super) script: String,
    /// `SCRIPT_NAME`.
    pub(super) name: String,
    /// `PATH_INFO`.
    pub(super) extra: String,
    pub(super) query: String,
    /// Where the script should be; `None` if no file can have this name.
    pub(super) file: Option<PathBuf>,
}

/// More directories in each other than a file system can name. Without an end `%252e/` again and again would
/// be looked up as often as a target has room for it.
const DEEPEST: usize = 2048;

impl Located {
    /// Takes a target apart that is below the CGI directory `dir`.
    pub(super) fn new(dir: &str, collapsed: &Collapsed, root: &Path) -> Located {
        let path = format!("{}/{}", collapsed.head, collapsed.tail);
        let mut dir_end = dir.len();
        for _ in 0..DEEPEST {
            let Some(length) = path[dir_end + 1..].find('/') else { break };
            let next_end = dir_end + 1 + length;
            let next = file_of(root, &path[..next_end]);
            if !next.is_some_and(|next| fs::metadata(next).is_ok_and(|metadata| metadata.is_dir())) {
                break;
            }
            dir_end = next_end;
        }
        let (dir, rest) = (&path[..dir_end], &path[dir_end + 1..]);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (script, extra) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let name = format!("{dir}/{script}");
        Located {
            file: file_of(root, &name),
            script: script.to_owned(),
            name,
            extra: unescaped(extra),
            query: query.to_owned(),
        }
    }
}

/// A script that was found, and all that is needed to run it.
#[derive(Debug)]
pub(crate) struct Script {
    pub(super) file: PathBuf,
    /// What the script is told that it was called as.
    pub(super) called: OsString,
    pub(super) argument: Option<OsString>,
    pub(super) interpreter: Option<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) user: Become,
    pub(super) time_limit: Duration,
    pub(super) scripts: Scripts,
}

/// Looks whether there is such a script.
pub(super) fn find(cgi: &Cgi, request: &Request, around: &Around<'_>, located: &Located) -> Found {
    let quoted_name = || quoted(&located.name);
    let existing = located.file.as_ref().and_then(|file| Some((file, fs::metadata(file).ok()?)));
    let Some((file, metadata)) = existing else {
        return Found::error(404, format!("No such CGI script ({})", quoted_name()));
    };
    if !metadata.is_file() {
        return Found::error(403, format!("CGI script is not a plain file ({})", quoted_name()));
    }
    let identity = Identity::of_this_process();
    let interpreter = cgi.interpreter_of(&located.name).cloned();
    if interpreter.is_none() && !identity.may_execute(&metadata) {
        return Found::error(403, format!("CGI script is not executable ({})", quoted_name()));
    }
    let mut environment = environment(request, around, located);
    environment.extend(cgi.env.iter().cloned());
    Found::Script(Script {
        file: file.clone(),
        called: without_nul(located.script.clone().into_bytes()),
        argument: argument(&located.query),
        interpreter,
        environment,
        user: identity.becomes(cgi.user),
        time_limit: cgi.time_limit,
        scripts: around.scripts.clone(),
    })
}

/// A query without `=` is the argument of the script, an empty one too.
fn argument(query: &str) -> Option<OsString> {
    (!query.contains('=')).then(|| without_nul(query.replace('+', " ").into_bytes()))
}

impl Script {
    /// What it is told: the last of a name counts. The server's own environment comes before it.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.environment.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}
