//! What is owed by month, and where the cash of each year comes from and goes to: works, lenders, owners.

use plotters::style::RGBColor;
use serde::{Deserialize, Serialize};

use crate::finance::account::{Account, CashFlow};
use crate::report::chart::canvas::{
    Canvas, Dash, Entry, Frame, GRID, INK, PALETTE, Style, Swatch, WIDTH, fit, paint, series_colour,
};
use crate::report::chart::panel::{Panel, Scale, nice_range, nice_ticks, year_of_month, year_ticks};
use crate::report::chart::{Cell, Chart, Meta, distinct, left_out};
use crate::report::view::View;
use crate::results::tables::{CashflowRow, RunTables};

/// The chart.
pub struct DebtAndCash;

/// One month of a strategy that borrows, USD, cash in positive; the replication shown in detail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    month: Cell,
    debt_usd: f64,
    operating_usd: f64,
    investing_usd: f64,
    drawn_usd: f64,
    interest_and_fees_usd: f64,
    repaid_usd: f64,
    reserve_usd: f64,
    paid_in_usd: f64,
    paid_out_usd: f64,
    residual_usd: f64,
}

/// Strategies drawn at most, side by side.
const COLUMNS_MAX: usize = 2;
const BALANCE_HEIGHT: f64 = 150.0;
const CASH_HEIGHT: f64 = 230.0;
const OPACITY: f64 = 0.85;

/// Reads one part of a month's cash.
type Part = fn(&Row) -> f64;
/// Parts from the axis outwards, with their words.
const PARTS: [(&str, Part); 9] = [
    ("running, after tax", |r| r.operating_usd),
    ("works and sales", |r| r.investing_usd),
    ("debt drawn", |r| r.drawn_usd),
    ("interest, fees", |r| r.interest_and_fees_usd),
    ("repaid", |r| r.repaid_usd),
    ("reserve", |r| r.reserve_usd),
    ("owners pay in", |r| r.paid_in_usd),
    ("owners take out", |r| r.paid_out_usd),
    ("residual (worth, not money)", |r| r.residual_usd),
];
/// Colours of the parts.
const COLOURS: [RGBColor; 9] = [
    PALETTE[0], PALETTE[1], PALETTE[2], PALETTE[4], PALETTE[3], PALETTE[6], PALETTE[5], INK, GRID,
];

impl Chart for DebtAndCash {
    type Row = Row;
    const ID: &'static str = "debt_and_cash";
    const CAPTION: &'static str = "Above: what is owed to lenders at the end of each month. Below: cash of each calendar year by \
        where it comes from (above the line) and where it goes (below it): the works, the lenders, their reserve, the owners. \
        Median replication. The residual of the last month is worth, not money; by convention owners take it out.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let borrowers = view.strategies().filter(|id| {
            let draws = |r: &CashflowRow| {
                is_own(&view, id, r) && r.account == Account::DebtDraws.id() && r.usd != 0.0
            };
            tables.cashflow.iter().any(draws)
        });
        borrowers.flat_map(|id| months(&view, id)).collect()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(COLUMNS_MAX);
        let notes: Vec<String> =
            std::iter::once("Million US dollars, nominal; median replication.".to_owned())
                .chain(left_out(strategies.len(), shown))
                .collect();
        let frame = Frame {
            title: "Debt by month, cash by year",
            notes: &notes,
            height: 190.0 + BALANCE_HEIGHT + CASH_HEIGHT + 15.0 * notes.len() as f64,
        };
        let years = span(rows);
        paint(&frame, meta, |canvas, top| {
            let width = (WIDTH - 78.0) / shown.max(1) as f64;
            for (index, strategy) in strategies[..shown].iter().enumerate() {
                let own: Vec<&Row> = rows.iter().filter(|r| r.strategy.0 == **strategy).collect();
                let left = 66.0 + width * index as f64;
                let sides = (left, left + width - 46.0);
                let style = Style::new(13.0).bold();
                canvas.text((left, top + 6.0), &fit(strategy, width - 40.0, 13.0), style);
                balance(canvas, (sides, top + 22.0, years), &own, index);
                cash(canvas, (sides, top + 74.0 + BALANCE_HEIGHT, years), &own);
            }
            legend(canvas, frame.height - 46.0);
        })
    }
}

fn is_own(view: &View<'_>, id: &str, row: &CashflowRow) -> bool {
    row.strategy == id && row.case == view.case && row.which == "p50"
}

/// The months of a strategy.
fn months(view: &View<'_>, id: &str) -> Vec<Row> {
    let empty = |month: &String| Row {
        strategy: id.into(),
        case: view.case.into(),
        fidelity: view.fidelity().into(),
        month: Cell(month.clone()),
        debt_usd: 0.0,
        operating_usd: 0.0,
        investing_usd: 0.0,
        drawn_usd: 0.0,
        interest_and_fees_usd: 0.0,
        repaid_usd: 0.0,
        reserve_usd: 0.0,
        paid_in_usd: 0.0,
        paid_out_usd: 0.0,
        residual_usd: 0.0,
    };
    let names = &view.tables.manifest.months;
    let mut rows: Vec<Row> = names.iter().map(empty).collect();
    for cash in view.tables.cashflow.iter().filter(|r| is_own(view, id, r)) {
        if let Ok(index) = names.binary_search(&cash.month)
            && let Some(account) = Account::from_id(&cash.account)
        {
            add(&mut rows[index], account, cash.usd);
        }
    }
    let mut owed = 0.0;
    for row in &mut rows {
        owed += row.drawn_usd + row.repaid_usd;
        // Rounding must not owe the owners anything.
        row.debt_usd = if owed > 0.5 { owed } else { 0.0 };
    }
    rows
}

