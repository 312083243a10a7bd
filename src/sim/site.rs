//! A site at run time: its halls, its meter, what the present interval allows and what the month has used.

use std::sync::Arc;

use crate::fleet::failure::Kind;
use crate::fleet::{Dispatch, HallConditions, MeritOrder, MiningFleet, RepairShop};
use crate::power::contract::{Named, SettlementLine, Supply};
use crate::power::curtailment::Order;
use crate::power::grid::Grid;
use crate::power::path::{ElectricalPath, ElectricalPathSpec};
use crate::power::redundancy::Redundancy;
use crate::scenario::spec::{ScenarioSpec, SiteSpec};
use crate::sim::capacity::CapacityMwh;
use crate::sim::commitment::Commitment;
use crate::sim::hall::{Flow, Hall, PlantTable, Plumbing};
use crate::sim::setup::SiteSetup;
use crate::sim::sources::{Offer, Sources};
use crate::site::{HallSpec, OperatingCostSpec};
use crate::staff::{Crew, Staff};
use crate::time::{Calendar, Month, SimTime, Span};

/// What the present interval allows; it holds until the next settle point.
#[derive(Debug, Clone, Copy, Default)]
pub struct Opened {
    /// When it began.
    pub from: SimTime,
    /// Hour of the axis.
    pub hour: usize,
    /// Import limit at the meter after orders, MW.
    pub import_limit_mw: f64,
    /// Import limit of the connection alone, MW.
    pub connection_mw: f64,
    /// Limit of calls on interruptible load, MW; infinite without one.
    pub call_limit_mw: f64,
    /// The clauses whose calls hold, as bits.
    pub called: u64,
    /// Power that reaches halls and auxiliaries at most, MW behind the transformers.
    pub available_mw: f64,
    /// Power for construction and auxiliaries, MW behind the transformers.
    pub other_mw: f64,
    /// Likewise if the transformers had no rating.
    pub unrated_mw: f64,
    /// What can be counted on besides the grid.
    pub offer: Offer,
    /// What bound.
    pub binding: Binding,
    /// Cost of the first megawatt-hour at a miner, cooling and losses included, USD.
    pub mining_usd_per_mwh: f64,
    /// Load of the serving halls behind the transformers with every powered GPU at work, MW.
    pub firm_mw: f64,
}

/// The limit that bound in an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Binding {
    /// None.
    #[default]
    None,
    /// Miners stood still because power was dear.
    Price,
    /// Heat.
    Cooling,
    /// The grid connection.
    Grid,
    /// An order or a call.
    Curtailment,
    /// Rating of the transformers.
    Transformer,
    /// UPS, distribution or feeders of a hall.
    Electrical,
    /// The grid was gone.
    Outage,
}

impl Binding {
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Price => "price",
            Self::Cooling => "cooling",
            Self::Grid => "grid",
            Self::Curtailment => "curtailment",
            Self::Transformer => "transformer",
            Self::Electrical => "electrical",
            Self::Outage => "outage",
        }
    }
}

