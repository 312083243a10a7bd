//! A batch as scenarios write it: miners of one model in a hall.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MACHINES_MAX;
use super::cards::CardsSpec;
use super::heat::MinerHeatSpec;
use super::hosting::HostingSpec;
use super::life::{MoveSpec, PurchaseSpec};
use super::mode::MinerMode;
use super::value::MinerValueSpec;
use super::wear::MinerWearSpec;
use crate::fleet::card_catalogue::{self, CARDS};
use crate::fleet::dispatch::BatchRulesSpec;
use crate::fleet::miner_catalogue::{self, MODELS};
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};

fn default_uptime_percent() -> f64 {
    95.5
}

/// Miners of one model in a hall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinerBatchSpec {
    /// Model of the catalogue: a miner such as `antminer-s19-xp`, or with `cards` a graphics card such as `rtx-3080`.
    pub model: Name,
    /// Number of machines.
    pub count: u32,
    /// Share of the machines that work at any time, percent; the others stand without power. Default 95.5: hosted
    /// sites without UPS reach 92 to 98 (assumption; operators name 95 to 97). What `wear` breaks comes on top.
    #[serde(default = "default_uptime_percent")]
    pub uptime_percent: f64,
    /// Hashrate of one machine in TH/s where it differs from the catalogue (firmware, overclock); default: the
    /// catalogue's.
    #[serde(default)]
    pub hashrate_th_s: Option<f64>,
    /// Power of one machine at the wall in W where it differs from the catalogue; default: the catalogue's.
    #[serde(default)]
    pub power_w: Option<f64>,
    /// Energy per hash at the wall in J/TH where it differs from the catalogue, in place of `power_w`.
    #[serde(default)]
    pub efficiency_j_per_th: Option<f64>,
    /// Rules that tie what the batch does in an hour to the hours before: ramp, minimum times, restarts. Default: none.
    #[serde(default)]
    pub rules: BatchRulesSpec,
    /// How the machines are run: `normal` (the default), `low_power` or `overclock`.
    #[serde(default)]
    pub mode: MinerMode,
    /// Age at the start or at purchase, years. Default 0.
    #[serde(default)]
    pub age_years: f64,
    /// Age at which the machines are taken down and sold as scrap, years. Default: never.
    #[serde(default)]
    pub life_years: Option<f64>,
    /// Ageing, failures and repairs. Default: none.
    #[serde(default)]
    pub wear: Option<MinerWearSpec>,
    /// How the machines are priced. Default: `by_hashprice`.
    #[serde(default)]
    pub value: MinerValueSpec,
    /// Bought within the horizon. Default: stands from the start, paid for before.
    #[serde(default)]
    pub bought: Option<PurchaseSpec>,
    /// Moves to another hall. Default: stays.
    #[serde(default)]
    pub moves: Option<MoveSpec>,
    /// For graphics cards: what they mine, in which frames, what they fetch. Default: the machines mine bitcoin.
    #[serde(default)]
    pub cards: Option<CardsSpec>,
    /// What heat at the inlet does to the machines beside what the cooling plant asks. Default: nothing.
    #[serde(default)]
    pub heat: Option<MinerHeatSpec>,
    /// The machines are a customer's, under this contract. Default: the farm's own.
    #[serde(default)]
    pub hosted: Option<HostingSpec>,
}

impl MinerBatchSpec {
    /// Machines as the file names them where it says no more.
    pub fn plain(model: &str, count: u32) -> Self {
        Self {
            model: Name::from(model),
            count,
            uptime_percent: default_uptime_percent(),
            hashrate_th_s: None,
            power_w: None,
            efficiency_j_per_th: None,
            rules: BatchRulesSpec::default(),
            mode: MinerMode::Normal,
            age_years: 0.0,
            life_years: None,
            wear: None,
            value: MinerValueSpec::ByHashprice,
            bought: None,
            moves: None,
            cards: None,
            heat: None,
            hosted: None,
        }
    }

