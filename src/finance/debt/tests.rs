//! A project of ten monthly draws and thirty half-years, worked out independently with `QuantLib`'s dates, `numpy` and
//! `pyxirr`, in three cases: the cover ratio binds, a gearing of 45 % binds, and cash is a fifth short of the base case.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rstest::rstest;

use super::*;
use crate::finance::xirr_roots;

const DRAWS: [f64; 10] = [8.0, 12.0, 20.0, 30.0, 35.0, 30.0, 25.0, 20.0, 12.0, 8.0];
const TENOR: usize = 20;
const LIFE: usize = 30;

/// What the reference says.
#[derive(Debug, Clone, Copy)]
struct Expected {
    facility: f64,
    share: f64,
    cover: f64,
    interest: f64,
    fees: f64,
    equity: f64,
    llcr: f64,
    plcr: f64,
    average_life_years: f64,
    least_cover: f64,
    xirr: f64,
    moic: f64,
    locked: usize,
    /// Interest, principal, sweep, distribution and balance of half-years 1, 6 and 20.
    rows: [[f64; 5]; 3],
}

const COVER: Expected = Expected {
    facility: 114.016_397_450_461_9,
    share: 0.530_669_134_822_661_3,
    cover: 1.4,
    interest: 4.383_610_907_585_719_5,
    fees: 2.613_267_260_187_127_4,
    equity: 100.837_623_574_453_81,
    llcr: 1.4,
    plcr: 1.854_802_697_902_811,
    average_life_years: 6.003_901_959_685_233,
    least_cover: 1.4,
    xirr: 0.073_524_686_488_074_52,
    moic: 2.107_608_195_913_533,
    locked: 0,
    rows: [
        [
            4.275_614_904_392_321,
            3.581_527_952_750_536_6,
            0.785_714_285_714_285_6,
            2.357_142_857_142_856_8,
            109.649_155_211_997_07,
        ],
        [
            3.362_406_028_094_717_2,
            3.066_165_400_476_711_6,
            0.642_857_142_857_142_8,
            1.928_571_428_571_428_4,
            85.955_138_205_858_6,
        ],
        [0.0, 0.0, 0.0, 10.4, 0.0],
    ],
};
const GEARING: Expected = Expected {
    facility: 96.192_169_801_969_11,
    share: 0.449_999_999_999_999_73,
    cover: 1.659_417_359_638_134,
    interest: 3.698_517_820_328_105_3,
    fees: 2.204_716_660_238_303,
    equity: 117.568_207_535_740_17,
    llcr: 1.659_417_359_638_134,
    plcr: 2.198_494_139_716_836,
    average_life_years: 6.003_901_959_685_232,
    least_cover: 1.659_417_359_638_134,
    xirr: 0.074_441_818_479_158_16,
    moic: 2.043_293_143_621_671,
    locked: 0,
    rows: [
        [
            3.607_206_367_573_841_7,
            3.021_626_298_367_864_6,
            1.092_791_833_514_573_4,
            3.278_375_500_543_720_3,
            92.077_751_670_086_68,
        ],
        [
            2.748_353_755_888_616,
            2.675_236_607_154_598,
            0.894_102_409_239_196_5,
            2.682_307_227_717_589_4,
            69.720_094_473_969_3,
        ],
        [0.0, 0.0, 0.0, 10.4, 0.0],
    ],
};
const SHORT: Expected = Expected {
    facility: 114.016_397_450_461_9,
    share: 0.530_669_134_822_661_3,
    cover: 1.4,
    interest: 4.383_610_907_585_719_5,
    fees: 2.613_267_260_187_127_4,
    equity: 100.837_623_574_453_81,
    llcr: 1.4,
    plcr: 1.854_802_697_902_811,
    average_life_years: 6.003_901_959_685_233,
    least_cover: 1.119_999_999_999_999_9,
    xirr: 0.023_760_489_309_787_605,
    moic: 1.343_563_919_394_614_3,
    locked: 19,
    rows: [
        [
            4.275_614_904_392_321,
            3.581_527_952_750_536_6,
            0.235_714_285_714_285_77,
            0.0,
            110.199_155_211_997_07,
        ],
        [
            3.475_507_561_923_451_7,
            2.953_063_866_647_977,
            0.192_857_142_857_142_84,
            0.0,
            89.534_280_641_786_94,
        ],
        [
            0.018_394_754_225_868_025,
            0.490_526_779_356_480_7,
            0.0,
            29.881_792_752_131_943,
            0.0,
        ],
    ],
};

/// Month ends of the draws, then completion.
fn dates() -> Vec<Date> {
    let start = date(2026, 1, 1);
    (0..=DRAWS.len() as i64)
        .map(|k| (start + k.months()).last_of_month())
        .collect()
}

