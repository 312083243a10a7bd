//! The worked contracts of `scenarios/contracts/`, each a month by hand; taxes by use, dated rates and currency in a run;
//! what is wrong in any of them, told at once.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::hand_made::{AUX_MW, DAY_H, Gpus, NEW, OLD, World, near, number, usual_gpu_feed_mw};
use crate::support::{Place, said};

/// Hours of a constant load, of which a part mines.
fn load_csv(first: &str, hours: i64, kw: f64, mining_kw: f64) -> String {
    let mut text = String::from("start_utc,kw,mining_kw\n");
    let start: jiff::Timestamp = first.parse().unwrap();
    for hour in 0..hours {
        let at = start + jiff::SignedDuration::from_hours(hour);
        writeln!(text, "{at},{kw},{mining_kw}").unwrap();
    }
    text
}

fn price_csv(first: &str, hours: i64, usd_per_mwh: f64) -> String {
    let mut text = String::from("start_utc,usd_per_mwh\n");
    let start: jiff::Timestamp = first.parse().unwrap();
    for hour in 0..hours {
        let at = start + jiff::SignedDuration::from_hours(hour);
        writeln!(text, "{at},{usd_per_mwh}").unwrap();
    }
    text
}

fn template(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/contracts");
    folder.join(name).display().to_string()
}

/// Bills the load of a place under a contract of the repository.
fn bill(place: &Place, contract: &str) -> Value {
    let tariff = template(contract);
    let args = [
        "bill",
        "--load",
        "load.csv",
        "--json",
        "--tariff",
        &tariff,
        "--price",
        "price.csv",
    ];
    let done = place.repower(&args).assert().success();
    serde_json::from_slice(&done.get_output().stdout).unwrap()
}

/// The cost of a month by clause and part.
fn cost(bill: &Value, month: &str, clause: &str) -> f64 {
    let months = bill["months"].as_array().unwrap();
    let month = months.iter().find(|m| m["month"] == month).unwrap();
    let lines = month["lines"].as_array().unwrap().iter();
    let of = lines.filter(|l| clause.is_empty() || l["clause"] == clause);
    of.map(|l| l["usd"].as_f64().unwrap()).sum()
}

#[test]
fn a_month_in_northern_norway_is_the_sum_by_hand() {
    let place = Place::new();
    // January 2026 in Oslo: 744 hours of 15 MW, of which 5 mine.
    place.write(
        "load.csv",
        load_csv("2025-12-31T23:00:00Z", 744, 15_000.0, 5_000.0),
    );
    place.write("price.csv", price_csv("2025-12-31T23:00:00Z", 744, 30.0));
    let bill = bill(&place, "no4-data-centre.toml");
    let (nok, mwh) = (0.095, 15.0 * 744.0);
    for (clause, expected) in [
        ("index[0]", 30.0 * mwh),
        ("index[0].adder", 10.0 * mwh * nok),
        ("demand_charge[1].winter", 15_000.0 * 423.0 / 12.0 * nok),
        ("rider[2].grid-energy", 20.0 * mwh * nok),
        ("fixed_charge[3]", 800.0 * 31.0 / 365.0 * nok),
        // 7.13 and 0.60 oere a kilowatt-hour.
        ("energy_tax[4]", 71.3 * 5.0 * 744.0 * nok),
        ("energy_tax[5]", 6.0 * 10.0 * 744.0 * nok),
    ] {
        near(clause, cost(&bill, "2026-01", clause), expected, 1e-12);
    }
    let all = 30.0 * mwh
        + nok * (30.0 * mwh + 15_000.0 * 35.25 + 800.0 * 31.0 / 365.0 + 71.3 * 3_720.0 + 6.0 * 7_440.0);
    near("all", cost(&bill, "2026-01", ""), all, 1e-12);
}

#[test]
fn rates_of_norway_change_on_their_dates() {
    let place = Place::new();
    // March and April 2024: 743 and 720 hours, summer time from the 31st.
    place.write(
        "load.csv",
        load_csv("2024-02-29T23:00:00Z", 1_463, 10_000.0, 10_000.0),
    );
    place.write("price.csv", price_csv("2024-02-29T23:00:00Z", 1_463, 0.0));
    let bill = bill(&place, "no4-data-centre.toml");
    near(
        "March",
        cost(&bill, "2024-03", "energy_tax[4]"),
        95.1 * 7_430.0 * 0.095,
        1e-12,
    );
    near(
        "April",
        cost(&bill, "2024-04", "energy_tax[4]"),
        164.4 * 7_200.0 * 0.095,
        1e-12,
    );
    near(
        "summer",
        cost(&bill, "2024-04", "demand_charge[1].summer"),
        10_000.0 * 320.0 / 12.0 * 0.095,
        1e-12,
    );
}

