//! What the dates of a strategy's conversions hang on, from schedules alone: criticality, float, quantiles, drivers, and
//! what each order placed at risk is worth.
//!
//! Replications draw the same luck as those of the run, so the dates are the run's wherever conversions start on dates.
//! A conversion that waits for a condition is looked at from its planned start. Drivers are found by taking one part
//! of the luck away and making the same schedules again; parts do not add up, because paths merge.

use rayon::prelude::*;

use super::portfolio::{Luck, Portfolio, Run};
use super::stage::StageRole;
use super::{DAYS_PER_MONTH, months};
use crate::id::Name;
use crate::random::Streams;
use crate::stats::quantile::quantile_sorted;
use crate::time::{DAY_S, SimTime};
use crate::units::Money;

/// A stage over the replications.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRisk {
    /// Index of the conversion.
    pub project: usize,
    /// Hall of its plan; `None` for a shared stage.
    pub hall: Option<usize>,
    /// Stage id.
    pub stage: Name,
    /// The last delivery of an order that comes in two.
    pub rest: bool,
    /// Share of replications in which it lies on the path that sets the conversion's last ready date: days by which that
    /// date moves for a day that the stage takes longer, mean.
    pub criticality: f64,
    /// How much later it may start and every hall be ready as planned, months.
    pub float_months: f64,
    /// Mean months that it waits for crews.
    pub crew_wait_months: f64,
    /// Planned end.
    pub planned_end: SimTime,
    /// 10th, 50th, 90th percentile of its end.
    pub end: [SimTime; 3],
    /// Mean of its end less the planned one, months.
    pub late_months: f64,
}

/// A part of the luck, and what the last ready dates would be without it.
#[derive(Debug, Clone, PartialEq)]
pub struct Driver {
    /// A stage's id, or `common factor`, `failed tests`, `crews`, `weather`, `design opened again`, `everything`.
    pub what: String,
    /// Mean months by which it makes the last ready date later.
    pub mean_months: f64,
    /// Months between P90 with and without it.
    pub p90_months: f64,
    /// Share of the variance of the last ready date that goes with it.
    pub variance_share: f64,
}

/// What placing an order at the start is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderValue {
    /// Index of the conversion.
    pub project: usize,
    /// The order.
    pub order: Name,
    /// Whether the plan places it at risk.
    pub at_risk: bool,
    /// Months by which the conversion's last hall is planned earlier with the order at risk than without.
    pub planned_months: f64,
    /// The same in the mean of replications.
    pub mean_months: f64,
    /// What is at stake until the design is frozen: the deposit.
    pub deposit: Money,
}

/// A conversion over the replications, or all of a strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversionRisk {
    /// Index of the conversion; `None` for all of them.
    pub project: Option<usize>,
    /// When its last hall is planned to be ready.
    pub planned_ready: SimTime,
    /// 10th, 50th, 90th percentile of that date.
    pub ready: [SimTime; 3],
    /// What it is planned to cost, facility and hardware.
    pub planned_capex: Money,
    /// 10th, 50th, 90th percentile of what it costs.
    pub capex: [Money; 3],
}

/// Megawatts that are ready at a date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// The date.
    pub at: SimTime,
    /// As planned.
    pub planned: f64,
    /// 10th, 50th, 90th percentile over replications.
    pub quantiles: [f64; 3],
}

/// Everything about the dates of a strategy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Analysis {
    /// Stages, conversion by conversion.
    pub stages: Vec<StageRisk>,
    /// Conversions, and all of them together.
    pub conversions: Vec<ConversionRisk>,
    /// Parts of the luck, the greatest first.
    pub drivers: Vec<Driver>,
    /// Orders.
    pub orders: Vec<OrderValue>,
    /// The S-curve.
    pub curve: Vec<CurvePoint>,
}

/// Points of the curve at most.
const CURVE_POINTS: usize = 60;

/// Looks at the schedules of replications 0 to `count` under a seed. `mw` is what each hall of each conversion brings.
pub fn analyse(portfolio: &Portfolio, (seed, count): (u64, u32), mw: &[Vec<f64>]) -> Analysis {
    if portfolio.is_empty() || count == 0 {
        return Analysis::default();
    }
    let lucks: Vec<Luck> = (0..count)
        .into_par_iter()
        .map(|r| {
            let mut luck = Luck::default();
            portfolio.draw_into(&Streams::new(seed, u64::from(r)), &mut luck);
            luck
        })
        .collect();
    let mut run = Run::default();
    let mut seen = Seen::new(portfolio, mw);
    for luck in &lucks {
        portfolio.schedule(luck, &mut run);
        seen.add(portfolio, luck, &run);
    }
    Analysis {
        stages: seen.stages(portfolio),
        conversions: seen.conversions(portfolio),
        drivers: drivers(portfolio, &lucks, &seen.last),
        orders: orders(portfolio, (seed, count), &seen.ready),
        curve: seen.curve(portfolio),
    }
}

