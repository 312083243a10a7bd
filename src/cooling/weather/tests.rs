//! Tests of a site's weather as a whole.

use super::*;
use crate::time::{Calendar, SimTime};

fn axis(from: &str, to: &str) -> HourAxis {
    let texas = Calendar::of_zone("America/Chicago").unwrap();
    let day = |d: &str| texas.start_of(parse_date(d).unwrap()).unwrap();
    HourAxis::new(&texas, day(from), day(to))
}

fn dallas() -> WeatherSpec {
    WeatherSpec {
        process: Some(ClimateSpec {
            preset: "dallas".into(),
            base_years: 2,
        }),
        ..WeatherSpec::default()
    }
}

fn path(spec: &WeatherSpec, axis: &HourAxis, replication: u64) -> WeatherPath {
    let weather = Weather::new(&"west-texas".into(), spec, None, axis, &Streams::shared(1)).unwrap();
    weather.draw(
        axis,
        &WeekMap::draw(axis, &mut Streams::new(1, replication).stream("weeks")),
    )
}

#[test]
fn an_offset_of_ten_kelvin_changes_its_week_and_nothing_else() {
    let axis = axis("2026-01-01", "2027-01-01");
    let offset = WeatherOffsetSpec {
        from: "2026-07-13".into(),
        to: "2026-07-20".into(),
        add_c: 10.0,
    };
    let plain = path(&dallas(), &axis, 5);
    let hot = path(
        &WeatherSpec {
            offsets: vec![offset],
            ..dallas()
        },
        &axis,
        5,
    );
    let changed: Vec<usize> = (0..axis.len()).filter(|h| plain.at(*h) != hot.at(*h)).collect();
    assert_eq!(changed.len(), 168);
    let first = axis.time(changed[0]);
    assert_eq!(axis.calendar().civil(first).to_string(), "2026-07-13T00:00:00");
    for hour in changed {
        let (before, after) = (plain.at(hour), hot.at(hour));
        assert!((after.dry_bulb_c - before.dry_bulb_c - 10.0).abs() < 1e-9);
        assert!(after.relative_humidity < before.relative_humidity && after.wet_bulb_c > before.wet_bulb_c);
    }
    assert_eq!(plain.regional_dry_bulb_c(), hot.regional_dry_bulb_c());
}

#[test]
fn overlapping_offsets_add_up_with_the_warming() {
    let axis = axis("2026-07-01", "2026-08-01");
    let offset = |from: &str, to: &str, add_c: f64| WeatherOffsetSpec {
        from: from.into(),
        to: to.into(),
        add_c,
    };
    let spec = WeatherSpec {
        warming_c: 1.5,
        offsets: vec![
            offset("2026-07-05", "2026-07-10", 4.0),
            offset("2026-07-08", "2026-07-20", -1.0),
        ],
        ..dallas()
    };
    let (plain, changed) = (path(&dallas(), &axis, 0), path(&spec, &axis, 0));
    let difference = |day: usize| changed.at(day * 24 - 12).dry_bulb_c - plain.at(day * 24 - 12).dry_bulb_c;
    for (day, expected) in [(1, 1.5), (6, 5.5), (9, 4.5), (15, 0.5), (25, 1.5)] {
        assert!(
            (difference(day) - expected).abs() < 1e-9,
            "{day}: {}",
            difference(day)
        );
    }
}

#[test]
fn a_replication_redraws_weeks_and_the_same_one_repeats_itself() {
    let axis = axis("2026-01-01", "2028-01-01");
    let all = |p: &WeatherPath| (0..p.len()).map(|h| p.at(h).dry_bulb_c).collect::<Vec<_>>();
    assert_eq!(all(&path(&dallas(), &axis, 1)), all(&path(&dallas(), &axis, 1)));
    assert_ne!(all(&path(&dallas(), &axis, 1)), all(&path(&dallas(), &axis, 2)));
    let replayed = WeatherSpec {
        years: YearsSpec::Replayed,
        ..dallas()
    };
    assert_eq!(all(&path(&replayed, &axis, 1)), all(&path(&replayed, &axis, 2)));
}

