//! Load profiles: which share of a reserved block's GPUs draws active power, by hour of the week.
//!
//! Owns the shapes and their sources. Does not own what a GPU draws, or how many are reserved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::units::Ratio;

/// How a tenant uses the GPUs of a reservation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LoadProfileSpec {
    /// Synchronous training around the clock: 97 percent active, with one maintenance window of four hours a
    /// week (Tuesday 10:00 to 14:00) at 50 percent. Mean 95.9 percent. Assumption: large training runs report
    /// more than 90 percent effective time; the window is a usual operator's practice.
    #[default]
    Training,
    /// Serving of users through the day: all GPUs from 08:00 to 24:00, a trough of 21.6 percent from 02:00 to
    /// 06:00 and ramps between. Peak 278, mean 226.75 and trough about 60 nodes as published for `DeepSeek`'s
    /// inference service (2025); the hours of the ramps are an assumption.
    Inference,
    /// The same share in every hour.
    Flat(FlatLoadSpec),
}

/// The same share in every hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlatLoadSpec {
    /// Share of the reserved GPUs that are active, in percent.
    pub percent: f64,
}

impl Check for LoadProfileSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Self::Flat(flat) = self {
            problems.percent(&at.key("flat").key("percent"), flat.percent, 100.0);
        }
    }
}

/// Nodes of the published inference service at its peak, on average, and in its trough.
const INFERENCE_NODES: (f64, f64, f64) = (278.0, 226.75, 60.0);
const TRAINING_ACTIVE: f64 = 0.97;
const TRAINING_MAINTENANCE: f64 = 0.5;

/// A checked profile: one share for each hour of the week.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadProfile {
    /// From Monday 00:00.
    shares: Vec<f64>,
}

impl LoadProfile {
    /// From a checked spec.
    pub fn new(spec: &LoadProfileSpec) -> Self {
        let share = |weekday: usize, hour: usize| match spec {
            LoadProfileSpec::Training if weekday == 1 && (10..14).contains(&hour) => TRAINING_MAINTENANCE,
            LoadProfileSpec::Training => TRAINING_ACTIVE,
            LoadProfileSpec::Inference => inference_share(hour),
            LoadProfileSpec::Flat(flat) => flat.percent / 100.0,
        };
        Self {
            shares: (0..7 * 24).map(|hour| share(hour / 24, hour % 24)).collect(),
        }
    }
    /// The active share in an hour of local time; Monday is 0, hours run from 0 to 23.
    pub fn fraction(&self, weekday: i8, hour: i8) -> Ratio {
        let index = weekday.clamp(0, 6) as usize * 24 + hour.clamp(0, 23) as usize;
        Ratio::from_fraction(self.shares[index])
    }
    /// The mean over a week.
    pub fn mean(&self) -> Ratio {
        Ratio::from_fraction(self.shares.iter().sum::<f64>() / self.shares.len() as f64)
    }
}

/// A trough of four hours, half ramps beside it, and outer ramps that make the day's mean the published one.
fn inference_share(hour: usize) -> f64 {
    let (peak, mean, trough) = INFERENCE_NODES;
    let depth = 1.0 - trough / peak;
    let missing = 24.0 * (1.0 - mean / peak);
    let outer = (missing - 4.0 * depth - 2.0 * depth / 2.0) / 2.0;
    match hour {
        2..=5 => 1.0 - depth,
        1 | 6 => 1.0 - depth / 2.0,
        0 | 7 => 1.0 - outer,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inference_meets_the_published_mean_peak_and_trough() {
        let profile = LoadProfile::new(&LoadProfileSpec::Inference);
        let day: Vec<f64> = (0..24)
            .map(|hour| profile.fraction(3, hour).as_fraction())
            .collect();
        let mean = day.iter().sum::<f64>() / 24.0;
        assert!((mean * 278.0 - 226.75).abs() < 1e-9, "{mean}");
        assert!((day.iter().fold(1.0, |m: f64, s| m.min(*s)) * 278.0 - 60.0).abs() < 1e-9);
        // The ramps fall and rise without steps back.
        assert!(day[23] > day[0] && day[0] > day[1] && day[1] > day[2] && day[6] < day[7] && day[7] < day[8]);
    }

    #[test]
    fn training_dips_once_a_week() {
        let profile = LoadProfile::new(&LoadProfileSpec::Training);
        assert_eq!(profile.fraction(1, 12).as_fraction(), 0.5);
        assert_eq!(profile.fraction(2, 12).as_fraction(), 0.97);
        assert!((profile.mean().as_percent() - 95.88).abs() < 0.01);
    }

    #[test]
    fn specs_read_as_users_write_them() {
        #[derive(Deserialize)]
        struct Tenant {
            load_profile: LoadProfileSpec,
        }
        let read = |text: &str| toml::from_str::<Tenant>(text).map(|t| t.load_profile);
        assert_eq!(read("load_profile = \"training\""), Ok(LoadProfileSpec::Training));
        let flat = read("load_profile.flat = { percent = 80 }").unwrap();
        assert_eq!(LoadProfile::new(&flat).mean().as_percent().round(), 80.0);
        assert!(read("load_profile.flat = { fraction = 1 }").is_err());
        let mut problems = Problems::new();
        LoadProfileSpec::Flat(FlatLoadSpec { percent: 120.0 }).check(&FieldPath::root(), &mut problems);
        assert!(problems.has_errors());
    }
}
