//! A small run for tests: three strategies, one site, two years, figures that can be checked by hand.

use crate::metric::Metric;
use crate::results::block::{BlockResult, Shape, block_count, block_range};
use crate::results::collect::Collector;
use crate::results::directory::FORMAT;
use crate::results::manifest::{InputFile, Manifest, Note, StrategyInfo};
use crate::results::replication::{Cashflow, Detail, Replication, Scalar};
use crate::results::tables::{
    AssumptionRow, CapacityRow, EventRow, FinanceRow, HallStateRow, HotHoursRow, HourlyRow, JobRow,
    MiningBatchRow, MonthlyRow, RunTables, ScheduleRow, SettlementRow,
};

/// Strategies of the fixture.
pub(crate) const STRATEGIES: [&str; 3] = ["stay-mining", "gpu-cloud", "lease-shell"];
const MONTHS: usize = 24;

/// The manifest of the fixture.
pub(crate) fn manifest(replications: u32) -> Manifest {
    let info = |id: &str| StrategyInfo {
        id: id.to_owned(),
        summary: format!("Plan {id}."),
    };
    Manifest {
        format: FORMAT,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_hash: "unknown".to_owned(),
        run_id: "1f00d".to_owned(),
        scenario: "west-texas".to_owned(),
        question: "Which?".to_owned(),
        inputs: vec![InputFile {
            name: "scenario.toml".to_owned(),
            sha256: "00".to_owned(),
            repaired: 3,
        }],
        seed: 42,
        replications,
        strategies: STRATEGIES.map(info).to_vec(),
        baseline: "stay-mining".to_owned(),
        cases: vec!["base".to_owned()],
        fidelity: "sampled_weeks".to_owned(),
        scopes: vec!["portfolio".to_owned(), "west".to_owned()],
        months: (0..MONTHS)
            .map(|m| format!("{}-{:02}", 2026 + m / 12, m % 12 + 1))
            .collect(),
        discount_rate: 0.1,
        notes: vec![Note {
            kind: "model".to_owned(),
            text: "Heat and price are not tied.".to_owned(),
        }],
        currency: "usd".to_owned(),
        threads: 2,
        wall_seconds: 1.5,
        ..Manifest::default()
    }
}

/// One replication: NPV rises by one with each replication, and by ten with each strategy.
pub(crate) fn replication(strategy: usize, number: u32) -> Replication {
    let n = f64::from(number);
    let level = 10.0 * strategy as f64 + n;
    let scalar = |scope, metric, value| Scalar { scope, metric, value };
    let mut scalars = vec![
        scalar(0, Metric::NpvUsd, level * 1e6 / 3.0),
        scalar(0, Metric::NpvEquityUsd, level * 1e6),
        scalar(0, Metric::CapexUsd, 5.0),
        scalar(1, Metric::PeakMw, 100.0 - 0.1 * n),
    ];
    if number.is_multiple_of(2) {
        scalars.push(scalar(0, Metric::Irr, 0.1 + 0.01 * n));
    }
    let months = |usd: f64| (0..MONTHS).map(|m| usd * (m as f64 + 1.0)).collect();
    Replication {
        strategy,
        case: 0,
        replication: number,
        scalars,
        cashflow: Cashflow {
            accounts: vec!["mining_revenue", "power_cost", "lease_revenue"],
            usd: vec![months(3.0 + n), months(-1.0), months(0.0)],
            movement_usd: Vec::new(),
        },
        schedule: if strategy == 0 {
            Vec::new()
        } else {
            vec![stage(strategy, number)]
        },
        events: 7,
        detail: None,
    }
}

fn stage(strategy: usize, number: u32) -> ScheduleRow {
    ScheduleRow {
        strategy: STRATEGIES[strategy].to_owned(),
        case: "base".to_owned(),
        fidelity: "sampled_weeks".to_owned(),
        replication: number,
        site: "west".to_owned(),
        hall: "h-1".to_owned(),
        stage: "transformer".to_owned(),
        planned_start: "2026-01-01T06:00:00Z".to_owned(),
        planned_end: "2026-09-01T05:00:00Z".to_owned(),
        start: "2026-01-01T06:00:00Z".to_owned(),
        end: if number == 1 {
            String::new()
        } else {
            "2026-10-01T05:00:00Z".to_owned()
        },
        critical: true,
        cause: "=order, \"at risk\"".to_owned(),
    }
}

