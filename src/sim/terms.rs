//! What the finance of a replication was worked out with, as rows: rates and days, what entered service when, the facility and
//! its schedule. Together with the statements they are all that the workbook's formulas begin with.

use crate::conversion::Component;
use crate::finance::capital::{CapitalSpec, DebtSpec, OwnersSpec, Plan, Terms};
use crate::finance::tax::Depreciation;
use crate::results::tables::FinanceRow;
use crate::scenario::spec::{FinanceSpec, ResidualSpec};
use crate::sim::capital::{self, Financing};
use crate::sim::world::World;

/// Rows under way.
struct Rows<'a> {
    months: &'a [String],
    label: FinanceRow,
    list: Vec<FinanceRow>,
}

impl Rows<'_> {
    fn push(&mut self, (item, kind): (&str, &str), month: Option<usize>, unit: &str, value: f64) {
        self.list.push(FinanceRow {
            item: item.to_owned(),
            kind: kind.to_owned(),
            month: month.map_or_else(String::new, |m| self.months[m].clone()),
            unit: unit.to_owned(),
            value,
            ..self.label.clone()
        });
    }
    fn put(&mut self, item: &str, unit: &str, value: f64) {
        self.push((item, ""), None, unit, value);
    }
    fn by_month(&mut self, item: &str, unit: &str, values: &[f64]) {
        for (month, value) in values.iter().enumerate() {
            self.push((item, ""), Some(month), unit, *value);
        }
    }
}

/// The terms of a world that has run to its end.
pub(super) fn rows(world: &World<'_>) -> Vec<FinanceRow> {
    let from = &world.from;
    let months: Vec<String> = from.scenario.months.iter().map(ToString::to_string).collect();
    let mut rows = Rows {
        months: &months,
        label: FinanceRow {
            strategy: from.spec.strategies[from.strategy].id.to_string(),
            case: crate::scenario::cases::names(&world.from.scenario.spec).swap_remove(world.from.case),
            fidelity: from.fidelity.as_str().to_owned(),
            ..FinanceRow::default()
        },
        list: Vec::new(),
    };
    general(&mut rows, &from.spec.finance);
    for (month, component, usd) in world.books.placed() {
        let kind = match component {
            Component::Facility => "facility",
            Component::Hardware => "hardware",
        };
        rows.push(("in_service", kind), Some(*month), "USD", usd.as_usd());
    }
    let financing = Financing::of(world);
    if let Some(financing) = &financing
        && let Some((spec, terms, plan)) = &financing.debt
    {
        borrowed(&mut rows, (spec, terms, plan), financing.completion);
        // What became of it; no formula begins with it.
        for (month, cover) in world.books.debt.iter().flat_map(|outcome| &outcome.cover) {
            rows.push(("cover", ""), Some(*month), "ratio", *cover);
        }
    }
    if let Some(financing) = &financing {
        other_lenders(&mut rows, financing.capital);
    }
    if let Some((vendor, from)) = capital::vendor(world) {
        for (item, unit, value) in [
            ("vendor_usd", "USD", vendor.usd),
            ("vendor_ownership", "%", vendor.ownership_percent),
            ("vendor_from", "month", from as f64),
            ("vendor_hardware", "0/1", f64::from(u8::from(vendor.for_hardware))),
        ] {
            rows.put(item, unit, value);
        }
    }
    if let Some(owners) = from.spec.capital_of(from.strategy).and_then(|c| c.owners) {
        shared(&mut rows, &owners);
    }
    rows.list
}

fn general(rows: &mut Rows<'_>, finance: &FinanceSpec) {
    let residual = f64::from(u8::from(finance.residual == ResidualSpec::BookValue));
    for (item, unit, value) in [
        ("discount", "%", finance.discount_percent),
        ("income_tax", "%", finance.income_tax_percent),
        ("loss_offset", "%", finance.loss_offset_percent),
        ("inflation", "%", finance.inflation_percent),
        ("receivable_days", "days", finance.receivable_days),
        ("payable_days", "days", finance.payable_days),
        ("facility_life", "years", finance.facility_life_years),
        ("hardware_life", "years", finance.hardware_life_years),
        ("disposal_at_horizon", "0/1", residual),
    ] {
        rows.put(item, unit, value);
    }
    for (item, method) in [
        ("facility_tax_method", finance.facility_tax()),
        ("hardware_tax_method", finance.hardware_depreciation),
    ] {
        let (kind, unit, value) = match method {
            Depreciation::StraightLine { years } => ("straight_line", "years", years),
            Depreciation::Macrs5 {} => ("macrs_5", "", 0.0),
            Depreciation::Macrs15 {} => ("macrs_15", "", 0.0),
            Depreciation::CapitalAllowance { percent } => ("capital_allowance", "%", percent),
            Depreciation::Expensed {} => ("expensed", "", 0.0),
            Depreciation::None {} => ("none", "", 0.0),
        };
        rows.push((item, kind), None, unit, value);
    }
}

