//! The kinds of conversion: each with its stages, durations, cost shares and cost, every figure with its source.
//!
//! Durations of the trade's tables describe campuses; where a kind takes shorter ones for halls of some 20 MW, its
//! file says so. Shares of cost add up to 100 percent of the facility; GPU hardware is priced apart.

mod build_beside_the_mine;
mod buy_a_mine;
mod close_down;
mod gpu_refresh;
mod greenfield;
pub mod kind;
mod powered_shell;
mod rebuild_on_pad;
mod return_to_mining;
mod sell_the_land;
mod swap_in_place;

pub use kind::ArchetypeSpec;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::DurationSpec;
use super::stage::{MiningDuring, StageRole, StageScope, StageSpec};
use crate::id::Name;

/// What the hall becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It serves tenants and jobs with the planner's own GPU systems.
    Serve,
    /// It is let to a tenant who brings the machines.
    Lease,
    /// It is sold.
    Sell,
    /// It mines.
    Mine,
    /// It stands idle.
    Idle,
}

/// A published or assumed range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The low end.
    pub low: f64,
    /// The most likely value.
    pub mode: f64,
    /// The high end.
    pub high: f64,
    /// `sourced`, `computed` or `assumption`.
    pub label: &'static str,
    /// Where it comes from.
    pub source: &'static str,
}

/// A row of an archetype's stage table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageRow {
    /// Stage id.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Stages that must end before.
    pub after: &'static [&'static str],
    /// Shortest, most likely, longest duration, months.
    pub months: (f64, f64, f64),
    /// Share of the facility's cost, percent.
    pub share_percent: f64,
    /// What it means.
    pub role: StageRole,
    /// Once or for each hall.
    pub scope: StageScope,
    /// Months before the latest start, where it begins just in time.
    pub just_in_time: Option<f64>,
    /// `sourced`, `computed` or `assumption`: of the duration.
    pub label: &'static str,
    /// Where the duration comes from.
    pub source: &'static str,
}

/// A kind of conversion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Archetype {
    /// The id in scenarios.
    pub id: &'static str,
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// Facility cost per kW of IT, USD, GPU hardware excluded; per kW of connection where halls mine or stand idle.
    pub capex_usd_per_it_kw: Estimate,
    /// What a buyer pays per kW of grid connection, USD, where the hall is sold.
    pub sale_usd_per_grid_kw: Option<Estimate>,
    /// What the hall becomes.
    pub outcome: Outcome,
    /// The stages.
    pub stages: &'static [StageRow],
}

/// Every kind.
pub const ARCHETYPES: &[&Archetype] = &[
    &swap_in_place::ARCHETYPE,
    &rebuild_on_pad::ARCHETYPE,
    &build_beside_the_mine::ARCHETYPE,
    &powered_shell::ARCHETYPE,
    &sell_the_land::ARCHETYPE,
    &greenfield::ARCHETYPE,
    &gpu_refresh::ARCHETYPE,
    &return_to_mining::ARCHETYPE,
    &buy_a_mine::ARCHETYPE,
    &close_down::ARCHETYPE,
];

/// The kind of an id.
pub fn find(id: &str) -> Option<&'static Archetype> {
    ARCHETYPES.iter().find(|a| a.id == id).copied()
}

impl Archetype {
    /// Its stages as a file would say them.
    pub fn stage_specs(&self) -> Vec<StageSpec> {
        self.stages.iter().map(StageRow::spec).collect()
    }
}

impl StageRow {
    fn spec(&self) -> StageSpec {
        let (low, mode, high) = self.months;
        StageSpec {
            name: self.name.to_owned(),
            after: self.after.iter().map(|a| Name::from(*a)).collect(),
            capex_share_percent: self.share_percent,
            mining: if self.role == StageRole::WindDown {
                MiningDuring::Stops
            } else {
                MiningDuring::Continues
            },
            role: self.role,
            scope: self.scope,
            just_in_time_buffer_months: self.just_in_time,
            ..StageSpec::of(self.id, DurationSpec::of(low, mode, high))
        }
    }
    /// The row with a share of cost.
    const fn share(self, percent: f64) -> Self {
        Self {
            share_percent: percent,
            ..self
        }
    }
    /// The row with a role.
    const fn role(self, role: StageRole) -> Self {
        Self { role, ..self }
    }
    /// The row once for each hall.
    const fn each(self) -> Self {
        Self {
            scope: StageScope::Hall,
            ..self
        }
    }
    /// The row beginning so many months before its latest start.
    const fn just_in_time(self, buffer_months: f64) -> Self {
        Self {
            just_in_time: Some(buffer_months),
            ..self
        }
    }
    /// The row with the source of its duration.
    const fn sourced(self, source: &'static str) -> Self {
        Self {
            label: "sourced",
            source,
            ..self
        }
    }
    /// The row with the ground of its assumption.
    const fn assumed(self, source: &'static str) -> Self {
        Self {
            label: "assumption",
            source,
            ..self
        }
    }
}

/// A shared stage of plain work.
const fn stage(
    id: &'static str,
    name: &'static str,
    after: &'static [&'static str],
    months: (f64, f64, f64),
) -> StageRow {
    StageRow {
        id,
        name,
        after,
        months,
        share_percent: 0.0,
        role: StageRole::Work,
        scope: StageScope::Shared,
        just_in_time: None,
        label: "assumption",
        source: "no published duration",
    }
}

