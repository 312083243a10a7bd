//! A scenario as a model of its uncertain inputs, and the table of what was found.

use crate::experiment::sensitivity::saltelli::Index;
use crate::experiment::sensitivity::tornado::Bar;
use crate::experiment::sensitivity::{Figure, Model, WORLD, break_even, hidden, morris, saltelli, tornado};
use crate::experiment::{ExperimentError, guarded};
use crate::metric::Metric;
use crate::results::replication::{PORTFOLIO, Replication};
use crate::results::sensitivity_row::SensitivityRow;
use crate::scenario::Scenario;
use crate::scenario::draw::DrawnInputs;
use crate::sim::{Setup, replicate_inputs};

/// What to do, and how thoroughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Sobol's indices: rows of the design, a power of two.
    pub sobol: Option<u32>,
    /// Morris screening: trajectories.
    pub morris: Option<u32>,
    /// Tornado: worlds over which each figure is a mean.
    pub tornado: Option<u32>,
    /// Break-even values: worlds likewise.
    pub break_even: Option<u32>,
}

impl Effort {
    /// Evaluations that it takes, break-even values left out: they depend on what is found.
    pub fn evaluations(&self, inputs: usize) -> u64 {
        let sobol = self.sobol.map_or(0, |n| saltelli::evaluations(inputs, true, n));
        let morris = self.morris.map_or(0, |n| morris::evaluations(inputs, true, n));
        sobol + morris + self.tornado.map_or(0, |n| u64::from(n) * (2 * inputs as u64 + 1))
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// The rows of `sensitivity.csv`.
    pub rows: Vec<SensitivityRow>,
    /// What the one-at-a-time picture hides, by figure.
    pub warnings: Vec<(String, String)>,
}

/// A figure of a scenario: a strategy's own, or its difference from another in the same world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Output {
    strategy: usize,
    against: Option<usize>,
}

/// A scenario whose metric is asked for.
pub struct ScenarioModel<'a> {
    scenario: &'a Scenario,
    setup: &'a Setup,
    inputs: DrawnInputs,
    metric: Metric,
    outputs: Vec<Output>,
}

impl<'a> ScenarioModel<'a> {
    /// Every strategy's own figure, then the differences from the baseline; `None` where nothing is uncertain.
    pub fn new(scenario: &'a Scenario, setup: &'a Setup, metric: Metric) -> Option<Self> {
        let spec = &scenario.spec;
        let count = spec.strategies.len();
        let baseline = spec.strategies.iter().position(|s| s.id == spec.baseline);
        let own = (0..count).map(|strategy| Output {
            strategy,
            against: None,
        });
        let others = (0..count).filter(|s| baseline.is_some_and(|b| b != *s));
        let differences = others.map(|strategy| Output {
            strategy,
            against: baseline,
        });
        Some(Self {
            scenario,
            setup,
            inputs: DrawnInputs::new(spec)?,
            metric,
            outputs: own.chain(differences).collect(),
        })
    }

    fn names(&self) -> Vec<&str> {
        let inputs = self.scenario.spec.uncertain.iter().map(|u| u.path.as_str());
        inputs.chain([WORLD]).collect()
    }

    fn row(
        &self,
        output: usize,
        input: &str,
        (method, measure): (&str, &str),
        figure: Figure,
    ) -> SensitivityRow {
        let spec = &self.scenario.spec;
        let (id, output) = (|s: usize| spec.strategies[s].id.to_string(), self.outputs[output]);
        let unit = match (method, measure) {
            ("sobol", _) | (_, "quantile") => "1",
            ("break_even", _) => "of the input",
            _ => self.metric.definition().unit,
        };
        SensitivityRow {
            strategy: id(output.strategy),
            case: "base".to_owned(),
            fidelity: spec.run.fidelity.as_str().to_owned(),
            against: output.against.map(id).unwrap_or_default(),
            metric: self.metric.definition().id.to_owned(),
            input: input.to_owned(),
            method: method.to_owned(),
            measure: measure.to_owned(),
            unit: unit.to_owned(),
            value: figure.value,
            ci95_low: figure.low,
            ci95_high: figure.high,
        }
    }

    /// What a figure is called in sentences.
    fn figure_name(&self, output: usize) -> String {
        let row = self.row(output, "", ("", ""), Figure::bare(0.0));
        let over = if row.against.is_empty() {
            String::new()
        } else {
            format!(" over {}", row.against)
        };
        format!("{} of {}{over}", row.metric, row.strategy)
    }
}

