//! Where two documents differ: a pointer (RFC 6901) to each place.

use serde_json::Value;

use crate::matchers::difference::{Details, cut, one_line, parting, places};

use super::{Extent, agree, shown_json};

/// Places that are listed; more are counted.
const MOST_PLACES: usize = 20;

/// Characters of a value, or of its pointer, in a line.
const MOST_OF_A_VALUE: usize = 80;

/// Elements up to which it is worth finding out whether they are the same in another order, which costs the square.
const MOST_REORDERED: usize = 200;

/// A line for each place that differs: `/user/age: expected 36, got "36" (text)`. Nothing if they agree.
pub(crate) fn differences(expected: &Value, actual: &Value, extent: Extent) -> Option<Details> {
    let mut found = Differences::new(extent, MOST_PLACES);
    found.descend(Some(expected), Some(actual));
    if found.count == 0 {
        return None;
    }
    let mut lines = found.lines;
    if found.count > lines.len() {
        lines.push(format!("and {} more", found.count - lines.len()));
    }
    Some(Details { summary: format!("differs in {}", places(found.count)), lines })
}

/// How much differs: 0 if they agree. Of what is missing everything counts, of what is too much that it is there.
pub(crate) fn weight(expected: &Value, actual: &Value, extent: Extent) -> usize {
    let mut found = Differences::new(extent, 0);
    found.descend(Some(expected), Some(actual));
    found.weight
}

struct Differences {
    extent: Extent,
    /// Where the comparison stands.
    pointer: String,
    count: usize,
    weight: usize,
    lines: Vec<String>,
    most_lines: usize,
}

impl Differences {
    fn new(extent: Extent, most_lines: usize) -> Differences {
        Differences { extent, pointer: String::new(), count: 0, weight: 0, lines: Vec::new(), most_lines }
    }

