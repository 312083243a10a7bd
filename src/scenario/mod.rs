//! Scenario files: reading, overlays, places of problems, the checked scenario.

pub mod assumptions;
pub mod cases;
pub mod check;
pub mod claims;
mod construction;
pub mod contract_file;
pub mod conversion;
pub mod correlation;
pub mod data;
pub mod diagnostic;
pub mod draw;
pub mod guide;
pub mod horizon;
pub mod lending;
pub mod load;
mod miners;
pub mod overlay;
pub mod residency;
pub mod schema;
pub mod shape;
pub mod source;
pub mod spec;
mod starts;
pub mod supply;
pub mod uncertain;
mod walk;

use crate::scenario::data::Data;
use crate::scenario::diagnostic::Located;
use crate::scenario::horizon::Horizon;
use crate::scenario::source::Sources;
use crate::scenario::spec::{Fidelity, ScenarioSpec};
use crate::time::Month;

/// A checked scenario with its data: immutable, shared by all replications.
#[derive(Debug)]
pub struct Scenario {
    /// What the file says, defaults filled in.
    pub spec: ScenarioSpec,
    /// Where it says so.
    pub sources: Sources,
    /// What replications draw from.
    pub data: Data,
    /// The horizon.
    pub horizon: Horizon,
    /// The ledger's months.
    pub months: Vec<Month>,
    /// What the command line changed, for the manifest.
    pub overrides: Vec<String>,
    /// Warnings of the checks.
    pub warnings: Vec<Located>,
    /// Kind and sentence: what the reader of the memo must know.
    pub notes: Vec<(String, String)>,
}

impl Scenario {
    /// Joins the parts.
    pub fn new(
        spec: ScenarioSpec,
        sources: Sources,
        (data, horizon): (Data, Horizon),
        overrides: Vec<String>,
        warnings: Vec<Located>,
    ) -> Self {
        let mut notes = data.notes.clone();
        notes.extend(
            warnings
                .iter()
                .map(|w| ("warning".to_owned(), format!("{}: {}", w.path, w.message))),
        );
        notes.extend(model_notes(&spec));
        let months = horizon.months.clone();
        Self {
            spec,
            sources,
            data,
            horizon,
            months,
            overrides,
            warnings,
            notes,
        }
    }
    /// The scenario texts as read, by a file name each: what `inputs/` of a run holds.
    pub fn input_files(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for (index, source) in self
            .sources
            .files
            .iter()
            .filter(|f| f.name != "--set")
            .enumerate()
        {
            let base = source.name.rsplit(['/', '\\']).next().unwrap_or("");
            // The default scenario is no file, and its name in messages says so.
            let base = base.strip_suffix(" (embedded)").unwrap_or(base);
            let plain: String = base
                .chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() || ".-_".contains(c) {
                        c
                    } else {
                        '-'
                    }
                })
                .collect();
            let plain = plain.trim_start_matches('.');
            let name = if plain.is_empty() { "scenario.toml" } else { plain };
            let taken = files.iter().any(|(n, _): &(String, String)| n == name);
            let name = if taken {
                format!("{index}-{name}")
            } else {
                name.to_owned()
            };
            files.push((name, source.text.to_string()));
        }
        files
    }
}

/// What the fidelity leaves out, and where heat and price have lost their tie.
fn model_notes(spec: &ScenarioSpec) -> Vec<(String, String)> {
    let mut notes = Vec::new();
    let note = |text: String| ("model".to_owned(), text);
    if spec.tenants.iter().any(|t| t.on_demand.is_some()) {
        notes.push(note(match spec.run.fidelity {
            Fidelity::Jobs => "Every on-demand job of every week is simulated.".to_owned(),
            Fidelity::SampledWeeks => format!(
                "On-demand jobs are simulated one by one in {} weeks a year, one drawn in each part of the year; in between the work that the same redrawn weeks offer flows hour by hour (`fluid`). Waits are those of the flow, corrected by what the simulated weeks show.",
                spec.run.sampled_weeks_per_year
            ),
            Fidelity::Fluid | Fidelity::SampledHours => "On-demand work flows hour by hour: running GPUs by when they are released, and a backlog in order of arrival. What gangs, backfill and kills add is read from a surface fitted to job-level runs of the same demand; no single job is simulated.".to_owned(),
        }));
    }
    if spec.run.fidelity == Fidelity::SampledHours {
        let text = "One hour of each day is looked at, and holds for the day (docs/METHOD-uncertainty.md); `hourly.csv` has those hours. Not where batteries, outages, generation on site, rules of restarting, inference or peaks of a system's load tie hours to each other.";
        notes.push(note(text.to_owned()));
    }
    if spec.tenants.iter().any(|t| t.inference.is_some()) {
        let text = "Requests of inference services are not simulated one by one: each hour's rate meets its replicas in a stationary queue (docs/METHOD-inference.md holds it against a simulation of every request).";
        notes.push(note(text.to_owned()));
    }
    let pools = spec.tenants.iter().any(|t| t.on_demand.is_some());
    if pools && spec.run.fidelity != Fidelity::Jobs && !spec.run.fidelity_check {
        let text = "The error of this fidelity was not measured: `run.fidelity_check` is off.";
        notes.push(note(text.to_owned()));
    }
    notes.extend(miners::card_notes(spec).into_iter().map(note));
    for site in &spec.sites {
        let typical = site
            .weather
            .file
            .as_deref()
            .is_some_and(|f| f.to_lowercase().ends_with(".epw"));
        let series = spec.market.power.values().any(|p| p.series.is_some());
        if typical && series {
            notes.push(note(format!(
                "Weather of `{}` is a typical year made of months of different years, laid on the years of the prices: this cuts the tie of heat and price, so hours that are both hot and dear are too rare.",
                site.id
            )));
        }
    }
    notes
}
