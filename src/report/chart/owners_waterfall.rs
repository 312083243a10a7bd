//! What owners pay in and get, year by year and tier by tier of their waterfall.

use plotters::style::RGBColor;
use serde::{Deserialize, Serialize};

use crate::finance::account::{Account, CashFlow};
use crate::finance::capital::{OwnersSpec, VendorEquitySpec};
use crate::report::chart::canvas::{
    Canvas, Dash, Entry, Frame, GRID, INK, PALETTE, Style, Swatch, WIDTH, fit, paint,
};
use crate::report::chart::panel::{Panel, Scale, nice_range, nice_ticks, year_ticks};
use crate::report::chart::{Cell, Chart, Meta, distinct, left_out};
use crate::report::view::View;
use crate::results::tables::RunTables;

/// The chart.
pub struct OwnersWaterfall;

/// One calendar year of a strategy whose owners share by a waterfall, USD; the replication shown in detail.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    year: i64,
    paid_in_usd: f64,
    vendor_paid_in_usd: f64,
    capital_usd: f64,
    preferred_usd: f64,
    promote_usd: f64,
    shared_usd: f64,
    vendor_usd: f64,
}

/// Strategies drawn side by side at most.
const COLUMNS_MAX: usize = 2;
const PANEL_HEIGHT: f64 = 260.0;
const OPACITY: f64 = 0.85;

/// Reads one part of a year.
type Part = fn(&Row) -> f64;
/// Parts from the axis outwards, with their words and colours; what is paid in lies below the line.
const PARTS: [(&str, Part, RGBColor); 7] = [
    ("capital returned", |r| r.capital_usd, PALETTE[0]),
    ("preferred return", |r| r.preferred_usd, PALETTE[2]),
    ("sponsor's promote", |r| r.promote_usd, PALETTE[4]),
    ("shared beyond it", |r| r.shared_usd, PALETTE[1]),
    ("to the vendor", |r| r.vendor_usd, PALETTE[6]),
    ("paid in", |r| 0.0 - r.paid_in_usd, INK),
    ("paid in by the vendor", |r| 0.0 - r.vendor_paid_in_usd, GRID),
];

impl Chart for OwnersWaterfall {
    type Row = Row;
    const ID: &'static str = "owners_waterfall";
    const CAPTION: &'static str = "What owners pay in (below the line) and get (above it) by calendar year and tier of their \
        waterfall, in the median replication: capital returned, the preferred return on it, then the sponsor's promote and what \
        is shared beside it. What pays both capital and return counts as capital first. The last year holds the residual, which \
        is worth, not money.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        view.strategies().flat_map(|id| years(&view, id)).collect()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(COLUMNS_MAX);
        let notes: Vec<String> =
            std::iter::once("Million US dollars, nominal; median replication.".to_owned())
                .chain(left_out(strategies.len(), shown))
                .collect();
        let frame = Frame {
            title: "Owners' waterfall by year",
            notes: &notes,
            height: 165.0 + PANEL_HEIGHT + 15.0 * notes.len() as f64,
        };
        let first = rows.iter().map(|r| r.year).min().unwrap_or(0) as f64;
        let last = rows.iter().map(|r| r.year).max().unwrap_or(0) as f64 + 1.0;
        paint(&frame, meta, |canvas, top| {
            let width = (WIDTH - 78.0) / shown.max(1) as f64;
            for (index, strategy) in strategies[..shown].iter().enumerate() {
                let own: Vec<&Row> = rows.iter().filter(|r| r.strategy.0 == **strategy).collect();
                let left = 66.0 + width * index as f64;
                let style = Style::new(13.0).bold();
                canvas.text((left, top + 6.0), &fit(strategy, width - 40.0, 13.0), style);
                bars(
                    canvas,
                    ((left, left + width - 46.0), top + 22.0),
                    (first, last),
                    &own,
                );
            }
            legend(canvas, frame.height - 46.0);
        })
    }
}

