//! Calls and offers, rights out of shortfalls, shares of resale, bands of a year, dated riders: by hand.

use super::*;
use crate::power::Scope;
use crate::time::Span;

const JULY: Month = Month { year: 2026, month: 7 };

fn calendar() -> Calendar {
    Calendar::of_zone("America/Chicago").unwrap()
}

fn spec(clauses: &str) -> PowerContractsSpec {
    let text = format!("[[power_contracts]]\nid = \"all\"\nclauses = [{clauses}]");
    let table: toml::Table = text.parse().unwrap();
    table["power_contracts"].clone().try_into().unwrap()
}

/// A site under these clauses; prices are the first of the list.
fn supply(clauses: &str) -> Supply {
    Supply::new(&spec(clauses), &calendar(), |_| Some(PriceId(0))).unwrap()
}

fn july(hours: i64) -> SimTime {
    calendar().start_of_month(JULY) + Span::from_hours(hours)
}

/// Meters `[from, to)` hours of July.
fn meter(supply: &mut Supply, (from, to): (i64, i64), (load_mw, mining_mw): (f64, f64), called: u64) {
    supply.meter(&Interval {
        from: july(from),
        to: july(to),
        load_mw,
        mining_mw,
        called,
        prices: &[25.0],
    });
}

/// A whole month at one load.
fn month(supply: &mut Supply, month: Month, load_mw: f64) -> Vec<SettlementLine> {
    supply.meter(&Interval {
        from: calendar().start_of_month(month),
        to: calendar().start_of_month(month.plus(1)),
        load_mw,
        mining_mw: load_mw,
        called: 0,
        prices: &[25.0],
    });
    supply.close_month(month)
}

fn usd(lines: &[SettlementLine], clause: &str) -> f64 {
    lines.iter().filter(|l| l.clause == clause).map(|l| l.usd).sum()
}

const OFFER: &str = "{ fixed_price = { usd_per_mwh = 40 } }, { curtailment_payment = { usd_per_mw_h = 5, offered_mw = 20, \
    usd_per_mwh_shed = 100, penalty_usd_per_mwh = 300 } }";

#[test]
fn an_offer_is_paid_up_to_its_size_and_owed_in_full() {
    let mut s = supply(OFFER);
    meter(&mut s, (0, 10), (50.0, 30.0), 0);
    // A call takes 20 of 30 MW of mining.
    meter(&mut s, (10, 14), (30.0, 10.0), 1);
    // Then 12 MW mine: another call finds no more than these.
    meter(&mut s, (14, 20), (32.0, 12.0), 0);
    meter(&mut s, (20, 22), (20.0, 0.0), 1);
    let lines = s.close_month(JULY);
    let ready = 14.0 * 20.0 + 8.0 * 12.0;
    assert!((usd(&lines, "curtailment_payment[1]") - 5.0 * ready).abs() < 1e-9);
    assert!((usd(&lines, "curtailment_payment[1].shed") - 100.0 * (80.0 + 24.0)).abs() < 1e-9);
    assert!((usd(&lines, "curtailment_payment[1].penalty") + 300.0 * 2.0 * 8.0).abs() < 1e-9);
    let shed = lines
        .iter()
        .find(|l| l.clause == "curtailment_payment[1].shed")
        .unwrap();
    assert_eq!(shed.set_by, "2 calls, 6 h");
}

#[test]
fn load_above_an_offer_earns_nothing_for_standing_ready() {
    let mut s = supply(OFFER);
    s.open(july(0), 10.0);
    let margin = |load: f64, by| s.marginal(july(0), load, by, &[25.0]);
    assert_eq!(
        margin(25.0, Use::Mining),
        Marginal {
            usd_per_mwh: 35.0,
            until_mw: 30.0,
            peak_usd_per_mwh: 0.0,
            peak_usd_per_mw: 0.0,
        }
    );
    assert_eq!(margin(30.0, Use::Mining).usd_per_mwh, 40.0);
    assert_eq!(margin(25.0, Use::DataCentre).usd_per_mwh, 40.0);
    assert_eq!(s.saving_usd_per_mwh(july(0), 30.0, Use::Mining, &[25.0]), 35.0);
}

