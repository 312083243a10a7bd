//! From a path to a checked scenario, or to every problem at once.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::{Check, FieldPath, Problem, Problems, Severity};
use crate::random::DistributionSpec;
use crate::scenario::Scenario;
use crate::scenario::data::Folders;
use crate::scenario::diagnostic::Located;
use crate::scenario::horizon::Horizon;
use crate::scenario::source::{Source, SourceError, Sources, read_file, read_text};
use crate::scenario::spec::ScenarioSpec;
use crate::scenario::{data, overlay, schema, shape};

/// The scenario that `run` takes without a path.
pub const DEFAULT_SCENARIO: &str = include_str!("../../scenarios/default.toml");
/// Its name in messages.
pub const DEFAULT_NAME: &str = "default.toml (embedded)";
/// How messages call an option that changes a field.
const SET: &str = "--set";
/// The most `--set` options.
const SET_MAX: usize = 1_000;

/// What the command line adds to a scenario file.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Folder to which `data:` paths point.
    pub data: Option<PathBuf>,
    /// Assignments `PATH=VALUE`, in order.
    pub set: Vec<String>,
    /// Only these strategies, besides the baseline; all where empty.
    pub strategies: Vec<String>,
}

/// Why a scenario was not loaded.
#[derive(Debug)]
pub struct LoadFailure {
    /// Every problem found.
    pub problems: Vec<Located>,
    /// Whether something that is there could not be read, rather than being wrong.
    pub unreadable: bool,
}

impl From<SourceError> for LoadFailure {
    fn from(error: SourceError) -> Self {
        let unreadable = matches!(error, SourceError::Read { present: true, .. });
        Self {
            problems: vec![Located::from(error)],
            unreadable,
        }
    }
}

/// Loads and checks a scenario; without a path the embedded default.
pub fn load(path: Option<&Path>, options: &LoadOptions) -> Result<Scenario, LoadFailure> {
    let (tree, sources) = match path {
        Some(path) => read_file(path)?,
        None => read_text(DEFAULT_NAME, DEFAULT_SCENARIO)?,
    };
    let folder = path.and_then(Path::parent).map(Path::to_path_buf);
    load_tree(
        tree,
        sources,
        &Folders {
            scenario: folder,
            data: options.data.clone(),
        },
        options,
    )
}

/// Loads a scenario from a text, as tests and `init` do.
pub fn load_text(name: &str, text: &str, options: &LoadOptions) -> Result<Scenario, LoadFailure> {
    let (tree, sources) = read_text(name, text)?;
    load_tree(
        tree,
        sources,
        &Folders {
            scenario: None,
            data: options.data.clone(),
        },
        options,
    )
}

/// A scenario that was put together rather than read: checked whole, its data read, without places in a text.
pub fn load_spec(spec: ScenarioSpec, folders: &Folders) -> Result<Scenario, LoadFailure> {
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    complete((spec, Sources::default()), folders, problems, Vec::new())
}

/// What a file says, defaults written out and assignments made, its data unread; and the folders to read them from.
/// Without a path the embedded default's.
pub fn spec_of(path: Option<&Path>, options: &LoadOptions) -> Result<(ScenarioSpec, Folders), LoadFailure> {
    let (mut tree, mut sources) = match path {
        Some(path) => read_file(path)?,
        None => read_text(DEFAULT_NAME, DEFAULT_SCENARIO)?,
    };
    let folders = Folders {
        scenario: path.and_then(Path::parent).map(Path::to_path_buf),
        data: options.data.clone(),
    };
    let mut spec = parse(&tree, &sources)?;
    if !options.set.is_empty() {
        assign(&mut tree, &mut sources, &spec, &options.set)?;
        spec = parse(&tree, &sources)?;
    }
    let mut problems = Problems::new();
    select(&mut spec, &options.strategies, &mut problems);
    Ok((spec, folders))
}

