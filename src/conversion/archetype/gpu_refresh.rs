//! Refresh: the GPU systems of a hall that serves go out and new ones come in (every four to six years).
//!
//! Building, power and cooling stay; manifolds, busway and network are renewed with the racks.

use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "gpu-refresh",
    meaning: "The GPU systems of a hall that serves go out and new ones come in.",
    capex_usd_per_it_kw: Estimate {
        low: 300.0,
        mode: 800.0,
        high: 2_000.0,
        label: "assumption",
        source: "manifolds, busway and fabric renewed; building and plant stay: an eighth of a rebuild",
    },
    sale_usd_per_grid_kw: None,
    outcome: Outcome::Serve,
    stages: &[
        stage("design", "Design of the refresh", &[], (1.0, 1.5, 3.0))
            .share(10.0)
            .assumed("half of a rebuild's: plant and building stay"),
        lead::GPU_DELIVERY,
        stage(
            "clear-out",
            "Old systems go out",
            &["gpu-delivery"],
            (0.25, 0.5, 1.0),
        )
        .role(StageRole::WindDown)
        .each()
        .share(10.0)
        .assumed("as long as miners take to go out"),
        stage(
            "re-fit",
            "Manifolds, busway and network",
            &["clear-out"],
            (0.5, 1.0, 2.0),
        )
        .role(StageRole::Build)
        .each()
        .share(70.0)
        .assumed("half of a re-fit of a hall for air-cooled systems"),
        StageRow {
            after: &["re-fit"],
            months: (0.5, 1.0, 2.0),
            ..lead::RACK_INSTALL
        }
        .assumed("racks replace racks: below the 1 to 3 months of a first installation"),
        stage(
            "re-test",
            "Tests after the refresh",
            &["rack-install"],
            (0.25, 0.5, 1.0),
        )
        .role(StageRole::Install)
        .each()
        .share(10.0)
        .assumed("integrated tests alone: the plant was accepted before"),
        StageRow {
            after: &["re-test"],
            ..lead::BURN_IN
        },
        StageRow {
            after: &["burn-in"],
            ..lead::READY
        },
    ],
};
