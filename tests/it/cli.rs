//! The commands as their users and their scripts meet them.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use predicates::prelude::*;
use predicates::str::{contains, starts_with};
use rstest::rstest;

use crate::support::{Place, SMALL, changed, results_of, said};

#[rstest]
#[case("run")]
#[case("validate")]
#[case("compare")]
#[case("sensitivity")]
#[case("optimise")]
#[case("report")]
#[case("replay")]
#[case("audit")]
#[case("import")]
#[case("bill")]
#[case("shard")]
#[case("merge")]
#[case("dispatch")]
#[case("fit")]
#[case("backtest")]
#[case("verify")]
#[case("init")]
#[case("explain")]
#[case("catalogue")]
#[case("schema")]
#[case("completions")]
#[case("man")]
fn the_help_of_every_command_has_an_example(#[case] command: &str) {
    let example = contains("Example").and(contains(format!("repower {command}")));
    Place::new()
        .repower(&[command, "--help"])
        .assert()
        .code(0)
        .stdout(example)
        .stderr("");
}

#[test]
fn the_cases_above_are_all_commands() {
    let help = Place::new().repower(&["--help"]).assert().code(0);
    let text = String::from_utf8(help.get_output().stdout.clone()).unwrap();
    let list = text
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("Options:")
        .next()
        .unwrap();
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let known = [
        "run",
        "shard",
        "merge",
        "validate",
        "compare",
        "report",
        "replay",
        "audit",
        "import",
        "sensitivity",
        "optimise",
        "bill",
        "dispatch",
        "fit",
        "backtest",
        "verify",
        "init",
        "explain",
        "catalogue",
        "schema",
        "completions",
        "man",
        "help",
    ];
    let new: Vec<&&str> = names.iter().filter(|name| !known.contains(name)).collect();
    assert!(new.is_empty(), "commands without a test of their help: {new:?}");
    for code in [
        "0 done",
        "1 the answer is no",
        "2 wrong input",
        "3 reading or writing",
        "4 an invariant",
        "75 stopped",
        "130 interrupted",
    ] {
        assert!(text.contains(code), "{code}");
    }
}

#[test]
fn the_version_names_the_commit() {
    let form = predicate::str::is_match(r"^repower \d+\.\d+\.\d+ \(([0-9a-f]{12}|unknown)\)\n$").unwrap();
    Place::new().repower(&["--version"]).assert().code(0).stdout(form);
}

#[rstest]
#[case(&[])]
#[case(&["rum"])]
#[case(&["run", "--replications", "0"])]
#[case(&["run", "--replications", "-1"])]
#[case(&["run", "--replications", "4294967297"])]
#[case(&["run", "--threads", "0"])]
#[case(&["run", "--threads", "100000"])]
#[case(&["run", "--seed", "x"])]
#[case(&["run", "--fidelity", "guess"])]
#[case(&["run", "--series", "yearly"])]
#[case(&["run", "a.toml", "b.toml"])]
#[case(&["run", "--no-such-flag"])]
#[case(&["completions", "cobol"])]
#[case(&["man", "rum"])]
#[case(&["catalogue", "minr"])]
#[case(&["explain", "sites[0].gird"])]
#[case(&["replay", "t.csv", "--gpus", "0"])]
fn wrong_arguments_exit_with_2_and_leave_stdout_alone(#[case] args: &[&str]) {
    let place = Place::new();
    place
        .repower(args)
        .assert()
        .code(2)
        .stdout("")
        .stderr(predicate::str::is_empty().not());
    assert!(!place.path("outputs").exists());
}

#[test]
fn a_misspelt_command_is_guessed() {
    Place::new()
        .repower(&["validat", "x"])
        .assert()
        .code(2)
        .stderr(contains("'validate'"));
}

#[rstest]
#[case("bash")]
#[case("zsh")]
#[case("fish")]
#[case("elvish")]
#[case("powershell")]
fn completions_know_the_commands(#[case] shell: &str) {
    let known = contains("validate").and(contains("replications"));
    Place::new()
        .repower(&["completions", shell])
        .assert()
        .code(0)
        .stdout(known);
}

