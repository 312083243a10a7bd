//! The lines of the sheet of inputs: term, name, unit, look, whether a change recalculates.

use super::book::Look;

/// Whether a change of an input recalculates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Live {
    Yes,
    No,
}

/// What is asked of an input: its term, what people call it, its unit, its look, whether it is live.
pub(super) type Line<'a> = (&'a str, &'a str, &'static str, Look, Live);

pub(super) const GENERAL: [Line<'static>; 11] = [
    (
        "discount",
        "Discount rate, effective a year",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("income_tax", "Income tax", "%", Look::Percent, Live::Yes),
    (
        "loss_offset",
        "Share of a year's profit that earlier losses may cover",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "receivable_days",
        "Days until customers pay",
        "days",
        Look::Plain,
        Live::Yes,
    ),
    (
        "payable_days",
        "Days until suppliers are paid",
        "days",
        Look::Plain,
        Live::Yes,
    ),
    (
        "inflation",
        "Inflation of running costs",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "facility_life",
        "Life of facility plant in the books",
        "years",
        Look::Plain,
        Live::Yes,
    ),
    (
        "hardware_life",
        "Life of hardware in the books",
        "years",
        Look::Plain,
        Live::Yes,
    ),
    (
        "facility_tax_method",
        "Parameter of the facility's tax depreciation (method on the sheet Calc)",
        "",
        Look::Plain,
        Live::Yes,
    ),
    (
        "hardware_tax_method",
        "Parameter of the hardware's tax depreciation",
        "",
        Look::Plain,
        Live::Yes,
    ),
    (
        "disposal_at_horizon",
        "All that stands is given up at the horizon (1) or kept (0)",
        "0/1",
        Look::Count,
        Live::No,
    ),
];

pub(super) const DEBT: [Line<'static>; 17] = [
    (
        "facility",
        "Facility as sized at close",
        "USD",
        Look::Usd,
        Live::Yes,
    ),
    (
        "debt_share",
        "Debt's share of uses while building",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "reserve",
        "Reserve account at completion",
        "USD",
        Look::Usd,
        Live::Yes,
    ),
    (
        "overrun",
        "Standby for overruns, of the facility",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("upfront_fee", "Upfront fee", "%", Look::Percent, Live::Yes),
    (
        "commitment_fee",
        "Commitment fee a year",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("margin", "Margin a year", "%", Look::Percent, Live::Yes),
    (
        "hedge",
        "Share of interest that is swapped",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("sweep", "Cash sweep", "%", Look::Percent, Live::Yes),
    (
        "lock_up",
        "Cover below which owners get nothing",
        "ratio",
        Look::Ratio,
        Live::Yes,
    ),
    (
        "covenant",
        "Cover of the covenant",
        "ratio",
        Look::Ratio,
        Live::Yes,
    ),
    (
        "payment_months",
        "Months of a payment period",
        "months",
        Look::Count,
        Live::No,
    ),
    (
        "close",
        "First month of works, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
    (
        "built",
        "First month after building, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
    (
        "completion",
        "First month with every hall ready, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
    (
        "first_repayment",
        "First month of repayment, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
    (
        "schedule_end",
        "Last month of the schedule, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
];

pub(super) const LATE_DRAWS: [Line<'static>; 1] = [(
    "draws_end",
    "First month in which nothing is drawn any more, from 0",
    "month",
    Look::Count,
    Live::No,
)];

pub(super) const REFINANCING: [Line<'static>; 3] = [
    (
        "refinancing_margin",
        "Margin of what is lent anew, a year",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "refinancing_fee",
        "Fee on what is lent anew",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "refinancing_periods",
        "Level payments of what is lent anew",
        "",
        Look::Count,
        Live::No,
    ),
];

pub(super) const MACHINES: [Line<'static>; 5] = [
    (
        "equipment_percent",
        "Share of machines that their lender pays",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "equipment_rate",
        "Interest on machines a year",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "equipment_years",
        "Years over which machines are repaid",
        "years",
        Look::Plain,
        Live::Yes,
    ),
    (
        "equipment_balloon",
        "Balloon of machines",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "equipment_fee",
        "Fee on what is drawn for machines",
        "%",
        Look::Percent,
        Live::Yes,
    ),
];

pub(super) const VENDOR: [Line<'static>; 4] = [
    (
        "vendor_usd",
        "Equity that a vendor subscribes",
        "USD",
        Look::Usd,
        Live::Yes,
    ),
    (
        "vendor_ownership",
        "Its share of what owners get",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "vendor_from",
        "First month in which it pays, from 0",
        "month",
        Look::Count,
        Live::No,
    ),
    (
        "vendor_hardware",
        "It pays no more than machines cost (1)",
        "0/1",
        Look::Count,
        Live::No,
    ),
];

pub(super) const OWNERS: [Line<'static>; 3] = [
    (
        "investor",
        "Investor's share of equity",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    (
        "preferred",
        "Preferred return a year",
        "%",
        Look::Percent,
        Live::Yes,
    ),
    ("promote", "Sponsor's promote", "%", Look::Percent, Live::Yes),
];

/// Shares of cost by tax year, percent (IRS Publication 946, table A-1: half-year convention).
pub(super) const MACRS: [(&str, &[f64]); 2] = [
    ("macrs_5", &[20.0, 32.0, 19.2, 11.52, 11.52, 5.76]),
    (
        "macrs_15",
        &[
            5.0, 9.5, 8.55, 7.70, 6.93, 6.23, 5.90, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 2.95,
        ],
    ),
];
