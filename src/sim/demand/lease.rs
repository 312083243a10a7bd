//! A lease of powered shell: rent, availability, credits.

use super::Milestone;
use super::letting::{Lettings, Turn};
use crate::series::Steps;
use crate::site::LeaseSpec;
use crate::time::SimTime;
use crate::workload::tenant::SERVICE_CREDIT_CAP;

/// A lease of powered shell in one hall.
#[derive(Debug)]
pub struct Lease {
    /// Terms.
    pub spec: LeaseSpec,
    pub(super) milestone: Milestone,
    pub(super) profile: Vec<f64>,
    /// Critical load that is let, kW.
    pub it_kw: f64,
    /// When its tenant signs; [`SimTime::FAR_FUTURE`] where he never does.
    pub signs: SimTime,
    /// Whether he has.
    pub signed: bool,
    /// When the shell stood ready.
    pub stands: Option<SimTime>,
    /// When it began: the shell stood ready and its tenant had signed.
    pub ready: Option<SimTime>,
    pub(super) lettings: Lettings,
    /// US dollars for a unit of its currency.
    pub(super) usd_per_unit: Steps,
    /// How often a tenant of it has defaulted.
    pub defaults: u32,
    pub(super) asked_mwh: f64,
    pub(super) delivered_mwh: f64,
}

/// Availability that a lease promises (S17 S54: concurrently maintainable plant, 99.982 % by design; the contract's
/// usual floor is taken).
const LEASE_AVAILABILITY: f64 = 0.999;

impl Lease {
    /// The shell is ready for its tenant.
    pub fn stand_ready(&mut self, now: SimTime) {
        self.stands = Some(now);
        if self.signed {
            self.begin(now);
        }
    }
    fn begin(&mut self, now: SimTime) {
        self.ready = Some(now);
        self.lettings.begin(&self.spec, now);
    }
    /// Its tenant signs: what he was promised moves by as long as he took.
    pub fn sign(&mut self, now: SimTime, start: SimTime) {
        self.signed = true;
        self.milestone.latest = self.milestone.latest.map(|latest| latest + (now - start));
        if self.stands.is_some() {
            self.begin(now);
        }
    }
    /// Share of its load that is drawn in an hour of the week.
    pub(super) fn share(&self, hour_of_week: usize) -> f64 {
        if self.signed && !self.lettings.is_empty() {
            self.profile[hour_of_week]
        } else {
            0.0
        }
    }
    /// Adds an interval: IT energy asked for and delivered.
    pub fn deliver(&mut self, asked_mwh: f64, delivered_mwh: f64) {
        self.asked_mwh += asked_mwh;
        self.delivered_mwh += delivered_mwh;
    }
    /// Rent and credits of `[from, to)`, USD, within a calendar month of so many hours. After its term the lease goes on
    /// at the rent then reached, unless the shell is let again.
    pub fn invoice(&mut self, (from, to): (SimTime, SimTime), month_hours: f64) -> (f64, f64) {
        let (asked, delivered) = (
            std::mem::take(&mut self.asked_mwh),
            std::mem::take(&mut self.delivered_mwh),
        );
        let kw_usd = self.it_kw * self.usd_per_unit.at(from);
        let first_rent = kw_usd * self.spec.usd_per_kw_month;
        if !self.signed {
            return (0.0, 0.0);
        }
        let penalty = self.milestone.penalty_share(from, to, self.ready) * first_rent;
        if self.ready.is_none() {
            return (0.0, penalty);
        }
        let rent_usd = kw_usd * self.lettings.rent(&self.spec, (from, to), month_hours);
        let availability = if asked > 0.0 { delivered / asked } else { 1.0 };
        let missed_points = (LEASE_AVAILABILITY - availability).max(0.0) * 100.0;
        (
            rent_usd,
            penalty + rent_usd * (missed_points * 0.05).min(SERVICE_CREDIT_CAP),
        )
    }
    /// Months that its shell stood empty after a tenant until an instant, and what that cost: rent as it was when he left and
    /// the cost of letting again, less what guarantors paid, USD at the exchange rate of the end.
    pub fn vacancy(&self, end: SimTime) -> (f64, f64) {
        let stood = self.lettings.vacancy(end);
        let kw_usd = self.it_kw * self.usd_per_unit.at(end);
        (stood.months, (stood.rent_per_kw - stood.received_per_kw) * kw_usd)
    }
    /// Looks at the end of a month, of which `from` is the scenario's start: what its tenant's default, or the next tenant,
    /// comes to in USD.
    pub fn look_at_end(&mut self, from: SimTime, now: SimTime) -> Option<Turn> {
        let turn = self.lettings.look(&self.spec, (from, now))?;
        self.defaults += u32::from(matches!(turn, Turn::Default(_)));
        let kw_usd = self.it_kw * self.usd_per_unit.at(now);
        Some(match turn {
            Turn::Default(units) => Turn::Default(units * kw_usd),
            Turn::Let(units) => Turn::Let(units * kw_usd),
            Turn::Left => Turn::Left,
        })
    }
}
