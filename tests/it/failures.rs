//! Failures in a run of the small world: what goes dark, which jobs die, what tenants are credited, by hand.

use std::collections::HashMap;

use rstest::rstest;

use crate::hand_made::{BLOCK, POOL, Row, Run, SERVING, World, near, number};
use crate::support::{Place, SMALL};

/// Every kind off but those that a test names.
const OFF: [(&str, &str); 4] = [
    ("rack", "{ enabled = false }"),
    ("switch", "{ enabled = false }"),
    ("cooling_unit", "{ enabled = false }"),
    ("feeder", "{ enabled = false }"),
];
const GPUS: f64 = BLOCK + POOL;
const YEAR_S: i64 = 8_760 * 3_600;

/// The failures of the serving hall: systems at a rate, one kind on.
fn failures(per_1000_system_days: f64, repair_h: f64, kind: &str, terms: &str) -> String {
    let kinds: Vec<String> = OFF
        .iter()
        .map(|(name, off)| format!("{name} = {}", if *name == kind { terms } else { off }))
        .collect();
    format!(
        "sites.mine.halls.gpu.serving.failures={{ per_1000_system_days = {per_1000_system_days}, \
         repair_hours = {{ p50 = {repair_h}, p90 = {repair_h} }}, return_percent = 0, technicians = 1000, \
         plant_technicians = 1000, {} }}",
        kinds.join(", ")
    )
}

/// Failures of a kind with the second of their repair, from the scenario's start to its end at most.
fn outages(run: &Run, kind: &str) -> Vec<(i64, i64, u32)> {
    let rows = run.rows("events.csv");
    let of = |row: &Row| -> Option<(i64, String, u32)> {
        let (unit, systems) = row["detail"].split_once(": ")?;
        let systems = systems.strip_suffix(" systems")?.parse().ok()?;
        unit.starts_with(kind)
            .then(|| (row["t_s"].parse().unwrap(), unit.to_owned(), systems))
    };
    let mut open: HashMap<String, (i64, u32)> = HashMap::new();
    let mut all = Vec::new();
    for row in rows
        .iter()
        .filter(|r| r["kind"] == "failure" || r["kind"] == "repair")
    {
        let Some((at, unit, systems)) = of(row) else {
            continue;
        };
        if row["kind"] == "failure" {
            assert_eq!(open.insert(unit, (at, systems)), None);
        } else {
            let (from, gone) = open.remove(&unit).expect("a repair follows a failure");
            assert_eq!(gone, systems);
            all.push((from, at, systems));
        }
    }
    all.extend(open.into_values().map(|(from, systems)| (from, YEAR_S, systems)));
    all.sort_unstable();
    all
}

/// That so many events are what a rate gives, within three standard deviations.
#[track_caller]
fn as_often(what: &str, got: usize, expected: f64) {
    let off = (got as f64 - expected).abs();
    assert!(off < 3.0 * expected.sqrt(), "{what}: {got} against {expected}");
}

#[test]
fn a_switch_takes_exactly_its_nodes_for_exactly_its_repair() {
    let world = World::new();
    let terms = "{ systems = 5, per_year = 6, repair_hours = { p50 = 7, p90 = 7 }, part_percent = 0 }";
    let run = world.run("stay-mining", &[&failures(0.0, 1.0, "switch", terms)]);
    let outages = outages(&run, "switch");
    // 392 servers, five to a switch: 79 switches, the last with two.
    as_often("switches", outages.len(), 79.0 * 6.0);
    let whole: Vec<_> = outages.iter().filter(|o| o.1 < YEAR_S).collect();
    assert!(whole.iter().all(|o| o.1 - o.0 == 7 * 3_600));
    assert!(outages.iter().all(|o| o.2 == 5 || o.2 == 2));
    let failed: f64 = outages
        .iter()
        .map(|o| f64::from(o.2) * 8.0 * (o.1 - o.0) as f64 / 3_600.0)
        .sum();
    near(
        "failed GPU-hours",
        run.metric("gpu_hours_failed_switch"),
        failed,
        1e-9,
    );
    near(
        "all failed GPU-hours",
        run.metric("gpu_hours_failed"),
        failed,
        1e-9,
    );
    assert_eq!(run.metric("gpu_hours_failed_system"), 0.0);
    let months = run.rows("monthly.csv");
    let of_months: f64 = months.iter().map(|r| number(r, "gpu_hours_failed")).sum();
    near("months", of_months, failed, 1e-9);
    assert_eq!(run.metric("technician_wait_h"), 0.0);
}

