//! Bills by hand, marginal costs, and what must hold for every bill.

use super::*;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::{HOUR_S, Span};
use proptest::prelude::{ProptestConfig, prop_assert, proptest};
use rstest::rstest;

const JULY: Month = Month { year: 2026, month: 7 };
const REAL_TIME: usize = 0;

fn calendar() -> Calendar {
    Calendar::of_zone("America/Chicago").unwrap()
}

fn spec(text: &str) -> PowerContractsSpec {
    #[derive(serde::Deserialize)]
    struct File {
        power_contracts: PowerContractsSpec,
    }
    toml::from_str::<File>(text).unwrap().power_contracts
}

fn supply(text: &str) -> Supply {
    let spec = spec(text);
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    assert!(!problems.has_errors(), "{problems:?}");
    let names = ["real-time", "day-ahead"];
    let find = |named: Named<'_>| match named {
        Named::Price(name) => {
            let index = names.iter().position(|n| *n == name.as_str());
            index.map(|i| PriceId(i as u16))
        }
        // Peak and risk stand behind the prices.
        Named::SystemLoad(name) => (name.as_str() == "ercot").then_some(PriceId(2)),
    };
    Supply::new(&spec, &calendar(), find).unwrap()
}

/// One contract of these clauses.
fn clauses(list: &str) -> Supply {
    supply(&format!("[[power_contracts]]\nid = \"only\"\nclauses = [{list}]"))
}

fn july() -> SimTime {
    calendar().start_of_month(JULY)
}

/// Meters hours of July from hour `from`.
fn run(supply: &mut Supply, from: i64, hours: i64, load_mw: f64, mining_mw: f64, prices: [f64; 2]) {
    let at = |h: i64| july() + Span::from_hours(h);
    let (from, to) = (at(from), at(from + hours));
    supply.meter(&Interval {
        from,
        to,
        load_mw,
        mining_mw,
        called: 0,
        prices: &prices,
    });
}

fn usd(lines: &[SettlementLine], clause: &str) -> f64 {
    lines.iter().filter(|l| l.clause == clause).map(|l| l.usd).sum()
}

fn total(lines: &[SettlementLine]) -> f64 {
    lines.iter().map(|l| l.usd).sum()
}

#[test]
fn contracts_fill_in_file_order_and_each_is_billed_for_its_part() {
    let mut s = supply(
        r#"
        [[power_contracts]]
        id = "block"
        clauses = [{ block = { mw = 60, usd_per_mwh = 40, take_or_pay_percent = 0 } }]
        [[power_contracts]]
        id = "market"
        clauses = [{ index = { price = "day-ahead", adder_usd_per_mwh = 3 } }]
        "#,
    );
    run(&mut s, 0, 10, 100.0, 0.0, [0.0, 25.0]);
    run(&mut s, 10, 10, 30.0, 0.0, [0.0, -5.0]);
    run(&mut s, 20, 10, 70.0, 0.0, [0.0, -5.0]);
    let lines = s.close_month(JULY);
    assert_eq!(usd(&lines, "block[0]"), -(600.0 + 300.0 + 600.0) * 40.0);
    assert_eq!(usd(&lines, "index[0]"), -(400.0 * 25.0 - 100.0 * 5.0));
    assert_eq!(usd(&lines, "index[0].adder"), -500.0 * 3.0);
    assert_eq!(
        lines
            .iter()
            .filter(|l| l.carries_energy)
            .map(|l| l.quantity)
            .sum::<f64>(),
        2_000.0
    );
    assert!(s.close_month(JULY.plus(1)).is_empty());
}

