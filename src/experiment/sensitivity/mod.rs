//! Which inputs an answer hangs on: variance-based indices, screening, one input at a time, break-even values.
//!
//! Methods know a model as a function over the unit cube with one coordinate for each input, and the number of a world: the
//! replication whose weather, prices, failures and delays it meets. The world is treated as one more input, so that what
//! chance does stands beside what the inputs do.

pub mod break_even;
pub mod hidden;
pub mod morris;
pub mod saltelli;
pub mod scenario;
pub mod tornado;

use rayon::prelude::*;

use crate::experiment::ExperimentError;

/// Name of the input that stands for all other randomness.
pub const WORLD: &str = "world (weather, prices, failures, delays)";

/// A model to be examined.
pub trait Model: Sync {
    /// Uncertain inputs.
    fn inputs(&self) -> usize;
    /// Figures that it answers with.
    fn outputs(&self) -> usize;
    /// Whether anything but the inputs moves the answer.
    fn has_world(&self) -> bool;
    /// The figures at a point of the unit cube in a world; `NaN` where one has no value.
    fn at(&self, units: &[f64], world: u32) -> Result<Vec<f64>, ExperimentError>;
}

/// A figure with its 95 % interval, `NaN` where a method gives none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Figure {
    /// Without an interval.
    pub fn bare(value: f64) -> Self {
        let (low, high) = (f64::NAN, f64::NAN);
        Self { value, low, high }
    }
}

/// A point of the unit cube in a world.
pub(crate) type Point = (Vec<f64>, u32);

/// The figures at many points, in their order, on all threads.
pub(crate) fn evaluate(model: &impl Model, points: &[Point]) -> Result<Vec<Vec<f64>>, ExperimentError> {
    points
        .par_iter()
        .map(|(units, world)| model.at(units, *world))
        .collect()
}

/// Means over worlds of the figures at a point.
pub(crate) fn mean_at(model: &impl Model, units: &[f64], worlds: u32) -> Result<Vec<f64>, ExperimentError> {
    let worlds = if model.has_world() { worlds.max(1) } else { 1 };
    let points: Vec<Point> = (0..worlds).map(|world| (units.to_vec(), world)).collect();
    let mut sums = vec![0.0; model.outputs()];
    for figures in evaluate(model, &points)? {
        for (sum, figure) in sums.iter_mut().zip(figures) {
            *sum += figure / f64::from(worlds);
        }
    }
    Ok(sums)
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;
    use std::f64::consts::PI;

    /// Ishigami and Homma's function (1990) with a = 7, b = 0.1 over three angles.
    pub(crate) struct Ishigami;

    impl Model for Ishigami {
        fn inputs(&self) -> usize {
            3
        }
        fn outputs(&self) -> usize {
            1
        }
        fn has_world(&self) -> bool {
            false
        }
        fn at(&self, units: &[f64], _: u32) -> Result<Vec<f64>, ExperimentError> {
            let x: Vec<f64> = units.iter().map(|u| PI * (2.0 * u - 1.0)).collect();
            Ok(vec![
                x[0].sin() + 7.0 * x[1].sin().powi(2) + 0.1 * x[2].powi(4) * x[0].sin(),
            ])
        }
    }

    /// Published exactly: first order 0.3139, 0.4424, 0; total 0.5576, 0.4424, 0.2437.
    pub(crate) const FIRST: [f64; 3] = [0.313_905_191_147_811_46, 0.442_411_144_790_040_9, 0.0];
    pub(crate) const TOTAL: [f64; 3] = [
        0.557_588_855_209_959_2,
        0.442_411_144_790_040_9,
        0.243_683_664_062_147_7,
    ];

    /// `2 x + world`, the world 0 or 1: variance 4/12 and 1/4.
    pub(crate) struct Chancy;

    impl Model for Chancy {
        fn inputs(&self) -> usize {
            2
        }
        fn outputs(&self) -> usize {
            2
        }
        fn has_world(&self) -> bool {
            true
        }
        fn at(&self, units: &[f64], world: u32) -> Result<Vec<f64>, ExperimentError> {
            let coin = f64::from(crate::random::sobol::mix(u64::from(world)) as u32 & 1);
            Ok(vec![2.0 * units[0] + coin, 10.0 * units[0] - 3.0])
        }
    }
}
