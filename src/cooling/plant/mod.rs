//! Cooling plants: one file a kind, each with its spec, its hour and its tests.
//!
//! A [`CoolingSpec`] is what a hall's `cooling` says; [`Plant::hour`] does the work that depends on weather
//! alone, once per base hour, and gives a [`PlantHour`]: the greatest heat as a share of design IT load, and
//! the power and water for any heat up to it. Everything scales with the hall's design IT load, so one plant
//! serves halls of any size. Power here is the plant's own: UPS and transformer losses are the electrical
//! path's. A plant never gets better as the air gets hotter or wetter: its heat limit does not rise, its power
//! does not fall.

pub mod adiabatic_economiser;
pub mod air_cooled;
pub mod air_cooled_chiller;
pub mod chilled_water;
mod chiller;
pub mod class;
#[cfg(test)]
mod climates;
pub mod direct_to_chip_adiabatic;
pub mod direct_to_chip_dry;
mod dry_loop;
pub mod dx;
pub mod evaporative_wall;
pub mod immersion;
pub mod pads;
pub mod rear_door;
pub mod sea_water;
mod water;
pub mod water_side_economiser;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

pub use adiabatic_economiser::AdiabaticEconomiserSpec;
pub use air_cooled::AirCooledSpec;
pub use air_cooled_chiller::AirCooledChillerSpec;
pub use direct_to_chip_adiabatic::DirectToChipAdiabaticSpec;
pub use direct_to_chip_dry::DirectToChipDrySpec;
pub use dx::DxSpec;
pub use evaporative_wall::EvaporativeWallSpec;
pub use immersion::ImmersionSpec;
pub use rear_door::RearDoorSpec;
pub use sea_water::SeaWaterSpec;
pub use water_side_economiser::WaterSideEconomiserSpec;

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
    /// Outdoor air through wetted pads into the hall, with chillers for damp heat.
    AdiabaticEconomiser(AdiabaticEconomiserSpec),
    /// Cooling towers with a water-side economiser and water-cooled chillers.
    WaterSideEconomiser(WaterSideEconomiserSpec),
    /// Room units of direct expansion with air-cooled condensers.
    Dx(DxSpec),
    /// Water-cooled doors of racks, dry coolers and chillers.
    RearDoor(RearDoorSpec),
    /// Cold plates, coolant distribution units and wetted dry coolers.
    DirectToChipAdiabatic(DirectToChipAdiabaticSpec),
    /// Tanks of oil with dry or wetted coolers.
    Immersion(ImmersionSpec),
    /// Sea or fjord water through heat exchangers, with chillers for a warm sea.
    SeaWater(SeaWaterSpec),
}

/// Calls a method of the spec of whatever kind.
macro_rules! each {
    ($cooling:expr, $spec:ident => $what:expr) => {
        match $cooling {
            CoolingSpec::EvaporativeWall($spec) => $what,
            CoolingSpec::AirCooled($spec) => $what,
            CoolingSpec::DirectToChipDry($spec) => $what,
            CoolingSpec::AirCooledChiller($spec) => $what,
            CoolingSpec::AdiabaticEconomiser($spec) => $what,
            CoolingSpec::WaterSideEconomiser($spec) => $what,
            CoolingSpec::Dx($spec) => $what,
            CoolingSpec::RearDoor($spec) => $what,
            CoolingSpec::DirectToChipAdiabatic($spec) => $what,
            CoolingSpec::Immersion($spec) => $what,
            CoolingSpec::SeaWater($spec) => $what,
        }
    };
}

