//! Arrivals of a pool over a long horizon, redrawn from the whole weeks of a trace.
//!
//! A [`WeekSampler`] holds the whole weeks of a trace, from Monday to Monday where the trace tells its civil
//! start, from its first instant otherwise. Each simulated week superposes `copies` of them, drawn without
//! repetition within the week (so no burst appears twice), each as it stood in its own week: hour of day and
//! weekday stay, gangs never grow. A fraction of a copy keeps each job with that probability. Draws are
//! addressed by week and copy, so that one more copy leaves the others alone and every strategy meets the same
//! arrivals.
//!
//! Where only some weeks of the year are simulated ([`sampled_weeks`]), a pool's clock stands still between
//! them ([`PoolClock`]): what ran or waited at the end of a sampled week runs or waits on at the beginning of
//! the next, so long jobs carry their load over. That keeps the level of load right; it stretches a change (a
//! pool that fills after it opens, a backlog that drains) over more calendar time than it takes in truth.

use rand::RngExt;
use rand::seq::SliceRandom;
use thiserror::Error;

use crate::random::Streams;
use crate::time::{DAY_S, SimTime, Span, WEEK_S};
use crate::units::Ratio;
use crate::workload::estimate::EstimateSpec;
use crate::workload::job::{Job, JobClass, Trace};
use crate::workload::labels::Labels;

/// The most copies of a trace.
pub const COPIES_MAX: f64 = 1_000.0;
/// Weeks in a year.
const WEEKS_PER_YEAR: f64 = 365.2425 / 7.0;

/// Why a trace cannot be cut into weeks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DemandError {
    /// Not one week is whole.
    #[error("the trace holds no whole week (it covers {days} days); demand is redrawn from whole weeks")]
    TooShort {
        /// Days between the first and the last submission.
        days: i64,
    },
}

/// What is asked of the weeks drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeekDemand {
    /// How many weeks of the trace are laid over each other; growth makes it a fraction. At most [`COPIES_MAX`].
    pub copies: f64,
    /// The share of jobs that are sold as spot; the others keep the class of the trace.
    pub spot_share: Ratio,
    /// The checkpoint interval of jobs whose trace states none; zero for no checkpoints.
    pub checkpoint: Span,
    /// What owners say about run times.
    pub estimates: EstimateSpec,
}

/// The whole weeks of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct WeekSampler {
    /// Jobs by week, with submissions from the week's beginning.
    weeks: Vec<Vec<Job>>,
    dropped: usize,
    tenants: Labels,
    residencies: Labels,
}

impl WeekSampler {
    /// Cuts a trace. A first week that begins within its first day and a last one that ends within its seventh
    /// count as whole; jobs of other incomplete weeks are dropped and counted.
    pub fn new(trace: &Trace) -> Result<Self, DemandError> {
        let monday_s = monday_s(trace);
        let first_s = trace.jobs().first().map_or(0, |job| job.submit_s);
        let last_s = trace.jobs().last().map_or(0, |job| job.submit_s);
        let first = (first_s - monday_s - DAY_S + WEEK_S).div_euclid(WEEK_S);
        let end = (last_s - monday_s + DAY_S).div_euclid(WEEK_S);
        if trace.jobs().is_empty() || end <= first {
            return Err(DemandError::TooShort {
                days: (last_s - first_s) / DAY_S,
            });
        }
        let mut weeks = vec![Vec::new(); (end - first) as usize];
        let mut dropped = 0;
        for job in trace.jobs() {
            let (week, submit_s) = (
                (job.submit_s - monday_s).div_euclid(WEEK_S),
                (job.submit_s - monday_s).rem_euclid(WEEK_S),
            );
            match usize::try_from(week - first)
                .ok()
                .and_then(|week| weeks.get_mut(week))
            {
                Some(jobs) => jobs.push(Job { submit_s, ..*job }),
                None => dropped += 1,
            }
        }
        Ok(Self {
            weeks,
            dropped,
            tenants: trace.tenants().clone(),
            residencies: trace.residencies().clone(),
        })
    }

