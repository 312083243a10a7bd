//! The tables of a run as files.

use std::io::{self, Write};

use crate::metric::Metric;
use crate::results::Error;
use crate::results::block::{Shape, block_count};
use crate::results::collect::SCHEDULE_REPLICATIONS;
use crate::results::csv_table::{RowWriter, Table, TableWriter, write_rows};
use crate::results::directory::METRICS;
use crate::results::directory::writer::RunWriter;
use crate::results::manifest::Manifest;
use crate::results::tables::{FanRow, MiningBreakEvenRow, RunTables, ScheduleRow};

/// Which of the larger tables become files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFiles {
    /// `monthly.csv`.
    pub monthly: bool,
    /// `hourly.csv`, `capacity.csv`, `jobs.csv`, `events.csv`.
    pub hourly: bool,
}

impl RunWriter {
    fn put_rows<T: Table>(&mut self, rows: &[T]) -> Result<(), Error> {
        self.fill(T::FILE, |out| write_rows(rows, out).map_err(io::Error::from))
    }

    /// Writes every table of the run.
    pub fn put_tables(&mut self, tables: &RunTables, files: TableFiles) -> Result<(), Error> {
        self.fill(METRICS, |out| write_metrics(tables, out).map_err(io::Error::from))?;
        self.put_rows(&tables.summary)?;
        self.put_rows(&tables.comparison)?;
        if !tables.answers.is_empty() {
            self.put_rows(&tables.answers)?;
        }
        self.put_rows(&tables.cashflow)?;
        self.put_rows(&tables.settlement)?;
        self.put_schedule(tables)?;
        if !tables.schedule_risk.is_empty() {
            self.put_rows(&tables.schedule_risk)?;
            self.put_rows(&tables.schedule_conversions)?;
            self.put_rows(&tables.schedule_drivers)?;
            self.put_rows(&tables.schedule_orders)?;
            self.put_rows(&tables.schedule_curve)?;
        }
        self.put_rows(&tables.assumptions)?;
        self.put_rows(&tables.hall_states)?;
        self.put_rows(&tables.hot_hours)?;
        self.put_rows(&tables.mining_batches)?;
        self.put_rows(&fan_rows(tables))?;
        self.put_rows(&crate::results::npv_profile::rows(tables))?;
        self.put_rows(&break_even_rows(tables))?;
        if !tables.fidelity.is_empty() {
            self.put_rows(&tables.fidelity)?;
        }
        if !tables.levels.is_empty() {
            self.put_rows(&tables.levels)?;
        }
        if !tables.statements.is_empty() {
            self.put_rows(&tables.statements)?;
        }
        if !tables.finance.is_empty() {
            self.put_rows(&tables.finance)?;
        }
        if files.monthly {
            self.put_rows(&tables.monthly)?;
        }
        if files.hourly {
            self.put_rows(&tables.hourly)?;
            self.put_rows(&tables.capacity)?;
            self.put_rows(&tables.jobs)?;
            self.put_rows(&tables.events)?;
        }
        Ok(())
    }

    /// The stages of every replication: more than are held in memory come from the blocks.
    fn put_schedule(&mut self, tables: &RunTables) -> Result<(), Error> {
        let manifest = &tables.manifest;
        if manifest.replications <= SCHEDULE_REPLICATIONS {
            return self.put_rows(&tables.schedule);
        }
        let (shape, count) = (Shape::of(manifest), block_count(manifest.replications));
        let kept = self.kept(shape);
        self.fill(ScheduleRow::FILE, |out| {
            let mut rows = TableWriter::<ScheduleRow>::new(out)?;
            for cell in 0..shape.cells() {
                for index in 0..count {
                    let block = kept.due(index).map_err(io::Error::from)?;
                    for row in block.cells[cell].schedule.iter() {
                        rows.put(&row)?;
                    }
                }
            }
            rows.end()
        })
    }
}

fn write_metrics(tables: &RunTables, out: &mut dyn Write) -> csv::Result<()> {
    let manifest = &tables.manifest;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "strategy",
        "case",
        "fidelity",
        "replication",
        "scope",
        "metric",
        "unit",
        "value",
    ])?;
    let mut row = RowWriter::default();
    for (s, strategy) in manifest.strategies.iter().enumerate() {
        for (c, case) in manifest.cases.iter().enumerate() {
            for replication in 0..tables.metrics.replications() {
                for (scope, metric) in scalars_of(manifest) {
                    let value = tables.metrics.values((s, c, scope), metric)[replication];
                    if value.is_nan() {
                        continue;
                    }
                    row.text(&strategy.id);
                    row.text(case);
                    row.text(manifest.fidelity_of_replications());
                    row.plain(replication);
                    row.text(&manifest.scopes[scope]);
                    row.text(metric.id());
                    row.text(metric.definition().unit);
                    row.number(value);
                    row.end(&mut writer)?;
                }
            }
        }
    }
    writer.flush()?;
    Ok(())
}

fn scalars_of(manifest: &Manifest) -> impl Iterator<Item = (usize, Metric)> {
    (0..manifest.scopes.len()).flat_map(|scope| Metric::ALL.iter().map(move |metric| (scope, *metric)))
}

fn fan_rows(tables: &RunTables) -> Vec<FanRow> {
    let manifest = &tables.manifest;
    let mut rows = Vec::new();
    for fan in &tables.fans {
        let [p5, p10, p25, p50, p75, p90, p95] = &fan.quantiles;
        for (m, month) in manifest.months.iter().enumerate().take(p50.len()) {
            rows.push(FanRow {
                strategy: manifest.strategies[fan.strategy].id.clone(),
                case: manifest.cases[fan.case].clone(),
                fidelity: manifest.fidelity_of_replications().to_owned(),
                month: month.clone(),
                p5: p5[m],
                p10: p10[m],
                p25: p25[m],
                p50: p50[m],
                p75: p75[m],
                p90: p90[m],
                p95: p95[m],
            });
        }
    }
    rows
}

fn break_even_rows(tables: &RunTables) -> Vec<MiningBreakEvenRow> {
    let row = |(model, usd_per_mwh): &(String, f64)| MiningBreakEvenRow {
        model: model.clone(),
        usd_per_mwh: *usd_per_mwh,
    };
    tables.mining_break_even.iter().map(row).collect()
}
