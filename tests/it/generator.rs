//! `repower fit`, and generators as the jobs of a scenario.

use std::fmt::Write as _;

use repower::random::Streams;
use repower::time::{SimTime, Span, WEEK_S};
use repower::units::Ratio;
use repower::workload::demand::{WeekDemand, WeekSampler};
use repower::workload::estimate::EstimateSpec;
use repower::workload::generator::fit::size_classes;
use repower::workload::generator::{Draw, ModelSpec, Sample, draw, fit, generate};
use repower::workload::replay::replay;
use repower::workload::scheduler::{Easy, Finished, Observer, Settings};
use repower::workload::synthetic::{self, SyntheticTraceSpec};
use repower::workload::trace;

use crate::hand_made::{Run, World, near};
use crate::support::{Place, said};

/// Jobs of one and of eight GPUs by the hundred, more by day than by night.
const MODEL: &str = "format = 1
[[classes]]
sizes = [[1, 1]]
jobs_per_week = 600
hours = [1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1]
bursts = [{ lasts_hours = 6, log_variance = 0.4 }]
run_times = [[0, 60], [1, 6000]]
memory = [{ lasts_hours = 2, share = 0.5 }]
[[classes]]
sizes = [[8, 1]]
jobs_per_week = 100
run_times = [[0, 600], [1, 60000]]
";

/// Native jobs drawn from the model.
fn jobs(weeks: usize) -> String {
    let model = ModelSpec::read(MODEL.as_bytes(), "model").unwrap();
    let mut rng = Streams::shared(3).stream("test");
    let mut text = "job_id,submit_s,gpus,duration_s\n".to_owned();
    for job in draw(&model, &Draw::hours(weeks * 168), &mut rng) {
        writeln!(
            text,
            "{},{},{},{}",
            job.id, job.submit_s, job.gpus, job.duration_s
        )
        .unwrap();
    }
    text
}

fn place(weeks: usize) -> Place {
    let place = Place::new();
    place.write("jobs.csv", jobs(weeks));
    place
}

fn table(place: &Place, more: &[&str]) -> serde_json::Value {
    let mut command = place.repower(&["fit", "jobs.csv", "--out", "g.toml", "--force", "--json"]);
    let done = command.args(more).assert().success();
    serde_json::from_slice(&done.get_output().stdout).unwrap()
}

#[test]
fn a_fit_is_written_read_back_and_held_against_the_half_that_it_did_not_see() {
    let place = place(12);
    let found = table(&place, &[]);
    assert_eq!(
        (&found["blocks"], &found["block_word"]),
        (&12.into(), &"weeks".into())
    );
    let model = ModelSpec::read(std::fs::File::open(place.path("g.toml")).unwrap(), "g.toml").unwrap();
    assert_eq!(model.classes.len(), 2);
    assert!(
        model.fitted_to.ends_with("12 whole weeks of jobs.csv"),
        "{}",
        model.fitted_to
    );
    // 700 a week; the noise of 8,400 Poisson jobs is 1.1 %.
    assert!((model.jobs_per_week() / 700.0 - 1.0).abs() < 0.04);
    let rows = found["rows"].as_array().unwrap();
    let row = |of: &str, figure: &str| {
        let found = rows.iter().find(|row| row["of"] == of && row["figure"] == figure);
        found.unwrap_or_else(|| panic!("{of} {figure}"))
    };
    let number = |row: &serde_json::Value, column: &str| row[column].as_f64().unwrap();
    let load = row("all", "load_gpus");
    near("load", number(load, "generated"), number(load, "trace"), 0.05);
    let day = row("all", "arrivals_in_other_hours_percent");
    // An even day would be a sixth apart: twelve hours of 1/48 instead of 3/48.
    assert!(number(day, "generated") < 10.0, "{day}");
    let ks = row("gpus 5-8", "run_time_ks_percent");
    assert!(number(ks, "generated") < 3.0 && number(ks, "odd") > 1.0, "{ks}");
    // What really comes from the model is within the distance of its own halves, but for chance.
    let judged: Vec<bool> = rows.iter().filter_map(|row| row["within"].as_bool()).collect();
    let within = judged.iter().filter(|within| **within).count();
    assert!(
        judged.len() > 40 && within * 10 > judged.len() * 8,
        "{within} of {}",
        judged.len()
    );
}

