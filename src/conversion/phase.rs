//! The phases of a hall: one state machine from mining to its new use.

/// What a hall is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HallPhase {
    /// Miners run when it pays.
    Mining,
    /// Miners are off and being taken out.
    WindingDown,
    /// It serves no more, and its systems are being taken out.
    Clearing,
    /// Empty.
    Stripped,
    /// Being built or fitted out.
    Building,
    /// Power is at the hall.
    Energised,
    /// Under test.
    Commissioning,
    /// Racks come in and are burnt in.
    Ramp,
    /// Serves its tenants and jobs.
    Serving,
    /// Let to a tenant who brings the machines.
    Leased,
    /// Sold: no longer the planner's.
    Sold,
    /// Nothing stands in it.
    Idle,
}

impl HallPhase {
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mining => "mining",
            Self::WindingDown => "winding_down",
            Self::Clearing => "clearing",
            Self::Stripped => "stripped",
            Self::Building => "building",
            Self::Energised => "energised",
            Self::Commissioning => "commissioning",
            Self::Ramp => "ramp",
            Self::Serving => "serving",
            Self::Leased => "leased",
            Self::Sold => "sold",
            Self::Idle => "idle",
        }
    }
    /// How far along a conversion it is; phases of equal rank exclude each other.
    const fn rank(self) -> u8 {
        match self {
            Self::Mining => 0,
            Self::WindingDown | Self::Clearing => 1,
            Self::Stripped | Self::Idle => 2,
            Self::Building => 3,
            Self::Energised => 4,
            Self::Commissioning => 5,
            Self::Ramp => 6,
            Self::Serving | Self::Leased | Self::Sold => 7,
        }
    }
    /// Whether a conversion may move a hall from `self` to `to`: forward only, from mining only through winding down, from
    /// a service only through clearing; at its end a hall may mine or stand idle again.
    pub const fn may_become(self, to: Self) -> bool {
        match self {
            Self::Mining => matches!(to, Self::WindingDown),
            Self::Serving => matches!(to, Self::Clearing),
            _ if matches!(to, Self::Mining | Self::Idle) => self.rank() < 7,
            Self::WindingDown if matches!(to, Self::Clearing) => false,
            _ => to.rank() > self.rank(),
        }
    }
    /// Whether a later phase of the same conversion is `to`.
    pub(super) const fn precedes(self, to: Self) -> bool {
        to.rank() > self.rank()
    }
    /// Whether miners stand in the hall.
    pub const fn holds_miners(self) -> bool {
        matches!(self, Self::Mining | Self::WindingDown)
    }
    /// Whether a conversion that finds the hall so must end something first: mining or a service.
    pub const fn is_in_use(self) -> bool {
        matches!(self, Self::Mining | Self::Serving)
    }
    /// The conversion is given up: nothing stands in the hall.
    pub(super) fn abandon(&mut self) {
        assert!(
            self.rank() < 7,
            "a hall that is {} is not given up",
            self.as_str()
        );
        *self = Self::Idle;
    }
    /// Moves to `to`; a move that is not legal is an error of ours.
    pub fn advance(&mut self, to: Self) {
        assert!(
            self.may_become(to),
            "a hall cannot go from {} to {}",
            self.as_str(),
            to.as_str()
        );
        *self = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hall_goes_forward_and_leaves_mining_by_winding_down() {
        use HallPhase::{
            Building, Clearing, Commissioning, Energised, Idle, Leased, Mining, Ramp, Serving, Stripped,
            WindingDown,
        };
        let mut hall = Mining;
        for next in [
            WindingDown,
            Stripped,
            Building,
            Energised,
            Commissioning,
            Ramp,
            Serving,
        ] {
            hall.advance(next);
        }
        assert!(!Mining.may_become(Building) && !Serving.may_become(Mining) && !Serving.may_become(Leased));
        assert!(
            !Serving.may_become(Building) && !WindingDown.may_become(Clearing) && !Leased.may_become(Idle)
        );
        assert!(
            Idle.may_become(Building) && !Idle.may_become(Stripped) && Building.may_become(Commissioning)
        );
    }

    #[test]
    fn a_hall_that_serves_is_cleared_before_it_serves_mines_or_stands_idle_again() {
        use HallPhase::{Building, Clearing, Idle, Mining, Ramp, Serving};
        for end in [Serving, Mining, Idle] {
            let mut hall = Serving;
            for next in [Clearing, Building, Ramp, end] {
                hall.advance(next);
            }
            assert!(!hall.holds_miners() || end == Mining);
        }
        assert!(!Clearing.holds_miners() && Serving.is_in_use() && !Clearing.is_in_use());
    }

    #[test]
    #[should_panic(expected = "cannot go from building to winding_down")]
    fn going_back_is_caught() {
        let mut hall = HallPhase::Building;
        hall.advance(HallPhase::WindingDown);
    }
}
