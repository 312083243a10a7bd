//! Conversions that wait for something, and tenants who sign late: what that moves in a run of the small world, by hand.

use std::fs;

use crate::hand_made::{DAY_H, MONTH_H, OLD, Run, World, near, number};
use crate::support::said;

const START: &str = "strategies.cloud.conversions[0].start=";
const SIGNS: &str = "tenants.late.reserved.gpu_block.signs=";
/// 800 GPUs at 2.5 USD: 2,000 USD an hour, over five years of 8,766 hours.
const FEE_H: f64 = 2_000.0;
const CONTRACT: f64 = FEE_H * 5.0 * 8_766.0;
/// A fifth is prepaid and credited evenly over the term; cash is the rest.
const CASH: f64 = 0.8;
/// The tenant that is there already: 2,880 GPUs at 2.5 USD.
const ANCHOR: f64 = 2_880.0 * 2.5 * 8_760.0;
/// Months from the start of the project until its hall is ready.
const LASTS: f64 = 2.25;
const YEAR_H: f64 = 8_760.0;
/// 1 March and 1 May, in hours after the start; the latter less the hour of summer time.
const MARCH_H: f64 = 59.0 * DAY_H;
const MAY_H: f64 = 120.0 * DAY_H - 1.0;
/// USD a day of the old hall's miners at 50 USD a petahash and day.
fn mining_a_day() -> f64 {
    OLD.hashrate_ph() * 50.0
}

fn cloud(world: &World, set: &[&str]) -> Run {
    let run = world.run("cloud", set);
    near("NPV", run.metric("npv_usd"), run.npv_by_hand(), 1e-9);
    run
}

fn signs(when: &str) -> String {
    format!("{SIGNS}{{ {when} }}")
}

#[test]
fn a_conversion_waits_for_its_tenant_and_mines_until_he_signs() {
    let world = World::new();
    let usual = cloud(&world, &[]);
    let wait = format!("{START}{{ when = {{ tenant_signs = \"late\" }} }}");
    let late = cloud(&world, &[&wait, &signs("date = \"2026-03-01\"")]);
    let change = |account: &str| late.cash_of_year(account) - usual.cash_of_year(account);
    near(
        "revenue",
        late.cash_of_year("gpu_reserved_revenue"),
        ANCHOR + CASH * FEE_H * (8_760.0 - MARCH_H - LASTS * MONTH_H),
        1e-6,
    );
    near("mining", change("mining_revenue"), mining_a_day() * 59.0, 1e-6);
    near(
        "prepayment",
        late.cash("customer_prepayments", "2026-03"),
        0.2 * CONTRACT,
        1e-9,
    );
    assert_eq!(late.cash("customer_prepayments", "2026-01"), 0.0);
    // A tenant who never signs leaves the mine as it is.
    let never = cloud(
        &world,
        &[
            &wait,
            &signs("drawn = { chance_percent = 0, months.fixed = { value = 1 } }"),
        ],
    );
    let mine = world.run("stay-mining", &[]);
    near("NPV", never.metric("npv_usd"), mine.metric("npv_usd"), 1e-12);
}

