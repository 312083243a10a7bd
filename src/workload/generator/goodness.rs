//! The table of goodness of fit: a trace, its odd and even halves, and what generators fitted to all of it and to one half
//! draw, side by side. A generator is judged on the half that it did not see, against the distance of the halves.

use std::collections::BTreeMap;

use serde::Serialize;

use super::draw::{Draw, draw};
use super::fit::{FitError, fit};
use super::model::ModelSpec;
use super::portrait::{Key, Portrait, cluster};
use super::sample::Sample;
use crate::random::Streams;

/// The offered load of the trace on the cluster on which all are replayed, where none is given.
const LOAD: f64 = 0.7;

/// One figure of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What it is of: `all`, a class of sizes, `queue`.
    pub of: String,
    /// What it is, with its unit.
    pub figure: String,
    /// Of the whole blocks of the trace. For distances: of the trace from itself, zero.
    pub trace: Option<f64>,
    /// Mean over the traces generated from a fit to all of it. For distances: from the trace.
    pub generated: Option<f64>,
    /// The lowest of them.
    pub generated_low: Option<f64>,
    /// The highest of them.
    pub generated_high: Option<f64>,
    /// Of the odd blocks. For distances: from the even ones.
    pub odd: Option<f64>,
    /// Of the even blocks. For distances: zero.
    pub even: Option<f64>,
    /// Mean over the traces generated from a fit to the odd blocks. For distances: from the even blocks.
    pub held_out: Option<f64>,
    /// The lowest of them.
    pub held_out_low: Option<f64>,
    /// The highest of them.
    pub held_out_high: Option<f64>,
    /// Whether any of these is no further from the even blocks than the odd blocks are.
    pub within: Option<bool>,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Goodness {
    /// Whole blocks of the trace.
    pub blocks: usize,
    /// `weeks` or `days`.
    pub block_word: &'static str,
    /// Traces drawn from each fit.
    pub draws: u32,
    /// GPUs of the cluster on which all are replayed.
    pub gpus: u32,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Goodness {
    /// How many rows could be judged on the half held out, and how many of these hold.
    pub fn judged(&self) -> (usize, usize) {
        let verdicts = self.rows.iter().filter_map(|row| row.within);
        (
            verdicts.clone().filter(|within| *within).count(),
            verdicts.count(),
        )
    }
}

/// The figures of all that was drawn from one model, and their distances from a sample.
struct Drawn(Vec<BTreeMap<Key, f64>>);

impl Drawn {
    fn new(model: &ModelSpec, like: &Judged<'_>, draws: u32, purpose: &str, streams: Streams) -> Self {
        let sample = like.sample;
        let how = Draw {
            first_hour: sample.first_hour(),
            ..Draw::hours(sample.kept_hours())
        };
        let one = |number: u32| {
            let jobs = draw(model, &how, &mut streams.stream(&format!("{purpose}/{number}")));
            like.all(&Portrait::new(
                &Sample::drawn(jobs, sample),
                like.sizes,
                like.gpus,
            ))
        };
        Self((0..draws).map(one).collect())
    }
    /// Mean, lowest and highest of a figure.
    fn of(&self, key: &Key) -> (Option<f64>, Option<f64>, Option<f64>) {
        let values: Vec<f64> = self
            .0
            .iter()
            .filter_map(|figures| figures.get(key))
            .copied()
            .collect();
        if values.is_empty() {
            return (None, None, None);
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        (
            Some(mean),
            Some(low),
            Some(values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        )
    }
}

/// A sample with its portrait, to which others are held.
struct Judged<'a> {
    sample: &'a Sample,
    sizes: &'a [(u32, u32)],
    gpus: u32,
    portrait: Portrait,
}

impl<'a> Judged<'a> {
    fn new(sample: &'a Sample, sizes: &'a [(u32, u32)], gpus: u32) -> Self {
        Self {
            sample,
            sizes,
            gpus,
            portrait: Portrait::new(sample, sizes, gpus),
        }
    }
    /// Figures of another portrait, and its distances from this one.
    fn all(&self, other: &Portrait) -> BTreeMap<Key, f64> {
        let mut all = other.figures.clone();
        all.extend(self.portrait.distances(other));
        all
    }
}

/// Compares a trace with what is drawn from `model`, the fit to all of it, and its even half with what is drawn from a
/// fit to the odd one. Without `gpus` all are replayed on a cluster on which the trace offers a load of 0.7.
pub fn compare(
    sample: &Sample,
    sizes: &[(u32, u32)],
    model: &ModelSpec,
    (draws, gpus, seed): (u32, Option<u32>, u64),
) -> Result<Goodness, FitError> {
    let gpus = gpus.unwrap_or_else(|| cluster(sample, LOAD));
    let streams = Streams::shared(seed);
    let whole = Judged::new(sample, sizes, gpus);
    let generated = Drawn::new(model, &whole, draws, "fit/whole", streams);
    let (odd, even) = sample.halves();
    let half_model = fit(&odd, sizes, String::new())?;
    let even = Judged::new(&even, sizes, gpus);
    let held_out = Drawn::new(&half_model, &even, draws, "fit/half", streams);
    let odd = even.all(&Portrait::new(&odd, sizes, gpus));
    let (whole_figures, even_figures) = (whole.all(&whole.portrait), even.all(&even.portrait));
    let keys: std::collections::BTreeSet<&Key> = whole_figures.keys().chain(odd.keys()).collect();
    let row = |key: &Key| {
        let (generated, generated_low, generated_high) = generated.of(key);
        let (held, held_out_low, held_out_high) = held_out.of(key);
        let row = Row {
            of: key.of.clone(),
            figure: key.figure.clone(),
            trace: whole_figures.get(key).copied(),
            generated,
            generated_low,
            generated_high,
            odd: odd.get(key).copied(),
            even: even_figures.get(key).copied(),
            held_out: held,
            held_out_low,
            held_out_high,
            within: None,
        };
        Row {
            within: row.verdict(),
            ..row
        }
    };
    Ok(Goodness {
        blocks: sample.blocks(),
        block_word: sample.block_word(),
        draws,
        gpus,
        rows: keys.into_iter().map(row).collect(),
    })
}

impl Row {
    /// A fit is off where every draw is further from the half held out than the half that was fitted.
    fn verdict(&self) -> Option<bool> {
        let (even, odd) = (self.even?, self.odd?);
        let nearest = even.clamp(self.held_out_low?, self.held_out_high?);
        // Equal numbers may differ in their last digits.
        let slack = 1e-9 * (even.abs() + odd.abs());
        Some((nearest - even).abs() <= (odd - even).abs() + slack)
    }
}
