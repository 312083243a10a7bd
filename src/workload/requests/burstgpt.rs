//! `BurstGPT`: calls of `ChatGPT` and GPT-4 over 121 days, one request a row.
//!
//! Columns as published: `Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type`, and in later files
//! `Session ID` and `Elapsed time`. `Timestamp` counts seconds from midnight of the first day. Requests that failed
//! have no response tokens. Source: HPMLL/BurstGPT, README.

use std::io::Read;

use super::bins::Bins;
use super::native::tokens_of;
use super::trace::RequestTrace;
use crate::workload::job::SECONDS_MAX;
use crate::workload::text::{Table, TraceError};

pub(super) const MARKS: &[&str] = &["Timestamp", "Request tokens", "Response tokens"];

pub(super) fn read<R: Read>(mut table: Table<R>, step_s: i64) -> Result<RequestTrace, TraceError> {
    let time = table.column("Timestamp")?;
    let (asked, answered) = (table.column("Request tokens")?, table.column("Response tokens")?);
    let (mut bins, mut failed) = (Bins::new(step_s), 0_u64);
    while table.next_row()? {
        let at_s = table.number(time)?.floor();
        if !(0.0..=SECONDS_MAX as f64).contains(&at_s) {
            return Err(table.error(
                time,
                format!("expected seconds from the first midnight, found `{at_s}`"),
            ));
        }
        let answer = tokens_of(&table, answered)?.filter(|tokens| *tokens > 0.0);
        failed += u64::from(answer.is_none());
        let counted = bins.add(at_s as i64, tokens_of(&table, asked)?, answer);
        counted.map_err(|message| table.error(time, message))?;
    }
    if bins.is_empty() {
        return Err(table.error_here("the table has no requests"));
    }
    let mut assumptions = vec![
        "second zero is midnight of the first day, whose date and zone are not published; all models are counted together"
            .to_owned(),
    ];
    if failed > 0 {
        assumptions.push(format!(
            "{failed} requests without response tokens failed: they count as arrivals, not in the mean of answers"
        ));
    }
    table.note_cut(&mut assumptions);
    Ok(bins.finish(0, None, assumptions))
}
