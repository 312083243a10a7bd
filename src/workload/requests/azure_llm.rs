//! Azure's LLM inference traces of 2023 (code, conversation) and 2024 (a week of each): one request a row.
//!
//! Columns as published: `TIMESTAMP,ContextTokens,GeneratedTokens`. Stamps of 2023 have no offset, those of 2024
//! have `+00:00`; both are read as UTC. Source: Azure/AzurePublicDataset, `AzureLLMInferenceDataset2023.md` and
//! `...2024.md`. The 2025 table of multimodal requests has a further column `NumImages`, which is not read.

use std::io::Read;

use super::bins::Bins;
use super::native::tokens_of;
use super::trace::RequestTrace;
use crate::workload::stamp::{CivilStamp, civil_of};
use crate::workload::text::{Table, TraceError, shown};

pub(super) const MARKS: &[&str] = &["TIMESTAMP", "ContextTokens", "GeneratedTokens"];

pub(super) fn read<R: Read>(mut table: Table<R>, step_s: i64) -> Result<RequestTrace, TraceError> {
    let time = table.column("TIMESTAMP")?;
    let (tokens_in, tokens_out) = (table.column("ContextTokens")?, table.column("GeneratedTokens")?);
    let images = table.has("NumImages");
    let mut bins = Bins::new(step_s);
    while table.next_row()? {
        let Some(stamp) = CivilStamp::parse(table.field(time).trim()) else {
            let found = shown(table.field(time));
            return Err(table.error(
                time,
                format!("expected a time such as `2023-11-16 18:17:03.97`, found {found}"),
            ));
        };
        let counted = bins.add(
            stamp.seconds_on(0),
            tokens_of(&table, tokens_in)?,
            tokens_of(&table, tokens_out)?,
        );
        counted.map_err(|message| table.error(time, message))?;
    }
    if bins.is_empty() {
        return Err(table.error_here("the table has no requests"));
    }
    let mut assumptions =
        vec!["stamps without an offset are read as UTC; second zero is the first step".to_owned()];
    if images {
        assumptions.push("images of requests (`NumImages`) are not read".to_owned());
    }
    table.note_cut(&mut assumptions);
    let zero_s = bins.first_s();
    Ok(bins.finish(zero_s, civil_of(zero_s), assumptions))
}
