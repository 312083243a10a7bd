//! The data files of a scenario: found inside their folders, hashed, read by their formats, and joined with the
//! specs to everything that replications draw from.

mod observations;
mod reader;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reader::Reader;

use crate::cooling::weather::{Weather, WeatherSeries};
use crate::ingest::{HourAxis, ReadError};
use crate::market::bitcoin::Bitcoin;
use crate::market::bitcoin_format::BitcoinSeries;
use crate::market::carbon::CarbonSeries;
use crate::market::gpu_mining::{CoinSeries, GpuMining};
use crate::market::gpu_rent::{GpuRent, GpuRentSeries};
use crate::market::power_price::{PowerPrice, draw_order};
use crate::market::price_format::PriceSeries;
use crate::market::system_load::SystemLoadSeries;
use crate::power::contract::{ClauseSpec, ExchangeRateSpec};
use crate::power::onsite::ProfileSeries;
use crate::power::tariff::TariffError;
use crate::problem::{FieldPath, Problems};
use crate::random::Streams;
use crate::scenario::horizon::Horizon;
use crate::scenario::source::inside;
use crate::scenario::spec::ScenarioSpec;
use crate::time::Calendar;
use crate::workload::demand::WeekSampler;
use crate::workload::generator::GeneratorError;
use crate::workload::service::{HourlyRates, RatesError, RequestsSpec};
use crate::workload::tenant::{OnDemandSpec, TraceSpec};
use crate::workload::trace;

/// Folders in which files are looked for.
#[derive(Debug, Clone, Default)]
pub struct Folders {
    /// The scenario's own.
    pub scenario: Option<PathBuf>,
    /// The one that `data:` stands for.
    pub data: Option<PathBuf>,
}

impl Folders {
    /// The file of a name as scenarios write it; otherwise what is wrong, and a next step.
    pub(super) fn find(&self, name: &str) -> Result<PathBuf, (String, Option<String>)> {
        let (folder, relative): (Option<&Path>, &str) = match name.strip_prefix("data:") {
            Some(rest) => (self.data.as_deref(), rest),
            None => (self.scenario.as_deref(), name),
        };
        let Some(folder) = folder else {
            let help = if name.starts_with("data:") {
                "say where the data folder is: `--data DIR`"
            } else {
                "this scenario has no folder; use a `data:` path and `--data DIR`"
            };
            return Err((format!("`{name}` cannot be found"), Some(help.to_owned())));
        };
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        inside(folder, relative).map_err(|message| (format!("`{name}`: {message}"), None))
    }
}

/// Why a reader gave up, with a next step where it knows one.
trait Misread: std::fmt::Display {
    fn next_step(&self) -> Option<String> {
        None
    }
}

impl Misread for ReadError {
    fn next_step(&self) -> Option<String> {
        self.help.clone()
    }
}

impl Misread for trace::TraceError {}

impl Misread for RequestsError {}

impl Misread for GeneratorError {}

impl Misread for TariffError {
    fn next_step(&self) -> Option<String> {
        matches!(self, Self::Refused(_)).then(|| {
            "`leave_out = [\"FIELD\"]` prices the rest without a field, and says so in the memo".to_owned()
        })
    }
}

