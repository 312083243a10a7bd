//! Every request of a service, one by one: what the queue of `queueing.rs` is held against.
//!
//! A request goes to the replica with the fewest requests that has a place, or waits in order for one, at most as long as
//! its patience. A replica reads prompts one after another, decoding stands still meanwhile; then each step gives every
//! request of the batch a token. Nothing is averaged: prompts and answers have their own lengths, steps are single.

use std::collections::VecDeque;

use rand::RngExt as _;

use super::queueing::{Load, Served};
use super::replica::{Preset, Replica, Tokens};
use crate::random::Streams;

#[derive(Debug, Clone, Copy)]
struct Request {
    arrived: f64,
    read: f64,
    written: f64,
}

#[derive(Debug, Clone, Copy)]
struct Writing {
    arrived: f64,
    first: f64,
    all: f64,
    left: f64,
}

#[derive(Debug, Default)]
struct Machine {
    prompts: VecDeque<Request>,
    batch: Vec<Writing>,
    /// When its present step or prompt ends; infinite while it has nothing to do.
    until: f64,
    reading: bool,
}

impl Machine {
    fn held(&self) -> usize {
        self.prompts.len() + self.batch.len()
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) offered: f64,
    pub(super) refused: f64,
    pub(super) within: f64,
    pub(super) first: Vec<f64>,
    /// Sum of times between tokens over requests.
    per_token: f64,
    done: f64,
}

struct World<'a> {
    replica: &'a Replica,
    machines: Vec<Machine>,
    queue: VecDeque<Request>,
    targets: (f64, f64),
    seen: Seen,
}

impl World<'_> {
    fn begin(&mut self, m: usize, now: f64) {
        let (base, each) = (self.replica.base_s, self.replica.per_request_s);
        let prefill = self.replica.prefill_s;
        let machine = &mut self.machines[m];
        (machine.reading, machine.until) = if let Some(next) = machine.prompts.front() {
            (true, now + prefill * next.read)
        } else if machine.batch.is_empty() {
            (false, f64::INFINITY)
        } else {
            (false, now + base + each * machine.batch.len() as f64)
        };
    }
    fn end(&mut self, m: usize, now: f64) {
        let (targets, machine) = (self.targets, &mut self.machines[m]);
        if machine.reading {
            let request = machine.prompts.pop_front().unwrap();
            machine.batch.push(Writing {
                arrived: request.arrived,
                first: now,
                all: request.written,
                left: request.written,
            });
        } else {
            let seen = &mut self.seen;
            machine.batch.retain_mut(|w| {
                w.left -= 1.0;
                if w.left > 0.0 {
                    return true;
                }
                let (first, each) = (w.first - w.arrived, (now - w.first) / w.all);
                seen.first.push(first);
                seen.per_token += each * w.all;
                seen.done += w.all;
                seen.within += f64::from(u8::from(first <= targets.0 && each <= targets.1));
                false
            });
        }
        while self.machines[m].held() < self.replica.batch_max as usize
            && let Some(next) = self.queue.pop_front()
        {
            self.machines[m].prompts.push_back(next);
        }
        self.begin(m, now);
    }
    fn arrive(&mut self, request: Request, now: f64, patience: f64, capacity_rps: f64) {
        self.seen.offered += 1.0;
        let places = self.replica.batch_max as usize;
        let fewest = (0..self.machines.len())
            .min_by_key(|m| self.machines[*m].held())
            .unwrap();
        if self.machines[fewest].held() < places {
            self.machines[fewest].prompts.push_back(request);
            if self.machines[fewest].until.is_infinite() {
                self.begin(fewest, now);
            }
        } else if (self.queue.len() as f64) < (capacity_rps * patience).floor() {
            self.queue.push_back(request);
        } else {
            self.seen.refused += 1.0;
        }
    }
}

/// Lengths with a mean: exponential, as published prompts nearly are.
fn drawn(mean: f64, rng: &mut impl rand::Rng) -> f64 {
    (-(1.0 - rng.random::<f64>()).ln() * mean).ceil().max(1.0)
}

