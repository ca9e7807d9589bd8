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

    /// The smallest count within the bounds.
    pub(crate) fn least(self) -> usize {
        self.least
    }

    /// The same as a number of things: `exactly one connection`, `2 to 4 connections`.
    pub(crate) fn of(self, thing: &str) -> String {
        let counted = |count: usize| if count == 1 { format!("one {thing}") } else { format!("{count} {thing}s") };
        match (self.least, self.most) {
            (0, usize::MAX) => format!("any number of {thing}s"),
            (0, 0) => format!("no {thing}"),
            (least, usize::MAX) => format!("at least {}", counted(least)),
            (0, most) => format!("at most {}", counted(most)),
            (least, most) if least == most => format!("exactly {}", counted(least)),
            (least, most) => format!("{least} to {}", counted(most)),
        }
    }

    /// `None` as the most for less than nothing.
    #[track_caller]
    fn within(range: &dyn fmt::Debug, least: usize, most: Option<usize>) -> Times {
        match most {
            Some(most) if most >= least => Times { least, most },
            _ => panic!("the range {range:?} holds no count; for none write `0`"),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (0, usize::MAX) => f.write_str("any number of times"),
            (0, 0) => f.write_str("never"),
            (least, usize::MAX) => write!(f, "at least {}", times(least)),
            (0, most) => write!(f, "at most {}", times(most)),
            (least, most) if least == most => write!(f, "exactly {}", times(least)),
            (least, most) => write!(f, "{least} to {most} times"),
        }
    }
}

/// `once`, `twice`, `3 times`.
pub(crate) fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
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
    usize => |count| Times { least: count, most: count },
    Range<usize> => |range| Times::within(&range, range.start, range.end.checked_sub(1)),
    RangeFrom<usize> => |range| Times { least: range.start, most: usize::MAX },
    RangeTo<usize> => |range| Times::within(&range, 0, range.end.checked_sub(1)),
    RangeInclusive<usize> => |range| Times::within(&range, *range.start(), Some(*range.end())),
    RangeToInclusive<usize> => |range| Times { least: 0, most: range.end },
    RangeFull => |_all| Times { least: 0, most: usize::MAX },
);

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::a_count(2.into_times(), "exactly twice", &[2], &[1, 3])]
    #[case::once(1.into_times(), "exactly once", &[1], &[0, 2])]
    #[case::never(0.into_times(), "never", &[0], &[1])]
    #[case::from((2..).into_times(), "at least twice", &[2, 9], &[1])]
    #[case::up_to((..=3).into_times(), "at most 3 times", &[0, 3], &[4])]
    #[case::below((..3).into_times(), "at most twice", &[0, 2], &[3])]
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

    #[rstest]
    #[case(0.into_times(), "no connection")]
    #[case(1.into_times(), "exactly one connection")]
    #[case((2..).into_times(), "at least 2 connections")]
    #[case((..=1).into_times(), "at most one connection")]
    #[case((1..=4).into_times(), "1 to 4 connections")]
    fn things_are_counted_too(#[case] times: Times, #[case] text: &str) {
        assert_eq!(times.of("connection"), text);
    }

    #[test]
    #[should_panic(expected = "the range 3..=2 holds no count; for none write `0`")]
    #[expect(clippy::reversed_empty_ranges, reason = "the mistake under test")]
    fn an_empty_range_is_a_mistake() {
        let _ = (3..=2).into_times();
    }
}