fn load_tree(
    mut tree: Value,
    mut sources: Sources,
    folders: &Folders,
    options: &LoadOptions,
) -> Result<Scenario, LoadFailure> {
    let mut spec =
        parse(&tree, &sources).map_err(|failure| with_the_rest(failure, &tree, &sources, folders))?;
    if !options.set.is_empty() {
        assign(&mut tree, &mut sources, &spec, &options.set)?;
        spec = parse(&tree, &sources)?;
    }
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    let mut overrides = options.set.clone();
    overrides.extend(select(&mut spec, &options.strategies, &mut problems));
    complete((spec, sources), folders, problems, overrides)
}

/// Reads the data of a spec whose checks left `problems`, and joins the parts.
fn complete(
    (mut spec, sources): (ScenarioSpec, Sources),
    folders: &Folders,
    mut problems: Problems,
    overrides: Vec<String>,
) -> Result<Scenario, LoadFailure> {
    let horizon = if problems.has_errors() {
        data::look(&spec, folders, &mut problems);
        None
    } else {
        Horizon::of(&spec)
    };
    if horizon.is_none() && !problems.has_errors() {
        problems.error(
            &FieldPath::root().key("start"),
            "the horizon lies outside the calendar",
        );
    }
    let data =
        horizon.and_then(|horizon| Some((data::read(&spec, &horizon, folders, &mut problems)?, horizon)));
    let located: Vec<Located> = problems
        .into_vec()
        .into_iter()
        .map(|p| Located::of(p, &sources, false))
        .collect();
    match data {
        Some((mut data, horizon)) => {
            for (index, values) in data.observations.drain(..) {
                spec.uncertain[index].distribution = DistributionSpec::Empirical { values };
            }
            for (site, contract, clauses) in data.tariffs.drain(..) {
                spec.sites[site].power_contracts.0[contract]
                    .clauses
                    .extend(clauses);
            }
            for (site, contract, rates) in data.currencies.drain(..) {
                let contract = &mut spec.sites[site].power_contracts.0[contract];
                if let Some(currency) = &mut contract.currency {
                    currency.resolve(rates);
                }
            }
            let data = (data, horizon);
            Ok(Scenario::new(spec, sources, data, overrides, located))
        }
        None => Err(LoadFailure {
            problems: located,
            unreadable: false,
        }),
    }
}

/// The spec without what does not fit. A text or a flag where something else is required gives way to a number, by
/// far the most frequent thing meant; what the checks then say of that place is not told.
fn rest_of(tree: &Value, misfits: &[Located]) -> Option<ScenarioSpec> {
    let (mut without, mut with_numbers) = (tree.clone(), tree.clone());
    for misfit in misfits {
        overlay::remove(&mut without, &misfit.path);
        if misfit.message.starts_with("unknown") {
            overlay::remove(&mut with_numbers, &misfit.path);
        } else if !misfit.path.segments().is_empty() {
            overlay::put(&mut with_numbers, tree, &misfit.path, Value::from(1));
        }
    }
    let read = |tree| serde_json::from_value(tree).ok();
    read(without).or_else(|| read(with_numbers))
}

/// Adds to misfits of the shape what the checks say of the rest, so that all is told at once. That needs a spec: it
/// is made from the tree without what does not fit, and given up where that was required.
fn with_the_rest(
    mut failure: LoadFailure,
    tree: &Value,
    sources: &Sources,
    folders: &Folders,
) -> LoadFailure {
    let Some(spec) = rest_of(tree, &failure.problems) else {
        return failure;
    };
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    data::look(&spec, folders, &mut problems);
    for problem in problems.into_vec() {
        let told = |known: &Located| {
            let (a, b) = (known.path.segments(), problem.path.segments());
            a.starts_with(b) || b.starts_with(a)
        };
        if problem.severity == Severity::Error && !failure.problems.iter().any(told) {
            failure.problems.push(Located::of(problem, sources, false));
        }
    }
    failure
}

