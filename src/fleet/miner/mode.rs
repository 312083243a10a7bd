//! How machines are run: slower and thriftier, as made, or faster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fleet::miner_catalogue::MinerCooling;

/// How machines are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MinerMode {
    /// As the maker rates them.
    #[default]
    Normal,
    /// 72 % of rated power at 15 % less J/TH: a typical profile of firmware for machines of the S19 and S21 class
    /// (assumption: 60 to 80 % and 8 to 22 %; no maker's table was found).
    LowPower,
    /// 125 % of rated power at 8 % more J/TH, for machines cooled by liquid only (assumption: 110 to 140 % of power;
    /// the loss of efficiency mirrors half of what low power gains).
    Overclock,
}

impl MinerMode {
    /// Power over rated power, J/TH over rated J/TH.
    pub const fn factors(self) -> (f64, f64) {
        match self {
            Self::Normal => (1.0, 1.0),
            Self::LowPower => (0.72, 0.85),
            Self::Overclock => (1.25, 1.08),
        }
    }
    /// Whether machines of a cooling can be run so.
    pub fn suits(self, cooling: MinerCooling) -> bool {
        self != Self::Overclock || cooling != MinerCooling::Air
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::miner::{MinerBatch, MinerBatchSpec};

    fn batch(model: &str, mode: MinerMode) -> MinerBatch {
        let spec = MinerBatchSpec {
            mode,
            uptime_percent: 100.0,
            ..MinerBatchSpec::plain(model, 1_000)
        };
        MinerBatch::new(&spec).unwrap()
    }

    #[test]
    fn low_power_gives_less_hashrate_for_much_less_power() {
        // An S21: 3.5 kW and 17.5 J/TH become 2.52 kW and 14.875 J/TH, so 169.4 TH/s.
        let low = batch("antminer-s21", MinerMode::LowPower);
        assert!((low.power().as_mw() - 2.52).abs() < 1e-12);
        assert!((low.efficiency_j_per_th() - 14.875).abs() < 1e-12);
        assert!((low.hashrate_ph() - 2_520.0 / 14.875).abs() < 1e-9);
    }

    #[test]
    fn overclock_gives_more_hashrate_at_worse_efficiency() {
        let fast = batch("antminer-s21-hyd", MinerMode::Overclock);
        let normal = batch("antminer-s21-hyd", MinerMode::Normal);
        assert!((fast.power() / normal.power() - 1.25).abs() < 1e-12);
        assert!((fast.hashrate_ph() / normal.hashrate_ph() - 1.25 / 1.08).abs() < 1e-12);
        assert!(!MinerMode::Overclock.suits(MinerCooling::Air));
    }
}
