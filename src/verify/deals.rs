//! Published deals: rent a kilowatt and month, income, yield and payback, what inference earns and a token costs.

use super::{Claim, Tolerance};
use crate::finance::payback_years;
use crate::finance::unit::{operating_income, usd_per_kw_month, usd_per_mtok, yield_on_cost};
use crate::units::{Money, Power, Ratio};

/// A lease or cloud contract: id, what, value in billion USD, megawatts, years, published or computed USD/kW-month, source.
type Deal = (&'static str, &'static str, f64, f64, f64, f64, &'static str);

/// Rents that the sources state, or that others computed of them: the figure beside is theirs.
const DEALS: [Deal; 9] = [
    (
        "V5-200",
        "Core Scientific and CoreWeave, first 200 MW for 12 years: rent",
        3.5,
        200.0,
        12.0,
        120.0,
        "Core Scientific, 2024 (S1, S3: 350 MUSD a year on 243 MW)",
    ),
    (
        "V5-500",
        "the same, 500 MW",
        8.7,
        500.0,
        12.0,
        120.0,
        "Core Scientific, 2024 (S1, S3)",
    ),
    (
        "V5-590",
        "the same, 590 MW",
        10.2,
        590.0,
        12.0,
        120.0,
        "Core Scientific, 2025 (S1, S3)",
    ),
    (
        "V5-run",
        "the same, run-rate of 243 MW that are billed",
        0.35,
        243.0,
        1.0,
        120.0,
        "Core Scientific, first quarter of 2026 (S3)",
    ),
    (
        "deal-polaris-2",
        "Applied Digital, Polaris Forge 2: 5.0 bn USD, 200 MW, 15 years: rent",
        5.0,
        200.0,
        15.0,
        138.9,
        "benzinga 48354016, October 2025, second-hand; rent computed",
    ),
    (
        "deal-polaris-3",
        "Applied Digital, Polaris Forge 3: 7.5 bn USD, 300 MW, 15 years: rent",
        7.5,
        300.0,
        15.0,
        138.9,
        "letsdatascience, May 2026, second-hand; rent computed",
    ),
    (
        "deal-applied",
        "Applied Digital, all contracts: 31 bn USD, 1,000 MW, 15 years: rent",
        31.0,
        1_000.0,
        15.0,
        172.2,
        "trylattice.io, May 2026, second-hand; rent computed",
    ),
    (
        "deal-oracle",
        "Oracle and OpenAI, GPU cloud: 300 bn USD, 4,500 MW, 5 years: price a kW and month",
        300.0,
        4_500.0,
        5.0,
        1_111.1,
        "thegpu.ai, September 2025, second-hand; price computed",
    ),
    (
        "deal-terawulf",
        "TeraWulf and Fluidstack, 3.7 bn USD, 200 MW, 10 years: rent",
        3.7,
        200.0,
        10.0,
        154.2,
        "TeraWulf, August 2025 (S7); rent computed",
    ),
];

/// A month's cost and yearly income of a retrofit of 25 MW.
const RETROFIT_USD: f64 = 89.8e6;

pub(super) fn claims() -> Vec<Claim> {
    let mut claims: Vec<Claim> = DEALS.into_iter().map(rent).collect();
    claims.extend(income());
    claims.extend(tokens());
    claims
}

fn rent((id, what, billion, mw, years, expected, source): Deal) -> Claim {
    let published = id.starts_with("V5");
    Claim {
        id,
        what,
        unit: "USD/kW-month",
        expected,
        got: usd_per_kw_month(Money::from_usd(billion * 1e9), Power::from_mw(mw), years),
        tolerance: if published {
            Tolerance::Relative(0.02)
        } else {
            Tolerance::Relative(0.001)
        },
        source,
    }
}

fn income() -> Vec<Claim> {
    let terawulf = operating_income(Money::from_usd(3.7e9), 10.0, Ratio::from_percent(85.0));
    let riot = operating_income(Money::from_usd(311e6), 10.0, Ratio::from_percent(80.0));
    let cost = Money::from_usd(RETROFIT_USD);
    let mut flows = vec![0.0 - RETROFIT_USD];
    flows.extend(std::iter::repeat_n(riot.as_usd() / 12.0, 120));
    let riot_source = "Riot and AMD, January 2026 (S19)";
    let claim = |id, what, unit, (expected, got), tolerance, source| Claim {
        id,
        what,
        unit,
        expected,
        got,
        tolerance: Tolerance::Relative(tolerance),
        source,
    };
    vec![
        claim(
            "V6",
            "net operating income a year, 3.7 bn USD over 10 years at 85 %",
            "MUSD",
            (315.0, terawulf.as_usd() / 1e6),
            0.01,
            "TeraWulf, August 2025 (S7)",
        ),
        claim(
            "V7-income",
            "net operating income a year of 25 MW, 311 MUSD over 10 years at 80 %",
            "MUSD",
            (25.0, riot.as_usd() / 1e6),
            0.02,
            riot_source,
        ),
        claim(
            "V7-cost",
            "cost of the retrofit, 89.8 MUSD",
            "MUSD/MW",
            (3.6, RETROFIT_USD / 25.0 / 1e6),
            0.02,
            riot_source,
        ),
        claim(
            "V7-yield",
            "yield on cost of the same",
            "-",
            (0.278, yield_on_cost(riot, cost).as_fraction()),
            0.02,
            riot_source,
        ),
        claim(
            "V7-payback",
            "payback of the same, income from the month after",
            "year",
            // The outlay is the month before the first income, so that the count begins a month late.
            (
                3.6,
                payback_years(&flows).map_or(f64::NAN, |years| years - 1.0 / 12.0),
            ),
            0.02,
            riot_source,
        ),
    ]
}

/// A day of an inference service, and what a million tokens cost.
fn tokens() -> Vec<Claim> {
    let cost = 226.75 * 8.0 * 24.0 * 2.0;
    let revenue = 342e3 * 0.14 + 266e3 * 0.55 + 168e3 * 2.19;
    let deepseek = "DeepSeek, one day of February 2025 (S51)";
    let nvidia = "NVIDIA by the press (S50)";
    let claim = |id, what, unit, (expected, got), tolerance, source| Claim {
        id,
        what,
        unit,
        expected,
        got,
        tolerance: Tolerance::Relative(tolerance),
        source,
    };
    vec![
        claim(
            "V12-cost",
            "a day of 226.75 nodes of eight GPUs at 2 USD an hour",
            "USD",
            (87_072.0, cost),
            0.001,
            deepseek,
        ),
        claim(
            "V12-revenue",
            "608 billion tokens in, of which 342 cached, and 168 out, at list prices",
            "USD",
            (562_027.0, revenue),
            0.001,
            deepseek,
        ),
        claim(
            "V12-margin",
            "revenue less cost, over cost (562,027 and 87,072 USD, published as 545 %)",
            "-",
            (5.4547, revenue / cost - 1.0),
            0.001,
            deepseek,
        ),
        claim(
            "V13-gb300",
            "a million tokens at 2.65 USD an hour and 6,000 tokens a second",
            "USD/Mtok",
            (0.12, usd_per_mtok(2.65, 6_000.0)),
            0.05,
            nvidia,
        ),
        claim(
            "V13-h200",
            "a million tokens at 1.41 USD an hour and 90 tokens a second",
            "USD/Mtok",
            (4.20, usd_per_mtok(1.41, 90.0)),
            0.05,
            nvidia,
        ),
    ]
}
