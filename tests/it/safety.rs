//! The section "Safety of inputs and outputs" of the promises to users, line by line. Paths, links, `extends`, sizes and
//! levels have their tests in `bad_data` and `bad_input`, the limits in `limits`, markup in `cli`; here is the rest.

use rstest::rstest;

use crate::support::{CONVERSION, INSTALL, Place, SMALL, changed, said};

/// Names become paths and sheet names: everything but `[a-z0-9][a-z0-9-]{0,63}` is refused.
#[rstest]
#[case::up("..")]
#[case::root("/etc/passwd")]
#[case::below("a/b")]
#[case::backslash("a\\\\b")]
#[case::upper("Mine")]
#[case::hyphen_first("-rf")]
#[case::formula("=1+1")]
#[case::blank("a b")]
#[case::nothing("")]
#[case::dot("a.toml")]
#[case::markup("<b>")]
#[case::sheet("a[1]:*?")]
#[case::accent("kraftwerk-süd")]
#[case::nul("a\\u0000b")]
#[case::newline("a\\nb")]
#[case::long(&"x".repeat(65))]
fn a_name_that_is_no_plain_word_is_refused(#[case] name: &str) {
    for (from, to) in [
        ("name = \"small\"", format!("name = \"{name}\"")),
        ("id = \"here\"", format!("id = \"{name}\"")),
        ("id = \"h\"", format!("id = \"{name}\"")),
        ("id = \"market\"", format!("id = \"{name}\"")),
        ("[market.power.spot]", format!("[market.power.\"{name}\"]")),
        ("id = \"stay-mining\"", format!("id = \"{name}\"")),
    ] {
        let place = Place::with(&changed(from, &to));
        let told = place.refused(&[]);
        assert!(!told.contains('\u{0}') && told.len() < 6_000, "{from}: {told}");
    }
}

#[test]
fn the_longest_name_is_taken_and_reserved_words_of_systems_are_only_words() {
    for name in [
        "x".repeat(64),
        "con".to_owned(),
        "nul".to_owned(),
        "0".to_owned(),
        "a-".to_owned(),
    ] {
        let place = Place::with(&changed("id = \"here\"", &format!("id = \"{name}\"")));
        place.run(&["--quiet"]).assert().code(0);
        assert!(place.path("out/manifest.json").exists());
    }
}

/// Cells that a spreadsheet would take for a formula begin with an apostrophe, in every CSV of a run.
#[rstest]
#[case::equals("=1+1", "=")]
#[case::plus("+1+cmd", "+")]
#[case::minus("-1+cmd", "-")]
#[case::at("@sum(a1)", "@")]
#[case::tab("\\t=1", "\t")]
#[case::carriage_return("\\r=1", "\r")]
fn a_text_that_a_spreadsheet_would_run_is_made_plain(#[case] text: &str, #[case] first: &str) {
    let hostile = format!("question = \"{text}\"\nyears = 1");
    let place = Place::with(&changed("years = 1", &hostile));
    place.run(&["--quiet"]).assert().code(0);
    let mut reader = csv::Reader::from_path(place.path("out/assumptions.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let row = rows.iter().find(|row| &row[0] == "question").unwrap();
    assert!(
        !row[1].starts_with(first) && row[1].starts_with('\''),
        "{:?}",
        &row[1]
    );
    // No text cell of any table begins so; figures may begin with a minus.
    for entry in std::fs::read_dir(place.path("out")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "csv") {
            continue;
        }
        for record in csv::Reader::from_path(&path).unwrap().records() {
            for cell in &record.unwrap() {
                let plain =
                    cell.parse::<f64>().is_ok() || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                assert!(plain, "{}: {cell:?}", path.display());
            }
        }
    }
}

/// Free texts of a conversion reach schedules, memo and charts: none of it is markup there.
#[test]
fn texts_of_a_conversion_stay_text() {
    let hostile = "</svg><script>alert(7)</script>";
    let stages = format!(
        "stages = [{{ id = \"design\", name = \"{hostile}\", tests = [{{ name = \"{hostile}\", fail_percent = 1 }}] }}]\n\
         refreezes = [{{ cause = \"{hostile}\", when.date = \"2026-04-01\" }}]\n"
    );
    let place = Place::with(&format!("{SMALL}{CONVERSION}{INSTALL}{stages}"));
    place.run(&["--quiet", "--series", "hourly"]).assert().code(0);
    for (name, bytes) in crate::support::results_of(&place.path("out")) {
        let csv = std::path::Path::new(&name)
            .extension()
            .is_some_and(|e| e == "csv");
        if name.starts_with("inputs/") || csv {
            continue;
        }
        assert!(
            !String::from_utf8_lossy(&bytes).contains("<script>alert(7)"),
            "{name}"
        );
    }
}

/// A manifest from a stranger may not lead out of its folder.
#[test]
fn a_manifest_that_names_files_outside_its_folder_is_refused() {
    let place = Place::with(SMALL);
    place.run(&["--quiet"]).assert().code(0);
    let text = std::fs::read_to_string(place.path("out/manifest.json")).unwrap();
    place.write("secret.csv", "a,b\n1,2\n");
    for name in ["../secret.csv", "/etc/passwd", "charts/../../secret.csv", ""] {
        let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        manifest["outputs"][name] = serde_json::json!("00");
        place.write("out/manifest.json", manifest.to_string());
        for args in [&["report", "out"] as &[&str], &["compare", "out", "out"]] {
            let done = place.repower(args).assert();
            let code = done.get_output().status.code();
            assert!(
                matches!(code, Some(0 | 2 | 3)),
                "{args:?} with `{name}`: {code:?} {}",
                said(&done)
            );
        }
    }
    assert_eq!(
        std::fs::read_to_string(place.path("secret.csv")).unwrap(),
        "a,b\n1,2\n"
    );
}

/// Figures of a manifest that would ask for more memory than there is are refused before any is asked for.
#[test]
fn a_manifest_of_monstrous_extent_is_refused() {
    let place = Place::with(SMALL);
    place.run(&["--quiet"]).assert().code(0);
    let text = std::fs::read_to_string(place.path("out/manifest.json")).unwrap();
    let huge = figure_exchanged(&text, "\"replications\":", "4294967295");
    place.write("out/manifest.json", huge);
    for args in [&["report", "out"] as &[&str], &["compare", "out", "out"]] {
        let done = place.repower(args).assert();
        let code = done.get_output().status.code();
        assert!(matches!(code, Some(2 | 3)), "{args:?}: {code:?} {}", said(&done));
    }
}

/// Exchanges the figure after a key.
fn figure_exchanged(text: &str, key: &str, figure: &str) -> String {
    let at = text.find(key).unwrap() + key.len();
    let digits = text[at..].find([',', '\n', '}']).unwrap();
    format!("{} {figure}{}", &text[..at], &text[at + digits..])
}
