//! The kinds of `repower import`: one enum with an arm for each family of formats. A format that is added to the
//! `ALL` of its family is a kind from then on.

use std::io::{self, Read, Write};

use crate::cli::import::native;
use crate::cooling::weather::{WeatherFormat, WeatherReadOptions, WeatherSeries};
use crate::ingest::{GapPolicy, ReadError, Repairs};
use crate::market::bitcoin_format::{BitcoinFormat, BitcoinSeries};
use crate::market::carbon::{CarbonFormat, CarbonScope, CarbonSeries, CarbonSeriesSpec};
use crate::market::price_format::{PriceFormat, PriceReadOptions, PriceSeries};
use crate::time::Calendar;
use crate::workload::job::Trace;
use crate::workload::requests::{self, RequestFormat, RequestTrace};
use crate::workload::trace::{self, TraceError, TraceFormat};

/// A format that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Jobs.
    Jobs(TraceFormat),
    /// Inference requests.
    Requests(RequestFormat),
    /// Power prices.
    Price(PriceFormat),
    /// Weather.
    Weather(WeatherFormat),
    /// Carbon intensity of the grid.
    Carbon(CarbonFormat),
    /// Price and difficulty of bitcoin.
    Bitcoin(BitcoinFormat),
}

/// What the readers need to know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions<'a> {
    /// The file as messages name it.
    pub file: &'a str,
    /// What to do where a series has no value.
    pub gaps: GapPolicy,
    /// The zone of stamps without an offset.
    pub zone: &'a Calendar,
    /// The price to read, of formats with several.
    pub column: Option<&'a str>,
    /// What one unit of the file's currency is worth in USD.
    pub usd_per_unit: Option<f64>,
    /// Seconds of a step in which requests are counted.
    pub step_s: Option<i64>,
    /// The calendar year on which a typical year of weather is laid.
    pub year: i16,
    /// Elevation of the weather station in metres.
    pub elevation_m: Option<f64>,
}

/// Why an input was refused.
#[derive(Debug)]
pub struct Misread {
    /// What is wrong, with its place.
    pub message: String,
    /// The next step, where there is one.
    pub help: Option<String>,
    /// The operating system failed, not the content.
    pub unreadable: bool,
}

impl From<TraceError> for Misread {
    fn from(error: TraceError) -> Self {
        Self {
            message: error.to_string(),
            help: None,
            unreadable: matches!(error, TraceError::Io { .. }),
        }
    }
}

impl From<ReadError> for Misread {
    fn from(error: ReadError) -> Self {
        Self {
            message: error.to_string(),
            help: error.help,
            unreadable: false,
        }
    }
}

