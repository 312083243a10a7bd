//! Writers of the native CSVs. Numbers are the shortest text that reads back to the same double.

use std::io::{self, Write};

use crate::cooling::weather::WeatherSeries;
use crate::market::bitcoin_format::BitcoinSeries;
use crate::series::Regular;
use crate::time::{Calendar, DAY_S, HOUR_S, Span};
use crate::workload::job::{FULL_POWER, Job, Trace};
use crate::workload::labels::NONE;
use crate::workload::requests::RequestTrace;

/// A column of jobs that is written only where a job uses it.
struct Optional {
    name: &'static str,
    used: fn(&Job) -> bool,
    text: fn(&Trace, &Job) -> String,
}

const OPTIONAL: [Optional; 6] = [
    Optional {
        name: "tenant",
        used: |job| job.tenant != NONE,
        text: |trace, job| csv_field(trace.tenants().name(job.tenant)),
    },
    Optional {
        name: "power_fraction",
        used: |job| job.power_per_mille != FULL_POWER,
        text: |_, job| format!("{}", f64::from(job.power_per_mille) / f64::from(FULL_POWER)),
    },
    Optional {
        name: "checkpoint_s",
        used: |job| job.checkpoint_s != 0,
        text: |_, job| blank_if_zero(job.checkpoint_s),
    },
    Optional {
        name: "deadline_s",
        used: |job| job.deadline_after_s != 0,
        text: |_, job| {
            if job.deadline_after_s == 0 {
                String::new()
            } else {
                (job.submit_s + i64::from(job.deadline_after_s)).to_string()
            }
        },
    },
    Optional {
        name: "estimate_s",
        used: |job| job.estimate_s != 0,
        text: |_, job| blank_if_zero(job.estimate_s),
    },
    Optional {
        name: "residency",
        used: |job| job.residency != NONE,
        text: |trace, job| csv_field(trace.residencies().name(job.residency)),
    },
];

pub(in crate::cli) fn jobs(trace: &Trace, out: &mut dyn Write) -> io::Result<()> {
    let used = |column: &&Optional| trace.jobs().iter().any(column.used);
    let columns: Vec<&Optional> = OPTIONAL.iter().filter(used).collect();
    write!(out, "job_id,submit_s,gpus,duration_s,class")?;
    for column in &columns {
        write!(out, ",{}", column.name)?;
    }
    writeln!(out)?;
    for job in trace.jobs() {
        let class = job.class.as_str();
        write!(
            out,
            "{},{},{},{},{class}",
            job.id, job.submit_s, job.gpus, job.duration_s
        )?;
        for column in &columns {
            write!(out, ",{}", (column.text)(trace, job))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn blank_if_zero(seconds: i32) -> String {
    if seconds == 0 {
        String::new()
    } else {
        seconds.to_string()
    }
}

/// A word that is safe in a CSV: quoted where it must be, and never a formula.
fn csv_field(word: &str) -> String {
    let word = if word.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{word}")
    } else {
        word.to_owned()
    };
    if word.contains([',', '"']) {
        format!("\"{}\"", word.replace('"', "\"\""))
    } else {
        word
    }
}

pub(super) fn requests(trace: &RequestTrace, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "t_s,rate_rps,tokens_in,tokens_out")?;
    let blank = |tokens: Option<f64>| tokens.map(|tokens| tokens.to_string()).unwrap_or_default();
    for (index, step) in trace.steps().iter().enumerate() {
        let at_s = trace.start_s() + trace.step_s() * index as i64;
        let (tokens_in, tokens_out) = (blank(step.tokens_in), blank(step.tokens_out));
        writeln!(out, "{at_s},{},{tokens_in},{tokens_out}", step.rate_rps)?;
    }
    Ok(())
}

pub(super) fn series(column: &str, series: &Regular, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "start_utc,{column}")?;
    for (index, value) in series.values().iter().enumerate() {
        let at = series.start() + Span::from_seconds(series.step().as_seconds() * index as i64);
        writeln!(out, "{},{value}", at.to_utc_text())?;
    }
    Ok(())
}

pub(super) fn weather(series: &WeatherSeries, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "start_utc,dry_bulb_c,relative_humidity,wet_bulb_c,pressure_pa"
    )?;
    for (index, hour) in series.hours.iter().enumerate() {
        let at = series.start + Span::from_seconds(HOUR_S * index as i64);
        writeln!(
            out,
            "{},{},{},{},{}",
            at.to_utc_text(),
            hour.dry_bulb_c,
            hour.relative_humidity,
            hour.wet_bulb_c,
            hour.pressure_pa
        )?;
    }
    Ok(())
}

pub(super) fn bitcoin(series: &BitcoinSeries, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "date,btc_usd,difficulty,fees_btc")?;
    let utc = Calendar::utc();
    for (index, day) in series.days.iter().enumerate() {
        let date = utc
            .civil(series.start + Span::from_seconds(DAY_S * index as i64))
            .date();
        let fees = day.fees_btc.map(|fees| fees.to_string()).unwrap_or_default();
        writeln!(out, "{date},{},{},{fees}", day.btc_usd, day.difficulty)?;
    }
    Ok(())
}
