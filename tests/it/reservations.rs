//! Reservations whose GPUs come late, in parts, or not for long enough: what they owe by hand, in a run of the small world.

use crate::hand_made::{BLOCK, DAY_H, MONTH_H, Run, World, near};
use crate::support::said;

/// 800 GPUs at 2.5 USD: 2,000 USD an hour.
const FEE_H: f64 = 2_000.0;
/// Five years of it.
const CONTRACT: f64 = FEE_H * 5.0 * 8_766.0;
/// Three more months of burn-in: the hall is ready after 5.25 months, 8 June.
const LATE: &str = "strategies.cloud.conversions[0].stages.burn-in.delay_months=3";
const READY_H: f64 = 5.25 * MONTH_H;
/// 1 February and 1 May, in hours after the start; the latter less the hour of summer time.
const FEBRUARY_H: f64 = 31.0 * DAY_H;
const MAY_H: f64 = 120.0 * DAY_H - 1.0;

fn block(rest: &str) -> String {
    format!("tenants.late.reserved.gpu_block.{rest}")
}

fn credits(run: &Run) -> f64 {
    run.cash_of_year("service_credits")
}

fn run(world: &World, set: &[&str]) -> Run {
    let block: Vec<String> = set.iter().map(|rest| block(rest)).collect();
    let mut all: Vec<&str> = block.iter().map(String::as_str).collect();
    all.push(LATE);
    let run = world.run("cloud", &all);
    near("ready", run.metric("ready_for_service_months"), 5.25, 1e-6);
    near("NPV", run.metric("npv_usd"), run.npv_by_hand(), 1e-9);
    run
}

#[test]
fn tranches_are_late_each_by_itself_and_what_is_there_is_paid_for() {
    let world = World::new();
    // The hall that serves has 300 GPUs for this tenant from the first day; the new hall brings the other 500.
    let room = "tenants.anchor.reserved.gpu_block.gpus=2580";
    let [penalty, prepay] = [
        block("starts.when_ready={ late_penalty_percent_per_month = 5 }"),
        block("prepay_percent=0"),
    ];
    let with = |tranches: &str| {
        let tranches = block(&format!("tranches={tranches}"));
        world.run("cloud", &[room, &penalty, &prepay, &tranches, LATE])
    };
    let late_h = READY_H - MAY_H;
    let met = with("[{ gpus = 300, latest = \"2026-01-31\" }, { gpus = 500, latest = \"2026-04-30\" }]");
    near(
        "second tranche",
        credits(&met),
        -0.05 * FEE_H * 500.0 / 800.0 * late_h,
        1e-6,
    );
    // 300 of the first 400 are not 400: until the new hall is ready that tranche is late, whole.
    let missed = with("[{ gpus = 400, latest = \"2026-01-31\" }, { gpus = 400, latest = \"2026-04-30\" }]");
    let both = 0.5 * (READY_H - FEBRUARY_H) + 0.5 * late_h;
    near("both tranches", credits(&missed), -0.05 * FEE_H * both, 1e-6);
    // Month by month: February has 672 hours of the first half only.
    near(
        "February",
        missed.cash("service_credits", "2026-02"),
        -0.05 * FEE_H * 0.5 * 672.0,
        1e-9,
    );
    // A first date that is missed by a week only.
    let week = with("[{ gpus = 300, latest = \"2026-01-31\" }, { gpus = 500, latest = \"2026-06-01\" }]");
    let june_2_h = MAY_H + 32.0 * DAY_H;
    near(
        "a week",
        credits(&week),
        -0.05 * FEE_H * 500.0 / 800.0 * (READY_H - june_2_h),
        1e-6,
    );
    for run in [&met, &missed, &week] {
        let gpu_h = (2_580.0 + 300.0) * 8_760.0 + 500.0 * (8_760.0 - READY_H);
        near(
            "revenue",
            run.cash_of_year("gpu_reserved_revenue"),
            2.5 * gpu_h,
            1e-6,
        );
        near("NPV", run.metric("npv_usd"), run.npv_by_hand(), 1e-9);
    }
}

#[test]
fn penalties_stop_at_their_cap() {
    let world = World::new();
    let milestone = "starts.when_ready={ latest = \"2026-04-30\", late_penalty_percent_per_month = 50 }";
    let free = run(&world, &[milestone]);
    let uncapped = 0.5 * FEE_H * (READY_H - MAY_H);
    near("uncapped", credits(&free), -uncapped, 1e-6);
    let capped = run(&world, &[milestone, "late_penalty_cap_percent=1"]);
    assert!(uncapped > 0.01 * CONTRACT);
    near("capped", credits(&capped), -0.01 * CONTRACT, 1e-9);
    // All of May's 744 hours come to 744,000 USD, less than the cap of 876,600; the rest falls in June.
    near(
        "May",
        capped.cash("service_credits", "2026-05"),
        -0.5 * FEE_H * 744.0,
        1e-9,
    );
    near(
        "June",
        capped.cash("service_credits", "2026-06"),
        0.5 * FEE_H * 744.0 - 0.01 * CONTRACT,
        1e-9,
    );
    let high = run(&world, &[milestone, "late_penalty_cap_percent=50"]);
    near("a cap that does not bind", credits(&high), credits(&free), 1e-12);
}

