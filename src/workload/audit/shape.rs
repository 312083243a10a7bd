//! The shape of a trace in time: gaps in the submissions, ends and lengths that were cut, and the hour of the night.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fmt::Write as _;

use super::{Audit, Gravity};
use crate::time::HOUR_S;
use crate::workload::job::{Job, Trace};
use crate::workload::stamp::{civil_of, civil_s};

/// So many jobs that end at the trace's very last end make it likely that ends were cut.
const CENSORED_MIN: usize = 10;
/// Pile-ups of one run time are looked for from this length on, in seconds.
const PILE_FROM_S: i64 = 600;
/// A pile is at least this share of the jobs, and at least so many.
const PILE_SHARE: f64 = 0.005;
const PILE_MIN: usize = 10;
/// How many gaps and piles are named.
const NAMED: usize = 3;
/// A gap is no accident where it is longer than the mean distance times this much more than the longest to be
/// expected among as many random submissions (which is the mean times the logarithm of their number).
const GAP_EXCESS: f64 = 12.0;
/// Real submissions come in bursts, so a gap must also be this many times the distance that one in a thousand exceeds.
const GAP_OF_RARE: f64 = 3.0;
/// The least length of the mean direction of the clock by which a daily shape is taken to be one.
const SHAPE_MIN: f64 = 0.05;
/// The middle of the quietest time of the day lies between these hours where people work by day.
const NIGHT_FROM_H: f64 = 22.0;
const NIGHT_TO_H: f64 = 9.0;

pub(super) fn check(trace: &Trace, audit: &mut Audit) {
    gaps(trace, audit);
    cut_ends(trace.jobs(), audit);
    piles(trace.jobs(), audit);
    shrinking_tail(trace.jobs(), audit);
    night(trace, audit);
}

/// The instant of a second of the trace, as its users know it.
fn instant(trace: &Trace, at_s: i64) -> String {
    let civil = trace.start().and_then(|start| civil_of(civil_s(start) + at_s));
    civil.map_or_else(|| format!("{at_s} s"), |civil| civil.to_string())
}

fn gaps(trace: &Trace, audit: &mut Audit) {
    let jobs = trace.jobs();
    let empty = audit
        .offered_load_by_day
        .iter()
        .filter(|day| day.jobs == 0)
        .count();
    if empty > 0 {
        let days = audit.offered_load_by_day.len();
        audit.add(
            Gravity::Doubt,
            "empty_days",
            format!("{empty} of {days} days have no submissions"),
        );
    }
    let span_s = jobs.last().map_or(0, |last| last.submit_s - jobs[0].submit_s);
    let mean_s = span_s as f64 / jobs.len().max(1) as f64;
    let limit_s = (mean_s * ((jobs.len().max(1) as f64).ln() + GAP_EXCESS)).max(HOUR_S as f64);
    let limit_s = limit_s.max(GAP_OF_RARE * rare_distance_s(jobs));
    let mut found: Vec<(i64, i64)> = jobs
        .windows(2)
        .map(|pair| (pair[1].submit_s - pair[0].submit_s, pair[0].submit_s))
        .filter(|(gap_s, _)| *gap_s as f64 > limit_s)
        .collect();
    if found.is_empty() {
        return;
    }
    found.sort_unstable_by_key(|(gap_s, from_s)| (-gap_s, *from_s));
    let named: Vec<String> = found
        .iter()
        .take(NAMED)
        .map(|(gap_s, from_s)| {
            format!(
                "{:.1} h from {}",
                *gap_s as f64 / HOUR_S as f64,
                instant(trace, *from_s)
            )
        })
        .collect();
    let message = format!(
        "{} gaps between submissions are too long to be chance (mean {mean_s:.0} s); the longest: {}",
        found.len(),
        named.join(", ")
    );
    audit.add(Gravity::Doubt, "gaps", message);
}

/// The distance between submissions that one in a thousand exceeds, in seconds.
fn rare_distance_s(jobs: &[Job]) -> f64 {
    let mut distances: Vec<i64> = jobs
        .windows(2)
        .map(|pair| pair[1].submit_s - pair[0].submit_s)
        .collect();
    let Some(last) = distances.len().checked_sub(1) else {
        return 0.0;
    };
    let rank = last - last.div_ceil(1_000);
    let (_, distance_s, _) = distances.select_nth_unstable(rank);
    *distance_s as f64
}

fn cut_ends(jobs: &[Job], audit: &mut Audit) {
    let end = |job: &Job| job.submit_s + job.duration_s;
    let last = jobs.iter().map(end).max().unwrap_or(0);
    let at_last = jobs.iter().filter(|job| end(job) == last).count();
    if at_last >= CENSORED_MIN {
        let message =
            format!("{at_last} jobs would end at the same last second {last}; their ends may have been cut");
        audit.add(Gravity::Doubt, "censored_ends", message);
    }
}

