//! Who wants compute, and on what terms: reserved blocks, an on-demand pool, an inference service, leases of powered shell.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::parse_date;
use crate::workload::credit::TenantCreditSpec;
use crate::workload::estimate::EstimateSpec;
use crate::workload::growth::{RegimeSpec, check_regimes};
use crate::workload::profile::LoadProfileSpec;
use crate::workload::promise::{TerminationSpec, TrancheSpec, check_tranches};
use crate::workload::scheduler::{NodesSpec, PolicyKind, Preemption, Runtimes};
use crate::workload::service::InferenceSpec;
use crate::workload::signature::SignsSpec;
use crate::workload::training::TrainingSpec;

/// A customer, or a group of customers with one contract form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantSpec {
    /// Name, unique.
    pub id: Name,
    /// The jurisdiction that its work must not leave (sovereign demand): only halls of sites with this `residency`, or
    /// of this country, serve it. Default: any site serves it.
    #[serde(default)]
    pub residency: Option<Name>,
    /// How much of what it reserved it uses, by hour of the week. Default `training`.
    #[serde(default)]
    pub load_profile: LoadProfileSpec,
    /// A take-or-pay block.
    #[serde(default)]
    pub reserved: Option<ReservedSpec>,
    /// Jobs that come and go.
    #[serde(default)]
    pub on_demand: Option<OnDemandSpec>,
    /// Requests that replicas of a model answer.
    #[serde(default)]
    pub inference: Option<Box<InferenceSpec>>,
}

/// Forms of reservation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReservedSpec {
    /// A number of GPUs around the clock.
    GpuBlock(GpuBlockSpec),
}

/// A take-or-pay block of GPUs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GpuBlockSpec {
    /// GPUs reserved.
    pub gpus: u32,
    /// Price, USD per GPU-hour reserved, used or not.
    pub usd_per_gpu_h: f64,
    /// Term in years from the day the block is ready.
    pub years: f64,
    /// When the tenant commits himself. Default: he has signed when the scenario starts.
    #[serde(default)]
    pub signs: Option<SignsSpec>,
    /// When it begins, and what a late start costs.
    #[serde(default)]
    pub starts: StartsSpec,
    /// GPUs by dates, where not all are promised at once; they add up to `gpus`, and `starts` then has no date of its
    /// own. The term still begins when all are there; what is there before is paid for.
    #[serde(default)]
    pub tranches: Vec<TrancheSpec>,
    /// The most that all penalties for late GPUs may come to, percent of the contract's value. Default: no limit.
    #[serde(default)]
    pub late_penalty_cap_percent: Option<f64>,
    /// Whether the tenant leaves after a long delay. Default: he waits.
    #[serde(default)]
    pub termination: Option<TerminationSpec>,
    /// That the tenant may default, and what is paid then; the block is let anew as after its term. Default: he never does.
    #[serde(default)]
    pub credit: Option<TenantCreditSpec>,
    /// Part of the contract's value paid in advance when the conversion begins, percent. Default 0.
    #[serde(default)]
    pub prepay_percent: f64,
    /// Month of the term from which the prepayment is credited against fees. Default 25: from year 3 (S23).
    #[serde(default = "prepay_credit_from_month")]
    pub prepay_credit_from_month: u32,
    /// Availability promised each month, percent of GPU-hours reserved. Default 99.5 (S54: 99.5 to 99.9).
    #[serde(default = "availability_percent")]
    pub availability_percent: f64,
    /// Credit for each percent point of availability missed, percent of the month's fee. Default 5 (S54: tiers of 10, 25,
    /// 100 %).
    #[serde(default = "credit_percent_per_point")]
    pub credit_percent_per_point: f64,
    /// The most credit of a month, percent of its fee. Default 30 (S54: caps of 30 to 100 %).
    #[serde(default = "credit_cap_percent")]
    pub credit_cap_percent: f64,
    /// How the tenant trains on it, where the tenant's `load_profile` is `training`: what failures cost of its GPU-hours.
    #[serde(default)]
    pub training: TrainingSpec,
    /// After the term the block is let anew at this market's rent, if named; else it stands idle.
    #[serde(default)]
    pub then_market: Option<Name>,
    /// Share of the block that finds a taker after the term, percent. Default 70 (assumption).
    #[serde(default = "then_occupancy_percent")]
    pub then_occupancy_percent: f64,
}

fn prepay_credit_from_month() -> u32 {
    25
}
fn availability_percent() -> f64 {
    99.5
}
fn credit_percent_per_point() -> f64 {
    5.0
}
fn credit_cap_percent() -> f64 {
    SERVICE_CREDIT_CAP * 100.0
}
fn then_occupancy_percent() -> f64 {
    70.0
}

/// The largest service credit, as a share of the month's fee (S54).
pub const SERVICE_CREDIT_CAP: f64 = 0.30;

/// When a block begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartsSpec {
    /// As soon as its GPUs are ready.
    WhenReady(MilestoneSpec),
}

impl Default for StartsSpec {
    fn default() -> Self {
        Self::WhenReady(MilestoneSpec::default())
    }
}