#[test]
fn the_same_seed_gives_the_same_files_and_another_one_other_jobs() {
    let place = place(4);
    let files = |seed: &str| {
        table(&place, &["--jobs", "drawn.csv", "--days", "70", "--seed", seed]);
        let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
        (read("g.toml"), read("drawn.csv"))
    };
    let (first, second, other) = (files("5"), files("5"), files("6"));
    assert_eq!(first, second);
    assert_eq!(first.0, other.0);
    assert_ne!(first.1, other.1);
    // Ten weeks of 700 jobs, and one line of header.
    let lines = first.1.lines().count() as f64 - 1.0;
    assert!((lines / 7_000.0 - 1.0).abs() < 0.05, "{lines}");
    place
        .repower(&["replay", "drawn.csv", "--gpus", "64"])
        .assert()
        .success();
}

#[test]
fn drawn_jobs_grow_and_change_their_regime() {
    let place = place(4);
    let counted = |more: &[&str]| {
        let mut all = vec!["--jobs", "drawn.csv", "--days", "728", "--draws", "1"];
        all.extend(more);
        table(&place, &all);
        let text = std::fs::read_to_string(place.path("drawn.csv")).unwrap();
        let submits = text
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(1).unwrap().parse::<f64>().unwrap());
        let (early, late): (Vec<f64>, Vec<f64>) = submits.partition(|submit| *submit < 364.0 * 86_400.0);
        (early.len() as f64, late.len() as f64)
    };
    let (early, late) = counted(&[]);
    near("steady", late / early, 1.0, 0.05);
    // 50 % a year: the second year has 1.5^(364/365.25) times the first.
    let (early, late) = counted(&["--growth-percent-per-year", "50"]);
    near("grown", late / early, 1.5_f64.powf(364.0 / 365.25), 0.05);
    // The year from 2026-01-05 ends with 2027-01-03.
    let (early, late) = counted(&["--regime", "2027-01-04:0.25"]);
    near("shrunk", late / early, 0.25, 0.05);
}

#[test]
fn what_cannot_be_fitted_or_written_is_refused_and_nothing_is_left() {
    let place = place(4);
    let refused = |args: &[&str], code: i32, message: &str| {
        let done = place.repower(args).assert().code(code).stdout("");
        assert!(said(&done).contains(message), "{}", said(&done));
        assert!(!place.path("g.toml").exists() && !place.path("drawn.csv").exists());
    };
    refused(
        &["fit", "absent.csv", "--out", "g.toml"],
        2,
        "`absent.csv` could not be opened",
    );
    place.write("short.csv", "job_id,submit_s,gpus,duration_s\n1,0,1,5\n2,9,1,5\n");
    refused(
        &["fit", "short.csv", "--out", "g.toml"],
        2,
        "short.csv: the trace holds no two whole days (2 jobs)",
    );
    place.write("bad.csv", "job_id,submit_s,gpus,duration_s\n1,0,0,5\n");
    refused(
        &["fit", "bad.csv", "--out", "g.toml"],
        2,
        "bad.csv:2: column `gpus`",
    );
    refused(
        &["fit", "jobs.csv", "--out", "g.toml", "--gpus", "4"],
        2,
        "the largest job needs 8 GPUs",
    );
    refused(
        &["fit", "jobs.csv", "--out", "g.toml", "--days", "9"],
        2,
        "--jobs",
    );
    refused(
        &[
            "fit",
            "jobs.csv",
            "--out",
            "g.toml",
            "--jobs",
            "drawn.csv",
            "--regime",
            "soon:2",
        ],
        2,
        "is not a date",
    );
    refused(
        &[
            "fit",
            "jobs.csv",
            "--out",
            "g.toml",
            "--jobs",
            "drawn.csv",
            "--days",
            "36500",
            "--growth-percent-per-year",
            "300",
        ],
        2,
        "at most 20000000 are written",
    );
}

