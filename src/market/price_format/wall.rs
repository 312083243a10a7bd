//! Rows labelled by the hours of a wall clock: what becomes of the two days on which the clock changes.
//!
//! A label that the clock skips in spring names no hour: its row is dropped. Of a label that the clock shows twice
//! in autumn, two rows are the first and the second showing in file order; a single row is the price of both, for the
//! publishers of such tables force the day into 24 labels. All of it is noted.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::PriceRows;
use crate::time::{Calendar, SimTime};

/// Rows on a wall clock.
pub(super) struct WallRows<'a> {
    zone: &'a Calendar,
    rows: PriceRows,
    skipped: Vec<u64>,
    /// Second showings that no row has claimed yet.
    doubled: BTreeMap<DateTime, (SimTime, u64, Option<f64>)>,
}

impl<'a> WallRows<'a> {
    pub(super) fn new(zone: &'a Calendar) -> Self {
        Self {
            zone,
            rows: PriceRows::default(),
            skipped: Vec::new(),
            doubled: BTreeMap::new(),
        }
    }

    /// A row whose step begins when the wall clock shows `civil`.
    pub(super) fn push(&mut self, civil: DateTime, line: u64, price: Option<f64>) {
        if let Some((second, ..)) = self.doubled.remove(&civil) {
            self.rows.push(second, line, price);
            return;
        }
        let (showings, instants) = (self.zone.occurrences(civil), self.zone.instants(civil));
        match instants.filter(|_| showings > 0) {
            Some((first, second)) => {
                self.rows.push(first, line, price);
                if showings == 2 {
                    self.doubled.insert(civil, (second, line, price));
                }
            }
            None => self.skipped.push(line),
        }
    }

    /// The rows, with what was assumed.
    pub(super) fn finish(mut self, file: &str) -> PriceRows {
        let (doubled, skipped) = (self.doubled.len(), self.skipped.len());
        for (second, line, price) in self.doubled.into_values() {
            self.rows.push(second, line, price);
        }
        if skipped > 0 {
            let lines: Vec<String> = self.skipped.iter().take(5).map(ToString::to_string).collect();
            self.rows.notes.push(format!(
                "`{file}`: {skipped} values are labelled with an hour that the clock skips and were dropped (lines {})",
                lines.join(", ")
            ));
        }
        if doubled > 0 {
            self.rows.notes.push(format!(
                "`{file}`: {doubled} values are labelled with an hour that the clock shows twice and stand for both"
            ));
        }
        self.rows
    }
}