/// The years of a strategy whose owners have a waterfall; none of another.
fn years(view: &View<'_>, id: &str) -> Vec<Row> {
    let mut terms = view.tables.finance.iter();
    let stated = |item: &str| {
        let mut own = view.tables.finance.iter();
        own.find(|r| r.strategy == id && r.case == view.case && r.month.is_empty() && r.item == item)
            .map(|r| r.value)
    };
    let (Some(investor_percent), Some(preferred_percent), Some(promote_percent)) =
        (stated("investor"), stated("preferred"), stated("promote"))
    else {
        return Vec::new();
    };
    let fidelity = terms.find(|r| r.strategy == id && r.case == view.case);
    let fidelity = fidelity.map_or(String::new(), |r| r.fidelity.clone());
    let owners = OwnersSpec {
        investor_percent,
        preferred_percent,
        promote_percent,
    };
    let (flows, machines) = flows(view, id, stated("facility").is_some());
    let (vendor, others) = match stated("vendor_usd") {
        Some(usd) => {
            let vendor = VendorEquitySpec {
                usd,
                ownership_percent: stated("vendor_ownership").unwrap_or(0.0),
                date: None,
                on_completion: false,
                for_hardware: stated("vendor_hardware") == Some(1.0),
            };
            let from = stated("vendor_from").unwrap_or(0.0) as usize;
            let split = vendor.split(from, &flows, &machines);
            (split.vendor_usd, split.others_usd)
        }
        None => (vec![0.0; flows.len()], flows),
    };
    let mut rows: Vec<Row> = Vec::new();
    let months = &view.tables.manifest.months;
    for ((month, tiers), vendor) in months.iter().zip(owners.tiers(&others)).zip(vendor) {
        let Some(year) = month.get(..4).and_then(|year| year.parse().ok()) else {
            continue;
        };
        if rows.last().is_none_or(|last| last.year != year) {
            rows.push(Row {
                strategy: id.into(),
                case: view.case.into(),
                fidelity: Cell(fidelity.clone()),
                year,
                ..Row::default()
            });
        }
        if let Some(row) = rows.last_mut() {
            row.paid_in_usd += tiers.paid_in_usd;
            row.capital_usd += tiers.capital_usd;
            row.preferred_usd += tiers.preferred_usd;
            row.promote_usd += tiers.promote_usd;
            row.shared_usd += tiers.shared_usd;
            row.vendor_paid_in_usd += (0.0 - vendor).max(0.0);
            row.vendor_usd += vendor.max(0.0);
        }
    }
    rows
}

/// What owners get by month, and what is paid for machines. Where there is a loan for the works the books hold what owners get;
/// else it is all cash there is.
fn flows(view: &View<'_>, id: &str, borrows: bool) -> (Vec<f64>, Vec<f64>) {
    let names = &view.tables.manifest.months;
    let (mut owners, mut machines) = (vec![0.0; names.len()], vec![0.0; names.len()]);
    let own = view.tables.cashflow.iter();
    for row in own.filter(|r| r.strategy == id && r.case == view.case && r.which == "p50") {
        let (Ok(month), Some(account)) = (names.binary_search(&row.month), Account::from_id(&row.account))
        else {
            continue;
        };
        let is_owners = account.cash_flow() == Some(CashFlow::Equity);
        if borrows == is_owners {
            owners[month] += if is_owners { 0.0 - row.usd } else { row.usd };
        }
        if account == Account::CapexHardware {
            machines[month] -= row.usd;
        }
    }
    (owners, machines)
}

fn bars(canvas: &mut Canvas<'_>, (sides, top): ((f64, f64), f64), (first, last): (f64, f64), rows: &[&Row]) {
    let sums = rows.iter().flat_map(|row| {
        let side = |sign: f64| {
            PARTS
                .iter()
                .map(|(_, part, _)| (part(row) * sign).max(0.0))
                .sum::<f64>()
                * sign
        };
        [side(1.0) / 1e6, side(-1.0) / 1e6]
    });
    let range = nice_range(sums, 6);
    let panel = Panel {
        left: sides.0,
        top,
        right: sides.1,
        bottom: top + PANEL_HEIGHT,
        x: Scale::linear(first, last),
        y: Scale::linear(range.0, range.1),
    };
    panel.x_axis(canvas, &year_ticks(first, last, 8), "");
    let ticks = nice_ticks(range.0, range.1, 6);
    panel.y_axis(canvas, &ticks, "of the year, million USD", 46.0);
    for row in rows {
        let (mut above, mut below) = (0.0, 0.0);
        let year = row.year as f64;
        let sides = (panel.px(year + 0.14), panel.px(year + 0.86));
        for (_, part, colour) in PARTS {
            let usd = part(row) / 1e6;
            let from = if usd >= 0.0 { &mut above } else { &mut below };
            let (start, end) = (*from, *from + usd);
            *from = end;
            let corners = ((sides.0, panel.py(start)), (sides.1, panel.py(end)));
            canvas.rectangle(corners.0, corners.1, colour, OPACITY);
        }
    }
    let zero = panel.py(0.0);
    canvas.line(&[(panel.left, zero), (panel.right, zero)], INK, 1.0, Dash::Solid);
}

fn legend(canvas: &mut Canvas<'_>, top: f64) {
    let entries: Vec<Entry<'_>> = PARTS
        .iter()
        .map(|(text, _, colour)| Entry {
            text,
            colour: *colour,
            swatch: Swatch::Area(OPACITY),
        })
        .collect();
    canvas.legend((66.0, top), &entries[..4]);
    canvas.legend((66.0, top + 17.0), &entries[4..]);
}