/// Block GPUs that are dark in each second-by-second stretch of a month: `(seconds, GPUs)` summed.
fn block_gpu_s(outages: &[(i64, i64, u32)], (from, to): (i64, i64)) -> f64 {
    let mut edges: Vec<i64> = vec![from, to];
    for (begin, end, _) in outages {
        edges.extend([*begin, *end].iter().filter(|t| (from..to).contains(*t)));
    }
    edges.sort_unstable();
    let dark = |at: i64| -> f64 {
        let on = outages
            .iter()
            .filter(|(begin, end, _)| (*begin..*end).contains(&at));
        on.map(|(_, _, systems)| f64::from(*systems) * 8.0).sum()
    };
    // The pool gives way first.
    let missing = |at: i64| (dark(at) - POOL).max(0.0);
    edges
        .windows(2)
        .map(|w| missing(w[0]) * (w[1] - w[0]) as f64)
        .sum()
}

#[test]
fn a_feeder_takes_half_the_hall_its_jobs_and_the_promise_to_the_tenant() {
    let world = World::new();
    let terms = "{ blocks = 2, spare = 0, per_year = 12, repair_hours = { p50 = 10, p90 = 10 } }";
    let run = world.run("stay-mining", &[&failures(0.0, 1.0, "feeder", terms)]);
    let outages = outages(&run, "feeder");
    as_often("feeders", outages.len(), 24.0);
    assert!(outages.iter().all(|o| o.2 == 196));

    // While half the hall is dark the pool has nothing: no job runs, and those that ran are killed with all their work.
    let jobs = run.rows("jobs.csv");
    let second = |job: &Row, column: &str| job[column].parse::<i64>().unwrap();
    let mut killed = 0;
    for job in &jobs {
        let (submit, start, end) = (
            second(job, "submit_s"),
            second(job, "start_s"),
            second(job, "end_s"),
        );
        assert!(
            outages.iter().all(|o| end <= o.0 || start >= o.1 || start < 0),
            "{job:?} runs through an outage"
        );
        // What ran when the feeder failed was on its first run, submitted within the half hour before.
        if let Some(o) = outages.iter().find(|o| (o.0 - 1_800..o.0).contains(&submit)) {
            let free_before = outages.iter().all(|p| p.1 + 6 * 3_600 < submit || p.0 >= o.0);
            if free_before {
                killed += 1;
                assert_eq!(second(job, "restarts"), 1, "{job:?}");
                near(
                    "lost work",
                    number(job, "lost_gpu_s"),
                    64.0 * (o.0 - submit) as f64,
                    1e-12,
                );
                assert!(start >= o.1);
            }
        }
    }
    assert!(killed >= 10, "{killed}");

    // 5 % of the fee for each point of availability below 99, at 2.5 USD a GPU-hour.
    let mut begin = 0;
    for (month, days) in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        .into_iter()
        .enumerate()
    {
        // Summer time takes an hour from March and gives it to November.
        let hours = f64::from(days) * 24.0
            + [(2, -1.0), (10, 1.0)]
                .iter()
                .filter(|s| s.0 == month)
                .map(|s| s.1)
                .sum::<f64>();
        let end = begin + (hours * 3_600.0) as i64;
        let held = BLOCK * hours;
        let availability = 100.0 * (1.0 - block_gpu_s(&outages, (begin, end)) / 3_600.0 / held);
        let credit = ((99.0 - availability).max(0.0) * 0.05).min(0.30) * held * 2.5;
        let name = format!("2026-{:02}", month + 1);
        near(&name, run.cash("service_credits", &name), -credit, 1e-9);
        begin = end;
    }
    assert_eq!(begin, YEAR_S);
    assert!(run.cash_of_year("service_credits") < -50_000.0);
}

#[test]
fn failed_nodes_kill_the_gangs_on_them_at_the_rate_of_their_gpus() {
    let world = World::new();
    let run = world.run("stay-mining", &[&failures(100.0, 0.5, "none", "")]);
    // 64 GPUs of the pool are at work on average: eight servers that fail once in ten days. Half an hour of repair keeps
    // one server in two hundred down, so the pool has room for both gangs at once.
    let jobs = run.rows("jobs.csv");
    let restarts: f64 = jobs.iter().map(|j| number(j, "restarts")).sum();
    as_often("kills", restarts as usize, 8.0 * 0.1 * 365.0);
    // A kill takes a quarter of an hour of a gang of 64, a job's work being half an hour: half of it on average.
    let lost: f64 = jobs.iter().map(|j| number(j, "lost_gpu_s")).sum();
    near("lost work", lost, restarts * 64.0 * 900.0, 0.12);
    // The block trains nothing, so only the pool wastes.
    let goodput = 1.0 - lost / 3_600.0 / run.metric("gpu_hours_served");
    near("goodput", run.metric("goodput"), goodput, 1e-6);
}

