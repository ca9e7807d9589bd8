//! What the documents say of the code is true of it: numbers, names of tests, files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;

use super::{assert_none, root, sources_below};

/// How a number is written on a page.
#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    /// In digits, whatever its size.
    Count,
    Time,
}

use Unit::{Bytes, Count, Time};

/// The rows of `src/limits.md`, and where their numbers come from: a file, and what stands before the number in it.
#[rustfmt::skip] // a limit a line
const LIMITS: &[(&str, &str, &str, Unit)] = &[
    ("head, with its request line", "wire/mod.rs", "Limits { head: ", Bytes),
    ("header fields", "wire/head.rs", "const MAX_FIELDS: usize = ", Count),
    ("target", "wire/mod.rs", " target: ", Bytes),
    ("body, without what chunks add to it", "wire/mod.rs", " body: ", Bytes),
    ("head, with its request line", "message/target.rs", "const MAX_HEAD: usize = ", Bytes),
    ("target", "message/target.rs", "const MAX_HEAD: usize = ", Bytes),
    ("size of a chunk, with its extensions", "wire/body.rs", "const MAX_CHUNK_LINE: usize = ", Bytes),
    ("digits of that size, leading zeros too", "wire/body.rs", "const MAX_SIZE_DIGITS: usize = ", Count),
    ("chunks of a body", "wire/body.rs", "const MAX_CHUNKS: usize = ", Count),
    ("trailers", "wire/body.rs", "const MAX_TRAILERS: usize = ", Bytes),
    ("trailer fields", "wire/body.rs", "const MAX_TRAILER_FIELDS: usize = ", Count),
    ("parts of a multipart body that a pattern reads", "matchers/parts.rs", "const MOST_PARTS: usize = ", Count),
    ("what is kept of a head that cannot be parsed", "wire/decoder.rs", "const MAX_KEPT: usize = ", Bytes),
    ("read ahead while a request is answered", "engine/connection.rs", "const BUFFER: usize = ", Bytes),
    ("request line", "wire/http_server.rs", "const MAX_LINE: usize = ", Count),
    ("line of a header field", "wire/http_server.rs", "const MAX_LINE: usize = ", Count),
    ("lines of header fields", "wire/http_server.rs", "const MAX_FIELD_LINES: usize = ", Count),
    ("digits of each half of a version", "wire/http_server.rs", "const MAX_VERSION_DIGITS: usize = ", Count),

    ("a TLS handshake, from the connection on", "engine/mod.rs", " read_timeout: ", Time),
    ("a head, from its first byte to its last", "engine/mod.rs", " read_timeout: ", Time),
    ("each 64 KiB of a body", "engine/mod.rs", " read_timeout: ", Time),
    ("each 64 KiB of a body", "engine/connection/waiting.rs", "const BODY_PROGRESS: usize = ", Bytes),
    ("an idle connection", "engine/mod.rs", " idle_timeout: ", Time),
    ("a client that takes nothing of its answer", "engine/mod.rs", " idle_timeout: ", Time),
    ("a connection that closes while the client still sends", "engine/connection/closing.rs", "const LINGER_TIME: Duration = ", Time),
    ("a connection that closes while the client still sends", "engine/connection/closing.rs", "const LINGER_BYTES: u64 = ", Bytes),
    ("accepting, after descriptors ran out", "engine/serve.rs", "const ACCEPT_PAUSE: Duration = ", Time),
    ("`verify` and the drop, while answers are under way", "site/under_way.rs", "const PATIENCE: Duration = ", Time),
    ("a CGI script", "files/cgi/mod.rs", " time_limit: ", Time),

    ("open connections", "engine/mod.rs", " max_connections: ", Count),
    ("worker threads", "engine/crew.rs", "const MOST_THREADS: usize = ", Count),
    ("connections that wait to be accepted", "engine/transport.rs", "const BACKLOG: i32 = ", Count),
    ("TLS configurations, one for each name that is asked for", "tls/shown.rs", "const MOST_CONFIGS: usize = ", Count),
    ("requests of strict mode that reports tell at length", "failures.rs", "const TOLD_UNMATCHED: usize = ", Count),
    ("body that a handler reads as it comes", "stream/pieces.rs", "const ROOM: usize = ", Bytes),
    ("body that a closure or a script writes", "pipe.rs", "const ROOM: usize = ", Bytes),
    ("body that a script reads with `http_server`", "pipe.rs", "const ROOM: usize = ", Bytes),
    ("what a script that has ended left unsent", "files/cgi/run.rs", "const LEFT_BEHIND: usize = ", Bytes),
];