/// Sums over replications.
struct Seen {
    critical: Vec<u32>,
    wait_s: Vec<f64>,
    ends: Vec<Vec<f64>>,
    /// The last ready date of all and of each conversion.
    last: Vec<f64>,
    ready: Vec<Vec<f64>>,
    /// What each conversion costs, USD.
    capex: Vec<Vec<f64>>,
    /// Node of each hall's ready stage, and its megawatts.
    halls: Vec<(usize, f64)>,
}

impl Seen {
    fn new(portfolio: &Portfolio, mw: &[Vec<f64>]) -> Self {
        let mut halls = Vec::new();
        for (p, plan) in portfolio.plans().iter().enumerate() {
            for (hall, ready) in plan.network().ready.iter().enumerate() {
                halls.push((portfolio.offset(p) + ready, mw[p][hall]));
            }
        }
        Self {
            critical: vec![0; portfolio.len()],
            wait_s: vec![0.0; portfolio.len()],
            ends: vec![Vec::new(); portfolio.len()],
            last: Vec::new(),
            ready: vec![Vec::new(); portfolio.plans().len()],
            capex: vec![Vec::new(); portfolio.plans().len()],
            halls,
        }
    }
    fn add(&mut self, portfolio: &Portfolio, luck: &Luck, run: &Run) {
        let mut last = f64::NEG_INFINITY;
        for p in 0..portfolio.plans().len() {
            portfolio.critical_path(p, run, |n| self.critical[n] += 1);
            let ready = portfolio.ready(p, run).as_unix_s() as f64;
            self.ready[p].push(ready);
            self.capex[p].push(portfolio.capex(p, luck, run).as_usd());
            last = last.max(ready);
        }
        self.last.push(last);
        for (n, ends) in self.ends.iter_mut().enumerate() {
            ends.push(run.end[n] as f64);
            self.wait_s[n] += (run.start[n] - portfolio.released(n, luck, run)).max(0) as f64;
        }
    }
    fn stages(&self, portfolio: &Portfolio) -> Vec<StageRisk> {
        let count = self.last.len() as f64;
        let stage = |n: usize| {
            let (project, node) = portfolio.node(n);
            let plan = &portfolio.plans()[project];
            let planned_end = portfolio.starts()[project] + months(plan.planned().end[node]);
            let mut ends = self.ends[n].clone();
            ends.sort_by(f64::total_cmp);
            let mean = ends.iter().sum::<f64>() / count;
            StageRisk {
                project,
                hall: plan.network().nodes[node].hall,
                stage: plan.stage(node).spec.id.clone(),
                rest: plan.network().nodes[node].rest,
                criticality: f64::from(self.critical[n]) / count,
                float_months: plan.float_months(node),
                crew_wait_months: in_months(self.wait_s[n] / count),
                planned_end,
                end: [0.1, 0.5, 0.9].map(|q| at(point_of(&ends, q))),
                late_months: in_months(mean - planned_end.as_unix_s() as f64),
            }
        };
        (0..portfolio.len()).map(stage).collect()
    }
    fn conversions(&self, portfolio: &Portfolio) -> Vec<ConversionRisk> {
        let three = |values: &[f64]| {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            [0.1, 0.5, 0.9].map(|q| point_of(&sorted, q))
        };
        let planned = |p: usize| {
            let plan = &portfolio.plans()[p];
            portfolio.starts()[p] + months(plan.network().last_ready(plan.planned()))
        };
        let projects = 0..portfolio.plans().len();
        let one = |p: usize| ConversionRisk {
            project: Some(p),
            planned_ready: planned(p),
            ready: three(&self.ready[p]).map(at),
            planned_capex: portfolio.planned_capex(p),
            capex: three(&self.capex[p]).map(Money::from_usd),
        };
        let sum = |r: usize| self.capex.iter().map(|own| own[r]).sum::<f64>();
        let sums: Vec<f64> = (0..self.last.len()).map(sum).collect();
        let all = ConversionRisk {
            project: None,
            planned_ready: projects.clone().map(planned).max().expect("there is a project"),
            ready: three(&self.last).map(at),
            planned_capex: projects.clone().map(|p| portfolio.planned_capex(p)).sum(),
            capex: three(&sums).map(Money::from_usd),
        };
        projects.map(one).chain([all]).collect()
    }
    fn curve(&self, portfolio: &Portfolio) -> Vec<CurvePoint> {
        let ends = || self.halls.iter().flat_map(|(n, _)| &self.ends[*n]).copied();
        let planned: Vec<(f64, f64)> = self
            .halls
            .iter()
            .map(|(n, mw)| {
                let (project, node) = portfolio.node(*n);
                let plan = &portfolio.plans()[project];
                let end = portfolio.starts()[project] + months(plan.planned().end[node]);
                (end.as_unix_s() as f64, *mw)
            })
            .collect();
        let first = portfolio.starts().iter().map(|s| s.as_unix_s() as f64);
        let first = first.fold(f64::INFINITY, f64::min);
        let last = ends().chain(planned.iter().map(|p| p.0)).fold(first, f64::max);
        let point = |i: usize| {
            let now = first + (last - first) * i as f64 / (CURVE_POINTS - 1) as f64;
            let mut mw: Vec<f64> = (0..self.last.len())
                .map(|r| {
                    let done = self.halls.iter().filter(|(n, _)| self.ends[*n][r] <= now);
                    done.map(|(_, mw)| mw).sum()
                })
                .collect();
            mw.sort_by(f64::total_cmp);
            CurvePoint {
                at: at(now),
                planned: planned.iter().filter(|p| p.0 <= now).map(|p| p.1).sum(),
                quantiles: [0.1, 0.5, 0.9].map(|q| point_of(&mw, q)),
            }
        };
        (0..CURVE_POINTS).map(point).collect()
    }
}

