//! Present value of the mean monthly cash by account: where the value of a strategy comes from and goes to.

use serde::{Deserialize, Serialize};

use crate::finance::account::{Account, CashFlow};
use crate::report::chart::canvas::{Align, Canvas, Dash, Frame, INK, PALETTE, Style, WIDTH, fit, paint};
use crate::report::chart::panel::{Panel, Scale, nice_range, nice_ticks};
use crate::report::chart::{Cell, Chart, Meta, distinct, left_out};
use crate::report::format;
use crate::report::view::View;
use crate::results::tables::RunTables;

/// The chart.
pub struct ValueByAccount;

impl ValueByAccount {
    /// Where its rows stand in a run directory.
    pub(crate) const FILE: &str = "charts/data/value_by_account.csv";
}

/// The present value of one account of one strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub(crate) strategy: Cell,
    pub(crate) case: Cell,
    pub(crate) fidelity: Cell,
    pub(crate) account: Cell,
    pub(crate) present_value_usd: f64,
}

/// Strategies drawn side by side at most.
const COLUMNS_MAX: usize = 4;
const ROW_HEIGHT: f64 = 19.0;
/// Whether the cash of an account is before financing: net present value is, so that lenders' and owners' is not in it.
pub(crate) fn is_project(account: &str) -> bool {
    let flow = Account::from_id(account).and_then(Account::cash_flow);
    flow.is_none_or(CashFlow::is_project)
}

impl Chart for ValueByAccount {
    type Row = Row;
    const ID: &'static str = "value_by_account";
    const CAPTION: &'static str = "Present value of the mean monthly cash, by account, at the scenario's discount \
        rate: right of the line comes in, left of it goes out. Accounts below 0.1 % of the largest are \
        not drawn but are in the sum; loans and equity are not.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let mut rows: Vec<Row> = Vec::new();
        let months = &tables.manifest.months;
        let known = months.first().and_then(|m| format::parse_month(m));
        let Some(start) = known else {
            return rows;
        };
        let rate = tables.manifest.discount_rate;
        for cash in tables
            .cashflow
            .iter()
            .filter(|r| r.case == view.case && r.which == "mean" && is_project(&r.account))
        {
            let Some(month) = format::parse_month(&cash.month) else {
                continue;
            };
            let elapsed = f64::from(start.months_until(month)) + 0.5;
            let usd = cash.usd * (1.0 + rate).powf(-elapsed / 12.0);
            let same = rows
                .iter_mut()
                .find(|r| r.strategy.0 == cash.strategy && r.account.0 == cash.account);
            match same {
                Some(row) => row.present_value_usd += usd,
                None => rows.push(Row {
                    strategy: Cell(cash.strategy.clone()),
                    case: Cell(cash.case.clone()),
                    fidelity: Cell(cash.fidelity.clone()),
                    account: Cell(cash.account.clone()),
                    present_value_usd: usd,
                }),
            }
        }
        rows.retain(|r| r.present_value_usd.is_finite() && r.present_value_usd != 0.0);
        rows
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(COLUMNS_MAX);
        let largest = rows.iter().map(|r| r.present_value_usd.abs()).fold(0.0, f64::max);
        let visible: Vec<&Row> = rows
            .iter()
            .filter(|r| r.present_value_usd.abs() >= 1e-3 * largest)
            .collect();
        let mut accounts: Vec<&str> = Vec::new();
        for row in &visible {
            if !accounts.contains(&row.account.0.as_str()) {
                accounts.push(&row.account.0);
            }
        }
        let total = |account: &str| -> f64 {
            let of_account = visible.iter().filter(|r| r.account.0 == account);
            of_account.map(|r| r.present_value_usd).sum()
        };
        // What comes in first, largest at the top; what goes out last.
        accounts.sort_by(|a, b| total(b).total_cmp(&total(a)));
        accounts.truncate(40);
        let notes: Vec<String> =
            std::iter::once("Million US dollars of present value; mean over replications.".to_owned())
                .chain(left_out(strategies.len(), shown))
                .collect();
        let frame = Frame {
            title: "Present value by account",
            notes: &notes,
            height: 142.0 + ROW_HEIGHT * (accounts.len() + 1) as f64 + 15.0 * notes.len() as f64,
        };
        let range = nice_range(visible.iter().map(|r| r.present_value_usd / 1e6), 4);
        paint(&frame, meta, |canvas, top| {
            let first_row = top + 30.0;
            for (index, account) in accounts.iter().enumerate() {
                let at = (196.0, first_row + ROW_HEIGHT * (index as f64 + 0.5));
                let name = fit(&format::label(account), 184.0, 12.0);
                canvas.text(at, &name, Style::new(12.0).align(Align::Right));
            }
            let at = (196.0, first_row + ROW_HEIGHT * (accounts.len() as f64 + 0.5));
            canvas.text(
                at,
                "Sum of all accounts",
                Style::new(12.0).bold().align(Align::Right),
            );
            let width = (WIDTH - 200.0) / shown.max(1) as f64;
            for (index, strategy) in strategies[..shown].iter().enumerate() {
                let left = 208.0 + width * index as f64;
                let panel = Panel {
                    left,
                    top: first_row,
                    right: left + width - 44.0,
                    bottom: first_row + ROW_HEIGHT * (accounts.len() + 1) as f64,
                    x: Scale::linear(range.0, range.1),
                    y: Scale::linear(0.0, 1.0),
                };
                let own: Vec<&Row> = rows.iter().filter(|r| r.strategy.0 == **strategy).collect();
                bars(canvas, &panel, &own, &accounts, range);
                canvas.text(
                    (left, first_row - 12.0),
                    &fit(strategy, width - 20.0, 13.0),
                    Style::new(13.0).bold(),
                );
            }
        })
    }
}

