//! Requests and answers as bytes, and what of the answers is compared.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::requests::Case;

/// What came back.
pub(crate) struct Exchanged {
    pub(crate) replies: Vec<Reply>,
    /// The answer to one more request on the same connection, which closes it; nothing if it was closed before.
    after: Vec<u8>,
}

/// A response in its parts, as sent.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) status_line: Vec<u8>,
    fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn exchange(addr: SocketAddr, case: &Case) -> Exchanged {
    let stream = TcpStream::connect(addr).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream.set_nodelay(true).expect("no delay");
    (&stream).write_all(&case.bytes).expect("the request is taken");
    let mut reader = BufReader::new(&stream);
    let mut replies = Vec::new();
    for method in &case.methods {
        match Reply::read(&mut reader, method == "HEAD") {
            Ok(Some(reply)) => replies.push(reply),
            Ok(None) => break,
            Err(error) => {
                let body = error.to_string().into_bytes();
                replies.push(Reply { status_line: b"(no response)".to_vec(), body, ..Reply::default() });
                break;
            }
        }
    }
    // A connection that was closed may refuse to be written to, or be reset because of it: closed is closed.
    let _ = (&stream).write_all(b"GET /hello.txt HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    let mut after = Vec::new();
    if let Err(error) = reader.read_to_end(&mut after) {
        let closed = matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
        assert!(closed, "after {}: {error}", case.bytes.escape_ascii());
    }
    Exchanged { replies, after }
}

impl Exchanged {
    /// What is compared, with names for its parts.
    pub(crate) fn normalised(&self, case: &Case) -> Vec<String> {
        let mut lines = Vec::new();
        for reply in &self.replies {
            reply.push_normalised(case, &mut lines);
        }
        lines.push(format!("{} answers", self.replies.len()));
        if self.after.is_empty() {
            lines.push("the connection is closed".to_owned());
            return lines;
        }
        lines.push("the connection stays".to_owned());
        let mut rest = BufReader::new(&self.after[..]);
        match Reply::read(&mut rest, false) {
            Ok(Some(reply)) => reply.push_normalised(case, &mut lines),
            _ => lines.push(format!("and sends {}", self.after.escape_ascii())),
        }
        lines
    }

    pub(crate) fn raw(&self) -> String {
        let replies = self.replies.iter().map(Reply::raw).collect::<String>();
        format!("{replies} then {}", self.after.escape_ascii())
    }
}

impl Reply {
    /// `None` at the end of the connection.
    fn read(reader: &mut impl BufRead, head_only: bool) -> io::Result<Option<Reply>> {
        let mut reply = Reply { status_line: line(reader)?, ..Reply::default() };
        if reply.status_line.is_empty() {
            return Ok(None);
        }
        loop {
            let line = line(reader)?;
            if line == b"\r\n" || line.is_empty() {
                break;
            }
            let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
            let (name, value) = line.split_at(colon);
            reply.fields.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
        }
        let bodiless = head_only || reply.status_line.split(|&byte| byte == b' ').nth(1) == Some(b"304");
        if bodiless {
            return Ok(Some(reply));
        }
        match reply.field("Content-Length") {
            Some(length) => {
                let length = length.trim_start_matches(": ").trim_end().parse().map_err(io::Error::other)?;
                reply.body.resize(length, 0);
                reader.read_exact(&mut reply.body)?;
            }
            None => {
                reader.read_to_end(&mut reply.body)?;
            }
        }
        Ok(Some(reply))
    }

    /// Everything between the colon and the end of the line.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let (_, value) = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// Whether the body is a page that the server wrote itself: an error or a listing.
    fn is_page(&self) -> bool {
        matches!(
            self.field("Content-type").as_deref(),
            Some(": text/html; charset=utf-8\r\n" | ": text/html;charset=utf-8\r\n")
        )
    }

    fn push_normalised(&self, case: &Case, lines: &mut Vec<String>) {
        let target = String::from_utf8_lossy(&case.bytes).split(' ').nth(1).unwrap_or_default().to_owned();
        let path = target.split(['?', '#']).next().unwrap_or_default();
        lines.push(self.status_line.escape_ascii().to_string());
        for (name, value) in &self.fields {
            let value = match name.as_str() {
                "Server" if value.len() > b": \r\n".len() => "(server)".to_owned(),
                "Date" if is_date(value) => "(date)".to_owned(),
                // `Reply::read` took the body by it, and HEAD is held against GET.
                "Content-Length" if self.is_page() => "(length)".to_owned(),
                "Content-type" if UNSETTLED_TYPES.iter().any(|extension| path.ends_with(extension)) => {
                    "(type)".to_owned()
                }
                _ => value.escape_ascii().to_string(),
            };
            lines.push(format!("{name}{value}"));
        }
        let body = if self.is_page() { page_of_any_version(&self.body) } else { self.body.clone() };
        lines.push(format!("body {}", body.escape_ascii()));
    }

    pub(crate) fn without_date(&self) -> (&[u8], Vec<&(String, Vec<u8>)>) {
        (&self.status_line, self.fields.iter().filter(|(name, _)| name != "Date").collect())
    }

    pub(crate) fn raw(&self) -> String {
        let mut raw = self.status_line.escape_ascii().to_string();
        for (name, value) in &self.fields {
            raw.extend([name.as_str(), &value.escape_ascii().to_string()]);
        }
        format!("{raw}\\r\\n{}", self.body.escape_ascii())
    }
}

fn line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    Ok(line)
}

/// `: Sun, 06 Nov 1994 08:49:37 GMT`, by shape.
pub(crate) fn is_date(value: &[u8]) -> bool {
    let shape = value.iter().map(|byte| match byte {
        b'0'..=b'9' => '0',
        b'A'..=b'Z' => 'A',
        b'a'..=b'z' => 'a',
        other => char::from(*other),
    });
    shape.collect::<String>() == ": Aaa, 00 Aaa 0000 00:00:00 AAA\r\n"
}

/// Pages without what depends on the version (section 14): the style block since 3.14, and query and fragment in the
/// title of a listing before it.
pub(crate) fn page_of_any_version(page: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut in_style = false;
    for line in page.split_inclusive(|&byte| byte == b'\n') {
        let text = line.trim_ascii();
        in_style |= text == b"<style type=\"text/css\">";
        if !in_style {
            kept.extend_from_slice(&without_query(line));
        }
        in_style &= text != b"</style>";
    }
    kept
}

/// A line `<title>Directory listing for /a/?x=1</title>` or `<h1>...` without `?x=1`.
fn without_query(line: &[u8]) -> Vec<u8> {
    let is_title = [&b"<title>Directory listing for "[..], &b"<h1>Directory listing for "[..]];
    let is_title = is_title.iter().find_map(|start| line.strip_prefix(*start));
    let query =
        is_title.and_then(|title| title.iter().position(|byte| matches!(byte, b'?' | b'#')).map(|at| (title, at)));
    let Some((title, at)) = query else { return line.to_vec() };
    let end = title.iter().rposition(|&byte| byte == b'<').unwrap_or(title.len());
    let start = line.len() - title.len();
    [&line[..start + at], &title[end.max(at)..]].concat()
}

/// Against hanging only.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers differ by version for these (section 14 of the semantics), or because the crate knows more (`ics`).
const UNSETTLED_TYPES: [&str; 4] = [".js", ".mjs", ".md", ".ics"];
