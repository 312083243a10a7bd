//! Cooling through a run: what plants derate, draw and evaporate in the small world, against a calculation by hand; and
//! moist air against the figures of another tool.

use repower::cooling::psychrometrics::{
    density_kg_per_m3, dew_point, enthalpy_j_per_kg, humidity_ratio, wet_bulb,
};
use repower::units::{Pressure, Ratio, Temperature};

use crate::hand_made::{BLOCK, POOL, POOL_BUSY, Run, SERVING, World, near, number, rows};
use crate::support::{Place, changed};

/// 120 points of `PsychroLib` 2.5.0 at 0, 250 and 1,500 m, and 405 more at 0, 1,000 and 2,500 m: -40 to 50 °C, about
/// 0 °C with ice, humidity from 0 to 1.
const MOIST_AIR: &str = include_str!("fixtures/psychrometrics.csv");

#[test]
fn moist_air_agrees_with_another_tool_at_every_point() {
    let mut reader = csv::Reader::from_reader(MOIST_AIR.as_bytes());
    let mut points = 0;
    for row in reader.records().map(Result::unwrap) {
        let at = |i: usize| row[i].parse::<f64>().ok();
        let (pressure, dry) = (
            Pressure::from_pa(at(0).unwrap()),
            Temperature::from_c(at(1).unwrap()),
        );
        let humidity = Ratio::from_fraction(at(2).unwrap());
        let ratio = humidity_ratio(dry, humidity, pressure);
        let agree = |what: &str, got: f64, expected: f64, within: f64| {
            assert!((got - expected).abs() <= within, "{what} of {row:?}: {got}");
        };
        let wet = wet_bulb(dry, humidity, pressure).as_c();
        agree("wet bulb", wet, at(3).unwrap(), 0.002);
        // At no humidity at all there is no dew point.
        if let Some(dew) = at(4) {
            agree("dew point", dew_point(dry, humidity).as_c(), dew, 0.002);
        }
        // The other tool's driest air holds 1e-7 of water, 0.25 J/kg; ours none.
        let floor = if at(2) == Some(0.0) { 1.1e-7 } else { 1e-9 };
        agree("humidity ratio", ratio.as_fraction(), at(5).unwrap(), floor);
        let enthalpy = enthalpy_j_per_kg(dry, ratio);
        agree("enthalpy", enthalpy, at(6).unwrap(), 2e-3 + 2.6e6 * floor);
        let density = density_kg_per_m3(dry, ratio, pressure);
        agree("density", density, at(7).unwrap(), floor);
        points += 1;
    }
    assert_eq!(points, 525);
}

/// The world with a plant of the serving hall.
fn with(world: &World, plant: &str, more: &[&str]) -> Run {
    let cooling = format!("sites.mine.halls.gpu.serving.cooling={plant}");
    let set: Vec<&str> = std::iter::once(cooling.as_str())
        .chain(more.iter().copied())
        .collect();
    world.run("stay-mining", &set)
}

const HOT_WEEK: &str =
    "sites.mine.weather.offsets=[{ from = \"2026-07-06\", to = \"2026-07-13\", add_c = 10 }]";
const WEEK_H: f64 = 168.0;
const JULY_H: f64 = 744.0;

/// IT load of the serving hall when nothing limits it.
fn usual_it_mw() -> f64 {
    SERVING.it_mw(0.0, 0.9 * BLOCK + POOL_BUSY)
}

/// IT load of the serving hall where only so much of it can be cooled: GPUs slow down, jobs last longer.
fn derated_it_mw(limit_mw: f64) -> f64 {
    let share = (limit_mw / SERVING.it_mw(0.0, 0.9 * BLOCK + POOL)).min(1.0);
    let ticks = (share.powf(0.45) * 1_000.0).round();
    let busy = 128.0 * (1_800.0 * 1_000.0 / ticks).ceil() / 3_600.0;
    SERVING.it_mw(0.0, 0.9 * BLOCK + busy) * share
}

/// Litres a kilowatt-hour evaporates at a temperature, four cycles of concentration included.
fn litres(water_c: f64) -> f64 {
    3_600.0 / (2_500.5 - 2.3097 * water_c - 0.0013 * water_c * water_c) * 4.0 / 3.0
}

/// PUE with the 2 % that are lost between feed and racks.
fn pue(cooling_mw: f64, it_mw: f64) -> f64 {
    1.0 / 0.98 + cooling_mw / it_mw
}

