use jiff::civil::DateTime;

use super::*;
use crate::time::HOUR_S;

fn messages(audit: &Audit, gravity: Gravity) -> Vec<&str> {
    audit
        .findings
        .iter()
        .filter(|f| f.gravity == gravity)
        .map(|f| f.message.as_str())
        .collect()
}

fn codes(audit: &Audit, gravity: Gravity) -> Vec<&str> {
    audit
        .findings
        .iter()
        .filter(|f| f.gravity == gravity)
        .map(|f| f.code)
        .collect()
}

#[test]
fn what_forbids_a_replay_is_an_error_and_the_rest_is_told() {
    let jobs = vec![
        Job::new(1, 0, 12, 3_600),
        Job::new(1, 5, 8, 0),
        Job::new(2, 3 * DAY_S, 64, DAY_S),
        Job::new(3, 4 * DAY_S, 1, 100 * DAY_S),
    ];
    let audit = Audit::new(&Trace::new(jobs, None, Vec::new()), 32, &[8]);
    assert!(audit.has_errors());
    let errors = messages(&audit, Gravity::Error);
    assert_eq!(errors[0], "1 ids come more than once; the first is 1");
    assert_eq!(
        errors[1],
        "1 of 4 jobs need more than the cluster's 32 GPUs; the first is job 2"
    );
    let doubts = messages(&audit, Gravity::Doubt).join("\n");
    for told in [
        "1 of 4 jobs span nodes of 8 GPUs without filling them (0.3 % of the GPU-hours)",
        "1 of 4 jobs run for no time",
        "1 of 4 jobs run for more than 90 days",
        "2 of 5 days have no submissions",
        "the offered load is 1.29",
        "61 % of the work lies after the last submission",
    ] {
        assert!(doubts.contains(told), "{told} in\n{doubts}");
    }
    // (12 x 1 h + 64 x 1 d + 1 x 100 d) over 4 days of 32 GPUs.
    assert!((audit.offered_load - (0.5 + 64.0 + 100.0) / 128.0).abs() < 1e-12);
    let loads: Vec<f64> = audit.offered_load_by_day.iter().map(|day| day.load).collect();
    assert_eq!(loads, [0.5 / 32.0, 0.0, 0.0, 2.0, 100.0 / 32.0]);
    // The job of 64 GPUs ends as the last begins: 64 for a day of 104.
    assert_eq!(audit.peak_gpus, 64);
    assert!((audit.over_capacity_share - 1.0 / 104.0).abs() < 1e-12);
}

#[test]
fn the_worst_days_are_named_by_date() {
    let start: DateTime = "2023-03-01T12:00:00".parse().unwrap();
    let jobs = vec![
        Job::new(1, 0, 8, HOUR_S),
        Job::new(2, DAY_S, 8, 2 * DAY_S),
        Job::new(3, 2 * DAY_S, 8, 3 * DAY_S),
    ];
    let audit = Audit::new(&Trace::new(jobs, Some(start), Vec::new()), 8, &[]);
    let worst = audit.findings.iter().find(|f| f.code == "worst_days").unwrap();
    assert!(
        worst
            .message
            .ends_with("the worst: 2023-03-03 (3.00), 2023-03-02 (2.00)"),
        "{}",
        worst.message
    );
    assert_eq!(audit.offered_load_by_day[0].day, "2023-03-01");
}

#[test]
fn a_sound_trace_has_its_load_told_and_no_more() {
    let jobs = (0..49)
        .map(|i| Job::new(i, i as i64 * 43_200, 2, 43_200 + i as i64))
        .collect();
    let audit = Audit::new(&Trace::new(jobs, None, vec!["read as it is".to_owned()]), 8, &[8]);
    assert!(!audit.has_errors());
    assert!(
        messages(&audit, Gravity::Doubt).is_empty(),
        "{:?}",
        audit.findings
    );
    assert_eq!(
        codes(&audit, Gravity::Note),
        ["unknown_clock", "load", "assumption"]
    );
}

/// Submissions around the clock of four weeks, `day` an hour from 9 to 21 h and `night` an hour else, from midnight.
fn daily(day: i64, night: i64) -> Vec<Job> {
    let mut jobs = Vec::new();
    for hour in 0..28 * 24_i64 {
        let count = if (9..21).contains(&(hour % 24)) {
            day
        } else {
            night
        };
        for k in 0..count {
            let id = jobs.len() as u64;
            jobs.push(Job::new(
                id,
                hour * HOUR_S + k * HOUR_S / count,
                1,
                500 + 7 * id as i64 % 97,
            ));
        }
    }
    jobs
}

