//! What the queue can do, seen from a run: power of jobs, residency, quotas, preemption; and a run's jobs replayed.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;

use assert_cmd::Command;
use predicates::str::contains;

use crate::hand_made::{BLOCK, Row, Run, SERVING, World, near, number};

/// Hours of July.
const JULY_H: f64 = 744.0;
/// GPU-hours that the reserved block serves in July.
const BLOCK_H: f64 = 0.9 * BLOCK * JULY_H;

/// A world whose weeks hold two jobs an hour: at five past and, for half an hour, at ten past. Each is given by its
/// GPUs and the fields after `duration_s`; the first runs for half an hour too.
fn hourly(columns: &str, first: (u32, &str), second: (u32, &str)) -> World {
    hourly_for(1_800, columns, first, second)
}

/// The same, where the first runs for another time.
fn hourly_for(first_s: u32, columns: &str, first: (u32, &str), second: (u32, &str)) -> World {
    let world = World::new();
    let mut text = format!("job_id,submit_s,gpus,duration_s,{columns}\n");
    for hour in 0..168 {
        let at = hour * 3_600;
        let _ = writeln!(
            text,
            "{},{},{},{first_s},{}",
            2 * hour,
            at + 300,
            first.0,
            first.1
        );
        let _ = writeln!(
            text,
            "{},{},{},1800,{}",
            2 * hour + 1,
            at + 600,
            second.0,
            second.1
        );
    }
    fs::write(world.path("jobs.csv"), text).unwrap();
    world
}

/// Jobs of July by second of the hour at which they were submitted.
fn of_july(run: &Run, second: i64) -> Vec<Row> {
    let mut jobs = run.rows("jobs.csv");
    // Local July begins at second 181 days and no hour less, because clocks went forward: 181 * 24 - 1 hours.
    let from = (181 * 24 - 1) * 3_600;
    jobs.retain(|job| {
        let submit = number(job, "submit_s") as i64;
        (from..from + 744 * 3_600).contains(&submit) && submit.rem_euclid(3_600) == second
    });
    assert_eq!(jobs.len(), 744);
    jobs
}

fn refused(world: &World, set: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
    command
        .current_dir(world.path(""))
        .args(["validate", "world.toml"]);
    for assignment in set {
        command.args(["--set", assignment]);
    }
    let done = command.assert().code(2);
    String::from_utf8(done.get_output().stderr.clone())
        .unwrap()
        .replace("\n  │ ", " ")
}

#[test]
fn jobs_at_half_power_draw_half_of_what_gpus_draw_beyond_idling() {
    let (full, half) = (
        hourly("power_fraction", (64, "1"), (64, "1")),
        hourly("power_fraction", (64, "0.5"), (64, "1")),
    );
    let (full, half) = (full.run("stay-mining", &[]), half.run("stay-mining", &[]));
    // Two jobs of 64 GPUs for half an hour each: 64 at work on average. The first kind draws for 16 instead of 32.
    let it = |drawing: f64| SERVING.it_mw(0.0, 0.9 * BLOCK + drawing) * JULY_H;
    near(
        "full",
        full.monthly("energy_gpu_it_mwh", "2026-07"),
        it(64.0),
        1e-9,
    );
    near(
        "half",
        half.monthly("energy_gpu_it_mwh", "2026-07"),
        it(48.0),
        1e-9,
    );
    let served = BLOCK_H + 64.0 * JULY_H;
    near(
        "served",
        half.monthly("gpu_hours_served", "2026-07"),
        served,
        1e-9,
    );
    near(
        "as before",
        full.monthly("gpu_hours_served", "2026-07"),
        served,
        1e-9,
    );
    let saved = (7.75 - 1.8) / 8.0 * 16.0 / 1e3 * JULY_H;
    let less = full.monthly("energy_gpu_it_mwh", "2026-07") - half.monthly("energy_gpu_it_mwh", "2026-07");
    near("saved", less, saved, 1e-6);
}

