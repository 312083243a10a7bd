//! Uncertain inputs from the file to the figures: designs, correlation, what is refused.

use crate::support::{Place, SMALL, said};

const PRICE: &str = "\n[[uncertain]]\npath = \"market.power.spot.fixed_usd_per_mwh\"\n\
    distribution.uniform = { low = 30, high = 50 }\n";
const HASHPRICE: &str = "\n[[uncertain]]\npath = \"market.bitcoin.process.fixed_hashprice.usd_per_ph_day\"\n\
    distribution.uniform = { low = 40, high = 50 }\n";

fn with(more: &[&str]) -> Place {
    Place::with(&format!("{SMALL}{}", more.concat()))
}

/// The NPV of every replication in order.
fn npvs(place: &Place, out: &str) -> Vec<f64> {
    column(place, out, "metrics.csv", |cells| {
        (cells[4] == "portfolio" && cells[5] == "npv_usd").then(|| cells[7].parse().unwrap())
    })
}

fn column<T>(place: &Place, out: &str, file: &str, row: impl Fn(&[&str]) -> Option<T>) -> Vec<T> {
    let text = std::fs::read_to_string(place.path(&format!("{out}/{file}"))).unwrap();
    text.lines()
        .skip(1)
        .filter_map(|l| row(&l.split(',').collect::<Vec<_>>()))
        .collect()
}

fn run(place: &Place, out: &str, more: &[&str]) {
    let args = ["run", "x.toml", "--out", out, "--series", "none", "--quiet"];
    place.repower(&[&args[..], more].concat()).assert().success();
}

/// (mean, interval) of the NPV.
fn summary(place: &Place, out: &str) -> (f64, f64, f64) {
    let found = column(place, out, "summary.csv", |cells| {
        let number = |i: usize| cells[i].parse().unwrap_or(f64::NAN);
        (cells[3] == "portfolio" && cells[4] == "npv_usd").then(|| (number(6), number(8), number(9)))
    });
    found[0]
}

#[test]
fn designs_come_nearer_to_the_mean_than_plain_draws() {
    // With one price that is drawn evenly and a mine that always runs, NPV is a straight line in the price: its mean is the
    // NPV at 40. Plain draws of 16 would miss by the range over sqrt(12 x 16): a fourteenth of it.
    let place = with(&[PRICE]);
    run(
        &place,
        "at-40",
        &[
            "--replications",
            "1",
            "--set",
            "uncertain[0].distribution.uniform={low=40,high=40}",
        ],
    );
    let truth = npvs(&place, "at-40")[0];
    let ends = ["30", "50"].map(|end| {
        let set = format!("uncertain[0].distribution.uniform={{low={end},high={end}}}");
        run(&place, end, &["--replications", "1", "--set", &set]);
        npvs(&place, end)[0]
    });
    let range = ends[0] - ends[1];
    assert!(range > 1e6, "{ends:?}");
    for design in ["latin_hypercube", "sobol"] {
        let set = format!("run.design={design}");
        // A Sobol sequence is scrambled eight times; of two points in each a mean is no nearer than a plain one.
        let count = if design == "sobol" { 64 } else { 16 };
        run(
            &place,
            design,
            &["--replications", &count.to_string(), "--set", &set],
        );
        let values = npvs(&place, design);
        let mean = values.iter().sum::<f64>() / f64::from(count);
        assert!(
            (mean - truth).abs() < range / 40.0,
            "{design}: {mean} and {truth}, range {range}"
        );
        assert!(values.iter().all(|v| *v <= ends[0] + 1e4 && *v >= ends[1] - 1e4));
    }
    // The interval of a Sobol design comes from the means of eight scramblings of eight points each.
    let values = npvs(&place, "sobol");
    let of = |s: usize| values[s..].iter().step_by(8).sum::<f64>() / 8.0;
    let means: Vec<f64> = (0..8).map(of).collect();
    let mean = means.iter().sum::<f64>() / 8.0;
    let sd = (means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / 7.0).sqrt();
    let (told, low, high) = summary(&place, "sobol");
    assert!((told - mean).abs() < 1e-3);
    let half = 2.364_624 * sd / 8.0_f64.sqrt();
    assert!((low - (mean - half)).abs() < 1e-4 * half && (high - (mean + half)).abs() < 1e-4 * half);
}

#[test]
fn a_sobol_run_grows_by_doubling_and_a_latin_hypercube_cannot() {
    let place = with(&[PRICE]);
    let sobol = ["--set", "run.design=sobol"];
    run(&place, "s", &[&sobol[..], &["--replications", "8"]].concat());
    let few = npvs(&place, "s");
    run(&place, "s", &[&sobol[..], &["--replications", "16"]].concat());
    assert_eq!(npvs(&place, "s")[..8], few);
    let refused = |more: &[&str]| {
        let args = ["run", "x.toml", "--out", "l", "--series", "none", "--quiet"];
        said(&place.repower(&[&args[..], more].concat()).assert().code(2))
    };
    assert!(refused(&["--set", "run.design=sobol", "--replications", "12"]).contains("take 16"));
    let latin = ["--set", "run.design=latin_hypercube"];
    run(&place, "l", &[&latin[..], &["--replications", "8"]].concat());
    let told = refused(&[&latin[..], &["--replications", "16"]].concat());
    assert!(told.contains("cannot be extended"), "{told}");
}