impl Kind {
    /// All kinds, by family.
    pub fn all() -> Vec<Self> {
        let jobs = TraceFormat::ALL.into_iter().map(Self::Jobs);
        jobs.chain(RequestFormat::ALL.into_iter().map(Self::Requests))
            .chain(PriceFormat::ALL.into_iter().map(Self::Price))
            .chain(WeatherFormat::ALL.into_iter().map(Self::Weather))
            .chain(CarbonFormat::ALL.into_iter().map(Self::Carbon))
            .chain(BitcoinFormat::ALL.into_iter().map(Self::Bitcoin))
            .collect()
    }
    /// The word that names it; the native format of a family has the family's name.
    pub fn name(self) -> String {
        let word = self.word();
        if word == "native" { self.gives() } else { word }.to_owned()
    }
    /// From the word that names it; hyphens stand for underscores.
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.replace('-', "_");
        Self::all().into_iter().find(|kind| kind.name() == word)
    }
    fn word(self) -> &'static str {
        match self {
            Self::Jobs(format) => format.as_str(),
            Self::Requests(format) => format.as_str(),
            Self::Price(format) => format.as_str(),
            Self::Weather(format) => format.as_str(),
            Self::Carbon(format) => format.as_str(),
            Self::Bitcoin(format) => format.as_str(),
        }
    }
    /// The family: what the native file holds.
    pub const fn gives(self) -> &'static str {
        match self {
            Self::Jobs(_) => "jobs",
            Self::Requests(_) => "requests",
            Self::Price(_) => "price",
            Self::Weather(_) => "weather",
            Self::Carbon(_) => "carbon",
            Self::Bitcoin(_) => "bitcoin",
        }
    }
    /// The columns of the native file, with units.
    pub const fn native_columns(self) -> &'static str {
        match self {
            Self::Jobs(_) => "job_id,submit_s,gpus,duration_s,class[,...] (seconds from the trace's start)",
            Self::Requests(_) => {
                "t_s,rate_rps,tokens_in,tokens_out (seconds, requests per second, tokens per request)"
            }
            Self::Price(_) => "start_utc,usd_per_mwh",
            Self::Weather(_) => {
                "start_utc,dry_bulb_c,relative_humidity,wet_bulb_c,pressure_pa (humidity 0 to 1)"
            }
            Self::Carbon(_) => "start_utc,g_per_kwh",
            Self::Bitcoin(_) => "date,btc_usd,difficulty,fees_btc (fees of the day)",
        }
    }
    /// The columns that the input has, with units.
    pub const fn columns(self) -> &'static str {
        match self {
            Self::Jobs(format) => format.columns(),
            Self::Requests(format) => format.columns(),
            Self::Price(format) => format.columns(),
            Self::Weather(format) => format.columns(),
            Self::Carbon(format) => format.columns(),
            Self::Bitcoin(format) => format.columns(),
        }
    }
    /// The zone of stamps without an offset, where the user names none.
    pub const fn zone(self) -> &'static str {
        match self {
            Self::Price(format) => format.zone(),
            _ => "UTC",
        }
    }
    /// Reads a file of this kind.
    pub fn read(self, input: impl Read, options: &ReadOptions<'_>) -> Result<Imported, Misread> {
        let file = options.file;
        Ok(match self {
            Self::Jobs(format) => Imported::Jobs(some_jobs(trace::read(input, Some(format), file)?, file)?),
            Self::Requests(format) => {
                Imported::Requests(requests::read(input, Some(format), options.step_s, file)?)
            }
            Self::Price(format) => Imported::Price(format.read(input, &price_options(options))?),
            Self::Weather(format) => Imported::Weather(format.read(input, &weather_options(options))?),
            Self::Carbon(format) => {
                let spec = carbon_spec(format, options)?;
                Imported::Carbon(CarbonSeries::read(file, input, &spec)?)
            }
            Self::Bitcoin(format) => Imported::Bitcoin(format.read(file, input, options.gaps)?),
        })
    }
}

const fn price_options<'a>(options: &ReadOptions<'a>) -> PriceReadOptions<'a> {
    PriceReadOptions {
        file: options.file,
        zone: options.zone,
        column: options.column,
        gaps: options.gaps,
        usd_per_unit: options.usd_per_unit,
    }
}

const fn weather_options<'a>(options: &ReadOptions<'a>) -> WeatherReadOptions<'a> {
    WeatherReadOptions {
        file: options.file,
        gaps: options.gaps,
        year: options.year,
        elevation_m: options.elevation_m,
    }
}

/// `--column` names what the intensity counts.
fn carbon_spec(format: CarbonFormat, options: &ReadOptions<'_>) -> Result<CarbonSeriesSpec, Misread> {
    let scope = match options.column {
        None | Some("direct") => CarbonScope::Direct,
        Some("life_cycle") => CarbonScope::LifeCycle,
        Some(other) => {
            return Err(Misread {
                message: format!("column `{other}`: expected `direct` or `life_cycle`"),
                help: None,
                unreadable: false,
            });
        }
    };
    Ok(CarbonSeriesSpec {
        file: options.file.to_owned(),
        format,
        scope,
        gaps: options.gaps,
    })
}

/// A trace without jobs can be replayed, but there is nothing in it to import.
fn some_jobs(trace: Trace, file: &str) -> Result<Trace, Misread> {
    if !trace.jobs().is_empty() {
        return Ok(trace);
    }
    Err(Misread {
        message: format!("{file}:1: no row of the file is a job on GPUs"),
        help: (!trace.assumptions().is_empty()).then(|| trace.assumptions().join("; ")),
        unreadable: false,
    })
}

