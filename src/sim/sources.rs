//! What a site gets its power from besides the grid: generation on site, a battery, backup generators and the batteries
//! of UPS. The offer of an interval is made when it opens; who gave how much is known when it closes.

use crate::power::backup::Backup;
use crate::power::battery::{Battery, Surroundings};
use crate::power::onsite::Onsite;
use crate::power::outage::Outage;
use crate::power::path::Transformers;
use crate::scenario::spec::{ScenarioSpec, SiteSpec};
use crate::sim::paths::Paths;
use crate::time::{Calendar, HOUR_S, SimTime};

/// Hours over which batteries of UPS are charged again.
const UPS_CHARGE_HOURS: f64 = 1.0;

/// Power that an interval can count on, MW behind the transformers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Offer {
    /// The grid is gone.
    pub outage: bool,
    /// Batteries of UPS carry their halls until generators do.
    pub bridging: bool,
    /// From generation on site.
    pub onsite_mw: f64,
    /// Cost of the dearest of it, USD/MWh.
    pub onsite_usd_per_mwh: f64,
    /// From backup generators.
    pub backup_mw: f64,
    /// From the battery, in an outage.
    pub battery_mw: f64,
    /// For charging batteries of UPS again.
    pub ups_charge_mw: f64,
}

impl Offer {
    /// Everything besides the grid.
    pub fn behind_meter_mw(&self) -> f64 {
        self.onsite_mw + self.backup_mw + self.battery_mw
    }
}

/// Who gave what in an interval, MW behind the transformers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Given {
    /// The grid, behind the transformers.
    pub grid_mw: f64,
    /// Generation on site.
    pub onsite_mw: f64,
    /// Battery and batteries of UPS, giving.
    pub discharge_mw: f64,
    /// Battery and batteries of UPS, taking.
    pub charge_mw: f64,
    /// Backup generators.
    pub backup_mw: f64,
    /// Fuel and running cost, USD/h.
    pub usd_per_h: f64,
    /// Carbon of fuel, kg/h.
    pub carbon_kg_per_h: f64,
}

/// The sources of a site.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    outages: Vec<Outage>,
    ups_minutes: f64,
    backup: Option<Backup>,
    battery: Option<Battery>,
    onsite: Vec<Onsite>,
    /// What generation on site may give now, MW each.
    may_give_mw: Vec<f64>,
    /// Energy that batteries of UPS have given and not yet got back, MWh.
    ups_owed_mwh: f64,
    /// The outage for which tanks were filled last.
    filled_for: Option<usize>,
}