/// A date that was promised.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MilestoneSpec {
    /// The last day on which readiness costs nothing; none where left out.
    pub latest: Option<String>,
    /// Penalty for each month of delay, percent of a month's fee. Default 0.
    pub late_penalty_percent_per_month: f64,
}

/// Forms of on-demand work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDemandSpec {
    /// Batch jobs out of a trace.
    Jobs(JobsDemandSpec),
}

/// A pool of GPUs that replays a trace of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobsDemandSpec {
    /// The jobs.
    pub trace: TraceSpec,
    /// GPUs of the pool. Default 2,048.
    #[serde(default = "pool_gpus")]
    pub gpus: u32,
    /// How many copies of the trace are superposed, each redrawn by whole weeks. Default 1.
    #[serde(default = "one")]
    pub copies: u32,
    /// Growth of the number of jobs, percent a year from the scenario's start. Default 0.
    #[serde(default)]
    pub growth_percent_per_year: f64,
    /// Dated changes of the number of jobs, on top of growth: `regimes = [{ from = "2022-12-01", factor = 1.8 }]`.
    #[serde(default)]
    pub regimes: Vec<RegimeSpec>,
    /// The queue's discipline. Default `easy`.
    #[serde(default)]
    pub policy: PolicyKind,
    /// The nodes in which the GPUs stand. Where left out they are only counted: a job fits where enough are free.
    #[serde(default)]
    pub nodes: Option<NodesSpec>,
    /// What the queue knows of run times in advance: `known` (default), `trace`, `factor`, `uniform` or `unknown`.
    #[serde(default)]
    pub estimates: EstimateSpec,
    /// Whether jobs are killed for good when they have run as long as their estimate. Default false.
    #[serde(default)]
    pub kills_at_limit: bool,
    /// Whom reserved jobs may kill in order to start; for policy `priority` only, where the default is
    /// `spot_and_on_demand`.
    #[serde(default)]
    pub preemption: Option<Preemption>,
    /// The most GPUs that tenants of the trace may have at once, by the words of its column `tenant`. Their further
    /// jobs wait without blocking others. Default: as many as there are.
    #[serde(default)]
    pub quotas: IndexMap<String, u32>,
    /// The rent market that sets the price: a name under `market.gpu_rent`.
    pub price: Name,
    /// Share of jobs that come as interruptible spot work, percent. Default 0.
    #[serde(default)]
    pub spot_share_percent: f64,
    /// Price of spot work relative to the market, percent. Default 50 (assumption).
    #[serde(default = "spot_price_percent")]
    pub spot_price_percent: f64,
    /// Jobs save their state this often, hours; 0 means never. Default 1 (assumption).
    #[serde(default = "checkpoint_hours")]
    pub checkpoint_hours: f64,
    /// Writing one checkpoint, seconds in which the GPUs are held and do no work. Default 0: the run times of a trace
    /// hold the checkpoints that its jobs wrote.
    #[serde(default)]
    pub checkpoint_cost_seconds: f64,
    /// A job that was killed holds its GPUs this long before its work goes on, minutes. Default 5 (assumption; arXiv
    /// 2509.03047 restores training on 4,800 devices in 2.5).
    #[serde(default = "restart_minutes")]
    pub restart_minutes: f64,
    /// A job that has waited so long goes elsewhere, hours. Default 72 (assumption).
    #[serde(default = "patience_hours")]
    pub patience_hours: f64,
}

fn pool_gpus() -> u32 {
    2_048
}
fn one() -> u32 {
    1
}
fn spot_price_percent() -> f64 {
    50.0
}
fn checkpoint_hours() -> f64 {
    1.0
}
fn restart_minutes() -> f64 {
    5.0
}
fn patience_hours() -> f64 {
    72.0
}

/// Where jobs come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceSpec {
    /// A file of a known format.
    File(TraceFileSpec),
    /// Seeded synthetic jobs fitted to a published trace: see `docs/METHOD.md`.
    Synthetic(crate::workload::synthetic::SyntheticTraceSpec),
    /// Seeded jobs of a generator that was fitted to a trace by `repower fit`.
    Generator(crate::workload::generator::GeneratorSpec),
}

/// A trace file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceFileSpec {
    /// Path; `data:` points into the folder given by `--data`, otherwise relative to the scenario.
    pub file: String,
    /// Format; guessed from the header where left out.
    #[serde(default)]
    pub format: Option<crate::workload::trace::TraceFormat>,
}

impl Check for TenantSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("id"), &self.id);
        self.load_profile.check(&at.key("load_profile"), problems);
        match (&self.reserved, &self.on_demand, &self.inference) {
            (Some(ReservedSpec::GpuBlock(block)), None, None) => {
                block.check(&at.key("reserved").key("gpu_block"), problems);
            }
            (None, Some(OnDemandSpec::Jobs(jobs)), None) => {
                jobs.check(&at.key("on_demand").key("jobs"), problems);
            }
            (None, None, Some(service)) => service.check(&at.key("inference"), problems),
            _ => problems.error(
                at,
                "a tenant has exactly one of `reserved`, `on_demand` and `inference`",
            ),
        }
    }
}

