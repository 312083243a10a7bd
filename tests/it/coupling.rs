//! One test for each arrow from the world outside to job, bill, ledger and net present value: what a change does in a
//! run of the small world, against a calculation by hand.

use crate::hand_made::{
    AUX_MW, BLOCK, DAY_H, Gpus, MONTH_H, Mine, NEW, OLD, POOL, POOL_BUSY, POWER_USD, Run, SERVING, World,
    discount, near, number, rows, usual_gpu_feed_mw, usual_meter_mw,
};

/// USD a petahash and day.
const HASHPRICE: f64 = 50.0;
/// What is left of mining revenue after the fee of the mining pool.
const KEPT: f64 = 0.99;

fn july_day(day: u32) -> String {
    // Local midnight in July is 5 o'clock UTC.
    format!("2026-07-{day:02}T05:00:00Z")
}

fn during(run: &Run, column: &str, from: u32, to: u32) -> f64 {
    run.hours(column, &july_day(from), &july_day(to))
}

/// Change of NPV that comes of a change of cash in one month.
fn worth(usd: f64, month: &str) -> f64 {
    usd * discount(month)
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one change, followed in one piece through all that hangs on it"
)]
fn ten_kelvin_in_a_july_week_reach_jobs_mining_bill_ledger_and_npv() {
    let world = World::new();
    let usual = world.run("stay-mining", &[]);
    let hot = world.run(
        "stay-mining",
        &["sites.mine.weather.offsets=[{ from = \"2026-07-06\", to = \"2026-07-13\", add_c = 10 }]"],
    );
    let (week_h, air_c) = (7.0 * DAY_H, 38.0);

    // Dry coolers take 10/18 of design heat at 38 degrees; what is asked for is the block at 90 % and the pool in full.
    let asked = SERVING.it_mw(0.0, 0.9 * BLOCK + POOL);
    let (share, speed) = SERVING.throttle(asked, air_c);
    assert!(share < 0.8, "{share}");
    // The work clock ticks in thousandths; a job ends in the first second in which its work is done.
    let ticks = (speed * 1_000.0).round();
    let lasts_s = (1_800.0 * 1_000.0 / ticks).ceil();
    let busy = 128.0 * lasts_s / 3_600.0;
    let served = |active: f64, speed: f64| active * speed * week_h;
    let lost = served(0.9 * BLOCK + POOL_BUSY, 1.0) - served(0.9 * BLOCK + busy, speed);
    let change = |what: &dyn Fn(&Run) -> f64| what(&hot) - what(&usual);
    near(
        "served GPU-hours",
        change(&|r| r.monthly("gpu_hours_served", "2026-07")),
        -lost,
        1e-9,
    );

    let from = (186 * 24 - 1) * 3_600;
    let seconds = |run: &Run| -> Vec<i64> {
        let jobs = run.rows("jobs.csv");
        let of_week = jobs.iter().filter(|j| {
            let submit: i64 = j["submit_s"].parse().unwrap();
            (from..from + 7 * 86_400).contains(&submit)
        });
        of_week
            .map(|j| j["end_s"].parse::<i64>().unwrap() - j["start_s"].parse::<i64>().unwrap())
            .collect()
    };
    assert_eq!(seconds(&usual), vec![1_800; 336]);
    assert_eq!(seconds(&hot), vec![lasts_s as i64; 336]);

    // Every miner slows by 8 %: its inlet is 8 K above 32 degrees.
    let petahash_days = (NEW.hashrate_ph() + OLD.hashrate_ph()) * (1.0 - Mine::heat(air_c)) * 7.0;
    let mining = -petahash_days * HASHPRICE;
    near(
        "coins",
        change(&|r| r.metric("btc_mined")),
        mining / 90_000.0,
        1e-9,
    );
    near(
        "mining revenue",
        change(&|r| r.cash("mining_revenue", "2026-07")),
        mining,
        1e-9,
    );

    let it = SERVING.it_mw(0.0, 0.9 * BLOCK + busy) * share;
    let meter = NEW.feed_mw(air_c) + OLD.feed_mw(air_c) + SERVING.feed_mw(it, air_c) + AUX_MW;
    let energy = (meter - usual_meter_mw()) * week_h;
    near(
        "energy",
        change(&|r| r.monthly("energy_grid_mwh", "2026-07")),
        energy,
        1e-9,
    );
    // The other weeks still set the month's peak, so the demand charge stays.
    let bill = energy * POWER_USD;
    near(
        "bill",
        change(&|r| r.monthly("power_cost_usd", "2026-07")),
        bill,
        1e-8,
    );
    near(
        "power in the ledger",
        change(&|r| r.cash("power_cost", "2026-07")),
        -bill,
        1e-8,
    );

    // Work of the pool stays the same but for the rounding of the clock; on demand earns 2 USD, spot half of it.
    let pool = (busy * speed - POOL_BUSY) * week_h;
    let on_demand = change(&|r| r.cash("gpu_on_demand_revenue", "2026-07"));
    let spot = change(&|r| r.cash("gpu_spot_revenue", "2026-07"));
    assert!(
        (on_demand - pool * 0.5 * 2.0).abs() < 1e-3 * week_h,
        "{on_demand}"
    );
    assert!((spot - pool * 0.5 * 1.0).abs() < 1e-3 * week_h, "{spot}");

    // Availability of July: the week counts at its speed; 5 % of the fee for each point below 99.
    let availability = (744.0 - week_h * (1.0 - speed)) / 744.0 * 100.0;
    let credit = (99.0 - availability) * 0.05 * (BLOCK * 2.5 * 744.0);
    near(
        "service credits",
        change(&|r| r.cash("service_credits", "2026-07")),
        -credit,
        1e-9,
    );
    assert_eq!(change(&|r| r.cash("gpu_reserved_revenue", "2026-07")), 0.0);

    let npv = worth(mining * KEPT - bill - credit + on_demand + spot, "2026-07");
    near("NPV", change(&|r| r.metric("npv_usd")), npv, 1e-8);
}