    /// How many whole weeks there are.
    pub fn weeks(&self) -> usize {
        self.weeks.len()
    }
    /// The tenants that the jobs name.
    pub fn tenants(&self) -> &Labels {
        &self.tenants
    }
    /// The countries or zones that the jobs name.
    pub fn residencies(&self) -> &Labels {
        &self.residencies
    }
    /// Jobs of the incomplete weeks at the ends, which are left out.
    pub fn dropped(&self) -> usize {
        self.dropped
    }
    /// Mean load of one copy: GPU-seconds submitted per second, in GPUs.
    pub fn mean_gpus(&self) -> f64 {
        let work: i128 = self
            .weeks
            .iter()
            .flatten()
            .map(|job| i128::from(job.gpu_s()))
            .sum();
        work as f64 / (self.weeks.len() as f64 * WEEK_S as f64)
    }
    /// Mean jobs of a week of one copy.
    pub fn mean_jobs(&self) -> f64 {
        self.weeks.iter().map(Vec::len).sum::<usize>() as f64 / self.weeks.len() as f64
    }
    /// The largest gang, in GPUs.
    pub fn gpus_max(&self) -> u32 {
        self.weeks.iter().flatten().map(|job| job.gpus).max().unwrap_or(0)
    }
    /// The share of the load that still runs so long after submission: what a pool that was empty so long ago
    /// still lacks.
    pub fn share_later_than(&self, after: Span) -> Ratio {
        let work: i128 = self
            .weeks
            .iter()
            .flatten()
            .map(|job| i128::from(job.gpu_s()))
            .sum();
        let late =
            |job: &Job| i128::from(job.gpus) * i128::from((job.duration_s - after.as_seconds()).max(0));
        let late: i128 = self.weeks.iter().flatten().map(late).sum();
        Ratio::from_fraction(if work == 0 { 0.0 } else { late as f64 / work as f64 })
    }

    /// The arrivals of one simulated week, sorted, replacing what `out` held. `purpose` names the pool in the
    /// random streams, `week` the calendar week, `starts` its beginning on the pool's clock. Ids are unique over
    /// the pool's life.
    pub fn arrivals(
        &self,
        streams: &Streams,
        purpose: &str,
        (week, starts): (u32, SimTime),
        demand: &WeekDemand,
        out: &mut Vec<Job>,
    ) {
        assert!(
            (0.0..=COPIES_MAX).contains(&demand.copies),
            "{} copies of a trace; the scenario allows 0 to {COPIES_MAX}",
            demand.copies
        );
        out.clear();
        let order = self.order(streams, purpose, week, demand.copies.ceil() as usize);
        for (copy, drawn) in order.into_iter().enumerate() {
            let share = demand.copies - copy as f64;
            let address = format!("{purpose}/week/{week}/copy/{copy}");
            let mut rng = streams.stream(&address);
            // Of its own, so that asking for estimates leaves the choice of jobs alone.
            let mut guesses = streams.stream(&format!("{address}/estimates"));
            for job in &self.weeks[drawn] {
                // Both are drawn for every job, so that a change of one share leaves the other's choice alone.
                let (kept, spot) = (
                    rng.random::<f64>() < share,
                    rng.random::<f64>() < demand.spot_share.as_fraction(),
                );
                if kept {
                    out.push(Job {
                        submit_s: starts.as_unix_s() + job.submit_s,
                        checkpoint_s: if job.checkpoint_s > 0 {
                            job.checkpoint_s
                        } else {
                            demand.checkpoint.as_seconds() as i32
                        },
                        estimate_s: demand.estimates.estimate_s(job, &mut guesses),
                        class: if spot { JobClass::Spot } else { job.class },
                        ..*job
                    });
                }
            }
        }
        out.sort_by_key(|job| job.submit_s);
        for (index, job) in out.iter_mut().enumerate() {
            job.id = u64::from(week) << 32 | index as u64;
        }
    }

    /// The jobs of each week, submissions from the week's beginning.
    pub(super) fn week_jobs(&self) -> &[Vec<Job>] {
        &self.weeks
    }

    /// The sampler of some of the weeks only: what is fitted on one part can be judged on another.
    #[must_use]
    pub fn part(&self, keep: impl Fn(usize) -> bool) -> Self {
        let weeks = self.weeks.iter().enumerate().filter(|(week, _)| keep(*week));
        Self {
            weeks: weeks.map(|(_, jobs)| jobs.clone()).collect(),
            dropped: self.dropped,
            ..self.clone()
        }
    }

