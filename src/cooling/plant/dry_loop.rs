//! Facility water held at its limit by dry coolers, wetted or not, with a chiller in series: an element of plants.

use super::chiller::ChillerHour;
use super::pads::Wetting;
use super::{Draw, fan_power};

/// Lowest flow of dry-cooler fans, as a share.
const FLOW_FLOOR: f64 = 0.2;

/// An hour of the loop, per unit of its design heat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DryLoop {
    /// The greatest heat that the coolers take at full flow.
    dry_most: f64,
    /// Flow of their air per heat, both as shares; infinite where they take none.
    flow_per_heat: f64,
    /// Power of their fans at full flow.
    fan_full: f64,
    /// Power of pumps, and of whatever else follows the heat, per heat.
    pump: f64,
    /// The chillers that take what the coolers leave.
    trim: ChillerHour,
    /// Water and pump of wetted pads.
    wetting: Wetting,
}

impl DryLoop {
    /// Coolers that would take a heat at full flow, with the power of their fans at that flow.
    pub(super) fn new(dry_cooler: f64, fan_full: f64) -> Self {
        Self {
            dry_most: dry_cooler.min(1.0),
            flow_per_heat: dry_cooler.recip(),
            fan_full,
            pump: 0.0,
            trim: ChillerHour::NONE,
            wetting: Wetting::default(),
        }
    }

    /// With pumps, or whatever else follows the heat, of a power per heat.
    pub(super) fn pumped(self, pump: f64) -> Self {
        Self { pump, ..self }
    }

    /// With chillers in series.
    pub(super) fn trimmed(self, trim: ChillerHour) -> Self {
        Self { trim, ..self }
    }

    /// With pads before the coolers.
    pub(super) fn wetted(self, wetting: Wetting) -> Self {
        Self { wetting, ..self }
    }

    /// The greatest heat.
    pub(super) fn max(&self) -> f64 {
        (self.dry_most + self.trim.capacity).clamp(0.0, 1.0)
    }

    /// Fans run as slowly as holds the water at its limit, pads wet the air that they draw; pumps follow the heat.
    #[inline]
    pub(super) fn draw(&self, share: f64) -> Draw {
        if share <= 0.0 {
            return Draw::default();
        }
        let flow = (share * self.flow_per_heat).clamp(FLOW_FLOOR, 1.0);
        let fans = fan_power(self.fan_full, flow, FLOW_FLOOR);
        let chiller = self.trim.power(share - self.dry_most);
        Draw {
            power_mw: fans + self.pump * share + chiller + self.wetting.power * flow,
            water_m3_per_h: self.wetting.water_m3_per_h * flow,
        }
    }
}
