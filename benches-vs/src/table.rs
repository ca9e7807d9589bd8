//! Figures side by side: each as a ratio to the best peer of the same repetition.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::contestants::{NAMES, OURS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
}

/// One row: what each contestant came to, repetition by repetition.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    /// `None` where it failed, made errors, or has no such thing.
    pub(crate) values: BTreeMap<String, Vec<Option<f64>>>,
}

/// Median, least and most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Spread> {
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Some(Spread { median, least, most })
    }
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, unit: &'static str, better: Better) -> Row {
        Row { what: what.into(), unit, better, values: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, name: &str, value: Option<f64>) {
        self.values.entry(name.to_owned()).or_default().push(value.filter(|value| value.is_finite()));
    }

    /// Those that are compared with: everybody but us.
    fn peers(&self) -> impl Iterator<Item = (&String, &Vec<Option<f64>>)> {
        self.values.iter().filter(|(name, _)| *name != OURS && !name.starts_with(&format!("{OURS} ")))
    }

    fn best(&self, values: impl Iterator<Item = f64>) -> Option<f64> {
        values.reduce(if self.better == Better::Lower { f64::min } else { f64::max })
    }

    /// The ratios of a contestant to the best peer, each within its repetition.
    pub(crate) fn ratio(&self, name: &str) -> Option<Spread> {
        let own = self.values.get(name)?;
        let ratios = own.iter().enumerate().filter_map(|(repetition, value)| {
            let others = self.peers().filter_map(|(_, values)| values.get(repetition).copied().flatten());
            Some((*value)? / self.best(others)?)
        });
        Spread::of(ratios.collect())
    }

    /// The median of what it came to.
    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        Some(Spread::of(self.values.get(name)?.iter().copied().flatten().collect())?.median)
    }

    /// The peer whose median is the best.
    pub(crate) fn best_peer(&self) -> Option<&str> {
        let best = self.best(self.peers().filter_map(|(name, _)| self.value(name)))?;
        self.peers().find(|(name, _)| self.value(name) == Some(best)).map(|(name, _)| name.as_str())
    }

    fn arrow(&self) -> &'static str {
        if self.better == Better::Lower { "↓" } else { "↑" }
    }
}

/// Three digits that matter.
pub(crate) fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Everybody, each cell `ratio (least to most; median value)`.
pub(crate) fn full(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut columns: Vec<&str> = NAMES.to_vec();
    for row in rows {
        for name in row.values.keys() {
            if !columns.contains(&name.as_str()) {
                columns.push(name);
            }
        }
    }
    columns.retain(|name| rows.iter().any(|row| row.values.contains_key(*name)));
    let _ = writeln!(text, "| | {} | best peer |", columns.join(" | "));
    let _ = writeln!(text, "|---|{}---|", "---|".repeat(columns.len()));
    for row in rows {
        let _ = write!(text, "| {}, {} {} |", row.what, row.unit, row.arrow());
        for name in &columns {
            let cell = match (row.ratio(name), row.value(name), row.values.get(*name)) {
                (Some(ratio), Some(value), _) => {
                    let (least, most) = (shown(ratio.least), shown(ratio.most));
                    format!("{}x ({least} to {most}; {})", shown(ratio.median), shown(value))
                }
                (None, Some(value), _) => shown(value),
                (_, None, Some(_)) => "none".to_owned(),
                _ => "–".to_owned(),
            };
            let _ = write!(text, " {cell} |");
        }
        let _ = writeln!(text, " {} |", row.best_peer().unwrap_or("–"));
    }
    text
}

/// Us alone, for the README.
pub(crate) fn short(rows: &[Row]) -> String {
    let mut text = String::from("| | ours | best peer | ratio | spread |\n|---|---|---|---|---|\n");
    for row in rows {
        let (Some(value), Some(ratio), Some(peer)) = (row.value(OURS), row.ratio(OURS), row.best_peer()) else {
            continue;
        };
        let theirs = row.value(peer).map(shown).unwrap_or_default();
        let spread = format!("{} to {}", shown(ratio.least), shown(ratio.most));
        let what = format!("{}, {} {}", row.what, row.unit, row.arrow());
        let _ = writeln!(
            text,
            "| {what} | {} | {theirs} ({peer}) | **{}x** | {spread} |",
            shown(value),
            shown(ratio.median)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(better: Better) -> Row {
        let mut row = Row::new("time", "ms", better);
        for (ours, theirs, others) in [(10.0, 20.0, 40.0), (30.0, 40.0, 20.0), (15.0, 30.0, 60.0)] {
            row.add(OURS, Some(ours));
            row.add("wiremock", Some(theirs));
            row.add("mockito", Some(others));
        }
        row
    }

    #[test]
    fn the_median_of_an_even_number_lies_in_the_middle() {
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0, 10.0]), Some(Spread { median: 2.5, least: 1.0, most: 10.0 }));
        assert_eq!(Spread::of(vec![f64::NAN]), None);
    }

    #[test]
    fn each_repetition_has_a_best_peer_of_its_own() {
        // 10 to 20, 30 to 20, 15 to 30.
        assert_eq!(row(Better::Lower).ratio(OURS), Some(Spread { median: 0.5, least: 0.5, most: 1.5 }));
        // 10 to 40, 30 to 40, 15 to 60.
        assert_eq!(row(Better::Higher).ratio(OURS), Some(Spread { median: 0.25, least: 0.25, most: 0.75 }));
        assert_eq!(row(Better::Lower).best_peer(), Some("wiremock"));
    }

    #[test]
    fn what_failed_is_no_figure() {
        let mut row = row(Better::Lower);
        row.add("wiremock", None);
        row.add("mockito", None);
        row.add(OURS, Some(1.0));
        assert_eq!(row.ratio(OURS).map(|ratio| shown(ratio.least)).as_deref(), Some("0.50"));
        let mut failed = Row::new("x", "s", Better::Lower);
        failed.add(OURS, None);
        assert!(full(&[failed]).contains("| x, s ↓ | none |"));
    }

    #[test]
    fn another_figure_of_ours_is_no_peer() {
        let mut row = row(Better::Lower);
        for _ in 0..3 {
            row.add("fixture-server without features", Some(1.0));
        }
        assert_eq!(row.ratio(OURS).map(|ratio| shown(ratio.median)).as_deref(), Some("0.50"));
    }

    #[test]
    fn the_short_table_tells_of_us() {
        let text = short(&[row(Better::Lower)]);
        assert!(text.ends_with("| time, ms ↓ | 15.0 | 30.0 (wiremock) | **0.50x** | 0.50 to 1.50 |\n"), "{text}");
    }
}
