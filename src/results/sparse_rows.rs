//! Rows of months of which most are nothing but zeros: those take no room in a file.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most rows of accounts in a block.
const ROWS_MAX: u32 = 100_000;
/// The most months of such a row.
const LENGTH_MAX: u32 = 10_000;

#[derive(Serialize, Deserialize)]
struct Sparse<R> {
    count: u32,
    length: u32,
    rows: Vec<(u32, R)>,
}

/// Writes the rows that are not all zero, with their places.
pub(super) fn serialize<S: Serializer>(rows: &[Vec<f64>], to: S) -> Result<S::Ok, S::Error> {
    let moves = |row: &Vec<f64>| row.iter().any(|x| x.to_bits() != 0);
    let sparse = Sparse {
        count: rows.len() as u32,
        length: rows.first().map_or(0, |row| row.len() as u32),
        rows: (0..).zip(rows).filter(|(_, row)| moves(row)).collect(),
    };
    sparse.serialize(to)
}

/// Reads them back; refuses what cannot have been written.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<f64>>, D::Error> {
    let wrong = <D::Error as serde::de::Error>::custom;
    let sparse = Sparse::<Vec<f64>>::deserialize(from)?;
    if sparse.count > ROWS_MAX || sparse.length > LENGTH_MAX {
        return Err(wrong("more rows or months than a run has"));
    }
    let length = sparse.length as usize;
    let mut rows = vec![vec![0.0; length]; sparse.count as usize];
    for (place, row) in sparse.rows {
        if row.len() != length {
            return Err(wrong("rows differ in length"));
        }
        *rows
            .get_mut(place as usize)
            .ok_or_else(|| wrong("a row out of range"))? = row;
    }
    Ok(rows)
}
