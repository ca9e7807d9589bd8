//! The precondition that http.server knows, and how it reads dates (section 8 of the semantics).
//!
//! Deliberately not `httpdate`: http.server understands more formats than RFC 9110 names, and ignores a date in any
//! zone but UTC.

/// The value of `If-Modified-Since`: seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IfModifiedSince(i64);

impl IfModifiedSince {
    /// Reads the value as sent; what can not be read, or is in another zone than UTC, is no precondition at all.
    pub(super) fn parse(value: &[u8]) -> Option<IfModifiedSince> {
        let [day, month, year, time, zone] = five_words(value)?;
        seconds(day, month, year, time, zone).map(IfModifiedSince)
    }

    /// Whether a file of that modification time counts as unchanged. A date in the future is taken at its word.
    pub(super) fn is_unmodified(self, modified: i64) -> bool {
        modified <= self.0
    }
}

/// Steps 1 to 5: the words that should be day, month, year, time and zone.
fn five_words(value: &[u8]) -> Option<[&[u8]; 5]> {
    let mut words = words(value);
    let first = *words.first()?;
    if first.ends_with(b",") || is_one_of(first, WEEKDAYS).is_some() {
        words.remove(0);
    } else if let Some(comma) = first.iter().rposition(|&byte| byte == b',') {
        words[0] = &first[comma + 1..];
    }
    if words.len() == 3 {
        let mut parts = words[0].split(|&byte| byte == b'-');
        if let (Some(day), Some(month), Some(year), None) = (parts.next(), parts.next(), parts.next(), parts.next()) {
            words.splice(..1, [day, month, year]);
        }
    }
    if words.len() == 4 {
        let time = words[3];
        let sign = position(time, b'+').or_else(|| position(time, b'-'));
        let split = sign.filter(|&at| at > 0).unwrap_or(time.len());
        words[3] = &time[..split];
        words.push(&time[split..]);
    }
    words.first_chunk().copied()
}