/// Why requests give no rates.
#[derive(Debug, thiserror::Error)]
enum RequestsError {
    #[error(transparent)]
    Trace(#[from] trace::TraceError),
    #[error(transparent)]
    Rates(#[from] RatesError),
}

/// A data file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// As the scenario names it.
    pub name: String,
    /// Where it was found.
    pub path: PathBuf,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Intervals that the gap policy filled.
    pub repaired: u64,
}

/// What replications draw from, with the files that it came from.
#[derive(Debug)]
pub struct Data {
    /// Every file read, with its hash.
    pub files: Vec<DataFile>,
    /// Sentences for the memo: what was repaired and assumed.
    pub notes: Vec<(String, String)>,
    /// The hours of the horizon.
    pub axis: HourAxis,
    /// Power prices, in file order.
    pub prices: Vec<PowerPrice>,
    /// An order in which prices can be drawn.
    pub price_order: Vec<usize>,
    /// Weather of each site.
    pub weather: Vec<Weather>,
    /// Bitcoin.
    pub bitcoin: Bitcoin,
    /// Chains that graphics cards mine, where the scenario has any.
    pub coins: Option<GpuMining>,
    /// GPU rents, in file order.
    pub rents: Vec<GpuRent>,
    /// Carbon intensities read from files, in file order of `market.carbon`.
    pub carbon: Vec<Option<CarbonSeries>>,
    /// System loads read from files, in file order of `market.system_load`.
    pub system_loads: Vec<Option<SystemLoadSeries>>,
    /// Profiles of generation on site, by site.
    pub onsite: Vec<Vec<Option<ProfileSeries>>>,
    /// Observations of uncertain inputs read from files, by position in `uncertain`.
    pub observations: Vec<(usize, Vec<f64>)>,
    /// Clauses out of tariff files, by site and contract.
    pub tariffs: Vec<(usize, usize, Vec<ClauseSpec>)>,
    /// Exchange rates out of files, by site and contract.
    pub currencies: Vec<(usize, usize, Vec<ExchangeRateSpec>)>,
    /// Weeks of jobs of each tenant that has an on-demand pool.
    pub demand: Vec<Option<Arc<WeekSampler>>>,
    /// Rates of requests of each tenant whose service reads a trace.
    pub requests: Vec<Option<Arc<HourlyRates>>>,
    series: Series,
}

impl Data {
    /// The drawn parts of the market again, for a scenario whose numbers were changed by drawn inputs. Weather and
    /// traces stay: drawn inputs cannot address them.
    pub fn markets(&self, spec: &ScenarioSpec, horizon: &Horizon) -> Result<Markets, String> {
        let prices = spec.market.power.iter().zip(&self.series.prices);
        let prices = prices.map(|((name, s), series)| PowerPrice::new(name, s, series.clone(), &self.axis));
        let rents = spec.market.gpu_rent.iter().zip(&self.series.rents);
        let (start, end) = (horizon.start, horizon.end);
        let rents = rents.map(|((name, s), series)| GpuRent::new(name, s, series.as_ref(), start, end));
        Ok(Markets {
            prices: prices.collect::<Result<_, _>>()?,
            bitcoin: Bitcoin::new(&spec.market.bitcoin, self.series.bitcoin.as_ref(), start, end)?,
            coins: coins(spec, &self.series.coins, horizon)?,
            rents: rents.collect::<Result<_, _>>()?,
        })
    }
}

/// The parts of the market that drawn inputs can change.
#[derive(Debug)]
pub struct Markets {
    /// Power prices.
    pub prices: Vec<PowerPrice>,
    /// Bitcoin.
    pub bitcoin: Bitcoin,
    /// Chains that graphics cards mine.
    pub coins: Option<GpuMining>,
    /// GPU rents.
    pub rents: Vec<GpuRent>,
}

/// Looks whether every file that a spec names is there, where other problems keep it from being read.
pub fn look(spec: &ScenarioSpec, folders: &Folders, problems: &mut Problems) {
    let root = FieldPath::root();
    let mut named: Vec<(&str, FieldPath)> = Vec::new();
    let market = root.key("market");
    let series = |kind: &str, name: &str| market.key(kind).key(name).key("series").key("file");
    for (name, price) in &spec.market.power {
        let at = series("power", name.as_str());
        named.extend(price.series.as_ref().map(|s| (s.file.as_str(), at)));
    }
    let bitcoin = spec.market.bitcoin.series.as_ref();
    let at = market.key("bitcoin").key("series").key("file");
    named.extend(bitcoin.map(|s| (s.file.as_str(), at)));
    let coins = spec.market.gpu_mining.iter().flat_map(|m| &m.coins);
    for (name, coin) in coins {
        let at = market.key("gpu_mining").key("coins").key(name.as_str());
        let at = at.key("series").key("file");
        named.extend(coin.series.as_ref().map(|s| (s.file.as_str(), at)));
    }
    for (name, rent) in &spec.market.gpu_rent {
        let at = series("gpu_rent", name.as_str());
        named.extend(rent.series.as_ref().map(|s| (s.file.as_str(), at)));
    }
    for (name, carbon) in &spec.market.carbon {
        let at = series("carbon", name.as_str());
        named.extend(carbon.series.as_ref().map(|s| (s.file.as_str(), at)));
    }
    for (name, load) in &spec.market.system_load {
        let at = series("system_load", name.as_str());
        named.extend(load.series.as_ref().map(|s| (s.file.as_str(), at)));
    }
    for (index, site) in spec.sites.iter().enumerate() {
        let at = root.key("sites").index(index).key("power_contracts");
        let files = site.power_contracts.files(&at);
        named.extend(
            files
                .into_iter()
                .map(|(_, at, tariff)| (tariff.file.as_str(), at)),
        );
        let currencies = site.power_contracts.currency_files(&at).into_iter();
        named.extend(currencies.map(|(_, at, file, _)| (file, at)));
        let at = root.key("sites").index(index).key("weather").key("file");
        named.extend(site.weather.file.as_deref().map(|file| (file, at)));
        for (position, onsite) in site.onsite.iter().enumerate() {
            let at = reader::profile_path(index, position);
            named.extend(onsite.profile().map(|p| (p.file.as_str(), at)));
        }
    }
    for (index, tenant) in spec.tenants.iter().enumerate() {
        let at = root.key("tenants").index(index).key("on_demand").key("jobs");
        if let Some(OnDemandSpec::Jobs(jobs)) = &tenant.on_demand {
            let at = at.key("trace");
            match &jobs.trace {
                TraceSpec::File(file) => named.push((file.file.as_str(), at.key("file").key("file"))),
                TraceSpec::Generator(generator) => {
                    let file = generator.file.as_deref();
                    named.extend(file.map(|file| (file, at.key("generator").key("file"))));
                }
                TraceSpec::Synthetic(_) => {}
            }
        }
        if let Some(RequestsSpec::File(file)) = tenant.inference.as_ref().map(|s| &s.requests) {
            named.push((file.file.as_str(), reader::requests_path(index)));
        }
    }
    named.extend(observations::named(spec));
    for (name, at) in named {
        if let Err((message, help)) = folders.find(name) {
            problems.push(&at, message, help);
        }
    }
}

/// Reads every file that a checked spec names. What is wrong goes to `problems`; then the result is `None`.
pub fn read(
    spec: &ScenarioSpec,
    horizon: &Horizon,
    folders: &Folders,
    problems: &mut Problems,
) -> Option<Data> {
    let axis = HourAxis::new(&horizon.calendar, horizon.start, horizon.end);
    let mut reader = Reader {
        folders,
        problems,
        files: Vec::new(),
        notes: Vec::new(),
        horizon,
    };
    let observations = reader.observations(spec);
    let tariffs = reader.tariffs(spec);
    let currencies = reader.currencies(spec);
    let price_series = reader.prices(spec);
    let bitcoin_series = reader.bitcoin(spec);
    let coin_series = reader.coins(spec);
    let rent_series = reader.rents(spec);
    let carbon = reader.carbon(spec);
    let system_loads = reader.system_loads(spec);
    let onsite = (0..spec.sites.len()).map(|i| reader.onsite(spec, i)).collect();
    let weather_series: Vec<Option<WeatherSeries>> = spec
        .sites
        .iter()
        .enumerate()
        .map(|(i, site)| reader.weather(site, i))
        .collect();
    let demand: Vec<Option<Arc<WeekSampler>>> =
        (0..spec.tenants.len()).map(|i| reader.demand(spec, i)).collect();
    let requests: Vec<Option<Arc<HourlyRates>>> = (0..spec.tenants.len())
        .map(|i| reader.requests(spec, i))
        .collect();
    let Reader { files, notes, .. } = reader;
    if problems.has_errors() {
        return None;
    }
    let series = Series {
        prices: price_series,
        bitcoin: bitcoin_series,
        coins: coin_series,
        rents: rent_series,
    };
    let (prices, bitcoin, rents) = build_markets(spec, &series, (&axis, horizon), problems);
    let coins = coins(spec, &series.coins, horizon)
        .map_err(|message| problems.error(&FieldPath::root().key("market").key("gpu_mining"), message));
    let weather = build_weather(spec, weather_series, &axis, problems);
    let price_order = draw_order(&spec.market.power_list())?;
    (!problems.has_errors()).then_some(Data {
        files,
        notes,
        axis,
        prices,
        price_order,
        weather,
        bitcoin: bitcoin?,
        coins: coins.ok()?,
        rents,
        observations,
        tariffs,
        currencies,
        carbon,
        system_loads,
        onsite,
        demand,
        requests,
        series,
    })
}

/// What the files of the market held.
#[derive(Debug)]
struct Series {
    prices: Vec<Option<Arc<PriceSeries>>>,
    bitcoin: Option<BitcoinSeries>,
    coins: Vec<Option<CoinSeries>>,
    rents: Vec<Option<GpuRentSeries>>,
}

/// The chains that graphics cards mine.
fn coins(
    spec: &ScenarioSpec,
    series: &[Option<CoinSeries>],
    horizon: &Horizon,
) -> Result<Option<GpuMining>, String> {
    let mining = spec.market.gpu_mining.as_ref();
    mining
        .map(|mining| GpuMining::new(mining, series, horizon.start, horizon.end))
        .transpose()
}

type Built = (Vec<PowerPrice>, Option<Bitcoin>, Vec<GpuRent>);

fn build_markets(
    spec: &ScenarioSpec,
    series: &Series,
    (axis, horizon): (&HourAxis, &Horizon),
    problems: &mut Problems,
) -> Built {
    let market = FieldPath::root().key("market");
    let mut prices = Vec::new();
    for ((name, s), series) in spec.market.power.iter().zip(&series.prices) {
        match PowerPrice::new(name, s, series.clone(), axis) {
            Ok(price) => prices.push(price),
            Err(message) => problems.error(&market.key("power").key(name.as_str()), message),
        }
    }
    let mut rents = Vec::new();
    for ((name, s), series) in spec.market.gpu_rent.iter().zip(&series.rents) {
        match GpuRent::new(name, s, series.as_ref(), horizon.start, horizon.end) {
            Ok(rent) => rents.push(rent),
            Err(message) => problems.error(&market.key("gpu_rent").key(name.as_str()), message),
        }
    }
    let bitcoin = Bitcoin::new(
        &spec.market.bitcoin,
        series.bitcoin.as_ref(),
        horizon.start,
        horizon.end,
    );
    let bitcoin = bitcoin
        .map_err(|message| problems.error(&market.key("bitcoin"), message))
        .ok();
    (prices, bitcoin, rents)
}

fn build_weather(
    spec: &ScenarioSpec,
    series: Vec<Option<WeatherSeries>>,
    axis: &HourAxis,
    problems: &mut Problems,
) -> Vec<Weather> {
    let shared = Streams::shared(spec.run.seed);
    let mut weather = Vec::new();
    for (i, (site, series)) in spec.sites.iter().zip(series).enumerate() {
        // The sun stands by the site's clock, not by that of the scenario.
        let calendar = Calendar::of_zone(&site.timezone);
        let own = calendar.map(|c| HourAxis::new(&c, axis.start(), axis.time(axis.len())));
        let axis = own.as_ref().unwrap_or(axis);
        match Weather::new(&site.id, &site.weather, series, axis, &shared) {
            Ok(one) => weather.push(one),
            Err(message) => {
                problems.error(&FieldPath::root().key("sites").index(i).key("weather"), message);
            }
        }
    }
    weather
}
