//! Mining from file to figures: reported months mined again, fleets over time, what they earn and what they are worth.

use std::fmt::Write as _;

use predicates::prelude::*;
use predicates::str::contains;

use crate::hand_made::{Run, near};
use crate::support::{Place, said};

/// September 2023 at its mean difficulty: price and difficulty by day, no fees.
fn network() -> String {
    let mut text = "date,blocks,difficulty_avg,subsidy_btc,fees_btc,price_usd\n".to_owned();
    for day in 1..=30 {
        writeln!(text, "2023-09-{day:02},144,5.551e13,900,,26300").unwrap();
    }
    text
}

#[test]
fn reported_months_are_mined_again_within_a_percent() {
    let place = Place::new();
    place.write("network.csv", network());
    // HIVE's news release of September 2023; a made-up company; one that lacks its hash rate.
    let report = "company,month,eh_s_avg,eh_s_end,btc_mined\nHIVE,2023-09,3.83,3.98,269.5\n\
        =Own,2023-09,1.0,,100\nBlind,2023-09,,,12\n";
    place.write("report.csv", report);
    let args = [
        "backtest",
        "report.csv",
        "--network",
        "network.csv",
        "--own-pool",
        "=Own",
        "--out",
        "made",
    ];
    place
        .repower(&args)
        .assert()
        .code(0)
        .stdout(contains("HIVE").and(contains("assumed in 2")))
        .stderr(contains("Blind 2023-09: no hash rate reported"));
    let rows = std::fs::read_to_string(place.path("made/production_backtest.csv")).unwrap();
    let hive: Vec<&str> = rows.lines().nth(1).unwrap().split(',').collect();
    // 30 days of 3.83 EH/s at 55.51 T: 260.25 coins of subsidy, and 2.7 % of fees.
    let subsidies = 30.0 * 3.83e18 * 86_400.0 / (55.51e12 * 4_294_967_296.0) * 6.25;
    let replayed: f64 = hive[5].parse().unwrap();
    assert!((replayed / (1.027 * subsidies) - 1.0).abs() < 1e-12, "{replayed}");
    let error: f64 = hive[8].parse().unwrap();
    assert!(error.abs() < 1.0, "{error}");
    assert!(rows.contains("\n'=Own,"), "{rows}");
    let errors = std::fs::read_to_string(place.path("made/production_backtest_errors.csv")).unwrap();
    assert!(
        errors.lines().any(|l| l.starts_with("all,operating,1,")),
        "{errors}"
    );
    assert!(place.path("made/production_backtest.svg").exists());
}

