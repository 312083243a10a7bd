//! A synthetic hourly power price: level x month x hour of the week x mean-reverting noise, with scarcity events
//! that hot afternoons and cold snaps bring, and lows that go below zero.
//!
//! `ln(price + shift) = level + month + shape(season, hour) + weekend + heat + slow noise + fast noise + scarcity`.
//! The parameters of a fitted year form a [`Regime`]; a preset holds one or more of them and each simulated
//! calendar year draws one, so that calm and scarce years both occur. Figures and fit: `docs/METHOD-series.md`.

use rand::RngExt;
use rand_distr::StandardNormal;

use crate::ingest::HourAxis;
use crate::random::Stream;

/// The dearest price that is drawn: the offer cap of ERCOT since 2022, in USD/MWh.
pub const CAP_USD_PER_MWH: f64 = 5_000.0;
/// Above this the grid's demand rises with heat, below the other with cold, in °C.
const HOT_C: f64 = 24.0;
const COLD_C: f64 = 8.0;
/// Persistence of the slow noise over an hour: it decays by 1/e in a day and a half.
const SLOW_HOURS: f64 = 36.0;
/// Persistence of the fast noise: the hourly autocorrelation 0.77 measured in 2022-2024.
const FAST_HOURS: f64 = 4.0;
/// Most by which weather multiplies the chance of scarcity.
const HAZARD_FACTOR_MAX: f64 = 12.0;

/// What one fitted year looks like. Logarithms are natural, of USD/MWh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regime {
    /// The year it was fitted to.
    pub year: i16,
    /// Median price of each month, USD/MWh.
    pub month_median: [f64; 12],
    /// Log of the price in each local hour over its month's median: December to February, June to September, rest.
    pub shape: [[f64; 24]; 3],
    /// Added to the log on Saturdays and Sundays.
    pub weekend: f64,
    /// Standard deviation of the slow and of the fast noise.
    pub noise_sd: [f64; 2],
    /// Noise below zero is multiplied by this: lows are longer than highs.
    pub low_stretch: f64,
    /// Log price a kelvin above 24 °C and below 8 °C, over what the month and hour usually bring.
    pub heat_slope: [f64; 2],
    /// Scarcity events that begin in each month.
    pub events: [f64; 12],
    /// Log by which an event lifts the price: at least, and mean of what is added exponentially.
    pub event_log: [f64; 2],
    /// Mean length of an event, hours.
    pub event_hours: f64,
    /// Log chance of an event a kelvin of heat (April to October) and of cold (November to March).
    pub event_slope: [f64; 2],
    /// Taken from the price at the end, USD/MWh: what lets it go below zero.
    pub shift: f64,
}

/// Chance of an event's beginning by local hour: April to October, and November to March. From the hours above
/// 300 USD/MWh of 2022-2024, an hour or two before their middle.
const EVENT_HOURS: [[f64; 24]; 2] = [
    [
        0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.02, 0.01, 0.01, 0.0, 0.0, 0.01, 0.03, 0.09, 0.16, 0.17, 0.14, 0.12,
        0.13, 0.08, 0.02, 0.0, 0.0, 0.0,
    ],
    [
        0.01, 0.01, 0.02, 0.03, 0.06, 0.12, 0.13, 0.08, 0.04, 0.02, 0.01, 0.01, 0.01, 0.01, 0.01, 0.04, 0.13,
        0.12, 0.07, 0.03, 0.02, 0.01, 0.01, 0.0,
    ],
];

/// The usual weather by local month and hour, against which heat and cold are measured.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatNormals {
    mean_c: [[f64; 24]; 12],
    hot: [[f64; 24]; 12],
    cold: [[f64; 24]; 12],
    sd_c: [f64; 12],
}

impl HeatNormals {
    /// Means over a long series of hourly dry bulbs, with each hour's local month (January is 0) and hour.
    pub fn of(hours: impl Iterator<Item = (u8, u8, f64)> + Clone) -> Self {
        let mut normals = Self {
            mean_c: [[0.0; 24]; 12],
            hot: [[0.0; 24]; 12],
            cold: [[0.0; 24]; 12],
            sd_c: [0.0; 12],
        };
        let mut counts = [[0.0_f64; 24]; 12];
        for (month, hour, c) in hours.clone() {
            let (m, h) = (usize::from(month), usize::from(hour));
            counts[m][h] += 1.0;
            normals.mean_c[m][h] += c;
            normals.hot[m][h] += (c - HOT_C).max(0.0);
            normals.cold[m][h] += (COLD_C - c).max(0.0);
        }
        for (m, row) in counts.iter().enumerate() {
            for (h, count) in row.iter().enumerate() {
                let count = count.max(1.0);
                normals.mean_c[m][h] /= count;
                normals.hot[m][h] /= count;
                normals.cold[m][h] /= count;
            }
        }
        for (month, hour, c) in hours {
            let m = usize::from(month);
            normals.sd_c[m] += (c - normals.mean_c[m][usize::from(hour)]).powi(2);
        }
        for (m, square) in normals.sd_c.iter_mut().enumerate() {
            *square = (*square / counts[m].iter().sum::<f64>().max(1.0)).sqrt();
        }
        normals
    }
}

/// The temperatures that a price follows.
#[derive(Debug, Clone, Copy)]
pub struct Heat<'a> {
    /// Dry bulb of each hour of the axis, °C.
    pub dry_bulb_c: &'a [f64],
    /// What is usual.
    pub normals: &'a HeatNormals,
}

