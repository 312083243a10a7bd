//! Rates in all their dresses, their traps, and what is refused by name.

use super::*;
use serde_json::{Value, json};

fn spec() -> TariffFileSpec {
    TariffFileSpec {
        file: "rate.json".to_owned(),
        label: None,
        tier_fill: None,
        leave_out: Vec::new(),
    }
}

fn table(period: u16) -> Value {
    json!(vec![vec![period; 24]; 12])
}

/// A rate of one price, changed by more fields.
fn rate(more: &Value) -> Value {
    let mut rate = json!({
        "utility": "Here Power", "name": "Large",
        "energyratestructure": [[{"rate": 0.05, "adj": 0.01, "unit": "kWh"}]],
        "energyweekdayschedule": table(0),
        "energyweekendschedule": table(0),
    });
    for (key, value) in more.as_object().unwrap() {
        rate[key] = value.clone();
    }
    rate
}

fn refused(more: &Value) -> Vec<String> {
    match read(&rate(more).to_string(), &spec()) {
        Err(TariffError::Refused(list)) => list
            .into_iter()
            .map(|r| format!("{} {}", r.field, r.why))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn clauses(more: &Value) -> Vec<ClauseSpec> {
    read(&rate(more).to_string(), &spec()).unwrap().clauses
}

#[test]
fn a_rate_reads_the_same_in_every_wrapper() {
    let bare = rate(&json!({}));
    let plain = read(&bare.to_string(), &spec()).unwrap();
    assert_eq!(plain.title, "Here Power: Large");
    let ClauseSpec::TimeOfUse(energy) = &plain.clauses[0] else {
        panic!("{plain:?}")
    };
    let price = energy.periods[0].tiers.as_ref().unwrap()[0].usd_per_mwh;
    assert!((price - 60.0).abs() < 1e-12);
    let bulk = json!([{
        "utilityName": "Here Power", "rateName": "Large",
        "energyRateStrux": [{"energyRateTiers": [{"rate": 0.05, "adj": 0.01, "unit": "kWh"}]}],
        "energyWeekdaySched": table(0), "energyWeekendSched": table(0),
    }]);
    let floats = rate(&json!({"energyweekdayschedule": vec![vec![0.0; 24]; 12]}));
    let dresses = [
        json!({ "items": [bare.clone()] }),
        Value::String(json!({ "items": [bare.clone()] }).to_string()),
        json!([bare]),
        bulk,
        floats,
    ];
    for dress in dresses {
        assert_eq!(read(&dress.to_string(), &spec()).unwrap(), plain, "{dress}");
    }
}

#[test]
fn limits_that_are_absent_null_or_astronomic_are_none() {
    for last in [
        json!({"rate": 0.03}),
        json!({"rate": 0.03, "max": null}),
        json!({"rate": 0.03, "max": 9.99e37}),
    ] {
        let clauses =
            clauses(&json!({"energyratestructure": [[{"rate": 0.05, "max": 300, "unit": "kWh/kW"}, last]]}));
        let ClauseSpec::TimeOfUse(energy) = &clauses[0] else {
            panic!()
        };
        let tiers = energy.periods[0].tiers.as_ref().unwrap();
        assert_eq!((tiers[0].up_to_hours, tiers[1].up_to_hours), (Some(300.0), None));
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of what is refused")]
fn what_cannot_be_priced_is_refused_by_the_name_that_the_file_uses() {
    let one = [[{ json!({"rate": 3.0}) }]];
    let cases = [
        (
            json!({"demandReactPwrCharge": 0.25}),
            "demandReactPwrCharge charges 0.25 USD/kVAR",
        ),
        (
            json!({"coincidentratestructure": one}),
            "coincidentratestructure charges the load at the system's peak",
        ),
        (
            json!({"flatdemandstructure": one, "flatdemandunit": "kVA"}),
            "flatdemandunit is `kVA`",
        ),
        (
            json!({"flatdemandstructure": one, "flatdemandunit": "hp"}),
            "flatdemandunit is `hp`",
        ),
        (
            json!({"flatdemandstructure": one, "flatdemandunit": "kW daily"}),
            "flatdemandunit is `kW daily`",
        ),
        (
            json!({"flatdemandstructure": one, "flatdemandmonths": [0, 0, 0]}),
            "flatdemandmonths has 3 months",
        ),
        (
            json!({"flatdemandstructure": one, "flatdemandmonths": vec![1; 12]}),
            "flatdemandmonths names a period",
        ),
        (
            json!({"demandratestructure": [[{"rate": 3}], [{"rate": 4}]]}),
            "demandweekdayschedule is missing",
        ),
        (json!({"demandwindow": 20}), "demandwindow is 20 minutes"),
        (
            json!({"energyweekdayschedule": vec![vec![0; 24]; 11]}),
            "energyweekdayschedule has the shape 11 x 24",
        ),
        (
            json!({"energyweekdayschedule": vec![vec![0; 23]; 12]}),
            "energyweekdayschedule has the shape 12 x 23",
        ),
        (
            json!({"energyweekendschedule": table(4)}),
            "energyweekendschedule names the period 4",
        ),
        (
            json!({"energyratestructure": [[{"rate": 6.0, "unit": "cents"}]]}),
            "energyratestructure has the unit `cents`",
        ),
        (
            json!({"energyratestructure": [[{"rate": 60.0}]]}),
            "energyratestructure has 60 USD/kWh",
        ),
        (
            json!({"energyratestructure": [[{"rate": 1, "max": 9}]]}),
            "energyratestructure ends at 9",
        ),
        (
            json!({"energyratestructure": [[{"rate": 1, "max": 9}, {"rate": 1, "max": 5}, {"rate": 1}]]}),
            "energyratestructure has the limit 5 after 9",
        ),
        (
            json!({"energyratestructure": [[{"rate": "dear"}]]}),
            "energyratestructure has `rate`",
        ),
        (
            json!({"fixedchargefirstmeter": 3.2}),
            "fixedchargeunits is missing",
        ),
        (
            json!({"fixedchargefirstmeter": 3.2, "fixedchargeunits": "$/bill"}),
            "fixedchargeunits is `$/bill`",
        ),
        (
            json!({"lookbackpercent": 0.8, "lookbackrange": 11, "lookbackmonths": vec![true; 12]}),
            "lookbackrange stands beside",
        ),
        (json!({"lookbackrange": 11}), "lookbackpercent is missing"),
        (json!({"stormcharge": 0.2}), "stormcharge is not known"),
        (
            json!({"fueladjustmentsmonthly": [0.01]}),
            "fueladjustmentsmonthly has 1 months",
        ),
    ];
    for (more, expected) in cases {
        let told = refused(&more);
        assert!(told.iter().any(|t| t.starts_with(expected)), "{more}: {told:?}");
    }
    // All at once.
    let told = refused(&json!({"demandwindow": 20, "demandReactPwrCharge": 1, "fixedchargefirstmeter": 3}));
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn a_field_may_be_left_out_where_the_user_says_so() {
    let text = rate(&json!({"demandReactPwrCharge": 0.25})).to_string();
    let mut spec = spec();
    spec.leave_out = vec!["demandReactPwrCharge".to_owned()];
    let read_without = read(&text, &spec).unwrap();
    assert!(
        read_without.notes[0].contains("left out"),
        "{:?}",
        read_without.notes
    );
    spec.leave_out = vec!["demandreactivepwrcharge".to_owned()];
    assert!(read(&text, &spec).is_err());
}

#[test]
fn a_look_back_share_is_a_fraction_or_percent_and_names_months_or_a_range() {
    let flat = json!([[{"rate": 10.0}]]);
    let ratchet = |more: &Value| -> crate::power::contract::ratchet::RatchetSpec {
        let mut all = json!({ "flatdemandstructure": flat });
        for (key, value) in more.as_object().unwrap() {
            all[key] = value.clone();
        }
        let clauses = clauses(&all);
        let demand = clauses.into_iter().find_map(|c| match c {
            ClauseSpec::DemandCharge(demand) => demand.ratchet,
            _ => None,
        });
        demand.unwrap()
    };
    let fraction = ratchet(&json!({"lookbackpercent": 0.6, "lookbackrange": 6}));
    assert!((fraction.percent - 60.0).abs() < 1e-12);
    assert_eq!(fraction.months, 6);
    let summer: Vec<bool> = (1..=12).map(|m| (6..=9).contains(&m)).collect();
    let percent = ratchet(&json!({"lookbackPercent": 80, "lookbackMonths": summer}));
    assert_eq!((percent.percent, percent.months), (80.0, 11));
    assert_eq!(percent.peak_months, Some(vec![6, 7, 8, 9]));
    let by_month = ratchet(&json!({"demandratchetpercentage": vec![0.75; 12]}));
    assert_eq!(by_month.percent_by_month, Some(vec![75.0; 12]));
}

#[test]
fn tiers_of_unequal_limits_need_a_rule_only_where_they_meet() {
    let mixed = vec![[vec![0; 12], vec![1; 12]].concat(); 12];
    let unequal = json!([[{"rate": 0.05, "max": 100}, {"rate": 0.04}], [{"rate": 0.03}]]);
    let meet = json!({"energyratestructure": unequal, "energyweekdayschedule": mixed});
    assert!(refused(&meet)[0].contains("say `tier_fill`"));
    let mut said = spec();
    said.tier_fill = Some(Fill::WithinEachPeriod);
    assert!(read(&rate(&meet).to_string(), &said).is_ok());
    let seasons: Vec<Vec<u16>> = (0..12).map(|m| vec![u16::from(m > 5); 24]).collect();
    let apart = json!({"energyratestructure": unequal, "energyweekdayschedule": seasons, "energyweekendschedule": seasons});
    assert_eq!(clauses(&apart).len(), 1);
}

#[test]
fn charges_of_every_unit_and_age_become_clauses() {
    let list = clauses(&json!({
        "fixedmonthlycharge": 35.28, "minmonthlycharge": 1.0, "annualmincharge": 12.0,
        "fixedchargefirstmeter": 3.298, "fixedchargeunits": "$/day",
        "fueladjustmentsmonthly": vec![0.002; 12],
        "flatdemandstructure": [[{"rate": 6.0}], [{"rate": 13.0, "adj": 0.5}]],
        "flatdemandmonths": [0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0],
        "demandwindow": 30,
    }));
    let kinds: Vec<String> = list
        .iter()
        .map(|c| {
            serde_json::to_value(c)
                .unwrap()
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .clone()
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "time_of_use",
            "demand_charge",
            "fixed_charge",
            "fixed_charge",
            "minimum_bill",
            "rider"
        ]
    );
    let ClauseSpec::DemandCharge(demand) = &list[1] else {
        panic!()
    };
    assert_eq!(demand.window_minutes, 30);
    assert_eq!(
        demand.schedule,
        Some(ScheduleSpec::ByMonth(vec![1, 1, 1, 1, 2, 2, 2, 2, 2, 1, 1, 1]))
    );
    let ClauseSpec::FixedCharge(daily) = &list[3] else {
        panic!()
    };
    assert_eq!(daily.usd_per_day, Some(3.298));
}

#[test]
fn what_is_no_rate_is_said_to_be_none() {
    for text in [
        "",
        "12",
        "{}",
        "[]",
        "\"not json\"",
        "[1, 2]",
        "{\"items\": []}",
        "{\"items\": 3}",
    ] {
        assert!(
            matches!(read(text, &spec()), Err(TariffError::Malformed(_))),
            "{text}"
        );
    }
    let two = json!([rate(&json!({"label": "a"})), rate(&json!({"label": "b"}))]).to_string();
    assert!(read(&two, &spec()).is_err());
    let mut b = spec();
    b.label = Some("b".to_owned());
    assert!(read(&two, &b).is_ok());
    b.label = Some("c".to_owned());
    assert!(read(&two, &b).is_err());
}
