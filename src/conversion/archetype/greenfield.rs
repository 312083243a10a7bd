//! A data centre on a new site, for comparison: no mine, no substation.

use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

const GUIDES: &str = "data-centre development guides 2025-26 (build.inc, M. Bommarito, NTL)";

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "greenfield",
    meaning: "A data centre on a new site, with its own interconnection.",
    capex_usd_per_it_kw: Estimate {
        low: 9_300.0,
        mode: 11_700.0,
        high: 15_000.0,
        label: "sourced",
        source: "Cushman & Wakefield 2025: San Antonio 9.3, average 11.7, Reno 15.0 MUSD/MW",
    },
    sale_usd_per_grid_kw: None,
    outcome: Outcome::Serve,
    stages: &[
        stage("feasibility", "Feasibility and site study", &[], (3.0, 4.5, 6.0))
            .share(0.5)
            .sourced(GUIDES),
        stage(
            "interconnection",
            "Interconnection",
            &["feasibility"],
            (18.0, 36.0, 48.0),
        )
        .share(2.0)
        .sourced(GUIDES),
        stage(
            "permits",
            "Entitlement and permits",
            &["feasibility"],
            (6.0, 14.0, 36.0),
        )
        .share(1.0)
        .sourced(GUIDES),
        stage(
            "design",
            "Design and engineering",
            &["feasibility"],
            (6.0, 9.0, 12.0),
        )
        .share(5.0)
        .sourced(GUIDES),
        StageRow {
            months: (24.0, 30.0, 36.0),
            name: "HV transformer order",
            ..lead::TRANSFORMER
        }
        .sourced("Wood Mackenzie: 128 weeks, generator step-up 144"),
        lead::SWITCHGEAR,
        lead::GENSETS,
        lead::UPS,
        lead::COOLING,
        stage(
            "civil",
            "Civil works and shell",
            &["permits", "design"],
            (8.0, 12.0, 18.0),
        )
        .role(StageRole::Build)
        .each()
        .share(25.0)
        .sourced(GUIDES),
        super::rebuild_on_pad::PLANT_INSTALL,
        StageRow {
            months: (4.0, 6.0, 10.0),
            share_percent: 13.0,
            ..super::rebuild_on_pad::FIT_OUT
        },
        StageRow {
            after: &["civil", "switchgear", "transformer", "interconnection"],
            ..super::rebuild_on_pad::ENERGISATION
        },
        lead::FIBRE,
        lead::COMMISSIONING,
        lead::GPU_DELIVERY,
        lead::RACK_INSTALL,
        lead::BURN_IN,
        lead::HIRE,
        lead::READY,
    ],
};
