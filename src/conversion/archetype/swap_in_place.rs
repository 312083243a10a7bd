//! A: miners go out and air-cooled GPU servers come into the same hall (IREN in British Columbia, Riot for AMD).
//!
//! Limits: low density, single feed, 99 to 99.5 % availability. The trade names 4 to 9 months.

use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

const TRADE: &str = "4 to 9 months in all (IREN British Columbia; Riot for AMD, January to May 2026)";

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "swap-in-place",
    meaning: "Miners go out and air-cooled GPU servers come into the same hall.",
    capex_usd_per_it_kw: Estimate {
        low: 1_000.0,
        mode: 3_600.0,
        high: 4_000.0,
        label: "sourced",
        source: "Riot for AMD 3.6 MUSD/MW; ends: 1 to 4 named by the trade (assumption)",
    },
    sale_usd_per_grid_kw: None,
    outcome: Outcome::Serve,
    stages: &[
        stage("feasibility", "Feasibility", &[], (0.5, 1.0, 2.0))
            .share(1.0)
            .assumed(TRADE),
        stage("design", "Design", &["feasibility"], (0.5, 1.0, 2.0))
            .share(5.0)
            .assumed(TRADE),
        stage(
            "power-kit",
            "UPS, busway and panel order",
            &["design"],
            (2.0, 3.0, 6.5),
        )
        .role(StageRole::Order)
        .share(30.0)
        .assumed("stock items; the high end is the 28 weeks of Cushman & Wakefield 2024"),
        stage("cooling-kit", "Air handling order", &["design"], (2.0, 3.0, 6.5))
            .role(StageRole::Order)
            .share(24.0)
            .assumed("stock items; the high end is the 28 weeks of Cushman & Wakefield 2024"),
        stage("fibre", "Fibre upgrade", &["feasibility"], (1.0, 3.0, 6.0))
            .share(3.0)
            .assumed(TRADE),
        stage("wind-down", "Miners go out", &["design"], (0.25, 0.5, 1.0))
            .role(StageRole::WindDown)
            .each()
            .share(1.0)
            .just_in_time(0.5)
            .assumed(TRADE),
        stage(
            "fit-out",
            "Re-fit of the hall",
            &["wind-down", "power-kit", "cooling-kit"],
            (1.0, 2.0, 3.0),
        )
        .role(StageRole::Build)
        .each()
        .share(34.0)
        .assumed(TRADE),
        StageRow {
            after: &["fit-out"],
            months: (0.5, 1.0, 2.0),
            ..lead::COMMISSIONING
        }
        .assumed(TRADE),
        lead::GPU_DELIVERY,
        StageRow {
            months: (0.5, 1.0, 2.0),
            ..lead::RACK_INSTALL
        }
        .assumed(TRADE),
        lead::BURN_IN,
        StageRow {
            months: (2.0, 4.0, 6.0),
            ..lead::HIRE
        }
        .assumed("rack technicians are trained in 4 to 8 weeks"),
        lead::READY,
    ],
};
