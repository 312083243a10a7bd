//! The PUE model of Lei and Masanet (2020), Energy 201, 117556: a reference beside our own plants.
//!
//! Its three plants, each with a chiller: a water-side and an air-side economiser with towers, and a water-side
//! economiser on sea water, at steady state and full load. The symbols and constants are those of the authors' open tool, its own saturation pressure
//! included, so that its published answers come out to the last digits. Hourly simulation does not use it.

/// Outdoor air.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outdoor {
    /// Dry bulb, in degrees Celsius.
    pub dry_bulb_c: f64,
    /// Relative humidity, from 0 to 1.
    pub relative_humidity: f64,
    /// Pressure, in pascals.
    pub pressure_pa: f64,
}

/// Pressure rise and efficiency of a fan or pump.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mover {
    /// Pressure rise, in pascals.
    pub pressure_pa: f64,
    /// Power of the fluid over electrical power.
    pub efficiency: f64,
}

/// What both plants share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Common {
    /// Output over input of the UPS.
    pub ups_efficiency: f64,
    /// Share lost in power distribution.
    pub power_distribution_loss: f64,
    /// Lighting over IT power.
    pub lighting_fraction: f64,
    /// Rise of air through the machines, in kelvin.
    pub air_dt_k: f64,
    /// Rise of chilled water, in kelvin.
    pub water_dt_k: f64,
    /// Rise of tower water, in kelvin.
    pub tower_dt_k: f64,
    /// Fans of the hall.
    pub fan: Mover,
    /// Fans of the tower.
    pub tower_fan: Mover,
    /// Pump of the humidifier.
    pub humidifier: Mover,
    /// Pump of chilled water.
    pub chilled_water_pump: Mover,
    /// Pump of tower water.
    pub tower_pump: Mover,
    /// Tower water above wet bulb, in kelvin.
    pub tower_approach_k: f64,
    /// Load of the chiller as its efficiency sees it, as a share.
    pub chiller_load: f64,
    /// Relative correction of the chiller's coefficient of performance.
    pub chiller_cop_correction: f64,
    /// Water over air in the tower, by mass.
    pub tower_liquid_to_gas: f64,
}

/// A water-side economiser.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WaterSide {
    /// What both plants share.
    pub common: Common,
    /// Supply air, in degrees Celsius.
    pub supply_air_c: f64,
    /// Pump of the economiser.
    pub economiser_pump: Mover,
    /// Facility water above tower water, in kelvin.
    pub heat_exchanger_approach_k: f64,
    /// Effectiveness of heat transfer in the air handlers.
    pub air_handler_effectiveness: f64,
    /// Sensible over total heat.
    pub sensible_heat_ratio: f64,
}

/// A water-side economiser on sea water. Of the plant's tower nothing is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeaWater {
    /// The hall's side.
    pub plant: WaterSide,
    /// Rise of sea water, in kelvin.
    pub sea_dt_k: f64,
    /// Pump of sea water.
    pub sea_pump: Mover,
}

/// An air-side economiser.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AirSide {
    /// What both plants share.
    pub common: Common,
    /// Lowest and highest supply air, in degrees Celsius.
    pub supply_c: (f64, f64),
    /// Lowest and highest dew point, in degrees Celsius.
    pub dew_point_c: (f64, f64),
    /// Lowest and highest relative humidity.
    pub relative_humidity: (f64, f64),
}

/// Vapour over dry air, by molar mass.
const MOLAR_MASS_RATIO: f64 = 0.621_98;
/// Heat capacity of water, in kJ/(kg K).
const WATER_HEAT: f64 = 4.2;
/// Heat capacity of air, in kJ/(kg K).
const AIR_HEAT: f64 = 1.01;

fn saturation_pa(temperature_c: f64, scale: f64) -> f64 {
    scale * (((18.678 - temperature_c / 234.5) * temperature_c) / (temperature_c + 257.14)).exp()
}