fn cash() -> Vec<f64> {
    (0..LIFE)
        .map(|k| 11.0 + 0.10 * k as f64 - if k % 7 == 5 { 2.5 } else { 0.0 })
        .collect()
}

struct Project {
    built: Built,
    repaid: Sculpted,
    periods: Vec<Period>,
    rules: Rules,
    flows: Vec<(f64, f64)>,
}

fn project(gearing: f64, realised: f64) -> Project {
    let (dates, cash) = (dates(), cash());
    let years: Vec<f64> = std::iter::once(0.0)
        .chain(dates.windows(2).map(|d| DayCount::Actual360.years(d[0], d[1])))
        .collect();
    let completion = *dates.last().unwrap();
    let ends: Vec<Date> = (0..=LIFE as i64).map(|k| completion + (6 * k).months()).collect();
    let halves: Vec<f64> = ends
        .windows(2)
        .map(|e| DayCount::Thirty360.years(e[0], e[1]))
        .collect();
    let base = Cash {
        cash_usd: &cash,
        years: &halves,
        rate: 0.075,
        tenor: TENOR,
        balloon: 0.0,
    };
    let works: Vec<f64> = DRAWS.into_iter().chain([0.0]).collect();
    let needs = Needs {
        works_usd: &works,
        years: &years,
        interest: None,
        reserve_usd: cash[0] / 1.40,
    };
    let terms = Terms {
        rate: 0.085,
        commitment: 0.0075,
        upfront: 0.02,
    };
    let built = size_and_build(base.capacity(1.40).unwrap(), Some(gearing), &terms, &needs).unwrap();
    let repaid = base.repay(built.facility_usd).unwrap();
    let rules = Rules {
        rate: 0.075,
        lock_up: 1.20,
        sweep: 0.25,
        default_cover: 1.0,
    };
    let mut loan = Loan::new(built.facility_usd, built.reserve_usd);
    let periods: Vec<Period> = (0..LIFE)
        .map(|k| {
            let service = repaid.service_usd.get(k).copied().unwrap_or(0.0);
            loan.step(cash[k] * realised, service, halves[k], &rules)
        })
        .collect();
    let at = |d: Date| DayCount::Actual365Fixed.years(dates[0], d);
    let paid_in = dates
        .iter()
        .zip(&built.draws)
        .map(|(d, draw)| (at(*d), -draw.equity_usd));
    let paid_out = ends[1..]
        .iter()
        .zip(&periods)
        .map(|(d, p)| (at(*d), p.distribution_usd));
    let flows = paid_in.chain(paid_out).collect();
    Project {
        built,
        repaid,
        periods,
        rules,
        flows,
    }
}

#[track_caller]
fn near(what: &str, got: f64, expected: f64) {
    let scale = expected.abs().max(1.0);
    assert!(
        (got - expected).abs() <= 1e-9 * scale,
        "{what}: {got}, reference {expected}"
    );
}

#[rstest]
#[case::cover(0.65, 1.0, &COVER, Bound::Cover)]
#[case::gearing(0.45, 1.0, &GEARING, Bound::Gearing)]
#[case::short(0.65, 0.8, &SHORT, Bound::Cover)]
fn a_project_is_financed_as_the_reference_finances_it(
    #[case] gearing: f64,
    #[case] realised: f64,
    #[case] expected: &Expected,
    #[case] bound: Bound,
) {
    let p = project(gearing, realised);
    assert_eq!(p.built.bound_by, bound);
    near("facility", p.built.facility_usd, expected.facility);
    near("share of debt", p.built.debt_share, expected.share);
    near("cover", p.repaid.cover_ratio, expected.cover);
    near("interest while building", p.built.interest_usd, expected.interest);
    near("fees", p.built.fees_usd, expected.fees);
    near("equity", p.built.equity_usd(), expected.equity);
    near(
        "sources and uses",
        p.built.debt_usd() + p.built.equity_usd(),
        p.built.uses_usd(),
    );
    near(
        "average life",
        p.repaid.average_life() / 2.0,
        expected.average_life_years,
    );
    for (row, k) in expected.rows.iter().zip([0, 5, 19]) {
        let got = &p.periods[k];
        let figures = [
            got.interest_usd,
            got.principal_usd,
            got.sweep_usd,
            got.distribution_usd,
            got.balance_usd,
        ];
        for (figure, reference) in figures.iter().zip(row) {
            near(&format!("half-year {}", k + 1), *figure, *reference);
        }
    }
    let least = p
        .periods
        .iter()
        .filter_map(|p| p.cover)
        .fold(f64::INFINITY, f64::min);
    near("least cover", least, expected.least_cover);
    let locked = p
        .periods
        .iter()
        .filter(|period| period.is_locked_up(&p.rules))
        .count();
    assert_eq!(locked, expected.locked);
    let out: f64 = p.periods.iter().map(|p| p.distribution_usd).sum();
    near("multiple", out / p.built.equity_usd(), expected.moic);
    let roots = xirr_roots(&p.flows);
    assert_eq!(roots.len(), 1, "{roots:?}");
    near("XIRR", roots[0], expected.xirr);
    for period in &p.periods {
        assert!(period.imbalance_usd().abs() < 1e-12, "{period:?}");
    }
    assert!(p.periods.last().unwrap().balance_usd.abs() < 1e-9);
}

