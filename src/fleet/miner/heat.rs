//! What the air or liquid at the inlet does to machines: more joules a hash when warm, a slower clock when hot, a stop above.
//!
//! Acts beside the cooling plant, whose own limit a hall meets first or after: the lower of both holds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fleet::miner_catalogue::MinerCooling;
use crate::problem::{Check, FieldPath, Problems};

/// What heat at the inlet does to machines. Defaults by the model's cooling.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinerHeatSpec {
    /// Rise of J/TH, percent a kelvin above `warm_c`: leakage and fans; power stays, hashes fall. Default 0.3 by air, 0.2
    /// by liquid (assumption: makers publish none).
    pub j_per_th_percent_per_k: Option<f64>,
    /// Inlet above which J/TH rises, degrees Celsius. Default 25 by air, at which makers rate machines (assumption for
    /// liquid: 35 hydro, 40 immersion).
    pub warm_c: Option<f64>,
    /// Inlet above which the clock slows, degrees Celsius. Default 40 by air (temperature test of an S21, 2023: sourced);
    /// 45 hydro, 50 immersion (assumption).
    pub slow_above_c: Option<f64>,
    /// By how much it slows, percent of hashrate and power. Default 10.2 (from 490 to 440 MHz in that test: computed).
    pub slow_percent: Option<f64>,
    /// Inlet above which machines stop, degrees Celsius. Default 47 by air (that test: sourced); 50 hydro, 55 immersion
    /// (assumption).
    pub stop_above_c: Option<f64>,
}

impl Check for MinerHeatSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let temperatures = [
            ("warm_c", self.warm_c),
            ("slow_above_c", self.slow_above_c),
            ("stop_above_c", self.stop_above_c),
        ];
        for (key, value) in temperatures {
            if let Some(c) = value {
                problems.within(&at.key(key), c, -20.0, 100.0);
            }
        }
        if let Some(percent) = self.j_per_th_percent_per_k {
            problems.percent(&at.key("j_per_th_percent_per_k"), percent, 10.0);
        }
        if let Some(percent) = self.slow_percent {
            problems.percent(&at.key("slow_percent"), percent, 100.0);
        }
        if let (Some(slow), Some(stop)) = (self.slow_above_c, self.stop_above_c)
            && slow > stop
        {
            let message = format!("machines that stop above {stop} degrees do not slow above {slow}");
            problems.error(&at.key("slow_above_c"), message);
        }
    }
}

/// The same in plain numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinerHeat {
    per_k: f64,
    warm_c: f64,
    slow_above_c: f64,
    slow: f64,
    stop_above_c: f64,
}

impl MinerHeat {
    /// Of machines of a cooling.
    pub(super) fn new(spec: &MinerHeatSpec, cooling: MinerCooling) -> Self {
        let (percent, warm_c, slow_c, stop_c) = match cooling {
            MinerCooling::Air => (0.3, 25.0, 40.0, 47.0),
            MinerCooling::Hydro => (0.2, 35.0, 45.0, 50.0),
            MinerCooling::Immersion => (0.2, 40.0, 50.0, 55.0),
        };
        Self {
            per_k: spec.j_per_th_percent_per_k.unwrap_or(percent) / 100.0,
            warm_c: spec.warm_c.unwrap_or(warm_c),
            slow_above_c: spec.slow_above_c.unwrap_or(slow_c),
            slow: 1.0
                - spec
                    .slow_percent
                    .map_or(1.0 - 440.0 / 490.0, |percent| percent / 100.0),
            stop_above_c: spec.stop_above_c.unwrap_or(stop_c),
        }
    }
    /// At an inlet: the share of full speed that the machines allow themselves, and J/TH over rated J/TH.
    pub fn at(&self, inlet_c: f64) -> (f64, f64) {
        let speed = if inlet_c > self.stop_above_c {
            0.0
        } else if inlet_c > self.slow_above_c {
            self.slow
        } else {
            1.0
        };
        (speed, 1.0 + self.per_k * (inlet_c - self.warm_c).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn air_cooled_machines_warm_slow_and_stop() {
        let heat = MinerHeat::new(&MinerHeatSpec::default(), MinerCooling::Air);
        assert_eq!(heat.at(20.0), (1.0, 1.0));
        // 35 degrees: 10 K above the rating at 0.3 % a kelvin.
        assert!((heat.at(35.0).1 - 1.03).abs() < 1e-12);
        assert!((heat.at(43.0).0 - 440.0 / 490.0).abs() < 1e-12);
        assert_eq!(heat.at(47.5).0, 0.0);
    }

    #[test]
    fn liquid_stands_more() {
        let hydro = MinerHeat::new(&MinerHeatSpec::default(), MinerCooling::Hydro);
        assert_eq!(hydro.at(35.0), (1.0, 1.0));
        assert!(hydro.at(45.0).1 > 1.0 && hydro.at(45.0).0 == 1.0 && hydro.at(50.5).0 == 0.0);
        let immersion = MinerHeat::new(&MinerHeatSpec::default(), MinerCooling::Immersion);
        assert_eq!((immersion.at(40.0).1, immersion.at(55.0).0 > 0.0), (1.0, true));
    }
}