#[test]
fn an_output_that_is_there_stays_unless_it_may_be_replaced() {
    let place = place(4);
    place.write("taken.toml", "mine");
    let taken = &["fit", "jobs.csv", "--out", "taken.toml"];
    place.repower(taken).assert().code(3);
    place
        .repower(&["fit", "jobs.csv", "--out", "g.toml", "--jobs", "taken.toml"])
        .assert()
        .code(3);
    assert!(!place.path("g.toml").exists());
    assert_eq!(std::fs::read_to_string(place.path("taken.toml")).unwrap(), "mine");
    place.repower(taken).arg("--force").assert().success();
    assert!(
        std::fs::read_to_string(place.path("taken.toml"))
            .unwrap()
            .contains("[[classes]]")
    );
}

/// Gangs of 64 GPUs, 168 a week for half an hour: a mean of 32 GPUs, on a pool of 256.
const GANGS: &str =
    "format = 1\n[[classes]]\nsizes = [[64, 1]]\njobs_per_week = 168\nrun_times = [[0, 1800], [1, 1800]]\n";

/// What the pool served beside the block, GPU-hours of the year.
fn pool_hours(run: &Run) -> f64 {
    let months = (1..=12).map(|month| run.monthly("gpu_hours_served", &format!("2026-{month:02}")));
    months.sum::<f64>() - 0.9 * 2_880.0 * 8_760.0
}

#[test]
fn a_generator_is_the_demand_of_a_pool_from_a_file_or_written_out() {
    let world = World::new();
    std::fs::write(world.path("g.toml"), GANGS).unwrap();
    let run = |what: &str| {
        let set = format!("tenants.open.on_demand.jobs.trace={{ generator = {{ {what} }} }}");
        world.run("stay-mining", &[&set])
    };
    let inline = "model = { format = 1, classes = [{ sizes = [[64, 1]], jobs_per_week = 168, run_times = [[0, 1800], [1, 1800]] }] }";
    let (file, written) = (run("file = \"g.toml\""), run(inline));
    // 32 GPU-hours an hour: a year redrawn from 26 weeks of 168 Poisson jobs, standard deviation 1.8 %.
    near("served", pool_hours(&file), 32.0 * 8_760.0, 0.06);
    assert_eq!(pool_hours(&file).to_bits(), pool_hours(&written).to_bits());
    // Twice the load: twice the jobs.
    let twice = run("file = \"g.toml\", mean_gpus = 64");
    near("served", pool_hours(&twice), 64.0 * 8_760.0, 0.05);
    // At two dollars an hour each of them is revenue.
    let more = twice.cash_of_year("gpu_on_demand_revenue") - file.cash_of_year("gpu_on_demand_revenue");
    near(
        "revenue",
        more,
        2.0 * (pool_hours(&twice) - pool_hours(&file)),
        0.02,
    );
    let manifest = std::fs::read_to_string(file.dir.join("manifest.json")).unwrap();
    assert!(manifest.contains("g.toml"));
}

#[test]
fn growth_and_regimes_act_on_a_generator() {
    let world = World::new();
    let trace = format!(
        "tenants.open.on_demand.jobs.trace={{ generator = {{ model = {{ {} }} }} }}",
        "format = 1, classes = [{ sizes = [[64, 1]], jobs_per_week = 168, run_times = [[0, 1800], [1, 1800]] }]"
    );
    let half = |run: &Run, from: u32| -> f64 {
        let months =
            (from..from + 6).map(|month| run.monthly("gpu_hours_served", &format!("2026-{month:02}")));
        let hours = if from == 1 { 181.0 } else { 184.0 } * 24.0;
        months.sum::<f64>() / hours - 0.9 * 2_880.0
    };
    let doubled = "tenants.open.on_demand.jobs.regimes=[{ from = \"2026-07-01\", factor = 2 }]";
    let (usual, grown) = (
        world.run("stay-mining", &[&trace]),
        world.run("stay-mining", &[&trace, doubled]),
    );
    near("before", half(&grown, 1), half(&usual, 1), 0.01);
    near("after", half(&grown, 7), 64.0, 0.07);
}

