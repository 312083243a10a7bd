//! The data files that worlds may name: hourly series from Christmas 2026 to March 2030, jobs, requests.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use tempfile::TempDir;

const HOURS: i64 = 1_180 * 24;

fn hourly(header: &str, line: impl Fn(f64) -> String) -> String {
    let mut text = header.to_owned();
    let first: jiff::Timestamp = "2026-12-25T00:00:00Z".parse().unwrap();
    for hour in 0..HOURS {
        let at = first + jiff::SignedDuration::from_hours(hour);
        let _ = writeln!(text, "{at},{}", line(hour as f64));
    }
    text
}

/// -1 to 1 over a day, and over a year.
fn waves(hour: f64) -> (f64, f64) {
    let turn = std::f64::consts::TAU;
    ((turn * hour / 24.0).sin(), -(turn * hour / 8_766.0).cos())
}

fn write(folder: &Path) {
    let put = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    let weather = |hour: f64| {
        let (day, year) = waves(hour);
        format!(
            "{:.2},{:.2},100800",
            17.0 + 7.0 * day + 14.0 * year,
            0.55 - 0.3 * day
        )
    };
    put(
        "weather.csv",
        hourly("start_utc,dry_bulb_c,relative_humidity,pressure_pa\n", weather),
    );
    // Negative every few days, a spike every few weeks.
    let price = |hour: f64| {
        let (day, year) = waves(hour);
        let odd = match hour as i64 {
            h if h % 997 == 0 => 4_000.0,
            h if h % 77 == 0 => -90.0,
            _ => 0.0,
        };
        format!("{:.2}", 38.0 + 20.0 * day + 9.0 * year + odd)
    };
    put("price.csv", hourly("start_utc,usd_per_mwh\n", price));
    put(
        "carbon.csv",
        hourly("start_utc,g_per_kwh\n", |hour| {
            format!("{:.1}", 300.0 + 200.0 * waves(hour).0)
        }),
    );
    put(
        "profile.csv",
        hourly("start_utc,share\n", |hour| {
            format!("{:.3}", waves(hour).0.max(0.0))
        }),
    );
    let mut bitcoin = "date,btc_usd,difficulty,fees_btc\n".to_owned();
    let first = jiff::civil::date(2026, 12, 1);
    for day in 0..1_230_i32 {
        let date = first + jiff::ToSpan::days(day);
        let usd = 90_000.0 + 20_000.0 * waves(24.0 * f64::from(day)).1;
        let _ = writeln!(bitcoin, "{date},{usd:.0},{},30", 1.4e14 + 1e11 * f64::from(day));
    }
    put("bitcoin.csv", bitcoin);
    let mut jobs = "job_id,submit_s,gpus,duration_s,class\n".to_owned();
    for job in 0..400_i64 {
        let class = ["on_demand", "spot"][(job % 2) as usize];
        let (gpus, lasts) = (1 << (job % 6), [0, 1, 600, 7_200, 90_000][(job % 5) as usize]);
        let _ = writeln!(jobs, "{job},{},{gpus},{lasts},{class}", job * 1_511);
    }
    put("jobs.csv", jobs);
    let mut requests = "t_s,rate_rps\n".to_owned();
    for hour in 0..336 {
        let _ = writeln!(
            requests,
            "{},{:.3}",
            3_600 * hour,
            40.0 + 39.0 * waves(f64::from(hour)).0
        );
    }
    put("requests.csv", requests);
}

/// The folder that holds them, written once.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = TempDir::new().unwrap();
            write(folder.path());
            folder
        })
        .path()
}