#[test]
fn an_input_or_a_strategy_more_leaves_the_others_draws_alone() {
    let place = with(&[PRICE]);
    run(&place, "one", &["--replications", "3"]);
    let fixed = HASHPRICE.replace("low = 40, high = 50", "low = 45, high = 45");
    let other = with(&[PRICE, &fixed, "\n[[strategies]]\nid = \"again\"\n"]);
    run(&other, "two", &["--replications", "3"]);
    let first: Vec<f64> = npvs(&other, "two").into_iter().take(3).collect();
    assert_eq!(npvs(&place, "one"), first);
}

#[test]
fn correlated_inputs_widen_or_narrow_the_answer_as_their_signs_say() {
    // NPV falls with the price of power and rises with hashprice: going together they cancel in part.
    let spread = |rho: &str| {
        let tie = format!(
            "\n[correlation]\npairs = [{{ a = \"market.power.spot.fixed_usd_per_mwh\", \
             b = \"market.bitcoin.process.fixed_hashprice.usd_per_ph_day\", rho = {rho} }}]\n"
        );
        let place = with(&[PRICE, HASHPRICE, &tie]);
        run(
            &place,
            "out",
            &["--replications", "32", "--set", "run.design=sobol"],
        );
        let values = npvs(&place, "out");
        let mean = values.iter().sum::<f64>() / 32.0;
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt()
    };
    let (together, apart) = (spread("0.9"), spread("-0.9"));
    assert!(apart > 1.5 * together, "{apart} {together}");
}

#[test]
fn what_cannot_be_drawn_is_refused_with_a_next_step() {
    let told = |text: &str| with(&[PRICE, HASHPRICE, text]).refused(&[]);
    let matrix = "\n[correlation]\npairs = [{ a = \"market.power.spot.fixed_usd_per_mwh\", b = \"market.power.spot\", rho = 0.5 }]\n";
    assert!(told(matrix).contains("is not an input of `uncertain`"));
    let twice = told(PRICE);
    assert!(twice.contains("is uncertain twice"), "{twice}");
    let typo = PRICE.replace("fixed_usd_per_mwh", "fixd_usd_per_mwh");
    let typo = told(&typo);
    assert!(typo.contains("did you mean `fixed_usd_per_mwh`?"), "{typo}");
    let upside_down = PRICE.replace("low = 30", "low = 60");
    let upside_down = with(&[&upside_down]).refused(&[]);
    assert!(upside_down.contains("must not be below"), "{upside_down}");
    // Three inputs of which each pair is at odds with the third.
    let third = "\n[[uncertain]]\npath = \"sites.here.grid.import_limit_mw[0].mw\"\ndistribution.uniform = { low = 20, high = 21 }\n";
    let (a, b, c) = (
        "market.power.spot.fixed_usd_per_mwh",
        "market.bitcoin.process.fixed_hashprice.usd_per_ph_day",
        "sites.here.grid.import_limit_mw[0].mw",
    );
    let pair = |x: &str, y: &str, rho: f64| format!("{{ a = \"{x}\", b = \"{y}\", rho = {rho} }}");
    let odd = format!(
        "\n[correlation]\npairs = [{}, {}, {}]\n",
        pair(a, b, 0.9),
        pair(b, c, 0.9),
        pair(a, c, -0.9)
    );
    let odd = with(&[PRICE, HASHPRICE, third, &odd]).refused(&[]);
    assert!(
        odd.contains("not positive semi-definite") && odd.contains("the nearest that can"),
        "{odd}"
    );
}

#[test]
fn answers_say_how_sure_a_choice_is() {
    let place = with(&[PRICE, "\n[[strategies]]\nid = \"again\"\n"]);
    run(&place, "out", &["--replications", "8"]);
    let answers = column(&place, "out", "answers.csv", |c| {
        (c[0] == "again" && c[4] == "npv_usd").then(|| (c[6].to_owned(), c[7].parse::<f64>().unwrap()))
    });
    let of = |name: &str| answers.iter().find(|a| a.0 == name).unwrap().1;
    // Two strategies that do the same: each is best half the time, none is regretted.
    assert_eq!(
        (of("p_best"), of("mean_regret"), of("p95_regret")),
        (0.5, 0.0, 0.0)
    );
    assert!(of("conditional_value_at_risk_95") >= of("value_at_risk_95"));
    assert!(of("p5") <= of("p10") && of("p10") <= of("p50") && of("p90") <= of("p95"));
}

#[test]
fn observations_come_from_a_column_of_a_file() {
    let text = PRICE.replace(
        "uniform = { low = 30, high = 50 }",
        "empirical_file = { file = \"seen.csv\", column = \"usd\" }",
    );
    let place = with(&[&text]);
    place.write("seen.csv", "day,usd\n1,30\n2,50\n3,\n");
    run(&place, "out", &["--replications", "8"]);
    let values = npvs(&place, "out");
    let ends = ["30", "50"].map(|end| {
        let set = format!("uncertain[0].distribution={{uniform={{low={end},high={end}}}}}");
        run(&place, end, &["--replications", "8", "--set", &set]);
        npvs(&place, end)
    });
    // Every replication is one of the two, and both come.
    let of = |which: usize| values.iter().zip(&ends[which]).filter(|(v, e)| v == e).count();
    assert!(
        of(0) + of(1) == 8 && of(0) > 0 && of(1) > 0,
        "{values:?} {ends:?}"
    );
    place.write("seen.csv", "day,usd\n1,30\n2,dear\n");
    let args = ["run", "x.toml", "--out", "again"];
    let told = said(&place.repower(&args).assert().code(2));
    assert!(
        told.contains("line 3") && told.contains("`dear` is not a finite number"),
        "{told}"
    );
}
