//! Moist air by the equations of the ASHRAE Handbook, Fundamentals (2017), chapter 1, at station pressure.
//!
//! Owns saturation pressure over ice and water, humidity ratio, wet bulb, dew point, enthalpy and density.
//! The wet bulb is the full heat-and-mass balance, not the fit of Stull (2011), which misses by up to 1.8 K
//! at altitude. Valid from -100 to 200 °C; inputs outside are clamped to that range.

use crate::units::{Pressure, Ratio, Temperature};

/// Ratio of the molar masses of water and dry air.
const MOLAR_MASS_RATIO: f64 = 0.621_945;
/// Gas constant of dry air, in J/(kg K).
const DRY_AIR_GAS_CONSTANT: f64 = 287.042;
/// The triple point of water, above which saturation is over liquid, in °C.
const TRIPLE_POINT_C: f64 = 0.01;
/// The coldest air the equations hold for, in °C.
const COLDEST_C: f64 = -100.0;
/// The hottest air the equations hold for, in °C.
const HOTTEST_C: f64 = 200.0;
/// Below this humidity, air counts as this humid: dry air has no dew point.
const DRIEST: f64 = 1e-7;
/// Halvings of the bracket of a root: 300 K / 2^19 is half a millikelvin.
const HALVINGS: u32 = 19;

/// Pressure of water vapour at saturation, over ice below the triple point and over water above it.
pub fn saturation_pressure(temperature: Temperature) -> Pressure {
    Pressure::from_pa(saturation_pa(temperature.as_c()))
}

/// Mass of water vapour per mass of dry air.
pub fn humidity_ratio(dry_bulb: Temperature, relative_humidity: Ratio, pressure: Pressure) -> Ratio {
    let vapour_pa = relative_humidity.as_fraction().clamp(DRIEST, 1.0) * saturation_pa(dry_bulb.as_c());
    Ratio::from_fraction(humidity_ratio_of(vapour_pa, pressure.as_pa()))
}

/// Thermodynamic wet bulb: what air reaches when it is saturated adiabatically.
pub fn wet_bulb(dry_bulb: Temperature, relative_humidity: Ratio, pressure: Pressure) -> Temperature {
    let dry_c = dry_bulb.as_c().clamp(COLDEST_C, HOTTEST_C);
    if relative_humidity.as_fraction() >= 1.0 {
        return Temperature::from_c(dry_c);
    }
    let target = humidity_ratio(dry_bulb, relative_humidity, pressure).as_fraction();
    let excess = |wet_c: f64| humidity_at_wet_bulb(dry_c, wet_c, pressure.as_pa()) - target;
    // Just above 0 °C two wet bulbs may satisfy the balance, over ice and over water; this bracket makes the
    // choice that PsychroLib makes.
    Temperature::from_c(root(
        dew_point_c(dry_c, relative_humidity.as_fraction()),
        dry_c,
        excess,
    ))
}

/// The temperature at which the air's vapour is saturated.
pub fn dew_point(dry_bulb: Temperature, relative_humidity: Ratio) -> Temperature {
    Temperature::from_c(dew_point_c(dry_bulb.as_c(), relative_humidity.as_fraction()))
}

/// Relative humidity from the wet bulb: the inverse of [`wet_bulb`], bounded to 0..1.
pub fn relative_humidity_from_wet_bulb(
    dry_bulb: Temperature,
    wet_bulb: Temperature,
    pressure: Pressure,
) -> Ratio {
    let wet_c = wet_bulb.min(dry_bulb).as_c();
    let humidity = humidity_at_wet_bulb(dry_bulb.as_c(), wet_c, pressure.as_pa()).max(0.0);
    let vapour_pa = pressure.as_pa() * humidity / (MOLAR_MASS_RATIO + humidity);
    Ratio::from_fraction((vapour_pa / saturation_pa(dry_bulb.as_c())).clamp(0.0, 1.0))
}