#[test]
fn init_lists_writes_and_never_overwrites() {
    let place = Place::new();
    place
        .repower(&["init"])
        .assert()
        .code(0)
        .stdout(starts_with("texas").and(contains("texas-2023")));
    place
        .repower(&["init", "texas", "plans/a"])
        .assert()
        .code(0)
        .stdout(contains("wrote plans/a/texas.toml"));
    place
        .repower(&["validate", "plans/a/texas.toml"])
        .assert()
        .code(0)
        .stdout("plans/a/texas.toml: valid\n");
    place.write("plans/a/texas.toml", "mine");
    place
        .repower(&["init", "texas", "plans/a"])
        .assert()
        .code(3)
        .stdout("");
    assert_eq!(
        std::fs::read_to_string(place.path("plans/a/texas.toml")).unwrap(),
        "mine"
    );
    place
        .repower(&["init", "texsa"])
        .assert()
        .code(2)
        .stderr(contains("did you mean `texas`?"));
    place.repower(&["init", "../texas"]).assert().code(2);
    place.write("file", "");
    place.repower(&["init", "texas", "file"]).assert().code(3);
    place.repower(&["init", "texas", "file/below"]).assert().code(3);
}

#[test]
fn validate_says_valid_and_tells_warnings() {
    let place = Place::with(SMALL);
    place
        .repower(&["validate", "x.toml"])
        .assert()
        .code(0)
        .stdout("x.toml: valid\n")
        .stderr("");
    place.write("x.toml", changed("mw = 20 }", "mw = 10 }"));
    let done = place
        .repower(&["validate", "x.toml"])
        .assert()
        .code(0)
        .stdout("x.toml: valid, 1 warning(s)\n");
    assert!(said(&done).contains("never gives more than"));
    place
        .repower(&["validate", "x.toml", "--set", "years=0"])
        .assert()
        .code(2)
        .stdout("");
}

#[test]
fn colour_is_there_on_demand_only() {
    let place = Place::with(&changed("grid_mw = 20", "grid_mw = -20"));
    let coloured = |args: &[&str]| {
        let done = place.repower(&["validate", "x.toml"]).args(args).assert().code(2);
        said(&done).contains('\u{1b}')
    };
    assert!(!coloured(&[]) && !coloured(&["--color", "never"]) && coloured(&["--color", "always"]));
}

#[test]
fn a_folder_of_scenarios_becomes_a_run_each_and_ends_with_the_worst() {
    let place = Place::new();
    place.write("all/a.toml", crate::support::SMALL);
    place.write("all/b.toml", crate::support::SMALL.replace("years", "yeers"));
    place.write("all/c.toml", crate::support::SMALL);
    place.write("all/notes.md", "no scenario");
    let said = contains("== summary")
        .and(contains("all/b.toml  exit 2"))
        .and(contains("all/c.toml  done"));
    place
        .repower(&["run", "all", "--out", "runs", "--replications", "1"])
        .assert()
        .code(2)
        .stdout(said)
        .stderr(contains("did you mean `years`?"));
    assert!(place.path("runs/a/memo.html").exists() && place.path("runs/c/memo.html").exists());
    assert!(!place.path("runs/b").exists());
    place.write("none/notes.md", "");
    place
        .repower(&["run", "none"])
        .assert()
        .code(2)
        .stderr(contains("holds no scenario"));
}

#[test]
fn a_dry_run_says_how_long_it_may_take() {
    let place = Place::with(crate::support::SMALL);
    let told = contains("a replication of").and(contains("may take      about"));
    place.run(&["--dry-run"]).assert().code(0).stdout(told);
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let place = Place::with(SMALL);
    let tells = contains("strategies    stay-mining")
        .and(contains("replications  1\n"))
        .and(contains("would write   out"));
    place.run(&["--dry-run"]).assert().code(0).stdout(tells);
    assert!(!place.path("out").exists() && !place.path("out.partial").exists());
}