#[test]
fn a_traded_block_is_bought_whole_and_what_is_unused_is_sold() {
    let block = r#"{ block = { mw = 60, usd_per_mwh = 38.5, resale = "real-time" } }, { fixed_price = { usd_per_mwh = 90 } }"#;
    let mut s = clauses(block);
    run(&mut s, 0, 1, 60.0, 0.0, [30.0, 0.0]);
    run(&mut s, 1, 1, 20.0, 0.0, [1_000.0, 0.0]);
    run(&mut s, 2, 1, 50.0, 0.0, [-10.0, 0.0]);
    let lines = s.close_month(JULY);
    assert!((usd(&lines, "block[0]") + 180.0 * 38.5).abs() < 1e-9);
    assert!((usd(&lines, "block[0].resale") - (40.0 * 1_000.0 - 10.0 * 10.0)).abs() < 1e-9);
    let sold = lines.iter().find(|l| l.clause == "block[0].resale").unwrap();
    assert_eq!(sold.quantity, -50.0);
    assert!((sold.usd + sold.quantity * sold.rate_usd).abs() < 1e-9);
}

#[test]
fn above_its_firm_part_a_traded_block_is_an_option() {
    let block = r#"{ block = { mw = 60, usd_per_mwh = 40, take_or_pay_percent = 85, resale = "real-time" } }, { fixed_price = { usd_per_mwh = 90 } }"#;
    let mut s = clauses(block);
    // Firm is 51 MW. Cheap market: only the firm part is bought, 51 - 20 = 31 MW are sold at a loss.
    run(&mut s, 0, 1, 20.0, 0.0, [25.0, 0.0]);
    let lines = s.close_month(JULY);
    assert!((total(&lines) - (-51.0 * 40.0 + 31.0 * 25.0)).abs() < 1e-9);
    // Dear market: the whole block is bought and 40 MW are sold.
    run(&mut s, 0, 1, 20.0, 0.0, [70.0, 0.0]);
    let lines = s.close_month(JULY.plus(1));
    assert!((total(&lines) - (-60.0 * 40.0 + 40.0 * 70.0)).abs() < 1e-9);
}

#[rstest]
#[case(10.0, 25.0, 25.0, 51.0)] // inside the firm part: what resale would bring
#[case(10.0, -8.0, -8.0, 51.0)]
#[case(51.0, 25.0, 40.0, 60.0)] // in the option: the block's price ...
#[case(51.0, 70.0, 70.0, 60.0)] // ... or what resale would bring, if that is more
#[case(60.0, 70.0, 90.0, f64::INFINITY)]
fn marginal_cost_of_a_traded_block(
    #[case] load: f64,
    #[case] market: f64,
    #[case] cost: f64,
    #[case] until: f64,
) {
    let block = r#"{ block = { mw = 60, usd_per_mwh = 40, take_or_pay_percent = 85, resale = "real-time" } }, { fixed_price = { usd_per_mwh = 90 } }"#;
    let s = clauses(block);
    let marginal = s.marginal(july(), load, Use::Mining, &[market, 0.0]);
    assert_eq!(
        marginal,
        Marginal {
            usd_per_mwh: cost,
            until_mw: until,
            peak_usd_per_mwh: 0.0,
            peak_usd_per_mw: 0.0,
        }
    );
}

#[test]
fn the_last_unit_saves_what_it_cost() {
    let s = clauses(
        r#"{ block = { mw = 60, usd_per_mwh = 40, resale = "real-time" } }, { fixed_price = { usd_per_mwh = 90 } }"#,
    );
    let saving = |load| s.saving_usd_per_mwh(july(), load, Use::Mining, &[25.0, 0.0]);
    assert_eq!(saving(60.0), 25.0);
    assert_eq!(saving(60.1), 90.0);
    assert_eq!(saving(0.0), 25.0);
}

