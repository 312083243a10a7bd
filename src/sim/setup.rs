//! What is the same for all replications of a scenario, worked out once: plants over the base weather, plans of the
//! conversions, calendars, the sampled weeks' frame.

use std::sync::Arc;

use crate::conversion::archetype::{Outcome, kind};
use crate::conversion::{HallInputs, HallPhase, Plan, Portfolio, StartRule, Works};
use crate::cooling::{CoolingSpec, Plant};
use crate::finance::capital::Plan as DebtPlan;
use crate::finance::debt::SizingError;
use crate::fleet::{Accelerators, MiningFleet};
use crate::market::price_process::HeatNormals;
use crate::scenario::Scenario;
use crate::scenario::spec::{ConversionSpec, ScenarioSpec, StrategySpec};
use crate::sim::capital;
use crate::sim::demand::flows;
use crate::sim::hall::PlantTable;
use crate::sim::pool::FlowSetup;
use crate::site::{HallSpec, InstallSpec};
use crate::time::{Calendar, DAY_S, HOUR_S, SimTime, Span, WEEK_S};
use crate::units::{Money, Power};

/// A site's part.
#[derive(Debug)]
pub struct SiteSetup {
    /// Its id.
    pub name: String,
    /// Its calendar.
    pub calendar: Calendar,
    /// Halls, `repeat` expanded: name and index of the entry.
    pub halls: Vec<(String, usize)>,
    plants: Vec<(CoolingSpec, Arc<PlantTable>)>,
}

impl SiteSetup {
    /// The index of a plant's table.
    pub fn plant(&self, spec: &CoolingSpec) -> usize {
        self.plants
            .iter()
            .position(|(s, _)| s == spec)
            .expect("the table of every plant was made")
    }
    /// The tables, shared.
    pub fn tables(&self) -> Vec<Arc<PlantTable>> {
        self.plants.iter().map(|(_, table)| Arc::clone(table)).collect()
    }
}

/// A conversion's part.
#[derive(Debug)]
pub struct ConversionSetup {
    /// Site and hall of each hall of the plan.
    pub halls: Vec<(usize, usize)>,
    /// The plan.
    pub plan: Arc<Plan>,
    /// When it starts.
    pub start: StartRule,
    /// Conversions of the strategy that were before it in its halls.
    pub after: Vec<usize>,
    /// Whether its halls were converted before, or served from the start.
    pub again: bool,
    /// Crews and calendars that all conversions of the strategy share.
    pub works: Arc<Works>,
}

/// What is the same for all replications.
#[derive(Debug)]
pub struct Setup {
    /// The horizon.
    pub span: (SimTime, SimTime),
    /// By site.
    pub sites: Vec<SiteSetup>,
    /// By strategy, by conversion.
    pub conversions: Vec<Vec<ConversionSetup>>,
    /// Usual heat, against which fitted prices see unusual heat.
    pub normals: HeatNormals,
    /// Local midnight of the Monday at or before the start.
    pub monday: SimTime,
    /// Weeks from that Monday to the end.
    pub weeks: u32,
    /// Hour of the local week of each hour of the axis.
    pub hour_of_week: Vec<u8>,
    /// What flows of each tenant's jobs, where the run's fidelity lets it.
    pub flows: Vec<Option<FlowSetup>>,
    /// Index of the ledger's month in which each hour of the axis begins.
    pub month_of_hour: Vec<u16>,
    /// The facility of each strategy that borrows, or why none has a meaning.
    pub debts: Vec<Option<Result<DebtPlan, SizingError>>>,
}

