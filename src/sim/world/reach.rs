//! Which halls give power to which pool and service, so that an event looks at those alone that it concerns.

use super::World;
use crate::sim::hall::{GpuHall, NewUse};
use crate::sim::settle;
use crate::sim::site::Site;
use crate::time::SimTime;

/// Site and hall.
type Place = (usize, usize);

/// Places of each pool and service, in the order of sites and halls.
#[derive(Debug, Default)]
pub struct Reach {
    pools: Vec<Vec<Place>>,
    services: Vec<Vec<Place>>,
    /// The site of each pool's GPUs; `portfolio` where they stand at several.
    labels: Vec<String>,
}

impl Reach {
    /// The places of so many pools and services.
    pub fn new(sites: &[Site], (pools, services): (usize, usize)) -> Self {
        let places = |gives: &dyn Fn(&GpuHall) -> bool| -> Vec<Place> {
            let mut found = Vec::new();
            for (s, site) in sites.iter().enumerate() {
                for (h, hall) in site.halls.iter().enumerate() {
                    if matches!(&hall.new_use, Some(NewUse::Gpu(gpu)) if gives(gpu)) {
                        found.push((s, h));
                    }
                }
            }
            found
        };
        let of_pool = |index: usize| {
            let lends = |gpu: &GpuHall| gpu.services.iter().any(|s| s.lent_to == Some(index));
            places(&|gpu| gpu.pools.iter().any(|p| p.index == index) || lends(gpu))
        };
        let of_service = |index: usize| places(&|gpu| gpu.services.iter().any(|s| s.index == index));
        let pools: Vec<Vec<Place>> = (0..pools).map(of_pool).collect();
        let labels = pools.iter().map(|places| label(sites, places)).collect();
        Self {
            pools,
            services: (0..services).map(of_service).collect(),
            labels,
        }
    }
    /// The site of a pool's GPUs; `portfolio` where they stand at several.
    pub fn site_of_pool(&self, index: usize) -> &str {
        &self.labels[index]
    }
}

fn label(sites: &[Site], places: &[Place]) -> String {
    let first = places.first().map_or(0, |place| place.0);
    if places.iter().all(|place| place.0 == first) {
        sites.get(first).map_or_else(String::new, |s| s.name.clone())
    } else {
        "portfolio".to_owned()
    }
}

impl World<'_> {
    /// Opens the next interval where one was closed, and tells the pools and services there what they have.
    pub(super) fn open(&mut self, now: SimTime) {
        if self.to_open.is_empty() {
            return;
        }
        let context = self.context();
        for &site in &self.to_open {
            settle::open(&mut self.sites[site], &self.demand, now, &context);
        }
        for index in 0..self.demand.services.len() {
            if self.concerns(&self.reach.services[index]) {
                let (replicas, speed) = self.service_power(index);
                self.demand.services[index].set(replicas, speed);
            }
        }
        for index in 0..self.demand.pools.len() {
            if self.concerns(&self.reach.pools[index]) {
                self.set_pool(index, now);
            }
        }
        for site in self.to_open.drain(..) {
            self.closed[site] = false;
        }
    }

    /// Whether a place lies at a site that was closed.
    fn concerns(&self, places: &[Place]) -> bool {
        places.iter().any(|place| self.closed[place.0])
    }

    fn set_pool(&mut self, index: usize, now: SimTime) {
        let (gpus, speed) = self.pool_power(index);
        let pool = &mut self.demand.pools[index];
        let was = pool.capacity();
        pool.set(gpus, (speed * 1_000.0).round().clamp(0.0, 1_000.0) as u16);
        if was == 0 && gpus > 0 && !pool.is_open() {
            pool.turn_week(&self.from.streams);
        }
        if was != gpus
            && let Some(recorder) = &mut self.recorder
        {
            recorder.capacity(self.reach.site_of_pool(index), pool.tenant(), now, gpus);
        }
    }

    /// Halls that serve among places.
    fn serving<'w>(&'w self, places: &'w [Place]) -> impl Iterator<Item = &'w GpuHall> {
        let halls = places.iter().map(|&(s, h)| &self.sites[s].halls[h]);
        halls
            .filter(|h| h.serves())
            .filter_map(|hall| match &hall.new_use {
                Some(NewUse::Gpu(gpu)) => Some(&**gpu),
                _ => None,
            })
    }

    /// GPUs of a pool that have power, lent ones too, and their mean speed.
    fn pool_power(&self, index: usize) -> (u32, f64) {
        let halls = self.serving(&self.reach.pools[index]);
        mean_speed(halls.map(|gpu| (gpu.up_of_pool(index), gpu.speed)))
    }

    /// Replicas of a service that have power, and their mean speed.
    fn service_power(&self, index: usize) -> (u32, f64) {
        let halls = self.serving(&self.reach.services[index]);
        let held = halls.flat_map(|gpu| gpu.services.iter().map(move |s| (s, gpu.speed)));
        mean_speed(
            held.filter(|(s, _)| s.index == index)
                .map(|(s, speed)| (s.replicas(), speed)),
        )
    }
}

/// How many, and their mean speed; full speed where there are none.
fn mean_speed(parts: impl Iterator<Item = (u32, f64)>) -> (u32, f64) {
    let (mut count, mut work) = (0, 0.0);
    for (number, speed) in parts {
        count += number;
        work += f64::from(number) * speed;
    }
    (count, if count > 0 { work / f64::from(count) } else { 1.0 })
}
