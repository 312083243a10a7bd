//! Failures against closed forms.

use super::burn_in::BurnInSpec;
use super::cooling_unit::CoolingUnitSpec;
use super::feeder::FeederSpec;
use super::rack::RackSpec;
use super::spec::{RepairDaysSpec, RepairHoursSpec};
use super::switch::SwitchSpec;
use super::*;
use crate::des::EventQueue;
use crate::fleet::accelerator;
use crate::time::DAY_S;

/// Days to fail: 10. Repair: lognormal, twenty hours at the median.
fn systems_only(per_1000_days: f64, technicians: u32) -> FailureSpec {
    FailureSpec {
        per_1000_system_days: Some(per_1000_days),
        repair_hours: RepairHoursSpec { p50: 20.0, p90: 40.0 },
        return_percent: 0.0,
        technicians,
        plant_technicians: 1_000,
        rack: RackSpec {
            enabled: false,
            ..RackSpec::default()
        },
        switch: SwitchSpec {
            enabled: false,
            ..SwitchSpec::default()
        },
        cooling_unit: CoolingUnitSpec {
            enabled: false,
            ..CoolingUnitSpec::default()
        },
        feeder: FeederSpec {
            enabled: false,
            ..FeederSpec::default()
        },
        ..FailureSpec::default()
    }
}

fn frame(systems: u32) -> Frame {
    Frame {
        model: accelerator::find("hgx-h100").unwrap(),
        systems,
        design_mw: 3.0,
        reserve: Reserve::None,
    }
}

/// What a run came to: shares of time, and failures.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    up: f64,
    cooling: f64,
    short_of_cooling: f64,
    failures: [u64; 5],
}

/// Runs a hall for so many days and looks at it after every event.
fn run(spec: &FailureSpec, frame: &Frame, (days, new): (f64, bool), replication: u64) -> (Seen, Failures) {
    let streams = Streams::new(7, replication);
    let mut failures = Failures::new(spec, frame, 3, &streams, "failures/test");
    let begin = SimTime::from_unix_s(0);
    let (mut now, end) = (begin, SimTime::from_unix_s((days * DAY_S as f64) as i64));
    let mut queue: EventQueue<Event> = EventQueue::new(now);
    failures.start(now, new, &mut Outbox::new(&mut queue));
    let mut seen = Seen::default();
    while let Some((time, event)) = queue.pop() {
        let upto = time.min(end);
        let share = (upto - now).as_seconds() as f64 / (end - begin).as_seconds() as f64;
        seen.up += f64::from(failures.up()) / f64::from(frame.systems) * share;
        seen.cooling += failures.cooling_share() * share;
        seen.short_of_cooling += if failures.cooling_share() < 1.0 {
            share
        } else {
            0.0
        };
        now = upto;
        if time > end {
            break;
        }
        assert_eq!(event.hall, 3);
        let before = failures.down();
        let change = failures.step(now, event, &mut Outbox::new(&mut queue));
        match change {
            Change::Down { systems, draw, .. } => {
                assert_eq!(failures.down(), before + systems);
                assert!((0.0..1.0).contains(&draw));
            }
            Change::Up { systems, .. } => assert_eq!(failures.down(), before - systems),
            Change::None => assert_eq!(failures.down(), before),
        }
        if frame.systems > 2_000 {
            continue;
        }
        let dark = (0..frame.systems).filter(|s| !failures.is_up(*s)).count() as u32;
        assert_eq!(
            (dark, failures.down_by().iter().sum()),
            (failures.down(), failures.down())
        );
    }
    seen.failures = Kind::ALL.map(|kind| failures.failures(kind));
    (seen, failures)
}

/// Mean of a figure over replications, and half of its 99 % interval (Student's t, 39 degrees of freedom: 2.708).
fn interval(mut sample: impl FnMut(u64) -> f64) -> (f64, f64) {
    let runs: Vec<f64> = (0..40).map(&mut sample).collect();
    let mean = runs.iter().sum::<f64>() / 40.0;
    let variance = runs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 39.0;
    (mean, 2.708 * (variance / 40.0).sqrt())
}

#[track_caller]
fn within((mean, half): (f64, f64), expected: f64, sharp: f64) {
    assert!(
        (mean - expected).abs() <= half,
        "{mean} against {expected} +- {half}"
    );
    assert!(half < sharp, "the test must be sharp: {half}");
}

#[test]
fn availability_is_mttf_over_mttf_plus_mttr() {
    // 100 failures per 1,000 days: mean time to failure 10 days. Repair: lognormal, mean by closed form.
    let spec = systems_only(100.0, 1_000);
    let mttr = spec.repair_hours.mean_hours() / 24.0;
    let seen = interval(|r| run(&spec, &frame(20), (2_000.0, false), r).0.up);
    within(seen, 10.0 / (10.0 + mttr), 0.002);
}

