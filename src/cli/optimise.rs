//! `repower optimise`: the best of many ways to convert, with how sure that is.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::exit::{Exit, Failure};
use crate::cli::work::FidelityArg;
use crate::cli::{Colour, examined, output};
use crate::experiment::search::measure::{Measure, Requirement, sign};
use crate::experiment::search::select::{Judged, Rules, Selection, select};
use crate::experiment::search::space::{Choice, between, candidates};
use crate::experiment::search::{Goal, Sample, sample};
use crate::results::csv_table::harmless;
use crate::scenario::load::{LoadOptions, load, spec_of};
use crate::scenario::spec::Fidelity;
use crate::scenario::{Scenario, load::LoadFailure};

/// Candidates that the summary shows.
const SHOWN: usize = 10;

/// Columns of `search.csv`.
const COLUMNS: [&str; 17] = [
    "rank",
    "candidate",
    "strategy",
    "case",
    "fidelity",
    "metric",
    "unit",
    "measure",
    "replications",
    "feasible",
    "value",
    "ci95_low",
    "ci95_high",
    "over_best",
    "over_best_low",
    "over_best_high",
    "settings",
];

/// Arguments of `optimise`.
#[derive(Debug, clap::Args)]
#[command(
    about = "Search for the best order, timing, archetype, thresholds, debt or promised capacity",
    long_about = "Tries every combination of the values of `--vary` in one strategy, all in the same worlds, and gives most \
        replications to those that lead (sequential halving). Writes search.csv (every candidate with its estimate and interval), \
        best.toml (the best as a scenario file) and report.md, which says how much better another candidate could still be.",
    after_help = "Examples:\n  repower optimise my.toml --strategy gpu-cloud --vary 'strategies.gpu-cloud.conversions[0].start.date=2026-03-01,2027-01-01,2028-01-01'\n  repower optimise my.toml --strategy gpu --vary tenants.anchor.reserved.gpu_block.gpus=8000..13000:6 --measure p10 --require 'peak_equity_usd<=4e8'"
)]
pub struct OptimiseArgs {
    /// The scenario file; the embedded default where left out.
    pub scenario: Option<PathBuf>,
    /// Strategy that is improved. Default: the only one besides the baseline.
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,
    /// A path with the values to try; may be given several times, and all combinations are tried. Between values that are
    /// evenly spaced `--refine` goes on.
    #[arg(long = "vary", value_name = "PATH=V1,V2,...|LOW..HIGH:COUNT", required = true)]
    pub vary: Vec<String>,
    /// Metric that is to be good.
    #[arg(long, value_name = "METRIC", default_value = "npv_usd")]
    pub metric: String,
    /// What of it.
    #[arg(long, value_enum, default_value_t = MeasureArg::Mean)]
    pub measure: MeasureArg,
    /// What must hold in the mean, or in a share of replications; may be given several times.
    #[arg(long = "require", value_name = "METRIC>=X[@SHARE]")]
    pub require: Vec<String>,
    /// Replications of every candidate in the first round.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub first: u32,
    /// The most replications of a candidate.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub replications: u32,
    /// How often the spacing of `LOW..HIGH:COUNT` is halved around the best so far; whole numbers stay whole.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=20))]
    pub refine: u32,
    /// Where files go. Default: `outputs/SCENARIO/search`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How demand is simulated, and how many hours are looked at.
    #[arg(long, value_enum, default_value_t = FidelityArg::SampledHours)]
    pub fidelity: FidelityArg,
    /// Root seed. Default: the scenario's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Worker threads. Default: one for each core; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Change a field of the scenario; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Folder to which `data:` paths of the scenario point.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Measures as flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum MeasureArg {
    /// The mean.
    Mean,
    /// The tenth percentile on the bad side.
    P10,
    /// The mean of the worst twentieth.
    TailMean,
}

