//! How long a stage takes: one number, three points, or a tail of its own, drawn by one uniform through the quantile
//! function.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::random::normal_quantile;

/// The longest duration that a stage may have, months.
pub const MONTHS_MAX: f64 = 240.0;

/// The standard normal number below which nine in ten draws fall.
const Z90: f64 = 1.281_551_565_544_600_4;

/// The duration of a stage in months.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DurationSpec {
    /// Always the same.
    Fixed {
        /// Months.
        value: f64,
    },
    /// Triangular: the most likely value is what plans show.
    Triangular {
        /// The shortest, months.
        low: f64,
        /// The most likely, months.
        mode: f64,
        /// The longest, months.
        high: f64,
    },
    /// Lognormal: the median is what plans show; for lead times, permits and studies with a long tail.
    Lognormal {
        /// Half of all take less, months.
        p50: f64,
        /// Nine in ten take less, months.
        p90: f64,
    },
    /// Triangular, but a share of all falls into a tail, uniform beyond it: a permit that is appealed, a study that is
    /// restudied. The most likely value is what plans show.
    Tailed {
        /// The shortest, months.
        low: f64,
        /// The most likely, months.
        mode: f64,
        /// The longest outside the tail, where the tail begins, months.
        high: f64,
        /// Share of all that falls into the tail, percent.
        tail_percent: f64,
        /// Where the tail ends, months.
        tail_high: f64,
    },
}

impl DurationSpec {
    /// Triangular, or fixed where the ends meet.
    pub fn of(low: f64, mode: f64, high: f64) -> Self {
        if low < high {
            Self::Triangular { low, mode, high }
        } else {
            Self::Fixed { value: mode }
        }
    }
    /// What a plan shows, months.
    pub fn planned(self) -> f64 {
        match self {
            Self::Fixed { value } => value,
            Self::Triangular { mode, .. } | Self::Tailed { mode, .. } => mode,
            Self::Lognormal { p50, .. } => p50,
        }
    }
    /// The value below which a share `u` of draws falls, months.
    pub fn quantile(self, u: f64) -> f64 {
        match self {
            Self::Fixed { value } => value,
            Self::Triangular { low, mode, high } => {
                let (width, left) = (high - low, mode - low);
                if width <= 0.0 {
                    mode
                } else if u * width < left {
                    low + (u * width * left).sqrt()
                } else {
                    high - ((1.0 - u) * width * (high - mode)).sqrt()
                }
            }
            Self::Lognormal { p50, p90 } => {
                let sigma = (p90 / p50).ln() / Z90;
                let z = normal_quantile(u.clamp(1e-12, 1.0 - 1e-12));
                (p50 * (sigma * z).exp()).min(MONTHS_MAX)
            }
            Self::Tailed {
                low,
                mode,
                high,
                tail_percent,
                tail_high,
            } => {
                let body = 1.0 - tail_percent / 100.0;
                if u < body || tail_percent <= 0.0 {
                    Self::Triangular { low, mode, high }.quantile(u / body)
                } else {
                    high + (tail_high - high) * (u - body) / (1.0 - body)
                }
            }
        }
    }
    /// The mean, months.
    pub fn mean(self) -> f64 {
        match self {
            Self::Fixed { value } => value,
            Self::Triangular { low, mode, high } => (low + mode + high) / 3.0,
            Self::Lognormal { p50, p90 } => {
                let sigma = (p90 / p50).ln() / Z90;
                p50 * (0.5 * sigma * sigma).exp()
            }
            Self::Tailed {
                low,
                mode,
                high,
                tail_percent,
                tail_high,
            } => {
                let tail = tail_percent / 100.0;
                (1.0 - tail) * (low + mode + high) / 3.0 + tail * 0.5 * (high + tail_high)
            }
        }
    }
}

