//! The world outside a site: prices of power, bitcoin, rents, chains of cards, carbon, the load of the grid.

use serde_json::{Value, json};

use super::dice::{Dice, Span, put};

/// What the other parts of a world may name.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) prices: Vec<String>,
    pub(crate) rents: Vec<String>,
    pub(crate) coins: Vec<String>,
    pub(crate) carbon: Vec<String>,
    pub(crate) loads: Vec<String>,
}

pub(crate) fn market(dice: &mut Dice, span: Span) -> (Value, Names) {
    let mut names = Names::default();
    let mut market = json!({"power": power(dice, span, &mut names), "bitcoin": bitcoin(dice, &names)});
    let mut rents = json!({});
    for index in 0..dice.int(1, 2) {
        let name = format!("rent-{index}");
        put(&mut rents, &name, rent(dice));
        names.rents.push(name);
    }
    put(&mut market, "gpu_rent", rents);
    if dice.chance(15) {
        put(&mut market, "gpu_mining", gpu_mining(dice, span, &mut names));
    }
    if dice.chance(30) {
        let one = match dice.int(0, 1) {
            0 => json!({"fixed_g_per_kwh": dice.real(0.0, 900.0)}),
            _ => json!({"series": {"file": "data:carbon.csv"}, "extend": "replayed"}),
        };
        put(&mut market, "carbon", json!({"grid": one}));
        names.carbon.push("grid".to_owned());
    }
    if dice.chance(25) {
        put(&mut market, "system_load", json!({"ercot": system_load(dice)}));
        names.loads.push("ercot".to_owned());
    }
    (market, names)
}

fn power(dice: &mut Dice, span: Span, names: &mut Names) -> Value {
    let mut prices = json!({});
    for index in 0..dice.int(1, 3) {
        let mut price = match dice.int(0, 6) {
            0 | 1 => json!({"fixed_usd_per_mwh": dice.real(-20.0, 120.0)}),
            2 => json!({"fixed_usd_per_mwh": 0.0}),
            3 => {
                json!({"process": {"fitted": {"preset": dice.pick(&["ercot-hub-2022", "ercot-hub-2022-2024", "ercot-hub-2024"]), "level_factor": dice.real(0.2, 3.0)}}})
            }
            4 if index > 0 => {
                json!({"process": {"spread_over": {"price": "price-0", "preset": "ercot-west-2024"}}})
            }
            _ => {
                let extend = match dice.int(0, 2) {
                    0 => json!("replayed"),
                    1 => json!({"resample_weeks": {"keep_season": false}}),
                    _ => json!({"resample_weeks": {}}),
                };
                json!({"series": {"file": "data:price.csv"}, "extend": extend})
            }
        };
        dice.maybe(25, &mut price, "adjustments", |dice| {
            let (from, to) = two_days(dice, span);
            let what = dice.pick(&["add_usd_per_mwh", "set_usd_per_mwh"]);
            json!([{"from": from, "to": to, what: dice.real(-200.0, 5_000.0)}])
        });
        let name = format!("price-{index}");
        put(&mut prices, &name, price);
        names.prices.push(name);
    }
    prices
}

/// Two days in order, one apart at least.
pub(crate) fn two_days(dice: &mut Dice, span: Span) -> (String, String) {
    use jiff::ToSpan;
    let (a, b) = (span.day(dice), span.day(dice));
    (a.min(b).to_string(), (a.max(b) + 1.day()).to_string())
}

fn bitcoin(dice: &mut Dice, names: &Names) -> Value {
    let mut bitcoin = match dice.int(0, 4) {
        0 | 1 => {
            json!({"process": {"fixed_hashprice": {"btc_usd": dice.real(1.0, 2e5), "usd_per_ph_day": dice.real(0.0, 120.0), "decline_percent_per_year": dice.real(0.0, 60.0)}}})
        }
        2 => {
            json!({"process": {"price_and_difficulty": {"preset": dice.pick(&["2020-2023", "2016-2023"]), "start_btc_usd": dice.real(1e3, 2e5), "start_difficulty": dice.real(1e13, 2e14), "drift_percent_per_year": dice.real(-50.0, 100.0)}}})
        }
        3 => {
            let mut frontier = json!({"start_btc_usd": dice.real(1e4, 2e5), "start_difficulty": dice.real(5e13, 2e14), "drift_percent_per_year": dice.real(-50.0, 50.0)});
            let price = dice.name(&names.prices);
            dice.maybe(
                20,
                &mut frontier,
                "power_follows",
                |dice| json!({"price": price, "share_percent": dice.real(0.0, 100.0)}),
            );
            json!({"process": {"frontier": frontier}})
        }
        _ => json!({"series": {"file": "data:bitcoin.csv"}}),
    };
    put(&mut bitcoin, "fees_percent", json!(dice.real(0.0, 60.0)));
    dice.maybe(40, &mut bitcoin, "payout", |dice| match dice.int(0, 3) {
        0 => json!({"fpps": {}}),
        1 => json!({"pps": {"fee_percent": dice.real(0.0, 10.0)}}),
        2 => json!({"pps_plus": {"pool_share_percent": dice.real(0.01, 30.0), "luck_percent": dice.real(50.0, 150.0)}}),
        _ => json!({"pplns": {"pool_share_percent": dice.real(0.01, 100.0), "shares_fees": dice.chance(50)}}),
    });
    bitcoin
}

fn rent(dice: &mut Dice) -> Value {
    if dice.chance(50) {
        return json!({"fixed_usd_per_gpu_h": dice.real(0.0, 8.0)});
    }
    json!({"process": {"mean_reverting_log": {
        "start_usd_per_gpu_h": dice.real(0.1, 8.0), "volatility": dice.real(0.0, 1.0),
        "release_drop": dice.real(0.0, 0.9), "releases_per_year": dice.real(0.0, 4.0),
    }}})
}

fn gpu_mining(dice: &mut Dice, span: Span, names: &mut Names) -> Value {
    let mut coins = json!({});
    for (name, algorithm) in [
        ("coin-a", "ethash"),
        ("coin-b", "kawpow"),
        ("coin-c", "autolykos"),
    ] {
        if !dice.chance(70) && !names.coins.is_empty() {
            continue;
        }
        let mut coin = json!({"algorithm": algorithm, "process": {
            "coins_per_day": dice.real(1.0, 1e5), "volatility_percent": dice.real(0.0, 100.0),
            "points": [{"on": "2026-01-01", "usd": dice.real(0.001, 5e3)}, {"on": "2028-03-01", "usd": dice.real(0.001, 5e3)}],
        }});
        dice.maybe(40, &mut coin, "ends", |dice| json!(span.text(dice)));
        put(&mut coins, name, coin);
        names.coins.push(name.to_owned());
    }
    json!({"coins": coins})
}

fn system_load(dice: &mut Dice) -> Value {
    let mut load = json!({"weather_driven": {"preset": "ercot-2024"}, "growth_percent_per_year": dice.real(-5.0, 10.0), "forecast_error_percent": dice.real(0.0, 10.0)});
    dice.maybe(50, &mut load, "peaks", |dice| {
        if dice.chance(50) {
            json!({"highest_days": {"months": [1, 2, 12], "count": dice.int(1, 5)}})
        } else {
            json!({"highest_of_months": {"months": [6, 7, 8, 9]}})
        }
    });
    load
}