/// Physical and money totals of a site; of a month, or of the horizon.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// At the meter, MWh.
    pub grid_mwh: f64,
    /// Machines of the mine, MWh.
    pub mining_mwh: f64,
    /// Of it machines of customers, MWh.
    pub hosted_mwh: f64,
    /// Energy that customers asked for, MWh.
    pub hosted_asked_mwh: f64,
    /// What customers owe, fees and shares of profit, USD.
    pub hosting_usd: f64,
    /// At the meter, caused by the mine, MWh.
    pub mining_meter_mwh: f64,
    /// IT of GPU halls, MWh.
    pub gpu_it_mwh: f64,
    /// IT of leased halls, MWh.
    pub lease_it_mwh: f64,
    /// Cooling, MWh.
    pub cooling_mwh: f64,
    /// Cooling of GPU and leased halls, MWh.
    pub hall_cooling_mwh: f64,
    /// Losses, MWh.
    pub losses_mwh: f64,
    /// Losses that GPU and leased halls cause, their share of the transformers included, MWh.
    pub hall_losses_mwh: f64,
    /// Auxiliaries and construction, MWh.
    pub other_mwh: f64,
    /// Of all sources, what leased halls took whose tenants pay for their power, MWh.
    pub passed_mwh: f64,
    /// Greatest power at the meter, MW.
    pub peak_mw: f64,
    /// From generation on site, MWh.
    pub onsite_mwh: f64,
    /// From the battery and batteries of UPS, MWh.
    pub discharge_mwh: f64,
    /// To them, MWh.
    pub charge_mwh: f64,
    /// From backup generators, MWh.
    pub backup_mwh: f64,
    /// Fuel and running cost of generation on site and backup, USD.
    pub fuel_usd: f64,
    /// Water, m3.
    pub water_m3: f64,
    /// Mining not done, MWh.
    pub curtailed_mwh: f64,
    /// GPU-hours installed and ready.
    pub offered_gpu_h: f64,
    /// Of work.
    pub served_gpu_h: f64,
    /// Idle.
    pub idle_gpu_h: f64,
    /// Failed.
    pub failed_gpu_h: f64,
    /// The same by what failed first, in the order of [`Kind::index`].
    pub failed_by_gpu_h: [f64; Kind::ALL.len()],
    /// Without power, or throttled.
    pub unpowered_gpu_h: f64,
    /// Coins.
    pub btc: f64,
    /// Mining revenue, USD, before pool fees; what cards mined included.
    pub mining_usd: f64,
    /// Of it, what cards mined of other chains than bitcoin, USD.
    pub coin_usd: f64,
    /// Restarts of mining batches, where they are counted.
    pub restarts: f64,
    /// What they cost, USD.
    pub restart_usd: f64,
    /// What dispatch earned more than machines that never stop, where it is counted, USD.
    pub mining_gain_usd: f64,
    /// Miners that failed.
    pub miners_failed: f64,
    /// Carbon of energy at the meter by location, and of fuel burnt on site, kg.
    pub carbon_kg: f64,
    /// Likewise by contract.
    pub carbon_contract_kg: f64,
    /// Capacities over time, MWh, and what of the energised was not used, by cause.
    pub capacity: CapacityMwh,
}

impl Totals {
    /// Adds another stretch of time.
    pub fn add(&mut self, o: &Self) {
        self.grid_mwh += o.grid_mwh;
        self.mining_mwh += o.mining_mwh;
        self.hosted_mwh += o.hosted_mwh;
        self.hosted_asked_mwh += o.hosted_asked_mwh;
        self.hosting_usd += o.hosting_usd;
        self.mining_meter_mwh += o.mining_meter_mwh;
        self.btc += o.btc;
        self.mining_usd += o.mining_usd;
        self.coin_usd += o.coin_usd;
        self.restarts += o.restarts;
        self.restart_usd += o.restart_usd;
        self.mining_gain_usd += o.mining_gain_usd;
        self.miners_failed += o.miners_failed;
        self.gpu_it_mwh += o.gpu_it_mwh;
        self.lease_it_mwh += o.lease_it_mwh;
        self.cooling_mwh += o.cooling_mwh;
        self.hall_cooling_mwh += o.hall_cooling_mwh;
        self.losses_mwh += o.losses_mwh;
        self.hall_losses_mwh += o.hall_losses_mwh;
        self.other_mwh += o.other_mwh;
        self.passed_mwh += o.passed_mwh;
        self.peak_mw = self.peak_mw.max(o.peak_mw);
        self.onsite_mwh += o.onsite_mwh;
        self.discharge_mwh += o.discharge_mwh;
        self.charge_mwh += o.charge_mwh;
        self.backup_mwh += o.backup_mwh;
        self.fuel_usd += o.fuel_usd;
        self.water_m3 += o.water_m3;
        self.curtailed_mwh += o.curtailed_mwh;
        self.offered_gpu_h += o.offered_gpu_h;
        self.served_gpu_h += o.served_gpu_h;
        self.idle_gpu_h += o.idle_gpu_h;
        self.failed_gpu_h += o.failed_gpu_h;
        for (mine, theirs) in self.failed_by_gpu_h.iter_mut().zip(o.failed_by_gpu_h) {
            *mine += theirs;
        }
        self.unpowered_gpu_h += o.unpowered_gpu_h;
        self.carbon_kg += o.carbon_kg;
        self.carbon_contract_kg += o.carbon_contract_kg;
        self.capacity.add(&o.capacity);
    }
    /// The share of the mine's energy that the farm's own machines took; 1 where nothing mined.
    pub fn own_mining_share(&self) -> f64 {
        if self.hosted_mwh > 0.0 {
            1.0 - self.hosted_mwh / self.mining_mwh
        } else {
            1.0
        }
    }
    /// Energy from the meter and every other source, MWh.
    pub fn sources_mwh(&self) -> f64 {
        self.grid_mwh + self.onsite_mwh + self.discharge_mwh + self.backup_mwh
    }
    /// Facility over IT energy of GPU and leased halls; `None` where none ran.
    pub fn pue(&self) -> Option<f64> {
        let it = self.gpu_it_mwh + self.lease_it_mwh;
        (it > 0.0).then(|| (it + self.hall_cooling_mwh + self.hall_losses_mwh) / it)
    }
}

