//! The workbook of a run, opened and recalculated by `LibreOffice`: every formula gives what is stored with it, and an input changed
//! in the workbook moves what the same change of the scenario moves.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use calamine::{Data, Reader, Xlsx, open_workbook};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::hand_made::{number, rows};
use crate::support::{Place, repower};

/// What counts as agreement: a cent of dollars, and of ratios and rates likewise.
const CENT: f64 = 0.01;
const SCENARIO: &str = include_str!("fixtures/workbook.toml");

/// Recalculates whatever it loads.
const PROFILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>"#;

type Sheet = BTreeMap<(u32, u32), Data>;

/// Whether `LibreOffice` is there; says so where it is not, and fails where it must be.
fn office() -> bool {
    let found = Command::new("soffice").arg("--version").output().is_ok();
    let must = cfg!(feature = "slow-tests") || std::env::var_os("CI").is_some();
    assert!(
        found || !must,
        "LibreOffice (`soffice`) is not installed, and this test needs it"
    );
    if !found {
        eprintln!("LibreOffice (`soffice`) is not installed: the workbook was not recalculated");
    }
    found
}

/// Has `LibreOffice` recalculate workbooks, each to a file of the same name in `into`.
fn recalculate(folder: &Path, files: &[PathBuf], into: &Path) {
    let profile = folder.join("profile");
    fs::create_dir_all(profile.join("user")).unwrap();
    fs::write(profile.join("user/registrymodifications.xcu"), PROFILE).unwrap();
    let out = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", profile.display()))
        .env("HOME", folder)
        .args(["--headless", "--convert-to", "xlsx", "--outdir"])
        .arg(into)
        .args(files)
        .output()
        .unwrap();
    for file in files {
        let made = into.join(file.file_name().unwrap());
        assert!(
            made.exists(),
            "{}: {}",
            made.display(),
            String::from_utf8_lossy(&out.stderr)
        );
    }
}

/// The cells of a sheet by line and column, from 0.
fn cells(path: &Path, sheet: &str) -> Sheet {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    let (line, column) = range.start().unwrap_or_default();
    let used = range.used_cells();
    used.map(|(r, c, data)| ((line + r as u32, column + c as u32), data.clone()))
        .collect()
}

/// Sheets of a workbook, and where they have formulas.
fn formulas(path: &Path) -> Vec<(String, Vec<(u32, u32)>)> {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let names = book.sheet_names();
    let of = |name: String| {
        let range = book.worksheet_formula(&name).unwrap();
        let (line, column) = range.start().unwrap_or_default();
        let used = range.used_cells().filter(|(_, _, text)| !text.is_empty());
        let at = used
            .map(|(r, c, _)| (line + r as u32, column + c as u32))
            .collect();
        (name, at)
    };
    names.into_iter().map(of).collect()
}

fn figure(cell: Option<&Data>) -> Option<f64> {
    match cell {
        Some(Data::Float(x)) => Some(*x),
        Some(Data::Int(x)) => Some(*x as f64),
        Some(Data::DateTime(x)) => Some(x.as_f64()),
        Some(Data::Bool(x)) => Some(f64::from(u8::from(*x))),
        _ => None,
    }
}

