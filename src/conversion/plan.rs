//! The plan of one conversion, made once per strategy: its network over the halls, its planned dates, and the factor
//! that brings it to the reference class. Draws are in `draw`, crews and calendars over several plans in `portfolio`.

use rand::RngExt;

use super::archetype::Outcome;
use super::copula::{Copula, StageCorrelationSpec};
use super::draw::{Addresses, Draw};
use super::months;
use super::network::{Network, Times};
use super::phase::HallPhase;
use super::portfolio::Hold;
use super::programme::{LearningSpec, ProgrammeSpec, Sequence};
use super::refreeze::RefreezeSpec;
use super::resource::Needs;
use super::risk::{CommonFactor, RiskSpec};
use super::stage::Stage;
use super::works::Works;
use crate::id::Name;
use crate::random::Streams;
use crate::time::SimTime;
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
    /// Working calendar of works at the halls.
    pub calendar: Option<Name>,
    /// What halls learn from those before.
    pub learning: LearningSpec,
    /// Events that open the design again.
    pub refreezes: Vec<RefreezeSpec>,
    /// Stages whose durations go together.
    pub correlations: Vec<StageCorrelationSpec>,
}

impl PlanInputs {
    /// Checked stages over halls, all at once, without risk; the rest as a file that says nothing.
    pub fn of(key: impl Into<String>, stages: Vec<Stage>, halls: Vec<HallInputs>) -> Self {
        Self {
            key: key.into(),
            stages,
            halls,
            sequence: Sequence::AllAtOnce,
            at_risk: Vec::new(),
            deposit_percent: 20.0,
            outcome: Outcome::Serve,
            risk: RiskSpec::none(),
            calendar: None,
            learning: LearningSpec::default(),
            refreezes: Vec::new(),
            correlations: Vec::new(),
        }
    }
}

/// What crews, calendars and the other conversions of a strategy make of a plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Bound {
    /// What each stage needs.
    pub(super) needs: Vec<Vec<(u16, u32)>>,
    /// The calendar of each node, `u32::MAX` where every day is worked.
    pub(super) calendar: Vec<u32>,
    /// Start of each node without regard to crews, months from the project's start: who waits is served in this order.
    pub(super) rank: Vec<f64>,
    /// Latest start that keeps every ready date, months.
    pub(super) latest: Vec<f64>,
}

/// No calendar.
pub(super) const EVERY_DAY: u32 = u32::MAX;

/// A conversion as planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    inputs: PlanInputs,
    network: Network,
    at_risk: Vec<bool>,
    /// Where its draws are addressed.
    pub(super) addresses: Addresses,
    /// Which of its nodes go together.
    pub(super) copula: Copula,
    /// For each event that opens a design again: on which design each node waits, where it does.
    frozen: Vec<Vec<Option<usize>>>,
    pub(super) planned: Times,
    /// Floors of just-in-time nodes in the plan, and what known delays add to them.
    pub(super) floor: Vec<f64>,
    pub(super) floor_shift: Vec<f64>,
    pub(super) factor: CommonFactor,
    pub(super) bound: Bound,
}

impl HallInputs {
    /// The site of the hall.
    pub fn site(&self) -> &str {
        self.name.split_once('/').map_or("", |(site, _)| site)
    }
}

impl Plan {
    /// The plan of a checked programme for `halls`; `None` for an unknown archetype.
    pub fn of_programme(
        spec: &ProgrammeSpec,
        key: impl Into<String>,
        halls: Vec<HallInputs>,
    ) -> Option<Self> {
        let kind = spec.kind()?;
        Some(Self::new(PlanInputs {
            key: key.into(),
            stages: spec.resolved_stages(),
            halls,
            sequence: spec.order,
            at_risk: spec.at_risk_orders.clone(),
            deposit_percent: spec.deposit_percent,
            outcome: kind.becomes,
            risk: spec.risk,
            calendar: spec.calendar.clone(),
            learning: spec.learning,
            refreezes: spec.refreezes.clone(),
            correlations: spec.correlations.clone(),
        }))
    }

    /// The plan of checked inputs.
    pub fn new(inputs: PlanInputs) -> Self {
        let mut plan = Self::without_factor_of(inputs);
        if plan.inputs.risk.enabled {
            plan.factor = plan.calibrate();
        }
        plan
    }

    /// The same project with an order placed at risk, or not, under the same factor.
    pub(super) fn with_order(&self, order: &Name, at_risk: bool) -> Self {
        let mut inputs = self.inputs.clone();
        inputs.at_risk.retain(|name| name != order);
        if at_risk {
            inputs.at_risk.push(order.clone());
        }
        Self {
            factor: self.factor,
            ..Self::without_factor_of(inputs)
        }
    }

