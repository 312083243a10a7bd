//! Rates that change on dates, such as those of taxes and levies: what holds when, and energy counted under each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clause::{Close, check_price};
use crate::problem::{FieldPath, Problems};
use crate::time::{Calendar, SimTime, parse_date};

/// The most dated rates of a clause.
pub const DATED_RATES_MAX: usize = 500;

/// A price of energy from a date on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedPriceSpec {
    /// The first day, such as `2026-04-01`, from midnight in the site's time.
    pub from: String,
    /// Rate, in US dollars per megawatt-hour (or the contract's currency).
    pub usd_per_mwh: f64,
}

/// Adds every problem of a list of dated prices.
pub(super) fn check_prices(list: &[DatedPriceSpec], at: &FieldPath, problems: &mut Problems) {
    check_dates(list.iter().map(|r| r.from.as_str()), at, problems);
    for (index, rate) in list.iter().enumerate() {
        check_price(&at.index(index).key("usd_per_mwh"), rate.usd_per_mwh, problems);
    }
}

/// Requires dates that rise.
pub(super) fn check_dates<'a>(
    dates: impl ExactSizeIterator<Item = &'a str>,
    at: &FieldPath,
    problems: &mut Problems,
) {
    if !(1..=DATED_RATES_MAX).contains(&dates.len()) {
        let message = format!("{} rates: 1 to {DATED_RATES_MAX} are possible", dates.len());
        problems.error(at, message);
    }
    let mut last = None;
    for (index, text) in dates.enumerate() {
        let here = at.index(index).key("from");
        let date = parse_date(text);
        if date.is_none() {
            problems.error(&here, format!("`{text}` is not a date such as `2026-01-01`"));
        } else if date <= last {
            problems.error(&here, "dates must rise");
        }
        last = date.or(last);
    }
}

/// A number that changes on dates; before the first of them it is nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dated {
    /// Begins in order, and what holds from each on.
    points: Vec<(SimTime, f64)>,
    /// The date of each point; empty where one value always holds.
    names: Vec<String>,
}

impl Dated {
    /// One value at all times.
    pub(super) fn always(value: f64) -> Self {
        Self {
            points: vec![(SimTime::from_unix_s(i64::MIN / 4), value)],
            names: vec![String::new()],
        }
    }
    /// Values from dates on, out of a list that has been checked; malformed dates are left out.
    pub(super) fn new<'a>(list: impl Iterator<Item = (&'a str, f64)>, calendar: &Calendar) -> Self {
        let begin = |text: &str| calendar.start_of(parse_date(text)?);
        let dated =
            list.filter_map(|(text, value)| Some(((begin(text)?, value), format!("rate from {text}"))));
        let (points, names) = dated.unzip();
        Self { points, names }
    }
    fn index(&self, time: SimTime) -> Option<usize> {
        self.points
            .partition_point(|(from, _)| *from <= time)
            .checked_sub(1)
    }
    /// The value at an instant.
    pub(super) fn at(&self, time: SimTime) -> f64 {
        self.index(time).map_or(0.0, |index| self.points[index].1)
    }
    /// The stretch around an instant over which the value holds.
    pub(super) fn stretch(&self, time: SimTime) -> (SimTime, SimTime) {
        let after = self.points.partition_point(|(from, _)| *from <= time);
        let from = after.checked_sub(1).map(|i| self.points[i].0);
        let to = self.points.get(after).map(|(t, _)| *t);
        (
            from.unwrap_or(SimTime::from_unix_s(i64::MIN / 4)),
            to.unwrap_or(SimTime::FAR_FUTURE),
        )
    }
    /// What set the value at an instant; empty where one always holds.
    pub(super) fn set_by(&self, time: SimTime) -> &str {
        self.index(time).map_or("", |index| &self.names[index])
    }
}

/// Energy of a month, counted under the rate at which it was used.
#[derive(Debug)]
pub(super) struct DatedEnergy {
    pub(super) rates: Dated,
    mwh: Vec<f64>,
}

impl DatedEnergy {
    pub(super) fn new(rates: Dated) -> Self {
        Self {
            mwh: vec![0.0; rates.points.len()],
            rates,
        }
    }
    /// Counts a load over `[from, to)`; what lies before the first date is charged nothing.
    pub(super) fn meter(&mut self, from: SimTime, to: SimTime, load_mw: f64) {
        let mut at = from;
        // Every turn goes on to the next date.
        while at < to {
            let until = self.rates.stretch(at).1.min(to);
            if let Some(index) = self.rates.index(at) {
                self.mwh[index] += load_mw * (until - at).as_hours();
            }
            at = until;
        }
    }
    /// Writes a line for each rate of the month and begins the next month.
    pub(super) fn close(&mut self, part: &str, close: &mut Close<'_>) {
        for (index, mwh) in self.mwh.iter_mut().enumerate() {
            let mwh = std::mem::take(mwh);
            let rate = self.rates.points[index].1;
            if rate != 0.0 {
                close.line(part, mwh, "mwh", rate, &self.rates.names[index]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Dated {
        let list = [("2026-01-01", 95.1), ("2026-04-01", 164.4)];
        Dated::new(list.into_iter(), &Calendar::of_zone("Europe/Oslo").unwrap())
    }

    #[test]
    fn a_rate_begins_at_local_midnight_and_nothing_holds_before_the_first() {
        let utc = |text: &str| crate::ingest::parse_instant(text, &Calendar::utc()).unwrap();
        let april = utc("2026-03-31T22:00:00Z");
        assert_eq!(rates().at(april), 164.4);
        assert_eq!(rates().at(utc("2026-03-31T21:59:59Z")), 95.1);
        assert_eq!(rates().at(utc("2025-12-31T22:59:59Z")), 0.0);
        assert_eq!(rates().stretch(utc("2026-02-01T00:00:00Z")).1, april);
        assert_eq!(rates().set_by(april), "rate from 2026-04-01");
    }

    #[test]
    fn an_interval_over_a_date_is_cut_there() {
        let utc = |text: &str| crate::ingest::parse_instant(text, &Calendar::utc()).unwrap();
        let mut energy = DatedEnergy::new(rates());
        energy.meter(utc("2025-12-31T20:00:00Z"), utc("2025-12-31T23:30:00Z"), 10.0);
        energy.meter(utc("2026-03-31T21:00:00Z"), utc("2026-03-31T22:30:00Z"), 10.0);
        assert_eq!(energy.mwh, [5.0 + 10.0, 5.0]);
    }

    #[test]
    fn dates_that_fall_or_are_none_are_told() {
        let mut problems = Problems::new();
        let price = |from: &str| DatedPriceSpec {
            from: from.to_owned(),
            usd_per_mwh: 1e9,
        };
        let list = [price("2026-04-01"), price("2026-01-01"), price("spring")];
        check_prices(&list, &FieldPath::root().key("rates"), &mut problems);
        let places: Vec<String> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        let expected = ["rates[1].from", "rates[2].from", "rates[0].usd_per_mwh"];
        assert!(
            expected.iter().all(|e| places.iter().any(|p| p == e)),
            "{places:?}"
        );
        assert_eq!(problems.as_slice().len(), 5);
    }
}
