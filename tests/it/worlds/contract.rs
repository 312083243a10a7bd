//! Power contracts of all clauses.
#![expect(
    clippy::unnecessary_wraps,
    reason = "one kind of clause needs a load of the grid, and all are made alike"
)]

use serde_json::{Value, json};

use super::dice::{Dice, Span, put};
use super::market::Names;

/// Makes a clause, where the market has what it needs.
type Kind = fn(&mut Dice, Span, &Names) -> Option<Value>;

pub(crate) fn contracts(dice: &mut Dice, span: Span, names: &Names) -> Value {
    let mut list = Vec::new();
    if dice.chance(35) {
        let mut block = json!({"mw": dice.real(0.0, 30.0), "usd_per_mwh": dice.real(0.0, 90.0), "take_or_pay_percent": dice.real(0.0, 100.0)});
        match dice.int(0, 2) {
            0 => put(&mut block, "resale", json!(dice.name(&names.prices))),
            1 => put(&mut block, "resale_usd_per_mwh", json!(dice.real(0.0, 60.0))),
            _ => {}
        }
        let mut contract = json!({"id": "block", "clauses": [{"block": block}]});
        dice.maybe(50, &mut contract, "ends", |dice| json!(span.text(dice)));
        list.push(contract);
    }
    let mut clauses = vec![energy(dice, names)];
    let more = if dice.chance(8) { 100 } else { 22 };
    let kinds: [Kind; 9] = [
        demand_charge,
        coincident_peak,
        curtailment_payment,
        energy_tax,
        fixed_charge,
        take_or_pay,
        rider,
        minimum_bill,
        once,
    ];
    for kind in kinds {
        if dice.chance(more) {
            clauses.extend(kind(dice, span, names));
        }
    }
    let mut market = json!({"id": "market", "clauses": clauses});
    if !names.carbon.is_empty() {
        dice.maybe(30, &mut market, "carbon_g_per_kwh", |dice| {
            json!(dice.real(0.0, 1_000.0))
        });
    }
    dice.maybe(15, &mut market, "escalator", |dice| match dice.int(0, 2) {
        0 => json!({"compound_percent": {"percent": dice.real(-5.0, 10.0), "from": "2025-07-01"}}),
        1 => json!({"plus_inflation": {"percent": dice.real(0.0, 5.0), "inflation_percent": 2.5, "from": "2027-01-01"}}),
        _ => json!({"cumulative_list": {"percents": [1.0, 2.0, -3.0], "from": "2026-02-01"}}),
    });
    dice.maybe(
        8,
        &mut market,
        "currency",
        |dice| json!({"code": "eur", "usd_per_unit": dice.real(0.5, 2.0)}),
    );
    list.push(market);
    Value::Array(list)
}

/// The clause that prices whatever is left.
fn energy(dice: &mut Dice, names: &Names) -> Value {
    match dice.int(0, 4) {
        0 => json!({"fixed_price": {"usd_per_mwh": dice.real(-10.0, 150.0)}}),
        1 => time_of_use(dice),
        _ => {
            json!({"index": {"price": dice.name(&names.prices), "adder_usd_per_mwh": dice.real(-5.0, 20.0)}})
        }
    }
}

fn time_of_use(dice: &mut Dice) -> Value {
    let from = dice.int(1, 22);
    let rules = json!({"rules": [
        {"period": "off", "days": ["weekend", "holiday"]},
        {"period": "off", "days": ["weekday"], "to_hour": from},
        {"period": "peak", "days": ["weekday"], "from_hour": from},
    ]});
    if dice.chance(50) {
        return json!({"time_of_use": {"periods": [
            {"name": "off", "usd_per_mwh": dice.real(0.0, 60.0)}, {"name": "peak", "usd_per_mwh": dice.real(0.0, 400.0)},
        ], "schedule": rules, "holidays": {"calendars": ["nerc"]}}});
    }
    let fill = dice.pick(&["in_time_order", "pro_rata_over_periods", "within_each_period"]);
    let tiers = json!([{"up_to_mwh": dice.real(0.1, 5_000.0), "usd_per_mwh": dice.real(0.0, 90.0)}, {"usd_per_mwh": dice.real(0.0, 90.0)}]);
    json!({"time_of_use": {"periods": [{"name": "off", "tiers": tiers}], "fill": fill}})
}

fn demand_charge(dice: &mut Dice, _: Span, _: &Names) -> Option<Value> {
    let mut charge =
        json!({"usd_per_kw_month": dice.real(0.0, 25.0), "window_minutes": dice.pick(&[15, 30, 60])});
    dice.maybe(30, &mut charge, "ratchet", |dice| {
        json!({"percent": dice.real(0.0, 100.0), "months": dice.int(1, 12), "history_mw": [dice.real(0.0, 50.0)]})
    });
    dice.maybe(30, &mut charge, "applies_to", |dice| {
        json!(dice.pick(&["meter", "mining", "data_centre"]))
    });
    dice.maybe(20, &mut charge, "minimum_kw", |dice| {
        json!(dice.real(0.0, 5_000.0))
    });
    Some(json!({"demand_charge": charge}))
}

