//! What lenders and tenants do to a leased hall of the small world, against calculations by hand: power that the lender did not
//! foresee, a tenant's default with its backstop, letting again, further sizing cases, a loan on machines.

use assert_cmd::Command;
use rstest::rstest;

use crate::hand_made::{Run, World, near, number};

/// The transformer comes after two months: ready in April, repaid from July to December, by month; 7 % a year.
const SOON: &str = "strategies.lease.conversions[0].stages.transformer.duration_months.fixed.value=2";
const DEBT: &str = "strategies.lease.capital={ debt = { gearing_percent = 60, cover_ratio = 1.4, sizing_worlds = 1, \
    tenor_years = 0.5, grace_months = 2, payment_months = 1, reserve_months = 1, day_count = \"thirty_360\", \
    margin_percent = 3, base_percent = 4, upfront_fee_percent = 2, commitment_fee_percent = 0.75, \
    lock_up_ratio = 1.2, covenant_ratio = 1.1 } }";
const LEASE: &str = "strategies.lease.conversions[0].lease";
/// 70 % of the hall's 12 MW at 120 USD.
const IT_KW: f64 = 8_400.0;
const RENT_USD: f64 = IT_KW * 120.0;

fn run(world: &World, more: &[&str]) -> Run {
    let set: Vec<&str> = [SOON, DEBT].into_iter().chain(more.iter().copied()).collect();
    world.run("lease", &set)
}

fn month(m: usize) -> String {
    format!("2026-{:02}", m + 1)
}

/// Cash of each month but for financing: tax is nil here.
fn for_service(run: &Run) -> Vec<f64> {
    let financing = [
        "interest_capitalised",
        "interest_payable",
        "reserve_accounts",
        "debt_draws",
        "debt_repayments",
        "equity_contributions",
        "equity_distributions",
    ];
    let rows = run.rows("cashflow.csv");
    let of = |m: usize| {
        let own = rows.iter().filter(|r| {
            r["which"] == "p50" && r["month"] == month(m) && !financing.contains(&r["account"].as_str())
        });
        own.map(|r| number(r, "usd")).sum()
    };
    (0..12).map(of).collect()
}

/// Interest and principal paid in each month of repayment.
fn service(run: &Run, m: usize) -> f64 {
    -run.cash("interest_payable", &month(m)) - run.cash("debt_repayments", &month(m))
}

/// The adder of the power price is drawn: the lender's world has another one than the run. What the run's cash falls short of
/// what was sculpted is the difference of the two times the energy at the meter, in every month the same.
#[test]
fn dearer_power_than_the_lender_foresaw_reaches_cover_by_its_energy() {
    let world = World::new();
    let run = run(
        &world,
        &[
            "uncertain=[{ path = \"sites.mine.power_contracts[0].clauses[0].index.adder_usd_per_mwh\", \
           distribution.uniform = { low = 0, high = 20 } }]",
        ],
    );
    let cash = for_service(&run);
    let dearer: Vec<f64> = (6..12)
        .map(|m| (1.4 * service(&run, m) - cash[m]) / run.monthly("energy_grid_mwh", &month(m)))
        .collect();
    assert!(dearer[0].abs() > 0.05 && dearer[0].abs() < 20.0, "{dearer:?}");
    for usd_per_mwh in &dearer {
        near("difference of the prices", *usd_per_mwh, dearer[0], 1e-6);
    }
    let least = (6..12)
        .map(|m| cash[m] / service(&run, m))
        .fold(f64::MAX, f64::min);
    near("least cover", run.metric("dscr_min"), least, 1e-9);
    assert_eq!(run.metric("dscr_min") < 1.4, dearer[0] > 0.0);
}

