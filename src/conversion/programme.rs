//! What a file says about a conversion as a project: its kind, order, start, orders at risk, changed stages and risk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::archetype::ArchetypeSpec;
use super::archetype::kind::{kind, known};
use super::copula::{self, StageCorrelationSpec};
use super::refreeze::{self, RefreezeSpec};
use super::risk::RiskSpec;
use super::stage::{self, Stage, StageOverrideSpec, StageRole, StageScope};
use super::start::StartSpec;
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};

/// In which order the halls of a conversion follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sequence {
    /// All halls together.
    #[default]
    AllAtOnce,
    /// Work on a hall begins when the one before is ready for service, so that it mines until then.
    OneAfterAnother,
    /// Each crew moves on: a stage of a hall waits for the same stage of the hall before.
    CrewsMoveOn,
}

fn default_deposit_percent() -> f64 {
    20.0
}

/// How much less each further hall takes and costs than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LearningSpec {
    /// Works at each further hall take so much less time than at the one before, percent. Default 0.
    pub duration_percent: f64,
    /// Works at each further hall cost so much less than at the one before, percent. Default 0.
    pub cost_percent: f64,
    /// Nothing falls below this share of the first hall's, percent. Default 60 (assumption).
    pub floor_percent: f64,
}

impl Default for LearningSpec {
    fn default() -> Self {
        Self {
            duration_percent: 0.0,
            cost_percent: 0.0,
            floor_percent: 60.0,
        }
    }
}

impl LearningSpec {
    fn factor(&self, percent: f64, hall: Option<usize>) -> f64 {
        let power = i32::try_from(hall.unwrap_or(0)).unwrap_or(i32::MAX);
        (1.0 - percent / 100.0)
            .powi(power)
            .max(self.floor_percent / 100.0)
    }
    /// Duration of works at a hall of the plan over that at the first.
    pub fn duration(&self, hall: Option<usize>) -> f64 {
        self.factor(self.duration_percent, hall)
    }
    /// Cost of works at a hall of the plan over that at the first.
    pub fn cost(&self, hall: Option<usize>) -> f64 {
        self.factor(self.cost_percent, hall)
    }
}

impl Check for LearningSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.percent(&at.key("duration_percent"), self.duration_percent, 90.0);
        problems.percent(&at.key("cost_percent"), self.cost_percent, 90.0);
        problems.percent(&at.key("floor_percent"), self.floor_percent, 100.0);
    }
}

/// A conversion as a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeSpec {
    /// Kind of conversion, built in or of `archetypes`.
    pub archetype: Name,
    /// Kinds that the file states. Default: none.
    #[serde(default)]
    pub archetypes: Vec<ArchetypeSpec>,
    /// In which order the halls follow each other. Default: all at once.
    #[serde(default)]
    pub order: Sequence,
    /// When it starts.
    pub start: StartSpec,
    /// Orders placed when the project starts, before design is frozen. Default: none.
    #[serde(default)]
    pub at_risk_orders: Vec<Name>,
    /// Paid when an order is placed, percent of its price; the balance on delivery. Default 20 (assumption: 10 to 30).
    #[serde(default = "default_deposit_percent")]
    pub deposit_percent: f64,
    /// Facility cost per kW of IT, USD, GPU hardware excluded; per kW of connection where halls mine or stand idle.
    /// Default: the archetype's most likely value.
    #[serde(default)]
    pub capex_usd_per_it_kw: Option<f64>,
    /// Changes of the archetype's stages, and further stages. Default: none.
    #[serde(default)]
    pub stages: Vec<StageOverrideSpec>,
    /// How it strays from the plan. Default: like the reference class of data-centre projects.
    #[serde(default)]
    pub risk: RiskSpec,
    /// Working calendar of works at the halls. Default: every day.
    #[serde(default)]
    pub calendar: Option<Name>,
    /// What halls learn from those before. Default: nothing.
    #[serde(default)]
    pub learning: LearningSpec,
    /// Events after which the frozen design is opened again. Default: none.
    #[serde(default)]
    pub refreezes: Vec<RefreezeSpec>,
    /// Stages whose durations go together. Default: none beside the factor common to all.
    #[serde(default)]
    pub correlations: Vec<StageCorrelationSpec>,
}

