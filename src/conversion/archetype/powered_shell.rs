//! D, let: the owner builds a hall with power and cooling to the rack and lets it; the tenant brings the machines
//! (Helios, Abilene, River Bend).
//!
//! Its cost is that of the published leases at 100 to 180 USD per kW and month, whose landlords pay for power and
//! cooling; a bare shell would cost 0.2 to 2 MUSD/MW and fetch far less: set `capex_usd_per_it_kw` for one.

use super::rebuild_on_pad::{
    CIVIL, DESIGN, ENERGISATION, FEASIBILITY, FIT_OUT, GRID_REVIEW, PERMITS, PLANT_INSTALL, WIND_DOWN,
};
use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

const HAND_OVER: StageRow = stage(
    "hand-over",
    "Hand-over to the tenant",
    &["commissioning", "fibre"],
    (0.25, 0.5, 1.0),
)
.role(StageRole::Install)
.each()
.assumed("joint inspection and acceptance");

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "powered-shell",
    meaning: "The hall is rebuilt with power and cooling to the rack and let; the tenant brings the machines.",
    capex_usd_per_it_kw: Estimate {
        low: 8_000.0,
        mode: 9_500.0,
        high: 13_200.0,
        label: "sourced",
        source: "TeraWulf and Cipher leases 8 to 11; Galaxy Helios phase I 13.2 MUSD/MW",
    },
    sale_usd_per_grid_kw: None,
    outcome: Outcome::Lease,
    stages: &[
        FEASIBILITY,
        GRID_REVIEW,
        PERMITS,
        DESIGN,
        lead::SWITCHGEAR,
        lead::TRANSFORMER,
        lead::GENSETS,
        lead::UPS,
        lead::COOLING,
        WIND_DOWN,
        CIVIL,
        PLANT_INSTALL,
        FIT_OUT,
        ENERGISATION,
        lead::FIBRE,
        lead::COMMISSIONING,
        HAND_OVER,
        lead::HIRE,
        StageRow {
            after: &["hand-over", "hire-and-train"],
            ..lead::READY
        },
    ],
};