impl StartsSpec {
    /// The milestone.
    pub fn milestone(&self) -> &MilestoneSpec {
        let Self::WhenReady(milestone) = self;
        milestone
    }
}

impl Check for StartsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let (at, milestone) = (at.key("when_ready"), self.milestone());
        if let Some(latest) = milestone.latest.as_deref().filter(|d| parse_date(d).is_none()) {
            problems.error(
                &at.key("latest"),
                format!("`{latest}` is not a date such as `2028-09-30`"),
            );
        }
        let penalty = milestone.late_penalty_percent_per_month;
        problems.percent(&at.key("late_penalty_percent_per_month"), penalty, 100.0);
    }
}

impl Check for GpuBlockSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("gpus"), f64::from(self.gpus), 1.0, 1e7);
        problems.not_negative(&at.key("usd_per_gpu_h"), self.usd_per_gpu_h);
        problems.within(&at.key("years"), self.years, 0.1, 50.0);
        self.starts.check(&at.key("starts"), problems);
        if let Some(signs) = &self.signs {
            signs.check(&at.key("signs"), problems);
        }
        self.training.check(&at.key("training"), problems);
        check_tranches(&self.tranches, self.gpus, &at.key("tranches"), problems);
        if !self.tranches.is_empty() && self.starts.milestone().latest.is_some() {
            let at = at.key("starts").key("when_ready").key("latest");
            problems.error(&at, "the tranches have dates of their own");
        }
        if let Some(cap) = self.late_penalty_cap_percent {
            problems.percent(&at.key("late_penalty_cap_percent"), cap, 100.0);
        }
        if let Some(termination) = &self.termination {
            termination.check(&at.key("termination"), problems);
        }
        if let Some(credit) = &self.credit {
            credit.check(&at.key("credit"), problems);
        }
        problems.percent(&at.key("credit_cap_percent"), self.credit_cap_percent, 100.0);
        problems.percent(&at.key("prepay_percent"), self.prepay_percent, 100.0);
        problems.within(
            &at.key("availability_percent"),
            self.availability_percent,
            0.0,
            100.0,
        );
        problems.within(
            &at.key("credit_percent_per_point"),
            self.credit_percent_per_point,
            0.0,
            100.0,
        );
        problems.percent(
            &at.key("then_occupancy_percent"),
            self.then_occupancy_percent,
            100.0,
        );
    }
}

impl Check for JobsDemandSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("gpus"), f64::from(self.gpus), 1.0, 1e7);
        if let Some(nodes) = &self.nodes {
            nodes.check(self.gpus, &at.key("nodes"), problems);
        }
        problems.within(&at.key("copies"), f64::from(self.copies), 1.0, 100.0);
        problems.within(
            &at.key("growth_percent_per_year"),
            self.growth_percent_per_year,
            -90.0,
            300.0,
        );
        check_regimes(&self.regimes, &at.key("regimes"), problems);
        problems.percent(&at.key("spot_share_percent"), self.spot_share_percent, 100.0);
        problems.percent(&at.key("spot_price_percent"), self.spot_price_percent, 100.0);
        problems.within(&at.key("checkpoint_hours"), self.checkpoint_hours, 0.0, 10_000.0);
        problems.within(
            &at.key("checkpoint_cost_seconds"),
            self.checkpoint_cost_seconds,
            0.0,
            86_400.0,
        );
        self.check_queue(at, problems);
        problems.within(&at.key("restart_minutes"), self.restart_minutes, 0.0, 1_440.0);
        problems.within(&at.key("patience_hours"), self.patience_hours, 0.1, 10_000.0);
        match &self.trace {
            TraceSpec::File(_) => {}
            TraceSpec::Synthetic(synthetic) => synthetic.check(&at.key("trace").key("synthetic"), problems),
            TraceSpec::Generator(generator) => generator.check(&at.key("trace").key("generator"), problems),
        }
    }
}

/// The most quotas of a pool.
const QUOTAS_MAX: usize = 1_000;

impl JobsDemandSpec {
    fn check_queue(&self, at: &FieldPath, problems: &mut Problems) {
        self.estimates.check(&at.key("estimates"), problems);
        let estimated = matches!(self.estimates.runtimes(false), Runtimes::Estimated { .. });
        if self.kills_at_limit && !estimated {
            problems.error(
                &at.key("kills_at_limit"),
                "a limit needs `estimates` of `trace`, `factor` or `uniform`",
            );
        }
        if self.preemption.is_some() && self.policy != PolicyKind::Priority {
            problems.error(
                &at.key("preemption"),
                "reserved jobs kill others under policy `priority` only",
            );
        }
        let at = at.key("quotas");
        if self.quotas.len() > QUOTAS_MAX {
            problems.error(&at, format!("at most {QUOTAS_MAX} quotas"));
        }
        for (tenant, gpus) in self.quotas.iter().take(QUOTAS_MAX) {
            problems.within(&at.key(tenant), f64::from(*gpus), 0.0, 1e7);
        }
    }
}