impl Setup {
    /// Works everything out.
    pub fn new(scenario: &Scenario) -> Self {
        let (spec, horizon) = (&scenario.spec, &scenario.horizon);
        let sites: Vec<SiteSetup> = (0..spec.sites.len()).map(|i| site_setup(scenario, i)).collect();
        let span = (horizon.start, horizon.end);
        let of = |strategy| portfolio(spec, strategy, (&sites, span)).1;
        let conversions = spec.strategies.iter().map(of).collect();
        let calendar = &horizon.calendar;
        let weekday = calendar.civil_hour(horizon.start).weekday;
        let monday = horizon.start + Span::from_seconds(-DAY_S * i64::from(weekday));
        let weeks = ((horizon.end - monday).as_seconds() + WEEK_S - 1) / WEEK_S;
        let axis = &scenario.data.axis;
        let civil: Vec<_> = (0..axis.len())
            .map(|h| calendar.civil_hour(axis.time(h)))
            .collect();
        let mut setup = Self {
            span: (horizon.start, horizon.end),
            sites,
            conversions,
            normals: normals(scenario),
            monday,
            flows: flows(scenario),
            weeks: weeks.max(1) as u32,
            hour_of_week: civil
                .iter()
                .map(|c| c.weekday as u8 * 24 + c.hour as u8)
                .collect(),
            month_of_hour: civil
                .iter()
                .map(|c| horizon.month_index(c.month) as u16)
                .collect(),
            debts: Vec::new(),
        };
        setup.debts = capital::size_all(scenario, &setup);
        setup
    }

    /// Strategies whose debt has no meaning, with the reason.
    pub fn refused_debts(&self) -> impl Iterator<Item = (usize, &SizingError)> {
        self.debts
            .iter()
            .enumerate()
            .filter_map(|(s, debt)| Some((s, debt.as_ref()?.as_ref().err()?)))
    }

    /// The plans anew for a spec of which inputs were drawn, where a drawn one lies in the conversions or the halls;
    /// `None` where none does.
    pub fn conversions_of(
        &self,
        base: &ScenarioSpec,
        drawn: &ScenarioSpec,
    ) -> Option<Vec<Vec<ConversionSetup>>> {
        let halls = |spec: &ScenarioSpec| spec.sites.iter().map(|s| s.halls.clone()).collect::<Vec<_>>();
        let works = |spec: &ScenarioSpec| {
            (
                spec.resources.clone(),
                spec.calendars.clone(),
                spec.archetypes.clone(),
            )
        };
        let same =
            base.strategies == drawn.strategies && halls(base) == halls(drawn) && works(base) == works(drawn);
        let anew = || {
            let of = |strategy| portfolio(drawn, strategy, (&self.sites, self.span)).1;
            drawn.strategies.iter().map(of).collect()
        };
        (!same).then(anew)
    }

    /// Model and break-even power price at the start of every mining batch, best first, for charts.
    pub fn mining_break_even(
        &self,
        spec: &ScenarioSpec,
        hashprice_usd_per_ph_day: f64,
    ) -> Vec<(String, f64)> {
        let mut rows: Vec<(String, f64)> = Vec::new();
        for hall in spec.sites.iter().flat_map(|s| &s.halls) {
            // What cards earn is no matter of hashprice.
            for batch in MiningFleet::new(&hall.miners)
                .batches()
                .iter()
                .filter(|b| !b.is_cards())
            {
                let row = (
                    batch.model_id().to_owned(),
                    batch.break_even(hashprice_usd_per_ph_day).as_usd_per_mwh(),
                );
                if !rows.iter().any(|(model, _)| *model == row.0) {
                    rows.push(row);
                }
            }
        }
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        rows
    }
}

fn normals(scenario: &Scenario) -> HeatNormals {
    let calendar = &scenario.horizon.calendar;
    let hours: Vec<(u8, u8, f64)> = scenario.data.weather.first().map_or_else(Vec::new, |weather| {
        let base = weather.base();
        let start = base.span().start;
        let hour = |(i, air): (usize, &crate::cooling::WeatherHour)| {
            let civil = calendar.civil_hour(start + Span::from_seconds(HOUR_S * i as i64));
            (civil.month.month as u8 - 1, civil.hour as u8, air.dry_bulb_c)
        };
        base.plain_hours().iter().enumerate().map(hour).collect()
    });
    HeatNormals::of(hours.iter().copied())
}

