//! Alibaba's `GenTD26` (image generation, 2026): `qps.csv`, samples of the rate of each container, or
//! `lora_request_trace.csv`, one request a row.
//!
//! Of `qps.csv` the samples of one instant are summed over the containers, as its publishers say. Rows of
//! `API Requests` count the same work once more, at the gateway; they are read only where there are no
//! `Generative Requests`. Source: alibaba/clusterdata, `cluster-trace-v2026-GenAI/README.md`.

use std::collections::BTreeMap;
use std::io::Read;

use super::bins::Bins;
use super::native::rate_of;
use super::trace::{RequestStep, RequestTrace, STEPS_MAX};
use crate::workload::stamp::{CivilStamp, civil_of};
use crate::workload::text::{NUMBER_MAX, Table, TraceError, shown};

pub(super) const QPS_MARKS: &[&str] = &["timestamp_anon", "value", "request_type"];
pub(super) const REQUEST_MARKS: &[&str] = &["gmt_create", "predict_type", "exec_time_seconds"];

pub(super) fn read<R: Read>(table: Table<R>, step_s: i64) -> Result<RequestTrace, TraceError> {
    if table.has("gmt_create") {
        requests(table, step_s)
    } else {
        samples(table)
    }
}

/// Samples of rates, summed over containers.
fn samples<R: Read>(mut table: Table<R>) -> Result<RequestTrace, TraceError> {
    let (time, value) = (table.column("timestamp_anon")?, table.column("value")?);
    let kind = table.column("request_type")?;
    let mut sums: [BTreeMap<i64, f64>; 2] = [BTreeMap::new(), BTreeMap::new()];
    while table.next_row()? {
        let at_s = table.seconds(time)?;
        let which = match table.field(kind).trim() {
            "Generative Requests" => 0,
            "API Requests" => 1,
            other => {
                let message = format!(
                    "expected `Generative Requests` or `API Requests`, found {}",
                    shown(other)
                );
                return Err(table.error(kind, message));
            }
        };
        *sums[which].entry(at_s).or_insert(0.0) += rate_of(&table, value)?;
        if sums[which].len() > STEPS_MAX {
            return Err(table.error(time, format!("more than {STEPS_MAX} instants")));
        }
    }
    let [generative, api] = sums;
    let which = if generative.is_empty() {
        ("API Requests", api)
    } else {
        ("Generative Requests", generative)
    };
    grid(&table, which.0, &which.1)
}

/// Sums of instants on their commonest distance; instants without a sample have no requests.
fn grid<R: Read>(
    table: &Table<R>,
    kind: &str,
    sums: &BTreeMap<i64, f64>,
) -> Result<RequestTrace, TraceError> {
    let times: Vec<i64> = sums.keys().copied().collect();
    let (Some(first_s), Some(last_s)) = (times.first().copied(), times.last().copied()) else {
        return Err(table.error_here("the table has no samples"));
    };
    let step_s = times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(60);
    let count = (last_s - first_s) / step_s + 1;
    if count > STEPS_MAX as i64 {
        return Err(table.error_here(format!(
            "{count} steps of {step_s} s; at most {STEPS_MAX} are held"
        )));
    }
    let mut steps = vec![RequestStep::default(); count as usize];
    for (at_s, rate) in sums {
        if (at_s - first_s) % step_s != 0 {
            let message = format!("the sample at {at_s} s lies between steps of {step_s} s");
            return Err(table.error_here(message));
        }
        steps[((at_s - first_s) / step_s) as usize].rate_rps += rate;
    }
    let silent = steps.iter().filter(|step| step.rate_rps == 0.0).count();
    let mut assumptions = vec![
        format!(
            "`{kind}` are summed over containers; values are anonymised to a scale, so only their shape is true"
        ),
        format!(
            "{silent} of {count} steps of {step_s} s have no sample or none above zero: nothing arrives there"
        ),
        "the date of second zero is not published; images, not tokens, are served".to_owned(),
    ];
    table.note_cut(&mut assumptions);
    Ok(RequestTrace::new(0, step_s, steps, None, assumptions))
}

/// Single requests.
fn requests<R: Read>(mut table: Table<R>, step_s: i64) -> Result<RequestTrace, TraceError> {
    let time = table.column("gmt_create")?;
    let mut bins = Bins::new(step_s);
    while table.next_row()? {
        let Some(stamp) = CivilStamp::parse(table.field(time).trim()) else {
            let found = shown(table.field(time));
            return Err(table.error(
                time,
                format!("expected a time such as `2024-11-15 16:57:50`, found {found}"),
            ));
        };
        let at_s = stamp.seconds_on(0).clamp(-NUMBER_MAX, NUMBER_MAX);
        bins.add(at_s, None, None)
            .map_err(|message| table.error(time, message))?;
    }
    if bins.is_empty() {
        return Err(table.error_here("the table has no requests"));
    }
    let mut assumptions = vec![
        "every request counts, whatever its status; lengths of prompts are characters, not tokens, and are not read"
            .to_owned(),
        "stamps were moved by their publishers, so dates and hours of the day are not true".to_owned(),
    ];
    table.note_cut(&mut assumptions);
    let zero_s = bins.first_s();
    Ok(bins.finish(zero_s, civil_of(zero_s), assumptions))
}
