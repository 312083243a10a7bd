//! What a scenario file says. Each domain module owns its own part; this one assembles them and checks what
//! crosses them.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conversion::{ArchetypeSpec, ResourceSpec, WorkCalendarSpec};
use crate::cooling::weather::WeatherSpec;
use crate::finance::capital::CapitalSpec;
use crate::finance::tax::Depreciation;
use crate::fleet::MiningDispatchSpec;
use crate::fleet::RepairShopSpec;
use crate::id::Name;
use crate::market::bitcoin::BitcoinSpec;
use crate::market::carbon::CarbonSpec;
use crate::market::gpu_mining::GpuMiningSpec;
use crate::market::gpu_rent::GpuRentSpec;
use crate::market::power_price::PowerPriceSpec;
use crate::market::system_load::SystemLoadSpec;
use crate::market::treasury::TreasurySpec;
use crate::power::backup::BackupSpec;
use crate::power::battery::BatterySpec;
use crate::power::contract::PowerContractsSpec;
use crate::power::contract::{Named, PriceId};
use crate::power::grid::GridSpec;
use crate::power::onsite::OnsiteSpec;
use crate::random::Design;
use crate::random::distribution::DistributionSpec;
pub use crate::scenario::cases::CaseSpec;
pub use crate::scenario::conversion::ConversionSpec;
use crate::scenario::correlation::CorrelationSpec;
use crate::site::{HallSpec, OperatingCostSpec};
use crate::staff::StaffSpec;
use crate::workload::tenant::TenantSpec;

/// The format of scenario files that this version reads.
pub const FORMAT: u32 = 1;

/// One complete planning question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioSpec {
    /// Version of the language; 1.
    pub format: u32,
    /// Name of the scenario: becomes the folder of its runs.
    pub name: Name,
    /// The question that the memo answers.
    #[serde(default)]
    pub question: String,
    /// First day, `YYYY-MM-DD`, in the ledger's zone. Default 2026-01-01.
    #[serde(default = "start")]
    pub start: String,
    /// Length of the horizon in whole years, 1 to 40. Default 10.
    #[serde(default = "years")]
    pub years: u32,
    /// Zone of the ledger's months. Default: the first site's.
    #[serde(default)]
    pub timezone: Option<String>,
    /// Currency of every amount; only `usd` so far.
    #[serde(default)]
    pub currency: Currency,
    /// Strategy that the others are measured against. Default `stay-mining`.
    #[serde(default = "baseline")]
    pub baseline: Name,
    /// Prices that the world sets.
    pub market: MarketSpec,
    /// The sites.
    pub sites: Vec<SiteSpec>,
    /// Who wants compute.
    #[serde(default)]
    pub tenants: Vec<TenantSpec>,
    /// Ways to answer the question.
    pub strategies: Vec<StrategySpec>,
    /// Crews, cranes and other machines of construction that all conversions of a strategy share. Default: none, so that
    /// no stage waits for any.
    #[serde(default)]
    pub resources: Vec<ResourceSpec>,
    /// Kinds of conversion of your own, by stages; conversions name them in `archetype`. Default: none.
    #[serde(default)]
    pub archetypes: Vec<ArchetypeSpec>,
    /// Working calendars of construction. Default: none, so that every day is worked.
    #[serde(default)]
    pub calendars: Vec<WorkCalendarSpec>,
    /// Inputs that are not known: drawn anew in each replication, the same for all strategies.
    #[serde(default)]
    pub uncertain: Vec<UncertainSpec>,
    /// Which uncertain inputs go together. Default: none do.
    #[serde(default)]
    pub correlation: CorrelationSpec,
    /// Courses of the world with names and probabilities; every replication is run in each. Default: one, `base`, the
    /// scenario as it stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseSpec>,
    /// Discounting, inflation and tax.
    #[serde(default)]
    pub finance: FinanceSpec,
    /// Debt, grants and owners of every strategy that converts something and does not state its own. Default: owners pay for
    /// everything.
    #[serde(default)]
    pub capital: Option<CapitalSpec>,
    /// How the experiment is run.
    #[serde(default)]
    pub run: RunSpec,
}

fn start() -> String {
    "2026-01-01".to_owned()
}
fn years() -> u32 {
    10
}
fn baseline() -> Name {
    Name::from("stay-mining")
}

/// Currencies of amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Currency {
    /// Nominal US dollars.
    #[default]
    Usd,
}

/// Prices that the world sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketSpec {
    /// Power prices by name; contracts refer to them.
    #[serde(default)]
    pub power: IndexMap<Name, PowerPriceSpec>,
    /// Bitcoin price and network.
    pub bitcoin: BitcoinSpec,
    /// Chains that graphics cards mine; batches of cards refer to them. Default: none.
    #[serde(default)]
    pub gpu_mining: Option<GpuMiningSpec>,
    /// GPU rents by name; tenants refer to them.
    #[serde(default)]
    pub gpu_rent: IndexMap<Name, GpuRentSpec>,
    /// Carbon intensities of grids by name; sites refer to them.
    #[serde(default)]
    pub carbon: IndexMap<Name, CarbonSpec>,
    /// Loads of whole grids by name; coincident-peak charges refer to them.
    #[serde(default)]
    pub system_load: IndexMap<Name, SystemLoadSpec>,
}

