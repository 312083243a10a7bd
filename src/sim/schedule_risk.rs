//! The dates and costs of each strategy's conversions over many schedules: which stages are critical, what drives the
//! end, what orders at risk are worth. What a day costs comes from `delay`.

use crate::conversion::DAYS_PER_MONTH;
use crate::conversion::analysis::{Analysis, ConversionRisk, OrderValue, StageRisk, analyse};
use crate::results::tables::{
    RunTables, ScheduleConversionRow, ScheduleCurveRow, ScheduleDriverRow, ScheduleOrderRow, ScheduleRiskRow,
};
use crate::scenario::Scenario;
use crate::scenario::spec::StrategySpec;
use crate::sim::setup::{Setup, critical_it, portfolio};
use crate::time::SimTime;

/// Schedules of a strategy: at least, at most.
const SCHEDULES: (u32, u32) = (200, 1_000);
/// Stages times halls times schedules of one strategy that are looked at, at most; larger ones get fewer schedules
const NODES_MAX: usize = 2_000_000;
/// What a day of later readiness costs, USD: by strategy, by conversion; `None` where it is not known.
pub type DelayCosts = [Vec<Option<f64>>];

/// Puts the tables of all strategies that convert anything.
pub fn put(
    (scenario, setup): (&Scenario, &Setup),
    replications: u32,
    delays: &DelayCosts,
    tables: &mut RunTables,
) {
    let spec = &scenario.spec;
    for (index, strategy) in spec.strategies.iter().enumerate() {
        if strategy.conversions.is_empty() {
            continue;
        }
        let (schedules, conversions) = portfolio(spec, strategy, (&setup.sites, setup.span));
        let most = (NODES_MAX / schedules.len().max(1)) as u32;
        let count = replications.clamp(SCHEDULES.0, SCHEDULES.1).min(most.max(20));
        let mw: Vec<Vec<f64>> = conversions
            .iter()
            .zip(&strategy.conversions)
            .map(|(own, conversion)| {
                let percent = match (&conversion.install, &conversion.lease) {
                    // A hall that serves again brings no further megawatts.
                    _ if own.again => 0.0,
                    (Some(install), _) => install.critical_it_percent,
                    (None, Some(lease)) => lease.critical_it_percent,
                    (None, None) => 0.0,
                };
                let halls = own.halls.iter();
                let grid = |&(s, h): &(usize, usize)| spec.sites[s].halls[setup.sites[s].halls[h].1].grid_mw;
                halls
                    .map(|place| critical_it(grid(place), percent).as_mw())
                    .collect()
            })
            .collect();
        let analysis = analyse(&schedules, (spec.run.seed, count), &mw);
        let rows = Rows {
            strategy,
            setup,
            halls: conversions.iter().map(|c| c.halls.as_slice()).collect(),
            delay_usd: &delays[index],
        };
        rows.put(&analysis, tables);
    }
}

struct Rows<'a> {
    strategy: &'a StrategySpec,
    setup: &'a Setup,
    halls: Vec<&'a [(usize, usize)]>,
    delay_usd: &'a [Option<f64>],
}

impl Rows<'_> {
    fn put(&self, analysis: &Analysis, tables: &mut RunTables) {
        let name = self.strategy.id.to_string();
        tables
            .schedule_risk
            .extend(analysis.stages.iter().filter_map(|s| self.stage(s)));
        tables
            .schedule_conversions
            .extend(analysis.conversions.iter().map(|c| self.conversion(c)));
        tables
            .schedule_drivers
            .extend(analysis.drivers.iter().map(|d| ScheduleDriverRow {
                strategy: name.clone(),
                driver: d.what.clone(),
                mean_months: d.mean_months,
                p90_months: d.p90_months,
                variance_share: d.variance_share,
            }));
        tables
            .schedule_orders
            .extend(analysis.orders.iter().map(|o| self.order(o)));
        tables
            .schedule_curve
            .extend(analysis.curve.iter().map(|c| ScheduleCurveRow {
                strategy: name.clone(),
                at: c.at.to_utc_text(),
                planned_mw: c.planned,
                p10_mw: c.quantiles[0],
                p50_mw: c.quantiles[1],
                p90_mw: c.quantiles[2],
            }));
    }

    fn stage(&self, stage: &StageRisk) -> Option<ScheduleRiskRow> {
        let halls = self.halls[stage.project];
        let (s, h) = stage.hall.map_or(halls[0], |hall| halls[hall]);
        let site = &self.setup.sites[s];
        // The rest of an order in two deliveries is told by the halls that wait for it.
        if stage.rest {
            return None;
        }
        Some(ScheduleRiskRow {
            strategy: self.strategy.id.to_string(),
            conversion: stage.project as u32,
            site: site.name.clone(),
            hall: stage.hall.map_or_else(String::new, |_| site.halls[h].0.clone()),
            stage: stage.stage.to_string(),
            criticality: stage.criticality,
            float_months: stage.float_months,
            crew_wait_months: stage.crew_wait_months,
            planned_end: stage.planned_end.to_utc_text(),
            end_p10: stage.end[0].to_utc_text(),
            end_p50: stage.end[1].to_utc_text(),
            end_p90: stage.end[2].to_utc_text(),
            late_months: stage.late_months,
            usd_per_day: self.day_usd(stage.project) * stage.criticality,
        })
    }

    fn order(&self, order: &OrderValue) -> ScheduleOrderRow {
        ScheduleOrderRow {
            strategy: self.strategy.id.to_string(),
            conversion: order.project as u32,
            order: order.order.to_string(),
            at_risk: order.at_risk,
            planned_months: order.planned_months,
            mean_months: order.mean_months,
            deposit_usd: order.deposit.as_usd(),
            value_usd: self.day_usd(order.project) * order.mean_months * DAYS_PER_MONTH,
        }
    }

    fn conversion(&self, risk: &ConversionRisk) -> ScheduleConversionRow {
        let days = risk.project.map(|project| self.day_usd(project));
        let all = || {
            (0..self.delay_usd.len())
                .map(|project| self.day_usd(project))
                .sum()
        };
        let text = |date: SimTime| date.to_utc_text();
        ScheduleConversionRow {
            strategy: self.strategy.id.to_string(),
            conversion: risk.project.map_or_else(|| "all".to_owned(), |p| p.to_string()),
            halls: risk
                .project
                .map_or_else(String::new, |p| self.strategy.conversions[p].halls.join(" ")),
            planned_ready: text(risk.planned_ready),
            ready_p10: text(risk.ready[0]),
            ready_p50: text(risk.ready[1]),
            ready_p90: text(risk.ready[2]),
            planned_capex_usd: risk.planned_capex.as_usd(),
            capex_p10_usd: risk.capex[0].as_usd(),
            capex_p50_usd: risk.capex[1].as_usd(),
            capex_p90_usd: risk.capex[2].as_usd(),
            delay_usd_per_day: days.unwrap_or_else(all),
        }
    }

    /// What a day costs; no number where it is not known.
    fn day_usd(&self, project: usize) -> f64 {
        self.delay_usd[project].unwrap_or(f64::NAN)
    }
}
