//! Air and water, against the reference implementation of psychrometrics.

use super::{Claim, Tolerance};
use crate::cooling::psychrometrics::wet_bulb;
use crate::units::{Pressure, Ratio, Temperature};

/// Wet bulbs at points where simple formulas fail: below freezing, hot and dry, and at altitude.
pub(super) fn claims() -> Vec<Claim> {
    let point = |id, what, (dry_bulb_c, humidity, pressure_pa), expected| Claim {
        id,
        what,
        unit: "°C",
        expected,
        got: wet_bulb(
            Temperature::from_c(dry_bulb_c),
            Ratio::from_fraction(humidity),
            Pressure::from_pa(pressure_pa),
        )
        .as_c(),
        tolerance: Tolerance::Absolute(0.005),
        source: "PsychroLib 2.5",
    };
    vec![
        point(
            "WB-cold",
            "wet bulb at -10 °C and 80 %, sea level",
            (-10.0, 0.8, 101_325.0),
            -10.648_220_893_503_77,
        ),
        point(
            "WB-hot",
            "wet bulb at 35 °C and 40 %, sea level",
            (35.0, 0.4, 101_325.0),
            23.934_202_171_156_73,
        ),
        point(
            "WB-high",
            "wet bulb at 35 °C and 20 %, 1,500 m",
            (35.0, 0.2, 84_555.932_311_432_03),
            17.921_144_337_998_71,
        ),
    ]
}
