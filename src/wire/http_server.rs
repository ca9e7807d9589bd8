//! The head of a request as Python's http.server reads it: its words, its fields, its limits.

use std::io::BufRead;
use std::ops::Range;
use std::sync::Arc;

use crate::message::request::{Head, Span, Version};
use crate::message::target::{Target, position};

use super::Exchange;
use super::head::{Framing, Parsed};
use super::refusal::Refusal;

/// Bytes of a line, its end included.
const MAX_LINE: usize = 65_536;

/// Lines between the request line and the empty line.
const MAX_FIELD_LINES: usize = 100;

/// Digits of each half of a version.
const MAX_VERSION_DIGITS: usize = 10;

/// What the input amounts to.
#[derive(Debug)]
pub(crate) enum Found {
    NeedMore,
    /// A line without a word: the connection ends, whatever follows.
    Nothing,
    Head(Parsed),
    Refused(Refusal, Head, Exchange),
}

/// A head as far as it has come. Each byte is looked at once, however slowly they trickle in.
#[derive(Debug, Default)]
pub(crate) struct HeadReader {
    scanned: usize,
    /// Where the line begins whose end has not come yet.
    line_start: usize,
    line: Option<RequestLine>,
    field_lines: usize,
    fields: Vec<Span>,
    /// The line before is of a field, which a line that begins with a blank continues.
    continues: bool,
    /// A line that is no field has ended the fields, though not the head.
    is_past_fields: bool,
}

impl HeadReader {
    /// Looks at what is new of the input. If that `is_all`, there is an answer: what has come of a line is the line, and
    /// no more fields are waited for.
    pub(crate) fn read(&mut self, input: &[u8], is_all: bool, protocol: Version) -> Found {
        loop {
            let start = self.line_start;
            let Some(end) = self.line_end(input, is_all) else {
                if input.len() - start <= MAX_LINE {
                    return Found::NeedMore;
                }
                let refusal = if self.line.is_none() { Refusal::LineTooLong } else { Refusal::FieldLineTooLong };
                return self.refuse(refusal, input, start + MAX_LINE);
            };
            self.line_start = end;
            match self.add_line(input, start..end) {
                Ok(false) => {}
                Ok(true) => return self.finish(input, protocol),
                Err(refusal) => return self.refuse(refusal, input, end),
            }
        }
    }

    /// Behind the line, if it has come and is not too long.
    fn line_end(&mut self, input: &[u8], is_all: bool) -> Option<usize> {
        let most = input.len().min(self.line_start + MAX_LINE);
        let mut rest = &input[self.scanned..most];
        // The search of the standard library is optimised even where this crate is not.
        let length = rest.skip_until(b'\n').unwrap_or_default();
        self.scanned += length;
        let is_whole = length > 0 && input[self.scanned - 1] == b'\n';
        (is_whole || is_all && most == input.len()).then_some(self.scanned)
    }

    /// Returns whether it was the last of the head.
    fn add_line(&mut self, input: &[u8], line: Range<usize>) -> Result<bool, Refusal> {
        let content = &input[line.clone()];
        if self.line.is_none() {
            self.line = RequestLine::judge(content)?;
            return Ok(self.line.as_ref().is_none_or(|line| line.form == Form::Short));
        }
        if matches!(content, b"\r\n" | b"\n" | b"") {
            return Ok(true);
        }
        self.field_lines += 1;
        if self.field_lines > MAX_FIELD_LINES {
            return Err(Refusal::TooManyFieldLines);
        }
        self.add_field_line(input, line);
        Ok(false)
    }

