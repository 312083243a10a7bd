//! Billing demand: what a demand charge is billed on besides the month's own peak.
//!
//! A ratchet bills at least a share of the peaks of earlier months, from a stated history and then from what was
//! metered; it never looks at months to come. Without history the first months have no floor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

use crate::id::Name;
use crate::problem::{FieldPath, Problems};
use crate::time::Month;

/// The longest look-back of a ratchet, in months.
pub const LOOK_BACK_MAX: u32 = 120;

/// At least a share of earlier peaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatchetSpec {
    /// The share, in percent.
    pub percent: f64,
    /// The share at which a peak of each calendar month counts, January first, in percent. Default: `percent`.
    #[serde(default)]
    pub percent_by_month: Option<Vec<f64>>,
    /// How many earlier months count.
    pub months: u32,
    /// Calendar months whose peaks are remembered, 1 to 12. Default: all.
    #[serde(default)]
    pub peak_months: Option<Vec<u8>>,
    /// Calendar months that are billed at least at the floor, 1 to 12. Default: all.
    #[serde(default)]
    pub billed_months: Option<Vec<u8>>,
    /// Calendar months in which the month's own peak counts in full; in others it counts at the share. Default: all.
    #[serde(default)]
    pub own_peak_months: Option<Vec<u8>>,
    /// Periods whose peaks are remembered. Default: all of the clause.
    #[serde(default)]
    pub peak_periods: Option<Vec<Name>>,
    /// Periods that are billed at least at the floor. Default: all of the clause.
    #[serde(default)]
    pub billed_periods: Option<Vec<Name>>,
    /// Peaks of the months before the start, in megawatts, the latest last. Default: none, so that the first
    /// months have no floor.
    #[serde(default)]
    pub history_mw: Vec<f64>,
    /// The same in kilowatts; one of the two may be given.
    #[serde(default)]
    pub history_kw: Vec<f64>,
    /// What dispatch expects of the months to come. Default `as_recorded`.
    #[serde(default)]
    pub outlook: Outlook,
}

/// What dispatch expects of the peaks of later months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// They are as the highest on record: a peak so far above it that its share exceeds it costs that share in every
    /// month that remembers it.
    #[default]
    AsRecorded,
    /// They are as high as this month's: then the floor never binds and the ratchet adds nothing to the margin.
    Lasting,
}

impl RatchetSpec {
    /// Adds every problem.
    pub(super) fn check(&self, at: &FieldPath, periods: &[&Name], problems: &mut Problems) {
        problems.percent(&at.key("percent"), self.percent, 100.0);
        problems.within(
            &at.key("months"),
            f64::from(self.months),
            1.0,
            f64::from(LOOK_BACK_MAX),
        );
        if let Some(row) = &self.percent_by_month {
            let at = at.key("percent_by_month");
            if row.len() != 12 {
                problems.error(&at, format!("{} months where 12 are expected", row.len()));
            }
            for (index, percent) in row.iter().enumerate() {
                problems.percent(&at.index(index), *percent, 100.0);
            }
        }
        let months = [
            ("peak_months", &self.peak_months),
            ("billed_months", &self.billed_months),
            ("own_peak_months", &self.own_peak_months),
        ];
        for (key, list) in months {
            check_months(&at.key(key), list.as_deref().unwrap_or(&[]), problems);
        }
        for (key, list) in [
            ("peak_periods", &self.peak_periods),
            ("billed_periods", &self.billed_periods),
        ] {
            for (index, name) in list.iter().flatten().enumerate() {
                if !periods.contains(&name) {
                    let known = periods.iter().map(|p| p.as_str());
                    problems.unknown(&at.key(key).index(index), "period", name.as_str(), known);
                }
            }
        }
        self.check_history(at, problems);
    }

    fn check_history(&self, at: &FieldPath, problems: &mut Problems) {
        let (key, history) = if self.history_mw.is_empty() {
            ("history_kw", &self.history_kw)
        } else {
            ("history_mw", &self.history_mw)
        };
        let at = at.key(key);
        if !self.history_mw.is_empty() && !self.history_kw.is_empty() {
            problems.error(&at, "`history_mw` and `history_kw` are the same: give one");
        }
        for (index, peak) in history.iter().enumerate() {
            problems.not_negative(&at.index(index), *peak);
        }
        if !history.is_empty() && history.len() < self.months as usize {
            let (given, months) = (history.len(), self.months);
            problems.warn(
                &at,
                format!("{given} months of history where the ratchet looks back {months}: the others count as zero"),
            );
        }
    }

