//! A site-year of cooling: ten halls in each of 8,760 hours, heat limit, power and water. What depends on weather alone
//! is done once for a scenario and measured apart.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use repower::cooling::WeatherHour;
use repower::cooling::plant::{CoolingSpec, Plant};
use repower::cooling::weather::base;
use repower::sim::hall::PlantTable;

const HOURS: u32 = 8_760;
const HALLS: usize = 10;
/// Design IT load of a hall, MW.
const DESIGN_MW: f64 = 14.0;

/// A year with seasons, days and fronts.
fn year() -> Vec<WeatherHour> {
    let wave = |hour: u32, period: f64| (std::f64::consts::TAU * f64::from(hour) / period).sin();
    let air = |hour| {
        let dry_c =
            19.0 - 11.0 * wave(hour + 2_190, 8_760.0) + 6.0 * wave(hour, 24.0) + 4.0 * wave(hour, 131.0);
        base::hour(dry_c, 0.55 - 0.25 * wave(hour, 24.0), 99_000.0)
    };
    (0..HOURS).map(air).collect()
}

fn plants() -> Vec<CoolingSpec> {
    let texts = [
        "evaporative_wall = {}",
        "air_cooled = {}",
        "direct_to_chip_dry = {}",
        "air_cooled_chiller = {}",
        "adiabatic_economiser = {}",
        "water_side_economiser = {}",
        "rear_door = {}",
        "direct_to_chip_adiabatic = {}",
        "immersion = {}",
        "sea_water = {}",
    ];
    let read = |text: &&str| toml::from_str(text).expect("a plant by its defaults");
    texts.iter().map(read).collect()
}

/// Sellable heat, power and water of ten halls over the year, as a replication asks for them.
fn site_year(halls: &[&PlantTable], load: &[f64]) -> (f64, f64, f64) {
    let (mut limit, mut power, mut water) = (0.0, 0.0, 0.0);
    for hour in 0..HOURS {
        let asked = load[(hour % 168) as usize];
        for table in halls {
            let hour = table.at(hour);
            let most = hour.max_heat_share * DESIGN_MW;
            let draw = hour.draw(asked.min(most), DESIGN_MW);
            limit += most;
            power += draw.power_mw;
            water += draw.water_m3_per_h;
        }
    }
    (limit, power, water)
}

fn benchmark(criterion: &mut Criterion) {
    let year = year();
    let load: Vec<f64> = (0..168)
        .map(|h| DESIGN_MW * (0.6 + 0.002 * f64::from(h)))
        .collect();
    let tables: Vec<PlantTable> = plants()
        .into_iter()
        .map(|spec| PlantTable::new(&Plant::new(spec), &year))
        .collect();
    let mut group = criterion.benchmark_group("cooling");
    let one_plant = [&tables[2]; HALLS];
    group.bench_function("site_year_ten_halls_of_one_plant", |b| {
        b.iter(|| site_year(black_box(&one_plant), &load));
    });
    let ten_plants: Vec<&PlantTable> = tables.iter().collect();
    group.bench_function("site_year_ten_halls_of_ten_plants", |b| {
        b.iter(|| site_year(black_box(&ten_plants), &load));
    });
    for spec in plants() {
        group.bench_function(format!("weather_only_year_of_{}", spec.kind()), |b| {
            b.iter(|| PlantTable::new(&Plant::new(spec.clone()), black_box(&year)));
        });
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
