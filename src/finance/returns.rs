//! Present value, modified rate of return, multiple, payback and the deepest equity of monthly flows.
//!
//! Rates are effective a year, money nominal; a month's flow counts at its middle.

use crate::units::{Money, Ratio};

/// `(1 + rate)^-((m + 0.5) / 12)` for whole months `m` from the start; `rate` is effective a year, above -1.
pub fn discount_factor(rate: Ratio, month: usize) -> f64 {
    (-(month as f64 + 0.5) / 12.0 * rate.as_fraction().ln_1p()).exp()
}

/// The present value of monthly flows at a rate effective a year.
pub fn npv(monthly_usd: &[f64], rate: Ratio) -> Money {
    let discounted = monthly_usd
        .iter()
        .enumerate()
        .map(|(month, usd)| usd * discount_factor(rate, month));
    Money::from_usd(discounted.sum())
}

/// The modified internal rate of return per period: outlays financed at one rate, receipts reinvested at another
/// (all per period). `None` without both outlays and receipts, or with fewer than two periods.
pub fn mirr(flows_usd: &[f64], finance: Ratio, reinvest: Ratio) -> Option<Ratio> {
    let last = flows_usd.len().checked_sub(1).filter(|last| *last > 0)?;
    let (mut outlays, mut receipts) = (0.0, 0.0);
    for (k, usd) in flows_usd.iter().enumerate() {
        if *usd < 0.0 {
            outlays -= usd * (-(k as f64) * finance.as_fraction().ln_1p()).exp();
        } else {
            receipts += usd * ((last - k) as f64 * reinvest.as_fraction().ln_1p()).exp();
        }
    }
    let multiple = receipts / outlays;
    let defined = outlays > 0.0 && receipts > 0.0 && multiple.is_finite();
    defined.then(|| Ratio::from_fraction((multiple.ln() / last as f64).exp_m1()))
}

/// The multiple on invested capital: what came out over what went in, month by month net. `None` where nothing
/// went in.
pub fn moic(monthly_usd: &[f64]) -> Option<f64> {
    let paid_in: f64 = monthly_usd.iter().map(|usd| (-usd).max(0.0)).sum();
    let paid_out: f64 = monthly_usd.iter().map(|usd| usd.max(0.0)).sum();
    (paid_in > 0.0).then(|| paid_out / paid_in)
}

/// Years until the cumulative flow reaches zero and stays there, linear within the month in which it does.
///
/// Zero where it never was below; `None` where it is below at the end.
pub fn payback_years(monthly_usd: &[f64]) -> Option<f64> {
    let mut cumulative = 0.0;
    let mut paid_back_months = 0.0;
    for (month, usd) in monthly_usd.iter().enumerate() {
        let before = cumulative;
        cumulative += usd;
        if before < 0.0 && cumulative >= 0.0 {
            // The latest crossing is the one that lasts, unless another shortfall follows.
            paid_back_months = month as f64 + before / (before - cumulative);
        }
    }
    (cumulative >= 0.0).then_some(paid_back_months / 12.0)
}

