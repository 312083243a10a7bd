//! Tenants: reserved blocks, job pools, inference services.

use serde_json::{Value, json};

use super::dice::{Dice, Span, put};
use super::market::Names;

pub(crate) fn tenants(dice: &mut Dice, span: Span, names: &Names) -> Value {
    let count = dice.pick(&[0, 1, 1, 2, 3]);
    let list = (0..count)
        .map(|index| {
            let mut tenant = json!({"id": format!("tenant-{index}")});
            dice.maybe(60, &mut tenant, "load_profile", |dice| match dice.int(0, 2) {
                0 => json!("training"),
                1 => json!("inference"),
                _ => json!({"flat": {"percent": dice.real(0.0, 100.0)}}),
            });
            match dice.int(0, 3) {
                0 | 1 => put(
                    &mut tenant,
                    "reserved",
                    json!({"gpu_block": block(dice, span, names)}),
                ),
                2 => put(&mut tenant, "on_demand", json!({"jobs": jobs(dice, span, names)})),
                _ => put(&mut tenant, "inference", inference(dice, span)),
            }
            tenant
        })
        .collect();
    Value::Array(list)
}

fn block(dice: &mut Dice, span: Span, names: &Names) -> Value {
    let gpus = dice.pick(&[1, 8, 64, 200, 512]);
    let mut block = json!({"gpus": gpus, "usd_per_gpu_h": dice.real(0.0, 6.0), "years": dice.real(0.1, 5.0), "prepay_percent": dice.real(0.0, 100.0), "prepay_credit_from_month": dice.int(1, 30), "availability_percent": dice.real(50.0, 100.0), "credit_percent_per_point": dice.real(0.0, 100.0), "credit_cap_percent": dice.real(0.0, 100.0)});
    match dice.int(0, 3) {
        0 => put(
            &mut block,
            "starts",
            json!({"when_ready": {"latest": span.text(dice), "late_penalty_percent_per_month": dice.real(0.0, 30.0)}}),
        ),
        1 if gpus >= 8 => put(
            &mut block,
            "tranches",
            json!([{"gpus": gpus / 2, "latest": "2028-01-01"}, {"gpus": gpus - gpus / 2, "latest": "2028-06-30"}]),
        ),
        _ => {}
    }
    dice.maybe(
        20,
        &mut block,
        "termination",
        |dice| json!({"after_days": dice.int(1, 200), "payment_percent": dice.real(0.0, 100.0)}),
    );
    dice.maybe(40, &mut block, "signs", |dice| signs(dice, span));
    dice.maybe(30, &mut block, "then_market", |dice| {
        json!(dice.name(&names.rents))
    });
    dice.maybe(
        30,
        &mut block,
        "training",
        |dice| json!({"checkpoint_minutes": dice.real(1.0, 600.0), "restart_minutes": dice.real(0.0, 60.0)}),
    );
    block
}

pub(crate) fn signs(dice: &mut Dice, span: Span) -> Value {
    if dice.chance(40) {
        return json!({"date": span.text(dice)});
    }
    json!({"drawn": {"chance_percent": dice.real(0.0, 100.0), "months": dice.distribution(0.0, 14.0)}})
}

fn jobs(dice: &mut Dice, span: Span, names: &Names) -> Value {
    let gpus = dice.pick(&[64, 96, 128, 256]);
    let trace = match dice.int(0, 2) {
        0 => json!({"file": {"file": "data:jobs.csv"}}),
        1 => {
            json!({"synthetic": {"weeks": dice.int(1, 4), "mean_gpus": dice.real(4.0, 60.0)}})
        }
        _ => {
            json!({"generator": {"weeks": dice.int(1, 4), "mean_gpus": dice.real(4.0, 60.0), "model": {"format": 1, "classes": [
                {"sizes": [[1, 70.0], [8, 20.0], [32, 1.0]], "jobs_per_week": dice.real(1.0, 900.0), "run_times": [[0.0, 1.0], [0.5, 600.0], [1.0, 90_000.0]], "hourly_variance": dice.real(0.0, 5.0)},
            ]}}})
        }
    };
    let mut jobs = json!({"trace": trace, "gpus": gpus, "price": dice.name(&names.rents), "policy": dice.pick(&["fcfs", "easy", "conservative", "sjf", "priority"]), "spot_share_percent": dice.real(0.0, 100.0), "spot_price_percent": dice.real(0.0, 100.0), "patience_hours": dice.real(0.1, 24.0), "checkpoint_hours": dice.real(0.0, 24.0), "restart_minutes": dice.real(0.0, 60.0)});
    dice.maybe(30, &mut jobs, "copies", |dice| json!(dice.int(1, 2)));
    dice.maybe(30, &mut jobs, "growth_percent_per_year", |dice| {
        json!(dice.real(-50.0, 100.0))
    });
    dice.maybe(25, &mut jobs, "regimes", |dice| json!([{"from": span.text(dice), "factor": dice.real(0.0, 2.0), "ramp_months": dice.real(0.0, 6.0)}]));
    dice.maybe(20, &mut jobs, "estimates", |dice| match dice.int(0, 2) {
        0 => json!("unknown"),
        1 => json!({"factor": {"factor": dice.real(1.0, 10.0)}}),
        _ => json!({"uniform": {"factor": dice.real(1.0, 10.0)}}),
    });
    jobs
}

fn inference(dice: &mut Dice, span: Span) -> Value {
    let requests = if dice.chance(30) {
        json!({"file": {"file": "data:requests.csv"}})
    } else {
        json!({"shape": {"mean_rps": dice.real(0.0, 300.0), "weekend_percent": dice.real(0.0, 200.0)}})
    };
    let price = if dice.chance(50) {
        json!({"tokens": {"usd_per_million_in": dice.real(0.0, 3.0), "usd_per_million_out": dice.real(0.0, 12.0)}})
    } else {
        json!({"gpu_hours": {"usd_per_gpu_h": dice.real(0.0, 8.0)}})
    };
    let mut service = json!({"requests": requests, "price": price, "model": {"preset": "glm-5-b200"}, "replicas_max": dice.int(1, 30), "startup_minutes": dice.real(0.0, 60.0), "headroom_percent": dice.real(0.0, 100.0), "burstiness": dice.real(1.0, 10.0),
        "service_level": {"promised_percent": dice.real(0.0, 100.0), "credit_percent_per_point": dice.real(0.0, 20.0)}});
    dice.maybe(
        25,
        &mut service,
        "regimes",
        |dice| json!([{"from": span.text(dice), "factor": dice.real(0.0, 5.0)}]),
    );
    service
}
