//! Measures fixture-server beside wiremock, mockito, httpmock and httptest, in one run: see `--help`.

mod child;
mod contestants;
mod load;
mod measures;
mod process;
mod table;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contestants::NAMES;
use measures::{Measure, Pace, Workshop};
use table::Row;

const HELP: &str = "\
Measures fixture-server beside other mock servers, in one run, and prints a table of ratios.

Usage: cargo run --release -p fixture-server-benches-vs -- [OPTIONS] [MEASURE]...

Measures: build suite start alive dev32 1 32 256 close rules100 rules1000 large upload record idle files
          (all of them, about 15 minutes; `--quick`: about 5)

Options:
  --quick          one short repetition of everything
  --reps N         so many repetitions [default: 5]
  --only NAMES     these contestants, between commas: fixture-server, wiremock, mockito, httpmock, httptest;
                   in files nginx, in build `fixture-server without features`
  --markdown FILE  write the table with its circumstances to a file
  --readme         put the short table into README.md
  --help           this text

Each figure is a ratio to the best peer of the same repetition: figures of machines differ, ratios of one run do much less.
In loads the server runs on the first core and the client on the second, where `taskset` is installed. `files` compares with
nginx, `suite` needs cargo-nextest for its second row; where they are missing, that is left out.
Linux only: it reads /proc.";

/// What the command line asks for.
struct Options {
    pace: Pace,
    measures: Vec<String>,
    only: Option<Vec<String>>,
    markdown: Option<PathBuf>,
    readme: bool,
    line: String,
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let full = Pace { repetitions: 5, time: Duration::from_secs(1), cycles: 300, recorded: 20_000, idle: 10_000 };
    let mut options =
        Options { pace: full, measures: Vec::new(), only: None, markdown: None, readme: false, line: String::new() };
    // Those of single measures too.
    let mut known = NAMES.to_vec();
    known.extend(measures::all().into_iter().filter_map(|measure| measure.contestants).flatten());
    known.sort_unstable();
    known.dedup();
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Some(at) = words.iter().position(|word| *word == "--markdown") {
        // Where somebody keeps the table is nobody else's affair.
        words.drain(at..words.len().min(at + 2));
    }
    options.line = words.join(" ");
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--quick" => {
                let time = Duration::from_millis(300);
                options.pace = Pace { repetitions: 1, time, cycles: 100, recorded: 5_000, idle: 2_000 };
            }
            "--reps" => {
                options.pace.repetitions = value()?.parse().map_err(|_| "--reps needs a number".to_owned())?;
            }
            "--only" => {
                let names: Vec<String> = value()?.split(',').map(str::to_owned).collect();
                if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
                    return Err(format!("{name:?} is no contestant; these are: {}", known.join(", ")));
                }
                options.only = Some(names);
            }
            "--markdown" => options.markdown = Some(PathBuf::from(value()?)),
            "--readme" => options.readme = true,
            name if measures::all().iter().any(|measure| measure.name == name) => {
                options.measures.push(name.to_owned());
            }
            other => return Err(format!("{other:?} is neither an option nor a measure: see --help")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if child::run(&words).is_some() {
        return ExitCode::SUCCESS;
    }
    if words.contains(&"--help") || words.contains(&"-h") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let done = options(&arguments).map_err(io::Error::other).and_then(|options| measure(&options));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> io::Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let readme = repository.join("README.md");
    if options.readme {
        // Whether there is a place for it is not to be found out after a quarter of an hour.
        with_table(&readme, "")?;
    }
    build_both(&repository)?;
    let target = process::Profile::Release.program()?;
    let target = target.parent().and_then(Path::parent).unwrap_or(Path::new("target"));
    let workshop = Workshop::open(target.join("benches-vs"), &repository)?;
    let mut rows = Vec::new();
    for measure in measures::all() {
        if options.measures.is_empty() || options.measures.iter().any(|name| name == measure.name) {
            rows.extend(taken(measure, &workshop, options));
        }
    }
    println!("{}", table::full(&rows));
    let circumstances = circumstances(&workshop, options);
    if let Some(file) = &options.markdown {
        fs::write(file, format!("# Side by side\n\n{circumstances}\n{}", table::full(&rows)))?;
    }
    if options.readme {
        fs::write(&readme, with_table(&readme, &format!("{circumstances}\n{}", table::short(&rows)))?)?;
    }
    Ok(())
}

