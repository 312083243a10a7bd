//! Bills of a year against those of a reference tool, re-derived independently to 2e-9 USD: one load by a formula, each
//! tariff of it by hand in our own language. The reference has no daylight saving and no leap day, and its year begins
//! on a Monday: that is 2018 in UTC.

#![expect(
    clippy::unreadable_literal,
    reason = "figures as the reference tool prints them"
)]

use super::*;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::{HOUR_S, Span};

/// `20000 + 3000 sin(2 pi (h mod 24)/24) + 1500 sin(2 pi h/8760) + 4000 [h mod 1009 = 0]`, in kilowatts.
pub(super) fn load_kw(hour: i64) -> f64 {
    let turn = 2.0 * std::f64::consts::PI;
    let spike = if hour % 1_009 == 0 { 4_000.0 } else { 0.0 };
    20_000.0
        + 3_000.0 * (turn * (hour % 24) as f64 / 24.0).sin()
        + 1_500.0 * (turn * hour as f64 / 8_760.0).sin()
        + spike
}

/// `0.03 + 0.02 sin(2 pi (h mod 24)/24) + 0.9 [h mod 2003 = 7]`, in USD per kilowatt-hour, here by the megawatt-hour.
fn price_usd_per_mwh(hour: i64) -> f64 {
    let turn = 2.0 * std::f64::consts::PI;
    let spike = if hour % 2_003 == 7 { 900.0 } else { 0.0 };
    30.0 + 20.0 * (turn * (hour % 24) as f64 / 24.0).sin() + spike
}

/// Period 1 in June to September, hours 16 to 20 of weekdays; period 2 else.
const PEAK: &str = r#"schedule.rules = [
    { period = "peak", months = [6, 7, 8, 9], days = ["weekday"], from_hour = 16, to_hour = 21 },
    { period = "other", months = [6, 7, 8, 9], days = ["weekday"], from_hour = 0, to_hour = 16 },
    { period = "other", months = [6, 7, 8, 9], days = ["weekday"], from_hour = 21, to_hour = 24 },
    { period = "other", months = [6, 7, 8, 9], days = ["weekend", "holiday"] },
    { period = "other", months = [1, 2, 3, 4, 5, 10, 11, 12] },
]"#;

/// The bills of the months of `years` from 2018, as costs, under a contract (its clauses, and what else it says).
fn bills(contract: &str, years: i64) -> Vec<f64> {
    #[derive(serde::Deserialize)]
    struct File {
        power_contracts: PowerContractsSpec,
    }
    let text = format!("[[power_contracts]]\nid = \"only\"\n{contract}");
    let spec = toml::from_str::<File>(&text).unwrap().power_contracts;
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    assert!(!problems.has_errors(), "{problems:?}");
    let calendar = Calendar::utc();
    let mut supply = Supply::new(&spec, &calendar, |_| Some(PriceId(0))).unwrap();
    let mut all = Vec::new();
    let mut month = Month { year: 2018, month: 1 };
    for _ in 0..12 * years {
        let (start, end) = (
            calendar.start_of_month(month),
            calendar.start_of_month(month.plus(1)),
        );
        let year = calendar.start_of_month(Month { month: 1, ..month });
        let mut at = start;
        while at < end {
            let to = at + Span::from_seconds(HOUR_S);
            let hour = (at - year).as_seconds() / HOUR_S;
            supply.meter(&Interval {
                from: at,
                to,
                load_mw: load_kw(hour) / 1e3,
                mining_mw: 0.0,
                called: 0,
                prices: &[price_usd_per_mwh(hour)],
            });
            at = to;
        }
        let lines = supply.close_month(month);
        let metered: f64 = lines
            .iter()
            .filter(|l| l.carries_energy)
            .map(|l| l.quantity)
            .sum();
        assert!(metered > 13_000.0);
        all.push(lines.iter().map(|l| -l.usd).sum());
        month = month.plus(1);
    }
    all
}

#[track_caller]
fn agree(got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (month, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!((a - b).abs() < 1e-6, "month {month}: {a} instead of {b}");
    }
}

/// A clause by time of which the rest is given.
fn by_time(kind: &str, rest: &str) -> String {
    format!("[[power_contracts.clauses]]\n[power_contracts.clauses.{kind}]\n{rest}\n{PEAK}")
}

/// Prices by time in two tiers of 8,000 MWh a month.
fn tiered(fill: &str) -> String {
    let periods = "periods = [
        { name = 'peak', tiers = [{ up_to_mwh = 8000, usd_per_mwh = 100 }, { usd_per_mwh = 140 }] },
        { name = 'other', tiers = [{ up_to_mwh = 8000, usd_per_mwh = 50 }, { usd_per_mwh = 35 }] },
    ]";
    by_time("time_of_use", &format!("fill = '{fill}'\n{periods}"))
}