#[test]
fn a_quiet_time_by_day_throws_doubt_on_the_zone() {
    let at = |text: &str| Some(text.parse::<DateTime>().unwrap());
    // The quiet twelve hours are those from 21 to 9 h, their middle 3 h; 9 hours later it is noon.
    let night = Audit::new(
        &Trace::new(daily(6, 1), at("2023-03-01T00:00:00"), Vec::new()),
        64,
        &[],
    );
    let quiet = night.findings.iter().find(|f| f.code == "night").unwrap();
    assert_eq!(quiet.message, "the quietest time of the day is around 3.0 h");
    let noon = Audit::new(
        &Trace::new(daily(6, 1), at("2023-03-01T09:00:00"), Vec::new()),
        64,
        &[],
    );
    assert!(
        codes(&noon, Gravity::Doubt).contains(&"time_zone"),
        "{:?}",
        noon.findings
    );
    let flat = Audit::new(
        &Trace::new(daily(3, 3), at("2023-03-01T09:00:00"), Vec::new()),
        64,
        &[],
    );
    assert!(
        !codes(&flat, Gravity::Doubt).contains(&"time_zone"),
        "{:?}",
        flat.findings
    );
    let unknown = Audit::new(&Trace::new(daily(6, 1), None, Vec::new()), 64, &[]);
    assert!(
        messages(&unknown, Gravity::Note)
            .iter()
            .any(|m| m.ends_with("second zero is at 1.0 h"))
    );
}

#[test]
fn gaps_cut_ends_time_limits_and_a_short_tail_are_found() {
    let mut jobs = daily(4, 4);
    jobs.retain(|job| !(10 * DAY_S..10 * DAY_S + 8 * HOUR_S).contains(&job.submit_s));
    for (index, job) in jobs.iter_mut().enumerate() {
        job.duration_s = 600 + 37 * index as i64;
    }
    let count = jobs.len();
    for job in jobs.iter_mut().take(40) {
        job.duration_s = 86_400;
    }
    for job in jobs.iter_mut().skip(count - count / 10) {
        job.duration_s = 60;
    }
    let audit = Audit::new(
        &Trace::new(jobs, Some("2023-03-01T00:00:00".parse().unwrap()), Vec::new()),
        4_096,
        &[],
    );
    let told = messages(&audit, Gravity::Doubt).join("\n");
    for expected in [
        "1 gaps between submissions are too long to be chance (mean 911 s); the longest: 8.2 h from 2023-03-10T23:45:00",
        "run times pile up, as at time limits: 40 jobs of 86400 s (24.00 h",
        "the last tenth of the jobs runs for 60 s on average",
    ] {
        assert!(told.contains(expected), "{expected} in\n{told}");
    }
    let cut = (0..12)
        .map(|i| Job::new(i, i as i64, 1, 1_000 - i as i64))
        .collect();
    let audit = Audit::new(&Trace::new(cut, None, Vec::new()), 64, &[]);
    assert!(
        messages(&audit, Gravity::Doubt)
            .contains(&"12 jobs would end at the same last second 1000; their ends may have been cut")
    );
}

#[test]
fn order_of_the_file_node_types_and_parts_of_gpus_are_told() {
    let jobs = vec![
        Job::new(1, 9, 8, 10),
        Job::new(2, 3, 6, 10),
        Job::new(3, 4, 9, 10),
    ];
    let trace = Trace::new(jobs, None, Vec::new()).with_rounded_up(2);
    let audit = Audit::new(&trace, 64, &[4, 8]);
    let told = messages(&audit, Gravity::Doubt).join("\n");
    for expected in [
        "the file is not sorted: submissions run back 1 times",
        "1 of 3 jobs span nodes of 4 or 8 GPUs",
        "2 of 3 jobs ask for a part of a GPU",
    ] {
        assert!(told.contains(expected), "{expected} in\n{told}");
    }
    // 6 GPUs fit into a node of 8, and 8 are two nodes of 4.
    assert!(!told.contains("2 of 3 jobs span"), "{told}");
}
