//! `repower compare A B --explain inputs`: the scenarios of two runs, mixed and simulated.

use std::path::{Path, PathBuf};

use crate::compare::Error;
use crate::compare::explain::Split;
use crate::experiment::attribution::{changes, means, shapley};
use crate::metric::Metric;
use crate::results::directory::read_manifest;
use crate::results::manifest::Manifest;
use crate::scenario::data::Folders;
use crate::scenario::diagnostic::render;
use crate::scenario::load::{LoadFailure, LoadOptions, load_spec, spec_of};
use crate::scenario::spec::ScenarioSpec;
use crate::scenario::{Scenario, load};

/// A run's scenario as its directory holds it.
struct Run {
    manifest: Manifest,
    spec: ScenarioSpec,
    folders: Folders,
}

/// The change of net present value of every strategy by input that is not the same.
pub(super) fn explain(
    a: &Path,
    b: &Path,
    replications: u32,
    data: Option<&Path>,
) -> Result<Vec<Split>, Error> {
    let (first, second) = (read(a, data)?, read(b, data)?);
    let ids = |run: &Run| {
        run.spec
            .strategies
            .iter()
            .map(|s| s.id.to_string())
            .collect::<Vec<_>>()
    };
    if ids(&first) != ids(&second) {
        return Err(refused(
            "they do not have the same strategies, so that their inputs cannot be mixed",
        ));
    }
    if [&first, &second].iter().any(|run| !run.spec.cases.is_empty()) {
        return Err(refused(
            "mixtures have one course of the world, and a run names `cases`",
        ));
    }
    let tree = |run: &Run| serde_json::to_value(&run.spec).expect("a spec is plain JSON");
    let (from, to) = (tree(&first), tree(&second));
    let found = changes::changes(&from, &to);
    let found: Vec<_> = found
        .into_iter()
        .filter(|c| c.path.to_string() != "run.replications")
        .collect();
    if let Some(change) = found.iter().find(|c| changes::is_of_run(c)) {
        return Err(refused(&format!(
            "`{}` is not the same, so that mixtures meet other worlds",
            change.path
        )));
    }
    if found.len() > shapley::INPUTS_MAX {
        let (count, most) = (found.len(), shapley::INPUTS_MAX);
        return Err(refused(&format!(
            "{count} inputs are not the same: at most {most} are told apart"
        )));
    }
    check_data(&first, &second)?;
    let value = |mixture: u64| -> Result<Vec<f64>, Error> {
        let tree = changes::mixture(&from, &found, mixture);
        let spec: ScenarioSpec = serde_json::from_value(tree)
            .map_err(|e| refused(&format!("a mixture of their inputs is no scenario: {e}")))?;
        // Data files lie in the folder of the one or the other; those named by `data:` in neither.
        let scenario = load_spec(spec.clone(), &first.folders)
            .or_else(|_| load_spec(spec, &second.folders))
            .map_err(|failure| unloaded("a mixture of their inputs", &failure))?;
        means(&scenario, Metric::NpvUsd, replications).map_err(|e| refused(&e.to_string()))
    };
    let shares = shapley::shares(found.len(), value)?;
    let how = if found.len() > shapley::ALL_MIXTURES_MAX {
        "changed one after the other in the order of the file"
    } else {
        "Shapley values: the mean over all orders"
    };
    let note = format!("{how}; mean over {replications} replications");
    let split = |(index, id): (usize, String)| {
        let parts = found
            .iter()
            .zip(&shares)
            .map(|(c, s)| (c.path.to_string(), s[index]))
            .collect();
        Split::of_inputs((&id, "base"), parts, note.clone())
    };
    Ok(ids(&first).into_iter().enumerate().map(split).collect())
}

fn refused(why: &str) -> Error {
    Error::Refused(why.to_owned())
}

fn unloaded(what: &str, failure: &LoadFailure) -> Error {
    let text = render(&failure.problems, false);
    Error::Refused(format!("{what} cannot be loaded:\n{}", text.trim_end()))
}

/// The scenario in `inputs/` of a run with what the command line changed.
fn read(dir: &Path, data: Option<&Path>) -> Result<Run, Error> {
    let manifest = read_manifest(dir)?;
    let inputs = dir.join("inputs");
    let file = first_input(&inputs, &manifest)
        .ok_or_else(|| refused(&format!("`{}` holds no scenario", inputs.display())))?;
    let named = |text: &String| text.strip_prefix("--strategy ").map(str::to_owned);
    let options = LoadOptions {
        data: data.map(Path::to_path_buf),
        set: manifest
            .overrides
            .iter()
            .filter(|o| named(o).is_none())
            .cloned()
            .collect(),
        strategies: manifest.overrides.iter().filter_map(named).collect(),
    };
    let what = format!("the scenario of `{}`", dir.display());
    let (spec, folders) = spec_of(Some(&file), &options).map_err(|failure| unloaded(&what, &failure))?;
    Ok(Run {
        manifest,
        spec,
        folders,
    })
}

/// The scenario that the run was made from: of the files of `inputs/`, the one whose name is the manifest's scenario.
fn first_input(inputs: &Path, manifest: &Manifest) -> Option<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(inputs)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let is_scenario = |path: &&PathBuf| {
        let spec = spec_of(Some(path), &LoadOptions::default());
        spec.is_ok_and(|(spec, _)| spec.name.as_str() == manifest.scenario)
    };
    if files.len() == 1 {
        files.pop()
    } else {
        files.iter().find(is_scenario).cloned()
    }
}

/// The data must be those of the runs: files of the same names with the same hashes.
fn check_data(a: &Run, b: &Run) -> Result<(), Error> {
    for run in [a, b] {
        if run.manifest.inputs.is_empty() {
            continue;
        }
        let scenario: Scenario = load::load_spec(run.spec.clone(), &run.folders)
            .map_err(|failure| unloaded("the scenario with its data", &failure))?;
        for file in &scenario.data.files {
            let known = run.manifest.inputs.iter().find(|i| i.name == file.name);
            if known.is_some_and(|i| i.sha256 != file.sha256) {
                return Err(refused(&format!(
                    "`{}` is not the file that the run read",
                    file.name
                )));
            }
        }
    }
    Ok(())
}