impl ProgrammeSpec {
    /// A conversion of a kind with every default.
    pub fn of(archetype: impl Into<String>, start: StartSpec) -> Self {
        Self {
            archetype: Name::new(archetype),
            archetypes: Vec::new(),
            order: Sequence::default(),
            start,
            at_risk_orders: Vec::new(),
            deposit_percent: default_deposit_percent(),
            capex_usd_per_it_kw: None,
            stages: Vec::new(),
            risk: RiskSpec::default(),
            calendar: None,
            learning: LearningSpec::default(),
            refreezes: Vec::new(),
            correlations: Vec::new(),
        }
    }
    /// Its kind; `None` for one that nobody knows.
    pub fn kind(&self) -> Option<ArchetypeSpec> {
        kind(&self.archetype, &self.archetypes)
    }
    /// Its stages with the file's changes; empty for an unknown archetype.
    pub fn resolved_stages(&self) -> Vec<Stage> {
        let specs = self.kind().map(|kind| kind.stages).unwrap_or_default();
        stage::resolve(specs, &self.stages)
    }
    /// Facility cost per kW of IT, USD: given, or the archetype's.
    pub fn facility_usd_per_it_kw(&self) -> f64 {
        let default = self.kind().map_or(0.0, |kind| kind.capex_usd_per_kw);
        self.capex_usd_per_it_kw.unwrap_or(default)
    }
    /// Under one-after-another a hall waits for the one before, so nothing that all halls share may wait for a hall.
    fn check_sequence(&self, stages: &[Stage], at: &FieldPath, problems: &mut Problems) {
        if self.order != Sequence::OneAfterAnother {
            return;
        }
        let is_hall = |name: &Name| {
            stages
                .iter()
                .any(|s| s.spec.id == *name && s.spec.scope == StageScope::Hall)
        };
        for stage in stages.iter().filter(|s| s.spec.scope == StageScope::Shared) {
            if let Some(hall_stage) = stage.spec.after.iter().find(|name| is_hall(name)) {
                let message = format!(
                    "`one-after-another` cannot hold: shared stage `{}` waits for `{hall_stage}` of every hall",
                    stage.spec.id
                );
                problems.error_with_help(
                    at,
                    message,
                    "give the stage the scope `hall`, or use `crews-move-on`",
                );
            }
        }
    }
    fn check_orders(&self, stages: &[Stage], at: &FieldPath, problems: &mut Problems) {
        let orders = |s: &&Stage| matches!(s.spec.role, StageRole::Order | StageRole::Hardware);
        for (i, name) in self.at_risk_orders.iter().enumerate() {
            if !stages.iter().filter(orders).any(|s| s.spec.id == *name) {
                let known = stages.iter().filter(orders).map(|s| s.spec.id.as_str());
                problems.unknown(&at.index(i), "order", name.as_str(), known);
            }
        }
    }
}

