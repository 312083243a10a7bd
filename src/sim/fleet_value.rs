//! What each batch of miners breaks even at, costs and is worth, and the month from which selling it beats keeping it.
//!
//! Expected hashprices are the means of the replications; the cost of power hour by hour is that of the replication shown
//! in detail. Owns no event: it looks at a run that is over.

use crate::fleet::{MinerBatch, MiningFleet};
use crate::random::Streams;
use crate::results::replication::Detail;
use crate::results::tables::MiningBatchRow;
use crate::scenario::Scenario;
use crate::sim::Setup;
use crate::time::Span;
use crate::units::EnergyPrice;

/// The most replications whose hashprices are averaged.
const PATHS_MAX: u32 = 200;

/// Costs of a month's hours at the machine, cheapest first, with their running sums.
struct MonthCosts {
    sorted: Vec<f64>,
    sums: Vec<f64>,
}

impl MonthCosts {
    fn new(mut costs: Vec<f64>) -> Self {
        costs.sort_unstable_by(f64::total_cmp);
        let mut sum = 0.0;
        let sums = costs
            .iter()
            .map(|cost| {
                sum += cost;
                sum
            })
            .collect();
        Self { sorted: costs, sums }
    }
    /// What a megawatt earns over the month that mines whenever a megawatt-hour is worth more than it costs, USD.
    fn margin(&self, worth: f64) -> f64 {
        match self.sorted.partition_point(|cost| *cost < worth) {
            0 => 0.0,
            hours => worth * hours as f64 - self.sums[hours - 1],
        }
    }
}

/// A row for every batch that stands at the start, in file order; none where no hour was recorded.
pub fn batches(scenario: &Scenario, setup: &Setup, detail: &Detail) -> Vec<MiningBatchRow> {
    let hashprices = expected_hashprices(scenario);
    let streams = Streams::new(scenario.spec.run.seed, 0);
    let (paid, _) = scenario.data.bitcoin.draw(&streams).days()[0].paid;
    let mut rows = Vec::new();
    for (s, site) in scenario.spec.sites.iter().enumerate() {
        let Some(costs) = detail.mining_costs.get(s).filter(|c| !c.is_empty()) else {
            continue;
        };
        let months = month_costs(costs, setup, hashprices.len());
        let first_year = costs.len().min(8_760);
        let power = costs[..first_year].iter().sum::<f64>() / first_year as f64;
        let own = &setup.sites[s];
        for (name, entry) in &own.halls {
            let specs = &site.halls[*entry].miners;
            let fleet = MiningFleet::scheduled(specs, &own.calendar, scenario.horizon.start);
            let own = |b: &&MinerBatch| b.machines() > 0.0 && b.hosting().is_none() && !b.is_cards();
            for batch in fleet.batches().iter().filter(own) {
                let kept = paid * (1.0 - scenario.spec.pool_fee_percent(site) / 100.0);
                let outlook = Outlook::new(batch, (&hashprices, kept), &months, discount(scenario));
                rows.push(row(
                    (site.id.as_str(), name),
                    batch,
                    hashprices[0],
                    power,
                    &outlook,
                    scenario,
                ));
            }
        }
    }
    rows
}

fn discount(scenario: &Scenario) -> f64 {
    (1.0 + scenario.spec.finance.discount_percent / 100.0).powf(-1.0 / 12.0)
}

/// Mean hashprice of each month over the replications, USD a PH and day.
fn expected_hashprices(scenario: &Scenario) -> Vec<f64> {
    let count = scenario.spec.run.replications.clamp(1, PATHS_MAX);
    let calendar = &scenario.horizon.calendar;
    let mut sums = vec![0.0; scenario.months.len()];
    for replication in 0..count {
        let streams = Streams::new(scenario.spec.run.seed, u64::from(replication));
        let path = scenario.data.bitcoin.draw(&streams);
        for (sum, month) in sums.iter_mut().zip(&scenario.months) {
            let (from, to) = (
                calendar.start_of_month(*month),
                calendar.start_of_month(month.plus(1)),
            );
            let days = ((to - from).as_days().round() as i64).max(1);
            let day = |d: i64| path.at(from + Span::from_hours(24 * d)).hashprice_usd_per_ph_day;
            *sum += (0..days).map(day).sum::<f64>() / days as f64;
        }
    }
    sums.iter().map(|sum| sum / f64::from(count)).collect()
}

fn month_costs(costs: &[f64], setup: &Setup, months: usize) -> Vec<MonthCosts> {
    let mut by_month: Vec<Vec<f64>> = vec![Vec::new(); months];
    for (cost, month) in costs.iter().zip(&setup.month_of_hour) {
        if let Some(hours) = by_month.get_mut(usize::from(*month)) {
            hours.push(*cost);
        }
    }
    by_month.into_iter().map(MonthCosts::new).collect()
}

