//! Net present value against the discount rate: how many rates of return there are, and what they mean.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{
    Canvas, Dash, Entry, Frame, INK, MUTED, Style, Swatch, WIDTH, paint, series_colour,
};
use crate::report::chart::panel::{Panel, Scale, nice_range, nice_ticks};
use crate::report::chart::value_by_account::is_project;
use crate::report::chart::{Cell, Chart, Meta, PANELS_MAX, distinct, left_out};
use crate::report::format;
use crate::report::view::View;
use crate::results::tables::RunTables;

/// The chart.
pub struct NpvProfile;

/// Net present value of one strategy's median replication at one rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    rate_percent: f64,
    npv_usd: f64,
    is_discount_rate: bool,
}

/// Rates that are drawn, percent a year.
const RATES_PERCENT: [f64; 30] = [
    -10.0, -7.5, -5.0, -2.5, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0,
    15.0, 17.5, 20.0, 25.0, 30.0, 35.0, 40.0, 50.0, 60.0, 80.0, 100.0,
];

impl Chart for NpvProfile {
    type Row = Row;
    const ID: &'static str = "npv_profile";
    const CAPTION: &'static str = "Net present value of the median replication, before financing and with the residual, at \
        other discount rates. Where a curve crosses zero there is a rate of return; where it crosses more than once, or \
        rises with the rate, a rate of return alone misleads, and the modified one is given beside it.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let months = &tables.manifest.months;
        let Some(start) = months.first().and_then(|m| format::parse_month(m)) else {
            return Vec::new();
        };
        let own = tables.manifest.discount_rate * 100.0;
        let mut rates: Vec<f64> = RATES_PERCENT.to_vec();
        if !rates.contains(&own) && own.is_finite() {
            rates.push(own);
            rates.sort_by(f64::total_cmp);
        }
        let mut rows = Vec::new();
        for id in view.strategies() {
            let cash = tables.cashflow.iter().filter(|r| {
                r.strategy == id && r.case == view.case && r.which == "p50" && is_project(&r.account)
            });
            let flows: Vec<(f64, f64)> = cash
                .filter_map(|r| {
                    let month = format::parse_month(&r.month)?;
                    Some((f64::from(start.months_until(month)) + 0.5, r.usd))
                })
                .collect();
            if flows.is_empty() {
                continue;
            }
            rows.extend(rates.iter().map(|percent| Row {
                strategy: id.into(),
                case: view.case.into(),
                fidelity: view.fidelity().into(),
                rate_percent: *percent,
                npv_usd: npv(&flows, percent / 100.0),
                is_discount_rate: *percent == own,
            }));
        }
        rows
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(PANELS_MAX);
        let notes: Vec<String> = std::iter::once(
            "Million US dollars; mid-month discounting; the axis of rates is closer beyond 20 %.".to_owned(),
        )
        .chain(left_out(strategies.len(), shown))
        .collect();
        let frame = Frame {
            title: "Net present value by discount rate, median replication",
            notes: &notes,
            height: 380.0,
        };
        let (low, high) = nice_range(rows.iter().map(|r| r.npv_usd / 1e6), 6);
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top, &strategies[..shown]);
            let panel = Panel {
                left: 80.0,
                top: top + 20.0,
                right: WIDTH - 24.0,
                bottom: frame.height - 62.0,
                x: Scale::sym_log(-10.0, 100.0, 15.0),
                y: Scale::linear(low, high),
            };
            let ticks = [-10.0, 0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0];
            let ticks = ticks.map(|rate| (rate, format::number(rate, 0)));
            panel.x_axis(canvas, &ticks, "discount rate, % a year, effective");
            panel.y_axis(canvas, &nice_ticks(low, high, 6), "million USD", 62.0);
            panel.rule(canvas, 0.0, 1.0, Dash::Solid);
            mark_own(canvas, &panel, rows);
            for (index, strategy) in strategies[..shown].iter().enumerate() {
                let own = rows.iter().filter(|r| r.strategy.0 == **strategy);
                let points: Vec<(f64, f64)> = own.map(|r| (r.rate_percent, r.npv_usd / 1e6)).collect();
                let dash = Dash::of_series(index);
                canvas.line(&panel.points(&points), series_colour(index), 2.0, dash);
            }
        })
    }
}

/// Present value of flows at months from the start.
fn npv(flows: &[(f64, f64)], rate: f64) -> f64 {
    flows
        .iter()
        .map(|(month, usd)| usd * (1.0 + rate).powf(-month / 12.0))
        .sum()
}

fn legend(canvas: &mut Canvas<'_>, top: f64, strategies: &[&str]) {
    let names: Vec<String> = strategies.iter().map(|id| format::shorten(id, 24)).collect();
    let entries: Vec<Entry<'_>> = names
        .iter()
        .enumerate()
        .map(|(index, text)| Entry {
            text,
            colour: series_colour(index),
            swatch: Swatch::Line(Dash::of_series(index)),
        })
        .collect();
    canvas.legend((80.0, top), &entries);
}

/// The discount rate of the scenario.
fn mark_own(canvas: &mut Canvas<'_>, panel: &Panel, rows: &[Row]) {
    if let Some(row) = rows.iter().find(|r| r.is_discount_rate) {
        let x = panel.px(row.rate_percent);
        canvas.line(&[(x, panel.top), (x, panel.bottom)], INK, 1.0, Dash::Dotted);
        let text = format!("{} %: the scenario's", format::number(row.rate_percent, 1));
        canvas.text((x + 6.0, panel.top + 10.0), &text, Style::new(11.0).colour(MUTED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::results::tables::CashflowRow;

    #[test]
    fn the_profile_crosses_zero_at_each_rate_of_return() {
        // -100, +245 a year later, -150 another year later: twice nought, at 20 % and 25 %.
        let mut tables = fixture::with_npv(&[("only", [1.0])]);
        let flows = [("2026-01", -100.0), ("2027-01", 245.0), ("2028-01", -150.0)];
        for (month, usd) in flows {
            tables.cashflow.push(CashflowRow {
                strategy: "only".to_owned(),
                case: tables.manifest.cases.first().cloned().unwrap_or_default(),
                which: "p50".to_owned(),
                month: month.to_owned(),
                account: "lease_revenue".to_owned(),
                usd,
                ..CashflowRow::default()
            });
        }
        let debt = CashflowRow {
            account: "debt_draws".to_owned(),
            usd: 1e6,
            ..tables.cashflow[0].clone()
        };
        tables.cashflow.push(debt);
        let rows = NpvProfile::data(&tables);
        let at = |rate: f64| rows.iter().find(|r| r.rate_percent == rate).unwrap().npv_usd;
        // In units of the middle of the first month.
        assert!(
            at(20.0).abs() < 1e-9 && at(25.0).abs() < 1e-9,
            "{} {}",
            at(20.0),
            at(25.0)
        );
        assert!(at(17.5) < 0.0 && at(30.0) < 0.0, "{} {}", at(17.5), at(30.0));
        assert!((at(0.0) + 5.0).abs() < 1e-9);
    }
}
