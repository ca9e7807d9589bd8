//! The matchers that have names.

use bytes::Bytes;

use crate::matchers::number::{IntoNumber, Number};

use super::{Comparator, IntoMatcher, Matcher, Test};

/// Is equal to this, as a plain value is: for [`one_of`], where a plain value and a matcher cannot stand side by side.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/?sort=age");
/// assert!(any().query("sort", one_of([equals("age"), starts_with("-"), absent()])).check(&request).fits());
/// ```
#[track_caller]
pub fn equals(value: impl IntoMatcher) -> Matcher {
    value.into_matcher()
}

/// Contains this text or these bytes; the empty text is in everything that is there.
///
/// Of JSON it looks at the content of a string, and at the compact text of any other value.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("POST", "/").with_header("accept", "text/html, */*").with_body("a\0b");
/// assert!(any().header("accept", contains("html")).body(contains(b"\0b")).check(&request).fits());
/// ```
pub fn contains(value: impl AsRef<[u8]>) -> Matcher {
    Matcher::new(Test::Contains(Bytes::copy_from_slice(value.as_ref())))
}

/// Starts with this text or these bytes. JSON is looked at as by [`contains`].
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/api/users?sort=-age");
/// assert!(any().path(starts_with("/api/")).query("sort", starts_with("-")).check(&request).fits());
/// ```
pub fn starts_with(value: impl AsRef<[u8]>) -> Matcher {
    Matcher::new(Test::StartsWith(Bytes::copy_from_slice(value.as_ref())))
}

/// Ends with this text or these bytes. JSON is looked at as by [`contains`].
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/logo.png");
/// assert!(get(ends_with(".png")).check(&request).fits());
/// ```
pub fn ends_with(value: impl AsRef<[u8]>) -> Matcher {
    Matcher::new(Test::EndsWith(Bytes::copy_from_slice(value.as_ref())))
}

/// Fits a regular expression somewhere; `^` and `$` tie it to the ends. The syntax is that of crate `regex-lite`: `\d`, `\w`
/// and `(?i)` know ASCII only.
///
/// JSON is looked at as by [`contains`], a body that is not UTF-8 with `U+FFFD` for what cannot be read.
///
/// # Panics
///
/// At the caller's line if it is none.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/?id=a-17");
/// assert!(any().query("id", regex(r"^\w-\d+$")).check(&request).fits());
/// ```
#[cfg(feature = "regex")]
#[track_caller]
pub fn regex(expression: impl AsRef<str>) -> Matcher {
    let expression = expression.as_ref();
    match regex_lite::Regex::new(expression) {
        Ok(regex) => Matcher::new(Test::Regex(regex)),
        Err(reason) => panic!(
            "{expression:?} is not a regular expression: {reason}; to look for the text as it stands write \
             `contains({expression:?})`"
        ),
    }
}

/// Is there, whatever it is: also if it is empty, or JSON's `null`.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/?debug");
/// assert!(any().query("debug", present()).check(&request).fits());
/// ```
pub fn present() -> Matcher {
    Matcher::new(Test::Present)
}

/// Is not there.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/?page=1");
/// assert!(any().query("sort", absent()).check(&request).fits());
/// assert!(any().query("sort", one_of([absent(), contains("name")])).check(&request).fits());
/// ```
pub fn absent() -> Matcher {
    Matcher::new(Test::Absent)
}

/// Is there and is not that; of several values, none is. What may be missing too is `one_of([absent(), not(..)])`.
///
/// # Panics
///
/// At the caller's line if nothing could fit, as in `not(present())`.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/?page=1");
/// assert!(any().query("page", not(2)).check(&request).fits());
/// assert!(!any().query("sort", not("name")).check(&request).fits()); // it is not there
/// ```
#[track_caller]
pub fn not(value: impl IntoMatcher) -> Matcher {
    let matcher = value.into_matcher();
    assert!(
        !matcher.takes_everything(),
        "`not` wants a value that is there and is not {matcher}, which no value is: if it must not be there, write `absent()`"
    );
    Matcher::new(Test::Not(matcher))
}

/// Is one of these: fits if at least one of them does.
///
/// # Panics
///
/// At the caller's line if there are none, which nothing would fit.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/?page=2");
/// assert!(any().query("page", one_of([1, 2])).check(&request).fits());
/// assert!(any().query("page", one_of([starts_with("1"), gt(1)])).check(&request).fits());
/// ```
#[track_caller]
pub fn one_of(values: impl IntoIterator<Item: IntoMatcher>) -> Matcher {
    let mut matchers = Vec::new();
    // A closure would lose the caller's line.
    for value in values {
        matchers.push(value.into_matcher());
    }
    assert!(!matchers.is_empty(), "`one_of` without values fits nothing: give it some, or write `absent()`");
    Matcher::new(Test::OneOf(matchers))
}

macro_rules! comparisons {
    ($($name:ident $Comparator:ident $words:literal $example:literal),+) => {
        $(
            #[doc = concat!("Is a number ", $words, " this one.")]
            ///
            /// Text has to be a number as JSON writes them, without blanks around it. In JSON it has to be a number, not a string of
            /// digits. Nothing is rounded: integers are compared as such.
            ///
            /// # Panics
            ///
            /// At the caller's line if the number is NaN, which no number compares with.
            ///
            /// ```
            /// use fixture_server::prelude::*;
            ///
            /// let request = Request::new("GET", "/?page=2");
            #[doc = concat!("assert!(any().query(\"page\", ", stringify!($name), "(", $example, ")).check(&request).fits());")]
            /// ```
            #[track_caller]
            pub fn $name(number: impl IntoNumber) -> Matcher {
                Matcher::new(Test::Compare(Comparator::$Comparator, a_number(stringify!($name), number.into_number())))
            }
        )+
    };
}

comparisons!(
    gt Greater "greater than" "1",
    ge GreaterOrEqual "greater than or equal to" "2",
    lt Less "less than" "2.5",
    le LessOrEqual "less than or equal to" "2"
);

#[track_caller]
fn a_number(name: &str, number: Number) -> Number {
    assert!(!number.is_nan(), "`{name}(NaN)` fits nothing, as NaN is not a number: give it one");
    number
}

/// Whatever a closure says about the value as text; the name stands in reports: `expected a UUID, got "x"`.
///
/// While a rule is sought it is asked at most once for each request and value, and only if everything before it in the pattern
/// fits; a report of a failure may ask it again. JSON is shown to it as to [`contains`], a body that is not UTF-8 with `U+FFFD` for what cannot be read.
///
/// ```
/// use fixture_server::prelude::*;
///
/// let request = Request::new("GET", "/?id=12");
/// let even = matching("an even number", |text| text.parse::<u64>().is_ok_and(|number| number % 2 == 0));
/// assert!(any().query("id", even).check(&request).fits());
/// ```
pub fn matching<F>(what: impl Into<String>, check: F) -> Matcher
where
    F: Fn(&str) -> bool + Send + Sync + 'static,
{
    Matcher::new(Test::Closure { what: Some(what.into()), check: Box::new(check) })
}
