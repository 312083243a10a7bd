//! Inference services through `run`: tokens to cash, orders to latency and credits, idle nights to a pool's work, each
//! against a calculation by hand in the small world.

use std::fmt::Write as _;
use std::fs;

use assert_cmd::Command;

use crate::hand_made::{AUX_MW, Run, SERVING, World, near};

/// Steps of 10 ms and 0.2 ms a request, prompts of 1,000 tokens at 50,000 a second, answers of 200 tokens: a batch of `b`
/// leaves at `b / (2 + 0.06 b)` requests a second, 64 at once at most.
const REPLICA_RPS: f64 = 64.0 / (2.0 + 0.06 * 64.0);
/// 0.5 USD a million tokens of prompts, 2 USD of answers.
const USD_PER_REQUEST: f64 = (1_000.0 * 0.5 + 200.0 * 2.0) / 1e6;

/// The small world with these tenants instead of its own, and no other strategy than mining on.
fn world(tenants: &str) -> World {
    let world = World::new();
    let text = include_str!("fixtures/world.toml");
    let head = text.split("[[tenants]]").next().unwrap();
    let tail = text.split("[finance]").nth(1).unwrap();
    let strategy = "[[strategies]]\nid = \"stay-mining\"\n\n[finance]";
    let text = format!("{head}{tenants}\n{strategy}{tail}");
    fs::write(world.path("world.toml"), text).unwrap();
    world
}

fn service(requests: &str, gpus: u32, more: &str) -> String {
    format!(
        "[[tenants]]\nid = \"chat\"\n[tenants.inference]\nrequests.{requests}\ntokens_in = 1_000\ntokens_out = 200\n\
         model.given = {{ gpus = {gpus}, step_ms = 10, step_ms_per_request = 0.2, prefill_tokens_per_s = 50_000 }}\n\
         price.tokens = {{ usd_per_million_in = 0.5, usd_per_million_out = 2 }}\n{more}\n"
    )
}

fn flat(rps: f64) -> String {
    format!("shape = {{ mean_rps = {rps}, profile.flat = {{ percent = 50 }} }}")
}

#[test]
fn a_flat_rate_earns_tokens_times_price_and_its_replicas_draw_their_power() {
    let tenants = service(&flat(40.0), 8, "replicas_max = 20\nstartup_minutes = 0");
    let world = world(&tenants);
    let run = world.run("stay-mining", &[]);
    for (month, hours) in [("2026-01", 744.0), ("2026-03", 743.0), ("2026-07", 744.0)] {
        let requests = 40.0 * 3_600.0 * hours;
        let cash = run.cash("inference_revenue", month);
        near("tokens in the ledger", cash, requests * USD_PER_REQUEST, 1e-9);
        let mtok = requests * 1_200.0 / 1e6;
        near("tokens", run.monthly("inference_mtok", month), mtok, 1e-9);
        // A fifth of headroom: 48 of 10.96 a second, five replicas of eight GPUs, all of them at work at 80 % of what
        // training draws.
        let served = run.monthly("gpu_hours_served", month);
        near("GPU-hours", served, 40.0 * hours, 1e-9);
        let it_mwh = SERVING.it_mw(0.0, 40.0 * 0.8) * hours;
        // Half a request less than certain: all five replicas are busy but for some 1e-6 of the time.
        near("IT", run.monthly("energy_gpu_it_mwh", month), it_mwh, 1e-7);
        assert_eq!(run.cash("service_credits", month), 0.0);
    }
    near("replicas", run.metric("inference_replicas"), 5.0, 1e-9);
    near("within", run.metric("inference_within_target"), 1.0, 1e-9);
    assert_eq!(run.metric("inference_lent_gpu_hours"), 0.0);
    // Batches hold 40 a second of answers: b = 40 (2 + 0.06 b / 5) with chance variation by the closed form.
    let (r, q) = (2.0 / 0.06 * 5.0 + 1.0, 40.0 * 0.06 / 5.0);
    let per_token_s = r * q / (1.0 - q) / 40.0 / 200.0;
    near(
        "seconds a token",
        run.metric("inference_s_per_token"),
        per_token_s,
        1e-6,
    );
    near("NPV", run.metric("npv_usd"), run.npv_by_hand(), 1e-9);
}