/// A site.
#[derive(Debug)]
pub struct Site {
    /// Index in the scenario.
    pub index: usize,
    /// Name.
    pub name: String,
    /// Billing calendar.
    pub calendar: Calendar,
    /// Connection.
    pub grid: Grid,
    /// Contracts.
    pub supply: Supply,
    /// Sources besides the grid.
    pub sources: Sources,
    /// Power at the meter in the last interval, MW.
    pub meter_mw: f64,
    /// People by headcounts.
    pub staff: Staff,
    /// Crews of its data halls, where people are hired one by one.
    pub crew: Option<Crew>,
    /// Halls that have or want a crew, in the order in which they came.
    pub crewed: Vec<usize>,
    /// What the crew cost in the billing month, at the first year's prices, USD.
    pub crew_usd: f64,
    /// Other running costs.
    pub costs: OperatingCostSpec,
    /// Halls.
    pub halls: Vec<Hall>,
    /// Fleet of each hall; emptied when the miners leave.
    pub fleets: Vec<MiningFleet>,
    /// All batches, best first.
    pub merit: MeritOrder,
    /// Hashprice at which machines of several kinds are put in order, USD per PH/s and day; one where all mine bitcoin.
    pub merit_hashprice: f64,
    /// Coins of each chain that its cards have mined; empty where it has none.
    pub coins: Vec<f64>,
    /// What ties hours of its miners, where anything does.
    pub commitment: Option<Commitment>,
    /// Until when the wear of miners is counted.
    pub miners_seen: SimTime,
    /// Who repairs miners, where anybody does.
    pub repair_shop: Option<RepairShop>,
    /// What each hall allows its miners now.
    pub conditions: Vec<HallConditions>,
    /// What the miners of each hall do now.
    pub dispatch: Vec<Dispatch>,
    /// The most that the miners of each hall may take now.
    pub allowed: Vec<Flow>,
    /// What they take.
    pub mining: Vec<Flow>,
    /// Plants over the base weather.
    pub tables: Vec<Arc<PlantTable>>,
    /// Orders to import less.
    pub orders: Vec<Order>,
    /// Calls on interruptible load.
    pub calls: Vec<Order>,
    /// What stood when no clause called last: at the meter, and of it mining behind the transformers, MW.
    pub standing_mw: (f64, f64),
    /// The present interval.
    pub open: Opened,
    /// The part of the last interval's firm load that nobody used, MW: dispatch expects it to stay idle.
    pub firm_idle_mw: f64,
    /// Since the billing month began.
    pub month: Totals,
    /// Since the scenario began.
    pub all: Totals,
    /// The present billing month.
    pub billing_month: Month,
    /// Power bill net of receipts so far, USD, a cost positive.
    pub power_cost_usd: f64,
    /// Cash cost of mining so far: power, and with everything else, USD.
    pub mining_cost_usd: (f64, f64),
    /// Lines of customers who left since the billing month began.
    pub hosting_lines: Vec<SettlementLine>,
    /// Parts of miners' repairs since the billing month began, USD.
    pub miner_parts_usd: f64,
    /// Curtailment and ancillary receipts so far, USD.
    pub demand_response_usd: f64,
    /// Readings of each pool's integral of use (on-demand, spot) at the last close.
    pub pool_readings: Vec<[f64; 3]>,
    /// Mean shares of use of each pool over the interval being closed.
    pub pool_shares: Vec<[f64; 3]>,
    /// Readings of each service's integrals (answering, drawing) at the last close.
    pub service_readings: Vec<[f64; 2]>,
    /// Mean shares of the replicas of each service over the interval being closed.
    pub service_shares: Vec<[f64; 2]>,
}