#[test]
fn a_tenant_leaves_after_a_long_delay_with_his_prepayment_and_a_payment() {
    let world = World::new();
    let milestone = "starts.when_ready={ latest = \"2026-04-30\", late_penalty_percent_per_month = 5 }";
    let leaves = |days: u32| format!("termination={{ after_days = {days}, payment_percent = 2 }}");
    let anchor = BLOCK * 2.5 * 8_760.0;
    let gone = run(&world, &[milestone, &leaves(20)]);
    // Notice on 21 May, twenty days after 1 May: penalties end with it, and the rest is settled with the month.
    near(
        "May",
        gone.cash("service_credits", "2026-05"),
        -(0.05 * FEE_H * 480.0 + 0.02 * CONTRACT),
        1e-9,
    );
    near(
        "the year",
        credits(&gone),
        gone.cash("service_credits", "2026-05"),
        1e-12,
    );
    near(
        "prepaid",
        gone.cash("customer_prepayments", "2026-01"),
        0.2 * CONTRACT,
        1e-9,
    );
    near(
        "returned",
        gone.cash("customer_prepayments", "2026-05"),
        -0.2 * CONTRACT,
        1e-9,
    );
    // The hall comes in June all the same and stands idle.
    near("revenue", gone.cash_of_year("gpu_reserved_revenue"), anchor, 1e-9);
    // Or it is let at the market: 2 USD, 70 % of it.
    let let_anew = run(&world, &[milestone, &leaves(20), "then_market=\"h100\""]);
    let market = 800.0 * 2.0 * 0.7 * (8_760.0 - READY_H);
    near(
        "let anew",
        let_anew.cash_of_year("gpu_reserved_revenue"),
        anchor + market,
        1e-6,
    );
    // The hall is ready 39 days after 1 May: 60 days of patience are enough.
    let stays = run(&world, &[milestone, &leaves(60)]);
    let plain = run(&world, &[milestone]);
    assert_eq!(
        stays.metric("npv_usd").to_bits(),
        plain.metric("npv_usd").to_bits()
    );
    near(
        "penalty",
        credits(&stays),
        -0.05 * FEE_H * (READY_H - MAY_H),
        1e-6,
    );
}

#[test]
fn a_delay_that_began_long_enough_ago_ends_the_contract_though_the_hall_came_in_its_month() {
    let world = World::new();
    let milestone = "starts.when_ready={ latest = \"2026-04-30\", late_penalty_percent_per_month = 5 }";
    let gone = run(
        &world,
        &[milestone, "termination={ after_days = 35 }", "prepay_percent=0"],
    );
    // Notice on 5 June, the hall on the 8th: the tenant pays for what he holds until the end of June.
    near("penalty", credits(&gone), -0.05 * FEE_H * 35.0 * DAY_H, 1e-9);
    let june_h = MAY_H + 61.0 * DAY_H - READY_H;
    let anchor = BLOCK * 2.5 * 8_760.0;
    near(
        "revenue",
        gone.cash_of_year("gpu_reserved_revenue"),
        anchor + FEE_H * june_h,
        1e-6,
    );
}

#[test]
fn credits_for_short_capacity_stop_at_the_share_of_the_fee_that_was_agreed() {
    let world = World::new();
    // In July the site may take 1.5 MW: of the block far less than the promised 99 % is there.
    let dark = "sites.mine.grid.import_limit_mw=[{ from = \"2026-01-01\", mw = 40 }, \
                { from = \"2026-07-01\", mw = 1.5 }, { from = \"2026-08-01\", mw = 40 }]";
    let july = |set: &[&str]| {
        let mut all = vec![dark];
        all.extend(set);
        let run = world.run("stay-mining", &all);
        near("NPV", run.metric("npv_usd"), run.npv_by_hand(), 1e-9);
        (
            run.cash("service_credits", "2026-07"),
            run.cash("gpu_reserved_revenue", "2026-07"),
        )
    };
    let fee = BLOCK * 2.5 * 744.0;
    let (usual, revenue) = july(&[]);
    near("fee", revenue, fee, 1e-9);
    near("usual", usual, -0.3 * fee, 1e-9);
    near(
        "twelve percent",
        july(&["tenants.anchor.reserved.gpu_block.credit_cap_percent=12"]).0,
        -0.12 * fee,
        1e-9,
    );
    near(
        "all of it",
        july(&["tenants.anchor.reserved.gpu_block.credit_cap_percent=100"]).0,
        -fee,
        1e-9,
    );
}

#[test]
fn promises_that_make_no_sense_are_refused_at_their_place() {
    let world = World::new();
    let refused = |rest: &str| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_repower"));
        command
            .current_dir(world.path("."))
            .args(["validate", "world.toml", "--set", &block(rest)]);
        said(&command.assert().code(2))
    };
    let sum = refused("tranches=[{ gpus = 300, latest = \"2026-01-31\" }]");
    assert!(
        sum.contains("the tranches add up to 300 GPUs; 800 are reserved"),
        "{sum}"
    );
    let order = refused(
        "tranches=[{ gpus = 300, latest = \"2026-05-31\" }, { gpus = 500, latest = \"2026-04-30\" }]",
    );
    assert!(order.contains("later date than the one before"), "{order}");
    assert!(refused("termination={ after_days = 0 }").contains("must lie between 1 and 3650"));
    assert!(refused("late_penalty_cap_percent=120").contains("must lie between 0 and 100"));
}
