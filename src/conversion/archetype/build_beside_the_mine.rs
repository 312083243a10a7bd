//! C: a new hall rises beside the mine on the shared substation; mining goes on until its megawatts are handed over
//! (Lake Mariner, Childress, Barber Lake).

use super::rebuild_on_pad::{DESIGN, FEASIBILITY, FIT_OUT, GRID_REVIEW, PLANT_INSTALL};
use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

const PERMITS: StageRow = stage("permits", "Permits", &["feasibility"], (2.0, 4.0, 9.0))
    .share(1.0)
    .assumed("mining retrofit");
const CIVIL: StageRow = stage(
    "civil",
    "Civil works and shell",
    &["permits", "design"],
    (5.0, 6.0, 9.0),
)
.role(StageRole::Work)
.each()
.share(21.0)
.assumed("between a re-fit (3 to 9) and a greenfield shell (8 to 18)");
const WIND_DOWN: StageRow = stage(
    "wind-down",
    "Mining hands its megawatts over",
    &["civil", "switchgear", "transformer"],
    (0.25, 0.5, 1.0),
)
.role(StageRole::WindDown)
.each()
.share(0.5)
.just_in_time(0.5)
.assumed("switching off and disconnecting only");
const ENERGISATION: StageRow = stage(
    "energisation",
    "Energisation",
    &["wind-down", "grid-review"],
    (0.5, 1.5, 4.0),
)
.role(StageRole::Energise)
.each()
.share(2.0)
.assumed("utility tie-in of a substation that stands");

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "build-beside-the-mine",
    meaning: "A new hall is built beside the mine, which runs until its megawatts are handed over.",
    capex_usd_per_it_kw: Estimate {
        low: 8_000.0,
        mode: 11_700.0,
        high: 16_000.0,
        label: "sourced",
        source: "TeraWulf and Cipher from 8; US average 11.7 (Cushman & Wakefield 2025); IREN Tier 3 to 16 MUSD/MW",
    },
    sale_usd_per_grid_kw: None,
    outcome: Outcome::Serve,
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
        CIVIL,
        // The building site is not the mining hall, so these leave its phase alone.
        PLANT_INSTALL.role(StageRole::Work),
        FIT_OUT.role(StageRole::Work),
        WIND_DOWN,
        ENERGISATION,
        lead::FIBRE,
        lead::COMMISSIONING,
        lead::GPU_DELIVERY,
        lead::RACK_INSTALL,
        lead::BURN_IN,
        lead::HIRE,
        lead::READY,
    ],
};