#[test]
fn energy_at_one_price() {
    let got = bills("clauses = [{ fixed_price = { usd_per_mwh = 50 } }]", 1);
    agree(
        &got,
        &[
            758_719.5074499705,
            707_099.6459707677,
            797_058.3221115952,
            771_917.4777353813,
            784_115.565211538,
            735_183.2427567194,
            731_058.7261423684,
            705_445.8218048806,
            668_753.9432582989,
            690_822.696167028,
            681_982.7091622121,
            729_642.34222924,
        ],
    );
    let year: f64 = got.iter().sum();
    assert!((year - 8_761_800.0).abs() < 1e-6, "{year}");
}

#[test]
fn weekdays_and_weekends() {
    let got = bills(
        &by_time(
            "time_of_use",
            "periods = [{ name = 'peak', usd_per_mwh = 120 }, { name = 'other', usd_per_mwh = 40 }]",
        ),
        1,
    );
    agree(
        &got,
        &[
            606_975.6059599771,
            565_679.7167766142,
            637_646.6576892758,
            617_533.9821883051,
            627_292.4521692314,
            736_028.5368474104,
            733_063.3972470406,
            712_981.9670126819,
            661_149.2444008935,
            552_658.1569336222,
            545_586.1673297698,
            583_713.8737833912,
        ],
    );
    let year: f64 = got.iter().sum();
    assert!((year - 7_580_309.758338213).abs() < 1e-6, "{year}");
}

#[test]
fn tiers_filled_in_time_order() {
    let got = bills(&tiered("in_time_order"), 1);
    agree(
        &got,
        &[
            651_103.6552149807,
            614_969.7521795381,
            677_940.8254781162,
            660_342.2344147675,
            668_880.895648078,
            774_941.6663730184,
            771_910.6318901954,
            750_677.3035517026,
            701_543.2003263688,
            603_575.8873169196,
            597_387.8964135472,
            630_749.6395604683,
        ],
    );
    let year: f64 = got.iter().sum();
    assert!((year - 8_104_023.5883677015).abs() < 1e-6, "{year}");
}

#[test]
fn tiers_shared_pro_rata() {
    let got = bills(&tiered("pro_rata_over_periods"), 1);
    agree(
        &got,
        &[
            651_103.6552149795,
            614_969.7521795373,
            677_940.8254781163,
            660_342.234414767,
            668_880.8956480764,
            773_407.131979565,
            770_521.0640817141,
            750_945.0207267205,
            701_821.6505819535,
            603_575.8873169194,
            597_387.8964135482,
            630_749.6395604672,
        ],
    );
    let year: f64 = got.iter().sum();
    assert!((year - 8_101_645.653596365).abs() < 1e-6, "{year}");
}

#[test]
fn hours_of_use_of_the_billing_demand() {
    let got = bills(
        "clauses = [{ time_of_use = { fill = 'in_time_order', billing_demand = { window_minutes = 60 }, periods = [{ name = 'all', tiers = [{ up_to_hours = 200, usd_per_mwh = 90 }, { up_to_hours = 400, usd_per_mwh = 60 }, { usd_per_mwh = 45 }] }] } }, { demand_charge = { usd_per_kw_month = 9, window_minutes = 60 } }]",
        1,
    );
    agree(
        &got,
        &[
            1_186_847.5567049736,
            1_177_553.707639391,
            1_284_113.0822170833,
            1_209_225.7299618432,
            1_280_243.6620488125,
            1_227_918.1118407617,
            1_208_344.6674675713,
            1_102_465.336631877,
            1_139_511.4387174724,
            1_157_042.6820116357,
            1_080_412.5081630917,
            1_200_316.530422674,
        ],
    );
    let year: f64 = got.iter().sum();
    assert!((year - 14_253_995.013827188).abs() < 1e-6, "{year}");
}

#[test]
fn demand_in_tiers_and_demand_by_time() {
    let got = bills(
        &format!(
            "[[power_contracts.clauses]]\nfixed_price = {{ usd_per_mwh = 50 }}\n[[power_contracts.clauses]]\ndemand_charge = {{ window_minutes = 60, tiers = [{{ up_to_kw = 5000, usd_per_kw_month = 4 }}, {{ usd_per_kw_month = 7.5 }}] }}\n{}",
            by_time(
                "demand_charge",
                "window_minutes = 60\nperiods = [{ name = 'peak', usd_per_kw_month = 18 }, { name = 'other', usd_per_kw_month = 6 }]"
            )
        ),
        1,
    );
    agree(
        &got,
        &[
            1_065_219.5074499706,
            1_037_490.8057130035,
            1_143_904.4171722971,
            1_085_167.4777353816,
            1_135_962.4852276703,
            1_408_605.14659712,
            1_380_539.1994769047,
            1_288_358.1228031432,
            1_286_203.7869278612,
            1_017_445.5746778704,
            964_457.8969660625,
            1_061_624.185211184,
        ],
    );
    let year: f64 = got.iter().sum();
    assert!((year - 13_874_978.605958467).abs() < 1e-6, "{year}");
}

