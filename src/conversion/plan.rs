//! The plan of one conversion, made once per strategy: its network over the halls, its planned dates, the factor that
//! brings it to the reference class, and the draws of a replication.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::archetype::{self, Outcome};
use super::network::{Network, Times};
use super::phase::HallPhase;
use super::programme::{ProgrammeSpec, Sequence};
use super::risk::{CommonFactor, RiskSpec};
use super::stage::{Stage, StageRole};
use crate::id::Name;
use crate::random::Streams;
use crate::units::Money;

/// Draws from which the common factor is found.
const CALIBRATION_DRAWS: usize = 4_000;
/// Seed of those draws: the factor belongs to the plan, not to the run.
const CALIBRATION_SEED: u64 = 0x7265_706f_7765_7221;

/// One hall of a conversion.
#[derive(Debug, Clone, PartialEq)]
pub struct HallInputs {
    /// Its name, as in `west-texas/g-1`; addresses its draws.
    pub name: String,
    /// What it is doing when the project starts: [`HallPhase::Mining`] or [`HallPhase::Idle`].
    pub phase: HallPhase,
    /// Planned cost of the facility, positive.
    pub facility: Money,
    /// Price of the GPU systems, positive; zero where a tenant brings them.
    pub hardware: Money,
    /// What a buyer pays for it, positive; zero where it is not sold.
    pub sale: Money,
}

/// What a plan is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanInputs {
    /// Addresses the draws of shared stages: the same key meets the same luck in every strategy.
    pub key: String,
    /// The stages, resolved and checked.
    pub stages: Vec<Stage>,
    /// The halls, at least one.
    pub halls: Vec<HallInputs>,
    /// In which order halls follow.
    pub sequence: Sequence,
    /// Orders placed at the start.
    pub at_risk: Vec<Name>,
    /// Paid when an order is placed, percent.
    pub deposit_percent: f64,
    /// What the halls become.
    pub outcome: Outcome,
    /// How it strays.
    pub risk: RiskSpec,
}

/// The luck of one replication.
#[derive(Debug, Clone, PartialEq)]
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
}

/// A conversion as planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    inputs: PlanInputs,
    network: Network,
    at_risk: Vec<bool>,
    planned: Times,
    /// Floors of just-in-time nodes in the plan, and what known delays add to them.
    floor: Vec<f64>,
    floor_shift: Vec<f64>,
    factor: CommonFactor,
}

impl Plan {
    /// The plan of a checked programme for `halls`; `None` for an unknown archetype.
    pub fn of_programme(
        spec: &ProgrammeSpec,
        key: impl Into<String>,
        halls: Vec<HallInputs>,
    ) -> Option<Self> {
        let archetype = archetype::find(spec.archetype.as_str())?;
        Some(Self::new(PlanInputs {
            key: key.into(),
            stages: spec.resolved_stages(),
            halls,
            sequence: spec.order,
            at_risk: spec.at_risk_orders.clone(),
            deposit_percent: spec.deposit_percent,
            outcome: archetype.outcome,
            risk: spec.risk,
        }))
    }

    /// The plan of checked inputs.
    pub fn new(inputs: PlanInputs) -> Self {
        assert!(!inputs.halls.is_empty(), "a conversion of no halls has no plan");
        let at_risk: Vec<bool> = inputs
            .stages
            .iter()
            .map(|s| inputs.at_risk.contains(&s.spec.id))
            .collect();
        let network = Network::new(&inputs.stages, inputs.halls.len(), inputs.sequence, &at_risk);
        let mut plan = Self {
            inputs,
            network,
            at_risk,
            planned: Times::default(),
            floor: Vec::new(),
            floor_shift: Vec::new(),
            factor: CommonFactor::ONE,
        };
        let (floor, planned) = plan.schedule(&plan.remaining_months());
        let (delayed_floor, _) = plan.schedule(&plan.delayed_months());
        plan.floor_shift = delayed_floor.iter().zip(&floor).map(|(d, f)| d - f).collect();
        (plan.floor, plan.planned) = (floor, planned);
        if plan.inputs.risk.enabled {
            plan.factor = plan.calibrate();
        }
        plan
    }