#[test]
fn marginal_cost_is_the_slope_of_the_bill() {
    let text = r#"{ block = { mw = 60, usd_per_mwh = 40, take_or_pay_percent = 85, resale = "real-time" } },
        { energy_tax = { usd_per_mwh = 7, use = "mining" } }, { curtailment_payment = { usd_per_mw_h = 4.5, hours_per_year = 80 } },
        { index = { price = "day-ahead", adder_usd_per_mwh = 3 } }"#;
    let bill = |load: f64, prices| {
        let mut s = clauses(text);
        run(&mut s, 0, 1, load, load, prices);
        total(&s.close_month(JULY))
    };
    for market in [-20.0, 25.0, 44.0, 300.0] {
        let prices = [market, 55.0];
        for load in [0.0, 10.0, 50.0, 52.0, 59.0, 61.0, 99.0] {
            let marginal = clauses(text)
                .marginal(july(), load, Use::Mining, &prices)
                .usd_per_mwh;
            let slope = bill(load, prices) - bill(load + 1.0, prices);
            assert!(
                (marginal - slope).abs() < 1e-6,
                "at {load} MW, {market}: {marginal} {slope}"
            );
        }
    }
}

#[test]
fn minimum_take_is_billed_when_idle() {
    let mut s = clauses(
        r"{ block = { mw = 60, usd_per_mwh = 40, take_or_pay_percent = 85 } }, { fixed_price = { usd_per_mwh = 90 } }",
    );
    run(&mut s, 0, 744, 10.0, 0.0, [0.0; 2]);
    let lines = s.close_month(JULY);
    assert!((usd(&lines, "block[0]") + 7_440.0 * 40.0).abs() < 1e-6);
    assert!((usd(&lines, "block[0].shortfall") + (0.85 * 60.0 * 744.0 - 7_440.0) * 40.0).abs() < 1e-6);
    assert_eq!(
        lines
            .iter()
            .find(|l| l.clause.ends_with("shortfall"))
            .unwrap()
            .set_by,
        "shortfall of the month"
    );
}

#[test]
fn energy_is_free_while_the_month_is_behind_its_minimum_and_priced_once_ahead() {
    let mut s = clauses(
        r"{ block = { mw = 60, usd_per_mwh = 40, take_or_pay_percent = 50 } }, { fixed_price = { usd_per_mwh = 90 } }",
    );
    let cost = |s: &Supply| s.marginal(july(), 10.0, Use::Mining, &[0.0; 2]).usd_per_mwh;
    assert_eq!(cost(&s), 40.0);
    run(&mut s, 0, 100, 10.0, 0.0, [0.0; 2]);
    assert_eq!(cost(&s), 0.0);
    run(&mut s, 100, 200, 45.0, 0.0, [0.0; 2]);
    assert_eq!(cost(&s), 40.0);
    assert_eq!(s.marginal(july(), 60.0, Use::Mining, &[0.0; 2]).usd_per_mwh, 90.0);
    run(&mut s, 300, 444, 30.0, 0.0, [0.0; 2]);
    assert_eq!(usd(&s.close_month(JULY), "block[0].shortfall"), 0.0);
}

#[test]
fn a_contract_minimum_is_on_all_energy_of_its_contract() {
    let text = r#"{ index = { price = "day-ahead" } }, { take_or_pay = { mw = 50, percent = 80, usd_per_mwh = 12 } }"#;
    let mut s = clauses(text);
    run(&mut s, 0, 744, 25.0, 0.0, [0.0, 30.0]);
    assert_eq!(
        s.marginal(july(), 25.0, Use::DataCentre, &[0.0, 30.0])
            .usd_per_mwh,
        18.0
    );
    let lines = s.close_month(JULY);
    assert!((usd(&lines, "take_or_pay[1]") + 15.0 * 744.0 * 12.0).abs() < 1e-6);
}

#[test]
fn a_demand_charge_bills_the_window_that_set_it() {
    for (minutes, usd_expected) in [(15, -240_000.0), (60, -172_500.0)] {
        let mut s = clauses(&format!(
            "{{ fixed_price = {{ usd_per_mwh = 0 }} }}, {{ demand_charge = {{ usd_per_kw_month = 15, window_minutes = {minutes} }} }}"
        ));
        let meter = |s: &mut Supply, from: i64, to: i64, load_mw: f64| {
            let at = |m: i64| july() + Span::from_seconds(60 * m);
            s.meter(&Interval {
                from: at(from),
                to: at(to),
                load_mw,
                mining_mw: 0.0,
                called: 0,
                prices: &[],
            });
        };
        meter(&mut s, 0, 50 * 60 + 15, 10.0);
        meter(&mut s, 50 * 60 + 15, 50 * 60 + 30, 16.0);
        meter(&mut s, 50 * 60 + 30, 744 * 60, 10.0);
        let lines = s.close_month(JULY);
        assert_eq!(usd(&lines, "demand_charge[1]"), usd_expected);
        let begin = if minutes == 15 {
            "2026-07-03T07:15:00Z/PT15M"
        } else {
            "2026-07-03T07:00:00Z/PT60M"
        };
        assert_eq!(lines.last().unwrap().set_by, begin);
    }
}