impl Unit {
    fn show(self, number: u64) -> String {
        match self {
            Bytes if number >= 1 << 30 && number % (1 << 30) == 0 => format!("{} GiB", number >> 30),
            Bytes if number >= 1 << 20 && number % (1 << 20) == 0 => format!("{} MiB", number >> 20),
            Bytes if number >= 1 << 10 && number % (1 << 10) == 0 => format!("{} KiB", number >> 10),
            Time if number % 1_000 == 0 => format!("{} s", number / 1_000),
            Time => format!("{number} ms"),
            Bytes | Count => {
                let digits = number.to_string();
                let mut shown = String::new();
                for (at, digit) in digits.char_indices() {
                    let comma = if at > 0 && (digits.len() - at) % 3 == 0 { "," } else { "" };
                    let _ = write!(shown, "{comma}{digit}");
                }
                shown
            }
        }
    }
}

/// The number that an expression of the code stands for; times in milliseconds.
fn value_of(expression: &str) -> Option<u64> {
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().ok();
    if let Some(seconds) = expression.strip_prefix("Duration::from_secs(") {
        return number(seconds.strip_suffix(')')?)?.checked_mul(1_000);
    }
    if let Some(milliseconds) = expression.strip_prefix("Duration::from_millis(") {
        return number(milliseconds.strip_suffix(')')?);
    }
    match expression.split_once("<<") {
        Some((number_shifted, bits)) => number(number_shifted)?.checked_shl(u32::try_from(number(bits)?).ok()?),
        None => number(expression),
    }
}

/// The number behind `before`, the first time that there is one: types of fields are none.
fn number_behind(text: &str, before: &str) -> Option<u64> {
    text.match_indices(before).find_map(|(at, _)| {
        let rest = &text[at + before.len()..];
        let expression = rest[..rest.find([',', ';', '}'])?].trim();
        value_of(expression)
    })
}

#[test]
fn numbers_are_read_and_written_as_on_the_page() {
    for (code, unit, shown) in [
        ("64 << 10", Bytes, "64 KiB"),
        ("1 << 30", Bytes, "1 GiB"),
        ("65_536", Count, "65,536"),
        ("1 << 20", Count, "1,048,576"),
        ("Duration::from_secs(30)", Time, "30 s"),
        ("Duration::from_millis(250)", Time, "250 ms"),
    ] {
        assert_eq!(value_of(code).map(|number| unit.show(number)).as_deref(), Some(shown));
    }
    assert_eq!(number_behind("f { fields: usize }\nf { fields: 7, }", "fields: "), Some(7));
}

/// The rows of the tables of a page, by what stands in their first column.
fn rows(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
}

#[test]
fn the_limits_of_the_page_are_those_of_the_code() -> io::Result<()> {
    let page = fs::read_to_string(root().join("src/limits.md"))?;
    let mut violations = Vec::new();
    for (name, file, before, unit) in LIMITS {
        let place = format!("`{}` of src/{file}", before.trim());
        let Some(number) = number_behind(&fs::read_to_string(root().join("src").join(file))?, before) else {
            violations.push(format!("{place} is no number"));
            continue;
        };
        let shown = unit.show(number);
        match rows(&page).find(|(found, _)| found == name) {
            None => violations.push(format!("there is no row {name:?}")),
            // Some numbers stand in the name of the row.
            Some((name, rest)) if !has_number(name, &shown) && !has_number(rest, &shown) => {
                violations.push(format!("the row {name:?} does not say {shown}, which is {place}"));
            }
            Some(_) => {}
        }
    }
    assert_none(
        "src/limits.md is not what the code does; `LIMITS` of tests/tidy/documents.rs says where it looks",
        &violations,
    );
    Ok(())
}