#[test]
fn a_backtest_without_a_month_that_fits_is_refused() {
    let place = Place::new();
    place.write("network.csv", network());
    place.write(
        "report.csv",
        "company,month,eh_s_avg,eh_s_end,btc_mined\nA,2024-09,3,,200\n",
    );
    place
        .repower(&["backtest", "report.csv", "--network", "network.csv"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("does not cover the month"));
}

/// Two halls of S21 that mine at 45 USD a PH and day and 40 USD a megawatt-hour, where nothing inflates.
pub(crate) const TWO_HALLS: &str = r#"
format = 1
name = "two-halls"
start = "2026-01-01"
years = 1
[finance]
inflation_percent = 0
[market.power.spot]
fixed_usd_per_mwh = 40
[market.bitcoin.process.fixed_hashprice]
btc_usd = 90000
usd_per_ph_day = 45
[[sites]]
id = "here"
timezone = "America/Chicago"
weather = { process = { preset = "dallas" } }
grid = { import_limit_mw = [{ from = "2026-01-01", mw = 60 }] }
power_contracts = [{ id = "market", clauses = [{ index = { price = "spot" } }] }]
#SITE
[[sites.halls]]
id = "h"
grid_mw = 20
cooling.evaporative_wall = {}
miners = [{ model = "antminer-s21", count = 5000, uptime_percent = 100 #BATCH }]
[[sites.halls]]
id = "g"
grid_mw = 30
cooling.evaporative_wall = {}
miners = [{ model = "antminer-s21", count = 1000, uptime_percent = 100 } #MORE]
[[strategies]]
id = "stay-mining"
"#;

/// A run of the two halls with something said of the site, of the batch of 5,000, and of a third batch in the other hall.
pub(crate) fn two_halls(site: &str, batch: &str, more: &str) -> (Place, Run) {
    let text = TWO_HALLS
        .replace("#SITE", site)
        .replace("#BATCH", batch)
        .replace("#MORE", more);
    let place = Place::with(&text);
    place.run(&["--quiet"]).assert().code(0);
    let run = Run::of(place.path("out"), "stay-mining");
    (place, run)
}

/// Coins of a PH/s in a day.
const BTC_PER_PH_DAY: f64 = 45.0 / 90_000.0;

#[test]
fn ageing_takes_its_share_of_coins_day_by_day() {
    let (_a, usual) = two_halls("", "", "");
    let (_b, aged) = two_halls(
        "",
        ", wear = { hashrate_percent_per_year = 2, failures_percent_per_year = 0 }",
        "",
    );
    // January is cold: nothing throttles. 5,000 machines of 200 TH/s, each day a 365th part of 2 % weaker.
    let lost: f64 = (0..31)
        .map(|day| 1_000.0 * BTC_PER_PH_DAY * (1.0 - 0.98_f64.powf(f64::from(day) / 365.25)))
        .sum();
    let btc = |run: &Run| run.monthly("btc_mined", "2026-01");
    near("coins", btc(&usual), 31.0 * 1_200.0 * BTC_PER_PH_DAY, 1e-9);
    near("coins lost", btc(&usual) - btc(&aged), lost, 1e-6);
    let revenue = |run: &Run| run.cash("mining_revenue", "2026-01");
    near(
        "revenue lost",
        revenue(&usual) - revenue(&aged),
        lost * 90_000.0,
        1e-6,
    );
    // What they draw stays: only their hashes fade.
    let mwh = |run: &Run| run.monthly("energy_grid_mwh", "2026-01");
    near("energy", mwh(&aged), mwh(&usual), 1e-12);
}

#[test]
fn failures_are_repaired_by_people_and_parts_or_stay_out() {
    let wear = ", wear = { hashrate_percent_per_year = 0, failures_percent_per_year = 30 }";
    let shop = "repair_shop = { technicians = 1, turnaround_days = 0, beyond_repair_percent = 0 }";
    let (_a, usual) = two_halls("", "", "");
    let (_b, kept) = two_halls(shop, wear, "");
    let (_c, lost) = two_halls("", wear, "");
    let btc = |run: &Run| run.monthly("btc_mined", "2026-01");
    // Five machines a day are repaired on average, 4.1 fail: all come back the same midnight.
    near("coins", btc(&kept), btc(&usual), 1e-9);
    let a_day = 5_000.0 * (1.0 - (-0.3_f64 / 365.25).exp());
    let change = |account: &str| kept.cash(account, "2026-01") - usual.cash(account, "2026-01");
    near("parts", change("maintenance_cost"), -31.0 * a_day * 60.0, 1e-9);
    near("technician", change("staff_cost"), -75_000.0 / 12.0, 1e-9);
    near(
        "failures of the year",
        kept.metric("miner_failures"),
        364.0 * a_day,
        1e-3,
    );
    // Without a shop the batch dies away.
    let gone: f64 = (0..31)
        .map(|day| 1_000.0 * BTC_PER_PH_DAY * (1.0 - (-0.3 * f64::from(day) / 365.25).exp()))
        .sum();
    near("coins lost", btc(&usual) - btc(&lost), gone, 1e-6);
}

#[test]
fn restarts_break_machines() {
    // Power is dear from noon to midnight UTC: the batch stops and starts once a day, and a fortieth of it breaks.
    let mut prices = "start_utc,usd_per_mwh\n".to_owned();
    for hour in 0..24 * 372 {
        let at = jiff::Timestamp::from_second(1_767_225_600 - 86_400 + hour * 3_600).unwrap();
        writeln!(prices, "{at},{}", if hour % 24 < 12 { 40 } else { 400 }).unwrap();
    }
    let text = TWO_HALLS
        .replace("fixed_usd_per_mwh = 40", "series = { file = \"p.csv\", format = \"native\" }")
        .replace("#SITE", "")
        .replace("#BATCH", ", wear = { hashrate_percent_per_year = 0, failures_percent_per_year = 0, failures_percent_per_restart = 2.5 }")
        .replace("#MORE", "");
    let place = Place::with(&text);
    place.write("p.csv", prices);
    place.run(&["--quiet"]).assert().code(0);
    let run = Run::of(place.path("out"), "stay-mining");
    // From 6 o'clock UTC on 1 January to the same hour a year later: 364 starts are counted by the last midnight.
    let broken = 5_000.0 * (1.0 - (-0.025_f64 * 364.0).exp());
    near("machines", run.metric("miner_failures"), broken, 2e-3);
}

#[test]
fn a_batch_is_bought_on_its_day_at_its_price() {
    let (_a, usual) = two_halls("", "", "");
    let bought = ", { model = \"antminer-s21\", count = 1000, uptime_percent = 100, bought = { on = \"2026-02-15\", usd_per_th = 16 } }";
    let (_b, run) = two_halls("", "", bought);
    near(
        "price",
        run.cash("capex_hardware", "2026-02"),
        -1_000.0 * 200.0 * 16.0,
        1e-12,
    );
    let more = |month: &str| run.monthly("btc_mined", month) - usual.monthly("btc_mined", month);
    assert_eq!(more("2026-01"), 0.0);
    near("coins", more("2026-02"), 14.0 * 200.0 * BTC_PER_PH_DAY, 1e-9);
    // By the catalogue: 3.67 USD a TH/s listed in 2026 at 30 USD a PH and day, half as much again at 45.
    let (_c, listed) = two_halls("", "", &bought.replace(", usd_per_th = 16", ""));
    let expected = -200_000.0 * 3.67 * 1.5;
    near(
        "listed",
        listed.cash("capex_hardware", "2026-02"),
        expected,
        1e-12,
    );
}

#[test]
fn a_batch_that_moves_is_paid_for_and_away_while_it_moves() {
    let moves = ", moves = { on = \"2026-03-01\", to = \"here/g\", days = 10, usd_per_machine = 40 }";
    let (_a, usual) = two_halls("", "", "");
    let (_b, moved) = two_halls("", moves, "");
    near(
        "cost",
        moved.cash("other_opex", "2026-03") - usual.cash("other_opex", "2026-03"),
        -200_000.0,
        1e-9,
    );
    let lost = usual.monthly("btc_mined", "2026-03") - moved.monthly("btc_mined", "2026-03");
    near("coins", lost, 10.0 * 1_000.0 * BTC_PER_PH_DAY, 1e-6);
    // It mines as before where it stands now.
    near(
        "April",
        moved.monthly("btc_mined", "2026-04"),
        usual.monthly("btc_mined", "2026-04"),
        2e-2,
    );
}

#[test]
fn a_batch_that_has_lived_its_life_is_sold_as_scrap() {
    let (_a, usual) = two_halls("", "", "");
    // 4.9 of 5 years old: 36.5 days are left, so it goes at the midnight after, 7 February.
    let (_b, run) = two_halls("", ", age_years = 4.9, life_years = 5", "");
    // A tenth of 60 % of the listing of 3.67 USD a TH/s.
    let scrap = 5_000.0 * 200.0 * 0.1 * 0.6 * 3.67;
    near("scrap", run.cash("asic_salvage", "2026-02"), scrap, 1e-9);
    let lost = usual.monthly("btc_mined", "2026-02") - run.monthly("btc_mined", "2026-02");
    near("coins", lost, 22.0 * 1_000.0 * BTC_PER_PH_DAY, 1e-9);
}

#[test]
fn low_power_saves_more_power_than_it_costs_hashes() {
    let (_a, usual) = two_halls("", "", "");
    let (_b, low) = two_halls("", ", mode = \"low_power\"", "");
    let change = |column: &str| low.monthly(column, "2026-01") - usual.monthly(column, "2026-01");
    near(
        "coins",
        change("btc_mined"),
        31.0 * 1_000.0 * BTC_PER_PH_DAY * (0.72 / 0.85 - 1.0),
        1e-9,
    );
    near(
        "energy",
        change("energy_mining_mwh"),
        31.0 * 24.0 * 17.5 * (0.72 - 1.0),
        1e-9,
    );
}

#[test]
fn what_cannot_be_of_miners_is_refused_with_its_place() {
    let cases = [
        (
            "model = \"antminer-s21\", count = 5000",
            "model = \"antminer-s12\", count = 5000",
            "did you mean `antminer-s",
        ),
        ("#BATCH", ", efficiency_j_per_th = 0", "efficiency_j_per_th"),
        ("#BATCH", ", efficiency_j_per_th = -17.5", "efficiency_j_per_th"),
        ("#BATCH", ", mode = \"overclock\"", "cannot be overclocked"),
        (
            "#BATCH",
            ", moves = { on = \"2026-03-01\", to = \"here/gg\" }",
            "there is no hall `here/gg`",
        ),
        (
            "#BATCH",
            ", moves = { on = \"2026-03-01\", to = \"here/h\" }",
            "in this hall already",
        ),
        ("#BATCH", ", bought = { on = \"soon\" }", "expected a date"),
        (
            "#BATCH",
            ", life_years = 5, rules = { min_up_hours = 4 }",
            "not planned over time",
        ),
        ("#SITE", "repair_shop = { days_per_week = 9 }", "days_per_week"),
    ];
    for (from, to, what) in cases {
        let text = TWO_HALLS.replacen(from, to, 1);
        let place = Place::with(
            &text
                .replace("#SITE", "")
                .replace("#BATCH", "")
                .replace("#MORE", ""),
        );
        let told = place.refused(&[]);
        assert!(told.contains(what), "{what}: {told}");
    }
    // Machines above their hall are told of and run as far as its power goes.
    let text = TWO_HALLS.replace("count = 5000", "count = 9000");
    let place = Place::with(
        &text
            .replace("#SITE", "")
            .replace("#BATCH", "")
            .replace("#MORE", ""),
    );
    let done = place.repower(&["validate", "x.toml"]).assert().code(0);
    let out = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(format!("{out}{}", said(&done)).contains("the rest will stand still"));
}

#[test]
fn a_coin_costs_its_power_its_people_and_what_its_machines_lose() {
    let (_a, run) = two_halls("", "", "");
    let coins = run.metric("btc_mined");
    // One use of power: the mine's share is all that the halls draw, auxiliaries aside.
    let energy: f64 = (1..=12)
        .map(|m| {
            let column = |c: &str| run.monthly(c, &format!("2026-{m:02}"));
            column("energy_grid_mwh") - column("energy_other_mwh")
        })
        .sum();
    let power = energy * 40.0;
    // Transformers lose a little for the auxiliaries, too.
    near(
        "power",
        run.metric("mining_power_usd_per_btc"),
        power / coins,
        2e-3,
    );
    let months: f64 = (1..=12)
        .map(|m| run.monthly("mining_cost_usd", &format!("2026-{m:02}")))
        .sum();
    near(
        "cash",
        run.metric("mining_cash_usd_per_btc"),
        months / coins,
        1e-9,
    );
    let accounts = [
        "power_cost",
        "pool_fees",
        "maintenance_cost",
        "staff_cost",
        "other_opex",
    ];
    let all: f64 = accounts.iter().map(|a| -run.cash_of_year(a)).sum();
    // All of the year's costs, but for the auxiliaries' share of power, people and overhead.
    let share = energy
        / (1..=12)
            .map(|m| run.monthly("energy_grid_mwh", &format!("2026-{m:02}")))
            .sum::<f64>();
    assert!(
        months < all && months > share * all * 0.998,
        "{months} {all} {share}"
    );
    // Hashprice stands still and nothing wears: the machines lose no worth.
    near(
        "all in",
        run.metric("mining_all_in_usd_per_btc"),
        months / coins,
        1e-9,
    );
}

#[test]
fn machines_that_fade_with_hashprice_cost_their_loss_of_worth() {
    let declining = TWO_HALLS
        .replace(
            "usd_per_ph_day = 45",
            "usd_per_ph_day = 45\ndecline_percent_per_year = 30",
        )
        .replace("#SITE", "")
        .replace("#BATCH", "")
        .replace("#MORE", "");
    let place = Place::with(&declining);
    place.run(&["--quiet"]).assert().code(0);
    let run = Run::of(place.path("out"), "stay-mining");
    // 6,000 machines of 200 TH/s at 60 % of 3.67 USD, half as much again at 45 USD; they lose with hashprice 30 % a year
    // (365 days: the horizon ends within the day that is the 366th of UTC).
    let worth = 6_000.0 * 200.0 * 0.6 * 3.67 * 1.5;
    let lost = worth * (1.0 - 0.7_f64.powf(365.0 / 365.25));
    let more = run.metric("mining_all_in_usd_per_btc") - run.metric("mining_cash_usd_per_btc");
    near("loss of worth", more * run.metric("btc_mined"), lost, 1e-9);
}

#[test]
fn batches_are_told_their_break_even_hashcost_and_month_of_sale() {
    let text = TWO_HALLS
        .replace(
            "usd_per_ph_day = 45",
            "usd_per_ph_day = 24\ndecline_percent_per_year = 60",
        )
        .replace("#SITE", "")
        .replace("#BATCH", "")
        .replace("#MORE", "");
    let place = Place::with(&text);
    place.run(&["--quiet"]).assert().code(0);
    let rows = crate::hand_made::rows(&place.path("out/mining_batches.csv"));
    assert_eq!(rows.len(), 2);
    let of = |column: &str| crate::hand_made::number(&rows[0], column);
    // The mean of January's declining hashprice over 0.024 * 17.5.
    let january: f64 = (0..31)
        .map(|d| 24.0 * 0.4_f64.powf(f64::from(d) / 365.25))
        .sum::<f64>()
        / 31.0;
    near(
        "break-even",
        of("break_even_usd_per_mwh"),
        january / (0.024 * 17.5),
        1e-3,
    );
    // Power costs 40 and what fans and wires add to it.
    assert!((40.0..46.0).contains(&of("power_usd_per_mwh")), "{rows:?}");
    near(
        "hashcost",
        of("hashcost_usd_per_ph_day"),
        of("power_usd_per_mwh") * 0.42,
        1e-9,
    );
    near(
        "resale",
        of("resale_usd"),
        1e6 * 0.6 * 3.67 * january / 30.0,
        1e-3,
    );
    // A MWh earns 57 USD and falls below its cost in summer; the resale price falls as fast: sell at once.
    assert_eq!(rows[0]["sell_month"], "2026-01");
    assert!(of("cash_left_usd") < of("resale_usd"));
    let memo = std::fs::read_to_string(place.path("out/memo.md")).unwrap();
    assert!(
        memo.contains("When to sell the fleet") && memo.contains("2026-01"),
        "{memo}"
    );
    assert!(place.path("out/charts/fleet_curve.svg").exists());
}

#[test]
fn dear_power_in_the_scenario_reaches_the_networks_difficulty() {
    let process = "[market.bitcoin.process.frontier]\nstart_btc_usd = 90000\nstart_difficulty = 148e12\nvolatility = 0\n#F\n";
    let run = |follows: &str| {
        let text = TWO_HALLS
            .replace(
                "[market.bitcoin.process.fixed_hashprice]\nbtc_usd = 90000\nusd_per_ph_day = 45\n",
                &process.replace("#F", follows),
            )
            .replace(
                "fixed_usd_per_mwh = 40",
                "series = { file = \"p.csv\", format = \"native\" }",
            )
            .replace("#SITE", "")
            .replace("#BATCH", "")
            .replace("#MORE", "");
        let place = Place::with(&text);
        // Twice as dear from July on.
        let mut prices = "start_utc,usd_per_mwh\n".to_owned();
        for hour in 0..24 * 372 {
            let at = jiff::Timestamp::from_second(1_767_225_600 - 86_400 + hour * 3_600).unwrap();
            writeln!(prices, "{at},{}", if hour < 24 * 182 { 20 } else { 40 }).unwrap();
        }
        place.write("p.csv", prices);
        place.run(&["--quiet"]).assert().code(0);
        let run = Run::of(place.path("out"), "stay-mining");
        let months: Vec<f64> = (1..=12)
            .map(|m| run.monthly("btc_mined", &format!("2026-{m:02}")))
            .collect();
        months
    };
    let alone = run("");
    let follows = run("power_follows = { price = \"spot\", share_percent = 50 }");
    // Half of the world pays a third less than on average before July and a third more after it: more mine, then fewer.
    assert!(follows[4] < alone[4] * 0.99, "{follows:?} {alone:?}");
    let (before, after) = (follows[4] / alone[4], follows[10] / alone[10]);
    assert!(after > before * 1.02, "{before} {after}");
    let told = {
        let text = TWO_HALLS
            .replace(
                "[market.bitcoin.process.fixed_hashprice]\nbtc_usd = 90000\nusd_per_ph_day = 45\n",
                &process.replace("#F", "power_follows = { price = \"sport\" }"),
            )
            .replace("#SITE", "")
            .replace("#BATCH", "")
            .replace("#MORE", "");
        Place::with(&text).refused(&[])
    };
    assert!(told.contains("did you mean `spot`?"), "{told}");
}

#[test]
fn coins_kept_are_cash_when_they_are_sold_and_forwards_fix_what_they_fix() {
    let (_a, usual) = two_halls("", "", "");
    let kept = TWO_HALLS
        .replace("inflation_percent = 0", "inflation_percent = 0\ntreasury = { hold_percent = 40, hold_months = 3, forwards = [{ from = \"2026-02-01\", to = \"2026-03-01\", hashrate_ph = 500, usd_per_ph_day = 48 }] }")
        .replace("#SITE", "")
        .replace("#BATCH", "")
        .replace("#MORE", "");
    let place = Place::with(&kept);
    place.run(&["--quiet"]).assert().code(0);
    let run = Run::of(place.path("out"), "stay-mining");
    let cash = |run: &Run, account: &str, month: &str| run.cash(account, month);
    for month in ["2026-01", "2026-07"] {
        let share = cash(&run, "mining_revenue", month) / cash(&usual, "mining_revenue", month);
        near("sold as mined", share, 0.6, 1e-12);
    }
    // The price stands still: January's coins bring in April what they were worth.
    let january = 0.4 * cash(&usual, "mining_revenue", "2026-01");
    near("sold", cash(&run, "coins_held", "2026-04"), january, 1e-9);
    assert_eq!(cash(&run, "coins_held", "2026-03"), 0.0);
    // At the horizon all is sold, so the year's cash is the same.
    let year = run.cash_of_year("mining_revenue") + run.cash_of_year("coins_held");
    near("year", year, usual.cash_of_year("mining_revenue"), 1e-9);
    near(
        "no gain",
        run.cash_of_year("income_tax"),
        usual.cash_of_year("income_tax") - 0.21 * 42_000.0,
        1e-6,
    );
    // 28 days of 500 PH/s at three dollars above the market.
    near(
        "forward",
        cash(&run, "hashprice_forwards", "2026-02"),
        28.0 * 500.0 * 3.0,
        1e-9,
    );
    near(
        "forwards of the year",
        run.cash_of_year("hashprice_forwards"),
        42_000.0,
        1e-9,
    );
}