fn add(row: &mut Row, account: Account, usd: f64) {
    let part = match account {
        Account::DebtDraws => &mut row.drawn_usd,
        Account::DebtRepayments => &mut row.repaid_usd,
        Account::ReserveAccounts => &mut row.reserve_usd,
        Account::EquityContributions => &mut row.paid_in_usd,
        Account::EquityDistributions => &mut row.paid_out_usd,
        _ => match account.cash_flow() {
            Some(CashFlow::Operating | CashFlow::Tax) => &mut row.operating_usd,
            Some(CashFlow::Investing) => &mut row.investing_usd,
            Some(CashFlow::Debt) => &mut row.interest_and_fees_usd,
            Some(CashFlow::Equity) => &mut row.paid_out_usd,
            Some(CashFlow::Residual) => &mut row.residual_usd,
            None => return,
        },
    };
    *part += usd;
}

fn span(rows: &[Row]) -> (f64, f64) {
    let years = || rows.iter().filter_map(|r| year_of_month(&r.month.0));
    let first = years().fold(f64::INFINITY, f64::min);
    (first, years().fold(f64::NEG_INFINITY, f64::max) + 1.0 / 12.0)
}

/// Left and right, top, and the first and last year of a panel.
type Place = ((f64, f64), f64, (f64, f64));

fn panel_of((sides, top, years): Place, height: f64, range: (f64, f64)) -> Panel {
    Panel {
        left: sides.0,
        top,
        right: sides.1,
        bottom: top + height,
        x: Scale::linear(years.0, years.1),
        y: Scale::linear(range.0, range.1),
    }
}

fn balance(canvas: &mut Canvas<'_>, place: Place, rows: &[&Row], index: usize) {
    let range = nice_range(rows.iter().map(|r| r.debt_usd / 1e6), 4);
    let panel = panel_of(place, BALANCE_HEIGHT, range);
    panel.x_axis(canvas, &year_ticks(place.2.0, place.2.1, 8), "");
    panel.y_axis(
        canvas,
        &nice_ticks(range.0, range.1, 4),
        "owed, million USD",
        46.0,
    );
    let mut points: Vec<(f64, f64)> = Vec::new();
    for row in rows {
        if let Some(year) = year_of_month(&row.month.0) {
            points.push((year + 1.0 / 12.0, row.debt_usd / 1e6));
        }
    }
    let mut area = points.clone();
    area.extend([(place.2.1, 0.0), (place.2.0, 0.0)]);
    canvas.polygon(&panel.points(&area), series_colour(index), 0.18);
    canvas.line(&panel.points(&points), series_colour(index), 2.0, Dash::Solid);
}

fn cash(canvas: &mut Canvas<'_>, place: Place, rows: &[&Row]) {
    let mut years: Vec<(i64, [f64; 9])> = Vec::new();
    for row in rows {
        let Some(year) = year_of_month(&row.month.0).map(|y| (y + 1e-6).floor() as i64) else {
            continue;
        };
        if years.last().is_none_or(|last| last.0 != year) {
            years.push((year, [0.0; 9]));
        }
        if let Some(last) = years.last_mut() {
            for (sum, (_, part)) in last.1.iter_mut().zip(PARTS) {
                *sum += part(row) / 1e6;
            }
        }
    }
    let sums = years.iter().flat_map(|(_, parts)| {
        let side = |sign: f64| parts.iter().map(|v| (v * sign).max(0.0)).sum::<f64>() * sign;
        [side(1.0), side(-1.0)]
    });
    let range = nice_range(sums, 5);
    let panel = panel_of(place, CASH_HEIGHT, range);
    panel.x_axis(canvas, &year_ticks(place.2.0, place.2.1, 8), "");
    panel.y_axis(
        canvas,
        &nice_ticks(range.0, range.1, 5),
        "cash of the year, million USD",
        46.0,
    );
    for (year, parts) in &years {
        bar(canvas, &panel, *year as f64, parts);
    }
    let zero = panel.py(0.0);
    canvas.line(&[(panel.left, zero), (panel.right, zero)], INK, 1.0, Dash::Solid);
}

fn bar(canvas: &mut Canvas<'_>, panel: &Panel, year: f64, parts: &[f64; 9]) {
    let (mut above, mut below) = (0.0, 0.0);
    let sides = (panel.px(year + 0.14), panel.px(year + 0.86));
    for (value, colour) in parts.iter().zip(COLOURS) {
        let from = if *value >= 0.0 { &mut above } else { &mut below };
        let (start, end) = (*from, *from + value);
        *from = end;
        let corners = ((sides.0, panel.py(start)), (sides.1, panel.py(end)));
        canvas.rectangle(corners.0, corners.1, colour, OPACITY);
    }
}

fn legend(canvas: &mut Canvas<'_>, top: f64) {
    let entry = |(part, colour): (&(&'static str, Part), RGBColor)| Entry {
        text: part.0,
        colour,
        swatch: Swatch::Area(OPACITY),
    };
    let entries: Vec<Entry<'_>> = PARTS.iter().zip(COLOURS).map(entry).collect();
    canvas.legend((66.0, top), &entries[..5]);
    canvas.legend((66.0, top + 17.0), &entries[5..]);
}
