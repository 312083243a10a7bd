//! A synthetic climate: yearly and daily waves, air masses that come and go, and the moisture they bring.
//!
//! `T = year(2 harmonics) + day(2 harmonics, swelling with the season) + s(season) g(z)`, where `z` mixes two
//! mean-reverting noises (a day and a quarter, and twelve days: fronts, and heat waves) and `g` skews them, for heat has
//! a ceiling in summer. The dew point follows its own year, the air mass by a factor of the season, and a noise of
//! its own; it never exceeds the dry bulb. Figures and fit: `docs/METHOD-series.md`.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;

use super::base;
use super::format::WeatherSeries;
use crate::cooling::psychrometrics::{relative_humidity_from_dew_point, standard_pressure};
use crate::ingest::{HourAxis, Repairs};
use crate::random::Stream;
use crate::time::{HOUR_S, SimTime, Span};
use crate::units::Temperature;

/// Coefficients of `1, cos a, sin a, cos 2a, sin 2a`, the angle of the year `a` being 0 on 1 January.
type Year = [f64; 5];
/// Coefficients of `1, cos a, sin a`.
type Swell = [f64; 3];

/// A fitted climate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Climate {
    /// Its name in scenarios.
    pub name: &'static str,
    /// Elevation, metres.
    pub elevation_m: f64,
    /// Mean dry bulb, °C.
    pub dry_bulb: Year,
    /// Daily wave: `cos h, sin h, cos 2h, sin 2h` of standard time, each swelling with the season, K.
    pub daily: [Swell; 4],
    /// Spread of the air masses, K.
    pub spread: Year,
    /// Skew of the air masses: by how much the cold side reaches further.
    pub skew: Swell,
    /// Mean dew point, °C.
    pub dew_point: Year,
    /// Kelvin of dew point that a kelvin of air mass brings.
    pub moisture: Year,
    /// Spread of the dew point's own noise, K.
    pub dew_spread: Year,
    /// What it was fitted to; label: computed.
    pub source: &'static str,
}

/// Share of the air masses' variance that lasts for weeks.
const SLOW_SHARE: f64 = 0.15;
/// Hours in which each noise falls to 1/e: fronts, heat waves, moisture.
const FAST_HOURS: f64 = 30.0;
const SLOW_HOURS: f64 = 288.0;
const DEW_HOURS: f64 = 36.0;

/// Skew of the dew point's own noise: dry air reaches further than damp air.
const DEW_SKEW: f64 = 0.1;
/// The dampest air that is drawn, °C of dew point.
const DEW_POINT_MAX_C: f64 = 26.5;

/// The fitted climates.
pub const CLIMATES: &[Climate] = &[DALLAS, LONDON, HELSINKI];

const DALLAS: Climate = Climate {
    name: "dallas",
    elevation_m: 150.0,
    dry_bulb: [20.12, -10.31, -3.56, -1.32, 0.62],
    daily: [
        [-2.74, 0.56, 0.19],
        [-3.13, 0.10, 0.20],
        [0.72, 0.10, -0.18],
        [0.66, 0.34, 0.0],
    ],
    spread: [3.95, 1.50, 0.0, 0.0, 0.0],
    skew: [0.06, -0.07, 0.0],
    dew_point: [12.05, -9.20, -1.97, -0.38, -0.30],
    moisture: [0.74, 0.475, 0.0, -0.21, 0.0],
    dew_spread: [3.70, 1.05, 0.0, -0.40, 0.0],
    source: "computed: means of fits to the typical year 2007-2021 of Dallas-Fort Worth (EPW, TMYx) and to Open-Meteo 2024",
};

const LONDON: Climate = Climate {
    name: "london",
    elevation_m: 29.0,
    dry_bulb: [11.62, -6.05, -3.21, 0.14, 0.56],
    daily: [
        [-2.51, 1.23, -0.11],
        [-1.62, 0.95, -0.13],
        [0.47, 0.24, -0.10],
        [0.31, 0.34, 0.02],
    ],
    spread: [3.13, 0.70, -0.17, 0.41, 0.18],
    skew: [-0.02, 0.10, 0.04],
    dew_point: [7.91, -4.19, -3.23, -0.14, 0.40],
    moisture: [0.81, 0.16, 0.08, -0.09, -0.05],
    dew_spread: [1.70, -0.36, 0.05, -0.02, 0.02],
    source: "computed: least squares on Open-Meteo 2023 at 51.5 N 0.2 W",
};

const HELSINKI: Climate = Climate {
    name: "helsinki",
    elevation_m: 56.0,
    dry_bulb: [5.17, -10.32, -3.25, 0.32, 0.35],
    daily: [
        [-1.98, 1.80, -0.06],
        [-1.12, 0.78, -0.33],
        [0.12, 0.18, -0.09],
        [-0.01, 0.19, -0.04],
    ],
    spread: [3.88, 0.80, 0.58, 0.68, -0.02],
    skew: [0.03, 0.12, -0.07],
    dew_point: [1.39, -7.81, -4.01, 0.01, 1.21],
    moisture: [0.87, 0.30, 0.0, -0.10, -0.01],
    dew_spread: [2.40, -1.24, 0.46, -0.35, -0.28],
    source: "computed: least squares on the typical year of Helsinki (EPW, IWEC)",
};