#[test]
fn gpu_hours_can_be_the_price() {
    let tenants = service(&flat(40.0), 8, "replicas_max = 20\nstartup_minutes = 0").replace(
        "price.tokens = { usd_per_million_in = 0.5, usd_per_million_out = 2 }",
        "price.gpu_hours = { usd_per_gpu_h = 2.5 }",
    );
    let world = world(&tenants);
    let run = world.run("stay-mining", &[]);
    let fee = 40.0 * 2.5 * 744.0;
    near("fee", run.cash("inference_revenue", "2026-07"), fee, 1e-9);
}

/// Rate of which 299 replicas of the hall's 392 systems answer with a fifth of headroom, and what half of them can.
const RATE: f64 = 2_730.0;
const LEFT: f64 = 150.0;

#[test]
fn an_order_that_halves_the_replicas_costs_requests_service_level_and_credits() {
    let level = "replicas_max = 392\nstartup_minutes = 6\n\
                 service_level = { promised_percent = 99.5, credit_percent_per_point = 20 }";
    let world = world(&service(&flat(RATE), 8, level));
    assert_eq!((RATE * 1.2 / REPLICA_RPS).ceil(), 299.0);
    // 242 systems dark leave 150: 93 of the dark ones stood by.
    let limit = AUX_MW + SERVING.feed_mw(SERVING.it_mw(392.0 - LEFT, LEFT * 8.0 * 0.8), 28.0) + 1e-6;
    let order = format!(
        "sites.mine.grid.curtailment.orders=[{{ from = \"2026-07-07T15:00\", hours = 6, limit_mw = {limit} }}]"
    );
    let (usual, short) = (world.run("stay-mining", &[]), world.run("stay-mining", &[&order]));
    let hours =
        |run: &Run, column: &str| run.hours(column, "2026-07-07T20:00:00Z", "2026-07-08T02:00:00Z") / 6.0;
    near("GPUs with power", hours(&short, "gpu_capacity"), LEFT * 8.0, 1e-9);
    near("meter", hours(&short, "grid_mw"), limit, 1e-5);

    // Six hours, and six minutes until the others have started anew: 1,643.8 of 2,730 a second are answered, after
    // waits of nearly 30 s, so none in time.
    let (short_h, all_h) = (6.1, 744.0);
    let requests = 3_600.0 * (RATE * (all_h - short_h) + LEFT * REPLICA_RPS * short_h);
    let fee = requests * USD_PER_REQUEST;
    near("fee", short.cash("inference_revenue", "2026-07"), fee, 1e-9);
    let within = 1.0 - short_h / all_h;
    let seen = short.monthly("inference_within_target", "2026-07");
    near("within", seen, within, 1e-9);
    let credits = (99.5 - within * 100.0) * 0.20 * fee;
    near(
        "credits",
        short.cash("service_credits", "2026-07"),
        -credits,
        1e-7,
    );
    assert!(credits > 0.0);
    assert_eq!(usual.cash("service_credits", "2026-07"), 0.0);
    near(
        "usual",
        usual.monthly("inference_within_target", "2026-07"),
        1.0,
        1e-9,
    );
    // 1.1 hours in a thousand of the whole year: the 99th percentile is still quick, the slow ones are in the tail.
    assert!(short.metric("inference_first_token_p99_s") < 0.2);
    let year_h = 8_760.0;
    let refused = (RATE - LEFT * REPLICA_RPS) * short_h;
    // At the start of the year nobody answers for six minutes.
    let refused = (refused + RATE * 0.1) / (RATE * year_h);
    near("refused", short.metric("inference_refused"), refused, 1e-9);
    // GPU-hours: 299 replicas less 149 for 6.1 h.
    let served = 8.0 * (299.0 * all_h - 149.0 * short_h);
    near(
        "GPU-hours",
        short.monthly("gpu_hours_served", "2026-07"),
        served,
        1e-9,
    );
}

