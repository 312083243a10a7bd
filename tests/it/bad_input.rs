//! Wrong input: a clear message, a place, exit code 2, and nothing written.

use rstest::rstest;

use crate::support::{CONVERSION, INSTALL, Place, SMALL, changed};

/// All texts are in what was said.
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

#[rstest]
#[case::unknown_key("grid_mw = 20", "gird_mw = 20", &["x.toml:18:1", "unknown key `gird_mw`", "did you mean `grid_mw`?"])]
#[case::wrong_unit("grid_mw = 20", "grid_mw = \"20 MW\"", &["x.toml:18:11", "`grid_mw = 20` in that unit"])]
#[case::wrong_type("count = 5000", "count = true", &["x.toml:20:45", "`true` where a whole number"])]
#[case::negative_capacity("grid_mw = 20", "grid_mw = -20", &["x.toml:18:11", "`-20` must be greater than zero"])]
#[case::huge_capacity("grid_mw = 20", "grid_mw = 1e308", &["x.toml:18:11", "must be at most 10000"])]
#[case::nan("grid_mw = 20", "grid_mw = nan", &["x.toml:18:11", "`nan` and `inf` are not numbers here"])]
#[case::infinite("grid_mw = 20", "grid_mw = -inf", &["x.toml:18:11"])]
#[case::beyond_double("grid_mw = 20", "grid_mw = 1e400", &["x.toml:18:11"])]
#[case::beyond_integer("years = 1", "years = 99999999999999999999999", &["x.toml:4:9"])]
#[case::beyond_u32("years = 1", "years = 5000000000", &["x.toml:4:9", "5000000000"])]
#[case::no_years("years = 1", "years = 0", &["x.toml:4:9", "between 1 and 40"])]
#[case::many_years("years = 1", "years = 41", &["x.toml:4:9", "between 1 and 40"])]
#[case::half_year("years = 1", "years = 0.5", &["x.toml:4:9", "whole number"])]
#[case::no_such_day("start = \"2026-01-01\"", "start = \"2026-02-29\"", &["x.toml:3:9", "is not a date"])]
#[case::end_of_time("start = \"2026-01-01\"", "start = \"9999-12-31\"", &["x.toml:3:9", "years 2009 to 2200"])]
#[case::start_of_time("start = \"2026-01-01\"", "start = \"0001-01-01\"", &["x.toml:3:9", "years 2009 to 2200"])]
#[case::unknown_zone("America/Chicago", "America/Chikago", &["x.toml:12:12", "unknown time zone `America/Chikago`"])]
#[case::zone_as_path("America/Chicago", "../../etc/passwd", &["x.toml:12:12", "unknown time zone"])]
#[case::no_machines("count = 5000", "count = 0", &["x.toml:20:45", "between 1 and 1000000"])]
#[case::too_many_machines("count = 5000", "count = 4000000000", &["x.toml:20:45", "between 1 and 1000000"])]
#[case::unknown_model("antminer-s21\"", "antminer-s22\"", &["x.toml:20:21", "antminer-s22"])]
#[case::no_halls_of_an_entry("grid_mw = 20", "repeat = 0\ngrid_mw = 20", &["x.toml:18:10", "between 1 and 200"])]
#[case::halls_beyond_memory("grid_mw = 20", "repeat = 4294967295\ngrid_mw = 20", &["x.toml:18:10", "between 1 and 200"])]
#[case::unknown_price("price = \"spot\"", "price = \"spt\"", &["x.toml:15:", "did you mean `spot`?"])]
#[case::price_beyond_all("fixed_usd_per_mwh = 40", "fixed_usd_per_mwh = 100001", &["x.toml:6:21"])]
#[case::unknown_kind("evaporative_wall", "evaporative_wal", &["x.toml:19:9", "did you mean `evaporative_wall`?"])]
#[case::name_as_path("name = \"small\"", "name = \"../small\"", &["x.toml:2:8", "not a valid name"])]
#[case::no_tables("[[sites]]", "[[sites]", &["x.toml:10:"])]
fn a_wrong_value_is_told_with_its_place(#[case] from: &str, #[case] to: &str, #[case] parts: &[&str]) {
    has(&Place::with(&changed(from, to)).refused(&[]), parts);
}

