//! What a planner looks at: one chart a file, each a small table and a drawing of it.
//!
//! A chart is drawn from its rows alone, and its rows are what `charts/data/<chart>.csv` holds, so that a run
//! directory can be drawn again without what was only in memory. Owns reading and writing of those rows; the
//! memo decides where a chart stands.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::report::format;
use crate::results::tables::RunTables;

mod canvas;
pub mod capacity_by_hall;
pub mod cash_flow_fan;
pub mod date_drivers;
pub mod debt_and_cash;
pub mod debt_cover;
pub mod fleet_curve;
pub mod hot_hours;
pub mod mining_dispatch;
pub mod npv_distribution;
pub mod npv_profile;
pub mod owners_waterfall;
mod panel;
pub(crate) use panel::parse_utc;
pub mod power_stack;
pub mod price_duration_curve;
pub mod production_backtest;
pub mod pue_by_month;
pub mod ready_curve;
pub mod schedule_gantt;
pub mod sensitivity;
pub mod value_by_account;

/// The most rows that a chart reads from a file; a longer file is refused.
pub const ROWS_MAX: usize = 200_000;

/// What every chart says in its footer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meta {
    /// Name of the scenario.
    pub scenario: String,
    /// Identity of the run; empty for a chart that belongs to none.
    pub run_id: String,
    /// Replications of each strategy.
    pub replications: u32,
}

impl Meta {
    /// From the tables of a run.
    pub fn of(tables: &RunTables) -> Self {
        Self {
            scenario: tables.manifest.scenario.clone(),
            run_id: tables.manifest.run_id.clone(),
            replications: tables.manifest.replications,
        }
    }
    /// The footer.
    fn footer(&self) -> String {
        let scenario = format::shorten(&self.scenario, 64);
        if self.run_id.is_empty() {
            return format!("Repower \u{00b7} {scenario}");
        }
        let run_id = format::shorten(&self.run_id, 24);
        let replications = format::count_of(self.replications as usize, "replication");
        format!("Repower \u{00b7} {scenario} \u{00b7} run {run_id} \u{00b7} {replications}")
    }
}

/// A text cell of a chart's table. In files, a text that a spreadsheet could take for a formula is prefixed by
/// an apostrophe, which reading takes off again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cell(pub String);

const GUARDED: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.starts_with(GUARDED) {
            serializer.serialize_str(&format!("'{}", self.0))
        } else {
            serializer.serialize_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = text.strip_prefix('\'').filter(|rest| rest.starts_with(GUARDED));
        Ok(Self(plain.map(str::to_owned).unwrap_or(text)))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Why a chart's table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ChartDataError {
    /// Not the columns or values of this chart.
    #[error("`charts/data/{chart}.csv` is not the table of this chart")]
    Malformed {
        /// Which chart.
        chart: &'static str,
        /// What the reader says, with the line.
        #[source]
        source: csv::Error,
    },
    /// The file is there and cannot be read.
    #[error("failed to read `charts/data/{chart}.csv`")]
    Read {
        /// Which chart.
        chart: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// More rows than a chart can show.
    #[error("`charts/data/{chart}.csv` has more than {ROWS_MAX} rows")]
    TooLong {
        /// Which chart.
        chart: &'static str,
    },
}

impl ChartDataError {
    /// Whether the content of the file is to blame, and not the system.
    pub fn is_malformed(&self) -> bool {
        !matches!(self, Self::Read { .. })
    }
}

/// A kind of chart: its rows and their drawing.
pub trait Chart {
    /// A row of its table.
    type Row: Serialize + DeserializeOwned;
    /// The file name without ending.
    const ID: &'static str;
    /// What the memo says under it: how to read it.
    const CAPTION: &'static str;
    /// The rows that a run gives it; none where the run has nothing to show.
    fn data(tables: &RunTables) -> Vec<Self::Row>;
    /// The drawing, an SVG document that depends on nothing but the rows and `meta`.
    fn draw(rows: &[Self::Row], meta: &Meta) -> String;
}

/// A chart as files and the memo take it.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The file name without ending.
    pub id: &'static str,
    /// What the memo says under it.
    pub caption: &'static str,
    /// The rows as CSV.
    pub csv: String,
    /// The drawing.
    pub svg: String,
}

