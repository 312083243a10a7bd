//! What the world outside does in one replication: weather, prices, bitcoin, rents, orders. Drawn once and met by
//! every strategy alike.

use std::sync::Arc;

use crate::cooling::weather::WeatherPath;
use crate::ingest::WeekMap;
use crate::market::bitcoin::BitcoinPath;
use crate::market::carbon::CarbonPath;
use crate::market::gpu_mining::CoinPaths;
use crate::market::power_price::PriceContext;
use crate::market::price_process::Heat;
use crate::market::system_load::SystemLoadPath;
use crate::power::backup::Backup;
use crate::power::curtailment::{Order, Scope, merge};
use crate::power::onsite::ProfileSeries;
use crate::power::outage::Outage;
use crate::random::Streams;
use crate::scenario::Scenario;
use crate::scenario::data::{Data, Markets};
use crate::scenario::spec::{ScenarioSpec, SiteSpec};
use crate::series::Regular;
use crate::sim::setup::{Setup, SiteSetup};
use crate::time::SimTime;

/// The world outside in one replication.
#[derive(Debug)]
pub struct Paths {
    /// Weather of each site.
    pub weather: Vec<WeatherPath>,
    /// Prices hour by hour: all prices of an hour stand together.
    prices: Vec<f64>,
    price_count: usize,
    /// Bitcoin day by day.
    pub bitcoin: BitcoinPath,
    /// Chains that graphics cards mine, day by day, where the scenario has any.
    pub coins: Option<CoinPaths>,
    /// GPU rents week by week.
    pub rents: Vec<Regular>,
    /// Carbon intensity of each site's grid, where one is stated.
    pub carbon: Vec<Option<CarbonPath>>,
    /// Outages of each site's connection.
    pub outages: Vec<Vec<Outage>>,
    /// What generation on site gives of its rating by hour, where it follows a profile.
    pub onsite: Vec<Vec<Option<Arc<[f64]>>>>,
    /// Orders to import less, of each site.
    pub orders: Vec<Vec<Order>>,
    /// Calls on interruptible load, of each site.
    pub calls: Vec<Vec<Order>>,
}

impl Paths {
    /// Draws the paths of a replication. `markets` are those of a spec whose inputs were drawn, where any were.
    pub fn draw(
        scenario: &Scenario,
        setup: &Setup,
        spec: &ScenarioSpec,
        markets: Option<&Markets>,
        streams: &Streams,
    ) -> Self {
        let data = &scenario.data;
        let mut stream = streams.stream("weeks");
        let joined = data
            .weather
            .iter()
            .find_map(|w| w.join_weeks(&data.axis, &mut stream));
        let weeks = joined.unwrap_or_else(|| WeekMap::draw(&data.axis, &mut stream));
        let weather: Vec<WeatherPath> = data.weather.iter().map(|w| w.draw(&data.axis, &weeks)).collect();
        let dry_bulb = weather.first().map(WeatherPath::regional_dry_bulb_c);
        let heat = dry_bulb.as_deref().map(|dry_bulb_c| Heat {
            dry_bulb_c,
            normals: &setup.normals,
        });
        let world = (scenario, spec, &weeks);
        let (prices, price_count) = signals(world, markets, heat, streams);
        let span = (scenario.horizon.start, scenario.horizon.end);
        let sites = spec.sites.iter().zip(&setup.sites);
        let (orders, calls) = sites
            .clone()
            .map(|(site, own)| orders_of(site, own, span, streams))
            .unzip();
        let outages = sites.map(|(site, own)| outages_of(site, own, span, streams));
        Self {
            orders,
            outages: outages.collect(),
            onsite: onsite(data, &weeks),
            calls,
            carbon: spec.sites.iter().map(|s| carbon(s, spec, data, &weeks)).collect(),
            bitcoin: bitcoin(world, markets, (&prices, price_count), streams),
            coins: markets
                .map_or(&data.coins, |m| &m.coins)
                .as_ref()
                .map(|c| c.draw(streams)),
            weather,
            prices,
            price_count,
            rents: markets
                .map_or(&data.rents, |m| &m.rents)
                .iter()
                .map(|r| r.draw(streams))
                .collect(),
        }
    }
    /// All signals of an hour: prices in USD/MWh, then weight of a peak and weighted risk of each system load.
    pub fn prices(&self, hour: usize) -> &[f64] {
        &self.prices[hour * self.price_count..(hour + 1) * self.price_count]
    }
}