#[test]
fn a_weibull_life_has_the_same_availability_and_steadier_or_wilder_gaps() {
    let count = |shape: f64| -> (f64, f64) {
        let spec = FailureSpec {
            weibull_shape: Some(shape),
            ..systems_only(100.0, 1_000)
        };
        let mttr = spec.repair_hours.mean_hours() / 24.0;
        // All begin new, so a long time is needed before the beginning no longer shows.
        let seen = interval(|r| run(&spec, &frame(10), (20_000.0, true), r).0.up);
        within(seen, 10.0 / (10.0 + mttr), 0.002);
        let counts: Vec<f64> = (0..200)
            .map(|r| run(&spec, &frame(1), (1_000.0, true), r).0.failures[0] as f64)
            .collect();
        let mean = counts.iter().sum::<f64>() / 200.0;
        (
            mean,
            counts.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 199.0,
        )
    };
    // Renewal theory: variance of the count over its mean tends to the squared coefficient of variation of a cycle.
    let (mean, variance) = count(3.0);
    assert!(variance < 0.3 * mean, "{variance} {mean}");
    let (mean, variance) = count(0.6);
    assert!(variance > 1.8 * mean, "{variance} {mean}");
}

#[test]
fn one_technician_is_the_machine_repair_queue_of_takacs() {
    // Five systems, one technician, constant repair b: 1 - P0 over (n lambda b) is the share of time up, with
    // 1/P0 = 1 + n lambda b sum_k C(n-1, k) prod_{i<=k} (e^(i lambda b) - 1).
    let mut spec = systems_only(400.0, 1);
    spec.repair_hours = RepairHoursSpec { p50: 15.0, p90: 15.0 };
    let (n, load) = (5_i32, 0.4 * 15.0 / 24.0);
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..n {
        term *= f64::from(n - k) / f64::from(k) * (f64::from(k) * load).exp_m1();
        sum += term;
    }
    let busy = 1.0 - 1.0 / (1.0 + f64::from(n) * load * sum);
    let seen = interval(|r| run(&spec, &frame(5), (3_000.0, false), r).0.up);
    within(seen, busy / (f64::from(n) * load), 0.005);
    // With five technicians nobody waits.
    let alone = systems_only(400.0, 5);
    let (_, failures) = run(&alone, &frame(5), (3_000.0, false), 0);
    assert_eq!(failures.waits().technician_h, 0.0);
    let (_, failures) = run(&spec, &frame(5), (3_000.0, false), 0);
    assert!(failures.waits().technician_h > 1.0 && failures.waits().with_part == 0);
}

/// Mean wait of the queue M/D/c over the time of service, at offered load `a` (Crommelin 1932).
fn crommelin(c: u32, a: f64) -> f64 {
    let tail = |from: u32, x: f64| -> f64 {
        let (mut term, mut sum) = ((-x).exp(), 0.0);
        for n in 0..2_000 {
            sum += if n >= from { term } else { 0.0 };
            term *= x / f64::from(n + 1);
        }
        sum
    };
    let of = |i: u32| tail(i * c, f64::from(i) * a) - f64::from(c) / a * tail(i * c + 1, f64::from(i) * a);
    (1..100).map(of).sum()
}

#[test]
fn a_crew_is_the_queue_of_so_many_servers() {
    // One server with load 0.8 waits rho / (2 (1 - rho)) = 2.
    assert!((crommelin(1, 0.8) - 2.0).abs() < 0.02, "{}", crommelin(1, 0.8));
    // 20,000 systems are as good as infinitely many: 2.4 failures an hour, each an hour's work for one of three.
    let mut spec = systems_only(2.4 * 24.0 / 20.0, 3);
    spec.repair_hours = RepairHoursSpec { p50: 1.0, p90: 1.0 };
    let wait = interval(|r| {
        let waits = run(&spec, &frame(20_000), (100.0, false), r).1.waits();
        waits.technician_h / waits.without_part as f64
    });
    within(wait, crommelin(3, 2.4), 0.05);
}

#[test]
fn without_spares_a_system_waits_for_the_part() {
    let mut s = systems_only(100.0, 1_000);
    s.return_percent = 100.0;
    s.return_days = RepairDaysSpec {
        low: 20.0,
        high: 20.0,
    };
    s.spares_percent = 0.0;
    // One system: it is down for the repair after exactly 20 days of waiting.
    let mttr = 20.0 + s.repair_hours.mean_hours() / 24.0;
    let seen = interval(|r| run(&s, &frame(1), (20_000.0, false), r).0.up);
    within(seen, 10.0 / (10.0 + mttr), 0.01);
    let (_, failures) = run(&s, &frame(1), (20_000.0, false), 0);
    let waits = failures.waits();
    assert!(
        (waits.part_h / waits.with_part as f64 - 480.0).abs() < 1e-9,
        "{waits:?}"
    );
    s.spares_percent = 100.0;
    assert!(run(&s, &frame(20), (5_000.0, false), 0).0.up > seen.0 + 0.3);
}