impl Site {
    /// The site at the start of the horizon.
    pub fn new(
        spec: &ScenarioSpec,
        (index, site): (usize, &SiteSpec),
        setup: &SiteSetup,
        start: SimTime,
        (pools, services): (usize, usize),
    ) -> Self {
        let find = |named: Named<'_>| spec.market.signal(named);
        let supply =
            Supply::new(&site.power_contracts, &setup.calendar, find).expect("contracts were checked");
        let (halls, fleets): (Vec<Hall>, Vec<MiningFleet>) = setup
            .halls
            .iter()
            .map(|(name, entry)| hall_at_start(name, &site.halls[*entry], setup, start))
            .unzip();
        let count = halls.len();
        let mut costs = site.costs.clone();
        costs.mining_pool_fee_percent = spec.pool_fee_percent(site);
        Self {
            index,
            name: site.id.to_string(),
            calendar: setup.calendar.clone(),
            grid: Grid::new(&site.grid, &setup.calendar),
            supply,
            sources: Sources::default(),
            meter_mw: 0.0,
            staff: Staff::new(&site.staff),
            crew: None,
            crewed: Vec::new(),
            crew_usd: 0.0,
            halls,
            merit: MeritOrder::at(&fleets, 1.0, costs.pool_fee()),
            costs,
            merit_hashprice: 1.0,
            coins: Vec::new(),
            commitment: None,
            miners_seen: start,
            repair_shop: site.repair_shop.as_ref().map(RepairShop::new),
            fleets,
            conditions: vec![HallConditions::none(); count],
            dispatch: vec![Dispatch::default(); count],
            allowed: vec![Flow::default(); count],
            mining: vec![Flow::default(); count],
            tables: setup.tables(),
            orders: Vec::new(),
            calls: Vec::new(),
            standing_mw: (0.0, 0.0),
            open: Opened {
                from: start,
                ..Opened::default()
            },
            firm_idle_mw: 0.0,
            month: Totals::default(),
            all: Totals::default(),
            billing_month: setup.calendar.month(start),
            power_cost_usd: 0.0,
            mining_cost_usd: (0.0, 0.0),
            hosting_lines: Vec::new(),
            miner_parts_usd: 0.0,
            demand_response_usd: 0.0,
            pool_readings: vec![[0.0; 3]; pools],
            pool_shares: vec![[0.0; 3]; pools],
            service_readings: vec![[0.0; 2]; services],
            service_shares: vec![[0.0; 2]; services],
        }
    }

    /// Looks at the fleets anew, after one of them has changed.
    pub fn fleets_changed(&mut self) {
        self.merit = MeritOrder::at(&self.fleets, self.merit_hashprice, self.costs.pool_fee());
        if let Some(commitment) = &mut self.commitment {
            commitment.rebind(&self.merit, &self.fleets);
        }
    }

