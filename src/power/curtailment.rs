//! Curtailment: orders to use less, dated in the scenario or drawn as calls, as one sorted list a replication.
//!
//! An order says from when to when and to how many megawatts; who is shed is not decided here.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::random::streams::Stream;
use crate::time::{Calendar, HOUR_S, SimTime, Span, parse_date};
use crate::units::Power;

/// What an order limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Import at the site's meter.
    Import,
    /// Load that can be interrupted: mining.
    Interruptible,
}

/// An order to stay below a limit over `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// When it begins to hold.
    pub from: SimTime,
    /// When it ends to hold.
    pub to: SimTime,
    /// When it is known: `from` less the notice.
    pub announced: SimTime,
    /// The most that may be used; infinite where `shed` says all.
    pub limit: Power,
    /// Load to be shed below what stood before the order; zero where `limit` says all.
    pub shed: Power,
    /// What is limited.
    pub scope: Scope,
    /// The clauses that call, as bits; none for an order of the grid operator.
    pub by: u64,
}

impl Order {
    /// The most that may be used, in megawatts, where `standing_mw` stood before.
    pub fn ceiling_mw(&self, standing_mw: f64) -> f64 {
        let shed_mw = self.shed.as_mw();
        if shed_mw > 0.0 {
            self.limit.as_mw().min((standing_mw - shed_mw).max(0.0))
        } else {
            self.limit.as_mw()
        }
    }
}

/// Orders of the grid operator.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CurtailmentSpec {
    /// Orders at stated times.
    pub orders: Vec<OrderSpec>,
    /// Calls that come by chance.
    pub calls: Option<CallsSpec>,
}

/// An order at a stated time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderSpec {
    /// Begin in the site's time, such as `2026-07-10T15:00`.
    pub from: String,
    /// How long it holds, in hours.
    pub hours: f64,
    /// The most that the site may import, in megawatts.
    pub limit_mw: f64,
    /// Notice before it begins, in minutes. Default 0.
    #[serde(default)]
    pub notice_minutes: u32,
}

/// Calls that come by chance: independent from day to day, within a season and hours of the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallsSpec {
    /// Hours under call in a mean year. For loads of 75 MW and more in ERCOT, about 80 is central, 300 to 400
    /// extreme (sourced, 2026).
    pub hours_per_year: f64,
    /// The most that the site may import under a call, in megawatts.
    pub limit_mw: f64,
    /// Length of a call, in hours. Default 4 (assumption).
    #[serde(default = "default_hours_each")]
    pub hours_each: u32,
    /// Notice before a call, in minutes. Default 30 (assumption).
    #[serde(default = "default_notice")]
    pub notice_minutes: u32,
    /// Months in which calls come, 1 to 12. Default June to September (ERCOT's season of peaks).
    #[serde(default = "default_months")]
    pub months: Vec<u8>,
    /// First hour of the day in which a call may begin, site time. Default 14.
    #[serde(default = "default_from_hour")]
    pub from_hour: u32,
    /// Hour of the day by which calls end, site time. Default 21.
    #[serde(default = "default_to_hour")]
    pub to_hour: u32,
    /// The first day on which calls come, such as that of a law. Default: from the start.
    #[serde(default)]
    pub starts: Option<String>,
    /// Calls concern the site only while its connection is at least so large, in megawatts: 75 for large loads in Texas
    /// (SB 6; S85). Default 0.
    #[serde(default)]
    pub connection_mw_min: f64,
    /// The most hours under call in a calendar year; a call that would pass them does not come. Default: no bound.
    #[serde(default)]
    pub hours_per_year_max: Option<f64>,
    /// The most calls in a calendar year. Default: no bound.
    #[serde(default)]
    pub calls_per_year_max: Option<u32>,
}

/// A call at a stated time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatedCallSpec {
    /// Begin in the site's time, such as `2026-07-10T15:00`.
    pub from: String,
    /// How long it holds, in hours.
    pub hours: f64,
}

pub(super) fn default_hours_each() -> u32 {
    4
}
pub(super) fn default_notice() -> u32 {
    30
}
pub(super) fn default_months() -> Vec<u8> {
    vec![6, 7, 8, 9]
}
pub(super) fn default_from_hour() -> u32 {
    14
}
pub(super) fn default_to_hour() -> u32 {
    21
}

