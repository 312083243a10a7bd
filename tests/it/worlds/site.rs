//! Sites: weather, connection, supply, halls with machines of all kinds and plants of all kinds.

use serde_json::{Value, json};

use super::contract::contracts;
use super::dice::{Dice, Span, put};
use super::market::{Names, two_days};

const ZONES: [&str; 6] = [
    "America/Chicago",
    "Europe/Oslo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "UTC",
    "America/St_Johns",
];
const ASICS: [&str; 4] = [
    "antminer-s19j-pro",
    "antminer-s19-xp",
    "antminer-s21",
    "antminer-s21-pro",
];
const SYSTEMS: [&str; 5] = ["hgx-a100", "hgx-h100", "hgx-b200", "mi300x", "gb300-nvl72"];
const COUNTRIES: [&str; 3] = ["us", "no", "de"];

/// A hall that a plan may convert, and one that serves.
pub(crate) struct Hall {
    pub(crate) name: String,
    pub(crate) serves: bool,
    pub(crate) grid_mw: f64,
}

pub(crate) fn sites(dice: &mut Dice, span: Span, names: &Names) -> (Value, Vec<Hall>) {
    let count = dice.pick(&[1, 1, 1, 2, 3]);
    let mut halls = Vec::new();
    let list = (0..count)
        .map(|index| site(dice, span, names, &format!("site-{index}"), &mut halls))
        .collect();
    (Value::Array(list), halls)
}

fn site(dice: &mut Dice, span: Span, names: &Names, id: &str, halls: &mut Vec<Hall>) -> Value {
    let first = halls.len();
    // No halls at all is an odd corner that must work.
    let count = dice.pick(&[0, 1, 1, 2, 2, 3, 4]);
    // An operator who plans over time has plain machines: they neither wear nor belong to others.
    let planned = dice.chance(30);
    let own: Vec<Value> = (0..count)
        .map(|index| hall(dice, (names, planned), id, &format!("hall-{index}"), halls))
        .collect();
    let wanted: f64 = halls[first..].iter().map(|h| h.grid_mw).sum();
    let firm: f64 = halls[first..]
        .iter()
        .filter(|h| h.serves)
        .map(|h| h.grid_mw)
        .sum();
    let mut site = json!({
        "id": id, "timezone": dice.pick(&ZONES), "weather": weather(dice, span),
        "grid": grid(dice, span, (firm + 3.0, wanted + 3.0)),
        "power_contracts": contracts(dice, span, names), "halls": own,
    });
    dice.maybe(40, &mut site, "country", |dice| json!(dice.pick(&COUNTRIES)));
    dice.maybe(25, &mut site, "onsite", onsite);
    dice.maybe(25, &mut site, "battery", |dice| battery(dice, names));
    dice.maybe(20, &mut site, "backup", |dice| {
        json!({"units": dice.int(1, 12), "start_probability": dice.real(0.0, 1.0), "fuel_hours": dice.real(0.0, 72.0), "mttf_hours": dice.real(0.1, 2e3)})
    });
    if let Some(carbon) = names.carbon.first() {
        put(&mut site, "carbon", json!(carbon));
    }
    if planned {
        put(
            &mut site,
            "mining_dispatch",
            json!({"foresight": dice.pick(&["myopic", "forecast", "perfect"]), "look_ahead_hours": dice.int(2, 96)}),
        );
    }
    dice.maybe(
        15,
        &mut site,
        "repair_shop",
        |dice| json!({"technicians": dice.real(0.0, 5.0), "turnaround_days": dice.real(0.0, 60.0)}),
    );
    dice.maybe(20, &mut site, "staff", |dice| {
        json!({"people": {"minimum_percent": dice.real(0.0, 100.0), "technicians": {"attrition_percent_per_year": dice.real(0.0, 90.0), "hire_months": dice.distribution(0.0, 6.0)}}})
    });
    dice.maybe(20, &mut site, "costs", |dice| {
        json!({"mining_usd_per_mw_year": dice.real(0.0, 5e4), "site_overhead_usd_per_year": dice.real(0.0, 3e6), "auxiliary_mw": dice.real(0.0, 1.0), "mining_pool_fee_percent": dice.real(0.0, 5.0)})
    });
    site
}

