//! A regular grid out of time-stamped rows, with gaps repaired only as a stated policy says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::ReadError;
use crate::time::{DAY_S, SimTime, Span};

/// Most steps of one series: ten years of minutes.
pub const STEPS_MAX: i64 = 5_300_000;

/// What to do where a series has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapPolicy {
    /// Refuse the file and name the first gap (the default).
    #[default]
    Refuse,
    /// Hold the last value before the gap.
    Hold,
    /// Take the value 24 hours earlier; where there is none, hold.
    SameHourPreviousDay,
}

/// When a row's value begins to hold, and whether it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The beginning of its step.
    pub time: SimTime,
    /// Its line in the file.
    pub line: u64,
    /// The row has no value.
    pub missing: bool,
}

/// What was repaired.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repairs {
    /// Steps that got a value from elsewhere.
    pub steps: usize,
    /// The intervals `[from, to)` they form.
    pub intervals: Vec<(SimTime, SimTime)>,
    /// What else the reader assumed, in sentences for the memo.
    pub notes: Vec<String>,
}

/// A regular grid: each step names the row that its value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    /// When the first step begins.
    pub start: SimTime,
    /// How long each step is.
    pub step: Span,
    /// The row of each step.
    pub source: Vec<u32>,
    /// What was repaired.
    pub repairs: Repairs,
}

impl Laid {
    /// The rows' values on the grid.
    pub fn values<T: Copy>(&self, rows: &[T]) -> Vec<T> {
        self.source.iter().map(|i| rows[*i as usize]).collect()
    }
}

const NONE: u32 = u32::MAX;

/// Lays rows on a grid of `step`, or of the commonest distance between them.
pub fn lay(file: &str, stamps: &[Stamp], step: Option<Span>, policy: GapPolicy) -> Result<Laid, ReadError> {
    let mut order: Vec<u32> = (0..stamps.len() as u32).collect();
    order.sort_by_key(|i| stamps[*i as usize].time);
    let (Some(first), Some(last)) = (order.first(), order.last()) else {
        return Err(ReadError::of_file(file, "has no rows of data"));
    };
    refuse_repeats(file, stamps, &order)?;
    let (start, end) = (stamps[*first as usize].time, stamps[*last as usize].time);
    let step = step.unwrap_or_else(|| commonest_distance(stamps, &order));
    let count = (end - start).as_seconds() / step.as_seconds() + 1;
    if count > STEPS_MAX {
        let message = format!(
            "spans {count} steps of {} s; at most {STEPS_MAX} are read",
            step.as_seconds()
        );
        return Err(ReadError::of_file(file, message));
    }
    let mut source = vec![NONE; count as usize];
    for index in order {
        let stamp = &stamps[index as usize];
        let offset = (stamp.time - start).as_seconds();
        if offset % step.as_seconds() != 0 {
            let message = format!(
                "`{}` is not a whole number of {} s steps after the first row",
                stamp.time,
                step.as_seconds()
            );
            return Err(ReadError::at_line(file, stamp.line, message));
        }
        if !stamp.missing {
            source[(offset / step.as_seconds()) as usize] = index;
        }
    }
    let mut laid = Laid {
        start,
        step,
        source,
        repairs: Repairs::default(),
    };
    repair(file, stamps, &mut laid, policy)?;
    Ok(laid)
}

fn refuse_repeats(file: &str, stamps: &[Stamp], order: &[u32]) -> Result<(), ReadError> {
    let twice = order
        .windows(2)
        .find(|w| stamps[w[0] as usize].time == stamps[w[1] as usize].time);
    let Some(pair) = twice else { return Ok(()) };
    let (a, b) = (stamps[pair[0] as usize], stamps[pair[1] as usize]);
    let message = format!(
        "`{}` stands a second time; first in line {}",
        a.time,
        a.line.min(b.line)
    );
    Err(ReadError::at_line(file, a.line.max(b.line), message))
}

/// The commonest distance between neighbours; an hour where there are no two rows. Of equals, the shortest.
fn commonest_distance(stamps: &[Stamp], order: &[u32]) -> Span {
    let mut distances: Vec<i64> = order
        .windows(2)
        .map(|w| (stamps[w[1] as usize].time - stamps[w[0] as usize].time).as_seconds())
        .collect();
    distances.sort_unstable();
    let longest_run = distances
        .chunk_by(|a, b| a == b)
        .rev()
        .max_by_key(|run| run.len());
    Span::from_seconds(longest_run.map_or(3_600, |run| run[0]))
}

