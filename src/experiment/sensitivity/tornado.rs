//! One input at a time: every input at its median, then each at its 10th and its 90th percentile. The picture that everybody
//! draws; [`crate::experiment::sensitivity::hidden`] says what it does not show.

use crate::experiment::ExperimentError;
use crate::experiment::sensitivity::{Model, mean_at};

/// The percentiles of a bar's ends.
pub const ENDS: [f64; 2] = [0.1, 0.9];

/// A bar of one input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// The figure with every input at its median.
    pub base: f64,
    /// With this input at its 10th percentile.
    pub low: f64,
    /// With this input at its 90th percentile.
    pub high: f64,
}

impl Bar {
    /// Its length: from the least to the greatest of the three figures.
    pub fn swing(&self) -> f64 {
        self.low.max(self.high).max(self.base) - self.low.min(self.high).min(self.base)
    }
}

/// The bars of every output and input; each figure is the mean over the same `worlds`.
pub fn bars(model: &impl Model, worlds: u32) -> Result<Vec<Vec<Bar>>, ExperimentError> {
    let middle = vec![0.5; model.inputs()];
    let base = mean_at(model, &middle, worlds)?;
    let mut bars = vec![Vec::with_capacity(model.inputs()); model.outputs()];
    for input in 0..model.inputs() {
        let mut ends = Vec::with_capacity(2);
        for end in ENDS {
            let mut units = middle.clone();
            units[input] = end;
            ends.push(mean_at(model, &units, worlds)?);
        }
        for (output, bars) in bars.iter_mut().enumerate() {
            bars.push(Bar {
                base: base[output],
                low: ends[0][output],
                high: ends[1][output],
            });
        }
    }
    Ok(bars)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sensitivity::fixture::{Chancy, Ishigami};

    #[test]
    fn bars_of_a_line_are_its_slope_times_eight_tenths() {
        let bars = bars(&Chancy, 16).unwrap();
        assert!((bars[0][0].swing() - 1.6).abs() < 1e-12);
        assert!((bars[1][0].low - -2.0).abs() < 1e-12 && (bars[1][0].high - 6.0).abs() < 1e-12);
        assert_eq!(bars[0][1].swing(), 0.0);
    }

    #[test]
    fn the_tornado_does_not_see_the_third_input_of_ishigami() {
        let bars = bars(&Ishigami, 1).unwrap();
        assert!(bars[0][2].swing() < 1e-12, "{:?}", bars[0][2]);
        assert!(bars[0][0].swing() > 1.0);
    }
}