#[test]
fn a_ratchet_with_history() {
    let got = bills(
        "clauses = [{ fixed_price = { usd_per_mwh = 50 } }, { demand_charge = { usd_per_kw_month = 10, window_minutes = 60, minimum_kw = 1000, ratchet = { percent = 80, months = 11, history_kw = [18000, 18000, 18000, 18000, 18000, 18000, 18000, 18000, 18000, 18000, 18000, 31000] } } }]",
        1,
    );
    agree(
        &got,
        &[
            1_006_719.5074499705,
            964_796.8013353869,
            1_066_944.3184528563,
            1_019_917.4777353813,
            1_057_705.8763345992,
            1_004_827.620547059,
            993_150.0661135304,
            953_445.8218048806,
            924_769.6050606812,
            945_728.5321009855,
            929_982.7091622121,
            988_517.7814751253,
        ],
    );
    let year: f64 = got.iter().sum();
    assert!((year - 11_856_506.117572669).abs() < 1e-6, "{year}");
}

#[test]
fn prices_of_the_hour() {
    let got = bills("clauses = [{ index = { price = 'spot' } }]", 1);
    agree(
        &got,
        &[
            498_108.5257374968,
            444_401.6238788268,
            517_216.67260920425,
            484_764.13133513124,
            492_887.3750817887,
            483_794.3603875315,
            461_090.8559685632,
            445_630.4325188941,
            437_364.86583341134,
            436_875.7996139134,
            430_748.74650232296,
            479_341.71596730826,
        ],
    );
    let year: f64 = got.iter().sum();
    assert!((year - 5_612_225.1054343935).abs() < 1e-6, "{year}");
}

#[test]
fn a_fixed_charge_and_a_least_bill() {
    let got = bills(
        "clauses = [{ fixed_price = { usd_per_mwh = 50 } }, { fixed_charge = { usd_per_month = 1500 } }, { minimum_bill = { usd_per_month = 800000 } }]",
        1,
    );
    agree(
        &got,
        &[
            800_000.0, 800_000.0, 800_000.0, 800_000.0, 800_000.0, 800_000.0, 800_000.0, 800_000.0,
            800_000.0, 800_000.0, 800_000.0, 800_000.0,
        ],
    );
    let year: f64 = got.iter().sum();
    assert!((year - 9_600_000.0).abs() < 1e-6, "{year}");
}

#[test]
fn a_single_number_compounds_with_inflation() {
    let got = bills(
        "escalator = { plus_inflation = { percent = 2, inflation_percent = 2.5, from = '2018-01-01' } }\nclauses = [{ fixed_price = { usd_per_mwh = 50 } }]",
        5,
    );
    let years: Vec<f64> = got.chunks(12).map(|year| year.iter().sum()).collect();
    // The reference repeats a year of 8,760 hours: 2020, with its 29 February, is no year of its.
    for (index, expected) in [
        8_761_800.0,
        9_156_081.0,
        9_568_104.644999996,
        9_998_669.354025,
        10_448_609.47495612,
    ]
    .into_iter()
    .enumerate()
    .filter(|(i, _)| *i != 2)
    {
        assert!(
            (years[index] - expected).abs() < 1e-6,
            "year {index}: {} instead of {expected}",
            years[index]
        );
    }
}

#[test]
fn a_list_is_cumulative() {
    let got = bills(
        "escalator = { cumulative_list = { percents = [0, 2, 4, 6, 8], from = '2018-01-01' } }\nclauses = [{ fixed_price = { usd_per_mwh = 50 } }]",
        5,
    );
    let years: Vec<f64> = got.chunks(12).map(|year| year.iter().sum()).collect();
    // The reference repeats a year of 8,760 hours: 2020, with its 29 February, is no year of its.
    for (index, expected) in [
        8_761_800.0,
        8_937_036.0,
        9_112_272.000000002,
        9_287_507.999999998,
        9_462_744.000000002,
    ]
    .into_iter()
    .enumerate()
    .filter(|(i, _)| *i != 2)
    {
        assert!(
            (years[index] - expected).abs() < 1e-6,
            "year {index}: {} instead of {expected}",
            years[index]
        );
    }
}