    fn without_factor_of(inputs: PlanInputs) -> Self {
        assert!(!inputs.halls.is_empty(), "a conversion of no halls has no plan");
        let at_risk: Vec<bool> = inputs
            .stages
            .iter()
            .map(|s| inputs.at_risk.contains(&s.spec.id))
            .collect();
        let network = Network::new(&inputs.stages, inputs.halls.len(), inputs.sequence, &at_risk);
        let (nodes, stages) = (network.nodes.len(), inputs.stages.len());
        let mut plan = Self {
            addresses: Addresses::new(&inputs, &network),
            copula: Copula::new(&inputs.correlations, &inputs.stages, &network),
            frozen: Vec::new(),
            inputs,
            network,
            at_risk,
            planned: Times::default(),
            floor: Vec::new(),
            floor_shift: Vec::new(),
            factor: CommonFactor::ONE,
            bound: Bound {
                needs: vec![Vec::new(); stages],
                calendar: vec![EVERY_DAY; nodes],
                ..Bound::default()
            },
        };
        let events = 0..plan.inputs.refreezes.len();
        plan.frozen = events.map(|event| plan.frozen_nodes(event)).collect();
        let (floor, planned) = plan.schedule(&plan.remaining_months());
        let (delayed_floor, _) = plan.schedule(&plan.delayed_months());
        plan.floor_shift = delayed_floor.iter().zip(&floor).map(|(d, f)| d - f).collect();
        plan.bound.rank.clone_from(&planned.start);
        plan.bound.latest = plan.network.latest_start(&plan.remaining_months(), &planned);
        (plan.floor, plan.planned) = (floor, planned);
        plan
    }

    /// Names pools and calendars by their index; whether the plan needs any.
    pub(super) fn bind(&mut self, works: &Works) -> bool {
        let mut any = false;
        for (needs, stage) in self.bound.needs.iter_mut().zip(&self.inputs.stages) {
            let index = |name| works.resource(name).expect("the check knows the resource");
            *needs = stage
                .spec
                .needs
                .iter()
                .map(|n| (index(&n.resource), n.units))
                .collect();
            any |= !needs.is_empty();
        }
        for n in 0..self.network.nodes.len() {
            if let Some((name, site)) = self.calendar_of(n) {
                let index = works.calendar(name, site).expect("the check knows the calendar");
                self.bound.calendar[n] = index;
                any = true;
            }
        }
        any
    }
    /// The calendar of a node and the site where it is worked.
    fn calendar_of(&self, node: usize) -> Option<(&Name, &str)> {
        let spec = &self.stage(node).spec;
        let works = self.inputs.calendar.as_ref().filter(|_| spec.is_works());
        let name = spec.calendar.as_ref().or(works)?;
        let hall = self.network.nodes[node].hall.unwrap_or(0);
        Some((name, self.inputs.halls[hall].site()))
    }
    /// Every calendar that it names, with the site where it is worked.
    pub fn calendars(&self) -> impl Iterator<Item = (&Name, &str)> {
        (0..self.network.nodes.len()).filter_map(|n| self.calendar_of(n))
    }
    /// What a node needs while it runs.
    pub fn needs(&self, node: usize) -> &Needs {
        &self.bound.needs[self.network.nodes[node].stage]
    }
    /// The index of a node's calendar among those of the strategy.
    pub fn calendar(&self, node: usize) -> Option<usize> {
        let index = self.bound.calendar[node];
        (index != EVERY_DAY).then_some(index as usize)
    }
    /// Start of a node without regard to crews, months from the project's start.
    pub fn rank(&self, node: usize) -> f64 {
        self.bound.rank[node]
    }
    /// Months by which a node may start later than planned and every hall be ready as planned.
    pub fn float_months(&self, node: usize) -> f64 {
        (self.bound.latest[node] - self.planned.start[node]).max(0.0)
    }
    /// The node of the design that an event opens again.
    pub(super) fn design_of(&self, event: usize) -> Option<usize> {
        let id = &self.inputs.refreezes[event].stage;
        let nodes = &self.network.nodes;
        (0..nodes.len()).find(|n| self.stage(*n).spec.id == *id)
    }
    /// The design on whose freeze a node waits, where the event opens it: works and orders that follow it.
    pub(super) fn frozen_by(&self, event: usize, node: usize) -> Option<usize> {
        self.frozen[event][node]
    }
    fn frozen_nodes(&self, event: usize) -> Vec<Option<usize>> {
        let waits = |node: usize| {
            let spec = &self.stage(node).spec;
            let design = self
                .design_of(event)
                .filter(|_| spec.is_works() || spec.is_order())?;
            self.network.follows(node, design).then_some(design)
        };
        (0..self.network.nodes.len()).map(waits).collect()
    }
    /// When a frozen design is opened, for a project that starts at `start` and an event drawn as `(at, lasts)`.
    pub(super) fn hold(&self, project: u32, start: SimTime, event: usize, drawn: (Option<f64>, f64)) -> Hold {
        let (at, lasts) = drawn;
        let drawn = at.filter(|m| m.is_finite()).map(|m| start + months(m));
        let dated = || self.inputs.refreezes[event].date();
        let from = drawn.or_else(dated).unwrap_or(SimTime::FAR_FUTURE);
        Hold {
            project,
            event: event as u32,
            from,
            until: from + months(lasts),
        }
    }
    /// The same plan as if nothing of it had begun or were known to slip.
    pub(super) fn as_new(&self) -> Self {
        let mut plan = self.clone();
        for stage in &mut plan.inputs.stages {
            (stage.done, stage.elapsed_months, stage.delay_months) = (false, 0.0, 0.0);
        }
        plan.floor_shift.fill(0.0);
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
            .map(|n| self.duration(n).planned() * self.learnt(n))
            .collect();
        let (floor, planned) = self.schedule(&whole);
        let plan = self.network.last_ready(&planned);
        if plan <= 0.0 {
            return CommonFactor::ONE;
        }
        let (mut months, mut repeats, mut times) = (vec![0.0; nodes], Vec::new(), Times::default());
        let test = risk.test();
        let ratios = (0..CALIBRATION_DRAWS).map(|_| {
            repeats.clear();
            for (n, uniform) in months.iter_mut().enumerate() {
                *uniform = rng.random();
                for test in self.stage(n).spec.tests(&test) {
                    test.draw_repeats(&mut rng, |months| repeats.push((n, months)));
                }
            }
            self.copula.mix(&mut months);
            for (n, month) in months.iter_mut().enumerate() {
                *month = self.duration(n).quantile(*month) * self.learnt(n);
            }
            for (n, more) in &repeats {
                months[*n] += more;
            }
            self.network.forward(&months, &floor, &mut times);
            self.network.last_ready(&times) / plan
        });
        CommonFactor::to_reach(risk, ratios)
    }

