//! D, sold: mining stops and the energised site is sold.

use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "sell-the-land",
    meaning: "Mining stops and the hall's share of the energised site is sold.",
    capex_usd_per_it_kw: Estimate {
        low: 0.0,
        mode: 50.0,
        high: 200.0,
        label: "assumption",
        source: "clearing the hall; up to the price of a partly built mining hall",
    },
    sale_usd_per_grid_kw: Some(Estimate {
        low: 80.0,
        mode: 225.0,
        high: 3_000.0,
        label: "sourced",
        source: "Helios 65 MUSD for 800 MW; an energised 300 MW site 67.5 MUSD; Bernstein values AI sites at 3 MUSD/MW",
    }),
    outcome: Outcome::Sell,
    stages: &[
        stage("feasibility", "Valuation", &[], (0.5, 1.0, 2.0)).share(10.0),
        stage(
            "agreement",
            "Purchase agreement",
            &["feasibility"],
            (1.0, 2.0, 4.0),
        )
        .share(10.0)
        .assumed("1 to 6 months in all"),
        stage(
            "wind-down",
            "Mining wind-down and clearing",
            &["agreement"],
            (0.5, 1.0, 2.0),
        )
        .role(StageRole::WindDown)
        .each()
        .share(80.0),
        stage("closing", "Closing", &["wind-down"], (0.25, 0.5, 1.0)).each(),
        StageRow {
            after: &["closing"],
            ..lead::READY
        },
    ],
};