#[test]
fn availability_may_be_paid_at_a_price_of_the_market() {
    let mut s = supply(
        "{ fixed_price = { usd_per_mwh = 40 } }, { curtailment_payment = { price = \"reserve\", offered_mw = 20 } }",
    );
    // The only price, 25 USD.
    meter(&mut s, (0, 10), (50.0, 30.0), 0);
    s.open(july(10), 20.0);
    assert_eq!(s.marginal(july(10), 30.0, Use::Mining, &[25.0]).usd_per_mwh, 15.0);
    assert!((usd(&s.close_month(JULY), "curtailment_payment[1].market") - 25.0 * 20.0 * 10.0).abs() < 1e-9);
}

#[test]
fn a_window_is_paid_for_its_hours_alone() {
    let mut s = supply(
        "{ fixed_price = { usd_per_mwh = 40 } }, { curtailment_payment = { usd_per_mw_h = 5, paid = \"window\", \
         months = [7], from_hour = 15, to_hour = 19 } }",
    );
    meter(&mut s, (0, 744), (10.0, 10.0), 0);
    s.open(july(16), 0.0);
    assert_eq!(s.marginal(july(16), 5.0, Use::Mining, &[25.0]).usd_per_mwh, 35.0);
    assert_eq!(s.marginal(july(20), 5.0, Use::Mining, &[25.0]).usd_per_mwh, 40.0);
    assert_eq!(
        usd(&s.close_month(JULY), "curtailment_payment[1]"),
        5.0 * 10.0 * 31.0 * 4.0
    );
}

#[test]
fn calls_at_stated_times_name_their_clause_and_their_reach() {
    let spec = spec(
        "{ fixed_price = { usd_per_mwh = 40 } }, \
         { curtailment_payment = { usd_per_mw_h = 5, calls = [{ from = \"2026-07-10T15:00\", hours = 4 }] } }, \
         { curtailment_payment = { usd_per_mw_h = 5, load = \"site\", offered_mw = 7, \
           calls = [{ from = \"2026-07-10T17:00\", hours = 1.5 }] } }",
    );
    let calls = spec.stated_calls(&calendar(), (july(0), july(744)));
    let plain: Vec<_> = calls
        .iter()
        .map(|c| {
            (
                c.scope,
                c.by,
                c.limit.as_mw(),
                c.shed.as_mw(),
                (c.to - c.from).as_hours(),
            )
        })
        .collect();
    let expected = [
        (Scope::Interruptible, 1, 0.0, 0.0, 4.0),
        (Scope::Import, 2, f64::INFINITY, 7.0, 1.5),
    ];
    assert_eq!(plain, expected);
    assert_eq!(calls[0].from, july(9 * 24 + 15));
}

#[test]
fn offers_that_contradict_themselves_are_told_at_once() {
    let mut problems = crate::problem::Problems::new();
    let wrong = spec(
        "{ fixed_price = { usd_per_mwh = 40 } }, { curtailment_payment = { usd_per_mw_h = 5, load = \"site\" } }, \
         { curtailment_payment = { usd_per_mw_h = 5, penalty_usd_per_mwh = 9 } }, \
         { curtailment_payment = { usd_per_mw_h = 5, offered_mw = -3, from_hour = 20, to_hour = 18, calls_per_year_max = 1, \
           calls = [{ from = \"2026-07-10T15:00\", hours = 4 }, { from = \"2026-07-12T15:00\", hours = 4 }, { from = \"noon\", hours = 4 }] } }, \
         { take_or_pay = { mw = 5, percent = 80, usd_per_mwh = 30, make_up = { months = 0, credit_percent = 120 } } }, \
         { block = { mw = 5, usd_per_mwh = 30, resale = \"spot\", resale_usd_per_mwh = 20, resale_share_percent = 101 } }",
    );
    crate::problem::Check::check(&wrong, &crate::problem::FieldPath::root(), &mut problems);
    let told: Vec<String> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
    for place in [
        "clauses[1].curtailment_payment.load",
        "clauses[2].curtailment_payment.penalty_usd_per_mwh",
        "clauses[3].curtailment_payment.offered_mw",
        "clauses[3].curtailment_payment.to_hour",
        "clauses[3].curtailment_payment.calls",
        "clauses[3].curtailment_payment.calls[2].from",
        "clauses[4].take_or_pay.make_up.months",
        "clauses[4].take_or_pay.make_up.credit_percent",
        "clauses[5].block.resale_usd_per_mwh",
        "clauses[5].block.resale_share_percent",
    ] {
        assert!(
            told.iter().any(|t| t.ends_with(place)),
            "{place} is not among {told:?}"
        );
    }
}

