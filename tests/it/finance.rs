//! Debt in runs of the small world, against calculations by hand: what a change outside does to draws, interest, cover and
//! covenant; statements as files.

use assert_cmd::Command;

use crate::hand_made::{Row, Run, World, near, number, rows};

/// 7 % a year, months of 30 days.
const MONTH_RATE: f64 = 0.07 / 12.0;
const DEBT: &str = "strategies.lease.capital={ debt = { gearing_percent = 60, cover_ratio = 1.4, sizing_worlds = 1, \
    tenor_years = 0.5, grace_months = 2, payment_months = 1, reserve_months = 1, day_count = \"thirty_360\", \
    margin_percent = 3, base_percent = 4, upfront_fee_percent = 2, commitment_fee_percent = 0.75, \
    lock_up_ratio = 1.2, covenant_ratio = 1.1 } }";
/// The transformer comes after two months instead of six: ready in April, repaid from July to December.
const SOON: &str = "strategies.lease.conversions[0].stages.transformer.duration_months.fixed.value=2";
const WORKS: [&str; 6] = [
    "order_deposits",
    "capex_facility",
    "capex_grid",
    "capex_hardware",
    "capex_contingency",
    "capex_other",
];
const FINANCING: [&str; 8] = [
    "interest_capitalised",
    "interest_payable",
    "reserve_accounts",
    "debt_draws",
    "debt_repayments",
    "equity_contributions",
    "equity_distributions",
    "income_tax",
];

fn month(m: usize) -> String {
    format!("2026-{:02}", m + 1)
}

/// Cash of the year by account and month.
struct Cash(Vec<Row>);

impl Cash {
    fn of(run: &Run) -> Self {
        let mut rows = run.rows("cashflow.csv");
        rows.retain(|r| r["which"] == "p50");
        Self(rows)
    }
    fn usd(&self, keep: impl Fn(&str) -> bool, m: usize) -> f64 {
        let of = self
            .0
            .iter()
            .filter(|r| r["month"] == month(m) && keep(&r["account"]));
        of.map(|r| number(r, "usd")).sum()
    }
    fn account(&self, account: &str, m: usize) -> f64 {
        self.usd(|a| a == account, m)
    }
    /// What a month has for debt service: everything but financing.
    fn for_service(&self, m: usize) -> f64 {
        self.usd(|a| !FINANCING.contains(&a), m)
    }
    /// Interest and principal paid in a month of repayment.
    fn service(&self, m: usize) -> f64 {
        -self.account("interest_payable", m) - self.account("debt_repayments", m)
    }
}

fn run(world: &World, more: &[&str]) -> Run {
    let set: Vec<&str> = [SOON, DEBT].into_iter().chain(more.iter().copied()).collect();
    world.run("lease", &set)
}

#[test]
fn the_facility_is_what_cash_serves_and_the_account_of_building_adds_up() {
    let world = World::new();
    let run = run(&world, &[]);
    let cash = Cash::of(&run);
    let debt = run.metric("debt_usd");
    // Ready in April, so that building ends with it; May and June pay interest only; six repayments from July on.
    let worth: f64 = (6..12)
        .map(|m| cash.for_service(m) / (1.0 + MONTH_RATE).powi(m as i32 - 5))
        .sum();
    near("facility", debt, worth / 1.4, 1e-9);
    let (mut owed, mut interest) = (0.0, 0.0);
    for m in 0..12 {
        let (drawn, due) = (cash.account("debt_draws", m), owed * MONTH_RATE);
        if m < 4 {
            interest += due;
        } else {
            near("interest paid", -cash.account("interest_payable", m), due, 1e-9);
            assert_eq!(drawn, 0.0);
        }
        owed += drawn + cash.account("debt_repayments", m);
        if m >= 6 {
            near("cover", cash.for_service(m) / cash.service(m), 1.4, 1e-9);
        }
    }
    assert!(owed.abs() < 0.01, "{owed}");
    near(
        "interest while building",
        run.metric("interest_building_usd"),
        interest,
        1e-9,
    );
    near("least cover", run.metric("dscr_min"), 1.4, 1e-9);
    near("mean cover", run.metric("dscr_mean"), 1.4, 1e-9);
    near("loan life cover", run.metric("llcr"), 1.4, 1e-9);
    assert_eq!(run.metric("covenant_broken"), 0.0);
    // Sources are uses: works, interest, fees and reserve of the months of building by debt and owners' share of 1.
    let works: f64 = (0..4).map(|m| -cash.usd(|a| WORKS.contains(&a), m)).sum();
    let fees = run.metric("fees_building_usd");
    let reserve: f64 = (0..4).map(|m| -cash.account("reserve_accounts", m)).sum();
    near("reserve", reserve, cash.service(6), 1e-9);
    let uses = works + interest + fees + reserve;
    let share = debt / uses;
    assert!(share < 0.6, "{share}");
    for m in 0..4 {
        let paid = -cash.usd(|a| WORKS.contains(&a), m)
            - cash.account("interest_capitalised", m)
            - cash.account("reserve_accounts", m);
        near("draw", cash.account("debt_draws", m), share * paid, 1e-9);
    }
    // Owners' flows are what they put in and take out: the two show the same value.
    let owners =
        |m: usize| -cash.account("equity_contributions", m) - cash.account("equity_distributions", m);
    let npv: f64 = (0..12)
        .map(|m| owners(m) * 1.1_f64.powf(-(m as f64 + 0.5) / 12.0))
        .sum();
    near("equity NPV", run.metric("npv_equity_usd"), npv, 1e-9);
}