#[test]
fn the_synthetic_climate_of_dallas_lies_between_its_two_sources() {
    // Typical year and 2024: mean 19.8 and 20.4, sd 9.6 and 9.1, p1 1.1 and -3.9, p99 37.2 and 37.0, hours above
    // 35 °C 263 and 287, daily range 10.7 and 10.2, humidity 0.61 and 0.66.
    let axis = axis("2026-01-01", "2027-01-01");
    let spec = WeatherSpec {
        process: Some(ClimateSpec {
            preset: "dallas".into(),
            base_years: 30,
        }),
        ..WeatherSpec::default()
    };
    let weather = Weather::new(&"dallas".into(), &spec, None, &axis, &Streams::shared(1)).unwrap();
    let hours = weather.base().plain_hours();
    let stats = Statistics::of(hours);
    println!("{stats:?}");
    assert!((19.3..20.9).contains(&stats.mean), "{stats:?}");
    assert!((8.8..9.9).contains(&stats.sd), "{stats:?}");
    assert!((-4.5..1.5).contains(&stats.p1), "{stats:?}");
    assert!((36.0..38.2).contains(&stats.p99), "{stats:?}");
    assert!((180.0..380.0).contains(&stats.above_35_a_year), "{stats:?}");
    assert!((9.2..11.5).contains(&stats.daily_range), "{stats:?}");
    assert!((0.58..0.69).contains(&stats.humidity), "{stats:?}");
}

/// Means and spreads of the data: London 11.6 and 6.3 °C, P1 -2.4, P99 26.2, humidity 0.80; Helsinki 5.2 and 8.8 °C,
/// P1 -16.3, P99 23.9, humidity 0.79.
#[test]
fn the_northern_climates_have_the_spread_of_their_data() {
    let axis = axis("2026-01-01", "2027-01-01");
    for (preset, mean, sd, p1, p99, humidity) in [
        ("london", 11.6, 6.25, -2.4, 26.2, 0.797),
        ("helsinki", 5.2, 8.83, -16.3, 23.9, 0.792),
    ] {
        let spec = WeatherSpec {
            process: Some(ClimateSpec {
                preset: preset.into(),
                base_years: 30,
            }),
            ..WeatherSpec::default()
        };
        let weather = Weather::new(&preset.into(), &spec, None, &axis, &Streams::shared(1)).unwrap();
        let stats = Statistics::of(weather.base().plain_hours());
        assert!(
            (stats.mean - mean).abs() < 0.6 && (stats.sd - sd).abs() < 0.5,
            "{stats:?}"
        );
        assert!(
            (stats.p1 - p1).abs() < 2.5 && (stats.p99 - p99).abs() < 1.5,
            "{stats:?}"
        );
        assert!((stats.humidity - humidity).abs() < 0.05, "{stats:?}");
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "printed for docs/METHOD-series.md")]
struct Statistics {
    mean: f64,
    sd: f64,
    p1: f64,
    p50: f64,
    p99: f64,
    p999: f64,
    above_35_a_year: f64,
    below_0_a_year: f64,
    daily_range: f64,
    humidity: f64,
    wet_bulb_p50: f64,
    wet_bulb_p99: f64,
    wet_bulb_max: f64,
}

impl Statistics {
    fn of(hours: &[WeatherHour]) -> Self {
        let n = hours.len() as f64;
        let sorted = |f: fn(&WeatherHour) -> f64| {
            let mut v: Vec<f64> = hours.iter().map(f).collect();
            v.sort_by(f64::total_cmp);
            v
        };
        let (dry, wet) = (sorted(|h| h.dry_bulb_c), sorted(|h| h.wet_bulb_c));
        let q = |v: &[f64], p: f64| v[((p * n) as usize).min(v.len() - 1)];
        let mean = dry.iter().sum::<f64>() / n;
        let range = |day: &[WeatherHour]| {
            let c = day.iter().map(|h| h.dry_bulb_c);
            c.clone().fold(f64::MIN, f64::max) - c.fold(f64::MAX, f64::min)
        };
        Self {
            mean,
            sd: (dry.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n).sqrt(),
            p1: q(&dry, 0.01),
            p50: q(&dry, 0.5),
            p99: q(&dry, 0.99),
            p999: q(&dry, 0.999),
            above_35_a_year: dry.iter().filter(|c| **c > 35.0).count() as f64 * 8_766.0 / n,
            below_0_a_year: dry.iter().filter(|c| **c < 0.0).count() as f64 * 8_766.0 / n,
            daily_range: hours.chunks_exact(24).map(range).sum::<f64>() / (n / 24.0),
            humidity: hours.iter().map(|h| h.relative_humidity).sum::<f64>() / n,
            wet_bulb_p50: q(&wet, 0.5),
            wet_bulb_p99: q(&wet, 0.99),
            wet_bulb_max: q(&wet, 1.0),
        }
    }
}