#[test]
fn a_shortfall_is_made_up_oldest_first_until_its_right_ends() {
    let mut s = supply(
        "{ fixed_price = { usd_per_mwh = 40 } }, { take_or_pay = { mw = 10, percent = 80, usd_per_mwh = 30, \
         make_up = { months = 3, credit_percent = 90 } } }",
    );
    let line = |lines: &[SettlementLine], part: &str| usd(lines, &format!("take_or_pay[1]{part}"));
    // 8 MW are owed. April falls short by 3 MW (720 h), May by 1 MW (744 h).
    let april = Month { year: 2026, month: 4 };
    assert_eq!(line(&month(&mut s, april, 5.0), ""), -30.0 * 3.0 * 720.0);
    assert_eq!(line(&month(&mut s, april.plus(1), 7.0), ""), -30.0 * 744.0);
    // June takes 2 MW more than it owes: 1,440 of April's 2,160 MWh, credited at 27 USD.
    let june = month(&mut s, april.plus(2), 10.0);
    assert!((line(&june, ".make-up") - 27.0 * 1_440.0).abs() < 1e-6);
    assert_eq!(line(&june, ""), 0.0);
    let of = june
        .iter()
        .find(|l| l.clause == "take_or_pay[1].make-up")
        .unwrap();
    assert_eq!(of.set_by, "shortfall of 2026-04");
    // July is April's last month: 744 MWh above, of which 720 are left of April's and 24 are May's.
    let july = month(&mut s, april.plus(3), 9.0);
    assert!((line(&july, ".make-up") - 27.0 * 744.0).abs() < 1e-6);
    // August is May's last, with 720 MWh left; September finds nothing.
    let august = month(&mut s, april.plus(4), 20.0);
    assert!((line(&august, ".make-up") - 27.0 * 720.0).abs() < 1e-6);
    assert_eq!(line(&month(&mut s, april.plus(5), 20.0), ".make-up"), 0.0);
    // What October falls short ends unused in January.
    assert!(line(&month(&mut s, april.plus(6), 0.0), "") < 0.0);
    for later in 7..=9 {
        assert_eq!(line(&month(&mut s, april.plus(later), 8.0), ".make-up"), 0.0);
    }
    assert_eq!(line(&month(&mut s, april.plus(10), 20.0), ".make-up"), 0.0);
}

#[test]
fn energy_that_a_right_covers_is_worth_its_credit_to_dispatch() {
    let mut s = supply(
        "{ fixed_price = { usd_per_mwh = 40 } }, { take_or_pay = { mw = 10, percent = 80, usd_per_mwh = 30, \
         make_up = { months = 3, mwh_per_month_max = 100 } } }",
    );
    let june = Month { year: 2026, month: 6 };
    month(&mut s, june, 5.0);
    let margin = |s: &Supply, hour: i64| s.marginal(july(hour), 9.0, Use::Mining, &[25.0]).usd_per_mwh;
    // Ahead of its pace, with rights left: 40 - 30. Behind: 40 - 30 that is owed anyway.
    meter(&mut s, (0, 10), (9.0, 9.0), 0);
    assert_eq!(margin(&s, 10), 10.0);
    // 100 MWh above the pace are the most of a month.
    meter(&mut s, (10, 101), (9.0, 9.0), 0);
    assert_eq!(margin(&s, 101), 40.0);
    let lines = s.close_month(JULY);
    assert!((usd(&lines, "take_or_pay[1].make-up") - 3_000.0).abs() < 1e-6);
}

#[test]
fn resale_is_shared_or_at_a_fixed_price() {
    let sold = |clause: &str, price: f64| {
        let mut s = supply(&format!(
            "{{ block = {{ mw = 10, usd_per_mwh = 30, {clause} }} }}, {{ fixed_price = {{ usd_per_mwh = 40 }} }}"
        ));
        s.meter(&Interval {
            from: july(0),
            to: july(10),
            load_mw: 4.0,
            mining_mw: 0.0,
            called: 0,
            prices: &[price],
        });
        let margin = s.marginal(july(10), 4.0, Use::Mining, &[price]).usd_per_mwh;
        (usd(&s.close_month(JULY), "block[0].resale"), margin)
    };
    // 6 MW unused for 10 hours.
    assert_eq!(sold("resale = \"spot\"", 50.0), (3_000.0, 50.0));
    assert_eq!(
        sold("resale = \"spot\", resale_share_percent = 80", 50.0),
        (2_400.0, 40.0)
    );
    assert_eq!(
        sold("resale = \"spot\", resale_share_percent = 80", -50.0),
        (-3_000.0, -50.0)
    );
    assert_eq!(sold("resale_usd_per_mwh = 20", 50.0), (1_200.0, 20.0));
}

