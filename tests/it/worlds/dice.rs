//! Seeded choices, and small help for building trees.

use jiff::ToSpan;
use jiff::civil::Date;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Choices from a seed.
pub(crate) struct Dice {
    rng: ChaCha8Rng,
}

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }
    /// True so often, in percent.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }
    pub(crate) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.rng.random_range(0..among.len())]
    }
    pub(crate) fn name(&mut self, among: &[String]) -> String {
        among[self.rng.random_range(0..among.len())].clone()
    }
    pub(crate) fn int(&mut self, low: u32, high: u32) -> u32 {
        self.rng.random_range(low..=high)
    }
    /// To three places; every tenth time an end of the range.
    pub(crate) fn real(&mut self, low: f64, high: f64) -> f64 {
        match self.rng.random_range(0..20) {
            0 => low,
            1 => high,
            _ => (self.rng.random_range(low..=high) * 1e3).round() / 1e3,
        }
    }
    /// Adds a key so often, in percent.
    pub(crate) fn maybe(
        &mut self,
        percent: u32,
        to: &mut Value,
        key: &str,
        value: impl FnOnce(&mut Self) -> Value,
    ) {
        if self.chance(percent) {
            let value = value(self);
            put(to, key, value);
        }
    }
    /// A range of two ordered figures.
    pub(crate) fn ordered(&mut self, low: f64, high: f64) -> (f64, f64) {
        let (a, b) = (self.real(low, high), self.real(low, high));
        (a.min(b), a.max(b))
    }
    /// Any distribution over a range; a spread of zero is one of the odd corners.
    pub(crate) fn distribution(&mut self, low: f64, high: f64) -> Value {
        let (a, b) = self.ordered(low, high);
        let b = b.max(a + 1e-3);
        let mode = self.real(a, b).clamp(a, b);
        match self.int(0, 5) {
            0 => json!({"fixed": {"value": mode}}),
            1 => json!({"triangular": {"low": a, "mode": mode, "high": b}}),
            2 => json!({"pert": {"low": a, "mode": mode, "high": b}}),
            3 => json!({"discrete": {"values": [a, b], "probabilities": [0.25, 0.75]}}),
            4 => json!({"empirical": {"values": [a, mode, b]}}),
            _ => json!({"uniform": {"low": a, "high": b}}),
        }
    }
}

/// Sets a key of an object.
pub(crate) fn put(to: &mut Value, key: &str, value: Value) {
    let object = to.as_object_mut().expect("keys are put into objects");
    object.insert(key.to_owned(), value);
}

/// When a world is simulated.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: Date,
    pub(crate) years: u32,
}

impl Span {
    /// A day within, odd days of the calendar often among them.
    pub(crate) fn day(self, dice: &mut Dice) -> Date {
        let days = 365 * self.years;
        if dice.chance(25) {
            let odd = [
                (2027, 3, 14),
                (2027, 10, 31),
                (2028, 2, 29),
                (2028, 3, 12),
                (2027, 12, 31),
                (2028, 1, 1),
            ];
            let (year, month, day) = dice.pick(&odd);
            let day = jiff::civil::date(year, month, day);
            if day >= self.start && day < self.start + i64::from(days).days() {
                return day;
            }
        }
        let after = dice.pick(&[0, dice_day(days, 1), dice_day(days, 2), dice_day(days, 3)]);
        let spread = dice.int(0, days / 4);
        self.start + i64::from((after + spread).min(days - 1)).days()
    }
    pub(crate) fn text(self, dice: &mut Dice) -> String {
        self.day(dice).to_string()
    }
}

fn dice_day(days: u32, quarter: u32) -> u32 {
    days * quarter / 4
}
