//! What drives the result: revenue per megawatt-hour, energy, capacity, schedule.

use crate::metric::Metric;
use crate::report::chart::Drawn;
use crate::report::chart::parse_utc;
use crate::report::format::{self, MISSING};
use crate::report::memo::Charts;
use crate::report::memo::decision::{Measure, by_strategy, spread, summary_source};
use crate::report::memo::document::{Section, Table, Text};
use crate::report::view::{View, quantile, sorted};
use crate::results::tables::{MonthlyRow, ScheduleRow};
use crate::time::{Calendar, SimTime};

/// A measure that is a metric's P50 (P10 to P90), scaled, with so many decimals.
pub(crate) fn metric<'a>(
    view: &'a View<'a>,
    name: &str,
    metric: Metric,
    scale: f64,
    decimals: usize,
) -> Measure<'a> {
    let show = move |v: f64| format::number(v * scale, decimals);
    (
        name.to_owned(),
        Box::new(move |id: &str| spread(view, id, metric, show)),
    )
}

/// Revenue per megawatt-hour by line, the cost of energy, use of GPUs.
pub(crate) fn drivers(view: &View<'_>, chart: Option<Drawn>) -> Section {
    let mut section = Section::new("What drives the result");
    section.list(per_mwh(view));
    let mut measures = vec![
        metric(
            view,
            "Mining revenue, USD per MWh at the machines",
            Metric::MiningRevenueUsdPerMwh,
            1.0,
            1,
        ),
        metric(
            view,
            "GPU revenue, USD per MWh of IT",
            Metric::GpuRevenueUsdPerMwh,
            1.0,
            0,
        ),
        metric(
            view,
            "Lease rent, USD per MWh of IT",
            Metric::LeaseRevenueUsdPerMwh,
            1.0,
            0,
        ),
        metric(
            view,
            "Energy cost after resale and demand response, USD per MWh at the meter",
            Metric::EnergyCostUsdPerMwh,
            1.0,
            1,
        ),
        metric(view, "GPU utilisation, %", Metric::GpuUtilisation, 100.0, 1),
        metric(view, "Goodput, %", Metric::Goodput, 100.0, 2),
        metric(view, "GPU-hours served, million", Metric::GpuHoursServed, 1e-6, 1),
        metric(
            view,
            "Mean wait of on-demand jobs, hours",
            Metric::MeanWaitS,
            1.0 / 3_600.0,
            2,
        ),
        metric(view, "Bitcoin mined", Metric::BtcMined, 1.0, 0),
        metric(
            view,
            "Demand response received, million USD",
            Metric::DemandResponseUsd,
            1e-6,
            2,
        ),
    ];
    measures.extend(training(view));
    measures.extend(inference(view));
    let caption = "Drivers, P50 (P10 to P90) over replications";
    for table in by_strategy(view, caption, &summary_source(), &measures) {
        section.table(table);
    }
    section.figure(chart);
    section
}

/// What of the work on blocks that train was not lost, where there are any.
fn training<'a>(view: &'a View<'a>) -> Option<Measure<'a>> {
    let trains = |id: &str| view.summary(id, Metric::EffectiveTrainingRatio).is_some();
    view.strategies().any(trains).then(|| {
        metric(
            view,
            "Effective training time on reserved blocks, %",
            Metric::EffectiveTrainingRatio,
            100.0,
            2,
        )
    })
}

/// What inference services answered and how fast, where there are any.
fn inference<'a>(view: &'a View<'a>) -> Vec<Measure<'a>> {
    let served = |id: &str| view.summary(id, Metric::InferenceMtok).is_some();
    if !view.strategies().any(served) {
        return Vec::new();
    }
    vec![
        metric(
            view,
            "Tokens of inference services, milliard",
            Metric::InferenceMtok,
            1e-3,
            1,
        ),
        metric(
            view,
            "Requests within target, %",
            Metric::InferenceWithinTarget,
            100.0,
            2,
        ),
        metric(
            view,
            "Time to the first token, 95th percentile, s",
            Metric::InferenceFirstTokenP95S,
            1.0,
            2,
        ),
        metric(
            view,
            "GPU-hours worked on lent GPUs, million",
            Metric::InferenceLentGpuHours,
            1e-6,
            2,
        ),
    ]
}

