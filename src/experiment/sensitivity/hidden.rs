//! What the one-at-a-time picture hides: inputs that act together with others, and inputs that it ranks wrongly.

use crate::experiment::sensitivity::saltelli::Index;
use crate::experiment::sensitivity::tornado::Bar;

/// Shares of the variance below this are not spoken of.
const SHARE_MIN: f64 = 0.05;
/// The tornado understates an input where its share of the squared bars is below this part of its total index.
const UNDERSTATED: f64 = 0.25;

/// A sentence for each effect that a tornado hides.
pub fn warnings(names: &[&str], indices: &[Index], bars: &[Bar]) -> Vec<String> {
    let squared: f64 = bars.iter().map(|b| b.swing().powi(2)).sum();
    let mut told = Vec::new();
    for (index, name) in indices.iter().zip(names) {
        let together = index.total.value - index.first.value;
        // Beyond what the sample may make up: the intervals are apart.
        if together > SHARE_MIN && index.total.low > index.first.high {
            told.push(format!(
                "`{name}` acts with others: alone it explains {:.0} % of the variance, with the others {:.0} %; no picture of one input at a time shows that",
                100.0 * index.first.value.max(0.0),
                100.0 * index.total.value
            ));
        }
    }
    for ((index, bar), name) in indices.iter().zip(bars).zip(names) {
        let share = bar.swing().powi(2) / squared;
        if index.total.low > SHARE_MIN && share < UNDERSTATED * index.total.value {
            told.push(format!(
                "the tornado nearly misses `{name}`: {:.0} % of its bars (squared), but a part in {:.0} % of the variance",
                100.0 * share,
                100.0 * index.total.value
            ));
        }
    }
    let count = indices.len().min(bars.len());
    if let (Some(first), Some(bar)) = (
        greatest(indices[..count].iter().map(|i| i.total.value)),
        greatest(bars[..count].iter().map(Bar::swing)),
    ) && first != bar
        && indices[first].total.low > indices[bar].total.high
    {
        told.push(format!(
            "the longest bar is of `{}`, but `{}` has the greater part in the variance ({:.0} % against {:.0} %)",
            names[bar],
            names[first],
            100.0 * indices[first].total.value,
            100.0 * indices[bar].total.value
        ));
    }
    told
}

fn greatest(values: impl Iterator<Item = f64>) -> Option<usize> {
    let known = values.enumerate().filter(|(_, v)| v.is_finite());
    known.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sensitivity::fixture::{Chancy, Ishigami};
    use crate::experiment::sensitivity::{saltelli, tornado};

    #[test]
    fn the_warning_fires_on_ishigami() {
        let indices = saltelli::indices(&Ishigami, 8_192, 1).unwrap();
        let bars = tornado::bars(&Ishigami, 1).unwrap();
        let told = warnings(&["x1", "x2", "x3"], &indices[0], &bars[0]);
        assert!(
            told.iter()
                .any(|t| t.starts_with("`x3` acts with others: alone it explains 0 %")),
            "{told:?}"
        );
        assert!(
            told.iter()
                .any(|t| t.starts_with("`x1` acts with others: alone it explains 31 %")),
            "{told:?}"
        );
        assert!(
            told.iter()
                .any(|t| t.starts_with("the tornado nearly misses `x3`")),
            "{told:?}"
        );
        assert!(!told.iter().any(|t| t.starts_with("`x2` acts")), "{told:?}");
    }

    #[test]
    fn a_sum_of_lines_hides_nothing() {
        let indices = saltelli::indices(&Chancy, 1_024, 1).unwrap();
        let bars = tornado::bars(&Chancy, 8).unwrap();
        assert_eq!(
            warnings(&["x", "y", "world"], &indices[0], &bars[0]),
            Vec::<String>::new()
        );
    }
}
