//! A price that follows another one: real time over day-ahead.
//!
//! Below a threshold the two differ by mean-reverting noise whose spread grows with the day-ahead price; above it,
//! real time settles lower on average (the day-ahead premium of scarce hours) with wide noise; a few hours a year
//! spike on their own.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::price_process::CAP_USD_PER_MWH;
use crate::ingest::HourAxis;
use crate::random::Stream;

/// A fitted spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Mean of the noise, USD/MWh.
    pub mean: f64,
    /// Autocorrelation of the noise over an hour.
    pub keep: f64,
    /// Standard deviation of the noise, USD/MWh, at prices below the threshold.
    pub sd: f64,
    /// Day-ahead price above which spread and premium grow, USD/MWh.
    pub threshold: f64,
    /// Standard deviation added for each USD/MWh above the threshold.
    pub sd_slope: f64,
    /// Share of what is above the threshold that real time does not bring.
    pub premium: f64,
    /// Spikes a year that day-ahead did not see.
    pub events_per_year: f64,
    /// Smallest spike, USD/MWh.
    pub event_min: f64,
    /// Mean of the log by which a spike exceeds the smallest.
    pub event_log: f64,
    /// Mean hours of a spike.
    pub event_hours: f64,
    /// The lowest price that clears, USD/MWh.
    pub floor: f64,
}

/// Chance of a spike's beginning by local hour: from the hours of `HB_WEST` 2024 with real time 60 above day-ahead.
const EVENT_HOURS: [f64; 24] = [
    0.0, 0.0, 0.01, 0.01, 0.02, 0.03, 0.05, 0.05, 0.03, 0.02, 0.01, 0.01, 0.01, 0.01, 0.02, 0.03, 0.06, 0.1,
    0.14, 0.2, 0.14, 0.05, 0.0, 0.0,
];

impl Spread {
    /// One path over another, USD/MWh for each hour of the axis.
    pub fn draw(&self, axis: &HourAxis, over: &[f64], stream: &mut Stream) -> Vec<f64> {
        assert_eq!(
            axis.len(),
            over.len(),
            "a spread needs its price over the same hours"
        );
        let mut path = Vec::with_capacity(over.len());
        let (mut noise, mut left, mut spike): (f64, u32, f64) = (stream.sample(StandardNormal), 0, 0.0);
        let innovation = (1.0 - self.keep * self.keep).sqrt();
        for (hour, price) in over.iter().enumerate() {
            let normal: f64 = stream.sample(StandardNormal);
            let draw: f64 = stream.random();
            noise = self.keep * noise + innovation * normal;
            if left > 0 {
                left -= 1;
            } else {
                spike = 0.0;
                let chance = self.events_per_year / 365.25 * EVENT_HOURS[usize::from(axis.hours()[hour])];
                if draw < chance {
                    let size: f64 = stream.sample(rand_distr::Exp1);
                    let length: f64 = stream.sample(rand_distr::Exp1);
                    spike = self.event_min * (self.event_log * size).exp();
                    left = (length * (self.event_hours - 0.5).max(0.1)).min(24.0) as u32;
                }
            }
            let above = (price - self.threshold).max(0.0);
            let calm = price - self.premium * above + self.mean + noise * (self.sd + self.sd_slope * above);
            path.push((calm + spike).clamp(self.floor.min(*price), CAP_USD_PER_MWH));
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::price_catalogue::spread_preset;
    use crate::random::Streams;
    use crate::time::{Calendar, SimTime, Span};

    #[test]
    fn over_a_constant_price_the_spread_has_its_mean_spread_and_persistence() {
        let axis = HourAxis::new(
            &Calendar::utc(),
            SimTime::from_unix_s(0),
            SimTime::from_unix_s(0) + Span::from_hours(200_000),
        );
        let quiet = Spread {
            events_per_year: 0.0,
            ..spread_preset("ercot-west-2024").unwrap()
        };
        let path = quiet.draw(
            &axis,
            &vec![20.0; axis.len()],
            &mut Streams::new(1, 0).stream("price/real-time"),
        );
        let n = path.len() as f64;
        let mean = path.iter().sum::<f64>() / n;
        let variance = path.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / n;
        let lag = path
            .windows(2)
            .map(|w| (w[0] - mean) * (w[1] - mean))
            .sum::<f64>()
            / n
            / variance;
        assert!((mean - 20.0 - quiet.mean).abs() < 0.3, "{mean}");
        assert!((variance.sqrt() / quiet.sd - 1.0).abs() < 0.05, "{variance}");
        assert!((lag - quiet.keep).abs() < 0.02, "{lag}");
    }
}