impl CoolingSpec {
    /// The kind as files name it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::EvaporativeWall(_) => "evaporative_wall",
            Self::AirCooled(_) => "air_cooled",
            Self::DirectToChipDry(_) => "direct_to_chip_dry",
            Self::AirCooledChiller(_) => "air_cooled_chiller",
            Self::AdiabaticEconomiser(_) => "adiabatic_economiser",
            Self::WaterSideEconomiser(_) => "water_side_economiser",
            Self::Dx(_) => "dx",
            Self::RearDoor(_) => "rear_door",
            Self::DirectToChipAdiabatic(_) => "direct_to_chip_adiabatic",
            Self::Immersion(_) => "immersion",
            Self::SeaWater(_) => "sea_water",
        }
    }

    /// Cooling units that share the design heat.
    pub fn units(&self) -> u32 {
        match self {
            Self::EvaporativeWall(spec) => spec.air.units,
            Self::AirCooled(spec) => spec.units,
            Self::DirectToChipDry(spec) => spec.units,
            Self::AirCooledChiller(spec) => spec.units,
            Self::AdiabaticEconomiser(spec) => spec.units,
            Self::WaterSideEconomiser(spec) => spec.units,
            Self::Dx(spec) => spec.units,
            Self::RearDoor(spec) => spec.units,
            Self::DirectToChipAdiabatic(spec) => spec.dry.units,
            Self::Immersion(spec) => spec.units,
            Self::SeaWater(spec) => spec.units,
        }
    }

    /// The share of heat that liquid carries away, from 0 to 1: what decides which racks a hall may hold.
    pub fn liquid_share(&self) -> f64 {
        match self {
            Self::DirectToChipDry(spec) => spec.liquid_percent / 100.0,
            Self::DirectToChipAdiabatic(spec) => spec.dry.liquid_percent / 100.0,
            Self::Immersion(_) => 1.0,
            _ => 0.0,
        }
    }
}

impl Check for CoolingSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let at = at.key(self.kind());
        each!(self, spec => spec.check(&at, problems));
    }
}

/// A checked plant, with all of its units or some of them out of service.
#[derive(Debug, Clone, PartialEq)]
pub struct Plant {
    spec: CoolingSpec,
    /// Units that run over those that the design heat needs, from 0 to 1.
    running: f64,
}

impl Plant {
    /// The plant of a spec that has been checked, whole.
    pub fn new(spec: CoolingSpec) -> Self {
        Self { spec, running: 1.0 }
    }

    /// The same plant with `out` units out of service, where `spare` units stand beside those that the design heat
    /// needs. A spare stands still until a unit fails, so a whole plant is the same with or without it.
    #[must_use]
    pub fn with_units_out(mut self, out: u32, spare: u32) -> Self {
        let needed = self.spec.units().max(1);
        let left = needed.saturating_add(spare).saturating_sub(out).min(needed);
        self.running = f64::from(left) / f64::from(needed);
        self
    }

    /// The kind as files name it.
    pub const fn kind(&self) -> &'static str {
        self.spec.kind()
    }

    /// Cooling units that share the design heat, spares not counted.
    pub fn units(&self) -> u32 {
        self.spec.units()
    }

    /// What the plant can do in one hour's weather.
    pub fn hour(&self, weather: &WeatherHour) -> PlantHour {
        let mut hour = each!(&self.spec, spec => spec.hour(weather, self.running));
        if self.running <= 0.0 {
            hour.max_heat_share = 0.0;
        }
        hour
    }
}

/// Most units of a plant.
const UNITS_MAX: u32 = 10_000;
/// In place of no units at all where something is divided by them; such a plant takes no heat.
const RUNNING_MIN: f64 = 1e-9;

/// Checks the number of cooling units.
fn check_units(at: &FieldPath, units: u32, problems: &mut Problems) {
    problems.within(at, f64::from(units), 1.0, f64::from(UNITS_MAX));
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
    Economiser(adiabatic_economiser::EconomiserDuty),
    ChilledWater(chilled_water::ChilledWaterDuty),
    DryLoop(dry_loop::DryLoop),
}

