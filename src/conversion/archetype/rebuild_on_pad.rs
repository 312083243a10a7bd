//! B: the mining hall comes down and a hall for liquid-cooled GPU racks rises on its pad (Moses Lake, Denton).
//!
//! Durations of works inside the hall are shortened to one hall of some 20 MW: with all orders at risk the plan comes
//! to some 17 months, without to 21 (the trade: 12 to 18, and 26 where everything is ordered after design).

use super::{Archetype, Estimate, Outcome, StageRole, StageRow, lead, stage};

pub(super) const FEASIBILITY: StageRow =
    stage("feasibility", "Feasibility and site study", &[], (1.0, 1.0, 3.0))
        .share(0.5)
        .assumed("site and grid are known: the low end of 1 to 3");
pub(super) const GRID_REVIEW: StageRow = stage(
    "grid-review",
    "Review of the retained grid contract",
    &["feasibility"],
    (0.0, 3.0, 6.0),
)
.share(0.5)
.assumed("existing mine, connection retained");
pub(super) const PERMITS: StageRow = stage("permits", "Permits", &["feasibility"], (2.0, 3.0, 9.0))
    .share(1.0)
    .assumed("industrial use exists: 2 to 9, most likely below the trade's 4");
pub(super) const DESIGN: StageRow = stage(
    "design",
    "Design and specification freeze",
    &["feasibility"],
    (3.0, 3.0, 6.0),
)
.share(3.0)
.sourced("3 to 6 months (fibersmart.ai); a repeated design takes the low end");
pub(super) const WIND_DOWN: StageRow = stage(
    "wind-down",
    "Mining wind-down and demolition",
    &["permits", "design"],
    (1.0, 1.5, 4.0),
)
.role(StageRole::WindDown)
.each()
.share(1.0)
.just_in_time(1.0)
.assumed("1 to 4 months, most likely 2 for a campus");
pub(super) const CIVIL: StageRow = stage("civil", "Civil works and shell", &["wind-down"], (3.0, 3.5, 9.0))
    .role(StageRole::Build)
    .each()
    .share(20.5)
    .assumed("one hall; 3 to 9, most likely 6 for a campus");
pub(super) const PLANT_INSTALL: StageRow = stage(
    "plant-install",
    "Power and cooling plant set in place",
    &["civil", "cooling-plant", "ups", "gensets"],
    (1.0, 1.5, 3.0),
)
.role(StageRole::Build)
.each()
.share(7.0)
.assumed("part of the fit-out of 4 to 10 months");
pub(super) const FIT_OUT: StageRow = stage(
    "fit-out",
    "Electrical and mechanical fit-out",
    &["civil"],
    (3.0, 4.0, 7.0),
)
.role(StageRole::Build)
.each()
.share(20.0)
.assumed("one hall; 4 to 10, most likely 6 for a campus");
pub(super) const ENERGISATION: StageRow = stage(
    "energisation",
    "Energisation",
    &["civil", "switchgear", "transformer", "grid-review"],
    (0.5, 1.5, 4.0),
)
.role(StageRole::Energise)
.each()
.share(2.0)
.assumed("utility tie-in of a substation that stands");

pub(super) const ARCHETYPE: Archetype = Archetype {
    id: "rebuild-on-pad",
    meaning: "Mining stops, the hall is demolished, and a new hall for GPU racks rises on the same pad.",
    capex_usd_per_it_kw: Estimate {
        low: 7_100.0,
        mode: 9_500.0,
        high: 13_200.0,
        label: "sourced",
        source: "Bitfarms Moses Lake 7.1; TeraWulf and Cipher 8 to 11; Galaxy Helios phase I 13.2 MUSD/MW",
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
        WIND_DOWN,
        CIVIL,
        PLANT_INSTALL,
        FIT_OUT,
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