fn site_setup(scenario: &Scenario, index: usize) -> SiteSetup {
    let site = &scenario.spec.sites[index];
    let base = scenario.data.weather[index].base();
    let mut specs: Vec<&CoolingSpec> = Vec::new();
    for hall in &site.halls {
        specs.push(&hall.cooling);
        specs.extend(hall.serving.as_ref().map(|s| &s.cooling));
    }
    for conversion in scenario.spec.strategies.iter().flat_map(|s| &s.conversions) {
        specs.extend(conversion.install.as_ref().map(|i| &i.cooling));
        specs.extend(conversion.lease.as_ref().map(|l| &l.cooling));
    }
    let mut plants: Vec<(CoolingSpec, Arc<PlantTable>)> = Vec::new();
    for spec in specs {
        if !plants.iter().any(|(s, _)| s == spec) {
            let table = PlantTable::new(&Plant::new(spec.clone()), base.hours());
            plants.push((spec.clone(), Arc::new(table)));
        }
    }
    let names =
        |(i, hall): (usize, &HallSpec)| hall.names().into_iter().map(move |n| (n, i)).collect::<Vec<_>>();
    SiteSetup {
        name: site.id.to_string(),
        calendar: Calendar::of_zone(&site.timezone).expect("the check knows the zone"),
        halls: site.halls.iter().enumerate().flat_map(names).collect(),
        plants,
    }
}

/// Critical IT load of an installation in a hall.
pub fn critical_it(grid_mw: f64, percent: f64) -> Power {
    Power::from_mw(grid_mw * percent / 100.0)
}

/// The systems of an installation in a hall.
pub fn accelerators(install: &InstallSpec, grid_mw: f64) -> Accelerators {
    let it = critical_it(grid_mw, install.critical_it_percent);
    Accelerators::new(&install.accelerators(), it).expect("the check knows the model")
}

/// Planned facility cost and hardware price of one hall of a conversion.
pub fn hall_cost(spec: &ScenarioSpec, conversion: &ConversionSpec, grid_mw: f64) -> (Money, Money) {
    let programme = conversion.programme(&spec.archetypes);
    let per_kw = programme.facility_usd_per_it_kw();
    let becomes = programme.kind().map(|kind| kind.becomes);
    if matches!(becomes, Some(Outcome::Mine | Outcome::Idle)) {
        return (Money::from_usd(per_kw * grid_mw * 1e3), Money::ZERO);
    }
    if let Some(install) = &conversion.install {
        let it = critical_it(grid_mw, install.critical_it_percent);
        let facility = Money::from_usd(per_kw * it.as_kw() * install.redundancy.capex_factor());
        return (facility, accelerators(install, grid_mw).capex());
    }
    let lease = conversion.lease.as_ref();
    let it = critical_it(grid_mw, lease.map_or(70.0, |l| l.critical_it_percent));
    let factor = lease.map_or(1.0, |l| l.redundancy.capex_factor());
    (Money::from_usd(per_kw * it.as_kw() * factor), Money::ZERO)
}

