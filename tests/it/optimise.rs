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
