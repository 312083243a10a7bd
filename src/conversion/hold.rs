//! What keeps the mining of halls from ending: notice to customers whose machines stand there.

use super::phase::HallPhase;
use super::stage::{MiningDuring, StageRole, StageSpec};
use crate::time::SimTime;

/// Until when the mining of each hall may not end.
#[derive(Debug, Clone)]
pub(super) struct Holds(Vec<Option<SimTime>>);

impl Holds {
    /// Nothing is held.
    pub(super) fn new(halls: usize) -> Self {
        Self(vec![None; halls])
    }
    /// Holds a hall until an instant, or longer where it is held longer.
    pub(super) fn add(&mut self, hall: usize, until: SimTime) {
        let held = &mut self.0[hall];
        *held = Some(held.map_or(until, |at| at.max(until)));
    }
    /// Until when a stage of a hall, or of all, must wait for halls whose mining it would end.
    pub(super) fn until(
        &self,
        stage: &StageSpec,
        own: Option<usize>,
        phases: &[HallPhase],
    ) -> Option<SimTime> {
        let ends_mining = match stage.role {
            StageRole::WindDown
            | StageRole::Build
            | StageRole::Commission
            | StageRole::Install
            | StageRole::Energise
            | StageRole::Ready => true,
            StageRole::Work | StageRole::Order | StageRole::Hardware | StageRole::Staff => {
                stage.mining == MiningDuring::Stops
            }
        };
        let halls = self.0.iter().zip(phases).enumerate();
        let mining = halls
            .filter(|(hall, (_, phase))| own.is_none_or(|own| own == *hall) && **phase == HallPhase::Mining);
        mining
            .filter_map(|(_, (held, _))| *held)
            .max()
            .filter(|_| ends_mining)
    }
}