fn at(seconds: f64) -> SimTime {
    SimTime::from_unix_s(seconds.round() as i64)
}

/// A quantile of sorted values, of which there is one at least.
fn point_of(values: &[f64], p: f64) -> f64 {
    quantile_sorted(values, p).expect("there is a replication")
}

fn in_months(seconds: f64) -> f64 {
    seconds / (DAYS_PER_MONTH * DAY_S as f64)
}

/// A part of the luck that can be taken away.
enum Part {
    Stage(Name),
    Factor,
    Tests,
    Crews,
    Weather,
    Refreezes,
    Everything,
}

impl Part {
    fn all(portfolio: &Portfolio, lucks: &[Luck]) -> Vec<Self> {
        let mut parts = vec![Self::Everything, Self::Factor, Self::Tests];
        if portfolio.needs_crews() {
            parts.push(Self::Crews);
        }
        if lucks.iter().any(|l| !l.times.is_empty()) {
            parts.push(Self::Weather);
        }
        if lucks.iter().any(|l| !l.holds.is_empty()) {
            parts.push(Self::Refreezes);
        }
        let mut names: Vec<&Name> = Vec::new();
        for plan in portfolio.plans() {
            for stage in &plan.inputs().stages {
                if stage.spec.role != StageRole::Ready && !names.contains(&&stage.spec.id) {
                    names.push(&stage.spec.id);
                }
            }
        }
        parts.extend(names.into_iter().cloned().map(Self::Stage));
        parts
    }
    fn name(&self) -> String {
        match self {
            Self::Stage(name) => name.to_string(),
            Self::Factor => "common factor".to_owned(),
            Self::Tests => "failed tests".to_owned(),
            Self::Crews => "crews".to_owned(),
            Self::Weather => "weather".to_owned(),
            Self::Refreezes => "design opened again".to_owned(),
            Self::Everything => "everything".to_owned(),
        }
    }
    /// The luck without the part.
    fn without(&self, portfolio: &Portfolio, luck: &Luck) -> Luck {
        let mut luck = luck.clone();
        match self {
            Self::Crews => {}
            Self::Tests => luck.repeats.fill(0.0),
            Self::Weather => luck.times = portfolio.works().planned(),
            Self::Refreezes => luck.holds.clear(),
            Self::Stage(_) | Self::Factor | Self::Everything => {
                for n in 0..portfolio.len() {
                    let (project, node) = portfolio.node(n);
                    let plan = &portfolio.plans()[project];
                    let factor = luck.factor[project];
                    match self {
                        Self::Stage(name) if plan.stage(node).spec.id == *name => {
                            luck.months[n] = plan.expected_months(node, factor);
                            luck.repeats[n] = 0.0;
                        }
                        Self::Factor => {
                            luck.months[n] = plan.without_factor(node, luck.months[n], factor);
                            luck.repeats[n] /= factor;
                            luck.floor[n] = plan.planned_floor(node);
                        }
                        Self::Everything => {
                            luck.months[n] = plan.expected_months(node, 1.0);
                            luck.repeats[n] = 0.0;
                            luck.floor[n] = plan.planned_floor(node);
                        }
                        _ => {}
                    }
                }
                if matches!(self, Self::Everything) {
                    luck.times = portfolio.works().planned();
                    luck.holds.clear();
                }
            }
        }
        luck
    }
}