    /// What the plan was made of.
    pub fn inputs(&self) -> &PlanInputs {
        &self.inputs
    }
    /// Its network.
    pub fn network(&self) -> &Network {
        &self.network
    }
    /// Planned start and end of every node, months from the project's start.
    pub fn planned(&self) -> &Times {
        &self.planned
    }
    /// Planned months from the project's start until a hall is ready.
    pub fn planned_ready_months(&self, hall: usize) -> f64 {
        self.planned.end[self.network.ready[hall]]
    }
    /// The common factor that it was calibrated to.
    pub fn factor(&self) -> CommonFactor {
        self.factor
    }
    /// The stage of a node.
    pub fn stage(&self, node: usize) -> &Stage {
        &self.inputs.stages[self.network.nodes[node].stage]
    }
    /// Whether a node is an order placed at risk.
    pub fn is_at_risk(&self, node: usize) -> bool {
        self.at_risk[self.network.nodes[node].stage]
    }

    fn delay(&self, node: usize) -> f64 {
        let stage = self.stage(node);
        if stage.done { 0.0 } else { stage.delay_months }
    }
    /// Months of a node that are left of `total`.
    fn left(&self, node: usize, total: f64) -> f64 {
        let stage = self.stage(node);
        if stage.done {
            0.0
        } else {
            (total - stage.elapsed_months).max(0.0)
        }
    }
    fn remaining_months(&self) -> Vec<f64> {
        let planned = |n: usize| self.left(n, self.stage(n).spec.duration_months.planned());
        (0..self.network.nodes.len()).map(planned).collect()
    }

    fn delayed_months(&self) -> Vec<f64> {
        let months = self.remaining_months();
        months
            .iter()
            .enumerate()
            .map(|(n, m)| m + self.delay(n))
            .collect()
    }

    /// Floors of the just-in-time nodes that keep every ready date, and the schedule under them.
    fn schedule(&self, months: &[f64]) -> (Vec<f64>, Times) {
        let mut times = Times::default();
        let none = vec![0.0; months.len()];
        self.network.forward(months, &none, &mut times);
        let latest = self.network.latest_start(months, &times);
        let floor: Vec<f64> = latest
            .iter()
            .enumerate()
            .map(|(n, latest)| {
                let stage = self.stage(n);
                let begun = stage.done || stage.elapsed_months > 0.0;
                match stage.spec.just_in_time_buffer_months {
                    Some(buffer) if !begun => (latest - buffer).max(0.0),
                    _ => 0.0,
                }
            })
            .collect();
        self.network.forward(months, &floor, &mut times);
        (floor, times)
    }

    /// The common factor under which the whole meets the reference class, from draws of the network itself as if
    /// nothing of it had begun.
    fn calibrate(&self) -> CommonFactor {
        let risk = &self.inputs.risk;
        let mut rng = Streams::shared(CALIBRATION_SEED).stream("conversion/calibration");
        let nodes = self.network.nodes.len();
        let whole: Vec<f64> = (0..nodes)
            .map(|n| self.stage(n).spec.duration_months.planned())
            .collect();
        let (floor, planned) = self.schedule(&whole);
        let plan = self.network.last_ready(&planned);
        if plan <= 0.0 {
            return CommonFactor::ONE;
        }
        let (mut months, mut times) = (vec![0.0; nodes], Times::default());
        let ratios = (0..CALIBRATION_DRAWS).map(|_| {
            for (n, month) in months.iter_mut().enumerate() {
                let spec = &self.stage(n).spec;
                *month = spec.duration_months.quantile(rng.random());
                if spec.role == StageRole::Commission {
                    *month += risk.draw_repeats(&mut rng).iter().sum::<f64>();
                }
            }
            self.network.forward(&months, &floor, &mut times);
            self.network.last_ready(&times) / plan
        });
        CommonFactor::to_reach(risk, ratios)
    }

