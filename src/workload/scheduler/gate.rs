//! Quotas of tenants: how many GPUs a tenant may have at once.
//!
//! A job passes the gate before it joins the queue. From then until it ends it counts against its tenant's quota,
//! waiting or running; where there is no room it waits outside, in the policy's order among its tenant's jobs,
//! and the policy does not see it. So a tenant over its quota blocks nobody but itself, whatever the policy, and a
//! promise that was given stands. A job that passes joins the queue at its old rank. The killed keep their room.

use std::collections::{BTreeMap, BTreeSet};

use super::order::Entry;
use super::queue::Waiting;

/// No limit.
pub const NO_QUOTA: u32 = u32::MAX;

/// Who is next: by tenant, the policy's order, and order of arrival (a careless trace gives an id twice).
type Turn = (u16, Entry, u64);

/// The gate, and those who wait outside.
#[derive(Debug)]
pub(super) struct Gate {
    /// By tenant number; tenants beyond the end have no limit.
    quotas: Vec<u32>,
    /// GPUs of the jobs that have passed and not ended, by tenant.
    taken: Vec<u64>,
    outside: BTreeMap<Turn, Waiting>,
    /// The same by the time since when they wait.
    ages: BTreeSet<(i64, Turn)>,
    /// Who has come to the gate so far.
    arrivals: u64,
    /// Tenants that have got room or a job since the gate was last opened.
    stirred: Vec<u16>,
}

impl Gate {
    pub(super) fn new(quotas: Vec<u32>) -> Self {
        Self {
            taken: vec![0; quotas.len()],
            quotas,
            outside: BTreeMap::new(),
            ages: BTreeSet::new(),
            arrivals: 0,
            stirred: Vec::new(),
        }
    }
    /// The quota of a tenant.
    pub(super) fn quota(&self, tenant: u16) -> u32 {
        self.quotas.get(usize::from(tenant)).copied().unwrap_or(NO_QUOTA)
    }
    /// How many wait outside.
    pub(super) fn len(&self) -> usize {
        self.outside.len()
    }
    /// A job of a tenant with a quota comes to the gate.
    pub(super) fn arrive(&mut self, waiting: Waiting, entry: Entry) {
        let turn = (waiting.job.tenant, entry, self.arrivals);
        self.arrivals += 1;
        self.ages.insert((waiting.since_s, turn));
        self.outside.insert(turn, waiting);
        self.stir(turn.0);
    }
    /// A job that had passed has ended or left.
    pub(super) fn release(&mut self, tenant: u16, gpus: u32) {
        if self.quota(tenant) != NO_QUOTA {
            self.taken[usize::from(tenant)] -= u64::from(gpus);
            self.stir(tenant);
        }
    }
    fn stir(&mut self, tenant: u16) {
        if !self.stirred.contains(&tenant) {
            self.stirred.push(tenant);
        }
    }
    /// Lets those pass for whom there is room, each tenant's in order and none before those ahead of it.
    pub(super) fn open(&mut self, passed: &mut Vec<Waiting>) {
        while let Some(tenant) = self.stirred.pop() {
            let (quota, index) = (u64::from(self.quota(tenant)), usize::from(tenant));
            loop {
                let from = (tenant, (i32::MIN, i64::MIN, u64::MIN), 0);
                let first = self.outside.range(from..).next();
                let Some((turn, waiting)) = first.filter(|(turn, _)| turn.0 == tenant) else {
                    break;
                };
                if self.taken[index] + u64::from(waiting.job.gpus) > quota {
                    break;
                }
                let (turn, waiting) = (*turn, *waiting);
                self.taken[index] += u64::from(waiting.job.gpus);
                self.ages.remove(&(waiting.since_s, turn));
                self.outside.remove(&turn);
                passed.push(waiting);
            }
        }
    }
    /// Since when the oldest outside waits.
    pub(super) fn oldest_since_s(&self) -> Option<i64> {
        self.ages.first().map(|(since_s, _)| *since_s)
    }
    /// The oldest leaves. Whoever stood behind it may now pass.
    pub(super) fn remove_oldest(&mut self) -> Option<Waiting> {
        let (_, turn) = self.ages.pop_first()?;
        self.stir(turn.0);
        self.outside.remove(&turn)
    }
    /// Stops the program unless the booked GPUs are those of `holders` (tenant, GPUs) and within the quotas.
    pub(super) fn assert_taken(&self, holders: impl Iterator<Item = (u16, u32)>) {
        let mut sums = vec![0; self.quotas.len()];
        for (tenant, gpus) in holders {
            if let Some(sum) = sums
                .get_mut(usize::from(tenant))
                .filter(|_| self.quota(tenant) != NO_QUOTA)
            {
                *sum += u64::from(gpus);
            }
        }
        for (tenant, (sum, taken)) in sums.iter().zip(&self.taken).enumerate() {
            let quota = self.quotas[tenant];
            assert!(
                sum == taken && *taken <= u64::from(quota),
                "tenant {tenant} has {sum} GPUs waiting or running, {taken} are booked, its quota is {quota}"
            );
        }
    }
}