#[test]
fn a_month_cut_short_owes_its_days_of_demand() {
    let text = "{ fixed_price = { usd_per_mwh = 0 } }, { demand_charge = { usd_per_kw_month = 15, window_minutes = 60 } }";
    let mut s = clauses(text);
    // Seven of the 31 days of July.
    run(&mut s, 0, 168, 10.0, 0.0, [0.0; 2]);
    let usd = usd(&s.close_month(JULY), "demand_charge[1]");
    assert!((usd + 150_000.0 * 7.0 / 31.0).abs() < 1e-9, "{usd}");
}

#[test]
fn a_ratchet_names_the_month_that_set_the_bill() {
    let text = r"{ fixed_price = { usd_per_mwh = 0 } }, { demand_charge = { usd_per_kw_month = 1, window_minutes = 60, ratchet = { percent = 80, months = 11 } } }";
    let mut s = clauses(text);
    run(&mut s, 0, 744, 35.0, 0.0, [0.0; 2]);
    assert_eq!(usd(&s.close_month(JULY), "demand_charge[1]"), -35_000.0);
    run(&mut s, 744, 744, 20.0, 0.0, [0.0; 2]);
    let lines = s.close_month(JULY.plus(1));
    assert!((usd(&lines, "demand_charge[1]") + 28_000.0).abs() < 1e-9);
    assert_eq!(lines.last().unwrap().set_by, "ratchet of 2026-07");
}

#[test]
fn taxes_and_demand_charges_tell_uses_apart() {
    let text = r#"{ fixed_price = { usd_per_mwh = 10 } }, { energy_tax = { usd_per_mwh = 16, use = "mining" } },
        { energy_tax = { usd_per_mwh = 0.5, use = "data_centre" } }, { energy_tax = { usd_per_mwh = 1 } },
        { demand_charge = { usd_per_kw_month = 2, applies_to = "data_centre" } }, { demand_charge = { usd_per_kw_month = 3, applies_to = "mining" } }"#;
    let mut s = clauses(text);
    run(&mut s, 0, 10, 50.0, 30.0, [0.0; 2]);
    // Of 50 MW 30 mine: below both peaks energy and taxes count, above them the charge over the month's 744 hours too.
    s.open(july(), 20.0);
    assert_eq!(s.marginal(july(), 49.0, Use::Mining, &[]).usd_per_mwh, 27.0);
    assert_eq!(
        s.marginal(july(), 50.1, Use::Mining, &[]).usd_per_mwh,
        27.0 + 3_000.0 / 744.0
    );
    s.open(july(), 19.0);
    assert_eq!(s.marginal(july(), 49.0, Use::DataCentre, &[]).usd_per_mwh, 11.5);
    s.open(july(), 20.1);
    assert_eq!(
        s.marginal(july(), 50.1, Use::DataCentre, &[]).usd_per_mwh,
        11.5 + 2_000.0 / 744.0
    );
    run(&mut s, 10, 734, 0.0, 0.0, [0.0; 2]);
    let lines = s.close_month(JULY);
    let by_clause: Vec<f64> = (1..=3)
        .map(|i| usd(&lines, &format!("energy_tax[{i}]")))
        .collect();
    assert_eq!(by_clause, [-300.0 * 16.0, -200.0 * 0.5, -500.0]);
    assert_eq!(usd(&lines, "demand_charge[4]"), -20.0 * 2_000.0);
    assert_eq!(usd(&lines, "demand_charge[5]"), -30.0 * 3_000.0);
}

