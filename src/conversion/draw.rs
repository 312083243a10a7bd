//! The luck of one replication: durations, repeated tests, cost, events that open the design again, cancellation.
//!
//! Every number has an address of its own (seed, replication, what), so strategies that convert the same hall meet the
//! same luck, and one more stage changes no other.

use rand::RngExt;
use rand_distr::{Distribution, Exp1, StandardNormal};

use super::network::{Network, Node};
use super::plan::{Plan, PlanInputs};
use super::refreeze::RefreezeWhen;
use crate::random::{Address, Streams};

/// Months in a year.
const MONTHS_PER_YEAR: f64 = 12.0;

/// The luck of one replication.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draw {
    /// Duration of every node, failed tests excluded, months.
    pub months: Vec<f64>,
    /// Duration of every repeat of every node, months.
    pub repeats: Vec<Vec<f64>>,
    /// No node starts earlier than this, months from the project's start.
    pub floor: Vec<f64>,
    /// The factor common to all stages.
    pub factor: f64,
    /// Actual over planned facility cost.
    pub cost_factor: f64,
    /// For each event that opens the design again: months from the project's start to it, where it is not dated, and
    /// months of its repeat.
    pub refreezes: Vec<(Option<f64>, f64)>,
    /// When the project is cancelled if it still runs, months from its start.
    pub cancelled: Option<f64>,
}

/// What a replication draws for a project as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Common {
    pub(super) factor: f64,
    pub(super) cost_factor: f64,
}

/// Where the draws of a plan are addressed. Every number has its own address, so strategies that convert the same hall
/// share it, and a further stage changes no other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Addresses {
    nodes: Vec<Address>,
    refreezes: Vec<Address>,
    factor: Address,
    cost: Address,
    cancellation: Address,
}

impl Addresses {
    pub(super) fn new(inputs: &PlanInputs, network: &Network) -> Self {
        let key = &inputs.key;
        let of = |node: &Node| {
            let stage = &inputs.stages[node.stage].spec.id;
            match node.hall {
                Some(hall) => format!("conversion/hall/{}/{stage}", inputs.halls[hall].name),
                None if node.rest => format!("conversion/{key}/{stage}/rest"),
                None => format!("conversion/{key}/{stage}"),
            }
        };
        let refreeze = |i: usize| Address::of(&format!("conversion/{key}/refreeze/{i}"));
        Self {
            nodes: network.nodes.iter().map(|n| Address::of(&of(n))).collect(),
            refreezes: (0..inputs.refreezes.len()).map(refreeze).collect(),
            factor: Address::of(&format!("conversion/{key}/factor")),
            cost: Address::of(&format!("conversion/{key}/cost")),
            cancellation: Address::of(&format!("conversion/{key}/cancellation")),
        }
    }
}

impl Plan {
    /// The luck of one replication.
    pub fn draw(&self, streams: &Streams) -> Draw {
        let nodes = self.network().nodes.len();
        let risk = &self.inputs().risk;
        let common = self.draw_common(streams);
        let mut draw = Draw {
            months: vec![0.0; nodes],
            repeats: vec![Vec::new(); nodes],
            floor: vec![0.0; nodes],
            factor: common.factor,
            cost_factor: common.cost_factor,
            ..Draw::default()
        };
        self.draw_floor(common.factor, &mut draw.floor);
        let mut repeats = std::mem::take(&mut draw.repeats);
        self.draw_nodes(streams, common.factor, &mut draw.months, |node, months| {
            repeats[node].push(months);
        });
        draw.repeats = repeats;
        let events = 0..self.inputs().refreezes.len();
        draw.refreezes = events
            .map(|event| self.draw_refreeze(event, streams, common.factor))
            .collect();
        if risk.enabled && risk.cancellation_percent_per_year > 0.0 {
            let mut rng = streams.at(self.addresses.cancellation);
            let wait: f64 = Exp1.sample(&mut rng);
            let per_year = -(1.0 - risk.cancellation_percent_per_year / 100.0).ln();
            draw.cancelled = Some(wait / per_year * MONTHS_PER_YEAR);
        }
        draw
    }

    /// Factors of durations and of the facility's cost.
    pub(super) fn draw_common(&self, streams: &Streams) -> Common {
        let risk = &self.inputs().risk;
        if !risk.enabled {
            return Common {
                factor: 1.0,
                cost_factor: 1.0,
            };
        }
        let normal = |address| -> f64 { StandardNormal.sample(&mut streams.at(address)) };
        let time = normal(self.addresses.factor);
        let cost = normal(self.addresses.cost);
        let rho = risk.cost_duration_correlation;
        let cost = if rho > 0.0 {
            rho * time + (1.0 - rho * rho).sqrt() * cost
        } else {
            cost
        };
        Common {
            factor: self.factor().at(time),
            cost_factor: (risk.cost_log_mean + risk.cost_log_sd * cost).exp(),
        }
    }

    /// Floors of just-in-time nodes under a factor.
    pub(super) fn draw_floor(&self, factor: f64, out: &mut [f64]) {
        let floors = self.floor.iter().zip(&self.floor_shift);
        for (own, (floor, shift)) in out.iter_mut().zip(floors) {
            *own = floor * factor + shift;
        }
    }

    /// Durations of all nodes under a factor; `repeat` hears of each failed test and how long its repeat takes.
    pub(super) fn draw_nodes(
        &self,
        streams: &Streams,
        factor: f64,
        months: &mut [f64],
        mut repeat: impl FnMut(usize, f64),
    ) {
        let risk = &self.inputs().risk;
        let test = risk.test();
        if !risk.enabled {
            for (n, month) in months.iter_mut().enumerate() {
                let planned = self.duration(n).planned() * self.learnt(n);
                *month = self.left(n, planned) + self.delay(n);
            }
            return;
        }
        for (n, uniform) in months.iter_mut().enumerate() {
            let mut rng = streams.at(self.addresses.nodes[n]);
            *uniform = rng.random();
            let stage = self.stage(n);
            if !stage.done {
                for test in stage.spec.tests(&test) {
                    test.draw_repeats(&mut rng, |months| repeat(n, months * factor));
                }
            }
        }
        self.copula.mix(months);
        for (n, month) in months.iter_mut().enumerate() {
            let total = self.duration(n).quantile(*month) * self.learnt(n) * factor;
            *month = self.left(n, total) + self.delay(n);
        }
    }

    /// When an event opens the design again, months from the start where it is not dated, and for how many months.
    pub(super) fn draw_refreeze(&self, event: usize, streams: &Streams, factor: f64) -> (Option<f64>, f64) {
        let spec = &self.inputs().refreezes[event];
        let stage = self.inputs().stages.iter().find(|s| s.spec.id == spec.stage);
        let planned = stage.map_or(0.0, |s| s.spec.duration_months.planned());
        let lasts = planned * spec.repeat_percent / 100.0 * factor;
        let at = match spec.when {
            RefreezeWhen::Date(_) => None,
            RefreezeWhen::RatePerYear(rate) if self.inputs().risk.enabled && rate > 0.0 => {
                let wait: f64 = Exp1.sample(&mut streams.at(self.addresses.refreezes[event]));
                Some(wait / rate * MONTHS_PER_YEAR)
            }
            RefreezeWhen::RatePerYear(_) => Some(f64::INFINITY),
        };
        (at, lasts)
    }
}
