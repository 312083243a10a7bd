//! What happens to coins that are mined: sold as they come, kept for a while, or their income fixed by forwards.
//!
//! Owns the coins held with what they were worth when mined, and what forwards settle for. Posts nothing: the books are
//! told what to book.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bitcoin::BitcoinPath;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::{Calendar, DAY_S, SimTime, Span, parse_date};

/// The most forwards.
const FORWARDS_MAX: usize = 100;

/// What happens to coins that are mined.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TreasurySpec {
    /// Share of coins that is kept, percent; the rest is sold as it is mined. Default 0.
    pub hold_percent: f64,
    /// Whole months for which a coin is kept. Default: to the horizon, where all coins are sold.
    pub hold_months: Option<u32>,
    /// Hashprice forwards sold. Default: none.
    pub forwards: Vec<ForwardSpec>,
}

/// A hashprice forward: pays the strike for so much hashrate and takes the day's hashprice, month by month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardSpec {
    /// First day, `YYYY-MM-DD`, in the ledger's zone.
    pub from: String,
    /// Day after the last, `YYYY-MM-DD`.
    pub to: String,
    /// Hashrate sold, PH/s.
    pub hashrate_ph: f64,
    /// Strike, USD a PH/s and day.
    pub usd_per_ph_day: f64,
}

impl Check for TreasurySpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.percent(&at.key("hold_percent"), self.hold_percent, 100.0);
        if let Some(months) = self.hold_months {
            problems.within(&at.key("hold_months"), f64::from(months), 1.0, 480.0);
        }
        let at = at.key("forwards");
        if self.forwards.len() > FORWARDS_MAX {
            let message = format!("{} forwards: at most {FORWARDS_MAX}", self.forwards.len());
            problems.error(&at, message);
        }
        for (index, forward) in self.forwards.iter().enumerate() {
            forward.check(&at.index(index), problems);
        }
    }
}

impl Check for ForwardSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let dates = [("from", &self.from), ("to", &self.to)].map(|(key, text)| {
            let date = parse_date(text);
            if date.is_none() {
                let message = format!("expected a date such as `2027-03-01`, found `{text}`");
                problems.error(&at.key(key), message);
            }
            date
        });
        if let [Some(from), Some(to)] = dates
            && from >= to
        {
            problems.error(
                &at.key("to"),
                format!("`{}` does not follow `{}`", self.to, self.from),
            );
        }
        problems.within(&at.key("hashrate_ph"), self.hashrate_ph, 0.0, 1e9);
        problems.within(&at.key("usd_per_ph_day"), self.usd_per_ph_day, 0.0, 1e6);
    }
}

/// Coins of a month.
#[derive(Debug, Clone, Copy)]
struct Lot {
    month: usize,
    btc: f64,
    cost_usd: f64,
}

/// A forward with its days known.
#[derive(Debug, Clone, Copy)]
struct Forward {
    from: SimTime,
    to: SimTime,
    hashrate_ph: f64,
    strike: f64,
}

/// What a month's end asks the books to post, USD.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MonthEnd {
    /// Coins held gained so much since they were last valued.
    pub revalued: f64,
    /// Coins sold for so much.
    pub sold: f64,
    /// Of it, more than they were worth when mined.
    pub realised: f64,
    /// Forwards settled for so much.
    pub forwards: f64,
}

/// A treasury at work.
#[derive(Debug)]
pub struct Treasury {
    share: f64,
    hold_months: Option<usize>,
    forwards: Vec<Forward>,
    lots: VecDeque<Lot>,
    /// What the coins held are valued at.
    valued_usd: f64,
}

impl Treasury {
    /// The treasury of a checked spec.
    pub fn new(spec: &TreasurySpec, calendar: &Calendar) -> Self {
        let midnight = |text: &str| {
            let date = parse_date(text).and_then(|date| calendar.start_of(date));
            date.expect("the check knows the date")
        };
        let forwards = spec.forwards.iter().map(|f| Forward {
            from: midnight(&f.from),
            to: midnight(&f.to),
            hashrate_ph: f.hashrate_ph,
            strike: f.usd_per_ph_day,
        });
        Self {
            share: spec.hold_percent / 100.0,
            hold_months: spec.hold_months.map(|m| m as usize),
            forwards: forwards.collect(),
            lots: VecDeque::new(),
            valued_usd: 0.0,
        }
    }

    /// Keeps what is to be kept of a month's coins, and gives what they are worth as mined, USD.
    pub fn keep(&mut self, month: usize, btc: f64, usd: f64) -> f64 {
        let (btc, usd) = (btc * self.share, usd * self.share);
        if btc > 0.0 {
            self.lots.push_back(Lot {
                month,
                btc,
                cost_usd: usd,
            });
            self.valued_usd += usd;
        }
        usd
    }