#[test]
fn restarts_hold_their_gpus_before_work_goes_on() {
    let world = World::new();
    let free = world.run("stay-mining", &[&failures(100.0, 0.5, "none", "")]);
    let costly = world.run(
        "stay-mining",
        &[
            &failures(100.0, 0.5, "none", ""),
            "tenants.open.on_demand.jobs.restart_minutes=12",
        ],
    );
    let length = |run: &Run| -> Vec<i64> {
        let jobs = run.rows("jobs.csv");
        let once = jobs.iter().filter(|j| j["restarts"] == "1");
        once.map(|j| j["end_s"].parse::<i64>().unwrap() - j["start_s"].parse::<i64>().unwrap())
            .collect()
    };
    assert!(length(&free).iter().all(|s| *s == 1_800));
    assert!(length(&costly).iter().all(|s| *s == 1_800 + 720));
    assert!(length(&costly).len() > 200);
    assert!(costly.metric("goodput") < free.metric("goodput"));
}

#[test]
fn a_training_run_keeps_the_share_of_time_of_the_closed_form() {
    let world = World::new();
    let training = format!(
        "tenants.anchor.reserved.gpu_block={{ gpus = {GPUS}, usd_per_gpu_h = 2.5, years = 5, training = {{ \
         checkpoint_minutes = 30, checkpoint_cost_seconds = 90, restart_minutes = 15 }} }}"
    );
    let run = world.run(
        "stay-mining",
        &[
            &failures(10.0, 0.01, "none", ""),
            &training,
            "tenants.anchor.load_profile=\"training\"",
        ],
    );
    // Any of 392 servers stops the run: 3.92 failures a day.
    let m = 24.0 / 3.92;
    let (tau, delta, restart) = (0.5, 90.0 / 3_600.0, 0.25);
    let expected = tau / (m * f64::exp(restart / m) * f64::exp_m1((tau + delta) / m));
    assert!((expected - 0.8756).abs() < 0.0001, "{expected}");
    // Some 1,430 failures waste 0.13 of the time; their number and their sizes leave 3 % of that: twice as much is allowed.
    let got = run.metric("effective_training_ratio");
    assert!((got - expected).abs() < 0.009, "{got} against {expected}");
    assert_eq!(run.metric("goodput"), got);
}

#[test]
fn half_the_cooling_units_slow_the_hall_to_the_heat_they_carry() {
    let world = World::new();
    let terms = "{ unit_mw = 2.5, per_year = 12, repair_hours = { p50 = 6, p90 = 6 } }";
    let filled = format!("tenants.anchor.reserved.gpu_block.gpus={GPUS}");
    let with = |redundancy: &str| {
        let redundancy = format!("sites.mine.halls.gpu.serving.redundancy=\"{redundancy}\"");
        world.run(
            "stay-mining",
            &[&filled, &failures(0.0, 1.0, "cooling_unit", terms), &redundancy],
        )
    };
    let run = with("n");
    // The design needs two units of 2.5 MW: each carries half of it.
    let design = SERVING.design_mw();
    assert!(design > 2.5 && design < 5.0, "{design}");
    let outages = outages(&run, "cooling_unit");
    as_often("units", outages.len(), 24.0);
    let asked = SERVING.it_mw(0.0, 0.9 * GPUS);
    let share: f64 = 0.5 * design / asked;
    assert!(share > 0.5, "{share}");
    let slow_h: f64 = outages.iter().map(|o| (o.1 - o.0) as f64 / 3_600.0).sum();
    let both_h: f64 = outages
        .windows(2)
        .map(|w| (w[0].1 - w[1].0).max(0) as f64 / 3_600.0)
        .sum();
    let lost = 0.9 * GPUS * ((slow_h - 2.0 * both_h) * (1.0 - share.powf(0.45)) + both_h);
    let unpowered: f64 = run
        .rows("monthly.csv")
        .iter()
        .map(|r| number(r, "gpu_hours_unpowered"))
        .sum();
    near("throttled GPU-hours", unpowered, lost, 1e-6);
    assert_eq!(run.metric("gpu_hours_failed"), 0.0);
    // One unit more, and only two at once take anything: 3 * (36 failures a year * 6 h / 8760 h)^2 / 36 of what one does.
    let spare = with("n+1");
    let unpowered: f64 = spare
        .rows("monthly.csv")
        .iter()
        .map(|r| number(r, "gpu_hours_unpowered"))
        .sum();
    assert!(unpowered < 0.1 * lost, "{unpowered} {lost}");
}

