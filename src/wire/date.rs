//! Dates of header fields (RFC 9110, section 5.6.7).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second of the year 9999, after which the format has no room.
const LAST_SECOND: u64 = 253_402_300_799;

/// A point in time as `Sun, 06 Nov 1994 08:49:37 GMT`; clamped to the years 1970 to 9999, beyond which `httpdate` panics.
pub(crate) fn http_date(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).min(LAST_SECOND);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

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
            self.line = format!("Date: {}\r\n", http_date(time));
        }
        &self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::the_rfc_example(784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT")]
    #[case::the_epoch(0, "Thu, 01 Jan 1970 00:00:00 GMT")]
    #[case::beyond_the_format(u64::MAX / 4, "Fri, 31 Dec 9999 23:59:59 GMT")]
    fn dates_are_in_the_fixed_format(#[case] seconds: u64, #[case] text: &str) {
        let Some(time) = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) else { return };
        assert_eq!(http_date(time), text);
    }

    #[test]
    fn a_time_before_the_epoch_is_the_epoch() {
        assert_eq!(http_date(UNIX_EPOCH - Duration::from_secs(1)), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
