//! The stages of every replication, small enough to keep.

use crate::results::tables::ScheduleRow;

/// Stage rows with every text stored once: some fifty bytes a row.
#[derive(Debug, Default)]
pub(super) struct ScheduleStore {
    texts: indexmap::IndexSet<String>,
    rows: Vec<StoredRow>,
}

/// Cell, replication, texts, critical.
type StoredRow = (u32, u32, [u32; 11], bool);

impl ScheduleStore {
    pub(super) fn push(&mut self, cell: u32, row: &ScheduleRow) {
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
        let ids = texts.map(|text| match self.texts.get_index_of(text) {
            Some(id) => id as u32,
            None => self.texts.insert_full(text.clone()).0 as u32,
        });
        self.rows.push((cell, row.replication, ids, row.critical));
    }

    /// All rows, cell by cell and replication by replication.
    pub(super) fn rows(mut self) -> Vec<ScheduleRow> {
        self.rows
            .sort_by_key(|(cell, replication, ..)| (*cell, *replication));
        let texts = self.texts;
        let row = |(_, replication, ids, critical): &StoredRow| {
            let text = |place: usize| texts[ids[place] as usize].clone();
            ScheduleRow {
                strategy: text(0),
                case: text(1),
                fidelity: text(2),
                replication: *replication,
                site: text(3),
                hall: text(4),
                stage: text(5),
                planned_start: text(6),
                planned_end: text(7),
                start: text(8),
                end: text(9),
                critical: *critical,
                cause: text(10),
            }
        };
        self.rows.iter().map(row).collect()
    }
}
