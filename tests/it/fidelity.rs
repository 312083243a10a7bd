//! Fidelities of demand: a year of redrawn weeks as jobs, as sampled weeks and as a flow, with outages and heat; what a
//! run says of its own error; growth that breaks.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use repower::random::Streams;
use repower::scenario::load::{LoadOptions, load};
use repower::scenario::spec::Fidelity;
use repower::sim::Setup;
use repower::sim::fidelity::{Compared, compare};
use repower::sim::pool::{FlowSetup, Pool, PoolPlan};
use repower::time::{Calendar, SimTime, Span};
use repower::units::Ratio;
use repower::workload::demand::{WeekDemand, WeekSampler, sampled_weeks};
use repower::workload::estimate::EstimateSpec;
use repower::workload::fluid::Offer;
use repower::workload::fluid::fit::{Subject, episodes, fit};
use repower::workload::growth::Growth;
use repower::workload::job::Trace;
use repower::workload::scheduler::{Overheads, PolicyKind, Settings};
use repower::workload::synthetic::{SyntheticTraceSpec, generate};

use crate::hand_made::{World, near, number};

const GPUS: u32 = 2_048;
const WEEKS: u32 = 52;
/// Power of a GPU's share of its system, kW, the share of it that an idle one draws, and power usage effectiveness:
/// round figures, the same for all fidelities.
const GPU_KW: f64 = 1.3;
const IDLE: f64 = 0.3;
const PUE: f64 = 1.25;

/// What a year of a pool came to.
#[derive(Debug, Clone, Copy)]
struct Year {
    served_gpu_h: f64,
    spot_gpu_h: f64,
    mean_wait_s: f64,
    /// Energy of the systems at the meter: those at work by their share of dynamic power, the others idle.
    energy_mwh: f64,
    /// Jobs that went elsewhere.
    withdrawn: f64,
    /// Lost over done.
    lost: f64,
    took: Duration,
}

/// A pool's trace, split: surfaces are fitted on one part of its weeks, years are drawn from the other.
struct Split {
    judged: Arc<WeekSampler>,
    flow: FlowSetup,
}

fn settings() -> Settings {
    Settings {
        gpus_max: GPUS,
        patience: Some(Span::from_hours(72)),
        queue_max: Some(1_000_000),
        overheads: Overheads {
            checkpoint: Span::ZERO,
            restart: Span::from_seconds(300),
        },
        ..Settings::constant(0)
    }
}

fn demand(copies: f64) -> WeekDemand {
    WeekDemand {
        estimates: EstimateSpec::default(),
        copies,
        spot_share: Ratio::from_percent(20.0),
        checkpoint: Span::from_hours(1),
    }
}

impl Split {
    /// Fits on the odd weeks and judges on the even ones; `whole`: on other draws of the same weeks.
    fn new(trace: &Trace, whole: bool) -> Self {
        let all = WeekSampler::new(trace).unwrap();
        let fitted = all.part(|week| whole || week % 2 == 1);
        let subject = Subject {
            sampler: &fitted,
            policy: PolicyKind::Easy,
            settings: settings(),
            quotas: &[],
            layout: None,
            demand: demand(1.0),
            streams: Streams::shared(11),
            purpose: "surface",
        };
        let offer = Offer::new(&fitted, &settings(), Span::from_hours(1));
        let surface = Arc::new(fit(&subject, &Arc::new(offer)));
        let judged = all.part(|week| whole || week % 2 == 0);
        let offer = Arc::new(Offer::new(&judged, &settings(), Span::from_hours(1)));
        Self {
            judged: Arc::new(judged),
            flow: FlowSetup { offer, surface },
        }
    }

    /// A year at a fidelity, hour by hour as the world does it.
    fn year(&self, fidelity: (Fidelity, u32), load: f64, seed: u64) -> Year {
        let copies = load * f64::from(GPUS) / self.judged.mean_gpus();
        let streams = Streams::new(seed, 0);
        let power = episodes(GPUS, WEEKS, &mut streams.stream("episodes"));
        let monday = SimTime::from_unix_s(4 * 86_400);
        let mut simulated = match fidelity.0 {
            Fidelity::Fluid => Vec::new(),
            other => vec![other == Fidelity::Jobs; WEEKS as usize],
        };
        if fidelity.0 == Fidelity::SampledWeeks {
            for week in sampled_weeks(WEEKS, fidelity.1, &streams, "demand/pool") {
                simulated[week.week as usize] = true;
            }
        }
        let plan = PoolPlan {
            tenant: "pool".to_owned(),
            policy: PolicyKind::Easy,
            settings: settings(),
            quotas: Vec::new(),
            layout: None,
            demand: demand(copies),
            growth: Growth::new(monday, 0.0, &[], &Calendar::of_zone("UTC").unwrap()),
            monday,
            start: monday,
            simulated,
            flow: (fidelity.0 != Fidelity::Jobs).then(|| self.flow.clone()),
        };
        let started = Instant::now();
        let mut pool = Pool::new(plan, Arc::clone(&self.judged), false);
        let mut year = run(&mut pool, &streams, (monday, &power));
        year.took = started.elapsed();
        year
    }
}

