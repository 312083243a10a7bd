//! `all/*.csv`: rows of every replication, as other tables have them of the median one.

use std::io;

use crate::results::Error;
use crate::results::csv_table::{Table, TableWriter};
use crate::results::directory::writer::RunWriter;
use crate::results::manifest::Manifest;
use crate::results::replication::Replication;
use crate::results::storage::NewFile;
use crate::results::tables::CashflowRow;

/// The folder of the rows of all replications.
const FOLDER: &str = "all";
/// Their files.
pub const EVERY_FILES: [&str; 3] = ["all/cashflow.csv", "all/settlement.csv", "all/monthly.csv"];

/// Writes the rows of one replication after the other.
pub struct EveryWriter {
    files: [(String, NewFile); 3],
    began: bool,
}

impl EveryWriter {
    /// Begins the files.
    pub fn create(writer: &RunWriter) -> Result<Self, Error> {
        let file = |name: &str| writer.create(name).map(|file| (name.to_owned(), file));
        let [cash, settlement, monthly] = EVERY_FILES;
        Ok(Self {
            files: [file(cash)?, file(settlement)?, file(monthly)?],
            began: false,
        })
    }

    /// Writes the rows of a replication that was simulated with detail.
    pub fn put(&mut self, manifest: &Manifest, record: Replication) -> Result<(), Error> {
        let number = record.replication;
        let cash = cash_rows(manifest, &record);
        let detail = record.detail.map(|detail| *detail).unwrap_or_default();
        let first = !std::mem::replace(&mut self.began, true);
        let [a, b, c] = &mut self.files;
        put(a, first, number, &cash)?;
        put(b, first, number, &detail.settlement)?;
        put(c, first, number, &detail.monthly)
    }

    /// Ends the files.
    pub fn finish(self, writer: &mut RunWriter) -> Result<(), Error> {
        self.files
            .into_iter()
            .try_for_each(|(name, file)| writer.close(&name, file))
    }
}

fn put<T: Table>(
    (name, file): &mut (String, NewFile),
    first: bool,
    number: u32,
    rows: &[T],
) -> Result<(), Error> {
    debug_assert!(name.starts_with(FOLDER));
    let mut write = || -> io::Result<()> {
        let mut table = if first {
            TableWriter::<T>::numbered(file)?
        } else {
            TableWriter::<T>::going_on(file)
        };
        for row in rows {
            table.put_numbered(number, row)?;
        }
        table.end()
    };
    write().map_err(|e| Error::io("write", std::path::Path::new(name.as_str()), e))
}

/// Accounts that move, month by month.
fn cash_rows(manifest: &Manifest, record: &Replication) -> Vec<CashflowRow> {
    let mut rows = Vec::new();
    let cash = &record.cashflow;
    for (month, text) in manifest.months.iter().enumerate() {
        for (account, usd) in cash.accounts.iter().zip(&cash.usd) {
            if usd.iter().any(|usd| *usd != 0.0) {
                rows.push(CashflowRow {
                    strategy: manifest.strategies[record.strategy].id.clone(),
                    case: manifest.cases[record.case].clone(),
                    fidelity: manifest.fidelity_of_replications().to_owned(),
                    which: "replication".to_owned(),
                    month: text.clone(),
                    account: (*account).to_owned(),
                    usd: usd[month],
                });
            }
        }
    }
    rows
}
