//! Numbers, compared exactly: no integer goes through `f64`.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use crate::message::convert::convert;

/// A number, compared exactly: no integer goes through `f64`.
///
/// What `gt`, `ge`, `lt` and `le` compare with. Made of any number of Rust by [`IntoNumber`].
///
/// ```
/// use fixture_server::{IntoNumber, Number};
///
/// let number: Number = u64::MAX.into_number();
/// assert_eq!(number.to_string(), "18446744073709551615");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Number {
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Whole(i128),
    Float(f64),
}

/// The least power of two that no `i128` reaches, as a float: exact.
const BEYOND_WHOLE: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

impl Number {
    /// How it compares; `None` if one of the two is not a number.
    pub(crate) fn compare(self, other: Number) -> Option<Ordering> {
        match (self.kind, other.kind) {
            (Kind::Whole(one), Kind::Whole(other)) => Some(one.cmp(&other)),
            (Kind::Float(one), Kind::Float(other)) => one.partial_cmp(&other),
            (Kind::Whole(one), Kind::Float(other)) => whole_with_float(one, other),
            (Kind::Float(one), Kind::Whole(other)) => whole_with_float(other, one).map(Ordering::reverse),
        }
    }

    #[cfg(feature = "json")]
    pub(crate) fn equals(self, other: Number) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }

    pub(crate) fn is_nan(self) -> bool {
        matches!(self.kind, Kind::Float(number) if number.is_nan())
    }

    /// The number that a text is, as JSON writes numbers (RFC 8259, section 6).
    pub(crate) fn parse(text: &str) -> Option<Number> {
        let bytes = text.as_bytes();
        let start = usize::from(bytes.first() == Some(&b'-'));
        let whole = digits(bytes, start);
        if whole == start || (bytes[start] == b'0' && whole > start + 1) {
            return None;
        }
        let mut end = whole;
        if bytes.get(end) == Some(&b'.') {
            let fraction = digits(bytes, end + 1);
            if fraction == end + 1 {
                return None;
            }
            end = fraction;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let first = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(bytes, first);
            if exponent == first {
                return None;
            }
            end = exponent;
        }
        if end != bytes.len() {
            return None;
        }
        let kind = match text.parse() {
            Ok(number) if end == whole => Kind::Whole(number),
            _ => Kind::Float(text.parse().ok()?),
        };
        Some(Number { kind })
    }

    /// Whether a text is this number as Rust or JSON writes it: `2` but not `02`, `10` and `10.0` for the float.
    pub(crate) fn is_written(self, text: &str) -> bool {
        if self.is_nan() {
            return false;
        }
        match self.kind {
            Kind::Whole(number) => is_what_is_written(text, format_args!("{number}")),
            Kind::Float(number) => {
                is_what_is_written(text, format_args!("{number}"))
                    || is_what_is_written(text, format_args!("{number:?}"))
            }
        }
    }

    #[cfg(feature = "json")]
    pub(crate) fn of_json(number: &serde_json::Number) -> Number {
        let kind = match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Kind::Whole(number.into()),
            (None, Some(number)) => Kind::Whole(number.into()),
            (None, None) => Kind::Float(number.as_f64().unwrap_or(f64::NAN)),
        };
        Number { kind }
    }
}

fn digits(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at].is_ascii_digit() {
        at += 1;
    }
    at
}

fn whole_with_float(whole: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND_WHOLE {
        return Some(Ordering::Less);
    }
    if float < -BEYOND_WHOLE {
        return Some(Ordering::Greater);
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and within the range as checked above")]
    let truncated = float.trunc() as i128;
    // Of two whole numbers that are the same, what is behind the point decides.
    Some(whole.cmp(&truncated).then_with(|| 0.0.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal)))
}

/// Compares while it is being written: nothing is allocated.
fn is_what_is_written(text: &str, what: fmt::Arguments<'_>) -> bool {
    struct Rest<'a>(&'a str);

    impl Write for Rest<'_> {
        fn write_str(&mut self, written: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(written).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest(text);
    rest.write_fmt(what).is_ok() && rest.0.is_empty()
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Whole(number) => write!(f, "{number}"),
            // `Debug` turns to an exponent where `Display` would write hundreds of digits.
            Kind::Float(number) if number.abs() >= 1e16 || (number != 0.0 && number.abs() < 1e-5) => {
                write!(f, "{number:?}")
            }
            Kind::Float(number) => write!(f, "{number}"),
        }
    }
}

/// A number to compare with: any integer of up to 64 bits, `f32`, `f64`.
///
/// Integers are taken exactly. An `f32` is the number it is written as: `1.1_f32` is 1.1, as a client sends it.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/?page=2&share=0.5");
/// assert!(any().query("page", gt(1)).query("share", lt(0.75)).check(&request).fits());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number",
    note = "pass an integer or a float: `gt(3)`, `le(0.5)`"
)]
pub trait IntoNumber {
    /// The number, exactly.
    fn into_number(self) -> Number;
}

macro_rules! whole_numbers {
    ($($T:ty),+) => { convert!(IntoNumber::into_number -> Number; $($T => |number| Number { kind: Kind::Whole(number.into()) }),+); };
}

