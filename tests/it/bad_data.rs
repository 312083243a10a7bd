//! Wrong data files and wrong ways to name them: the place in the scenario and the place in the file.

use std::fmt::Write as _;

use rstest::rstest;

use crate::support::{Place, SMALL, changed, said};

fn has(said: &str, parts: &[&str]) {
    let flat: String = said
        .split_whitespace()
        .filter(|w| *w != "│")
        .collect::<Vec<_>>()
        .join(" ");
    for part in parts {
        assert!(flat.contains(part), "`{part}` is not in:\n{said}");
    }
}

/// The hours of 2026 and a day more; `line` writes each, given its number.
fn hours(header: &str, line: impl Fn(usize, &str) -> Option<String>) -> String {
    const DAYS: [usize; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut text = format!("{header}\n");
    let mut number = 0;
    let months = DAYS
        .iter()
        .enumerate()
        .map(|(month, days)| (2026, month + 1, *days));
    for (year, month, days) in months.chain([(2027, 1, 2)]) {
        for (day, hour) in (1..=days).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
            let start = format!("{year}-{month:02}-{day:02}T{hour:02}:00:00Z");
            if let Some(line) = line(number, &start) {
                writeln!(text, "{line}").unwrap();
            }
            number += 1;
        }
    }
    text
}

fn prices(line: impl Fn(usize, &str) -> Option<String>) -> String {
    hours("start_utc,usd_per_mwh", line)
}

#[expect(clippy::unnecessary_wraps, reason = "rows that are left out are none")]
fn plain(_: usize, start: &str) -> Option<String> {
    Some(format!("{start},40"))
}

fn replaying(file: &str, more: &str) -> String {
    let series = format!("extend = \"replayed\"\nseries = {{ file = \"{file}\"{more} }}");
    changed("fixed_usd_per_mwh = 40", &series)
}

fn with_prices(text: &str, more: &str) -> Place {
    let place = Place::with(&replaying("p.csv", more));
    place.write("p.csv", text);
    place
}

#[test]
fn whole_prices_are_replayed() {
    with_prices(&prices(plain), "")
        .run(&["--quiet"])
        .assert()
        .success();
}

#[rstest]
#[case::short_row(|n, s: &str| Some(if n == 99 { s.to_owned() } else { format!("{s},40") }), &["p.csv:101"])]
#[case::no_number(|n, s: &str| Some(if n == 99 { format!("{s},dear") } else { format!("{s},40") }), &["p.csv:101", "dear"])]
#[case::not_a_number(|n, s: &str| Some(if n == 99 { format!("{s},nan") } else { format!("{s},40") }), &["p.csv:101", "nan"])]
#[case::no_time(|n, s: &str| Some(if n == 99 { "yesterday,40".to_owned() } else { format!("{s},40") }), &["p.csv:101", "yesterday"])]
#[case::twice(|n, s: &str| Some(if n == 99 { format!("{s},40\n{s},41") } else { format!("{s},40") }), &["p.csv:102", "a second time"])]
#[case::long_field(|n, s: &str| Some(if n == 99 { format!("{s},{}", "4".repeat(5_000)) } else { format!("{s},40") }), &["p.csv:101"])]
#[case::long_line(|n, s: &str| Some(if n == 99 { format!("{s},{}", "4".repeat(70_000)) } else { format!("{s},40") }), &["p.csv:101"])]
#[case::gap(|n, s: &str| (!(99..103).contains(&n)).then(|| format!("{s},40")), &["p.csv:100", "no value from 2026-01-05T03:00:00Z", "(4 steps)"])]
fn a_broken_row_or_a_gap_names_file_line_and_scenario(
    #[case] line: fn(usize, &str) -> Option<String>,
    #[case] parts: &[&str],
) {
    let said = with_prices(&prices(line), "").refused(&[]);
    has(&said, parts);
    has(&said, &["x.toml:7:", "market.power.spot.series.file"]);
    assert!(said.len() < 5_000, "{} bytes", said.len());
}

