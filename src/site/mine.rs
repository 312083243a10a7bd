//! What a conversion puts into a hall that mines at its end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fleet::miner::MinerBatchSpec;
use crate::problem::{Check, FieldPath, Problems};

/// What a hall mines with when its conversion is done, under the hall's own `cooling`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MineSpec {
    /// Machines of each hall. They stand and are paid when the hall is ready, at the price of that day; they do not come
    /// later, move, wear or belong to customers.
    pub miners: Vec<MinerBatchSpec>,
    /// The machines come with the hall and cost nothing by themselves. Default: false.
    #[serde(default)]
    pub miners_included: bool,
    /// What the hall costs, USD per kW of its connection. Default: the archetype's figure.
    #[serde(default)]
    pub usd_per_grid_kw: Option<f64>,
}

impl Check for MineSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.miners.is_empty() {
            problems.error(&at.key("miners"), "a mine without miners");
        }
        for (index, batch) in self.miners.iter().enumerate() {
            let at = at.key("miners").index(index);
            batch.check(&at, problems);
            for (key, said) in [
                ("bought", batch.bought.is_some()),
                ("life_years", batch.life_years.is_some()),
                ("wear", batch.wear.is_some()),
                ("moves", batch.moves.is_some()),
                ("cards", batch.cards.is_some()),
                ("hosted", batch.hosted.is_some()),
            ] {
                if said {
                    let message = format!("`{key}` is not said of miners that a conversion brings");
                    problems.error(&at.key(key), message);
                }
            }
        }
        if let Some(usd) = self.usd_per_grid_kw {
            problems.within(&at.key("usd_per_grid_kw"), usd, 0.0, 1e6);
        }
    }
}
