//! What people read: charts, their tables, and the investment memo, made from the tables of a run.
//!
//! Reads results and never simulates; owns no clock, so that equal runs give equal bytes. Where files go is the
//! caller's business.

use std::io;

use crate::results::tables::RunTables;

pub mod chart;
pub mod format;
pub mod memo;
mod view;
pub mod workbook;

#[cfg(test)]
pub(crate) mod fixture;

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A stored table of a chart is malformed.
    #[error(transparent)]
    Chart(#[from] chart::ChartDataError),
    /// The workbook cannot be put together.
    #[error("failed to make `model.xlsx`")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A file cannot be written.
    #[error("failed to write `{name}`")]
    Write {
        /// Name relative to the run directory.
        name: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Takes a finished file: its name relative to the run directory, with `/` between parts, and its bytes.
pub type Emit<'a> = &'a mut dyn FnMut(&str, &[u8]) -> io::Result<()>;

/// Emits `charts/*.svg`, `charts/data/*.csv`, `memo.md` and `memo.html` of a run whose tables are all in memory.
pub fn write(tables: &RunTables, emit: Emit<'_>) -> Result<(), ReportError> {
    rewrite(tables, &|_| Ok(None), emit)
}

/// Likewise, for tables read from a run directory: what was only in memory during the run (hours, fans, states
/// of halls) comes from `stored`, which gives the text of `charts/data/<id>.csv` where the run has it.
pub fn rewrite(tables: &RunTables, stored: chart::Stored<'_>, emit: Emit<'_>) -> Result<(), ReportError> {
    let charts = chart::draw_all(tables, stored)?;
    let mut put =
        |name: String, bytes: &[u8]| emit(&name, bytes).map_err(|source| ReportError::Write { name, source });
    for chart in &charts {
        put(format!("charts/{}.svg", chart.id), chart.svg.as_bytes())?;
        put(format!("charts/data/{}.csv", chart.id), chart.csv.as_bytes())?;
    }
    let memo = memo::build(tables, charts);
    put("memo.md".to_owned(), memo::markdown::render(&memo).as_bytes())?;
    put("memo.html".to_owned(), memo::html::render(&memo).as_bytes())?;
    if let Some(bytes) = workbook::build(tables)? {
        put(workbook::FILE.to_owned(), &bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Metric;
    use crate::results::tables::{Fan, HallStateRow, HourlyRow, Metrics, Note, StrategyInfo};
    use std::collections::BTreeMap;

    type Files = BTreeMap<String, String>;

    fn files_of(tables: &RunTables, stored: chart::Stored<'_>) -> Files {
        let mut files = Files::new();
        rewrite(tables, stored, &mut |name, bytes| {
            files.insert(name.to_owned(), String::from_utf8(bytes.to_vec()).unwrap());
            Ok(())
        })
        .unwrap();
        files
    }

    fn is_kind(name: &str, ending: &str) -> bool {
        std::path::Path::new(name)
            .extension()
            .is_some_and(|e| e == ending)
    }

    /// Tags of an XML-like text balance, and no raw markup character stands in its texts.
    fn assert_well_formed(name: &str, text: &str) {
        let mut open: Vec<&str> = Vec::new();
        let void = ["meta", "!DOCTYPE", "br"];
        for piece in text.split('<').skip(1) {
            let (tag, _) = piece
                .split_once('>')
                .unwrap_or_else(|| panic!("{name}: unclosed `<{piece}`"));
            let word = tag.split([' ', '\n', '/']).find(|w| !w.is_empty()).unwrap_or("");
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{name}");
            } else if !tag.ends_with('/') && !void.contains(&word) {
                open.push(word);
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    }

    #[test]
    #[ignore = "writes target/report-look for people to look at"]
    fn look() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/report-look");
        let runs = [
            ("full", fixture::full()),
            ("one-year", fixture::one_year()),
            ("crowd", fixture::crowd()),
        ];
        for (run, tables) in runs {
            for (name, text) in files_of(&tables, &|_| Ok(None)) {
                let path = folder.join(run).join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
        }
    }

    #[test]
    fn a_year_and_a_crowd_are_drawn_in_bounds() {
        for tables in [fixture::one_year(), fixture::crowd()] {
            for (name, text) in files_of(&tables, &|_| Ok(None)) {
                if is_kind(&name, "svg") || is_kind(&name, "html") {
                    assert_well_formed(&name, &text);
                }
            }
        }
    }

    #[test]
    fn a_full_run_gives_every_chart_and_a_self_contained_memo() {
        let files = files_of(&fixture::full(), &|_| Ok(None));
        let charts = files.keys().filter(|name| is_kind(name, "svg")).count();
        assert_eq!(charts, 15);
        for (name, text) in files
            .iter()
            .filter(|(name, _)| is_kind(name, "svg") || is_kind(name, "html"))
        {
            assert_well_formed(name, text);
            for outside in [
                "<script", "http://", "https://", "url(", "@import", "<link", "<img",
            ] {
                let text = text.replace("http://www.w3.org/2000/svg", "");
                assert!(!text.contains(outside), "{name} contains {outside}");
            }
        }
        let html = &files["memo.html"];
        assert_eq!(html.matches("<svg").count(), 15);
        // An image and its data each; cells that name a row of a chart count besides.
        assert_eq!(files["memo.md"].matches(".svg)").count(), 15);
    }

    #[test]
    fn equal_tables_give_equal_bytes_whatever_the_clock_said() {
        let mut tables = fixture::full();
        let first = files_of(&tables, &|_| Ok(None));
        tables.manifest.started_utc = "2030-01-01T00:00:00Z".to_owned();
        tables.manifest.wall_seconds = 12.5;
        tables.manifest.threads = 64;
        assert!(first == files_of(&tables, &|_| Ok(None)));
    }

    #[test]
    fn charts_are_drawn_again_from_their_tables() {
        let mut tables = fixture::full();
        let first = files_of(&tables, &|_| Ok(None));
        tables.hourly.clear();
        tables.fans.clear();
        tables.hall_states.clear();
        tables.mining_break_even.clear();
        let stored = |id: &str| Ok(first.get(&format!("charts/data/{id}.csv")).cloned());
        assert!(first == files_of(&tables, &stored));
    }

    #[test]
    fn a_broken_chart_table_is_an_error_and_not_a_panic() {
        let tables = RunTables::default();
        let broken = |_: &str| Ok(Some("strategy,case\na,b\n".to_owned()));
        let result = rewrite(&tables, &broken, &mut |_, _| Ok(()));
        assert!(
            matches!(
                result,
                Err(ReportError::Chart(chart::ChartDataError::Malformed { .. }))
            ),
            "{result:?}"
        );
        let full = rewrite(&fixture::full(), &|_| Ok(None), &mut |_, _| {
            Err(io::Error::other("disk full"))
        });
        assert!(matches!(full, Err(ReportError::Write { .. })));
    }

    #[test]
    fn an_empty_run_still_gives_a_memo() {
        let files = files_of(&RunTables::default(), &|_| Ok(None));
        assert_eq!(files.keys().collect::<Vec<_>>(), ["memo.html", "memo.md"]);
        assert!(files["memo.md"].contains("No recommendation"));
    }

    #[test]
    fn one_strategy_one_replication_one_month() {
        let mut tables = fixture::with_npv(&[("only", [5.0])]);
        tables.manifest.months.truncate(1);
        tables.fans = vec![Fan {
            quantiles: std::array::from_fn(|_| vec![1e6]),
            ..Fan::default()
        }];
        tables.hourly = vec![HourlyRow {
            strategy: "only".to_owned(),
            case: "base".to_owned(),
            start_utc: "2026-01-01T06:00:00Z".to_owned(),
            ..HourlyRow::default()
        }];
        let files = files_of(&tables, &|_| Ok(None));
        assert!(files["memo.md"].contains("Nothing was simulated to compare"));
        assert!(
            files.contains_key("charts/cash_flow_fan.svg") && files.contains_key("charts/power_stack.svg")
        );
    }

    #[test]
    fn what_is_not_a_number_is_drawn_around() {
        let mut tables = fixture::full();
        for row in &mut tables.hourly {
            row.price_usd_per_mwh = f64::NAN;
            row.dry_bulb_c = f64::NAN;
            row.gpu_it_mw = f64::INFINITY;
        }
        for fan in &mut tables.fans {
            fan.quantiles[2].fill(f64::NAN);
        }
        for row in &mut tables.summary {
            row.mean = f64::NAN;
        }
        for row in &mut tables.cashflow {
            row.usd = f64::NAN;
        }
        for row in &mut tables.hall_states {
            row.grid_mw = f64::NAN;
            row.start_utc = "never".to_owned();
        }
        tables.metrics = Metrics::new(3, 1, 2, 100);
        for (name, text) in files_of(&tables, &|_| Ok(None)) {
            assert!(!text.contains("NaN") || is_kind(&name, "csv"), "{name}");
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        let evil = "<script>alert(1)</script>|`x`\n# =cmd|' /C calc'!A0\u{0}";
        let mut tables = fixture::with_npv(&[("a", [1.0, 2.0]), ("b", [2.0, 4.0])]);
        tables.manifest.scenario = evil.to_owned();
        tables.manifest.question = evil.to_owned();
        tables.manifest.strategies[1] = StrategyInfo {
            id: evil.to_owned(),
            summary: evil.to_owned(),
        };
        tables.manifest.run_id = evil.to_owned();
        tables.manifest.months = vec![evil.to_owned()];
        tables.manifest.notes = vec![Note {
            kind: evil.to_owned(),
            text: evil.to_owned(),
        }];
        tables.hall_states = vec![HallStateRow {
            strategy: evil.to_owned(),
            case: "base".to_owned(),
            hall: "=cmd".to_owned(),
            state: evil.to_owned(),
            start_utc: "2026-01-01T00:00:00Z".to_owned(),
            grid_mw: 20.0,
            ..HallStateRow::default()
        }];
        let files = files_of(&tables, &|_| Ok(None));
        for (name, text) in &files {
            if is_kind(name, "svg") || is_kind(name, "html") {
                assert_well_formed(name, text);
            }
            assert!(is_kind(name, "csv") || !text.contains("<script"), "{name}");
        }
        assert!(files["charts/data/capacity_by_hall.csv"].contains("'=cmd"));
        assert!(files["memo.md"].lines().all(|line| !line.starts_with("# =cmd")));
        let stored = |id: &str| Ok(files.get(&format!("charts/data/{id}.csv")).cloned());
        let (mut again, kept) = (tables.clone(), files["charts/capacity_by_hall.svg"].clone());
        again.hall_states.clear();
        assert_eq!(files_of(&again, &stored)["charts/capacity_by_hall.svg"], kept);
    }

    #[test]
    fn many_strategies_and_cases_are_bounded_and_said_to_be() {
        let ids: Vec<String> = (0..14).map(|i| format!("s-{i}")).collect();
        let series: Vec<(&str, [f64; 3])> = ids.iter().map(|id| (id.as_str(), [1.0, 2.0, 3.0])).collect();
        let mut tables = fixture::with_npv(&series);
        tables.manifest.cases.push("late-transformer".to_owned());
        let files = files_of(&tables, &|_| Ok(None));
        assert!(files["charts/npv_distribution.svg"].contains("the first 9 of 14 strategies"));
        assert!(files["memo.md"].contains("late-transformer"));
        assert_eq!(Metric::NpvUsd.id(), "npv_usd");
    }
}