    fn history(&self) -> impl DoubleEndedIterator<Item = f64> + '_ {
        let kw = self.history_kw.iter().map(|kw| kw * 1e-3);
        self.history_mw.iter().copied().chain(kw)
    }
}

/// Requires calendar months.
pub(super) fn check_months(at: &FieldPath, months: &[u8], problems: &mut Problems) {
    for (index, month) in months.iter().enumerate() {
        if !(1..=12).contains(month) {
            problems.error(&at.index(index), format!("`{month}` is not a month, 1 to 12"));
        }
    }
}

/// Flags of the calendar months; all where no list is given.
pub(super) fn month_flags(months: Option<&[u8]>) -> [bool; 12] {
    std::array::from_fn(|m| months.is_none_or(|list| list.contains(&(m as u8 + 1))))
}

/// Flags of periods; all where no list is given.
fn period_flags(list: Option<&[Name]>, periods: &[&Name]) -> Vec<bool> {
    periods
        .iter()
        .map(|p| list.is_none_or(|names| names.contains(p)))
        .collect()
}

fn index(month: Month) -> usize {
    month.month as usize - 1
}

/// The peaks that a ratchet remembers.
#[derive(Debug)]
pub(super) struct Ratchet {
    share: [f64; 12],
    months: usize,
    remembers: [bool; 12],
    bills: [bool; 12],
    own_counts: [bool; 12],
    /// Whether the windows of each period are remembered.
    pub(super) peak_periods: Vec<bool>,
    /// Whether each period is billed with the floor.
    pub(super) billed_periods: Vec<bool>,
    outlook: Outlook,
    /// Peaks of the months past, in megawatts, the latest last.
    peaks: VecDeque<f64>,
}

impl Ratchet {
    pub(super) fn new(spec: &RatchetSpec, periods: &[&Name]) -> Self {
        let months = spec.months as usize;
        let mut peaks: VecDeque<f64> = spec.history().rev().take(months).collect();
        peaks.make_contiguous().reverse();
        peaks.reserve(months + 1 - peaks.len());
        let by_month = spec.percent_by_month.as_deref();
        Self {
            share: std::array::from_fn(|m| by_month.map_or(spec.percent, |row| row[m]) / 100.0),
            months,
            remembers: month_flags(spec.peak_months.as_deref()),
            bills: month_flags(spec.billed_months.as_deref()),
            own_counts: month_flags(spec.own_peak_months.as_deref()),
            peak_periods: period_flags(spec.peak_periods.as_deref(), periods),
            billed_periods: period_flags(spec.billed_periods.as_deref(), periods),
            outlook: spec.outlook,
            peaks,
        }
    }

    /// The floor of a month, and the month whose peak sets it.
    pub(super) fn floor(&self, month: Month) -> Option<(f64, Month)> {
        if !self.bills[index(month)] {
            return None;
        }
        let past = self
            .peaks
            .iter()
            .rev()
            .zip(1..)
            .map(|(mw, back)| (*mw, month.plus(-back)));
        let counted = past.filter(|(_, of)| self.remembers[index(*of)]);
        counted
            .map(|(mw, of)| (mw * self.share[index(of)], of))
            .reduce(|a, b| if b.0 >= a.0 { b } else { a })
    }

    /// What the month's own peak counts for.
    pub(super) fn own(&self, month: Month, peak_mw: f64) -> f64 {
        if self.own_counts[index(month)] {
            peak_mw
        } else if self.remembers[index(month)] {
            peak_mw * self.share[index(month)]
        } else {
            0.0
        }
    }

    /// Remembers a month's peak.
    pub(super) fn remember(&mut self, peak_mw: f64) {
        if self.peaks.len() >= self.months {
            self.peaks.pop_front();
        }
        self.peaks.push_back(peak_mw);
    }