#[test]
fn the_number_of_failures_is_that_of_the_published_rate() {
    // With the network's own failures apart, both together are the 3.79 of 1,000 server-days.
    let spec = FailureSpec {
        technicians: 1_000,
        ..FailureSpec::default()
    };
    let (seen, _) = run(&spec, &frame(1_000), (1_000.0, false), 1);
    let expected = |per_gpu: f64| 8_000.0 * 1_000.0 * per_gpu / (54.0 * 16_384.0) * seen.up;
    for (kind, count) in [(Kind::System, 384.0), (Kind::Switch, 35.0 * 0.5)] {
        let (got, expected) = (seen.failures[kind.index()] as f64, expected(count));
        // Behind a switch stand two servers, so it fails half as often for each of them.
        let expected = if kind == Kind::Switch {
            expected * 2.0
        } else {
            expected
        };
        assert!(
            (got - expected).abs() < 3.0 * expected.sqrt(),
            "{kind:?}: {got} against {expected}"
        );
    }
    assert!(seen.up > 0.995, "{}", seen.up);
}

#[test]
fn new_systems_fail_as_often_as_the_integral_of_their_hazard_says() {
    let mut spec = systems_only(10.0, 1_000);
    spec.repair_hours = RepairHoursSpec { p50: 0.01, p90: 0.01 };
    spec.burn_in = BurnInSpec {
        enabled: true,
        hazard_multiple: 9.0,
        decay_days: 14.0,
        commissioning_hours: 72.0,
    };
    let excess = |spec: &BurnInSpec, days: f64| {
        let decay = spec.decay_days;
        let at = |t: f64| (-(t + spec.commissioning_hours / 24.0) / decay).exp();
        (spec.hazard_multiple - 1.0) * decay * (at(0.0) - at(days))
    };
    let count = |spec: &FailureSpec, days, new| {
        interval(|r| run(spec, &frame(500), (days, new), r).0.failures[0] as f64)
    };
    for days in [7.0, 21.0, 90.0] {
        let expected = 500.0 * 0.01 * (days + excess(&spec.burn_in, days));
        within(count(&spec, days, true), expected, 0.1 * expected);
        // A hall that has served is past it.
        within(count(&spec, days, false), 500.0 * 0.01 * days, 0.2 * expected);
    }
    // Four more weeks of burn-in leave a seventh of the excess to the tenants.
    let mut long = spec.clone();
    long.burn_in.commissioning_hours += 28.0 * 24.0;
    let saved = excess(&spec.burn_in, 90.0) - excess(&long.burn_in, 90.0);
    let (short, long) = (count(&spec, 90.0, true), count(&long, 90.0, true));
    assert!((short.0 - long.0 - 5.0 * saved).abs() < short.1 + long.1);
    spec.burn_in.enabled = false;
    within(count(&spec, 21.0, true), 105.0, 10.0);
}

