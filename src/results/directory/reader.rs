//! Reading a run directory, which may be old, edited or cut.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::metric::Metric;
use crate::results::Error;
use crate::results::block::hex;
use crate::results::collect::SCHEDULE_REPLICATIONS;
use crate::results::csv_table::{Cell, RowReader, RowWriter, Table, for_each_row, read_rows};
use crate::results::directory::{FORMAT, MANIFEST, METRICS, beside, within};
use crate::results::manifest::Manifest;
use crate::results::metrics::Metrics;
use crate::results::tables::{Fan, FanRow, MiningBreakEvenRow, RunTables, ScheduleRow};

/// The largest manifest that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// The scalars, those without a value included, that a run may claim whatever its files hold: 2 GiB of them.
const SCALARS_MAX: usize = 1 << 28;
/// The fewest bytes of a row of scalars.
const ROW_BYTES_MIN: u64 = 24;

/// Runs that are named where a folder of runs stands for one.
const RUNS_NAMED_MAX: usize = 5;

/// Refuses a file, and a folder that holds runs and is none, with what may be meant.
fn refuse_what_is_no_run(dir: &Path) -> Result<(), Error> {
    let path = dir.to_owned();
    if dir.is_file() {
        let reason = "it is a file; name the folder that `repower run` wrote and printed".to_owned();
        return Err(Error::NoRun { path, reason });
    }
    if !dir.is_dir() || dir.join(MANIFEST).exists() {
        return Ok(());
    }
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let runs = entries.filter(|entry| entry.path().join(MANIFEST).is_file());
    let mut runs: Vec<PathBuf> = runs.take(1_000).map(|entry| entry.path()).collect();
    runs.sort_unstable();
    if runs.is_empty() {
        return Ok(());
    }
    let more = if runs.len() > RUNS_NAMED_MAX { ", ..." } else { "" };
    let named: Vec<String> = runs
        .iter()
        .take(RUNS_NAMED_MAX)
        .map(|run| format!("`{}`", run.display()))
        .collect();
    let reason = format!("it holds {}{more}", named.join(", "));
    Err(Error::NoRun { path, reason })
}

/// A whole run directory, opened.
#[derive(Debug)]
pub struct RunReader {
    dir: PathBuf,
    manifest: Manifest,
}

