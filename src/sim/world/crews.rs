//! Crews of data halls: who wants one, when it stands, and what happens without.

use super::World;
use crate::sim::event::{self, Event};
use crate::sim::hall::{Hall, NewUse};
use crate::sim::site::Site;
use crate::staff::crew::{self, Crew, Post};
use crate::time::SimTime;

fn post(hall: &Hall) -> Post {
    Post {
        grid_mw: hall.grid_mw,
        let_out: matches!(hall.new_use, Some(NewUse::Lease(_))),
    }
}

fn posts(site: &Site) -> Vec<Post> {
    site.crewed.iter().map(|h| post(&site.halls[*h])).collect()
}

impl World<'_> {
    /// Crews of halls that serve already stand from the start; a site without `people` has none.
    pub(super) fn hire_crews(&mut self, start: SimTime) {
        for (index, site) in self.sites.iter_mut().enumerate() {
            let staff = &self.from.spec.sites[index].staff;
            let Some(people) = &staff.people else { continue };
            site.crewed = (0..site.halls.len())
                .filter(|h| site.halls[*h].serves())
                .collect();
            let stream = self.from.streams.stream(&format!("crew/{}", site.name));
            let serving = posts(site);
            site.crew = Some(Crew::new(people, staff.on_cost_percent, &serving, stream, start));
            self.queue
                .schedule(start, event::MINERS, Event::CrewLook { site: index });
        }
    }

    /// A hall's crew is wanted from now on; those of its miners who may be retrained will come to it.
    pub(super) fn want_crew(&mut self, (s, h): (usize, usize)) {
        let per_mw = self.from.spec.sites[s].staff.mining_fte_per_mw;
        let site = &mut self.sites[s];
        let Some(crew) = &mut site.crew else { return };
        if site.crewed.contains(&h) {
            return;
        }
        site.crewed.push(h);
        if site.halls[h].phase.holds_miners() {
            crew.promise_miners(per_mw * site.halls[h].grid_mw);
        }
    }

    /// The miners' technicians of a hall that becomes a data hall are free.
    pub(super) fn free_miners(&mut self, (s, h): (usize, usize), now: SimTime) {
        let per_mw = self.from.spec.sites[s].staff.mining_fte_per_mw;
        let site = &mut self.sites[s];
        if let Some(crew) = &mut site.crew
            && site.halls[h].new_use.is_some()
        {
            crew.retrain_miners(per_mw * site.halls[h].grid_mw, now);
        }
    }

    /// A stage of hiring has ended: where it was done before, its crew is there.
    pub(super) fn note_crew(&mut self, (s, h): (usize, usize), now: SimTime) {
        let site = &mut self.sites[s];
        let known = posts(site);
        let Some(crew) = &mut site.crew else { return };
        let position = site.crewed.iter().position(|hall| *hall == h);
        if let Some(position) = position
            && crew.crewed(&known) <= position
        {
            crew.fill(&known[..=position], now);
        }
        let name = site.halls[h].name.clone();
        self.note(now, s, "crew_ready", &name, String::new());
    }

    /// A week has passed: people came and went. Halls below their minimum stand still, crews that stand end their stage
    /// of hiring.
    pub(super) fn look_at_crew(&mut self, s: usize, now: SimTime) {
        let site = &mut self.sites[s];
        let halls = posts(site);
        let Some(crew) = &mut site.crew else { return };
        crew.look(&halls, now);
        let crewed = crew.crewed(&halls);
        let order = site.crewed.clone();
        for (position, h) in order.into_iter().enumerate() {
            if self.sites[s].halls[h].serves() {
                self.set_crewless((s, h), position >= crewed, now);
            } else if position < crewed {
                self.crew_stands((s, h), now);
            }
        }
        let next = now + crew::LOOK;
        if next < self.from.until {
            self.queue
                .schedule(next, event::MINERS, Event::CrewLook { site: s });
        }
    }

    fn set_crewless(&mut self, (s, h): (usize, usize), crewless: bool, now: SimTime) {
        let hall = &mut self.sites[s].halls[h];
        if std::mem::replace(&mut hall.crewless, crewless) == crewless {
            return;
        }
        let name = hall.name.clone();
        let what = if crewless { "crew_short" } else { "crew_back" };
        self.note(now, s, what, &name, String::new());
    }

    fn crew_stands(&mut self, place: (usize, usize), now: SimTime) {
        let position = |halls: &[(usize, usize)]| halls.iter().position(|hall| *hall == place);
        let unfinished = |(_, p): &(usize, &super::Running)| !p.project.is_finished();
        let mut found = self.projects.iter().enumerate().filter(unfinished);
        let Some((index, hall)) = found.find_map(|(i, p)| Some((i, position(&p.halls)?))) else {
            return;
        };
        self.close_project(index, now);
        self.act(index, now, |project, scene| project.crew_stands(hall, scene));
    }
}
