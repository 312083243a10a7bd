//! GPUs that stand in nodes, through `run` and `replay`: what the nodes change, worked out by hand.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

use crate::hand_made::{World, near};

/// Each hour two jobs of 64 GPUs on the hour, for 40 and for 20 minutes, and one of 128 ten minutes later for five.
fn crowded(world: &World) {
    let mut text = "job_id,submit_s,gpus,duration_s\n".to_owned();
    for hour in 0..168 {
        let at = hour * 3_600;
        for (index, (after, gpus, lasts)) in [(0, 64, 2_400), (0, 64, 1_200), (600, 128, 300)]
            .iter()
            .enumerate()
        {
            let (id, submit_s) = (3 * hour + index, at + after);
            writeln!(text, "{id},{submit_s},{gpus},{lasts}").unwrap();
        }
    }
    fs::write(world.path("jobs.csv"), text).unwrap();
}

fn nodes(placement: &str) -> String {
    format!(
        "tenants.open.on_demand.jobs.nodes={{ groups = [{{ nodes = 2, gpus_per_node = 128 }}], placement = \"{placement}\" }}"
    )
}

#[test]
fn spreading_makes_the_large_job_wait_and_packing_does_not() {
    let world = World::new();
    crowded(&world);
    let counted = world.run("stay-mining", &[]);
    let packed = world.run("stay-mining", &[&nodes("packing")]);
    let spread = world.run("stay-mining", &[&nodes("spreading")]);
    // 256 GPUs: packed, the two small jobs share a node and the large one has the other at once. Spread, each node is
    // half full; the large job waits from minute 10 to minute 20 while 128 GPUs are free.
    assert_eq!(counted.metric("mean_wait_s"), 0.0);
    assert_eq!(packed.metric("mean_wait_s"), 0.0);
    assert_eq!(packed.metric("fragmentation"), 0.0);
    near("mean wait", spread.metric("mean_wait_s"), 600.0 / 3.0, 1e-9);
    near(
        "fragmentation",
        spread.metric("fragmentation"),
        128.0 * 600.0 / (256.0 * 3_600.0),
        1e-9,
    );
    // The same work is done, a little later within the hour: the money is the same.
    near(
        "energy",
        spread.metric("energy_mwh"),
        counted.metric("energy_mwh"),
        1e-6,
    );
    near("npv", spread.metric("npv_usd"), counted.metric("npv_usd"), 1e-6);
}

#[test]
fn a_job_larger_than_any_group_of_nodes_is_turned_away() {
    let world = World::new();
    crowded(&world);
    let counted = world.run("stay-mining", &[]);
    // Groups of 120 and 136 GPUs: a job of 128 fits the second alone. Groups of 120, 120 and 16: none.
    let groups = |list: &str| format!("tenants.open.on_demand.jobs.nodes={{ groups = [{list}] }}");
    let fits = groups("{ nodes = 15, gpus_per_node = 8 }, { nodes = 17, gpus_per_node = 8 }");
    let fits = world.run("stay-mining", &[&fits]);
    near(
        "served",
        fits.metric("gpu_hours_served"),
        counted.metric("gpu_hours_served"),
        1e-9,
    );
    let none = groups(
        "{ nodes = 15, gpus_per_node = 8 }, { nodes = 15, gpus_per_node = 8 }, { nodes = 2, gpus_per_node = 8 }",
    );
    let none = world.run("stay-mining", &[&none]);
    // Each hour 128 GPUs for five minutes are not served.
    let lost = counted.metric("gpu_hours_served") - none.metric("gpu_hours_served");
    near("lost", lost, 128.0 * (300.0 / 3_600.0) * 8_760.0, 1e-6);
    let turned_away = none
        .rows("jobs.csv")
        .iter()
        .filter(|row| row["end_reason"] == "too_large")
        .count();
    assert_eq!(turned_away, 8_760);
}

fn replay(jobs: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
    command
        .arg("replay")
        .arg(jobs)
        .args(["--gpus", "16"])
        .args(arguments);
    command
}

#[test]
fn replay_tells_fragmentation_and_refuses_nodes_that_cannot_be() {
    let folder = TempDir::new().unwrap();
    let jobs = folder.path().join("jobs.csv");
    // Two halves of nodes until 100 and 60, then a job that needs a whole node.
    fs::write(
        &jobs,
        "job_id,submit_s,gpus,duration_s\n0,0,4,100\n1,0,4,60\n2,10,8,5\n",
    )
    .unwrap();
    let spread = ["--gpus-per-node", "8", "--placement", "spreading"];
    replay(&jobs, &spread).assert().success().stdout(
        contains("makespan_s=100 mean_wait_s=16.667")
            .and(contains("fragmented_gpu_s=400.000 fragmentation=0.250")),
    );
    replay(&jobs, &["--gpus-per-node", "8"])
        .assert()
        .success()
        .stdout(contains("mean_wait_s=0.000").and(contains("fragment").not()));
    replay(&jobs, &["--nodes", "1x8", "--nodes", "2x4", "--json"])
        .assert()
        .success()
        .stdout(contains("\"fragmentation\":0.0"));
    let refused = [
        (vec!["--gpus-per-node", "6"], "not a whole number of nodes of 6"),
        (vec!["--gpus-per-node", "0"], "between 1 and 1024 GPUs"),
        (
            vec!["--nodes", "1x8"],
            "the nodes have 8 GPUs in all, but the cluster has 16",
        ),
        (
            vec!["--nodes", "4x4", "--gpus-per-node", "4"],
            "cannot be used with",
        ),
        (vec!["--nodes", "sixteen"], "such as `128x8`"),
        (
            vec!["--nodes", "2x4", "--nodes", "1x4", "--nodes", "2x2"],
            "but the largest group of equal nodes has 8",
        ),
    ];
    fs::write(&jobs, "job_id,submit_s,gpus,duration_s\n0,0,9,100\n").unwrap();
    for (arguments, message) in refused {
        replay(&jobs, &arguments)
            .assert()
            .code(2)
            .stderr(contains(message));
    }
}