fn drivers(portfolio: &Portfolio, lucks: &[Luck], last: &[f64]) -> Vec<Driver> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let variance = |values: &[f64]| {
        let m = mean(values);
        values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / values.len() as f64
    };
    let p90 = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        point_of(&sorted, 0.9)
    };
    let whole = variance(last);
    let driver = |part: Part| {
        let mut run = Run::default();
        let without: Vec<f64> = lucks
            .iter()
            .map(|luck| {
                let luck = part.without(portfolio, luck);
                if matches!(part, Part::Crews) {
                    portfolio.schedule_without_crews(&luck, &mut run);
                } else {
                    portfolio.schedule(&luck, &mut run);
                }
                let ready = (0..portfolio.plans().len()).map(|p| portfolio.ready(p, &run).as_unix_s() as f64);
                ready.fold(f64::NEG_INFINITY, f64::max)
            })
            .collect();
        Driver {
            what: part.name(),
            mean_months: in_months(mean(last) - mean(&without)),
            p90_months: in_months(p90(last) - p90(&without)),
            variance_share: if whole > 0.0 {
                1.0 - variance(&without) / whole
            } else {
                0.0
            },
        }
    };
    let mut drivers: Vec<Driver> = Part::all(portfolio, lucks).into_par_iter().map(driver).collect();
    // A hundredth of a day is rounding.
    drivers.retain(|d| d.mean_months.abs() > 3e-4 || d.p90_months.abs() > 3e-4);
    drivers.sort_by(|a, b| b.p90_months.abs().total_cmp(&a.p90_months.abs()));
    drivers
}