/// Events of a kind: month, amount, days since the start.
fn events(run: &Run, kind: &str) -> Vec<(usize, f64, f64)> {
    let rows = run.rows("events.csv");
    let of = rows.iter().filter(|r| r["kind"] == kind);
    of.map(|r| {
        let day = number(r, "t_s") / 86_400.0;
        // The instant is the end of the month: half a month before it lies within.
        let month = ((day - 15.0) / (365.0 / 12.0)).floor() as usize;
        (month, r["detail"].parse().unwrap(), day)
    })
    .collect()
}

const CREDIT: &str =
    "credit={ default_percent_per_year = 99, termination_months = 6, backstop_percent = 50 }";

/// A tenant who almost surely defaults within the year. His guarantor pays half of six months' rent; rent ends, and with it the
/// power that the landlord of a gross lease paid for. The lender lent as if he stayed.
#[test]
fn a_tenants_default_ends_the_rent_and_its_backstop_is_cash_for_the_lender() {
    let world = World::new();
    let usual = run(&world, &[]);
    let credit = format!("{LEASE}.{CREDIT}");
    let broken = run(&world, &[&credit]);
    let defaults = events(&broken, "tenant_default");
    let [(at, paid, day)] = defaults[..] else {
        panic!("one default: {defaults:?}");
    };
    assert!((3..11).contains(&at), "{at}");
    // Nobody comes after him: empty until the year is over, at the rent of its first year.
    let empty = (365.0 - day) / (365.25 / 12.0);
    near("months empty", broken.metric("shell_empty_months"), empty, 1e-9);
    near(
        "lost",
        broken.metric("tenant_loss_usd"),
        empty * RENT_USD - paid,
        1e-9,
    );
    let memo = std::fs::read_to_string(broken.dir.join("memo.md")).unwrap();
    for part in ["a tenant defaults in", "leased halls stand empty for"] {
        assert!(memo.contains(part), "`{part}` is not in the memo");
    }
    assert_eq!(broken.metric("tenant_defaults"), 1.0);
    near("termination", paid, 0.5 * 6.0 * RENT_USD, 1e-9);
    near(
        "compensation",
        broken.cash("compensation_received", &month(at)),
        paid,
        1e-9,
    );
    near(
        "facility",
        broken.metric("debt_usd"),
        usual.metric("debt_usd"),
        1e-12,
    );
    for m in 0..12 {
        let (was, is) = (
            usual.cash("lease_revenue", &month(m)),
            broken.cash("lease_revenue", &month(m)),
        );
        let expected = if m <= at { was } else { 0.0 };
        assert!((is - expected).abs() < 1e-6, "{m}: {is} {expected}");
        if m > at {
            // 80 % of the critical load, 2 % lost, and cooling: no longer drawn.
            let less =
                usual.monthly("energy_grid_mwh", &month(m)) - broken.monthly("energy_grid_mwh", &month(m));
            let hours = less / (0.8 * IT_KW / 1e3 / 0.98);
            assert!((700.0..790.0).contains(&hours), "{m}: {hours}");
        }
    }
    let cash = for_service(&broken);
    let least = (6..12)
        .map(|m| cash[m] / service(&usual, m))
        .fold(f64::MAX, f64::min);
    near("least cover", broken.metric("dscr_min"), least, 1e-6);
    assert!(broken.metric("npv_equity_usd") < usual.metric("npv_equity_usd"));
}

/// The anchor holds 2,880 GPUs at 2.5 USD from the first day; nothing says to whom they are let after him.
#[test]
fn a_block_whose_tenant_defaults_earns_what_its_guarantor_pays_and_no_more() {
    let world = World::new();
    let credit = "tenants[0].reserved.gpu_block.credit={ default_percent_per_year = 95, termination_months = 3, \
        backstop_percent = 80 }";
    let usual = world.run("stay-mining", &[]);
    let broken = world.run("stay-mining", &[credit]);
    let [(at, paid, _)] = events(&broken, "tenant_default")[..] else {
        panic!("one default");
    };
    near("paid", paid, 0.8 * 3.0 * 2_880.0 * 2.5 * 730.5, 1e-9);
    near(
        "in the books",
        broken.cash("compensation_received", &month(at)),
        paid,
        1e-9,
    );
    for m in 0..12 {
        let was = usual.cash("gpu_reserved_revenue", &month(m));
        let expected = if m <= at { was } else { 0.0 };
        let is = broken.cash("gpu_reserved_revenue", &month(m));
        assert!((is - expected).abs() < 1e-6, "{m}: {is} {expected}");
    }
    assert_eq!(broken.metric("tenant_defaults"), 1.0);
    near("NPV", broken.metric("npv_usd"), broken.npv_by_hand(), 1e-9);
}