/// Enthalpy of air of a temperature and humidity ratio (kg/kg), in kJ/kg.
fn enthalpy(temperature_c: f64, ratio: f64) -> f64 {
    AIR_HEAT * temperature_c + (2_500.0 + 1.84 * temperature_c) * ratio
}

fn wet_bulb_c(air: &Outdoor) -> f64 {
    let ratio = |vapour_pa: f64| MOLAR_MASS_RATIO * vapour_pa / (air.pressure_pa - vapour_pa);
    let target = enthalpy(
        air.dry_bulb_c,
        ratio(saturation_pa(air.dry_bulb_c, 611.21) * air.relative_humidity),
    );
    let (mut low, mut high) = (-40.0, air.dry_bulb_c);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if enthalpy(middle, ratio(saturation_pa(middle, 611.2))) > target {
            high = middle;
        } else {
            low = middle;
        }
    }
    0.5 * (low + high)
}

fn air_density(pressure_pa: f64, temperature_c: f64) -> f64 {
    1.293 * (pressure_pa / 101_325.0) * (273.15 / (273.15 + temperature_c))
}

impl Mover {
    /// Power to move air of a mass flow, in kW.
    fn air_kw(&self, kg_per_s: f64, density: f64) -> f64 {
        kg_per_s / density * self.pressure_pa / self.efficiency / 1e3
    }
    /// Power to move water of a mass flow, in kW.
    fn water_kw(&self, kg_per_s: f64) -> f64 {
        self.pressure_pa * kg_per_s / (1e3 * self.efficiency * 1e3)
    }
}

impl Common {
    /// Losses and lighting per unit of IT power.
    fn electrical(&self) -> f64 {
        (1.0 / self.ups_efficiency - 1.0)
            + (1.0 / (1.0 - self.power_distribution_loss) - 1.0)
            + self.lighting_fraction
    }
    fn cop(&self, wet_bulb_c: f64) -> f64 {
        self.cop_at(wet_bulb_c + self.tower_approach_k)
    }
    /// Coefficient of performance with condenser water of a temperature.
    fn cop_at(&self, t: f64) -> f64 {
        let load = self.chiller_load;
        let curve = 16.798_751 + 0.008_840 * t * t - 8.528_931 * load * load + 9.885_294 * load
            - 0.760_621 * t
            + 0.084_615 * load * t;
        curve * (1.0 + self.chiller_cop_correction)
    }
    /// Chiller, its water and the tower: `chilled` of a heat goes through the chiller, `towered` to the tower.
    fn wet_side_kw(&self, chilled: f64, towered: f64, wet_bulb_c: f64, air: &Outdoor) -> f64 {
        let chiller = chilled / self.cop(wet_bulb_c);
        let chilled_water = self
            .chilled_water_pump
            .water_kw(chilled / (WATER_HEAT * self.water_dt_k));
        let tower_water = (towered + chiller) / (WATER_HEAT * self.tower_dt_k);
        let tower_air = tower_water / self.tower_liquid_to_gas;
        let density = air_density(air.pressure_pa, air.dry_bulb_c);
        chiller
            + chilled_water
            + self.tower_pump.water_kw(tower_water)
            + self.tower_fan.air_kw(tower_air, density)
    }
}

impl WaterSide {
    /// Power usage effectiveness with a cooling tower.
    pub fn pue(&self, air: &Outdoor) -> f64 {
        let common = &self.common;
        let wet_bulb = wet_bulb_c(air);
        self.before_the_sink(
            wet_bulb + common.tower_approach_k + self.heat_exchanger_approach_k,
            air.pressure_pa,
            |chilled, cooling| common.wet_side_kw(chilled, cooling, wet_bulb, air),
        )
    }

