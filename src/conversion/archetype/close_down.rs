//! Close down: a hall that costs more than it earns is emptied and stands idle.

use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "close-down",
    meaning: "A hall is emptied and stands idle.",
    capex_usd_per_it_kw: Estimate {
        low: 5.0,
        mode: 10.0,
        high: 30.0,
        label: "assumption",
        source: "per kW of connection: drained, made safe and locked",
    },
    sale_usd_per_grid_kw: None,
    outcome: Outcome::Idle,
    stages: &[
        stage("clear-out", "Machines go out", &[], (0.25, 0.5, 1.0))
            .role(StageRole::WindDown)
            .each()
            .share(50.0)
            .assumed("as long as miners take to go out"),
        stage(
            "make-safe",
            "Drained and locked",
            &["clear-out"],
            (0.25, 0.5, 1.0),
        )
        .role(StageRole::Build)
        .each()
        .share(50.0)
        .assumed("half a month"),
        StageRow {
            after: &["make-safe"],
            ..lead::READY
        },
    ],
};