fn weather(dice: &mut Dice, span: Span) -> Value {
    let mut weather = match dice.int(0, 4) {
        0 => json!({"file": "data:weather.csv", "years": "replayed"}),
        1 => json!({"file": "data:weather.csv", "years": dice.pick(&["resampled", "joined"])}),
        _ => json!({"process": {"preset": "dallas", "base_years": dice.int(1, 2)}}),
    };
    dice.maybe(15, &mut weather, "warming_c", |dice| json!(dice.real(-5.0, 10.0)));
    dice.maybe(15, &mut weather, "elevation_m", |dice| {
        json!(dice.real(0.0, 3_500.0))
    });
    dice.maybe(25, &mut weather, "offsets", |dice| {
        let (from, to) = two_days(dice, span);
        json!([{"from": from, "to": to, "add_c": dice.real(-30.0, 30.0)}])
    });
    weather
}

fn grid(dice: &mut Dice, span: Span, (firm, wanted): (f64, f64)) -> Value {
    let first = if dice.chance(20) { firm } else { wanted };
    let mut steps = vec![json!({"from": "2020-01-01", "mw": first})];
    if dice.chance(30) {
        let cut = dice.real(0.0, wanted);
        steps.push(json!({"from": span.text(dice), "mw": cut}));
    }
    let mut grid = json!({"import_limit_mw": steps});
    dice.maybe(40, &mut grid, "transformers", |dice| {
        let count = dice.int(1, 3);
        let mut own = json!({"count": count, "mva_each": (wanted / f64::from(count)).max(1.0) * 1.3, "no_load_loss_kw": dice.real(0.0, 2.0 * wanted / f64::from(count)), "full_load_loss_kw": dice.real(0.0, 8.0 * wanted / f64::from(count))});
        dice.maybe(30, &mut own, "failures", |dice| json!({"per_year": dice.real(0.0, 20.0), "repair_hours": dice.real(0.1, 2_000.0)}));
        own
    });
    dice.maybe(50, &mut grid, "curtailment", |dice| {
        curtailment(dice, span, wanted)
    });
    dice.maybe(30, &mut grid, "outages", |dice| {
        let mut own = json!({"per_year": dice.real(0.0, 60.0), "minutes_p50": 30.0, "minutes_p90": dice.real(31.0, 2e3), "ups_minutes": dice.real(0.0, 30.0)});
        dice.maybe(50, &mut own, "stated", |dice| {
            json!([{"from": format!("{}T{:02}:17", span.text(dice), dice.int(4, 22)), "minutes": dice.real(0.1, 5e3)}])
        });
        own
    });
    grid
}

fn curtailment(dice: &mut Dice, span: Span, wanted: f64) -> Value {
    let mut own = json!({});
    dice.maybe(60, &mut own, "orders", |dice| {
        let mut orders = Vec::new();
        for _ in 0..dice.int(1, 3) {
            // One that never ends, one of a minute.
            let hours = match dice.int(0, 3) {
                0 => 87_660.0,
                1 => 1.0 / 60.0,
                _ => dice.real(0.5, 300.0),
            };
            orders.push(json!({"from": format!("{}T{:02}:{:02}", span.text(dice), dice.int(4, 22), dice.int(0, 59)), "hours": hours, "limit_mw": dice.real(0.0, wanted), "notice_minutes": dice.pick(&[0, 5, 10_080])}));
        }
        json!(orders)
    });
    dice.maybe(50, &mut own, "calls", |dice| {
        json!({"hours_per_year": dice.real(0.0, 110.0), "limit_mw": dice.real(0.0, wanted), "hours_each": dice.int(1, 4), "from_hour": 6, "to_hour": 22, "months": [1, 3, 7, 11]})
    });
    own
}