    /// Everything on the hall's side of the sink, and the sink's own power for (heat by the chiller, all heat);
    /// `from_sink_c` is the facility water that the sink alone would give.
    fn before_the_sink(&self, from_sink_c: f64, pressure_pa: f64, sink_kw: impl Fn(f64, f64) -> f64) -> f64 {
        let common = &self.common;
        let heat = 1.0 + common.electrical();
        let supply_flow = heat / (AIR_HEAT * common.air_dt_k);
        let fans = common
            .fan
            .air_kw(supply_flow, air_density(pressure_pa, self.supply_air_c));
        let cooling = heat / self.sensible_heat_ratio;
        let return_air = self.supply_air_c + common.air_dt_k;
        let supply_water = return_air - common.air_dt_k / self.air_handler_effectiveness;
        let return_water = supply_water + common.water_dt_k;
        let mean = 0.5 * (supply_water + return_water);
        let latent = -0.0013 * mean * mean - 2.3097 * mean + 2_500.5;
        let humidifier = common.humidifier.water_kw((cooling - heat) / latent);
        let free = ((return_water - from_sink_c) / (return_water - supply_water)).clamp(0.0, 1.0);
        let economiser = self
            .economiser_pump
            .water_kw(cooling * free / (WATER_HEAT * common.water_dt_k));
        heat + fans + humidifier + economiser + sink_kw(cooling * (1.0 - free), cooling)
    }
}

impl SeaWater {
    /// Power usage effectiveness at a temperature of the sea: no tower, no wet bulb; the chiller's condenser and the
    /// economiser both meet the sea.
    pub fn pue(&self, sea_c: f64, pressure_pa: f64) -> f64 {
        let common = &self.plant.common;
        self.plant.before_the_sink(
            sea_c + self.plant.heat_exchanger_approach_k,
            pressure_pa,
            |chilled, cooling| {
                let chiller = chilled / common.cop_at(sea_c);
                let chilled_water = common
                    .chilled_water_pump
                    .water_kw(chilled / (WATER_HEAT * common.water_dt_k));
                let sea_water = (cooling + chiller) / (WATER_HEAT * self.sea_dt_k);
                chiller + chilled_water + self.sea_pump.water_kw(sea_water)
            },
        )
    }
}

impl AirSide {
    /// Power usage effectiveness.
    pub fn pue(&self, air: &Outdoor) -> f64 {
        let common = &self.common;
        let heat = 1.0 + common.electrical();
        let supply_c = air.dry_bulb_c.clamp(self.supply_c.0, self.supply_c.1);
        let mixed = self.mix(air, supply_c);
        let returned = mixed.enthalpy + AIR_HEAT * common.air_dt_k;
        let supply_flow = heat / (AIR_HEAT * common.air_dt_k);
        // Air is humidified before it is mixed, so the mixture has the outdoor air's enthalpy.
        let outdoor_flow = if mixed.outdoor {
            supply_flow / (1.0 + mixed.humidified)
        } else {
            0.0
        };
        let fans = common
            .fan
            .air_kw(supply_flow, air_density(air.pressure_pa, supply_c));
        let humidifier = if mixed.outdoor {
            common.humidifier.water_kw(supply_flow - outdoor_flow)
        } else {
            0.0
        };
        let removed = if mixed.outdoor {
            supply_flow * (returned - mixed.enthalpy)
        } else {
            0.0
        };
        let chilled = heat - removed;
        let wet_side = common.wet_side_kw(chilled, chilled, wet_bulb_c(air), air);
        heat + fans + humidifier + wet_side
    }

