//! What drives the result and what breaks it, in a few sentences and one table of limits.

use crate::metric::Metric;
use crate::report::chart::Chart;
use crate::report::chart::value_by_account::{Row as Value, ValueByAccount};
use crate::report::format;
use crate::report::memo::document::{Cite, Section, Text};
use crate::report::memo::figures::{Measure, by_strategy, metric, summary_source, worked_out};
use crate::report::memo::{appendix, plan, tenants};
use crate::report::view::View;

/// Strategies whose drivers the first pages name.
const STRATEGIES_NAMED: usize = 4;
/// Accounts that a sentence names.
const ACCOUNTS_NAMED: usize = 4;
/// Parts of the luck that a sentence names.
const DRIVERS_NAMED: usize = 3;
/// Replications from which a share of the spread is read.
const SPREAD_REPLICATIONS_MIN: usize = 30;

/// What drives the result: where value comes from against the baseline, what its spread goes with, what drives dates.
pub(crate) fn drivers(view: &View<'_>) -> Section {
    let mut section = Section::new("What drives the result");
    let mut lines = Vec::new();
    let values = ValueByAccount::data(view.tables);
    for id in view
        .strategies()
        .filter(|id| *id != view.baseline())
        .take(STRATEGIES_NAMED)
    {
        lines.extend(against(view, &values, id));
        lines.extend(goes_with(view, id));
        lines.extend(late_by(view, id));
    }
    let hosts = view.strategies().filter_map(|id| tenants::hosted(view, id));
    lines.extend(hosts.take(STRATEGIES_NAMED));
    section.list(lines);
    section
}

/// The accounts in which a strategy differs most from the baseline, in present value.
fn against(view: &View<'_>, values: &[Value], id: &str) -> Option<Text> {
    let of = |strategy: &str, account: &str| {
        let mut rows = values.iter().enumerate();
        rows.find(|(_, r)| r.strategy.0 == strategy && r.account.0 == account)
    };
    let mut accounts: Vec<&str> = Vec::new();
    for row in values {
        if [id, view.baseline()].contains(&row.strategy.0.as_str())
            && !accounts.contains(&row.account.0.as_str())
        {
            accounts.push(&row.account.0);
        }
    }
    let worth =
        |strategy: &str, account: &str| of(strategy, account).map_or(0.0, |(_, r)| r.present_value_usd);
    let mut moved: Vec<(&str, f64)> = accounts
        .into_iter()
        .map(|account| (account, worth(id, account) - worth(view.baseline(), account)))
        .collect();
    moved.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    moved.truncate(ACCOUNTS_NAMED);
    moved.retain(|(_, usd)| usd.abs() >= 50_000.0);
    if moved.is_empty() {
        return None;
    }
    let mut text = Text::default().strong(id).text(format!(
        " against {}, present value in million USD: ",
        view.baseline()
    ));
    for (index, (account, usd)) in moved.iter().enumerate() {
        let joint = if index > 0 { ", " } else { "" };
        text = text.text(format!("{joint}{} ", format::words(account)));
        let shown = format::musd_signed(*usd);
        text = match of(id, account).or_else(|| of(view.baseline(), account)) {
            Some((row, _)) => text.figure(
                shown,
                Cite::record(ValueByAccount::FILE, row, (*account).to_owned()),
            ),
            None => text.text(shown),
        };
    }
    Some(text.text("."))
}

/// Which drawn or simulated quantity the spread of the net present value goes with: squared rank correlation.
fn goes_with(view: &View<'_>, id: &str) -> Option<Text> {
    let causes = [
        (Metric::ReadyForServiceMonths, "the ready date"),
        (Metric::MiningRevenueUsdPerMwh, "what mining earns"),
        (Metric::GpuRevenueUsdPerMwh, "what GPUs earn"),
        (Metric::EnergyCostUsdPerMwh, "the price of power"),
        (Metric::CapexUsd, "capital expenditure"),
        (Metric::GpuHoursFailed, "failures of GPUs"),
    ];
    let npv = view.values(id, Metric::NpvUsd);
    let mut shares: Vec<(&str, f64)> = causes
        .iter()
        .filter_map(|(metric, name)| Some((*name, rank_correlation(npv, view.values(id, *metric))?.powi(2))))
        .filter(|(_, share)| *share >= 0.05)
        .collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares.truncate(DRIVERS_NAMED);
    if shares.is_empty() {
        return None;
    }
    let parts: Vec<String> = shares
        .iter()
        .map(|(name, share)| format!("{} with {name}", format::percent(*share, 0)))
        .collect();
    let text = format!(
        ": of the spread of its net present value, {} (squared rank correlation; shares overlap, ",
        format::join_and(&parts)
    );
    let text = Text::default().strong(id).text(text);
    Some(text.link("metrics.csv", "metrics.csv").text(")."))
}