/// A climate by name.
pub fn climate(name: &str) -> Option<&'static Climate> {
    CLIMATES.iter().find(|c| c.name == name)
}

/// The angle of the year with its harmonics.
struct Season {
    cos: f64,
    sin: f64,
    cos2: f64,
    sin2: f64,
}

impl Season {
    fn at(day: f64) -> Self {
        let (sin, cos) = (TAU * day / 365.25).sin_cos();
        Self {
            cos,
            sin,
            cos2: cos * cos - sin * sin,
            sin2: 2.0 * sin * cos,
        }
    }
    fn year(&self, c: &Year) -> f64 {
        c[0] + c[1] * self.cos + c[2] * self.sin + c[3] * self.cos2 + c[4] * self.sin2
    }
    fn swell(&self, c: &Swell) -> f64 {
        c[0] + c[1] * self.cos + c[2] * self.sin
    }
}

/// A mean-reverting noise of unit variance.
struct Noise {
    value: f64,
    keep: f64,
    fresh: f64,
}

impl Noise {
    fn new(hours: f64, stream: &mut Stream) -> Self {
        let keep = (-1.0 / hours).exp();
        Self {
            value: stream.sample(StandardNormal),
            keep,
            fresh: (1.0 - keep * keep).sqrt(),
        }
    }
    fn next(&mut self, stream: &mut Stream) -> f64 {
        let normal: f64 = stream.sample(StandardNormal);
        self.value = self.keep * self.value + self.fresh * normal;
        self.value
    }
}

/// Synthesises whole calendar years from the year in which the axis begins.
pub fn draw(
    climate: &Climate,
    years: u8,
    elevation_m: f64,
    axis: &HourAxis,
    stream: &mut Stream,
) -> WeatherSeries {
    let calendar = axis.calendar();
    let first = calendar.civil(axis.start() + Span::from_hours(24)).year();
    let january = |year: i16| {
        let date = jiff::civil::Date::new(year, 1, 1).expect("horizons lie within the calendar");
        let at = calendar
            .start_of(date)
            .expect("every zone has a first of January");
        SimTime::from_unix_s(at.as_unix_s().div_euclid(HOUR_S) * HOUR_S)
    };
    let (start, end) = (january(first), january(first + i16::from(years)));
    // January is standard time in the north; a synthetic climate names a northern place.
    let standard_s = {
        let local = calendar.civil(start).time();
        let seconds = i64::from(local.hour()) * HOUR_S - start.as_unix_s().rem_euclid(24 * HOUR_S);
        (seconds + 12 * HOUR_S).rem_euclid(24 * HOUR_S) - 12 * HOUR_S
    };
    let hours = ((end - start).as_seconds() / HOUR_S) as usize;
    let dry_and_dew = sequence(climate, hours, start, standard_s, stream);
    let pressure_pa = standard_pressure(elevation_m).as_pa();
    let air = |(dry_c, dew_c): &(f64, f64)| {
        let rh = relative_humidity_from_dew_point(Temperature::from_c(*dry_c), Temperature::from_c(*dew_c));
        base::hour(*dry_c, rh.as_fraction(), pressure_pa)
    };
    WeatherSeries {
        start,
        hours: dry_and_dew.par_iter().map(air).collect(),
        repairs: Repairs::default(),
    }
}

/// Dry bulb and dew point of each hour, °C.
fn sequence(
    climate: &Climate,
    hours: usize,
    start: SimTime,
    standard_s: i64,
    stream: &mut Stream,
) -> Vec<(f64, f64)> {
    let mut noises = [FAST_HOURS, SLOW_HOURS, DEW_HOURS].map(|hours| Noise::new(hours, stream));
    let mut sequence = Vec::with_capacity(hours);
    for index in 0..hours {
        let season = Season::at((index as f64 / 24.0) % 365.25);
        let local_s = (start.as_unix_s() + standard_s + index as i64 * HOUR_S).rem_euclid(24 * HOUR_S);
        let (sin, cos) = (TAU * local_s as f64 / (24 * HOUR_S) as f64).sin_cos();
        let waves = [cos, sin, cos * cos - sin * sin, 2.0 * sin * cos];
        let daily: f64 = climate
            .daily
            .iter()
            .zip(waves)
            .map(|(swell, wave)| season.swell(swell) * wave)
            .sum();
        let [fast, slow, dew] = [0, 1, 2].map(|i: usize| noises[i].next(stream));
        let z = (1.0 - SLOW_SHARE).sqrt() * fast + SLOW_SHARE.sqrt() * slow;
        let mass = season.year(&climate.spread) * skewed(z, season.swell(&climate.skew));
        let dry_c = season.year(&climate.dry_bulb) + daily + mass;
        let dew_c = season.year(&climate.dew_point)
            + season.year(&climate.moisture) * mass
            + season.year(&climate.dew_spread) * skewed(dew, DEW_SKEW);
        sequence.push((
            dry_c.clamp(-60.0, 55.0),
            dew_c.clamp(-70.0, DEW_POINT_MAX_C).min(dry_c),
        ));
    }
    sequence
}

/// A standard normal with its lower side stretched, mean and variance kept.
fn skewed(z: f64, skew: f64) -> f64 {
    (z - skew * (z * z - 1.0)) / (1.0 + 2.0 * skew * skew).sqrt()
}
