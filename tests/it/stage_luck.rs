//! What luck of a project does to its money and dates, through whole runs of the small world: prices of orders that grow,
//! cancelled orders, cost and time that go together, stages that go together. Every figure is worked out by hand.

use crate::hand_made::{MONTH_H, Run, World, near, number};

const CONVERSION: &str = "strategies.lease.conversions[0]";
/// Percent of the facility's cost that the strategy `lease` has before it: transformer, wind-down, civil, plant, fit-out,
/// energisation, tests. The rest is done and paid.
const OPEN_PERCENT: f64 = 5.0 + 1.0 + 20.5 + 7.0 + 20.0 + 2.0 + 2.0;

fn set(rest: &str) -> String {
    format!("{CONVERSION}.{rest}")
}

/// Facility cost of the whole conversion, USD.
fn facility_usd(world: &World) -> f64 {
    -world.run("lease", &[]).cash_of_year("capex_facility") / (OPEN_PERCENT / 100.0)
}

#[test]
fn the_balance_of_an_order_grows_from_its_placing_to_its_delivery() {
    let world = World::new();
    let whole = facility_usd(&world);
    let run = world.run(
        "lease",
        &[&set(
            "stages.transformer.order={ escalation_percent_per_year = 10 }",
        )],
    );
    // The transformer is 5 percent of the facility; a fifth is paid when it is ordered, the balance half a year later.
    let more = whole * 0.05 * 0.8 * (1.1_f64.sqrt() - 1.0);
    let paid = -run.cash_of_year("capex_facility");
    near("capex", paid, whole * OPEN_PERCENT / 100.0 + more, 1e-9);
}

#[test]
fn a_cancelled_order_owes_what_its_curve_says_on_that_day() {
    let world = World::new();
    let whole = facility_usd(&world);
    let terms = set(
        "stages.transformer.order={ deposit_percent = 20, cancellation = [\
        { elapsed_percent = 0, owed_percent = 20 }, { elapsed_percent = 100, owed_percent = 100 }] }",
    );
    // No luck of cost, no tests that fail; 99 percent a year are given up.
    let risk = set(
        "risk={ cost_log_mean = 0, cost_log_sd = 0, commissioning_fail_percent = 0, \
        cancellation_percent_per_year = 99 }",
    );
    let (run, day) = (0..20)
        .find_map(|seed| {
            let run = world.run("lease", &[&terms, &risk, &format!("run.seed={seed}")]);
            let events = run.rows("events.csv");
            let cancelled = events.iter().find(|e| e["kind"] == "conversion_cancelled")?;
            let t_h = number(cancelled, "t_s") / 3_600.0;
            (t_h < 2.0 * MONTH_H).then_some((run, t_h))
        })
        .expect("at 99 percent a year more than half are given up within two months");
    let elapsed = day / (6.0 * MONTH_H);
    let owed = whole * 0.05 * (0.2 + 0.8 * elapsed);
    near("what is owed", -run.cash_of_year("capex_facility"), owed, 1e-6);
}

/// Ready-for-service months and capex of each replication.
fn luck(run: &Run) -> Vec<(f64, f64)> {
    let rows = run.rows("metrics.csv");
    let of = |metric: &str| -> Vec<f64> {
        let own = rows
            .iter()
            .filter(|r| r["scope"] == "portfolio" && r["metric"] == metric);
        own.map(|r| number(r, "value")).collect()
    };
    let (months, usd) = (of("ready_for_service_months"), of("capex_usd"));
    assert_eq!(
        months.len(),
        usd.len(),
        "every project is ready within the horizon"
    );
    months.into_iter().zip(usd).collect()
}

/// Every stage of the strategy to come and fixed, so that the factor common to all is the whole of its luck.
fn all_fixed() -> String {
    let open = [
        ("transformer", 3.0),
        ("wind-down", 0.5),
        ("civil", 1.0),
        ("plant-install", 0.5),
        ("fit-out", 0.5),
        ("energisation", 0.5),
        ("commissioning", 0.5),
        ("hand-over", 0.0),
    ];
    let before = [
        "feasibility",
        "grid-review",
        "permits",
        "design",
        "switchgear",
        "gensets",
        "ups",
        "cooling-plant",
        "fibre",
        "hire-and-train",
    ];
    let nothing = before.map(|id| (id, 0.0));
    let one = |(id, months): &(&str, f64)| {
        let buffer = if *id == "wind-down" {
            ", just_in_time_buffer_months = 0"
        } else {
            ""
        };
        format!("{{ id = \"{id}\", duration_months.fixed.value = {months}{buffer} }}")
    };
    let all: Vec<String> = nothing.iter().chain(&open).map(one).collect();
    set(&format!("stages=[{}]", all.join(", ")))
}