/// Searches and writes.
pub fn run(args: &OptimiseArgs, _: Colour) -> Result<Exit, Failure> {
    let mut search = Search::new(args)?;
    let out = args.out.clone().unwrap_or_else(|| {
        let folder = Path::new("outputs").join(search.base.spec.name.as_str());
        folder.join("search")
    });
    examined::free(&out)?;
    let started = Instant::now();
    let selection = examined::on_threads(args.threads, || search.solve())??;
    if selection.ranking.iter().all(|j| j.samples.is_empty()) {
        return Err(search.refusal());
    }
    let text = search.text(&selection);
    search.write(&out, &selection, &text)?;
    output::stdout(text.as_bytes())?;
    let seconds = started.elapsed().as_secs_f64();
    output::stderr(&format!(
        "\n{seconds:.1} s: {}\n",
        out.join("search.csv").display()
    ));
    let found = selection.ranking.first().is_some_and(|j| j.feasible);
    Ok(if found { Exit::Done } else { Exit::No })
}

struct Search<'a> {
    args: &'a OptimiseArgs,
    base: Scenario,
    strategy: String,
    goal: Goal,
    rules: Rules,
    choices: Vec<Choice>,
    /// Assignments of every candidate.
    settings: Vec<Vec<String>>,
    /// What was simulated of each; none where its values make no scenario.
    known: Vec<Option<Vec<Sample>>>,
}

impl<'a> Search<'a> {
    fn new(args: &'a OptimiseArgs) -> Result<Self, Failure> {
        let metric = examined::metric(&args.metric)?;
        let requirement = |text: &String| {
            let help = "for example `--require dscr_min>=1.2@0.9`: at least 1.2 in nine of ten replications";
            if let Some(parsed) = Requirement::parse(text) {
                return Ok(parsed);
            }
            let side = text.split_once(">=").or_else(|| text.split_once("<="));
            if let Some((id, _)) = side {
                examined::metric(id.trim())?;
            }
            Err(Failure::input(format!("`{text}` is no requirement")).with_help(help))
        };
        let requirements: Vec<Requirement> =
            args.require.iter().map(requirement).collect::<Result<_, _>>()?;
        let choice = |text: &String| Choice::parse(text).map_err(|e| Failure::input(e.to_string()));
        let choices: Vec<Choice> = args.vary.iter().map(choice).collect::<Result<_, _>>()?;
        let settings = candidates(&choices).map_err(|e| Failure::input(e.to_string()))?;
        let base = load(args.scenario.as_deref(), &options(args, &[]))?;
        let strategy = strategy(&base, args.strategy.as_deref())?;
        let measure = match args.measure {
            MeasureArg::Mean => Measure::Mean,
            MeasureArg::P10 => Measure::P10,
            MeasureArg::TailMean => Measure::TailMean,
        };
        let rules = Rules {
            measure,
            sign: sign(metric),
            requirements: requirements.clone(),
            first: args.first,
            most: args.replications,
            seed: base.spec.run.seed,
        };
        let goal = Goal { metric, requirements };
        Ok(Self {
            args,
            base,
            strategy,
            goal,
            rules,
            choices,
            known: vec![Some(Vec::new()); settings.len()],
            settings,
        })
    }

    /// Selects among all combinations, then among these and the neighbours of the best, closer each time.
    fn solve(&mut self) -> Result<Selection, Failure> {
        let mut selection = self.select()?;
        for halvings in 1..=self.args.refine {
            let Some(best) = selection.ranking.first().filter(|j| !j.samples.is_empty()) else {
                break;
            };
            let best = &self.settings[best.candidate];
            let further = between(&self.choices, best, halvings, &self.settings);
            if further.is_empty() {
                continue;
            }
            self.settings.extend(further);
            self.known.resize(self.settings.len(), Some(Vec::new()));
            selection = self.select()?;
        }
        Ok(selection)
    }

    fn select(&mut self) -> Result<Selection, Failure> {
        let count = self.settings.len();
        output::stderr(&format!("{count} candidates\n"));
        let rules = self.rules.clone();
        select(count, &rules, |candidate, replications| {
            self.more(candidate, replications)
        })
    }

    fn scenario(&self, candidate: usize) -> Result<Scenario, LoadFailure> {
        load(
            self.args.scenario.as_deref(),
            &options(self.args, &self.settings[candidate]),
        )
    }

