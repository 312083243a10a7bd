//! Tariffs in a run: what time of use, windows, ratchets and rates of a database do to dispatch, bill and ledger,
//! against a calculation by hand.

use crate::hand_made::{DAY_H, OLD, Run, World, near, number, usual_meter_mw};

/// The air of the small world, in degrees Celsius.
const AIR_C: f64 = 28.0;

fn lines(run: &Run, month: &str, clause: &str) -> Vec<(String, f64, f64, String)> {
    let rows = run.rows("settlement.csv").into_iter();
    let of = rows.filter(|l| l["month"] == month && l["clause"].starts_with(clause));
    of.map(|l| {
        (
            l["clause"].clone(),
            number(&l, "quantity"),
            number(&l, "usd"),
            l["set_by"].clone(),
        )
    })
    .collect()
}

/// The contract's clauses, as `--set` takes them.
fn contract(clauses: &str) -> String {
    format!("sites.mine.power_contracts=[{{ id = \"here\", clauses = [{clauses}] }}]")
}

#[test]
fn dear_hours_stop_old_miners_and_a_remembered_peak_is_billed() {
    let world = World::new();
    // 80 USD from 14 to 20 on weekdays of July: above what old miners earn (68.3 at the machine), below the new (119).
    let rules = "[{ period = \"peak\", months = [7], days = [\"weekday\"], from_hour = 14, to_hour = 20 },\
        { period = \"other\", months = [7], days = [\"weekday\"], to_hour = 14 },\
        { period = \"other\", months = [7], days = [\"weekday\"], from_hour = 20 },\
        { period = \"other\", months = [7], days = [\"weekend\", \"holiday\"] },\
        { period = \"other\", months = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12] }]";
    let clauses = format!(
        "{{ time_of_use = {{ periods = [{{ name = \"peak\", usd_per_mwh = 80 }}, {{ name = \"other\", usd_per_mwh = 30 }}],\
         schedule = {{ rules = {rules} }}, holidays = {{ calendars = [\"us_federal\"] }} }} }},\
         {{ demand_charge = {{ usd_per_kw_month = 1.5, window_minutes = 15, ratchet = {{ percent = 80, months = 11, history_kw = [60000] }} }} }}"
    );
    let run = world.run("stay-mining", &[&contract(&clauses)]);
    // 23 weekdays in July 2026 less Friday the 3rd, on which Independence Day is kept.
    let (peak_h, month_h) = (22.0 * 6.0, 31.0 * DAY_H);
    let peak_mwh = peak_h * (usual_meter_mw() - OLD.feed_mw(AIR_C));
    let other_mwh = (month_h - peak_h) * usual_meter_mw();
    let energy = lines(&run, "2026-07", "time_of_use[0]");
    assert_eq!(energy.len(), 2, "{energy:?}");
    assert_eq!(energy[0].0, "time_of_use[0].peak");
    near("on-peak energy", energy[0].1, peak_mwh, 1e-9);
    near("off-peak energy", energy[1].1, other_mwh, 1e-9);
    near("on-peak cost", energy[0].2, -80.0 * peak_mwh, 1e-9);
    // 80 % of December's 60 MW is above all that the site draws, until November; in December its own peak counts.
    for (month, billed_kw, set_by) in [
        ("2026-01", 48_000.0, "ratchet of 2025-12"),
        ("2026-11", 48_000.0, "ratchet of 2025-12"),
        ("2026-12", usual_meter_mw() * 1e3, "/PT15M"),
    ] {
        let demand = lines(&run, month, "demand_charge[1]");
        near("billed kilowatts", demand[0].1, billed_kw, 1e-9);
        assert!(demand[0].3.ends_with(set_by), "{demand:?}");
    }
    let bill = 80.0 * peak_mwh + 30.0 * other_mwh + 72_000.0;
    near("bill", run.monthly("power_cost_usd", "2026-07"), bill, 1e-9);
    near("ledger", run.cash("power_cost", "2026-07"), -bill, 1e-9);
}

#[test]
fn a_new_peak_is_raised_early_in_a_month_and_not_for_its_last_hours() {
    let world = World::new();
    // Orders hold the site at 20 MW but for ten hours: at the begin of July, or at its end.
    let orders = |from: &str| {
        format!("sites.mine.grid.curtailment.orders=[{{ from = \"{from}\", hours = 734, limit_mw = 20 }}]")
    };
    let early = world.run("stay-mining", &[&orders("2026-07-01T10:00")]);
    let late = world.run("stay-mining", &[&orders("2026-07-01T00:00")]);
    // Room is kept for every GPU of the pool, half of which are at work: under orders the meter stays a little below 20.
    let held_mw = late.hours("grid_mw", "2026-07-15T12:00:00Z", "2026-07-15T13:00:00Z");
    assert!((19.0..=20.0).contains(&held_mw), "{held_mw}");
    // 1,500 USD a megawatt: over 744 hours 2 USD/MWh beside 32, which miners earn; over ten 150, which none does.
    let kw = |run: &Run| lines(run, "2026-07", "demand_charge")[0].1;
    near("early", kw(&early), usual_meter_mw() * 1e3, 1e-9);
    near("late", kw(&late), held_mw * 1e3, 1e-6);
    let free = |run: &Run, from: &str, to: &str| run.hours("grid_mw", from, to);
    near(
        "the first ten hours",
        free(&early, "2026-07-01T05:00:00Z", "2026-07-01T15:00:00Z"),
        10.0 * usual_meter_mw(),
        1e-9,
    );
    // Without orders the miners take what the firm load leaves below the month's peak, all of it; a watt above the peak
    // counts as rounding, so each of the ten hours stands a watt above the one before.
    let last = free(&late, "2026-07-31T19:00:00Z", "2026-08-01T05:00:00Z");
    near("the last ten hours", last, 10.0 * held_mw + 55e-6, 1e-10);
    let cost = |run: &Run| run.monthly("power_cost_usd", "2026-07");
    let energy = |run: &Run| run.hours("grid_mw", "2026-07-01T05:00:00Z", "2026-08-01T05:00:00Z");
    let difference = 32.0 * (energy(&early) - energy(&late)) + 1_500.0 * (usual_meter_mw() - held_mw - 10e-6);
    near("cost of the peak", cost(&early) - cost(&late), difference, 1e-6);
}

#[test]
fn a_rate_of_the_database_bills_a_run_as_the_same_clauses_do() {
    let world = World::new();
    let rate = serde_json::json!({
        "energyratestructure": [[{"rate": 0.03, "adj": 0.002, "unit": "kWh"}]],
        "flatdemandstructure": [[{"rate": 1.5, "unit": "kW"}]], "demandwindow": 60,
    });
    std::fs::write(world.path("rate.json"), rate.to_string()).unwrap();
    let usual = world.run("stay-mining", &[]);
    let read = world.run(
        "stay-mining",
        &["sites.mine.power_contracts=[{ id = \"rate\", terms = { urdb = { file = \"rate.json\" } } }]"],
    );
    for month in ["2026-01", "2026-03", "2026-07", "2026-12"] {
        near(
            month,
            read.monthly("power_cost_usd", month),
            usual.monthly("power_cost_usd", month),
            1e-9,
        );
    }
    assert_eq!(lines(&read, "2026-07", "demand_charge[1].period-0").len(), 1);
    let manifest = std::fs::read_to_string(read.dir.join("manifest.json")).unwrap();
    assert!(manifest.contains("rate.json"), "the rate is an input of the run");
}