impl RunReader {
    /// Opens a whole run; an interrupted one is refused.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        if !dir.exists() && beside(dir, ".partial").exists() {
            let message = "the run was interrupted; the same `repower run` command goes on with it";
            return Err(Error::malformed(dir, None, message));
        }
        refuse_what_is_no_run(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            manifest: read_manifest(dir)?,
        })
    }

    /// What the run is.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Checks that files are those that the run wrote: all that `concerns` says.
    pub fn verify(&self, concerns: impl Fn(&str) -> bool) -> Result<(), Error> {
        let mut altered = Vec::new();
        for (name, expected) in self.manifest.outputs.iter().filter(|(name, _)| concerns(name)) {
            let path = self.path(name)?;
            if sha256_of(&path)? != *expected {
                altered.push(name.clone());
            }
        }
        if altered.is_empty() {
            return Ok(());
        }
        Err(Error::Altered {
            path: self.dir.clone(),
            files: altered,
        })
    }

    /// Checks every table of the run.
    pub fn verify_tables(&self) -> Result<(), Error> {
        self.verify(|name| !name.contains('/') && Path::new(name).extension().is_some_and(|e| e == "csv"))
    }

    /// Reads every table that the run has; those it was not asked to write are empty.
    pub fn tables(&self) -> Result<RunTables, Error> {
        Ok(RunTables {
            manifest: self.manifest.clone(),
            metrics: self.metrics()?,
            summary: self.rows()?,
            comparison: self.rows()?,
            answers: self.rows()?,
            cashflow: self.rows()?,
            statements: self.rows()?,
            settlement: self.rows()?,
            monthly: self.rows()?,
            hourly: self.rows()?,
            capacity: self.rows()?,
            schedule: self.schedule()?,
            schedule_risk: self.rows()?,
            schedule_conversions: self.rows()?,
            schedule_drivers: self.rows()?,
            schedule_orders: self.rows()?,
            schedule_curve: self.rows()?,
            jobs: self.rows()?,
            events: self.rows()?,
            assumptions: self.rows()?,
            fidelity: self.rows()?,
            finance: self.rows()?,
            levels: self.rows()?,
            fans: self.fans()?,
            hall_states: self.rows()?,
            hot_hours: self.rows()?,
            mining_batches: self.rows()?,
            mining_break_even: self
                .rows::<MiningBreakEvenRow>()?
                .into_iter()
                .map(|row| (row.model, row.usd_per_mwh))
                .collect(),
        })
    }

    /// What a comparison needs: scalars and summaries.
    pub fn figures(&self) -> Result<RunTables, Error> {
        Ok(RunTables {
            manifest: self.manifest.clone(),
            metrics: self.metrics()?,
            summary: self.rows()?,
            ..RunTables::default()
        })
    }

    /// A file of the run by its relative name; `None` where the run did not write it.
    pub fn file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        if !self.manifest.outputs.contains_key(name) {
            return Ok(None);
        }
        let path = self.path(name)?;
        fs::read(&path).map(Some).map_err(|e| Error::io("read", &path, e))
    }

    fn path(&self, name: &str) -> Result<PathBuf, Error> {
        within(&self.dir, name).ok_or_else(|| {
            let message = format!("`{name}` under `outputs` would leave the directory");
            Error::malformed(&self.dir.join(MANIFEST), None, message)
        })
    }

    fn rows<T: Table>(&self) -> Result<Vec<T>, Error> {
        if !self.manifest.outputs.contains_key(T::FILE) {
            return Ok(Vec::new());
        }
        let path = self.path(T::FILE)?;
        let file = File::open(&path).map_err(|e| Error::io("read", &path, e))?;
        read_rows(BufReader::new(file), &path)
    }

    /// The stages that charts and memo show: as many as a run holds while it is written.
    fn schedule(&self) -> Result<Vec<ScheduleRow>, Error> {
        if !self.manifest.outputs.contains_key(ScheduleRow::FILE) {
            return Ok(Vec::new());
        }
        let path = self.path(ScheduleRow::FILE)?;
        let file = File::open(&path).map_err(|e| Error::io("read", &path, e))?;
        let places = Places::new(&self.manifest);
        let mut rows = Vec::new();
        for_each_row(BufReader::new(file), &path, |_, row: ScheduleRow| {
            let shown = || {
                let (strategy, case) = places.cell(&row.strategy, &row.case).ok()?;
                let cell = strategy * self.manifest.cases.len() + case;
                self.manifest.p50_replications.get(cell).copied()
            };
            if row.replication < SCHEDULE_REPLICATIONS || shown() == Some(row.replication) {
                rows.push(row);
            }
            Ok(())
        })?;
        Ok(rows)
    }

    fn fans(&self) -> Result<Vec<Fan>, Error> {
        let path = self.dir.join(FanRow::FILE);
        let mut fans: BTreeMap<(usize, usize), Fan> = BTreeMap::new();
        for row in self.rows::<FanRow>()? {
            let place = Places::new(&self.manifest)
                .cell(&row.strategy, &row.case)
                .map_err(|message| Error::malformed(&path, None, message))?;
            let fan = fans.entry(place).or_insert_with(|| Fan {
                strategy: place.0,
                case: place.1,
                ..Fan::default()
            });
            let values = [row.p5, row.p10, row.p25, row.p50, row.p75, row.p90, row.p95];
            for (column, value) in fan.quantiles.iter_mut().zip(values) {
                column.push(value);
            }
        }
        Ok(fans.into_values().collect())
    }

    fn metrics(&self) -> Result<Metrics, Error> {
        let manifest = &self.manifest;
        let path = self.path(METRICS)?;
        let replications = manifest.replications as usize;
        let sizes = [
            manifest.cases.len(),
            manifest.scopes.len(),
            Metric::ALL.len(),
            replications,
        ];
        let cells = sizes
            .iter()
            .try_fold(manifest.strategies.len(), |n, size| n.checked_mul(*size));
        // A large run has a large file: a manifest that claims more than can stand in it is not believed.
        let bytes = fs::metadata(&path)
            .map_err(|e| Error::io("read", &path, e))?
            .len();
        let claims = cells.is_none_or(|n| n > SCALARS_MAX) && bytes / ROW_BYTES_MIN < replications as u64;
        if claims {
            let message = format!("{replications} replications cannot stand in {bytes} bytes of `{METRICS}`");
            return Err(Error::malformed(&self.dir.join(MANIFEST), None, message));
        }
        let mut metrics = Metrics::new(
            manifest.strategies.len(),
            manifest.cases.len(),
            manifest.scopes.len(),
            replications,
        );
        let places = Places::new(manifest);
        let file = File::open(&path).map_err(|e| Error::io("read", &path, e))?;
        for_each_row(BufReader::new(file), &path, |_, row: MetricRow| {
            places.set(&mut metrics, &row)
        })?;
        Ok(metrics)
    }
}

