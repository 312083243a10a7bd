//! The rate of requests by local hour of the week: out of a trace, or of a stated shape.

use thiserror::Error;

use super::spec::RequestShapeSpec;
use crate::random::Streams;
use crate::workload::profile::LoadProfile;
use crate::workload::requests::RequestTrace;
use rand::RngExt as _;

const DAY: usize = 24;
const WEEK: usize = 7 * DAY;
const HOUR_S: i64 = 3_600;

/// What arrives in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HourRate {
    /// Requests per second.
    pub rps: f64,
    /// Mean tokens of a prompt; `None` where nobody said.
    pub tokens_in: Option<f64>,
    /// Mean tokens of an answer; likewise.
    pub tokens_out: Option<f64>,
}

/// Why a trace gives no week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RatesError {
    /// Too short.
    #[error(
        "the requests cover {hours} h; a service needs a day at least: take a longer trace, or `shape` with its mean rate"
    )]
    TooShort {
        /// Hours covered.
        hours: usize,
    },
    /// Steps of another length.
    #[error("the rates come in steps of {step_s} s; hours are needed")]
    Step {
        /// Seconds.
        step_s: i64,
    },
}

/// Weeks of hours from Monday 00:00 local time.
#[derive(Debug, Clone, PartialEq)]
pub struct HourlyRates {
    weeks: Vec<Vec<HourRate>>,
    covered: usize,
}

impl HourlyRates {
    /// Whole weeks of a trace of hourly steps, or its mean day seven times where it is shorter than a week. Its clock is
    /// read as local time; where it does not tell its civil time, second zero is a Monday at midnight.
    pub fn of_trace(trace: &RequestTrace) -> Result<Self, RatesError> {
        if trace.step_s() != HOUR_S {
            return Err(RatesError::Step {
                step_s: trace.step_s(),
            });
        }
        let steps = trace.steps();
        let zero = trace.start().map_or(0, |at| {
            i64::from(at.weekday().to_monday_zero_offset()) * DAY as i64 + i64::from(at.hour())
        });
        let first = (zero + trace.start_s().div_euclid(HOUR_S)).rem_euclid(WEEK as i64) as usize;
        let rate = |i: usize| HourRate {
            rps: steps[i].rate_rps,
            tokens_in: steps[i].tokens_in,
            tokens_out: steps[i].tokens_out,
        };
        let whole = steps.len() / WEEK;
        let weeks = if whole > 0 {
            let week = |w: usize| {
                let mut week = vec![HourRate::default(); WEEK];
                for i in 0..WEEK {
                    week[(first + i) % WEEK] = rate(w * WEEK + i);
                }
                week
            };
            (0..whole).map(week).collect()
        } else if steps.len() >= DAY {
            let day: Vec<HourRate> = (0..DAY)
                .map(|hour| {
                    let same = (0..steps.len()).filter(|i| (first + i) % DAY == hour);
                    mean(same.map(rate))
                })
                .collect();
            vec![(0..WEEK).map(|i| day[i % DAY]).collect()]
        } else {
            return Err(RatesError::TooShort { hours: steps.len() });
        };
        Ok(Self {
            weeks,
            covered: steps.len(),
        })
    }

    /// A mean rate with the shape of a load profile.
    pub fn of_shape(spec: &RequestShapeSpec) -> Self {
        let profile = LoadProfile::new(&spec.profile);
        let shares: Vec<f64> = (0..WEEK)
            .map(|i| {
                let weekend = if i / DAY >= 5 {
                    spec.weekend_percent / 100.0
                } else {
                    1.0
                };
                weekend * profile.fraction((i / DAY) as i8, (i % DAY) as i8).as_fraction()
            })
            .collect();
        let mean = shares.iter().sum::<f64>() / WEEK as f64;
        let scale = if mean > 0.0 { spec.mean_rps / mean } else { 0.0 };
        let hour = |share: &f64| HourRate {
            rps: share * scale,
            ..HourRate::default()
        };
        Self {
            weeks: vec![shares.iter().map(hour).collect()],
            covered: WEEK,
        }
    }
    /// Weeks to choose from.
    pub fn weeks(&self) -> usize {
        self.weeks.len()
    }
    /// Hours of which rates were given.
    pub fn covered(&self) -> usize {
        self.covered
    }
    /// Mean rate over all weeks, requests per second.
    pub fn mean_rps(&self) -> f64 {
        let all = self.weeks.iter().flatten().map(|hour| hour.rps).sum::<f64>();
        all / (self.weeks.len() * WEEK) as f64
    }
    /// The greatest rate of an hour, requests per second.
    pub fn peak_rps(&self) -> f64 {
        self.weeks
            .iter()
            .flatten()
            .map(|hour| hour.rps)
            .fold(0.0, f64::max)
    }
    /// The week that a calendar week takes: drawn anew for each, the same for every strategy.
    pub fn draw(&self, streams: &Streams, tenant: &str, week: u32) -> usize {
        if self.weeks.len() == 1 {
            return 0;
        }
        let mut rng = streams.stream(&format!("inference/{tenant}/week/{week}"));
        rng.random_range(0..self.weeks.len())
    }
    /// An hour of a week.
    pub fn at(&self, week: usize, hour_of_week: usize) -> HourRate {
        self.weeks[week][hour_of_week % WEEK]
    }
}

