use super::*;

/// The chains of September 2022 (sources in `docs/METHOD-gpu-mining.md`).
const MERGE: &str = r#"
    [coins.ethereum]
    algorithm = "ethash"
    ends = "2022-09-15"
    process = { points = [{ on = "2022-09-14", usd = 1600 }], coins_per_day = 13000 }
    [coins.ethereum-classic]
    algorithm = "etchash"
    process = { points = [{ on = "2022-09-14", usd = 36 }], coins_per_day = 16750 }
    [coins.ravencoin]
    algorithm = "kawpow"
    process = { points = [{ on = "2022-09-14", usd = 0.035 }], coins_per_day = 3.6e6 }
    [coins.ergo]
    algorithm = "autolykos"
    process = { points = [{ on = "2022-09-14", usd = 4 }], coins_per_day = 32400 }
"#;

// Places of the chains: tables of TOML are sorted by name.
const ERGO: usize = 0;
const ETHEREUM: usize = 1;
const CLASSIC: usize = 2;
const RAVENCOIN: usize = 3;

fn day(text: &str) -> SimTime {
    utc_midnight(text).unwrap()
}

fn paths(text: &str, from: &str, to: &str) -> CoinPaths {
    let spec: GpuMiningSpec = toml::from_str(text).unwrap();
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    assert!(!problems.has_errors(), "{problems:?}");
    let series = vec![None; spec.coins.len()];
    let mining = GpuMining::new(&spec, &series, day(from), day(to)).unwrap();
    mining.draw(&Streams::new(1, 0))
}

#[test]
fn a_card_earns_its_share_of_the_hashrate_and_what_was_published() {
    let paths = paths(MERGE, "2022-09-01", "2022-10-01");
    let ethereum = paths.on(ETHEREUM, paths.day_of(day("2022-09-14")));
    // By hand: 98 MH/s of the network's, times 13,000 coins at 1,600 USD.
    let by_hand = 98.0 / (ethereum.network_th_s * 1e6) * 13_000.0 * 1_600.0;
    assert!((98.0 * ethereum.usd_per_mh_day() - by_hand).abs() < 1e-9);
    // Tom's Hardware, 15 September 2022: 2.30 USD a day with an RTX 3080, 2.80 with an RTX 3090, before the Merge.
    for (mh, usd) in [(98.0, 2.30), (119.0, 2.80)] {
        let earned = mh * ethereum.usd_per_mh_day();
        assert!((earned / usd - 1.0).abs() < 0.05, "{earned} {usd}");
    }
}

#[test]
fn on_the_day_of_the_merge_earnings_fall_to_what_is_left() {
    let paths = paths(MERGE, "2022-09-01", "2022-12-01");
    assert_eq!(paths.ends(ETHEREUM), Some(day("2022-09-15")));
    let (before, on) = (paths.day_of(day("2022-09-14")), paths.day_of(day("2022-09-15")));
    assert!(paths.on(ETHEREUM, before).coins_per_mh_day > 0.0);
    assert_eq!(paths.on(ETHEREUM, on).coins_per_mh_day, 0.0);
    // Ethereum was 20.8 of 21.66 million USD a day: 96 % of what cards earned. Once cards have settled, those that go on
    // earn 70 USD/MWh on every chain; before it was 21.66e6 / (24 h x 2,253 MW) = 400.6.
    let usd_per_mwh = |coin: usize, on: usize| {
        let joules = joules_per_mh(paths.algorithm(coin));
        paths.on(coin, on).usd_per_mh_day() / (24.0 * joules * 1e-6)
    };
    let worth = 13_000.0 * 1_600.0 + 16_750.0 * 36.0 + 3.6e6 * 0.035 + 32_400.0 * 4.0;
    let was = worth / (24.0 * 920.0 * 240.0 / 98.0);
    let later = paths.day_of(day("2022-11-30"));
    for coin in [ERGO, CLASSIC, RAVENCOIN] {
        assert!((usd_per_mwh(coin, before) / was - 1.0).abs() < 1e-9);
        assert!((usd_per_mwh(coin, later) / 70.0 - 1.0).abs() < 1e-9);
    }
    // An RTX 3090 at 260 MH/s of Autolykos: 0.65 USD a day at 245 MH/s was measured on the day (Tom's Hardware), while
    // cards were still coming; settled it is 70 USD/MWh x 24 h x 260 J/s.
    let settled = 260.0 * paths.on(ERGO, later).usd_per_mh_day();
    assert!((settled - 70.0 * 24.0 * 260e-6).abs() < 1e-9, "{settled}");
    assert!((0.3..0.65).contains(&settled));
    assert!(paths.idle_share(before) < 1e-9 && paths.idle_share(later) > 0.7);
}

