//! `repower bill` from outside: a load file and a tariff, to lines, totals and refusals.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Place, said};

/// The load of the reference bills, hour by hour from 2018, which begins on a Monday.
fn load_csv() -> String {
    let turn = 2.0 * std::f64::consts::PI;
    let mut text = String::from("start_utc,kw\n");
    let start: jiff::Timestamp = "2018-01-01T00:00:00Z".parse().unwrap();
    for hour in 0..8_760_i64 {
        let kw = 20_000.0
            + 3_000.0 * (turn * (hour % 24) as f64 / 24.0).sin()
            + 1_500.0 * (turn * hour as f64 / 8_760.0).sin()
            + if hour % 1_009 == 0 { 4_000.0 } else { 0.0 };
        let at = start + jiff::SignedDuration::from_hours(hour);
        writeln!(text, "{at},{kw}").unwrap();
    }
    text
}

const FLAT: &str = "[[power_contracts]]\nid = \"flat\"\nclauses = [{ fixed_price = { usd_per_mwh = 50 } }]\n";

fn json(place: &Place, args: &[&str]) -> Value {
    let mut all = vec!["bill", "--load", "load.csv", "--json"];
    all.extend(args);
    let done = place.repower(&all).assert().success();
    serde_json::from_slice(&done.get_output().stdout).unwrap()
}

#[test]
fn a_year_at_one_price_is_the_reference_bill_in_every_format() {
    let place = Place::new();
    place.write("load.csv", load_csv());
    place.write("flat.toml", FLAT);
    let bill = json(
        &place,
        &["--tariff", "flat.toml", "--year", "2018", "--timezone", "UTC"],
    );
    assert!(
        (bill["total_usd"].as_f64().unwrap() - 8_761_800.0).abs() < 1e-6,
        "{bill}"
    );
    assert!((bill["months"][3]["usd"].as_f64().unwrap() - 771_917.4777353813).abs() < 1e-6);
    let done = place
        .repower(&["bill", "--tariff", "flat.toml", "--load", "load.csv"])
        .assert()
        .success();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    let mut rows = text.lines();
    assert_eq!(
        rows.next(),
        Some("month,contract,clause,quantity,unit,rate,usd,set_by")
    );
    let usd = |row: &str| row.split(',').nth(6).unwrap().parse::<f64>().unwrap();
    assert!((rows.map(usd).sum::<f64>() - 8_761_800.0).abs() < 1e-6);
    assert!(
        said(&done).contains("total: 175236.000 MWh, 8761800.00 USD"),
        "{}",
        said(&done)
    );
    let table = [
        "bill",
        "--tariff",
        "flat.toml",
        "--load",
        "load.csv",
        "--format",
        "table",
    ];
    let done = place.repower(&table).assert().success();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(text.contains("2018-04") && text.contains("771917.48"), "{text}");
}

/// A rate with a demand charge by time, and a text that is not priced.
fn rate() -> Value {
    let weekday: Vec<Vec<u16>> = (0..12)
        .map(|m| {
            (0..24)
                .map(|h| u16::from((5..=8).contains(&m) && (16..=20).contains(&h)))
                .collect()
        })
        .collect();
    serde_json::json!({
        "utility": "Here Power", "name": "Large", "description": "Minimum charge of $1000.",
        "energyratestructure": [[{"rate": 0.04, "unit": "kWh"}], [{"rate": 0.10, "adj": 0.02, "unit": "kWh"}]],
        "energyweekdayschedule": weekday, "energyweekendschedule": vec![vec![0; 24]; 12],
        "flatdemandstructure": [[{"rate": 9.0}]], "flatdemandmonths": vec![0; 12], "flatdemandunit": "kW",
        "demandwindow": 60, "fixedchargefirstmeter": 10.0, "fixedchargeunits": "$/day",
    })
}

