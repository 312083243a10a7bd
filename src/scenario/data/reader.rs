//! Opening, hashing and parsing the files that a scenario names; what is wrong is reported at the field.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{DataFile, Folders, Misread, RequestsError};
use crate::cooling::weather::{WeatherReadOptions, WeatherSeries};
use crate::ingest::{ReadError, Repairs};
use crate::market::bitcoin_format::BitcoinSeries;
use crate::market::carbon::CarbonSeries;
use crate::market::gpu_mining::CoinSeries;
use crate::market::gpu_rent::GpuRentSeries;
use crate::market::price_format::{PriceReadOptions, PriceSeries};
use crate::market::system_load::SystemLoadSeries;
use crate::power::contract::{ClauseSpec, ExchangeRateSpec};
use crate::power::onsite::ProfileSeries;
use crate::power::tariff::{TariffError, read_urdb};
use crate::problem::{FieldPath, Problems};
use crate::random::Streams;
use crate::scenario::horizon::Horizon;
use crate::scenario::source::open_regular;
use crate::scenario::spec::{ScenarioSpec, SiteSpec};
use crate::time::{Calendar, HOUR_S};
use crate::workload::demand::WeekSampler;
use crate::workload::generator::{GeneratorError, GeneratorSpec, ModelSpec, generate};
use crate::workload::job::Trace;
use crate::workload::requests;
use crate::workload::service::{HourlyRates, RequestsSpec};
use crate::workload::synthetic;
use crate::workload::tenant::{OnDemandSpec, TenantSpec, TraceSpec};
use crate::workload::trace;

pub(super) struct Reader<'a> {
    pub(super) folders: &'a Folders,
    pub(super) problems: &'a mut Problems,
    pub(super) files: Vec<DataFile>,
    pub(super) notes: Vec<(String, String)>,
    pub(super) horizon: &'a Horizon,
}

