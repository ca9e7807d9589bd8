//! Two servers of one directory that are asked the same, one request after the other.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::cases::{Agreement, Case};
use super::servers::{PATIENCE, Program, Server, User};
use super::wire::{TIMED_OUT, exchange, normalised, outline, software};

/// How both servers of a lane are started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    pub(crate) protocol: &'static str,
    pub(crate) cgi: bool,
    pub(crate) user: User,
}

impl Mode {
    /// Whether an answer could depend on this mode, so that not everything is asked in every mode.
    fn asks(self, case: &Case) -> bool {
        let is_in = |sections: &[&str]| sections.contains(&case.section);
        let is_http10 = self.protocol == "HTTP/1.0";
        case.only_cgi.is_none_or(|cgi| cgi == self.cgi)
            && case.protocol.is_none_or(|protocol| protocol == self.protocol)
            // With CGI Python reads byte by byte; and it is the same code.
            && (case.only_cgi.is_some() || !self.cgi || case.bytes.len() < 10_000)
            && !((self.cgi || is_http10) && is_in(&["8"]))
            // Lines are read, files and scripts found, and scripts told the same in the same way.
            && !(self.cgi && is_http10 && is_in(&["2", "2.2", "2.3", "3", "6", "7", "9.1", "9.4"]))
            && !((self.cgi || is_http10) && is_in(&["7"]) && case.bytes.starts_with(b"HEAD"))
            // What may be read, listed and run is what depends on the user.
            && (self.user == User::Myself || !is_http10 && is_in(if self.cgi { &["9", "9.1", "9.3"] } else { &["7"] }))
    }
}

/// A server and what is known of it.
struct Side {
    program: Program,
    server: Server,
    /// What it calls itself.
    software: String,
}

pub(crate) struct Lane {
    mode: Mode,
    /// What is expected, Python's, and what is held against it.
    sides: [Side; 2],
    /// The minor version of the older Python: what came after it is not compared.
    minor: u32,
    patience: Duration,
    pub(crate) checks: usize,
    pub(crate) differences: Vec<String>,
}

impl Lane {
    /// `temp` holds the directory `site` and takes the logs, whose names begin with `name`.
    pub(crate) fn start(mode: Mode, programs: [&Program; 2], temp: &Path, name: &str) -> io::Result<Lane> {
        let minors = programs.iter().filter_map(|program| match program {
            Program::Python(python) => Some(python.minor),
            Program::Ours(_) => None,
        });
        let minor = minors.min().unwrap_or(u32::MAX);
        let start = |program: &Program, side: &str| {
            let mut command = program.command(mode.user);
            command.args(["0", "--bind", "127.0.0.1", "--protocol", mode.protocol, "--directory"]);
            command.arg(temp.join("site")).current_dir(temp);
            if mode.cgi {
                command.arg("--cgi");
            }
            let mut server = Server::start(command, temp.join(format!("{name}.{side}.log")))?;
            let software = software(&exchange(server.addr, &Case::get("1", "/").ends(), PATIENCE)?);
            if matches!(program, Program::Python(_)) {
                // It shows a traceback here (D1), and so has loaded what it needs for one: as another user, which it becomes
                // for scripts, it may not be allowed to.
                exchange(server.addr, &Case::get("15", "/%00").ends(), PATIENCE)?;
            }
            server.log_lines(1, PATIENCE)?;
            io::Result::Ok(Side { program: program.clone(), server, software })
        };
        let sides = [start(programs[0], "expected")?, start(programs[1], "actual")?];
        Ok(Lane { mode, sides, minor, patience: PATIENCE, checks: 0, differences: Vec::new() })
    }

    pub(crate) fn run(&mut self, cases: &[Case]) -> io::Result<()> {
        let mode = self.mode;
        cases.iter().filter(|case| mode.asks(case)).try_for_each(|case| self.check(case))
    }

    /// One case: the bytes of the answer and the lines of the log.
    fn check(&mut self, case: &Case) -> io::Result<()> {
        let outlines = match &case.agreement {
            Agreement::Since(minor, None) if self.minor < *minor => return Ok(()),
            Agreement::Since(minor, Some(outlines)) if self.minor < *minor => outlines,
            Agreement::Never(_, outlines) => outlines,
            _ => return self.compare(case),
        };
        let is_http11 = self.mode.protocol == "HTTP/1.1";
        self.expect_of_ours(case, outlines[usize::from(is_http11)])
    }