#[test]
fn immersion_derates_in_a_hot_week_by_the_line_from_32_to_48_degrees() {
    let world = World::new();
    let run = with(&world, "{ immersion = {} }", &[HOT_WEEK]);
    // Water 40, range 8, approach 8: at 38 degrees dry coolers take (48 - 38) / 16 of the design heat.
    let it = derated_it_mw(0.625 * SERVING.design_mw());
    let hot = run.hours("gpu_it_mw", "2026-07-06T05:00:00Z", "2026-07-13T05:00:00Z");
    near("IT in the hot week", hot, it * WEEK_H, 1e-9);
    // All other hours are at 28 degrees: full load, fans at heat over 20/16 of full flow.
    let share = usual_it_mw() / SERVING.design_mw();
    let cooling = (0.02 * share + 0.025 * (share * 16.0 / 20.0).powi(3)) * SERVING.design_mw();
    near(
        "PUE of June",
        run.monthly("pue", "2026-06"),
        pue(cooling, usual_it_mw()),
        1e-9,
    );
    near("water", run.monthly("water_m3", "2026-07") + 1.0, 1.0, 1e-12);

    // One cooler of eight out, and no spare, is seven eighths of 0.625.
    let warm = with(&world, "{ immersion = {} }", &["sites.mine.weather.warming_c=10"]);
    let table = rows(&warm.dir.join("hot_hours.csv"));
    let worst = |redundancy: &str, out: &str| {
        let row = table.iter().find(|r| {
            r["strategy"] == "stay-mining"
                && r["hall"] == "gpu"
                && r["redundancy"] == redundancy
                && r["units_out"] == out
        });
        let row = row.unwrap();
        assert_eq!((row["plant"].as_str(), row["units"].as_str()), ("immersion", "8"));
        near("dry bulb", number(row, "worst_dry_bulb_c"), 38.0, 1e-12);
        near("hours short", number(row, "hours_short"), 8_760.0, 1e-12);
        near("P99", number(row, "p99_mw"), number(row, "worst_mw"), 1e-12);
        number(row, "worst_mw") / SERVING.design_mw()
    };
    near("N, whole", worst("n", "0"), 0.625, 1e-12);
    near("N, one out", worst("n", "1"), 0.625 * 7.0 / 8.0, 1e-12);
    near("N+1, one out", worst("n+1", "1"), 0.625, 1e-12);
    // Short in every hour: the manifest says so.
    let manifest = std::fs::read_to_string(warm.dir.join("manifest.json")).unwrap();
    assert!(
        manifest.contains("carries its design of 4.5 MW in fewer than half of the hours"),
        "{manifest}"
    );
}

#[test]
fn wetted_coolers_carry_the_hot_week_and_their_water_is_the_airs_heat_balance() {
    let world = World::new();
    let plant = "{ direct_to_chip_adiabatic = { dry = { liquid_percent = 100, trim_chiller_percent = 0 } } }";
    let run = with(&world, plant, &[HOT_WEEK]);
    let hot = run.hours("gpu_it_mw", "2026-07-06T05:00:00Z", "2026-07-13T05:00:00Z");
    near("IT in the hot week", hot, usual_it_mw() * WEEK_H, 1e-9);
    // Pads hold 24 degrees in either: 50 - 24 = 26 K of drive over 18, so that flow is heat times 18/26. Of the air's rise
    // of 12 K at full flow, 14 K are wetted away in the hot week and 4 K in the others.
    let flow = usual_it_mw() / SERVING.design_mw() * 18.0 / 26.0;
    let full = litres(24.0) * SERVING.design_mw();
    let water = full * flow * (14.0 / 12.0 * WEEK_H + 4.0 / 12.0 * (JULY_H - WEEK_H));
    near("water of July", run.monthly("water_m3", "2026-07"), water, 1e-9);
    let share = usual_it_mw() / SERVING.design_mw();
    // Pumps of the pads: 0.1 % at full flow, four fifths of it at 28 degrees, 4 K above where they come in.
    let cooling = (0.015 * share + 0.025 * flow.powi(3) + 0.001 * 0.8 * flow) * SERVING.design_mw();
    near(
        "PUE of June",
        run.monthly("pue", "2026-06"),
        pue(cooling, usual_it_mw()),
        1e-9,
    );
}

