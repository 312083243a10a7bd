//! The scheduler against the closed forms of queueing theory.
//!
//! One-GPU jobs arrive at random at a pool of `c` GPUs under strict first come, first served. The unit of time is
//! 3,600 s, so that whole seconds do not bias. The tolerance is the half width of the 99 % interval over independent
//! replications.

use super::{Claim, Tolerance};
use crate::random::{Streams, open_unit, standard_normal};
use crate::stats::Estimate;
use crate::time::{SimTime, Span};
use crate::workload::job::Job;
use crate::workload::replay::replay;
use crate::workload::scheduler::{Fcfs, Observer, Settings};

/// Seconds in the unit of time of the closed forms.
const UNIT_S: f64 = 3_600.0;
/// Independent replications of each case.
const REPLICATIONS: u64 = 20;
/// Jobs of each replication after those of the warm-up.
const JOBS: usize = 20_000;
/// Jobs before waits are counted: the pool begins empty.
const WARM_UP: u64 = 4_000;
/// Two-sided 99 % quantile of Student's t with 19 degrees of freedom.
const T_99: f64 = 2.861;

/// Service times of mean one.
#[derive(Clone, Copy)]
enum Service {
    Exponential,
    Fixed,
    /// The sum of two exponential phases.
    Erlang2,
    /// Lognormal with a coefficient of variation of `sqrt(e - 1)`.
    LogNormal,
}

struct Case {
    id: &'static str,
    what: &'static str,
    gpus: u32,
    arrivals_per_unit: f64,
    service: Service,
    mean_wait: f64,
    source: &'static str,
}

const ERLANG: &str = "Erlang C";
const POLLACZEK: &str = "Pollaczek-Khinchine";

const CASES: [Case; 5] = [
    Case {
        id: "M/M/1",
        what: "mean wait at load 0.8 in units of the mean service time",
        gpus: 1,
        arrivals_per_unit: 0.8,
        service: Service::Exponential,
        mean_wait: 4.0,
        source: ERLANG,
    },
    Case {
        id: "M/M/8",
        what: "mean wait on 8 GPUs at load 0.9",
        gpus: 8,
        arrivals_per_unit: 7.2,
        service: Service::Exponential,
        mean_wait: 0.876_916_237_682_821_5,
        source: ERLANG,
    },
    Case {
        id: "M/D/1",
        what: "mean wait at load 0.7, service of fixed length",
        gpus: 1,
        arrivals_per_unit: 0.7,
        service: Service::Fixed,
        mean_wait: 7.0 / 6.0,
        source: POLLACZEK,
    },
    Case {
        id: "M/E2/1",
        what: "mean wait at load 0.7, service of two phases",
        gpus: 1,
        arrivals_per_unit: 0.7,
        service: Service::Erlang2,
        mean_wait: 1.75,
        source: POLLACZEK,
    },
    Case {
        id: "M/LN/1",
        what: "mean wait at load 0.6, lognormal service (second moment e)",
        gpus: 1,
        arrivals_per_unit: 0.6,
        service: Service::LogNormal,
        mean_wait: 2.038_711_371_344_284,
        source: POLLACZEK,
    },
];

/// Mean waits of the cases.
pub(super) fn claims() -> Vec<Claim> {
    CASES.iter().map(claim).collect()
}

fn claim(case: &Case) -> Claim {
    let waits: Vec<f64> = (0..REPLICATIONS).map(|r| mean_wait(case, r)).collect();
    let waits = Estimate::of(&waits).expect("there are replications");
    let sd = waits.sd.expect("there are several");
    Claim {
        id: case.id,
        what: case.what,
        unit: "-",
        expected: case.mean_wait,
        got: waits.mean,
        tolerance: Tolerance::Absolute(T_99 * sd / (REPLICATIONS as f64).sqrt()),
        source: case.source,
    }
}

fn mean_wait(case: &Case, replication: u64) -> f64 {
    let mut stream = Streams::new(7, replication).stream(case.id);
    let mut at = 0.0;
    let jobs: Vec<Job> = (0..WARM_UP + JOBS as u64)
        .map(|id| {
            at -= open_unit(&mut stream).ln() / case.arrivals_per_unit * UNIT_S;
            let service = match case.service {
                Service::Exponential => -open_unit(&mut stream).ln(),
                Service::Fixed => 1.0,
                Service::Erlang2 => -0.5 * (open_unit(&mut stream) * open_unit(&mut stream)).ln(),
                Service::LogNormal => (standard_normal(&mut stream) - 0.5).exp(),
            };
            Job::new(id, at.round() as i64, 1, (service * UNIT_S).round() as i64)
        })
        .collect();
    let mut waits = Waits::default();
    replay::<Fcfs, _>(&jobs, Settings::constant(case.gpus), &[], &mut waits);
    waits.sum_s / waits.count / UNIT_S
}

#[derive(Default)]
struct Waits {
    sum_s: f64,
    count: f64,
}

impl Observer for Waits {
    fn started(&mut self, _now: SimTime, job: &Job, waited: Span, _restarts: u32) {
        if job.id >= WARM_UP {
            self.sum_s += waited.as_seconds() as f64;
            self.count += 1.0;
        }
    }
}
