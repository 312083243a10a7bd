//! The closed forms of queueing theory, by simulation through the scheduler: single-GPU jobs on `c` GPUs, an hour as
//! the unit of time, so that whole seconds do not bias. Figures are the textbooks' (Erlang; Pollaczek and Khinchine;
//! White and Christie for preemption), worked out independently and carried here; each must lie within the 99 % interval
//! of 40 independent runs, and the interval must be narrow enough to tell something.

use rand_distr::{Distribution, Exp, Gamma, LogNormal};
use rstest::rstest;

use super::{AnyScheduler, Finished, Observer, PolicyKind, Settings, Withdrawal};
use crate::random::Streams;
use crate::time::{SimTime, Span};
use crate::workload::job::{Job, JobClass};

const HOUR: f64 = 3_600.0;
/// Student's t, 99 % two-sided, 39 degrees of freedom.
const T_99: f64 = 2.708;
const RUNS: u64 = 40;

/// Laws of service times with mean 1.
#[derive(Debug, Clone, Copy)]
enum Law {
    Exponential,
    Constant,
    /// Squared coefficient of variation 1/2.
    Erlang2,
    /// Two exponentials in balance, squared coefficient of variation 4.
    Hyper,
    /// Logarithm with mean -1/2 and standard deviation 1.
    LogNormal,
}

impl Law {
    fn draw(self, rng: &mut impl rand::Rng) -> f64 {
        match self {
            Self::Exponential => Exp::new(1.0).unwrap().sample(rng),
            Self::Constant => 1.0,
            Self::Erlang2 => Gamma::new(2.0, 0.5).unwrap().sample(rng),
            Self::Hyper => {
                let often = 0.5 + 0.6_f64.sqrt() / 2.0;
                let first = rand::RngExt::random::<f64>(rng) < often;
                let rate = 2.0 * if first { often } else { 1.0 - often };
                Exp::new(rate).unwrap().sample(rng)
            }
            Self::LogNormal => LogNormal::new(-0.5, 1.0).unwrap().sample(rng),
        }
    }
}

/// Poisson arrivals of `rate` an hour.
fn arrivals(rate: f64, law: Law, jobs: u64, rng: &mut impl rand::Rng) -> Vec<Job> {
    let gap = Exp::new(rate).unwrap();
    let mut at = 0.0;
    (0..jobs)
        .map(|id| {
            at += gap.sample(rng);
            let duration_s = (law.draw(rng) * HOUR).round() as i64;
            Job::new(id, (at * HOUR) as i64, 1, duration_s)
        })
        .collect()
}

/// What jobs after the first fifth did.
#[derive(Debug, Default)]
struct Count {
    first: u64,
    waits_s: f64,
    started: f64,
    waited: f64,
    lost: f64,
    /// Time from submission to end, and jobs, by class.
    stays: [(f64, f64); 3],
}

impl Observer for Count {
    fn started(&mut self, _now: SimTime, job: &Job, waited: Span, restarts: u32) {
        if job.id >= self.first && restarts == 0 {
            self.started += 1.0;
            self.waits_s += waited.as_seconds() as f64;
            self.waited += f64::from(u8::from(waited > Span::ZERO));
        }
    }
    fn finished(&mut self, finished: &Finished) {
        if finished.job.id >= self.first {
            let stay = &mut self.stays[finished.job.class.index()];
            stay.0 += (finished.end.as_unix_s() - finished.job.submit_s) as f64;
            stay.1 += 1.0;
        }
    }
    fn withdrawn(&mut self, _now: SimTime, job: &Job, _reason: Withdrawal) {
        self.lost += f64::from(u8::from(job.id >= self.first));
    }
}

fn run(policy: PolicyKind, settings: Settings, jobs: &[Job]) -> Count {
    let mut count = Count {
        first: jobs.len() as u64 / 5,
        ..Count::default()
    };
    let mut s = AnyScheduler::new(policy, SimTime::default(), settings);
    for job in jobs {
        s.advance(SimTime::from_unix_s(job.submit_s), &mut count);
        s.submit(job, &mut count);
        s.pass(&mut count);
    }
    s.advance(SimTime::from_unix_s(i64::from(i32::MAX)), &mut count);
    s.assert_conserved();
    count
}

/// The mean of a figure over the runs, and half of its 99 % interval.
fn interval(of: impl FnMut(u64) -> f64) -> (f64, f64) {
    let figures: Vec<f64> = (0..RUNS).map(of).collect();
    let n = RUNS as f64;
    let mean = figures.iter().sum::<f64>() / n;
    let variance = figures.iter().map(|f| (f - mean) * (f - mean)).sum::<f64>() / (n - 1.0);
    (mean, T_99 * (variance / n).sqrt())
}

#[track_caller]
fn inside(what: &str, (mean, half): (f64, f64), expected: f64, widest: f64) {
    println!("{what}: {mean:.5} +- {half:.5}, closed form {expected:.5}");
    assert!(
        (mean - expected).abs() < half,
        "{what}: {mean} +- {half}, closed form {expected}"
    );
    assert!(
        half < widest * expected,
        "{what}: +- {half} of {expected} tells too little"
    );
}