    /// Above which load a new peak of this month would bind later months, how many months would pay, and at which
    /// share; `None` where none would.
    pub(super) fn consequence(&self, month: Month, period: usize) -> Option<(f64, f64)> {
        let lasting = self.outlook == Outlook::Lasting;
        if lasting || !self.remembers[index(month)] || !self.peak_periods[period] {
            return None;
        }
        let highest = self.peaks.iter().copied().reduce(f64::max)?;
        let share = self.share[index(month)];
        let later = (1..=self.months as i32).map(|ahead| month.plus(ahead));
        let paying = later.filter(|m| self.bills[index(*m)]).count();
        (share > 0.0).then(|| (highest / share, share * paying as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JANUARY: Month = Month { year: 2026, month: 1 };

    fn spec(percent: f64, months: u32, history_mw: Vec<f64>) -> RatchetSpec {
        RatchetSpec {
            percent,
            percent_by_month: None,
            months,
            peak_months: None,
            billed_months: None,
            own_peak_months: None,
            peak_periods: None,
            billed_periods: None,
            history_mw,
            history_kw: Vec::new(),
            outlook: Outlook::AsRecorded,
        }
    }

    fn billed(spec: &RatchetSpec, peaks: &[f64]) -> Vec<f64> {
        let mut ratchet = Ratchet::new(spec, &[]);
        let bill = |(m, peak): (usize, &f64)| {
            let month = JANUARY.plus(m as i32);
            let floor = ratchet.floor(month).map_or(0.0, |f| f.0);
            let own = ratchet.own(month, *peak);
            ratchet.remember(*peak);
            own.max(floor)
        };
        peaks.iter().enumerate().map(bill).collect()
    }

    #[test]
    fn a_ratchet_looks_back_at_its_history_and_never_at_months_to_come() {
        let mut peaks = [20.0; 12];
        peaks[6] = 35.0;
        let mut expected = vec![20.0; 12];
        expected[6] = 35.0;
        expected[7..].fill(28.0);
        assert_eq!(billed(&spec(80.0, 11, Vec::new()), &peaks), expected);
        assert_eq!(billed(&spec(80.0, 11, vec![20.0; 12]), &peaks), expected);
        assert_eq!(expected.iter().sum::<f64>(), 295.0);
        // The same year wrapped round, as one tool has it: 343 MW-months.
        let wrapped = billed(&spec(80.0, 11, peaks.to_vec()), &peaks);
        assert!((wrapped.iter().sum::<f64>() - 343.0).abs() < 1e-9);
        let mut in_kw = spec(80.0, 11, Vec::new());
        in_kw.history_kw = peaks.iter().map(|mw| mw * 1e3).collect();
        assert_eq!(billed(&in_kw, &peaks), wrapped);
    }

    #[test]
    fn a_ratchet_forgets_after_its_months() {
        let mut history = vec![10.0; 11];
        history[0] = 100.0;
        let bills = billed(&spec(80.0, 11, history), &[10.0; 12]);
        assert_eq!(bills[0], 80.0);
        assert_eq!(bills[1], 10.0);
    }

    #[test]
    fn seasons_say_which_peaks_are_remembered_and_which_months_pay() {
        // Summer peaks count at 90 %, in winter only; the spring's own peak counts at its share.
        let mut ratchet = spec(50.0, 12, Vec::new());
        ratchet.peak_months = Some(vec![6, 7, 8, 9]);
        ratchet.billed_months = Some(vec![10, 11, 12, 1, 2]);
        let mut shares = vec![50.0; 12];
        shares[6] = 90.0;
        ratchet.percent_by_month = Some(shares);
        let mut peaks = [10.0; 14];
        (peaks[3], peaks[6], peaks[7]) = (60.0, 40.0, 44.0);
        let bills = billed(&ratchet, &peaks);
        assert_eq!(
            bills,
            [
                10.0, 10.0, 10.0, 60.0, 10.0, 10.0, 40.0, 44.0, 10.0, 36.0, 36.0, 36.0, 36.0, 36.0
            ]
        );
    }

    #[test]
    fn a_jump_beyond_the_record_costs_the_months_that_remember_it() {
        let ratchet = Ratchet::new(&spec(80.0, 11, vec![20.0; 11]), &[]);
        let mut ratchet = ratchet;
        ratchet.peak_periods = vec![true];
        let (above_mw, months) = ratchet.consequence(JANUARY, 0).unwrap();
        assert!((above_mw - 25.0).abs() < 1e-12 && (months - 8.8).abs() < 1e-12);
    }
}