impl ScenarioSpec {
    /// How a strategy is paid for, where it is said.
    pub fn capital_of(&self, strategy: usize) -> Option<&CapitalSpec> {
        let own = &self.strategies[strategy];
        let all = self.capital.as_ref().filter(|_| !own.conversions.is_empty());
        own.capital.as_ref().or(all)
    }
    /// Whether any strategy borrows.
    pub fn borrows(&self) -> bool {
        (0..self.strategies.len()).any(|s| self.capital_of(s).is_some_and(|c| c.debt.is_some()))
    }
}

impl MarketSpec {
    /// Where the price or system load of a name stands among the signals of an hour: prices first, then peak and risk of
    /// each system load.
    pub fn signal(&self, named: Named<'_>) -> Option<PriceId> {
        let index = match named {
            Named::Price(name) => self.power.get_index_of(name)?,
            Named::SystemLoad(name) => self.power.len() + 2 * self.system_load.get_index_of(name)?,
        };
        Some(PriceId(index as u16))
    }
    /// Power prices in file order.
    pub fn power_list(&self) -> Vec<(&Name, &PowerPriceSpec)> {
        self.power.iter().collect()
    }
}

/// A site behind one grid connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteSpec {
    /// Name, unique.
    pub id: Name,
    /// Country, two letters, lower case.
    #[serde(default)]
    pub country: Option<String>,
    /// The jurisdiction whose tenants the site may serve: a country, or a name of your own such as `eea`. Default: the
    /// country. Tenants and jobs that name another `residency` are not served here.
    #[serde(default)]
    pub residency: Option<Name>,
    /// IANA zone, such as `America/Chicago`: sets billing months and local hours.
    pub timezone: String,
    /// Outdoor air.
    pub weather: WeatherSpec,
    /// Grid connection.
    pub grid: GridSpec,
    /// Generation on site, behind the meter, in the order in which it is used. Default: none.
    #[serde(default)]
    pub onsite: Vec<OnsiteSpec>,
    /// A battery behind the meter. Default: none.
    #[serde(default)]
    pub battery: Option<BatterySpec>,
    /// Backup generators for outages of the grid. Default: none.
    #[serde(default)]
    pub backup: Option<BackupSpec>,
    /// Carbon intensity of the grid, by its name under `market.carbon`. Default: none stated, no carbon is counted.
    #[serde(default)]
    pub carbon: Option<Name>,
    /// Power contracts; they fill in file order.
    pub power_contracts: PowerContractsSpec,
    /// Halls.
    #[serde(default)]
    pub halls: Vec<HallSpec>,
    /// How miners are operated over time. Default: in each hour a batch does what pays then, within its rules.
    #[serde(default)]
    pub mining_dispatch: Option<MiningDispatchSpec>,
    /// Technicians who repair miners that fail (`wear` of batches). Default: none.
    #[serde(default)]
    pub repair_shop: Option<RepairShopSpec>,
    /// People.
    #[serde(default)]
    pub staff: StaffSpec,
    /// Other running costs.
    #[serde(default)]
    pub costs: OperatingCostSpec,
}

impl SiteSpec {
    /// The jurisdiction whose tenants the site may serve, if it has one.
    pub fn jurisdiction(&self) -> Option<&str> {
        self.residency
            .as_ref()
            .map(Name::as_str)
            .or(self.country.as_deref())
    }
    /// Whether a tenant may be served here: it asks for no residency, or for this one.
    pub fn may_serve(&self, tenant: &TenantSpec) -> bool {
        let asked = tenant.residency.as_ref().map(Name::as_str);
        asked.is_none() || asked == self.jurisdiction()
    }
}

/// A way to answer the question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StrategySpec {
    /// Name, unique.
    pub id: Name,
    /// One sentence for the memo. Default: made from the plan.
    #[serde(default)]
    pub summary: Option<String>,
    /// Halls that change their use; none for a strategy that keeps mining.
    #[serde(default)]
    pub conversions: Vec<ConversionSpec>,
    /// Debt, grants and owners of this strategy; `capital = {}` for none. Default: the scenario's `capital`, where the strategy
    /// converts something.
    #[serde(default)]
    pub capital: Option<CapitalSpec>,
}

/// A plain field that is drawn in each replication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UncertainSpec {
    /// Path of a number, such as `strategies.gpu-cloud.conversions[0].install.fit_out_usd_per_it_kw`.
    pub path: String,
    /// Its distribution.
    pub distribution: DistributionSpec,
}

