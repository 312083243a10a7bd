//! Cash by what was being built when it fell: the stage on the critical path of the median replication.

use super::{Cash, Values, median_of};

/// Present value of the cash of months before the works, during each stage on the critical path (of stages that run together,
/// the one that began last), between stages, and after the works.
pub(super) fn values(cash: &Cash<'_>) -> Values {
    let replication = median_of(cash);
    let mut spans: Vec<(&str, &str, String)> = cash
        .tables
        .schedule
        .iter()
        .filter(|r| r.strategy == cash.strategy && r.case == cash.case && r.replication == replication)
        .filter(|r| r.critical && !r.start.is_empty())
        .map(|r| (month(&r.start), month(&r.end), r.stage.clone()))
        .collect();
    spans.sort();
    cash.by(|row| stage_of(&row.month, &spans))
}

/// `YYYY-MM` of an instant in ISO 8601.
fn month(instant: &str) -> &str {
    instant.get(..7).unwrap_or(instant)
}

fn stage_of(month: &str, spans: &[(&str, &str, String)]) -> String {
    let (Some(first), Some(last)) = (spans.first(), spans.iter().map(|s| s.1).max()) else {
        return "no works".to_owned();
    };
    let runs = |s: &&(&str, &str, String)| s.0 <= month && (s.1.is_empty() || month <= s.1);
    match spans.iter().rev().find(runs) {
        Some(span) => span.2.clone(),
        None if month < first.0 => "before the works".to_owned(),
        None if month > last => "after the works".to_owned(),
        None => "between stages".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_belongs_to_the_stage_that_began_last() {
        let spans = [
            ("2026-03", "2026-06", "design".to_owned()),
            ("2026-05", "2026-09", "power".to_owned()),
            ("2026-11", "2026-12", "test".to_owned()),
        ];
        for (month, stage) in [
            ("2026-01", "before the works"),
            ("2026-04", "design"),
            ("2026-06", "power"),
            ("2026-10", "between stages"),
            ("2026-12", "test"),
            ("2027-01", "after the works"),
        ] {
            assert_eq!(stage_of(month, &spans), stage, "{month}");
        }
        assert_eq!(stage_of("2026-01", &[]), "no works");
        assert_eq!(month("2026-03-01T00:00:00Z"), "2026-03");
    }
}