#[test]
fn cost_follows_time_as_far_as_their_correlation_says() {
    let world = World::new();
    let stages = all_fixed();
    let plan = world.run("lease", &[&stages]);
    let (months, planned_usd) = luck(&plan)[0];
    near("planned", months, 4.0, 1e-6);
    let scores = |rho: f64| -> Vec<(f64, f64)> {
        let risk = set(&format!(
            "risk={{ commissioning_fail_percent = 0, cost_duration_correlation = {rho} }}"
        ));
        let run = world.run(
            "lease",
            &[&stages, &risk, "run.replications=150", "run.fidelity=\"fluid\""],
        );
        // The reference class: time over plan has a logarithm of mean 0.2704 and deviation 0.2110, cost of 0.077 and 0.16.
        let of = |(months, usd): (f64, f64)| {
            (
                ((months / 4.0).ln() - 0.2704) / 0.2110,
                ((usd / planned_usd).ln() - 0.077) / 0.16,
            )
        };
        luck(&run).into_iter().map(of).collect()
    };
    let together = scores(1.0);
    for (time, cost) in &together {
        assert!((time - cost).abs() < 2e-3, "time {time}, cost {cost}");
    }
    let half = scores(0.5);
    let n = half.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| half.iter().map(of).sum::<f64>() / n;
    let (time, cost) = (mean(&|s| s.0), mean(&|s| s.1));
    let covariance = mean(&|s| (s.0 - time) * (s.1 - cost));
    let spread = (mean(&|s| (s.0 - time).powi(2)) * mean(&|s| (s.1 - cost).powi(2))).sqrt();
    // Four standard errors: of a mean 1 over the root of n, of a correlation 1 less its square over it.
    assert!(
        time.abs() < 4.0 / n.sqrt() && cost.abs() < 4.0 / n.sqrt(),
        "{time}, {cost}"
    );
    let rho = covariance / spread;
    assert!((rho - 0.5).abs() < 4.0 * 0.75 / n.sqrt(), "correlation {rho}");
}

#[test]
fn stages_go_together_as_far_as_their_pair_says() {
    let world = World::new();
    let measured = |coefficient: f64| {
        let stages =
            set("stages.transformer.duration_months={ triangular = { low = 3, mode = 4, high = 7 } }");
        let civil = set("stages.civil.duration_months={ triangular = { low = 0.5, mode = 1, high = 1.5 } }");
        let pair = set(&format!(
            "correlations=[{{ stages = [\"transformer\", \"civil\"], coefficient = {coefficient} }}]"
        ));
        let risk = set("risk={ commissioning_fail_percent = 0, overrun_log_sd = 0 }");
        let run = world.run(
            "lease",
            &[
                &stages,
                &civil,
                &pair,
                &risk,
                "run.replications=80",
                "run.fidelity=\"fluid\"",
            ],
        );
        let rows = run.rows("schedule.csv");
        let of = |stage: &str| -> Vec<f64> {
            let own = rows.iter().filter(|r| r["stage"] == stage);
            own.map(|r| hours(&r["start"], &r["end"])).collect()
        };
        spearman(&of("transformer"), &of("civil"))
    };
    // Ranks of a Gaussian copula: 6 / pi asin(r / 2); four standard errors of 80 draws.
    for coefficient in [-0.9, 0.0, 0.9_f64] {
        let expected = 6.0 / std::f64::consts::PI * (coefficient / 2.0).asin();
        let bound = 4.0 * (1.0 - expected * expected + 0.02) / 80.0_f64.sqrt();
        let got = measured(coefficient);
        assert!(
            (got - expected).abs() < bound,
            "{coefficient}: ranks go together by {got}, not {expected}"
        );
    }
}

fn hours(from: &str, to: &str) -> f64 {
    let at = |text: &str| {
        repower::time::Calendar::utc()
            .instant(text.trim_end_matches('Z').parse().unwrap())
            .unwrap()
            .as_unix_s()
    };
    (at(to) - at(from)) as f64 / 3_600.0
}

/// Correlation of ranks.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let ranks = |values: &[f64]| -> Vec<f64> {
        let rank = |v: &f64| values.iter().filter(|other| *other < v).count() as f64;
        values.iter().map(rank).collect()
    };
    let (a, b) = (ranks(a), ranks(b));
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| {
        a.iter()
            .zip(&b)
            .map(|(x, y)| f(x - mean_a, y - mean_b))
            .sum::<f64>()
    };
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}