/// Spearman's rank correlation over the replications that have both values.
fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let pairs = a.iter().zip(b).filter(|(x, y)| x.is_finite() && y.is_finite());
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.map(|(x, y)| (*x, *y)).unzip();
    if a.len() < SPREAD_REPLICATIONS_MIN {
        return None;
    }
    let (a, b) = (ranks(&a), ranks(&b));
    let middle = (a.len() as f64 - 1.0) / 2.0;
    let product =
        |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle)).sum() };
    let (aa, bb) = (product(&a, &a), product(&b, &b));
    (aa > 0.0 && bb > 0.0).then(|| product(&a, &b) / (aa * bb).sqrt())
}

/// Ranks from 0; equals share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].total_cmp(&values[*j]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let same = |k: &usize| values[order[*k]] == values[order[from]];
        let to = (from..order.len()).take_while(same).last().unwrap_or(from);
        for index in &order[from..=to] {
            ranks[*index] = f64::midpoint(from as f64, to as f64);
        }
        from = to + 1;
    }
    ranks
}

/// The parts of the luck that make a strategy's date late, beyond that all of it together.
fn late_by(view: &View<'_>, id: &str) -> Option<Text> {
    let rows = view.tables.schedule_drivers.iter().enumerate();
    let own: Vec<_> = rows
        .filter(|(_, r)| r.strategy == id && r.mean_months.is_finite())
        .collect();
    let all = own.iter().find(|(_, r)| r.driver == "everything")?;
    let mut parts: Vec<_> = own
        .iter()
        .filter(|(_, r)| r.driver != "everything" && r.mean_months >= 0.05)
        .collect();
    parts.sort_by(|a, b| b.1.mean_months.total_cmp(&a.1.mean_months));
    let figure = |(index, row): &(usize, &crate::results::tables::ScheduleDriverRow)| {
        let key = format!("{}, {}", row.strategy, row.driver);
        let months = format::number(row.mean_months, 1);
        Text::default().figure(months, Cite::record("schedule_drivers.csv", *index, key))
    };
    let mut text = Text::default()
        .strong(id)
        .text(": luck makes its date ")
        .then(figure(all));
    text = text.text(" months later than planned in the mean");
    for (index, part) in parts.into_iter().take(DRIVERS_NAMED).enumerate() {
        let joint = if index == 0 { "; of its parts, " } else { ", " };
        text = text
            .text(format!(
                "{joint}{} ",
                format::words(&part.1.driver).replace('-', " ")
            ))
            .then(figure(part));
    }
    Some(text.text("."))
}

/// What breaks it: limits of prices, dates, heat and cover.
pub(crate) fn breaks(view: &View<'_>) -> Section {
    let mut section = Section::new("What breaks it");
    let mut measures: Vec<Measure<'_>> = vec![
        metric(
            view,
            "Power price at which it is worth nothing, USD/MWh at the meter",
            Metric::BreakEvenPowerUsdPerMwh,
            1.0,
            1,
        ),
        metric(
            view,
            "Power price it pays, net of resale and demand response",
            Metric::EnergyCostUsdPerMwh,
            1.0,
            1,
        ),
        metric(
            view,
            "Rent at which it is worth nothing, USD/GPU-h served",
            Metric::LevelisedUsdPerGpuH,
            1.0,
            2,
        ),
        worked_out("Rent it earns, mean, USD/GPU-h served", |id| {
            earned_per_gpu_h(view, id)
        }),
        worked_out("Mean NPV of the worst tenth, million USD", |id| {
            appendix::worst_decile(view, id)
        }),
    ];
    measures.push((
        "A month later costs, million USD".to_owned(),
        Box::new(|id| {
            plan::month_musd(view, id).map_or_else(Text::missing, |(usd, cite)| {
                Text::default().figure(format::number(usd, 2), cite)
            })
        }),
    ));
    measures.push((
        "IT load that the worst hour leaves, of the design".to_owned(),
        Box::new(|id| worst_hour(view, id)),
    ));
    let caption = "Limits, P50 (P10 to P90) over replications unless stated";
    for table in by_strategy(view, caption, &summary_source(), &measures) {
        section.table(table);
    }
    let leave = view.strategies().filter_map(|id| tenants::who_leave(view, id));
    let margins = view.strategies().filter_map(|id| power_margin(view, id));
    section.list(leave.take(STRATEGIES_NAMED).chain(margins).collect());
    section
}