#[test]
fn an_empty_shell_is_let_again_at_the_market_rent_less_the_cost_of_letting() {
    let world = World::new();
    let credit = format!("{LEASE}.{CREDIT}");
    let again = format!(
        "{LEASE}.reletting={{ usd_per_kw_month = 90, growth_percent_per_year = 12, empty_months = 0.9, cost_months = 2 }}"
    );
    let usual = run(&world, &[]);
    let run = run(&world, &[&credit, &again]);
    let (defaults, lets) = (events(&run, "tenant_default"), events(&run, "let_again"));
    assert!(!defaults.is_empty() && !lets.is_empty());
    let (left, (let_again, cost, days)) = (defaults[0].0, lets[0]);
    assert_eq!(let_again, left + 1);
    let rent = IT_KW * 90.0 * 1.12_f64.powf(days / 365.25);
    near("cost of letting", cost, 2.0 * rent, 1e-9);
    let paid = run.cash("other_opex", &month(let_again)) - usual.cash("other_opex", &month(let_again));
    near("cost of letting in the books", paid, -cost, 1e-9);
    assert_eq!(run.cash("lease_revenue", &month(let_again)), 0.0);
    if let_again + 1 < 12 && defaults.get(1).is_none_or(|d| d.0 > let_again) {
        near(
            "rent",
            run.cash("lease_revenue", &month(let_again + 1)),
            rent,
            1e-9,
        );
    }
}

/// Rent in pounds: 96 of them a kW and month, at 1.25 USD until the end of July and 1.35 from then on.
#[test]
fn rent_in_another_currency_is_worth_what_its_rate_says() {
    let world = World::new();
    let usual = run(&world, &[]);
    let rent = format!("{LEASE}.usd_per_kw_month=96");
    let pounds = format!(
        "{LEASE}.currency={{ code = \"gbp\", rates = [{{ from = \"2026-01-01\", usd_per_unit = 1.25 }}, \
         {{ from = \"2026-08-01\", usd_per_unit = 1.35 }}] }}"
    );
    let abroad = run(&world, &[&rent, &pounds]);
    for m in 0..12 {
        let was = usual.cash("lease_revenue", &month(m));
        let rate = if m < 7 { 1.25 } else { 1.35 };
        let is = abroad.cash("lease_revenue", &month(m));
        assert!((is - was / 120.0 * 96.0 * rate).abs() < 1e-6, "{m}: {is} {was}");
    }
    // The lender knew the rates: cover is what it was sculpted to.
    near("least cover", abroad.metric("dscr_min"), 1.4, 1e-9);
    assert!(abroad.metric("debt_usd") > usual.metric("debt_usd"));
}

#[test]
fn the_facility_is_the_least_of_its_sizing_cases() {
    let world = World::new();
    let with = |more: &str| {
        let debt = DEBT.replacen("sizing_worlds = 1", &format!("sizing_worlds = 1{more}"), 1);
        world.run("lease", &[SOON, &debt]).metric("debt_usd")
    };
    let hard = "{ downside = { revenue_percent = 95, cost_percent = 105 } }";
    let (bank, alone) = (with(""), with(&format!(", sizing = {hard}")));
    let both = with(&format!(", further_cases = [\"p90\", {hard}]"));
    assert!(alone < 0.99 * bank, "{alone} {bank}");
    near("facility", both, alone, 1e-12);
}