#[test]
fn jobs_that_must_stay_elsewhere_are_turned_away() {
    let world = hourly("residency", (64, "us"), (64, "no"));
    let run = world.run("stay-mining", &[]);
    assert!(
        of_july(&run, 300)
            .iter()
            .all(|job| job["end_reason"] == "finished")
    );
    assert!(
        of_july(&run, 600)
            .iter()
            .all(|job| job["end_reason"] == "residency")
    );
    let served = BLOCK_H + 32.0 * JULY_H;
    near("served", run.monthly("gpu_hours_served", "2026-07"), served, 1e-9);
    // The same site under another jurisdiction serves the others.
    let run = world.run("stay-mining", &["sites.mine.residency=\"no\""]);
    assert!(
        of_july(&run, 300)
            .iter()
            .all(|job| job["end_reason"] == "residency")
    );
    near("served", run.monthly("gpu_hours_served", "2026-07"), served, 1e-9);
}

#[test]
fn a_sovereign_tenant_gets_gpus_in_its_country_only() {
    let world = hourly("class", (64, "spot"), (64, "on_demand"));
    let text = fs::read_to_string(world.path("world.toml")).unwrap();
    let fjord = "\n[[sites]]\nid = \"fjord\"\ncountry = \"no\"\ntimezone = \"Europe/Oslo\"\n\
        weather = { file = \"weather.csv\", years = \"replayed\" }\n[sites.grid]\n\
        import_limit_mw = [{ from = \"2026-01-01\", mw = 1 }]\ncurtailment = { orders = [] }\n\
        [[sites.power_contracts]]\nid = \"spot\"\nclauses = [{ index = { price = \"da\" } }]\n";
    fs::write(world.path("world.toml"), text + fjord).unwrap();
    let served = |run: &Run| {
        let rows = run.rows("monthly.csv");
        let july = rows.iter().filter(|r| r["month"] == "2026-07");
        july.map(|r| number(r, "gpu_hours_served")).sum::<f64>()
    };
    let home = world.run("stay-mining", &["tenants.open.residency=\"us\""]);
    near("at home", served(&home), BLOCK_H + 64.0 * JULY_H, 1e-9);
    // A site stands in Norway, but without GPUs: those in Texas go to `late`, the next in the file, instead.
    let abroad = world.run("stay-mining", &["tenants.open.residency=\"no\""]);
    near("abroad", served(&abroad), BLOCK_H + 0.9 * 256.0 * JULY_H, 1e-9);
    let offered: f64 = abroad
        .rows("monthly.csv")
        .iter()
        .filter(|r| r["month"] == "2026-07")
        .map(|r| number(r, "gpu_hours_offered"))
        .sum();
    near("offered", offered, 3_136.0 * JULY_H, 1e-9);
    let block = world.run("stay-mining", &["tenants.anchor.residency=\"no\""]);
    near(
        "the block abroad",
        served(&block),
        (64.0 + 0.9 * 800.0) * JULY_H,
        1e-9,
    );
}

#[test]
fn claims_that_can_never_be_met_are_refused() {
    let world = World::new();
    let nowhere = refused(&world, &["tenants.open.residency=\"se\""]);
    assert!(
        nowhere.contains("residency") && nowhere.contains("`se`"),
        "{nowhere}"
    );
    let named = refused(&world, &["tenants.late.residency=\"se\""]);
    assert!(
        named.contains("the work of tenant `late` must stay in `se`, where none of these halls stands"),
        "{named}"
    );
    let quota = refused(&world, &["tenants.open.on_demand.jobs.quotas={ nobody = 8 }"]);
    assert!(quota.contains("nobody"), "{quota}");
    let preemption = refused(&world, &["tenants.open.on_demand.jobs.preemption=\"spot\""]);
    assert!(
        preemption.contains("under policy `priority` only"),
        "{preemption}"
    );
    let limit = refused(&world, &["tenants.open.on_demand.jobs.kills_at_limit=true"]);
    assert!(limit.contains("a limit needs `estimates`"), "{limit}");
}

#[test]
fn a_tenant_over_its_quota_waits_for_its_own_jobs() {
    let world = hourly("tenant", (64, "acme"), (64, "acme"));
    let run = world.run(
        "stay-mining",
        &["tenants.open.on_demand.jobs.quotas={ acme = 100 }"],
    );
    for job in of_july(&run, 600) {
        // The first runs from five past to 35 past.
        assert!(
            (number(&job, "start_s") - number(&job, "submit_s") - 1_500.0).abs() < 1e-9,
            "{job:?}"
        );
    }
    let wide = world.run(
        "stay-mining",
        &["tenants.open.on_demand.jobs.quotas={ acme = 128 }"],
    );
    assert!(
        of_july(&wide, 600)
            .iter()
            .all(|job| job["start_s"] == job["submit_s"])
    );
    near("wait", wide.metric("mean_wait_s"), 0.0, 1e-9);
    near("wait", run.metric("mean_wait_s"), 750.0, 1e-4);
}