/// Relative humidity from the dew point, bounded to 0..1.
pub fn relative_humidity_from_dew_point(dry_bulb: Temperature, dew_point: Temperature) -> Ratio {
    let share = saturation_pa(dew_point.as_c()) / saturation_pa(dry_bulb.as_c());
    Ratio::from_fraction(share.clamp(0.0, 1.0))
}

/// Enthalpy of moist air per kilogram of dry air, in J/kg, zero for dry air at 0 °C.
pub fn enthalpy_j_per_kg(dry_bulb: Temperature, humidity_ratio: Ratio) -> f64 {
    let t = dry_bulb.as_c();
    (1.006 * t + humidity_ratio.as_fraction() * (2_501.0 + 1.86 * t)) * 1e3
}

/// Density of moist air, in kg/m³.
pub fn density_kg_per_m3(dry_bulb: Temperature, humidity_ratio: Ratio, pressure: Pressure) -> f64 {
    let w = humidity_ratio.as_fraction();
    let volume = DRY_AIR_GAS_CONSTANT * (dry_bulb.as_c() + 273.15) * (1.0 + 1.607_858 * w) / pressure.as_pa();
    (1.0 + w) / volume
}

/// Pressure of the standard atmosphere at an altitude above sea level, in metres (ASHRAE equation 3).
pub fn standard_pressure(altitude_m: f64) -> Pressure {
    let base: f64 = 1.0 - 2.255_77e-5 * altitude_m.clamp(-5_000.0, 11_000.0);
    Pressure::from_pa(101_325.0 * base.powf(5.255_9))
}

/// ASHRAE equations 5 (ice) and 6 (water).
fn saturation_pa(temperature_c: f64) -> f64 {
    let c = temperature_c.clamp(COLDEST_C, HOTTEST_C);
    let t = c + 273.15;
    let ln = if c <= TRIPLE_POINT_C {
        -5.674_535_9e3 / t + 6.392_524_7 - 9.677_843e-3 * t
            + 6.221_570_1e-7 * t.powi(2)
            + 2.074_782_5e-9 * t.powi(3)
            - 9.484_024e-13 * t.powi(4)
            + 4.163_501_9 * t.ln()
    } else {
        -5.800_220_6e3 / t + 1.391_499_3 - 4.864_023_9e-2 * t + 4.176_476_8e-5 * t.powi(2)
            - 1.445_209_3e-8 * t.powi(3)
            + 6.545_967_3 * t.ln()
    };
    ln.exp()
}

/// ASHRAE equation 20; where vapour would fill the whole pressure, air is held just below it.
fn humidity_ratio_of(vapour_pa: f64, pressure_pa: f64) -> f64 {
    MOLAR_MASS_RATIO * vapour_pa / (pressure_pa - vapour_pa).max(pressure_pa * 1e-6)
}

/// ASHRAE equations 33 (water) and 35 (ice): the humidity ratio of air with this wet bulb.
fn humidity_at_wet_bulb(dry_c: f64, wet_c: f64, pressure_pa: f64) -> f64 {
    let saturated = humidity_ratio_of(saturation_pa(wet_c), pressure_pa);
    let cooled = 1.006 * (dry_c - wet_c);
    if wet_c >= 0.0 {
        ((2_501.0 - 2.326 * wet_c) * saturated - cooled) / (2_501.0 + 1.86 * dry_c - 4.186 * wet_c)
    } else {
        ((2_830.0 - 0.24 * wet_c) * saturated - cooled) / (2_830.0 + 1.86 * dry_c - 2.1 * wet_c)
    }
}

fn dew_point_c(dry_c: f64, relative_humidity: f64) -> f64 {
    let dry_c = dry_c.clamp(COLDEST_C, HOTTEST_C);
    let vapour_pa = relative_humidity.clamp(DRIEST, 1.0) * saturation_pa(dry_c);
    root(COLDEST_C, dry_c, |c| saturation_pa(c) - vapour_pa)
}

/// Where an increasing `excess` turns positive between `low` and `high`: halved to a millikelvin, then by the
/// chord, which leaves far less than a microkelvin. Robust where the function jumps, as it does at 0 °C between
/// ice and water.
fn root(low: f64, high: f64, excess: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if excess(middle) > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    let (below, above) = (excess(low), excess(high));
    if below <= 0.0 && above >= 0.0 && below < above {
        low - below * (high - low) / (above - below)
    } else {
        0.5 * (low + high)
    }
}

