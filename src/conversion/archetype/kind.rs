//! A kind of conversion as data: what a file states, and the built-in ones in the same form.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ARCHETYPES, Archetype, Outcome, find};
use crate::conversion::stage::{self, STAGES_MAX, StageSpec};
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};

/// The most kinds that a scenario states.
pub const KINDS_MAX: usize = 50;

/// A kind of conversion of your own: its stages, what it costs and what halls become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchetypeSpec {
    /// Name of the kind, unique, none of the built-in ones; conversions name it in `archetype`.
    pub id: Name,
    /// What it is, in a sentence. Default: nothing.
    #[serde(default)]
    pub meaning: String,
    /// What the halls become: `serve`, `lease`, `sell`, `mine` or `idle`.
    pub becomes: Outcome,
    /// Cost in USD per kW, hardware excluded: of critical IT load, and of the hall's connection where it becomes `mine` or
    /// `idle`. Conversions may state their own. Default 0.
    #[serde(default)]
    pub capex_usd_per_kw: f64,
    /// What a buyer pays per kW of the hall's connection where it is sold, USD. Default 0.
    #[serde(default)]
    pub sale_usd_per_grid_kw: f64,
    /// Where its figures come from, for reports. Default: nothing.
    #[serde(default)]
    pub source: String,
    /// Its stages, 1 to 64: shares of cost add up to 100, exactly one has the role `ready`.
    pub stages: Vec<StageSpec>,
}

impl Archetype {
    /// The kind as a file would say it.
    pub fn to_spec(&self) -> ArchetypeSpec {
        ArchetypeSpec {
            id: Name::from(self.id),
            meaning: self.meaning.to_owned(),
            becomes: self.outcome,
            capex_usd_per_kw: self.capex_usd_per_it_kw.mode,
            sale_usd_per_grid_kw: self.sale_usd_per_grid_kw.map_or(0.0, |e| e.mode),
            source: self.capex_usd_per_it_kw.source.to_owned(),
            stages: self.stage_specs(),
        }
    }
}

/// The kind of an id: one of the file's or a built-in one.
pub fn kind(id: &Name, own: &[ArchetypeSpec]) -> Option<ArchetypeSpec> {
    let stated = own.iter().find(|kind| kind.id == *id).cloned();
    stated.or_else(|| find(id.as_str()).map(Archetype::to_spec))
}

/// Every id that a conversion may name.
pub fn known(own: &[ArchetypeSpec]) -> impl Iterator<Item = &str> {
    let built_in = ARCHETYPES.iter().map(|a| a.id);
    own.iter().map(|kind| kind.id.as_str()).chain(built_in)
}

/// Reports what is wrong with the kinds of a scenario.
pub fn check_all(kinds: &[ArchetypeSpec], at: &FieldPath, problems: &mut Problems) {
    if kinds.len() > KINDS_MAX {
        problems.error(at, format!("{} kinds: at most {KINDS_MAX}", kinds.len()));
    }
    for (i, kind) in kinds.iter().enumerate() {
        let at = at.index(i);
        if find(kind.id.as_str()).is_some() {
            let message = format!("`{}` is a built-in kind", kind.id);
            problems.error_with_help(&at.key("id"), message, "choose another name");
        } else if kinds[..i].iter().any(|other| other.id == kind.id) {
            problems.error(&at.key("id"), format!("the kind `{}` exists twice", kind.id));
        }
        kind.check(&at, problems);
    }
}