#[rstest]
#[case::mm1((1, 30_000), 0.8, Law::Exponential, 4.0)]
#[case::mm8((8, 150_000), 7.2, Law::Exponential, 0.876_916_237_682_821_5)]
#[case::md1((1, 30_000), 0.7, Law::Constant, 1.166_666_666_666_666_5)]
#[case::m_erlang2_1((1, 30_000), 0.7, Law::Erlang2, 1.75)]
#[case::m_hyper_1((1, 30_000), 0.7, Law::Hyper, 5.833_333_333_333_333)]
#[case::m_lognormal_1((1, 30_000), 0.6, Law::LogNormal, 2.038_711_371_344_283_5)]
fn mean_waits_are_those_of_the_closed_forms(
    #[case] (gpus, jobs): (u32, u64),
    #[case] rate: f64,
    #[case] law: Law,
    #[case] hours: f64,
) {
    let of = |number: u64| {
        let mut rng = Streams::new(3, number).stream("test/queueing");
        let count = run(
            PolicyKind::Fcfs,
            Settings::constant(gpus),
            &arrivals(rate, law, jobs, &mut rng),
        );
        count.waits_s / count.started / HOUR
    };
    inside("mean wait, h", interval(of), hours, 0.05);
}

#[rstest]
#[case(1, 0.5, 0.5)]
#[case(2, 1.5, 0.642_857_142_857_142_8)]
#[case(5, 4.0, 0.554_112_554_112_554_3)]
#[case(10, 8.0, 0.409_180_150_796_443_54)]
#[case(50, 45.0, 0.363_864_467_206_988_4)]
#[cfg_attr(feature = "slow-tests", case(200, 190.0, 0.365_263_856_562_546_2))]
#[cfg_attr(feature = "slow-tests", case(1_000, 980.0, 0.412_200_292_365_281_9))]
fn as_many_wait_as_erlangs_c_says(#[case] gpus: u32, #[case] load: f64, #[case] share: f64) {
    // Many GPUs near their limit forget their queue within some ten hours, in which they meet as many more jobs.
    let jobs = 30_000.max(1_500 * u64::from(gpus) * u64::from(gpus > 100));
    let of = |number: u64| {
        let mut rng = Streams::new(4, number).stream("test/queueing");
        let jobs = arrivals(load, Law::Exponential, jobs, &mut rng);
        let count = run(PolicyKind::Easy, Settings::constant(gpus), &jobs);
        count.waited / count.started
    };
    inside("share that waits", interval(of), share, 0.05);
}

#[rstest]
#[case(100, 95.0, 0.048_804_206_178_677_82)]
#[case(10, 8.0, 0.121_661_064_252_951_5)]
fn as_many_are_lost_as_erlangs_b_says(#[case] gpus: u32, #[case] load: f64, #[case] share: f64) {
    let settings = Settings {
        patience: Some(Span::ZERO),
        ..Settings::constant(gpus)
    };
    let of = |number: u64| {
        let mut rng = Streams::new(5, number).stream("test/queueing");
        let jobs = arrivals(load, Law::LogNormal, 30_000, &mut rng);
        let count = run(PolicyKind::Fcfs, settings, &jobs);
        count.lost / (count.lost + count.started)
    };
    inside("share that is lost", interval(of), share, 0.05);
}

/// Whatever the law of service, a queue without end of servers holds a Poisson number: mean and variance 75.
#[rstest]
#[case(Law::Constant)]
#[case(Law::LogNormal)]
fn servers_without_end_hold_a_poisson_number(#[case] law: Law) {
    let moments = |number: u64| {
        let mut rng = Streams::new(6, number).stream("test/queueing");
        let mut jobs = arrivals(30.0, law, 30_000, &mut rng);
        for job in &mut jobs {
            job.duration_s = job.duration_s * 5 / 2;
        }
        let mut s = AnyScheduler::new(PolicyKind::Fcfs, SimTime::default(), Settings::constant(100_000));
        let (mut seen, mut next) = (Vec::new(), 100 * 3_600);
        for job in &jobs {
            while next < job.submit_s {
                s.advance(SimTime::from_unix_s(next), &mut ());
                seen.push(f64::from(s.pool().busy()));
                next += 10 * 3_600;
            }
            s.advance(SimTime::from_unix_s(job.submit_s), &mut ());
            s.submit(job, &mut ());
            s.pass(&mut ());
        }
        let n = seen.len() as f64;
        let mean = seen.iter().sum::<f64>() / n;
        (
            mean,
            seen.iter().map(|x| (x - 75.0) * (x - 75.0)).sum::<f64>() / n,
        )
    };
    inside("mean", interval(|number| moments(number).0), 75.0, 0.01);
    inside("variance", interval(|number| moments(number).1), 75.0, 0.1);
}

/// Two classes on one GPU; the first preempts the second, which goes on where it stopped (a checkpoint each second).
#[test]
fn the_preempted_stay_as_long_as_the_closed_form_says() {
    let of = |class: JobClass| {
        move |number: u64| {
            let mut rng = Streams::new(7, number).stream("test/queueing");
            let mut jobs = arrivals(0.7, Law::Exponential, 30_000, &mut rng);
            for job in &mut jobs {
                job.checkpoint_s = 1;
                if rand::RngExt::random::<f64>(&mut rng) < 0.3 / 0.7 {
                    job.class = JobClass::Reserved;
                } else {
                    job.class = JobClass::Spot;
                }
            }
            let count = run(PolicyKind::Priority, Settings::constant(1), &jobs);
            let (stay_s, jobs) = count.stays[class.index()];
            stay_s / jobs / HOUR
        }
    };
    // 1 / (1 - 0.3), and 1 / ((1 - 0.3) (1 - 0.3 - 0.4)).
    inside(
        "stay of the first",
        interval(of(JobClass::Reserved)),
        1.0 / 0.7,
        0.03,
    );
    inside(
        "stay of the second",
        interval(of(JobClass::Spot)),
        1.0 / 0.21,
        0.05,
    );
}