impl Reader<'_> {
    /// Opens `name`, gives it to `parse` and notes hash and repairs; what is wrong is reported at `at`.
    pub(super) fn file<T, E: Misread>(
        &mut self,
        name: &str,
        at: &FieldPath,
        parse: impl FnOnce(&str, &mut dyn Read) -> Result<(T, Repairs), E>,
    ) -> Option<T> {
        let path = match self.folders.find(name) {
            Ok(path) => path,
            Err((message, help)) => {
                self.problems.push(at, message, help);
                return None;
            }
        };
        let file = match open_regular(&path) {
            Ok(file) => file,
            Err(error) => {
                self.problems.error(at, format!("cannot read `{name}`: {error}"));
                return None;
            }
        };
        let mut hashing = Hashing {
            inner: file,
            hash: Sha256::new(),
        };
        match parse(name, &mut hashing) {
            Ok((value, repairs)) => {
                if let Err(error) = io::copy(&mut hashing, &mut io::sink()) {
                    self.problems.error(at, format!("cannot read `{name}`: {error}"));
                    return None;
                }
                self.note((name, path), hashing.finish(), &repairs);
                Some(value)
            }
            Err(error) => {
                self.problems.push(at, error.to_string(), error.next_step());
                None
            }
        }
    }

    fn note(&mut self, (name, path): (&str, PathBuf), sha256: String, repairs: &Repairs) {
        if self.files.iter().any(|f| f.name == name) {
            return;
        }
        if repairs.steps > 0 {
            let intervals = repairs.intervals.len();
            let text = format!(
                "In `{name}` {} steps in {intervals} gaps were filled by the stated policy.",
                repairs.steps
            );
            self.notes.push(("data".to_owned(), text));
        }
        for text in &repairs.notes {
            // Readers name the file themselves where they speak of it.
            let named = text.starts_with(&format!("`{name}`"));
            let text = if named {
                text.clone()
            } else {
                format!("`{name}`: {text}")
            };
            self.notes.push(("data".to_owned(), text));
        }
        self.files.push(DataFile {
            name: name.to_owned(),
            path,
            sha256,
            repaired: repairs.steps as u64,
        });
    }

    pub(super) fn prices(&mut self, spec: &ScenarioSpec) -> Vec<Option<Arc<PriceSeries>>> {
        let at = FieldPath::root().key("market").key("power");
        let zone = self.horizon.calendar.clone();
        let mut all = Vec::new();
        for (name, price) in &spec.market.power {
            let at = at.key(name.as_str()).key("series").key("file");
            all.push(price.series.as_ref().and_then(|series| {
                self.file(&series.file, &at, |file, input| {
                    let column = series.column.as_deref();
                    let options = PriceReadOptions {
                        file,
                        zone: &zone,
                        column,
                        gaps: series.gaps,
                        usd_per_unit: series.usd_per_unit,
                    };
                    let read = series.format.read(input, &options)?;
                    let repairs = read.repairs.clone();
                    Ok::<_, ReadError>((Arc::new(read), repairs))
                })
            }));
        }
        all
    }

    pub(super) fn tariffs(&mut self, spec: &ScenarioSpec) -> Vec<(usize, usize, Vec<ClauseSpec>)> {
        let mut all = Vec::new();
        for (site, site_spec) in spec.sites.iter().enumerate() {
            let at = FieldPath::root().key("sites").index(site).key("power_contracts");
            for (contract, at, tariff) in site_spec.power_contracts.files(&at) {
                let clauses = self.file(&tariff.file, &at, |_, input| {
                    let read = read_urdb(input, tariff)?;
                    let repairs = Repairs {
                        notes: read.notes,
                        ..Repairs::default()
                    };
                    Ok::<_, TariffError>((read.clauses, repairs))
                });
                all.extend(clauses.map(|clauses| (site, contract, clauses)));
            }
        }
        all
    }

    pub(super) fn currencies(&mut self, spec: &ScenarioSpec) -> Vec<(usize, usize, Vec<ExchangeRateSpec>)> {
        let mut all = Vec::new();
        for (site, site_spec) in spec.sites.iter().enumerate() {
            let at = FieldPath::root().key("sites").index(site).key("power_contracts");
            for (contract, at, name, currency) in site_spec.power_contracts.currency_files(&at) {
                let rates = self.file(name, &at, |file, input| currency.read(file, input));
                all.extend(rates.map(|rates| (site, contract, rates)));
            }
        }
        all
    }

    pub(super) fn bitcoin(&mut self, spec: &ScenarioSpec) -> Option<BitcoinSeries> {
        let series = spec.market.bitcoin.series.as_ref()?;
        let at = FieldPath::root()
            .key("market")
            .key("bitcoin")
            .key("series")
            .key("file");
        self.file(&series.file, &at, |file, input| {
            let read = series.format.read(file, input, series.gaps)?;
            let repairs = read.repairs.clone();
            Ok::<_, ReadError>((read, repairs))
        })
    }

    pub(super) fn coins(&mut self, spec: &ScenarioSpec) -> Vec<Option<CoinSeries>> {
        let at = FieldPath::root().key("market").key("gpu_mining").key("coins");
        let mut all = Vec::new();
        for (name, coin) in spec.market.gpu_mining.iter().flat_map(|m| &m.coins) {
            let at = at.key(name.as_str()).key("series").key("file");
            all.push(coin.series.as_ref().and_then(|series| {
                self.file(&series.file, &at, |file, input| {
                    let read = CoinSeries::read(file, input, series.gaps)?;
                    let repairs = read.repairs.clone();
                    Ok::<_, ReadError>((read, repairs))
                })
            }));
        }
        all
    }

    pub(super) fn rents(&mut self, spec: &ScenarioSpec) -> Vec<Option<GpuRentSeries>> {
        let at = FieldPath::root().key("market").key("gpu_rent");
        let mut all = Vec::new();
        for (name, rent) in &spec.market.gpu_rent {
            let at = at.key(name.as_str()).key("series").key("file");
            all.push(rent.series.as_ref().and_then(|series| {
                self.file(&series.file, &at, |file, input| {
                    Ok::<_, ReadError>((GpuRentSeries::read(file, input)?, Repairs::default()))
                })
            }));
        }
        all
    }

    pub(super) fn carbon(&mut self, spec: &ScenarioSpec) -> Vec<Option<CarbonSeries>> {
        let at = FieldPath::root().key("market").key("carbon");
        let mut all = Vec::new();
        for (name, carbon) in &spec.market.carbon {
            let at = at.key(name.as_str()).key("series").key("file");
            all.push(carbon.series.as_ref().and_then(|series| {
                self.file(&series.file, &at, |file, input| {
                    let read = CarbonSeries::read(file, input, series)?;
                    let repairs = read.repairs.clone();
                    Ok::<_, ReadError>((read, repairs))
                })
            }));
        }
        all
    }

    pub(super) fn onsite(&mut self, spec: &ScenarioSpec, site: usize) -> Vec<Option<ProfileSeries>> {
        let mut all = Vec::new();
        for (position, onsite) in spec.sites[site].onsite.iter().enumerate() {
            all.push(onsite.profile().and_then(|profile| {
                self.file(&profile.file, &profile_path(site, position), |file, input| {
                    let read = ProfileSeries::read(file, input, profile)?;
                    let repairs = read.repairs.clone();
                    Ok::<_, ReadError>((read, repairs))
                })
            }));
        }
        all
    }

    pub(super) fn system_loads(&mut self, spec: &ScenarioSpec) -> Vec<Option<SystemLoadSeries>> {
        let at = FieldPath::root().key("market").key("system_load");
        let mut all = Vec::new();
        for (name, load) in &spec.market.system_load {
            let at = at.key(name.as_str()).key("series").key("file");
            all.push(load.series.as_ref().and_then(|series| {
                self.file(&series.file, &at, |file, input| {
                    let read = SystemLoadSeries::read(file, input, series.gaps)?;
                    let repairs = read.repairs.clone();
                    Ok::<_, ReadError>((read, repairs))
                })
            }));
        }
        all
    }

    pub(super) fn weather(&mut self, site: &SiteSpec, index: usize) -> Option<WeatherSeries> {
        let name = site.weather.file.as_ref()?;
        let at = FieldPath::root()
            .key("sites")
            .index(index)
            .key("weather")
            .key("file");
        let zone = Calendar::of_zone(&site.timezone).unwrap_or_else(Calendar::utc);
        let year = zone.civil(self.horizon.start).year();
        let (gaps, elevation_m) = (site.weather.gaps, site.weather.elevation_m);
        self.file(name, &at, |file, input| {
            let options = WeatherReadOptions {
                file,
                gaps,
                year,
                elevation_m,
            };
            let read = site.weather.format.read(input, &options)?;
            let repairs = read.repairs.clone();
            Ok::<_, ReadError>((read, repairs))
        })
    }

    pub(super) fn demand(&mut self, spec: &ScenarioSpec, index: usize) -> Option<Arc<WeekSampler>> {
        let tenant = &spec.tenants[index];
        let Some(OnDemandSpec::Jobs(jobs)) = &tenant.on_demand else {
            return None;
        };
        let at = FieldPath::root()
            .key("tenants")
            .index(index)
            .key("on_demand")
            .key("jobs");
        let root = at.clone();
        let (trace, at) = match &jobs.trace {
            TraceSpec::Synthetic(synthetic) => {
                let mut stream = Streams::shared(spec.run.seed).stream(&format!("trace/{}", tenant.id));
                (synthetic::generate(synthetic, &mut stream), at.key("trace"))
            }
            TraceSpec::Generator(generator) => {
                let at = at.key("trace").key("generator");
                (self.generated(generator, (&at, tenant), spec.run.seed)?, at)
            }
            TraceSpec::File(file) => {
                let at = at.key("trace").key("file").key("file");
                let trace = self.file(&file.file, &at, |name, input| {
                    let read = trace::read(input, file.format, name)?;
                    let repairs = Repairs {
                        notes: read.assumptions().to_vec(),
                        ..Repairs::default()
                    };
                    Ok::<_, trace::TraceError>((read, repairs))
                })?;
                (trace, at)
            }
        };
        for name in jobs
            .quotas
            .keys()
            .filter(|name| trace.tenants().find(name).is_none())
        {
            let known = trace.tenants().iter().map(|(_, name)| name).take(20);
            let at = root.key("quotas").key(name);
            self.problems.unknown(&at, "tenant of the trace", name, known);
        }
        self.weeks(&trace, jobs.gpus, (&at, tenant), jobs.copies)
    }

    /// The rates of a service that reads a trace, hour by hour.
    pub(super) fn requests(&mut self, spec: &ScenarioSpec, index: usize) -> Option<Arc<HourlyRates>> {
        let tenant = &spec.tenants[index];
        let RequestsSpec::File(file) = &tenant.inference.as_ref()?.requests else {
            return None;
        };
        let rates = self.file(&file.file, &requests_path(index), |name, input| {
            let trace = requests::read(input, file.format, Some(HOUR_S), name)?;
            let repairs = Repairs {
                notes: trace.assumptions().to_vec(),
                ..Repairs::default()
            };
            Ok::<_, RequestsError>((HourlyRates::of_trace(&trace)?, repairs))
        })?;
        let text = format!(
            "The requests of tenant `{}` cover {} hours, of which {} week(s) are drawn: {:.3} a second on average, {:.3} in the hour with most, times {}.",
            tenant.id,
            rates.covered(),
            rates.weeks(),
            rates.mean_rps(),
            rates.peak_rps(),
            file.factor,
        );
        self.notes.push(("data".to_owned(), text));
        Some(Arc::new(rates))
    }

    /// Jobs of a generator, whose model is read from its file where it is not written out.
    fn generated(
        &mut self,
        generator: &GeneratorSpec,
        (at, tenant): (&FieldPath, &TenantSpec),
        seed: u64,
    ) -> Option<Trace> {
        let read = match (&generator.file, &generator.model) {
            (Some(file), _) => self.file(file, &at.key("file"), |name, input| {
                Ok::<_, GeneratorError>((ModelSpec::read(input, name)?, Repairs::default()))
            }),
            (None, model) => model.clone(),
        };
        let model = read?;
        if let Some(problem) = generator.problem_of_size(&model) {
            self.problems.error(at, problem);
            return None;
        }
        let mut stream = Streams::shared(seed).stream(&format!("trace/{}", tenant.id));
        let trace = generate(&model, generator.weeks, generator.mean_gpus, &mut stream);
        for assumption in trace.assumptions() {
            let text = format!("The jobs of tenant `{}` are {assumption}.", tenant.id);
            self.notes.push(("data".to_owned(), text));
        }
        Some(trace)
    }

    /// Cuts a trace into weeks, refuses jobs that the pool can never hold, and says how much load it offers.
    fn weeks(
        &mut self,
        trace: &Trace,
        gpus: u32,
        (at, tenant): (&FieldPath, &TenantSpec),
        copies: u32,
    ) -> Option<Arc<WeekSampler>> {
        if trace.gpus_max() > gpus {
            let largest = trace.gpus_max();
            let mut large = trace.jobs().iter().filter(|j| j.gpus > gpus);
            let first = large.next().map_or(0, |job| job.id);
            let count = large.count() + 1;
            let message = format!(
                "{count} job(s), the first with id {first}, need up to {largest} GPUs; the pool has {gpus}"
            );
            let help = "raise `gpus` of the pool, or take a trace of smaller jobs";
            self.problems.error_with_help(at, message, help);
            return None;
        }
        match WeekSampler::new(trace) {
            Ok(weeks) => {
                let load = weeks.mean_gpus() * f64::from(copies) / f64::from(gpus);
                let text = format!(
                    "The {} of tenant `{}` gives {} whole weeks ({} jobs outside them left out) of {:.0} GPUs mean load a copy; {copies} superposed copies on {gpus} GPUs offer a load of {load:.2}.",
                    jobs_word(tenant),
                    tenant.id,
                    weeks.weeks(),
                    weeks.dropped(),
                    weeks.mean_gpus(),
                );
                self.notes.push(("data".to_owned(), text));
                Some(Arc::new(weeks))
            }
            Err(error) => {
                self.problems.error(at, error.to_string());
                None
            }
        }
    }
}

/// Where the profile of a generator on site is named.
pub(super) fn profile_path(site: usize, position: usize) -> FieldPath {
    let at = FieldPath::root().key("sites").index(site).key("onsite");
    at.index(position).key("output").key("profile").key("file")
}

/// Where the file of a service's requests is named.
pub(super) fn requests_path(tenant: usize) -> FieldPath {
    let at = FieldPath::root().key("tenants").index(tenant).key("inference");
    at.key("requests").key("file").key("file")
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

impl<R> Hashing<R> {
    fn finish(self) -> String {
        use std::fmt::Write as _;
        self.hash.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// What a tenant's jobs are read from, for notes.
fn jobs_word(tenant: &TenantSpec) -> &'static str {
    match &tenant.on_demand {
        Some(OnDemandSpec::Jobs(jobs)) if matches!(jobs.trace, TraceSpec::Synthetic(_)) => {
            "synthetic job trace"
        }
        Some(OnDemandSpec::Jobs(jobs)) if matches!(jobs.trace, TraceSpec::Generator(_)) => {
            "generated job trace"
        }
        _ => "job trace",
    }
}
