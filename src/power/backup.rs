//! Backup generators: whether they start, how long they run, what they burn, and how long a permit lets them.

use rand::RngExt;
use rand_distr::{Distribution, Exp1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::time::{SimTime, Span};

/// Generators that carry serving halls through outages of the grid; miners never run on them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupSpec {
    /// Number of generators.
    pub units: u32,
    /// Rating of each, in megawatts. Default 2.5 (2.0 to 3.1, vendors).
    #[serde(default = "default_mw")]
    pub mw_each: f64,
    /// Chance that one starts when it is asked to. Default 0.9906 (NREL `REopt`: 0.0094 failures to start per demand).
    #[serde(default = "default_start")]
    pub start_probability: f64,
    /// Seconds until those that start carry load; batteries of UPS bridge them. Default 12 (assumption: ten seconds of
    /// NFPA 110 type 10, and transfer).
    #[serde(default = "default_start_seconds")]
    pub start_seconds: f64,
    /// Mean hours of running until one fails, exponentially distributed. Default 1,100 (NREL `REopt`; 636 to 1,700).
    #[serde(default = "default_mttf")]
    pub mttf_hours: f64,
    /// Fuel on site when an outage begins, in hours of all generators at full load. Default 48 (24 to 72, custom of design
    /// guides). It is filled up again before the next outage.
    #[serde(default = "default_fuel")]
    pub fuel_hours: f64,
    /// Hours that a permit lets them run in a calendar year. Default: no limit (a permit's figure is local; 100 to 500 are
    /// common).
    #[serde(default)]
    pub hours_per_year_max: Option<f64>,
    /// Cost of fuel, USD per MWh of electricity. Default 265: 265 litres per MWh at full load (vendors: 261 to 269) at
    /// 1 USD a litre (assumption).
    #[serde(default = "default_fuel_cost")]
    pub fuel_usd_per_mwh: f64,
    /// Carbon of fuel, kg per MWh of electricity. Default 710: 265 litres at 2.68 kg a litre of diesel (computed).
    #[serde(default = "default_carbon")]
    pub carbon_kg_per_mwh: f64,
}

fn default_mw() -> f64 {
    2.5
}
fn default_start() -> f64 {
    0.990_6
}
fn default_start_seconds() -> f64 {
    12.0
}
fn default_mttf() -> f64 {
    1_100.0
}
fn default_fuel() -> f64 {
    48.0
}
fn default_fuel_cost() -> f64 {
    265.0
}
fn default_carbon() -> f64 {
    710.0
}

impl Check for BackupSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("units"), f64::from(self.units), 1.0, 1_000.0);
        problems.within(&at.key("mw_each"), self.mw_each, 1e-3, 1_000.0);
        problems.within(&at.key("start_probability"), self.start_probability, 0.0, 1.0);
        problems.within(&at.key("start_seconds"), self.start_seconds, 0.0, 3_600.0);
        problems.within(&at.key("mttf_hours"), self.mttf_hours, 0.1, 1e9);
        problems.within(&at.key("fuel_hours"), self.fuel_hours, 0.0, 100_000.0);
        if let Some(hours) = self.hours_per_year_max {
            problems.within(&at.key("hours_per_year_max"), hours, 0.0, 8_784.0);
        }
        problems.within(&at.key("fuel_usd_per_mwh"), self.fuel_usd_per_mwh, 0.0, 1e5);
        problems.within(&at.key("carbon_kg_per_mwh"), self.carbon_kg_per_mwh, 0.0, 5_000.0);
    }
}

/// Generators at run time.
#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    spec: BackupSpec,
    fuel_mwh: f64,
    /// The calendar year, and the hours run in it.
    year: i32,
    hours_run: f64,
}

