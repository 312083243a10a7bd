//! When a conversion starts: on a date, or by a rule over what is known on a day (hashprice, rents, signatures, halls
//! that are ready).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::{Calendar, SimTime, parse_date};

/// When a conversion starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "a conversion has one, and files read it as it stands"
)]
pub enum StartSpec {
    /// On a date, such as `"2026-06-01"`, at midnight in the site's zone.
    Date(String),
    /// When a condition holds, looked at once a day.
    When(WhenSpec),
}

/// The conditions under which a conversion starts: those that are given, all at once or any of them. They see what is
/// known on that day and nothing later.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WhenSpec {
    /// Hashprice lies below this, USD per PH/s and day.
    pub hashprice_below_usd_per_ph_day: Option<f64>,
    /// Hashprice lies at or above this, USD per PH/s and day.
    pub hashprice_above_usd_per_ph_day: Option<f64>,
    /// Days over which hashprice is averaged before it is compared: 1 to 365. Default 1: that day's.
    #[serde(default = "one_day")]
    pub hashprice_mean_days: u32,
    /// A market pays at least so much for GPUs.
    pub rent_above: Option<RentAboveSpec>,
    /// A market pays less than so much for GPUs.
    pub rent_below: Option<RentBelowSpec>,
    /// Every hall of this conversion has served for so many years. Halls that serve from the scenario's start are as old as it.
    pub hall_years_above: Option<f64>,
    /// The term of this tenant's block is over, or he has left.
    pub term_over: Option<Name>,
    /// Cash from running the strategy covers its debt service at least so many times over the last `cover_months`.
    pub dscr_above: Option<f64>,
    /// What running the strategy brought is at least so many times what it cost, in cash over the last `cover_months`.
    pub cash_cover_above: Option<f64>,
    /// Whole months that are looked at, 1 to 60. Default 12.
    #[serde(default = "a_year")]
    pub cover_months: u32,
    /// A tenant whose `signs` says when he commits himself has done so.
    pub tenant_signs: Option<Name>,
    /// The tenant of this conversion's lease, whose `signs` says when he commits himself, has done so.
    pub lease_signed: bool,
    /// These halls of other conversions of the strategy are ready for service, written `site/hall`.
    pub after_ready: Vec<String>,
    /// Whether all given conditions must hold on one day, or any is enough. Default: all.
    pub need: Need,
    /// Starts on this date at the earliest. Default: from the scenario's start on.
    pub not_before: Option<String>,
    /// Starts at the latest on this date. Default: never without the conditions.
    pub or_date: Option<String>,
}

fn one_day() -> u32 {
    1
}
fn a_year() -> u32 {
    12
}

/// The most months of cover.
const COVER_MONTHS_MAX: f64 = 60.0;

/// How conditions are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Every one of them holds.
    #[default]
    All,
    /// At least one of them holds.
    Any,
}

/// A rent that makes a conversion worth while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RentAboveSpec {
    /// The rent market: a name under `market.gpu_rent`.
    pub market: Name,
    /// The least rent, USD per GPU-hour.
    pub usd_per_gpu_h: f64,
}

/// A rent at which a use is given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RentBelowSpec {
    /// The rent market: a name under `market.gpu_rent`.
    pub market: Name,
    /// Rents below this, USD per GPU-hour.
    pub usd_per_gpu_h: f64,
}

/// The longest mean of hashprice.
const MEAN_DAYS_MAX: f64 = 365.0;