/// Probability of `k` of `n` at `p` each.
fn binomial(n: u32, k: u32, p: f64) -> f64 {
    let choose: f64 = (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product();
    choose * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
}

#[test]
fn of_cooling_units_one_to_spare_derates_nothing_and_two_do() {
    let repair_hours = RepairHoursSpec {
        p50: 100.0,
        p90: 300.0,
    };
    let spec = FailureSpec {
        cooling_unit: CoolingUnitSpec {
            per_year: 10.0,
            repair_hours,
            ..CoolingUnitSpec::default()
        },
        ..systems_only(0.0, 1)
    };
    let mttr = repair_hours.mean_hours() / (24.0 * 365.25);
    let down = mttr / (0.1 + mttr);
    // Three megawatts: three units, and one.
    for (reserve, units) in [(Reserve::None, 3), (Reserve::One, 4), (Reserve::Double, 6)] {
        let frame = Frame {
            reserve,
            ..frame(100)
        };
        let share: f64 = (0..=units)
            .map(|k| binomial(units, k, down) * (f64::from(units - k) / 3.0).min(1.0))
            .sum();
        let seen = interval(|r| run(&spec, &frame, (20_000.0, false), r).0.cooling);
        within(seen, share, 0.005);
        let seen = interval(|r| run(&spec, &frame, (20_000.0, false), r).0.short_of_cooling);
        let expected: f64 = (units - 2..=units).map(|k| binomial(units, k, down)).sum();
        within(seen, expected, 0.01);
    }
}

#[test]
fn feeders_take_their_part_of_the_hall_unless_a_spare_one_fills_in() {
    let repair_hours = RepairHoursSpec {
        p50: 100.0,
        p90: 300.0,
    };
    let spec = FailureSpec {
        feeder: FeederSpec {
            per_year: 10.0,
            repair_hours,
            ..FeederSpec::default()
        },
        ..systems_only(0.0, 1)
    };
    let mttr = repair_hours.mean_hours() / (24.0 * 365.25);
    let down = mttr / (0.1 + mttr);
    for (reserve, spare) in [(Reserve::None, 0), (Reserve::One, 1), (Reserve::Double, 2)] {
        let frame = Frame {
            reserve,
            ..frame(101)
        };
        // Seats that are empty when k seats and j spares are down.
        let mut dark = 0.0;
        for k in 0..=2 {
            for j in 0..=spare {
                let empty = f64::from(k) - f64::from(spare - j);
                dark += binomial(2, k, down) * binomial(spare, j, down) * empty.max(0.0) / 2.0;
            }
        }
        let seen = interval(|r| run(&spec, &frame, (20_000.0, false), r).0.up);
        within(seen, 1.0 - dark, 0.006);
    }
}

#[test]
fn a_switch_and_a_rack_take_exactly_their_systems_and_dark_systems_do_not_fail() {
    let mut spec = systems_only(0.0, 1_000);
    spec.switch = SwitchSpec {
        systems: Some(5),
        per_year: Some(50.0),
        ..SwitchSpec::default()
    };
    spec.rack = RackSpec {
        per_year: 50.0,
        ..RackSpec::default()
    };
    let streams = Streams::new(3, 0);
    let frame = frame(22);
    let mut failures = Failures::new(&spec, &frame, 0, &streams, "x");
    let mut queue: EventQueue<Event> = EventQueue::new(SimTime::from_unix_s(0));
    failures.start(SimTime::from_unix_s(0), false, &mut Outbox::new(&mut queue));
    let mut seen = [0; 2];
    for _ in 0..2_000 {
        let (now, event) = queue.pop().unwrap();
        let before: Vec<bool> = (0..22).map(|s| failures.is_up(s)).collect();
        let change = failures.step(now, event, &mut Outbox::new(&mut queue));
        if let Change::Down {
            kind, unit, systems, ..
        } = change
        {
            let each = if kind == Kind::Switch { 5 } else { 4 };
            let own = unit * each..(unit * each + each).min(22);
            assert!(own.clone().all(|s| !failures.is_up(s)));
            assert_eq!(own.filter(|s| before[*s as usize]).count() as u32, systems);
            seen[usize::from(kind == Kind::Rack)] += 1;
        }
    }
    assert!(seen.iter().all(|n| *n > 100), "{seen:?}");
    // Half the time the feed of the whole hall is gone: systems fail half as often as they would.
    let mut halved = systems_only(1_000.0, 1_000);
    halved.repair_hours = RepairHoursSpec { p50: 0.01, p90: 0.01 };
    halved.feeder = FeederSpec {
        blocks: 1,
        per_year: 365.25,
        repair_hours: RepairHoursSpec { p50: 24.0, p90: 24.0 },
        ..FeederSpec::default()
    };
    let count = interval(|r| run(&halved, &frame, (400.0, false), r).0.failures[0] as f64);
    within(count, 22.0 * 400.0 / 2.0, 150.0);
}

#[test]
fn one_more_kind_leaves_the_failures_of_the_others_alone() {
    let alone = systems_only(100.0, 1_000);
    let mut more = alone.clone();
    more.cooling_unit = CoolingUnitSpec {
        per_year: 100.0,
        ..CoolingUnitSpec::default()
    };
    let count = |spec| {
        let (seen, _) = run(spec, &frame(20), (500.0, true), 5);
        (seen.up, seen.failures[0])
    };
    let (alone, more) = (count(&alone), count(&more));
    assert_eq!(alone.1, more.1);
    // The time is cut at other instants, so the sum rounds otherwise.
    assert!((alone.0 - more.0).abs() < 1e-12, "{alone:?} {more:?}");
}

#[test]
fn no_rate_no_systems_no_events() {
    assert_eq!(
        run(&systems_only(0.0, 1), &frame(5), (10.0, true), 0).0.failures,
        [0; 5]
    );
    let off = FailureSpec {
        enabled: false,
        ..systems_only(5_000.0, 1)
    };
    assert_eq!(run(&off, &frame(5), (10.0, true), 0).0.failures, [0; 5]);
    let mut queue: EventQueue<Event> = EventQueue::new(SimTime::from_unix_s(0));
    let mut none = Failures::new(&FailureSpec::default(), &frame(0), 0, &Streams::new(1, 0), "x");
    none.start(SimTime::from_unix_s(0), true, &mut Outbox::new(&mut queue));
    let kinds: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
    // Only cooling units stand in an empty hall.
    assert!(kinds.len() <= 1, "{kinds:?}");
}
