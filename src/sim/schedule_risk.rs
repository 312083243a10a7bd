//! The dates of each strategy's conversions over many schedules: which stages are critical, what drives the end, what
//! orders at risk are worth, and what a day costs.
//!
//! What a day of later readiness costs is the slope of equity value over the last ready date, by least squares over the
//! replications of the run: all that hangs on the date is in it, rents, penalties, mining that goes on. It is given
//! where thirty replications or more show it at twice its standard error.

use crate::conversion::DAYS_PER_MONTH;
use crate::conversion::analysis::{Analysis, OrderValue, StageRisk, analyse};
use crate::metric::Metric;
use crate::results::tables::{
    RunTables, ScheduleCurveRow, ScheduleDriverRow, ScheduleOrderRow, ScheduleRiskRow,
};
use crate::scenario::Scenario;
use crate::scenario::spec::StrategySpec;
use crate::sim::setup::{Setup, critical_it, portfolio};

/// Schedules of a strategy: at least, at most.
const SCHEDULES: (u32, u32) = (200, 1_000);
/// Stages times halls times schedules of one strategy that are looked at, at most; larger ones get fewer schedules
const NODES_MAX: usize = 2_000_000;
/// Replications from which a slope is read.
const SLOPE_REPLICATIONS: usize = 30;

/// Puts the tables of all strategies that convert anything.
pub fn put(scenario: &Scenario, setup: &Setup, replications: u32, tables: &mut RunTables) {
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
        let day_usd = day_usd(tables, index);
        let rows = Rows {
            strategy,
            setup,
            halls: conversions.iter().map(|c| c.halls.as_slice()).collect(),
            day_usd,
        };
        rows.put(&analysis, tables);
    }
}

/// What a day of later readiness costs, USD, positive where it costs.
fn day_usd(tables: &RunTables, strategy: usize) -> Option<f64> {
    let of = |metric| tables.metrics.values((strategy, 0, 0), metric).iter();
    let pairs = of(Metric::ReadyForServiceMonths).zip(of(Metric::NpvEquityUsd));
    let pairs: Vec<(f64, f64)> = pairs
        .map(|(m, v)| (m * DAYS_PER_MONTH, *v))
        .filter(|(m, v)| m.is_finite() && v.is_finite())
        .collect();
    slope(&pairs).map(|usd| -usd)
}

/// Least-squares slope, where it is at least twice its standard error.
fn slope(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < SLOPE_REPLICATIONS {
        return None;
    }
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
    let sxx: f64 = pairs.iter().map(|p| (p.0 - mx).powi(2)).sum();
    let sxy: f64 = pairs.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
    if sxx <= 0.0 {
        return None;
    }
    let slope = sxy / sxx;
    let rest: f64 = pairs
        .iter()
        .map(|p| (p.1 - my - slope * (p.0 - mx)).powi(2))
        .sum();
    let error = (rest / (n - 2.0) / sxx).sqrt();
    (slope.abs() >= 2.0 * error).then_some(slope)
}

struct Rows<'a> {
    strategy: &'a StrategySpec,
    setup: &'a Setup,
    halls: Vec<&'a [(usize, usize)]>,
    day_usd: Option<f64>,
}

impl Rows<'_> {
    fn put(&self, analysis: &Analysis, tables: &mut RunTables) {
        let name = self.strategy.id.to_string();
        tables
            .schedule_risk
            .extend(analysis.stages.iter().filter_map(|s| self.stage(s)));
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
            usd_per_day: self.day_usd.map_or(f64::NAN, |usd| usd * stage.criticality),
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
            value_usd: self
                .day_usd
                .map_or(f64::NAN, |usd| usd * order.mean_months * DAYS_PER_MONTH),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_given_where_it_is_clear() {
        // 3 less for each day, with an error that alternates and goes with nothing.
        let pairs: Vec<(f64, f64)> = (0..40)
            .map(|i| {
                (
                    f64::from(i),
                    100.0 - 3.0 * f64::from(i) + if i % 2 == 0 { 1.0 } else { -1.0 },
                )
            })
            .collect();
        let found = slope(&pairs).unwrap();
        assert!((found + 3.0).abs() < 0.05, "{found}");
        let flat: Vec<(f64, f64)> = (0..40).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        assert_eq!(slope(&flat), None);
        assert_eq!(slope(&pairs[..20]), None, "too few");
    }
}
