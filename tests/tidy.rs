//! The repository checks itself: layers, where sockets and files are touched, lengths, and that documents name what exists.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[path = "tidy/documents.rs"]
mod documents;

/// What each module may use of this crate, besides itself: the table of ARCHITECTURE.md. A path stands for all below it.
///
/// The engine and the answering side (`files`, `matchers`, `rules` and what stands on them) never name each other; `site`
/// knows what crosses between them, and `server` joins them with one closure.
#[rustfmt::skip] // a module a line
const LAYERS: &[(&str, &[&str])] = &[
    ("wake", &[]),
    ("order", &[]),
    ("gate", &["wake"]),
    ("pipe", &["wake"]),
    ("stream", &["wake", "pipe", "message::body"]),
    ("message", &["wake", "gate", "stream"]),
    ("start_error", &[]),
    ("plan", &["wake", "message", "gate"]),
    ("outage", &["message"]),
    ("wire", &["wake", "message", "plan"]),
    ("tls", &["message"]),
    ("engine", &["wake", "gate", "message", "plan", "outage", "wire", "tls"]),

    ("handler", &["message"]),
    ("matchers", &["order", "message"]),
    ("files", &["order", "wake", "pipe", "message", "hook"]),
    ("hook", &[]),
    ("rules", &["message", "stream", "hook", "matchers"]),
    ("journal", &["order", "message", "hook", "rules"]),
    ("log", &["message", "journal"]),
    ("report", &["order", "message", "hook", "matchers", "rules", "journal"]),
    ("failures", &["message", "hook", "journal", "report"]),
    ("sequence", &["message"]),
    ("site", &["pipe", "stream", "outage", "message", "files", "matchers", "rules", "journal", "log", "hook", "report", "failures",
               "engine::Answer", "engine::Extent", "engine::Incoming", "engine::Reply", "engine::Later", "wire::Dialect", "wire::refusal::Refusal"]),
    ("rule", &["message", "matchers", "rules", "journal", "report", "site"]),
    ("when", &["message", "sequence", "handler", "matchers", "rules", "rule", "site"]),
    ("next_request", &["order", "matchers", "journal", "report", "site"]),

    ("fuzzing", &["message", "wire", "matchers", "server", "tls"]),

    ("builder", &["message", "files", "journal", "log", "hook", "site", "server", "start_error", "engine::FOREVER", "engine::Settings",
                  "wire::Dialect", "tls"]),
    ("server", &["order", "message", "stream", "outage", "matchers", "files", "handler", "rules", "journal", "log", "report", "rule", "when", "next_request",
                 "site", "builder", "start_error", "engine", "tls", "wire::Dialect"]),
];

/// Declares and re-exports everything.
const CRATE_ROOT: &str = "lib.rs";

/// Files that hold more than [`MOST_LINES`], with the most they may hold and why they are not two.
#[rustfmt::skip] // a file a line
const LONG_FILES: &[(&str, usize, &str)] = &[
    ("engine/connection.rs", 500, "one state machine; its parts share all of its state"),
    ("engine/crew.rs", 450, "one lock, and who may do what under it"),
    ("lib.rs", 460, "the tour of the crate, and every name of it"),
    ("wire/head.rs", 450, "one pass over a head, and the names of what is wrong with one"),
];

const MOST_LINES: usize = 400;

/// Tests that did not fit into the file they test.
const MOST_LINES_OF_TESTS: usize = 1_000;

/// Names of `std::net` that open nothing.
const ADDRESSES: [&str; 5] = ["SocketAddr", "IpAddr", "Ipv4Addr", "Ipv6Addr", "Shutdown"];

/// Uses of sockets outside `engine/`, with the reason.
#[rustfmt::skip] // a use a line
const SOCKETS: &[(&str, &str, &str)] = &[
    ("files/cgi/run.rs", "std::os::unix::net::UnixStream", "input and output of a script; the other end is that of its process"),
    ("files/cgi/run.rs", "thread::Builder::new", "who reads from a script waits for it"),
    ("files/cgi/user.rs", "std::os::unix::net::UnixStream", "its owner is who this process acts as; nothing is sent on it"),
    ("next_request/within.rs", "thread::Builder::new", "a future with a timeout of its own, for any executor, needs somebody who keeps the time"),
    ("server.rs", "socket2::Socket", "holds the port of a stopped server; nothing is sent or received on it"),
    ("bin/fixture-server/main.rs", "std::net::ToSocketAddrs", "looks up the name given to --bind"),
];

struct Source {
    /// Below `src`, with `/`.
    name: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        let first = self.name.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_tests(&self) -> bool {
        self.name.ends_with("/tests.rs")
    }