#[test]
fn a_quiet_run_is_silent_and_works_without_home_and_with_odd_settings() {
    let place = Place::with(SMALL);
    let mut command = place.run(&["--quiet"]);
    command
        .env_remove("PATH")
        .env("TERM", "dumb")
        .env("RUST_LOG", "=,=;nonsense")
        .env("LANG", "xx_XX")
        .env("TZ", "Nowhere/At_All");
    command.assert().code(0).stdout("").stderr("");
    // Equal to a run in a usual environment.
    let mut other = place.repower(&[
        "run",
        "x.toml",
        "--out",
        "other",
        "--replications",
        "1",
        "--quiet",
    ]);
    other.env("TZ", "Asia/Kolkata").assert().code(0);
    assert!(results_of(&place.path("out")) == results_of(&place.path("other")));
}

#[test]
fn without_out_the_run_goes_below_outputs_by_name_and_id() {
    let place = Place::with(SMALL);
    place
        .repower(&["run", "x.toml", "--replications", "1"])
        .assert()
        .code(0)
        .stdout(contains("NPV"));
    let runs: Vec<_> = std::fs::read_dir(place.path("outputs/small")).unwrap().collect();
    assert_eq!(runs.len(), 1);
    let id = runs[0].as_ref().unwrap().file_name().into_string().unwrap();
    assert!(
        id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        "{id}"
    );
}