fn shown(cell: Option<&Data>) -> String {
    match cell {
        None | Some(Data::Empty) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Every formula cell recalculated is what was stored with it. Gives how many there were.
fn assert_recalculates(stored: &Path, recalculated: &Path) -> usize {
    let mut count = 0;
    for (name, places) in formulas(stored) {
        let (before, after) = (cells(stored, &name), cells(recalculated, &name));
        for at in places {
            count += 1;
            match (figure(before.get(&at)), figure(after.get(&at))) {
                (Some(a), Some(b)) => assert!(
                    (a - b).abs() < CENT,
                    "{name} {at:?}: stored {a}, recalculated {b}"
                ),
                _ => assert_eq!(shown(before.get(&at)), shown(after.get(&at)), "{name} {at:?}"),
            }
        }
    }
    count
}

fn run(place: &Place, out: &str, more: &[&str]) -> PathBuf {
    let mut command = place.repower(&["run", "x.toml", "--out", out, "--quiet"]);
    for assignment in more {
        command.args(["--set", assignment]);
    }
    command.assert().success();
    place.path(out)
}

/// A copy of a workbook in which a figure of the sheet of inputs is another, and everything else as it was.
fn edited(model: &Path, label: &str, value: f64, to: &Path) {
    let inputs = cells(model, "Inputs");
    let line = inputs
        .iter()
        .find(|(at, data)| at.1 == 0 && shown(Some(data)) == label);
    let line = line.unwrap_or_else(|| panic!("no input `{label}`")).0.0;
    // The first strategy that has the input; the others take its figure where it is the same.
    let column = (2..10)
        .find(|c| figure(inputs.get(&(line, *c))).is_some())
        .unwrap();
    let name = format!("{}{}", char::from(b'A' + column as u8), line + 1);
    let mut archive = ZipArchive::new(Cursor::new(fs::read(model).unwrap())).unwrap();
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name_of = file.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        // The sheet of inputs is the second.
        if name_of == "xl/worksheets/sheet2.xml" {
            bytes = replaced(&String::from_utf8(bytes).unwrap(), &name, value).into_bytes();
        }
        out.start_file(name_of, SimpleFileOptions::default()).unwrap();
        out.write_all(&bytes).unwrap();
    }
    fs::write(to, out.finish().unwrap().into_inner()).unwrap();
}

/// The text of a sheet with another value in a cell that holds one.
fn replaced(sheet: &str, cell: &str, value: f64) -> String {
    let from = sheet.find(&format!("<c r=\"{cell}\"")).unwrap();
    let open = from + sheet[from..].find("<v>").unwrap() + 3;
    let close = open + sheet[open..].find("</v>").unwrap();
    assert!(!sheet[from..open].contains("<f>"), "{cell} holds a formula");
    format!("{}{value}{}", &sheet[..open], &sheet[close..])
}

/// Lines of a sheet of months under their section: figures from the first month on.
fn lines(path: &Path, sheet: &str) -> BTreeMap<(String, String), Vec<f64>> {
    let cells = cells(path, sheet);
    let last = cells.keys().map(|at| at.1).max().unwrap();
    let mut section = String::new();
    let mut lines = BTreeMap::new();
    for line in 4..=cells.keys().map(|at| at.0).max().unwrap() {
        let label = shown(cells.get(&(line, 0)));
        if label.is_empty() {
            continue;
        }
        if !cells.contains_key(&(line, 1)) {
            section = label;
            continue;
        }
        let months = (4..=last).map(|c| figure(cells.get(&(line, c))).unwrap_or(0.0));
        lines.insert((section.clone(), label), months.collect());
    }
    lines
}

/// The statements of a recalculated workbook are those that a run of the changed scenario found, line by line and month by month;
/// so are its measures. Gives the largest change of a figure against the run before.
fn assert_moves_alike(
    recalculated: &Path,
    (changed, before): (&Path, &Path),
    number_of: usize,
    strategy: &str,
) -> f64 {
    let own = lines(recalculated, &format!("Statements {number_of}"));
    let engine = lines(&changed.join("model.xlsx"), &format!("Engine {number_of}"));
    let old = lines(&before.join("model.xlsx"), &format!("Engine {number_of}"));
    let mut moved = 0.0_f64;
    assert!(engine.len() > 20, "{} lines", engine.len());
    for (key, found) in engine.iter().filter(|((section, _), _)| section != "Check") {
        let months = own.get(key).cloned().unwrap_or_else(|| vec![0.0; found.len()]);
        for (month, (a, b)) in months.iter().zip(found).enumerate() {
            assert!(
                (a - b).abs() < CENT,
                "{strategy} {key:?} month {month}: workbook {a}, run {b}"
            );
        }
        for (a, b) in found.iter().zip(old.get(key).into_iter().flatten()) {
            moved = moved.max((a - b).abs());
        }
    }
    let summary = cells(recalculated, "Summary");
    let start = summary
        .iter()
        .find(|(at, data)| at.1 == 0 && shown(Some(data)) == strategy)
        .unwrap()
        .0
        .0;
    let metrics = rows(&changed.join("metrics.csv"));
    for metric in [
        "npv_usd",
        "npv_equity_usd",
        "irr",
        "irr_equity",
        "moic",
        "dscr_min",
        "llcr",
        "lock_ups",
    ] {
        let own = metrics
            .iter()
            .find(|r| r["strategy"] == strategy && r["metric"] == metric && r["scope"] == "portfolio");
        let Some(row) = own else { continue };
        let words = metric.replace('_', " ");
        let line = summary
            .iter()
            .find(|(at, data)| at.0 > start && at.1 == 0 && shown(Some(data)).to_lowercase() == words);
        let found = figure(summary.get(&(line.unwrap().0.0, 2))).unwrap_or(f64::NAN);
        let expected = number(row, "value");
        let within = if metric.ends_with("usd") { CENT } else { 1e-6 };
        assert!(
            (found - expected).abs() < within,
            "{strategy} {metric}: workbook {found}, run {expected}"
        );
        let before = rows(&before.join("metrics.csv"));
        let old = before
            .iter()
            .find(|r| r["strategy"] == strategy && r["metric"] == metric && r["scope"] == "portfolio");
        moved = moved.max(old.map_or(0.0, |r| (number(r, "value") - expected).abs()));
    }
    moved
}

/// An input: its label in the workbook, its new figure, the same in the scenario, and the strategies (numbered) to which the
/// change is no more than that: a lender would size anew where cash changes.
type Change = (
    &'static str,
    f64,
    &'static [&'static str],
    &'static [(usize, &'static str)],
);