/// Simulates so many requests after as many to warm up as a tenth of them.
fn simulate(replica: &Replica, load: &Load, tokens: Tokens, count: u32) -> Seen {
    let mut rng = Streams::new(7, 0).stream("exact");
    let mut world = World {
        replica,
        machines: (0..load.replicas)
            .map(|_| Machine {
                until: f64::INFINITY,
                ..Machine::default()
            })
            .collect(),
        queue: VecDeque::new(),
        targets: load.targets_s,
        seen: Seen::default(),
    };
    let capacity_rps = f64::from(load.replicas) * load.pace.rate(f64::from(load.batch_max));
    let (mut arrived, mut next) = (0, 0.0);
    while arrived < count {
        let (m, until) = world
            .machines
            .iter()
            .map(|m| m.until)
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap();
        if until <= next {
            world.end(m, until);
            continue;
        }
        if arrived == count / 10 {
            world.seen = Seen::default();
        }
        let request = Request {
            arrived: next,
            read: drawn(tokens.read, &mut rng),
            written: drawn(tokens.written, &mut rng),
        };
        world.arrive(request, next, load.patience_s, capacity_rps);
        arrived += 1;
        next -= (1.0 - rng.random::<f64>()).ln() / load.rate_rps;
    }
    world.seen.first.sort_by(f64::total_cmp);
    world.seen
}

/// Simulation and approximation of so many B200 replicas at a share of their capacity.
fn both(
    replicas: u32,
    batch_max: u32,
    share: f64,
    target_tokens_per_s: f64,
    count: u32,
) -> (Seen, Served, Load) {
    let replica = Preset::Glm5B200.replica(batch_max);
    let tokens = Tokens {
        read: 1_000.0,
        written: 276.0,
    };
    let pace = replica.pace(tokens, 1.0);
    let load = Load {
        replicas,
        batch_max,
        rate_rps: share * f64::from(replicas) * pace.rate(f64::from(batch_max)),
        pace,
        step_s: (replica.base_s, replica.per_request_s),
        burstiness: 1.0,
        patience_s: 30.0,
        targets_s: (0.5, 1.0 / target_tokens_per_s),
    };
    (simulate(&replica, &load, tokens, count), load.serve(), load)
}

fn compare(what: &str, seen: &Seen, served: &Served, load: &Load) -> [f64; 6] {
    let p = |share: f64| seen.first[(share * (seen.first.len() - 1) as f64) as usize];
    let by = |seconds: f64| served.first_token.by(seconds);
    let within = seen.within / seen.offered;
    let step = seen.per_token / seen.done;
    let answered = load.rate_rps * (1.0 - served.refused);
    let model_step = served.in_batches / (answered * load.pace.written);
    println!(
        "{what}: within {within:.4} model {:.4}; refused {:.4} model {:.4}; ms a token {:.2} model {:.2}; model's share by p50 {:.3} p95 {:.4} p99 {:.4}",
        served.within,
        seen.refused / seen.offered,
        served.refused,
        step * 1e3,
        model_step * 1e3,
        by(p(0.5)),
        by(p(0.95)),
        by(p(0.99)),
    );
    [
        served.within - within,
        served.refused - seen.refused / seen.offered,
        model_step / step - 1.0,
        by(p(0.5)),
        by(p(0.95)),
        by(p(0.99)),
    ]
}

/// Replicas, batch, share of capacity, promised tokens a second, and how far off the share within both targets may be.
/// Where the promise cuts through the middle of the law of the batch, the batch that a request meets on arrival stands
/// for that of its whole stay.
const CASES: [(u32, u32, f64, f64, f64); 8] = [
    (1, 64, 0.5, 20.0, 0.005),
    (1, 32, 0.85, 20.0, 0.02),
    (4, 64, 0.7, 32.0, 0.005),
    (4, 64, 0.7, 55.0, 0.06),
    (16, 64, 0.8, 32.0, 0.005),
    (16, 32, 0.95, 20.0, 0.01),
    (16, 32, 1.1, 20.0, 0.005),
    (4, 32, 1.3, 20.0, 0.005),
];

#[test]
fn the_queue_agrees_with_every_request_simulated() {
    for (replicas, batch, share, target, close) in CASES {
        // Beyond capacity it takes minutes until the queue is full.
        let count = if share > 1.0 { 600_000 } else { 60_000 };
        let (seen, served, load) = both(replicas, batch, share, target, count);
        let what = format!("{replicas} x {batch} at {share}, {target} tokens/s");
        let [within, refused, step, p50, p95, p99] = compare(&what, &seen, &served, &load);
        assert!(within.abs() < close, "{what}: within {within}");
        assert!(refused.abs() < 0.01, "{what}: refused {refused}");
        assert!(step.abs() < 0.01, "{what}: step {step}");
        // Beyond capacity all waits are the patience, to a few percent: no share of a law that narrow means anything.
        if share < 1.0 {
            assert!((p50 - 0.5).abs() < 0.06, "{what}: p50 {p50}");
            assert!((p95 - 0.95).abs() < 0.015, "{what}: p95 {p95}");
            assert!((p99 - 0.99).abs() < 0.015, "{what}: p99 {p99}");
        }
    }
}
