//! What mining earns, against published hashprices and revenues.

use super::{Claim, Tolerance};
use crate::fleet::miner::revenue_per_mwh;
use crate::market::bitcoin::btc_per_ph_day;

const SOURCE: &str = "Hashrate Index, 12 January 2026 (S41)";

/// V1 and V2.
pub(super) fn claims() -> Vec<Claim> {
    let mined = btc_per_ph_day(148.26e12, 3.125, 0.005_5);
    let published = |id, what, unit, expected, got, share| Claim {
        id,
        what,
        unit,
        expected,
        got,
        tolerance: Tolerance::Relative(share),
        source: SOURCE,
    };
    let revenue = |j_per_th| revenue_per_mwh(39.53, j_per_th).as_usd_per_mwh();
    vec![
        published(
            "V1-btc",
            "coins of a PH/s in a day at difficulty 148.26 T, subsidy 3.125 BTC, fees 0.55 %",
            "BTC/PH/day",
            0.000_431_43,
            mined,
            0.02,
        ),
        published(
            "V1-usd",
            "hashprice at the same difficulty and 91,132 USD a coin",
            "USD/PH/day",
            39.53,
            mined * 91_132.0,
            0.02,
        ),
        published(
            "V2-17",
            "revenue of a megawatt-hour at a hashprice of 39.53 USD and 17 J/TH",
            "USD/MWh",
            97.0,
            revenue(17.0),
            0.01,
        ),
        published(
            "V2-22",
            "revenue of a megawatt-hour at a hashprice of 39.53 USD and 22 J/TH",
            "USD/MWh",
            75.0,
            revenue(22.0),
            0.01,
        ),
    ]
}