/// Prints the statistics of files named in the environment, for whoever wants to check the fit on his own data.
#[test]
#[ignore = "needs files named by REPOWER_WEATHER_EPW and REPOWER_WEATHER_OPEN_METEO"]
fn print_statistics_of_files() {
    for (variable, format) in [
        ("REPOWER_WEATHER_EPW", WeatherFormat::Epw),
        ("REPOWER_WEATHER_OPEN_METEO", WeatherFormat::OpenMeteo),
    ] {
        let file = std::env::var(variable).unwrap();
        let options = WeatherReadOptions {
            file: &file,
            gaps: GapPolicy::Refuse,
            year: 2024,
            elevation_m: None,
        };
        let series = format
            .read(std::fs::File::open(&file).unwrap(), &options)
            .unwrap();
        println!(
            "{file}: from {}, {:?}\n{:?}",
            series.start,
            series.repairs,
            Statistics::of(&series.hours)
        );
    }
}

#[test]
fn every_problem_of_a_spec_is_reported() {
    let spec = WeatherSpec {
        file: Some(String::new()),
        process: Some(ClimateSpec {
            preset: "dalas".into(),
            base_years: 0,
        }),
        warming_c: 99.0,
        elevation_m: Some(f64::NAN),
        offsets: vec![WeatherOffsetSpec {
            from: "2026-07-02".into(),
            to: "2026-07-01".into(),
            add_c: f64::INFINITY,
        }],
        ..WeatherSpec::default()
    };
    let mut problems = Problems::new();
    spec.check(&FieldPath::root().key("weather"), &mut problems);
    let text: Vec<String> = problems
        .as_slice()
        .iter()
        .map(|p| format!("{}: {} {:?}", p.path, p.message, p.help))
        .collect();
    assert_eq!(text.len(), 8, "{text:#?}");
    assert!(text.iter().any(|t| t.contains("did you mean `dallas`")));
}

#[test]
fn part_of_a_year_can_be_replayed_but_not_redrawn() {
    let axis = axis("2026-01-01", "2026-02-01");
    let series = WeatherSeries {
        start: SimTime::from_unix_s(axis.start().as_unix_s()),
        hours: vec![base::hour(20.0, 0.5, 1e5); 31 * 24],
        repairs: crate::ingest::Repairs::default(),
    };
    let build = |years| {
        let spec = WeatherSpec {
            file: Some("w.csv".into()),
            years,
            ..WeatherSpec::default()
        };
        Weather::new(
            &"s".into(),
            &spec,
            Some(series.clone()),
            &axis,
            &Streams::shared(1),
        )
    };
    assert!(build(YearsSpec::Resampled).unwrap_err().contains("744 hours"));
    assert!(build(YearsSpec::Replayed).is_ok());
}

/// Runs of days whose hottest hour reaches a threshold: mean length, share of such days in runs of a week or more.
fn waves(dry_bulb_c: &[f64], threshold_c: f64) -> (f64, f64) {
    let hot: Vec<bool> = dry_bulb_c
        .chunks_exact(24)
        .map(|day| day.iter().any(|c| *c >= threshold_c))
        .collect();
    let runs: Vec<usize> = hot
        .chunk_by(|a, b| a == b)
        .filter(|run| run[0])
        .map(<[bool]>::len)
        .collect();
    let days: usize = runs.iter().sum();
    let long: usize = runs.iter().filter(|n| **n >= 7).sum();
    (days as f64 / runs.len() as f64, long as f64 / days as f64)
}

