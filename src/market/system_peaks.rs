//! The peaks of a metered system, out of a file of its load: what `repower bill` needs to bill them.
//!
//! Owns the reading at the file's own step (ERCOT's peaks are quarters of an hour) and what each step weighs. Does not own
//! which steps count as peaks (`system_load`) nor what a site pays for them (`power::contract`).

use std::io::Read;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::system_load::{LOAD_MAX_MW, PeaksSpec, peaks, stretches};
use crate::ingest::{CsvRows, GapPolicy, ReadError, Stamp, lay};
use crate::series::Regular;
use crate::time::{Calendar, HOUR_S, SimTime, Span};

/// A system whose peaks a contract charges, where its load comes with a bill.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemPeaksSpec {
    /// Which of its intervals are peaks. Default: the highest of each month from June to September (ERCOT's four).
    #[serde(default)]
    pub peaks: PeaksSpec,
}

/// What each step of a system's load weighs in the mean of its season.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemPeaks {
    /// Weights: one over the peaks of a season in a peak, nothing elsewhere.
    pub weights: Regular,
    /// What was repaired, and what the file leaves open.
    pub notes: Vec<String>,
}

impl SystemPeaks {
    /// Reads `start_utc,mw` of any step that divides the hour; months and days are those of `zone`.
    pub fn read(
        file: &str,
        input: impl Read,
        gaps: GapPolicy,
        spec: &PeaksSpec,
        zone: &Calendar,
    ) -> Result<Self, ReadError> {
        let mut table = CsvRows::open(file, input)?;
        let (time, value) = (table.column("start_utc")?, table.column("mw")?);
        let (utc, mut stamps, mut load) = (Calendar::utc(), Vec::new(), Vec::new());
        while let Some(row) = table.next_row()? {
            let mw = row.optional_number(value)?;
            if let Some(mw) = mw.filter(|v| !(0.0..=LOAD_MAX_MW).contains(v)) {
                let message = format!("expected a load of 0 to {LOAD_MAX_MW} MW, found `{mw}`");
                return Err(row.fail(value, message));
            }
            stamps.push(Stamp {
                time: row.instant(time, &utc)?,
                line: row.line,
                missing: mw.is_none(),
            });
            load.push(mw.unwrap_or(0.0));
        }
        let laid = lay(file, &stamps, None, gaps)?;
        let step_s = laid.step.as_seconds();
        if HOUR_S % step_s != 0 || laid.start.as_unix_s() % step_s != 0 {
            let message = format!(
                "has a step of {step_s} s from {}; expected an hour or a whole part of it, on whole UTC hours",
                laid.start
            );
            return Err(ReadError::of_file(file, message));
        }
        let load = laid.values(&load);
        let at = |step: usize| laid.start + Span::from_seconds(step_s * step as i64);
        let civil: Vec<_> = (0..load.len()).map(|s| zone.civil_hour(at(s))).collect();
        let month_of: Vec<u8> = civil.iter().map(|c| c.month.month as u8 - 1).collect();
        let hour_of: Vec<u8> = civil.iter().map(|c| c.hour as u8).collect();
        let flags = peaks(spec, (&month_of, &hour_of), &load);
        let mut notes = partial_months(spec, &month_of, zone, (laid.start, at(load.len())), at);
        if laid.repairs.steps > 0 {
            let steps = laid.repairs.steps;
            notes.push(format!(
                "{steps} steps of the system's load were filled by the stated policy"
            ));
        }
        let weight = |peak: bool| if peak { spec.weight() } else { 0.0 };
        let weights = flags.into_iter().map(weight).collect();
        Ok(Self {
            weights: Regular::new(laid.start, laid.step, weights),
            notes,
        })
    }
}

/// Months in season of which the file holds only a part: their highest interval may lie in the rest.
fn partial_months(
    spec: &PeaksSpec,
    month_of: &[u8],
    zone: &Calendar,
    (start, end): (SimTime, SimTime),
    at: impl Fn(usize) -> SimTime,
) -> Vec<String> {
    let stretches = stretches(spec.months(), month_of).into_iter();
    let cut = stretches.filter_map(|(begin, _)| {
        let month = zone.month(at(begin));
        let (from, to) = (zone.start_of_month(month), zone.start_of_month(month.plus(1)));
        (from < start || to > end).then(|| {
            format!("the system's load covers {month} only in part: its highest interval may lie in the rest")
        })
    });
    cut.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    /// Two days of June in quarters of an hour, 50 GW but for what is listed.
    fn file(peaks: &[(i64, f64)]) -> String {
        let mut text = "start_utc,mw\n".to_owned();
        let first: jiff::Timestamp = "2026-06-01T05:00:00Z".parse().unwrap();
        for quarter in 0..192 {
            let at = first + jiff::SignedDuration::from_mins(15 * quarter);
            let mw = peaks.iter().find(|p| p.0 == quarter).map_or(50_000.0, |p| p.1);
            writeln!(text, "{at},{mw}").unwrap();
        }
        text
    }

    fn read(text: &str, spec: &PeaksSpec) -> Result<SystemPeaks, ReadError> {
        let texas = Calendar::of_zone("America/Chicago").unwrap();
        SystemPeaks::read("load.csv", text.as_bytes(), GapPolicy::Refuse, spec, &texas)
    }

    #[test]
    fn a_quarter_of_an_hour_is_the_peak_and_a_cut_month_is_told() {
        let read = read(&file(&[(66, 80_000.0), (70, 79_000.0)]), &PeaksSpec::default()).unwrap();
        let peaks: Vec<usize> = (0..192).filter(|q| read.weights.values()[*q] > 0.0).collect();
        assert_eq!(peaks, [66]);
        assert_eq!(read.weights.values()[66], 0.25);
        assert!(read.notes[0].contains("2026-06 only in part"), "{:?}", read.notes);
    }

    #[test]
    fn highest_days_lie_on_different_days() {
        let spec: PeaksSpec = toml::from_str("highest_days = { months = [6], count = 2 }").unwrap();
        let found = read(&file(&[(66, 80_000.0), (70, 79_000.0), (150, 60_000.0)]), &spec).unwrap();
        let peaks: Vec<usize> = (0..192).filter(|q| found.weights.values()[*q] == 0.5).collect();
        assert_eq!(peaks, [66, 150]);
    }

    #[test]
    fn loads_that_cannot_be_are_refused() {
        for (text, expected) in [
            ("start_utc,mw\n2026-06-01T00:00:00Z,-4\n", "0 to"),
            (
                "start_utc,mw\n2026-06-01T00:00:00Z,4\n2026-06-02T00:00:00Z,4\n",
                "an hour or a whole part",
            ),
            ("start_utc,kw\n2026-06-01T00:00:00Z,4\n", "mw"),
        ] {
            let error = read(text, &PeaksSpec::default()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
