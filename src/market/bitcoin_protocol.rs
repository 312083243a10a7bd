//! The arithmetic of the bitcoin protocol: what hashes, difficulty and height mean. No state, no randomness.

use jiff::civil::Date;

use crate::time::{Calendar, SimTime};

/// Hashes for one unit of difficulty: 2^32.
pub(super) const HASHES_PER_DIFFICULTY: f64 = 4_294_967_296.0;
/// Hashes of one petahash a second in a day.
const PH_DAY_HASHES: f64 = 1e15 * 86_400.0;
/// Blocks from halving to halving.
pub const BLOCKS_PER_HALVING: f64 = 210_000.0;
/// Blocks from retarget to retarget.
pub(super) const BLOCKS_PER_RETARGET: f64 = 2_016.0;
/// Blocks a day at the target of ten minutes.
pub const BLOCKS_PER_DAY: f64 = 144.0;
/// Known heights at the first instant of UTC days: the halvings (the protocol's 210,000 blocks) and 1 January 2026
/// (first block of the day by the public block count).
const HEIGHTS: [(i16, i8, i8, f64); 6] = [
    (2009, 1, 3, 0.0),
    (2012, 11, 28, 210_000.0),
    (2016, 7, 9, 420_000.0),
    (2020, 5, 11, 630_000.0),
    (2024, 4, 20, 840_000.0),
    (2026, 1, 1, 930_341.0),
];

/// Bitcoin mined by one petahash a second in a day.
pub fn btc_per_ph_day(difficulty: f64, subsidy_btc: f64, fee_share: f64) -> f64 {
    PH_DAY_HASHES / (difficulty * HASHES_PER_DIFFICULTY) * subsidy_btc * (1.0 + fee_share)
}

/// Hashes a second that a difficulty means at ten minutes a block.
pub fn hashrate_of_difficulty(difficulty: f64) -> f64 {
    difficulty * HASHES_PER_DIFFICULTY / 600.0
}

/// Difficulty that a hashrate (hashes a second) means at ten minutes a block.
pub fn difficulty_of_hashrate(hashes_per_s: f64) -> f64 {
    hashes_per_s * 600.0 / HASHES_PER_DIFFICULTY
}

/// Bitcoin that a block at this height brings, without fees.
pub fn subsidy_btc(height: f64) -> f64 {
    let halvings = (height / BLOCKS_PER_HALVING).floor().clamp(0.0, 63.0) as i32;
    50.0 * 0.5_f64.powi(halvings)
}

/// About the height of the chain: between known heights by the day, after them by ten minutes a block.
pub fn height_at(time: SimTime) -> f64 {
    let known = HEIGHTS.map(|(y, m, d, height)| (utc_day(y, m, d), height));
    let next = known.partition_point(|(at, _)| *at <= time);
    match (next.checked_sub(1).map(|i| known[i]), known.get(next)) {
        (None, _) => 0.0,
        (Some((at, height)), None) => height + BLOCKS_PER_DAY * (time - at).as_days(),
        (Some((a, low)), Some((b, high))) => low + (high - low) * (time - a).as_days() / (*b - a).as_days(),
    }
}

pub(super) fn utc_day(year: i16, month: i8, day: i8) -> SimTime {
    let date = Date::constant(year, month, day);
    Calendar::utc().start_of(date).expect("UTC has every midnight")
}
