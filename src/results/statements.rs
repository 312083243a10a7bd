//! Statements of a run: those of the mean of the replications, and of the one shown in detail.

use crate::finance::statement::Moves;
use crate::results::manifest::Manifest;
use crate::results::tables::StatementRow;

/// The rows of one strategy and case (`place`); none where no account moved.
pub(crate) fn rows(
    manifest: &Manifest,
    place: (usize, usize),
    which: &str,
    moves: Moves<'_>,
) -> Vec<StatementRow> {
    if moves.movement_usd.is_empty() {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for line in moves.lines() {
        for (month, usd) in manifest.months.iter().zip(&line.usd) {
            rows.push(StatementRow {
                strategy: manifest.strategies[place.0].id.clone(),
                case: manifest.cases[place.1].clone(),
                fidelity: manifest.fidelity.clone(),
                which: which.to_owned(),
                month: month.clone(),
                statement: line.statement.as_str().to_owned(),
                line: line.id.to_owned(),
                usd: *usd,
            });
        }
    }
    rows
}