impl Check for ArchetypeSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("id"), &self.id);
        problems.within(&at.key("capex_usd_per_kw"), self.capex_usd_per_kw, 0.0, 1e6);
        problems.within(
            &at.key("sale_usd_per_grid_kw"),
            self.sale_usd_per_grid_kw,
            0.0,
            1e6,
        );
        let at_stages = at.key("stages");
        if self.stages.len() > STAGES_MAX {
            problems.error(
                &at_stages,
                format!("{} stages: at most {STAGES_MAX}", self.stages.len()),
            );
            return;
        }
        for (i, stage) in self.stages.iter().enumerate() {
            let at = at_stages.index(i);
            stage.check(&at, problems);
            if self.stages[..i].iter().any(|other| other.id == stage.id) {
                problems.error(&at.key("id"), format!("stage `{}` exists twice", stage.id));
            }
            for (j, name) in stage.after.iter().enumerate() {
                if !self.stages.iter().any(|other| other.id == *name) {
                    let known = self.stages.iter().map(|s| s.id.as_str());
                    problems.unknown(&at.key("after").index(j), "stage", name.as_str(), known);
                }
            }
        }
        stage::check_network(&stage::resolve(self.stages.clone(), &[]), &at_stages, problems);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        #[derive(Deserialize)]
        struct File {
            archetypes: Vec<ArchetypeSpec>,
        }
        let file: File = toml::from_str(text).unwrap();
        let mut problems = Problems::new();
        check_all(
            &file.archetypes,
            &FieldPath::root().key("archetypes"),
            &mut problems,
        );
        let text = |p: &crate::problem::Problem| {
            format!("{}: {} {}", p.path, p.message, p.help.clone().unwrap_or_default())
        };
        problems.as_slice().iter().map(text).collect()
    }

    const SMALL: &str = "[[archetypes]]\nid = \"own\"\nbecomes = \"serve\"\ncapex_usd_per_kw = 5000\nstages = [\n\
        { id = \"plan\", scope = \"shared\", duration_months.fixed.value = 1, capex_share_percent = 10 },\n\
        { id = \"build\", after = [\"plan\"], role = \"build\", duration_months.fixed.value = 3, capex_share_percent = 90 },\n\
        { id = \"ready\", after = [\"build\"], role = \"ready\", duration_months.fixed.value = 0 } ]\n";

    #[test]
    fn a_kind_of_ones_own_says_little_and_stands_before_the_built_in_ones() {
        assert_eq!(found(SMALL), Vec::<String>::new());
        for archetype in ARCHETYPES {
            let spec = archetype.to_spec();
            let mut problems = Problems::new();
            spec.check(&FieldPath::root(), &mut problems);
            assert!(problems.as_slice().is_empty(), "{}: {problems:?}", archetype.id);
            assert_eq!(kind(&spec.id, &[]), Some(spec.clone()));
        }
        let mut own = find("greenfield").unwrap().to_spec();
        own.id = Name::from("own");
        assert_eq!(kind(&own.id, std::slice::from_ref(&own)), Some(own.clone()));
        assert!(known(std::slice::from_ref(&own)).any(|id| id == "own"));
    }

    #[test]
    fn what_a_kind_cannot_mean_is_refused_with_its_place() {
        for (from, to, wanted) in [
            (
                "id = \"own\"",
                "id = \"greenfield\"",
                "archetypes[0].id: `greenfield` is a built-in kind",
            ),
            (
                "id = \"plan\", scope",
                "id = \"plan\", after = [\"build\"], scope",
                "stages wait for each other: `plan` -> `build` -> `plan`",
            ),
            ("after = [\"plan\"]", "after = [\"paln\"]", "did you mean `plan`?"),
            (
                "percent = 90",
                "percent = 80",
                "shares of cost add up to 90 percent, not 100",
            ),
            ("role = \"ready\", ", "", "0 stages have the role `ready`"),
            (
                "id = \"build\", after",
                "id = \"plan\", after",
                "stage `plan` exists twice",
            ),
            (
                "capex_usd_per_kw = 5000",
                "capex_usd_per_kw = -1",
                "archetypes[0].capex_usd_per_kw",
            ),
        ] {
            let text = SMALL.replace(from, to);
            assert_ne!(text, SMALL);
            let all = found(&text);
            assert!(all.iter().any(|f| f.contains(wanted)), "{wanted}: {all:#?}");
        }
        let twice = format!("{SMALL}{SMALL}");
        assert!(found(&twice).iter().any(|f| f.contains("exists twice")));
        // A stage without a duration is no stage.
        let text = SMALL.replace("duration_months.fixed.value = 3, ", "");
        let error = toml::from_str::<toml::Table>(&text)
            .unwrap()
            .get("archetypes")
            .unwrap()
            .clone()
            .try_into::<Vec<ArchetypeSpec>>()
            .unwrap_err();
        assert!(
            error.to_string().contains("missing field `duration_months`"),
            "{error}"
        );
    }
}