#[test]
fn new_systems_fail_more_often_for_some_weeks() {
    let world = World::new();
    let terms = |multiple: f64| {
        format!(
            "strategies.cloud.conversions[0].install.failures={{ per_1000_system_days = 50, repair_hours = {{ p50 = 1, \
             p90 = 1 }}, return_percent = 0, technicians = 1000, burn_in = {{ hazard_multiple = {multiple}, decay_days = 14, \
             commissioning_hours = 72 }}, rack = {{ enabled = false }}, switch = {{ enabled = false }}, cooling_unit = {{ \
             enabled = false }}, feeder = {{ enabled = false }} }}"
        )
    };
    let in_weeks = |run: &Run, weeks: i64| {
        let rows = run.rows("events.csv");
        let first = rows
            .iter()
            .find(|r| r["kind"] == "phase" && r["subject"] == "old" && r["detail"] == "serving");
        let ready: i64 = first
            .expect("the hall serves")
            .get("t_s")
            .unwrap()
            .parse()
            .unwrap();
        let until = ready + weeks * 7 * 86_400;
        let failures = rows
            .iter()
            .filter(|r| r["kind"] == "failure" && r["subject"] == "old");
        failures
            .filter(|r| r["t_s"].parse::<i64>().unwrap() < until)
            .count()
    };
    let usual = world.run("cloud", &[&terms(1.0)]);
    let young = world.run("cloud", &[&terms(9.0)]);
    // 100 systems, 0.05 a day each: five failures a day, and 8 * 14 days * exp(-3/14) * (1 - exp(-42/14)) days more.
    let excess = 8.0 * 14.0 * f64::exp(-3.0 / 14.0) * (1.0 - f64::exp(-3.0));
    as_often("usual", in_weeks(&usual, 6), 5.0 * 42.0);
    as_often("young", in_weeks(&young, 6), 5.0 * (42.0 + excess));
}

#[rstest]
#[case::no_crew("technicians = 0", "technicians")]
#[case::negative_rate("per_1000_system_days = -1", "per_1000_system_days")]
#[case::absurd_rate("per_1000_system_days = 1e9", "per_1000_system_days")]
#[case::percent("return_percent = 101", "return_percent")]
#[case::unknown("raks = {}", "raks")]
#[case::unknown_within("switch = { per_yaer = 1 }", "per_yaer")]
#[case::nested("feeder = { blocks = 0 }", "blocks")]
#[case::wrong_type("rack = true", "rack")]
#[case::repair("cooling_unit = { repair_hours = { p50 = 3, p90 = 1 } }", "p90")]
#[case::burn_in("burn_in = { hazard_multiple = 0.2 }", "hazard_multiple")]
fn bad_failures_are_told_with_their_key(#[case] terms: &str, #[case] key: &str) {
    let serving = format!(
        "\n[sites.halls.serving]\nmodel = \"hgx-h100\"\ncooling.direct_to_chip_dry = {{}}\nfailures = {{ {terms} }}\n"
    );
    let place = Place::new();
    let scenario = SMALL.replacen("\n[[strategies]]", &format!("{serving}\n[[strategies]]"), 1);
    assert_ne!(scenario, SMALL);
    place.write("x.toml", scenario);
    let output = place.repower(&["validate", "x.toml"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(key), "{told}");
}

#[test]
fn all_kinds_at_once_keep_every_balance() {
    let world = World::new();
    let all = "sites.mine.halls.gpu.serving.failures={ per_1000_system_days = 300, technicians = 3, spares_percent = 0.5, \
               rack = { per_year = 5 }, switch = { per_year = 5 }, feeder = { per_year = 5 }, cooling_unit = { per_year = 20 } }";
    let run = world.run(
        "stay-mining",
        &[
            all,
            "sites.mine.halls.gpu.serving.redundancy=\"n\"",
            "tenants.open.on_demand.jobs.checkpoint_hours=0.1",
        ],
    );
    // The run asserts its balances as it goes; the parts of the failures add up to all of them.
    let kinds = ["system", "rack", "switch", "feeder"];
    let parts: f64 = kinds
        .iter()
        .map(|k| run.metric(&format!("gpu_hours_failed_{k}")))
        .sum();
    near("failed", run.metric("gpu_hours_failed"), parts, 1e-9);
    for row in run.rows("monthly.csv") {
        let of = |column: &str| number(&row, &format!("gpu_hours_{column}"));
        near(
            "offered",
            of("offered"),
            of("served") + of("idle") + of("failed") + of("unpowered"),
            1e-9,
        );
    }
    assert!(run.metric("technician_wait_h") > 0.1 && run.metric("part_wait_h") > 1.0);
    assert!(run.metric("goodput") < 1.0);
}