#[test]
fn a_gap_is_filled_where_the_scenario_says_how_and_the_manifest_counts_it() {
    let gap = prices(|n, s| (!(99..103).contains(&n)).then(|| format!("{s},40")));
    let place = with_prices(&gap, ", gaps = \"hold\"");
    place.run(&["--quiet"]).assert().success();
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path("out/manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["inputs"][0]["repaired"], 4);
    assert_eq!(manifest["inputs"][0]["name"], "p.csv");
}

#[rstest]
#[case::empty("", &["p.csv"])]
#[case::header_only("start_utc,usd_per_mwh\n", &["p.csv"])]
#[case::other_header("time,price\n2026-01-01T00:00:00Z,40\n", &["p.csv:1"])]
#[case::html("<!doctype html>\n<p>not found</p>\n", &["p.csv:1"])]
#[case::binary("\u{0}\u{1}\u{2}\n", &["p.csv"])]
fn what_is_no_price_file_is_refused(#[case] text: &str, #[case] parts: &[&str]) {
    has(&with_prices(text, "").refused(&[]), parts);
}

#[rstest]
#[case::absent("absent.csv", &["cannot read `absent.csv`"])]
#[case::up("../p.csv", &["`../p.csv` is not a path inside the folder"])]
#[case::inner_up("a/../../p.csv", &["is not a path inside the folder"])]
#[case::absolute("/etc/passwd", &["is not a path inside the folder"])]
#[case::nothing("", &["is not a path inside the folder"])]
#[case::folder("sub", &["folder"])]
#[case::no_data_folder("data:p.csv", &["say where the data folder is: `--data DIR`"])]
fn a_path_stays_inside_its_folder(#[case] file: &str, #[case] parts: &[&str]) {
    let place = Place::with(&replaying(file, ""));
    place.write("sub/p.csv", prices(plain));
    let said = place.refused(&[]);
    has(&said, parts);
    has(&said, &["x.toml:7:"]);
}

#[test]
fn data_paths_resolve_below_the_data_folder_only() {
    let place = Place::with(&replaying("data:deep/p.csv", ""));
    place.write("d/deep/p.csv", prices(plain));
    place.run(&["--quiet", "--data", "d"]).assert().success();
    has(
        &place
            .run(&["--data", "absent", "--seed", "9"])
            .assert()
            .code(2)
            .get_output()
            .stderr
            .escape_ascii()
            .to_string(),
        &["cannot open the folder"],
    );
    place.write("x.toml", replaying("data:../p.csv", ""));
    place.write("p.csv", prices(plain));
    let out = place
        .repower(&["validate", "x.toml", "--data", "d"])
        .assert()
        .code(2);
    has(&said(&out), &["is not a path inside the folder"]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_are_refused_and_links_inside_are_followed() {
    use std::os::unix::fs::symlink;
    let outside = Place::new();
    outside.write("p.csv", prices(plain));
    let place = Place::with(&replaying("link.csv", ""));
    symlink(outside.path("p.csv"), place.path("link.csv")).unwrap();
    has(&place.refused(&[]), &["leads out of the folder"]);
    std::fs::remove_file(place.path("link.csv")).unwrap();
    place.write("real.csv", prices(plain));
    symlink(place.path("real.csv"), place.path("link.csv")).unwrap();
    place.run(&["--quiet"]).assert().success();
}

#[rstest]
#[case::up("../base.toml", "not a path inside")]
#[case::absolute("/etc/passwd", "not a path inside")]
#[case::absent("absent.toml", "cannot read `absent.toml`")]
#[case::itself("x.toml", "circle")]
#[case::through_another("back.toml", "circle")]
#[case::folder("sub", "folder")]
fn extends_stays_inside_and_ends(#[case] base: &str, #[case] part: &str) {
    let place = Place::with(&format!("extends = \"{base}\"\n"));
    place.write("back.toml", "extends = \"x.toml\"\n");
    place.write("sub/x", "");
    has(&place.refused(&[]), &[part]);
}

#[cfg(unix)]
#[test]
fn extends_does_not_follow_a_link_out() {
    let outside = Place::with(SMALL);
    let place = Place::with("extends = \"link.toml\"\n");
    std::os::unix::fs::symlink(outside.path("x.toml"), place.path("link.toml")).unwrap();
    has(&place.refused(&[]), &["leads out of the folder", "x.toml:1:11"]);
}

#[test]
fn sixteen_levels_are_read_and_seventeen_are_not() {
    let place = Place::new();
    for level in 1..17 {
        place.write(
            &format!("l{level}.toml"),
            format!("extends = \"l{}.toml\"\n", level - 1),
        );
    }
    place.write("l0.toml", SMALL);
    place.repower(&["validate", "l15.toml"]).assert().success();
    let out = place.repower(&["validate", "l16.toml"]).assert().code(2);
    has(
        &said(&out),
        &["more than 16 levels of `extends`", "flatten the family"],
    );
}

#[test]
fn problems_of_a_base_stand_in_the_base() {
    let place = Place::with("extends = \"base.toml\"\nyears = 2\n");
    place.write("base.toml", changed("grid_mw = 20", "grid_mw = -20"));
    has(&place.refused(&[]), &["base.toml:18:11"]);
}

/// A tenant whose jobs come from `jobs.csv`.
const JOBS: &str = "[[tenants]]\nid = \"jobs\"\n[tenants.on_demand.jobs]\ntrace.file = { file = \"jobs.csv\" }\n\
    gpus = 64\nprice = \"gpu\"\n[market.gpu_rent.gpu]\nfixed_usd_per_gpu_h = 2\n";

fn with_jobs(more: &str) -> Place {
    let place = Place::with(&format!("{SMALL}{JOBS}"));
    let mut text = "job_id,submit_s,gpus,duration_s\n".to_owned();
    for job in 0..400 {
        writeln!(text, "{job},{},4,3000", job * 7_200).unwrap();
    }
    place.write("jobs.csv", text + more);
    place
}

#[test]
fn jobs_are_read_and_a_job_larger_than_the_pool_is_refused_by_name() {
    with_jobs("").repower(&["validate", "x.toml"]).assert().success();
    has(
        &with_jobs("777,2880000,65,10\n").refused(&[]),
        &[
            "1 job(s), the first with id 777, need up to 65 GPUs; the pool has 64",
            "x.toml:26:",
            "raise `gpus`",
        ],
    );
    has(&with_jobs("777,2880000,-1,10\n").refused(&[]), &["jobs.csv:402"]);
    has(&with_jobs("777,2880000,4\n").refused(&[]), &["jobs.csv:402"]);
    has(
        &with_jobs("777,99999999999999999999,4,10\n").refused(&[]),
        &["jobs.csv:402"],
    );
}

#[test]
fn replay_refuses_a_job_larger_than_the_cluster() {
    let place = with_jobs("777,2880000,65,10\n");
    let out = place
        .repower(&["replay", "jobs.csv", "--gpus", "64"])
        .assert()
        .code(2)
        .stdout("");
    has(&said(&out), &["job 777 needs 65 GPUs"]);
}
