//! What a bill needs of the world outside: prices and the peaks of systems, each out of a file that the command names.

use std::path::Path;

use indexmap::IndexMap;

use super::{BillArgs, open, refused};
use crate::cli::exit::Failure;
use crate::id::Name;
use crate::ingest::GapPolicy;
use crate::market::price_format::{PriceFormat, PriceReadOptions};
use crate::market::system_peaks::{SystemPeaks, SystemPeaksSpec};
use crate::power::contract::PowerContractsSpec;
use crate::problem::FieldPath;
use crate::series::Regular;
use crate::time::{Calendar, SimTime};

/// Files that options such as `--price NAME=FILE` name.
struct Given<'a>(Vec<(Option<&'a str>, &'a str)>);

impl<'a> Given<'a> {
    /// Reads the options; a name that the contracts do not have is a slip.
    fn new(options: &'a [String], what: &str, known: &[Name]) -> Result<Self, Failure> {
        let split = |text: &'a String| match text.split_once('=') {
            Some((name, file)) => (Some(name), file),
            None => (None, text.as_str()),
        };
        let given: Vec<_> = options.iter().map(split).collect();
        for (name, _) in &given {
            if let Some(name) = name.filter(|n| !known.iter().any(|k| k.as_str() == *n)) {
                return Err(Failure::input(format!("the contract names no {what} `{name}`")));
            }
        }
        Ok(Self(given))
    }
    fn of(&self, name: &Name) -> Option<&'a str> {
        let own = self.0.iter().find(|(n, _)| *n == Some(name.as_str()));
        let found = own.or_else(|| self.0.iter().find(|(n, _)| n.is_none()));
        found.map(|(_, file)| *file)
    }
}

fn names<'a>(named: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    let mut names: Vec<Name> = named.cloned().collect();
    names.sort();
    names.dedup();
    names
}

/// A series for every price that the contracts name.
pub(super) fn prices(
    args: &BillArgs,
    contracts: &PowerContractsSpec,
    zone: &Calendar,
) -> Result<Vec<(Name, Regular)>, Failure> {
    let named = names(contracts.prices(&FieldPath::root()).into_iter().map(|(_, n)| n));
    let given = Given::new(&args.price, "price", &named)?;
    let mut series = Vec::new();
    for name in named {
        let Some(file) = given.of(&name) else {
            let message = format!("the contract prices energy by `{name}`, which is not given");
            return Err(Failure::input(message).with_help(format!("add `--price {name}=FILE`")));
        };
        let options = PriceReadOptions {
            file,
            zone,
            column: None,
            gaps: GapPolicy::Refuse,
            usd_per_unit: None,
        };
        let read = PriceFormat::Native.read(open(Path::new(file))?, &options);
        series.push((name, read.map_err(refused)?.native));
    }
    Ok(series)
}

/// What each step weighs in the peaks of every system that the contracts name.
pub(super) fn system_peaks(
    args: &BillArgs,
    (contracts, systems): (&PowerContractsSpec, &IndexMap<Name, SystemPeaksSpec>),
    zone: &Calendar,
    span: (SimTime, SimTime),
    notes: &mut Vec<String>,
) -> Result<Vec<(Name, Regular)>, Failure> {
    let named = names(
        contracts
            .system_loads(&FieldPath::root())
            .into_iter()
            .map(|(_, n)| n),
    );
    let given = Given::new(&args.system_load, "system load", &named)?;
    let mut all = Vec::new();
    for name in named {
        let Some(file) = given.of(&name) else {
            let message =
                format!("`coincident_peak` bills the peaks of the system `{name}`, whose load is not given");
            let help = format!("add `--system-load {name}=FILE` with columns `start_utc,mw`");
            return Err(Failure::input(message).with_help(help));
        };
        let spec = systems.get(&name).cloned().unwrap_or_default().peaks;
        let input = open(Path::new(file))?;
        let read = SystemPeaks::read(file, input, args.gaps.policy(), &spec, zone).map_err(refused)?;
        require_season(&name, spec.months(), &read.weights, (zone, span))?;
        notes.extend(read.notes);
        all.push((name, read.weights));
    }
    Ok(all)
}

/// Months in season of the bill that the system's load does not cover would go unbilled in silence.
fn require_season(
    name: &Name,
    months: &[u8],
    weights: &Regular,
    (zone, (from, to)): (&Calendar, (SimTime, SimTime)),
) -> Result<(), Failure> {
    let mut month = zone.month(from);
    // A bill covers at most the years of a calendar.
    while zone.start_of_month(month) < to {
        let begin = zone.start_of_month(month).max(from);
        let end = zone.start_of_month(month.plus(1)).min(to);
        let covered = weights.start() <= begin && end <= weights.end();
        if months.contains(&(month.month as u8)) && !covered {
            let message = format!(
                "the load of the system `{name}` covers {} to {}, not {month}, in which a peak is billed",
                weights.start(),
                weights.end()
            );
            return Err(Failure::input(message));
        }
        month = month.plus(1);
    }
    Ok(())
}
