//! Fitted day-ahead prices of two European areas: northern Norway (NO4) and Great Britain, 2025.
//!
//! In US dollars at 1.13 a euro and 1.32 a pound (assumption: rounded rates of 2025). Data run from 24 January to
//! 31 December; January's figures rest on eight days. Figures and fit: `docs/METHOD-series.md`.

use super::price_process::Regime;

/// Hydro country: a few dollars for most of the year, dear weeks when the lines to the south are open and the reservoirs
/// low (November and December 2025).
pub(super) const NO4_2025: Regime = Regime {
    year: 2025,
    month_median: [4.0, 5.2, 2.9, 1.4, 3.0, 2.9, 2.3, 1.7, 4.2, 3.5, 12.1, 19.2],
    shape: [
        [
            -0.04, -0.05, -0.06, -0.05, -0.04, -0.04, -0.01, 0.01, 0.05, 0.09, 0.11, 0.06, 0.04, 0.03, 0.03,
            0.03, 0.03, 0.02, 0.02, 0.01, 0.01, 0.0, -0.01, -0.02,
        ],
        [
            0.0, -0.02, -0.02, -0.03, -0.02, -0.03, 0.0, 0.01, 0.05, 0.05, 0.05, 0.01, -0.02, -0.04, -0.03,
            -0.02, 0.0, 0.03, 0.04, 0.03, 0.04, 0.02, 0.03, 0.0,
        ],
        [
            -0.01, -0.03, -0.04, -0.04, -0.04, -0.03, -0.03, -0.01, 0.01, 0.02, 0.03, 0.01, 0.0, 0.0, 0.0,
            0.0, 0.01, 0.01, 0.0, 0.02, 0.04, 0.03, 0.0, -0.03,
        ],
    ],
    weekend: -0.053,
    noise_sd: [0.24, 0.10],
    low_stretch: 0.45,
    heat_slope: [0.0, 0.0],
    events: [2.0, 2.0, 3.0, 0.5, 5.0, 1.0, 0.1, 0.1, 0.5, 1.5, 17.0, 8.0],
    event_log: [0.5, 0.65],
    event_hours: 16.0,
    event_slope: [0.0, 0.0],
    shift: 8.0,
};

/// Gas sets the price, wind takes it down for a day at a time.
pub(super) const GB_2025: Regime = Regime {
    year: 2025,
    month_median: [
        142.8, 145.1, 121.7, 107.4, 103.8, 103.0, 108.4, 103.8, 100.9, 104.5, 107.1, 106.4,
    ],
    shape: [
        [
            -0.06, -0.05, -0.07, -0.08, -0.09, -0.10, -0.07, 0.0, 0.06, 0.05, 0.04, 0.02, 0.0, -0.01, 0.01,
            0.01, 0.03, 0.10, 0.14, 0.14, 0.07, 0.01, 0.0, -0.04,
        ],
        [
            0.04, 0.0, -0.03, -0.05, -0.05, -0.05, -0.01, 0.07, 0.08, 0.07, 0.04, 0.0, -0.03, -0.06, -0.09,
            -0.11, -0.10, -0.04, 0.05, 0.13, 0.19, 0.19, 0.14, 0.06,
        ],
        [
            -0.01, -0.03, -0.04, -0.06, -0.06, -0.06, -0.01, 0.06, 0.11, 0.10, 0.04, 0.0, -0.02, -0.05,
            -0.07, -0.07, -0.05, 0.03, 0.12, 0.18, 0.17, 0.11, 0.05, -0.01,
        ],
    ],
    weekend: -0.04,
    noise_sd: [0.085, 0.065],
    low_stretch: 2.7,
    heat_slope: [0.0, 0.0],
    events: [0.0; 12],
    event_log: [0.1, 0.1],
    event_hours: 4.0,
    event_slope: [0.0, 0.0],
    shift: 60.0,
};

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use crate::ingest::HourAxis;
    use crate::market::price_process::PriceProcess;
    use crate::random::Streams;
    use crate::time::Calendar;

    use super::*;

    /// Mean, median, P95, share below zero over twenty drawn years, by month the means.
    fn figures(regime: &Regime) -> (f64, f64, f64, f64, Vec<f64>) {
        let calendar = Calendar::utc();
        let day = |year: i16| calendar.start_of(date(year, 1, 1)).unwrap();
        let axis = HourAxis::new(&calendar, day(2026), day(2046));
        let process = PriceProcess {
            regimes: vec![*regime],
            level_factor: 1.0,
        };
        let path = process.draw(&axis, None, &mut Streams::new(1, 0).stream("test/price-europe"));
        let month = |m: u8| {
            let of = || path.iter().zip(axis.months()).filter(move |(_, k)| **k == m);
            of().map(|(p, _)| p).sum::<f64>() / of().count() as f64
        };
        let months = (0..12).map(month).collect();
        let mut sorted = path.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let below = sorted.iter().filter(|p| **p < 0.0).count() as f64 / n as f64;
        let mean = path.iter().sum::<f64>() / n as f64;
        (mean, sorted[n / 2], sorted[n * 95 / 100], below, months)
    }

    /// Data: mean 9.7, median 3.8, P95 38.0 USD/MWh, 157 hours a year below zero, November 34, July 2.9.
    #[test]
    fn northern_norway_is_cheap_but_for_its_dear_weeks() {
        let (mean, median, p95, below, months) = figures(&NO4_2025);
        assert!((mean - 9.7).abs() < 1.5, "{mean}");
        assert!((median - 3.8).abs() < 0.6, "{median}");
        assert!((p95 - 38.0).abs() < 9.0, "{p95}");
        assert!((80.0..320.0).contains(&(below * 8_760.0)), "{below}");
        assert!(
            (months[10] - 34.4).abs() < 8.0 && (months[6] - 2.9).abs() < 1.0,
            "{months:?}"
        );
    }

    /// Data: mean 102.5, median 105.6, P95 155.9 USD/MWh.
    #[test]
    fn great_britain_is_dear_and_wind_takes_it_down() {
        let (mean, median, p95, _, months) = figures(&GB_2025);
        assert!((mean - 102.5).abs() < 5.0, "{mean}");
        assert!((median - 105.6).abs() < 4.0, "{median}");
        assert!((p95 - 155.9).abs() < 13.0, "{p95}");
        assert!(
            (months[1] - 139.6).abs() < 10.0 && (months[7] - 94.2).abs() < 8.0,
            "{months:?}"
        );
    }
}
