//! Tests of the workbook on tables made by hand are in `tests/it/workbook.rs`, on real runs.
