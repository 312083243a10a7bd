//! The small world of `fixtures/world.toml`, run through the binary, and its physics worked out by hand.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use repower::experiment::ExperimentError;
use repower::scenario::Scenario;
use repower::scenario::load::{LoadOptions, load};
use tempfile::TempDir;

/// A day in hours, and a mean month, which is what durations of stages and monthly fees count in.
pub(crate) const DAY_H: f64 = 24.0;
pub(crate) const MONTH_H: f64 = 730.5;

/// The scenario with its weather and jobs in a folder of its own.
pub(crate) struct World {
    folder: TempDir,
}

/// The jobs of every week: each hour a spot job of 64 GPUs five minutes past, one on demand ten minutes past, both
/// for half an hour.
fn jobs() -> String {
    let mut text = "job_id,submit_s,gpus,duration_s,class\n".to_owned();
    for hour in 0..168 {
        let at = hour * 3_600;
        let _ = writeln!(text, "{},{},64,1800,spot", 2 * hour, at + 300);
        let _ = writeln!(text, "{},{},64,1800,on_demand", 2 * hour + 1, at + 600);
    }
    text
}

/// 28 degrees in every hour of 2026 and a little beyond.
fn weather() -> String {
    let mut text = "start_utc,dry_bulb_c,relative_humidity,pressure_pa\n".to_owned();
    let first: jiff::Timestamp = "2025-12-31T00:00:00Z".parse().unwrap();
    for hour in 0..(367 * 24) {
        let at = first.checked_add(jiff::SignedDuration::from_hours(hour)).unwrap();
        let _ = writeln!(text, "{at},28,0.3,101325");
    }
    text
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("world.toml", include_str!("fixtures/world.toml"));
        put("weather.csv", &weather());
        put("jobs.csv", &jobs());
        Self { folder }
    }
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    /// `repower run` of one strategy (and the baseline) with assignments; hours, jobs and events are written.
    pub(crate) fn run(&self, strategy: &str, set: &[&str]) -> Run {
        let name = format!("run-{}", fs::read_dir(self.folder.path()).unwrap().count());
        let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
        command
            .current_dir(self.folder.path())
            .args(["run", "world.toml", "--series", "hourly", "--quiet"])
            .args(["--strategy", strategy, "--out", &name]);
        for assignment in set {
            command.args(["--set", assignment]);
        }
        command.assert().success();
        Run {
            dir: self.path(&name),
            strategy: strategy.to_owned(),
        }
    }
    /// The scenario in this process.
    pub(crate) fn load(&self, set: &[&str]) -> Scenario {
        let options = LoadOptions {
            set: set.iter().map(ToString::to_string).collect(),
            ..LoadOptions::default()
        };
        load(Some(&self.path("world.toml")), &options).unwrap()
    }
}

/// The message of an invariant that broke, with seed and replication.
pub(crate) fn broken<T>(outcome: Result<T, ExperimentError>) -> (u64, u32, String) {
    match outcome {
        Err(ExperimentError::Invariant {
            seed,
            replication,
            message,
        }) => (seed, replication, message),
        Err(other) => panic!("another failure: {other}"),
        Ok(_) => panic!("nothing broke"),
    }
}

/// A row of a CSV file by its columns.
pub(crate) type Row = HashMap<String, String>;

/// A column of a row as a number.
pub(crate) fn number(row: &Row, column: &str) -> f64 {
    row[column]
        .parse()
        .unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

/// Every row of a CSV file.
pub(crate) fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    reader.deserialize().map(Result::unwrap).collect()
}

/// A run directory, read for one strategy.
pub(crate) struct Run {
    pub(crate) dir: PathBuf,
    strategy: String,
}