impl Model for ScenarioModel<'_> {
    fn inputs(&self) -> usize {
        self.scenario.spec.uncertain.len()
    }
    fn outputs(&self) -> usize {
        self.outputs.len()
    }
    fn has_world(&self) -> bool {
        true
    }
    fn at(&self, units: &[f64], world: u32) -> Result<Vec<f64>, ExperimentError> {
        let records = guarded(self.scenario.spec.run.seed, world, || {
            let spec = self.inputs.at(units.to_vec());
            let spec = spec.unwrap_or_else(|e| panic!("a drawn input does not fit: {e}"));
            replicate_inputs(self.scenario, self.setup, world, spec)
        })?;
        let of = |strategy: usize| value(&records[strategy], self.metric);
        let figure = |o: &Output| of(o.strategy) - o.against.map_or(0.0, of);
        Ok(self.outputs.iter().map(figure).collect())
    }
}

/// A metric of the portfolio; `NaN` where it has no value.
pub(crate) fn value(record: &Replication, metric: Metric) -> f64 {
    let mut scalars = record.scalars.iter();
    let scalar = scalars.find(|s| s.metric == metric && usize::from(s.scope) == PORTFOLIO);
    scalar.map_or(f64::NAN, |s| s.value)
}

/// Examines a scenario by the methods of `effort`.
pub fn examine(model: &ScenarioModel<'_>, effort: Effort) -> Result<Findings, ExperimentError> {
    let seed = model.scenario.spec.run.seed;
    let mut findings = Findings::default();
    let indices = effort
        .sobol
        .map(|n| saltelli::indices(model, n, seed))
        .transpose()?;
    let effects = effort
        .morris
        .map(|n| morris::effects(model, n, seed))
        .transpose()?;
    let bars = effort.tornado.map(|n| tornado::bars(model, n)).transpose()?;
    for output in 0..model.outputs() {
        if let Some(indices) = &indices {
            put_indices(model, output, &indices[output], &mut findings);
        }
        if let Some(effects) = &effects {
            put_effects(model, output, &effects[output], &mut findings);
        }
        if let Some(bars) = &bars {
            put_bars(model, output, &bars[output], &mut findings);
        }
        if let (Some(indices), Some(bars)) = (&indices, &bars) {
            let told = hidden::warnings(&model.names(), &indices[output], &bars[output]);
            let name = model.figure_name(output);
            findings
                .warnings
                .extend(told.into_iter().map(|t| (name.clone(), t)));
        }
        if let Some(worlds) = effort.break_even {
            put_crossings(model, output, worlds, &mut findings)?;
        }
    }
    Ok(findings)
}

fn put_indices(model: &ScenarioModel<'_>, output: usize, indices: &[Index], findings: &mut Findings) {
    for (index, name) in indices.iter().zip(model.names()) {
        for (measure, figure) in [("first_order", index.first), ("total_order", index.total)] {
            findings
                .rows
                .push(model.row(output, name, ("sobol", measure), figure));
        }
    }
}

fn put_effects(
    model: &ScenarioModel<'_>,
    output: usize,
    effects: &[morris::Effects],
    findings: &mut Findings,
) {
    for (effect, name) in effects.iter().zip(model.names()) {
        let sigma = Figure::bare(effect.sigma);
        for (measure, figure) in [("mu_star", effect.mu_star), ("mu", effect.mu), ("sigma", sigma)] {
            findings
                .rows
                .push(model.row(output, name, ("morris", measure), figure));
        }
    }
}

fn put_bars(model: &ScenarioModel<'_>, output: usize, bars: &[Bar], findings: &mut Findings) {
    for (bar, name) in bars.iter().zip(model.names()) {
        for (measure, value) in [("base", bar.base), ("p10", bar.low), ("p90", bar.high)] {
            let figure = Figure::bare(value);
            findings
                .rows
                .push(model.row(output, name, ("tornado", measure), figure));
        }
    }
}

fn put_crossings(
    model: &ScenarioModel<'_>,
    output: usize,
    worlds: u32,
    findings: &mut Findings,
) -> Result<(), ExperimentError> {
    for input in 0..model.inputs() {
        for quantile in break_even::crossings(model, (input, output), worlds)? {
            let mut units = vec![0.5; model.inputs()];
            units[input] = quantile;
            let value = model.inputs.values(units)[input];
            let name = model.names()[input];
            for (measure, value) in [("value", value), ("quantile", quantile)] {
                let figure = Figure::bare(value);
                findings
                    .rows
                    .push(model.row(output, name, ("break_even", measure), figure));
            }
        }
    }
    Ok(())
}