    /// Outdoor air where its enthalpy allows, recirculated air otherwise.
    fn mix(&self, air: &Outdoor, supply_c: f64) -> Mixed {
        let vapour = saturation_pa(air.dry_bulb_c, 611.21) * air.relative_humidity;
        let outdoor_ratio = 0.622 * vapour / (air.pressure_pa - vapour);
        let outdoor = enthalpy(air.dry_bulb_c, outdoor_ratio);
        let ratio_at = |rh: f64| {
            let vapour = saturation_pa(supply_c, 611.21) * rh;
            MOLAR_MASS_RATIO * vapour / (air.pressure_pa - vapour)
        };
        let along_enthalpy =
            ((outdoor - AIR_HEAT * supply_c) / (2_500.0 + 1.84 * supply_c) - outdoor_ratio).max(0.0);
        // The dry limit of the authors' tool: 27 °C at a dew point of 15 °C, capped at 15 % humidity.
        let dry_limit = enthalpy(27.0, ratio_within(27.0, air.pressure_pa, 15.0, (0.0, 15.0)));
        if outdoor < dry_limit {
            let humidified = if air.dry_bulb_c <= supply_c {
                (ratio_at(0.2) - outdoor_ratio).max(0.0)
            } else {
                along_enthalpy
            };
            return Mixed {
                enthalpy: outdoor,
                humidified,
                outdoor: true,
            };
        }
        if outdoor <= enthalpy(supply_c, ratio_at(0.8)) {
            return Mixed {
                enthalpy: outdoor,
                humidified: along_enthalpy,
                outdoor: true,
            };
        }
        let dew = |c: f64| ratio_within(supply_c, air.pressure_pa, c, self.relative_humidity);
        let middle = 0.5 * (dew(self.dew_point_c.0) + dew(self.dew_point_c.1));
        Mixed {
            enthalpy: enthalpy(supply_c, middle),
            humidified: 0.0,
            outdoor: false,
        }
    }
}

/// Air before the machines.
struct Mixed {
    enthalpy: f64,
    humidified: f64,
    outdoor: bool,
}

/// Humidity ratio of a dew point, held within relative humidities.
fn ratio_within(temperature_c: f64, pressure_pa: f64, dew_point_c: f64, humidity: (f64, f64)) -> f64 {
    let saturated = saturation_pa(temperature_c, 611.21);
    let dew = 611.21 * (dew_point_c * 18.678 / (257.14 + dew_point_c)).exp();
    let vapour = dew.clamp(saturated * humidity.0, saturated * humidity.1);
    MOLAR_MASS_RATIO * vapour / (pressure_pa - vapour)
}

#[cfg(test)]
#[expect(
    clippy::unreadable_literal,
    reason = "published figures keep the form of their source"
)]
mod tests {
    use super::*;

    const MILD: Outdoor = Outdoor {
        dry_bulb_c: 20.0,
        relative_humidity: 0.4,
        pressure_pa: 101_325.0,
    };

    const fn mover(pressure_pa: f64, efficiency: f64) -> Mover {
        Mover {
            pressure_pa,
            efficiency,
        }
    }

    fn water_side() -> WaterSide {
        WaterSide {
            common: Common {
                ups_efficiency: 0.980302734,
                power_distribution_loss: 0.00560546875,
                lighting_fraction: 0.00181445313,
                air_dt_k: 18.8856337,
                water_dt_k: 7.50488281,
                tower_dt_k: 4.13867188,
                fan: mover(416.992188, 0.713720703),
                tower_fan: mover(148.339844, 0.745947266),
                humidifier: mover(6500976.56, 0.674023438),
                chilled_water_pump: mover(171884.552, 0.745117188),
                tower_pump: mover(210534.68, 0.709960938),
                tower_approach_k: 6.50576172,
                chiller_load: 0.224023438,
                chiller_cop_correction: 0.105488281,
                tower_liquid_to_gas: 1.11914062,
            },
            supply_air_c: 27.3671875,
            economiser_pump: mover(156284.191, 0.668945312),
            heat_exchanger_approach_k: 2.29404297,
            air_handler_effectiveness: 0.816601563,
            sensible_heat_ratio: 0.986289063,
        }
    }