/// Steps 6 to 15.
fn seconds(day: &[u8], month: &[u8], year: &[u8], time: &[u8], zone: &[u8]) -> Option<i64> {
    if day.is_empty() || month.is_empty() || year.is_empty() {
        return None;
    }
    let (mut day, month) = match is_one_of(month, MONTHS) {
        Some(number) => (day, number),
        None => (month, is_one_of(day, MONTHS)?),
    };
    let month = month % 12 + 1;
    day = without_comma(day);
    let (mut year, mut time, mut zone) = (year, time, zone);
    if position(year, b':').is_some_and(|at| at > 0) {
        (year, time) = (time, year);
    }
    year = without_comma(year);
    if !is_digit(*year.first()?) {
        (year, zone) = (zone, year);
    }
    time = without_comma(time);
    let (hour, minute, second) = time_of_day(time)?;
    let mut year = integer(year)?;
    let day = integer(day)?;
    if year < 100 {
        year += if year > 68 { 1900 } else { 2000 };
    }
    if !is_utc_or_unknown(zone) {
        return None;
    }
    let in_range = (1..=9999).contains(&year)
        && (1..=days_in_month(year, month)).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    in_range.then(|| ((days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Step 11, after its comma.
fn time_of_day(time: &[u8]) -> Option<(i64, i64, i64)> {
    let mut separator = b':';
    if position(time, separator).is_none() {
        separator = b'.';
    }
    let mut parts = time.split(|&byte| byte == separator);
    let hour = integer(parts.next()?)?;
    let minute = integer(parts.next()?)?;
    let second = parts.next().map_or(Some(0), integer)?;
    parts.next().is_none().then_some((hour, minute, second))
}

/// Step 14: an offset other than zero, even a right one, makes http.server ignore the date; no zone, or one that it
/// does not know, counts as UTC.
fn is_utc_or_unknown(zone: &[u8]) -> bool {
    // The names of zones at zero are unknown to `integer` and to this list, which comes to the same.
    !OTHER_ZONES.iter().any(|other| zone.eq_ignore_ascii_case(other.as_bytes()))
        && !is_integer(zone).is_some_and(|digits| digits.iter().any(|digit| matches!(digit, b'1'..=b'9')))
}

/// The words of a value. White space is what Python takes for it, among the characters of ISO-8859-1.
fn words(value: &[u8]) -> Vec<&[u8]> {
    let is_space = |byte: &u8| matches!(byte, b'\t'..=b'\r' | 0x1C..=0x20 | 0x85 | 0xA0);
    value.split(is_space).filter(|word| !word.is_empty()).collect()
}

fn position(word: &[u8], byte: u8) -> Option<usize> {
    word.iter().position(|&found| found == byte)
}

fn is_one_of(word: &[u8], names: &[&str]) -> Option<i64> {
    let at = names.iter().position(|name| word.eq_ignore_ascii_case(name.as_bytes()))?;
    i64::try_from(at).ok()
}

fn without_comma(word: &[u8]) -> &[u8] {
    word.strip_suffix(b",").unwrap_or(word)
}

/// The superscript digits of ISO-8859-1 are digits to Python, though no number.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, 0xB2 | 0xB3 | 0xB9)
}

/// A number as Python's `int` takes it; one beyond every date is `None` too.
fn integer(word: &[u8]) -> Option<i64> {
    let digits = is_integer(word)?;
    let mut number: i64 = 0;
    for &digit in digits.iter().filter(|&&byte| byte != b'_') {
        number = number.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    Some(if word.starts_with(b"-") { -number } else { number })
}

/// The digits of a number, if it is one: a sign may precede them, and single underscores may be between them.
fn is_integer(word: &[u8]) -> Option<&[u8]> {
    let digits = word.strip_prefix(b"-").or_else(|| word.strip_prefix(b"+")).unwrap_or(word);
    let groups = digits.split(|&byte| byte == b'_');
    let mut well_formed = groups.map(|group| !group.is_empty() && group.iter().all(u8::is_ascii_digit));
    well_formed.all(|good| good).then_some(digits)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The number of days from 1 January 1970 to a date of the Gregorian calendar; years count from March, so that the
/// leap day is the last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

const WEEKDAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Twice the twelve.
#[rustfmt::skip]
const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
];

/// The zones that Python knows by name and that are not at zero.
const OTHER_ZONES: &[&str] = &["AST", "ADT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT"];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// 2 January 2024, 03:04:05 UTC.
    const MOMENT: i64 = 1_704_164_645;

    #[rstest]
    #[case::rfc_1123("Tue, 02 Jan 2024 03:04:05 GMT")]
    #[case::rfc_850("Tuesday, 02-Jan-24 03:04:05 GMT")]
    #[case::asctime("Tue Jan  2 03:04:05 2024")]
    #[case::bare("2 January 2024 03:04:05")]
    #[case::unknown_zone("Tue, 02 Jan 2024 03:04:05 XYZ")]
    #[case::parameter("Tue, 02 Jan 2024 03:04:05 GMT; length=5")]
    #[case::wrong_weekday("Fri, 02 Jan 2024 03:04:05 GMT")]
    #[case::any_word_with_a_comma("whatever, 02 Jan 2024 03:04:05 GMT")]
    #[case::comma_glued("Tue,02 Jan 2024 03:04:05 GMT")]
    #[case::month_first("Jan 02, 2024 03:04:05 GMT")]
    #[case::upper_case("TUE, 02 JAN 2024 03:04:05 gmt")]
    #[case::zero_offset("Tue, 02 Jan 2024 03:04:05 +0000")]
    #[case::short_zero_offset("Tue, 02 Jan 2024 03:04:05 +00")]
    #[case::no_known_zone("Tue, 02 Jan 2024 03:04:05 -0000")]
    #[case::no_zone("Tue, 02 Jan 2024 03:04:05")]
    #[case::zone_glued("Tue, 02 Jan 2024 03:04:05+0000")]
    #[case::dots_in_the_time("Tue, 02 Jan 2024 03.04.05 GMT")]
    #[case::year_and_zone_exchanged("Tue, 02 Jan GMT 03:04:05 2024")]
    #[case::commas_all_over("Tue, 02, Jan 2024, 03:04:05, GMT")]
    #[case::underscore("Tue, 0_2 Jan 2_024 03:04:05 GMT")]
    #[case::folded("Tue, 02 Jan\r\n 2024\t03:04:05 GMT")]
    #[case::no_break_space("Tue,\u{20}02 Jan 2024\u{c}03:04:05 GMT")]
    fn these_are_the_same_moment(#[case] value: &str) {
        assert_eq!(IfModifiedSince::parse(value.as_bytes()), Some(IfModifiedSince(MOMENT)));
    }

    #[rstest]
    #[case::no_seconds("Tue, 02 Jan 2024 03:04 GMT", MOMENT - 5)]
    #[case::epoch("Thu, 01 Jan 1970 00:00:00 GMT", 0)]
    #[case::before_the_epoch("31 Dec 1969 23:59:59 GMT", -1)]
    #[case::one_is_2001("1 Jan 0001 0:0:0 GMT", 978_307_200)]
    #[case::hundred("1 Jan 100 0:0:0 GMT", -59_011_459_200)]
    #[case::last("31 Dec 9999 23:59:59 GMT", 253_402_300_799)]
    #[case::sixty_eight("1 Jan 68 0:0 GMT", 3_092_601_600)]
    #[case::sixty_nine("1 Jan 69 0:0 GMT", -31_536_000)]
    #[case::leap_day("29 Feb 2000 0:0 GMT", 951_782_400)]
    fn other_moments(#[case] value: &str, #[case] expected: i64) {
        assert_eq!(IfModifiedSince::parse(value.as_bytes()), Some(IfModifiedSince(expected)));
    }

    #[rstest]
    #[case::empty("")]
    #[case::blank(" \t ")]
    #[case::weekday_only("Tue,")]
    #[case::offset("Tue, 02 Jan 2024 04:04:05 +0100")]
    #[case::named_zone("Tue, 02 Jan 2024 03:04:05 EST")]
    #[case::iso_8601("2024-01-02T03:04:05Z")]
    #[case::number("1704164645")]
    #[case::fraction("Tue, 02 Jan 2024 03:04:05.5 GMT")]
    #[case::no_such_month("Tue, 02 Jam 2024 03:04:05 GMT")]
    #[case::no_such_day("Tue, 30 Feb 2024 03:04:05 GMT")]
    #[case::no_leap_day("29 Feb 1900 03:04:05 GMT")]
    #[case::day_zero("Tue, 00 Jan 2024 03:04:05 GMT")]
    #[case::hour_24("Tue, 02 Jan 2024 24:00:00 GMT")]
    #[case::second_60("Tue, 02 Jan 2024 03:04:60 GMT")]
    #[case::year_10000("Tue, 02 Jan 10000 03:04:05 GMT")]
    #[case::huge("Tue, 02 Jan 99999999999999999999 03:04:05 GMT")]
    #[case::huge_zone("Tue, 02 Jan 2024 03:04:05 99999999999999999999")]
    #[case::time_without_minutes("Tue, 02 Jan 2024 03 GMT")]
    #[case::four_parts_of_time("Tue, 02 Jan 2024 03:04:05:06 GMT")]
    #[case::word_for_day("Tue, xx Jan 2024 03:04:05 GMT")]
    #[case::year_of_a_comma("Tue, 02 Jan , 03:04:05 GMT")]
    fn these_are_ignored(#[case] value: &str) {
        assert_eq!(IfModifiedSince::parse(value.as_bytes()), None);
    }

    #[test]
    fn white_space_is_that_of_latin_1() {
        let value = b"Tue,\xa002\x85Jan\x1c2024\x0b03:04:05\x1fGMT";
        assert_eq!(IfModifiedSince::parse(value), Some(IfModifiedSince(MOMENT)));
    }

    #[rstest]
    #[case::older(MOMENT - 1, true)]
    #[case::same(MOMENT, true)]
    #[case::newer(MOMENT + 1, false)]
    fn the_file_must_not_be_newer(#[case] modified: i64, #[case] expected: bool) {
        assert_eq!(IfModifiedSince(MOMENT).is_unmodified(modified), expected);
    }
}