/// What a reader gave.
#[derive(Debug)]
pub enum Imported {
    /// Jobs.
    Jobs(Trace),
    /// Inference requests.
    Requests(RequestTrace),
    /// Power prices, at their own step.
    Price(PriceSeries),
    /// Weather.
    Weather(WeatherSeries),
    /// Carbon intensity.
    Carbon(CarbonSeries),
    /// Bitcoin.
    Bitcoin(BitcoinSeries),
}

impl Imported {
    /// What was assumed, dropped or repaired.
    pub fn notes(&self) -> Vec<String> {
        match self {
            Self::Jobs(trace) => trace.assumptions().to_vec(),
            Self::Requests(trace) => trace.assumptions().to_vec(),
            Self::Price(series) => repairs(&series.repairs),
            Self::Weather(series) => repairs(&series.repairs),
            Self::Carbon(series) => repairs(&series.repairs),
            Self::Bitcoin(series) => repairs(&series.repairs),
        }
    }
    /// The figures by which a user sees whether the file was understood.
    pub fn summary(&self) -> String {
        match self {
            Self::Jobs(trace) => {
                let hours = trace.gpu_s() as f64 / 3_600.0;
                let last = trace.jobs().last().map_or(0, |job| job.submit_s);
                format!(
                    "jobs={} gpu_hours={hours:.3} gpus_max={} last_submit_s={last}",
                    trace.jobs().len(),
                    trace.gpus_max()
                )
            }
            Self::Requests(trace) => format!(
                "steps={} step_s={} requests={:.3} mean_rps={:.6}",
                trace.steps().len(),
                trace.step_s(),
                trace.requests(),
                trace.mean_rps()
            ),
            Self::Price(series) => {
                let (count, mean) = mean_of(series.native.values().iter().copied());
                let (start, step) = (series.native.start(), series.native.step().as_seconds());
                format!("steps={count} step_s={step} start={start} mean_usd_per_mwh={mean:.6}")
            }
            Self::Weather(series) => {
                let (count, mean) = mean_of(series.hours.iter().map(|hour| hour.dry_bulb_c));
                format!("hours={count} start={} mean_dry_bulb_c={mean:.6}", series.start)
            }
            Self::Carbon(series) => {
                let (count, mean) = mean_of(series.hourly.values().iter().copied());
                format!(
                    "hours={count} start={} mean_g_per_kwh={mean:.6}",
                    series.hourly.start()
                )
            }
            Self::Bitcoin(series) => {
                let (count, mean) = mean_of(series.days.iter().map(|day| day.btc_usd));
                format!("days={count} start={} mean_btc_usd={mean:.6}", series.start)
            }
        }
    }
    /// Writes the native file.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Jobs(trace) => native::jobs(trace, out),
            Self::Requests(trace) => native::requests(trace, out),
            Self::Price(series) => native::series("usd_per_mwh", &series.native, out),
            Self::Carbon(series) => native::series("g_per_kwh", &series.hourly, out),
            Self::Weather(series) => native::weather(series, out),
            Self::Bitcoin(series) => native::bitcoin(series, out),
        }
    }
}

fn mean_of(values: impl Iterator<Item = f64>) -> (usize, f64) {
    let (count, sum) = values.fold((0_usize, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count, sum / count.max(1) as f64)
}

fn repairs(repairs: &Repairs) -> Vec<String> {
    let mut notes = repairs.notes.clone();
    if repairs.steps > 0 {
        let gaps: Vec<String> = repairs
            .intervals
            .iter()
            .take(5)
            .map(|(from, to)| format!("{from} to {to}"))
            .collect();
        let more = if repairs.intervals.len() > 5 { ", ..." } else { "" };
        notes.push(format!(
            "{} steps in {} gaps were filled by the stated policy: {}{more}",
            repairs.steps,
            repairs.intervals.len(),
            gaps.join(", ")
        ));
    }
    notes
}