fn run(pool: &mut Pool, streams: &Streams, (monday, power): (SimTime, &[(u32, u16)])) -> Year {
    let mut now = monday;
    let (mut served, mut spot, mut kwh) = (0.0, 0.0, 0.0);
    let mut before = pool.integral();
    for (hour, &(gpus, speed)) in power.iter().enumerate() {
        let was = pool.capacity();
        if hour > 0 && hour % 168 == 0 {
            pool.turn_week(streams);
        }
        pool.set(gpus, speed);
        if was == 0 && gpus > 0 && !pool.is_open() {
            pool.turn_week(streams);
        }
        now += Span::from_hours(1);
        pool.run_until(now);
        let after = pool.integral();
        let speed = f64::from(speed) / 1_000.0;
        let gpu_h = f64::from(gpus) * speed / 3_600.0;
        // A cap takes dynamic power in proportion to speed.
        let drawing = (after.drawing - before.drawing) / 3_600.0 * speed;
        kwh += PUE * GPU_KW * f64::from(gpus) * (IDLE + (1.0 - IDLE) * drawing);
        served += (after.share() - before.share()) * gpu_h;
        spot += (after.spot - before.spot) * gpu_h;
        before = after;
    }
    let totals = pool.totals();
    Year {
        served_gpu_h: served,
        spot_gpu_h: spot,
        mean_wait_s: totals.wait_s / totals.started,
        energy_mwh: kwh / 1e3,
        withdrawn: totals.withdrawn,
        lost: totals.lost_gpu_s / totals.work_gpu_s,
        took: Duration::ZERO,
    }
}

fn synthetic() -> Trace {
    generate(
        &SyntheticTraceSpec::default(),
        &mut Streams::shared(1).stream("demand/synthetic"),
    )
}

#[test]
fn a_year_of_other_weeks_flows_as_its_jobs_do_with_outages_and_heat() {
    let split = Split::new(&synthetic(), false);
    for load in [0.65, 0.78, 0.9, 1.1] {
        let jobs = split.year((Fidelity::Jobs, 0), load, 5);
        for (fidelity, weeks) in [(Fidelity::Fluid, 0), (Fidelity::SampledWeeks, 4)] {
            let own = split.year((fidelity, weeks), load, 5);
            let what = |quantity: &str| format!("{quantity} of {} at load {load}", fidelity.as_str());
            near(
                &what("served GPU-hours"),
                own.served_gpu_h,
                jobs.served_gpu_h,
                0.02,
            );
            near(&what("energy"), own.energy_mwh, jobs.energy_mwh, 0.02);
            near(&what("spot GPU-hours"), own.spot_gpu_h, jobs.spot_gpu_h, 0.1);
            if load < 1.0 {
                near(&what("mean wait"), own.mean_wait_s, jobs.mean_wait_s, 0.10);
            }
        }
    }
}

#[test]
#[ignore = "prints figures for the documents; REPOWER_TRACE names a trace file, else the synthetic one is taken; REPOWER_WHOLE fits on other draws of the same weeks, not on other weeks"]
fn print_errors_of_fidelities() {
    let trace = match std::env::var("REPOWER_TRACE") {
        Ok(path) => repower::workload::trace::read(std::fs::File::open(&path).unwrap(), None, &path).unwrap(),
        Err(_) => synthetic(),
    };
    let split = Split::new(&trace, std::env::var_os("REPOWER_WHOLE").is_some());
    for load in [0.5, 0.65, 0.78, 0.9, 1.1] {
        let cells = [
            (Fidelity::Fluid, 0),
            (Fidelity::SampledWeeks, 4),
            (Fidelity::SampledWeeks, 12),
        ];
        for seed in 5..8 {
            let jobs = split.year((Fidelity::Jobs, 0), load, seed);
            println!("load {load} seed {seed}: {jobs:.4?}");
            for cell in cells {
                let own = split.year(cell, load, seed);
                println!(
                    "   {:?}: served {:+.2} %, energy {:+.2} %, spot {:+.2} %, wait {:+.1} % ({:.0} s), withdrawn {:.0}, lost {:.4}, {:.2} ms, {:.0} times faster",
                    cell,
                    (own.served_gpu_h / jobs.served_gpu_h - 1.0) * 100.0,
                    (own.energy_mwh / jobs.energy_mwh - 1.0) * 100.0,
                    (own.spot_gpu_h / jobs.spot_gpu_h - 1.0) * 100.0,
                    (own.mean_wait_s / jobs.mean_wait_s - 1.0) * 100.0,
                    own.mean_wait_s,
                    own.withdrawn,
                    own.lost,
                    own.took.as_secs_f64() * 1e3,
                    jobs.took.as_secs_f64() / own.took.as_secs_f64()
                );
            }
        }
    }
}