    fn descend(&mut self, expected: Option<&Value>, actual: Option<&Value>) {
        match (expected, actual) {
            (Some(Value::Object(expected)), Some(Value::Object(actual))) => {
                for (name, expected) in expected {
                    self.below(name, Some(expected), actual.get(name));
                }
                if self.extent == Extent::Equal {
                    for (name, actual) in actual.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                        self.below(name, None, Some(actual));
                    }
                }
            }
            (Some(Value::Array(expected)), Some(Value::Array(actual))) => self.elements(expected, actual),
            (Some(one), Some(other)) if agree(one, other, self.extent) => (),
            _ => self.report(expected, actual),
        }
    }

    fn below(&mut self, name: &str, expected: Option<&Value>, actual: Option<&Value>) {
        let parent = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        self.descend(expected, actual);
        self.pointer.truncate(parent);
    }

    fn elements(&mut self, expected: &[Value], actual: &[Value]) {
        let pairs = || expected.iter().zip(actual);
        let extent = self.extent;
        let same = |(one, other): (&Value, &Value)| agree(one, other, extent);
        if expected.len() == actual.len() {
            let (one, other): (Vec<&Value>, Vec<&Value>) = pairs().filter(|pair| !same(*pair)).unzip();
            if one.len() > 1 && is_reordered(&one, other, self.extent) {
                let place = self.place();
                self.push(one.len(), || format!("{place}: the same elements in another order"));
                return;
            }
        } else {
            let least = expected.len().min(actual.len());
            let start = pairs().take_while(|pair| same(*pair)).count();
            let from_the_end = expected.iter().rev().zip(actual.iter().rev()).take(least - start);
            let end = from_the_end.take_while(|pair| same(*pair)).count();
            if start + end == least {
                return self.report_run(expected, actual, start, end);
            }
        }
        for at in 0..expected.len().max(actual.len()) {
            let (one, other) = (expected.get(at), actual.get(at));
            // Of a long array most elements agree, and a pointer to each would cost more than comparing once more.
            if one.zip(other).is_none_or(|pair| !same(pair)) {
                self.below(&at.to_string(), one, other);
            }
        }
    }

    /// Nothing differs but that elements were put in or left out between those that both have at the start and at the end.
    fn report_run(&mut self, expected: &[Value], actual: &[Value], start: usize, end: usize) {
        let is_missing = expected.len() > actual.len();
        let longer = if is_missing { expected } else { actual };
        let run = &longer[start..longer.len() - end];
        let weight = if is_missing { run.iter().map(leaves).sum() } else { run.len() };
        let (place, pointer) = (self.place(), self.shown_pointer());
        self.push(weight, || {
            let elements = match actual.len() {
                0 => "no elements".to_owned(),
                1 => "1 element".to_owned(),
                count => format!("{count} elements"),
            };
            let instead = if expected.is_empty() { "none".to_owned() } else { expected.len().to_string() };
            let what = match (run, is_missing) {
                ([_], true) => "is missing",
                ([_], false) => "is one too many",
                (_, true) => "are missing",
                (_, false) => "are too many",
            };
            let last = start + run.len() - 1;
            let (which, shown) = if let [one] = run {
                (format!("{pointer}/{start}"), shown_json(one, MOST_OF_A_VALUE))
            } else {
                let between = if run.len() == 2 { "and" } else { "to" };
                let shown = shown_json(&Value::Array(run.to_vec()), MOST_OF_A_VALUE);
                (format!("{pointer}/{start} {between} {pointer}/{last}"), shown)
            };
            format!("{place}: {elements} instead of {instead}; {which} {what}: {shown}")
        });
    }

    fn report(&mut self, expected: Option<&Value>, actual: Option<&Value>) {
        let place = self.place();
        self.push(expected.map_or(1, leaves), || {
            let shown = |value: Option<&Value>| {
                value.map_or_else(|| "nothing".to_owned(), |value| shown_json(value, MOST_OF_A_VALUE))
            };
            let (one, other) = (shown(expected), shown(actual));
            if let (Some(Value::String(expected)), Some(Value::String(actual))) = (expected, actual) {
                // Cut at its end, neither might show what differs.
                let is_cut = one.ends_with('…') || other.ends_with('…');
                if let Some(parting) = parting(expected, actual).filter(|_| is_cut) {
                    let (at, one, other) = parting;
                    return format!("{place}: differs at character {at}: expected {one}, got {other}");
                }
            }
            let hint = expected.zip(actual).and_then(|(expected, actual)| hint(expected, actual)).unwrap_or_default();
            format!("{place}: expected {one}, got {other}{hint}")
        });
    }

    fn push(&mut self, weight: usize, line: impl FnOnce() -> String) {
        self.count += 1;
        self.weight = self.weight.saturating_add(weight);
        if self.lines.len() < self.most_lines {
            self.lines.push(line());
        }
    }

    fn place(&self) -> String {
        if self.pointer.is_empty() { "the document".to_owned() } else { self.shown_pointer() }
    }

    fn shown_pointer(&self) -> String {
        one_line(&cut(&self.pointer, MOST_OF_A_VALUE))
    }
}

/// How many values without members a value has.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().map(leaves).sum::<usize>().max(1),
        Value::Array(elements) => elements.iter().map(leaves).sum::<usize>().max(1),
        _ => 1,
    }
}

/// Whether two lists of the same length have the same elements.
fn is_reordered(expected: &[&Value], mut actual: Vec<&Value>, extent: Extent) -> bool {
    expected.len() <= MOST_REORDERED
        && expected.iter().all(|expected| {
            let found = actual.iter().position(|actual| agree(expected, actual, extent));
            found.map(|at| actual.swap_remove(at)).is_some()
        })
}

