//! The part of a trace that a fit and a comparison see: whole weeks or, where there are not two, whole days.

use crate::time::{DAY_S, HOUR_S, WEEK_S};
use crate::workload::demand::monday_s;
use crate::workload::job::{Job, Trace};

use super::draw::HOURS_PER_WEEK;
use super::fit::FitError;

/// The most hours of a trace that are fitted: a century.
pub const HOURS_MAX: usize = 100 * 8_784;
/// A block that lacks no more than this at the end of the trace counts as whole, in seconds.
const SLACK_S: i64 = 2 * HOUR_S;

/// Jobs of blocks of equal length, weeks or days, of which some may be left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Submissions count from the beginning of the first block.
    jobs: Vec<Job>,
    kept: Vec<bool>,
    block_hours: usize,
    first_hour: usize,
}

impl Sample {
    /// Cuts a trace into whole weeks, Monday to Monday; into whole days where there are not two weeks.
    pub fn new(trace: &Trace) -> Result<Self, FitError> {
        let monday = monday_s(trace);
        let weeks = Self::cut(trace, monday, WEEK_S, DAY_S)?;
        let days = || Self::cut(trace, monday, DAY_S, SLACK_S);
        let found = match weeks.filter(|weeks| weeks.blocks() >= 2) {
            Some(weeks) => Some(weeks),
            None => days()?,
        };
        found.ok_or(FitError::TooShort {
            jobs: trace.jobs().len(),
        })
    }
    /// The whole blocks of `length_s` from `monday_s` on; one that lacks no more than `slack_s` at an end is whole.
    fn cut(trace: &Trace, monday_s: i64, length_s: i64, slack_s: i64) -> Result<Option<Self>, FitError> {
        let (Some(first), Some(last)) = (trace.jobs().first(), trace.jobs().last()) else {
            return Ok(None);
        };
        let from = (first.submit_s - monday_s - slack_s + length_s).div_euclid(length_s);
        let to = (last.submit_s - monday_s + slack_s).div_euclid(length_s);
        let hours = (to - from).max(0) as usize * (length_s / HOUR_S) as usize;
        if hours > HOURS_MAX {
            return Err(FitError::TooLong { hours });
        }
        if to <= from {
            return Ok(None);
        }
        let begins = monday_s + from * length_s;
        let inside = |job: &&Job| (0..(to - from) * length_s).contains(&(job.submit_s - begins));
        let shifted = |job: &Job| Job {
            submit_s: job.submit_s - begins,
            ..*job
        };
        Ok(Some(Self {
            jobs: trace.jobs().iter().filter(inside).map(shifted).collect(),
            kept: vec![true; (to - from) as usize],
            block_hours: (length_s / HOUR_S) as usize,
            first_hour: (from * length_s / HOUR_S).rem_euclid(HOURS_PER_WEEK as i64) as usize,
        }))
    }
    /// Jobs that were drawn for as many blocks as `like` keeps, from the same hour of the week on.
    #[must_use]
    pub fn drawn(jobs: Vec<Job>, like: &Self) -> Self {
        Self {
            jobs,
            kept: vec![true; like.blocks()],
            block_hours: like.block_hours,
            first_hour: like.first_hour,
        }
    }
    /// The blocks of odd number, counted from one, and those of even number.
    #[must_use]
    pub fn halves(&self) -> (Self, Self) {
        (
            self.part(|block| block % 2 == 0),
            self.part(|block| block % 2 == 1),
        )
    }
    fn part(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<bool> = self
            .kept
            .iter()
            .enumerate()
            .map(|(block, kept)| *kept && keep(block))
            .collect();
        let stays = |job: &&Job| kept[(job.submit_s / HOUR_S) as usize / self.block_hours];
        Self {
            jobs: self.jobs.iter().filter(stays).copied().collect(),
            kept: kept.clone(),
            ..*self
        }
    }
    /// Blocks that are not left out.
    pub fn blocks(&self) -> usize {
        self.kept.iter().filter(|kept| **kept).count()
    }
    /// Hours of a block: 168 or 24.
    pub fn block_hours(&self) -> usize {
        self.block_hours
    }
    /// The word for a block.
    pub fn block_word(&self) -> &'static str {
        if self.block_hours == HOURS_PER_WEEK {
            "weeks"
        } else {
            "days"
        }
    }
    /// Hours from the first block to the last, those of blocks that are left out as well.
    pub fn hours(&self) -> usize {
        self.kept.len() * self.block_hours
    }
    /// Hours of blocks that are not left out.
    pub fn kept_hours(&self) -> usize {
        self.blocks() * self.block_hours
    }
    /// Whether the block of an hour is not left out.
    pub fn has(&self, hour: usize) -> bool {
        self.kept.get(hour / self.block_hours).copied().unwrap_or(false)
    }
    /// The hour of the week of the first hour, from Monday 00:00.
    pub fn first_hour(&self) -> usize {
        self.first_hour
    }
    /// The jobs by submission.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }
    /// Mean load, in GPUs.
    pub fn load_gpus(&self) -> f64 {
        let work: i128 = self.jobs.iter().map(|job| i128::from(job.gpu_s())).sum();
        work as f64 / (self.kept_hours().max(1) as f64 * HOUR_S as f64)
    }
    /// Jobs of a range of sizes, by submission.
    pub fn of_sizes(&self, (from, to): (u32, u32)) -> Vec<Job> {
        let fits = |job: &&Job| (from..=to).contains(&job.gpus);
        self.jobs.iter().filter(fits).copied().collect()
    }
    /// How many of these jobs come in each hour.
    pub fn hourly(&self, jobs: &[Job]) -> Vec<f64> {
        let mut counts = vec![0.0; self.hours()];
        for job in jobs {
            counts[(job.submit_s / HOUR_S) as usize] += 1.0;
        }
        counts
    }
    /// The jobs with the blocks joined, so that nothing is left out between them.
    pub fn joined(&self) -> Vec<Job> {
        let mut place = 0;
        let places: Vec<i64> = self
            .kept
            .iter()
            .map(|kept| {
                place += i64::from(*kept);
                place - 1
            })
            .collect();
        let block_s = self.block_hours as i64 * HOUR_S;
        let moved = |job: &Job| {
            let block = (job.submit_s / block_s) as usize;
            Job {
                submit_s: job.submit_s - (block as i64 - places[block]) * block_s,
                ..*job
            }
        };
        self.jobs.iter().map(moved).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    /// One job at each noon of so many days from a Wednesday.
    fn noons(days: i64) -> Trace {
        let jobs = (0..days).map(|day| Job::new(day as u64, day * DAY_S + DAY_S / 2, 1 + day as u32, 3_600));
        Trace::new(jobs.collect(), Some(datetime(2025, 1, 1, 0, 0, 0, 0)), Vec::new())
    }

    #[test]
    fn a_long_trace_gives_whole_weeks_and_a_short_one_whole_days() {
        let long = Sample::new(&noons(30)).unwrap();
        // Wednesday the first to Thursday the thirtieth: the Mondays are the 6th, 13th, 20th and 27th.
        assert_eq!(
            (long.blocks(), long.block_hours(), long.first_hour()),
            (3, 168, 0)
        );
        assert_eq!(
            long.jobs().first().map(|job| (job.gpus, job.submit_s)),
            Some((6, DAY_S / 2))
        );
        let short = Sample::new(&noons(8)).unwrap();
        // The day of the first noon is not whole, nor that of the last.
        assert_eq!(
            (short.blocks(), short.block_hours(), short.first_hour()),
            (6, 24, 72)
        );
        assert!(Sample::new(&noons(1)).is_err());
        assert!(Sample::new(&Trace::default()).is_err());
    }

    #[test]
    fn halves_are_every_other_block_and_can_be_joined() {
        let all = Sample::new(&noons(30)).unwrap();
        let (odd, even) = all.halves();
        assert_eq!((odd.blocks(), even.blocks()), (2, 1));
        assert_eq!((odd.jobs().len(), even.jobs().len()), (14, 7));
        assert!(odd.has(167) && !odd.has(168) && odd.has(336) && even.has(168));
        let joined = odd.joined();
        assert!(joined.windows(2).all(|w| w[1].submit_s - w[0].submit_s == DAY_S));
        assert_eq!(joined[7].gpus - joined[6].gpus, 8);
        assert!(
            (all.load_gpus() - all.jobs().iter().map(|j| f64::from(j.gpus)).sum::<f64>() / 504.0).abs()
                < 1e-9
        );
        let hourly = all.hourly(&all.of_sizes((6, 6)));
        assert_eq!(
            (hourly.len(), hourly.iter().sum::<f64>(), hourly[12]),
            (504, 1.0, 1.0)
        );
    }
}
