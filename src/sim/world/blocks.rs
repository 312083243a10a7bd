//! Blocks of the power path: who owns which, and what their failure takes away.

use super::World;
use crate::des::Outbox;
use crate::power::redundancy::{BlockFailureSpec, Blocks, Event, Level};
use crate::sim::hall::{NewUse, Plumbing};
use crate::time::SimTime;

/// Blocks of one level, with their place: a site's transformers or a hall's path.
#[derive(Debug)]
pub(super) struct Placed {
    blocks: Blocks,
    level: Level,
    site: usize,
    hall: Option<usize>,
    /// Its wires went out with the systems of its hall.
    gone: bool,
}

impl Placed {
    pub(super) const fn site(&self) -> usize {
        self.site
    }
}

impl Placed {
    /// The systems of a hall go out, and the wires to them.
    pub(super) fn leave(&mut self, site: usize, hall: usize) {
        self.gone |= self.site == site && self.hall == Some(hall);
    }
}

/// Plant and wires of a hall's new use.
fn plumbing_of(new_use: Option<&mut NewUse>) -> Option<&mut Plumbing> {
    match new_use? {
        NewUse::Gpu(gpu) => Some(&mut gpu.plumbing),
        NewUse::Lease(lease) => Some(&mut lease.plumbing),
    }
}

impl World<'_> {
    /// Transformers that fail begin with the horizon.
    pub(super) fn start_transformers(&mut self, now: SimTime) {
        for s in 0..self.sites.len() {
            let spec = self.from.spec.sites[s].grid.transformers.as_ref();
            if let Some(failures) = spec.and_then(|t| t.failures) {
                let count = self.sites[s].grid.transformers.count();
                self.start_blocks(&failures, (Level::Transformer, count), (s, None), now);
            }
        }
    }

    /// Blocks of a hall begin when it is ready for service.
    pub(super) fn start_path(&mut self, s: usize, h: usize, now: SimTime) {
        for level in [Level::Ups, Level::Feeder] {
            let Some(plumbing) = plumbing_of(self.sites[s].halls[h].new_use.as_mut()) else {
                return;
            };
            let count = plumbing.path.installed(level);
            if let Some(failures) = plumbing.path.failures(level) {
                self.start_blocks(&failures, (level, count), (s, Some(h)), now);
            }
        }
    }

    fn start_blocks(
        &mut self,
        spec: &BlockFailureSpec,
        (level, count): (Level, u32),
        (site, hall): (usize, Option<usize>),
        now: SimTime,
    ) {
        let own = &self.sites[site];
        let place = hall.map_or("", |h| own.halls[h].name.as_str());
        let name = format!("blocks/{}/{place}/{}", own.name, level.as_str());
        let id = self.blocks.len() as u32;
        let mut blocks = Blocks::new(spec, level, count, id, self.from.streams.stream(&name));
        blocks.start(now, &mut Outbox::new(&mut self.queue));
        self.blocks.push(Placed {
            blocks,
            level,
            site,
            hall,
            gone: false,
        });
    }

    pub(super) fn step_blocks(&mut self, now: SimTime, event: Event) {
        let placed = &mut self.blocks[event.id as usize];
        if placed.gone {
            return;
        }
        placed.blocks.step(now, event, &mut Outbox::new(&mut self.queue));
        let (live, level, s) = (placed.blocks.live(), placed.level, placed.site);
        let subject = match placed.hall {
            None => {
                self.sites[s].grid.transformers.set_live(live);
                String::new()
            }
            Some(h) => {
                let hall = &mut self.sites[s].halls[h];
                if let Some(plumbing) = plumbing_of(hall.new_use.as_mut()) {
                    plumbing.path.set_live(level, live);
                }
                hall.name.clone()
            }
        };
        let kind = if event.restores {
            "block_restored"
        } else {
            "block_failed"
        };
        self.note(now, s, kind, &subject, format!("{}: {live} up", level.as_str()));
    }
}
