//! Stages of many replications, every text stored once.

use indexmap::IndexSet;
use serde::{Deserialize, Deserializer, Serialize};

use crate::results::tables::ScheduleRow;

/// Texts of a row.
const TEXTS: usize = 11;

/// Rows of `schedule.csv`, packed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StageRows {
    #[serde(deserialize_with = "texts")]
    texts: IndexSet<String>,
    rows: Vec<PackedRow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct PackedRow {
    replication: u32,
    texts: [u32; TEXTS],
    critical: bool,
}

/// By way of a list, whose room grows with what is really there, whatever length is claimed.
fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<IndexSet<String>, D::Error> {
    Vec::<String>::deserialize(from).map(|texts| texts.into_iter().collect())
}

impl StageRows {
    /// Appends a row.
    pub fn push(&mut self, row: &ScheduleRow) {
        let texts = [
            &row.strategy,
            &row.case,
            &row.fidelity,
            &row.site,
            &row.hall,
            &row.stage,
            &row.planned_start,
            &row.planned_end,
            &row.start,
            &row.end,
            &row.cause,
        ];
        let texts = texts.map(|text| match self.texts.get_index_of(text) {
            Some(id) => id as u32,
            None => self.texts.insert_full(text.clone()).0 as u32,
        });
        self.rows.push(PackedRow {
            replication: row.replication,
            texts,
            critical: row.critical,
        });
    }

    /// The rows in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = ScheduleRow> {
        self.rows.iter().map(|packed| {
            let text = |place: usize| self.texts[packed.texts[place] as usize].clone();
            ScheduleRow {
                strategy: text(0),
                case: text(1),
                fidelity: text(2),
                replication: packed.replication,
                site: text(3),
                hall: text(4),
                stage: text(5),
                planned_start: text(6),
                planned_end: text(7),
                start: text(8),
                end: text(9),
                critical: packed.critical,
                cause: text(10),
            }
        })
    }

    /// Whether every row finds its texts: rows that were read may not.
    pub(super) fn is_whole(&self) -> bool {
        let known = |id: &u32| (*id as usize) < self.texts.len();
        self.rows.iter().all(|row| row.texts.iter().all(known))
    }
}