#[test]
fn a_hall_that_is_ready_before_its_tenant_signs_stands_unlet_and_his_dates_move() {
    let world = World::new();
    let promise = "tenants.late.reserved.gpu_block.starts.when_ready=\
                   { latest = \"2026-01-31\", late_penalty_percent_per_month = 10 }";
    let prompt = cloud(&world, &[promise]);
    // Late by 2.25 months less January: a tenth of a month's fee for each month.
    near(
        "penalty",
        prompt.cash_of_year("service_credits"),
        -0.1 * FEE_H * (LASTS * MONTH_H - 31.0 * DAY_H),
        1e-6,
    );
    let late = cloud(&world, &[promise, &signs("date = \"2026-05-01\"")]);
    near(
        "revenue",
        late.cash_of_year("gpu_reserved_revenue"),
        ANCHOR + CASH * FEE_H * (8_760.0 - MAY_H),
        1e-6,
    );
    assert_eq!(late.cash_of_year("service_credits"), 0.0);
    near(
        "prepayment",
        late.cash("customer_prepayments", "2026-05"),
        0.2 * CONTRACT,
        1e-9,
    );
    // All of the new hall stands unlet from when it is ready until May.
    let unlet = |run: &Run, month: &str| run.monthly("stranded_mwh_unlet", month);
    let more = unlet(&late, "2026-04") - unlet(&prompt, "2026-04");
    let feed = |run: &Run| run.monthly("energy_gpu_it_mwh", "2026-04") / 720.0;
    assert!(more > 0.9 * 720.0 * (feed(&prompt) - feed(&late)), "{more}");
    assert_eq!(unlet(&late, "2026-06"), unlet(&prompt, "2026-06"));
    // 720 GPUs at work less; systems stay on: idle they draw less by the dynamic part.
    assert!(feed(&late) < feed(&prompt));
}

#[test]
fn a_shell_earns_rent_from_the_day_on_which_it_stands_and_its_tenant_has_signed() {
    let world = World::new();
    let rent_a_month = 12_000.0 * 0.7 * 120.0;
    let signed = |date: &str| {
        let signs = format!("strategies.lease.conversions[0].lease.signs={{ date = \"{date}\" }}");
        world.run("lease", &[&signs])
    };
    let after = signed("2026-09-01");
    near(
        "rent",
        after.cash_of_year("lease_revenue"),
        4.0 * rent_a_month,
        1e-9,
    );
    let before = signed("2026-05-01");
    let usual = world.run("lease", &[]);
    near(
        "signed in time",
        before.cash_of_year("lease_revenue"),
        usual.cash_of_year("lease_revenue"),
        1e-12,
    );
    // Waiting for the signature before building: ready seven months after 1 May.
    let wait = "strategies.lease.conversions[0].start={ when = { lease_signed = true } }";
    let signs = "strategies.lease.conversions[0].lease.signs={ date = \"2026-05-01\" }";
    let waited = world.run("lease", &[wait, signs]);
    // All of December, and what is left of November's 721 hours.
    let november_h = 334.0 * DAY_H - (MAY_H + 7.0 * MONTH_H);
    near(
        "waited",
        waited.cash_of_year("lease_revenue"),
        rent_a_month * (1.0 + november_h / 721.0),
        1e-6,
    );
}

#[test]
fn one_tenant_signs_for_all_halls_of_a_conversion_on_one_day() {
    let world = World::new();
    let run = world.run(
        "lease",
        &[
            "strategies.lease.conversions[0].halls=[\"mine/old\", \"mine/new\"]",
            "strategies.lease.conversions[0].lease.signs={ drawn = { months = { uniform = { low = 8, high = 11 } } } }",
        ],
    );
    let events = run.rows("events.csv");
    let signed: Vec<_> = events.iter().filter(|e| e["kind"] == "signed").collect();
    assert_eq!(signed.len(), 2, "a row for each hall");
    assert_eq!(signed[0]["t_s"], signed[1]["t_s"]);
    // Both halls stand ready before; 24 MW at 70 % and 120 USD a kW and month from that day on, by hours of the month.
    let at_h = number(signed[0], "t_s") / 3_600.0;
    let rent_a_month = 24_000.0 * 0.7 * 120.0;
    let year: f64 = run.cash_of_year("lease_revenue");
    let by_days = rent_a_month * (YEAR_H - at_h) / MONTH_H;
    assert!((year / by_days - 1.0).abs() < 0.03, "{year}, about {by_days}");
}

