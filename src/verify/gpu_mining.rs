//! What graphics cards earned around the Merge, against what was published.

use super::{Claim, Tolerance};
use crate::algorithm::Algorithm;
use crate::fleet::card_catalogue;
use crate::id::Name;
use crate::market::gpu_mining::{
    CardNetworkSpec, CoinPaths, CoinProcessSpec, CoinSpec, GpuMining, GpuMiningSpec, PricePointSpec,
    joules_per_mh,
};
use crate::random::Streams;
use crate::time::{Calendar, DAY_S, SimTime, Span, parse_date};

const TOMS: &str = "Tom's Hardware, 15 September 2022 (S39); prices and issues: docs/METHOD-gpu-mining.md";
const PRESS: &str = "raventrain.com, voiceofcrypto.online, royalsblue.com after Forbes (S40)";

/// The day before the Merge.
const EVE: &str = "2022-09-14";
const MERGE: &str = "2022-09-15";

/// Coins a day and price of Ethereum, Ethereum Classic, Ravencoin and Ergo in the middle of September 2022.
const SEPTEMBER: [(&str, Algorithm, f64, f64); 4] = [
    ("ethereum", Algorithm::Ethash, 13_000.0, 1_600.0),
    ("ethereum-classic", Algorithm::Etchash, 16_750.0, 36.0),
    ("ravencoin", Algorithm::Kawpow, 3.6e6, 0.035),
    ("ergo", Algorithm::Autolykos, 32_400.0, 4.0),
];
/// The first two late in July.
const JULY: [(&str, Algorithm, f64, f64); 2] = [
    ("ethereum", Algorithm::Ethash, 13_000.0, 1_200.0),
    ("ethereum-classic", Algorithm::Etchash, 16_750.0, 22.0),
];

/// Two weeks of chains from the eve on; the first of them ends at the Merge, and cards settle at once.
fn paths(chains: &[(&str, Algorithm, f64, f64)]) -> CoinPaths {
    let coin = |&(name, algorithm, coins_per_day, usd): &(&str, Algorithm, f64, f64)| {
        let process = CoinProcessSpec {
            points: vec![PricePointSpec {
                on: EVE.to_owned(),
                usd,
            }],
            volatility_percent: 0.0,
            coins_per_day,
            steps: Vec::new(),
        };
        let spec = CoinSpec {
            algorithm,
            ends: (name == "ethereum").then(|| MERGE.to_owned()),
            series: None,
            process: Some(process),
        };
        (Name::from(name), spec)
    };
    let spec = GpuMiningSpec {
        coins: chains.iter().map(coin).collect(),
        network: CardNetworkSpec {
            follows_days: 0.0,
            ..CardNetworkSpec::default()
        },
    };
    let start = parse_date(EVE).and_then(|d| Calendar::utc().start_of(d));
    let start = start.unwrap_or(SimTime::from_unix_s(0));
    let mining = GpuMining::new(
        &spec,
        &vec![None; chains.len()],
        start,
        start + Span::from_seconds(14 * DAY_S),
    );
    mining
        .expect("chains with a process need no file")
        .draw(&Streams::new(1, 0))
}

/// GM: earnings and networks.
pub(super) fn claims() -> Vec<Claim> {
    let (september, july) = (paths(&SEPTEMBER), paths(&JULY));
    let ethash = |id: &str| card_catalogue::find(id).and_then(|c| c.rate(Algorithm::Ethash));
    let earns = |id: &str| ethash(id).map_or(f64::NAN, |(mh, _)| mh * september.on(0, 0).usd_per_mh_day());
    let mw = |coin: usize, day: usize| {
        september.on(coin, day).network_th_s * joules_per_mh(september.algorithm(coin))
    };
    let left: f64 = (1..4).map(|coin| mw(coin, 2)).sum();
    let claim = |id, what, unit, (expected, got): (f64, f64), tolerance, source| Claim {
        id,
        what,
        unit,
        expected,
        got,
        tolerance,
        source,
    };
    let near = Tolerance::Relative;
    vec![
        claim(
            "GM-3080",
            "an RTX 3080 on the eve of the Merge",
            "USD/day",
            (2.30, earns("rtx-3080")),
            near(0.05),
            TOMS,
        ),
        claim(
            "GM-3090",
            "an RTX 3090 on the eve of the Merge",
            "USD/day",
            (2.80, earns("rtx-3090")),
            near(0.05),
            TOMS,
        ),
        claim(
            "GM-ETH",
            "hashrate of Ethereum on the eve of the Merge",
            "TH/s",
            (867.0, september.on(0, 0).network_th_s),
            near(0.03),
            PRESS,
        ),
        claim(
            "GM-ETC",
            "hashrate of Ethereum Classic in July 2022",
            "TH/s",
            (20.88, july.on(1, 0).network_th_s),
            near(0.05),
            PRESS,
        ),
        claim(
            "GM-left",
            "cards that other chains feed over those that Ethereum fed",
            "1",
            (0.28, left / mw(0, 0)),
            near(0.2),
            PRESS,
        ),
    ]
}