    fn check_model(&self, at: &FieldPath, problems: &mut Problems) {
        let (id, path) = (self.model.as_str(), at.key("model"));
        let (asic, card) = (miner_catalogue::find(id), card_catalogue::find(id));
        if asic.is_none() && card.is_none() {
            let known = MODELS.iter().map(|m| m.id).chain(CARDS.iter().map(|c| c.id));
            problems.unknown(&path, "miner model", id, known);
            return;
        }
        match (&self.cards, card) {
            (None, Some(_)) => {
                let help = "add `cards = { mines = [\"ethereum-classic\"] }`";
                problems.error_with_help(&path, "graphics cards must say what they mine", help);
            }
            (Some(_), None) => problems.error(&at.key("cards"), format!("`{id}` is no graphics card")),
            (Some(cards), Some(_)) => {
                cards.check(&at.key("cards"), problems);
                self.check_is_no_asic(at, problems);
            }
            (None, None) => {}
        }
    }

    /// What is said of ASICs in terahashes is said of cards under `cards`.
    fn check_is_no_asic(&self, at: &FieldPath, problems: &mut Problems) {
        let said = [
            ("hashrate_th_s", self.hashrate_th_s.is_some()),
            ("power_w", self.power_w.is_some()),
            ("efficiency_j_per_th", self.efficiency_j_per_th.is_some()),
            ("mode", self.mode != MinerMode::Normal),
            ("rules", self.rules != BatchRulesSpec::default()),
            ("value", self.value != MinerValueSpec::ByHashprice),
            ("heat", self.heat.is_some()),
            ("hosted", self.hosted.is_some()),
        ];
        for (key, _) in said.into_iter().filter(|(_, said)| *said) {
            problems.error(
                &at.key(key),
                format!("graphics cards do not take `{key}`; see `cards`"),
            );
        }
        if self.bought.as_ref().is_some_and(|b| b.usd_per_th.is_some()) {
            let message = "graphics cards are bought at what a used card fetches; see `cards.value`";
            problems.error(&at.key("bought").key("usd_per_th"), message);
        }
    }

    fn check_machine(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(th) = self.hashrate_th_s {
            problems.within(&at.key("hashrate_th_s"), th, 0.001, 100_000.0);
        }
        if let Some(w) = self.power_w {
            problems.within(&at.key("power_w"), w, 1.0, 100_000.0);
        }
        if let Some(j) = self.efficiency_j_per_th {
            // No machine reaches 1 J/TH; the first ASICs took some thousands.
            problems.within(&at.key("efficiency_j_per_th"), j, 1.0, 10_000.0);
            if self.power_w.is_some() {
                let message = "`power_w` and `efficiency_j_per_th` say the same: expected one of them";
                problems.error(&at.key("efficiency_j_per_th"), message);
            }
        }
        let cooling = miner_catalogue::find(self.model.as_str()).map(|m| m.cooling);
        if cooling.is_some_and(|c| !self.mode.suits(c)) {
            problems.error_with_help(
                &at.key("mode"),
                "machines cooled by air cannot be overclocked",
                "choose a hydro or immersion model, or state `hashrate_th_s` and `power_w`",
            );
        }
    }

    fn check_hosted(&self, at: &FieldPath, problems: &mut Problems) {
        let Some(hosted) = &self.hosted else { return };
        hosted.check(&at.key("hosted"), problems);
        if self.moves.is_some() {
            problems.error(
                &at.key("moves"),
                "a customer's machines do not move to another hall",
            );
        }
        if self.life_years.is_some() && hosted.term_months.is_some() {
            let message = "`life_years` and `hosted.term_months` both say when the machines leave: expected one of them";
            problems.error(&at.key("life_years"), message);
        }
        if self.bought.as_ref().is_some_and(|b| b.usd_per_th.is_some()) {
            let at = at.key("bought").key("usd_per_th");
            problems.error(&at, "the farm does not buy a customer's machines");
        }
    }

    fn check_life(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("age_years"), self.age_years, 0.0, 30.0);
        if let Some(life) = self.life_years {
            problems.within(&at.key("life_years"), life, 0.1, 50.0);
            if life <= self.age_years {
                let message = format!("machines of {} years have outlived {life} years", self.age_years);
                problems.error(&at.key("life_years"), message);
            }
        }
        if let Some(wear) = &self.wear {
            wear.check(&at.key("wear"), problems);
        }
        self.value.check(&at.key("value"), problems);
        if let Some(bought) = &self.bought {
            bought.check(&at.key("bought"), problems);
        }
        if let Some(moves) = &self.moves {
            moves.check(&at.key("moves"), problems);
        }
    }
}

