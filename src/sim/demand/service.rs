//! An inference service as a tenant: what it is made of, whom it lends to, what a month of it comes to.

use std::sync::Arc;

use crate::scenario::spec::ScenarioSpec;
use crate::sim::world::Ingredients;
use crate::workload::growth::Growth;
use crate::workload::service::{
    Counts, HourlyRates, InferenceSpec, RequestsSpec, Service, ServicePlan, ServicePriceSpec,
};
use crate::workload::tenant::SERVICE_CREDIT_CAP;

/// What a month of a service comes to, USD.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServiceInvoice {
    /// Fee for tokens or GPU-hours.
    pub fee_usd: f64,
    /// Credits for requests that were answered too late or not at all, positive.
    pub credits_usd: f64,
}

/// Fee and credits of a month.
pub fn invoice(spec: &InferenceSpec, month: &Counts) -> ServiceInvoice {
    let fee_usd = match &spec.price {
        ServicePriceSpec::Tokens(price) => {
            let cached = month.tokens_in * spec.cached_percent / 100.0;
            let cached_usd = price.usd_per_million_cached.unwrap_or(price.usd_per_million_in);
            let usd = (month.tokens_in - cached) * price.usd_per_million_in
                + cached * cached_usd
                + month.tokens_out * price.usd_per_million_out;
            usd / 1e6
        }
        ServicePriceSpec::GpuHours(price) => {
            month.replica_h * f64::from(spec.gpus_per_replica()) * price.usd_per_gpu_h
        }
    };
    let level = &spec.service_level;
    let missed = (level.promised_percent - month.within_share() * 100.0).max(0.0);
    let share = (missed * level.credit_percent_per_point / 100.0).min(SERVICE_CREDIT_CAP);
    ServiceInvoice {
        fee_usd,
        credits_usd: share * fee_usd,
    }
}

/// The service of a tenant, without replicas.
pub(super) fn new(from: &Ingredients<'_>, (index, spec): (usize, &InferenceSpec)) -> Service {
    let horizon = &from.scenario.horizon;
    let rates = match &spec.requests {
        RequestsSpec::Shape(shape) => Arc::new(HourlyRates::of_shape(shape)),
        RequestsSpec::File(_) => {
            let read = from.scenario.data.requests[index].as_ref();
            Arc::clone(read.expect("the requests of every service were read"))
        }
    };
    Service::new(ServicePlan {
        tenant: from.spec.tenants[index].id.to_string(),
        spec: spec.clone(),
        rates,
        growth: Growth::new(
            horizon.start,
            spec.growth_percent_per_year,
            &spec.regimes,
            &horizon.calendar,
        ),
        start: horizon.start,
    })
}

/// GPUs that services may lend to the pool of a tenant at most.
pub(super) fn lent_at_most(spec: &ScenarioSpec, tenant: usize) -> u32 {
    let name = &spec.tenants[tenant].id;
    let services = spec.tenants.iter().filter_map(|t| t.inference.as_ref());
    let lenders = services.filter(|s| s.lend_to.as_ref() == Some(name));
    lenders.fold(0, |sum, s| sum.saturating_add(s.gpus()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(more: &str) -> InferenceSpec {
        toml::from_str(&format!(
            "requests.shape = {{ mean_rps = 1 }}\nmodel.preset = \"glm-5-b200\"\nreplicas_max = 4\n{more}"
        ))
        .unwrap()
    }

    #[test]
    fn a_published_day_of_tokens_earns_what_was_published() {
        // 342 of 608 milliards of prompts' tokens out of the cache at 0.14, the rest at 0.55, 168 milliards of answers at
        // 2.19 USD a million: 562,027 USD (S51; the published token counts are rounded).
        let spec = spec(
            "cached_percent = 56.25\nprice.tokens = { usd_per_million_in = 0.55, usd_per_million_cached = 0.14, usd_per_million_out = 2.19 }",
        );
        let day = Counts {
            tokens_in: 608e9,
            tokens_out: 168e9,
            offered: 1.0,
            within: 1.0,
            ..Counts::default()
        };
        let invoice = invoice(&spec, &day);
        assert!((invoice.fee_usd - 562_100.0).abs() < 1e-6, "{invoice:?}");
        assert!((invoice.fee_usd / 562_027.0 - 1.0).abs() < 2e-4);
        assert_eq!(invoice.credits_usd, 0.0);
    }

    #[test]
    fn credits_follow_the_points_missed_up_to_their_cap() {
        let spec = spec(
            "price.gpu_hours = { usd_per_gpu_h = 2 }\nservice_level = { promised_percent = 95, credit_percent_per_point = 4 }",
        );
        let month = |within: f64| Counts {
            replica_h: 100.0,
            offered: 1_000.0,
            within,
            ..Counts::default()
        };
        let of = |within: f64| invoice(&spec, &month(within));
        assert_eq!(
            of(950.0),
            ServiceInvoice {
                fee_usd: 1_600.0,
                credits_usd: 0.0
            }
        );
        assert!((of(920.0).credits_usd - 0.12 * 1_600.0).abs() < 1e-9);
        assert!((of(100.0).credits_usd - 0.30 * 1_600.0).abs() < 1e-9);
    }
}