/// Most stated orders; merging compares each with each.
const ORDERS_MAX: usize = 1_000;
/// Longest order, in hours: ten years.
const HOURS_MAX: f64 = 87_660.0;
/// Longest notice, in minutes: a week.
const NOTICE_MAX: f64 = 10_080.0;

impl Check for CurtailmentSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.orders.len() > ORDERS_MAX {
            problems.error(&at.key("orders"), format!("more than {ORDERS_MAX} orders"));
        }
        for (index, order) in self.orders.iter().enumerate() {
            order.check(&at.key("orders").index(index), problems);
        }
        if let Some(calls) = &self.calls {
            calls.check(&at.key("calls"), problems);
        }
    }
}

/// Requires a begin and a length that can be.
fn check_begin(at: &FieldPath, from: &str, hours: f64, problems: &mut Problems) {
    if parse_local(from).is_none() {
        problems.error_with_help(
            &at.key("from"),
            format!("`{from}` is not a date and time"),
            "write it as `2026-07-10T15:00`, in the site's time",
        );
    }
    problems.within(&at.key("hours"), hours, 1.0 / 60.0, HOURS_MAX);
}

impl Check for StatedCallSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_begin(at, &self.from, self.hours, problems);
    }
}

impl Check for OrderSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_begin(at, &self.from, self.hours, problems);
        problems.not_negative(&at.key("limit_mw"), self.limit_mw);
        problems.within(
            &at.key("notice_minutes"),
            f64::from(self.notice_minutes),
            0.0,
            NOTICE_MAX,
        );
    }
}

impl Check for CallsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("hours_per_year"), self.hours_per_year, 0.0, 8_760.0);
        problems.not_negative(&at.key("limit_mw"), self.limit_mw);
        problems.within(&at.key("hours_each"), f64::from(self.hours_each), 1.0, 24.0);
        problems.within(
            &at.key("notice_minutes"),
            f64::from(self.notice_minutes),
            0.0,
            NOTICE_MAX,
        );
        problems.within(&at.key("from_hour"), f64::from(self.from_hour), 0.0, 23.0);
        problems.within(&at.key("to_hour"), f64::from(self.to_hour), 1.0, 24.0);
        if let Some(text) = self.starts.as_ref().filter(|t| parse_date(t).is_none()) {
            let message = format!("`{text}` is not a date such as `2027-01-01`");
            problems.error(&at.key("starts"), message);
        }
        problems.within(
            &at.key("connection_mw_min"),
            self.connection_mw_min,
            0.0,
            100_000.0,
        );
        if let Some(hours) = self.hours_per_year_max {
            problems.within(&at.key("hours_per_year_max"), hours, 0.0, 8_784.0);
        }
        if self.from_hour.saturating_add(self.hours_each) > self.to_hour {
            problems.error(
                &at.key("to_hour"),
                "a call of `hours_each` does not fit between `from_hour` and `to_hour`",
            );
        }
        if self.months.is_empty() || self.months.iter().any(|m| !(1..=12).contains(m)) {
            problems.error(
                &at.key("months"),
                "`months` must name at least one month, from 1 to 12",
            );
        } else if self.chance_per_day() > 1.0 {
            problems.error(
                &at.key("hours_per_year"),
                "more hours than one call a day in these months can give",
            );
        }
    }
}

impl CallsSpec {
    /// Chance of a call on a day of its season.
    fn chance_per_day(&self) -> f64 {
        let mut months = self.months.clone();
        months.sort_unstable();
        months.dedup();
        let season_days = months.len() as f64 * 365.25 / 12.0;
        self.hours_per_year / (f64::from(self.hours_each.max(1)) * season_days)
    }