#[test]
fn a_generator_that_makes_no_sense_is_refused_at_its_place() {
    let world = World::new();
    std::fs::write(world.path("bad.toml"), GANGS.replace("[1, 1800]", "[1, 180]")).unwrap();
    let said = |what: &str| {
        let set = format!("tenants.open.on_demand.jobs.trace={{ generator = {{ {what} }} }}");
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_repower"));
        command
            .current_dir(world.path("."))
            .args(["validate", "world.toml"]);
        let done = command.args(["--set", &set]).assert().code(2);
        said(&done)
    };
    let bad = said("file = \"bad.toml\"");
    assert!(
        bad.contains("bad.toml: classes[0].run_times[1]: shares and seconds never fall"),
        "{bad}"
    );
    assert!(said("weeks = 4").contains("exactly one of `file` and `model`"));
    assert!(said("file = \"absent.toml\"").contains("absent.toml"));
    assert!(said("file = \"../g.toml\"").contains("not a path inside the folder"));
    let many = "model = { format = 1, classes = [{ sizes = [[1, 1]], jobs_per_week = 9e7, run_times = [[0, 1], [1, 1]] }] }";
    assert!(said(many).contains("at most 20000000"));
}

/// Waits of jobs that were submitted after the warm-up.
struct Late {
    from: SimTime,
    sum_s: f64,
    jobs: f64,
}

impl Observer for Late {
    fn finished(&mut self, finished: &Finished) {
        if finished.job.submit_s >= self.from.as_unix_s() {
            self.sum_s += finished.waited.as_seconds() as f64;
            self.jobs += 1.0;
        }
    }
}

/// Mean wait of a year of redrawn weeks after four of warm-up, EASY on 2,048 GPUs.
fn mean_wait_s(sampler: &WeekSampler, copies: f64, replication: u64) -> f64 {
    let demand = WeekDemand {
        copies,
        spot_share: Ratio::from_percent(0.0),
        checkpoint: Span::ZERO,
        estimates: EstimateSpec::Known,
    };
    let (mut jobs, mut week_jobs) = (Vec::new(), Vec::new());
    for week in 0..56 {
        let starts = SimTime::from_unix_s(i64::from(week) * WEEK_S);
        let streams = Streams::new(1, replication);
        sampler.arrivals(&streams, "pool", (week, starts), &demand, &mut week_jobs);
        jobs.append(&mut week_jobs);
    }
    let mut late = Late {
        from: SimTime::from_unix_s(4 * WEEK_S),
        sum_s: 0.0,
        jobs: 0.0,
    };
    replay::<Easy, _>(&jobs, Settings::constant(2_048), &[], &mut late);
    late.sum_s / late.jobs
}

#[test]
#[ignore = "prints figures for the documents; REPOWER_TRACE names a trace of about 457 GPUs of load"]
fn print_waits_of_generated_weeks() {
    let path = std::env::var("REPOWER_TRACE").unwrap();
    let trace = trace::read(std::fs::File::open(&path).unwrap(), None, &path).unwrap();
    let sample = Sample::new(&trace).unwrap();
    let model = fit(&sample, &size_classes(&sample), String::new()).unwrap();
    let mut rng = Streams::shared(1).stream("trace/pool");
    let generated = generate(&model, 26, Some(457.4), &mut rng);
    let synthetic = synthetic::generate(&SyntheticTraceSpec::default(), &mut rng);
    for (name, trace) in [
        ("trace", &trace),
        ("generated", &generated),
        ("synthetic", &synthetic),
    ] {
        let sampler = WeekSampler::new(trace).unwrap();
        for copies in [3.0, 3.5, 4.0] {
            let waits: Vec<f64> = (0..10).map(|r| mean_wait_s(&sampler, copies, r)).collect();
            let mean = waits.iter().sum::<f64>() / 10.0;
            let error = (waits.iter().map(|w| (w - mean) * (w - mean)).sum::<f64>() / 90.0).sqrt();
            let load = sampler.mean_gpus() * copies / 2_048.0;
            println!("{name} copies {copies} load {load:.3} mean wait {mean:.0} +- {error:.0} s");
        }
    }
}