    fn add_field_line(&mut self, input: &[u8], line: Range<usize>) {
        if self.is_past_fields {
            return;
        }
        let content = &input[line.clone()];
        match content {
            [b' ' | b'\t', ..] => {
                if let (true, Some(field)) = (self.continues, self.fields.last_mut()) {
                    field.value.end = position(line.end);
                }
            }
            // The parser of mails that http.server uses takes the second for the envelope of one.
            [b':', ..] | [b'F', b'r', b'o', b'm', b' ', ..] => self.continues = false,
            _ => {
                let mut colon = 0;
                while colon < content.len() && content[colon].is_ascii_graphic() && content[colon] != b':' {
                    colon += 1;
                }
                self.continues = content.get(colon) == Some(&b':');
                self.is_past_fields = !self.continues;
                if self.continues {
                    let colon = line.start + colon;
                    let name = position(line.start)..position(colon);
                    self.fields.push(Span { name, value: position(colon + 1)..position(line.end) });
                }
            }
        }
    }

    fn finish(&mut self, input: &[u8], protocol: Version) -> Found {
        let Some(line) = self.line.take() else { return Found::Nothing };
        let head = &input[..self.line_start];
        let mut fields = std::mem::take(&mut self.fields);
        let mut deciding = Deciding::default();
        let mut at = 0;
        while at < fields.len() {
            let Span { name, value } = &mut fields[at];
            trim(head, value);
            deciding.look_at(
                &head[name.start as usize..name.end as usize],
                &head[value.start as usize..value.end as usize],
            );
            at += 1;
        }
        // An answer without a length and without a head can only end with the connection, whatever was asked for (D9).
        let may_keep = protocol >= Version::Http11 && line.form == Form::Usual;
        let exchange = Exchange { persistent: may_keep && deciding.keeps(line.http11), ..line.exchange(head) };
        Found::Head(Parsed {
            framing: deciding.framing(),
            exchange,
            expects_continue: protocol >= Version::Http11 && line.may_expect && is(deciding.expect, b"100-continue"),
            length: head.len(),
            head: Arc::new(line.head(head, fields.into_boxed_slice())),
        })
    }

    fn refuse(&mut self, refusal: Refusal, input: &[u8], end: usize) -> Found {
        let kept = &input[..end.min(MAX_LINE)];
        let (head, exchange) = match &self.line {
            Some(line) => (line.head(kept, Box::default()), line.exchange(kept)),
            None => (
                Head { raw: kept.into(), ..Head::default() },
                Exchange { persistent: false, http11: true, head_only: false, tunnels: false, bare: false },
            ),
        };
        Found::Refused(refusal, head, exchange)
    }
}

/// A request line that is in order.
#[derive(Debug)]
struct RequestLine {
    method: Range<usize>,
    target: Range<usize>,
    form: Form,
    /// The version is at least 1.1 as a number: `HTTP/01.1` and `HTTP/1.09` are.
    http11: bool,
    /// The version is at least `HTTP/1.1` as a text, which is how http.server decides this: those two are not.
    may_expect: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Usual,
    /// The version is `HTTP/0.9`: there are fields, but the answer is bare.
    Old,
    /// There is no version: that line is all of the request.
    Short,
}

impl RequestLine {
    fn judge(line: &[u8]) -> Result<Option<RequestLine>, Refusal> {
        let words = Words::of(line);
        let version = if words.count > 2 { words.last(line) } else { b"HTTP/0.9" };
        let Some(number) = version_number(version) else { return Err(Refusal::VersionWord) };
        if number >= (2, 0) {
            return Err(Refusal::LaterVersion);
        }
        let form = match words.count {
            0 => return Ok(None),
            2 if words.first(line) != b"GET" => return Err(Refusal::OldMethod),
            2 => Form::Short,
            3 if version == b"HTTP/0.9" => Form::Old,
            3 => Form::Usual,
            _ => return Err(Refusal::WordCount),
        };
        let http11 = number >= (1, 1);
        let may_expect = version >= &b"HTTP/1.1"[..];
        Ok(Some(RequestLine { method: words.first, target: words.second, form, http11, may_expect }))
    }

    fn exchange(&self, head: &[u8]) -> Exchange {
        Exchange {
            persistent: false,
            http11: self.http11,
            head_only: &head[self.method.clone()] == b"HEAD",
            tunnels: false,
            bare: self.form != Form::Usual,
        }
    }