impl Check for MinerBatchSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.check_model(at, problems);
        if self.count == 0 || self.count > MACHINES_MAX {
            let message = format!("`{}` machines: must lie between 1 and {MACHINES_MAX}", self.count);
            problems.error(&at.key("count"), message);
        }
        problems.percent(&at.key("uptime_percent"), self.uptime_percent, 100.0);
        self.rules.check(&at.key("rules"), problems);
        self.check_machine(at, problems);
        self.check_hosted(at, problems);
        if let Some(heat) = &self.heat {
            heat.check(&at.key("heat"), problems);
        }
        self.check_life(at, problems);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(spec: &MinerBatchSpec) -> Problems {
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("miners").index(0), &mut problems);
        problems
    }

    #[test]
    fn a_spec_reports_all_that_is_wrong_and_the_model_meant() {
        let spec = MinerBatchSpec {
            count: 0,
            uptime_percent: 120.0,
            hashrate_th_s: Some(-1.0),
            power_w: Some(f64::NAN),
            ..MinerBatchSpec::plain("antminer-s19xp", 1)
        };
        let problems = problems_of(&spec);
        assert_eq!(problems.as_slice().len(), 5);
        let first = &problems.as_slice()[0];
        assert_eq!(first.path.to_string(), "miners[0].model");
        assert_eq!(first.help.as_deref(), Some("did you mean `antminer-s19-xp`?"));
    }

    #[test]
    fn an_efficiency_of_nothing_or_less_is_refused_as_is_one_said_twice() {
        for j_per_th in [0.0, -17.5, f64::NAN] {
            let spec = MinerBatchSpec {
                efficiency_j_per_th: Some(j_per_th),
                ..MinerBatchSpec::plain("antminer-s21", 1)
            };
            let problems = problems_of(&spec);
            assert_eq!(problems.as_slice().len(), 1, "{j_per_th}");
            let path = problems.as_slice()[0].path.to_string();
            assert_eq!(path, "miners[0].efficiency_j_per_th");
        }
        let twice = MinerBatchSpec {
            efficiency_j_per_th: Some(17.0),
            power_w: Some(3_400.0),
            mode: MinerMode::Overclock,
            life_years: Some(2.0),
            age_years: 3.0,
            ..MinerBatchSpec::plain("antminer-s21", 1)
        };
        assert_eq!(problems_of(&twice).as_slice().len(), 3);
    }

    #[test]
    fn a_file_may_leave_out_the_defaults_but_not_invent_keys() {
        let spec: MinerBatchSpec = toml::from_str("model = \"antminer-s21\"\ncount = 900").unwrap();
        assert_eq!(spec, MinerBatchSpec::plain("antminer-s21", 900));
        assert_eq!(spec.uptime_percent, 95.5);
        assert!(toml::from_str::<MinerBatchSpec>("model = \"antminer-s21\"\ncount = 1\npower = 3").is_err());
    }

    #[test]
    fn cards_say_what_they_mine_and_nothing_in_terahashes() {
        let path = |spec: &MinerBatchSpec| -> Vec<String> {
            let problems = problems_of(spec);
            problems.as_slice().iter().map(|p| p.path.to_string()).collect()
        };
        assert_eq!(path(&MinerBatchSpec::plain("rtx-3080", 8)), ["miners[0].model"]);
        let cards: CardsSpec = toml::from_str("mines = [\"ergo\"]").unwrap();
        let with = |model: &str| MinerBatchSpec {
            cards: Some(cards.clone()),
            ..MinerBatchSpec::plain(model, 8)
        };
        assert_eq!(path(&with("rtx-3080")), [""; 0]);
        assert_eq!(path(&with("antminer-s21")), ["miners[0].cards"]);
        let wrong = MinerBatchSpec {
            power_w: Some(200.0),
            mode: MinerMode::LowPower,
            ..with("rtx-3080")
        };
        assert_eq!(path(&wrong), ["miners[0].power_w", "miners[0].mode"]);
        let help = problems_of(&with("rtx-3800")).as_slice()[0].help.clone();
        assert_eq!(help.as_deref(), Some("did you mean `rtx-3080`?"));
    }
}
