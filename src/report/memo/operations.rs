//! What drives the result: revenue per megawatt-hour, energy, capacity, schedule.

use crate::metric::Metric;
use crate::report::chart::Drawn;
use crate::report::format;
use crate::report::memo::Charts;
use crate::report::memo::document::{Section, Text};
use crate::report::memo::figures::{Measure, by_strategy, metric, of_summary, summary_source};
use crate::report::view::View;
use crate::results::tables::MonthlyRow;

/// Revenue per megawatt-hour by line, the cost of energy, use of GPUs.
pub(crate) fn drivers(view: &View<'_>, chart: Option<Drawn>) -> Section {
    let mut section = Section::new("Drivers in figures");
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

/// One sentence a strategy: what a megawatt-hour earns in each use and what it costs.
fn per_mwh(view: &View<'_>) -> Vec<Text> {
    let uses = [
        (Metric::MiningRevenueUsdPerMwh, "in mining"),
        (Metric::GpuRevenueUsdPerMwh, "in the GPU cloud"),
        (Metric::LeaseRevenueUsdPerMwh, "in the lease"),
    ];
    let usd = |id: &str, metric| of_summary(view, id, metric, |r| format::number(r.mean, 0));
    let sentence = |id: &str| {
        let cost = usd(id, Metric::EnergyCostUsdPerMwh);
        let earned = uses.iter().map(|(metric, name)| (usd(id, *metric), name));
        let earned: Vec<(Text, &&str)> = earned.filter(|(text, _)| !text.is_missing()).collect();
        if earned.is_empty() || cost.is_missing() {
            return None;
        }
        let mut text = Text::default().strong(id).text(": a megawatt-hour earns ");
        for (index, (figure, name)) in earned.into_iter().enumerate() {
            let joint = if index > 0 { " and " } else { "" };
            text = text.text(joint).then(figure).text(format!(" USD {name}"));
        }
        Some(
            text.text(", and costs ")
                .then(cost)
                .text(" USD at the meter (means)."),
        )
    };
    view.strategies().filter_map(sentence).collect()
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
                Text::missing()
            } else {
                Text::new(format::number(mwh.iter().sum(), 0))
            }
        };
        (name.to_owned(), Box::new(total))
    };
    columns.into_iter().map(measure).collect()
}
