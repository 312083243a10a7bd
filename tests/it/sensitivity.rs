//! `repower sensitivity` as a planner meets it.

use crate::support::{CONVERSION, Place, SMALL, said};

const INPUTS: &str = "\n[[uncertain]]\npath = \"market.power.spot.fixed_usd_per_mwh\"\n\
    distribution.uniform = { low = 30, high = 50 }\n\
    [[uncertain]]\npath = \"market.bitcoin.process.fixed_hashprice.usd_per_ph_day\"\n\
    distribution.uniform = { low = 40, high = 50 }\n";
const PRICE: &str = "market.power.spot.fixed_usd_per_mwh";
const HASHPRICE: &str = "market.bitcoin.process.fixed_hashprice.usd_per_ph_day";

/// (input, method, measure) and value of every row of `sensitivity.csv`.
fn rows(place: &Place, out: &str) -> Vec<([String; 3], f64)> {
    let text = std::fs::read_to_string(place.path(&format!("{out}/sensitivity.csv"))).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let row = |record: csv::StringRecord| {
        let key = [5, 6, 7].map(|i| record[i].to_owned());
        (key, record[9].parse().unwrap())
    };
    reader.records().map(|r| row(r.unwrap())).collect()
}

fn value(rows: &[([String; 3], f64)], key: [&str; 3]) -> f64 {
    rows.iter()
        .find(|r| r.0 == key)
        .unwrap_or_else(|| panic!("{key:?} is missing"))
        .1
}

#[test]
fn the_price_of_power_does_what_the_meter_says() {
    let place = Place::with(&format!("{SMALL}{INPUTS}"));
    let args = [
        "sensitivity",
        "x.toml",
        "--method",
        "all",
        "--samples",
        "64",
        "--out",
        "s",
    ];
    let done = place.repower(&args).assert().success();
    let told = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(told.contains("## npv_usd of stay-mining"), "{told}");
    let rows = rows(&place, "s");
    let bar = |input: &str| {
        let end = |measure| value(&rows, [input, "tornado", measure]);
        end("p90") - end("p10")
    };
    // By hand: 5,000 machines of 3.5 kW take 17.5 MW for 8,760 hours, 153,300 MWh; from 32 to 48 USD each costs 16 more, of which
    // 21 % come back in tax, discounted over half a year at 10 %: -1.85 million. Cooling and losses come on top.
    let by_hand = -153_300.0 * 16.0 * 0.79 / 1.1_f64.sqrt();
    assert!(
        (1.0..1.1).contains(&(bar(PRICE) / by_hand)),
        "{} and {by_hand}",
        bar(PRICE)
    );
    assert!(bar(HASHPRICE) > 0.0);
    // Straight lines: the share of each is its bar squared over the sum of squares, and nothing acts together.
    let squares = bar(PRICE).powi(2) + bar(HASHPRICE).powi(2);
    for input in [PRICE, HASHPRICE] {
        let expected = bar(input).powi(2) / squares;
        for measure in ["first_order", "total_order"] {
            let got = value(&rows, [input, "sobol", measure]);
            assert!(
                (got - expected).abs() < 0.08,
                "{input} {measure}: {got} and {expected}"
            );
        }
    }
    // Over the grid from the 5th to the 95th percentile, 18 USD instead of 16.
    let mu = value(&rows, [PRICE, "morris", "mu"]);
    assert!((mu / (bar(PRICE) * 18.0 / 16.0) - 1.0).abs() < 0.02, "{mu}");
    assert!(place.path("s/charts/sobol-stay-mining.svg").exists());
    assert!(place.path("s/charts/tornado-stay-mining.svg").exists());
    let taken = place.repower(&args).assert().code(3);
    assert!(said(&taken).contains("is taken"));
}

#[test]
fn the_break_even_rent_makes_letting_worth_as_much_as_mining() {
    let lease = "[strategies.conversions.lease]\nusd_per_kw_month = 100\nyears = 5\npower = \"pass_through\"\n\
        cooling.direct_to_chip_dry = { facility_water_c = 40 }\n";
    let text = format!("{SMALL}{CONVERSION}{lease}")
        .replace("rebuild-on-pad", "powered-shell")
        .replace("years = 1", "years = 6");
    let place = Place::with(&text);
    let rent = "strategies.gpu.conversions[0].lease.usd_per_kw_month";
    let vary = format!("{rent}=10..400");
    let args = [
        "sensitivity",
        "x.toml",
        "--method",
        "break-even",
        "--vary",
        &vary,
        "--out",
        "s",
    ];
    place.repower(&args).assert().success();
    let table = std::fs::read_to_string(place.path("s/sensitivity.csv")).unwrap();
    let row = table
        .lines()
        .find(|l| l.contains(",stay-mining,npv_usd,") && l.contains(",break_even,value,"));
    let found: f64 = row
        .unwrap_or_else(|| panic!("{table}"))
        .split(',')
        .nth(9)
        .unwrap()
        .parse()
        .unwrap();
    // Let at that rent, the same eight worlds are worth what mining is.
    let set = format!("{rent}={found}");
    let args = [
        "run",
        "x.toml",
        "--out",
        "at",
        "--replications",
        "8",
        "--quiet",
        "--set",
        &set,
    ];
    place.repower(&args).assert().success();
    let summary = std::fs::read_to_string(place.path("at/summary.csv")).unwrap();
    let mean = |strategy: &str| {
        let row = summary
            .lines()
            .find(|l| l.starts_with(strategy) && l.contains(",portfolio,npv_usd,"));
        row.unwrap().split(',').nth(6).unwrap().parse::<f64>().unwrap()
    };
    let (mine, lease) = (mean("stay-mining,"), mean("gpu,"));
    assert!((lease / mine - 1.0).abs() < 0.01, "{found}: {lease} and {mine}");
}

#[test]
fn threads_do_not_change_a_byte() {
    let place = Place::with(&format!("{SMALL}{INPUTS}"));
    for (threads, out) in [("1", "a"), ("2", "b")] {
        let args = [
            "sensitivity",
            "x.toml",
            "--samples",
            "4",
            "--threads",
            threads,
            "--out",
            out,
        ];
        place.repower(&args).assert().success();
    }
    let read = |out: &str| std::fs::read(place.path(&format!("{out}/sensitivity.csv"))).unwrap();
    assert_eq!(read("a"), read("b"));
}

#[test]
fn what_cannot_be_examined_is_refused_and_nothing_written() {
    let place = Place::with(SMALL);
    let refused = |more: &[&str]| {
        let args = [&["sensitivity", "x.toml", "--out", "s"][..], more].concat();
        let told = said(&place.repower(&args).assert().code(2).stdout(""));
        assert!(!place.path("s").exists());
        told
    };
    assert!(refused(&[]).contains("no input is uncertain"));
    assert!(
        refused(&["--vary", "market.power.sport.fixed_usd_per_mwh=1..2"]).contains("did you mean `spot`?")
    );
    assert!(refused(&["--vary", &format!("{PRICE}=50..30")]).contains("50 is above 30"));
    assert!(refused(&["--vary", PRICE]).contains("PATH=LOW..HIGH"));
    let vary = format!("{PRICE}=30..50");
    assert!(refused(&["--vary", &vary, "--metric", "npv"]).contains("is no metric"));
    assert!(refused(&["--vary", &vary, "--samples", "100"]).contains("take 128"));
}