    /// Further replications of a candidate, simulated where they are not known; none where its values make no scenario.
    fn more(
        &mut self,
        candidate: usize,
        replications: std::ops::Range<u32>,
    ) -> Result<Option<Vec<Sample>>, Failure> {
        let Some(known) = &self.known[candidate] else {
            return Ok(None);
        };
        let (begun, end) = (known.len() as u32, replications.end);
        if begun < end {
            let further = self.simulate(candidate, begun..end)?;
            self.known[candidate] = match (self.known[candidate].take(), further) {
                (Some(known), Some(further)) => Some([known, further].concat()),
                _ => None,
            };
        }
        let wanted = replications.start as usize..end as usize;
        Ok(self.known[candidate].as_ref().map(|known| known[wanted].to_vec()))
    }

    fn simulate(
        &self,
        candidate: usize,
        replications: std::ops::Range<u32>,
    ) -> Result<Option<Vec<Sample>>, Failure> {
        let Ok(scenario) = self.scenario(candidate) else {
            return Ok(None);
        };
        let named = |s: &crate::scenario::spec::StrategySpec| s.id.as_str() == self.strategy;
        let Some(strategy) = scenario.spec.strategies.iter().position(named) else {
            return Ok(None);
        };
        sample(&scenario, strategy, &self.goal, replications)
            .map(Some)
            .map_err(|e| examined::failed(&e))
    }

    /// Every candidate was refused: what is wrong with the first.
    fn refusal(&self) -> Failure {
        match self.scenario(0) {
            Err(failure) => failure.into(),
            Ok(_) => Failure::input("no candidate is a scenario"),
        }
    }