/// The default scenario with so many copies of its trace, and what its world comes to in the first year of the pool.
fn default_year(copies: u32, fidelity: &str) -> Compared {
    let set = [
        format!("tenants.open-market.on_demand.jobs.copies={copies}"),
        format!("run.fidelity=\"{fidelity}\""),
        "run.replications=1".to_owned(),
        // The pool opens in the second year; four cost less than ten.
        "years=4".to_owned(),
    ];
    let options = LoadOptions {
        set: set.to_vec(),
        ..LoadOptions::default()
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/default.toml");
    let scenario = load(Some(&file), &options).unwrap();
    let setup = Setup::new(&scenario);
    let strategy = scenario
        .spec
        .strategies
        .iter()
        .position(|s| s.id.as_str() == "gpu-cloud");
    compare(&scenario, &setup, strategy.unwrap(), scenario.spec.run.fidelity).unwrap()
}

#[test]
fn in_the_whole_world_work_revenue_and_energy_of_a_flow_are_those_of_jobs() {
    for copies in [2, 3, 4] {
        let Compared { jobs, coarse, .. } = default_year(copies, "fluid");
        let what = |quantity: &str| format!("{quantity} at {copies} copies");
        near(&what("served"), coarse.served_gpu_h, jobs.served_gpu_h, 0.02);
        near(&what("revenue"), coarse.revenue_usd, jobs.revenue_usd, 0.02);
        near(&what("IT energy"), coarse.gpu_it_mwh, jobs.gpu_it_mwh, 0.02);
        near(&what("energy"), coarse.energy_mwh, jobs.energy_mwh, 0.02);
        if jobs.mean_wait_s > 60.0 {
            near(&what("mean wait"), coarse.mean_wait_s, jobs.mean_wait_s, 0.1);
        } else {
            // Where hardly anybody waits, what matters is that hardly anybody does.
            assert!(coarse.mean_wait_s < 60.0, "{}: {coarse:?}", what("mean wait"));
        }
    }
}

#[test]
fn a_run_states_its_fidelity_and_what_it_is_off() {
    let world = World::new();
    let jobs = world.run("stay-mining", &[]);
    assert!(
        !jobs.dir.join("fidelity.csv").exists(),
        "nothing to compare at `jobs`"
    );
    let fluid = world.run("stay-mining", &["run.fidelity=\"fluid\""]);
    let rows = fluid.rows("fidelity.csv");
    let quantities: Vec<&str> = rows.iter().map(|row| row["quantity"].as_str()).collect();
    assert_eq!(
        quantities,
        [
            "served_gpu_hours",
            "revenue",
            "mean_wait",
            "gpu_it_energy",
            "energy"
        ]
    );
    // Two jobs of 64 GPUs for half an hour in each hour, 128 of 256 GPUs for half of the time, through 2026.
    near("served at `jobs`", number(&rows[0], "jobs"), 64.0 * 8_760.0, 1e-3);
    for row in rows.iter().filter(|row| row["quantity"] != "mean_wait") {
        let error = number(row, "error_percent");
        assert!(error.abs() < 0.1, "{row:?}");
    }
    let memo = std::fs::read_to_string(fluid.dir.join("memo.md")).unwrap();
    assert!(
        memo.contains("fidelity.csv") && memo.contains("Error of"),
        "{memo}"
    );
    let off = world.run(
        "stay-mining",
        &["run.fidelity=\"fluid\"", "run.fidelity_check=false"],
    );
    assert!(!off.dir.join("fidelity.csv").exists());
    let manifest = std::fs::read_to_string(off.dir.join("manifest.json")).unwrap();
    assert!(manifest.contains("`run.fidelity_check` is off"));
}

#[test]
fn a_regime_changes_the_number_of_jobs_from_its_day_at_every_fidelity() {
    let world = World::new();
    // Half of the jobs from Monday 6 July on: 26 weeks lose half of 64 GPU-hours an hour, at 2 USD.
    let regime = "tenants.open.on_demand.jobs.regimes=[{ from = \"2026-07-06\", factor = 0.5 }]";
    for fidelity in ["jobs", "fluid"] {
        let fidelity = format!("run.fidelity=\"{fidelity}\"");
        let steady = world.run("stay-mining", &[&fidelity]);
        let halved = world.run("stay-mining", &[&fidelity, regime]);
        let served = |run: &crate::hand_made::Run, month| run.monthly("gpu_hours_served", month);
        for month in ["2026-03", "2026-06"] {
            near("before", served(&halved, month), served(&steady, month), 1e-9);
        }
        let lost = served(&steady, "2026-09") - served(&halved, "2026-09");
        // A thinned week keeps each job by chance: 168 x 4.3 of 2 x 720 jobs, 3 % of standard deviation.
        near("September", lost, 32.0 * 720.0, 0.12);
    }
}