impl PlantHour {
    /// Power and water for a heat, in a hall of a design IT load. Heat above the limit is drawn as the limit:
    /// the caller sheds what cannot be cooled.
    #[inline]
    pub fn draw(&self, heat_mw: f64, design_mw: f64) -> Draw {
        if design_mw <= 0.0 {
            return Draw::default();
        }
        let share = (heat_mw / design_mw).clamp(0.0, self.max_heat_share);
        let per_design = match &self.duty {
            Duty::Air(duty) => duty.draw(share),
            Duty::DirectToChip(duty) => duty.draw(share),
            Duty::Chiller(duty) => duty.draw(share),
            Duty::Economiser(duty) => duty.draw(share),
            Duty::ChilledWater(duty) => duty.draw(share),
            Duty::DryLoop(duty) => duty.draw(share),
        };
        Draw {
            power_mw: per_design.power_mw * design_mw,
            water_m3_per_h: per_design.water_m3_per_h * design_mw,
        }
    }
}

/// Power of variable-speed fans at a share of full flow: the cube law above a floor that keeps air moving.
#[inline]
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
            day_of_year: 200,
        }
    }

    /// The plant's own PUE: 1 + its power over IT, at full load or the most that the hour allows.
    pub(crate) fn plant_pue(plant: &Plant, weather: &WeatherHour) -> f64 {
        let hour = plant.hour(weather);
        1.0 + hour.draw(hour.max_heat_share, 1.0).power_mw / hour.max_heat_share
    }

    pub(crate) fn defaults() -> Vec<Plant> {
        let specs = [
            CoolingSpec::EvaporativeWall(EvaporativeWallSpec::default()),
            CoolingSpec::AirCooled(AirCooledSpec::default()),
            CoolingSpec::DirectToChipDry(DirectToChipDrySpec::default()),
            CoolingSpec::AirCooledChiller(AirCooledChillerSpec::default()),
            CoolingSpec::AdiabaticEconomiser(AdiabaticEconomiserSpec::default()),
            CoolingSpec::WaterSideEconomiser(WaterSideEconomiserSpec::default()),
            CoolingSpec::Dx(DxSpec::default()),
            CoolingSpec::RearDoor(RearDoorSpec::default()),
            CoolingSpec::DirectToChipAdiabatic(DirectToChipAdiabaticSpec::default()),
            CoolingSpec::Immersion(ImmersionSpec::default()),
            CoolingSpec::Immersion(ImmersionSpec {
                pads: Some(pads::PadsSpec::default()),
                ..ImmersionSpec::default()
            }),
            CoolingSpec::SeaWater(SeaWaterSpec::default()),
        ];
        specs.into_iter().map(Plant::new).collect()
    }

    /// Whole plants, and the same with a quarter of their units out.
    fn whole_and_crippled() -> Vec<Plant> {
        let whole = defaults();
        let crippled = whole
            .iter()
            .map(|plant| plant.clone().with_units_out(plant.units() / 4, 0));
        whole.iter().cloned().chain(crippled).collect()
    }

    #[test]
    fn spares_stand_in_for_units_that_fail_and_a_plant_without_units_cools_nothing() {
        for plant in defaults() {
            for dry in [-5.0, 20.0, 36.0, 44.0] {
                let weather = air(dry, 0.3);
                let whole = plant.hour(&weather);
                assert_eq!(plant.clone().with_units_out(0, 3).hour(&weather), whole);
                assert_eq!(plant.clone().with_units_out(2, 2).hour(&weather), whole);
                let mut last = whole.max_heat_share;
                for out in 1..=plant.units() {
                    let hour = plant.clone().with_units_out(out, 0).hour(&weather);
                    assert!(
                        hour.max_heat_share <= last + 1e-12,
                        "{} {dry} {out}",
                        plant.kind()
                    );
                    last = hour.max_heat_share;
                }
                assert_eq!(last, 0.0, "{} {dry}", plant.kind());
                let none = plant.clone().with_units_out(u32::MAX, 1).hour(&weather);
                assert_eq!(none.draw(1.0, 1.0), Draw::default());
            }
        }
    }

    #[test]
    fn hotter_air_never_cools_more_and_never_costs_less() {
        for plant in whole_and_crippled() {
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
        for plant in whole_and_crippled() {
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
        for plant in whole_and_crippled() {
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