    fn compare(&mut self, case: &Case) -> io::Result<()> {
        let is_early = matches!(case.agreement, Agreement::Early);
        let mut seen = Vec::new();
        let (mut expected_lines, mut is_late) = (0, false);
        for side in &mut self.sides {
            let stream = exchange(side.server.addr, case, self.patience)?;
            is_late |= stream.ends_with(TIMED_OUT);
            let minor = match &side.program {
                Program::Python(python) => python.minor,
                Program::Ours(_) => u32::MAX,
            };
            let mut answer = normalised(&stream, is_early && minor < 15, self.mode.protocol);
            let log = texts(&side.server.log_lines(expected_lines, self.patience)?, minor);
            is_late |= log.len() < expected_lines;
            expected_lines = log.len();
            let mut log = if self.minor < 15 { log } else { log.iter().map(|line| with_single_blanks(line)).collect() };
            let port = format!("| SERVER_PORT={}\\n", side.server.addr.port());
            let software = format!("| SERVER_SOFTWARE={}\\n", side.software);
            for line in answer.iter_mut().chain(&mut log) {
                if line.contains("Request-URI") {
                    *line = line.replace("Request-URI Too Long", "URI Too Long");
                } else if *line == port || *line == software {
                    line.truncate(line.find('=').unwrap_or_default());
                }
            }
            seen.push((stream, answer, log));
        }
        self.checks += 2;
        if is_late {
            // One is enough to fail; many would take hours.
            self.patience = Duration::from_secs(1);
            self.differences.push(format!("{} timed out: {}\n", self.title(case), case.shown()));
        }
        let [(expected, expected_answer, expected_log), (actual, actual_answer, actual_log)] = &seen[..] else {
            unreachable!("two sides");
        };
        let pairs = [("answer", expected_answer, actual_answer), ("log", expected_log, actual_log)];
        for (what, expected_lines, actual_lines) in pairs {
            if let Some(difference) = first_difference(expected_lines, actual_lines) {
                let streams = format!("    expected {}\n    actual   {}\n", shown(expected), shown(actual));
                let difference = format!("{} {what} of {}\n{difference}{streams}", self.title(case), case.shown());
                self.differences.push(difference);
            }
        }
        Ok(())
    }

    /// Where Python answers otherwise, and the answer here is known from the semantics.
    fn expect_of_ours(&mut self, case: &Case, expected: &str) -> io::Result<()> {
        let [_, Side { program: Program::Ours(_), server, .. }] = &mut self.sides else { return Ok(()) };
        let stream = exchange(server.addr, case, self.patience)?;
        // All lines of this case, so that they are not taken for those of the next one.
        let answers = expected.split(", ").filter(|answer| !answer.is_empty());
        let lines = answers.map(|answer| if answer.starts_with(['4', '5']) { 2 } else { 1 }).sum();
        server.log_lines(lines, Duration::from_millis(300))?;
        self.checks += 1;
        let actual = outline(&stream);
        if actual != expected {
            let difference = format!(
                "{} outline of {}\n    expected {expected}\n    actual   {actual}\n    all of it {}\n",
                self.title(case),
                case.shown(),
                shown(&stream)
            );
            self.differences.push(difference);
        }
        Ok(())
    }

    fn title(&self, case: &Case) -> String {
        let Mode { protocol, cgi, user } = self.mode;
        let cgi = if cgi { ", CGI" } else { "" };
        let user = if user == User::Myself { "" } else { ", as nobody" };
        format!("[{}] {protocol}{cgi}{user}:", case.section)
    }
}

fn shown(stream: &[u8]) -> String {
    let text = stream.escape_ascii().to_string();
    if text.len() < 3_000 { text } else { format!("{}… ({} bytes)", &text[..3_000], stream.len()) }
}

fn first_difference(expected: &[String], actual: &[String]) -> Option<String> {
    if expected == actual {
        return None;
    }
    let first = expected.iter().zip(actual).position(|(left, right)| left != right);
    let first = first.unwrap_or(expected.len().min(actual.len()));
    let line = |lines: &[String]| lines.get(first).map_or("(nothing)", String::as_str).to_owned();
    Some(format!("  expected: {}\n  actual:   {}\n", line(expected), line(actual)))
}

/// The log without addresses and times, whose shape is checked, and without what only Python writes (D13).
fn texts(log: &[String], minor: u32) -> Vec<String> {
    let rule = "-".repeat(40);
    let mut in_traceback = false;
    let mut texts = Vec::new();
    for line in log {
        if minor != u32::MAX && *line == rule {
            in_traceback = !in_traceback;
        } else if !in_traceback {
            texts.push(text_of(line));
        }
    }
    texts
}

/// What a line says after client and time; the line as it is, if it does not begin with these.
pub(crate) fn text_of(line: &str) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts = line.strip_prefix("127.0.0.1 - - [").and_then(|rest| rest.split_once("] "));
    let Some((time, text)) = parts else { return format!("(no log line) {line}") };
    let month = time.split('/').nth(1).unwrap_or_default();
    let digits = time.replacen(month, "Mmm", 1).replace(|char: char| char.is_ascii_digit(), "0");
    if MONTHS.contains(&month) && digits == "00/Mmm/0000 00:00:00" { text.to_owned() } else { line.to_owned() }
}

/// Since 3.15 the request line is logged with single blanks; as received is right as well.
fn with_single_blanks(line: &str) -> String {
    line.replace("\\x09", " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("\" ", "\"")
        .replace(" \"", "\"")
}
