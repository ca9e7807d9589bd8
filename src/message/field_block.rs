//! The header fields of a response, kept as they will be sent: one line behind the other.

use std::borrow::Cow;
use std::fmt;

/// Header fields in order, each a line with its CR LF. Sending them is one copy, whatever their number.
#[derive(Clone, Default)]
pub(crate) struct FieldBlock {
    lines: Cow<'static, [u8]>,
}

impl FieldBlock {
    /// A line that responses often begin with; it is one that says nothing about framing.
    pub(crate) const fn preset(line: &'static str) -> FieldBlock {
        FieldBlock { lines: Cow::Borrowed(line.as_bytes()) }
    }

    /// Whether nothing was added to a preset line, and so nothing about framing is in here.
    pub(crate) fn is_preset(&self) -> bool {
        matches!(self.lines, Cow::Borrowed(_))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.lines
    }

    /// Adds a field behind the others. Name and value hold neither CR nor LF, which whoever takes them from an author
    /// has checked.
    pub(crate) fn push(&mut self, name: &[u8], value: &[u8]) {
        let lines = self.lines.to_mut();
        lines.reserve(name.len() + value.len() + 4);
        lines.extend_from_slice(name);
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value);
        lines.extend_from_slice(b"\r\n");
    }

    /// The field takes the place of the first of that name; the others go.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        let mut fields = FieldBlock { lines: Cow::Owned(Vec::with_capacity(self.lines.len())) };
        let mut is_set = false;
        for (other, kept) in self.iter() {
            if !other.eq_ignore_ascii_case(name) {
                fields.push(other, kept);
            } else if !std::mem::replace(&mut is_set, true) {
                fields.push(name, value);
            }
        }
        if !is_set {
            fields.push(name, value);
        }
        *self = fields;
    }

    /// Every field of that name goes.
    pub(crate) fn remove(&mut self, name: &[u8]) {
        if self.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            let mut fields = FieldBlock { lines: Cow::Owned(Vec::new()) };
            self.iter().filter(|(other, _)| !other.eq_ignore_ascii_case(name)).for_each(|(n, v)| fields.push(n, v));
            *self = fields;
        }
    }

    /// The value of the first field of that name, in any case.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Adds fields behind the others, but those whose name was there before, and `Server` and `Date`, which the server adds.
    pub(crate) fn push_missing(&mut self, others: &FieldBlock) {
        let mut present = self.clone();
        present.push(b"Server", b"");
        present.push(b"Date", b"");
        let is_missing = |name: &[u8]| !present.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        others.iter().filter(|(name, _)| is_missing(name)).for_each(|(name, value)| self.push(name, value));
    }

    /// Names and values in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines.split(|&byte| byte == b'\n').filter_map(|line| {
            let line = line.strip_suffix(b"\r")?;
            let colon = line.iter().position(|&byte| byte == b':')?;
            Some((&line[..colon], line.get(colon + 2..).unwrap_or_default()))
        })
    }
}

impl fmt::Debug for FieldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.lines.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(fields: &FieldBlock) -> &str {
        std::str::from_utf8(fields.as_bytes()).unwrap_or("?")
    }

    #[test]
    fn fields_keep_order_spelling_and_duplicates() {
        let mut fields = FieldBlock::preset("Content-Type: text/plain\r\n");
        fields.push(b"x-B", b"1");
        fields.push(b"X-b", b"");
        assert_eq!(text(&fields), "Content-Type: text/plain\r\nx-B: 1\r\nX-b: \r\n");
        assert_eq!(fields.get("X-B"), Some(&b"1"[..]));
        assert!(!fields.is_preset());
    }

    #[test]
    fn a_field_that_is_set_takes_the_place_of_the_first_and_removes_the_others() {
        let mut fields = FieldBlock::default();
        for (name, value) in [(b"A", b"1"), (b"b", b"2"), (b"a", b"3")] {
            fields.push(name, value);
        }
        fields.set(b"a", b"4");
        assert_eq!(text(&fields), "a: 4\r\nb: 2\r\n");
        fields.set(b"c", b"x:y");
        fields.remove(b"B");
        assert_eq!(text(&fields), "a: 4\r\nc: x:y\r\n");
        assert_eq!(fields.get("c"), Some(&b"x:y"[..]));
    }

    #[test]
    fn what_is_missing_is_added_as_often_as_it_is_given() {
        let mut fields = FieldBlock::preset("Content-Type: text/plain\r\n");
        let mut others = FieldBlock::default();
        for (name, value) in [("content-type", "x/y"), ("DATE", "x"), ("A", "1"), ("a", "2")] {
            others.push(name.as_bytes(), value.as_bytes());
        }
        fields.push_missing(&others);
        assert_eq!(text(&fields), "Content-Type: text/plain\r\nA: 1\r\na: 2\r\n");
        assert_eq!(format!("{others:?}"), r#""content-type: x/y\r\nDATE: x\r\nA: 1\r\na: 2\r\n""#);
    }
}