impl Check for ProgrammeSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.start.check(&at.key("start"), problems);
        self.risk.check(&at.key("risk"), problems);
        self.learning.check(&at.key("learning"), problems);
        problems.percent(&at.key("deposit_percent"), self.deposit_percent, 100.0);
        if let Some(usd) = self.capex_usd_per_it_kw {
            problems.within(&at.key("capex_usd_per_it_kw"), usd, 0.0, 1e6);
        }
        let at_stages = at.key("stages");
        for (i, change) in self.stages.iter().enumerate() {
            change.check(&at_stages.index(i), problems);
        }
        let Some(kind) = self.kind() else {
            let known = known(&self.archetypes);
            problems.unknown(&at.key("archetype"), "archetype", self.archetype.as_str(), known);
            return;
        };
        stage::check_references(&kind.stages, &self.stages, &at_stages, problems);
        let stages = self.resolved_stages();
        stage::check_network(&stages, &at_stages, problems);
        self.check_sequence(&stages, &at.key("order"), problems);
        self.check_orders(&stages, &at.key("at_risk_orders"), problems);
        refreeze::check_all(&self.refreezes, &stages, &at.key("refreezes"), problems);
        copula::check_all(&self.correlations, &stages, &at.key("correlations"), problems);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Vec<String> {
        let spec: ProgrammeSpec = toml::from_str(text).unwrap();
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("conversions").index(0), &mut problems);
        let text = |p: &crate::problem::Problem| format!("{}: {}", p.path, p.message);
        problems.as_slice().iter().map(text).collect()
    }

    #[test]
    fn a_file_says_little_and_gets_the_archetype() {
        let text = "archetype = \"rebuild-on-pad\"\norder = \"one-after-another\"\nstart.date = \"2026-06-01\"\n\
                    at_risk_orders = [\"switchgear\", \"transformer\"]";
        assert_eq!(check(text), Vec::<String>::new());
        let spec: ProgrammeSpec = toml::from_str(text).unwrap();
        assert_eq!(spec.facility_usd_per_it_kw(), 9_500.0);
        assert_eq!(spec.resolved_stages().len(), 21);
    }

    #[test]
    fn everything_wrong_is_said_at_once_with_its_place() {
        let found = check(
            "archetype = \"rebuild-on-pad\"\nstart.date = \"June\"\nat_risk_orders = [\"swichgear\", \"civil\"]\n\
             deposit_percent = 120\nrisk.commissioning_fail_percent = 100\n\
             [[stages]]\nid = \"civil\"\nafter = [\"commissioning\"]\ncapex_share_percent = 40",
        );
        for (place, what) in [
            ("start.date", "not a date"),
            ("at_risk_orders[0]", "unknown order `swichgear`"),
            ("at_risk_orders[1]", "unknown order `civil`"),
            ("deposit_percent", "120"),
            ("risk.commissioning_fail_percent", "100"),
            ("stages", "wait for each other"),
            ("stages", "add up to 119.5"),
        ] {
            let full = format!("conversions[0].{place}: ");
            assert!(
                found.iter().any(|f| f.starts_with(&full) && f.contains(what)),
                "{place} {what}: {found:#?}"
            );
        }
        assert_eq!(found.len(), 7, "{found:#?}");
    }

    #[test]
    fn a_shared_stage_behind_a_hall_stage_forbids_one_after_another() {
        let text = |order: &str| {
            format!(
                "archetype = \"rebuild-on-pad\"\norder = \"{order}\"\nstart.date = \"2026-06-01\"\n\
                 [[stages]]\nid = \"energisation\"\nscope = \"shared\""
            )
        };
        assert_eq!(check(&text("crews-move-on")), Vec::<String>::new());
        assert!(
            check(&text("one-after-another"))[0].contains("shared stage `energisation` waits for `civil`")
        );
    }

    #[test]
    fn the_schema_describes_every_field_and_files_round_trip() {
        let schema = serde_json::to_value(schemars::schema_for!(ProgrammeSpec)).unwrap();
        for (key, field) in schema["properties"].as_object().unwrap() {
            assert!(field["description"].is_string(), "{key}");
        }
        let mut spec = ProgrammeSpec::of("powered-shell", StartSpec::Date("2026-06-01".to_owned()));
        let mut change = StageOverrideSpec::of("transformer");
        change.delay_months = 2.0;
        spec.stages.push(change);
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<ProgrammeSpec>(&text).unwrap(), spec);
    }

    #[test]
    fn an_unknown_archetype_is_answered_with_the_one_meant() {
        let found = check("archetype = \"rebuild-on-pda\"\nstart.date = \"2026-06-01\"");
        assert_eq!(
            found,
            ["conversions[0].archetype: unknown archetype `rebuild-on-pda`"]
        );
    }
}