/// The same with detail, as the P50 replication has.
pub(crate) fn detailed(strategy: usize, number: u32) -> Replication {
    macro_rules! row {
        ($kind:ident { $($field:ident : $value:expr),* $(,)? }) => { $kind {
            strategy: STRATEGIES[strategy].to_owned(),
            case: "base".to_owned(),
            fidelity: "sampled_weeks".to_owned(),
            $($field: $value,)*
            ..$kind::default()
        } };
    }
    let site = || "west".to_owned();
    Replication {
        detail: Some(Box::new(Detail {
            mining_costs: Vec::new(),
            settlement: vec![row!(SettlementRow {
                site: site(),
                quantity: 1.0 / 3.0,
                rate: 38.5,
                usd: -12.8
            })],
            monthly: vec![row!(MonthlyRow {
                site: site(),
                energy_grid_mwh: 71_234.567,
                pue: 1.23
            })],
            hourly: vec![row!(HourlyRow {
                site: site(),
                price_usd_per_mwh: -4.25,
                dry_bulb_c: 1e-7
            })],
            capacity: vec![row!(CapacityRow {
                site: site(),
                t_s: -3,
                gpus: 2048
            })],
            jobs: vec![row!(JobRow {
                job_id: 9,
                start_s: -1,
                end_s: -1,
                end_reason: "queued".to_owned()
            })],
            events: vec![row!(EventRow {
                t_s: 5,
                kind: "@call".to_owned(),
                detail: "-20 MW".to_owned()
            })],
            hall_states: vec![row!(HallStateRow {
                hall: "h-1".to_owned(),
                grid_mw: 20.0
            })],
            finance: vec![row!(FinanceRow {
                item: "discount".to_owned(),
                unit: "%".to_owned(),
                value: 10.0
            })],
        })),
        ..replication(strategy, number)
    }
}

/// A block of the fixture.
pub(crate) fn block(index: u32, replications: u32) -> BlockResult {
    let shape = Shape::of(&manifest(replications));
    let records = (0..STRATEGIES.len())
        .flat_map(|s| block_range(index, replications).map(move |r| replication(s, r)))
        .collect();
    BlockResult::reduce(shape, index, replications, records)
}

/// The tables of the whole fixture.
pub(crate) fn tables(replications: u32) -> RunTables {
    let manifest = manifest(replications);
    let mut collector = Collector::new(Shape::of(&manifest));
    for index in 0..block_count(replications) {
        collector.add_block(block(index, replications));
    }
    let details = (0..STRATEGIES.len())
        .map(|s| detailed(s, collector.p50_replication(s, 0).unwrap()))
        .collect();
    let mut tables = collector.finish(manifest, details);
    tables.hot_hours = vec![HotHoursRow {
        strategy: STRATEGIES[1].to_owned(),
        case: "base".to_owned(),
        site: "west".to_owned(),
        hall: "h-1".to_owned(),
        redundancy: "n+1".to_owned(),
        units_out: 1,
        design_mw: 14.0,
        p99_mw: 12.5,
        ..HotHoursRow::default()
    }];
    tables.mining_batches = vec![MiningBatchRow {
        model: "antminer-s19-xp".to_owned(),
        machines: 4_750.5,
        break_even_usd_per_mwh: 75.3,
        sell_month: "2028-04".to_owned(),
        ..MiningBatchRow::default()
    }];
    tables.mining_break_even = vec![("antminer-s19-xp".to_owned(), 97.3)];
    tables.assumptions = vec![AssumptionRow {
        path: "sites[0].grid".to_owned(),
        value: "-5".to_owned(),
        source: "=HYPERLINK(\"http://x\")".to_owned(),
        ..AssumptionRow::default()
    }];
    tables
}