    /// The instants within `(start, end)` at which the connection, outages, contracts or `orders` change what may be drawn
    /// or what it costs, each once.
    pub fn edges(
        &self,
        orders: impl Iterator<Item = SimTime>,
        (start, end): (SimTime, SimTime),
    ) -> Vec<SimTime> {
        let mut edges = self.sources.edges();
        edges.extend(orders);
        edges.extend(follow(start, |at| self.grid.next_change(at)));
        edges.extend(follow(start, |at| self.supply.next_change(at)));
        edges.retain(|at| *at > start && *at < end);
        edges.sort_unstable();
        edges.dedup();
        edges
    }
    /// What begins or ends at an edge besides outages: kind, subject, detail.
    pub fn what_changes(&self, now: SimTime) -> Vec<(&'static str, &'static str, String)> {
        let mut changes = Vec::new();
        for (subject, orders) in [("grid", &self.orders), ("call", &self.calls)] {
            for order in orders.iter().filter(|o| o.from == now || o.to == now) {
                let detail = if order.from == now {
                    format!(
                        "at most {} MW until {}",
                        order.limit.as_mw(),
                        order.to.to_utc_text()
                    )
                } else {
                    "over".to_owned()
                };
                changes.push(("order", subject, detail));
            }
        }
        let before = self.grid.import_limit(now + Span::from_seconds(-1));
        if before != self.grid.import_limit(now) {
            let detail = format!("{} MW", self.grid.import_limit(now).as_mw());
            changes.push(("connection", "grid", detail));
        }
        if self.supply.next_change(now + Span::from_seconds(-1)) == Some(now) {
            changes.push(("contract", "grid", "one begins or ends".to_owned()));
        }
        changes
    }
    /// The limit of orders to import less at an instant, MW; infinite without one.
    pub fn order_limit_mw(&self, now: SimTime) -> f64 {
        order_at(&self.orders, now).map_or(f64::INFINITY, |o| o.ceiling_mw(self.standing_mw.0))
    }
    /// The limit of calls on interruptible load at an instant, MW; infinite without one.
    pub fn call_limit_mw(&self, now: SimTime) -> f64 {
        order_at(&self.calls, now).map_or(f64::INFINITY, |o| o.ceiling_mw(self.standing_mw.1))
    }
    /// The clauses whose calls hold at an instant, as bits.
    pub fn called(&self, now: SimTime) -> u64 {
        let by = |orders| order_at(orders, now).map_or(0, |o| o.by);
        by(&self.orders) | by(&self.calls)
    }
}

/// A hall as it stands at the start, and its miners.
fn hall_at_start(name: &str, hall: &HallSpec, setup: &SiteSetup, start: SimTime) -> (Hall, MiningFleet) {
    let fleet = MiningFleet::scheduled(&hall.miners, &setup.calendar, start);
    let design_mw = fleet.nameplate().as_mw().max(1e-6);
    let mine = Plumbing {
        plant: setup.plant(&hall.cooling),
        design_mw,
        path: ElectricalPath::new(&ElectricalPathSpec::mining(), design_mw, Redundancy::N),
        units_mw: f64::INFINITY,
    };
    (
        Hall::as_it_stands(name, hall.grid_mw, mine, fleet.is_empty()),
        fleet,
    )
}

/// All instants that `next` names, one after another.
fn follow(start: SimTime, next: impl Fn(SimTime) -> Option<SimTime>) -> impl Iterator<Item = SimTime> {
    std::iter::successors(next(start), move |at| next(*at))
}

/// Orders are disjoint and sorted, so the last one begun is the only one that can hold.
fn order_at(orders: &[Order], now: SimTime) -> Option<&Order> {
    let begun = orders.partition_point(|o| o.from <= now);
    let order = &orders[begun.checked_sub(1)?];
    (now < order.to).then_some(order)
}
