//! Debt of strategies: sized once on a planned case, lived with in every replication.
//!
//! A facility is what a lender commits at financial close, knowing the plan and not the outcome. So it is sized before the
//! replications, on worlds of its own (other random numbers than theirs, and the same however many replications follow):
//! conversions go by plan, no tenant defaults, prices and failures are drawn, and cash by month is their mean. Replications then
//! differ in what they earn and when they are ready, and not in what they owe: a covenant can be broken. Inputs of `capital`
//! that are drawn do not move it either, for it is sized on what is stated; those that a loan lives with (base rate, sweep,
//! covenant) are the replication's.

use jiff::civil::Date;
use rayon::prelude::*;

use crate::conversion::RiskSpec;
use crate::finance::capital::{CapitalSpec, Case, DebtSpec, Plan, Terms, VendorEquitySpec, plan};
use crate::finance::debt::SizingError;
use crate::finance::tax::IncomeTax;
use crate::random::Streams;
use crate::scenario::Scenario;
use crate::sim::setup::Setup;
use crate::sim::world::World;
use crate::sim::{Drawn, DrawnReplication};
use crate::time::{Month, SimTime, Span, parse_date};
use crate::units::Money;
use crate::workload::tenant::ReservedSpec;

/// Streams of the worlds of sizing lie beyond those of replications.
const SIZING_STREAMS: u64 = 1 << 40;
/// Share of the worlds of sizing that have less running cash than the P90 case.
const P90_BELOW: f64 = 0.10;

/// How a replication is paid for.
#[derive(Debug)]
pub struct Financing<'a> {
    /// The debt, its interest by month and the facility.
    pub debt: Option<(&'a DebtSpec, Terms, &'a Plan)>,
    /// What is stated.
    pub capital: &'a CapitalSpec,
    /// Months and amounts of grants.
    pub grants: Vec<(usize, Money)>,
    /// First month in which every hall of the strategy was ready from its first day on; the number of months where one never
    /// was.
    pub completion: usize,
}

impl<'a> Financing<'a> {
    /// What a strategy states, where it states anything. The world has run to its end.
    pub fn of(world: &World<'a>) -> Option<Self> {
        let from = &world.from;
        let capital = from.spec.capital_of(from.strategy)?;
        let completion = completion(world);
        let months = &from.scenario.months;
        let grant = |grant: &crate::finance::capital::GrantSpec| {
            let at = paid_from(months, Some(&grant.date), (grant.on_completion, completion))?;
            Some((at, Money::from_usd(grant.usd)))
        };
        let sized = from.setup.debts.get(from.strategy).and_then(Option::as_ref);
        let debt = capital.debt.as_ref().zip(sized).map(|(spec, sized)| {
            let sized = sized.as_ref();
            let plan = sized.unwrap_or_else(|e| panic!("a debt that was refused is used: {e}"));
            (spec, Terms::new(spec, &first_days(months)), plan)
        });
        Some(Self {
            debt,
            capital,
            grants: capital.grants.iter().filter_map(grant).collect(),
            completion,
        })
    }
}

/// First month of a payment that waits for a date, or for completion too; `None` beyond the last.
fn paid_from(
    months: &[Month],
    date: Option<&str>,
    (on_completion, completion): (bool, usize),
) -> Option<usize> {
    let dated = date.and_then(parse_date).map_or(0, |date| {
        let month = Month {
            year: date.year(),
            month: date.month(),
        };
        months[0].months_until(month).max(0) as usize
    });
    let at = if on_completion {
        dated.max(completion)
    } else {
        dated
    };
    (at < months.len()).then_some(at)
}

/// Equity of a vendor and the month from which it pays; `None` where there is none, or none within the horizon.
pub fn vendor<'a>(world: &World<'a>) -> Option<(&'a VendorEquitySpec, usize)> {
    let from = &world.from;
    let vendor = from.spec.capital_of(from.strategy)?.vendor_equity.as_ref()?;
    let waits = (vendor.on_completion, completion(world));
    let month = paid_from(&from.scenario.months, vendor.date.as_deref(), waits)?;
    Some((vendor, month))
}

/// First days of the months, and of the one after the last.
fn first_days(months: &[Month]) -> Vec<Date> {
    let after = months.last().map(|m| m.plus(1));
    let days = months.iter().copied().chain(after);
    days.map(|m| Date::new(m.year, m.month, 1).expect("months are built in range"))
        .collect()
}

/// First month in which every hall of the strategy was ready from its first day on; the number of months where one never was.
/// A project that still waits for what lets it start is no part of what is completed, unless all do.
pub fn completion(world: &World<'_>) -> usize {
    let months = world.from.scenario.months.len();
    let first = || world.projects.iter().filter(|running| !running.again);
    let begun = first().any(|running| running.project.started().is_some());
    let mut last = None;
    for running in first().filter(|running| !begun || running.project.started().is_some()) {
        for hall in 0..running.halls.len() {
            match running.project.ready(hall) {
                Some(at) => last = last.max(Some(at)),
                None => return months,
            }
        }
    }
    last.map_or(0, |at| month_after(world, at))
}

