//! Prints PUE and WUE of every plant over weather files that the user names: what `docs/METHOD-cooling.md` compares with
//! published fleets.

use super::tests::defaults;
use crate::cooling::weather::{WeatherFormat, WeatherReadOptions};
use crate::ingest::GapPolicy;

/// Load of the published fleets' model year, as a share of design.
const LOAD: f64 = 0.7;

#[test]
#[ignore = "needs a folder named by REPOWER_WEATHER_FOLDER"]
fn print_pue_and_wue_of_every_plant_in_every_climate() {
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
            year: 2023,
            elevation_m: None,
        };
        let series = format
            .read(std::fs::File::open(&path).unwrap(), &options)
            .unwrap();
        println!("{name}");
        for plant in defaults() {
            let (mut heat, mut power, mut water, mut worst) = (0.0, 0.0, 0.0, 1.0_f64);
            let mut hottest: f64 = 0.0;
            for air in &series.hours {
                let hour = plant.hour(air);
                let share = hour.max_heat_share.min(LOAD);
                let draw = hour.draw(share, 1.0);
                heat += share;
                power += draw.power_mw;
                water += draw.water_m3_per_h;
                worst = worst.min(hour.max_heat_share);
                if share > 0.0 {
                    hottest = hottest.max(1.0 + draw.power_mw / share);
                }
            }
            println!(
                "  {:24} pPUE {:.3}, worst hour {hottest:.3}; WUE {:.3} l/kWh; least heat {worst:.3} of design",
                plant.kind(),
                1.0 + power / heat,
                water / heat
            );
        }
    }
}