    /// The code without comments and without the unit tests at its end, with line numbers.
    fn code(&self) -> Vec<(usize, &str)> {
        let mut code = Vec::new();
        let mut lines = (1..).zip(self.text.lines()).peekable();
        while let Some((number, line)) = lines.next() {
            if line == "#[cfg(test)]" && lines.peek().is_some_and(|(_, next)| *next == "mod tests {") {
                break;
            }
            let line = line.trim();
            if !line.starts_with("//") {
                code.push((number, line.split(" // ").next().unwrap_or_default()));
            }
        }
        code
    }

    /// The paths in the code that begin with `root`, groups taken apart: `a::{b, c}` is `a::b` and `a::c`.
    fn paths(&self, root: &str) -> Vec<(usize, String)> {
        let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
        let mut found = Vec::new();
        for (number, line) in self.code() {
            for (at, _) in line.match_indices(root) {
                if line[..at].ends_with(is_part) {
                    continue;
                }
                let rest = &line[at..];
                let path = &rest[..rest.find(|char| !is_part(char)).unwrap_or(rest.len())];
                match rest[path.len()..].strip_prefix('{').and_then(|group| group.split_once('}')) {
                    Some((members, _)) => {
                        let members = members.split(',').map(str::trim).filter(|member| !member.is_empty());
                        found.extend(members.map(|member| (number, format!("{path}{member}").replace("::self", ""))));
                    }
                    // Of a group that goes on in the next line the whole module counts as used.
                    None => found.push((number, path.trim_end_matches(':').to_owned())),
                }
            }
        }
        found
    }
}