/// All signals of every hour, and how many stand in one: prices, then peak and risk of each system load.
fn signals(
    (scenario, spec, weeks): (&Scenario, &ScenarioSpec, &WeekMap),
    markets: Option<&Markets>,
    heat: Option<Heat<'_>>,
    streams: &Streams,
) -> (Vec<f64>, usize) {
    let data = &scenario.data;
    let list = markets.map_or(&data.prices, |m| &m.prices);
    let mut drawn: Vec<Option<Regular>> = vec![None; list.len()];
    for &index in &data.price_order {
        let over = spec.market.power[index]
            .over()
            .and_then(|name| spec.market.power.get_index_of(name));
        let over = over.and_then(|i| drawn[i].as_ref()).map(Regular::values);
        let context = PriceContext {
            axis: &data.axis,
            weeks,
            heat,
            over,
        };
        drawn[index] = Some(list[index].draw(streams, &context));
    }
    let price_count = list.len() + 2 * spec.market.system_load.len();
    let mut prices = vec![0.0; data.axis.len() * price_count];
    for (index, named) in spec.market.system_load.iter().enumerate() {
        let air = heat.map_or(&[][..], |heat| heat.dry_bulb_c);
        let series = data.system_loads[index].as_ref();
        let named = (named.0.as_str(), named.1);
        let path = SystemLoadPath::draw(named, series, (&data.axis, weeks), air, streams);
        for (hour, signals) in prices.chunks_exact_mut(price_count).enumerate() {
            signals[list.len() + 2 * index] = path.peak_weight(hour);
            signals[list.len() + 2 * index + 1] = path.risk_weight(hour);
        }
    }
    for (index, path) in drawn.iter().flatten().enumerate() {
        for (hour, value) in path.values().iter().enumerate() {
            prices[hour * price_count + index] = *value;
        }
    }
    (prices, price_count)
}

/// Orders on a site's import, and calls on its interruptible load.
fn orders_of(
    site: &SiteSpec,
    own: &SiteSetup,
    span: (SimTime, SimTime),
    streams: &Streams,
) -> (Vec<Order>, Vec<Order>) {
    let mut stream = streams.stream(&format!("orders/{}", site.id));
    let mut orders = site.grid.orders(&own.calendar, span, &mut stream);
    let called = site.power_contracts.calls(&site.id, &own.calendar, span, streams);
    let (imports, calls): (Vec<Order>, Vec<Order>) =
        called.into_iter().partition(|o| o.scope == Scope::Import);
    if !imports.is_empty() {
        orders.extend(imports);
        orders = merge(&orders);
    }
    (orders, calls)
}

/// Days over which the world's miners see a power price.
const FOLLOWED_DAYS: usize = 30;

/// Bitcoin, whose network may follow a power price.
fn bitcoin(
    (scenario, spec, _): (&Scenario, &ScenarioSpec, &WeekMap),
    markets: Option<&Markets>,
    (prices, price_count): (&[f64], usize),
    streams: &Streams,
) -> BitcoinPath {
    let own = markets.map_or(&scenario.data.bitcoin, |m| &m.bitcoin);
    let followed = own
        .follows()
        .and_then(|name| spec.market.power.get_index_of(name));
    let relative = followed.map(|index| {
        let hours: Vec<f64> = prices.chunks_exact(price_count).map(|p| p[index]).collect();
        over_mean(&hours)
    });
    own.draw_with(streams, relative.as_deref())
}

/// What the mean of the last [`FOLLOWED_DAYS`] is over the mean of all, day by day; one where all comes to nothing.
fn over_mean(hours: &[f64]) -> Vec<f64> {
    let mean = hours.iter().sum::<f64>() / hours.len().max(1) as f64;
    let days: Vec<f64> = hours
        .chunks(24)
        .map(|day| day.iter().sum::<f64>() / day.len() as f64)
        .collect();
    let trailing = |day: usize| {
        let window = &days[(day + 1).saturating_sub(FOLLOWED_DAYS)..=day];
        window.iter().sum::<f64>() / window.len() as f64
    };
    let ratio = |day: usize| if mean > 0.0 { trailing(day) / mean } else { 1.0 };
    (0..days.len()).map(ratio).collect()
}

/// Carbon intensity of a site's grid.
fn carbon(site: &SiteSpec, spec: &ScenarioSpec, data: &Data, weeks: &WeekMap) -> Option<CarbonPath> {
    let index = spec.market.carbon.get_index_of(site.carbon.as_ref()?)?;
    let series = data.carbon[index].as_ref();
    let spec = &spec.market.carbon[index];
    Some(CarbonPath::draw(spec, series, &data.axis, weeks))
}

/// Shares of every profile of generation on site.
fn onsite(data: &Data, weeks: &WeekMap) -> Vec<Vec<Option<Arc<[f64]>>>> {
    let shares = |series: &Option<ProfileSeries>| series.as_ref().map(|s| s.draw(&data.axis, weeks));
    let of_site = |site: &Vec<Option<ProfileSeries>>| site.iter().map(shares).collect();
    data.onsite.iter().map(of_site).collect()
}

/// Outages of a site's connection, with the luck of its generators.
fn outages_of(site: &SiteSpec, own: &SiteSetup, span: (SimTime, SimTime), streams: &Streams) -> Vec<Outage> {
    let Some(outages) = &site.grid.outages else {
        return Vec::new();
    };
    let backup = site.backup.as_ref().map(Backup::new);
    let mut stream = streams.stream(&format!("outages/{}", site.id));
    let mut luck = streams.stream(&format!("outages/{}/backup", site.id));
    let backup = backup.as_ref().map(|backup| (backup, &mut luck));
    outages.draw(&own.calendar, span, backup, &mut stream)
}
