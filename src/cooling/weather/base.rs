//! Years of weather with everything worked out that needs psychrometrics, once for all replications.

use rayon::prelude::*;

use super::WarmingKeeps;
use super::format::WeatherSeries;
use crate::cooling::WeatherHour;
use crate::cooling::psychrometrics::{dew_point, relative_humidity_from_dew_point, wet_bulb};
use crate::ingest::{BaseSpan, Repairs};
use crate::time::{Calendar, Span};
use crate::units::{Pressure, Ratio, Temperature};

/// Whole years of hours, and the same hours once more for every sum of offsets that a scenario has.
///
/// Layer 0 is the weather as read or synthesised.
#[derive(Debug, Clone, PartialEq)]
pub struct WeatherBase {
    span: BaseSpan,
    offsets_c: Vec<f64>,
    hours: Vec<WeatherHour>,
    repairs: Repairs,
}

impl WeatherBase {
    /// Works out a layer for each offset besides zero.
    pub fn new(series: WeatherSeries, offsets_c: &[f64], keeps: WarmingKeeps) -> Self {
        let span = BaseSpan {
            start: series.start,
            hours: series.hours.len(),
        };
        let mut base = Self {
            span,
            offsets_c: vec![0.0],
            hours: series.hours,
            repairs: series.repairs,
        };
        base.date();
        for offset in offsets_c.iter().copied().filter(|o| *o != 0.0) {
            let layer: Vec<WeatherHour> = base.hours[..span.hours]
                .par_iter()
                .map(|h| warmed(*h, offset, keeps))
                .collect();
            base.hours.extend(layer);
            base.offsets_c.push(offset);
        }
        base
    }
    /// Writes the day of the year into every hour.
    fn date(&mut self) {
        let utc = Calendar::utc();
        for (day, hours) in self.hours.chunks_mut(24).enumerate() {
            // The day in which these 24 hours begin; a start within a day shifts all alike.
            let at = self.span.start + Span::from_hours(24 * day as i64);
            let day_of_year = utc.civil(at).date().day_of_year() as u16;
            for hour in hours {
                hour.day_of_year = day_of_year;
            }
        }
    }
    /// The hours of one layer.
    pub fn span(&self) -> BaseSpan {
        self.span
    }
    /// What its reader repaired or assumed.
    pub fn repairs(&self) -> &Repairs {
        &self.repairs
    }
    /// All hours, layer after layer.
    pub fn hours(&self) -> &[WeatherHour] {
        &self.hours
    }
    /// The hours as read or synthesised, without offsets.
    pub fn plain_hours(&self) -> &[WeatherHour] {
        &self.hours[..self.span.hours]
    }
    /// One hour by its index over all layers.
    pub fn hour(&self, index: u32) -> &WeatherHour {
        &self.hours[index as usize]
    }
    /// The layer of an offset.
    pub fn layer(&self, offset_c: f64) -> Option<usize> {
        self.offsets_c.iter().position(|o| *o == offset_c)
    }
}

/// The air of an hour from what instruments read; the wet bulb is worked out.
pub fn hour(dry_bulb_c: f64, relative_humidity: f64, pressure_pa: f64) -> WeatherHour {
    let rh = relative_humidity.clamp(0.0, 1.0);
    let wet = wet_bulb(
        Temperature::from_c(dry_bulb_c),
        Ratio::from_fraction(rh),
        Pressure::from_pa(pressure_pa),
    );
    WeatherHour {
        dry_bulb_c,
        wet_bulb_c: wet.as_c(),
        relative_humidity: rh,
        pressure_pa,
        day_of_year: 1,
    }
}

/// The same air heated (or cooled): with its moisture kept the humidity ratio stays, so the dew point does, and cooling
/// below it condenses the rest.
pub fn warmed(air: WeatherHour, by_c: f64, keeps: WarmingKeeps) -> WeatherHour {
    let was = Ratio::from_fraction(air.relative_humidity);
    let dry_bulb_c = air.dry_bulb_c + by_c;
    let rh = match keeps {
        WarmingKeeps::RelativeHumidity => was,
        WarmingKeeps::Moisture => {
            let dew = dew_point(Temperature::from_c(air.dry_bulb_c), was);
            relative_humidity_from_dew_point(Temperature::from_c(dry_bulb_c), dew)
        }
    };
    WeatherHour {
        day_of_year: air.day_of_year,
        ..hour(dry_bulb_c, rh.as_fraction(), air.pressure_pa)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooling::psychrometrics::humidity_ratio;

    #[test]
    fn warming_keeps_the_moisture_and_cooling_stops_at_saturation() {
        let air = hour(36.0, 0.35, 99_000.0);
        let ratio = |a: WeatherHour| {
            let (t, rh) = (
                Temperature::from_c(a.dry_bulb_c),
                Ratio::from_fraction(a.relative_humidity),
            );
            humidity_ratio(t, rh, Pressure::from_pa(a.pressure_pa)).as_fraction()
        };
        let hot = warmed(air, 10.0, WarmingKeeps::Moisture);
        assert_eq!(hot.dry_bulb_c, 46.0);
        assert!(
            (ratio(hot) / ratio(air) - 1.0).abs() < 1e-4,
            "{} {}",
            ratio(hot),
            ratio(air)
        );
        assert!(
            hot.relative_humidity < 0.22 && hot.wet_bulb_c > air.wet_bulb_c + 2.0,
            "{hot:?}"
        );
        let damp = warmed(air, 10.0, WarmingKeeps::RelativeHumidity);
        assert!(
            damp.relative_humidity == 0.35 && damp.wet_bulb_c > hot.wet_bulb_c + 4.0,
            "{damp:?}"
        );
        let fog = warmed(air, -25.0, WarmingKeeps::Moisture);
        assert_eq!(fog.relative_humidity, 1.0);
        assert!((fog.wet_bulb_c - fog.dry_bulb_c).abs() < 1e-6);
    }
}