impl Sources {
    /// The sources of a site in one replication.
    pub fn new(spec: &ScenarioSpec, (index, site): (usize, &SiteSpec), paths: &Paths) -> Self {
        let shares = paths.onsite[index].iter();
        let onsite = site.onsite.iter().zip(shares);
        let price = |name: &crate::id::Name| spec.market.power.get_index_of(name);
        Self {
            outages: paths.outages[index].clone(),
            ups_minutes: site.grid.outages.as_ref().map_or(0.0, |o| o.ups_minutes),
            backup: site.backup.as_ref().map(Backup::new),
            battery: site.battery.as_ref().map(|b| Battery::new(b, price)),
            onsite: onsite
                .map(|(spec, shares)| Onsite::new(spec, shares.clone()))
                .collect(),
            may_give_mw: vec![0.0; site.onsite.len()],
            ups_owed_mwh: 0.0,
            filled_for: None,
        }
    }
    /// Whether there is nothing but the grid, and it never goes.
    pub fn is_grid_alone(&self) -> bool {
        self.outages.is_empty() && self.battery.is_none() && self.onsite.is_empty()
    }
    /// The instants at which outages change what may be drawn.
    pub fn edges(&self) -> Vec<SimTime> {
        let start_s = self.backup.as_ref().map_or(0.0, |b| b.spec().start_seconds);
        let edges = self
            .outages
            .iter()
            .flat_map(|o| o.edges(self.ups_minutes, start_s));
        edges.collect()
    }
    /// What an instant is in an outage, for the record: its begin, its end, or a change within; `None` outside.
    pub fn outage_edge(&self, now: SimTime) -> Option<&'static str> {
        let begun = self.outages.partition_point(|o| o.from <= now);
        let outage = &self.outages[begun.checked_sub(1)?];
        if now == outage.from {
            Some("begins")
        } else if now == outage.to {
            Some("ends")
        } else {
            (now < outage.to).then_some("changes")
        }
    }
    /// The battery.
    pub const fn battery(&self) -> Option<&Battery> {
        self.battery.as_ref()
    }

    /// What the next interval can count on; `grid_usd_per_mwh` is the cost of the next megawatt-hour from the grid.
    pub fn offer(&mut self, now: SimTime, hour: usize, calendar: &Calendar, grid_usd_per_mwh: f64) -> Offer {
        if self.is_grid_alone() {
            return Offer::default();
        }
        let begun = self.outages.partition_point(|o| o.from <= now);
        let current = begun.checked_sub(1).filter(|i| now < self.outages[*i].to);
        let grid = current.is_none().then_some(grid_usd_per_mwh);
        let mut offer = Offer {
            outage: current.is_some(),
            ..Offer::default()
        };
        for (may, plant) in self.may_give_mw.iter_mut().zip(&self.onsite) {
            *may = plant.available_mw(hour, grid);
            offer.onsite_mw += *may;
            if *may > 0.0 {
                offer.onsite_usd_per_mwh = offer.onsite_usd_per_mwh.max(plant.usd_per_mwh);
            }
        }
        match current {
            Some(index) => self.offer_in_outage(index, now, calendar, &mut offer),
            None => offer.ups_charge_mw = self.ups_owed_mwh / UPS_CHARGE_HOURS,
        }
        offer
    }

    fn offer_in_outage(&mut self, index: usize, now: SimTime, calendar: &Calendar, offer: &mut Offer) {
        let ahead = hours_to_next(now);
        offer.battery_mw = self.battery.as_ref().map_or(0.0, |b| b.available_mw(ahead, true));
        let outage = &self.outages[index];
        let mut starts_s = None;
        if let Some(backup) = &mut self.backup {
            if self.filled_for != Some(index) {
                backup.fill();
                self.filled_for = Some(index);
            }
            if !outage.running_until.is_empty() {
                starts_s = Some(backup.spec().start_seconds);
            }
            let running = outage.running(now, backup.spec().start_seconds);
            let year = i32::from(calendar.civil(now).year());
            offer.backup_mw = backup.available_mw(running, ahead, year);
        }
        offer.bridging = outage.is_bridged(now, self.ups_minutes, starts_s);
    }

    /// Who gives how much of a load that was drawn for `hours`, MW behind the transformers.
    pub fn give(
        &mut self,
        offer: &Offer,
        (load_mw, hours): (f64, f64),
        (import_limit_mw, prices): (f64, &[f64]),
        transformers: &Transformers,
    ) -> Given {
        let mut given = Given::default();
        let ups_charge_mw = offer.ups_charge_mw.min(self.ups_owed_mwh / hours);
        let mut left_mw = load_mw + ups_charge_mw;
        if self.is_grid_alone() {
            given.grid_mw = left_mw;
            return given;
        }
        let grid_mw = if offer.outage {
            0.0
        } else {
            transformers.downstream_mw(import_limit_mw)
        };
        self.ups_owed_mwh = (self.ups_owed_mwh - ups_charge_mw * hours).max(0.0);
        let battery_mw = self.battery.as_mut().map_or(0.0, |battery| {
            let target = battery.target_mw();
            let power = battery.power(&Surroundings {
                hours,
                load_mw: left_mw - offer.onsite_mw,
                grid_mw,
                target_mw: if target.is_finite() {
                    transformers.downstream_mw(target)
                } else {
                    target
                },
                prices,
                outage: offer.outage,
            });
            battery.run(power, hours);
            power
        });
        given.discharge_mw = battery_mw.max(0.0);
        given.charge_mw = ups_charge_mw + (-battery_mw).max(0.0);
        left_mw -= battery_mw;
        self.give_onsite(&mut left_mw, &mut given);
        if offer.outage {
            self.give_without_grid(offer, (left_mw, hours), &mut given);
        } else {
            given.grid_mw = left_mw;
        }
        given
    }

    /// Generation on site in file order, as far as there is load.
    fn give_onsite(&self, left_mw: &mut f64, given: &mut Given) {
        for (plant, may) in self.onsite.iter().zip(&self.may_give_mw) {
            let power = may.min(left_mw.max(0.0));
            *left_mw -= power;
            given.onsite_mw += power;
            given.usd_per_h += power * plant.usd_per_mwh;
            given.carbon_kg_per_h += power * plant.carbon_kg_per_mwh;
        }
    }

    /// Generators, or the batteries of UPS before them, give the rest. Rounding of loads that were cut to fit goes to them
    /// too, so that no energy comes from nowhere.
    fn give_without_grid(&mut self, offer: &Offer, (left_mw, hours): (f64, f64), given: &mut Given) {
        if offer.bridging {
            given.discharge_mw += left_mw;
            self.ups_owed_mwh += left_mw * hours;
        } else if let Some(backup) = self.backup.as_mut().filter(|_| offer.backup_mw > 0.0) {
            given.backup_mw = left_mw;
            backup.run(left_mw, hours);
            given.usd_per_h += left_mw * backup.spec().fuel_usd_per_mwh;
            given.carbon_kg_per_h += left_mw * backup.spec().carbon_kg_per_mwh;
        } else {
            given.grid_mw = left_mw;
        }
    }
}

/// Hours until the next whole hour; prices and weather change there, so no interval is longer.
fn hours_to_next(now: SimTime) -> f64 {
    (HOUR_S - now.as_unix_s().rem_euclid(HOUR_S)) as f64 / HOUR_S as f64
}