impl Run {
    /// A strategy of a run directory.
    pub(crate) fn of(dir: PathBuf, strategy: &str) -> Self {
        let strategy = strategy.to_owned();
        Self { dir, strategy }
    }
    /// Rows of a file that concern the strategy.
    pub(crate) fn rows(&self, file: &str) -> Vec<Row> {
        let mut rows = rows(&self.dir.join(file));
        rows.retain(|row| row["strategy"] == self.strategy);
        rows
    }
    /// A metric of the portfolio in the only replication.
    pub(crate) fn metric(&self, metric: &str) -> f64 {
        let rows = self.rows("metrics.csv");
        let found = rows
            .iter()
            .find(|r| r["metric"] == metric && r["scope"] == "portfolio");
        number(found.unwrap_or_else(|| panic!("no {metric}")), "value")
    }
    /// Cash of an account in a month such as `2026-07`.
    pub(crate) fn cash(&self, account: &str, month: &str) -> f64 {
        let rows = self.rows("cashflow.csv");
        let of = rows
            .iter()
            .filter(|r| r["which"] == "p50" && r["account"] == account && r["month"] == month);
        of.map(|r| number(r, "usd")).sum()
    }
    /// Cash of an account over the year.
    pub(crate) fn cash_of_year(&self, account: &str) -> f64 {
        (1..=12)
            .map(|month| self.cash(account, &format!("2026-{month:02}")))
            .sum()
    }
    /// A column of `monthly.csv`.
    pub(crate) fn monthly(&self, column: &str, month: &str) -> f64 {
        let rows = self.rows("monthly.csv");
        let row = rows.iter().find(|r| r["month"] == month);
        number(row.unwrap_or_else(|| panic!("no {month}")), column)
    }
    /// Mean of a column of `hourly.csv` over the hours that begin within `[from, to)`, times their number.
    pub(crate) fn hours(&self, column: &str, from: &str, to: &str) -> f64 {
        let rows = self.rows("hourly.csv");
        let within = rows
            .iter()
            .filter(|r| r["start_utc"].as_str() >= from && r["start_utc"].as_str() < to);
        within.map(|r| number(r, column)).sum()
    }
    /// NPV out of `cashflow.csv` by the convention: each month's flow counts at its middle, 10 % effective a year.
    pub(crate) fn npv_by_hand(&self) -> f64 {
        let rows = self.rows("cashflow.csv");
        let p50 = rows.iter().filter(|r| r["which"] == "p50");
        p50.map(|r| number(r, "usd") * discount(&r["month"])).sum()
    }
}

/// `1.10^-((m + 0.5) / 12)` for a month of 2026.
pub(crate) fn discount(month: &str) -> f64 {
    let whole: f64 = month[5..].parse::<f64>().unwrap() - 1.0;
    1.10_f64.powf(-(whole + 0.5) / 12.0)
}

/// Asserts that two figures agree within a share of the expected one.
#[track_caller]
pub(crate) fn near(what: &str, got: f64, expected: f64, share: f64) {
    assert!(
        (got - expected).abs() <= share * expected.abs().max(1e-9),
        "{what}: got {got}, by hand {expected} (off by {})",
        got - expected
    );
}

// ------------------------------------------------------------------ physics by hand

/// A mining hall: machines, terahashes and watts of each. Fans at 5 % of nameplate at full flow, 1.5 % lost on the way.
#[derive(Clone, Copy)]
pub(crate) struct Mine {
    machines: f64,
    th: f64,
    watts: f64,
}

pub(crate) const NEW: Mine = Mine {
    machines: 3_000.0,
    th: 200.0,
    watts: 3_500.0,
};
pub(crate) const OLD: Mine = Mine {
    machines: 3_000.0,
    th: 100.0,
    watts: 3_050.0,
};

impl Mine {
    pub(crate) fn nameplate_mw(self) -> f64 {
        self.machines * self.watts * 1e-6
    }
    pub(crate) fn hashrate_ph(self) -> f64 {
        self.machines * self.th * 1e-3
    }
    /// Share of full speed that heat leaves: 1 % less for each kelvin above 32 at the inlet, which is 2 K above the air.
    pub(crate) fn heat(air_c: f64) -> f64 {
        1.0 - 0.01 * (air_c + 2.0 - 32.0).max(0.0)
    }
    /// Fans: 5 % of nameplate times the cube of flow; flow rises with heat and as the gap to the hot aisle of 50
    /// degrees closes, and never passes its full.
    pub(crate) fn fans_mw(self, it_mw: f64, air_c: f64) -> f64 {
        if it_mw <= 0.0 {
            return 0.0;
        }
        let inlet = air_c + 2.0;
        let flow =
            it_mw / self.nameplate_mw() * (50.0 - 32.0) / (50.0 - inlet) * (inlet + 273.15) / (32.0 + 273.15);
        0.05 * self.nameplate_mw() * flow.clamp(0.3, 1.0).powi(3)
    }
    /// Power at the meter at the speed that heat leaves.
    pub(crate) fn feed_mw(self, air_c: f64) -> f64 {
        let it = self.nameplate_mw() * Self::heat(air_c);
        it / 0.985 + self.fans_mw(it, air_c)
    }
}