fn onsite(dice: &mut Dice) -> Value {
    let mut list = Vec::new();
    for index in 0..dice.int(1, 3) {
        let output = match dice.int(0, 2) {
            0 => json!("constant"),
            1 => json!("engine"),
            _ => json!({"profile": {"file": "data:profile.csv"}}),
        };
        list.push(json!({"id": format!("own-{index}"), "mw": dice.real(0.0, 25.0), "output": output, "usd_per_mwh": dice.real(0.0, 90.0), "carbon_kg_per_mwh": dice.real(0.0, 800.0), "islands": dice.chance(50)}));
    }
    Value::Array(list)
}

fn battery(dice: &mut Dice, names: &Names) -> Value {
    let mut own = json!({"power_mw": dice.real(0.01, 20.0), "energy_mwh": dice.real(0.01, 80.0), "round_trip_percent": dice.real(1.0, 100.0), "reserve_percent": dice.real(0.0, 100.0), "start_percent": dice.real(0.0, 100.0)});
    dice.maybe(70, &mut own, "rule", |dice| match dice.int(0, 1) {
        0 => json!({"peak_shaving": {"target_mw": dice.real(0.0, 20.0)}}),
        _ => {
            json!({"arbitrage": {"price": dice.name(&names.prices), "charge_below_usd_per_mwh": dice.real(-20.0, 30.0), "discharge_above_usd_per_mwh": dice.real(31.0, 200.0)}})
        }
    });
    own
}

fn hall(
    dice: &mut Dice,
    (names, planned): (&Names, bool),
    site: &str,
    id: &str,
    halls: &mut Vec<Hall>,
) -> Value {
    let grid_mw = dice.pick(&[1.0, 2.0, 5.0, 10.0, 20.0]);
    let repeat = dice.pick(&[1, 1, 1, 2]);
    let mut hall = json!({"id": id, "grid_mw": grid_mw, "cooling": cooling(dice, true)});
    let kind = dice.int(0, 9);
    let serves = kind < 3;
    let mines = (3..9).contains(&kind);
    if serves {
        put(&mut hall, "serving", install(dice, grid_mw));
    }
    if mines {
        put(&mut hall, "miners", miners(dice, (names, planned), grid_mw));
    }
    if repeat > 1 {
        put(&mut hall, "repeat", json!(repeat));
        for number in 1..=repeat {
            let name = format!("{site}/{id}-{number}");
            halls.push(Hall {
                name,
                serves,
                grid_mw,
            });
        }
    } else {
        let name = format!("{site}/{id}");
        halls.push(Hall {
            name,
            serves,
            grid_mw,
        });
    }
    hall
}

/// Any plant, with its defaults or a figure changed.
pub(crate) fn cooling(dice: &mut Dice, miners_too: bool) -> Value {
    let kinds = [
        "direct_to_chip_dry",
        "air_cooled_chiller",
        "adiabatic_economiser",
        "water_side_economiser",
        "dx",
        "rear_door",
        "direct_to_chip_adiabatic",
        "immersion",
        "sea_water",
        "evaporative_wall",
        "air_cooled",
    ];
    let kind = dice.pick(if miners_too { &kinds } else { &kinds[..9] });
    let mut own = json!({});
    if dice.chance(20) && !["direct_to_chip_adiabatic", "evaporative_wall"].contains(&kind) {
        put(&mut own, "units", json!(dice.int(1, 30)));
    }
    json!({kind: own})
}

fn miners(dice: &mut Dice, (names, planned): (&Names, bool), grid_mw: f64) -> Value {
    let batches = dice.pick(&[1, 1, 2, 3]);
    let with_cards = !planned && !names.coins.is_empty() && dice.chance(40);
    let list = (0..batches)
        .map(|_| {
            if with_cards {
                cards(dice, names, grid_mw / f64::from(batches))
            } else {
                asics(dice, planned, grid_mw / f64::from(batches))
            }
        })
        .collect();
    Value::Array(list)
}

fn cards(dice: &mut Dice, names: &Names, mw: f64) -> Value {
    let most = (mw * 1e6 / 500.0) as u32;
    json!({"model": dice.pick(&["rtx-3080", "rtx-a4000"]), "count": dice.int(1, most.max(1)), "cards": {"mines": names.coins, "cards_per_rig": dice.int(1, 12)}})
}

