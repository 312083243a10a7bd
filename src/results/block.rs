//! A block: a fixed number of replications of every strategy and case, reduced to what the tables need.
//!
//! Blocks are the unit of resuming and of sharding. Their sums are formed within the block and added in the
//! order of blocks, so that the same replications give the same bytes however the blocks were computed.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::finance::account::Account;
use crate::metric::Metric;
use crate::results::manifest::Manifest;
use crate::results::replication::Replication;
use crate::results::sparse_rows;
use crate::results::stage_rows::StageRows;

/// Replications of a block; the last block of a run may have fewer.
pub const BLOCK_SIZE: u32 = 10;

/// The extent of a run, without the number of replications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Strategies.
    pub strategies: usize,
    /// Cases.
    pub cases: usize,
    /// Scopes: the portfolio and the sites.
    pub scopes: usize,
    /// Billing months.
    pub months: usize,
}

impl Shape {
    /// The shape that a manifest describes.
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            strategies: manifest.strategies.len(),
            cases: manifest.cases.len(),
            scopes: manifest.scopes.len(),
            months: manifest.months.len(),
        }
    }
    /// Strategies times cases.
    pub fn cells(&self) -> usize {
        self.strategies * self.cases
    }
    /// Scalars of one replication of one cell, those without a value included.
    pub fn scalars(&self) -> usize {
        self.scopes * Metric::ALL.len()
    }
}

/// Blocks of a run of `replications`.
pub fn block_count(replications: u32) -> u32 {
    replications.div_ceil(BLOCK_SIZE)
}

/// The replications of a block of a run.
pub fn block_range(index: u32, replications: u32) -> std::ops::Range<u32> {
    let first = index.saturating_mul(BLOCK_SIZE).min(replications);
    first..first.saturating_add(BLOCK_SIZE).min(replications)
}

/// One replication of one strategy and case, reduced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Scope, metric (index into the block's list), value; metrics without a value are left out.
    pub scalars: Vec<(u16, u16, f64)>,
    /// Net cash of each month.
    pub net_usd: Vec<f64>,
}

/// The replications of one strategy and case within a block.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BlockCell {
    /// In order of replication.
    pub members: Vec<Member>,
    /// Sum over the members of monthly cash, by account.
    #[serde(with = "sparse_rows")]
    pub cash_usd: Vec<Vec<f64>>,
    /// The same of debits less credits, by account of the chart; empty where statements are not kept.
    #[serde(with = "sparse_rows")]
    pub movement_usd: Vec<Vec<f64>>,
    /// Stages of all members.
    pub schedule: StageRows,
}

/// A reduced block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockResult {
    /// Position of the block in the run.
    pub index: u32,
    /// Replications of every cell.
    pub count: u32,
    /// Events delivered.
    pub events: u64,
    /// Metric ids, in the order to which members refer.
    pub metrics: Vec<String>,
    /// Account ids.
    pub accounts: Vec<String>,
    /// Strategy by strategy, within it case by case.
    pub cells: Vec<BlockCell>,
}

impl BlockResult {
    /// A block without replications.
    pub fn empty(shape: Shape, index: u32) -> Self {
        Self {
            index,
            count: 0,
            events: 0,
            metrics: Metric::ALL.iter().map(|m| m.id().to_owned()).collect(),
            accounts: Vec::new(),
            cells: vec![BlockCell::default(); shape.cells()],
        }
    }

    /// Reduces the replications of block `index` of a run of `replications`, which may come in any order.
    ///
    /// Panics where one is missing, double, or holds a number that is not finite: that is our fault.
    pub fn reduce(shape: Shape, index: u32, replications: u32, records: Vec<Replication>) -> Self {
        let mut block = Self::empty(shape, index);
        block.extend(shape, replications, records);
        block
    }

    /// The replications that the block still lacks in a run of `replications`.
    pub fn missing(&self, replications: u32) -> std::ops::Range<u32> {
        let due = block_range(self.index, replications);
        (due.start + self.count).min(due.end)..due.end
    }

    /// Adds the replications that the block lacks: all of a new one, or those that follow where it was the last of
    /// a shorter run. Sums go on where they stopped, so that it comes out as a block that was never short.
    pub fn extend(&mut self, shape: Shape, replications: u32, mut records: Vec<Replication>) {
        let (index, range) = (self.index, self.missing(replications));
        records.sort_by_key(|r| (r.strategy, r.case, r.replication));
        assert_eq!(
            records.len(),
            shape.cells() * range.len(),
            "block {index} has {} records for {} cells of {} replications",
            records.len(),
            shape.cells(),
            range.len()
        );
        if self.count == 0 {
            let first = records.first().map(|r| r.cashflow.accounts.as_slice());
            self.accounts = first
                .unwrap_or_default()
                .iter()
                .map(|a| (*a).to_owned())
                .collect();
        }
        self.count += range.len() as u32;
        self.events += records.iter().map(|r| r.events).sum::<u64>();
        let mut records = records.into_iter();
        for (index, cell) in self.cells.iter_mut().enumerate() {
            let place = (index / shape.cases, index % shape.cases);
            for (record, expected) in records.by_ref().take(range.len()).zip(range.clone()) {
                assert_record(&record, place, expected, shape, &self.accounts);
                cell.add(&record, shape.months);
            }
        }
    }

