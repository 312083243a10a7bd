//! Morris screening: elementary effects along random trajectories (Morris, Technometrics 33, 1991; mu* of Campolongo, Cariboni
//! and Saltelli, 2007). Cheap, and it tells inputs that do nothing from those that act with others.

use rand::RngExt;
use rand::seq::SliceRandom;

use crate::experiment::ExperimentError;
use crate::experiment::sensitivity::{Figure, Model, Point, evaluate};
use crate::random::Streams;
use crate::stats::Estimate;

/// Levels of the grid, as quantiles of each input; its ends are the 5th and the 95th percentile, because those of the unit
/// cube are extremes that no draw reaches.
const LEVELS: [f64; 4] = [0.05, 0.35, 0.65, 0.95];
/// A step goes half the levels up or down.
const STEP: usize = 2;

/// Effects of one input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effects {
    /// Mean of the magnitudes of its effects, for a move over the whole grid.
    pub mu_star: Figure,
    /// Mean of the effects.
    pub mu: Figure,
    /// Their standard deviation: large beside `mu_star` where the input acts with others or not in a straight line.
    pub sigma: f64,
}

/// Evaluations that a screening takes.
pub fn evaluations(inputs: usize, has_world: bool, trajectories: u32) -> u64 {
    u64::from(trajectories) * (inputs as u64 + u64::from(has_world) + 1)
}

/// The effects of every output and input, the world last where there is one.
pub fn effects(
    model: &impl Model,
    trajectories: u32,
    seed: u64,
) -> Result<Vec<Vec<Effects>>, ExperimentError> {
    let columns = model.inputs() + usize::from(model.has_world());
    let mut points: Vec<Point> = Vec::new();
    // Of each step: the column that moves and the share of the grid that it moves over.
    let mut steps: Vec<(usize, f64)> = Vec::new();
    for trajectory in 0..trajectories {
        let mut stream = Streams::new(seed, u64::from(trajectory)).stream("sensitivity/morris");
        let mut level: Vec<usize> = (0..model.inputs())
            .map(|_| stream.random_range(0..LEVELS.len()))
            .collect();
        let mut world = trajectory;
        let mut order: Vec<usize> = (0..columns).collect();
        order.shuffle(&mut stream);
        let at = |level: &[usize]| level.iter().map(|l| LEVELS[*l]).collect::<Vec<f64>>();
        points.push((at(&level), world));
        for column in order {
            let share = if let Some(level) = level.get_mut(column) {
                let up = *level < STEP;
                *level = if up { *level + STEP } else { *level - STEP };
                let share = STEP as f64 / (LEVELS.len() - 1) as f64;
                if up { share } else { -share }
            } else {
                world = trajectories + trajectory;
                1.0
            };
            steps.push((column, share));
            points.push((at(&level), world));
        }
    }
    let figures = evaluate(model, &points)?;
    let of_output = |output: usize| {
        let mut effects: Vec<Vec<f64>> = vec![Vec::new(); columns];
        for (trajectory, path) in figures.chunks_exact(columns + 1).enumerate() {
            for (step, pair) in path.windows(2).enumerate() {
                let (column, share) = steps[trajectory * columns + step];
                let effect = (pair[1][output] - pair[0][output]) / share;
                effects[column].extend(Some(effect).filter(|e| e.is_finite()));
            }
        }
        effects.iter().map(|e| of_sample(e)).collect()
    };
    Ok((0..model.outputs()).map(of_output).collect())
}

fn of_sample(effects: &[f64]) -> Effects {
    let magnitudes: Vec<f64> = effects.iter().map(|e| e.abs()).collect();
    Effects {
        mu_star: figure(&magnitudes),
        mu: figure(effects),
        sigma: Estimate::of(effects).and_then(|e| e.sd).unwrap_or(f64::NAN),
    }
}

fn figure(values: &[f64]) -> Figure {
    let Some(estimate) = Estimate::of(values) else {
        return Figure::bare(f64::NAN);
    };
    Figure {
        value: estimate.mean,
        low: estimate.ci95.map_or(f64::NAN, |ci| ci.low),
        high: estimate.ci95.map_or(f64::NAN, |ci| ci.high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sensitivity::fixture::Chancy;

    #[test]
    fn a_straight_line_has_one_effect_and_no_spread() {
        let effects = effects(&Chancy, 50, 1).unwrap();
        // 2 x over the grid from 0.05 to 0.95: 1.8, wherever it starts.
        let x = effects[0][0];
        assert!((x.mu_star.value - 1.8).abs() < 1e-12 && (x.mu.value - 1.8).abs() < 1e-12);
        assert!(x.sigma < 1e-9, "{}", x.sigma);
        assert_eq!(effects[0][1].mu_star.value, 0.0);
        // The coin of the world turns in about half of the trajectories, as often up as down.
        let world = effects[0][2];
        assert!(
            (world.mu_star.value - 0.5).abs() < 0.25 && world.mu.value.abs() < 0.35,
            "{world:?}"
        );
        assert!((effects[1][0].mu.value - 9.0).abs() < 1e-9);
        assert_eq!(evaluations(2, true, 50), 200);
    }
}