#[test]
fn three_kelvin_all_summer_raise_cooling_energy_bill_and_peak() {
    let world = World::new();
    let usual = world.run("stay-mining", &[]);
    let summer = world.run(
        "stay-mining",
        &["sites.mine.weather.offsets=[{ from = \"2026-06-01\", to = \"2026-09-01\", add_c = 3 }]"],
    );
    let it = SERVING.it_mw(0.0, 0.9 * BLOCK + POOL_BUSY);
    let cooling = |air_c: f64| {
        let fans = |mine: Mine| mine.fans_mw(mine.nameplate_mw() * Mine::heat(air_c), air_c);
        fans(NEW) + fans(OLD) + SERVING.cooling_mw(it, air_c)
    };
    let sum = |run: &Run| -> f64 {
        run.rows("monthly.csv")
            .iter()
            .map(|r| number(r, "energy_cooling_mwh"))
            .sum()
    };
    let expected = (cooling(31.0) - cooling(28.0)) * 92.0 * DAY_H;
    assert!(expected > 500.0, "{expected}");
    near("cooling energy", sum(&summer) - sum(&usual), expected, 1e-9);

    let meter = NEW.feed_mw(31.0) + OLD.feed_mw(31.0) + SERVING.feed_mw(it, 31.0) + AUX_MW;
    // All of July is warm: energy at 32 USD/MWh, peak at 1.5 USD/kW.
    let bill = (meter - usual_meter_mw()) * (744.0 * POWER_USD + 1_500.0);
    let july = |run: &Run| run.monthly("power_cost_usd", "2026-07");
    near("bill", july(&summer) - july(&usual), bill, 1e-8);
}

