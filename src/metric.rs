//! The catalogue of metrics: what a replication is summarised by.
//!
//! A metric has an id that files carry, a unit, and the direction in which more is better; nothing here
//! computes one.

/// Which way a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither: it describes.
    Neither,
}

/// What a metric is.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// The id in files.
    pub id: &'static str,
    /// The unit in files.
    pub unit: &'static str,
    /// Which way it improves.
    pub direction: Direction,
    /// One sentence for people.
    pub meaning: &'static str,
}

macro_rules! metrics {
    ($($name:ident, $id:literal, $unit:literal, $direction:ident, $meaning:literal;)+) => {
        /// A scalar per replication.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Metric { $(#[doc = $meaning] $name,)+ }

        impl Metric {
            /// Every metric, in the order of files.
            pub const ALL: &'static [Metric] = &[$(Metric::$name,)+];
            /// Its definition.
            pub const fn definition(self) -> Definition {
                match self { $(Metric::$name => Definition {
                    id: $id, unit: $unit, direction: Direction::$direction, meaning: $meaning,
                },)+ }
            }
        }
    };
}

metrics! {
    NpvUsd, "npv_usd", "usd", Higher, "Net present value of all cash flows after tax, before financing, residual included.";
    NpvEquityUsd, "npv_equity_usd", "usd", Higher, "Net present value of the equity cash flows, residual included.";
    NpvWithoutResidualUsd, "npv_without_residual_usd", "usd", Higher, "Net present value without the residual at the horizon.";
    Irr, "irr", "1/yr", Higher, "Lowest real internal rate of return of the project flows, effective a year.";
    IrrEquity, "irr_equity", "1/yr", Higher, "Lowest real internal rate of return of the equity flows, effective a year.";
    Moic, "moic", "1", Higher, "Equity distributions over equity paid in.";
    PaybackYears, "payback_years", "yr", Lower, "Years until cumulative undiscounted project flows stay above zero.";
    PeakEquityUsd, "peak_equity_usd", "usd", Lower, "Deepest point of the cumulative equity flows, as a positive amount.";
    CapexUsd, "capex_usd", "usd", Neither, "Capital expenditure, salvage not netted.";
    DscrMin, "dscr_min", "1", Higher, "Smallest debt service cover ratio of any period with debt service.";
    DscrMean, "dscr_mean", "1", Higher, "Mean debt service cover ratio of the periods with debt service.";
    DscrMinMonth, "dscr_min_month", "month", Neither, "Months from the start to the end of the period in which it was smallest.";
    Llcr, "llcr", "1", Higher, "Loan life cover ratio: present value at the loan's interest of the cash of its life, over what is owed when repayment begins.";
    Plcr, "plcr", "1", Higher, "Project life cover ratio: the same with the cash to the horizon.";
    CovenantBroken, "covenant_broken", "1", Lower, "1 where the covenant was broken or something due was not paid in any period, else 0; its mean is the probability.";
    CovenantBreaches, "covenant_breaches", "1", Lower, "Periods in which it was.";
    LockUps, "lock_ups", "1", Lower, "Periods in which owners were locked up.";
    DebtUsd, "debt_usd", "usd", Neither, "Debt drawn while building.";
    EquipmentDebtUsd, "equipment_debt_usd", "usd", Neither, "Drawn from lenders of machines.";
    InterestBuildingUsd, "interest_building_usd", "usd", Lower, "Interest while building, capitalised.";
    FeesBuildingUsd, "fees_building_usd", "usd", Lower, "Upfront and commitment fees of lenders.";
    VendorEquityUsd, "vendor_equity_usd", "usd", Neither, "Paid in by a vendor of machines for its share, where one subscribes equity.";
    IrrVendor, "irr_vendor", "1/yr", Neither, "Lowest real internal rate of return of that vendor.";
    NpvOtherOwnersUsd, "npv_other_owners_usd", "usd", Higher, "Present value of what owners other than that vendor get less what they pay in.";
    IrrInvestor, "irr_investor", "1/yr", Higher, "Lowest real internal rate of return of the investor, where owners share.";
    IrrSponsor, "irr_sponsor", "1/yr", Higher, "The same of the sponsor.";
    IrrRoots, "irr_roots", "1", Neither, "How many real internal rates of return the project flows have, where there are several.";
    IrrHighest, "irr_highest", "1/yr", Neither, "The highest of them.";
    Mirr, "mirr", "1/yr", Higher, "Modified internal rate of return where there are several: outlays and receipts at the discount rate.";
    ResidualShare, "residual_share", "1", Neither, "Present value of the residual over the size of the net present value.";
    YieldOnCost, "yield_on_cost", "1/yr", Higher, "EBITDA of the whole in the second year after the last hall is ready, over capital expenditure.";
    EbitdaUsdPerMwYear, "ebitda_usd_per_mw_year", "usd/mw/yr", Higher, "Mean EBITDA a year over the grid feed of all halls, where something is built.";
    CapexUsdPerMw, "capex_usd_per_mw", "usd/mw", Lower, "Capital expenditure over the grid feed of the halls converted.";
    LeaseUsdPerKwMonth, "lease_usd_per_kw_month", "usd/kw/month", Higher, "Rent of leases over the critical load let and the months since it was ready, free months included.";
    LevelisedUsdPerGpuH, "levelised_usd_per_gpu_h", "usd/gpu-h", Lower, "Levelised cost of compute: the level price of a served GPU-hour at which the strategy is worth nothing after tax, all else as it went.";
    LevelisedUsdPerMtok, "levelised_usd_per_mtok", "usd/mtok", Lower, "Levelised cost of a million tokens answered by inference services: the level price at which the strategy is worth nothing after tax, all else as it went.";
    BreakEvenHashpriceShare, "break_even_hashprice_share", "1", Lower, "Hashprice at which the strategy is worth nothing after tax, the same share of the hashprice of every hour, over that hashprice; fleets as they went.";
    TenantDefaults, "tenant_defaults", "1", Lower, "Defaults of tenants of leased halls and reserved blocks, where their `credit` is stated.";
    ShellEmptyMonths, "shell_empty_months", "month", Lower, "Months without a tenant after a default or a term, added over leased halls, where their `credit` or `reletting` is stated.";
    TenantLossUsd, "tenant_loss_usd", "usd", Lower, "Rent of those months, as it was when the tenant left, with the cost of letting again, less what guarantors paid.";
    BreakEvenPowerUsdPerMwh, "break_even_power_usd_per_mwh", "usd/mwh", Higher, "The price of energy at the meter, taxes on profit worked out anew, at which the strategy is worth nothing.";
    EnergyMwh, "energy_mwh", "mwh", Neither, "Energy at the grid meter.";
    EnergyCostUsdPerMwh, "energy_cost_usd_per_mwh", "usd/mwh", Lower, "Power bill, net of resale and demand response, over energy at the meter.";
    Pue, "pue", "1", Lower, "Energy at the meter that serves GPU halls over their IT energy.";
    WueLPerKwh, "wue_l_per_kwh", "l/kwh", Lower, "Water used over IT energy.";
    CueKgPerKwh, "cue_kg_per_kwh", "kg/kwh", Lower, "Carbon of grid energy by location, and of fuel burnt on site, over IT energy.";
    CueContractKgPerKwh, "cue_contract_kg_per_kwh", "kg/kwh", Lower, "Likewise with the intensities that power contracts state.";
    PeakMw, "peak_mw", "mw", Neither, "Largest power at the grid meter in any interval.";
    GpuHoursOffered, "gpu_hours_offered", "gpu-h", Neither, "GPU-hours installed and past ready-for-service.";
    GpuHoursServed, "gpu_hours_served", "gpu-h", Higher, "GPU-hours of work delivered to tenants and jobs.";
    GpuUtilisation, "gpu_utilisation", "1", Higher, "GPU-hours served over GPU-hours offered.";
    Goodput, "goodput", "1", Higher, "GPU-hours of work that counts over GPU-hours at work, of pools and reserved blocks: work lost at kills, restarts and checkpoints excluded.";
    EffectiveTrainingRatio, "effective_training_ratio", "1", Higher, "Of the GPU-hours at work on reserved blocks that train, the share not lost at failures and not spent on restarts and checkpoints.";
    GpuHoursFailed, "gpu_hours_failed", "gpu-h", Lower, "GPU-hours of systems that were down.";
    GpuHoursFailedSystem, "gpu_hours_failed_system", "gpu-h", Lower, "Of these, by failures of the systems themselves.";
    GpuHoursFailedRack, "gpu_hours_failed_rack", "gpu-h", Lower, "Of these, by failures of racks' feeds.";
    GpuHoursFailedSwitch, "gpu_hours_failed_switch", "gpu-h", Lower, "Of these, by failures of leaf switches.";
    GpuHoursFailedFeeder, "gpu_hours_failed_feeder", "gpu-h", Lower, "Of these, by failures of halls' feeders.";
    TechnicianWaitH, "technician_wait_h", "h", Lower, "Mean wait of a fault that needs no part for a technician.";
    PartWaitH, "part_wait_h", "h", Lower, "Mean wait of a fault that needs a part for the part and a technician.";
    Fragmentation, "fragmentation", "1", Lower, "Share of the GPU-hours of pools on nodes that were free while the first job in the queue needed no more, but could not stand there; simulated weeks only.";
    JobsFinished, "jobs_finished", "1", Higher, "On-demand jobs finished, simulated weeks only.";
    MeanWaitS, "mean_wait_s", "s", Lower, "Mean wait of on-demand jobs from submission to first start.";
    P95WaitS, "p95_wait_s", "s", Lower, "95th percentile of that wait.";
    InferenceMtok, "inference_mtok", "mtok", Higher, "Millions of tokens of prompts and answers of inference services.";
    InferenceWithinTarget, "inference_within_target", "1", Higher, "Share of the requests of inference services answered within the promised time to the first token and at the promised speed.";
    InferenceRefused, "inference_refused", "1", Lower, "Share of their requests that was refused.";
    InferenceFirstTokenP50S, "inference_first_token_p50_s", "s", Lower, "Median time to the first token of the requests answered.";
    InferenceFirstTokenP95S, "inference_first_token_p95_s", "s", Lower, "95th percentile of that time.";
    InferenceFirstTokenP99S, "inference_first_token_p99_s", "s", Lower, "99th percentile of that time.";
    InferenceSPerToken, "inference_s_per_token", "s", Lower, "Mean time between two tokens of an answer.";
    InferenceReplicas, "inference_replicas", "1", Neither, "Replicas of a service that answer, mean of the time since it had its first.";
    InferenceLentGpuHours, "inference_lent_gpu_hours", "gpu-h", Higher, "GPU-hours of work of pools on GPUs that inference services lent them.";
    BtcMined, "btc_mined", "btc", Higher, "Bitcoin mined.";
    CoinsMinedUsd, "coins_mined_usd", "usd", Higher, "Coins of other chains than bitcoin that graphics cards mined, at the price of the day.";
    MiningMarginUsd, "mining_margin_usd", "usd", Higher, "Mining revenue after the pool's fee less energy at its marginal cost, demand charges and restarts; where dispatch over time is stated.";
    MiningGainUsd, "mining_gain_usd", "usd", Higher, "The same more than machines that never stop would earn.";
    MiningRegretUsd, "mining_regret_usd", "usd", Lower, "The same less than perfect knowledge of prices earns, and no limit but heat.";
    MiningRestarts, "mining_restarts", "1", Lower, "Restarts of mining batches.";
    MiningPowerUsdPerBtc, "mining_power_usd_per_btc", "usd/btc", Lower, "Power of a coin: the mine's share, by energy at the meter, of the bill net of receipts.";
    MiningCashUsdPerBtc, "mining_cash_usd_per_btc", "usd/btc", Lower, "Cash cost of a coin: power, pool fees, maintenance, repairs, and the mine's share of people and overhead.";
    MiningAllInUsdPerBtc, "mining_all_in_usd_per_btc", "usd/btc", Lower, "All-in cost of a coin: cash cost, and what the miners lost in worth from start to end, purchases and sales counted.";
    MinerFailures, "miner_failures", "1", Lower, "Miners that failed, expected number, where batches state how they wear.";
    MiningRevenueUsdPerMwh, "mining_revenue_usd_per_mwh", "usd/mwh", Higher, "Mining revenue over energy at the machines.";
    GpuRevenueUsdPerMwh, "gpu_revenue_usd_per_mwh", "usd/mwh", Higher, "GPU revenue over GPU IT energy.";
    LeaseRevenueUsdPerMwh, "lease_revenue_usd_per_mwh", "usd/mwh", Higher, "Lease rent, pass-through power excluded, over tenant IT energy.";
    HostingRevenueUsd, "hosting_revenue_usd", "usd", Higher, "Fees and shares of profit of customers' miners, before credits.";
    HostedMwh, "hosted_mwh", "mwh", Neither, "Energy at customers' miners.";
    HostingUptime, "hosting_uptime", "1", Higher, "Energy at customers' miners over what they asked for.";
    CurtailedMwh, "curtailed_mwh", "mwh", Neither, "Mining energy not used because power was dear, capped or called off.";
    StrandedMwh, "stranded_mwh", "mwh", Lower, "Energised energy that no use could take, for whatever limit.";
    DemandResponseUsd, "demand_response_usd", "usd", Higher, "Curtailment and ancillary payments received.";
    ServiceCreditsUsd, "service_credits_usd", "usd", Lower, "Credits and penalties paid to tenants for late or short capacity.";
    ReadyForServiceMonths, "ready_for_service_months", "month", Lower, "Months from the start until the last converted hall is ready for service.";
    DelayMonths, "delay_months", "month", Lower, "Ready-for-service later than planned, last converted hall.";
}

impl Metric {
    /// The id in files.
    pub const fn id(self) -> &'static str {
        self.definition().id
    }
    /// The metric of an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_read_back() {
        for metric in Metric::ALL {
            assert_eq!(Metric::from_id(metric.id()), Some(*metric));
        }
    }
}