impl Backup {
    /// The generators of a checked spec, tanks full.
    pub fn new(spec: &BackupSpec) -> Self {
        Self {
            spec: spec.clone(),
            fuel_mwh: 0.0,
            year: i32::MIN,
            hours_run: 0.0,
        }
        .filled()
    }
    fn filled(mut self) -> Self {
        self.fill();
        self
    }
    /// Fills the tanks.
    pub fn fill(&mut self) {
        self.fuel_mwh = self.spec.fuel_hours * f64::from(self.spec.units) * self.spec.mw_each;
    }
    /// The spec.
    pub const fn spec(&self) -> &BackupSpec {
        &self.spec
    }
    /// The instants until which those run that start in an outage. Every generator draws both numbers, so that another
    /// chance of starting moves no other draw.
    pub(super) fn draw(&self, from: SimTime, rng: &mut Stream) -> Vec<SimTime> {
        let mut until = Vec::new();
        for _ in 0..self.spec.units {
            let starts = rng.random::<f64>() < self.spec.start_probability;
            let life: f64 = Exp1.sample(rng);
            if starts {
                let seconds = (self.spec.start_seconds + life * self.spec.mttf_hours * 3_600.0).min(1e10);
                until.push(from + Span::from_seconds(seconds.ceil() as i64));
            }
        }
        until
    }
    /// What `running` generators may give over the next `hours`, MW: by rating, fuel left and what the permit leaves of a
    /// calendar `year`.
    pub fn available_mw(&mut self, running: u32, hours: f64, year: i32) -> f64 {
        if year != self.year {
            (self.year, self.hours_run) = (year, 0.0);
        }
        if self
            .spec
            .hours_per_year_max
            .is_some_and(|most| self.hours_run >= most)
        {
            return 0.0;
        }
        let rated = f64::from(running.min(self.spec.units)) * self.spec.mw_each;
        rated.min(self.fuel_mwh.max(0.0) / hours.max(1e-9))
    }
    /// Takes note of a power held over `hours`.
    pub fn run(&mut self, power_mw: f64, hours: f64) {
        if power_mw > 0.0 {
            self.hours_run += hours;
            self.fuel_mwh -= power_mw * hours;
        }
    }
    /// Energy that is left in the tanks, MWh.
    pub const fn fuel_mwh(&self) -> f64 {
        self.fuel_mwh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn four() -> BackupSpec {
        toml::from_str("units = 4").unwrap()
    }

    #[test]
    fn generators_start_and_fail_as_often_as_published() {
        let backup = Backup::new(&BackupSpec {
            start_probability: 0.9,
            ..four()
        });
        let mut rng = Streams::new(1, 0).stream("backup");
        let start = SimTime::from_unix_s(0);
        let (mut started, mut two_weeks) = (0_u32, 0_u32);
        for _ in 0..25_000 {
            let until = backup.draw(start, &mut rng);
            started += until.len() as u32;
            two_weeks += until.iter().filter(|t| (**t - start).as_hours() > 336.0).count() as u32;
        }
        // 100,000 demands: three standard errors are 0.003.
        assert!((f64::from(started) / 1e5 - 0.9).abs() < 0.003);
        // exp(-336/1100) = 0.737: NREL and MIT Lincoln Laboratory publish about 0.8 for a well maintained one.
        let expected = 0.9 * (-336.0_f64 / 1_100.0).exp();
        assert!((f64::from(two_weeks) / 1e5 - expected).abs() < 0.005);
    }

    #[test]
    fn fuel_and_permit_end_the_run() {
        let mut backup = Backup::new(&BackupSpec {
            fuel_hours: 2.0,
            hours_per_year_max: Some(3.0),
            ..four()
        });
        assert_eq!(backup.available_mw(3, 1.0, 2026), 7.5);
        backup.run(7.5, 1.0);
        backup.run(7.5, 1.0);
        // 20 MWh in the tanks, 15 burnt.
        assert_eq!(backup.available_mw(3, 1.0, 2026), 5.0);
        backup.run(5.0, 1.0);
        assert_eq!(backup.available_mw(3, 1.0, 2026), 0.0);
        backup.fill();
        assert_eq!(
            backup.available_mw(3, 1.0, 2026),
            0.0,
            "three hours are all the permit gives"
        );
        assert_eq!(backup.available_mw(3, 1.0, 2027), 7.5);
    }

    #[test]
    fn no_generators_and_a_chance_above_one_are_refused() {
        let bad: BackupSpec = toml::from_str("units = 0\nstart_probability = 1.2\nmttf_hours = 0").unwrap();
        let mut problems = Problems::new();
        bad.check(&FieldPath::root().key("backup"), &mut problems);
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(
            paths,
            ["backup.units", "backup.start_probability", "backup.mttf_hours"]
        );
    }
}
