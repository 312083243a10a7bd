//! The memo against the files of its run: every figure that names a row says what stands there.

use std::path::Path;

use crate::support::{CONVERSION, INSTALL, Place, SMALL};

/// `[text](file.csv#row=n)` of a Markdown memo: text, file, row.
fn cites(memo: &str) -> Vec<(String, String, usize)> {
    let mut found = Vec::new();
    for (at, _) in memo.match_indices("](") {
        let target = memo[at + 2..].split(')').next().unwrap_or_default();
        let Some((file, row)) = target.split_once("#row=") else {
            continue;
        };
        // A bracket of the text itself is escaped.
        let begin = memo[..at].rmatch_indices('[').map(|(i, _)| i);
        let mut begin = begin;
        let begin = begin.find(|i| !memo[..*i].ends_with('\\')).unwrap();
        let text = &memo[begin + 1..at];
        found.push((text.to_owned(), file.to_owned(), row.parse().unwrap()));
    }
    found
}

/// The record in a row, by column; the head is row 1.
fn record(folder: &Path, file: &str, row: usize) -> std::collections::BTreeMap<String, String> {
    let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
    let head = reader.headers().unwrap().clone();
    let record = reader
        .records()
        .nth(row - 2)
        .unwrap_or_else(|| panic!("{file} has no row {row}"));
    let record = record.unwrap();
    head.iter()
        .map(str::to_owned)
        .zip(record.iter().map(str::to_owned))
        .collect()
}

/// The number with which a text begins, as the memo writes it.
fn plain(text: &str) -> Option<f64> {
    let first = text.split(' ').next()?;
    first.replace('\u{2212}', "-").replace(',', "").parse().ok()
}

#[test]
fn every_figure_that_names_a_row_says_what_stands_there() {
    let place = Place::with(&format!("{SMALL}{CONVERSION}{INSTALL}"));
    let args = ["run", "x.toml", "--out", "out", "--replications", "4"];
    place.repower(&args).assert().success();
    let folder = place.path("out");
    let memo = std::fs::read_to_string(folder.join("memo.md")).unwrap();
    let all = cites(&memo);
    assert!(all.len() > 60, "{}", all.len());
    let (mut money, mut inputs) = (0, 0);
    for (text, file, row) in &all {
        let record = record(&folder, file, *row);
        if file == "assumptions.csv" {
            assert_eq!(text.replace('\\', ""), record["path"]);
            inputs += 1;
        }
        // Millions of dollars: the first number of a cell is the median, or the mean where the text is one.
        if file == "summary.csv"
            && record["unit"] == "usd"
            && let Some(shown) = plain(text)
        {
            let stands = ["p50", "mean", "min"].iter().any(|column| {
                let usd: f64 = record[*column].parse().unwrap();
                (shown - usd / 1e6).abs() <= 0.0501
            });
            assert!(stands, "{text} is not in row {row} of {file}: {record:?}");
            money += 1;
        }
        if file == "comparison.csv" && record["metric"] == "npv_usd" && text.starts_with(['+', '\u{2212}']) {
            assert_eq!(record["scope"], "portfolio");
        }
    }
    assert!(money >= 8 && inputs > 20, "{money} {inputs}");
}

#[test]
fn links_within_the_memo_lead_to_sections_that_are_there() {
    let place = Place::with(&format!("{SMALL}{CONVERSION}{INSTALL}"));
    place.run(&[]).assert().success();
    let html = std::fs::read_to_string(place.path("out/memo.html")).unwrap();
    let anchors: Vec<&str> = html
        .split("href=\"#")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(anchors.len() >= 4, "{anchors:?}");
    for anchor in anchors {
        assert!(
            html.contains(&format!("id=\"{anchor}\"")),
            "{anchor} leads nowhere"
        );
    }
    let files = html
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split(['"', '#']).next().unwrap());
    for file in files.filter(|file| !file.is_empty()) {
        assert!(place.path("out").join(file).exists(), "{file} is not in the run");
    }
}