/// One sentence a strategy: what a megawatt-hour earns in each use and what it costs.
fn per_mwh(view: &View<'_>) -> Vec<Text> {
    let uses = [
        (Metric::MiningRevenueUsdPerMwh, "mining"),
        (Metric::GpuRevenueUsdPerMwh, "GPU cloud"),
        (Metric::LeaseRevenueUsdPerMwh, "the lease"),
    ];
    let sentence = |id: &str| {
        let earned: Vec<String> = uses
            .iter()
            .filter_map(|(metric, name)| {
                let mean = view.summary(id, *metric)?.mean;
                Some(format!("{} USD in {name}", format::number(mean, 0)))
            })
            .collect();
        let cost = view.summary(id, Metric::EnergyCostUsdPerMwh)?.mean;
        (!earned.is_empty()).then(|| {
            Text::default().strong(id).text(format!(
                ": a megawatt-hour earns {}, and costs {} USD at the meter after resale and demand response (means).",
                format::join_and(&earned),
                format::number(cost, 0)
            ))
        })
    };
    view.strategies().filter_map(sentence).collect()
}

/// Energy, efficiency and where megawatt-hours were lost.
pub(crate) fn energy(view: &View<'_>, charts: &mut Charts) -> Section {
    let mut section = Section::new("Capacity and energy");
    section.figure(charts.take("capacity_by_hall"));
    let measures = vec![
        metric(view, "Energy at the meter, GWh", Metric::EnergyMwh, 1e-3, 0),
        metric(view, "Largest power at the meter, MW", Metric::PeakMw, 1.0, 1),
        metric(view, "PUE of GPU and leased halls", Metric::Pue, 1.0, 3),
        metric(view, "Water, litres per kWh of IT", Metric::WueLPerKwh, 1.0, 2),
        metric(view, "Carbon, kg per kWh of IT", Metric::CueKgPerKwh, 1.0, 3),
        metric(view, "Mining curtailed, GWh", Metric::CurtailedMwh, 1e-3, 1),
        metric(view, "Stranded, GWh", Metric::StrandedMwh, 1e-3, 1),
    ];
    let caption = "Energy over the horizon, P50 (P10 to P90) over replications";
    for table in by_strategy(view, caption, &summary_source(), &measures) {
        section.table(table);
    }
    let source = Text::default()
        .link("monthly.csv", "monthly.csv")
        .text(", median replication.");
    let caption = "Megawatt-hours that no use took, by cause, whole horizon";
    for table in by_strategy(view, caption, &source, &causes(view)) {
        section.table(table);
    }
    for id in [
        "power_stack",
        "price_duration_curve",
        "mining_dispatch",
        "pue_by_month",
    ] {
        section.figure(charts.take(id));
    }
    section.table(super::hot_hours::table(view));
    section.figure(charts.take("hot_hours"));
    section
}

/// Reads one column of a month.
type Column = fn(&MonthlyRow) -> f64;

fn causes<'a>(view: &'a View<'a>) -> Vec<Measure<'a>> {
    let columns: [(&str, Column); 8] = [
        ("Mining curtailed by price, cap or call", |r| r.curtailed_mwh),
        ("Stranded: grid limit", |r| r.stranded_mwh_grid),
        ("Stranded: cooling", |r| r.stranded_mwh_cooling),
        ("Stranded: electrical path", |r| r.stranded_mwh_electrical),
        ("Stranded: staff", |r| r.stranded_mwh_staff),
        ("Stranded: transformers", |r| r.stranded_mwh_transformer),
        ("Stranded: machines take less than the feed", |r| {
            r.stranded_mwh_rack
        }),
        ("Stranded: unlet or not ready", |r| r.stranded_mwh_unlet),
    ];
    let measure = |(name, column): (&str, Column)| -> Measure<'a> {
        let total = move |id: &str| {
            let rows = view
                .tables
                .monthly
                .iter()
                .filter(|r| r.strategy == id && r.case == view.case);
            let mwh: Vec<f64> = rows.map(column).collect();
            if mwh.is_empty() {
                MISSING.to_owned()
            } else {
                format::number(mwh.iter().sum(), 0)
            }
        };
        (name.to_owned(), Box::new(total))
    };
    columns.into_iter().map(measure).collect()
}