    /// Values what is held at a month's end, sells what is due, and settles forwards over `[from, to)`. `last` says whether
    /// the horizon ends, so that all is sold.
    pub fn end_month(
        &mut self,
        month: usize,
        (from, to): (SimTime, SimTime),
        path: &BitcoinPath,
        last: bool,
    ) -> MonthEnd {
        let price = path.at(to + Span::from_seconds(-1)).btc_usd;
        let held: f64 = self.lots.iter().map(|lot| lot.btc).sum();
        let mut end = MonthEnd {
            revalued: held * price - self.valued_usd,
            forwards: self.settle(from, to, path),
            ..MonthEnd::default()
        };
        let due = |lot: &Lot| last || self.hold_months.is_some_and(|months| month >= lot.month + months);
        while let Some(lot) = self.lots.front().copied().filter(&due) {
            self.lots.pop_front();
            end.sold += lot.btc * price;
            end.realised += lot.btc * price - lot.cost_usd;
        }
        self.valued_usd = self.lots.iter().map(|lot| lot.btc).sum::<f64>() * price;
        end
    }

    fn settle(&self, from: SimTime, to: SimTime, path: &BitcoinPath) -> f64 {
        let one = |forward: &Forward| {
            let (from, to) = (forward.from.max(from), forward.to.min(to));
            let (mut at, mut usd) = (from, 0.0);
            // By the path's days, which are those of UTC.
            while at < to {
                let day = (at - path.start()).as_seconds().div_euclid(DAY_S);
                let next = (path.start() + Span::from_seconds(DAY_S * (day + 1))).min(to);
                let share = (next - at).as_seconds() as f64 / DAY_S as f64;
                usd += forward.hashrate_ph * share * (forward.strike - path.at(at).hashprice_usd_per_ph_day);
                at = next;
            }
            usd
        };
        self.forwards.iter().map(one).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::bitcoin::{Bitcoin, BitcoinProcessSpec, BitcoinSpec, FixedHashpriceSpec};
    use crate::market::bitcoin_protocol::utc_day;
    use crate::random::Streams;

    fn path(decline: f64) -> BitcoinPath {
        let spec = BitcoinSpec {
            payout: None,
            series: None,
            process: Some(BitcoinProcessSpec::FixedHashprice(FixedHashpriceSpec {
                btc_usd: 60_000.0,
                usd_per_ph_day: 50.0,
                decline_percent_per_year: decline,
            })),
            fees_percent: 1.0,
        };
        let (start, end) = (utc_day(2026, 1, 1), utc_day(2027, 1, 1));
        Bitcoin::new(&spec, None, start, end)
            .unwrap()
            .draw(&Streams::new(1, 0))
    }

    #[test]
    fn coins_kept_are_valued_and_sold_when_due() {
        let spec = TreasurySpec {
            hold_percent: 50.0,
            hold_months: Some(2),
            ..TreasurySpec::default()
        };
        let mut treasury = Treasury::new(&spec, &Calendar::utc());
        let path = path(0.0);
        let span = |m: i8| (utc_day(2026, m, 1), utc_day(2026, m + 1, 1));
        // Ten coins mined at 50,000; the price stands at 60,000: five coins gain 10,000 each.
        assert_eq!(treasury.keep(0, 10.0, 500_000.0), 250_000.0);
        let first = treasury.end_month(0, span(1), &path, false);
        assert_eq!((first.revalued, first.sold), (50_000.0, 0.0));
        assert_eq!(treasury.keep(1, 2.0, 120_000.0), 60_000.0);
        assert_eq!(treasury.end_month(1, span(2), &path, false), MonthEnd::default());
        let third = treasury.end_month(2, span(3), &path, false);
        assert_eq!(
            (third.sold, third.realised, third.revalued),
            (300_000.0, 50_000.0, 0.0)
        );
        let last = treasury.end_month(3, span(4), &path, true);
        assert_eq!((last.sold, last.realised), (60_000.0, 0.0));
    }

    #[test]
    fn a_forward_pays_the_strike_for_the_days_hashprice() {
        let spec = TreasurySpec {
            forwards: vec![ForwardSpec {
                from: "2026-01-16".into(),
                to: "2026-03-01".into(),
                hashrate_ph: 1_000.0,
                usd_per_ph_day: 45.0,
            }],
            ..TreasurySpec::default()
        };
        let mut treasury = Treasury::new(&spec, &Calendar::utc());
        let span = (utc_day(2026, 1, 1), utc_day(2026, 2, 1));
        // Sixteen days at five dollars below the market.
        let end = treasury.end_month(0, span, &path(0.0), false);
        assert!((end.forwards + 16.0 * 1_000.0 * 5.0).abs() < 1e-6, "{end:?}");
        // Hashprice falls by 40 % a year: from 2 February on it lies below the strike... by hand, day by day.
        let by_hand: f64 = (31..59)
            .map(|day| 1_000.0 * (45.0 - 50.0 * 0.6_f64.powf(f64::from(day) / 365.25)))
            .sum();
        let span = (utc_day(2026, 2, 1), utc_day(2026, 3, 1));
        let end = treasury.end_month(1, span, &path(40.0), false);
        assert!((end.forwards - by_hand).abs() < 1e-6, "{end:?} {by_hand}");
    }

    #[test]
    fn what_cannot_be_is_told() {
        let spec: TreasurySpec = toml::from_str(
            "hold_percent = 120\nhold_months = 0\nforwards = [{ from = \"2026-03-01\", to = \"2026-02-01\", hashrate_ph = -1, \
             usd_per_ph_day = 40 }, { from = \"soon\", to = \"2026-02-01\", hashrate_ph = 1, usd_per_ph_day = 40 }]",
        )
        .unwrap();
        let mut problems = Problems::new();
        spec.check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 5, "{problems:?}");
    }
}