    /// The luck of one replication: every number has its own address, so strategies that convert the same hall share
    /// it, and a further stage changes no other.
    pub fn draw(&self, streams: &Streams) -> Draw {
        let nodes = self.network.nodes.len();
        let risk = &self.inputs.risk;
        if !risk.enabled {
            return Draw {
                months: (0..nodes)
                    .map(|n| self.remaining_months()[n] + self.delay(n))
                    .collect(),
                repeats: vec![Vec::new(); nodes],
                floor: self
                    .floor
                    .iter()
                    .zip(&self.floor_shift)
                    .map(|(f, s)| f + s)
                    .collect(),
                factor: 1.0,
                cost_factor: 1.0,
            };
        }
        let key = &self.inputs.key;
        let normal = |what: &str| -> f64 {
            StandardNormal.sample(&mut streams.stream(&format!("conversion/{key}/{what}")))
        };
        let factor = self.factor.at(normal("factor"));
        let mut draw = Draw {
            months: Vec::with_capacity(nodes),
            repeats: Vec::with_capacity(nodes),
            floor: self
                .floor
                .iter()
                .zip(&self.floor_shift)
                .map(|(f, s)| f * factor + s)
                .collect(),
            factor,
            cost_factor: (risk.cost_log_mean + risk.cost_log_sd * normal("cost")).exp(),
        };
        for n in 0..nodes {
            let spec = &self.stage(n).spec;
            let mut rng = streams.stream(&self.address(n));
            let total = spec.duration_months.quantile(rng.random()) * factor;
            draw.months.push(self.left(n, total) + self.delay(n));
            let tested = spec.role == StageRole::Commission && !self.stage(n).done;
            let repeats = if tested {
                risk.draw_repeats(&mut rng)
            } else {
                Vec::new()
            };
            draw.repeats.push(repeats.iter().map(|r| r * factor).collect());
        }
        draw
    }

    /// The address of a node's draws.
    fn address(&self, node: usize) -> String {
        let stage = &self.stage(node).spec.id;
        match self.network.nodes[node].hall {
            Some(hall) => format!("conversion/hall/{}/{stage}", self.inputs.halls[hall].name),
            None => format!("conversion/{}/{stage}", self.inputs.key),
        }
    }

    /// Start and end of every node under a draw, months from the project's start.
    pub fn forecast(&self, draw: &Draw) -> Times {
        let whole = |(n, m): (usize, &f64)| m + draw.repeats[n].iter().sum::<f64>();
        let months: Vec<f64> = draw.months.iter().enumerate().map(whole).collect();
        let mut times = Times::default();
        self.network.forward(&months, &draw.floor, &mut times);
        times
    }