fn borrowed(rows: &mut Rows<'_>, (spec, terms, plan): (&DebtSpec, &Terms, &Plan), completion: usize) {
    let months = rows.months.len();
    // As a replication lives it: building ends when the last hall is ready, at the latest when repayment begins.
    let built = completion.min(plan.first_repayment).min(months).max(plan.close);
    for (item, unit, value) in [
        ("facility", "USD", plan.built.facility_usd),
        ("debt_share", "%", plan.built.debt_share * 100.0),
        ("reserve", "USD", plan.built.reserve_usd),
        ("overrun", "%", spec.overrun_percent),
        ("upfront_fee", "%", spec.upfront_fee_percent),
        ("commitment_fee", "%", spec.commitment_fee_percent),
        ("margin", "%", spec.margin_percent),
        ("hedge", "%", spec.hedge_percent),
        ("payment_months", "months", f64::from(spec.payment_months)),
        ("sweep", "%", spec.sweep_percent),
        ("lock_up", "ratio", spec.lock_up_ratio),
        ("covenant", "ratio", spec.covenant_ratio),
        ("close", "month", plan.close as f64),
        ("built", "month", built as f64),
        ("completion", "month", completion as f64),
        ("first_repayment", "month", plan.first_repayment as f64),
        (
            "schedule_end",
            "month",
            plan.periods.last().map_or(0, |p| p.1) as f64,
        ),
    ] {
        rows.put(item, unit, value);
    }
    for (period, usd) in plan.periods.iter().zip(&plan.service_usd) {
        rows.push(("service", ""), Some(period.1), "USD", *usd);
    }
    let base = terms.interest.iter().zip(&terms.years);
    let base: Vec<f64> = base
        .map(|(interest, years)| interest / years * 100.0 - spec.margin_percent)
        .collect();
    rows.by_month("base_rate", "%", &base);
    rows.by_month("year_part", "years", &terms.years);
    if plan.draws_late() {
        rows.put("draws_end", "month", plan.draws_end as f64);
        let owed: Vec<f64> = (0..months).map(|month| plan.owed_usd(month)).collect();
        rows.by_month("owed_as_sized", "USD", &owed);
    }
    if let Some(anew) = spec.refinancing {
        rows.put("refinancing_margin", "%", anew.margin_percent);
        rows.put("refinancing_fee", "%", anew.fee_percent);
        rows.put("refinancing_periods", "", spec.periods_of(anew.years) as f64);
        let base = terms.refinanced.iter().zip(&terms.years);
        let base: Vec<f64> = base
            .map(|(interest, years)| interest / years * 100.0 - anew.margin_percent)
            .collect();
        rows.by_month("refinanced_base", "%", &base);
    }
}

/// Lenders of machines, and the bank of a letter of credit.
fn other_lenders(rows: &mut Rows<'_>, capital: &CapitalSpec) {
    if let Some(equipment) = capital.equipment {
        for (item, unit, value) in [
            ("equipment_percent", "%", equipment.hardware_percent),
            ("equipment_rate", "%", equipment.rate_percent),
            ("equipment_years", "years", equipment.years),
            ("equipment_balloon", "%", equipment.balloon_percent),
            ("equipment_fee", "%", equipment.fee_percent),
        ] {
            rows.put(item, unit, value);
        }
    }
    if let Some(letter) = capital.letter_of_credit {
        let fees = letter.fees_usd(rows.months.len());
        rows.by_month("letter_fee", "USD", &fees);
    }
}

fn shared(rows: &mut Rows<'_>, owners: &OwnersSpec) {
    rows.put("investor", "%", owners.investor_percent);
    rows.put("preferred", "%", owners.preferred_percent);
    rows.put("promote", "%", owners.promote_percent);
}