#[rstest]
#[case::no_replications("[run]\nreplications = 0\n", &["x.toml:24:16", "between 1 and"])]
#[case::negative_seed("[run]\nseed = -1\n", &["x.toml:24:8", "not below zero"])]
#[case::no_weeks("[run]\nsampled_weeks_per_year = 0\n", &["x.toml:24:26", "between 1 and 52"])]
#[case::twice("[[strategies]]\nid = \"stay-mining\"\n", &["x.toml:24:6", "`stay-mining` exists twice"])]
#[case::wrong_word("[run]\nfidelity = \"sampled_week\"\n", &["x.toml:24:12", "did you mean `sampled_weeks`?"])]
#[case::no_such_field("[[uncertain]]\npath = \"sites[0].halls[0].gird_mw\"\ndistribution.fixed.value = 2\n", &["x.toml:24:8", "did you mean `grid_mw`?"])]
#[case::draw_below_zero("[[uncertain]]\npath = \"sites[0].halls[0].grid_mw\"\ndistribution.normal = { mean = 20, sd = 10 }\n", &["x.toml:25:", "may be drawn as -2", "must be greater than zero"])]
#[case::draw_below_none("[[uncertain]]\npath = \"sites[0].halls[0].miners[0].count\"\ndistribution.normal = { mean = 0, sd = 50 }\n", &["x.toml:25:", "may be drawn as -2"])]
fn a_wrong_entry_is_told_with_its_place(#[case] more: &str, #[case] parts: &[&str]) {
    has(&Place::with(&format!("{SMALL}{more}")).refused(&[]), parts);
}

#[rstest]
#[case::start_outside("start.date = \"2026-03-01\"", "start.date = \"2036-03-01\"", &["x.toml:28:14", "outside the horizon, 2026-01 to 2026-12"])]
#[case::no_halls("[\"here/h\"]", "[]", &["x.toml:26:9", "at least one hall"])]
#[case::unknown_hall("here/h", "here/hh", &["x.toml:26:", "did you mean `here/h`?"])]
#[case::unknown_archetype("rebuild-on-pad", "rebuild-on-pat", &["x.toml:27:13", "rebuild-on-pad"])]
#[case::no_systems("\"gb300-nvl72\"", "\"gb300-nvl72\", systems = 0", &["x.toml:29:", "between 1 and 100000"])]
#[case::unknown_gpu("gb300-nvl72", "gb301-nvl72", &["x.toml:29:", "did you mean `gb300-nvl72`?"])]
fn a_wrong_conversion_is_told_with_its_place(#[case] from: &str, #[case] to: &str, #[case] parts: &[&str]) {
    let whole = format!("{SMALL}{CONVERSION}{INSTALL}");
    assert!(whole.contains(from));
    has(&Place::with(&whole.replacen(from, to, 1)).refused(&[]), parts);
}

#[test]
fn years_of_none_with_a_conversion_are_refused_and_no_panic() {
    let text = format!("{}{CONVERSION}{INSTALL}", changed("years = 1", "years = 0"));
    has(
        &Place::with(&text).refused(&[]),
        &["years: `0` must lie between 1 and 40"],
    );
}

#[test]
fn commissioning_that_always_fails_is_refused() {
    let risk = "risk = { commissioning_fail_percent = 100 }\n";
    let said = Place::with(&format!("{SMALL}{CONVERSION}{INSTALL}{risk}")).refused(&[]);
    has(&said, &["x.toml:30:", "commissioning"]);
}

#[test]
fn firm_load_above_the_import_limit_is_refused_and_installed_load_above_it_is_not() {
    let serving = format!("serving = {{ {}", INSTALL.trim_start_matches("install = {"));
    let hall =
        |miners: &str| SMALL.replace("miners = [{ model = \"antminer-s21\", count = 5000 }]\n", miners);
    let firm = hall(&serving).replace("mw = 20 }", "mw = 10 }");
    has(
        &Place::with(&firm).refused(&[]),
        &[
            "x.toml:14:",
            "14.0 MW of critical load, the import limit is 10.0 MW",
            "raise the limit",
        ],
    );
    let clipped = SMALL.replace("mw = 20 }", "mw = 10 }");
    let done = Place::with(&clipped).run(&["--quiet"]).assert().success();
    has(
        &crate::support::said(&done),
        &["the connection never gives more than 10.0 MW"],
    );
}

#[test]
fn every_problem_is_told_at_once_and_the_whole_report_is_stable() {
    let text = changed("grid_mw = 20", "grid_mw = -20")
        .replace("years = 1", "years = 77\nbogus = 1")
        .replace("count = 5000", "count = \"many\"")
        .replace("fixed_usd_per_mwh = 40", "series.file = \"absent.csv\"");
    let said = Place::with(&text).refused(&[]);
    insta::assert_snapshot!("every_problem_at_once", said);
}

#[test]
fn what_is_missing_names_the_file() {
    has(
        &Place::with("").refused(&[]),
        &[
            "the key `format` is missing",
            "the key `strategies` is missing",
            "x.toml:1:1",
        ],
    );
    let none = SMALL.split("[[strategies]]").next().unwrap();
    has(
        &Place::with(none).refused(&[]),
        &["the key `strategies` is missing", "x.toml:1:1"],
    );
    let none = SMALL
        .replace("[[strategies]]\nid = \"stay-mining\"\n", "")
        .replace("years = 1", "years = 1\nstrategies = []");
    has(&Place::with(&none).refused(&[]), &["at least one strategy"]);
}

