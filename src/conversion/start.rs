//! When a conversion starts: on a date, or when mining no longer pays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::time::{Calendar, SimTime, parse_date};

/// When a conversion starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartSpec {
    /// On a date, such as `"2026-06-01"`, at midnight in the site's zone.
    Date(String),
    /// When a condition holds, looked at once a day.
    When(WhenSpec),
}

/// The condition under which a conversion starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhenSpec {
    /// Starts on the first day on which hashprice lies below this, USD per PH/s and day.
    pub hashprice_below_usd_per_ph_day: f64,
    /// Starts at the latest on this date. Default: never without the condition.
    #[serde(default)]
    pub or_date: Option<String>,
}

impl StartSpec {
    /// A phrase about it, for the memo.
    pub fn describe(&self) -> String {
        match self {
            Self::Date(date) => format!("from {date}"),
            Self::When(when) => {
                let below = when.hashprice_below_usd_per_ph_day;
                let latest = when.or_date.as_ref().map(|d| format!(", at the latest on {d}"));
                format!(
                    "when hashprice falls below {below} USD/PH/day{}",
                    latest.unwrap_or_default()
                )
            }
        }
    }
}

impl Check for StartSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match self {
            Self::Date(text) => check_date(text, &at.key("date"), problems),
            Self::When(when) => {
                let at = at.key("when");
                let key = at.key("hashprice_below_usd_per_ph_day");
                problems.positive(&key, when.hashprice_below_usd_per_ph_day);
                if let Some(text) = &when.or_date {
                    check_date(text, &at.key("or_date"), problems);
                }
            }
        }
    }
}

fn check_date(text: &str, at: &FieldPath, problems: &mut Problems) {
    if parse_date(text).is_none() {
        problems.error_with_help(
            at,
            format!("`{text}` is not a date"),
            "write a date as `2026-06-01`",
        );
    }
}

/// The rule at run time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StartRule {
    hashprice_below: Option<f64>,
    latest: SimTime,
}

impl StartRule {
    /// The rule of a checked spec in the site's calendar; `None` for a date that is none.
    pub fn new(spec: &StartSpec, calendar: &Calendar) -> Option<Self> {
        let instant = |text: &str| calendar.start_of(parse_date(text)?);
        Some(match spec {
            StartSpec::Date(text) => Self {
                hashprice_below: None,
                latest: instant(text)?,
            },
            StartSpec::When(when) => Self {
                hashprice_below: Some(when.hashprice_below_usd_per_ph_day),
                latest: match &when.or_date {
                    Some(text) => instant(text)?,
                    None => SimTime::FAR_FUTURE,
                },
            },
        })
    }
    /// Whether the project starts now, by what is known now.
    pub fn starts(&self, now: SimTime, hashprice_usd_per_ph_day: f64) -> bool {
        now >= self.latest
            || self
                .hashprice_below
                .is_some_and(|limit| hashprice_usd_per_ph_day < limit)
    }
    /// The date on which it starts whatever happens; [`SimTime::FAR_FUTURE`] where there is none.
    pub fn latest(&self) -> SimTime {
        self.latest
    }
    /// Whether the date alone decides, so that no daily look is needed.
    pub fn is_dated(&self) -> bool {
        self.hashprice_below.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[derive(Deserialize)]
    struct File {
        start: StartSpec,
    }

    fn rule(text: &str) -> StartRule {
        let file: File = toml::from_str(text).unwrap();
        StartRule::new(&file.start, &Calendar::of_zone("America/Chicago").unwrap()).unwrap()
    }

    #[test]
    fn a_date_starts_at_local_midnight_whatever_mining_earns() {
        let rule = rule("start.date = \"2026-06-01\"");
        assert_eq!(rule.latest().to_utc_text(), "2026-06-01T05:00:00Z");
        assert!(rule.is_dated() && !rule.starts(rule.latest() + Span::from_seconds(-1), 0.0));
        assert!(rule.starts(rule.latest(), 1e9));
    }

    #[test]
    fn a_condition_starts_on_the_first_day_below_or_on_the_last_date() {
        let rule = rule("start.when = { hashprice_below_usd_per_ph_day = 30, or_date = \"2026-09-01\" }");
        let day = SimTime::from_unix_s(1_770_000_000);
        assert!(!rule.starts(day, 30.0) && rule.starts(day, 29.99) && rule.starts(rule.latest(), 90.0));
        let never = super::tests::rule("start.when = { hashprice_below_usd_per_ph_day = 30 }");
        assert_eq!(never.latest(), SimTime::FAR_FUTURE);
    }

    #[test]
    fn bad_dates_and_limits_are_reported_together() {
        let spec = StartSpec::When(WhenSpec {
            hashprice_below_usd_per_ph_day: -3.0,
            or_date: Some("2026-02-30".to_owned()),
        });
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("start"), &mut problems);
        assert_eq!(problems.as_slice().len(), 2);
        assert_eq!(problems.as_slice()[1].path.to_string(), "start.when.or_date");
    }
}