#[test]
fn a_hot_week_slows_replicas_until_they_refuse_what_they_answered_before() {
    // All 3,136 GPUs at work as in training, at 99 % of what their replicas can answer.
    let rate = 0.99 * 392.0 * REPLICA_RPS;
    let more = "replicas_max = 392\nstartup_minutes = 0\npower_percent = 100";
    let world = world(&service(&flat(rate), 8, more));
    let usual = world.run("stay-mining", &[]);
    let hot = world.run(
        "stay-mining",
        &["sites.mine.weather.offsets=[{ from = \"2026-07-06\", to = \"2026-07-13\", add_c = 10 }]"],
    );
    let (share, speed) = SERVING.throttle(SERVING.it_mw(0.0, 3_136.0), 38.0);
    assert!(share < 0.8, "{share}");
    let refused = (rate - 392.0 * REPLICA_RPS * speed) * 168.0 * 3_600.0;
    let change = |what: &dyn Fn(&Run) -> f64| what(&hot) - what(&usual);
    let mtok = change(&|r| r.monthly("inference_mtok", "2026-07"));
    near("tokens", mtok, -refused * 1_200.0 / 1e6, 1e-6);
    let cash = change(&|r| r.cash("inference_revenue", "2026-07"));
    near("revenue", cash, -refused * USD_PER_REQUEST, 1e-6);
    // Nobody is answered in time in that week; in the others nearly all are, as always.
    let within = |run: &Run| run.monthly("inference_within_target", "2026-07");
    near(
        "within",
        within(&hot),
        within(&usual) * (1.0 - 168.0 / 744.0),
        1e-9,
    );
    assert!(within(&usual) > 0.99);
    let served = change(&|r| r.monthly("gpu_hours_served", "2026-07"));
    near("GPU-hours", served, -3_136.0 * 168.0 * (1.0 - speed), 1e-9);
}

/// 25 requests a second from 6 to 22 o'clock, 5 in the night, for a week.
fn days_and_nights() -> String {
    let mut text = "t_s,rate_rps\n".to_owned();
    for hour in 0..168 {
        let rate = if (6..22).contains(&(hour % 24)) { 25 } else { 5 };
        let _ = writeln!(text, "{},{rate}", hour * 3_600);
    }
    text
}

/// A pool of 64 GPUs with eight times the jobs that it needs to be always full.
const FULL_POOL: &str = "[[tenants]]\nid = \"open\"\n[tenants.on_demand.jobs]\ntrace.file = { file = \"jobs.csv\" }\n\
                         gpus = 64\ncopies = 8\npolicy = \"easy\"\nprice = \"h100\"\nspot_share_percent = 0\n\
                         checkpoint_hours = 0\nrestart_minutes = 0\n";

