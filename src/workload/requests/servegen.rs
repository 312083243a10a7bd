//! `ServeGen` (Alibaba Model Studio): the rate of each client in windows, which are summed.
//!
//! `chunk-*-trace.csv` of one client has no header: `start of window in seconds, requests per second, coefficient of
//! variation, pattern (Gamma, Weibull or empty), two parameters`. Files of several clients are read with a header
//! `client,t_s,rate_rps[,cv,dist,p1,p2]`. Lengths of prompts and answers are published apart, as distributions, and
//! are not read. Source: alibaba/ServeGen, README and data.

use std::collections::BTreeMap;
use std::io::Read;

use super::native::rate_of;
use super::trace::{RequestStep, RequestTrace, STEPS_MAX};
use crate::workload::job::SECONDS_MAX;
use crate::workload::text::{Lines, Table, TraceError};

pub(super) const MARKS: &[&str] = &["client", "t_s", "rate_rps"];
const COLUMNS: &[&str] = &["t_s", "rate_rps", "cv", "dist", "p1", "p2"];

/// The most clients of a file.
const CLIENTS_MAX: usize = 1_000_000;

/// Whether a first line can be that of a client's file without a header.
pub(super) fn shows(first: &str) -> bool {
    let fields: Vec<&str> = first.split(',').map(str::trim).collect();
    let number = |index: usize| fields[index].parse::<f64>().is_ok_and(f64::is_finite);
    fields.len() == COLUMNS.len()
        && [0, 1, 2, 4, 5].into_iter().all(number)
        && matches!(fields[3], "" | "Gamma" | "Weibull")
}

pub(super) fn read<R: Read>(mut lines: Lines<R>) -> Result<RequestTrace, TraceError> {
    let headed = lines.peek()?.is_some_and(|first| first.contains("rate_rps"));
    let mut table = if headed {
        Table::open(lines)?
    } else {
        Table::without_header(lines, COLUMNS)?
    };
    let (time, rate, client) = (
        table.column("t_s")?,
        table.column("rate_rps")?,
        table.optional("client")?,
    );
    let (mut windows, mut clients) = (BTreeMap::<i64, f64>::new(), BTreeMap::<String, i64>::new());
    while table.next_row()? {
        let at_s = table.seconds(time)?;
        if at_s.abs() > SECONDS_MAX {
            return Err(table.error(time, format!("expected seconds within 68 years, found `{at_s}`")));
        }
        let who = client.map_or("", |column| table.field(column).trim());
        match clients.get_mut(who) {
            Some(last_s) if *last_s >= at_s => {
                return Err(table.error(time, "windows of a client must follow each other in time"));
            }
            Some(last_s) => *last_s = at_s,
            None => {
                clients.insert(who.to_owned(), at_s);
            }
        }
        *windows.entry(at_s).or_insert(0.0) += rate_of(&table, rate)?;
        if windows.len() > STEPS_MAX || clients.len() > CLIENTS_MAX {
            let message = format!("more than {STEPS_MAX} windows or {CLIENTS_MAX} clients");
            return Err(table.error(time, message));
        }
    }
    regular(&table, &windows, clients.len())
}

fn regular<R: Read>(
    table: &Table<R>,
    windows: &BTreeMap<i64, f64>,
    clients: usize,
) -> Result<RequestTrace, TraceError> {
    let Some((first_s, _)) = windows.first_key_value() else {
        return Err(table.error_here("the table has no windows"));
    };
    let times: Vec<i64> = windows.keys().copied().collect();
    let step_s = times
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .min()
        .unwrap_or(600);
    let gap = times.array_windows().find(|[from, to]| to - from != step_s);
    if let Some([from, to]) = gap {
        let message = format!("no client has a window between {from} s and {to} s");
        return Err(table.error_here(message));
    }
    let step = |rate: &f64| RequestStep {
        rate_rps: *rate,
        ..RequestStep::default()
    };
    let mut assumptions = vec![
        format!("the rates of {clients} clients are summed in windows of {step_s} s"),
        "bursts within a window (coefficient of variation) and lengths of requests are not in these rates"
            .to_owned(),
        "the date of second zero is not published".to_owned(),
    ];
    table.note_cut(&mut assumptions);
    Ok(RequestTrace::new(
        *first_s,
        step_s,
        windows.values().map(step).collect(),
        None,
        assumptions,
    ))
}
