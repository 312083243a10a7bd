//! Rows of what a site did: `monthly.csv` and `hourly.csv`.

use serde::{Deserialize, Serialize};

/// A row of `monthly.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MonthlyRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// Site id.
    pub site: String,
    /// Billing month.
    pub month: String,
    /// Energy at the meter.
    pub energy_grid_mwh: f64,
    /// Energy of the mining machines.
    pub energy_mining_mwh: f64,
    /// IT energy of GPU and leased halls.
    pub energy_gpu_it_mwh: f64,
    /// Energy of cooling, fans and pumps.
    pub energy_cooling_mwh: f64,
    /// Transformer, UPS and distribution losses.
    pub energy_losses_mwh: f64,
    /// Auxiliaries and construction power.
    pub energy_other_mwh: f64,
    /// Largest power at the meter.
    pub peak_mw: f64,
    /// Facility over IT energy of GPU and leased halls; 0 where none ran.
    pub pue: f64,
    /// Water used.
    pub water_m3: f64,
    /// Carbon of grid energy by location, and of fuel burnt on site; 0 where no intensity was given.
    pub carbon_kg: f64,
    /// GPU-hours installed and ready.
    pub gpu_hours_offered: f64,
    /// GPU-hours of work delivered.
    pub gpu_hours_served: f64,
    /// GPU-hours powered and idle.
    pub gpu_hours_idle: f64,
    /// GPU-hours lost to failures.
    pub gpu_hours_failed: f64,
    /// GPU-hours without power or throttled by heat.
    pub gpu_hours_unpowered: f64,
    /// Jobs finished.
    pub jobs_finished: f64,
    /// Mean wait of jobs started.
    pub mean_wait_s: f64,
    /// Bitcoin mined.
    pub btc_mined: f64,
    /// Mining energy not used by price, cap or call.
    pub curtailed_mwh: f64,
    /// Stranded for want of grid power.
    pub stranded_mwh_grid: f64,
    /// Stranded for want of cooling.
    pub stranded_mwh_cooling: f64,
    /// Stranded by the electrical path.
    pub stranded_mwh_electrical: f64,
    /// Stranded for want of staff.
    pub stranded_mwh_staff: f64,
    /// Stranded because nobody took it, or the hall was not ready.
    pub stranded_mwh_unlet: f64,
    /// Revenue.
    pub revenue_usd: f64,
    /// Power bill net of receipts; a cost is positive here.
    pub power_cost_usd: f64,
    /// Cash cost of mining: its share of power, people and overhead by energy, pool fees, maintenance, repairs.
    pub mining_cost_usd: f64,
    /// Stranded because machines installed or load let take less than the feed gives.
    pub stranded_mwh_rack: f64,
    /// Full load of what reserved tenants and leases hold, ready or not.
    pub contracted_mwh: f64,
    /// Feeds of the halls that are not sold.
    pub energised_mwh: f64,
    /// Feeds of halls that mine, serve or are let.
    pub commissioned_mwh: f64,
    /// Full load of what reserved tenants and leases hold in halls that are ready.
    pub billable_mwh: f64,
    /// Drawn by the halls.
    pub used_mwh: f64,
    /// Usable and not asked for.
    pub unused_mwh: f64,
    /// Carbon with the intensities that contracts state.
    pub carbon_contract_kg: f64,
    /// Stranded because the transformers carry less than the connection lets in.
    pub stranded_mwh_transformer: f64,
    /// Energy of generation on site.
    pub energy_onsite_mwh: f64,
    /// Energy out of the battery and batteries of UPS.
    pub energy_discharge_mwh: f64,
    /// Energy into them.
    pub energy_charge_mwh: f64,
    /// Energy of backup generators.
    pub energy_backup_mwh: f64,
    /// Fuel and running cost of generation on site and backup; a cost is positive here.
    pub fuel_usd: f64,
    /// Millions of tokens of inference services.
    pub inference_mtok: f64,
    /// Share of their requests answered within both targets; 0 where none came.
    pub inference_within_target: f64,
    /// 95th percentile of the time to the first token.
    pub inference_first_token_p95_s: f64,
}

/// A row of `hourly.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HourlyRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// Site id.
    pub site: String,
    /// Start of the hour, UTC.
    pub start_utc: String,
    /// Index price.
    pub price_usd_per_mwh: f64,
    /// Dry bulb.
    pub dry_bulb_c: f64,
    /// Wet bulb.
    pub wet_bulb_c: f64,
    /// Grid import limit after orders.
    pub import_limit_mw: f64,
    /// Mean power at the meter.
    pub grid_mw: f64,
    /// Mining machines.
    pub mining_mw: f64,
    /// GPU and leased IT.
    pub gpu_it_mw: f64,
    /// Cooling.
    pub cooling_mw: f64,
    /// Electrical losses.
    pub losses_mw: f64,
    /// Auxiliaries.
    pub other_mw: f64,
    /// GPUs that could work.
    pub gpu_capacity: f64,
    /// GPUs at work, mean.
    pub gpus_busy: f64,
    /// The limit that bound: `none`, `grid`, `curtailment`, `cooling`, `price`, ...
    pub binding_limit: String,
    /// Mean power of generation on site.
    pub onsite_mw: f64,
    /// Mean power out of the battery and batteries of UPS.
    pub discharge_mw: f64,
    /// Mean power into them.
    pub charge_mw: f64,
    /// Mean power of backup generators.
    pub backup_mw: f64,
    /// What dispatch earned in the hour more than machines that never stop; 0 where dispatch over time is not stated.
    pub mining_gain_usd: f64,
}
