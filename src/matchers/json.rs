//! JSON compared with JSON: equal, or contained.

mod differences;

use std::io;

use serde_json::Value;

use super::difference::{cut, one_line};
use super::number::Number;

pub(crate) use differences::{differences, weight};

/// How two documents are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything is the same.
    Equal,
    /// Objects may have more members, on every level. Arrays have to have the same length.
    Partial,
}

/// Whether they agree; numbers are compared by value.
///
/// It descends no deeper than the shallower of the two, and what clients send was parsed with a limit of 128 levels.
pub(crate) fn agree(expected: &Value, actual: &Value, extent: Extent) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            (extent == Extent::Partial || expected.len() == actual.len())
                && expected
                    .iter()
                    .all(|(name, expected)| actual.get(name).is_some_and(|actual| agree(expected, actual, extent)))
        }
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len()
                && expected.iter().zip(actual).all(|(expected, actual)| agree(expected, actual, extent))
        }
        (Value::Number(one), Value::Number(other)) => {
            one == other || Number::of_json(one).equals(Number::of_json(other))
        }
        _ => expected == actual,
    }
}

/// A value on one line as compact JSON, cut after so many characters.
pub(crate) fn shown_json(value: &Value, most: usize) -> String {
    // No character has more bytes than four, and the one behind the cut shows that there is more.
    let mut start = Start { written: Vec::new(), most: (most + 1) * 4 };
    // An error means that there is no more room.
    let _ = serde_json::to_writer(&mut start, value);
    one_line(&cut(&String::from_utf8_lossy(&start.written), most))
}

/// Takes the beginning of a document, so that one of a megabyte is not written whole to show a line of it.
struct Start {
    written: Vec<u8>,
    most: usize,
}

impl io::Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.most - self.written.len();
        if room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(room);
        self.written.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