#[rstest]
#[case("sites.here.halls.h.gird_mw=3", &["--set:1:1", "has no `gird_mw`", "did you mean `grid_mw`?"])]
#[case("sits.here=3", &["--set:1:1", "the scenario has no `sits`", "did you mean `sites`?"])]
#[case("sites.their.id=x", &["--set:1:1", "has no `their`"])]
#[case("sites[7].id=x", &["--set:1:1", "`sites` has 1 elements"])]
#[case("sites[99999999999999999999999].id=x", &["--set:1:1", "is not a path"])]
#[case("years", &["--set:1:1", "`years` has no `=`", "write `--set PATH=VALUE`"])]
#[case("=3", &["--set:1:1", "is not a path"])]
#[case("sites.here.halls.h.grid_mw=nan", &["--set:1:28", "no values here"])]
#[case("sites.here.halls.h.grid_mw=-3", &["--set:1:28", "`-3` must be greater than zero"])]
#[case("years=ten", &["--set:1:7", "the text \"ten\" where a whole number"])]
#[case("sites=3", &["--set:1:7", "where a list is expected"])]
#[case("years=2\nseed = 3", &["--set:1:7", "several lines"])]
#[case("\u{1b}[31m=3", &["--set:1:1", "?[31m"])]
fn a_wrong_set_shows_where_and_what_was_meant(#[case] set: &str, #[case] parts: &[&str]) {
    let said = Place::with(SMALL).refused(&["--set", set]);
    has(&said, parts);
    assert!(!said.contains('\u{1b}'));
}

#[test]
fn several_wrong_sets_are_told_at_once() {
    let said = Place::with(SMALL).refused(&["--set", "yeers=3", "--set", "startt=4"]);
    has(&said, &["did you mean `years`?", "did you mean `start`?"]);
}

#[test]
fn an_unknown_strategy_is_told_with_the_known_ones() {
    has(
        &Place::with(SMALL).refused(&["--strategy", "stay-minin"]),
        &["did you mean `stay-mining`?"],
    );
}

#[rstest]
#[case::utf16(b"\xff\xfef\x00o\x00" as &[u8], "UTF-8")]
#[case::latin1(b"name = \"sm\xe4ll\"\n", "UTF-8")]
#[case::nul(b"name = \"a\x00b\"\n", "x.toml:1:")]
fn what_is_no_text_is_malformed_and_not_a_failure_of_the_system(#[case] bytes: &[u8], #[case] part: &str) {
    let place = Place::new();
    place.write("x.toml", bytes);
    has(&place.refused(&[]), &[part]);
}

#[test]
fn a_scenario_that_is_absent_or_no_file_is_wrong_input() {
    let place = Place::new();
    has(&place.refused(&[]), &["cannot read `x.toml`"]);
    std::fs::create_dir(place.path("x.toml")).unwrap();
    has(&place.refused(&[]), &["`x.toml` holds no scenario"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let place = Place::new();
    let made = std::process::Command::new("mkfifo")
        .arg(place.path("x.toml"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("left out: there is no `mkfifo` here");
        return;
    }
    has(&place.refused(&[]), &["pipe"]);
}

#[test]
fn byte_order_mark_and_carriage_returns_are_read() {
    let text = format!("\u{feff}{}", SMALL.replace('\n', "\r\n"));
    Place::with(&text)
        .repower(&["validate", "x.toml"])
        .assert()
        .success();
}

#[rstest]
#[case::brackets(format!("a = {}", "[".repeat(100_000)))]
#[case::levels(format!("a = {}{}", "[".repeat(200), "]".repeat(200)))]
#[case::dots(format!("{} = 1\n", vec!["a"; 20_000].join(".")))]
#[case::tables(format!("[{}]\n", vec!["a"; 300].join(".")))]
#[case::line(format!("bogus = \"{}\"\n{SMALL}", "x".repeat(1_000_000)))]
#[case::name(changed("\"small\"", &format!("\"{}\"", "x".repeat(1_000_000))))]
#[case::size(format!("{SMALL}#{}", "x".repeat(17 << 20)))]
#[case::keys((0..20_000).fold(SMALL.to_owned(), |text, k| format!("{text}[k{k}]\n")))]
fn a_hostile_text_is_refused_in_few_words(#[case] text: String) {
    let said = Place::with(&text).refused(&[]);
    assert!(
        (10..40_000).contains(&said.len()),
        "{} bytes: {}",
        said.len(),
        &said[..said.len().min(400)]
    );
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let text = changed(
        "name = \"small\"",
        "name = \"\\u001b]0;x\\u0007\\u202e\"\n\"\\u001b[2J\" = 1",
    );
    let said = Place::with(&text).refused(&[]);
    assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
}