    pub(super) fn check(&self, shape: Shape) -> Result<(), String> {
        let catalogue = Metric::ALL.iter().map(|m| m.id());
        if !self.metrics.iter().map(String::as_str).eq(catalogue) {
            return Err("the metrics are not those of this version".to_owned());
        }
        let count = self.count as usize;
        let in_range =
            |s: &(u16, u16, f64)| usize::from(s.0) < shape.scopes && usize::from(s.1) < self.metrics.len();
        let whole = |cell: &BlockCell| {
            let member = |m: &Member| m.net_usd.len() == shape.months && m.scalars.iter().all(in_range);
            cell.members.len() == count
                && cell.members.iter().all(member)
                && cell.cash_usd.len() == self.accounts.len()
                && cell.cash_usd.iter().all(|row| row.len() == shape.months)
                && [0, Account::COUNT].contains(&cell.movement_usd.len())
                && cell.movement_usd.iter().all(|row| row.len() == shape.months)
                && cell.schedule.is_whole()
        };
        if self.cells.len() != shape.cells() || !self.cells.iter().all(whole) {
            return Err("strategies, cases, replications or months do not match the run".to_owned());
        }
        Ok(())
    }
}

impl BlockCell {
    fn add(&mut self, record: &Replication, months: usize) {
        let cash = &record.cashflow;
        let zeros = || vec![0.0; months];
        self.cash_usd.resize_with(cash.usd.len(), zeros);
        add_rows(&mut self.cash_usd, &cash.usd);
        let stated = self.movement_usd.len().max(cash.movement_usd.len());
        self.movement_usd.resize_with(stated, zeros);
        add_rows(&mut self.movement_usd, &cash.movement_usd);
        let mut net_usd = cash.net_by_month();
        net_usd.resize(months, 0.0);
        let scalars = record.scalars.iter();
        self.members.push(Member {
            scalars: scalars.map(|s| (s.scope, s.metric as u16, s.value)).collect(),
            net_usd,
        });
        for row in &record.schedule {
            self.schedule.push(row);
        }
    }
}

/// Adds months of accounts to sums of the same.
pub(crate) fn add_rows(sums: &mut [Vec<f64>], rows: &[Vec<f64>]) {
    for (sum, usd) in sums.iter_mut().flatten().zip(rows.iter().flatten()) {
        *sum += usd;
    }
}

fn assert_record(r: &Replication, place: (usize, usize), number: u32, shape: Shape, accounts: &[String]) {
    let found = (r.strategy, r.case, r.replication);
    let due = (place.0, place.1, number);
    assert_eq!(
        found, due,
        "a replication is missing or double: found {found:?}, due {due:?}"
    );
    assert!(
        r.cashflow.accounts.iter().eq(accounts.iter()),
        "replication {found:?} has other accounts than the first of its block"
    );
    let rows = &r.cashflow.usd;
    assert!(
        rows.len() == accounts.len() && rows.iter().all(|row| row.len() == shape.months),
        "replication {found:?} does not have {} accounts of {} months",
        accounts.len(),
        shape.months
    );
    assert!(
        rows.iter().flatten().all(|usd| usd.is_finite()),
        "replication {found:?} has cash that is not finite"
    );
    for s in &r.scalars {
        assert!(
            usize::from(s.scope) < shape.scopes && s.value.is_finite(),
            "replication {found:?}: `{}` of scope {} is {}",
            s.metric.id(),
            s.scope,
            s.value
        );
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex.
pub(crate) fn hex(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    #[test]
    fn a_block_that_is_extended_is_the_one_that_was_never_short() {
        let shape = Shape::of(&fixture::manifest(20));
        let records = |range: std::ops::Range<u32>| -> Vec<Replication> {
            (0..3)
                .flat_map(|s| range.clone().map(move |r| fixture::replication(s, r)))
                .collect()
        };
        let mut block = BlockResult::reduce(shape, 1, 13, records(10..13));
        assert_eq!(
            (block.count, block.missing(13), block.missing(17)),
            (3, 13..13, 13..17)
        );
        block.extend(shape, 17, records(13..17));
        block.extend(shape, 20, records(17..20));
        assert_eq!(block, BlockResult::reduce(shape, 1, 20, records(10..20)));
    }

    #[test]
    fn a_block_file_reads_back_and_any_change_is_noticed() {
        let shape = Shape::of(&fixture::manifest(12));
        let block = fixture::block(1, 12);
        assert_eq!(block.count, 2);
        let bytes = block.to_bytes("1f00d");
        assert_eq!(BlockResult::from_bytes(&bytes, "1f00d", shape).unwrap(), block);
        assert!(BlockResult::from_bytes(&bytes, "other", shape).is_err());
        for at in (0..bytes.len()).step_by(97) {
            let mut broken = bytes.clone();
            broken[at] ^= 1;
            assert!(
                BlockResult::from_bytes(&broken, "1f00d", shape).is_err(),
                "byte {at}"
            );
            assert!(
                BlockResult::from_bytes(&bytes[..at], "1f00d", shape).is_err(),
                "cut at {at}"
            );
        }
        let other = Shape { months: 25, ..shape };
        assert!(BlockResult::from_bytes(&bytes, "1f00d", other).is_err());
    }

    #[test]
    #[should_panic(expected = "missing or double")]
    fn a_missing_replication_is_our_fault() {
        let shape = Shape::of(&fixture::manifest(2));
        let records = (0..3)
            .flat_map(|s| [fixture::replication(s, 0), fixture::replication(s, 0)])
            .collect();
        let _ = BlockResult::reduce(shape, 0, 2, records);
    }

    #[test]
    #[should_panic(expected = "not finite")]
    fn cash_that_is_not_a_number_is_our_fault() {
        let shape = Shape::of(&fixture::manifest(1));
        let mut records: Vec<_> = (0..3).map(|s| fixture::replication(s, 0)).collect();
        records[1].cashflow.usd[0][3] = f64::NAN;
        let _ = BlockResult::reduce(shape, 0, 1, records);
    }
}
