//! What failures do: whose GPUs they are, which jobs and runs they stop, what is noted.

use super::World;
use crate::des::Outbox;
use crate::fleet::failure::{self, Change};
use crate::sim::demand::Demand;
use crate::sim::event::Event;
use crate::sim::hall::{GpuHall, NewUse};
use crate::time::SimTime;

impl World<'_> {
    /// Whether what happens changes no limit of a hall and is seen early enough at the next look, where not every hour is
    /// looked at: a system more or less. Nothing is stepped for it; what flowed on it returns to the queue at the look.
    pub(super) fn waits_for_look(&self, event: Event) -> bool {
        let Event::Failure(event) = event else {
            return false;
        };
        if self.step == 1 {
            return false;
        }
        let Some((s, h)) = self.failing[event.hall as usize] else {
            return true;
        };
        match &self.sites[s].halls[h].new_use {
            Some(NewUse::Gpu(gpu)) => gpu.failures.is_of_system(event),
            _ => false,
        }
    }

    pub(super) fn step_failure(&mut self, now: SimTime, event: failure::Event) {
        let Some((s, h)) = self.failing[event.hall as usize] else {
            return;
        };
        let hour_of_week = self.context().hour_of_week;
        let waits = self.waits_for_look(Event::Failure(event));
        let Some(NewUse::Gpu(gpu)) = &mut self.sites[s].halls[h].new_use else {
            return;
        };
        let before = gpu.gpus() - gpu.failures.down() * gpu.systems.model().gpus;
        let change = gpu.failures.step(now, event, &mut Outbox::new(&mut self.queue));
        gpu.limit_cooling();
        if !waits {
            gpu.see_failures();
        }
        if let Change::Down { systems, draw, .. } = change {
            let gpus = systems * gpu.systems.model().gpus;
            strike(gpu, before, (gpus, draw), &mut self.demand, hour_of_week);
        }
        self.note_failure(now, (s, h), change);
    }

    fn note_failure(&mut self, now: SimTime, (s, h): (usize, usize), change: Change) {
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        let (what, kind, unit, systems) = match change {
            Change::Down {
                kind, unit, systems, ..
            } => ("failure", kind, unit, systems),
            Change::Up { kind, unit, systems } => ("repair", kind, unit, systems),
            Change::None => return,
        };
        let site = &self.sites[s];
        let detail = format!("{} {unit}: {systems} systems", kind.as_str());
        recorder.event(&site.name, now, (what, &site.halls[h].name, detail));
    }
}

/// Takes `gpus` that fail together out of those that work: a run of neighbours that begins anywhere with equal chance.
/// First stand those that nobody holds, then pools, services and blocks; jobs, replicas and training runs on them stop. What tenants
/// hold afterwards is decided when the next interval opens, with spare GPUs first.
fn strike(gpu: &GpuHall, alive: u32, (gpus, draw): (u32, f64), demand: &mut Demand, hour_of_week: usize) {
    let held: u32 = gpu.pool_up() + gpu.service_up() + gpu.block_up();
    let unlet = alive.saturating_sub(gpu.shed).saturating_sub(held);
    let all = unlet + held;
    let gpus = gpus.min(all);
    if gpus == 0 {
        return;
    }
    let place = draw * f64::from(all);
    let first = (place as u32).min(all - 1);
    // What is left of the draw is uniform again, and chooses within a tenant.
    let draw = place.fract();
    let taken = |from: u32, count: u32| {
        let (to, last) = (from + count, first + gpus);
        let straight = to.min(last).saturating_sub(from.max(first));
        straight + to.min(last.saturating_sub(all)).saturating_sub(from)
    };
    let mut from = unlet;
    for pool in &gpu.pools {
        demand.pools[pool.index].fail(taken(from, pool.up), draw);
        from += pool.up;
    }
    for service in &gpu.services {
        // Those of replicas stand first, then those that are lent or idle.
        let serving = service.serving();
        demand.services[service.index].fail(taken(from, serving));
        if let Some(pool) = service.lent_to {
            demand.pools[pool].fail(taken(from + serving, service.lent()), draw);
        }
        from += service.up;
    }
    for block in &gpu.blocks {
        demand.blocks[block.index].fail(taken(from, block.up), draw, hour_of_week);
        from += block.up;
    }
}