#[test]
fn a_rate_of_the_database_is_billed_line_by_line_with_what_set_each() {
    let place = Place::new();
    place.write("load.csv", load_csv());
    place.write("rate.json", rate().to_string());
    let bill = json(&place, &["--tariff", "rate.json"]);
    // The time-of-use year of the reference, its peaks at 9 USD/kW, and 365 days at 10 USD.
    let peaks_kw = [
        24000.0,
        25769.715536461918,
        26988.5996341261,
        24500.0,
        27359.03111230612,
        26964.437779033968,
        26209.133997116198,
        22264.95700035641,
        25601.56618023823,
        25490.583593395746,
        22220.38428176673,
        25887.543924588528,
    ];
    let expected = 7_580_309.758338213 + 9.0 * peaks_kw.iter().sum::<f64>() + 3_650.0;
    let got = bill["total_usd"].as_f64().unwrap();
    assert!((got - expected).abs() < 1e-6, "{got} instead of {expected}");
    let february = bill["months"][1]["lines"].as_array().unwrap();
    let demand = february.iter().find(|l| l["unit"] == "kw").unwrap();
    // Hour 1009 of the year.
    assert_eq!(demand["set_by"], "2018-02-12T01:00:00Z/PT60M");
    let notes = bill["notes"].to_string();
    assert!(
        notes.contains("Minimum charge of $1000") && notes.contains("UTC"),
        "{notes}"
    );
}

#[test]
fn a_contract_may_take_its_terms_from_a_file_and_add_to_them() {
    let place = Place::new();
    place.write("load.csv", load_csv());
    place.write("rates/rate.json", rate().to_string());
    let contract = "timezone = \"UTC\"\n[[power_contracts]]\nid = \"here\"\nterms.urdb = { file = \"rates/rate.json\" }\n\
        clauses = [{ rider = { name = \"tax\", percent = 6, of = [\"demand_charge\"] } }]\n";
    place.write("contract.toml", contract);
    let plain = json(&place, &["--tariff", "rates/rate.json"]);
    let taxed = json(&place, &["--tariff", "contract.toml"]);
    let kw = |bill: &Value| -> f64 {
        let months = bill["months"].as_array().unwrap();
        let lines = months.iter().flat_map(|m| m["lines"].as_array().unwrap());
        lines
            .filter(|l| l["unit"] == "kw")
            .map(|l| l["usd"].as_f64().unwrap())
            .sum()
    };
    let more = taxed["total_usd"].as_f64().unwrap() - plain["total_usd"].as_f64().unwrap();
    assert!((more - 0.06 * kw(&plain)).abs() < 1e-6, "{more}");
    // A path that leaves the folder is refused as in a scenario.
    place.write("out.toml", contract.replace("rates/rate.json", "../rate.json"));
    let done = place
        .repower(&["bill", "--tariff", "out.toml", "--load", "load.csv"])
        .assert()
        .code(2)
        .stdout("");
    assert!(said(&done).contains("out.toml:"), "{}", said(&done));
}

#[test]
fn index_clauses_take_their_price_from_a_file() {
    let place = Place::new();
    place.write(
        "load.csv",
        "start_utc,kw\n2026-01-01T00:00:00Z,1000\n2026-01-01T01:00:00Z,2000\n",
    );
    place.write(
        "price.csv",
        "start_utc,usd_per_mwh\n2026-01-01T00:00:00Z,10\n2026-01-01T00:30:00Z,20\n2026-01-01T01:00:00Z,-5\n2026-01-01T01:30:00Z,-5\n",
    );
    place.write(
        "index.toml",
        "[[power_contracts]]\nid = \"spot\"\nclauses = [{ index = { price = \"hub\", adder_usd_per_mwh = 3 } }]\n",
    );
    for price in ["price.csv", "hub=price.csv"] {
        let bill = json(&place, &["--tariff", "index.toml", "--price", price]);
        // 0.5 MWh at 10 and at 20, 2 MWh at -5, 3 MWh at the adder.
        assert!(
            (bill["total_usd"].as_f64().unwrap() - (15.0 - 10.0 + 9.0)).abs() < 1e-9,
            "{bill}"
        );
    }
    let wrong: [(&[&str], &str); 3] = [
        (&[], "add `--price hub=FILE`"),
        (&["--price", "nub=price.csv"], "names no price `nub`"),
        (&["--price", "absent.csv"], "could not be opened"),
    ];
    for (args, expected) in wrong {
        let mut all = vec!["bill", "--load", "load.csv", "--tariff", "index.toml"];
        all.extend(args);
        let done = place.repower(&all).assert().code(2).stdout("");
        assert!(said(&done).contains(expected), "{}", said(&done));
    }
}