/// What keeping and selling a batch come to.
struct Outlook {
    /// Present worth at the start of what it earns to the horizon, its resale there included, USD.
    cash_left: f64,
    /// First month from which it fetches more than it would still earn, and what it fetches.
    sale: Option<(usize, f64)>,
}

impl Outlook {
    fn new(
        batch: &MinerBatch,
        (hashprices, kept): (&[f64], f64),
        months: &[MonthCosts],
        discount: f64,
    ) -> Self {
        let mw = batch.power().as_mw();
        let last = hashprices.len() - 1;
        // Backwards: what is left at a month's beginning is its margin at its middle and what is left after it.
        let mut left = batch.resale(hashprices[last]).as_usd();
        let mut sale = None;
        for month in (0..=last).rev() {
            let worth = kept * batch.break_even(hashprices[month]).as_usd_per_mwh();
            left = mw * months[month].margin(worth) * discount.sqrt() + discount * left;
            let fetches = batch.resale(hashprices[month]).as_usd();
            if fetches > left {
                sale = Some((month, fetches));
            }
        }
        Self {
            cash_left: left,
            sale,
        }
    }
}

fn row(
    (site, hall): (&str, &str),
    batch: &MinerBatch,
    hashprice: f64,
    power: f64,
    outlook: &Outlook,
    scenario: &Scenario,
) -> MiningBatchRow {
    let month = |(m, _): (usize, f64)| scenario.months[m].to_string();
    MiningBatchRow {
        site: site.to_owned(),
        hall: hall.to_owned(),
        model: batch.model_id().to_owned(),
        machines: batch.machines(),
        power_mw: batch.power().as_mw(),
        hashrate_ph: batch.hashrate_ph(),
        j_per_th: batch.efficiency_j_per_th(),
        break_even_usd_per_mwh: batch.break_even(hashprice).as_usd_per_mwh(),
        power_usd_per_mwh: power,
        hashcost_usd_per_ph_day: batch.hashcost(EnergyPrice::from_usd_per_mwh(power)),
        resale_usd: batch.resale(hashprice).as_usd(),
        cash_left_usd: outlook.cash_left,
        sell_month: outlook.sale.map(month).unwrap_or_default(),
        resale_then_usd: outlook.sale.map_or(0.0, |(_, usd)| usd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::MinerBatchSpec;

    fn batch() -> MinerBatch {
        let spec = MinerBatchSpec {
            uptime_percent: 100.0,
            ..MinerBatchSpec::plain("antminer-s21", 1_000)
        };
        MinerBatch::new(&spec).unwrap()
    }

    #[test]
    fn a_month_is_mined_while_it_is_worth_it() {
        let month = MonthCosts::new(vec![50.0, 20.0, 90.0, -10.0]);
        // At 60: 10, 40 and 70 are earned, the dear hour is not mined.
        assert!((month.margin(60.0) - 120.0).abs() < 1e-12);
        assert_eq!(month.margin(-20.0), 0.0);
    }

    #[test]
    fn keeping_is_worth_its_margins_and_its_resale() {
        // Two months of 700 hours at 40 USD; 30 USD a PH and day are 71.43 USD a MWh; 3.5 MW; nothing is discounted.
        let months = || vec![MonthCosts::new(vec![40.0; 700]), MonthCosts::new(vec![40.0; 700])];
        let outlook = Outlook::new(&batch(), (&[30.0, 30.0], 1.0), &months(), 1.0);
        let margin = 3.5 * 700.0 * (30.0 / (0.024 * 17.5) - 40.0);
        let resale = 1_000.0 * 200.0 * 0.6 * 3.67;
        assert!((outlook.cash_left - (2.0 * margin + resale)).abs() < 1e-6);
        assert!(outlook.sale.is_none());
    }

    #[test]
    fn a_falling_hashprice_says_sell_before_it_falls() {
        // Worth less than its power from the second month on, and its resale falls with hashprice: sell in the first.
        let months: Vec<MonthCosts> = (0..3).map(|_| MonthCosts::new(vec![70.0; 700])).collect();
        let outlook = Outlook::new(&batch(), (&[30.0, 20.0, 10.0], 1.0), &months, 1.0);
        let (month, usd) = outlook.sale.unwrap();
        assert_eq!(month, 0);
        assert!((usd - 440_400.0).abs() < 1e-6);
        assert!(outlook.cash_left < usd);
    }
}