#[test]
fn months_of_a_british_growth_zone_are_the_sum_by_hand() {
    let place = Place::new();
    // March and April 2027 in London: 743 and 720 hours of 100 MW, of which 20 mine.
    place.write(
        "load.csv",
        load_csv("2027-03-01T00:00:00Z", 1_463, 100_000.0, 20_000.0),
    );
    place.write("price.csv", price_csv("2027-03-01T00:00:00Z", 1_463, 90.0));
    let bill = bill(&place, "gb-ai-growth-zone.toml");
    let gbp = 1.34;
    let levies = 1.0 + 13.0 + 10.0 + 32.8 + 10.0 + 10.0 + 8.01;
    // 100 MW over a year is above the third band.
    let month = |hours: f64, days: f64, discount: f64| {
        90.0 * 100.0 * hours + gbp * (levies * 100.0 * hours + 20_829.24 * days - discount * 80.0 * hours)
    };
    near(
        "March",
        cost(&bill, "2027-03", ""),
        month(743.0, 31.0, 0.0),
        1e-12,
    );
    near(
        "April",
        cost(&bill, "2027-04", ""),
        month(720.0, 30.0, 24.0),
        1e-12,
    );
    let discount = cost(&bill, "2027-04", "rider[8].ai-growth-zone");
    near("discount", discount, -24.0 * 80.0 * 720.0 * gbp, 1e-12);
    let months = bill["months"].as_array().unwrap();
    let lines = months[1]["lines"].as_array().unwrap();
    let levy = lines
        .iter()
        .find(|l| l["clause"] == "rider[6].climate-change-levy")
        .unwrap();
    assert_eq!(levy["set_by"], "rate from 2026-04-01");
}

#[test]
fn british_distribution_is_billed_red_amber_and_green() {
    let place = Place::new();
    // January 2026: 31 days, 21 weekdays after New Year's Day.
    place.write("load.csv", load_csv("2026-01-01T00:00:00Z", 744, 10_000.0, 0.0));
    place.write("price.csv", price_csv("2026-01-01T00:00:00Z", 744, 0.0));
    let bill = bill(&place, "gb-distribution.toml");
    let (red, amber) = (21.0 * 3.0, 21.0 * 12.0);
    for (part, usd_per_mwh, hours) in [
        ("red", 120.0, red),
        ("amber", 20.0, amber),
        ("green", 2.0, 744.0 - red - amber),
    ] {
        let got = cost(&bill, "2026-01", &format!("rider[1].duos.{part}"));
        near(part, got, usd_per_mwh * 10.0 * hours * 1.34, 1e-12);
    }
    near(
        "levy of before April",
        cost(&bill, "2026-01", "rider[6].climate-change-levy"),
        7.75 * 7_440.0 * 1.34,
        1e-12,
    );
    near(
        "capacity",
        cost(&bill, "2026-01", "fixed_charge[2]"),
        0.12 * 20_000.0 * 31.0 * 1.34,
        1e-12,
    );
}

/// Lines of a clause in a month of a run: set by, quantity, US dollars.
fn lines(run: &crate::hand_made::Run, month: &str, clause: &str) -> Vec<(String, f64, f64)> {
    let rows = run.rows("settlement.csv").into_iter();
    let of = rows.filter(|l| l["month"] == month && l["clause"].starts_with(clause));
    of.map(|l| (l["set_by"].clone(), number(&l, "quantity"), number(&l, "usd")))
        .collect()
}