const ALL: &[(usize, &str)] = &[
    (1, "stay-mining"),
    (2, "lease"),
    (3, "borrow"),
    (4, "every-lender"),
];
const UNLEVERED: &[(usize, &str)] = &[(1, "stay-mining"), (2, "lease")];
const LEVERED: &[(usize, &str)] = &[(3, "borrow")];
const ANEW: &[(usize, &str)] = &[(4, "every-lender")];
const MINER: &[(usize, &str)] = &[(1, "stay-mining")];

const CHANGES: [Change; 11] = [
    (
        "Discount rate, effective a year",
        13.5,
        &["finance.discount_percent=13.5"],
        ALL,
    ),
    ("Income tax", 30.0, &["finance.income_tax_percent=30"], UNLEVERED),
    (
        "Share of a year's profit that earlier losses may cover",
        30.0,
        &["finance.loss_offset_percent=30"],
        &[(2, "lease")],
    ),
    (
        "Days until customers pay",
        75.0,
        &["finance.receivable_days=75"],
        &[(2, "lease")],
    ),
    (
        "Days until suppliers are paid",
        5.0,
        &["finance.payable_days=5"],
        UNLEVERED,
    ),
    (
        "Inflation of running costs",
        4.0,
        &["finance.inflation_percent=4"],
        UNLEVERED,
    ),
    (
        "Factor on Power cost",
        110.0,
        &["market.power.spot.fixed_usd_per_mwh=44"],
        MINER,
    ),
    (
        "Cash sweep",
        65.0,
        &["strategies.borrow.capital.debt.sweep_percent=65"],
        LEVERED,
    ),
    (
        "Cover below which owners get nothing",
        0.5,
        &[
            "strategies.borrow.capital.debt.lock_up_ratio=0.5",
            "strategies.borrow.capital.debt.covenant_ratio=0.5",
        ],
        LEVERED,
    ),
    // Fees and margin of later years are no part of what the bank sizes at close.
    (
        "Fee on what is lent anew",
        3.0,
        &["strategies.every-lender.capital.debt.refinancing.fee_percent=3"],
        ANEW,
    ),
    (
        "Margin of what is lent anew, a year",
        4.0,
        &["strategies.every-lender.capital.debt.refinancing.margin_percent=4"],
        ANEW,
    ),
];

