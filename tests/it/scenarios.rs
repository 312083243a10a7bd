//! Every scenario of `scenarios/`, from file to figures. Those that need data get a synthetic year in the formats and
//! under the names of the public files, written here; nothing of those files stands in this repository.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use repower::metric::Metric;
use repower::results::replication::Replication;
use repower::scenario::Scenario;
use repower::scenario::load::{LoadOptions, load};
use repower::sim::{DetailWanted, Setup, replicate_all, replicate_one};
use tempfile::TempDir;

/// Joules per TH of the fleets of the scenarios' catalogue.
const S19_XP: f64 = 21.5;
const S19J_PRO: f64 = 30.5;
/// Hours of 2023 at a price at which nothing mines, from 1 August on.
const DEAR_HOURS: i64 = 96;

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn texas() -> TimeZone {
    TimeZone::get("America/Chicago").expect("the zone database is bundled")
}

/// Every hour of a Texan year, by UTC.
fn hours(year: i16) -> Vec<Timestamp> {
    let midnight = |y: i16| date(y, 1, 1).to_zoned(texas()).unwrap().timestamp();
    let (mut at, end) = (midnight(year), midnight(year + 1));
    let mut all = Vec::new();
    while at < end {
        all.push(at);
        at += 1.hour();
    }
    all
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Temperature of a plain year: 20 degrees, 10 more in July, 5 more in the afternoon.
fn dry_bulb_c(local: DateTime) -> f64 {
    let season = (f64::from(local.day_of_year()) - 200.0) / 365.0 * std::f64::consts::TAU;
    let day = (f64::from(local.hour()) - 16.0) / 24.0 * std::f64::consts::TAU;
    20.0 + 10.0 * season.cos() + 5.0 * day.cos()
}

fn day_ahead(folder: &Path) {
    let mut text = "Datetime,Price (USD/MWh)\n".to_owned();
    let dear = date(2023, 8, 1).to_zoned(texas()).unwrap().timestamp();
    for at in hours(2023) {
        let price = if at >= dear && at < dear + DEAR_HOURS.hours() {
            1_000.0
        } else {
            30.0
        };
        let stamp = at.to_zoned(texas()).strftime("%Y-%m-%d %H:%M:%S%:z");
        writeln!(text, "{stamp},{price}").unwrap();
    }
    put(folder, "electricity/dam_US-TEX-ERCO_2023.csv", &text);
}

/// Real time of 2024 without a week of March and without the doubled hour, as the public file is.
fn real_time(folder: &Path) {
    let mut text = "delivery_date,hour_ending,dam_lmp,rtm_lmp,wind_gen_mw\n".to_owned();
    let mut last = DateTime::ZERO;
    for at in hours(2024) {
        let local = at.to_zoned(texas()).datetime();
        let missing = local >= date(2024, 3, 10).at(1, 0, 0, 0) && local < date(2024, 3, 17).at(3, 0, 0, 0);
        if missing || local <= last {
            continue;
        }
        last = local;
        let (day, ending) = (local.date(), local.hour() + 1);
        writeln!(text, "{day},{ending},90,30,9000.5").unwrap();
    }
    put(folder, "electricity/ercot_hb_west_dam_rtm_as_2024.csv", &text);
}

fn typical_year(folder: &Path) {
    let mut text = "LOCATION,Nowhere,TX,USA,TEST,0,32.9,-97.0,-6.0,170.0\n".to_owned();
    for line in [
        "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0",
        "GROUND TEMPERATURES,0",
    ] {
        writeln!(text, "{line}").unwrap();
    }
    text.push_str("HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0\nCOMMENTS 1,made\nCOMMENTS 2,made\nDATA PERIODS,1,1,Data,Sunday,1/ 1,12/31\n");
    let mut at = date(2021, 1, 1).at(0, 0, 0, 0);
    while at.year() == 2021 {
        let (c, ending) = (dry_bulb_c(at), at.hour() + 1);
        write!(
            text,
            "2021,{},{},{ending},0,?,{c:.1},{:.1},50,99000",
            at.month(),
            at.day(),
            c - 10.0
        )
        .unwrap();
        text.push_str(&",0".repeat(25));
        text.push('\n');
        at = at.checked_add(1.hour()).unwrap();
    }
    put(folder, "weather/USA_TX_Dallas-Fort.Worth.epw", &text);
}

/// An answer of the service with one offset through the year.
fn same_year(folder: &Path) {
    let (mut times, mut dry, mut humid) = (Vec::new(), Vec::new(), Vec::new());
    let mut at = date(2024, 1, 1).at(0, 0, 0, 0);
    while at.year() == 2024 {
        times.push(at.strftime("%Y-%m-%dT%H:%M").to_string());
        dry.push(dry_bulb_c(at));
        humid.push(50.0);
        at = at.checked_add(1.hour()).unwrap();
    }
    let hourly = serde_json::json!({ "time": times, "temperature_2m": dry, "relative_humidity_2m": humid });
    let answer = serde_json::json!({
        "utc_offset_seconds": -18_000, "timezone": "America/Chicago", "elevation": 142.0,
        "hourly_units": { "temperature_2m": "\u{b0}C" }, "hourly": hourly,
    });
    put(
        folder,
        "weather/openmeteo_US-TEX-ERCO_2024.json",
        &answer.to_string(),
    );
}

/// A network of 300 EH/s and a price that together make a hashprice of about 80 USD.
fn bitcoin(folder: &Path) {
    let mut text =
        "date,price_usd,hashrate_hs,block_minutes,subsidy_btc,subsidy_usd,eff_lower_jth,eff_est_jth,\
                    eff_upper_jth,difficulty,hashrate_ths_blockchaincom,fees_btc\n"
            .to_owned();
    let mut day = date(2022, 12, 20);
    while day.year() < 2024 {
        writeln!(text, "{day},24000,3e20,10,900,0,20,30,40,,,").unwrap();
        day = day.tomorrow().unwrap();
    }
    put(folder, "bitcoin/btc_mining_daily_2016_2023.csv", &text);
}

/// Four weeks of gangs of eight that load a copy with 457 GPUs: 8 for 28.6 hours every half hour.
fn jobs(folder: &Path) {
    let mut text = "timestamp,duration,num_gpus,gpu_time,cluster\n".to_owned();
    let mut at = date(2017, 10, 2).at(0, 0, 0, 0);
    while at < date(2017, 10, 30).at(0, 0, 0, 0) {
        writeln!(text, "{},102825.0,8,0,a", at.strftime("%Y-%m-%d %H:%M:%S")).unwrap();
        at = at.checked_add(30.minutes()).unwrap();
    }
    put(folder, "gpu_traces/philly_jobs_to_2017-11-10.csv", &text);
}

fn open(name: &str) -> (Scenario, TempDir) {
    let folder = TempDir::new().unwrap();
    day_ahead(folder.path());
    real_time(folder.path());
    typical_year(folder.path());
    same_year(folder.path());
    bitcoin(folder.path());
    jobs(folder.path());
    let options = LoadOptions {
        data: Some(folder.path().to_owned()),
        set: vec!["run.fidelity=\"sampled_weeks\"".to_owned()],
        strategies: Vec::new(),
    };
    let scenario = load(Some(&scenarios().join(name)), &options);
    let scenario = scenario.unwrap_or_else(|failure| panic!("{name}: {:?}", failure.problems));
    (scenario, folder)
}

fn of(record: &Replication, metric: Metric) -> f64 {
    record
        .scalar(0, metric)
        .unwrap_or_else(|| panic!("{} has no {}", record.strategy, metric.id()))
}

/// What holds of both replayed years: all kinds of hall are at work within the year.
fn everything_is_at_work(scenario: &Scenario, records: &[Replication]) {
    let [mining, cloud, lease] = records else {
        panic!("three strategies")
    };
    for record in records {
        assert!(of(record, Metric::BtcMined) > 0.0 && of(record, Metric::GpuHoursServed) > 0.0);
        assert!(of(record, Metric::PeakMw) < 100.0);
    }
    for record in [cloud, lease] {
        let months = of(record, Metric::ReadyForServiceMonths);
        assert!((2.0..12.0).contains(&months), "ready after {months} months");
    }
    assert!(of(cloud, Metric::GpuHoursServed) > 1.1 * of(mining, Metric::GpuHoursServed));
    assert!(of(lease, Metric::LeaseRevenueUsdPerMwh) > 0.0);
    assert_eq!(mining.schedule.len(), 0);
    // What was done before the year is neither planned nor paid in it.
    let civil = cloud.schedule.iter().find(|row| row.stage == "civil").unwrap();
    assert_eq!(civil.start, scenario.horizon.start.to_utc_text());
    assert_eq!(civil.start, civil.end);
}

#[test]
fn the_year_2023_is_replayed_in_the_formats_of_its_files() {
    let (scenario, _data) = open("with-data/texas-2023.toml");
    let setup = Setup::new(&scenario);
    let records = replicate_all(&scenario, &setup, 0, None);
    everything_is_at_work(&scenario, &records);
    let said = |what: &str| {
        scenario
            .notes
            .iter()
            .filter(|(_, text)| text.contains(what))
            .count()
    };
    assert_eq!(said("this cuts the tie of heat and price"), 1);
    assert_eq!(said("offer a load of 0.67"), 1);
    assert_eq!(scenario.data.files.len(), 4);

    // Revenue a megawatt-hour is hashprice over 0.024 times the efficiency of what mines: between the two fleets'.
    let btc = 1e15 * 86_400.0 / (3e20 * 600.0) * 6.25 * 1.07;
    let hashprice = btc * 24_000.0;
    let per_mwh = of(&records[0], Metric::MiningRevenueUsdPerMwh);
    let (worst, best) = (hashprice / (0.024 * S19J_PRO), hashprice / (0.024 * S19_XP));
    assert!(worst < per_mwh && per_mwh < best, "{worst} {per_mwh} {best}");
}

#[test]
fn dear_hours_of_the_file_stop_mining_and_nothing_else() {
    let (scenario, _data) = open("with-data/texas-2023.toml");
    let setup = Setup::new(&scenario);
    let wanted = DetailWanted { jobs: false };
    let record = replicate_one(&scenario, &setup, 0, 0, Some(wanted));
    let hourly = &record.detail.as_ref().unwrap().hourly;
    assert_eq!(hourly.len(), 8_760);
    let dear: Vec<_> = hourly
        .iter()
        .filter(|row| row.price_usd_per_mwh > 999.0)
        .collect();
    assert_eq!(dear.len() as i64, DEAR_HOURS);
    assert_eq!(dear[0].start_utc, "2023-08-01T05:00:00Z");
    for row in dear {
        assert_eq!(row.mining_mw, 0.0, "{}", row.start_utc);
        assert!(row.gpu_it_mw > 5.0, "{}", row.start_utc);
    }
}

#[test]
fn the_year_2024_keeps_heat_and_price_of_the_same_hours_and_mends_the_gaps() {
    let (scenario, _data) = open("with-data/texas-2024.toml");
    let setup = Setup::new(&scenario);
    everything_is_at_work(&scenario, &replicate_all(&scenario, &setup, 0, None));
    let said = |what: &str| {
        scenario
            .notes
            .iter()
            .filter(|(_, text)| text.contains(what))
            .count()
    };
    assert_eq!(said("cuts the tie of heat and price"), 0);
    // A week and the two hours around it, less the hour that the clock skips, and the second of the doubled hour.
    assert_eq!(said("170 steps in 2 gaps were filled"), 1, "{:?}", scenario.notes);
    let prices = scenario
        .data
        .files
        .iter()
        .find(|f| f.name.contains("hb_west"))
        .unwrap();
    assert_eq!(prices.repaired, 170);
}

/// Every hour of the made year costs 90 USD and power is worth 104: nothing stops, and nothing is regretted.
#[test]
fn a_mine_at_a_constant_hashprice_counts_what_dispatch_earned() {
    let (scenario, _data) = open("with-data/mining-dispatch-2024.toml");
    let setup = Setup::new(&scenario);
    let records = replicate_all(&scenario, &setup, 0, None);
    let by_hand = (50.0 / 0.48 - 90.0) * 100.0 * 8_784.0;
    let margin = of(&records[0], Metric::MiningMarginUsd);
    assert!(
        (margin / by_hand - 1.0).abs() < 1e-9,
        "{margin}, by hand {by_hand}"
    );
    assert!(of(&records[0], Metric::MiningGainUsd).abs() < 1e-3);
    assert!(of(&records[0], Metric::MiningRegretUsd).abs() < 1e-3);
    assert_eq!(of(&records[0], Metric::MiningRestarts), 0.0);
}

/// What a card of the farm earns a day at published figures of 2022, what is left, and what the other ways come to.
#[test]
fn a_farm_of_cards_goes_through_the_merge() {
    let (scenario, _data) = open("ethereum-merge.toml");
    let setup = Setup::new(&scenario);
    let wanted = DetailWanted { jobs: true };
    let record = replicate_one(&scenario, &setup, 0, 0, Some(wanted));
    let detail = record.detail.as_ref().unwrap();
    let month = |name: &str| detail.monthly.iter().find(|m| m.month == name).unwrap();
    let per_mwh = |name: &str| month(name).revenue_usd / month(name).energy_mining_mwh;
    // August: an RTX 3080 earned about 2.3 to 2.6 USD a day, 350 to 395 USD/MWh at 274 W.
    let august = per_mwh("2022-08");
    assert!((330.0..430.0).contains(&august), "{august}");
    // October: those that go on earn their power and little more: 61 USD/MWh at the wall.
    let october = per_mwh("2022-10");
    assert!((55.0..75.0).contains(&october), "{october}");
    let ended: Vec<_> = detail.events.iter().filter(|e| e.kind == "chain_ended").collect();
    assert_eq!((ended.len(), ended[0].subject.as_str()), (1, "ethereum"));
    assert_eq!(of(&record, Metric::BtcMined), 0.0);
    let all = replicate_all(&scenario, &setup, 0, None);
    assert_eq!(all.len(), 4);
    // Hosting on the cards: the farm's hall serves, but few hours are let (HIVE: 7 % of its cards' hours).
    let hosting = &all[2];
    let share = of(hosting, Metric::GpuHoursServed) / of(hosting, Metric::GpuHoursOffered);
    assert!((0.02..0.15).contains(&share), "{share}");
}

#[test]
fn the_embedded_scenario_is_the_file_and_mines() {
    let folder = LoadOptions {
        set: vec!["years=1".to_owned()],
        ..LoadOptions::default()
    };
    let file =
        load(Some(&scenarios().join("default.toml")), &folder).unwrap_or_else(|f| panic!("{:?}", f.problems));
    let embedded = load(None, &folder).unwrap_or_else(|f| panic!("{:?}", f.problems));
    assert_eq!(file.spec, embedded.spec);
    let setup = Setup::new(&file);
    let record = replicate_one(&file, &setup, 0, 0, None);
    assert!(of(&record, Metric::BtcMined) > 0.0);
}

/// From the day on which the hall is ready 1,150 requests a second, 3 % more each year, are answered but for those refused.
#[test]
fn an_inference_service_answers_what_is_asked_from_its_ready_day_on() {
    let file = scenarios().join("inference-service.toml");
    let scenario = load(Some(&file), &LoadOptions::default()).unwrap_or_else(|f| panic!("{:?}", f.problems));
    let setup = Setup::new(&scenario);
    let records = replicate_all(&scenario, &setup, 0, None);
    let [mining, service] = &records[..] else {
        panic!("{} strategies", records.len());
    };
    let month_s = 365.2425 / 12.0 * 86_400.0;
    let growth = 1.03_f64.ln() / 12.0;
    let grown = |months: f64| (growth * months).exp() / growth;
    let asked = 1_150.0 * month_s * (grown(60.0) - grown(of(service, Metric::ReadyForServiceMonths)));
    let answered = asked * (1.0 - of(service, Metric::InferenceRefused)) * 1_850.0 / 1e6;
    let mtok = of(service, Metric::InferenceMtok);
    assert!((mtok / answered - 1.0).abs() < 1e-3, "{mtok}, by hand {answered}");
    assert!(of(service, Metric::InferenceWithinTarget) > 0.97);
    assert_eq!(of(service, Metric::ServiceCreditsUsd), 0.0);
    assert!(of(service, Metric::InferenceLentGpuHours) > 0.0);
    assert_eq!(of(mining, Metric::InferenceMtok), 0.0);
    assert!(of(mining, Metric::BtcMined) > of(service, Metric::BtcMined));
}

/// The lender pays its share of the works and what building them costs, and the mine that converts nothing owes nothing.
#[test]
fn a_lender_pays_a_part_of_the_works_of_each_conversion() {
    let file = scenarios().join("financed-lease.toml");
    let options = LoadOptions {
        set: vec!["run.fidelity=\"fluid\"".to_owned()],
        strategies: vec!["stay-mining".to_owned(), "lease-shell".to_owned()],
        ..LoadOptions::default()
    };
    let scenario = load(Some(&file), &options).unwrap_or_else(|f| panic!("{:?}", f.problems));
    let setup = Setup::new(&scenario);
    let records = replicate_all(&scenario, &setup, 0, None);
    let [mining, lease] = &records[..] else {
        panic!("{} strategies", records.len());
    };
    let debt = of(lease, Metric::DebtUsd);
    let building = of(lease, Metric::InterestBuildingUsd) + of(lease, Metric::FeesBuildingUsd);
    let uses = of(lease, Metric::CapexUsd) + building;
    // Rent of five years at a cover of 1.40 carries less than the gearing of 70 % would allow, with 5 % for overruns.
    let share = debt / uses;
    assert!(share > 0.2 && share < 0.7 * 1.05, "{debt} of {uses}");
    assert!(building > 0.02 * debt, "the upfront fee alone is 2 %: {building}");
    assert!(of(lease, Metric::DscrMean).is_finite());
    let owes = |record: &Replication| {
        record
            .scalars
            .iter()
            .any(|s| s.metric == Metric::DebtUsd && s.value > 0.0)
    };
    assert!(owes(lease) && !owes(mining));
}

/// A scenario that is added is added here too.
#[test]
fn no_scenario_is_without_a_test() {
    let mut found = Vec::new();
    let mut folders = vec![scenarios()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Contracts are no scenarios: `contracts.rs` bills each.
            if path.is_dir() && !path.ends_with("contracts") {
                folders.push(path);
            } else if path.is_file() && path.extension().is_some_and(|e| e == "toml") {
                found.push(
                    path.strip_prefix(scenarios())
                        .unwrap()
                        .to_string_lossy()
                        .replace('\\', "/"),
                );
            }
        }
    }
    found.sort();
    assert_eq!(
        found,
        [
            "arkon-to-nscale.toml",
            "build-beside-the-mine.toml",
            "default.toml",
            "demand-surge.toml",
            "ethereum-merge.toml",
            "financed-lease.toml",
            "inference-service.toml",
            "mine-72mw.toml",
            "narvik-reserved.toml",
            "power-price-sensitivity.toml",
            "rebuild-on-pad.toml",
            "retrofit-lease.toml",
            "sell-the-land.toml",
            "staff-transformation.toml",
            "texas-flexible.toml",
            "uk-sovereign.toml",
            "with-data/mining-dispatch-2024.toml",
            "with-data/texas-2023.toml",
            "with-data/texas-2024.toml"
        ]
    );
}
