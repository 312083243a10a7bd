//! Tests of `bitcoin`, in their own file for length.

use std::fmt::Write as _;

use super::super::bitcoin_protocol::utc_day;
use super::*;
use crate::problem::FieldPath;
use crate::time::Calendar;

fn process(volatility: f64) -> BitcoinSpec {
    BitcoinSpec {
        payout: None,
        series: None,
        process: Some(BitcoinProcessSpec::PriceAndDifficulty(PriceAndDifficultySpec {
            preset: "2020-2023".into(),
            start_btc_usd: 91_132.0,
            start_difficulty: 148.26e12,
            volatility: Some(volatility),
            drift_percent_per_year: 0.0,
            efficiency_percent_per_year: None,
        })),
        fees_percent: 0.55,
    }
}

fn ten_years(spec: &BitcoinSpec, replication: u64) -> BitcoinPath {
    let (start, end) = (utc_day(2026, 1, 12), utc_day(2036, 1, 12));
    Bitcoin::new(spec, None, start, end)
        .unwrap()
        .draw(&Streams::new(1, replication))
}

#[test]
fn hashprice_matches_the_published_figure_of_12_january_2026() {
    // V1: difficulty 148.26 T, 91,132 USD, 3.125 BTC, fees 0.55 %: 0.00043143 BTC and 39.53 USD a PH and day.
    let day = BitcoinDay::new(91_132.0, 148.26e12, 3.125, 0.005_5);
    assert!(
        (day.btc_per_ph_day / 0.000_431_43 - 1.0).abs() < 0.02,
        "{}",
        day.btc_per_ph_day
    );
    assert!(
        (day.hashprice_usd_per_ph_day / 39.53 - 1.0).abs() < 0.02,
        "{}",
        day.hashprice_usd_per_ph_day
    );
    let first = ten_years(&process(0.68), 0).days()[0];
    assert!(
        (first.hashprice_usd_per_ph_day / day.hashprice_usd_per_ph_day - 1.0).abs() < 1e-12,
        "{first:?}"
    );
}

#[test]
fn subsidies_halve_at_their_heights_and_dates() {
    assert_eq!(subsidy_btc(0.0), 50.0);
    assert_eq!((subsidy_btc(839_999.0), subsidy_btc(840_000.0)), (6.25, 3.125));
    assert_eq!(subsidy_btc(1e9), 50.0 * 0.5_f64.powi(63));
    assert_eq!(subsidy_btc(height_at(utc_day(2024, 4, 19))), 6.25);
    assert_eq!(subsidy_btc(height_at(utc_day(2024, 4, 20))), 3.125);
    assert_eq!(subsidy_btc(height_at(utc_day(2020, 5, 11))), 6.25);
    // The public count has block 946,115 as the first of 22 April 2026.
    assert!((height_at(utc_day(2026, 4, 22)) - 946_115.0).abs() < 400.0);
}

#[test]
fn difficulty_and_hashrate_are_each_others_inverse() {
    let hashrate = hashrate_of_difficulty(148.26e12);
    assert!((hashrate / 1.061e21 - 1.0).abs() < 0.01, "{hashrate}");
    assert!((difficulty_of_hashrate(hashrate) / 148.26e12 - 1.0).abs() < 1e-12);
}

#[test]
fn a_calm_price_halves_hashprice_in_2028_and_again_in_2032() {
    let path = ten_years(&process(0.0), 0);
    assert_eq!(path.halvings().len(), 2);
    let first = Calendar::utc().civil(path.halvings()[0]);
    assert_eq!(first.year(), 2028, "{first}");
    let at = |offset: i64| path.at(path.halvings()[0] + Span::from_seconds(DAY_S * offset));
    let ratio = at(0).hashprice_usd_per_ph_day / at(-1).hashprice_usd_per_ph_day;
    assert!((ratio - 0.5).abs() < 0.08, "{ratio}");
}