/// Hours from the start until `months` later.
fn hours_after(months: f64) -> f64 {
    months * MONTH_H
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one change, followed in one piece through all that hangs on it"
)]
fn a_transformer_two_months_late_moves_ready_date_mining_rent_and_npv() {
    let world = World::new();
    let promised = "strategies.lease.conversions[0].lease.starts.when_ready=\
                    { latest = \"2026-08-31\", late_penalty_percent_per_month = 10 }";
    let planned = world.run("lease", &[promised]);
    let late = world.run(
        "lease",
        &[
            promised,
            "strategies.lease.conversions[0].stages.transformer.delay_months=2",
        ],
    );
    let change = |what: &dyn Fn(&Run) -> f64| what(&late) - what(&planned);
    // Transformer 6, energisation 0.5, commissioning 0.5.
    near("ready", planned.metric("ready_for_service_months"), 7.0, 1e-6);
    near("ready", late.metric("ready_for_service_months"), 9.0, 1e-6);
    near("delay", late.metric("delay_months"), 2.0, 1e-6);

    // The late transformer is known, so the hall mines on for as long as it waits.
    let mining = OLD.hashrate_ph() * HASHPRICE * hours_after(2.0) / DAY_H;
    near(
        "mining revenue",
        change(&|r| r.cash_of_year("mining_revenue")),
        mining,
        1e-6,
    );

    // 70 % of 12 MW at 120 USD a kW and calendar month, two months less of it.
    let rent_a_month = 12_000.0 * 0.7 * 120.0;
    near(
        "rent",
        planned.cash_of_year("lease_revenue"),
        rent_a_month * months_left(7.0, |_| 1.0),
        1e-6,
    );
    near(
        "rent later",
        late.cash_of_year("lease_revenue"),
        rent_a_month * months_left(9.0, |_| 1.0),
        1e-6,
    );
    // Free to the end of August: 1 September is 243 days after the start, less the hour of summer time.
    let late_h = hours_after(9.0) - (243.0 * DAY_H - 1.0);
    near(
        "penalty",
        change(&|r| r.cash_of_year("service_credits")),
        -late_h / MONTH_H * 0.10 * rent_a_month,
        1e-6,
    );
    assert_eq!(planned.cash_of_year("service_credits"), 0.0);

    // The old hall draws power two months longer, the leased one two months less; works take as long as before.
    let it = 12.0 * 0.7 * 0.8;
    let flow: f64 = 0.8 / Gpus::dry_coolers(28.0);
    let cooling = (0.015 * 0.8 + 0.025 * flow.powi(3)) * 12.0 * 0.7;
    let feed = it / 0.98 + cooling;
    near(
        "energy",
        change(&|r| r.metric("energy_mwh")),
        (OLD.feed_mw(28.0) - feed) * hours_after(2.0),
        1e-6,
    );
    near(
        "capex",
        late.metric("capex_usd"),
        planned.metric("capex_usd"),
        1e-9,
    );

    for run in [&planned, &late] {
        near("NPV", run.metric("npv_usd"), run.npv_by_hand(), 1e-9);
    }
    // Month by month: mining of the two months more, rent of the two months less, and what else moved with them.
    let moved = |account: &str| -> f64 {
        (1..=12)
            .map(|m| {
                let month = format!("2026-{m:02}");
                worth(late.cash(account, &month) - planned.cash(account, &month), &month)
            })
            .sum()
    };
    let mining_npv = mined_npv(6.5) - mined_npv(4.5);
    near("NPV of mining", moved("mining_revenue"), mining_npv, 1e-6);
    let rent_npv = rent_a_month * (months_left(9.0, discount) - months_left(7.0, discount));
    near("NPV of rent", moved("lease_revenue"), rent_npv, 1e-6);
    assert!(change(&|r| r.metric("npv_usd")) < 0.0);
}