/// Planned and simulated ends of each converted hall.
pub(crate) fn schedule(view: &View<'_>, chart: Option<Drawn>) -> Section {
    let mut section = Section::new("Schedule");
    let mut rows = Vec::new();
    for id in view.strategies() {
        let stages: Vec<&ScheduleRow> = view.schedule(id).collect();
        let mut halls: Vec<(&str, &str)> = Vec::new();
        for stage in &stages {
            let hall = (stage.site.as_str(), stage.hall.as_str());
            if !halls.contains(&hall) {
                halls.push(hall);
            }
        }
        for (site, hall) in halls.into_iter().take(40) {
            let own: Vec<&ScheduleRow> = stages
                .iter()
                .filter(|r| r.site == site && r.hall == hall)
                .copied()
                .collect();
            let place = if hall.is_empty() {
                format!("{site}, stages shared by its halls")
            } else {
                format!("{site}/{hall}")
            };
            let first = Text::new(format!("{id}: {place}"));
            rows.push(std::iter::once(first).chain(ends(&own).map(Text::new)).collect());
        }
    }
    section.table(Table {
        caption: "Last stage of each converted hall: plan and replications".to_owned(),
        source: Text::default().link("schedule.csv", "schedule.csv").text("."),
        head: ["", "Planned", "P10", "P50", "P90", "Later than planned in"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        is_prose: false,
    });
    section.figure(chart);
    section
}

/// Planned end, P10, P50, P90 and the share that is late, of the stages of one hall over replications.
fn ends(stages: &[&ScheduleRow]) -> [String; 5] {
    let mut replications: Vec<u32> = stages.iter().map(|r| r.replication).collect();
    replications.sort_unstable();
    replications.dedup();
    let seconds = |text: &str| parse_utc(text).map(|t| t.as_unix_s() as f64);
    let planned = stages
        .iter()
        .filter_map(|r| seconds(&r.planned_end))
        .fold(f64::NEG_INFINITY, f64::max);
    let mut last = vec![f64::NEG_INFINITY; replications.len()];
    for stage in stages {
        if let Ok(index) = replications.binary_search(&stage.replication) {
            // A stage that does not end within the horizon makes the hall later than any date.
            last[index] = last[index].max(seconds(&stage.end).unwrap_or(f64::INFINITY));
        }
    }
    let late = last.iter().filter(|end| **end > planned).count() as f64 / last.len().max(1) as f64;
    let last = sorted(last);
    let date = |seconds: f64| {
        if seconds == f64::INFINITY {
            "beyond the horizon".to_owned()
        } else if seconds.is_finite() {
            date_of(SimTime::from_unix_s(seconds.round() as i64))
        } else {
            MISSING.to_owned()
        }
    };
    let share = if planned.is_finite() {
        format::probability(late, last.len())
    } else {
        MISSING.to_owned()
    };
    [
        date(planned),
        date(quantile(&last, 0.1)),
        date(quantile(&last, 0.5)),
        date(quantile(&last, 0.9)),
        share,
    ]
}

fn date_of(time: SimTime) -> String {
    let civil = Calendar::utc().civil_hour(time);
    format!("{} {}", civil.day, format::month_name(civil.month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_hall_is_late_and_has_no_date() {
        let stage = |replication: u32, end: &str| ScheduleRow {
            replication,
            planned_end: "2027-01-01T00:00:00Z".to_owned(),
            end: end.to_owned(),
            ..ScheduleRow::default()
        };
        let rows = [
            stage(0, "2026-12-01T00:00:00Z"),
            stage(1, "2027-03-01T00:00:00Z"),
            stage(2, ""),
        ];
        let all: Vec<&ScheduleRow> = rows.iter().collect();
        let [planned, _, median, late, share] = ends(&all);
        assert_eq!((planned.as_str(), median.as_str()), ("1 Jan 2027", "1 Mar 2027"));
        assert_eq!((late.as_str(), share.as_str()), ("beyond the horizon", "67 %"));
    }
}
