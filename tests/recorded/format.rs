//! Files of requests and the answers to them.
//!
//! An entry is a line `-- HTTP/1.1`, the protocol of the server, on which a remark may follow in brackets; the bytes of the
//! request; a line `=>`; the bytes of the answer; an empty line. Bytes are written line by line: `\r`, `\n`, `\t`, `\\` and
//! `\x1f` stand for what they stand for in Rust, `\{65000 x}` for that many `x`, and the end of a line for nothing. What
//! comes before the first entry is a remark on the file.

use std::fs;
use std::path::PathBuf;

/// Where the files are.
pub(crate) const FOLDER: &str = "fixtures/http_server";

pub(crate) struct Entry {
    pub(crate) protocol: String,
    /// How Python's answers differ, if they do.
    pub(crate) remark: String,
    /// As it is written in the file.
    pub(crate) request_text: String,
    pub(crate) request: Vec<u8>,
    /// Line by line, as it is written in the file.
    pub(crate) answer: Vec<String>,
}

/// The files with their entries, in the order of their names.
pub(crate) fn all() -> Vec<(PathBuf, Vec<Entry>)> {
    let found = fs::read_dir(FOLDER).expect("the folder of recorded answers");
    let mut paths: Vec<_> = found.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), parse(&fs::read_to_string(path).expect("text")))).collect()
}

/// What comes before the first entry.
pub(crate) fn preface(text: &str) -> &str {
    text.find("\n-- ").map_or(text, |at| &text[..=at])
}

pub(crate) fn parse(text: &str) -> Vec<Entry> {
    text[preface(text).len()..].split("\n-- ").filter(|entry| !entry.is_empty()).map(parse_entry).collect()
}

fn parse_entry(text: &str) -> Entry {
    let (title, rest) = text.trim_start_matches("-- ").split_once('\n').unwrap_or((text, ""));
    let (protocol, remark) = title.split_once(" (").unwrap_or((title, ""));
    let (request_text, answer) = rest.split_once("=>\n").unwrap_or((rest, ""));
    Entry {
        protocol: protocol.to_owned(),
        remark: remark.trim_end_matches(')').to_owned(),
        request_text: request_text.to_owned(),
        request: unescaped(request_text),
        answer: answer.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            '\n' => {}
            '\\' => rest = unescape_one(rest, &mut bytes),
            other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// Takes what follows a backslash, and returns what follows that.
fn unescape_one<'a>(rest: &'a str, bytes: &mut Vec<u8>) -> &'a str {
    let (kind, after) = rest.split_at(1);
    match kind {
        "r" => bytes.push(b'\r'),
        "n" => bytes.push(b'\n'),
        "t" => bytes.push(b'\t'),
        "\\" => bytes.push(b'\\'),
        "x" => {
            bytes.push(u8::from_str_radix(&after[..2], 16).expect("two hexadecimal digits"));
            return &after[2..];
        }
        "{" => {
            let (inside, after) = after.split_once('}').expect("a closing brace");
            let (count, what) = inside.split_once(' ').expect("a count and what is repeated");
            bytes.extend_from_slice(&unescaped(what).repeat(count.parse().expect("a count")));
            return after;
        }
        other => panic!("{other:?} after a backslash"),
    }
    after
}