/// Ends of the months of 2026 in hours from the start: summer time takes an hour from March to October.
fn month_ends() -> [f64; 12] {
    let days = [31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let mut ends = [0.0; 12];
    for (month, day) in days.into_iter().enumerate() {
        let summer = (2..10).contains(&month);
        ends[month] = f64::from(day) * DAY_H - if summer { 1.0 } else { 0.0 };
    }
    ends
}

/// Discounted hours until `months` after the start, each at the middle of its month.
fn hours_npv(months: f64) -> f64 {
    let (mut from, mut sum) = (0.0, 0.0);
    for (index, to) in month_ends().into_iter().enumerate() {
        let until = to.min(hours_after(months));
        sum += (until - from).max(0.0) * discount(&format!("2026-{:02}", index + 1));
        from = to;
    }
    sum
}

/// Calendar months of 2026 left `months` after the start, each weighed.
fn months_left(months: f64, weight: impl Fn(&str) -> f64) -> f64 {
    let (mut from, mut sum) = (0.0, 0.0);
    for (index, to) in month_ends().into_iter().enumerate() {
        let left = (to - hours_after(months).max(from)).max(0.0);
        sum += left / (to - from) * weight(&format!("2026-{:02}", index + 1));
        from = to;
    }
    sum
}

/// Present value of what the old hall mines until `months` after the start.
fn mined_npv(months: f64) -> f64 {
    hours_npv(months) / DAY_H * OLD.hashrate_ph() * HASHPRICE
}

#[test]
fn a_price_spike_stops_mining_by_worth_and_not_the_reserved_block() {
    let world = World::new();
    let usual = world.run("stay-mining", &[]);
    let spike = world.run(
        "stay-mining",
        &["market.power.da={ fixed_usd_per_mwh = 30, adjustments = [\
           { from = \"2026-07-10\", to = \"2026-07-11\", set_usd_per_mwh = 500 },\
           { from = \"2026-07-12\", to = \"2026-07-13\", set_usd_per_mwh = 80 }] }"],
    );
    // At 502 nobody mines; at 82 machines worth 119 do and those worth 68 do not.
    assert_eq!(during(&spike, "mining_mw", 10, 11), 0.0);
    near(
        "mining at 82 USD",
        during(&spike, "mining_mw", 12, 13),
        NEW.nameplate_mw() * DAY_H,
        1e-9,
    );
    for column in ["gpu_it_mw", "gpu_capacity", "gpus_busy"] {
        assert_eq!(
            during(&spike, column, 10, 14),
            during(&usual, column, 10, 14),
            "{column}"
        );
    }
    let change = |what: &dyn Fn(&Run) -> f64| what(&spike) - what(&usual);
    assert_eq!(change(&|r| r.cash_of_year("gpu_reserved_revenue")), 0.0);
    assert_eq!(change(&|r| r.cash_of_year("service_credits")), 0.0);
    near(
        "mining revenue",
        change(&|r| r.cash("mining_revenue", "2026-07")),
        -(NEW.hashrate_ph() + 2.0 * OLD.hashrate_ph()) * HASHPRICE,
        1e-9,
    );
    near(
        "mining not done",
        change(&|r| r.metric("curtailed_mwh")),
        (NEW.nameplate_mw() + 2.0 * OLD.nameplate_mw()) * DAY_H,
        1e-9,
    );
    let base = usual_gpu_feed_mw() + AUX_MW;
    let bill = (base * 502.0 + (base + NEW.feed_mw(28.0)) * 82.0 - 2.0 * usual_meter_mw() * 32.0) * DAY_H;
    near(
        "bill",
        change(&|r| r.monthly("power_cost_usd", "2026-07")),
        bill,
        1e-8,
    );
    let lost = (NEW.hashrate_ph() + 2.0 * OLD.hashrate_ph()) * HASHPRICE * KEPT;
    near(
        "NPV",
        change(&|r| r.metric("npv_usd")),
        worth(-lost - bill, "2026-07"),
        1e-8,
    );
}

/// The least limit at the meter under which so many systems must be dark, and a watt-hour more: a system is 8 kW.
fn limit_with_dark(systems: f64) -> f64 {
    let pool_left = (POOL - 8.0 * systems).max(0.0);
    let block_left = BLOCK - (8.0 * systems - POOL).max(0.0);
    let it = SERVING.it_mw(systems, 0.9 * block_left + pool_left);
    SERVING.feed_mw(it, 28.0) + AUX_MW + 0.001
}

#[test]
fn orders_shed_old_miners_new_miners_spot_on_demand_and_the_block_in_this_order() {
    let world = World::new();
    let (some_of_pool, some_of_block) = (limit_with_dark(20.0), limit_with_dark(132.0));
    let order = |day: u32, limit: f64| {
        format!("{{ from = \"2026-07-{day:02}T15:00\", hours = 1, limit_mw = {limit} }}")
    };
    let orders = format!(
        "sites.mine.grid.curtailment.orders=[{}, {}, \
         {{ from = \"2026-07-09T15:20\", hours = {}, limit_mw = {some_of_pool} }}, {}, {}]",
        order(7, 20.0),
        order(8, 12.0),
        2.0 / 3.0,
        order(10, some_of_block),
        order(11, 0.35)
    );
    let usual = world.run("stay-mining", &[]);
    let shed = world.run("stay-mining", &[&orders]);
    let hour = |day: u32, column: &str| {
        shed.hours(
            column,
            &format!("2026-07-{day:02}T20:00:00Z"),
            &format!("2026-07-{day:02}T21:00:00Z"),
        )
    };
    let all = BLOCK + POOL;
    // 20 MW: the old machines give way, the new ones and the hall go on in full.
    let mining = hour(7, "mining_mw");
    assert!(
        mining > NEW.nameplate_mw() && mining < NEW.nameplate_mw() + OLD.nameplate_mw(),
        "{mining}"
    );
    assert!(hour(7, "grid_mw") <= 20.0 && hour(7, "grid_mw") > 19.5);
    // 12 MW: no old machine, some of the new ones.
    let mining = hour(8, "mining_mw");
    assert!(mining > 0.0 && mining < NEW.nameplate_mw(), "{mining}");
    assert!(hour(8, "grid_mw") <= 12.0 && hour(8, "grid_mw") > 11.5);
    for day in [7, 8] {
        assert_eq!(hour(day, "gpu_capacity"), all);
    }
    // Room for the block and 96 of the pool: no miner, 160 GPUs dark for 40 minutes.
    near("capacity", hour(9, "gpu_capacity"), all - 160.0 * 2.0 / 3.0, 1e-9);
    // Room for 2,080 of the block: no pool.
    near("capacity", hour(10, "gpu_capacity"), BLOCK - 800.0, 1e-9);
    assert_eq!(hour(10, "mining_mw"), 0.0);
    // Not even room for network and storage: the hall is dark; miners take the 50 kW that auxiliaries leave.
    assert_eq!((hour(11, "gpu_capacity"), hour(11, "gpu_it_mw")), (0.0, 0.0));
    let left = hour(11, "grid_mw");
    assert!(left > AUX_MW && left <= 0.35, "{left}");

    let dark = 160.0 * 2.0 / 3.0 + (POOL + 800.0) + all;
    near(
        "GPU-hours without power",
        shed.monthly("gpu_hours_unpowered", "2026-07"),
        dark,
        1e-9,
    );
    let lost_h = 800.0 / BLOCK + 1.0;
    let availability = (744.0 - lost_h) / 744.0 * 100.0;
    assert!(availability > 99.0, "no credit is due at {availability}");
    assert_eq!(shed.cash_of_year("service_credits"), 0.0);

    // On 9 July at 15:20 a spot job (since 15:05) and one on demand (since 15:10) run; 96 GPUs carry one of them. The
    // spot job goes, although it began first, and starts afresh when the other ends at 15:40.
    let at = |hour: i64, minute: i64| (189 * 24 - 1 + hour) * 3_600 + minute * 60;
    let job = |submit: i64| {
        let jobs = shed.rows("jobs.csv");
        let found = jobs.into_iter().find(|j| j["submit_s"] == submit.to_string());
        let job = found.expect("it was recorded");
        let text = ["class", "start_s", "end_s", "restarts", "lost_gpu_s"].map(|c| job[c].clone());
        text.join(" ")
    };
    let expected = format!("spot {} {} 1 {}", at(15, 40), at(16, 10), 64 * 15 * 60);
    assert_eq!(job(at(15, 5)), expected);
    assert_eq!(
        job(at(15, 10)),
        format!("on_demand {} {} 0 0", at(15, 10), at(15, 40))
    );
    assert!(shed.metric("npv_usd") < usual.metric("npv_usd"));
}

#[test]
fn calls_stop_mining_for_their_hours_and_pay_for_every_hour_of_readiness() {
    let world = World::new();
    // One call on every day of July: 4 hours in 30.4375 days are 121.75 hours in a mean year.
    let clause = "curtailment_payment = { usd_per_mw_h = 5, hours_per_year = 121.75, months = [7], \
                  from_hour = 14, to_hour = 18 }";
    let set = format!(
        "sites.mine.power_contracts=[{{ id = \"market\", clauses = [{{ index = {{ price = \"da\", \
         adder_usd_per_mwh = 2 }} }}, {{ {clause} }}] }}]"
    );
    let run = world.run("stay-mining", &[&set]);
    let mining_mw = NEW.feed_mw(28.0) + OLD.feed_mw(28.0);
    near(
        "payment",
        run.metric("demand_response_usd"),
        5.0 * mining_mw * 8_760.0,
        1e-9,
    );
    near(
        "in the ledger",
        run.cash_of_year("demand_response"),
        5.0 * mining_mw * 8_760.0,
        1e-9,
    );
    let petahash = NEW.hashrate_ph() + OLD.hashrate_ph();
    near(
        "mining revenue",
        run.cash("mining_revenue", "2026-07"),
        petahash * HASHPRICE * (744.0 - 124.0) / DAY_H,
        1e-9,
    );
    let called = run.hours("mining_mw", "2026-07-10T19:00:00Z", "2026-07-10T23:00:00Z");
    assert_eq!(called, 0.0);
    assert_eq!(
        run.hours("gpu_capacity", "2026-07-10T19:00:00Z", "2026-07-10T23:00:00Z"),
        4.0 * (BLOCK + POOL)
    );
}

#[test]
fn a_dear_day_sells_the_block_that_mining_leaves() {
    let world = World::new();
    let contracts = "sites.mine.power_contracts=[\
        { id = \"block\", clauses = [{ block = { mw = 20, usd_per_mwh = 28, resale = \"da\" } }] },\
        { id = \"market\", clauses = [{ index = { price = \"da\", adder_usd_per_mwh = 2 } }] }]";
    let dear = "market.power.da={ fixed_usd_per_mwh = 30, adjustments = [\
                { from = \"2026-07-10\", to = \"2026-07-11\", set_usd_per_mwh = 120 }] }";
    let usual = world.run("stay-mining", &[contracts]);
    let sold = world.run("stay-mining", &[contracts, dear]);
    let change = |what: &dyn Fn(&Run) -> f64| what(&sold) - what(&usual);
    assert_eq!(usual.cash_of_year("power_resale"), 0.0);
    // 120 is more than 119 less overhead: what the halls and auxiliaries leave of the block is sold.
    let used = usual_gpu_feed_mw() + AUX_MW;
    let resale = (20.0 - used) * 120.0 * DAY_H;
    near("resale", sold.cash("power_resale", "2026-07"), resale, 1e-9);
    // And the market sells nothing above the block.
    let saved = (usual_meter_mw() - 20.0) * POWER_USD * DAY_H;
    near(
        "bill",
        change(&|r| r.monthly("power_cost_usd", "2026-07")),
        -resale - saved,
        1e-9,
    );
    near(
        "power cost",
        change(&|r| r.cash("power_cost", "2026-07")),
        saved,
        1e-9,
    );
    let mining = (NEW.hashrate_ph() + OLD.hashrate_ph()) * HASHPRICE * KEPT;
    near(
        "NPV",
        change(&|r| r.metric("npv_usd")),
        worth(resale + saved - mining, "2026-07"),
        1e-8,
    );
}

#[test]
fn one_free_hour_of_a_month_under_orders_sets_its_demand_charge() {
    let world = World::new();
    // From 1 July 00:00 to 10 July 09:00, and from 10:00 to the end of the month.
    let run = world.run(
        "stay-mining",
        &["sites.mine.grid.curtailment.orders=[\
           { from = \"2026-07-01T00:00\", hours = 225, limit_mw = 15 },\
           { from = \"2026-07-10T10:00\", hours = 518, limit_mw = 15 }]"],
    );
    let lines = run.rows("settlement.csv");
    let demand = lines
        .iter()
        .find(|l| l["month"] == "2026-07" && l["clause"].starts_with("demand_charge"))
        .expect("the contract has one");
    near(
        "billed kilowatts",
        number(demand, "quantity"),
        usual_meter_mw() * 1e3,
        1e-9,
    );
    assert_eq!(demand["set_by"], "2026-07-10T14:00:00Z/PT60M");
    near(
        "charge",
        number(demand, "usd"),
        -usual_meter_mw() * 1e3 * 1.5,
        1e-9,
    );
    assert!(run.monthly("energy_grid_mwh", "2026-07") < 15.1 * 744.0);
}

#[test]
fn a_late_hall_delays_its_block_and_pays_the_penalty_and_its_prepayment_is_credited() {
    let world = World::new();
    let promised = "tenants.late.reserved.gpu_block.starts.when_ready=\
                    { latest = \"2026-04-30\", late_penalty_percent_per_month = 5 }";
    let planned = world.run("cloud", &[promised]);
    let late = world.run(
        "cloud",
        &[
            promised,
            "strategies.cloud.conversions[0].stages.burn-in.delay_months=3",
        ],
    );
    near("ready", planned.metric("ready_for_service_months"), 2.25, 1e-6);
    near("ready", late.metric("ready_for_service_months"), 5.25, 1e-6);

    // 800 GPUs at 2.5 USD: 2,000 USD an hour. A fifth of five years in advance, credited evenly over the term.
    let (fee_h, term_h) = (2_000.0, 5.0 * 8_766.0);
    let prepaid = 0.2 * fee_h * term_h;
    let anchor = BLOCK * 2.5 * 8_760.0;
    for (run, ready) in [(&planned, 2.25), (&late, 5.25)] {
        near(
            "prepaid",
            run.cash("customer_prepayments", "2026-01"),
            prepaid,
            1e-9,
        );
        near("prepaid", run.cash_of_year("customer_prepayments"), prepaid, 1e-9);
        let served_h = 8_760.0 - hours_after(ready);
        near(
            "reserved revenue",
            run.cash_of_year("gpu_reserved_revenue"),
            anchor + served_h * (fee_h - prepaid / term_h),
            1e-6,
        );
        near("NPV", run.metric("npv_usd"), run.npv_by_hand(), 1e-9);
    }
    // Free to the end of April: 1 May is 120 days after the start, less the hour of summer time.
    let late_h = hours_after(5.25) - (120.0 * DAY_H - 1.0);
    assert_eq!(planned.cash_of_year("service_credits"), 0.0);
    near(
        "penalty",
        late.cash_of_year("service_credits"),
        -late_h / MONTH_H * 0.05 * fee_h * MONTH_H,
        1e-6,
    );
    // The baseline has no hall for this tenant, and owes it nothing.
    let cashflow = rows(&late.dir.join("cashflow.csv"));
    let owed = cashflow
        .iter()
        .filter(|r| r["strategy"] == "stay-mining" && r["account"] == "service_credits");
    assert_eq!(owed.map(|r| number(r, "usd")).sum::<f64>(), 0.0);
}

#[test]
fn rent_steps_up_on_the_day_a_year_after_the_lease_began() {
    let world = World::new();
    let run = world.run("lease", &["years=2"]);
    let cash = |month: &str| run.cash("lease_revenue", month);
    let rent = 12_000.0 * 0.7 * 120.0;
    near("July 2027", cash("2027-07"), rent, 1e-6);
    near("September 2027", cash("2027-09"), rent * 1.03, 1e-6);
    // Ready 213.0625 days after the start; a year of 365.25 days later, less the hour of summer time and 577 days to
    // 1 August, is when the rent steps.
    let before_h = (213.0625 + 365.25) * DAY_H - (577.0 * DAY_H - 1.0);
    near(
        "August 2027",
        cash("2027-08"),
        rent * (before_h + 1.03 * (744.0 - before_h)) / 744.0,
        1e-6,
    );
}

#[test]
fn failures_take_rate_times_repair_time_from_served_gpu_hours() {
    let world = World::new();
    let all = BLOCK + POOL;
    let filled = format!("tenants.anchor.reserved.gpu_block.gpus={all}");
    let failures = "sites.mine.halls.gpu.serving.failures={ per_1000_system_days = 100, \
                    repair_hours = { p50 = 10, p90 = 10 }, return_percent = 0, technicians = 1000 }";
    let run = world.run("stay-mining", &[&filled, failures]);
    let (served, failed) = (run.metric("gpu_hours_served"), {
        let months = run.rows("monthly.csv");
        months.iter().map(|r| number(r, "gpu_hours_failed")).sum::<f64>()
    });
    // One failure in ten system-days, ten hours each: 1/24 of the time up is spent down, 4 % of all time. Some 14,000
    // failures leave a standard deviation of about 1 % of it.
    let down = (0.1 * 10.0 / 24.0) / (1.0 + 0.1 * 10.0 / 24.0);
    near("failed GPU-hours", failed, all * down * 8_760.0, 0.04);
    near("served GPU-hours", served, 0.9 * (all * 8_760.0 - failed), 1e-9);
    // 5 % of the fee for each point of availability below 99, month by month.
    let credits: f64 = (1..=12)
        .map(|m| {
            let month = format!("2026-{m:02}");
            let offered = run.monthly("gpu_hours_offered", &month);
            let missed = 99.0 - 100.0 * (1.0 - run.monthly("gpu_hours_failed", &month) / offered);
            missed.max(0.0) * 0.05 * offered * 2.5
        })
        .sum();
    near(
        "service credits",
        run.cash_of_year("service_credits"),
        -credits,
        1e-9,
    );
}

#[test]
fn hours_add_up_to_months_bills_to_the_ledger_and_cash_to_npv() {
    let world = World::new();
    let run = world.run("lease", &[]);
    let (hours, months, lines) = (
        run.rows("hourly.csv"),
        run.rows("monthly.csv"),
        run.rows("settlement.csv"),
    );
    assert_eq!((hours.len(), months.len()), (8_760, 12));
    let pairs = [
        ("grid_mw", "energy_grid_mwh"),
        ("mining_mw", "energy_mining_mwh"),
        ("gpu_it_mw", "energy_gpu_it_mwh"),
        ("cooling_mw", "energy_cooling_mwh"),
        ("losses_mw", "energy_losses_mwh"),
        ("other_mw", "energy_other_mwh"),
    ];
    // Months begin at 6 o'clock UTC, in summer time at 5.
    let begin = |month: usize| {
        let hour = if (4..=11).contains(&month) { 5 } else { 6 };
        match month {
            13 => "2027-01-01T06:00:00Z".to_owned(),
            _ => format!("2026-{month:02}-01T{hour:02}:00:00Z"),
        }
    };
    for (index, month) in months.iter().enumerate() {
        for (of_hour, of_month) in pairs {
            let sum = run.hours(of_hour, &begin(index + 1), &begin(index + 2));
            near(of_month, sum, number(month, of_month), 1e-9);
        }
        let name = &month["month"];
        let bill: f64 = lines
            .iter()
            .filter(|l| l["month"] == *name)
            .map(|l| number(l, "usd"))
            .sum();
        near("bill", -bill, number(month, "power_cost_usd"), 1e-9);
        let booked: f64 = ["power_cost", "power_resale", "demand_response"]
            .iter()
            .map(|account| run.cash(account, name))
            .sum();
        near("power in the ledger", booked, bill, 1e-9);
        let earned: f64 = [
            "mining_revenue",
            "gpu_reserved_revenue",
            "gpu_on_demand_revenue",
            "gpu_spot_revenue",
            "lease_revenue",
        ]
        .iter()
        .map(|account| run.cash(account, name))
        .sum();
        near("revenue", earned, number(month, "revenue_usd"), 1e-9);
    }
    near("NPV", run.metric("npv_usd"), run.npv_by_hand(), 1e-9);
}

#[test]
fn replay_of_the_jobs_of_a_run_starts_and_ends_them_when_the_run_did() {
    let world = World::new();
    // Three times the jobs: six of 64 GPUs an hour on 256, so that some wait.
    let run = world.run("stay-mining", &["tenants.open.on_demand.jobs.copies=3"]);
    let starts = world.path("starts.csv");
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_repower"))
        .arg("replay")
        .arg(run.dir.join("jobs.csv"))
        .args(["--gpus", "256", "--policy", "easy", "--json", "--capacity"])
        .arg(run.dir.join("capacity.csv"))
        .arg("--starts")
        .arg(&starts)
        .assert()
        .success();
    let json: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    let jobs = run.rows("jobs.csv");
    let of_replay = rows(&starts);
    assert_eq!(of_replay.len(), jobs.len());
    let begun: std::collections::HashMap<&str, &str> = of_replay
        .iter()
        .map(|r| (r["job_id"].as_str(), r["start_s"].as_str()))
        .collect();
    let mut last = 0;
    for job in &jobs {
        assert_eq!(begun[job["job_id"].as_str()], job["start_s"], "{job:?}");
        last = last.max(job["end_s"].parse::<i64>().unwrap());
    }
    assert_eq!(json["makespan_s"].as_i64(), Some(last));
    let waited = json["mean_wait_s"].as_f64().unwrap();
    assert!(waited > 100.0, "somebody must wait: {waited}");
    near("mean wait", waited, run.metric("mean_wait_s"), 0.01);
}