    fn head(&self, raw: &[u8], fields: Box<[Span]>) -> Head {
        let range = |part: &Range<usize>| position(part.start)..position(part.end);
        Head {
            method: range(&self.method),
            target: range(&self.target),
            parts: Target::whole(&raw[self.target.clone()], self.target.start),
            fields,
            raw: raw.into(),
        }
    }
}

/// Where the words of a line are that matter; white space is what `str.split` of Python takes for it.
#[derive(Debug, Default)]
pub(super) struct Words {
    count: usize,
    first: Range<usize>,
    second: Range<usize>,
    last: Range<usize>,
}

impl Words {
    pub(super) fn of(line: &[u8]) -> Words {
        let mut words = Words::default();
        let mut at = 0;
        // An index and not an iterator: this runs for each request, and tests run without optimisation.
        while at < line.len() {
            if is_blank(line[at]) {
                at += 1;
                continue;
            }
            let start = at;
            while at < line.len() && !is_blank(line[at]) {
                at += 1;
            }
            words.count += 1;
            words.last = start..at;
            match words.count {
                1 => words.first = start..at,
                2 => words.second = start..at,
                _ => {}
            }
        }
        words
    }

    pub(super) fn first<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        &line[self.first.clone()]
    }

    pub(super) fn last<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        &line[self.last.clone()]
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=b' ' | 0x85 | 0xa0)
}

/// `HTTP/x.y`, as numbers.
fn version_number(word: &[u8]) -> Option<(u64, u64)> {
    let numbers = word.strip_prefix(b"HTTP/")?;
    let dot = numbers.iter().position(|&byte| byte == b'.')?;
    let (major, minor) = (&numbers[..dot], &numbers[dot + 1..]);
    if major.len().max(minor.len()) > MAX_VERSION_DIGITS {
        return None;
    }
    Some((plain_number(major)?, plain_number(minor)?))
}

/// Digits and nothing else; too many of them are the largest number there is.
fn plain_number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |sum: u64, byte: &u8| sum.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
    Some(digits.iter().fold(0, digit))
}

/// Takes away the blanks and line ends before a value, and the line ends behind it.
fn trim(head: &[u8], value: &mut Range<u32>) {
    let (mut start, mut end) = (value.start as usize, value.end as usize);
    while start < end && matches!(head[start], b' ' | b'\t' | b'\r' | b'\n') {
        start += 1;
    }
    while start < end && matches!(head[end - 1], b'\r' | b'\n') {
        end -= 1;
    }
    *value = position(start)..position(end);
}

/// The first of each field that decides about framing and connection; further ones do not count.
#[derive(Default)]
struct Deciding<'h> {
    expect: Option<&'h [u8]>,
    connection: Option<&'h [u8]>,
    length: Option<&'h [u8]>,
    coding: Option<&'h [u8]>,
}

impl<'h> Deciding<'h> {
    fn look_at(&mut self, name: &[u8], value: &'h [u8]) {
        let found = match name.len() {
            6 if name.eq_ignore_ascii_case(b"expect") => &mut self.expect,
            10 if name.eq_ignore_ascii_case(b"connection") => &mut self.connection,
            14 if name.eq_ignore_ascii_case(b"content-length") => &mut self.length,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => &mut self.coding,
            _ => return,
        };
        found.get_or_insert(value);
    }

    fn keeps(&self, http11: bool) -> bool {
        if http11 { !is(self.connection, b"close") } else { is(self.connection, b"keep-alive") }
    }

    /// What http.server never reads, this crate does (D6), if it is announced in so many words.
    fn framing(&self) -> Framing {
        if is(self.coding, b"chunked") {
            return Framing::Chunked;
        }
        Framing::Length(self.length.and_then(plain_number).unwrap_or(0))
    }
}

/// A list that has the word in it is not the word.
fn is(value: Option<&[u8]>, word: &[u8]) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case(word))
}
