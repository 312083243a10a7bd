//! What holds for every bill, and that the margin is the bill's own derivative.

use super::*;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::Span;
use proptest::prelude::{ProptestConfig, prop_assert, proptest};

const JULY: Month = Month { year: 2026, month: 7 };

fn calendar() -> Calendar {
    Calendar::of_zone("America/Chicago").unwrap()
}

fn supply(clauses: &[&str]) -> Supply {
    #[derive(serde::Deserialize)]
    struct File {
        power_contracts: PowerContractsSpec,
    }
    let list: Vec<String> = clauses
        .iter()
        .map(|c| format!("[[power_contracts.clauses]]\n{c}\n"))
        .collect();
    let text = format!("[[power_contracts]]\nid = \"only\"\n{}", list.concat());
    let spec = toml::from_str::<File>(&text).unwrap().power_contracts;
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    assert!(!problems.has_errors(), "{problems:?}");
    Supply::new(&spec, &calendar(), |_| Some(PriceId(0))).unwrap()
}

const ENERGY: &str = "[power_contracts.clauses.time_of_use]
fill = 'in_time_order'
periods = [
  { name = 'peak', tiers = [{ up_to_mwh = 900, usd_per_mwh = 90 }, { usd_per_mwh = 70 }] },
  { name = 'other', tiers = [{ up_to_mwh = 700, usd_per_mwh = 40 }, { usd_per_mwh = 55 }] },
]
schedule.rules = [
  { period = 'peak', from_hour = 12, to_hour = 20, days = ['weekday'] },
  { period = 'other', from_hour = 0, to_hour = 12, days = ['weekday'] },
  { period = 'other', from_hour = 20, to_hour = 24, days = ['weekday'] },
  { period = 'other', days = ['weekend', 'holiday'] },
]";
const DEMAND: &str = "demand_charge = { tiers = [{ up_to_kw = 5000, usd_per_kw_month = 4 }, { usd_per_kw_month = 9 }], window_minutes = 30, ratchet = { percent = 60, months = 3, history_kw = [9000, 12000, 3000] } }";
const FIXED: &str = "fixed_charge = { usd_per_day = 12 }";
const RIDER: &str = "rider = { name = 'storm', percent = 3, of = ['demand_charge', 'time_of_use'] }";
const FUEL: &str = "rider = { name = 'fuel', usd_per_mwh = 4 }";
const MINIMUM: &str = "minimum_bill = { usd_per_month = 60000 }";

fn meter(supply: &mut Supply, loads: &[f64]) {
    let start = calendar().start_of_month(JULY);
    for (index, load_mw) in loads.iter().enumerate() {
        let at = |k: usize| start + Span::from_seconds(k as i64 * 900);
        supply.meter(&Interval {
            from: at(index),
            to: at(index + 1),
            load_mw: *load_mw,
            mining_mw: 0.0,
            called: 0,
            prices: &[],
        });
    }
}

fn cost(clauses: &[&str], loads: &[f64]) -> f64 {
    let mut supply = supply(clauses);
    meter(&mut supply, loads);
    let lines = supply.close_month(JULY);
    for line in &lines {
        assert!(
            (line.usd + line.quantity * line.rate_usd).abs() <= 1e-9 * line.usd.abs().max(1.0),
            "{line:?}"
        );
    }
    lines.iter().map(|l| -l.usd).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_order_of_clauses_changes_no_bill(loads in proptest::collection::vec(0.0_f64..20.0, 1..400)) {
        let one = cost(&[ENERGY, DEMAND, FIXED, RIDER, FUEL, MINIMUM], &loads);
        let other = cost(&[MINIMUM, FUEL, RIDER, DEMAND, FIXED, ENERGY], &loads);
        prop_assert!((one - other).abs() <= 1e-9 * one, "{one} {other}");
    }

    #[test]
    fn energy_on_a_tiered_bill_is_energy_at_the_meter(loads in proptest::collection::vec(0.0_f64..20.0, 1..2976)) {
        for fill in ["in_time_order", "pro_rata_over_periods", "within_each_period"] {
            let mut supply = supply(&[&ENERGY.replace("in_time_order", fill)]);
            meter(&mut supply, &loads);
            let metered: f64 = loads.iter().sum::<f64>() / 4.0;
            let billed: f64 = supply.close_month(JULY).iter().map(|l| l.quantity).sum();
            prop_assert!((billed - metered).abs() <= 1e-9 * metered.max(1.0), "{fill}: {billed} {metered}");
        }
    }

    #[test]
    fn twice_the_load_by_time_and_window_is_twice_the_bill(loads in proptest::collection::vec(0.0_f64..20.0, 1..400)) {
        let energy = ENERGY.replace("up_to_mwh = 900", "up_to_hours = 20").replace("up_to_mwh = 700", "up_to_hours = 20");
        let demand = "demand_charge = { usd_per_kw_month = 9, window_minutes = 60 }";
        let clauses = [energy.as_str(), demand, RIDER, FUEL];
        let doubled: Vec<f64> = loads.iter().map(|l| 2.0 * l).collect();
        let (once, twice) = (cost(&clauses, &loads), cost(&clauses, &doubled));
        prop_assert!((twice - 2.0 * once).abs() <= 1e-9 * once.max(1.0), "{once} {twice}");
    }

    /// A watt-hour more in the next quarter changes the bill by the margin, where nothing comes after it.
    #[test]
    fn the_margin_is_the_derivative_of_the_bill(loads in proptest::collection::vec(0.0_f64..20.0, 1..1500)) {
        for fill in ["in_time_order", "within_each_period"] {
            let energy = ENERGY.replace("in_time_order", fill);
            let tax = "rider = { name = 'tax', percent = 3 }";
            let clauses = [energy.as_str(), tax, FUEL];
            let mut supply = supply(&clauses);
            meter(&mut supply, &loads);
            let now = calendar().start_of_month(JULY) + Span::from_seconds(loads.len() as i64 * 900);
            let margin = supply.marginal(now, 0.0, Use::DataCentre, &[]).usd_per_mwh;
            let mut tiny = loads.clone();
            tiny.push(4e-6);
            let change = (cost(&clauses, &tiny) - cost(&clauses, &loads)) / 1e-6;
            prop_assert!((change - margin).abs() < 1e-2, "{fill}: {change} {margin}");
        }
    }
}