/// Lead times that every kind with a new electrical plant shares, after `design`.
mod lead {
    use super::{StageRole, StageRow, stage};

    const C_AND_W: &str = "Cushman & Wakefield 2025 guide, lead times of October 2024";

    /// MV and LV switchgear.
    pub(super) const SWITCHGEAR: StageRow = stage(
        "switchgear",
        "MV and LV switchgear order",
        &["design"],
        (9.0, 11.0, 18.0),
    )
    .role(StageRole::Order)
    .share(8.0)
    .sourced("Cushman & Wakefield 2025: 46-48 weeks; 40-80 in 2025-26 (CBRE, McKinsey)");
    /// Unit transformers; the high-voltage transformer of a mine stays.
    pub(super) const TRANSFORMER: StageRow = stage(
        "transformer",
        "MV transformer order",
        &["design"],
        (6.5, 11.5, 18.0),
    )
    .role(StageRole::Order)
    .share(5.0)
    .sourced("28 weeks (Cushman & Wakefield 2024) to 50 and 80 weeks (McKinsey 2025)");
    /// Generators.
    pub(super) const GENSETS: StageRow = stage("gensets", "Generator order", &["design"], (7.0, 8.0, 25.0))
        .role(StageRole::Order)
        .share(9.0)
        .sourced(C_AND_W);
    /// UPS and batteries.
    pub(super) const UPS: StageRow = stage("ups", "UPS and battery order", &["design"], (6.5, 7.5, 9.0))
        .role(StageRole::Order)
        .share(7.0)
        .sourced(C_AND_W);
    /// Dry coolers, chillers, coolant distribution.
    pub(super) const COOLING: StageRow = stage(
        "cooling-plant",
        "Cooling plant order",
        &["design"],
        (7.0, 8.5, 10.0),
    )
    .role(StageRole::Order)
    .share(12.0)
    .sourced(C_AND_W);
    /// On-site tests, levels 2 to 5.
    pub(super) const COMMISSIONING: StageRow = stage(
        "commissioning",
        "Commissioning L2-L5",
        &["fit-out", "plant-install", "energisation"],
        (1.5, 2.0, 4.0),
    )
    .role(StageRole::Commission)
    .each()
    .share(2.0)
    .sourced("8 weeks on site, 12 to 16 where levels 4 and 5 fail (gantt-chart.co.uk)");
    /// Two diverse routes.
    pub(super) const FIBRE: StageRow = stage(
        "fibre",
        "Fibre routes and network",
        &["permits"],
        (6.0, 10.0, 15.0),
    )
    .share(1.5);
    /// GPU systems from order to delivery.
    pub(super) const GPU_DELIVERY: StageRow = stage(
        "gpu-delivery",
        "GPU order to delivery",
        &["design"],
        (3.0, 7.0, 12.0),
    )
    .role(StageRole::Hardware)
    .each()
    .just_in_time(2.0)
    .assumed("allocation by the maker dominates");
    /// Racks and fabric.
    pub(super) const RACK_INSTALL: StageRow = stage(
        "rack-install",
        "Rack and fabric installation",
        &["commissioning", "gpu-delivery", "fibre"],
        (1.0, 1.5, 3.0),
    )
    .role(StageRole::Install)
    .each();
    /// Acceptance.
    pub(super) const BURN_IN: StageRow = stage(
        "burn-in",
        "Burn-in and acceptance",
        &["rack-install"],
        (0.1, 0.2, 0.5),
    )
    .role(StageRole::Install)
    .each()
    .sourced("72 hours at least, 168 strict (aidatacenterguide.com)");
    /// People.
    pub(super) const HIRE: StageRow = stage("hire-and-train", "Hire and train", &["design"], (3.0, 6.0, 9.0))
        .role(StageRole::Staff)
        .each()
        .just_in_time(2.0)
        .sourced("1 to 4 months to fill a vacancy (introl.com), 2 to 5 of training (assumption)");
    /// The end.
    pub(super) const READY: StageRow = stage(
        "ready-for-service",
        "Ready for service",
        &["burn-in", "hire-and-train"],
        (0.0, 0.0, 0.0),
    )
    .role(StageRole::Ready)
    .each()
    .sourced("a milestone");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::stage::{check_network, check_references, resolve};
    use crate::problem::{Check, FieldPath, Problems};

    #[test]
    fn every_kind_is_a_sound_network_whose_shares_add_up() {
        for archetype in ARCHETYPES {
            let (at, mut problems) = (FieldPath::root(), Problems::new());
            let specs = archetype.stage_specs();
            for (row, spec) in archetype.stages.iter().zip(&specs) {
                problems.name(&at, &spec.id);
                spec.duration_months.check(&at, &mut problems);
                let known = |name: &&str| archetype.stages.iter().any(|s| s.id == *name);
                assert!(row.after.iter().all(known), "{}: {}", archetype.id, row.id);
                assert!(!row.source.is_empty());
            }
            check_references(&specs, &[], &at, &mut problems);
            check_network(&resolve(specs, &[]), &at, &mut problems);
            assert!(problems.as_slice().is_empty(), "{}: {problems:?}", archetype.id);
            let c = archetype.capex_usd_per_it_kw;
            assert!(c.low <= c.mode && c.mode <= c.high, "{}", archetype.id);
            assert_eq!(
                archetype.outcome == Outcome::Sell,
                archetype.sale_usd_per_grid_kw.is_some()
            );
        }
    }
}