impl WhenSpec {
    /// The conditions as phrases.
    fn phrases(&self) -> Vec<String> {
        let mean = match self.hashprice_mean_days {
            0 | 1 => String::new(),
            days => format!(" (mean of {days} days)"),
        };
        let hashprice = self
            .hashprice_below_usd_per_ph_day
            .map(|below| format!("hashprice falls below {below} USD/PH/day{mean}"));
        let above = self
            .hashprice_above_usd_per_ph_day
            .map(|above| format!("hashprice is at least {above} USD/PH/day{mean}"));
        let rent = self.rent_above.as_ref().map(|rent| {
            let (market, usd) = (&rent.market, rent.usd_per_gpu_h);
            format!("the rent of {market} is at least {usd} USD/GPU-h")
        });
        let below = self.rent_below.as_ref().map(|rent| {
            let (market, usd) = (&rent.market, rent.usd_per_gpu_h);
            format!("the rent of {market} is below {usd} USD/GPU-h")
        });
        let years = self.hall_years_above;
        let years = years.map(|years| format!("the halls have served {years} years"));
        let over = self
            .term_over
            .as_ref()
            .map(|t| format!("the term of {t} is over"));
        let dscr = self
            .dscr_above
            .map(|x| format!("debt service is covered {x} times"));
        let cover = self
            .cash_cover_above
            .map(|x| format!("running costs are covered {x} times"));
        let signs = self.tenant_signs.as_ref().map(|tenant| format!("{tenant} signs"));
        let lease = self.lease_signed.then(|| "the lease is signed".to_owned());
        let after = (!self.after_ready.is_empty()).then(|| format!("{} serve", self.after_ready.join(", ")));
        [
            hashprice, above, rent, below, years, over, dscr, cover, signs, lease, after,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl WhenSpec {
    /// Whether the conditions hold by what is known.
    fn holds(&self, known: &impl Known) -> bool {
        let days = self.hashprice_mean_days;
        let below = self.hashprice_below_usd_per_ph_day;
        let above = self.hashprice_above_usd_per_ph_day;
        let at_least = |x: Option<f64>, limit: f64| x.is_some_and(|x| x >= limit);
        let (dear, cheap) = (self.rent_above.as_ref(), self.rent_below.as_ref());
        let halls = &self.after_ready;
        let conditions = [
            below.map(|limit| known.hashprice(days) < limit),
            above.map(|limit| known.hashprice(days) >= limit),
            dear.map(|rent| known.rent(&rent.market) >= rent.usd_per_gpu_h),
            cheap.map(|rent| known.rent(&rent.market) < rent.usd_per_gpu_h),
            self.hall_years_above
                .map(|years| at_least(known.hall_years(), years)),
            self.term_over.as_ref().map(|tenant| known.term_is_over(tenant)),
            self.dscr_above
                .map(|x| at_least(known.dscr(self.cover_months), x)),
            self.cash_cover_above
                .map(|x| at_least(known.cash_cover(self.cover_months), x)),
            self.tenant_signs.as_ref().map(|tenant| known.has_signed(tenant)),
            self.lease_signed.then(|| known.lease_has_signed()),
            (!halls.is_empty()).then(|| halls.iter().all(|h| known.is_ready(h))),
        ];
        let mut given = conditions.into_iter().flatten();
        match self.need {
            Need::All => given.all(|holds| holds),
            Need::Any => given.any(|holds| holds),
        }
    }
}

impl StartSpec {
    /// A phrase about it, for the memo.
    pub fn describe(&self) -> String {
        match self {
            Self::Date(date) => format!("from {date}"),
            Self::When(when) => {
                let joined = when.phrases().join(match when.need {
                    Need::All => " and ",
                    Need::Any => " or ",
                });
                let earliest = when.not_before.as_ref().map(|d| format!(", not before {d}"));
                let latest = when.or_date.as_ref().map(|d| format!(", at the latest on {d}"));
                let dates = [earliest, latest].into_iter().flatten().collect::<String>();
                format!("when {joined}{dates}")
            }
        }
    }
}

impl Check for StartSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match self {
            Self::Date(text) => check_date(text, &at.key("date"), problems),
            Self::When(when) => when.check(&at.key("when"), problems),
        }
    }
}

impl Check for WhenSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(below) = self.hashprice_below_usd_per_ph_day {
            problems.positive(&at.key("hashprice_below_usd_per_ph_day"), below);
        }
        let days = f64::from(self.hashprice_mean_days);
        problems.within(&at.key("hashprice_mean_days"), days, 1.0, MEAN_DAYS_MAX);
        let months = f64::from(self.cover_months);
        problems.within(&at.key("cover_months"), months, 1.0, COVER_MONTHS_MAX);
        if let Some(rent) = &self.rent_above {
            problems.positive(&at.key("rent_above").key("usd_per_gpu_h"), rent.usd_per_gpu_h);
        }
        if let Some(rent) = &self.rent_below {
            problems.positive(&at.key("rent_below").key("usd_per_gpu_h"), rent.usd_per_gpu_h);
        }
        for (key, value) in [
            (
                "hashprice_above_usd_per_ph_day",
                self.hashprice_above_usd_per_ph_day,
            ),
            ("hall_years_above", self.hall_years_above),
            ("dscr_above", self.dscr_above),
            ("cash_cover_above", self.cash_cover_above),
        ] {
            if let Some(value) = value {
                problems.positive(&at.key(key), value);
            }
        }
        for (key, date) in [("not_before", &self.not_before), ("or_date", &self.or_date)] {
            if let Some(text) = date {
                check_date(text, &at.key(key), problems);
            }
        }
        if self.phrases().is_empty() {
            problems.error_with_help(
                at,
                "no condition is given",
                "name one of `hashprice_below_usd_per_ph_day`, `hashprice_above_usd_per_ph_day`, `rent_above`, `rent_below`, \
                 `hall_years_above`, `term_over`, `dscr_above`, `cash_cover_above`, `tenant_signs`, `lease_signed`, \
                 `after_ready`; or start on a date",
            );
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

/// What is known on a day, of which rules ask.
pub trait Known {
    /// Mean hashprice of the last days, USD per PH/s and day.
    fn hashprice(&self, days: u32) -> f64;
    /// Rent of a market, USD per GPU-hour.
    fn rent(&self, market: &Name) -> f64;
    /// Whether a tenant has signed.
    fn has_signed(&self, tenant: &Name) -> bool;
    /// Whether the tenant of this conversion's lease has signed.
    fn lease_has_signed(&self) -> bool;
    /// Years for which every hall of this conversion has served; `None` where one does not serve.
    fn hall_years(&self) -> Option<f64>;
    /// Whether the term of a tenant's block is over, or he has left.
    fn term_is_over(&self, tenant: &Name) -> bool;
    /// Cash from running the strategy over its debt service, of the last whole months; `None` without debt service.
    fn dscr(&self, months: u32) -> Option<f64>;
    /// What running the strategy brought over what it cost, likewise; `None` before so many months are over.
    fn cash_cover(&self, months: u32) -> Option<f64>;
    /// Whether a hall, written `site/hall`, is ready for service.
    fn is_ready(&self, hall: &str) -> bool;
}

/// The rule at run time.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRule {
    when: Option<WhenSpec>,
    earliest: SimTime,
    latest: SimTime,
}

impl StartRule {
    /// The rule of a checked spec in the site's calendar; `None` for a date that is none.
    pub fn new(spec: &StartSpec, calendar: &Calendar) -> Option<Self> {
        let instant = |text: &str| calendar.start_of(parse_date(text)?);
        let or = |text: &Option<String>, other: SimTime| match text {
            Some(text) => instant(text),
            None => Some(other),
        };
        Some(match spec {
            StartSpec::Date(text) => Self {
                when: None,
                earliest: instant(text)?,
                latest: instant(text)?,
            },
            StartSpec::When(when) => Self {
                when: Some(when.clone()),
                earliest: or(&when.not_before, SimTime::from_unix_s(i64::MIN))?,
                latest: or(&when.or_date, SimTime::FAR_FUTURE)?,
            },
        })
    }
    /// Whether the project starts now, by what is known now.
    pub fn starts(&self, now: SimTime, known: &impl Known) -> bool {
        let holds = |when: &WhenSpec| when.holds(known);
        now >= self.latest || (now >= self.earliest && self.when.as_ref().is_some_and(holds))
    }
    /// The date on which it starts whatever happens; [`SimTime::FAR_FUTURE`] where there is none.
    pub fn latest(&self) -> SimTime {
        self.latest
    }
    /// Years for which its halls must have served.
    pub fn years(&self) -> f64 {
        let years = self.when.as_ref().and_then(|when| when.hall_years_above);
        years.unwrap_or(0.0)
    }
    /// Whether the date alone decides, so that no daily look is needed.
    pub fn is_dated(&self) -> bool {
        self.when.is_none()
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

    /// A day as it is known.
    #[derive(Debug, Clone, Copy)]
    struct Day {
        hashprice: f64,
        mean: f64,
        rent: f64,
        signed: bool,
        ready: bool,
    }

    const DAY: Day = Day {
        hashprice: 50.0,
        mean: 50.0,
        rent: 1.0,
        signed: false,
        ready: false,
    };

    impl Known for Day {
        fn hashprice(&self, days: u32) -> f64 {
            if days == 1 { self.hashprice } else { self.mean }
        }
        fn rent(&self, _: &Name) -> f64 {
            self.rent
        }
        fn has_signed(&self, _: &Name) -> bool {
            self.signed
        }
        fn lease_has_signed(&self) -> bool {
            self.signed
        }
        fn hall_years(&self) -> Option<f64> {
            self.ready.then_some(5.0)
        }
        fn term_is_over(&self, _: &Name) -> bool {
            self.signed
        }
        fn dscr(&self, _: u32) -> Option<f64> {
            self.signed.then_some(1.4)
        }
        fn cash_cover(&self, _: u32) -> Option<f64> {
            self.ready.then_some(2.0)
        }
        fn is_ready(&self, hall: &str) -> bool {
            assert_eq!(hall, "a/h-1");
            self.ready
        }
    }

    fn mining_earns(hashprice: f64) -> Day {
        Day { hashprice, ..DAY }
    }

    #[test]
    fn a_date_starts_at_local_midnight_whatever_mining_earns() {
        let rule = rule("start.date = \"2026-06-01\"");
        assert_eq!(rule.latest().to_utc_text(), "2026-06-01T05:00:00Z");
        let before = rule.latest() + Span::from_seconds(-1);
        assert!(rule.is_dated() && !rule.starts(before, &mining_earns(0.0)));
        assert!(rule.starts(rule.latest(), &mining_earns(1e9)));
    }

    #[test]
    fn a_condition_starts_on_the_first_day_below_or_on_the_last_date() {
        let rule = rule("start.when = { hashprice_below_usd_per_ph_day = 30, or_date = \"2026-09-01\" }");
        let day = SimTime::from_unix_s(1_770_000_000);
        assert!(!rule.starts(day, &mining_earns(30.0)) && rule.starts(day, &mining_earns(29.99)));
        assert!(rule.starts(rule.latest(), &mining_earns(90.0)));
        let never = super::tests::rule("start.when = { hashprice_below_usd_per_ph_day = 30 }");
        assert_eq!(never.latest(), SimTime::FAR_FUTURE);
    }

    #[test]
    fn conditions_join_by_all_or_any_and_wait_for_the_earliest_date() {
        let day = SimTime::from_unix_s(1_770_000_000);
        let terms = "hashprice_below_usd_per_ph_day = 30, hashprice_mean_days = 30, tenant_signs = \"t\", \
                     after_ready = [\"a/h-1\"], rent_above = { market = \"m\", usd_per_gpu_h = 2 }";
        let all = rule(&format!("start.when = {{ {terms} }}"));
        let any = rule(&format!("start.when = {{ {terms}, need = \"any\" }}"));
        let good = Day {
            mean: 29.0,
            rent: 2.0,
            signed: true,
            ready: true,
            ..DAY
        };
        assert!(all.starts(day, &good) && !any.starts(day, &DAY));
        let one_missing = [
            Day { mean: 30.0, ..good },
            Day { rent: 1.99, ..good },
            Day {
                signed: false,
                ..good
            },
            Day { ready: false, ..good },
        ];
        assert!(
            one_missing
                .iter()
                .all(|d| !all.starts(day, d) && any.starts(day, d))
        );
        let later = rule("start.when = { tenant_signs = \"t\", not_before = \"2026-03-01\" }");
        assert!(!later.starts(day, &good) && later.starts(day + Span::from_hours(24 * 40), &good));
    }

    #[test]
    fn ages_ends_and_cover_are_known_or_do_not_hold() {
        let day = SimTime::from_unix_s(1_770_000_000);
        let good = Day {
            signed: true,
            ready: true,
            ..DAY
        };
        for (holds, fails) in [
            ("hall_years_above = 5", "hall_years_above = 5.1"),
            ("dscr_above = 1.4", "dscr_above = 1.41"),
            ("cash_cover_above = 2", "cash_cover_above = 2.1"),
            (
                "hashprice_above_usd_per_ph_day = 50",
                "hashprice_above_usd_per_ph_day = 51",
            ),
            (
                "rent_below = { market = \"m\", usd_per_gpu_h = 1.01 }",
                "rent_below = { market = \"m\", usd_per_gpu_h = 1 }",
            ),
        ] {
            let starts =
                |terms: &str, known: &Day| rule(&format!("start.when = {{ {terms} }}")).starts(day, known);
            assert!(starts(holds, &good) && !starts(fails, &good), "{holds}");
        }
        for unknown in [
            "hall_years_above = 0.1",
            "dscr_above = 0.1",
            "cash_cover_above = 0.1",
            "term_over = \"t\"",
        ] {
            assert!(
                !rule(&format!("start.when = {{ {unknown} }}")).starts(day, &DAY),
                "{unknown}"
            );
        }
        assert!(rule("start.when.term_over = \"t\"").starts(day, &good));
    }

    #[test]
    fn bad_dates_and_limits_are_reported_together() {
        let spec = StartSpec::When(WhenSpec {
            hashprice_below_usd_per_ph_day: Some(-3.0),
            hashprice_mean_days: 1,
            cover_months: 12,
            or_date: Some("2026-02-30".to_owned()),
            ..WhenSpec::default()
        });
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("start"), &mut problems);
        assert_eq!(problems.as_slice().len(), 2);
        assert_eq!(problems.as_slice()[1].path.to_string(), "start.when.or_date");
        let mut problems = Problems::new();
        let empty: File = toml::from_str("start.when = {}").unwrap();
        empty.start.check(&FieldPath::root().key("start"), &mut problems);
        assert!(problems.as_slice()[0].message.contains("no condition"));
    }
}
