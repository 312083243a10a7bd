//! Ten years of hourly mining dispatch of twenty batches: by one cost of energy, through the merit order of a hall, and
//! the plan of every batch with all prices known.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use repower::fleet::dispatch::{Ladder, Planner, Times};
use repower::fleet::{
    HallConditions, MeritOrder, MinerBatchSpec, MiningFleet, SiteConditions, miner::Dispatch,
};
use repower::units::{EnergyPrice, Power, Ratio, Temperature};

const HOURS: u32 = 87_600;
const BATCHES: u32 = 20;
/// USD per PH/s and day.
const HASHPRICE: f64 = 50.0;

/// Twenty batches from 15 to 53 J/TH, 5 MW each or thereabouts.
fn fleet() -> MiningFleet {
    let batch = |k: u32| -> MinerBatchSpec {
        let text = format!(
            "model = \"antminer-s21\"\ncount = 1400\npower_w = {}\nhashrate_th_s = 200",
            3_000 + 400 * k
        );
        toml::from_str(&text).expect("a batch by its model")
    };
    let specs: Vec<MinerBatchSpec> = (0..BATCHES).map(batch).collect();
    MiningFleet::new(&specs)
}

/// Prices with days, weeks and spikes, USD/MWh.
fn prices() -> Vec<f64> {
    let wave = |hour: u32, period: f64| (std::f64::consts::TAU * f64::from(hour) / period).sin();
    let price = |h: u32| {
        let spike = if h % 61 == 17 { 900.0 } else { 0.0 };
        45.0 + 35.0 * wave(h, 24.0) + 18.0 * wave(h, 168.0) + spike
    };
    (0..HOURS).map(price).collect()
}

fn bench(c: &mut Criterion) {
    let (fleet, prices) = (fleet(), prices());
    let ladder = Ladder::new(fleet.batches());
    let room = Power::from_mw(95.0);
    c.bench_function("dispatch/ten years of twenty batches by one cost", |b| {
        b.iter(|| {
            let mut sum = (0.0, 0.0);
            for price in black_box(&prices) {
                let run = ladder.run(EnergyPrice::from_usd_per_mwh(*price), HASHPRICE, room);
                sum = (sum.0 + run.it.as_mw(), sum.1 + run.hashrate_ph);
            }
            sum
        });
    });
    let fleets = [fleet.clone()];
    let hall = [HallConditions {
        available: Power::from_mw(120.0),
        overhead: Ratio::from_fraction(1.05),
        heat: Ratio::from_fraction(1.0),
        inlet: Temperature::from_c(20.0),
    }];
    let mut merit = MeritOrder::new(&fleets);
    c.bench_function("dispatch/ten years of twenty batches by the merit order", |b| {
        b.iter(|| {
            let (mut out, mut sum) = ([Dispatch::default()], 0.0);
            for price in black_box(&prices) {
                let site = SiteConditions {
                    available_at_meter: Power::from_mw(100.0),
                    marginal: EnergyPrice::from_usd_per_mwh(*price),
                    hashprice_usd_per_ph_day: HASHPRICE,
                };
                merit.dispatch(&hall, &site, &mut out);
                sum += out[0].hashrate_ph;
            }
            sum
        });
    });
    let mut planner = Planner::default();
    let times = Times { up: 4, down: 4 };
    c.bench_function(
        "dispatch/ten years of twenty batches planned with all known",
        |b| {
            b.iter(|| {
                let mut earned = 0.0;
                for batch in fleet.batches() {
                    let worth = batch.break_even(HASHPRICE).as_usd_per_mwh();
                    let net: Vec<f64> = black_box(&prices).iter().map(|p| (worth - p) * 5.0).collect();
                    black_box(planner.plan(&net, |_| 500.0, times));
                    earned += planner.best_usd();
                }
                earned
            });
        },
    );
}

criterion_group!(benches, bench);
criterion_main!(benches);
