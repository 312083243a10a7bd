//! Cooling plants: one file a kind, each with its spec, its hour and its tests.
//!
//! A [`CoolingSpec`] is what a hall's `cooling` says; [`Plant::hour`] does the work that depends on weather
//! alone, once per base hour, and gives a [`PlantHour`]: the greatest heat as a share of design IT load, and
//! the power and water for any heat up to it. Everything scales with the hall's design IT load, so one plant
//! serves halls of any size. Power here is the plant's own: UPS and transformer losses are the electrical
//! path's. A plant never gets better as the air gets hotter or wetter: its heat limit does not rise, its power
//! does not fall.

pub mod air_cooled;
pub mod air_cooled_chiller;
mod chiller;
pub mod direct_to_chip_dry;
pub mod evaporative_wall;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

pub use air_cooled::AirCooledSpec;
pub use air_cooled_chiller::AirCooledChillerSpec;
pub use direct_to_chip_dry::DirectToChipDrySpec;
pub use evaporative_wall::EvaporativeWallSpec;

/// How a hall is cooled: `{ kind = { ... } }`, where `{}` takes the kind's defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CoolingSpec {
    /// Fans that draw outdoor air through wet pads on hot days: the mining hall of dry climates.
    EvaporativeWall(EvaporativeWallSpec),
    /// Fans that draw outdoor air, without water: the plainest mining hall, or an air-side economiser.
    AirCooled(AirCooledSpec),
    /// Cold plates, coolant distribution units and dry coolers, with a chiller for the air's share.
    DirectToChipDry(DirectToChipDrySpec),
    /// Air handlers, chilled water and air-cooled chillers: no water, much power.
    AirCooledChiller(AirCooledChillerSpec),
}

impl CoolingSpec {
    /// The kind as files name it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::EvaporativeWall(_) => "evaporative_wall",
            Self::AirCooled(_) => "air_cooled",
            Self::DirectToChipDry(_) => "direct_to_chip_dry",
            Self::AirCooledChiller(_) => "air_cooled_chiller",
        }
    }

    /// The share of heat that liquid carries away, from 0 to 1: what decides which racks a hall may hold.
    pub fn liquid_share(&self) -> f64 {
        match self {
            Self::DirectToChipDry(spec) => spec.liquid_percent / 100.0,
            _ => 0.0,
        }
    }
}

impl Check for CoolingSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let at = at.key(self.kind());
        match self {
            Self::EvaporativeWall(spec) => spec.check(&at, problems),
            Self::AirCooled(spec) => spec.check(&at, problems),
            Self::DirectToChipDry(spec) => spec.check(&at, problems),
            Self::AirCooledChiller(spec) => spec.check(&at, problems),
        }
    }
}

/// A checked plant.
#[derive(Debug, Clone, PartialEq)]
pub struct Plant {
    spec: CoolingSpec,
}

impl Plant {
    /// The plant of a spec that has been checked.
    pub fn new(spec: CoolingSpec) -> Self {
        Self { spec }
    }

    /// The kind as files name it.
    pub const fn kind(&self) -> &'static str {
        self.spec.kind()
    }

    /// What the plant can do in one hour's weather.
    pub fn hour(&self, weather: &WeatherHour) -> PlantHour {
        match &self.spec {
            CoolingSpec::EvaporativeWall(spec) => spec.hour(weather),
            CoolingSpec::AirCooled(spec) => spec.hour(weather),
            CoolingSpec::DirectToChipDry(spec) => spec.hour(weather),
            CoolingSpec::AirCooledChiller(spec) => spec.hour(weather),
        }
    }
}

/// Power and water that a plant takes at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Draw {
    /// Electrical power, in megawatts.
    pub power_mw: f64,
    /// Water used up, in cubic metres an hour.
    pub water_m3_per_h: f64,
}

/// A plant in one hour's weather: small, `Copy`, and made once per base hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlantHour {
    /// The greatest IT heat that can be rejected, as a share of design IT load, from 0 to 1.
    pub max_heat_share: f64,
    /// Temperature of what reaches the machines, air or facility water, in degrees Celsius.
    pub supply_c: f64,
    duty: Duty,
}

/// What each kind keeps of an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Duty {
    Air(air_cooled::AirDuty),
    DirectToChip(direct_to_chip_dry::DirectToChipDuty),
    Chiller(air_cooled_chiller::ChillerPlantDuty),
}

impl PlantHour {
    /// Power and water for a heat, in a hall of a design IT load. Heat above the limit is drawn as the limit:
    /// the caller sheds what cannot be cooled.
    pub fn draw(&self, heat_mw: f64, design_mw: f64) -> Draw {
        if design_mw <= 0.0 {
            return Draw::default();
        }
        let share = (heat_mw / design_mw).clamp(0.0, self.max_heat_share);
        let per_design = match &self.duty {
            Duty::Air(duty) => duty.draw(share),
            Duty::DirectToChip(duty) => duty.draw(share),
            Duty::Chiller(duty) => duty.draw(share),
        };
        Draw {
            power_mw: per_design.power_mw * design_mw,
            water_m3_per_h: per_design.water_m3_per_h * design_mw,
        }
    }
}