#[test]
fn blocks_keep_to_ten_minutes_in_the_long_run() {
    let spec = process(0.68);
    let (start, end) = (utc_day(2026, 1, 12), utc_day(2036, 1, 12));
    let Source::Process {
        spec,
        preset,
        fee_share,
    } = Bitcoin::new(&spec, None, start, end).unwrap().source
    else {
        panic!("a process")
    };
    let mut network = Network::new(&spec, &preset, fee_share, start);
    let mut stream = Streams::new(1, 0).stream("bitcoin");
    let first = network.chain.height();
    (0..3_652).for_each(|_| {
        network.day(&mut stream);
    });
    let per_day = (network.chain.height() - first) / 3_652.0;
    assert!((per_day / BLOCKS_PER_DAY - 1.0).abs() < 0.02, "{per_day}");
}

#[test]
fn the_price_has_the_stated_volatility_and_keeps_its_expectation() {
    let spec = process(0.4);
    let (mut squares, mut count, mut ends) = (0.0, 0.0, 0.0);
    for replication in 0..400 {
        let path = ten_years(&spec, replication);
        let year: Vec<f64> = path.days()[..366].iter().map(|d| d.btc_usd.ln()).collect();
        squares += year.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum::<f64>();
        count += 365.0;
        ends += path.days()[365].btc_usd / 91_132.0 / 400.0;
    }
    let volatility = (squares / count * 365.25_f64).sqrt();
    assert!((volatility / 0.4 - 1.0).abs() < 0.02, "{volatility}");
    assert!((ends - 1.0).abs() < 0.08, "{ends}");
}

#[test]
fn a_dearer_bitcoin_brings_hashrate_and_hashprice_reverts() {
    // Same noise, a price that drifts up by half a year for a year against one that does not.
    let with_drift = |percent: f64| {
        let mut spec = process(0.0);
        if let Some(BitcoinProcessSpec::PriceAndDifficulty(p)) = &mut spec.process {
            p.drift_percent_per_year = percent;
        }
        ten_years(&spec, 0)
    };
    let (flat, rising) = (with_drift(0.0), with_drift(50.0));
    let difficulty = |p: &BitcoinPath| p.days()[730].difficulty;
    assert!(difficulty(&rising) > difficulty(&flat) * 1.2);
    let hashprice = |p: &BitcoinPath| p.days()[730].hashprice_usd_per_ph_day;
    let (gain, price) = (
        hashprice(&rising) / hashprice(&flat),
        rising.days()[730].btc_usd / 91_132.0,
    );
    assert!(gain > 1.0 && gain < price, "{gain} {price}");
}

#[test]
fn a_file_must_cover_the_horizon_but_its_last_day_is_held_for_a_zone() {
    let series = BitcoinSeries::constant(utc_day(2023, 1, 1), 365, 30_000.0, 50e12);
    let spec = BitcoinSpec {
        payout: None,
        process: None,
        ..process(0.0)
    };
    let texas = Span::from_hours(6);
    let (start, end) = (utc_day(2023, 1, 1) + texas, utc_day(2024, 1, 1) + texas);
    let path = Bitcoin::new(&spec, Some(&series), start, end)
        .unwrap()
        .draw(&Streams::new(1, 0));
    assert_eq!(path.days().len(), 366);
    let expected = btc_per_ph_day(50e12, 6.25, 0.005_5) * 30_000.0;
    assert!((path.at(end).hashprice_usd_per_ph_day - expected).abs() < 1e-9);
    let error = Bitcoin::new(&spec, Some(&series), start, utc_day(2025, 1, 1)).unwrap_err();
    assert!(error.contains("cover 2023-01-01"), "{error}");
}

#[test]
fn a_stated_hashprice_declines_as_stated() {
    let spec = BitcoinSpec {
        payout: None,
        series: None,
        process: Some(BitcoinProcessSpec::FixedHashprice(FixedHashpriceSpec {
            btc_usd: 60_000.0,
            usd_per_ph_day: 50.0,
            decline_percent_per_year: 20.0,
        })),
        fees_percent: 1.0,
    };
    let path = ten_years(&spec, 0);
    let year = path.days()[365].hashprice_usd_per_ph_day;
    assert!((year / 40.0 - 1.0).abs() < 1e-3, "{year}");
    assert!((path.days()[0].btc_per_ph_day * 60_000.0 - 50.0).abs() < 1e-9);
}

