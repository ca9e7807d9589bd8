//! What came back, in a form that does not depend on the version of Python.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::cases::{Case, Ending};
use crate::raw::{is_date, page_of_any_version};

/// All that the server sends until it closes; if that takes too long, what came until then and a word about it.
pub(crate) fn exchange(addr: SocketAddr, case: &Case, patience: Duration) -> io::Result<Vec<u8>> {
    let stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    // A server that has answered need not read all of it: then writing fails, and what was answered can still be read.
    let _ = (&stream).write_all(&case.bytes);
    match case.ending {
        Ending::Probe => drop((&stream).write_all(PROBE)),
        Ending::EndOfInput => drop(stream.shutdown(Shutdown::Write)),
        Ending::Nothing => {}
    }
    let mut answer = Vec::new();
    if let Err(error) = (&stream).read_to_end(&mut answer) {
        // Closed before all was read is closed.
        if error.kind() != io::ErrorKind::ConnectionReset {
            answer.extend_from_slice(TIMED_OUT);
        }
    }
    Ok(answer)
}

/// One more request: its answer shows that the connection stayed open.
const PROBE: &[u8] = b"GET /hello.txt?probe HTTP/1.1\r\nConnection: close\r\n\r\n";

pub(crate) const TIMED_OUT: &[u8] = b"(and the connection stays open, without a word)";

/// One response, or what is none.
struct Part<'a> {
    /// Without its last line end; empty for what has no status line.
    head: &'a [u8],
    /// Whether an empty line ends it.
    is_whole: bool,
    body: &'a [u8],
}

/// What is compared, line by line. `is_early` tells that a bare error page stands for the whole error response, as it
/// did before 3.15 for what was found in the request line.
pub(crate) fn normalised(stream: &[u8], is_early: bool, protocol: &str) -> Vec<String> {
    parts(stream).iter().flat_map(|part| part.normalised(is_early, protocol)).collect()
}

/// Status codes and reasons, such as `200 OK, 404 File not found`; for what is bare, its first line.
pub(crate) fn outline(stream: &[u8]) -> String {
    let titles = parts(stream).iter().map(Part::title).collect::<Vec<_>>();
    titles.join(", ")
}

/// What the server calls itself in its first answer.
pub(crate) fn software(stream: &[u8]) -> String {
    parts(stream).first().and_then(|part| part.field("Server")).unwrap_or_default()
}

fn parts(mut stream: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    while !stream.is_empty() {
        let next = stream.windows(5).skip(1).enumerate().filter(|(_, five)| *five == b"HTTP/").map(|(at, _)| at + 1);
        let next = next.into_iter().find(|&at| begins_response(&stream[at..])).unwrap_or(stream.len());
        let (this, rest) = stream.split_at(next);
        stream = rest;
        if !begins_response(this) {
            parts.push(Part { head: b"", is_whole: true, body: this });
            continue;
        }
        let end = this.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = end.map_or((this, &b""[..]), |end| (&this[..end], &this[end + 4..]));
        let mut part = Part { head, is_whole: end.is_some(), body };
        // What is longer than it says is followed by something bare.
        let length = part.field("Content-Length").and_then(|length| length.parse::<usize>().ok());
        let bare = length.filter(|&length| length < body.len()).map(|length| body.split_at(length));
        if let Some((body, _)) = bare {
            part.body = body;
        }
        parts.push(part);
        parts.extend(bare.map(|(_, bare)| Part { head: b"", is_whole: true, body: bare }));
    }
    parts
}

/// Whether a status line is here: no file of the site looks like one.
fn begins_response(bytes: &[u8]) -> bool {
    let versions = [&b"HTTP/1.0 "[..], b"HTTP/1.1 "];
    let code = versions.iter().find_map(|version| bytes.strip_prefix(*version)).and_then(|rest| rest.get(..4));
    code.is_some_and(|code| code[..3].iter().all(u8::is_ascii_digit) && code[3] == b' ')
}

impl Part<'_> {
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.head.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn field(&self, name: &str) -> Option<String> {
        let lines = self.lines().skip(1).map(|line| String::from_utf8_lossy(line).into_owned());
        let mut fields =
            lines.filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())));
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn title(&self) -> String {
        let first = self.lines().next().unwrap_or_default();
        if first.is_empty() {
            let line = self.body.split(|&byte| byte == b'\n').next().unwrap_or_default();
            return format!("bare {}", line.escape_ascii());
        }
        first[b"HTTP/1.1 ".len()..].escape_ascii().to_string()
    }

    fn normalised(&self, is_early: bool, protocol: &str) -> Vec<String> {
        if self.head.is_empty() {
            return self.normalised_bare(is_early, protocol);
        }
        let mut lines: Vec<String> = self.lines().map(|line| self.normalised_line(line)).collect();
        if !self.is_whole {
            lines.push("(the head has no end)".to_owned());
        }
        let body = if self.is_page() { page_of_any_version(self.body) } else { self.body.to_vec() };
        lines.extend(body_lines(&body));
        lines
    }

    fn normalised_line(&self, line: &[u8]) -> String {
        match line.iter().position(|&byte| byte == b':').map(|colon| line.split_at(colon)) {
            Some((b"Server", value)) if value.len() > b": ".len() => "Server: (server)".to_owned(),
            Some((b"Date", value)) if is_date(&[value, b"\r\n"].concat()) => "Date: (date)".to_owned(),
            // Lengths of pages depend on the version; whether they are right does not. HEAD is held against GET.
            Some((b"Content-Length", value)) if self.is_page() => {
                let stated = String::from_utf8_lossy(&value[2..]).parse::<usize>();
                match self.body.len() {
                    0 => "Content-Length: (of no body)".to_owned(),
                    length if stated.as_ref().is_ok_and(|&stated| stated == length) => {
                        "Content-Length: (of the body)".to_owned()
                    }
                    length => format!("Content-Length: {stated:?} of {length}"),
                }
            }
            _ => line.escape_ascii().to_string(),
        }
    }

    /// Whether the body is one that the server wrote itself: an error or a listing.
    fn is_page(&self) -> bool {
        let of_page = ["text/html;charset=utf-8", "text/html; charset=utf-8"];
        self.field("Content-type").is_some_and(|of| of_page.contains(&of.as_str()))
    }

    fn normalised_bare(&self, is_early: bool, protocol: &str) -> Vec<String> {
        if !self.body.starts_with(b"<!DOCTYPE HTML>") {
            return body_lines(self.body);
        }
        let page = String::from_utf8_lossy(&page_of_any_version(self.body)).into_owned();
        let between = |start: &str, end: &str| page.split_once(start)?.1.split_once(end).map(|(found, _)| found);
        let code = between("<p>Error code: ", "</p>");
        let message = between("<p>Message: ", ".</p>\n");
        let (true, Some(code), Some(message)) = (is_early, code, message) else {
            return body_lines(page.as_bytes());
        };
        let message = message.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let latin1: Vec<u8> = message.chars().map(|char| u8::try_from(u32::from(char)).unwrap_or(b'?')).collect();
        let mut lines = vec![format!("{protocol} {code} {}", latin1.escape_ascii())];
        lines.extend(["Server: (server)", "Date: (date)", "Connection: close"].map(str::to_owned));
        lines.extend(["Content-Type: text/html;charset=utf-8", "Content-Length: (of the body)"].map(str::to_owned));
        lines.extend(body_lines(page.as_bytes()));
        lines
    }
}

fn body_lines(body: &[u8]) -> Vec<String> {
    body.split_inclusive(|&byte| byte == b'\n').map(|line| format!("| {}", line.escape_ascii())).collect()
}
