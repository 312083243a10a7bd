//! The files of a run and their columns, one line per row type: the fields of the row in file order.

use crate::results::csv_table::{Cell, RowReader, RowWriter, Table};
use crate::results::npv_profile::NpvProfileRow;
use crate::results::tables::{
    AnswerRow, AssumptionRow, CapacityRow, CashflowRow, ComparisonRow, EventRow, FanRow, FidelityRow,
    FinanceRow, HallStateRow, HotHoursRow, HourlyRow, JobRow, LevelRow, MiningBatchRow, MiningBreakEvenRow,
    MonthlyRow, ScheduleConversionRow, ScheduleCurveRow, ScheduleDriverRow, ScheduleOrderRow,
    ScheduleRiskRow, ScheduleRow, SettlementRow, StatementRow, SummaryRow,
};

/// Declares the file of a row type; the columns are its fields.
macro_rules! table {
    ($row:ty, $file:literal, [$($field:ident),+ $(,)?]) => {
        impl Table for $row {
            const FILE: &'static str = $file;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];
            fn write_cells(&self, row: &mut RowWriter) {
                $(self.$field.put(row);)+
            }
            fn read_cells(row: &mut RowReader<'_>) -> Result<Self, String> {
                Ok(Self { $($field: Cell::take(row)?),+ })
            }
        }
    };
}

table!(
    SummaryRow,
    "summary.csv",
    [
        strategy, case, fidelity, scope, metric, unit, mean, sd, ci95_low, ci95_high, p5, p10, p50, p90, p95,
        min, max
    ]
);

table!(
    ComparisonRow,
    "comparison.csv",
    [
        strategy,
        case,
        fidelity,
        baseline,
        scope,
        metric,
        unit,
        mean_difference,
        ci95_low,
        ci95_high,
        p_better,
        p_best
    ]
);

table!(
    CashflowRow,
    "cashflow.csv",
    [strategy, case, fidelity, which, month, account, usd]
);

table!(
    StatementRow,
    "statements.csv",
    [strategy, case, fidelity, which, month, statement, line, usd]
);

table!(
    SettlementRow,
    "settlement.csv",
    [
        strategy, case, fidelity, site, month, contract, clause, quantity, unit, rate, usd, set_by
    ]
);

table!(
    MonthlyRow,
    "monthly.csv",
    [
        strategy,
        case,
        fidelity,
        site,
        month,
        energy_grid_mwh,
        energy_mining_mwh,
        energy_gpu_it_mwh,
        energy_cooling_mwh,
        energy_losses_mwh,
        energy_other_mwh,
        peak_mw,
        pue,
        water_m3,
        carbon_kg,
        gpu_hours_offered,
        gpu_hours_served,
        gpu_hours_idle,
        gpu_hours_failed,
        gpu_hours_unpowered,
        jobs_finished,
        mean_wait_s,
        btc_mined,
        curtailed_mwh,
        stranded_mwh_grid,
        stranded_mwh_cooling,
        stranded_mwh_electrical,
        stranded_mwh_staff,
        stranded_mwh_unlet,
        revenue_usd,
        power_cost_usd,
        stranded_mwh_rack,
        contracted_mwh,
        energised_mwh,
        commissioned_mwh,
        billable_mwh,
        used_mwh,
        unused_mwh,
        carbon_contract_kg,
        stranded_mwh_transformer,
        energy_onsite_mwh,
        energy_discharge_mwh,
        energy_charge_mwh,
        energy_backup_mwh,
        fuel_usd,
        inference_mtok,
        inference_within_target,
        inference_first_token_p95_s,
        mining_cost_usd
    ]
);

table!(
    HourlyRow,
    "hourly.csv",
    [
        strategy,
        case,
        fidelity,
        site,
        start_utc,
        price_usd_per_mwh,
        dry_bulb_c,
        wet_bulb_c,
        import_limit_mw,
        grid_mw,
        mining_mw,
        gpu_it_mw,
        cooling_mw,
        losses_mw,
        other_mw,
        gpu_capacity,
        gpus_busy,
        binding_limit,
        onsite_mw,
        discharge_mw,
        charge_mw,
        backup_mw,
        mining_gain_usd
    ]
);

table!(
    CapacityRow,
    "capacity.csv",
    [strategy, case, fidelity, site, pool, t_s, gpus]
);