/// What each order is worth at risk: the same luck with and without it.
fn orders(portfolio: &Portfolio, (seed, count): (u64, u32), ready: &[Vec<f64>]) -> Vec<OrderValue> {
    let mut values = Vec::new();
    for (project, plan) in portfolio.plans().iter().enumerate() {
        for stage in plan
            .inputs()
            .stages
            .iter()
            .filter(|s| s.spec.is_order() && !s.done)
        {
            let at_risk = plan.inputs().at_risk.contains(&stage.spec.id);
            if stage.spec.after.is_empty() {
                continue;
            }
            let other = portfolio.with_order(project, &stage.spec.id, !at_risk);
            let (mut luck, mut run, mut sum) = (Luck::default(), Run::default(), 0.0);
            for (r, base) in (0..count).zip(&ready[project]) {
                other.draw_into(&Streams::new(seed, u64::from(r)), &mut luck);
                other.schedule(&luck, &mut run);
                sum += other.ready(project, &run).as_unix_s() as f64 - base;
            }
            let sign = if at_risk { 1.0 } else { -1.0 };
            let last = |p: &Portfolio| {
                p.plans()[project]
                    .network()
                    .last_ready(p.plans()[project].planned())
            };
            let price = plan.price(&stage.spec);
            values.push(OrderValue {
                project,
                order: stage.spec.id.clone(),
                at_risk,
                planned_months: sign * (last(&other) - last(portfolio)),
                mean_months: sign * in_months(sum / f64::from(count)),
                deposit: price * stage.spec.order.deposit(plan.inputs().deposit_percent),
            });
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::conversion::duration::DurationSpec;
    use crate::conversion::plan::{HallInputs, Plan, PlanInputs};
    use crate::conversion::risk::RiskSpec;
    use crate::conversion::stage::{StageScope, StageSpec, resolve};
    use crate::conversion::works::Works;
    use crate::conversion::{HallPhase, programme::Sequence};

    const START: SimTime = SimTime::from_unix_s(1_767_225_600);

    fn stage(id: &str, after: &[&str], duration: DurationSpec, role: StageRole) -> StageSpec {
        StageSpec {
            after: after.iter().map(|a| Name::from(*a)).collect(),
            role,
            scope: if role == StageRole::Ready {
                StageScope::Hall
            } else {
                StageScope::Shared
            },
            capex_share_percent: 20.0,
            ..StageSpec::of(id, duration)
        }
    }

    /// Design 2, then an order of 2 to 6 beside works of 4; no common factor, no tests.
    fn portfolio(at_risk: bool) -> Portfolio {
        let fixed = |value| DurationSpec::Fixed { value };
        let stages = vec![
            stage("design", &[], fixed(2.0), StageRole::Work),
            stage(
                "order",
                &["design"],
                DurationSpec::of(2.0, 4.0, 6.0),
                StageRole::Order,
            ),
            stage("works", &["design"], fixed(4.0), StageRole::Work),
            stage("ready", &["order", "works"], fixed(0.0), StageRole::Ready),
        ];
        let hall = HallInputs {
            name: "west/g-1".to_owned(),
            phase: HallPhase::Mining,
            facility: Money::from_usd(100.0),
            hardware: Money::ZERO,
            sale: Money::ZERO,
        };
        let mut inputs = PlanInputs::of("west", resolve(stages, &[]), vec![hall]);
        inputs.sequence = Sequence::AllAtOnce;
        inputs.at_risk = if at_risk {
            vec![Name::from("order")]
        } else {
            Vec::new()
        };
        // A class of no spread and no mean beyond the network's own: the factor stays at some constant; take it away.
        inputs.risk = RiskSpec::default();
        let mut plan = Plan::new(inputs);
        plan.factor = crate::conversion::risk::CommonFactor::ONE;
        Portfolio::new(vec![plan], vec![START], Arc::new(Works::default()))
    }

    fn near(got: f64, wanted: f64, tolerance: f64) {
        assert!((got - wanted).abs() < tolerance, "{got} instead of {wanted}");
    }

    #[test]
    fn half_the_time_the_order_is_critical_and_its_spread_is_all_there_is() {
        let analysis = analyse(&portfolio(false), (3, 4_000), &[vec![10.0]]);
        let find = |id: &str| analysis.stages.iter().find(|s| s.stage.as_str() == id).unwrap();
        near(find("design").criticality, 1.0, 1e-12);
        // The order takes longer than 4 months in half of the draws: a triangle about its middle.
        near(find("order").criticality, 0.5, 0.025);
        near(find("works").criticality, 0.5, 0.025);
        near(find("order").float_months, 0.0, 1e-6);
        // max(order, 4) is later than 4 by the integral of (x - 4)(6 - x)/4 from 4 to 6, a third of a month.
        near(find("ready").late_months, 1.0 / 3.0, 0.02);
        let order = analysis.drivers.iter().find(|d| d.what == "order").unwrap();
        near(order.mean_months, 1.0 / 3.0, 0.02);
        near(order.variance_share, 1.0, 1e-9);
        // P90 of the triangle: 6 - sqrt(0.1 x 4 x 2).
        near(order.p90_months, 2.0 - 0.8_f64.sqrt(), 0.03);
        assert!(
            analysis
                .drivers
                .iter()
                .all(|d| d.what != "works" && d.what != "crews")
        );
        let (first, last) = (analysis.curve[0], analysis.curve[analysis.curve.len() - 1]);
        assert_eq!((first.planned, first.quantiles), (0.0, [0.0; 3]));
        assert_eq!((last.planned, last.quantiles), (10.0, [10.0; 3]));
    }

    #[test]
    fn an_order_at_risk_is_worth_what_it_takes_off_the_end() {
        // At risk the order is done by month 6 at the latest, when the works end: a third of a month earlier.
        for at_risk in [false, true] {
            let analysis = analyse(&portfolio(at_risk), (3, 4_000), &[vec![10.0]]);
            let [order] = &analysis.orders[..] else {
                panic!("{:?}", analysis.orders)
            };
            assert_eq!(order.at_risk, at_risk);
            near(order.mean_months, 1.0 / 3.0, 0.02);
            near(order.planned_months, 0.0, 1e-9);
            // A fifth of a fifth of 100.
            near(order.deposit.as_usd(), 4.0, 1e-9);
        }
    }
}