/// Half of the machines of the cloud are lent at 12 % over a year: level payments, the rest at the horizon.
#[test]
fn a_loan_on_machines_is_drawn_with_them_and_repaid_by_an_annuity() {
    let world = World::new();
    let usual = world.run("cloud", &[]);
    let lent = world.run(
        "cloud",
        &[
            "strategies.cloud.capital={ equipment = { hardware_percent = 50, rate_percent = 12, years = 1, fee_percent = 2 }, \
           letter_of_credit = { usd = 3e6, fee_percent = 2, months = 6 } }",
        ],
    );
    let (mut owed, mut drawn) = (0.0, 0.0);
    let level = 0.01 / (1.0 - 1.01_f64.powi(-12));
    let mut payment = 0.0;
    for m in 0..12 {
        let draw = -0.5 * usual.cash("capex_hardware", &month(m));
        assert!((lent.cash("debt_draws", &month(m)) - draw).abs() < 1e-6);
        let letter = if m < 6 { 3e6 * 0.02 / 12.0 } else { 0.0 };
        let fees = -lent.cash("financing_fees", &month(m));
        assert!((fees - 0.02 * draw - letter).abs() < 1e-6, "{m}: {fees}");
        let interest = owed * 0.01;
        assert!(
            (lent.cash("interest_cost", &month(m)) + interest).abs() < 1e-5,
            "{m}"
        );
        let repaid = if m == 11 { owed } else { payment - interest };
        assert!(
            (lent.cash("debt_repayments", &month(m)) + repaid).abs() < 1e-5,
            "{m}"
        );
        owed += draw - repaid;
        payment += draw * level;
        drawn += draw;
    }
    assert!(drawn > 1e6 && owed.abs() < 1e-5, "{drawn} {owed}");
    near("drawn", lent.metric("equipment_debt_usd"), drawn, 1e-9);
    near(
        "NPV of the project",
        lent.metric("npv_usd"),
        usual.metric("npv_usd"),
        1e-12,
    );
    // Equity sees draws, fees, interest and repayments.
    let change: f64 = (0..12)
        .map(|m| {
            let accounts = ["debt_draws", "financing_fees", "interest_cost", "debt_repayments"];
            let cash: f64 = accounts.iter().map(|a| lent.cash(a, &month(m))).sum();
            cash * 1.1_f64.powf(-(m as f64 + 0.5) / 12.0)
        })
        .sum();
    let equity = lent.metric("npv_equity_usd") - usual.metric("npv_equity_usd");
    near("NPV of equity", equity, change, 1e-6);
}

/// The chart of the owners' waterfall: capital comes back, then 8 % on it, then a fifth of the rest is promoted; the tiers of the years
/// are what the books say that owners got.
#[test]
fn the_owners_waterfall_adds_up_to_what_owners_get() {
    let world = World::new();
    let owners = DEBT.trim_end_matches('}').trim_end().to_owned()
        + ", owners = { investor_percent = 90, preferred_percent = 8, promote_percent = 20 } }";
    let run = world.run("lease", &[SOON, &owners]);
    let years = run.rows("charts/data/owners_waterfall.csv");
    let [year] = &years[..] else {
        panic!("one year: {years:?}")
    };
    let of = |column: &str| number(year, column);
    // One balance of capital and return; what is got beyond it is shared, a fifth of it promoted.
    let growth = 1.08_f64.powf(1.0 / 12.0);
    let (mut owed, mut paid_in, mut got, mut beyond) = (0.0_f64, 0.0, 0.0, 0.0);
    for m in 0..12 {
        let accounts = ["equity_contributions", "equity_distributions"];
        let net: f64 = accounts.iter().map(|a| -run.cash(a, &month(m))).sum();
        owed *= growth;
        let first = net.max(0.0).min(owed);
        beyond += net.max(0.0) - first;
        owed += (-net).max(0.0) - first;
        paid_in += (-net).max(0.0);
        got += net.max(0.0);
    }
    assert!(paid_in > 1e5 && beyond > 1e5, "{paid_in} {beyond}");
    near("promote", of("promote_usd"), 0.2 * beyond, 1e-9);
    let tiers = ["capital_usd", "preferred_usd", "promote_usd", "shared_usd"];
    near("got", tiers.iter().map(|t| of(t)).sum(), got, 1e-9);
    near("paid in", of("paid_in_usd"), paid_in, 1e-9);
    assert!((of("shared_usd") - 4.0 * of("promote_usd")).abs() < 1e-6);
    assert!(of("capital_usd") <= paid_in + 1e-6);
    assert_eq!(of("vendor_usd"), 0.0);
    let memo = std::fs::read_to_string(run.dir.join("memo.html")).unwrap();
    assert!(memo.contains("waterfall by year"), "the memo shows the chart");
}

