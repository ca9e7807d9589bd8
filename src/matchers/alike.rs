//! How alike two short texts are: what a client may have meant.

use super::difference::common_start;

/// Texts are compared up to here.
pub(crate) const MOST: usize = 64;

/// Bytes that are compared at once.
const STRIDE: usize = 4096;

/// How many bytes have to be inserted, removed or replaced to make one text the other; of long texts only the beginnings count.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let (one, other) = without_common(&one[..one.len().min(MOST)], &other[..other.len().min(MOST)]);
    edits(one, other)
}

/// The same of values of any length: where too much differs for that, how long it is.
pub(super) fn apart(one: &[u8], other: &[u8]) -> usize {
    let (one, other) = without_common(one, other);
    let longer = one.len().max(other.len());
    if longer <= MOST { edits(one, other) } else { longer }
}

/// What is left between the common start and the common end. Most pairs have much in common, and the rest costs its square.
fn without_common<'a>(one: &'a [u8], other: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let start = common_start(one, other);
    let (mut one, mut other) = (&one[start..], &other[start..]);
    while one.len().min(other.len()) >= STRIDE {
        let (one_end, other_end) = (one.len() - STRIDE, other.len() - STRIDE);
        if one[one_end..] != other[other_end..] {
            break;
        }
        (one, other) = (&one[..one_end], &other[..other_end]);
    }
    while let ([one_rest @ .., last], [other_rest @ .., same]) = (one, other) {
        if last != same {
            break;
        }
        (one, other) = (one_rest, other_rest);
    }
    (one, other)
}

/// Neither is longer than [`MOST`].
fn edits(one: &[u8], other: &[u8]) -> usize {
    let mut row = [0; MOST + 1];
    for (at, distance) in row.iter_mut().enumerate() {
        *distance = at;
    }
    for (above, byte) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, other) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(byte != other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_same("/users", "/users", 0)]
    #[case::one_missing("/user", "/users", 1)]
    #[case::one_more_within("/ussers", "/users", 1)]
    #[case::one_replaced("/usars", "/users", 1)]
    #[case::two_swapped("/uesrs", "/users", 2)]
    #[case::nothing_in_common("abc", "xyz", 3)]
    #[case::empty("", "/users", 6)]
    #[case::both_empty("", "", 0)]
    #[case::repeated("aaa", "aa", 1)]
    #[case::classic("kitten", "sitting", 3)]
    fn the_distance_counts_edits_either_way(#[case] one: &str, #[case] other: &str, #[case] expected: usize) {
        assert_eq!((distance(one, other), distance(other, one)), (expected, expected));
    }

    #[test]
    fn of_long_texts_the_beginnings_count() {
        let long = "a".repeat(10_000);
        assert_eq!(distance(&long, &format!("{long}b")), 0);
        assert_eq!(distance(&long, "b"), MOST);
    }

    #[test]
    fn values_of_any_length_are_compared_between_what_both_have() {
        let long = |middle: &str| format!("{}{middle}{}", "a".repeat(10_000), "b".repeat(10_000)).into_bytes();
        assert_eq!(apart(&long("x"), &long("y")), 1);
        assert_eq!(apart(&long(""), &long("y")), 1);
        assert_eq!(apart(&long("x"), &long(&"y".repeat(500))), 500);
        assert_eq!(apart(b"kitten", b"sitting"), 3);
        assert_eq!(apart(b"", &long("")), 20_000);
    }
}
