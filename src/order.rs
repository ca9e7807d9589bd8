//! Sorting. Every list of another type that the standard library sorts costs whoever builds this crate some three thousand lines
//! of machine code; here it sorts numbers, and the lists follow them.

use std::cmp::Ordering;

/// Sorts by a comparison; equal ones stay in their order.
pub(crate) fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let places = places(items.len(), &|one, other| compare(&items[one], &items[other]));
    let mut left: Vec<Option<T>> = items.drain(..).map(Some).collect();
    for place in places {
        items.extend(left[place].take());
    }
}

/// Sorts by what is compared of each; equal ones stay in their order.
pub(crate) fn sort_by_key<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

fn places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ones_stay_in_their_order() {
        let mut words = vec!["pear", "fig", "apple", "kiwi", "date", "plum"];
        sort_by_key(&mut words, |word| word.len());
        assert_eq!(words, ["fig", "pear", "kiwi", "date", "plum", "apple"]);
        sort_by(&mut words, |one, other| other.cmp(one));
        assert_eq!(words, ["plum", "pear", "kiwi", "fig", "date", "apple"]);
        let mut nothing: Vec<String> = Vec::new();
        sort_by_key(&mut nothing, String::len);
        assert!(nothing.is_empty());
    }
}
