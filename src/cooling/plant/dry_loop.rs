//! Facility water held at its limit by dry coolers, wetted or not, with a chiller in series: an element of plants.

use super::chiller::{ChillerHour, chiller_power};
use super::pads::Wetting;
use super::{Draw, fan_power};

/// Lowest flow of dry-cooler fans, as a share.
const FLOW_FLOOR: f64 = 0.2;

/// An hour of the loop, per unit of its design heat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DryLoop {
    /// Heat that the dry coolers would take at full flow.
    pub(super) dry_cooler: f64,
    /// Flow of their air per heat, both as shares.
    pub(super) flow_per_heat: f64,
    /// Power of their fans at full flow.
    pub(super) fan_full: f64,
    /// Power of pumps, and of whatever else follows the heat, per heat.
    pub(super) pump: f64,
    /// The chiller that takes what the coolers leave.
    pub(super) trim: ChillerHour,
    /// Its nominal capacity.
    pub(super) trim_nominal: f64,
    /// Water and pump of wetted pads.
    pub(super) wetting: Wetting,
}

impl DryLoop {
    /// The greatest heat.
    pub(super) fn max(&self) -> f64 {
        (self.dry_cooler.min(1.0) + self.trim.capacity * self.trim_nominal).clamp(0.0, 1.0)
    }

    /// Fans run as slowly as holds the water at its limit, pads wet the air that they draw; pumps follow the heat.
    #[inline]
    pub(super) fn draw(&self, share: f64) -> Draw {
        if share <= 0.0 {
            return Draw::default();
        }
        let by_dry_cooler = share.min(self.dry_cooler).min(1.0);
        let flow = if self.dry_cooler > 0.0 {
            share * self.flow_per_heat
        } else {
            1.0
        };
        let fans = fan_power(self.fan_full, flow, FLOW_FLOOR);
        let chiller = chiller_power(&self.trim, self.trim_nominal, share - by_dry_cooler);
        let wetted = flow.clamp(FLOW_FLOOR, 1.0);
        Draw {
            power_mw: fans + self.pump * share + chiller + self.wetting.power * wetted,
            water_m3_per_h: self.wetting.water_m3_per_h * wetted,
        }
    }
}