/// The page that sets the engine's figures beside the workbook's shows 0.00 in so many lines.
fn assert_reconciles(model: &Path, lines: usize) {
    let reconcile = cells(model, "Reconcile");
    for column in [4, 5] {
        let figures: Vec<f64> = reconcile
            .keys()
            .filter(|at| at.1 == column)
            .filter_map(|at| figure(reconcile.get(at)))
            .collect();
        assert!(figures.len() > lines, "{} lines", figures.len());
        assert!(figures.iter().all(|usd| usd.abs() < CENT), "{figures:?}");
    }
}

/// The workbook of a run sets figures beside the engine's that are equal, as stored and as `LibreOffice` recalculates them.
pub(crate) fn assert_made_right(run: &Path) {
    let model = run.join("model.xlsx");
    assert_reconciles(&model, 50);
    if office() {
        let into = run.join("recalculated");
        recalculate(run, std::slice::from_ref(&model), &into);
        assert!(assert_recalculates(&model, &into.join("model.xlsx")) > 1_000);
        assert_reconciles(&into.join("model.xlsx"), 50);
    }
}

#[test]
fn an_input_changed_in_the_workbook_and_in_the_scenario_moves_both_alike() {
    if !office() {
        return;
    }
    let place = Place::with(SCENARIO);
    let base = run(&place, "base", &[]);
    let mut files = vec![base.join("model.xlsx")];
    for (index, (label, value, _, _)) in CHANGES.iter().enumerate() {
        let to = place.path(&format!("changed-{index}.xlsx"));
        edited(&base.join("model.xlsx"), label, *value, &to);
        files.push(to);
    }
    let into = place.path("recalculated");
    recalculate(&place.path("."), &files, &into);
    let count = assert_recalculates(&base.join("model.xlsx"), &into.join("model.xlsx"));
    assert!(count > 25_000, "{count} formulas");
    assert_reconciles(&into.join("model.xlsx"), 100);
    let metrics = rows(&base.join("metrics.csv"));
    for metric in [
        "equipment_debt_usd",
        "vendor_equity_usd",
        "irr_vendor",
        "debt_usd",
    ] {
        let own = metrics
            .iter()
            .find(|r| r["strategy"] == "every-lender" && r["metric"] == metric);
        assert!(own.is_some_and(|r| number(r, "value") > 0.0), "{metric}");
    }
    for (index, (label, _, set, strategies)) in CHANGES.iter().enumerate() {
        let changed = run(&place, &format!("run-{index}"), set);
        let recalculated = into.join(format!("changed-{index}.xlsx"));
        for (number_of, strategy) in *strategies {
            let moved = assert_moves_alike(&recalculated, (&changed, &base), *number_of, strategy);
            assert!(moved > 0.0, "{label} moved nothing in {strategy}");
        }
    }
}

#[test]
fn shipped_scenarios_recalculate_to_the_figures_of_the_run() {
    if !office() {
        return;
    }
    let place = Place::new();
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/financed-lease.toml");
    let set = [
        "run.fidelity_check=false",
        "strategies.lease-shell.capital.debt.sizing_worlds=2",
    ];
    let mut command = repower(&place.path("."));
    command.arg("run").arg(scenario);
    command.args([
        "--out",
        "out",
        "--replications",
        "2",
        "--fidelity",
        "fluid",
        "--quiet",
    ]);
    for assignment in set {
        command.args(["--set", assignment]);
    }
    command.assert().success();
    let model = place.path("out/model.xlsx");
    let into = place.path("recalculated");
    recalculate(&place.path("."), std::slice::from_ref(&model), &into);
    let count = assert_recalculates(&model, &into.join("model.xlsx"));
    assert!(count > 40_000, "{count} formulas");
    assert_reconciles(&into.join("model.xlsx"), 150);
    // Made again from the run's tables it is the same to the byte.
    let before = fs::read(&model).unwrap();
    fs::remove_file(&model).unwrap();
    place.repower(&["report", "out"]).assert().success();
    assert!(before == fs::read(&model).unwrap());
}
