//! The miners: what each batch breaks even at, what a coin costs, and when a batch is worth more sold than kept.

use crate::metric::Metric;
use crate::report::chart::Drawn;
use crate::report::format;
use crate::report::memo::document::{Section, Table, Text};
use crate::report::memo::figures::{by_strategy, metric, summary_source};
use crate::report::view::View;
use crate::results::tables::MiningBatchRow;

/// Most rows of the table; the file has all.
const ROWS_SHOWN_MAX: usize = 24;

/// Cost of a coin by strategy, batches with their break-even and their month of sale, the fleet curve.
pub(crate) fn fleet(view: &View<'_>, chart: Option<Drawn>) -> Section {
    let mut section = Section::new("The miners");
    let batches = &view.tables.mining_batches;
    if batches.is_empty() {
        return section;
    }
    let thousand = |name: &str, of: Metric| metric(view, name, of, 1e-3, 1);
    let measures = vec![
        thousand("Power of a coin, thousand USD", Metric::MiningPowerUsdPerBtc),
        thousand("Cash cost of a coin, thousand USD", Metric::MiningCashUsdPerBtc),
        thousand(
            "All-in cost of a coin, thousand USD",
            Metric::MiningAllInUsdPerBtc,
        ),
    ];
    let caption = "What a coin costs, P50 (P10 to P90) over replications";
    for table in by_strategy(view, caption, &summary_source(), &measures) {
        section.table(table);
    }
    section.table(when_to_sell(batches));
    section.figure(chart);
    section
}

/// Equal batches of many halls are one line.
fn when_to_sell(batches: &[MiningBatchRow]) -> Table {
    let mut lines: Vec<(MiningBatchRow, usize)> = Vec::new();
    for batch in batches {
        let same = |(o, _): &&mut (MiningBatchRow, usize)| {
            (&o.site, &o.model, &o.sell_month) == (&batch.site, &batch.model, &batch.sell_month)
                && o.j_per_th == batch.j_per_th
        };
        match lines.iter_mut().find(same) {
            Some((sum, halls)) => {
                sum.machines += batch.machines;
                sum.power_mw += batch.power_mw;
                sum.resale_usd += batch.resale_usd;
                sum.cash_left_usd += batch.cash_left_usd;
                sum.resale_then_usd += batch.resale_then_usd;
                *halls += 1;
            }
            None => lines.push((batch.clone(), 1)),
        }
    }
    let left_out = lines.len().saturating_sub(ROWS_SHOWN_MAX);
    let more = if left_out > 0 {
        format!("; {left_out} more rows there.")
    } else {
        ".".to_owned()
    };
    Table {
        caption: "When to sell the fleet: the first month in which a batch fetches more than it is expected to earn from \
                  then to the horizon (present worth; hashprices are means of the replications, power that of the \
                  baseline's median one)"
            .to_owned(),
        source: Text::default().link("mining_batches.csv", "mining_batches.csv").text(more),
        head: [
            "",
            "Machines",
            "MW",
            "J/TH",
            "Breaks even at, USD/MWh",
            "Power, USD/MWh",
            "Hashcost, USD/PH/day",
            "Fetches now, million USD",
            "Still earns, million USD",
            "Sell in",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: lines.iter().take(ROWS_SHOWN_MAX).map(line).collect(),
        is_prose: false,
    }
}

fn line((batch, halls): &(MiningBatchRow, usize)) -> Vec<Text> {
    let place = match halls {
        1 => format!("{}/{}: {}", batch.site, batch.hall, batch.model),
        n => format!("{}, {n} halls: {}", batch.site, batch.model),
    };
    let number = |value: f64, decimals: usize| Text::new(format::number(value, decimals));
    let sell = if batch.sell_month.is_empty() {
        "keep".to_owned()
    } else {
        batch.sell_month.clone()
    };
    vec![
        Text::new(place),
        number(batch.machines, 0),
        number(batch.power_mw, 1),
        number(batch.j_per_th, 1),
        number(batch.break_even_usd_per_mwh, 1),
        number(batch.power_usd_per_mwh, 1),
        number(batch.hashcost_usd_per_ph_day, 1),
        number(batch.resale_usd * 1e-6, 2),
        number(batch.cash_left_usd * 1e-6, 2),
        Text::new(sell),
    ]
}
