//! Which script a name means, and whether it can be run (section 9.2).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::environment::{Variables, environment, without_nul};
use super::process::Scripts;
use super::target::{self, Collapsed, unescaped};
use super::user::{Become, Identity};
use super::{Around, Cgi, Found};
use crate::files::Served;
use crate::files::resolve::leaves;
use crate::hook::HookPanic;
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

/// No system takes a longer path. Without an end `%252e/` again and again would be looked up as often as a target has room
/// for it, and each time all that is before it.
const LONGEST_PATH: usize = 4096;

impl Located {
    /// Takes a target apart that is below the CGI directory `dir`.
    pub(super) fn new(dir: &str, collapsed: &Collapsed, served: &Served) -> Result<Located, HookPanic> {
        let path = format!("{}/{}", collapsed.head, collapsed.tail);
        let dir_end = directory_end(&path, dir.len(), |name| {
            let file = file_of(served, name)?;
            let is_directory = |file: &PathBuf| fs::metadata(file).is_ok_and(|metadata| metadata.is_dir());
            Ok(file.is_some_and(|file| is_directory(&file) && !leaves(served, &file)))
        })?;
        let (dir, rest) = (&path[..dir_end], &path[dir_end + 1..]);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (script, extra) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let name = format!("{dir}/{script}");
        Ok(Located {
            file: file_of(served, &name)?,
            script: script.to_owned(),
            name,
            extra: unescaped(extra),
            query: query.to_owned(),
        })
    }
}

/// Where in a path the directory of its script ends: at `start` or later, before a slash.
fn directory_end(
    path: &str,
    start: usize,
    mut is_directory: impl FnMut(&str) -> Result<bool, HookPanic>,
) -> Result<usize, HookPanic> {
    let mut end = start;
    while let Some(length) = path[end + 1..].find('/') {
        let next = end + 1 + length;
        if next > LONGEST_PATH || !is_directory(&path[..next])? {
            break;
        }
        end = next;
    }
    Ok(end)
}

/// The file that a name stands for; `None` if no file can have this name.
pub(super) fn file_of(served: &Served, name: &str) -> Result<Option<PathBuf>, HookPanic> {
    if let Some(hook) = &served.options.translate_path {
        if let Some(path) = hook.call(|translate| translate(name))? {
            return Ok(Some(served.root().join(path)));
        }
    }
    Ok(target::file_of(served.root(), name))
}

/// A script that was found, and all that is needed to run it.
#[derive(Debug)]
pub(crate) struct Script {
    pub(super) file: PathBuf,
    /// What the script is told that it was called as.
    pub(super) called: OsString,
    pub(super) argument: Option<OsString>,
    pub(super) interpreter: Option<OsString>,
    pub(super) environment: Variables,
    /// Of its output nobody wants more than the header fields.
    pub(super) is_head_only: bool,
    pub(super) user: Become,
    pub(super) time_limit: Duration,
    pub(super) scripts: Scripts,
}

/// Looks whether there is such a script.
pub(super) fn find(cgi: &Cgi, request: &Request, around: &Around<'_>, located: &Located) -> Result<Found, HookPanic> {
    let quoted_name = || quoted(&located.name);
    let file = located.file.as_ref().filter(|file| !leaves(around.served, file));
    let Some((file, metadata)) = file.and_then(|file| Some((file, fs::metadata(file).ok()?))) else {
        return Ok(match vanished(request, around.served) {
            Some(found) => found,
            None => Found::error(404, format!("No such CGI script ({})", quoted_name())),
        });
    };
    if !metadata.is_file() {
        return Ok(Found::error(403, format!("CGI script is not a plain file ({})", quoted_name())));
    }
    let identity = Identity::of_this_process();
    let interpreter = cgi.interpreter_of(file).cloned();
    if interpreter.is_none() && !identity.may_execute(&metadata) {
        return Ok(Found::error(403, format!("CGI script is not executable ({})", quoted_name())));
    }
    let mut environment = environment(request, around, located)?;
    environment.extend(cgi.env.iter().cloned());
    Ok(Found::Script(Script {
        file: file.clone(),
        called: without_nul(located.script.clone().into_bytes()),
        argument: argument(&located.query),
        interpreter,
        environment,
        is_head_only: around.by_rfc_9112 && request.method() == "HEAD",
        user: identity.becomes(cgi.user),
        time_limit: cgi.time_limit,
        scripts: around.scripts.clone(),
    }))
}

/// What is answered where there is not even the served directory any more.
fn vanished(request: &Request, served: &Served) -> Option<Found> {
    served.has_vanished().then(|| match request.method() {
        // The directory says so, and counts it.
        "GET" | "HEAD" => Found::NotCgi,
        _ => {
            served.vanished.fetch_add(1, Ordering::Relaxed);
            let message = Some("File not found".to_owned());
            Found::Error { status: 404, message, explanation: Some(served.vanished_text()) }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as a request has room for, each of which is the directory before it.
    #[test]
    fn only_as_much_is_looked_up_as_the_system_takes() {
        let (mut lookups, mut bytes) = (0, 0);
        for target in [
            format!("/cgi-bin/{}/{}", "%2e%2f".repeat(4000), "%2e/".repeat(2048)),
            format!("/cgi-bin/{}", "%2e/".repeat(16_000)),
            format!("/cgi-bin/{}", "a/".repeat(32_000)),
        ] {
            let count = |name: &str| {
                lookups += 1;
                bytes += name.len();
                Ok(true)
            };
            assert!(directory_end(&target, "/cgi-bin".len(), count).unwrap() <= LONGEST_PATH);
        }
        assert!(lookups <= LONGEST_PATH, "{lookups}");
        assert!(bytes <= LONGEST_PATH * LONGEST_PATH / 2, "{bytes}");
    }
}
