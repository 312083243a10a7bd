//! `repower dispatch`: one load against one file of prices, by every kind of foresight.

use std::fmt::Write as _;
use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::fleet::dispatch::{Case, Done, Forecaster, HOURS_MAX, Ramped, Times, ramped};
use crate::ingest::GapPolicy;
use crate::market::price_format::{PriceFormat, PriceReadOptions};
use crate::time::Calendar;

/// Hours over which a forecast is planned, days of its shape, and the local hour from which tomorrow is known: the
/// defaults of `mining_dispatch`.
const LOOK_AHEAD: usize = 72;
const SHAPE: (u32, u32) = (28, 14);

/// Arguments of `repower dispatch`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  repower dispatch prices.csv --worth 104.17 --mw 100 --restart-usd 500 --min-down-hours 4\n\nThe load runs before the first hour. Regret is what knowing every price would have earned more."
)]
pub struct DispatchArgs {
    /// The prices: `start_utc,usd_per_mwh`, hourly or finer
    pub prices: PathBuf,
    /// What a megawatt-hour earns, USD: hashprice / (0.024 x J/TH)
    #[arg(long, value_name = "USD_PER_MWH", allow_negative_numbers = true)]
    pub worth: f64,
    /// Power of the load, MW
    #[arg(long, value_name = "MW")]
    pub mw: f64,
    /// What a restart costs, USD
    #[arg(long, value_name = "USD", default_value_t = 0.0)]
    pub restart_usd: f64,
    /// Hours for which it stays on once started
    #[arg(long, value_name = "HOURS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=i64::from(HOURS_MAX)))]
    pub min_up_hours: u32,
    /// Hours for which it stays off once stopped
    #[arg(long, value_name = "HOURS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=i64::from(HOURS_MAX)))]
    pub min_down_hours: u32,
    /// Charge on the highest power of the file, USD/MW
    #[arg(long, value_name = "USD", default_value_t = 0.0)]
    pub demand_charge_usd_per_mw: f64,
    /// The greatest change from an hour to the next, MW; gives the bound of the linear programme alone
    #[arg(long, value_name = "MW")]
    pub ramp_mw_per_hour: Option<f64>,
    /// Energy that must be taken in all, MWh; gives the bound of the linear programme alone
    #[arg(long, value_name = "MWH")]
    pub minimum_take_mwh: Option<f64>,
    /// Zone whose midnight ends the day of a forecast
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub timezone: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A line of the answer.
#[derive(Debug, Serialize)]
struct Line {
    foresight: &'static str,
    profit_usd: f64,
    regret_usd: f64,
    hours_on: usize,
    starts: usize,
}

impl DispatchArgs {
    fn check(&self) -> Result<(), Failure> {
        let named = [
            ("--mw", self.mw, 1e-9),
            ("--restart-usd", self.restart_usd, 0.0),
            ("--demand-charge-usd-per-mw", self.demand_charge_usd_per_mw, 0.0),
            ("--ramp-mw-per-hour", self.ramp_mw_per_hour.unwrap_or(1.0), 1e-9),
            ("--minimum-take-mwh", self.minimum_take_mwh.unwrap_or(0.0), 0.0),
        ];
        for (name, value, least) in named {
            if !(value >= least && value < 1e15) {
                return Err(Failure::input(format!(
                    "`{name} {value}`: must be a number, at least {least}"
                )));
            }
        }
        if !self.worth.is_finite() || self.worth.abs() > 1e9 {
            return Err(Failure::input(format!(
                "`--worth {}`: must be a number",
                self.worth
            )));
        }
        let ties = self.restart_usd > 0.0 || self.min_up_hours > 1 || self.min_down_hours > 1;
        if self.is_linear() && (ties || self.demand_charge_usd_per_mw > 0.0) {
            return Err(Failure::input(
                "`--ramp-mw-per-hour` and `--minimum-take-mwh` go with no restart cost, minimum time or demand charge",
            ));
        }
        Ok(())
    }
    fn is_linear(&self) -> bool {
        self.ramp_mw_per_hour.is_some() || self.minimum_take_mwh.is_some()
    }
}

/// Runs the load against the prices.
pub fn run(args: &DispatchArgs) -> Result<Exit, Failure> {
    args.check()?;
    let zone = Calendar::of_zone(&args.timezone).ok_or_else(|| {
        Failure::input(format!("unknown time zone `{}`", args.timezone))
            .with_help("write an IANA zone such as `America/Chicago` or `Europe/Oslo`")
    })?;
    let (prices, local_hours) = read(args, &zone)?;
    let lines = if args.is_linear() {
        linear(args, &prices)?
    } else {
        studied(args, prices, local_hours)
    };
    output::stdout(print(&lines, args.json).as_bytes())?;
    Ok(Exit::Done)
}

/// Prices by hour, and the local hour of the day of each.
fn read(args: &DispatchArgs, zone: &Calendar) -> Result<(Vec<f64>, Vec<u8>), Failure> {
    let name = args.prices.display().to_string();
    let file = File::open(&args.prices).map_err(|error| {
        let message = format!("`{name}` could not be opened: {error}");
        if error.kind() == std::io::ErrorKind::NotFound {
            Failure::input(message)
        } else {
            Failure::io(message)
        }
    })?;
    let options = PriceReadOptions {
        file: &name,
        zone,
        column: None,
        gaps: GapPolicy::Refuse,
        usd_per_unit: None,
    };
    let series = PriceFormat::Native.read(file, &options).map_err(|error| {
        let failure = Failure::input(error.to_string());
        match error.help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    })?;
    let start = series.hourly.start();
    let hour = |h: usize| {
        let at = start + crate::time::Span::from_hours(h as i64);
        zone.civil_hour(at).hour as u8
    };
    let prices = series.hourly.values().to_vec();
    let hours = (0..prices.len()).map(hour).collect();
    Ok((prices, hours))
}

fn studied(args: &DispatchArgs, prices: Vec<f64>, local_hours: Vec<u8>) -> Vec<Line> {
    let forecaster = Forecaster::new(prices.clone(), local_hours, Vec::new(), SHAPE);
    let case = Case {
        prices,
        worth_usd_per_mwh: args.worth,
        mw: args.mw,
        start_usd: args.restart_usd,
        times: Times {
            up: args.min_up_hours,
            down: args.min_down_hours,
        },
        charge_usd_per_mw: args.demand_charge_usd_per_mw,
    };
    let study = case.study(
        &forecaster,
        LOOK_AHEAD.max(args.min_up_hours.max(args.min_down_hours) as usize),
    );
    let line = |foresight: &'static str, done: Done| Line {
        foresight,
        profit_usd: done.profit_usd,
        regret_usd: study.perfect.profit_usd - done.profit_usd,
        hours_on: done.hours_on,
        starts: done.starts,
    };
    vec![
        line("perfect", study.perfect),
        line("forecast", study.forecast),
        line("myopic", study.myopic),
        line("always_on", study.always),
    ]
}