    /// Which weeks of the trace the copies take: every week once before any comes again.
    pub(super) fn order(&self, streams: &Streams, purpose: &str, week: u32, copies: usize) -> Vec<usize> {
        let mut order = Vec::with_capacity(copies);
        let mut rng = streams.stream(&format!("{purpose}/week/{week}"));
        while order.len() < copies {
            let mut deck: Vec<usize> = (0..self.weeks.len()).collect();
            deck.shuffle(&mut rng);
            order.extend(deck.into_iter().take(copies - order.len()));
        }
        order
    }
}

/// The Monday, 00:00, at or before second zero of a trace, on its clock; second zero itself where its civil start is unknown.
pub(super) fn monday_s(trace: &Trace) -> i64 {
    trace.start().map_or(0, |start| {
        let days = i64::from(start.date().weekday().to_monday_zero_offset());
        let midnight = start.date().to_datetime(jiff::civil::Time::midnight());
        -(days * DAY_S + start.duration_since(midnight).as_secs())
    })
}

/// The factor by which demand has grown after so many years.
pub fn growth_factor(percent_per_year: f64, years: f64) -> f64 {
    (1.0 + percent_per_year / 100.0).powf(years)
}

/// One simulated week and the weeks that it stands for, counted from the first Monday of the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampledWeek {
    /// The week that is simulated.
    pub week: u32,
    /// The first week that it stands for.
    pub from: u32,
    /// The week after the last that it stands for.
    pub to: u32,
}

/// Chooses the weeks to simulate: the horizon is cut into `per_year` equal parts a year, so that every season is
/// met, and one week is drawn in each.
pub fn sampled_weeks(weeks: u32, per_year: u32, streams: &Streams, purpose: &str) -> Vec<SampledWeek> {
    let mut rng = streams.stream(&format!("{purpose}/sampled-weeks"));
    let part = (WEEKS_PER_YEAR / f64::from(per_year.max(1))).max(1.0);
    let mut chosen = Vec::new();
    let mut from = 0;
    while from < weeks {
        let end = (part * (chosen.len() + 1) as f64).round() as u32;
        let to = end.clamp(from + 1, weeks);
        let week = rng.random_range(from..to);
        chosen.push(SampledWeek { week, from, to });
        from = to;
    }
    chosen
}

/// The clock of a pool that is simulated in sampled weeks: it stands still between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolClock {
    served: Span,
    since: Option<SimTime>,
}

