//! `repower optimise` as a planner meets it.

use crate::support::{Place, SMALL, said};

/// (settings, value, feasible) of every candidate in order of rank.
fn ranking(place: &Place, out: &str) -> Vec<(String, f64, String)> {
    let text = std::fs::read_to_string(place.path(&format!("{out}/search.csv"))).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let row = |r: csv::StringRecord| {
        (
            r[16].to_owned(),
            r[10].parse().unwrap_or(f64::NAN),
            r[9].to_owned(),
        )
    };
    reader.records().map(|r| row(r.unwrap())).collect()
}

#[test]
fn the_cheapest_price_and_the_largest_fleet_win_and_the_best_file_runs_to_the_same_value() {
    let place = Place::with(SMALL);
    let args = [
        "optimise",
        "x.toml",
        "--out",
        "s",
        "--first",
        "2",
        "--replications",
        "4",
        "--refine",
        "0",
        "--vary",
        "market.power.spot.fixed_usd_per_mwh=30..50:3",
        "--vary",
        "sites.here.halls[0].miners[0].count=3000,5000",
    ];
    let done = place.repower(&args).assert().success();
    let told = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(
        told.contains("With 95 % confidence no other candidate is better"),
        "{told}"
    );
    let ranking = ranking(&place, "s");
    assert_eq!(ranking.len(), 6);
    assert_eq!(
        ranking[0].0,
        "market.power.spot.fixed_usd_per_mwh=30; sites.here.halls[0].miners[0].count=5000"
    );
    place
        .repower(&[
            "run",
            "s/best.toml",
            "--out",
            "best",
            "--replications",
            "4",
            "--quiet",
        ])
        .assert()
        .success();
    let summary = std::fs::read_to_string(place.path("best/summary.csv")).unwrap();
    let row = summary
        .lines()
        .find(|l| l.contains(",portfolio,npv_usd,"))
        .unwrap();
    let mean: f64 = row.split(',').nth(6).unwrap().parse().unwrap();
    assert!(
        (mean - ranking[0].1).abs() < 1e-6 * mean.abs(),
        "{mean} and {}",
        ranking[0].1
    );
    let again = place
        .repower(&[&args[..3], &["s2"][..], &args[4..], &["--threads", "1"][..]].concat())
        .assert();
    again.success();
    let read = |out: &str| std::fs::read(place.path(&format!("{out}/search.csv"))).unwrap();
    assert_eq!(read("s"), read("s2"), "threads change nothing");
}

#[test]
fn requirements_bind_and_what_is_wrong_is_refused() {
    let place = Place::with(SMALL);
    let vary = "sites.here.halls[0].miners[0].count=2000,5000";
    let base = [
        "optimise",
        "x.toml",
        "--first",
        "2",
        "--replications",
        "2",
        "--vary",
        vary,
    ];
    let with = |more: &[&str]| place.repower(&[&base[..], more].concat()).assert();
    // 2,000 machines of 3.5 kW take 7 MW at their peak, 5,000 take 17.5.
    with(&["--out", "few", "--require", "peak_mw<=10"]).success();
    let found = ranking(&place, "few");
    assert!(
        found[0].0.ends_with("count=2000") && found[0].2 == "true",
        "{found:?}"
    );
    assert_eq!(found[1].2, "false");
    // Nobody keeps to one megawatt: the answer is no.
    with(&["--out", "none", "--require", "peak_mw<=1"]).code(1);
    let told = |more: &[&str]| said(&with(more).code(2).stdout(""));
    assert!(told(&["--require", "peak_mw<10"]).contains("is no requirement"));
    assert!(told(&["--vary", "sites.here.gird=1"]).contains("did you mean `grid`?"));
    assert!(told(&["--vary", "a"]).contains("PATH=VALUE"));
    assert!(told(&["--strategy", "gpu"]).contains("no strategy is called `gpu`"));
}

/// A flat block at 30 with take-or-pay, without resale, and a spot at 100 for what is above: what the site never uses is paid for
/// nothing, what it lacks costs 70 more. The best block is the load that is exceeded in 30 of 100 hours: a fraction of
/// a megawatt below the peak, since machines take the same every hour and only their fans and the plant follow the weather.
#[test]
fn the_size_of_a_block_is_solved_between_the_values_that_were_typed() {
    let text = SMALL
        .replace("fixed_usd_per_mwh = 40", "fixed_usd_per_mwh = 100")
        .replace("usd_per_ph_day = 45", "usd_per_ph_day = 90")
        .replace(
            "clauses = [{ index",
            "clauses = [{ block = { mw = 5, usd_per_mwh = 30, take_or_pay_percent = 100 } }, { index",
        );
    let place = Place::with(&text);
    let path = "sites.here.power_contracts[0].clauses[0].block.mw";
    let args = |refine: &'static str, out: &'static str, vary: String| {
        let base = ["optimise", "x.toml", "--first", "2", "--replications", "2"];
        let more = ["--refine", refine, "--out", out, "--vary"];
        let all: Vec<String> = base.iter().chain(&more).map(|&s| s.to_owned()).collect();
        [all, vec![vary]].concat()
    };
    let run = |args: Vec<String>| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        place.repower(&args).assert().success();
    };
    run(args("5", "solved", format!("{path}=8.0..28.5:5")));
    run(args("0", "grid", format!("{path}=16..20:41")));
    let mw = |ranking: &[(String, f64, String)]| -> f64 {
        ranking[0].0.split_once('=').unwrap().1.parse().unwrap()
    };
    let (solved, grid) = (ranking(&place, "solved"), ranking(&place, "grid"));
    // Five values, and two neighbours each time at most; the last spacing is 5.125 / 32.
    assert!((12..=15).contains(&solved.len()), "{solved:?}");
    let (found, best) = (mw(&solved), mw(&grid));
    assert!((found - best).abs() <= 0.16 + 0.1, "{found} and {best}");
    assert!(solved[0].1 >= grid[0].1 - 0.005 * grid[0].1.abs(), "{solved:?}");
}