#[test]
fn interruptible_load_is_paid_for_standing_ready_through_a_call() {
    let mut s = clauses(
        r"{ fixed_price = { usd_per_mwh = 40 } }, { curtailment_payment = { usd_per_mw_h = 4.5, hours_per_year = 80 } }",
    );
    run(&mut s, 0, 10, 50.0, 30.0, [0.0; 2]);
    let at = |h: i64| july() + Span::from_hours(h);
    s.meter(&Interval {
        from: at(10),
        to: at(14),
        load_mw: 20.0,
        mining_mw: 0.0,
        called: 1,
        prices: &[],
    });
    assert_eq!(s.marginal(july(), 20.0, Use::Mining, &[]).usd_per_mwh, 35.5);
    let lines = s.close_month(JULY);
    assert!((usd(&lines, "curtailment_payment[1]") - 14.0 * 30.0 * 4.5).abs() < 1e-9);
}

#[test]
fn a_fixed_charge_is_paid_for_the_part_of_the_month_that_the_contract_holds() {
    let mut s = supply(
        r#"
        [[power_contracts]]
        id = "old"
        ends = "2026-07-10"
        clauses = [{ fixed_price = { usd_per_mwh = 50 } }, { fixed_charge = { usd_per_month = 3100 } }]
        [[power_contracts]]
        id = "new"
        clauses = [{ fixed_price = { usd_per_mwh = 60 } }, { fixed_charge = { usd_per_month = 310 } }]
        "#,
    );
    // One interval over the end of a contract is split there: ten days at 50, the rest at 60.
    run(&mut s, 0, 744, 1.0, 0.0, [0.0; 2]);
    let lines = s.close_month(JULY);
    let of = |contract: &str, clause: &str| {
        lines
            .iter()
            .find(|l| l.contract == contract && l.clause == clause)
            .unwrap()
            .usd
    };
    assert!((of("old", "fixed_price[0]") + 240.0 * 50.0).abs() < 1e-9);
    assert!((of("new", "fixed_price[0]") + 504.0 * 60.0).abs() < 1e-9);
    assert!((of("old", "fixed_charge[1]") + 1_000.0).abs() < 1e-9);
    assert_eq!(of("new", "fixed_charge[1]"), -310.0);
    let end = s.next_change(july()).unwrap();
    assert_eq!((end - july()).as_hours(), 240.0);
    assert_eq!(s.next_change(end), None);
}

#[test]
fn march_bills_743_hours_in_texas() {
    let mut s = clauses(r"{ fixed_price = { usd_per_mwh = 1 } }, { fixed_charge = { usd_per_month = 7 } }");
    let march = Month { year: 2026, month: 3 };
    let (from, to) = (
        calendar().start_of_month(march),
        calendar().start_of_month(march.plus(1)),
    );
    s.meter(&Interval {
        from,
        to,
        load_mw: 1.0,
        mining_mw: 0.0,
        called: 0,
        prices: &[],
    });
    let lines = s.close_month(march);
    assert_eq!(
        (usd(&lines, "fixed_price[0]"), usd(&lines, "fixed_charge[1]")),
        (-743.0, -7.0)
    );
}

#[test]
fn energy_without_a_contract_is_refused_by_the_check() {
    for text in [
        "power_contracts = []",
        "[[power_contracts]]\nid = \"a\"\nends = \"2030-12-31\"\nclauses = [{ fixed_price = { usd_per_mwh = 40 } }]",
        "[[power_contracts]]\nid = \"a\"\nclauses = [{ block = { mw = 60, usd_per_mwh = 40 } }]",
    ] {
        let mut problems = Problems::new();
        spec(text).check(&FieldPath::root().key("power_contracts"), &mut problems);
        assert_eq!(problems.as_slice().len(), 1, "{problems:?}");
        assert!(
            problems.as_slice()[0]
                .message
                .starts_with("some energy would have no price")
        );
    }
}