    fn air_side() -> AirSide {
        AirSide {
            common: Common {
                air_dt_k: 14.7840712,
                water_dt_k: 6.91894531,
                tower_dt_k: 4.28710938,
                fan: mover(685.058594, 0.829931641),
                tower_fan: mover(203.417969, 0.897802734),
                humidifier: mover(7315820.31, 0.704492187),
                chilled_water_pump: mover(146519.937, 0.790039062),
                tower_pump: mover(212001.82, 0.716601562),
                tower_approach_k: 6.33818359,
                ..water_side().common
            },
            supply_c: (10.3671875, 34.1953125),
            dew_point_c: (-10.4970703, 15.8320312),
            relative_humidity: (0.0901953125, 0.676464844),
        }
    }

    #[test]
    fn the_published_answers_come_out_to_nine_digits() {
        let water = water_side().pue(&MILD);
        assert!((water - 1.0887168184890426).abs() < 1e-9, "{water}");
        let air = air_side().pue(&MILD);
        assert!((air - 1.0746922969797756).abs() < 1e-9, "{air}");
    }

    /// The third published vector, sea water; what the tower would need is not a number, so that nothing reads it.
    fn sea_water() -> SeaWater {
        let no_tower = mover(f64::NAN, f64::NAN);
        SeaWater {
            plant: WaterSide {
                common: Common {
                    ups_efficiency: 0.975556641,
                    power_distribution_loss: 0.0135351562,
                    lighting_fraction: 0.000560546875,
                    air_dt_k: 14.1438802,
                    water_dt_k: 9.49707031,
                    tower_dt_k: f64::NAN,
                    fan: mover(413.867188, 0.671240234),
                    tower_fan: no_tower,
                    humidifier: mover(6656835.94, 0.632226562),
                    chilled_water_pump: mover(136194.518, 0.743945313),
                    tower_pump: no_tower,
                    tower_approach_k: f64::NAN,
                    chiller_load: 0.770117188,
                    chiller_cop_correction: 0.00880859375,
                    tower_liquid_to_gas: f64::NAN,
                },
                supply_air_c: 34.2578125,
                economiser_pump: mover(136980.148, 0.628710937),
                heat_exchanger_approach_k: 2.49814453,
                air_handler_effectiveness: 0.804492187,
                sensible_heat_ratio: 0.971992187,
            },
            sea_dt_k: 7.50488281,
            sea_pump: mover(699398.438, 0.798242188),
        }
    }

    #[test]
    fn the_published_answer_on_sea_water_of_20_degrees_comes_out_to_nine_digits() {
        let pue = sea_water().pue(20.0, 101_325.0);
        assert!((pue - 1.1140761465494835).abs() < 1e-9, "{pue}");
        // A warm sea leaves the economiser nothing: the chiller takes all of the heat.
        assert!(sea_water().pue(45.0, 101_325.0) > pue + 0.1);
    }

    #[test]
    fn the_water_side_case_follows_its_published_shape_over_weather() {
        // An independent implementation: 1.088 at 0 and 10 C, 1.104, 1.230, 1.297, 1.365.
        let at = |dry_bulb_c, relative_humidity| {
            water_side().pue(&Outdoor {
                dry_bulb_c,
                relative_humidity,
                ..MILD
            })
        };
        for (c, rh, pue) in [
            (10.0, 0.6, 1.088),
            (20.0, 0.6, 1.104),
            (30.0, 0.4, 1.230),
            (40.0, 0.2, 1.297),
            (35.0, 0.6, 1.365),
        ] {
            assert!((at(c, rh) - pue).abs() < 0.001, "{c} {rh}: {}", at(c, rh));
        }
    }

    #[test]
    fn the_air_side_case_stays_between_1_073_and_1_079_while_its_economiser_runs() {
        for (dry_bulb_c, relative_humidity) in
            [(0.0, 0.6), (20.0, 0.6), (30.0, 0.4), (35.0, 0.3), (40.0, 0.2)]
        {
            let pue = air_side().pue(&Outdoor {
                dry_bulb_c,
                relative_humidity,
                ..MILD
            });
            assert!((1.072..1.080).contains(&pue), "{dry_bulb_c}: {pue}");
        }
    }
}