#[test]
fn a_hall_that_turns_from_mining_to_ai_changes_its_tax_and_the_law_its_rate() {
    let world = World::new();
    // Kroner at 0.10 USD until the middle of June, at 0.12 from then on: July is the first month that is billed at it.
    std::fs::write(
        world.path("nok.csv"),
        "date,usd_per_unit\n2026-01-01,0.10\n2026-06-15,0.12\n",
    )
    .unwrap();
    let tax = |by: &str, first: f64, second: f64| {
        format!(
            "{{ energy_tax = {{ use = \"{by}\", rates = [{{ from = \"2026-01-01\", usd_per_mwh = {first:.1} }}, \
             {{ from = \"2026-08-01\", usd_per_mwh = {second:.1} }}] }} }}"
        )
    };
    let contract = format!(
        "sites.mine.power_contracts=[{{ id = \"no4\", currency = {{ code = \"nok\", file = \"nok.csv\", hold_days = 366 }}, \
         clauses = [{{ index = {{ price = \"da\" }} }}, {}, {}] }}]",
        tax("mining", 71.3, 164.4),
        tax("data_centre", 6.0, 5.8),
    );
    let run = world.run("cloud", &[&contract]);
    let stays = world.run("stay-mining", &[&contract]);
    // From April on the old hall serves 800 GPUs instead of mining. Auxiliaries count with the data centre.
    let turned = Gpus { systems: 100.0 };
    let serving = usual_gpu_feed_mw() + AUX_MW;
    let cloud_mw = serving + turned.feed_mw(turned.it_mw(0.0, 0.9 * 800.0), 28.0);
    let mines_mw = NEW.feed_mw(28.0) + OLD.feed_mw(28.0);
    for (month, hours, nok, mining, data_centre) in [
        ("2026-06", 30.0 * DAY_H, 0.10, 71.3, 6.0),
        ("2026-07", 31.0 * DAY_H, 0.12, 71.3, 6.0),
        ("2026-08", 31.0 * DAY_H, 0.12, 164.4, 5.8),
    ] {
        for (run, mining_mw, other_mw) in [(&stays, mines_mw, serving), (&run, NEW.feed_mw(28.0), cloud_mw)] {
            let taxed = lines(run, month, "energy_tax[1]");
            near("mining taxed", taxed[0].1, mining_mw * hours, 1e-9);
            near(
                "tax on mining",
                taxed[0].2,
                -mining * nok * mining_mw * hours,
                1e-9,
            );
            let reduced = lines(run, month, "energy_tax[2]");
            near("data centre taxed", reduced[0].1, other_mw * hours, 1e-9);
            near(
                "tax on the data centre",
                reduced[0].2,
                -data_centre * nok * other_mw * hours,
                1e-9,
            );
        }
    }
    assert_eq!(
        lines(&run, "2026-08", "energy_tax[1]")[0].0,
        "rate from 2026-08-01"
    );
    let january = |run: &crate::hand_made::Run| lines(run, "2026-01", "energy_tax[1]")[0].1;
    assert!(january(&run) < january(&stays), "the old hall stops in January");
    let manifest = std::fs::read_to_string(run.dir.join("manifest.json")).unwrap();
    assert!(manifest.contains("nok.csv"), "the rates are an input of the run");
}

/// A worked contract as `--set` takes it, with the price that it names.
fn copied(name: &str, price: &str, usd_per_mwh: f64) -> [String; 2] {
    let text = std::fs::read_to_string(template(name)).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let contracts = &table["power_contracts"];
    [
        format!("sites.mine.power_contracts={contracts}"),
        format!(
            "market.power={{ da = {{ fixed_usd_per_mwh = 30 }}, {price} = {{ fixed_usd_per_mwh = {usd_per_mwh:.1} }} }}"
        ),
    ]
}

#[test]
fn worked_contracts_can_be_copied_into_a_scenario() {
    let world = World::new();
    let set = copied("no4-data-centre.toml", "no4", 30.0);
    let norway = world.run("stay-mining", &[&set[0], &set[1]]);
    let (mines_mw, serving) = (
        NEW.feed_mw(28.0) + OLD.feed_mw(28.0),
        usual_gpu_feed_mw() + AUX_MW,
    );
    let (all_mw, hours) = (mines_mw + serving, 30.0 * DAY_H);
    // June at 32.9 USD, with 6.8 of tax on mining: every miner runs.
    let kroner = 30.0 * all_mw * hours
        + 320.0 / 12.0 * 1e3 * all_mw
        + 800.0 * 30.0 / 365.0
        + (71.3 * mines_mw + 6.0 * serving) * hours;
    let june = 30.0 * all_mw * hours + 0.095 * kroner;
    near("Norway", norway.monthly("power_cost_usd", "2026-06"), june, 1e-9);
    // At 90 USD and 85 GBP of levies none does; what is left is in the second band, 32 GWh a year.
    let set = copied("gb-ai-growth-zone.toml", "gb", 90.0);
    let britain = world.run("stay-mining", &[&set[0], &set[1]]);
    let levies = 1.0 + 13.0 + 10.0 + 32.8 + 10.0 + 10.0 + 8.01;
    let june = 90.0 * serving * hours + 1.34 * (levies * serving * hours + 2_931.23 * 30.0);
    near(
        "Britain",
        britain.monthly("power_cost_usd", "2026-06"),
        june,
        1e-9,
    );
}