#[test]
fn every_problem_of_a_contract_is_named_with_its_place() {
    let text = r#"
        [[power_contracts]]
        id = "A b"
        starts = "2030-01-01"
        ends = "2029-01-01"
        clauses = [{ demand_charge = { usd_per_kw_month = 10001, window_minutes = 20, ratchet = { percent = 80, months = 0 } } }]
        [[power_contracts]]
        id = "market"
        clauses = [{ index = { price = "day-ahaed" } }]
        "#;
    let mut problems = Problems::new();
    let at = FieldPath::root().key("power_contracts");
    spec(text).check(&at, &mut problems);
    spec(text).check_prices(&at, &["real-time", "day-ahead"], &mut problems);
    let found: Vec<String> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
    let clause = "power_contracts[0].clauses[0].demand_charge";
    assert_eq!(
        found,
        [
            "power_contracts[0].id".to_owned(),
            "power_contracts[0].ends".to_owned(),
            format!("{clause}.usd_per_kw_month"),
            format!("{clause}.window_minutes"),
            format!("{clause}.ratchet.months"),
            "power_contracts[1].clauses[0].index.price".to_owned(),
        ]
    );
    assert_eq!(
        problems.as_slice()[5].help.as_deref(),
        Some("did you mean `day-ahead`?")
    );
}

#[test]
fn a_price_that_nobody_numbered_is_an_error_and_no_panic() {
    let text = "[[power_contracts]]\nid = \"a\"\nclauses = [{ index = { price = \"spot\" } }]";
    let error = Supply::new(&spec(text), &calendar(), |_| None).unwrap_err();
    assert_eq!(error.to_string(), "contract `a` names the unknown price `spot`");
}

#[test]
#[should_panic(expected = "metered load")]
fn a_load_that_is_no_number_breaks_the_run() {
    let mut s = clauses("{ fixed_price = { usd_per_mwh = 1 } }");
    run(&mut s, 0, 1, f64::NAN, 0.0, [0.0; 2]);
}

#[test]
fn calls_of_a_contract_stop_interruptible_load_while_the_contract_holds() {
    let text = r#"
        [[power_contracts]]
        id = "paid"
        starts = "2027-01-01"
        ends = "2028-12-31"
        clauses = [{ curtailment_payment = { usd_per_mw_h = 4.5, hours_per_year = 80, notice_minutes = 10 } }]
        [[power_contracts]]
        id = "market"
        clauses = [{ fixed_price = { usd_per_mwh = 40 } }]
        "#;
    let span = (
        calendar().start_of_month(Month { year: 2026, month: 1 }),
        calendar().start_of_month(Month { year: 2036, month: 1 }),
    );
    let draw = |replication| {
        let streams = crate::random::Streams::new(1, replication);
        spec(text).calls(&Name::from("west"), &calendar(), span, &streams)
    };
    let all: Vec<_> = (0..50).flat_map(draw).collect();
    let hours: f64 = all.iter().map(|o| (o.to - o.from).as_hours()).sum();
    // 2,000 calls expected in 50 replications of two years; a standard deviation is about 2 %.
    assert!((hours / 100.0 - 80.0).abs() < 7.0, "{hours}");
    for order in all {
        assert!((2027..=2028).contains(&calendar().month(order.from).year));
        assert_eq!(
            (order.limit.as_mw(), order.scope),
            (0.0, crate::power::Scope::Interruptible)
        );
        assert_eq!((order.from - order.announced).as_seconds(), 600);
    }
    assert_eq!(draw(3), draw(3));
    assert_ne!(draw(3), draw(4));
}