#[test]
fn every_problem_of_a_spec_is_reported() {
    let mut spec = process(-1.0);
    spec.fees_percent = f64::NAN;
    if let Some(BitcoinProcessSpec::PriceAndDifficulty(p)) = &mut spec.process {
        p.preset = "2020-2032".into();
        p.start_difficulty = 0.0;
    }
    let mut problems = Problems::new();
    spec.check(&FieldPath::root().key("market").key("bitcoin"), &mut problems);
    assert_eq!(problems.as_slice().len(), 4, "{problems:?}");
}

/// Days around a halving as public daily charts have them: price and, as in the file, hashrate or difficulty.
fn around(rows: &[(&str, f64, f64, Option<f64>)]) -> BitcoinSeries {
    let mut text = "date,price_usd,hashrate_hs,difficulty,fees_btc\n".to_owned();
    for (date, price, hashrate, difficulty) in rows {
        let difficulty = difficulty.map_or_else(String::new, |d| d.to_string());
        writeln!(text, "{date},{price},{hashrate},{difficulty},").unwrap();
    }
    BitcoinFormat::MiningDaily
        .read("m.csv", text.as_bytes(), GapPolicy::Refuse)
        .unwrap()
}

#[test]
fn the_halvings_of_2016_and_2020_fall_on_their_days() {
    let of_2016 = around(&[
        ("2016-07-07", 640.56, 1.6e18, None),
        ("2016-07-08", 648.81, 1.538_177e18, None),
        ("2016-07-09", 653.28, 1.580_610e18, None),
        ("2016-07-10", 647.76, 1.654_866e18, None),
    ]);
    let of_2020 = around(&[
        ("2020-05-10", 8_710.39, 1.360_976e20, Some(16_104_807_485_529.0)),
        ("2020-05-11", 8_698.42, 1.256_902e20, Some(16_104_807_485_529.0)),
        ("2020-05-12", 8_777.16, 1.168_839e20, Some(16_104_807_485_529.0)),
        ("2020-05-13", 8_958.14, 9.526_834e19, Some(16_104_807_485_529.0)),
    ]);
    for (series, halving, subsidy) in [
        (&of_2016, utc_day(2016, 7, 9), 12.5),
        (&of_2020, utc_day(2020, 5, 11), 6.25),
    ] {
        let spec = BitcoinSpec {
            payout: None,
            process: None,
            ..process(0.0)
        };
        let end = series.start + Span::from_seconds(4 * DAY_S);
        let path = Bitcoin::new(&spec, Some(series), series.start, end)
            .unwrap()
            .draw(&Streams::new(1, 0));
        assert_eq!(path.halvings(), [halving]);
        let (before, after) = (path.at(halving + Span::from_hours(-1)), path.at(halving));
        assert_eq!((before.subsidy_btc, after.subsidy_btc), (2.0 * subsidy, subsidy));
        // What is not the subsidy moves by a few percent between two days.
        let ratio = after.hashprice_usd_per_ph_day / before.hashprice_usd_per_ph_day;
        assert!((ratio - 0.5).abs() < 0.02, "{ratio}");
    }
}

#[test]
fn a_halving_before_the_data_begins_is_in_their_subsidy_and_not_among_the_halvings() {
    let series = BitcoinSeries::constant(utc_day(2020, 5, 12), 30, 9_000.0, 16e12);
    let spec = BitcoinSpec {
        payout: None,
        process: None,
        ..process(0.0)
    };
    let path = Bitcoin::new(&spec, Some(&series), utc_day(2020, 5, 12), utc_day(2020, 6, 11))
        .unwrap()
        .draw(&Streams::new(1, 0));
    assert_eq!(path.days()[0].subsidy_btc, 6.25);
    assert!(path.halvings().is_empty());
}
