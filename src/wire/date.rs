//! The field `Date`.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::message::date::http_date;

/// The field `Date`, made anew once a second.
#[derive(Debug, Default)]
pub(crate) struct DateLine {
    second: Option<u64>,
    line: String,
}

impl DateLine {
    /// The whole line, with its CR LF.
    pub(crate) fn at(&mut self, time: SystemTime) -> &str {
        let second = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if self.second != Some(second) {
            self.second = Some(second);
            self.line = format!("Date: {}\r\n", http_date(i64::try_from(second).unwrap_or(i64::MAX)));
        }
        &self.line
    }
}
