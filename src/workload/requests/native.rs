//! The native table of requests: `t_s,rate_rps[,tokens_in,tokens_out]`, each rate until the next row's time.

use std::io::Read;

use super::trace::{RequestStep, RequestTrace, STEPS_MAX};
use crate::workload::job::SECONDS_MAX;
use crate::workload::text::{Table, TraceError, shown};

pub(super) const MARKS: &[&str] = &["t_s", "rate_rps"];

/// Rates above this are in another unit, requests per second.
pub(super) const RATE_MAX_RPS: f64 = 1e9;
/// Tokens above this are not those of one request.
pub(super) const TOKENS_MAX: f64 = 1e9;

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<RequestTrace, TraceError> {
    let (time, rate) = (table.column("t_s")?, table.column("rate_rps")?);
    let (tokens_in, tokens_out) = (table.optional("tokens_in")?, table.optional("tokens_out")?);
    let mut rows: Vec<(i64, RequestStep)> = Vec::new();
    let mut step_s: i64 = 0;
    while table.next_row()? {
        let at_s = table.integer(time)?;
        if at_s.abs() > SECONDS_MAX {
            return Err(table.error(time, format!("expected seconds within 68 years, found `{at_s}`")));
        }
        if let Some((last_s, _)) = rows.last() {
            if *last_s >= at_s {
                return Err(table.error(
                    time,
                    format!("times must increase, found `{at_s}` after `{last_s}`"),
                ));
            }
            step_s = gcd(at_s - last_s, step_s);
        }
        let step = RequestStep {
            rate_rps: rate_of(&table, rate)?,
            tokens_in: tokens_in.map_or(Ok(None), |column| tokens_of(&table, column))?,
            tokens_out: tokens_out.map_or(Ok(None), |column| tokens_of(&table, column))?,
        };
        rows.push((at_s, step));
        if rows.len() > STEPS_MAX {
            return Err(table.error_here(format!("more than {STEPS_MAX} rows of rates")));
        }
    }
    let Some((first_s, _)) = rows.first().copied() else {
        return Err(table.error_here("the table has no rows of rates"));
    };
    spread(&table, &rows, first_s, step_s)
}

/// Rows on the coarsest grid that holds all of their times.
fn spread<R: Read>(
    table: &Table<R>,
    rows: &[(i64, RequestStep)],
    first_s: i64,
    step_s: i64,
) -> Result<RequestTrace, TraceError> {
    let mut assumptions = Vec::new();
    let (step_s, last_s) = if let [.., (before_s, _), (last_s, _)] = rows {
        (step_s, 2 * last_s - before_s)
    } else {
        assumptions.push("the table has one row, whose rate holds for an hour".to_owned());
        (3_600, first_s + 3_600)
    };
    let count = usize::try_from((last_s - first_s) / step_s).unwrap_or(usize::MAX);
    if count > STEPS_MAX {
        let message =
            format!("{count} steps of {step_s} s are needed to hold all times; at most {STEPS_MAX} are held");
        return Err(table.error_here(message));
    }
    if count > rows.len() {
        assumptions.push(format!("rows of unequal length are cut into steps of {step_s} s"));
    }
    let mut steps = Vec::with_capacity(count);
    for (index, (at_s, step)) in rows.iter().enumerate() {
        let until_s = rows.get(index + 1).map_or(last_s, |next| next.0);
        steps.extend(std::iter::repeat_n(*step, ((until_s - at_s) / step_s) as usize));
    }
    assumptions.push("the last rate holds as long as the one before it".to_owned());
    table.note_cut(&mut assumptions);
    Ok(RequestTrace::new(first_s, step_s, steps, None, assumptions))
}

/// A rate of the row.
pub(super) fn rate_of<R: Read>(table: &Table<R>, column: usize) -> Result<f64, TraceError> {
    let rate = table.number(column)?;
    if (0.0..=RATE_MAX_RPS).contains(&rate) {
        return Ok(rate);
    }
    let message = format!(
        "expected a rate of 0 to 1e9 requests per second, found {}",
        shown(table.field(column))
    );
    Err(table.error(column, message))
}

/// Tokens of the row; an empty field says nothing.
pub(super) fn tokens_of<R: Read>(table: &Table<R>, column: usize) -> Result<Option<f64>, TraceError> {
    if table.is_missing(column) {
        return Ok(None);
    }
    let tokens = table.number(column)?;
    if (0.0..=TOKENS_MAX).contains(&tokens) {
        return Ok(Some(tokens));
    }
    let message = format!("expected 0 to 1e9 tokens, found {}", shown(table.field(column)));
    Err(table.error(column, message))
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
