//! The debt: how much, what it cost while building, how far cash covers it, how likely the covenant is broken.

use crate::metric::Metric;
use crate::report::format;
use crate::report::memo::Charts;
use crate::report::memo::document::Section;
use crate::report::memo::figures::{by_strategy, metric, summary_source};
use crate::report::memo::funding;
use crate::report::view::View;

/// Shown where a strategy borrows.
pub(crate) fn debt(view: &View<'_>, charts: &mut Charts) -> Section {
    let mut section = Section::new("The debt");
    let borrowers: Vec<&str> = view
        .strategies()
        .filter(|id| view.summary(id, Metric::DebtUsd).is_some())
        .collect();
    let waterfall = charts.take("owners_waterfall");
    if borrowers.is_empty() {
        // Owners share by a waterfall without a bank too.
        section = Section::new("The owners");
        section.figure(waterfall);
        return section;
    }
    let million = |name: &str, of: Metric| metric(view, name, of, 1e-6, 1);
    let plain = |name: &str, of: Metric, places: usize| metric(view, name, of, 1.0, places);
    let measures = vec![
        million("Debt drawn, million USD", Metric::DebtUsd),
        million(
            "Interest while building, million USD",
            Metric::InterestBuildingUsd,
        ),
        million(
            "Lenders' fees while building, million USD",
            Metric::FeesBuildingUsd,
        ),
        plain("Smallest cover ratio (DSCR)", Metric::DscrMin, 2),
        plain("Its month from the start", Metric::DscrMinMonth, 0),
        plain("Mean cover ratio", Metric::DscrMean, 2),
        plain("Loan life cover ratio (LLCR)", Metric::Llcr, 2),
        plain("Project life cover ratio (PLCR)", Metric::Plcr, 2),
        plain("Periods with owners locked up", Metric::LockUps, 1),
        million("Equity of the vendor, million USD", Metric::VendorEquityUsd),
        metric(view, "Vendor's IRR, %", Metric::IrrVendor, 100.0, 1),
        million("NPV of the other owners, million USD", Metric::NpvOtherOwnersUsd),
        metric(view, "Investor's IRR, %", Metric::IrrInvestor, 100.0, 1),
        metric(view, "Sponsor's IRR, %", Metric::IrrSponsor, 100.0, 1),
    ];
    let caption = "Debt and cover, P50 (P10 to P90) over replications";
    for table in by_strategy(view, caption, &summary_source(), &measures) {
        section.table(table);
    }
    for table in funding::sources_and_uses(view) {
        section.table(table);
    }
    section.figure(charts.take("debt_cover"));
    section.figure(charts.take("debt_and_cash"));
    section.figure(waterfall);
    for id in borrowers {
        if let Some(row) = view.summary(id, Metric::CovenantBroken) {
            let count = view.values(id, Metric::CovenantBroken).len();
            let chance = format::probability(row.mean, count);
            section.paragraph(format!(
                "Strategy {}: the covenant is broken, or something due is not paid, in {chance} of the replications.",
                format::clean(id)
            ));
        }
    }
    section
}