#[test]
fn prices_pass_through_their_points_and_issues_step_on_their_days() {
    let text = r#"
        [coins.ravencoin]
        algorithm = "kawpow"
        [coins.ravencoin.process]
        points = [{ on = "2022-01-01", usd = 0.1 }, { on = "2022-01-11", usd = 0.4 }]
        coins_per_day = 7.2e6
        steps = [{ on = "2022-01-11", coins_per_day = 3.6e6 }]
    "#;
    let paths = paths(text, "2021-12-30", "2022-01-20");
    let at = |text: &str| paths.on(0, paths.day_of(day(text)));
    assert!((at("2021-12-30").usd - 0.1).abs() < 1e-12 && (at("2022-01-19").usd - 0.4).abs() < 1e-12);
    assert!((at("2022-01-06").usd - 0.2).abs() < 1e-12, "the geometric middle");
    let coins = |text: &str| at(text).coins_per_mh_day * at(text).network_th_s * 1e6;
    assert!((coins("2022-01-10") - 7.2e6).abs() < 1e-3 && (coins("2022-01-11") - 3.6e6).abs() < 1e-3);
}

#[test]
fn noise_leaves_the_expected_price_and_is_the_same_for_the_same_seed() {
    let text = MERGE.replace(
        "coins_per_day = 16750",
        "coins_per_day = 16750, volatility_percent = 80",
    );
    let spec: GpuMiningSpec = toml::from_str(&text).unwrap();
    let (from, to) = (day("2022-10-01"), day("2023-10-01"));
    let mining = GpuMining::new(&spec, &vec![None; 4], from, to).unwrap();
    let last = |replication: u64| mining.draw(&Streams::new(7, replication)).on(CLASSIC, 364).usd;
    let logs: Vec<f64> = (0..2_000).map(|r| (last(r) / 36.0).ln()).collect();
    let mean = logs.iter().sum::<f64>() / 2_000.0;
    let deviation = (logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / 1_999.0).sqrt();
    // 364 daily steps of a volatility of 0.8 a square root of a year, four standard errors.
    let sigma = 0.8 * (364.0 / YEAR_DAYS).sqrt();
    assert!(
        (deviation - sigma).abs() < 4.0 * sigma / 4_000.0_f64.sqrt(),
        "{deviation}"
    );
    assert!(
        (mean + 0.5 * sigma * sigma).abs() < 4.0 * sigma / 2_000.0_f64.sqrt(),
        "{mean}"
    );
    assert_eq!(last(3), last(3));
    // Ethereum has no noise, so its stream is not touched.
    assert_eq!(mining.draw(&Streams::new(7, 0)).on(ETHEREUM, 0).usd, 1_600.0);
}

#[test]
fn a_series_is_replayed_and_must_cover_the_days_that_are_mined() {
    let csv = "date,usd,network_hashrate_th_s,coins_per_day\n2022-09-13,1580,870,13000\n2022-09-14,1600,867,13100\n";
    let read = CoinSeries::read("e.csv", csv.as_bytes(), GapPolicy::Refuse).unwrap();
    let text =
        "[coins.ethereum]\nalgorithm = \"ethash\"\nends = \"2022-09-15\"\nseries = { file = \"e.csv\" }\n";
    let spec: GpuMiningSpec = toml::from_str(text).unwrap();
    // The file stops at the Merge, the horizon two years later: nobody mines then.
    let built = |to: &str, ends: bool| {
        let mut spec = spec.clone();
        if !ends {
            spec.coins[0].ends = None;
        }
        GpuMining::new(&spec, &[Some(read.clone())], day("2022-09-13"), day(to))
    };
    let paths = built("2024-09-13", true).unwrap().draw(&Streams::new(1, 0));
    let second = paths.on(0, 1);
    assert!((second.coins_per_mh_day - 13_100.0 / 867e6).abs() < 1e-18);
    assert!((second.network_th_s - 867.0).abs() < 1e-9);
    assert_eq!(paths.on(0, 2).coins_per_mh_day, 0.0);
    let refused = built("2024-09-13", false).unwrap_err();
    assert!(
        refused.contains("`ethereum`") && refused.contains("2022-09-13"),
        "{refused}"
    );
}

#[test]
fn a_spec_reports_all_that_is_wrong() {
    let text = r#"
        network = { world_ethash_th_s = 0, follows_days = -1 }
        [coins.ethereum]
        algorithm = "ethash"
        ends = "15.9.2022"
        [coins.ergo]
        algorithm = "autolykos"
        process = { points = [{ on = "2022-09-14", usd = 0 }, { on = "2022-09-13", usd = 1 }], coins_per_day = -1 }
    "#;
    let spec: GpuMiningSpec = toml::from_str(text).unwrap();
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    let at: Vec<String> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
    assert_eq!(
        at,
        [
            "network.world_ethash_th_s",
            "network.follows_days",
            "coins.ergo.process.coins_per_day",
            "coins.ergo.process.points[0].usd",
            "coins.ergo.process.points[1].on",
            "coins.ethereum",
            "coins.ethereum.ends",
        ]
    );
    assert!(toml::from_str::<GpuMiningSpec>("[coins.x]\nalgorithm = \"sha256\"").is_err());
}