/// Whether a text says this number, and not one that ends or begins like it.
fn has_number(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + number.len()..].chars().next();
        !before.is_some_and(|char| char.is_ascii_digit() || char == ',')
            && !after.is_some_and(|char| char.is_ascii_alphanumeric())
    })
}

#[test]
fn every_limit_of_the_code_is_on_the_page() -> io::Result<()> {
    let mut missing = Vec::new();
    for source in sources_below("src")? {
        if source.is_tests() || source.module() == "bin" {
            continue;
        }
        for (number, line) in source.code() {
            let Some((_, constant)) = line.split_once("const MAX_") else { continue };
            let name = format!("const MAX_{}", constant.split(':').next().unwrap_or_default());
            let is_listed =
                LIMITS.iter().any(|(_, file, before, _)| *file == source.name && before.contains(&format!("{name}:")));
            if !is_listed {
                missing.push(format!("src/{}:{number}: {name}", source.name));
            }
        }
    }
    assert_none("src/limits.md and `LIMITS` of tests/tidy/documents.rs lack these", &missing);
    Ok(())
}

/// The tests of a file, by name.
fn tests_of(file: &str) -> io::Result<BTreeSet<String>> {
    let text = fs::read_to_string(root().join(file))?;
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[rstest]");
        if let Some(rest) = line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn ")) {
            if std::mem::take(&mut is_test) {
                names.extend(rest.split('(').next().map(str::to_owned));
            }
        }
    }
    Ok(names)
}

/// What stands between backticks in a text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_the_security_page_names_exists() -> io::Result<()> {
    let page = fs::read_to_string(root().join("SECURITY.md"))?;
    let mut violations = Vec::new();
    let mut promises = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.contains("| ---")) {
        // A file, and the tests in it that follow.
        let mut file: Option<(&str, BTreeSet<String>)> = None;
        for word in quoted(line.rsplit(" | ").next().unwrap_or_default()) {
            if word.contains('/') {
                file = match tests_of(word) {
                    Ok(tests) => Some((word, tests)),
                    Err(error) => {
                        violations.push(format!("{word}: {error}"));
                        None
                    }
                };
            } else if let Some((file, tests)) = &file {
                promises += 1;
                if !tests.contains(word) {
                    violations.push(format!("{file} has no test {word}"));
                }
            }
        }
    }
    assert!(
        promises > 20,
        "only {promises} tests were found in SECURITY.md: is its table still `| promise | tests |`?"
    );
    assert_none("SECURITY.md names what is not there", &violations);
    Ok(())
}

#[test]
fn no_document_links_to_a_file_that_is_not_there() -> io::Result<()> {
    let mut violations = Vec::new();
    for document in ["README.md", "SECURITY.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root().join(document))?;
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if !link.contains("://") && !file.is_empty() && !root().join(file).exists() {
                violations.push(format!("{document}: {link}"));
            }
        }
    }
    assert_none("these links lead nowhere", &violations);
    Ok(())
}

/// The README's example of HTTPS needs a feature, so that it is the page's that is run.
#[test]
fn the_example_of_https_in_the_readme_is_that_of_its_page() -> io::Result<()> {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let page = fs::read_to_string(root().join("src/https.md"))?;
    let example = readme.split("```rust,ignore\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let missing: Vec<String> =
        example.lines().filter(|line| !page.lines().any(|other| other == *line)).map(str::to_owned).collect();
    assert_none("src/https.md does not have these lines", &missing);
    Ok(())
}