    fn text(&self, selection: &Selection) -> String {
        let definition = self.goal.metric.definition();
        let (metric, unit) = (definition.id, definition.unit);
        let measure = match self.args.measure {
            MeasureArg::Mean => "mean",
            MeasureArg::P10 => "tenth percentile (bad side)",
            MeasureArg::TailMean => "mean of the worst twentieth",
        };
        let mut text = format!(
            "# Search: {measure} of {metric} of {}\n\n| | candidate | replications | {metric} ({unit}) | 95 % interval | over the best |\n|---|---|---:|---:|---|---|\n",
            self.strategy
        );
        for (rank, judged) in selection.ranking.iter().take(SHOWN).enumerate() {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.4} | {:.4} to {:.4} | {} |",
                rank + 1,
                self.settings[judged.candidate].join("; ").replace('|', "\\|"),
                judged.samples.len(),
                judged.value,
                judged.interval.low,
                judged.interval.high,
                self.standing(judged),
            );
        }
        text.push('\n');
        match selection.ranking.first().filter(|j| j.feasible) {
            None => text.push_str(
                "No candidate keeps the requirements; `best.toml` is the one that leads without them.\n",
            ),
            Some(_) if selection.regret_bound == 0.0 => {
                text.push_str("With 95 % confidence no other candidate is better (paired differences, for all candidates at once).\n");
            }
            Some(_) => {
                let _ = writeln!(
                    text,
                    "With 95 % confidence no other candidate is better by more than {:.4} {unit} (paired differences, for all candidates at once); more `--replications` narrow this.",
                    selection.regret_bound
                );
            }
        }
        if selection.hindsight.is_finite() {
            let _ = writeln!(
                text,
                "Somebody who knew the future and took the best of the last contenders in each replication would have a mean of {:.4} {unit}: a bound for every choice among them.",
                selection.hindsight
            );
        }
        text
    }

    fn standing(&self, judged: &Judged) -> String {
        if judged.samples.is_empty() {
            "refused".to_owned()
        } else if !judged.feasible {
            "breaks a requirement".to_owned()
        } else {
            let (value, interval) = judged.over_best;
            let sign = self.rules.sign;
            let (low, high) = (sign * interval.low, sign * interval.high);
            format!(
                "{:.4} ({:.4} to {:.4})",
                sign * value,
                low.min(high),
                low.max(high)
            )
        }
    }

    fn write(&self, out: &Path, selection: &Selection, text: &str) -> Result<(), Failure> {
        let failed = |e: std::io::Error| Failure::io(format!("cannot write to `{}`: {e}", out.display()));
        let best = selection.ranking.first().map_or(0, |j| j.candidate);
        let options = options(self.args, &self.settings[best]);
        let (spec, _) = spec_of(self.args.scenario.as_deref(), &options)?;
        let toml = toml::to_string(&spec)
            .map_err(|e| Failure::io(format!("cannot write the best candidate as a scenario: {e}")))?;
        let head = "# The best candidate of a search, every default written out.\n";
        fs::create_dir_all(out).map_err(failed)?;
        fs::write(out.join("best.toml"), format!("{head}{toml}")).map_err(failed)?;
        fs::write(out.join("report.md"), text).map_err(failed)?;
        fs::write(out.join("search.csv"), self.table(selection)).map_err(failed)
    }

    fn table(&self, selection: &Selection) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut records = vec![COLUMNS.map(str::to_owned)];
        let definition = self.goal.metric.definition();
        let number = |value: f64| {
            if value.is_finite() {
                value.to_string()
            } else {
                String::new()
            }
        };
        let measure = format!("{:?}", self.args.measure)
            .to_lowercase()
            .replace("tailmean", "tail_mean");
        for (rank, judged) in selection.ranking.iter().enumerate() {
            let (over, within) = judged.over_best;
            let sign = self.rules.sign;
            let ends = (sign * within.low, sign * within.high);
            records.push([
                (rank + 1).to_string(),
                judged.candidate.to_string(),
                self.strategy.clone(),
                "base".to_owned(),
                self.base.spec.run.fidelity.as_str().to_owned(),
                definition.id.to_owned(),
                definition.unit.to_owned(),
                measure.clone(),
                judged.samples.len().to_string(),
                judged.feasible.to_string(),
                number(judged.value),
                number(judged.interval.low),
                number(judged.interval.high),
                if judged.samples.is_empty() {
                    String::new()
                } else {
                    number(sign * over)
                },
                if judged.samples.is_empty() {
                    String::new()
                } else {
                    number(ends.0.min(ends.1))
                },
                if judged.samples.is_empty() {
                    String::new()
                } else {
                    number(ends.0.max(ends.1))
                },
                harmless(&self.settings[judged.candidate].join("; ")).into_owned(),
            ]);
        }
        for record in records {
            writer.write_record(record).expect("memory takes everything");
        }
        String::from_utf8(writer.into_inner().expect("memory takes everything")).expect("made of text")
    }
}

fn options(args: &OptimiseArgs, settings: &[String]) -> LoadOptions {
    let mut set = args.set.clone();
    set.extend(args.seed.map(|seed| format!("run.seed={seed}")));
    set.push(format!(
        "run.fidelity=\"{}\"",
        Fidelity::from(args.fidelity).as_str()
    ));
    set.extend_from_slice(settings);
    LoadOptions {
        data: args.data.clone(),
        set,
        strategies: Vec::new(),
    }
}

/// The strategy that is asked for, or the only one besides the baseline.
fn strategy(base: &Scenario, named: Option<&str>) -> Result<String, Failure> {
    let spec = &base.spec;
    let all = || spec.strategies.iter().map(|s| s.id.as_str());
    let listed = || all().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", ");
    if let Some(name) = named {
        if all().any(|s| s == name) {
            return Ok(name.to_owned());
        }
        return Err(Failure::input(format!("no strategy is called `{name}`"))
            .with_help(format!("there are {}", listed())));
    }
    let others: Vec<&str> = all().filter(|s| *s != spec.baseline.as_str()).collect();
    match (&others[..], spec.strategies.len()) {
        ([only], _) => Ok((*only).to_owned()),
        ([], 1) => Ok(spec.strategies[0].id.to_string()),
        _ => Err(Failure::input("several strategies could be improved")
            .with_help(format!("name one by `--strategy`: {}", listed()))),
    }
}