/// The value at the scenario's rate is the metric's; it falls as the rate rises where money goes out first; at a rate of return it
/// crosses nought.
#[test]
fn the_profile_of_present_value_goes_through_the_value_and_the_rate_of_return() {
    let world = World::new();
    let run = run(&world, &[]);
    let profile = run.rows("npv_profile.csv");
    assert_eq!(profile.len(), 51);
    let at = |percent: f64, column: &str| {
        let row = profile.iter().find(|r| number(r, "discount_percent") == percent);
        number(row.unwrap(), column)
    };
    near("NPV", at(10.0, "npv_usd"), run.metric("npv_usd"), 1e-9);
    near(
        "equity NPV",
        at(10.0, "npv_equity_usd"),
        run.metric("npv_equity_usd"),
        1e-9,
    );
    let cash = Cash::of(&run);
    let project = |m: usize| cash.usd(|a| !FINANCING.contains(&a) || a == "income_tax", m);
    let by_hand: f64 = (0..12)
        .map(|m| project(m) * 1.25_f64.powf(-(m as f64 + 0.5) / 12.0))
        .sum();
    near("NPV at 25 %", at(25.0, "npv_usd"), by_hand, 1e-9);
}

#[test]
fn a_transformer_four_months_late_costs_interest_and_its_works_are_the_owners() {
    let world = World::new();
    let usual = run(&world, &[]);
    let late = run(
        &world,
        &["strategies.lease.conversions[0].stages.transformer.delay_months=4"],
    );
    let (before, after) = (Cash::of(&usual), Cash::of(&late));
    near("delay", late.metric("delay_months"), 4.0, 1e-6);
    // Building goes on until repayment begins in July: interest of six months instead of four on what is drawn by then.
    let (mut owed, mut interest) = (0.0, 0.0);
    for m in 0..6 {
        interest += owed * MONTH_RATE;
        owed += after.account("debt_draws", m);
    }
    near(
        "interest while building",
        late.metric("interest_building_usd"),
        interest,
        1e-9,
    );
    // The facility and its schedule are those of the plan; less is owed where less was drawn.
    let share = late.metric("debt_usd") / usual.metric("debt_usd");
    assert!(share <= 1.0 + 1e-12, "{share}");
    // Ready on 2 August: until the end of the month what is built after repayment began is paid by owners, and no part of the cash for debt.
    let ready = late.metric("ready_for_service_months");
    assert!(ready > 6.97 && ready < 8.0, "{ready}");
    let support = |m: usize| {
        if m < 8 {
            -after.usd(|a| WORKS.contains(&a), m)
        } else {
            0.0
        }
    };
    assert!(support(6) + support(7) > 1e6);
    for m in 6..8 {
        let paid_in = after.account("equity_contributions", m);
        assert!((paid_in - support(m)).abs() < 1e-6, "{m}: {paid_in}");
    }
    let cover = |m: usize| (after.for_service(m) + support(m)) / (before.service(m) * share);
    let (least, at) = (6..12)
        .map(|m| (cover(m), m))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap();
    near("least cover", late.metric("dscr_min"), least, 1e-9);
    assert_eq!(late.metric("dscr_min_month"), at as f64 + 1.0);
    let broken = if (6..12).any(|m| cover(m) < 1.1) { 1.0 } else { 0.0 };
    assert_eq!(late.metric("covenant_broken"), broken);
    assert!(late.metric("npv_equity_usd") < usual.metric("npv_equity_usd"));
}