table!(
    ScheduleRow,
    "schedule.csv",
    [
        strategy,
        case,
        fidelity,
        replication,
        site,
        hall,
        stage,
        planned_start,
        planned_end,
        start,
        end,
        critical,
        cause
    ]
);

table!(
    JobRow,
    "jobs.csv",
    [
        strategy,
        case,
        fidelity,
        replication,
        job_id,
        class,
        tenant,
        submit_s,
        start_s,
        end_s,
        gpus,
        duration_s,
        checkpoint_s,
        site,
        hall,
        restarts,
        lost_gpu_s,
        end_reason
    ]
);

table!(
    EventRow,
    "events.csv",
    [
        strategy,
        case,
        fidelity,
        replication,
        t_s,
        site,
        kind,
        subject,
        detail
    ]
);

table!(
    AssumptionRow,
    "assumptions.csv",
    [path, value, unit, label, source]
);

table!(
    AnswerRow,
    "answers.csv",
    [
        strategy, case, fidelity, against, metric, unit, answer, value, ci95_low, ci95_high
    ]
);

table!(
    LevelRow,
    "levels.csv",
    [
        strategy,
        case,
        fidelity,
        scope,
        metric,
        unit,
        level,
        replications,
        mean,
        variance,
        covariance,
        events_per_replication
    ]
);

table!(
    FidelityRow,
    "fidelity.csv",
    [
        strategy,
        case,
        fidelity,
        from,
        to,
        quantity,
        unit,
        jobs,
        value,
        error_percent
    ]
);

table!(
    FinanceRow,
    "finance.csv",
    [strategy, case, fidelity, item, kind, month, unit, value]
);

table!(
    HallStateRow,
    "hall_states.csv",
    [strategy, case, fidelity, site, hall, start_utc, state, grid_mw]
);

table!(
    NpvProfileRow,
    "npv_profile.csv",
    [
        strategy,
        case,
        fidelity,
        discount_percent,
        npv_usd,
        npv_equity_usd
    ]
);

table!(
    FanRow,
    "fans.csv",
    [strategy, case, fidelity, month, p5, p10, p25, p50, p75, p90, p95]
);

table!(MiningBreakEvenRow, "mining_break_even.csv", [model, usd_per_mwh]);

table!(
    MiningBatchRow,
    "mining_batches.csv",
    [
        site,
        hall,
        model,
        machines,
        power_mw,
        hashrate_ph,
        j_per_th,
        break_even_usd_per_mwh,
        power_usd_per_mwh,
        hashcost_usd_per_ph_day,
        resale_usd,
        cash_left_usd,
        sell_month,
        resale_then_usd
    ]
);

table!(
    ScheduleRiskRow,
    "schedule_risk.csv",
    [
        strategy,
        conversion,
        site,
        hall,
        stage,
        criticality,
        float_months,
        crew_wait_months,
        planned_end,
        end_p10,
        end_p50,
        end_p90,
        late_months,
        usd_per_day
    ]
);

table!(
    ScheduleConversionRow,
    "schedule_conversions.csv",
    [
        strategy,
        conversion,
        halls,
        planned_ready,
        ready_p10,
        ready_p50,
        ready_p90,
        planned_capex_usd,
        capex_p10_usd,
        capex_p50_usd,
        capex_p90_usd,
        delay_usd_per_day
    ]
);

table!(
    ScheduleDriverRow,
    "schedule_drivers.csv",
    [strategy, driver, mean_months, p90_months, variance_share]
);

table!(
    ScheduleOrderRow,
    "schedule_orders.csv",
    [
        strategy,
        conversion,
        order,
        at_risk,
        planned_months,
        mean_months,
        deposit_usd,
        value_usd
    ]
);

table!(
    ScheduleCurveRow,
    "schedule_curve.csv",
    [strategy, at, planned_mw, p10_mw, p50_mw, p90_mw]
);

table!(
    HotHoursRow,
    "hot_hours.csv",
    [
        strategy,
        case,
        fidelity,
        site,
        hall,
        kind,
        plant,
        units,
        redundancy,
        units_out,
        design_mw,
        worst_mw,
        p99_9_mw,
        p99_mw,
        p95_mw,
        p90_mw,
        p50_mw,
        hours_short,
        worst_dry_bulb_c,
        worst_wet_bulb_c
    ]
);