    /// Start and end of every node under a draw, months from the project's start.
    pub fn forecast(&self, draw: &Draw) -> Times {
        let whole = |(n, m): (usize, &f64)| m + draw.repeats[n].iter().sum::<f64>();
        let months: Vec<f64> = draw.months.iter().enumerate().map(whole).collect();
        let mut times = Times::default();
        self.network.forward(&months, &draw.floor, &mut times);
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::duration::DurationSpec;
    use crate::conversion::stage::{StageOverrideSpec, StageRole};
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
    fn each_further_hall_takes_less_as_far_as_the_floor() {
        let p = plan("rebuild-on-pad", 3, |s| {
            s.risk = RiskSpec::none();
            s.learning.duration_percent = 20.0;
            s.learning.floor_percent = 70.0;
        });
        let fit_out = |hall: usize| {
            let nodes = &p.network().nodes;
            let n = (0..nodes.len())
                .find(|n| nodes[*n].hall == Some(hall) && p.stage(*n).spec.id.as_str() == "fit-out")
                .unwrap();
            p.planned().end[n] - p.planned().start[n]
        };
        // 4 months, then 0.8, then 0.64, which the floor makes 0.7.
        for (hall, months) in [(0, 4.0), (1, 3.2), (2, 2.8)] {
            assert!((fit_out(hall) - months).abs() < 1e-9, "{hall}");
        }
    }

    #[test]
    fn a_first_delivery_lets_the_first_halls_go_on() {
        let p = plan("rebuild-on-pad", 3, |s| {
            let mut change = StageOverrideSpec::of("transformer");
            change.order = Some(crate::conversion::order::OrderTermsSpec {
                first_delivery: Some(crate::conversion::order::FirstDeliverySpec {
                    share_percent: 67.0,
                    rest_months: DurationSpec::Fixed { value: 2.5 },
                }),
                ..Default::default()
            });
            s.stages = vec![change];
        });
        // Two thirds of the units serve two halls; the transformers lead the network, so the third is 2.5 months later.
        let ready = |hall| p.planned_ready_months(hall);
        assert!((ready(0) - 20.7).abs() < 1e-9 && (ready(1) - 20.7).abs() < 1e-9);
        assert!((ready(2) - 23.2).abs() < 1e-9, "{}", ready(2));
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