#[test]
fn reserved_jobs_kill_spot_jobs_in_order_to_start() {
    let world = hourly_for(900, "class", (256, "spot"), (64, "reserved"));
    let set = ["tenants.open.on_demand.jobs.policy=\"priority\""];
    let run = world.run("stay-mining", &set);
    for job in of_july(&run, 300) {
        // Killed at ten past after 300 s, it waits until 40 past and needs its quarter of an hour again.
        assert_eq!(
            (job["restarts"].as_str(), number(&job, "lost_gpu_s")),
            ("1", 256.0 * 300.0)
        );
        assert!((number(&job, "start_s") - number(&job, "submit_s") - 2_100.0).abs() < 1e-9);
    }
    assert!(
        of_july(&run, 600)
            .iter()
            .all(|job| job["start_s"] == job["submit_s"])
    );
    let off = "tenants.open.on_demand.jobs.preemption=\"none\"";
    let run = world.run("stay-mining", &[set[0], off]);
    assert!(of_july(&run, 300).iter().all(|job| job["restarts"] == "0"));
    for job in of_july(&run, 600) {
        assert!(
            (number(&job, "start_s") - number(&job, "submit_s") - 600.0).abs() < 1e-9,
            "{job:?}"
        );
    }
}

/// A week of jobs that fill 256 GPUs to about six tenths, with queues.
fn busy_week() -> String {
    let mut state = 12_345_u64;
    let mut draw = |below: u64| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (state >> 8) % below
    };
    let mut text = "job_id,submit_s,gpus,duration_s\n".to_owned();
    let (mut work, mut id) = (0, 0);
    while work < 256 * 604_800 * 6 / 10 {
        let gpus = [1, 1, 2, 4, 8, 8, 16, 32, 64, 128][draw(10) as usize];
        let duration = 60 + draw(120) * draw(120);
        let _ = writeln!(text, "{id},{},{gpus},{duration}", draw(10_080) * 60);
        work += gpus * duration;
        id += 1;
    }
    text
}

#[test]
fn a_runs_jobs_and_capacity_replayed_start_and_end_at_the_same_seconds() {
    let world = World::new();
    fs::write(world.path("jobs.csv"), busy_week()).unwrap();
    for policy in ["fcfs", "easy"] {
        let set = [
            format!("tenants.open.on_demand.jobs.policy=\"{policy}\""),
            "tenants.open.on_demand.jobs.patience_hours=10000".to_owned(),
        ];
        let run = world.run("stay-mining", &[&set[0], &set[1]]);
        let starts = world.path(&format!("starts-{policy}.csv"));
        Command::new(env!("CARGO_BIN_EXE_repower"))
            .arg("replay")
            .arg(run.dir.join("jobs.csv"))
            .args(["--gpus", "256", "--policy", policy, "--format", "native"])
            .arg("--capacity")
            .arg(run.dir.join("capacity.csv"))
            .arg("--starts")
            .arg(&starts)
            .assert()
            .success()
            .stdout(contains("jobs="));
        let replayed: HashMap<String, String> = crate::hand_made::rows(&starts)
            .into_iter()
            .map(|row| (row["job_id"].clone(), row["start_s"].clone()))
            .collect();
        let jobs = run.rows("jobs.csv");
        // Jobs that had not ended at the horizon are not in the file, so the last fortnight is not compared.
        let until = 351.0 * 86_400.0;
        let compared: Vec<&Row> = jobs
            .iter()
            .filter(|job| number(job, "submit_s") < until)
            .collect();
        assert!(compared.len() > 15_000, "{}", compared.len());
        let waited = compared
            .iter()
            .filter(|job| job["start_s"] != job["submit_s"])
            .count();
        assert!(
            waited > compared.len() / 10,
            "{waited} of {} waited",
            compared.len()
        );
        for job in compared {
            assert_eq!(replayed[&job["job_id"]], job["start_s"], "{policy}: {job:?}");
            let end = number(job, "start_s") + number(job, "duration_s");
            assert!((number(job, "end_s") - end).abs() < 1e-9, "{policy}: {job:?}");
        }
    }
}
