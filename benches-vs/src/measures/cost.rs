//! What a contestant costs a crate that uses it: building it, and running a suite.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::{Pace, Values};
use crate::contestants::{Sources, with};
use crate::process::{cpu_seconds, find};

/// A place for crates that are generated and built.
pub(crate) struct Workshop {
    directory: PathBuf,
    /// Of the workspace: the same versions of everything are built as are measured.
    lock: String,
}

impl Workshop {
    /// In the target directory, so that it can be thrown away and is on the same disk as other builds.
    pub(crate) fn open(directory: PathBuf, repository: &Path) -> io::Result<Workshop> {
        fs::create_dir_all(&directory)?;
        Ok(Workshop { directory, lock: fs::read_to_string(repository.join("Cargo.lock"))? })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The version of a crate that is measured.
    pub(crate) fn version_of(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        rest.split('"').next()
    }

    /// A crate with so many tests, each with a server of its own.
    fn generate(&self, name: &str, tests: usize, with_client: bool) -> io::Result<PathBuf> {
        let (contestant, features) = match name.split_once(" without ") {
            Some((contestant, _)) => (contestant, ", default-features = false"),
            None => (name, ""),
        };
        let (dependencies, suite) = with(contestant, Sources).ok_or_else(|| io::Error::other("no such contestant"))?;
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let dependencies = dependencies
            .replace("PATH\"", &format!("{}\"{features}", repository.display()))
            .replace("VERSION", self.version_of(contestant).unwrap_or("0"));
        let directory = self.directory.join(format!("{}-{tests}", name.replace(' ', "-")));
        fs::create_dir_all(directory.join("src"))?;
        fs::create_dir_all(directory.join("tests"))?;
        let client = if with_client { "ureq = { version = \"3\", default-features = false }\n" } else { "" };
        let manifest = format!(
            "[package]\nname = \"suite\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dev-dependencies]\n{dependencies}{client}\n[workspace]\n"
        );
        let check = if with_client { CHECK } else { "fn check(url: &str) { assert!(url.starts_with(\"http://\")) }\n" };
        let cases: Vec<String> = (0..tests).map(|number| format!("case!(test_{number});")).collect();
        fs::write(directory.join("Cargo.toml"), manifest)?;
        fs::write(directory.join("Cargo.lock"), &self.lock)?;
        fs::write(directory.join("src/lib.rs"), "")?;
        fs::write(directory.join("tests/suite.rs"), format!("{suite}\n{check}\n{}\n", cases.join("\n")))?;
        Ok(directory)
    }
}

/// Three requests, whose answers are looked at.
const CHECK: &str = r#"
fn check(url: &str) {
    for (path, body) in [("/a", "alpha"), ("/b", "beta"), ("/c", "gamma")] {
        let mut answer = ureq::get(format!("{url}{path}")).call().unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), body);
    }
}
"#;

fn cargo(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(directory).args(arguments).env("CARGO_TARGET_DIR", directory.join("target"));
    // Whatever the run of this program was given is not for what it builds.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Seconds on the clock, and of CPU with everything that it starts.
fn timed(command: &mut Command) -> io::Result<(f64, f64)> {
    let own = std::process::id();
    let (before, begin) = (cpu_seconds(own, true), Instant::now());
    let status = command.status()?;
    if !status.success() {
        return Err(io::Error::other(format!("{command:?} ended with {status}")));
    }
    Ok((begin.elapsed().as_secs_f64(), cpu_seconds(own, true) - before))
}

pub(super) fn build(workshop: &Workshop, name: &str, _: Pace) -> io::Result<Values> {
    let directory = workshop.generate(name, 1, false)?;
    // What is missing in the registry's cache is fetched first, and the lock file fits.
    timed(cargo(&directory, &["fetch"]).env_remove("CARGO_NET_OFFLINE"))?;
    let _ = fs::remove_dir_all(directory.join("target"));
    let (_, cold) = timed(&mut cargo(&directory, &["build", "--tests", "--offline"]))?;
    let test = directory.join("tests/suite.rs");
    fs::write(&test, fs::read_to_string(&test)? + "\n")?;
    let (_, again) = timed(&mut cargo(&directory, &["build", "--tests", "--offline"]))?;
    let output = cargo(&directory, &["tree", "--offline", "--prefix", "none", "-e", "normal,build,dev"])
        .stdout(Stdio::piped())
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let mut crates: Vec<&str> =
        printed.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
    crates.sort_unstable();
    crates.dedup();
    let _ = fs::remove_dir_all(directory.join("target"));
    #[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
    let count = crates.len().saturating_sub(1) as f64;
    Ok(vec![Some(cold), Some(count), Some(again)])
}

pub(super) fn suite(workshop: &Workshop, name: &str, _: Pace) -> io::Result<Values> {
    let directory = workshop.generate(name, 200, true)?;
    timed(cargo(&directory, &["fetch"]).env_remove("CARGO_NET_OFFLINE"))?;
    timed(&mut cargo(&directory, &["test", "--offline", "--no-run"]))?;
    let (plain, _) = timed(&mut cargo(&directory, &["test", "--offline"]))?;
    let nextest = if find("cargo-nextest").is_some() {
        timed(&mut cargo(&directory, &["nextest", "run", "--offline", "--no-run"]))?;
        Some(timed(&mut cargo(&directory, &["nextest", "run", "--offline"]))?.0)
    } else {
        None
    };
    Ok(vec![Some(plain), nextest])
}