fn coincident_peak(dice: &mut Dice, _: Span, names: &Names) -> Option<Value> {
    let load = names.loads.first()?;
    let operator = dice.pick(&["ignore", "forecast", "perfect"]);
    Some(
        json!({"coincident_peak": {"system_load": load, "usd_per_kw_year": dice.real(0.0, 120.0), "operator": operator,
        "billed_from_month": dice.int(1, 12), "history_kw": dice.real(0.0, 20_000.0)}}),
    )
}

fn curtailment_payment(dice: &mut Dice, span: Span, names: &Names) -> Option<Value> {
    let mut payment = json!({"hours_per_year": dice.real(0.0, 400.0), "usd_per_mwh_shed": dice.real(0.0, 500.0), "notice_minutes": dice.pick(&[0, 10, 30, 600])});
    match dice.int(0, 2) {
        0 => put(&mut payment, "price", json!(dice.name(&names.prices))),
        _ => put(&mut payment, "usd_per_mw_h", json!(dice.real(0.0, 30.0))),
    }
    if dice.chance(40) {
        put(&mut payment, "offered_mw", json!(dice.real(0.1, 20.0)));
        put(
            &mut payment,
            "penalty_usd_per_mwh",
            json!(dice.real(0.0, 1_000.0)),
        );
        dice.maybe(40, &mut payment, "load", |dice| {
            json!(dice.pick(&["mining", "site"]))
        });
    }
    dice.maybe(30, &mut payment, "calls", |dice| {
        json!([{"from": format!("{}T{:02}:30", span.text(dice), dice.int(4, 22)), "hours": dice.real(0.1, 30.0)}])
    });
    dice.maybe(30, &mut payment, "paid", |dice| {
        json!(dice.pick(&["always", "window"]))
    });
    Some(json!({"curtailment_payment": payment}))
}

fn energy_tax(dice: &mut Dice, span: Span, _: &Names) -> Option<Value> {
    let mut tax = json!({"use": dice.pick(&["all", "mining", "data_centre"])});
    if dice.chance(50) {
        put(&mut tax, "usd_per_mwh", json!(dice.real(0.0, 60.0)));
    } else {
        put(
            &mut tax,
            "rates",
            json!([{"from": "2020-01-01", "usd_per_mwh": dice.real(0.0, 60.0)}, {"from": span.text(dice), "usd_per_mwh": dice.real(0.0, 60.0)}]),
        );
    }
    Some(json!({"energy_tax": tax}))
}

fn fixed_charge(dice: &mut Dice, _: Span, _: &Names) -> Option<Value> {
    let key = dice.pick(&["usd_per_month", "usd_per_day", "usd_per_year"]);
    Some(json!({"fixed_charge": {key: dice.real(0.0, 1e5)}}))
}

fn once(dice: &mut Dice, span: Span, _: &Names) -> Option<Value> {
    Some(json!({"fixed_charge": {"once": {"usd": dice.real(0.0, 1e6), "on": span.text(dice)}}}))
}

fn take_or_pay(dice: &mut Dice, _: Span, _: &Names) -> Option<Value> {
    let mut clause = json!({"mw": dice.real(0.1, 40.0), "percent": dice.real(0.0, 100.0), "usd_per_mwh": dice.real(0.0, 80.0)});
    dice.maybe(
        50,
        &mut clause,
        "make_up",
        |dice| json!({"months": dice.int(1, 14), "credit_percent": dice.real(0.0, 100.0)}),
    );
    Some(json!({"take_or_pay": clause}))
}

fn rider(dice: &mut Dice, _: Span, _: &Names) -> Option<Value> {
    let by_month: Vec<f64> = (0..12).map(|_| dice.real(-5.0, 15.0)).collect();
    Some(match dice.int(0, 2) {
        0 => {
            json!({"rider": {"name": "fuel", "usd_per_mwh": dice.real(-10.0, 20.0), "use": dice.pick(&["all", "mining", "data_centre"])}})
        }
        1 => json!({"rider": {"name": "season", "usd_per_mwh_by_month": by_month}}),
        _ => json!({"rider": {"name": "city", "percent": dice.real(-10.0, 20.0)}}),
    })
}

fn minimum_bill(dice: &mut Dice, _: Span, _: &Names) -> Option<Value> {
    let key = dice.pick(&["usd_per_month", "usd_per_day", "usd_per_year"]);
    Some(json!({"minimum_bill": {key: dice.real(0.0, 1e6)}}))
}