/// The same late transformer under a facility that can be drawn until October: of what July and August still cost debt pays its
/// share, as long as no more is owed than the schedule as sized leaves owed; what is drawn late is repaid with what is left of it.
#[test]
fn a_facility_that_stays_available_pays_its_share_of_works_after_the_first_repayment() {
    let world = World::new();
    let late = "strategies.lease.conversions[0].stages.transformer.delay_months=4";
    let available = DEBT.replacen("grace_months = 2", "grace_months = 2, availability_months = 6", 1);
    let (usual, ended) = (run(&world, &[]), run(&world, &[late]));
    let open = world.run("lease", &[SOON, &available, late]);
    let (plan, before, cash) = (Cash::of(&usual), Cash::of(&ended), Cash::of(&open));
    let facility = usual.metric("debt_usd");
    let built: f64 = (0..4).map(|m| -plan.usd(|a| WORKS.contains(&a), m)).sum();
    let uses = built
        + usual.metric("interest_building_usd")
        + usual.metric("fees_building_usd")
        + (0..4).map(|m| -plan.account("reserve_accounts", m)).sum::<f64>();
    let share = facility / uses;
    // What the schedule as sized leaves owed at the end of a month: the planned run goes by it.
    let left = |m: usize| facility + (6..=m).map(|k| plan.account("debt_repayments", k)).sum::<f64>();
    let mut owed: f64 = (0..6).map(|m| cash.account("debt_draws", m)).sum();
    assert!((owed - (0..6).map(|m| before.account("debt_draws", m)).sum::<f64>()).abs() < 1e-6);
    let (mut drawn, mut served, mut late_usd) = (owed, owed / facility, 0.0);
    assert!(served < 0.999, "{served}");
    for m in 6..12 {
        let works = if m < 8 {
            -cash.usd(|a| WORKS.contains(&a), m)
        } else {
            0.0
        };
        let undrawn = (facility - drawn).min((1.0 - served) * left(m - 1));
        let fee = if m < 8 { undrawn * 0.0075 / 12.0 } else { 0.0 };
        assert!(
            (cash.account("financing_fees", m) + fee).abs() < 1e-6,
            "fee of {m}"
        );
        near(
            "interest",
            -cash.account("interest_payable", m),
            owed * MONTH_RATE,
            1e-9,
        );
        if m < 11 {
            near("service", cash.service(m), plan.service(m) * served, 1e-9);
        }
        let draw = (share * works)
            .min(facility - drawn)
            .min((1.0 - served) * left(m));
        assert!((cash.account("debt_draws", m) - draw).abs() < 1e-5, "draw of {m}");
        if m < 8 {
            let paid_in = cash.account("equity_contributions", m);
            assert!((paid_in - works + draw).abs() < 1e-5, "{m}: {paid_in}");
        }
        owed += draw + cash.account("debt_repayments", m);
        (drawn, served) = (
            drawn + draw,
            served + if draw > 0.0 { draw / left(m) } else { 0.0 },
        );
        late_usd += draw;
    }
    assert!(late_usd > 1e4 && owed.abs() < 0.01, "{late_usd} {owed}");
    near("debt", open.metric("debt_usd"), drawn, 1e-9);
    near(
        "more debt",
        open.metric("debt_usd") - ended.metric("debt_usd"),
        late_usd,
        1e-6,
    );
    assert!(served <= 1.0 + 1e-12);
    // Without a delay nothing is drawn late, and the key changes nothing.
    let on_time = world.run("lease", &[SOON, &available]);
    near("facility", on_time.metric("debt_usd"), facility, 1e-12);
    assert_eq!(on_time.metric("npv_equity_usd"), usual.metric("npv_equity_usd"));
    crate::workbook::assert_made_right(&open.dir);
}

#[test]
fn dearer_power_lowers_the_facility_by_its_cost_over_the_cover_ratio() {
    let world = World::new();
    let usual = run(&world, &[]);
    let dear = run(
        &world,
        &["sites.mine.power_contracts[0].clauses[0].index.adder_usd_per_mwh=7"],
    );
    // 5 USD more for every MWh, and every batch mines on: its worst is worth 68 USD.
    let lost: f64 = (6..12)
        .map(|m| {
            let energy = usual.monthly("energy_grid_mwh", &month(m));
            5.0 * energy / (1.0 + MONTH_RATE).powi(m as i32 - 5)
        })
        .sum();
    let change = dear.metric("debt_usd") - usual.metric("debt_usd");
    near("facility", change, -lost / 1.4, 1e-9);
    near("cover", dear.metric("dscr_min"), 1.4, 1e-9);
}