#[cfg(test)]
#[expect(
    clippy::unreadable_literal,
    reason = "reference figures keep the form of their tool"
)]
mod tests {
    use super::*;

    /// `PsychroLib` 2.5.0: pressure, dry bulb, humidity; wet bulb, dew point, humidity ratio, enthalpy, density.
    const REFERENCE: [[f64; 8]; 22] = [
        [
            101325.0,
            -10.0,
            0.4,
            -11.972385934815946,
            -19.929504119227058,
            0.0006387813805223148,
            -8474.289100991406,
            1.3409089809035728,
        ],
        [
            101325.0,
            -10.0,
            1.0,
            -10.0,
            -10.0,
            0.0015994175232096712,
            -6089.605940384312,
            1.3401284904162485,
        ],
        [
            101325.0,
            0.0,
            1.0,
            0.0,
            0.0,
            0.0037740978140002553,
            9439.01863281464,
            1.2893728379365863,
        ],
        [
            101325.0,
            5.0,
            0.4,
            0.5767300225350137,
            -6.637230880897043,
            0.0021495748831349363,
            10426.077829133632,
            1.2674365348566763,
        ],
        [
            101325.0,
            15.0,
            0.4,
            8.480841168506844,
            1.521559934988472,
            0.004215679644970208,
            25751.032254165162,
            1.2219283189477825,
        ],
        [
            101325.0,
            20.0,
            1.0,
            20.0,
            20.0,
            0.01469505164977836,
            57418.98009746743,
            1.193644057508061,
        ],
        [
            101325.0,
            30.0,
            0.4,
            20.06402672897992,
            14.935826949299681,
            0.010602781187021928,
            57289.19093897767,
            1.1570516103844375,
        ],
        [
            101325.0,
            35.0,
            1.0,
            35.0,
            35.0,
            0.03657572924756273,
            129066.97882217071,
            1.121482697066145,
        ],
        [
            101325.0,
            45.0,
            0.4,
            31.761185259103193,
            28.248335434143353,
            0.02448085014247931,
            108545.65336326626,
            1.0936449710412415,
        ],
        [
            98357.52222104806,
            -10.0,
            1.0,
            -10.0,
            -10.0,
            0.0016478003075274246,
            -5969.500516593921,
            1.3008424142927015,
        ],
        [
            98357.52222104806,
            5.0,
            0.4,
            0.4993094801755301,
            -6.637230880897043,
            0.002214659175887257,
            10589.458929229782,
            1.2302690679074497,
        ],
        [
            98357.52222104806,
            15.0,
            1.0,
            15.0,
            15.0,
            0.010974360713999737,
            42843.06080963394,
            1.1813735840832822,
        ],
        [
            98357.52222104806,
            25.0,
            0.4,
            16.115120556430522,
            10.475693209933418,
            0.008120637241469247,
            45837.32337264291,
            1.1436839180616578,
        ],
        [
            98357.52222104806,
            30.0,
            1.0,
            30.0,
            30.0,
            0.028060306179013807,
            101924.5908385025,
            1.1118808333103671,
        ],
        [
            98357.52222104806,
            40.0,
            0.4,
            27.74664270230393,
            23.822151902538188,
            0.01925327819563606,
            89824.89266504112,
            1.081811207283913,
        ],
        [
            98357.52222104806,
            45.0,
            1.0,
            45.0,
            45.0,
            0.06721683174901265,
            219005.34502167298,
            1.0373221869605105,
        ],
        [
            84555.93231143203,
            0.0,
            0.4,
            -4.007714445638127,
            -10.688108322183622,
            0.0018033318772236431,
            4510.133024936332,
            1.0772648424891884,
        ],
        [
            84555.93231143203,
            5.0,
            1.0,
            5.0,
            5.0,
            0.006484421236779722,
            21307.842630688137,
            1.0549262588182227,
        ],
        [
            84555.93231143203,
            20.0,
            0.4,
            11.786986646801921,
            6.004263271226032,
            0.006958144561979385,
            37781.162527216075,
            1.0006642253003541,
        ],
        [
            84555.93231143203,
            25.0,
            1.0,
            25.0,
            25.0,
            0.024218673983199702,
            86847.07197220123,
            0.9740157174161136,
        ],
        [
            84555.93231143203,
            35.0,
            0.4,
            23.403333613328407,
            19.38464909971421,
            0.017010886232202396,
            78861.63516045456,
            0.9463312437365455,
        ],
        [
            84555.93231143203,
            40.0,
            1.0,
            40.0,
            40.0,
            0.05950445668362149,
            193487.7777429988,
            0.9096354280092923,
        ],
    ];