#[test]
fn a_band_follows_the_energy_of_the_last_twelve_months() {
    let clauses = |history: &str| {
        format!(
            "{{ fixed_price = {{ usd_per_mwh = 40 }} }}, {{ fixed_charge = {{ {history} bands = [{{ up_to_mwh_per_year = 50_000, \
             usd_per_day = 100 }}, {{ usd_per_day = 400 }}] }} }}"
        )
    };
    let january = Month { year: 2026, month: 1 };
    let mut s = supply(&clauses(""));
    // 5 MW over a year of 8,766 hours are 43,830 MWh; ten are 87,660.
    assert_eq!(
        usd(&month(&mut s, january, 5.0), "fixed_charge[1].band-1"),
        -3_100.0
    );
    for number in 1..6 {
        month(&mut s, january.plus(number), 5.0);
    }
    // Six months of 5 and six of 10 MW: 65,760 MWh.
    for number in 6..11 {
        month(&mut s, january.plus(number), 10.0);
    }
    assert_eq!(
        usd(&month(&mut s, january.plus(11), 10.0), "fixed_charge[1].band-2"),
        -12_400.0
    );
    let mut s = supply(&clauses("history_mwh_per_year = 80_000, "));
    assert_eq!(
        usd(&month(&mut s, january, 5.0), "fixed_charge[1].band-2"),
        -12_400.0
    );
}

#[test]
fn a_fee_is_paid_once_on_the_bill_of_its_day() {
    let mut s = supply(
        "{ fixed_price = { usd_per_mwh = 40 } }, { fixed_charge = { once = { usd = 100_000, on = \"2026-07-31\" } } }",
    );
    let paid: Vec<f64> = (5..9)
        .map(|number| {
            usd(
                &month(
                    &mut s,
                    Month {
                        year: 2026,
                        month: number,
                    },
                    1.0,
                ),
                "fixed_charge[1].once",
            )
        })
        .collect();
    assert_eq!(paid, [0.0, 0.0, -100_000.0, 0.0]);
}

#[test]
fn a_dated_percentage_and_a_dated_discount_reach_bill_and_margin() {
    let mut s = supply(
        "{ fixed_price = { usd_per_mwh = 40 } }, \
         { rider = { name = \"relief\", of = [\"fixed_price\"], rates = [{ from = \"2026-08-01\", percent = -50 }] } }, \
         { rider = { name = \"zone\", use = \"data_centre\", rates = [{ from = \"2026-07-16\", usd_per_mwh = -10 }] } }",
    );
    let august = july(0) + Span::from_hours(744);
    let margin = |s: &Supply, at: SimTime, by| s.marginal(at, 5.0, by, &[25.0]).usd_per_mwh;
    for opened in [false, true] {
        for (at, mining, data_centre) in [
            (july(0), 40.0, 40.0),
            (july(15 * 24), 40.0, 30.0),
            (august, 20.0, 10.0),
        ] {
            if opened {
                s.open(at, 0.0);
            }
            assert_eq!(margin(&s, at, Use::Mining), mining);
            assert_eq!(margin(&s, at, Use::DataCentre), data_centre);
        }
    }
    // Half of the load mines. The discount begins on the 16th: 16 of 31 days.
    meter(&mut s, (0, 744), (10.0, 5.0), 0);
    let lines = s.close_month(JULY);
    assert!((usd(&lines, "rider[2].zone") - 10.0 * 5.0 * 16.0 * 24.0).abs() < 1e-9);
    assert_eq!(usd(&lines, "rider[1].relief"), 0.0);
    let lines = month(&mut s, JULY.plus(1), 10.0);
    assert!((usd(&lines, "rider[1].relief") - 0.5 * 40.0 * 7_440.0).abs() < 1e-6);
    assert_eq!(usd(&lines, "rider[2].zone"), 0.0, "all of August mines");
}