#[test]
fn what_is_wrong_is_told_at_once_with_its_place() {
    let place = Place::new();
    place.write("load.csv", "start_utc,kw\n2026-01-01T00:00:00Z,1000\n");
    place.write(
        "wrong.toml",
        r#"timezone = "Texas"
[[power_contracts]]
id = "here"
escalator = { compound_percent = { percent = 2 } }
currency = { code = "nkk", usd_per_unit = 0.09 }
[[power_contracts.clauses]]
time_of_use = { periods = [{ name = "a", tiers = [{ up_to_mwh = 9, usd_per_mwh = 50 }, { up_to_mwh = 4, usd_per_mwh = 40 }, { usd_per_mwh = 30 }] }, { name = "b", usd_per_mwh = 1 }], schedule.by_month = [1, 2, 3, 1, 1, 1, 1, 1, 1, 1, 1] }
[[power_contracts.clauses]]
demand_charge = { usd_per_kw_month = 9, window_minutes = -15, ratchet = { percent = 80, months = 200 } }
[[power_contracts.clauses]]
rider = { name = "r", percent = 3, of = ["demand_chargee"] }
"#,
    );
    let bill = ["bill", "--tariff", "wrong.toml", "--load", "load.csv"];
    let done = place.repower(&bill).assert().code(2).stdout("");
    assert!(said(&done).contains("window_minutes"), "{}", said(&done));
    let text = std::fs::read_to_string(place.path("wrong.toml")).unwrap();
    place.write(
        "wrong.toml",
        text.replace("window_minutes = -15", "window_minutes = 20"),
    );
    let done = place.repower(&bill).assert().code(2).stdout("");
    let told = said(&done);
    for expected in [
        "`Texas` is no IANA time zone",
        "when the first year begins is not said",
        "unknown currency `nkk`",
        "tiers need a rule",
        "`4` must be greater than the tier's before it, 9",
        "11 months where 12 are expected",
        "there is no period 3",
        "`20` is not a window",
        "`200` must lie between 1 and 120",
        "unknown clause `demand_chargee`",
    ] {
        assert!(told.contains(expected), "`{expected}` is missing in {told}");
    }
}

#[test]
fn loads_and_years_that_do_not_fit_are_refused() {
    let place = Place::new();
    place.write("flat.toml", FLAT);
    place.write(
        "load.csv",
        "start_utc,kw\n2026-01-01T00:00:00Z,1\n2026-01-01T01:00:00Z,1\n2026-01-01T03:00:00Z,1\n",
    );
    let bill = |more: &[&str]| {
        let mut all = vec!["bill", "--tariff", "flat.toml", "--load", "load.csv"];
        all.extend(more);
        place.repower(&all).assert()
    };
    assert!(said(&bill(&[]).code(2)).contains("2026-01-01T02:00:00Z"));
    bill(&["--gaps", "hold"]).success();
    assert!(said(&bill(&["--gaps", "hold", "--year", "2026"]).code(2)).contains("not the whole of the year"));
    assert!(said(&bill(&["--gaps", "hold", "--timezone", "Texas"]).code(2)).contains("unknown time zone"));
    place.write(
        "rate.json",
        "{\"energyratestructure\": [[{\"rate\": 4}], []], \"demandwindow\": 7}",
    );
    let done = place
        .repower(&["bill", "--tariff", "rate.json", "--load", "load.csv"])
        .assert()
        .code(2);
    assert!(said(&done).contains("demandwindow"), "{}", said(&done));
}

/// A year of hours of a system at 50 GW, with the given hours above.
fn system_csv(first: &str, hours: i64, peaks: &[(&str, f64)]) -> String {
    let mut text = String::from("start_utc,mw\n");
    let start: jiff::Timestamp = first.parse().unwrap();
    for hour in 0..hours {
        let at = (start + jiff::SignedDuration::from_hours(hour)).to_string();
        let mw = peaks.iter().find(|p| p.0 == at).map_or(50_000.0, |p| p.1);
        writeln!(text, "{at},{mw}").unwrap();
    }
    text
}