#[test]
fn a_dated_tax_stops_miners_on_its_day() {
    let world = World::new();
    // Old miners earn 68.3 USD at the machine, at 1.5 % and fans 64: 30 + 25 is worth it, 30 + 40 is not.
    let contract = "sites.mine.power_contracts=[{ id = \"taxed\", clauses = [{ index = { price = \"da\" } }, \
        { energy_tax = { use = \"mining\", rates = [{ from = \"2026-01-01\", usd_per_mwh = 25 }, { from = \"2026-07-15\", usd_per_mwh = 40 }] } }] }]";
    let run = world.run("stay-mining", &[contract]);
    let feeds = (NEW.feed_mw(28.0), OLD.feed_mw(28.0));
    let (before_h, after_h) = (14.0 * DAY_H, 17.0 * DAY_H);
    let taxed = lines(&run, "2026-07", "energy_tax[1]");
    near("before", taxed[0].1, (feeds.0 + feeds.1) * before_h, 1e-9);
    near("after", taxed[1].1, feeds.0 * after_h, 1e-9);
    near("tax", taxed[1].2, -40.0 * feeds.0 * after_h, 1e-9);
    assert_eq!(taxed[1].0, "rate from 2026-07-15");
}

#[test]
fn what_is_wrong_in_a_contract_is_told_at_once() {
    let place = Place::new();
    place.write("load.csv", load_csv("2026-01-01T00:00:00Z", 24, 100.0, 0.0));
    place.write(
        "rates.csv",
        "date,usd_per_unit\n2026-01-02,0.09\n2026-01-01,0.09\n",
    );
    let contract = r#"
[[power_contracts]]
id = "norway"
currency = { code = "nok", usd_per_unit = 0.09, file = "rates.csv" }
clauses = [
  { fixed_price = { usd_per_mwh = 40 } },
  { energy_tax = { use = "mining", rates = [{ from = "2026-04-01", usd_per_mwh = 7 }, { from = "2026-01-01", usd_per_mwh = 6 }] } },
  { energy_tax = { usd_per_mwh = 1, rates = [{ from = "2026-04-01", usd_per_mwh = 7 }] } },
  { rider = { name = "a", rates = [{ from = "2026-04-02", percent = -50 }, { from = "2026-05-01", usd_per_mwh = 3 }] } },
  { rider = { name = "b", periods = [{ name = "red", usd_per_mwh = 1 }] } },
  { rider = { name = "c", percent = 5, use = "mining" } },
  { fixed_charge = { bands = [{ up_to_mwh_per_year = 9, usd_per_day = 1 }, { up_to_mwh_per_year = 4, usd_per_day = 2 }, { usd_per_day = 3 }] } },
  { fixed_charge = { once = { usd = 100_000, on = "soon" } } },
]
[[power_contracts]]
id = "other"
currency = { code = "nkr", file = "rates.csv" }
clauses = [{ fixed_price = { usd_per_mwh = 40 } }]
[[power_contracts]]
id = "third"
currency = { code = "nok", file = "absent.csv" }
clauses = [{ fixed_price = { usd_per_mwh = 40 } }]
"#;
    place.write("wrong.toml", contract);
    let bill = ["bill", "--tariff", "wrong.toml", "--load", "load.csv"];
    let done = place.repower(&bill).assert().code(2).stdout("");
    let told = said(&done);
    for expected in [
        "one of `usd_per_unit`, `rates` and `file` is needed",
        "dates must rise",
        "one of `usd_per_mwh` and `rates` is needed",
        "can only change on the first of a month",
        "every rate must be of the same kind as the first",
        "`periods` need a `schedule`",
        "only amounts per megawatt-hour can tell uses apart",
        "`4` must be greater than the tier's before it, 9",
        "`soon` is not a date",
        "unknown currency `nkr`",
        "stands before",
        "absent.csv",
    ] {
        assert!(told.contains(expected), "`{expected}` is missing in {told}");
    }
    place.write(
        "use.toml",
        contract.replace("use = \"mining\", rates", "use = \"bitcoin\", rates"),
    );
    let bill = ["bill", "--tariff", "use.toml", "--load", "load.csv"];
    let told = said(&place.repower(&bill).assert().code(2).stdout(""));
    assert!(told.contains("bitcoin") && told.contains("data_centre"), "{told}");
}