/// A hall of H100 servers, on cold plates and dry coolers.
#[derive(Clone, Copy)]
pub(crate) struct Gpus {
    pub(crate) systems: f64,
}

impl Gpus {
    /// Network and storage: 150/132 - 1 of nameplate 10.2 kW, of all systems, dark ones too.
    const BESIDE_KW: f64 = (150.0 / 132.0 - 1.0) * 10.2;
    /// 1.8 kW idle, 7.75 kW with all eight GPUs at work.
    pub(crate) fn it_mw(self, dark_systems: f64, busy_gpus: f64) -> f64 {
        let up = self.systems - dark_systems;
        (Self::BESIDE_KW * self.systems + 1.8 * up + (7.75 - 1.8) / 8.0 * busy_gpus) / 1e3
    }
    pub(crate) fn design_mw(self) -> f64 {
        (Self::BESIDE_KW + 10.2) * self.systems / 1e3
    }
    /// What dry coolers take, over design: water at 38 returns at 48, the approach is 8 K and the range 10 K.
    pub(crate) fn dry_coolers(air_c: f64) -> f64 {
        (38.0 + 10.0 - air_c) / (8.0 + 10.0)
    }
    /// Power share of what is asked for, and speed: share^0.45.
    pub(crate) fn throttle(self, asked_mw: f64, air_c: f64) -> (f64, f64) {
        let share = (Self::dry_coolers(air_c).min(1.0) * self.design_mw() / asked_mw).min(1.0);
        assert!(share >= 0.5, "below the floor another formula holds");
        (share, share.powf(0.45))
    }
    /// Pumps at 1.5 % of heat and fans at 2.5 % of design times the cube of flow.
    pub(crate) fn cooling_mw(self, it_mw: f64, air_c: f64) -> f64 {
        let heat = it_mw / self.design_mw();
        let flow = (heat / Self::dry_coolers(air_c)).clamp(0.2, 1.0);
        (0.015 * heat + 0.025 * flow.powi(3)) * self.design_mw()
    }
    /// 2 % is lost between feed and racks.
    pub(crate) fn feed_mw(self, it_mw: f64, air_c: f64) -> f64 {
        it_mw / 0.98 + self.cooling_mw(it_mw, air_c)
    }
}

/// The hall that serves from the first day: 2,880 reserved GPUs at 90 %, a pool of 256.
pub(crate) const SERVING: Gpus = Gpus { systems: 392.0 };
pub(crate) const BLOCK: f64 = 2_880.0;
pub(crate) const POOL: f64 = 256.0;
/// Mean GPUs of the pool at work at full speed: two jobs of 64 an hour for half an hour.
pub(crate) const POOL_BUSY: f64 = 64.0;
/// Auxiliaries of the site, MW.
pub(crate) const AUX_MW: f64 = 0.3;
/// Price of the index and its adder, USD/MWh.
pub(crate) const POWER_USD: f64 = 32.0;

/// Hall and meter in an undisturbed hour at 28 degrees.
pub(crate) fn usual_gpu_feed_mw() -> f64 {
    SERVING.feed_mw(SERVING.it_mw(0.0, 0.9 * BLOCK + POOL_BUSY), 28.0)
}
pub(crate) fn usual_meter_mw() -> f64 {
    NEW.feed_mw(28.0) + OLD.feed_mw(28.0) + usual_gpu_feed_mw() + AUX_MW
}