    /// Draws the calls that begin within `[from, to)`. Every day takes two numbers whether it can be called or
    /// not, so that a changed rate thins or adds calls and leaves the others where they were.
    pub(crate) fn draw(
        &self,
        scope: Scope,
        calendar: &Calendar,
        span: (SimTime, SimTime),
        rng: &mut Stream,
    ) -> Vec<Order> {
        let chance = self.chance_per_day();
        let starts = self.to_hour.saturating_sub(self.hours_each + self.from_hour) + 1;
        let mut orders = Vec::new();
        let mut date = calendar.civil(span.0).date();
        let days = (span.1 - span.0).as_days().ceil().max(0.0) as usize + 1;
        for _ in 0..days {
            let (called, at): (f64, f64) = (rng.random(), rng.random());
            if called < chance && self.months.contains(&(date.month() as u8)) {
                let hour = self.from_hour + ((at * f64::from(starts)) as u32).min(starts - 1);
                orders.extend(
                    self.order(scope, calendar, date, hour)
                        .filter(|o| o.from >= span.0 && o.from < span.1),
                );
            }
            let Ok(next) = date.checked_add(1.days()) else {
                break;
            };
            date = next;
        }
        let starts = self.starts.as_deref().and_then(parse_date);
        if let Some(starts) = starts.and_then(|date| calendar.start_of(date)) {
            orders.retain(|o| o.from >= starts);
        }
        self.within_rights(orders, calendar)
    }

    /// The calls that the rights of each calendar year allow, in order of time.
    pub(crate) fn within_rights(&self, mut orders: Vec<Order>, calendar: &Calendar) -> Vec<Order> {
        if self.hours_per_year_max.is_none() && self.calls_per_year_max.is_none() {
            return orders;
        }
        orders.sort_by_key(|o| o.from);
        let mut used = (i16::MIN, 0, 0.0);
        orders.retain(|order| {
            let year = calendar.civil(order.from).year();
            if used.0 != year {
                used = (year, 0, 0.0);
            }
            let after = (used.1 + 1, used.2 + (order.to - order.from).as_hours());
            let allowed = self.calls_per_year_max.is_none_or(|most| after.0 <= most)
                && self.hours_per_year_max.is_none_or(|most| after.1 <= most + 1e-9);
            if allowed {
                (used.1, used.2) = after;
            }
            allowed
        });
        orders
    }

    fn order(&self, scope: Scope, calendar: &Calendar, date: Date, hour: u32) -> Option<Order> {
        let from = calendar.instant(date.at(hour.min(23) as i8, 0, 0, 0))?;
        Some(Order {
            from,
            to: from + Span::from_hours(i64::from(self.hours_each)),
            announced: from + Span::from_seconds(-60 * i64::from(self.notice_minutes)),
            limit: Power::from_mw(self.limit_mw),
            shed: Power::ZERO,
            scope,
            by: 0,
        })
    }
}

impl StatedCallSpec {
    /// As an order to stop all that `scope` means, known `notice_minutes` before.
    pub(crate) fn order(&self, scope: Scope, calendar: &Calendar, notice_minutes: u32) -> Option<Order> {
        let from = calendar.instant(parse_local(&self.from)?)?;
        Some(Order {
            from,
            to: from + Span::from_seconds((self.hours * HOUR_S as f64).round() as i64),
            announced: from + Span::from_seconds(-60 * i64::from(notice_minutes)),
            limit: Power::ZERO,
            shed: Power::ZERO,
            scope,
            by: 0,
        })
    }
}

impl CurtailmentSpec {
    /// The orders of one replication: stated ones and drawn calls within `[from, to)`, of which those that begin when
    /// they concern the site; merged by [`merge`].
    pub fn draw(
        &self,
        calendar: &Calendar,
        (from, to): (SimTime, SimTime),
        concerns: impl Fn(SimTime) -> bool,
        rng: &mut Stream,
    ) -> Vec<Order> {
        let mut orders: Vec<Order> = self.orders.iter().filter_map(|o| o.order(calendar)).collect();
        if let Some(calls) = &self.calls {
            let drawn = calls.draw(Scope::Import, calendar, (from, to), rng).into_iter();
            orders.extend(drawn.filter(|call| concerns(call.from)));
        }
        orders.retain(|o| o.to > from && o.from < to);
        merge(&orders)
    }
}

impl OrderSpec {
    fn order(&self, calendar: &Calendar) -> Option<Order> {
        let from = calendar.instant(parse_local(&self.from)?)?;
        Some(Order {
            from,
            to: from + Span::from_seconds((self.hours * HOUR_S as f64).round() as i64),
            announced: from + Span::from_seconds(-60 * i64::from(self.notice_minutes)),
            limit: Power::from_mw(self.limit_mw),
            shed: Power::ZERO,
            scope: Scope::Import,
            by: 0,
        })
    }
}

/// Parses `2026-07-10T15:00`, with or without seconds.
fn parse_local(text: &str) -> Option<DateTime> {
    matches!(text.len(), 16 | 19).then(|| text.parse().ok()).flatten()
}