    fn c(value: f64) -> Temperature {
        Temperature::from_c(value)
    }

    #[test]
    fn the_six_properties_agree_with_psychrolib_at_three_altitudes() {
        for row in REFERENCE {
            let [pa, dry, rh, wet, dew, ratio, enthalpy, density] = row;
            let (pressure, humidity) = (Pressure::from_pa(pa), Ratio::from_fraction(rh));
            let w = humidity_ratio(c(dry), humidity, pressure);
            assert!(
                (wet_bulb(c(dry), humidity, pressure).as_c() - wet).abs() < 0.002,
                "{row:?}"
            );
            assert!(
                (dew_point(c(dry), humidity).as_c() - dew).abs() < 0.002,
                "{row:?}"
            );
            assert!((w.as_fraction() / ratio - 1.0).abs() < 1e-9, "{row:?}");
            assert!((enthalpy_j_per_kg(c(dry), w) - enthalpy).abs() < 1e-3, "{row:?}");
            assert!(
                (density_kg_per_m3(c(dry), w, pressure) / density - 1.0).abs() < 1e-9,
                "{row:?}"
            );
        }
    }

    #[test]
    fn humidity_reads_back_from_wet_bulb_and_from_dew_point() {
        for row in REFERENCE {
            let [pa, dry, rh, ..] = row;
            let (pressure, humidity) = (Pressure::from_pa(pa), Ratio::from_fraction(rh));
            let wet = wet_bulb(c(dry), humidity, pressure);
            let back = relative_humidity_from_wet_bulb(c(dry), wet, pressure);
            assert!((back.as_fraction() - rh).abs() < 1e-6, "{row:?}: {back:?}");
            let back = relative_humidity_from_dew_point(c(dry), dew_point(c(dry), humidity));
            assert!((back.as_fraction() - rh).abs() < 1e-6, "{row:?}: {back:?}");
        }
    }

    #[test]
    fn wet_bulb_lies_between_dew_point_and_dry_bulb_and_rises_with_both() {
        let pressure = standard_pressure(1_000.0);
        for dry in -30..50 {
            let mut last = f64::NEG_INFINITY;
            for percent in 0..=100 {
                let humidity = Ratio::from_percent(f64::from(percent));
                let wet = wet_bulb(c(f64::from(dry)), humidity, pressure).as_c();
                assert!(
                    wet <= f64::from(dry) + 1e-9
                        && wet >= dew_point(c(f64::from(dry)), humidity).as_c() - 1e-9
                );
                assert!(wet >= last - 1e-9, "{dry} {percent}");
                last = wet;
            }
        }
    }

    #[test]
    fn standard_pressure_and_hostile_inputs() {
        assert!((standard_pressure(250.0).as_pa() - 98_357.522).abs() < 0.01);
        assert!((standard_pressure(1_500.0).as_pa() - 84_555.932).abs() < 0.01);
        for (dry, rh, pa) in [
            (1e9, 0.5, 101_325.0),
            (-1e9, 0.5, 101_325.0),
            (90.0, 1.0, 20_000.0),
            (20.0, -3.0, 9e4),
        ] {
            let wet = wet_bulb(c(dry), Ratio::from_fraction(rh), Pressure::from_pa(pa));
            assert!(wet.is_finite(), "{dry} {rh} {pa}");
        }
    }
}