/// The same long run time many times over: a limit of the system, not the need of the jobs.
fn piles(jobs: &[Job], audit: &mut Audit) {
    let mut lengths: BTreeMap<i64, usize> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.duration_s >= PILE_FROM_S) {
        *lengths.entry(job.duration_s).or_insert(0) += 1;
    }
    // Traces of few lengths (made by hand, or in rounded minutes) have no piles.
    let jobs_long: usize = lengths.values().sum();
    if lengths.len() < 20 || jobs_long / lengths.len() > PILE_MIN {
        return;
    }
    let least = PILE_MIN.max((jobs.len() as f64 * PILE_SHARE).ceil() as usize);
    let mut found: Vec<(usize, i64)> = lengths
        .iter()
        .filter(|(_, count)| **count >= least)
        .map(|(length, count)| (*count, *length))
        .collect();
    if found.is_empty() {
        return;
    }
    found.sort_unstable_by_key(|(count, length)| (std::cmp::Reverse(*count), *length));
    let longest = lengths.last_key_value().map_or(0, |(length, _)| *length);
    let named: Vec<String> = found
        .iter()
        .take(NAMED)
        .map(|(count, length)| {
            let last = if *length == longest {
                ", which nobody exceeds"
            } else {
                ""
            };
            format!(
                "{count} jobs of {length} s ({:.2} h{last})",
                *length as f64 / HOUR_S as f64
            )
        })
        .collect();
    let message = format!("run times pile up, as at time limits: {}", named.join(", "));
    audit.add(Gravity::Doubt, "time_limits", message);
}

/// Jobs that had not ended when the trace was taken are often missing: those submitted last are then short.
fn shrinking_tail(jobs: &[Job], audit: &mut Audit) {
    let tail = jobs.len() / 10;
    if tail < 50 {
        return;
    }
    let mean_s = |jobs: &[Job]| jobs.iter().map(|job| job.duration_s as f64).sum::<f64>() / jobs.len() as f64;
    let (before_s, last_s) = (
        mean_s(&jobs[..jobs.len() - tail]),
        mean_s(&jobs[jobs.len() - tail..]),
    );
    if last_s < 0.5 * before_s {
        let message = format!(
            "the last tenth of the jobs runs for {last_s:.0} s on average, those before for {before_s:.0} s: long jobs that had \
             not ended may be missing"
        );
        audit.add(Gravity::Doubt, "censored_tail", message);
    }
}

/// By the mean direction of the submissions on the clock: where is the quiet time?
fn night(trace: &Trace, audit: &mut Audit) {
    let jobs = trace.jobs();
    let zero_s = trace.start().map_or(0, civil_s);
    if jobs.is_empty() || audit.days < 3.0 {
        unknown_clock(trace, audit, None);
        return;
    }
    // Bursts of one user are no daily shape, so an hour counts by the root of its submissions.
    let mut hours: BTreeMap<i64, f64> = BTreeMap::new();
    for job in jobs {
        *hours
            .entry((zero_s + job.submit_s).div_euclid(HOUR_S))
            .or_insert(0.0) += 1.0;
    }
    let mut damped = [0_f64; 24];
    for (hour, count) in &hours {
        damped[hour.rem_euclid(24) as usize] += count.sqrt();
    }
    let angle = |hour: usize| TAU * (hour as f64 + 0.5) / 24.0;
    let (sine, cosine) = damped.iter().enumerate().fold((0.0, 0.0), |(s, c), (hour, n)| {
        (s + n * angle(hour).sin(), c + n * angle(hour).cos())
    });
    let length = sine.hypot(cosine) / damped.iter().sum::<f64>().max(1.0);
    if length < SHAPE_MIN || (jobs.len() as f64) * length * length < 10.0 {
        unknown_clock(trace, audit, None);
        return;
    }
    let quiet_h = (sine.atan2(cosine) / TAU * 24.0 + 36.0).rem_euclid(24.0);
    if trace.start().is_none() {
        unknown_clock(trace, audit, Some(quiet_h));
    } else if quiet_h > NIGHT_TO_H && quiet_h < NIGHT_FROM_H {
        let message = format!(
            "the quietest time of the day is around {quiet_h:.1} h, not at night: stamps may be in another zone than is assumed"
        );
        audit.add(Gravity::Doubt, "time_zone", message);
    } else {
        audit.add(
            Gravity::Note,
            "night",
            format!("the quietest time of the day is around {quiet_h:.1} h"),
        );
    }
}

fn unknown_clock(trace: &Trace, audit: &mut Audit, quiet_h: Option<f64>) {
    if trace.start().is_some() {
        return;
    }
    let mut message = "the instant of second zero is unknown, so hours and weekdays are too".to_owned();
    if let Some(quiet_h) = quiet_h {
        let zero_h = (28.0 - quiet_h).rem_euclid(24.0);
        let _ = write!(
            message,
            "; if its quietest time is 4 h at night, second zero is at {zero_h:.1} h"
        );
    }
    audit.add(Gravity::Note, "unknown_clock", message);
}