fn asics(dice: &mut Dice, planned: bool, mw: f64) -> Value {
    let most = ((mw * 1e6 / 4_200.0) as u32).max(1);
    let count = if dice.chance(10) { 1 } else { dice.int(1, most) };
    let mut batch = json!({"model": dice.pick(&ASICS), "count": count});
    dice.maybe(30, &mut batch, "uptime_percent", |dice| {
        json!(dice.real(0.0, 100.0))
    });
    dice.maybe(20, &mut batch, "mode", |dice| {
        json!(dice.pick(&["normal", "low_power"]))
    });
    if planned {
        dice.maybe(60, &mut batch, "rules", |dice| {
        json!({"min_up_hours": dice.int(0, 6), "min_down_hours": dice.int(0, 6), "restart_usd_per_machine": dice.real(0.0, 2.0), "restart_minutes": dice.real(0.0, 60.0)})
    });
        return batch;
    }
    dice.maybe(20, &mut batch, "wear", |dice| {
        json!({"hashrate_percent_per_year": dice.real(0.0, 20.0), "failures_percent_per_year": dice.real(0.0, 100.0), "failures_percent_per_restart": dice.real(0.0, 5.0)})
    });
    dice.maybe(20, &mut batch, "age_years", |dice| json!(dice.real(0.0, 6.0)));
    dice.maybe(15, &mut batch, "hosted", |dice| {
        json!({"customer": "host", "fee_usd_per_mwh": dice.real(0.0, 150.0), "profit_share_percent": dice.real(0.0, 100.0), "minimum_percent": dice.real(0.0, 100.0), "deposit_months": dice.real(0.0, 6.0), "uptime_promise_percent": dice.real(0.0, 100.0), "uptime_credit_usd_per_mwh": dice.real(0.0, 50.0)})
    });
    batch
}

/// GPUs of a hall; one system of one GPU's kind is an odd corner.
pub(crate) fn install(dice: &mut Dice, grid_mw: f64) -> Value {
    let model = dice.pick(&SYSTEMS);
    let kw = if model == "gb300-nvl72" { 160.0 } else { 16.0 };
    let most = ((grid_mw * 700.0 / kw) as u32).clamp(1, 60);
    let systems = if dice.chance(15) { 1 } else { dice.int(1, most) };
    let mut install = json!({"model": model, "systems": systems, "cooling": cooling(dice, false)});
    if kw > 100.0 {
        // Most of its heat goes to cold plates.
        let plant = dice.pick(&["direct_to_chip_dry", "direct_to_chip_adiabatic"]);
        put(&mut install, "cooling", json!({plant: {}}));
    }
    dice.maybe(40, &mut install, "redundancy", |dice| {
        json!(dice.pick(&["n", "n+1", "2n"]))
    });
    dice.maybe(40, &mut install, "failures", |dice| match dice.int(0, 2) {
        0 => json!({"enabled": false}),
        // Everything fails at once.
        1 => json!({"per_1000_system_days": dice.real(0.0, 300.0), "technicians": dice.int(1, 3), "spares_percent": dice.real(0.0, 10.0),
            "rack": {"per_year": dice.real(0.0, 20.0)}, "switch": {"per_year": dice.real(0.0, 20.0)}, "cooling_unit": {"per_year": dice.real(0.0, 20.0)}, "feeder": {"per_year": dice.real(0.0, 20.0)}}),
        _ => json!({"weibull_shape": dice.real(0.5, 2.0), "return_percent": dice.real(0.0, 100.0)}),
    });
    dice.maybe(
        25,
        &mut install,
        "throttle",
        |dice| json!({"exponent": dice.real(0.1, 1.0), "floor_percent": dice.real(5.0, 100.0)}),
    );
    dice.maybe(30, &mut install, "path", |dice| {
        let ups = match dice.int(0, 2) {
            0 => json!("none"),
            1 => json!({"double_conversion": {}}),
            _ => json!({"eco": {}}),
        };
        json!({"ups": ups, "distribution_loss_percent": dice.real(0.0, 10.0)})
    });
    install
}
