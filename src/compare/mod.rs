//! Two runs, figure by figure: what changed, by how much, and whether it is more than noise.
//!
//! Reads run directories through `results`; never simulates.

mod basis;
pub mod difference;
pub mod explain;
pub mod format;
pub mod tolerance;

use std::path::{Path, PathBuf};

pub use difference::{Comparison, Difference, compare};
pub use tolerance::Tolerance;

use crate::results::{self, RunReader};

/// Why two runs were not compared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A run could not be read.
    #[error(transparent)]
    Results(#[from] results::Error),
    /// The runs do not mean the same by their figures.
    #[error("the runs cannot be compared: {0}")]
    Refused(String),
    /// The tolerance file is wrong.
    #[error("{}{}: {message}", file.display(), line.map(|l| format!(":{l}")).unwrap_or_default())]
    Tolerance {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
        /// What is wrong with it.
        message: String,
    },
    /// The comparison could not be printed.
    #[error("failed to write the comparison: {0}")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// The exit code of the command that met it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Results(error) => error.exit_code(),
            Self::Refused(_) | Self::Tolerance { .. } => 2,
            Self::Output(_) => 3,
        }
    }
}

/// Reads two run directories, checks that their figures are those that the runs wrote, and compares them; where `ledgers` is
/// asked for, says from their ledgers where a change of net present value comes from.
pub fn compare_directories(
    a: &Path,
    b: &Path,
    tolerance: &Tolerance,
    ledgers: bool,
) -> Result<Comparison, Error> {
    let read = |dir: &Path| -> Result<_, Error> {
        let reader = RunReader::open(dir)?;
        if ledgers {
            reader.verify_tables()?;
            return Ok(reader.tables()?);
        }
        reader.verify(|name| matches!(name, "metrics.csv" | "summary.csv"))?;
        Ok(reader.figures()?)
    };
    let (first, second) = (read(a)?, read(b)?);
    let mut comparison = compare(&first, &second, tolerance)?;
    if ledgers {
        comparison.explained = explain::explain(&first, &second);
    }
    comparison.a.dir = a.display().to_string();
    comparison.b.dir = b.display().to_string();
    Ok(comparison)
}
