//! When a tenant commits himself: on a date, or after a time that is drawn, or never.
//!
//! Owns the spec and the draw. What a signature means (a term that cannot begin before it, a conversion that waits for
//! it) belongs to those who ask.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::random::distribution::DistributionSpec;
use crate::time::{Calendar, SimTime, Span, parse_date};

/// The longest wait for a signature, months.
const MONTHS_MAX: f64 = 240.0;

/// When a tenant signs. Until then nothing is let to him: no fee, no load, no prepayment, and no penalty. Dates that
/// were promised him move by as long as he took from the scenario's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignsSpec {
    /// On a date, such as `"2026-09-01"`.
    Date(String),
    /// After a time that is drawn, the same in every strategy of a replication.
    Drawn(DrawnSignatureSpec),
}

/// A signature that may come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawnSignatureSpec {
    /// Chance that he signs at all, percent. Default 100.
    #[serde(default = "always")]
    pub chance_percent: f64,
    /// Months from the scenario's start, where he does: a distribution between 0 and 240.
    pub months: DistributionSpec,
}

fn always() -> f64 {
    100.0
}

impl SignsSpec {
    /// When he signs in a replication; [`SimTime::FAR_FUTURE`] where he never does.
    pub fn draw(&self, start: SimTime, calendar: &Calendar, stream: &mut Stream) -> SimTime {
        match self {
            Self::Date(text) => parse_date(text)
                .and_then(|date| calendar.start_of(date))
                .unwrap_or(SimTime::FAR_FUTURE),
            Self::Drawn(drawn) => {
                let signs = stream.random::<f64>() * 100.0 < drawn.chance_percent;
                let months = drawn.months.build().sample(stream);
                if signs {
                    start + Span::from_days_f64(months * 365.25 / 12.0)
                } else {
                    SimTime::FAR_FUTURE
                }
            }
        }
    }
}

impl Check for SignsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match self {
            Self::Date(text) if parse_date(text).is_none() => problems.error(
                &at.key("date"),
                format!("`{text}` is not a date such as `2026-09-01`"),
            ),
            Self::Date(_) => {}
            Self::Drawn(drawn) => {
                let at = at.key("drawn");
                problems.percent(&at.key("chance_percent"), drawn.chance_percent, 100.0);
                drawn
                    .months
                    .check_within(&at.key("months"), 0.0, MONTHS_MAX, problems);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[derive(Deserialize)]
    struct File {
        signs: SignsSpec,
    }

    fn spec(text: &str) -> SignsSpec {
        let file: File = toml::from_str(text).unwrap();
        file.signs
    }

    #[test]
    fn a_drawn_signature_comes_with_its_chance_after_its_months() {
        let signs = spec("signs.drawn = { chance_percent = 60, months.uniform = { low = 2, high = 6 } }");
        let (start, calendar) = (
            SimTime::from_unix_s(1_767_225_600),
            Calendar::of_zone("UTC").unwrap(),
        );
        let (mut came, mut days) = (0.0_f64, 0.0_f64);
        for replication in 0..4_000 {
            let mut stream = Streams::new(1, replication).stream("signatures/a");
            let at = signs.draw(start, &calendar, &mut stream);
            if at < SimTime::FAR_FUTURE {
                came += 1.0;
                days += (at - start).as_days();
            }
        }
        // 2,400 of 4,000 with a standard deviation of 31; a mean of four months, 121.75 days, with one of 0.7.
        assert!((came - 2_400.0).abs() < 3.0 * 31.0, "{came}");
        assert!((days / came - 121.75).abs() < 3.0 * 0.72, "{}", days / came);
    }

    #[test]
    fn dates_and_ranges_are_checked() {
        let calendar = Calendar::of_zone("America/Chicago").unwrap();
        let mut stream = Streams::new(1, 0).stream("x");
        let at = spec("signs.date = \"2026-06-01\"").draw(SimTime::from_unix_s(0), &calendar, &mut stream);
        assert_eq!(at.to_utc_text(), "2026-06-01T05:00:00Z");
        for bad in [
            "signs.date = \"soon\"",
            "signs.drawn = { chance_percent = 101, months.fixed = { value = 3 } }",
            "signs.drawn = { months.uniform = { low = -1, high = 3 } }",
        ] {
            let mut problems = Problems::new();
            spec(bad).check(&FieldPath::root().key("signs"), &mut problems);
            assert_eq!(problems.as_slice().len(), 1, "{bad}");
        }
    }
}
