//! Each invariant broken on purpose: the run stops and says seed, replication, time and both numbers.

use repower::experiment::{ExperimentError, guarded};
use repower::sim::invariant::Fault;
use repower::sim::{Setup, replicate_all};

use crate::hand_made::{World, broken};

const SEED: u64 = 7;
const REPLICATION: u32 = 3;

fn with(fault: Option<Fault>) -> Result<usize, ExperimentError> {
    let world = World::new();
    let scenario = world.load(&["run.seed=7"]);
    let setup = Setup::new(&scenario);
    guarded(SEED, REPLICATION, || {
        replicate_all(&scenario, &setup, REPLICATION, fault).len()
    })
}

/// The two numbers in a message such as `energy at the meter at mine, 2026-01-01T07:00:00Z: 24 against 23`.
fn sides(message: &str) -> (f64, f64) {
    let (_, numbers) = message.rsplit_once(": ").expect("numbers follow a colon");
    let (left, right) = numbers.split_once(" against ").expect("there are two");
    (left.parse().unwrap(), right.parse().unwrap())
}

fn caught(fault: Fault, what: &str, time: &str) -> (f64, f64) {
    let (seed, replication, message) = broken(with(Some(fault)));
    assert_eq!((seed, replication), (SEED, REPLICATION));
    assert!(message.starts_with(what), "{message}");
    assert!(message.contains(time), "{message}");
    sides(&message)
}

#[test]
fn without_a_fault_nothing_breaks() {
    assert_eq!(with(None).unwrap(), 3);
}

#[test]
fn energy_that_is_missing_at_the_meter_is_caught_in_the_first_hour() {
    let (metered, used) = caught(
        Fault::EnergyTerm,
        "energy at the meter at mine",
        "2026-01-01T07:00:00Z",
    );
    // A thousandth of the cooling of an hour.
    assert!(metered - used > 1e-4 && metered - used < 1e-2, "{metered} {used}");
}

#[test]
fn gpu_hours_counted_twice_are_caught_in_the_first_hour() {
    let (offered, parts) = caught(
        Fault::GpuHours,
        "GPU-hours offered at mine",
        "2026-01-01T07:00:00Z",
    );
    assert_eq!(offered, 3_136.0);
    assert!(parts > offered + 1.0, "{parts}");
}

#[test]
fn a_bill_that_lost_its_energy_is_caught_when_the_month_closes() {
    let (billed, metered) = caught(Fault::Bill, "energy on the bill at mine", "2026-02-01T06:00:00Z");
    assert_eq!(billed, 0.0);
    assert!(metered > 10_000.0, "{metered}");
}

#[test]
fn a_forgotten_job_is_caught_at_the_end() {
    let (submitted, accounted) = caught(Fault::Job, "jobs at open", "2027-01-01T06:00:00Z");
    assert!(
        submitted > 10_000.0 && submitted - accounted == 1.0,
        "{submitted} {accounted}"
    );
}

#[test]
fn half_a_posting_is_caught_at_the_end() {
    let (left, right) = caught(Fault::Posting, "postings at ledger", "2027-01-01T06:00:00Z");
    assert!(((left - right).abs() - 1e6).abs() < 1.0, "{left} {right}");
}

#[test]
fn a_stage_that_ends_after_its_successor_has_started_is_caught_at_the_end() {
    let (ended, started) = caught(Fault::StageDate, "the end of what a stage waits for", "2026-");
    // A day, less what lay between the two.
    assert!(
        ended > started && ended <= started + 86_400.0,
        "{ended} {started}"
    );
}

#[test]
fn an_event_before_the_clock_is_caught_with_both_times() {
    let (seed, replication, message) = broken(with(Some(Fault::Clock)));
    assert_eq!((seed, replication), (SEED, REPLICATION));
    assert_eq!(
        message,
        "an event at 2026-01-01T06:00:00Z lies before the clock at 2026-01-01T07:00:00Z"
    );
}