/// Servers are measured in both profiles, whichever this program was started in.
fn build_both(repository: &Path) -> io::Result<()> {
    for profile in ["--release", "--profile=dev"] {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(repository).args(["build", "--quiet", "-p", env!("CARGO_PKG_NAME"), profile]);
        if !command.status()?.success() {
            return Err(io::Error::other("the contestants could not be built"));
        }
    }
    Ok(())
}

/// One measure, repetition by repetition: round the contestants, each time in another order.
fn taken(mut measure: Measure, workshop: &Workshop, options: &Options) -> Vec<Row> {
    let wanted = |name: &&str| options.only.as_ref().is_none_or(|only| only.iter().any(|one| one == name));
    let contestants = measure.contestants.take().unwrap_or_else(|| NAMES.to_vec());
    let mut contestants: Vec<&str> = contestants.into_iter().filter(wanted).collect();
    let repetitions = if measure.once { 1 } else { options.pace.repetitions.max(1) };
    let is_load = !matches!(measure.name, "build" | "suite" | "start" | "alive");
    if is_load {
        process::pin_self();
    }
    for repetition in 1..=repetitions {
        for name in &contestants {
            eprintln!("{} {repetition}/{repetitions}: {name}", measure.name);
            let values = (measure.run)(workshop, name, options.pace).unwrap_or_else(|error| {
                eprintln!("  failed: {error}");
                Vec::new()
            });
            for (at, row) in measure.rows.iter_mut().enumerate() {
                row.add(name, values.get(at).copied().flatten());
            }
        }
        let turn = contestants.len().min(1);
        contestants.rotate_left(turn);
    }
    if is_load {
        process::unpin_self();
    }
    measure.rows
}

/// When, on what, with which versions, and how to repeat it.
fn circumstances(workshop: &Workshop, options: &Options) -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let version = Command::new("rustc").arg("--version").output();
    let rustc = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let versions: Vec<String> =
        NAMES.iter().filter_map(|name| Some(format!("{name} {}", workshop.version_of(name)?))).collect();
    let command = format!("cargo run --release -p {} -- {}", env!("CARGO_PKG_NAME"), options.line);
    format!(
        "Measured on {} with {} on {} cores: {}. Ratios are to the best peer of the same repetition, medians of {} \
         (`{}`). ↓ less is better, ↑ more is better.\n",
        date(seconds),
        rustc,
        process::cores(),
        versions.join(", "),
        options.pace.repetitions,
        command.trim_end()
    )
}

/// The day of a time since 1970, as 2026-11-23.
fn date(seconds: u64) -> String {
    // Howard Hinnant's `civil_from_days`.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

/// Between these the README has its table.
const MARKS: [&str; 2] = ["<!-- benches-vs -->\n", "<!-- /benches-vs -->"];

fn with_table(path: &Path, table: &str) -> io::Result<String> {
    let no_place = || io::Error::other(format!("{} has no place for the table: {}", path.display(), MARKS[0].trim()));
    replaced(&fs::read_to_string(path)?, table).ok_or_else(no_place)
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(MARKS[0])?;
    let (_, after) = rest.split_once(MARKS[1])?;
    Some(format!("{before}{}\n{table}\n{}{after}", MARKS[0], MARKS[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (1_795_392_000, "2026-11-23")] {
            assert_eq!(date(seconds), day);
        }
    }

    #[test]
    fn the_readme_keeps_what_stands_around_the_table() {
        let text = format!("before\n{}old\n{}\nafter", MARKS[0], MARKS[1]);
        assert_eq!(replaced(&text, "new").unwrap(), format!("before\n{}\nnew\n{}\nafter", MARKS[0], MARKS[1]));
        assert_eq!(replaced("nothing", "new"), None);
    }

    #[test]
    fn what_is_no_option_is_refused() {
        let of = |words: &[&str]| options(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["--quick", "start"]).unwrap().measures, ["start"]);
        assert_eq!(of(&["--reps", "3", "--markdown", "here/it.md", "--readme"]).unwrap().line, "--reps 3 --readme");
        assert!(of(&["--qiuck"]).is_err() && of(&["--reps"]).is_err());
        assert!(of(&["--only", "nginx,wiremock"]).is_ok() && of(&["--only", "nobody"]).is_err());
    }
}