/// The first month that begins at or after an instant.
fn month_after(world: &World<'_>, at: SimTime) -> usize {
    let horizon = &world.from.scenario.horizon;
    let before = at + Span::from_seconds(-1);
    if before < horizon.start {
        return 0;
    }
    horizon.month_index(horizon.calendar.month(before)) + 1
}

/// The month in which the first long contract of a world ends: leases, and blocks that were filled.
fn contract_end(world: &World<'_>) -> Option<usize> {
    let year = |years: f64| Span::from_days_f64(years * 365.25);
    let leases = world.demand.leases.iter();
    let leases = leases.filter_map(|l| Some(l.ready? + year(l.spec.years)));
    let blocks = world
        .demand
        .blocks
        .iter()
        .filter_map(super::demand::Block::term_end);
    let first = leases.chain(blocks).min()?;
    let horizon = &world.from.scenario.horizon;
    let months = horizon.months[0].months_until(horizon.calendar.month(first));
    Some(months.max(0) as usize)
}

/// The facility of every strategy that borrows.
pub fn size_all(scenario: &Scenario, setup: &Setup) -> Vec<Option<Result<Plan, SizingError>>> {
    let of = |strategy| {
        let debt = scenario.spec.capital_of(strategy)?.debt.as_ref()?;
        Some(size(scenario, setup, strategy, debt))
    };
    (0..scenario.spec.strategies.len()).map(of).collect()
}

fn size(scenario: &Scenario, setup: &Setup, strategy: usize, debt: &DebtSpec) -> Result<Plan, SizingError> {
    let worlds: Vec<(Case, IncomeTax)> = (0..debt.sizing_worlds)
        .into_par_iter()
        .map(|world| planned(scenario, setup, strategy, world))
        .collect();
    let tax = worlds[0].1.clone();
    let cases: Vec<Case> = worlds.into_iter().map(|w| w.0).collect();
    let case = mean(&cases);
    let terms = Terms::new(debt, &first_days(&scenario.months));
    let life = scenario.spec.finance.facility_life_years;
    let mut least = plan::size(debt, &terms, &case, (&tax, life))?;
    for sizing in &debt.further_cases {
        let spec = DebtSpec {
            sizing: *sizing,
            ..debt.clone()
        };
        let plan = plan::size(&spec, &terms, &case, (&tax, life))?;
        if plan.facility_usd() < least.facility_usd() {
            least = plan;
        }
    }
    Ok(least)
}

/// A world of sizing: drawn, but for conversions, which go by plan.
fn planned(scenario: &Scenario, setup: &Setup, strategy: usize, world: u32) -> (Case, IncomeTax) {
    let streams = Streams::new(scenario.spec.run.seed, SIZING_STREAMS + u64::from(world));
    let mut drawn = DrawnReplication::of_streams((scenario, setup), (streams, world), 0);
    let mut spec = drawn.spec.take().unwrap_or_else(|| scenario.spec.clone());
    for conversion in spec.strategies.iter_mut().flat_map(|s| &mut s.conversions) {
        conversion.risk = RiskSpec::none();
        if let Some(lease) = &mut conversion.lease {
            lease.credit = None;
        }
        for stage in &mut conversion.stages {
            stage.delay_months = 0.0;
        }
    }
    for tenant in &mut spec.tenants {
        if let Some(ReservedSpec::GpuBlock(block)) = &mut tenant.reserved {
            block.credit = None;
        }
    }
    drawn.conversions = setup.conversions_of(&scenario.spec, &spec);
    drawn.spec = Some(spec);
    let mut world = drawn.world(
        (scenario, setup, strategy),
        Drawn {
            fidelity: scenario.spec.run.fidelity,
            recorder: None,
            fault: None,
        },
    );
    world.run();
    let case = Case {
        completion: completion(&world),
        contract_end: contract_end(&world),
        p90_share: 1.0,
        ..world.books.case()
    };
    (case, world.books.taxpayer())
}

/// The mean of the worlds; the same plan holds in all of them.
fn mean(cases: &[Case]) -> Case {
    let count = cases.len() as f64;
    let by = |of: fn(&Case) -> &Vec<f64>| {
        let mut sum = vec![0.0; of(&cases[0]).len()];
        for case in cases {
            for (sum, usd) in sum.iter_mut().zip(of(case)) {
                *sum += usd / count;
            }
        }
        sum
    };
    let running = |case: &Case| case.revenue_usd.iter().sum::<f64>() - case.cost_usd.iter().sum::<f64>();
    let mut totals: Vec<f64> = cases.iter().map(running).collect();
    totals.sort_by(f64::total_cmp);
    let centre = totals.iter().sum::<f64>() / count;
    let low = crate::stats::quantile(&totals, P90_BELOW).unwrap_or(centre);
    Case {
        revenue_usd: by(|c| &c.revenue_usd),
        cost_usd: by(|c| &c.cost_usd),
        working_usd: by(|c| &c.working_usd),
        works_usd: by(|c| &c.works_usd),
        taxable_usd: by(|c| &c.taxable_usd),
        deductions_usd: by(|c| &c.deductions_usd),
        completion: cases.iter().map(|c| c.completion).max().unwrap_or(0),
        contract_end: cases.iter().filter_map(|c| c.contract_end).min(),
        p90_share: if centre > 0.0 { low / centre } else { 1.0 },
    }
}