/// Mean rate over time, mean tokens over requests.
fn mean(hours: impl Iterator<Item = HourRate>) -> HourRate {
    let (mut count, mut rps) = (0.0_f64, 0.0);
    let mut tokens = [(0.0, 0.0); 2];
    for hour in hours {
        count += 1.0;
        rps += hour.rps;
        for (sum, of) in tokens.iter_mut().zip([hour.tokens_in, hour.tokens_out]) {
            if let Some(of) = of {
                sum.0 += hour.rps;
                sum.1 += hour.rps * of;
            }
        }
    }
    let [tokens_in, tokens_out] = tokens.map(|(weight, sum)| (weight > 0.0).then(|| sum / weight));
    HourRate {
        rps: rps / count.max(1.0),
        tokens_in,
        tokens_out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::profile::{FlatLoadSpec, LoadProfileSpec};
    use crate::workload::requests::RequestStep;

    fn trace(hours: usize, start_s: i64, start: Option<&str>) -> RequestTrace {
        let step = |i: usize| RequestStep {
            rate_rps: i as f64,
            tokens_in: Some(10.0 * i as f64),
            tokens_out: None,
        };
        let start = start.map(|s| s.parse().unwrap());
        RequestTrace::new(start_s, 3_600, (0..hours).map(step).collect(), start, Vec::new())
    }

    #[test]
    fn a_trace_that_begins_on_a_wednesday_is_turned_to_monday() {
        let rates = HourlyRates::of_trace(&trace(2 * 168 + 5, 7_200, Some("2026-01-07T01:00:00"))).unwrap();
        assert_eq!((rates.weeks(), rates.covered()), (2, 341));
        // Its first hour is Wednesday 3 o'clock.
        assert_eq!(rates.at(0, 2 * 24 + 3).rps, 0.0);
        assert_eq!(rates.at(0, 2 * 24 + 4).rps, 1.0);
        assert_eq!(rates.at(0, 2 * 24 + 2).rps, 167.0);
        assert_eq!(rates.at(1, 2 * 24 + 3).rps, 168.0);
        assert_eq!(rates.at(1, 0).tokens_in, Some(10.0 * (168.0 + 168.0 - 51.0)));
    }

    #[test]
    fn a_trace_of_days_repeats_its_mean_day_and_a_shorter_one_is_refused() {
        let rates = HourlyRates::of_trace(&trace(30, 0, None)).unwrap();
        // Hours 0 to 5 come twice: rates i and i + 24; tokens weigh requests.
        assert_eq!(rates.at(0, 3).rps, 15.0);
        assert_eq!(rates.at(0, 24 + 3).rps, 15.0);
        let tokens = (3.0 * 30.0 + 27.0 * 270.0) / 30.0;
        assert!((rates.at(0, 3).tokens_in.unwrap() - tokens).abs() < 1e-9);
        assert_eq!(rates.at(0, 10).rps, 10.0);
        assert_eq!(
            HourlyRates::of_trace(&trace(23, 0, None)),
            Err(RatesError::TooShort { hours: 23 })
        );
    }

    #[test]
    fn a_shape_keeps_its_mean_and_the_ratio_of_night_to_day() {
        let shape = RequestShapeSpec {
            mean_rps: 100.0,
            profile: LoadProfileSpec::Inference,
            weekend_percent: 50.0,
        };
        let rates = HourlyRates::of_shape(&shape);
        assert!((rates.mean_rps() - 100.0).abs() < 1e-9);
        // 60 of 278 nodes in the trough.
        assert!((rates.at(0, 3).rps / rates.at(0, 12).rps - 60.0 / 278.0).abs() < 1e-12);
        assert!((rates.at(0, 5 * 24 + 12).rps / rates.at(0, 12).rps - 0.5).abs() < 1e-12);
        let flat = RequestShapeSpec {
            profile: LoadProfileSpec::Flat(FlatLoadSpec { percent: 40.0 }),
            weekend_percent: 100.0,
            ..shape
        };
        assert!((HourlyRates::of_shape(&flat).peak_rps() - 100.0).abs() < 1e-9);
    }
}