/// The SHA-256 of a file, in lower-case hex.
pub(super) fn sha256_of(path: &Path) -> Result<String, Error> {
    let failed = |e| Error::io("read", path, e);
    let file = File::open(path).map_err(failed)?;
    let mut digest = Hashed(Sha256::new());
    io::copy(&mut BufReader::new(file), &mut digest).map_err(failed)?;
    Ok(hex(&digest.0.finalize()))
}

/// Reads and checks the manifest of a run directory.
pub fn read_manifest(dir: &Path) -> Result<Manifest, Error> {
    let path = dir.join(MANIFEST);
    let about = fs::metadata(&path).map_err(|e| Error::io("read", &path, e))?;
    if about.len() > MANIFEST_BYTES_MAX {
        let message = format!("larger than {MANIFEST_BYTES_MAX} bytes");
        return Err(Error::malformed(&path, None, message));
    }
    let text = fs::read(&path).map_err(|e| Error::io("read", &path, e))?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|e| Error::malformed(&path, Some(e.line() as u64), e.to_string()))?;
    if manifest.format != FORMAT {
        let message = format!(
            "format {} is not format {FORMAT}, which this version reads",
            manifest.format
        );
        return Err(Error::malformed(&path, None, message));
    }
    Ok(manifest)
}

/// A row of `metrics.csv`.
struct MetricRow {
    strategy: String,
    case: String,
    replication: u32,
    scope: String,
    metric: String,
    value: f64,
}

impl Table for MetricRow {
    const FILE: &'static str = METRICS;
    const COLUMNS: &'static [&'static str] = &["strategy", "case", "replication", "scope", "metric", "value"];
    fn write_cells(&self, _: &mut RowWriter) {
        unreachable!("scalars are written from the packed form");
    }
    fn read_cells(row: &mut RowReader<'_>) -> Result<Self, String> {
        Ok(Self {
            strategy: Cell::take(row)?,
            case: Cell::take(row)?,
            replication: Cell::take(row)?,
            scope: Cell::take(row)?,
            metric: Cell::take(row)?,
            value: Cell::take(row)?,
        })
    }
}

/// Finds the indices of names.
struct Places<'a> {
    manifest: &'a Manifest,
    same_version: bool,
}

impl<'a> Places<'a> {
    fn new(manifest: &'a Manifest) -> Self {
        Self {
            manifest,
            same_version: manifest.tool_version == env!("CARGO_PKG_VERSION"),
        }
    }

    fn cell(&self, strategy: &str, case: &str) -> Result<(usize, usize), String> {
        let s = self.manifest.strategies.iter().position(|s| s.id == strategy);
        let c = self.manifest.cases.iter().position(|c| c == case);
        let s = s.ok_or_else(|| format!("strategy `{strategy}` is not in the manifest"))?;
        Ok((
            s,
            c.ok_or_else(|| format!("case `{case}` is not in the manifest"))?,
        ))
    }

    fn set(&self, metrics: &mut Metrics, row: &MetricRow) -> Result<(), String> {
        let (strategy, case) = self.cell(&row.strategy, &row.case)?;
        let scope = self.manifest.scopes.iter().position(|s| *s == row.scope);
        let scope = scope.ok_or_else(|| format!("scope `{}` is not in the manifest", row.scope))?;
        let replication = row.replication as usize;
        if replication >= metrics.replications() {
            let count = metrics.replications();
            return Err(format!("replication {replication} of a run of {count}"));
        }
        let Some(metric) = Metric::from_id(&row.metric) else {
            // Another version may know more metrics; its summaries are compared by name all the same.
            let known = if self.same_version {
                Err(format!("unknown metric `{}`", row.metric))
            } else {
                Ok(())
            };
            return known;
        };
        let at = (strategy, case, scope);
        if !metrics.values(at, metric)[replication].is_nan() {
            return Err(format!(
                "`{}` of replication {replication} stands here twice",
                row.metric
            ));
        }
        metrics.set(at, metric, replication, row.value);
        Ok(())
    }
}

struct Hashed(Sha256);

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