fn bars(canvas: &mut Canvas<'_>, panel: &Panel, rows: &[&Row], accounts: &[&str], range: (f64, f64)) {
    panel.x_axis(canvas, &nice_ticks(range.0, range.1, 2), "million USD");
    for (index, account) in accounts.iter().enumerate() {
        let of_account = rows.iter().filter(|r| r.account.0 == **account);
        let usd: f64 = of_account.map(|r| r.present_value_usd).sum();
        if usd != 0.0 {
            bar(canvas, panel, index, usd, false);
        }
    }
    bar(
        canvas,
        panel,
        accounts.len(),
        rows.iter().map(|r| r.present_value_usd).sum(),
        true,
    );
    let zero = panel.px(0.0);
    canvas.line(&[(zero, panel.top), (zero, panel.bottom)], INK, 1.0, Dash::Solid);
}

fn bar(canvas: &mut Canvas<'_>, panel: &Panel, index: usize, usd: f64, is_sum: bool) {
    let middle = panel.top + ROW_HEIGHT * (index as f64 + 0.5);
    let (zero, end) = (panel.px(0.0), panel.px(usd / 1e6));
    let colour = match (is_sum, usd >= 0.0) {
        (true, _) => INK,
        (false, true) => PALETTE[0],
        (false, false) => PALETTE[1],
    };
    canvas.rectangle((zero, middle - 6.0), (end, middle + 6.0), colour, 0.8);
    // The label goes where there is room: outside of the bar's end, or on the far side of zero.
    let text = format::number(usd / 1e6, usize::from(usd.abs() < 99.5e6));
    let fits = if usd >= 0.0 {
        panel.right - end > 36.0
    } else {
        end - panel.left > 36.0
    };
    let (at, align) = match (usd >= 0.0, fits) {
        (true, true) => (end + 4.0, Align::Left),
        (true, false) => (zero - 4.0, Align::Right),
        (false, true) => (end - 4.0, Align::Right),
        (false, false) => (zero + 4.0, Align::Left),
    };
    let style = Style::new(10.5).align(align);
    canvas.text((at, middle), &text, if is_sum { style.bold() } else { style });
}
