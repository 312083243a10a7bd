//! Quantities with their unit in the type: one canonical unit inside, constructors and getters that name it.
//!
//! Owns the newtypes and the products between them that physics and bills need. Does not own times
//! (see [`crate::time`]) or calendars.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use crate::time::Span;

/// Declares a quantity newtype over `f64` with linear arithmetic; the last arguments name the canonical unit.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $from:ident, $as:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0.0);
            /// From the canonical unit, which the name states.
            pub const fn $from(value: f64) -> Self { Self(value) }
            /// In the canonical unit, which the name states.
            pub const fn $as(self) -> f64 { self.0 }
            /// The smaller of two.
            #[must_use] pub const fn min(self, other: Self) -> Self { Self(self.0.min(other.0)) }
            /// The larger of two.
            #[must_use] pub const fn max(self, other: Self) -> Self { Self(self.0.max(other.0)) }
            /// The magnitude.
            #[must_use] pub const fn abs(self) -> Self { Self(self.0.abs()) }
            /// Neither infinite nor not-a-number.
            pub const fn is_finite(self) -> bool { self.0.is_finite() }
        }
        impl Add for $name { type Output = Self; fn add(self, o: Self) -> Self { Self(self.0 + o.0) } }
        impl Sub for $name { type Output = Self; fn sub(self, o: Self) -> Self { Self(self.0 - o.0) } }
        impl Neg for $name { type Output = Self; fn neg(self) -> Self { Self(-self.0) } }
        impl AddAssign for $name { fn add_assign(&mut self, o: Self) { self.0 += o.0; } }
        impl SubAssign for $name { fn sub_assign(&mut self, o: Self) { self.0 -= o.0; } }
        impl Mul<f64> for $name { type Output = Self; fn mul(self, k: f64) -> Self { Self(self.0 * k) } }
        impl Mul<$name> for f64 { type Output = $name; fn mul(self, q: $name) -> $name { $name(self * q.0) } }
        impl Div<f64> for $name { type Output = Self; fn div(self, k: f64) -> Self { Self(self.0 / k) } }
        impl Div for $name { type Output = f64; fn div(self, o: Self) -> f64 { self.0 / o.0 } }
        impl Sum for $name { fn sum<I: Iterator<Item = Self>>(it: I) -> Self { Self(it.map(|q| q.0).sum()) } }
    };
}

quantity!(/// Electrical or thermal power, in megawatts.
    Power, from_mw, as_mw);
quantity!(/// Energy, in megawatt-hours.
    Energy, from_mwh, as_mwh);
quantity!(/// Nominal US dollars; money in is positive.
    Money, from_usd, as_usd);
quantity!(/// Price of energy, in US dollars per megawatt-hour; may be negative.
    EnergyPrice, from_usd_per_mwh, as_usd_per_mwh);
quantity!(/// Temperature or temperature difference, in degrees Celsius (kelvin for differences).
    Temperature, from_c, as_c);
quantity!(/// Pressure, in pascals.
    Pressure, from_pa, as_pa);
quantity!(/// Volume of water, in cubic metres.
    Volume, from_m3, as_m3);
quantity!(/// A dimensionless share or ratio; 1 is the whole.
    Ratio, from_fraction, as_fraction);

impl Power {
    /// From kilowatts.
    pub const fn from_kw(kw: f64) -> Self {
        Self(kw * 1e-3)
    }
    /// In kilowatts.
    pub const fn as_kw(self) -> f64 {
        self.0 * 1e3
    }
}

impl Energy {
    /// In kilowatt-hours.
    pub const fn as_kwh(self) -> f64 {
        self.0 * 1e3
    }
    /// The constant power that gives this energy over `span`; zero where the span is empty.
    pub fn mean_power(self, span: Span) -> Power {
        if span.is_zero() {
            Power::ZERO
        } else {
            Power(self.0 / span.as_hours())
        }
    }
}

impl Ratio {
    /// From percent.
    pub const fn from_percent(percent: f64) -> Self {
        Self(percent / 100.0)
    }
    /// In percent.
    pub const fn as_percent(self) -> f64 {
        self.0 * 100.0
    }
}

impl Mul<Span> for Power {
    type Output = Energy;
    fn mul(self, span: Span) -> Energy {
        Energy(self.0 * span.as_hours())
    }
}

impl Mul<EnergyPrice> for Energy {
    type Output = Money;
    fn mul(self, price: EnergyPrice) -> Money {
        Money(self.0 * price.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_over_a_span_is_energy_and_energy_at_a_price_is_money() {
        let energy = Power::from_kw(2_500.0) * Span::from_hours(4);
        assert_eq!(energy.as_mwh(), 10.0);
        assert_eq!((energy * EnergyPrice::from_usd_per_mwh(-3.0)).as_usd(), -30.0);
        assert_eq!(energy.mean_power(Span::from_hours(4)), Power::from_mw(2.5));
        assert_eq!(energy.mean_power(Span::ZERO), Power::ZERO);
    }
}
