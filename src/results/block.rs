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
use crate::results::tables::ScheduleRow;

/// Replications of a block; the last block of a run may have fewer.
pub const BLOCK_SIZE: u32 = 10;
/// First word of a block file.
const MAGIC: &str = "repower-block";
/// Version of the format of block files.
const FORMAT: u32 = 2;
/// The largest block file that is read, in bytes.
pub const BLOCK_BYTES_MAX: u64 = 1 << 30;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockCell {
    /// In order of replication.
    pub members: Vec<Member>,
    /// Sum over the members of monthly cash, by account.
    pub cash_usd: Vec<Vec<f64>>,
    /// The same of debits less credits, by account of the chart; empty where statements are not kept.
    pub movement_usd: Vec<Vec<f64>>,
    /// Stages of all members.
    pub schedule: Vec<ScheduleRow>,
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
    /// Reduces the replications of block `index` of a run of `replications`, which may come in any order.
    ///
    /// Panics where one is missing, double, or holds a number that is not finite: that is our fault.
    pub fn reduce(shape: Shape, index: u32, replications: u32, mut records: Vec<Replication>) -> Self {
        let range = block_range(index, replications);
        records.sort_by_key(|r| (r.strategy, r.case, r.replication));
        assert_eq!(
            records.len(),
            shape.cells() * range.len(),
            "block {index} has {} records for {} cells of {} replications",
            records.len(),
            shape.cells(),
            range.len()
        );
        let accounts: Vec<String> = records.first().map_or_else(Vec::new, |r| {
            r.cashflow.accounts.iter().map(|a| (*a).to_owned()).collect()
        });
        let events = records.iter().map(|r| r.events).sum();
        let mut records = records.into_iter();
        let mut cells = Vec::with_capacity(shape.cells());
        for cell in 0..shape.cells() {
            let place = (cell / shape.cases, cell % shape.cases);
            let members: Vec<Replication> = records.by_ref().take(range.len()).collect();
            for (record, expected) in members.iter().zip(range.clone()) {
                assert_record(record, place, expected, shape, &accounts);
            }
            cells.push(BlockCell::sum(members, accounts.len(), shape.months));
        }
        Self {
            index,
            count: range.len() as u32,
            events,
            metrics: Metric::ALL.iter().map(|m| m.id().to_owned()).collect(),
            accounts,
            cells,
        }
    }

    /// The bytes of a block file: a line with magic, format, run, length and checksum, then JSON.
    pub fn to_bytes(&self, run_id: &str) -> Vec<u8> {
        let body = serde_json::to_vec(self).expect("a block holds numbers, text and lists only");
        let mut bytes =
            format!("{MAGIC} {FORMAT} {run_id} {} {}\n", body.len(), sha256_hex(&body)).into_bytes();
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads a block file; says why it is not a whole block of this run.
    pub fn from_bytes(bytes: &[u8], run_id: &str, shape: Shape) -> Result<Self, String> {
        let end = bytes
            .iter()
            .take(512)
            .position(|b| *b == b'\n')
            .ok_or("no header line")?;
        let header = std::str::from_utf8(&bytes[..end]).map_err(|_| "the header is not text")?;
        let body = &bytes[end + 1..];
        let expected = format!("{MAGIC} {FORMAT} {run_id} {} {}", body.len(), sha256_hex(body));
        if header != expected {
            return Err("magic, format, run, length or checksum do not match".to_owned());
        }
        let block: Self = serde_json::from_slice(body).map_err(|e| e.to_string())?;
        block.check(shape)?;
        Ok(block)
    }

    fn check(&self, shape: Shape) -> Result<(), String> {
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
        };
        if self.cells.len() != shape.cells() || !self.cells.iter().all(whole) {
            return Err("strategies, cases, replications or months do not match the run".to_owned());
        }
        Ok(())
    }
}

impl BlockCell {
    fn sum(records: Vec<Replication>, accounts: usize, months: usize) -> Self {
        let mut cash_usd = vec![vec![0.0; months]; accounts];
        let stated = records.iter().map(|r| r.cashflow.movement_usd.len()).max();
        let mut movement_usd = vec![vec![0.0; months]; stated.unwrap_or(0)];
        let mut members = Vec::with_capacity(records.len());
        let mut schedule = Vec::new();
        for record in records {
            add_rows(&mut cash_usd, &record.cashflow.usd);
            add_rows(&mut movement_usd, &record.cashflow.movement_usd);
            let mut net_usd = record.cashflow.net_by_month();
            net_usd.resize(months, 0.0);
            let scalars = record.scalars.iter();
            members.push(Member {
                scalars: scalars.map(|s| (s.scope, s.metric as u16, s.value)).collect(),
                net_usd,
            });
            schedule.extend(record.schedule);
        }
        Self {
            members,
            cash_usd,
            movement_usd,
            schedule,
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
