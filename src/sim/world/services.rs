//! Inference services over the hours: how many replicas should stand, and in which halls.

use super::World;
use crate::sim::demand::Held;
use crate::sim::hall::{GpuHall, Hall, Hosted, NewUse};
use crate::time::{HOUR_S, SimTime, WEEK_S};

impl World<'_> {
    /// A new hour: each service says how many replicas it wants, and they are given places. What power the places get is
    /// decided when the next intervals open.
    pub(super) fn plan_services(&mut self, now: SimTime) {
        if self.demand.services.is_empty() {
            return;
        }
        let hour_of_week = self.context().hour_of_week;
        // A change of the clock moves a local week by an hour; rounding takes it to the right one.
        let hours = (now - self.from.setup.monday).as_seconds() / HOUR_S;
        let whole = WEEK_S / HOUR_S;
        let week = (hours - hour_of_week as i64 + whole / 2).div_euclid(whole).max(0) as u32;
        for index in 0..self.demand.services.len() {
            let service = &mut self.demand.services[index];
            let wanted = service.turn_hour(now, (week, hour_of_week), &self.from.streams);
            self.place(index, wanted);
        }
    }

    /// Gives replicas their halls: first those in which no GPU went dark in the last interval.
    fn place(&mut self, index: usize, wanted: u32) {
        let mut left = wanted;
        for dark in [false, true] {
            let halls = self.sites.iter_mut().flat_map(|s| &mut s.halls);
            for gpu in halls.filter_map(serving).filter(|gpu| (gpu.shed > 0) == dark) {
                let (failed, unlet) = (gpu.failed(), gpu.unlet);
                let pools: u32 = gpu.pools.iter().map(|p| p.gpus).sum();
                // Failed systems are replaced by those that nobody holds and those of pools.
                let mut missing = failed.saturating_sub(unlet).saturating_sub(pools);
                for held in gpu.services.iter_mut().rev() {
                    let lost = missing.min(held.gpus);
                    missing -= lost;
                    if held.index == index {
                        let here = left.min((held.gpus - lost) / held.each);
                        held.planned = here * held.each;
                        left -= here;
                    }
                }
            }
        }
    }

    /// What a service holds in a hall that is planned.
    pub(super) fn hosted(&self, index: usize, gpus: u32) -> Hosted {
        let service = &self.demand.services[index];
        let lender = service.spec().lend_to.as_ref();
        let tenant = lender.and_then(|name| self.from.spec.tenants.iter().position(|t| t.id == *name));
        let lent_to = tenant.and_then(|tenant| match self.demand.tenants[tenant] {
            Held::Pool(pool) => Some(pool),
            Held::Block(_) | Held::Service(_) => None,
        });
        Hosted {
            index,
            gpus,
            up: gpus,
            planned: 0,
            each: service.gpus_per_replica(),
            power: service.spec().power_percent / 100.0,
            lent_to,
        }
    }
}

/// The accelerators of a hall that serves.
fn serving(hall: &mut Hall) -> Option<&mut GpuHall> {
    if !hall.serves() {
        return None;
    }
    match &mut hall.new_use {
        Some(NewUse::Gpu(gpu)) => Some(gpu),
        _ => None,
    }
}