/// Orders in order of time, disjoint within each scope; where several hold, the lowest limit does, and what different
/// clauses have shed adds up.
pub fn merge(orders: &[Order]) -> Vec<Order> {
    let mut merged = Vec::new();
    for scope in [Scope::Import, Scope::Interruptible] {
        let these: Vec<&Order> = orders
            .iter()
            .filter(|o| o.scope == scope && o.to > o.from)
            .collect();
        let mut edges: Vec<SimTime> = these.iter().flat_map(|o| [o.from, o.to]).collect();
        edges.sort_unstable();
        edges.dedup();
        let scope_start = merged.len();
        for pair in edges.windows(2) {
            let holding = || these.iter().filter(|o| o.from <= pair[0] && o.to >= pair[1]);
            if let Some(lowest) = holding().min_by(|a, b| a.limit.as_mw().total_cmp(&b.limit.as_mw())) {
                let (mut by, mut shed_mw) = (0, 0.0);
                for order in holding().filter(|o| o.by != 0) {
                    if order.by & by == 0 {
                        shed_mw += order.shed.as_mw();
                    }
                    by |= order.by;
                }
                let piece = Order {
                    from: pair[0],
                    to: pair[1],
                    shed: Power::from_mw(shed_mw),
                    by,
                    ..**lowest
                };
                append(&mut merged, scope_start, piece);
            }
        }
    }
    merged.sort_by_key(|o: &Order| (o.from, o.scope));
    merged
}

