//! The week of prices on which bounds were computed by linear and integer programmes (scipy, `HiGHS`).

/// Capacity of the flexible load, MW.
pub(super) const CAPACITY_MW: f64 = 10.0;
/// What a megawatt-hour earns, USD.
pub(super) const WORTH: f64 = 58.0;

/// `45 + 25 sin(2 pi (h - 9) / 24) + 8 sin(2 pi h / 168)` USD/MWh, 900 more where `h mod 61 = 17` and 60 less where
/// `h mod 47 = 3`.
pub(super) fn prices() -> Vec<f64> {
    let wave = |at: f64, period: f64| (std::f64::consts::TAU * at / period).sin();
    let price = |h: i32| {
        let spike = if h % 61 == 17 { 900.0 } else { 0.0 } - if h % 47 == 3 { 60.0 } else { 0.0 };
        45.0 + 25.0 * wave(f64::from(h - 9), 24.0) + 8.0 * wave(f64::from(h), 168.0) + spike
    };
    (0..168).map(price).collect()
}
