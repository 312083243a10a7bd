//! Tables of a run that never ran, of plausible magnitude: charts and memo are made and looked at before and
//! apart from the engine.

use crate::metric::{Direction, Metric};
use crate::report::view::{quantile, sorted};
use crate::results::tables::*;
use crate::time::{Calendar, Month, SimTime, Span};

/// A cheap deterministic noise in 0..1.
fn noise(a: usize, b: usize) -> f64 {
    let mut x =
        (a as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (b as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 32;
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

/// Roughly normal, mean 0, standard deviation 1.
fn normal(a: usize, b: usize) -> f64 {
    (0..12).map(|k| noise(a * 13 + k, b + 7 * k)).sum::<f64>() - 6.0
}

/// A run of these strategies with these NPVs, in million USD, by replication.
pub(crate) fn with_npv<const N: usize>(strategies: &[(&str, [f64; N])]) -> RunTables {
    let mut tables = RunTables {
        manifest: manifest(&strategies.iter().map(|s| s.0).collect::<Vec<_>>(), N as u32, 12),
        metrics: Metrics::new(strategies.len(), 1, 1, N),
        ..RunTables::default()
    };
    for (strategy, (_, values)) in strategies.iter().enumerate() {
        for (replication, musd) in values.iter().enumerate() {
            tables
                .metrics
                .set((strategy, 0, 0), Metric::NpvUsd, replication, musd * 1e6);
        }
    }
    summarise(&mut tables);
    tables
}

fn manifest(strategies: &[&str], replications: u32, months: i32) -> Manifest {
    let start = Month { year: 2026, month: 1 };
    Manifest {
        format: 1,
        tool_version: "0.1.0".to_owned(),
        run_id: "4f1c09d2a7be6653".to_owned(),
        scenario_hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        scenario: "west-texas-100mw".to_owned(),
        question:
            "Convert two of five mining halls to GPU cloud, lease them as powered shell, or keep mining?"
                .to_owned(),
        seed: 1,
        replications,
        strategies: strategies
            .iter()
            .map(|id| StrategyInfo {
                id: (*id).to_owned(),
                summary: format!("what {id} does, from its plan."),
            })
            .collect(),
        baseline: strategies.first().map_or(String::new(), |s| (*s).to_owned()),
        cases: vec!["base".to_owned()],
        fidelity: "sampled_weeks".to_owned(),
        scopes: vec!["portfolio".to_owned(), "west-texas".to_owned()],
        months: (0..months).map(|m| start.plus(m).to_string()).collect(),
        discount_rate: 0.10,
        ..Manifest::default()
    }
}

/// Summary and comparison rows of whatever metrics are set, for the portfolio.
pub(crate) fn summarise(tables: &mut RunTables) {
    let strategies: Vec<String> = tables.manifest.strategies.iter().map(|s| s.id.clone()).collect();
    for (index, strategy) in strategies.iter().enumerate() {
        for metric in Metric::ALL {
            let all = tables.metrics.values((index, 0, 0), *metric).to_vec();
            let values = sorted(all.iter().copied().filter(|v| v.is_finite()).collect());
            if values.is_empty() {
                continue;
            }
            tables.summary.push(summary_row(strategy, *metric, &values));
            if index > 0 {
                let base = tables.metrics.values((0, 0, 0), *metric);
                tables
                    .comparison
                    .extend(comparison_row(strategy, *metric, (&all, base), &strategies[0]));
            }
        }
    }
}

fn spread_of(values: &[f64]) -> (f64, f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
    (mean, sd, 1.98 * sd / n.sqrt())
}

fn summary_row(strategy: &str, metric: Metric, values: &[f64]) -> SummaryRow {
    let (mean, sd, half) = spread_of(values);
    SummaryRow {
        strategy: strategy.to_owned(),
        case: "base".to_owned(),
        fidelity: "sampled_weeks".to_owned(),
        scope: "portfolio".to_owned(),
        metric: metric.id().to_owned(),
        unit: metric.definition().unit.to_owned(),
        mean,
        sd,
        ci95_low: mean - half,
        ci95_high: mean + half,
        p5: quantile(values, 0.05),
        p10: quantile(values, 0.1),
        p50: quantile(values, 0.5),
        p90: quantile(values, 0.9),
        p95: quantile(values, 0.95),
        min: values[0],
        max: values[values.len() - 1],
    }
}

fn comparison_row(
    strategy: &str,
    metric: Metric,
    pair: (&[f64], &[f64]),
    baseline: &str,
) -> Option<ComparisonRow> {
    let differences: Vec<f64> = pair
        .0
        .iter()
        .zip(pair.1)
        .map(|(a, b)| a - b)
        .filter(|d| d.is_finite())
        .collect();
    if differences.is_empty() {
        return None;
    }
    let (mean, _, half) = spread_of(&differences);
    let sign = if metric.definition().direction == Direction::Lower {
        -1.0
    } else {
        1.0
    };
    let better = differences.iter().filter(|d| sign * **d > 0.0).count() as f64 / differences.len() as f64;
    Some(ComparisonRow {
        strategy: strategy.to_owned(),
        case: "base".to_owned(),
        fidelity: "sampled_weeks".to_owned(),
        baseline: baseline.to_owned(),
        scope: "portfolio".to_owned(),
        metric: metric.id().to_owned(),
        unit: metric.definition().unit.to_owned(),
        mean_difference: mean,
        ci95_low: mean - half,
        ci95_high: mean + half,
        p_better: better,
        p_best: 0.9 * better,
    })
}

/// Three batches, of which the worst should have been sold.
fn mining_batches() -> Vec<MiningBatchRow> {
    let row = |model: &str, power_mw: f64, break_even: f64, sell_month: &str| MiningBatchRow {
        site: "west-texas".to_owned(),
        hall: "hall-1".to_owned(),
        model: model.to_owned(),
        machines: 286.0 * power_mw,
        power_mw,
        j_per_th: 1_500.0 / break_even,
        break_even_usd_per_mwh: break_even,
        power_usd_per_mwh: 47.0,
        hashcost_usd_per_ph_day: 20.0,
        resale_usd: 1e6,
        cash_left_usd: 3e6,
        sell_month: sell_month.to_owned(),
        ..MiningBatchRow::default()
    };
    vec![
        row("antminer-s21", 20.0, 82.4, ""),
        row("antminer-s19-xp", 20.0, 67.0, "2028-04"),
        row("antminer-s19j-pro", 10.0, 48.8, "2026-01"),
    ]
}

/// A hall and its site's sum, whole and with a unit out.
fn hot_hours() -> Vec<HotHoursRow> {
    let conditions = [("n", 0, 1.0), ("n", 1, 0.8), ("n+1", 0, 1.0), ("n+1", 1, 1.0)];
    let row = |hall: &str, (redundancy, units_out, share): (&str, u32, f64)| HotHoursRow {
        strategy: "gpu-cloud".to_owned(),
        case: "base".to_owned(),
        fidelity: "sampled_weeks".to_owned(),
        site: "west-texas".to_owned(),
        hall: hall.to_owned(),
        plant: if hall.is_empty() { "" } else { "dx" }.to_owned(),
        redundancy: redundancy.to_owned(),
        units_out,
        design_mw: 14.0,
        worst_mw: 9.0 * share,
        p99_9_mw: 10.0 * share,
        p99_mw: 11.5 * share,
        p95_mw: 13.0 * share,
        p90_mw: 14.0 * share,
        p50_mw: 14.0,
        hours_short: 500.0,
        ..HotHoursRow::default()
    };
    let of = |hall: &'static str| conditions.map(|condition| row(hall, condition));
    of("h-1").into_iter().chain(of("")).collect()
}

/// A whole run: 100 MW in Texas, five halls, ten years, 100 replications, three strategies.
pub(crate) fn full() -> RunTables {
    let ids = ["stay-mining", "gpu-cloud", "lease-shell"];
    let mut tables = RunTables {
        manifest: manifest(&ids, 100, 120),
        metrics: Metrics::new(3, 1, 2, 100),
        mining_break_even: vec![
            ("antminer-s21".to_owned(), 82.4),
            ("antminer-s19-xp".to_owned(), 67.0),
            ("antminer-s19j-pro".to_owned(), 48.8),
        ],
        hot_hours: hot_hours(),
        mining_batches: mining_batches(),
        ..RunTables::default()
    };
    tables.manifest.notes = notes();
    tables.manifest.inputs = vec![InputFile {
        name: "dam_US-TEX-ERCO_2023.csv".to_owned(),
        sha256: "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c".to_owned(),
        repaired: 3,
    }];
    tables.assumptions = assumptions();
    for strategy in 0..3 {
        scalars(&mut tables, strategy);
        cash(&mut tables, strategy);
        physics(&mut tables, strategy);
        hours(&mut tables, strategy);
        plan(&mut tables, strategy);
    }
    schedules(&mut tables);
    median(&mut tables);
    summarise(&mut tables);
    tables
}

/// What schedules alone say of the strategies that convert.
fn schedules(tables: &mut RunTables) {
    for (strategy, late) in [("gpu-cloud", 6.0), ("lease-shell", 3.0)] {
        let id = strategy.to_owned();
        for (stage, criticality) in [
            ("switchgear_order", 0.7),
            ("commissioning", 0.9),
            ("ready-for-service", 1.0),
        ] {
            tables.schedule_risk.push(ScheduleRiskRow {
                strategy: id.clone(),
                site: "west-texas".to_owned(),
                hall: "g-1".to_owned(),
                stage: stage.to_owned(),
                criticality,
                float_months: 1.0 - criticality,
                planned_end: "2027-06-20T00:00:00Z".to_owned(),
                end_p10: "2027-07-20T00:00:00Z".to_owned(),
                end_p50: "2027-11-20T00:00:00Z".to_owned(),
                end_p90: "2028-05-20T00:00:00Z".to_owned(),
                late_months: late,
                usd_per_day: 50_000.0 * criticality,
                ..ScheduleRiskRow::default()
            });
        }
        for (driver, share) in [
            ("everything", 1.0),
            ("common factor", 0.6),
            ("gensets", 0.3),
            ("crews", -0.1),
        ] {
            tables.schedule_drivers.push(ScheduleDriverRow {
                strategy: id.clone(),
                driver: driver.to_owned(),
                mean_months: late * share,
                p90_months: 2.0 * late * share,
                variance_share: share,
            });
        }
        tables.schedule_orders.push(ScheduleOrderRow {
            strategy: id.clone(),
            order: "switchgear".to_owned(),
            planned_months: 3.0,
            mean_months: 2.5,
            deposit_usd: 4e6,
            value_usd: 3.8e6,
            ..ScheduleOrderRow::default()
        });
        for month in 0..24 {
            let share = |lag: f64| 40.0 / (1.0 + (-(f64::from(month) - 12.0 - lag)).exp());
            let name = Month { year: 2026, month: 7 }.plus(month);
            tables.schedule_curve.push(ScheduleCurveRow {
                strategy: id.clone(),
                at: format!("{name}-01T00:00:00Z"),
                planned_mw: share(0.0),
                p10_mw: share(late + 4.0),
                p50_mw: share(late),
                p90_mw: share(late - 3.0),
            });
        }
    }
}

/// The median replication is the mean here, and a bank pays for a part of the lease.
fn median(tables: &mut RunTables) {
    let mut rows: Vec<CashflowRow> = tables.cashflow.clone();
    let lease = rows
        .iter()
        .find(|r| r.strategy == "lease-shell")
        .cloned()
        .unwrap();
    for (m, month) in tables.manifest.months.iter().enumerate() {
        let (account, usd) = if m < 18 {
            ("debt_draws", 7e6)
        } else {
            ("debt_repayments", -1.2e6)
        };
        for (account, usd) in [
            (account, usd),
            ("interest_cost", -0.4e6),
            ("equity_contributions", 1e6),
        ] {
            rows.push(CashflowRow {
                month: month.clone(),
                account: account.to_owned(),
                usd,
                ..lease.clone()
            });
        }
    }
    let term = |item: &str, month: &str, value: f64| FinanceRow {
        strategy: lease.strategy.clone(),
        case: lease.case.clone(),
        item: item.to_owned(),
        month: month.to_owned(),
        value,
        ..FinanceRow::default()
    };
    tables.finance = vec![term("covenant", "", 1.05), term("lock_up", "", 1.2)];
    for (month, cover) in [("2028-06", 1.32), ("2028-12", 1.41), ("2029-06", 1.02)] {
        tables.finance.push(term("cover", month, cover));
    }
    for row in &mut rows {
        row.which = "p50".to_owned();
    }
    tables.cashflow.extend(rows);
}

/// The first year of the whole run.
pub(crate) fn one_year() -> RunTables {
    let mut tables = full();
    tables.manifest.months.truncate(12);
    for fan in &mut tables.fans {
        for quantile in &mut fan.quantiles {
            quantile.truncate(12);
        }
    }
    tables.hall_states.retain(|row| row.start_utc.as_str() < "2027");
    tables.cashflow.retain(|row| row.month.as_str() < "2027");
    tables.monthly.retain(|row| row.month.as_str() < "2027");
    for row in &mut tables.schedule {
        for text in [&mut row.start, &mut row.end] {
            if text.as_str() >= "2027" {
                text.clear();
            }
        }
    }
    tables
}

/// Eight strategies with long names, many miners, thirty halls.
pub(crate) fn crowd() -> RunTables {
    let name = |i: usize| format!("strategy-{i}-with-a-name-as-long-as-a-name-may-be-in-a-scenario-fil");
    let names: Vec<String> = (0..8).map(name).collect();
    let values = |i: usize| std::array::from_fn::<f64, 40, _>(|r| 100.0 * normal(r, i) + 40.0 * i as f64);
    let series: Vec<(&str, [f64; 40])> = names
        .iter()
        .enumerate()
        .map(|(i, id)| (id.as_str(), values(i)))
        .collect();
    let mut tables = with_npv(&series);
    let whole = full();
    tables.mining_break_even = (0..14)
        .map(|i| (format!("{}-{i}", name(i)), 40.0 + 1.5 * i as f64))
        .collect();
    tables.fans = (0..8)
        .map(|strategy| Fan {
            strategy,
            ..whole.fans[strategy % 3].clone()
        })
        .collect();
    tables.hourly = whole
        .hourly
        .into_iter()
        .filter(|row| row.strategy == "gpu-cloud")
        .collect();
    for row in &mut tables.hourly {
        row.strategy.clone_from(&names[3]);
        row.price_usd_per_mwh *= -1.0;
    }
    for (s, hall) in (0..3).flat_map(|s| (0..30).map(move |h| (s, h))) {
        for row in whole
            .hall_states
            .iter()
            .filter(|r| r.strategy == "gpu-cloud" && r.hall == "g-1")
        {
            tables.hall_states.push(HallStateRow {
                strategy: names[s].clone(),
                hall: format!("hall-with-a-long-name-{hall}"),
                grid_mw: if hall == 0 { 300.0 } else { 12.5 },
                ..row.clone()
            });
        }
    }
    for hall in 0..5 {
        for row in whole.schedule.iter().filter(|r| r.strategy == "gpu-cloud") {
            tables.schedule.push(ScheduleRow {
                strategy: names[1].clone(),
                hall: format!("{}-{hall}", row.hall),
                ..row.clone()
            });
        }
    }
    for row in whole.cashflow.iter().filter(|r| r.strategy == "gpu-cloud") {
        for id in &names {
            tables.cashflow.push(CashflowRow {
                strategy: id.clone(),
                ..row.clone()
            });
        }
    }
    tables
}

fn notes() -> Vec<Note> {
    let note = |kind: &str, text: &str| Note {
        kind: kind.to_owned(),
        text: text.to_owned(),
    };
    vec![
        note(
            "data",
            "Weather is a typical year laid on the price year 2023; this cuts the tie of heat and price.",
        ),
        note(
            "data",
            "Three price intervals were repaired by `same_hour_previous_day`.",
        ),
        note(
            "model",
            "Jobs were simulated in 8 sampled weeks a year; offered load 0.67 of 2,048 GPUs.",
        ),
        note(
            "warning",
            "GPU rents follow a process fitted to two years of listed prices only.",
        ),
    ]
}

fn assumptions() -> Vec<AssumptionRow> {
    let row = |path: &str, value: &str, unit: &str, label: &str, source: &str| AssumptionRow {
        path: path.to_owned(),
        value: value.to_owned(),
        unit: unit.to_owned(),
        label: label.to_owned(),
        source: source.to_owned(),
    };
    vec![
        row(
            "sites.west-texas.grid.import_limit_mw",
            "100",
            "MW",
            "given",
            "scenario",
        ),
        row(
            "strategies.gpu-cloud.fit_out_usd_per_it_kw",
            "11800",
            "USD/kW",
            "sourced",
            "Cushman & Wakefield, Data Center Development Cost Guide 2025",
        ),
        row(
            "strategies.lease-shell.usd_per_kw_month",
            "128",
            "USD/kW-month",
            "given",
            "scenario",
        ),
        row(
            "tenants.anchor.load_profile",
            "training",
            "",
            "assumption",
            "no published profile of reserved blocks",
        ),
        row(
            "finance.discount_rate",
            "0.1",
            "1/yr",
            "assumption",
            "convention of the memo",
        ),
    ]
}

fn scalars(tables: &mut RunTables, s: usize) {
    let pick = |values: [f64; 3]| values[s];
    for r in 0..100 {
        let shared = normal(r, 1);
        let npv =
            pick([24e6, 96e6, 61e6]) + pick([32e6, 105e6, 12e6]) * (0.4 * shared + 0.9 * normal(r, 10 + s));
        let delay = (2.5 + 2.5 * normal(r, 4)).max(-1.0);
        let ready = 18.0 + delay;
        let mut values = vec![
            (Metric::NpvUsd, npv),
            (Metric::NpvWithoutResidualUsd, npv - pick([2e6, 70e6, 38e6])),
            (Metric::NpvEquityUsd, npv * 0.9 - 4e6),
            (
                Metric::CapexUsd,
                pick([0.0, 780e6, 212e6]) * (1.0 + 0.08 * normal(r, 6)),
            ),
            (
                Metric::PeakEquityUsd,
                pick([3e6, 320e6, 120e6]) * (1.0 + 0.1 * normal(r, 7)),
            ),
            (
                Metric::EnergyMwh,
                pick([6.9e6, 7.3e6, 7.4e6]) * (1.0 + 0.02 * normal(r, 8)),
            ),
            (Metric::EnergyCostUsdPerMwh, 41.5 + 3.0 * shared),
            (Metric::MiningRevenueUsdPerMwh, 68.0 + 9.0 * normal(r, 9)),
            (Metric::PeakMw, 99.7),
            (
                Metric::BtcMined,
                pick([2_100.0, 1_350.0, 1_320.0]) * (1.0 + 0.1 * normal(r, 12)),
            ),
            (
                Metric::CurtailedMwh,
                pick([410e3, 260e3, 255e3]) * (1.0 + 0.1 * normal(r, 13)),
            ),
            (
                Metric::StrandedMwh,
                pick([52e3, 190e3, 160e3]) * (1.0 + 0.1 * normal(r, 14)),
            ),
            (Metric::DemandResponseUsd, pick([2.9e6, 1.9e6, 1.8e6])),
        ];
        if s > 0 {
            values.push((Metric::Pue, pick([0.0, 1.19, 1.27]) + 0.008 * normal(r, 15)));
            values.push((Metric::ReadyForServiceMonths, ready));
            values.push((Metric::DelayMonths, delay));
            values.push((Metric::ServiceCreditsUsd, (0.8e6 * delay).max(0.0)));
        }
        if s == 1 {
            values.push((Metric::GpuRevenueUsdPerMwh, 1_480.0 + 160.0 * normal(r, 16)));
            values.push((Metric::GpuUtilisation, 0.83 + 0.02 * normal(r, 17)));
            values.push((Metric::Goodput, 0.985));
            values.push((Metric::GpuHoursServed, 560e6 * (1.0 + 0.03 * normal(r, 18))));
            values.push((Metric::MeanWaitS, 5_300.0 * (1.0 + 0.2 * normal(r, 19))));
        }
        if s == 2 {
            values.push((Metric::LeaseRevenueUsdPerMwh, 226.0 + 3.0 * normal(r, 20)));
            values.push((Metric::DebtUsd, 126e6));
            values.push((Metric::DscrMin, 1.2 + 0.1 * normal(r, 21)));
            values.push((Metric::CovenantBroken, f64::from(r % 10 == 0)));
        }
        if npv > 0.0 && s > 0 {
            values.push((Metric::Irr, 0.10 + npv / 1.1e9));
            values.push((Metric::PaybackYears, (7.5 - npv / 60e6).max(2.0)));
        }
        for (metric, value) in values {
            tables.metrics.set((s, 0, 0), metric, r, value);
            tables.metrics.set((s, 0, 1), metric, r, value);
        }
    }
}

fn cash(tables: &mut RunTables, s: usize) {
    let strategy = tables.manifest.strategies[s].id.clone();
    let monthly: [&[(&str, f64, f64)]; 3] = [
        // Account, monthly USD while mining or building, monthly USD when serving.
        &[
            ("mining_revenue", 4.0e6, 4.0e6),
            ("power_cost", -2.5e6, -2.5e6),
            ("staff_cost", -0.35e6, -0.35e6),
            ("other_opex", -0.3e6, -0.3e6),
            ("income_tax", -0.12e6, -0.12e6),
        ],
        &[
            ("mining_revenue", 3.1e6, 2.4e6),
            ("gpu_reserved_revenue", 0.0, 13.6e6),
            ("gpu_on_demand_revenue", 0.0, 4.2e6),
            ("power_cost", -2.2e6, -2.9e6),
            ("staff_cost", -0.5e6, -0.9e6),
            ("capex_hardware", -30.0e6, -0.2e6),
            ("capex_facility", -12.0e6, 0.0),
            ("service_credits", 0.0, -0.05e6),
            ("income_tax", 0.0, -0.9e6),
        ],
        &[
            ("mining_revenue", 3.1e6, 2.4e6),
            ("lease_revenue", 0.0, 4.3e6),
            ("power_recharge", 0.0, 1.1e6),
            ("power_cost", -2.2e6, -2.9e6),
            ("staff_cost", -0.4e6, -0.45e6),
            ("capex_facility", -11.0e6, 0.0),
            ("income_tax", 0.0, -0.4e6),
        ],
    ];
    let mut net = vec![0.0; 120];
    for (m, month) in tables.manifest.months.clone().iter().enumerate() {
        for (account, before, after) in monthly[s] {
            let usd = if m < 18 { *before } else { *after };
            net[m] += usd;
            tables.cashflow.push(CashflowRow {
                strategy: strategy.clone(),
                case: "base".to_owned(),
                fidelity: "sampled_weeks".to_owned(),
                which: "mean".to_owned(),
                month: month.clone(),
                account: (*account).to_owned(),
                usd,
            });
        }
    }
    let mut total = 0.0;
    let mut fan = Fan {
        strategy: s,
        ..Fan::default()
    };
    for (m, usd) in net.iter().enumerate() {
        total += usd;
        for (q, z) in [-1.64, -1.28, -0.67, 0.0, 0.67, 1.28, 1.64].iter().enumerate() {
            fan.quantiles[q].push(total + z * [0.5e6, 2.0e6, 0.3e6][s] * (m as f64 + 1.0));
        }
    }
    tables.fans.push(fan);
}

fn physics(tables: &mut RunTables, s: usize) {
    let strategy = tables.manifest.strategies[s].id.clone();
    for (m, month) in tables.manifest.months.clone().iter().enumerate() {
        let season = (std::f64::consts::TAU * (m as f64 - 6.5) / 12.0).cos();
        let serving = s > 0 && m >= 20;
        tables.monthly.push(MonthlyRow {
            strategy: strategy.clone(),
            case: "base".to_owned(),
            fidelity: "sampled_weeks".to_owned(),
            site: "west-texas".to_owned(),
            month: month.clone(),
            energy_grid_mwh: 65_000.0,
            energy_gpu_it_mwh: if serving { 22_000.0 } else { 0.0 },
            pue: if serving {
                [0.0, 1.18, 1.26][s] + 0.035 * season
            } else {
                0.0
            },
            curtailed_mwh: 2_000.0 + 1_200.0 * season,
            stranded_mwh_grid: 120.0,
            stranded_mwh_cooling: (500.0 * season).max(0.0),
            stranded_mwh_unlet: if s > 0 && (10..20).contains(&m) {
                8_000.0
            } else {
                0.0
            },
            ..MonthlyRow::default()
        });
    }
    let halls = ["h-1", "h-2", "h-3", "g-1", "g-2"];
    for (h, hall) in halls.iter().enumerate() {
        let states: &[(&str, &str)] = match (s, h) {
            (0, _) | (_, 0..=2) => &[("2026-01-01T06:00:00Z", "mining")],
            (1, _) => &[
                ("2026-01-01T06:00:00Z", "mining"),
                ("2026-08-20T06:00:00Z", "winding_down"),
                ("2026-09-30T06:00:00Z", "building"),
                ("2027-05-15T06:00:00Z", "commissioning"),
                ("2027-08-10T06:00:00Z", "serving"),
            ],
            _ => &[
                ("2026-01-01T06:00:00Z", "mining"),
                ("2026-06-01T06:00:00Z", "building"),
                ("2027-06-20T06:00:00Z", "commissioning"),
                ("2027-07-25T06:00:00Z", "leased"),
            ],
        };
        for (start, state) in states {
            tables.hall_states.push(HallStateRow {
                strategy: strategy.clone(),
                case: "base".to_owned(),
                fidelity: "sampled_weeks".to_owned(),
                site: "west-texas".to_owned(),
                hall: (*hall).to_owned(),
                start_utc: (*start).to_owned(),
                state: (*state).to_owned(),
                grid_mw: 20.0,
            });
        }
    }
}

/// The year 2028, hour by hour.
fn hours(tables: &mut RunTables, s: usize) {
    let strategy = tables.manifest.strategies[s].id.clone();
    let start = Calendar::utc().start_of_month(Month { year: 2028, month: 1 });
    for h in 0..8_784 {
        let season = (std::f64::consts::TAU * (h as f64 / 8_784.0 - 0.55)).cos();
        let day = (std::f64::consts::TAU * ((h % 24) as f64 - 21.0) / 24.0).cos();
        let dry_bulb_c = 19.0 + 11.0 * season + 6.0 * day + 2.0 * normal(h / 24, 3);
        let spike = if noise(h, 5) > 0.995 {
            60.0 / (1.004 - noise(h, 6))
        } else {
            0.0
        };
        let price = 28.0 + 9.0 * day + 14.0 * normal(h, 2) * 0.6 + spike.min(4_900.0) + 6.0 * season;
        let gpu = if s == 0 { 0.0 } else { 29.0 + 1.5 * day };
        let limit = if s == 1 && (5_000..5_004).contains(&h) {
            60.0
        } else {
            100.0
        };
        let cooling = 0.11 * gpu + 0.02 * (dry_bulb_c - 10.0).max(0.0) + 1.2;
        let mining = if price > 67.0 {
            0.0
        } else {
            ([93.0, 56.0, 56.0][s] - 0.1 * (dry_bulb_c - 30.0).max(0.0)).min(limit - 40.0)
        };
        tables.hourly.push(HourlyRow {
            strategy: strategy.clone(),
            case: "base".to_owned(),
            fidelity: "sampled_weeks".to_owned(),
            site: "west-texas".to_owned(),
            start_utc: (start + Span::from_hours(h as i64)).to_utc_text(),
            price_usd_per_mwh: price,
            dry_bulb_c,
            wet_bulb_c: dry_bulb_c - 8.0,
            import_limit_mw: limit,
            grid_mw: gpu + cooling + mining + 2.4,
            mining_mw: mining,
            gpu_it_mw: gpu,
            cooling_mw: cooling,
            losses_mw: 1.8,
            other_mw: 0.6,
            ..HourlyRow::default()
        });
    }
}

fn plan(tables: &mut RunTables, s: usize) {
    let strategy = tables.manifest.strategies[s].id.clone();
    let cloud = [
        ("design", 0, 60),
        ("permits", 30, 120),
        ("switchgear_order", 45, 260),
        ("wind_down_mining", 230, 40),
        ("strip_out", 270, 45),
        ("civil_works", 315, 70),
        ("electrical_fit_out", 330, 110),
        ("liquid_cooling_fit_out", 350, 100),
        ("gpu_delivery", 380, 60),
        ("commissioning", 450, 45),
    ];
    let shell = [
        ("design", 150, 60),
        ("strip_out", 160, 45),
        ("civil_works", 205, 140),
        ("electrical_fit_out", 345, 130),
        ("handover", 480, 30),
    ];
    let stages: &[(&str, i64, i64)] = match s {
        0 => &[],
        1 => &cloud,
        _ => &shell,
    };
    let start = Calendar::utc().start_of_month(Month { year: 2026, month: 1 });
    let at = |days: f64| -> SimTime { start + Span::from_days_f64(days) };
    for r in 0..100_usize {
        for (h, hall) in ["g-1", "g-2"].iter().enumerate() {
            for (k, (stage, begin, days)) in stages.iter().enumerate() {
                let slip = k as f64 * (6.0 + 5.0 * normal(r, 40 + h)).max(0.0);
                let length = *days as f64 * (1.0 + 0.15 * normal(r, 50 + k)).max(0.5);
                let shift = 20.0 * h as f64;
                let planned = *begin as f64 + shift;
                tables.schedule.push(ScheduleRow {
                    strategy: strategy.clone(),
                    case: "base".to_owned(),
                    fidelity: "sampled_weeks".to_owned(),
                    replication: r as u32,
                    site: "west-texas".to_owned(),
                    hall: (*hall).to_owned(),
                    stage: (*stage).to_owned(),
                    planned_start: at(planned).to_utc_text(),
                    planned_end: at(planned + *days as f64).to_utc_text(),
                    start: at(planned + slip).to_utc_text(),
                    end: at(planned + slip + length).to_utc_text(),
                    critical: matches!(k, 0 | 2 | 6 | 9),
                    cause: "predecessor".to_owned(),
                });
            }
        }
    }
}
