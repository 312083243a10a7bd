//! Finance that cannot be meant, written in a file: refused or doubted at its line, with what to do next; no run is begun.

use assert_cmd::Command;
use rstest::rstest;

use crate::hand_made::World;

const DEBT: &str = "[strategies.capital.debt]
tenor_years = 0.5
grace_months = 2
sizing_worlds = 1
gearing_percent = 60
cover_ratio = 1.4
covenant_ratio = 1.1
lock_up_ratio = 1.2
hedge_percent = 50
payment_months = 1

";
const FINANCE: &str = "income_tax_percent = 0
discount_percent = 10
";

/// The small world with a loan for its lease, written with one line of it changed.
fn written(from: &str, to: &str) -> (World, String) {
    let world = World::new();
    let text = std::fs::read_to_string(world.path("world.toml")).unwrap();
    let cloud = text
        .find("[[strategies]]                                # ready after")
        .unwrap();
    let text = [&text[..cloud], DEBT, &text[cloud..]].concat();
    let text = text.replacen("income_tax_percent = 0\n", FINANCE, 1);
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    std::fs::write(world.path("world.toml"), &text).unwrap();
    (world, text)
}

/// What a command says, words by single spaces, and its exit code.
fn said(world: &World, args: &[&str]) -> (i32, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_repower"))
        .current_dir(world.path("."))
        .args(args)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    let words: Vec<&str> = text.split_whitespace().filter(|w| *w != "│").collect();
    (done.status.code().unwrap(), words.join(" "))
}

/// Every case of the list: a wrong line is named by file and line, and the words say what to do; a doubted one goes on.
#[rstest]
#[case::term("tenor_years = 0.5", "tenor_years = 2", 2, &["a tenor of 2 years is longer than the horizon of 1 years", "shorten it, or lengthen `years`"])]
#[case::gearing("gearing_percent = 60", "gearing_percent = 120", 2, &["capital.debt.gearing_percent: `120` must lie between 0.01 and 100"])]
#[case::gearing_as_fraction("gearing_percent = 60", "gearing_percent = 0.7", 0, &["`0.7` is read as 0.7 percent; is 70 percent meant?"])]
#[case::hedge_as_fraction("hedge_percent = 50", "hedge_percent = 0.75", 0, &["`0.75` is read as 0.75 percent; is 75 percent meant?"])]
#[case::discount_as_fraction("discount_percent = 10", "discount_percent = 0.12", 0, &["`0.12` is read as 0.12 percent; is 12 percent meant?"])]
#[case::inflation_as_fraction("inflation_percent = 0", "inflation_percent = 0.07", 0, &["`0.07` is read as 0.07 percent; is 7 percent meant?"])]
#[case::covenant("covenant_ratio = 1.1", "covenant_ratio = 1.5", 2, &["1.5 cannot be met: the debt is sculpted to 1.4", "lower it below `cover_ratio`"])]
#[case::lock_up("lock_up_ratio = 1.2", "lock_up_ratio = 1.41", 2, &["1.41 cannot be met: the debt is sculpted to 1.4"])]
#[case::availability("grace_months = 2", "availability_months = 1\ngrace_months = 2", 2, &["availability_months: 1 months end before repayment begins, after 2", "leave it out, or write more months than `grace_months`"])]
#[case::negative_rent("usd_per_kw_month = 120", "usd_per_kw_month = -120", 2, &["lease.usd_per_kw_month: `-120` must not be negative"])]
#[case::negative_gpu_price("usd_per_gpu_h = 2.5", "usd_per_gpu_h = -2.5", 2, &["usd_per_gpu_h: `-2.5` must"])]
#[case::negative_hashprice("usd_per_ph_day = 50", "usd_per_ph_day = -50", 2, &["usd_per_ph_day: `-50` must lie between 0 and"])]
#[case::negative_bitcoin("btc_usd = 90_000", "btc_usd = -90_000", 2, &["btc_usd: `-90000` must lie between 0.01 and"])]
#[case::negative_power_is_meant("fixed_usd_per_mwh = 30", "fixed_usd_per_mwh = -30", 0, &["valid"])]
#[case::account("discount_percent = 10", "discount_percent = 10\naccounts = [\"mining_revenue\"]", 2, &["unknown key `accounts`"])]
fn a_wrong_line_is_told_with_its_place_and_the_next_step(
    #[case] from: &str,
    #[case] to: &str,
    #[case] code: i32,
    #[case] parts: &[&str],
) {
    let (world, text) = written(from, to);
    // Of two lines the one that was not there before is wrong.
    let wrong = to.lines().find(|line| *line != from).unwrap();
    let line = text[..text.find(wrong).unwrap()].lines().count();
    let starts_line = text.lines().any(|l| l.starts_with(wrong));
    let (exit, all) = said(&world, &["validate", "world.toml"]);
    assert_eq!(exit, code, "{all}");
    let line = if starts_line { line + 1 } else { line };
    let place = format!("world.toml:{line}:");
    if parts != ["valid"] {
        assert!(all.contains(&place), "`{place}` is not in: {all}");
    }
    for part in parts {
        assert!(all.contains(part), "`{part}` is not in: {all}");
    }
}

/// A tenor that the horizon holds, but not from where repayment begins: known once the planned case is worked out, before
/// anything is written.
#[test]
fn a_term_that_begins_too_late_for_the_horizon_is_refused_before_the_run() {
    let (world, _) = written("tenor_years = 0.5", "tenor_years = 1");
    let (exit, all) = said(
        &world,
        &["run", "world.toml", "--replications", "1", "--out", "out"],
    );
    assert_eq!(exit, 2, "{all}");
    for part in [
        "strategies[1].capital.debt: cannot size the debt of `lease`",
        "but the horizon ends after month 12",
        "shorten `tenor_years` or `grace_months`",
    ] {
        assert!(all.contains(part), "`{part}` is not in: {all}");
    }
    assert!(!world.path("out").exists());
}

/// No key of a scenario names an account; where a metric is asked for, one can be typed by mistake.
#[rstest]
#[case::misspelt(&["sensitivity", "world.toml", "--metric", "revenue_minnig"], &["`revenue_minnig` is no metric", "did you mean `"])]
#[case::account(&["sensitivity", "world.toml", "--metric", "mining_revenue"], &["is no metric", "is an account of `cashflow.csv`", "did you mean `mining_revenue_usd_per_mwh`?"])]
#[case::required(
    &["optimise", "world.toml", "--strategy", "lease", "--vary", "finance.discount_percent=8,9", "--require", "capex_facility<=3e6"],
    &["`capex_facility` is no metric", "is an account of `cashflow.csv`", "did you mean `"]
)]
#[case::form(
    &["optimise", "world.toml", "--strategy", "lease", "--vary", "finance.discount_percent=8,9", "--require", "capex_usd<=much"],
    &["is no requirement", "for example `--require dscr_min>=1.2@0.9`"]
)]
#[case::set(&["validate", "world.toml", "--set", "finance.mining_revenue=3"], &["--set:1:1", "`finance` has no `mining_revenue`"])]
fn an_unknown_account_is_told_with_what_is_there(#[case] args: &[&str], #[case] parts: &[&str]) {
    let (exit, all) = said(&World::new(), args);
    assert_eq!(exit, 2, "{all}");
    for part in parts {
        assert!(all.contains(part), "`{part}` is not in: {all}");
    }
}