/// A number is not the text of the same digits, which is easily overlooked.
fn hint(expected: &Value, actual: &Value) -> Option<&'static str> {
    match (expected, actual) {
        (Value::Number(number), Value::String(text)) if *text == number.to_string() => Some(" (text)"),
        (Value::String(text), Value::Number(number)) if *text == number.to_string() => Some(" (a number)"),
        (Value::Bool(bool), Value::String(text)) if *text == bool.to_string() => Some(" (text)"),
        (Value::String(text), Value::Bool(bool)) if *text == bool.to_string() => Some(" (no text)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn lines(expected: &Value, actual: &Value, extent: Extent) -> Vec<String> {
        differences(expected, actual, extent).map_or_else(Vec::new, |details| details.lines)
    }

    #[rstest]
    #[case::numbers_by_value(json!(10), json!(10.0))]
    #[case::order_of_members(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}))]
    #[case::nested(json!({"a": [1, {"b": null}]}), json!({"a": [1.0, {"b": null}]}))]
    fn what_means_the_same_agrees(#[case] one: Value, #[case] other: Value) {
        for extent in [Extent::Equal, Extent::Partial] {
            assert!(agree(&one, &other, extent));
            assert_eq!(lines(&one, &other, extent), [""; 0]);
        }
    }

    #[rstest]
    #[case::a_member(json!({"a": 1}), json!({"a": 2}), &["/a: expected 1, got 2"])]
    #[case::a_nested_member(json!({"user": {"age": 36}}), json!({"user": {"age": "x"}}), &[r#"/user/age: expected 36, got "x""#])]
    #[case::a_missing_member(json!({"a": 1}), json!({}), &["/a: expected 1, got nothing"])]
    #[case::null_is_not_missing(json!({"a": null}), json!({}), &["/a: expected null, got nothing"])]
    #[case::elements(json!([1, 2, 3]), json!([1, 3, 3]), &["/1: expected 2, got 3"])]
    #[case::an_element_less(json!([1, 2]), json!([1]), &["the document: 1 element instead of 2; /1 is missing: 2"])]
    #[case::an_element_more(json!([1]), json!([1, true]), &["the document: 2 elements instead of 1; /1 is one too many: true"])]
    #[case::one_put_in(
        json!({"items": [{"id": 1}, {"id": 2}]}), json!({"items": [{"id": 0}, {"id": 1}, {"id": 2}]}),
        &[r#"/items: 3 elements instead of 2; /items/0 is one too many: {"id":0}"#]
    )]
    #[case::two_put_in(json!([1, 4]), json!([1, 2, 3, 4]), &["the document: 4 elements instead of 2; /1 and /2 are too many: [2,3]"])]
    #[case::one_left_out(json!([1, 2, 3]), json!([1, 3]), &["the document: 2 elements instead of 3; /1 is missing: 2"])]
    #[case::several_left_out(
        json!([1, 2, 3, 4]), json!([4]), &["the document: 1 element instead of 4; /0 to /2 are missing: [1,2,3]"]
    )]
    #[case::all_left_out(json!({"a": [1, 1]}), json!({"a": []}), &["/a: no elements instead of 2; /a/0 and /a/1 are missing: [1,1]"])]
    #[case::none_wanted(json!({"a": []}), json!({"a": [1]}), &["/a: 1 element instead of none; /a/0 is one too many: 1"])]
    #[case::another_order(json!({"params": [1, 2, 3]}), json!({"params": [1, 3, 2]}), &["/params: the same elements in another order"])]
    #[case::nearly_another_order(json!([1, 2, 2]), json!([2, 1, 1]), &["/0: expected 1, got 2", "/1: expected 2, got 1", "/2: expected 2, got 1"])]
    #[case::another_length_and_more(json!([1, 2, 3]), json!([1, 5]), &["/1: expected 2, got 5", "/2: expected 3, got nothing"])]
    #[case::the_root(json!([1]), json!({}), &["the document: expected [1], got {}"])]
    #[case::text_for_a_number(json!({"a": 36}), json!({"a": "36"}), &[r#"/a: expected 36, got "36" (text)"#])]
    #[case::a_number_for_text(json!({"a": "36"}), json!({"a": 36}), &[r#"/a: expected "36", got 36 (a number)"#])]
    #[case::text_for_a_bool(json!({"a": true}), json!({"a": "true"}), &[r#"/a: expected true, got "true" (text)"#])]
    #[case::no_rounding(
        json!({"id": 9_007_199_254_740_993_i64}), json!({"id": 9_007_199_254_740_992_i64}),
        &["/id: expected 9007199254740993, got 9007199254740992"]
    )]
    #[case::awkward_names(json!({"a/b~c": 1}), json!({"a/b~c": 2}), &["/a~1b~0c: expected 1, got 2"])]
    #[case::a_name_of_several_lines(json!({"a\nb": 1}), json!({}), &["/a\\nb: expected 1, got nothing"])]
    #[case::several(
        json!({"age": 36, "user": {"name": "ada"}}), json!({"user": {"name": "bob"}}),
        &["/age: expected 36, got nothing", r#"/user/name: expected "ada", got "bob""#]
    )]
    fn each_place_that_differs_has_a_line(#[case] expected: Value, #[case] actual: Value, #[case] told: &[&str]) {
        for extent in [Extent::Equal, Extent::Partial] {
            assert!(!agree(&expected, &actual, extent));
            assert_eq!(lines(&expected, &actual, extent), told);
        }
    }

    #[rstest]
    #[case::a_member(json!({"a": 1}), json!({"a": 1, "b": true}), &["/b: expected nothing, got true"])]
    #[case::below(json!({"a": {}}), json!({"a": {"b": {"c": 1}}}), &[r#"/a/b: expected nothing, got {"c":1}"#])]
    #[case::in_an_array(json!([{}]), json!([{"a": 1}]), &["/0/a: expected nothing, got 1"])]
    fn members_may_be_added_to_what_is_compared_in_part(
        #[case] expected: Value,
        #[case] actual: Value,
        #[case] told: &[&str],
    ) {
        assert!(agree(&expected, &actual, Extent::Partial));
        assert_eq!(lines(&expected, &actual, Extent::Partial), [""; 0]);
        assert!(!agree(&expected, &actual, Extent::Equal));
        assert_eq!(lines(&expected, &actual, Extent::Equal), told);
    }

    #[test]
    fn many_places_are_counted_and_long_values_cut() {
        let (expected, actual): (Vec<usize>, Vec<usize>) = ((0..27).collect(), (1..28).collect());
        let details = differences(&json!(expected), &json!(actual), Extent::Equal).unwrap();
        assert_eq!(details.summary, "differs in 27 places");
        assert_eq!(details.lines.len(), 21);
        assert_eq!(details.lines[20], "and 7 more");

        let details = differences(&json!({"a": "x".repeat(500)}), &json!({"a": 1}), Extent::Equal).unwrap();
        assert_eq!(details.summary, "differs in 1 place");
        assert_eq!(details.lines, [format!("/a: expected \"{}…, got 1", "x".repeat(79))]);
    }

    #[test]
    fn of_long_strings_the_place_where_they_part_is_shown() {
        let text = |end: &str| json!({"q": format!("{}{end}", "x".repeat(300))});
        let start = format!("…{}", "x".repeat(20));
        assert_eq!(
            lines(&text("one"), &text("two"), Extent::Equal),
            [format!("/q: differs at character 301: expected \"{start}one\", got \"{start}two\"")]
        );
    }

    #[rstest]
    #[case::the_same(json!({"a": [1]}), json!({"a": [1.0]}), 0)]
    #[case::another_value(json!({"a": 1, "b": 1}), json!({"a": 2, "b": 3}), 2)]
    #[case::nothing_of_it(json!({"a": {"b": 1, "c": [2, 3]}}), json!({}), 3)]
    #[case::something_else(json!([1, 2]), json!(null), 2)]
    #[case::more_than_that(json!({}), json!({"a": [1, 2, 3]}), 1)]
    #[case::no_elements(json!([1, 2, 3]), json!([]), 3)]
    fn what_is_missing_weighs_what_it_holds(
        #[case] expected: Value,
        #[case] actual: Value,
        #[case] expected_weight: usize,
    ) {
        assert_eq!(weight(&expected, &actual, Extent::Equal), expected_weight);
    }
}
