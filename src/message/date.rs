//! Dates of header fields (RFC 9110, section 5.6.7).

use std::time::{Duration, UNIX_EPOCH};

/// The last second of the year 9999, after which the format has no room.
pub(crate) const LAST_SECOND: i64 = 253_402_300_799;

/// Seconds since 1970 as `Sun, 06 Nov 1994 08:49:37 GMT`; clamped to the years 1970 to 9999, beyond which `httpdate`
/// panics.
pub(crate) fn http_date(seconds: i64) -> String {
    let seconds = u64::try_from(seconds.clamp(0, LAST_SECOND)).unwrap_or_default();
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::the_rfc_example(784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT")]
    #[case::the_epoch(0, "Thu, 01 Jan 1970 00:00:00 GMT")]
    #[case::before_the_epoch(-1, "Thu, 01 Jan 1970 00:00:00 GMT")]
    #[case::beyond_the_format(i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT")]
    fn dates_are_in_the_fixed_format(#[case] seconds: i64, #[case] text: &str) {
        assert_eq!(http_date(seconds), text);
    }
}