/// The deepest point of the cumulative flow, as a positive amount: what owners must be able to find.
pub fn peak_equity(monthly_usd: &[f64]) -> Money {
    let (mut cumulative, mut deepest) = (0.0, 0.0_f64);
    for usd in monthly_usd {
        cumulative += usd;
        deepest = deepest.min(cumulative);
    }
    // Not the negation, which would show nothing as -0.
    Money::from_usd(0.0 - deepest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const TEN: Ratio = Ratio::from_percent(10.0);

    #[test]
    fn a_month_is_discounted_from_its_middle() {
        assert!((discount_factor(TEN, 0) - 1.1_f64.powf(-0.5 / 12.0)).abs() < 1e-15);
        assert!((discount_factor(TEN, 119) - 1.1_f64.powf(-119.5 / 12.0)).abs() < 1e-15);
        assert_eq!(discount_factor(Ratio::ZERO, 77), 1.0);
    }

    #[test]
    fn the_present_value_of_a_level_rent_is_the_annuity_formula() {
        let v = 1.1_f64.powf(-1.0 / 12.0);
        let expected = 1_000.0 * v.sqrt() * (1.0 - v.powi(120)) / (1.0 - v);
        assert!((npv(&[1_000.0; 120], TEN).as_usd() - expected).abs() < 1e-8);
        assert_eq!(npv(&[], TEN), Money::ZERO);
    }

    #[test]
    fn the_present_value_is_nought_at_every_internal_rate() {
        // Two roots: mine, earn, clear the site.
        let mut flows = vec![0.0; 25];
        (flows[0], flows[12], flows[24]) = (-1_600.0, 10_000.0, -10_000.0);
        for rate in crate::finance::irr::irr_roots_annual(&flows) {
            let value = npv(&flows, Ratio::from_fraction(rate)).as_usd();
            assert!(value.abs() < 1e-8, "{rate}: {value}");
        }
    }

    // Rates by pyxirr 0.10.8 at 10 % and 10 %.
    #[rstest]
    #[case(&[-100.0, 39.0, 59.0, 55.0, 20.0], Some(0.194_814_576_224_124_9))]
    #[case(&[-1600.0, 10_000.0, -10_000.0], Some(0.055_989_555_354_960_31))]
    #[case(&[1000.0, -3000.0, 2500.0], Some(0.166_333_285_700_675_4))]
    #[case(&[-100.0, 20.0, 20.0, 20.0], Some(-0.128_462_664_424_667_14))]
    #[case(&[-100.0, 0.0, 0.0, 1e-6], Some(-0.997_845_565_309_968))]
    #[case(&[0.0, -100.0, 60.0, 60.0], Some(0.114_947_479_545_35))]
    #[case(&[100.0, -39.0, -59.0, -55.0, -20.0], Some(0.012_709_439_672_107_692))]
    #[case(&[-3.4e9, 5e8, 6e8, 7e8, 8e8, 9e8, 1e9, 1.1e9], Some(0.113_819_903_359_392_52))]
    #[case(&[100.0, 10.0], None)]
    #[case(&[-100.0, -10.0], None)]
    #[case(&[-100.0], None)]
    #[case(&[], None)]
    fn the_modified_rate_matches_the_reference(#[case] flows: &[f64], #[case] expected: Option<f64>) {
        match (mirr(flows, TEN, TEN), expected) {
            (Some(got), Some(expected)) => assert!((got.as_fraction() - expected).abs() < 1e-12, "{got:?}"),
            (got, expected) => assert_eq!(got.map(Ratio::as_fraction), expected),
        }
    }

    #[rstest]
    #[case::plain(&[-120.0, 60.0, 60.0, 60.0], Some(3.0 / 12.0))]
    #[case::within_the_month(&[-120.0, 60.0, 120.0], Some(2.5 / 12.0))]
    #[case::the_last_crossing_counts(&[-10.0, 20.0, -30.0, 40.0], Some(3.5 / 12.0))]
    #[case::never(&[-10.0, 5.0], None)]
    #[case::lost_again(&[-10.0, 20.0, -30.0], None)]
    #[case::never_below(&[1.0, 2.0], Some(0.0))]
    #[case::nothing(&[], Some(0.0))]
    fn payback_is_the_crossing_that_lasts(#[case] flows: &[f64], #[case] expected: Option<f64>) {
        assert_eq!(payback_years(flows), expected);
    }

    #[test]
    fn multiple_and_deepest_equity_follow_the_net_flows() {
        let flows = [-100.0, -50.0, 80.0, -20.0, 200.0];
        assert_eq!(moic(&flows), Some(280.0 / 170.0));
        assert_eq!(peak_equity(&flows), Money::from_usd(150.0));
        assert_eq!((moic(&[1.0]), peak_equity(&[1.0])), (None, Money::ZERO));
    }
}