impl PoolClock {
    /// Lets the clock run from now on. Nothing happens if it runs.
    pub fn resume(&mut self, now: SimTime) {
        self.since.get_or_insert(now);
    }
    /// Stops the clock.
    pub fn suspend(&mut self, now: SimTime) {
        self.served = self.read(now) - SimTime::default();
        self.since = None;
    }
    /// The reading at `now`, from zero.
    pub fn read(&self, now: SimTime) -> SimTime {
        let running = self.since.map_or(Span::ZERO, |since| now - since);
        SimTime::default() + self.served + running
    }
    /// When the clock will show `reading`, if it goes on running; `None` while it stands.
    pub fn when(&self, reading: SimTime) -> Option<SimTime> {
        let since = self.since?;
        Some(since + (reading - SimTime::default() - self.served))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    /// Three and a half weeks from a Monday morning, one job an hour, its size the week's number.
    fn trace() -> Trace {
        let jobs = (0..24 * 25).map(|hour| Job::new(hour, hour as i64 * 3_600, hour as u32 / 168 + 1, 100));
        Trace::new(
            jobs.collect(),
            Some(datetime(2024, 1, 1, 10, 0, 0, 0)),
            Vec::new(),
        )
    }

    fn demand(copies: f64) -> WeekDemand {
        WeekDemand {
            copies,
            spot_share: Ratio::from_percent(20.0),
            checkpoint: Span::ZERO,
            estimates: EstimateSpec::Known,
        }
    }

    fn week(copies: f64, week: u32) -> Vec<Job> {
        let (sampler, mut out) = (WeekSampler::new(&trace()).unwrap(), Vec::new());
        sampler.arrivals(
            &Streams::new(1, 0),
            "pool",
            (week, SimTime::from_unix_s(1_000)),
            &demand(copies),
            &mut out,
        );
        out
    }

    #[test]
    fn weeks_begin_on_mondays_and_incomplete_ones_are_left_out() {
        let sampler = WeekSampler::new(&trace()).unwrap();
        assert_eq!((sampler.weeks(), sampler.dropped()), (3, 600 - 3 * 168 + 10));
        assert_eq!(sampler.weeks[0][0].submit_s, 10 * 3_600);
        assert_eq!(sampler.weeks[1][0].submit_s, 0);
        let short = Trace::new(vec![Job::new(1, 0, 1, 1)], None, Vec::new());
        assert!(WeekSampler::new(&short).is_err());
        assert!(WeekSampler::new(&Trace::default()).is_err());
    }

    #[test]
    fn copies_are_different_weeks_and_gangs_never_grow() {
        let jobs = week(3.0, 0);
        assert_eq!(jobs.len(), 3 * 168 - 10);
        assert!(jobs.is_sorted_by_key(Job::rank));
        assert!(jobs.iter().all(|job| (1..=4).contains(&job.gpus)));
        assert!(
            jobs.iter()
                .all(|job| (1_000..1_000 + WEEK_S).contains(&job.submit_s))
        );
        // At the same hour each copy brings the job of another week.
        let at_noon: Vec<u32> = jobs
            .iter()
            .filter(|job| job.submit_s == 1_000 + 36 * 3_600)
            .map(|job| job.gpus)
            .collect();
        assert_eq!(at_noon.len(), 3);
        assert_eq!(at_noon.iter().sum::<u32>(), 1 + 2 + 3);
    }

    #[test]
    fn more_copies_leave_the_first_ones_alone_and_fractions_thin() {
        let key = |job: &Job| (job.submit_s, job.gpus, job.class);
        let (one, more) = (week(1.0, 5), week(1.4, 5));
        assert!(
            one.iter()
                .all(|job| more.iter().any(|other| key(other) == key(job)))
        );
        let extra = more.len() - one.len();
        assert!((40..95).contains(&extra), "{extra} of 168 at 40 percent");
        let spot = one.iter().filter(|job| job.class == JobClass::Spot).count();
        assert!((15..55).contains(&spot), "{spot} of 168 at 20 percent");
        assert_eq!(week(0.0, 5), []);
    }

    #[test]
    fn a_week_depends_on_its_address_only() {
        assert_eq!(week(2.0, 7), week(2.0, 7));
        assert_ne!(week(2.0, 7), week(2.0, 8));
    }

    #[test]
    fn sampled_weeks_meet_every_season_and_stand_for_all_weeks() {
        let chosen = sampled_weeks(522, 4, &Streams::new(1, 0), "pool");
        assert_eq!(chosen.len(), 40);
        assert!(chosen.windows(2).all(|w| w[0].to == w[1].from));
        assert!(chosen.iter().all(|w| (w.from..w.to).contains(&w.week)));
        assert_eq!((chosen[0].from, chosen[39].to), (0, 522));
        let all = sampled_weeks(10, 60, &Streams::new(1, 0), "pool");
        assert!(all.len() == 10 && all.iter().all(|w| w.to == w.from + 1));
    }

    #[test]
    fn a_suspended_clock_joins_the_sampled_weeks() {
        let at = SimTime::from_unix_s;
        let mut clock = PoolClock::default();
        assert_eq!((clock.read(at(50)), clock.when(at(7))), (at(0), None));
        clock.resume(at(100));
        assert_eq!((clock.read(at(130)), clock.when(at(40))), (at(30), Some(at(140))));
        clock.suspend(at(150));
        assert_eq!(clock.read(at(500)), at(50));
        clock.resume(at(1_000));
        assert_eq!(
            (clock.read(at(1_010)), clock.when(at(60))),
            (at(60), Some(at(1_010)))
        );
    }

    #[test]
    fn growth_compounds() {
        assert!((growth_factor(18.0, 2.0) - 1.3924).abs() < 1e-12);
    }
}