#[test]
fn a_closed_pipe_is_no_failure() {
    for args in [&["schema"] as &[&str], &["completions", "bash"], &["--help"]] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_repower"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(
            child.wait().unwrap().success() && said.is_empty() && !line.is_empty(),
            "{args:?}: {said}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stdout_exits_with_3() {
    for args in [&["schema"] as &[&str], &["completions", "bash"], &["init"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_repower"));
        let done = command.args(args).stdout(full).output().unwrap();
        assert_eq!(done.status.code(), Some(3), "{args:?}");
        assert!(
            String::from_utf8_lossy(&done.stderr).contains("stdout"),
            "{args:?}"
        );
    }
}

#[test]
fn nothing_that_a_scenario_says_becomes_a_formula_or_markup() {
    let hostile =
        "question = \"=HYPERLINK(1)<script>alert(1)</script> [x](javascript:1) <img src=x>\"\nyears = 1";
    let text = changed("years = 1", hostile).replace(
        "id = \"stay-mining\"",
        "id = \"stay-mining\"\nsummary = \"+cmd|' /C calc'!A0<b>bold</b> **x** `y`\"",
    );
    let place = Place::with(&text);
    place.run(&["--quiet", "--series", "hourly"]).assert().code(0);
    for (name, bytes) in results_of(&place.path("out")) {
        // No reader of tables or pages opens the file of reduced replications.
        // Text of the workbook is looked at where it is recalculated.
        if name.starts_with("inputs/") || name == "blocks.bin" || name == "model.xlsx" {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        let kind = name.rsplit('.').next().unwrap();
        if kind != "csv" {
            assert!(!text.contains("<script>alert"), "{name}");
            assert!(!text.contains("<img src=x>"), "{name}");
            assert!(!text.contains("<b>bold"), "{name}");
            // In HTML these are plain characters; in Markdown they must be escaped.
            assert!(!(kind == "md" && text.contains("[x](")), "{name}");
            continue;
        }
        let cells = text.lines().flat_map(|line| line.split(','));
        let formula = |cell: &&str| {
            let cell = cell.trim_start_matches('"');
            cell.starts_with(['=', '@']) || cell.starts_with("+c")
        };
        assert_eq!(
            cells.filter(formula).collect::<Vec<_>>(),
            Vec::<&str>::new(),
            "{name}"
        );
    }
    let assumptions = std::fs::read_to_string(place.path("out/assumptions.csv")).unwrap();
    assert!(assumptions.contains("'=HYPERLINK"));
}

#[test]
fn a_run_holds_no_name_of_the_machine() {
    let place = Place::with(SMALL);
    let full = place.path("x.toml").display().to_string();
    place
        .repower(&["run", &full, "--out", "out", "--replications", "1", "--quiet"])
        .assert()
        .code(0);
    let folder = place.path("").display().to_string();
    for (name, bytes) in crate::support::files_of(&place.path("out")) {
        assert!(
            !String::from_utf8_lossy(&bytes).contains(folder.trim_end_matches('/')),
            "{name}"
        );
    }
}

/// Odd, but meant: each runs to its end.
#[rstest]
#[case::no_halls(&SMALL.replace(&SMALL[SMALL.find("[[sites.halls]]").unwrap()..SMALL.find("[[strategies]]").unwrap()], ""))]
#[case::no_miners(&changed("miners = [{ model = \"antminer-s21\", count = 5000 }]", ""))]
#[case::leap_day(&changed("start = \"2026-01-01\"", "start = \"2028-02-29\""))]
#[case::middle_of_a_month(&changed("start = \"2026-01-01\"", "start = \"2026-07-17\""))]
#[case::day_of_the_clock_change(&changed("start = \"2026-01-01\"", "start = \"2026-03-08\""))]
#[case::half_hour_zone(&changed("America/Chicago", "Asia/Kolkata"))]
#[case::three_quarters_of_an_hour(&changed("America/Chicago", "Pacific/Chatham"))]
#[case::half_hour_clock_change(&changed("America/Chicago", "Australia/Lord_Howe"))]
#[case::midnight_clock_change(&changed("America/Chicago", "Africa/Cairo"))]
#[case::a_day_that_never_was(&changed("America/Chicago", "Pacific/Apia").replace("2026-01-01\"\nyears", "2011-12-30\"\nyears"))]
#[case::negative_price(&changed("fixed_usd_per_mwh = 40", "fixed_usd_per_mwh = -1000"))]
#[case::dear_price(&changed("fixed_usd_per_mwh = 40", "fixed_usd_per_mwh = 100000"))]
#[case::no_import(&changed("mw = 20 }", "mw = 0 }"))]
#[case::late_import(&changed("from = \"2026-01-01\"", "from = \"2027-06-01\""))]
#[case::no_hashprice(&changed("usd_per_ph_day = 45", "usd_per_ph_day = 0"))]
#[case::tiny_hall(&changed("grid_mw = 20", "grid_mw = 5e-324"))]
#[case::all_alike(&format!("{SMALL}[[strategies]]\nid = \"b\"\n[[strategies]]\nid = \"c\"\n"))]
#[case::two_zones(&SMALL.replace("[[strategies]]", &format!("{}[[strategies]]", SMALL[SMALL.find("[[sites]]").unwrap()..SMALL.find("[[strategies]]").unwrap()].replace("\"here\"", "\"there\"").replace("America/Chicago", "Asia/Kolkata"))))]
#[case::no_discount(&format!("{SMALL}[finance]\ndiscount_percent = 0\n"))]
#[case::all_is_taxed(&format!("{SMALL}[finance]\nincome_tax_percent = 100\ndiscount_percent = 100\n"))]
#[case::land_is_sold(&format!("{SMALL}{}", crate::support::CONVERSION.replace("rebuild-on-pad", "sell-the-land")))]
#[case::no_tenants(&format!("{SMALL}{}{}", crate::support::CONVERSION, crate::support::INSTALL))]
#[case::less_than_a_rack(&format!("{}{}{}", changed("grid_mw = 20", "grid_mw = 0.1"), crate::support::CONVERSION, crate::support::INSTALL))]
#[case::curtailed_for_ever(&changed("mw = 20 }] }", "mw = 20 }], curtailment.orders = [{ from = \"2026-01-01T00:00\", hours = 8760, limit_mw = 0, notice_minutes = 0 }] }"))]
#[case::random_site(&format!("{SMALL}[[uncertain]]\npath = \"sites.here.halls.h.grid_mw\"\ndistribution.uniform = {{ low = 1, high = 30 }}\n"))]
fn odd_scenarios_run_to_their_end(#[case] text: &str) {
    let place = Place::with(text);
    let done = place.run(&["--quiet"]).assert();
    let said = said(&done);
    done.code(0);
    assert!(place.path("out/manifest.json").exists(), "{said}");
    let summary = std::fs::read_to_string(place.path("out/summary.csv")).unwrap();
    assert!(
        summary.contains(",npv_usd,usd,") && !summary.contains("NaN") && !summary.contains("inf"),
        "{summary}"
    );
}