#[test]
fn towers_chillers_and_water_of_a_month_come_out_by_hand() {
    let world = World::new();
    let run = with(&world, "{ water_side_economiser = {} }", &[]);
    let (dry, humidity) = (Temperature::from_c(28.0), Ratio::from_fraction(0.3));
    let wet = wet_bulb(dry, humidity, Pressure::from_pa(101_325.0)).as_c();
    // PsychroLib 2.5.0: 16.5526 degrees.
    assert!((wet - 16.5526).abs() < 0.002, "{wet}");
    let tower = wet + 4.5;
    // Facility water 23, exchanger 2.3, range 7.5: the economiser takes (28.2 - tower) / 7.5.
    let chilled = 1.0 - (28.2 - tower) / 7.5;
    assert!(chilled > 0.02 && chilled < 0.2, "{chilled}");
    let share = usual_it_mw() / SERVING.design_mw();
    let load = share * chilled / 1.1;
    let cop = 16.798_751 + 0.008_840 * tower * tower - 8.528_931 * load * load + 9.885_294 * load
        - 0.760_621 * tower
        + 0.084_615 * load * tower;
    let chillers = share * chilled / cop;
    let heat = share + chillers;
    let cooling = 0.03 * share.powi(3) + 0.008 * share + chillers + 0.017 * heat + 0.009 * heat.powi(3);
    near(
        "PUE of June",
        run.monthly("pue", "2026-06"),
        pue(cooling * SERVING.design_mw(), usual_it_mw()),
        1e-9,
    );
    let water = litres(tower) * heat * SERVING.design_mw() * JULY_H;
    near("water of July", run.monthly("water_m3", "2026-07"), water, 1e-9);
}

#[test]
fn a_warm_sea_and_a_damp_hall_limit_by_their_chillers() {
    let world = World::new();
    // Sea of 24.45 degrees: half of the heat is left to chillers of 30 %: 0.6 of design.
    let sea = "{ sea_water = { sea_mean_c = 24.45, sea_swing_k = 0, discharge_max_c = 40 } }";
    let run = with(&world, sea, &[]);
    let july = run.monthly("energy_gpu_it_mwh", "2026-07");
    near(
        "IT at sea",
        july,
        derated_it_mw(0.6 * SERVING.design_mw()) * JULY_H,
        1e-9,
    );
    // 28 degrees at 30 % is dry enough for outdoor air, wetted to 25 and mixed to 27: no chiller, 3 K of 15 wetted away.
    let run = with(&world, "{ adiabatic_economiser = { chiller_percent = 0 } }", &[]);
    let water = litres(25.0) * 3.0 / 15.0 * usual_it_mw() * JULY_H;
    near("water of July", run.monthly("water_m3", "2026-07"), water, 1e-9);
    let share = usual_it_mw() / SERVING.design_mw();
    let cooling = (0.048 * share.powi(3) + 0.003 * share) * SERVING.design_mw();
    near(
        "PUE of June",
        run.monthly("pue", "2026-06"),
        pue(cooling, usual_it_mw()),
        1e-9,
    );
}

/// The small scenario with another plant is refused, and the message names the place and says what is wrong.
#[test]
fn impossible_plants_are_refused_with_their_place() {
    for (plant, expected) in [
        (
            "{ water_side_economiser = { tower_approach_k = -3 } }",
            "tower_approach_k",
        ),
        (
            "{ rear_door = { facility_water_c = 50 } }",
            "cannot cool air of 42",
        ),
        ("{ immersion = { oil_max_c = 30 } }", "above `oil_max_c`"),
        ("{ dx = { supply_air_c = 75 } }", "supply_air_c"),
        ("{ dx = { units = 0 } }", "units"),
        (
            "{ direct_to_chip_dry = { facility_water_c = 40, class = \"w32\" } }",
            "above the 32",
        ),
        (
            "{ sea_water = { discharge_max_c = 10 } }",
            "not above the warmest sea",
        ),
        (
            "{ adiabatic_economiser = { chilled_water_c = 28 } }",
            "cannot hold supply air",
        ),
        ("{ swamp_cooler = {} }", "swamp_cooler"),
    ] {
        let said = Place::with(&changed(
            "cooling.evaporative_wall = {}",
            &format!("cooling = {plant}"),
        ))
        .refused(&[]);
        assert!(said.contains(expected), "{plant}: {said}");
    }
}