#[test]
fn idle_nights_are_lent_to_a_pool_and_taken_back_in_the_morning() {
    // Replicas of 64 GPUs: three by day (30 of 10.96 a second), one by night, of four.
    let terms = "replicas_max = 4\nstartup_minutes = 0\nscale_in_hours = 0";
    let requests = "file = { file = \"requests.csv\" }";
    let tenants = |lend: &str| {
        format!(
            "{}{FULL_POOL}",
            service(requests, 64, &format!("{terms}\n{lend}"))
        )
    };
    let run = |lend: &str| {
        let world = world(&tenants(lend));
        fs::write(world.path("requests.csv"), days_and_nights()).unwrap();
        // Jobs of 2,500 s end at no full hour.
        let jobs = fs::read_to_string(world.path("jobs.csv")).unwrap();
        fs::write(world.path("jobs.csv"), jobs.replace(",64,1800,", ",64,2500,")).unwrap();
        let run = world.run("stay-mining", &[]);
        (world, run)
    };
    let ((_kept, alone), (_kept_too, lent)) = (run(""), run("lend_to = \"open\""));
    let change = |what: &dyn Fn(&Run) -> f64| what(&lent) - what(&alone);

    // In July 496 hours of day, each with one idle replica, and 248 of night with three.
    let gpu_h = 64.0 * (496.0 + 3.0 * 248.0);
    let served = change(&|r| r.monthly("gpu_hours_served", "2026-07"));
    near("served by lent GPUs", served, gpu_h, 1e-9);
    let alone_h = 64.0 * (744.0 + 3.0 * 496.0 + 248.0);
    near(
        "without",
        alone.monthly("gpu_hours_served", "2026-07"),
        alone_h,
        1e-9,
    );
    // Half of the jobs are spot at half of 2 USD; what share of either runs is the queue's affair.
    let earned =
        change(&|r| r.cash("gpu_on_demand_revenue", "2026-07") + 2.0 * r.cash("gpu_spot_revenue", "2026-07"));
    near("earned, spot at the full price", earned, gpu_h * 2.0, 1e-9);
    // The service is none the worse.
    for column in [
        "inference_mtok",
        "inference_within_target",
        "inference_first_token_p95_s",
    ] {
        assert_eq!(change(&|r| r.monthly(column, "2026-07")), 0.0, "{column}");
    }
    let tokens = (25.0 * 496.0 + 5.0 * 248.0) * 3_600.0 * 1_200.0 / 1e6;
    near("tokens", lent.monthly("inference_mtok", "2026-07"), tokens, 1e-9);
    // Each morning 128 GPUs go back: two gangs of 64 are killed, spot first, and start anew.
    let july = |r: &&crate::hand_made::Row| {
        let start: i64 = r["start_s"].parse().unwrap();
        (181 * 86_400..212 * 86_400).contains(&start) && r["restarts"] != "0"
    };
    let killed = lent.rows("jobs.csv");
    let killed: Vec<_> = killed.iter().filter(july).collect();
    assert_eq!(killed.len(), 2 * 31);
    assert!(killed.iter().all(|job| job["class"] == "spot"));
    assert!(alone.rows("jobs.csv").iter().all(|r| r["restarts"] == "0"));
    assert!(lent.metric("inference_lent_gpu_hours") > 11.0 * gpu_h);
    // The pool's capacity follows the clock of the site: 22 o'clock there is 3 o'clock UTC in summer.
    let july_10 = (190 * 24 - 1) * 3_600;
    let capacity = lent.rows("capacity.csv");
    let at = |t: i64| -> f64 {
        let mut before = capacity.iter().filter(|r| r["t_s"].parse::<i64>().unwrap() <= t);
        before.next_back().map_or(0.0, |r| r["gpus"].parse().unwrap())
    };
    assert_eq!((at(july_10 + 5 * 3_600), at(july_10 + 6 * 3_600)), (256.0, 128.0));
    assert_eq!(
        (at(july_10 + 21 * 3_600), at(july_10 + 22 * 3_600)),
        (128.0, 256.0)
    );
}

#[test]
fn a_service_that_lends_to_nobody_or_asks_too_much_is_refused_at_its_place() {
    for (tenants, words) in [
        (
            service(&flat(1.0), 8, "replicas_max = 4\nlend_to = \"opne\"") + FULL_POOL,
            vec!["lend_to", "opne", "open"],
        ),
        (
            service(&flat(1.0), 8, "replicas_max = 4\nlend_to = \"open\"")
                + FULL_POOL
                + "nodes = { groups = [{ nodes = 8, gpus_per_node = 8 }] }",
            vec!["lend_to", "nodes"],
        ),
        (
            service(
                &flat(1.0),
                8,
                "replicas_max = 4\nservice_level.tokens_per_second = 200",
            ),
            vec!["tokens_per_second", "98.0"],
        ),
        (
            service("file = { file = \"short.csv\" }", 8, "replicas_max = 4"),
            vec!["short.csv", "needs a day"],
        ),
    ] {
        let world = world(&tenants);
        fs::write(world.path("short.csv"), "t_s,rate_rps\n0,1\n3600,2\n").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
        let run = command
            .current_dir(world.path(""))
            .args(["validate", "world.toml"])
            .assert()
            .failure()
            .code(2);
        let message = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(
            words.iter().all(|word| message.contains(word)),
            "{words:?}: {message}"
        );
    }
}
