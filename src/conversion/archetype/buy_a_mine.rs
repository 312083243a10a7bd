//! Buy a mine: a hall that stands elsewhere is bought with its connection, and mines for the planner from the closing on.

use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "buy-a-mine",
    meaning: "A mining hall is bought with its connection and mines for the planner from the closing on.",
    capex_usd_per_it_kw: Estimate {
        low: 300.0,
        mode: 450.0,
        high: 1_000.0,
        label: "assumption",
        source: "per kW of connection, a hall and its connection as mining; data-centre buyers pay more for the same power",
    },
    sale_usd_per_grid_kw: None,
    outcome: Outcome::Mine,
    stages: &[
        stage("due-diligence", "Due diligence", &[], (1.0, 1.5, 3.0))
            .share(1.0)
            .assumed("title, contracts, power, metering"),
        stage(
            "signing",
            "Purchase contract and deposit",
            &["due-diligence"],
            (0.0, 0.0, 0.0),
        )
        .share(9.0)
        .assumed("a tenth of the price with the deposit"),
        stage("closing", "Consents and closing", &["signing"], (1.0, 2.0, 4.0))
            .assumed("assignment of the connection and of the power contract"),
        stage(
            "transfer",
            "Price paid, hall taken over",
            &["closing"],
            (0.0, 0.0, 0.0),
        )
        .role(StageRole::Work)
        .each()
        .share(90.0)
        .assumed("paid on the day on which the hall changes hands"),
        StageRow {
            after: &["transfer"],
            ..lead::READY
        },
    ],
};