/// Checks the shape against the schema, then reads the tree into the spec.
pub fn parse(tree: &Value, sources: &Sources) -> Result<ScenarioSpec, LoadFailure> {
    parse_as(&schema::value(), tree, sources)
}

/// The same of another kind of file.
pub(super) fn parse_as<T: DeserializeOwned>(
    schema: &Value,
    tree: &Value,
    sources: &Sources,
) -> Result<T, LoadFailure> {
    let mut problems = Problems::new();
    let keys = shape::check(schema, tree, &mut problems);
    if problems.has_errors() {
        let located = |p: Problem| {
            let at_key = keys.contains(&p.path);
            Located::of(p, sources, at_key)
        };
        let problems = problems.into_vec().into_iter().map(located).collect();
        return Err(LoadFailure {
            problems,
            unreadable: false,
        });
    }
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let mut path = FieldPath::root();
        for segment in error.path() {
            path = match segment {
                serde_path_to_error::Segment::Seq { index } => path.index(*index),
                serde_path_to_error::Segment::Map { key } => path.key(key),
                _ => path,
            };
        }
        let message = error.inner().to_string();
        let problem = Problem {
            path,
            severity: Severity::Error,
            message,
            help: None,
        };
        LoadFailure {
            problems: vec![Located::of(problem, sources, false)],
            unreadable: false,
        }
    })
}

/// Carries the assignments out on the tree; all that fail are reported.
fn assign(
    tree: &mut Value,
    sources: &mut Sources,
    spec: &ScenarioSpec,
    set: &[String],
) -> Result<(), LoadFailure> {
    let fail = |problems| LoadFailure {
        problems,
        unreadable: false,
    };
    if set.len() > SET_MAX {
        return Err(fail(vec![Located::bare(
            format!("more than {SET_MAX} times `--set`"),
            None,
        )]));
    }
    let known = serde_json::to_value(spec).expect("a spec is plain JSON");
    let mut failed = Vec::new();
    for assignment in set {
        let wrong = |message: String, help, span| {
            let source = Source {
                name: SET.to_owned(),
                text: assignment.as_str().into(),
            };
            Located::at(message, help, source, span)
        };
        let Some((path, value)) = assignment.split_once('=') else {
            let help = Some("write `--set PATH=VALUE`, such as `--set run.seed=7`".to_owned());
            let message = format!("`{assignment}` has no `=`");
            failed.push(wrong(message, help, 0..assignment.len()));
            continue;
        };
        let value_text = value.trim();
        let start = assignment.len() - value.trim_start().len();
        let span = start..start + value_text.len();
        let resolved =
            overlay::parse_path(path.trim()).and_then(|segments| overlay::resolve(&known, &segments));
        match (resolved, overlay::parse_value(value_text)) {
            (Ok(path), Some(value)) => {
                overlay::put(tree, &known, &path, value);
                sources.overwrite(&path, SET, assignment, span);
            }
            (Ok(path), None) => {
                let message = format!("{path}: `nan`, `inf` and several lines are no values here");
                failed.push(wrong(message, None, span));
            }
            (Err(error), _) => failed.push(wrong(error.to_string(), error.help, 0..path.len())),
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(fail(failed))
    }
}

/// Keeps the named strategies and the baseline; gives what was changed, for the manifest.
fn select(spec: &mut ScenarioSpec, strategies: &[String], problems: &mut Problems) -> Vec<String> {
    if strategies.is_empty() {
        return Vec::new();
    }
    for name in strategies {
        if !spec.strategies.iter().any(|s| s.id.as_str() == name) {
            let known = spec.strategies.iter().map(|s| s.id.as_str());
            problems.unknown(&FieldPath::root().key("strategies"), "strategy", name, known);
        }
    }
    let baseline = spec.baseline.clone();
    spec.strategies
        .retain(|s| s.id == baseline || strategies.iter().any(|n| n == s.id.as_str()));
    strategies.iter().map(|s| format!("--strategy {s}")).collect()
}