/// Joins a piece to the one before it where both say the same.
fn append(merged: &mut Vec<Order>, scope_start: usize, piece: Order) {
    match merged[scope_start..].last_mut() {
        Some(last)
            if last.to == piece.from
                && (last.limit, last.shed, last.by) == (piece.limit, piece.shed, piece.by)
                && last.announced == piece.announced =>
        {
            last.to = piece.to;
        }
        _ => merged.push(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn texas() -> Calendar {
        Calendar::of_zone("America/Chicago").unwrap()
    }

    fn years(from: i16, to: i16) -> (SimTime, SimTime) {
        let at = |year| texas().start_of_month(crate::time::Month { year, month: 1 });
        (at(from), at(to))
    }

    fn calls(hours_per_year: f64) -> CallsSpec {
        toml::from_str(&format!("hours_per_year = {hours_per_year:.1}\nlimit_mw = 20")).unwrap()
    }

    #[test]
    fn a_stated_order_is_in_the_sites_time_and_known_by_its_notice() {
        let spec: CurtailmentSpec = toml::from_str(
            "orders = [{ from = \"2026-07-10T15:00\", hours = 4, limit_mw = 20, notice_minutes = 30 }]",
        )
        .unwrap();
        let (from, to) = years(2026, 2027);
        let orders = spec.draw(
            &texas(),
            (from, to),
            |_| true,
            &mut Streams::new(1, 0).stream("calls"),
        );
        assert_eq!(orders.len(), 1);
        assert_eq!(orders[0].from.to_utc_text(), "2026-07-10T20:00:00Z");
        assert_eq!((orders[0].to - orders[0].from).as_hours(), 4.0);
        assert_eq!(orders[0].announced.to_utc_text(), "2026-07-10T19:30:00Z");
    }

    #[test]
    fn where_orders_overlap_the_lowest_limit_holds() {
        let t = |h: i64| SimTime::from_unix_s(h * HOUR_S);
        let order = |from, to, mw| Order {
            from: t(from),
            to: t(to),
            announced: t(0),
            limit: Power::from_mw(mw),
            shed: Power::ZERO,
            scope: Scope::Import,
            by: 0,
        };
        let merged = merge(&[order(5, 9, 20.0), order(1, 7, 50.0), order(9, 10, 20.0)]);
        let plain: Vec<_> = merged.iter().map(|o| (o.from, o.to, o.limit.as_mw())).collect();
        assert_eq!(plain, vec![(t(1), t(5), 50.0), (t(5), t(10), 20.0)]);
    }

    #[test]
    fn calls_give_their_hours_a_year_within_season_and_hours() {
        let (from, to) = years(2026, 2226);
        let orders = calls(80.0).draw(
            Scope::Import,
            &texas(),
            (from, to),
            &mut Streams::new(7, 0).stream("calls"),
        );
        let hours: f64 = orders.iter().map(|o| (o.to - o.from).as_hours()).sum();
        // 4,000 calls expected, binomial: one standard deviation is about 1.5 %.
        assert!((hours / 200.0 - 80.0).abs() < 80.0 * 0.06, "{hours}");
        for order in &orders {
            let civil = texas().civil_hour(order.from);
            assert!(
                (6..=9).contains(&civil.month.month) && (14..=17).contains(&civil.hour),
                "{civil:?}"
            );
        }
        assert!(orders.windows(2).all(|w| w[0].to <= w[1].from));
    }

    #[test]
    fn a_higher_rate_adds_calls_and_moves_none() {
        let (from, to) = years(2026, 2036);
        let draw = |rate| {
            calls(rate).draw(
                Scope::Import,
                &texas(),
                (from, to),
                &mut Streams::new(3, 5).stream("calls"),
            )
        };
        let (few, many) = (draw(40.0), draw(120.0));
        assert!(few.len() < many.len());
        assert!(few.iter().all(|o| many.contains(o)));
        assert!(draw(0.0).is_empty());
    }

    #[test]
    fn calls_begin_with_their_law_and_end_with_their_rights() {
        let (from, to) = years(2026, 2036);
        let draw = |more: &str| {
            let spec: CallsSpec =
                toml::from_str(&format!("hours_per_year = 80\nlimit_mw = 20\n{more}")).unwrap();
            let mut stream = Streams::new(3, 5).stream("calls");
            spec.draw(Scope::Import, &texas(), (from, to), &mut stream)
        };
        let all = draw("");
        let law = draw("starts = \"2028-07-01\"");
        let begin = texas().start_of(parse_date("2028-07-01").unwrap()).unwrap();
        let later: Vec<Order> = all.iter().copied().filter(|o| o.from >= begin).collect();
        assert!(
            law == later && law.len() < all.len(),
            "a date moves no other call"
        );
        // Forty hours are ten calls of four; a year has twenty on average.
        for (more, most) in [("hours_per_year_max = 41", 10), ("calls_per_year_max = 7", 7)] {
            let few = draw(more);
            for year in 2026..2036 {
                let of = |orders: &[Order]| {
                    orders
                        .iter()
                        .filter(|o| texas().civil(o.from).year() == year)
                        .count()
                };
                assert_eq!(of(&few), of(&all).min(most), "{more} in {year}");
            }
            assert!(few.iter().all(|o| all.contains(o)));
        }
    }

    #[test]
    fn what_different_clauses_have_shed_adds_up() {
        let t = |h: i64| SimTime::from_unix_s(h * HOUR_S);
        let call = |from, to, shed, by| Order {
            from: t(from),
            to: t(to),
            announced: t(0),
            limit: Power::from_mw(f64::INFINITY),
            shed: Power::from_mw(shed),
            scope: Scope::Interruptible,
            by,
        };
        // The second call of the first clause overlaps its own: it sheds no more.
        let merged = merge(&[call(1, 5, 10.0, 1), call(3, 7, 4.0, 2), call(2, 3, 10.0, 1)]);
        let plain: Vec<_> = merged
            .iter()
            .map(|o| (o.from, o.to, o.shed.as_mw(), o.by))
            .collect();
        let expected = [(1, 3, 10.0, 1), (3, 5, 14.0, 3), (5, 7, 4.0, 2)];
        assert_eq!(plain, expected.map(|(a, b, mw, by)| (t(a), t(b), mw, by)));
        assert_eq!(merged[1].ceiling_mw(30.0), 16.0);
        assert_eq!(merged[1].ceiling_mw(12.0), 0.0);
    }

    #[test]
    fn impossible_orders_and_calls_are_refused() {
        let bad: CurtailmentSpec = toml::from_str(
            "orders = [{ from = \"July\", hours = -1, limit_mw = -3 }]\n[calls]\nhours_per_year = 8000\nlimit_mw = 0",
        )
        .unwrap();
        let mut problems = Problems::new();
        bad.check(&FieldPath::root().key("curtailment"), &mut problems);
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(
            paths,
            [
                "curtailment.orders[0].from",
                "curtailment.orders[0].hours",
                "curtailment.orders[0].limit_mw",
                "curtailment.calls.hours_per_year"
            ]
        );
    }
}