/// Wave statistics and P99 wet bulb of the source, of weeks redrawn and of weeks joined, over several replications.
fn waves_of_three(weather: &Weather, axis: &HourAxis, replications: u64) -> [(f64, f64, f64); 3] {
    let plain = weather.base().plain_hours();
    let p99 = |mut wet: Vec<f64>| {
        wet.sort_by(f64::total_cmp);
        wet[wet.len() * 99 / 100]
    };
    let mut maxima: Vec<f64> = plain
        .chunks_exact(24)
        .map(|day| day.iter().map(|h| h.dry_bulb_c).fold(f64::MIN, f64::max))
        .collect();
    maxima.sort_by(f64::total_cmp);
    let threshold_c = maxima[maxima.len() * 9 / 10];
    let dry: Vec<f64> = plain.iter().map(|h| h.dry_bulb_c).collect();
    let (length, long) = waves(&dry, threshold_c);
    let source = (length, long, p99(plain.iter().map(|h| h.wet_bulb_c).collect()));
    let drawn = |years: YearsSpec| {
        let weather = Weather {
            years,
            ..weather.clone()
        };
        let mut sums = (0.0, 0.0, 0.0);
        for replication in 0..replications {
            let mut stream = Streams::new(7, replication).stream("weeks");
            let weeks = weather
                .join_weeks(axis, &mut stream)
                .unwrap_or_else(|| WeekMap::draw(axis, &mut stream));
            let path = weather.draw(axis, &weeks);
            let hours: Vec<WeatherHour> = (0..path.len()).map(|h| path.at(h)).collect();
            let dry: Vec<f64> = hours.iter().map(|h| h.dry_bulb_c).collect();
            let (length, long) = waves(&dry, threshold_c);
            sums.0 += length;
            sums.1 += long;
            sums.2 += p99(hours.iter().map(|h| h.wet_bulb_c).collect());
        }
        let n = replications as f64;
        (sums.0 / n, sums.1 / n, sums.2 / n)
    };
    [source, drawn(YearsSpec::Resampled), drawn(YearsSpec::Joined)]
}

#[test]
fn joined_weeks_keep_the_length_of_heat_waves_and_the_wet_bulb_of_hot_hours() {
    let axis = axis("2026-01-01", "2036-01-01");
    let spec = WeatherSpec {
        process: Some(ClimateSpec {
            preset: "dallas".into(),
            base_years: 8,
        }),
        ..WeatherSpec::default()
    };
    let weather = Weather::new(&"dallas".into(), &spec, None, &axis, &Streams::shared(1)).unwrap();
    let [source, redrawn, joined] = waves_of_three(&weather, &axis, 8);
    println!("source {source:?}, redrawn {redrawn:?}, joined {joined:?}");
    assert!(
        (joined.0 / source.0 - 1.0).abs() < 0.1,
        "mean length: {joined:?} {source:?}"
    );
    assert!(
        (joined.1 - source.1).abs() < 0.1,
        "share in long waves: {joined:?} {source:?}"
    );
    assert!(
        (joined.2 - source.2).abs() < 0.3,
        "P99 wet bulb: {joined:?} {source:?}"
    );
    assert!(
        (joined.0 - source.0).abs() < (redrawn.0 - source.0).abs(),
        "{joined:?} {redrawn:?}"
    );
}

/// Reads every weather file of a folder, and prints what was read, repaired, assumed or refused, and how heat waves
/// survive being redrawn.
#[test]
#[ignore = "needs a folder named by REPOWER_WEATHER_FOLDER"]
fn print_every_file_of_a_folder() {
    let folder = std::env::var("REPOWER_WEATHER_FOLDER").unwrap();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let format = match path.extension().and_then(|e| e.to_str()) {
            Some("epw") => WeatherFormat::Epw,
            Some("tmy3" | "csv") => WeatherFormat::Tmy3,
            _ => WeatherFormat::OpenMeteo,
        };
        let options = WeatherReadOptions {
            file: &name,
            gaps: GapPolicy::Refuse,
            year: 2024,
            elevation_m: None,
        };
        match format.read(std::fs::File::open(&path).unwrap(), &options) {
            Err(error) => println!("{name}: refused: {error}"),
            Ok(series) => {
                println!(
                    "{name}: {} rows from {}, {} repaired, {:?}\n  {:?}",
                    series.hours.len(),
                    series.start,
                    series.repairs.steps,
                    series.repairs.notes,
                    Statistics::of(&series.hours)
                );
                let axis = axis("2026-01-01", "2036-01-01");
                let spec = WeatherSpec {
                    file: Some(name.clone()),
                    ..WeatherSpec::default()
                };
                let site = "folder".into();
                let weather = Weather::new(&site, &spec, Some(series), &axis, &Streams::shared(1)).unwrap();
                println!(
                    "  source, redrawn, joined: {:?}",
                    waves_of_three(&weather, &axis, 4)
                );
            }
        }
    }
}
