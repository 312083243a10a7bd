//! A file of power contracts alone, as `repower bill` reads it: the contracts of a scenario's site and their zone.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Name;
use crate::market::system_peaks::SystemPeaksSpec;
use crate::power::PowerContractsSpec;
use crate::power::tariff::read_urdb;
use crate::problem::{Check, FieldPath, Problems};
use crate::scenario::data::Folders;
use crate::scenario::diagnostic::Located;
use crate::scenario::load::{LoadFailure, parse_as};
use crate::scenario::source::{Sources, open_regular, read_file};
use crate::time::Calendar;

/// What a file of contracts says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractFileSpec {
    /// IANA zone of the bill, such as `America/Chicago`. Default: that of the command line, else UTC.
    #[serde(default)]
    pub timezone: Option<String>,
    /// Systems whose peaks a contract charges, by name. Default: those that are named, with ERCOT's four months.
    #[serde(default)]
    pub system_load: IndexMap<Name, SystemPeaksSpec>,
    /// The contracts, as a scenario's site has them.
    pub power_contracts: PowerContractsSpec,
}

/// A checked file of contracts, tariff files included.
#[derive(Debug)]
pub struct ContractFile {
    /// What it says.
    pub spec: ContractFileSpec,
    /// Warnings of the checks.
    pub warnings: Vec<Located>,
    /// What tariff files leave to convention.
    pub notes: Vec<String>,
}

/// Loads and checks a file of contracts; `data` is the folder of `data:` names.
pub fn load(path: &Path, data: Option<PathBuf>) -> Result<ContractFile, LoadFailure> {
    let (tree, sources) = read_file(path)?;
    let schema = schemars::schema_for!(ContractFileSpec).to_value();
    let mut spec: ContractFileSpec = parse_as(&schema, &tree, &sources)?;
    let mut problems = Problems::new();
    let root = FieldPath::root();
    let unknown = |zone: &&String| Calendar::of_zone(zone).is_none();
    if let Some(zone) = spec.timezone.as_ref().filter(unknown) {
        problems.error(&root.key("timezone"), format!("`{zone}` is no IANA time zone"));
    }
    spec.power_contracts
        .check(&root.key("power_contracts"), &mut problems);
    for (name, system) in &spec.system_load {
        let at = root.key("system_load").key(name.as_str());
        problems.name(&at, name);
        system.peaks.check(&at.key("peaks"), &mut problems);
    }
    let folders = Folders {
        scenario: path.parent().map(Path::to_path_buf),
        data,
    };
    let mut notes = read_tariffs(&mut spec.power_contracts, &folders, &mut problems);
    notes.extend(read_currencies(
        &mut spec.power_contracts,
        &folders,
        &mut problems,
    ));
    finish(spec, notes, problems, &sources)
}

fn read_tariffs(
    contracts: &mut PowerContractsSpec,
    folders: &Folders,
    problems: &mut Problems,
) -> Vec<String> {
    let (mut notes, mut read) = (Vec::new(), Vec::new());
    for (index, at, file) in contracts.files(&FieldPath::root().key("power_contracts")) {
        let path = match folders.find(&file.file) {
            Ok(path) => path,
            Err((message, help)) => {
                problems.push(&at, message, help);
                continue;
            }
        };
        let imported = match open_regular(&path) {
            Ok(input) => read_urdb(input, file).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match imported {
            Ok(imported) => {
                notes.extend(
                    imported
                        .notes
                        .into_iter()
                        .map(|n| format!("`{}`: {n}", file.file)),
                );
                read.push((index, imported.clauses));
            }
            Err(message) => problems.error(&at, format!("`{}`: {message}", file.file)),
        }
    }
    for (index, clauses) in read {
        contracts.0[index].clauses.extend(clauses);
    }
    notes
}

fn read_currencies(
    contracts: &mut PowerContractsSpec,
    folders: &Folders,
    problems: &mut Problems,
) -> Vec<String> {
    let (mut notes, mut read) = (Vec::new(), Vec::new());
    for (index, at, name, currency) in contracts.currency_files(&FieldPath::root().key("power_contracts")) {
        let path = match folders.find(name) {
            Ok(path) => path,
            Err((message, help)) => {
                problems.push(&at, message, help);
                continue;
            }
        };
        let input = match open_regular(&path) {
            Ok(input) => input,
            Err(error) => {
                problems.error(&at, format!("cannot read `{name}`: {error}"));
                continue;
            }
        };
        match currency.read(name, input) {
            Ok((rates, repairs)) => {
                notes.extend(repairs.notes.into_iter().map(|n| format!("`{name}`: {n}")));
                read.push((index, rates));
            }
            Err(error) => problems.push(&at, error.to_string(), error.help),
        }
    }
    for (index, rates) in read {
        if let Some(currency) = &mut contracts.0[index].currency {
            currency.resolve(rates);
        }
    }
    notes
}

fn finish(
    spec: ContractFileSpec,
    notes: Vec<String>,
    problems: Problems,
    sources: &Sources,
) -> Result<ContractFile, LoadFailure> {
    let failed = problems.has_errors();
    let located = problems.into_vec().into_iter();
    let located: Vec<Located> = located.map(|p| Located::of(p, sources, false)).collect();
    if failed {
        return Err(LoadFailure {
            problems: located,
            unreadable: false,
        });
    }
    Ok(ContractFile {
        spec,
        warnings: located,
        notes,
    })
}
