//! What the queue of a replay is told beyond its size: policy, run times, quotas, kills, place.

use clap::{Args, ValueEnum};

use crate::random::Streams;
use crate::workload::estimate::EstimateSpec;
use crate::workload::job::{Job, Trace};
use crate::workload::labels::{Labels, NONE};
use crate::workload::scheduler::{NO_QUOTA, Preemption, Settings};

use super::ReplayError;

/// The policies that `--policy` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PolicyArg {
    /// Strict first come, first served.
    Fcfs,
    /// First come, first served with EASY backfill.
    Easy,
    /// Backfill that delays nobody's promised start.
    Conservative,
    /// The shortest that fits first; nothing is held back for large or long jobs.
    Sjf,
    /// Reserved before on-demand before spot.
    Priority,
}

/// Whom a reserved job may kill under `--policy priority`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PreemptionArg {
    /// Nobody.
    None,
    /// Spot jobs.
    Spot,
    /// Spot jobs, then on-demand ones.
    SpotAndOnDemand,
}

/// Options of the queue.
#[derive(Debug, Clone, Args)]
pub struct QueueArgs {
    /// Who starts next
    #[arg(long, value_enum, default_value = "easy")]
    pub policy: PolicyArg,
    /// What the queue knows of run times: `known`, `trace` (column `estimate_s`), `factor=X` (X times the truth),
    /// `uniform=X` (between 1 and X times the truth) or `unknown`
    #[arg(long, value_name = "KIND", default_value = "known", value_parser = EstimateSpec::parse)]
    pub estimates: EstimateSpec,
    /// Kill jobs for good when they have run as long as their estimate
    #[arg(long)]
    pub kill_at_limit: bool,
    /// The most GPUs that a tenant may have at once; may be repeated
    #[arg(long, value_name = "TENANT=GPUS", value_parser = parse_quota)]
    pub quota: Vec<(String, u32)>,
    /// Whom reserved jobs may kill in order to start, with `--policy priority`
    #[arg(long, value_enum, default_value = "spot-and-on-demand")]
    pub preemption: PreemptionArg,
    /// Where the cluster stands: jobs with another residency are turned away; without this nobody is asked
    #[arg(long, value_name = "LABEL")]
    pub residency: Option<String>,
}

fn parse_quota(text: &str) -> Result<(String, u32), String> {
    let parts = text.rsplit_once('=');
    let parsed = parts.and_then(|(tenant, gpus)| Some((tenant.to_owned(), gpus.parse().ok()?)));
    let named = parsed.filter(|(tenant, gpus): &(String, u32)| !tenant.is_empty() && *gpus < NO_QUOTA);
    named.ok_or_else(|| "expected a tenant and its GPUs, such as `acme=64`".to_owned())
}

impl QueueArgs {
    /// The settings of a queue for a trace.
    pub(super) fn settings(&self, trace: &Trace, gpus: u32, gpus_max: u32) -> Settings {
        let home = |label: &String| trace.residencies().find(label).unwrap_or(NONE);
        Settings {
            gpus_max,
            runtimes: self.estimates.runtimes(self.kill_at_limit),
            preemption: match self.preemption {
                PreemptionArg::None => Preemption::None,
                PreemptionArg::Spot => Preemption::Spot,
                PreemptionArg::SpotAndOnDemand => Preemption::SpotAndOnDemand,
            },
            residency: self.residency.as_ref().map(home),
            ..Settings::constant(gpus)
        }
    }
    /// Quotas by number of tenant; refuses tenants that the trace does not have.
    pub(super) fn quotas(&self, tenants: &Labels) -> Result<Vec<u32>, ReplayError> {
        let mut quotas = Vec::new();
        for (tenant, gpus) in &self.quota {
            let Some(number) = tenants.find(tenant) else {
                let known: Vec<&str> = tenants.iter().map(|(_, name)| name).take(20).collect();
                return Err(ReplayError::Tenant {
                    tenant: tenant.clone(),
                    known: known.join(", "),
                });
            };
            quotas.resize(quotas.len().max(usize::from(number) + 1), NO_QUOTA);
            quotas[usize::from(number)] = *gpus;
        }
        Ok(quotas)
    }
    /// Gives the jobs the estimates that are asked for.
    pub(super) fn estimate(&self, trace: &mut Trace) {
        if matches!(self.estimates, EstimateSpec::Factor(_) | EstimateSpec::Uniform(_)) {
            let mut rng = Streams::new(0, 0).stream("replay/estimates");
            trace.set_estimates(|job: &Job| self.estimates.estimate_s(job, &mut rng));
        }
    }
}
