//! What transaction fees added to the subsidy, month by month, for replays of files that carry none.
//!
//! Fees are published by day and by year in many places; the months of 2022 and later are remembered and rounded, so
//! they are assumptions, held by a test to the published shares of their years.

use crate::time::Month;

/// First month of [`PERCENT_OF_SUBSIDY`].
const FIRST: Month = Month { year: 2021, month: 1 };
/// First month whose figure is an assumption; before it they are computed from public daily charts.
const ASSUMED_FROM: Month = Month {
    year: 2021,
    month: 12,
};
/// Fees over subsidy, percent, from [`FIRST`] on.
///
/// 2021 to November: computed, monthly means of the public chart of fees in the block reward. Later: assumption; 2022
/// and 2023 make the published 1.5 and 7.6 % of block rewards (Hashrate Index, year in review 2023), December 2023 the
/// 22 % of production that MARA reports, 2025 lies in the published 0.55 to 1.9 %.
const PERCENT_OF_SUBSIDY: [f64; 60] = [
    11.4, 15.7, 10.7, 17.4, 9.7, 5.6, 3.2, 1.4, 1.5, 1.6, 1.5, 1.5, // 2021
    1.5, 1.4, 1.4, 1.5, 1.9, 1.5, 1.5, 1.5, 1.4, 1.5, 1.9, 1.7, // 2022
    1.9, 2.6, 2.5, 2.9, 12.5, 4.2, 2.8, 2.2, 2.7, 3.0, 13.5, 28.0, // 2023
    8.7, 4.6, 4.8, 13.0, 7.5, 7.0, 3.5, 2.3, 2.8, 3.3, 4.5, 2.6, // 2024
    1.6, 1.3, 1.3, 1.4, 1.5, 1.3, 1.1, 0.9, 0.8, 0.8, 0.8, 0.7, // 2025
];

/// Fees over subsidy of a month as a share, and whether the figure is an assumption; `None` outside the list.
pub fn fee_share_of(month: Month) -> Option<(f64, bool)> {
    let index = usize::try_from(FIRST.months_until(month)).ok()?;
    let percent = PERCENT_OF_SUBSIDY.get(index)?;
    Some((percent / 100.0, ASSUMED_FROM.months_until(month) >= 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(year: i16, month: i8) -> f64 {
        fee_share_of(Month { year, month }).unwrap().0
    }

    /// Fees over rewards of a year, months weighed by the mean price of a coin in thousands of dollars.
    fn of_rewards(year: i16, prices: [f64; 12]) -> f64 {
        let (mut fees, mut rewards) = (0.0, 0.0);
        for (month, price) in (1_i8..).zip(prices) {
            fees += share(year, month) * price;
            rewards += (1.0 + share(year, month)) * price;
        }
        fees / rewards
    }

    #[test]
    fn the_months_make_the_published_shares_of_their_years() {
        // Hashrate Index: fees were 1.5 % of block rewards in 2022 and 7.6 % in 2023, in dollars.
        let of_2022 = [
            41.3, 40.5, 41.9, 41.5, 31.9, 24.2, 21.5, 22.4, 19.8, 19.6, 17.7, 16.9,
        ];
        assert!((of_rewards(2022, of_2022) - 0.015).abs() < 0.001);
        let of_2023 = [
            20.2, 23.3, 25.1, 28.9, 27.5, 27.8, 30.0, 27.8, 26.3, 29.8, 36.5, 42.5,
        ];
        let got = of_rewards(2023, of_2023);
        assert!((got - 0.076).abs() < 0.005, "{got}");
        // MARA: fees were 22 % of December's production.
        let december = share(2023, 12);
        assert!((december / (1.0 + december) - 0.22).abs() < 0.005);
    }

    #[test]
    fn outside_the_list_nothing_is_known() {
        let month = |year, month| Month { year, month };
        assert_eq!(fee_share_of(month(2020, 12)), None);
        assert_eq!(fee_share_of(month(2026, 1)), None);
        assert_eq!(fee_share_of(month(2021, 1)), Some((0.114, false)));
        assert_eq!(fee_share_of(month(2025, 12)), Some((0.7 / 100.0, true)));
    }
}