/// A month of loads under a bill that is linear in load.
fn linear_bill(loads: &[f64], scale: f64) -> f64 {
    let text = r#"{ block = { mw = 0, usd_per_mwh = 40 } }, { energy_tax = { usd_per_mwh = 16, use = "mining" } },
        { demand_charge = { usd_per_kw_month = 6.2, window_minutes = 30 } }, { index = { price = "day-ahead", adder_usd_per_mwh = 3 } },
        { curtailment_payment = { usd_per_mw_h = 4.5, hours_per_year = 0 } }"#;
    let mut s = clauses(text);
    for (i, load) in loads.iter().enumerate() {
        let at = |k: usize| july() + Span::from_seconds(k as i64 * (HOUR_S / 4));
        let load_mw = load * scale;
        let price = 30.0 + 10.0 * (i as f64).sin();
        s.meter(&Interval {
            from: at(i),
            to: at(i + 1),
            load_mw,
            mining_mw: 0.3 * load_mw,
            called: 0,
            prices: &[0.0, price],
        });
    }
    total(&s.close_month(JULY))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn twice_the_load_under_a_linear_contract_is_twice_the_bill(loads in proptest::collection::vec(0.0_f64..200.0, 1..300)) {
        let (once, twice) = (linear_bill(&loads, 1.0), linear_bill(&loads, 2.0));
        prop_assert!((twice - 2.0 * once).abs() <= 1e-9 * once.abs().max(1.0), "{once} {twice}");
    }

    #[test]
    fn energy_on_the_bill_is_energy_at_the_meter(loads in proptest::collection::vec((0.0_f64..150.0, -50.0_f64..200.0), 1..200)) {
        let mut s = clauses(
            r#"{ block = { mw = 30, usd_per_mwh = 40, take_or_pay_percent = 70, resale = "real-time" } },
               { block = { mw = 25, usd_per_mwh = 35, take_or_pay_percent = 85 } }, { index = { price = "day-ahead" } }"#,
        );
        for (hour, (load, price)) in loads.iter().enumerate() {
            let mut prices = [20.0; 2];
            prices[REAL_TIME] = *price;
            run(&mut s, hour as i64, 1, *load, 0.0, prices);
        }
        let metered: f64 = loads.iter().map(|l| l.0).sum();
        let lines = s.close_month(JULY);
        let carried: f64 = lines.iter().filter(|l| l.carries_energy).map(|l| l.quantity).sum();
        prop_assert!((carried - metered).abs() < 1e-9 * metered.max(1.0));
        for line in &lines {
            prop_assert!((line.usd + line.quantity * line.rate_usd).abs() <= 1e-9 * line.usd.abs().max(1.0));
        }
    }
}

/// A year of 10 MW with the system's peaks at 17:00 on the first of June to September; at each the site stands at `at_peak_mw`.
fn four_peaks(supply: &mut Supply, year: i16, at_peak_mw: f64) -> Vec<SettlementLine> {
    let mut lines = Vec::new();
    for number in 1..=12 {
        let month = Month { year, month: number };
        let (start, end) = (
            calendar().start_of_month(month),
            calendar().start_of_month(month.plus(1)),
        );
        let mut meter = |from: SimTime, to: SimTime, load_mw: f64, peak: f64| {
            supply.meter(&Interval {
                from,
                to,
                load_mw,
                mining_mw: load_mw,
                called: 0,
                prices: &[30.0, 30.0, peak, peak],
            });
        };
        if (6..=9).contains(&number) {
            let peak = start + Span::from_hours(17);
            meter(start, peak, 10.0, 0.0);
            // Within the hour the load changes: the mean over the hour counts.
            meter(peak, peak + Span::from_seconds(1_800), at_peak_mw - 1.0, 0.25);
            meter(
                peak + Span::from_seconds(1_800),
                peak + Span::from_hours(1),
                at_peak_mw + 1.0,
                0.25,
            );
            meter(peak + Span::from_hours(1), end, 10.0, 0.0);
        } else {
            meter(start, end, 10.0, 0.0);
        }
        lines.extend(supply.close_month(month));
    }
    lines.retain(|line| line.clause.starts_with("coincident_peak"));
    lines
}