/// Mean revenue of GPUs over mean GPU-hours served.
fn earned_per_gpu_h(view: &View<'_>, id: &str) -> String {
    let sold = [
        "gpu_reserved_revenue",
        "gpu_on_demand_revenue",
        "gpu_spot_revenue",
        "inference_revenue",
    ];
    let rows = view.tables.cashflow.iter();
    let usd: f64 = rows
        .filter(|r| {
            r.strategy == id && r.case == view.case && r.which == "mean" && sold.contains(&r.account.as_str())
        })
        .map(|r| r.usd)
        .sum();
    let hours = view.summary(id, Metric::GpuHoursServed).map_or(0.0, |r| r.mean);
    let rate = if hours > 0.0 { usd / hours } else { f64::NAN };
    format::number(rate, 2)
}

/// The least share of its design that a hall of a strategy can be given in the worst hour, all units whole.
fn worst_hour(view: &View<'_>, id: &str) -> Text {
    let rows = view.tables.hot_hours.iter().enumerate();
    let own = rows.filter(|(_, r)| {
        r.strategy == id && r.case == view.case && !r.hall.is_empty() && r.units_out == 0 && r.design_mw > 0.0
    });
    let least = own.min_by(|a, b| (a.1.worst_mw / a.1.design_mw).total_cmp(&(b.1.worst_mw / b.1.design_mw)));
    least.map_or_else(Text::missing, |(index, row)| {
        let key = format!(
            "{}, {}/{}, worst_mw over design_mw",
            row.strategy, row.site, row.hall
        );
        let text = format::percent(row.worst_mw / row.design_mw, 0);
        let hours = format!(" ({} h/yr short)", format::number(row.hours_short, 0));
        Text::default().figure(text + &hours, Cite::record("hot_hours.csv", index, key))
    })
}

/// How far power may dear up, or must cheapen, before a strategy is worth nothing.
fn power_margin(view: &View<'_>, id: &str) -> Option<Text> {
    let limit = view.summary(id, Metric::BreakEvenPowerUsdPerMwh)?.p50;
    let paid = view.summary(id, Metric::EnergyCostUsdPerMwh)?.p50;
    let text = if limit >= paid {
        format!(
            ": its median stands a power price {} USD/MWh higher than it pays.",
            format::number(limit - paid, 1)
        )
    } else if limit > 0.0 {
        format!(
            ": its median is worth nothing unless power is {} USD/MWh cheaper than it pays.",
            format::number(paid - limit, 1)
        )
    } else {
        ": in its median no price of power makes it worth anything.".to_owned()
    };
    Some(Text::default().strong(id).text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_ties_and_correlate_as_spearman_says() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
        let rising: Vec<f64> = (0..40).map(f64::from).collect();
        let cubed: Vec<f64> = rising.iter().map(|v| -v.powi(3)).collect();
        assert_eq!(rank_correlation(&rising, &cubed), Some(-1.0));
        assert_eq!(rank_correlation(&rising[..29], &cubed[..29]), None);
        assert_eq!(rank_correlation(&rising, &[1.0; 40]), None);
        // Scipy's spearmanr of (0..40) and the same with neighbours swapped: 1 - 6 * 40 / (40 * 1599).
        let swapped: Vec<f64> = (0..40).map(|i| f64::from(i ^ 1)).collect();
        let rho = rank_correlation(&rising, &swapped).unwrap();
        assert!((rho - (1.0 - 240.0 / 63_960.0)).abs() < 1e-12, "{rho}");
    }
}