/// A vendor pays the first of what owners must pay in from his date on, and gets a quarter of what they then get. What the others
/// are worth more is his payments less that, each at its month; the project and all owners together are worth what they were.
#[test]
fn a_vendor_pays_in_first_and_gets_its_share_of_what_owners_get() {
    let world = World::new();
    let run = world.run(
        "lease",
        &[
            SOON,
            "strategies.lease.capital={ vendor_equity = { usd = 3e6, ownership_percent = 25, date = \"2026-02-01\" }, \
             owners = { investor_percent = 100, preferred_percent = 0, promote_percent = 0 } }",
        ],
    );
    let rows = run.rows("cashflow.csv");
    let net = |m: usize| -> f64 {
        let own = rows
            .iter()
            .filter(|r| r["which"] == "p50" && r["month"] == month(m));
        own.map(|r| number(r, "usd")).sum()
    };
    let worth = |m: usize| 1.1_f64.powf(-(m as f64 + 0.5) / 12.0);
    let (mut paid, mut change) = (0.0, 0.0);
    for m in 1..12 {
        let pays = (-net(m)).max(0.0).min(3e6 - paid);
        paid += pays;
        change += worth(m) * (pays - 0.25 * paid / 3e6 * net(m).max(0.0));
    }
    assert!(net(0) != 0.0 && change.abs() > 1e4, "{change}");
    near("paid in", run.metric("vendor_equity_usd"), 3e6, 1e-12);
    near("paid in by hand", paid, 3e6, 1e-12);
    let all = run.metric("npv_equity_usd");
    near(
        "NPV of the others",
        run.metric("npv_other_owners_usd") - all,
        change,
        1e-6,
    );
}