#[test]
fn conditions_of_price_and_rent_start_when_they_hold() {
    let world = World::new();
    let start = |when: &str| {
        let start = format!("{START}{{ when = {{ {when} }} }}");
        cloud(&world, &[&start]).metric("ready_for_service_months")
    };
    // Hashprice stands at 50 USD, rent at 2 USD.
    near(
        "hashprice",
        start("hashprice_below_usd_per_ph_day = 51"),
        LASTS,
        1e-6,
    );
    let rent = "rent_above = { market = \"h100\", usd_per_gpu_h = 2 }";
    near("rent", start(rent), LASTS, 1e-6);
    let both = format!("hashprice_below_usd_per_ph_day = 49, {rent}, or_date = \"2026-03-01\"");
    near("both", start(&both), (MARCH_H + LASTS * MONTH_H) / MONTH_H, 1e-6);
    let any = format!("need = \"any\", hashprice_below_usd_per_ph_day = 49, {rent}");
    near("any", start(&any), LASTS, 1e-6);
    let later = format!("{rent}, not_before = \"2026-03-01\"");
    near(
        "later",
        start(&later),
        (MARCH_H + LASTS * MONTH_H) / MONTH_H,
        1e-6,
    );
}

#[test]
fn a_conversion_follows_the_one_whose_hall_is_ready() {
    let world = World::new();
    let text = fs::read_to_string(world.path("world.toml")).unwrap();
    let begin = text
        .find("[[strategies]]                                # ready after")
        .unwrap();
    let end = text.find("[finance]").unwrap();
    let cloud = &text[begin..end];
    let second = &cloud[cloud.find("[[strategies.conversions]]").unwrap()..];
    let second = second
        .replace("mine/old", "mine/new")
        .replace(
            "start.date = \"2026-01-01\"",
            "start.when = { after_ready = [\"mine/old\"] }",
        )
        .replace("tenants = [\"late\"]", "tenants = [\"open\"]");
    let both = format!("{}{cloud}{second}{}", &text[..begin], &text[end..]);
    fs::write(world.path("world.toml"), both).unwrap();
    let run = world.run("cloud", &[]);
    // Looked at once a day: at the midnight after the first hall is ready.
    let first_days = (LASTS * MONTH_H / DAY_H).ceil();
    let schedule = run.rows("schedule.csv");
    let mut of_second = schedule
        .iter()
        .filter(|r| r["hall"] == "new" && r["stage"] == "wind-down");
    let begun = &of_second.next().unwrap()["start"];
    let day = 31 + 28 + begun[8..10].parse::<u32>().unwrap() - 1;
    assert_eq!((f64::from(day), &begun[..7]), (first_days, "2026-03"), "{begun}");
    let done = run.rows("schedule.csv");
    assert!(done.iter().all(|r| number(r, "replication") == 0.0));
}

#[test]
fn starts_that_name_what_is_not_there_are_refused_at_their_place() {
    let world = World::new();
    let refused = |when: &str| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_repower"));
        let start = format!("{START}{{ when = {{ {when} }} }}");
        command
            .current_dir(world.path("."))
            .args(["validate", "world.toml", "--set", &start]);
        said(&command.assert().code(2))
    };
    assert!(refused("").contains("no condition is given"));
    assert!(refused("tenant_signs = \"lat\"").contains("did you mean `late`"));
    assert!(refused("tenant_signs = \"late\"").contains("nothing says when `late` signs"));
    assert!(refused("lease_signed = true").contains("no lease that somebody signs"));
    assert!(refused("after_ready = [\"mine/odl\"]").contains("did you mean `mine/old`"));
    assert!(refused("after_ready = [\"mine/old\"]").contains("by this very conversion"));
    assert!(refused("rent_above = { market = \"h10\", usd_per_gpu_h = 2 }").contains("did you mean `h100`"));
    let dates = "lease_signed = true, not_before = \"2026-05-01\", or_date = \"2026-04-01\"";
    assert!(refused(dates).contains("before `not_before`"));
    assert!(
        refused("hashprice_below_usd_per_ph_day = 30, hashprice_mean_days = 0").contains("between 1 and 365")
    );
}