#[test]
fn statements_agree_and_repeat_the_cash() {
    let world = World::new();
    let run = run(&world, &[]);
    let stated = run.rows("statements.csv");
    let figure = |which: &str, statement: &str, line: &str, m: usize| {
        let row = stated.iter().find(|r| {
            r["which"] == which && r["statement"] == statement && r["line"] == line && r["month"] == month(m)
        });
        number(row.unwrap_or_else(|| panic!("no {statement} {line}")), "usd")
    };
    let cash = Cash::of(&run);
    for which in ["mean", "p50"] {
        let mut closing = 0.0;
        for m in 0..12 {
            let balance = |line: &str| figure(which, "balance_sheet", line, m);
            let owed = balance("total_liabilities_and_equity");
            assert!((balance("total_assets") - owed).abs() < 0.01, "{which} {m}");
            closing += cash.usd(|_| true, m);
            for line in [balance("cash"), figure(which, "cash_flow", "closing_cash", m)] {
                assert!((line - closing).abs() < 0.01, "{which} {m}: {line} {closing}");
            }
            let ebitda = figure(which, "income", "ebitda", m);
            let debt = balance("debt");
            assert!(ebitda.is_finite() && debt >= -0.01);
        }
        assert!(figure(which, "balance_sheet", "debt", 5) > 1e6);
    }
}

#[test]
fn a_debt_without_meaning_is_refused_before_anything_is_written() {
    let world = World::new();
    for (from, to, said) in [
        ("tenor_years = 0.5", "tenor_years = 0.9", "horizon"),
        ("gearing_percent = 60", "gearing_percent = 120", "gearing_percent"),
        ("covenant_ratio = 1.1", "covenant_ratio = 1.5", "cannot be met"),
        (
            "reserve_months = 1",
            "reserve_months = 1, tail_months = 200",
            "contracts",
        ),
        ("cover_ratio = 1.4", "cover_ratio = 0.9", "cover_ratio"),
        ("reserve_months = 1", "reserve = 6", "reserve_months"),
    ] {
        let set = DEBT.replacen(from, to, 1);
        assert_ne!(set, DEBT);
        let out = world.path("refused");
        let done = Command::new(env!("CARGO_BIN_EXE_repower"))
            .current_dir(world.path("."))
            .args([
                "run",
                "world.toml",
                "--quiet",
                "--strategy",
                "lease",
                "--out",
                "refused",
            ])
            .args(["--set", SOON, "--set", &set])
            .assert()
            .code(2);
        let text = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        assert!(text.contains(said), "{set}: {text}");
        assert!(!out.exists() && !world.path("refused.partial").exists());
    }
}

#[test]
fn twelve_hundredths_of_a_percent_are_doubted() {
    let world = World::new();
    let done = Command::new(env!("CARGO_BIN_EXE_repower"))
        .current_dir(world.path("."))
        .args(["validate", "world.toml", "--set"])
        .arg(DEBT.replacen("margin_percent = 3", "margin_percent = 0.12", 1))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(text.contains("12 percent"), "{text}");
}

#[test]
fn days_of_customers_and_suppliers_move_cash_and_not_profit() {
    let world = World::new();
    let usual = world.run("stay-mining", &[]);
    let late = world.run(
        "stay-mining",
        &["finance.receivable_days=30.4375", "finance.payable_days=15.21875"],
    );
    // Customers of GPUs pay a month later: their cash of March comes in April. Half of the power bill is paid a month later.
    let paid = |m: &str| -> f64 {
        let accounts = [
            "gpu_reserved_revenue",
            "gpu_on_demand_revenue",
            "gpu_spot_revenue",
        ];
        accounts.iter().map(|account| usual.cash(account, m)).sum()
    };
    let received = late.cash("receivables", "2026-04");
    near("receivables", received, paid("2026-03") - paid("2026-04"), 1e-9);
    let owed = rows(&late.dir.join("statements.csv"));
    let payables = owed.iter().find(|r| {
        r["line"] == "payables"
            && r["statement"] == "balance_sheet"
            && r["month"] == "2026-06"
            && r["which"] == "p50"
    });
    assert!(number(payables.unwrap(), "usd") > -0.6 * usual.cash("power_cost", "2026-06") * 0.8);
    let sum = |run: &Run, account: &str| run.cash_of_year(account);
    assert!(sum(&late, "receivables").abs() < 1e-6 && sum(&late, "payables").abs() < 1e-6);
    assert!(late.metric("npv_usd") < usual.metric("npv_usd"));
}