/// Rows as CSV with a header.
pub fn to_csv<R: Serialize>(rows: &[R]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer
            .serialize(row)
            .expect("rows are flat structs of texts and numbers");
    }
    let bytes = writer.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("rows are made of text")
}

/// Rows from CSV.
pub fn from_csv<C: Chart>(text: &str) -> Result<Vec<C::Row>, ChartDataError> {
    let mut rows = Vec::new();
    for row in csv::Reader::from_reader(text.as_bytes()).into_deserialize() {
        let row = row.map_err(|source| ChartDataError::Malformed { chart: C::ID, source })?;
        if rows.len() == ROWS_MAX {
            return Err(ChartDataError::TooLong { chart: C::ID });
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Gives the CSV that a run directory already holds for a chart, by chart id; `None` where it has none.
pub type Stored<'a> = &'a dyn Fn(&str) -> std::io::Result<Option<String>>;

fn render<C: Chart>(tables: &RunTables, stored: Stored<'_>) -> Result<Option<Drawn>, ChartDataError> {
    let mut rows = C::data(tables);
    if rows.is_empty() {
        let text = stored(C::ID).map_err(|source| ChartDataError::Read { chart: C::ID, source })?;
        if let Some(text) = text {
            rows = from_csv::<C>(&text)?;
        }
    }
    Ok((!rows.is_empty()).then(|| Drawn {
        id: C::ID,
        caption: C::CAPTION,
        csv: to_csv(&rows),
        svg: C::draw(&rows, &Meta::of(tables)),
    }))
}

/// Every chart that the run can show, in the order of the memo. What was only in memory during the run comes
/// from `stored`.
pub fn draw_all(tables: &RunTables, stored: Stored<'_>) -> Result<Vec<Drawn>, ChartDataError> {
    let drawn = [
        render::<npv_distribution::NpvDistribution>(tables, stored)?,
        render::<cash_flow_fan::CashFlowFan>(tables, stored)?,
        render::<value_by_account::ValueByAccount>(tables, stored)?,
        render::<npv_profile::NpvProfile>(tables, stored)?,
        render::<debt_and_cash::DebtAndCash>(tables, stored)?,
        render::<debt_cover::DebtCover>(tables, stored)?,
        render::<owners_waterfall::OwnersWaterfall>(tables, stored)?,
        render::<capacity_by_hall::CapacityByHall>(tables, stored)?,
        render::<ready_curve::ReadyCurve>(tables, stored)?,
        render::<date_drivers::DateDrivers>(tables, stored)?,
        render::<schedule_gantt::ScheduleGantt>(tables, stored)?,
        render::<power_stack::PowerStack>(tables, stored)?,
        render::<price_duration_curve::PriceDurationCurve>(tables, stored)?,
        render::<mining_dispatch::MiningDispatch>(tables, stored)?,
        render::<fleet_curve::FleetCurve>(tables, stored)?,
        render::<pue_by_month::PueByMonth>(tables, stored)?,
        render::<hot_hours::HotHours>(tables, stored)?,
    ];
    Ok(drawn.into_iter().flatten().collect())
}

/// The different values of a text column, in order of first appearance; charts make a panel of each.
fn distinct<'a, T>(rows: &'a [T], text: impl Fn(&'a T) -> &'a str) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for row in rows {
        let value = text(row);
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

/// Panels that a chart shows at most; its table holds all.
const PANELS_MAX: usize = 9;

/// A note where strategies were left out of a drawing.
fn left_out(total: usize, shown: usize) -> Option<String> {
    (total > shown).then(|| format!("Shown: the first {shown} of {total} strategies; the table has all."))
}