whole_numbers!(i8, i16, i32, i64, u8, u16, u32, u64);

convert!(IntoNumber::into_number -> Number;
    isize => |number| Number { kind: Kind::Whole(number as i128) },
    usize => |number| Number { kind: Kind::Whole(number as i128) },
    f32 => |number| Number { kind: Kind::Float(number.to_string().parse().unwrap_or_else(|_| number.into())) },
    f64 => |number| Number { kind: Kind::Float(number) },
    Number => |number| number,
);

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn of(number: impl IntoNumber) -> Number {
        number.into_number()
    }

    #[rstest]
    #[case::whole(of(1), of(2), Ordering::Less)]
    #[case::whole_and_float(of(10), of(10.0), Ordering::Equal)]
    #[case::a_fraction_more(of(10), of(10.5), Ordering::Less)]
    #[case::a_fraction_less(of(-10), of(-10.5), Ordering::Greater)]
    #[case::nothing_is_rounded(of(9_007_199_254_740_993_i64), of(9_007_199_254_740_992.0), Ordering::Greater)]
    #[case::not_at_the_end_of_u64_either(of(u64::MAX), of(18_446_744_073_709_551_616.0), Ordering::Less)]
    #[case::beyond_every_integer(of(u64::MAX), of(f64::INFINITY), Ordering::Less)]
    #[case::below_every_integer(of(i64::MIN), of(-1e300), Ordering::Greater)]
    #[case::the_least_integer(of(i64::MIN), of(-9_223_372_036_854_775_808.0), Ordering::Equal)]
    #[case::zero_and_minus_zero(of(0), of(-0.0), Ordering::Equal)]
    #[case::an_f32_is_what_it_is_written_as(of(1.1_f32), of(1.1), Ordering::Equal)]
    fn numbers_compare_by_value(#[case] one: Number, #[case] other: Number, #[case] expected: Ordering) {
        assert_eq!(one.compare(other), Some(expected));
        assert_eq!(other.compare(one), Some(expected.reverse()));
    }

    #[test]
    fn nan_compares_with_nothing() {
        assert_eq!(of(f64::NAN).compare(of(1)), None);
        assert_eq!(of(1).compare(of(f64::NAN)), None);
        assert_eq!(of(f64::NAN).compare(of(f64::NAN)), None);
        assert!(!of(f64::NAN).is_written("NaN"));
    }

    #[rstest]
    #[case("0", of(0))]
    #[case("-12", of(-12))]
    #[case("18446744073709551615", of(u64::MAX))]
    #[case("1.5", of(1.5))]
    #[case("-0.25", of(-0.25))]
    #[case("1e3", of(1000))]
    #[case("1.5E+2", of(150))]
    #[case("25e-1", of(2.5))]
    #[case::beyond_every_integer("1000000000000000000000000000000000000000000", of(1e42))]
    fn a_number_is_read_as_json_writes_it(#[case] text: &str, #[case] expected: Number) {
        assert_eq!(Number::parse(text).unwrap().compare(expected), Some(Ordering::Equal));
    }

    #[rstest]
    fn what_json_does_not_write_is_no_number(
        #[values(
            "", "-", "+1", "01", "-01", ".5", "1.", "1.e2", "1e", "1e+", " 1", "1 ", "0x1", "1_000", "NaN", "inf",
            "infinity", "1,5", "--1", "1.2.3", "٣"
        )]
        text: &str,
    ) {
        assert!(Number::parse(text).is_none(), "{text}");
    }

    #[rstest]
    #[case(of(2), &["2"], &["02", "2.0", "2 ", "", "22", "+2"])]
    #[case(of(-1), &["-1"], &["1", "- 1"])]
    #[case(of(1.5), &["1.5"], &["1.50", "1,5", "15e-1"])]
    #[case(of(10.0), &["10", "10.0"], &["10.00", "1e1"])]
    #[case(of(1e16), &["10000000000000000", "1e16"], &["1e+16"])]
    fn a_number_is_equal_to_its_usual_text(#[case] number: Number, #[case] same: &[&str], #[case] other: &[&str]) {
        for text in same {
            assert!(number.is_written(text), "{text}");
        }
        for text in other {
            assert!(!number.is_written(text), "{text}");
        }
    }

    #[rstest]
    #[case(of(10.0), "10")]
    #[case(of(-1.5), "-1.5")]
    #[case(of(1e300), "1e300")]
    #[case(of(1e-7), "1e-7")]
    #[case(of(0.0), "0")]
    fn a_number_is_shown_short(#[case] number: Number, #[case] text: &str) {
        assert_eq!(number.to_string(), text);
    }

    #[cfg(feature = "json")]
    #[rstest]
    #[case("18446744073709551615", of(u64::MAX))]
    #[case("-9223372036854775808", of(i64::MIN))]
    #[case("1.5", of(1.5))]
    fn a_number_of_json_is_taken_exactly(#[case] text: &str, #[case] expected: Number) {
        assert!(Number::of_json(&serde_json::from_str(text).unwrap()).equals(expected));
    }
}