#[test]
fn paths_are_found_in_code_alone() {
    let text = "use crate::a::b;\n// crate::comment\nuse crate::c::{self, d};\nlet x = (crate::e::f(), acrate::g);\n\
                use crate::h::{\n    i,\n};\n#[cfg(test)]\nmod tests {\n    use crate::j;\n}\n";
    let source = Source { name: "k/l.rs".to_owned(), text: text.to_owned() };
    let found = source.paths("crate::");
    let found: Vec<(usize, &str)> = found.iter().map(|(line, path)| (*line, path.as_str())).collect();
    assert_eq!(found, [(1, "crate::a::b"), (3, "crate::c"), (3, "crate::c::d"), (4, "crate::e::f"), (5, "crate::h")]);
    assert_eq!(source.module(), "k");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(below: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(below)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn sources_below(folder: &str) -> io::Result<Vec<Source>> {
    let folder = root().join(folder);
    let source = |path: PathBuf| {
        let text = fs::read_to_string(&path)?;
        let name = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        Ok(Source { name, text })
    };
    rust_files(&folder)?.into_iter().map(source).collect()
}

#[track_caller]
fn assert_none(what: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{what}:\n  {}", violations.join("\n  "));
}

#[test]
fn dependencies_point_downward_only() -> io::Result<()> {
    let mut violations = Vec::new();
    for source in sources_below("src")? {
        let Source { name, .. } = &source;
        if name == CRATE_ROOT || source.is_tests() {
            continue;
        }
        if source.module() == "bin" {
            // A crate of its own, which sees public names only; it could include files of the library, though.
            violations.extend(
                source
                    .code()
                    .iter()
                    .filter(|(_, line)| line.contains("#[path"))
                    .map(|(at, line)| format!("src/{name}:{at}: {line}")),
            );
            continue;
        }
        let Some((module, allowed)) = LAYERS.iter().find(|(module, _)| *module == source.module()) else {
            violations.push(format!("src/{name}: its module is not in the table"));
            continue;
        };
        for (line, path) in source.paths("crate::") {
            let path = path.trim_start_matches("crate::");
            let below = |parent: &str| path == parent || path.strip_prefix(parent).is_some_and(|p| p.starts_with("::"));
            if !below(module) && !allowed.iter().any(|allowed| below(allowed)) {
                violations.push(format!("src/{name}:{line}: `{module}` may not use `{path}`"));
            }
        }
    }
    assert_none("modules use what they may not; the table is `LAYERS` of tests/tidy.rs", &violations);
    Ok(())
}

#[test]
fn only_the_engine_has_sockets_and_threads() -> io::Result<()> {
    let mut violations = Vec::new();
    for source in sources_below("src")? {
        if source.module() == "engine" || source.is_tests() {
            continue;
        }
        let roots = ["std::net::", "std::os::unix::net", "mio::", "socket2::", "thread::spawn", "thread::Builder"];
        for (line, path) in roots.iter().flat_map(|root| source.paths(root)) {
            let is_address = path.strip_prefix("std::net::").is_some_and(|name| ADDRESSES.contains(&name));
            let is_excused = SOCKETS.iter().any(|(file, excused, _)| *file == source.name && *excused == path);
            if !is_address && !is_excused {
                violations.push(format!("src/{}:{line}: {path}", source.name));
            }
        }
    }
    assert_none("sockets and threads belong into src/engine/; exceptions are `SOCKETS` of tests/tidy.rs", &violations);
    Ok(())
}

#[test]
fn only_the_directory_touches_the_file_system() -> io::Result<()> {
    let mut violations = Vec::new();
    for source in sources_below("src")? {
        if matches!(source.module(), "files" | "bin" | "fuzzing") || source.is_tests() {
            continue;
        }
        let uses = ["std::fs", "fs::", "File::"].iter().flat_map(|root| source.paths(root));
        // `Body::File` of a response names a file and opens none.
        let uses = uses.filter(|(_, path)| !path.starts_with("File::"));
        violations.extend(uses.map(|(line, path)| format!("src/{}:{line}: {path}", source.name)));
    }
    assert_none(
        "files are opened in src/files/ and by the program only, and where fuzzing looks what they hold",
        &violations,
    );
    Ok(())
}

#[test]
fn requests_and_certificates_are_dated_in_one_place_each() -> io::Result<()> {
    let reads = |source: &&Source| source.code().iter().any(|(_, line)| line.contains("SystemTime::now"));
    let sources = sources_below("src")?;
    let files: Vec<&str> = sources.iter().filter(reads).map(|source| source.name.as_str()).collect();
    assert_eq!(files, ["engine/connection.rs", "tls/authority.rs"], "time is an argument everywhere else");
    Ok(())
}

#[test]
fn files_have_one_subject_and_so_are_short() -> io::Result<()> {
    let mut violations = Vec::new();
    for source in sources_below("src")? {
        let lines = source.text.lines().count();
        let most = match LONG_FILES.iter().find(|(file, ..)| *file == source.name) {
            Some((_, most, _)) => *most,
            None if source.is_tests() => MOST_LINES_OF_TESTS,
            None => MOST_LINES,
        };
        if lines > most {
            violations.push(format!("src/{}: {lines} lines, {most} at most", source.name));
        }
    }
    assert_none("files are too long; exceptions and their reasons are `LONG_FILES` of tests/tidy.rs", &violations);
    Ok(())
}

#[test]
fn exceptions_are_about_files_that_exist() {
    let names = LONG_FILES.iter().map(|(file, ..)| file).chain(SOCKETS.iter().map(|(file, ..)| file));
    let gone: Vec<String> =
        names.filter(|name| !root().join("src").join(name).is_file()).map(ToString::to_string).collect();
    assert_none("these are gone", &gone);
    let modules = LAYERS.iter().map(|(module, _)| root().join("src").join(module));
    let gone: Vec<String> = modules
        .filter(|path| !path.is_dir() && !path.with_extension("rs").is_file())
        .map(|path| path.display().to_string())
        .collect();
    assert_none("these modules are gone", &gone);
}

#[test]
fn every_example_is_named_in_the_readme() -> io::Result<()> {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let names: Vec<String> = sources_below("examples")?.into_iter().map(|example| example.name).collect();
    assert!(!names.is_empty());
    let missing: Vec<String> = names.into_iter().filter(|name| !readme.contains(&format!("examples/{name}"))).collect();
    assert_none("README.md does not name these examples", &missing);
    Ok(())
}

#[test]
fn the_changelog_has_the_current_version_on_top() -> io::Result<()> {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md"))?;
    let newest = changelog.lines().find(|line| line.starts_with("## ")).unwrap_or_default();
    let wanted = concat!("## [", env!("CARGO_PKG_VERSION"), "]");
    assert!(newest.starts_with(wanted), "CHANGELOG.md begins with {newest:?} instead of {wanted:?}");
    Ok(())
}

#[test]
fn what_is_left_to_do_has_an_issue() -> io::Result<()> {
    // Put together here, so that this file does not find itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut violations = Vec::new();
    for folder in ["src", "tests", "examples", "benches"] {
        for source in sources_below(folder)? {
            for (number, line) in (1..).zip(source.text.lines()) {
                let has_issue =
                    line.split('#').skip(1).any(|after| after.starts_with(|char: char| char.is_ascii_digit()));
                if words.iter().any(|word| line.contains(word)) && !has_issue {
                    violations.push(format!("{folder}/{}:{number}: {}", source.name, line.trim()));
                }
            }
        }
    }
    assert_none("say which issue, as `#12`", &violations);
    Ok(())
}
