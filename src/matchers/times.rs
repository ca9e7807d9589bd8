//! How many: `1`, `2..`, `..=3`, `1..=4`, `..`.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use crate::message::convert::convert;

/// A number of requests, or a range of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    least: usize,
    /// `usize::MAX` for no limit.
    most: usize,
}

impl Times {
    /// Whether a count is within the bounds.
    pub(crate) fn allow(self, count: usize) -> bool {
        (self.least..=self.most).contains(&count)
    }

    #[track_caller]
    fn new(least: usize, most: Option<usize>) -> Times {
        match most {
            Some(most) if most >= least => Times { least, most },
            _ => panic!("no count is within this range: its end lies before its beginning"),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (0, usize::MAX) => f.write_str("any number of times"),
            (0, 0) => f.write_str("never"),
            (1, 1) => f.write_str("exactly once"),
            (1, usize::MAX) => f.write_str("at least once"),
            (0, 1) => f.write_str("at most once"),
            (least, usize::MAX) => write!(f, "at least {least} times"),
            (0, most) => write!(f, "at most {most} times"),
            (least, most) if least == most => write!(f, "exactly {least} times"),
            (least, most) => write!(f, "{least} to {most} times"),
        }
    }
}

/// A count or a range of counts; an empty range panics at the caller's line.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how many times",
    label = "not a count or a range",
    note = "pass a `usize` or a range of them: `1`, `2..`, `..=3`, `1..=4`, `..`"
)]
pub trait IntoTimes {
    /// The bounds.
    fn into_times(self) -> Times;
}

convert!(IntoTimes::into_times -> Times;
    Times => |times| times,
    usize => |count| Times::new(count, Some(count)),
    Range<usize> => |range| Times::new(range.start, range.end.checked_sub(1)),
    RangeFrom<usize> => |range| Times::new(range.start, Some(usize::MAX)),
    RangeTo<usize> => |range| Times::new(0, range.end.checked_sub(1)),
    RangeInclusive<usize> => |range| Times::new(*range.start(), Some(*range.end())),
    RangeToInclusive<usize> => |range| Times::new(0, Some(range.end)),
    RangeFull => |_all| Times::new(0, Some(usize::MAX)),
);

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::a_count(2.into_times(), "exactly 2 times", &[2], &[1, 3])]
    #[case::once(1.into_times(), "exactly once", &[1], &[0, 2])]
    #[case::never(0.into_times(), "never", &[0], &[1])]
    #[case::from((2..).into_times(), "at least 2 times", &[2, 9], &[1])]
    #[case::up_to((..=3).into_times(), "at most 3 times", &[0, 3], &[4])]
    #[case::below((..3).into_times(), "at most 2 times", &[0, 2], &[3])]
    #[case::between((1..=4).into_times(), "1 to 4 times", &[1, 4], &[0, 5])]
    #[case::half_open((1..4).into_times(), "1 to 3 times", &[1, 3], &[4])]
    #[case::anything((..).into_times(), "any number of times", &[0, 9], &[])]
    fn counts_and_ranges_say_what_they_allow(
        #[case] times: Times,
        #[case] text: &str,
        #[case] allowed: &[usize],
        #[case] refused: &[usize],
    ) {
        assert_eq!(times.to_string(), text);
        assert!(allowed.iter().all(|&count| times.allow(count)));
        assert!(refused.iter().all(|&count| !times.allow(count)));
    }

    #[test]
    #[should_panic(expected = "no count is within this range")]
    #[expect(clippy::reversed_empty_ranges, reason = "the mistake under test")]
    fn an_empty_range_is_a_mistake() {
        let _ = (3..=2).into_times();
    }
}