#[test]
fn the_margin_counts_a_peak_over_the_hours_that_are_left() {
    // Billed anyway: 60 % of 12 MW remembered. Above it the tier of 9 USD/kW.
    let mut s = supply(&["fixed_price = { usd_per_mwh = 30 }", DEMAND]);
    let start = calendar().start_of_month(JULY);
    let at = |hour: i64| start + Span::from_hours(hour);
    let margin = |s: &Supply, hour: i64, mw: f64| s.marginal(at(hour), mw, Use::DataCentre, &[]);
    let below = margin(&s, 0, 5.0);
    assert_eq!(below.usd_per_mwh, 30.0);
    assert!((below.until_mw - 7.2).abs() < 1e-5, "{below:?}");
    let above = margin(&s, 0, 8.0);
    assert!(
        (above.usd_per_mwh - (30.0 + 9_000.0 / 744.0)).abs() < 1e-9,
        "{above:?}"
    );
    // From 12 / 0.6 = 20 MW on three months would remember it.
    assert!((above.until_mw - 20.0).abs() < 1e-5, "{above:?}");
    let jump = margin(&s, 0, 21.0);
    assert!(
        (jump.usd_per_mwh - (30.0 + 9_000.0 * (1.0 + 3.0 * 0.6) / 744.0)).abs() < 1e-9,
        "{jump:?}"
    );
    // Ten hours before the month ends; the answer is the same with the clock at hand and without.
    let last = margin(&s, 734, 8.0);
    assert!((last.usd_per_mwh - 930.0).abs() < 1e-9, "{last:?}");
    s.open(at(734), 0.0);
    assert_eq!(margin(&s, 734, 8.0), last);
    // A peak that stands is free.
    meter(&mut s, &[9.0; 8]);
    assert_eq!(margin(&s, 2, 8.5).usd_per_mwh, 30.0);
    assert!(margin(&s, 2, 9.5).usd_per_mwh > 42.0);
}

#[test]
fn a_charge_by_time_spreads_over_its_own_hours() {
    let by_time = "[power_contracts.clauses.demand_charge]
periods = [{ name = 'peak', usd_per_kw_month = 13.2 }, { name = 'other', usd_per_kw_month = 0 }]
schedule.rules = [
  { period = 'peak', from_hour = 14, to_hour = 20, days = ['weekday'] },
  { period = 'other', from_hour = 0, to_hour = 14, days = ['weekday'] },
  { period = 'other', from_hour = 20, to_hour = 24, days = ['weekday'] },
  { period = 'other', days = ['weekend', 'holiday'] },
]
holidays = { calendars = ['us_federal'] }";
    let s = supply(&["fixed_price = { usd_per_mwh = 30 }", by_time]);
    let start = calendar().start_of_month(JULY);
    let margin = |hours: i64| {
        s.marginal(start + Span::from_hours(hours), 5.0, Use::Mining, &[])
            .usd_per_mwh
    };
    // 22 working days at six hours: 132 hours; at night nothing.
    assert!((margin(14) - (30.0 + 13_200.0 / 132.0)).abs() < 1e-9);
    assert_eq!(margin(3), 30.0);
}

#[test]
fn escalated_rates_and_another_currency_move_bill_and_margin_alike() {
    #[derive(serde::Deserialize)]
    struct File {
        power_contracts: PowerContractsSpec,
    }
    let text = "[[power_contracts]]\nid = 'nordic'\nstarts = '2020-01-01'\n\
        escalator.compound_percent = { percent = 2, from = '2025-07-01' }\n\
        currency = { code = 'nok', rates = [{ from = '2020-01-01', usd_per_unit = 0.1 }, { from = '2026-07-01', usd_per_unit = 0.125 }] }\n\
        clauses = [{ fixed_price = { usd_per_mwh = 400 } }, { index = { price = 'spot' } }]\n\
        [[power_contracts]]\nid = 'else'\nclauses = [{ fixed_price = { usd_per_mwh = 1 } }]";
    let spec = toml::from_str::<File>(text).unwrap().power_contracts;
    let mut s = Supply::new(&spec, &calendar(), |_| Some(PriceId(0))).unwrap();
    let margin = |s: &Supply, month: Month| {
        let at = calendar().start_of_month(month);
        s.marginal(at, 1.0, Use::Mining, &[55.0]).usd_per_mwh
    };
    assert!((margin(&s, JULY) - 400.0 * 1.02 * 0.125).abs() < 1e-9);
    assert!((margin(&s, JULY.plus(-1)) - 40.0).abs() < 1e-9);
    let start = calendar().start_of_month(JULY);
    s.meter(&Interval {
        from: start,
        to: start + Span::from_hours(10),
        load_mw: 3.0,
        mining_mw: 0.0,
        called: 0,
        prices: &[55.0],
    });
    let lines = s.close_month(JULY);
    assert!((lines[0].usd + 30.0 * 51.0).abs() < 1e-9, "{lines:?}");
}