    /// Planned facility cost of what a node stands for: one hall, or all.
    pub(super) fn facility(&self, hall: Option<usize>) -> Money {
        self.of_halls(hall, |h| h.facility)
    }
    /// Price of the GPU systems of what a node stands for.
    pub(super) fn hardware(&self, hall: Option<usize>) -> Money {
        self.of_halls(hall, |h| h.hardware)
    }
    fn of_halls(&self, hall: Option<usize>, value: impl Fn(&HallInputs) -> Money) -> Money {
        match hall {
            Some(h) => value(&self.inputs.halls[h]),
            None => self.inputs.halls.iter().map(value).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::stage::StageOverrideSpec;
    use crate::conversion::start::StartSpec;

    pub(crate) fn halls(count: usize) -> Vec<HallInputs> {
        let hall = |h| HallInputs {
            name: format!("west/g-{}", h + 1),
            phase: HallPhase::Mining,
            facility: Money::from_usd(100e6),
            hardware: Money::from_usd(400e6),
            sale: Money::from_usd(5e6),
        };
        (0..count).map(hall).collect()
    }

    fn plan(archetype: &str, count: usize, change: impl Fn(&mut ProgrammeSpec)) -> Plan {
        let mut spec = ProgrammeSpec::of(archetype, StartSpec::Date("2026-06-01".to_owned()));
        change(&mut spec);
        Plan::of_programme(&spec, "test", halls(count)).unwrap()
    }

    fn at_risk(names: &[&str]) -> Vec<Name> {
        names.iter().map(|n| Name::from(*n)).collect()
    }

    const ALL_ORDERS: [&str; 5] = ["switchgear", "transformer", "gensets", "ups", "cooling-plant"];

    #[test]
    fn the_plan_of_a_rebuild_is_its_critical_path_by_hand() {
        // feasibility 1, design 3, transformer 11.5, energisation 1.5, commissioning 2, racks 1.5, burn-in 0.2.
        let ready = |names: &[&str]| {
            plan("rebuild-on-pad", 1, |s| s.at_risk_orders = at_risk(names)).planned_ready_months(0)
        };
        assert!((ready(&[]) - 20.7).abs() < 1e-9, "{}", ready(&[]));
        // With transformer and switchgear at risk the cooling plant leads: 1 + 3 + 8.5 + 1.5 + 2 + 1.5 + 0.2.
        let two = ready(&["switchgear", "transformer"]);
        assert!((two - 17.7).abs() < 1e-9, "{two}");
        // With all at risk the works in the hall: 1 + 3 + 1.5 + 3.5 + 4 + 2 + 1.7, within the trade's 12 to 18 months.
        assert!((ready(&ALL_ORDERS) - 16.7).abs() < 1e-9, "{}", ready(&ALL_ORDERS));
    }

    #[test]
    fn every_kind_takes_as_long_as_the_trade_says() {
        for (archetype, low, high) in [
            ("swap-in-place", 4.0, 10.0),
            ("rebuild-on-pad", 12.0, 18.0),
            ("build-beside-the-mine", 12.0, 19.0),
            ("powered-shell", 12.0, 18.0),
            ("sell-the-land", 1.0, 6.0),
            ("greenfield", 36.0, 60.0),
        ] {
            let plan = plan(archetype, 1, |s| {
                let stages = s.resolved_stages();
                let orders = stages
                    .iter()
                    .filter(|s| matches!(s.spec.role, StageRole::Order | StageRole::Hardware));
                s.at_risk_orders = orders.map(|s| s.spec.id.clone()).collect();
            });
            let months = plan.planned_ready_months(0);
            assert!(low <= months && months <= high, "{archetype}: {months}");
        }
    }

    #[test]
    fn the_whole_meets_the_reference_class_whatever_the_network() {
        // Nine in ten late and 34 % over on average (V16), for every kind, number of halls and order.
        for (archetype, count, sequence) in [
            ("rebuild-on-pad", 2, Sequence::AllAtOnce),
            ("rebuild-on-pad", 3, Sequence::OneAfterAnother),
            ("powered-shell", 2, Sequence::CrewsMoveOn),
            ("swap-in-place", 1, Sequence::AllAtOnce),
            ("build-beside-the-mine", 1, Sequence::AllAtOnce),
        ] {
            let plan = plan(archetype, count, |s| {
                s.order = sequence;
                s.at_risk_orders = s
                    .resolved_stages()
                    .iter()
                    .filter(|s| s.spec.role == StageRole::Order)
                    .take(2)
                    .map(|s| s.spec.id.clone())
                    .collect();
            });
            let planned = plan.network().last_ready(plan.planned());
            let n = 20_000u32;
            let (mut sum, mut late) = (0.0, 0u32);
            for r in 0..u64::from(n) {
                let times = plan.forecast(&plan.draw(&Streams::new(11, r)));
                let ratio = plan.network().last_ready(&times) / planned;
                sum += ratio;
                late += u32::from(ratio > 1.0);
            }
            let (mean, share) = (sum / f64::from(n), f64::from(late) / f64::from(n));
            println!(
                "{archetype} {count} {sequence:?}: mean {mean:.4} late {share:.4} {:?}",
                plan.factor()
            );
            assert!((mean - 1.34).abs() < 0.02, "{archetype}: mean {mean}");
            assert!((share - 0.90).abs() < 0.02, "{archetype}: late {share}");
        }
    }

    #[test]
    fn without_risk_the_plan_comes_true() {
        let plan = plan("rebuild-on-pad", 2, |s| s.risk = RiskSpec::none());
        let draw = plan.draw(&Streams::new(3, 4));
        assert_eq!(plan.forecast(&draw), *plan.planned());
        assert_eq!((draw.factor, draw.cost_factor), (1.0, 1.0));
    }

    #[test]
    fn a_known_delay_moves_the_ready_date_and_keeps_the_mine_running() {
        let late = |months: f64| {
            plan("rebuild-on-pad", 1, |s| {
                s.risk = RiskSpec::none();
                let mut change = StageOverrideSpec::of("transformer");
                change.delay_months = months;
                s.stages = vec![change];
            })
        };
        let (base, delayed) = (late(0.0), late(2.0));
        assert_eq!(base.planned(), delayed.planned(), "the plan does not show it");
        let times = |p: &Plan| p.forecast(&p.draw(&Streams::new(1, 0)));
        let (a, b) = (times(&base), times(&delayed));
        assert!((base.network().last_ready(&b) - base.network().last_ready(&a) - 2.0).abs() < 1e-9);
        let wind_down = (0..a.start.len())
            .find(|n| base.stage(*n).spec.role == StageRole::WindDown)
            .unwrap();
        assert!((b.start[wind_down] - a.start[wind_down] - 2.0).abs() < 1e-9);
    }

    #[test]
    fn just_in_time_stages_wait_and_cost_no_time() {
        let base = plan("rebuild-on-pad", 1, |s| s.risk = RiskSpec::none());
        let soon = plan("rebuild-on-pad", 1, |s| {
            s.risk = RiskSpec::none();
            let mut stages = Vec::new();
            for id in ["wind-down", "gpu-delivery", "hire-and-train"] {
                let mut change = StageOverrideSpec::of(id);
                change.just_in_time_buffer_months = Some(120.0);
                stages.push(change);
            }
            s.stages = stages;
        });
        assert_eq!(base.planned_ready_months(0), soon.planned_ready_months(0));
        // Wind-down, civil, fit-out take 9 months before commissioning at 17: latest start 8, one month of buffer.
        let start = |p: &Plan| {
            let n = (0..p.network().nodes.len())
                .find(|n| p.stage(*n).spec.role == StageRole::WindDown)
                .unwrap();
            p.planned().start[n]
        };
        assert!((start(&base) - 7.0).abs() < 1e-9, "{}", start(&base));
        assert!((start(&soon) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn halls_follow_in_the_order_asked_for() {
        let ready = |sequence| {
            let p = plan("rebuild-on-pad", 2, |s| {
                s.order = sequence;
                s.at_risk_orders = at_risk(&ALL_ORDERS);
            });
            (p.planned_ready_months(0), p.planned_ready_months(1))
        };
        assert_eq!(ready(Sequence::AllAtOnce), (16.7, 16.7));
        let (first, second) = ready(Sequence::OneAfterAnother);
        // Wind-down 1.5, civil 3.5, fit-out 4, commissioning 2, racks and burn-in 1.7 once more.
        assert!(
            (first - 16.7).abs() < 1e-9 && (second - first - 12.7).abs() < 1e-9,
            "{first} {second}"
        );
        let (first, second) = ready(Sequence::CrewsMoveOn);
        // The longest trade, fit-out with 4 months, sets the distance.
        assert!(
            (first - 16.7).abs() < 1e-9 && (second - first - 4.0).abs() < 1e-9,
            "{first} {second}"
        );
    }

    #[test]
    fn strategies_that_convert_the_same_hall_meet_the_same_luck() {
        let a = plan("rebuild-on-pad", 1, |_| {});
        let b = plan("powered-shell", 2, |s| s.at_risk_orders = at_risk(&["ups"]));
        let streams = Streams::new(5, 9);
        let (da, db) = (a.draw(&streams), b.draw(&streams));
        let duration = |p: &Plan, d: &Draw, id: &str| {
            let n = (0..d.months.len())
                .find(|n| p.stage(*n).spec.id.as_str() == id)
                .unwrap();
            d.months[n] / d.factor
        };
        for id in ["civil", "fit-out", "switchgear", "permits", "commissioning"] {
            assert!(
                (duration(&a, &da, id) - duration(&b, &db, id)).abs() < 1e-12,
                "{id}"
            );
        }
        let z = |p: &Plan, d: &Draw| (d.factor.ln() - p.factor().log_mean) / p.factor().log_sd;
        assert!((z(&a, &da) - z(&b, &db)).abs() < 1e-9);
        assert_eq!(da.cost_factor, db.cost_factor);
    }

    #[test]
    fn what_was_done_before_takes_no_more_time() {
        let p = plan("rebuild-on-pad", 1, |s| {
            s.risk = RiskSpec::none();
            s.stages = [
                "feasibility",
                "permits",
                "design",
                "transformer",
                "switchgear",
                "cooling-plant",
                "ups",
            ]
            .iter()
            .chain(
                [
                    "gensets",
                    "wind-down",
                    "civil",
                    "grid-review",
                    "energisation",
                    "fibre",
                    "gpu-delivery",
                ]
                .iter(),
            )
            .map(|id| {
                let mut change = StageOverrideSpec::of(*id);
                change.done = true;
                change
            })
            .collect();
            let mut fit_out = StageOverrideSpec::of("fit-out");
            fit_out.elapsed_months = 3.0;
            s.stages.push(fit_out);
        });
        // Left: plant 1.5 beside fit-out 1, commissioning 2, racks 1.5, burn-in 0.2; hiring takes 6 at least.
        assert!(
            (p.planned_ready_months(0) - 6.0).abs() < 1e-9,
            "{}",
            p.planned_ready_months(0)
        );
    }
}