/// Power of variable-speed fans at a share of full flow: the cube law above a floor that keeps air moving.
fn fan_power(full: f64, flow_share: f64, flow_floor: f64) -> f64 {
    full * flow_share.clamp(flow_floor, 1.0).powi(3)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cooling::psychrometrics::wet_bulb;
    use crate::units::{Pressure, Ratio, Temperature};

    /// Sea-level air of a temperature and humidity.
    pub(crate) fn air(dry_bulb_c: f64, relative_humidity: f64) -> WeatherHour {
        let (t, p) = (Temperature::from_c(dry_bulb_c), Pressure::from_pa(101_325.0));
        WeatherHour {
            dry_bulb_c,
            wet_bulb_c: wet_bulb(t, Ratio::from_fraction(relative_humidity), p).as_c(),
            relative_humidity,
            pressure_pa: 101_325.0,
        }
    }

    /// The plant's own PUE: 1 + its power over IT, at full load or the most that the hour allows.
    pub(crate) fn plant_pue(plant: &Plant, weather: &WeatherHour) -> f64 {
        let hour = plant.hour(weather);
        1.0 + hour.draw(hour.max_heat_share, 1.0).power_mw / hour.max_heat_share
    }

    pub(crate) fn defaults() -> [Plant; 4] {
        [
            Plant::new(CoolingSpec::EvaporativeWall(EvaporativeWallSpec::default())),
            Plant::new(CoolingSpec::AirCooled(AirCooledSpec::default())),
            Plant::new(CoolingSpec::DirectToChipDry(DirectToChipDrySpec::default())),
            Plant::new(CoolingSpec::AirCooledChiller(AirCooledChillerSpec::default())),
        ]
    }

    #[test]
    fn hotter_air_never_cools_more_and_never_costs_less() {
        for plant in defaults() {
            for rh in [0.05, 0.4, 0.9] {
                for step in -250..550 {
                    let (cool, warm) = (f64::from(step) / 10.0, f64::from(step + 1) / 10.0);
                    let (a, b) = (plant.hour(&air(cool, rh)), plant.hour(&air(warm, rh)));
                    assert!(
                        b.max_heat_share <= a.max_heat_share + 1e-12,
                        "{} {warm}",
                        plant.kind()
                    );
                    for heat in [0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0] {
                        let heat = f64::min(heat, b.max_heat_share);
                        let (pa, pb) = (a.draw(heat, 1.0).power_mw, b.draw(heat, 1.0).power_mw);
                        assert!(
                            pb >= pa - 1e-12,
                            "{} at {warm} C, heat {heat}: {pa} {pb}",
                            plant.kind()
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn wetter_air_never_cools_more_and_never_costs_less() {
        for plant in defaults() {
            for dry in [10.0, 28.0, 36.0, 42.0] {
                for percent in 5..95 {
                    let a = plant.hour(&air(dry, f64::from(percent) / 100.0));
                    let b = plant.hour(&air(dry, f64::from(percent + 1) / 100.0));
                    assert!(b.max_heat_share <= a.max_heat_share + 1e-12);
                    let heat = 0.9 * b.max_heat_share;
                    assert!(
                        b.draw(heat, 1.0).power_mw >= a.draw(heat, 1.0).power_mw - 1e-12,
                        "{}",
                        plant.kind()
                    );
                }
            }
        }
    }

    #[test]
    fn more_heat_takes_more_power_and_draw_scales_with_the_hall() {
        for plant in defaults() {
            for dry in [-10.0, 15.0, 30.0, 38.0, 43.0] {
                let hour = plant.hour(&air(dry, 0.3));
                let mut last = hour.draw(0.0, 1.0);
                assert!(
                    last.power_mw >= 0.0 && last.water_m3_per_h == 0.0,
                    "{}",
                    plant.kind()
                );
                for step in 1..=100 {
                    let heat = hour.max_heat_share * f64::from(step) / 100.0;
                    let draw = hour.draw(heat, 1.0);
                    assert!(
                        draw.power_mw >= last.power_mw - 1e-12,
                        "{} {dry} {heat}",
                        plant.kind()
                    );
                    assert!(draw.water_m3_per_h >= last.water_m3_per_h - 1e-12);
                    let large = hour.draw(heat * 20.0, 20.0);
                    assert!((large.power_mw - 20.0 * draw.power_mw).abs() < 1e-9);
                    last = draw;
                }
                assert_eq!(hour.draw(5.0, 1.0), hour.draw(hour.max_heat_share, 1.0));
            }
            assert_eq!(plant.hour(&air(20.0, 0.5)).draw(1.0, 0.0), Draw::default());
        }
    }

    #[test]
    fn a_kind_without_settings_takes_its_defaults_and_an_unknown_key_is_refused() {
        let read = |text: &str| toml::from_str::<CoolingSpec>(text);
        assert_eq!(
            read("evaporative_wall = {}").unwrap(),
            CoolingSpec::EvaporativeWall(EvaporativeWallSpec::default())
        );
        let d2c = read("direct_to_chip_dry = { facility_water_c = 32 }").unwrap();
        assert!(matches!(d2c, CoolingSpec::DirectToChipDry(s) if s.facility_water_c == 32.0));
        assert!(read("direct_to_chip_dry = { facility_water = 32 }").is_err());
        assert!(read("swamp_cooler = {}").is_err());
        for plant in defaults() {
            let mut problems = Problems::new();
            plant.spec.check(&FieldPath::root().key("cooling"), &mut problems);
            assert!(problems.as_slice().is_empty(), "{problems:?}");
        }
    }
}