/// Fills the steps without a row.
fn repair(file: &str, stamps: &[Stamp], laid: &mut Laid, policy: GapPolicy) -> Result<(), ReadError> {
    let day = (DAY_S / laid.step.as_seconds()).max(1) as usize;
    let Some(first_known) = laid.source.iter().copied().find(|s| *s != NONE) else {
        return Err(ReadError::of_file(file, "has no values at all"));
    };
    let mut index = 0;
    while index < laid.source.len() {
        if laid.source[index] != NONE {
            index += 1;
            continue;
        }
        let begin = index;
        while index < laid.source.len() && laid.source[index] == NONE {
            index += 1;
        }
        let at = |i: usize| laid.start + Span::from_seconds(laid.step.as_seconds() * i as i64);
        let (from, to) = (at(begin), at(index));
        if policy == GapPolicy::Refuse {
            return Err(refused(file, stamps, from, to, index - begin));
        }
        for slot in begin..index {
            laid.source[slot] = match (policy, slot.checked_sub(day)) {
                (GapPolicy::SameHourPreviousDay, Some(earlier)) => laid.source[earlier],
                _ if slot == 0 => first_known,
                _ => laid.source[slot - 1],
            };
        }
        laid.repairs.steps += index - begin;
        laid.repairs.intervals.push((from, to));
    }
    Ok(())
}

fn refused(file: &str, stamps: &[Stamp], from: SimTime, to: SimTime, steps: usize) -> ReadError {
    let line = stamps
        .iter()
        .filter(|s| s.time <= from)
        .map(|s| s.line)
        .max()
        .unwrap_or(0);
    ReadError::at_line(
        file,
        line,
        format!("no value from {from} to {to} ({steps} steps)"),
    )
    .with_help("set `gaps` to `hold` or `same_hour_previous_day`, or mend the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(present: &[i64]) -> Vec<Stamp> {
        let stamp = |(i, h): (usize, &i64)| Stamp {
            time: SimTime::from_unix_s(h * 3_600),
            line: i as u64 + 2,
            missing: false,
        };
        present.iter().enumerate().map(stamp).collect()
    }

    #[test]
    fn a_gap_is_refused_with_its_first_interval() {
        let error = lay("p.csv", &hours(&[0, 1, 4, 5, 8]), None, GapPolicy::Refuse).unwrap_err();
        assert_eq!(
            error.to_string(),
            "p.csv:3: no value from 1970-01-01T02:00:00Z to 1970-01-01T04:00:00Z (2 steps)"
        );
    }

    #[test]
    fn hold_repeats_the_last_value_and_counts_what_it_did() {
        let laid = lay("p.csv", &hours(&[0, 1, 4, 5, 8]), None, GapPolicy::Hold).unwrap();
        assert_eq!(laid.source, [0, 1, 1, 1, 2, 3, 3, 3, 4]);
        assert_eq!((laid.repairs.steps, laid.repairs.intervals.len()), (4, 2));
    }

    #[test]
    fn the_same_hour_of_the_previous_day_is_taken_and_chains_over_two_days() {
        let present: Vec<i64> = (0..24).chain(72..80).collect();
        let laid = lay("p.csv", &hours(&present), None, GapPolicy::SameHourPreviousDay).unwrap();
        assert_eq!(laid.source[30], 6);
        assert_eq!(laid.source[54], 6);
        assert_eq!(laid.repairs.steps, 48);
        assert_eq!(laid.repairs.intervals.len(), 1);
    }

    #[test]
    fn rows_may_be_unsorted_but_not_repeated_or_off_the_grid() {
        let laid = lay("p.csv", &hours(&[2, 0, 1]), None, GapPolicy::Refuse).unwrap();
        assert_eq!(laid.source, [1, 2, 0]);
        let twice = lay("p.csv", &hours(&[0, 1, 1, 2]), None, GapPolicy::Hold).unwrap_err();
        assert!(twice.to_string().starts_with("p.csv:4"), "{twice}");
        let mut off = hours(&[0, 1, 2, 3]);
        off[2].time += Span::from_seconds(60);
        assert!(lay("p.csv", &off, Some(Span::from_hours(1)), GapPolicy::Hold).is_err());
    }

    #[test]
    fn empty_files_empty_values_and_endless_spans_are_refused() {
        assert!(lay("p.csv", &[], None, GapPolicy::Hold).is_err());
        let mut none = hours(&[0, 1]);
        for stamp in &mut none {
            stamp.missing = true;
        }
        assert!(lay("p.csv", &none, None, GapPolicy::Hold).is_err());
        let far = hours(&[0, 1, 2, 9_000_000]);
        assert!(
            lay("p.csv", &far, None, GapPolicy::Hold)
                .unwrap_err()
                .to_string()
                .contains("at most")
        );
    }

    #[test]
    fn a_missing_first_value_takes_the_next_one() {
        let mut stamps = hours(&[0, 1, 2]);
        stamps[0].missing = true;
        let laid = lay("p.csv", &stamps, None, GapPolicy::SameHourPreviousDay).unwrap();
        assert_eq!(laid.source, [1, 1, 2]);
    }
}