fn linear(args: &DispatchArgs, prices: &[f64]) -> Result<Vec<Line>, Failure> {
    let nets: Vec<f64> = prices.iter().map(|p| args.worth - p).collect();
    let load = Ramped {
        capacity_mw: args.mw,
        ramp_mw: args.ramp_mw_per_hour.unwrap_or(args.mw).min(args.mw),
        from_mw: None,
        minimum_mwh: args.minimum_take_mwh.unwrap_or(0.0),
    };
    let (best, path) = ramped(&nets, &load).ok_or_else(|| {
        Failure::input("no path of power takes so much, or the ramp is too fine for so many hours")
            .with_help("lower `--minimum-take-mwh`, or raise `--ramp-mw-per-hour`")
    })?;
    let always: f64 = nets.iter().sum::<f64>() * args.mw;
    let hours_on = path.iter().filter(|mw| **mw > 0.0).count();
    let starts = path.windows(2).filter(|w| w[0] <= 0.0 && w[1] > 0.0).count();
    let line = |foresight, profit_usd, hours_on, starts| Line {
        foresight,
        profit_usd,
        regret_usd: best - profit_usd,
        hours_on,
        starts,
    };
    Ok(vec![
        line("perfect", best, hours_on, starts),
        line("always_on", always, nets.len(), 0),
    ])
}

fn print(lines: &[Line], json: bool) -> String {
    if json {
        let mut text = serde_json::to_string_pretty(lines).expect("lines are plain JSON");
        text.push('\n');
        return text;
    }
    let mut text = "foresight,profit_usd,regret_usd,hours_on,starts\n".to_owned();
    for line in lines {
        let _ = writeln!(
            text,
            "{},{:.6},{:.6},{},{}",
            line.foresight, line.profit_usd, line.regret_usd, line.hours_on, line.starts
        );
    }
    text
}