/// Discounting, inflation and tax.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FinanceSpec {
    /// Discount rate, nominal, effective a year, percent. Default 10.
    pub discount_percent: f64,
    /// Inflation of running costs, percent a year. Default 2.5 (assumption).
    pub inflation_percent: f64,
    /// Corporate income tax, percent. Default 21 (US federal).
    pub income_tax_percent: f64,
    /// Life of facility plant for depreciation and residual, years, straight line. Default 20 (M&E 15 to 20,
    /// building 20 to 40: trade practice, assumption).
    pub facility_life_years: f64,
    /// Life of accelerators for depreciation and residual, years, straight line. Default 5 (S47: 4 to 6).
    pub hardware_life_years: f64,
    /// Share of a year's profit that losses of earlier years may cover, percent. Default 80 (26 U.S.C. 172: losses after
    /// 2017).
    pub loss_offset_percent: f64,
    /// How the cost of facility plant is deducted for tax. Default: straight line over `facility_life_years`.
    pub facility_depreciation: Option<Depreciation>,
    /// How the cost of hardware is deducted for tax. Default `macrs_5` (IRS Publication 946: computers).
    pub hardware_depreciation: Depreciation,
    /// Days after the month's end until customers of capacity, leases and recharged power pay; coins are paid at once.
    /// Default 0; 365 at most.
    pub receivable_days: f64,
    /// Days after the month's end until suppliers are paid, power included; people, taxes and pool fees are paid at once.
    /// Default 0; 365 at most.
    pub payable_days: f64,
    /// Taking down and clearing at the end of the horizon, USD of the first year per MW of grid feed of halls that are not
    /// sold; deductible. Default 0 (assumption: the land is let on).
    pub decommissioning_usd_per_mw: f64,
    /// What assets are worth at the horizon.
    pub residual: ResidualSpec,
    /// What happens to coins that are mined. Default: sold as they are mined.
    pub treasury: TreasurySpec,
}

impl FinanceSpec {
    /// How the cost of facility plant is deducted for tax.
    pub fn facility_tax(&self) -> Depreciation {
        let years = self.facility_life_years;
        self.facility_depreciation
            .unwrap_or(Depreciation::StraightLine { years })
    }
}

/// What assets are worth at the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResidualSpec {
    /// Straight-line book value of what was built, and the resale value of miners that stand.
    #[default]
    BookValue,
    /// Nothing.
    Nothing,
}

impl Default for FinanceSpec {
    fn default() -> Self {
        Self {
            discount_percent: 10.0,
            inflation_percent: 2.5,
            income_tax_percent: 21.0,
            facility_life_years: 20.0,
            hardware_life_years: 5.0,
            loss_offset_percent: 80.0,
            facility_depreciation: None,
            hardware_depreciation: Depreciation::Macrs5 {},
            receivable_days: 0.0,
            payable_days: 0.0,
            decommissioning_usd_per_mw: 0.0,
            residual: ResidualSpec::default(),
            treasury: TreasurySpec::default(),
        }
    }
}

/// How the experiment is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunSpec {
    /// Replications of each strategy. Default 100.
    pub replications: u32,
    /// Root seed. Default 1.
    pub seed: u64,
    /// How demand is simulated. Default `sampled_weeks`.
    pub fidelity: Fidelity,
    /// Whether a run whose fidelity is not `jobs` measures its error against `jobs` on a year of the same scenario
    /// (`fidelity.csv`). Default true.
    pub fidelity_check: bool,
    /// With `sampled_weeks`: weeks a year in which every job is simulated, spread over the seasons. Default 4.
    pub sampled_weeks_per_year: u32,
    /// How the values of `uncertain` are spread over replications: `plain`, `latin_hypercube` (cannot be extended) or `sobol`
    /// (replications are eight times a power of two, and intervals come from eight scramblings). Default `plain`.
    pub design: Design,
}

impl Default for RunSpec {
    fn default() -> Self {
        Self {
            replications: 100,
            seed: 1,
            fidelity: Fidelity::default(),
            fidelity_check: true,
            sampled_weeks_per_year: 4,
            design: Design::Plain,
        }
    }
}

/// How demand is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// Every job of every week is an event.
    Jobs,
    /// Every job of a stated number of weeks a year; between them demand is a fluid, whose waits those weeks correct.
    #[default]
    SampledWeeks,
    /// Hourly offered work with a backlog; what fragmentation, backfill and kills do is read from a response surface
    /// that job-level runs of the same demand fit.
    Fluid,
    /// As `fluid`, and one hour of each day is looked at in place of all: its price, its weather and its load hold for
    /// the day, and systems that fail or come back are seen at the end of it. The lowest level of `multilevel`,
    /// which corrects what this leaves out; alone it is a sketch. Scenarios in which hours are tied to each other are
    /// looked at hour by hour.
    SampledHours,
}

impl Fidelity {
    /// Whether demand only flows: no single job is simulated.
    pub const fn flows(self) -> bool {
        matches!(self, Self::Fluid | Self::SampledHours)
    }

    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::SampledWeeks => "sampled_weeks",
            Self::Fluid => "fluid",
            Self::SampledHours => "sampled_hours",
        }
    }
}
