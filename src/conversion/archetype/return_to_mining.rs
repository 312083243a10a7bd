//! Back: the systems of a data hall go out, and it mines again.

use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "return-to-mining",
    meaning: "The systems of a data hall go out, and it mines again.",
    capex_usd_per_it_kw: Estimate {
        low: 50.0,
        mode: 150.0,
        high: 350.0,
        label: "assumption",
        source: "per kW of connection: racks, busway and fans in a standing hall, below the 300 to 350 USD of a new mining hall",
    },
    sale_usd_per_grid_kw: None,
    outcome: Outcome::Mine,
    stages: &[
        stage("planning", "Plans and orders", &[], (0.5, 1.0, 2.0))
            .share(5.0)
            .assumed("no permits: the connection and the use are known"),
        stage("clear-out", "Systems go out", &["planning"], (0.25, 0.5, 1.0))
            .role(StageRole::WindDown)
            .each()
            .share(10.0)
            .assumed("as long as miners take to go out"),
        stage(
            "mine-fit-out",
            "Racks, busway and fans",
            &["clear-out"],
            (0.5, 1.0, 2.0),
        )
        .role(StageRole::Build)
        .each()
        .share(85.0)
        .assumed("a mining hall is built in some months; here the hall stands"),
        StageRow {
            after: &["mine-fit-out"],
            ..lead::READY
        },
    ],
};