impl Check for DurationSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match *self {
            Self::Fixed { value } => {
                problems.within(&at.key("fixed").key("value"), value, 0.0, MONTHS_MAX);
            }
            Self::Triangular { low, mode, high } => {
                let at = at.key("triangular");
                problems.within(&at.key("low"), low, 0.0, MONTHS_MAX);
                problems.within(&at.key("mode"), mode, low.max(0.0), MONTHS_MAX);
                problems.within(&at.key("high"), high, mode.max(0.0), MONTHS_MAX);
            }
            Self::Lognormal { p50, p90 } => {
                let at = at.key("lognormal");
                problems.within(&at.key("p50"), p50, 1e-3, MONTHS_MAX);
                problems.within(&at.key("p90"), p90, p50.max(1e-3), MONTHS_MAX);
            }
            Self::Tailed {
                low,
                mode,
                high,
                tail_percent,
                tail_high,
            } => {
                let at = at.key("tailed");
                problems.within(&at.key("low"), low, 0.0, MONTHS_MAX);
                problems.within(&at.key("mode"), mode, low.max(0.0), MONTHS_MAX);
                problems.within(&at.key("high"), high, mode.max(0.0), MONTHS_MAX);
                problems.percent(&at.key("tail_percent"), tail_percent, 100.0);
                problems.within(&at.key("tail_high"), tail_high, high.max(0.0), MONTHS_MAX);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_invert_the_triangle() {
        let d = DurationSpec::of(2.0, 4.0, 9.0);
        assert_eq!((d.quantile(0.0), d.quantile(1.0)), (2.0, 9.0));
        // The share below the mode is (mode - low) / (high - low).
        assert!((d.quantile(2.0 / 7.0) - 4.0).abs() < 1e-12);
        let n = 100_000;
        let mean = (0..n)
            .map(|i| d.quantile((f64::from(i) + 0.5) / f64::from(n)))
            .sum::<f64>()
            / f64::from(n);
        assert!((mean - d.mean()).abs() < 1e-6, "{mean}");
        assert_eq!(DurationSpec::of(3.0, 3.0, 3.0).quantile(0.3), 3.0);
    }

    #[test]
    fn tails_have_the_quantiles_and_the_mean_that_the_file_states() {
        let log = DurationSpec::Lognormal { p50: 4.0, p90: 10.0 };
        assert!((log.quantile(0.5) - 4.0).abs() < 1e-6 && (log.quantile(0.9) - 10.0).abs() < 1e-6);
        let tailed = DurationSpec::Tailed {
            low: 2.0,
            mode: 3.0,
            high: 7.0,
            tail_percent: 20.0,
            tail_high: 27.0,
        };
        assert!((tailed.quantile(0.9) - 17.0).abs() < 1e-9 && (tailed.quantile(0.8) - 7.0).abs() < 1e-9);
        // 0.8 x 4 + 0.2 x 17.
        assert!((tailed.mean() - 6.6).abs() < 1e-12);
        for d in [log, tailed] {
            let n = 200_000;
            let draw = |i| d.quantile((f64::from(i) + 0.5) / f64::from(n));
            let mean = (0..n).map(draw).sum::<f64>() / f64::from(n);
            assert!((mean - d.mean()).abs() < 2e-3, "{mean} {d:?}");
        }
    }

    #[test]
    fn files_say_it_as_every_distribution() {
        #[derive(Deserialize)]
        struct File {
            d: DurationSpec,
        }
        let read = |text: &str| toml::from_str::<File>(text).map(|f| f.d);
        assert_eq!(read("d.fixed.value = 3").unwrap().planned(), 3.0);
        let three = read("d.triangular = { low = 1, mode = 2, high = 4 }").unwrap();
        assert_eq!(three, DurationSpec::of(1.0, 2.0, 4.0));
        assert!(read("d.triangular = { low = 1, mode = 2, hgih = 4 }").is_err());
    }

    #[test]
    fn points_out_of_order_are_refused() {
        let mut problems = Problems::new();
        DurationSpec::of(5.0, 4.0, 6.0).check(&FieldPath::root().key("d"), &mut problems);
        DurationSpec::Fixed { value: f64::NAN }.check(&FieldPath::root().key("e"), &mut problems);
        let paths: Vec<String> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(paths, ["d.triangular.mode", "e.fixed.value"]);
    }
}