/// A checked price process.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceProcess {
    /// The regimes, each as likely.
    pub regimes: Vec<Regime>,
    /// Multiplies every price.
    pub level_factor: f64,
}

/// What carries over from hour to hour.
struct State {
    slow: f64,
    fast: f64,
    event_left: u32,
    event_log: f64,
}

impl PriceProcess {
    /// One path, USD/MWh for each hour of the axis.
    pub fn draw(&self, axis: &HourAxis, heat: Option<Heat<'_>>, stream: &mut Stream) -> Vec<f64> {
        assert!(!self.regimes.is_empty(), "a price process needs a regime");
        let mut path = Vec::with_capacity(axis.len());
        let mut state = State {
            slow: stream.sample(StandardNormal),
            fast: 0.0,
            event_left: 0,
            event_log: 0.0,
        };
        let mut tables = Tables::new(self.pick(stream));
        let mut last_month = axis.months().first().copied().unwrap_or(0);
        for hour in 0..axis.len() {
            let month = axis.months()[hour];
            if month < last_month {
                tables = Tables::new(self.pick(stream));
            }
            last_month = month;
            let anomaly = heat.map_or([0.0; 3], |heat| anomalies(heat, axis, hour));
            path.push(self.level_factor * tables.hour(axis, hour, anomaly, &mut state, stream));
        }
        path
    }

    fn pick(&self, stream: &mut Stream) -> &Regime {
        &self.regimes[stream.random_range(0..self.regimes.len())]
    }
}

/// Heat above, cold below what is usual, and the log factor's temperature in units of the month's spread.
fn anomalies(heat: Heat<'_>, axis: &HourAxis, hour: usize) -> [f64; 3] {
    let (m, h) = (usize::from(axis.months()[hour]), usize::from(axis.hours()[hour]));
    let (c, n) = (heat.dry_bulb_c[hour], heat.normals);
    [
        (c - HOT_C).max(0.0) - n.hot[m][h],
        (COLD_C - c).max(0.0) - n.cold[m][h],
        (c - n.mean_c[m][h]).clamp(-25.0, 25.0),
    ]
}

/// A regime with what the hourly loop needs worked out.
struct Tables<'a> {
    regime: &'a Regime,
    base: [[f64; 24]; 12],
    hazard: [[f64; 24]; 12],
    keep: [f64; 2],
    fresh: [f64; 2],
}

impl<'a> Tables<'a> {
    fn new(regime: &'a Regime) -> Self {
        let (mut base, mut hazard) = ([[0.0; 24]; 12], [[0.0; 24]; 12]);
        for month in 0..12 {
            let season = match month {
                11 | 0 | 1 => 0,
                5..=8 => 1,
                _ => 2,
            };
            for hour in 0..24 {
                base[month][hour] =
                    (regime.month_median[month] + regime.shift).ln() + regime.shape[season][hour];
                hazard[month][hour] =
                    regime.events[month] / 30.4 * EVENT_HOURS[usize::from(is_cold(month))][hour];
            }
        }
        let keep = [SLOW_HOURS, FAST_HOURS].map(|hours| (-1.0 / hours).exp());
        Self {
            regime,
            base,
            hazard,
            keep,
            fresh: keep.map(|k| (1.0 - k * k).sqrt()),
        }
    }

    fn hour(
        &self,
        axis: &HourAxis,
        hour: usize,
        anomaly: [f64; 3],
        state: &mut State,
        stream: &mut Stream,
    ) -> f64 {
        let (r, m, h) = (
            self.regime,
            usize::from(axis.months()[hour]),
            usize::from(axis.hours()[hour]),
        );
        let normal: [f64; 2] = [stream.sample(StandardNormal), stream.sample(StandardNormal)];
        state.slow = self.keep[0] * state.slow + self.fresh[0] * normal[0];
        state.fast = self.keep[1] * state.fast + self.fresh[1] * normal[1];
        self.scarcity(self.hazard[m][h], is_cold(m), anomaly[2], state, stream);
        let mut noise = r.noise_sd[0] * state.slow + r.noise_sd[1] * state.fast;
        if noise < 0.0 {
            noise *= r.low_stretch;
        }
        let weekend = if axis.weekend()[hour] { r.weekend } else { 0.0 };
        let heat = r.heat_slope[0] * anomaly[0] + r.heat_slope[1] * anomaly[1];
        let log = self.base[m][h] + weekend + heat + noise + state.event_log;
        log.exp().min(CAP_USD_PER_MWH) - r.shift
    }

    /// Ends, goes on with or begins an event.
    fn scarcity(&self, hazard: f64, cold: bool, anomaly_c: f64, state: &mut State, stream: &mut Stream) {
        let draw: f64 = stream.random();
        if state.event_left > 0 {
            state.event_left -= 1;
            return;
        }
        state.event_log = 0.0;
        // Most hours end here, without the exponential of the weather.
        if draw >= hazard * HAZARD_FACTOR_MAX {
            return;
        }
        let slope = self.regime.event_slope[usize::from(cold)];
        let towards = if cold { -anomaly_c } else { anomaly_c };
        if draw < hazard * (slope * towards).exp().min(HAZARD_FACTOR_MAX) {
            let size: f64 = stream.sample(rand_distr::Exp1);
            let length: f64 = stream.sample(rand_distr::Exp1);
            state.event_log = self.regime.event_log[0] + self.regime.event_log[1] * size;
            state.event_left = (length * (self.regime.event_hours - 0.5).max(0.1)).min(48.0) as u32;
        }
    }
}

/// November to March.
fn is_cold(month: usize) -> bool {
    !(3..=9).contains(&month)
}