/// What cannot be meant is refused by `validate` with its place; what can hardly be meant is doubted.
#[rstest]
#[case::rent(
    "strategies.lease.conversions[0].lease.usd_per_kw_month=-120",
    2,
    "usd_per_kw_month"
)]
#[case::fee("tenants[0].reserved.gpu_block.usd_per_gpu_h=-2.5", 2, "usd_per_gpu_h")]
#[case::market_rent("market.gpu_rent.h100.fixed_usd_per_gpu_h=-2", 2, "fixed_usd_per_gpu_h")]
#[case::new_rent(
    "strategies.lease.conversions[0].lease.reletting={ usd_per_kw_month = -1 }",
    2,
    "usd_per_kw_month"
)]
#[case::never(
    "strategies.lease.conversions[0].lease.credit={ default_percent_per_year = 0 }",
    2,
    "default_percent_per_year"
)]
#[case::file(
    "strategies.lease.conversions[0].lease.currency={ code = \"gbp\", file = \"gbp.csv\" }",
    2,
    "takes no file"
)]
#[case::money(
    "strategies.lease.conversions[0].lease.currency={ code = \"gpb\", usd_per_unit = 1.25 }",
    2,
    "gbp"
)]
#[case::certain(
    "strategies.lease.conversions[0].lease.credit={ default_percent_per_year = 100 }",
    2,
    "default_percent_per_year"
)]
#[case::lent(
    "strategies.lease.capital={ equipment = { hardware_percent = 101 } }",
    2,
    "hardware_percent"
)]
#[case::letter("strategies.lease.capital={ letter_of_credit = { usd = -1 } }", 2, "usd")]
#[case::vendor(
    "strategies.lease.capital={ vendor_equity = { usd = -1, ownership_percent = 20 } }",
    2,
    "vendor_equity.usd"
)]
#[case::vendors_share(
    "strategies.lease.capital={ vendor_equity = { usd = 1e6, ownership_percent = 120 } }",
    2,
    "vendor_equity.ownership_percent"
)]
#[case::vendors_day(
    "strategies.lease.capital={ vendor_equity = { usd = 1e6, ownership_percent = 20, date = \"soon\" } }",
    2,
    "vendor_equity.date"
)]
#[case::gearing(
    "strategies.lease.capital={ debt = { gearing_percent = 100.1 } }",
    2,
    "gearing_percent"
)]
#[case::covenant(
    "strategies.lease.capital={ debt = { covenant_ratio = 1.5 } }",
    2,
    "cannot be met"
)]
#[case::downside(
    "strategies.lease.capital={ debt = { further_cases = [{ downside = { revenue_percent = 120, cost_percent = 100 } }] } }",
    2,
    "further_cases"
)]
#[case::unknown("strategies.lease.capital={ debt = { gearing = 70 } }", 2, "gearing_percent")]
#[case::fraction(
    "strategies.lease.capital={ equipment = { rate_percent = 0.12 } }",
    0,
    "12 percent"
)]
#[case::discount("finance.discount_percent=0.12", 0, "12 percent")]
#[case::share(
    "strategies.lease.conversions[0].lease.credit={ default_percent_per_year = 3, backstop_percent = 0.12 }",
    0,
    "12 percent"
)]
fn figures_of_finance_without_meaning_are_told(#[case] set: &str, #[case] code: i32, #[case] said: &str) {
    let world = World::new();
    let done = Command::new(env!("CARGO_BIN_EXE_repower"))
        .current_dir(world.path("."))
        .args(["validate", "world.toml", "--set", set])
        .assert()
        .code(code);
    let out = done.get_output();
    let text = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
    assert!(text.contains(said), "{set}: {text}");
}

/// What a lender sees opens the next step: the hall that mines is closed down once the months that are over cover their
/// service so many times. The plan by which the debt was sized knows no service, so the step is no part of it.
#[test]
fn a_start_that_looks_at_cover_waits_for_the_first_month_that_reaches_it() {
    let with = |cover: f64| {
        let world = World::new();
        let text = std::fs::read_to_string(world.path("world.toml")).unwrap();
        let close = format!(
            "[[strategies.conversions]]\nhalls = [\"mine/new\"]\narchetype = \"close-down\"\nrisk.enabled = false\n\
             start.when = {{ dscr_above = {cover}, cover_months = 1 }}\n\n"
        );
        let cloud = text
            .find("[[strategies]]                                # ready after")
            .unwrap();
        let text = [&text[..cloud], &close, &text[cloud..]].concat();
        std::fs::write(world.path("world.toml"), text).unwrap();
        (run(&world, &[]), world)
    };
    let world = World::new();
    let usual = run(&world, &[]);
    // Sculpted: every month covers its service 1.4 times; the first is July.
    near("cover", for_service(&usual)[6] / service(&usual, 6), 1.4, 1e-6);
    let begins = |run: &Run| {
        let rows = run.rows("events.csv");
        let found = rows
            .iter()
            .find(|e| e["kind"] == "phase" && e["subject"] == "new" && e["detail"] == "winding_down");
        found.map(|e| number(e, "t_s") / 86_400.0)
    };
    // July is booked two days after its end: midnight of 3 August, summer time, is 214 days less an hour after the start.
    let found = begins(&with(1.39).0).expect("July covers its service 1.39 times");
    near("start", found, 214.0 - 1.0 / 24.0, 1e-9);
    assert_eq!(begins(&with(1.41).0), None);
}