/// The schedule of all conversions of a strategy, and each of them.
pub fn portfolio(
    spec: &ScenarioSpec,
    strategy: &StrategySpec,
    (sites, span): (&[SiteSetup], (SimTime, SimTime)),
) -> (Portfolio, Vec<ConversionSetup>) {
    let parts: Vec<Part> = strategy
        .conversions
        .iter()
        .enumerate()
        .map(|(position, conversion)| plan(spec, (strategy, position), conversion, sites))
        .collect();
    let calendars = parts.iter().flat_map(|part| {
        part.plan.calendars().map(|(name, site)| {
            let index = spec.sites.iter().position(|s| s.id.as_str() == site);
            (
                name,
                site,
                &sites[index.expect("the check knows the site")].calendar,
            )
        })
    });
    let works = Arc::new(Works::new(&spec.resources, &spec.calendars, calendars, span));
    let (mut plans, mut starts, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        // What waits for a condition is planned from the date by which it starts at the latest, or from when the
        // conversions before it in its halls are planned to be done, or from the beginning.
        let latest = part.start.latest();
        let ends = part.after.iter().map(|p| planned_end(&plans, &starts, *p));
        let free = ends.fold(span.0, SimTime::max);
        starts.push(if latest < span.1 {
            latest.max(free)
        } else {
            free + Span::from_days_f64(part.start.years() * 365.25)
        });
        plans.push(part.plan);
        rest.push((part.halls, part.start, part.after, part.again));
    }
    let portfolio = Portfolio::new(plans, starts, Arc::clone(&works));
    let setups = portfolio
        .plans()
        .iter()
        .zip(rest)
        .map(|(plan, (halls, start, after, again))| ConversionSetup {
            halls,
            plan: Arc::clone(plan),
            start,
            after,
            again,
            works: Arc::clone(&works),
        });
    let setups = setups.collect();
    (portfolio, setups)
}

/// When a conversion is planned to be done.
fn planned_end(plans: &[Plan], starts: &[SimTime], conversion: usize) -> SimTime {
    let plan = &plans[conversion];
    starts[conversion] + crate::conversion::months(plan.network().last_ready(plan.planned()))
}

/// A conversion before it is brought together with the others of its strategy.
struct Part {
    halls: Vec<(usize, usize)>,
    plan: Plan,
    start: StartRule,
    after: Vec<usize>,
    again: bool,
}

fn plan(
    spec: &ScenarioSpec,
    (strategy, position): (&StrategySpec, usize),
    conversion: &ConversionSpec,
    sites: &[SiteSetup],
) -> Part {
    let find = |name: &String| -> (usize, usize) {
        let (site, hall) = name.split_once('/').expect("the check knows the hall");
        let s = spec
            .sites
            .iter()
            .position(|x| x.id.as_str() == site)
            .expect("the check knows the site");
        let h = sites[s]
            .halls
            .iter()
            .position(|(n, _)| n == hall)
            .expect("the check knows the hall");
        (s, h)
    };
    let halls: Vec<(usize, usize)> = conversion.halls.iter().map(find).collect();
    let kind = kind::kind(&conversion.archetype, &spec.archetypes).expect("the check knows the archetype");
    let before = |name: &String| spec.phase_before(strategy, position, name);
    let inputs = halls.iter().zip(&conversion.halls).map(|(&(s, h), name)| {
        let hall = &spec.sites[s].halls[sites[s].halls[h].1];
        let (facility, hardware) = hall_cost(spec, conversion, hall.grid_mw);
        let per_kw = kind.sale_usd_per_grid_kw;
        HallInputs {
            name: name.clone(),
            phase: before(name),
            facility,
            hardware,
            sale: Money::from_usd(per_kw * hall.grid_mw * 1e3),
        }
    });
    // The key names the place among the conversions, not the strategy, so that strategies share their luck.
    let key = format!("{}/{position}", conversion.halls.join("+"));
    let mut after: Vec<usize> = conversion
        .halls
        .iter()
        .filter_map(|name| strategy.earlier(position, name))
        .collect();
    after.sort_unstable();
    after.dedup();
    let again = conversion
        .halls
        .iter()
        .any(|name| before(name) == HallPhase::Serving)
        || !after.is_empty();
    let plan = Plan::of_programme(&conversion.programme(&spec.archetypes), key, inputs.collect());
    let calendar = &sites[halls[0].0].calendar;
    Part {
        halls,
        plan: plan.unwrap_or_else(|| panic!("the plan of `{}` was checked", strategy.id)),
        start: StartRule::new(&conversion.start, calendar).expect("the check knows the date"),
        after,
        again,
    }
}