#[test]
fn coverage_of_the_loans_life_and_of_the_projects() {
    for (gearing, expected) in [(0.65, &COVER), (0.45, &GEARING)] {
        let p = project(gearing, 1.0);
        let (cash, years) = (cash(), vec![0.5; LIFE]);
        let base = Cash {
            cash_usd: &cash,
            years: &years,
            rate: 0.075,
            tenor: TENOR,
            balloon: 0.0,
        };
        near(
            "LLCR",
            base.present_value(TENOR) / p.built.facility_usd,
            expected.llcr,
        );
        near(
            "PLCR",
            base.present_value(LIFE) / p.built.facility_usd,
            expected.plcr,
        );
    }
}

/// A loan of 100 at 10 % a year, service 30: cash of 20 leaves 10 missing.
#[test]
fn what_cash_does_not_serve_comes_from_trapped_cash_then_the_reserve_then_nobody() {
    let rules = Rules {
        rate: 0.10,
        lock_up: 1.0,
        sweep: 0.0,
        default_cover: 1.0,
    };
    let mut loan = Loan::new(100.0, 6.0);
    let first = loan.step(20.0, 30.0, 1.0, &rules);
    // Interest 10, principal 20; 6 from the reserve, 4 deferred: principal repaid 16.
    assert_eq!(
        (first.reserve_usd, first.deferred_usd, first.balance_usd),
        (6.0, 4.0, 84.0)
    );
    assert!(first.is_default(&rules) && first.imbalance_usd().abs() < 1e-12);
    // Cash of 40: interest 8.4, principal 21.6; 6 refill the reserve, 4 go to owners.
    let second = loan.step(40.0, 30.0, 1.0, &rules);
    assert!((second.reserve_usd + 6.0).abs() < 1e-12 && (second.distribution_usd - 4.0).abs() < 1e-12);
    assert!((second.balance_usd - 62.4).abs() < 1e-12 && !second.is_default(&rules));
    // Without any cash even interest joins the debt, as far as the reserve does not pay it.
    let third = loan.step(0.0, 30.0, 1.0, &rules);
    assert!((third.deferred_usd - 24.0).abs() < 1e-12, "{third:?}");
    assert!(
        (third.balance_usd - (62.4 * 1.1 - 6.0)).abs() < 1e-12,
        "{third:?}"
    );
    assert_eq!(third.distribution_usd, 0.0);
}

#[test]
fn sizing_without_meaning_is_refused() {
    let years = [1.0; 3];
    let size = |cash_usd: &[f64], ratio| {
        let base = Cash {
            cash_usd,
            years: &years,
            rate: 0.08,
            tenor: 3,
            balloon: 0.0,
        };
        base.capacity(ratio)
    };
    assert!(matches!(
        size(&[5.0, 0.0, 5.0], 1.3),
        Err(SizingError::NoCash { period: 2, .. })
    ));
    assert!(matches!(
        size(&[5.0, f64::NAN, 5.0], 1.3),
        Err(SizingError::NoCash { period: 2, .. })
    ));
    assert!(matches!(size(&[5.0; 3], 0.9), Err(SizingError::Input { .. })));
    let terms = Terms {
        rate: 0.08,
        commitment: 0.0,
        upfront: 0.0,
    };
    let needs = Needs {
        works_usd: &[10.0, 0.0],
        years: &[0.0, 1.0],
        interest: None,
        reserve_usd: 0.0,
    };
    // Cash would serve more than everything costs: without a limit to gearing equity would be negative.
    let above = size_and_build(50.0, None, &terms, &needs);
    assert!(matches!(above, Err(SizingError::AboveUses { .. })), "{above:?}");
    let limited = size_and_build(50.0, Some(0.8), &terms, &needs).unwrap();
    assert!((limited.debt_usd() - 0.8 * limited.uses_usd()).abs() < 1e-12);
    assert!(size_and_build(5.0, Some(1.2), &terms, &needs).is_err());
}