const FOUR: &str = "timezone = \"America/Chicago\"\n[[power_contracts]]\nid = \"retail\"\n\
    clauses = [{ fixed_price = { usd_per_mwh = 40 } }, { coincident_peak = { system_load = \"ercot\", usd_per_kw_year = 60 } }]\n";

const PEAKS: [(&str, f64); 4] = [
    ("2024-06-11T21:00:00Z", 80_000.0),
    ("2024-07-04T21:00:00Z", 82_000.0),
    ("2024-08-20T22:00:00Z", 85_000.0),
    ("2024-09-03T21:00:00Z", 78_000.0),
];

/// Two years at 10 MW, but for 2 MW in the peak of July.
fn write_two_years(place: &Place) {
    let mut load = String::from("start_utc,kw\n");
    let start: jiff::Timestamp = "2024-01-01T06:00:00Z".parse().unwrap();
    for hour in 0..(2 * 8_784) {
        let at = (start + jiff::SignedDuration::from_hours(hour)).to_string();
        let kw = if at == PEAKS[1].0 { 2_000 } else { 10_000 };
        writeln!(load, "{at},{kw}").unwrap();
    }
    place.write("load.csv", load);
    let system = system_csv("2024-01-01T00:00:00Z", 2 * 8_784 + 24, &PEAKS);
    place.write("ercot.csv", system);
}

#[test]
fn coincident_peaks_need_the_load_of_the_system_and_bill_it_in_the_next_year() {
    let place = Place::new();
    write_two_years(&place);
    let contract = FOUR;
    place.write("four.toml", contract);
    let done = place
        .repower(&["bill", "--tariff", "four.toml", "--load", "load.csv"])
        .assert()
        .code(2);
    let told = said(&done);
    assert!(told.contains("`coincident_peak` bills the peaks"), "{told}");
    assert!(told.contains("add `--system-load ercot=FILE`"), "{told}");
    let bill = json(&place, &["--tariff", "four.toml", "--system-load", "ercot.csv"]);
    let line = |month: usize| -> Value {
        let lines = bill["months"][month]["lines"].as_array().unwrap();
        let of = lines.iter().find(|l| l["clause"] == "coincident_peak[1]");
        of.cloned().unwrap_or_default()
    };
    assert_eq!(
        line(11),
        Value::Null,
        "nothing is known before the first summer is over"
    );
    // (3 x 10 + 2) / 4 = 8 MW at 5 USD/kW-month.
    let january = line(12);
    assert!(
        (january["usd"].as_f64().unwrap() - 40_000.0).abs() < 1e-9,
        "{january}"
    );
    let expected = "2024-06-11T21:00:00Z 2024-07-04T21:00:00Z 2024-08-20T22:00:00Z 2024-09-03T21:00:00Z";
    assert_eq!(january["set_by"], expected);
    // Two days instead of four months: the highest are those of August and July.
    let days =
        format!("system_load.ercot.peaks.highest_days = {{ months = [6, 7, 8, 9], count = 2 }}\n{contract}");
    place.write("two.toml", days);
    let bill = json(
        &place,
        &["--tariff", "two.toml", "--system-load", "ercot=ercot.csv"],
    );
    let january = &bill["months"][12]["lines"][1];
    assert!(
        (january["usd"].as_f64().unwrap() - 30_000.0).abs() < 1e-9,
        "{january}"
    );
    // A summer that the system's load does not cover would go unbilled.
    place.write("short.csv", system_csv("2024-01-01T00:00:00Z", 5_000, &PEAKS));
    for (args, expected) in [
        (
            ["--system-load", "short.csv"],
            "not 2024-07, in which a peak is billed",
        ),
        (["--system-load", "miso=ercot.csv"], "names no system load `miso`"),
    ] {
        let mut all = vec!["bill", "--load", "load.csv", "--tariff", "four.toml"];
        all.extend(args);
        let done = place.repower(&all).assert().code(2).stdout("");
        assert!(said(&done).contains(expected), "{}", said(&done));
    }
}
