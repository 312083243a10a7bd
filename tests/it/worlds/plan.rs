//! Strategies: plans of all archetypes and starts, capital, finance, uncertain inputs.

use serde_json::{Value, json};

use super::demand::signs;
use super::dice::{Dice, Span, put};
use super::market::Names;
use super::site::{Hall, cooling, install};

pub(crate) fn strategies(dice: &mut Dice, span: Span, names: &Names, halls: &[Hall]) -> Value {
    let mut list = vec![json!({"id": "stay-mining"})];
    let free: Vec<&Hall> = halls.iter().filter(|h| !h.serves).collect();
    for index in 0..dice.pick(&[0, 1, 1, 2]) {
        if free.is_empty() {
            break;
        }
        let mut strategy = json!({"id": format!("plan-{index}")});
        let cut = dice.int(1, free.len() as u32) as usize;
        let mut conversions = vec![conversion(dice, span, names, &free[..cut])];
        if cut < free.len() && dice.chance(40) {
            conversions.push(conversion(dice, span, names, &free[cut..]));
        }
        put(&mut strategy, "conversions", json!(conversions));
        // A debt is repaid within the horizon, which two years seldom let it and one year hardly ever.
        let borrows = if span.years > 1 { 40 } else { 3 };
        dice.maybe(borrows, &mut strategy, "capital", |dice| capital(dice, span));
        list.push(strategy);
    }
    Value::Array(list)
}

fn conversion(dice: &mut Dice, span: Span, names: &Names, halls: &[&Hall]) -> Value {
    let archetype = dice.pick(&[
        "swap-in-place",
        "rebuild-on-pad",
        "build-beside-the-mine",
        "greenfield",
        "powered-shell",
        "powered-shell",
        "sell-the-land",
    ]);
    let named: Vec<&str> = halls.iter().map(|h| h.name.as_str()).collect();
    let mut own = json!({"halls": named, "archetype": archetype, "start": start(dice, span, names)});
    dice.maybe(50, &mut own, "order", |dice| {
        json!(dice.pick(&["all-at-once", "one-after-another", "crews-move-on"]))
    });
    match archetype {
        "powered-shell" => put(&mut own, "lease", lease(dice, span)),
        "sell-the-land" => {}
        _ => {
            let smallest = halls.iter().map(|h| h.grid_mw).fold(f64::INFINITY, f64::min);
            put(&mut own, "install", install(dice, smallest));
        }
    }
    dice.maybe(40, &mut own, "risk", |dice| {
        json!({"enabled": dice.chance(60), "commissioning_fail_percent": dice.real(0.0, 90.0), "overrun_log_sd": dice.real(0.0, 1.0), "cost_log_sd": dice.real(0.0, 1.0), "cancellation_percent_per_year": dice.real(0.0, 60.0)})
    });
    // With stages of no length a hall is ready within the year.
    let quick = dice.chance(50);
    if quick || dice.chance(20) {
        let rows: Vec<Value> = stage_ids(archetype)
            .into_iter()
            .map(|id| {
                let months = if dice.chance(50) { 0.0 } else { dice.real(0.0, 0.6) };
                json!({"id": id, "duration_months": {"fixed": {"value": months}}})
            })
            .collect();
        put(&mut own, "stages", json!(rows));
    }
    if stage_ids(archetype).iter().any(|id| id == "design") {
        dice.maybe(20, &mut own, "refreezes", |dice| {
            json!([{"cause": "new cards", "when": {"rate_per_year": dice.real(0.0, 3.0)}, "repeat_percent": dice.real(0.0, 100.0)}])
        });
    }
    dice.maybe(
        20,
        &mut own,
        "learning",
        |dice| json!({"duration_percent": dice.real(0.0, 30.0), "cost_percent": dice.real(0.0, 30.0)}),
    );
    own
}

/// The stages of an archetype, as the code has them.
fn stage_ids(archetype: &str) -> Vec<String> {
    let found = repower::conversion::archetype::find(archetype).expect("it is in the catalogue");
    found.stages.iter().map(|s| s.id.to_owned()).collect()
}

fn start(dice: &mut Dice, span: Span, names: &Names) -> Value {
    if dice.chance(60) {
        return json!({"date": span.text(dice)});
    }
    let mut when = json!({"need": dice.pick(&["all", "any"])});
    match dice.int(0, 1) {
        0 => put(
            &mut when,
            "hashprice_below_usd_per_ph_day",
            json!(dice.real(1.0, 100.0)),
        ),
        _ => put(
            &mut when,
            "rent_above",
            json!({"market": dice.name(&names.rents), "usd_per_gpu_h": dice.real(0.1, 8.0)}),
        ),
    }
    dice.maybe(30, &mut when, "or_date", |dice| json!(span.text(dice)));
    json!({"when": when})
}

fn lease(dice: &mut Dice, span: Span) -> Value {
    let mut lease = json!({"usd_per_kw_month": dice.real(0.0, 250.0), "years": dice.real(0.5, 15.0), "cooling": cooling(dice, false), "power": dice.pick(&["pass_through", "gross"]), "escalator_percent": dice.real(0.0, 5.0), "free_months": dice.int(0, 6)});
    dice.maybe(30, &mut lease, "signs", |dice| signs(dice, span));
    dice.maybe(30, &mut lease, "starts", |dice| {
        json!({"when_ready": {"latest": span.text(dice), "late_penalty_percent_per_month": dice.real(0.0, 20.0)}})
    });
    lease
}

fn capital(dice: &mut Dice, span: Span) -> Value {
    let mut own = json!({});
    dice.maybe(80, &mut own, "debt", |dice| {
        json!({"gearing_percent": dice.real(1.0, 95.0), "cover_ratio": dice.real(1.0, 2.5), "tenor_years": dice.real(0.1, 0.9), "grace_months": dice.int(0, 1), "payment_months": dice.pick(&[1, 3]), "lock_up_ratio": 1.0, "covenant_ratio": 1.0, "sweep_percent": dice.real(0.0, 100.0), "hedge_percent": dice.real(0.0, 100.0), "sizing_worlds": 2})
    });
    dice.maybe(40, &mut own, "grants", |dice| json!([{"date": span.text(dice), "usd": dice.real(0.0, 1e6), "on_completion": dice.chance(50)}]));
    dice.maybe(40, &mut own, "owners", |dice| {
        json!({"investor_percent": dice.real(0.0, 100.0), "preferred_percent": dice.real(0.0, 15.0), "promote_percent": dice.real(0.0, 50.0)})
    });
    own
}

pub(crate) fn finance(dice: &mut Dice) -> Value {
    let mut own = json!({"discount_percent": dice.real(0.0, 30.0), "income_tax_percent": dice.real(0.0, 50.0), "loss_offset_percent": dice.real(0.0, 100.0), "receivable_days": dice.real(0.0, 120.0), "payable_days": dice.real(0.0, 120.0), "residual": dice.pick(&["book_value", "nothing"])});
    dice.maybe(50, &mut own, "hardware_depreciation", |dice| {
        match dice.int(0, 4) {
            0 => json!({"straight_line": {"years": dice.real(1.0, 30.0)}}),
            1 => json!({"capital_allowance": {"percent": dice.real(1.0, 100.0)}}),
            2 => json!({"expensed": {}}),
            3 => json!({"macrs_15": {}}),
            _ => json!({"none": {}}),
        }
    });
    dice.maybe(
        30,
        &mut own,
        "treasury",
        |dice| json!({"hold_percent": dice.real(0.0, 100.0), "hold_months": dice.int(1, 6)}),
    );
    own
}