#[test]
fn coincident_peaks_of_a_summer_are_billed_in_the_next_year() {
    let mut supply = clauses(
        "{ fixed_price = { usd_per_mwh = 30.0 } }, \
         { coincident_peak = { system_load = \"ercot\", usd_per_kw_year = 60.0, history_kw = 8000.0 } }",
    );
    let first = four_peaks(&mut supply, 2026, 4.0);
    // The history: 8,000 kW at 5 USD a month.
    assert_eq!(first.len(), 12);
    assert!(first.iter().all(|l| l.usd == -40_000.0 && l.set_by == "history"));
    let second = four_peaks(&mut supply, 2027, 10.0);
    // Standing at 4 instead of 8 MW in four hours of 2026 saves 240,000 USD in 2027.
    assert!(
        second.iter().all(|l| (l.usd + 20_000.0).abs() < 1e-9),
        "{second:?}"
    );
    assert!(
        second[0].set_by.starts_with("2026-06-01T"),
        "{}",
        second[0].set_by
    );
    assert_eq!(second[0].set_by.split(' ').count(), 4);
    let third = four_peaks(&mut supply, 2028, 0.0_f64.max(1.0));
    assert!(third.iter().all(|l| (l.usd + 50_000.0).abs() < 1e-9), "{third:?}");
}

#[test]
fn peaks_of_the_first_season_before_the_start_stand_at_the_history() {
    let mut supply = clauses(
        "{ fixed_price = { usd_per_mwh = 30.0 } }, \
         { coincident_peak = { system_load = \"ercot\", usd_per_kw_year = 60.0, history_kw = 8000.0 } }",
    );
    let at = |month| calendar().start_of_month(Month { year: 2026, month });
    let mut meter = |from: SimTime, hours: i64, peak: f64| {
        let to = from + Span::from_hours(hours);
        supply.meter(&Interval {
            from,
            to,
            load_mw: 4.0,
            mining_mw: 0.0,
            called: 0,
            prices: &[30.0, 30.0, peak, 0.0],
        });
    };
    // The run begins in December: one peak of four is metered, at 4 MW.
    meter(at(12), 5, 0.0);
    meter(at(12) + Span::from_hours(5), 1, 0.25);
    meter(at(12) + Span::from_hours(6), 738, 0.0);
    let december = Month {
        year: 2026,
        month: 12,
    };
    let lines = supply.close_month(december);
    assert_eq!(usd(&lines, "coincident_peak[1]"), -40_000.0);
    let mut meter = |from: SimTime, hours: i64| {
        supply.meter(&Interval {
            from,
            to: from + Span::from_hours(hours),
            load_mw: 4.0,
            mining_mw: 0.0,
            called: 0,
            prices: &[30.0, 30.0, 0.0, 0.0],
        });
    };
    meter(calendar().start_of_month(december.plus(1)), 744);
    let january = supply.close_month(december.plus(1));
    // (4,000 + 3 x 8,000) / 4 = 7,000 kW at 5 USD.
    assert_eq!(usd(&january, "coincident_peak[1]"), -35_000.0);
    let peak = january.iter().find(|l| l.clause == "coincident_peak[1]").unwrap();
    assert!(peak.set_by.ends_with("and history"), "{january:?}");
}

#[test]
fn an_operator_weighs_the_risk_of_a_peak() {
    let margin = |operator: &str, risk: f64| {
        let supply = clauses(&format!(
            "{{ fixed_price = {{ usd_per_mwh = 30.0 }} }}, {{ coincident_peak = {{ system_load = \"ercot\", \
             usd_per_kw_year = 60.0, operator = \"{operator}\" }} }}"
        ));
        supply
            .marginal(july(), 5.0, Use::Mining, &[0.0, 0.0, 0.25, risk / 4.0])
            .usd_per_mwh
    };
    // A megawatt for an hour: 60 x 1000 / 4 = 15,000 USD if it is a peak.
    assert_eq!(margin("forecast", 0.02), 30.0 + 300.0);
    assert_eq!(margin("perfect", 0.02), 30.0 + 15_000.0);
    assert_eq!(margin("ignore", 0.02), 30.0);
}
